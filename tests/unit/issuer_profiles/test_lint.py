"""What every shipped profile must keep (domain.md §6), whoever adds the next one; and that the lint finds it."""

from __future__ import annotations

import dataclasses
import json
import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from agent.core.profile_lint import lint_profile
from issuer_profiles import (
    Profile,
    Target,
    Template,
    list_profiles,
    load_profile,
    load_targets,
    load_templates,
)
from issuer_profiles.checklist import POINTS, checklist
from issuer_profiles.lint import Remark, contradictions, lint, load_contents
from issuer_profiles.loader import KINDS, ROOT
from issuer_profiles.release import release
from issuer_profiles.skeleton import write_skeleton

PROFILES = [load_profile(name) for name in list_profiles()]
TEMPLATES = [(profile, template) for profile in PROFILES for template in load_templates(profile)]
FILES = sorted(ROOT.glob("*/**/*.toml"))
TODAY = date(2026, 11, 22)
# 002:1648 or 000:244, 000:252 or "data/deqar/…: id"; "synthetic" for what we made up.
SOURCE = re.compile(r"(00[0-4]:\d+(-\d+)?)(, 00[0-4]:\d+(-\d+)?)*|data/deqar/[a-z-]+\.csv: \S+|synthetic")
ISSUER = "munster-tu"
NAMED = 'named Munster Technological University"\nsource = '


def kind_of(file: Path) -> str:
    return {"templates": "template", "targets": "target"}.get(file.parent.name, "profile")


# --- what is shipped


@pytest.mark.parametrize("id", list_profiles())
def test_shipped_profiles_have_no_errors(id: str) -> None:
    assert [remark for remark in lint_profile(id, TODAY) if remark.severity == "error"] == []


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.id)
def test_profiles_say_that_they_are_illustrative(profile: Profile) -> None:
    assert profile.illustrative
    assert re.search(r"illustration|invention", profile.notice)
    assert profile.complaint.how
    assert profile.complaint.process
    assert profile.complaint.expected_resolution
    assert all(body.status for body in profile.awarding_bodies)


@pytest.mark.parametrize("target", load_targets(), ids=lambda target: target.id)
def test_targets_say_that_they_are_illustrative(target: Target) -> None:
    assert target.illustrative
    assert "illustrative" in target.awarded_by.name
    assert target.complaint


@pytest.mark.parametrize(
    "item", [*PROFILES, *(pair[1] for pair in TEMPLATES), *load_targets()], ids=lambda item: item.id
)
def test_sources_and_synthetic_members_are_named_properly(item: Profile | Template | Target) -> None:
    members = {field.name for field in dataclasses.fields(item)}
    for name in item.synthetic:
        assert name.split(".")[0] in members
    for source in item.sources:
        assert SOURCE.fullmatch(source.source), source
    assert item.sources or item.id in ("diploma-mill", "executive-blockchain-mastery")


@pytest.mark.parametrize(("profile", "template"), TEMPLATES, ids=lambda item: item.id)
def test_templates_are_in_the_languages_of_their_issuer(profile: Profile, template: Template) -> None:
    assert set(template.language) <= set(profile.language)
    assert "en" in template.title
    if "de" in profile.language:
        assert "de" in template.title
        assert all({"de", "en"} <= set(outcome.text) for outcome in template.outcomes)
    assert template.prerequisites, "recognition needs the entry requirements (002:1796)"


def test_no_hosts_but_the_institutions_own_and_no_real_dids() -> None:
    own = {host for profile in PROFILES for host in re.findall(r"https?://([^/]+)", profile.website or "")}
    for file in FILES:
        text = file.read_text("utf-8")
        dids = re.findall(r'did:[^"]+', text)
        assert all(re.fullmatch(r"did:web:(localhost%3A\d+|[a-z.-]+\.example)", did) for did in dids), dids
        hosts = set(re.findall(r"https?://([^/\"]+)", text))
        assert all(host in own or host == "data.europa.eu" or host.endswith(".example") for host in hosts)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_files_satisfy_the_published_schema(file: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="a development dependency")
    schema: dict[str, Any] = json.loads((ROOT / "schema" / f"{kind_of(file)}.json").read_text("utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    data = tomllib.loads(file.read_text("utf-8"))
    assert [error.message for error in validator.iter_errors(data)] == []
    assert not validator.is_valid(data | {"surplus": 1})


def test_every_kind_of_file_is_shipped() -> None:
    assert {kind_of(file) for file in FILES} == set(KINDS)


# --- what the lint finds


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """One released issuer about which nothing is to be said, but for what its sources differ on."""
    for name in (
        "profile.toml",
        "templates/data-literacy.toml",
        "targets/certificate-sustainable-process-industries.toml",
    ):
        file = tmp_path / ISSUER / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes((ROOT / ISSUER / name).read_bytes())
    release(ISSUER, tmp_path)
    return tmp_path


def found(root: Path, id: str = ISSUER) -> list[Remark]:
    return [remark for remark in lint_profile(id, TODAY, root) if remark.code != "sources_differ"]


def codes(root: Path) -> list[tuple[str, str]]:
    return [(remark.severity, remark.code) for remark in found(root)]


def test_nothing_is_found_in_a_good_profile(root: Path) -> None:
    assert found(root) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "remark"),
    [
        ("profile.toml", 'notice = "', 'notice = "Real."  # ', ("error", "no_notice")),
        ("profile.toml", 'synthetic = ["', 'synthetic = ["privcy", "', ("error", "no_member")),
        ("profile.toml", 'synthetic = ["', 'synthetic = ["complaint.who", "', ("error", "no_member")),
        ("profile.toml", f'{NAMED}"000:116"', f'{NAMED}"page 3"', ("warning", "odd_source")),
        ("profile.toml", f'{NAMED}"000:116"', f'{NAMED}"https://example.org/"', None),
        ("profile.toml", 'status = "public"\n', "", ("warning", "council_element")),
        ("profile.toml", 'language = ["en", "ga"]', 'language = ["ga"]', ("warning", "other_language")),
        (
            "profile.toml",
            'credit_system = "ects"',
            'credit_system = "ceu"',
            ("information", "other_credit_system"),
        ),
        ("profile.toml", "Write to the office", "TODO: write to", ("warning", "placeholder")),
        ("templates/data-literacy.toml", "format = 1", "format = 2", ("error", "bad_content")),
        ("templates/data-literacy.toml", 'value = "5"', 'value = "6"', ("error", "changed_without_version")),
        ("targets/{}.toml", 'notice = "', 'notice = "Real."  # ', ("error", "no_notice")),
        ("targets/{}.toml", " (illustrative)", "", ("warning", "unmarked_awarder")),
        ("targets/{}.toml", 'id = "cert', 'id = "zert', ("error", "wrong_id")),
    ],
)
def test_each_fault_is_found(
    root: Path, name: str, old: str, new: str, remark: tuple[str, str] | None
) -> None:
    file = root / ISSUER / name.format("certificate-sustainable-process-industries")
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")
    assert codes(root) == ([remark] if remark else [])
    if remark and remark[1] not in ("other_language", "other_credit_system", "council_element"):
        assert found(root)[0].file == file.relative_to(root).as_posix()


@pytest.mark.parametrize(
    ("old", "new", "remark"),
    [
        ('workload_hours = "125"', 'workload_hours = "99"', ("warning", "implausible_workload")),
        ('workload_hours = "125"', 'workload_hours = "100"', None),  # 20 h for one ECTS
        ('workload_hours = "125"', 'workload_hours = "150"', None),  # 30 h
        ('workload_hours = "125"', 'workload_hours = "151"', ("warning", "implausible_workload")),
        ('system = "ects"', 'system = "ceu"', ("warning", "implausible_workload")),
        ('learning_type = "formal"', 'learning_type = "school"', ("error", "bad_record")),
        ('participation = ["online"]', 'participation = ["at home"]', ("error", "bad_record")),
        ('value = "5"', 'value = "5.123"', ("error", "bad_record")),
        ("types = [", "#", ("error", "council_element")),
        ('learning_type = "formal"', 'category = "major-award"', ("warning", "declared_category")),
        ("[prerequisites]\nen", "[further]\nen", ("warning", "no_entry_requirements")),
    ],
)
def test_each_fault_of_a_template_is_found(
    root: Path, old: str, new: str, remark: tuple[str, str] | None
) -> None:
    (root / ISSUER / "versions.json").unlink()
    file = root / ISSUER / "templates" / "data-literacy.toml"
    text = file.read_text("utf-8")
    assert old in text
    assert codes(root) == [("warning", "draft")]
    file.write_text(text.replace(old, new, 1), "utf-8")
    assert set(codes(root)) >= {("warning", "draft"), remark or ("warning", "draft")}
    if remark is None:
        assert codes(root) == [("warning", "draft")]


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ("munster-tu/data-literacy", None),
        ("munster-tu/data-literacy@1", None),
        ("munster-tu/data-literacy@2", "no_version"),
        ("munster-tu/data-litteracy", "no_template"),
        ("data-literacy", "bad_reference"),
        ("elsewhere/data-literacy", "unknown_issuer"),
    ],
)
@pytest.mark.parametrize("where", ["required", "routes", "excluded"])
def test_targets_refer_to_what_exists(root: Path, where: str, reference: str, code: str | None) -> None:
    file = root / ISSUER / "targets" / "certificate-sustainable-process-industries.toml"
    match = f'{{ templates = ["{reference}"], issuers = ["DEQARINST7609"] }}'
    tables = {
        "required": f'[[required]]\nid = "a"\ntitle = {{ en = "A" }}\nmatch = {match}\n',
        "excluded": f'[[excluded]]\ntext = "A"\nsource = "synthetic"\nmatch = {match}\n',
        "routes": '[[routes]]\nkind = "automatic"\ntext = "A"\nsource = "synthetic"\nparties = ["DEQARINST7609"]\n'
        f'modules = ["{reference}"]\n',
    }
    file.write_text(f"{file.read_text('utf-8')}\n{tables[where]}", "utf-8")
    assert [remark.code for remark in found(root)] == ([code] if code else [])
    if code == "no_template":
        assert found(root)[0].hint == "Did you mean data-literacy?"


def test_two_issuers_with_one_target(root: Path) -> None:
    write_skeleton("other", root)
    file = root / ISSUER / "targets" / "certificate-sustainable-process-industries.toml"
    (root / "other" / "targets" / file.name).write_bytes(file.read_bytes())
    assert ("error", "duplicate_id") in codes(root)


def test_one_broken_file_hides_nothing(root: Path) -> None:
    (root / ISSUER / "profile.toml").write_text("x", "utf-8")
    (root / ISSUER / "templates" / "a.toml").write_text("x", "utf-8")
    (root / ISSUER / "targets" / "b.toml").write_text("x", "utf-8")
    errors = [remark.file for remark in lint(ISSUER, root) if remark.severity == "error"]
    assert errors == [f"{ISSUER}/{name}" for name in ("profile.toml", "templates/a.toml", "targets/b.toml")]


def test_sources_that_differ_are_information() -> None:
    depaul = load_profile("depaul")
    topics = dict(contradictions(depaul.facts))
    assert {fact.value for fact in topics["stackable-to-degree"]} == {"no", "sometimes"}
    remarks = [remark for remark in lint("depaul") if remark.code == "sources_differ"]
    assert [remark.severity for remark in remarks] == ["information"] * len(topics)
    assert any("no (003:1172); sometimes (003:2610)" in remark.text for remark in remarks)


# --- beginning a profile


def states(root: Path, id: str) -> dict[str, str]:
    return {answer.point.text: answer.state for answer in checklist(load_contents(id, root))}


def test_the_skeleton_loads_and_says_what_is_to_do(tmp_path: Path) -> None:
    assert len(write_skeleton("my-college", tmp_path)) == 3
    assert set(codes_of(tmp_path, "my-college")) == {("warning", "placeholder"), ("warning", "draft")}
    assert set(states(tmp_path, "my-college").values()) == {"met", "not met", "cannot be told"}


def codes_of(root: Path, id: str) -> list[tuple[str, str]]:
    return [(remark.severity, remark.code) for remark in lint_profile(id, TODAY, root)]


def test_a_filled_in_skeleton_meets_the_checklist(tmp_path: Path) -> None:
    write_skeleton("my-college", tmp_path)
    for file in tmp_path.glob("my-college/**/*.toml"):
        file.write_text(file.read_text("utf-8").replace("TODO", "Done"), "utf-8")
    assert [text for text, state in states(tmp_path, "my-college").items() if state == "not met"] == [
        "How micro-credentials are developed and submitted"  # not released
    ]
    release("my-college", tmp_path)
    assert codes_of(tmp_path, "my-college") == []
    assert set(states(tmp_path, "my-college").values()) == {"met", "cannot be told"}


def test_the_checklist_is_that_of_the_source() -> None:
    assert sorted({point.source for point in POINTS}) == [f"003:{line}" for line in range(1669, 1677)]


@pytest.mark.parametrize(
    ("name", "old", "new", "line"),
    [
        ("profile.toml", 'status = "public"\n', "", "003:1670"),
        ("profile.toml", 'privacy = "', 'privacy = "TODO', "003:1676"),
        ("profile.toml", "The institution is reviewed", "TODO", "003:1672"),
        ("profile.toml", 'process = "', 'process = "TODO', "003:1675"),
        ("templates/data-literacy.toml", "Mathematics at", "TODO", "003:1669"),
        ("templates/data-literacy.toml", 'basis = "assessed"', 'basis = "course-completion"', "003:1670"),
        ("templates/data-literacy.toml", 'workload_hours = "125"\n', "", "003:1673"),
        ("templates/data-literacy.toml", "criteria =", "#", "003:1674"),
        ("versions.json", "data-literacy@1", "other@1", "003:1672"),
    ],
)
def test_each_point_can_fail(root: Path, name: str, old: str, new: str, line: str) -> None:
    assert "not met" not in states(root, ISSUER).values()
    if name.startswith("templates"):  # a draft, or it could not be changed at all
        (root / ISSUER / "versions.json").unlink()
        credit = '[credit]\nsystem = "ects"\nvalue = "5"\n'
        template = root / ISSUER / name
        template.write_text(template.read_text("utf-8").replace(credit, ""), "utf-8")
    file = root / ISSUER / name
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")
    answers = checklist(load_contents(ISSUER, root))
    if name == "versions.json":
        assert all(answer.state != "met" for answer in answers)
    failed = {answer.point.source for answer in answers if answer.state == "not met"}
    assert failed - {"003:1672"} == {line} - {"003:1672"}
    assert line in failed
    assert all(answer.detail for answer in answers if answer.state != "met")


def test_what_cannot_be_read_is_not_met_by_accident(tmp_path: Path) -> None:
    write_skeleton("my-college", tmp_path)
    (tmp_path / "my-college" / "profile.toml").write_text("x", "utf-8")
    assert "met" not in states(tmp_path, "my-college").values()

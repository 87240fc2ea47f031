"""The profiles of MicroCredX (002), N-TUTORR (000) and the Irish universities (001): what they say is in their
sources, and their targets keep domain.md §4.

The source documents are not part of the repository. Where they lie beside it, every line and quote is
compared; the other checks need none.
"""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from agent.core.record import Learner, Record
from agent.core.stacks import Member, plan
from agent.core.taxonomy import category
from agent.core.templates import record_from_template
from agent.core.verdict import Result
from agent.core.vocabularies import CATEGORIES
from issuer_profiles import (
    Profile,
    Target,
    list_profiles,
    load_profile,
    load_targets,
    load_template,
    load_templates,
)
from issuer_profiles.loader import ROOT
from scripts import samples

MICROCREDX = ("dhbw", "fh-joanneum", "uoc", "mondragon", "tampere")
N_TUTORR = ("atu", "munster-tu", "setu", "tu-dublin", "tus", "dkit", "iadt")
UNIVERSITIES = ("ucd", "ul", "ucc", "dcu", "nci")
MINE = (*MICROCREDX, "microcredx", "safety-seminars", *N_TUTORR, *UNIVERSITIES)
FILES = sorted(file for name in MINE for file in (ROOT / name).glob("**/*.toml"))
TARGETS = {target.id: target for target in load_targets()}

SEEDS = ROOT.parents[1] / "shared" / "seeds"
LINES = {"000": 523, "001": 884, "002": 2048, "003": 2718, "004": 436}
REFERENCE = re.compile(r"(?P<document>00[0-4]):(?P<first>[0-9]+)(-(?P<last>[0-9]+))?")
REGISTRY = ROOT.parent / "trust_registry" / "data" / "deqar" / "deqar-institutions.csv"
TODAY = date(2025, 12, 1)


def tables(value: Any) -> Iterator[dict[str, Any]]:
    """Every table of a file, at any depth."""
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from tables(item)
    elif isinstance(value, list):
        for item in value:
            yield from tables(item)


def cited(file: Path) -> list[tuple[str, str]]:
    """(source, quote) wherever a file names a source; the quote is "" if there is none."""
    found = tables(tomllib.loads(file.read_text("utf-8")))
    return [
        (table["source"], table.get("quote", "")) for table in found if isinstance(table.get("source"), str)
    ]


def places(source: str) -> list[tuple[str, int, int]]:
    """(document, first line, last line) for each place in ``000:244, 000:252``; other sources have none."""
    matches = (REFERENCE.fullmatch(part) for part in source.split(", "))
    return [(m["document"], int(m["first"]), int(m["last"] or m["first"])) for m in matches if m]


@cache
def seed(document: str) -> list[str]:
    (file,) = SEEDS.glob(f"{document}_*.txt")
    return file.read_text("utf-8").split("\n")


# --- the profiles


@pytest.mark.parametrize("name", MINE)
def test_the_profiles_load(name: str) -> None:
    profile = load_profile(name)
    assert profile.illustrative
    assert "en" in profile.name
    assert len(load_templates(name)) in (range(1) if name == "microcredx" else range(1, 9))


@pytest.mark.parametrize("name", [name for name in MINE if name != "safety-seminars"])
def test_profiles_of_real_institutions_have_facts_and_endorse_nothing(name: str) -> None:
    profile = load_profile(name)
    assert profile.facts
    assert re.search(r"not issued, reviewed or endorsed", profile.notice)
    assert {"quality_assurance", "complaint", "privacy"} <= set(profile.synthetic)
    assert not profile.quality_assurance.accreditation, "no accreditation is invented"


@pytest.mark.parametrize("name", [*N_TUTORR, *UNIVERSITIES])
def test_irish_institutions_are_named_in_irish(name: str) -> None:
    profile = load_profile(name)
    assert profile.countries == ("IE",)
    assert {"en", "ga"} <= set(profile.name)


def test_registry_ids_are_in_the_sample_and_of_the_country() -> None:
    with REGISTRY.open(encoding="utf-8-sig", newline="") as stream:
        country = {row["deqar_id"]: row["country"] for row in csv.DictReader(stream)}
    names = {"AT": "Austria", "DE": "Germany", "ES": "Spain", "FI": "Finland", "IE": "Ireland"}
    for profile in map(load_profile, MINE):
        if profile.registry_id:
            assert country[profile.registry_id] == names[profile.countries[0]], profile.id
    without = {name for name in MINE if load_profile(name).registry_id is None}
    assert without == {"microcredx", "safety-seminars", "tu-dublin"}
    for file in FILES:
        for id in re.findall(r"DEQARINST\d+", file.read_text("utf-8")):
            assert id in country, (file, id)


def test_dids_are_those_of_our_profiles_under_example() -> None:
    for file in FILES:
        for did in re.findall(r"did:[^\"\s]+", file.read_text("utf-8")):
            matched = re.fullmatch(r"did:web:([a-z-]+)\.example", did)
            assert matched, (file, did)
            assert matched[1] in list_profiles(), did


# --- the sources


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_lines_lie_within_their_document(file: Path) -> None:
    for source, quote in cited(file):
        assert places(source) or source == "synthetic" or source.startswith("data/deqar/"), source
        for document, first, last in places(source):
            assert 1 <= first <= last <= LINES[document], source
        assert len(quote) <= 200


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_lines_and_quotes_are_in_the_sources(file: Path) -> None:
    if not SEEDS.is_dir():
        pytest.skip("the source documents are not beside this clone (../shared/seeds)")
    for source, quote in cited(file):
        for document, first, last in places(source):
            text = seed(document)[first - 1 : last]
            assert text[0].strip(), f"{source} is an empty line"
            assert text[-1].strip(), f"{source} ends on an empty line"
            assert quote in "\n".join(text), (source, quote)


def test_the_lengths_of_the_sources() -> None:
    if not SEEDS.is_dir():
        pytest.skip("the source documents are not beside this clone (../shared/seeds)")
    assert {document: len(seed(document)) - 1 for document in LINES} == LINES


def values(profile: Profile, topic: str) -> set[str]:
    return {fact.value for fact in profile.facts if fact.topic == topic}


@pytest.mark.parametrize(
    ("name", "topic"),
    [
        ("microcredx", "size-2-to-5-ects"),
        ("microcredx", "micro-degree-15-to-30-ects"),
        ("microcredx", "eqf-level-6"),
        ("microcredx", "leads-to-a-full-degree"),
        ("microcredx", "recognition-automatic"),
        ("ucd", "microcreds-ie-lists-278"),
        ("munster-tu", "badges-name-their-evidence"),
    ],
)
def test_contradictions_are_kept(name: str, topic: str) -> None:
    assert len(values(load_profile(name), topic)) > 1


# --- the templates


def test_categories_are_spread_and_agree_with_the_table() -> None:
    """000:249-256: what is declared is what the table computes."""
    rows = {
        "minor_supplemental_special": {
            "minor-award",
            "supplemental-award",
            "special-purpose-award",
            "certificate",
        },
        "other_credit_bearing": {"single-module"},
        "non_credit_bearing": {"digital-badge"},
    }
    declared = set()
    for name in MINE:
        profile = load_profile(name)
        for template in load_templates(name):
            if template.category is None:
                continue
            assert template.category in CATEGORIES
            assert template.category in rows[category(award(name, template.id)).code], template.id
            if profile.countries == ("IE",):
                declared.add(template.category)
    assert declared == {word for row in rows.values() for word in row}


def test_titles_in_irish() -> None:
    titles = [template.title for name in N_TUTORR + UNIVERSITIES for template in load_templates(name)]
    taught = [template for name in N_TUTORR + UNIVERSITIES for template in load_templates(name)]
    assert sum("ga" in title for title in titles) >= 3
    assert any(template.language == ("ga",) for template in taught)


def test_prices_are_marked_as_invented() -> None:
    """001 gives prices in Australia only (001:636, 001:659)."""
    for name in MINE:
        for template in load_templates(name):
            if template.provision and template.provision.costs:
                assert "provision" in template.synthetic
                assert all("synthetic" in text for text in template.provision.costs.values())


@pytest.mark.parametrize("name", MINE)
def test_titles_and_texts_are_in_the_language_of_instruction(name: str) -> None:
    for template in load_templates(name):
        for tag in template.language:
            assert tag in template.title, template.id
            assert all(tag in outcome.text for outcome in template.outcomes), template.id


def test_no_skill_pretends_to_be_of_esco() -> None:
    for name in MINE:
        for template in load_templates(name):
            for outcome in template.outcomes:
                known = (None, "http://data.europa.eu/esco/skill/ccd0a1d9-afda-43d9-b901-96344886e14d")
                assert outcome.esco in known or outcome.esco.startswith("https://esco.example/skill/")


# --- the targets


def award(profile_id: str, template_id: str, learner: str = "another", ects: str = "") -> Record:
    """``ects``: of another size than the template says."""
    profile = load_profile(profile_id)
    made = record_from_template(
        profile,
        load_template(profile, template_id),
        issuer_did=samples.issuer_did(profile_id),
        learner=Learner(given_name="A", family_name="B", id=learner),
        awarded_on=date(2025, 6, 1),
        record_id=f"urn:example:{profile_id}:{template_id}",
    ).to_json()
    return Record.from_json(made | ({"credit": {"system": "ects", "value": ects}} if ects else {}))


def member(record: Record) -> Member:
    bound = (
        load_profile(record.issuer.did.removeprefix("did:web:").removesuffix(".example")).registry_id or ""
    )
    return Member(
        id=record.id,
        record=record,
        offered=False,
        quality=Result.PASS,
        current=Result.PASS,
        institution_id=bound,
    )


def counted(target: Target, *records: Record) -> tuple[str, str, bool]:
    made = plan(target, [member(record) for record in records], today=TODAY)
    return made.counted, made.missing, made.met


ENGLISH = (
    award("uoc", "cyber-security-safety-basics"),
    award("tampere", "change-and-risk-management"),
    award("mondragon", "green-transition-in-manufacturing"),
    award("dhbw", "social-taxonomy-in-finance"),
)


def test_micro_degree_of_the_english_cluster() -> None:
    """Worked vector of domain.md §4: 4 + 3 + 4 + 3, and 2 more."""
    target = TARGETS["microcredx-micro-degree"]
    assert counted(target, *ENGLISH) == ("14", "1", False)
    assert counted(target, *ENGLISH, award("fh-joanneum", "circular-economy")) == ("16", "0", True)
    assert counted(target, *ENGLISH, award("mondragon", "coding-for-non-programmers")) == ("14", "1", False)


def test_the_size_of_the_micro_degree_is_of_the_source() -> None:
    target = TARGETS["microcredx-micro-degree"]
    (cap,) = target.caps
    assert (target.total, cap.maximum, cap.of, cap.source) == ("15", "30", "all", "002:607")
    assert target.sizes is not None
    assert (target.sizes.least, target.sizes.most, target.sizes.source) == ("2", "5", "002:798")


def test_clusters_are_those_of_the_source() -> None:
    """002:720; both names of each institution, so that either binds."""
    registry = {name: load_profile(name).registry_id for name in MICROCREDX}
    partners = {"spanish": {"uoc", "mondragon"}, "german": {"dhbw", "fh-joanneum"}, "finnish": {"tampere"}}
    for id in ("microcredx-micro-degree", "dhbw-exchange"):
        clusters = {cluster.id: set(cluster.institutions) for cluster in TARGETS[id].clusters}
        assert clusters.pop("english") == set()
        for name, members in partners.items():
            dids = {samples.issuer_did(each) for each in members}
            assert clusters.pop(name) == dids | {registry[each] for each in members}
        assert not clusters


def test_what_is_taught_in_spanish_is_not_exchanged_at_dhbw_but_goes_to_prior_learning() -> None:
    target = TARGETS["dhbw-exchange"]
    for spanish in (award("uoc", "digital-ethics-and-ai"), award("mondragon", "coding-for-non-programmers")):
        made = plan(target, [member(spanish)], today=TODAY)
        assert (made.counted, made.members[0].code) == ("0", "other_cluster")
        assert "prior learning" in made.route


def test_routes_at_dhbw() -> None:
    target = TARGETS["dhbw-exchange"]
    assert counted(target, award("uoc", "cyber-security-safety-basics"))[0] == "4"  # agreed on
    assert counted(target, award("munster-tu", "data-literacy"))[0] == "3"  # 30 % of 10
    assert counted(target, award("mondragon", "green-transition-in-manufacturing"))[0] == "3"
    mine = award("mondragon", "green-transition-in-manufacturing", learner=str(samples.LEARNER.id))
    assert counted(target, mine)[0] == "4"  # the learning agreement
    assert counted(target, award("dhbw", "social-taxonomy-in-finance"))[0] == "0"  # no exchange
    assert {route.kind for route in target.routes} == {
        "automatic",
        "ad-hoc",
        "academic-issuer",
        "prior-learning",
    }


def test_electives_at_tampere() -> None:
    """Worked vector of domain.md §4: 25 of 120 ECTS are counted, the 26th is over the cap."""
    target = TARGETS["tampere-master-electives"]
    many = [award("munster-tu", name) for name in ("data-literacy", "sustainable-energy")]
    many += [award("atu", "data-for-operations"), award("setu", "metrology")]
    assert counted(target, *many, award("nci", "inclusive-recruitment")) == ("25", "0", True)
    made = plan(
        target,
        [member(each) for each in (*many, award("nci", "inclusive-recruitment", ects="6"))],
        today=TODAY,
    )
    assert made.counted == "25"
    assert [(item.code, str(item.counts)) for item in made.members if item.code] != []
    assert any("1 ECTS over the cap" in item.reason for item in made.members)


def test_the_award_of_atu_needs_its_two_places_and_electives() -> None:
    target = TARGETS["special-purpose-award-digital-operations"]
    named = (award("atu", "data-for-operations"), award("tus", "lean-improvement-practice"))
    electives = (award("setu", "metrology"), award("munster-tu", "data-literacy"))
    assert counted(target, *named, *electives) == ("20", "0", True)
    assert counted(target, *named)[2] is False
    assert counted(target, *electives)[2] is False
    assert counted(target, *named, award("munster-tu", "industrial-cyber-security")) == ("20", "0", True)
    assert counted(target, award("ucd", "advanced-data-programming-with-r"))[0] == "0"


def test_modules_and_places_name_templates_that_exist() -> None:
    for id in ("dhbw-exchange", "microcredx-micro-degree", "special-purpose-award-digital-operations"):
        target = TARGETS[id]
        named = [name for route in target.routes for name in route.modules]
        named += [name for place in target.required for name in place.match.templates]
        for name in named:
            owner, _, template = name.partition("/")
            assert load_template(owner, template).id == template


def test_what_templates_say_they_articulate_with_exists() -> None:
    owners = {file.stem: file.parent.parent.name for file in FILES if file.parent.name == "targets"}
    for name in MINE:
        for template in load_templates(name):
            for reference in template.articulates_with:
                owner, _, target = reference.partition("/")
                assert owners[target] == owner

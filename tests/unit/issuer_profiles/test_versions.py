"""Changing criteria makes a new version, and what was released keeps its own (docs/decisions/0011)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from issuer_profiles import ProfileError, load_template, load_templates
from issuer_profiles.__main__ import main
from issuer_profiles.errors import ProfileNotFoundError, ProfileVersionError, ProfileWriteError
from issuer_profiles.loader import ROOT, list_profiles, load_versions, schema_text
from issuer_profiles.release import release, revise
from issuer_profiles.versions import FILE, digest

ISSUER = "munster-tu"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """One issuer with two drafts."""
    folder = tmp_path / ISSUER / "templates"
    folder.mkdir(parents=True)
    (tmp_path / ISSUER / "profile.toml").write_bytes((ROOT / ISSUER / "profile.toml").read_bytes())
    for name in ("data-literacy", "sustainable-energy"):
        (folder / f"{name}.toml").write_bytes((ROOT / ISSUER / "templates" / f"{name}.toml").read_bytes())
    return tmp_path


def template(root: Path, name: str = "data-literacy") -> Path:
    return root / ISSUER / "templates" / f"{name}.toml"


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")


def states(root: Path) -> dict[str, tuple[str, bool]]:
    return {
        f"{each.template.id}@{each.template.version}": (each.state, each.current)
        for each in load_versions(ISSUER, root)
    }


def test_a_draft_is_loaded_and_may_change(root: Path) -> None:
    assert set(states(root).values()) == {("draft", True)}
    change(template(root), 'value = "5"', 'value = "6"')
    credit = load_template(ISSUER, "data-literacy", root).credit
    assert credit is not None
    assert credit.value == "6"


def test_a_released_template_cannot_change_under_its_version(root: Path) -> None:
    assert release(ISSUER, root) == ("data-literacy@1", "sustainable-energy@1")
    assert set(states(root).values()) == {("released", True)}
    change(template(root), 'value = "5"', 'value = "6"')
    for load in (load_templates, load_versions):
        with pytest.raises(ProfileVersionError) as caught:
            load(ISSUER, root)
        assert caught.value.code == "changed_without_version"
        assert (caught.value.file, caught.value.line) == ("munster-tu/templates/data-literacy.toml", 3)
    with pytest.raises(ProfileVersionError):
        load_template(ISSUER, "data-literacy", root)
    assert load_template(ISSUER, "sustainable-energy", root)
    before = (root / ISSUER / FILE).read_bytes()
    with pytest.raises(ProfileVersionError):
        release(ISSUER, root)
    assert (root / ISSUER / FILE).read_bytes() == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("format = 1", "# A comment.\nformat  =  1"),
        ('source = "000:244, 000:252"', 'source = "000:244"'),
        ('synthetic = ["title", ', "synthetic = ["),
        ('language = ["en"]', 'language = [ "en", ]'),
        ("types = [", "types=["),
        ("eqf = 6\n", "eqf = 6\nnot_applicable = false\n"),
        ('learning_type = "formal"\n', 'learning_type = "formal"\narticulates_with = []\n'),
    ],
)
def test_what_is_not_criteria_may_change(root: Path, old: str, new: str) -> None:
    release(ISSUER, root)
    change(template(root), old, new)
    assert states(root)["data-literacy@1"] == ("released", True)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('en = "Data Literacy', 'en = "Data literacy'),
        ("Clean and summarise", "Clean"),
        ('dublin = "judgement"\n', ""),
        ("eqf = 6", "eqf = 5"),
        ('types = ["project", "oral-exam"]', 'types = ["oral-exam", "project"]'),
        ('supervision = "supervised-online-id"', 'supervision = "unsupervised"'),
        ('learning_type = "formal"\n', 'learning_type = "formal"\nvalid_months = 24\n'),
        ("Mathematics at", "No mathematics at"),
    ],
)
def test_criteria_may_not(root: Path, old: str, new: str) -> None:
    release(ISSUER, root)
    change(template(root), old, new)
    with pytest.raises(ProfileVersionError, match="changed_without_version"):
        load_templates(ISSUER, root)


def test_every_member_of_a_template_is_criteria_or_known_not_to_be(root: Path) -> None:
    """A new member in the models is part of the digest without anybody thinking of it."""
    one = load_template(ISSUER, "data-literacy", root)
    for name in json.loads(schema_text("template"))["properties"]:
        alike = digest(replace(one, **{name: "something else"})) == digest(one)
        assert alike == (name in ("format", "sources", "synthetic")), name


def test_a_revision_keeps_what_was_released(root: Path) -> None:
    release(ISSUER, root)
    released = template(root).read_bytes()
    first = load_template(ISSUER, "data-literacy", root)
    assert revise(ISSUER, "data-literacy", root) == "data-literacy@2"
    assert template(root, "data-literacy@1").read_bytes() == released
    assert template(root).read_bytes() == released.replace(b"version = 1", b"version = 2")
    change(template(root), 'value = "5"', 'value = "6"')

    assert [each.version for each in load_templates(ISSUER, root)] == [
        2,
        1,
    ]  # data-literacy, sustainable-energy
    assert load_template(ISSUER, "data-literacy", root).version == 2
    assert load_template(ISSUER, "data-literacy@2", root).version == 2
    assert load_template(ISSUER, "data-literacy@1", root) == first
    assert states(root)["data-literacy@2"] == ("draft", True)
    assert states(root)["data-literacy@1"] == ("released", False)

    assert release(ISSUER, root) == ("data-literacy@2",)
    assert release(ISSUER, root) == ()
    revise(ISSUER, "data-literacy", root)
    assert list(states(root)) == [
        "data-literacy@3",
        "data-literacy@2",
        "data-literacy@1",
        "sustainable-energy@1",
    ]
    with pytest.raises(ProfileNotFoundError) as caught:
        load_template(ISSUER, "data-literacy@4", root)
    assert (caught.value.code, caught.value.hint) == ("no_version", "There are: 1, 2, 3.")


def test_an_earlier_version_cannot_change_either(root: Path) -> None:
    release(ISSUER, root)
    revise(ISSUER, "data-literacy", root)
    change(template(root, "data-literacy@1"), 'value = "5"', 'value = "6"')
    assert load_template(ISSUER, "data-literacy", root).version == 2
    with pytest.raises(ProfileVersionError, match="changed_without_version"):
        load_template(ISSUER, "data-literacy@1", root)


def test_only_a_released_template_is_revised_and_nothing_is_overwritten(root: Path) -> None:
    with pytest.raises(ProfileVersionError, match="not_released"):
        revise(ISSUER, "data-literacy", root)
    release(ISSUER, root)
    template(root, "data-literacy@1").write_text("kept", "utf-8")
    before = template(root).read_bytes()
    with pytest.raises(ProfileError):
        revise(ISSUER, "data-literacy", root)
    assert template(root).read_bytes() == before
    assert template(root, "data-literacy@1").read_text("utf-8") == "kept"


def test_a_revision_that_fails_leaves_all_as_it_was(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object) -> None:
        raise OSError("no space left")

    release(ISSUER, root)
    before = {file: file.read_bytes() for file in root.glob("**/*.*")}
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", fail)
        with pytest.raises(ProfileWriteError, match="not_written"):
            revise(ISSUER, "data-literacy", root)
    assert {file: file.read_bytes() for file in root.glob("**/*.*")} == before
    assert revise(ISSUER, "data-literacy", root) == "data-literacy@2"


def test_versions_that_do_not_fit_together_are_not_released(root: Path) -> None:
    release(ISSUER, root)
    revise(ISSUER, "data-literacy", root)
    release(ISSUER, root)
    early = template(root, "data-literacy@1")
    kept, now = early.read_bytes(), template(root).read_bytes()

    early.unlink()
    with pytest.raises(ProfileVersionError, match=r"version_missing.*data-literacy@1"):
        release(ISSUER, root)
    template(root).write_bytes(kept)  # version 1 again, after version 2
    with pytest.raises(ProfileVersionError, match="version_went_back"):
        release(ISSUER, root)
    template(root).write_bytes(now)
    early.write_bytes(kept)
    template(root, "data-literacy@7").write_bytes(kept.replace(b"version = 1", b"version = 7"))
    with pytest.raises(ProfileVersionError, match="not_earlier"):
        release(ISSUER, root)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("data-literacy@2", "wrong_version"),
        ("data-literacy@01", "bad_name"),
        ("data-literacy@x", "bad_name"),
        ("data-literacy@", "bad_name"),
        ("Data", "bad_name"),
        ("other@1", "wrong_id"),
    ],
)
def test_names_of_files(root: Path, name: str, code: str) -> None:
    template(root, name).write_bytes(template(root).read_bytes())
    with pytest.raises(ProfileError) as caught:
        load_versions(ISSUER, root)
    assert caught.value.code == code


def test_a_withdrawn_template_is_found_by_its_version_only(root: Path) -> None:
    release(ISSUER, root)
    template(root).rename(template(root, "data-literacy@1"))
    assert [each.id for each in load_templates(ISSUER, root)] == ["sustainable-energy"]
    assert load_template(ISSUER, "data-literacy@1", root).id == "data-literacy"
    assert release(ISSUER, root) == ()
    with pytest.raises(ProfileNotFoundError, match="no_template"):
        load_template(ISSUER, "data-literacy", root)


@pytest.mark.parametrize(
    "name", ["../x@1", "data-literacy@", "data-literacy@1@1", "@1", "data-literacy@../1"]
)
def test_references_are_no_paths(root: Path, name: str) -> None:
    with pytest.raises(ProfileNotFoundError):
        load_template(ISSUER, name, root)


def test_what_still_says_todo_is_not_released(root: Path) -> None:
    change(template(root), "Clean and summarise", "TODO: summarise")
    with pytest.raises(ProfileVersionError, match="placeholder"):
        release(ISSUER, root)
    assert not (root / ISSUER / FILE).exists()


SHA = "0" * 64


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b"[" * 100_000,
        b" " * 300_000,
        b'{"format": 1}',
        b'{"format": 2, "released": {}}',
        b'{"format": 1, "released": [], "more": 1}',
        b'{"format": 1, "released": {"a": "%s"}}' % SHA.encode(),
        b'{"format": 1, "released": {"a@0": "%s"}}' % SHA.encode(),
        b'{"format": 1, "released": {"a@1": "x"}}',
        b'{"format": 1, "released": {"a@1": 1}}',
        b'{"format": 1, "released": {"a@1": "%s", "a@1": "%s"}}' % (SHA.encode(), b"1" * 64),
        b'{"format": ' + b"9" * 5_000 + b', "released": {}}',
    ],
)
def test_a_broken_list_of_versions(root: Path, data: bytes) -> None:
    """It must not pass for an empty one: then everything could be changed."""
    (root / ISSUER / FILE).write_bytes(data)
    for work in (load_templates, release):
        with pytest.raises(ProfileError) as caught:
            work(ISSUER, root)
        assert caught.value.file == "munster-tu/versions.json"
    assert (root / ISSUER / FILE).read_bytes() == data


def test_a_dangling_link_is_no_empty_list(root: Path) -> None:
    (root / ISSUER / FILE).symlink_to(root / "nowhere")
    with pytest.raises(ProfileNotFoundError, match="no_file"):
        load_templates(ISSUER, root)


@pytest.mark.parametrize("step", ["write", "replace"])
def test_a_list_is_written_whole_or_not_at_all(
    root: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(ISSUER, root)
    revise(ISSUER, "data-literacy", root)
    before = (root / ISSUER / FILE).read_bytes()

    def fail(*_arguments: object) -> None:
        raise OSError("no space left")

    if step == "write":
        monkeypatch.setattr("os.fsync", fail)
    else:
        monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(ProfileWriteError, match="not_written"):
        release(ISSUER, root)
    assert (root / ISSUER / FILE).read_bytes() == before
    assert sorted(each.name for each in (root / ISSUER).iterdir()) == ["profile.toml", "templates", FILE]


def test_the_command(root: Path, capsys: pytest.CaptureFixture[str], make_bad: Callable[[], None]) -> None:
    assert main(["release", "--all", "--root", str(root)]) == 0
    assert capsys.readouterr().out == "munster-tu: data-literacy@1, sustainable-energy@1\n"
    assert main(["release", ISSUER, "--root", str(root)]) == 0
    assert capsys.readouterr().out == "munster-tu: nothing to release\n"
    make_bad()
    assert main(["release", "--all", "--root", str(root)]) == 1
    both = capsys.readouterr()
    assert both.out == "munster-tu: nothing to release\n"
    assert both.err.startswith("bad: bad/profile.toml")
    assert main(["release", "nobody", "--root", str(root)]) == 1
    with pytest.raises(SystemExit):
        main(["release"])


@pytest.fixture
def make_bad(root: Path) -> Callable[[], None]:
    def make() -> None:
        (root / "bad").mkdir()
        (root / "bad" / "profile.toml").write_text("x = 1", "utf-8")

    return make


@pytest.mark.parametrize("id", list_profiles())
def test_shipped_templates_are_what_was_released(id: str) -> None:
    assert [each for each in load_versions(id) if each.current] or not load_templates(id)

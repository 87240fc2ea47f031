from __future__ import annotations

import json
from pathlib import Path

import pytest

from issuer_profiles import (
    ProfileError,
    list_profiles,
    load_profile,
    load_targets,
    load_template,
    load_templates,
)
from issuer_profiles.errors import ProfileContentError, ProfileNotFoundError, ProfileSyntaxError
from issuer_profiles.loader import KINDS, MAX_FILE_BYTES, ROOT, load_issuer_targets, schema_text

PROFILE = (ROOT / "munster-tu" / "profile.toml").read_text("utf-8")
TEMPLATE = (ROOT / "munster-tu" / "templates" / "data-literacy.toml").read_text("utf-8")
TARGET = (ROOT / "munster-tu" / "targets" / "certificate-sustainable-process-industries.toml").read_text(
    "utf-8"
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of one issuer to spoil."""
    for folder in ("templates", "targets"):
        (tmp_path / "munster-tu" / folder).mkdir(parents=True)
    (tmp_path / "munster-tu" / "profile.toml").write_text(PROFILE, "utf-8")
    (tmp_path / "munster-tu" / "templates" / "data-literacy.toml").write_text(TEMPLATE, "utf-8")
    return tmp_path


def spoil(file: Path, old: str, new: str) -> int:
    """Replaces ``old`` once and gives the line on which ``new`` starts."""
    text = file.read_text("utf-8")
    assert old in text
    at = text.index(old)
    file.write_text(text.replace(old, new, 1), "utf-8")
    return text.count("\n", 0, at) + 1


def test_shipped_issuers() -> None:
    assert {"diploma-mill", "fh-joanneum", "munster-tu"} <= set(list_profiles())
    assert list_profiles() == tuple(sorted(list_profiles()))
    assert load_profile("munster-tu").registry_id == "DEQARINST7609"
    assert load_profile("fh-joanneum").registry_id == "DEQARINST0066"
    assert load_profile("diploma-mill").registry_id is None


def test_templates_and_targets() -> None:
    assert len(load_templates("munster-tu")) >= 3
    assert load_templates(load_profile("fh-joanneum")) == load_templates("fh-joanneum")
    assert load_template("munster-tu", "data-literacy").title["en"] == "Data Literacy for Process Industries"
    targets = {target.id: target for target in load_targets()}
    target = targets["certificate-sustainable-process-industries"]
    assert target in load_issuer_targets("munster-tu")
    assert (target.total, target.unit, target.minimum_eqf) == ("12", "ects", 6)
    assert target.accepts.registry_assured
    assert target.caps


def test_unknown_names_say_the_nearest() -> None:
    with pytest.raises(ProfileNotFoundError) as caught:
        load_profile("munster-tv")
    assert "munster-tu" in caught.value.hint
    with pytest.raises(ProfileNotFoundError) as caught:
        load_template("munster-tu", "data-literacies")
    assert "data-literacy" in caught.value.hint


@pytest.mark.parametrize("name", ["../munster-tu", "munster-tu/../munster-tu", "", ".", "/etc"])
def test_names_are_no_paths(name: str) -> None:
    with pytest.raises(ProfileNotFoundError):
        load_profile(name)
    with pytest.raises(ProfileNotFoundError):
        load_templates(name)


def test_an_unknown_key_names_file_line_and_nearest_key(root: Path) -> None:
    line = spoil(root / "munster-tu" / "profile.toml", "countries =", "countrys =")
    with pytest.raises(ProfileContentError) as caught:
        load_profile("munster-tu", root)
    error = caught.value
    assert (error.file, error.line) == ("munster-tu/profile.toml", line)
    assert error.hint == "Did you mean countries?"
    assert error.diagnostics().startswith(f"munster-tu/profile.toml:{line}: ")


def test_a_key_in_the_second_of_several_tables_has_its_own_line(root: Path) -> None:
    file = root / "munster-tu" / "templates" / "data-literacy.toml"
    line = spoil(file, 'dublin = "application"', 'dubln = "application"')
    with pytest.raises(ProfileContentError) as caught:
        load_templates("munster-tu", root)
    assert (caught.value.file, caught.value.line) == ("munster-tu/templates/data-literacy.toml", line)
    assert "outcomes[1].dubln" in caught.value.detail
    assert "dublin" in caught.value.hint


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('value = "5"', "value = 5", "credit.value"),
        ('value = "5"', 'value = "five"', "credit.value"),
        ("eqf = 6", "eqf = 9", "level.eqf"),
        ("eqf = 6", 'eqf = "6"', "level.eqf"),
        ("version = 1", "version = 0", "version"),
        ("format = 1", "format = 2", "format"),
        ('participation = ["online"]', "participation = []", "participation"),
        ('id = "data-literacy"', 'id = "Data Literacy"', "id"),
    ],
)
def test_wrong_values(root: Path, old: str, new: str, where: str) -> None:
    line = spoil(root / "munster-tu" / "templates" / "data-literacy.toml", old, new)
    with pytest.raises(ProfileContentError) as caught:
        load_templates("munster-tu", root)
    assert caught.value.detail.startswith(f"{where}:")
    assert caught.value.line == line


def test_missing_member(root: Path) -> None:
    spoil(root / "munster-tu" / "profile.toml", "illustrative = true\n", "")
    with pytest.raises(ProfileContentError, match="illustrative"):
        load_profile("munster-tu", root)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('value = "online"\n', ""),
        ('of = "participation"', 'of = "all"'),
        ('total = "12"', 'total = "0"'),
        ('id = "certificate', 'id = "diploma'),
    ],
)
def test_targets_that_contradict_themselves(root: Path, old: str, new: str) -> None:
    file = root / "munster-tu" / "targets" / "certificate-sustainable-process-industries.toml"
    file.write_text(TARGET, "utf-8")
    assert load_targets(root)
    spoil(file, old, new)
    with pytest.raises(ProfileContentError):
        load_targets(root)


def test_no_two_targets_share_an_id(root: Path) -> None:
    name = "certificate-sustainable-process-industries.toml"
    (root / "munster-tu" / "targets" / name).write_text(TARGET, "utf-8")
    (root / "other" / "targets").mkdir(parents=True)
    (root / "other" / "targets" / name).write_text(TARGET, "utf-8")
    assert len(load_targets(root)) == 1  # a folder without a profile is no issuer
    (root / "other" / "profile.toml").write_text(PROFILE.replace('"munster-tu"', '"other"'), "utf-8")
    with pytest.raises(ProfileContentError, match="duplicate_id"):
        load_targets(root)


def test_the_id_is_the_files_name(root: Path) -> None:
    spoil(root / "munster-tu" / "templates" / "data-literacy.toml", 'id = "data-literacy"', 'id = "other"')
    with pytest.raises(ProfileContentError, match="wrong_id"):
        load_templates("munster-tu", root)


def test_what_is_not_toml(root: Path) -> None:
    file = root / "munster-tu" / "profile.toml"
    line = spoil(file, 'website = "', "website = ")
    with pytest.raises(ProfileSyntaxError) as caught:
        load_profile("munster-tu", root)
    assert caught.value.line == line
    for data in (b"\xff\xfe", b"a = " + b"[" * 20_000, b"# " + b"x" * MAX_FILE_BYTES):
        file.write_bytes(data)
        with pytest.raises(ProfileError):
            load_profile("munster-tu", root)


def test_a_file_that_is_not_there(root: Path) -> None:
    (root / "munster-tu" / "profile.toml").unlink()
    (root / "munster-tu" / "profile.toml").mkdir()
    with pytest.raises(ProfileNotFoundError, match="no_file"):
        load_profile("munster-tu", root)


@pytest.mark.parametrize("name", KINDS)
def test_schemas_are_what_the_models_generate(name: str) -> None:
    """``python -m issuer_profiles`` rewrites them."""
    assert (ROOT / "schema" / f"{name}.json").read_text("utf-8") == schema_text(name)
    assert json.loads(schema_text(name))["additionalProperties"] is False

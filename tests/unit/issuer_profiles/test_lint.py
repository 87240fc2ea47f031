"""What every shipped profile must keep (domain.md §6), whoever adds the next one."""

from __future__ import annotations

import dataclasses
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from issuer_profiles import (
    Profile,
    Target,
    Template,
    list_profiles,
    load_profile,
    load_targets,
    load_templates,
)
from issuer_profiles.loader import KINDS, ROOT

PROFILES = [load_profile(name) for name in list_profiles()]
TEMPLATES = [(profile, template) for profile in PROFILES for template in load_templates(profile)]
FILES = sorted(ROOT.glob("*/**/*.toml"))
# 002:1648 or 000:244, 000:252 or "data/deqar/…: id"; "synthetic" for what we made up.
SOURCE = re.compile(r"(00[0-4]:\d+(-\d+)?)(, 00[0-4]:\d+(-\d+)?)*|data/deqar/[a-z-]+\.csv: \S+|synthetic")


def kind_of(file: Path) -> str:
    return {"templates": "template", "targets": "target"}.get(file.parent.name, "profile")


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
    assert target.kind != "degree"
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
    assert template.credit is None or template.credit.system == profile.credit_system
    assert template.prerequisites, "recognition needs the entry requirements (002:1796)"


def test_no_real_hosts_but_the_institutions_own_and_no_dids() -> None:
    for file in FILES:
        text = file.read_text("utf-8")
        assert "did:" not in text
        hosts = set(re.findall(r"https?://([^/\"]+)", text))
        assert hosts <= {
            "www.mtu.ie",
            "www.fh-joanneum.at",
            "data.europa.eu",
            "esco.example",
            "atlantis-institute.example",
        }


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

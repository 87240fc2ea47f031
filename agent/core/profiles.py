"""Validation profiles: is this a micro-credential, completely described? (domain.md §2)

A profile is a TOML file in ``agent/core/data``; another jurisdiction is a new file and no code. The rules it may
hold are those of `agent.core.rules`; every rule says where in the sources it stands. ``profile_schema`` is the
format as JSON Schema (``docs/schema/validation-profile.json``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from agent.core.findings import Finding, Outcome
from agent.core.grammar import Schema, document_schema
from agent.core.record import Record
from agent.core.rules import RULE, G, Judge, Rule, compile_rule
from agent.errors import InputError

__all__ = [
    "PROFILES",
    "Finding",
    "Outcome",
    "ValidationProfile",
    "lookup",
    "meets",
    "profile_schema",
    "profiles_met",
    "read_profile",
    "validate",
]

DEFAULT: Final = "council"


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationProfile:
    name: str
    title: str
    source: str
    rules: tuple[Rule, ...]
    judges: tuple[Judge, ...] = field(repr=False, compare=False)


def validate(record: Record, profile: str | ValidationProfile = DEFAULT) -> tuple[Finding, ...]:
    """One finding per rule of the profile, in its order. Raises `InputError` with code ``unknown_profile``."""
    rules = lookup(profile) if isinstance(profile, str) else profile
    return tuple([judge(record) for judge in rules.judges])


def meets(record: Record, profile: str) -> bool:
    """Whether nothing fails; no information, such as on a missing level, is no failure."""
    return all(judge(record).outcome is not Outcome.FAIL for judge in lookup(profile).judges)


def profiles_met(record: Record) -> tuple[str, ...]:
    """The names of all profiles of which no finding fails, sorted: it is signed into each credential."""
    return tuple(name for name in PROFILES if meets(record, name))


def lookup(name: str) -> ValidationProfile:
    """Raises `InputError` with code ``unknown_profile`` and the nearest name in the hint."""
    if name in PROFILES:
        return PROFILES[name]
    near = get_close_matches(name[:100], PROFILES, n=1, cutoff=0.4)
    hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(PROFILES)}."
    raise InputError("unknown_profile", "There is no validation profile of that name.", hint)


def _profile(rule: tuple[Rule, ...], **members: Any) -> ValidationProfile:
    return ValidationProfile(rules=rule, judges=tuple(compile_rule(item) for item in rule), **members)


def _unlike(profile: ValidationProfile) -> str:
    codes = [rule.code for rule in profile.rules]
    return "two rules have the same code" if len(set(codes)) != len(codes) else ""


_PROFILE: Final = G.checked(
    G.object(
        _profile,
        ("name", "title", "source", "rule"),
        name=G.name,
        title=G.label,
        source=G.source,
        rule=G.list(RULE),
    ),
    _unlike,
)


def read_profile(text: str, name: str) -> ValidationProfile:
    """The text of the file ``name``.toml.

    Raises `InputError` with codes ``bad_profile`` or ``unknown_member``; the detail names the file, the line,
    the rule and the member, the hint the nearest key.
    """
    file = f"{name}.toml"
    found: ValidationProfile = G.file(_PROFILE, text, file, "rule")
    if found.name != name:
        raise InputError("bad_profile", f"{file}: its name is not that of the file.", f"Expected {name}.")
    return found


def profile_schema() -> Schema:
    """The JSON Schema (2020-12) of a profile file, as the JSON that its TOML stands for."""
    schema = document_schema(_PROFILE, "Cairn validation profile")
    return {**_referring(schema), "$defs": {"path": G.path.schema}}


def _referring(schema: Any) -> Any:
    """The hundred paths of a record are written once."""
    if schema is G.path.schema:
        return {"$ref": "#/$defs/path"}
    if isinstance(schema, dict):
        return {name: _referring(part) for name, part in schema.items()}
    return [_referring(part) for part in schema] if isinstance(schema, list) else schema


def _load() -> Mapping[str, ValidationProfile]:
    """Package data, read once at import; a bad file is a bug and raises."""
    files = (resources.files("agent.core") / "data").iterdir()
    texts = {entry.name.removesuffix(".toml"): entry for entry in files if entry.name.endswith(".toml")}
    return MappingProxyType(
        {name: read_profile(texts[name].read_text("utf-8"), name) for name in sorted(texts)}
    )


PROFILES: Final[Mapping[str, ValidationProfile]] = _load()

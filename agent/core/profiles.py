"""Validation profiles: is this a micro-credential, completely described? (domain.md §2)

A profile is a TOML file in ``agent/core/data``; another one is a new file and no code. Its rules::

    code, label, source          the check's code and label, and where the rule comes from (file:line)
    need    [[path, …], …]       of each group at least one must be present, or the rule fails
    expect  [[path, …], …]       the same, but absence leaves the answer unknown
    expect_detail                the sentence for that
    wish    {path: words}        absence is mentioned in the detail of a pass (a warning, not a rejection)
    note    {path: sentence}     presence is mentioned in the detail of a pass

A path names fields of `agent.core.record.Record`; on a list it is present when every item has it. Present
means neither missing nor empty nor a zero amount (0 ECTS says nothing of the workload).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from agent.core.record import Record
from agent.core.verdict import Check, Evidence, Result
from agent.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One element; the members are explained in the module's docstring."""

    code: str
    label: str
    source: str
    need: tuple[tuple[str, ...], ...] = ()
    expect: tuple[tuple[str, ...], ...] = ()
    expect_detail: str = ""
    wish: Mapping[str, str]
    note: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationProfile:
    name: str
    title: str
    source: str
    rules: tuple[Rule, ...]


def validate(record: Record, profile: str = "council") -> tuple[Check, ...]:
    """One check per rule of the profile, in its order, with the rule's source lines as evidence.

    Raises `InputError` with code ``unknown_profile``.
    """
    rules = lookup(profile)
    return tuple(_check(rule, record, rules) for rule in rules.rules)


def profiles_met(record: Record) -> tuple[str, ...]:
    """The names of all profiles of which no check fails (unknown, such as a missing level, is no failure)."""
    return tuple(
        name for name in PROFILES if all(check.result is not Result.FAIL for check in validate(record, name))
    )


def lookup(name: str) -> ValidationProfile:
    """Raises `InputError` with code ``unknown_profile`` and the nearest name in the hint."""
    if name in PROFILES:
        return PROFILES[name]
    near = get_close_matches(name[:100], PROFILES, n=1, cutoff=0.4)
    hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(PROFILES)}."
    raise InputError("unknown_profile", "There is no validation profile of that name.", hint)


def _check(rule: Rule, record: Record, profile: ValidationProfile) -> Check:
    result, reason, detail = _evaluate(rule, record)
    evidence = Evidence(kind="rule", label=profile.title, value=rule.source)
    return Check(rule.code, rule.label, result, reason, detail, evidence=(evidence,))


def _evaluate(rule: Rule, record: Record) -> tuple[Result, str, str]:
    """(result, reason, detail); the detail never holds a value of the record."""
    if not _all_present(record, rule.need):
        return Result.FAIL, "missing", f"{rule.label}: not stated."
    if not _all_present(record, rule.expect):
        return Result.UNKNOWN, "not_stated", rule.expect_detail
    notes = [sentence for path, sentence in rule.note.items() if _present(record, path)]
    absent = [label for path, label in rule.wish.items() if not _present(record, path)]
    if absent and not notes:
        notes.append(f"Not stated: {', '.join(absent)}.")
    return Result.PASS, "", " ".join(notes)


def _all_present(record: Record, groups: tuple[tuple[str, ...], ...]) -> bool:
    return all(any(_present(record, path) for path in group) for group in groups)


def _present(value: Any, path: str) -> bool:
    for name in path.split("."):
        if isinstance(value, tuple):
            return bool(value) and all(_present(item, path[path.index(name) :]) for item in value)
        value = getattr(value, name) if value is not None else None
    return bool(value)


def _load() -> Mapping[str, ValidationProfile]:
    """Package data, read once at import; a bad file is a bug and raises."""
    found = {}
    for entry in sorted((resources.files("agent.core") / "data").iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".toml"):
            profile = _profile(tomllib.loads(entry.read_text("utf-8")))
            found[profile.name] = profile
    return MappingProxyType(found)


def _profile(data: dict[str, Any]) -> ValidationProfile:
    def groups(item: dict[str, Any], name: str) -> tuple[tuple[str, ...], ...]:
        return tuple(tuple(group) for group in item.pop(name, ()))

    def rule(item: dict[str, Any]) -> Rule:
        return Rule(
            need=groups(item, "need"),
            expect=groups(item, "expect"),
            wish=MappingProxyType(item.pop("wish", {})),
            note=MappingProxyType(item.pop("note", {})),
            **item,
        )

    return ValidationProfile(rules=tuple(rule(item) for item in data.pop("rule")), **data)


PROFILES: Final[Mapping[str, ValidationProfile]] = _load()

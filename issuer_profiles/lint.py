"""What is questionable in a profile that can be loaded, and every file of it that cannot.

Only what the files themselves show; whether a template makes a valid and complete record is
`agent.core.profile_lint`'s to say. An error means that the profile must not be used as it is; a warning asks its
author to look; information is nobody's fault, such as sources that contradict one another (domain.md §2.3).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal

from issuer_profiles import versions
from issuer_profiles.errors import ProfileError
from issuer_profiles.explain import known_keys, nearest
from issuer_profiles.loader import (
    ROOT,
    load_file,
    load_profile,
    load_target,
    released_versions,
    target_files,
    template_files,
)
from issuer_profiles.models import Fact, Profile, Template
from issuer_profiles.targets import Match, Target
from issuer_profiles.versions import Version

PLACEHOLDER: Final = "TODO"  # what `issuer_profiles.skeleton` leaves for the author to replace
# 003:1614, or 000:244, 000:252; an own address; a row of a public register; or "synthetic": made up.
_SOURCE: Final = re.compile(
    r"00[0-4]:\d+(-\d+)?(, 00[0-4]:\d+(-\d+)?)*|https?://\S+|data/[\w./-]+\.csv: \S+|synthetic"
)
_REFERENCE: Final = re.compile(
    r"(?P<issuer>[a-z][a-z0-9-]*)/(?P<template>[a-z][a-z0-9-]*)(@(?P<version>[1-9]\d*))?"
)
# Hours in one unit, (least, most, where that is from). 000:249-254 counts 20, European practice 25 to 30.
_HOURS: Final = {
    "ects": (Decimal(20), Decimal(30), "000:249-254"),
    "ceu": (Decimal(10), Decimal(10), "003:1614"),
    "clock-hour": (Decimal(1), Decimal(1), "003:1614"),
}

type Severity = Literal["error", "warning", "information"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """``file`` is relative to the folder of profiles; ``source`` is where the rule comes from."""

    severity: Severity
    code: str
    text: str
    file: str = ""
    line: int = 0
    hint: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What of one issuer could be loaded."""

    profile: Profile | None
    versions: tuple[Version, ...]
    targets: tuple[tuple[str, Target], ...]  # with the file's name
    errors: tuple[Remark, ...]


def lint(profile_id: str, root: Path = ROOT) -> tuple[Remark, ...]:
    """Everything found in the files of one issuer, in the order of the files."""
    contents = load_contents(profile_id, root)
    return (*contents.errors, *lint_contents(contents, profile_id, root))


def load_contents(profile_id: str, root: Path) -> Contents:
    """Loads file by file, so that one broken file hides nothing of the others."""
    errors: list[Remark] = []
    profile: Profile | None = None
    held: list[Version] = []
    targets: list[tuple[str, Target]] = []
    released: dict[str, str] = {}
    try:
        profile = load_profile(profile_id, root)
        released = released_versions(profile_id, root)
    except ProfileError as error:
        errors.append(_of(error))
    for name, file in template_files(profile_id, root).items():
        try:
            template = load_file(file, root, released)
        except ProfileError as error:
            errors.append(_of(error))
            continue
        state: Literal["released", "draft"] = "released" if versions.key(template) in released else "draft"
        held.append(
            Version(
                template=template,
                state=state,
                current="@" not in name,
                file=file.relative_to(root).as_posix(),
            )
        )
    for file in target_files(profile_id, root):
        try:
            target = load_target(file, root)
        except ProfileError as error:
            errors.append(_of(error))
            continue
        name = file.relative_to(root).as_posix()
        if target.id != file.stem:
            errors.append(_error("wrong_id", "The id is not the one that the file's name says.", name))
        targets.append((name, target))
    if not errors:  # otherwise a version may only seem to be missing
        errors += [_error(code, text, name) for code, text, name in versions.problems(held, released)]
    return Contents(profile=profile, versions=tuple(held), targets=tuple(targets), errors=tuple(errors))


def lint_contents(contents: Contents, profile_id: str, root: Path) -> Iterator[Remark]:
    profile, name = contents.profile, f"{profile_id}/profile.toml"
    if profile is not None:
        yield from _profile(profile, name)
        if not contents.versions and not contents.targets:
            yield _warning("no_templates", "The profile has neither templates nor targets.", name)
    for each in contents.versions:
        yield from _template(each, profile)
    for file, target in contents.targets:
        yield from _target(target, file, root)


def _of(error: ProfileError) -> Remark:
    return Remark(
        severity="error",
        code=error.code,
        text=error.detail,
        file=error.file,
        line=error.line,
        hint=error.hint,
    )


def _error(code: str, text: str, file: str, hint: str = "", source: str = "") -> Remark:
    return Remark(severity="error", code=code, text=text, file=file, hint=hint, source=source)


def _warning(code: str, text: str, file: str, hint: str = "", source: str = "") -> Remark:
    return Remark(severity="warning", code=code, text=text, file=file, hint=hint, source=source)


def _profile(profile: Profile, file: str) -> Iterator[Remark]:
    yield from _common(profile, file)
    if profile.illustrative:
        yield from _notice(profile.notice, file)
    for topic, facts in contradictions(profile.facts):
        said = "; ".join(f"{fact.value} ({fact.source})" for fact in facts)
        yield Remark(
            severity="information",
            code="sources_differ",
            text=f"The sources differ on {topic}: {said}.",
            file=file,
        )


def contradictions(facts: Iterable[Fact]) -> list[tuple[str, list[Fact]]]:
    """The topics on which facts differ, each with all that is said of it. All of it is kept."""
    by_topic: dict[str, list[Fact]] = {}
    for fact in facts:
        by_topic.setdefault(fact.topic, []).append(fact)
    return [(topic, said) for topic, said in by_topic.items() if len({fact.value for fact in said}) > 1]


def _template(version: Version, profile: Profile | None) -> Iterator[Remark]:
    template, file = version.template, version.file
    yield from _common(template, file)
    if version.state == "draft":
        yield _warning(
            "draft",
            f"Version {template.version} is not released: its criteria may still change.",
            file,
            "Run 'cairn profile release' when they stand.",
            "000:402",
        )
    yield from _plausible(template, file)
    if not template.prerequisites:
        yield _warning(
            "no_entry_requirements", "Recognition needs the entry requirements.", file, "", "002:1796"
        )
    if profile is None:
        return
    if foreign := sorted(set(template.language) - set(profile.language)):
        yield _warning(
            "other_language", f"The profile does not name its language: {', '.join(foreign)}.", file
        )
    if template.credit and template.credit.system != profile.credit_system:
        yield Remark(
            severity="information",
            code="other_credit_system",
            text=f"Its credit is in {template.credit.system}, the profile's in {profile.credit_system}; "
            "the two are never added.",
            file=file,
        )


def _plausible(template: Template, file: str) -> Iterator[Remark]:
    """Hours in one unit of credit (domain.md §2.3)."""
    credit, hours = template.credit, template.workload_hours
    if credit is None or hours is None or not Decimal(credit.value) or credit.system not in _HOURS:
        return
    least, most, source = _HOURS[credit.system]
    each = Decimal(hours) / Decimal(credit.value)
    if not least <= each <= most:
        usual = f"{least} to {most}" if least != most else f"{least}"
        yield _warning(
            "implausible_workload",
            f"{hours} hours for {credit.value} {credit.system} are {each:.3g} hours each; {usual} are usual.",
            file,
            source=source,
        )


def _target(target: Target, file: str, root: Path) -> Iterator[Remark]:
    yield from _common(target, file)
    if target.illustrative:
        yield from _notice(target.notice, file)
        if "illustrative" not in target.awarded_by.name:
            yield _warning("unmarked_awarder", 'awarded_by.name does not say "(illustrative)".', file)
    if any(other != root / file for other in root.glob(f"*/targets/{target.id}.toml") if _has_profile(other)):
        yield _error("duplicate_id", "Another issuer has a target of that name.", file)
    if target.complaint is None:
        yield _warning("no_complaint", "It names no route for appeals.", file, "", "002:1628")
    matches: list[Match] = [place.match for place in target.required]
    matches += [pool.match for pool in target.elective]
    matches += [each.match for each in target.excluded]
    references = [each for match in matches for each in match.templates]
    references += [each for route in target.routes for each in route.modules]
    for reference in dict.fromkeys(references):
        yield from _reference(reference, file, root)


def _reference(reference: str, file: str, root: Path) -> Iterator[Remark]:
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        yield _error(
            "bad_reference", f"{reference!a} is no reference to a template.", file, "Write issuer/template."
        )
        return
    if not (root / found["issuer"] / "profile.toml").exists():
        yield Remark(
            severity="information",
            code="unknown_issuer",
            text=f"{reference} belongs to an issuer without a profile here; it may exist.",
            file=file,
        )
        return
    files = template_files(found["issuer"], root)
    ids = sorted({name.partition("@")[0] for name in files})
    if found["template"] not in ids:
        yield _error(
            "no_template", f"There is no template {reference}.", file, nearest(found["template"], ids)
        )
    elif found["version"] and f"{found['template']}@{found['version']}" not in files:
        try:
            current = load_file(files[found["template"]], root, {})
        except (ProfileError, KeyError):
            return  # found at that file, if it is this issuer's
        if str(current.version) != found["version"]:
            yield _error("no_version", f"There is no {reference}.", file)


def _has_profile(target_file: Path) -> bool:
    return (target_file.parent.parent / "profile.toml").exists()


def _notice(notice: str, file: str) -> Iterator[Remark]:
    if not re.search(r"illustrat|invent", notice, re.IGNORECASE):
        yield _error(
            "no_notice",
            "It is marked as illustrative, and its notice does not say so.",
            file,
            'Say that it is "an illustration" or "an invention", and that nobody has endorsed it.',
        )


def _common(item: Profile | Template | Target, file: str) -> Iterator[Remark]:
    for name in item.synthetic:
        if not _is_member(type(item), name):
            yield _error(
                "no_member",
                f"synthetic names {name!a}, which is no member.",
                file,
                nearest(name.partition(".")[0], known_keys(type(item), ())),
            )
    for source in item.sources:
        if not _SOURCE.fullmatch(source.source):
            yield _warning(
                "odd_source",
                f"{source.source[:80]!a} is neither a line of a source document nor an address.",
                file,
                "Write 003:1614, an https address, or synthetic.",
            )
    if not item.sources:
        yield _warning("no_sources", "It names no source.", file)
    if todo := placeholders(item):
        yield _warning("placeholder", f"{todo} texts still say {PLACEHOLDER}.", file)


def _is_member(model: type, name: str) -> bool:
    """``awarding_bodies.status``, or ``title.en``: below a table of languages anything goes."""
    path: list[str | int] = []
    for part in name.split("."):
        keys = known_keys(model, tuple(path)) or known_keys(model, (*path, 0))
        if not keys:
            return bool(path)
        path += [] if known_keys(model, tuple(path)) else [0]
        if part.partition("[")[0] not in keys:
            return False
        path.append(part.partition("[")[0])
    return True


def placeholders(item: Profile | Template | Target) -> int:
    """How many of its texts the author has still to write."""
    return sum(PLACEHOLDER in text for text in _texts(item))


def _texts(item: Profile | Template | Target) -> Iterator[str]:
    stack: list[object] = [versions.plain(item)]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            stack += value.values()
        elif isinstance(value, list):
            stack += value
        elif isinstance(value, str):
            yield value

"""The page of one credential: what it says, what was checked and when, who issued it, how to check it again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from agent.core.grammar import LangMap
from agent.core.record import MAX_RECORD_BYTES, Record, choose_language
from agent.core.verdict import PART_LABELS, Check, Evidence, Result, Verdict, combine
from agent.errors import InputError
from agent.printing.model import Attached, CheckRow, Checks, Fact, Facts, Mark, Page, Section, Sentences
from agent.printing.stones import cairn, stones_of
from agent.printing.text import paragraphs, shown
from agent.printing.words import credit, day, level, moment, when

MAX_CLAIMS, MAX_GROUPS, MAX_CHECKS, MAX_SOURCES, MAX_LINKS = 100, 16, 200, 8, 20
MAX_TEXT, MAX_LABEL = MAX_RECORD_BYTES, 300  # a claim is never longer than its record


@dataclass(frozen=True, slots=True)
class Group:
    """Checks that answer one question together."""

    title: str
    checks: tuple[Check, ...]


def groups_of(verdict: Verdict) -> tuple[Group, ...]:
    """The four parts, in their order; one without checks stays, and is unknown."""
    return tuple(Group(PART_LABELS[part.name], part.checks) for part in verdict.parts)


def credential_page(
    record: Record,
    *,
    issuer_host: str,
    claims: Sequence[Mapping[str, str]],
    checks: Sequence[Group],
    checked_at: str,
    now: datetime,
    attached: Attached | None = None,
    link: str = "",
    languages: Sequence[str] = ("en",),
) -> Page:
    """``claims`` are rows with ``name``, ``label`` and ``value`` (`agent.services.views.claim_rows`); ``checks`` and
    ``checked_at`` are those of the last check, empty if there was none. ``attached`` is the file that can be
    verified (`agent.printing.model.attach`); ``link`` an address where that can be done, if there is one.

    Raises `InputError` no_host or bad_address.
    """
    host = shown(issuer_host, 300).strip()
    if not host:
        raise InputError("no_host", "A page names the host of its issuer, and none was given.")
    title_tag = choose_language(record.title, languages)
    title = shown(record.title.get(title_tag, ""), 500).strip() or "Credential without a title"
    name = _line(record.issuer.name, languages) or "An issuer without a name"
    digest = record.digest()
    link = checked_link(link)
    sections: list[Section] = [
        Facts("What it says", _said(claims, host)),
        *_further(record, languages),
        *_checked(checks, checked_at),
        Facts("Who issued it", _issuer(record, name, host)),
        Sentences("How to check it", _how(attached, digest, link)),
    ]
    return Page(
        kind="Micro-credential",
        title=title,
        by=(
            f"{name} ({host})",
            " · ".join((day(record.awarded_on), credit(record), level(record))),
            _headline(checks, checked_at),
        ),
        lang=title_tag or "en",
        sections=tuple(sections),
        printed=moment(now),
        at=now.astimezone(UTC).isoformat(timespec="seconds"),
        qr=link or f"sha256:{digest}",
        qr_label="Check it here" if link else "Digest of the record",
        emblem=cairn(bytes.fromhex(digest), stones_of(record)),
        attached=attached,
    )


def _line(prose: LangMap, languages: Sequence[str]) -> str:
    return shown(prose.get(choose_language(prose, languages), ""), MAX_LABEL).strip()


def _said(claims: Sequence[Mapping[str, str]], host: str) -> tuple[Fact, ...]:
    rows = []
    for row in claims[:MAX_CLAIMS]:
        values = paragraphs(row["value"], MAX_TEXT) or ("not stated",)
        if row.get("name") == "issuer_name":  # never a name without its host
            values = (*values[:-1], f"{values[-1]} ({host})")
        rows.append(Fact(shown(row["label"], MAX_LABEL), values))
    if len(claims) > MAX_CLAIMS:
        rows.append(Fact("More", (f"{len(claims) - MAX_CLAIMS} more statements are in the file.",)))
    return tuple(rows) or (Fact("Nothing", ("The credential makes no statement that can be shown.",)),)


def _further(record: Record, languages: Sequence[str]) -> list[Section]:
    """What the record says beyond the claims that can be asked for."""
    prose = (
        ("Description", record.description),
        ("Criteria of assessment", record.assessment.criteria),
        ("Prerequisites", record.prerequisites),
        ("Further", record.further),
    )
    rows = []
    for label, lang_map in prose:
        values = paragraphs(lang_map.get(choose_language(lang_map, languages), ""), MAX_TEXT)
        if values:
            rows.append(Fact(label, values))
    if record.evidence:
        links = [f"{_line(each.description, languages)} {each.url}".strip() for each in record.evidence]
        more = [f"{len(links) - MAX_LINKS} more are in the file."] if len(links) > MAX_LINKS else []
        rows.append(Fact("Evidence", (*(shown(link, MAX_TEXT) for link in links[:MAX_LINKS]), *more)))
    return [Facts("More of what it says", tuple(rows))] if rows else []


def _checked(groups: Sequence[Group], checked_at: str) -> list[Section]:
    if not groups:
        line = (
            "No check was made for this page. What it says is not known to be authentic, or to be in force."
        )
        return [Sentences("Checks", (line,), strong=True)]
    sections: list[Section] = []
    for group in groups[:MAX_GROUPS]:
        rows = tuple(_check(check) for check in group.checks[:MAX_CHECKS])
        left = len(group.checks) - len(rows)
        note = f"{left} more checks are not printed." if left > 0 else ""
        if not rows:
            note = "No check of this kind was made."
        sections.append(Checks(shown(group.title, MAX_LABEL), as_mark(combine(group.checks)), rows, note))
    lines = (
        f"Checked: {when(checked_at) or 'at an unknown time'}. The state of a credential can change; a paper cannot.",
        "Unknown means that it could not be checked; it is neither good nor bad.",
    )
    return [Sentences("What was checked", lines), *sections]


def _headline(groups: Sequence[Group], checked_at: str) -> str:
    """All three states are counted; there is no single yes or no."""
    if not groups:
        return "Not checked"
    tally = [combine(group.checks) for group in groups]
    counts = ", ".join(f"{tally.count(result)} {result}" for result in Result)
    return f"Checked {when(checked_at) or 'at an unknown time'}: {counts}"


def _check(check: Check) -> CheckRow:
    subject = f" ({shown(check.subject, 40)})" if check.subject else ""
    return CheckRow(
        mark=as_mark(check.result),
        label=shown(check.label, MAX_LABEL) + subject,
        detail=shown(check.detail or check.reason.replace("_", " "), 1000),
        sources=tuple(_source(item) for item in check.evidence[:MAX_SOURCES]),
    )


def _source(item: Evidence) -> str:
    parts = (item.label, item.value, item.url, f"sha256 {item.sha256}" if item.sha256 else "", item.at)
    return shown(", ".join(part for part in parts if part), 500)


def _issuer(record: Record, name: str, host: str) -> tuple[Fact, ...]:
    return (
        Fact("Name, as the issuer gives it", (f"{name} ({host})",)),
        Fact("Host", (host,)),
        Fact("DID", (shown(record.issuer.did, 500),)),
    )


def _how(file: Attached | None, digest: str, link: str) -> tuple[str, ...]:
    lines = [
        "A printed page proves nothing: anybody can print one. The signed file can be checked by anybody."
    ]
    if file is not None:
        lines.append(f"File: {file.name}, {len(file.content):,} bytes, SHA-256 {file.sha256}")
        lines.append(f"Check it: cairn verify {file.name}")
    if link:
        lines.append(f"Or here: {link}")
    lines.append(f"Digest of the record (SHA-256): {digest}")
    return tuple(lines)


def checked_link(link: str) -> str:
    """Raises `InputError` bad_address."""
    if link and not re.fullmatch(r"https?://[!-~]{1,480}", link):
        raise InputError(
            "bad_address", "The address to check at must be http or https, and 500 characters at most."
        )
    return link


def as_mark(result: Result) -> Mark:
    return "pass" if result is Result.PASS else "fail" if result is Result.FAIL else "unknown"

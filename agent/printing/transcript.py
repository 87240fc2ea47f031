"""The transcript of a stack: what counts towards a target, what does not and why, and what is missing.

It is no award: a stack never says that a degree, or anything else, is earned (domain.md §4; 002:643-645). Credits of
one system are added, those of different systems never.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from agent.core.record import Record, text
from agent.core.verdict import Result
from agent.core.vocabularies import CREDIT_SYSTEMS
from agent.errors import InputError
from agent.printing.credential import as_mark, checked_link
from agent.printing.model import (
    Attached,
    Cell,
    Column,
    Fact,
    Facts,
    Page,
    Section,
    Sentences,
    State,
    Table,
)
from agent.printing.stones import cairn
from agent.printing.text import shown
from agent.printing.words import credit, day, level, moment, when

if TYPE_CHECKING:  # the plan brings a solver along, which printing one does not need
    from agent.core.stacks.result import MemberPlan, PlacePlan, StackPlan

MAX_ROWS: Final = 2000
MAX_TITLE, MAX_NAME, MAX_SENTENCE, MAX_LISTED = 240, 160, 500, 40

_NO_AWARD: Final = (
    "This is not an award. It lists what somebody holds and how it counts by the rules of the target, as this wallet"
    " reads them. Whether it is recognised is the word of {}, and of nobody else."
)


def transcript_page(
    plan: StackPlan,
    *,
    now: datetime,
    hosts: Mapping[str, str] | None = None,
    checked: Mapping[str, str] | None = None,
    attached: Attached | None = None,
    link: str = "",
    languages: Sequence[str] = ("en",),
) -> Page:
    """``hosts`` and ``checked`` are by the id of a member: what was verified of the issuer where it is not the host of
    its DID, and when the credential was last checked (RFC 3339). ``attached`` is a file with the credentials, such
    as a CLR bundle.

    Raises `InputError` too_many for more than `MAX_ROWS` credentials, or bad_address.
    """
    if len(plan.members) > MAX_ROWS:
        raise InputError(
            "too_many",
            f"A transcript lists at most {MAX_ROWS} credentials; this stack has {len(plan.members)}.",
        )
    target, link = plan.target, checked_link(link)
    awarding = shown(target.awarded_by.name, MAX_NAME)
    held = [each for each in plan.members if not each.member.offered]
    offered = [each for each in plan.members if each.member.offered]
    learners = sorted({each.member.record.learner.full_name for each in plan.members} - {""})
    rows = _Rows(
        hosts=hosts or {},
        checked=checked or {},
        languages=languages,
        name_learner=len(learners) > 1,
        unit=unit(target.unit),
    )
    sections: list[Section] = [
        Sentences("No award", (_NO_AWARD.format(awarding),), strong=True),
        *_learner(learners),
        Facts("The target", _target(plan, awarding, languages)),
        *rows.table("Credentials held", held),
        *rows.table("Offered, not accepted yet", offered),
        *_totals(held),
        Facts("Towards the target", _sums(plan)),
        *_places(plan.places),
        *_recognition(plan),
        Sentences("How to check it", _how(attached, link)),
    ]
    return Page(
        kind="Transcript of a stack",
        title=f"Towards: {shown(text(target.title, languages), MAX_TITLE) or 'a target without a title'}",
        by=(f"A target of {awarding}",),
        lang="en",
        sections=tuple(sections),
        printed=moment(now),
        at=now.astimezone(UTC).isoformat(timespec="seconds"),
        qr=link or (f"sha256:{attached.sha256}" if attached else ""),
        qr_label="Check it here" if link else "Digest of the file",
        emblem=cairn(hashlib.sha256(target.id.encode()).digest(), 7),
        attached=attached,
    )


def _target(plan: StackPlan, awarding: str, languages: Sequence[str]) -> tuple[Fact, ...]:
    target = plan.target
    did = shown(target.awarded_by.did or "", MAX_SENTENCE)
    rows = [
        Fact("Title", (shown(text(target.title, languages), MAX_TITLE) or "not stated",)),
        Fact("Kind", (target.kind.replace("-", " "),)),
        Fact("Who awards it", (awarding, did) if did else (awarding,)),
        Fact("Needs", (f"{target.total} {unit(target.unit)}",)),
    ]
    if target.minimum_eqf is not None:
        rows.append(Fact("Level", (f"EQF {target.minimum_eqf} or above",)))
    notice = shown(target.notice, MAX_SENTENCE)
    rows.append(Fact("Illustration" if target.illustrative else "Notice", (notice,)))
    return tuple(rows)


def unit(system: str) -> str:
    """A credit system, or ``credentials``, in the wallet's words."""
    return CREDIT_SYSTEMS.get(system, system)


_COLUMNS: Final = (
    Column("Credential and issuer", 38),
    Column("Awarded", 15),
    Column("Credit and level", 14),
    Column("Does it count?", 33),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    hosts: Mapping[str, str]
    checked: Mapping[str, str]
    languages: Sequence[str]
    name_learner: bool
    unit: str

    def table(self, title: str, members: Sequence[MemberPlan]) -> list[Section]:
        return [Table(title, _COLUMNS, tuple(self._row(each) for each in members))] if members else []

    def _row(self, plan: MemberPlan) -> tuple[Cell, ...]:
        member, record = plan.member, plan.member.record
        name = shown(text(record.issuer.name, self.languages), MAX_NAME) or "An issuer without a name"
        host = self.hosts.get(member.id) or record.issuer.host or record.issuer.did
        who = [f"{name} ({shown(host, MAX_NAME)})"]
        if self.name_learner:
            who.append(f"Learner: {shown(record.learner.full_name, MAX_NAME) or 'not named'}")
        return (
            Cell(
                shown(text(record.title, self.languages), MAX_TITLE) or "Credential without a title",
                tuple(who),
            ),
            Cell(day(record.awarded_on), _expiry(record)),
            Cell(credit(record), (level(record),)),
            _counts(plan, self.checked.get(member.id, ""), self.unit),
        )


def _learner(names: Sequence[str]) -> list[Section]:
    """More than one name is worth seeing: then each row says whose it is."""
    if not names:
        return []
    if len(names) > 1:
        return [Facts("Learner", (Fact("Names", ("The credentials name different people; see each.",)),))]
    return [Facts("Learner", (Fact("As the credentials name them", (shown(names[0], MAX_NAME),)),))]


def _expiry(record: Record) -> tuple[str, ...]:
    return (f"until {day(record.expires_on)}",) if record.expires_on else ()


def _counts(plan: MemberPlan, checked: str, unit: str) -> Cell:
    states = (
        State(as_mark(plan.member.current), "authentic and current"),
        State(as_mark(plan.member.quality), "issuer quality-assured"),
    )
    below = (shown(plan.reason, MAX_SENTENCE), f"Checked {when(checked)}" if checked else "")
    amount = "" if plan.state == "excluded" else shown(f"{plan.counts.normalize():f} {unit}", 24)
    return Cell(amount, tuple(line for line in below if line), plan.state, states)


def _totals(held: Sequence[MemberPlan]) -> list[Section]:
    """Each credit system for itself; what is known to be revoked, expired or not authentic is not in the sums."""
    sums: dict[str, list[Decimal]] = {}
    without = failed = 0
    for each in held:
        given = each.member.record.credit
        if each.member.current is Result.FAIL:
            failed += 1
        elif given is None:
            without += 1
        else:
            sums.setdefault(given.system, []).append(given.amount)
    rows = [
        Fact(shown(unit(system), MAX_NAME), (f"{sum(amounts):f} in {_credentials(len(amounts))}",))
        for system, amounts in sorted(sums.items())[:MAX_LISTED]
    ]
    if len(sums) > MAX_LISTED:
        rows.append(Fact("Other systems", (f"{len(sums) - MAX_LISTED} more systems are not listed.",)))
    if without:
        rows.append(Fact("No credit stated", (_credentials(without),)))
    if failed:
        rows.append(Fact("Left out", (f"{_credentials(failed)} not authentic or not in force",)))
    return [Facts("Credit held, by system; systems are never added together", tuple(rows))] if rows else []


def _credentials(count: int) -> str:
    return "1 credential" if count == 1 else f"{count} credentials"


def _sums(plan: StackPlan) -> tuple[Fact, ...]:
    name = unit(plan.target.unit)
    rows = [
        Fact("Needed", (f"{plan.required} {name}",)),
        Fact("Counted", (f"{plan.counted} {name}",)),
        Fact("Offered besides", (f"{plan.offered} {name}",)),
        Fact("Missing", (f"{plan.missing} {name}",)),
        Fact(
            "By the rules as read here",
            ("Nothing is missing." if plan.met else "Not everything that the target asks for is there.",),
        ),
    ]
    return tuple(rows)


def _places(places: Sequence[PlacePlan]) -> list[Section]:
    rows = [
        Fact(
            shown(place.title, MAX_TITLE) or place.id,
            (
                shown(place.missing, MAX_SENTENCE) or "Has what it asks for.",
                f"{'Required' if place.required else 'Elective'}; {len(place.members)} placed here.",
            ),
        )
        for place in places
    ]
    return [Facts("Required and elective parts", tuple(rows))] if rows else []


def _recognition(plan: StackPlan) -> list[Section]:
    lines = [plan.note, plan.route]
    if plan.evidence:
        lines.append("Evidence that an application for recognition of prior learning needs:")
        lines += [f"– {each}" for each in plan.evidence[:MAX_LISTED]]
    if plan.complaint:
        lines.append("If you disagree with a decision of the awarding side:")
        lines += [f"– {name.replace('_', ' ')}: {each}" for name, each in plan.complaint.items() if each]
    said = tuple(shown(line, MAX_SENTENCE) for line in lines if line)
    return [Sentences("Recognition", said)] if said else []


def _how(attached: Attached | None, link: str) -> tuple[str, ...]:
    lines = [
        "A printed page proves nothing: anybody can print one. Ask for the signed credentials and check them."
    ]
    if attached is not None:
        lines.append(f"File: {attached.name}, {len(attached.content):,} bytes, SHA-256 {attached.sha256}")
        lines.append(f"Check it: cairn verify {attached.name}")
    else:
        lines.append("Check each file: cairn verify FILE")
    if link:
        lines.append(f"Or here: {link}")
    return tuple(lines)

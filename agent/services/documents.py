"""Anything that can be verified from a file: recognised, checked, and answered in the four parts of a verdict.

Each credential of a presentation has its own rows (``c0``, ``c1`` …). The four answers are never merged; a part that
nobody asked for (the policy, when none was given) has no rows, and is counted neither as passed nor as open.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from agent.core.record import Record, text
from agent.core.verdict import Check, Part, PartName, Result, Verdict, combine
from agent.formats.files import read
from agent.formats.opening import open_fully
from agent.formats.reading import Read
from agent.services import clock, rows, trust, views
from agent.vc.recognise import Kind

if TYPE_CHECKING:
    from agent.formats.envelope import Means


class Verifier(trust.Asking, Protocol):
    """Who verifies: an agent's node, or a command on its own; ``means`` are new for every round."""

    def new_means(self) -> Means: ...


@dataclass(frozen=True, slots=True)
class Examination:
    """``items``: what each credential says, as rows. ``result`` is over the parts that have rows.

    ``beside`` decides nothing: what a second implementation says, and that a file alone was presented by nobody.
    """

    words: str
    carrier: str
    items: tuple[dict[str, Any], ...]
    verdict: Verdict
    beside: tuple[Check, ...]

    @property
    def result(self) -> Result:
        return combine(check for part in self.verdict.parts for check in part.checks)

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.words,
            "carrier": self.carrier,
            "result": str(self.result),
            "items": list(self.items),
            "verdict": self.verdict.to_json(),
            "beside": [check.to_json() for check in self.beside],
        }


async def examine(
    verifier: Verifier, data: bytes, *, challenge: str | None = None, domain: str | None = None
) -> Examination:
    """The verdict on a file. Raises `InputError` for what cannot be read; everything else is a check."""
    means = verifier.new_means()
    opened = await open_fully(data, means)
    found = await read(opened, means, challenge=challenge, domain=domain)
    quality: list[Check] = []
    complete: list[Check] = []
    beside: list[Check] = list(found.beside)
    items: list[dict[str, Any]] = []
    authentic = list(found.checks)
    for number, each in enumerate(found.credentials):
        subject = f"c{number}" if found.is_presentation else ""
        authentic += _about(subject, each.checks)
        beside += _about(subject, each.beside)
        items.append(_item(each, subject, stated=opened.found.kind is Kind.ANONCREDS_EXPORT))
        if each.record is None:
            reason, detail = "not_understood", "It could not be read as a micro-credential."
            complete += _about(subject, [Check("complete", "Complete", Result.UNKNOWN, reason, detail)])
            quality += _about(subject, trust.checks(trust.Answer(None, "no_award_date")))
            continue
        if "dates" not in {check.code for check in each.checks}:
            authentic += _about(subject, [rows.dates(each.record, clock.today())])
        answer = await rows.ask(verifier, each.record, each.key)
        quality += _about(subject, trust.checks(answer))
        complete += _about(subject, [rows.complete(each.record)])
    if not found.credentials:
        detail = "There is no credential in it, so it shows nothing about anybody's learning."
        complete.append(Check("complete", "Complete", Result.UNKNOWN, "no_credentials", detail))
    verdict = Verdict(
        clock.stamp(clock.now()),
        Part(PartName.AUTHENTIC, tuple(authentic)),
        Part(PartName.QUALITY_ASSURED, tuple(quality)),
        Part(PartName.COMPLETE, tuple(complete)),
        Part(PartName.POLICY, ()),
    )
    return Examination(opened.words, opened.found.carrier, tuple(items), verdict, tuple(beside))


def _about(subject: str, checks: Iterable[Check]) -> list[Check]:
    if not subject:
        return list(checks)
    return [dataclasses.replace(check, subject=check.subject or subject) for check in checks]


def _item(each: Read, subject: str, *, stated: bool) -> dict[str, Any]:
    record = each.record
    return {
        "item": subject or "c0",
        "title": _title(record),
        "issuer": views.party(each.issuer, "" if record is None else text(record.issuer.name)),
        "claims": [] if record is None else views.claim_rows(record, stated=stated),
        "not_understood": [{"path": path, "text": words} for path, words in each.unknown],
    }


def _title(record: Record | None) -> str:
    return "" if record is None else text(record.title)

"""What a snapshot is made of: every fact, with the runs between which it was known. Pure.

A fact is known from the run that recorded it until the run that recorded otherwise, so a snapshot answers
"as known at" any time since the first run from one file (trust-registry.md section 3, "Ingest": two times on
every fact). Data that never went through the history, such as the sample, are known since `ALWAYS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from trust_registry.facts import Agency, Faculty, Institution, Relation, Report, Voiding
from trust_registry.harvested import Ingested, Quarantined, Source

ALWAYS = datetime.fromtimestamp(0, UTC)
FOREVER = 2**31 - 1  # the "until" of what still stands

type Fact = Institution | Relation | Faculty | Report | Agency


@dataclass(frozen=True, slots=True)
class Known:
    """``since`` is the number of the run that recorded the fact, ``until`` that of the one which ended it."""

    fact: Fact
    since: int = 0
    until: int = FOREVER


@dataclass(frozen=True, slots=True)
class Content:
    """``runs``: (number, when), oldest first. ``known`` may be read once only; it can be too long for memory."""

    known: Iterable[Known]
    runs: tuple[tuple[int, datetime], ...] = ((0, ALWAYS),)
    voidings: tuple[tuple[str, Voiding], ...] = ()
    sources: tuple[Source, ...] = ()
    quarantined: tuple[Quarantined, ...] = field(default=())


def of_ingested(found: Ingested) -> Content:
    """Facts that have no history: known always. In a fixed order, so that the same facts give the same file."""
    stated = [
        (one.agency, Voiding(one.valid_from, one.valid_to, recorded_at=ALWAYS)) for one in found.voidings
    ]
    own = [(agency.acronym, voiding) for agency in found.agencies.values() for voiding in agency.voidings]
    return Content(
        known=_sorted(found),
        voidings=(*own, *stated),
        sources=tuple(found.sources),
        quarantined=tuple(found.quarantined),
    )


def _sorted(found: Ingested) -> Iterator[Known]:
    facts: list[Fact] = [
        *sorted(found.institutions.values(), key=lambda one: one.id),
        *sorted(found.relations, key=lambda one: (one.successor, one.predecessor, one.at)),
        *sorted(found.faculties, key=lambda one: (one.part, one.whole, str(one.valid_from))),
        *sorted(found.agencies.values(), key=lambda one: one.acronym),
        *sorted(found.reports.values(), key=lambda one: one.id),
    ]
    return map(Known, facts)

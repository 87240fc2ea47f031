"""What EQAR took back of an agency's registration, read off what was recorded of it over time. Pure.

EQAR may void an agency's inclusion retroactively (trust-registry.md section 1, "Traps"), and DEQAR's data then
simply read otherwise. So the difference between two recordings is the evidence, and the moment of the second is
when it became known:

* days at the *beginning* of a recorded period that are gone, or the whole period, were voided;
* an *end* that moved earlier is late news of an ending, and no voiding: EQAR says when the registration ended,
  and takes nothing back of the time before it. Reports that start after the new end are "not registered";
* a period that had run out, and in whose place a later one appears, is a registration anew: DEQAR shows one
  period of an agency. Nothing says that the old one was taken back;
* days that come back were voided until then. The voiding is withdrawn and not forgotten: a question as known in
  between still gets the answer of that time.

Days are half-open spans of ordinals in here, ``_NEVER`` for a period without end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime

from trust_registry.facts import Agency, StatedVoiding, Voiding

_NEVER = date.max.toordinal() + 1

type _Span = tuple[int, int]


def derived(versions: Sequence[tuple[datetime, Agency | None]]) -> tuple[Voiding, ...]:
    """The voidings of one agency from its recordings, oldest first; None: it was no longer listed.

    Leave out recordings of a row that could not be read: nothing is known to be taken back by them.
    """
    standing: list[tuple[_Span, datetime]] = []
    found: list[Voiding] = []
    before: list[_Span] = []
    for at, agency in versions:
        given = [_span(start, end) for start, end in agency.registrations] if agency else []
        periods = [span for span in given if span[0] < span[1]]  # an end before its beginning is no day
        still: list[tuple[_Span, datetime]] = []
        for span, recorded_at in standing:
            left = _without(span, periods)
            still += [(piece, recorded_at) for piece in left]
            found += [_voiding(piece, recorded_at, at) for piece in _without(span, left)]
        new = [span for span in periods if span not in before]
        for span in before:
            if span[1] <= at.date().toordinal() and any(start >= span[1] for start, _ in new):
                continue  # registered anew
            still += [(piece, at) for piece in _without(span, periods) if piece[0] == span[0]]
        standing, before = still, periods
    found += [_voiding(span, recorded_at, None) for span, recorded_at in standing]
    return tuple(sorted(set(found), key=lambda one: (one.recorded_at, one.valid_from)))


def stated(versions: Sequence[tuple[datetime, StatedVoiding | None]]) -> tuple[Voiding, ...]:
    """The voidings that an operator stated and withdrew (None), from the recordings of one of them."""
    found: list[Voiding] = []
    for at, one in versions:
        if found and found[-1].withdrawn_at is None:
            if one is not None:
                continue  # stated again, with another source
            found[-1] = replace(found[-1], withdrawn_at=at)
        elif one is not None:
            found.append(Voiding(one.valid_from, one.valid_to, at))
    return tuple(found)


def _span(start: date, end: date | None) -> _Span:
    return start.toordinal(), end.toordinal() + 1 if end is not None else _NEVER


def _voiding(span: _Span, recorded_at: datetime, withdrawn_at: datetime | None) -> Voiding:
    last = date.fromordinal(span[1] - 1) if span[1] != _NEVER else None
    return Voiding(date.fromordinal(span[0]), last, recorded_at, withdrawn_at)


def _without(span: _Span, others: Iterable[_Span]) -> list[_Span]:
    """What is left of ``span`` when the days of ``others`` are taken out."""
    left = [span]
    for start, stop in others:
        left = [
            piece
            for low, high in left
            for piece in ((low, min(high, start)), (max(low, stop), high))
            if piece[0] < piece[1]
        ]
    return left

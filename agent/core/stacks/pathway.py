"""What to earn next: which templates would close a target, at what credit and level (domain.md §5). Pure.

A template is tried as if it were an offer awarded today. Between templates that fit the same places by the same
routes only the `KEPT` largest are tried, which leaves the fewest exact as long as no target needs more of one
kind. Guidance promises nothing: whether an issuer is quality-assured is decided on the day of award.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any, Final

from agent.core.record import Grade, Record, text
from agent.core.stacks.assignment import assign, fewest
from agent.core.stacks.plan import (
    Candidate,
    candidates_of,
    identities_of,
    plan,
    problem_of,
    seats_of,
    units,
    windows_of,
)
from agent.core.stacks.prerequisites import Before, prerequisites
from agent.core.stacks.problem import Assignment, Taken
from agent.core.stacks.result import StackPlan, number, said_of
from agent.core.stacks.rules import Member, amount_of
from agent.core.verdict import Result
from issuer_profiles.targets import Target

KEPT: Final = 12
ALTERNATIVES: Final = 3
_OFFER_COST, _NEXT_COST = 10, 11  # of two equal sets, the one that is already on offer


@dataclass(frozen=True, slots=True)
class Offering:
    """A template as a credential that could be earned. ``registry_id`` is the issuer's, "" when its profile
    names none; then nothing is known of its quality assurance, and no target that asks for it is suggested.
    """

    ref: str
    record: Record
    registry_id: str = ""

    def member(self) -> Member:
        quality = Result.PASS if self.registry_id else Result.UNKNOWN
        return Member(self.ref, self.record, True, quality, Result.UNKNOWN, self.registry_id)


@dataclass(frozen=True, slots=True)
class Step:
    """One credential to earn or accept. ``counts`` is in the target's unit; ``alternatives`` are templates
    that would do as well; ``condition`` says what the award would have to show, "" for nothing.
    """

    member: Member
    counts: Decimal
    place: str
    open_offer: bool
    alternatives: tuple[Member, ...]
    condition: str = ""

    def to_json(self, target: Target, before: Sequence[Before] = ()) -> dict[str, Any]:
        return {
            **_describe(self.member),
            "kind": "offered" if self.open_offer else "next",
            "counts": number(self.counts),
            "place": self.place,
            "condition": self.condition,
            **said_of(self.member.record, target, before),
            "alternatives": [_describe(member) for member in self.alternatives],
        }


def _describe(member: Member) -> dict[str, Any]:
    record = member.record
    return {
        "id": member.id,
        "title": text(record.title),
        "issuer": text(record.issuer.name),
        "credit": record.credit.value if record.credit else None,
        "credit_system": record.credit.system if record.credit else None,
        "eqf": record.level.eqf if record.level else None,
    }


@dataclass(frozen=True, slots=True)
class Pathway:
    """``closes`` says whether held credentials and the steps together reach the target; ``remaining`` is the
    amount that they leave open.
    """

    plan: StackPlan
    steps: tuple[Step, ...]
    closes: bool
    remaining: str
    note: str

    def to_json(self) -> dict[str, Any]:
        """The plan, the steps, and a graph for drawing: nodes, and edges from what counts to what it counts
        for.
        """
        return {
            "target": self.plan.to_json()["target"],
            "unit": self.plan.target.unit,
            "required": self.plan.required,
            "counted": self.plan.counted,
            "met": self.plan.met,
            "closes": self.closes,
            "remaining": self.remaining,
            "steps": self._steps(),
            "graph": self._graph(),
            "note": self.note,
        }

    def _steps(self) -> list[dict[str, Any]]:
        records = {item.member.id: item.member.record for item in self.plan.members}
        records |= {step.member.id: step.member.record for step in self.steps}
        before = prerequisites(records)
        return [step.to_json(self.plan.target, before[step.member.id]) for step in self.steps]

    def _graph(self) -> dict[str, Any]:
        goal = f"target:{self.plan.target.id}"
        nodes = [{"id": goal, "kind": "target", "title": text(self.plan.target.title)}]
        edges = []
        for place in self.plan.places:
            nodes.append({"id": f"place:{place.id}", "kind": "place", "title": place.title})
            edges.append({"from": f"place:{place.id}", "to": goal, "counts": ""})

        def add(member: Member, kind: str, place: str, counts: Decimal) -> None:
            nodes.append({"id": member.id, "kind": kind, "title": text(member.record.title)})
            to = f"place:{place}" if place else goal
            edges.append({"from": member.id, "to": to, "counts": number(counts)})

        for item in self.plan.members:
            if item.state == "counted":
                add(item.member, "held", item.place, item.counts)
        for step in self.steps:
            add(step.member, "offered" if step.open_offer else "next", step.place, step.counts)
        return {"nodes": nodes, "edges": edges}


class Guide:
    """Everything that could be earned towards one target, worked out once for many wallets."""

    def __init__(self, target: Target, offerings: Iterable[Offering], *, today: date) -> None:
        self.target = target
        self._today = today
        self._possible = _possible(target, offerings, today) if target.kind != "degree" else []

    def pathway(self, members: Sequence[Member], *, without: Collection[str] = ()) -> Pathway:
        """The fewest next credentials that close the target; if none do, those that come nearest.

        What is left out (``without``, ids) does not count, and is not suggested again either.
        """
        target = self.target
        held_plan = plan(
            target,
            [member for member in members if not member.offered],
            today=self._today,
            without=without,
        )
        if target.kind == "degree" or held_plan.met:
            note = held_plan.route or held_plan.note
            return Pathway(held_plan, (), held_plan.met, held_plan.missing, note)
        there = [member for member in members if member.id not in without]
        held, open_offers = _known(target, there, self._today)
        known = {key for item in (*held, *open_offers) for key in item.identities}
        known |= {
            key for member in members if member.id in without for key in identities_of(target, member.record)
        }
        possible = [item for item in self._possible if not known.intersection(item.identities)]
        tried = [*held, *open_offers, *_largest(possible)]
        found, closes = _choose(target, tried, len(held), len(open_offers))
        chosen = {tried[at].member.id for at, taken in enumerate(found.taken) if taken is not None}
        others = [item for item in possible if item.member.id not in chosen]
        steps = [
            _step(target, tried[at], taken, None if at < len(held) + len(open_offers) else others)
            for at, taken in enumerate(found.taken)
            if taken is not None and at >= len(held)
        ]
        total = sum(taken.amount for taken in found.taken if taken is not None)
        remaining = max(Decimal(target.total) - Decimal(total) / 100, Decimal(0))
        return Pathway(held_plan, tuple(steps), closes, number(remaining), _note(target))


def pathway(
    target: Target, members: Sequence[Member], offerings: Iterable[Offering], *, today: date
) -> Pathway:
    """`Guide.pathway`, for one question only."""
    return Guide(target, offerings, today=today).pathway(members)


def _known(target: Target, members: Sequence[Member], today: date) -> tuple[list[Candidate], list[Candidate]]:
    candidates, _ = candidates_of(target, members, today)
    held = [item for item in candidates if not item.member.offered]
    return held, [item for item in candidates if item.member.offered]


def _possible(target: Target, offerings: Iterable[Offering], today: date) -> list[Candidate]:
    """Templates that could count, largest first. What cannot count is dropped by its amount and level before
    anything dearer is asked.
    """
    fitting = [
        _with_grade(target, offering.member())
        for offering in offerings
        if amount_of(target, offering.record) and not _too_low(target, offering.record)
    ]
    candidates, _ = candidates_of(target, fitting, today)
    return sorted(candidates, key=lambda item: (-item.amount, item.member.id))


def _with_grade(target: Target, member: Member) -> Member:
    """A template has no grade yet: it is tried with the last that is accepted, and the step says so."""
    if target.grades is None or member.record.grade is not None:
        return member
    grade = Grade(scale=target.grades.scale, value=target.grades.accepted[-1])
    return replace(member, record=replace(member.record, grade=grade))


def _too_low(target: Target, record: Record) -> bool:
    eqf = record.level.eqf if record.level else None
    return target.minimum_eqf is not None and (eqf is None or eqf < target.minimum_eqf)


def _kind(item: Candidate) -> tuple[Any, ...]:
    return (item.seats, item.lanes, tuple(key for key, _ in item.caps))


def _largest(possible: list[Candidate]) -> list[Candidate]:
    kept: dict[tuple[Any, ...], list[Candidate]] = {}
    for item in possible:
        kind = kept.setdefault(_kind(item), [])
        if len(kind) < KEPT:
            kind.append(item)
    return [item for kind in kept.values() for item in kind]


def _choose(target: Target, tried: list[Candidate], held: int, offers: int) -> tuple[Assignment, bool]:
    problem = problem_of(target, tried, windows_of(target, tried))
    costs = tuple(
        0 if at < held else _OFFER_COST if at < held + offers else _NEXT_COST for at in range(len(tried))
    )
    found = fewest(problem, units(Decimal(target.total)), costs) if tried else None
    return (found, True) if found is not None else (assign(problem), False)


def _step(target: Target, item: Candidate, taken: Taken, others: list[Candidate] | None) -> Step:
    """``others`` is None for an open offer, to which there is no alternative."""
    seats = seats_of(target)
    place = seats[taken.seat].id if taken.seat < len(target.required) + len(target.elective) else ""
    alike = (
        other.member
        for other in others or ()
        if units(other.amount) >= taken.amount and _kind(other) == _kind(item)
    )
    condition = ""
    if others is not None and target.grades is not None:
        condition = f"with a grade of {', '.join(target.grades.accepted)} ({target.grades.scale})"
    alternatives = tuple(islice(alike, ALTERNATIVES))
    return Step(item.member, Decimal(taken.amount) / 100, place, others is None, alternatives, condition)


def _note(target: Target) -> str:
    assured = (
        " if its issuer is quality-assured on the day of award" if target.accepts.registry_assured else ""
    )
    return f"A suggestion: each counts only{assured or ' if it is in force'}, and {target.awarded_by.name} decides."

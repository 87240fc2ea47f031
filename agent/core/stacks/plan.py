"""Does it count towards this target? (domain.md §4)

Stacking is a relation to a target, declared by the side that awards it (000:278); the rules come from the
target's file. What does not stack is not rejected but routed to recognition of prior learning (000:279).
Recognition itself is the awarding side's decision (002:1648-1650): a plan adds up, it awards nothing, and
towards a degree nothing ever adds up (002:643-645).

A plan is made in three steps: each member alone (`agent.core.stacks.rules`), what each may fill and by which
route (`agent.core.stacks.routes`), and the best assignment of those that compete (`agent.core.stacks.assignment`).
Caps may count a part of a credential, as Tampere's 25 elective ECTS do (002:1758).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import ROUND_DOWN, Decimal
from typing import Final

from agent.core.attributes import add_months
from agent.core.record import Record, text
from agent.core.stacks import routes
from agent.core.stacks.assignment import assign
from agent.core.stacks.next_steps import next_steps
from agent.core.stacks.problem import Assignment, Item, Problem, Seat, Taken
from agent.core.stacks.result import MemberPlan, PlacePlan, StackPlan, State, number
from agent.core.stacks.rules import RPL, Member, amount_of, exclusion, identities, matches, unit_name
from issuer_profiles.targets import Cap, Match, Place, Pool, Target

MAX_MEMBERS: Final = 2000
TOO_MANY: Final = f"Counts nothing: too many to plan at once; the newest {MAX_MEMBERS} were."
LEFT_OUT: Final = "Counts nothing in this plan: you left it out."
_STATES: Final[tuple[State, ...]] = ("counted", "offered", "excluded")
_FREE: Final = Pool(id="free", title={"en": "Free choice"}, match=Match())


def plan(
    target: Target, members: Sequence[Member], *, today: date, without: Collection[str] = ()
) -> StackPlan:
    """What counts towards ``target`` and what is missing. The order of ``members`` makes no difference.

    Members named in ``without`` (ids) are planned as if they were not there, and said to be left out. Beyond
    `MAX_MEMBERS` the newest are planned and the others said to be left out too.
    """
    left_out = [member for member in members if member.id in without]
    if left_out:
        members = [member for member in members if member.id not in without]
    candidates, excluded = candidates_of(target, members, today)
    excluded += [_excluded(member, "left_out", LEFT_OUT) for member in left_out]
    kept = _newest(candidates)
    chosen = {item.member.id for item in kept}
    excluded += [
        _excluded(item.member, "too_many", TOO_MANY) for item in candidates if item.member.id not in chosen
    ]
    plans = excluded + _share_out(target, kept)
    counted = sum((item.counts for item in plans if item.state == "counted"), Decimal(0))
    offered = sum((item.counts for item in plans if item.state == "offered"), Decimal(0))
    required = Decimal(target.total)
    places = _places(target, plans)
    complete = counted >= required and not any(place.missing for place in places)
    met = complete and target.kind != "degree"
    route = _route(target, plans)
    refused = any(item.state == "excluded" and item.code != "left_out" for item in plans)
    return StackPlan(
        target=target,
        required=number(required),
        counted=number(counted),
        offered=number(offered),
        missing=number(max(required - counted, Decimal(0))),
        met=met,
        members=tuple(sorted(plans, key=lambda item: (_STATES.index(item.state), _age(item.member)))),
        places=places,
        route=route,
        evidence=routes.evidence(target) if route and target.kind != "degree" else (),
        complaint=asdict(target.complaint) if refused and target.complaint else None,
        note=f"Recognition is decided by {target.awarded_by.name}, not by this wallet.",
        next=next_steps(target, plans, places, required - counted - offered, met=met),
    )


def candidates_of(
    target: Target, members: Sequence[Member], today: date
) -> tuple[list[Candidate], list[MemberPlan]]:
    """The members that no rule keeps out, oldest first, and the others with their reasons."""
    excluded: list[MemberPlan] = []
    candidates: list[Candidate] = []
    for member in sorted(members, key=_age):
        code, reason = exclusion(target, member, today)
        if not code:
            candidate = _candidate(target, member)
            code, reason = _unplaceable(target, candidate)
            if not code:
                candidates.append(candidate)
                continue
        excluded.append(_excluded(member, code, reason))
    return candidates, excluded


def _newest(candidates: list[Candidate]) -> list[Candidate]:
    """At most `MAX_MEMBERS`, what is held before what is offered; in the order they came in."""
    if len(candidates) <= MAX_MEMBERS:
        return candidates
    held = [item for item in candidates if not item.member.offered]
    offered = [item for item in candidates if item.member.offered]
    return [*held[-MAX_MEMBERS:], *offered[: max(MAX_MEMBERS - len(held), 0)]]


def _age(member: Member) -> tuple[bool, date, str]:
    """Held before offered, then oldest first; the id breaks ties."""
    return (member.offered, member.record.awarded_on or date.min, member.id)


# --- what each member may fill


@dataclass(frozen=True, slots=True)
class Candidate:
    """A member that no rule excludes: what it is worth and where it might go (indices)."""

    member: Member
    amount: Decimal
    seats: tuple[int, ...]
    lanes: tuple[int, ...]
    identities: tuple[tuple[str, ...], ...]
    caps: tuple[tuple[tuple[int, str], Cap], ...]


def seats_of(target: Target) -> tuple[Place | Pool, ...]:
    """Every place to fill: the required ones, the pools, and free choice unless the target closes it."""
    return (*target.required, *target.elective, *([_FREE] if target.free else []))


def _candidate(target: Target, member: Member) -> Candidate:
    ways = routes.counting(target)
    return Candidate(
        member=member,
        amount=amount_of(target, member.record),
        seats=tuple(at for at, seat in enumerate(seats_of(target)) if matches(target, seat.match, member)),
        lanes=tuple(at for at, route in enumerate(ways) if not routes.closed(target, route, member)),
        identities=identities_of(target, member.record),
        caps=_caps(target, member),
    )


def _unplaceable(target: Target, candidate: Candidate) -> tuple[str, str]:
    if not candidate.seats:
        return "no_place", "Counts nothing: the target has no place for it."
    if routes.counting(target) and not candidate.lanes:
        return "no_route", routes.none_open(target, candidate.member)
    return "", ""


def identities_of(target: Target, record: Record) -> tuple[tuple[str, ...], ...]:
    """What two credentials for the same learning have in common: the template whatever its version, one that
    it supersedes, or the outcomes word for word (with ``overlap = "any-outcome"`` one of them).
    """
    found: list[tuple[str, ...]] = []
    names = [record.template or "", *(record.recognition.supersedes if record.recognition else ())]
    found += [("template", record.issuer.did, name.partition("@")[0]) for name in names if name]
    if target.overlap == "any-outcome":
        found += [
            ("outcome", outcome.esco or repr(sorted(outcome.text.items()))) for outcome in record.outcomes
        ]
    elif record.outcomes:
        same = [(outcome.esco, outcome.dublin, sorted(outcome.text.items())) for outcome in record.outcomes]
        found.append(("outcomes", repr(same)))
    return tuple(dict.fromkeys(found))


def _caps(target: Target, member: Member) -> tuple[tuple[tuple[int, str], Cap], ...]:
    """The caps that bind this member, each with the key under which it is used up."""
    home = {target.awarded_by.registry_id, target.awarded_by.did} - {None}
    found = []
    for index, cap in enumerate(target.caps):
        group = member.record.issuer.did if cap.of == "each_issuer" else ""
        if cap.of == "participation" and set(member.record.participation) != {cap.value}:
            continue
        # Only the registry says who signed: a DID that names the awarding institution is not enough.
        if cap.of == "other_institutions" and home & (identities(target, member) - {""}):
            continue
        found.append(((index, group), cap))
    return tuple(found)


# --- sharing out


def _share_out(target: Target, candidates: list[Candidate]) -> list[MemberPlan]:
    if not candidates:
        return []
    windows = windows_of(target, candidates)
    found = assign(problem_of(target, candidates, windows))
    explain = _Explain(target, candidates, found, windows)
    return [explain.member(index) for index in range(len(candidates))]


def windows_of(target: Target, candidates: list[Candidate]) -> list[tuple[date, date]]:
    """One span of dates for each date of award, latest first, since the first best one is taken."""
    span = target.window.span_months
    if span is None:
        return []
    starts = {item.member.record.awarded_on or date.min for item in candidates}
    return [(start, add_months(start, span)) for start in sorted(starts, reverse=True)]


def problem_of(target: Target, candidates: list[Candidate], windows: list[tuple[date, date]]) -> Problem:
    once = {key: at for at, key in enumerate(sorted({k for item in candidates for k in item.identities}))}
    caps = {key: cap for item in candidates for key, cap in item.caps}
    limits = {key: at for at, key in enumerate(sorted(caps))}
    items = []
    for item in candidates:
        awarded = item.member.record.awarded_on or date.min
        items.append(
            Item(
                amount=units(item.amount),
                offered=item.member.offered,
                seats=item.seats,
                lanes=item.lanes,
                limits=tuple(limits[key] for key, _ in item.caps),
                once=tuple(once[key] for key in item.identities),
                windows=frozenset(at for at, (first, last) in enumerate(windows) if first <= awarded <= last),
            )
        )
    lanes = (routes.maximum(target, route) for route in routes.counting(target))
    return Problem(
        items=tuple(items),
        seats=tuple(_seat(seat) for seat in seats_of(target)),
        lanes=tuple(None if most is None else units(most) for most in lanes),
        limits=tuple(units(Decimal(caps[key].maximum)) for key in sorted(caps)),
        windows=len(windows),
    )


def _seat(seat: Place | Pool) -> Seat:
    if isinstance(seat, Place):
        return Seat(single=True)
    return Seat(
        minimum=units(Decimal(seat.minimum or "0")),
        maximum=None if seat.maximum is None else units(Decimal(seat.maximum)),
        at_least=seat.at_least,
        at_most=seat.at_most,
    )


def units(amount: Decimal) -> int:
    """Hundredths, rounded down: the assignment works in whole numbers."""
    return int((amount * 100).to_integral_value(ROUND_DOWN))


class _Explain:
    """Says in words what the assignment did to each candidate."""

    def __init__(
        self,
        target: Target,
        candidates: list[Candidate],
        found: Assignment,
        windows: list[tuple[date, date]],
    ) -> None:
        self._target = target
        self._candidates = candidates
        self._taken = found.taken
        self._window = None if found.window is None else windows[found.window]
        self._seats = seats_of(target)
        self._routes = routes.counting(target)
        pairs = zip(candidates, found.taken, strict=True)
        self._chosen = [(item, taken) for item, taken in pairs if taken is not None]

    def member(self, index: int) -> MemberPlan:
        candidate, taken = self._candidates[index], self._taken[index]
        if taken is None:
            return _excluded(candidate.member, *self._why_not(candidate))
        state: State = "offered" if candidate.member.offered else "counted"
        counts = Decimal(taken.amount) / 100
        seat = self._seats[taken.seat]
        place = "" if seat is _FREE else seat.id
        route = "" if taken.lane is None else self._routes[taken.lane].kind
        code, reason = "", self._whole(candidate, seat, route)
        if counts < candidate.amount:
            code, reason = "over_cap", self._part(candidate, taken, counts)
        return MemberPlan(candidate.member, state, counts, code, reason, place, route)

    def _whole(self, candidate: Candidate, seat: Place | Pool, route: str) -> str:
        target, member = self._target, candidate.member
        why = [f"EQF {member.record.level.eqf}"] if target.minimum_eqf and member.record.level else []
        if target.accepts.registry_assured:
            why.append("issuer quality-assured at the date of award")
        if route:
            why.append(f"by {routes.LABELS[route]}")
        verb = "Would count" if member.offered else "Counts"
        place = "" if seat is _FREE else f" as “{text(seat.title)}”"
        what = f"{number(candidate.amount)} {unit_name(target, candidate.amount)}"
        return f"{verb} {what}{place}{': ' if why else ''}{', '.join(why)}."

    def _part(self, candidate: Candidate, taken: Taken, counts: Decimal) -> str:
        unit = unit_name(self._target)
        over = f"{number(candidate.amount - counts)} {unit} over the cap. {self._full(candidate, taken)}"
        return f"Counts {number(counts)} of {number(candidate.amount)} {unit}: {over}".rstrip()

    def _full(self, candidate: Candidate, taken: Taken | None) -> str:
        """The words of the first maximum that is used up for this candidate (in its place, on its route)."""
        for key, cap in candidate.caps:
            bound = [t.amount for other, t in self._chosen if key in {k for k, _ in other.caps}]
            if sum(bound) >= units(Decimal(cap.maximum)):
                return cap.text
        for lane in candidate.lanes if taken is None else [taken.lane]:
            most = None if lane is None else routes.maximum(self._target, self._routes[lane])
            if lane is not None and most is not None:
                used = sum(t.amount for _, t in self._chosen if t.lane == lane)
                if used >= units(most):
                    return self._routes[lane].text
        for at in candidate.seats if taken is None else [taken.seat]:
            seat, used = self._seats[at], sum(t.amount for _, t in self._chosen if t.seat == at)
            if isinstance(seat, Pool) and seat.maximum and used >= units(Decimal(seat.maximum)):
                return (
                    f"At most {seat.maximum} {unit_name(self._target, seat.maximum)} as “{text(seat.title)}”."
                )
        return ""

    def _why_not(self, candidate: Candidate) -> tuple[str, str]:
        awarded = candidate.member.record.awarded_on or date.min
        if self._window and not self._window[0] <= awarded <= self._window[1]:
            span = self._target.window.span_months
            why = f"not awarded within the same {span} months as those that count most"
            return "outside_window", f"Counts nothing: {why}."
        for other, _ in self._chosen:
            if set(candidate.identities) & set(other.identities):
                title = text(other.member.record.title)
                equal = "; both count as much, and one is taken" if other.amount == candidate.amount else ""
                return "overlap", f"Counts nothing: the same learning counts once, as “{title}”{equal}."
        if full := self._full(candidate, None):
            unit = unit_name(self._target)
            return "over_cap", f"Counts nothing: {number(candidate.amount)} {unit} over the cap. {full}"
        return "place_taken", self._taken_by(candidate)

    def _taken_by(self, candidate: Candidate) -> str:
        rivals = [(other, taken) for other, taken in self._chosen if taken.seat in candidate.seats]
        for other, taken in rivals:
            title, place = text(other.member.record.title), text(self._seats[taken.seat].title)
            if other.amount == candidate.amount:
                older = _age(other.member) < _age(candidate.member)
                why = "it counts as much" + (", and is held longer" if older else "")
                return f"Counts nothing here: “{title}” takes the place “{place}”; {why}."
        names = ", ".join(f"“{text(other.member.record.title)}”" for other, _ in rivals[:3])
        return f"Counts nothing here: the places it fits are taken by {names}, which together count more."


def _excluded(member: Member, code: str, reason: str) -> MemberPlan:
    return MemberPlan(member, "excluded", Decimal(0), code, reason)


# --- the whole


def _places(target: Target, plans: list[MemberPlan]) -> tuple[PlacePlan, ...]:
    found = []
    seats: tuple[Place | Pool, ...] = (*target.required, *target.elective)
    for seat in seats:
        here = [item for item in plans if item.place == seat.id]
        held = [item for item in here if item.state == "counted"]
        missing = ""
        if isinstance(seat, Place):
            missing = "" if held else "nothing held fills it"
        else:
            amount = sum((item.counts for item in held), Decimal(0))
            short = Decimal(seat.minimum or "0") - amount
            wanting = [f"{number(short)} {unit_name(target, short)}"] if short > 0 else []
            if seat.at_least > len(held):
                lacking = seat.at_least - len(held)
                wanting.append(f"{lacking} credential{'s' if lacking > 1 else ''}")
            missing = f"{' and '.join(wanting)} missing" if wanting else ""
        members = tuple(item.member.id for item in here)
        found.append(PlacePlan(seat.id, text(seat.title), isinstance(seat, Place), members, missing))
    return tuple(found)


def _route(target: Target, plans: list[MemberPlan]) -> str:
    """Recognition of prior learning, with the evidence it needs (000:279, 002:1796); else ""."""
    awarding = target.awarded_by.name
    if target.kind == "degree":
        return (
            "Micro-credentials can be listed in a CV. Whether a degree programme takes some of them as "
            f"electives or as prior learning is for {awarding} to decide, one by one."
        )
    if not any(item.code in RPL for item in plans):
        return ""
    return (
        f"What does not stack is not rejected: ask {awarding} about recognition of prior learning, and bring "
        f"evidence of: {', '.join(routes.evidence(target))}."
    )

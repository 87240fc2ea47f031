"""Does it count towards this target? (domain.md §4)

Stacking is a relation to a target, declared by the side that awards it (000:278); the rules come from the
target's file. What does not stack is not rejected but routed to recognition of prior learning (000:279).
Recognition itself is the awarding side's decision (002:1648-1650): a plan adds up, it awards nothing, and
towards a degree nothing ever adds up (002:643-645).

Caps may count a part of a credential, as Tampere's 25 elective ECTS do (002:1758). Caps that overlap are
filled greedily, the least capped member first: never too much, but perhaps less than the best assignment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal

import rfc8785

from agent.core.attributes import add_months
from agent.core.record import Record, text, to_plain
from agent.core.stack_rules import RPL, Member, amount_of, exclusion, unit_name
from issuer_profiles.targets import Cap, Target

__all__ = ["Member", "MemberPlan", "StackPlan", "Target", "plan"]

type State = Literal["counted", "offered", "excluded"]


@dataclass(frozen=True, slots=True)
class MemberPlan:
    """What one member counts, in the target's unit, and why. ``code`` is "" when all of it counts."""

    member: Member
    state: State
    counts: Decimal
    code: str
    reason: str

    def to_json(self) -> dict[str, Any]:
        record = self.member.record
        return {
            "credential_id": self.member.id,
            "title": text(record.title),
            "issuer": {
                "did": record.issuer.did,
                "host": record.issuer.host,
                "name": text(record.issuer.name),
            },
            "credit": record.credit.value if record.credit else None,
            "credit_system": record.credit.system if record.credit else None,
            "eqf": record.level.eqf if record.level else None,
            "counts": _number(self.counts),
            "state": self.state,
            "code": self.code,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class StackPlan:
    """Amounts are decimal strings in ``target.unit``. ``missing`` is what the counted members leave open;
    offered ones do not lessen it. ``route`` is "" when nothing has to go through prior learning.
    """

    target: Target
    required: str
    counted: str
    offered: str
    missing: str
    met: bool
    members: tuple[MemberPlan, ...]
    route: str
    note: str
    next: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "target": {
                "id": self.target.id,
                "title": text(self.target.title),
                "kind": self.target.kind,
                "awarded_by": self.target.awarded_by.name,
                "unit": self.target.unit,
                "total": self.target.total,
                "minimum_eqf": self.target.minimum_eqf,
                "illustrative": self.target.illustrative,
            },
            "unit": self.target.unit,
            "required": self.required,
            "counted": self.counted,
            "offered": self.offered,
            "missing": self.missing,
            "met": self.met,
            "members": [member.to_json() for member in self.members],
            "route": self.route,
            "note": self.note,
            "next": list(self.next),
        }


def plan(target: Target, members: Sequence[Member], *, today: date) -> StackPlan:
    """What counts towards ``target`` and what is missing. The order of ``members`` makes no difference."""
    excluded: list[MemberPlan] = []
    candidates: list[_Candidate] = []
    for member in sorted(members, key=_age):
        code, reason = exclusion(target, member, today)
        if code:
            excluded.append(_excluded(member, code, reason))
        else:
            candidates.append(_candidate(target, member))
    plans = excluded + _best_window(target, candidates)
    counted = sum((item.counts for item in plans if item.state == "counted"), Decimal(0))
    offered = sum((item.counts for item in plans if item.state == "offered"), Decimal(0))
    required = Decimal(target.total)
    met = counted >= required and target.kind != "degree"
    return StackPlan(
        target=target,
        required=_number(required),
        counted=_number(counted),
        offered=_number(offered),
        missing=_number(max(required - counted, Decimal(0))),
        met=met,
        members=tuple(sorted(plans, key=lambda item: (_STATES.index(item.state), _age(item.member)))),
        route=_route(target, plans),
        note=f"Recognition is decided by {target.awarded_by.name}, not by this wallet.",
        next=_next(target, plans, required - counted - offered, met=met),
    )


_STATES: Final[tuple[State, ...]] = ("counted", "offered", "excluded")


def _age(member: Member) -> tuple[bool, date, str]:
    """Held before offered, then oldest first; the id breaks ties."""
    return (member.offered, member.record.awarded_on or date.min, member.id)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A member that no rule excludes, with what sharing out needs, worked out once."""

    member: Member
    awarded_on: date
    amount: Decimal
    identities: tuple[tuple[str, ...], ...]
    caps: tuple[tuple[tuple[int, str], Cap], ...]


def _candidate(target: Target, member: Member) -> _Candidate:
    return _Candidate(
        member=member,
        awarded_on=member.record.awarded_on or date.min,
        amount=amount_of(target, member.record),
        identities=_identities(member.record),
        caps=_caps(target, member),
    )


def _best_window(target: Target, candidates: list[_Candidate]) -> list[MemberPlan]:
    """The candidates shared out; with ``span_months``, over the span that counts most (ties: the latest)."""
    span = target.window.span_months
    if span is None or not candidates:
        return _share_out(target, candidates)

    def inside(start: date) -> list[_Candidate]:
        end = add_months(start, span)
        return [item for item in candidates if start <= item.awarded_on <= end]

    def worth(start: date) -> tuple[Decimal, Decimal, date]:
        plans = _share_out(target, inside(start))
        held = sum((item.counts for item in plans if item.state == "counted"), Decimal(0))
        return held, sum((item.counts for item in plans), Decimal(0)), start

    best = max({item.awarded_on for item in candidates}, key=worth)
    end = add_months(best, span)
    reason = f"Counts nothing: not awarded within the same {span} months as those that count most."
    outside = [
        _excluded(item.member, "outside_window", reason)
        for item in candidates
        if not best <= item.awarded_on <= end
    ]
    return outside + _share_out(target, inside(best))


def _share_out(target: Target, candidates: list[_Candidate]) -> list[MemberPlan]:
    """Overlap counts once (the larger one, held before offered), then caps."""
    kept: list[_Candidate] = []
    plans: list[MemberPlan] = []
    seen: dict[tuple[str, ...], Member] = {}
    for item in sorted(candidates, key=lambda item: (item.member.offered, -item.amount, _age(item.member))):
        earlier = next((seen[key] for key in item.identities if key in seen), None)
        if earlier is not None:
            reason = f"Counts nothing: the same learning counts once, as “{text(earlier.record.title)}”."
            plans.append(_excluded(item.member, "overlap", reason))
            continue
        kept.append(item)
        seen |= dict.fromkeys(item.identities, item.member)

    used: dict[tuple[int, str], Decimal] = {}
    for item in sorted(kept, key=lambda item: (item.member.offered, len(item.caps), _age(item.member))):
        allowed = item.amount
        binding: Cap | None = None
        for key, cap in item.caps:
            room = Decimal(cap.maximum) - used.get(key, Decimal(0))
            if room < allowed:
                allowed, binding = room, cap
        for key, _ in item.caps:
            used[key] = used.get(key, Decimal(0)) + allowed
        plans.append(_counted(target, item.member, item.amount, allowed, binding))
    return plans


def _identities(record: Record) -> tuple[tuple[str, ...], ...]:
    """What two credentials for the same learning have in common: the template whatever its version, or
    the same outcomes word for word. Partial overlap is not looked for.
    """
    found: list[tuple[str, ...]] = []
    if record.template:
        found.append(("template", record.issuer.did, record.template.partition("@")[0]))
    if record.outcomes:
        found.append(("outcomes", rfc8785.dumps(to_plain(record.outcomes)).decode()))
    return tuple(found)


def _caps(target: Target, member: Member) -> tuple[tuple[tuple[int, str], Cap], ...]:
    """The caps that bind this member, each with the key under which it is used up."""
    found = []
    for index, cap in enumerate(target.caps):
        group = ""
        if cap.of == "each_issuer":
            group = member.record.issuer.did
        if cap.of == "participation" and set(member.record.participation) != {cap.value}:
            continue
        if cap.of == "other_institutions" and _is_awarding_institution(target, member):
            continue
        found.append(((index, group), cap))
    return tuple(found)


def _is_awarding_institution(target: Target, member: Member) -> bool:
    return bool(member.institution_id) and member.institution_id == target.awarded_by.registry_id


def _counted(
    target: Target, member: Member, amount: Decimal, allowed: Decimal, cap: Cap | None
) -> MemberPlan:
    unit = unit_name(target)
    if cap is None:
        why = [f"EQF {member.record.level.eqf}"] if target.minimum_eqf and member.record.level else []
        if target.accepts.registry_assured:
            why.append("issuer quality-assured at the date of award")
        verb = "Would count" if member.offered else "Counts"
        reason = f"{verb} {_number(amount)} {unit}{': ' if why else ''}{', '.join(why)}."
        return MemberPlan(member, "offered" if member.offered else "counted", amount, "", reason)
    over = f"{_number(amount - allowed)} {unit} over the cap. {cap.text}"
    if not allowed:
        return _excluded(member, "over_cap", f"Counts nothing: {over}")
    reason = f"Counts {_number(allowed)} of {_number(amount)} {unit}: {over}"
    return MemberPlan(member, "offered" if member.offered else "counted", allowed, "over_cap", reason)


def _excluded(member: Member, code: str, reason: str) -> MemberPlan:
    return MemberPlan(member, "excluded", Decimal(0), code, reason)


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
        "evidence of the learning outcomes, the assessment, the quality assurance and the entry requirements."
    )


def _next(target: Target, plans: list[MemberPlan], open_amount: Decimal, *, met: bool) -> tuple[str, ...]:
    if target.kind == "degree":
        return ()
    if met:
        return (f"The declared amount is reached. Ask {target.awarded_by.name} for recognition.",)
    unit = unit_name(target)
    steps = [
        f"Accept the offer “{text(item.member.record.title)}”: it would count {_number(item.counts)} {unit}."
        for item in plans
        if item.state == "offered"
    ]
    steps += [
        f"Check “{text(item.member.record.title)}” again: it could not be checked."
        for item in plans
        if item.code == "current_unknown"
    ]
    if open_amount > 0:
        level = f" at EQF {target.minimum_eqf} or above" if target.minimum_eqf else ""
        issuer = " from a quality-assured issuer" if target.accepts.registry_assured else ""
        steps.append(f"Earn {_number(open_amount)} {unit} more{level}{issuer}.")
    return tuple(steps)


def _number(amount: Decimal) -> str:
    """Plain decimal text: 12, 2.5, never 1E+1."""
    return f"{amount.normalize():f}"

"""What to do next about a target: accept, check again, earn. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from agent.core.record import text
from agent.core.stacks.result import MemberPlan, PlacePlan, number
from agent.core.stacks.rules import unit_name
from issuer_profiles.targets import Target


def next_steps(
    target: Target,
    plans: Sequence[MemberPlan],
    places: Sequence[PlacePlan],
    open_amount: Decimal,
    *,
    met: bool,
) -> tuple[str, ...]:
    """Sentences, most useful first; none for a degree. ``open_amount`` is what offers leave open too."""
    if target.kind == "degree":
        return ()
    if met:
        return (f"The declared amount is reached. Ask {target.awarded_by.name} for recognition.",)
    steps = [
        f"Accept the offer “{text(item.member.record.title)}”: it would count {number(item.counts)} "
        f"{unit_name(target, item.counts)}."
        for item in plans
        if item.state == "offered"
    ]
    steps += [
        f"Check “{text(item.member.record.title)}” again: it could not be checked."
        for item in plans
        if item.code == "current_unknown"
    ]
    offered = {item.place for item in plans if item.state == "offered"}
    for place in places:
        if place.missing and place.id not in offered:
            steps.append(f"Earn a credential for “{place.title}”: {place.missing}.")
    if open_amount > 0:
        level = f" at EQF {target.minimum_eqf} or above" if target.minimum_eqf else ""
        issuer = " from a quality-assured issuer" if target.accepts.registry_assured else ""
        steps.append(f"Earn {number(open_amount)} {unit_name(target, open_amount)} more{level}{issuer}.")
    return tuple(steps)

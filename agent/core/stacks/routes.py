"""Ways of recognition: which of a target's routes are open to a credential (002:1810-1828, 002:1869-1906).

Automatic, elective, academic-issuer and ad-hoc routes count; recognition of prior learning counts nothing by
itself, it is what remains for a credential that does not stack (000:279).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from agent.core import taxonomy
from agent.core.stacks.rules import Member, grade_exclusion, identities, names_template
from agent.core.verdict import Result
from issuer_profiles.targets import Route, Target

LABELS: Final[dict[str, str]] = {
    "automatic": "automatic recognition",
    "elective": "electives",
    "prior-learning": "recognition of prior learning",
    "academic-issuer": "recognition of an academic issuer",
    "ad-hoc": "a learning agreement",
}
# 002:1796: what the documentation has to show, where the target does not list it.
EVIDENCE: Final = ("learning outcomes", "assessment methods", "quality assurance", "entry requirements")


def counting(target: Target) -> tuple[Route, ...]:
    """The routes by which something counts; without any, the target counts whatever it accepts."""
    return tuple(route for route in target.routes if route.kind != "prior-learning")


def maximum(target: Target, route: Route) -> Decimal | None:
    """In the target's unit; None for no limit."""
    if route.share is not None:
        return Decimal(target.total) * Decimal(route.share) / 100
    return None if route.maximum is None else Decimal(route.maximum)


def closed(target: Target, route: Route, member: Member) -> str:
    """Why the route is not open to the credential; "" when it is."""
    record, awarded = member.record, member.record.awarded_on
    if route.parties and not identities(target, member) & set(route.parties):
        return "its issuer is not a party"
    if route.modules and not names_template(route.modules, record.template):
        return "it is not one of the modules agreed on"
    if route.kind == "academic-issuer" and member.quality is not Result.PASS:
        return "its issuer is not known to be quality-assured"
    if route.student is not None and record.learner.id != route.student:
        return "the agreement is with another learner"
    if route.starts or route.ends:
        if awarded is None:
            return "its date of award is not stated"
        if not (route.starts or "") <= awarded.isoformat() <= (route.ends or "9999"):
            return "it was awarded outside the dates agreed on"
    if route.passed and taxonomy.assessed(record) is not True:
        return "it does not say that the learning was assessed"
    return "its grade is not one agreed on" if grade_exclusion(route.grades, record) else ""


def none_open(target: Target, member: Member) -> str:
    """The sentence for a credential to which no counting route is open."""
    reasons = [f"{LABELS[route.kind]}: {closed(target, route, member)}" for route in counting(target)]
    return f"Counts nothing: no route is open to it ({'; '.join(reasons)})."


def evidence(target: Target) -> tuple[str, ...]:
    """What an application for recognition of prior learning has to bring."""
    for route in target.routes:
        if route.kind == "prior-learning":
            return route.evidence
    return EVIDENCE

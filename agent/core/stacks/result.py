"""What a stack plan says: what counts, where, why or why not, and what is missing. Pure shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

from agent.core.record import Record, text
from agent.core.stacks.prerequisites import Before, prerequisites
from agent.core.stacks.rules import SOURCES, Member
from issuer_profiles.targets import Target

type State = Literal["counted", "offered", "excluded"]
MAX_ASKED: Final = 500


@dataclass(frozen=True, slots=True)
class MemberPlan:
    """What one member counts, in the target's unit, and why. ``code`` is "" when all of it counts; ``place``
    is the id of the place or pool it takes ("" for none), ``route`` the kind of recognition ("" for none).
    """

    member: Member
    state: State
    counts: Decimal
    code: str
    reason: str
    place: str = ""
    route: str = ""

    def to_json(self, target: Target, before: Sequence[Before] = ()) -> dict[str, Any]:
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
            "counts": number(self.counts),
            "state": self.state,
            "is_offer": self.member.offered,
            "code": self.code,
            "reason": self.reason,
            "place": self.place,
            "route": self.route,
            "source": SOURCES.get(self.code, "000:249-256"),
            **said_of(record, target, before),
        }


@dataclass(frozen=True, slots=True)
class PlacePlan:
    """A required place or an elective pool. ``missing`` is a sentence, "" when it has what it wants from what
    is held; ``members`` are ids, counted and offered.
    """

    id: str
    title: str
    required: bool
    members: tuple[str, ...]
    missing: str

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "title": self.title,
            "required": self.required,
            "members": list(self.members),
            "missing": self.missing,
        }


@dataclass(frozen=True, slots=True)
class StackPlan:
    """Amounts are decimal strings in ``target.unit``. ``missing`` is what the counted members leave open;
    offered ones do not lessen it. ``route`` is "" when nothing has to go through prior learning, and then
    ``evidence`` is empty; ``complaint`` is the awarding side's route of appeal, given with every refusal
    (002:1628).
    """

    target: Target
    required: str
    counted: str
    offered: str
    missing: str
    met: bool
    members: tuple[MemberPlan, ...]
    places: tuple[PlacePlan, ...]
    route: str
    evidence: tuple[str, ...]
    complaint: Mapping[str, str] | None
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
            "members": self._members(),
            "places": [place.to_json() for place in self.places],
            "route": self.route,
            "evidence": list(self.evidence),
            "complaint": dict(self.complaint) if self.complaint else None,
            "note": self.note,
            "next": list(self.next),
        }

    def _members(self) -> list[dict[str, Any]]:
        before = prerequisites({item.member.id: item.member.record for item in self.members})
        return [item.to_json(self.target, before[item.member.id]) for item in self.members]


def said_of(record: Record, target: Target, before: Sequence[Before]) -> dict[str, Any]:
    """What its issuer says, for drawing a pathway: entry requirements in words (their beginning), what comes before
    it among the others (`agent.core.stacks.prerequisites`), and whether it names this target. Only the target's own
    side decides what counts (000:278).
    """
    asked = text(record.prerequisites)
    named = {name.rpartition("/")[2] for name in record.articulates_with}
    return {
        "prerequisites": asked if len(asked) <= MAX_ASKED else f"{asked[: MAX_ASKED - 1]}…",
        "before": [each.to_json() for each in before],
        "names_target": target.id in named,
    }


def number(amount: Decimal) -> str:
    """Plain decimal text: 12, 2.5, never 1E+1."""
    return f"{amount.normalize():f}"

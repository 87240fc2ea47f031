"""What a harvest would change, and whether it may. Pure: facts before, facts after, a plan or a refusal out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from trust_registry.errors import IngestError
from trust_registry.fact_json import FactText, Kind, Place, institutions_about
from trust_registry.ingest.source import Harvest

MAX_LOSS = 0.05  # trust-registry.md section 3, "Ingest"


class Change(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    VANISHED = "vanished"  # the source no longer lists it
    QUARANTINED = (
        "quarantined"  # the source lists it, in words that cannot be read: its old word does not stand
    )
    CONFIRMED = "confirmed"  # the same words, now from the real source


@dataclass(frozen=True, slots=True)
class Held:
    """A fact as the history has it."""

    text: FactText
    real: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One line for the history. ``text`` None is a tombstone; ``before`` is what was known."""

    change: Change
    kind: Kind
    key: str
    text: FactText | None
    before: FactText | None

    @property
    def countries(self) -> tuple[str, ...]:
        found = self.text or self.before
        return found.countries if found else ()


@dataclass(frozen=True, slots=True)
class Plan:
    """``kept``: facts whose records the source could not give. ``held``: current facts by kind and country."""

    steps: tuple[Step, ...]
    unchanged: int
    kept: int
    held: Mapping[tuple[Kind, str], int]

    def counts(self) -> Counter[tuple[Kind, str, Change]]:
        """How many steps by kind, country and change; one in several countries counts in each."""
        return Counter((step.kind, code, step.change) for step in self.steps for code in step.countries)


def plan(
    before: Mapping[Place, Held], after: Mapping[Place, FactText], harvest: Harvest, *, real: bool
) -> Plan:
    unreadable = {item.key for item in harvest.found.quarantined if item.key}
    steps: list[Step] = []
    unchanged = kept = 0
    for place, text in after.items():
        held = before.get(place)
        if held is None:
            steps.append(Step(Change.ADDED, *place, text, None))
        elif held.text.body != text.body:
            steps.append(Step(Change.CHANGED, *place, text, held.text))
        elif held.real != real:
            steps.append(Step(Change.CONFIRMED, *place, text, held.text))
        else:
            unchanged += 1
    for place, held in before.items():
        kind, key = place
        if kind not in harvest.covers or place in after:
            continue
        if _unfetched(place, held.text, harvest):
            kept += 1
            continue
        listed = key in unreadable or key.partition("/")[0] in unreadable
        steps.append(Step(Change.QUARANTINED if listed else Change.VANISHED, *place, None, held.text))
    counts = Counter((kind, code) for (kind, _), held in before.items() for code in held.text.countries)
    return Plan(tuple(steps), unchanged, kept, counts)


def _unfetched(place: Place, text: FactText, harvest: Harvest) -> bool:
    """Is this missing only because the source could not give the record that says it?"""
    if place in harvest.unfetched:
        return True
    kind, key = place
    if kind is Kind.REPORT:  # a report on several programmes has an id for each
        return (Kind.REPORT, key.partition("/")[0]) in harvest.unfetched
    if kind in {Kind.RELATION, Kind.FACULTY}:
        return any(
            (Kind.INSTITUTION, one) in harvest.unfetched for one in institutions_about(kind, text.body)
        )
    return False


def losses(found: Plan) -> dict[str, list[tuple[Kind, int, int]]]:
    """Countries that lose more than 5 % of a kind's rows: code → (kind, lost, of)."""
    gone = Counter(
        (step.kind, code)
        for step in found.steps
        if step.text is None and step.before
        for code in step.countries
    )
    too_many: dict[str, list[tuple[Kind, int, int]]] = {}
    for (kind, code), lost in sorted(gone.items()):
        if lost > MAX_LOSS * found.held[kind, code]:
            too_many.setdefault(code, []).append((kind, lost, found.held[kind, code]))
    return too_many


def refuse(found: Plan, harvest: Harvest, *, accepted: Iterable[str], real: bool, holds_real: bool) -> None:
    """Raise `IngestError` if this harvest must not replace what is known; the last good data stay."""
    if Kind.INSTITUTION in harvest.covers and not harvest.found.institutions:
        raise IngestError("empty", "The source has no institution.", "The last good data stay.")
    if holds_real and not real:
        raise IngestError(
            "demo_over_real",
            "These data are not from DEQAR's own host, and would replace data that are.",
            "Use another --home for them, or say --production if they are a copy of DEQAR's own.",
        )
    if real and any(report.illustrative for report in harvest.found.reports.values()):
        raise IngestError("illustrative", "Production data cannot hold illustrative reports.")
    allowed = set(accepted)
    lost = {code: what for code, what in losses(found).items() if code not in allowed}
    if lost:
        parts = [
            f"{code}: {gone} of {of} {kind} facts" for code, what in lost.items() for kind, gone, of in what
        ]
        shown = "; ".join(parts[:5]) + (f"; and {len(parts) - 5} more" if len(parts) > 5 else "")
        raise IngestError(
            "lost_too_much",
            f"The source lost more than 5 % of a country's rows ({shown}).",
            "The last good data stay. If the loss is right, name the country: "
            + " ".join(f"--accept-loss {code}" for code in lost),
        )

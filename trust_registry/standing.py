"""How an institution stands on a day: `resolve`'s own answer, for an issuer that is it beyond doubt.

A question about an institution names no DID. The answer is still `trust_registry.resolve.resolve`'s, asked
with a binding that exists for this one question: so pages, exports and `/v1/resolve` cannot differ in what
they call assured. Whether a DID *is* that institution is asked for every bound DID by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Protocol

from trust_registry import cover
from trust_registry.dates import format_time
from trust_registry.errors import TrustRegistryError
from trust_registry.facts import Agency, Binding, Faculty, Institution, Relation, Report, SnapshotFacts
from trust_registry.gathering import gather
from trust_registry.models import Decision, Query
from trust_registry.resolve import CLOCK_SKEW, latest_bindings, resolve, snapshot_info
from trust_registry.snapshot import Snapshot
from trust_registry.vocabulary import AwardKind, Freshness, Reason, SnapshotKind

# .invalid never resolves (RFC 2606), so no real binding has this DID.
_ITSELF = "did:web:institution.invalid"
_ITS_KEY = "A" * 43
MOST_REPORTS = 200


class Source(Protocol):
    """What there is to ask: the registry itself, or the copy of its list (`trust_registry.looking`)."""

    @property
    def snapshot(self) -> Snapshot: ...
    def snapshot_facts(self) -> SnapshotFacts: ...
    def bindings_of(self, institution_id: str) -> tuple[Binding, ...]: ...
    def resolve(self, query: Query, *, now: datetime) -> Decision: ...


@dataclass(frozen=True, slots=True)
class BoundDid:
    """``decision`` is what ``/v1/resolve`` answers for this DID and key on the day asked about."""

    binding: Binding
    decision: Decision


@dataclass(frozen=True, slots=True)
class Standing:
    institution: Institution
    at: date
    known_at: datetime
    decision: Decision
    dids: tuple[BoundDid, ...]
    reports: tuple[Report, ...]
    agencies: tuple[Agency, ...]
    relations: tuple[Relation, ...]
    faculties: tuple[Faculty, ...]

    def to_json(self) -> dict[str, Any]:
        closure, founded = self.institution.closure, self.institution.founded
        return {
            "version": 1,
            "institution": {
                "id": self.institution.id,
                "name": self.institution.name,
                "countries": list(self.institution.countries),
                "url": self.institution.url,
                "founded": founded.isoformat() if founded else None,
                "closed": {"earliest": closure.earliest.isoformat(), "latest": closure.latest.isoformat()}
                if closure
                else None,
                "other_provider": self.institution.other_provider,
                "names": [self.institution.name, *self.institution.names],
                "identifiers": [
                    {
                        "resource": one.resource,
                        "value": one.value,
                        "valid_from": one.valid_from.isoformat() if one.valid_from else None,
                        "valid_to": one.valid_to.isoformat() if one.valid_to else None,
                    }
                    for one in self.institution.identifiers
                ],
            },
            "at": self.at.isoformat(),
            "known_at": format_time(self.known_at),
            "standing": self.decision.to_json(),
            "dids": [_did_json(item) for item in self.dids],
            "reports": [_report_json(report) for report in self.reports],
            "predecessors": [
                {"id": step.predecessor, "at": step.at.isoformat(), "kind": str(step.kind)}
                for step in self.relations
                if step.successor == self.institution.id
            ],
            "part_of": [
                {
                    "id": step.whole,
                    "valid_from": step.valid_from.isoformat() if step.valid_from else None,
                    "valid_to": step.valid_to.isoformat() if step.valid_to else None,
                }
                for step in self.faculties
                if step.part == self.institution.id
            ],
        }


def standing(
    registry: Source, institution_id: str, *, at: date, known_at: datetime | None, now: datetime
) -> Standing | None:
    """None when the institution is not in the snapshot, as known then."""
    snapshot = registry.snapshot
    run = snapshot.run_at(known_at)
    institution = snapshot.institution(institution_id, run)
    if institution is None:
        return None
    query = Query(did=_ITSELF, key=_ITS_KEY, awarded_on=at, award_kind=AwardKind.PROGRAMME, known_at=known_at)
    facts = gather(snapshot, registry.snapshot_facts(), (_itself(institution),), query)
    decision = resolve(facts, query, now=now)
    owners = {institution.id, *(step.predecessor for step in facts.relations)}
    owners |= {step.whole for step in facts.faculties}
    reports = snapshot.reports(sorted(owners), run, limit=MOST_REPORTS)
    named = {report.agency for report in reports}
    return Standing(
        institution=institution,
        at=at,
        known_at=known_at or now,
        # The binding was made for the question and is no evidence of anything.
        decision=replace(
            decision,
            evidence=tuple(item for item in decision.evidence if item.kind not in {"binding", "key"}),
        ),
        dids=_dids(registry, institution_id, at=at, known_at=known_at, now=now),
        reports=tuple(
            sorted(reports, key=lambda item: (item.valid_from, item.id), reverse=True)[:MOST_REPORTS]
        ),
        agencies=tuple(one for name in sorted(named) if (one := snapshot.agency(name, run)) is not None),
        relations=facts.relations,
        faculties=facts.faculties,
    )


def require_usable(registry: Source, now: datetime) -> None:
    """`TrustRegistryError` cannot_tell where the list itself allows no answer about today.

    For answers that have no word for "cannot tell": an empty list, or *false*, would read as a judgement. The
    conditions are those under which `resolve` says ``indeterminate`` whatever is asked about today.
    """
    facts = registry.snapshot_facts()
    state = snapshot_info(facts, now).freshness
    reason = None
    if facts.rolled_back:
        reason = Reason.SNAPSHOT_ROLLBACK
    elif not facts.authentic or facts.issued_at > now + CLOCK_SKEW:
        reason = Reason.SOURCE_UNCHECKED
    elif state in {Freshness.EXPIRED, Freshness.DEAD}:
        reason = Reason.SNAPSHOT_STALE
    elif facts.kind is SnapshotKind.DEMO and facts.deployment is not SnapshotKind.DEMO:
        reason = Reason.SNAPSHOT_DEMO
    if reason is not None:
        raise TrustRegistryError("cannot_tell", "This cannot be told at present.", str(reason))


def _itself(institution: Institution) -> Binding:
    return Binding(
        did=_ITSELF,
        institution_id=institution.id,
        level=3,
        thumbprint=_ITS_KEY,
        jwk={},
        valid_from=date.min,
        valid_to=None,
        revoked=None,
        evidence="",
        recorded_at=datetime.min.replace(tzinfo=UTC),
    )


def _dids(
    registry: Source, institution_id: str, *, at: date, known_at: datetime | None, now: datetime
) -> tuple[BoundDid, ...]:
    found = []
    for binding in latest_bindings(registry.bindings_of(institution_id), known_at or now):
        query = Query(
            did=binding.did,
            key=binding.thumbprint,
            awarded_on=at,
            award_kind=AwardKind.PROGRAMME,
            known_at=known_at,
        )
        found.append(BoundDid(binding, registry.resolve(query, now=now)))
    return tuple(sorted(found, key=lambda item: (item.binding.did, item.binding.thumbprint)))


def _did_json(item: BoundDid) -> dict[str, Any]:
    shown = {"did", "level", "thumbprint", "valid_from", "valid_to", "revoked", "recorded_at"}
    members = {name: value for name, value in item.binding.to_json().items() if name in shown}
    return {
        **members,
        "outcome": str(item.decision.outcome),
        "reasons": [str(reason) for reason in item.decision.reasons],
    }


def _report_json(report: Report) -> dict[str, Any]:
    last, inferred = cover.last_day(report)
    return {
        "id": report.id,
        "institutions": list(report.institution_ids),
        "agency": report.agency,
        "activity": str(report.activity),
        "status": str(report.status),
        "decision": str(report.decision),
        "flag": str(report.flag),
        "valid_from": report.valid_from.isoformat(),
        "last_day": last.isoformat(),
        "last_day_inferred": inferred,
        "cycles": sorted(map(str, report.cycles)) if report.cycles is not None else None,
        "programme": report.programme.name if report.programme else None,
        "url": report.url,
        "illustrative": report.illustrative,
    }

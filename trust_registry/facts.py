"""What the registry knows. Pure: no I/O, no clock.

Ends of periods are *inclusive* here (the last day that counts), because DEQAR itself uses both readings
(trust-registry.md section 1, "Traps"); where a day is the start of something else the field says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from trust_registry.dates import format_time, parse_date, parse_time
from trust_registry.vocabulary import (
    Activity,
    Cycle,
    Flag,
    RelationKind,
    ReportDecision,
    RevocationReason,
    SnapshotKind,
    Status,
)


@dataclass(frozen=True, slots=True)
class Closure:
    """Open before ``earliest``, closed from ``latest`` on; between the two the source does not say."""

    earliest: date
    latest: date


@dataclass(frozen=True, slots=True)
class Identifier:
    """Another register's name for an institution: ``resource`` is DEQAR's word (``ROR``, ``DID-EBSI``, …)."""

    resource: str
    value: str
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Institution:
    """``countries`` are ISO 3166 alpha-2 codes; empty when the source names none (most alliances).

    ``url`` is the source's page about it, ``website`` its own as the source writes it. ``names``: the official
    and other names besides ``name``, in any language and script, without repetition, in the source's order.
    """

    id: str
    name: str
    countries: tuple[str, ...] = ()
    url: str = ""
    founded: date | None = None
    closure: Closure | None = None
    other_provider: bool = False
    website: str = ""
    names: tuple[str, ...] = ()
    identifiers: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True)
class Relation:
    """``successor`` took the place of ``predecessor``; ``at`` is its first day."""

    predecessor: str
    successor: str
    at: date
    kind: RelationKind


@dataclass(frozen=True, slots=True)
class Faculty:
    """``part`` is a faculty of ``whole``, whose institutional cover it shares (DEQAR: "self → faculties").

    Only DEQAR's "faculty" and "independent faculty" are one; consortia, franchises, platforms and alliances
    are not. None: the source does not say from when or until when.
    """

    whole: str
    part: str
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Programme:
    """``degree`` None: the source does not say whether a degree is awarded."""

    name: str
    ects: Decimal | None = None
    degree: bool | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """One external quality-assurance report. ``cycles`` None: the source does not say which it covers."""

    id: str
    institution_ids: tuple[str, ...]
    agency: str
    activity: Activity
    status: Status
    decision: ReportDecision
    valid_from: date
    valid_to: date | None = None
    flag: Flag = Flag.NONE
    cycles: frozenset[Cycle] | None = None
    programme: Programme | None = None
    url: str = ""
    local_identifier: str = ""
    illustrative: bool = False


@dataclass(frozen=True, slots=True)
class Voiding:
    """EQAR took back an agency's inclusion for reports that start in this period, and said so later.

    It counts for what was known from ``recorded_at`` on, until ``withdrawn_at`` if it was itself taken back.
    """

    valid_from: date
    valid_to: date | None
    recorded_at: datetime
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StatedVoiding:
    """A voiding that an operator took from EQAR's published decisions; ``source`` is the https address of it."""

    agency: str
    valid_from: date
    valid_to: date | None
    source: str


@dataclass(frozen=True, slots=True)
class Agency:
    """``registrations``: periods on EQAR's register, also those that ``voidings`` took back.

    ``official_in`` None: the source does not say.
    """

    acronym: str
    name: str
    registrations: tuple[tuple[date, date | None], ...]
    voidings: tuple[Voiding, ...] = ()
    official_in: frozenset[str] | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class KeyRevocation:
    at: datetime
    reason: RevocationReason


@dataclass(frozen=True, slots=True)
class Binding:
    """This DID, with this key, is that institution: our own signed, dated word (trust-registry.md section 3).

    Levels: 0 a claim (never counts), 1 domain linkage, 2 plus out-of-band check, 3 an authority's word.
    A later record for the same DID, institution and key replaces an earlier one; ``recorded_at`` orders them.
    ``proposal`` is the one that two operators agreed on; empty for a direct bind, which counts only in a
    demonstration.
    """

    did: str
    institution_id: str
    level: int
    thumbprint: str
    jwk: Mapping[str, str]
    valid_from: date
    valid_to: date | None
    revoked: KeyRevocation | None
    evidence: str
    recorded_at: datetime
    proposal: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "did": self.did,
            "institution_id": self.institution_id,
            "level": self.level,
            "thumbprint": self.thumbprint,
            "jwk": dict(self.jwk),
            "valid_from": self.valid_from.isoformat(),
            "valid_to": self.valid_to.isoformat() if self.valid_to else None,
            "revoked": {"at": format_time(self.revoked.at), "reason": str(self.revoked.reason)}
            if self.revoked
            else None,
            "evidence": self.evidence,
            "recorded_at": format_time(self.recorded_at),
            "proposal": self.proposal,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Binding:
        """Raises `QueryError`, `KeyError` or `ValueError` on what is not a binding."""
        revoked = data["revoked"]
        return cls(
            did=data["did"],
            institution_id=data["institution_id"],
            level=data["level"],
            thumbprint=data["thumbprint"],
            jwk=data["jwk"],
            valid_from=parse_date(data["valid_from"], "valid_from"),
            valid_to=parse_date(data["valid_to"], "valid_to") if data["valid_to"] else None,
            revoked=KeyRevocation(parse_time(revoked["at"], "revoked"), RevocationReason(revoked["reason"]))
            if revoked
            else None,
            evidence=data["evidence"],
            recorded_at=parse_time(data["recorded_at"], "recorded_at"),
            proposal=str(data.get("proposal", "")),  # records of before the proposals have none
        )


@dataclass(frozen=True, slots=True)
class SnapshotFacts:
    """``authentic``: its manifest's signature and hash were checked. ``deployment``: what may rely on it."""

    seq: int
    issued_at: datetime
    kind: SnapshotKind
    sha256: str
    deployment: SnapshotKind
    authentic: bool = True
    rolled_back: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that bears on one DID; more does no harm, `resolve` takes what concerns the question.

    ``bindings_intact`` False: a stored binding did not verify, so none of them can be relied on.
    """

    snapshot: SnapshotFacts
    bindings: tuple[Binding, ...] = ()
    bindings_intact: bool = True
    institutions: tuple[Institution, ...] = ()
    relations: tuple[Relation, ...] = ()
    faculties: tuple[Faculty, ...] = ()
    reports: tuple[Report, ...] = ()
    agencies: tuple[Agency, ...] = ()

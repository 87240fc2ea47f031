"""What the registry is asked and what it answers. Pure: no I/O, no clock.

The wire forms are those of ``GET /v1/resolve``: `Query.to_params` and `Decision.to_json`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from trust_registry.dates import format_time, parse_date, parse_time
from trust_registry.errors import QueryError
from trust_registry.vocabulary import ASSURED, AwardKind, Freshness, Outcome, Reason, Scope, SnapshotKind

__all__ = [
    "ASSURED",
    "AwardKind",
    "ChainLink",
    "Decision",
    "EvidenceItem",
    "Freshness",
    "InstitutionInfo",
    "Outcome",
    "Query",
    "Reason",
    "Scope",
    "SnapshotInfo",
    "SnapshotKind",
]

# The forms, whole texts, of the members of a question; the API's description names the same ones.
DID = re.compile(r"did:[a-z0-9]+:[A-Za-z0-9._:%-]+")
THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")
COUNTRY = re.compile(r"[A-Z]{2}")
# JSON's own numbers: `Decimal` alone would also take blanks, underscores and digits of other scripts.
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")


@dataclass(frozen=True, slots=True)
class Query:
    """One question: is what this DID (and key) awarded on that day quality-assured?

    ``key`` is an RFC 7638 thumbprint, ``country`` ISO alpha-2, ``eqf`` 1 to 8, ``known_at`` the time whose
    knowledge counts (default: now). A member that cannot be used raises `QueryError`; a malformed time is
    refused and never read as "now" (trust-registry.md section 2).
    """

    did: str
    key: str | None
    awarded_on: date
    country: str | None = None
    eqf: int | None = None
    award_kind: AwardKind = AwardKind.MICRO_CREDENTIAL
    ects: Decimal | None = None
    programme: str | None = None
    known_at: datetime | None = None

    def __post_init__(self) -> None:
        _require(DID.fullmatch(self.did) is not None and len(self.did) <= 512, "did", "a DID")
        _require(
            self.key is None or THUMBPRINT.fullmatch(self.key) is not None, "key", "an RFC 7638 thumbprint"
        )
        _require(
            self.country is None or COUNTRY.fullmatch(self.country) is not None, "country", "two capitals"
        )
        _require(self.eqf is None or self.eqf in range(1, 9), "eqf", "a whole number from 1 to 8")
        _require(self.ects is None or (self.ects.is_finite() and 0 <= self.ects <= 1000), "ects", "0 to 1000")
        _require(self.programme is None or 0 < len(self.programme) <= 500, "programme", "1 to 500 characters")
        _require(
            self.known_at is None or self.known_at.tzinfo is not None, "known_at", "a time with its offset"
        )

    def to_params(self) -> dict[str, str]:
        """The query string of ``GET /v1/resolve``; what is not asked is left out."""
        values = {name: getattr(self, name) for name in _names(type(self))}
        return {
            name: format_time(value) if isinstance(value, datetime) else str(value)
            for name, value in values.items()
            if value is not None
        }

    @classmethod
    def from_params(cls, params: Mapping[str, str]) -> Query:
        """The inverse of `to_params`; an unknown, missing or malformed member raises `QueryError`."""
        unknown = sorted(params.keys() - set(_names(cls)))
        if unknown:
            # A misspelt known_at must not silently become "now".
            raise QueryError("unknown_parameter", f"There is no parameter {_shown(unknown[0])}.")
        missing = [name for name in ("did", "awarded_on") if name not in params]
        if missing:
            raise QueryError("missing_parameter", f"The parameter {missing[0]} is missing.")
        eqf, ects, kind = params.get("eqf"), params.get("ects"), params.get("award_kind")
        _require(eqf is None or (len(eqf) == 1 and eqf in "12345678"), "eqf", "a whole number from 1 to 8")
        _require(kind is None or kind in list(AwardKind), "award_kind", " or ".join(AwardKind))
        _require(ects is None or _NUMBER.fullmatch(ects) is not None, "ects", "0 to 1000")
        try:
            credit = Decimal(ects) if ects is not None else None
        except InvalidOperation as error:
            raise QueryError("bad_parameter", "The parameter ects is not 0 to 1000.") from error
        return cls(
            did=params["did"],
            key=params.get("key"),
            awarded_on=parse_date(params["awarded_on"], "awarded_on"),
            country=params.get("country"),
            eqf=int(eqf) if eqf is not None else None,
            award_kind=AwardKind(kind) if kind is not None else AwardKind.MICRO_CREDENTIAL,
            ects=credit,
            programme=params.get("programme"),
            known_at=parse_time(params["known_at"], "known_at") if "known_at" in params else None,
        )


@dataclass(frozen=True, slots=True)
class EvidenceItem:
    """``at`` is a date or an RFC 3339 time; ``illustrative`` facts were made up for a demonstration."""

    kind: str
    label: str
    value: str = ""
    url: str = ""
    at: str = ""
    illustrative: bool = False


@dataclass(frozen=True, slots=True)
class ChainLink:
    """One step of "who says so": institution ← report ← agency ← register ← snapshot."""

    role: str
    name: str
    id: str = ""
    url: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class InstitutionInfo:
    id: str
    name: str
    country: str
    countries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SnapshotInfo:
    """Which data the answer rests on, and how old they were then."""

    seq: int
    issued_at: str
    age_seconds: int
    freshness: Freshness
    kind: SnapshotKind
    sha256: str

    def to_json(self) -> dict[str, Any]:
        return _plain(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SnapshotInfo:
        """Raises `KeyError`, `TypeError` or `ValueError` on what is not one."""
        words = {"freshness": Freshness(data["freshness"]), "kind": SnapshotKind(data["kind"])}
        return _built(cls, {**data, **words})


@dataclass(frozen=True, slots=True)
class Decision:
    outcome: Outcome
    reasons: tuple[Reason, ...]
    evidence: tuple[EvidenceItem, ...]
    authority_chain: tuple[ChainLink, ...]
    institution: InstitutionInfo | None
    scope: Scope
    snapshot: SnapshotInfo

    def to_json(self) -> dict[str, Any]:
        return {
            "version": 1,
            "outcome": str(self.outcome),
            "reasons": [str(reason) for reason in self.reasons],
            "evidence": [_plain(item) for item in self.evidence],
            "authority_chain": [_plain(link) for link in self.authority_chain],
            "institution": _plain(self.institution) if self.institution else None,
            "scope": str(self.scope),
            "snapshot": self.snapshot.to_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Decision:
        """Raises `KeyError`, `TypeError` or `ValueError` on what is not a version-1 decision."""
        if data["version"] != 1:
            raise ValueError("not a version-1 decision")
        found, snapshot = data["institution"], data["snapshot"]
        return cls(
            outcome=Outcome(data["outcome"]),
            reasons=tuple(Reason(reason) for reason in data["reasons"]),
            evidence=tuple(_built(EvidenceItem, item) for item in data["evidence"]),
            authority_chain=tuple(_built(ChainLink, link) for link in data["authority_chain"]),
            institution=InstitutionInfo(**{**found, "countries": tuple(found["countries"])})
            if found
            else None,
            scope=Scope(data["scope"]),
            snapshot=SnapshotInfo.from_json(snapshot),
        )


def _require(holds: bool, name: str, what: str) -> None:
    if not holds:
        raise QueryError("bad_parameter", f"The parameter {name} is not {what}.")


def _shown(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "?", text[:40])


_MEMBERS: dict[str, type] = {"str": str, "bool": bool, "int": int, "tuple[str, ...]": tuple}


def _built[Item](cls: type[Item], members: Mapping[str, Any]) -> Item:
    """``cls(**members)`` with every plain member of the type it says; `TypeError` otherwise."""
    for field in fields(cls):  # type: ignore[arg-type]
        wanted = _MEMBERS.get(str(field.type))
        value = members.get(field.name, field.default)
        if wanted is not None and type(value) is not wanted:
            raise TypeError(f"{field.name} is not of type {field.type}")
    return cls(**members)


_FIELDS: dict[Any, tuple[str, ...]] = {}


def _names(of: Any) -> tuple[str, ...]:
    """A dataclass's members; asked for five times in every answer."""
    if of not in _FIELDS:
        _FIELDS[of] = tuple(field.name for field in fields(of))
    return _FIELDS[of]


def _plain(item: Any) -> dict[str, Any]:
    found = {}
    for name in _names(type(item)):
        value = getattr(item, name)
        found[name] = (
            str(value) if isinstance(value, StrEnum) else list(value) if isinstance(value, tuple) else value
        )
    return found

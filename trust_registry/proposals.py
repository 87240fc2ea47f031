"""A proposal to bind a DID, and its end. Pure.

It becomes a binding only when another operator approves it (trust-registry.md section 3, level 2: "two
approvals"). Both are statements signed by the registry's key: who, when, on what evidence, what the checks
found then. A proposal that nobody decided on within `LIFETIME` is over: evidence grows old.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from trust_registry.dates import format_time, parse_date, parse_time
from trust_registry.errors import BindingError
from trust_registry.findings import Finding, Result
from trust_registry.keys import thumbprint

LIFETIME = timedelta(days=14)
MAX_OPEN = 200
MAX_SOURCES = 10


class State(StrEnum):
    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Proposal:
    """``sources`` are https addresses where the proposer saw the domain given to the institution."""

    id: str
    did: str
    institution_id: str
    level: int
    jwk: Mapping[str, str]
    valid_from: date
    valid_to: date | None
    evidence: str
    sources: tuple[str, ...]
    by: str
    at: datetime
    findings: tuple[Finding, ...]

    @property
    def expires_at(self) -> datetime:
        return self.at + LIFETIME

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "did": self.did,
            "institution_id": self.institution_id,
            "level": self.level,
            "jwk": dict(self.jwk),
            "thumbprint": thumbprint(dict(self.jwk)),
            "valid_from": self.valid_from.isoformat(),
            "valid_to": self.valid_to.isoformat() if self.valid_to else None,
            "evidence": self.evidence,
            "sources": list(self.sources),
            "proposed_by": self.by,
            "proposed_at": format_time(self.at),
            "expires_at": format_time(self.expires_at),
            "findings": [finding.to_json() for finding in self.findings],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Proposal:
        return cls(
            id=data["id"],
            did=data["did"],
            institution_id=data["institution_id"],
            level=data["level"],
            jwk=data["jwk"],
            valid_from=parse_date(data["valid_from"], "valid_from"),
            valid_to=parse_date(data["valid_to"], "valid_to") if data["valid_to"] else None,
            evidence=data["evidence"],
            sources=tuple(data["sources"]),
            by=data["proposed_by"],
            at=parse_time(data["proposed_at"], "proposed_at"),
            findings=_findings(data["findings"]),
        )


@dataclass(frozen=True, slots=True)
class Closed:
    """How a proposal ended; ``why`` is the rejecting operator's word, empty for an approval."""

    proposal: str
    approved: bool
    by: str
    at: datetime
    why: str
    findings: tuple[Finding, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "proposal": self.proposal,
            "approved": self.approved,
            "by": self.by,
            "at": format_time(self.at),
            "why": self.why,
            "findings": [finding.to_json() for finding in self.findings],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Closed:
        return cls(
            data["proposal"],
            data["approved"],
            data["by"],
            parse_time(data["at"], "at"),
            data["why"],
            _findings(data["findings"]),
        )


def state(proposal: Proposal, closed: Closed | None, now: datetime) -> State:
    if closed is not None:
        return State.APPROVED if closed.approved else State.REJECTED
    return State.OPEN if now < proposal.expires_at else State.EXPIRED


def check_open(proposal: Proposal, closed: Closed | None, now: datetime) -> None:
    """`BindingError` proposal_closed or proposal_expired."""
    found = state(proposal, closed, now)
    if found is State.EXPIRED:
        day = proposal.expires_at.date()
        raise BindingError("proposal_expired", f"The proposal was over on {day}.", "Propose it anew.")
    if found is not State.OPEN:
        raise BindingError("proposal_closed", "The proposal has already been decided.")


def check_second(proposal: Proposal, operator: str, operators: frozenset[str]) -> None:
    """The two-operator rule; `BindingError` same_operator or proposer_removed."""
    if operator == proposal.by:
        raise BindingError("same_operator", "Who proposes does not approve: another operator has to.")
    # Whoever was taken off the list may have been so because of such proposals.
    if proposal.by not in operators:
        raise BindingError("proposer_removed", f"{proposal.by} is no longer an operator.", "Propose it anew.")


def check_findings(level: int, found: tuple[Finding, ...]) -> None:
    """What a binding of this level needs; `BindingError` check_failed or check_unknown names what is missing.

    Level 0 is a note. 1 and 2 rest on live domain linkage on a domain that two sources give. 3 rests on an
    authority's word, so a host that says nothing of the DID is no obstacle; one that contradicts it is.
    """
    for finding in found:
        if finding.result is Result.PASS or (level == 0 and finding.check not in PLACE_CHECKS):
            continue
        silent = finding.code in {"not_published", "not_linked", "too_few_sources"}
        if level == 3 and finding.check not in KEY_CHECKS and (silent or finding.result is Result.UNKNOWN):
            continue
        code = "check_failed" if finding.result is Result.FAIL else "check_unknown"
        raise BindingError(code, f"{finding.check}: {finding.detail}", f"The check says {finding.code}.")


PLACE_CHECKS = frozenset({"institution", "did", "host"})
KEY_CHECKS = frozenset({*PLACE_CHECKS, "key"})


def _findings(data: Any) -> tuple[Finding, ...]:
    return tuple(
        Finding(item["check"], Result(item["result"]), item["code"], item["detail"]) for item in data
    )

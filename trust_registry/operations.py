"""An operator's request as it comes in, from the command line or over HTTP: one body, one answer each.

The same path serves both, so that neither can do what the other may not. Order: token, then body, then work.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from pydantic import Field

from trust_registry import bodies, proposals
from trust_registry.bindings import MAX_EVIDENCE_CHARS
from trust_registry.bodies import Body, Day, Did, Level, Moment, Thumbprint, Why
from trust_registry.dates import format_time, parse_date, parse_time
from trust_registry.desk import MAX_WHY_CHARS, Desk, Terms
from trust_registry.errors import QueryError
from trust_registry.outside import Fetch, fetcher
from trust_registry.registry import Registry
from trust_registry.vocabulary import RevocationReason


class Proposed(Body):
    """Dates are YYYY-MM-DD; without ``jwk`` the key is taken from the DID's document."""

    did: Did
    institution_id: str = Field(max_length=40)
    level: Level
    valid_from: Day
    valid_to: Day | None = None
    evidence: str = Field(min_length=1, max_length=MAX_EVIDENCE_CHARS)
    sources: list[str] = Field(default=[], max_length=proposals.MAX_SOURCES)
    jwk: dict[str, str] | None = None
    kid: str | None = Field(default=None, max_length=600)


class OfProposal(Body):
    proposal: str = Field(max_length=64)


class Rejected(OfProposal):
    why: str = Field(min_length=1, max_length=MAX_WHY_CHARS)


class OfDid(Body):
    did: Did


class Revoked(OfDid):
    """``at`` (RFC 3339): with reason compromised, when it happened; absent: now."""

    thumbprint: Thumbprint
    reason: Why
    at: Moment | None = None


class Nothing(Body):
    pass


class Log(Body):
    head: str | None = Field(default=None, max_length=100)


def perform(
    registry: Registry,
    operation: str,
    *,
    operator: str,
    body: bytes,
    now: datetime,
    fetch: Fetch | None = None,
) -> dict[str, Any]:
    """Do what ``operation`` (a key of `OPERATIONS`) names, for an operator who was authenticated."""
    model, work = OPERATIONS[operation]
    parsed = bodies.parse(body, model)
    desk = Desk(registry, operator=operator, now=now, fetch=fetch or fetcher(allow_loopback=registry.is_demo))
    return work(desk, parsed, now)


def _propose(desk: Desk, body: Any, _: datetime) -> dict[str, Any]:
    terms = Terms(
        did=body.did,
        institution_id=body.institution_id,
        level=body.level,
        valid_from=parse_date(body.valid_from, "valid_from"),
        valid_to=parse_date(body.valid_to, "valid_to") if body.valid_to is not None else None,
        evidence=body.evidence,
        sources=tuple(body.sources),
        jwk=body.jwk,
        kid=body.kid,
    )
    return desk.propose(terms).to_json()


def _revoke(desk: Desk, body: Any, now: datetime) -> dict[str, Any]:
    if body.reason not in list(RevocationReason):
        raise QueryError("bad_reason", f"The reason is one of {', '.join(RevocationReason)}.")
    at = parse_time(body.at, "at") if body.at is not None else now
    made = desk.revoke(body.did, body.thumbprint, at=at, reason=RevocationReason(body.reason))
    return {"did": body.did, "at": format_time(at), "bindings": [one.to_json() for one in made]}


type Work = Callable[[Desk, Any, datetime], dict[str, Any]]

OPERATIONS: dict[str, tuple[type[Body], Work]] = {
    "propose": (Proposed, _propose),
    "approve": (OfProposal, lambda desk, body, _: desk.approve(body.proposal).to_json()),
    "reject": (Rejected, lambda desk, body, _: desk.reject(body.proposal, body.why).to_json()),
    "check": (OfDid, lambda desk, body, _: desk.check(body.did)),
    "revoke": (Revoked, _revoke),
    "list": (Nothing, lambda desk, _body, _: desk.listing()),
    "audit": (Log, lambda desk, body, _: desk.audit_log(body.head)),
}

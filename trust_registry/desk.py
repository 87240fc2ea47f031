"""The work of one named operator: propose, check, approve, reject, revoke, list.

Proposal and approval are two operators' (trust-registry.md section 3, level 2); a revocation is one's, because
a stolen key does not wait for a second person. Everything done here is in the audit log.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from trust_registry import audit, bindings, checks, proposals
from trust_registry.audit import Action
from trust_registry.dates import format_time
from trust_registry.errors import BindingError, TrustRegistryError
from trust_registry.facts import Binding
from trust_registry.findings import Finding, Result
from trust_registry.keys import Jwk, jwk_from_raw, raw_from_jwk, thumbprint
from trust_registry.outside import Fetch
from trust_registry.proposals import Closed, Proposal, State
from trust_registry.registry import Registry
from trust_registry.store import Act
from trust_registry.strict_json import canonical
from trust_registry.vocabulary import RevocationReason

MAX_WHY_CHARS = 500
_MAX_SOURCE_CHARS = 500


@dataclass(frozen=True, slots=True)
class Terms:
    """What is proposed. ``jwk`` None: the key ``kid`` of the DID's document, or its only one."""

    did: str
    institution_id: str
    level: int
    valid_from: date
    valid_to: date | None
    evidence: str
    sources: tuple[str, ...] = ()
    jwk: Jwk | None = None
    kid: str | None = None


class Desk:
    """``operator`` has been authenticated by the caller; ``now`` is the time of this piece of work."""

    def __init__(self, registry: Registry, *, operator: str, now: datetime, fetch: Fetch) -> None:
        self._registry, self._operator, self._now, self._fetch = registry, operator, now, fetch
        self._store = registry.store

    def propose(self, terms: Terms) -> Proposal:
        """Keep a proposal with what the checks find now. Refused at once only for what no time can mend."""
        bindings.check_terms(
            did=terms.did,
            level=terms.level,
            valid_from=terms.valid_from,
            valid_to=terms.valid_to,
            evidence=terms.evidence,
        )
        _check_sources(terms.sources)
        if len(self._open()) >= proposals.MAX_OPEN:
            raise BindingError("too_many_open", f"{proposals.MAX_OPEN} proposals are open; decide on some.")
        # The place first: nothing is fetched from a host that cannot be bound.
        placed = self._placed(terms.did, terms.institution_id)
        for finding in placed:
            if finding.result is not Result.PASS:
                raise BindingError(finding.code, finding.detail)
        seen = checks.look(terms.did, self._fetch)
        jwk = terms.jwk
        if jwk is None:
            jwk = _choose(checks.read_keys(seen.document, terms.did), terms.kid)
        public = jwk_from_raw(raw_from_jwk(jwk))
        bindings.check_not_revoked(self._store, terms.did, thumbprint(public))
        found = (*placed, *self._judged(seen, terms, public))
        proposal = Proposal(
            id=secrets.token_hex(8),
            did=terms.did,
            institution_id=terms.institution_id,
            level=terms.level,
            jwk=public,
            valid_from=terms.valid_from,
            valid_to=terms.valid_to,
            evidence=terms.evidence,
            sources=terms.sources,
            by=self._operator,
            at=self._now,
            findings=found,
        )
        self._store.add_proposal(proposal, self._act(Action.PROPOSE))
        return proposal

    def approve(self, identifier: str) -> Binding:
        """Make the binding, after every check again. A refusal is logged too."""
        proposal, closed = self._proposal(identifier)
        try:
            return self._approve(proposal, closed)
        except TrustRegistryError as error:
            self._store.note(self._act(Action.REFUSED), f"{proposal.id} {error.code}")
            raise

    def _approve(self, proposal: Proposal, closed: Closed | None) -> Binding:
        # 1. Still open, and this is another operator than the proposer, who is still one.
        proposals.check_open(proposal, closed, self._now)
        proposals.check_second(proposal, self._operator, self._registry.operators.names())
        # 2. Everything that was checked at the proposal, as it is now.
        placed = self._placed(proposal.did, proposal.institution_id)
        seen = checks.look(proposal.did, self._fetch)
        jwk = dict(proposal.jwk)
        found = (*placed, *self._judged(seen, proposal, jwk))
        proposals.check_findings(proposal.level, found)
        # 3. Binding, end of the proposal and log entries, in one transaction.
        return bindings.bind(
            self._store,
            self._registry.snapshot,
            did=proposal.did,
            jwk=jwk,
            institution_id=proposal.institution_id,
            level=proposal.level,
            valid_from=proposal.valid_from,
            valid_to=proposal.valid_to,
            evidence=proposal.evidence,
            now=self._now,
            operator=self._operator,
            closes=Closed(proposal.id, True, self._operator, self._now, "", found),
            demo=self._registry.is_demo,
        )

    def reject(self, identifier: str, why: str) -> Closed:
        """End a proposal without a binding; its proposer may do so too."""
        proposal, closed = self._proposal(identifier)
        proposals.check_open(proposal, closed, self._now)
        if not 0 < len(why) <= MAX_WHY_CHARS:
            raise BindingError("no_reason", f"A rejection says why, in 1 to {MAX_WHY_CHARS} characters.")
        end = Closed(proposal.id, False, self._operator, self._now, why, ())
        self._store.close_proposal(end)
        return end

    def check(self, did: str) -> dict[str, Any]:
        """What is bound, against what the DID's host says now: pinned, revoked and quarantined keys."""
        seen = checks.look(did, self._fetch)
        records = self._registry.issuer(did, now=self._now)
        institutions = sorted({record.institution_id for record in records})
        found: list[Finding] = []
        for one in institutions:
            found += self._placed(did, one)
        keys = checks.read_keys(seen.document, did)
        offered: dict[str, Jwk] = {}
        if isinstance(keys, Finding):
            found.append(keys)
        else:
            offered = {thumbprint(key): key for key in keys.values()}
            if records:  # of a DID that is bound to nothing, no key is pinned and none can be new
                found.append(checks.key_finding(records, offered, self._now))
            found.append(checks.linked(seen.configuration, did, keys, self._now))
        known = {record.thumbprint for record in records}
        strange = sorted(offered.keys() - known) if records else []
        self._quarantine(did, strange)
        report = {
            "did": did,
            "institutions": institutions,
            "findings": [finding.to_json() for finding in found],
            "keys": [_key(record, record.thumbprint in offered) for record in records],
            "quarantined": strange,
        }
        self._store.note(self._act(Action.CHECK), did, audit.sha256(canonical(report).decode()))
        return report

    def revoke(self, did: str, key: str, *, at: datetime, reason: RevocationReason) -> list[Binding]:
        """``at`` is the moment of the compromise, if it was one."""
        return bindings.revoke_key(
            self._store, did=did, key=key, at=at, reason=reason, now=self._now, operator=self._operator
        )

    def listing(self) -> dict[str, Any]:
        """Proposals, bindings as they count here, and keys that wait in quarantine."""
        stored = self._store.bindings()
        if not stored.intact:
            raise BindingError("binding_not_authentic", "A stored binding does not verify.")
        dids = dict.fromkeys(record.did for record in stored.bindings)
        counting = [one for did in dids for one in self._registry.issuer(did, now=self._now)]
        known = {(one.did, one.thumbprint) for one in counting}
        waiting = dict.fromkeys(
            (entry.subject, format_time(entry.at))
            for entry in self._store.audit()
            if entry.action is Action.QUARANTINE and tuple(entry.subject.split(" ")) not in known
        )
        return {
            "proposals": [
                {
                    **proposal.to_json(),
                    "state": str(proposals.state(proposal, closed, self._now)),
                    "closed": closed.to_json() if closed else None,
                }
                for proposal, closed in self._store.proposals()
            ],
            "bindings": [one.to_json() for one in counting],
            "quarantined": [
                {"did": subject.split(" ")[0], "thumbprint": subject.split(" ")[1], "first_seen": at}
                for subject, at in waiting
            ],
        }

    def audit_log(self, noted: str | None) -> dict[str, Any]:
        """The log, verified; ``noted`` a head kept elsewhere."""
        entries = self._store.audit(audit.Head.parse(noted) if noted is not None else None)
        return {"head": str(self._store.audit_head()), "entries": [entry.to_json() for entry in entries]}

    def _placed(self, did: str, institution_id: str) -> tuple[Finding, ...]:
        snapshot, demo = self._registry.snapshot, self._registry.is_demo
        return checks.place(self._store, snapshot, did=did, institution_id=institution_id, demo=demo)

    def _judged(self, seen: checks.Seen, of: Terms | Proposal, jwk: Jwk) -> tuple[Finding, ...]:
        return checks.judge(
            seen,
            self._registry.snapshot,
            did=of.did,
            institution_id=of.institution_id,
            jwk=jwk,
            sources=of.sources,
            level=of.level,
            now=self._now,
        )

    def _quarantine(self, did: str, strange: Iterable[str]) -> None:
        """Named once in the log, at first sight; nothing believes such a key until a proposal is approved."""
        logged = {entry.subject for entry in self._store.audit() if entry.action is Action.QUARANTINE}
        for key in strange:
            if f"{did} {key}" not in logged:
                self._store.note(self._act(Action.QUARANTINE), f"{did} {key}")

    def _proposal(self, identifier: str) -> tuple[Proposal, Closed | None]:
        for proposal, closed in self._store.proposals():
            if proposal.id == identifier:
                return proposal, closed
        raise BindingError("unknown_proposal", "There is no such proposal.")

    def _open(self) -> list[Proposal]:
        return [
            proposal
            for proposal, closed in self._store.proposals()
            if proposals.state(proposal, closed, self._now) is State.OPEN
        ]

    def _act(self, action: Action) -> Act:
        return Act(self._operator, action, self._now)


def _choose(found: dict[str, Jwk] | Finding, kid: str | None) -> Jwk:
    if isinstance(found, Finding):
        raise BindingError(found.code, found.detail, "Give the key itself, or try again later.")
    unique = {thumbprint(key): key for name, key in found.items() if kid in {None, name}}
    if len(unique) != 1:
        raise BindingError(
            "which_key", f"The DID document has {len(unique)} such keys.", "Choose one by its key id."
        )
    return next(iter(unique.values()))


def _check_sources(sources: tuple[str, ...]) -> None:
    usable = all(
        len(one) <= _MAX_SOURCE_CHARS
        and one.isprintable()
        and one.startswith("https://")
        and urlsplit(one).hostname
        for one in sources
    )
    if len(sources) > proposals.MAX_SOURCES or not usable:
        raise BindingError("bad_source", f"Sources are up to {proposals.MAX_SOURCES} https addresses.")


def _key(record: Binding, offered: bool) -> dict[str, Any]:
    revoked = record.to_json()["revoked"]
    return {
        "thumbprint": record.thumbprint,
        "institution_id": record.institution_id,
        "level": record.level,
        "valid_from": record.valid_from.isoformat(),
        "valid_to": record.valid_to.isoformat() if record.valid_to else None,
        "revoked": revoked,
        "in_document": offered,
    }

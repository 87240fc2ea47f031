"""What may be bound to what: the rules in front of the store (trust-registry.md section 3, "Binding").

A binding is made by the registry's operators, never inferred when something is verified. Refused: one DID for
two institutions, one host for unrelated institutions, a shared host (`trust_registry.checks`), a key that was
revoked. A binding without an approved proposal counts only in a demonstration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime

from trust_registry import checks
from trust_registry.audit import HOME, Action
from trust_registry.errors import BindingError
from trust_registry.facts import Binding, KeyRevocation
from trust_registry.findings import Result
from trust_registry.keys import Jwk, did_web_url, jwk_from_raw, raw_from_jwk, thumbprint
from trust_registry.proposals import Closed
from trust_registry.resolve import counting, latest_bindings
from trust_registry.snapshot import Snapshot
from trust_registry.store import Act, Store
from trust_registry.vocabulary import RevocationReason

Change = Callable[[Binding], Binding]
MAX_EVIDENCE_CHARS = 2000


def bind(
    store: Store,
    snapshot: Snapshot,
    *,
    did: str,
    jwk: Jwk,
    institution_id: str,
    level: int,
    valid_from: date,
    valid_to: date | None = None,
    evidence: str,
    now: datetime,
    operator: str = HOME,
    closes: Closed | None = None,
    demo: bool = True,
) -> Binding:
    """Make and store a binding; `BindingError` (or `KeyFormatError`) says why not.

    ``closes`` is the approval that it rests on; without one it is direct, and never counts outside a
    demonstration. ``demo`` allows a DID on loopback.
    """
    public = jwk_from_raw(raw_from_jwk(jwk))
    check_terms(did=did, level=level, valid_from=valid_from, valid_to=valid_to, evidence=evidence)
    seen = store.last_number()
    for finding in checks.place(store, snapshot, did=did, institution_id=institution_id, demo=demo):
        if finding.result is not Result.PASS:
            raise BindingError(finding.code, finding.detail)
    binding = Binding(
        did=did,
        institution_id=institution_id,
        level=level,
        thumbprint=thumbprint(public),
        jwk=public,
        valid_from=valid_from,
        valid_to=valid_to,
        revoked=None,
        evidence=evidence,
        recorded_at=now,
        proposal=closes.proposal if closes is not None else "",
    )
    check_not_revoked(store, did, binding.thumbprint)
    store.add_binding(binding, Act(operator, Action.BIND, now), closes=closes, seen=seen)
    return binding


def check_terms(*, did: str, level: int, valid_from: date, valid_to: date | None, evidence: str) -> None:
    """What can be said of a binding without asking anybody; `BindingError` or `KeyFormatError`."""
    did_web_url(did)
    if level not in range(4):
        raise BindingError("bad_level", "A binding's level is 0, 1, 2 or 3.")
    if valid_to is not None and valid_to < valid_from:
        raise BindingError("bad_period", "The binding ends before it begins.")
    if not 0 < len(evidence) <= MAX_EVIDENCE_CHARS:
        raise BindingError(
            "no_evidence", f"A binding needs its evidence in 1 to {MAX_EVIDENCE_CHARS} characters."
        )


def check_not_revoked(store: Store, did: str, key: str) -> None:
    if any(known.thumbprint == key and known.revoked is not None for known in _known(store, did)):
        raise BindingError("key_revoked", "The key was revoked; a revocation is not taken back.")


def revoke_key(
    store: Store,
    *,
    did: str,
    key: str,
    at: datetime,
    reason: RevocationReason,
    now: datetime,
    operator: str = HOME,
) -> list[Binding]:
    """Revoke a key (RFC 7638 thumbprint) of a DID from ``at`` on; returns the records made."""

    def revoke(binding: Binding) -> Binding:
        return replace(binding, revoked=_earlier(binding, at, reason))

    return _amend(store, did, key, revoke, Act(operator, Action.REVOKE, now))


def unbind(store: Store, *, did: str, last_day: date, now: datetime, operator: str = HOME) -> list[Binding]:
    """End every binding of a DID with ``last_day``; what was awarded until then keeps its issuer."""

    def end(binding: Binding) -> Binding:
        earlier = binding.valid_to is not None and binding.valid_to < last_day
        return binding if earlier else replace(binding, valid_to=last_day)

    return _amend(store, did, None, end, Act(operator, Action.UNBIND, now))


def pinned_keys(store: Store, did: str, now: datetime, *, demo: bool = True) -> list[Jwk]:
    """Keys whose signed objects the mirror takes: bound, not revoked, not yet ended."""
    return [
        dict(binding.jwk)
        for binding in latest_bindings(counting(_known(store, did), demo=demo), now)
        if binding.revoked is None and (binding.valid_to is None or now.date() <= binding.valid_to)
    ]


def current(store: Store, did: str, now: datetime) -> list[Binding]:
    """The records that count now, one per institution and key; level 0 included, to be looked at."""
    return newest(_known(store, did), now)


def newest(records: Iterable[Binding], now: datetime) -> list[Binding]:
    return list(
        {(item.institution_id, item.thumbprint): item for item in records if item.recorded_at <= now}.values()
    )


def _known(store: Store, did: str) -> tuple[Binding, ...]:
    stored = store.bindings(did)
    if not stored.intact:
        raise BindingError("binding_not_authentic", "A stored binding of this DID does not verify.")
    return stored.bindings


def _amend(store: Store, did: str, key: str | None, change: Change, act: Act) -> list[Binding]:
    changed: list[Binding] = []
    seen = store.last_number()
    for binding in current(store, did, act.at):
        if key is None or binding.thumbprint == key:
            amended = replace(change(binding), recorded_at=act.at)
            # On what was read: a stronger word that came meanwhile must not be replaced by a weaker one.
            store.add_binding(amended, act, seen=seen + len(changed))
            changed.append(amended)
    if not changed:
        raise BindingError("did_not_bound", "There is no such binding.")
    return changed


def _earlier(binding: Binding, at: datetime, reason: RevocationReason) -> KeyRevocation:
    """A later word may make a revocation stronger, never weaker."""
    before = binding.revoked
    if before is None:
        return KeyRevocation(at, reason)
    compromised = RevocationReason.COMPROMISED in {before.reason, reason}
    return KeyRevocation(min(before.at, at), RevocationReason.COMPROMISED if compromised else reason)

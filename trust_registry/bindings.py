"""What may be bound to what: the rules in front of the store (trust-registry.md section 3, "Binding").

A binding is made by the registry's operator, never inferred when something is verified. Refused: one DID for
two institutions, one host for unrelated institutions, a shared host, a key that was revoked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime

from trust_registry.errors import BindingError
from trust_registry.facts import Binding, KeyRevocation
from trust_registry.keys import Jwk, did_web_url, jwk_from_raw, raw_from_jwk, thumbprint
from trust_registry.resolve import latest_bindings
from trust_registry.snapshot import Snapshot
from trust_registry.store import Store
from trust_registry.vocabulary import RevocationReason

Change = Callable[[Binding], Binding]
MAX_EVIDENCE_CHARS = 2000
# Hosts that lend their name to anybody; a production deployment needs the whole public-suffix list here.
_SHARED_HOSTS = ("sites.google.com", "github.io", "gitlab.io", "netlify.app", "vercel.app", "wordpress.com")


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
) -> Binding:
    """Make and store a binding; `BindingError` (or `KeyFormatError`) says why not."""
    public = jwk_from_raw(raw_from_jwk(jwk))
    url = did_web_url(did)
    if level not in range(4):
        raise BindingError("bad_level", "A binding's level is 0, 1, 2 or 3.")
    if valid_to is not None and valid_to < valid_from:
        raise BindingError("bad_period", "The binding ends before it begins.")
    if not 0 < len(evidence) <= MAX_EVIDENCE_CHARS:
        raise BindingError(
            "no_evidence", f"A binding needs its evidence in 1 to {MAX_EVIDENCE_CHARS} characters."
        )
    if snapshot.institution(institution_id) is None:
        raise BindingError("unknown_institution", f"{institution_id[:40]} is not in the snapshot.")
    _check_host(store, snapshot, url.host if url.scheme == "https" else "", institution_id)
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
    )
    for known in _known(store, did):
        if known.institution_id != institution_id:
            raise BindingError("did_ambiguous", f"The DID is already bound to {known.institution_id}.")
        if known.thumbprint == binding.thumbprint and known.revoked is not None:
            raise BindingError("key_revoked", "The key was revoked; a revocation is not taken back.")
    store.add_binding(binding)
    return binding


def revoke_key(
    store: Store, *, did: str, key: str, at: datetime, reason: RevocationReason, now: datetime
) -> list[Binding]:
    """Revoke a key (RFC 7638 thumbprint) of a DID from ``at`` on; returns the records made."""
    return _amend(
        store, did, key, lambda binding: replace(binding, revoked=_earlier(binding, at, reason)), now
    )


def unbind(store: Store, *, did: str, last_day: date, now: datetime) -> list[Binding]:
    """End every binding of a DID with ``last_day``; what was awarded until then keeps its issuer."""

    def end(binding: Binding) -> Binding:
        earlier = binding.valid_to is not None and binding.valid_to < last_day
        return binding if earlier else replace(binding, valid_to=last_day)

    return _amend(store, did, None, end, now)


def pinned_keys(store: Store, did: str, now: datetime) -> list[Jwk]:
    """Keys whose signed objects the mirror takes: bound, not revoked, not yet ended."""
    return [
        dict(binding.jwk)
        for binding in latest_bindings(_known(store, did), now)
        if binding.revoked is None and (binding.valid_to is None or now.date() <= binding.valid_to)
    ]


def current(store: Store, did: str, now: datetime) -> list[Binding]:
    """The records that count now, one per institution and key; level 0 included, to be looked at."""
    newest = {
        (item.institution_id, item.thumbprint): item for item in _known(store, did) if item.recorded_at <= now
    }
    return list(newest.values())


def _known(store: Store, did: str) -> tuple[Binding, ...]:
    stored = store.bindings(did)
    if not stored.intact:
        raise BindingError("binding_not_authentic", "A stored binding of this DID does not verify.")
    return stored.bindings


def _amend(store: Store, did: str, key: str | None, change: Change, now: datetime) -> list[Binding]:
    changed = []
    for binding in current(store, did, now):
        if key is None or binding.thumbprint == key:
            amended = replace(change(binding), recorded_at=now)
            store.add_binding(amended)
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


def _check_host(store: Store, snapshot: Snapshot, host: str, institution_id: str) -> None:
    """Loopback hosts (empty here) are for demonstrations only and may carry any institution."""
    if not host:
        return
    if any(host == shared or host.endswith(f".{shared}") for shared in _SHARED_HOSTS):
        raise BindingError("shared_host", "The DID's host is one that lends its name to anybody.")
    for known in store.bindings().bindings:
        other = known.institution_id
        if other == institution_id or did_web_url(known.did).host != host:
            continue
        related = {step.predecessor for one in (other, institution_id) for step in snapshot.lineage(one)}
        if not related & {other, institution_id}:
            raise BindingError("host_ambiguous", f"The DID's host already stands for {other}.")

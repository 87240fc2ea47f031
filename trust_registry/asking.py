"""Asking a trust registry so that the answer can be relied on: signed when it answers, from a copy when not.

1. The key comes from the copy of the registry's list (`trust_registry.local_copy`), whose first root is pinned or
   was trusted at first contact; without one nothing the registry says is believed.
2. The registry is asked for a signed answer, with a nonce: question, time and list number are under the signature
   (`trust_registry.signed_answers`). A signature by another key is tried again after fetching the list, since keys
   rotate; then it is no answer.
3. When the registry does not answer, the copy does, by the same decision, as old as its list and its signature
   are: stale, expired and dead say so, and are never "not found" (trust-registry.md section 3, "Staleness").
4. An older list than one seen before makes the answer indeterminate, and so do demonstration data where this
   deployment is none, whatever the registry thinks of itself.

Everything that could not be checked for an answer is named in ``unchecked``.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from trust_registry.bindings_file import FORMAT, BindingsFile
from trust_registry.client import RegistryClient
from trust_registry.copied import Copy
from trust_registry.errors import ObjectError, RegistryUnreachable, SnapshotError, TrustRegistryError
from trust_registry.facts import SnapshotFacts
from trust_registry.gathering import gather
from trust_registry.local_copy import LocalCopy
from trust_registry.manifest import Manifest
from trust_registry.models import ASSURED, Decision, Outcome, Query
from trust_registry.resolve import counting, resolve
from trust_registry.signed_answers import verify_answer
from trust_registry.snapshot import Snapshot
from trust_registry.snapshot_tables import SCHEMA_VERSION
from trust_registry.vocabulary import Reason, Scope, SnapshotKind

FACTS, BINDINGS = "facts.sqlite", "bindings.sqlite"
_NONCE_BYTES = 24


class Source(StrEnum):
    REGISTRY = "registry"
    COPY = "copy"


@dataclass(frozen=True, slots=True)
class Answered:
    """``as_of``: when the registry last vouched for what the answer rests on."""

    decision: Decision
    source: Source
    as_of: datetime
    unchecked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Opened:
    copy: Copy
    manifest: Manifest
    snapshot: Snapshot
    bindings: BindingsFile


class Asker:
    """``clock`` gives the time of each question; ``demo`` is this deployment's own word."""

    def __init__(
        self, client: RegistryClient, copy: LocalCopy, *, demo: bool, clock: Callable[[], datetime]
    ) -> None:
        self._client, self._copy, self._clock = client, copy, clock
        self._deployment = SnapshotKind.DEMO if demo else SnapshotKind.PRODUCTION
        self._opened: _Opened | None = None
        self._syncing = asyncio.Lock()

    def close(self) -> None:
        if self._opened is not None:
            self._opened.snapshot.close()
            self._opened.bindings.close()

    async def sync(self) -> None:
        """Bring the copy up to date. `SnapshotError`, `RegistryUnreachable`; the last good copy stays."""
        async with self._syncing:
            await asyncio.to_thread(self._copy.sync, now=self._clock())
            await asyncio.to_thread(self._open)

    async def ask(self, query: Query) -> Answered:
        """Raises `RegistryUnreachable` (no answer and no copy), `RegistryError` (refused), or
        `TrustRegistryError` answer_not_authentic: none of them says anything about the question."""
        opened = self._opened or await asyncio.to_thread(self._open)
        if opened is None:
            await self.sync()
            opened = self._opened
        if opened is None:
            raise RegistryUnreachable("There is no list of this registry here yet.", "Try again later.")
        try:
            answered = await self._live(query, opened)
        except RegistryUnreachable:
            answered = self._from_copy(query, opened)
        return replace(answered, decision=self._judged(answered.decision, opened))

    async def _live(self, query: Query, opened: _Opened) -> Answered:
        for attempt in range(2):
            nonce = secrets.token_urlsafe(_NONCE_BYTES)
            jws = await self._client.signed_answer(query, nonce)
            now = self._clock()
            try:
                decision = verify_answer(
                    jws,
                    key=dict(opened.copy.online_key),
                    iss=opened.manifest.iss,
                    query=query,
                    nonce=nonce,
                    now=now,
                )
            except ObjectError as error:
                if error.code != "bad_signature" or attempt:
                    raise TrustRegistryError(
                        "answer_not_authentic", f"The registry's answer does not hold ({error.code})."
                    ) from error
                await self.sync()
                opened = self._opened or opened
            else:
                return Answered(decision, Source.REGISTRY, now, _unchecked(query))
        raise AssertionError("unreachable: the second attempt returns or raises")

    def _from_copy(self, query: Query, opened: _Opened) -> Answered:
        manifest, copy = opened.manifest, opened.copy
        as_of = min(manifest.issued_at, copy.signed_at)
        about = SnapshotFacts(
            seq=manifest.seq,
            # A past award date excuses no staleness: keys may have been revoked since the list was signed.
            issued_at=as_of,
            kind=manifest.kind,
            sha256=manifest.db_sha256,
            deployment=self._deployment,
        )
        known = counting(opened.bindings.of_did(query.did), demo=self._deployment is SnapshotKind.DEMO)
        facts = gather(opened.snapshot, about, known, query)
        decision = resolve(facts, query, now=self._clock())
        return Answered(decision, Source.COPY, as_of, ("registry", *_unchecked(query)))

    def _judged(self, decision: Decision, opened: _Opened) -> Decision:
        """Step 4."""
        seen, now = opened.manifest, decision.snapshot
        older = now.seq < seen.seq or (now.seq == seen.seq and now.sha256 != seen.db_sha256)
        if older:
            return _withheld(decision, Reason.SNAPSHOT_ROLLBACK)
        demo = now.kind is SnapshotKind.DEMO and self._deployment is not SnapshotKind.DEMO
        if demo and decision.outcome in ASSURED:
            return _withheld(decision, Reason.SNAPSHOT_DEMO)
        return decision

    def _open(self) -> _Opened | None:
        """The copy on disk, its files compared with their hashes, opened unless it is open already."""
        copy = self._copy.current()
        if copy is None or set(copy.files) != {FACTS, BINDINGS}:
            return None
        facts, bound = copy.files[FACTS], copy.files[BINDINGS]
        if facts.custom.get("schema") != SCHEMA_VERSION or bound.custom.get("format") != FORMAT:
            raise SnapshotError(
                "copy_of_another_version", "The registry's list is of another version than this program."
            )
        before = self._opened
        manifest = Manifest.from_json(facts.custom)
        same_facts = before is not None and before.manifest.db_sha256 == facts.sha256
        same_bindings = before is not None and before.bindings.path == bound.path
        self._opened = _Opened(
            copy,
            manifest,
            before.snapshot if before and same_facts else Snapshot(facts.path, manifest, verify=False),
            before.bindings if before and same_bindings else BindingsFile(bound.path),
        )
        return self._opened


def _withheld(decision: Decision, reason: Reason) -> Decision:
    reasons = (*decision.reasons, reason) if reason not in decision.reasons else decision.reasons
    return replace(
        decision, outcome=Outcome.INDETERMINATE, reasons=reasons, scope=Scope.NONE, authority_chain=()
    )


def _unchecked(query: Query) -> tuple[str, ...]:
    """What the question itself left open."""
    asked = {"key": query.key, "country": query.country, "level": query.eqf}
    return tuple(name for name, value in asked.items() if value is None)

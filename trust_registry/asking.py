"""Asking a trust registry so that the answer can be relied on: signed when it answers, from a copy when not.

1. The key comes from the copy of the registry's list (`trust_registry.local_copy`), whose first root is pinned or
   was trusted at first contact; without one nothing the registry says is believed.
2. The registry is asked for a signed answer, with a nonce: question, time and list number are under the signature
   (`trust_registry.signed_answers`). A signature by another key is tried again after fetching the list, since keys
   rotate; then it is no answer, and the copy does not stand in for it.
3. When the registry does not answer in time, the copy does, by the same decision, as old as its list and its
   signature are: stale, expired and dead say so, and are never "not found" (trust-registry.md section 3,
   "Staleness").
4. An older list than one seen before, or another of the same number, makes the answer indeterminate, and so do
   demonstration data where this deployment is none, whatever the registry thinks of itself. Seen is the list in the
   copy, which outlives the process, and whatever an answer rested on since that was fetched.

Everything that could not be checked for an answer is named in ``unchecked``.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from trust_registry.answered import Answered, Source
from trust_registry.bindings_file import FORMAT, BindingsFile
from trust_registry.client import RegistryClient
from trust_registry.copied import Copy
from trust_registry.errors import (
    ObjectError,
    RegistryError,
    RegistryUnreachable,
    SnapshotError,
    TrustRegistryError,
)
from trust_registry.facts import SnapshotFacts
from trust_registry.gathering import gather
from trust_registry.local_copy import LocalCopy
from trust_registry.looking import Look, readable
from trust_registry.manifest import BINDINGS, FACTS, Manifest
from trust_registry.models import Decision, Outcome, Query, SnapshotInfo
from trust_registry.resolve import counting, resolve, snapshot_info
from trust_registry.signed_answers import verify_answer
from trust_registry.snapshot import Snapshot
from trust_registry.snapshot_tables import SCHEMA_VERSION
from trust_registry.vocabulary import Reason, Scope, SnapshotKind

ANSWER_SECONDS = 5.0  # for a signed answer, from the connection to its last byte; then the copy answers
FETCH_SECONDS = 10.0  # how long a question waits for a list; the fetch itself goes on
_NONCE_BYTES = 24
_TOO_MANY_REQUESTS = 429
_MAY_HAVE_CHANGED = frozenset({"bad_signature", "wrong_issuer"})  # since the list here was fetched


@dataclass(frozen=True, slots=True)
class _Opened:
    copy: Copy
    manifest: Manifest
    snapshot: Snapshot
    bindings: BindingsFile

    def about(self, deployment: SnapshotKind) -> SnapshotFacts:
        manifest = self.manifest
        return SnapshotFacts(
            seq=manifest.seq,
            # A past award date excuses no staleness: keys may have been revoked since the list was signed.
            issued_at=min(manifest.issued_at, self.copy.signed_at),
            kind=manifest.kind,
            sha256=manifest.db_sha256,
            deployment=deployment,
        )


class Asker:
    """``clock`` gives the time of each question; ``demo`` is this deployment's own word.

    ``behind`` is set when an answer says something else than the copy would: it is time to `sync`. Made and used in
    one event loop. Public methods raise `TrustRegistryError` and nothing else.
    """

    def __init__(
        self, client: RegistryClient, copy: LocalCopy, *, demo: bool, clock: Callable[[], datetime]
    ) -> None:
        self.behind = asyncio.Event()
        self._client, self._copy, self._clock = client, copy, clock
        self._deployment = SnapshotKind.DEMO if demo else SnapshotKind.PRODUCTION
        self._opened: _Opened | None = None
        self._seen: tuple[int, str] = (0, "")
        self._opening = asyncio.Lock()
        self._syncing: asyncio.Task[None] | None = None

    def close(self) -> None:
        """A fetch under way is left to itself: it ends with the program, and nothing depends on where."""
        if self._syncing is not None:
            self._syncing.cancel()
        if self._opened is not None:
            self._opened.snapshot.close()
            self._opened.bindings.close()

    async def sync(self) -> None:
        """Bring the copy up to date; who comes while it is being fetched waits for the same fetch.

        Errors as `LocalCopy.sync`, and `SnapshotError` copy_of_another_version, not_authentic or copy_unusable for a
        list that is signed and cannot be used. Answers then rest on the last good copy.
        """
        if self._syncing is None or self._syncing.done():
            self._syncing = asyncio.create_task(self._sync())
            self._syncing.add_done_callback(_heard)
        await asyncio.shield(self._syncing)

    async def standing(self) -> SnapshotInfo | None:
        """Number and age of the list in the copy, by the clock; asks nobody. None: there is no usable copy."""
        with suppress(SnapshotError):
            await self._open()
        if self._opened is None:
            return None
        return snapshot_info(self._opened.about(self._deployment), self._clock())

    async def look(self) -> Look:
        """The copy, to look things up in; the registry is asked only where there is no copy yet. Errors as `ask`."""
        opened = await self._usable()
        about = opened.about(self._deployment)
        return Look(
            opened.copy, opened.manifest, opened.snapshot, opened.bindings, about=about, judged=self._judged
        )

    async def ask(self, query: Query) -> Answered:
        """Raises `RegistryUnreachable` (no answer and no copy), `RegistryError` (refused), `SnapshotError` (no list
        that can be trusted), or `TrustRegistryError` answer_not_authentic: none says anything about the question.
        """
        opened = await self._usable()
        try:
            answered = await self._live(query, opened)
        except RegistryUnreachable:
            return self._from_copy(query, opened)
        except RegistryError as error:
            if error.status != _TOO_MANY_REQUESTS:
                raise
            return self._from_copy(query, opened)
        return answered

    # --- the registry itself

    async def _live(self, query: Query, opened: _Opened) -> Answered:
        try:
            decision = await self._signed(query, opened)
        except ObjectError as error:
            if error.code not in _MAY_HAVE_CHANGED:
                raise _not_authentic(error) from error
            decision = await self._signed_after_all(query, error)
        newest = self._opened or opened
        judged = self._judged(decision)
        with suppress(SnapshotError):
            if (
                judged.snapshot.seq > newest.manifest.seq
                or judged.outcome is not self._decide(query, newest).outcome
            ):
                self.behind.set()
        self._seen = max(
            self._seen, (decision.snapshot.seq, decision.snapshot.sha256), key=lambda seen: seen[0]
        )
        return Answered(judged, Source.REGISTRY, self._clock(), _unchecked(query))

    async def _signed(self, query: Query, opened: _Opened) -> Decision:
        """`ObjectError` for what is not a signed answer to this question, now."""
        nonce = secrets.token_urlsafe(_NONCE_BYTES)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                jws = await self._client.signed_answer(query, nonce)
        except TimeoutError as error:
            raise RegistryUnreachable("The trust registry took too long to answer.") from error
        return verify_answer(
            jws,
            key=dict(opened.copy.online_key),
            iss=opened.manifest.iss,
            query=query,
            nonce=nonce,
            now=self._clock(),
        )

    async def _signed_after_all(self, query: Query, first: ObjectError) -> Decision:
        """The registry's key, or its address, may have changed: once more, by the newest list."""
        try:
            await self._sync_soon()
            return await self._signed(query, await self._usable())
        except TrustRegistryError as error:
            raise _not_authentic(first) from error

    # --- the copy

    def _from_copy(self, query: Query, opened: _Opened) -> Answered:
        as_of = opened.about(self._deployment).issued_at
        decision = self._judged(self._decide(query, opened))
        return Answered(decision, Source.COPY, as_of, ("registry", *_unchecked(query)))

    def _decide(self, query: Query, opened: _Opened) -> Decision:
        with readable():
            known = counting(opened.bindings.of_did(query.did), demo=self._deployment is SnapshotKind.DEMO)
            facts = gather(opened.snapshot, opened.about(self._deployment), known, query)
            return resolve(facts, query, now=self._clock())

    def _judged(self, decision: Decision) -> Decision:
        """Step 4."""
        now, (seq, digest) = decision.snapshot, self._seen
        if now.seq < seq or (now.seq == seq and now.sha256 != digest):
            return _withheld(decision, Reason.SNAPSHOT_ROLLBACK)
        if now.kind is SnapshotKind.DEMO and self._deployment is not SnapshotKind.DEMO:
            return _withheld(decision, Reason.SNAPSHOT_DEMO)
        return decision

    async def _usable(self) -> _Opened:
        with suppress(SnapshotError):  # a damaged copy is fetched anew
            await self._open()
        if self._opened is None:
            await self._sync_soon()
        if self._opened is None:
            raise RegistryUnreachable("There is no list of this registry here yet.", "Try again later.")
        return self._opened

    async def _open(self) -> None:
        """What is on disk, compared with its hashes, unless something is open already."""
        async with self._opening:
            if self._opened is not None:
                return
            found = await asyncio.to_thread(self._copy.current)
            if found is not None:
                opened = await asyncio.to_thread(_open_files, found, None)
                self._use(self._opened or opened)  # a fetch may have been faster

    async def _sync_soon(self) -> None:
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                await self.sync()
        except TimeoutError as error:
            raise RegistryUnreachable(
                "The trust registry's list has not arrived yet.", "Try again later."
            ) from error

    async def _sync(self) -> None:
        now, before = self._clock(), self._opened
        self._use(await _aside(lambda: _open_files(self._copy.sync(now=now).copy, before)))

    def _use(self, opened: _Opened) -> None:
        """The list's own order is the copy's to keep: what was fetched now is the newest that was seen."""
        self._opened, self._seen = opened, (opened.manifest.seq, opened.manifest.db_sha256)
        self.behind.clear()


def _open_files(copy: Copy, before: _Opened | None) -> _Opened:
    """The files of a copy, just compared with their hashes; what is open already stays open."""
    if set(copy.files) != {FACTS, BINDINGS}:
        raise _another_version()
    facts, bound = copy.files[FACTS], copy.files[BINDINGS]
    if facts.custom.get("schema") != SCHEMA_VERSION or bound.custom.get("format") != FORMAT:
        raise _another_version()
    manifest = Manifest.from_json(facts.custom)
    if manifest.db_sha256 != facts.sha256:
        raise SnapshotError("not_authentic", "The manifest speaks of another file than its own.")
    same_facts = before is not None and before.manifest.db_sha256 == facts.sha256
    same_bindings = before is not None and before.bindings.path == bound.path
    with readable():
        return _Opened(
            copy,
            manifest,
            before.snapshot if before and same_facts else Snapshot(facts.path, manifest, verify=False),
            before.bindings if before and same_bindings else BindingsFile(bound.path),
        )


async def _aside[Value](work: Callable[[], Value]) -> Value:
    """As asyncio.to_thread, but the program may end before the thread does.

    A fetch may take minutes, and an agent that is told to stop does not wait for it. The copy is made to be cut off
    anywhere (`trust_registry.local_copy`).
    """
    future: concurrent.futures.Future[Value] = concurrent.futures.Future()

    def run() -> None:
        try:
            value = work()
        except BaseException as error:  # noqa: BLE001 - raised again where the future is awaited
            future.set_exception(error)
        else:
            future.set_result(value)

    future.set_running_or_notify_cancel()
    threading.Thread(target=run, name="registry list", daemon=True).start()
    return await asyncio.wrap_future(future)


def _heard(task: asyncio.Task[None]) -> None:
    """Whoever waited has been told; nobody may have."""
    if not task.cancelled():
        task.exception()


def _another_version() -> SnapshotError:
    return SnapshotError(
        "copy_of_another_version", "The registry's list is of another version than this program."
    )


def _not_authentic(error: ObjectError) -> TrustRegistryError:
    return TrustRegistryError("answer_not_authentic", f"The registry's answer does not hold ({error.code}).")


def _withheld(decision: Decision, reason: Reason) -> Decision:
    reasons = (*decision.reasons, reason) if reason not in decision.reasons else decision.reasons
    return replace(
        decision, outcome=Outcome.INDETERMINATE, reasons=reasons, scope=Scope.NONE, authority_chain=()
    )


def _unchecked(query: Query) -> tuple[str, ...]:
    """What the question itself left open."""
    asked = {"key": query.key, "country": query.country, "level": query.eqf}
    return tuple(name for name, value in asked.items() if value is None)

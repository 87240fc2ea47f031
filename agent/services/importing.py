"""Credentials from elsewhere: a file, an image with one inside, a token; read, checked, then kept.

Nothing is stored before its checks have run, so nothing imported is ever shown as verified before it was. What is
understood becomes a record; what is not is kept as it came and shown raw. A file that says too little to be a
credential here (no learner, issuer, criteria or evidence, 003:1598) is kept as a *visual badge only*: it can be
looked at, and never counts, stacks or answers anything.
"""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from typing import Any

from agent.core.record import text
from agent.errors import InputError, NotFoundError
from agent.formats.opening import Opened, open_fully
from agent.services import checking, clock, views
from agent.services.holding import CREDENTIAL
from agent.services.node import Node
from agent.store import history
from agent.store.vault import Document, Put

VISUAL = "visual_badge"
BY_DIGEST = "imported_digest"  # SHA-256 of what was imported → where it is kept


class Importing:
    def __init__(self, node: Node) -> None:
        self._node = node
        self._taking: dict[str, asyncio.Lock] = {}

    async def take(self, data: bytes, name: str = "") -> Document:
        """Import one file. Answers ``{"import": "imported" | "known" | "visual_badge", "id", ...}``.

        The same file twice is one credential. Raises `InputError` for what cannot be read; the wallet is then
        unchanged.
        """
        opened = await open_fully(data, self._node.new_means())
        digest = hashlib.sha256(opened.payload).hexdigest()
        # The same file twice at once: the second waits, and finds it there.
        async with self._taking.setdefault(digest, asyncio.Lock()):
            try:
                known = await self._known(digest)
                if known is not None:
                    return known
                if opened.record is None or not opened.importable:
                    return await self._keep_visual(opened, digest, name)
                return await self._keep(opened, digest)
            finally:
                self._taking.pop(digest, None)

    async def visual_badges(self) -> list[Document]:
        found = await self._node.vault.all(VISUAL)
        return sorted(found, key=lambda each: str(each["received_at"]))

    async def _keep(self, opened: Opened, digest: str) -> Document:
        record = opened.record
        if record is None:
            raise InputError("not_understood", "The file could not be read as a credential.")
        credential: Document = {
            "id": uuid.uuid4().hex,
            **opened.held(),
            "record": record.to_json(),
            "issuer": views.party(record.issuer.did, text(record.issuer.name)),
            "received_at": clock.stamp(clock.now()),
            "imported": {"sha256": digest, "kind": opened.words, "unknown": list(opened.unknown)},
        }
        credential |= await checking.credential_checks(self._node, credential)
        async with self._node.history_lock:
            entry = await history.next_entry(
                self._node.vault,
                at=clock.stamp(clock.now()),
                kind="imported",
                party=credential["issuer"],
                title=text(record.title),
                outcome="stored",
            )
            await self._node.vault.put(
                Put(CREDENTIAL, credential["id"], credential),
                _note(digest, CREDENTIAL, credential["id"]),
                entry,
            )
        self._node.bus.publish("credential", id=credential["id"])
        return {"import": "imported", **views.credential_summary(credential)}

    async def _keep_visual(self, opened: Opened, digest: str, name: str) -> Document:
        kept: Document = {
            "id": uuid.uuid4().hex,
            "name": name[:200],
            "kind": opened.words,
            "title": opened.title,
            "missing": list(opened.missing),
            "unknown": list(opened.unknown),
            "sha256": digest,
            "received_at": clock.stamp(clock.now()),
            **opened.held(),
        }
        await self._node.vault.put(Put(VISUAL, kept["id"], kept), _note(digest, VISUAL, kept["id"]))
        return {"import": VISUAL, **visual_view(kept)}

    async def _known(self, digest: str) -> Document | None:
        note = await self._node.vault.get(BY_DIGEST, digest)
        kept = None if note is None else await self._node.vault.get(note["kind"], note["id"])
        if note is None or kept is None:  # never seen, or deleted since
            return None
        view = visual_view(kept) if note["kind"] == VISUAL else views.credential_summary(kept)
        return {"import": "known", **view}

    async def visual_badge(self, id: str) -> Document:
        found = await self._node.vault.get(VISUAL, id)
        if found is None:
            raise NotFoundError("no_such_badge", "There is no such badge.")
        return found


def _note(digest: str, kind: str, id: str) -> Put:
    return Put(BY_DIGEST, digest, {"kind": kind, "id": id})


def visual_view(kept: Document) -> dict[str, Any]:
    """What is shown of a visual badge: no state, because nothing about it is a check."""
    return {name: kept[name] for name in ("id", "name", "kind", "title", "missing", "unknown", "received_at")}

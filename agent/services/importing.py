"""Credentials from elsewhere: a file, an image with one inside, a token; read, checked, then kept.

Nothing is stored before its checks have run, so nothing imported is ever shown as verified before it was. What is
understood becomes a record; what is not is kept as it came and shown raw. A file that says too little to be a
credential here (no learner, issuer, criteria or evidence, 003:1598) is kept as a *visual badge only*: it can be
looked at, and never counts, stacks or answers anything.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterator
from typing import Any, Final

from agent.core.record import text
from agent.errors import CairnError, InputError, NotFoundError, UnreachableError, UntrustedError
from agent.formats import collection
from agent.formats.collection import Part
from agent.formats.opening import Opened, open_fully
from agent.services import checking, clock, digests, views
from agent.services.holding import CREDENTIAL
from agent.services.node import Node
from agent.store import history
from agent.store.vault import Document, Put, Vault

VISUAL = "visual_badge"
MAX_PARTS: Final = 100
MAX_COLLECTED: Final = 500  # in one call, which answers when all were checked
MAX_PICTURE_BYTES: Final = 2 * 1024 * 1024


class Importing:
    def __init__(self, node: Node) -> None:
        self._node = node

    async def take(self, data: bytes, name: str = "") -> Document:
        """Import one file. Answers ``{"import": "imported" | "known" | "visual_badge", "id", ...}``.

        The same file twice is one credential. Raises `InputError` for what cannot be read, `UntrustedError`
        record_differs for what says two things, `UnreachableError` for an image with an address that does not
        answer, `LockedError`; the wallet is then unchanged.
        """
        vault = self._node.vault  # one that is locked says so before anything is read or fetched
        several = collection.split(data)
        if several is not None:
            return await self._take_collection(several)
        return await self._take_one(vault, data, name)

    async def _take_one(self, vault: Vault, data: bytes, name: str) -> Document:
        opened = await open_fully(data, self._node.new_means())
        if opened.contradiction is not None:
            raise opened.contradiction
        if opened.parts:
            return await self._take_bundle(opened, name)
        digest = digests.digest_of(opened.payload)
        known = await self._known(vault, digest)
        if known is not None:
            return known
        if opened.record is None or not opened.importable:
            return await self._keep_visual(opened, digest, name, data)
        return await self._keep(opened, digest)

    async def _take_bundle(self, opened: Opened, name: str) -> Document:
        """The credentials in a bundle, each by itself; one that is refused does not stop the others."""
        if len(opened.parts) > MAX_PARTS:
            raise InputError("too_many_parts", f"The bundle holds more than {MAX_PARTS} credentials.")
        taken: list[Document] = []
        for part in opened.parts:
            try:
                taken.append(await self._take_one(self._node.vault, digests.payload_of(part), name))
            except (InputError, UntrustedError) as error:
                taken.append(_refused(error))
        return {"import": "bundle", "parts": taken}

    async def _take_collection(self, parts: Iterator[Part]) -> Document:
        """A list or a zip: each part is a file like any other, and stands or falls alone."""
        taken: list[Document] = []
        try:
            for part in parts:
                if len(taken) == MAX_COLLECTED:
                    detail = f"The file holds more than {MAX_COLLECTED} credentials; the rest was not taken."
                    raise InputError("too_many_parts", detail, "cairn import takes such a file in parts.")
                try:
                    taken.append(await self._take_one(self._node.vault, part.data, part.name))
                except (InputError, UntrustedError, UnreachableError) as error:
                    taken.append(_refused(error))
        except InputError as error:  # of the file itself, from there on
            taken.append(_refused(error))
        return {"import": "bundle", "parts": taken}

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
            known = await self._known(self._node.vault, digest)  # the same file may have come twice at once
            if known is not None:
                return known
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
                digests.note(digest, CREDENTIAL, credential["id"]),
                entry,
            )
        self._node.bus.publish("credential", id=credential["id"])
        return {"import": "imported", **views.credential_summary(credential)}

    async def _keep_visual(self, opened: Opened, digest: str, name: str, data: bytes) -> Document:
        """With the picture itself, where the file was one."""
        carrier = opened.found.carrier
        picture = base64.b64encode(data).decode() if carrier and len(data) <= MAX_PICTURE_BYTES else ""
        kept: Document = {
            "id": uuid.uuid4().hex,
            "name": name[:200],
            "kind": opened.words,
            "title": opened.title,
            "missing": list(opened.missing),
            "unknown": list(opened.unknown),
            "sha256": digest,
            "carrier": carrier if picture else "",
            "picture": picture,
            "received_at": clock.stamp(clock.now()),
            **opened.held(),
        }
        async with self._node.history_lock:
            known = await self._known(self._node.vault, digest)
            if known is not None:
                return known
            await self._node.vault.put(
                Put(VISUAL, kept["id"], kept), digests.note(digest, VISUAL, kept["id"])
            )
        return {"import": VISUAL, **visual_view(kept)}

    async def _known(self, vault: Vault, digest: str) -> Document | None:
        note = await vault.get(digests.BY_DIGEST, digest)
        kept = None if note is None else await vault.get(note["kind"], note["id"])
        if note is None or kept is None:  # never seen, or deleted since
            return None
        view = visual_view(kept) if note["kind"] == VISUAL else views.credential_summary(kept)
        return {"import": "known", **view}

    async def visual_badge(self, id: str) -> Document:
        """By id, or by a beginning of it that fits only one. Raises `NotFoundError`."""
        found = [each for each in await self.visual_badges() if id and each["id"].startswith(id)]
        if len(found) != 1:
            raise NotFoundError(
                "no_such_badge", "There is no such badge." if not found else "More than one badge fits."
            )
        return found[0]

    async def picture(self, id: str) -> tuple[bytes, str]:
        """A visual badge as it came, and its media type: the image, or else the document."""
        kept = await self.visual_badge(id)
        if kept["picture"]:
            media_type = "image/png" if kept["carrier"] == "png" else "image/svg+xml"
            return base64.b64decode(kept["picture"]), media_type
        secured = kept["secured"]
        as_text = secured if isinstance(secured, str) else json.dumps(secured, indent=2)
        return as_text.encode(), "application/json"


def _refused(error: CairnError) -> Document:
    return {"import": "refused", "code": error.code, "detail": error.detail, "hint": error.hint}


def visual_view(kept: Document) -> dict[str, Any]:
    """What is shown of a visual badge: no state, because nothing about it is a check."""
    names = ("id", "name", "kind", "title", "missing", "carrier", "received_at")
    not_understood = [{"path": path, "text": words} for path, words in kept["unknown"]]
    return {name: kept[name] for name in names} | {"not_understood": not_understood}

"""Drafts of stacks: a goal, what the learner leaves out of it, and a note. They live in the vault.

A draft holds no plan: what counts is worked out anew each time, since credentials expire and rules change.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Collection
from typing import Any, Final

from agent.core.record import text
from agent.errors import ConflictError, InputError, NotFoundError
from agent.services import clock, stacking
from agent.services.node import Node
from agent.store.vault import Document, Put

DRAFT: Final = "stack_draft"
MAX_DRAFTS: Final = 100
MAX_NAME_CHARS, MAX_NOTE_CHARS, MAX_ID_CHARS = 80, 2_000, 200
MAX_WITHOUT: Final = 500
MAX_TARGET_BYTES: Final = 64 * 1024


class StackDrafts:
    def __init__(self, node: Node) -> None:
        self._node = node
        self._turn = asyncio.Lock()

    async def all(self) -> list[Document]:
        """By name."""
        found = await self._node.vault.all(DRAFT)
        return [_view(each) for each in sorted(found, key=lambda each: _key(each["name"]))]

    async def save(
        self, *, name: str, target: Any, without: Collection[str], note: str, id_: str = ""
    ) -> Document:
        """A new draft, or with ``id_`` another content for one.

        ``target`` is an id or a whole target. Raises `InputError` (``bad_draft``, ``bad_target``), `NotFoundError`
        (``no_such_draft``, ``no_such_target``) or `ConflictError` (``name_taken``, ``too_many_drafts``).
        """
        async with self._turn:
            known = await self._node.vault.all(DRAFT)
            name = " ".join(name.split())
            if not name or len(name) > MAX_NAME_CHARS:
                raise InputError("bad_draft", f"A draft has a name of at most {MAX_NAME_CHARS} characters.")
            if len(note) > MAX_NOTE_CHARS:
                raise InputError("bad_draft", f"A note has at most {MAX_NOTE_CHARS} characters.")
            stacking.read_target(target)
            if len(json.dumps(target)) > MAX_TARGET_BYTES:
                raise InputError("bad_draft", f"The target is larger than {MAX_TARGET_BYTES} bytes.")
            if id_ and id_ not in {each["id"] for each in known}:
                raise NotFoundError("no_such_draft", "There is no such draft.")
            if any(_key(each["name"]) == _key(name) and each["id"] != id_ for each in known):
                raise ConflictError(
                    "name_taken", "There is a draft of this name.", "Take another name, or delete that one."
                )
            if not id_ and len(known) >= MAX_DRAFTS:
                raise ConflictError(
                    "too_many_drafts", f"There are {MAX_DRAFTS} drafts already.", "Delete one first."
                )
            draft: Document = {
                "id": id_ or uuid.uuid4().hex,
                "name": name,
                "target": target,
                "without": sorted(without),
                "note": note,
                "saved_at": clock.stamp(clock.now()),
            }
            await self._node.vault.put(Put(DRAFT, draft["id"], draft))
        return _view(draft)

    async def delete(self, id_: str) -> str:
        """Raises `NotFoundError` no_such_draft."""
        async with self._turn:
            if await self._node.vault.get(DRAFT, id_) is None:
                raise NotFoundError("no_such_draft", "There is no such draft.")
            await self._node.vault.delete(DRAFT, id_)
        return id_


def _key(name: str) -> str:
    return name.casefold()


def _view(draft: Document) -> Document:
    """With the target's title, or "" for a target that this version of Cairn does not know."""
    try:
        title = text(stacking.read_target(draft["target"]).title)
    except (InputError, NotFoundError):
        title = ""
    return {**draft, "title": title}

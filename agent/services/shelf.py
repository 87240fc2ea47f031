"""What a learner adds to their credentials: collections, tags, a note, and that one is archived.

It is nothing that a credential says, so it is kept beside it (kind ``shelf``, by the credential's id): a recheck, which
writes the credential anew, cannot lose it. A collection is there as long as something is in it. Nothing of this leaves
the wallet, except in a backup.

An archived credential is put out of sight and out of the way, and is otherwise what it was: valid, checked, shown when
it is opened. It answers a request only where the request cannot be answered without it (see `Presenting`). Towards a
stack it counts, because a plan that left it out would call missing what the learner has; it stands behind the others.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from agent.core.portfolio import clean_name, clean_names, clean_note
from agent.errors import InputError, NotFoundError
from agent.services import views
from agent.services.holding import Holding
from agent.services.node import Node
from agent.services.summaries import SHELF
from agent.store.vault import Change, Document, Put, Remove

MEMBERS = ("archived", "collections", "tags", "note")
MAX_GIVEN = 200  # names in one call, before equal ones are merged


class Shelf:
    def __init__(self, node: Node, holding: Holding) -> None:
        self._node = node
        self._holding = holding
        self._turn = asyncio.Lock()  # a shelf is read, changed and written

    async def put(self, id: str, given: Mapping[str, Any]) -> Document:
        """Set any of ``archived``, ``collections``, ``tags`` and ``note``; the others stay. Answers the detail.

        Raises `NotFoundError`, or `InputError` bad_request, no_name, name_too_long, too_many_names, note_too_long.
        """
        credential = await self._holding.credential(id)
        async with self._turn:
            known = await self._holding.summaries.shelves()
            shelf = views.shelf_view(known.get(credential["id"])) | _read(given, known)
            if shelf != views.shelf_view(known.get(credential["id"])):
                await self._write({credential["id"]: shelf})
        return await self._holding.detail(credential)

    async def names(self) -> Document:
        """Every collection and every tag with the number of credentials, archived ones included."""
        shelves = (await self._holding.summaries.shelves()).values()
        return {
            member: [
                {"name": name, "count": count}
                for name, count in sorted(
                    Counter(name for shelf in shelves for name in shelf[member]).items(),
                    key=lambda item: item[0].casefold(),
                )
            ]
            for member in ("collections", "tags")
        }

    async def rename_collection(self, name: str, to: str) -> Document:
        """Everywhere; into one that is there already, the two become one. Raises `NotFoundError`, `InputError`."""
        new = clean_name(to)
        return await self._in_collection(name, lambda one: new if one.casefold() == name.casefold() else one)

    async def delete_collection(self, name: str) -> Document:
        """The credentials that were in it stay. Raises `NotFoundError`."""
        return await self._in_collection(name, lambda one: "" if one.casefold() == name.casefold() else one)

    async def _in_collection(self, name: str, change: Callable[[str], str]) -> Document:
        async with self._turn:
            changed: dict[str, Document] = {}
            for id, shelf in (await self._holding.summaries.shelves()).items():
                if name.casefold() in map(str.casefold, shelf["collections"]):
                    kept = [renamed for one in shelf["collections"] if (renamed := change(one))]
                    changed[id] = views.shelf_view(shelf) | {"collections": clean_names(kept)}
            if not changed:
                raise NotFoundError("no_such_collection", "There is no such collection.")
            await self._write(changed)
        return await self.names()

    async def _write(self, shelves: Mapping[str, Document]) -> None:
        changes: list[Change] = []
        for id, shelf in shelves.items():
            empty = not any(shelf[member] for member in MEMBERS)
            changes.append(Remove(SHELF, id) if empty else Put(SHELF, id, {"id": id, **shelf}))
        await self._node.vault.put(*changes)
        for id in shelves:
            self._node.bus.publish("credential", id=id)


def _read(given: Mapping[str, Any], known: Mapping[str, Document]) -> Document:
    """What was given, cleaned; a name that differs from a known one only in capitals is that one."""
    found: Document = {}
    for member in ("collections", "tags"):
        if member in given:
            names = given[member]
            if (
                not isinstance(names, list)
                or len(names) > MAX_GIVEN
                or not all(isinstance(name, str) for name in names)
            ):
                raise InputError("bad_request", f"{member} must be a list of at most {MAX_GIVEN} names.")
            found[member] = clean_names(names, (name for shelf in known.values() for name in shelf[member]))
    if "archived" in given:
        if not isinstance(given["archived"], bool):
            raise InputError("bad_request", "archived must be true or false.")
        found["archived"] = given["archived"]
    if "note" in given:
        if not isinstance(given["note"], str):
            raise InputError("bad_request", "note must be a text.")
        found["note"] = clean_note(given["note"])
    return found

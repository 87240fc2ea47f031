"""The list of credentials, ready to be shown: a small document for each, written together with the credential.

Reading ten thousand credentials to list them takes a quarter of a minute, and ten times the memory. So the vault keeps
of each what a list shows (kind ``summary``), in the transaction that writes the credential, and a wallet that was
unlocked holds these in memory until it is locked. The credential decides: a summary has the digest of the credential
that it was made of, all are compared after every unlock, and what differs or is missing is made anew. What is shown of
one credential (`Holding.credential`) never comes from here.

What was shared of each credential is followed in the same way, from the history: in memory only.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from agent.services import views
from agent.store import history
from agent.store.vault import Change, Document, Put, Remove, Vault, encoded

if TYPE_CHECKING:
    from agent.services.node import Node

CREDENTIAL, SUMMARY, SHELF, DELETING = "credential", "summary", "shelf", "deleting"
# Raise it when `views.credential_summary` says something else of the same credential than before.
VERSION = 1
MADE_AT_ONCE = 25
MADE_KEPT = 2000  # of what others make of credentials: a record takes some 15 KB


class _Row:
    """``text`` is the summary as JSON, with what its shelf adds; ``of`` the digest of the credential's bytes."""

    __slots__ = ("_base", "_shelf", "_text", "at", "of")

    def __init__(self, document: Document) -> None:
        self.at, self.of = str(document["at"]), str(document["of"])
        self._base = str(document["text"])
        self._shelf: Document | None = None
        self._text: str | None = None

    def put_on(self, shelf: Document | None) -> None:
        self._shelf, self._text = shelf, None

    @property
    def text(self) -> str:
        if self._shelf is None:
            return self._base
        if self._text is None:
            self._text = _json(views.on_shelf(json.loads(self._base), self._shelf))
        return self._text


class _InMemory:
    """What is read from the vault once, when it is first asked for, and then follows what is written
    (`agent.store.vault.Follower`), until the wallet is locked."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._reading = asyncio.Lock()
        self._vault: Vault | None = None  # whose documents were read
        self._meanwhile: list[Change] | None = None  # written while they are being read
        self._doubted = False
        node.on_open.append(self._follow)

    def _follow(self, vault: Vault) -> None:
        self._vault = None
        vault.followers.append(self)

    async def _ready(self) -> Vault:
        while self._vault is not (vault := self._node.vault):
            async with self._reading:
                if self._vault is not vault:
                    await self._catch_up(vault)
        return vault

    async def _catch_up(self, vault: Vault) -> None:
        self._meanwhile, self._doubted = [], False
        try:
            await self._read(vault)
            for change in self._meanwhile:
                self._apply(change)
            self._vault = None if self._doubted else vault
        finally:
            self._meanwhile = None

    def beside(self, change: Change) -> Iterable[Change]:
        del change
        return ()

    def written(self, change: Change) -> None:
        if self._meanwhile is not None:
            self._meanwhile.append(change)
        elif self._vault is not None:
            self._apply(change)

    def forget(self) -> None:
        """Also when the wallet is locked: nothing of it stays in memory."""
        self._vault, self._doubted = None, True
        self._drop()

    def _drop(self) -> None:
        raise NotImplementedError

    async def _read(self, vault: Vault) -> None:
        raise NotImplementedError

    def _apply(self, change: Change) -> None:
        raise NotImplementedError


class Summaries(_InMemory):
    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self._drop()

    def _drop(self) -> None:
        self._rows: dict[str, _Row] = {}
        self._shelves: dict[str, Document] = {}
        self._going: set[str] = set()
        self._made: dict[tuple[Any, str], tuple[str, Any]] = {}

    # ------------------------------------------------------------------ what is asked

    async def listed(self) -> bytes:
        """The summaries as a JSON list, in the order in which the credentials came."""
        ids = await self.ids()
        return f"[{','.join([self._rows[id].text for id in ids])}]".encode()

    async def ids(self) -> list[str]:
        """Of what is held, oldest first; without what is being deleted."""
        await self._ready()
        found = sorted((row.at, id) for id, row in self._rows.items() if id not in self._going)
        return [id for _, id in found]

    async def made_of_each[T](self, make: Callable[[Document], T]) -> list[T]:
        """``make`` of every credential, oldest first. What was made of one is kept as long as the credential stays
        the same; ``make`` is a function of a module, and depends on nothing but the credential."""
        vault, found = await self._ready(), []
        for id in await self.ids():
            row = self._rows.get(id)
            known = self._made.get((make, id))
            if row is not None and known is not None and known[0] == row.of:
                found.append(known[1])
            elif (credential := await vault.get(CREDENTIAL, id)) is not None:
                found.append(make(credential))
                if row is not None and (known is not None or len(self._made) < MADE_KEPT):
                    self._made[make, id] = (row.of, found[-1])
        return found

    async def shelves(self) -> dict[str, Document]:
        """By credential; one to which a person added nothing of their own is not in it."""
        await self._ready()
        return {id: each for id, each in self._shelves.items() if id in self._rows and id not in self._going}

    async def archived(self) -> frozenset[str]:
        return frozenset(id for id, shelf in (await self.shelves()).items() if shelf["archived"])

    # ------------------------------------------------------------------ following the vault

    def beside(self, change: Change) -> Iterable[Change]:
        if change.kind != CREDENTIAL:
            return ()
        if isinstance(change, Remove):
            return (Remove(SUMMARY, change.id),)
        return (_summary(change.value),)

    def _apply(self, change: Change) -> None:
        value = change.value if isinstance(change, Put) else None
        if change.kind == SUMMARY:
            self._rows.pop(change.id, None)
            if value is None:
                self._made = {key: made for key, made in self._made.items() if key[1] != change.id}
            if value is not None:
                self._rows[change.id] = row = _Row(value)
                row.put_on(self._shelves.get(change.id))
        elif change.kind == SHELF:
            self._shelves.pop(change.id, None)
            if value is not None:
                self._shelves[change.id] = value
            if change.id in self._rows:
                self._rows[change.id].put_on(value)
        elif change.kind == DELETING:
            (self._going.discard if value is None else self._going.add)(change.id)

    async def _read(self, vault: Vault) -> None:
        kept = await vault.all(SUMMARY)
        shelves, going = await vault.all(SHELF), await vault.all(DELETING)
        self._rows = {each["id"]: _Row(each) for each in kept if each["version"] == VERSION}
        self._shelves = {each["id"]: each for each in shelves}
        self._going = {each["id"] for each in going}
        for id, shelf in self._shelves.items():
            if id in self._rows:
                self._rows[id].put_on(shelf)
        if len(self._rows) != await vault.count(CREDENTIAL):
            await self._compare(vault)

    # ------------------------------------------------------------------ the credential decides

    async def compare(self) -> None:
        """Compare every row with its credential; make anew what differs, drop what has none."""
        await self._compare(await self._ready())

    async def _compare(self, vault: Vault) -> None:
        rows, seen, wrong = self._rows, set[str](), list[str]()
        async for id, value in vault.each(CREDENTIAL):
            seen.add(id)
            row = rows.get(id)
            if row is None or row.of != hashlib.sha256(value).hexdigest():
                wrong.append(id)
        wrong += [id for id in rows if id not in seen]
        for start in range(0, len(wrong), MADE_AT_ONCE):
            await self._make_anew(vault, wrong[start : start + MADE_AT_ONCE])

    async def _make_anew(self, vault: Vault, ids: list[str]) -> None:
        # Every writer of a credential holds this lock, so that none is written between reading and writing here.
        async with self._node.history_lock:
            changes: list[Change] = []
            for id in ids:
                credential = await vault.get(CREDENTIAL, id)
                changes.append(Remove(SUMMARY, id) if credential is None else _summary(credential))
            await vault.put(*changes)
        for change in changes:
            self._apply(change)
        for id in ids:
            self._node.bus.publish("credential", id=id)


class Shares(_InMemory):
    """Whom each credential was shown to, from the history."""

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self._drop()

    def _drop(self) -> None:
        self._by_credential: dict[str, list[Document]] = {}
        self._last = 0

    async def of(self, id: str) -> list[Document]:
        """Oldest first: ``{"at", "to", "claims"}``."""
        await self.prepare()
        return list(self._by_credential.get(id, []))

    async def prepare(self) -> None:
        """Read the history now: with ten thousand entries that takes a second, which the first detail need not wait."""
        await self._ready()

    async def _read(self, vault: Vault) -> None:
        self._drop()
        entries = [json.loads(value) async for _, value in vault.each(history.KIND)]
        for entry in sorted(entries, key=lambda entry: int(entry["seq"])):
            self._note(entry)

    def _apply(self, change: Change) -> None:
        if change.kind == history.KIND and isinstance(change, Put):
            self._note(change.value)

    def _note(self, entry: Document) -> None:
        if entry["seq"] <= self._last:  # it was among those that were read, too
            return
        self._last = entry["seq"]
        for id in dict.fromkeys(entry.get("credentials", [])):
            share = {"at": entry["at"], "to": entry["party"], "claims": entry["claims"]}
            self._by_credential.setdefault(id, []).append(share)


def _summary(credential: Document) -> Put:
    document: Document = {
        "id": credential["id"],
        "version": VERSION,
        "of": hashlib.sha256(encoded(credential)).hexdigest(),
        "at": credential["received_at"],
        "text": _json(
            views.credential_summary(credential)
        ),  # as it is sent: reading thousands is to be quick
    }
    return Put(SUMMARY, credential["id"], document)


def _json(document: Document) -> str:
    return json.dumps(document, separators=(",", ":"))

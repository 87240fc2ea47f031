"""The encrypted vault: JSON documents by (kind, id) in one Askar store.

Everything that names a person or a secret lives here, for every role: records, offers, requests, verdicts,
history, and the key that opens ACA-Py's own wallet. Askar encrypts names, values and kinds with a key that we derive
from the passphrase by Argon2id (RFC 9106), with twice the memory of its second recommendation: half a second on two
slow cores. Askar's own method, "moderate" Argon2i, takes nearly a second, which is all that unlocking may take; a
vault that was made with it still opens. Salt and cost lie in a row of Askar's own table ``config``, so that the vault
stays one file. No tags are used: Askar's plain tags would lie on disk unencrypted.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sqlite3
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self
from urllib.parse import quote

import base58
from aries_askar import AskarError, AskarErrorCode, Store
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from agent.errors import AgentError, ConflictError, LockedError, NotFoundError, PassphraseError

KEY_METHOD = "argon2id"  # of new vaults; "raw": the passphrase is a raw key of Askar's (tests)
ASKARS_METHOD = "kdf:argon2i:mod"  # of vaults that were made before
MEMORY_KIB, PASSES = 128 * 1024, 3
_COST_ROW = "cairn_kdf"
_COST = re.compile(r"argon2id m=([0-9]{4,7}) t=([0-9]{1,2}) p=1 salt=([0-9a-f]{32})")

type Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Put:
    """One document to be written; several are written together or not at all. ``also`` goes with it, unasked."""

    kind: str
    id: str
    value: Document
    also: tuple[Put, ...] = ()


@dataclass(frozen=True, slots=True)
class Remove:
    """One document to be taken away, in the same transaction as what is written; it need not be there."""

    kind: str
    id: str


type Change = Put | Remove


class Follower(Protocol):
    """What is derived from documents: kept in the vault by their own transaction, and in memory after it."""

    def beside(self, change: Change) -> Iterable[Change]:
        """What has to be written together with it."""

    def written(self, change: Change) -> None:
        """It is in the vault now."""

    def forget(self) -> None:
        """What is in memory may be old, because a change broke off, or the vault was closed."""


class Vault:
    """An open vault. Use `Vault.open` or `Vault.create`; close it to forget the key."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.followers: list[Follower] = []
        self._open = True
        self._writes = 0
        self._written: dict[str, dict[str, int]] = {}

    @asynccontextmanager
    async def _session(self, *, transaction: bool = False) -> AsyncIterator[Any]:
        """Askar's session. Work that was under way when the wallet was locked hears that it is locked."""
        try:
            async with self._store.transaction() if transaction else self._store.session() as session:
                yield session
        except AskarError:
            if self._open:
                raise
            raise LockedError("locked", "The wallet is locked.", "Unlock it first.") from None

    @staticmethod
    def exists(path: Path) -> bool:
        return path.exists()

    @classmethod
    async def create(cls, path: Path, passphrase: str) -> Self:
        """Make a new vault. Raises `ConflictError` if one is there: a vault is never overwritten."""
        if path.exists():
            raise ConflictError("vault_exists", "There is already a vault in this folder.")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Askar makes the file; a half-made one after a crash must not look like a vault.
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        cost = f"argon2id m={MEMORY_KIB} t={PASSES} p=1 salt={os.urandom(16).hex()}"
        key = passphrase if KEY_METHOD == "raw" else await asyncio.to_thread(_derived, passphrase, cost)
        store = await Store.provision(uri_of(draft), "raw", key, recreate=True)
        await store.close()
        await asyncio.to_thread(_complete, draft, "" if KEY_METHOD == "raw" else cost)
        draft.chmod(0o600)
        draft.rename(path)
        return cls(await Store.open(uri_of(path), "raw", key))

    @classmethod
    async def open(cls, path: Path, passphrase: str) -> Self:
        """Open a vault. Raises `PassphraseError`, or `NotFoundError` where there is none."""
        if not path.exists():
            raise NotFoundError("no_vault", "There is no vault in this folder yet.")
        cost = await asyncio.to_thread(_noted_cost, path)
        method = "raw" if cost is not None or KEY_METHOD == "raw" else ASKARS_METHOD
        key = passphrase if cost is None else await asyncio.to_thread(_derived, passphrase, cost)
        try:
            return cls(await Store.open(uri_of(path), method, key))
        except AskarError as error:
            if error.code is AskarErrorCode.ENCRYPTION:
                raise PassphraseError(
                    "wrong_passphrase", "The passphrase does not open this wallet.", "Try again."
                ) from None
            raise AgentError("vault_failed", "The vault could not be opened.") from error

    async def close(self) -> None:
        self._open = False
        for follower in self.followers:
            follower.forget()
        await self._store.close()

    async def get(self, kind: str, id: str) -> Document | None:
        async with self._session() as session:
            entry = await session.fetch(kind, id)
        return None if entry is None else _decode(entry.value)

    async def all(self, kind: str) -> list[Document]:
        """Every document of a kind, in no promised order."""
        async with self._session() as session:
            entries = await session.fetch_all(kind)
        return [_decode(entry.value) for entry in entries]

    async def everything(self) -> list[tuple[str, str, bytes]]:
        """Every document as (kind, id, JSON), all as of one moment."""
        async with self._session() as session:
            entries = await session.fetch_all(None)
        return [(entry.category, entry.name, entry.value) for entry in entries]

    async def fill(self, documents: Iterable[tuple[str, str, bytes]]) -> None:
        """Write what `everything` gave into a new vault."""
        async with self._session(transaction=True) as transaction:
            for kind, id, value in documents:
                await transaction.insert(kind, id, value)
            await transaction.commit()

    async def count(self, kind: str) -> int:
        async with self._session() as session:
            found: int = await session.count(kind)
        return found

    async def each(self, kind: str) -> AsyncIterator[tuple[str, bytes]]:
        """Id and bytes (see `encoded`) of every document of a kind, without all of them in memory at once."""
        try:
            async for entry in self._store.scan(kind):
                yield entry.name, bytes(entry.value)
        except AskarError:
            if self._open:
                raise
            raise LockedError("locked", "The wallet is locked.", "Unlock it first.") from None

    async def put(self, *changes: Change) -> None:
        """Write all of these, or none; with what follows from them."""
        whole = [
            each
            for change in _with_others(changes)
            for each in (change, *(more for follower in self.followers for more in follower.beside(change)))
        ]
        try:
            async with self._session(transaction=True) as transaction:
                await _write(transaction, whole)
                self._note(
                    whole
                )  # before it can be read, and after it was written: no reader in between misses it
                await transaction.commit()
        except BaseException:  # also when it was only the waiting that ended: it may be written all the same
            for follower in self.followers:
                follower.forget()
            raise
        self._note(whole)
        for follower in self.followers:
            for each in whole:
                follower.written(each)

    async def delete(self, kind: str, id: str) -> None:
        await Vault.put(self, Remove(kind, id))

    def written_since(self, kind: str, mark: int) -> tuple[int, list[str]]:
        """Ids of a kind that were written or deleted through this vault after ``mark``, and the mark of now.

        For what is kept in memory beside it: 0 is the mark of its opening.
        """
        return self._writes, [id for id, at in self._written.get(kind, {}).items() if at > mark]

    def _note(self, changes: Iterable[Change]) -> None:
        self._writes += 1
        for change in changes:
            self._written.setdefault(change.kind, {})[change.id] = self._writes


async def _write(transaction: Any, changes: Iterable[Change]) -> None:
    for change in changes:
        known = await transaction.fetch(change.kind, change.id) is not None
        if isinstance(change, Remove):
            if known:
                await transaction.remove(change.kind, change.id)
        elif known:
            await transaction.replace(change.kind, change.id, encoded(change.value))
        else:
            await transaction.insert(change.kind, change.id, encoded(change.value))


def encoded(document: Document) -> bytes:
    """A document as it lies in the vault."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def uri_of(path: Path) -> str:
    """As Askar reads it: what a folder may be called is escaped twice, since it is unescaped twice."""
    return f"sqlite://{quote(quote(str(path)))}"


def _derived(passphrase: str, cost: str) -> str:
    """Askar's raw key (base58 of 32 bytes) for a passphrase. Raises `AgentError` vault_failed."""
    found = _COST.fullmatch(cost)
    if found is None or int(found[1]) * int(found[2]) > 8 * 1024 * 1024:
        raise AgentError("vault_failed", "The vault does not say how its key is derived.")
    kdf = Argon2id(
        salt=bytes.fromhex(found[3]),
        length=32,
        iterations=int(found[2]),
        lanes=1,
        memory_cost=int(found[1]),
    )
    return base58.b58encode(kdf.derive(passphrase.encode("utf-8", "surrogatepass"))).decode("ascii")


def _complete(path: Path, cost: str) -> None:
    """Note the cost, and have all of it in the one file: Askar may not have let go of it yet, and with it its log."""
    with closing(sqlite3.connect(path)) as db:
        if cost:
            with db:
                db.execute("INSERT INTO config (name, value) VALUES (?, ?)", (_COST_ROW, cost))
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _noted_cost(path: Path) -> str | None:
    """None for a vault of before, and for what is no vault: Askar says so."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as db:
            row = db.execute("SELECT value FROM config WHERE name = ?", (_COST_ROW,)).fetchone()
    except sqlite3.Error:
        return None
    return None if row is None else str(row[0])


def _with_others(changes: Iterable[Change]) -> Iterator[Change]:
    for change in changes:
        yield change
        if isinstance(change, Put):
            yield from change.also


def _decode(value: bytes) -> Document:
    document = json.loads(value)
    if not isinstance(document, dict):
        raise AgentError("vault_damaged", "A document in the vault is not an object.")
    return document


@asynccontextmanager
async def opened(path: Path, passphrase: str) -> AsyncIterator[Vault]:
    """A vault for the length of a block (tests, one-shot commands)."""
    vault = await Vault.open(path, passphrase)
    try:
        yield vault
    finally:
        await vault.close()

"""The encrypted vault: JSON documents by (kind, id) in one Askar store.

Everything that names a person or a secret lives here, for every role: records, offers, requests, verdicts,
history, and the key that opens ACA-Py's own wallet. Askar encrypts names, values and kinds (a passphrase is
stretched with Argon2i, "moderate" cost, about a second on purpose). No tags are used: Askar's plain tags
would lie on disk unencrypted.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from aries_askar import AskarError, AskarErrorCode, Store

from agent.errors import AgentError, ConflictError, LockedError, NotFoundError, PassphraseError

KEY_METHOD = "kdf:argon2i:mod"

type Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Put:
    """One document to be written; several are written together or not at all. ``also`` goes with it, unasked."""

    kind: str
    id: str
    value: Document
    also: tuple[Put, ...] = ()


class Vault:
    """An open vault. Use `Vault.open` or `Vault.create`; close it to forget the key."""

    def __init__(self, store: Store) -> None:
        self._store = store
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
        store = await Store.provision(f"sqlite://{draft}", KEY_METHOD, passphrase, recreate=True)
        await store.close()
        draft.chmod(0o600)
        draft.rename(path)
        return await cls.open(path, passphrase)

    @classmethod
    async def open(cls, path: Path, passphrase: str) -> Self:
        """Open a vault. Raises `PassphraseError`, or `NotFoundError` where there is none."""
        if not path.exists():
            raise NotFoundError("no_vault", "There is no vault in this folder yet.")
        try:
            return cls(await Store.open(f"sqlite://{path}", KEY_METHOD, passphrase))
        except AskarError as error:
            if error.code is AskarErrorCode.ENCRYPTION:
                raise PassphraseError(
                    "wrong_passphrase", "The passphrase does not open this wallet.", "Try again."
                ) from None
            raise AgentError("vault_failed", "The vault could not be opened.") from error

    async def close(self) -> None:
        self._open = False
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

    async def put(self, *documents: Put) -> None:
        """Write all of these, or none."""
        async with self._session(transaction=True) as transaction:
            await _write(transaction, documents)
            self._note(
                documents
            )  # before it can be read, and after it was written: no reader in between misses it
            await transaction.commit()
        self._note(documents)

    async def delete(self, kind: str, id: str) -> None:
        async with self._session() as session:
            if await session.fetch(kind, id) is not None:
                await session.remove(kind, id)
        self._note([Put(kind, id, {})])

    def written_since(self, kind: str, mark: int) -> tuple[int, list[str]]:
        """Ids of a kind that were written or deleted through this vault after ``mark``, and the mark of now.

        For what is kept in memory beside it: 0 is the mark of its opening.
        """
        return self._writes, [id for id, at in self._written.get(kind, {}).items() if at > mark]

    def _note(self, documents: Iterable[Put]) -> None:
        self._writes += 1
        for document in _with_others(documents):
            self._written.setdefault(document.kind, {})[document.id] = self._writes


async def _write(transaction: Any, documents: Iterable[Put]) -> None:
    for document in _with_others(documents):
        value = json.dumps(document.value, separators=(",", ":"), ensure_ascii=False).encode()
        if await transaction.fetch(document.kind, document.id) is None:
            await transaction.insert(document.kind, document.id, value)
        else:
            await transaction.replace(document.kind, document.id, value)


def _with_others(documents: Iterable[Put]) -> Iterator[Put]:
    for document in documents:
        yield document
        yield from document.also


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

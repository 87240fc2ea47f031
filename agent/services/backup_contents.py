"""What is in a backup, as values: put together for writing, and checked when read.

Entries: ``settings.json``, ``vault.jsonl`` (a line ``{"kind", "id", "value"}`` for each document of the vault) and
``acapy.sqlite`` (ACA-Py's store, encrypted by Askar with a key that is in the vault).
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from aries_askar import AskarError, Store

from agent.core.limits import parse_json
from agent.errors import AgentError, InputError, NotFoundError
from agent.services import clock
from agent.store import backup_file, history
from agent.store.backup_file import Entry, Manifest
from agent.store.vault import Document, uri_of

SETTINGS, VAULT, ACAPY = "settings.json", "vault.jsonl", "acapy.sqlite"
VAULT_BYTES = 512 * 1024 * 1024  # held in memory
DOCUMENT_BYTES = 64 * 1024 * 1024
COUNTED = {"credential": "credentials", "offer": "offers", "history": "history"}

type Stored = tuple[str, str, bytes]  # kind, id, JSON


@dataclass(frozen=True, slots=True)
class Contents:
    """What was found in a file, or is to be put into one."""

    manifest: Manifest
    size: int
    sha256: str
    intact: bool  # the chain of the history
    settings: Document = field(default_factory=dict)
    documents: list[Stored] = field(default_factory=list, repr=False)

    def to_json(self) -> Document:
        return {
            "made_at": self.manifest.made_at,
            "wallet": self.manifest.wallet,
            "bytes": self.size,
            "sha256": self.sha256,
            "history_intact": self.intact,
            **{name: self.manifest.counts.get(name, 0) for name in COUNTED.values()},
        }


def facts(name: str, documents: list[Stored]) -> Manifest:
    counts = {word: sum(kind == each for each, _, _ in documents) for kind, word in COUNTED.items()}
    chain = _chain(documents)
    return Manifest(clock.stamp(clock.now()), name, counts, chain[-1]["hash"] if chain else "")


def _chain(documents: list[Stored]) -> list[Document]:
    found = [json.loads(value) for kind, _, value in documents if kind == history.KIND]
    return sorted(found, key=lambda entry: int(entry["seq"]))


def line(kind: str, id: str, value: bytes) -> bytes:
    name = json.dumps({"kind": kind, "id": id})
    return name[:-1].encode() + b',"value":' + value + b"}\n"


def same(written: list[Stored], found: list[Stored]) -> bool:
    return {(kind, id): json.loads(value) for kind, id, value in written} == {
        (kind, id): json.loads(value) for kind, id, value in found
    }


def wallet_key(documents: list[Stored]) -> str:
    for kind, id, value in documents:
        if (kind, id) == ("secret", "acapy"):
            return str(json.loads(value)["wallet_key"])
    raise AgentError(
        "backup_failed", "The wallet has no key for the agent's store.", "Unlock it and try again."
    )


def referents(documents: list[Stored]) -> set[str]:
    """Names of the AnonCreds credentials that the vault speaks of."""
    found = [json.loads(value) for kind, _, value in documents if kind == "credential"]
    return {str(each["referent"]) for each in found if each.get("referent")}


async def acapy_credentials(file: Path, key: str) -> set[str]:
    """Names of the AnonCreds credentials in a copy of ACA-Py's store: it opens, and they can be decrypted."""
    try:
        store = await Store.open(uri_of(file), "raw", key)
        try:
            async with store.session() as session:
                return {entry.name for entry in await session.fetch_all("credential")}
        finally:
            await store.close()
    except AskarError:
        raise AgentError(
            "backup_failed", "The copy of the agent's store does not open.", "Try again."
        ) from None


def read_file(
    path: Path, passphrase: str, take: Callable[[Entry], Callable[[bytes], object]] = backup_file.nothing
) -> Contents:
    """All of a backup, checked; ``take`` gets what is not kept in memory (ACA-Py's store)."""
    parts: dict[str, bytearray] = {SETTINGS: bytearray(), VAULT: bytearray()}
    seen: set[str] = set()

    def sort(entry: Entry) -> Callable[[bytes], object]:
        seen.add(entry.name)
        if entry.name in parts:
            if entry.size > VAULT_BYTES:
                raise InputError(
                    "backup_too_large", "This backup is larger than any wallet of ours.", "Use another copy."
                )
            return parts[entry.name].extend
        return take(entry)

    with said("read"), _opened(path) as source:
        counted = _Counted(source)
        manifest = backup_file.read(counted, passphrase, sort)  # type: ignore[arg-type]
    if not {SETTINGS, VAULT, ACAPY} <= seen:
        raise _not_ours("A part of it is missing.")
    documents = _documents(bytes(parts[VAULT]))
    settings = parse_json(bytes(parts[SETTINGS]), max_bytes=64 * 1024, what="backup's settings")
    if not isinstance(settings, dict):
        raise _not_ours("Its settings are no settings.")
    try:
        chain, stated = _chain(documents), facts(manifest.wallet, documents)
        intact = history.intact(chain)
    except (KeyError, TypeError, ValueError):
        raise _not_ours("Its history is no history.") from None
    if stated.counts != manifest.counts or stated.history_head != manifest.history_head:
        raise _not_ours("It holds something else than its list of contents says.")
    return Contents(manifest, counted.size, counted.digest.hexdigest(), intact, settings, documents)


def _documents(lines: bytes) -> list[Stored]:
    found: list[Stored] = []
    for line in lines.splitlines():
        each = parse_json(line, max_bytes=DOCUMENT_BYTES, max_depth=100, what="backup's document")
        if not isinstance(each, dict) or not isinstance(each.get("value"), dict):
            raise _not_ours("It holds something that is no document of a wallet.")
        kind, id = each.get("kind"), each.get("id")
        if not isinstance(kind, str) or not isinstance(id, str) or not kind:
            raise _not_ours("It holds something that is no document of a wallet.")
        found.append(
            (kind, id, json.dumps(each["value"], separators=(",", ":"), ensure_ascii=False).encode())
        )
    if len({(kind, id) for kind, id, _ in found}) != len(found):
        raise _not_ours("It holds a document twice.")
    return found


def _not_ours(what: str) -> InputError:
    return InputError(
        "backup_damaged",
        f"This backup cannot be used. {what}",
        "Nothing was changed. Use another copy of it.",
    )


class _Counted:
    """A file that knows its digest once it has been read."""

    def __init__(self, source: BinaryIO) -> None:
        self._source, self.digest, self.size = source, hashlib.sha256(), 0

    def read(self, count: int) -> bytes:
        data = self._source.read(count)
        self.digest.update(data)
        self.size += len(data)
        return data


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    if not path.is_absolute():
        raise InputError("not_absolute", "The place of a backup must be a whole path.", "Begin it with /.")
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe would wait for a writer
    except FileNotFoundError:
        raise NotFoundError(
            "no_file", f"There is no file {path}.", "Look whether the name is right."
        ) from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise InputError("not_a_backup", f"{path} is not a file.", "Look whether the name is right.")
    with os.fdopen(handle, "rb") as source:
        with suppress(AttributeError, OSError):  # from the disk itself, not from memory of what was written
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        yield source


@contextmanager
def said(what: str) -> Iterator[None]:
    """What the system says of a file becomes one error of ours."""
    try:
        yield
    except OSError as error:
        raise AgentError(
            "backup_failed",
            f"The backup could not be {what}: {error.strerror}.",
            "Choose another place, or make room.",
        ) from None

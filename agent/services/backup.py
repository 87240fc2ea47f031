"""A backup of a wallet: made, read back, checked (docs/guides/backup.md). The way back is `restoring`.

In it: every document of the vault as of one moment, then ACA-Py's store (link secret, AnonCreds credentials, keys,
connections). The vault comes first, so that the store has whatever the vault speaks of. Nothing is ever on disk in
plain: the documents stay in memory, the store's copy is encrypted by Askar.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import sqlite3
import tempfile
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

from agent.errors import AgentError, ConflictError, InputError, NotFoundError, PassphraseError
from agent.services import clock
from agent.services.backup_contents import (
    ACAPY,
    SETTINGS,
    VAULT,
    Stored,
    acapy_credentials,
    facts,
    line,
    read_file,
    referents,
    said,
    same,
    wallet_key,
)
from agent.services.node import PASSPHRASE_MIN, Node
from agent.services.views import step
from agent.settings import Role, Settings
from agent.store import backup_file, history
from agent.store.backup_file import Manifest
from agent.store.restore_folder import ACAPY_STORE, sync
from agent.store.vault import Document, Put

EXCHANGE = "backup"  # of its ``step`` events
TRIES = 3
# What another machine takes over. Not ports and addresses: they are this machine's.
KEPT_SETTINGS = ("name", "registry_url", "registry_root", "demo", "lock_after_seconds", "elm_url")
NOTE = ("backup", "last")
OURSELVES: Document = {"did": "", "host": "this machine", "name": "This wallet"}


async def make(node: Node, path: Path, passphrase: str, *, replace: bool = False) -> Document:
    """Write a backup, read it back, note it in the history. Answers as `check`, and with ``path``.

    Raises `NotFoundError` not_this_role, no_folder; `PassphraseError` weak_passphrase; `ConflictError` file_exists,
    backup_running; `AgentError` backup_failed, backup_unreadable; what `Node.admin` raises.
    """
    if node.settings.roles != {Role.HOLDER}:
        raise NotFoundError(
            "not_this_role",
            "A backup is of a learner's wallet. What an issuer or employer publishes is not in it.",
            "Stop the agent and copy its whole folder instead.",
        )
    require_passphrase(passphrase)
    await asyncio.to_thread(_require_place, path, replace=replace)
    if node.keeping.locked():
        raise ConflictError("backup_running", "A backup is being made.", "Wait until it is done.")
    named = partial(step, node.bus, EXCHANGE)
    async with node.keeping:
        with named("waiting for the agent"):
            await node.admin()  # ready: its store is there and whole
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=node.home) as folder:
            with named("copying the wallet"):
                documents, copy = await _snapshot(node, Path(folder) / ACAPY)
            with named("encrypting"):
                draft = path.with_name(f".{path.name}.part")
                work = (node.settings, documents, copy, draft, passphrase)
                made = await asyncio.to_thread(_write_draft, *work)
            try:
                with named("reading it back"):
                    found = await asyncio.to_thread(read_file, draft, passphrase)
                    if found.manifest != made or not same(documents, found.documents):
                        raise _unreadable()
                await asyncio.to_thread(_into_place, draft, path, replace=replace)
            finally:
                with suppress(OSError):
                    await asyncio.to_thread(draft.unlink, missing_ok=True)
        answer = found.to_json() | {"path": str(path)}
        await _note(node, path, answer)
    node.bus.publish("status")
    return answer


async def check(path: Path, passphrase: str) -> Document:
    """Read a whole backup and change nothing: ``{"made_at", "wallet", "bytes", "sha256", "credentials", "offers",
    "history", "history_intact"}``. Raises what `backup_file.read` raises, and `NotFoundError` no_file.
    """
    return (await asyncio.to_thread(read_file, path, passphrase)).to_json()


def require_passphrase(passphrase: str) -> None:
    if len(passphrase) < PASSPHRASE_MIN:
        raise PassphraseError("weak_passphrase", f"A passphrase needs at least {PASSPHRASE_MIN} characters.")


def _require_place(path: Path, *, replace: bool) -> None:
    if not path.is_absolute():
        raise InputError("not_absolute", "The place of a backup must be a whole path.", "Begin it with /.")
    with said("written"):  # a name may be too long even to look for
        if not path.parent.is_dir():
            raise NotFoundError(
                "no_folder", f"There is no folder {path.parent}.", "Make it, or choose another."
            )
        if path.is_dir():
            raise ConflictError("file_exists", f"{path} is a folder.", "Name a file in it.")
        if path.exists() and not replace:
            raise _exists(path)


def _exists(path: Path) -> ConflictError:
    return ConflictError("file_exists", f"{path} exists already.", "Choose another name, or replace it.")


def _unreadable() -> AgentError:
    return AgentError(
        "backup_unreadable",
        "What was read back is not what was written.",
        "The disk may be failing. Write the backup to another one.",
    )


async def _snapshot(node: Node, copy: Path) -> tuple[list[Stored], Path]:
    """The vault's documents, and then ACA-Py's store in ``copy``, with all that the documents speak of."""
    for again in range(TRIES, 0, -1):
        documents = await node.vault.everything()
        copy.unlink(missing_ok=True)
        await asyncio.to_thread(_copy_store, node.home / ACAPY_STORE, copy)
        wanted, held = referents(documents), await acapy_credentials(copy, wallet_key(documents))
        if wanted <= held or again == 1:  # one was being deleted; or it is so, and no copy changes it
            break
    return documents, copy


def _copy_store(source: Path, copy: Path) -> None:
    """SQLite's online backup: whole as of one moment, while ACA-Py goes on."""
    if not source.exists():
        raise AgentError(
            "backup_failed", "The agent's own store is not there.", "Lock and unlock, and try again."
        )
    os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        address = f"{source.as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as here, closing(sqlite3.connect(copy)) as there:
            here.backup(there)
            there.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
    except sqlite3.Error as error:
        raise AgentError(
            "backup_failed",
            f"The agent's own store could not be copied ({type(error).__name__}).",
            "Try again.",
        ) from None


def _write_draft(
    settings: Settings, documents: list[Stored], copy: Path, draft: Path, passphrase: str
) -> Manifest:
    with said("written"):
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(handle, "wb") as out, copy.open("rb") as store:
                kept = {name: getattr(settings, name) for name in KEPT_SETTINGS}
                entries: list[tuple[str, BinaryIO]] = [
                    (SETTINGS, io.BytesIO(json.dumps(kept).encode())),
                    (VAULT, io.BytesIO(b"".join(line(*each) for each in documents))),
                    (ACAPY, store),
                ]
                made = backup_file.write(out, passphrase, facts(settings.name, documents), entries)
                out.flush()
                os.fsync(out.fileno())
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    return made


def _into_place(draft: Path, path: Path, *, replace: bool) -> None:
    with said("named"):
        if replace:
            draft.replace(path)
        else:
            try:
                os.link(draft, path)  # fails if something got the name meanwhile
            except FileExistsError:
                raise _exists(path) from None
            except OSError:  # no hard links there, as on most memory sticks
                if path.exists():
                    raise _exists(path) from None
                draft.replace(path)
        sync(path.parent)


async def _note(node: Node, path: Path, answer: Document) -> None:
    kind, id = NOTE
    noted = {
        "made_at": answer["made_at"],
        "file": path.name,
        "bytes": answer["bytes"],
        "sha256": answer["sha256"],
    }
    async with node.history_lock:
        entry = await history.next_entry(
            node.vault,
            at=clock.stamp(clock.now()),
            kind="backed_up",
            party=OURSELVES,
            title=path.name,
            outcome=f"read back; SHA-256 {answer['sha256']}",
        )
        await node.vault.put(Put(kind, id, noted), entry)

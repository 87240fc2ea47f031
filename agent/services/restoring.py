"""A wallet out of a backup, into a home without one: all of it or nothing, whenever the machine stops.

It is put together beside (`agent.store.restore_folder`), checked there, and moved into its place. Documents are never
on disk in plain.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO

from agent.errors import AgentError, InputError
from agent.services import clock
from agent.services.backup import EXCHANGE, KEPT_SETTINGS, NOTE, OURSELVES, require_passphrase
from agent.services.backup_contents import (
    Contents,
    acapy_credentials,
    read_file,
    referents,
    said,
    wallet_key,
)
from agent.services.bus import Bus
from agent.services.views import step
from agent.settings import Role, create_home, save_settings
from agent.store import history, restore_folder
from agent.store.backup_file import Entry
from agent.store.restore_folder import ACAPY_STORE, VAULT
from agent.store.vault import Document, Put, Vault


async def restore(
    home: Path, path: Path, passphrase: str, new_passphrase: str, *, bus: Bus | None = None
) -> Document:
    """Make a wallet out of a backup. Answers as `backup.check`, and with ``home``, ``settings_kept`` (the home had
    settings of its own, which stay) and ``missing`` (credentials without their keys; there should be none).

    Raises what `backup.check` raises; `ConflictError` wallet_exists; `PassphraseError` weak_passphrase;
    `AgentError` backup_failed. After any of them the home is as it was.
    """
    require_passphrase(new_passphrase)
    await asyncio.to_thread(restore_folder.settle, home)
    restore_folder.require_no_wallet(home)
    named = partial(step, bus or Bus(), EXCHANGE)
    new_home = not home.exists()
    try:
        with said("restored"):
            part = await asyncio.to_thread(restore_folder.begin, home)
            with named("reading the backup"):
                found = await asyncio.to_thread(_read_into, part, path, passphrase)
            with named("making the wallet"):
                missing = await _fill(part, found, path.name, new_passphrase)
            kept = (home / "agent.json").exists()
            if not kept:
                _make_settings(part, found.settings)
            with named("putting it in its place"):
                await asyncio.to_thread(restore_folder.decide, home)
    except BaseException:
        await asyncio.to_thread(restore_folder.undo, home, new_home=new_home)
        raise
    return found.to_json() | {"home": str(home), "settings_kept": kept, "missing": missing}


def _read_into(part: Path, path: Path, passphrase: str) -> Contents:
    """ACA-Py's store goes to its file as it comes; it is encrypted. The documents come back in memory."""
    out: list[BinaryIO] = []

    def take(_entry: Entry) -> Callable[[bytes], object]:
        if out:  # a part that a later edition adds is not ours to put anywhere
            return lambda _piece: None
        handle = os.open(part / ACAPY_STORE, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        out.append(os.fdopen(handle, "wb"))
        return out[0].write

    try:
        return read_file(path, passphrase, take)
    finally:
        for stream in out:
            stream.close()


async def _fill(part: Path, found: Contents, name: str, passphrase: str) -> int:
    """The new vault, and proof that both parts open and belong together. How many credentials lack their keys."""
    held = await acapy_credentials(part / ACAPY_STORE, wallet_key(found.documents))
    vault = await Vault.create(part / VAULT, passphrase)
    try:
        await vault.fill(found.documents)
        if sorted(await vault.everything()) != sorted(found.documents):
            raise AgentError(
                "backup_failed", "The wallet that was made is not the one in the backup.", "Try again."
            )
        entry = await history.next_entry(
            vault,
            at=clock.stamp(clock.now()),
            kind="restored",
            party=OURSELVES,
            title=name,
            outcome=f"from a backup of {found.manifest.made_at}; SHA-256 {found.sha256}",
        )
        kind, id = NOTE
        noted = {"made_at": found.manifest.made_at, "file": name, "bytes": found.size, "sha256": found.sha256}
        await vault.put(Put(kind, id, noted), entry)
    finally:
        await vault.close()
    return len(referents(found.documents) - held)


def _make_settings(part: Path, settings: Document) -> None:
    """For a home without any: those of the backup, with ports of this machine."""
    wanted = {name: settings[name] for name in KEPT_SETTINGS if name in settings}
    elm_url = wanted.pop("elm_url", "")
    try:
        made = create_home(part, roles=frozenset({Role.HOLDER}), **wanted)
    except TypeError:
        raise InputError("backup_damaged", "The backup has no settings.", "Use another copy of it.") from None
    save_settings(part, made.model_copy(update={"elm_url": str(elm_url)}))

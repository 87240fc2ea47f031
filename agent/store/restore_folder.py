"""Where a restored wallet is put together, and how it gets to its place (`agent.services.restoring`).

Everything is made in HOME/.restore.part and checked there. Renaming that folder to HOME/.restore is the decision: from
then on the wallet is there, and `finish` (called before anything looks into a home) moves what is in it to its places.
What a crash left before that is taken away by `sweep`.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from agent.errors import AgentError, ConflictError

ACAPY_STORE = Path("acapy") / "wallet" / "cairn" / "sqlite.db"  # in a home, as ACA-Py names it
VAULT = Path("vault.db")
PART, DONE = ".restore.part", ".restore"
# Moved in this order; a home has a wallet once it has the vault.
_PLACES = (ACAPY_STORE.parent.parent, Path("token"), Path("agent.json"), VAULT)


def settle(home: Path) -> None:
    """What whoever has the home to himself does first: nothing of an earlier restore or backup is left."""
    sweep(home)
    finish(home)


def sweep(home: Path) -> None:
    """Take away what was broken off. Not while somebody may be at it."""
    for left in (home / PART, *home.glob(".backup-*")):
        shutil.rmtree(left, ignore_errors=True)


def finish(home: Path) -> None:
    """A restore that had been decided comes to its end. Always safe."""
    done = home / DONE
    if not done.is_dir():
        return
    if (done / VAULT).exists() and (
        home / VAULT
    ).exists():  # somebody made another wallet meanwhile: it stays
        shutil.rmtree(done)
        return
    for name in _PLACES:
        if (done / name).exists() and not (home / name).exists():
            (home / name).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            (done / name).rename(home / name)
            sync((home / name).parent)
    shutil.rmtree(done)


def require_no_wallet(home: Path) -> None:
    """Raises `ConflictError` wallet_exists: nothing is ever overwritten."""
    if (home / VAULT).exists() or (home / ACAPY_STORE.parent.parent).exists():
        raise ConflictError(
            "wallet_exists",
            f"There is already a wallet in {home}. Nothing was changed.",
            "Restore into another folder: cairn restore FILE --home FOLDER.",
        )


def begin(home: Path) -> Path:
    """The folder to put a wallet together in."""
    part = home / PART
    (part / ACAPY_STORE).parent.mkdir(parents=True, mode=0o700)
    for folder in (home, part, *(path for path in part.rglob("*") if path.is_dir())):
        folder.chmod(0o700)
    return part


def decide(home: Path) -> None:
    """All of it is there: from here on there is a wallet, whatever happens."""
    part = home / PART
    for file in (part / VAULT, part / ACAPY_STORE):
        with closing(sqlite3.connect(file)) as db:
            busy, *_ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:  # what is in a log beside it would be left behind
            raise AgentError("backup_failed", "The wallet that was made is still in use.", "Try again.")
    for path in [*part.rglob("*"), part]:
        _flush(path)
    require_no_wallet(home)
    part.rename(home / DONE)
    sync(home)
    finish(home)


def undo(home: Path, *, new_home: bool) -> None:
    """As it was, unless it had been decided."""
    if (home / DONE).exists():
        return
    shutil.rmtree(home / PART, ignore_errors=True)
    if new_home:
        with suppress(OSError):
            home.rmdir()


def sync(folder: Path) -> None:
    """Names of files are on the disk too. Some file systems cannot be asked for it."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _flush(path: Path) -> None:
    if path.is_dir():
        sync(path)
    else:
        with path.open("rb") as file:
            os.fsync(file.fileno())

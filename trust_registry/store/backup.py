"""One SQLite file of everything in a store, whichever database it is in, and the way back.

The file has the tables of ``registry.db`` and is read as of one moment, while the service runs. It is written
beside its place under another name, its log is verified, and only then it gets its name. The registry's key
is not in it.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from trust_registry.audit import Head
from trust_registry.errors import StoreError, StoreUnreachable
from trust_registry.signing import RegistryKey
from trust_registry.store.records import Store
from trust_registry.store.signer import Signer


def backup(place: Path | str, file: Path, key: Signer | RegistryKey) -> Head:
    """Write ``file`` (new, 0600); returns the log's head. `StoreError` file_exists, or what does not hold."""
    _check_there(place)
    if file.exists():
        raise StoreError("file_exists", f"{file.name} exists already.", "Give the backup a name of its own.")
    try:
        with tempfile.TemporaryDirectory(prefix=f".{file.name}.", dir=file.parent) as folder:
            draft = Path(folder) / "registry.db"
            with closing(Store(draft, key)) as made, closing(Store(place, key)) as source:
                head = made.fill_from(source)
            _finish(draft)
            draft.chmod(0o600)
            os.link(draft, file)  # fails if something got the name meanwhile
            _sync(file.parent)
    except OSError as error:
        raise StoreError("backup_failed", f"The backup cannot be written ({error.strerror}).") from None
    return head


def restore(file: Path, place: Path | str, key: Signer | RegistryKey, noted: Head | None = None) -> Head:
    """Put a backup into an empty place; `StoreError` not_a_backup or store_not_empty, or what does not hold.

    ``noted``: the head that was kept elsewhere; without it nobody can tell an old backup from the last one.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="cairn-restore-") as folder:
            draft = Path(folder) / "registry.db"
            _copy(file, draft)  # the backup itself is only read, also when its version is an older one
            with closing(Store(draft, key)) as source, closing(Store(place, key)) as target:
                return target.fill_from(source, noted)
    except OSError as error:
        raise StoreError("restore_failed", f"The backup cannot be read ({error.strerror}).") from None


def copy(source: Path, place: str, key: Signer | RegistryKey) -> Head:
    """From the home's file into an empty PostgreSQL database, in one transaction, the log verified there."""
    _check_there(source)
    with closing(Store(source, key)) as origin, closing(Store(place, key)) as target:
        return target.fill_from(origin)


def _check_there(place: Path | str) -> None:
    if isinstance(place, Path) and not place.exists():  # opening it would make an empty one
        raise StoreError("no_registry", f"There is no {place.name} in this folder.")


def _copy(file: Path, draft: Path) -> None:
    try:
        with (
            closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as origin,
            closing(sqlite3.connect(draft)) as target,
        ):
            origin.backup(target)
            found = {row[0] for row in target.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error:
        found = set()
    if not {"bindings", "audit"} <= found:  # an empty file is a database too
        raise StoreError("not_a_backup", f"{file.name[:100]} is not a backup of a registry.")


def _finish(draft: Path) -> None:
    """One file, complete on the disk, that can be read from a medium that cannot be written."""
    try:
        with closing(sqlite3.connect(draft)) as db:
            db.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error:
        failed = True
    else:
        failed = False
    if failed:
        raise StoreUnreachable("The backup could not be completed.", "Is the disk full?")
    _sync(draft)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

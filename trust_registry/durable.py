"""Files that are there whole or not at all, also after a power cut, and one writer at a time."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trust_registry.errors import TrustRegistryError

_PUBLIC = 0o644


def write(path: Path, data: bytes) -> None:
    """Replace ``path`` by ``data``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft(path)
    try:
        draft.write_bytes(data)
        commit(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def take_in(source: Path, path: Path) -> None:
    """Another name for the file ``source``; a copy where the file system gives no second name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft(path)
    draft.unlink(missing_ok=True)
    try:
        try:
            os.link(source, draft)
        except OSError:  # another file system, or one without links; an unreadable source fails again here
            shutil.copyfile(source, draft)
            draft.chmod(_PUBLIC)
        commit(draft, path)
    finally:
        # Two links of one file: rename does nothing and leaves the draft.
        draft.unlink(missing_ok=True)


def commit(draft: Path, path: Path) -> None:
    """Give a finished draft its name. The content is on the disk before the name is."""
    sync(draft)
    draft.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Content of a file, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(path: Path, busy: str) -> Iterator[None]:
    """Hold the lock file ``path``; `TrustRegistryError` busy, with this sentence, if somebody else does.

    Ends with the process, however that ends.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TrustRegistryError("busy", busy, "Try again when it is done.") from error
        yield


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}")

"""Tails files by their own hash: base58 of the SHA-256 over the whole file, as anoncreds-rs names them."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path
from types import TracebackType

import base58

from trust_registry.errors import ObjectError

TAILS_BYTES = 64 * 1024 * 1024
TOTAL_BYTES = 2 * 1024 * 1024 * 1024  # the mirror takes tails from anybody: a bound on what they can fill
HASH = re.compile(r"[1-9A-HJ-NP-Za-km-z]{32,44}")


def tails_hash(digest: bytes) -> str:
    return base58.b58encode(digest).decode("ascii")


class TailsStore:
    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def path(self, name: str) -> Path | None:
        """The file of this hash, if it is here; a name that is no hash is refused, so no path gets out."""
        path = self._directory / self._checked(name)
        return path if path.is_file() else None

    def receive(self, name: str) -> Incoming:
        """Where to write a file that claims this hash; nothing becomes visible unless it holds."""
        used = sum(entry.stat().st_size for entry in os.scandir(self._directory) if entry.is_file())
        if used >= TOTAL_BYTES:
            raise ObjectError("storage_full", "The mirror has no room for more tails files.")
        return Incoming(self._directory, self._checked(name))

    @staticmethod
    def _checked(name: str) -> str:
        if not HASH.fullmatch(name):
            raise ObjectError("malformed", "A tails file's name is the base58 of a SHA-256.")
        return name


class Incoming:
    """A tails file on its way in: ``with store.receive(name) as file: file.write(…); file.finish()``."""

    def __init__(self, directory: Path, name: str) -> None:
        self._target = directory / name
        descriptor, draft = tempfile.mkstemp(dir=directory, prefix=".incoming-")
        self._draft, self._file = Path(draft), os.fdopen(descriptor, "wb")
        self._hash, self._size = hashlib.sha256(), 0

    def write(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > TAILS_BYTES:
            raise ObjectError("too_large", f"The tails file has more than {TAILS_BYTES} bytes.")
        self._hash.update(chunk)
        self._file.write(chunk)

    def finish(self) -> None:
        """Keep the file under its name; `ObjectError` wrong_hash if that is not its hash."""
        if tails_hash(self._hash.digest()) != self._target.name:
            raise ObjectError("wrong_hash", "The tails file is not the one its name says.")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._draft.replace(self._target)

    def __enter__(self) -> Incoming:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._draft.unlink(missing_ok=True)

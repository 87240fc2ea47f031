"""Public, signed objects as files: what an issuer's service must be able to serve even when it is locked.

Content-addressed files are written once (temp file, then rename) and never change. Revocation lists are
appended under their own timestamp; a list older than the newest is refused, so a restored backup or a
confused process cannot roll a status back.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from agent.errors import ConflictError, InputError

_SHA256 = re.compile(r"[0-9a-f]{64}")
_LIST = re.compile(r"[0-9]{12,13}\.jws")
_TAILS = re.compile(r"[1-9A-HJ-NP-Za-km-z]{40,50}")
KINDS = frozenset({"SCHEMA", "CREDDEF", "REVREG"})


class PublicObjects:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, kind: str, sha256: str, jws: bytes) -> None:
        path = self._object(kind, sha256)
        if not path.exists():  # the signature may differ in its time, the content cannot: it is the name
            write_atomic(path, jws)

    def get(self, kind: str, sha256: str) -> bytes | None:
        return _read(self._object(kind, sha256))

    def put_list(self, sha256: str, timestamp: int, jws: bytes) -> None:
        newest = self.newest_list(sha256)
        if timestamp <= newest:
            raise ConflictError("list_rollback", f"A revocation list of {newest} is already published.")
        write_atomic(self._list_folder(sha256) / f"{timestamp:012d}.jws", jws)

    def newest_list(self, sha256: str) -> int:
        """Timestamp (unix seconds) of the newest list; -1 when there is none."""
        return max(self._timestamps(sha256), default=-1)

    def get_list(self, sha256: str, at: int | None) -> bytes | None:
        """The newest list not after ``at`` (unix seconds); the oldest if all are after; None if there is none."""
        timestamps = sorted(self._timestamps(sha256))
        if not timestamps:
            return None
        eligible = [stamp for stamp in timestamps if at is None or stamp <= at]
        chosen = eligible[-1] if eligible else timestamps[0]
        return _read(self._list_folder(sha256) / f"{chosen:012d}.jws")

    def put_tails(self, name: str, data: bytes) -> None:
        path = self._tails(name)
        if not path.exists():
            write_atomic(path, data)

    def get_tails(self, name: str) -> bytes | None:
        return _read(self._tails(name))

    def put_did_document(self, data: bytes) -> None:
        write_atomic(self._folder / "did.json", data)

    def get_did_document(self) -> bytes | None:
        return _read(self._folder / "did.json")

    def _object(self, kind: str, sha256: str) -> Path:
        if kind not in KINDS or not _SHA256.fullmatch(sha256):
            raise InputError("bad_object_name", "That is not the name of an object.")
        return self._folder / "objects" / kind / f"{sha256}.jws"

    def _list_folder(self, sha256: str) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise InputError("bad_object_name", "That is not the name of a revocation list.")
        return self._folder / "lists" / sha256

    def _timestamps(self, sha256: str) -> list[int]:
        folder = self._list_folder(sha256)
        if not folder.exists():
            return []
        return [int(path.stem) for path in folder.iterdir() if _LIST.fullmatch(path.name)]

    def _tails(self, name: str) -> Path:
        if not _TAILS.fullmatch(name):
            raise InputError("bad_object_name", "That is not the name of a tails file.")
        return self._folder / "tails" / name


def write_atomic(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write beside, flush to disk, rename: a reader sees the old file or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft = Path(name)
        draft.chmod(mode)
        draft.rename(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None

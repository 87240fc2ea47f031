"""Public, signed objects as files: what an issuer's service must be able to serve even when it is locked.

Content-addressed files are written once (temp file, then rename) and never change. Revocation lists are
appended under their own timestamp; a list older than the newest is refused, so a restored backup or a
confused process cannot roll a status back. Status lists of W3C credentials likewise, by their sequence number;
of them only the newest is kept.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from agent.errors import ConflictError, InputError

_SHA256 = re.compile(r"[0-9a-f]{64}")
_LIST = re.compile(r"[0-9]{12,13}\.jws")
_STATUS_LIST = re.compile(r"[0-9a-f]{16}-(?:revocation|suspension)")
_SEQUENCE = re.compile(r"[0-9]{12}\.json")
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

    def put_status_list(self, name: str, sequence: int, document: bytes) -> None:
        newest = self.status_list_sequence(name)
        if sequence <= newest:
            raise ConflictError("list_rollback", f"Number {newest} of that status list is already published.")
        write_atomic(self._status_folder(name) / f"{sequence:012d}.json", document)
        for path in self._status_files(name)[:-1]:
            path.unlink(missing_ok=True)

    def status_list_sequence(self, name: str) -> int:
        """Sequence number of the published list; 0 when there is none."""
        files = self._status_files(name)
        return int(files[-1].stem) if files else 0

    def get_status_list(self, name: str) -> bytes | None:
        files = self._status_files(name)
        return _read(files[-1]) if files else None

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

    def _status_folder(self, name: str) -> Path:
        if not _STATUS_LIST.fullmatch(name):
            raise InputError("bad_object_name", "That is not the name of a status list.")
        return self._folder / "status" / name

    def _status_files(self, name: str) -> list[Path]:
        folder = self._status_folder(name)
        if not folder.exists():
            return []
        return sorted(path for path in folder.iterdir() if _SEQUENCE.fullmatch(path.name))

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

"""What a local copy is: its files, and ``current.json``, which says which of them count. See `local_copy`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from trust_registry import strict_json
from trust_registry.dates import format_time, parse_time
from trust_registry.errors import KeyFormatError, QueryError, SnapshotError
from trust_registry.keys import Jwk, jwk_from_raw, raw_from_jwk
from trust_registry.tuf_roles import Listed

_VERSION = 1
_POINTER_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Copied:
    name: str
    path: Path
    sha256: str
    length: int
    custom: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Copy:
    """``signed_at``: when the registry last said that this is current; ``checked_at``: when we last asked it.

    How old the *facts* are is in the files' ``custom``, or in the files. ``online_key`` is the registry's, by its
    root: it signs the list, and answers.
    """

    files: Mapping[str, Copied]
    version: int
    signed_at: datetime
    checked_at: datetime
    root_sha256: str
    online_key: Jwk


@dataclass(frozen=True, slots=True)
class Synced:
    """``changed``: other files, or other data about them, than before."""

    changed: bool
    copy: Copy


@dataclass(frozen=True, slots=True)
class Pointer:
    """current.json."""

    timestamp_version: int
    timestamp_sha256: str
    etag: str
    online_key: Jwk
    signed_at: datetime
    checked_at: datetime
    files: tuple[Listed, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "version": _VERSION,
            "timestamp": {
                "version": self.timestamp_version,
                "sha256": self.timestamp_sha256,
                "etag": self.etag,
            },
            "online_key": self.online_key,
            "signed_at": format_time(self.signed_at),
            "checked_at": format_time(self.checked_at),
            "files": [
                {"name": one.name, "sha256": one.sha256, "length": one.length, "custom": dict(one.custom)}
                for one in self.files
            ],
        }

    @classmethod
    def from_json(cls, data: Any) -> Pointer:
        if data["version"] != _VERSION:
            raise ValueError("another version")
        stamp = data["timestamp"]
        files = tuple(
            Listed(str(one["name"]), str(one["sha256"]), int(one["length"]), dict(one["custom"]))
            for one in data["files"]
        )
        return cls(
            timestamp_version=int(stamp["version"]),
            timestamp_sha256=str(stamp["sha256"]),
            etag=str(stamp["etag"]),
            online_key=jwk_from_raw(raw_from_jwk(data["online_key"])),
            signed_at=parse_time(data["signed_at"], "signed_at"),
            checked_at=parse_time(data["checked_at"], "checked_at"),
            files=files,
        )


def damaged() -> SnapshotError:
    return SnapshotError("copy_damaged", "The copy of the list here is damaged.", "Fetch it again.")


def parse_pointer(data: bytes) -> Pointer:
    """`SnapshotError` copy_damaged."""
    try:
        return Pointer.from_json(strict_json.loads(data, max_bytes=_POINTER_BYTES))
    except (ValueError, KeyError, TypeError, QueryError, KeyFormatError) as error:
        raise damaged() from error


def holds(path: Path, item: Listed) -> bool:
    """Whether the file is there, with the length and hash that were signed."""
    if not path.is_file() or path.stat().st_size != item.length:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == item.sha256

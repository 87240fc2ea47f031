"""Files with several credentials in them, taken apart: a list of documents, or a zip such as ``cairn export`` writes.

Only taken apart: what each part is, `agent.formats.opening` finds out. A zip is from anybody, so the names in it are
shown and never used as paths, and nothing is unpacked beyond the limits here.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from agent.core.limits import parse_json
from agent.errors import InputError
from agent.vc.limits import VC_LIMITS

INDEX: Final = "index.json"
INDEX_TYPE: Final = "cairn-export"
# Envelopes of which another wallet can keep a copy.
TAKEN_IN: Final = frozenset({"ldp_vc", "vc_jwt", "open_badge_2"})
MAX_PARTS: Final = 25_000
MAX_FILE_BYTES: Final = 256 * 1024 * 1024
MAX_UNPACKED_BYTES: Final = 1024 * 1024 * 1024
MAX_INDEX_BYTES: Final = 64 * 1024 * 1024
_ENDINGS: Final = frozenset({".json", ".jsonld", ".jwt", ".png", ".svg", ".txt"})
_HINT: Final = "Use the file as it was written, whole and unchanged."


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    data: bytes


def is_collection(start: bytes) -> bool:
    """Whether a file that begins so may be one."""
    return start.startswith(b"PK\x03\x04") or start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")


def split(data: bytes) -> Iterator[Part] | None:
    """The parts of a list or a zip, one at a time; None for any other file, and for a list without documents.

    Raises `InputError`, at once or while the parts are read: not_json, too_deep, too_large, too_many_parts, bad_zip.
    """
    if not is_collection(data[:64]):
        return None
    if len(data) > MAX_FILE_BYTES:
        raise InputError("too_large", f"The file has more than {MAX_FILE_BYTES} bytes.", _HINT)
    return _of_zip(data) if data.startswith(b"PK") else _of_list(data)


def _of_list(data: bytes) -> Iterator[Part] | None:
    items = _parsed(data, "file")
    if not items or not all(isinstance(item, dict | str) for item in items):
        return None
    if len(items) > MAX_PARTS:
        raise InputError("too_many_parts", f"The list holds more than {MAX_PARTS} credentials.", _HINT)
    return (
        Part(f"item {number}", item.encode("utf-8", "replace") if isinstance(item, str) else _json(item))
        for number, item in enumerate(items, start=1)
    )


def _parsed(data: bytes, what: str) -> Any:
    try:
        return parse_json(data, max_bytes=MAX_FILE_BYTES, max_depth=VC_LIMITS.json_depth + 1, what=what)
    except InputError as error:
        raise InputError(error.code, error.detail, error.hint or _HINT) from error


def _json(item: Any) -> bytes:
    return json.dumps(item).encode()


def _of_zip(data: bytes) -> Iterator[Part]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        infos = [info for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError) as error:
        raise InputError("bad_zip", "The zip file is damaged, or was cut off.", _HINT) from error
    if len(infos) > 4 * MAX_PARTS:
        raise InputError("too_many_parts", f"The zip holds more than {4 * MAX_PARTS} files.", _HINT)
    wanted = _named(archive, infos)
    if wanted is None:
        wanted = [info for info in infos if PurePosixPath(info.filename).suffix.lower() in _ENDINGS]
    if not wanted:
        raise InputError("no_credentials", "The zip holds no file that could be a credential.", _HINT)
    return _unpacked(archive, wanted)


def _named(archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo]) -> list[zipfile.ZipInfo] | None:
    """What the index of our own exports names for another wallet; None where there is no such index."""
    by_name = {info.filename: info for info in infos}
    if INDEX not in by_name:
        return None
    index = _parsed(_read(archive, by_name[INDEX], MAX_INDEX_BYTES), "index of the zip")
    if not isinstance(index, dict) or index.get("type") != INDEX_TYPE:
        return None
    names: list[str] = []
    for row in (*_list(index.get("credentials")), *_list(index.get("badges"))):
        files = [file for file in _list(row.get("files")) if isinstance(file.get("name"), str)]
        # One that no wallet takes in is named as well, so that its refusal says why.
        chosen = [file for file in files if file.get("take_in") is True] or files[:1]
        names += [file["name"] for file in chosen]
    return [by_name[name] for name in dict.fromkeys(names) if name in by_name]


def _list(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _unpacked(archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo]) -> Iterator[Part]:
    left = MAX_UNPACKED_BYTES
    for info in infos[: MAX_PARTS + 1]:
        content = _read(archive, info, min(VC_LIMITS.image_bytes, left))
        left -= len(content)
        yield Part(PurePosixPath(info.filename).name[:200], content)


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    """By what comes out, not by what the zip says of itself."""
    try:
        with archive.open(info) as stream:
            content = stream.read(most + 1)
    except (
        zipfile.BadZipFile,
        RuntimeError,
        NotImplementedError,
        ValueError,
        OSError,
        EOFError,
        zlib.error,
    ) as error:
        raise InputError("bad_zip", "A file in the zip is damaged or encrypted.", _HINT) from error
    if len(content) > most:
        raise InputError("too_large", "A file in the zip is larger than any credential.", _HINT)
    return content

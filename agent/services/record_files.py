"""Records from files, for what-if questions: read within limits, and nothing about them is checked."""

from __future__ import annotations

from pathlib import Path

from agent.core.limits import parse_json
from agent.core.record import MAX_RECORD_BYTES, Record
from agent.core.stacks import Member
from agent.core.verdict import Result
from agent.errors import InputError

MAX_FILES = 2000


def members(folder: Path, *, assume_issuers: bool) -> list[Member]:
    """Every ``*.json`` of a folder as a member. Authenticity is assumed, which the caller has to say; so are
    the issuers with ``assume_issuers``, otherwise their quality assurance is unknown.

    Raises `InputError` naming the file.
    """
    try:
        files = sorted(folder.glob("*.json"))
    except OSError as error:
        raise InputError("no_folder", f"{folder.name}: cannot be read.") from error
    if not files:
        raise InputError("no_records", f"{folder.name}: there is no record file (*.json).")
    if len(files) > MAX_FILES:
        raise InputError("too_many", f"{folder.name}: {len(files)} files; the limit is {MAX_FILES}.")
    return [_member(file, assume_issuers) for file in files]


def _member(file: Path, assume_issuers: bool) -> Member:
    record = read(file)
    quality = Result.PASS if assume_issuers else Result.UNKNOWN
    institution = (record.issuer.registry_id or "") if assume_issuers else ""
    return Member(file.stem, record, False, quality, Result.PASS, institution)


def read(file: Path) -> Record:
    """One record. Raises `InputError` with the file's name in front of what is wrong."""
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_RECORD_BYTES + 1)
        return Record.from_json(parse_json(data, max_bytes=MAX_RECORD_BYTES, what="record"))
    except OSError as error:
        raise InputError("no_file", f"{file.name}: cannot be read.") from error
    except InputError as error:
        raise InputError(error.code, f"{file.name}: {error.detail}", error.hint) from error

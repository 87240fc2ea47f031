"""Bitstring Status List v1.0 (W3C Recommendation, 15 May 2025): lists and entries, read and made. Pure.

Section numbers are those of the Recommendation. Who fetches the list, verifies its proof, its issuer and its
dates is `agent.vc.rules` with `agent.services`; here is only what stands in it.

What is read comes from outside: the list is inflated no further than `MAX_BYTES`, whatever it claims to hold.
"""

from __future__ import annotations

import gzip
import re
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from agent.errors import InputError
from trust_registry.strict_json import b64url, b64url_decode

CONTEXT = "https://www.w3.org/ns/credentials/v2"
CREDENTIAL_TYPE = "BitstringStatusListCredential"
LIST_TYPE = "BitstringStatusList"
ENTRY_TYPE = "BitstringStatusListEntry"
REVOCATION = "revocation"
SUSPENSION = "suspension"

MIN_ENTRIES = 131_072  # section 3.2, for herd privacy
MAX_BYTES = 4 * 1024 * 1024  # of an inflated list: 33 million entries of one bit
MAX_ENCODED_CHARS = 6 * 1024 * 1024  # no list of MAX_BYTES needs more, even where nothing can be compressed
MAX_PURPOSES = 16
MAX_URL_CHARS = 2048
_INDEX = re.compile(r"0|[1-9][0-9]{0,15}")
_GZIP = 31  # zlib's word for: a gzip header and trailer, and nothing else


@dataclass(frozen=True, slots=True)
class Entry:
    """A ``credentialStatus`` entry (section 2.1). ``id`` is empty where there is none; it decides nothing."""

    purpose: str
    index: int
    url: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class StatusList:
    """What a list's credential says (section 2.2). ``size`` counts entries; ``ttl`` is None where it says none."""

    purposes: tuple[str, ...]
    size: int
    ttl: timedelta | None
    bits: bytes = field(repr=False)

    def is_set(self, index: int) -> bool:
        """The bit at ``index``; index 0 is the left-most bit. Raises `InputError` index_out_of_range
        (section 3.2, RANGE_ERROR)."""
        if not 0 <= index < self.size:
            raise InputError("index_out_of_range", f"The status list has {self.size} entries, not that many.")
        return get_bit(self.bits, index)


def get_bit(bits: bytes | bytearray, index: int) -> bool:
    return bool(bits[index >> 3] & 0x80 >> (index & 7))


def with_bit(bits: bytes, index: int, value: bool) -> bytes:
    """A copy with one bit changed."""
    changed = bytearray(bits)
    mask = 0x80 >> (index & 7)
    changed[index >> 3] = changed[index >> 3] | mask if value else changed[index >> 3] & ~mask
    return bytes(changed)


# ---------------------------------------------------------------------- reading


def read_entry(entry: Any) -> Entry:
    """A ``credentialStatus`` entry of this type (section 2.1).

    Raises `InputError` with code ``bad_status_entry`` (a MUST of section 2.1 is broken) or
    ``unsupported_status`` (more than one bit per entry, which is legal and not read here).
    """
    if not isinstance(entry, dict) or entry.get("type") != ENTRY_TYPE:
        raise InputError("bad_status_entry", f"The status entry is not a {ENTRY_TYPE}.")
    purpose, index, url = (
        entry.get(name) for name in ("statusPurpose", "statusListIndex", "statusListCredential")
    )
    if not isinstance(purpose, str) or not purpose:
        raise InputError("bad_status_entry", "The status entry names no purpose.")
    if not isinstance(index, str) or not _INDEX.fullmatch(index):
        raise InputError("bad_status_entry", "The status entry's index is not a number written as text.")
    if not isinstance(url, str) or not 0 < len(url) <= MAX_URL_CHARS:
        raise InputError("bad_status_entry", "The status entry names no list.")
    identifier = entry.get("id", "")
    if not isinstance(identifier, str) or identifier == url:
        raise InputError("bad_status_entry", "The status entry's id is not one of its own.")
    size = entry.get("statusSize", 1)
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise InputError("bad_status_entry", "The status entry's size is not a number of bits.")
    if size != 1:
        raise InputError("unsupported_status", f"The status has {size} bits; only one bit is understood.")
    return Entry(purpose, int(index), url, identifier)


def read(document: Any) -> StatusList:
    """The list in a status list credential (sections 2.2 and 3.2), which the caller has verified, or will.

    Raises `InputError` with code ``bad_status_list`` (a MUST of section 2.2 is broken), ``too_large``,
    ``list_too_small`` (section 3.2, STATUS_LIST_LENGTH_ERROR) or ``unsupported_status`` (several bits each).
    """
    if not isinstance(document, dict) or CREDENTIAL_TYPE not in _texts(document.get("type")):
        raise InputError("bad_status_list", f"The document is not a {CREDENTIAL_TYPE}.")
    subject = document.get("credentialSubject")
    if isinstance(subject, list) and len(subject) == 1:
        (subject,) = subject
    if not isinstance(subject, dict) or _texts(subject.get("type")) != (LIST_TYPE,):
        raise InputError("bad_status_list", f"The document's subject is not one {LIST_TYPE}.")
    purposes = _texts(subject.get("statusPurpose"))
    if not purposes or not all(purposes):
        raise InputError("bad_status_list", "The status list names no purpose.")
    if subject.get("statusSize", 1) != 1:
        raise InputError("unsupported_status", "The status list has several bits for each entry.")
    bits = expand(subject.get("encodedList"))
    if len(bits) * 8 < MIN_ENTRIES:
        raise InputError(
            "list_too_small", f"The status list has {len(bits) * 8} entries; {MIN_ENTRIES} are the least."
        )
    return StatusList(purposes, len(bits) * 8, _ttl(subject.get("ttl")), bits)


def expand(encoded: Any) -> bytes:
    """The bitstring of an ``encodedList`` (section 3.4): multibase ``u``, base64url, one gzip member.

    Raises `InputError` ``bad_status_list``, or ``too_large`` as soon as `MAX_BYTES` are out.
    """
    if not isinstance(encoded, str) or not encoded.startswith("u"):
        raise InputError("bad_status_list", "The status list is not encoded as multibase base64url.")
    if len(encoded) > MAX_ENCODED_CHARS:
        raise InputError("too_large", f"The status list has more than {MAX_ENCODED_CHARS} characters.")
    try:
        packed = b64url_decode(encoded[1:])
        inflater = zlib.decompressobj(_GZIP)
        bits = inflater.decompress(packed, MAX_BYTES + 1)
    except (ValueError, zlib.error) as error:
        raise InputError("bad_status_list", "The status list is not base64url of gzip.") from error
    if len(bits) > MAX_BYTES:
        raise InputError("too_large", f"The status list inflates to more than {MAX_BYTES} bytes.")
    if not inflater.eof or inflater.unused_data:
        # Two readers would see two lists: one that stops at the first member's end, one that does not.
        raise InputError("bad_status_list", "The status list is not exactly one gzip member.")
    return bits


def _ttl(value: Any) -> timedelta | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 10**12:
        raise InputError("bad_status_list", "The status list's ttl is not a number of milliseconds.")
    return timedelta(milliseconds=value)


def _texts(value: Any) -> tuple[str, ...]:
    """One text or a short list of texts; empty for anything else."""
    found = value if isinstance(value, list) else [value]
    if len(found) > MAX_PURPOSES or not all(isinstance(item, str) for item in found):
        return ()
    return tuple(found)


# ---------------------------------------------------------------------- making


def encode(bits: bytes) -> str:
    """The ``encodedList`` of a bitstring (section 3.3); the same bits give the same text."""
    return "u" + b64url(gzip.compress(bits, mtime=0))


def entry(*, url: str, index: int, purpose: str) -> dict[str, Any]:
    """The ``credentialStatus`` entry of the credential at ``index`` of the list at ``url`` (section 2.1)."""
    return {
        "id": f"{url}#{index}",
        "type": ENTRY_TYPE,
        "statusPurpose": purpose,
        "statusListIndex": str(index),
        "statusListCredential": url,
    }


def credential(
    *,
    url: str,
    issuer: str,
    purpose: str,
    bits: bytes,
    valid_from: datetime,
    valid_until: datetime,
    ttl: timedelta,
) -> dict[str, Any]:
    """The status list credential to be signed (section 2.2). ``url`` is where it will be served."""
    return {
        "@context": [CONTEXT],
        "id": url,
        "type": ["VerifiableCredential", CREDENTIAL_TYPE],
        "issuer": issuer,
        "validFrom": _stamp(valid_from),
        "validUntil": _stamp(valid_until),
        "credentialSubject": {
            "id": f"{url}#list",
            "type": LIST_TYPE,
            "statusPurpose": purpose,
            "ttl": ttl // timedelta(milliseconds=1),
            "encodedList": encode(bits),
        },
    }


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")

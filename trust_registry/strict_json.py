"""JSON from outside: bounded, one meaning only.

Refused: duplicate members (two readers would see two documents), NaN and infinities, halves of surrogate pairs
(no text: nothing can store or send them), nesting deeper than ``MAX_DEPTH``, more bytes than the caller allows.
`canonical` is RFC 8785.
"""

from __future__ import annotations

import base64
import json
import math
import re
from typing import Any

import rfc8785

MAX_DEPTH = 32
_B64URL = re.compile(rb"[A-Za-z0-9_-]*")


def loads(data: bytes | str, *, max_bytes: int, halves: bool = False) -> Any:
    """Parse, or raise `ValueError` with a message that never quotes the document.

    ``halves``: let half of a surrogate pair through, for who sets aside the one record that has it.
    """
    raw = data.encode() if isinstance(data, str) else data
    if len(raw) > max_bytes:
        raise ValueError(f"more than {max_bytes} bytes")
    try:
        text = raw.decode("utf-8")  # json.loads would also guess UTF-16 and UTF-32
        value = json.loads(text, object_pairs_hook=_members, parse_constant=_constant, parse_float=_number)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON at character {error.pos}") from error
    _check_depth(value)
    if "\\u" in text and not halves:
        _check_text(value)
    return value


def canonical(value: Any) -> bytes:
    """RFC 8785 bytes; raises `ValueError` for what it cannot write (lone surrogates, integers over 2^53)."""
    return rfc8785.dumps(value)


def b64url(data: bytes) -> str:
    """base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def b64url_decode(text: bytes | str) -> bytes:
    """The only bytes ``text`` may stand for; `ValueError` for padding, other characters, loose bits."""
    raw = text.encode("ascii") if isinstance(text, str) else text
    if not _B64URL.fullmatch(raw) or len(raw) % 4 == 1:
        raise ValueError("not base64url")
    data = base64.urlsafe_b64decode(raw + b"=" * (-len(raw) % 4))
    if b64url(data).encode("ascii") != raw:
        raise ValueError("not base64url in its one form")
    return data


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member is named twice")
    return found


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _check_text(value: Any) -> None:
    """Only an escape can bring in half of a surrogate pair: UTF-8 has no form for it."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("not text: half of a surrogate pair") from None  # its cause quotes the document


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for item in level
            if isinstance(item, dict | list)
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return
    raise ValueError(f"nested deeper than {MAX_DEPTH} levels")

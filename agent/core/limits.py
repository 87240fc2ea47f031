"""Every size, depth and time limit on what comes from outside, in one place."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from agent.errors import InputError


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes, counts and seconds. The defaults are ten times what the demo universe needs."""

    link_document_bytes: int = 512 * 1024
    did_document_bytes: int = 64 * 1024
    object_bytes: int = 2 * 1024 * 1024
    tails_bytes: int = 64 * 1024 * 1024
    json_depth: int = 32
    text_chars: int = 4000
    fetch_seconds: float = 10.0
    exchange_seconds: float = 60.0
    offer_days: int = 30
    request_days: int = 14


LIMITS = Limits()
_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)


def parse_json(
    data: bytes, *, max_bytes: int, max_depth: int = LIMITS.json_depth, what: str = "document"
) -> Any:
    """Parse bytes from outside: bounded, no duplicate members, no NaN, no deep nesting.

    Raises `InputError` with codes ``too_large``, ``not_json``, ``too_deep`` or ``duplicate_member``.
    """
    if len(data) > max_bytes:
        raise InputError("too_large", f"The {what} has {len(data)} bytes; the limit is {max_bytes}.")
    if _deeper(data, max_depth):
        raise InputError("too_deep", f"The {what} is nested deeper than {max_depth} levels.")
    try:
        # As UTF-8 (RFC 8259, 8.1) and not as what json.loads guesses: in UTF-16 brackets hide from the count above.
        text = data.decode("utf-8-sig")
        return json.loads(text, object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InputError("not_json", f"The {what} is not valid JSON.") from error


def require_whole_characters(value: Any, what: str = "document") -> None:
    """Refuse half a surrogate pair anywhere in a parsed document: JSON can spell it, nothing can store or send it.

    Raises `InputError` not_text.
    """
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InputError("not_text", f"The {what} holds half a character.") from None


def _deeper(data: bytes, most: int) -> bool:
    """Whether brackets outside of strings nest deeper than ``most``; linear, and needs no parse."""
    depth = 0
    for found in _STRING_OR_BRACKET.finditer(data):
        byte = data[found.start()]
        if byte in b"[{":
            depth += 1
            if depth > most:
                return True
        elif byte in b"]}":
            depth -= 1
    return False


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InputError("duplicate_member", "The document names a member twice.")
    return found


def _no_constant(name: str) -> Any:
    raise InputError("not_json", f"The document holds {name}, which is not JSON.")

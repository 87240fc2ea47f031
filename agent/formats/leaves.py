"""Everything that a signed file says, member by member, read from its bytes.

For showing before a file is given out: a signed document cannot be given out in part, so what the learner agrees to is
all of it. Paths are JSON Pointers (RFC 6901). A token is read as its payload, its header under ``/(header)``; a token
inside a document is read in its place.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from agent.core.limits import parse_json
from agent.errors import InputError

MAX_BYTES: Final = 12 * 1024 * 1024
_TOKEN: Final = re.compile(
    r"(?:data:application/[a-z.+-]+,)?([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]*"
)


@dataclass(frozen=True, slots=True)
class Leaf:
    """``value`` as text: texts as they are, everything else as JSON."""

    path: str
    value: str

    def to_json(self) -> dict[str, str]:
        return {"path": self.path, "value": self.value}


def leaves(content: bytes) -> tuple[Leaf, ...]:
    """Every leaf in the order of the file, empty lists and objects among them.

    Raises `InputError` no_paths for bytes that are neither JSON nor a token (pictures, pages).
    """
    try:
        text = content.decode()
        token = _read_token(text.strip())
        document = token if token is not None else parse_json(content, max_bytes=MAX_BYTES)
    except (UnicodeDecodeError, InputError):
        raise InputError("no_paths", "This file is for looking at; it is not made of members.") from None
    return tuple(_walk(document, ""))


def _walk(value: Any, path: str) -> Iterator[Leaf]:
    if isinstance(value, str) and (inner := _read_token(value)) is not None:
        yield from _walk(inner, path)
    elif isinstance(value, dict) and value:
        for name, member in value.items():
            yield from _walk(member, f"{path}/{name.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list) and value:
        for place, member in enumerate(value):
            yield from _walk(member, f"{path}/{place}")
    else:
        yield Leaf(path, value if isinstance(value, str) else json.dumps(value))


def _read_token(text: str) -> dict[str, Any] | None:
    """Header and payload of a compact JWS (RFC 7515, section 7.1); None for any other text."""
    found = _TOKEN.fullmatch(text)
    if found is None:
        return None
    try:
        header, payload = (parse_json(_decoded(part), max_bytes=MAX_BYTES) for part in found.groups())
    except (InputError, binascii.Error):
        return None
    if not isinstance(header, dict) or "alg" not in header or not isinstance(payload, dict):
        return None
    return {"(header)": header, **payload}


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))

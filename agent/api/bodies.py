"""Reading request bodies within limits, before anything parses them."""

from __future__ import annotations

from typing import Any

from fastapi import Request

from agent.core.limits import parse_json, require_whole_characters
from agent.errors import InputError

ADMIN_BYTES = 512 * 1024


async def raw(request: Request, *, max_bytes: int) -> bytes:
    """The body, at most ``max_bytes``; what is declared or sent beyond raises `InputError` too_large."""
    too_large = InputError("too_large", f"The body is larger than {max_bytes} bytes.", "Send less at once.")
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or len(declared) > 12 or int(declared) > max_bytes:
        raise too_large
    chunks = bytearray()
    async for chunk in request.stream():
        chunks += chunk
        if len(chunks) > max_bytes:
            raise too_large
    return bytes(chunks)


async def json_object(request: Request, *, max_bytes: int = ADMIN_BYTES) -> dict[str, Any]:
    """The body as a JSON object; empty means an empty object."""
    data = await raw(request, max_bytes=max_bytes)
    parsed = parse_json(data, max_bytes=max_bytes) if data else {}
    if not isinstance(parsed, dict):
        raise InputError("not_an_object", "The body must be a JSON object.")
    require_whole_characters(parsed, "body")
    return parsed


def text(body: dict[str, Any], name: str, *, default: str | None = None, limit: int = 4000) -> str:
    """A text member; `InputError` when it is missing, of another kind or too long."""
    value = body.get(name, default)
    if not isinstance(value, str) or len(value) > limit:
        raise InputError("bad_request", f"{name} must be a text of at most {limit} characters.")
    return value


def names(body: dict[str, Any], name: str) -> frozenset[str]:
    value = body.get(name, [])
    if not isinstance(value, list) or len(value) > 100 or not all(isinstance(item, str) for item in value):
        raise InputError("bad_request", f"{name} must be a list of at most 100 names.")
    return frozenset(value)


def pairs(body: dict[str, Any], name: str) -> dict[str, str]:
    value = body.get(name, {})
    if not isinstance(value, dict) or len(value) > 100 or not all(isinstance(v, str) for v in value.values()):
        raise InputError("bad_request", f"{name} must be an object of at most 100 names.")
    return value

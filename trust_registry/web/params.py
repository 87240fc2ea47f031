"""What comes in is read strictly: query parameters, bodies, tokens, preconditions; and the headers of answers.

An unknown or repeated parameter is refused: a misspelt ``known_at`` must not silently become "now". The
parameters of a route are those of its description (`describing.operation`), so the two cannot differ.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Coroutine, Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.datastructures import QueryParams

from trust_registry.errors import ObjectError, QueryError, TrustRegistryError

IMMUTABLE = {"cache-control": "public, max-age=31536000, immutable", "x-content-type-options": "nosniff"}
CHANGING = {"cache-control": "no-cache", "x-content-type-options": "nosniff"}
UNCACHED = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
JSON = "application/json"


class DeclaredOnly(APIRoute):
    """Every route's class: no query parameter but the described ones, each at most once.

    Not a dependency of every route: FastAPI takes a seventh of a millisecond to solve one.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        if self.openapi_extra is None:
            return handle
        described = self.openapi_extra["parameters"]
        allowed = frozenset(item["name"] for item in described if item["in"] == "query")

        async def strict(request: Request) -> Response:
            only(request.query_params, allowed)
            return await handle(request)

        return strict


def only(given: QueryParams, allowed: Collection[str]) -> dict[str, str]:
    """The parameters, each at most once and each known; `QueryError` otherwise."""
    names = [name for name, _ in given.multi_items()]
    if len(names) != len(set(names)):
        raise QueryError("repeated_parameter", "A parameter is given twice.")
    unknown = sorted(set(names) - set(allowed))
    if unknown:
        raise QueryError(
            "unknown_parameter", f"Of the parameters, {len(unknown)} are not known here.", _known(allowed)
        )
    return dict(given)


def _known(allowed: Collection[str]) -> str:
    return f"Known: {', '.join(sorted(allowed))}." if allowed else "There are none."


def header(request: Request, name: str) -> str:
    """A list header as one text, however many lines it came in (RFC 9110 section 5.3); empty if absent."""
    return ", ".join(request.headers.getlist(name))


def bearer(request: Request) -> str:
    """The token of the one Authorization header; empty if there is none, or if two might be read differently."""
    given = request.headers.getlist("authorization")
    scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    return token if scheme == "Bearer" else ""


def expect_type(request: Request, media_type: str) -> None:
    """`TrustRegistryError` unsupported_media_type (415) for a body that says it is something else.

    A body without a Content-Type is taken for what the route expects, and read just as strictly.
    """
    given = request.headers.getlist("content-type")
    kind, *parameters = given[0].split(";") if given else [media_type]
    charsets = [part.strip().lower() for part in parameters if part.strip().lower().startswith("charset")]
    coded = header(request, "content-encoding").strip().lower() not in {"", "identity"}
    right = kind.strip().lower() == media_type and set(charsets) <= {"charset=utf-8", 'charset="utf-8"'}
    if len(given) > 1 or not right or coded:
        raise TrustRegistryError(
            "unsupported_media_type", f"The body is to be {media_type}, in UTF-8 and not compressed."
        )


async def read_body(request: Request, limit: int, media_type: str = JSON) -> bytes:
    """Counted while it arrives."""
    expect_type(request, media_type)
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > limit:
            raise ObjectError("too_large", f"The body has more than {limit} bytes.")
    return bytes(data)


def tagged(request: Request, content: bytes, media_type: str, headers: Mapping[str, str]) -> Response:
    """The content under its ETag, or 304 to who has it already (RFC 9110 section 13.1.2)."""
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    known = [item.strip().removeprefix("W/") for item in header(request, "if-none-match").split(",")]
    together = {**headers, "etag": tag}
    if tag in known or "*" in known:
        return Response(status_code=304, headers=together)
    return Response(content, media_type=media_type, headers=together)

"""Query parameters and bodies read strictly, and the headers of answers.

An unknown or repeated parameter is refused: a misspelt ``known_at`` must not silently become "now".
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request

from trust_registry.errors import ObjectError, QueryError

CHANGING = {"cache-control": "no-cache", "x-content-type-options": "nosniff"}
UNCACHED = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


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


def described(example: Any, *parameters: tuple[str, str, str]) -> dict[str, Any]:
    """For a route's ``openapi_extra``: an example answer and the query parameters (name, what, example).

    FastAPI leaves out every null of a description: the examples hold a value where an answer may have null.
    """
    return {
        "parameters": [
            {
                "name": name,
                "in": "query",
                "required": False,
                "description": what,
                "schema": {"type": "string"},
                "example": value,
            }
            for name, what, value in parameters
        ],
        "responses": {
            "200": {"description": "The answer", "content": {"application/json": {"example": example}}},
            "4XX": {
                "description": "RFC 7807 problem document",
                "content": {
                    "application/problem+json": {
                        "example": {
                            "type": "urn:cairn:registry:bad_parameter",
                            "title": "bad parameter",
                            "status": 400,
                            "code": "bad_parameter",
                            "detail": "The parameter q has no letter and no digit.",
                            "hint": "",
                        }
                    }
                },
            },
        },
    }


def _known(allowed: Collection[str]) -> str:
    return f"Known: {', '.join(sorted(allowed))}." if allowed else "There are none."


async def read_body(request: Request, limit: int) -> bytes:
    """Counted while it arrives."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > limit:
            raise ObjectError("too_large", f"The body has more than {limit} bytes.")
    return bytes(data)

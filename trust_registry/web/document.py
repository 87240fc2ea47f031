"""``/v1/openapi.json``: the descriptions of all routes as one OpenAPI 3.1 document.

FastAPI would make one too, but leaves out every null of an example and adds a 422 of its own that is never
answered; here the document is exactly what the routes say of themselves (`describing.operation`).
"""

from __future__ import annotations

import json
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from trust_registry import bodies, objects, proposals, tails, web_bindings
from trust_registry.web.describing import (
    ADMIN,
    HAS_ALREADY,
    OPERATOR,
    Content,
    operation,
    refusals,
)
from trust_registry.web.ebsi import MAX_PAGE, MAX_PAGE_SIZE
from trust_registry.web.limits import Limits
from trust_registry.web.params import CHANGING, JSON, tagged
from trust_registry.web.schemas import SCHEMAS

PATH = "/v1/openapi.json"
_RULES = """\
Is this issuer a quality-assured institution, on the day of the award, and who says so?

* Reading needs no token. HEAD is answered wherever GET is.
* An unknown or repeated query parameter is refused; a malformed time is never read as "now".
* Every refusal is a problem document (RFC 7807) with a stable `code`. It quotes nothing of what was asked.
* A body has the media type named here, or says none. JSON is read strictly: UTF-8, no member twice, at most 32 levels.
* *Not known* (404) and *cannot tell* (503, outcome `indeterminate`) are never a no.

## Limits
"""
_TAGS = {
    "decision": "The answer of this registry, in its own form",
    "institutions": "Search, and one institution",
    "TRQP": "Trust Registry Query Protocol v2",
    "EBSI": "EBSI Trusted Issuers Registry v5, reading",
    "exports": "Lists for others",
    "snapshots": "The list itself, signed, to keep a copy of and to ask without asking us",
    "mirror": "Signed AnonCreds objects and tails files; who writes needs a pinned key, and no token",
    "registry": "This registry itself",
    "admin": "With the token of the registry's home; binding in a demonstration only",
    "operators": "With an operator's own token; a binding takes two operators",
}


def limits_of(limits: Limits) -> list[tuple[str, str]]:
    """(what, how much), for the description and the page made from it."""
    return [
        (
            "Questions of one address (an IPv6 /64 is one)",
            f"{limits.rate:g} per second, {limits.burst} at once",
        ),
        ("Questions from loopback", f"{limits.loopback_rate:g} per second, {limits.loopback_burst} at once"),
        ("Query string", f"{limits.query_string_bytes} bytes"),
        ("Search", f"{limits.search_chars} characters, {limits.search_words} words; or a whole DID"),
        ("`limit` of a search", f"1 to {limits.max_page_size}, else {limits.page_size}"),
        ("`offset` of a search", f"0 to {limits.max_offset}"),
        ("Reports listed of one institution", f"the newest {limits.reports}"),
        ("`nonce`", f"16 to {limits.nonce_chars} characters"),
        ("A DID asked about", f"{bodies.MAX_DID_CHARS} characters"),
        ("Body of a TRQP question", f"{limits.body_bytes} bytes, each member {limits.trqp_chars} characters"),
        ("`page[size]` of EBSI's lists", f"1 to {MAX_PAGE_SIZE}"),
        ("`page[after]` of EBSI's lists", f"1 to {MAX_PAGE}"),
        ("Body of an admin's or operator's request", f"{bodies.BODY_BYTES} bytes"),
        ("Operators' requests worked on at once", f"{web_bindings.MAX_AT_ONCE}"),
        ("Proposals that are open at once", f"{proposals.MAX_OPEN}"),
        ("Signed object", f"{objects.OBJECT_BYTES} bytes"),
        ("Tails file", f"{tails.TAILS_BYTES} bytes; all together {tails.TOTAL_BYTES} bytes"),
    ]


def document(app: FastAPI, limits: Limits) -> dict[str, Any]:
    """Of the routes mounted so far; a route without a description is not public."""
    paths: dict[str, dict[str, Any]] = {}
    for route in app.routes:
        if isinstance(route, APIRoute) and route.include_in_schema and route.openapi_extra is not None:
            for method in sorted((route.methods or set()) - {"HEAD"}):
                paths.setdefault(route.path_format, {})[method.lower()] = route.openapi_extra
    table = "\n".join(f"* {what}: {much}" for what, much in limits_of(limits))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Cairn trust registry",
            "version": "1",
            "description": _RULES + table,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [{"name": name, "description": what} for name, what in _TAGS.items()],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": SCHEMAS,
            "responses": refusals(),
            "securitySchemes": {
                ADMIN: {"type": "http", "scheme": "bearer", "description": "The token of HOME/token"},
                OPERATOR: {"type": "http", "scheme": "bearer", "description": "An operator's own token"},
            },
        },
    }


def publish(app: FastAPI, limits: Limits) -> None:
    """Mount the document of every route, and HEAD beside GET. The last thing that is mounted."""
    content = b""

    @app.get(
        PATH,
        openapi_extra=operation(
            "openapi",
            "This description",
            Content(
                {
                    "type": "object",
                    "required": ["openapi", "info", "paths"],
                    "properties": {"openapi": {"const": "3.1.0"}},
                },
                {"openapi": "3.1.0", "info": {"title": "Cairn trust registry", "version": "1"}, "paths": {}},
            ),
            tag="registry",
            parameters=(HAS_ALREADY,),
            caching=CHANGING["cache-control"],
        ),
    )
    def described(request: Request) -> Response:
        return tagged(request, content, JSON, CHANGING)

    for route in app.routes:
        if isinstance(route, APIRoute) and route.methods is not None and "GET" in route.methods:
            route.methods.add("HEAD")
    content = json.dumps(document(app, limits), ensure_ascii=False).encode()

"""The mirror: signed AnonCreds objects, revocation lists and tails files, for issuers whose hosts are away.

It takes what a pinned key signed, or what hashes to its own name; bodies are counted while they arrive.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from trust_registry.errors import QueryError, TrustRegistryError
from trust_registry.objects import MEDIA_TYPE, OBJECT_BYTES
from trust_registry.registry import Registry
from trust_registry.web import examples, schemas
from trust_registry.web.answers import signed_object
from trust_registry.web.describing import HAS_ALREADY, Content, Parameter, operation
from trust_registry.web.params import CHANGING, IMMUTABLE, UNCACHED, expect_type, read_body
from trust_registry.web.schemas import ref

_BYTES = "application/octet-stream"
_UNIX = re.compile(r"[0-9]{1,12}")
_AT = Parameter(
    "at",
    "Unix seconds: the newest list not after that, else the oldest; default: the newest",
    {"type": "integer", "minimum": 0, "maximum": 10**12 - 1},
    1_790_000_000,
)


class WholeFile(FileResponse):
    """Without parts: a Range that it cannot read Starlette answers in plain text; RFC 9110 lets us ignore it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [item for item in scope["headers"] if item[0] != b"range"]
        await super().__call__({**scope, "headers": headers}, receive, send)


def _identifier(example: str) -> Parameter:
    return Parameter(
        "identifier", "The object's whole id, percent-encoded", schemas.OBJECT_ID, example, where="path"
    )


def mount(app: FastAPI, registry: Registry, clock: Callable[[], datetime]) -> None:
    an_object = Content(schemas.JWS, examples.SCHEMA_JWS, MEDIA_TYPE)
    a_list = Content(schemas.JWS, examples.REVLIST_JWS, MEDIA_TYPE)

    @app.get(
        "/v1/objects/{identifier:path}",
        openapi_extra=operation(
            "object",
            "A schema, credential definition or revocation registry, as its issuer signed it",
            an_object,
            tag="mirror",
            parameters=(_identifier(examples.SCHEMA_ID), HAS_ALREADY),
            problems=(404,),
            caching=IMMUTABLE["cache-control"],
        ),
    )
    def get_object(request: Request) -> Response:
        return signed_object(request, registry.store.object(request.path_params["identifier"]), IMMUTABLE)

    @app.put(
        "/v1/objects/{identifier:path}",
        openapi_extra=operation(
            "keepObject",
            "Keep an object; its signature is all the permission it needs",
            Content(ref("Kept"), {"id": examples.SCHEMA_ID}),
            tag="mirror",
            parameters=(_identifier(examples.SCHEMA_ID),),
            body=an_object,
            problems=(403, 404, 422),
        ),
    )
    async def put_object(request: Request) -> Response:
        body = await read_body(request, OBJECT_BYTES, MEDIA_TYPE)
        name = request.path_params["identifier"]
        kept = await run_in_threadpool(registry.put_object, name, body, now=clock())
        return JSONResponse({"id": kept.id}, headers=UNCACHED)

    @app.get(
        "/v1/revlists/{identifier:path}",
        openapi_extra=operation(
            "revocationList",
            "A revocation list, by the id of its revocation registry",
            a_list,
            tag="mirror",
            parameters=(_identifier(examples.REVREG_ID), _AT, HAS_ALREADY),
            problems=(404,),
            caching=CHANGING["cache-control"],
        ),
    )
    def get_revocation_list(request: Request) -> Response:
        text = request.query_params.get("at")
        if text is not None and not _UNIX.fullmatch(text):
            raise QueryError("bad_time", "at is not a time in unix seconds.")
        at = int(text) if text is not None else None
        jws = registry.store.revocation_list(request.path_params["identifier"], at)
        return signed_object(request, jws, CHANGING)

    @app.put(
        "/v1/revlists/{identifier:path}",
        openapi_extra=operation(
            "keepRevocationList",
            "Keep a revocation list; one of the same time that says something else is refused",
            Content(ref("KeptList"), {"id": examples.REVREG_ID, "timestamp": 1_790_000_000}),
            tag="mirror",
            parameters=(_identifier(examples.REVREG_ID),),
            body=a_list,
            problems=(403, 404, 409, 422),
        ),
    )
    async def put_revocation_list(request: Request) -> Response:
        body = await read_body(request, OBJECT_BYTES, MEDIA_TYPE)
        name = request.path_params["identifier"]
        kept = await run_in_threadpool(registry.put_revocation_list, name, body, now=clock())
        return JSONResponse({"id": kept.id, "timestamp": kept.timestamp}, headers=UNCACHED)

    name_of_tails = Parameter(
        "name", "base58 of its SHA-256", schemas.TAILS_NAME, examples.TAILS_NAME, where="path"
    )
    a_file = Content({"type": "string", "format": "binary"}, examples.TAILS, _BYTES)

    @app.get(
        "/v1/tails/{name}",
        openapi_extra=operation(
            "tails",
            "A tails file",
            a_file,
            tag="mirror",
            parameters=(name_of_tails,),
            problems=(404, 422),
            caching=IMMUTABLE["cache-control"],
        ),
    )
    def get_tails(request: Request) -> Response:
        path = registry.tails.path(request.path_params["name"])
        if path is None:
            raise TrustRegistryError("not_found", "There is no such tails file here.")
        return WholeFile(path, media_type=_BYTES, headers={**IMMUTABLE, "accept-ranges": "none"})

    @app.put(
        "/v1/tails/{name}",
        openapi_extra=operation(
            "keepTails",
            "Keep a tails file; its name is its hash",
            Content(ref("KeptTails"), {"hash": examples.TAILS_NAME}),
            tag="mirror",
            parameters=(name_of_tails,),
            body=a_file,
            problems=(404, 422, 507),
        ),
    )
    async def put_tails(request: Request) -> Response:
        expect_type(request, _BYTES)
        name = request.path_params["name"]
        with registry.tails.receive(name) as incoming:
            async for chunk in request.stream():
                incoming.write(chunk)
            await run_in_threadpool(incoming.finish)
        return JSONResponse({"hash": name}, headers=UNCACHED)

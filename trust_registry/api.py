"""The registry over HTTP (seam 2). Thin: parse, ask `Registry`, answer; problems are RFC 7807 documents.

Reading needs no token. The mirror takes what a pinned key signed; the admin routes want the token of
``HOME/token``. Request bodies are counted while they arrive. Logs and problems hold no claim value.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from trust_registry import audit, bindings, strict_json, web_bindings
from trust_registry import signed_answers as signed
from trust_registry.dates import parse_date, parse_time
from trust_registry.errors import BindingError, KeyFormatError, ObjectError, QueryError, TrustRegistryError
from trust_registry.facts import Binding
from trust_registry.models import Query
from trust_registry.objects import MEDIA_TYPE, OBJECT_BYTES
from trust_registry.registry import Registry, utc_now
from trust_registry.vocabulary import RevocationReason
from trust_registry.web import mounting
from trust_registry.web.limits import LIMITS, Limits, RateLimit
from trust_registry.web.params import read_body

IMMUTABLE = {"cache-control": "public, max-age=31536000, immutable", "x-content-type-options": "nosniff"}
CHANGING = {"cache-control": "no-cache", "x-content-type-options": "nosniff"}
_ADMIN_BYTES = 64 * 1024
_PROBLEM = "application/problem+json"
_STATUS = {  # by code; else by class below
    "too_large": 413,
    "storage_full": 507,
    "list_replaced": 409,
    "did_not_bound": 403,
    "did_ambiguous": 409,
    "host_ambiguous": 409,
    "key_revoked": 409,
    "unknown_institution": 404,
    "binding_not_authentic": 500,
    "unauthorised": 401,
    "two_operators_needed": 403,
    "same_operator": 403,
    "proposer_removed": 409,
    "proposal_closed": 409,
    "proposal_expired": 409,
    "unknown_proposal": 404,
    "changed_meanwhile": 409,
    "check_failed": 409,
    "check_unknown": 409,
    "too_many_open": 429,
    "busy": 503,
    "proposal_not_authentic": 500,
    "audit_not_authentic": 500,
    "not_found": 404,
    "unknown_entity": 404,
    "unknown_authority": 404,
    "cannot_tell": 503,
}
_UNIX = re.compile(r"[0-9]{1,12}")


class NewBinding(BaseModel):
    """Body of ``POST /v1/admin/bindings``; dates are YYYY-MM-DD."""

    model_config = ConfigDict(extra="forbid", strict=True)
    did: str = Field(max_length=512)
    jwk: dict[str, str]
    institution_id: str = Field(max_length=40)
    level: int
    valid_from: str
    valid_to: str | None = None
    evidence: str = Field(min_length=1, max_length=bindings.MAX_EVIDENCE_CHARS)


class KeyToRevoke(BaseModel):
    """Body of ``POST /v1/admin/revocations``; ``at`` is RFC 3339."""

    model_config = ConfigDict(extra="forbid", strict=True)
    did: str = Field(max_length=512)
    thumbprint: str = Field(max_length=64)
    at: str
    reason: str


def create_app(
    registry: Registry, *, clock: Callable[[], datetime] = utc_now, limits: Limits = LIMITS
) -> FastAPI:
    """The application for one opened registry; the caller closes the registry."""
    app = FastAPI(
        title="Cairn trust registry",
        version="1",
        docs_url=None,  # the interactive pages load scripts from elsewhere
        redoc_url=None,
        openapi_url="/v1/openapi.json",
    )
    app.add_middleware(RateLimit, limits=limits)
    app.add_exception_handler(TrustRegistryError, _known_problem)
    app.add_exception_handler(HTTPException, _http_problem)
    app.add_exception_handler(ClientDisconnect, _gone)
    _add_answers(app, registry, clock)
    _add_own_objects(app, registry)
    _add_mirror(app, registry, clock)
    _add_admin(app, registry, clock)
    mounting.mount(app, registry, clock)
    web_bindings.add(app, registry, clock)
    return app


def _add_answers(app: FastAPI, registry: Registry, clock: Callable[[], datetime]) -> None:
    @app.get("/v1/resolve")
    def answer(request: Request) -> Response:
        names = [name for name, _ in request.query_params.multi_items()]
        if len(names) != len(set(names)):
            raise QueryError("repeated_parameter", "A parameter is given twice.")
        params = dict(request.query_params)
        signing = signed.wanted(request.headers.get("accept", ""))
        nonce = signed.checked_nonce(params.pop("nonce", None)) if signing else None
        query = Query.from_params(params)
        now = clock()
        decision = registry.resolve(query, now=now)
        headers = {"cache-control": "no-store", "vary": "accept"}
        if not signing:
            return JSONResponse(decision.to_json(), headers=headers)
        jws = signed.sign_answer(
            registry.key, iss=registry.did, query=query, decision=decision, nonce=nonce, now=now
        )
        return Response(jws, media_type=signed.MEDIA_TYPE, headers=headers)

    @app.get("/v1/issuers/{did:path}")
    def issuer(did: str) -> Response:
        found = registry.issuer(did, now=clock())
        if not found:
            raise TrustRegistryError("not_found", "Nothing is bound to this DID.")
        return JSONResponse({"did": did, "bindings": [_public(item) for item in found]}, headers=CHANGING)

    @app.get("/v1/schemas")
    def schemas() -> dict[str, Any]:
        return {"schemas": [{"name": "MicroCredential", "version": "1.0", "id": registry.schema_id()}]}

    @app.get("/v1/status")
    def status() -> dict[str, Any]:
        return registry.status(now=clock())


def _add_own_objects(app: FastAPI, registry: Registry) -> None:
    """The registry is an issuer too: of the shared schema, under its own did:web."""

    @app.get("/.well-known/did.json")
    def did_document() -> Response:
        return JSONResponse(registry.did_document(), media_type="application/did+json", headers=CHANGING)

    @app.get("/anoncreds/v1/{kind}/{sha256}")
    def own_object(kind: str, sha256: str) -> Response:
        return _jws(registry.store.object(f"{registry.did}/anoncreds/v1/{kind}/{sha256}"), IMMUTABLE)


def _add_mirror(app: FastAPI, registry: Registry, clock: Callable[[], datetime]) -> None:
    @app.get("/v1/objects/{identifier:path}")
    def get_object(identifier: str) -> Response:
        return _jws(registry.store.object(identifier), IMMUTABLE)

    @app.put("/v1/objects/{identifier:path}")
    async def put_object(identifier: str, request: Request) -> dict[str, str]:
        body = await read_body(request, OBJECT_BYTES)
        signed = await run_in_threadpool(registry.put_object, identifier, body, now=clock())
        return {"id": signed.id}

    @app.get("/v1/revlists/{identifier:path}")
    def get_revocation_list(identifier: str, request: Request) -> Response:
        text = request.query_params.get("at")
        if text is not None and not _UNIX.fullmatch(text):
            raise QueryError("bad_time", "at is not a time in unix seconds.")
        return _jws(
            registry.store.revocation_list(identifier, int(text) if text is not None else None), CHANGING
        )

    @app.put("/v1/revlists/{identifier:path}")
    async def put_revocation_list(identifier: str, request: Request) -> dict[str, Any]:
        body = await read_body(request, OBJECT_BYTES)
        signed = await run_in_threadpool(registry.put_revocation_list, identifier, body, now=clock())
        return {"id": signed.id, "timestamp": signed.timestamp}

    @app.get("/v1/tails/{name}")
    def get_tails(name: str) -> Response:
        path = registry.tails.path(name)
        if path is None:
            raise TrustRegistryError("not_found", "There is no such tails file here.")
        return FileResponse(path, media_type="application/octet-stream", headers=IMMUTABLE)

    @app.put("/v1/tails/{name}")
    async def put_tails(name: str, request: Request) -> dict[str, str]:
        with registry.tails.receive(name) as incoming:
            async for chunk in request.stream():
                incoming.write(chunk)
            await run_in_threadpool(incoming.finish)
        return {"hash": name}


def _add_admin(app: FastAPI, registry: Registry, clock: Callable[[], datetime]) -> None:
    def authorised(request: Request) -> None:
        given = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(given, f"Bearer {registry.token}".encode()):
            raise TrustRegistryError("unauthorised", "The admin routes need the registry's token.")

    guard = Depends(authorised)

    @app.post("/v1/admin/bindings", dependencies=[guard], status_code=201)
    async def bind(request: Request) -> dict[str, Any]:
        body = await _model(request, NewBinding)
        binding = await run_in_threadpool(
            registry.bind_directly,
            did=body.did,
            jwk=body.jwk,
            institution_id=body.institution_id,
            level=body.level,
            valid_from=parse_date(body.valid_from, "valid_from"),
            valid_to=parse_date(body.valid_to, "valid_to") if body.valid_to is not None else None,
            evidence=body.evidence,
            now=clock(),
            operator=audit.ADMIN,
        )
        return _public(binding)

    @app.post("/v1/admin/revocations", dependencies=[guard], status_code=201)
    async def revoke(request: Request) -> dict[str, Any]:
        body = await _model(request, KeyToRevoke)
        if body.reason not in list(RevocationReason):
            raise QueryError("bad_reason", f"The reason is one of {', '.join(RevocationReason)}.")
        made = await run_in_threadpool(
            bindings.revoke_key,
            registry.store,
            did=body.did,
            key=body.thumbprint,
            at=parse_time(body.at, "at"),
            reason=RevocationReason(body.reason),
            now=clock(),
            operator=audit.ADMIN,
        )
        return {"did": body.did, "bindings": [_public(item) for item in made]}


def _public(binding: Binding) -> dict[str, Any]:
    """What anybody may read of a binding: not the operator's notes on how it was checked."""
    return {name: value for name, value in binding.to_json().items() if name not in {"did", "evidence"}}


def _jws(jws: str | None, headers: dict[str, str]) -> Response:
    if jws is None:
        raise TrustRegistryError("not_found", "There is no such object here.")
    return Response(jws, media_type=MEDIA_TYPE, headers=headers)


async def _model[Body: BaseModel](request: Request, model: type[Body]) -> Body:
    """The body as ``model``, read only after the token was checked; a problem names members, never values."""
    try:
        return model.model_validate(
            strict_json.loads(await read_body(request, _ADMIN_BYTES), max_bytes=_ADMIN_BYTES)
        )
    except ValidationError as error:
        where = sorted({".".join(str(part) for part in item["loc"]) or "body" for item in error.errors()})
        raise QueryError("bad_body", f"The body cannot be used: {', '.join(where)[:200]}.") from error
    except ValueError as error:
        raise QueryError("bad_body", "The body is not JSON.") from error


def _problem(status: int, code: str, detail: str, hint: str = "") -> JSONResponse:
    members = {
        "type": f"urn:cairn:registry:{code}",
        "title": code.replace("_", " "),
        "status": status,
        "code": code,
        "detail": detail,
        "hint": hint,
    }
    return JSONResponse(members, status_code=status, media_type=_PROBLEM)


async def _known_problem(_: Request, error: Exception) -> Response:
    if not isinstance(error, TrustRegistryError):
        raise error
    usual = {QueryError: 400, KeyFormatError: 400, BindingError: 400, ObjectError: 422}.get(type(error), 500)
    return _problem(_STATUS.get(error.code, usual), error.code, error.detail, error.hint)


async def _http_problem(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    code = {404: "not_found", 405: "method_not_allowed"}.get(status, "refused")
    return _problem(status, code, "There is nothing here under this address and method.")


async def _gone(_: Request, __: Exception) -> Response:
    return _problem(400, "client_gone", "The body ended early.")

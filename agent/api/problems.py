"""Our errors as RFC 7807 problem documents; nothing of an unexpected error reaches the client but its kind."""

from __future__ import annotations

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from agent.errors import CairnError
from trust_registry.errors import TrustRegistryError

log = structlog.get_logger(__name__)
MEDIA_TYPE = "application/problem+json"


def problem(status: int, code: str, detail: str, hint: str = "") -> JSONResponse:
    body = {
        "type": f"urn:cairn:error:{code}",
        "title": code.replace("_", " "),
        "status": status,
        "code": code,
        "detail": detail,
        "hint": hint,
    }
    return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    @app.exception_handler(CairnError)
    async def on_cairn_error(_request: Request, error: CairnError) -> JSONResponse:
        return JSONResponse(error.to_json(), status_code=error.http_status, media_type=MEDIA_TYPE)

    @app.exception_handler(TrustRegistryError)
    async def on_bad_object(_request: Request, error: TrustRegistryError) -> JSONResponse:
        # A signed object, DID or key that does not hold (trust_registry.objects, .keys).
        return problem(422, error.code, error.detail, error.hint)

    @app.exception_handler(RequestValidationError)
    async def on_bad_request(_request: Request, error: RequestValidationError) -> JSONResponse:
        # The input is not repeated: it may hold a learner's data.
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return problem(422, "bad_request", f"{where}: {first['msg']}.")

    @app.exception_handler(HTTPException)
    async def on_http_error(_request: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, "http_error", str(error.detail))

    @app.exception_handler(Exception)
    async def on_bug(request: Request, error: Exception) -> JSONResponse:
        # The route's pattern, not the path: paths hold link codes.
        route = getattr(request.scope.get("route"), "path", "")
        log.error("unexpected error", route=route, kind=type(error).__name__)
        return problem(500, "internal_error", "Something went wrong inside the agent.", "See its log.")

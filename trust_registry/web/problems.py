"""Refusals as RFC 7807 documents: which code has which status, and the handlers that make them.

A problem never quotes what was asked. 429 and 503 say when to try again (RFC 6585, RFC 9110 section 10.2.3), 401 how to
show who one is, 405 what may be done instead.
"""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from trust_registry.errors import BindingError, KeyFormatError, ObjectError, QueryError, TrustRegistryError

MEDIA_TYPE = "application/problem+json"
STATUS = {  # by code; else by class below
    "unauthorised": 401,
    "did_not_bound": 403,
    "two_operators_needed": 403,
    "same_operator": 403,
    "not_found": 404,
    "unknown_institution": 404,
    "unknown_entity": 404,
    "unknown_authority": 404,
    "unknown_proposal": 404,
    "list_replaced": 409,
    "record_refused": 409,
    "store_unreachable": 503,
    "did_ambiguous": 409,
    "host_ambiguous": 409,
    "key_revoked": 409,
    "proposer_removed": 409,
    "proposal_closed": 409,
    "proposal_expired": 409,
    "changed_meanwhile": 409,
    "check_failed": 409,
    "check_unknown": 409,
    "too_large": 413,
    "unsupported_media_type": 415,
    "too_many_open": 429,
    "binding_not_authentic": 500,
    "proposal_not_authentic": 500,
    "audit_not_authentic": 500,
    "busy": 503,
    "cannot_tell": 503,
    "storage_full": 507,
}
_BY_CLASS = {QueryError: 400, KeyFormatError: 400, BindingError: 400, ObjectError: 422}
# Seconds: an operator's fetch takes one or two; the others wait for a person or for the next list.
_RETRY = {"busy": 2, "store_unreachable": 5, "cannot_tell": 3600, "too_many_open": 3600}


def problem(
    status: int, code: str, detail: str, hint: str = "", headers: Mapping[str, str] | None = None
) -> JSONResponse:
    members = {
        "type": f"urn:cairn:registry:{code}",
        "title": code.replace("_", " "),
        "status": status,
        "code": code,
        "detail": detail,
        "hint": hint,
    }
    return JSONResponse(members, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def install(app: FastAPI) -> None:
    """Every refusal and failure of ``app`` becomes a problem document."""
    app.add_exception_handler(TrustRegistryError, _known)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _unexpected)


async def _known(_: Request, error: Exception) -> Response:
    if not isinstance(error, TrustRegistryError):
        raise error
    status = STATUS.get(error.code, _BY_CLASS.get(type(error), 500))
    headers = {}
    if error.code in _RETRY:
        headers["retry-after"] = str(_RETRY[error.code])
    if status == 401:
        headers["www-authenticate"] = 'Bearer realm="cairn-registry"'
    return problem(status, error.code, error.detail, error.hint, headers)


async def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    code = {404: "not_found", 405: "method_not_allowed"}.get(status, "refused")
    headers = {"allow": _allowed(request)} if status == 405 else None
    return problem(status, code, "There is nothing here under this address and method.", "", headers)


def _allowed(request: Request) -> str:
    """Of all routes of this address: the router names those of the first one only."""
    methods: set[str] = set()
    for route in request.app.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            methods |= route.methods
    return ", ".join(sorted(methods))


async def _not_understood(_: Request, __: Exception) -> Response:
    # No route declares parameters to FastAPI; were one to, its own 422 would quote what was asked.
    return problem(400, "bad_parameter", "The question cannot be understood.")


async def _gone(_: Request, __: Exception) -> Response:
    return problem(400, "client_gone", "The body ended early.")


async def _unexpected(_: Request, __: Exception) -> Response:
    # Starlette raises the error again after this answer, so that it reaches the log.
    return problem(500, "internal_error", "The registry failed at this.", "This says nothing for or against.")

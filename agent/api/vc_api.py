"""Four addresses of the VC-API; shapes and errors are those of `agent.services.vc_api`.

``/credentials/issue`` and ``/presentations/issue`` sign with eddsa-rdfc-2022; with the name of a suite before them
(``/eddsa-jcs-2022/credentials/issue``) with that. The verifying ones take what any suite made, under all three paths:
clients have one base address for all. A document that is refused or not verified is answered with 400.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from agent.api import bodies, problems
from agent.errors import InputError
from agent.services import vc_api
from agent.vc.limits import VC_LIMITS

Issue = Callable[..., Awaitable[dict[str, Any]]]
Verify = Callable[[vc_api.Host, dict[str, Any]], Awaitable[vc_api.Answer]]


def create(host: vc_api.Host) -> APIRouter:
    router = APIRouter()

    @router.get("/identifiers")
    async def identifiers() -> dict[str, str]:
        """The DIDs that documents can be signed with; not of the interface, which leaves it open."""
        return {"did": host.did, "didKey": await host.did_key()}

    for base, suite in (("", vc_api.SUITES[0]), *((f"/{suite}", suite) for suite in vc_api.SUITES)):
        _issuing(router, f"{base}/credentials/issue", host, vc_api.issue_credential, suite)
        _issuing(router, f"{base}/presentations/issue", host, vc_api.issue_presentation, suite)
        _verifying(router, f"{base}/credentials/verify", host, vc_api.verify_credential)
        _verifying(router, f"{base}/presentations/verify", host, vc_api.verify_presentation)
    return router


def _issuing(router: APIRouter, path: str, host: vc_api.Host, issue: Issue, suite: str) -> None:
    async def answer(request: Request) -> JSONResponse:
        try:
            return JSONResponse(await issue(host, await _body(request), suite=suite), status_code=201)
        except InputError as error:
            return _bad(error)

    router.post(path)(answer)


def _verifying(router: APIRouter, path: str, host: vc_api.Host, verify: Verify) -> None:
    async def answer(request: Request) -> JSONResponse:
        try:
            found = await verify(host, await _body(request))
        except InputError as error:
            return _bad(error)
        return JSONResponse(found.to_json(), status_code=200 if found.verified else 400)

    router.post(path)(answer)


async def _body(request: Request) -> dict[str, Any]:
    return await bodies.json_object(request, max_bytes=VC_LIMITS.document_bytes)


def _bad(error: InputError) -> JSONResponse:
    """The interface knows one status for every input that cannot be used."""
    return JSONResponse(
        error.to_json() | {"status": 400, "verified": False},
        status_code=400,
        media_type=problems.MEDIA_TYPE,
    )

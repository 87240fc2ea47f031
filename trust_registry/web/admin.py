"""The admin routes: with the token of ``HOME/token``, which is nobody's name. The token is checked first."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import datetime

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from trust_registry import audit, bindings, bodies
from trust_registry.bodies import Body, Day, Did, Level, Moment, Thumbprint, Why
from trust_registry.dates import parse_date, parse_time
from trust_registry.errors import QueryError, TrustRegistryError
from trust_registry.registry import Registry
from trust_registry.vocabulary import RevocationReason
from trust_registry.web import examples
from trust_registry.web.answers import public
from trust_registry.web.describing import ADMIN, Content, operation
from trust_registry.web.params import UNCACHED, bearer, read_body
from trust_registry.web.schemas import of_body, ref


class NewBinding(Body):
    """Dates are YYYY-MM-DD."""

    did: Did
    jwk: dict[str, str]
    institution_id: str = Field(max_length=40)
    level: Level
    valid_from: Day
    valid_to: Day | None = None
    evidence: str = Field(min_length=1, max_length=bindings.MAX_EVIDENCE_CHARS)


class KeyToRevoke(Body):
    """``at`` is RFC 3339."""

    did: Did
    thumbprint: Thumbprint
    at: Moment
    reason: Why


def mount(app: FastAPI, registry: Registry, clock: Callable[[], datetime]) -> None:
    async def authorised(request: Request) -> None:
        if not hmac.compare_digest(bearer(request).encode(), registry.token.encode()):
            raise TrustRegistryError("unauthorised", "The admin routes need the registry's token.")

    guard = Depends(authorised)

    @app.post(
        "/v1/admin/bindings",
        dependencies=[guard],
        openapi_extra=operation(
            "bind",
            "Bind a DID and its key to an institution, alone: in a demonstration only",
            Content(ref("PublicBinding"), examples.PUBLIC_BINDING),
            tag="admin",
            body=Content(of_body(NewBinding), examples.NEW_BINDING),
            problems=(403, 404, 409),
            token=ADMIN,
            status=201,
        ),
    )
    async def bind(request: Request) -> Response:
        body = bodies.parse(await read_body(request, bodies.BODY_BYTES), NewBinding)
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
        return JSONResponse(public(binding), status_code=201, headers=UNCACHED)

    @app.post(
        "/v1/admin/revocations",
        dependencies=[guard],
        openapi_extra=operation(
            "revokeKey",
            "Revoke a pinned key",
            Content(ref("RevokedKey"), examples.REVOKED_PUBLICLY),
            tag="admin",
            body=Content(of_body(KeyToRevoke), examples.REVOCATION),
            problems=(403, 404, 409),
            token=ADMIN,
            status=201,
        ),
    )
    async def revoke(request: Request) -> Response:
        body = bodies.parse(await read_body(request, bodies.BODY_BYTES), KeyToRevoke)
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
        answer = {"did": body.did, "bindings": [public(item) for item in made]}
        return JSONResponse(answer, status_code=201, headers=UNCACHED)

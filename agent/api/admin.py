"""The admin listener: loopback, one bearer token, the same services for terminal and command line.

Shapes are in docs/api.md. Browsers cannot use it: a request with an Origin is refused, and so is a Host that
is not loopback (DNS rebinding).
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from agent.api import bodies, book, files, internal, keeping, portfolio, problems, stacks, trust, vc_api
from agent.core.record import Learner
from agent.errors import InputError, NotFoundError
from agent.services import documents, tampering, views
from agent.services.agent import Agent
from agent.services.asking import Asking
from agent.services.holding import Holding
from agent.services.issuing import Issuing
from agent.services.presenting import Presenting, Switches
from agent.services.status import status
from agent.services.vc_api import AgentHost
from agent.vc.limits import VC_LIMITS

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
KEEPALIVE_SECONDS = 15.0


def create(agent: Agent, token: str) -> FastAPI:
    app = FastAPI(title="Cairn agent, admin", docs_url=None, redoc_url=None, openapi_url=None)
    problems.install(app)

    @app.middleware("http")
    async def guard(request: Request, call_next: Any) -> Any:
        if not _is_loopback(request.headers.get("host", "")) or "origin" in request.headers:
            return problems.problem(403, "not_local", "This API is for this machine's own programs.")
        if request.url.path.startswith(("/v1/", "/vc-api/")):
            given = request.headers.get("authorization", "")
            if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
                return problems.problem(401, "no_token", "The bearer token is missing or wrong.")
        return await call_next(request)

    app.include_router(internal.create(agent), prefix="/internal")
    app.include_router(_common(agent), prefix="/v1")
    app.include_router(keeping.create(agent), prefix="/v1")
    if agent.holding is not None and agent.presenting is not None and agent.notices is not None:
        app.include_router(
            _wallet(agent, agent.holding, agent.presenting),
            prefix="/v1/wallet",
            dependencies=[_active(agent)],
        )
        app.include_router(
            files.create(agent, agent.holding), prefix="/v1/wallet", dependencies=[_active(agent)]
        )
        if agent.deleting is not None:
            own = portfolio.create(agent, agent.holding, agent.deleting)
            app.include_router(own, prefix="/v1/wallet", dependencies=[_active(agent)])
        for part in (book.create(agent.book), book.notices(agent.notices), trust.create(agent.trust)):
            app.include_router(part, prefix="/v1/wallet", dependencies=[_active(agent)])
        app.include_router(
            stacks.create(agent, agent.holding), prefix="/v1/wallet", dependencies=[_active(agent)]
        )
        if agent.node.settings.demo:
            app.include_router(_demo(agent, agent.presenting), prefix="/v1/demo")
    if agent.issuing is not None:
        app.include_router(_issuer(agent.issuing), prefix="/v1/issuer")
    if agent.asking is not None:
        app.include_router(_verifier(agent.asking), prefix="/v1/verifier")
    settings = agent.node.settings
    if settings.vc_api and settings.has_public_did:
        host = AgentHost(agent.node, agent.status_lists if agent.issuing is not None else None)
        app.include_router(vc_api.create(host), prefix="/vc-api", dependencies=[_active(agent)])
    missing = {
        "wallet": agent.holding is None,
        "issuer": agent.issuing is None,
        "verifier": agent.asking is None,
    }
    for role in (name for name, absent in missing.items() if absent):
        app.include_router(_not_this_role(agent, role), prefix=f"/v1/{role}")
    return app


def _is_loopback(host: str) -> bool:
    try:
        return urlsplit(f"//{host}").hostname in LOOPBACK
    except ValueError:  # half an IPv6 address, say
        return False


def _not_this_role(agent: Agent, role: str) -> APIRouter:
    """A command sent to the wrong agent should hear so."""
    router = APIRouter()
    what = {"wallet": "hold credentials", "issuer": "issue credentials", "verifier": "ask for credentials"}[
        role
    ]

    @router.api_route("/{_path:path}", methods=["GET", "POST"])
    async def refuse(_path: str) -> None:
        raise NotFoundError(
            "not_this_role",
            f"{agent.node.settings.name} does not {what}.",
            "Choose another agent with --as NAME.",
        )

    return router


def _active(agent: Agent) -> Any:
    """What a person does keeps the wallet open; looking at the status, and what a program asks by itself, does not."""

    async def touch(request: Request) -> None:
        if request.headers.get(keeping.BACKGROUND) != "1":
            agent.node.touch()

    return Depends(touch)


def _common(agent: Agent) -> APIRouter:
    router = APIRouter()

    @router.get("/status")
    async def get_status() -> dict[str, Any]:
        return await status(agent)

    @router.post("/unlock")
    async def unlock(request: Request) -> JSONResponse:
        body = await bodies.json_object(request)
        await agent.node.unlock(bodies.text(body, "passphrase", limit=1000))
        return JSONResponse(await status(agent), status_code=202)

    @router.post("/lock")
    async def lock() -> dict[str, Any]:
        await agent.node.relock()
        return await status(agent)

    @router.post("/verify")
    async def verify(
        request: Request, challenge: str | None = None, domain: str | None = None
    ) -> dict[str, Any]:
        data = await bodies.raw(request, max_bytes=VC_LIMITS.image_bytes)
        found = await documents.examine(agent.node, data, challenge=challenge, domain=domain)
        return found.to_json()

    @router.get("/events")
    async def events() -> StreamingResponse:
        return StreamingResponse(_events(agent), media_type="text/event-stream")

    return router


async def _events(agent: Agent) -> AsyncIterator[str]:
    async with agent.node.bus.listen() as queue:
        yield ": hello\n\n"
        while True:
            try:
                event = await asyncio.wait_for(queue.get(), KEEPALIVE_SECONDS)
            except TimeoutError:
                yield ": still here\n\n"
                continue
            if event is None:
                return
            yield f"event: {event.name}\ndata: {json.dumps(event.data)}\n\n"


def _wallet(agent: Agent, holding: Holding, presenting: Presenting) -> APIRouter:
    router = APIRouter()

    @router.get("/credentials")
    async def credentials() -> Response:
        # Ready as JSON: with thousands of credentials, writing them anew for each answer takes seconds.
        listed = await holding.summaries.listed()
        return Response(b'{"credentials":' + listed + b"}", media_type="application/json")

    @router.get("/credentials/{id}")
    async def credential(id: str) -> dict[str, Any]:
        return await holding.detail(await holding.credential(id))

    @router.post("/credentials/{id}/recheck")
    async def recheck(id: str) -> dict[str, Any]:
        agent.node.forget_answers()
        return await holding.detail(await holding.recheck((await holding.credential(id))["id"]))

    @router.post("/offers/review")
    async def review_offer(request: Request) -> dict[str, Any]:
        body = await bodies.json_object(request)
        return views.offer_view(await holding.review(bodies.text(body, "link")))

    @router.get("/offers")
    async def offers() -> dict[str, Any]:
        return {"offers": [views.offer_view(offer) for offer in await holding.offers()]}

    @router.get("/offers/{id}")
    async def offer(id: str) -> dict[str, Any]:
        return views.offer_view(await holding.offer(id))

    @router.post("/offers/{id}/accept")
    async def accept(id: str) -> dict[str, Any]:
        return views.offer_view(await holding.accept(id))

    @router.post("/offers/{id}/reject")
    async def reject(id: str, request: Request) -> dict[str, Any]:
        body = await bodies.json_object(request)
        return views.offer_view(await holding.reject(id, bodies.text(body, "reason", default="", limit=500)))

    @router.post("/requests/review")
    async def review_request(request: Request) -> dict[str, Any]:
        return await presenting.review(bodies.text(await bodies.json_object(request), "link"))

    @router.get("/requests")
    async def requests() -> dict[str, Any]:
        return {"requests": await presenting.requests()}

    @router.get("/requests/{id}")
    async def one_request(id: str) -> dict[str, Any]:
        return await presenting.view(id)

    @router.post("/requests/{id}/plan")
    async def plan(id: str, request: Request) -> dict[str, Any]:
        body = await bodies.json_object(request)
        return await presenting.view(id, _switches(body), keep=body.get("keep") is True)

    @router.post("/requests/{id}/present")
    async def present(id: str, request: Request) -> dict[str, Any]:
        body = await bodies.json_object(request)
        expect = bodies.text(body, "expect", limit=64)
        await presenting.present(id, expect=expect, switches=_switches(body))
        return await presenting.view(id)

    @router.post("/requests/{id}/decline")
    async def decline(id: str, request: Request) -> dict[str, Any]:
        body = await bodies.json_object(request)
        return await presenting.decline(id, bodies.text(body, "reason", default="", limit=500))

    return router


def _switches(body: dict[str, Any]) -> Switches:
    return Switches(bodies.names(body, "include"), bodies.pairs(body, "choose"))


def _demo(agent: Agent, presenting: Presenting) -> APIRouter:
    """Only where ``demo`` is set: what a tampered wallet would do, so that the verdict can be seen to catch it."""
    router = APIRouter()

    @router.post("/force/{id}")
    async def force(id: str) -> dict[str, Any]:
        return await tampering.force(agent.node, presenting, id)

    return router


def _issuer(issuing: Issuing) -> APIRouter:
    router = APIRouter()

    @router.get("/templates")
    async def templates() -> dict[str, Any]:
        return {"templates": issuing.templates()}

    @router.post("/offers")
    async def new_offer(request: Request) -> dict[str, Any]:
        body = await bodies.json_object(request)
        person = body.get("learner")
        if not isinstance(person, dict):
            raise InputError("bad_request", "learner must be an object.")
        learner = Learner(
            given_name=bodies.text(person, "given_name", limit=200),
            family_name=bodies.text(person, "family_name", limit=200),
            birth_date=_date(person, "birth_date", required=False),
            id=bodies.text(person, "id", default="", limit=200) or None,
        )
        awarded_on = _date(body, "awarded_on")
        days = body.get("expires_in_days", 30)
        if awarded_on is None or not isinstance(days, int | float) or not 0 < days <= 365:
            raise InputError("bad_request", "awarded_on is needed, and expires_in_days at most 365.")
        return await issuing.new_offer(
            template=bodies.text(body, "template", limit=200),
            learner=learner,
            awarded_on=awarded_on,
            grade=bodies.text(body, "grade", default="", limit=100) or None,
            expires_in_days=days,
        )

    @router.get("/offers")
    async def offers() -> dict[str, Any]:
        return {"offers": [views.issued_view(each) for each in await issuing.offers()]}

    @router.get("/offers/{id}")
    async def offer(id: str) -> dict[str, Any]:
        return views.issued_view(await issuing.offer(id))

    @router.post("/offers/{id}/revoke")
    async def revoke(id: str, request: Request) -> dict[str, Any]:
        body = await bodies.json_object(request)
        return views.issued_view(await issuing.revoke(id, bodies.text(body, "reason", default="", limit=500)))

    @router.post("/offers/{id}/suspend")
    async def suspend(id: str) -> dict[str, Any]:
        return views.issued_view(await issuing.suspend(id, suspended=True))

    @router.post("/offers/{id}/reinstate")
    async def reinstate(id: str) -> dict[str, Any]:
        return views.issued_view(await issuing.suspend(id, suspended=False))

    return router


def _verifier(asking: Asking) -> APIRouter:
    router = APIRouter()

    @router.post("/requests")
    async def new_request(request: Request) -> dict[str, Any]:
        body = await bodies.json_object(request)
        days, uses = body.get("expires_in_days", 14), body.get("max_responses", 1)
        if not isinstance(days, int | float) or not isinstance(uses, int):
            raise InputError("bad_request", "expires_in_days and max_responses must be numbers.")
        return await asking.new_request(body.get("policy"), expires_in_days=days, max_responses=uses)

    @router.get("/requests")
    async def requests() -> dict[str, Any]:
        return {"requests": await asking.requests()}

    @router.get("/requests/{id}")
    async def one_request(id: str) -> dict[str, Any]:
        return await asking.request(id) | {"answers": await asking.responses(id)}

    @router.get("/responses/{id}")
    async def response(id: str) -> dict[str, Any]:
        return await asking.response(id)

    @router.post("/responses/{id}/recheck")
    async def recheck(id: str) -> dict[str, Any]:
        return await asking.recheck(id)

    return router


def _date(body: dict[str, Any], name: str, *, required: bool = True) -> date | None:
    if name not in body and not required:
        return None
    try:
        return date.fromisoformat(bodies.text(body, name, limit=10))
    except ValueError:
        raise InputError("bad_date", f"{name} must be a date like 2026-05-31.") from None

"""The public listener: what anybody may reach. No state changes here without a link's secret code."""

from __future__ import annotations

import hashlib
import html
from datetime import timedelta
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from agent.api import bodies, problems
from agent.core.limits import LIMITS
from agent.errors import NotFoundError
from agent.services import status_lists
from agent.services.agent import Agent
from agent.services.asking import Asking
from agent.services.issuing import Issuing

JOSE = "application/jose"
FOR_EVER = {"cache-control": "public, max-age=31536000, immutable"}
FOR_MINUTES = {"cache-control": f"public, max-age={status_lists.TTL // timedelta(seconds=1)}"}
NEVER = {"cache-control": "no-store"}
BODY_BYTES = 16 * 1024

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><body style="font-family:sans-serif;max-width:36em;margin:3em auto;padding:0 1em;line-height:1.5">
<h1>{title}</h1><p>{sentence}</p><p>Copy this page's address into your Cairn wallet:</p>
<pre style="white-space:pre-wrap;padding:1em;border:1px solid">{link}</pre>
<p>In a terminal: <code>{command}</code></p><p>Nothing is accepted or shared by opening this page.</p></body></html>"""


def create(agent: Agent) -> FastAPI:
    app = FastAPI(title="Cairn agent, public", docs_url=None, redoc_url=None, openapi_url=None)
    problems.install(app)
    store = agent.node.public

    @app.get("/.well-known/did.json")
    async def did_document() -> Response:
        return _found(store.get_did_document(), "application/did+json", NEVER)

    @app.get("/anoncreds/v1/REVLIST/{sha256}")
    async def revocation_list(sha256: str, at: int | None = None) -> Response:
        return _found(store.get_list(sha256, at), JOSE, NEVER)

    @app.get("/anoncreds/v1/{kind}/{sha256}")
    async def anoncreds_object(kind: str, sha256: str) -> Response:
        return _found(store.get(kind, sha256), JOSE, FOR_EVER)

    @app.get("/status/{name}")
    async def status_list(name: str, request: Request) -> Response:
        # Any of the two is right (Bitstring Status List, "Media Types"); some verifiers parse only what is called JSON.
        asked = "application/vc" in request.headers.get("accept", "")
        media_type = "application/vc" if asked else "application/json"
        headers = {**FOR_MINUTES, "vary": "accept"}
        return _unless_known(_found(store.get_status_list(name), media_type, headers), request)

    @app.get("/tails/hash/{name}")
    async def tails(name: str) -> Response:
        return _found(store.get_tails(name), "application/octet-stream", FOR_EVER)

    @app.get("/o/{code}")
    async def offer(code: str, request: Request) -> Response:
        if _is_browser(request):
            return _page(
                request, "An offer of a micro-credential", f"cairn offer review {_url(request)}", agent
            )
        return Response(await _issuing(agent).document(code), media_type=JOSE, headers=NEVER)

    @app.post("/o/{code}/accept")
    async def accept(code: str) -> dict[str, Any]:
        return await _issuing(agent).accept(code)

    @app.post("/o/{code}/reject")
    async def reject(code: str, request: Request) -> dict[str, str]:
        body = await bodies.json_object(request, max_bytes=BODY_BYTES)
        await _issuing(agent).reject(code, bodies.text(body, "reason", default="", limit=500))
        return {"state": "rejected"}

    @app.post("/o/{code}/badge")
    async def badge(code: str, request: Request) -> dict[str, Any]:
        body = await bodies.json_object(request, max_bytes=BODY_BYTES)
        return {"badge": await _issuing(agent).badge(code, body.get("presentation"))}

    @app.get("/r/{code}")
    async def request_document(code: str, request: Request) -> Response:
        if _is_browser(request):
            return _page(
                request, "A request to see credentials", f"cairn present {_url(request)} --dry-run", agent
            )
        return Response(await _asking(agent).document(code), media_type=JOSE, headers=NEVER)

    @app.post("/r/{code}/connect")
    async def connect(code: str) -> dict[str, Any]:
        return await _asking(agent).connect(code)

    @app.post("/r/{code}/decline")
    async def decline(code: str, request: Request) -> dict[str, str]:
        body = await bodies.json_object(request, max_bytes=BODY_BYTES)
        await _asking(agent).decline(code, bodies.text(body, "reason", default="", limit=500))
        return {"state": "declined"}

    return app


def _found(data: bytes | None, media_type: str, headers: dict[str, str]) -> Response:
    if data is None or len(data) > LIMITS.tails_bytes:
        raise NotFoundError("not_found", "There is nothing here.")
    return Response(data, media_type=media_type, headers=headers)


def _unless_known(answer: Response, request: Request) -> Response:
    """With an ETag; 304 without a body to who has just this already (RFC 9110, section 13.1.2)."""
    tag = f'"{hashlib.sha256(answer.body).hexdigest()}"'
    answer.headers["etag"] = tag
    known = {item.strip().removeprefix("W/") for item in request.headers.get("if-none-match", "").split(",")}
    if tag not in known and "*" not in known:
        return answer
    return Response(status_code=304, headers={"etag": tag, "cache-control": answer.headers["cache-control"]})


def _issuing(agent: Agent) -> Issuing:
    if agent.issuing is None:
        raise NotFoundError("not_found", "There is nothing here.")
    return agent.issuing


def _asking(agent: Agent) -> Asking:
    if agent.asking is None:
        raise NotFoundError("not_found", "There is nothing here.")
    return agent.asking


def _is_browser(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _url(request: Request) -> str:
    return str(request.url.replace(query=None, fragment=None))


def _page(request: Request, title: str, command: str, agent: Agent) -> HTMLResponse:
    """For somebody who opened the link in a browser. It tells no content: that is for the wallet to check."""
    sentence = f"From {html.escape(agent.node.settings.name)} ({html.escape(request.url.netloc)})."
    page = PAGE.format(
        title=title, sentence=sentence, link=html.escape(_url(request)), command=html.escape(command)
    )
    csp = "default-src 'none'; style-src 'unsafe-inline'"
    return HTMLResponse(
        page, headers=NEVER | {"content-security-policy": csp, "referrer-policy": "no-referrer"}
    )

"""Routes for our own ACA-Py process: the plugin's registry and resolver, tails files, webhooks.

They live on the admin listener (loopback) behind secrets that are new at every start. All fetching of what
others publish happens here, once, through `agent.net`; ACA-Py itself never opens a foreign address.
"""

from __future__ import annotations

import hmac
import json
from typing import Any

from fastapi import APIRouter, Request, UploadFile
from fastapi.responses import JSONResponse, Response

from agent.api import bodies
from agent.core.limits import LIMITS, parse_json
from agent.errors import ConflictError, InputError, NotFoundError, UntrustedError
from agent.services.agent import Agent
from trust_registry import objects

JOSE = "application/jose"


def create(agent: Agent) -> APIRouter:  # noqa: PLR0915 - one small route after another
    router = APIRouter()
    node = agent.node
    store = node.public

    def require(request: Request, header: str, expected: str) -> None:
        given = request.headers.get(header, "")
        if not hmac.compare_digest(given.encode(), expected.encode()):
            raise UntrustedError("not_ours", "This route is for the agent's own process.")

    def plugin_only(request: Request) -> None:
        require(request, "authorization", f"Bearer {node.plugin_token}")

    def require_tails_secret(secret: str) -> None:
        if not hmac.compare_digest(secret.encode(), node.tails_secret.encode()):
            raise NotFoundError("not_found", "There is nothing here.")

    @router.post("/hooks/topic/{topic:path}")
    async def webhook(topic: str, request: Request) -> dict[str, str]:
        require(request, "x-api-key", node.webhook_key)
        data = await bodies.raw(request, max_bytes=8 * 1024 * 1024)
        payload: Any = parse_json(data, max_bytes=len(data) or 1, max_depth=128, what="webhook")
        node.webhooks.deliver(topic.rstrip("/"), payload)
        return {}

    @router.put("/objects/{name:path}")
    async def put_object(name: str, request: Request) -> dict[str, str]:
        plugin_only(request)
        jws = await bodies.raw(request, max_bytes=LIMITS.object_bytes)
        ref = objects.split_object_id(name)
        objects.verify(jws, expected_id=name, key=await own_key(ref.did))
        store.put(str(ref.kind), ref.sha256, jws)
        agent.mirror.add("object", name)
        return {}

    @router.put("/revlists/{name:path}")
    async def put_list(name: str, request: Request) -> JSONResponse:
        plugin_only(request)
        jws = await bodies.raw(request, max_bytes=LIMITS.object_bytes)
        ref = objects.split_object_id(name)
        signed = objects.verify(jws, expected_id=name, key=await own_key(ref.did), kind=objects.Kind.REVLIST)
        try:
            store.put_list(ref.sha256, signed.timestamp, jws)
        except ConflictError as error:  # the plugin stamps anew, after the newest
            newest = store.newest_list(ref.sha256)
            return JSONResponse(error.to_json() | {"newest": newest}, status_code=409)
        node.objects.forget_lists()
        agent.mirror.add("list", name)
        return JSONResponse({})

    @router.get("/objects/{name:path}")
    async def get_object(name: str, request: Request) -> Response:
        plugin_only(request)
        found = await node.objects.get(name)
        return Response(found.signed.jws, media_type=JOSE)

    @router.get("/revlists/{name:path}")
    async def get_list(name: str, request: Request, at: int | None = None) -> Response:
        plugin_only(request)
        found = await node.objects.revocation_list(
            name, at if node.pretend_lists_at is None else node.pretend_lists_at
        )
        return Response(found.signed.jws, media_type=JOSE)

    @router.get("/did/{did:path}")
    async def resolve(did: str, request: Request) -> Response:
        plugin_only(request)
        document = await own_or_foreign(did)
        return Response(json.dumps(document), media_type="application/did+json")

    @router.put("/tails/{secret}/hash/{name}")
    async def put_tails(secret: str, name: str, tails: UploadFile) -> dict[str, str]:
        require_tails_secret(secret)
        data = await tails.read(LIMITS.tails_bytes + 1)
        if len(data) > LIMITS.tails_bytes:
            raise InputError("too_large", "The tails file is too large.")
        store.put_tails(name, data)
        agent.mirror.add("tails", name)
        return {}

    @router.get("/tails/{secret}/hash/{name}")
    async def get_tails(secret: str, name: str, of: str = "") -> Response:
        require_tails_secret(secret)
        data = store.get_tails(name)
        if data is None:
            data = await node.objects.tails(of)  # the plugin adds the registry's id, which names the issuer
        return Response(data, media_type="application/octet-stream")

    async def own_or_foreign(did: str) -> dict[str, Any]:
        own = store.get_did_document()
        if did == node.settings.did and own is not None:
            document: dict[str, Any] = json.loads(own)
            return document
        return (await node.dids.resolve(did)).document

    async def own_key(did: str) -> dict[str, str]:
        if did != node.settings.did:
            raise UntrustedError("wrong_issuer", "This agent publishes under its own DID only.")
        return node.own_key()

    return router

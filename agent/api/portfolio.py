"""A learner's own order among their credentials: shelves, deleting, and export of many. Part of the admin listener."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from agent.api import bodies
from agent.api.files import as_file
from agent.errors import InputError
from agent.services.agent import Agent
from agent.services.deleting import Deleting
from agent.services.export_many import ExportMany
from agent.services.holding import Holding
from agent.services.shelf import MEMBERS, Shelf

MAX_IDS = 20_000
EXPORT_BYTES = 2 * 1024 * 1024  # of a body that names every credential


def create(agent: Agent, holding: Holding, deleting: Deleting) -> APIRouter:
    async def unlocked() -> None:
        """A locked wallet says that it is locked before anything about what was asked."""
        _ = agent.node.vault

    router = APIRouter(dependencies=[Depends(unlocked)])
    shelf, exporting = Shelf(agent.node, holding), ExportMany(agent.node, holding)

    @router.post("/credentials/{id}/shelf")
    async def put_on_shelf(id: str, request: Request) -> dict[str, Any]:
        body = await bodies.json_object(request)
        return await shelf.put(id, {name: body[name] for name in MEMBERS if name in body})

    @router.get("/collections")
    async def collections() -> dict[str, Any]:
        return await shelf.names()

    @router.post("/collections/rename")
    async def rename(request: Request) -> dict[str, Any]:
        body = await bodies.json_object(request)
        return await shelf.rename_collection(bodies.text(body, "name"), bodies.text(body, "to"))

    @router.post("/collections/delete")
    async def delete_collection(request: Request) -> dict[str, Any]:
        return await shelf.delete_collection(bodies.text(await bodies.json_object(request), "name"))

    @router.get("/credentials/{id}/loss")
    async def loss(id: str) -> dict[str, Any]:
        return await deleting.loss(id)

    @router.post("/credentials/{id}/delete")
    async def delete(id: str, request: Request) -> dict[str, Any]:
        body = await bodies.json_object(request)
        return await deleting.delete(id, bodies.text(body, "expect", limit=64))

    @router.post("/badges/{id}/delete")
    async def delete_badge(id: str) -> dict[str, Any]:
        return await deleting.delete_badge(id)

    @router.post("/export")
    async def export(request: Request) -> Response:
        body = await bodies.json_object(request, max_bytes=EXPORT_BYTES)
        ids = body.get("ids", [])
        if not isinstance(ids, list) or len(ids) > MAX_IDS or not all(isinstance(id, str) for id in ids):
            raise InputError("bad_request", f"ids must be a list of at most {MAX_IDS} ids.")
        if bool(ids) == (body.get("all") is True):
            raise InputError("bad_request", "Give either ids or all: true.")
        return as_file(await exporting.export(ids or None, bodies.text(body, "as", default="json")))

    return router

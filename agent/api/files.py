"""The wallet's files: credentials given out, taken in, and kept as pictures only. Part of the admin listener."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from agent.api import bodies, stacks
from agent.services.agent import Agent
from agent.services.exporting import Exported, Exporting
from agent.services.holding import Holding
from agent.services.importing import Importing, visual_view
from agent.vc.limits import VC_LIMITS


def create(agent: Agent, holding: Holding) -> APIRouter:
    router = APIRouter()
    importing, exporting = Importing(agent.node), Exporting(agent.node, holding)

    @router.get("/credentials/{id}/export")
    async def export(
        id: str, form: Annotated[str, Query(alias="as")] = "json", challenge: str = "", domain: str = ""
    ) -> Response:
        held = await holding.credential(id)
        return as_file(await exporting.export(held, form, challenge=challenge, domain=domain))

    @router.get("/credentials/{id}/export/preview")
    async def preview(
        id: str, form: Annotated[str, Query(alias="as")] = "json", challenge: str = "", domain: str = ""
    ) -> dict[str, Any]:
        held = await holding.credential(id)
        return await exporting.preview(held, form, challenge=challenge, domain=domain)

    @router.post("/stacks/file")
    async def stack_file(request: Request) -> Response:
        body = await bodies.json_object(request)
        without, form = stacks.left_out(body), bodies.text(body, "as", default="pdf")
        return as_file(await exporting.stack(body.get("target"), form, without))

    @router.post("/import")
    async def take(request: Request, name: str = "") -> dict[str, Any]:
        data = await bodies.raw(request, max_bytes=VC_LIMITS.image_bytes)
        return await importing.take(data, name)

    @router.get("/badges")
    async def visual_badges() -> dict[str, Any]:
        return {"badges": [visual_view(each) for each in await importing.visual_badges()]}

    @router.get("/badges/{id}")
    async def visual_badge(id: str) -> dict[str, Any]:
        return visual_view(await importing.visual_badge(id))

    @router.get("/badges/{id}/file")
    async def visual_badge_file(id: str) -> Response:
        content, media_type = await importing.picture(id)
        return as_file(Exported(content, media_type))

    return router


def as_file(found: Exported) -> Response:
    remarks = json.dumps(found.remarks)  # ASCII, as a header has to be
    headers = {"x-cairn-remarks": remarks, "content-disposition": "attachment"}
    return Response(found.content, media_type=found.media_type, headers=headers)

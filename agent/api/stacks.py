"""Goals, plans, pathways and the drafts of them: part of the admin listener."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from agent.api import bodies
from agent.errors import InputError
from agent.services import stacking
from agent.services.agent import Agent
from agent.services.holding import Holding
from agent.services.stack_drafts import MAX_ID_CHARS, MAX_WITHOUT, StackDrafts


def create(agent: Agent, holding: Holding) -> APIRouter:
    router = APIRouter()
    drafts = StackDrafts(agent.node)

    @router.get("/stacks")
    async def targets() -> dict[str, Any]:
        return {"targets": stacking.targets()}

    @router.get("/stack-progress")
    async def progress() -> dict[str, Any]:
        return {"goals": await stacking.progress(holding)}

    @router.get("/stacks/{target}")
    async def stack(target: str) -> dict[str, Any]:
        return await stacking.plan_for(holding, target)

    @router.post("/stacks")
    async def stack_of(request: Request) -> dict[str, Any]:
        body = await bodies.json_object(request)
        return await stacking.plan_for(holding, body.get("target"), left_out(body))

    @router.get("/pathways/{target}")
    async def pathway(target: str) -> dict[str, Any]:
        return await stacking.pathway_for(holding, target)

    @router.post("/pathways")
    async def pathway_of(request: Request) -> dict[str, Any]:
        body = await bodies.json_object(request)
        return await stacking.pathway_for(holding, body.get("target"), left_out(body))

    @router.get("/stack-drafts")
    async def all_drafts() -> dict[str, Any]:
        return {"drafts": await drafts.all()}

    @router.post("/stack-drafts")
    async def save(request: Request) -> dict[str, Any]:
        body = await bodies.json_object(request)
        return await drafts.save(
            id_=bodies.text(body, "id", default="", limit=MAX_ID_CHARS),
            name=bodies.text(body, "name", default=""),
            target=body.get("target"),
            without=left_out(body),
            note=bodies.text(body, "note", default=""),
        )

    @router.post("/stack-drafts/{id}/delete")
    async def delete(id: str) -> dict[str, Any]:
        return {"deleted": await drafts.delete(id)}

    return router


def left_out(body: dict[str, Any]) -> frozenset[str]:
    """``without``: ids of members that a plan leaves out. Ids of nothing make no difference."""
    value = body.get("without", [])
    right = (
        isinstance(value, list)
        and len(value) <= MAX_WITHOUT
        and all(isinstance(item, str) and len(item) <= MAX_ID_CHARS for item in value)
    )
    if not right:
        raise InputError("bad_request", f"without must be a list of at most {MAX_WITHOUT} ids.")
    return frozenset(value)

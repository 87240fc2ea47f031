"""Keeping a wallet: backups, the way back, and a sign that somebody is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request

from agent.api import bodies
from agent.core.limits import LIMITS
from agent.errors import InputError, NotFoundError
from agent.services import backup, restoring
from agent.services.agent import Agent

# A request with this header, "1", is a program's own (polling, what an event set off): it keeps no wallet open.
BACKGROUND = "x-cairn-background"
PASSPHRASE_CHARS = 1000


def create(agent: Agent) -> APIRouter:
    router = APIRouter()
    node = agent.node

    @router.post("/active")
    async def active() -> dict[str, Any]:
        node.touch()
        return {"locks_in": node.locks_in()}

    @router.post("/backup")
    async def make(request: Request) -> dict[str, Any]:
        body = await bodies.json_object(request)
        replace = body.get("replace", False)
        if not isinstance(replace, bool):
            raise InputError("bad_request", "replace must be true or false.")
        _ = node.vault  # locked is said first
        node.touch()
        return await backup.make(node, _path(body), _passphrase(body, "passphrase"), replace=replace)

    @router.post("/backup/check")
    async def check(request: Request) -> dict[str, Any]:
        body = await bodies.json_object(request)
        return await backup.check(_path(body), _passphrase(body, "passphrase"))

    @router.post("/restore")
    async def restore(request: Request) -> dict[str, Any]:
        if agent.holding is None:
            raise NotFoundError("not_this_role", f"{node.settings.name} does not hold credentials.")
        body = await bodies.json_object(request)
        path, passphrase = _path(body), _passphrase(body, "passphrase")
        new = _passphrase(body, "new_passphrase")
        async with node.without_wallet():
            return await restoring.restore(node.home, path, passphrase, new, bus=node.bus)

    return router


def _path(body: dict[str, Any]) -> Path:
    text = bodies.text(body, "path", limit=LIMITS.text_chars)
    if not text or "\0" in text:
        raise InputError("bad_request", "path must name a file.")
    return Path(text)


def _passphrase(body: dict[str, Any], name: str) -> str:
    return bodies.text(body, name, limit=PASSPHRASE_CHARS)

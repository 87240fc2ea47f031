"""Who can be trusted, and why. Part of the admin listener."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from agent.services.trust_panel import TrustPanel


def create(panel: TrustPanel) -> APIRouter:
    router = APIRouter()

    @router.get("/trust")
    async def search(q: str = "", *, refresh: bool = False) -> dict[str, Any]:
        return await panel.search(q, refresh=refresh)

    @router.get("/trust/institutions/{id}")
    async def institution(id: str, *, refresh: bool = False) -> dict[str, Any]:
        return await panel.institution(id, refresh=refresh)

    @router.get("/trust/issuers/{did}")
    async def issuer(did: str, *, refresh: bool = False) -> dict[str, Any]:
        return await panel.issuer(did, refresh=refresh)

    return router

"""The learner's history and notices. Part of the admin listener."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from agent.api import bodies
from agent.services.history_book import MAX_PAGE, HistoryBook
from agent.services.notices import Notices


def create(book: HistoryBook) -> APIRouter:
    router = APIRouter()

    @router.get("/history")
    async def history(
        q: str = "",
        party: str = "",
        before: Annotated[int | None, Query(ge=1)] = None,
        limit: Annotated[int | None, Query(ge=0, le=MAX_PAGE)] = None,
        anew: bool = False,
    ) -> dict[str, Any]:
        if anew:
            await book.read(anew=True)
        found, entries, total = await book.page(words=q, party=party, before=before, limit=limit)
        return {"entries": entries, "total": total, **found.state()}

    @router.get("/history/export")
    async def export() -> dict[str, Any]:
        return await book.export()

    return router


def notices(found: Notices) -> APIRouter:
    router = APIRouter()

    @router.get("/notices")
    async def all_() -> dict[str, Any]:
        return {"notices": await found.all()}

    @router.post("/notices/seen")
    async def seen(request: Request) -> dict[str, Any]:
        body = await bodies.json_object(request)
        return {"notices": await found.see(bodies.names(body, "ids"))}

    return router

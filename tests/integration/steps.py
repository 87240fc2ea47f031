"""Small steps that several integration tests share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from agent.cli.universe import Universe
from agent.client import AgentClient

type Document = dict[str, Any]

TITLE_POLICY: Document = {
    "version": 1,
    "title": "One credential",
    "purpose": "Integration test",
    "retention_days": 1,
    "claims": [
        {"claim": "title", "required": True, "disclose": "reveal"},
        {"claim": "awarded_on", "required": True, "disclose": "reveal"},
        {"claim": "level", "required": True, "disclose": "predicate"},
    ],
    "each": {"min_eqf": 6, "registry": ["assured_official", "assured_voluntary"]},
    "set": {},
}


async def offer(
    universe: Universe, issuer: str = "munster-tu", template: str = "data-literacy", **learner: str
) -> Document:
    person = {"given_name": "Test", "family_name": "Learner", "birth_date": "2000-01-01", **learner}
    async with universe.client(issuer) as api:
        return await api.post(
            "/v1/issuer/offers", {"template": template, "learner": person, "awarded_on": "2026-01-15"}
        )


async def accept(universe: Universe, link: str) -> Document:
    async with universe.client("learner") as api:
        reviewed = await api.post("/v1/wallet/offers/review", {"link": link})
        return await api.post(f"/v1/wallet/offers/{reviewed['id']}/accept")


async def ask(universe: Universe, policy: Document = TITLE_POLICY, **settings: int) -> Document:
    async with universe.client("employer") as api:
        return await api.post("/v1/verifier/requests", {"policy": policy, **settings})


async def review(universe: Universe, link: str) -> Document:
    async with universe.client("learner") as api:
        return await api.post("/v1/wallet/requests/review", {"link": link})


async def answers(universe: Universe, request: Document) -> list[Document]:
    async with universe.client("employer") as api:
        found: list[Document] = (await api.get(f"/v1/verifier/requests/{request['id']}"))["answers"]
        return found


async def until[T](look: Callable[[], Awaitable[T | None]], what: str, seconds: float = 60.0) -> T:
    """Wait for a condition; the time limit only keeps a broken run from hanging."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = await look()
        if found is not None:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(f"waited in vain for {what}")


async def unlocked(universe: Universe, member: str) -> AgentClient:
    await universe.wait(member, lambda status: bool(status["agent"]["state"] == "ready"), "its agent")
    return universe.client(member)

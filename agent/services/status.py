"""The one status document that terminal and command line show."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from agent.errors import LockedError
from agent.services.agent import Agent
from agent.services.backup import NOTE
from agent.services.node import Lock
from trust_registry.errors import TrustRegistryError

REGISTRY_SECONDS = 1.5  # a slow registry must not make the status line slow


async def status(agent: Agent) -> dict[str, Any]:
    node = agent.node
    return {
        "version": 1,
        "name": node.settings.name,
        "home": str(node.home),
        "roles": sorted(str(role) for role in node.settings.roles),
        "lock": str(node.lock),
        "lock_detail": node.lock_detail,
        "locks_in": node.locks_in(),
        "first_run": node.first_run,
        "agent": {"state": node.agent_state, "detail": node.agent_detail},
        "registry": await _registry(agent),
        "inbox": await _inbox(agent),
        "backup": await _backup(agent),
        "notices": _notices(agent),
        "demo": node.settings.demo,
        "did": node.settings.did if node.settings.has_public_did else None,
        "public_url": node.settings.public_base,
        "ready_to_issue": agent.identity.can_issue,
    }


async def _registry(agent: Agent) -> dict[str, Any]:
    """``state``: ok; copy, when the registry does not answer and this machine's copy stands in; or unreachable."""
    node = agent.node
    copied = await node.asker.standing()
    copy = None if copied is None else copied.to_json()
    found: dict[str, Any] = {
        "state": "unreachable" if copy is None else "copy",
        "url": node.settings.registry_url,
        "snapshot": copy,
        "copy": copy,
        "root": "pinned" if node.settings.registry_root else "first_use",
        "problem": node.registry_list.problem,
    }
    try:
        snapshot = await asyncio.wait_for(node.registry.status(), REGISTRY_SECONDS)
    except (TrustRegistryError, TimeoutError):
        return found
    return found | {"state": "ok", "snapshot": snapshot.to_json()}


def _notices(agent: Agent) -> int:
    if agent.node.lock is not Lock.UNLOCKED or agent.notices is None:
        return 0
    return agent.notices.unseen()


async def _inbox(agent: Agent) -> dict[str, int]:
    counts = {"offers": 0, "requests": 0}
    if agent.node.lock is not Lock.UNLOCKED or agent.holding is None or agent.presenting is None:
        return counts
    with suppress(LockedError):  # it is being locked at this moment
        offers = await agent.holding.offers()
        requests = await agent.presenting.requests()
        counts["offers"] = sum(offer["state"] == "open" for offer in offers)
        counts["requests"] = sum(request["state"] == "open" for request in requests)
    return counts


async def _backup(agent: Agent) -> dict[str, Any] | None:
    """When the last backup was made; None while that is not known, and for agents that have none."""
    if agent.node.lock is not Lock.UNLOCKED or agent.holding is None:
        return None
    with suppress(LockedError):
        noted = await agent.node.vault.get(*NOTE)
        return {"made_at": None if noted is None else noted.get("made_at")}
    return None

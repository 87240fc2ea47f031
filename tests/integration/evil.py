"""An attacker with an agent of its own, inside the test process, whose ACA-Py carries `evil_plugin`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from agent.acapy.process import AcaPySettings
from agent.api import server
from agent.cli.universe import PASSPHRASE, Universe
from agent.services import node as node_module
from agent.services.agent import Agent
from agent.settings import Role, create_home

ROOT = Path(__file__).resolve().parents[2]


class EvilSettings(AcaPySettings):
    __slots__ = ()

    def arguments(self) -> list[str]:
        return [*super().arguments(), "--plugin", "tests.integration.evil_plugin"]

    def environment(self, inherited: dict[str, str]) -> dict[str, str]:
        found = super().environment(inherited)
        return found | {"EVIL_FILE": str(self.home / "evil.json"), "PYTHONPATH": str(ROOT)}


class Evil:
    """``orders`` as in `evil_plugin`; verifier and holder at once."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent

    def orders(self, **what: Any) -> None:
        (self.agent.node.home / "acapy" / "evil.json").write_text(json.dumps(what))

    def keep(self, presentation: dict[str, Any]) -> str:
        path = self.agent.node.home / "acapy" / "stolen.json"
        path.write_text(json.dumps(presentation))
        return str(path)


@asynccontextmanager
async def evil_agent(universe: Universe, home: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Evil]:
    monkeypatch.setattr(node_module, "AcaPySettings", EvilSettings)
    settings = create_home(
        home,
        name="Honest Recruiting",
        roles=frozenset({Role.HOLDER, Role.VERIFIER}),
        registry_url=universe.registry_url,
        demo=True,
    )
    agent, stop = Agent(home, settings), asyncio.Event()
    serving = asyncio.create_task(server.run(agent, passphrase=PASSPHRASE, stop=stop))
    try:
        while agent.node.agent_state != "ready":
            assert not serving.done(), serving
            assert agent.node.agent_state != "failed", agent.node.agent_detail
            await asyncio.sleep(0.1)
        yield Evil(agent)
    finally:
        stop.set()
        await serving

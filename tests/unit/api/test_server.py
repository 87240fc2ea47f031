"""Two real listeners on loopback: a taken port, a clean end, nothing left behind."""

from __future__ import annotations

import asyncio
import json
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent.api import server
from agent.errors import ConflictError, PassphraseError
from agent.services.agent import Agent
from agent.settings import Ports, Role, create_home, load_settings, read_token, save_settings
from tests.simulators.town import PASSPHRASE


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("agent.store.vault.KEY_METHOD", "raw")
    path = tmp_path / "learner"
    create_home(path, name="x", roles=frozenset({Role.HOLDER}), registry_url="http://localhost:9", demo=True)
    return path


def assemble(home: Path) -> Agent:
    agent = Agent(home, load_settings(home))

    async def nothing() -> None: ...

    agent.node._start_acapy = nothing  # type: ignore[method-assign]
    return agent


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield int(other.getsockname()[1])


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@pytest.mark.parametrize("which", ["admin", "public"])
async def test_a_taken_port(home: Path, taken: int, which: str) -> None:
    settings = load_settings(home)
    ports = settings.ports.model_dump() | {which: taken}
    save_settings(home, settings.model_copy(update={"ports": Ports(**ports)}))
    agent = assemble(home)
    with pytest.raises(ConflictError) as caught:
        await server.run(agent, passphrase=PASSPHRASE, stop=asyncio.Event())
    assert (caught.value.code, caught.value.exit_code) == ("port_taken", 1)
    assert str(taken) in caught.value.detail
    assert caught.value.hint
    assert not (home / "service.json").exists()
    assert not (home / "vault.db").exists()  # nothing was begun
    other = "public" if which == "admin" else "admin"
    assert is_free(ports[other])
    await agent.close()


async def running(home: Path, agent: Agent, stop: asyncio.Event, **more: Any) -> asyncio.Task[None]:
    task = asyncio.create_task(server.run(agent, stop=stop, **more))
    while not (home / "service.json").exists():
        await asyncio.sleep(0.01)
        if task.done():
            task.result()
    return task


async def test_a_run_from_start_to_end(home: Path) -> None:
    stop, agent = asyncio.Event(), assemble(home)
    task = await running(home, agent, stop)
    document = json.loads((home / "service.json").read_text())
    assert stat.S_IMODE((home / "service.json").stat().st_mode) == 0o600
    assert read_token(home) not in (home / "service.json").read_text()
    headers = {"authorization": f"Bearer {read_token(home)}"}
    async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
        status = await http.get(f"{document['admin_url']}/v1/status", headers=headers)
        assert status.json()["lock"] == "locked"
        assert "server" not in status.headers
        unlocked = await http.post(
            f"{document['admin_url']}/v1/unlock", headers=headers, json={"passphrase": PASSPHRASE}
        )
        assert unlocked.json()["lock"] == "unlocked"
        rebound = {**headers, "host": "evil.example"}
        assert (await http.get(f"{document['admin_url']}/v1/status", headers=rebound)).status_code == 403
        # A second service of the same home does not disturb the first.
        second = assemble(home)
        with pytest.raises(ConflictError):
            await server.run(second, stop=asyncio.Event())
        await second.close()
        assert (await http.get(f"{document['admin_url']}/v1/status", headers=headers)).status_code == 200
        # Somebody listens for events when it ends: that must not hold it up.
        async with http.stream("GET", f"{document['admin_url']}/v1/events", headers=headers) as events:
            assert events.status_code == 200
            stop.set()
            await asyncio.wait_for(task, 10)
    assert not (home / "service.json").exists()
    settings = load_settings(home)
    assert is_free(settings.ports.admin)
    assert is_free(settings.ports.public)
    assert agent.node.lock == "locked"


async def test_listening_on_loopback_only(home: Path) -> None:
    stop, agent = asyncio.Event(), assemble(home)
    task = await running(home, agent, stop)
    settings = load_settings(home)
    for port in (settings.ports.admin, settings.ports.public):
        with socket.socket() as probe:  # the same port is free on another address of this machine
            probe.bind(("127.0.0.2", port))
    stop.set()
    await task


async def test_a_wrong_passphrase_at_the_start_ends_it(home: Path) -> None:
    first = assemble(home)
    await first.node.unlock(PASSPHRASE)
    await first.close()
    agent = assemble(home)
    from aries_askar import Store

    with pytest.raises(PassphraseError):
        await server.run(agent, passphrase=Store.generate_raw_key(b"1" * 32), stop=asyncio.Event())
    assert not (home / "service.json").exists()
    assert is_free(load_settings(home).ports.admin)

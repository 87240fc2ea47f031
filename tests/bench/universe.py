"""The demo universe with one issuer, one learner and one employer, and the raw baseline's way into it.

Everything runs as in production: the registry, three services and three ACA-Py are seven processes, and this
process, which drives either side, is the eighth. Raw calls go to the same ACA-Py as our services' calls, from
here, with the same thin HTTP client (`agent.acapy.admin`), and wait for the same webhooks, which the service
process hands over as they arrive (see `tests.bench.member`).
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from agent.acapy.admin import AdminClient
from agent.acapy.events import Event, Webhooks
from agent.cli.universe import MEMBERS, Universe
from agent.errors import AgentError
from tests.bench.member import LINE_BYTES, SOCKET

ISSUER, LEARNER, EMPLOYER = "munster-tu", "learner", "employer"
NAMES = (ISSUER, LEARNER, EMPLOYER)
WAIT_SECONDS = 60.0


@dataclass
class Raw:
    """One ACA-Py, driven from here. ``acapy_seconds`` is from its start until it took work."""

    admin: AdminClient
    webhooks: Webhooks
    acapy_pid: int
    acapy_seconds: float
    _writer: asyncio.StreamWriter
    _answers: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)

    async def wait(self, topic: str, key: str, value: str, state: str) -> Event:
        """The webhook that says so. Raises `AgentError` when the exchange was abandoned instead."""
        event = await self.webhooks.wait(topic, key, value, {state, "abandoned"}, seconds=WAIT_SECONDS)
        if event.state != state:
            raise AgentError("abandoned", f"A raw exchange was abandoned ({topic}).", event["error_msg"])
        return event

    async def ask(self, word: str) -> dict[str, Any]:
        """Send a word of `tests.bench.member` and wait until it is done."""
        self._writer.write(f"{word}\n".encode())
        return await asyncio.wait_for(self._answers.get(), WAIT_SECONDS)


@dataclass
class BenchUniverse(Universe):
    """Members start one after the other: a cold start is then measured alone."""

    raw: dict[str, Raw] = field(default_factory=dict)
    started: dict[str, float] = field(default_factory=dict)  # member → seconds until it took work
    answering: dict[str, float] = field(default_factory=dict)  # member → seconds until its service answered
    ready_to_issue: float = 0.0  # seconds that the credential definition took
    _spawned: dict[str, float] = field(default_factory=dict)

    async def start(self) -> None:
        await self.start_registry()
        self.started["registry"] = self.answering["registry"]
        for id in NAMES:
            self.narrate(f"starting {id}")
            await self.start_agent(id)
            self.started[id] = time.monotonic() - self._spawned[id]
            if id == ISSUER:  # before the next one starts: this takes all of a core
                start = time.monotonic()
                await self.wait_for_issuers()
                self.ready_to_issue = time.monotonic() - start
        await self.bind_institutions()

    async def _spawn(self, id: str, module: str, *arguments: str, fds: tuple[int, ...] = ()) -> None:
        self._spawned[id] = time.monotonic()
        tapped = "tests.bench.member" if module == "agent.cli.main" else module
        await super()._spawn(id, tapped, *arguments, fds=fds)

    async def _service_file(self, id: str) -> dict[str, Any]:
        document = await super()._service_file(id)
        self.answering[id] = time.monotonic() - self._spawned[id]
        return document

    # ------------------------------------------------------------------ the tap

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One service process: its greeting, then its webhooks and answers."""
        hello = json.loads(await reader.readline())
        raw = Raw(
            AdminClient(hello["admin_url"], hello["admin_key"]),
            Webhooks(),
            hello["acapy_pid"],
            hello["acapy_seconds"],
            writer,
        )
        self.raw[hello["member"]] = raw
        while line := await reader.readline():
            document = json.loads(line)
            if "topic" in document:
                raw.webhooks.deliver(document["topic"], document["payload"])
            else:
                raw._answers.put_nowait(document["answer"])
        writer.close()

    async def tell(self, word: str) -> dict[str, dict[str, Any]]:
        answers = await asyncio.gather(*(self.raw[id].ask(word) for id in NAMES))
        return dict(zip(NAMES, answers, strict=True))

    # ------------------------------------------------------------------ what the processes use

    def processes(self) -> dict[str, int]:
        """Name → pid, ACA-Py beside its service."""
        found = {"registry": self.pid("registry")}
        for id in NAMES:
            found[f"{id}: service"] = self.pid(id)
            found[f"{id}: ACA-Py"] = self.raw[id].acapy_pid
        return found

    def memory(self) -> dict[str, float]:
        """RSS per process, MiB."""
        return {name: psutil.Process(pid).memory_info().rss / 2**20 for name, pid in self.processes().items()}

    def cpu(self) -> dict[str, float]:
        """CPU seconds so far (user and system), per kind of process."""
        found: dict[str, float] = {"bench": sum(psutil.Process().cpu_times()[:2])}
        for name, pid in self.processes().items():
            times = psutil.Process(pid).cpu_times()
            kind = name.rpartition(": ")[2]
            found[kind] = found.get(kind, 0.0) + times.user + times.system
        return found


@asynccontextmanager
async def running(root: Path, narrate: Any) -> AsyncIterator[BenchUniverse]:
    """A started universe in ``root``, stopped afterwards whatever happens."""
    members = tuple(member for member in MEMBERS if member.id in NAMES)
    universe = BenchUniverse(root, narrate, members)
    tap = await asyncio.start_unix_server(universe.hear, root / SOCKET, limit=LINE_BYTES)
    try:
        await universe.start()
        yield universe
    finally:
        for raw in universe.raw.values():
            await raw.admin.close()
        await universe.stop()
        tap.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(tap.wait_closed(), 5)

"""One agent service of the bench: ``cairn agent run`` as it is, with a tap on its ACA-Py.

The raw baseline needs the admin API of the very ACA-Py that the service drives, and its webhooks. So this
process says to the bench, over a Unix socket in the bench's own 0700 folder, where that admin API is, and on
the word ``aside`` hands every webhook to the bench *instead of* to the services (a service that saw the raw
exchanges would answer them, and its work would be counted against the baseline). On ``home`` the services get
them again. The product's code is not changed: only `Webhooks.deliver` of this one instance is wrapped, and the
calls listed in `Recorder`, which are timed between the words ``record`` and ``recorded``. ``profile`` and
``profiled`` do the same with cProfile.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import functools
import json
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from agent.acapy import http
from agent.acapy.events import Event
from agent.api import server
from agent.cli import logs
from agent.net.fetch import SafeFetcher
from agent.services.agent import Agent
from agent.settings import Settings, load_settings
from agent.store.vault import Vault
from trust_registry.client import RegistryClient

SOCKET = "bench.sock"  # in the folder that holds all homes
PROFILE = "bench.prof"  # in the home
LINE_BYTES = 1024 * 1024


class Recorder:
    """Counts and times what a service waits for, by kind of call; overlapping calls each count in full."""

    def __init__(self) -> None:
        self.on = False
        self.found: dict[str, list[float]] = {}
        self._wrap(http.AdminHttp, "call", lambda args: f"ACA-Py {args[1]} {http._route(args[2])}")
        self._wrap(SafeFetcher, "get", lambda _: "fetch GET from another agent")
        self._wrap(SafeFetcher, "post_json", lambda _: "fetch POST to another agent")
        self._wrap(RegistryClient, "signed_answer", lambda _: "registry resolve")
        self._wrap(Vault, "get", lambda _: "vault get")
        self._wrap(Vault, "all", lambda args: f"vault all of {args[1]}")
        self._wrap(Vault, "put", lambda _: "vault put")

    def _wrap(self, owner: type, name: str, label: Callable[[tuple[Any, ...]], str]) -> None:
        original: Callable[..., Awaitable[Any]] = getattr(owner, name)

        @functools.wraps(original)
        async def timed(*args: Any, **kwargs: Any) -> Any:
            if not self.on:
                return await original(*args, **kwargs)
            start = time.perf_counter()
            try:
                return await original(*args, **kwargs)
            finally:
                entry = self.found.setdefault(label(args), [0, 0.0])
                entry[0] += 1
                entry[1] += time.perf_counter() - start

        setattr(owner, name, timed)


class TappedAgent(Agent):
    def __init__(self, home: Path, settings: Settings, recorder: Recorder) -> None:
        super().__init__(home, settings)
        self._recorder = recorder
        self._deliver = self.node.webhooks.deliver
        self._aside = False
        self._profile = _profiler()
        self._writer: asyncio.StreamWriter | None = None
        self.node.webhooks.deliver = self._tap  # type: ignore[method-assign]
        self.node.on_ready.insert(0, self._hello)

    async def _hello(self) -> None:
        """ACA-Py takes work now: tell the bench how to reach it."""
        acapy = self.node._acapy
        if acapy is None:
            return
        reader, self._writer = await asyncio.open_unix_connection(self.node.home.parent / SOCKET)
        self._say(
            {
                "member": self.node.home.name,
                "admin_url": acapy.settings.admin_url,
                "admin_key": acapy.settings.admin_key,
                "acapy_pid": acapy.pid,
                "acapy_seconds": time.monotonic() - acapy._started_at,
            }
        )
        self.node.spawn(self._obey(reader), "bench tap")

    async def _obey(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            word = line.decode().strip()
            answer: dict[str, Any] = {}
            if word in ("aside", "home"):
                self._aside = word == "aside"
            elif word == "record":
                self._recorder.on, self._recorder.found = True, {}
            elif word == "recorded":
                self._recorder.on, answer = False, self._recorder.found
            elif word == "profile":
                self._profile.enable()
            elif word == "profiled":
                self._profile.disable()
                self._profile.dump_stats(self.node.home / PROFILE)
                self._profile = _profiler()
            self._say({"answer": answer})

    def _tap(self, topic: str, payload: Any) -> Event | None:
        if not self._aside:
            return self._deliver(topic, payload)
        # Top-level scalars are all that `Webhooks` looks at.
        flat = {name: value for name, value in payload.items() if isinstance(value, str | int | float)}
        self._say({"topic": topic, "payload": flat})
        return None

    def _say(self, document: dict[str, Any]) -> None:
        if self._writer is not None:
            self._writer.write(json.dumps(document).encode() + b"\n")


def _profiler() -> cProfile.Profile:
    """Of CPU time: what else the machine does, and waiting, stay out of it."""
    return cProfile.Profile(time.process_time)


def main() -> None:
    """Takes what the universe gives to ``cairn``: ``agent run --home FOLDER --passphrase-fd N``."""
    parser = argparse.ArgumentParser()
    parser.add_argument("command", nargs=2)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--passphrase-fd", type=int, required=True)
    options = parser.parse_args()
    logs.to_file(options.home / "logs" / "service.log")
    with os.fdopen(options.passphrase_fd) as secret:
        passphrase = secret.readline().rstrip("\n")

    async def serve() -> None:
        agent = TappedAgent(options.home, load_settings(options.home), Recorder())
        await server.run(agent, passphrase=passphrase)

    asyncio.run(serve())


if __name__ == "__main__":
    main()

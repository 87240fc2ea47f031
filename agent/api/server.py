"""One agent service: two listeners in one process, started and stopped cleanly.

``run`` serves until SIGINT or SIGTERM, then locks (which stops ACA-Py) and leaves no process behind. The two
ports are bound before anything else starts, so a taken port is one clear error.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import structlog
import uvicorn
from fastapi import FastAPI

from agent.api import admin, public
from agent.errors import ConflictError
from agent.services.agent import Agent
from agent.settings import Settings, read_token
from agent.store.public import write_atomic

log = structlog.get_logger(__name__)

SHUTDOWN_SECONDS = 3


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling: this module stops both listeners."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def run(agent: Agent, *, passphrase: str | None = None, stop: asyncio.Event | None = None) -> None:
    """Serve one agent until ``stop`` is set (default: SIGINT or SIGTERM), then close it.

    With ``passphrase`` it is unlocked at once, else through POST /v1/unlock. Raises `ConflictError`
    port_taken, or what `Node.unlock` raises.
    """
    home, settings = agent.node.home, agent.node.settings
    if stop is None:
        stop = asyncio.Event()
        for signum in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    sockets = _bind(settings.ports.admin, settings.ports.public)
    apps = [admin.create(agent, read_token(home)), public.create(agent)]
    servers = [_server(app) for app in apps]
    serving = [
        asyncio.create_task(server.serve(sockets=[bound]))
        for server, bound in zip(servers, sockets, strict=True)
    ]
    try:
        while not all(server.started for server in servers):  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.02)
        _announce(home, settings)
        agent.node.start()
        log.info("agent service ready", admin_port=settings.ports.admin, public_port=settings.ports.public)
        if passphrase is not None:
            await agent.node.unlock(passphrase)
        await stop.wait()
    finally:
        (home / "service.json").unlink(missing_ok=True)
        await agent.close()
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*serving, return_exceptions=True)
        for bound in sockets:
            bound.close()


def _server(app: FastAPI) -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            http="h11",  # the one parser that bounds what comes before a request is whole
            log_config=None,
            access_log=False,  # link codes are in the paths
            server_header=False,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            limit_concurrency=500,
            h11_max_incomplete_event_size=64 * 1024,
        )
    )


def _bind(*ports: int) -> list[socket.socket]:
    """All of them or none."""
    bound: list[socket.socket] = []
    for port in ports:
        # With the protocol named: asyncio sets TCP_NODELAY only then, and without it every answer waits 40 ms.
        bound.append(socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP))
        bound[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound[-1].bind(("127.0.0.1", port))
        except OSError:
            for each in bound:
                each.close()
            raise ConflictError(
                "port_taken",
                f"Port {port} is used by another program.",
                "Is this agent running already? If not, stop that program: "
                "the port is part of the agent's address.",
            ) from None
    return bound


def _announce(home: Path, settings: Settings) -> None:
    document = {
        "admin_url": f"http://127.0.0.1:{settings.ports.admin}",
        "public_url": settings.public_base,
        "pid": os.getpid(),
    }
    write_atomic(home / "service.json", json.dumps(document).encode(), mode=0o600)

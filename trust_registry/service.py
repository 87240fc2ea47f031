"""Running the registry as one process: address, signals, ``HOME/service.json``.

Loopback by default. Port 0 takes a free port the first time and the same one ever after, because the
registry's DID, and with it the id of the shared schema, names the port.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

import uvicorn

from trust_registry import strict_json
from trust_registry.api import create_app
from trust_registry.errors import TrustRegistryError
from trust_registry.registry import Registry, registry_did, utc_now
from trust_registry.upkeep import Upkeep
from trust_registry.vocabulary import SnapshotKind
from trust_registry.web.limits import LIMITS, Limits
from trust_registry.web.protocol import BoundedHttp
from trust_registry.workers import Task, share, supervise

PUBLIC_URL = "CAIRN_REGISTRY_PUBLIC_URL"
_GRACE_SECONDS = 3
_FILE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Service:
    """What ``HOME/service.json`` says; ``pid`` is None when the service is stopped."""

    url: str
    did: str
    deployment: SnapshotKind
    pid: int | None

    def to_json(self) -> dict[str, Any]:
        return {"url": self.url, "pid": self.pid, "did": self.did, "deployment": str(self.deployment)}


def read_service(home: Path) -> Service | None:
    """The last service of this home, running or not; None before the first."""
    path = home / "service.json"
    if not path.exists():
        return None
    try:
        data = strict_json.loads(path.read_bytes(), max_bytes=_FILE_BYTES)
        return Service(data["url"], data["did"], SnapshotKind(data["deployment"]), data["pid"])
    except (ValueError, KeyError, TypeError) as error:
        raise TrustRegistryError(
            "bad_service_file", "service.json in the registry's home cannot be read."
        ) from error


def open_home(home: Path, *, deployment: SnapshotKind | None = None, rebuild: bool = False) -> Registry:
    """The registry of a home for one command beside (or without) the running service.

    ``rebuild``: make a new snapshot of what was ingested.
    """
    service = read_service(home)
    return Registry.open(
        home,
        # Before the first start, the address that it is going to have: its DID is in everything published.
        did=service.did if service else registry_did(os.environ.get(PUBLIC_URL) or "http://localhost"),
        deployment=deployment or (service.deployment if service else SnapshotKind.PRODUCTION),
        now=utc_now(),
        refresh=False,
        rebuild=rebuild,
    )


def serve(
    home: Path,
    *,
    host: str,
    port: int,
    public_url: str | None,
    deployment: SnapshotKind,
    say: Callable[[str], None],
    trusted_proxies: Sequence[str] = (),
    workers: int = 1,
    limits: Limits = LIMITS,
) -> None:
    """Serve until SIGTERM or SIGINT. Raises `TrustRegistryError` when it cannot start.

    ``trusted_proxies``: addresses or networks whose X-Forwarded-For says who asks. Without any, nobody's does:
    whoever asks could otherwise take a new name, and a new rate limit, with every question. ``workers``: how many
    processes answer at one address; each counts its own share of a caller's rate.
    """
    proxies = _proxies(trusted_proxies)
    if public_url == "" or (host not in {"127.0.0.1", "::1", "localhost"} and public_url is None):
        raise TrustRegistryError("public_url_missing", "Off the loopback, the registry needs its public URL.")
    home.mkdir(parents=True, exist_ok=True)
    before = read_service(home)
    remembered = urlsplit(before.url).port if before else None
    listener = _listen(host, port or remembered or 0)
    if workers > 1:
        listener = share(listener)
    url = f"http://localhost:{listener.getsockname()[1]}"
    try:
        did = registry_did(public_url or url)
        registry = Registry.open(home, did=did, deployment=deployment, now=utc_now())
    except BaseException:
        listener.close()
        raise
    service = Service(url, did, deployment, os.getpid())
    try:
        registry.publish_schema(now=utc_now())
        manifest = registry.snapshot.manifest
        age = int(utc_now().timestamp()) - manifest.iat
        _warn(registry, say)
        words = f"cairn-registry ready at {url} ({did}, {manifest.kind} snapshot {manifest.seq}, {age} s old)"

        def ready() -> None:
            _write_service(home, service)
            say(words)

        if workers == 1:
            upkeep = Upkeep(registry, say, publishes=True)
            _answer(registry, listener, proxies=proxies, limits=limits, ready=ready, upkeep=upkeep)
        else:
            registry.close()
            task = Task(home, did, deployment, proxies, limits.shared_by(workers))
            supervise(task, workers, listener, ready, say)
    finally:
        registry.close()
        listener.close()
        _write_service(home, Service(url, did, deployment, None))


def work(place: int, task: Task, listener: socket.socket, ready: Callable[[], None]) -> None:
    """One of several processes (`trust_registry.workers`); the first of them also publishes."""

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - the service's narration

    registry = Registry.open(
        task.home, did=task.did, deployment=task.deployment, now=utc_now(), refresh=False
    )
    try:
        upkeep = Upkeep(registry, say, publishes=place == 0)
        _answer(registry, listener, proxies=task.proxies, limits=task.limits, ready=ready, upkeep=upkeep)
    finally:
        registry.close()


def _answer(
    registry: Registry,
    listener: socket.socket,
    *,
    proxies: list[str],
    limits: Limits,
    ready: Callable[[], None],
    upkeep: Upkeep,
) -> None:
    config = uvicorn.Config(
        create_app(registry, limits=limits),
        log_level="warning",
        access_log=False,  # the question of /v1/resolve holds values of a credential
        timeout_graceful_shutdown=_GRACE_SECONDS,
        server_header=False,
        http=BoundedHttp,
        lifespan="off",
        proxy_headers=bool(proxies),  # uvicorn's own default trusts whoever calls from loopback
        forwarded_allow_ips=proxies,
    )
    with upkeep:
        asyncio.run(_Server(config, ready).serve(sockets=[listener]))


class _Server(uvicorn.Server):
    """uvicorn that says when it is ready and ends a clean stop with exit status 0."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn would raise the signal again after its clean stop, and the process would die of it.
        def stop(number: int, frame: FrameType | None) -> None:
            self.handle_exit(number, frame)

        previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)


def _proxies(given: Sequence[str]) -> list[str]:
    """`TrustRegistryError` bad_proxy for what is no address: uvicorn would take a name, or * for everybody."""
    try:
        return [
            str(ipaddress.ip_network(one)) if "/" in one else str(ipaddress.ip_address(one)) for one in given
        ]
    except ValueError as error:
        raise TrustRegistryError(
            "bad_proxy", "A trusted proxy is named by its IP address or network.", "For example 192.0.2.7."
        ) from error


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named: asyncio sets TCP_NODELAY only then, and without it every answer waits 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise TrustRegistryError(
            "port_taken",
            f"Port {port} on {host} cannot be used ({error.strerror}).",
            "Stop what uses it, or give another --port; the registry's DID changes with its port.",
        ) from error
    return listener


def _write_service(home: Path, service: Service) -> None:
    draft = home / f".service.{os.getpid()}"
    draft.write_text(json.dumps(service.to_json()), encoding="utf-8")
    draft.replace(home / "service.json")


def _warn(registry: Registry, say: Callable[[str], None]) -> None:
    if registry.snapshot.manifest.kind is SnapshotKind.DEMO and registry.deployment is not SnapshotKind.DEMO:
        say("The snapshot is of kind demo: nothing will be assured. Start with --demo for a demonstration.")

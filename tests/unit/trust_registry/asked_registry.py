"""A real registry, served by uvicorn on the loopback, and askers of it; time is the test's.

An attack is a line: ``attacks`` answers for a path instead, ``stop`` ends the server, ``clock`` moves everybody.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

import httpx
import uvicorn
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.unit.trust_registry.samples import MTU, MTU_ID, NOW, Issuer
from trust_registry import bindings, cli_keys, embedded
from trust_registry.api import create_app
from trust_registry.asking import Asker
from trust_registry.client import RegistryClient
from trust_registry.content import of_ingested
from trust_registry.harvested import Ingested
from trust_registry.local_copy import LocalCopy
from trust_registry.models import Query
from trust_registry.proposals import Closed
from trust_registry.publication import Publication
from trust_registry.registry import Keys, Registry
from trust_registry.store import Store
from trust_registry.tuf_fetcher import Source
from trust_registry.vocabulary import SnapshotKind

DID = "did:web:localhost%3A8300"
QUERY = Query(did=MTU.did, key=MTU.thumbprint, awarded_on=date(2024, 5, 1), country="IE", eqf=6)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class Served:
    """``asked`` are the paths in order; ``attacks`` by a path's end."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder, self.clock = folder, clock
        self.home = folder / "registry"
        self.attacks: dict[str, Response] = {}
        self.asked: list[str] = []
        self.stuck: threading.Event | None = None
        self._keys = Keys(self.home)
        self.store = Store(self.home / "registry.db", self._keys)
        self.publication = Publication(self.home, self.store)
        self.registry: Registry | None = None
        self.port = 0
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    # --- the operator

    def publish(
        self, seq: int = 7, *, kind: SnapshotKind = SnapshotKind.DEMO, facts: Ingested | None = None
    ) -> None:
        """A list of this number, with every binding there is."""
        now = self.clock()
        content = of_ingested(facts or embedded.load())
        self.publication.publish(content, iss=DID, seq=seq, prev="", kind=kind, at=now, now=now)
        if self.registry is not None:
            self.registry.take_up()

    def bind(self, issuer: Issuer = MTU, institution: str = MTU_ID, *, agreed: bool = True) -> None:
        """By two operators, or by one; in the published file after the next `publish`."""
        now = self.clock()
        closes = Closed(proposal=issuer.did, by="second", at=now, approved=True, why="", findings=())
        current = self.publication.current()
        assert current is not None
        bindings.bind(
            self.store,
            current.snapshot(),
            did=issuer.did,
            jwk=issuer.jwk,
            institution_id=institution,
            level=2,
            valid_from=date(2021, 1, 1),
            evidence="Checked by two operators.",
            now=now,
            closes=closes if agreed else None,
        )

    def rotate(self) -> None:
        cli_keys.rotate_online(self.home, limits=lambda _: {}, overlap=timedelta(0), now=self.clock())
        if self.registry is not None:
            self.registry.take_up()

    # --- the process

    def start(self, *, deployment: SnapshotKind = SnapshotKind.DEMO) -> None:
        self.registry = Registry(
            home=self.home,
            did=DID,
            key=self._keys,
            store=self.store,
            publication=self.publication,
            deployment=deployment,
        )
        app = create_app(self.registry, clock=self.clock)

        async def attacked(scope: Scope, receive: Receive, send: Send) -> None:
            self.asked.append(scope["path"])
            if self.stuck is not None:
                while not self.stuck.is_set():
                    await asyncio.sleep(0.01)
            for end, answer in self.attacks.items():
                if scope["path"].endswith(end):
                    await answer(scope, receive, send)
                    return
            await app(scope, receive, send)

        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(attacked, log_level="error", access_log=False, lifespan="off", ws="none")
        config.timeout_graceful_shutdown = 1
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]}, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.005)

    def stop(self) -> None:
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join()
        self._server = None

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    # --- who asks

    def asker(self, name: str = "copy", *, root_sha256: str | None = None, demo: bool = True) -> Asker:
        """With a copy in this folder: the same name is the same machine, started again."""
        source = Source(allow_loopback=True, seconds=20.0)
        copy = LocalCopy(self.folder / name, self.url, root_sha256=root_sha256, source=source)
        # Its own connections each time: a stopped server keeps none.
        client = RegistryClient(self.url, httpx.AsyncClient(timeout=5.0, trust_env=False))
        return Asker(client, copy, demo=demo, clock=self.clock)


def prepare(folder: Path) -> Path:
    """A home with list 8 and Munster TU bound, to be copied: making one takes as long as a test."""
    made = Served(folder, Clock())
    try:
        made.publish()
        made.bind()
        made.publish(8)
    finally:
        made.store.close()
    return made.home


@contextmanager
def served(folder: Path, prepared: Path) -> Iterator[Served]:
    shutil.copytree(prepared, folder / "registry")
    made = Served(folder, Clock())
    try:
        made.start()
        yield made
    finally:
        made.stop()
        if made.registry is not None:
            made.registry.close()
        made.store.close()

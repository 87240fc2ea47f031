"""A registry with chosen facts, for the tests of trust_registry.web; an attack is an edit of the facts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import date, datetime
from pathlib import Path

import httpx
import pytest

# Fixtures: whoever names one of them starts the server.
from tests.unit.trust_registry.postgres import address, empty_address, place, placed, postgres  # noqa: F401
from tests.unit.trust_registry.samples import MTU, MTU_ID, NOW
from trust_registry import bindings, embedded
from trust_registry.api import create_app
from trust_registry.content import of_ingested
from trust_registry.harvested import Ingested
from trust_registry.proposals import Closed
from trust_registry.publication import Publication
from trust_registry.registry import Keys, Registry
from trust_registry.store import Store
from trust_registry.vocabulary import SnapshotKind

DID = "did:web:localhost%3A8300"
Opener = Callable[..., Registry]


@pytest.fixture
def open_registry(tmp_path: Path) -> Iterator[Opener]:
    """``open_registry(facts=…, deployment=…, now=…)``: the embedded facts, in a demonstration, made at NOW."""
    opened: list[Registry] = []

    def make(
        facts: Ingested | None = None,
        *,
        deployment: SnapshotKind = SnapshotKind.DEMO,
        kind: SnapshotKind = SnapshotKind.DEMO,
        now: datetime = NOW,
    ) -> Registry:
        home = tmp_path / f"registry-{len(opened)}"
        key = Keys(home)
        store = Store(home / "registry.db", key)
        publication = Publication(home, store)
        content = of_ingested(facts or embedded.load())
        publication.publish(content, iss=DID, seq=7, prev="", kind=kind, at=now, now=now)
        registry = Registry(
            home=home, did=DID, key=key, store=store, publication=publication, deployment=deployment
        )
        opened.append(registry)
        return registry

    yield make
    for registry in opened:
        registry.close()


def bind_mtu(registry: Registry) -> None:
    bindings.bind(
        registry.store,
        registry.snapshot,
        did=MTU.did,
        jwk=MTU.jwk,
        institution_id=MTU_ID,
        level=2,
        valid_from=date(2021, 1, 1),
        evidence="OPERATORS-NOTE",
        now=NOW,
        # As two operators would have agreed: a direct bind counts in a demonstration only.
        closes=Closed(proposal="agreed", by="second", at=NOW, approved=True, why="", findings=()),
    )


@pytest.fixture
def web_registry(open_registry: Opener) -> Registry:
    """The embedded facts in a demonstration; Munster TU's DID is bound from 2021 on."""
    registry = open_registry()
    bind_mtu(registry)
    return registry


@pytest.fixture
async def web(web_registry: Registry) -> AsyncIterator[httpx.AsyncClient]:
    async with client(web_registry) as opened:
        yield opened


def client(registry: Registry, *, now: datetime = NOW) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_app(registry, clock=lambda: now))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost:8300")

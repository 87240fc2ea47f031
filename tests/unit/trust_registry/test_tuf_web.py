"""The distribution over HTTP: what may be kept, what is asked for again, and which names there are."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from tests.unit.trust_registry.conftest import Opener
from tests.unit.trust_registry.samples import NOW
from tests.unit.trust_registry.tuf_host import Host, World, content
from trust_registry.api import create_app
from trust_registry.registry import Registry
from trust_registry.service import _listen

METADATA, TARGETS = "/v1/snapshots/metadata", "/v1/snapshots/targets"


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path, Host(0))
    made.publish("one")
    return made


@pytest.fixture
def app(world: World, open_registry: Opener) -> FastAPI:
    """The routes beside all others, with the problem documents of the real application."""
    registry: Registry = open_registry()
    registry.publication.repository = world.repository
    return create_app(registry, clock=lambda: NOW)


@pytest.fixture
async def web(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as opened:
        yield opened


async def test_the_timestamp_is_asked_for_again(web: httpx.AsyncClient, world: World) -> None:
    first = await web.get(f"{METADATA}/timestamp.json")
    assert first.status_code == 200
    assert first.headers["cache-control"] == "no-cache"
    etag = first.headers["etag"]
    assert etag == f'"{hashlib.sha256(first.content).hexdigest()}"'
    for asked in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = await web.get(f"{METADATA}/timestamp.json", headers={"if-none-match": asked})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == etag
    for asked in ('"other"', "", etag.strip('"')):
        again = await web.get(f"{METADATA}/timestamp.json", headers={"if-none-match": asked})
        assert again.status_code == 200
    world.publish("two", now=NOW.replace(hour=13))
    assert (await web.get(f"{METADATA}/timestamp.json", headers={"if-none-match": etag})).status_code == 200


async def test_names_with_a_version_or_a_hash_are_kept_for_ever(web: httpx.AsyncClient, world: World) -> None:
    version = int(NOW.timestamp())
    facts = world.repository.current()["facts.sqlite"]
    for path in (
        f"{METADATA}/1.root.json",
        f"{METADATA}/{version}.targets.json",
        f"{METADATA}/{version}.snapshot.json",
        f"{TARGETS}/{facts.path.name}",
    ):
        answer = await web.get(path)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        head = await web.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(answer.content))
        known = await web.get(path, headers={"if-none-match": answer.headers["etag"]})
        assert known.status_code == 304
    assert (await web.get(f"{TARGETS}/{facts.path.name}")).content == b"one" * 1000


@pytest.mark.parametrize("asked", ["bytes=2990-", "bytes=5000-", "nonsense"])
async def test_a_file_is_sent_whole_whatever_part_is_asked_for(
    web: httpx.AsyncClient, world: World, asked: str
) -> None:
    path = f"{TARGETS}/{world.repository.current()['facts.sqlite'].path.name}"
    whole = await web.get(path, headers={"range": asked})
    assert (whole.status_code, whole.content) == (200, b"one" * 1000)


@pytest.mark.parametrize(
    "path",
    [
        f"{METADATA}/2.root.json",
        f"{METADATA}/root.json",
        f"{METADATA}/01.root.json",
        f"{METADATA}/0.root.json",
        f"{METADATA}/1.root.json%0A",
        f"{METADATA}/..%2F..%2Fkey",
        f"{METADATA}/..%2Ftargets",
        f"{METADATA}/.lock",
        f"{METADATA}/1234567890123456.root.json",
        f"{TARGETS}/..%2F..%2F..%2Fkey",
        f"{TARGETS}/facts.sqlite",
        f"{TARGETS}/{'0' * 64}.facts.sqlite",
        f"{TARGETS}/{'0' * 64}.",
        f"{TARGETS}/%00",
        f"{TARGETS}/",
    ],
)
async def test_names_that_there_are_not(web: httpx.AsyncClient, path: str) -> None:
    answer = await web.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"


async def test_a_parameter_is_refused(web: httpx.AsyncClient) -> None:
    assert (await web.get(f"{METADATA}/timestamp.json", params={"a": "1"})).status_code == 400


async def test_nothing_published_is_not_found(open_registry: Opener, tmp_path: Path) -> None:
    registry = open_registry()
    registry.publication.repository = World(tmp_path, Host(0)).repository
    app = create_app(registry, clock=lambda: NOW)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as web:
        assert (await web.get(f"{METADATA}/timestamp.json")).status_code == 404


async def test_the_description_names_both_routes_once(web: httpx.AsyncClient) -> None:
    paths = (await web.get("/v1/openapi.json")).json()["paths"]
    assert set(paths[f"{METADATA}/{{name}}"]) == {"get"}
    assert "application/octet-stream" in paths[f"{TARGETS}/{{name}}"]["get"]["responses"]["200"]["content"]


@pytest.fixture
def running(app: FastAPI) -> Iterator[int]:
    """The real application on a real port; gives the port."""
    listener = _listen("127.0.0.1", 0)
    listener.listen()  # a client that is faster than the server waits instead of being refused
    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join()
    listener.close()


def test_our_client_and_our_server(world: World, running: int) -> None:
    world.host.url = f"http://localhost:{running}"
    copy = world.client(root_sha256=world.repository.root_sha256())
    assert copy.sync(now=NOW).changed
    assert content(copy) == "one"
    assert not copy.sync(now=NOW).changed
    world.publish("two", now=NOW.replace(hour=13))
    assert copy.sync(now=NOW.replace(hour=13)).changed
    assert content(copy) == "two"

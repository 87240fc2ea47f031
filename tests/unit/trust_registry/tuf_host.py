"""A registry's distribution on a real HTTP server, whose owner may be an attacker; and a process that is killed."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.unit.trust_registry.samples import NOW
from trust_registry import cli_keys
from trust_registry.errors import TrustRegistryError
from trust_registry.keyring import KeyRing
from trust_registry.local_copy import LocalCopy
from trust_registry.publishing import Repository, Target
from trust_registry.tuf_fetcher import Source

Attack = Callable[[BaseHTTPRequestHandler], None]


class Host:
    """Serves ``folder`` (a HOME/tuf); ``attacks`` answers for a file's name instead; ``asked`` is (name, status)."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://localhost:{port}"
        self.folder = Path()
        self.attacks: dict[str, Attack] = {}
        self.asked: list[tuple[str, int]] = []

    def statuses(self, name: str) -> list[int]:
        return [status for asked, status in self.asked if asked == name]

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        kind, _, name = request.path.removeprefix("/v1/snapshots/").partition("/")
        if name in self.attacks:
            self.asked.append((name, 0))
            self.attacks[name](request)
            return
        path = self.folder / kind / name
        data = path.read_bytes() if path.is_file() else None
        etag = f'"{hashlib.sha256(data or b"").hexdigest()}"'
        if data is None:
            status, body = 404, b"{}"
        elif request.headers.get("if-none-match") == etag:
            status, body = 304, b""
        else:
            status, body = 200, data
        self.asked.append((name, status))
        send(request, status, body, etag=etag)


def send(request: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    request.send_response(status)
    for name, value in headers.items():
        request.send_header(name, value)
    if status != 304:
        request.send_header("content-length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


@contextmanager
def serving() -> Iterator[Host]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            try:
                host.answer(self)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # the client has had enough

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    host = Host(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class World:
    """A registry that publishes files of a given content, the host that serves it, and clients of it."""

    def __init__(self, folder: Path, host: Host) -> None:
        self.folder, self.host = folder, host
        self.home = folder / "registry"
        self.repository = Repository(self.home)
        host.folder = self.home / "tuf"

    def publish(self, content: str, *, now: datetime = NOW, seq: int = 1) -> None:
        """Two files: ``facts.sqlite`` with this content, ``notes.txt`` that never changes."""
        facts, notes = self.folder / f"{content}.sqlite", self.folder / "notes"
        facts.write_bytes(content.encode() * 1000)
        notes.write_bytes(b"notes")
        self.repository.publish(
            [Target("facts.sqlite", facts, {"seq": seq, "kind": "demo"}), Target("notes.txt", notes, {})],
            now=now,
        )

    def client(self, name: str = "copy", *, root_sha256: str | None = None, **source: Any) -> LocalCopy:
        where = Source(**({"allow_loopback": True, "seconds": 20.0} | source))
        return LocalCopy(self.folder / name, self.host.url, root_sha256=root_sha256, source=where)

    def keep(self, name: str) -> Path:
        """What is published now, set aside: an attacker shows it again later by ``host.folder``."""
        return Path(shutil.copytree(self.home / "tuf", self.folder / name))


def content(copy: LocalCopy) -> str:
    """What the client's file says, once per thousand."""
    current = copy.current()
    assert current is not None
    data = current.files["facts.sqlite"].path.read_bytes()
    return data[: len(data) // 1000].decode()


def rotate(world: World, now: datetime) -> KeyRing:
    return cli_keys.rotate_online(world.home, limits=lambda _: {}, overlap=timedelta(0), now=now)


def refused(copy: LocalCopy, now: datetime) -> str:
    """The code of the refusal; what was there before is there still."""
    before = said(copy)
    with pytest.raises(TrustRegistryError) as error:
        copy.sync(now=now)
    assert said(copy) == before
    return error.value.code


def said(copy: LocalCopy) -> str | None:
    return content(copy) if copy.current() is not None else None


def stored(folder: Path, role: str) -> Path:
    (path,) = (folder / "metadata").glob(f"*{role}.json")
    return path


class Killed(BaseException):
    """The process is gone; no handler for exceptions sees it coming."""


@contextmanager
def killed_at(step: int, *, done: bool) -> Iterator[list[str]]:
    """Die at the n-th time a file gets its name, just before or just after. Yields the names so far."""
    seen: list[str] = []
    replace, link = os.replace, os.link

    def counted(act: Callable[..., None]) -> Callable[..., None]:
        def work(source: Any, target: Any, **options: Any) -> None:
            seen.append(Path(target).name)
            if len(seen) == step and not done:
                raise Killed
            act(source, target, **options)
            if len(seen) == step:
                raise Killed

        return work

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", counted(replace))
        patch.setattr(os, "link", counted(link))
        yield seen


def each_kill(work: Callable[[int, bool], Callable[[], object]]) -> Iterator[None]:
    """``work(step, done)`` makes a fresh state and gives the act; yields after each death, until one is survived."""
    for done in (False, True):
        step = 0
        while True:
            step += 1
            act = work(step, done)
            try:
                with killed_at(step, done=done):
                    act()
            except Killed:
                yield
                continue
            assert step > 1  # it wrote something
            break

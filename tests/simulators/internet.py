"""An internet in memory under the real `agent.net.fetch.SafeFetcher`: names, addresses, and what answers there.

Well-behaved hosts are ASGI applications; hostile ones are functions from a request to raw HTTP bytes. Only the
socket is replaced: address judgement, redirects, sizes and deadlines are the product's own.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import httpcore
import httpx

from agent.core.limits import LIMITS, Limits
from agent.net.fetch import SafeFetcher

type Place = tuple[str, int]
type Raw = Callable[[Asked], bytes | None]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as a host saw it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


def raw_answer(
    body: bytes, status: int = 200, content_type: str = "application/jose", **headers: str
) -> bytes:
    """HTTP/1.1 bytes; ``headers`` with underscores for hyphens, an empty value leaves the header out."""
    given = {
        "content-type": content_type,
        "connection": "close",
        "content-length": str(len(body)),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in given.items() if value)]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass
class Internet(httpcore.AsyncNetworkBackend):
    """``apps`` by (address, port); ``raw`` comes before them and may answer None to pass on; ``silent``
    accepts and never says anything; whatever is in none of them refuses the connection."""

    names: dict[str, list[str]] = field(default_factory=lambda: {"localhost": ["127.0.0.1"]})
    apps: dict[Place, Any] = field(default_factory=dict)
    raw: dict[Place, Raw] = field(default_factory=dict)
    silent: set[Place] = field(default_factory=set)
    asked: list[tuple[Place, Asked]] = field(default_factory=list)
    connected: list[Place] = field(default_factory=list)

    def fetcher(self, *, demo: bool = True, limits: Limits = LIMITS) -> SafeFetcher:
        return SafeFetcher(allow_loopback=demo, limits=limits, backend=self, resolve=self._resolve)

    async def _resolve(self, host: str, _port: int) -> list[str]:
        if host not in self.names:
            raise httpcore.ConnectError("not known")
        return self.names[host]

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.connected.append((host, port))
        if (host, port) not in {*self.apps, *self.raw, *self.silent}:
            raise httpcore.ConnectError("refused")
        return _Stream(self, (host, port))

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def answer(self, place: Place, asked: Asked) -> bytes:
        self.asked.append((place, asked))
        if place in self.silent:
            await asyncio.sleep(3600)
        hostile = self.raw[place](asked) if place in self.raw else None
        if hostile is not None:
            return hostile
        if place not in self.apps:
            raise httpcore.ReadError("closed")
        # In a task of its own: a host that dies in the middle closes the connection, and nothing else.
        call = asyncio.create_task(_call(self.apps[place], asked))
        try:
            await asyncio.wait({call})
        finally:
            if not call.done():
                call.cancel()
        if call.cancelled():
            raise httpcore.ReadError("reset")
        return call.result()


async def _call(app: Any, asked: Asked) -> bytes:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://internet.test") as http:
        answer = await http.request(asked.method, asked.target, headers=asked.headers, content=asked.body)
    return raw_answer(answer.content, answer.status_code, answer.headers.get("content-type", ""))


class _Stream(httpcore.AsyncNetworkStream):
    def __init__(self, internet: Internet, place: Place) -> None:
        self._internet, self._place = internet, place
        self._received = b""
        self._left: bytes | None = None

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._left is None:
            head, _, body = self._received.partition(b"\r\n\r\n")
            first, *lines = head.decode().split("\r\n")
            method, target, _version = first.split(" ")
            pairs = (line.partition(": ") for line in lines)
            headers = {name.lower(): value for name, _, value in pairs}
            self._left = await self._internet.answer(self._place, Asked(method, target, headers, body))
        size = min(max_bytes, 65536)
        chunk, self._left = self._left[:size], self._left[size:]
        return chunk

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._received += buffer

    async def aclose(self) -> None: ...

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        return self

    def get_extra_info(self, info: str) -> Any:
        return None

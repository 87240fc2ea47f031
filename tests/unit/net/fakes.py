"""A network in memory: names, addresses and what answers there."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable
from typing import Any

import httpcore

from agent.core.limits import Limits
from agent.net.fetch import SafeFetcher

type Answer = Callable[[str], bytes]


def answer(body: bytes, status: int = 200, content_type: str = "application/json", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"content-type: {content_type}", "connection: close"]
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    lines += [f"{name}: {value}" for name, value in ({"content-length": str(len(body))} | given).items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


class _Stream(httpcore.AsyncNetworkStream):
    def __init__(self, network: Network, address: str) -> None:
        self._network, self._address = network, address
        self._received = b""
        self._left: bytes | None = None

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._left is None:
            head = self._received.split(b"\r\n\r\n")[0].decode()
            self._network.requests.append((self._address, head, self._received.split(b"\r\n\r\n", 1)[1]))
            found = self._network.sites.get(self._address)
            if found is None:
                await asyncio.sleep(3600)  # a host that never answers
                return b""
            self._left = found(head.split(" ")[1])
        chunk, self._left = self._left[:1000], self._left[1000:]
        return chunk

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._received += buffer

    async def aclose(self) -> None: ...

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        self._network.tls_names.append(server_hostname)
        return self

    def get_extra_info(self, info: str) -> Any:
        return None


class Network(httpcore.AsyncNetworkBackend):
    """``names``: host → addresses, one list per question (the last one repeats). ``sites``: address → what
    it answers to a request target; an address without one accepts and stays silent."""

    def __init__(self) -> None:
        self.names: dict[str, list[list[str]]] = {}
        self.sites: dict[str, Answer] = {}
        self.refusing: set[str] = set()
        self.connected: list[tuple[str, int]] = []
        self.requests: list[tuple[str, str, bytes]] = []
        self.tls_names: list[str | None] = []

    def site(self, host: str, reply: bytes | Answer, address: str = "93.184.215.14") -> None:
        self.names[host] = [[address]]
        self.sites[address] = reply if callable(reply) else lambda _target: reply

    async def resolve(self, host: str, _port: int) -> list[str]:
        questions = self.names.get(host)
        if questions is None:
            raise httpcore.ConnectError("not known")
        return questions.pop(0) if len(questions) > 1 else questions[0]

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.connected.append((host, port))
        if host in self.refusing:
            raise httpcore.ConnectError("refused")
        return _Stream(self, host)

    def fetcher(self, *, allow_loopback: bool = False, limits: Limits | None = None) -> SafeFetcher:
        return SafeFetcher(
            allow_loopback=allow_loopback, limits=limits or Limits(), backend=self, resolve=self.resolve
        )

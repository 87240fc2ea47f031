"""Fetch a small document from a host that may be hostile.

The name is resolved here and the connection goes to an address that was judged here, so a name cannot point
somewhere else a moment later (DNS rebinding); public addresses only, except loopback by http for a
demonstration; https otherwise; a redirect is an error; the body is counted while it arrives and never
decompressed; one deadline spans all of it. The same rules as the wallet's fetcher, which this package cannot
import (pyproject.toml, import contracts).
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import override
from urllib.parse import urlsplit

import httpcore

MAX_BYTES = 64 * 1024
SECONDS = 10.0
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
_MAX_ADDRESSES = 4
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))

type Resolve = Callable[[str, int], Awaitable[list[str]]]


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer of any status but a redirect."""

    status: int
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unfetched:
    """No answer to judge. ``answered``: the host did answer, with what is not taken (so asking again is vain)."""

    code: str
    detail: str
    answered: bool


type Fetch = Callable[[str], Fetched | Unfetched]


def fetcher(
    *, allow_loopback: bool, resolve: Resolve | None = None, trust: ssl.SSLContext | None = None
) -> Fetch:
    """A function that gets one address within the limits above; it raises nothing for what a host does."""
    return lambda url: asyncio.run(_get(url, allow_loopback, resolve or _resolve, trust))


async def _get(
    url: str, allow_loopback: bool, resolve: Resolve, trust: ssl.SSLContext | None
) -> Fetched | Unfetched:
    host = urlsplit(url).hostname or ""
    if not url.startswith("https://") and not (allow_loopback and host in LOOPBACK_HOSTS):
        return Unfetched("not_https", f"{host} is not addressed by https.", answered=True)
    backend = _Judging(resolve, allow_loopback=allow_loopback)
    try:
        async with (
            asyncio.timeout(SECONDS),
            httpcore.AsyncConnectionPool(
                ssl_context=trust or ssl.create_default_context(), network_backend=backend
            ) as pool,
        ):
            return await _exchange(pool, url, host)
    except _Refused:
        return Unfetched(
            "private_address", f"{host} is not an address of the public internet.", answered=True
        )
    except (TimeoutError, httpcore.TimeoutException):
        return Unfetched("timeout", f"{host} did not answer in {SECONDS:.0f} s.", answered=False)
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError):
        return Unfetched("unreachable", f"{host} cannot be reached, or not safely.", answered=False)


async def _exchange(pool: httpcore.AsyncConnectionPool, url: str, host: str) -> Fetched | Unfetched:
    headers = [
        ("accept", "application/json"),
        ("accept-encoding", "identity"),
        ("user-agent", "cairn-registry"),
    ]
    async with pool.stream("GET", url, headers=headers) as response:
        if 300 <= response.status < 400:
            return Unfetched("redirect", f"{host} redirects, which is not followed.", answered=True)
        sent = {name.lower(): value.strip().lower() for name, value in response.headers}
        if sent.get(b"content-encoding", b"identity") not in {b"identity", b""}:
            return Unfetched("encoded", f"{host} sent a compressed answer.", answered=True)
        content = bytearray()
        async for chunk in response.aiter_stream():
            content += chunk
            if len(content) > MAX_BYTES:
                return Unfetched("too_large", f"{host} sent more than {MAX_BYTES} bytes.", answered=True)
        return Fetched(response.status, bytes(content))


class _Refused(Exception):  # noqa: N818 - never leaves this module
    pass


class _Judging(httpcore.AsyncNetworkBackend):
    """Resolves, judges, and connects to what it judged. TLS still checks the certificate for the name."""

    def __init__(self, resolve: Resolve, *, allow_loopback: bool) -> None:
        self._inner = httpcore.AnyIOBackend()
        self._resolve = resolve
        self._allow_loopback = allow_loopback

    @override
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        # Only the names of loopback may lead to loopback, and they lead nowhere else.
        local = self._allow_loopback and host in LOOPBACK_HOSTS
        judge = is_loopback if local else is_public
        addresses = [address for address in await self._resolve(host, port) if judge(address)]
        if not addresses:
            raise _Refused
        for address in addresses[: _MAX_ADDRESSES - 1]:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._inner.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)

    @override
    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def is_public(address: str) -> bool:
    """An IPv6 address that carries an IPv4 one (mapped, 6to4, Teredo, NAT64) must carry a public one."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return found.is_global and not found.is_multicast and all(inner.is_global for inner in _carried(found))


def _carried(address: IPv4Address | IPv6Address) -> list[IPv4Address]:
    if isinstance(address, IPv4Address):
        return []
    found = [inner for inner in (address.ipv4_mapped, address.sixtofour) if inner is not None]
    found += list(address.teredo or ())
    if any(address in network for network in _NAT64):
        found.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return found


async def _resolve(host: str, port: int) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(host) from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))

"""Connect only to addresses that were judged: httpcore's network, with the judgement after the resolution.

A name is resolved here and the connection goes to an address that was judged here, so a name cannot point
somewhere else a moment later (DNS rebinding). Used by both fetchers of strangers' documents.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable
from typing import override

import httpcore

from trust_registry.addresses import LOOPBACK_HOSTS, is_loopback, is_public

_MAX_ADDRESSES = 4

type Resolve = Callable[[str, int], Awaitable[list[str]]]


class JudgingBackend(httpcore.AsyncNetworkBackend):
    """Resolves, judges, and connects to what it judged. TLS still checks the certificate for the name.

    ``refusal`` makes the error for a host without an address that may be connected to.
    """

    def __init__(
        self,
        inner: httpcore.AsyncNetworkBackend,
        resolve: Resolve,
        *,
        allow_loopback: bool,
        refusal: Callable[[str], Exception],
    ) -> None:
        self._inner = inner
        self._resolve = resolve
        self._allow_loopback = allow_loopback
        self._refusal = refusal

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
            raise self._refusal(host)
        failure: Exception | None = None
        for address in addresses[:_MAX_ADDRESSES]:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise httpcore.ConnectError(str(failure))

    @override
    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def resolve_name(host: str, port: int) -> list[str]:
    """Addresses of ``host`` in the resolver's order, without duplicates."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"{host} is not known") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))

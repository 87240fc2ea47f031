"""Fetch a small document from a host that may be hostile.

The name is resolved here and the connection goes to an address that was judged here, so a name cannot point
somewhere else a moment later (DNS rebinding); public addresses only, except loopback by http for a
demonstration; https otherwise; a redirect is an error; the body is counted while it arrives and never
decompressed; one deadline spans all of it. The judging is `trust_registry.connecting`, as for the wallet's fetcher.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpcore

from trust_registry.addresses import LOOPBACK_HOSTS
from trust_registry.connecting import JudgingBackend, Resolve, resolve_name

MAX_BYTES = 64 * 1024
SECONDS = 10.0


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
    return lambda url: asyncio.run(_get(url, allow_loopback, resolve or resolve_name, trust))


async def _get(
    url: str, allow_loopback: bool, resolve: Resolve, trust: ssl.SSLContext | None
) -> Fetched | Unfetched:
    host = urlsplit(url).hostname or ""
    if not url.startswith("https://") and not (allow_loopback and host in LOOPBACK_HOSTS):
        return Unfetched("not_https", f"{host} is not addressed by https.", answered=True)
    backend = JudgingBackend(
        httpcore.AnyIOBackend(), resolve, allow_loopback=allow_loopback, refusal=_RefusedError
    )
    try:
        async with (
            asyncio.timeout(SECONDS),
            httpcore.AsyncConnectionPool(
                ssl_context=trust or ssl.create_default_context(), network_backend=backend
            ) as pool,
        ):
            return await _exchange(pool, url, host)
    except _RefusedError:
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


class _RefusedError(Exception):
    """Never leaves this module."""

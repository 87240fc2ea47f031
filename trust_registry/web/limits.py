"""How much one caller may ask: sizes and pages in one dataclass, and a token bucket per client address.

The bucket is in memory and of this process. Addresses of one IPv6 /64 share a bucket, since one host may use
all of them. Loopback is not exempt, because every agent of a demonstration and every local proxy calls from
there; its bucket is larger.
"""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from trust_registry.errors import QueryError
from trust_registry.search import SearchLimits
from trust_registry.signed_answers import MAX_NONCE_CHARS
from trust_registry.standing import MOST_REPORTS
from trust_registry.web.problems import problem


@dataclass(frozen=True, slots=True)
class Limits(SearchLimits):
    """``*_rate`` is questions per second in the long run, ``*_burst`` how many may come at once."""

    rate: float = 10.0
    burst: int = 60
    loopback_rate: float = 500.0
    loopback_burst: int = 2000
    clients: int = 20_000
    query_string_bytes: int = 4096
    page_size: int = 20
    body_bytes: int = 16 * 1024
    nonce_chars: int = MAX_NONCE_CHARS
    trqp_chars: int = 600
    reports: int = MOST_REPORTS

    def at_rate(self, rate: float, loopback_rate: float) -> Limits:
        """Other rates, with as many seconds' worth of questions at once as before."""
        return replace(
            self,
            rate=rate,
            burst=ceil(rate * self.burst / self.rate),
            loopback_rate=loopback_rate,
            loopback_burst=ceil(loopback_rate * self.loopback_burst / self.loopback_rate),
        )

    def shared_by(self, workers: int) -> Limits:
        """Each of several processes allows its part of the rate: a caller's connections spread over them."""
        return replace(
            self,
            rate=self.rate / workers,
            burst=max(1, self.burst // workers),
            loopback_rate=self.loopback_rate / workers,
            loopback_burst=max(1, self.loopback_burst // workers),
        )


LIMITS = Limits()


def whole_number(text: str | None, name: str, *, default: int, least: int, most: int) -> int:
    """A decimal number within its bounds; `QueryError` otherwise, never the nearest one that would do."""
    if text is None:
        return default
    # isdecimal() alone would take digits of other scripts.
    if not (text.isascii() and text.isdecimal()) or len(text) > 9 or not least <= int(text) <= most:
        raise QueryError(
            "bad_parameter", f"The parameter {name} is not a whole number from {least} to {most}."
        )
    return int(text)


class TokenBuckets:
    """One bucket per key; the least recently used is forgotten when there are too many. Not thread-safe:
    the middleware asks on the event loop only."""

    def __init__(self, *, clients: int) -> None:
        self._clients = clients
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str, *, rate: float, burst: int, now: float) -> float:
        """0.0 when the question may be asked, else the seconds until one may."""
        tokens, at = self._left.pop(key, (float(burst), now))
        tokens = min(float(burst), tokens + max(0.0, now - at) * rate)
        wait = 0.0 if tokens >= 1 else (1 - tokens) / rate
        self._left[key] = (tokens - 1 if wait == 0.0 else tokens, now)
        while len(self._left) > self._clients:
            self._left.popitem(last=False)
        return wait

    def __len__(self) -> int:
        return len(self._left)


def client_key(host: str | None) -> tuple[str, bool]:
    """(whose bucket, whether it is loopback); an address that is none (a test, a socket file) is a stranger."""
    try:
        address = ipaddress.ip_address(host or "")
    except ValueError:
        return "?", False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.version == 6 and not address.is_loopback:
        return str(ipaddress.ip_network((int(address), 64), strict=False)), False
    return str(address), address.is_loopback


class RateLimit:
    """ASGI middleware: 429 with Retry-After, 414 for a query string that is too long."""

    def __init__(
        self, app: ASGIApp, *, limits: Limits = LIMITS, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._app, self._limits, self._monotonic = app, limits, monotonic
        self._buckets = TokenBuckets(clients=limits.clients)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            refusal = self._refusal(scope)
            if refusal is not None:
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        limits = self._limits
        key, loopback = client_key(scope["client"][0] if scope.get("client") else None)
        wait = self._buckets.take(
            key,
            rate=limits.loopback_rate if loopback else limits.rate,
            burst=limits.loopback_burst if loopback else limits.burst,
            now=self._monotonic(),
        )
        if wait:
            seconds = ceil(wait)
            return problem(
                429,
                "too_many_requests",
                "Too many questions from this address.",
                f"Try again in {seconds} s.",
                {"retry-after": str(seconds)},
            )
        if len(scope.get("query_string", b"")) > limits.query_string_bytes:
            return problem(414, "too_large", "The query string is too long.")
        return None

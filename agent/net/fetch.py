"""Fetch from a host that may be hostile.

Invariants, each with a test: the name is resolved here and the connection goes to an address that was judged
here, so a name cannot point somewhere else a moment later (DNS rebinding); no address but those of the public
internet, except loopback by http for a demonstration; https otherwise; a redirect is an error; the body is
counted while it arrives and never decompressed; one deadline spans all of it; no proxy, no cookie, no
credentials.

Built on httpcore, the engine under httpx: it has exactly one place where a name becomes a connection, and
none of the conveniences that would have to be switched off.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from dataclasses import dataclass, field
from typing import Any

import httpcore
import httpx

from agent.core.limits import LIMITS, Limits, parse_json
from agent.errors import InputError, UnreachableError, UntrustedError
from trust_registry.addresses import LOOPBACK_HOSTS
from trust_registry.connecting import JudgingBackend, Resolve, resolve_name

_MAX_URL_CHARS = 2048
_USER_AGENT = b"cairn"


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer as it came: any status but a redirect. ``content_type`` is lower case, without parameters."""

    status: int
    content: bytes = field(repr=False)
    content_type: str = ""

    def json(self) -> Any:
        """The content parsed within the limits of `parse_json`."""
        return parse_json(self.content, max_bytes=len(self.content), what="answer")


class SafeFetcher:
    """``allow_loopback``: also http://localhost, 127.0.0.1 and [::1] (the demo universe).

    ``backend`` opens the connections and is handed addresses only, ``resolve`` gives the addresses of a host
    and port; tests replace them.
    """

    def __init__(
        self,
        *,
        allow_loopback: bool = False,
        limits: Limits = LIMITS,
        backend: httpcore.AsyncNetworkBackend | None = None,
        resolve: Resolve | None = None,
    ) -> None:
        self._allow_loopback = allow_loopback
        self._limits = limits
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=20,
            keepalive_expiry=5.0,
            network_backend=JudgingBackend(
                backend or httpcore.AnyIOBackend(),
                resolve or resolve_name,
                allow_loopback=allow_loopback,
                refusal=_private,
            ),
        )

    async def aclose(self) -> None:
        await self._pool.aclose()

    async def get(
        self, url: str, *, max_bytes: int, accept: str = "*/*", seconds: float | None = None
    ) -> Fetched:
        """Fetch ``url``. ``seconds`` (default: the limits') span resolution to the last byte.

        Raises `InputError` bad_url or too_large; `UntrustedError` not_https, private_address, redirect or
        encoded; `UnreachableError` unreachable or timeout. Other statuses are the caller's to judge.
        """
        headers = [(b"accept", accept.encode("ascii"))]
        return await self._fetch("GET", url, None, headers, max_bytes=max_bytes, seconds=seconds)

    async def post_json(
        self,
        url: str,
        obj: Any,
        *,
        max_bytes: int,
        accept: str = "application/json",
        seconds: float | None = None,
    ) -> Fetched:
        """POST ``obj`` as JSON; errors as `get`."""
        body = json.dumps(obj).encode()
        headers = [
            (b"accept", accept.encode("ascii")),
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
        return await self._fetch("POST", url, body, headers, max_bytes=max_bytes, seconds=seconds)

    async def _fetch(
        self,
        method: str,
        url: str,
        body: bytes | None,
        headers: list[tuple[bytes, bytes]],
        *,
        max_bytes: int,
        seconds: float | None,
    ) -> Fetched:
        target = self._checked(url)
        host = target.host
        request = httpcore.Request(
            method,
            httpcore.URL(
                scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path
            ),
            headers=[
                (b"host", target.netloc),
                (b"user-agent", _USER_AGENT),
                (b"accept-encoding", b"identity"),
                *headers,
            ],
            content=body,
        )
        try:
            async with asyncio.timeout(self._limits.fetch_seconds if seconds is None else seconds):
                return await self._exchange(request, host, max_bytes)
        except (TimeoutError, httpcore.TimeoutException) as error:
            raise UnreachableError(
                "timeout", f"{host} did not answer in time.", "Try again later."
            ) from error
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            if isinstance(error.__cause__, ssl.SSLCertVerificationError):
                raise UntrustedError(
                    "bad_certificate", f"The certificate of {host} does not prove that it is {host}."
                ) from error
            raise UnreachableError(
                "unreachable", f"{host} cannot be reached.", "Try again later, or check the address."
            ) from error

    async def _exchange(self, request: httpcore.Request, host: str, max_bytes: int) -> Fetched:
        response = await self._pool.handle_async_request(request)
        try:
            headers = {name.lower(): value for name, value in response.headers}
            if 300 <= response.status < 400:
                raise UntrustedError(
                    "redirect", f"{host} redirects to another address, which is not followed."
                )
            if headers.get(b"content-encoding", b"identity").strip().lower() not in (b"identity", b""):
                raise UntrustedError("encoded", f"{host} sent a compressed answer that was not asked for.")
            length = headers.get(b"content-length", b"0")
            if not length.isdigit() or int(length) > max_bytes:
                raise _too_large(host, max_bytes)
            content = bytearray()
            async for chunk in response.aiter_stream():
                content += chunk
                if len(content) > max_bytes:
                    raise _too_large(host, max_bytes)
        finally:
            await response.aclose()
        kind = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
        return Fetched(response.status, bytes(content), kind[:100].decode("latin-1"))

    def _checked(self, url: str) -> httpx.URL:
        try:
            target = httpx.URL(url) if len(url) <= _MAX_URL_CHARS else None
            host = "" if target is None else target.host
        except (httpx.InvalidURL, TypeError, UnicodeError):  # UnicodeError: a name that IDNA cannot decode
            target, host = None, ""
        if target is None or not host or target.userinfo:
            raise InputError("bad_url", "The address cannot be used.")
        if target.scheme == "https":
            return target
        if target.scheme != "http" or target.host not in LOOPBACK_HOSTS:
            raise UntrustedError("not_https", f"{target.host} is not addressed by https.")
        if not self._allow_loopback:
            raise _private(target.host)
        return target


def _private(host: str) -> UntrustedError:
    return UntrustedError(
        "private_address", f"{host} is an address inside a private network, which is not opened."
    )


def _too_large(host: str, max_bytes: int) -> InputError:
    return InputError("too_large", f"The answer of {host} has more than {max_bytes} bytes.")

"""Loopback client of the plugin's own agent service.

::

    PUT {url}/objects/{id}    compact JWS of a SCHEMA, CREDDEF or REVREG     → 2xx
    PUT {url}/revlists/{id}   compact JWS of a REVLIST                        → 2xx | 409 {"newest": seconds}
    GET {url}/objects/{id}    → 200 compact JWS, verified by the service
    GET {url}/revlists/{id}?at=seconds   → 200 compact JWS, verified by the service
    GET {url}/did/{did}       → 200 DID document

Failures of the service are problem documents (RFC 7807) with a ``code``.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import quote

import aiohttp
from yarl import URL

ANSWER_BYTES = 3 * 1024 * 1024
_SECONDS = 25.0  # more than the service's own deadline for a foreign host
_MAX_DETAIL = 300


class ServiceError(Exception):
    """The service's refusal: ``status`` is its HTTP status (0: no answer), ``code`` its word for it."""

    def __init__(self, status: int, code: str, detail: str, body: dict[str, Any] | None = None) -> None:
        super().__init__(f"{code}: {detail}"[:_MAX_DETAIL])
        self.status = status
        self.code = code
        self.body = body or {}


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    url: str
    token: str = field(repr=False)

    @classmethod
    def from_environment(cls) -> Self:
        """``CAIRN_PLUGIN_URL`` and ``CAIRN_PLUGIN_TOKEN``; `ValueError` when either is missing."""
        url, token = os.environ.get("CAIRN_PLUGIN_URL", ""), os.environ.get("CAIRN_PLUGIN_TOKEN", "")
        if not url or not token:
            raise ValueError("CAIRN_PLUGIN_URL and CAIRN_PLUGIN_TOKEN must be set")
        return cls(url.rstrip("/"), token)


class Service:
    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None

    async def put(self, kind: str, identifier: str, body: str) -> None:
        await self._call("PUT", kind, identifier, body=body.encode("ascii"))

    async def get(self, kind: str, identifier: str, **params: str) -> bytes:
        return await self._call("GET", kind, identifier, params=params)

    async def _call(
        self,
        method: str,
        kind: str,
        identifier: str,
        *,
        body: bytes | None = None,
        params: dict[str, str] | None = None,
    ) -> bytes:
        url = f"{self._settings.url}/{kind}/{quote(identifier, safe='')}"
        try:
            async with self._open().request(
                method, _exact(url), data=body, params=params or None, allow_redirects=False
            ) as answer:
                data = await answer.content.read(ANSWER_BYTES + 1)
                while len(data) <= ANSWER_BYTES and (more := await answer.content.read(ANSWER_BYTES)):
                    data += more
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ServiceError(0, "service_unreachable", "The agent service does not answer.") from error
        if len(data) > ANSWER_BYTES:
            raise ServiceError(status, "too_large", "The agent service's answer is too large.")
        if not 200 <= status < 300:
            raise _refusal(status, data)
        return data

    def _open(self) -> aiohttp.ClientSession:
        # Made late, because it belongs to the running event loop. Loopback: no proxy.
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                headers={"authorization": f"Bearer {self._settings.token}"},
                timeout=aiohttp.ClientTimeout(total=_SECONDS),
                trust_env=False,
            )
        return self._session


def _exact(url: str) -> URL:
    """The URL as quoted here: yarl would otherwise write some of the escapes in identifiers anew."""
    return URL(url, encoded=True)


def _refusal(status: int, data: bytes) -> ServiceError:
    try:
        body = json.loads(data)
    except ValueError:
        body = {}
    if not isinstance(body, dict):
        body = {}
    return ServiceError(
        status, str(body.get("code", f"http_{status}")), str(body.get("detail", "No detail.")), body
    )

"""Verifying without a running agent: for who has a file and no wallet, or one that is stopped.

What an agent's home knows of the trust registry is used when there is a home; without one nothing is known of the
issuer's quality, and that is said. Keys and status lists are fetched under the same rules as an agent's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

from agent.core.limits import LIMITS
from agent.errors import UnreachableError
from agent.formats.envelope import Means
from agent.formats.gathering import Lookups
from agent.formats.lists import StatusLists
from agent.net.did_web import DidResolver
from agent.net.fetch import SafeFetcher
from agent.net.objects import ObjectResolver
from agent.services import clock, trust
from agent.settings import Settings
from agent.vc.limits import VC_LIMITS
from trust_registry.asking import Answered
from trust_registry.errors import TrustRegistryError
from trust_registry.models import Query


class NoRegistry:
    """Stands where the asker would: nobody can be asked."""

    async def ask(self, _query: Query) -> Answered:
        raise TrustRegistryError("no_registry", "No trust registry is known here.")


class Standalone:
    """A `agent.services.documents.Verifier`. Use as an async context manager.

    ``settings`` and ``home`` are those of an agent, if there is one; its copy of the registry's list is read.
    """

    def __init__(self, settings: Settings | None = None, home: Path | None = None) -> None:
        self.trust_memory = trust.Memory()
        self.asker: trust.Asks = NoRegistry()
        self._fetcher = SafeFetcher(allow_loopback=settings is not None and settings.demo)
        self._dids = DidResolver(self._fetcher)
        mirror = None
        self._http = None
        if settings is not None and home is not None:
            # Late: they take half a second, which a file alone does not need.
            import httpx

            from trust_registry.asking import Asker
            from trust_registry.client import RegistryClient
            from trust_registry.local_copy import LocalCopy
            from trust_registry.tuf_fetcher import Source

            self._http = httpx.AsyncClient(timeout=LIMITS.fetch_seconds, follow_redirects=False)
            mirror = RegistryClient(settings.registry_url, self._http)
            copy = LocalCopy(
                home / "registry-copy",
                settings.registry_url,
                root_sha256=settings.registry_root or None,
                source=Source(allow_loopback=settings.demo),
            )
            self.asker = Asker(mirror, copy, demo=settings.demo, clock=clock.now)
        self._objects = ObjectResolver(self._fetcher, self._dids, mirror)

    def new_means(self) -> Means:
        lookups = Lookups(self._fetcher, self._dids)
        return Means(self._objects, StatusLists(self._objects), lookups, clock.now())

    async def fetch(self, url: str) -> bytes:
        """What stands at an address, under the fetcher's rules. Raises its errors, and `UnreachableError`."""
        answer = await self._fetcher.get(url, max_bytes=VC_LIMITS.image_bytes)
        if answer.status != 200:
            raise UnreachableError("unreachable", f"The address answered with HTTP status {answer.status}.")
        return answer.content

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._fetcher.aclose()
        if self._http is not None:
            await self._http.aclose()

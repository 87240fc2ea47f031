"""Verifying without a running agent: for who has a file and no wallet, or one that is stopped.

What an agent's home knows of the trust registry is used when there is a home; without one nothing is known of the
issuer's quality, and that is said. Keys and status lists are fetched under the same rules as an agent's. All of that
is loaded when it is first needed: most of the time of a command goes into loading.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from agent.errors import InputError, UnreachableError, UntrustedError
from agent.formats.envelope import Means
from agent.formats.gathering import Lookups
from agent.services import clock, trust
from agent.vc.limits import VC_LIMITS
from trust_registry.answered import Answered
from trust_registry.errors import TrustRegistryError
from trust_registry.models import Query

if TYPE_CHECKING:
    from agent.net.did_web import DidResolver, ResolvedDid
    from agent.net.fetch import Fetched, SafeFetcher
    from agent.net.objects import ObjectResolver
    from agent.settings import Settings
    from trust_registry.client import RegistryClient


_SAVE_IT = "Save the file with a browser, and verify that."


class NoRegistry:
    """Stands where the asker would: nobody can be asked."""

    async def ask(self, _query: Query) -> Answered:
        raise TrustRegistryError(trust.NO_REGISTRY, "No trust registry is known here.")


class Network:
    """Fetcher, resolvers and registry, each made at its first use."""

    def __init__(self, settings: Settings | None) -> None:
        self._settings = settings

    @cached_property
    def fetcher(self) -> SafeFetcher:
        from agent.net.fetch import SafeFetcher

        return SafeFetcher(allow_loopback=self._settings is not None and self._settings.demo)

    @cached_property
    def dids(self) -> DidResolver:
        from agent.net.did_web import DidResolver

        return DidResolver(self.fetcher)

    @cached_property
    def registry(self) -> RegistryClient | None:
        if self._settings is None:
            return None
        import httpx

        from agent.core.limits import LIMITS
        from trust_registry.client import RegistryClient

        http = httpx.AsyncClient(timeout=LIMITS.fetch_seconds, follow_redirects=False)
        return RegistryClient(self._settings.registry_url, http)

    @cached_property
    def objects(self) -> ObjectResolver:
        from agent.net.objects import ObjectResolver

        return ObjectResolver(self.fetcher, self.dids, self.registry)

    async def get(self, url: str, *, max_bytes: int, accept: str = "*/*") -> Fetched:
        return await self.fetcher.get(url, max_bytes=max_bytes, accept=accept)

    async def resolve(self, did: str) -> ResolvedDid:
        return await self.dids.resolve(did)

    async def close(self) -> None:
        if "fetcher" in self.__dict__:
            await self.fetcher.aclose()


class Standalone:
    """A `agent.services.documents.Verifier`. Use as an async context manager.

    ``settings`` and ``home`` are those of an agent, if there is one; its copy of the registry's list is read.
    """

    def __init__(self, settings: Settings | None = None, home: Path | None = None) -> None:
        self.trust_memory = trust.Memory()
        self._network = Network(settings)
        self._settings, self._home = settings, home

    @cached_property
    def asker(self) -> trust.Asks:
        registry = self._network.registry
        if registry is None or self._settings is None or self._home is None:
            return NoRegistry()
        from trust_registry.asking import Asker
        from trust_registry.local_copy import LocalCopy
        from trust_registry.tuf_fetcher import Source

        copy = LocalCopy(
            self._home / "registry-copy",
            self._settings.registry_url,
            root_sha256=self._settings.registry_root or None,
            source=Source(allow_loopback=self._settings.demo),
        )
        return Asker(registry, copy, demo=self._settings.demo, clock=clock.now)

    def new_means(self) -> Means:
        return Means(self._network, Lookups(self._network, self._network), clock.now())

    async def fetch(self, url: str) -> bytes:
        """What stands at an address, under the fetcher's rules. Raises `InputError` for an address that is not opened
        (nothing was read, so nothing has failed), and `UnreachableError`."""
        try:
            answer = await self._network.get(url, max_bytes=VC_LIMITS.image_bytes)
        except (InputError, UntrustedError) as error:
            raise InputError(error.code, error.detail, error.hint or _SAVE_IT) from error
        if answer.status != 200:
            detail = f"The address answered with HTTP status {answer.status}."
            raise UnreachableError("unreachable", detail, "Try again later, or check the address.")
        return answer.content

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._network.close()

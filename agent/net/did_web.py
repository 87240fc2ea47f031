"""did:web documents and the keys in them."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agent.core.limits import LIMITS, Limits, parse_json
from agent.errors import InputError, NotFoundError, UnreachableError, UntrustedError
from agent.net.fetch import SafeFetcher
from trust_registry import keys
from trust_registry.errors import KeyFormatError
from trust_registry.keys import Jwk

TTL_SECONDS = 60.0
_CACHED = 512


@dataclass(frozen=True, slots=True)
class ResolvedDid:
    """``keys``: Ed25519 keys the DID may assert with, by absolute key id."""

    did: str
    document: dict[str, Any]
    keys: dict[str, Jwk]


class DidResolver:
    """Remembers a document for ``ttl`` seconds of ``clock``; failures are not remembered."""

    def __init__(
        self,
        fetcher: SafeFetcher,
        *,
        ttl: float = TTL_SECONDS,
        limits: Limits = LIMITS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetcher = fetcher
        self._ttl = ttl
        self._limits = limits
        self._clock = clock
        self._cache: OrderedDict[str, tuple[float, ResolvedDid]] = OrderedDict()

    async def resolve(self, did: str) -> ResolvedDid:
        """The current document.

        Raises what `SafeFetcher.get` raises, and `InputError` bad_did, `NotFoundError` no_did_document,
        `UntrustedError` bad_did_document (it is another DID's, or malformed).
        """
        known = self._cache.get(did)
        if known is not None and self._clock() - known[0] < self._ttl:
            return known[1]
        try:
            url = keys.did_web_url(did)
        except KeyFormatError as error:
            raise InputError("bad_did", error.detail) from error
        answer = await self._fetcher.get(
            url.document,
            max_bytes=self._limits.did_document_bytes,
            accept="application/did+json, application/json",
        )
        if answer.status in (404, 410):
            raise NotFoundError("no_did_document", f"{url.host} publishes no document for {did}.")
        if answer.status != 200:
            raise UnreachableError("unreachable", f"{url.host} answered with status {answer.status}.")
        resolved = read_document(did, answer.content, limits=self._limits)
        self._cache[did] = (self._clock(), resolved)
        self._cache.move_to_end(did)
        if len(self._cache) > _CACHED:
            self._cache.popitem(last=False)
        return resolved

    def forget(self, did: str) -> None:
        """Fetch the document anew next time."""
        self._cache.pop(did, None)


def read_document(did: str, data: bytes, *, limits: Limits = LIMITS) -> ResolvedDid:
    """A DID document from bytes; raises `InputError` as `parse_json`, `UntrustedError` bad_did_document."""
    document = parse_json(data, max_bytes=limits.did_document_bytes, what="DID document")
    try:
        found = keys.keys_from_did_document(document, did)
    except KeyFormatError as error:
        raise UntrustedError("bad_did_document", error.detail) from error
    return ResolvedDid(did, document, found)

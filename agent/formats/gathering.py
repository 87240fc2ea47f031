"""The facts that a signed document's verification rests on, fetched within limits: keys of DIDs, status lists.

Failures are facts of their own: what could not be had is *unknown* with the fetcher's reason; a DID document that
came and does not hold is a *fail*.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from agent.core.verdict import Result
from agent.errors import CairnError, UntrustedError
from agent.vc import dids
from agent.vc.facts import Facts, Fetched, Keys
from agent.vc.limits import VC_LIMITS

if TYPE_CHECKING:
    from agent.formats.lists import StatusLists
    from agent.net.did_web import ResolvedDid
    from agent.net.fetch import Fetched as Answer
    from agent.net.objects import ObjectResolver

ACCEPT = "application/vc, application/vc+ld+json, application/vc+jwt, application/json"
AT_ONCE = 8


class Fetches(Protocol):
    """`agent.net.fetch.SafeFetcher`, or what makes one when it is needed."""

    async def get(self, url: str, *, max_bytes: int, accept: str = ...) -> Answer: ...


class Resolves(Protocol):
    """`agent.net.did_web.DidResolver`, or what makes one when it is needed."""

    async def resolve(self, did: str) -> ResolvedDid: ...


class Lookups:
    """One round of checks: each DID and each address is asked once, however many credentials need it."""

    def __init__(self, fetcher: Fetches, resolver: Resolves) -> None:
        self._fetcher = fetcher
        self._resolver = resolver
        self._keys: dict[str, asyncio.Task[Keys]] = {}
        self._documents: dict[str, asyncio.Task[Fetched]] = {}
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._lists: StatusLists | None = None

    def lists(self, objects: ObjectResolver) -> StatusLists:
        """AnonCreds lists of this round."""
        if self._lists is None:
            from agent.formats.lists import StatusLists

            self._lists = StatusLists(objects)
        return self._lists

    async def gather(self, now: datetime, *, dids: Iterable[str], urls: Iterable[str]) -> Facts:
        """Everything at once; what hangs ends at the fetcher's own deadline. Never raises for what is missing."""
        keys, documents = await asyncio.gather(
            asyncio.gather(*(self.keys(did) for did in dict.fromkeys(dids))),
            asyncio.gather(*(self.document(url) for url in dict.fromkeys(urls))),
        )
        return Facts(
            now=now,
            keys={each.did: each for each in keys},
            documents={each.url: each for each in documents},
        )

    async def keys(self, did: str) -> Keys:
        if did not in self._keys:
            self._keys[did] = asyncio.create_task(self._find(did))
        return await asyncio.shield(self._keys[did])

    async def document(self, url: str) -> Fetched:
        if url not in self._documents:
            self._documents[url] = asyncio.create_task(self._fetch(url))
        return await asyncio.shield(self._documents[url])

    async def _find(self, did: str) -> Keys:
        """did:key and did:jwk hold their key themselves; did:web is asked for; no other method is known here."""
        try:
            own = dids.self_contained(did)
            if own is not None:
                return own
            if not did.startswith("did:web:"):
                detail = "This software cannot look up a DID of this method."
                return Keys(did=did, result=Result.UNKNOWN, reason="unsupported_did_method", detail=detail)
            async with self._turn:
                return dids.keys_of((await self._resolver.resolve(did)).document, did)
        except CairnError as error:
            wrong = isinstance(error, UntrustedError) and error.code == "bad_did_document"
            result = Result.FAIL if wrong else Result.UNKNOWN
            return Keys(did=did, result=result, reason=error.code, detail=error.diagnostics())

    async def _fetch(self, url: str) -> Fetched:
        try:
            async with self._turn:
                answer = await self._fetcher.get(url, max_bytes=VC_LIMITS.document_bytes, accept=ACCEPT)
        except CairnError as error:
            return Fetched(url=url, result=Result.UNKNOWN, reason=error.code, detail=error.diagnostics())
        if answer.status != 200:
            detail = f"The address answered with HTTP status {answer.status}."
            gone = "gone" if answer.status in (404, 410) else "unreachable"
            return Fetched(url=url, result=Result.UNKNOWN, reason=gone, detail=detail)
        return Fetched(url=url, result=Result.PASS, content=answer.content)

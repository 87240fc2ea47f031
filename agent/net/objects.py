"""AnonCreds objects, revocation lists and tails files, from their issuer or from a mirror, verified.

Form and signature: `trust_registry.objects`. What is returned was signed by a key of its issuer: one in the
issuer's DID document, or, when the issuer cannot be reached or has changed its key since, one that the mirror
(the trust registry) has pinned for it and not revoked. Where a thing came from never makes it valid.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol
from urllib.parse import quote

import base58

from agent.core.limits import LIMITS, Limits
from agent.errors import CairnError, InputError, NotFoundError, UnreachableError, UntrustedError
from agent.net.did_web import DidResolver
from agent.net.fetch import SafeFetcher
from trust_registry import keys, objects
from trust_registry.errors import KeyFormatError, ObjectError, RegistryError, RegistryUnreachable
from trust_registry.keys import Jwk
from trust_registry.objects import Kind, ObjectRef, SignedObject

_CACHED_OBJECTS = 512
_CACHED_LISTS = 512
_LIST_SECONDS = 5.0
_TAILS_SECONDS = 60.0
_TAILS_HASH = re.compile(r"[1-9A-HJ-NP-Za-km-z]{32,50}")
_MAX_PINNED = 50

type Source = Literal["issuer", "mirror"]


class Mirror(Protocol):
    """What we use of `trust_registry.client.RegistryClient`; its errors are RegistryError and
    RegistryUnreachable."""

    async def issuer(self, did: str) -> dict[str, Any]: ...
    async def get_object(self, identifier: str) -> str: ...
    async def get_revocation_list(self, identifier: str, at: int | None = None) -> str: ...
    async def get_tails(self, name: str) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Resolved:
    """``source``: who served it. ``key``: whether the issuer's own DID document vouches for the signing key
    today (``did_document``) or only the mirror's binding does (``pinned``). ``thumbprint``: RFC 7638, of that
    key."""

    signed: SignedObject
    source: Source
    key: Literal["did_document", "pinned"]
    thumbprint: str


class ObjectResolver:
    """``mirror`` None: issuers only. ``clock`` is monotonic seconds, for the short memory of lists."""

    def __init__(
        self,
        fetcher: SafeFetcher,
        dids: DidResolver,
        mirror: Mirror | None,
        *,
        limits: Limits = LIMITS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetcher = fetcher
        self._dids = dids
        self._mirror = mirror
        self._limits = limits
        self._clock = clock
        self._objects: OrderedDict[str, Resolved] = OrderedDict()
        self._lists: OrderedDict[tuple[str, int], tuple[float, Resolved]] = OrderedDict()
        self._newest: OrderedDict[str, Resolved] = OrderedDict()

    async def get(self, identifier: str) -> Resolved:
        """A SCHEMA, CREDDEF or REVREG by its id; immutable, so remembered.

        Raises `InputError` bad_object_id, `NotFoundError` object_not_found, `UntrustedError` (code as in
        `ObjectError`: bad_signature, wrong_hash, …, or of the fetch), `UnreachableError`.
        """
        known = self._objects.get(identifier)
        if known is None:
            ref = _reference(identifier)
            found = await self._obtain(ref, identifier, ref.kind, None)
            known = _remember(self._objects, identifier, found, _CACHED_OBJECTS)
        self._objects.move_to_end(identifier)
        return known

    async def revocation_list(self, rev_reg_id: str, at: int | None = None) -> Resolved:
        """The newest revocation list, or the newest not after ``at`` (unix seconds; the oldest if none).

        ``signed.timestamp`` and ``signed.content["revocationList"]`` say from when and what. Never goes
        back: an issuer or mirror that serves an older newest list than it did before is not believed over
        its own signature, and the newer list is returned. Answers for a given ``at`` are kept five seconds
        (one proof asks several times); the newest one is always fetched. Raises as `get`.
        """
        ref = _reference(rev_reg_id)
        if at is not None:
            kept = self._lists.get((rev_reg_id, at))
            if kept is not None and self._clock() - kept[0] < _LIST_SECONDS:
                return kept[1]
        found = await self._obtain(ref, rev_reg_id, Kind.REVLIST, at)
        newest = self._newest.get(rev_reg_id)
        if newest is None or found.signed.timestamp > newest.signed.timestamp:
            newest = _remember(self._newest, rev_reg_id, found, _CACHED_LISTS)
        elif at is None or newest.signed.timestamp <= at:
            found = newest
        if at is not None:
            _remember(self._lists, (rev_reg_id, at), (self._clock(), found), _CACHED_LISTS)
        return found

    def forget_lists(self) -> None:
        """Ask anew next time; what is known to be newest stays known."""
        self._lists.clear()

    async def tails(self, rev_reg_id: str) -> bytes:
        """The tails file of a revocation registry, checked against the hash that its issuer signed."""
        value = (await self.get(rev_reg_id)).signed.content.get("value")
        name = value.get("tailsHash") if isinstance(value, dict) else None
        location = value.get("tailsLocation") if isinstance(value, dict) else None
        if not isinstance(name, str) or not _TAILS_HASH.fullmatch(name) or not isinstance(location, str):
            raise UntrustedError("malformed", "The revocation registry names no usable tails file.")
        try:
            answer = await self._fetcher.get(
                location, max_bytes=self._limits.tails_bytes, seconds=_TAILS_SECONDS
            )
            data = _ok(answer.status, answer.content, "tails file")
        except (UnreachableError, NotFoundError) as error:
            if self._mirror is None:
                raise
            data = await self._from_mirror(self._mirror.get_tails(name), error)
        if base58.b58encode(hashlib.sha256(data).digest()).decode("ascii") != name:
            raise UntrustedError("wrong_hash", "The tails file is not the one its revocation registry names.")
        return data

    # 1. Get bytes from the issuer, else from the mirror.  2. Find a key.  3. Verify.

    async def _obtain(self, ref: ObjectRef, identifier: str, kind: Kind, at: int | None) -> Resolved:
        try:
            jws: bytes | str = await self._from_issuer(ref, kind, at)
            source: Source = "issuer"
        except (UnreachableError, NotFoundError) as error:
            if self._mirror is None:
                raise
            coming = (
                self._mirror.get_revocation_list(identifier, at)
                if kind is Kind.REVLIST
                else self._mirror.get_object(identifier)
            )
            jws, source = await self._from_mirror(coming, error), "mirror"
        return await self._verified(ref.did, jws, identifier, kind, source)

    async def _from_issuer(self, ref: ObjectRef, kind: Kind, at: int | None) -> bytes:
        base = keys.did_web_url(ref.did).base
        query = f"?at={at}" if kind is Kind.REVLIST and at is not None else ""
        answer = await self._fetcher.get(
            f"{base}/anoncreds/v1/{kind}/{quote(ref.sha256)}{query}",
            max_bytes=self._limits.object_bytes,
            accept=objects.MEDIA_TYPE,
        )
        return _ok(answer.status, answer.content, str(kind))

    async def _from_mirror[Value](self, coming: Awaitable[Value], first: CairnError) -> Value:
        """What the mirror has; ``first`` is why the issuer did not do."""
        try:
            return await coming
        except RegistryUnreachable as error:
            raise UnreachableError(
                "unreachable",
                f"{first.detail} The trust registry does not answer either.",
                "Try again later.",
            ) from error
        except RegistryError as error:
            if error.status == 404:
                # Not mirrored: then the issuer's own failure is what matters.
                raise first from error
            raise UnreachableError(
                "unreachable", f"{first.detail} The trust registry answered with status {error.status}."
            ) from error

    async def _verified(
        self, did: str, jws: bytes | str, identifier: str, kind: Kind, source: Source
    ) -> Resolved:
        failure: CairnError | None = None
        try:
            kid = objects.parse(jws).kid
            published = (await self._dids.resolve(did)).keys
            if kid in published:
                signed = _verify(jws, identifier, published[kid], kind)
                return Resolved(signed, source, "did_document", keys.thumbprint(published[kid]))
        except ObjectError as error:
            if error.code != "bad_signature":
                raise UntrustedError(error.code, error.detail) from error
            failure = UntrustedError(error.code, error.detail)
        except (UnreachableError, NotFoundError) as error:
            failure = error
        # The issuer is away, or signs with another key today: keys that the registry pinned for it.
        for key in await self.pinned_keys(did):
            try:
                signed = _verify(jws, identifier, key, kind)
                return Resolved(signed, source, "pinned", keys.thumbprint(key))
            except ObjectError as error:
                if error.code != "bad_signature":
                    raise UntrustedError(error.code, error.detail) from error
                failure = UntrustedError(error.code, error.detail)
        raise failure or UntrustedError("bad_signature", f"The signing key is not one of {did}.")

    async def pinned_keys(self, did: str) -> list[Jwk]:
        """Keys that the registry pinned for ``did``, without those it revoked; none when it does not answer."""
        if self._mirror is None:
            return []
        try:
            bindings = (await self._mirror.issuer(did)).get("bindings", [])
        except (RegistryUnreachable, RegistryError):
            return []
        return _pinned_keys(bindings)


def _verify(jws: bytes | str, identifier: str, key: Jwk, kind: Kind) -> SignedObject:
    return objects.verify(jws, expected_id=identifier, key=key, kind=kind)


def _pinned_keys(bindings: Any) -> list[Jwk]:
    """Keys of bindings that are not revoked; what has another form is left out."""
    found: list[Jwk] = []
    for binding in bindings[:_MAX_PINNED] if isinstance(bindings, list) else []:
        if isinstance(binding, dict) and binding.get("revoked", True) in (None, False):
            try:
                found.append(keys.jwk_from_raw(keys.raw_from_jwk(binding.get("jwk"))))
            except KeyFormatError:
                continue
    return found


def _reference(identifier: str) -> ObjectRef:
    try:
        return objects.split_object_id(identifier)
    except ObjectError as error:
        raise InputError("bad_object_id", error.detail) from error


def _ok(status: int, content: bytes, what: str) -> bytes:
    if status == 200:
        return content
    if status in (404, 410):
        raise NotFoundError("object_not_found", f"The issuer does not have the {what}.")
    raise UnreachableError("unreachable", f"The issuer answered with status {status}.")


def _remember[Key, Value](cache: OrderedDict[Key, Value], key: Key, value: Value, bound: int) -> Value:
    cache[key] = value
    cache.move_to_end(key)
    if len(cache) > bound:
        cache.popitem(last=False)
    return value

"""Client for a trust registry over HTTP (seam 2).

No usable answer (no connection, too slow, 5xx, not what was promised) is `RegistryUnreachable` and says
nothing about the question; a refusal is `RegistryError` with its HTTP ``status``. "Not found" is only ever
the registry's own 404. Everything that comes back is bounded before it is read. The time limits are those of
the ``httpx.AsyncClient`` that the caller gives; redirects are not followed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import httpx

from trust_registry import strict_json
from trust_registry.errors import RegistryError, RegistryUnreachable, TrustRegistryError
from trust_registry.models import Decision, Outcome, Query, SnapshotInfo
from trust_registry.objects import MEDIA_TYPE, OBJECT_BYTES
from trust_registry.signed_answers import MEDIA_TYPE as ANSWER_MEDIA_TYPE
from trust_registry.tails import TAILS_BYTES
from trust_registry.vocabulary import Reason, Scope

_ANSWER_BYTES = 1024 * 1024
_CODE = re.compile(r"[a-z0-9_]{1,64}")


@dataclass(frozen=True, slots=True)
class SchemaEntry:
    """A shared schema; ``id`` is that of the signed SCHEMA object."""

    name: str
    version: str
    id: str


class RegistryClient:
    """Remembers the newest snapshot it saw, for as long as it lives: an older one, or another one with the
    same number, turns every answer into ``indeterminate`` with ``snapshot_rollback`` (trust-registry.md
    section 3, "Snapshot").
    """

    def __init__(self, base_url: str, http: httpx.AsyncClient) -> None:
        self._base, self._http = base_url.rstrip("/"), http
        self._seen: tuple[int, str] = (0, "")

    async def resolve(self, query: Query) -> Decision:
        answer = await self._json("/v1/resolve", params=query.to_params())
        return self._ordered(_read(lambda: Decision.from_json(answer)))

    async def signed_answer(self, query: Query, nonce: str) -> str:
        """The answer as the registry signed it, unverified: use `signed_answers.verify_answer`."""
        data = await self._request(
            "GET",
            "/v1/resolve",
            params={**query.to_params(), "nonce": nonce},
            headers={"accept": ANSWER_MEDIA_TYPE},
            max_bytes=_ANSWER_BYTES,
        )
        return _read(lambda: data.decode("ascii"))

    async def issuer(self, did: str) -> dict[str, Any]:
        """``{"did", "bindings": […]}``; `RegistryError` with status 404 when nothing is bound to the DID."""
        return await self._json(f"/v1/issuers/{quote(did, safe='')}")

    async def schemas(self) -> list[SchemaEntry]:
        answer = await self._json("/v1/schemas")
        return _read(
            lambda: [SchemaEntry(str(s["name"]), str(s["version"]), str(s["id"])) for s in answer["schemas"]]
        )

    async def status(self) -> SnapshotInfo:
        """Which snapshot the registry answers from, and its age."""
        answer = await self._json("/v1/status")
        return _read(lambda: SnapshotInfo.from_json(answer["snapshot"]))

    async def get_object(self, identifier: str) -> str:
        """The JWS as the mirror has it, unverified: use `objects.verify`."""
        return await self._jws(f"/v1/objects/{quote(identifier, safe='')}", {})

    async def put_object(self, identifier: str, jws: str) -> None:
        await self._put(f"/v1/objects/{quote(identifier, safe='')}", jws.encode(), MEDIA_TYPE)

    async def get_revocation_list(self, identifier: str, at: int | None = None) -> str:
        """The newest list not after ``at`` (unix seconds), unverified."""
        params = {} if at is None else {"at": str(at)}
        return await self._jws(f"/v1/revlists/{quote(identifier, safe='')}", params)

    async def put_revocation_list(self, identifier: str, jws: str) -> None:
        await self._put(f"/v1/revlists/{quote(identifier, safe='')}", jws.encode(), MEDIA_TYPE)

    async def get_tails(self, name: str) -> bytes:
        """The file as the mirror has it; its name is its hash, which the caller compares."""
        return await self._request("GET", f"/v1/tails/{quote(name, safe='')}", max_bytes=TAILS_BYTES)

    async def put_tails(self, name: str, data: bytes) -> None:
        await self._put(f"/v1/tails/{quote(name, safe='')}", data, "application/octet-stream")

    async def _json(self, path: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        data = await self._request("GET", path, params=params or {}, max_bytes=_ANSWER_BYTES)
        answer = _read(lambda: strict_json.loads(data, max_bytes=_ANSWER_BYTES))
        if not isinstance(answer, dict):
            raise RegistryUnreachable("The trust registry's answer is not what was asked for.")
        return answer

    async def _jws(self, path: str, params: Mapping[str, str]) -> str:
        data = await self._request("GET", path, params=params, max_bytes=OBJECT_BYTES)
        return _read(lambda: data.decode("ascii"))

    async def _put(self, path: str, data: bytes, media_type: str) -> None:
        headers = {"content-type": media_type}
        await self._request("PUT", path, content=data, headers=headers, max_bytes=_ANSWER_BYTES)

    async def _request(
        self,
        method: str,
        path: str,
        *,
        max_bytes: int,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        try:
            # A body is read with its limit in mind: never all of it first.
            async with self._http.stream(
                method,
                self._base + path,
                params=params or None,
                content=content,
                headers=headers,
                follow_redirects=False,
            ) as response:
                data = bytearray()
                async for chunk in response.aiter_bytes():
                    data += chunk
                    if len(data) > max_bytes:
                        raise RegistryUnreachable("The trust registry's answer is too large.")
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise RegistryUnreachable(
                f"The trust registry did not answer ({type(error).__name__}).", "Try again later."
            ) from error
        if response.is_success:
            return bytes(data)
        if response.is_client_error:
            raise _refusal(response.status_code, bytes(data))
        raise RegistryUnreachable(
            f"The trust registry answered with HTTP {response.status_code}.", "Try again later."
        )

    def _ordered(self, decision: Decision) -> Decision:
        seq, digest = self._seen
        now = (decision.snapshot.seq, decision.snapshot.sha256)
        if now[0] < seq or (now[0] == seq and now[1] != digest):
            return replace(
                decision,
                outcome=Outcome.INDETERMINATE,
                reasons=(*decision.reasons, Reason.SNAPSHOT_ROLLBACK),
                scope=Scope.NONE,
                authority_chain=(),
            )
        self._seen = now
        return decision


def _refusal(status: int, data: bytes) -> RegistryError:
    """The problem document's code and detail, where they can be used, and bounded."""
    try:
        problem = strict_json.loads(data, max_bytes=_ANSWER_BYTES)
    except ValueError:
        problem = None
    members = problem if isinstance(problem, dict) else {}
    code, detail = members.get("code"), members.get("detail")
    return RegistryError(
        code if isinstance(code, str) and _CODE.fullmatch(code) else "refused",
        detail[:300] if isinstance(detail, str) else f"The trust registry refused with HTTP {status}.",
        status=status,
    )


def _read[Value](take: Callable[[], Value]) -> Value:
    try:
        return take()
    except (KeyError, TypeError, ValueError, AttributeError, TrustRegistryError) as error:
        raise RegistryUnreachable("The trust registry's answer is not what was asked for.") from error

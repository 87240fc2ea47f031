"""The calls the wallet makes, typed: paths in, models out. Raises `CairnError` subclasses only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from agent.client import AgentClient, Event
from wallet_tui.doc import Doc
from wallet_tui.model import MAX_ROWS, Credential, HistoryEntry, Offer, Status, Summary
from wallet_tui.request_model import Request
from wallet_tui.stack_model import Draft, Pathway, Progress, Stack, Target

MAX_REASON_CHARS = 300


class Wallet:
    """Thin and stateless: everything it returns was answered just now."""

    def __init__(self, client: AgentClient) -> None:
        self._client = client

    async def aclose(self) -> None:
        await self._client.aclose()

    def same_service(self, other: Wallet) -> bool:
        return self._client.same_service(other._client)

    def events(self) -> AsyncIterator[Event]:
        return self._client.events()

    async def status(self) -> Status:
        return Status.read(Doc(await self._client.get("/v1/status")))

    async def unlock(self, passphrase: str) -> Status:
        return Status.read(Doc(await self._client.post("/v1/unlock", {"passphrase": passphrase})))

    async def lock(self) -> Status:
        return Status.read(Doc(await self._client.post("/v1/lock")))

    async def credentials(self) -> list[Summary]:
        answer = Doc(await self._client.get("/v1/wallet/credentials"))
        return [Summary.read(item) for item in answer.docs("credentials", MAX_ROWS)]

    async def credential(self, credential_id: str) -> Credential:
        return Credential.read(Doc(await self._client.get(_path("credentials", credential_id))))

    async def recheck(self, credential_id: str) -> Credential:
        return Credential.read(Doc(await self._client.post(_path("credentials", credential_id, "recheck"))))

    async def offers(self) -> list[Offer]:
        answer = Doc(await self._client.get("/v1/wallet/offers"))
        return [Offer.read(item) for item in answer.docs("offers", MAX_ROWS)]

    async def offer(self, offer_id: str) -> Offer:
        return Offer.read(Doc(await self._client.get(_path("offers", offer_id))))

    async def review_offer(self, link: str) -> Offer:
        return Offer.read(Doc(await self._client.post("/v1/wallet/offers/review", {"link": link})))

    async def accept(self, offer_id: str) -> Offer:
        return Offer.read(Doc(await self._client.post(_path("offers", offer_id, "accept"))))

    async def reject(self, offer_id: str, reason: str) -> Offer:
        body = {"reason": reason[:MAX_REASON_CHARS]}
        return Offer.read(Doc(await self._client.post(_path("offers", offer_id, "reject"), body)))

    async def requests(self) -> list[Request]:
        answer = Doc(await self._client.get("/v1/wallet/requests"))
        return [Request.read(item) for item in answer.docs("requests", MAX_ROWS)]

    async def request(self, request_id: str) -> Request:
        return Request.read(Doc(await self._client.get(_path("requests", request_id))))

    async def review_request(self, link: str) -> Request:
        return Request.read(Doc(await self._client.post("/v1/wallet/requests/review", {"link": link})))

    async def plan(self, request_id: str, include: Iterable[str]) -> Request:
        body = {"include": sorted(include)}
        return Request.read(Doc(await self._client.post(_path("requests", request_id, "plan"), body)))

    async def present(self, request_id: str, expect: str, include: Iterable[str]) -> Request:
        """Send. ``expect`` is the hash of the plan that was on the screen; the service refuses any other."""
        body = {"expect": expect, "include": sorted(include)}
        return Request.read(Doc(await self._client.post(_path("requests", request_id, "present"), body)))

    async def decline(self, request_id: str, reason: str) -> Request:
        body = {"reason": reason[:MAX_REASON_CHARS]}
        return Request.read(Doc(await self._client.post(_path("requests", request_id, "decline"), body)))

    async def history(self) -> tuple[list[HistoryEntry], bool | None]:
        """Entries, newest last as the service keeps them, and whether the chain of hashes holds."""
        answer = Doc(await self._client.get("/v1/wallet/history"))
        intact = answer.flag("intact") or (False if answer.is_false("intact") else None)
        return [HistoryEntry.read(item) for item in answer.docs("entries", MAX_ROWS)], intact

    async def targets(self) -> list[Target]:
        answer = Doc(await self._client.get("/v1/wallet/stacks"))
        return [Target.read(item) for item in answer.docs("targets")]

    # Stacks.

    async def stack(self, target: Any, without: Iterable[str] = ()) -> Stack:
        """The plan for a goal (an id or a whole target), without the members that are left out."""
        body = {"target": target, "without": sorted(without)}
        return Stack.read(Doc(await self._client.post("/v1/wallet/stacks", body)))

    async def pathway(self, target: Any, without: Iterable[str] = ()) -> Pathway:
        """What to earn next for one goal."""
        body = {"target": target, "without": sorted(without)}
        return Pathway.read(Doc(await self._client.post("/v1/wallet/pathways", body)))

    async def stack_progress(self) -> list[Progress]:
        answer = Doc(await self._client.get("/v1/wallet/stack-progress"))
        return [Progress.read(item) for item in answer.docs("goals")]

    async def stack_drafts(self) -> list[Draft]:
        answer = Doc(await self._client.get("/v1/wallet/stack-drafts"))
        return [Draft.read(item) for item in answer.docs("drafts")]

    async def save_stack_draft(self, body: Mapping[str, Any]) -> Draft:
        """``body`` has name, target, without and note, and the id of a draft that it takes the place of."""
        return Draft.read(Doc(await self._client.post("/v1/wallet/stack-drafts", body)))

    async def delete_stack_draft(self, draft_id: str) -> None:
        await self._client.post(_path("stack-drafts", draft_id, "delete"))

    async def stack_file(self, target: Any, without: Iterable[str], form: str) -> tuple[bytes, list[str]]:
        """A stack as a file of this form (pdf, html, clr), and the service's remarks on it."""
        body = {"target": target, "without": sorted(without), "as": form}
        return await self._client.file("POST", "/v1/wallet/stacks/file", body=body)


def _path(*parts: str) -> str:
    return "/v1/wallet/" + "/".join(quote(part, safe="") for part in parts)

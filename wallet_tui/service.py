"""The calls the wallet makes, typed: paths in, models out. Raises `CairnError` subclasses only."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from urllib.parse import quote

from agent.client import AgentClient, Event
from wallet_tui.doc import Doc
from wallet_tui.history_model import PAGE, HistoryPage
from wallet_tui.model import MAX_ROWS, Credential, Offer, Status, Summary
from wallet_tui.notice_model import MAX_SEEN, Notice
from wallet_tui.request_model import Request
from wallet_tui.stack_model import Pathway, Stack, Target
from wallet_tui.trust_model import Found, Subject

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

    async def targets(self) -> list[Target]:
        answer = Doc(await self._client.get("/v1/wallet/stacks"))
        return [Target.read(item) for item in answer.docs("targets")]

    async def stack(self, target_id: str) -> Stack:
        return Stack.read(Doc(await self._client.get(_path("stacks", target_id))))

    async def pathway(self, target_id: str) -> Pathway:
        """What to earn next for one goal."""
        return Pathway.read(Doc(await self._client.get(_path("pathways", target_id))))

    # History, trust, notices.

    async def history(
        self, sought: str = "", party: str = "", *, before: int | None = None, anew: bool = False
    ) -> HistoryPage:
        """The newest entries that fit, below number ``before``; ``anew`` has the whole chain read again."""
        asked = {"limit": str(PAGE), "q": sought, "party": party}
        if before is not None:
            asked["before"] = str(before)
        if anew:
            asked["anew"] = "true"
        params = {name: value for name, value in asked.items() if value}
        return HistoryPage.read(Doc(await self._client.get("/v1/wallet/history", params)))

    async def history_export(self) -> bytes:
        """The whole chain with its head, as the file that is written."""
        document = await self._client.get("/v1/wallet/history/export")
        return json.dumps(document, ensure_ascii=True, indent=1).encode()

    async def trust(self, question: str, *, refresh: bool = False) -> Found:
        params = {"q": question, "refresh": "true"} if refresh else {"q": question}
        return Found.read(Doc(await self._client.get("/v1/wallet/trust", params)))

    async def trust_institution(self, identifier: str) -> Subject:
        return Subject.read(Doc(await self._client.get(_path("trust", "institutions", identifier))))

    async def trust_issuer(self, did: str) -> Subject:
        return Subject.read(Doc(await self._client.get(_path("trust", "issuers", did))))

    async def notices(self) -> list[Notice]:
        answer = Doc(await self._client.get("/v1/wallet/notices"))
        return [Notice.read(item) for item in answer.docs("notices", MAX_ROWS)]

    async def see_notices(self, ids: Sequence[str]) -> list[Notice]:
        answer = Doc(await self._client.post("/v1/wallet/notices/seen", {"ids": list(ids[:MAX_SEEN])}))
        return [Notice.read(item) for item in answer.docs("notices", MAX_ROWS)]


def _path(*parts: str) -> str:
    return "/v1/wallet/" + "/".join(quote(part, safe="") for part in parts)

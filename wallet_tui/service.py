"""The calls the wallet makes, typed: paths in, models out. Raises `CairnError` subclasses only."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from agent.client import AgentClient, Event
from wallet_tui.backup_model import Backup
from wallet_tui.doc import Doc
from wallet_tui.history_model import PAGE, HistoryPage
from wallet_tui.model import MAX_ROWS, Credential, Offer, Status, Summary
from wallet_tui.notice_model import MAX_SEEN, Notice
from wallet_tui.portfolio_model import Badge, Loss, Taken
from wallet_tui.request_model import Request, Switches
from wallet_tui.stack_model import Draft, Pathway, Progress, Stack, Target
from wallet_tui.trust_model import Found, Subject

MAX_REASON_CHARS = 300
MAX_NAME_CHARS = 200
BACKUP_SECONDS = 600.0


class Wallet:
    """Thin and stateless: everything it returns was answered just now."""

    def __init__(self, client: AgentClient) -> None:
        self._client = client
        # Reading, polling and what an event sets off are no sign of a person: `active` is, after a key or a click.
        client.background = True

    async def aclose(self) -> None:
        await self._client.aclose()

    def same_service(self, other: Wallet) -> bool:
        return self._client.same_service(other._client)

    def events(self) -> AsyncIterator[Event]:
        return self._client.events()

    async def status(self) -> Status:
        return Status.read(Doc(await self._client.get("/v1/status")))

    async def active(self) -> None:
        """Somebody is there: the idle clock starts again."""
        await self._client.active()

    async def unlock(self, passphrase: str) -> Status:
        return Status.read(Doc(await self._client.post("/v1/unlock", {"passphrase": passphrase})))

    async def lock(self) -> Status:
        return Status.read(Doc(await self._client.post("/v1/lock")))

    async def credentials(self) -> list[Summary]:
        answer = Doc(await self._client.get("/v1/wallet/credentials"))
        # In a thread: reading ten thousand would hold up the keys.
        return await asyncio.to_thread(
            lambda: [Summary.read(item) for item in answer.docs("credentials", MAX_ROWS)]
        )

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

    async def plan(self, request_id: str, switches: Switches) -> Request:
        """The plan with these switches, which the service keeps with the request as a draft."""
        body = {**switches.to_json(), "keep": True}
        return Request.read(Doc(await self._client.post(_path("requests", request_id, "plan"), body)))

    async def present(self, request_id: str, expect: str, switches: Switches) -> Request:
        """Send. ``expect`` is the hash of the plan that was on the screen; the service refuses any other."""
        body = {"expect": expect, **switches.to_json()}
        return Request.read(Doc(await self._client.post(_path("requests", request_id, "present"), body)))

    async def decline(self, request_id: str, reason: str) -> Request:
        body = {"reason": reason[:MAX_REASON_CHARS]}
        return Request.read(Doc(await self._client.post(_path("requests", request_id, "decline"), body)))

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

    # Portfolio: the learner's own order of things, and files.

    async def badges(self) -> list[Badge]:
        answer = Doc(await self._client.get("/v1/wallet/badges"))
        return [Badge.read(item) for item in answer.docs("badges", MAX_ROWS)]

    async def shelve(self, credential_id: str, change: Mapping[str, Any]) -> Credential:
        """``change`` is any part of ``{archived, collections, tags, note}``; the rest stays."""
        path = _path("credentials", credential_id, "shelf")
        return Credential.read(Doc(await self._client.post(path, change)))

    async def loss(self, credential_id: str) -> Loss:
        return Loss.read(Doc(await self._client.get(_path("credentials", credential_id, "loss"))))

    async def delete(self, credential_id: str, expect: str) -> str:
        """``expect`` stands for the losses that were on the screen; the service refuses any others."""
        path = _path("credentials", credential_id, "delete")
        return Doc(await self._client.post(path, {"expect": expect})).need("deleted")

    async def delete_badge(self, badge_id: str) -> str:
        return Doc(await self._client.post(_path("badges", badge_id, "delete"))).need("deleted")

    async def export(
        self, credential_id: str, form: str, *, challenge: str = "", domain: str = ""
    ) -> tuple[bytes, list[str]]:
        """One credential as a file, and remarks on it."""
        params = {"as": form, "challenge": challenge, "domain": domain}
        return await self._client.file("GET", _path("credentials", credential_id, "export"), params=params)

    async def export_many(self, ids: Sequence[str] | None, form: str) -> tuple[bytes, list[str]]:
        """Several credentials in one file; None stands for all."""
        what: dict[str, Any] = {"all": True} if ids is None else {"ids": list(ids)}
        return await self._client.file("POST", "/v1/wallet/export", body={**what, "as": form})

    async def badge_file(self, badge_id: str) -> tuple[bytes, list[str]]:
        return await self._client.file("GET", _path("badges", badge_id, "file"))

    async def take_file(self, data: bytes, name: str) -> Taken:
        """Import a file. Nothing is kept before its checks have run."""
        answer = await self._client.post_bytes("/v1/wallet/import", data, {"name": name[:MAX_NAME_CHARS]})
        return Taken.read(Doc(answer))

    # Keeping: backups.

    async def backup(self, path: str, passphrase: str, *, replace: bool = False) -> Backup:
        body = {"path": path, "passphrase": passphrase, "replace": replace}
        return Backup.read(Doc(await self._client.post("/v1/backup", body, timeout=BACKUP_SECONDS)))

    async def restore(self, path: str, passphrase: str, new_passphrase: str) -> Backup:
        body = {"path": path, "passphrase": passphrase, "new_passphrase": new_passphrase}
        return Backup.read(Doc(await self._client.post("/v1/restore", body, timeout=BACKUP_SECONDS)))

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

"""The issuer's side: offers by short link, what happens to them, and revocation.

An offer is open → issuing → issued (→ revoked), or rejected, or expired. It stays fetchable until it expires,
because a learner may be away for longer than ACA-Py keeps trying: every accept makes a fresh exchange unless
one is still useful. At most one credential of an offer is ever valid: an earlier copy that was issued and
never confirmed is revoked before the next is offered.
"""

from __future__ import annotations

import asyncio
import uuid
from datetime import date
from typing import Any

import structlog

from agent.acapy.events import Event
from agent.acapy.records import CredentialExchange
from agent.core import signed_link
from agent.core.attributes import to_attributes
from agent.core.limits import LIMITS
from agent.core.profiles import profiles_met
from agent.core.record import Learner, Record, text
from agent.core.templates import record_from_template
from agent.errors import ConflictError, ExpiredError, InputError, NotFoundError, UnreachableError
from agent.services import clock, links
from agent.services.badge_issuing import BadgeIssuing
from agent.services.identity import Identity
from agent.services.node import Node
from agent.services.status_lists import StatusLists
from agent.store.vault import Document, Put
from issuer_profiles.errors import ProfileError
from issuer_profiles.loader import load_profile, load_templates
from issuer_profiles.models import Template

log = structlog.get_logger(__name__)

KIND = "issued_offer"
BY_EXCHANGE = "issued_exchange"  # cred_ex_id → offer id
EXCHANGE = "issue_credential_v2_0"
FINAL = frozenset({"issued", "revoked", "rejected", "expired"})


class Issuing:
    def __init__(self, node: Node, identity: Identity, lists: StatusLists) -> None:
        self._node = node
        self._identity = identity
        self._badges = BadgeIssuing(node, lists)
        self._locks: dict[str, asyncio.Lock] = {}
        node.webhooks.subscribe(self._on_exchange)

    # ------------------------------------------------------------------ the registrar

    def templates(self) -> list[dict[str, Any]]:
        return [
            {
                "id": template.id,
                "title": text(template.title),
                "credit": None
                if template.credit is None
                else {"system": template.credit.system, "value": template.credit.value},
            }
            for template in self._templates()
        ]

    async def new_offer(
        self,
        *,
        template: str,
        learner: Learner,
        awarded_on: date,
        grade: str | None = None,
        expires_in_days: float = LIMITS.offer_days,
    ) -> Document:
        """Make an offer; answers the stored document with its ``link``. Raises `InputError`, `NotFoundError`."""
        if awarded_on > clock.today():
            raise InputError("award_in_future", "A credential cannot be awarded on a day that has not come.")
        record = record_from_template(
            load_profile(self._node.settings.profile),
            self._template(template),
            issuer_did=self._node.settings.did,
            learner=learner,
            awarded_on=awarded_on,
            record_id=f"urn:uuid:{uuid.uuid4()}",
            grade=grade,
        )
        await self._identity.cred_def()  # fail now, not when the learner opens the link
        moment = clock.now()
        code = links.new_code()
        offer: Document = {
            "id": code,
            "link": f"{self._node.settings.public_base}/o/{code}",
            "state": "open",
            "template": template,
            "title": text(record.title),
            "learner": learner.full_name,
            "record": record.to_json(),
            "made_at": clock.stamp(moment),
            "expires_at": clock.stamp(clock.after(moment, days=expires_in_days)),
            "exchange": "",
            "reason": "",
        }
        await self._node.vault.put(Put(KIND, code, offer))
        self._node.bus.publish("offer", id=code, state="open")
        return offer

    async def offers(self) -> list[Document]:
        offers = [self._aged(offer) for offer in await self._node.vault.all(KIND)]
        return sorted(offers, key=lambda offer: str(offer["made_at"]))

    async def offer(self, code: str) -> Document:
        offer = await self._node.vault.get(KIND, code)
        if offer is None:
            raise NotFoundError("no_such_offer", "There is no such offer.")
        return self._aged(offer)

    async def revoke(self, code: str, reason: str) -> Document:
        """Revoke what was issued, publish the list, tell the holder's agent. Idempotent."""
        async with self._lock(code):
            offer = await self.offer(code)
            if offer["state"] == "revoked":
                return offer
            if offer["state"] != "issued":
                raise ConflictError(
                    "not_issued", f"This offer is {offer['state']}; only what was issued can be revoked."
                )
            await self._revoke_exchange(offer["exchange"])
            await self._badges.mark(offer, "revocation", value=True)
            offer |= {"state": "revoked", "reason": reason, "revoked_at": clock.stamp(clock.now())}
            await self._save(offer)
            return offer

    async def suspend(self, code: str, *, suspended: bool) -> Document:
        """Suspend or reinstate the Open Badge of what was issued. AnonCreds knows revocation only. Idempotent."""
        async with self._lock(code):
            offer = await self.offer(code)
            if offer["state"] != "issued" or offer.get("badge") is None:
                raise ConflictError(
                    "no_badge", "There is no Open Badge of this offer that could be suspended or reinstated."
                )
            if "suspension" not in offer["badge"]["purposes"]:
                raise ConflictError(
                    "not_suspendable",
                    "The badge was made without a place on a suspension list.",
                    "Set badge_suspension in the agent's settings; it holds for badges made from then on.",
                )
            await self._badges.mark(offer, "suspension", value=suspended)
            offer["suspended"] = suspended
            await self._save(offer)
            return offer

    # ------------------------------------------------------------------ the link

    async def document(self, code: str) -> str:
        """What ``/o/CODE`` serves: the record, signed. Raises for used, rejected or expired offers."""
        offer = await self.offer(code)
        self._require_open(offer)
        return await links.sign(
            self._node,
            signed_link.OFFER_TYP,
            {
                "iat": int(clock.parse(offer["made_at"]).timestamp()),
                "exp": int(clock.parse(offer["expires_at"]).timestamp()),
                "jti": code,
                "record": offer["record"],
                "cred_def_id": await self._identity.cred_def(),
                "envelopes": ["anoncreds", "ldp_vc"],
            },
        )

    async def accept(self, code: str) -> dict[str, Any]:
        """A wallet accepts: an out-of-band invitation that carries the credential offer."""
        await self.offer(code)  # unknown codes get no lock of their own
        async with self._lock(code):
            offer = await self.offer(code)
            self._require_open(offer)
            await self._clear_earlier_exchange(offer)
            admin = await self._node.admin()
            record = Record.from_json(offer["record"])
            exchange = await admin.create_offer(
                await self._identity.cred_def(), to_attributes(record, profiles_met=profiles_met(record))
            )
            cred_ex_id = exchange.cred_ex_id
            offer |= {"state": "issuing", "exchange": cred_ex_id, "issuing_at": clock.stamp(clock.now())}
            await self._node.vault.put(Put(KIND, code, offer), Put(BY_EXCHANGE, cred_ex_id, {"offer": code}))
            invitation = await admin.create_invitation(offer=cred_ex_id)
            self._node.bus.publish("offer", id=code, state="issuing")
            return {"invitation": invitation.message, "thread_id": exchange.thread_id}

    async def badge(self, code: str, presentation: Any) -> Document:
        """The same as an Open Badge, for the wallet that has the credential (see `BadgeIssuing.issue`)."""
        await self.offer(code)
        async with self._lock(code):
            offer = await self.offer(code)
            if offer["state"] == "issuing":
                # A wallet asks only once it keeps the credential: that is a receipt, and the acknowledgement over
                # DIDComm (which a crash of the wallet can lose for good) need not be waited for. It is written down
                # with the badge, so that nothing counts as a receipt but the proof of a key.
                if await self._exchange_state(offer["exchange"]) not in ("credential-issued", "done"):
                    raise UnreachableError(
                        "not_issued_yet", "The credential is still on its way.", "Try again."
                    )
                offer |= {"state": "issued", "issued_at": clock.stamp(clock.now())}
            if offer["state"] != "issued":
                raise ConflictError("not_issued", f"This offer is {offer['state']}.")
            document, place = await self._badges.issue(offer, presentation)
            if place is not None:
                await self._node.vault.put(Put(KIND, code, offer), place)
                self._node.bus.publish("offer", id=code, state="issued")
            return document

    async def reject(self, code: str, reason: str) -> None:
        await self.offer(code)
        async with self._lock(code):
            offer = await self.offer(code)
            self._require_open(offer)
            offer |= {"state": "rejected", "reason": reason[:500]}
            await self._save(offer)

    # ------------------------------------------------------------------ exchanges

    def _on_exchange(self, event: Event) -> None:
        if event.topic == EXCHANGE and event.state in ("done", "abandoned"):
            self._node.spawn(self._ended(event["cred_ex_id"]), "settle an offer")

    async def _ended(self, cred_ex_id: str) -> None:
        link = await self._node.vault.get(BY_EXCHANGE, cred_ex_id)
        if link is not None:
            await self._settle(str(link["offer"]))

    async def resume(self) -> None:
        """After a restart: what happened to the exchanges that were under way?"""
        for offer in await self._node.vault.all(KIND):
            if offer["state"] == "issuing":
                await self._settle(offer["id"])

    async def _settle(self, code: str) -> None:
        async with self._lock(code):
            offer = await self.offer(code)
            if offer["state"] in FINAL:
                return
            state = await self._exchange_state(offer["exchange"])
            if state == "done":
                offer |= {"state": "issued", "issued_at": clock.stamp(clock.now())}
                await self._save(offer)
            elif state == "request-received":  # we died between the request and the credential
                await (await self._node.admin()).issue_credential(offer["exchange"])
            elif state in ("abandoned", "gone"):
                offer |= {"state": "open", "exchange": ""}
                await self._save(offer)

    async def _clear_earlier_exchange(self, offer: Document) -> None:
        if not offer["exchange"]:
            return
        state = await self._exchange_state(offer["exchange"])
        if state == "done":
            offer |= {"state": "issued"}
            await self._save(offer)
            self._require_open(offer)
        if state == "credential-issued":  # sent, never confirmed: it must not stay valid beside the next one
            await self._revoke_exchange(offer["exchange"])
            log.info("an unconfirmed copy was revoked", offer=offer["id"][:6])
        elif state != "gone":
            await (await self._node.admin()).delete_credential_record(offer["exchange"])

    async def _exchange(self, cred_ex_id: str) -> CredentialExchange | None:
        try:
            return await (await self._node.admin()).credential_record(cred_ex_id)
        except NotFoundError:
            return None

    async def _exchange_state(self, cred_ex_id: str) -> str:
        exchange = await self._exchange(cred_ex_id)
        return "gone" if exchange is None else exchange.state

    async def _revoke_exchange(self, cred_ex_id: str) -> None:
        admin = await self._node.admin()
        exchange = await self._exchange(cred_ex_id)
        await admin.revoke(cred_ex_id, connection_id="" if exchange is None else exchange.connection_id)

    # ------------------------------------------------------------------ helpers

    def _templates(self) -> list[Template]:
        try:
            return list(load_templates(load_profile(self._node.settings.profile)))
        except ProfileError as error:
            raise InputError("bad_profile", str(error)) from error

    def _template(self, id: str) -> Template:
        templates = self._templates()
        for template in templates:
            if template.id == id:
                return template
        known = ", ".join(template.id for template in templates)
        raise NotFoundError("no_such_template", f"There is no template {id!r}.", f"There are: {known}.")

    def _aged(self, offer: Document) -> Document:
        if offer["state"] == "open" and clock.now() >= clock.parse(offer["expires_at"]):
            return offer | {"state": "expired"}
        return offer

    def _require_open(self, offer: Document) -> None:
        if offer["state"] == "expired":
            raise ExpiredError("expired", "This offer has expired.")
        if offer["state"] not in ("open", "issuing"):
            raise ConflictError("already_used", f"This offer is {offer['state']}.")

    async def _save(self, offer: Document) -> None:
        await self._node.vault.put(Put(KIND, offer["id"], offer))
        self._node.bus.publish("offer", id=offer["id"], state=offer["state"])

    def _lock(self, code: str) -> asyncio.Lock:
        return self._locks.setdefault(code, asyncio.Lock())

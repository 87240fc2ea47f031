"""The learner's side of the second envelope: the Open Badge of an offer that was accepted.

It is asked for after the credential is kept, by the same link, and never in the way of it: a badge that cannot be had
now is asked for again at the next unlock. What is kept must say exactly what the credential says, about a key of this
wallet, signed with the same key of the issuer; anything else is refused and the refusal noted.
"""

from __future__ import annotations

import asyncio

import structlog

from agent.core.record import Record
from agent.core.verdict import Check, Result
from agent.errors import CairnError, UnreachableError, UntrustedError
from agent.services import checking, clock, digests, links, signing, views
from agent.services.node import Node, is_away
from agent.store.vault import Document, Put
from agent.vc.edition import badge_edition

log = structlog.get_logger(__name__)

NAME = "ldp_vc"
TRIES = 10
PAUSE_SECONDS = 0.5
MUST_PASS = frozenset({"signature", "issuer_key", "record", "binding"})


class SecondCopy:
    def __init__(self, node: Node, offer_kind: str, credential_kind: str) -> None:
        self._node = node
        self._offer, self._credential = offer_kind, credential_kind
        self._busy: dict[str, asyncio.Lock] = {}

    async def resume(self) -> None:
        for offer in await self._node.vault.all(self._offer):
            if _is_wanted(offer):
                self._node.spawn(self.fetch(offer["id"]), f"badge {offer['id'][:6]}")

    async def fetch(self, offer_id: str) -> None:
        """Ask for the badge until it is there, for a few seconds. What fails for now stays wanted."""
        async with self._busy.setdefault(offer_id, asyncio.Lock()):
            for _ in range(TRIES):
                offer = await self._node.vault.get(self._offer, offer_id)
                if offer is None or not _is_wanted(offer):
                    return
                try:
                    await self._once(offer)
                    return
                except UnreachableError as error:  # the issuer has not seen our receipt yet, or is away
                    log.info("the badge is not there yet", offer=offer_id[:6], code=error.code)
                except CairnError as error:
                    if is_away(error):
                        return
                    await self._refuse(offer, error)
                    return
                await asyncio.sleep(PAUSE_SECONDS)

    async def _once(self, offer: Document) -> None:
        admin = await self._node.admin()
        wanted = offer["badge"]
        if not wanted["holder"]:
            # A key of its own for every badge: two badges do not tell that one person holds them.
            wanted["holder"] = await admin.create_did_key()
            if not await self._save(offer):
                return
        link = links.parse_link(offer["link"], "o")
        presentation = await signing.sign(
            self._node,
            {
                "@context": ["https://www.w3.org/ns/credentials/v2"],
                "type": ["VerifiablePresentation"],
                "holder": wanted["holder"],
            },
            did=wanted["holder"],
            suite="eddsa-jcs-2022",
            purpose="authentication",
            challenge=link.code,
            domain=link.url.removesuffix(f"/o/{link.code}"),
            now=clock.now(),
        )
        with views.step(self._node.bus, offer["id"], "asking for the same as an Open Badge"):
            answer = await links.call(self._node, link, "badge", {"presentation": presentation})
        document = answer.get("badge")
        credential = await self._node.vault.get(self._credential, str(offer["credential_id"]))
        if not isinstance(document, dict):
            raise UntrustedError("unexpected_answer", "The issuer's answer is not a badge.")
        if credential is None:  # deleted meanwhile: nothing to keep it beside
            return
        held: Document = {
            "envelope": NAME,
            "secured": document,
            "record": badge_edition(Record.from_json(credential["record"]), wanted["holder"]).to_json(),
            "holder": wanted["holder"],
            "received_at": clock.stamp(clock.now()),
        }
        row = await self._require_same(held, credential)
        # What could not be checked of this form says nothing against the first.
        place = "beside" if row.result is Result.UNKNOWN else "checks"
        async with self._node.history_lock:  # under which a credential is rechecked, and deleted
            credential = await self._node.vault.get(self._credential, credential["id"])
            if credential is None:
                return
            credential["also"] = credential.get("also", {}) | {NAME: held}
            others = [check for check in credential.get(place, []) if check["code"] != row.code]
            credential[place] = [*others, row.to_json()]
            wanted["state"] = "kept"
            digest = digests.digest_of(digests.payload_of(document))
            await self._node.vault.put(
                Put(self._credential, credential["id"], credential),
                Put(self._offer, offer["id"], offer),
                digests.note(digest, self._credential, credential["id"]),
            )
        self._node.bus.publish("credential", id=credential["id"])

    async def _require_same(self, held: Document, credential: Document) -> Check:
        """The one row about it. Raises `UntrustedError` badge_differs, `UnreachableError` badge_unchecked."""
        secured, checks = await checking.examine_other(held, checking.Round(self._node))
        bad = [check for check in checks if check.result is Result.FAIL]
        open_ = [check for check in checks if check.code in MUST_PASS and check.result is Result.UNKNOWN]
        if bad:
            raise UntrustedError("badge_differs", f"The badge was refused: {bad[0].label}: {bad[0].detail}")
        if open_:
            raise UnreachableError("badge_unchecked", "The badge could not be checked now.")
        if (secured.issuer, secured.key) != (credential["issuer"]["did"], credential["issuer_key"]):
            raise UntrustedError("badge_differs", "The badge is signed with another key than the credential.")
        return checking.other_row(held, secured.key, checks, first_key=credential["issuer_key"])

    async def _refuse(self, offer: Document, error: CairnError) -> None:
        log.warning("the badge was refused", offer=offer["id"][:6], code=error.code)
        offer["badge"] |= {"state": "refused", "code": error.code, "detail": error.detail}
        if await self._save(offer):
            self._node.bus.publish("offer", id=offer["id"], state=offer["state"])

    async def _save(self, offer: Document) -> bool:
        """Not when it is gone, which it is together with its credential."""
        async with self._node.history_lock:
            if await self._node.vault.get(self._offer, offer["id"]) is None:
                return False
            await self._node.vault.put(Put(self._offer, offer["id"], offer))
        return True


def wanted(payload: Document) -> Document | None:
    """What an offer's signed document says of a second copy, as the wallet notes it."""
    offered = payload.get("envelopes")
    if isinstance(offered, list) and NAME in offered:
        return {"state": "wanted", "holder": ""}
    return None


def _is_wanted(offer: Document) -> bool:
    return offer["state"] == "accepted" and (offer.get("badge") or {}).get("state") == "wanted"

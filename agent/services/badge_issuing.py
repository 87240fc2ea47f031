"""The issuer's side of the second envelope: the Open Badge beside an AnonCreds credential, by the same link.

The wallet proves with a signed presentation, made for this offer and this address, that it has the key of the DID
that the badge is to be about. A badge is made once per offer and asked for as often as a wallet likes; its places
on the status lists are written down together with it, so a crash neither loses nor doubles them.
"""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

from agent.core.record import Record
from agent.core.verdict import Result
from agent.errors import ConflictError, InputError, UntrustedError
from agent.services import clock, signing
from agent.services.node import Node
from agent.services.status_lists import Slot, StatusLists
from agent.store.vault import Document, Put
from agent.vc import badge, dids, rules, schemas
from agent.vc.edition import badge_edition
from agent.vc.facts import Facts

SUITE = "eddsa-rdfc-2022"
WANTED = frozenset({"presentation_signature", "freshness"})


class BadgeIssuing:
    def __init__(self, node: Node, lists: StatusLists) -> None:
        self._node = node
        self.lists = lists

    async def issue(self, offer: Document, presentation: Any) -> tuple[Document, Put | None]:
        """The signed badge; what has to be written together with the offer, in which it is noted, if it is new.

        Raises `UntrustedError` not_the_holder, `ConflictError` badge_taken, `InputError`.
        """
        holder = self._holder(presentation, challenge=offer["id"])
        made = offer.get("badge")
        if made is not None:
            if made["holder"] != holder:
                raise ConflictError("badge_taken", "The badge of this offer was made for another wallet key.")
            return made["document"], None
        record = badge_edition(Record.from_json(offer["record"]), holder)
        place = await self.lists.allocate()
        document = badge.to_badge(
            record,
            issuer_did=self._node.settings.did,
            credential_id=record.id,
            subject_id=holder,
            valid_from=_start(record),
            status=[entry for entry in place.credential_status if entry["statusPurpose"] in self._purposes()],
        )
        # The schema takes one status entry; a second one is the issuer's choice (see the setting).
        single = document | {"credentialStatus": place.credential_status[0]}
        if problems := schemas.check(single):
            raise InputError(
                "not_a_badge", f"The record makes no badge that 1EdTech's schema takes: {problems[0].path}."
            )
        signed = await signing.sign(
            self._node,
            document,
            did=self._node.settings.did,
            suite=SUITE,
            now=clock.now(),
            as_list=True,  # 1EdTech's JSON Schema takes ``proof`` as an array only
        )
        offer["badge"] = {
            "holder": holder,
            "document": signed,
            "slot": place.slot.to_json(),
            "purposes": self._purposes(),
        }
        return signed, place.put

    def _purposes(self) -> list[str]:
        return ["revocation", *(["suspension"] if self._node.settings.badge_suspension else [])]

    def _holder(self, presentation: Any, *, challenge: str) -> str:
        """The did:key that signed ``presentation`` for this offer and our address, just now."""
        holder = presentation.get("holder") if isinstance(presentation, dict) else None
        keys = dids.self_contained(holder) if isinstance(holder, str) else None
        if keys is None or not isinstance(holder, str) or presentation.get("verifiableCredential"):
            raise InputError("bad_presentation", "The wallet's key must be a DID that holds its key itself.")
        facts = Facts(now=clock.now(), keys={holder: keys})
        examined = rules.examine(
            presentation, facts, challenge=challenge, domain=self._node.settings.public_base
        )
        found = {check.code: check.result for check in examined.checks if check.code in WANTED}
        if set(found) != WANTED or any(result is not Result.PASS for result in found.values()):
            raise UntrustedError("not_the_holder", "The wallet did not prove that it has the key.")
        return holder

    async def mark(self, offer: Document, purpose: str, value: bool) -> None:
        """Revoke, suspend or reinstate the badge of an offer, if it has one. Idempotent."""
        made = offer.get("badge")
        if made is not None and purpose in made["purposes"]:
            await self.lists.set_status(Slot.from_json(made["slot"]), purpose, value)


def _start(record: Record) -> datetime:
    """A badge is valid from the day of award; a record without one from now on."""
    if record.awarded_on is None:
        return clock.now()
    return datetime.combine(record.awarded_on, time.min, tzinfo=UTC)

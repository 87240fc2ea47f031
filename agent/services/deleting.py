"""Deleting a credential: what is lost is said first, and what was said is what is agreed to.

It cannot be taken back, so it is done in an order that a crash cannot turn into half of it: that it goes is written
down (kind ``deleting``), then ACA-Py deletes what it keeps, then one transaction removes everything of it from the
vault and writes the history. From the first step on the credential is gone for the learner; the rest is taken up again
after a crash, and when ACA-Py is away, as soon as it is back. Each step may be done twice.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import rfc8785
import structlog

from agent.acapy.admin import AdminClient
from agent.core.record import Record, text
from agent.core.stacks import plan
from agent.core.vocabularies import CREDIT_SYSTEMS
from agent.errors import AgentError, CairnError, ConflictError, ConsentError, NotFoundError
from agent.services import clock, digests, stacking
from agent.services.holding import CREDENTIAL, OFFER, Holding
from agent.services.importing import VISUAL, Importing
from agent.services.node import Node, is_away
from agent.services.sending import REQUEST
from agent.services.summaries import DELETING, SHELF
from agent.store import history
from agent.store.vault import Change, Document, Put, Remove

log = structlog.get_logger(__name__)

TRIES = 5
PAUSE_SECONDS = 5.0
MOST_PLANNED = 2000  # credentials; with more, what one counts towards is not worked out


class Deleting:
    def __init__(self, node: Node, holding: Holding) -> None:
        self._node = node
        self._holding = holding
        self._turns: dict[str, asyncio.Lock] = {}

    # ------------------------------------------------------------------ what is lost

    async def loss(self, id: str) -> Document:
        """``{"losses": [sentence], "expect"}``: to be shown before, and the hash to agree with it."""
        credential = await self._holding.credential(id)
        losses = [
            *_of_itself(credential, await self._offer_of(credential)),
            *await self._of_stacks(credential),
            *_of_shelf(await self._node.vault.get(SHELF, credential["id"])),
            *_of_shares(await self._holding.shares.of(credential["id"])),
            "A backup that was made before may still hold it.",
            "The history keeps that it was here, and that you deleted it.",
        ]
        said = rfc8785.dumps([credential["id"], losses])
        return {"losses": losses, "expect": hashlib.sha256(said).hexdigest()}

    async def _of_stacks(self, credential: Document) -> list[str]:
        if len(await self._holding.summaries.ids()) > MOST_PLANNED:
            return [
                f"It may count towards a stack: with more than {MOST_PLANNED} credentials that was not looked at."
            ]
        members = await stacking.members(self._holding)
        goals = [stacking.find_target(each["id"]) for each in stacking.targets()]
        today = clock.today()

        def counted() -> list[str]:
            found = []
            for goal in goals:
                whole = plan(goal, members, today=today)
                own = next(each for each in whole.members if each.member.id == credential["id"])
                if own.state == "counted":
                    unit = CREDIT_SYSTEMS.get(goal.unit, goal.unit)
                    found.append(
                        f"It counts {own.counts.normalize():f} of {goal.total} {unit} towards {text(goal.title)}."
                    )
            return found

        return await asyncio.to_thread(counted)

    async def _offer_of(self, credential: Document) -> Document | None:
        for offer in await self._node.vault.all(OFFER):
            if offer["credential_id"] == credential["id"]:
                return offer
        return None

    # ------------------------------------------------------------------ deleting

    async def delete(self, id: str, expect: str) -> Document:
        """Delete what was agreed to: ``expect`` is the hash of what `loss` said.

        Answers ``{"deleted": id}`` once it is certain to happen. Raises `ConsentError` loss_changed when something
        else would be lost than was said, `ConflictError` in_use while it is being sent to somebody.
        """
        credential = await self._holding.credential(id)
        id = credential["id"]
        async with self._turn(id):
            if (await self.loss(id))["expect"] != expect:
                raise ConsentError(
                    "loss_changed",
                    "What would be lost is not what was shown.",
                    "Look at it again, then delete.",
                )
            await self._require_unused(id)
            offer = await self._offer_of(credential)
            gone: Document = {
                "id": id,
                "referent": credential.get("referent", ""),
                "thread_id": "" if offer is None else offer["thread_id"],
                "offer": "" if offer is None else offer["id"],
                "at": clock.stamp(clock.now()),
            }
            await self._node.vault.put(Put(DELETING, id, gone))
            self._node.bus.publish("credential", id=id)
        try:
            await self._finish(gone)
        except CairnError as error:
            log.warning("deleting goes on later", credential=id[:6], code=error.code)
            self._node.spawn(self._go_on(gone), f"delete {id[:6]}")
        return {"deleted": id}

    async def _require_unused(self, id: str) -> None:
        for request in await self._node.vault.all(REQUEST):
            used = ((request["consent"] or {}).get("spec") or {}).get("credentials", [])
            if request["state"] == "sending" and id in used:
                raise ConflictError(
                    "in_use",
                    "It is being sent to somebody at this moment.",
                    "Wait until that has ended, then delete it.",
                )

    async def resume(self) -> None:
        """After an unlock or a restart of ACA-Py: go on with what was being deleted."""
        for gone in await self._node.vault.all(DELETING):
            self._node.spawn(self._go_on(gone), f"delete {gone['id'][:6]}")

    async def _go_on(self, gone: Document) -> None:
        """It is decided. When ACA-Py stays away for longer than this, `resume` takes it up when it is back."""
        for _ in range(TRIES):
            try:
                await self._finish(gone)
                return
            except CairnError as error:
                log.warning("not deleted yet", credential=gone["id"][:6], code=error.code)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _finish(self, gone: Document) -> None:
        async with self._turn(gone["id"]):
            vault = self._node.vault
            if await vault.get(DELETING, gone["id"]) is None:
                return
            if gone["referent"]:
                await delete_at_agent(self._node.admin_now(), gone)
            async with self._node.history_lock:  # under which every credential is written
                credential = await vault.get(CREDENTIAL, gone["id"])
                removed: list[Change] = [Remove(DELETING, gone["id"]), Remove(SHELF, gone["id"])]
                if gone["offer"]:  # it has the same record
                    removed.append(Remove(OFFER, gone["offer"]))
                if credential is not None:
                    removed += [Remove(digests.BY_DIGEST, digest) for digest in _digests(credential)]
                    removed += [Remove(CREDENTIAL, gone["id"]), await self._entry(credential)]
                await vault.put(*removed)
        self._node.bus.publish("credential", id=gone["id"])
        if gone["offer"]:
            self._node.bus.publish("offer", id=gone["offer"], state="deleted")

    async def _entry(self, credential: Document) -> Put:
        return await history.next_entry(
            self._node.vault,
            at=clock.stamp(clock.now()),
            kind="deleted",
            party=credential["issuer"],
            title=text(Record.from_json(credential["record"]).title),
            outcome="deleted by you",
        )

    async def delete_badge(self, id: str) -> Document:
        """A visual badge: a picture that counts for nothing, so nothing has to be said first."""
        kept = await Importing(self._node).visual_badge(id)
        await self._node.vault.put(Remove(VISUAL, kept["id"]), Remove(digests.BY_DIGEST, kept["sha256"]))
        return {"deleted": kept["id"]}

    def _turn(self, id: str) -> asyncio.Lock:
        return self._turns.setdefault(id, asyncio.Lock())


async def delete_at_agent(admin: AdminClient, gone: Document) -> None:
    """ACA-Py's credential, and the exchange it came in, which has the same values. What is not there is done."""
    for exchange in await admin.credential_records(thread_id=gone["thread_id"]) if gone["thread_id"] else []:
        with suppress(NotFoundError):
            await admin.delete_credential_record(exchange.cred_ex_id)
    try:
        await admin.delete_credential(gone["referent"])
    except NotFoundError:
        return
    except AgentError as error:
        if is_away(error):
            raise
    try:  # whatever it answered: what counts is that it has it no longer
        await admin.get_credential(gone["referent"])
    except NotFoundError:
        return
    raise AgentError("not_deleted", "The agent still has the credential.", "It is tried again.")


def _digests(credential: Document) -> set[str]:
    """By which the same file would be taken for one that is here."""
    forms = (credential, *credential.get("also", {}).values())
    found = {digests.digest_of(digests.payload_of(form["secured"])) for form in forms if "secured" in form}
    if "imported" in credential:
        found.add(credential["imported"]["sha256"])
    return found


def _of_itself(credential: Document, offer: Document | None) -> list[str]:
    losses = ["It can no longer be shown to anybody."]
    if "imported" in credential:
        losses.append("It came from a file: it can be had again only if you still have that file.")
    elif offer is not None:
        losses.append("The issuer's offer has been used: it cannot be fetched again.")
    else:
        losses.append("It cannot be fetched from its issuer again.")
    if credential.get("also"):
        losses.append("Its Open Badge, which is kept with it, goes as well.")
    return losses


def _of_shelf(shelf: Document | None) -> list[str]:
    if shelf is None:
        return []
    losses = []
    if shelf["note"]:
        losses.append("Your note on it goes as well.")
    for one, several in (("collection", "collections"), ("tag", "tags")):
        if names := shelf[several]:
            losses.append(f"It leaves your {one if len(names) == 1 else several} {', '.join(names)}.")
    return losses


def _of_shares(shares: Sequence[dict[str, Any]]) -> list[str]:
    if not shares:
        return []
    times = "once" if len(shares) == 1 else f"{len(shares)} times"
    return [f"It was shown {times}; what was sent cannot be recalled."]

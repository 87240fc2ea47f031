"""Sending what was agreed to: a small state machine like accepting (see `holding`).

Connect → propose → compare the request that comes back → present → compare what was revealed. Two comparisons
guard the consent: the verifier's request must equal the proposal, and the presentation that left must reveal
exactly what was consented to; the second is kept in the history. A presentation is sent at most once per
consent: when it is not certain that it was *not* sent, no other is made. What ACA-Py notes as sent may still lie
in a queue that a crash empties, here or there; until it is acknowledged, that same presentation is sent again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from agent.acapy.records import PresentationExchange
from agent.core import disclosure as disclosing
from agent.core.disclosure import Disclosure
from agent.core.limits import LIMITS
from agent.core.reading import revealed_paths
from agent.errors import CairnError, ConflictError, ConsentError, InputError, NotFoundError, UnreachableError
from agent.services import clock, links, views
from agent.services.holding import CREDENTIAL
from agent.services.node import Node, is_away
from agent.store import history
from agent.store.vault import Document, Put

log = structlog.get_logger(__name__)

REQUEST = "request"
POLL_SECONDS = 2.0
RESUME_SECONDS = (
    25.0  # nobody waits for what a crash interrupted: the sooner it says that it was not sent, the better
)
RECEIPT_SECONDS = 15.0  # without an acknowledgement for so long, the same presentation is sent again …
RESENDS = 5  # … so often, and again after the next start


async def stored(node: Node, id: str) -> Document:
    """Raises `NotFoundError`."""
    request = await node.vault.get(REQUEST, id)
    if request is None:
        raise NotFoundError("no_such_request", "There is no such request.")
    return request


async def save(node: Node, request: Document) -> None:
    await node.vault.put(Put(REQUEST, request["id"], request))
    node.bus.publish("request", id=request["id"], state=request["state"])


class Sending:
    """``lock`` gives the lock of a request's link, under which a request changes its state."""

    def __init__(self, node: Node, lock: Callable[[str], asyncio.Lock]) -> None:
        self._node = node
        self._lock = lock

    async def send(self, request: Document, chosen: Disclosure) -> Document:
        """Send exactly ``chosen``. The consent is written down before anything leaves."""
        proposal = disclosing.proposal(
            chosen, schema_id=request["schema_id"], now=int(clock.now().timestamp())
        )
        request |= {
            "state": "sending",
            "consent": {
                "hash": chosen.hash(),
                "paths": list(disclosing.consented_paths(chosen)),
                "proposal": proposal,
                "spec": await self._spec(chosen),
            },
            "connection_id": "",
            "proposing": False,
            "pres_ex_id": "",
            "error": None,
        }
        await save(self._node, request)
        try:
            async with asyncio.timeout(LIMITS.exchange_seconds):
                return await self._drive(request["id"])
        except TimeoutError:
            return await self._give_up(request["id"])

    async def resume(self) -> None:
        """After an unlock or a restart of ACA-Py: finish what was being sent, or say that it was not."""
        for request in await self._node.vault.all(REQUEST):
            if request["state"] == "sending":
                self._node.spawn(self._resume_one(request["id"]), f"resume {request['id'][:6]}")
            elif request["state"] == "sent" and not request.get("received", True):
                self._node.spawn(self._until_received(request["id"], at_once=True), "a receipt")

    async def _resume_one(self, id: str) -> None:
        async with self._lock((await stored(self._node, id))["link"]):
            try:
                async with asyncio.timeout(RESUME_SECONDS):
                    await self._drive(id)
            except TimeoutError:
                await self._give_up(id)

    async def _until_received(self, id: str, *, at_once: bool = False) -> None:
        """Send the same presentation again until the other side acknowledges one, or ends the exchange."""
        request = await stored(self._node, id)
        for turn in range(RESENDS + 1):
            if at_once or turn:
                log.info("a presentation is sent again", request=id[:6], turn=turn)
                await (await self._node.admin()).resend_presentation(request["pres_ex_id"])
            if await self._acknowledged(request):
                await self._node.vault.put(Put(REQUEST, id, request | {"received": True}))
                return

    async def _acknowledged(self, request: Document) -> bool:
        loop = asyncio.get_running_loop()
        end = loop.time() + RECEIPT_SECONDS
        while True:
            heard = self._node.changes.count(request["connection_id"])
            exchange = await (await self._node.admin()).presentation_record(request["pres_ex_id"])
            if exchange.state != "presentation-sent":
                return True
            left = end - loop.time()
            if left <= 0:
                return False
            await self._node.changes.wait(request["connection_id"], heard, seconds=left)

    async def _drive(self, id: str) -> Document:
        while True:
            request = await stored(self._node, id)
            if request["state"] != "sending":
                return request
            heard = self._node.changes.count(request["connection_id"])
            try:
                moved = await self._advance(request)
            except CairnError as error:
                if not is_away(error):
                    return await self._end(id, error)
                moved = False
            if not moved:
                await self._node.changes.wait(request["connection_id"], heard, seconds=POLL_SECONDS)

    async def _advance(self, request: Document) -> bool:
        """One step; true when another may follow at once. Every step is safe to repeat after a crash."""
        admin = await self._node.admin()
        bus, id = self._node.bus, request["id"]
        if not request["connection_id"]:
            with views.step(bus, id, "connecting to the employer's agent"):
                link = links.parse_link(request["link"], "r")
                answer = await links.call(self._node, link, "connect", {})
                if not isinstance(answer.get("invitation"), dict):
                    raise InputError("unexpected_answer", "The employer's answer is not an invitation.")
                received = await admin.receive_invitation(answer["invitation"])
            await save(self._node, request | {"connection_id": received.connection_id})
            return True
        if not request["pres_ex_id"]:
            return await self._propose(request)
        exchange = await admin.presentation_record(request["pres_ex_id"])
        if exchange.state == "request-received":
            await self._present(request, exchange)
            return True
        if exchange.state in ("presentation-sent", "done"):
            await self._sent(request, exchange)
            return True
        if exchange.state in ("abandoned", "deleted"):
            raise ConflictError(
                "exchange_abandoned", "The employer's agent ended the exchange.", exchange.error[:200]
            )
        return False

    async def _propose(self, request: Document) -> bool:
        """Once per connection. That we are about to is noted first: a crash may lose the exchange's id, which is
        then found by its connection."""
        admin = await self._node.admin()
        if await admin.connection_state(request["connection_id"]) != "completed":
            return False
        found = await self._exchange(request)
        if found is None:
            await save(self._node, request | {"proposing": True})
            with views.step(self._node.bus, request["id"], "proposing what you agreed to"):
                proposal = request["consent"]["proposal"]
                found = await admin.send_proposal(request["connection_id"], proposal)
        await save(self._node, request | {"pres_ex_id": found.pres_ex_id})
        return True

    async def _exchange(self, request: Document) -> PresentationExchange | None:
        """By id, or by its connection, which serves one exchange only (a search through all: only after a crash)."""
        admin = await self._node.admin()
        if request["pres_ex_id"]:
            return await admin.presentation_record(request["pres_ex_id"])
        if not request.get("proposing"):
            return None
        found = await admin.presentation_records(connection_id=request["connection_id"], role="prover")
        return found[-1] if found else None

    async def _present(self, request: Document, exchange: PresentationExchange) -> None:
        admin = await self._node.admin()
        consent = request["consent"]
        differences = disclosing.compare_request(consent["proposal"], exchange.request)
        if differences:
            await admin.presentation_problem_report(
                exchange.pres_ex_id, "The request differs from the consent."
            )
            raise ConsentError(
                "request_differs",
                f"The employer's request is not what you agreed to: {'; '.join(differences[:3])}.",
                "Nothing was sent.",
            )
        with views.step(self._node.bus, request["id"], "making and sending the proof"):
            await admin.send_presentation(
                exchange.pres_ex_id,
                attributes=consent["spec"]["attributes"],
                predicates=consent["spec"]["predicates"],
            )

    async def _sent(self, request: Document, exchange: PresentationExchange) -> None:
        """Compare what left with what was agreed to, and write both down."""
        revealed = list(revealed_paths(exchange.presentation))
        consent = request["consent"]
        matches = revealed == consent["paths"]
        if not matches:
            log.error("a presentation revealed other paths than consented", request=request["id"][:6])
        moment = clock.stamp(clock.now())
        outcome: Document = {
            "at": moment,
            "sent_claims": revealed,
            "matches_consent": matches,
            "detail": "Sent; it revealed exactly what you agreed to."
            if matches
            else "What was revealed differs from what you agreed to.",
        }
        request |= {"state": "sent", "outcome": outcome, "pres_ex_id": exchange.pres_ex_id, "error": None}
        request |= {"draft": None, "received": exchange.state == "done"}
        request["consent"] = {
            "hash": consent["hash"],
            "paths": consent["paths"],
            "credentials": consent["spec"]["credentials"],
        }
        async with self._node.history_lock:
            entry = await history.next_entry(
                self._node.vault,
                at=moment,
                kind="presented",
                party=request["requester"],
                title=request["policy"]["title"],
                claims=revealed,
                request_hash=consent["hash"],
                outcome="sent" if matches else "sent, and it differs from the consent",
                credentials=consent["spec"]["credentials"],
            )
            await self._node.vault.put(Put(REQUEST, request["id"], request), entry)
        self._node.bus.publish("request", id=request["id"], state="sent")
        if not request["received"]:
            self._node.spawn(self._until_received(request["id"]), "a receipt")

    async def _spec(self, chosen: Disclosure) -> Document:
        """Which of ACA-Py's credentials answers which referent."""
        referents: dict[str, str] = {}
        for item in chosen.items:
            credential = await self._node.vault.get(CREDENTIAL, item.credential)
            if credential is not None:
                referents[item.credential] = credential["referent"]
        spec = disclosing.requested_credentials(chosen, referents)
        return {
            "attributes": {name: part["cred_id"] for name, part in spec["requested_attributes"].items()},
            "predicates": {name: part["cred_id"] for name, part in spec["requested_predicates"].items()},
            "credentials": [item.credential for item in chosen.items],
        }

    async def _give_up(self, id: str) -> Document:
        late = UnreachableError("no_answer", "The other side did not answer in time.", "Try again later.")
        return await self._end(id, late)

    async def _end(self, id: str, error: CairnError) -> Document:
        """It failed, unless the presentation has left all the same: then that is what is written down.

        Ends the exchange, so that it cannot go on later without a new consent. When our own ACA-Py cannot say
        how it stands, that error is raised and the request stays ``sending`` until it can (see `resume`).
        """
        request = await stored(self._node, id)
        exchange = await self._exchange(request) if request["connection_id"] else None
        if exchange is not None and exchange.state in ("presentation-sent", "done"):
            await self._sent(request, exchange)
            return await stored(self._node, id)
        if exchange is not None and exchange.state not in ("abandoned", "deleted"):
            admin = await self._node.admin()
            await admin.presentation_problem_report(exchange.pres_ex_id, error.code)
        return await self._failed(request, error)

    async def _failed(self, request: Document, error: CairnError) -> Document:
        log.warning("presenting failed", request=request["id"][:6], code=error.code)
        request |= {
            "state": "failed",
            "consent": None,
            "connection_id": "",
            "proposing": False,
            "pres_ex_id": "",
            "error": {"code": error.code, "detail": error.detail, "hint": error.hint},
        }
        await save(self._node, request)
        return request

"""The employer's side: requests by short link, the proposals that answer them, and verdicts.

A wallet connects through the link, proposes a disclosure, and gets exactly that as a proof request if it
satisfies the policy. What comes back is verified by ACA-Py *and* re-checked here (`agent.core.presentation`),
because ACA-Py's answer leaves out which credential a referent came from, whether a status list is the newest,
and who the issuer is.

A request answers to ``max_responses`` presentations; each has a response document: proposed → requested →
verified, or refused (with the reason), or abandoned.
"""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import structlog

from agent.acapy.events import Event
from agent.acapy.records import PresentationExchange
from agent.core import signed_link
from agent.core.anoncreds_json import read_request
from agent.core.limits import LIMITS
from agent.core.matching import request_problems
from agent.core.policy import Policy, flags
from agent.errors import AgentError, CairnError, ConflictError, ExpiredError, InputError, NotFoundError
from agent.services import clock, judging, links
from agent.services.identity import Identity
from agent.services.node import Node, is_away
from agent.store.vault import Document, Put

log = structlog.get_logger(__name__)

KIND = "asked_request"
BY_INVITATION = "asked_invitation"  # invi_msg_id → request code
RESPONSE = "response"
TOPIC = "present_proof_v2_0"
OF_INTEREST = frozenset({"proposal-received", "presentation-received", "abandoned"})
RESPONSE_SECONDS = 2 * LIMITS.exchange_seconds
DECLINES_KEPT = 100  # the newest; anybody who has the link can decline again and again


class Asking:
    def __init__(self, node: Node, identity: Identity) -> None:
        self._node = node
        self._identity = identity
        self._locks: dict[str, asyncio.Lock] = {}
        node.webhooks.subscribe(self._on_event)

    # ------------------------------------------------------------------ the recruiter

    async def new_request(
        self, policy_json: Any, *, expires_in_days: float = LIMITS.request_days, max_responses: int = 1
    ) -> Document:
        """Make a request; answers the stored document with its ``link`` and the policy's ``flags``."""
        policy = Policy.from_json(policy_json)
        if not 1 <= max_responses <= 100_000 or not 0 < expires_in_days <= 365:
            raise InputError(
                "bad_request", "A request takes 1 to 100000 responses and lives at most 365 days."
            )
        schema_id = await self._identity.schema_id()
        moment = clock.now()
        code = links.new_code()
        request: Document = {
            "id": code,
            "link": f"{self._node.settings.public_base}/r/{code}",
            "state": "open",
            "policy": policy.to_json(),
            "schema_id": schema_id,
            "title": policy.title,
            "flags": [flag.to_json() for flag in flags(policy)],
            "made_at": clock.stamp(moment),
            "expires_at": clock.stamp(clock.after(moment, days=expires_in_days)),
            "max_responses": max_responses,
            "responses": [],
            "declined": [],
        }
        await self._save(request)
        return request

    async def requests(self) -> list[Document]:
        return sorted(await self._node.vault.all(KIND), key=lambda request: str(request["made_at"]))

    async def request(self, code: str) -> Document:
        request = await self._node.vault.get(KIND, code)
        if request is None:
            raise NotFoundError("no_such_request", "There is no such request.")
        return request

    async def responses(self, code: str) -> list[Document]:
        """Every answer to a request, oldest first."""
        found = [await self._node.vault.get(RESPONSE, id) for id in (await self.request(code))["responses"]]
        return [response for response in found if response is not None]

    async def response(self, id: str) -> Document:
        response = await self._node.vault.get(RESPONSE, id)
        if response is None:
            raise NotFoundError("no_such_response", "There is no such response.")
        return response

    # ------------------------------------------------------------------ the link

    async def document(self, code: str) -> str:
        request = await self.request(code)
        self._require_open(request)
        return await links.sign(
            self._node,
            signed_link.REQUEST_TYP,
            {
                "iat": int(clock.parse(request["made_at"]).timestamp()),
                "exp": int(clock.parse(request["expires_at"]).timestamp()),
                "jti": code,
                "requester": self._node.settings.name,
                "schema_id": request["schema_id"],
                "policy": request["policy"],
            },
        )

    async def connect(self, code: str) -> dict[str, Any]:
        """A wallet wants to answer: an invitation for this answer alone."""
        self._require_open(await self.request(code))
        admin = await self._node.admin()
        invitation = await admin.create_invitation()
        await self._node.vault.put(Put(BY_INVITATION, invitation.invi_msg_id, {"request": code}))
        return {"invitation": invitation.message}

    async def decline(self, code: str, reason: str) -> None:
        """Nobody says who declined: the learner did not identify."""
        await self.request(code)
        async with self._lock(code):
            request = await self.request(code)
            self._require_open(request)
            declined = {"at": clock.stamp(clock.now()), "reason": reason[:500]}
            request["declined"] = [*request["declined"], declined][-DECLINES_KEPT:]
            await self._save(request)
        self._node.bus.publish("request", id=code, state="declined")

    # ------------------------------------------------------------------ exchanges

    def _on_event(self, event: Event) -> None:
        if event.topic == TOPIC and event["role"] == "verifier" and event.state in OF_INTEREST:
            self._node.spawn(self._advance(event["pres_ex_id"]), "answer a proposal")

    async def resume(self) -> None:
        """After a restart: proposals nobody has looked at, and responses without a verdict yet."""
        admin = await self._node.admin()
        waiting = {
            exchange.pres_ex_id
            for exchange in await admin.presentation_records(state="proposal-received", role="verifier")
        }
        for response in await self._node.vault.all(RESPONSE):
            if response["state"] == "requested":
                waiting.add(response["pres_ex_id"])
                self._node.spawn(self._expire(response["pres_ex_id"]), "deadline of a response")
        for pres_ex_id in waiting:
            self._node.spawn(self._advance(pres_ex_id), "resume a response")

    async def _advance(self, pres_ex_id: str) -> None:
        async with self._lock(pres_ex_id):
            exchange = await (await self._node.admin()).presentation_record(pres_ex_id)
            if exchange.state == "proposal-received":
                await self._proposed(exchange)
            elif exchange.state in ("presentation-received", "done"):
                await self._presented(exchange)
            elif exchange.state == "abandoned":
                await self._abandoned(exchange)

    async def _proposed(self, exchange: PresentationExchange) -> None:
        """The proposal becomes the request, if it satisfies the policy and asks for nothing else."""
        admin = await self._node.admin()
        # There is one already when we died after admitting the proposal.
        response = await self._response_of(exchange.pres_ex_id)
        if response is None:
            try:
                response = await self._admit(exchange)
            except CairnError as error:
                log.info("proposal refused", code=error.code)
                reason = f"{error.code}: {error.detail}"[:300]
                await admin.presentation_problem_report(exchange.pres_ex_id, reason)
                return
            self._node.spawn(self._expire(exchange.pres_ex_id), "deadline of a response")
        sent = await admin.send_bound_request(exchange.pres_ex_id)
        response["nonce"] = str(sent.request.get("nonce", ""))
        await self._node.vault.put(Put(RESPONSE, response["id"], response))

    async def _admit(self, exchange: PresentationExchange) -> Document:
        """A response document for a proposal that may go on. Raises `CairnError` with the reason why not."""
        request = await self._request_of(exchange.connection_id)
        problems = request_problems(
            Policy.from_json(request["policy"]),
            read_request(exchange.proposal),
            schema_id=request["schema_id"],
            today=clock.today(),
        )
        if problems:
            raise ConflictError("not_what_was_asked", "; ".join(problems[:3]))
        response: Document = {
            "id": uuid.uuid4().hex,
            "request": request["id"],
            "pres_ex_id": exchange.pres_ex_id,
            "state": "requested",
            "proposed_at": clock.stamp(clock.now()),
            "nonce": "",
            "verdict": None,
            "items": [],
        }
        async with self._lock(request["id"]):
            request = await self.request(request["id"])
            self._require_open(request)
            request["responses"].append(response["id"])
            await self._node.vault.put(
                Put(KIND, request["id"], request),
                Put(RESPONSE, response["id"], response),
                Put("response_exchange", exchange.pres_ex_id, {"response": response["id"]}),
            )
        return response

    async def _presented(self, exchange: PresentationExchange) -> None:
        """Verify, judge, write down. ACA-Py verifies once; a verdict that a crash swallowed is made again."""
        response = await self._response_of(exchange.pres_ex_id)
        if response is None:
            return
        if response["verdict"] is not None:
            await self._verified(exchange)  # it came again, for want of our acknowledgement: this sends one
            return
        request = await self.request(response["request"])
        exchange = await self._verified(exchange)
        # A crash may have come between sending the request and noting its nonce; ACA-Py's record is ours.
        response["nonce"] = response["nonce"] or str(exchange.request.get("nonce", ""))
        judged = await judging.judge(
            self._node, Policy.from_json(request["policy"]), request, response, exchange
        )
        response |= judged | {"state": "verified", "verified_at": clock.stamp(clock.now())}
        await self._node.vault.put(Put(RESPONSE, response["id"], response))
        self._node.bus.publish("verdict", id=response["id"])

    async def _verified(self, exchange: PresentationExchange) -> PresentationExchange:
        """With ACA-Py's word on the proof, or without it when ACA-Py could not tell: then it is unknown."""
        if exchange.state == "presentation-received":
            try:
                return await (await self._node.admin()).verify_presentation(exchange.pres_ex_id)
            except AgentError as error:  # say, an object it needs cannot be had
                if is_away(error):
                    raise  # it is being started again; `resume` comes back to this response
                log.warning("ACA-Py did not verify", code=error.code)
        return exchange

    async def _expire(self, pres_ex_id: str) -> None:
        """A wallet that proposed and fell silent must not use up the request for ever."""
        await asyncio.sleep(RESPONSE_SECONDS)
        async with self._lock(pres_ex_id):
            response = await self._response_of(pres_ex_id)
            if response is None or response["state"] != "requested":
                return
            admin = await self._node.admin()
            exchange = await admin.presentation_record(pres_ex_id)
            if exchange.state in ("proposal-received", "request-sent"):
                await admin.presentation_problem_report(pres_ex_id, "The deadline has passed.")
                await self._abandoned(exchange)

    async def _abandoned(self, exchange: PresentationExchange) -> None:
        response = await self._response_of(exchange.pres_ex_id)
        if response is None or response["state"] != "requested":
            return
        response |= {"state": "abandoned"}
        async with self._lock(response["request"]):
            request = await self.request(response["request"])
            request["responses"] = [id for id in request["responses"] if id != response["id"]]
            await self._node.vault.put(
                Put(RESPONSE, response["id"], response), Put(KIND, request["id"], request)
            )
        self._node.bus.publish("verdict", id=response["id"])

    async def recheck(self, id: str) -> Document:
        """Judge a stored presentation again, as of now: statuses, registry and dates may have changed."""
        response = await self.response(id)
        if response["state"] != "verified":
            raise ConflictError("not_verified", f"This response is {response['state']}.")
        request = await self.request(response["request"])
        exchange = await (await self._node.admin()).presentation_record(response["pres_ex_id"])
        exchange = await self._verified(exchange)
        self._node.forget_answers()
        response |= await judging.judge(
            self._node, Policy.from_json(request["policy"]), request, response, exchange
        )
        response["verified_at"] = clock.stamp(clock.now())
        await self._node.vault.put(Put(RESPONSE, id, response))
        return response

    # ------------------------------------------------------------------ helpers

    async def _request_of(self, connection_id: str) -> Document:
        """The request whose invitation made this connection: an answer cannot choose its question."""
        admin = await self._node.admin()
        link = await self._node.vault.get(BY_INVITATION, await admin.invitation_of(connection_id))
        if link is None:
            raise NotFoundError("no_such_request", "This connection does not belong to a request.")
        return await self.request(str(link["request"]))

    async def _response_of(self, pres_ex_id: str) -> Document | None:
        link = await self._node.vault.get("response_exchange", pres_ex_id)
        return None if link is None else await self._node.vault.get(RESPONSE, str(link["response"]))

    def _require_open(self, request: Document) -> None:
        if clock.now() >= clock.parse(request["expires_at"]):
            raise ExpiredError("expired", "This request has expired.")
        if len(request["responses"]) >= request["max_responses"]:
            raise ConflictError("already_used", "This request has been answered.")

    async def _save(self, request: Document) -> None:
        await self._node.vault.put(Put(KIND, request["id"], request))

    def _lock(self, key: str) -> asyncio.Lock:
        return self._locks.setdefault(key, asyncio.Lock())

"""The learner's side of a request: review, plan, consent, send, decline.

Sending is a small state machine like accepting (see `holding`): connect → propose → compare the request that
comes back → present → compare what was revealed. Two comparisons guard the consent: the verifier's request
must equal the proposal, and the presentation that left must reveal exactly what was consented to; the second
is kept in the history. A presentation is sent at most once per consent: when it is not certain that it was
*not* sent, it is not sent again.
"""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import structlog

from agent.acapy.records import PresentationExchange
from agent.core import disclosure as disclosing
from agent.core.consent import EarlierShare, screen, screen_unsatisfiable
from agent.core.disclosure import Disclosure
from agent.core.limits import LIMITS
from agent.core.needs import hidden_levels, needs
from agent.core.planning import Candidate, Plan, Unsatisfiable, common_outcome, plan
from agent.core.policy import Policy, flags
from agent.core.reading import revealed_paths
from agent.core.record import Record, text
from agent.core.verdict import Result
from agent.errors import (
    CairnError,
    ConflictError,
    ConsentError,
    ExpiredError,
    InputError,
    NotFoundError,
    UnreachableError,
)
from agent.services import checking, clock, links, trust, views
from agent.services.holding import CREDENTIAL, Holding
from agent.services.node import Node, is_away
from agent.store import history
from agent.store.vault import Document, Put
from trust_registry import objects
from trust_registry.errors import ObjectError

log = structlog.get_logger(__name__)

REQUEST = "request"
POLL_SECONDS = 2.0
CLOSED = frozenset({"sent", "declined", "sending"})  # looking at the link again does not open these


class Presenting:
    def __init__(self, node: Node, holding: Holding) -> None:
        self._node = node
        self._holding = holding
        self._locks: dict[str, asyncio.Lock] = {}

    # ------------------------------------------------------------------ review and plan

    async def review(self, link_text: str) -> Document:
        """Fetch and verify a request, and plan an answer. Nothing is sent. Idempotent per link."""
        link = links.parse_link(link_text, "r")
        known = await self._by_link(link.url)
        if known is not None and known["state"] in CLOSED:
            return await self.view(known["id"])
        async with self._lock(link.url):  # what is sent or declined meanwhile must not be opened again
            known = await self._by_link(link.url)
            if known is None or known["state"] not in CLOSED:
                known = await self._read(link, known)
        return await self.view(known["id"])

    async def _read(self, link: links.Link, known: Document | None) -> Document:
        document = await links.open_link(self._node, link)
        payload = document.payload
        policy = Policy.from_json(payload.get("policy"))
        requester = payload.get("requester")
        if not isinstance(requester, str) or not 0 < len(requester) <= 200:
            raise InputError("bad_request_document", "The request does not name its sender.")
        schema_id = payload.get("schema_id")
        if not isinstance(schema_id, str) or not _is_schema(schema_id):
            raise InputError("bad_request_document", "The request does not name a schema.")
        request: Document = {
            "id": known["id"] if known else uuid.uuid4().hex,
            "link": link.url,
            "code": link.code,
            "state": "open",
            "requester": views.party(document.iss, requester),
            "identity": {
                "how": "web address only: signed with the key that this address publishes",
                "key": document.key,
            },
            "schema_id": schema_id,
            "policy": policy.to_json(),
            "received_at": clock.stamp(clock.now()),
            "expires_at": clock.stamp(clock.from_unix(payload["exp"])),
            "consent": None,
            "connection_id": "",
            "proposing": False,
            "pres_ex_id": "",
            "outcome": None,
            "error": None,
        }
        await self._save(request)
        return request

    async def requests(self) -> list[Document]:
        """All requests, newest first, without plans (see `view`)."""
        found = [_aged(request) for request in await self._node.vault.all(REQUEST)]
        newest_first = sorted(found, key=lambda request: str(request["received_at"]), reverse=True)
        return [self._shown(request) | {"plan": None, "missing": []} for request in newest_first]

    async def request(self, id: str) -> Document:
        request = await self._node.vault.get(REQUEST, id)
        if request is None:
            raise NotFoundError("no_such_request", "There is no such request.")
        return _aged(request)

    async def view(self, id: str, include: frozenset[str] = frozenset()) -> Document:
        """A request with the plan against what is held now; a closed one is shown as it ended."""
        request = await self.request(id)
        if request["state"] not in ("open", "failed"):
            return self._shown(request) | {"plan": None, "missing": []}
        policy = Policy.from_json(request["policy"])
        planned = await self._plan(request, include)
        if isinstance(planned, Unsatisfiable):
            shown = screen_unsatisfiable(planned)
            return self._shown(request) | {
                "plan": None,
                "missing": list(planned.missing),
                "left_out": shown["left_out"],
            }
        chosen = disclosing.disclose(
            planned, policy, requester=request["requester"]["did"], request_id=request["code"]
        )
        shown = screen(
            chosen,
            planned,
            policy,
            schema_id=request["schema_id"],
            now=int(clock.now().timestamp()),
            earlier=await self._earlier(),
        )
        return self._shown(request) | {"plan": shown, "missing": []}

    async def _earlier(self) -> list[EarlierShare]:
        return [
            EarlierShare(
                entry["at"][:10], entry["party"]["did"], entry["party"]["host"], tuple(entry["claims"])
            )
            for entry in await history.entries(self._node.vault)
            if entry["kind"] == "presented"
        ]

    async def candidates(self, request: Document, include: frozenset[str]) -> list[Candidate]:
        """What is held, each with its status and the registry's word as of now."""
        held = await self._holding.recheck_all()
        return list(await asyncio.gather(*(self._candidate(each, request, include) for each in held)))

    async def _plan(self, request: Document, include: frozenset[str]) -> Plan | Unsatisfiable:
        candidates = await self.candidates(request, include)
        return plan(Policy.from_json(request["policy"]), candidates, today=clock.today(), include=include)

    async def _candidate(self, credential: Document, request: Document, include: frozenset[str]) -> Candidate:
        policy = Policy.from_json(request["policy"])
        record = Record.from_json(credential["record"])
        own = await checking.decide(self._node, credential)
        levels = hidden_levels(needs(policy, include))
        answers = await asyncio.gather(
            *(checking.decide(self._node, credential, eqf=level) for level in levels)
        )
        outcomes = ["" if answer.decision is None else answer.outcome for answer in answers]
        hidden = common_outcome(outcomes, accepted=policy.each.registry)
        outcome_at = dict(zip(levels, outcomes, strict=True))
        current, note = checking.currency(credential)
        if credential["schema_id"] != request["schema_id"]:
            current, note = Result.FAIL, "The request asks for credentials of another schema."
        return Candidate(
            id=credential["id"],
            title=text(record.title),
            attributes=credential["attributes"],
            schema_id=credential["schema_id"],
            cred_def_id=credential["cred_def_id"],
            issuer_did=credential["issuer"]["did"],
            revocable=bool(credential["rev_reg_id"]),
            outcome="" if own.outcome == trust.UNREACHABLE else own.outcome,
            outcome_hidden=hidden,
            outcome_at=outcome_at,
            current=current,
            note=note,
        )

    # ------------------------------------------------------------------ send

    async def present(self, id: str, *, expect: str, include: frozenset[str] = frozenset()) -> Document:
        """Send what was agreed to: ``expect`` is the hash of the plan that was shown.

        Everything is planned again at this moment; any difference raises `ConsentError` plan_changed and
        nothing is sent.
        """
        async with self._lock((await self.request(id))["link"]):
            request = await self.request(id)
            if request["state"] == "expired":
                raise ExpiredError("expired", "This request has expired.")
            if request["state"] not in ("open", "failed"):
                raise ConflictError("not_open", f"This request is {request['state']}.")
            policy = Policy.from_json(request["policy"])
            planned = await self._plan(request, include)
            if isinstance(planned, Unsatisfiable):
                raise ConsentError("unsatisfiable", "; ".join(planned.missing))
            chosen = disclosing.disclose(
                planned, policy, requester=request["requester"]["did"], request_id=request["code"]
            )
            if chosen.hash() != expect:
                raise ConsentError(
                    "plan_changed", "What would be sent is not what was shown.", "Review the request again."
                )
            return await self.send(request, chosen)

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
        await self._save(request)
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

    async def _resume_one(self, id: str) -> None:
        async with self._lock((await self.request(id))["link"]):
            try:
                async with asyncio.timeout(LIMITS.exchange_seconds):
                    await self._drive(id)
            except TimeoutError:
                await self._give_up(id)

    async def _drive(self, id: str) -> Document:
        while True:
            request = await self.request(id)
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
            await self._save(request | {"connection_id": received.connection_id})
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
            await self._save(request | {"proposing": True})
            with views.step(self._node.bus, request["id"], "proposing what you agreed to"):
                proposal = request["consent"]["proposal"]
                found = await admin.send_proposal(request["connection_id"], proposal)
        await self._save(request | {"pres_ex_id": found.pres_ex_id})
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
        request = await self.request(id)
        exchange = await self._exchange(request) if request["connection_id"] else None
        if exchange is not None and exchange.state in ("presentation-sent", "done"):
            await self._sent(request, exchange)
            return await self.request(id)
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
        await self._save(request)
        return request

    # ------------------------------------------------------------------ decline

    async def decline(self, id: str, reason: str) -> Document:
        """Tell the employer, then note it. Raises when the employer cannot be told; it then stays open."""
        async with self._lock((await self.request(id))["link"]):
            request = await self.request(id)
            if request["state"] not in ("open", "failed"):
                raise ConflictError("not_open", f"This request is {request['state']}.")
            link = links.parse_link(request["link"], "r")
            await links.call(self._node, link, "decline", {"reason": reason[:500]})
            request |= {"state": "declined", "error": None}
            async with self._node.history_lock:
                entry = await history.next_entry(
                    self._node.vault,
                    at=clock.stamp(clock.now()),
                    kind="declined",
                    party=request["requester"],
                    title=request["policy"]["title"],
                    outcome="declined",
                )
                await self._node.vault.put(Put(REQUEST, id, request), entry)
            self._node.bus.publish("request", id=id, state="declined")
            return await self.view(id)

    # ------------------------------------------------------------------ helpers

    def _shown(self, request: Document) -> Document:
        policy = Policy.from_json(request["policy"])
        hidden = ("schema_id", "consent", "connection_id", "proposing", "pres_ex_id", "code")
        return {name: value for name, value in request.items() if name not in hidden} | {
            "title": policy.title,
            "purpose": policy.purpose,
            "retention_days": policy.retention_days,
            "flags": [flag.to_json() for flag in flags(policy)],
        }

    async def _by_link(self, url: str) -> Document | None:
        for request in await self._node.vault.all(REQUEST):
            if request["link"] == url:
                return request
        return None

    async def _save(self, request: dict[str, Any]) -> None:
        await self._node.vault.put(Put(REQUEST, request["id"], request))
        self._node.bus.publish("request", id=request["id"], state=request["state"])

    def _lock(self, url: str) -> asyncio.Lock:
        return self._locks.setdefault(url, asyncio.Lock())


def _is_schema(identifier: str) -> bool:
    try:
        return objects.split_object_id(identifier).kind is objects.Kind.SCHEMA
    except ObjectError:
        return False


def _aged(request: Document) -> Document:
    if request["state"] in ("open", "failed") and clock.now() >= clock.parse(request["expires_at"]):
        return request | {"state": "expired"}
    return request

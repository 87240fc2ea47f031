"""The learner's side of a request: review, plan, consent, decline; what was agreed to is sent by `sending`."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from agent.core import disclosure as disclosing
from agent.core.attributes import to_attributes
from agent.core.consent import SIGNED_BADGE, EarlierShare, screen, screen_unsatisfiable
from agent.core.disclosure import Disclosure
from agent.core.needs import hidden_levels, needs
from agent.core.planning import Candidate, Plan, Unsatisfiable, common_outcome, plan
from agent.core.policy import Policy, flags
from agent.core.record import Record, text
from agent.core.verdict import Result
from agent.errors import (
    ConflictError,
    ConsentError,
    ExpiredError,
    InputError,
)
from agent.formats.registry import envelope_of
from agent.services import checking, clock, links, trust, views
from agent.services.holding import Holding
from agent.services.node import Node
from agent.services.sending import REQUEST, Sending, save, stored
from agent.store import history
from agent.store.vault import Document, Put
from trust_registry import objects
from trust_registry.errors import ObjectError

log = structlog.get_logger(__name__)

CLOSED = frozenset({"sent", "declined", "sending"})  # looking at the link again does not open these
DROPPED_TEXT = "The credential that you had chosen does not fit any more; the wallet chose again."


@dataclass(frozen=True, slots=True)
class Switches:
    """What the learner set on the consent screen: optional claims that are sent, and by item the credential
    chosen instead of the proposed one."""

    include: frozenset[str] = frozenset()
    choose: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> Document:
        return {"include": sorted(self.include), "choose": dict(self.choose)}

    @classmethod
    def kept(cls, request: Document) -> Switches:
        """Those of the draft that is kept with a request."""
        draft = request.get("draft") or {}
        return cls(frozenset(draft.get("include", ())), dict(draft.get("choose", {})))


UNTOUCHED = Switches()


class Presenting:
    def __init__(self, node: Node, holding: Holding) -> None:
        self._node = node
        self._holding = holding
        self._locks: dict[str, asyncio.Lock] = {}
        self._sending = Sending(node, self._lock)

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
            "draft": known.get("draft") if known else None,
        }
        await save(self._node, request)
        return request

    async def requests(self) -> list[Document]:
        """All requests, newest first, without plans (see `view`)."""
        found = [_aged(request) for request in await self._node.vault.all(REQUEST)]
        newest_first = sorted(found, key=lambda request: str(request["received_at"]), reverse=True)
        return [self._shown(request) | {"plan": None, "missing": []} for request in newest_first]

    async def request(self, id: str) -> Document:
        return _aged(await stored(self._node, id))

    async def view(self, id: str, switches: Switches | None = None, *, keep: bool = False) -> Document:
        """A request with the plan against what is held now; a closed one is shown as it ended.

        Without ``switches`` those that were kept are used. ``keep`` writes them down with the request, so that
        neither a lock nor a crash undoes what the learner set. Raises `ConsentError` choice_not_possible.
        """
        request = await self.request(id)
        if request["state"] not in ("open", "failed"):
            return self._shown(request) | {"plan": None, "missing": []}
        try:
            shown = await self._view(request, switches or Switches.kept(request))
        except ConsentError as error:
            if switches is not None or error.code != "choice_not_possible":
                raise
            # What was chosen once is gone or fits no more. Nothing is sent by looking, so it is only said.
            shown = await self._view(request, Switches(Switches.kept(request).include))
            if shown["plan"] is not None:
                shown["plan"]["note"] = " ".join(
                    part for part in (DROPPED_TEXT, shown["plan"]["note"]) if part
                )
        if switches is not None and keep:
            await self._keep(request, switches)
        return shown

    async def _view(self, request: Document, switches: Switches) -> Document:
        policy = Policy.from_json(request["policy"])
        planned = await self._plan(request, switches)
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

    async def _keep(self, request: Document, switches: Switches) -> None:
        async with self._lock(request["link"]):
            now = await self.request(request["id"])
            if now["state"] in ("open", "failed"):
                draft = switches.to_json() if switches != UNTOUCHED else None
                await self._node.vault.put(Put(REQUEST, request["id"], now | {"draft": draft}))

    async def _earlier(self) -> list[EarlierShare]:
        return [
            EarlierShare(
                entry["at"][:10],
                entry["party"]["did"],
                entry["party"]["host"],
                tuple(entry["claims"]),
                tuple(entry.get("credentials", ())),
                whole=entry.get("form") == SIGNED_BADGE,
            )
            for entry in await history.entries(self._node.vault)
            if entry["kind"] == "presented"
        ]

    async def candidates(self, request: Document, include: frozenset[str]) -> list[Candidate]:
        """What is held, each with its status and the registry's word as of now."""
        with views.step(self._node.bus, request["id"], "checking what you hold"):
            held = await self._holding.recheck_all(for_requests=True)
        return list(await asyncio.gather(*(self._candidate(each, request, include) for each in held)))

    async def _plan(self, request: Document, switches: Switches) -> Plan | Unsatisfiable:
        include = switches.include
        candidates = await self.candidates(request, include)
        policy, today = Policy.from_json(request["policy"]), clock.today()
        # What the learner archived is out of the way: it is used only where nothing else answers.
        archived = await self._holding.summaries.archived()
        shown = [each for each in candidates if each.id not in archived]
        planned = plan(policy, shown, today=today, include=include, choose=switches.choose)
        if isinstance(planned, Unsatisfiable) and len(shown) < len(candidates):
            planned = plan(policy, candidates, today=today, include=include, choose=switches.choose)
        return planned

    async def _candidate(self, credential: Document, request: Document, include: frozenset[str]) -> Candidate:
        policy = Policy.from_json(request["policy"])
        record = Record.from_json(credential["record"])
        envelope = envelope_of(credential)
        if not envelope.answers_requests:  # nobody is asked about what cannot be sent
            return Candidate(
                id=credential["id"],
                title=text(record.title),
                attributes=to_attributes(record, profiles_met=()),
                schema_id="",
                cred_def_id="",
                issuer_did=credential["issuer"]["did"],
                revocable=False,
                current=Result.FAIL,
                note=f"It is held as {envelope.label}, which cannot answer a request; it can be sent as a file.",
            )
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

    async def present(self, id: str, *, expect: str, switches: Switches = UNTOUCHED) -> Document:
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
            planned = await self._plan(request, switches)
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
        """Send exactly ``chosen`` (see `Sending.send`)."""
        return await self._sending.send(request, chosen)

    async def resume(self) -> None:
        """After an unlock or a restart of ACA-Py (see `Sending.resume`)."""
        await self._sending.resume()

    # ------------------------------------------------------------------ decline

    async def decline(self, id: str, reason: str) -> Document:
        """Tell the employer, then note it. Raises when the employer cannot be told; it then stays open."""
        async with self._lock((await self.request(id))["link"]):
            request = await self.request(id)
            if request["state"] not in ("open", "failed"):
                raise ConflictError("not_open", f"This request is {request['state']}.")
            link = links.parse_link(request["link"], "r")
            await links.call(self._node, link, "decline", {"reason": reason[:500]})
            request |= {"state": "declined", "error": None, "draft": None}
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
        own = {
            "schema_id",
            "consent",
            "connection_id",
            "proposing",
            "pres_ex_id",
            "code",
            "draft",
            "received",
        }
        return {name: value for name, value in request.items() if name not in own} | {
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

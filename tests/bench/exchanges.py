"""The two sides that are compared: the exchanges through our services, and the same work on raw ACA-Py.

Waiting is by webhook on the raw side and by the services' own answers and server-sent events on ours; nothing
is polled inside a measured part.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Self

from agent.client import AgentClient
from agent.core.verdict import Result, Verdict
from agent.errors import AgentError
from tests.bench.universe import EMPLOYER, ISSUER, LEARNER, BenchUniverse

type Document = dict[str, Any]
type Job[T] = Callable[[], Awaitable[T]]

CREDENTIALS, PROOFS = "issue_credential_v2_0", "present_proof_v2_0"
PERSON = {"given_name": "Aoife", "family_name": "Byrne", "birth_date": "1999-04-02", "id": "R00123456"}
TEMPLATE = "sustainable-energy"  # 5 ECTS at EQF 6, assured at these dates
LAST_AWARD = date(2026, 6, 12)
SETTLE_SECONDS = 30.0
VERDICT_SECONDS = 60.0

# One credential answers it: the lightest exchange, in which our own work weighs most.
POLICY: Document = {
    "version": 1,
    "title": "Junior process analyst",
    "purpose": "Benchmark",
    "retention_days": 90,
    "claims": [
        {"claim": "title", "required": True, "disclose": "reveal"},
        {"claim": "awarded_on", "required": True, "disclose": "reveal"},
        {"claim": "credit", "required": True, "disclose": "predicate"},
        {"claim": "level", "required": True, "disclose": "predicate"},
        {"claim": "given_name", "required": True, "disclose": "reveal"},
        {"claim": "family_name", "required": True, "disclose": "reveal"},
    ],
    "each": {"min_eqf": 6, "registry": ["assured_official", "assured_voluntary"], "profile": "council"},
    "set": {"min_credit": {"system": "ects", "value": "5"}},
}


async def at_width[T](width: int, jobs: Sequence[Job[T]]) -> tuple[float, list[T]]:
    """Run ``jobs``, at most ``width`` at a time; the seconds it took and the results in order."""
    found: dict[int, T] = {}
    left = iter(list(enumerate(jobs)))

    async def work() -> None:
        for number, job in left:
            found[number] = await job()

    start = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(width)))
    return time.perf_counter() - start, [found[number] for number in range(len(jobs))]


def require(condition: object, otherwise: str) -> None:
    if not condition:
        raise AgentError("bench_failed", f"The bench measured something else than it meant to: {otherwise}.")


# ------------------------------------------------------------------ through our services


@dataclass
class Ours:
    """Clients of the three services, as the command line and the terminal use them."""

    issuer: AgentClient
    learner: AgentClient
    employer: AgentClient
    _made: int = 0
    _verdicts: dict[str, asyncio.Future[Document]] = field(default_factory=dict)
    _listener: asyncio.Task[None] | None = None

    @classmethod
    def of(cls, universe: BenchUniverse) -> Self:
        return cls(universe.client(ISSUER), universe.client(LEARNER), universe.client(EMPLOYER))

    async def __aenter__(self) -> Self:
        self._listener = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._listener is not None:
            self._listener.cancel()
            with suppress(asyncio.CancelledError):
                await self._listener
        for client in (self.issuer, self.learner, self.employer):
            await client.aclose()

    # issuing

    async def new_offer(self) -> Document:
        """Every award on another day, as a wallet that grew over the years has them."""
        self._made += 1
        day = LAST_AWARD - timedelta(days=self._made)
        body = {"template": TEMPLATE, "learner": PERSON, "awarded_on": day.isoformat()}
        return await self.issuer.post("/v1/issuer/offers", body)

    async def review_offer(self, offer: Document) -> Document:
        return await self.learner.post("/v1/wallet/offers/review", {"link": offer["link"]})

    async def reviewed_offer(self) -> Document:
        return await self.review_offer(await self.new_offer())

    async def accept(self, reviewed: Document) -> Document:
        accepted = await self.learner.post(f"/v1/wallet/offers/{reviewed['id']}/accept")
        require(accepted["state"] == "accepted", f"an offer is {accepted['state']}: {accepted['error']}")
        return accepted

    async def issued(self, offers: Sequence[Document]) -> None:
        """Wait until the issuer has heard of every credential: nothing is left for the next measurement."""
        deadline = time.monotonic() + SETTLE_SECONDS
        for offer in offers:
            while (await self.issuer.get(f"/v1/issuer/offers/{offer['id']}"))["state"] != "issued":
                require(time.monotonic() < deadline, "an offer did not become issued")
                await asyncio.sleep(0.05)

    async def issue(self, count: int, width: int) -> dict[str, float]:
        """``count`` credentials from offer to stored; the seconds of each part."""
        seconds: dict[str, float] = {}
        seconds["new"], offers = await at_width(width, [self.new_offer] * count)
        seconds["review"], reviewed = await at_width(width, bind(self.review_offer, offers))
        seconds["accept"], _ = await at_width(width, bind(self.accept, reviewed))
        await self.issued(offers)
        return seconds

    # presenting

    async def new_request(self) -> Document:
        return await self.employer.post("/v1/verifier/requests", {"policy": POLICY})

    async def review_request(self, request: Document) -> Document:
        shown = await self.learner.post("/v1/wallet/requests/review", {"link": request["link"]})
        require(shown["plan"] is not None, f"no plan: {shown['missing']}")
        require(len(shown["plan"]["credentials"]) == 1, "the plan takes more than one credential")
        return shown | {"code": request["id"]}

    async def reviewed_request(self) -> Document:
        return await self.review_request(await self.new_request())

    async def present(self, shown: Document) -> Document:
        """Send what was shown; return when the wallet has noted it and the employer has its verdict."""
        verdict = self._verdict(shown["code"])
        sent = await self.learner.post(
            f"/v1/wallet/requests/{shown['id']}/present", {"expect": shown["plan"]["hash"]}
        )
        require(sent["state"] == "sent", f"a request is {sent['state']}: {sent['error']}")
        response = await asyncio.wait_for(verdict, VERDICT_SECONDS)
        found = Verdict.from_json(response["verdict"])
        passed = all(part.result is Result.PASS for part in found.parts)
        require(passed, f"a verdict says {found.headline()}")
        return response

    async def answer(self, count: int, width: int) -> dict[str, float]:
        """``count`` requests from the employer's policy to its verdict; the seconds of each part."""
        seconds: dict[str, float] = {}
        seconds["new"], requests = await at_width(width, [self.new_request] * count)
        seconds["review"], shown = await at_width(width, bind(self.review_request, requests))
        seconds["present"], _ = await at_width(width, bind(self.present, shown))
        return seconds

    def _verdict(self, code: str) -> asyncio.Future[Document]:
        return self._verdicts.setdefault(code, asyncio.get_running_loop().create_future())

    async def _listen(self) -> None:
        """Every verdict is announced by the employer's service; reading it is one more call, and is timed."""
        async for event in self.employer.events():
            if event.name == "verdict":
                response = await self.employer.get(f"/v1/verifier/responses/{event.data['id']}")
                self._verdict(response["request"]).set_result(response)


# ------------------------------------------------------------------ the same on raw ACA-Py


@dataclass
class Baseline:
    """The same attributes under the same definition, and the same proof request, with nothing checked."""

    universe: BenchUniverse
    cred_def_id: str
    attributes: Mapping[str, str]
    proof_request: Document
    referent: str

    @classmethod
    async def like(cls, universe: BenchUniverse) -> Self:
        """Take the cred-def and attributes from what the wallet holds, the proof request from what it sent."""
        held = (await universe.raw[LEARNER].admin.list_credentials())[0]
        (sent,) = await universe.raw[EMPLOYER].admin.presentation_records(state="done", role="verifier")
        return cls(universe, held.cred_def_id, held.attributes, sent.request, held.credential_id)

    async def issue_one(self) -> tuple[str, str]:
        issuer, holder = self.universe.raw[ISSUER], self.universe.raw[LEARNER]
        offer = await issuer.admin.create_offer(self.cred_def_id, self.attributes)
        invitation = await issuer.admin.create_invitation(offer=offer.cred_ex_id)
        await holder.admin.receive_invitation(invitation.message)
        event = await holder.wait(CREDENTIALS, "thread_id", offer.thread_id, "offer-received")
        cred_ex_id = event["cred_ex_id"]
        await holder.admin.send_credential_request(cred_ex_id)
        await holder.wait(CREDENTIALS, "cred_ex_id", cred_ex_id, "credential-received")
        stored = await holder.admin.store_credential(cred_ex_id)
        return offer.cred_ex_id, stored.credential_id

    async def issue(self, count: int, width: int) -> dict[str, float]:
        seconds, issued = await at_width(width, [self.issue_one] * count)
        issuer = self.universe.raw[ISSUER]
        for cred_ex_id, _ in issued:
            await issuer.wait(CREDENTIALS, "cred_ex_id", cred_ex_id, "done")
        return {"raw": seconds}

    async def present_one(self) -> str:
        verifier, holder = self.universe.raw[EMPLOYER], self.universe.raw[LEARNER]
        invitation = await verifier.admin.create_invitation()
        received = await holder.admin.receive_invitation(invitation.message)
        await holder.wait("connections", "connection_id", received.connection_id, "completed")
        proposal = await holder.admin.send_proposal(received.connection_id, self._current())
        event = await verifier.wait(PROOFS, "thread_id", proposal.thread_id, "proposal-received")
        await verifier.admin.send_bound_request(event["pres_ex_id"])
        await holder.wait(PROOFS, "pres_ex_id", proposal.pres_ex_id, "request-received")
        await holder.admin.send_presentation(
            proposal.pres_ex_id,
            attributes=dict.fromkeys(self.proof_request["requested_attributes"], self.referent),
            predicates=dict.fromkeys(self.proof_request["requested_predicates"], self.referent),
        )
        await verifier.wait(PROOFS, "pres_ex_id", event["pres_ex_id"], "presentation-received")
        verified = await verifier.admin.verify_presentation(event["pres_ex_id"])
        require(verified.verified is True, "a raw presentation did not verify")
        return proposal.pres_ex_id

    async def answer(self, count: int, width: int) -> dict[str, float]:
        seconds, presented = await at_width(width, [self.present_one] * count)
        for pres_ex_id in presented:
            await self.universe.raw[LEARNER].wait(PROOFS, "pres_ex_id", pres_ex_id, "done")
        return {"raw": seconds}

    def _current(self) -> Document:
        """The proof request with its status interval moved to now, as our planner writes it."""
        return self.proof_request | {"non_revoked": {"from": 0, "to": int(time.time())}}


def bind[A, T](work: Callable[[A], Awaitable[T]], items: Sequence[A]) -> list[Job[T]]:
    """One job per item."""

    def job(item: A) -> Job[T]:
        return lambda: work(item)

    return [job(item) for item in items]

"""The demo's story, step by step, on a running universe. Each step says what must come out, and is timed.

It speaks to the agent services as the command line and the terminal do; the integration test runs this very
code. A step that comes out otherwise is reported as failed with what was seen, and the story goes on where
it can.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from agent.cli.universe import Universe
from agent.client import AgentClient
from agent.core.verdict import PartName, Verdict
from agent.errors import CairnError

type Document = dict[str, Any]

LEARNER = {"given_name": "Aoife", "family_name": "Byrne", "birth_date": "1999-04-02", "id": "R00123456"}
OFFERS = (  # issuer, template, date of award
    ("munster-tu", "data-literacy", "2026-02-20"),
    ("munster-tu", "sustainable-energy", "2026-06-12"),
    ("fh-joanneum", "human-machine-interaction", "2026-05-08"),
    ("atlantis", "executive-blockchain-mastery", "2026-03-01"),
)
TARGET = "certificate-sustainable-process-industries"

POLICY: Document = {
    "version": 1,
    "title": "Junior process analyst",
    "purpose": "Shortlisting for application 2026-118",
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
    "set": {"min_credit": {"system": "ects", "value": "10"}},
}
NATIONALITY_POLICY: Document = {
    "version": 1,
    "title": "Junior process analyst, second form",
    "purpose": "Our form asks for it",
    "retention_days": 365,
    "claims": [
        {"claim": "title", "required": True, "disclose": "reveal"},
        {"claim": "nationality", "required": True, "disclose": "reveal"},
    ],
    "each": {},
    "set": {},
}


class Unexpected(Exception):  # noqa: N818 - it is what it says
    """A step came out otherwise than the story tells."""


@dataclass
class Story:
    universe: Universe
    narrate: Callable[[str], None]
    steps: list[Document] = field(default_factory=list)
    verdicts: list[Document] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return bool(self.steps) and all(step["ok"] for step in self.steps)

    async def step(self, name: str, work: Callable[[], Awaitable[str]]) -> bool:
        """Run one step; ``work`` returns what came out, in words, or raises."""
        start = time.monotonic()
        try:
            result, ok = await work(), True
        except Unexpected as error:
            result, ok = f"unexpected: {error}", False
        except CairnError as error:
            result, ok = f"{error.detail} [{error.code}]", False
        seconds = round(time.monotonic() - start, 2)
        self.steps.append({"name": name, "ok": ok, "seconds": seconds, "result": result})
        self.narrate(f"{'✓' if ok else '✗'} {seconds:6.1f} s  {name}: {result}")
        return ok

    async def tell(self) -> None:
        """The whole story, from starting the processes on."""
        await self.start()
        if not self.ok:
            return
        async with self.universe.client("learner") as learner, self.universe.client("employer") as employer:
            await self.exchange(learner, employer)

    async def start(self) -> None:
        """The first four steps: everything runs, nothing has been exchanged yet."""
        _ = (
            await self.step("registry up", self._registry_up)
            and await self.step("agents up", self._agents_up)
            and await self.step("institutions bound in the registry", self._bind)
            and await self.step("issuers ready", self._issuers_ready)
        )

    async def exchange(self, learner: AgentClient, employer: AgentClient) -> None:
        offers: list[Document] = []

        async def make_offers() -> str:
            for issuer, template, awarded_on in OFFERS:
                async with self.universe.client(issuer) as api:
                    body = {"template": template, "learner": LEARNER, "awarded_on": awarded_on}
                    offers.append(await api.post("/v1/issuer/offers", body) | {"by": issuer})
            return f"{len(offers)} short links"

        if not await self.step("universities offer", make_offers):
            return
        held: dict[str, Document] = {}
        for offer in offers:
            await self.step(f"accept “{offer['title']}”", partial(self._accept, learner, offer, held))
        await self.step("check the issuers", lambda: self._check_issuers(learner))
        await self.step("stack", lambda: self._stack(learner))
        request = await employer.post("/v1/verifier/requests", {"policy": POLICY, "max_responses": 3})
        await self.step("employer asks, wallet plans", lambda: self._plan(learner, request))
        await self.step("learner consents and sends", lambda: self._present(learner, request))
        await self.step("employer's verdict", lambda: self._verdict(employer, request))
        picture: list[bytes] = []
        await self.step("a badge as a picture", lambda: self._badge(learner, employer, offers[1], picture))
        await self.step("a request for nationality", lambda: self._nationality(learner, employer))
        await self.step("the university revokes", lambda: self._revoke(learner, offers[1]))
        await self.step("the same picture, checked again", lambda: self._revoked_badge(employer, picture))
        await self.step("the same request, planned again", lambda: self._replan(learner, employer))
        await self.step("a revoked credential, forced", lambda: self._force(learner, employer))

    # ------------------------------------------------------------------ steps

    async def _registry_up(self) -> str:
        await self.universe.start_registry()
        return self.universe.registry_url

    async def _agents_up(self) -> str:
        await self.universe.start_agents()
        return ", ".join(member.id for member in self.universe.members)

    async def _bind(self) -> str:
        await self.universe.bind_institutions()
        return ", ".join(
            f"{each.id} is {each.institution}" for each in self.universe.members if each.institution
        )

    async def _issuers_ready(self) -> str:
        await self.universe.wait_for_issuers()
        return "credential definitions and revocation registries published"

    async def _accept(self, learner: AgentClient, offer: Document, held: dict[str, Document]) -> str:
        reviewed = await learner.post("/v1/wallet/offers/review", {"link": offer["link"]})
        accepted = await learner.post(f"/v1/wallet/offers/{reviewed['id']}/accept")
        _require(accepted["state"] == "accepted", f"the offer is {accepted['state']}: {accepted['error']}")
        held[offer["id"]] = accepted
        return f"stored; {reviewed['issuer']['name']} ({reviewed['issuer']['host']})"

    async def _check_issuers(self, learner: AgentClient) -> str:
        credentials = (await learner.get("/v1/wallet/credentials"))["credentials"]
        states = {each["title"]: each["state"] for each in credentials}
        mill = [each for each in credentials if "Atlantis" in each["issuer"]["name"]]
        listed = [each for each in credentials if each not in mill]
        _require(len(listed) == 3 and all(each["state"] == "pass" for each in listed), f"states {states}")
        _require(len(mill) == 1 and mill[0]["state"] == "unknown", f"states {states}")
        return f"three pass; the unlisted one is unknown: {mill[0]['headline']}"

    async def _stack(self, learner: AgentClient) -> str:
        plan = await learner.get(f"/v1/wallet/stacks/{TARGET}")
        excluded = [each for each in plan["members"] if each["state"] == "excluded"]
        _require(
            any("Blockchain" in each["title"] for each in excluded),
            "the unlisted issuer's credential counted",
        )
        _require(plan["counted"] != "0", "nothing counted")
        title = plan["target"]["title"]
        return f"{plan['counted']} of {plan['required']} ECTS counted, {plan['missing']} missing; {title}"

    async def _plan(self, learner: AgentClient, request: Document) -> str:
        shown = await learner.post("/v1/wallet/requests/review", {"link": request["link"]})
        plan = shown["plan"]
        _require(plan is not None, f"missing: {shown['missing']}")
        titles = [each["title"] for each in plan["credentials"]]
        _require(len(titles) == 2 and not any("Blockchain" in title for title in titles), f"planned {titles}")
        birth = [row for row in plan["rows"] if row["claim"] == "birth_date" and row["send"]]
        _require(not birth, "the birth date would be sent")
        return f"{' + '.join(titles)}; left out: {', '.join(each['title'] for each in plan['left_out'])}"

    async def _present(self, learner: AgentClient, request: Document) -> str:
        shown = await learner.post("/v1/wallet/requests/review", {"link": request["link"]})
        sent = await learner.post(
            f"/v1/wallet/requests/{shown['id']}/present", {"expect": shown["plan"]["hash"]}
        )
        _require(sent["state"] == "sent", f"the request is {sent['state']}: {sent['error']}")
        _require(sent["outcome"]["matches_consent"], "what was revealed differs from the consent")
        return f"revealed exactly {len(sent['outcome']['sent_claims'])} facts that were agreed to"

    async def _verdict(self, employer: AgentClient, request: Document) -> str:
        answer = await self._answer(employer, request, 1)
        verdict = Verdict.from_json(answer["verdict"])
        failed = [check for part in verdict.parts for check in part.checks if check.result != "pass"]
        _require(not failed, "; ".join(f"{check.code} {check.result}: {check.detail}" for check in failed))
        return verdict.headline()

    async def _badge(
        self, learner: AgentClient, employer: AgentClient, offer: Document, picture: list[bytes]
    ) -> str:
        """The same credential as an Open Badge inside a PNG, sent by any other way; then presented."""
        credentials = (await learner.get("/v1/wallet/credentials"))["credentials"]
        held = next(each for each in credentials if each["title"] == offer["title"])
        path = f"/v1/wallet/credentials/{held['id']}/export"
        image, _ = await learner.file("GET", path, params={"as": "png"})
        picture.append(image)
        found = await employer.post_bytes("/v1/verify", image)
        _require(found["result"] == "pass", f"the picture is {found['result']}: {_open_checks(found)}")
        asked = {"challenge": "interview-7", "domain": "employer.example"}
        shown, _ = await learner.file("GET", path, params={"as": "presentation", **asked})
        fresh = await employer.post_bytes("/v1/verify", shown, asked)
        _require(fresh["result"] == "pass", f"the presentation is {fresh['result']}: {_open_checks(fresh)}")
        stale = await employer.post_bytes("/v1/verify", shown, asked | {"challenge": "interview-8"})
        _require(stale["result"] == "fail", f"for another interview it is {stale['result']}")
        return f"{len(image) // 1024} KB, verified in every part; presented for one interview, refused for another"

    async def _revoked_badge(self, employer: AgentClient, picture: list[bytes]) -> str:
        found = await employer.post_bytes("/v1/verify", picture[0])
        failed = [check for check in found["verdict"]["parts"][0]["checks"] if check["result"] == "fail"]
        _require([check["reason"] for check in failed] == ["revoked"], f"failed: {_open_checks(found)}")
        return f"fails: {failed[0]['detail']}"

    async def _nationality(self, learner: AgentClient, employer: AgentClient) -> str:
        request = await employer.post("/v1/verifier/requests", {"policy": NATIONALITY_POLICY})
        shown = await learner.post("/v1/wallet/requests/review", {"link": request["link"]})
        codes = [flag["code"] for flag in shown["flags"]]
        _require("legally_irrelevant" in codes, f"flags {codes}")
        _require(shown["plan"] is None, "a plan was made although nationality was asked")
        await learner.post(
            f"/v1/wallet/requests/{shown['id']}/decline",
            {"reason": "Nationality is irrelevant to recognition."},
        )
        seen = await employer.get(f"/v1/verifier/requests/{request['id']}")
        _require(len(seen["declined"]) == 1, "the decline did not reach the employer")
        return "flagged as legally irrelevant, declined; the employer knows"

    async def _revoke(self, learner: AgentClient, offer: Document) -> str:
        async with self.universe.client(offer["by"]) as issuer:
            await issuer.post(f"/v1/issuer/offers/{offer['id']}/revoke", {"reason": "Awarded by mistake."})
        credentials = (await learner.get("/v1/wallet/credentials"))["credentials"]
        revoked = next(each for each in credentials if each["title"] == offer["title"])
        checked = await learner.post(f"/v1/wallet/credentials/{revoked['id']}/recheck")
        status = next(check for check in checked["checks"] if check["code"] == "status")
        _require(status["result"] == "fail", f"status is {status['result']}: {status['detail']}")
        return f"the wallet shows “{offer['title']}”: {status['detail']}"

    async def _replan(self, learner: AgentClient, employer: AgentClient) -> str:
        request = await employer.post("/v1/verifier/requests", {"policy": POLICY})
        shown = await learner.post("/v1/wallet/requests/review", {"link": request["link"]})
        if shown["plan"] is None:
            _require(bool(shown["missing"]), "unsatisfiable, and not said what is missing")
            return f"cannot be satisfied any more; missing: {'; '.join(shown['missing'])}"
        titles = [each["title"] for each in shown["plan"]["credentials"]]
        _require("Sustainable Energy Systems" not in titles, "the revoked credential would be sent")
        return f"planned without it: {' + '.join(titles)}"

    async def _force(self, learner: AgentClient, employer: AgentClient) -> str:
        """A tampered wallet presents the revoked credential all the same."""
        request = await employer.post("/v1/verifier/requests", {"policy": POLICY})
        shown = await learner.post("/v1/wallet/requests/review", {"link": request["link"]})
        await learner.post(f"/v1/demo/force/{shown['id']}")
        answer = await self._answer(employer, request, 1)
        verdict = Verdict.from_json(answer["verdict"])
        status = [check for check in verdict.authentic.checks if check.code == "status"]
        _require(
            any(check.result == "fail" for check in status),
            f"status checks {[str(c.result) for c in status]}",
        )
        _require(verdict.authentic.result == "fail", f"{PartName.AUTHENTIC} is {verdict.authentic.result}")
        failed = next(check for check in status if check.result == "fail")
        return f"the status check fails: {failed.detail}"

    async def _answer(self, employer: AgentClient, request: Document, number: int) -> Document:
        """The verdict of the n-th answer; the employer's agent may still be at it."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            seen = await employer.get(f"/v1/verifier/requests/{request['id']}")
            done = [answer for answer in seen["answers"] if answer["verdict"] is not None]
            if len(done) >= number:
                self.verdicts.append(done[number - 1]["verdict"])
                return dict(done[number - 1])
            await asyncio.sleep(0.1)
        raise Unexpected("no verdict within 30 s")


def _open_checks(found: Document) -> str:
    checks = [check for part in found["verdict"]["parts"] for check in part["checks"]]
    return "; ".join(f"{check['code']}: {check['detail']}" for check in checks if check["result"] != "pass")


def _require(condition: bool, otherwise: str) -> None:
    if not condition:
        raise Unexpected(otherwise)

"""Attacks by parties who run agents of their own, against real agents."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.cli.universe import Universe
from agent.services import links
from tests.integration import steps
from tests.integration.evil import evil_agent


def _check(answer: steps.Document, part: int, code: str) -> steps.Document:
    checks = answer["verdict"]["parts"][part]["checks"]
    found: steps.Document = next(check for check in checks if check["code"] == code)
    return found


async def test_wrong_requests_and_stolen_presentations(
    universe: Universe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One attacker, several attacks: starting an agent takes ten seconds."""
    made = await steps.offer(universe)
    assert (await steps.accept(universe, made["link"]))["state"] == "accepted"
    async with (
        evil_agent(universe, tmp_path / "evil", monkeypatch) as evil,
        universe.client("learner") as learner,
    ):
        asking, node = evil.agent.asking, evil.agent.node
        assert asking is not None

        # 1. A verifier turns the proposal into a request that also wants the birth date.
        evil.orders(greedy=True)
        greedy = await asking.new_request(steps.TITLE_POLICY)
        shown = await steps.review(universe, greedy["link"])
        sent = await learner.post(
            f"/v1/wallet/requests/{shown['id']}/present", {"expect": shown["plan"]["hash"]}
        )
        assert sent["state"] == "failed"
        assert sent["error"]["code"] == "request_differs"
        assert (await learner.get(f"/v1/wallet/requests/{shown['id']}"))["outcome"] is None
        history = await learner.get("/v1/wallet/history")
        assert not [entry for entry in history["entries"] if "Honest Recruiting" in entry["party"]["name"]]

        # 2. It then plays fair, is shown a credential, and keeps the presentation.
        evil.orders()
        fair = await asking.new_request(steps.TITLE_POLICY)
        shown = await steps.review(universe, fair["link"])
        sent = await learner.post(
            f"/v1/wallet/requests/{shown['id']}/present", {"expect": shown["plan"]["hash"]}
        )
        assert sent["state"] == "sent"
        assert sent["outcome"]["matches_consent"] is True

        async def verdict() -> steps.Document | None:
            found = await asking.responses(fair["id"])
            return found[0] if found and found[0]["verdict"] else None

        judged = await steps.until(verdict, "the attacker's own verdict")
        assert judged["verdict"]["parts"][0]["result"] == "pass"
        admin = await node.admin()
        loot = await admin.presentation_record(judged["pres_ex_id"])

        # 3. It answers the real employer's request with what it was shown: another nonce, so the proof fails.
        evil.orders(stolen=evil.keep(loot.presentation))
        real = await steps.ask(universe)
        answer = await links.call(node, links.parse_link(real["link"], "r"), "connect", {})
        connection = (await admin.receive_invitation(answer["invitation"])).connection_id

        async def connected() -> bool | None:
            return True if await admin.connection_state(connection) == "completed" else None

        await steps.until(connected, "the connection")
        proposal = {name: value for name, value in loot.request.items() if name != "nonce"}
        exchange = await admin.send_proposal(connection, proposal)

        async def asked() -> bool | None:
            state = (await admin.presentation_record(exchange.pres_ex_id)).state
            assert state != "abandoned"
            return True if state == "request-received" else None

        await steps.until(asked, "the employer's request")
        await admin.send_presentation(exchange.pres_ex_id, attributes={}, predicates={})

        async def replayed() -> steps.Document | None:
            found = await steps.answers(universe, real)
            return found[0] if found and found[0]["verdict"] else None

        stolen = await steps.until(replayed, "the employer's verdict")
        assert stolen["verdict"]["parts"][0]["result"] == "fail"
        assert _check(stolen, 0, "proof")["result"] == "fail"


async def test_a_presentation_without_a_request_is_refused(
    universe: Universe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proposal that leaves out what the policy asks never becomes a request."""
    made = await steps.offer(universe)
    assert (await steps.accept(universe, made["link"]))["state"] == "accepted"
    async with evil_agent(universe, tmp_path / "evil", monkeypatch) as evil:
        admin = await evil.agent.node.admin()
        real = await steps.ask(universe)
        answer = await links.call(evil.agent.node, links.parse_link(real["link"], "r"), "connect", {})
        connection = (await admin.receive_invitation(answer["invitation"])).connection_id

        async def connected() -> bool | None:
            return True if await admin.connection_state(connection) == "completed" else None

        await steps.until(connected, "the connection")
        lax = {"name": "x", "version": "1.0", "requested_attributes": {}, "requested_predicates": {}}
        exchange = await admin.send_proposal(connection, lax)

        async def refused() -> str | None:
            record = await admin.presentation_record(exchange.pres_ex_id)
            return record.error or "abandoned" if record.state == "abandoned" else None

        await steps.until(refused, "the refusal")
        assert await steps.answers(universe, real) == []

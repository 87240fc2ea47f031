"""Real ACA-Py, real proofs: what the wallet displays is what the employer's agent receives.

The employer's agent runs in the test's own process, so that the bytes that its ACA-Py holds can be read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.cli.universe import Universe
from tests.integration import steps
from tests.integration.evil import evil_agent
from tests.unit.services.test_shown_is_sent import displayed, paths_in, sent_values, shown_values

POLICY: steps.Document = {
    "version": 1,
    "title": "Process analyst",
    "purpose": "Integration test",
    "retention_days": 1,
    "claims": [
        {"claim": "title", "required": True, "disclose": "reveal"},
        {"claim": "level", "required": True, "disclose": "predicate"},
        {"claim": "credit", "required": True, "disclose": "predicate"},
        {"claim": "family_name", "required": False, "disclose": "reveal"},
        {"claim": "outcomes", "required": False, "disclose": "reveal"},
        {"claim": "birth_date", "required": False, "disclose": "reveal"},
    ],
    "each": {"min_eqf": 6, "awarded_since": "2020-01-01"},
    "set": {"credentials": {"at_least": 2}},
}
SWITCHES: tuple[dict[str, Any], ...] = (
    {"include": []},
    {"include": ["family_name", "outcomes"]},
    {"include": ["birth_date"], "choose": True},
)


async def test_the_paths_displayed_are_the_paths_received(
    universe: Universe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for template in ("data-literacy", "industrial-cyber-security", "data-literacy"):
        made = await steps.offer(universe, template=template)
        assert (await steps.accept(universe, made["link"]))["state"] == "accepted"
    async with (
        evil_agent(universe, tmp_path / "employer", monkeypatch) as employer,
        universe.client("learner") as learner,
    ):
        employer.orders()  # none: it plays fair
        asking = employer.agent.asking
        assert asking is not None
        admin = await employer.agent.node.admin()
        for wanted in SWITCHES:
            asked = await asking.new_request(POLICY)
            reviewed = await steps.review(universe, asked["link"])
            switches = dict(wanted)
            if wanted.get("choose"):
                last = reviewed["plan"]["credentials"][-1]
                switches["choose"] = {last["item"]: last["others"][0]["id"]}
            shown = await learner.post(f"/v1/wallet/requests/{reviewed['id']}/plan", switches)
            plan = displayed(shown)
            assert plan is not None
            sent = await learner.post(
                f"/v1/wallet/requests/{reviewed['id']}/present", {"expect": plan.hash, **switches}
            )
            assert sent["outcome"]["matches_consent"], sent

            async def received(id: str = asked["id"]) -> steps.Document | None:
                found = [each for each in await asking.responses(id) if each["verdict"]]
                return found[0] if found else None

            answer = await steps.until(received, "a verdict")
            exchange = await admin.presentation_record(answer["pres_ex_id"])
            assert exchange.verified is True
            assert paths_in(exchange.presentation) == list(plan.revealed_paths())
            assert shown_values(plan) == sent_values(plan, exchange.presentation)
            assert any("birth_date" in path for path in plan.revealed_paths()) == (
                "birth_date" in switches["include"]
            )
            # What they were said to see is what their own agent shows them.
            seen = [fact for item in answer["items"] for fact in item["shown"]]
            assert seen == shown["plan"]["sees"]

"""The policy language on real agents and real proofs: skills as a set, assessed only, awarded since a day."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from agent.cli.universe import Universe
from tests.integration import steps

POLICY = json.loads(
    (Path(__file__).parents[2] / "docs" / "examples" / "policy-skills.json").read_text("utf-8")
)


async def hold(universe: Universe, issuer: str, template: str) -> None:
    made = await steps.offer(universe, issuer, template, birth_date="1999-04-02")
    assert (await steps.accept(universe, made["link"]))["state"] == "accepted"


async def answered(universe: Universe, policy: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The plan that the learner agreed to, and the verified answer."""
    request = await steps.ask(universe, policy)
    reviewed = await steps.review(universe, request["link"])
    assert reviewed["plan"], reviewed["missing"]
    async with universe.client("learner") as learner:
        sent = await learner.post(
            f"/v1/wallet/requests/{reviewed['id']}/present", {"expect": reviewed["plan"]["hash"]}
        )
    assert sent["outcome"]["matches_consent"]

    async def verified() -> dict[str, Any] | None:
        found = await steps.answers(universe, request)
        return found[0] if found and found[0]["state"] == "verified" else None

    return reviewed, await steps.until(verified, "a verdict")


def elements(answer: dict[str, Any]) -> dict[str, list[str]]:
    (policy,) = (part for part in answer["verdict"]["parts"] if part["name"] == "policy")
    found: dict[str, list[str]] = {}
    for check in policy["checks"]:
        found.setdefault(check["code"], []).append(check["result"])
    return found


@pytest.mark.parametrize(("at_least", "credentials"), [(2, 1), (3, 2)])
async def test_skills_are_covered_by_as_few_credentials_as_possible(
    universe: Universe, at_least: int, credentials: int
) -> None:
    await hold(universe, "munster-tu", "data-literacy")
    await hold(universe, "fh-joanneum", "human-machine-interaction")
    policy = copy.deepcopy(POLICY)
    policy["set"]["skills"]["at_least"] = at_least
    reviewed, answer = await answered(universe, policy)
    assert len(reviewed["plan"]["credentials"]) == credentials
    checks = elements(answer)
    assert checks["skills"] == ["pass"]
    assert checks["skill"].count("pass") == at_least
    assert set(checks["assessed"]) == set(checks["awarded_since"]) == {"pass"}
    assert {result for found in checks.values() for result in found} == {"pass"}


async def test_what_nobody_holds_is_said_to_be_missing(universe: Universe) -> None:
    policy = copy.deepcopy(POLICY)
    policy["set"]["skills"] = {"skills": [{"esco": "https://esco.example/skill/walk-on-water"}]}
    request = await steps.ask(universe, policy)
    reviewed = await steps.review(universe, request["link"])
    assert reviewed["plan"] is None
    assert any("walk-on-water" in missing for missing in reviewed["missing"])

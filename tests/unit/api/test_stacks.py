"""Plans and pathways over the admin API: by id, and for a target that somebody brings."""

from __future__ import annotations

from typing import Any

import pytest

from agent.services import stacking
from tests.simulators.town import Town

GOAL = "microcredx-micro-degree"


async def test_targets_are_known_while_locked_and_sorted(shared: Town) -> None:
    async with shared.members["learner"].http() as http:
        found = (await http.get("/v1/wallet/stacks")).json()["targets"]
    assert GOAL in [each["id"] for each in found]
    assert [each["id"] for each in found] == sorted(each["id"] for each in found)


@pytest.mark.parametrize("route", ["stacks", "pathways"])
async def test_by_id_and_by_document_alike(shared: Town, route: str) -> None:
    document = stacking.target_document(stacking.find_target(GOAL))
    async with shared.members["learner"].http() as http:
        by_id = await http.get(f"/v1/wallet/{route}/{GOAL}")
        posted = await http.post(f"/v1/wallet/{route}", json={"target": GOAL})
        brought = await http.post(f"/v1/wallet/{route}", json={"target": document})
    assert by_id.status_code == posted.status_code == brought.status_code == 200
    assert by_id.json() == posted.json() == brought.json()
    assert by_id.json()["target"]["id"] == GOAL


async def test_a_pathway_has_steps_and_a_graph(shared: Town) -> None:
    async with shared.members["learner"].http() as http:
        found = (await http.get(f"/v1/wallet/pathways/{GOAL}")).json()
    assert found["closes"]
    assert sum(float(step["counts"]) for step in found["steps"]) >= 15
    nodes = {node["id"] for node in found["graph"]["nodes"]}
    assert {edge["from"] for edge in found["graph"]["edges"]} < nodes


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        ("nope", 404, "no_such_target"),
        (None, 422, "bad_target"),
        ([], 422, "bad_target"),
        ({"format": 1}, 422, "bad_target"),
        ({"format": 1, "totl": "5"}, 422, "bad_target"),
        ({"format": 1, "\x1b[2J": "x"}, 422, "bad_target"),
    ],
)
async def test_targets_that_are_none(shared: Town, target: Any, status: int, code: str) -> None:
    async with shared.members["learner"].http() as http:
        answer = await http.post("/v1/wallet/stacks", json={"target": target})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "\x1b" not in answer.text


async def test_a_target_has_a_limited_number_of_parts(shared: Town) -> None:
    document = stacking.target_document(stacking.find_target(GOAL))
    place = {"title": {"en": "x"}, "match": {}}
    async with shared.members["learner"].http() as http:
        for number, status in ((64, 200), (65, 422)):
            parts = {"required": [place | {"id": f"p{at}"} for at in range(number)]}
            answer = await http.post("/v1/wallet/stacks", json={"target": document | parts})
            assert answer.status_code == status

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


@pytest.mark.parametrize("without", ["x", [1], ["x" * 201], ["x"] * 501, None, {"x": 1}])
@pytest.mark.parametrize("route", ["stacks", "pathways", "stack-drafts"])
async def test_what_is_left_out_is_a_bounded_list_of_ids(shared: Town, route: str, without: Any) -> None:
    body = {"target": GOAL, "name": "x", "without": without}
    async with shared.members["learner"].http() as http:
        answer = await http.post(f"/v1/wallet/{route}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")


async def test_leaving_out_what_is_not_there_changes_nothing(shared: Town) -> None:
    async with shared.members["learner"].http() as http:
        for route in ("stacks", "pathways"):
            plain = await http.post(f"/v1/wallet/{route}", json={"target": GOAL})
            without = await http.post(f"/v1/wallet/{route}", json={"target": GOAL, "without": ["x"] * 500})
            assert plain.json() == without.json()


async def test_how_far_one_is_towards_every_goal(shared: Town) -> None:
    async with shared.members["learner"].http() as http:
        targets = (await http.get("/v1/wallet/stacks")).json()["targets"]
        goals = (await http.get("/v1/wallet/stack-progress")).json()["goals"]
    assert [each["id"] for each in goals] == [each["id"] for each in targets]
    assert {(each["counted"], each["met"]) for each in goals} == {("0", False)}


async def test_drafts_are_kept_changed_and_deleted(place: Town) -> None:
    learner = await place.learner()
    async with learner.http() as http:
        assert (await http.get("/v1/wallet/stack-drafts")).json() == {"drafts": []}
        body = {"name": " My   year ", "target": GOAL, "without": ["b", "a", "b"], "note": "Ask Ada."}
        made = (await http.post("/v1/wallet/stack-drafts", json=body)).json()
        assert {name: made[name] for name in ("name", "target", "without", "note")} == {
            "name": "My year",
            "target": GOAL,
            "without": ["a", "b"],
            "note": "Ask Ada.",
        }
        assert made["title"].startswith("Micro-degree")
        taken = await http.post("/v1/wallet/stack-drafts", json=body | {"name": "MY YEAR"})
        assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")
        document = stacking.target_document(stacking.find_target("tampere-master-electives"))
        changed = {"id": made["id"], "name": "my year", "target": document}
        again = (await http.post("/v1/wallet/stack-drafts", json=changed)).json()
        assert (again["id"], again["target"], again["without"], again["note"]) == (
            made["id"],
            document,
            [],
            "",
        )
        other = {"name": "Another", "target": GOAL}
        assert (await http.post("/v1/wallet/stack-drafts", json=other)).status_code == 200
        names = [each["name"] for each in (await http.get("/v1/wallet/stack-drafts")).json()["drafts"]]
        assert names == ["Another", "my year"]
        await learner.agent.node.relock()
        assert (await http.post("/v1/wallet/stack-drafts", json=other)).status_code == 423


async def test_drafts_that_are_none(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.services.stack_drafts.MAX_DRAFTS", 1)
    learner = await place.learner()
    good: dict[str, Any] = {"name": "x", "target": GOAL}
    document = stacking.target_document(stacking.find_target(GOAL))
    large = document | {"sources": [{"fact": "x" * 900, "source": "y"} for _ in range(80)]}
    async with learner.http() as http:
        for changes, status, code in (
            ({"name": ""}, 422, "bad_draft"),
            ({"name": " \n "}, 422, "bad_draft"),
            ({"name": "x" * 81}, 422, "bad_draft"),
            ({"name": 7}, 422, "bad_request"),
            ({"note": "x" * 2001}, 422, "bad_draft"),
            ({"target": "nope"}, 404, "no_such_target"),
            ({"target": None}, 422, "bad_target"),
            ({"target": large}, 422, "bad_draft"),
            ({"id": "nobody"}, 404, "no_such_draft"),
        ):
            answer = await http.post("/v1/wallet/stack-drafts", json=good | changes)
            assert (answer.status_code, answer.json()["code"]) == (status, code), changes
        made = (await http.post("/v1/wallet/stack-drafts", json=good)).json()
        full = await http.post("/v1/wallet/stack-drafts", json=good | {"name": "y"})
        assert (full.status_code, full.json()["code"]) == (409, "too_many_drafts")
        gone = await http.post(f"/v1/wallet/stack-drafts/{made['id']}/delete")
        assert gone.json() == {"deleted": made["id"]}
        twice = await http.post(f"/v1/wallet/stack-drafts/{made['id']}/delete")
        assert (twice.status_code, twice.json()["code"]) == (404, "no_such_draft")
        assert (await http.get("/v1/wallet/stack-drafts")).json() == {"drafts": []}

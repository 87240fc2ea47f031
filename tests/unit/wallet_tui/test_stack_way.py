"""A plan and its guidance as one pathway: nothing that belongs in the picture is lost, and it stays bounded."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.simulators.agent_service_data import pathways, stacks
from wallet_tui.doc import Doc
from wallet_tui.pathway_drawing import draw
from wallet_tui.stack_model import Pathway, Stack
from wallet_tui.stack_way import GOAL, MAX_NODES, Way, listed, way_of

GOAL_ID = "digital-production"


def way(stack: dict[str, Any] | None = None, pathway: dict[str, Any] | None = None) -> Way:
    return way_of(
        Stack.read(Doc(stack or stacks()[GOAL_ID])), Pathway.read(Doc(pathway or pathways()[GOAL_ID]))
    )


def states(found: Way) -> dict[str, str]:
    return {node.id: node.state for node in found.nodes}


def test_held_offered_to_earn_and_what_comes_before_them() -> None:
    found = way()
    assert states(found) == {
        "cred-1": "held",
        "cred-2": "held",
        "offer-1": "offered",
        "tampere/change-and-risk-management@1": "next",
        "cred-3": "nothing",
    }
    edges = {(edge.source, edge.target) for edge in found.edges}
    assert ("cred-1", "offer-1") in edges
    assert ("cred-3", "tampere/change-and-risk-management@1") in edges
    assert {source for source, target in edges if target == GOAL} == set(states(found)) - {"cred-3"}
    assert found.more == ("2 more count nothing here.",)


def test_a_place_that_nothing_fills_is_open() -> None:
    stack, pathway = stacks()[GOAL_ID], pathways()[GOAL_ID] | {"steps": []}
    stack["members"] = [member for member in stack["members"] if not member["is_offer"]]
    found = way(stack, pathway)
    assert states(found)["place:more"] == "open"
    assert "3 ECTS missing" in "\n".join(line.plain for line in listed(found, 60))
    stack["places"] = []
    assert "place:" not in states(way(stack, pathway))
    unclosed = way(stack, pathway | {"closes": False, "remaining": "7"})
    (node,) = [node for node in unclosed.nodes if node.id == "place:"]
    assert (node.title.plain, node.note.plain) == ("7 ECTS more", "nothing known here closes it")


def test_ids_that_are_ours_or_twice_do_no_harm() -> None:
    stack = stacks()[GOAL_ID]
    for member, name in zip(stack["members"], (GOAL, "", "", "place:more", "cred-1", "cred-1"), strict=True):
        member["credential_id"] = name
        member["before"] = [{"id": name, "why": "required"}, {"id": GOAL, "why": "evil"}, {"id": ""}]
    found = way(stack)
    assert len(draw(found.goal, found.nodes, found.edges, 80).boxes) == len(found.nodes) + 1


MEMBER = st.fixed_dictionaries(
    {
        "credential_id": st.integers(0, 80).map(lambda at: f"c{at}"),
        "title": st.text(max_size=30),
        "state": st.sampled_from(["counted", "offered", "excluded"]),
        "code": st.sampled_from(["", "left_out"]),
        "eqf": st.none() | st.integers(-1, 99),
        "reason": st.text(max_size=60),
        "before": st.lists(
            st.fixed_dictionaries(
                {"id": st.integers(0, 80).map(lambda at: f"c{at}"), "why": st.text(max_size=3)}
            ),
            max_size=12,
        ),
    }
)


@given(st.lists(MEMBER, max_size=120), st.integers(40, 120))
@settings(max_examples=40, deadline=None)
def test_whatever_the_service_says_can_be_drawn_and_listed(members: list[dict[str, Any]], width: int) -> None:
    found = way(stacks()[GOAL_ID] | {"members": members})
    assert len(found.nodes) <= MAX_NODES
    drawing = draw(found.goal, found.nodes, found.edges, width)
    assert set(drawing.boxes) == {node.id for node in found.nodes} | {GOAL}
    assert {cell_len(line.plain) for line in drawing.lines} == {width}
    told = "\n".join(line.plain for line in listed(found, width))
    assert told.count("\n") >= len(found.nodes)
    hidden = len({each["credential_id"] for each in members if each["state"] != "excluded"}) - MAX_NODES
    assert hidden <= 0 or found.more

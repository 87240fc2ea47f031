"""Guidance: the fewest next credentials that close a target."""

from __future__ import annotations

import itertools
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.stacks import plan
from agent.core.stacks.pathway import Offering, Pathway, pathway
from agent.core.templates import offering
from agent.core.verdict import Result
from issuer_profiles import list_profiles, load_profile, load_targets, load_templates
from issuer_profiles.targets import Accepts, Grades, Match

from .test_stacks import TODAY, cap, member, target
from .test_target_rules import place, pool, skill, skilled

AWARD = date(2026, 11, 1).isoformat()


def offer_of(name: str, value: str = "5", *skills: str, listed: bool = True, **changes: Any) -> Offering:
    made = skilled(name, *(skills or (name,)), value=value, awarded_on=AWARD, **changes)
    return Offering(f"issuer/{name}@1", made.record, "DEQARINST0001" if listed else "")


def ids(found: Pathway) -> list[str]:
    return [step.member.id for step in found.steps]


def test_the_fewest_and_of_those_the_smallest() -> None:
    offerings = [offer_of("three", "3"), offer_of("eight", "8"), offer_of("seven", "7"), offer_of("two", "2")]
    found = pathway(target(total="12"), [member("held", "5")], offerings, today=TODAY)
    assert (ids(found), found.closes, found.remaining) == (["issuer/seven@1"], True, "0")
    assert [each.id for each in found.steps[0].alternatives] == ["issuer/eight@1"]


def test_places_are_filled_and_named() -> None:
    goal = target(
        total="10",
        free=False,
        required=(place("ethics", skills=(skill("ethics"),)),),
        elective=(pool("more", minimum="5"),),
    )
    offerings = [offer_of("ethics", "5", "ethics"), offer_of("free", "5", "other")]
    found = pathway(goal, [], offerings, today=TODAY)
    assert {step.place: step.member.id for step in found.steps} == {
        "ethics": "issuer/ethics@1",
        "more": "issuer/free@1",
    }


def test_an_offer_that_is_open_goes_before_a_template() -> None:
    offer = member("open offer", "7", offered=True, current=Result.UNKNOWN)
    found = pathway(target(total="7"), [offer], [offer_of("seven", "7")], today=TODAY)
    assert ids(found) == ["open offer"]
    assert found.steps[0].open_offer
    assert found.to_json()["steps"][0]["alternatives"] == []


def test_what_cannot_be_closed_comes_as_near_as_it_can() -> None:
    found = pathway(target(total="12"), [member("held", "5")], [offer_of("three", "3")], today=TODAY)
    assert (ids(found), found.closes, found.remaining) == (["issuer/three@1"], False, "4")
    nothing = pathway(target(total="12"), [], [], today=TODAY)
    assert (nothing.steps, nothing.closes, nothing.remaining) == ((), False, "12")


def test_nothing_is_suggested_for_a_degree_or_for_what_is_met() -> None:
    degree = pathway(target(kind="degree", total="180"), [], [offer_of("a")], today=TODAY)
    assert (degree.steps, degree.closes) == ((), False)
    met = pathway(target(total="5"), [member("held", "5")], [offer_of("a")], today=TODAY)
    assert (met.steps, met.closes, met.remaining) == ((), True, "0")


def test_an_issuer_of_which_nothing_is_known_is_never_suggested_where_quality_is_asked() -> None:
    goal = target(total="5", accepts=Accepts())
    mill = offer_of("mill", "5", listed=False)
    assert pathway(goal, [], [mill], today=TODAY).steps == ()
    assert ids(pathway(goal, [], [mill, offer_of("listed", "5")], today=TODAY)) == ["issuer/listed@1"]


def test_what_is_held_is_not_to_be_earned_again() -> None:
    held = member("held", "5", template="x/y@1")
    again = Offering(
        "x/y@2", offer_of("again", "12", template="x/y@2", issuer__did=held.record.issuer.did).record, "I"
    )
    assert pathway(target(total="12"), [held], [again], today=TODAY).steps == ()


def test_a_grade_that_the_award_would_need_is_said() -> None:
    goal = target(total="5", grades=Grades(scale="ECTS", accepted=("A", "B")))
    found = pathway(goal, [], [offer_of("a", "5", grade=None)], today=TODAY)
    assert found.steps[0].condition == "with a grade of A, B (ECTS)"


def test_a_cap_is_kept() -> None:
    goal = target(total="6", caps=(cap("3", "each_issuer"),))
    one = [offer_of(name, "5", issuer__did="did:web:one.example") for name in "ab"]
    two = offer_of("c", "3", issuer__did="did:web:two.example")
    found = pathway(goal, [], [*one, two], today=TODAY)
    assert found.closes
    assert len(found.steps) == 2
    assert "issuer/c@1" in ids(found)


def test_the_graph_joins_every_step_to_the_target() -> None:
    goal = target(total="10", required=(place("ethics", skills=(skill("ethics"),)),))
    document = pathway(
        goal, [member("held", "5")], [offer_of("ethics", "5", "ethics")], today=TODAY
    ).to_json()
    nodes = {node["id"]: node["kind"] for node in document["graph"]["nodes"]}
    assert nodes == {
        "target:test-target": "target",
        "place:ethics": "place",
        "held": "held",
        "issuer/ethics@1": "next",
    }
    to = {edge["from"]: edge["to"] for edge in document["graph"]["edges"]}
    assert to == {
        "place:ethics": "target:test-target",
        "held": "target:test-target",
        "issuer/ethics@1": "place:ethics",
    }


_OFFERINGS = st.lists(st.sampled_from(["1", "2", "2.5", "4"]), max_size=5).map(
    lambda values: [offer_of(f"o{at}", value, "xy"[at % 2]) for at, value in enumerate(values)]
)
_GOALS = st.sampled_from(
    [
        target(total="5"),
        target(total="4", elective=(pool("x", Match(skills=(skill("x"),)), minimum="2", maximum="3"),)),
        target(total="6", required=(place("y", skills=(skill("y"),)),), caps=(cap("7"),)),
    ]
)


@given(_GOALS, _OFFERINGS)
@settings(max_examples=80, deadline=None)
def test_no_smaller_set_closes_the_target(goal: Any, offerings: list[Offering]) -> None:
    found = pathway(goal, [], offerings, today=TODAY)
    smallest = None
    for size in range(len(offerings) + 1):
        for chosen in itertools.combinations(offerings, size):
            # Held and in force, as it will be when it has been earned.
            earned = [member_of(each) for each in chosen]
            if plan(goal, earned, today=TODAY).met:
                smallest = size
                break
        if smallest is not None:
            break
    assert found.closes == (smallest is not None)
    if found.closes:
        assert len(found.steps) == smallest
        by_ref = {each.ref: each for each in offerings}
        assert plan(goal, [member_of(by_ref[ref]) for ref in ids(found)], today=TODAY).met
        assert Decimal(found.remaining) == 0


def member_of(each: Offering) -> Any:
    made = each.member()
    return member(each.ref, None).__class__(each.ref, made.record, False, Result.PASS, Result.PASS, "")


def test_every_target_of_the_profiles_has_guidance() -> None:
    offerings = [
        offering(profile, template, TODAY)
        for profile in map(load_profile, list_profiles())
        for template in load_templates(profile)
    ]
    for goal in load_targets():
        found = pathway(goal, [], offerings, today=TODAY)
        assert bool(found.steps) or goal.kind == "degree" or not found.closes
        assert "diploma-mill" not in str(found.to_json())
    closed = {goal.id for goal in load_targets() if pathway(goal, [], offerings, today=TODAY).closes}
    assert {"microcredx-micro-degree", "harvard-microcertificate", "friday-institute-course"} <= closed

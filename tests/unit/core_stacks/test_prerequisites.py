"""What comes before what, as the records say it; and plans that leave something out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from agent.core.record import Record
from agent.core.stacks import plan
from agent.core.stacks.pathway import Guide, Offering, pathway
from agent.core.stacks.prerequisites import MOST, prerequisites
from tests.unit.core_domain.builders import record

from .test_stacks import TODAY, cap, codes, member, target


def made(title: str, **changes: Any) -> Record:
    plain: dict[str, Any] = {"prerequisites": None, "provision": None, "recognition": None, "template": None}
    return record(**(plain | {"title": {"en": title}} | changes))


def before(**records: Record) -> dict[str, list[tuple[str, str]]]:
    return {name: [(each.id, each.why) for each in found] for name, found in prerequisites(records).items()}


def test_titles_in_entry_requirements_and_recommendations() -> None:
    found = before(
        basics=made("Data Literacy"),
        more=made("Data Literacy in Practice", prerequisites={"en": "DATA  literacy, or work experience."}),
        last=made(
            "Last",
            prerequisites={"de": "„Data Literacy in Practice“ oder gleichwertig"},
            provision={"recommended_prior": {"en": "Also Data Literacy."}},
        ),
    )
    assert found == {
        "basics": [],
        "more": [("basics", "required")],
        "last": [("more", "required"), ("basics", "recommended")],
    }


@pytest.mark.parametrize(
    ("title", "asked"),
    [
        ("Attention", "Attention to detail."),  # a word is no title
        ("Data Literacy", "Data. Literature."),
        ("Data Literacy", "None."),
        ("--- ---", "Anything --- at all."),
        ("Data Literacy", "Metadata literacy."),
    ],
)
def test_what_is_not_named_is_not_guessed(title: str, asked: str) -> None:
    assert before(a=made(title), b=made("Another thing", prerequisites={"en": asked}))["b"] == []


def test_credit_that_hangs_on_another_and_nothing_on_itself() -> None:
    stacked = {"credit_only_when_stacked_with": ["mtu/energy", "mtu/gone"]}
    found = before(
        a=made("Sustainable Energy", template="mtu/energy@2"),
        b=made("A Bolt-on Module", recognition=stacked, prerequisites={"en": "A Bolt-on Module"}),
    )
    assert found == {"a": [], "b": [("a", "stacked")]}


def test_there_are_not_too_many_lines_into_one() -> None:
    titles = [f"Course number {at}" for at in range(20)]
    everything = {"en": ", ".join(titles)}
    found = before(**{f"c{at}": made(title, prerequisites=everything) for at, title in enumerate(titles)})
    assert all(len(each) == MOST for each in found.values())
    assert all(name not in dict(each) for name, each in found.items())


def test_the_plan_and_the_pathway_say_it_of_each() -> None:
    goal = target(total="12")
    held = member("Data Literacy", articulates_with=["munster-tu/test-target"])
    later = member("Data Science", "7", prerequisites={"en": "Data Literacy."})
    said = {
        each["credential_id"]: each for each in plan(goal, [held, later], today=TODAY).to_json()["members"]
    }
    assert said["Data Science"]["before"] == [{"id": "Data Literacy", "why": "required"}]
    assert said["Data Science"]["prerequisites"] == "Data Literacy."
    assert [said[name]["names_target"] for name in ("Data Literacy", "Data Science")] == [True, False]
    (step,) = pathway(goal, [held], [Offering("x/y@1", later.record, "I")], today=TODAY).to_json()["steps"]
    assert step["before"] == [{"id": "Data Literacy", "why": "required"}]
    long = member("Long", prerequisites={"en": "x" * 2000})
    assert len(plan(goal, [long], today=TODAY).to_json()["members"][0]["prerequisites"]) == 500


def test_what_is_left_out_counts_nothing_and_makes_room() -> None:
    goal = target(total="12", caps=(cap("5"),))
    members = [member("first"), member("second")]
    assert codes(plan(goal, members, today=TODAY)) == {"first": "", "second": "over_cap"}
    what_if = plan(goal, members, today=TODAY, without={"first", "nobody"})
    assert codes(what_if) == {"second": "", "first": "left_out"}
    assert what_if.counted == "5"
    out = next(item for item in what_if.members if item.member.id == "first")
    assert (out.state, out.counts, out.reason) == (
        "excluded",
        Decimal(0),
        "Counts nothing in this plan: you left it out.",
    )
    # Not refused by the awarding side: there is nothing to complain of and nothing to route elsewhere.
    alone = plan(goal, members[:1], today=TODAY, without={"first"})
    assert (alone.route, alone.complaint) == ("", None)


def test_what_is_left_out_is_not_suggested_to_be_earned_again() -> None:
    goal = target(total="5")
    held = member("held", template="x/y@1")
    again = Offering("x/y@2", member("again", template="x/y@2").record, "I")
    assert pathway(goal, [], [again], today=TODAY).steps
    found = pathway(goal, [held], [again], today=TODAY)
    assert (found.plan.met, found.steps) == (True, ())
    found = Guide(goal, [again], today=TODAY).pathway([held], without={"held"})
    assert (found.plan.met, found.steps, found.remaining) == (False, (), "5")

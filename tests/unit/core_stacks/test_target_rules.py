"""Places, pools, clusters, routes, overlap and the other declared rules of a target (domain.md §4)."""

from __future__ import annotations

import importlib
import itertools
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.stacks import Member, plan
from agent.core.stacks.rules import RPL, SOURCES
from agent.core.verdict import Result
from issuer_profiles.models import Complaint
from issuer_profiles.targets import (
    Accepts,
    AwardedBy,
    Cluster,
    Excluded,
    Grades,
    Match,
    Place,
    Pool,
    Predecessor,
    Route,
    Size,
)

from .test_stacks import FHJ, MTU, TODAY, cap, codes, member, only, target

DHBW, UOC, MU = "did:web:dhbw.example", "did:web:uoc.example", "did:web:mu.example"


def place(name: str, **match: Any) -> Place:
    return Place(id=name, title={"en": name.title()}, match=Match(**match))


def pool(name: str, match: Match | None = None, **limits: Any) -> Pool:
    return Pool(id=name, title={"en": name.title()}, match=match or Match(), **limits)


def skilled(name: str, *skills: str, value: str = "5", **changes: Any) -> Member:
    outcomes = [
        {"text": {"en": f"{name} {skill}"}, "esco": f"https://esco.example/skill/{skill}"} for skill in skills
    ]
    return member(name, value, outcomes=outcomes, **changes)


def skill(name: str) -> str:
    return f"https://esco.example/skill/{name}"


# Required, elective, excluded


def test_members_compete_for_places_and_the_best_assignment_wins() -> None:
    goal = target(
        total="10",
        free=False,
        required=(place("first", skills=(skill("a"), skill("b"))), place("second", skills=(skill("a"),))),
    )
    both, one = skilled("both", "a", awarded_on="2024-01-01"), skilled("one", "b", awarded_on="2025-01-01")
    result = plan(goal, [both, one], today=TODAY)
    assert result.met
    assert {item.member.id: item.place for item in result.members} == {"both": "second", "one": "first"}
    assert "as “Second”" in next(item.reason for item in result.members if item.member.id == "both")


def test_a_missing_place_is_named_and_the_total_alone_does_not_meet_the_target() -> None:
    goal = target(total="5", required=(place("ethics", skills=(skill("ethics"),)),))
    result = plan(goal, [skilled("a", "other")], today=TODAY)
    assert (result.counted, result.missing, result.met) == ("5", "0", False)
    (gap,) = result.places
    assert (gap.id, gap.required, gap.members, bool(gap.missing)) == ("ethics", True, (), True)
    assert result.next == ("Earn a credential for “Ethics”: nothing held fills it.",)
    assert plan(goal, [skilled("a", "ethics")], today=TODAY).met


def test_an_offer_may_fill_a_place_but_does_not_meet_it() -> None:
    goal = target(total="5", required=(place("ethics", skills=(skill("ethics"),)),))
    result = plan(goal, [skilled("a", "ethics", offered=True)], today=TODAY)
    assert not result.met
    assert result.places[0].members == ("a",)
    assert result.places[0].missing
    assert result.next == ("Accept the offer “a”: it would count 5 ECTS.", *result.next[1:])


def test_pools_have_minimum_maximum_and_numbers() -> None:
    electives = pool("electives", minimum="6", maximum="8", at_least=2, at_most=3)
    goal = target(total="6", free=False, elective=(electives,))
    one = plan(goal, [member("a", "8")], today=TODAY)
    assert (one.counted, one.met, one.places[0].missing) == ("8", False, "1 credential missing")
    two = plan(goal, [member("a", "5"), member("b", "5")], today=TODAY)
    assert (two.counted, two.met) == ("8", True)
    assert "At most 8 ECTS as “Electives”" in " ".join(item.reason for item in two.members)
    four = plan(goal, [member(name, "2") for name in "abcd"], today=TODAY)
    assert (four.counted, codes(four)["d"]) == ("6", "place_taken")
    assert "counts as much, and is held longer" in next(i.reason for i in four.members if i.member.id == "d")


def test_what_fits_no_place_is_routed_to_prior_learning() -> None:
    goal = target(free=False, required=(place("ethics", skills=(skill("ethics"),)),))
    result = plan(goal, [skilled("a", "other")], today=TODAY)
    assert codes(result) == {"a": "no_place"}
    assert "prior learning" in result.route


def test_excluded_members_say_the_targets_reason() -> None:
    left_out = Excluded(match=Match(languages=("de",)), text="Taught in German.", source="test")
    result = plan(target(excluded=(left_out,)), [member("a", language=["de-AT"])], today=TODAY)
    assert (only(result).code, only(result).reason) == (
        "left_out_by_target",
        "Counts nothing: Taught in German.",
    )


def test_a_template_is_believed_only_of_the_issuer_it_belongs_to() -> None:
    goal = target(free=False, total="5", required=(place("x", templates=("mtu/x",), issuers=(MTU,)),))
    right = member("right", template="mtu/x@3", issuer__did=MTU)
    forged = member("forged", template="mtu/x@3", issuer__did=FHJ)
    assert codes(plan(goal, [right, forged], today=TODAY)) == {"right": "", "forged": "no_place"}
    with pytest.raises(ValueError, match="anybody can name a template"):
        Match(templates=("mtu/x",))
    only_second = target(free=False, required=(place("x", templates=("mtu/x@2",), issuers=(MTU,)),))
    assert codes(plan(only_second, [right], today=TODAY)) == {"right": "no_place"}


def test_grade_size_and_implausible_amounts() -> None:
    goal = target(
        sizes=Size(least="2", most="5", text="A member has 2 to 5 ECTS.", source="002:798"),
        grades=Grades(scale="ECTS", accepted=("A",)),
    )
    graded = {"grade": {"scale": "ECTS", "value": "A"}}
    members = [
        member("small", "1.99", **graded),
        member("large", "5.01", **graded),
        member("right", "2", **graded),
    ]
    members.append(member("scale", grade={"scale": "Percentage", "value": "A"}))
    found = codes(plan(goal, members, today=TODAY))
    assert found == {"small": "size", "large": "size", "right": "", "scale": "grade_unknown"}
    hours = target(unit="clock-hour")
    assert codes(plan(hours, [member("a", "999999", system="clock-hour")], today=TODAY)) == {
        "a": "implausible_amount"
    }


# Overlap, versions, predecessors


def test_superseded_versions_and_templates_count_once() -> None:
    old = member("old", "4", template="mtu/old@1", awarded_on="2024-01-01")
    new = member("new", "4", template="mtu/new@1", recognition={"supersedes": ["mtu/old"]})
    result = plan(target(), [new, old], today=TODAY)
    assert codes(result) == {"old": "", "new": "overlap"}
    assert "both count as much" in next(item.reason for item in result.members if item.code)


def test_overlap_of_any_outcome_where_the_target_says_so() -> None:
    members = [skilled("a", "x", "y"), skilled("b", "y", "z"), skilled("c", "z", "w")]
    assert plan(target(), members, today=TODAY).counted == "15"
    strict = plan(target(overlap="any-outcome"), members, today=TODAY)
    assert (strict.counted, codes(strict)) == ("10", {"a": "", "b": "overlap", "c": ""})


def test_predecessors_count_up_to_the_day_they_were_taken_over() -> None:
    former = Predecessor(institution="OLD", successor="DEQARINST7609", until="2020-12-31", source="test")
    goal = target(accepts=Accepts(issuers=("DEQARINST7609",), registry_assured=False, predecessors=(former,)))
    members = [
        member("before", institution="OLD", awarded_on="2020-12-31"),
        member("after", institution="OLD", awarded_on="2021-01-01"),
        member("undated", institution="OLD", awarded_on=None),
    ]
    assert codes(plan(goal, members, today=TODAY)) == {
        "before": "",
        "after": "issuer_not_accepted",
        "undated": "issuer_not_accepted",
    }


# Language clusters (002:720)

CLUSTERS = (
    Cluster(id="spanish", title={"en": "Spanish"}, languages=("es",), institutions=(UOC, MU)),
    Cluster(id="german", title={"en": "German"}, languages=("de",), institutions=(DHBW, FHJ)),
    Cluster(id="english", title={"en": "English"}, languages=("en",)),
)


def test_english_cluster_of_the_micro_degree() -> None:
    goal = target(kind="micro-degree", total="15", caps=(cap("30"),), clusters=CLUSTERS, cluster="english")
    members = [member(name, value) for name, value in zip("abcd", ["4", "3", "4", "3"], strict=True)]
    assert (plan(goal, members, today=TODAY).missing, plan(goal, members, today=TODAY).met) == ("1", False)
    spanish = member("es", "2", language=["es"], issuer__did=UOC)
    assert codes(plan(goal, [*members, spanish], today=TODAY))["es"] == "other_cluster"
    assert plan(goal, [*members, member("e", "2", language=["en-IE"])], today=TODAY).met


def test_a_spanish_credential_is_not_exchanged_with_dhbw() -> None:
    dhbw = target(awarded_by=AwardedBy(name="DHBW", did=DHBW), clusters=CLUSTERS)
    result = plan(
        dhbw,
        [
            member("es", language=["es"], issuer__did=UOC),
            member("de", language=["de"], issuer__did=FHJ),
            member("outsider", language=["de"], issuer__did=UOC),
            member("en", language=["en"], issuer__did=UOC),
            member("silent", language=None),
        ],
        today=TODAY,
    )
    assert codes(result) == {
        "es": "other_cluster",
        "de": "",
        "outsider": "other_cluster",
        "en": "",
        "silent": "language_not_stated",
    }
    assert "prior learning" in result.route


# The five routes (002:1810-1828, 002:1869-1906)


def route(kind: Any, **members: Any) -> Route:
    return Route(kind=kind, text=f"The {kind} route.", source="test", **members)


AUTOMATIC = route(
    "automatic", parties=(MTU,), modules=("mtu/x",), passed=True, starts="2024-01-01", ends="2025-12-31"
)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"issuer__did": FHJ}, "not a party"),
        ({"template": "mtu/y@1"}, "not one of the modules"),
        ({"assessment": None}, "assessed"),
        ({"awarded_on": "2023-12-31"}, "outside the dates"),
        ({"awarded_on": None}, "not stated"),
    ],
)
def test_automatic_recognition_and_what_closes_it(changes: dict[str, Any], why: str) -> None:
    goal = target(routes=(AUTOMATIC,))
    values: dict[str, Any] = {"issuer__did": MTU, "template": "mtu/x@1"}
    right = only(plan(goal, [member("a", **values)], today=TODAY))
    assert (right.code, right.route) == ("", "automatic")
    assert "by automatic recognition" in right.reason
    wrong = plan(goal, [member("a", **(values | changes))], today=TODAY)
    assert only(wrong).code == "no_route"
    assert why in only(wrong).reason
    assert "prior learning" in wrong.route


def test_the_best_route_is_taken_for_each() -> None:
    goal = target(routes=(route("elective", maximum="5"), AUTOMATIC), total="10")
    free = member("free", issuer__did=FHJ)
    agreed = member("agreed", issuer__did=MTU, template="mtu/x@1", awarded_on="2024-06-01")
    result = plan(goal, [agreed, free], today=TODAY)
    assert {item.member.id: item.route for item in result.members} == {
        "agreed": "automatic",
        "free": "elective",
    }
    assert result.met


def test_tampere_electives_as_a_route() -> None:
    goal = target(kind="elective-block", total="25", routes=(route("elective", maximum="25"),))
    members = [member(f"m{at}", "5") for at in range(4)]
    assert plan(goal, [*members, member("last", "5")], today=TODAY).counted == "25"
    over = plan(goal, [*members, member("last", "6")], today=TODAY)
    assert over.counted == "25"
    assert [item.reason for item in over.members if item.code] == [
        next(i.reason for i in over.members if i.code == "over_cap")
    ]
    assert "1 ECTS over the cap" in next(i.reason for i in over.members if i.code)


def test_an_academic_issuer_up_to_a_share() -> None:
    goal = target(total="10", routes=(route("academic-issuer", share="30"),))
    result = plan(goal, [member("a", "5"), member("b", "5", quality=Result.UNKNOWN)], today=TODAY)
    assert result.counted == "3"
    assert codes(result) == {"a": "over_cap", "b": "no_route"}


def test_a_learning_agreement_is_with_one_learner() -> None:
    agreement = route("ad-hoc", parties=(MTU,), student="R00123")
    mine, other = member("mine", issuer__did=MTU), member("other", issuer__did=MTU, learner__id="R00124")
    result = plan(target(routes=(agreement,)), [mine, other], today=TODAY)
    assert codes(result) == {"mine": "", "other": "no_route"}
    assert "another learner" in next(item.reason for item in result.members if item.code)


def test_prior_learning_counts_nothing_and_lists_its_evidence() -> None:
    goal = target(routes=(route("prior-learning", evidence=("a portfolio", "an interview")),))
    result = plan(goal, [member("a", None)], today=TODAY)
    assert result.evidence == ("a portfolio", "an interview")
    assert "a portfolio, an interview" in result.route
    # A target whose only route is prior learning still counts what it accepts: nothing closes it.
    assert plan(goal, [member("a")], today=TODAY).counted == "5"


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "automatic"},
        {"kind": "ad-hoc", "parties": (MTU,)},
        {"kind": "elective", "student": "R1"},
        {"kind": "prior-learning"},
        {"kind": "elective", "evidence": ("x",)},
        {"kind": "elective", "maximum": "5", "share": "30"},
        {"kind": "elective", "modules": ("mtu/x",)},
    ],
)
def test_routes_that_say_half_of_it_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"route|goes with|anybody"):
        Route(text="x", source="x", **values)


# What a refusal carries


def test_beyond_the_limit_the_newest_are_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("agent.core.stacks.plan")
    monkeypatch.setattr(module, "MAX_MEMBERS", 2)
    members = [member(name, awarded_on=f"202{at}-01-01") for at, name in enumerate("abc")]
    members.append(member("offer", offered=True))
    found = codes(plan(target(), members, today=TODAY))
    assert found == {"a": "too_many", "b": "", "c": "", "offer": "too_many"}


def test_every_refusal_has_a_reason_a_source_and_the_way_to_complain() -> None:
    complaint = Complaint(how="Write.", process="They answer.", expected_resolution="30 days")
    refused = plan(target(complaint=complaint), [member("a", None)], today=TODAY).to_json()
    assert refused["complaint"] == {
        "how": "Write.",
        "process": "They answer.",
        "expected_resolution": "30 days",
    }
    assert refused["members"][0]["source"] == SOURCES["no_credit"]
    assert plan(target(complaint=complaint), [member("a")], today=TODAY).to_json()["complaint"] is None


def test_every_code_has_a_source() -> None:
    assert set(SOURCES) >= RPL


# Properties over targets with everything


@st.composite
def _stacks(draw: st.DrawFn) -> list[Member]:
    return [
        skilled(
            f"m{index}",
            *sorted(draw(st.sets(st.sampled_from("xyz"), min_size=1))),
            value=draw(st.sampled_from(["0.5", "2.5", "5", "9"])),
            offered=draw(st.booleans()),
            issuer__did=draw(st.sampled_from([MTU, FHJ])),
            language=[draw(st.sampled_from(["en", "de"]))],
            template=draw(st.sampled_from([None, "mtu/x@1", "mtu/x@2"])),
        )
        for index in range(draw(st.integers(0, 5)))
    ]


FULL_TARGETS = st.sampled_from(
    [
        target(
            total="10",
            required=(place("one", skills=(skill("x"),)), place("two", skills=(skill("x"), skill("y")))),
            elective=(pool("more", Match(skills=(skill("z"),)), minimum="2", maximum="6", at_most=2),),
            caps=(cap("8", "each_issuer"),),
            free=False,
        ),
        target(
            total="10",
            overlap="any-outcome",
            routes=(route("elective", maximum="5"), route("automatic", parties=(MTU,))),
        ),
        target(total="10", clusters=CLUSTERS, cluster="english", required=(place("one"),)),
    ]
)


@given(FULL_TARGETS, _stacks())
@settings(max_examples=80, deadline=None)
def test_limits_hold_and_order_never_matters(goal: Any, members: list[Member]) -> None:
    result = plan(goal, members, today=TODAY)
    assert plan(goal, members[::-1], today=TODAY) == result
    by_place: dict[str, list[Any]] = {}
    for item in result.members:
        assert (item.counts > 0) == (item.state != "excluded")
        by_place.setdefault(item.place, []).append(item)
    for seat in goal.required:
        assert len(by_place.get(seat.id, [])) <= 1
    for seat in goal.elective:
        here = by_place.get(seat.id, [])
        assert len(here) <= (seat.at_most or 99)
        assert sum(item.counts for item in here) <= Decimal(seat.maximum or "9999")
    for way in goal.routes:
        used = sum((i.counts for i in result.members if i.route == way.kind), Decimal(0))
        assert used <= Decimal(way.maximum or "9999")


@given(FULL_TARGETS, _stacks(), _stacks())
@settings(max_examples=60, deadline=None)
def test_adding_a_member_never_lowers_what_counts_unless_an_exclusion_says_so(
    goal: Any, some: list[Member], more: list[Member]
) -> None:
    added = [replace(each, id=f"x{each.id}") for each in more]
    before, after = plan(goal, some, today=TODAY), plan(goal, [*some, *added], today=TODAY)
    newly_out = {i.member.id for i in after.members if i.code in ("overlap", "place_taken", "over_cap")} & {
        i.member.id for i in before.members if i.state == "counted"
    }
    assert Decimal(after.counted) >= Decimal(before.counted) or newly_out
    filled = [sum(not place.missing for place in result.places) for result in (before, after)]
    assert filled[1] >= filled[0]


def test_all_orders_of_a_competition() -> None:
    goal = target(total="10", free=False, required=(place("p", skills=(skill("x"),)), place("q")))
    members = [skilled(name, "x", value=value) for name, value in (("a", "5"), ("b", "5"), ("c", "4"))]
    results = {str(plan(goal, order, today=TODAY).to_json()) for order in itertools.permutations(members)}
    assert len(results) == 1

"""Institutional cover flows from a whole to its faculties: how far, on which days, and never the other way."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from tests.unit.trust_registry.samples import (
    CHANGE,
    CIT,
    CIT_ID,
    INSTITUTIONS,
    MTU_ID,
    NOW,
    Issuer,
    binding,
    facts,
    query,
    report,
)
from trust_registry.cover import candidates
from trust_registry.facts import Closure, Facts, Faculty, Institution, Programme, Relation, Report
from trust_registry.models import AwardKind, Decision, Outcome
from trust_registry.resolve import resolve
from trust_registry.vocabulary import Activity, Flag, Reason, RelationKind, ReportDecision

PART_ID, DEPARTMENT_ID, CHAIR_ID = "DEQARINST9001", "DEQARINST9002", "DEQARINST9003"
PART, DEPARTMENT, CHAIR = (Issuer(number, f"did:web:localhost%3A840{number}") for number in (5, 6, 7))
OWNED = (
    Institution(PART_ID, "School of Business", ("IE",)),
    Institution(DEPARTMENT_ID, "Department of Accounting", ("IE",)),
    Institution(CHAIR_ID, "Chair of Audit", ("IE",)),
)
IS_PART = Faculty(CIT_ID, PART_ID)
CHAIN = (IS_PART, Faculty(PART_ID, DEPARTMENT_ID), Faculty(DEPARTMENT_ID, CHAIR_ID))


def known(*reports: Report, **changes: Any) -> Facts:
    members: dict[str, Any] = {
        "institutions": (*INSTITUTIONS, *OWNED),
        "faculties": (IS_PART,),
        "bindings": (
            binding(CIT, CIT_ID),
            binding(PART, PART_ID),
            binding(DEPARTMENT, DEPARTMENT_ID),
            binding(CHAIR, CHAIR_ID),
        ),
    }
    return facts(*reports, **(members | changes))


def ask(about: Facts, issuer: Issuer, day: str, **changes: Any) -> Decision:
    return resolve(about, query(issuer, day, **changes), now=NOW)


def check(decision: Decision, outcome: Outcome, *reasons: Reason) -> None:
    assert (decision.outcome, set(decision.reasons)) == (outcome, set(reasons))


NOTHING = (Outcome.NO_EVIDENCE, Reason.NO_REPORT)
SHARED = (Outcome.ASSURED_OFFICIAL, Reason.COVERED_AS_FACULTY)


def test_a_faculty_shares_the_cover_of_the_whole_and_the_evidence_says_how() -> None:
    decision = ask(known(), PART, "2019-06-01", eqf=6, country="IE")
    check(decision, *SHARED)
    (shown,) = [item for item in decision.evidence if item.kind == "faculty"]
    assert (shown.value, shown.at) == (f"{PART_ID} is part of {CIT_ID}", "")
    assert decision.authority_chain[0].id == PART_ID
    assert decision.authority_chain[0].note == f"part of {CIT_ID}"
    dated = Faculty(CIT_ID, PART_ID, date(2019, 1, 1), date(2020, 1, 1))
    (shown,) = [
        item for item in ask(known(faculties=(dated,)), PART, "2019-06-01").evidence if item.kind == "faculty"
    ]
    assert (shown.value, shown.at) == (
        f"{PART_ID} is part of {CIT_ID}, until 2020-01-01",
        "2019-01-01",
    )


def test_never_the_other_way() -> None:
    own = report(institution_ids=(PART_ID,))
    check(ask(known(own), CIT, "2019-06-01"), *NOTHING)
    check(ask(known(own), PART, "2019-06-01"), Outcome.ASSURED_OFFICIAL)
    sisters = known(own, faculties=(IS_PART, Faculty(CIT_ID, DEPARTMENT_ID)))
    check(ask(sisters, DEPARTMENT, "2019-06-01"), *NOTHING)


@pytest.mark.parametrize("owner", [CIT_ID, PART_ID])
@pytest.mark.parametrize("activity", [Activity.PROGRAMME, Activity.JOINT_PROGRAMME])
def test_a_programmes_report_is_nobody_elses(owner: str, activity: Activity) -> None:
    named = report(institution_ids=(owner,), activity=activity, programme=Programme("Law"))
    asker, other = (CIT, PART) if owner == CIT_ID else (PART, CIT)
    terms = {"award_kind": AwardKind.PROGRAMME, "programme": "Law"}
    check(ask(known(named), asker, "2019-06-01", **terms), Outcome.ASSURED_OFFICIAL)
    check(ask(known(named), other, "2019-06-01", **terms), *NOTHING)
    against = replace(named, decision=ReportDecision.NEGATIVE)
    check(ask(known(against), other, "2019-06-01", **terms), *NOTHING)


def test_two_levels_up_and_no_further() -> None:
    about = known(faculties=CHAIN)
    decision = ask(about, DEPARTMENT, "2019-06-01")
    check(decision, *SHARED)
    assert decision.authority_chain[0].note == f"part of {PART_ID}; part of {CIT_ID}"
    check(ask(about, CHAIR, "2019-06-01"), *NOTHING)


@pytest.mark.parametrize(
    ("day", "covered"),
    [("2018-12-31", False), ("2019-01-01", True), ("2020-01-01", True), ("2020-01-02", False)],
)
def test_on_the_days_on_which_it_is_a_faculty(day: str, covered: bool) -> None:
    dated = known(faculties=(Faculty(CIT_ID, PART_ID, date(2019, 1, 1), date(2020, 1, 1)),))
    check(ask(dated, PART, day), *(SHARED if covered else NOTHING))


def test_a_faculty_twice() -> None:
    twice = (
        Faculty(CIT_ID, PART_ID, None, date(2018, 12, 31)),
        Faculty(CIT_ID, PART_ID, date(2020, 1, 1)),
    )
    assert ask(known(faculties=twice), PART, "2019-06-01").outcome is Outcome.NO_EVIDENCE
    assert ask(known(faculties=twice), PART, "2020-06-01").outcome is Outcome.ASSURED_OFFICIAL


def test_what_ended_for_the_whole_ended_for_its_faculty() -> None:
    check(
        ask(known(report(valid_to=date(2019, 5, 31))), PART, "2019-06-01"),
        Outcome.NO_EVIDENCE,
        Reason.REPORT_EXPIRED,
    )
    check(ask(known(), PART, "2021-06-01"), *NOTHING)  # Cork IT has closed


def test_a_whole_that_was_founded_later_or_closed_on_an_unknown_day() -> None:
    def cork(**changes: Any) -> tuple[Institution, ...]:
        return (replace(INSTITUTIONS[0], **changes), *INSTITUTIONS[1:], *OWNED)

    young = known(institutions=cork(founded=date(2019, 6, 2)))
    check(ask(young, PART, "2019-06-01"), *NOTHING)
    unclear = known(institutions=cork(closure=Closure(date(2019, 1, 1), date(2020, 1, 1))))
    check(ask(unclear, PART, "2019-06-01"), Outcome.INDETERMINATE, Reason.SOURCE_UNCHECKED)


def test_a_whole_that_is_not_in_the_snapshot_assures_nothing_and_hides_nothing() -> None:
    without = (*INSTITUTIONS[1:], *OWNED)
    check(
        ask(known(institutions=without), PART, "2019-06-01"),
        Outcome.INDETERMINATE,
        Reason.SOURCE_UNCHECKED,
    )
    negative = report(decision=ReportDecision.NEGATIVE)
    check(
        ask(known(negative, institutions=without), PART, "2019-06-01"),
        Outcome.NOT_ASSURED,
        Reason.REPORT_NEGATIVE,
    )


def test_what_is_against_the_whole_is_against_its_faculty() -> None:
    own = report(id="own", institution_ids=(PART_ID,))
    negative = report(decision=ReportDecision.NEGATIVE)
    check(ask(known(own, negative), PART, "2019-06-01"), Outcome.NOT_ASSURED, Reason.REPORT_NEGATIVE)
    check(ask(known(own, negative), PART, "2019-06-01", eqf=6), Outcome.NOT_ASSURED, Reason.REPORT_NEGATIVE)
    of_part = replace(negative, institution_ids=(PART_ID,))
    check(ask(known(report(id="of the whole"), of_part), CIT, "2019-06-01"), Outcome.ASSURED_OFFICIAL)
    flagged = report(flag=Flag.HIGH)
    check(ask(known(flagged), PART, "2019-06-01"), Outcome.NOT_ASSURED, Reason.REPORT_FLAGGED)
    check(ask(known(own, flagged), PART, "2019-06-01"), Outcome.ASSURED_OFFICIAL)


def test_a_report_on_both_is_the_facultys_own() -> None:
    both = report(institution_ids=(CIT_ID, PART_ID))
    check(ask(known(both), PART, "2019-06-01"), Outcome.ASSURED_OFFICIAL)
    assert len(candidates(known(both), PART_ID, query(PART, "2019-06-01"))) == 1


def test_an_other_provider_shares_at_most_what_it_has() -> None:
    others = (replace(INSTITUTIONS[0], other_provider=True), *INSTITUTIONS[1:], *OWNED)
    decision = ask(known(institutions=others), PART, "2019-06-01")
    check(decision, Outcome.ASSURED_VOLUNTARY, Reason.COVERED_AS_FACULTY)


# --- with succession

MOVED = {"faculties": (Faculty(MTU_ID, PART_ID),)}


def test_handed_down_to_the_whole_and_shared_with_its_faculty() -> None:
    decision = ask(known(**MOVED), PART, "2021-06-01")
    check(
        decision,
        Outcome.ASSURED_OFFICIAL,
        Reason.INHERITED_FROM_PREDECESSOR,
        Reason.COVERED_AS_FACULTY,
    )
    assert decision.authority_chain[0].note == f"part of {MTU_ID}; from {CIT_ID} on 2021-01-01"
    assert [item.kind for item in decision.evidence if item.kind in {"succession", "faculty"}] == [
        "succession",
        "faculty",
    ]
    # The predecessor's report had ended when the whole took its place.
    ended = report(valid_to=date(2020, 12, 31))
    check(ask(known(ended, **MOVED), PART, "2021-06-01"), *NOTHING)
    # Before that day the whole had nothing of it, and was not there.
    check(ask(known(**MOVED), PART, "2020-06-01"), *NOTHING)
    negative = report(decision=ReportDecision.NEGATIVE)
    check(ask(known(negative, **MOVED), PART, "2021-06-01"), Outcome.NOT_ASSURED, Reason.REPORT_NEGATIVE)


def test_a_predecessor_hands_down_its_own_and_not_what_it_shared() -> None:
    """The department succeeded the school in 2019, and is no part of what the school was a part of."""
    step = Relation(PART_ID, DEPARTMENT_ID, date(2019, 1, 1), RelationKind.SUCCEEDED)
    relations = (*facts().relations, step)
    check(ask(known(relations=relations), DEPARTMENT, "2019-06-01"), *NOTHING)
    own = report(institution_ids=(PART_ID,))
    check(
        ask(known(own, relations=relations), DEPARTMENT, "2019-06-01"),
        Outcome.ASSURED_OFFICIAL,
        Reason.INHERITED_FROM_PREDECESSOR,
    )


def test_predecessor_and_whole_in_one() -> None:
    """7244 lists its predecessor as its parent: handed down while valid, shared only while it existed."""
    both = known(faculties=(Faculty(CIT_ID, MTU_ID),), bindings=(binding(PART, MTU_ID),))
    check(ask(both, PART, "2021-06-01"), Outcome.ASSURED_OFFICIAL, Reason.INHERITED_FROM_PREDECESSOR)


# --- circles


@pytest.mark.parametrize(
    "faculties",
    [
        (Faculty(PART_ID, PART_ID),),
        (Faculty(PART_ID, DEPARTMENT_ID), Faculty(DEPARTMENT_ID, PART_ID)),
        (*CHAIN[1:], Faculty(CHAIR_ID, PART_ID)),
    ],
)
def test_circles_end_and_give_nothing(faculties: tuple[Faculty, ...]) -> None:
    about = known(faculties=faculties)
    for issuer in (PART, DEPARTMENT, CHAIR):
        check(ask(about, issuer, "2019-06-01"), *NOTHING)
    own = known(report(institution_ids=(PART_ID,)), faculties=(Faculty(PART_ID, PART_ID),))
    check(ask(own, PART, "2019-06-01"), Outcome.ASSURED_OFFICIAL)  # its own, and not as its own faculty


def test_circles_of_both_kinds_end() -> None:
    relations = tuple(
        Relation(*pair, CHANGE, RelationKind.ABSORBED)
        for pair in ((CIT_ID, MTU_ID), (MTU_ID, CIT_ID), (PART_ID, MTU_ID), (PART_ID, PART_ID))
    )
    members = (Faculty(MTU_ID, PART_ID), Faculty(PART_ID, MTU_ID), Faculty(CIT_ID, CIT_ID))
    about = known(relations=relations, faculties=members)
    assert ask(about, PART, "2021-06-01").outcome is Outcome.ASSURED_OFFICIAL
    many = tuple(
        Faculty(f"DEQARINST{above}", f"DEQARINST{below}") for above in range(100) for below in range(100)
    )
    assert ask(known(faculties=many), PART, "2019-06-01").outcome is Outcome.NO_EVIDENCE


def test_facts_without_faculties_are_as_before() -> None:
    check(ask(known(faculties=()), PART, "2019-06-01"), *NOTHING)

"""What must hold for every set of facts, not only for the golden cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.trust_registry.samples import (
    AGENCIES,
    CIT,
    CIT_ID,
    CYCLES,
    FHJ,
    FHJ_ID,
    INSTITUTIONS,
    MILL,
    MTU,
    MTU_ID,
    NOW,
    RWTH_ID,
    binding,
    facts,
    query,
    report,
    snapshot,
)
from trust_registry.cover import last_day
from trust_registry.facts import Agency, Faculty, Institution, Relation, Report, Voiding
from trust_registry.models import ASSURED, Decision, Outcome, Query
from trust_registry.resolve import resolve
from trust_registry.vocabulary import (
    Activity,
    Flag,
    Reason,
    RelationKind,
    ReportDecision,
    SnapshotKind,
    Status,
)

DAYS = st.dates(date(2014, 1, 1), date(2026, 11, 22))
STRANGER, FACULTY_OF_IT, PART_ID = "DEQARINST9999", "DEQARINST9998", "DEQARINST9997"


@st.composite
def reports(draw: st.DrawFn, about: tuple[str, ...] = (CIT_ID, MTU_ID, FHJ_ID)) -> Report:
    start = draw(DAYS)
    return report(
        id=draw(st.text("abcdef", min_size=1, max_size=6)),
        institution_ids=(draw(st.sampled_from(about)),),
        agency=draw(st.sampled_from(["QQI", "AQ Austria", "AAQ", "nobody"])),
        activity=draw(st.sampled_from(Activity)),
        status=draw(st.sampled_from(Status)),
        decision=draw(st.sampled_from(ReportDecision)),
        valid_from=start,
        valid_to=draw(st.none() | st.just(start + timedelta(days=draw(st.integers(0, 4000))))),
        flag=draw(st.sampled_from(Flag)),
        cycles=draw(st.sampled_from([None, CYCLES])),
    )


QUESTIONS = st.builds(
    lambda issuer, day, eqf: query(issuer, day.isoformat(), eqf=eqf),
    st.sampled_from([CIT, MTU, FHJ, MILL]),
    DAYS,
    st.none() | st.integers(1, 8),
)
REPORTS = st.lists(reports(), max_size=5, unique_by=lambda item: item.id)
OURS = (CIT_ID, MTU_ID, FHJ_ID, RWTH_ID)
FACULTIES = st.lists(
    st.builds(Faculty, st.sampled_from(OURS), st.sampled_from(OURS), st.none() | DAYS, st.none() | DAYS),
    max_size=4,
)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2026, 11, 22), timezones=st.just(UTC))
VOIDINGS = st.lists(st.builds(Voiding, DAYS, st.none() | DAYS, MOMENTS, st.none() | MOMENTS), max_size=2)


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    """What the reports lie in: faculties (circles among them), and agencies with what was taken back of them."""
    agencies = tuple(replace(one, voidings=tuple(draw(VOIDINGS))) for one in AGENCIES[:3])
    return {"faculties": tuple(draw(FACULTIES)), "agencies": agencies}


WORLDS = worlds()


def answer(known: tuple[Report, ...], question: Query, **changes: Any) -> Decision:
    return resolve(facts(**{"reports": known, **changes}), question, now=NOW)


@given(REPORTS, QUESTIONS, WORLDS)
@settings(max_examples=100, deadline=None)
def test_every_answer_has_its_reason_and_its_chain(
    known: list[Report], question: Query, world: dict[str, Any]
) -> None:
    decision = answer(tuple(known), question, **world)
    if decision.outcome in ASSURED:
        assert decision.authority_chain[0].role == "institution"
    else:
        assert decision.reasons
        assert decision.authority_chain == ()
    assert Decision.from_json(decision.to_json()) == decision


@given(REPORTS, reports((STRANGER, FACULTY_OF_IT)), QUESTIONS, WORLDS)
@settings(max_examples=100, deadline=None)
def test_an_unrelated_institution_changes_nothing(
    known: list[Report], other: Report, question: Query, world: dict[str, Any]
) -> None:
    before = answer(tuple(known), question, **world)
    strangers = (Institution(STRANGER, "Stranger", ("FR",)), Institution(FACULTY_OF_IT, "Its faculty"))
    after = answer(
        (*known, replace(other, id="unrelated")),
        question,
        institutions=(*INSTITUTIONS, *strangers),
        # It may have faculties, and be one of ours: nothing goes up from it.
        faculties=(
            *world["faculties"],
            Faculty(STRANGER, FACULTY_OF_IT),
            Faculty(CIT_ID, STRANGER),
            Faculty(MTU_ID, FACULTY_OF_IT),
        ),
        relations=(
            *facts().relations,
            Relation(RWTH_ID, STRANGER, date(2016, 1, 1), RelationKind.ABSORBED),
        ),
        agencies=(*world["agencies"], Agency("X", "X", ())),
    )
    assert after == before


@given(REPORTS, reports(), QUESTIONS, WORLDS)
@settings(max_examples=100, deadline=None)
def test_a_negative_current_report_never_yields_assured(
    known: list[Report], other: Report, question: Query, world: dict[str, Any]
) -> None:
    owner = {CIT.did: CIT_ID, MTU.did: MTU_ID, FHJ.did: FHJ_ID}.get(question.did, STRANGER)
    negative = replace(
        other,
        id="negative",
        institution_ids=(owner,),
        activity=Activity.INSTITUTIONAL,
        decision=ReportDecision.NEGATIVE,
        valid_from=question.awarded_on,
        valid_to=None,
    )
    assert last_day(negative)[0] > question.awarded_on
    assert answer((*known, negative), question, **world).outcome not in ASSURED


@given(REPORTS, reports(), QUESTIONS, WORLDS)
@settings(max_examples=100, deadline=None)
def test_a_negative_report_never_improves_an_answer(
    known: list[Report], other: Report, question: Query, world: dict[str, Any]
) -> None:
    before = answer(tuple(known), question, **world)
    against = replace(other, id="negative", decision=ReportDecision.NEGATIVE)
    after = answer((*known, against), question, **world)
    assert before.outcome in ASSURED or after.outcome not in ASSURED


@given(REPORTS, reports(), QUESTIONS, WORLDS, VOIDINGS)
@settings(max_examples=100, deadline=None)
def test_without_the_evidence_of_a_negative_no_answer_is_better(
    known: list[Report], other: Report, question: Query, world: dict[str, Any], more: list[Voiding]
) -> None:
    """Its agency unknown, never registered or voided; the whole that it is about not in the snapshot."""
    against = replace(other, id="negative", decision=ReportDecision.NEGATIVE)
    before = answer((*known, against), question, **world)
    own = {CIT.did: CIT_ID, MTU.did: MTU_ID, FHJ.did: FHJ_ID}.get(question.did)
    others = [one for one in world["agencies"] if one.acronym != against.agency]
    its_own = [one for one in world["agencies"] if one.acronym == against.agency]
    losses: list[dict[str, Any]] = [
        {"agencies": tuple(others)},
        {"agencies": (*others, *(replace(one, registrations=()) for one in its_own))},
        {"agencies": (*others, *(replace(one, voidings=(*one.voidings, *more)) for one in its_own))},
        {"institutions": tuple(one for one in INSTITUTIONS if one.id == own)},
    ]
    for loss in losses:
        after = answer((*known, against), question, **{**world, **loss})
        assert before.outcome in ASSURED or after.outcome not in ASSURED
        if Reason.REPORT_NEGATIVE in before.reasons:
            assert (after.outcome, after.reasons) == (before.outcome, before.reasons)


@given(REPORTS, QUESTIONS, WORLDS, MOMENTS, VOIDINGS)
@settings(max_examples=100, deadline=None)
def test_what_is_recorded_later_changes_nothing_of_what_was_known(
    known: list[Report], question: Query, world: dict[str, Any], moment: datetime, more: list[Voiding]
) -> None:
    """Neither a voiding nor the withdrawal of one."""
    question = replace(question, known_at=moment)
    earlier = [one for one in more if one.recorded_at <= moment]
    later = [one for one in more if one.recorded_at > moment]
    taken_back = [
        replace(one, withdrawn_at=moment + timedelta(seconds=1))
        if one.withdrawn_at is None or one.withdrawn_at > moment
        else one
        for one in earlier
    ]

    def with_voidings(voidings: list[Voiding]) -> dict[str, Any]:
        agencies = (replace(one, voidings=(*one.voidings, *voidings)) for one in world["agencies"])
        return {**world, "agencies": tuple(agencies)}

    before = answer(tuple(known), question, **with_voidings(earlier))
    after = answer(tuple(known), question, **with_voidings([*taken_back, *later]))
    assert after == before


@given(REPORTS, reports((PART_ID,)), QUESTIONS, WORLDS, st.none() | DAYS)
@settings(max_examples=100, deadline=None)
def test_a_faculty_changes_nothing_of_the_whole(
    known: list[Report], other: Report, question: Query, world: dict[str, Any], start: date | None
) -> None:
    faculties = (*world["faculties"], *(Faculty(one, PART_ID, start) for one in OURS))
    after = answer((*known, replace(other, id="part")), question, **{**world, "faculties": faculties})
    assert after == answer(tuple(known), question, **world)


@given(REPORTS, QUESTIONS)
@settings(max_examples=100, deadline=None)
def test_no_report_means_neither_assured_nor_a_report_against(known: list[Report], question: Query) -> None:
    decision = answer((), question)
    assert decision.outcome not in ASSURED
    if decision.outcome is Outcome.NOT_ASSURED:
        assert set(decision.reasons) <= {Reason.INSTITUTION_CLOSED, Reason.KEY_REVOKED}


@given(REPORTS, QUESTIONS)
@settings(max_examples=100, deadline=None)
def test_demo_data_never_assure_elsewhere(known: list[Report], question: Query) -> None:
    elsewhere = answer(tuple(known), question, snapshot=snapshot(deployment=SnapshotKind.PRODUCTION))
    assert elsewhere.outcome not in ASSURED


@given(REPORTS, QUESTIONS, st.timedeltas(timedelta(0), timedelta(days=60)))
@settings(max_examples=100, deadline=None)
def test_age_never_improves_an_answer(known: list[Report], question: Query, age: timedelta) -> None:
    fresh = answer(tuple(known), question)
    old = answer(tuple(known), question, snapshot=snapshot(issued_at=NOW - age))
    assert old.outcome in {fresh.outcome, Outcome.INDETERMINATE}


@given(REPORTS, QUESTIONS)
@settings(max_examples=100, deadline=None)
def test_without_a_binding_nothing_is_known(known: list[Report], question: Query) -> None:
    decision = answer(tuple(known), question, bindings=(binding(MTU, MTU_ID, level=0),))
    assert decision.outcome is Outcome.UNKNOWN_ISSUER


@given(DAYS)
@settings(max_examples=50, deadline=None)
def test_time_is_an_argument(day: date) -> None:
    question = query(CIT, day.isoformat())
    later = NOW + timedelta(days=400)
    known = facts(snapshot=snapshot(issued_at=later))
    now: datetime = later
    assert resolve(known, question, now=now).outcome == resolve(facts(), question, now=NOW).outcome

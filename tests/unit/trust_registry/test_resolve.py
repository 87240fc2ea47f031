"""Golden cases and one test per outcome and reason (trust-registry.md section 3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.trust_registry.samples import (
    AGENCIES,
    CHANGE,
    CIT,
    CIT_ID,
    FHJ,
    FHJ_ID,
    INSTITUTIONS,
    MILL,
    MTU,
    MTU_ID,
    NOW,
    RWTH,
    RWTH_ID,
    SEEU_ID,
    Issuer,
    binding,
    facts,
    query,
    report,
    snapshot,
)
from trust_registry.cover import last_day
from trust_registry.facts import Closure, Facts, Institution, KeyRevocation, Programme, Relation, Voiding
from trust_registry.models import AwardKind, Decision, Outcome, Query, Scope
from trust_registry.resolve import freshness, resolve
from trust_registry.vocabulary import (
    Activity,
    Cycle,
    Flag,
    Freshness,
    Reason,
    RelationKind,
    ReportDecision,
    RevocationReason,
    SnapshotKind,
    Status,
)


def ask(known: Facts, question: Query, now: datetime = NOW) -> Decision:
    decision = resolve(known, question, now=now)
    assert Decision.from_json(decision.to_json()) == decision
    return decision


def check(decision: Decision, outcome: Outcome, *reasons: Reason) -> None:
    assert (decision.outcome, set(decision.reasons)) == (outcome, set(reasons))


# --- golden case: Cork IT → Munster TU


@pytest.mark.parametrize("day", ["2019-06-01", "2020-12-31"])
def test_cork_it_before_its_end(day: str) -> None:
    decision = ask(facts(), query(CIT, day, eqf=6, country="IE"))
    check(decision, Outcome.ASSURED_OFFICIAL)
    assert decision.scope is Scope.INSTITUTION


@pytest.mark.parametrize("day", ["2021-01-01", "2021-06-01"])
def test_cork_it_after_its_end(day: str) -> None:
    check(ask(facts(), query(CIT, day)), Outcome.NOT_ASSURED, Reason.INSTITUTION_CLOSED)


@pytest.mark.parametrize("day", ["2021-01-01", "2021-06-01", "2028-04-30"])
def test_munster_tu_has_cork_its_report(day: str) -> None:
    decision = ask(
        facts(snapshot=snapshot(issued_at=datetime(2028, 5, 1, tzinfo=UTC))),
        query(MTU, day, eqf=6),
        now=datetime(2028, 5, 1, tzinfo=UTC),
    )
    check(decision, Outcome.ASSURED_OFFICIAL, Reason.INHERITED_FROM_PREDECESSOR)
    assert [link.role for link in decision.authority_chain] == [
        "institution",
        "report",
        "agency",
        "register",
        "snapshot",
    ]
    assert decision.authority_chain[0].note == "from DEQARINST1361 on 2021-01-01"


@pytest.mark.parametrize("day", ["2019-06-01", "2020-12-31"])
def test_munster_tu_before_it_existed(day: str) -> None:
    check(ask(facts(), query(MTU, day)), Outcome.NO_EVIDENCE, Reason.INSTITUTION_NOT_FOUNDED)
    bound_late = facts(bindings=(binding(MTU, MTU_ID, valid_from=CHANGE),))
    check(ask(bound_late, query(MTU, day)), Outcome.UNKNOWN_ISSUER, Reason.DID_NOT_BOUND)


def test_munster_tu_after_the_inherited_report_ended() -> None:
    now = datetime(2028, 6, 1, tzinfo=UTC)
    late = facts(snapshot=snapshot(issued_at=now))
    check(ask(late, query(MTU, "2028-05-01"), now=now), Outcome.NO_EVIDENCE, Reason.REPORT_EXPIRED)


def test_only_what_was_valid_at_the_change_is_handed_down() -> None:
    ended = report(valid_to=date(2020, 12, 31))
    check(ask(facts(ended), query(MTU, "2021-06-01")), Outcome.NO_EVIDENCE, Reason.NO_REPORT)
    begun_after = report(valid_from=date(2021, 2, 1))
    check(ask(facts(begun_after), query(MTU, "2021-06-01")), Outcome.NO_EVIDENCE, Reason.NO_REPORT)


def test_cover_passes_through_two_changes_but_never_backwards() -> None:
    older = Institution("DEQARINST9001", "Older")
    steps = (
        Relation(CIT_ID, MTU_ID, CHANGE, RelationKind.SUCCEEDED),
        Relation(older.id, CIT_ID, date(2019, 1, 1), RelationKind.ABSORBED),
        Relation(MTU_ID, older.id, date(2019, 1, 1), RelationKind.ABSORBED),  # a circle ends
    )
    handed = facts(report(institution_ids=(older.id,)), institutions=(*INSTITUTIONS, older), relations=steps)
    check(ask(handed, query(MTU, "2022-01-01")), Outcome.ASSURED_OFFICIAL, Reason.INHERITED_FROM_PREDECESSOR)
    # The older one was only absorbed after Cork IT was gone: what it had did not reach Munster TU.
    late = (steps[0], replace(steps[1], at=date(2022, 1, 1)))
    check(
        ask(replace(handed, relations=late), query(MTU, "2023-01-01")), Outcome.NO_EVIDENCE, Reason.NO_REPORT
    )


def test_a_successors_report_does_not_cover_its_predecessor() -> None:
    only_mtu = facts(report(institution_ids=(MTU_ID,)))
    check(ask(only_mtu, query(CIT, "2019-06-01")), Outcome.NO_EVIDENCE, Reason.NO_REPORT)


# --- golden cases: FH Joanneum, RWTH, South East European University


def test_fh_joanneum() -> None:
    known = facts(report(institution_ids=(FHJ_ID,), agency="AQ Austria"))
    check(ask(known, query(FHJ, "2024-03-01", eqf=6, country="AT")), Outcome.ASSURED_OFFICIAL)


RWTH_REPORTS = (
    report(
        id="47914",
        institution_ids=(RWTH_ID,),
        agency="AAQ",
        valid_from=date(2018, 9, 14),
        valid_to=date(2024, 9, 30),
        cycles=None,
    ),
    report(
        id="25106",
        institution_ids=(RWTH_ID,),
        agency="ASIIN",
        activity=Activity.PROGRAMME,
        decision=ReportDecision.CONDITIONAL,
        valid_from=date(2013, 9, 27),
        valid_to=date(2019, 9, 30),
        cycles=frozenset({Cycle.SECOND}),
        programme=Programme("Software Engineering"),
    ),
)


def test_rwth_2017_a_programme_report_does_not_cover_a_micro_credential() -> None:
    known = facts(*RWTH_REPORTS)
    check(ask(known, query(RWTH, "2017-05-01", eqf=7)), Outcome.NO_EVIDENCE, Reason.NO_REPORT)
    named = query(RWTH, "2017-05-01", eqf=7, programme="Software Engineering")
    check(ask(known, named), Outcome.NO_EVIDENCE, Reason.NO_REPORT)


def test_rwth_2017_its_programme_is_covered() -> None:
    question = query(
        RWTH, "2017-05-01", eqf=7, award_kind=AwardKind.PROGRAMME, programme=" software  ENGINEERING "
    )
    decision = ask(facts(*RWTH_REPORTS), question)
    check(decision, Outcome.ASSURED_OFFICIAL)
    assert decision.scope is Scope.PROGRAMME
    other_level = replace(question, eqf=6)
    check(ask(facts(*RWTH_REPORTS), other_level), Outcome.NOT_ASSURED, Reason.LEVEL_NOT_COVERED)


def test_rwth_2020_system_accreditation() -> None:
    known = facts(*RWTH_REPORTS)
    check(ask(known, query(RWTH, "2020-05-01")), Outcome.ASSURED_OFFICIAL)
    # Which levels 47914 covers is not known here, so a question about a level has no answer.
    check(ask(known, query(RWTH, "2020-05-01", eqf=7)), Outcome.INDETERMINATE, Reason.SOURCE_UNCHECKED)
    check(ask(known, query(RWTH, "2018-09-14")), Outcome.ASSURED_OFFICIAL)
    check(ask(known, query(RWTH, "2018-09-13")), Outcome.NO_EVIDENCE, Reason.NO_REPORT)


def test_report_3929_voluntary_without_decision_and_end() -> None:
    seeu = Issuer(5, "did:web:seeu.example")
    known = facts(
        report(
            id="3929",
            institution_ids=(SEEU_ID,),
            agency="IEP",
            status=Status.VOLUNTARY,
            decision=ReportDecision.NOT_APPLICABLE,
            valid_from=date(2018, 1, 1),
            valid_to=None,
        ),
        bindings=(binding(seeu, SEEU_ID),),
    )
    reasons = (Reason.VALIDITY_INFERRED, Reason.DECISION_NOT_APPLICABLE)
    check(ask(known, query(seeu, "2023-12-31", country="MK")), Outcome.ASSURED_VOLUNTARY, *reasons)
    check(ask(known, query(seeu, "2024-01-01")), Outcome.NO_EVIDENCE, Reason.REPORT_EXPIRED)


# --- reports


def test_a_negative_report_beside_a_positive_one() -> None:
    negative = report(id="ILLUSTRATIVE-2", decision=ReportDecision.NEGATIVE, valid_from=date(2018, 6, 1))
    decision = ask(facts(report(), negative), query(CIT, "2019-06-01"))
    check(decision, Outcome.NOT_ASSURED, Reason.REPORT_NEGATIVE)
    assert any("ILLUSTRATIVE-2" in item.value for item in decision.evidence)
    inherited = ask(facts(report(), negative), query(MTU, "2022-06-01"))
    check(inherited, Outcome.NOT_ASSURED, Reason.REPORT_NEGATIVE)


def test_a_negative_report_counts_whatever_is_known_of_its_agency() -> None:
    negative = report(id="ILLUSTRATIVE-2", decision=ReportDecision.NEGATIVE, agency="nobody")
    check(
        ask(facts(report(), negative), query(CIT, "2019-06-01")), Outcome.NOT_ASSURED, Reason.REPORT_NEGATIVE
    )


def test_a_negative_report_that_ended_or_has_not_begun_does_not_count() -> None:
    over = report(
        id="x", decision=ReportDecision.NEGATIVE, valid_from=date(2016, 1, 1), valid_to=date(2018, 12, 31)
    )
    to_come = report(id="y", decision=ReportDecision.NEGATIVE, valid_from=date(2019, 7, 1))
    check(ask(facts(report(), over, to_come), query(CIT, "2019-06-01")), Outcome.ASSURED_OFFICIAL)


def test_a_high_flag_alone_is_against_but_does_not_undo_another_report() -> None:
    flagged = report(id="ILLUSTRATIVE-2", flag=Flag.HIGH)
    check(ask(facts(flagged), query(CIT, "2019-06-01")), Outcome.NOT_ASSURED, Reason.REPORT_FLAGGED)
    check(ask(facts(flagged, report()), query(CIT, "2019-06-01")), Outcome.ASSURED_OFFICIAL)
    check(ask(facts(report(flag=Flag.LOW)), query(CIT, "2019-06-01")), Outcome.ASSURED_OFFICIAL)


def test_expired_is_absence_and_not_a_negative() -> None:
    check(
        ask(facts(report(valid_to=date(2019, 5, 31))), query(CIT, "2019-06-01")),
        Outcome.NO_EVIDENCE,
        Reason.REPORT_EXPIRED,
    )


def test_no_report_at_all() -> None:
    check(ask(facts(reports=()), query(CIT, "2019-06-01")), Outcome.NO_EVIDENCE, Reason.NO_REPORT)


@pytest.mark.parametrize(
    ("start", "last"),
    [
        (date(2016, 2, 29), date(2022, 2, 28)),
        (date(2018, 2, 28), date(2024, 2, 27)),
        (date(2018, 3, 1), date(2024, 2, 29)),
        (date(2018, 1, 1), date(2023, 12, 31)),
    ],
)
def test_six_years_when_no_end_is_given(start: date, last: date) -> None:
    assert last_day(report(valid_from=start, valid_to=None)) == (last, True)
    open_ended = facts(report(institution_ids=(FHJ_ID,), valid_from=start, valid_to=None))
    covered = ask(open_ended, query(FHJ, last.isoformat()))
    check(covered, Outcome.ASSURED_OFFICIAL, Reason.VALIDITY_INFERRED)
    after = ask(open_ended, query(FHJ, (last + timedelta(days=1)).isoformat()))
    check(after, Outcome.NO_EVIDENCE, Reason.REPORT_EXPIRED)


def test_an_explicit_end_is_preferred_to_an_inferred_one() -> None:
    known = facts(report(id="a", valid_to=None), report(id="b"))
    check(ask(known, query(CIT, "2019-06-01")), Outcome.ASSURED_OFFICIAL)


def test_a_micro_credential_with_its_own_report() -> None:
    small = report(
        activity=Activity.PROGRAMME,
        programme=Programme("Data Literacy", Decimal(5), degree=False),
        cycles=frozenset({Cycle.FIRST}),
    )
    named = query(CIT, "2019-06-01", eqf=6, ects=Decimal(5), programme="data literacy")
    decision = ask(facts(small), named)
    check(decision, Outcome.ASSURED_OFFICIAL)
    assert decision.scope is Scope.MICRO_CREDENTIAL
    for other in (
        replace(named, programme="Another"),
        replace(named, ects=Decimal(60)),
        replace(named, programme=None),
    ):
        check(ask(facts(small), other), Outcome.NO_EVIDENCE, Reason.NO_REPORT)
    for programme in (
        Programme("Data Literacy", Decimal(60), degree=False),
        Programme("Data Literacy", Decimal(5)),
    ):
        check(ask(facts(replace(small, programme=programme)), named), Outcome.NO_EVIDENCE, Reason.NO_REPORT)


def test_another_provider_is_at_most_voluntary() -> None:
    other = tuple(replace(item, other_provider=True) for item in INSTITUTIONS)
    check(ask(facts(institutions=other), query(CIT, "2019-06-01")), Outcome.ASSURED_VOLUNTARY)


# --- agencies


def with_agency(**changes: Any) -> Facts:
    return facts(agencies=(replace(AGENCIES[0], **changes), *AGENCIES[1:]))


def test_agency_not_registered_when_the_report_started() -> None:
    for start in (date(2015, 6, 4), date(2019, 8, 1)):
        known = facts(report(valid_from=start))
        check(ask(known, query(CIT, "2020-06-01")), Outcome.NO_EVIDENCE, Reason.AGENCY_NOT_REGISTERED)
    for start in (date(2015, 6, 5), date(2019, 7, 31)):
        check(ask(facts(report(valid_from=start)), query(CIT, "2020-06-01")), Outcome.ASSURED_OFFICIAL)


def test_agency_unknown_to_the_source() -> None:
    check(
        ask(facts(report(agency="nobody")), query(CIT, "2019-06-01")),
        Outcome.INDETERMINATE,
        Reason.SOURCE_UNCHECKED,
    )


def test_agency_voided_afterwards_seen_before_and_after() -> None:
    recorded = datetime(2025, 3, 1, tzinfo=UTC)
    known = with_agency(voidings=(Voiding(date(2018, 1, 1), None, recorded),))
    check(ask(known, query(CIT, "2019-06-01")), Outcome.NO_EVIDENCE, Reason.AGENCY_VOIDED)
    before = query(CIT, "2019-06-01", known_at=recorded - timedelta(seconds=1))
    check(ask(known, before), Outcome.ASSURED_OFFICIAL)
    check(ask(known, replace(before, known_at=recorded)), Outcome.NO_EVIDENCE, Reason.AGENCY_VOIDED)
    earlier_reports = with_agency(voidings=(Voiding(date(2016, 1, 1), date(2018, 4, 30), recorded),))
    check(ask(earlier_reports, query(CIT, "2019-06-01")), Outcome.ASSURED_OFFICIAL)


def test_agency_not_official_in_the_country() -> None:
    known = with_agency(official_in=frozenset({"AT"}))
    decision = ask(known, query(CIT, "2019-06-01", country="IE"))
    check(decision, Outcome.ASSURED_VOLUNTARY, Reason.AGENCY_NOT_OFFICIAL)


# --- level and country


@pytest.mark.parametrize(("eqf", "covered"), [(4, False), (5, True), (6, True), (7, True), (8, False)])
def test_level(eqf: int, covered: bool) -> None:
    decision = ask(facts(), query(CIT, "2019-06-01", eqf=eqf))
    if covered:
        check(decision, Outcome.ASSURED_OFFICIAL)
    else:
        check(decision, Outcome.NOT_ASSURED, Reason.LEVEL_NOT_COVERED)


def test_level_unknown_in_one_report_and_refused_by_another_is_not_known() -> None:
    known = facts(report(), report(id="b", cycles=None))
    reasons = (Reason.LEVEL_NOT_COVERED, Reason.SOURCE_UNCHECKED)
    check(ask(known, query(CIT, "2019-06-01", eqf=8)), Outcome.INDETERMINATE, *reasons)


def test_country() -> None:
    elsewhere = query(CIT, "2019-06-01", country="AE")
    check(ask(facts(), elsewhere), Outcome.NOT_ASSURED, Reason.JURISDICTION_NOT_COVERED)
    check(ask(facts(reports=()), elsewhere), Outcome.NO_EVIDENCE, Reason.JURISDICTION_NOT_COVERED)
    nowhere = tuple(replace(item, countries=()) for item in INSTITUTIONS)
    check(ask(facts(institutions=nowhere), elsewhere), Outcome.INDETERMINATE, Reason.SOURCE_UNCHECKED)


# --- binding and key


def test_an_issuer_nobody_knows() -> None:
    decision = ask(facts(), query(MILL, "2024-01-01"))
    check(decision, Outcome.UNKNOWN_ISSUER, Reason.DID_NOT_BOUND)
    assert decision.institution is None
    assert decision.authority_chain == ()


def test_a_claim_of_level_0_never_counts() -> None:
    known = facts(bindings=(binding(MTU, MTU_ID, level=0),))
    check(ask(known, query(MTU, "2022-01-01")), Outcome.UNKNOWN_ISSUER, Reason.DID_NOT_BOUND)


def test_a_key_that_is_not_pinned() -> None:
    question = query(CIT, "2019-06-01", key=MTU.thumbprint)
    check(ask(facts(), question), Outcome.UNKNOWN_ISSUER, Reason.KEY_NOT_PINNED)


def test_without_a_key_the_answer_says_so() -> None:
    check(ask(facts(), query(CIT, "2019-06-01", key=None)), Outcome.ASSURED_OFFICIAL, Reason.KEY_UNCHECKED)


def test_one_did_for_two_institutions() -> None:
    known = facts(bindings=(binding(CIT, CIT_ID), binding(CIT, FHJ_ID)))
    check(ask(known, query(CIT, "2019-06-01")), Outcome.INDETERMINATE, Reason.DID_AMBIGUOUS)


REVOKED_AT = datetime(2024, 6, 1, 10, 0, tzinfo=UTC)


def revoked(reason: RevocationReason) -> Facts:
    first = binding(MTU, MTU_ID)
    again = replace(first, revoked=KeyRevocation(REVOKED_AT, reason), recorded_at=REVOKED_AT)
    return facts(bindings=(first, again))


def test_a_retired_key_still_stands_for_what_was_awarded_before() -> None:
    known = revoked(RevocationReason.RETIRED)
    check(ask(known, query(MTU, "2024-05-31")), Outcome.ASSURED_OFFICIAL, Reason.INHERITED_FROM_PREDECESSOR)
    for day in ("2024-06-01", "2024-06-02"):
        check(ask(known, query(MTU, day)), Outcome.NOT_ASSURED, Reason.KEY_REVOKED)


def test_after_a_compromise_no_date_by_that_key_is_trusted() -> None:
    known = revoked(RevocationReason.COMPROMISED)
    decision = ask(known, query(MTU, "2022-01-01"))
    check(decision, Outcome.NOT_ASSURED, Reason.KEY_REVOKED)
    assert decision.institution is not None
    assert decision.institution.id == MTU_ID
    # As it was known before the revocation was recorded:
    earlier = query(MTU, "2022-01-01", known_at=REVOKED_AT - timedelta(seconds=1))
    check(ask(known, earlier), Outcome.ASSURED_OFFICIAL, Reason.INHERITED_FROM_PREDECESSOR)


def test_a_binding_not_yet_recorded_was_not_known() -> None:
    earlier = query(CIT, "2019-06-01", known_at=datetime(2023, 12, 31, tzinfo=UTC))
    check(ask(facts(), earlier), Outcome.UNKNOWN_ISSUER, Reason.DID_NOT_BOUND)


def test_a_stored_binding_that_does_not_verify() -> None:
    known = facts(bindings_intact=False)
    check(ask(known, query(CIT, "2019-06-01")), Outcome.INDETERMINATE, Reason.SOURCE_UNCHECKED)


def test_an_institution_that_is_not_in_the_snapshot() -> None:
    check(
        ask(facts(institutions=()), query(CIT, "2019-06-01")), Outcome.INDETERMINATE, Reason.SOURCE_UNCHECKED
    )


def test_closed_on_an_unknown_day_of_a_year() -> None:
    closed = Closure(date(2016, 1, 1), date(2017, 1, 1))
    known = facts(
        report(valid_from=date(2015, 7, 1)),
        institutions=tuple(replace(item, closure=closed) for item in INSTITUTIONS),
    )
    check(ask(known, query(CIT, "2015-12-31")), Outcome.ASSURED_OFFICIAL)
    check(ask(known, query(CIT, "2016-07-01")), Outcome.INDETERMINATE, Reason.CLOSURE_DATE_UNCERTAIN)
    check(ask(known, query(CIT, "2017-01-01")), Outcome.NOT_ASSURED, Reason.INSTITUTION_CLOSED)


# --- snapshot


@pytest.mark.parametrize(
    ("hours", "state"),
    [
        (0, Freshness.FRESH),
        (24, Freshness.FRESH),
        (25, Freshness.STALE),
        (7 * 24, Freshness.STALE),
        (7 * 24 + 1, Freshness.EXPIRED),
        (30 * 24, Freshness.EXPIRED),
        (30 * 24 + 1, Freshness.DEAD),
    ],
)
def test_freshness(hours: int, state: Freshness) -> None:
    assert freshness(timedelta(hours=hours)) is state


def aged(days: int) -> Facts:
    return facts(snapshot=snapshot(issued_at=NOW - timedelta(days=days)))


def test_a_stale_snapshot_answers_with_a_warning() -> None:
    decision = ask(aged(3), query(CIT, "2019-06-01"))
    check(decision, Outcome.ASSURED_OFFICIAL, Reason.SNAPSHOT_STALE)
    assert (decision.snapshot.freshness, decision.snapshot.age_seconds) == (Freshness.STALE, 3 * 86400)


def test_an_expired_snapshot_answers_only_for_awards_long_before_it() -> None:
    reasons = (Reason.SNAPSHOT_STALE, Reason.SOURCE_UNCHECKED)
    check(ask(aged(10), query(CIT, "2019-06-01")), Outcome.ASSURED_OFFICIAL, *reasons)
    check(ask(aged(10), query(MTU, "2026-11-01")), Outcome.INDETERMINATE, Reason.SNAPSHOT_STALE)


def test_a_dead_snapshot_fails_closed() -> None:
    check(ask(aged(31), query(CIT, "2019-06-01")), Outcome.INDETERMINATE, Reason.SNAPSHOT_STALE)
    check(ask(aged(31), query(MILL, "2019-06-01")), Outcome.INDETERMINATE, Reason.SNAPSHOT_STALE)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"rolled_back": True}, Reason.SNAPSHOT_ROLLBACK),
        ({"authentic": False}, Reason.SOURCE_UNCHECKED),
        ({"issued_at": NOW + timedelta(hours=1)}, Reason.SOURCE_UNCHECKED),
    ],
)
def test_a_snapshot_that_cannot_be_relied_on(change: dict[str, Any], reason: Reason) -> None:
    known = facts(snapshot=snapshot(**change))
    check(ask(known, query(CIT, "2019-06-01")), Outcome.INDETERMINATE, reason)


def test_an_award_in_the_future() -> None:
    check(ask(facts(), query(MTU, "2026-11-24")), Outcome.INDETERMINATE, Reason.AWARD_IN_FUTURE)
    check(ask(facts(), query(MTU, "2026-11-23")), Outcome.ASSURED_OFFICIAL, Reason.INHERITED_FROM_PREDECESSOR)


def test_demo_data_assure_only_in_a_demonstration() -> None:
    known = facts(snapshot=snapshot(deployment=SnapshotKind.PRODUCTION))
    decision = ask(known, query(CIT, "2019-06-01"))
    check(decision, Outcome.INDETERMINATE, Reason.SNAPSHOT_DEMO)
    assert decision.scope is Scope.NONE
    # What is against is against all the same.
    check(ask(known, query(CIT, "2021-06-01")), Outcome.NOT_ASSURED, Reason.INSTITUTION_CLOSED)


def test_illustrative_reports_never_look_like_eqars_word() -> None:
    decision = ask(facts(), query(CIT, "2019-06-01"))
    shown = next(item for item in decision.evidence if item.kind == "report")
    assert shown.illustrative
    assert shown.label.startswith("Illustrative")
    links = {link.role: link for link in decision.authority_chain}
    assert "illustrative" in links["report"].note
    assert links["report"].url == ""
    assert "does not list this report" in links["register"].note

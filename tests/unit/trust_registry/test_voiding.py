"""What EQAR took back, read off the recordings of an agency; two times on every voiding."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.trust_registry.samples import (
    CIT,
    CIT_ID,
    INSTITUTIONS,
    NOW,
    binding,
    facts,
    opened,
    query,
    report,
)
from trust_registry import snapshot_tables
from trust_registry.cover import voided
from trust_registry.fact_json import Kind, Place, flatten
from trust_registry.facts import Agency, StatedVoiding, Voiding
from trust_registry.gathering import gather
from trust_registry.harvested import Ingested
from trust_registry.history import History
from trust_registry.ingest.plan import Held, plan
from trust_registry.ingest.source import Harvest
from trust_registry.models import Outcome
from trust_registry.resolve import resolve
from trust_registry.vocabulary import Reason, SnapshotKind
from trust_registry.voiding import derived, stated

Period = tuple[date, date | None]
START, END = date(2015, 6, 5), date(2029, 7, 31)
FIRST, SECOND, THIRD = (datetime(2024, month, 1, 3, tzinfo=UTC) for month in (1, 2, 3))
INSTANT = timedelta(microseconds=1)


def agency(*periods: Period) -> Agency:
    return Agency("QQI", "QQI", periods)


WHOLE = agency((START, END))
LATER = agency((date(2019, 1, 1), END))


@pytest.mark.parametrize(
    ("after", "voidings"),
    [
        (WHOLE, ()),
        (agency(), (Voiding(START, END, SECOND),)),
        (None, (Voiding(START, END, SECOND),)),
        (LATER, (Voiding(START, date(2018, 12, 31), SECOND),)),
        (agency((START, date(2020, 1, 1))), ()),  # an ending, told late
        (agency((date(2019, 1, 1), date(2020, 1, 1))), (Voiding(START, date(2018, 12, 31), SECOND),)),
        (agency((START, None)), ()),
        (agency((date(2010, 1, 1), END)), ()),
        (agency((START, date(2018, 1, 1)), (date(2020, 1, 1), END)), ()),  # ended, and registered anew
        (agency((date(2030, 1, 1), None)), (Voiding(START, END, SECOND),)),
        (agency((END, START)), (Voiding(START, END, SECOND),)),  # nonsense covers no day
    ],
)
def test_one_change(after: Agency | None, voidings: tuple[Voiding, ...]) -> None:
    assert derived([(FIRST, WHOLE), (SECOND, after)]) == voidings


def test_a_period_without_end_is_voided_without_end() -> None:
    assert derived([(FIRST, agency((START, None))), (SECOND, agency())]) == (Voiding(START, None, SECOND),)


def test_one_of_two_periods() -> None:
    two = agency((date(2009, 1, 1), date(2013, 12, 31)), (START, END))
    gone = Voiding(date(2009, 1, 1), date(2013, 12, 31), SECOND)
    assert derived([(FIRST, two), (SECOND, WHOLE)]) == (gone,)
    assert derived([(FIRST, two), (SECOND, agency(two.registrations[0]))]) == (Voiding(START, END, SECOND),)


def test_registered_anew_after_a_period_ran_out_takes_nothing_back() -> None:
    """DEQAR shows one period of an agency: the new one stands where the old one stood."""
    old, new = agency((date(2009, 1, 1), date(2013, 12, 31))), agency((date(2024, 1, 15), None))
    assert derived([(FIRST, old), (SECOND, new)]) == ()
    # It was there all the time: then the old one was taken away, and not replaced.
    both = agency(*old.registrations, *new.registrations)
    assert len(derived([(FIRST, both), (SECOND, new)])) == 1


def test_what_comes_back_was_voided_in_between() -> None:
    found = derived([(FIRST, WHOLE), (SECOND, LATER), (THIRD, WHOLE)])
    assert found == (Voiding(START, date(2018, 12, 31), SECOND, THIRD),)
    in_part = derived([(FIRST, WHOLE), (SECOND, LATER), (THIRD, agency((date(2018, 1, 1), END)))])
    assert found[0].recorded_at == in_part[0].recorded_at
    assert set(in_part) == {
        Voiding(START, date(2017, 12, 31), SECOND),
        Voiding(date(2018, 1, 1), date(2018, 12, 31), SECOND, THIRD),
    }


def test_voided_again_is_another_voiding() -> None:
    again = THIRD + timedelta(days=30)
    found = derived([(FIRST, WHOLE), (SECOND, None), (THIRD, WHOLE), (again, None)])
    assert found == (Voiding(START, END, SECOND, THIRD), Voiding(START, END, again))


def test_nothing_recorded_nothing_voided() -> None:
    assert derived([]) == derived([(FIRST, None)]) == derived([(FIRST, None), (SECOND, WHOLE)]) == ()


def test_a_withdrawn_voiding_counts_for_the_time_between() -> None:
    known = agency((START, END))
    known = Agency(known.acronym, known.name, known.registrations, (Voiding(START, END, SECOND, THIRD),))
    counts = [
        voided(known, START, moment) for moment in (SECOND - INSTANT, SECOND, THIRD - INSTANT, THIRD, NOW)
    ]
    assert counts == [False, True, True, False, False]


@pytest.mark.parametrize(
    ("second", "third", "outcomes"),
    [
        (LATER, LATER, "assured voided voided"),
        (None, None, "assured voided voided"),  # not on the list at all any more
        (agency(), WHOLE, "assured voided assured"),  # taken back, and given again
        (
            agency((START, date(2018, 1, 1))),
            None,
            "assured unregistered unregistered",
        ),  # late news of an end; the report began later
        (WHOLE, LATER, "assured assured voided"),
    ],
)
def test_a_history_answers_for_every_known_time(
    tmp_path: Path, second: Agency | None, third: Agency | None, outcomes: str
) -> None:
    """From the ingest's lines to the answer. The sample's report starts on 2018-05-01; the award is of 2019."""
    history = History(tmp_path / "history.db")
    known: dict[Place, Held] = {}
    for moment, listed in ((FIRST, WHOLE), (SECOND, second), (THIRD, third)):
        found = Ingested(agencies={listed.acronym: listed} if listed else {})
        found.institutions = {one.id: one for one in INSTITUTIONS}
        found.reports = {one.id: one for one in (report(),)}
        harvest = Harvest(found, frozenset({Kind.AGENCY, Kind.INSTITUTION, Kind.REPORT}))
        steps = plan(known, flatten(found, {}), harvest, real=False).steps
        history.record(steps, harvest, origin="test", real=False, now=moment)
        known = history.held()
    path = tmp_path / "facts.sqlite"
    snapshot_tables.write(path, history.content(), SnapshotKind.DEMO)
    history.close()
    snapshot = opened(path)
    said = {
        (Outcome.ASSURED_OFFICIAL, ()): "assured",
        (Outcome.NO_EVIDENCE, (Reason.AGENCY_VOIDED,)): "voided",
        (Outcome.NO_EVIDENCE, (Reason.AGENCY_NOT_REGISTERED,)): "unregistered",
    }
    answers = []
    for moment in (SECOND - INSTANT, THIRD - INSTANT, NOW):
        question = query(CIT, "2019-06-01", known_at=moment)
        gathered = gather(snapshot, facts().snapshot, (binding(CIT, CIT_ID, recorded_at=FIRST),), question)
        decision = resolve(gathered, question, now=NOW)
        answers.append(said[decision.outcome, decision.reasons])
    snapshot.close()
    assert " ".join(answers) == outcomes


def test_what_operators_stated_and_withdrew() -> None:
    one = StatedVoiding("QQI", START, None, "https://example.org/decision")
    first, again = Voiding(START, None, FIRST, SECOND), Voiding(START, None, THIRD)
    assert stated([]) == stated([(FIRST, None)]) == ()
    assert stated([(FIRST, one), (SECOND, None), (THIRD, one)]) == (first, again)
    assert stated([(FIRST, one), (SECOND, one)]) == (Voiding(START, None, FIRST),)


DAYS = st.dates(date(2010, 1, 1), date(2030, 1, 1))
PERIODS = st.lists(st.tuples(DAYS, st.none() | DAYS), max_size=3)
VERSIONS = st.lists(st.none() | st.builds(lambda periods: agency(*periods), PERIODS), max_size=6)


@given(VERSIONS, DAYS)
@settings(max_examples=200, deadline=None)
def test_later_recordings_change_nothing_of_what_was_known(versions: list[Agency | None], day: date) -> None:
    told = [(FIRST + timedelta(days=number), one) for number, one in enumerate(versions)]
    for length in range(1, len(told)):
        moment = told[length][0] - INSTANT
        earlier, later = derived(told[:length]), derived(told)
        before, after = (Agency("QQI", "QQI", (), found) for found in (earlier, later))
        assert voided(before, day, moment) == voided(after, day, moment)


@given(VERSIONS, DAYS)
@settings(max_examples=200, deadline=None)
def test_a_day_that_is_registered_now_is_not_voided_now(versions: list[Agency | None], day: date) -> None:
    told = [(FIRST + timedelta(days=number), one) for number, one in enumerate(versions)]
    last = versions[-1] if versions else None
    if last and any(start <= day and (end is None or day <= end) for start, end in last.registrations):
        assert not voided(Agency("QQI", "QQI", (), derived(told)), day, NOW)

"""Which reports could cover an award, and whether one of them does. Pure.

Institutional cover flows through succession or absorption, and from a whole to its faculties; never through a
consortium, franchise, platform or alliance, which is why no other relation is a fact here. A programme's report
never covers the whole institution, and neither it nor a faculty's own report goes up to the whole
(trust-registry.md section 3, "Decision"). What flows is every institutional report: a negative one of the whole
counts against its faculties too, because who shares the cover shares the judgement.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from trust_registry.facts import Agency, Facts, Faculty, Relation, Report
from trust_registry.folding import same_name
from trust_registry.models import Query
from trust_registry.vocabulary import (
    CYCLE_OF_EQF,
    Activity,
    AwardKind,
    Flag,
    Reason,
    ReportDecision,
    Scope,
    Status,
)

INFERRED_YEARS = 6
MICRO_CREDENTIAL_ECTS = 60  # below it, without a degree: DEQAR's programme type "micro-credential"
_MAX_GENERATIONS = 8
_MAX_LEVELS = 2  # a department of a faculty of a university, and no further

type Step = Relation | Faculty


@dataclass(frozen=True, slots=True)
class Candidate:
    """A report about the institution, or about another whose cover comes down to it along ``via``.

    The topmost step is first: a predecessor hands down to the whole, and the whole shares with its faculty.
    """

    report: Report
    via: tuple[Step, ...]
    scope: Scope

    @property
    def handed_down(self) -> tuple[Relation, ...]:
        return tuple(step for step in self.via if isinstance(step, Relation))

    @property
    def shared(self) -> tuple[Faculty, ...]:
        return tuple(step for step in self.via if isinstance(step, Faculty))


@dataclass(frozen=True, slots=True)
class Judgement:
    """``reasons`` say why a report does not count, or what to know about one that does (``counts``)."""

    candidate: Candidate
    counts: bool
    official: bool
    reasons: tuple[Reason, ...]
    agency: Agency | None = None


def last_day(report: Report) -> tuple[date, bool]:
    """The report's last day, and whether it was inferred.

    No ``valid_to`` means six years from ``valid_from`` (DEQAR's rule). Six years from 29 February end on
    28 February: the day before the first day that is six years later.
    """
    if report.valid_to is not None:
        return report.valid_to, False
    start = report.valid_from
    year = start.year + INFERRED_YEARS
    leap_start = (start.month, start.day) == (2, 29)
    after = date(year, 3, 1) if leap_start else start.replace(year=year)
    return after - timedelta(days=1), True


def in_force(report: Report, day: date) -> bool:
    return report.valid_from <= day <= last_day(report)[0]


def candidates(facts: Facts, institution_id: str, query: Query) -> list[Candidate]:
    """Reports that bear on the award, in force or not: institutional ones, and those of its programme."""
    found: dict[str, Candidate] = {}  # the nearest way to a report counts: it may be about several owners
    for owner, via in owners(facts, institution_id, query.awarded_on):
        for report in facts.reports:
            if owner not in report.institution_ids or report.id in found:
                continue
            scope = _scope(report, query)
            if scope is None:
                continue
            candidate = Candidate(report, via, scope)
            # Handed down only when valid at every change of hands (DEQAR's rule); a faculty shares the cover
            # of the whole and not that of its programmes.
            valid = all(in_force(report, step.at) for step in candidate.handed_down)
            if valid and (scope is Scope.INSTITUTION or not candidate.shared):
                found[report.id] = candidate
    return list(found.values())


def judge(candidate: Candidate, facts: Facts, query: Query, *, known_at: datetime) -> Judgement | None:
    """Does this report cover the award? None when it only starts after it."""
    report = candidate.report
    end, inferred = last_day(report)

    def no(*reasons: Reason) -> Judgement:
        return Judgement(candidate, counts=False, official=False, reasons=reasons, agency=agency)

    agency = next((item for item in facts.agencies if item.acronym == report.agency), None)
    # a. Valid at the date of award.
    if query.awarded_on < report.valid_from:
        return None
    if query.awarded_on > end:
        return no(Reason.REPORT_EXPIRED)
    # b. Decision and flag: both are in the data and neither implies the other. A negative decision counts
    #    whatever is known of the agency: the sample lacks renewals, and doubt must not hide it.
    if report.decision is ReportDecision.NEGATIVE:
        return no(Reason.REPORT_NEGATIVE)
    if report.flag is Flag.HIGH:
        return no(Reason.REPORT_FLAGGED)
    # c. The whole that shares it, if it is one that does: open beyond doubt on that day.
    if not all(_open(facts, step.whole, query.awarded_on) for step in candidate.shared):
        return no(Reason.SOURCE_UNCHECKED)
    # d. The agency, on the day the report starts, as known at `known_at`.
    if agency is None:
        return no(Reason.SOURCE_UNCHECKED)
    if voided(agency, report.valid_from, known_at):  # asked first: what was taken back is not there any more
        return no(Reason.AGENCY_VOIDED)
    if not registered(agency, report.valid_from):
        return no(Reason.AGENCY_NOT_REGISTERED)
    # e. Level.
    if query.eqf is not None:
        if query.eqf not in CYCLE_OF_EQF:
            return no(Reason.LEVEL_NOT_COVERED)
        if report.cycles is None:
            return no(Reason.SOURCE_UNCHECKED)
        if CYCLE_OF_EQF[query.eqf] not in report.cycles:
            return no(Reason.LEVEL_NOT_COVERED)
    # f. It counts; what to know about it.
    official_here = agency.official_in is None or query.country is None or query.country in agency.official_in
    notes = (
        (Reason.INHERITED_FROM_PREDECESSOR, bool(candidate.handed_down)),
        (Reason.COVERED_AS_FACULTY, bool(candidate.shared)),
        (Reason.VALIDITY_INFERRED, inferred),
        (Reason.AGENCY_NOT_OFFICIAL, report.status is Status.OBLIGATORY and not official_here),
        (Reason.DECISION_NOT_APPLICABLE, report.decision is ReportDecision.NOT_APPLICABLE),
    )
    # An evaluation without a decision is quality assurance, but nobody decided: at most voluntary.
    official = (
        report.status is Status.OBLIGATORY
        and official_here
        and report.decision is not ReportDecision.NOT_APPLICABLE
    )
    return Judgement(candidate, True, official, tuple(reason for reason, holds in notes if holds), agency)


def best(judgements: Iterable[Judgement]) -> Judgement | None:
    """The strongest report that counts: official first, then nearest to the award, own, explicit, newest."""
    scopes = (Scope.MICRO_CREDENTIAL, Scope.PROGRAMME, Scope.INSTITUTION)
    return min(
        (judgement for judgement in judgements if judgement.counts),
        key=lambda judgement: (
            not judgement.official,
            scopes.index(judgement.candidate.scope),
            len(judgement.candidate.via),
            Reason.VALIDITY_INFERRED in judgement.reasons,
            -judgement.candidate.report.valid_from.toordinal(),
            judgement.candidate.report.id,
        ),
        default=None,
    )


def registered(agency: Agency, day: date) -> bool:
    """Was the agency on EQAR's register that day, whether or not EQAR took that back (`voided`)?"""
    return any(start <= day and (end is None or day <= end) for start, end in agency.registrations)


def voided(agency: Agency, day: date, known_at: datetime) -> bool:
    """Had EQAR, as known then, taken back the agency's inclusion for that day?"""
    return any(
        voiding.recorded_at <= known_at
        and (voiding.withdrawn_at is None or known_at < voiding.withdrawn_at)
        and voiding.valid_from <= day
        and (voiding.valid_to is None or day <= voiding.valid_to)
        for voiding in agency.voidings
    )


def owners(facts: Facts, institution_id: str, day: date) -> list[tuple[str, tuple[Step, ...]]]:
    """Whose reports may cover the institution on ``day``, each with the way down to it, the nearest first.

    Circles are real (0498 is its own parent), and 7244 has its predecessor as its parent: so no step is taken
    twice on the same level, and the institution itself is never met again. Two changes of hands between the same
    two are two ways.
    """
    found: list[tuple[str, tuple[Step, ...]]] = [(institution_id, ())]
    taken: set[tuple[Step, int]] = set()
    for owner, via in found:  # grows while it is walked
        for step in _steps_up(facts, owner, via, day) if len(via) < _MAX_GENERATIONS else ():
            above = step.whole if isinstance(step, Faculty) else step.predecessor
            this = (step, sum(isinstance(one, Faculty) for one in (step, *via)))
            if above != institution_id and this not in taken:
                taken.add(this)
                found.append((above, (step, *via)))
    return found


def _steps_up(facts: Facts, owner: str, via: tuple[Step, ...], day: date) -> list[Step]:
    """First up from faculty to whole, then back in time.

    Not the other way round: a predecessor that was a faculty hands down what was its own. What it shared ended
    for its successor, who is no part of that whole.
    """
    # A predecessor of a predecessor hands down before the later change.
    latest = via[0].at if via and isinstance(via[0], Relation) else day
    before = [step for step in facts.relations if step.successor == owner and step.at <= latest]
    found: list[Step] = [
        *sorted(before, key=lambda step: (step.at, step.predecessor, step.kind), reverse=True)
    ]
    if len(via) < _MAX_LEVELS and not any(isinstance(step, Relation) for step in via):
        found += [
            step
            for step in sorted(facts.faculties, key=lambda step: (step.whole, str(step.valid_from)))
            if step.part == owner and _holds(step, day) and _open(facts, step.whole, day) is not False
        ]
    return found


def _holds(step: Faculty, day: date) -> bool:
    return (step.valid_from is None or step.valid_from <= day) and (
        step.valid_to is None or day <= step.valid_to
    )


def _open(facts: Facts, institution_id: str, day: date) -> bool | None:
    """Does the institution exist that day? None: it is not among the facts, or closed on an unknown day."""
    known = next((one for one in facts.institutions if one.id == institution_id), None)
    if known is None:
        return None
    if known.founded is not None and day < known.founded:
        return False
    if known.closure is None or day < known.closure.earliest:
        return True
    return False if day >= known.closure.latest else None


def _scope(report: Report, query: Query) -> Scope | None:
    if report.activity in {Activity.INSTITUTIONAL, Activity.BOTH}:
        return Scope.INSTITUTION
    programme = report.programme
    if (
        programme is None
        or query.programme is None
        or same_name(programme.name) != same_name(query.programme)
    ):
        return None
    if query.award_kind is AwardKind.PROGRAMME:
        return Scope.PROGRAMME
    small = programme.ects is not None and programme.ects < MICRO_CREDENTIAL_ECTS
    fits = query.ects is None or query.ects < MICRO_CREDENTIAL_ECTS
    return Scope.MICRO_CREDENTIAL if programme.degree is False and small and fits else None

"""Which reports could cover an award, and whether one of them does. Pure.

Institutional cover flows only through succession or absorption; never through a consortium, franchise,
platform or alliance, which is why no other relation is a fact here. A programme's report never covers the
whole institution (trust-registry.md section 3, "Decision").
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from trust_registry.facts import Agency, Faculty, Facts, Relation, Report
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


@dataclass(frozen=True, slots=True)
class Candidate:
    """A report about the institution, or about a predecessor and handed down along ``via`` (oldest first)."""

    report: Report
    via: tuple[Relation, ...]
    scope: Scope


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
    found = []
    for owner, via in lineage(facts.relations, facts.faculties, institution_id, query.awarded_on):
        for report in facts.reports:
            scope = _scope(report, query)
            # Handed down only when valid at every change of hands (DEQAR's rule).
            if owner in report.institution_ids and scope and all(in_force(report, step.at) for step in via):
                found.append(Candidate(report, via, scope))
    return found


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
    # c. The agency, on the day the report starts, as known at `known_at`.
    if agency is None:
        return no(Reason.SOURCE_UNCHECKED)
    if not _registered(agency, report.valid_from):
        return no(Reason.AGENCY_NOT_REGISTERED)
    if _voided(agency, report.valid_from, known_at):
        return no(Reason.AGENCY_VOIDED)
    # d. Level.
    if query.eqf is not None:
        if query.eqf not in CYCLE_OF_EQF:
            return no(Reason.LEVEL_NOT_COVERED)
        if report.cycles is None:
            return no(Reason.SOURCE_UNCHECKED)
        if CYCLE_OF_EQF[query.eqf] not in report.cycles:
            return no(Reason.LEVEL_NOT_COVERED)
    # e. It counts; what to know about it.
    official_here = agency.official_in is None or query.country is None or query.country in agency.official_in
    notes = (
        (Reason.INHERITED_FROM_PREDECESSOR, bool(candidate.via)),
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


def lineage(
    relations: Iterable[Relation], faculties: Iterable[Faculty], institution_id: str, day: date
) -> list[tuple[str, tuple[Relation, ...]]]:
    """The institution and those it took the place of by ``day``, each with the way down to it."""
    known = list(relations)
    found: list[tuple[str, tuple[Relation, ...]]] = [(institution_id, ())]
    seen = {institution_id}
    for owner, via in found:  # grows while it is walked
        for relation in known:
            # A predecessor of a predecessor hands down before the later change.
            latest = via[0].at if via else day
            if relation.successor == owner and relation.at <= latest and relation.predecessor not in seen:
                seen.add(relation.predecessor)
                if len(via) < _MAX_GENERATIONS:
                    found.append((relation.predecessor, (relation, *via)))
    return found


def _scope(report: Report, query: Query) -> Scope | None:
    if report.activity in {Activity.INSTITUTIONAL, Activity.BOTH}:
        return Scope.INSTITUTION
    programme = report.programme
    if programme is None or query.programme is None or same_name(programme.name) != same_name(query.programme):
        return None
    if query.award_kind is AwardKind.PROGRAMME:
        return Scope.PROGRAMME
    small = programme.ects is not None and programme.ects < MICRO_CREDENTIAL_ECTS
    fits = query.ects is None or query.ects < MICRO_CREDENTIAL_ECTS
    return Scope.MICRO_CREDENTIAL if programme.degree is False and small and fits else None


def _registered(agency: Agency, day: date) -> bool:
    return any(start <= day and (end is None or day <= end) for start, end in agency.registrations)


def _voided(agency: Agency, day: date, known_at: datetime) -> bool:
    return any(
        voiding.recorded_at <= known_at
        and voiding.valid_from <= day
        and (voiding.valid_to is None or day <= voiding.valid_to)
        for voiding in agency.voidings
    )

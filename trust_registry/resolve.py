"""The trust decision: facts, a question and a time in; an explained answer out. Pure.

The steps are those of trust-registry.md section 3, "Decision". Invariants:

* ``assured`` needs a report in force from an agency that was registered when the report started, about the
  institution that our own binding ties to the DID (and to the key, when one is given) on that day;
* ``not_assured`` needs positive evidence against: a negative or high-flagged report in force, a closed
  institution, a revoked key, a level or country outside what existing reports cover;
* what could not be checked is ``indeterminate``, what does not exist is ``no_evidence``, who is not known is
  ``unknown_issuer``; none of them is ever shown as another;
* a demo snapshot never yields ``assured`` unless the deployment says demo.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from trust_registry import cover
from trust_registry.dates import format_time
from trust_registry.facts import Binding, Facts, Faculty, Institution, Report, SnapshotFacts
from trust_registry.models import (
    ChainLink,
    Decision,
    EvidenceItem,
    InstitutionInfo,
    Query,
    SnapshotInfo,
)
from trust_registry.vocabulary import (
    Freshness,
    Outcome,
    Reason,
    RevocationReason,
    Scope,
    SnapshotKind,
)

FRESH, STALE, EXPIRED = timedelta(hours=24), timedelta(days=7), timedelta(days=30)
# An expired snapshot still answers for awards this much older than itself ("well before the snapshot").
WELL_BEFORE = timedelta(days=30)
CLOCK_SKEW = timedelta(minutes=5)
_MAX_REPORTS_SHOWN = 10


def freshness(age: timedelta) -> Freshness:
    """Fresh up to 24 hours, stale up to 7 days, expired up to 30 days, then dead (fails closed)."""
    if age <= FRESH:
        return Freshness.FRESH
    if age <= STALE:
        return Freshness.STALE
    return Freshness.EXPIRED if age <= EXPIRED else Freshness.DEAD


def snapshot_info(snapshot: SnapshotFacts, now: datetime) -> SnapshotInfo:
    age = now - snapshot.issued_at
    return SnapshotInfo(
        seq=snapshot.seq,
        issued_at=format_time(snapshot.issued_at),
        age_seconds=max(0, int(age.total_seconds())),
        freshness=freshness(age),
        kind=snapshot.kind,
        sha256=snapshot.sha256,
    )


def latest_bindings(bindings: Iterable[Binding], known_at: datetime) -> list[Binding]:
    """What was known then: of each (DID, institution, key) the record made last. Level 0 never counts."""
    newest: dict[tuple[str, str, str], Binding] = {}
    for binding in sorted(bindings, key=lambda item: item.recorded_at):
        if binding.recorded_at <= known_at:
            newest[binding.did, binding.institution_id, binding.thumbprint] = binding
    return [binding for binding in newest.values() if binding.level > 0]


def counting(bindings: Iterable[Binding], *, demo: bool) -> tuple[Binding, ...]:
    """Outside a demonstration, what two operators agreed on and nothing else."""
    return tuple(binding for binding in bindings if demo or binding.proposal)


def resolve(facts: Facts, query: Query, *, now: datetime) -> Decision:
    """Answer ``query`` from ``facts`` as of ``now`` (aware)."""
    answer = _Answer(facts, query, now)

    # 1. Snapshot authentic and fresh; the award not in the future.
    if (stop := _check_snapshot(answer)) is not None:
        return stop

    # 2. DID bound, and the key valid, at the date of award.
    binding = _check_binding(answer)
    if isinstance(binding, Decision):
        return binding

    # 3. Institution open at the date of award.
    institution = answer.institution
    if institution is None:
        answer.note("institution", "Bound institution", f"{binding.institution_id} is not in this snapshot")
        return answer.decide(Outcome.INDETERMINATE, Reason.SOURCE_UNCHECKED)
    if (stop := _check_open(answer, institution)) is not None:
        return stop

    # 4. Candidate reports: own, handed down by succession or absorption, and the whole's for its faculty.
    found = cover.candidates(facts, institution.id, query)

    # 5. Country among the institution's locations.
    if query.country is not None and query.country not in institution.countries:
        if not institution.countries:
            answer.note("country", "Locations", "the source names no country for this institution")
            return answer.decide(Outcome.INDETERMINATE, Reason.SOURCE_UNCHECKED)
        answer.note("country", "Locations", ", ".join(institution.countries))
        # Reports that had begun say where the institution was looked at, and it was not here.
        begun = any(item.report.valid_from <= query.awarded_on for item in found)
        outcome = Outcome.NOT_ASSURED if begun else Outcome.NO_EVIDENCE
        return answer.decide(outcome, Reason.JURISDICTION_NOT_COVERED)

    # 6. Each report: validity, decision and flag, agency, level.
    judged = [cover.judge(item, facts, query, known_at=answer.known_at) for item in found]
    judgements = [judgement for judgement in judged if judgement is not None]
    return _weigh(answer, judgements)


def _check_snapshot(answer: _Answer) -> Decision | None:
    snapshot, query, now = answer.facts.snapshot, answer.query, answer.now
    if snapshot.rolled_back:
        return answer.decide(Outcome.INDETERMINATE, Reason.SNAPSHOT_ROLLBACK)
    if not snapshot.authentic or not answer.facts.bindings_intact or snapshot.issued_at > now + CLOCK_SKEW:
        return answer.decide(Outcome.INDETERMINATE, Reason.SOURCE_UNCHECKED)
    state = freshness(now - snapshot.issued_at)
    if state is not Freshness.FRESH:
        answer.add(Reason.SNAPSHOT_STALE)
    if state is Freshness.DEAD:
        return answer.decide(Outcome.INDETERMINATE)
    if state is Freshness.EXPIRED:
        if query.awarded_on > (snapshot.issued_at - WELL_BEFORE).date():
            return answer.decide(Outcome.INDETERMINATE)
        # A past award date does not excuse staleness for voiding: what EQAR voided since is not known.
        answer.add(Reason.SOURCE_UNCHECKED)
    # A day's grace: the issuer's calendar may be ahead of ours.
    if query.awarded_on > (now + timedelta(days=1)).date():
        return answer.decide(Outcome.INDETERMINATE, Reason.AWARD_IN_FUTURE)
    return None


def _check_binding(answer: _Answer) -> Binding | Decision:
    """The binding that ties the DID to one institution on the day of award, or the answer."""
    query = answer.query
    of_did = [b for b in latest_bindings(answer.facts.bindings, answer.known_at) if b.did == query.did]
    known = [binding for binding in of_did if query.key in {None, binding.thumbprint}]
    usable = [binding for binding in known if _holds(binding, query) and not _revoked(binding, query)]
    revoked = [binding for binding in known if _revoked(binding, query)]
    owners = {binding.institution_id for binding in of_did if _holds(binding, query)}
    if len(owners) > 1:
        return answer.decide(Outcome.INDETERMINATE, Reason.DID_AMBIGUOUS)
    if revoked and not usable:
        answer.institution = answer.find(revoked[0].institution_id)
        for binding in revoked:
            if binding.revoked is not None:
                why = f"{binding.thumbprint}: {binding.revoked.reason}"
                answer.note("key", "Key revoked", why, at=format_time(binding.revoked.at))
        return answer.decide(Outcome.NOT_ASSURED, Reason.KEY_REVOKED)
    if not usable:
        for binding in known:
            answer.note("binding", "Bound only for another time", _period(binding), at=_recorded(binding))
        # The DID is somebody's, but not with this key: quarantined until re-proved.
        only_key = bool(of_did) and not known
        return answer.decide(
            Outcome.UNKNOWN_ISSUER, Reason.KEY_NOT_PINNED if only_key else Reason.DID_NOT_BOUND
        )
    binding = max(usable, key=lambda item: (item.level, item.recorded_at))
    answer.institution = answer.find(binding.institution_id)
    answer.note(
        "binding",
        "DID bound to the institution",
        f"{binding.institution_id}, level {binding.level}, {_period(binding)}",
        at=_recorded(binding),
    )
    if query.key is None:
        answer.add(Reason.KEY_UNCHECKED)
    else:
        answer.note("key", "Pinned key", binding.thumbprint)
    return binding


def _check_open(answer: _Answer, institution: Institution) -> Decision | None:
    day = answer.query.awarded_on
    if institution.founded is not None and day < institution.founded:
        answer.note("institution", "Founded", institution.founded.isoformat(), url=institution.url)
        return answer.decide(Outcome.NO_EVIDENCE, Reason.INSTITUTION_NOT_FOUNDED)
    closure = institution.closure
    if closure is not None and day >= closure.latest:
        answer.note("institution", "Closed", closure.latest.isoformat(), url=institution.url)
        return answer.decide(Outcome.NOT_ASSURED, Reason.INSTITUTION_CLOSED)
    if closure is not None and day >= closure.earliest:
        answer.note(
            "institution", "Closed on an unknown day of", str(closure.earliest.year), url=institution.url
        )
        return answer.decide(Outcome.INDETERMINATE, Reason.CLOSURE_DATE_UNCERTAIN)
    return None


def _weigh(answer: _Answer, judgements: list[cover.Judgement]) -> Decision:
    failures = [judgement for judgement in judgements if not judgement.counts]
    reasons = {reason for judgement in failures for reason in judgement.reasons}

    # 6a. A negative report in force outweighs any positive one.
    if Reason.REPORT_NEGATIVE in reasons:
        answer.show(judgement for judgement in failures if Reason.REPORT_NEGATIVE in judgement.reasons)
        return answer.decide(Outcome.NOT_ASSURED, Reason.REPORT_NEGATIVE)

    # 6b. A report that counts.
    chosen = cover.best(judgements)
    if chosen is not None:
        return _assured(answer, chosen)

    # 6c. None counts. What could not be checked might have; then positive evidence; then nothing at all.
    answer.show(failures)
    ordered = [reason for reason in Reason if reason in reasons]
    if Reason.SOURCE_UNCHECKED in reasons:
        return answer.decide(Outcome.INDETERMINATE, *ordered)
    if reasons & {Reason.REPORT_FLAGGED, Reason.LEVEL_NOT_COVERED}:
        return answer.decide(Outcome.NOT_ASSURED, *ordered)
    return answer.decide(Outcome.NO_EVIDENCE, *(ordered or [Reason.NO_REPORT]))


def _assured(answer: _Answer, chosen: cover.Judgement) -> Decision:
    institution, snapshot = answer.institution, answer.facts.snapshot
    # An other provider is at most voluntary, and so is what it shares with its faculties.
    providers = [institution, *(answer.find(step.whole) for step in chosen.candidate.shared)]
    official = chosen.official and all(one is not None and not one.other_provider for one in providers)
    answer.show([chosen])
    answer.chain(chosen)
    outcome = Outcome.ASSURED_OFFICIAL if official else Outcome.ASSURED_VOLUNTARY
    scope = chosen.candidate.scope
    if snapshot.kind is SnapshotKind.DEMO and snapshot.deployment is not SnapshotKind.DEMO:
        return answer.decide(Outcome.INDETERMINATE, *chosen.reasons, Reason.SNAPSHOT_DEMO)
    return answer.decide(outcome, *chosen.reasons, scope=scope)


class _Answer:
    """Collects what a decision will say while the steps are taken."""

    def __init__(self, facts: Facts, query: Query, now: datetime) -> None:
        self.facts, self.query, self.now = facts, query, now
        self.known_at = query.known_at or now
        self.institution: Institution | None = None
        self._reasons: list[Reason] = []
        self._evidence: list[EvidenceItem] = []
        self._chain: list[ChainLink] = []

    def find(self, institution_id: str) -> Institution | None:
        return next((item for item in self.facts.institutions if item.id == institution_id), None)

    def add(self, *reasons: Reason) -> None:
        self._reasons += [reason for reason in reasons if reason not in self._reasons]

    def note(self, kind: str, label: str, value: str, *, url: str = "", at: str = "") -> None:
        self._evidence.append(EvidenceItem(kind, label, value, url=url, at=at))

    def show(self, judgements: Iterable[cover.Judgement]) -> None:
        newest = sorted(judgements, key=_age, reverse=True)
        for judgement in newest[:_MAX_REPORTS_SHOWN]:
            report = judgement.candidate.report
            label = "Illustrative report" if report.illustrative else "Report"
            self._evidence.append(
                EvidenceItem(
                    "report",
                    f"{label} by {report.agency}",
                    f"{report.id}: {report.activity}, {report.decision}, {_report_period(report)}",
                    url=report.url,
                    at=report.valid_from.isoformat(),
                    illustrative=report.illustrative,
                )
            )
            for step in judgement.candidate.via:
                if isinstance(step, Faculty):
                    since = step.valid_from.isoformat() if step.valid_from else ""
                    until = f", until {step.valid_to}" if step.valid_to else ""
                    self.note("faculty", "Shared", f"{step.part} is part of {step.whole}{until}", at=since)
                else:
                    self.note(
                        "succession",
                        "Handed down",
                        f"{step.successor} {step.kind} {step.predecessor}",
                        at=step.at.isoformat(),
                    )

    def chain(self, chosen: cover.Judgement) -> None:
        """Who says so: institution ← report ← agency ← register ← snapshot."""
        report, agency, institution = chosen.candidate.report, chosen.agency, self.institution
        if agency is None or institution is None:
            return
        made_up = "illustrative, made for a demonstration: neither the agency's nor EQAR's word"
        start, end = next(
            period
            for period in agency.registrations
            if period[0] <= report.valid_from <= (period[1] or report.valid_from)
        )
        snapshot = self.facts.snapshot
        way = "; ".join(
            f"part of {step.whole}" if isinstance(step, Faculty) else f"from {step.predecessor} on {step.at}"
            for step in reversed(chosen.candidate.via)
        )
        self._chain = [
            ChainLink("institution", institution.name, institution.id, institution.url, way),
            ChainLink(
                "report",
                f"{report.activity} report, {report.status}",
                report.id,
                report.url,
                made_up if report.illustrative else _report_period(report),
            ),
            ChainLink(
                "agency", agency.name, agency.acronym, agency.url, f"registered {start} to {end or 'now'}"
            ),
            ChainLink(
                "register",
                "European Quality Assurance Register (EQAR)",
                "EQAR",
                "",
                "registers the agency; it does not list this report"
                if report.illustrative
                else "registers the agency",
            ),
            ChainLink(
                "snapshot", f"{snapshot.kind} snapshot", str(snapshot.seq), "", f"sha256 {snapshot.sha256}"
            ),
        ]

    def decide(self, outcome: Outcome, *reasons: Reason, scope: Scope = Scope.NONE) -> Decision:
        self.add(*reasons)
        found = self.institution
        return Decision(
            outcome=outcome,
            reasons=tuple(self._reasons),
            evidence=tuple(self._evidence),
            authority_chain=tuple(self._chain),
            institution=InstitutionInfo(
                found.id, found.name, found.countries[0] if found.countries else "", found.countries
            )
            if found
            else None,
            scope=scope,
            snapshot=snapshot_info(self.facts.snapshot, self.now),
        )


def _holds(binding: Binding, query: Query) -> bool:
    return binding.valid_from <= query.awarded_on and (
        binding.valid_to is None or query.awarded_on <= binding.valid_to
    )


def _revoked(binding: Binding, query: Query) -> bool:
    """After a compromise the issuer's own date is not trusted, whatever day it names."""
    if binding.revoked is None:
        return False
    if binding.revoked.reason is RevocationReason.COMPROMISED:
        return True
    # An award carries a day and no hour: the day of the revocation counts as after it.
    return query.awarded_on >= binding.revoked.at.astimezone(UTC).date()


def _recorded(binding: Binding) -> str:
    return format_time(binding.recorded_at)


def _period(binding: Binding) -> str:
    return f"{binding.valid_from} to {binding.valid_to or 'now'}"


def _age(judgement: cover.Judgement) -> tuple[date, date, str]:
    report = judgement.candidate.report
    return cover.last_day(report)[0], report.valid_from, report.id


def _report_period(report: Report) -> str:
    end, inferred = cover.last_day(report)
    return f"{report.valid_from} to {end}" + (" (six years, inferred)" if inferred else "")

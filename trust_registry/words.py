"""A decision in words for people. Every outcome and reason has its own; none is shown as another."""

from __future__ import annotations

from dataclasses import dataclass

from trust_registry.vocabulary import Cycle, Freshness, Outcome, Reason


@dataclass(frozen=True, slots=True)
class Said:
    """``sign`` and ``title`` say what the colour says, for who does not see the colour."""

    sign: str
    title: str
    text: str
    look: str


OUTCOMES = {
    Outcome.ASSURED_OFFICIAL: Said(
        "✓",
        "Quality-assured, officially",
        "A report in force on this day, part of the official external quality assurance, by an agency that was"
        " registered when the report began.",
        "good",
    ),
    Outcome.ASSURED_VOLUNTARY: Said(
        "✓",
        "Quality-assured, voluntarily",
        "A report in force on this day, by a voluntary review outside the official system, by an agency that was"
        " registered when the report began.",
        "good",
    ),
    Outcome.NOT_ASSURED: Said(
        "✗",
        "Evidence against",
        "There is positive evidence that this is not quality-assured on this day. The reasons say which.",
        "bad",
    ),
    Outcome.NO_EVIDENCE: Said(
        "–",
        "No evidence",
        "No report that counts is known for this day. That is no judgement: taking part is voluntary, and this"
        " list may be incomplete.",
        "open",
    ),
    Outcome.UNKNOWN_ISSUER: Said(
        "?",
        "Unknown issuer",
        "This digital identity is not known, for this day or this key, to belong to any institution. That is no"
        " judgement.",
        "open",
    ),
    Outcome.INDETERMINATE: Said(
        "?",
        "Cannot tell",
        "The question cannot be answered from what is here. This says nothing for and nothing against.",
        "open",
    ),
}

REASONS = {
    Reason.DID_NOT_BOUND: "Nobody has shown that the digital identity belongs to an institution on this day.",
    Reason.DID_AMBIGUOUS: "The digital identity is claimed for more than one institution.",
    Reason.KEY_REVOKED: "The signing key was revoked.",
    Reason.INSTITUTION_CLOSED: "The institution was closed on this day.",
    Reason.JURISDICTION_NOT_COVERED: "The country is not among the institution's locations.",
    Reason.LEVEL_NOT_COVERED: "The report does not cover this level.",
    Reason.REPORT_EXPIRED: "A report exists, and its validity had ended.",
    Reason.REPORT_NEGATIVE: "A report in force ends with a negative decision.",
    Reason.REPORT_FLAGGED: "A report in force carries a high-level warning.",
    Reason.AGENCY_NOT_REGISTERED: "The agency is not known to have been on EQAR's register when its report began.",
    Reason.AGENCY_VOIDED: "EQAR took back the agency's registration for that time.",
    Reason.AGENCY_NOT_OFFICIAL: "The agency is not part of the official system of that country.",
    Reason.INHERITED_FROM_PREDECESSOR: "The report is about a predecessor, whose place this institution took.",
    Reason.COVERED_AS_FACULTY: "The report is about the institution that this one is a faculty of.",
    Reason.VALIDITY_INFERRED: "The report names no end; six years are assumed, which is EQAR's rule.",
    Reason.SNAPSHOT_STALE: "This list is older than a day.",
    Reason.SNAPSHOT_ROLLBACK: "This list is older than one that was served before.",
    Reason.SOURCE_UNCHECKED: "A source that matters here could not be checked.",
    Reason.KEY_NOT_PINNED: "The signing key is not one of those known for this institution.",
    Reason.KEY_UNCHECKED: "No signing key was named; the answer is about the identity only.",
    Reason.NO_REPORT: "No report that could cover this is in force on this day.",
    Reason.INSTITUTION_NOT_FOUNDED: "The institution was founded later.",
    Reason.CLOSURE_DATE_UNCERTAIN: "The institution closed in this year, and the day is not known.",
    Reason.DECISION_NOT_APPLICABLE: "The review ends without a decision.",
    Reason.AWARD_IN_FUTURE: "The day is in the future.",
    Reason.SNAPSHOT_DEMO: "These are demonstration data, which assure nothing here.",
}

CYCLES = {
    Cycle.SHORT: "short cycle (EQF 5)",
    Cycle.FIRST: "bachelor, first cycle (EQF 6)",
    Cycle.SECOND: "master, second cycle (EQF 7)",
    Cycle.THIRD: "doctorate, third cycle (EQF 8)",
}

FRESHNESS = {
    Freshness.FRESH: "up to date",
    Freshness.STALE: "older than a day",
    Freshness.EXPIRED: "older than a week: it answers for awards long before it only",
    Freshness.DEAD: "older than a month: it answers nothing",
}

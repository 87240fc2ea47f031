"""The words of a decision and of the facts behind it; DEQAR's own where it has them (trust-registry.md)."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """The last four are never merged (trust-registry.md section 3)."""

    ASSURED_OFFICIAL = "assured_official"
    ASSURED_VOLUNTARY = "assured_voluntary"
    NOT_ASSURED = "not_assured"  # positive evidence against
    NO_EVIDENCE = "no_evidence"  # absence is not a negative: participation is voluntary
    UNKNOWN_ISSUER = "unknown_issuer"
    INDETERMINATE = "indeterminate"


ASSURED = frozenset({Outcome.ASSURED_OFFICIAL, Outcome.ASSURED_VOLUNTARY})


class Reason(StrEnum):
    DID_NOT_BOUND = "did_not_bound"
    DID_AMBIGUOUS = "did_ambiguous"
    KEY_REVOKED = "key_revoked"
    INSTITUTION_CLOSED = "institution_closed"
    JURISDICTION_NOT_COVERED = "jurisdiction_not_covered"
    LEVEL_NOT_COVERED = "level_not_covered"
    REPORT_EXPIRED = "report_expired"
    REPORT_NEGATIVE = "report_negative"
    REPORT_FLAGGED = "report_flagged"
    AGENCY_NOT_REGISTERED = "agency_not_registered"
    AGENCY_VOIDED = "agency_voided"
    AGENCY_NOT_OFFICIAL = "agency_not_official"
    INHERITED_FROM_PREDECESSOR = "inherited_from_predecessor"
    VALIDITY_INFERRED = "validity_inferred"
    SNAPSHOT_STALE = "snapshot_stale"
    SNAPSHOT_ROLLBACK = "snapshot_rollback"
    SOURCE_UNCHECKED = "source_unchecked"
    # Ours, for cases that the list above leaves without a word:
    COVERED_AS_FACULTY = "covered_as_faculty"  # the report is about the whole that this is a faculty of
    KEY_NOT_PINNED = "key_not_pinned"  # the DID is bound, the key that signed is not one of its keys
    KEY_UNCHECKED = "key_unchecked"  # the question named no key: the answer is about the DID only
    NO_REPORT = "no_report"  # no report that could cover the award is in force at its date
    INSTITUTION_NOT_FOUNDED = "institution_not_founded"
    CLOSURE_DATE_UNCERTAIN = "closure_date_uncertain"  # the source gives a bare year and the award is in it
    DECISION_NOT_APPLICABLE = "decision_not_applicable"  # an evaluation that ends without a decision
    AWARD_IN_FUTURE = "award_in_future"
    SNAPSHOT_DEMO = "snapshot_demo"  # demo data would say assured, the deployment is not a demo


class AwardKind(StrEnum):
    MICRO_CREDENTIAL = "micro-credential"
    PROGRAMME = "programme"


class Scope(StrEnum):
    """What the cover is about; institutional cover is never "this credential is accredited" (003:279)."""

    INSTITUTION = "institution"
    PROGRAMME = "programme"
    MICRO_CREDENTIAL = "micro-credential"
    NONE = "none"


class Cycle(StrEnum):
    """QF-EHEA cycles, EQF 5 to 8."""

    SHORT = "short"
    FIRST = "first"
    SECOND = "second"
    THIRD = "third"


CYCLE_OF_EQF = {5: Cycle.SHORT, 6: Cycle.FIRST, 7: Cycle.SECOND, 8: Cycle.THIRD}


class Activity(StrEnum):
    INSTITUTIONAL = "institutional"
    PROGRAMME = "programme"
    JOINT_PROGRAMME = "joint programme"
    BOTH = "institutional/programme"


class Status(StrEnum):
    OBLIGATORY = "part of obligatory EQA system"
    VOLUNTARY = "voluntary"


class ReportDecision(StrEnum):
    POSITIVE = "positive"
    CONDITIONAL = "positive with conditions or restrictions"
    NEGATIVE = "negative"
    NOT_APPLICABLE = "not applicable"


class Flag(StrEnum):
    NONE = "none"
    LOW = "low level"
    HIGH = "high level"


class RelationKind(StrEnum):
    SUCCEEDED = "succeeded"
    ABSORBED = "absorbed"


class RevocationReason(StrEnum):
    COMPROMISED = "compromised"  # the date on an award by this key proves nothing any more
    SUPERSEDED = "superseded"
    RETIRED = "retired"


class Freshness(StrEnum):
    FRESH = "fresh"
    STALE = "stale"
    EXPIRED = "expired"
    DEAD = "dead"


class SnapshotKind(StrEnum):
    DEMO = "demo"
    PRODUCTION = "production"

"""How big a thing is, and whether it is a micro-credential at all: Ireland's table (000:249-256).

ECTS decide first, since 200 hours fit two rows. Sizes that no row covers are *undefined*, each with a name:
we say so and do not guess. Other jurisdictions are other tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from agent.core.record import Credit, Record

SOURCE = "000:249-256"


@dataclass(frozen=True, slots=True)
class Category:
    """``micro_credential`` is None where the table has no answer; then ``code`` names the gap."""

    code: str
    label: str
    micro_credential: bool | None
    reason: str
    source: str = SOURCE


MAJOR = Category("major", "Major award", False, "60 ECTS or more: larger than a micro-credential.")
MINOR = Category(
    "minor_supplemental_special",
    "Minor, supplemental or special purpose award",
    True,
    "From 10 to below 60 ECTS.",
)
OTHER_CREDIT = Category(
    "other_credit_bearing", "Other credit-bearing micro-credential", True, "From 1 to 9 ECTS."
)
NON_CREDIT = Category(
    "non_credit_bearing", "Non-credit-bearing micro-credential", True, "No ECTS, 10 hours or more, evidenced."
)
ATTENDANCE = Category(
    "attendance",
    "Attendance record",
    False,
    "No credit, and the learning was not assessed: an attendance record.",
)


def _gap(code: str, reason: str) -> Category:
    return Category(code, "Undefined", None, f"{reason} The table has no row for this.")


BELOW_ONE = _gap("undefined_below_1_ects", "More than 0 and less than 1 ECTS.")
NINE_TO_TEN = _gap("undefined_9_to_10_ects", "More than 9 and less than 10 ECTS.")
UNDER_TEN_HOURS = _gap("undefined_under_10_hours", "No ECTS and under 10 hours, but assessed.")
NO_WORKLOAD = _gap("undefined_workload", "No ECTS, and the workload is not stated.")
NO_ASSESSMENT = _gap(
    "undefined_assessment", "No ECTS, and it is not stated whether the learning was assessed."
)
OTHER_SYSTEM = _gap("undefined_credit_system", "Credit in another system than ECTS.")
UNASSESSED_CREDIT = _gap(
    "undefined_unassessed_credit", "It carries credit, but says that nothing was assessed."
)


def classify(credit: Credit | None, workload_hours: str | None, assessed: bool | None) -> Category:
    """The row of the table, or the gap. ``assessed`` None means not stated; no credit counts as 0 ECTS."""
    amount = credit.amount if credit else Decimal(0)
    if assessed is False:
        return UNASSESSED_CREDIT if amount else ATTENDANCE
    if amount and credit and credit.system != "ects":
        return OTHER_SYSTEM
    if amount >= 60:
        return MAJOR
    if amount >= 10:
        return MINOR
    if amount > 9:
        return NINE_TO_TEN
    if amount >= 1:
        return OTHER_CREDIT
    if amount > 0:
        return BELOW_ONE
    if assessed is None:
        return NO_ASSESSMENT
    if workload_hours is None:
        return NO_WORKLOAD
    return NON_CREDIT if Decimal(workload_hours) >= 10 else UNDER_TEN_HOURS


def assessed(record: Record) -> bool | None:
    """Whether the learning was assessed: by the evidence grade (003:713-715), else by the assessment types.

    A certificate of completion that names a type of assessment counts as assessed.
    """
    if record.assessment.basis == "participation":
        return False
    if record.assessment.basis == "assessed" or record.assessment.types:
        return True
    return None if record.assessment.basis is None else False


def category(record: Record) -> Category:
    """`classify` for a record."""
    return classify(record.credit, record.workload_hours, assessed(record))

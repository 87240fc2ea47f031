"""What one rule of a validation profile or one table of sizes says of one record. Pure.

Five outcomes, because the sources are conditional: *not applicable* is not *passed*, and absence of
information is *no information*, never a failure by itself (003:1638-1692).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """From good to bad, except that *not applicable* judges nothing."""

    PASS = "pass"  # noqa: S105 - an outcome, not a password
    NOT_APPLICABLE = "not_applicable"
    WARNING = "warning"
    NO_INFORMATION = "no_information"
    FAIL = "fail"

    @property
    def words(self) -> str:
        return self.value.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer. ``detail`` is a sentence that never holds a value of the record; ``source`` (file:line) is
    where the rule stands; ``note`` is what the reader should know of the rule, such as a source that says
    otherwise.
    """

    code: str
    label: str
    outcome: Outcome
    detail: str = ""
    source: str = ""
    note: str = ""

    def to_json(self) -> dict[str, str]:
        return {
            "code": self.code,
            "label": self.label,
            "outcome": str(self.outcome),
            "detail": self.detail,
            "source": self.source,
            "note": self.note,
        }


def counts(findings: Iterable[Finding]) -> str:
    """ "8 pass, 1 warning": every outcome that occurs, so that none is hidden behind another."""
    tally = [finding.outcome for finding in findings]
    return ", ".join(f"{tally.count(outcome)} {outcome.words}" for outcome in Outcome if outcome in tally)

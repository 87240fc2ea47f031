"""One rule's answer before it becomes a `Check`, and how several answers become one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agent.core.verdict import Check, Evidence, Result
from agent.errors import CairnError
from agent.vc.jsonld import UNDECIDED

LABELS = {
    "model": "Shaped as the W3C data model says",
    "context": "Every term means what its context says, and is covered",
    "signature": "Signed, and not changed since",
    "issuer_key": "Signed with a key of the issuer",
    "dates": "In force at this time",
    "status": "Not revoked and not suspended",
    "related": "What it refers to is unchanged",
    "presentation_signature": "Presented and signed by the holder",
    "freshness": "Made for this request",
    "holder": "The holder is whom the credential is about",
}
# Failures of this software or its limits: they say nothing about the document.
_OURS = UNDECIDED | {"context_digest"}


@dataclass(frozen=True, slots=True)
class Answer:
    """As in `Check`: ``reason`` is empty only when the result is pass."""

    result: Result
    reason: str = ""
    detail: str = ""

    def check(self, code: str, subject: str, evidence: Iterable[Evidence] = ()) -> Check:
        return Check(code, LABELS[code], self.result, self.reason, self.detail, subject, tuple(evidence))


def passed(detail: str) -> Answer:
    return Answer(Result.PASS, "", detail)


def failed(reason: str, detail: str) -> Answer:
    return Answer(Result.FAIL, reason, detail)


def unknown(reason: str, detail: str) -> Answer:
    return Answer(Result.UNKNOWN, reason, detail)


def refused(error: CairnError) -> Answer:
    """What an error of the JSON-LD engine means: undecided where it is about us, a fail where about the document."""
    return (unknown if error.code in _OURS else failed)(error.code, error.detail)


def worst(answers: Iterable[Answer]) -> Answer:
    """The first fail, else the first unknown, else the first; of none, unknown."""
    found = list(answers)
    for result in (Result.FAIL, Result.UNKNOWN, Result.PASS):
        for answer in found:
            if answer.result is result:
                return answer
    return unknown("nothing_to_check", "There is nothing to check.")

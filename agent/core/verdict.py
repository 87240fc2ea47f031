"""Checks, and the verdict made of them.

A check has three results; *unknown* carries a reason and is never shown as pass or as fail. A verdict has
four parts that are never merged (design.md, "Exchange"): authentic and current; issuer quality-assured at
the date of award; complete under the chosen profile; policy satisfied. No overall boolean is stored:
`Part.result` and `Verdict.headline` are derived.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Result(StrEnum):
    PASS = "pass"  # noqa: S105 - a result, not a password
    FAIL = "fail"
    UNKNOWN = "unknown"


class PartName(StrEnum):
    AUTHENTIC = "authentic"
    QUALITY_ASSURED = "quality_assured"
    COMPLETE = "complete"
    POLICY = "policy"


PART_LABELS = {
    PartName.AUTHENTIC: "Authentic and current",
    PartName.QUALITY_ASSURED: "Issuer quality-assured at the date of award",
    PartName.COMPLETE: "Complete under the chosen profile",
    PartName.POLICY: "Policy satisfied",
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where an answer comes from. ``at`` is an RFC 3339 time; ``url`` is never fetched by showing it."""

    kind: str
    label: str
    value: str = ""
    url: str = ""
    sha256: str = ""
    at: str = ""

    def to_json(self) -> dict[str, str]:
        pairs = (("value", self.value), ("url", self.url), ("sha256", self.sha256), ("at", self.at))
        # Kind and label always: a label may be a foreign word, such as a proof's type, and empty.
        return {
            "kind": self.kind,
            "label": self.label,
            **{name: value for name, value in pairs if value},
        }

    @classmethod
    def from_json(cls, data: dict[str, str]) -> Evidence:
        return cls(**data)


@dataclass(frozen=True, slots=True)
class Check:
    """One question with its answer.

    ``code`` is stable (``signature``, ``status``, …), ``reason`` a stable snake_case word that is empty
    only when the result is pass, ``detail`` a sentence for people, ``subject`` the item it is about
    (``c0`` for the first credential of a presentation; empty for the whole).
    """

    code: str
    label: str
    result: Result
    reason: str = ""
    detail: str = ""
    subject: str = ""
    evidence: tuple[Evidence, ...] = ()

    def __post_init__(self) -> None:
        if self.result is not Result.PASS and not self.reason:
            raise ValueError(f"check {self.code}: {self.result} needs a reason")

    def to_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "label": self.label,
            "result": str(self.result),
            "reason": self.reason,
            "detail": self.detail,
            "subject": self.subject,
            "evidence": [item.to_json() for item in self.evidence],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Check:
        return cls(
            code=data["code"],
            label=data["label"],
            result=Result(data["result"]),
            reason=data.get("reason", ""),
            detail=data.get("detail", ""),
            subject=data.get("subject", ""),
            evidence=tuple(Evidence.from_json(item) for item in data.get("evidence", [])),
        )


def combine(checks: Iterable[Check]) -> Result:
    """Any fail is a fail; else any unknown is unknown; no check at all is unknown, never a pass."""
    results = [check.result for check in checks]
    if Result.FAIL in results:
        return Result.FAIL
    if Result.UNKNOWN in results or not results:
        return Result.UNKNOWN
    return Result.PASS


@dataclass(frozen=True, slots=True)
class Part:
    name: PartName
    checks: tuple[Check, ...]

    @property
    def result(self) -> Result:
        return combine(self.checks)

    def to_json(self) -> dict[str, Any]:
        return {
            "name": str(self.name),
            "label": PART_LABELS[self.name],
            "result": str(self.result),
            "checks": [check.to_json() for check in self.checks],
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """The four answers, in the order of `PartName`. ``at`` is the RFC 3339 time of the evaluation."""

    at: str
    authentic: Part
    quality_assured: Part
    complete: Part
    policy: Part

    @property
    def parts(self) -> tuple[Part, Part, Part, Part]:
        return (self.authentic, self.quality_assured, self.complete, self.policy)

    def headline(self) -> str:
        """Counts of all three states over the four parts; never a single yes or no."""
        tally = [part.result for part in self.parts]
        return ", ".join(f"{tally.count(result)} {result}" for result in Result if tally.count(result))

    def to_json(self) -> dict[str, Any]:
        return {"version": 1, "at": self.at, "parts": [part.to_json() for part in self.parts]}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Verdict:
        parts = {
            PartName(part["name"]): Part(
                PartName(part["name"]), tuple(Check.from_json(check) for check in part["checks"])
            )
            for part in data["parts"]
        }
        return cls(data["at"], *(parts[name] for name in PartName))

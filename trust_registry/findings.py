"""What a check found: pass, fail or unknown, with a word for programs and a sentence for people. Pure.

Unknown ("could not be checked") is never shown as pass or as fail; nothing rests on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Result(StrEnum):
    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """``check`` names the check, ``code`` why it came out so (stable); ``detail`` quotes no document."""

    check: str
    result: Result
    code: str
    detail: str

    def to_json(self) -> dict[str, str]:
        return {"check": self.check, "result": str(self.result), "code": self.code, "detail": self.detail}


def passed(check: str, detail: str) -> Finding:
    return Finding(check, Result.PASS, "ok", detail)


def failed(check: str, code: str, detail: str) -> Finding:
    return Finding(check, Result.FAIL, code, detail)


def unknown(check: str, code: str, detail: str) -> Finding:
    return Finding(check, Result.UNKNOWN, code, detail)

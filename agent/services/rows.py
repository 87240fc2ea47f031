"""Check rows that need nothing but a record: its dates, its completeness, and the registry's word on who awarded it."""

from __future__ import annotations

from datetime import date

from agent.core import taxonomy
from agent.core.findings import Finding, Outcome
from agent.core.profiles import validate
from agent.core.record import Record, only_country
from agent.core.verdict import Check, Evidence, Result
from agent.services import trust

PROFILE = "council"


async def ask(node: trust.Asking, record: Record, key: str, *, eqf: int | None = None) -> trust.Answer:
    """The registry's word on who awarded ``record``, by the key that signed."""
    if record.awarded_on is None:
        return trust.Answer(None, "no_award_date")
    if not key:
        return trust.Answer(None, "issuer_key_unknown")
    own = record.level.eqf if record.level is not None else None
    level = own if eqf is None else eqf
    return await trust.ask(
        node,
        did=record.issuer.did,
        key=key,
        awarded_on=record.awarded_on,
        eqf=level or None,
        country=only_country(record.issuer.countries),
    )


def dates(record: Record, today: date) -> Check:
    label = "Dates"
    if record.awarded_on is not None and record.awarded_on > today:
        return Check(
            "dates", label, Result.FAIL, "awarded_in_future", f"awarded on {record.awarded_on}, in the future"
        )
    if record.expires_on is None:
        return Check("dates", label, Result.PASS, detail="no expiry")
    if record.expires_on < today:
        return Check("dates", label, Result.FAIL, "expired", f"expired on {record.expires_on}")
    return Check("dates", label, Result.PASS, detail=f"valid until {record.expires_on}")


_RESULTS = {Outcome.FAIL: Result.FAIL, Outcome.NO_INFORMATION: Result.UNKNOWN}
_REASONS = {Result.PASS: "", Result.FAIL: "missing", Result.UNKNOWN: "not_stated"}


def complete(record: Record) -> Check:
    """Is it a micro-credential at all, and completely described? One row; its findings are the evidence.

    A warning is no rejection, and a size that no table has a row for says nothing; but what the table says is
    none, such as a record of attendance, is never shown as a micro-credential (000:256).
    """
    label = "Complete"
    findings, (size, *others) = validate(record, PROFILE), taxonomy.findings(record)
    results = [_RESULTS.get(finding.outcome, Result.PASS) for finding in findings]
    result = next(each for each in (Result.FAIL, Result.UNKNOWN, Result.PASS) if each in results)
    open_ones = ", ".join(
        finding.label for finding, each in zip(findings, results, strict=True) if each is not Result.PASS
    )
    detail = f"{results.count(Result.PASS)} of {len(findings)} elements of the Council's list"
    detail += f"; open: {open_ones}" if open_ones else ""
    reason = _REASONS[result]
    if size.outcome is Outcome.FAIL:
        result, reason, detail = Result.FAIL, "not_a_micro_credential", f"{size.detail} Also: {detail}"
    evidence = tuple(map(_element, (*findings, size, *others)))
    return Check("complete", label, result, reason, detail, evidence=evidence)


def _element(finding: Finding) -> Evidence:
    value = f"{finding.outcome.words}{': ' if finding.detail else ''}{finding.detail}"
    return Evidence("element", finding.label, value=value)

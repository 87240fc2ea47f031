"""Words that a badge and a page have in common."""

from __future__ import annotations

from datetime import UTC, date, datetime

from agent.core.claims import display
from agent.core.record import Record
from agent.core.vocabularies import CREDIT_SYSTEMS, QF_EHEA
from agent.printing.text import shown


def day(value: date | None) -> str:
    """``1 June 2025``."""
    return "no date of award" if value is None else display("awarded_on", f"{value:%Y%m%d}")


def moment(value: datetime) -> str:
    """``1 June 2025, 14:05 UTC``."""
    utc = value.astimezone(UTC)
    return f"{display('awarded_on', f'{utc:%Y%m%d}')}, {utc:%H:%M} UTC"


def when(text: str) -> str:
    """An RFC 3339 time as `moment`; any other text as it is, harmless and short."""
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        return shown(text, 40)
    return moment(value) if value.tzinfo else shown(text, 40)


def credit(record: Record) -> str:
    """``5 ECTS``, in the words of the wallet."""
    if record.credit is None:
        return "no credit stated"
    system = record.credit.system
    return f"{record.credit.value} {CREDIT_SYSTEMS.get(system, system)}"


def level(record: Record) -> str:
    """``EQF 6``; the national level or the cycle where there is no EQF level."""
    given = record.level
    if given is None:
        return "level not stated"
    if given.not_applicable:
        return "no level applies"
    if given.eqf is not None:
        return f"EQF {given.eqf}"
    if given.nqf is not None:
        return f"{given.nqf.framework} {given.nqf.level}"
    return QF_EHEA.get(given.qf_ehea or "", "level not stated")

"""Dates and times in their one accepted text form; a malformed one is refused, never read as "now"."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

from trust_registry.errors import QueryError

DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
    r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"  # datetime itself would take +00:99
)


def parse_date(text: Any, name: str) -> date:
    """``YYYY-MM-DD`` and nothing else."""
    try:
        if not isinstance(text, str) or not DATE.fullmatch(text):
            raise ValueError(name)
        return date.fromisoformat(text)
    except ValueError as error:
        raise QueryError("bad_date", f"{name} is not a date of the form YYYY-MM-DD.") from error


def parse_time(text: Any, name: str) -> datetime:
    """RFC 3339 with Z or an offset."""
    try:
        if not isinstance(text, str) or not TIME.fullmatch(text):
            raise ValueError(name)
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise QueryError("bad_time", f"{name} is not an RFC 3339 time with Z or an offset.") from error


def format_time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")

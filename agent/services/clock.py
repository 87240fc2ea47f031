"""The one place where the agent service reads the time; everything below takes it as an argument."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta


def now() -> datetime:
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """RFC 3339, UTC, whole seconds."""
    return moment.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")


def parse(text: str) -> datetime:
    return datetime.fromisoformat(text)


def today() -> date:
    return now().date()


def after(moment: datetime, *, days: float = 0, seconds: float = 0) -> datetime:
    return moment + timedelta(days=days, seconds=seconds)


def from_unix(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)

"""The first page of a document of several credentials: all of them in one table, each with what its checks said."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from agent.core.record import Record, text
from agent.core.verdict import Result
from agent.printing.credential import as_mark
from agent.printing.model import Cell, Column, Fact, Facts, Page, Section, Sentences, Table
from agent.printing.stones import cairn
from agent.printing.text import shown
from agent.printing.words import credit, day, level, moment, when

MAX_TITLE, MAX_NAME = 240, 160
_COLUMNS: Final = (
    Column("Credential and issuer", 46),
    Column("Awarded", 16),
    Column("Credit and level", 16),
    Column("Checks", 22),
)


@dataclass(frozen=True, slots=True)
class Listed:
    """``host``: what was verified of the issuer. ``file``: where the credential is, if it comes with this list."""

    record: Record
    host: str
    state: Result
    checked_at: str
    file: str = ""


def cover_page(listed: Sequence[Listed], *, now: datetime, how: Sequence[str]) -> Page:
    """``how`` says where the credentials are and how they are checked."""
    names = sorted({each.record.learner.full_name for each in listed} - {""})
    rows = tuple(_row(each, name_learner=len(names) > 1) for each in listed)
    sections: list[Section] = []
    if len(names) == 1:
        named = Fact("As the credentials name them", (shown(names[0], MAX_NAME),))
        sections.append(Facts("Learner", (named,)))
    sections.append(Table("The credentials", _COLUMNS, rows))
    sections.append(Sentences("How to check them", tuple(how)))
    digest = hashlib.sha256("".join(each.record.id for each in listed).encode()).digest()
    return Page(
        kind="Collection of a learner",
        title="1 credential" if len(listed) == 1 else f"{len(listed)} credentials",
        by=("Put together by their holder. It is no award.",),
        lang="en",
        sections=tuple(sections),
        printed=moment(now),
        at=now.astimezone(UTC).isoformat(timespec="seconds"),
        qr="",
        qr_label="",
        emblem=cairn(digest, 7),
    )


def _row(listed: Listed, *, name_learner: bool) -> tuple[Cell, ...]:
    record = listed.record
    name = shown(text(record.issuer.name), MAX_NAME) or "An issuer without a name"
    below = [f"{name} ({shown(listed.host, MAX_NAME)})"]
    if name_learner:
        below.append(f"Learner: {shown(record.learner.full_name, MAX_NAME) or 'not named'}")
    if listed.file:
        below.append(listed.file)
    until = (f"until {day(record.expires_on)}",) if record.expires_on else ()
    return (
        Cell(shown(text(record.title), MAX_TITLE) or "Credential without a title", tuple(below)),
        Cell(day(record.awarded_on), until),
        Cell(credit(record), (level(record),)),
        Cell("", (f"Checked {when(listed.checked_at) or 'never'}",), as_mark(listed.state)),
    )

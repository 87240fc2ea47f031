"""A page as a PDF: sections laid out on `agent.printing.sheet`, the signed file attached.

The same page gives the same bytes: the only time in it is the page's. Fonts are those of `agent.printing.fonts`, and
what none of them has is said at the end. fpdf2 tags no text, so the HTML (`agent.printing.web`) is the form for screen
readers.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from agent.printing.fonts import Fonts, bundled, told
from agent.printing.model import Checks, Fact, Facts, Mark, Page, Section, Sentences, Table
from agent.printing.sheet import INK, LEADING, LEFT, SMALL, SOFT, TEXT, TOP, Line, Sheet
from agent.printing.text import width, wrap

_LABEL: Final = 132.0
_GAP: Final = 12.0
_MARK: Final = 62.0
_QR: Final = 84.0


def pdf(page: Page, *more: Page, fonts: Fonts | None = None) -> bytes:
    """One document, whose title is the first page's; what is attached has a name of its own for each page.

    ``fonts``: those that come with the software, or these. Characters that none of them has are named at the
    end of the page, and are in the attached file.
    """
    chosen = fonts or bundled()
    texts = [list(_texts(each)) for each in (page, *more)]
    letters = {char for own in texts for char in "".join(map(chosen.replaced, own))}
    with _quiet():
        sheet = Sheet(page, chosen, letters)
        for each, own in zip((page, *more), texts, strict=True):
            if each is not page:
                sheet.turn()
            _print(each, chosen, sheet, chosen.lacking("".join(own)))
        return sheet.finished([each.attached for each in (page, *more) if each.attached is not None])


def _print(page: Page, fonts: Fonts, sheet: Sheet, lacking: frozenset[str]) -> None:
    layout = _Layout(page, fonts, sheet)
    layout.head()
    for section in page.sections[:-1]:
        layout.section(section)
    if lacking:
        layout.section(_not_printed(page, lacking))
    layout.last(page.sections[-1])


def _not_printed(page: Page, lacking: frozenset[str]) -> Section:
    where = "They are in the attached file." if page.attached else "They are in the credential's file."
    return Sentences(
        "Characters that could not be printed",
        (f"No font here has these characters, and they are left out above: {told(lacking)}. {where}",),
    )


def _texts(page: Page) -> Iterator[str]:
    """Everything that is printed, and the letters of our own words."""
    yield from (page.kind, page.title, *page.by, page.printed, page.qr_label)
    yield "".join(map(chr, range(0x20, 0x7F))) + "–…·"
    for section in page.sections:
        yield section.title
        match section:
            case Facts(rows=facts):
                yield from (text for row in facts for text in (row.label, *row.values))
            case Checks(rows=checks, note=note):
                yield note
                yield from (text for row in checks for text in (row.label, row.detail, *row.sources))
            case Sentences(lines=lines):
                yield from lines
            case Table(columns=columns, rows=rows):
                yield from (column.title for column in columns)
                yield from (
                    text
                    for row in rows
                    for cell in row
                    for text in (cell.text, *cell.below, *(state.text for state in cell.states))
                )


@contextmanager
def _quiet() -> Iterator[None]:
    """fontTools tells of every font table that it drops from a subset; nobody can do anything about that."""
    logger = logging.getLogger("fontTools.subset")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


class _Layout:
    def __init__(self, page: Page, fonts: Fonts, sheet: Sheet) -> None:
        self._page, self._fonts, self._sheet = page, fonts, sheet

    def head(self) -> None:
        page, sheet, side = self._page, self._sheet, 104.0
        scale = side / 600
        sheet.outlines(page.emblem, sheet.right - side - 200 * scale, TOP - 6 - 20 * scale, scale)
        room = sheet.room - side - 18
        sheet.flow(sheet.lines(page.kind.upper(), room, size=8, ink=SOFT), room)
        title = sheet.lines(page.title, room, size=20, bold=True)
        if len(title) > 3:  # the whole title is among the facts as well
            cut = wrap(self._fonts.replaced(page.title), self._fonts, limit=room / 14, bold=True, most=6)
            title = [Line(line, 14, INK, bold=True) for line in cut]
        sheet.flow(title, room)
        sheet.y += 3
        for line in page.by:
            sheet.flow(sheet.lines(line, room, size=10.5), room)
        sheet.y = max(sheet.y + 8, TOP + side * 0.66)
        sheet.rule(sheet.y, ink=INK, thick=1.2)
        sheet.y += 4

    def _heading(self, title: str, mark: Mark | None, room_after: float = 36) -> None:
        sheet = self._sheet
        sheet.need(46 + room_after)
        sheet.y += 15
        sheet.out.start_section(title)
        lines = sheet.lines(title, sheet.room - 90, size=11.5, bold=True)
        top = sheet.y
        sheet.flow(lines, sheet.room - 90)
        if mark is not None:
            x = LEFT + max(width(line.text, self._fonts, bold=True) for line in lines) * 11.5 + 12
            sheet.mark(x, top + 1, mark, 10)
        sheet.y += 4

    def section(self, section: Section) -> None:
        match section:
            case Facts():
                self._heading(section.title, None)
                for row in section.rows:
                    self._fact(row)
            case Checks():
                self._checks(section)
            case Sentences():
                self._sentences(section)
            case Table():
                self._table(section)

    def _fact(self, row: Fact) -> None:
        sheet = self._sheet
        room = sheet.room - _LABEL - _GAP
        label = sheet.lines(row.label, _LABEL, ink=SOFT)
        value = [line for text in row.values for line in sheet.lines(text, room)]
        sheet.need(max(len(label), min(len(value), 3)) * TEXT * LEADING + 7)
        sheet.rule(sheet.y)
        sheet.y += 3
        top, start = sheet.y, sheet.out.page
        sheet.block(LEFT, top, label, _LABEL)
        sheet.flow(value, room, LEFT + _LABEL + _GAP)
        if sheet.out.page == start:
            sheet.y = max(sheet.y, top + sum(line.height for line in label))
        sheet.y += 4

    def _checks(self, section: Checks) -> None:
        sheet = self._sheet
        self._heading(section.title, section.mark)
        room = sheet.room - _MARK - _GAP
        for row in section.rows:
            said = f"{row.label}: {row.detail}" if row.detail else row.label
            lines = sheet.lines(said, room)
            for source in row.sources:
                lines += sheet.lines(source, room, size=SMALL, ink=SOFT)
            sheet.need(sum(line.height for line in lines[:4]) + 7)
            sheet.rule(sheet.y)
            sheet.y += 3
            sheet.mark(LEFT, sheet.y, row.mark, TEXT)
            sheet.flow(lines, room, LEFT + _MARK + _GAP)
            sheet.y += 4
        if section.note:
            sheet.flow(sheet.lines(section.note, sheet.room), sheet.room)

    def _sentences(self, section: Sentences) -> None:
        sheet = self._sheet
        inset = 10.0 if section.strong else 0.0
        room = sheet.room - 2 * inset
        lines = [line for text in section.lines for line in sheet.lines(text, room)]
        if not section.strong:
            self._heading(section.title, None)
            sheet.flow(lines, room)
            return
        height = sum(line.height for line in lines) + 32
        sheet.need(height + 12)
        sheet.y += 12
        sheet.box(height)
        sheet.y += 8
        sheet.out.start_section(section.title)
        sheet.flow(sheet.lines(section.title, room, size=11.5, bold=True), room, LEFT + inset)
        sheet.flow(lines, room, LEFT + inset)
        sheet.y += 8

    # Tables

    def _edges(self, table: Table) -> list[tuple[float, float]]:
        """Where each column begins, and the room in it."""
        edges, x = [], LEFT
        for column in table.columns:
            room = self._sheet.room * column.share / 100
            edges.append((x, room - 10))
            x += room
        return edges

    def _columns(self, table: Table) -> None:
        sheet = self._sheet
        titles = [
            sheet.lines(column.title, room, size=SMALL, ink=SOFT)
            for column, (_, room) in zip(table.columns, self._edges(table), strict=True)
        ]
        for (x, room), lines in zip(self._edges(table), titles, strict=True):
            sheet.block(x, sheet.y, lines, room)
        sheet.y += max(map(len, titles)) * SMALL * LEADING + 3

    def _table(self, table: Table) -> None:
        sheet = self._sheet
        self._heading(table.title, None, 80)
        self._columns(table)
        sheet.repeat = lambda: self._columns(table)
        edges = self._edges(table)
        for row in table.rows:
            blocks = []
            for at, (cell, (_, room)) in enumerate(zip(row, edges, strict=True)):
                lines = (
                    sheet.lines(cell.text, room, bold=at == 0, mark=cell.mark)
                    if cell.text or cell.mark
                    else []
                )
                for text in cell.below:
                    lines += sheet.lines(text, room, size=SMALL, ink=SOFT)
                for state in cell.states:
                    lines += sheet.lines(state.text, room, size=SMALL, ink=SOFT, mark=state.mark)
                blocks.append(lines)
            height = max(sum(line.height for line in lines) for lines in blocks) + 8
            sheet.need(height)
            sheet.rule(sheet.y)
            for (x, room), lines in zip(edges, blocks, strict=True):
                sheet.block(x, sheet.y + 3, lines, room)
            sheet.y += height
        sheet.repeat = None

    def last(self, section: Section) -> None:
        """How to check it, with the QR code beside it."""
        sheet = self._sheet
        if not isinstance(section, Sentences) or not self._page.qr:
            self.section(section)
            return
        room = sheet.room - _QR - 24
        lines = [line for text in section.lines for line in sheet.lines(text, room)]
        height = max(sum(line.height for line in lines), _QR + 14)
        self._heading(section.title, None, height)
        top = sheet.y
        sheet.flow(lines, room)
        x = sheet.right - _QR
        sheet.code(self._page.qr, x, top, _QR)
        sheet.put(x, top + _QR + 3, self._page.qr_label, 7.5, SOFT)
        sheet.y = max(sheet.y, top + _QR + 16)

"""Rows of exactly so many cells, made of `Content`: nothing here wraps or clips by accident.

Widths are terminal cells. Plain ``str`` arguments are our own words; text from outside arrives as
`Content` from `safe_text`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from textual.content import Content

from wallet_tui.i18n import tn

Text = Content | str
GAP = 1


@dataclass(frozen=True, slots=True)
class Cell:
    """One column of a row: ``width`` in cells, or None for what is left over."""

    content: Text
    width: int | None = None
    align: Literal["left", "right"] = "left"
    style: str = ""


def content(text: Text, style: str = "") -> Content:
    """``text`` as `Content`, styled; a str is taken literally, never as markup."""
    made = text if isinstance(text, Content) else Content(text)
    return made.stylize_before(style) if style else made


def join(*parts: Text | tuple[str, str]) -> Content:
    """Parts one after the other; a tuple is (our own text, style)."""
    return Content.assemble(*parts)


def fit(text: Text, width: int, *, align: Literal["left", "right"] = "left") -> Content:
    """``text`` in exactly ``width`` cells: padded, or cut with an ellipsis."""
    if width <= 0:
        return Content("")
    made = content(text)
    if made.cell_length > width:
        return made.truncate(width, ellipsis=True)
    missing = width - made.cell_length
    return made.pad_left(missing) if align == "right" else made.pad_right(missing)


def row(width: int, *cells: Cell) -> Content:
    """Columns one blank apart in exactly ``width`` cells. The cell without a width takes what is left."""
    fixed = sum(cell.width for cell in cells if cell.width is not None) + GAP * (len(cells) - 1)
    flexible = sum(1 for cell in cells if cell.width is None)
    rest = max(0, width - fixed)
    share = rest // flexible if flexible else 0
    parts: list[Text] = []
    for index, cell in enumerate(cells):
        if index:
            parts.append(" " * GAP)
        size = share if cell.width is None else cell.width
        parts.append(content(fit(cell.content, size, align=cell.align), cell.style))
    return fit(Content.assemble(*parts), width)


def fold(
    text: Text, width: int, *, indent: int = 0, first: int | None = None, max_lines: int = 200
) -> list[Content]:
    """``text`` over as many lines as it needs, each ``indent`` cells in (the first one ``first``)."""
    made = content(text)
    head = indent if first is None else first
    room = max(8, width - max(indent, head))
    lines = made.wrap(room) or [Content("")]
    if len(lines) > max_lines:
        more = len(lines) - max_lines + 1
        cut = tn("… {n} line more", "… {n} lines more", more).format(n=more)
        lines = [*lines[: max_lines - 1], Content(cut)]
    return [join(" " * (head if index == 0 else indent), line.rstrip()) for index, line in enumerate(lines)]


def labelled(
    label: Text, value: Text, width: int, *, label_width: int = 18, indent: int = 2
) -> list[Content]:
    """``label  value``, each folded under itself; nothing is cut."""
    start = indent + label_width + GAP
    values = fold(value, width - start)
    labels = content(label, "$muted").wrap(label_width) or [Content("")]
    lines = []
    for index in range(max(len(values), len(labels))):
        name = fit(labels[index].rstrip() if index < len(labels) else "", label_width)
        told = values[index] if index < len(values) else Content("")
        lines.append(join(" " * indent, name, " " * GAP, told))
    return lines


def heading(text: str, note: Text = "") -> Content:
    parts: list[Text | tuple[str, str]] = [(text, "bold")]
    if note:
        parts += ["  ", content(note, "$muted")]
    return join(*parts)

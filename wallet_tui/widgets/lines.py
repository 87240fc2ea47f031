"""A scrollable block of lines with a cursor, drawn on demand: only visible lines are ever rendered.

Subclasses say what line ``y`` is and which lines belong together as one *stop* of the cursor. Two cells
at the left belong to this class and carry the cursor mark, so that it shows without colour.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from wallet_tui.actions import LIST_KEYS, bindings
from wallet_tui.layout import fit

GUTTER = 2
_LETTER = Style(bold=True, reverse=True)


class Lines(ScrollView, can_focus=True):
    """Base of `RowList` and `Document`."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(*LIST_KEYS, "list.select")
    COMPONENT_CLASSES: ClassVar[set[str]] = {"lines--cursor"}

    class Moved(Message):
        """The cursor is on another stop (``key`` is empty when there is none)."""

        def __init__(self, lines: Lines, key: str) -> None:
            super().__init__()
            self.lines = lines
            self.key = key

        @property
        def control(self) -> Lines:
            return self.lines

    class Chosen(Message):
        """Enter, or a click on the stop under the cursor."""

        def __init__(self, lines: Lines, key: str) -> None:
            super().__init__()
            self.lines = lines
            self.key = key

        @property
        def control(self) -> Lines:
            return self.lines

    class Scrolled(Message):
        """Lines were drawn that had not been seen before."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.cursor = -1
        self._seen: set[int] = set()
        self._telling = False
        self._letters: dict[int, str] = {}

    # What subclasses say.

    @property
    @abstractmethod
    def line_count(self) -> int: ...

    @abstractmethod
    def line(self, y: int) -> Content:
        """Line ``y`` in exactly `text_width` cells."""

    @property
    @abstractmethod
    def stop_count(self) -> int: ...

    @abstractmethod
    def stop_lines(self, index: int) -> range: ...

    @abstractmethod
    def stop_key(self, index: int) -> str: ...

    @abstractmethod
    def stop_at(self, y: int) -> int:
        """Index of the stop that line ``y`` belongs to, or -1."""

    # What they may use.

    @property
    def text_width(self) -> int:
        return max(1, self.scrollable_content_region.width - GUTTER)

    @property
    def page(self) -> int:
        return max(1, self.scrollable_content_region.height)

    @property
    def top(self) -> int:
        return round(self.scroll_y)

    @property
    def cursor_key(self) -> str:
        return self.stop_key(self.cursor) if 0 <= self.cursor < self.stop_count else ""

    @property
    def unseen(self) -> int:
        """Lines that have never been on the screen since `forget_seen`."""
        return max(0, self.line_count - len(self._seen))

    @property
    def unseen_above(self) -> bool:
        return any(y not in self._seen for y in range(min(self.top, self.line_count)))

    def forget_seen(self) -> None:
        self._seen.clear()
        self.refresh()

    def resized_lines(self) -> None:
        """Call after the number of lines changed."""
        self.virtual_size = Size(self.text_width + GUTTER, self.line_count)
        self._seen = {y for y in self._seen if y < self.line_count}
        self.cursor = min(self.cursor, self.stop_count - 1)
        if self.cursor < 0 and self.stop_count:
            self.cursor = 0
        self.refresh()

    # Drawing.

    def render_line(self, y: int) -> Strip:
        at = self.top + y
        width = self.scrollable_content_region.width
        if at >= self.line_count:
            return Strip.blank(width, self.visual_style.rich_style)
        if at not in self._seen:
            self._seen.add(at)
            if not self._telling:
                self._telling = True
                self.call_after_refresh(self._tell)
        here = 0 <= self.cursor < self.stop_count and at in self.stop_lines(self.cursor)
        mark = "▸ " if here and at == self.stop_lines(self.cursor).start else "  "
        letter = self._letters.get(at, "")
        style = self.get_visual_style("lines--cursor") if here else self.visual_style
        parse = self.app.stylesheet.parse_style
        line = fit(self.line(at), self.text_width)
        segments = [Segment(letter or mark, style.rich_style + _LETTER if letter else style.rich_style)]
        if len(letter) == 1:
            segments.append(Segment(mark[1:], style.rich_style))
        segments += [
            Segment(text, part.rich_style) for text, part in line.render(style, end="", parse_style=parse)
        ]
        return Strip(segments, width)

    def label(self, letters: dict[int, str]) -> None:
        """Letters of jump mode in the place of the cursor mark, by line; none again with an empty table."""
        self._letters = letters
        self.refresh()

    def _tell(self) -> None:
        self._telling = False
        self.post_message(self.Scrolled())

    # Moving.

    def move_to(self, index: int) -> None:
        """Put the cursor on stop ``index`` (clamped) and bring it into view."""
        if not self.stop_count:
            return
        index = max(0, min(index, self.stop_count - 1))
        changed = index != self.cursor
        self.cursor = index
        lines = self.stop_lines(index)
        if index == 0 and lines.stop <= self.page:
            self._scroll_lines(0)  # with the heading above it
        elif lines.start < self.top:
            self._scroll_lines(lines.start)
        elif lines.stop > self.top + self.page:
            self._scroll_lines(min(lines.start, lines.stop - self.page))
        self.refresh()
        if changed:
            self.post_message(self.Moved(self, self.cursor_key))

    def _scroll_lines(self, y: int) -> None:
        self.scroll_to(y=max(0, y), animate=False, force=True)

    def action_cursor_down(self) -> None:
        """To the next stop; between stops, or within one taller than the page, line by line: none is skipped."""
        bottom = self.top + self.page
        here = self._cursor_lines()
        if here is not None and here.stop <= self.top:
            # The page was turned away from the cursor: go on from what is on the screen.
            if (first := self._first_visible()) is not None:
                self.move_to(first)
            else:
                self._scroll_by(1)
        elif here is not None and here.stop > bottom:
            self._scroll_by(1)
        elif self.cursor + 1 < self.stop_count and self.stop_lines(self.cursor + 1).start <= bottom:
            self.move_to(self.cursor + 1)
        else:
            self._scroll_by(1)

    def action_cursor_up(self) -> None:
        here = self._cursor_lines()
        if here is None or here.start < self.top or here.start >= self.top + self.page:
            self._scroll_by(-1)
        elif self.cursor > 0 and self.stop_lines(self.cursor - 1).stop >= self.top:
            self.move_to(self.cursor - 1)
        else:
            self._scroll_by(-1)

    def _cursor_lines(self) -> range | None:
        return self.stop_lines(self.cursor) if 0 <= self.cursor < self.stop_count else None

    def _first_visible(self) -> int | None:
        visible = range(self.top, self.top + self.page)
        return next((i for i in range(self.stop_count) if self.stop_lines(i).start in visible), None)

    def _scroll_by(self, lines: int) -> None:
        self._scroll_lines(max(0, min(self.top + lines, self.line_count - self.page)))

    def action_cursor_first(self) -> None:
        self.move_to(0)
        self._scroll_lines(0)

    def action_cursor_last(self) -> None:
        self.move_to(self.stop_count - 1)
        self._scroll_lines(self.line_count - self.page)

    def action_page_down(self) -> None:
        self._turn(self.page - 1)

    def action_page_up(self) -> None:
        self._turn(1 - self.page)

    def _turn(self, by: int) -> None:
        target = max(0, min(self.top + by, self.line_count - self.page))
        self._scroll_lines(target)
        visible = [
            i for i in range(self.stop_count) if target <= self.stop_lines(i).start < target + self.page
        ]
        if visible and self.cursor not in visible:
            self.move_to(visible[0] if by > 0 else visible[-1])

    def action_select(self) -> None:
        if self.cursor_key:
            self.post_message(self.Chosen(self, self.cursor_key))

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        index = self.stop_at(self.top + offset.y)
        if index < 0:
            return
        again = index == self.cursor
        self.move_to(index)
        if again:
            self.action_select()

    def on_resize(self) -> None:
        self.resized_lines()
        here = self._cursor_lines()
        if here is None or (self.cursor == 0 and here.stop > self.page):
            return  # nothing was chosen yet: reading starts at the first line
        if here.stop > self.top:
            self.move_to(self.cursor)

"""The two panes of the consent screen: the lines to decide, and what they will see. Narrow: one under the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from wallet_tui.screens.base import Guarded
from wallet_tui.widgets.document import Document
from wallet_tui.widgets.lines import Lines


class TwoPanes(Guarded):
    """Reading, without deciding anything."""

    @property
    def document(self) -> Document:
        return self.query_one("#rows", Document)

    @property
    def preview(self) -> Document:
        return self.query_one("#preview", Document)

    @property
    def wide(self) -> bool:
        return self.has_class("-wide")

    @property
    def unseen(self) -> int:
        return self.document.unseen + (self.preview.unseen if self.wide else 0)

    @property
    def where(self) -> str:
        """The key that leads to what was not on the screen yet."""
        return "pgup" if any(lines.unseen_above for lines in self._shown_lines()) else "pgdn"

    # Reading: both panes move together, the rows first.

    def action_cursor_down(self) -> None:
        rows = self.document
        before = (rows.cursor, rows.top)
        rows.action_cursor_down()
        if before == (rows.cursor, rows.top):
            self.preview.action_cursor_down()

    def action_cursor_up(self) -> None:
        if self.preview.top > 0:
            self.preview.action_cursor_up()
        else:
            self.document.action_cursor_up()

    def action_cursor_first(self) -> None:
        self._both(Lines.action_cursor_first)

    def action_cursor_last(self) -> None:
        self._both(Lines.action_cursor_last)

    def action_page_down(self) -> None:
        self._both(Lines.action_page_down)

    def action_page_up(self) -> None:
        self._both(Lines.action_page_up)

    def _both(self, move: Callable[[Lines], None]) -> None:
        for lines in self._shown_lines():
            move(lines)

    def _shown_lines(self) -> Iterable[Lines]:
        return (self.document, self.preview) if self.wide else (self.document,)

"""Text laid out for the width there is, some of it selectable: details, reviews, the consent body."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textual.content import Content

from wallet_tui.widgets.lines import Lines


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that belong together; with a ``key`` the cursor stops there."""

    lines: list[Content]
    key: str = ""


Layout = Callable[[int], list[Block]]


class Document(Lines):
    """Shows what a layout function returns for the present width, and lays out again when that changes."""

    def __init__(self, *, id: str | None = None, focusable: bool = True) -> None:
        super().__init__(id=id)
        self.can_focus = focusable
        self._layout_blocks: Layout = lambda _: []
        self._lines: list[Content] = []
        self._stops: list[tuple[str, range]] = []
        self._laid_out_for = -1

    def show(self, layout: Layout, *, keep_place: bool = False) -> None:
        """Replace the text. ``keep_place`` keeps scroll, cursor and, of what was seen, the lines above and below all
        that changed: a line that says something else has not been seen."""
        self._layout_blocks = layout
        old = self._lines
        if not keep_place:
            self.cursor = -1
            self._seen.clear()
            self._scroll_lines(0)
        before = self.cursor_key
        self._lay_out()
        if keep_place:
            self._seen = still_seen(self._seen, old, self._lines)
        found = next((i for i, (key, _) in enumerate(self._stops) if key == before), None)
        if found is not None:
            self.cursor = found
        self.resized_lines()

    def stop_keys(self) -> list[str]:
        return [key for key, _ in self._stops]

    def _lay_out(self) -> None:
        self._lines, self._stops, self._laid_out_for = [], [], -1
        if not self.size.width:
            return  # not on the screen yet: the first resize lays out
        self._laid_out_for = self.text_width
        for block in self._layout_blocks(self.text_width):
            start = len(self._lines)
            self._lines += block.lines
            if block.key:
                self._stops.append((block.key, range(start, len(self._lines))))

    def on_resize(self) -> None:
        if self._laid_out_for != self.text_width:
            self._lay_out()
            # Other line breaks: what was seen before says nothing about these lines.
            self._seen.clear()

    @property
    def line_count(self) -> int:
        return len(self._lines)

    def line(self, y: int) -> Content:
        return self._lines[y]

    @property
    def stop_count(self) -> int:
        return len(self._stops)

    def stop_lines(self, index: int) -> range:
        return self._stops[index][1]

    def stop_key(self, index: int) -> str:
        return self._stops[index][0]

    def stop_at(self, y: int) -> int:
        return next((i for i, (_, lines) in enumerate(self._stops) if y in lines), -1)


def still_seen(seen: set[int], old: list[Content], new: list[Content]) -> set[int]:
    """Of the lines seen, those before the first and after the last difference, at their new places."""
    same = range(min(len(old), len(new)))
    start = next((at for at in same if old[at].plain != new[at].plain), len(same))
    end = next((at for at in same if old[-1 - at].plain != new[-1 - at].plain), len(same))
    end = min(end, len(same) - start)
    moved = len(new) - len(old)
    return {y for y in seen if y < start} | {y + moved for y in seen if len(old) - end <= y < len(old)}

"""The pathway to a goal, drawn where there is room and listed where there is not, with notes below it."""

from __future__ import annotations

from collections.abc import Callable

from textual.content import Content

from wallet_tui.pathway_drawing import MIN_WIDTH, Drawing, draw
from wallet_tui.stack_way import Way, listed
from wallet_tui.widgets.lines import Lines


class PathwayView(Lines):
    """Lines without stops: the keys scroll. A line of the drawing is made when it is shown."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._way: Way | None = None
        self._current = ""
        self._plain = False
        self._notes: Callable[[int], list[Content]] = lambda _: []
        self._drawing: Drawing | None = None
        self._below: list[Content] = []
        self._laid_out_for = -1

    def show(
        self,
        way: Way | None,
        notes: Callable[[int], list[Content]],
        *,
        current: str = "",
        plain: bool = False,
        keep_place: bool = False,
    ) -> None:
        """Draw ``way`` (or list it, if ``plain``) with ``notes`` below; ``current`` is the node to point at."""
        self._way, self._notes, self._current, self._plain = way, notes, current, plain
        if not keep_place:
            self._scroll_lines(0)
        self._lay_out()
        self.resized_lines()

    def point_at(self, node: str) -> None:
        """Mark a node and bring its box into view."""
        if node == self._current:
            return
        self._current = node
        self._lay_out()
        self.refresh()
        box = self._drawing.boxes.get(node) if self._drawing is not None else None
        if box is None:
            return
        if box.y < self.top:
            self._scroll_lines(box.y)
        elif box.y + box.height > self.top + self.page:
            self._scroll_lines(box.y + box.height - self.page)

    def _lay_out(self) -> None:
        self._drawing, self._below = None, []
        if not self.size.width:
            return  # not on the screen yet: the first resize lays out
        width = self._laid_out_for = self.text_width
        way = self._way
        if way is not None and (self._plain or width < MIN_WIDTH):
            self._below = listed(way, width)
        elif way is not None:
            self._drawing = draw(way.goal, way.nodes, way.edges, width, current=self._current)
        self._below += self._notes(width)

    def on_resize(self) -> None:
        if self._laid_out_for != self.text_width:
            self._lay_out()

    @property
    def line_count(self) -> int:
        return (self._drawing.height if self._drawing is not None else 0) + len(self._below)

    def line(self, y: int) -> Content:
        height = self._drawing.height if self._drawing is not None else 0
        return self._drawing.line(y) if self._drawing is not None and y < height else self._below[y - height]

    @property
    def stop_count(self) -> int:
        return 0

    def stop_lines(self, index: int) -> range:
        return range(index, index)

    def stop_key(self, index: int) -> str:  # noqa: ARG002 - there are no stops
        return ""

    def stop_at(self, y: int) -> int:  # noqa: ARG002 - there are no stops
        return -1

"""A list of equal rows, for ten thousand of them: a row becomes text only when it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.content import Content

from wallet_tui.widgets.lines import Lines

RowText = Callable[[int], list[Content]]


class RowList[T](Lines):
    """``draw(item, width)`` gives the ``row_height`` lines of one item; ``key(item)`` names it."""

    def __init__(
        self,
        draw: Callable[[T, int], list[Content]],
        key: Callable[[T], str],
        *,
        row_height: int = 2,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._draw = draw
        self._key = key
        self._height = row_height
        self._items: Sequence[T] = ()
        self._drawn: tuple[int, int, list[Content]] | None = None

    @property
    def items(self) -> Sequence[T]:
        return self._items

    @property
    def current(self) -> T | None:
        return self._items[self.cursor] if 0 <= self.cursor < len(self._items) else None

    def show(self, items: Sequence[T]) -> None:
        """Replace the rows; the cursor stays on the item it was on, if that is still there."""
        before = self.cursor_key
        self._items = items
        self._drawn = None
        self.cursor = next(
            (i for i, item in enumerate(items) if self._key(item) == before), 0 if items else -1
        )
        self.resized_lines()
        if items:
            self.move_to(self.cursor)
        self.post_message(self.Moved(self, self.cursor_key))

    def redraw(self) -> None:
        """The same rows say something else now."""
        self._drawn = None
        self.refresh()

    @property
    def line_count(self) -> int:
        return len(self._items) * self._height

    def line(self, y: int) -> Content:
        index, part = divmod(y, self._height)
        width = self.text_width
        if self._drawn is None or self._drawn[:2] != (index, width):
            self._drawn = (index, width, self._draw(self._items[index], width))
        lines = self._drawn[2]
        return lines[part] if part < len(lines) else Content("")

    @property
    def stop_count(self) -> int:
        return len(self._items)

    def stop_lines(self, index: int) -> range:
        return range(index * self._height, (index + 1) * self._height)

    def stop_key(self, index: int) -> str:
        return self._key(self._items[index])

    def stop_at(self, y: int) -> int:
        index = y // self._height
        return index if 0 <= index < len(self._items) else -1

    def _turn(self, by: int) -> None:
        self.move_to(self.cursor + (1 if by > 0 else -1) * max(1, self.page // self._height - 1))

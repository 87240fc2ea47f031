"""A few lines that change at every key."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget


class Saying(Widget):
    """Of a fixed height (in the stylesheet), so that nothing is laid out again when it says something else."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._content = Content("")

    def say(self, content: Content) -> None:
        self._content = content
        self.refresh()

    def render(self) -> Content:
        return self._content

"""Jump mode: a letter over every area, pane and visible row; pressing one goes there and does nothing else.

Letters stand where the cursor mark stands, in the two cells that every list keeps free, so nothing moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from wallet_tui.actions import bindings, shown
from wallet_tui.areas import NAMES
from wallet_tui.i18n import t
from wallet_tui.screens.base import Passing
from wallet_tui.widgets.frame import AreaTabs
from wallet_tui.widgets.lines import Lines

# Those under the fingers first.
LETTERS = "asdfghjklqwertyuiopzxcvbnm"


@dataclass(frozen=True, slots=True)
class Target:
    """An area (``name``), or line ``y`` of ``lines`` with the stop ``index`` (-1: the pane as a whole)."""

    tabs: AreaTabs | None = None
    name: str = ""
    lines: Lines | None = None
    y: int = 0
    index: int = -1


def targets(screen: Screen[Any]) -> list[Target]:
    """Where one can jump to on ``screen``: areas, then rows and panes as they are seen."""
    found = [Target(tabs=tabs, name=name) for tabs in screen.query(AreaTabs) for name in NAMES]
    for lines in _all_lines(screen):
        # A pane that is not shown has no region.
        if lines.region.area and lines.line_count:
            found += _rows(lines)
    return found


def _all_lines(screen: Screen[Any]) -> list[Lines]:
    return [widget for widget in screen.query("Lines") if isinstance(widget, Lines)]


def _rows(lines: Lines) -> list[Target]:
    rows: list[Target] = []
    seen = {-1}
    for y in range(lines.top, min(lines.top + lines.page, lines.line_count)):
        index = lines.stop_at(y)
        if index not in seen:
            seen.add(index)
            rows.append(Target(lines=lines, y=y, index=index))
    return rows or [Target(lines=lines, y=lines.top)]


def labels(count: int) -> list[str]:
    """Labels of one letter, and of two where those do not suffice; none is the beginning of another."""
    doubled = 0
    while (len(LETTERS) - doubled) + doubled * len(LETTERS) < count and doubled < len(LETTERS):
        doubled += 1
    single = LETTERS[: len(LETTERS) - doubled]
    double = [first + second for first in LETTERS[len(single) :] for second in LETTERS]
    return [*single, *double][:count]


def go(target: Target | None) -> None:
    """The focus, and the cursor, go there."""
    if target is None:
        return
    if target.tabs is not None:
        target.tabs.clicked(target.name)
    if target.lines is not None:
        if target.lines.can_focus:
            target.lines.focus()
        if target.index >= 0:
            target.lines.move_to(target.index)


class JumpScreen(Passing):
    """Lies over the screen, which stays as it is; ``esc`` or a click leaves."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("back")

    def __init__(self, found: Sequence[Target]) -> None:
        super().__init__()
        self._targets = dict(zip(labels(len(found)), found, strict=False))
        self._typed = ""

    def compose(self) -> ComposeResult:
        says = t(" Jump: press a letter to go there. {back} leaves.").format(back=shown("back"))
        yield Static(Content(says), id="jump-says", markup=False)

    def on_mount(self) -> None:
        self._label()

    def on_unmount(self) -> None:
        self._targets = {}
        for screen in self.app.screen_stack:
            for tabs in screen.query(AreaTabs):
                tabs.label({})
            for lines in _all_lines(screen):
                lines.label({})

    def _label(self) -> None:
        """Letters over what can still be meant by what was typed."""
        areas: dict[AreaTabs, dict[str, str]] = {}
        rows: dict[Lines, dict[int, str]] = {}
        for label, target in self._targets.items():
            letters = label[len(self._typed) :] if label.startswith(self._typed) else ""
            if target.tabs is not None:
                areas.setdefault(target.tabs, {}).update({target.name: letters} if letters else {})
            if target.lines is not None:
                rows.setdefault(target.lines, {}).update({target.y: letters} if letters else {})
        for tabs, names in areas.items():
            tabs.label(names)
        for lines, places in rows.items():
            lines.label(places)

    def on_key(self, event: events.Key) -> None:
        """Every character is taken here, so that none reaches the keys of the screen below."""
        if event.character is None or not event.is_printable:
            return
        event.stop()
        event.prevent_default()
        typed = self._typed + event.character.lower()
        target = self._targets.get(typed)
        if target is not None:
            self.dismiss(target)
        elif any(label.startswith(typed) for label in self._targets):
            self._typed = typed
            self._label()
        else:
            self.app.bell()

    def on_click(self) -> None:
        self.dismiss(None)

    def action_back(self) -> None:
        self.dismiss(None)

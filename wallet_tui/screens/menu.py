"""Everything that can be done here, as a list: for who does not know the keys yet. It returns a choice only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from wallet_tui.actions import KEYS, bindings
from wallet_tui.i18n import t
from wallet_tui.layout import Cell, row
from wallet_tui.widgets.lines import Lines
from wallet_tui.widgets.rows import RowList

KEY_WIDTH = 6
LABEL_WIDTH = 25


@dataclass(frozen=True, slots=True)
class Item:
    """``id`` of a key in `KEYS`; ``why_not`` is empty when it works now."""

    id: str
    label: str
    why_not: str = ""


class MenuScreen(ModalScreen[str | None]):
    """Returns the id of a key, or None."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("back")

    def __init__(self, title: Content, items: Sequence[Item]) -> None:
        super().__init__()
        self._title = title
        self._items = list(items)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(self._title, id="menu-title", markup=False)
            yield RowList(_draw, lambda item: item.id, row_height=1, id="menu")
            yield Static(Content.styled(t("enter do it    esc back"), "$muted"), markup=False)

    @property
    def rows(self) -> RowList[Item]:
        return self.query_one("#menu", RowList)

    def on_mount(self) -> None:
        self.rows.styles.height = len(self._items)
        self.rows.styles.max_height = "70vh"
        self.rows.show(self._items)
        self.rows.focus()

    def on_lines_chosen(self, message: Lines.Chosen) -> None:
        self._choose(next(item for item in self._items if item.id == message.key))

    def on_key(self, event: events.Key) -> None:
        """The keys themselves work here, too."""
        for item in self._items:
            if event.key in KEYS[item.id].keys.split(",") or event.character == KEYS[item.id].keys:
                event.stop()
                event.prevent_default()
                self._choose(item)
                return

    def _choose(self, item: Item) -> None:
        if item.why_not:
            self.notify(item.why_not, severity="warning")
        else:
            self.dismiss(item.id)

    def action_back(self) -> None:
        self.dismiss(None)


def _draw(item: Item, width: int) -> list[Content]:
    key = Cell(KEYS[item.id].shown, KEY_WIDTH, style="$muted" if item.why_not else "bold $text-accent")
    if item.why_not:
        return [
            row(
                width,
                key,
                Cell(f"({item.label})", LABEL_WIDTH),
                Cell(item.why_not),
            )
        ]
    return [row(width, key, Cell(item.label))]

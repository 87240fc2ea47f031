"""Keys that work on the screen below, and what the states mean."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen, Screen

from wallet_tui import words
from wallet_tui.actions import KEYS, bindings
from wallet_tui.layout import fit, fold, heading, join, labelled
from wallet_tui.widgets.document import Block, Document

_STATES = (
    ("pass", "was checked and holds"),
    ("fail", "was checked and does not hold"),
    ("unknown", "could not be found out; it is neither pass nor fail"),
)


class HelpScreen(ModalScreen[None]):
    BINDINGS: ClassVar[list[BindingType]] = bindings("back", "quit")

    def __init__(self, below: Screen[Any]) -> None:
        super().__init__()
        # Asked before this screen covers it: what works there, with the keys as they are mapped.
        self._keys: dict[str, list[str]] = {}
        for key, active in below.active_bindings.items():
            if active.binding.id in KEYS:
                self._keys.setdefault(active.binding.id or "", []).append(key)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog tall"):
            yield Document(id="help")

    def on_mount(self) -> None:
        document = self.query_one("#help", Document)
        document.show(self._blocks)
        document.focus()

    def _blocks(self, width: int) -> list[Block]:
        lines = [heading("Keys here", "esc closes this"), Content("")]
        for name, key in KEYS.items():
            if name in self._keys:
                lines += labelled(
                    Content.styled(key.shown, "bold $text-accent"), key.help, width, label_width=9, indent=0
                )
        lines += [Content(""), heading("What the states mean"), Content("")]
        for state, meaning in _STATES:
            lines += fold(join(fit(words.result(state), 9), "  ", meaning), width, indent=11, first=0)
        lines += [Content("")]
        lines += fold(
            Content("The `cairn` command does all of this without screens, also for screen readers."), width
        )
        return [Block(lines)]

    def action_back(self) -> None:
        self.dismiss(None)

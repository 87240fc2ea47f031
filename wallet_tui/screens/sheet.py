"""Full screens over an area, and small dialogs of fields: what they share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from wallet_tui.actions import bindings
from wallet_tui.i18n import t
from wallet_tui.screens.base import Asking
from wallet_tui.widgets.frame import Banner, KeyBar, StatusLine

if TYPE_CHECKING:
    from wallet_tui.connection import Connection


class Sheet(Asking):
    """The frame around `body`: status, what this is about, keys. Leaving it changes nothing."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("back")

    def compose(self) -> ComposeResult:
        yield StatusLine()
        yield Banner()
        yield Static(id="title", markup=False)
        yield from self.body()
        yield KeyBar(self.hints)

    def body(self) -> Iterable[Widget]:
        return ()

    def entitle(self, title: Content | str) -> None:
        self.query_one("#title", Static).update(
            title if isinstance(title, Content) else Content.styled(title, "bold")
        )

    def action_back(self) -> None:
        self.dismiss(None)


def why_away(connection: Connection) -> str:
    """Why even the wallet's own store cannot be reached. An agent that is still starting is no reason."""
    away = connection.error is not None or connection.status is None
    return connection.why_read_only() if away else ""


class AskScreen(ModalScreen[bool]):
    """One question. ``y`` says yes; every other key that could be an answer says no."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("back")
    AUTO_FOCUS = ""

    def __init__(self, question: Content) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(self._question, markup=False)
            yield Static(Content.styled(t("y yes    n or enter or esc no"), "$muted"), markup=False)

    def on_key(self, event: events.Key) -> None:
        if event.key in {"y", "n", "enter"}:
            event.stop()
            event.prevent_default()
            self.dismiss(event.key == "y")

    def action_back(self) -> None:
        self.dismiss(False)

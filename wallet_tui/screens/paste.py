"""Small dialogs that return a decision and do no work: the link field and the reason field."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from wallet_tui.actions import bindings, shown
from wallet_tui.i18n import t
from wallet_tui.links import MAX_LINK_CHARS, Link, read_link
from wallet_tui.service import MAX_REASON_CHARS


class PasteScreen(ModalScreen[Link | None]):
    """Asks for an offer or request link."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("back")

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content.styled(t("Add an offer or a request"), "bold"), markup=False)
            yield Static(
                Content(t("Paste the link you were given. Opening it decides nothing.")), markup=False
            )
            yield Input(
                id="link", placeholder=t("https://…/o/CODE or https://…/r/CODE"), max_length=MAX_LINK_CHARS
            )
            yield Static(
                Content.styled(t("enter look at it    {back} back").format(back=shown("back")), "$muted"),
                id="link-says",
                markup=False,
            )

    def on_mount(self) -> None:
        self.query_one("#link", Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        found = read_link(event.value)
        if isinstance(found, Link):
            self.dismiss(found)
        else:
            self.query_one("#link-says", Static).update(Content.styled(f"✗ {found}", "$text-error"))

    def action_back(self) -> None:
        self.dismiss(None)


class ReasonScreen(ModalScreen[str | None]):
    """Confirms a refusal and takes an optional reason; None means it was thought better of."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("back")

    def __init__(self, question: Content, draft: str = "", *, hears: str = "") -> None:
        """``hears`` says what the other side will be told."""
        super().__init__()
        self._question = question
        self._draft = draft
        self._hears = hears or "They will see the reason, if you give one. You need not."

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(self._question, markup=False)
            yield Static(Content(self._hears), markup=False)
            yield Input(
                self._draft, id="reason", placeholder=t("reason (optional)"), max_length=MAX_REASON_CHARS
            )
            yield Static(
                Content.styled(
                    t("enter tell them    {back} back, nothing decided").format(back=shown("back")), "$muted"
                ),
                markup=False,
            )

    def on_mount(self) -> None:
        self.query_one("#reason", Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip())

    def action_back(self) -> None:
        self.dismiss(None)

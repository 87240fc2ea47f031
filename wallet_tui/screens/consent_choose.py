"""Which of the credentials that fit should answer: a list that returns a decision and does no work."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from wallet_tui import words
from wallet_tui.actions import bindings
from wallet_tui.i18n import t
from wallet_tui.layout import Cell, join, row
from wallet_tui.request_model import PlanCredential
from wallet_tui.safe_text import safe_text
from wallet_tui.widgets.lines import Lines
from wallet_tui.widgets.rows import RowList

ANSWERS_WIDTH = 12


class ChooseScreen(ModalScreen[str | None]):
    """The credential that answers now comes first. Returns the id of the one taken; None leaves it as it is."""

    AUTO_FOCUS = "Lines"
    BINDINGS: ClassVar[list[BindingType]] = bindings("back")

    def __init__(self, current: PlanCredential) -> None:
        super().__init__()
        self._current = current

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog choose"):
            yield Static(Content.styled(t("Which credential should answer?"), "bold"), markup=False)
            yield Static(
                Content(t("Each of these satisfies the request in this place. Nothing is sent by choosing.")),
                markup=False,
            )
            yield RowList[PlanCredential](self._draw, lambda each: each.id, id="fitting")
            yield Static(
                Content.styled(t("enter choose it    esc leave it as it is"), "$muted"), markup=False
            )

    def on_mount(self) -> None:
        self.query_one(RowList).show([self._current, *self._current.others])

    def on_lines_chosen(self, message: Lines.Chosen) -> None:
        self.dismiss(message.key if message.key != self._current.id else None)

    def action_back(self) -> None:
        self.dismiss(None)

    def _draw(self, each: PlanCredential, width: int) -> list[Content]:
        """Title, and whether it answers now; who issued it, size, level, date."""
        now = t("answers now") if each.id == self._current.id else ""
        facts = join(
            words.credit(each.credit), f" · {words.eqf(each.eqf)} · ", safe_text(each.awarded_on, 12)
        )
        return [
            row(width, Cell(safe_text(each.title), style="bold"), Cell(now, ANSWERS_WIDTH, "right")),
            row(
                width,
                Cell(words.party_in(each.issuer, max(10, width - facts.cell_length - 1))),
                Cell(facts, facts.cell_length),
            ),
        ]

"""Deleting one credential or visual badge. What is lost is read first; the marked choice is to keep it.

The service says what would be lost, with a hash of exactly that; it deletes only for the hash that was on the screen.
"""

from __future__ import annotations

from time import monotonic
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from agent.client import Event
from agent.errors import CairnError, ConflictError, ConsentError
from wallet_tui.actions import KEYS, LIST_KEYS, bindings
from wallet_tui.find import Entry
from wallet_tui.i18n import mark, t
from wallet_tui.layout import fold, heading, join
from wallet_tui.portfolio_model import Badge, Loss
from wallet_tui.safe_text import Untrusted, safe_text
from wallet_tui.screens.base import BLANK, Answered, Guarded, Refused, error_blocks, paragraph, set_text
from wallet_tui.screens.credential_rows import draw_entry
from wallet_tui.screens.sheet import why_away
from wallet_tui.widgets.choices import Choice, Choices
from wallet_tui.widgets.document import Block, Document
from wallet_tui.widgets.frame import Banner, Hint, KeyBar, StatusLine
from wallet_tui.widgets.lines import Lines

HOLD_SECONDS = 0.7
NOT_DELETED = mark("Nothing was deleted.")
PERHAPS = mark("It is not known whether it was deleted; the list will say.")
BADGE_LOSS = mark("The picture itself, as it came. Nothing else knows of it: it never counted for anything.")
_MOVING = frozenset(key for name in LIST_KEYS for key in KEYS[name].keys.split(","))


class DeleteScreen(Guarded):
    """Returns the id of what was deleted, or None."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        "back", "delete", "choice.next", "choice.previous", "choice.take", *LIST_KEYS
    )

    def __init__(self, item: Entry) -> None:
        super().__init__()
        self._item = item
        self._loss: Loss | None = None
        self._error: CairnError | None = None
        self._asked_at: float | None = None
        self._deleting = False

    def compose(self) -> ComposeResult:
        yield StatusLine()
        yield Banner()
        yield Document(id="lost", focusable=False)
        yield Static(id="says", markup=False)
        yield Choices(id="choices")
        yield KeyBar(self.hints)

    @property
    def document(self) -> Document:
        return self.query_one("#lost", Document)

    def hints(self) -> list[Hint]:
        return [
            Hint("back", label=t("keep it")),
            Hint("list.down", label=t("read")),
            Hint("choice.next"),
            Hint("choice.take"),
            Hint("delete", self._why_not()),
            Hint("help"),
        ]

    def _why_not(self) -> str:
        if self._deleting:
            return t("It is being deleted.")
        if self._loss is None:
            return t("What would be lost is not known yet.")
        if self.document.unseen:
            return t("Read it all first: {n} lines were not on the screen yet.").format(
                n=self.document.unseen
            )
        return why_away(self.cairn.connection)

    # Asking.

    def on_mount(self) -> None:
        self._start()

    def _start(self) -> None:
        item = self._item
        self._asked_at, self._error = None, None
        if isinstance(item, Badge):
            self._loss = Loss((Untrusted(t(BADGE_LOSS)),), item.id)
        else:
            self._loss = None
            self.ask("loss", lambda: self.cairn.wallet.loss(item.id))
        self._show()

    def service_said(self, event: Event) -> None:
        """Something about it changed: what would be lost is read again, and the question is put back."""
        if event.name == "credential" and event.data.get("id") == self._item.id and not self._deleting:
            self._start()

    def on_screen_resume(self) -> None:
        self.guard_again()
        if self._loss is None and self._error is None:
            self._start()

    def on_answered(self, message: Answered[object]) -> None:
        if not self.cairn.connection.unlocked:
            return
        if isinstance(message.value, Loss):
            self._loss = message.value  # an error that led here stays on the screen
            self._show()
        else:
            self.notify(t("It was deleted."))
            self.dismiss(self._item.id)

    def on_refused(self, message: Refused) -> None:
        self._error, self._deleting, self._asked_at = message.error, False, None
        if isinstance(message.error, ConsentError):
            # Something else would be lost now. The template's words for this kind of error are about sending.
            error = message.error
            self._error = ConflictError(error.code, error.detail, error.hint)
            self._loss = None
            item = self._item
            self.ask("loss", lambda: self.cairn.wallet.loss(item.id))
        self._show()

    def forget(self) -> None:
        self._loss, self._asked_at = None, None
        self.document.show(lambda _: [])

    # Showing.

    def _show(self) -> None:
        self.document.show(self._blocks, keep_place=self._loss is not None)
        self._show_docked()

    def _show_docked(self) -> None:
        question = t("Delete it for good? y/N") if self._asked_at is not None else self._why_not()
        style = "$text-error bold" if self._asked_at is not None else "$muted"
        set_text(self.query_one("#says", Static), [Content.styled(f" {question}", style)])
        choices = [
            Choice("keep", t("Keep it"), "esc"),
            Choice("delete", t("Delete…"), "D", self._why_not()),
        ]
        if self._asked_at is not None:
            choices = [Choice("keep", t("Keep it"), "n"), Choice("yes", t("Delete it for good"), "y")]
        self.query_one(Choices).show(choices)
        self.update_keys()

    def _blocks(self, width: int) -> list[Block]:
        blocks: list[Block] = []
        if self._error is not None:
            unharmed = NOT_DELETED if self._error.http_status < 500 else PERHAPS
            blocks += [*error_blocks(self._error, width, t(unharmed)), BLANK]
        blocks += [
            Block([heading(t("Delete this?")), Content(""), *draw_entry(self._item, width, marked=False)]),
            BLANK,
        ]
        if self._loss is None:
            said = (
                t("… finding out what would be lost")
                if self._error is None
                else t("What would be lost is not known, so it cannot be deleted now.")
            )
            return [*blocks, paragraph(said, width, "$muted")]
        lines = [heading(t("What is lost with it"))]
        for each in self._loss.losses:
            lines += fold(join(("– ", "$text-error"), safe_text(each, 400)), width, indent=4, first=2)
        if not self._loss.losses:
            lines += fold(t("The service names nothing else."), width, indent=2)
        blocks += [Block(lines), BLANK]
        if not isinstance(self._item, Badge):
            said = t("To have it out of sight and keep it, go back and press x: that archives it.")
            blocks.append(paragraph(said, width, "$muted"))
        return blocks

    def on_lines_scrolled(self, _: Lines.Scrolled) -> None:
        self._show_docked()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    # Deciding.

    def on_key(self, event: events.Key) -> None:
        """While the question stands, keys answer it or read; nothing else deletes, and everything else keeps."""
        if self._asked_at is None or event.key in _MOVING:
            return
        if event.key in KEYS["choice.next"].keys.split(",") or event.key in KEYS[
            "choice.previous"
        ].keys.split(","):
            return
        if event.key == "enter":
            return
        event.stop()
        event.prevent_default()
        if event.key == "y":
            self._confirm(event.time)
        else:
            self.action_keep()

    def action_delete(self) -> None:
        """Ask the question. Nothing is deleted here."""
        if self.refuse(self._why_not()):
            return
        self._asked_at = monotonic()
        self._show_docked()

    def action_yes(self) -> None:
        self._confirm(monotonic())

    def _confirm(self, at: float) -> None:
        loss = self._loss
        if self._asked_at is None or loss is None or self._why_not():
            return
        if at - self._asked_at < HOLD_SECONDS:
            self.app.bell()
            return
        self._asked_at, self._deleting, self._error = None, True, None
        wallet, item = self.cairn.wallet, self._item
        if isinstance(item, Badge):
            self.ask("delete", lambda: wallet.delete_badge(item.id))
        else:
            self.ask("delete", lambda: wallet.delete(item.id, loss.expect))
        self._show_docked()

    def action_keep(self) -> None:
        """Back from the question, or out of here."""
        if self._asked_at is not None:
            self._asked_at = None
            self._show_docked()
        else:
            self.action_back()

    def on_choices_taken(self, message: Choices.Taken) -> None:
        getattr(self, f"action_{message.name}")()

    def action_choice_next(self) -> None:
        self.query_one(Choices).move(1)

    def action_choice_previous(self) -> None:
        self.query_one(Choices).move(-1)

    def action_choice_take(self) -> None:
        self.query_one(Choices).take()

    def action_back(self) -> None:
        if self._deleting:
            self.notify(t("The agent service goes on with what it was given."), severity="warning")
        self.dismiss(None)

"""Reviewing an offer: who, what, on which list, the checks. Nothing is accepted by opening it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from time import monotonic
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from agent.client import Event
from agent.errors import AgentError, CairnError, LockedError, UnreachableError
from wallet_tui import words
from wallet_tui.actions import LIST_KEYS, bindings
from wallet_tui.doc import Doc
from wallet_tui.i18n import mark, t
from wallet_tui.layout import join, labelled
from wallet_tui.model import Offer
from wallet_tui.safe_text import safe_text
from wallet_tui.screens.base import BLANK, Answered, Guarded, Refused, error_blocks
from wallet_tui.screens.offer_text import review
from wallet_tui.screens.paste import ReasonScreen
from wallet_tui.screens.progress import Progress
from wallet_tui.widgets.choices import Choice, Choices
from wallet_tui.widgets.document import Block, Document
from wallet_tui.widgets.frame import Banner, Hint, KeyBar, StatusLine
from wallet_tui.widgets.lines import Lines

NOTHING_HAPPENED = {
    "review": mark("Nothing was accepted."),
    "accept": mark("It was not accepted by this."),
    "reject": mark("It was not rejected."),
}
PERHAPS_ACCEPTED = mark("Whether it was accepted is not known yet.")
CLOSED = {
    "accepting": mark("This offer is being accepted."),
    "accepted": mark("This offer is accepted."),
    "rejected": mark("This offer is rejected."),
    "expired": mark("This offer has expired."),
}
ANSWERABLE = ("open", "failed")  # after a failure nothing is kept: it may be accepted again


class OfferScreen(Guarded):
    """Opened with a link that was pasted, or with the id of an offer already known."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        "back",
        "reload",
        "offer.accept",
        "offer.reject",
        "evidence",
        "choice.next",
        "choice.previous",
        "choice.take",
        *LIST_KEYS,
    )

    def __init__(self, *, link: str = "", offer_id: str = "") -> None:
        super().__init__()
        self._link = link
        self._offer_id = offer_id
        self._offer: Offer | None = None
        self._error: tuple[str, CairnError] | None = None
        self._progress: Progress | None = None
        self._opened: set[str] = set()
        self._reason = ""

    def compose(self) -> ComposeResult:
        yield StatusLine()
        yield Banner()
        yield Document(id="offer", focusable=False)
        yield Choices(id="choices")
        yield KeyBar(self.hints)

    @property
    def document(self) -> Document:
        return self.query_one("#offer", Document)

    @property
    def answerable(self) -> bool:
        return self._offer is not None and self._offer.state in ANSWERABLE

    def hints(self) -> list[Hint]:
        why = self._why_not()
        if self._progress is not None:
            return [Hint("back", label=t("stop")), Hint("help")]
        if self._offer is None and self._error is not None:
            return [Hint("reload", label=t("try again")), Hint("back", label=t("close")), Hint("help")]
        if not self.answerable:
            return [
                Hint("list.down", label=t("read")),
                Hint("evidence"),
                Hint("back", label=t("close")),
                Hint("help"),
            ]
        return [
            Hint("offer.accept", why),
            Hint("back", label=t("later")),
            Hint("offer.reject", why),
            Hint("choice.next"),
            Hint("choice.take"),
            Hint("evidence"),
            Hint("help"),
        ]

    def _why_not(self) -> str:
        if self._offer is None:
            return t("The offer has not been read yet.")
        if self._progress is not None:
            return t("Something is still running.")
        if not self.answerable:
            return t(CLOSED.get(self._offer.state, CLOSED["expired"]))
        if self._offer.expires_at is not None and self._offer.expires_at <= self.cairn.now():
            return t(CLOSED["expired"])
        return self.cairn.connection.why_read_only()

    # Asking.

    def on_mount(self) -> None:
        self.set_interval(0.2, self._tick)
        self._start()

    def _start(self) -> None:
        if self._link and not self._offer_id:
            self._work("review", t("fetch the offer"), lambda: self.cairn.wallet.review_offer(self._link))
        else:
            self._work("review", t("read the offer"), lambda: self.cairn.wallet.offer(self._offer_id))

    def _work(self, group: str, first: str, call: Callable[[], Coroutine[Any, Any, object]]) -> None:
        self._progress = Progress(first, monotonic())
        self._error = None
        self.ask(group, call)
        self._show()
        self.document.action_cursor_first()  # that is where progress and its end are shown

    def service_said(self, event: Event) -> None:
        if event.name == "step" and self._progress is not None:
            self._progress.take(Doc(event.data))
            self._show()
        elif event.name == "offer" and event.data.get("id") == self._offer_id and self._progress is None:
            self._reload()

    def _reload(self) -> None:
        if self._offer_id and self.cairn.connection.unlocked:
            self.ask("reload", lambda: self.cairn.wallet.offer(self._offer_id))

    def on_answered(self, message: Answered[Offer]) -> None:
        self._progress = None
        if not self.cairn.connection.unlocked:
            return  # not to be shown now; asked for again when it may be (see `_tick`)
        self._error = None
        if self._offer is None:
            self.guard_again()  # what was typed while it was being read is no answer to it
        self._offer, self._offer_id = message.value, message.value.id
        if message.group == "accept" and message.value.state == "accepted":
            self.notify(t("The credential is in your wallet (area 1)."))
        self._show()

    def on_refused(self, message: Refused) -> None:
        self._progress = None
        if isinstance(message.error, LockedError):
            self._offer = None  # locked in between: read again once it is unlocked
            self.cairn.read_status()
        else:
            self._error = (message.group, message.error)
        self._show()

    def forget(self) -> None:
        self._offer, self._progress = None, None
        self.document.show(lambda _: [])

    @property
    def _idle(self) -> bool:
        """Nothing is shown, and nothing is under way that would change that."""
        return self._offer is None and self._progress is None and self._error is None

    def on_screen_resume(self) -> None:
        if self._idle:
            self._start()

    # Showing.

    def _tick(self) -> None:
        if self._idle and self.is_current and self.cairn.connection.unlocked:
            self._start()
        elif self._progress is not None and monotonic() - self._progress.began > 0.15:
            self._show()

    def connection_changed(self) -> None:
        self.query_one(Choices).show(self._choices())
        self.update_keys()

    def _show(self) -> None:
        self.document.show(self._blocks, keep_place=self._offer is not None)
        self.query_one(Choices).show(self._choices())
        self.update_keys()

    def _choices(self) -> list[Choice]:
        if self._progress is not None:
            return [Choice("stop", t("Stop"), "esc")]
        if not self.answerable:
            return [Choice("close", t("Close"), "esc")]
        why = self._why_not()
        return [
            Choice("back", t("Decide later"), "esc"),
            Choice("accept", t("Accept"), "A", why),
            Choice("reject", t("Reject…"), "R", why),
        ]

    def _blocks(self, width: int) -> list[Block]:
        blocks: list[Block] = []
        if self._error is not None:
            group, error = self._error
            unharmed = t(NOTHING_HAPPENED.get(group, ""))
            if group == "accept" and isinstance(error, UnreachableError | AgentError):
                unharmed = t(PERHAPS_ACCEPTED)
            blocks += [*error_blocks(error, width, unharmed), BLANK]
        if self._progress is not None:
            blocks += [*self._progress.blocks(width, monotonic()), BLANK]
        if self._offer is not None:
            blocks += review(self._offer, width, self.cairn.now(), self._opened)
        elif self._link and self._error is None:
            link = labelled(t("Link"), safe_text(self._link, 300), width, label_width=14, indent=0)
            blocks.append(Block(link))
        return blocks

    # Deciding.

    def on_lines_chosen(self, message: Lines.Chosen) -> None:
        """A click on a check row: its evidence."""
        self._toggle_evidence(message.key)

    def _toggle_evidence(self, key: str) -> None:
        self._opened ^= {key}
        self._show()

    def action_evidence(self) -> None:
        if self.document.cursor_key:
            self._toggle_evidence(self.document.cursor_key)

    def on_choices_taken(self, message: Choices.Taken) -> None:
        getattr(self, f"action_{message.name}")()

    def action_choice_next(self) -> None:
        self.query_one(Choices).move(1)

    def action_choice_previous(self) -> None:
        self.query_one(Choices).move(-1)

    def action_choice_take(self) -> None:
        self.query_one(Choices).take()

    def action_accept(self) -> None:
        if not self.refuse(self._why_not()):
            self._work("accept", t("accept the offer"), lambda: self.cairn.wallet.accept(self._offer_id))

    def action_reject(self) -> None:
        if self.refuse(self._why_not()) or self._offer is None:
            return
        question = join((t("Reject the offer of"), "bold"), " ", words.party(self._offer.issuer), "?")
        hears = t("They hear that the offer was rejected, and the reason if you write one; nothing else.")
        self.app.push_screen(ReasonScreen(question, self._reason, hears=hears), self._reject)

    def _reject(self, reason: str | None) -> None:
        if reason is not None:
            self._reason = reason
            wallet, id = self.cairn.wallet, self._offer_id
            self._work("reject", t("tell the issuer"), lambda: wallet.reject(id, reason))

    def action_reload(self) -> None:
        """Try again after an error."""
        if self._error is not None and self._progress is None:
            self._start()

    def action_stop(self) -> None:
        self.action_back()

    def action_close(self) -> None:
        self.action_back()

    def action_back(self) -> None:
        """Stop what runs, or leave. Leaving decides nothing."""
        if self._progress is not None and self._offer is not None:
            self.workers.cancel_group(self, "accept")
            self._progress = None
            self.notify(
                t("Stopped waiting. What was already sent goes on in the agent service."), severity="warning"
            )
            self._reload()
            self._show()
            return
        self.workers.cancel_group(self, "review")
        self.dismiss(None)

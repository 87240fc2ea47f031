"""Reviewing an offer: who, what, on which list, the checks. Nothing is accepted by opening it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from time import monotonic
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content

from agent.client import Event
from agent.errors import CairnError
from wallet_tui import words
from wallet_tui.actions import LIST_KEYS, bindings
from wallet_tui.doc import Doc
from wallet_tui.layout import fold, heading, join, labelled
from wallet_tui.model import Offer
from wallet_tui.safe_text import safe_text
from wallet_tui.screens.base import BLANK, Answered, Guarded, Refused, error_blocks, paragraph
from wallet_tui.screens.credential_text import claims_block
from wallet_tui.screens.paste import ReasonScreen
from wallet_tui.screens.progress import Progress, step_lines
from wallet_tui.widgets.check_row import check_blocks
from wallet_tui.widgets.choices import Choice, Choices
from wallet_tui.widgets.document import Block, Document
from wallet_tui.widgets.frame import Banner, Hint, KeyBar, StatusLine
from wallet_tui.widgets.lines import Lines

NOTHING_HAPPENED = {
    "review": "Nothing was accepted.",
    "accept": "Whether it was accepted is not known yet.",
    "reject": "It was not rejected.",
}


class OfferScreen(Guarded):
    """Opened with a link that was pasted, or with the id of an offer already known."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        "back",
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

    def compose(self) -> ComposeResult:
        yield StatusLine()
        yield Banner()
        yield Document(id="offer", focusable=False)
        yield Choices(id="choices")
        yield KeyBar(self.hints)

    @property
    def document(self) -> Document:
        return self.query_one("#offer", Document)

    def hints(self) -> list[Hint]:
        why = self._why_not()
        if self._progress is not None:
            return [Hint("back", label="stop"), Hint("help")]
        if self._offer is None or self._offer.state != "open":
            return [
                Hint("list.down", label="read"),
                Hint("evidence"),
                Hint("back", label="close"),
                Hint("help"),
            ]
        return [
            Hint("offer.accept", why),
            Hint("back", label="later"),
            Hint("offer.reject", why),
            Hint("choice.next"),
            Hint("choice.take"),
            Hint("evidence"),
            Hint("help"),
        ]

    def _why_not(self) -> str:
        if self._offer is None:
            return "The offer has not been read yet."
        if self._offer.state != "open":
            return f"This offer is {words.OFFER_WORDS[self._offer.state][1]}."
        return self.cairn.connection.why_read_only()

    # Asking.

    def on_mount(self) -> None:
        self.set_interval(0.2, self._tick)
        self._start()

    def _start(self) -> None:
        if self._link and not self._offer_id:
            self._work("review", "fetch the offer", lambda: self.cairn.wallet.review_offer(self._link))
        else:
            self._work("review", "read the offer", lambda: self.cairn.wallet.offer(self._offer_id))

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
        if not self.cairn.connection.unlocked:
            return
        self._progress = None
        self._offer, self._offer_id = message.value, message.value.id
        if message.group == "accept" and message.value.state == "accepted":
            self.notify("The credential is in your wallet (area 1).")
        self._show()

    def on_refused(self, message: Refused) -> None:
        self._progress = None
        self._error = (message.group, message.error)
        self._show()

    def forget(self) -> None:
        self._offer, self._progress = None, None
        self.document.show(lambda _: [])

    def on_screen_resume(self) -> None:
        if self._offer is None and self._progress is None and self._error is None:
            self._start()

    # Showing.

    def _tick(self) -> None:
        if self._progress is not None and monotonic() - self._progress.began > 0.15:
            self._show()

    def _show(self) -> None:
        self.document.show(self._blocks, keep_place=self._offer is not None)
        self.query_one(Choices).show(self._choices())
        self.update_keys()

    def _choices(self) -> list[Choice]:
        if self._progress is not None:
            return [Choice("stop", "Stop", "esc")]
        if self._offer is None or self._offer.state != "open":
            return [Choice("close", "Close", "esc")]
        why = self._why_not()
        return [
            Choice("back", "Decide later", "esc"),
            Choice("accept", "Accept", "A", why),
            Choice("reject", "Reject…", "R", why),
        ]

    def _blocks(self, width: int) -> list[Block]:
        blocks: list[Block] = []
        if self._error is not None:
            group, error = self._error
            blocks += [*error_blocks(error, width, NOTHING_HAPPENED.get(group, "")), BLANK]
        if self._progress is not None:
            blocks += [*self._progress.blocks(width, monotonic()), BLANK]
        if self._offer is not None:
            blocks += self._review(self._offer, width)
        elif self._link and self._error is None:
            blocks.append(
                Block(labelled("Link", safe_text(self._link, 300), width, label_width=14, indent=0))
            )
        return blocks

    def _review(self, offer: Offer, width: int) -> list[Block]:
        now = self.cairn.now()
        state = join(
            words.stateword(words.OFFER_WORDS[offer.state]),
            f"   {words.expiry(offer.expires_at, now)}" if offer.state == "open" else "",
        )
        head = [heading("An offer for you"), *fold(state, width)]
        if offer.error is not None:
            head += fold(
                join(
                    ("✗ ", "$text-error"),
                    safe_text(offer.error.detail, 300),
                    " ",
                    safe_text(offer.error.hint, 300),
                ),
                width,
            )
        facts = join(
            words.credit(offer.credit),
            f" · {words.eqf(offer.eqf)} · awarded ",
            safe_text(offer.awarded_on, 20),
        )
        who: list[Content] = [Content(""), heading("Who offers it")]
        who += labelled("Name", safe_text(offer.issuer.name), width)
        who += labelled("Address", safe_text(offer.issuer.host), width)
        who += labelled("DID", safe_text(offer.issuer.did), width)
        who += labelled("Identity", safe_text(offer.identity.how, 300), width)
        who += labelled("Bound to key", safe_text(offer.identity.key, 100), width)
        what: list[Content] = [Content(""), heading("What it is")]
        what += labelled("Title", safe_text(offer.title).stylize_before("bold"), width)
        what += labelled("Size and level", facts, width)
        tally = [check.result for check in offer.checks]
        counted = words.counts((tally.count("pass"), tally.count("fail"), tally.count("unknown")))
        blocks = [Block(head), Block(who), Block(what), BLANK]
        blocks.append(Block([heading("On which list, and the checks"), join("  ", counted), Content("")]))
        blocks += check_blocks(offer.checks, width, self._opened)
        if not offer.checks:
            blocks.append(paragraph("  ? unknown   no check was made", width))
        blocks += [BLANK, Block([heading("Everything it says")]), claims_block(offer.claims, width)]
        if offer.steps:
            blocks += [BLANK, Block([heading("How it was read"), *step_lines(offer.steps, width)])]
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
            self._work("accept", "accept the offer", lambda: self.cairn.wallet.accept(self._offer_id))

    def action_reject(self) -> None:
        if self.refuse(self._why_not()) or self._offer is None:
            return
        question = join(("Reject the offer of ", "bold"), words.party(self._offer.issuer), "?")
        self.app.push_screen(ReasonScreen(question), self._reject)

    def _reject(self, reason: str | None) -> None:
        if reason is not None:
            self._work("reject", "tell the issuer", lambda: self.cairn.wallet.reject(self._offer_id, reason))

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
                "Stopped waiting. What was already sent goes on in the agent service.", severity="warning"
            )
            self._reload()
            self._show()
            return
        self.workers.cancel_group(self, "review")
        self.dismiss(None)

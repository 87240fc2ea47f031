"""The consent screen: a full screen that never opens by itself and sends nothing but what it showed.

Order of events when sharing: `S` or the choice asks the question; `y` counts only through `SendGate`; then
the request is planned again and compared with what is on the screen; only if nothing differs is it sent,
with the hash of the plan that was shown. (Longer than other files, so that this order can be read in one place.)
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from time import monotonic
from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from agent.client import Event
from agent.errors import AgentError, CairnError, ConsentError, UnreachableError
from wallet_tui.actions import LIST_KEYS, bindings, keys_of
from wallet_tui.doc import Doc
from wallet_tui.layout import fold, join
from wallet_tui.request_model import PlanRow, Request
from wallet_tui.safe_text import safe_text
from wallet_tui.screens import consent_text as text
from wallet_tui.screens.base import BLANK, Answered, Refused, error_blocks, set_text
from wallet_tui.screens.consent_gate import SendGate, why_cannot_share
from wallet_tui.screens.consent_panes import TwoPanes
from wallet_tui.screens.consent_send import Differs, send_as_shown
from wallet_tui.screens.paste import ReasonScreen
from wallet_tui.screens.progress import Progress
from wallet_tui.widgets.choices import Choice, Choices
from wallet_tui.widgets.document import Block, Document
from wallet_tui.widgets.frame import Banner, Hint, KeyBar, StatusLine
from wallet_tui.widgets.lines import Lines

NOT_SENT = "Nothing was sent."
PERHAPS_SENT = "It is not known whether it was sent; the history will say."


class ConsentScreen(TwoPanes):
    """Opened with a link that was pasted, or with the id of a request already known."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        "back",
        "consent.toggle",
        "consent.share",
        "consent.decline",
        "choice.next",
        "choice.previous",
        "choice.take",
        *LIST_KEYS,
    )

    def __init__(self, *, link: str = "", request_id: str = "") -> None:
        super().__init__()
        self._link = link
        self._request_id = request_id
        self._request: Request | None = None
        self._error: tuple[str, CairnError] | None = None
        self._progress: Progress | None = None
        self._include: set[str] | None = None
        self._planning = False
        self._reason = ""
        self._notice = ""
        self._drawn: tuple[str, object] = ("", None)
        self.gate = SendGate()

    def compose(self) -> ComposeResult:
        yield StatusLine()
        yield Static(id="head", markup=False)
        yield Banner()
        with Horizontal(classes="panes"):
            yield Document(id="rows", focusable=False)
            yield Document(id="preview", focusable=False)
        yield Static(id="says", markup=False)
        yield Choices(id="choices")
        yield KeyBar(self.hints)

    @property
    def current_row(self) -> PlanRow | None:
        plan = self._request.plan if self._request is not None else None
        key = self.document.cursor_key.removeprefix(text.ROW_KEY)
        return next((row for row in plan.rows if row.id == key), None) if plan is not None else None

    def why_not_share(self) -> str:
        if self._planning:
            return "The preview is being made anew."
        if self._progress is not None:
            return "Something is still running."
        why = why_cannot_share(self._request, self.cairn.now())
        return why or self.cairn.connection.why_read_only() or self._why_incomplete()

    def _why_incomplete(self) -> str:
        """Every row of the plan must be a row of the screen, in the same order, before anything is sent."""
        plan = self._request.plan if self._request is not None else None
        shown = [key.removeprefix(text.ROW_KEY) for key in self.document.stop_keys()]
        if plan is None or shown != [row.id for row in plan.rows]:
            return "The lines on the screen are not the lines of the plan."
        return ""

    def why_not_decline(self) -> str:
        if self._request is None:
            return "The request has not been read yet."
        if self._request.state != "open":
            return f"This request is {self._request.state}."
        return (
            "Something is still running."
            if self._progress is not None
            else self.cairn.connection.why_read_only()
        )

    def hints(self) -> list[Hint]:
        if self.gate.asking:
            return [
                Hint("list.down", label="read"),
                Hint("list.page-down"),
                Hint("list.last"),
                Hint("back", label="no, back"),
            ]
        if self._request is not None and self._request.state != "open":
            return [Hint("list.down", label="read"), Hint("back", label="close"), Hint("help")]
        row = self.current_row
        fixed = "" if row is not None and row.switchable else "This line cannot be switched."
        return [
            Hint("list.down", label="read"),
            Hint("consent.toggle", fixed),
            Hint("consent.share", self.why_not_share()),
            Hint("consent.decline", self.why_not_decline()),
            Hint("back", label="later"),
            Hint("help"),
        ]

    # Asking.

    def on_mount(self) -> None:
        self.set_interval(0.2, self._tick)
        self._start()

    def _start(self) -> None:
        wallet = self.cairn.wallet
        if self._link and not self._request_id:
            self._work("review", "fetch the request", lambda: wallet.review_request(self._link))
        elif self._include is not None:
            include = set(self._include)
            self._work("review", "read the request", lambda: wallet.plan(self._request_id, include))
        else:
            self._work("review", "read the request", lambda: wallet.request(self._request_id))

    def _work(self, group: str, first: str, call: Callable[[], Coroutine[Any, Any, object]]) -> None:
        self._progress, self._error, self._notice = Progress(first, monotonic()), None, ""
        self.ask(group, call)
        self._show()

    def service_said(self, event: Event) -> None:
        if event.name == "step" and self._progress is not None:
            self._progress.take(Doc(event.data))
            self._show()
        elif event.name == "request" and event.data.get("id") == self._request_id and self._progress is None:
            moved = self._request is not None and event.data.get("state") != self._request.state
            if moved and self.cairn.connection.unlocked:
                self.ask("reload", lambda: self.cairn.wallet.request(self._request_id))

    def on_answered(self, message: Answered[Request | Differs]) -> None:
        if not self.cairn.connection.unlocked:
            # Not to be shown now; asked for again when it may be (see `_tick`), not waited for for ever.
            self._progress, self._planning = None, False
            return
        self._progress, self._planning, self._error = None, False, None
        answer = message.value
        self.gate.close()
        if isinstance(answer, Differs):
            self._take(answer.request)
            self._return_to_review(answer.why)
        else:
            self._take(answer)
        self._show()

    def _take(self, request: Request) -> None:
        before = self._request
        self._request, self._request_id = request, request.id
        if request.plan is not None:
            self._include = set(request.plan.include())
        changed = before is None or before.plan != request.plan or before.state != request.state
        if changed:
            self.document.forget_seen()
            self.preview.forget_seen()

    def _return_to_review(self, why: str) -> None:
        """Back to the first line, with the reason; typed-ahead keys do not count for what is shown now."""
        self._notice = f"Nothing was sent: {why} since it was shown. Read it again, then decide."
        self._drawn = ("", None)
        self.guard_again()

    def on_refused(self, message: Refused) -> None:
        self._progress, self._planning = None, False
        if self._request is not None and self._request.plan is not None:
            self._include = set(self._request.plan.include())
        self.gate.close()
        if message.group == "send" and isinstance(message.error, ConsentError):
            self._return_to_review("what would be sent changed")
            include = set(self._include or ())
            self.ask("reload", lambda: self.cairn.wallet.plan(self._request_id, include))
        else:
            self._error = (message.group, message.error)
            if message.group == "send" and self.cairn.connection.unlocked:
                # Never offer to send again before the service has said what became of it.
                self._request = None
        self._show()

    def forget(self) -> None:
        """What was switched stays in `_include`; everything shown goes."""
        self._request, self._progress, self._planning = None, None, False
        self.gate.close()
        self.document.show(lambda _: [])
        self.preview.show(lambda _: [])
        self.query_one("#head", Static).update(Content(""))

    def on_screen_resume(self) -> None:
        self.gate.close()
        if self._request is None and self._progress is None and self._error is None:
            self._start()

    def on_screen_suspend(self) -> None:
        self.gate.close()

    # Showing.

    def _tick(self) -> None:
        nothing = self._request is None and self._progress is None and self._error is None
        if nothing and self.is_current and self.cairn.connection.unlocked:
            self._start()
        elif self._progress is not None:
            self._show()
        else:
            self._show_docked()

    def _show(self) -> None:
        request = self._request
        drawn = (request.state if request is not None else "", self._error)
        same, self._drawn = drawn == self._drawn, drawn
        self.document.show(self._blocks, keep_place=same)
        self.set_class(request is None or request.plan is None or request.state != "open", "-no-preview")
        self.preview.show(self._preview_blocks, keep_place=same)
        self._show_docked()

    def _show_docked(self) -> None:
        width = max(20, self.size.width - 2)
        request = self._request
        if request is not None:
            head = text.header(request, width, self.cairn.now())
        else:
            head = [Content.styled("A request for your data", "bold")]
        set_text(self.query_one("#head", Static), head)
        set_text(self.query_one("#says", Static), fold(self._says(), width, max_lines=2))
        self.query_one(Choices).show(self._choices())
        self.update_keys()

    def _says(self) -> Content:
        """The line above the choices: the question, a notice, or what the marked row allows."""
        request = self._request
        if self.gate.asking and request is not None and request.plan is not None:
            number = text.items(len(request.plan.sent_paths()))
            ready = self.gate.why_not(monotonic(), self.unseen, self.where)
            question = Content.styled(f"Send {number} to {text.host_of(request)}? y/N", "bold reverse")
            return join(question, f"  {ready}" if ready else "  y sends, any other key does not")
        if self._notice:
            return Content.styled(f"! {self._notice}", "bold $text-warning")
        if self._progress is not None:
            return self._progress.line(monotonic())
        if self._planning:
            return Content("… making the preview anew")
        row = self.current_row
        if row is not None and request is not None and request.plan is not None and request.state == "open":
            return Content(text.why_fixed(row, request.plan))
        return Content("")

    def _choices(self) -> list[Choice]:
        if self.gate.asking:
            ready = self.gate.why_not(monotonic(), self.unseen, self.where)
            return [Choice("no", "No, do not send", "n"), Choice("yes", "Yes, send", "y", ready)]
        if self._progress is not None:
            return [Choice("stop", "Stop waiting", "esc")]
        if self._request is None or self._request.state != "open":
            return [Choice("close", "Close", "esc")]
        number = len(self._request.plan.sent_paths()) if self._request.plan is not None else 0
        return [
            Choice("decline", "Don't share", "D", self.why_not_decline()),
            Choice("back", "Decide later", "esc"),
            Choice(
                "share", f"Share {text.items(number)}…" if number else "Share…", "S", self.why_not_share()
            ),
        ]

    def _blocks(self, width: int) -> list[Block]:
        blocks: list[Block] = []
        if self._error is not None:
            group, error = self._error
            sure = group != "send" or not isinstance(error, UnreachableError | AgentError)
            blocks += [*error_blocks(error, width, NOT_SENT if sure else PERHAPS_SENT), BLANK]
        request = self._request
        if self._progress is not None and request is None:
            blocks += [*self._progress.blocks(width, monotonic()), BLANK]
        if request is None:
            if self._link and self._error is None:
                blocks.append(
                    Block(fold(join("Link  ", safe_text(self._link, 300)), width, indent=6, first=0))
                )
        elif request.state == "open":
            blocks += text.body(request, width, with_preview=not self.wide)
        else:
            blocks += text.outcome(request, width)
        return blocks

    def _preview_blocks(self, width: int) -> list[Block]:
        request = self._request
        if request is None or request.plan is None or request.state != "open":
            return []
        return text.preview(request.plan, width)

    def on_lines_moved(self, _: Lines.Moved) -> None:
        self._show_docked()

    def on_lines_scrolled(self, _: Lines.Scrolled) -> None:
        self._show_docked()

    def on_resize(self) -> None:
        # After the breakpoint classes are set: they decide whether the preview has a pane of its own.
        self.call_after_refresh(self._show)

    # Deciding.

    def on_key(self, event: events.Key) -> None:
        """While the question stands, keys answer it or read; nothing else."""
        if not self.gate.asking or event.key in keys_of(*LIST_KEYS):
            return
        event.stop()
        event.prevent_default()
        if event.key == "y":
            self._confirm(event.time)
        else:
            self.action_no()

    def _confirm(self, at: float) -> None:
        if self.gate.why_not(at, self.unseen, self.where):
            self.app.bell()  # the line with the question says why
            self._show_docked()
        else:
            self._send()

    def on_choices_taken(self, message: Choices.Taken) -> None:
        getattr(self, f"action_{message.name}")()

    def action_yes(self) -> None:
        """A click on the choice: held to the same gate as the key."""
        self._confirm(monotonic())

    def action_no(self) -> None:
        self.gate.close()
        self._show_docked()

    def action_choice_next(self) -> None:
        self.query_one(Choices).move(1)

    def action_choice_previous(self) -> None:
        self.query_one(Choices).move(-1)

    def action_choice_take(self) -> None:
        self.query_one(Choices).take()

    def action_switch_row(self) -> None:
        row, request = self.current_row, self._request
        if row is None or request is None or request.plan is None or request.state != "open":
            self.refuse("There is no line to switch.")
            return
        if not row.switchable:
            self.refuse(text.why_fixed(row, request.plan))
            return
        if self.refuse(self.cairn.connection.why_read_only()) or self._progress is not None:
            return
        include = set(self._include or ()) ^ {row.claim}
        self._include, self._planning, self._notice = include, True, ""
        self.ask("plan", lambda: self.cairn.wallet.plan(self._request_id, include))
        self._show_docked()

    def action_share(self) -> None:
        """Ask the question. Nothing is sent here."""
        if self.refuse(self.why_not_share()):
            return
        self._notice = ""
        self.gate.ask(monotonic())
        self._show_docked()

    def _send(self) -> None:
        shown = self._request
        if self.refuse(self.why_not_share()) or shown is None:
            self.gate.close()
            return
        self.gate.close()
        wallet = self.cairn.wallet
        self._work("send", "check that nothing changed, then send", lambda: send_as_shown(wallet, shown))

    def action_decline(self) -> None:
        if self.refuse(self.why_not_decline()) or self._request is None:
            return
        question = join(
            ("Don't share. Tell ", "bold"),
            (text.host_of(self._request), "bold $text-accent"),
            (" that you decline?", "bold"),
        )
        self.app.push_screen(ReasonScreen(question, self._reason), self._decline)

    def _decline(self, reason: str | None) -> None:
        if reason is not None:
            self._reason = reason
            self._work(
                "decline", "tell the requester", lambda: self.cairn.wallet.decline(self._request_id, reason)
            )

    def action_stop(self) -> None:
        self.action_back()

    def action_close(self) -> None:
        self.action_back()

    def action_back(self) -> None:
        """Leave. Leaving decides nothing; what was already handed to the agent service goes on there."""
        if self._progress is not None and self._request is not None:
            self.notify(
                "Waiting here was stopped; the agent service goes on with what it was given.",
                severity="warning",
            )
        self.workers.cancel_node(self)
        self.dismiss(None)

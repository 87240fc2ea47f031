"""The consent screen: a full screen that never opens by itself and sends nothing but what it showed.

Order of events when sharing: `S` or the choice asks the question; `y` counts only through `SendGate`; then
the request is planned again and compared with what is on the screen; only if nothing differs is it sent,
with the hash of the plan that was shown. What was read and what came of it is in `consent_asking`.
"""

from __future__ import annotations

from time import monotonic
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from agent.errors import AgentError, UnreachableError
from wallet_tui.actions import LIST_KEYS, bindings, keys_of
from wallet_tui.i18n import mark, t
from wallet_tui.layout import fold, join
from wallet_tui.request_model import PlanCredential, PlanRow, Switches
from wallet_tui.safe_text import safe_text
from wallet_tui.screens import consent_text as text
from wallet_tui.screens.base import BLANK, error_blocks, set_text
from wallet_tui.screens.consent_asking import Reviewing
from wallet_tui.screens.consent_choose import ChooseScreen
from wallet_tui.screens.consent_gate import why_cannot_share, why_closed
from wallet_tui.screens.consent_send import send_as_shown
from wallet_tui.screens.paste import ReasonScreen
from wallet_tui.widgets.choices import Choice, Choices
from wallet_tui.widgets.document import Block, Document
from wallet_tui.widgets.frame import Banner, Hint, KeyBar, StatusLine
from wallet_tui.widgets.lines import Lines

NOT_SENT = mark("Nothing was sent.")
PERHAPS_SENT = mark("It is not known whether it was sent; the history will say.")
RUNNING = mark("Something is still running.")
NOT_READ = mark("The request has not been read yet.")


class ConsentScreen(Reviewing):
    """Opened with a link that was pasted, or with the id of a request already known."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        "back",
        "reload",
        "consent.toggle",
        "consent.choose",
        "consent.share",
        "consent.decline",
        "choice.next",
        "choice.previous",
        "choice.take",
        *LIST_KEYS,
    )

    def __init__(self, *, link: str = "", request_id: str = "") -> None:
        super().__init__(link, request_id)
        self._reason = ""
        self._drawn: tuple[str, object] = ("", None)

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

    @property
    def current_credential(self) -> PlanCredential | None:
        """The one that the marked line comes from."""
        row, request = self.current_row, self._request
        if row is None or request is None or request.plan is None:
            return None
        return request.plan.credential(row.item)

    # Why a key does nothing.

    def why_not_share(self) -> str:
        if self._planning:
            return t("The preview is being made anew.")
        if self._progress is not None:
            return t(RUNNING)
        why = why_cannot_share(self._request, self.cairn.now())
        return why or self.cairn.connection.why_read_only() or self._why_incomplete()

    def _why_incomplete(self) -> str:
        """Every row of the plan must be a row of the screen, in the same order, before anything is sent."""
        plan = self._request.plan if self._request is not None else None
        shown = [key.removeprefix(text.ROW_KEY) for key in self.document.stop_keys()]
        if plan is None or shown != [row.id for row in plan.rows]:
            return t("The lines on the screen are not the lines of the plan.")
        return ""

    def why_not_decline(self) -> str:
        if self._request is None:
            return t(NOT_READ)
        if why := why_closed(self._request):
            return why
        return t(RUNNING) if self._progress is not None else self.cairn.connection.why_read_only()

    def why_not_choose(self) -> str:
        credential, request = self.current_credential, self._request
        if credential is None or request is None or not request.answerable:
            return t("There is no credential to choose.")
        if not credential.others:
            return t("No other credential you hold fits here.")
        return t(RUNNING) if self._progress is not None else self.cairn.connection.why_read_only()

    def hints(self) -> list[Hint]:
        if self.gate.asking:
            return [
                Hint("list.down", label=t("read")),
                Hint("list.page-down"),
                Hint("list.last"),
                Hint("back", label=t("no, back")),
            ]
        if self._request is None and self._error is not None:
            return [Hint("reload", label=t("try again")), Hint("back", label=t("close")), Hint("help")]
        if self._request is not None and not self._request.answerable:
            return [Hint("list.down", label=t("read")), Hint("back", label=t("close")), Hint("help")]
        row = self.current_row
        fixed = "" if row is not None and row.switchable else t("This line cannot be switched.")
        deciding = [
            Hint("consent.share", self.why_not_share()),
            Hint("consent.decline", self.why_not_decline(), t("decline")),
            Hint("back", label=t("later")),
            Hint("help"),
        ]
        reading = [Hint("list.down", label=t("read"))]
        if row is None:
            return reading + deciding
        lines = [Hint("consent.toggle", fixed), Hint("consent.choose", self.why_not_choose())]
        return reading + lines + deciding

    def on_mount(self) -> None:
        self.set_interval(0.2, self._tick)
        self.start()

    def on_screen_resume(self) -> None:
        self.gate.close()
        if self.idle:
            self.start()

    def on_screen_suspend(self) -> None:
        self.gate.close()

    # Showing.

    def _tick(self) -> None:
        if self.idle and self.is_current and self.cairn.connection.unlocked:
            self.start()
        elif self._progress is not None:
            self.show()
        else:
            self._show_docked()

    def to_the_top(self) -> None:
        self._drawn = ("", None)

    def show(self) -> None:
        request = self._request
        drawn = (request.state if request is not None else "", self._error)
        same, self._drawn = drawn == self._drawn, drawn
        self.document.show(self._blocks, keep_place=same)
        self.set_class(request is None or request.plan is None or not request.answerable, "-no-preview")
        self.preview.show(self._preview_blocks, keep_place=same)
        self._show_docked()

    def _show_docked(self) -> None:
        width = max(20, self.size.width - 2)
        request = self._request
        if request is not None:
            head = text.header(request, width, self.cairn.now())
        else:
            head = [Content.styled(t("A request for your data"), "bold")]
        set_text(self.query_one("#head", Static), head)
        set_text(self.query_one("#says", Static), fold(self._says(), width, max_lines=2))
        self.query_one(Choices).show(self._choices())
        self.update_keys()

    def _says(self) -> Content:
        """The line above the choices: the question, a notice, or what the marked row allows."""
        request = self._request
        if self.gate.asking and request is not None and request.plan is not None:
            ready = self.gate.why_not(monotonic(), self.unseen, self.where)
            asked = Content.styled(text.question(request, len(request.plan.sent_rows())), "bold reverse")
            return join(asked, "  ", ready or t("y sends, any other key does not"))
        if self._notice:
            return Content.styled(f"! {self._notice}", "bold $text-warning")
        if self._progress is not None:
            return self._progress.line(monotonic())
        if self._planning:
            return Content(t("… making the preview anew"))
        row = self.current_row
        if row is not None and request is not None and request.plan is not None and request.answerable:
            return Content(text.why_fixed(row, request.plan))
        return Content("")

    def _choices(self) -> list[Choice]:
        if self.gate.asking:
            ready = self.gate.why_not(monotonic(), self.unseen, self.where)
            return [Choice("no", t("No, do not send"), "n"), Choice("yes", t("Yes, send"), "y", ready)]
        if self._progress is not None:
            return [Choice("stop", t("Stop waiting"), "esc")]
        if self._request is None or not self._request.answerable:
            return [Choice("close", t("Close"), "esc")]
        number = len(self._request.plan.sent_rows()) if self._request.plan is not None else 0
        return [
            Choice("decline", t("Don't share"), "D", self.why_not_decline()),
            Choice("back", t("Decide later"), "esc"),
            Choice("share", text.share_label(number), "S", self.why_not_share()),
        ]

    def _blocks(self, width: int) -> list[Block]:
        blocks: list[Block] = []
        if self._error is not None:
            group, error = self._error
            sure = group != "send" or not isinstance(error, UnreachableError | AgentError)
            blocks += [*error_blocks(error, width, t(NOT_SENT) if sure else t(PERHAPS_SENT)), BLANK]
        request = self._request
        if self._progress is not None and request is None:
            blocks += [*self._progress.blocks(width, monotonic()), BLANK]
        if request is None:
            if self._link and self._error is None:
                link = join(f"{t('Link')}  ", safe_text(self._link, 300))
                blocks.append(Block(fold(link, width, indent=6, first=0)))
        elif request.answerable:
            blocks += text.body(request, width, with_preview=not self.wide, changed=self._changes)
        else:
            blocks += text.outcome(request, width, self._agreed)
        return blocks

    def _preview_blocks(self, width: int) -> list[Block]:
        request = self._request
        if request is None or request.plan is None or not request.answerable:
            return []
        return text.preview(request.plan, width)

    def on_lines_moved(self, _: Lines.Moved) -> None:
        self._show_docked()

    def on_lines_scrolled(self, _: Lines.Scrolled) -> None:
        self._show_docked()

    def on_resize(self) -> None:
        # After the breakpoint classes are set: they decide whether the preview has a pane of its own.
        self.call_after_refresh(self.show)

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

    def action_reload(self) -> None:
        """Try again after an error; what is on the screen is current anyway."""
        if self._error is not None and self._progress is None:
            self.start()

    def action_switch_row(self) -> None:
        row, request = self.current_row, self._request
        if row is None or request is None or request.plan is None or not request.answerable:
            self.refuse(t("There is no line to switch."))
            return
        if not row.switchable:
            self.refuse(text.why_fixed(row, request.plan))
            return
        if self.refuse(self.cairn.connection.why_read_only()) or self._progress is not None:
            return
        self.plan_with((self._switches or Switches()).toggled(row.claim))

    def action_choose(self) -> None:
        """Another credential in the place of the one that the marked line comes from."""
        credential = self.current_credential
        if self.refuse(self.why_not_choose()) or credential is None:
            return
        item = credential.item

        def chosen(id: str | None) -> None:
            if id is not None:
                self.plan_with((self._switches or Switches()).with_choice(item, id))

        self.app.push_screen(ChooseScreen(credential), chosen)

    def action_share(self) -> None:
        """Ask the question. Nothing is sent here."""
        if self.refuse(self.why_not_share()):
            return
        self._notice = ""
        self.gate.ask(monotonic())
        self._show_docked()

    def _send(self) -> None:
        shown = self._request
        if self.refuse(self.why_not_share()) or shown is None or shown.plan is None:
            self.gate.close()
            return
        self.gate.close()
        self._agreed = shown.plan.revealed_paths()
        wallet = self.cairn.wallet
        self.work("send", t("check that nothing changed, then send"), lambda: send_as_shown(wallet, shown))

    def action_decline(self) -> None:
        if self.refuse(self.why_not_decline()) or self._request is None:
            return
        asked = t("Don't share. Tell {host} that you decline?").format(host=text.host_of(self._request))
        hears = t(
            "They hear that their request was declined, and the reason if you write one; nothing about what you hold."
        )
        self.app.push_screen(
            ReasonScreen(Content.styled(asked, "bold"), self._reason, hears=hears), self._decline
        )

    def _decline(self, reason: str | None) -> None:
        if reason is not None:
            self._reason = reason
            wallet, id = self.cairn.wallet, self._request_id
            self.work("decline", t("tell the requester"), lambda: wallet.decline(id, reason))

    def action_stop(self) -> None:
        self.action_back()

    def action_close(self) -> None:
        self.action_back()

    def action_back(self) -> None:
        """Leave. Leaving decides nothing; what was already handed to the agent service goes on there."""
        if self._progress is not None and self._request is not None:
            self.notify(
                t("Waiting here was stopped; the agent service goes on with what it was given."),
                severity="warning",
            )
        self.workers.cancel_node(self)
        self.dismiss(None)

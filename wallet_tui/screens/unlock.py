"""Unlocking. With the first run, which it gives way to, the only screen shown while the wallet is locked."""

from __future__ import annotations

from time import monotonic
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Center, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from agent.errors import CairnError
from wallet_tui import words
from wallet_tui.actions import bindings
from wallet_tui.i18n import mark, t
from wallet_tui.layout import join
from wallet_tui.safe_text import Untrusted, safe_text
from wallet_tui.screens.base import Answered, Asking, Refused, set_text
from wallet_tui.screens.first_run import DEMO_PASSPHRASE, FirstRunScreen
from wallet_tui.screens.passphrase import Passphrase
from wallet_tui.status import Status
from wallet_tui.widgets.frame import Banner, Hint, KeyBar, StatusLine

SPINNER_AFTER = 0.15
TIME_AFTER = 2.0
DEMO_NOTE = mark("A demonstration: unless you chose another, its passphrase is {passphrase}")
# What the service calls its steps.
_STEPS = {name: name for name in (mark("opening the wallet"), mark("checking the passphrase"))}


class UnlockScreen(Asking):
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = bindings("help")

    def __init__(self) -> None:
        super().__init__()
        self._began: float | None = None
        self._wait_until = 0.0
        self._told: Content = Content("")
        self._tried = ""
        self._gave_way = False  # to the first run, which lies above

    def compose(self) -> ComposeResult:
        yield StatusLine()
        yield Banner()
        with Center(id="unlock-middle"), Vertical(id="unlock-box"):
            yield Static(Content.styled(t("Cairn, your wallet for micro-credentials"), "bold"), markup=False)
            yield Static(id="unlock-who", markup=False)
            yield Passphrase("passphrase", t("Passphrase"))
            yield Static(id="unlock-says", markup=False)
            yield Static(id="unlock-note", markup=False)
        yield KeyBar(self.hints)

    def hints(self) -> list[Hint]:
        why = "" if self._status is not None else t("The agent service has not answered yet.")
        return [Hint("open", why, t("unlock")), Hint("quit.typing")]

    @property
    def _status(self) -> Status | None:
        return self.cairn.connection.status

    @property
    def _first(self) -> bool:
        return self._status is not None and self._status.first_run

    def on_mount(self) -> None:
        self.set_interval(0.25, self._tick)
        self.connection_changed()

    def on_screen_resume(self) -> None:
        self._began = None
        self._told = Content("")
        self.connection_changed()

    def connection_changed(self) -> None:
        super().connection_changed()
        status = self._status
        unlocking = status is not None and status.lock == "unlocking"
        if unlocking and self._began is None:
            self._began = monotonic()
        elif not unlocking and self._began is not None and not self._busy("unlock"):
            self._began = None
            if status is not None and status.lock == "locked" and status.agent_state == "failed":
                detail = safe_text(status.agent_detail, 200)
                self._told = join((t("✗ The agent did not start. "), "$text-error"), detail)
        # The field stays while it works: letters typed then go into it, not to the keys behind it.
        field = self.query_one("#passphrase", Passphrase)
        field.display = status is not None
        if field.display and self.focused is None:
            field.focus()
        self.query_one("#unlock-who", Static).update(self._who())
        note = t(DEMO_NOTE).format(passphrase=DEMO_PASSPHRASE) if status is not None and status.demo else ""
        self.query_one("#unlock-note", Static).update(Content(note))
        self._show()
        if self._first and not self._gave_way and status is not None and status.lock == "locked":
            self._gave_way = True
            self.app.push_screen(FirstRunScreen(), self._first_run_left)

    def _first_run_left(self, _: None) -> None:
        self._gave_way = False

    def _who(self) -> Content:
        status = self._status
        if status is None:
            return Content(t("Waiting for the agent service…"))
        return join(t("Locked. Profile: "), safe_text(status.name, 60))

    def _busy(self, group: str) -> bool:
        return any(worker.group == group and not worker.is_finished for worker in self.workers)

    def _tick(self) -> None:
        if self._began is not None and not self._busy("unlock") and not self._busy("poll"):
            self.ask("poll", self.cairn.wallet.status)
        if self._wait_until and monotonic() >= self._wait_until:
            self._wait_until = 0.0
            self._told = Content(t("You can try again now."))
        self._show()

    def _show(self) -> None:
        set_text(self.query_one("#unlock-says", Static), [self._says()])

    def _says(self) -> Content:
        """Named progress with its time (under 150 ms nothing, under 2 s no number), a delay, or the last word."""
        now = monotonic()
        if self._began is not None:
            passed = now - self._began
            if passed < SPINNER_AFTER:
                return Content("")
            status = self._status
            named = status is not None and status.lock == "unlocking" and bool(status.lock_detail)
            step = (
                safe_text(_translated(status.lock_detail), 80)
                if status is not None and named
                else Content(t("checking the passphrase"))
            )
            return join("… ", step, f"   {int(passed)} s" if passed >= TIME_AFTER else "")
        if self._wait_until:
            left = int(self._wait_until - now) + 1
            return Content(
                t("✗ Too soon after a wrong passphrase. Press enter again in {n} s.").format(n=left)
            )
        return self._told

    def say(self, text: Content | str) -> None:
        self._told = text if isinstance(text, Content) else Content(text)
        self._show()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        field = self.query_one("#passphrase", Passphrase)
        if self._began is not None or self._wait_until or self._status is None:
            return
        if not field.value:
            self.say(t("Type your passphrase first."))
            return
        passphrase, field.value = field.value, ""
        self._tried = passphrase
        self._began = monotonic()
        self.ask("unlock", lambda: self.cairn.wallet.unlock(passphrase))

    def on_answered(self, message: Answered[Status]) -> None:
        if message.group == "unlock":
            self._tried = ""
        self.cairn.take_status(message.value)

    def on_refused(self, message: Refused) -> None:
        if message.group == "poll":
            return  # the app's own polling says when the service is away
        self._began = None
        self._explain(message.error)
        self._tried = ""
        self._show()
        self.query_one("#passphrase", Passphrase).focus()

    def _explain(self, error: CairnError) -> None:
        wait = words.wait_seconds(error)
        if wait is not None:
            # It was not even tried: it need not be typed again.
            self._wait_until = monotonic() + wait
            self.query_one("#passphrase", Passphrase).value = self._tried
        elif error.code == "wrong_passphrase":
            self._told = join(
                (t("✗ That passphrase does not open it. "), "$text-error"), t("Nothing is lost; try again.")
            )
        else:
            told = words.explain(error)
            self._told = join(("✗ ", "$text-error"), told.happened, " ", told.do, "  (", told.code, ")")


def _translated(step: Untrusted) -> Untrusted:
    return Untrusted(t(_STEPS[step.raw])) if step.raw in _STEPS else step

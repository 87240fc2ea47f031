"""What the consent screen knows and how it learns it: reading, planning again, and what came of sending."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from time import monotonic
from typing import Any

from textual.content import Content
from textual.widgets import Static

from agent.client import Event
from agent.errors import CairnError, ConsentError, LockedError
from wallet_tui.doc import Doc
from wallet_tui.i18n import mark, t
from wallet_tui.request_model import Request, Switches
from wallet_tui.screens.base import Answered, Refused
from wallet_tui.screens.consent_changes import NONE, Changes, changes
from wallet_tui.screens.consent_gate import SendGate
from wallet_tui.screens.consent_panes import TwoPanes
from wallet_tui.screens.consent_send import Differs
from wallet_tui.screens.progress import Progress

CHANGED = mark("Nothing was sent, because something changed since it was shown. Read it again, then decide.")


class Reviewing(TwoPanes):
    """A request by its link or its id, as it is now. Shows nothing itself: see `show`."""

    def __init__(self, link: str, request_id: str) -> None:
        super().__init__()
        self._link = link
        self._request_id = request_id
        self._request: Request | None = None
        self._error: tuple[str, CairnError] | None = None
        self._progress: Progress | None = None
        self._switches: Switches | None = None  # kept over a lock; the service keeps them as well
        self._planning = False
        self._notice = ""
        self._changes = NONE
        self._compare_with: Request | None = None  # what was on the screen when sending it was refused
        self._agreed: tuple[str, ...] = ()
        self.gate = SendGate()

    def show(self) -> None:
        raise NotImplementedError

    def start(self) -> None:
        """Read it, with the switches that were set before."""
        wallet, id, link = self.cairn.wallet, self._request_id, self._link
        if link and not id:
            self.work("review", t("fetch the request"), lambda: wallet.review_request(link))
        elif self._switches is not None:
            switches = self._switches
            self.work("review", t("read the request"), lambda: wallet.plan(id, switches))
        else:
            self.work("review", t("read the request"), lambda: wallet.request(id))

    def work(self, group: str, first: str, call: Callable[[], Coroutine[Any, Any, object]]) -> None:
        self._progress, self._error, self._notice = Progress(first, monotonic()), None, ""
        self.ask(group, call)
        self.show()

    def plan_with(self, switches: Switches) -> None:
        """Plan again after a switch or a choice; what was marked as changed has been read by then."""
        wallet, id = self.cairn.wallet, self._request_id
        self._switches, self._planning, self._notice, self._changes = switches, True, "", NONE
        self._agreed = ()
        self.ask("plan", lambda: wallet.plan(id, switches))
        self.show()

    def service_said(self, event: Event) -> None:
        if event.name == "step" and self._progress is not None:
            self._progress.take(Doc(event.data))
            self.show()
        elif event.name == "request" and event.data.get("id") == self._request_id and self._progress is None:
            moved = self._request is not None and event.data.get("state") != self._request.state
            if moved and self.cairn.connection.unlocked:
                self.reload()

    def reload(self) -> None:
        wallet, id = self.cairn.wallet, self._request_id
        self.ask("reload", lambda: wallet.request(id))

    def on_answered(self, message: Answered[Request | Differs]) -> None:
        self._progress, self._planning = None, False
        if not self.cairn.connection.unlocked:
            return  # not to be shown now; asked for again when it may be, not waited for for ever
        self._error = None
        answer = message.value
        self.gate.close()
        if isinstance(answer, Differs):
            self._take(answer.request)
            self._return_to_review(answer.what)
        elif self._compare_with is not None:
            before, self._compare_with = self._compare_with, None
            self._take(answer)
            self._return_to_review(changes(before, answer))
        else:
            self._take(answer)
        self.show()

    def _take(self, request: Request) -> None:
        """Lines that differ from those on the screen count as not seen (see `Document.show`)."""
        if self._request is None:
            self.guard_again()  # what was typed while it was being read is no answer to it
        self._request, self._request_id = request, request.id
        if request.plan is not None:
            self._switches = request.plan.switches()

    def _return_to_review(self, what: Changes) -> None:
        """Back to the first line, with what changed marked; typed-ahead keys do not count for what is shown now."""
        self._notice, self._changes, self._agreed = t(CHANGED), what, ()
        self.to_the_top()
        self.guard_again()

    def to_the_top(self) -> None:
        raise NotImplementedError

    def on_refused(self, message: Refused) -> None:
        self._progress, self._planning = None, False
        shown = self._request
        if shown is not None and shown.plan is not None:
            self._switches = shown.plan.switches()
        self.gate.close()
        error = message.error
        if isinstance(error, LockedError):
            # Locked in between: nothing was sent, and nothing is shown; read again once it is unlocked.
            self._request = None
            self.cairn.read_status()
        elif isinstance(error, ConsentError) and error.code == "choice_not_possible":
            # What was chosen is gone. The service says so in the plan that it makes without it.
            self._switches, self._notice = None, t("The credential you chose does not fit any more.")
            self.reload()
        elif isinstance(error, ConsentError) and message.group == "send":
            self._compare_with = shown
            self._return_to_review(NONE)
            self.start_again()
        else:
            self._error = (message.group, error)
            if message.group == "send" and self.cairn.connection.unlocked:
                self._request = None  # never offer to send again before the service said what became of it
        self.show()

    def start_again(self) -> None:
        wallet, id, switches = self.cairn.wallet, self._request_id, self._switches or Switches()
        self.ask("reload", lambda: wallet.plan(id, switches))

    def forget(self) -> None:
        """What was switched stays in `_switches`; everything shown goes."""
        self._request, self._progress, self._planning = None, None, False
        self._compare_with, self._changes, self._notice = None, NONE, ""
        self.gate.close()
        self.document.show(lambda _: [])
        self.preview.show(lambda _: [])
        self.query_one("#head", Static).update(Content(""))

    @property
    def idle(self) -> bool:
        """Nothing is shown, and nothing is under way that would change that."""
        return self._request is None and self._progress is None and self._error is None

"""The terminal wallet: a thin client of the local agent service. It holds no keys and decides nothing.

The app keeps the connection (status, events, reconnecting), switches areas, and blanks everything when the
service locks. Screens ask the service themselves and show what comes back.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any, ClassVar

from textual import events
from textual.app import App
from textual.binding import BindingType
from textual.filter import LineFilter
from textual.message import Message
from textual.notifications import SeverityLevel
from textual.signal import Signal
from textual.worker import Worker, WorkerState

from agent.client import AgentClient, Event
from agent.errors import CairnError
from wallet_tui.actions import bindings
from wallet_tui.connection import Connection
from wallet_tui.links import Link, read_link
from wallet_tui.model import Status
from wallet_tui.safe_text import PrintableFilter, clean
from wallet_tui.screens.backup import BackupScreen
from wallet_tui.screens.base import Area, Guarded
from wallet_tui.screens.consent import ConsentScreen
from wallet_tui.screens.credentials import CredentialsScreen
from wallet_tui.screens.help import HelpScreen
from wallet_tui.screens.history import HistoryScreen
from wallet_tui.screens.inbox import InboxScreen
from wallet_tui.screens.offer import OfferScreen
from wallet_tui.screens.paste import PasteScreen
from wallet_tui.screens.stack import StackScreen
from wallet_tui.screens.unlock import UnlockScreen
from wallet_tui.service import Wallet
from wallet_tui.theme import CAIRN

POLL_SECONDS = 5.0
RETRY_SECONDS = 1.0
FIRST_AREA = "credentials"


class CairnApp(App[None]):
    """``connect`` makes a client for the service as it runs now: called again after the service went away."""

    TITLE = "Cairn"
    # Absolute: a relative one would be looked for beside the file of a subclass.
    CSS_PATH = Path(__file__).with_name("cairn.tcss")
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        "area.credentials",
        "area.inbox",
        "area.stack",
        "area.history",
        "paste",
        "backup",
        "lock",
        "help",
        "quit",
    )
    MODES = {  # noqa: RUF012 - as Textual declares it
        "unlock": UnlockScreen,
        "credentials": CredentialsScreen,
        "inbox": InboxScreen,
        "stack": StackScreen,
        "history": HistoryScreen,
    }

    class StatusRead(Message):
        def __init__(self, status: Status) -> None:
            super().__init__()
            self.status = status

    class ServiceAway(Message):
        def __init__(self, error: CairnError) -> None:
            super().__init__()
            self.error = error

    class ServiceSaid(Message):
        def __init__(self, event: Event) -> None:
            super().__init__()
            self.event = event

    def __init__(
        self,
        connect: Callable[[], AgentClient],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        # Native colours make Textual use its NoColor filter: attributes only, no greys of its own.
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self.register_theme(CAIRN)
        self.theme = CAIRN.name
        self.now = now
        self.connection = Connection()
        self.connection_signal: Signal[Connection] = Signal(self, "connection")
        self.event_signal: Signal[Event] = Signal(self, "event")
        self.locked_signal: Signal[None] = Signal(self, "locked")
        self._connect = connect
        self._poll_seconds = poll_seconds
        self._last_area = FIRST_AREA
        self.after_unlock: BackupScreen | None = None  # what a first run goes on with
        self._wall = PrintableFilter()
        self.wallet = Wallet(connect())

    # Walls.

    def get_line_filters(self) -> list[LineFilter]:
        """The wall stands last: whatever the other filters made must pass it too."""
        return [*super().get_line_filters(), self._wall]

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,  # noqa: ARG002 - never honoured
    ) -> None:
        """A toast of plain text. No caller can switch markup on."""
        super().notify(
            clean(message, 300), title=clean(title, 60), severity=severity, timeout=timeout, markup=False
        )

    def _fatal_error(self) -> None:
        """Textual would print every local variable, claim values among them: name the place only."""
        error = self._exception
        frames = traceback.extract_tb(error.__traceback__) if error is not None else []
        place = f"{frames[-1].name}, line {frames[-1].lineno}" if frames else "an unknown place"
        self.panic(
            f"The wallet stopped because of a fault of its own ({type(error).__name__} in {place}). "
            "Nothing was sent by this."
        )

    async def on_event(self, event: events.Event) -> None:
        """Drop what was typed or clicked before a guarded screen could be read."""
        # Bubbled events too: a key forwarded to the old screen would find the bindings of the new one.
        if isinstance(event, events.InputEvent | events.Paste) and self.screen_stack:
            screen = self.screen
            if isinstance(screen, Guarded) and event.time < screen.listens_from:
                return
        await super().on_event(event)

    # The connection.

    def on_mount(self) -> None:
        # Not as Textual's DEFAULT_MODE: `run` makes tasks eager, so an Input of the first mode's screen would be
        # initialised before that mode has a screen, and fail.
        self.switch_mode("unlock")
        self._start(self._watch, "watch")
        self.set_interval(self._poll_seconds, self.read_status)

    async def on_unmount(self) -> None:
        await self.wallet.aclose()

    def _start(self, work: Any, group: str, *, exclusive: bool = False) -> None:
        """``work`` is a callable, not a coroutine: one that ends before it began must leave nothing unawaited.

        (mypy cannot choose between Textual's types of callables.)
        """
        self.run_worker(work, group=group, exclusive=exclusive, exit_on_error=False)

    def read_status(self) -> None:
        """Ask once, in a worker."""
        self._start(self._read_status, "status", exclusive=True)

    async def _read_status(self) -> None:
        try:
            status = await self.wallet.status()
        except CairnError as error:
            self.post_message(self.ServiceAway(error))
        else:
            self.post_message(self.StatusRead(status))

    async def _watch(self) -> None:
        """Follow the events for ever; after a break make a new client, as port and token may have changed."""
        while True:
            try:
                self.post_message(self.StatusRead(await self.wallet.status()))
            except CairnError as error:
                self.post_message(self.ServiceAway(error))
                await self._reconnect()
            else:
                # A break of the events alone is no fault: the status, asked for next, says how things are.
                with contextlib.suppress(CairnError):
                    async for event in self.wallet.events():
                        self.post_message(self.ServiceSaid(event))
            await asyncio.sleep(RETRY_SECONDS)

    async def _reconnect(self) -> None:
        """Only a service that was started again needs a new client: closing the old one ends what it is doing."""
        try:
            fresh = Wallet(self._connect())
        except CairnError:
            return
        old = fresh if fresh.same_service(self.wallet) else self.wallet
        self.wallet = self.wallet if old is fresh else fresh
        await old.aclose()

    def seconds_since_status(self) -> float:
        return monotonic() - self.connection.read_at

    def on_cairn_app_status_read(self, message: StatusRead) -> None:
        self.take_status(message.status)

    def take_status(self, status: Status) -> None:
        """Show ``status``, and follow the lock."""
        was_away = self.connection.error is not None
        self.connection = Connection(status, None, monotonic())
        if status.lock == "unlocked":
            if self.current_mode == "unlock":
                self.switch_mode(self._last_area)
                if self.after_unlock is not None:
                    self.call_later(self.push_screen, self.after_unlock)
                    self.after_unlock = None
            elif was_away and isinstance(self.screen, Area):
                self.screen.load()
        else:
            self.blank()
        self.connection_signal.publish(self.connection)

    def on_cairn_app_service_away(self, message: ServiceAway) -> None:
        self.connection = Connection(self.connection.status, message.error, self.connection.read_at)
        self.connection_signal.publish(self.connection)

    def on_cairn_app_service_said(self, message: ServiceSaid) -> None:
        event = message.event
        if event.name in {"status", "offer", "request"}:
            self.read_status()
        waiting = event.data.get("state") == "open" and isinstance(self.screen, Area)
        if waiting and event.name == "request":
            self.notify("A request for some of your data is waiting. Press 2 to look at it.")
        elif waiting and event.name == "offer":
            self.notify("An offer is waiting. Press 2 to look at it.")
        self.event_signal.publish(event)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        self.report_fault(event)

    def report_fault(self, event: Worker.StateChanged) -> None:
        """Workers never end the app, and never fail silently. The error's text may hold values: its kind only."""
        if event.state is WorkerState.ERROR:
            kind = type(event.worker.error).__name__
            self.notify(
                f"A fault in the wallet itself ({kind}): what was asked did not finish.", severity="error"
            )

    # Locking.

    def blank(self) -> None:
        """Take everything off the screen and out of the screens. Drafts (what was switched) stay."""
        if self.current_mode != "unlock":
            self._last_area = self.current_mode
            self.switch_mode("unlock")
            self.locked_signal.publish(None)

    def action_lock(self) -> None:
        if self.connection.unlocked:
            self.blank()
            self._start(self._lock, "lock")

    async def _lock(self) -> None:
        try:
            status = await self.wallet.lock()
        except CairnError as error:
            self.post_message(self.ServiceAway(error))
        else:
            self.post_message(self.StatusRead(status))

    # Actions.

    def action_area(self, name: str) -> None:
        if self.current_mode != "unlock":
            self.switch_mode(name)

    def action_help_quit(self) -> None:
        """Textual's advice on ctrl+c is written in markup, which no toast here honours."""
        self.notify("Press q to leave (ctrl+q where you are typing).")

    def action_help(self) -> None:
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen))

    def action_paste_link(self) -> None:
        if not isinstance(self.screen, Area):
            return
        why = self.connection.why_read_only()
        if why:
            self.notify(why, severity="warning")
            return
        self.push_screen(PasteScreen(), self.open_link)

    def action_backup(self) -> None:
        if isinstance(self.screen, Area):
            self.push_screen(BackupScreen())

    def on_paste(self, event: events.Paste) -> None:
        """Text pasted anywhere in an area: a link opens its review, which decides nothing."""
        if not isinstance(self.screen, Area):
            return
        found = read_link(event.text)
        why = found if isinstance(found, str) else self.connection.why_read_only()
        if why or isinstance(found, str):
            self.notify(why, severity="warning")
            return
        self.open_link(found)

    def open_link(self, link: Link | None) -> None:
        if link is None:
            return
        screen = OfferScreen(link=link.url) if link.kind == "offer" else ConsentScreen(link=link.url)
        self.push_screen(screen)

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
from functools import partial
from math import inf
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.app import App
from textual.binding import BindingType
from textual.filter import LineFilter
from textual.message import Message
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.signal import Signal
from textual.worker import Worker, WorkerState

from agent.client import AgentClient, Event
from agent.errors import CairnError
from wallet_tui import areas, happenings
from wallet_tui.actions import bindings, keymap, shown, use_keys
from wallet_tui.config import Config
from wallet_tui.connection import Connection
from wallet_tui.i18n import t, use_language
from wallet_tui.links import Link, read_link
from wallet_tui.safe_text import PrintableFilter, clean
from wallet_tui.screens.base import Area, Guarded, Passing
from wallet_tui.status import Status
from wallet_tui.theme import THEMES

if TYPE_CHECKING:
    from wallet_tui.screens.backup import BackupScreen
    from wallet_tui.service import Wallet

POLL_SECONDS = 5.0
RETRY_SECONDS = 1.0
ACTIVE_SECONDS = 10.0
FIRST_AREA = "credentials"


class CairnApp(App[None]):
    """``connect`` makes a client for the service as it runs now: called again after the service went away."""

    TITLE = "Cairn"
    # Absolute: a relative one would be looked for beside the file of a subclass.
    CSS_PATH = Path(__file__).with_name("cairn.tcss")
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        *(f"area.{name}" for name in areas.NAMES),
        *("notices", "paste", "backup", "lock", "palette", "jump", "help", "quit"),
    )
    MODES = areas.MODES

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
        demo_root: Path | None = None,
        config: Config | None = None,
        first_status: bytes = b"",
    ) -> None:
        """``first_status`` is what the service answered a moment ago, so that the first frame is not an empty one."""
        # Native colours make Textual use its NoColor filter: attributes only, no greys of its own.
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self.config = config or Config()
        use_keys(self.config.keys)
        self.set_keymap(keymap())
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = self.config.theme
        self.set_class(self.config.plain, "-plain")
        self.now = now
        self.demo_root = demo_root  # where the agents of a demo universe are, if this wallet lies in one
        self.connection = Connection()
        self.connection_signal: Signal[Connection] = Signal(self, "connection")
        self.event_signal: Signal[Event] = Signal(self, "event")
        self.locked_signal: Signal[None] = Signal(self, "locked")
        self._connect = connect
        self._poll_seconds = poll_seconds
        self._last_area = FIRST_AREA
        self.after_unlock: BackupScreen | None = None  # what a first run goes on with
        self._wall = PrintableFilter()
        self._first_status = first_status
        self._said_active = -inf
        self._wallet: Wallet | None = None

    @property
    def wallet(self) -> Wallet:
        """The service's calls and all that they return: loaded with the first of them, after the first frame."""
        if self._wallet is None:
            from wallet_tui.service import Wallet

            self._wallet = Wallet(self._connect())
        return self._wallet

    @property
    def plain(self) -> bool:
        """No box drawing, lists instead of drawings (the setting of that name)."""
        return self.config.plain

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
        place = f"{frames[-1].name}:{frames[-1].lineno}" if frames else "?"
        self.panic(
            t(
                "The wallet stopped because of a fault of its own ({kind} in {place}). Nothing was sent by this."
            ).format(kind=type(error).__name__, place=place)
        )

    async def on_event(self, event: events.Event) -> None:
        """Drop what was typed or clicked before a guarded screen could be read."""
        # Bubbled events too: a key forwarded to the old screen would find the bindings of the new one.
        if isinstance(event, events.InputEvent | events.Paste) and self.screen_stack:
            screen = self.screen
            if isinstance(screen, Guarded) and event.time < screen.listens_from:
                return
        if isinstance(event, events.Key | events.MouseDown | events.Paste):
            self._somebody_is_here()
        await super().on_event(event)

    # The connection.

    def on_mount(self) -> None:
        # Not as Textual's DEFAULT_MODE: `run` makes tasks eager, so an Input of the first mode's screen would be
        # initialised before that mode has a screen, and fail.
        self.switch_mode("unlock")
        if self._first_status:
            with contextlib.suppress(CairnError):
                self.take_status(Status.of_bytes(self._first_status))
        self.call_after_refresh(self._begin_watching)
        self.set_interval(self._poll_seconds, self.read_status)

    def _begin_watching(self) -> None:
        """After the first frame: what comes next is loaded while that is looked at."""
        if not self._exit:  # it may have ended before
            self._start(self._watch, "watch")
            self._start(partial(asyncio.to_thread, areas.load, self._last_area), "load")

    def _somebody_is_here(self) -> None:
        """A key, a click or a paste: the only things that keep the wallet unlocked. Told at most once in a while."""
        if self.connection.unlocked and monotonic() - self._said_active >= ACTIVE_SECONDS:
            self._said_active = monotonic()
            self._start(self._say_active, "active")

    async def _say_active(self) -> None:
        # If the service is away the status says so; that this did not arrive only means an earlier lock.
        with contextlib.suppress(CairnError):
            await self.wallet.active()

    async def on_unmount(self) -> None:
        if self._wallet is not None:
            await self._wallet.aclose()

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
        from wallet_tui.service import Wallet

        try:
            fresh = Wallet(self._connect())
        except CairnError:
            return
        old = fresh if fresh.same_service(self.wallet) else self.wallet
        self._wallet = self.wallet if old is fresh else fresh
        await old.aclose()

    def seconds_since_status(self) -> float:
        return monotonic() - self.connection.read_at

    def on_cairn_app_status_read(self, message: StatusRead) -> None:
        self.take_status(message.status)

    def take_status(self, status: Status) -> None:
        """Show ``status``, and follow the lock."""
        was_away = self.connection.error is not None
        told = happenings.of_status(self.connection.status, status)
        self.connection = Connection(status, None, monotonic())
        if status.lock == "unlocked":
            if self.current_mode == "unlock":
                self.switch_mode(self._last_area)
                if self.after_unlock is not None:
                    self.call_later(self.push_screen, self.after_unlock)
                    self.after_unlock = None
            elif was_away and isinstance(self.screen, Area):
                self.screen.load()
            if told:
                self.notify(told)
        else:
            self.blank()
        self.connection_signal.publish(self.connection)

    def on_cairn_app_service_away(self, message: ServiceAway) -> None:
        self.connection = Connection(self.connection.status, message.error, self.connection.read_at)
        self.connection_signal.publish(self.connection)

    def on_cairn_app_service_said(self, message: ServiceSaid) -> None:
        event = message.event
        if event.name in {"status", "offer", "request", "notice"}:
            self.read_status()
        told = happenings.of_event(event)
        if told and isinstance(self.screen, Area):
            self.notify(told)
        self.event_signal.publish(event)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        self.report_fault(event)

    def report_fault(self, event: Worker.StateChanged) -> None:
        """Workers never end the app, and never fail silently. The error's text may hold values: its kind only."""
        if event.state is WorkerState.ERROR:
            kind = type(event.worker.error).__name__
            self.notify(
                t("A fault in the wallet itself ({kind}): what was asked did not finish.").format(kind=kind),
                severity="error",
            )

    # Locking.

    def blank(self) -> None:
        """Take everything off the screen and out of the screens. Drafts (what was switched) stay."""
        if self.current_mode != "unlock":
            self._last_area = self.current_mode
            # What only passes by (help, commands, letters) does not wait behind the lock.
            while isinstance(self.screen, Passing):
                self.pop_screen()
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

    def action_notices(self) -> None:
        from wallet_tui.screens.notices import NoticesScreen

        if isinstance(self.screen, Area) and not isinstance(self.screen, NoticesScreen):
            self.push_screen(NoticesScreen())

    def action_help_quit(self) -> None:
        """Textual's advice on ctrl+c is written in markup, which no toast here honours."""
        self.notify(
            t("Press {key} to leave ({typing} where you are typing).").format(
                key=shown("quit"), typing=shown("quit.typing")
            )
        )

    def action_help(self) -> None:
        from wallet_tui.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen))

    def action_palette(self) -> None:
        from wallet_tui.screens.palette import PaletteScreen, run_command

        if not self.screen.is_modal:
            self.push_screen(PaletteScreen(self.screen), lambda chosen: run_command(self, chosen))

    def action_jump(self) -> None:
        from wallet_tui.screens.jump import JumpScreen, go, targets

        if self.screen.is_modal:
            return
        found = targets(self.screen)
        if found:
            self.push_screen(JumpScreen(found), go)
        else:
            self.notify(t("There is nowhere to jump to here."))

    def action_paste_link(self) -> None:
        from wallet_tui.screens.paste import PasteScreen

        if not isinstance(self.screen, Area):
            return
        why = self.connection.why_read_only()
        if why:
            self.notify(why, severity="warning")
            return
        self.push_screen(PasteScreen(), self.open_link)

    def action_backup(self) -> None:
        if isinstance(self.screen, Area):
            from wallet_tui.screens.backup import BackupScreen

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
        from wallet_tui.screens.consent import ConsentScreen
        from wallet_tui.screens.offer import OfferScreen

        if link is None:
            return
        screen = OfferScreen(link=link.url) if link.kind == "offer" else ConsentScreen(link=link.url)
        self.push_screen(screen)

    # How it looks and speaks: for this session. The configuration file is the person's own, and only read.

    def use_theme(self, name: str) -> None:
        self.theme = name
        self.notify(self._to_keep(f'theme = "{name}"'))

    def use_language(self, code: str) -> None:
        use_language(code)
        self._start(self._say_again, "language", exclusive=True)
        self.notify(self._to_keep(f'language = "{code}"'))

    def _to_keep(self, line: str) -> str:
        return t("For this session. To keep it, write {line} in {path}.").format(
            line=line, path=self.config.path
        )

    async def _say_again(self) -> None:
        """Make the areas anew, in the language there is now; one with a screen open above it stays as it is."""
        now = self.current_mode
        alone = [
            mode for mode, stack in self._screen_stacks.items() if len(stack) == 1 and mode in areas.MODES
        ]
        if now in alone:
            self.add_mode("changing", Screen)
            await self.switch_mode("changing")
        for mode in alone:
            await self.remove_mode(mode)
            self.add_mode(mode, areas.MODES[mode])
        if now in alone:
            await self.switch_mode(now)
            await self.remove_mode("changing")
        self.screen.refresh(layout=True)

"""What screens share: asking in workers, the frame, and the guard against keys typed too early."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static
from textual.worker import Worker

from agent.client import Event
from agent.errors import CairnError
from wallet_tui import words
from wallet_tui.actions import bindings
from wallet_tui.layout import fold, labelled
from wallet_tui.widgets.document import Block
from wallet_tui.widgets.frame import AreaTabs, Banner, Hint, KeyBar, StatusLine
from wallet_tui.widgets.lines import Lines

if TYPE_CHECKING:
    from wallet_tui.app import CairnApp


class Answered[T](Message):
    """What the service answered to `Asking.ask`; ``group`` names the question."""

    def __init__(self, group: str, value: T) -> None:
        super().__init__()
        self.group = group
        self.value = value


class Refused(Message):
    def __init__(self, group: str, error: CairnError) -> None:
        super().__init__()
        self.group = group
        self.error = error


class Asking(Screen[Any]):
    """A screen that asks in workers: they post messages and never touch a widget."""

    @property
    def cairn(self) -> CairnApp:
        return cast("CairnApp", self.app)

    def ask(self, group: str, call: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Run ``call``; a newer question of the same group takes the place of an older one."""
        # A callable, not a coroutine: one that is replaced before it starts must leave nothing unawaited.
        work: Any = partial(self._ask, group, call)  # mypy cannot choose between Textual's callable types
        self.run_worker(work, group=group, exclusive=True, exit_on_error=False)

    async def _ask(self, group: str, call: Callable[[], Coroutine[Any, Any, object]]) -> None:
        try:
            value = await call()
        except CairnError as error:
            self.post_message(Refused(group, error))
        else:
            self.post_message(Answered(group, value))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        self.cairn.report_fault(event)

    def refuse(self, why: str) -> bool:
        """Say why a key does nothing now. True if there is a reason."""
        if why:
            self.notify(why, severity="warning")
        return bool(why)

    # Keys.

    def hints(self) -> list[Hint]:
        """The footer of this screen."""
        return []

    def update_keys(self) -> None:
        for bar in self.query(KeyBar):
            bar.refresh()

    # The service.

    def on_mount(self) -> None:
        self.cairn.connection_signal.subscribe(self, lambda _: self.connection_changed())
        self.cairn.event_signal.subscribe(self, self.service_said)
        self.cairn.locked_signal.subscribe(self, lambda _: self.forget(), immediate=True)

    def connection_changed(self) -> None:
        self.update_keys()

    def service_said(self, event: Event) -> None:
        """An event of the service arrived."""

    def forget(self) -> None:
        """The wallet was locked: drop whatever it holds."""


class Area(Asking):
    """One of the areas on the number keys."""

    AUTO_FOCUS = "Lines"
    BINDINGS: ClassVar[list[BindingType]] = bindings("back")
    RELOAD_ON: ClassVar[frozenset[str]] = frozenset()

    def compose(self) -> ComposeResult:
        yield StatusLine()
        yield AreaTabs()
        yield Banner()
        yield from self.body()
        yield KeyBar(self.hints)

    def body(self) -> Iterable[Widget]:
        return ()

    def load(self) -> None:
        """Read the data of this area again."""

    def on_screen_resume(self) -> None:
        self.load()

    def service_said(self, event: Event) -> None:
        if event.name in self.RELOAD_ON and self.is_current:
            self.load()

    def action_back(self) -> None:
        """Nothing above an area."""

    def reveal(self, identifier: str) -> None:
        """Bring one entry of this area into view and open it, as soon as it is there. Opening decides nothing."""


class Guarded(Asking):
    """A screen on which something can be decided: keys typed before it could be read do not count."""

    def __init__(self) -> None:
        super().__init__()
        self.listens_from = inf

    def on_screen_resume(self) -> None:
        self.guard_again()

    def guard_again(self) -> None:
        """The screen appears, or what is on it changed its meaning: ignore what was typed before."""
        self.listens_from = inf
        self.call_after_refresh(self._listen)

    def _listen(self) -> None:
        self.listens_from = monotonic()

    @property
    def document(self) -> Lines:
        """What the movement keys act on: it has no focus of its own, so they work from anywhere."""
        raise NotImplementedError

    def action_cursor_down(self) -> None:
        self.document.action_cursor_down()

    def action_cursor_up(self) -> None:
        self.document.action_cursor_up()

    def action_cursor_first(self) -> None:
        self.document.action_cursor_first()

    def action_cursor_last(self) -> None:
        self.document.action_cursor_last()

    def action_page_down(self) -> None:
        self.document.action_page_down()

    def action_page_up(self) -> None:
        self.document.action_page_up()


def error_blocks(error: CairnError, width: int, unharmed: str = "") -> list[Block]:
    """The one error template: what happened, what it means for you, what to do, code."""
    told = words.explain(error, unharmed)
    lines = [Content.styled("✗ It did not work", "$text-error bold"), Content("")]
    for label, text in (
        ("What happened", told.happened),
        ("What it means", told.means),
        ("What to do", told.do),
        ("Code", told.code),
    ):
        lines += labelled(label, text, width, label_width=14, indent=0)
    return [Block(lines)]


def paragraph(text: Content | str, width: int, style: str = "") -> Block:
    return Block([line.stylize_before(style) if style else line for line in fold(text, width)])


def set_text(static: Static, lines: list[Content]) -> None:
    """Update only what changed: every update of a `Static` lays out the whole screen again."""
    made = Content("\n").join(lines)
    shown = static.content
    if not (isinstance(shown, Content) and shown.plain == made.plain and shown.spans == made.spans):
        static.update(made)


BLANK = Block([Content("")])

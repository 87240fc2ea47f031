"""The frame around every screen: status line, areas, banner, key bar. One row each, never wrapped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import events
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from wallet_tui import words
from wallet_tui.actions import KEYS
from wallet_tui.layout import fit, join
from wallet_tui.safe_text import safe_text

if TYPE_CHECKING:
    from wallet_tui.app import CairnApp
    from wallet_tui.connection import Connection

WORDIEST = 3
MAX_HINTS = 7
AREAS = (
    ("credentials", "1", "Credentials"),
    ("inbox", "2", "Inbox"),
    ("stack", "3", "Stack"),
    ("history", "4", "History"),
    ("trust", "5", "Trust"),
)
DIVIDER = "  │  "


@dataclass(frozen=True, slots=True)
class Hint:
    """A key in the footer. ``why_not`` is empty when it works here and now."""

    id: str
    why_not: str = ""
    label: str = ""


class Clickable(Widget):
    """One line of pieces; a click on a piece calls `clicked` with its name."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._pieces: list[tuple[int, int, str]] = []

    def assemble(self, pieces: list[tuple[Content, str]], width: int) -> Content:
        """Pieces side by side, as many as fit."""
        out: list[Content] = []
        at = 0
        self._pieces = []
        for piece, name in pieces:
            if at + piece.cell_length > width:
                break
            self._pieces.append((at, at + piece.cell_length, name))
            out.append(piece)
            at += piece.cell_length
        return fit(Content.assemble(*out), width)

    def on_click(self, event: events.Click) -> None:
        for start, end, name in self._pieces:
            if start <= event.x < end and name:
                self.clicked(name)

    def clicked(self, name: str) -> None:
        raise NotImplementedError


class StatusLine(Widget):
    """Profile, lock state with countdown, agent, registry with the age of its list, inbox count."""

    app: CairnApp

    def on_mount(self) -> None:
        self.app.connection_signal.subscribe(self, lambda _: self.refresh())
        self.set_interval(1.0, self.refresh)

    def render(self) -> Content:
        width = self.size.width
        connection, passed = self.app.connection, self.app.seconds_since_status()
        line = Content("")
        # The fullest wording that fits; the shortest is cut rather than wrapped.
        for detail in range(WORDIEST, -1, -1):
            line = _status_line(connection, passed, detail)
            if line.cell_length <= width:
                break
        return fit(line, width)


def _status_line(connection: Connection, passed: float, detail: int) -> Content:
    """``detail`` from `WORDIEST` (whole sentences) down to 0 (bare facts)."""
    status = connection.status
    divider = DIVIDER if detail == WORDIEST else " │ "
    pieces: list[Content] = [Content.styled("Cairn", "bold")] if detail >= 2 or status is None else []
    if status is None:
        pieces.append(Content("connecting…") if connection.error is None else _bad("✗ no agent service"))
        return join(" ", Content(divider).join(pieces))
    pieces.append(safe_text(status.name, 24 if detail == WORDIEST else 14 if detail else 8))
    pieces.append(_lock(connection, detail == WORDIEST, passed))
    if status.lock != "unlocked":
        if connection.error is not None:
            pieces.append(_bad("✗ agent away"))
        return join(" ", Content(divider).join(pieces))
    waiting = status.offers + status.requests
    inbox = (f"● {waiting} waiting", "$text-accent bold") if waiting else ("inbox empty", "$muted")
    pieces += [_agent(connection), _registry(connection, detail, passed), Content.styled(*inbox)]
    return join(" ", Content(divider).join(pieces))


def _bad(text: str) -> Content:
    return Content.styled(text, "$text-error bold")


def _lock(connection: Connection, wide: bool, passed: float) -> Content:
    status = connection.status
    if status is None or status.lock == "locked":
        return Content("locked")
    if status.lock == "unlocking":
        return Content("unlocking…")
    if status.locks_in is None:
        return Content("unlocked")
    left = words.clock(int(status.locks_in - passed))
    return Content(f"unlocked, locks in {left}" if wide else f"unlocked {left}")


def _agent(connection: Connection) -> Content:
    if connection.error is not None:
        return _bad("✗ agent away")
    state = connection.status.agent_state if connection.status else "stopped"
    if state == "ready":
        return Content.styled("✓ agent", "$text-success")
    if state == "failed":
        return _bad("✗ agent failed")
    return Content.styled(f"… agent {state}", "$text-warning")


def _registry(connection: Connection, detail: int, passed: float) -> Content:
    status = connection.status
    if status is None or not (status.registry_ok or status.registry_copy):
        return Content.styled("? registry away", "$text-warning")
    name = "demo list" if status.registry_demo else "list"
    age = "age unknown" if status.registry_age is None else f"{words.span(status.registry_age + passed)} old"
    late = "" if status.registry_freshness in {"fresh", ""} else f", {status.registry_freshness}"
    if status.registry_copy:  # not the registry's word of this moment, however fresh
        text = f"registry away, {name} {age}" if detail == WORDIEST else f"copy {age}"
        return Content.styled(f"? {text}{late}", "$text-warning")
    text = f"registry: {name}, {age}" if detail == WORDIEST else f"{name} {age}" if detail else age
    if not late:
        return Content.styled(f"✓ {text}", "$text-success")
    return Content.styled(f"? {text}{late}", "$text-warning")


class AreaTabs(Clickable):
    """The areas with their numbers; the present one in brackets, so that it shows without colour."""

    app: CairnApp

    def on_mount(self) -> None:
        self.app.connection_signal.subscribe(self, lambda _: self.refresh())

    def render(self) -> Content:
        status = self.app.connection.status
        waiting = status.offers + status.requests if status else 0
        pieces: list[tuple[Content, str]] = []
        for name, key, label in AREAS:
            text = f"{label} ({waiting})" if name == "inbox" and waiting else label
            active = self.app.current_mode == name
            piece = f" [{key} {text}] " if active else f"  {key} {text}  "
            pieces.append((Content.styled(piece, "bold" if active else "$muted"), name))
        return self.assemble(pieces, self.size.width)

    def clicked(self, name: str) -> None:
        self.app.action_area(name)


class Banner(Static):
    """What is wrong with the agent or the registry, and what that means; hidden when all is well."""

    app: CairnApp

    def __init__(self) -> None:
        super().__init__(markup=False)

    def on_mount(self) -> None:
        self.app.connection_signal.subscribe(self, lambda _: self._update())
        self._update()

    def _update(self) -> None:
        text = banner_text(self.app.connection)
        self.display = bool(text)
        self.update(Content(text))


def banner_text(connection: Connection) -> str:
    status = connection.status
    if connection.error is not None:
        return (
            "! The agent service does not answer. Read-only: nothing can be changed. "
            "Start it with `cairn up` or `cairn agent run`."
        )
    if status is None or status.lock != "unlocked":
        return ""
    if status.agent_state in {"failed", "stopped"}:
        return (
            "! The agent is not running. Read-only: offers and requests cannot be answered. "
            "Lock (L) and unlock to start it."
        )
    if status.registry_copy and status.registry_freshness in {"fresh", "stale"}:
        return (
            "! The trust registry does not answer. Issuer checks made now come from this machine's copy of its "
            "list, with its age."
        )
    if status.registry_copy:
        return (
            "! The trust registry does not answer, and this machine's copy of its list is too old for most answers. "
            "Issuer checks made now may say `? unknown`."
        )
    if not status.registry_ok:
        return (
            "! The trust registry does not answer. Issuer checks made now will say `? unknown`; "
            "nothing else is affected."
        )
    return ""


class KeyBar(Clickable):
    """At most seven keys of the present screen. One that does not work now is dim and says why when pressed."""

    def __init__(self, hints: Callable[[], list[Hint]]) -> None:
        super().__init__()
        self._hints = hints

    def render(self) -> Content:
        width = self.size.width
        pieces: list[tuple[Content, str]] = []
        for hint in self._hints()[:MAX_HINTS]:
            key = KEYS[hint.id]
            label = hint.label or key.label
            if hint.why_not:
                piece = Content.styled(f" {key.shown} ({label}) ", "$muted")
            else:
                piece = join((f" {key.shown} ", "bold $text-accent"), f"{label} ")
            pieces.append((piece, hint.id))
        return self.assemble(pieces, width)

    def clicked(self, name: str) -> None:
        self.app.simulate_key(KEYS[name].keys.split(",")[0])

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
from wallet_tui.actions import KEYS, shown
from wallet_tui.areas import AREAS
from wallet_tui.i18n import mark, t, tn
from wallet_tui.layout import fit, join
from wallet_tui.safe_text import safe_text

if TYPE_CHECKING:
    from wallet_tui.app import CairnApp
    from wallet_tui.connection import Connection

WORDIEST = 3
MAX_HINTS = 7
DIVIDER = "  │  "
NARROW_DIVIDER = " │ "


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
    """Profile, lock state with countdown, agent, registry with the age of its list, inbox and notices."""

    app: CairnApp

    def on_mount(self) -> None:
        self.app.connection_signal.subscribe(self, lambda _: self.refresh())
        self.set_interval(1.0, self.refresh)

    def render(self) -> Content:
        width = self.size.width
        connection, passed, plain = self.app.connection, self.app.seconds_since_status(), self.app.plain
        line = Content("")
        # The fullest wording that fits; the shortest is cut rather than wrapped.
        for detail in range(WORDIEST, -1, -1):
            line = _status_line(connection, passed, detail, plain)
            if line.cell_length <= width:
                break
        return fit(line, width)


def _status_line(connection: Connection, passed: float, detail: int, plain: bool) -> Content:
    """``detail`` from `WORDIEST` (whole sentences) down to 0 (bare facts)."""
    status = connection.status
    divider = (DIVIDER if detail == WORDIEST else NARROW_DIVIDER).replace("│", "|" if plain else "│")
    pieces: list[Content] = [Content.styled("Cairn", "bold")] if detail >= 3 or status is None else []
    if status is None:
        pieces.append(
            Content(t("connecting…")) if connection.error is None else _bad(t("✗ no agent service"))
        )
        return join(" ", Content(divider).join(pieces))
    pieces.append(safe_text(status.name, (8, 10, 14, 24)[detail]))
    pieces.append(_lock(connection, detail == WORDIEST, passed))
    if status.lock != "unlocked":
        if connection.error is not None:
            pieces.append(_bad(t("✗ agent away")))
        return join(" ", Content(divider).join(pieces))
    waiting = status.offers + status.requests
    says = t("● {n} waiting").format(n=waiting) if waiting else t("inbox empty")
    pieces += [_agent(connection), _registry(connection, detail, passed)]
    pieces.append(Content.styled(says, "$text-accent bold" if waiting else "$muted"))
    if status.notices:
        says = tn("! {n} notice", "! {n} notices", status.notices) if detail >= 2 else t("! {n} new")
        pieces.append(Content.styled(says.format(n=status.notices), "$text-warning bold"))
    return join(" ", Content(divider).join(pieces))


def _bad(text: str) -> Content:
    return Content.styled(text, "$text-error bold")


def _lock(connection: Connection, wide: bool, passed: float) -> Content:
    status = connection.status
    if status is None or status.lock == "locked":
        return Content(t("locked"))
    if status.lock == "unlocking":
        return Content(t("unlocking…"))
    if status.locks_in is None:
        return Content(t("unlocked"))
    left = words.clock(int(status.locks_in - passed))
    return Content((t("unlocked, locks in {time}") if wide else t("unlocked {time}")).format(time=left))


_AGENT_STATES = {
    "starting": mark("… agent starting"),
    "stopped": mark("… agent stopped"),
}


def _agent(connection: Connection) -> Content:
    if connection.error is not None:
        return _bad(t("✗ agent away"))
    state = connection.status.agent_state if connection.status else "stopped"
    if state == "ready":
        return Content.styled(t("✓ agent"), "$text-success")
    if state == "failed":
        return _bad(t("✗ agent failed"))
    return Content.styled(t(_AGENT_STATES[state]), "$text-warning")


_LATE = {"stale": mark(", stale"), "expired": mark(", expired"), "dead": mark(", dead")}


def _registry(connection: Connection, detail: int, passed: float) -> Content:
    """Whose word on the list it is, and always how old the list is."""
    status = connection.status
    if status is None or not (status.registry_ok or status.registry_copy):
        return Content.styled(t("? registry away"), "$text-warning")
    name = t("demo list") if status.registry_demo else t("list")
    old = status.registry_age
    age = t("age unknown") if old is None else t("{span} old").format(span=words.span(old + passed))
    late = t(_LATE.get(status.registry_freshness, ""))
    if status.registry_copy:  # not the registry's word of this moment, however fresh
        says = t("? registry away, {list} {age}") if detail == WORDIEST else t("? copy {age}")
        return Content.styled(says.format(list=name, age=age) + late, "$text-warning")
    says = t("registry: {list}, {age}") if detail == WORDIEST else "{list} {age}" if detail > 1 else "{age}"
    text = says.format(list=name, age=age) + late
    return Content.styled(f"? {text}" if late else f"✓ {text}", "$text-warning" if late else "$text-success")


class AreaTabs(Clickable):
    """The areas with their numbers; the present one in brackets, so that it shows without colour."""

    app: CairnApp

    def __init__(self) -> None:
        super().__init__()
        self.letters: dict[str, str] = {}

    def on_mount(self) -> None:
        self.app.connection_signal.subscribe(self, lambda _: self.refresh())

    def render(self) -> Content:
        status = self.app.connection.status
        waiting = status.offers + status.requests if status else 0
        pieces: list[tuple[Content, str]] = []
        # Without the blanks between them where the words of a language are long.
        for gap in (" ", ""):
            pieces = [self._piece(name, t(label), waiting, gap) for name, label in AREAS]
            if sum(piece.cell_length for piece, _ in pieces) <= self.size.width:
                break
        return self.assemble(pieces, self.size.width)

    def _piece(self, name: str, label: str, waiting: int, gap: str) -> tuple[Content, str]:
        text = f"{shown(f'area.{name}')} {label}"
        if name == "inbox" and waiting:
            text += f" ({waiting})"
        active = self.app.current_mode == name
        # The first cell is where jump mode puts its letter.
        lead = Content.styled(self.letters[name], "bold reverse") if name in self.letters else Content(" ")
        lead = lead if gap or name in self.letters else Content("")
        inner = Content.styled(f"[{text}]" if active else f" {text} ", "bold" if active else "$muted")
        return join(lead, inner, gap), name

    def clicked(self, name: str) -> None:
        self.app.action_area(name)

    def label(self, letters: dict[str, str]) -> None:
        """Letters of jump mode over the areas, by name; none again with an empty table."""
        self.letters = letters
        self.refresh()


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
        return t(
            "! The agent service does not answer. Read-only: nothing can be changed. "
            "Start it with `cairn up` or `cairn agent run`."
        )
    if status is None or status.lock != "unlocked":
        return ""
    if status.agent_state in {"failed", "stopped"}:
        return t(
            "! The agent is not running. Read-only: offers and requests cannot be answered. "
            "Lock ({key}) and unlock to start it."
        ).format(key=shown("lock"))
    if status.registry_copy and status.registry_freshness in {"fresh", "stale"}:
        return t(
            "! The trust registry does not answer. Issuer checks made now come from this machine's copy of its "
            "list, with its age."
        )
    if status.registry_copy:
        return t(
            "! The trust registry does not answer, and this machine's copy of its list is too old for most answers. "
            "Issuer checks made now may say `? unknown`."
        )
    if not status.registry_ok:
        return t(
            "! The trust registry does not answer. Issuer checks made now will say `? unknown`; "
            "nothing else is affected."
        )
    if status.no_backup and not status.demo:
        return t("! No backup yet: if this machine is lost, so is the wallet. Press B to make one.")
    return ""


class KeyBar(Clickable):
    """At most seven keys of the present screen. One that does not work now is dim and says why when pressed."""

    def __init__(self, hints: Callable[[], list[Hint]]) -> None:
        super().__init__()
        self._hints = hints

    @property
    def hints(self) -> list[Hint]:
        return self._hints()

    def render(self) -> Content:
        width = self.size.width
        pieces: list[tuple[Content, str]] = []
        for hint in self._hints()[:MAX_HINTS]:
            key = KEYS[hint.id]
            label = hint.label or t(key.label)
            if hint.why_not:
                piece = Content.styled(f" {shown(hint.id)} ({label}) ", "$muted")
            else:
                piece = join((f" {shown(hint.id)} ", "bold $text-accent"), f"{label} ")
            pieces.append((piece, hint.id))
        return self.assemble(pieces, width)

    def clicked(self, name: str) -> None:
        self.app.simulate_key(KEYS[name].keys.split(",")[0])

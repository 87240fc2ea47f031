"""Every screen of the wallet, as a table: how one comes there, what shows that one is there, what is done there.

A new screen is one more `Stop`; `test_hostile` fails until it is here. Hostile texts, real terminals and figures
all go through this table, so what ``shows`` says must be our own words, there whatever the data are.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from math import inf
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from textual import events
from textual.screen import Screen

import wallet_tui.screens
from wallet_tui.app import CairnApp
from wallet_tui.screens.consent import ConsentScreen
from wallet_tui.screens.offer import OfferScreen

CHARACTERS = {"space": " ", "slash": "/", "question_mark": "?", "enter": "\r", "tab": "\t"}
# Workers that never end, or that ask again and again.
ALWAYS = frozenset({"watch", "walk", "status", "poll"})


@dataclass(frozen=True, slots=True)
class Stop:
    """``opens`` puts a screen there for which no key leads on every data; then ``keys`` are pressed, one by one,
    then ``looks``, each of which is looked at; ``leaves`` lead back to an area."""

    name: str
    screen: str
    shows: str
    keys: tuple[str, ...] = ()
    opens: Callable[[], Screen[Any]] | None = None
    looks: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ("escape",)


def _offer() -> OfferScreen:
    return OfferScreen(offer_id="offer-1")


def _request() -> ConsentScreen:
    return ConsentScreen(request_id="req-1")


def _unsatisfiable() -> ConsentScreen:
    return ConsentScreen(request_id="req-2")


TOUR = (
    Stop("credentials", "CredentialsScreen", "held", keys=("1",), looks=("j", "G", "pageup")),
    Stop("credential", "CredentialsScreen", "Checks", keys=("1", "g", "enter"), looks=("j", "enter", "G")),
    Stop("find", "CredentialsScreen", "held", keys=("1", "slash"), looks=("x", "y")),
    Stop("inbox", "InboxScreen", "to decide", keys=("2",), looks=("j", "G")),
    Stop("stack", "StackScreen", "What counts, and why", keys=("3",), looks=("j", "n", "pagedown", "G")),
    Stop("history", "HistoryScreen", "chain", keys=("4",), looks=("enter", "G", "enter")),
    Stop("paste", "PasteScreen", "Add an offer", keys=("2", "a")),
    Stop("offer", "OfferScreen", "Who offers it", opens=_offer, looks=("j", "space", "pagedown", "G")),
    Stop("reject", "ReasonScreen", "reason", opens=_offer, keys=("R",), leaves=("escape", "escape")),
    Stop(
        "consent",
        "ConsentScreen",
        "Decide later",
        opens=_request,
        looks=("j", "space", "pagedown", "pagedown", "pagedown", "pagedown", "G", "S", "n"),
    ),
    Stop("missing", "ConsentScreen", "Decide later", opens=_unsatisfiable, looks=("pagedown", "G")),
    Stop("decline", "ReasonScreen", "reason", opens=_request, keys=("D",), leaves=("escape", "escape")),
    Stop("help", "HelpScreen", "Keys here", keys=("1", "question_mark"), looks=("G",)),
    # Last: nothing is there to go back to.
    Stop("unlock", "UnlockScreen", "Locked", keys=("L",), leaves=()),
)


def all_screens() -> set[str]:
    """The class of every screen that the package defines; those that others inherit from are none by themselves."""
    found: set[type] = set()
    for module in iter_modules([str(Path(wallet_tui.screens.__file__ or "").parent)]):
        for value in vars(import_module(f"wallet_tui.screens.{module.name}")).values():
            if (
                isinstance(value, type)
                and issubclass(value, Screen)
                and value.__module__.startswith("wallet_tui.")
            ):
                found.add(value)
    bases = {base for each in found for base in each.__mro__[1:]}
    return {each.__name__ for each in found - bases}


def lines_of(app: CairnApp) -> list[str]:
    """What is on the screen, through the compositor and every line filter."""
    return ["".join(segment.text for segment in line) for line in app.screen._compositor.render_strips()]


def words_of(app: CairnApp) -> str:
    return " ".join("\n".join(lines_of(app)).split())


class Guide:
    """Leads one running wallet through stops. ``settle`` returns when the messages queued now are handled and
    drawn; ``look`` is called with the stop at every sight. Waits for what is there, never for time."""

    def __init__(
        self, app: CairnApp, settle: Callable[[], Awaitable[None]], look: Callable[[Stop], None]
    ) -> None:
        self.app, self._settle, self._look = app, settle, look

    async def walk(self, stops: Sequence[Stop] = TOUR) -> None:
        for stop in stops:
            await self.arrive(stop)
            self._look(stop)
            for key in stop.looks:
                await self.press(key)
                self._look(stop)
            for key in stop.leaves:
                await self.press(key)

    async def arrive(self, stop: Stop) -> None:
        if stop.opens is not None:
            await self.app.push_screen(stop.opens())
            await self.rest()
        for key in stop.keys:
            await self.press(key)
        for _ in range(20_000):
            if type(self.app.screen).__name__ == stop.screen and stop.shows in words_of(self.app):
                return
            await self._settle()
        raise AssertionError(
            f"the tour did not come to {stop.name}: {type(self.app.screen).__name__}\n"
            + "\n".join(lines_of(self.app))
        )

    async def press(self, key: str) -> None:
        char = CHARACTERS.get(key, key if len(key) == 1 else None)
        self.app.post_message(events.Key(key, char))
        await self.rest()

    async def rest(self) -> None:
        """Until nothing is being asked, and the screen takes keys."""
        await self._settle()
        while self._busy():
            await self._settle()
        await self._settle()

    def _busy(self) -> bool:
        screen = self.app.screen
        return (
            any(worker.group not in ALWAYS and not worker.is_finished for worker in self.app.workers)
            or getattr(screen, "_progress", None) is not None
            or bool(getattr(screen, "_planning", False))
            or getattr(screen, "listens_from", 0.0) == inf
        )

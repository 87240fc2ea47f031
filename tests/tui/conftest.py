"""A wallet in a headless terminal against the simulated agent service. Tests wait on conditions, never on time."""

from __future__ import annotations

import os

os.environ["TEXTUAL_ANIMATIONS"] = "none"  # read when Textual is imported

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from math import inf
from typing import Any

import pytest
from rich.segment import Segment
from textual import events
from textual._context import visible_screen_stack
from textual.pilot import Pilot
from textual.widgets import Input

from tests.simulators.agent_service import PASSPHRASE, AgentServiceSimulator
from tests.simulators.agent_service_data import NOW
from wallet_tui.app import CairnApp
from wallet_tui.config import Config
from wallet_tui.screens.base import Guarded
from wallet_tui.screens.consent import ConsentScreen
from wallet_tui.screens.offer import OfferScreen

NARROW, WIDE = (80, 24), (120, 36)
DEADLINE = 20.0
CHARACTERS = {"space": " ", "slash": "/", "question_mark": "?", "enter": "\r", "tab": "\t"}


def screen_lines(app: CairnApp) -> list[str]:
    """What is on the screen, through the compositor and every line filter."""
    return ["".join(segment.text for segment in line) for line in screen_rows(app)]


def screen_rows(app: CairnApp) -> list[list[Segment]]:
    """What is on the screen, as runs of styled text."""
    # As Textual itself does before it draws: otherwise what lies below a dialog is sometimes blank.
    visible_screen_stack.set(app._background_screens)
    return [list(line) for line in app.screen._compositor.render_strips()]


def terminal_lines(app: CairnApp) -> list[str]:
    """The whole terminal, with the screens below a dialog."""
    width, height = app.size
    lines = screen_lines(app)
    assert len(lines) == height
    return [line[:width] for line in lines]


class Driver:
    """One running wallet."""

    def __init__(self, app: CairnApp, pilot: Pilot[None], service: AgentServiceSimulator) -> None:
        self.app, self.pilot, self.service = app, pilot, service

    def rows(self) -> list[list[Segment]]:
        return screen_rows(self.app)

    @property
    def text(self) -> str:
        return "\n".join(screen_lines(self.app))

    @property
    def words(self) -> str:
        """The text with all line breaks and runs of blanks made one: for sentences that may be folded."""
        return " ".join(self.text.split())

    @property
    def toasts(self) -> list[str]:
        return [notification.message for notification in self.app._notifications]

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + DEADLINE
        while not condition():
            assert loop.time() < end, (
                f"never came: {what}\n{self.text}\n{self.toasts}\n{self.service.calls[-8:]}"
            )
            await self.settle()
            await asyncio.sleep(0.005)
        await self.settle()

    async def settle(self) -> None:
        """Until the messages queued now are handled. Not `Pilot.pause`: that waits for an idle processor."""
        await self.pilot._wait_for_screen()
        self.app.screen._on_timer_update()  # paint now rather than at the next frame
        await asyncio.sleep(0)

    async def sees(self, *pieces: str) -> None:
        for piece in pieces:
            await self.until(lambda piece=piece: piece in self.words, piece)  # type: ignore[misc]

    async def press(self, *keys: str) -> None:
        for key in keys:
            char = CHARACTERS.get(key, key if len(key) == 1 else None)
            self.app.post_message(events.Key(key, char))
            await self.settle()
            await self.settle()

    async def type(self, text: str, into: str = "") -> None:
        """Put text into the focused field (the one called ``into``, once it has the focus), as a paste would."""
        await self.until(
            lambda: isinstance(self.app.focused, Input) and (not into or self.app.focused.id == into)
        )
        field = self.app.focused
        assert isinstance(field, Input)
        field.insert_text_at_cursor(text)
        await self.settle()

    async def listening(self) -> None:
        """Wait until a guarded screen takes keys."""
        await self.until(
            lambda: isinstance(self.app.screen, Guarded) and self.app.screen.listens_from < inf,
            "a guarded screen",
        )

    async def unlock(self) -> None:
        await self.until(lambda: self.app.current_mode == "unlock" and isinstance(self.app.focused, Input))
        await self.type(PASSPHRASE)
        await self.press("enter")
        await self.until(lambda: self.app.current_mode == "credentials", "the credentials")
        await self.sees("held")

    async def open_request(self, request_id: str = "req-1") -> ConsentScreen:
        screen = ConsentScreen(request_id=request_id)
        self.app.push_screen(screen)
        await self.sees("They say they keep it")
        await self.listening()
        return screen

    async def open_offer(self, offer_id: str = "offer-1") -> OfferScreen:
        screen = OfferScreen(offer_id=offer_id)
        self.app.push_screen(screen)
        await self.sees("Who offers it")
        await self.listening()
        return screen

    async def mark_row(self, screen: ConsentScreen, path: str) -> None:
        """Move the cursor of a consent screen to a row with the keys."""
        await self.press("g")
        for _ in range(200):
            row = screen.current_row
            if row is not None and row.id == path:
                return
            await self.press("j")
        raise AssertionError(f"no row {path}")

    def posted(self, ending: str) -> list[dict[str, Any]]:
        """Bodies of the POST calls whose path ends so."""
        return [
            body for method, path, body in self.service.calls if method == "POST" and path.endswith(ending)
        ]


@asynccontextmanager
async def open_wallet(
    service: AgentServiceSimulator,
    size: tuple[int, int] = NARROW,
    *,
    unlocked: bool = True,
    config: Config | None = None,
) -> AsyncIterator[Driver]:
    app = CairnApp(service.client, now=lambda: datetime.fromisoformat(NOW), poll_seconds=0.2, config=config)
    async with app.run_test(size=size) as pilot:
        driver = Driver(app, pilot, service)
        await driver.until(lambda: app.connection.status is not None, "a status")
        if unlocked:
            await driver.until(lambda: app.current_mode == "credentials", "the credentials")
        yield driver


@pytest.fixture
def service() -> AgentServiceSimulator:
    return AgentServiceSimulator(unlocked=True)


@pytest.fixture
def locked() -> AgentServiceSimulator:
    return AgentServiceSimulator(unlocked=False)


@pytest.fixture(params=[NARROW, WIDE], ids=["80x24", "120x36"])
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    value: tuple[int, int] = request.param
    return value

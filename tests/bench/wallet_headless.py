"""The wallet without a terminal: filtering, scrolling and every screen, each until it is drawn.

The real app, driven key by key; the service behind it is the tests' simulator, so that what is measured is the wallet.
Peers are Textual's own widgets, filtered as its documentation does it, in the same run.
"""

from __future__ import annotations

import os

os.environ["TEXTUAL_ANIMATIONS"] = "none"  # read when Textual is imported

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import DataTable, Input, OptionList

from tests.simulators import agent_service_data as data
from tests.simulators.agent_service import AgentServiceSimulator
from tests.tui.conftest import NARROW, Driver, open_wallet
from tests.tui.tour import TOUR, Guide, Stop, words_of
from wallet_tui.widgets.rows import RowList

# Words as they are typed: one that few fit, one that half fits, one that nothing fits.
QUERIES = ("stewardship 77", "munster", "eqf:7 status:fail", "nothing has this")
_TITLES = ("Data Stewardship", "Circular Economy", "Harbour Logistics", "Energy Audits")


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds."""

    median: float
    p95: float
    worst: float
    count: int

    @classmethod
    def of(cls, seconds: list[float]) -> Times:
        ordered = sorted(seconds)
        return cls(ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)], ordered[-1], len(ordered))


def held(count: int) -> list[dict[str, Any]]:
    issuers = (data.MTU, data.FHJ, data.UOC, data.ATLANTIS)
    states = ("pass", "pass", "pass", "unknown", "fail")
    return [
        data.credential(
            number,
            f"{_TITLES[number % 4]} {number}",
            issuers[number % 3],
            str(number % 30 + 1),
            number % 3 + 5,
            f"20{number % 20 + 5:02d}-0{number % 9 + 1}-11",
            states[number % 5],
            "For the figures.",
        )
        for number in range(1, count + 1)
    ]


@asynccontextmanager
async def wallet(count: int) -> AsyncIterator[Driver]:
    service = AgentServiceSimulator(unlocked=True)
    service.credentials = held(count)
    async with open_wallet(service, NARROW) as driver:
        await driver.sees(f"{count} held")
        yield driver


# ---------------------------------------------------------------------- filtering


async def filtering(count: int, rounds: int) -> Times:
    """From a key in the field until the rows that fit it are drawn."""
    async with wallet(count) as driver:
        await driver.press("slash")
        field = driver.app.screen.query_one("#find", Input)
        return await _typed(field, driver.settle, rounds)


async def _typed(field: Input, settle: Callable[[], Awaitable[None]], rounds: int) -> Times:
    spent = []
    for query in QUERIES * rounds:
        for char in query:
            start = time.perf_counter()
            field.insert_text_at_cursor(char)
            await settle()
            await settle()
            spent.append(time.perf_counter() - start)
        field.value = ""
        await settle()
        await settle()
    return Times.of(spent)


class _Peer(App[None]):
    """What one would write first: a field, a widget of Textual's, and all rows put in anew at every key."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.rows = [
            (each["state"], each["title"], each["issuer"]["name"], each["awarded_on"]) for each in held(count)
        ]

    def fitting(self, query: str) -> list[tuple[str, ...]]:
        words = query.casefold().split()
        return [row for row in self.rows if all(word in " ".join(row).casefold() for word in words)]

    def on_input_changed(self, event: Input.Changed) -> None:
        self.show(self.fitting(event.value))

    def show(self, rows: list[tuple[str, ...]]) -> None:
        raise NotImplementedError


class TablePeer(_Peer):
    def compose(self) -> ComposeResult:
        yield Input()
        yield DataTable[str]()

    def on_mount(self) -> None:
        self.query_one(DataTable).add_columns("state", "title", "issuer", "awarded")
        self.show(self.rows)

    def show(self, rows: list[tuple[str, ...]]) -> None:
        table = self.query_one(DataTable)
        table.clear()
        for row in rows:
            table.add_row(*row)


class OptionsPeer(_Peer):
    def compose(self) -> ComposeResult:
        yield Input()
        yield OptionList(markup=False)

    def on_mount(self) -> None:
        self.show(self.rows)

    def show(self, rows: list[tuple[str, ...]]) -> None:
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options("  ".join(row) for row in rows)


async def peer(app: _Peer, rounds: int) -> Times:
    async with app.run_test(size=NARROW) as pilot:
        field = app.query_one(Input)
        field.focus()

        async def settle() -> None:
            await _drawn(app, pilot)

        await settle()
        return await _typed(field, settle, rounds)


async def _drawn(app: App[None], pilot: Pilot[None]) -> None:
    await pilot._wait_for_screen()
    app.screen._on_timer_update()


# ---------------------------------------------------------------------- scrolling


async def scrolling(count: int, pages: int) -> tuple[Times, int]:
    """Page by page from the top; the seconds of a page, and how many drawn lines were blank that should not be."""
    async with wallet(count) as driver:
        rows = driver.app.screen.query_one("#list", RowList)
        spent, blank = [], 0
        for _ in range(pages):
            start = time.perf_counter()
            await driver.press("pagedown")
            spent.append(time.perf_counter() - start)
            height = min(rows.page, rows.line_count - rows.top)
            drawn = [rows.render_line(y).text for y in range(height)]
            shown = driver.text
            blank += sum(not line.strip() for line in drawn)
            blank += sum(line.strip() not in shown for line in drawn)  # what it says is what is on the screen
            if rows.cursor == rows.stop_count - 1:
                break
        return Times.of(spent), blank


# ---------------------------------------------------------------------- every screen


async def screens(count: int, rounds: int) -> dict[str, Times]:
    """From the last key until the screen's own words are drawn, for every stop of the tour."""
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        async with wallet(count) as driver:
            guide = Guide(driver.app, driver.settle, lambda _: None)
            for stop in TOUR:
                found.setdefault(stop.name, []).append(await _first_drawn(driver, guide, stop))
                for key in stop.leaves:
                    await guide.press(key)
                if stop.leaves:
                    await guide.press("2" if stop.name == "credentials" else "1")
    return {name: Times.of(spent) for name, spent in found.items()}


async def _first_drawn(driver: Driver, guide: Guide, stop: Stop) -> float:
    for key in stop.keys[:-1] if stop.opens is None else ():
        await guide.press(key)
    if stop.opens is not None and stop.keys:
        driver.app.push_screen(stop.opens())
        await guide.rest()
    start = time.perf_counter()
    if stop.opens is not None and not stop.keys:
        driver.app.push_screen(stop.opens())
    else:
        await driver.press(stop.keys[-1])
    while type(driver.app.screen).__name__ != stop.screen or stop.shows not in words_of(driver.app):
        await driver.settle()
    spent = time.perf_counter() - start
    await guide.rest()
    return spent

"""Screens as text files: every line, and every run of cells that is drawn otherwise than most.

``check(driver, "name")`` compares the screen with ``tests/assets/screens/NAME-80x24-THEME.txt``; size and theme are
those of the running wallet. A difference is printed; ``CAIRN_ACCEPT=1`` writes the files instead. Open the wallet with
`open_look`, which stops what moves by itself (clock, countdown, blinking cursor), and take as many screens of one
run as can be had. Every check also measures the contrast of all text.
"""

from __future__ import annotations

import difflib
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import groupby, product
from pathlib import Path

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.strip import Strip
from textual.widgets import Input

from tests.simulators.agent_service import AgentServiceSimulator
from tests.tui.conftest import NARROW, WIDE, Driver, open_wallet
from wallet_tui.config import Config
from wallet_tui.widgets.frame import StatusLine

FOLDER = Path(__file__).resolve().parents[1] / "assets" / "screens"
NO_COLOUR = "no-colour"
THEMES = ("cairn", "high-contrast", NO_COLOUR)
ACCEPT = "CAIRN_ACCEPT"
# WCAG 2.2: 1.4.6 for the theme that promises it, 1.4.3 for the others.
LEAST = {"high-contrast": 7.0}
LEAST_ELSE = 4.5
# Drawn so often without a difference before it counts as drawn.
STILL = 4


@dataclass(frozen=True, slots=True)
class Look:
    size: tuple[int, int]
    theme: str


LOOKS = [Look(size, theme) for size, theme in product((NARROW, WIDE), THEMES)]


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look.size[0]}x{look.size[1]}-{look.theme}")
def look(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Look]:
    """A size and a theme; times are shown in UTC."""
    wanted: Look = request.param
    if wanted.theme == NO_COLOUR:
        monkeypatch.setenv("NO_COLOR", "1")
    else:
        monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield wanted
    monkeypatch.undo()
    time.tzset()


@asynccontextmanager
async def open_look(
    service: AgentServiceSimulator, look: Look, *, unlocked: bool = True, language: str = ""
) -> AsyncIterator[Driver]:
    """The wallet as ``look`` says, with its clocks stopped."""
    theme = THEMES[0] if look.theme == NO_COLOUR else look.theme
    config = Config(theme=theme, language=language)
    async with open_wallet(service, look.size, unlocked=unlocked, config=config) as driver:
        driver.app.seconds_since_status = lambda: 0.0  # type: ignore[method-assign]
        yield driver


async def check(driver: Driver, name: str) -> None:
    """The screen is as it was accepted, and all of its text can be read."""
    await _still(driver)
    theme = NO_COLOUR if "NO_COLOR" in os.environ else driver.app.theme
    rows = driver.rows()
    width, height = driver.app.size
    path = FOLDER / f"{name}-{width}x{height}-{theme}.txt"
    if theme != NO_COLOUR:
        faults = unreadable(_in_front(driver, rows), LEAST.get(theme, LEAST_ELSE))
        assert not faults, f"{path.stem}: text that cannot be read:\n" + "\n".join(faults)
    made = described(rows)
    if os.environ.get(ACCEPT) == "1":
        FOLDER.mkdir(parents=True, exist_ok=True)
        path.write_text(made, encoding="utf-8")
        return
    accepted = path.read_text(encoding="utf-8") if path.exists() else ""
    if made != accepted:
        told = "\n".join(
            difflib.unified_diff(accepted.splitlines(), made.splitlines(), "accepted", "now", "", "", 1)
        )
        again = os.environ["PYTEST_CURRENT_TEST"].partition("[")[0].partition(" (")[0]
        raise AssertionError(
            f"{path.stem} looks different:\n{told}\nIf it is meant to be so: {ACCEPT}=1 python -m pytest {again}"
        )


async def _still(driver: Driver) -> None:
    driver.app.clear_notifications()
    for screen in driver.app.screen_stack:
        screen.query(StatusLine).refresh()  # it may have been drawn before its clock was stopped
        for field in screen.query(Input):
            field.cursor_blink = False
            field._cursor_visible = True
    before, same = "", 0
    while same < STILL:
        await driver.settle()
        now = described(driver.rows())
        before, same = now, same + 1 if now == before else 0


Rows = list[list[Segment]]


def _in_front(driver: Driver, rows: Rows) -> Rows:
    """What can be used now: without what a dialog dims around itself (WCAG exempts what is inactive)."""
    dialogs = driver.app.screen.query(".dialog")
    if not dialogs or driver.app.screen.styles.background.a == 1:
        return rows
    left, top, width, height = dialogs.first().region
    return [list(Strip(line).crop(left, left + width)) for line in rows[top : top + height]]


_PLAIN = Style()


def described(rows: Rows) -> str:
    """Numbered lines of text, then the runs of cells that differ from the commonest style."""
    tally: Counter[str] = Counter()
    for line in rows:
        for segment in line:
            tally[_style(segment.style)] += segment.cell_length
    common = tally.most_common(1)[0][0]
    text = [f"{number:02}|{''.join(segment.text for segment in line)}|" for number, line in enumerate(rows)]
    out = [*text, "", f"all else: {common}"]
    for number, line in enumerate(rows):
        at, runs = 0, []
        for style, group in groupby(line, key=lambda segment: _style(segment.style)):
            length = sum(segment.cell_length for segment in group)
            if style != common and length:
                runs.append(f"{number:02} {at:3}-{at + length - 1:<3} {style}")
            at += length
        out += runs
    return "\n".join(out) + "\n"


def _style(style: Style | None) -> str:
    style = style or _PLAIN
    colours = [_colour(style.color), _colour(style.bgcolor)]
    marks = [
        name for name in ("bold", "dim", "italic", "underline", "reverse", "strike") if getattr(style, name)
    ]
    return " ".join([f"{colours[0]} on {colours[1]}", *marks])


def _colour(colour: object) -> str:
    triplet = getattr(colour, "triplet", None)
    if triplet is not None:
        return str(triplet.hex)
    return str(getattr(colour, "name", None) or "default")


def unreadable(rows: Rows, least: float) -> list[str]:
    """Runs of text (letters and digits, not drawing) whose contrast is below ``least``."""
    faults = []
    for number, line in enumerate(rows):
        for segment in line:
            text, style = segment.text.strip(), segment.style
            if style is None or not any(char.isalnum() for char in text):
                continue
            if (
                style.color is None
                or style.bgcolor is None
                or not (style.color.triplet and style.bgcolor.triplet)
            ):
                faults.append(f"{number:02} {text!r}: no colour of its own: {_style(style)}")
                continue
            ratio = contrast(Color(*style.color.triplet), Color(*style.bgcolor.triplet))
            if ratio < least:
                faults.append(f"{number:02} {text!r}: {ratio:.2f} to 1, {_style(style)}")
    return faults


def contrast(one: Color, two: Color) -> float:
    """WCAG 2.2, contrast ratio."""

    def luminance(colour: Color) -> float:
        parts = [value / 255 for value in colour.rgb]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)

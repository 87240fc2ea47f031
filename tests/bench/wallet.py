"""Figures of the terminal wallet beside what it is built on.

    python -m tests.bench.wallet [--quick] [--write docs/benchmarks.md]

Whole processes on a pseudo-terminal against a real agent service with a filled vault: first paint, unlocking, the
echo of a key, memory. The app driven headless: filtering, scrolling, every screen (`tests.bench.wallet_headless`).
Peers run in the same run: an app of Textual's that says one word, and its `DataTable` and `OptionList`. A key is
pressed next when the last one was drawn, so nothing piles up. Nothing here asserts a time.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from tests.bench import report, wallet_headless
from tests.bench.wallet_headless import Times
from tests.bench.wallet_service import PASSPHRASE, filled_home, service
from tests.tui.terminal import WALLET, Terminal

HELLO = (
    "-c",
    "from textual.app import App\nfrom textual.widgets import Static\n"
    "class Hello(App):\n    def compose(self):\n        yield Static('Hello')\nHello().run()",
)
# Takes all of one core as a proof, an issuance or the derivation of a backup's key does.
BUSY = ("-c", "import hashlib\nwhile True: hashlib.pbkdf2_hmac('sha256', b'x', b'y', 200_000)")
HELD = re.compile(r"[\d,.]+ held")


@dataclass(frozen=True, slots=True)
class Plan:
    """``sizes``: credentials; ``starts``, ``unlocks``: processes; ``keys``, ``rounds``, ``pages``: within one."""

    sizes: tuple[int, ...]
    starts: int
    unlocks: int
    keys: int
    rounds: int
    pages: int


FULL = Plan(sizes=(1, 1_000, 10_000), starts=15, unlocks=3, keys=120, rounds=3, pages=100_000)
QUICK = Plan(sizes=(1, 1_000), starts=3, unlocks=1, keys=30, rounds=1, pages=60)


def say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


# ---------------------------------------------------------------------- whole processes


def painted(arguments: Sequence[str]) -> float:
    """Seconds from exec until the first frame that has a letter in it."""
    with Terminal(arguments) as terminal:
        while not any(char.isalpha() for char in terminal.words):
            terminal.read(1)
        return terminal.read_at - terminal.started


def first_paint(home: Path, starts: int) -> tuple[Times, Times]:
    """The wallet and the peer, in turns; one of each before, for the file cache."""
    wallet = [*WALLET, "--home", str(home)]
    painted(wallet)
    painted(HELLO)
    spent = [(painted(wallet), painted(HELLO)) for _ in range(starts)]
    return Times.of([each[0] for each in spent]), Times.of([each[1] for each in spent])


@dataclass(frozen=True, slots=True)
class Unlocked:
    """``listed``: from enter until the list; ``echo`` by what else went on; memory in MiB."""

    listed: Times
    echo: dict[str, Times]
    memory: float


def unlocking(home: Path, plan: Plan) -> Unlocked:
    """Each time a service that was just started: its ACA-Py starts behind the list."""
    spent, echo, memory = [], {}, 0.0
    for turn in range(plan.unlocks):
        with service(home), Terminal([*WALLET, "--home", str(home)]) as terminal:
            terminal.until("Passphrase")
            terminal.type(PASSPHRASE)
            start = time.monotonic()
            terminal.type("\r")
            while not HELD.search(terminal.words):
                terminal.read(1)
            spent.append(terminal.read_at - start)
            if turn:
                continue
            if not terminal.words.count(" 1 held"):
                echo["while ACA-Py starts"] = echoed(terminal, plan.keys)
                terminal.until("✓ agent")
                echo["at rest"] = echoed(terminal, plan.keys)
                with busy(os.cpu_count() or 1):
                    echo["while every core proves or derives"] = echoed(terminal, plan.keys)
            memory = psutil.Process(terminal.process.pid).memory_info().rss / 2**20
    return Unlocked(Times.of(spent), echo, memory)


def echoed(terminal: Terminal, keys: int) -> Times:
    """From a key until the frame in which the cursor's mark has moved; the list has two rows to move between."""
    spent = []
    for number in range(keys):
        before = _marked(terminal)
        start = time.monotonic()
        terminal.type("k" if number % 2 else "j")
        while _marked(terminal) == before:
            terminal.read(1)
        spent.append(terminal.read_at - start)
    return Times.of(spent)


def _marked(terminal: Terminal) -> int:
    return next((y for y, line in enumerate(terminal.lines) if line.startswith("▸")), -1)


@contextmanager
def busy(cores: int) -> Iterator[None]:
    processes = [subprocess.Popen([sys.executable, *BUSY]) for _ in range(cores)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


# ---------------------------------------------------------------------- the report


def loop_seconds() -> float:
    """How fast this machine is just now, for whoever compares runs."""
    start = time.perf_counter()
    for _ in range(10_000_000):
        pass
    return time.perf_counter() - start


def markdown(plan: Plan) -> str:
    load, start, pace = os.getloadavg()[0], time.monotonic(), loop_seconds()
    rows: list[tuple[str, ...]] = []
    with tempfile.TemporaryDirectory(prefix="cairn-bench-") as folder:
        homes = {size: Path(folder) / str(size) for size in plan.sizes}
        for size, home in homes.items():
            say(f"filling a vault with {size:,}")
            filled_home(home, size)
        say("first paint")
        with service(homes[plan.sizes[0]]):
            wallet, hello = first_paint(homes[plan.sizes[0]], plan.starts)
        rows.append(_row("first paint, whole process, ms", 700, wallet))
        rows.append(_row("… an app of Textual's that says one word", None, hello, wallet))
        for size, home in homes.items():
            say(f"unlocking with {size:,}")
            found = unlocking(home, plan)
            rows.append(_row(f"unlock to list, {size:,} held, ms", 1000, found.listed))
            for what, times in found.echo.items():
                rows.append(_row(f"key to frame {what}, {size:,} held, ms", 100, times))
            rows.append(_plain(f"memory (RSS) of the wallet, {size:,} held, MiB", 120, found.memory))
    rows += asyncio.run(_headless(plan))
    head = ("", "aim", "median", "p95", "worst", "p95, times the aim")
    took = time.monotonic() - start
    return (
        "\n\n".join(
            [
                f"{time.strftime('%Y-%m-%d')}, {'quick' if plan is QUICK else 'full'} run, {os.cpu_count()} cores "
                f"({platform.system()} {platform.machine()}), load {load:.1f} before the start, "
                f"Python {platform.python_version()}, Textual {metadata.version('textual')}. "
                f"The run took {took:.0f} s. Ten million turns of a plain Python loop take {pace:.1f} s here (a usual "
                "core: about 0.6 s).",
                report.table(head, rows),
            ]
        )
        + "\n"
    )


async def _headless(plan: Plan) -> list[tuple[str, ...]]:
    rows = []
    largest = plan.sizes[-1]
    for size in dict.fromkeys((100, *plan.sizes[1:])):
        say(f"filtering {size:,}")
        ours = await wallet_headless.filtering(size, plan.rounds)
        rows.append(_row(f"filter, per key, {size:,} held, ms", 50, ours))
    for peer in (wallet_headless.OptionsPeer, wallet_headless.TablePeer):
        say(f"filtering {largest:,} in {peer.__name__}")
        theirs = await wallet_headless.peer(peer(largest), 1)
        name = "OptionList" if peer is wallet_headless.OptionsPeer else "DataTable"
        rows.append(_row(f"… Textual's {name}, {largest:,} rows, ms", None, theirs, ours))
    say(f"scrolling {largest:,}")
    pages, blank = await wallet_headless.scrolling(largest, plan.pages)
    rows.append(_row(f"one page on, {largest:,} held ({pages.count:,} pages), ms", 100, pages))
    rows.append(_plain("blank lines seen on the way", 0, blank))
    say("every screen")
    for name, times in (await wallet_headless.screens(1_000, plan.rounds)).items():
        rows.append(_row(f"screen {name}, 1,000 held, until drawn, ms", 100, times))
    return rows


def _row(what: str, aim: int | None, times: Times, ours: Times | None = None) -> tuple[str, ...]:
    """``ours``: the row is a peer's, and the last column says how it compares with us."""
    last = ""
    if aim:
        last = f"{times.p95 * 1e3 / aim:.2f}"
    elif ours is not None:
        last = f"({times.p95 / ours.p95:.1f} times ours)"
    shown = (times.median, times.p95, times.worst)
    return (what, "" if aim is None else str(aim), *(f"{value * 1e3:.0f}" for value in shown), last)


def _plain(what: str, aim: int, value: float) -> tuple[str, ...]:
    return (what, str(aim), f"{value:.0f}", "", "", f"{value / aim:.2f}" if aim else "")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.wallet")
    parser.add_argument("--quick", action="store_true", help="a run of about two minutes, up to 1,000 held")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also replace the script's part of FILE")
    options = parser.parse_args()
    os.umask(0o077)
    text = markdown(QUICK if options.quick else FULL)
    print(text, end="")
    if options.write is not None:
        report.write(text, options.write, "bench-wallet")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""``make bench``: our services beside raw ACA-Py, from one run on one set of processes.

    python -m tests.bench [--quick] [--write docs/benchmarks.md] [--profile FOLDER]

What is compared, and why it is fair: the same seven processes serve both sides, each ACA-Py with our plugin and
with the agent service's internal routes behind it, so DID resolution, signed objects, status lists and tails
files cost both sides the same. Attributes, credential definition, revocation registry and proof request of the
baseline are copied from what our side issued and asked. Both use a fresh out-of-band connection per exchange
and wait by webhook. The sides alternate within every round (`tests.bench.rounds`). Nothing here asserts a time.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from agent.errors import CairnError
from tests.bench import growth, pure, report
from tests.bench.exchanges import Baseline, Ours, bind
from tests.bench.report import Figures
from tests.bench.rounds import Comparison, Side, compare
from tests.bench.universe import NAMES, BenchUniverse, running

PRESENTING_HELD = 4  # as many as the demo's learner holds


@dataclass(frozen=True, slots=True)
class Plan:
    """``alone`` and ``together``: (rounds, exchanges per side and round) one and four at a time. ``sizes``:
    credentials held at the points of growth."""

    alone: tuple[int, int]
    together: tuple[int, int]
    sizes: tuple[int, ...]
    repeats: int
    pure_seconds: float


FULL = Plan(alone=(6, 2), together=(3, 8), sizes=(1, 10, 50), repeats=5, pure_seconds=2.0)
QUICK = Plan(alone=(2, 3), together=(2, 4), sizes=(1, 10), repeats=3, pure_seconds=0.3)


def say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


async def bench(plan: Plan, root: Path, profiles: Path | None) -> Figures:
    figures = Figures(machine(plan))
    started = time.monotonic()
    task = asyncio.current_task()
    assert task is not None
    for signum in (signal.SIGINT, signal.SIGTERM):  # either ends every process and removes the folder
        asyncio.get_running_loop().add_signal_handler(signum, task.cancel)
    async with running(root, say) as universe, Ours.of(universe) as ours:
        note_start(figures, universe)
        baseline = await warmed_up(universe, ours)
        run = Run(plan, figures, universe, ours, profiles)
        await run.grow(plan.sizes[0])
        await growth.top_up(ours, PRESENTING_HELD)
        figures.presenting_held = await growth.held(ours)
        figures.presenting = await run.compare(baseline.answer, ours.answer, "presenting")
        await run.account("review a request", ours.review_request, ours.new_request)
        await run.account("present, until the verdict", ours.present, ours.reviewed_request)
        await run.grow(plan.sizes[1])
        figures.issuing = await run.compare(baseline.issue, ours.issue, "issuing")
        for size in plan.sizes[2:]:
            await run.grow(size)
        await run.account("accept an offer", ours.accept, ours.reviewed_offer)
        figures.memory_after = universe.memory()
        say("stopping")
    say("figures without agents")
    figures.planning = pure.planning(plan.pure_seconds)
    figures.records = pure.records()
    figures.resolving = pure.resolving(root / "pure", plan.pure_seconds)
    figures.seconds = time.monotonic() - started
    return figures


async def warmed_up(universe: BenchUniverse, ours: Ours) -> Baseline:
    """One exchange of each kind on each side: caches, connections and tails files are there afterwards."""
    say("warming up")
    await ours.issue(1, 1)
    await ours.answer(1, 1)
    baseline = await Baseline.like(universe)
    await universe.tell("aside")
    await baseline.issue(1, 1)
    await baseline.answer(1, 1)
    await universe.tell("home")
    return baseline


@dataclass(frozen=True, slots=True)
class Run:
    plan: Plan
    figures: Figures
    universe: BenchUniverse
    ours: Ours
    profiles: Path | None

    async def grow(self, size: int) -> None:
        await growth.top_up(self.ours, size)
        say(f"the wallet with {await growth.held(self.ours)} credentials")
        self.figures.growth.append(await growth.measure(self.ours, self.plan.repeats))
        self.figures.repeats = self.plan.repeats

    async def compare(self, raw: Side, ours: Side, what: str) -> list[Comparison]:
        return [
            await compare(self.universe, raw, ours, rounds=rounds, count=count, width=width, what=what)
            for width, (rounds, count) in ((1, self.plan.alone), (4, self.plan.together))
        ]

    async def account[A](
        self, what: str, work: Callable[[A], Awaitable[Any]], prepare: Callable[[], Awaitable[A]]
    ) -> None:
        """Where the time of ``work`` goes, apart from the measured rounds: recording costs a little."""
        say(f"recording the steps of: {what}")
        held = await growth.held(self.ours)
        jobs = bind(work, [await prepare() for _ in range(self.plan.repeats)])
        self.figures.steps[f"{what}, {held} held"] = await growth.steps(self.universe, jobs)
        if self.profiles is not None:
            jobs = bind(work, [await prepare() for _ in range(self.plan.repeats)])
            await growth.profile(self.universe, jobs, self.profiles, what.split(maxsplit=1)[0].strip(","))


def note_start(figures: Figures, universe: BenchUniverse) -> None:
    figures.cold["registry"] = (universe.answering["registry"], None, universe.started["registry"])
    for id in NAMES:
        figures.cold[id] = (universe.answering[id], universe.raw[id].acapy_seconds, universe.started[id])
    figures.ready_to_issue = universe.ready_to_issue
    figures.memory_idle = universe.memory()


def machine(plan: Plan) -> str:
    """What the figures depend on; a load well above zero before we start means a shared machine."""
    load = os.getloadavg()[0]
    return (
        f"{time.strftime('%Y-%m-%d')}, {'quick' if plan is QUICK else 'full'} run, {os.cpu_count()} cores "
        f"({platform.system()} {platform.machine()}), load {load:.1f} before the start, "
        f"Python {platform.python_version()}, ACA-Py {metadata.version('acapy-agent')}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Figures beside raw ACA-Py.")
    parser.add_argument("--quick", action="store_true", help="a run of about two minutes, with wider spread")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also replace the script's part of FILE")
    parser.add_argument("--profile", type=Path, metavar="FOLDER", help="also leave cProfile files there")
    options = parser.parse_args()
    os.umask(0o077)
    with tempfile.TemporaryDirectory(prefix="cairn-bench-") as folder:
        try:
            figures = asyncio.run(bench(QUICK if options.quick else FULL, Path(folder), options.profile))
        except CairnError as error:
            say(f"{error.detail} [{error.code}] {error.hint}")
            return 1
        except TimeoutError:
            say("an exchange did not come to its end in time")
            return 1
        except asyncio.CancelledError:
            return 130
    text = report.markdown(figures)
    print(text, end="")
    if options.write is not None:
        report.write(text, options.write)
    return 0


if __name__ == "__main__":
    sys.exit(main())

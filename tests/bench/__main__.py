"""``make bench``: our services beside raw ACA-Py, from one run on one set of processes.

    python -m tests.bench [--quick] [--write docs/benchmarks.md]

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
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from agent.errors import CairnError
from tests.bench import growth, pure, report
from tests.bench.exchanges import Baseline, Ours
from tests.bench.report import Figures
from tests.bench.rounds import compare
from tests.bench.universe import NAMES, BenchUniverse, running

PRESENTING_HELD = 4  # as many as the demo's learner holds


@dataclass(frozen=True, slots=True)
class Plan:
    """``rounds`` × (``alone`` one at a time, ``together`` four at a time); ``sizes`` held for the growth."""

    rounds: int
    alone: int
    together: int
    sizes: tuple[int, ...]
    repeats: int
    pure_seconds: float


FULL = Plan(rounds=5, alone=3, together=8, sizes=(1, 10, 50), repeats=5, pure_seconds=2.0)
QUICK = Plan(rounds=2, alone=3, together=4, sizes=(1, 10), repeats=3, pure_seconds=0.3)


def say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


async def bench(plan: Plan, root: Path) -> Figures:
    figures = Figures(machine(plan))
    started = time.monotonic()
    async with running(root, say) as universe, Ours.of(universe) as ours:
        note_start(figures, universe)
        say("warming up")
        await ours.issue(1, 1)
        await ours.answer(1, 1)
        baseline = await Baseline.like(universe)
        await universe.tell("aside")
        await baseline.issue(1, 1)
        await baseline.answer(1, 1)
        await universe.tell("home")
        figures.growth_repeats = plan.repeats
        await grow(figures, ours, plan, plan.sizes[0])
        await growth.top_up(ours, PRESENTING_HELD)
        figures.presenting_held = await growth.held(ours)
        for count, width in ((plan.alone, 1), (plan.together, 4)):
            figures.presenting.append(
                await compare(
                    universe,
                    baseline.answer,
                    ours.answer,
                    rounds=plan.rounds,
                    count=count,
                    width=width,
                    what="presenting",
                )
            )
        await grow(figures, ours, plan, plan.sizes[1])
        for count, width in ((plan.alone, 1), (plan.together, 4)):
            figures.issuing.append(
                await compare(
                    universe,
                    baseline.issue,
                    ours.issue,
                    rounds=plan.rounds,
                    count=count,
                    width=width,
                    what="issuing",
                )
            )
        await account(figures, universe, ours, plan.repeats)
        for size in plan.sizes[2:]:
            await grow(figures, ours, plan, size)
        figures.memory_after = universe.memory()
        say("stopping")
    say("figures without agents")
    figures.planning = pure.planning(plan.pure_seconds)
    figures.records = pure.records()
    figures.resolving = pure.resolving(root / "pure", plan.pure_seconds)
    figures.seconds = time.monotonic() - started
    return figures


def note_start(figures: Figures, universe: BenchUniverse) -> None:
    figures.cold["registry"] = (universe.answering["registry"], None, universe.started["registry"])
    for id in NAMES:
        figures.cold[id] = (universe.answering[id], universe.raw[id].acapy_seconds, universe.started[id])
    figures.ready_to_issue = universe.ready_to_issue
    figures.memory_idle = universe.memory()


async def grow(figures: Figures, ours: Ours, plan: Plan, size: int) -> None:
    await growth.top_up(ours, size)
    say(f"the wallet with {await growth.held(ours)} credentials")
    figures.growth.append(await growth.measure(ours, plan.repeats))


async def account(figures: Figures, universe: BenchUniverse, ours: Ours, count: int) -> None:
    """Where the time goes, apart from the measured rounds: recording costs a little."""
    say("recording the steps of one exchange")
    figures.steps_count = count
    figures.accept_steps = await growth.steps(universe, lambda: ours.issue(count, 1), count)
    figures.present_steps = await growth.steps(universe, lambda: ours.answer(count, 1), count)


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
    options = parser.parse_args()
    os.umask(0o077)
    with tempfile.TemporaryDirectory(prefix="cairn-bench-") as folder:
        try:
            figures = asyncio.run(bench(QUICK if options.quick else FULL, Path(folder)))
        except CairnError as error:
            say(f"{error.detail} [{error.code}] {error.hint}")
            return 1
        except KeyboardInterrupt:
            return 130
    text = report.markdown(figures)
    print(text, end="")
    if options.write is not None:
        report.write(text, options.write)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""How the wallet's own work grows with what it holds, and where the time of one exchange goes."""

from __future__ import annotations

import shutil
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.exchanges import Job, Ours, at_width, bind
from tests.bench.member import PROFILE
from tests.bench.universe import NAMES, BenchUniverse


async def held(ours: Ours) -> int:
    return len((await ours.learner.get("/v1/wallet/credentials"))["credentials"])


async def top_up(ours: Ours, size: int) -> None:
    """Accept offers until the wallet holds ``size`` credentials; not measured."""
    if (missing := size - await held(ours)) > 0:
        await ours.issue(missing, width=4)


@dataclass(frozen=True, slots=True)
class Point:
    """Median seconds of each thing that a person waits for, with ``size`` credentials held."""

    size: int
    seconds: dict[str, float]


async def measure(ours: Ours, repeats: int) -> Point:
    learner = ours.learner
    offer, request = await ours.new_offer(), await ours.new_request()
    some = (await learner.get("/v1/wallet/credentials"))["credentials"][0]["id"]
    shown = await ours.review_request(request)
    works: dict[str, Callable[[], Awaitable[Any]]] = {
        "status line": lambda: learner.get("/v1/status"),
        "list of credentials": lambda: learner.get("/v1/wallet/credentials"),
        "one credential": lambda: learner.get(f"/v1/wallet/credentials/{some}"),
        "recheck one credential": lambda: learner.post(f"/v1/wallet/credentials/{some}/recheck"),
        "review an offer": lambda: ours.review_offer(offer),
        "review a request (fetch, check, plan)": lambda: ours.review_request(request),
        "plan it again": lambda: learner.get(f"/v1/wallet/requests/{shown['id']}"),
    }
    seconds = {name: await timed(work, repeats) for name, work in works.items()}
    asked = [await ours.new_request() for _ in range(repeats)]
    reviewed = [await ours.review_request(each) for each in asked]
    spent = [(await at_width(1, [job]))[0] for job in bind(ours.present, reviewed)]
    seconds["present, until the verdict"] = median(spent)
    # They would stay in the inbox and be counted at the next size.
    await learner.post(f"/v1/wallet/offers/{(await ours.review_offer(offer))['id']}/reject", {})
    await learner.post(f"/v1/wallet/requests/{shown['id']}/decline", {})
    return Point(await held(ours), seconds)


async def timed(work: Callable[[], Awaitable[Any]], repeats: int) -> float:
    spent = []
    for _ in range(repeats):
        start = time.perf_counter()
        await work()
        spent.append(time.perf_counter() - start)
    return median(spent)


@dataclass(frozen=True, slots=True)
class Step:
    """One kind of call in one service: how often and how long (seconds) per exchange."""

    member: str
    call: str
    times: float
    seconds: float


async def steps(universe: BenchUniverse, jobs: Sequence[Job[Any]]) -> list[Step]:
    """What the services wait for during ``jobs``, done one at a time: per job, the longest first."""
    await universe.tell("record")
    await at_width(1, jobs)
    recorded = await universe.tell("recorded")
    found = [
        Step(member, call, times / len(jobs), seconds / len(jobs))
        for member, calls in recorded.items()
        for call, (times, seconds) in calls.items()
    ]
    return sorted(found, key=lambda step: -step.seconds)


async def profile(universe: BenchUniverse, jobs: Sequence[Job[Any]], folder: Path, what: str) -> None:
    """cProfile of every service during ``jobs``, as ``WHAT-MEMBER.prof`` (read with ``python -m pstats``)."""
    await universe.tell("profile")
    await at_width(1, jobs)
    await universe.tell("profiled")
    folder.mkdir(parents=True, exist_ok=True)
    for member in NAMES:
        shutil.copy(universe.home(member) / PROFILE, folder / f"{what}-{member}.prof")

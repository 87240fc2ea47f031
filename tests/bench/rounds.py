"""Interleaved rounds and what they come to.

Noise of the machine must hit both sides alike: every round measures the baseline and ours close together, and
the order turns round every time (raw, ours, ours, raw, …), so that a drift cancels out. A ratio is taken
within each round, where both sides had about the same machine; what is reported is the median of the rounds,
with the smallest and the largest beside it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from tests.bench.universe import BenchUniverse

type Side = Callable[[int, int], Awaitable[dict[str, float]]]  # (count, width) → seconds of each part
RAW = "raw"


@dataclass(frozen=True, slots=True)
class Spread:
    """Of one figure over the rounds."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(median(values), min(values), max(values))


@dataclass(slots=True)
class Comparison:
    """All rounds at one width. ``cpu_*``: CPU seconds per kind of process, per round."""

    count: int
    width: int
    raw: list[float] = field(default_factory=list)
    ours: list[dict[str, float]] = field(default_factory=list)
    cpu_raw: list[dict[str, float]] = field(default_factory=list)
    cpu_ours: list[dict[str, float]] = field(default_factory=list)

    @property
    def rounds(self) -> int:
        return len(self.ours)

    def seconds(self, parts: Sequence[str]) -> list[float]:
        """Per round; ``parts`` names what is counted of our side, ("raw",) the baseline."""
        if tuple(parts) == (RAW,):
            return self.raw
        return [sum(found[part] for part in parts) for found in self.ours]

    def rate(self, parts: Sequence[str]) -> Spread:
        """Exchanges per second."""
        return Spread.of([self.count / seconds for seconds in self.seconds(parts)])

    def ratio(self, parts: Sequence[str]) -> Spread:
        """How many times longer than the baseline of the same round."""
        return Spread.of([mine / raw for mine, raw in zip(self.seconds(parts), self.raw, strict=True)])

    def cpu(self, side: str, kind: str) -> float:
        """Median CPU milliseconds per exchange of one kind of process."""
        rounds = self.cpu_raw if side == RAW else self.cpu_ours
        return median(found.get(kind, 0.0) for found in rounds) / self.count * 1000


async def compare(
    universe: BenchUniverse, raw: Side, ours: Side, *, rounds: int, count: int, width: int, what: str
) -> Comparison:
    found = Comparison(count, width)
    for number in range(rounds):
        universe.narrate(f"{what}, {width} at a time: round {number + 1} of {rounds}")
        for side in (raw, ours) if number % 2 == 0 else (ours, raw):
            # Webhooks go where the exchanges are driven; the services must not see the raw ones.
            await universe.tell("aside" if side is raw else "home")
            before = universe.cpu()
            seconds = await side(count, width)
            used = {kind: after - before[kind] for kind, after in universe.cpu().items()}
            if side is raw:
                found.raw.append(seconds[RAW])
                found.cpu_raw.append(used)
            else:
                found.ours.append(seconds)
                found.cpu_ours.append(used)
    await universe.tell("home")
    return found

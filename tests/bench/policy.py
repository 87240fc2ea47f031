"""The planner on hard wallets: how long the smallest disclosure takes, and whether it is exact.

    python -m tests.bench.policy [--quick]

Pure; no services. Each family is a kind of wallet that is hard for the search: what decides is not one demand
but several that pull in different directions. Nothing here asserts a time.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from agent.core.planning import Candidate, Plan, plan
from agent.core.policy import Policy
from agent.core.selection import Demand, Found, Option, best_set
from tests.unit.core_policy import builder

SIZES = (10, 30, 100, 300, 500)
SKILLS = 20
EVERYTHING = (1 << SKILLS) - 1
ESCO = "http://data.europa.eu/esco/skill/"

type Instance = tuple[list[Option], Demand]


@dataclass(frozen=True, slots=True)
class Figure:
    """``p50`` and ``worst`` in seconds over ``runs`` wallets of ``size``; ``exact`` of them were exact."""

    what: str
    size: int
    p50: float
    worst: float
    runs: int
    exact: int

    def line(self) -> str:
        return (
            f"{self.what:<40} {self.size:>4} candidates  p50 {self.p50 * 1e3:7.1f} ms  "
            f"worst {self.worst * 1e3:7.1f} ms  exact {self.exact}/{self.runs}"
        )


def _mask(source: random.Random, count: int) -> int:
    return sum(1 << bit for bit in source.sample(range(SKILLS), count))


def _top(options: list[Option], count: int, share: float) -> int:
    return int(sum(sorted((option.credit for option in options), reverse=True)[:count]) * share)


def _cover(source: random.Random, size: int, least: int, most: int, at_least: int) -> Instance:
    options = [_option(key, _mask(source, source.randint(least, most))) for key in range(size)]
    reached = 0
    for option in options:
        reached |= option.covers
    return options, Demand(0, EVERYTHING, min(at_least, reached.bit_count()))


def _option(
    key: int, covers: int, credit: int = 0, *, anchor: bool = True, reveals: int = 0, group: int = -1
) -> Option:
    return Option(key, (str(key if group < 0 else group),), credit, anchor, reveals, covers, reveals + 1)


def _credit(source: random.Random, size: int) -> Instance:
    options = [_option(key, _mask(source, 4), source.randint(100, 1000)) for key in range(size)]
    return options, Demand(_top(options, 8, 0.9), EVERYTHING, 18)


def _opposed(source: random.Random, size: int) -> Instance:
    options = [
        _option(key, _mask(source, 5), source.randint(100, 200))
        if key % 2
        else _option(key, _mask(source, 1), source.randint(600, 1000))
        for key in range(size)
    ]
    return options, Demand(_top(options, 6, 1.0), EVERYTHING, 16)


def _telling(source: random.Random, size: int) -> Instance:
    options = [
        _option(
            key,
            _mask(source, 4),
            source.randint(100, 1000),
            anchor=not key or source.random() < 0.3,
            reveals=source.randint(0, 1),
        )
        for key in range(size)
    ]
    return options, Demand(_top(options, 9, 0.8), EVERYTHING, 16)


def _twins(source: random.Random, size: int) -> Instance:
    options = [
        _option(
            key, _mask(source, 4), source.randint(100, 1000), reveals=source.randint(0, 1), group=key // 3
        )
        for key in range(size)
    ]
    return options, Demand(_top(options[::3], 6, 0.8), EVERYTHING, 15)


def _many(source: random.Random, size: int) -> Instance:
    options, demand = _cover(source, size, 3, 3, 18)
    return options, Demand(0, EVERYTHING, demand.at_least, 12)


FAMILIES: dict[str, Callable[[random.Random, int], Instance]] = {
    "all skills, 3 each": lambda source, size: _cover(source, size, 3, 3, SKILLS),
    "all skills, 1 to 9 each": lambda source, size: _cover(source, size, 1, 9, SKILLS),
    "14 of 20 skills, 2 each": lambda source, size: _cover(source, size, 2, 2, 14),
    "15 of 20 skills, 3 each": lambda source, size: _cover(source, size, 3, 3, 15),
    "18 skills and nearly all the credit": _credit,
    "skills here, credit there": _opposed,
    "levels shown and few anchors": _telling,
    "three alike of each": _twins,
    "12 credentials, fewest showing skills": _many,
}


def instance(family: str, size: int, seed: int) -> Instance:
    return FAMILIES[family](random.Random(f"{family} {size} {seed}"), size)


def search(quick: bool) -> list[Figure]:
    """The search alone, family by family."""
    found = []
    for size in SIZES:
        runs = (3 if quick else 20) if size <= 30 else (2 if quick else 5)
        for family in FAMILIES:
            times, exact = [], 0
            for seed in range(runs):
                options, demand = instance(family, size, seed)
                start = time.perf_counter()
                result = best_set(options, demand)
                times.append(time.perf_counter() - start)
                exact += result.exact
                if not isinstance(result, Found) and size > 10:
                    raise ValueError(f"{family}, {size}, {seed}: there is a set, and it was not found")
            times.sort()
            found.append(Figure(family, size, times[len(times) // 2], times[-1], runs, exact))
    return found


def planning(quick: bool) -> list[Figure]:
    """The whole planner, on credentials that have 3 of 20 skills each; 15 of these, 20 ECTS, EQF 6, assured."""
    asked = Policy.from_json(
        builder.policy_json(
            each={"min_eqf": 5, "registry": ["assured_official"], "assessed": True},
            whole={
                "min_credit": {"system": "ects", "value": "20"},
                "skills": {
                    "skills": [{"esco": f"{ESCO}{bit}"} for bit in range(SKILLS)],
                    "at_least": 15,
                    "min_eqf": 6,
                },
            },
        )
    )
    found = []
    for size in SIZES:
        times, exact = [], 0
        runs = 3 if quick else 10
        for seed in range(runs):
            held = wallet(random.Random(seed), size)
            start = time.perf_counter()
            made = plan(asked, held, today=builder.TODAY)
            times.append(time.perf_counter() - start)
            exact += not isinstance(made, Plan) or made.exact
        times.sort()
        found.append(
            Figure("the planner, skills and credit", size, times[len(times) // 2], times[-1], runs, exact)
        )
    return found


def wallet(source: random.Random, size: int) -> list[Candidate]:
    return [
        builder.candidate(
            f"{number:03d}",
            ects_hundredths=str(source.randint(2, 10) * 50),
            awarded_on=str(20240101 + source.randrange(28)),
            eqf_level=str(source.choice([5, 6, 6, 7])),
            evidence_grade="assessed",
            skills="[" + ",".join(f'"{ESCO}{bit}"' for bit in source.sample(range(SKILLS), 3)) + "]",
            outcome_hidden=source.choice(["", "", "indeterminate"]),
        )
        for number in range(size)
    ]


def figures(quick: bool) -> list[Figure]:
    return [*planning(quick), *search(quick)]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.policy")
    parser.add_argument("--quick", action="store_true", help="fewer wallets of each kind")
    for figure in figures(parser.parse_args().quick):
        print(figure.line())
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Planning stacks and pathways: ours beside the bare solver on the same numbers, in the same run.

    python -m tests.bench.stacks [--quick]

Generated from a seed. The peer is HiGHS itself, given the largest of the problem's models (all choices, no
caps) as arrays: what we add is the rules, the words, the ties and the check of the answer. Nothing asserts a time.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

import highspy
import numpy as np

from agent.core.record import Record
from agent.core.stacks import Member, plan
from agent.core.stacks.pathway import Guide
from agent.core.templates import offering
from agent.core.verdict import Result
from issuer_profiles.targets import Accepts, AwardedBy, Cap, Match, Place, Target
from tests.bench import catalogue
from tests.bench.pure import Times, repeat
from tests.bench.report import table

TODAY = date(2026, 11, 22)
SIZES = (10, 100, 200, 1_000)
PLACES = 12
TEMPLATES = (100, 1_000, 6_300)


def skill(number: int) -> str:
    return f"https://esco.example/skill/s{number}"


def target(*, caps: bool = False) -> Target:
    """`PLACES` required places, each for one skill; with ``caps`` amounts are cut as well."""
    limits = [
        Cap(of="each_issuer", maximum="12", text="At most 12 from one issuer.", source="bench"),
        Cap(of="participation", value="online", maximum="20", text="At most 20 online.", source="bench"),
    ]
    return Target(
        format=1,
        id="bench",
        title={"en": "A certificate"},
        kind="certificate",
        illustrative=True,
        notice="A benchmark.",
        awarded_by=AwardedBy(name="Benchmark University"),
        unit="ects",
        total="40",
        accepts=Accepts(registry_assured=False),
        required=tuple(
            Place(id=f"p{at}", title={"en": f"Place {at}"}, match=Match(skills=(skill(at),)))
            for at in range(PLACES)
        ),
        free=caps,
        caps=tuple(limits) if caps else (),
    )


def members(number: int, seed: int = 1) -> list[Member]:
    """Each fits a third of the places; every tenth is an offer; some are versions of one another."""
    chance = random.Random(seed)
    return [
        Member(f"m{at}", _record(at, number, chance), at % 10 == 9, Result.PASS, Result.PASS)
        for at in range(number)
    ]


def _record(at: int, number: int, chance: random.Random) -> Record:
    skills = [place for place in range(PLACES) if chance.random() < 1 / 3] or [0]
    return Record.from_json(
        {
            "version": 1,
            "id": f"m{at}",
            "title": {"en": f"Credential {at}"},
            "issuer": {"did": f"did:web:issuer{chance.randrange(8)}.example"},
            "awarded_on": f"202{chance.randrange(3, 6)}-0{chance.randrange(1, 10)}-01",
            "outcomes": [
                {"text": {"en": f"Can do {at}, {place}."}, "esco": skill(place)} for place in skills
            ],
            "credit": {"system": "ects", "value": chance.choice(["1", "2", "2.5", "3", "4", "5"])},
            "assessment": {"basis": "assessed"},
            "participation": [chance.choice(["online", "onsite"])],
            "template": f"issuer/t{chance.randrange(number)}@{chance.randrange(1, 3)}",
        }
    )


def bare(goal: Target, held: list[Member]) -> Callable[[], float]:
    """The same assignment for HiGHS alone, arrays ready: one row a credential, one row a place."""
    fits = [
        (row, place, held[row].record.credit.amount)  # type: ignore[union-attr]
        for row in range(len(held))
        for place in range(PLACES)
        if {skill(place)} & {outcome.esco for outcome in held[row].record.outcomes}
    ]
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(fits), len(held) + PLACES
    model.col_cost_ = np.array([float(amount) * 100 + 100_000 for _, _, amount in fits])
    model.col_lower_, model.col_upper_ = np.zeros(len(fits)), np.ones(len(fits))
    model.row_lower_ = np.full(model.num_row_, -highspy.kHighsInf)
    model.row_upper_ = np.ones(model.num_row_)
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = np.arange(0, 2 * len(fits) + 1, 2)
    model.a_matrix_.index_ = np.array([at for row, place, _ in fits for at in (row, len(held) + place)])
    model.a_matrix_.value_ = np.ones(2 * len(fits))
    model.integrality_ = [highspy.HighsVarType.kInteger] * len(fits)
    model.sense_ = highspy.ObjSense.kMaximize

    def solve() -> float:
        solver = highspy.Highs()  # type: ignore[no-untyped-call]
        for name, value in (
            ("output_flag", False),
            ("threads", 1),
            ("presolve", "off"),
            ("mip_rel_gap", 0.0),
        ):
            solver.setOptionValue(name, value)
        solver.passModel(model)
        solver.run()
        return float(solver.getInfo().objective_function_value)

    return solve


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds; by number of credentials, and of templates."""

    planning: dict[int, Times]
    capped: dict[int, Times]
    bare: dict[int, Times]
    guide: dict[int, Times]
    guidance: dict[int, Times]


def figures(*, quick: bool) -> Figures:
    seconds = 0.3 if quick else 3.0
    found = Figures({}, {}, {}, {}, {})
    for size in SIZES:
        held = members(size)
        found.planning[size] = repeat(partial(plan, target(), held, today=TODAY), seconds)
        found.bare[size] = repeat(bare(target(), held), seconds)
        if size <= 200:
            found.capped[size] = repeat(partial(plan, target(caps=True), held, today=TODAY), seconds)
    goal = replace(target(), required=(), free=True, total="15")
    for size in TEMPLATES:
        offerings = [offering(profile, template, TODAY) for profile, template in catalogue.templates(size)]
        guide = Guide(goal, offerings, today=TODAY)
        found.guide[size] = repeat(partial(Guide, goal, offerings, today=TODAY), seconds)
        found.guidance[size] = repeat(partial(guide.pathway, members(5)), seconds)
    return found


def markdown(found: Figures) -> str:
    """For docs/benchmarks.md, beside the other figures without agents."""
    rows = [
        (
            f"{size:,} credentials",
            f"{found.planning[size].p50 * 1e3:.1f}",
            f"{found.planning[size].p95 * 1e3:.1f}",
            f"{found.bare[size].p50 * 1e3:.1f}",
            f"{found.planning[size].p50 / found.bare[size].p50:.1f}",
            f"{found.capped[size].p50 * 1e3:.0f}" if size in found.capped else "–",
        )
        for size in SIZES
    ]
    head = (
        f"a stack of {PLACES} places, from",
        "p50, ms",
        "p95, ms",
        "bare HiGHS, ms",
        "times bare",
        "with caps, ms",
    )
    guidance = [
        (
            f"{size:,} templates",
            f"{found.guidance[size].p50 * 1e3:.1f}",
            f"{found.guidance[size].p95 * 1e3:.1f}",
            f"{found.guide[size].p50 * 1e3:.0f}",
        )
        for size in TEMPLATES
    ]
    return (
        table(head, rows)
        + "\n\n"
        + table(("what to earn next, among", "p50, ms", "p95, ms", "once per target and day, ms"), guidance)
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.stacks")
    parser.add_argument("--quick", action="store_true")
    print(markdown(figures(quick=parser.parse_args().quick)))
    return 0


if __name__ == "__main__":
    sys.exit(main())

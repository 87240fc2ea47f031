"""The domain without agents: records, stacks, guidance, templates and policies, each beside a peer.

    python -m tests.bench.domain [--quick] [--write docs/benchmarks.md]

Peers run in the same process in the same run: `jsonschema` for records, bare HiGHS for stacks, a plain scan for
templates. Nothing asserts a time.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from agent.core.profiles import PROFILES, validate
from agent.core.record import Learner, Record, record_schema
from agent.core.templates import record_from_template
from issuer_profiles.loader import load_profile, load_template
from tests.bench import catalogue, policy, report, stacks

COUNTS = (10, 100, 1_000, 10_000)


@dataclass(frozen=True, slots=True)
class Rates:
    """Records per second on one core, by number of records."""

    validated: dict[int, float]
    read_and_validated: dict[int, float]
    every_profile: dict[int, float]
    schema: dict[int, float]


def records(*, quick: bool) -> Rates:
    template = load_template("munster-tu", "sustainable-energy")
    profile, learner = load_profile("munster-tu"), Learner(given_name="Aoife", family_name="Byrne", id="R1")
    made = [
        record_from_template(
            profile,
            template,
            issuer_did="did:web:mtu.example",
            learner=learner,
            awarded_on=date(2026, 6, 12),
            record_id=f"urn:uuid:{number}",
        )
        for number in range(100)
    ]
    documents = [each.to_json() for each in made]
    checker = Draft202012Validator(record_schema())
    found = Rates({}, {}, {}, {})
    for count in COUNTS:
        some, texts = (
            (made * (count // len(made) + 1))[:count],
            (documents * (count // len(made) + 1))[:count],
        )
        few, slow = some[:1_000], texts[: 100 if quick else 1_000]
        found.validated[count] = _rate(validate, some)
        found.read_and_validated[count] = _rate(_read_and_validate, texts)
        found.every_profile[count] = _rate(_by_every_profile, few)
        found.schema[count] = _rate(checker.is_valid, slow)
    return found


def _read_and_validate(document: Any) -> None:
    validate(Record.from_json(document))


def _by_every_profile(record: Record) -> None:
    for name in PROFILES:
        validate(record, name)


def _rate(work: Callable[[Any], Any], each: Sequence[Any]) -> float:
    """Calls per second; the first round is a warm-up."""
    for item in each:
        work(item)
    start = time.perf_counter()
    repeats = 0
    while repeats == 0 or time.perf_counter() - start < 0.2:
        for item in each:
            work(item)
        repeats += 1
    return repeats * len(each) / (time.perf_counter() - start)


def markdown(*, quick: bool) -> str:
    load = os.getloadavg()[0]
    start = time.monotonic()
    rates = records(quick=quick)
    rows = [
        (
            f"{count:,}",
            f"{rates.validated[count]:,.0f}",
            f"{rates.read_and_validated[count]:,.0f}",
            f"{rates.every_profile[count]:,.0f}",
            f"{rates.schema[count]:,.0f}",
            f"{rates.read_and_validated[count] / rates.schema[count]:.1f}",
        )
        for count in COUNTS
    ]
    head = (
        "records",
        "council, /s",
        "read + council, /s",
        "all ten, /s",
        "jsonschema alone, /s",
        "read + council, times jsonschema",
    )
    parts = [
        report.table(head, rows),
        "Records of 1.9 kB, one core. `jsonschema` checks the shape against `docs/schema/record.json`, no more.",
        stacks.markdown(stacks.figures(quick=quick)),
        catalogue.markdown(catalogue.figures(quick=quick)),
        _policies(quick=quick),
    ]
    return (
        "\n\n".join(
            [
                f"{time.strftime('%Y-%m-%d')}, {'quick' if quick else 'full'} run, {os.cpu_count()} cores "
                f"({platform.system()} {platform.machine()}), load {load:.1f} before the start, "
                f"Python {platform.python_version()}. The run took {time.monotonic() - start:.0f} s.",
                *parts,
            ]
        )
        + "\n"
    )


def _policies(*, quick: bool) -> str:
    """The planner on plain wallets, then the search on the hard kinds of `tests.bench.policy`, all together."""
    rows = []
    for what, figures in (
        ("the planner", policy.planning(quick)),
        ("the search, hard wallets", policy.search(quick)),
    ):
        for size in policy.SIZES:
            found = [figure for figure in figures if figure.size == size]
            middle = sorted(figure.p50 for figure in found)
            rows.append(
                (
                    f"{what}, {size} candidates",
                    f"{middle[len(middle) // 2] * 1e3:.0f}",
                    f"{max(figure.worst for figure in found) * 1e3:.0f}",
                    f"{sum(figure.exact for figure in found)} of {sum(figure.runs for figure in found)}",
                )
            )
    head = ("smallest disclosure for skills and credit", "p50, ms", "worst, ms", "surely smallest")
    return report.table(head, rows) + "\n\nFor several kinds of wallet, p50 is the median of their medians."


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.domain")
    parser.add_argument("--quick", action="store_true", help="a run of about two minutes")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also replace the script's part of FILE")
    options = parser.parse_args()
    text = markdown(quick=options.quick)
    print(text, end="")
    if options.write is not None:
        report.write(text, options.write, "bench-domain")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The figures as Markdown: what is printed is what goes into docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.growth import Point, Step
from tests.bench.pure import Times
from tests.bench.rounds import RAW, Comparison, Spread

AIM = 1.15
LONGEST_STEPS = 12

# What is counted of our side, beside the baseline of the same rounds.
ISSUING = (
    ("raw ACA-Py: offer to stored", (RAW,)),
    ("ours: accept", ("accept",)),
    ("ours: offer new + accept", ("new", "accept")),
    ("ours: offer new + review + accept", ("new", "review", "accept")),
)
PRESENTING = (
    ("raw ACA-Py: proposal to verified", (RAW,)),
    ("ours: present + verdict", ("present",)),
    ("ours: review + present + verdict", ("review", "present")),
    ("ours: request new + review + present + verdict", ("new", "review", "present")),
)
KINDS = ("ACA-Py", "service", "registry", "bench")


@dataclass
class Figures:
    """Everything one run found."""

    machine: str
    cold: dict[str, tuple[float, float | None, float]] = field(default_factory=dict)
    ready_to_issue: float = 0.0
    memory_idle: dict[str, float] = field(default_factory=dict)
    memory_after: dict[str, float] = field(default_factory=dict)
    issuing: list[Comparison] = field(default_factory=list)
    presenting: list[Comparison] = field(default_factory=list)
    presenting_held: int = 0
    growth: list[Point] = field(default_factory=list)
    repeats: int = 0
    steps: dict[str, list[Step]] = field(default_factory=dict)  # what was done → its calls
    planning: dict[int, Times] = field(default_factory=dict)
    records: dict[int, float] = field(default_factory=dict)
    resolving: dict[int, Times] = field(default_factory=dict)
    seconds: float = 0.0


def markdown(figures: Figures) -> str:
    parts = [
        f"{figures.machine}. The run took {figures.seconds:.0f} s.",
        _summary(figures),
        *_comparisons("Offers issued", figures.issuing, ISSUING),
        *_comparisons("Presentations verified", figures.presenting, PRESENTING),
        f"{figures.presenting_held} credentials were held while presenting; one of them answers the request.",
        "### Cold start and memory",
        _processes(figures),
        f"The issuer's credential definition and revocation registry, once: {figures.ready_to_issue:.1f} s.",
        "### The wallet as it grows",
        _growth(figures.growth),
        f"Milliseconds, median of {figures.repeats}; through the admin API.",
        "### Where the time of one exchange goes",
        *(_steps(what, found, figures.repeats) for what, found in figures.steps.items()),
        "Calls that overlap count in full each; a service's own computing is in none of them.",
        "### Without agents",
        _pure(figures),
    ]
    return "\n\n".join(parts) + "\n"


def write(text: str, path: Path, part: str = "bench") -> None:
    """Replace what lies between the markers of a part. Raises `ValueError` when the file lacks one."""
    opening, closing = f"<!-- {part}:begin -->", f"<!-- {part}:end -->"
    before, begin, rest = path.read_text("utf-8").partition(opening)
    _, end, after = rest.partition(closing)
    if not begin or not end:
        raise ValueError(f"{path} does not have the markers {opening} and {closing}")
    path.write_text(f"{before}{opening}\n\n{text}\n{closing}{after}", "utf-8")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table that can be read as text; all but the first column to the right."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        first, *rest = (
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return f"| {' | '.join([first, *rest])} |"

    rule = ["-" * width if column == 0 else "-" * (width - 1) + ":" for column, width in enumerate(widths)]
    return "\n".join([line(head), line(rule), *(line(row) for row in rows)])


def _summary(figures: Figures) -> str:
    rows = []
    for what, found, parts in (
        ("offer new + accept", figures.issuing, ISSUING[2][1]),
        ("present + verdict", figures.presenting, PRESENTING[1][1]),
    ):
        for one in found:
            ratio = one.ratio(parts)
            verdict = "yes" if ratio.median <= AIM else "no"
            rows.append((f"{what}, {one.width} at a time", f"{ratio.median:.2f}", _span(ratio), verdict))
    return table(("ours, times raw ACA-Py", "median", "(least–most)", f"at most {AIM}"), rows)


def _comparisons(
    title: str, found: Sequence[Comparison], rows: Sequence[tuple[str, tuple[str, ...]]]
) -> list[str]:
    parts = []
    for one in found:
        parts.append(f"### {title}, {one.width} at a time ({one.rounds} rounds of {one.count} on each side)")
        parts.append(
            table(
                ("", "per second", "(least–most)", "times raw", "(least–most)"),
                [
                    (
                        label,
                        f"{(rate := one.rate(names)).median:.2f}",
                        _span(rate),
                        "1" if names == (RAW,) else f"{(ratio := one.ratio(names)).median:.2f}",
                        "" if names == (RAW,) else _span(ratio),
                    )
                    for label, names in rows
                ],
            )
        )
        parts.append(
            table(
                ("CPU per exchange, ms", *KINDS, "sum"),
                [_cpu(one, RAW), _cpu(one, "ours")],
            )
        )
    return parts


def _cpu(one: Comparison, side: str) -> tuple[str, ...]:
    values = [one.cpu(side, kind) for kind in KINDS]
    return (side, *(f"{value:.0f}" for value in values), f"{sum(values):.0f}")


def _span(spread: Spread) -> str:
    return f"{spread.least:.2f}–{spread.most:.2f}"


def _processes(figures: Figures) -> str:
    rows = []
    for name, (answers, acapy, ready) in figures.cold.items():
        rows.append(
            (
                name,
                f"{answers:.1f}",
                "" if acapy is None else f"{acapy:.1f}",
                f"{ready:.1f}",
                _memory(figures, name, "service"),
                _memory(figures, name, "ACA-Py"),
            )
        )
    head = (
        "started alone",
        "answers after, s",
        "its ACA-Py takes, s",
        "takes work after, s",
        "service RSS, MiB",
        "ACA-Py RSS, MiB",
    )
    return table(head, rows) + "\n\nRSS: when started → at the end of the run."


def _memory(figures: Figures, name: str, kind: str) -> str:
    key = f"{name}: {kind}" if name != "registry" else name
    if key not in figures.memory_idle or (name == "registry" and kind != "service"):
        return ""
    return f"{figures.memory_idle[key]:.0f} → {figures.memory_after[key]:.0f}"


def _growth(points: Sequence[Point]) -> str:
    names = list(points[0].seconds) if points else []
    return table(
        ("credentials held", *(str(point.size) for point in points)),
        [(name, *(f"{point.seconds[name] * 1000:.0f}" for point in points)) for name in names],
    )


def _steps(what: str, found: Sequence[Step], count: int) -> str:
    return table(
        (f"{what}: mean of {count}", "calls", "ms"),
        [
            (f"{step.member}: {step.call}", f"{step.times:.1f}", f"{step.seconds * 1000:.0f}")
            for step in found[:LONGEST_STEPS]
        ],
    )


def _pure(figures: Figures) -> str:
    rows = [
        (f"plan, {size} candidates ({times.note})", f"{times.p50 * 1e3:.2f}", f"{times.p95 * 1e3:.2f}")
        for size, times in figures.planning.items()
    ]
    rows += [
        (
            f"registry resolve, {size} bound DIDs ({times.note})",
            f"{times.p50 * 1e3:.2f}",
            f"{times.p95 * 1e3:.2f}",
        )
        for size, times in figures.resolving.items()
    ]
    speeds = ", ".join(f"{rate:,.0f}/s over {size:,}" for size, rate in figures.records.items())
    return (
        table(("", "p50, ms", "p95, ms"), rows)
        + f"\n\nRecords parsed, validated against the Council's list and compared with their attributes: {speeds}."
    )

"""The arithmetic of the bench and the script's part of a document; no agents."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.bench import pure, report
from tests.bench.exchanges import at_width, bind
from tests.bench.rounds import Comparison


def comparison() -> Comparison:
    return Comparison(
        count=4,
        width=1,
        raw=[2.0, 4.0, 1.0],
        ours=[
            {"new": 0.5, "review": 0.1, "accept": 2.0},
            {"new": 0.4, "review": 0.1, "accept": 3.6},
            {"new": 1.0, "review": 0.1, "accept": 2.0},
        ],
        cpu_raw=[{"ACA-Py": 0.4}, {"ACA-Py": 0.8}, {"ACA-Py": 1.2}],
        cpu_ours=[{"ACA-Py": 0.5}, {"ACA-Py": 0.9}, {"ACA-Py": 1.3}],
    )


def test_a_ratio_is_taken_within_each_round() -> None:
    found = comparison()
    assert [found.ratio(("new", "accept")).median, found.rate(("raw",)).median] == [1.25, 2.0]
    # Medians divided by each other would say 1.5: the second round was slow for both sides.
    assert found.ratio(("new", "accept")).least == 1.0
    assert found.ratio(("new", "accept")).most == 3.0
    assert found.cpu("raw", "ACA-Py") == pytest.approx(200)
    assert found.cpu("ours", "registry") == 0


async def test_at_width_keeps_the_order_and_the_width() -> None:
    at_once, most = 0, 0

    async def work(item: int) -> int:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.01 if item % 2 else 0)
        at_once -= 1
        return item * 2

    seconds, found = await at_width(3, bind(work, list(range(8))))
    assert found == [item * 2 for item in range(8)]
    assert most == 3
    assert seconds > 0


def test_only_the_part_between_the_markers_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "b.md"
    path.write_text("before\n\n<!-- bench:begin -->\nold\n<!-- bench:end -->\n\nafter\n")
    report.write("new\n", path)
    report.write("newer\n", path)
    assert path.read_text() == "before\n\n<!-- bench:begin -->\n\nnewer\n\n<!-- bench:end -->\n\nafter\n"
    path.write_text("no markers")
    with pytest.raises(ValueError, match="markers"):
        report.write("new\n", path)
    assert path.read_text() == "no markers"


def test_the_document_has_a_place_for_the_figures() -> None:
    text = (Path(__file__).parents[2] / "docs" / "benchmarks.md").read_text()
    for part in ("bench", "bench-domain"):
        assert text.count(f"<!-- {part}:begin -->") == text.count(f"<!-- {part}:end -->") == 1


def test_a_comparison_is_reported_with_its_aim() -> None:
    figures = report.Figures("a machine", issuing=[comparison()])
    text = report.markdown(figures)
    assert "| offer new + accept, 1 at a time |   1.25 |    1.00–3.00 |           no |" in text
    assert "1 at a time (3 rounds of 4 on each side)" in text


def test_figures_without_agents_are_of_real_work(tmp_path: Path) -> None:
    planned = pure.planning(0)
    assert [planned[size].note for size in pure.SIZES] == ["3 chosen"] * 3
    resolved = pure.resolving(tmp_path / "registry", 0, (1, 3))
    assert {times.note for times in resolved.values()} == {"assured_official"}

"""The drawing is read back as a person reads it: along its lines, from box to box."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.content import Content

from tests.tui.hostile import STRINGS
from wallet_tui.pathway_drawing import GLYPHS, MIN_WIDTH, Box, Drawing, Edge, Node, draw
from wallet_tui.safe_text import safe_text

UP, DOWN, LEFT, RIGHT = (-1, 0), (1, 0), (0, -1), (0, 1)
WAYS = {
    "│": {UP, DOWN},
    "╎": {UP, DOWN},
    "─": {LEFT, RIGHT},
    "╌": {LEFT, RIGHT},
    "┌": {DOWN, RIGHT},
    "┐": {DOWN, LEFT},
    "└": {UP, RIGHT},
    "┘": {UP, LEFT},
    "├": {UP, DOWN, RIGHT},
    "┤": {UP, DOWN, LEFT},
    "┬": {DOWN, LEFT, RIGHT},
    "┴": {UP, LEFT, RIGHT},
    "┼": {UP, DOWN, LEFT, RIGHT},
}
LEAVING = "┯┬╷"
GOAL = Node("goal", "goal", Content("The goal"), Content("7 of 15 ECTS"))


def cells(drawing: Drawing) -> list[list[str]]:
    """One character a cell; the second cell of a wide character, and what sits on a letter, is with it."""
    rows: list[list[str]] = []
    for line in drawing.lines:
        row: list[str] = []
        for char in line.plain:
            wide = cell_len(char)
            if not wide and row:
                row[-1] += char
            row += [char, *[""] * (wide - 1)] if wide else []
        rows.append(row)
    return rows


def reached(grid: list[list[str]], boxes: dict[str, Box], node: str) -> dict[bool, set[str]]:
    """Boxes that the lines out of a box lead to, by whether the line is solid."""
    tops = {(box.y, x): name for name, box in boxes.items() for x in range(box.x, box.x + box.width)}
    bottoms = {(box.y + box.height - 1, x) for box in boxes.values() for x in range(box.x, box.x + box.width)}
    box = boxes[node]
    bottom = box.y + box.height - 1
    found: dict[bool, set[str]] = {True: set(), False: set()}
    for x in range(box.x, box.x + box.width):
        if grid[bottom][x] not in LEAVING:
            continue
        seen: set[tuple[int, int, tuple[int, int]]] = set()
        todo = [(bottom + 1, x, DOWN)]
        arrived: set[str] = set()
        drawn = ""
        while todo:
            y, at, way = todo.pop()
            if (y, at, way) in seen:
                continue
            seen.add((y, at, way))
            char = grid[y][at]
            back = (-way[0], -way[1])
            if (y, at) in bottoms:
                assert way == UP  # another box that leads to the same place
            elif char == "▼":
                assert way == DOWN
                arrived.add(tops[y + 1, at])
            elif char in WAYS and back in WAYS[char]:
                drawn += char
                todo += [(y + dy, at + dx, (dy, dx)) for dy, dx in WAYS[char] - {back}]
            else:
                assert char in "│╎", f"a line ends at {char!r}"
                assert way in {LEFT, RIGHT}
                todo.append((y, at + way[1], way))  # under the line that crosses
        solid = arrived == {"goal"}
        assert arrived
        assert not set(drawn) & set("╌╎" if solid else "─│")
        found[solid] |= arrived
    return found


def check(drawing: Drawing, nodes: list[Node], edges: set[tuple[str, str]], width: int) -> None:
    grid = cells(drawing)
    boxes = drawing.boxes
    assert set(boxes) == {node.id for node in nodes} | {"goal"}
    assert all(
        cell_len(line.plain) == width == len(row) for line, row in zip(drawing.lines, grid, strict=True)
    )
    taken: set[tuple[int, int]] = set()
    for node in [*nodes, GOAL]:
        box = boxes[node.id]
        area = {(y, x) for y in range(box.y, box.y + box.height) for x in range(box.x, box.x + box.width)}
        assert not area & taken
        taken |= area
        assert grid[box.y + 1][box.x + 2] == GLYPHS[node.state]
        assert box.x + box.width <= width
        assert all(boxes["goal"].y > boxes[other.id].y + boxes[other.id].height - 1 for other in nodes)
    levels = sorted((boxes[node.id].y, -1 if node.level is None else node.level) for node in nodes)
    assert [level for _, level in levels] == sorted(level for _, level in levels)
    for node in nodes:
        found = reached(grid, boxes, node.id)
        counts = {"goal"} if (node.id, "goal") in edges else set()
        after = {target for source, target in edges if source == node.id and target != "goal"}
        assert found[True] == counts
        assert found[False] <= after
        for target in after - found[False]:
            box = boxes[target]
            rows = range(box.y, box.y + box.height)
            text = " ".join("".join(grid[y][box.x + 2 : box.x + box.width - 2]) for y in rows)
            assert f"after {node.title.plain.split(' ')[0]}" in text


def graph(titles: list[str], states: list[str], levels: list[int | None]) -> list[Node]:
    return [
        Node(f"n{at}", state, safe_text(f"{at}. {title}"), safe_text(title), level)  # type: ignore[arg-type]
        for at, (title, state, level) in enumerate(zip(titles, states, levels, strict=True))
    ]


TITLES = st.one_of(
    st.text(max_size=40),
    st.sampled_from(STRINGS),
    st.sampled_from(["量子センシング入門" * 4, "تعلم الآلة", "🧑🏽‍🔬 Lab 🇮🇪"]),
)
NODES = st.integers(0, 60).flatmap(
    lambda size: st.builds(
        graph,
        st.lists(TITLES, min_size=size, max_size=size),
        st.lists(
            st.sampled_from(["held", "offered", "next", "open", "nothing"]), min_size=size, max_size=size
        ),
        st.lists(st.sampled_from([None, 4, 5, 6, 7, 8]), min_size=size, max_size=size),
    )
)


@given(
    NODES,
    st.lists(st.tuples(st.integers(0, 59), st.integers(0, 59)), max_size=90),
    st.sets(st.integers(0, 59)),
    st.integers(MIN_WIDTH, 140),
)
@settings(max_examples=40, deadline=None)
def test_every_box_and_every_line_can_be_read_back(
    nodes: list[Node], before: list[tuple[int, int]], counting: set[int], width: int
) -> None:
    names = {node.id for node in nodes}
    edges: set[tuple[str, str]] = {(f"n{at}", "goal") for at in counting if f"n{at}" in names}
    into: dict[str, int] = {}
    for first, second in before:
        source, target = f"n{first}", f"n{second}"
        if (
            source == target
            or {source, target} - names
            or (source, target) in edges
            or into.get(target, 0) == 8
        ):
            continue
        edges.add((source, target))
        into[target] = into.get(target, 0) + 1
    drawing = draw(GOAL, nodes, [Edge(*edge) for edge in sorted(edges)], width, current="n0")
    check(drawing, nodes, edges, width)


def test_states_differ_without_colour() -> None:
    """Each by its glyph and by its border."""
    states = ["held", "offered", "next", "nothing"]
    nodes = [Node(state, state, Content("Title"), Content("note")) for state in states]  # type: ignore[arg-type]
    drawing = draw(GOAL, nodes, [], 74)
    grid = cells(drawing)
    looks = {
        (grid[box.y + 1][box.x + 2], grid[box.y][box.x + 3], grid[box.y + 1][box.x])
        for name, box in drawing.boxes.items()
    }
    assert looks == {("✓", "━", "┃"), ("…", "─", "│"), ("+", "╌", "╎"), ("–", " ", " "), ("◆", "═", "║")}


def test_what_comes_before_stands_right_above_and_a_circle_ends() -> None:
    nodes = [Node(name, "held", Content(name), Content(""), 6) for name in "abcd"]
    drawing = draw(GOAL, nodes, [Edge("a", "b"), Edge("c", "d"), Edge("d", "c")], 74)
    first, second = drawing.boxes["a"], drawing.boxes["b"]
    assert (first.x, first.y < second.y) == (second.x, True)
    assert set(drawing.boxes) == {*"abcd", "goal"}


def test_where_there_is_no_room_for_lines_words_say_it() -> None:
    nodes = [Node(f"n{at}", "held", Content(f"{at}. course"), Content(""), at // 8) for at in range(40)]
    edges = [Edge(f"n{at}", f"n{at + 16}") for at in range(24)]
    drawing = draw(GOAL, nodes, edges, MIN_WIDTH)
    assert any("after " in line.plain for line in drawing.lines)
    check(drawing, nodes, {(edge.source, edge.target) for edge in edges}, MIN_WIDTH)


def test_lines_that_make_no_sense_are_left_out_and_bad_graphs_refused() -> None:
    node = Node("a", "held", Content("a"), Content(""))
    edges = [Edge("a", "nobody"), Edge("goal", "a"), Edge("a", "a"), Edge("a", "goal"), Edge("a", "goal")]
    check(draw(GOAL, [node], edges, 60), [node], {("a", "goal")}, 60)
    with pytest.raises(ValueError, match="one id"):
        draw(GOAL, [node, node], [], 60)
    with pytest.raises(ValueError, match="cells"):
        draw(GOAL, [node], [], MIN_WIDTH - 1)
    many = [Node(f"n{at}", "held", Content(""), Content("")) for at in range(10)]
    with pytest.raises(ValueError, match="before one"):
        draw(GOAL, many, [Edge(f"n{at}", "n0") for at in range(1, 10)], 60)

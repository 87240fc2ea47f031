"""Where the boxes and lines of a pathway go: rows, columns, lanes. Pure; `wallet_tui.pathway_drawing` draws it.

A line leaves a box at its lower border, runs along a track in the gap between two rows and, when it goes further
than that gap, down (or up) a lane at the right. All lines of one *net* may touch: what counts makes one net, into
the goal; what comes after one box makes another, out of that box. Two nets share no piece of line. When there are
more lanes than there is room for, what is left over is said in words in the box it leads to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from rich.cells import cell_len
from textual.content import Content

type State = Literal["held", "offered", "next", "open", "nothing", "goal"]

MAX_BEFORE: Final = 8  # lines into one box
MIN_BOX, MAX_BOX, MAX_GOAL = 26, 38, 64
MAX_COLUMNS: Final = 4
GUTTER, GAP, LANE = 8, 2, 2


@dataclass(frozen=True, slots=True)
class Node:
    """``title`` and ``note`` are plain `Content` from `safe_text`; ``level`` is EQF, None when not stated."""

    id: str
    state: State
    title: Content
    note: Content
    level: int | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """``source`` counts for ``target``, when that is the goal; else it comes before ``target``."""

    source: str
    target: str


@dataclass(slots=True)
class Net:
    """``gaps`` maps the gaps it runs in to the places where boxes join it: (x, whether it arrives there)."""

    solid: bool
    sources: list[str]
    targets: list[str]
    gaps: dict[int, list[tuple[int, bool]]] = field(default_factory=dict)
    lane: int | None = None

    def arrives(self, gap: int) -> bool:
        return any(arriving for _, arriving in self.gaps[gap])


class Layout:
    """Gap ``n`` is above row ``n``; the goal is the last row. ``words`` is what could get no line: titles by node.

    Raises `ValueError` when more than `MAX_BEFORE` nodes come before one.
    """

    def __init__(self, goal: Node, nodes: Sequence[Node], edges: Sequence[Edge], width: int) -> None:
        self.goal, self.width = goal, width
        self.words: dict[str, list[str]] = defaultdict(list)
        self._nodes, self._edges = nodes, edges
        self._titles = {node.id: node.title.plain for node in nodes}
        before: dict[str, int] = defaultdict(int)
        for edge in edges:
            before[edge.target] += edge.target != goal.id
        if max(before.values(), default=0) > MAX_BEFORE:
            raise ValueError(f"more than {MAX_BEFORE} before one")
        most = max(1, (width - GUTTER - MIN_BOX) // LANE)
        self.lanes = 1
        while True:
            self._set_columns()
            self._join()
            needed = self._take_lanes(most)
            if needed <= self.lanes or self.lanes == most:
                break
            self.lanes = min(needed, most)

    def _set_columns(self) -> None:
        space = self.width - GUTTER - LANE * self.lanes
        levels = _levels(self._nodes)
        widest = max((len(level) for level in levels), default=1)
        self.columns = max(1, min(MAX_COLUMNS, (space + GAP) // (MIN_BOX + GAP), widest))
        self.box = min(MAX_BOX, (space - GAP * (self.columns - 1)) // self.columns)
        self.rows: list[dict[int, Node]] = []
        for level in levels:
            self.rows += _rows(level, self._edges, self.columns)
        self.spot = {node.id: (y, x) for y, row in enumerate(self.rows) for x, node in row.items()}
        wanted = max(cell_len(self.goal.title.plain), cell_len(self.goal.note.plain)) + 6
        self.goal_box = max(MIN_BOX, min(MAX_GOAL, space, wanted))
        used = min(space, self.columns * (self.box + GAP) - GAP)
        self.goal_left = GUTTER + max(0, (used - self.goal_box) // 2)

    # Where lines meet boxes.

    def left(self, column: int) -> int:
        return GUTTER + column * (self.box + GAP)

    def way_out(self, net: Net) -> int:
        """Where a net leaves a box, counted from the box's left side."""
        return self.box // 2 if net.solid else self.box // 2 - 4

    def lane_at(self, lane: int) -> int:
        """The goal's lane is at the edge; the others count from the boxes outwards."""
        return self.width - 1 if lane == 0 else self.width - 1 - LANE * (self.lanes - lane)

    def _join(self) -> None:
        counts = Net(True, [], [self.goal.id])
        after: dict[str, Net] = {}
        for edge in self._edges:
            if edge.target == self.goal.id:
                counts.sources.append(edge.source)
            else:
                net = after.setdefault(edge.source, Net(False, [edge.source], []))
                net.targets.append(edge.target)
        self.nets = [*([counts] if counts.sources else []), *after.values()]
        outs = {self.box // 2, self.box // 2 - 4}
        ways_in = [at for first in (2, 3) for at in range(first, self.box - 2, 2) if at not in outs]
        taken: dict[str, int] = defaultdict(int)
        for net in self.nets:
            for source in net.sources:
                row, column = self.spot[source]
                net.gaps.setdefault(row + 1, []).append((self.left(column) + self.way_out(net), False))
            for target in net.targets:
                if target == self.goal.id:
                    at = self.goal_left + self.goal_box // 2
                    net.gaps.setdefault(len(self.rows), []).append((at, True))
                    continue
                row, column = self.spot[target]
                # Straight down, where the box it comes from stands right above: nothing else leaves there.
                above = self.spot[net.sources[0]] == (row - 1, column)
                at = self.way_out(net) if above else ways_in[taken[target]]
                taken[target] += not above
                net.gaps.setdefault(row, []).append((self.left(column) + at, True))

    # Lanes.

    def _take_lanes(self, most: int) -> int:
        """Give a lane to each net of more than one gap; how many were needed. The goal's is number 0."""
        self.words.clear()
        used: list[list[tuple[int, int]]] = [[]]
        far = [net for net in self.nets if len(net.gaps) > 1]
        needed = 0
        for net in sorted(far, key=lambda net: (not net.solid, max(net.gaps) - min(net.gaps))):
            first, last = min(net.gaps), max(net.gaps)
            free = [
                at
                for at, spans in enumerate(used)
                if at and all(last < begin or end < first for begin, end in spans)
            ]
            lane = 0 if net.solid else free[0] if free else len(used)
            needed = max(needed, lane + 1)
            if lane >= most:
                self._say(net)
                continue
            if lane == len(used):
                used.append([])
            used[lane].append((first, last))
            net.lane = lane
        return needed

    def _say(self, net: Net) -> None:
        """No lane is left: only what follows at once keeps its line."""
        (source,) = net.sources
        near = self.spot[source][0] + 1
        net.gaps = {near: net.gaps[near]} if any(arriving for _, arriving in net.gaps[near]) else {}
        for target in net.targets:
            if self.spot[target][0] != near:
                self.words[target].append(self._titles[source])


def _levels(nodes: Sequence[Node]) -> list[list[Node]]:
    """Nodes of one level together, lowest first; what states none comes before all."""
    levels: dict[int, list[Node]] = defaultdict(list)
    for node in nodes:
        levels[-1 if node.level is None else node.level].append(node)
    return [level for _, level in sorted(levels.items())]


def _rows(level: list[Node], edges: Sequence[Edge], columns: int) -> list[dict[int, Node]]:
    """Rows of one level, by column: what comes before stands above, and right above where it can."""
    inside = {node.id for node in level}
    before: dict[str, list[str]] = {node.id: [] for node in level}
    for edge in edges:
        if edge.source in inside and edge.target in inside:
            before[edge.target].append(edge.source)
    rows: list[dict[int, Node]] = []
    above: dict[str, int] = {}
    done: set[str] = set()
    left = level
    while left:
        # A circle of nodes, each before the next, has no first: its members stand as they come.
        ready = [node for node in left if done.issuperset(before[node.id])] or left
        row: dict[int, Node] = {}
        rest: list[Node] = []
        for node in ready[:columns]:
            wished = [above[each] for each in before[node.id] if above.get(each, -1) not in {-1, *row}]
            if wished:
                row[wished[0]] = node
            else:
                rest.append(node)
        free = (at for at in range(columns) if at not in row)
        row |= dict(zip(free, rest, strict=False))
        rows.append(dict(sorted(row.items())))
        above = {node.id: at for at, node in row.items()}
        done |= above.keys()
        left = [node for node in left if node.id not in done]
    return rows

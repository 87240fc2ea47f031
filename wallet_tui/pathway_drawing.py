"""The pathway to a goal in box characters: one band of boxes for each EQF level, the goal below them. Pure.

Every box says in a glyph, in its border and in words what it is; colour only repeats it. Lines are of two kinds:
solid ones say that something counts towards the goal, broken ones that it comes before something else (its issuer
asks for it or recommends it). Where two lines cross, the upright one is whole and the other interrupted, so what
looks like a junction always is one. `wallet_tui.pathway_layout` says where everything goes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from rich.cells import cell_len, set_cell_size
from textual.content import Content, Span

from wallet_tui import words
from wallet_tui.i18n import t
from wallet_tui.layout import fit
from wallet_tui.pathway_layout import GUTTER, MAX_BEFORE, Edge, Layout, Net, Node, State

__all__ = ["GLYPHS", "MAX_BEFORE", "MIN_WIDTH", "Box", "Drawing", "Edge", "Node", "State", "draw"]

MIN_WIDTH: Final = 40
MAX_TITLE_LINES, MAX_NOTE_LINES = 2, 6
AXIS: Final = "┃"

GLYPHS: Final[dict[State, str]] = {
    "held": "✓",
    "offered": "…",
    "next": "+",
    "open": "?",
    "nothing": "–",
    "goal": "◆",
}
_STYLES: Final[dict[State, str]] = {
    "held": "$text-success",
    "offered": "$text-warning",
    "next": "$text-accent",
    "open": "$text-accent",
    "nothing": "$muted",
    "goal": "bold",
}
# Corners (top left, top right, bottom left, bottom right), level, upright, and where a line leaves.
_BORDERS: Final[dict[State, str]] = {
    "held": "┏┓┗┛━┃┯",
    "offered": "┌┐└┘─│┬",
    "next": "┌┐└┘╌╎┬",
    "open": "┌┐└┘╌╎┬",
    "nothing": "┌┐└┘  ╷",
    "goal": "╔╗╚╝═║═",
}
_UP, _DOWN, _LEFT, _RIGHT = 1, 2, 4, 8
_JOINTS: Final = {
    _DOWN | _RIGHT: "┌",
    _DOWN | _LEFT: "┐",
    _UP | _RIGHT: "└",
    _UP | _LEFT: "┘",
    _UP | _DOWN | _RIGHT: "├",
    _UP | _DOWN | _LEFT: "┤",
    _DOWN | _LEFT | _RIGHT: "┬",
    _UP | _LEFT | _RIGHT: "┴",
    _UP | _DOWN | _LEFT | _RIGHT: "┼",
}
_SOLID, _BROKEN = "─│", "╌╎"
_ARROW: Final = "▼"


def draw(
    goal: Node, nodes: Sequence[Node], edges: Iterable[Edge], width: int, *, current: str = ""
) -> Drawing:
    """The whole pathway. ``current`` is the node to point at.

    Edges that name no node, lead out of the goal or from a node to itself are left out. Raises `ValueError` for a
    width below `MIN_WIDTH`, an id twice, or more than `MAX_BEFORE` nodes before one.
    """
    if width < MIN_WIDTH:
        raise ValueError(f"a pathway needs {MIN_WIDTH} cells")
    known = {node.id for node in nodes} | {goal.id}
    if len(known) <= len(nodes):
        raise ValueError("two nodes have one id")
    kept = dict.fromkeys(
        edge
        for edge in edges
        if {edge.source, edge.target} <= known and edge.source not in {goal.id, edge.target}
    )
    return Drawing(Layout(goal, nodes, list(kept), width), current)


class Box(NamedTuple):
    """Where the box of a node stands, in cells."""

    x: int
    y: int
    width: int
    height: int


class Drawing:
    """``line(y)`` is made when it is asked for, exactly as wide as the drawing."""

    def __init__(self, layout: Layout, current: str) -> None:
        self._layout, self._current = layout, current
        self.boxes: dict[str, Box] = {}
        self._pieces: dict[int, list[tuple[int, str, str]]] = defaultdict(list)
        # By line: (from, to, net) of what runs along it, and (x, net, ways) of what runs through it.
        self._along: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
        self._through: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
        self._arrows: dict[int, set[int]] = defaultdict(set)
        self.height = self._place()

    @property
    def lines(self) -> list[Content]:
        return [self.line(y) for y in range(self.height)]

    def _place(self) -> int:
        layout, y = self._layout, 0
        tracks: list[dict[int, int]] = []
        spans: list[tuple[int, int]] = []
        shown: int | None = -1
        for at in range(len(layout.rows) + 1):
            last = at == len(layout.rows)
            level = None if last else next(iter(layout.rows[at].values())).level
            another = last or level != shown
            gap, height = self._tracks(at, y)
            height = max(height, 1) if another and at else height
            tracks.append(gap)
            spans.append((y, y + height))
            y += height
            if another:
                shown = level
                name = t("goal") if last else words.eqf(level)
                self._piece(y, 0, fit(name, GUTTER - 2).plain, "bold")
            y = self._put_goal(y) if last else self._put_row(layout.rows[at], y)
        for number, net in enumerate(layout.nets):
            self._run(number, net, tracks, spans)
        return y

    # Lines between boxes.

    def _tracks(self, gap: int, y: int) -> tuple[dict[int, int], int]:
        """The line of each net that runs across this gap, and the gap's height.

        What only leaves runs above what arrives: so a line down to a box never meets one that comes from above.
        """
        here = [(number, net) for number, net in enumerate(self._layout.nets) if gap in net.gaps]
        here.sort(key=lambda item: (item[1].arrives(gap), item[1].solid))
        found: dict[int, int] = {}
        for number, net in here:
            if net.lane is not None or len({x for x, _ in net.gaps[gap]}) > 1:
                found[number] = y + len(found)
        arrivals = any(net.arrives(gap) for _, net in here)
        return found, len(found) + arrivals

    def _run(self, number: int, net: Net, tracks: list[dict[int, int]], spans: list[tuple[int, int]]) -> None:
        lane = None if net.lane is None else self._layout.lane_at(net.lane)
        levels: list[int] = []
        for gap, joins in net.gaps.items():
            top, bottom = spans[gap]
            track = tracks[gap].get(number)
            for x, arriving in joins:
                first = track if arriving and track is not None else top
                last = bottom - 1 if arriving or track is None else track
                for y in range(first, last + 1):
                    up, down = y > first or not arriving, y < last or arriving
                    self._through[y].append((x, number, _UP * up | _DOWN * down))
                if arriving:
                    self._arrows[bottom - 1].add(x)
            if track is not None:
                ends = [x for x, _ in joins] + ([] if lane is None else [lane])
                self._along[track].append((min(ends), max(ends), number))
                levels.append(track)
        if lane is not None:
            first, last = min(levels), max(levels)
            for y in range(first, last + 1):
                self._through[y].append((lane, number, _UP * (y > first) | _DOWN * (y < last)))

    # Boxes.

    def _put_row(self, row: dict[int, Node], y: int) -> int:
        layout = self._layout
        texts = {column: self._text(node, layout.box - 4) for column, node in row.items()}
        height = max(map(len, texts.values())) + 2
        for column, node in row.items():
            self._box(node, texts[column], Box(layout.left(column), y, layout.box, height))
        return y + height

    def _put_goal(self, y: int) -> int:
        layout = self._layout
        text = self._text(layout.goal, layout.goal_box - 4)
        self._box(layout.goal, text, Box(layout.goal_left, y, layout.goal_box, len(text) + 2))
        return y + len(text) + 2

    def _text(self, node: Node, inner: int) -> list[tuple[str, str]]:
        """(text, style) of the lines in a box, each ``inner`` cells."""
        style = "$muted" if node.state == "nothing" else "bold"
        room = inner - 2
        title = _wrapped(node.title.plain, room, MAX_TITLE_LINES) or [""]
        lines = [(f"{GLYPHS[node.state] if not at else ' '} {line}", style) for at, line in enumerate(title)]
        lines += [(f"  {line}", "$muted") for line in _wrapped(node.note.plain, room, MAX_NOTE_LINES)]
        after = [t("after {title}").format(title=title) for title in self._layout.words.get(node.id, ())]
        lines += [(f"  {_cut(line, room)}", "$muted") for line in after]
        return [(_padded(line, inner), style) for line, style in lines]

    def _box(self, node: Node, text: list[tuple[str, str]], box: Box) -> None:
        top_left, top_right, bottom_left, bottom_right, level, upright, leaves = tuple(_BORDERS[node.state])
        style = _STYLES[node.state]
        left, y, width, height = box
        self.boxes[node.id] = box
        self._piece(y, left, top_left + level * (width - 2) + top_right, style)
        for at in range(height - 2):
            line, line_style = text[at] if at < len(text) else (" " * (width - 4), "")
            mark = "▸" if node.id == self._current and at == 0 else " "
            self._piece(y + 1 + at, left, upright, style)
            self._piece(y + 1 + at, left + 1, mark, "bold $text-accent")
            self._piece(y + 1 + at, left + 2, line, line_style)
            self._piece(y + 1 + at, left + width - 2, f" {upright}", style)
        bottom = list(bottom_left + level * (width - 2) + bottom_right)
        for net in self._layout.nets:
            if node.id in net.sources and net.gaps:
                bottom[self._layout.way_out(net)] = leaves
        self._piece(y + height - 1, left, "".join(bottom), style)

    def _piece(self, y: int, x: int, text: str, style: str) -> None:
        self._pieces[y].append((x, text, style))

    # One line.

    def line(self, y: int) -> Content:
        pieces = [*self._pieces.get(y, ()), (GUTTER - 2, AXIS, "$muted"), *self._wires(y)]
        pieces.sort()
        out: list[str] = []
        spans: list[Span] = []
        cells = chars = 0
        for x, text, style in pieces:
            if style:
                start = chars + x - cells
                spans.append(Span(start, start + len(text), style))
            out.append(" " * (x - cells) + text)
            chars += x - cells + len(text)
            cells = x + (len(text) if text.isascii() or text[0] in "─╌│╎━═" else cell_len(text))
        out.append(" " * (self._layout.width - cells))
        return Content("".join(out), spans)

    def _wires(self, y: int) -> Iterable[tuple[int, str, str]]:
        """The pieces of line on line ``y``: what runs along it, interrupted by what runs through it."""
        nets = self._layout.nets
        along = self._along.get(y, ())
        through: dict[int, tuple[int, int]] = {}
        for x, number, ways in self._through.get(y, ()):
            through[x] = (number, ways | through.get(x, (0, 0))[1])
        for left, right, number in along:
            chars = list((_SOLID if nets[number].solid else _BROKEN)[0] * (right - left + 1))
            start = left
            for x in sorted(at for at in through if left <= at <= right):
                other, ways = through[x]
                if other == number:
                    through[x] = (number, ways | _LEFT * (x > left) | _RIGHT * (x < right))
                if x > start:
                    yield start, "".join(chars[start - left : x - left]), _wire_style(nets[number])
                start = x + 1
            if start <= right:
                yield start, "".join(chars[start - left :]), _wire_style(nets[number])
        for x, (number, ways) in through.items():
            if x in self._arrows.get(y, ()):
                yield x, _ARROW, _wire_style(nets[number])
            else:
                upright = (_SOLID if nets[number].solid else _BROKEN)[1]
                yield x, _JOINTS.get(ways, upright), _wire_style(nets[number])


def _wire_style(net: Net) -> str:
    return "" if net.solid else "$text-accent"


def _wrapped(text: str, width: int, most: int) -> list[str]:
    """``text`` on at most ``most`` lines of ``width`` cells, broken between words where it can be."""
    lines: list[str] = []
    rest = text.strip()
    while rest and len(lines) < most - 1 and cell_len(rest) > width:
        head = set_cell_size(rest, width)
        if not rest.startswith(head):  # half a wide character became a blank
            head = head[:-1]
        cut = len(head) if rest[len(head) : len(head) + 1] == " " else head.rfind(" ")
        cut = cut if cut > 0 else len(head)
        lines.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*lines, _cut(rest, width)] if rest else lines


def _cut(text: str, width: int) -> str:
    return text if cell_len(text) <= width else set_cell_size(text, width - 1).rstrip() + "…"


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))

"""Moving through lines: with `j` alone every line comes on the screen, at any height."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.content import Content

from wallet_tui.widgets.document import Block, Document, still_seen
from wallet_tui.widgets.rows import RowList


def text(number: int, lines: int) -> list[Content]:
    return [Content(f"block {number} line {line}") for line in range(lines)]


# (lines, selectable) of each block: stops far apart, stops taller than the page, no stop at all, all stops.
SHAPES = {
    "apart": [(5, False), (1, True), (30, False), (1, True), (12, False)],
    "tall": [(2, True), (40, True), (1, True), (3, False)],
    "none": [(45, False)],
    "many": [(1, True)] * 60,
    "tail": [(3, False), *[(2, True)] * 8, (25, False)],
}


class Reader(App[None]):
    CSS = "Document, RowList { height: 1fr; overflow-x: hidden; }"

    def __init__(self, shape: list[tuple[int, bool]]) -> None:
        super().__init__()
        self._blocks = [Block(text(n, size), str(n) if stop else "") for n, (size, stop) in enumerate(shape)]

    def compose(self) -> ComposeResult:
        yield Document(id="text")

    def on_mount(self) -> None:
        self.query_one(Document).show(lambda _: self._blocks)


@pytest.mark.parametrize("height", [5, 12, 24])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
async def test_j_shows_every_line_and_k_leads_back(shape: list[tuple[int, bool]], height: int) -> None:
    app = Reader(shape)
    async with app.run_test(size=(40, height)) as pilot:
        document = app.query_one(Document)
        document.focus()
        await pilot.pause()
        assert document.top == 0
        tops = [document.top]
        for _ in range(2 * document.line_count):
            if not document.unseen:
                break
            document.action_cursor_down()
            await pilot._wait_for_screen()
            app.screen._on_timer_update()
            tops.append(document.top)
        assert document.unseen == 0
        assert tops == sorted(tops), "reading on never jumps back"
        for _ in range(2 * document.line_count):
            document.action_cursor_up()
            await pilot._wait_for_screen()
        assert document.top == 0


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
async def test_pages_show_every_line_and_j_goes_on_from_there(shape: list[tuple[int, bool]]) -> None:
    app = Reader(shape)
    async with app.run_test(size=(40, 10)) as pilot:
        document = app.query_one(Document)
        await pilot.pause()
        for _ in range(document.line_count):
            before = document.top
            document.action_page_down()
            await pilot._wait_for_screen()
            app.screen._on_timer_update()
            document.action_cursor_down()
            await pilot._wait_for_screen()
            app.screen._on_timer_update()
            assert document.top >= before
        assert document.unseen == 0


async def test_the_first_paint_shows_the_first_line_even_if_the_place_grows() -> None:
    app = Reader(SHAPES["tail"])
    async with app.run_test(size=(40, 3)) as pilot:
        await pilot.resize_terminal(40, 20)
        await pilot.pause()
        assert app.query_one(Document).top == 0


class Rows(App[None]):
    CSS = "RowList { height: 1fr; overflow-x: hidden; }"
    drawn = 0

    def compose(self) -> ComposeResult:
        yield RowList(self.draw, str)

    def draw(self, item: int, _: int) -> list[Content]:
        self.drawn += 1
        return [Content(f"row {item}"), Content("second line")]


async def test_ten_thousand_rows_are_drawn_only_where_they_are_seen() -> None:
    app = Rows()
    async with app.run_test(size=(40, 20)) as pilot:
        rows = app.query_one(RowList)
        rows.show(range(10_000))
        await pilot.pause()
        assert app.drawn < 100
        rows.action_cursor_last()
        await pilot.pause()
        assert rows.current == 9_999
        assert app.drawn < 200
        rows.action_cursor_first()
        rows.action_page_down()
        await pilot.pause()
        assert rows.current == 9
        rows.show([5, 9, 11])
        assert rows.current == 9, "the cursor stays on its item"
        rows.show([])
        assert rows.current is None


@pytest.mark.parametrize(
    ("seen", "old", "new", "left"),
    [
        ({0, 1, 2}, "abc", "abc", {0, 1, 2}),
        ({0, 1, 2}, "abc", "axc", {0, 2}),
        ({0, 1, 2}, "abc", "abxc", {0, 1, 3}),
        ({0, 1, 2}, "abc", "ac", {0, 1}),
        ({0, 1, 2}, "abc", "xyz", set()),
        ({1}, "abc", "abcd", {1}),
        ({0, 1}, "aa", "aaa", {0, 1}),
        ({0}, "a", "", set()),
        (set(), "", "a", set()),
    ],
)
def test_a_line_that_says_something_else_was_not_seen(
    seen: set[int], old: str, new: str, left: set[int]
) -> None:
    lines = [[Content(letter) for letter in text] for text in (old, new)]
    assert still_seen(seen, *lines) == left

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.content import Content

from wallet_tui.safe_text import ELLIPSIS, MAX_MARKS, PrintableFilter, Untrusted, clean, safe_text

BLACK = Color(0, 0, 0)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("Data Literacy", "Data Literacy"),
        ("\x1b]52;c;QQ==\x07x", "�]52;c;QQ==�x"),
        ("\x1b[2J", "�[2J"),
        ("a\nb\tc", "a�b�c"),
        ("\u202egnp.exe", "�gnp.exe"),
        ("zero\u200bwidth\u00ad", "zero�width�"),
        ("\ud800", "�"),
        ("\ue000\U000e0041\uffff", "���"),
        ("a \u00a0\u3000  b", "a b"),
        ("  edge  ", "edge"),
        ("a\u2028b\u2029c", "a b c"),
        ("\u3164\u2800", "��"),
        ("❤\ufe0f", "❤"),
        ("e\u0301", "e\u0301"),
        ("\u0301", "\u25cc\u0301"),
        ("[/x] [@click=app.quit]", "[/x] [@click=app.quit]"),
        ("日本語 שלום", "日本語 שלום"),
        ("", ""),
    ],
)
def test_what_is_shown(raw: str, shown: str) -> None:
    assert clean(raw) == shown
    made = safe_text(Untrusted(raw))
    assert isinstance(made, Content)
    assert made.plain == shown
    assert not made.spans, "text from outside carries no style and no action"


def test_marks_on_one_letter_are_capped() -> None:
    assert clean("e" + "\u0301" * 50 + "x") == "e" + "\u0301" * MAX_MARKS + "x"


def test_long_text_is_cut_with_an_ellipsis() -> None:
    assert clean("a" * 10_000, 50) == "a" * 49 + ELLIPSIS
    assert clean("a" * 50, 50) == "a" * 50
    assert len(clean("e" + "\u0301" * 10_000, 50)) <= 50


@given(st.text(alphabet=st.characters(), max_size=300), st.integers(1, 60))
def test_nothing_unprintable_is_left_and_the_limit_holds(raw: str, limit: int) -> None:
    shown = clean(raw, limit)
    # A combining mark at the start brings a dotted circle with it: one character more.
    assert len(shown) <= limit * (1 + MAX_MARKS)
    assert all(char == " " or unicodedata.category(char)[0] not in "CZ" for char in shown)
    assert shown == shown.strip(" ")
    assert "  " not in shown


@given(st.text(max_size=200))
def test_cleaning_twice_changes_nothing(raw: str) -> None:
    once = clean(raw, 1000)
    assert clean(once, 1000) == once


def test_untrusted_text_cannot_be_printed_by_accident() -> None:
    text = Untrusted("secret")
    with pytest.raises(TypeError):
        str(text)
    with pytest.raises(TypeError):
        f"{text}"
    with pytest.raises(TypeError):
        "%s" % text  # noqa: UP031 - the way it could happen
    assert "secret" not in repr(text)
    assert Untrusted("a") == Untrusted("a")
    assert Untrusted("a") != "a"
    assert not Untrusted("  ")


@given(st.text(max_size=100))
def test_the_filter_keeps_cell_widths_and_drops_the_unprintable(raw: str) -> None:
    (segment,) = PrintableFilter().apply([Segment(raw)], BLACK) or [Segment("")]
    assert segment.text.isprintable()
    assert cell_len(segment.text) >= cell_len("".join(char for char in raw if char.isprintable()))


def test_the_filter_drops_links_and_control_segments() -> None:
    linked = Segment("text", Style(link="https://evil.example", bold=True))
    control = Segment("\x1b[2J", None, [(1,)])  # type: ignore[list-item]
    (left,) = PrintableFilter().apply([linked, control], BLACK)
    assert left.style is not None
    assert left.style.link is None
    assert left.style.bold


def test_the_filter_leaves_good_segments_alone() -> None:
    good = Segment("plain", Style(bold=True))
    assert PrintableFilter().apply([good], BLACK)[0] is good

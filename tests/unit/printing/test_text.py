"""Text in any script: harmless, measured, wrapped and in the right order."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import agent.printing
from agent.errors import InputError
from agent.printing.fonts import bundled, fonts_with, told
from agent.printing.text import clusters, is_rtl, paragraphs, runs, shape, shown, width, wrap

from .samples import CHINESE, TITLES

FONTS = bundled()
DATA = Path(agent.printing.__file__).parent / "data" / "fonts"
ANY = "abc XYZ-1./ é" + "".join(TITLES.values()) + CHINESE + "\u0301\u200d\u3000"


def visual(text: str) -> list[str]:
    """The runs from left to right, those from right to left turned round as they are drawn."""
    return [run.text[::-1] if run.rtl else run.text for run in runs(text, FONTS, bold=False)]


@pytest.mark.parametrize("title", TITLES.values(), ids=TITLES)
@pytest.mark.parametrize("bold", [False, True])
def test_every_letter_of_nine_scripts_has_a_glyph(title: str, bold: bool) -> None:
    assert FONTS.lacking(title) == frozenset()
    for run in runs(title, FONTS, bold=bold):
        glyphs, _ = shape(run)
        assert all(glyph.codepoint != 0 for glyph in glyphs)
    assert width(title, FONTS, bold=bold) > 5


def test_arabic_letters_are_joined() -> None:
    """The same letter alone and between others is drawn by different glyphs."""
    alone, joined = (
        [glyph.codepoint for glyph in shape(runs(text, FONTS, bold=False)[0])[0]] for text in ("ه", "ههه")
    )
    assert len(joined) == 3
    assert len(set(joined)) == 3
    assert alone[0] not in joined


def test_hebrew_goes_from_right_to_left_and_its_numbers_do_not() -> None:
    """UAX #9 by its letters: what is read first stands at the right end."""
    assert "".join(visual("abc אבג 123")) == "abc 123 גבא"
    assert "".join(visual("אבג abc (דה)")) == "(הד) abc גבא".replace("(", "\0").replace(")", "(").replace(
        "\0", ")"
    )
    assert is_rtl("123 אבג abc")
    assert not is_rtl("a אבג")
    assert not is_rtl("123")


def test_a_mark_stays_in_the_font_of_its_letter() -> None:
    assert [run.text for run in runs("سَلَام", FONTS, bold=False)] == ["سَلَام"]


def test_joiners_stay_where_they_shape_letters_and_nowhere_else() -> None:
    assert shown("می\u200cخواهم", 50) == "می\u200cخواهم"
    assert shown("Mun\u200cster", 50) == "Mun\ufffdster"


def test_controls_and_overrides_are_made_visible() -> None:
    assert shown("a\x1b[2J\u202eb\u0000\u2028c", 50) == "a\ufffd[2J\ufffdb\ufffd\ufffdc"
    assert shown("a" + "\u0301" * 40, 50) == "a" + "\u0301" * 4
    assert shown("x" * 100, 10) == "x" * 9 + "…"


def test_paragraphs_are_the_lines_it_was_written_in() -> None:
    assert paragraphs("one\r\ntwo\n\n three\tfour\r", 100) == ("one", "two", "three four")
    assert paragraphs("x" * 100, 10) == ("x" * 10 + "…",)
    assert paragraphs(" \n ", 10) == ()


def test_what_no_font_has_is_counted_and_named() -> None:
    assert (
        FONTS.replaced(f"A {CHINESE} and 数 z")
        == "A [6 characters not printed] and [1 character not printed] z"
    )
    assert FONTS.replaced("数据 素养") == "[4 characters not printed]"
    assert FONTS.replaced("plain") == "plain"
    assert told(FONTS.lacking("数据数")) == "U+636E, U+6570"
    assert told(frozenset(map(chr, range(0x4E00, 0x4E64))), 2) == "U+4E00, U+4E01 and 98 more"


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from(ANY), max_size=120), st.floats(3, 40), st.booleans())
def test_wrapping_loses_nothing_and_no_line_is_too_wide(text: str, limit: float, bold: bool) -> None:
    lines = wrap(text, FONTS, limit=limit, bold=bold)
    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        parts = list(clusters(line))
        assert len(parts) == 1 or sum(width(part, FONTS, bold=bold) for part in parts) <= limit + 3


@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from(ANY), max_size=60))
def test_runs_draw_each_letter_once(text: str) -> None:
    drawn = sorted("".join(run.text for run in runs(text, FONTS, bold=False)))
    assert drawn == sorted(char for char in text if char not in FONTS.lacking(text))


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_anything_shown_is_harmless(text: str) -> None:
    for char in shown(text, 50):
        assert unicodedata.category(char) not in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp")
        assert unicodedata.bidirectional(char) not in (
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        )


def test_a_long_text_is_cut_at_the_last_line() -> None:
    lines = wrap("word " * 200, FONTS, limit=20, most=3)
    assert len(lines) == 3
    assert lines[2].endswith("…")
    assert width(lines[2], FONTS, bold=False) <= 20


def test_chinese_is_broken_between_letters_but_not_before_a_full_stop() -> None:
    assert wrap("数据。素养", FONTS, limit=0.1) == [
        "数据。素养"
    ]  # without a font it has no width, and is not broken
    assert "。" not in {line[:1] for line in wrap("ab。" * 9, FONTS, limit=2)}


def test_the_fonts_are_those_of_the_manifest() -> None:
    manifest = json.loads((DATA / "manifest.json").read_text())
    listed = {each["file"]: each["sha256"] for each in manifest["files"]}
    present = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in DATA.glob("*.ttf")}
    assert present == listed
    assert "SIL OPEN FONT LICENSE" in (DATA / "OFL.txt").read_text()


@pytest.mark.parametrize("name", ["missing.ttf", "broken.ttf", "font.txt"])
def test_a_file_that_is_no_font_is_refused(tmp_path: Path, name: str) -> None:
    if name != "missing.ttf":
        (tmp_path / name).write_bytes(b"\0\1\0\0 not a font at all")
    with pytest.raises(InputError) as caught:
        fonts_with(tmp_path / name)
    assert caught.value.code == "bad_font"

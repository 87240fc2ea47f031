"""The fonts of pictures and PDFs: Noto Sans for seven scripts as package data, and one more if there is one.

A text is set in the first font that has a character (`Fonts.face_for`). What no font has is never drawn as an empty
box: `Fonts.replaced` says how many characters are left out, and `told` which. Chinese, Japanese and Korean need a font
of 4 MB or more, so none comes along: `agent.services.system_fonts` finds one on the machine, for `fonts_with`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from agent.errors import InputError

_FOLDER: Final = Path(__file__).parent / "data" / "fonts"
_FAMILIES: Final = (
    "NotoSans",
    "NotoSansArabic",
    "NotoSansHebrew",
    "NotoSansArmenian",
    "NotoSansGeorgian",
    "NotoSansThai",
    "NotoSansDevanagari",
)
_WEIGHTS: Final = {False: "Regular", True: "SemiBold"}


class Face:
    """One font of one weight: what it covers, how wide it is. ``family`` is the same for both weights."""

    def __init__(self, family: str, path: Path, index: int = 0) -> None:
        """Raises `InputError` bad_font when the file is no font."""
        import uharfbuzz as hb

        self.family, self.path, self.index = family, path, index
        try:
            face = hb.Face(hb.Blob.from_file_path(str(path)), index)
            covered = face.unicodes
        except (OSError, hb.HarfBuzzError) as error:
            raise InputError("bad_font", f"{path.name} cannot be read as a font.") from error
        if not covered:
            raise InputError("bad_font", f"{path.name} is not a font, or has no letters.")
        self.font: Any = hb.Font(face)
        self.units: int = face.upem
        self._covered: Any = covered
        self._advances: dict[str, float] = {}

    def has(self, char: str) -> bool:
        return ord(char) in self._covered

    def advance(self, char: str) -> float:
        """The width of one character by itself, in em."""
        if char not in self._advances:
            glyph = self.font.get_nominal_glyph(ord(char)) or 0
            self._advances[char] = self.font.get_glyph_h_advance(glyph) / self.units
        return self._advances[char]


class Fonts:
    """Faces of two weights in the order in which they are tried."""

    def __init__(self, regular: Sequence[Face], bold: Sequence[Face]) -> None:
        self.regular, self.bold = tuple(regular), tuple(bold)
        self._chosen: dict[tuple[str, bool], Face | None] = {}

    def face_for(self, char: str, *, bold: bool) -> Face | None:
        key = (char, bold)
        if key not in self._chosen:
            faces = self.bold if bold else self.regular
            self._chosen[key] = next((face for face in faces if face.has(char)), None)
        return self._chosen[key]

    def lacking(self, text: str) -> frozenset[str]:
        """The characters of ``text`` that no face has."""
        return frozenset(char for char in set(text) if self.face_for(char, bold=False) is None)

    def replaced(self, text: str) -> str:
        """``text`` with each run of characters that no face has said in words, for a box would say nothing."""
        lacking = self.lacking(text)
        if not lacking:
            return text
        # Spaces and marks between them go along, so that a sentence in one script is left out as a whole.
        gap = "".join(re.escape(char) for char in sorted(lacking))
        found = re.compile(f"[{gap}](?:[\\s\\u3000]*[{gap}])*")
        return found.sub(lambda run: _left_out(sum(char in lacking for char in run[0])), text)


def _left_out(count: int) -> str:
    return f"[{count} character{'' if count == 1 else 's'} not printed]"


def told(lacking: frozenset[str], limit: int = 60) -> str:
    """``U+6570, U+636E``: the characters a page could not print, in order, at most ``limit`` of them."""
    ordered = sorted(lacking)
    shown = ", ".join(f"U+{ord(char):04X}" for char in ordered[:limit])
    return shown if len(ordered) <= limit else f"{shown} and {len(ordered) - limit} more"


@cache
def bundled() -> Fonts:
    """The fonts that come with the software: Latin, Greek, Cyrillic, Arabic, Hebrew, Armenian, Georgian, Thai and
    Devanagari. Opened once; they change with the program.
    """
    return Fonts(*(tuple(_faces(bold)) for bold in (False, True)))


def _faces(bold: bool) -> Iterator[Face]:
    for family in _FAMILIES:
        yield Face(family, _FOLDER / f"{family}-{_WEIGHTS[bold]}.ttf")


@cache
def fonts_with(path: Path, index: int = 0) -> Fonts:
    """`bundled`, and behind them the font in ``path``, for both weights; ``index`` in a collection (.ttc).

    Raises `InputError` bad_font.
    """
    if path.suffix.lower() not in (".ttf", ".otf", ".ttc", ".otc"):
        raise InputError(
            "bad_font", f"{path.name} is not a font file.", "Give a .ttf, .otf, .ttc or .otc file."
        )
    base, face = bundled(), Face("Further", path, index)
    return Fonts((*base.regular, face), (*base.bold, face))


def is_mark(char: str) -> bool:
    """Belongs to the character before it: a mark, a joiner or a selector of variants."""
    return char in "\u200c\u200d" or unicodedata.category(char)[0] == "M"

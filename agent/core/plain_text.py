"""Text from outside, made harmless for a terminal: no control, format or private character gets through.

A title may hold escape sequences that write the clipboard or redraw the screen (wallet-ui.md, "Safety").
Everything in Unicode category C becomes U+FFFD, line breaks and tabs included; look-alike letters survive, so
a name is always shown with its host.
"""

from __future__ import annotations

import unicodedata

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
ELLIPSIS = "…"
MAX_CHARS = 4000
# Enough for pointed Hebrew, Vietnamese and Tibetan; a taller pile only smears over its neighbours.
MAX_MARKS = 4

# Letters and symbols that draw nothing although their category says otherwise (Default_Ignorable_Code_Point
# of Unicode 15 outside C*, plus the Braille blank): they would make two different names look the same.
INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
# Variation selectors choose a drawing and carry no meaning in text; they upset cell widths.
SELECTORS = frozenset(
    [chr(point) for point in range(0xFE00, 0xFE10)]
    + [chr(point) for point in range(0xE0100, 0xE01F0)]
    + ["\u180b", "\u180c", "\u180d", "\u180f"]
)


def harmless(char: str) -> str:
    """What may be drawn for one character: itself, U+FFFD, or nothing for a variation selector."""
    if " " <= char < "\x7f":
        return char
    if char in SELECTORS:
        return ""
    category = unicodedata.category(char)
    return REPLACEMENT if category[0] == "C" or category in ("Zl", "Zp") or char in INVISIBLE else char


def printable(text: str, limit: int = MAX_CHARS) -> str:
    """One line of at most ``limit`` characters, each of them `harmless`; spaces stay, for they are layout."""
    kept: list[str] = []
    marks = 0
    for char in text[: limit + 1]:
        shown = harmless(char)
        if not shown:
            continue
        marks = marks + 1 if unicodedata.category(shown)[0] == "M" else 0
        if marks <= MAX_MARKS:
            kept.append(shown)
    if len(text) > limit:
        return "".join(kept[: limit - 1]) + ELLIPSIS
    return "".join(kept)

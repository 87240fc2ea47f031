"""Text from outside, made harmless for a terminal: no control, format or private character gets through.

A title may hold escape sequences that write the clipboard or redraw the screen (wallet-ui.md, "Safety").
Everything in Unicode category C becomes U+FFFD, line breaks and tabs included; look-alike letters survive, so
a name is always shown with its host.
"""

from __future__ import annotations

import unicodedata

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
MAX_CHARS = 4000
MAX_MARKS = 4  # combining marks on one letter; more would paint over the lines above


def printable(text: str, limit: int = MAX_CHARS) -> str:
    """At most ``limit`` characters, each of which is a letter, mark, number, punctuation, symbol or space."""
    kept: list[str] = []
    marks = 0
    for char in text[: limit + 1]:
        category = unicodedata.category(char)
        marks = marks + 1 if category[0] == "M" else 0
        if marks > MAX_MARKS:
            continue
        kept.append(REPLACEMENT if category[0] == "C" or category in ("Zl", "Zp") else char)
    if len(kept) > limit:
        return "".join(kept[: limit - 1]) + "…"
    return "".join(kept)

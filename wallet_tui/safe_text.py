"""The two walls between text from outside and the terminal.

1. `safe_text` at the edge: what came from outside is `Untrusted` until this turns it into `Content`.
   Controls, format characters, bidi overrides, surrogates, private-use and unassigned characters
   (Unicode category C*) and blanks that only look empty become U+FFFD; length is capped, so is the pile
   of marks on one letter; nothing is ever parsed as markup.
2. `PrintableFilter` on the app: drops whatever is not printable from every rendered segment, and every
   hyperlink (OSC 8), whichever widget produced it.

Textual passes raw escapes through to the terminal in every widget (wallet-ui.md, "Safety of what is
shown"), so neither wall may be skipped. Look-alike letters survive both: screens show the DID or host
beside every name.
"""

from __future__ import annotations

import unicodedata

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.content import Content
from textual.filter import LineFilter

from agent.core.plain_text import ELLIPSIS, MAX_MARKS, harmless

DEFAULT_LIMIT = 200
_DOTTED_CIRCLE = "\u25cc"


class Untrusted:
    """Text from outside. Formatting or printing it is an error; show it with `safe_text`."""

    __slots__ = ("_raw",)

    def __init__(self, raw: str) -> None:
        self._raw = raw

    @property
    def raw(self) -> str:
        """The characters as they came: for comparing and sending back, never for showing."""
        return self._raw

    def __bool__(self) -> bool:
        return bool(self._raw.strip())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Untrusted) and other._raw == self._raw

    def __hash__(self) -> int:
        return hash(self._raw)

    def __repr__(self) -> str:
        return f"Untrusted({len(self._raw)} characters)"

    def __str__(self) -> str:
        raise TypeError("text from outside is shown with safe_text() only")

    def __format__(self, format_spec: str) -> str:
        raise TypeError("text from outside is shown with safe_text() only")


def safe_text(value: Untrusted | str, limit: int = DEFAULT_LIMIT) -> Content:
    """``value`` as one line of plain `Content` of at most ``limit`` characters (an ellipsis included)."""
    return Content(clean(value, limit))


def clean(value: Untrusted | str, limit: int = DEFAULT_LIMIT) -> str:
    """The characters that `safe_text` shows: for the clipboard and for searching. Linear in ``limit``."""
    raw = value.raw if isinstance(value, Untrusted) else value
    # What is dropped below must not make us read without end.
    window = raw[: 4 * limit + 16]
    out: list[str] = []
    marks = 0
    for char in window:
        shown, marks = _one(char, marks, out[-1] if out else "")
        if shown:
            out.append(shown)
        if len(out) > limit:
            break
    while out and out[-1] == " ":
        out.pop()
    if len(out) > limit or len(window) < len(raw):
        del out[max(0, limit - 1) :]
        out.append(ELLIPSIS)
    return "".join(out)


def _one(char: str, marks: int, before: str) -> tuple[str, int]:
    """What is shown for ``char`` (maybe nothing) and how many marks the current cell carries then."""
    if " " < char < "\x7f":
        return char, 0
    category = unicodedata.category(char)
    if category in {"Zs", "Zl", "Zp"}:
        # One blank: a run of them could push the next column out of its place.
        return ("" if before in {"", " "} else " "), 0
    shown = harmless(char)
    if shown != char:
        return shown, marks if not shown else 0
    if category.startswith("M"):
        if marks >= MAX_MARKS:
            return "", marks
        # A mark with nothing to sit on would sit on our own text.
        return (char if before not in {"", " "} else _DOTTED_CIRCLE + char), marks + 1
    return char, 0


class PrintableFilter(LineFilter):
    """Wall two. Every character that is not printable becomes blanks of its own cell width."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - Textual's signature
        return [self._segment(segment) for segment in segments if not segment.control]

    @staticmethod
    def _segment(segment: Segment) -> Segment:
        text, style, _ = segment
        if style is not None and style.link:
            style = style.update_link(None)
        elif text.isprintable():
            return segment
        if not text.isprintable():
            text = "".join(char if char.isprintable() else " " * cell_len(char) for char in text)
        return Segment(text, style)

"""What a program writes to its terminal, read as a terminal reads it: ECMA-48 as DEC and xterm practise it.

`faults` names everything that Textual is not known to write. Every byte belongs to exactly one piece, so nothing
hides between two patterns: text, a control, an escape, a CSI, or a string (OSC, DCS, SOS, PM, APC) up to its end.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

MAX_MARKS_IN_A_ROW = 8
MAX_STRING = 200

# CSI: (private prefix, intermediates, final) that Textual's driver and renderer write.
_CSI = frozenset(
    {
        *(("", "", final) for final in "mABCDEFGHJKdfnct"),
        # Modes of the alternate screen, mouse, focus, paste, synchronised output; the keyboard protocol of kitty.
        *(("?", "", final) for final in "hlcu"),
        *((prefix, "", "u") for prefix in "<>="),
        ("?", "$", "p"),  # asks whether a mode is known
    }
)
# The mouse pointer's shape, and what Textual's inline and web drivers never do: nothing else.
_OSC = re.compile(r"22;[a-z-]{0,20}")
_DCS = re.compile(r"=[12]s")  # synchronised output as older terminals know it
_ESCAPES = frozenset("78=>M")
_CONTROLS = frozenset("\r\n\t\b\x0f\x1b")
_STRINGS = {"]": "OSC", "P": "DCS", "X": "SOS", "^": "PM", "_": "APC"}


@dataclass(frozen=True, slots=True)
class Piece:
    """``kind`` is text, control, ESC, CSI, OSC, DCS, SOS, PM, APC or broken; ``body`` what it holds."""

    kind: str
    body: str


def pieces(data: bytes) -> Iterator[Piece]:
    """A terminal in UTF-8: bytes that are none come out as lone surrogates in the text."""
    text = data.decode("utf-8", "surrogateescape")
    at, start = 0, 0
    while at < len(text):
        char = text[at]
        if " " <= char != "\x7f" and not "\x80" <= char <= "\x9f":
            at += 1
            continue
        if start < at:
            yield Piece("text", text[start:at])
        piece, at = _one(text, at)
        yield piece
        start = at
    if start < at:
        yield Piece("text", text[start:at])


def _one(text: str, at: int) -> tuple[Piece, int]:
    if text[at] != "\x1b":
        return Piece("control", text[at]), at + 1
    following = text[at + 1 : at + 2]
    if following == "[":
        found = re.compile(r"[0-?]*[ -/]*[@-~]").match(text, at + 2)
        if found is None:
            return Piece("broken", text[at : at + 20]), at + 2
        return Piece("CSI", found.group()), found.end()
    if following in _STRINGS:
        # BEL ends an OSC only; a string without an end swallows the rest, as it would in a terminal.
        ends = r"\x1b\\|\x07|\x18|\x1a" if following == "]" else r"\x1b\\|\x18|\x1a"
        found = re.compile(ends).search(text, at + 2)
        if found is None:
            return Piece("broken", text[at : at + 20]), len(text)
        return Piece(_STRINGS[following], text[at + 2 : found.start()]), found.end()
    if not following:
        return Piece("broken", "\x1b"), at + 1
    return Piece("ESC", following), at + 2


def faults(data: bytes) -> list[str]:
    """Whatever Textual is not known to write, each with its kind; text must be printable, marks must not pile up."""
    return [told for piece in pieces(data) if (told := _fault(piece))]


def _fault(piece: Piece) -> str:
    kind, body = piece.kind, piece.body
    known = {
        "text": lambda: not _bad_text(body),
        "control": lambda: body in _CONTROLS,
        "ESC": lambda: body in _ESCAPES,
        "CSI": lambda: _split(body) in _CSI and len(body) <= MAX_STRING,
        "OSC": lambda: _OSC.fullmatch(body) is not None,
        "DCS": lambda: _DCS.fullmatch(body) is not None,
    }
    if kind in known and known[kind]():
        return ""
    return f"{kind} {_bad_text(body) if kind == 'text' else body[:60]!r}"


def _split(body: str) -> tuple[str, str, str]:
    found = re.fullmatch(r"([<=>?]?)[0-9;:]*([ -/]*)([@-~])", body)
    return ("", "", "") if found is None else (found[1], found[2], found[3])


def _bad_text(text: str) -> str:
    """Characters that no cell may hold, or a pile of marks; empty when there are none."""
    bad, run = [], 0
    for char in text:
        if char.isascii():
            run = 0
            continue
        category = unicodedata.category(char)
        run = run + 1 if category.startswith("M") else 0
        if category.startswith("C") or category in {"Zl", "Zp"} or run > MAX_MARKS_IN_A_ROW:
            bad.append(char)
    return "".join(bad[:20])


def plain(data: bytes) -> bytes:
    """The same without what pyte mistakes for text: strings, and the keyboard protocol."""
    kept = []
    for piece in pieces(data):
        if piece.kind in {"text", "control"}:
            kept.append(piece.body)
        elif piece.kind == "CSI" and _split(piece.body)[0] not in {"<", ">", "="}:
            kept.append(f"\x1b[{piece.body}")
        elif piece.kind == "ESC":
            kept.append(f"\x1b{piece.body}")
    return "".join(kept).encode("utf-8", "surrogateescape")

"""Text from outside as lines: made harmless, wrapped, ordered and shaped, in any script (UAX #9, UAX #14 in part).

A text of plain letters is measured and set letter by letter, which is fast. Any other is split by font and direction
and shaped by HarfBuzz. Words are broken at spaces, Chinese, Japanese and Korean between characters, and a word that is
wider than its line anywhere but inside a character with its marks. Thai has no spaces between words and no
dictionary here, so it is broken as a long word is.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from agent.core.plain_text import ELLIPSIS, MAX_MARKS, harmless
from agent.printing.fonts import Face, Fonts, is_mark

_JOINERS: Final = "\u200c\u200d"
# Closing punctuation does not begin a line, nor opening punctuation end one (the commonest of JIS X 4051).
_NO_START: Final = frozenset("、。，．・：；？！」』）】〕〉》…ー々’”)]}!?,.;:%")
_NO_END: Final = frozenset("「『（【〔〈《‘“([{")


def shown(text: str, limit: int) -> str:
    """One line of at most ``limit`` characters, each `harmless`. Joiners stay where a script needs them: they change
    the shape of Arabic and Indic letters, and would be invisible between Latin ones.
    """
    kept: list[str] = []
    marks = 0
    for char in text[: limit + 1]:
        joins = char in _JOINERS and bool(kept) and _is_joining(kept[-1])
        drawn = char if joins else harmless(char)
        if not drawn:
            continue
        marks = marks + 1 if is_mark(drawn) else 0
        if marks <= MAX_MARKS:
            kept.append(drawn)
    if len(text) > limit:
        return "".join(kept[: limit - 1]) + ELLIPSIS
    return "".join(kept)


def paragraphs(text: str, limit: int) -> tuple[str, ...]:
    """The lines the text was written in, each `shown`; empty ones are dropped."""
    lines = text[:limit].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    found = [shown(line.replace("\t", " "), limit).strip() for line in lines]
    kept = [line for line in found if line]
    if len(text) > limit and kept:
        kept[-1] += ELLIPSIS
    return tuple(kept)


def _is_joining(char: str) -> bool:
    return unicodedata.bidirectional(char) in ("AL", "NSM") or 0x0900 <= ord(char) <= 0x0DFF


def is_plain(text: str) -> bool:
    """Only letters that stand one after the other from left to right: no marks, no joining, no order to find."""
    return text.isascii() or all(
        point < 0x0300 or 0x0370 <= point < 0x0483 or 0x048A <= point < 0x0530 or 0x1E00 <= point < 0x2054
        for point in map(ord, text)
    )


def is_rtl(text: str) -> bool:
    """The direction of the first strong character (UAX #9, P2 and P3)."""
    for char in text:
        direction = unicodedata.bidirectional(char)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False


@dataclass(frozen=True, slots=True)
class Run:
    """Characters of one face and one direction."""

    text: str
    face: Face
    rtl: bool


def runs(text: str, fonts: Fonts, *, bold: bool) -> list[Run]:
    """In the order in which they are drawn, from left to right. A character that no face has is left out; use
    `Fonts.replaced` first.
    """
    logical: list[tuple[int, Face, list[str]]] = []
    previous: Face | None = None
    for char, level in zip(text, _levels(text), strict=True):
        face = fonts.face_for(char, bold=bold)
        if previous is not None and (is_mark(char) or char == " ") and previous.has(char):
            face = previous
        if face is None:
            continue
        if logical and logical[-1][0] == level and logical[-1][1] is face:
            logical[-1][2].append(char)
        else:
            logical.append((level, face, [char]))
        previous = face
    return [Run("".join(chars), face, level % 2 == 1) for level, face, chars in _reordered(logical)]


def _levels(text: str) -> list[int]:
    """The embedding level of each character (UAX #9, X1 to I2)."""
    classes = set(map(unicodedata.bidirectional, text))
    if not classes & {"R", "AL", "AN"}:
        return [0] * len(text)
    if classes <= {"R", "AL", "NSM"}:  # a word of one direction, which is what is measured most
        return [1] * len(text)
    from fpdf.bidi import BidiParagraph
    from fpdf.enums import TextDirection

    base = TextDirection.RTL if is_rtl(text) else TextDirection.LTR
    paragraph = BidiParagraph(text=text, base_direction=base, preserve_bn_chars=True)
    return [found.embedding_level for found in paragraph.get_characters_with_embedding_level()]


def _reordered[T](logical: list[tuple[int, Face, T]]) -> list[tuple[int, Face, T]]:
    """UAX #9, L2: from the highest level down to the lowest odd one, reverse what is at it or above."""
    visual = list(logical)
    levels = [level for level, _, _ in logical]
    odd = [level for level in levels if level % 2]
    for level in range(max(levels, default=0), min(odd, default=1) - 1, -1):
        start = 0
        while start < len(visual):
            end = start
            while end < len(visual) and visual[end][0] >= level:
                end += 1
            visual[start:end] = reversed(visual[start:end])
            start = end + 1
    return visual


def shape(run: Run) -> tuple[Any, Any]:
    """HarfBuzz's glyphs and positions of a run, in the units of its face."""
    import uharfbuzz as hb

    buffer = hb.Buffer()
    buffer.add_str(run.text)
    buffer.guess_segment_properties()
    buffer.direction = "rtl" if run.rtl else "ltr"
    hb.shape(run.face.font, buffer)
    return buffer.glyph_infos or [], buffer.glyph_positions or []


def width(text: str, fonts: Fonts, *, bold: bool) -> float:
    """In em."""
    if is_plain(text):
        faces = ((char, fonts.face_for(char, bold=bold)) for char in text)
        return sum(face.advance(char) for char, face in faces if face is not None)
    total = 0.0
    for run in runs(text, fonts, bold=bold):
        total += sum(position.x_advance for position in shape(run)[1]) / run.face.units
    return total


def clusters(text: str) -> Iterator[str]:
    """What must stay together: a character with its marks, and Indic letters that a virama joins."""
    found = ""
    for char in text:
        joined = found and (is_mark(char) or found[-1] == "\u200d" or unicodedata.combining(found[-1]) == 9)
        if found and not joined:
            yield found
            found = char
        else:
            found += char
    if found:
        yield found


def _pieces(text: str) -> Iterator[str]:
    """Between any two of them a line may end; the spaces after a piece are a piece of their own."""
    found = ""
    for cluster in clusters(text):
        wide = unicodedata.east_asian_width(cluster[0]) in "WF"
        after_wide = bool(found) and unicodedata.east_asian_width(found[-1]) in "WF"
        between = (wide or after_wide) and cluster[0] not in _NO_START and found[-1:] not in _NO_END
        if found and ((cluster == " ") != (found[-1] == " ") or between):
            yield found
            found = cluster
        else:
            found += cluster
        if cluster in ("-", "/", "–") and found[-2:-1].isalpha():
            yield found
            found = ""
    if found:
        yield found


def wrap(text: str, fonts: Fonts, *, limit: float, bold: bool = False, most: int = 0) -> list[str]:
    """Lines of at most ``limit`` em; at most ``most`` of them (0: any number), the last one cut with an ellipsis."""
    lines: list[str] = []
    line, used = "", 0.0
    for piece in _pieces(text):
        if most and len(lines) > most:
            break  # what follows is cut off anyway
        size = width(piece, fonts, bold=bold)
        if used + size <= limit or (piece.isspace() and line):
            line, used = line + piece, used + size
            continue
        if line.strip():
            lines.append(line.rstrip())
        line, used = "", 0.0
        if size <= limit:
            line, used = piece.lstrip(), size
            continue
        for cluster in clusters(piece):
            size = width(cluster, fonts, bold=bold)
            if line and used + size > limit:
                lines.append(line)
                line, used = "", 0.0
            line, used = line + cluster, used + size
    if line.strip():
        lines.append(line.rstrip())
    if most and len(lines) > most:
        lines = [*lines[: most - 1], cut(lines[most - 1], fonts, limit=limit, bold=bold)]
    return lines


def cut(text: str, fonts: Fonts, *, limit: float, bold: bool = False) -> str:
    """As much of the text as fits with an ellipsis after it."""
    kept = list(clusters(text))
    while kept and width("".join(kept).rstrip() + ELLIPSIS, fonts, bold=bold) > limit:
        kept.pop()
    return "".join(kept).rstrip() + ELLIPSIS

"""Pages of A4 to write on: lines, marks, rules and pictures, in the profile PDF/A-3b of fpdf2.

Text comes wrapped and is put down line by line. Plain lines are not shaped, which is what makes a transcript of 2,000
rows possible; others are, by HarfBuzz, in their own direction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final

import segno
from fpdf import FPDF
from fpdf.prefs import ViewerPreferences
from markupsafe import Markup

from agent.printing.drawing import Outline, flat
from agent.printing.fonts import Fonts
from agent.printing.model import WORDS, Attached, Mark, Page
from agent.printing.text import is_plain, is_rtl, width, wrap

type Colour = tuple[int, int, int]

INK, SOFT, RULE = (31, 45, 54), (85, 100, 110), (213, 221, 225)
COLOURS: Final[dict[Mark, Colour]] = {
    "pass": (47, 107, 60),
    "counted": (47, 107, 60),
    "fail": (163, 40, 29),
    "unknown": (128, 86, 10),
    "offered": (128, 86, 10),
    "excluded": SOFT,
}
# Points.
LEFT, TOP, BOTTOM = 51.0, 48.0, 62.0
TEXT, SMALL = 9.5, 8.0
LEADING: Final = 1.38
# Stands for the number of pages until it is known. No text from outside can hold it: `shown` lets no control through.
# Its width is what that number may take: a document of 250 credentials has some 800 pages.
_PAGES: Final = "\x1a" * 4


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a block: what, how large, in which ink; ``mark`` is drawn before it."""

    text: str
    size: float
    ink: Colour
    bold: bool = False
    mark: Mark | None = None

    @property
    def height(self) -> float:
        return self.size * LEADING


class _Document(FPDF):
    def __init__(self, foot: Callable[[], None]) -> None:
        super().__init__(unit="pt", format="A4", enforce_compliance="PDF/A-3B")
        self._foot = foot

    def footer(self) -> None:
        """Called by fpdf2 at the end of each page."""
        self._foot()


class Sheet:
    """The pages being written; ``y`` is where the next line goes."""

    def __init__(self, page: Page, fonts: Fonts, letters: set[str]) -> None:
        """``letters`` are all that will be printed: only the fonts that they need are embedded."""
        self._page, self._fonts = page, fonts
        self._primary = fonts.regular[0]
        self.out = out = _Document(self._footer)
        out.set_creation_date(datetime.fromisoformat(page.at))
        out.set_title(page.title)
        out.set_producer("Cairn")
        out.set_lang("en")  # of our own words; the title's language is in the metadata
        out.set_xmp_metadata(_metadata(page))
        out.viewer_preferences = ViewerPreferences(display_doc_title=True)
        out.alias_nb_pages(_PAGES)
        out.set_auto_page_break(False)
        out.set_margin(0)
        out.c_margin = 0
        self._fallbacks = list(_embed(out, fonts, letters))
        self._wrapped: dict[tuple[str, float, bool], list[str]] = {}
        self.right = out.w - LEFT
        self.room = self.right - LEFT
        self.repeat: Callable[[], None] | None = None  # what a new page begins with, such as a table's head
        self.y = TOP
        out.add_page()

    # Pages

    def need(self, height: float) -> None:
        """A new page unless there is so much room on this one."""
        if self.y + height > self.out.h - BOTTOM:
            self.out.add_page()
            self.y = TOP
            if self.repeat is not None:
                self.repeat()

    def turn(self) -> None:
        """To the top of a new page."""
        self.out.add_page()
        self.y = TOP

    def _footer(self) -> None:
        y, size = self.out.h - 40, 7.5
        self.rule(y - 6)
        note = f"Printed on {self._page.printed}. A page proves nothing by itself: check the signed file."
        self.put(LEFT, y, note, size, SOFT)
        self.out.set_xy(self.right - 90, y)
        self.out.cell(90, size * LEADING, f"Page {self.out.page_no()} of {_PAGES}", align="R")

    def finished(self, files: Sequence[Attached]) -> bytes:
        """Attaches the files and writes."""
        for file in files:
            self.out.embed_file(
                bytes=file.content,
                basename=file.name,
                mime_type=file.media_type,
                associated_file_relationship="SOURCE",
                modification_date=datetime.fromisoformat(self._page.at),
                desc=file.description,
                compress=True,
            )
        return bytes(self.out.output())

    # Pieces

    def put(
        self, x: float, y: float, text: str, size: float, ink: Colour, *, bold: bool = False, room: float = 0
    ) -> None:
        """One line whose top is at ``y``; one from right to left ends where ``room`` ends."""
        out = self.out
        out.set_font(self._primary.family, "B" if bold else "", size)
        out.set_text_color(*ink)
        if is_plain(text) and all(map(self._primary.has, text)):
            out.text(x, y + size * 1.07, text)
            return
        out.set_fallback_fonts(self._fallbacks, exact_match=False)  # one weight is better than no letter
        out.set_text_shaping(True)
        out.set_xy(x, y)
        out.cell(room or self.room, size * LEADING, text, align="R" if room and is_rtl(text) else "L")
        out.set_text_shaping(False)
        out.set_fallback_fonts([])

    def lines(
        self, text: str, room: float, *, size: float = TEXT, ink: Colour = INK, bold: bool = False,
        mark: Mark | None = None,
    ) -> list[Line]:  # fmt: skip
        """``text`` in lines of ``room`` points; a mark takes its place on the first one."""
        if mark is not None:
            return [Line(self._fonts.replaced(text), size, ink, bold, mark)]
        key = (text, room / size, bold)
        if key not in self._wrapped:  # a transcript says the same again and again
            self._wrapped[key] = wrap(self._fonts.replaced(text), self._fonts, limit=room / size, bold=bold)
        return [Line(line, size, ink, bold) for line in self._wrapped[key]]

    def block(self, x: float, y: float, lines: list[Line], room: float) -> None:
        for line in lines:
            start = x
            if line.mark is not None:
                start += self.mark(x, y, line.mark, line.size) + 5
            if line.text:
                self.put(start, y, line.text, line.size, line.ink, bold=line.bold, room=room)
            y += line.height

    def mark(self, x: float, y: float, mark: Mark, size: float) -> float:
        """Sign and word, never the sign or the colour alone; gives the width."""
        out, colour = self.out, COLOURS[mark]
        out.set_draw_color(*colour)
        out.set_line_width(size * 0.12)
        middle, half, left = y + size * 0.72, size * 0.26, x + size * 0.3
        sign, word = WORDS[mark]
        if sign == "✓":
            out.polyline(
                [(left - half, middle), (left - half * 0.2, middle + half), (left + half, middle - half)]
            )
        elif sign == "✗":
            out.line(left - half, middle - half, left + half, middle + half)
            out.line(left - half, middle + half, left + half, middle - half)
        else:
            self.put(x + size * 0.05, y, sign, size, colour, bold=True)
        self.put(x + size * 0.95, y, word, size, colour, bold=True)
        return size * 0.95 + width(word, self._fonts, bold=True) * size

    def flow(self, lines: Sequence[Line], room: float, x: float = LEFT) -> None:
        """Lines from `y` on, over as many pages as they need."""
        for line in lines:
            self.need(line.height)
            self.block(x, self.y, [line], room)
            self.y += line.height

    # Shapes

    def rule(self, y: float, *, ink: Colour = RULE, thick: float = 0.6) -> None:
        self.out.set_draw_color(*ink)
        self.out.set_line_width(thick)
        self.out.line(LEFT, y, self.right, y)

    def box(self, height: float) -> None:
        """A frame of the whole width, from `y` down."""
        self.out.set_draw_color(*INK)
        self.out.set_line_width(1.2)
        self.out.rect(LEFT, self.y, self.room, height)

    def outlines(self, outlines: Sequence[Outline], x: float, y: float, scale: float) -> None:
        """A drawing with its origin at ``x`` and ``y``."""
        for outline in outlines:
            self.out.set_fill_color(*bytes.fromhex(outline.fill.removeprefix("#")))
            self.out.polygon([(x + a * scale, y + b * scale) for a, b in flat(outline, 12)], style="F")

    def code(self, text: str, x: float, y: float, side: float) -> None:
        """A QR code; neighbouring dark dots of a row are one rectangle."""
        matrix = segno.make(text, error="m", micro=False).matrix
        dot = side / len(matrix)
        self.out.set_fill_color(*INK)
        for at, row in enumerate(matrix):
            column = 0
            for dark, dots in groupby(row):
                count = len(list(dots))
                if dark:
                    self.out.rect(x + column * dot, y + at * dot, count * dot, dot, style="F")
                column += count


def _embed(out: FPDF, fonts: Fonts, letters: set[str]) -> Iterator[str]:
    """Both weights of the faces that are needed; gives the families to fall back to."""
    points = sorted(map(ord, letters))
    for at, (regular, bold) in enumerate(zip(fonts.regular, fonts.bold, strict=True)):
        if at and not any(fonts.face_for(char, bold=False) is regular for char in letters):
            continue
        weights = [("", regular)] if bold is regular else [("", regular), ("B", bold)]
        for style, face in weights:
            out.add_font(
                face.family,
                style,
                str(face.path),
                # Of a font with 40,000 characters only those that are printed are looked at: a second less.
                unicode_range=points,
                collection_font_number=face.index,
            )
        if at:
            yield regular.family.lower()


def _metadata(page: Page) -> str:
    """XMP as PDF/A wants it. fpdf2 would write the time of writing into it; and of a person it says nothing."""
    return Markup(
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
        ' xmlns:pdf="http://ns.adobe.com/pdf/1.3/" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">'
        '<rdf:Description rdf:about="" xmp:CreateDate="{at}" xmp:ModifyDate="{at}" xmp:MetadataDate="{at}"'
        ' pdf:Producer="Cairn"><pdfaid:part>3</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>'
        '<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li><rdf:li xml:lang="{lang}">{title}</rdf:li>'
        "</rdf:Alt></dc:title></rdf:Description></rdf:RDF></x:xmpmeta>"
    ).format(at=page.at, title=page.title, lang=page.lang)

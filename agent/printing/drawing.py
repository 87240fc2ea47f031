"""A drawing of filled outlines and lines of text, written as SVG or as PNG.

Both come from the same outlines. In the SVG a text stays text, so that the viewer's fonts serve every script and it can
be read aloud; in the PNG it is set with `agent.printing.fonts`. Neither refers to anything outside itself.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from markupsafe import Markup, escape

from agent.printing.fonts import Fonts
from agent.printing.text import is_rtl, runs, shape, width

if TYPE_CHECKING:
    from PIL.Image import Image

type Point = tuple[float, float]
type Curve = tuple[Point, Point, Point]  # two control points and the end, from where the curve before ended

_FAMILY: Final = "'Noto Sans', 'DejaVu Sans', 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"
_SUPER: Final = 3  # outlines are drawn so many times larger and scaled down, which smooths their edges


@dataclass(frozen=True, slots=True)
class Outline:
    """A closed line of cubic curves, filled with one colour (``#rrggbb``)."""

    start: Point
    curves: tuple[Curve, ...]
    fill: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One line of text, centred on ``x``, its baseline at ``y``. ``lang`` is a language tag or ""."""

    text: str
    x: float
    y: float
    size: float
    fill: str
    bold: bool = False
    lang: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A square of ``side`` units. ``title`` and ``description`` are for those who do not see it."""

    side: int
    background: str
    outlines: tuple[Outline, ...]
    labels: tuple[Label, ...]
    title: str
    description: str
    lang: str = "en"


def to_svg(drawing: Drawing) -> bytes:
    side = drawing.side
    lines = [
        Markup(
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {0}" width="{0}" height="{0}" role="img"'
            ' aria-labelledby="title description" xml:lang="{1}">'
        ).format(side, drawing.lang),
        Markup('<title id="title">{}</title>').format(drawing.title),
        Markup('<desc id="description">{}</desc>').format(drawing.description),
        Markup('<rect width="{0}" height="{0}" fill="{1}"/>').format(side, drawing.background),
    ]
    lines += [Markup('<path d="{}" fill="{}"/>').format(path(each), each.fill) for each in drawing.outlines]
    lines.append(Markup('<g font-family="{}" text-anchor="middle">').format(escape(_FAMILY)))
    lines += [_text(label) for label in drawing.labels]
    lines += [Markup("</g>"), Markup("</svg>"), Markup("")]
    return "\n".join(lines).encode()


def _text(label: Label) -> Markup:
    extra = Markup(' font-weight="600"') if label.bold else Markup("")
    if is_rtl(label.text):
        extra += Markup(' direction="rtl"')
    if label.lang:
        extra += Markup(' xml:lang="{}"').format(label.lang)
    return Markup('<text x="{}" y="{}" font-size="{}" fill="{}"{}>{}</text>').format(
        _number(label.x), _number(label.y), _number(label.size), label.fill, extra, label.text
    )


def path(outline: Outline) -> str:
    parts = [f"M{_pair(outline.start)}"]
    parts += ["C" + " ".join(_pair(point) for point in curve) for curve in outline.curves]
    return "".join(parts) + "Z"


def _pair(point: Point) -> str:
    return f"{_number(point[0])} {_number(point[1])}"


def _number(value: float) -> str:
    """At most one decimal, and never an exponent."""
    return f"{value:.1f}".removesuffix(".0")


def to_png(drawing: Drawing, fonts: Fonts, *, pixels: int) -> bytes:
    """``pixels`` wide and high, without alpha. Characters that no font has must have been replaced before."""
    from PIL import Image, ImageDraw

    large = Image.new("RGB", (pixels * _SUPER, pixels * _SUPER), drawing.background)
    pen = ImageDraw.Draw(large)
    scale = pixels * _SUPER / drawing.side
    for outline in drawing.outlines:
        pen.polygon([(round(x * scale), round(y * scale)) for x, y in flat(outline)], fill=outline.fill)
    image = large.reduce(_SUPER)
    for label in drawing.labels:
        _set(image, label, fonts, pixels / drawing.side)
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=9)
    return out.getvalue()


def flat(outline: Outline, steps: int = 24) -> Iterator[Point]:
    """The outline in straight pieces, ``steps`` for each curve."""
    here = outline.start
    yield here
    for first, second, end in outline.curves:
        for step in range(1, steps + 1):
            t = step / steps
            a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
            yield (
                a * here[0] + b * first[0] + c * second[0] + d * end[0],
                a * here[1] + b * first[1] + c * second[1] + d * end[1],
            )
        here = end


def _set(image: Image, label: Label, fonts: Fonts, scale: float) -> None:
    """Draw one line of text: every glyph into one mask, and the mask in the label's colour."""
    import uharfbuzz as hb
    from PIL import Image as Images

    raster = hb.RasterDraw()
    x = (label.x - width(label.text, fonts, bold=label.bold) * label.size / 2) * scale
    y = image.height - label.y * scale  # HarfBuzz counts from below
    for run in runs(label.text, fonts, bold=label.bold):
        unit = label.size * scale / run.face.units
        for glyph, position in zip(*shape(run), strict=True):
            raster.transform = (unit, 0, 0, unit, x + position.x_offset * unit, y + position.y_offset * unit)
            raster.draw_glyph(run.face.font, glyph.codepoint)
            x += position.x_advance * unit
    mask = raster.render()
    extents = mask.extents
    if not extents.width or not extents.height:
        return
    rows = Images.frombytes("L", (extents.stride, extents.height), mask.buffer, "raw", "L", 0, -1)
    where = (extents.x_origin, image.height - extents.y_origin - extents.height)
    image.paste(label.fill, where, rows.crop((0, 0, extents.width, extents.height)))


def polygon(*points: Point, fill: str) -> Outline:
    """A closed line of straight pieces."""
    return Outline(points[0], tuple((point, point, point) for point in points), fill)

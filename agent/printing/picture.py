"""The badge of a credential as SVG or PNG: a cairn of stones, what it is, who issued it, and how to check it.

The picture is made of the record alone. It carries no institution's logo and no learner's name: it will be posted. An
issuer's name never stands without the host that was verified, and the picture says that it proves nothing. The
credential itself is put into it by `agent.vc.baking`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from agent.core.record import Record, choose_language
from agent.errors import InputError
from agent.printing.drawing import Drawing, Label, to_png, to_svg
from agent.printing.fonts import Fonts, bundled
from agent.printing.stones import WIDTH, scene
from agent.printing.text import cut, shown, width, wrap
from agent.printing.words import credit, day, level

MIN_PIXELS, MAX_PIXELS = 90, 2000

_PAPER = "#fbfaf7"
_INK, _SOFT, _HOST = "#1f2d36", "#55646e", "#2c5f7c"
# Wider fonts than ours may show the SVG, so a line is filled to this part of the width only.
_MARGIN: Final = 0.88
_TEXT_WIDTH: Final = 860.0
_TITLE_TOP: Final = 524.0


def svg(
    record: Record, *, issuer_host: str, check: str = "cairn verify FILE", languages: Sequence[str] = ("en",)
) -> bytes:
    """``issuer_host`` is what was verified of the issuer: the host of its DID, or the DID itself where it has none.
    ``check`` is what to type or where to go, 80 characters at most. Raises `InputError` no_host.
    """
    return to_svg(_badge(record, issuer_host, check, languages, None))


def png(
    record: Record,
    *,
    issuer_host: str,
    check: str = "cairn verify FILE",
    languages: Sequence[str] = ("en",),
    fonts: Fonts | None = None,
    pixels: int = 800,
) -> bytes:
    """As `svg`, ``pixels`` wide and high. Raises `InputError` no_host or bad_size."""
    if not MIN_PIXELS <= pixels <= MAX_PIXELS:
        raise InputError("bad_size", f"A badge is {MIN_PIXELS} to {MAX_PIXELS} pixels wide.")
    chosen = fonts or bundled()
    return to_png(_badge(record, issuer_host, check, languages, chosen), chosen, pixels=pixels)


def _badge(
    record: Record, issuer_host: str, check: str, languages: Sequence[str], drawn_with: Fonts | None
) -> Drawing:
    """``drawn_with``: the only fonts there are (PNG), or None when the viewer brings its own (SVG)."""
    host = shown(issuer_host, 200).strip()
    if not host:
        raise InputError("no_host", "A badge names the host of its issuer, and none was given.")
    fonts = drawn_with or bundled()

    def text(raw: str, limit: int) -> str:
        harmless = shown(raw, limit).strip()
        return fonts.replaced(harmless) if drawn_with else harmless

    title_tag, name_tag = (
        choose_language(record.title, languages),
        choose_language(record.issuer.name, languages),
    )
    title = text(record.title.get(title_tag, ""), 500) or "Credential without a title"
    name = text(record.issuer.name.get(name_tag, ""), 300)
    host, check = text(host, 200), text(check, 80)
    facts = " · ".join((day(record.awarded_on), credit(record), level(record)))
    size, lines = _title(title, fonts)
    labels = [
        Label(
            text=line,
            x=500,
            y=_TITLE_TOP + (len(lines) == 1) * 34 + (at + 0.8) * size * 1.2,
            size=size,
            fill=_INK,
            bold=True,
            lang=title_tag,
        )
        for at, line in enumerate(lines)
    ]
    below = 732.0
    if name:
        labels.append(_line(name, below + 8, 32, _INK, fonts, lang=name_tag))
        below += 46
    labels += [
        _line(host, below + 6, 29, _HOST, fonts),
        _line(text(facts, 300), 854, 29, _SOFT, fonts, bold=True),
        _line(f"An image proves nothing. Check it: {check}", 925, 25, _SOFT, fonts),
    ]
    return Drawing(
        side=WIDTH,
        background=_PAPER,
        outlines=scene(record),
        labels=tuple(labels),
        title=title,
        description=f"Issued by {name or 'an issuer without a name'} ({host}). {facts}."
        f" An image proves nothing. Check it: {check}",
    )


def _title(title: str, fonts: Fonts) -> tuple[float, list[str]]:
    """The largest size at which the title fits two lines; else three small lines, the last one cut."""
    for size in (60.0, 52.0, 46.0):
        lines = wrap(title, fonts, limit=_TEXT_WIDTH * _MARGIN / size, bold=True)
        if len(lines) <= 2 and (len(lines) == 1 or size < 60.0):
            return size, lines
    return 41.0, wrap(title, fonts, limit=_TEXT_WIDTH * _MARGIN / 41.0, bold=True, most=3)


def _line(
    text: str, y: float, size: float, fill: str, fonts: Fonts, *, bold: bool = False, lang: str = ""
) -> Label:
    """One line, first made smaller and then cut when it is too long."""
    room = _TEXT_WIDTH * _MARGIN
    needed = width(text, fonts, bold=bold) * size
    if needed > room:
        size = max(size * 0.72, size * room / needed)
        if needed > room / 0.72:
            text = cut(text, fonts, limit=room / size, bold=bold)
    return Label(text=text, x=500, y=y, size=size, fill=fill, bold=bold, lang=lang)

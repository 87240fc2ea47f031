"""The drawing of every badge and page: a cairn of stones on a hill, no two records' alike."""

from __future__ import annotations

import math
from typing import Final

from agent.core.record import Record
from agent.printing.drawing import Outline, Point, polygon

WIDTH, HEIGHT = 1000, 490  # of the scene, in the units of a drawing

_SKY, _EDGE, _FAR, _NEAR, _SHADE = "#e6edf0", "#d5dde1", "#cfdad9", "#b3c4bd", "#94a89f"
# Slate, sand, moss and clay: stone and its lit upper side.
_STONES: Final = (
    ("#5d6f7b", "#748691"),
    ("#a08d77", "#b5a48f"),
    ("#7d8b7a", "#94a191"),
    ("#8b7f86", "#a0959b"),
    ("#6b7f89", "#83959e"),
)
_GROUND: Final = 430.0  # where the lowest stone stands
_STONE_HEIGHTS: Final = {3: 108.0, 4: 98.0, 5: 88.0, 6: 80.0, 7: 73.0}


def scene(record: Record) -> tuple[Outline, ...]:
    """Hills and the record's `cairn`."""
    return (
        _band(0, 485, _SKY),
        _hill(330, 372, 300, _FAR),
        _hill(400, 352, 404, _NEAR),
        _band(485, HEIGHT, _EDGE),
        *cairn(bytes.fromhex(record.digest()), stones_of(record)),
    )


def cairn(seed: bytes, count: int) -> tuple[Outline, ...]:
    """``count`` stones, 3 to 7, shaped by the 32 bytes of ``seed``."""
    height = _STONE_HEIGHTS[count]
    half, y, x, colour = height * 2.05, _GROUND, 500.0, seed[30] % len(_STONES)
    outlines = [_blob((500, _GROUND + 2), (height * 2.75, 14), seed[31:] + seed, _SHADE)]
    for at in range(count):
        colour = (colour + 1 + seed[at] % (len(_STONES) - 1)) % len(_STONES)  # never that of the stone below
        fill, lit = _STONES[colour]
        wide = half * (1 + (seed[at + 8] / 255 - 0.5) * 0.16)
        middle, shape = y - height / 2, seed[at * 3 :]
        outlines += [
            _blob((x, middle), (wide, height / 2), shape, fill),
            _blob((x - wide * 0.1, middle - height * 0.12), (wide * 0.74, height * 0.27), shape, lit),
        ]
        y -= height * 0.95
        x += (seed[at + 16] / 255 - 0.5) * half * 0.22
        half, height = half * 0.8, height * 0.87
    return tuple(outlines)


def stones_of(record: Record) -> int:
    """Three to seven, a stone for each two ECTS and two more. Other systems are not converted: three."""
    if record.credit is None or record.credit.system != "ects":
        return 3
    return max(3, min(7, 2 + math.ceil(record.credit.amount / 2)))


def _blob(centre: Point, radii: Point, shape: bytes, fill: str) -> Outline:
    """An ellipse that leans a little: eight bytes of ``shape`` move its control points."""
    lean = [0.62 + byte / 255 * 0.16 for byte in shape[:8]]

    def point(dx: float, dy: float) -> Point:
        return (centre[0] + dx * radii[0], centre[1] + dy * radii[1])

    return Outline(
        point(-1, 0.1),
        (
            (point(-1, 0.1 - lean[0]), point(-lean[1], -1), point(-0.04, -1)),
            (point(lean[2], -1), point(1, 0.1 - lean[3]), point(1, 0.1)),
            (point(1, 0.1 + lean[4]), point(lean[5], 1), point(0.04, 1)),
            (point(-lean[6], 1), point(-1, 0.1 + lean[7]), point(-1, 0.1)),
        ),
        fill,
    )


def _band(top: float, bottom: float, fill: str) -> Outline:
    return polygon((0, top), (WIDTH, top), (WIDTH, bottom), (0, bottom), fill=fill)


def _hill(left: float, middle: float, right: float, fill: str) -> Outline:
    """From edge to edge, ending where the paper begins; the three heights are measured from the top."""
    bottom = ((WIDTH, 485.0), (0.0, 485.0))
    return Outline(
        (0, left),
        (
            ((170, left - 70), (320, middle + 40), (500, middle)),
            ((700, middle - 40), (820, right + 40), (WIDTH, right)),
            (bottom[0], bottom[0], bottom[0]),
            (bottom[1], bottom[1], bottom[1]),
        ),
        fill,
    )

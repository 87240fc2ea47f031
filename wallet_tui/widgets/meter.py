"""The goal meter: counted, offered and missing as three different fillings, and again in words."""

from __future__ import annotations

from decimal import Decimal

from textual.content import Content

from wallet_tui import words
from wallet_tui.i18n import t
from wallet_tui.layout import join
from wallet_tui.stack_model import Stack

COUNTED, OFFERED, MISSING = "█", "▒", "·"


def shares(stack: Stack, cells: int) -> tuple[int, int, int]:
    """Cells for counted, offered and missing; they add up to ``cells``. A goal not met is never drawn full.

    Credits beyond the goal do not lengthen the bar.
    """
    required = stack.required
    if not required:
        return (0, 0, cells)
    counted = min(stack.counted or Decimal(0), required)
    offered = min(stack.offered or Decimal(0), required - counted)
    full = int(counted * cells / required)
    half = min(cells - full, int(offered * cells / required))
    if counted and not full:
        full, half = 1, min(half, cells - 1)
    if offered and not half and full < cells:
        half = 1
    if not stack.met and full == cells:
        full -= 1
    return (full, half, cells - full - half)


def bar(stack: Stack, cells: int) -> Content:
    full, half, rest = shares(stack, max(4, cells - 2))
    return join(
        "[",
        (COUNTED * full, "$text-success"),
        (OFFERED * half, "$text-warning"),
        (MISSING * rest, "$muted"),
        "]",
    )


def in_words(stack: Stack) -> list[Content]:
    """``10 of 12 ECTS counted``, ``4 offered``, ``2 missing``: three pieces, each with its filling."""
    counted = t("{counted} of {required} {unit} counted").format(
        counted=words.amount(stack.counted),
        required=words.amount(stack.required),
        unit=words.unit(stack.unit).plain,
    )
    offered = t("{amount} offered").format(amount=words.amount(stack.offered))
    missing = t("{amount} missing").format(amount=words.amount(stack.missing))
    return [
        join((COUNTED, "$text-success"), f" {counted}"),
        join((OFFERED, "$text-warning"), f" {offered}"),
        join((MISSING, "$muted"), f" {missing}"),
    ]

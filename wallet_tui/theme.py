"""Colours, as Textual theme variables. Every state also has a glyph and a word, so none of this is needed."""

from __future__ import annotations

from textual.theme import Theme

CAIRN = Theme(
    name="cairn",
    primary="#5b8fd6",
    secondary="#7aa2c8",
    accent="#e0b45c",
    success="#7fbf7f",
    warning="#e5c07b",
    error="#e8776b",
    foreground="#e4e6e8",
    background="#14171a",
    surface="#14171a",
    panel="#1f252b",
    dark=True,
    # Not Textual's $text-muted: that is relative to a background, which lines drawn by us do not carry.
    variables={"muted": "#a3adb6"},
)

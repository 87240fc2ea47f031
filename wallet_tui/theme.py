"""Colours, as Textual theme variables. Every state also has a glyph and a word, so none of this is needed.

Text has at least 4.5 to 1 against every background it stands on (WCAG 2.2, 1.4.3), in `HIGH_CONTRAST` 7 to 1 (1.4.6);
a test measures both on the screens.
"""

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
    variables={
        "muted": "#a3adb6",
        "cursor": "#20293a",
        "cursor-focus": "#2b3f5c",
        "alarm": "#3c3628",
        "veil": "#14171a99",
    },
)

CAIRN_LIGHT = Theme(
    name="cairn-light",
    primary="#2b5fa8",
    secondary="#3d6a94",
    accent="#7a4a00",
    success="#1c6b2c",
    warning="#7a5200",
    error="#a8201a",
    foreground="#1b1f23",
    background="#fbfaf7",
    surface="#fbfaf7",
    panel="#ecebe6",
    dark=False,
    variables={
        "muted": "#4d565e",
        "cursor": "#e4ebf5",
        "cursor-focus": "#d3e0f2",
        "alarm": "#f6e8c6",
        "veil": "#fbfaf799",
        # Textual mixes these with its own black, which is less than half of the colour.
        "text-success": "#1c6b2c",
        "text-warning": "#7a5200",
        "text-error": "#a8201a",
        "text-accent": "#7a4a00",
        "input-cursor-background": "#1b1f23",
        "input-cursor-foreground": "#fbfaf7",
    },
)

HIGH_CONTRAST = Theme(
    name="high-contrast",
    primary="#9ecbff",
    secondary="#9ecbff",
    accent="#ffd700",
    success="#7dff8a",
    warning="#ffd700",
    error="#ffb0a8",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#000000",
    dark=True,
    variables={
        "muted": "#dcdcdc",
        "cursor": "#1c1c1c",
        "cursor-focus": "#00285c",
        "alarm": "#000000",
        "veil": "#000000",  # what lies below a dialog is not dimmed but gone
        "text-success": "#7dff8a",
        "text-warning": "#ffd700",
        "text-error": "#ffb0a8",
        "text-accent": "#ffd700",
        "panel-lighten-2": "#ffffff",
        "scrollbar": "#ffffff",
        "scrollbar-background": "#000000",
    },
)

THEMES = (CAIRN, CAIRN_LIGHT, HIGH_CONTRAST)

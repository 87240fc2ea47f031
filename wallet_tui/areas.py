"""The areas on the number keys, and the screen of each: loaded when it is first shown."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any, cast

from textual.screen import Screen

from wallet_tui.i18n import mark

# Name (also of the mode and of the key ``area.NAME``) and what stands in the tab.
AREAS = (
    ("credentials", mark("Credentials")),
    ("inbox", mark("Inbox")),
    ("stack", mark("Stack")),
    ("history", mark("History")),
    ("trust", mark("Trust")),
)
NAMES = tuple(name for name, _ in AREAS)


def _make(module: str, name: str) -> Screen[Any]:
    return cast("Screen[Any]", getattr(import_module(f"wallet_tui.screens.{module}"), name)())


def load(name: str) -> None:
    """Read the modules of an area before it is shown: reading takes a good part of a second on a slow machine."""
    import_module("wallet_tui.service")
    import_module(f"wallet_tui.screens.{name}")


# A dictionary of callables, as Textual declares its MODES.
MODES: dict[str, str | Callable[[], Screen[Any]]] = {
    name: partial(_make, name, f"{name.capitalize()}Screen") for name in ("unlock", *NAMES)
}

"""Whether keys may be remapped as a configuration file says: names, what must stay safe, and clashes.

Two actions that work on one screen may not have one key, except where the wallet itself gives them one (``enter``
opens whatever has the focus).
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen
from textual.widget import Widget

from wallet_tui.actions import DECIDES, DEFAULTS
from wallet_tui.i18n import t
from wallet_tui.key_names import RESERVED, known_names, normal, shown_key, types_text

# These must work while somebody types into a field.
_WHILE_TYPING = frozenset({"back", "quit.typing", "palette"})

Problem = tuple[str, str, Sequence[str]]


def check(written: Sequence[str]) -> tuple[str, ...]:
    """Textual's names, each once. Raises ValueError for a name that `why_not` would have refused."""
    return tuple(dict.fromkeys(normal(each) for each in written))


def why_not(name: str, written: Sequence[str]) -> Problem | None:
    """Why these keys cannot be those of ``name``: a sentence with ``{name}``, what to fill in, the names there are."""
    if name not in DEFAULTS:
        return t("there is no key id “{name}”"), name, tuple(DEFAULTS)
    for each in written:
        try:
            key = normal(each)
        except ValueError:
            return t("“{name}” is not the name of a key"), each, tuple(known_names())
        if key in RESERVED:
            return t("“{name}” belongs to the terminal or is another key to it"), each, ()
        if key == "enter" and "enter" not in DEFAULTS[name].keys.split(","):
            says = t("enter only opens and confirms what is marked: it cannot be the key of “{name}”")
            if name in DECIDES:
                says = t("enter is always safe and never shares: it cannot be the key of “{name}”")
            return says, name, ()
    if name in _WHILE_TYPING and all(types_text(normal(each)) for each in written):
        return t("“{name}” needs a key that is not a letter: it must work while you type"), name, ()
    return None


def clash(remapped: Mapping[str, Sequence[str]]) -> tuple[str, str] | None:
    """The first id that would share its key with another of the same screen, and a sentence that says so."""
    keys = {name: frozenset(remapped.get(name, key.keys.split(","))) for name, key in DEFAULTS.items()}
    usual = {name: frozenset(key.keys.split(",")) for name, key in DEFAULTS.items()}
    for live in _live_together():
        for one, other in combinations(sorted(live), 2):
            shared = (keys[one] & keys[other]) - (usual[one] & usual[other])
            if shared and (one in remapped or other in remapped):
                first, second = (one, other) if one in remapped else (other, one)
                says = t("“{key}” would be the key of “{one}” and of “{other}” on the same screen").format(
                    key=shown_key(min(shared)), one=first, other=second
                )
                return first, says
    return None


def _live_together() -> Iterator[frozenset[str]]:
    """For every screen: the ids that work there. Read from the screens themselves, so that none is forgotten."""
    from wallet_tui.app import CairnApp

    package = importlib.import_module("wallet_tui.screens")
    for module in pkgutil.iter_modules(package.__path__, "wallet_tui.screens."):
        importlib.import_module(module.name)
    everywhere = _ids(CairnApp)
    # Whichever widget of ours has the focus: all of them, as any screen may hold any.
    focused = frozenset[str]().union(
        *(_ids(each) for each in _subclasses(Widget) if not issubclass(each, Screen))
    )
    for screen in _subclasses(Screen):
        yield _ids(screen) | focused | (frozenset() if issubclass(screen, ModalScreen) else everywhere)


def _subclasses(of: type[Any]) -> Iterator[type[DOMNode]]:
    for each in of.__subclasses__():
        if each.__module__.startswith("wallet_tui."):
            yield each
        yield from _subclasses(each)


def _ids(of: type[DOMNode]) -> frozenset[str]:
    found = set()
    for each in of.__mro__:
        for binding in each.__dict__.get("BINDINGS", ()):
            if isinstance(binding, Binding) and binding.id in DEFAULTS:
                found.add(binding.id)
    return frozenset(found)

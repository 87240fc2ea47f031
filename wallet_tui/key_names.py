"""Names of keys: as a person writes them in the configuration file, as Textual knows them, as the screen shows them.

No Textual here: a configuration file is checked before anything is drawn.
"""

from __future__ import annotations

import unicodedata
from string import punctuation

# Name in the file → Textual's name. Where both are the same it is listed once.
_NAMED = {
    "esc": "escape",
    "escape": "escape",
    "enter": "enter",
    "return": "enter",
    "tab": "tab",
    "space": "space",
    "backspace": "backspace",
    "delete": "delete",
    "insert": "insert",
    "home": "home",
    "end": "end",
    "pgup": "pageup",
    "pageup": "pageup",
    "pgdn": "pagedown",
    "pagedown": "pagedown",
    "up": "up",
    "down": "down",
    "left": "left",
    "right": "right",
    **{f"f{number}": f"f{number}" for number in range(1, 13)},
}
_MODIFIERS = ("ctrl", "alt", "shift")
# Textual's names that are not Unicode's in lower case (textual.keys.KEY_NAME_REPLACEMENTS).
_REPLACED = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}


def _character(char: str) -> str:
    if char.isalnum():
        return char
    if char == " " or not char.isprintable():
        return ""
    name = unicodedata.name(char, "").lower().replace("-", "_").replace(" ", "_")
    return _REPLACED.get(name, name)


_SHOWN: dict[str, str] = {
    "escape": "esc",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}
_SHOWN |= {_character(char): char for char in punctuation}

# ctrl+c is the terminal's way out, ctrl+z and ctrl+\ are the shell's; ctrl+i, ctrl+m, ctrl+[ *are* tab, enter, esc.
RESERVED = frozenset({"ctrl+c", "ctrl+z", "ctrl+backslash", "ctrl+i", "ctrl+m", "ctrl+left_square_bracket"})


def known_names() -> list[str]:
    return sorted(_NAMED)


def normal(written: str) -> str:
    """Textual's name of a key as a person wrote it: ``?``, ``L``, ``ctrl+p``, ``pgdn``. Raises ValueError."""
    modifier, plus, last = written.strip().rpartition("+") if written != "+" else ("", "", "+")
    if plus and modifier not in _MODIFIERS:
        raise ValueError(written)
    name = _character(last) if len(last) == 1 else _NAMED.get(last.lower(), "")
    if not name:
        raise ValueError(written)
    if plus and len(last) == 1:
        name = name.lower()
        if modifier == "shift":
            raise ValueError(written)  # a terminal sends the capital letter: write that
    return modifier + plus + name


def types_text(key: str) -> bool:
    """Whether the key is a character, and so goes into a field while somebody types."""
    return key == "space" or ("+" not in key and key not in _NAMED.values())


def shown_key(key: str) -> str:
    """Textual's name as people read it: ``question_mark`` → ``?``, ``pagedown`` → ``pgdn``."""
    *modifiers, last = key.split("+")
    return "+".join([*modifiers, _SHOWN.get(last, last)])

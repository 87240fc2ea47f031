"""The one form in which names and questions are compared, in any script. Pure.

Names and questions are folded alike: compatibility forms, case, accents, a few letters that do not decompose.
Scripts written without spaces are cut into characters, so that a part of such a name is found as a phrase.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

# Letters that Unicode does not decompose and that people leave out or write otherwise; the last two are the
# Arabic endings that are written with and without their dots.
_LETTERS = {
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "æ": "ae",
    "œ": "oe",
    "ı": "i",
    "ة": "ه",
    "ى": "ي",
}
_WITHIN_WORDS = "'’`ʼ\u200c\u200d"  # O'Brien, the Persian half-space
# Marks that readers leave out: Latin, Greek and Cyrillic accents; Hebrew points; Arabic vowels and tatweel.
_LEFT_OUT = ((0x0300, 0x036F), (0x0591, 0x05C7), (0x0610, 0x061A), (0x0640, 0x0640), (0x064B, 0x065F))
# Scripts without spaces between words: Thai, Lao, Myanmar, Khmer, kana, Han.
_UNSPACED = (
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x3040, 0x30FF),
    (0x3400, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)


class _Table(dict[int, str]):
    """For `str.translate`: what becomes of a character, worked out when it is first met."""

    def __init__(self, rule: Callable[[str], str]) -> None:
        super().__init__()
        self._rule = rule

    def __missing__(self, code: int) -> str:
        self[code] = self._rule(chr(code))
        return self[code]


def _without_accent(character: str) -> str:
    return "" if _within(character, _LEFT_OUT) else _LETTERS.get(character, character)


def _spaced(character: str) -> str:
    if _within(character, _UNSPACED):
        return f" {character} "
    if unicodedata.category(character)[0] in "LNM":
        return character
    return "" if character in _WITHIN_WORDS else " "


_WITHOUT_ACCENTS, _SPACED = _Table(_without_accent), _Table(_spaced)


def fold(text: str) -> str:
    """The one form in which names and questions are compared; words separated by single spaces."""
    plain = unicodedata.normalize("NFKD", text).casefold().translate(_WITHOUT_ACCENTS)
    return " ".join(unicodedata.normalize("NFKC", plain).translate(_SPACED).split())


def same_name(text: str) -> str:
    """For comparing names of programmes: case and spacing apart, they must be the same."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def words(folded: str) -> list[str]:
    """Words to look for; a run of single characters of an unspaced script is one phrase."""
    found: list[str] = []
    in_run = False
    for word in folded.split():
        single = _within(word[0], _UNSPACED)
        if single and in_run:
            found[-1] += f" {word}"
        else:
            found.append(word)
        in_run = single
    return found


def _within(character: str, ranges: tuple[tuple[int, int], ...]) -> bool:
    code = ord(character)
    return any(first <= code <= last for first, last in ranges)

"""Which credential comes before which, as far as their records say so. Pure.

Three things are read, and nothing is guessed beyond them: that the credit of one counts only together with another
(`Recognition.credit_only_when_stacked_with`, 004:242), that its entry requirements name the title of another, and
that its issuer recommends another before it by title. Entry requirements are prose (002:1931): a title of one word
is too likely to be meant as a word, and is not looked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from agent.core.record import Record

MOST: Final = 6
MIN_WORDS, MAX_TITLE_WORDS, MAX_TEXT_WORDS = 2, 30, 400
_WORD: Final = re.compile(r"\w+")

type Why = Literal["required", "recommended", "stacked"]


@dataclass(frozen=True, slots=True)
class Before:
    """``id`` comes before: ``stacked`` if credit hangs on it, ``required`` or ``recommended`` by the issuer's words."""

    id: str
    why: Why

    def to_json(self) -> dict[str, str]:
        return {"id": self.id, "why": self.why}


def prerequisites(records: Mapping[str, Record]) -> dict[str, tuple[Before, ...]]:
    """What comes before each, by id, at most `MOST`; of several with one title the first."""
    by_template: dict[str, str] = {}
    titles = _Titles()
    for id_, record in records.items():
        if record.template:
            by_template.setdefault(record.template, id_)
            by_template.setdefault(record.template.partition("@")[0], id_)
        for title in record.title.values():
            titles.add(title, id_)
    return {id_: _before(id_, record, by_template, titles) for id_, record in records.items()}


def _before(id_: str, record: Record, by_template: Mapping[str, str], titles: _Titles) -> tuple[Before, ...]:
    found: dict[str, Why] = {}
    for name in record.recognition.credit_only_when_stacked_with if record.recognition else ():
        if name in by_template:
            found.setdefault(by_template[name], "stacked")
    for text in record.prerequisites.values():
        for other in titles.named(text):
            found.setdefault(other, "required")
    for text in record.provision.recommended_prior.values() if record.provision else ():
        for other in titles.named(text):
            found.setdefault(other, "recommended")
    found.pop(id_, None)
    return tuple(Before(other, why) for other, why in found.items())[:MOST]


class _Titles:
    """Titles as a tree of words, so that a text is read once however many there are."""

    def __init__(self) -> None:
        self._ids: dict[int, str] = {}
        self._next: dict[tuple[int, str], int] = {}

    def add(self, title: str, id_: str) -> None:
        words = _words(title)
        if not MIN_WORDS <= len(words) <= MAX_TITLE_WORDS:
            return
        at = 0
        for word in words:
            at = self._next.setdefault((at, word), len(self._next) + 1)
        self._ids.setdefault(at, id_)

    def named(self, text: str) -> list[str]:
        """Ids of the titles that stand in ``text`` word for word, the longest where several begin."""
        words, found, start = _words(text)[:MAX_TEXT_WORDS], [], 0
        while start < len(words):
            at, length, longest = 0, 0, 0
            for length, word in enumerate(words[start : start + MAX_TITLE_WORDS], 1):
                at = self._next.get((at, word), -1)
                if at in self._ids:
                    longest, id_ = length, self._ids[at]
            if longest:
                found.append(id_)
            start += max(longest, 1)
        return found


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text.casefold()))

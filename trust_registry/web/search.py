"""Finding institutions by name, in any script: an FTS5 index in memory, made from one snapshot.

Names and questions are folded alike (compatibility forms, case, accents, a few letters that do not decompose)
and scripts written without spaces are cut into characters, so that a part of such a name is found as a
phrase. Every word of a question must begin a word of the name. What a question contains is data: each word is
quoted, and FTS5's own syntax (``NEAR``, ``*``, ``:``, quotes) means nothing. Ranking is a total order: the
whole name, its beginning, other; then the shorter name; then the id.
"""

from __future__ import annotations

import sqlite3
import threading
import unicodedata
import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from trust_registry.errors import QueryError
from trust_registry.web.limits import LIMITS, Limits

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
_TABLES = """
CREATE TABLE names(number INTEGER PRIMARY KEY, institution TEXT NOT NULL, name TEXT NOT NULL,
  folded TEXT NOT NULL);
CREATE VIRTUAL TABLE words USING fts5(folded, content='names', content_rowid='number', detail=full,
  prefix='1 2 3', tokenize="unicode61 remove_diacritics 0 categories 'L* N* Co Mn Mc'");
"""
_SELECT = """
SELECT institution, name, min(rank) AS score FROM (
  SELECT n.institution, n.name,
    CASE WHEN n.folded = :whole THEN 0 WHEN substr(n.folded, 1, length(:whole)) = :whole THEN 1 ELSE 2 END
      * 100000 + length(n.folded) AS rank
  FROM words JOIN names n ON n.number = words.rowid WHERE words MATCH :match)
GROUP BY institution ORDER BY score, institution LIMIT :limit OFFSET :offset
"""
_COUNT = """
SELECT count(DISTINCT n.institution) FROM words JOIN names n ON n.number = words.rowid WHERE words MATCH :match
"""


@dataclass(frozen=True, slots=True)
class Hit:
    """``name`` is the name that was found, which need not be the institution's first one."""

    institution_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Page:
    hits: tuple[Hit, ...]
    total: int


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


def match_expression(question: str, limits: Limits = LIMITS) -> str:
    """The FTS5 expression of a question; `QueryError` when there is nothing in it to look for."""
    if len(question) > limits.search_chars:
        raise QueryError("bad_parameter", f"The parameter q has more than {limits.search_chars} characters.")
    words = _words(fold(question))
    if not words:
        raise QueryError("bad_parameter", "The parameter q has no letter and no digit.")
    if len(words) > limits.search_words:
        raise QueryError("bad_parameter", f"The parameter q has more than {limits.search_words} words.")
    # After folding a word is letters, digits and marks only; quoted all the same.
    return " ".join('"' + word.replace('"', '""') + '"*' for word in words)


class Index:
    """Thread-safe: one connection, one lock."""

    def __init__(self, names: Iterable[tuple[str, str]]) -> None:
        """``names``: (institution id, name); an institution may have any number of them."""
        self._db = sqlite3.connect(":memory:", check_same_thread=False)
        self._lock = threading.Lock()
        # Whoever drops the index last may still be asking it: it is closed when nobody has it any more.
        self.close = weakref.finalize(self, self._db.close)
        self._db.executescript(_TABLES)
        rows = sorted({(identifier, name, fold(name)) for identifier, name in names})
        self._db.executemany("INSERT INTO names(institution, name, folded) VALUES (?, ?, ?)", rows)
        self._db.execute("INSERT INTO words(words) VALUES ('rebuild')")
        self._db.commit()

    def search(self, question: str, *, limit: int, offset: int = 0, limits: Limits = LIMITS) -> Page:
        """Institutions with a name that has every word of ``question``, each once, best first."""
        values = {
            "match": match_expression(question, limits),
            "whole": fold(question),
            "limit": limit,
            "offset": offset,
        }
        with self._lock:
            rows = self._db.execute(_SELECT, values).fetchall()
            total = int(self._db.execute(_COUNT, values).fetchone()[0])
        return Page(tuple(Hit(identifier, name) for identifier, name, _ in rows), total)

    def names(self, institution_id: str) -> tuple[str, ...]:
        with self._lock:
            rows = self._db.execute(
                "SELECT name FROM names WHERE institution = ? ORDER BY number", (institution_id,)
            ).fetchall()
        return tuple(str(row[0]) for row in rows)


def _words(folded: str) -> list[str]:
    """Words to look for; a run of single characters of an unspaced script is one phrase."""
    words: list[str] = []
    in_run = False
    for word in folded.split():
        single = _within(word[0], _UNSPACED)
        if single and in_run:
            words[-1] += f" {word}"
        else:
            words.append(word)
        in_run = single
    return words


def _within(character: str, ranges: tuple[tuple[int, int], ...]) -> bool:
    code = ord(character)
    return any(first <= code <= last for first, last in ranges)

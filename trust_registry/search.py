"""Finding institutions by name, in any script, in the snapshot's own full-text index (FTS5).

Names and questions are folded alike (`trust_registry.folding`). Every word of a question must begin a word of the
name. What a question contains is data: each word is quoted, and FTS5's own syntax (``NEAR``, ``*``, ``:``,
quotes) means nothing. Ranking is a total order: the whole name, its beginning, other; then the shorter name; then
the id. Names are numbered in that last order, so the best come first without sorting, and a word that half of
all names contain costs no more than a rare one. For the same reason the total is counted up to a limit only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from trust_registry.errors import QueryError
from trust_registry.folding import fold, words
from trust_registry.snapshot import Snapshot

_WHOLE = "SELECT institution, name FROM names WHERE folded = ? ORDER BY number LIMIT ?"
_IDENTIFIED = "SELECT institution, value FROM identifiers WHERE folded = ? ORDER BY institution LIMIT ?"
_MATCHING = """
SELECT n.institution, n.name FROM words JOIN names n ON n.number = words.rowid WHERE words MATCH ?
ORDER BY words.rowid LIMIT ?
"""
_COUNT = """
SELECT count(DISTINCT institution) FROM (
  SELECT institution FROM identifiers WHERE folded = ?1
  UNION ALL SELECT institution FROM (
    SELECT n.institution FROM words JOIN names n ON n.number = words.rowid WHERE words MATCH ?2 LIMIT ?3))
"""
_NAMES_EACH = 4  # names of one institution that may match one question, before more are read


@dataclass(frozen=True, slots=True)
class SearchLimits:
    search_chars: int = 100
    search_words: int = 12
    max_page_size: int = 100
    max_offset: int = 1000


LIMITS = SearchLimits()


@dataclass(frozen=True, slots=True)
class Hit:
    """``name`` is the name that was found, which need not be the institution's first one."""

    institution_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Page:
    """``total`` is exact when ``counted_all``, otherwise there are at least so many."""

    hits: tuple[Hit, ...]
    total: int
    counted_all: bool = True


def search(
    snapshot: Snapshot, question: str, *, limit: int, offset: int = 0, limits: SearchLimits = LIMITS
) -> Page:
    """Institutions with a name that has every word of ``question``, each once, best first."""
    match = match_expression(question, limits)
    counted = limits.max_offset + limits.max_page_size
    whole = fold(question)
    total = int(snapshot.query(_COUNT, whole, match, counted * _NAMES_EACH)[0][0])
    found: dict[str, Hit] = {}
    for institution, name in _ranked(snapshot, whole, match, wanted=offset + limit):
        found.setdefault(institution, Hit(institution, name))
        if len(found) >= offset + limit:
            break
    return Page(tuple(found.values())[offset : offset + limit], min(total, counted), total <= counted)


def match_expression(question: str, limits: SearchLimits = LIMITS) -> str:
    """The FTS5 expression of a question; `QueryError` when there is nothing in it to look for."""
    if len(question) > limits.search_chars:
        raise QueryError("bad_parameter", f"The parameter q has more than {limits.search_chars} characters.")
    found = words(fold(question))
    if not found:
        raise QueryError("bad_parameter", "The parameter q has no letter and no digit.")
    if len(found) > limits.search_words:
        raise QueryError("bad_parameter", f"The parameter q has more than {limits.search_words} words.")
    return " ".join(_quoted(word) + "*" for word in found)


def _ranked(snapshot: Snapshot, whole: str, match: str, *, wanted: int) -> Iterator[Any]:
    """Rows, best first; an institution may come again with a worse name."""
    yield from snapshot.query(_IDENTIFIED, whole, wanted)
    yield from snapshot.query(_WHOLE, whole, wanted * _NAMES_EACH)
    # "^" holds the phrase to the name's beginning; its last word may go on.
    for expression in (f"^ {_quoted(whole)} *", match):
        size = wanted * _NAMES_EACH
        while True:
            rows = snapshot.query(_MATCHING, expression, size)
            yield from rows
            if len(rows) < size:
                break
            size *= 4


def _quoted(word: str) -> str:
    # After folding a word is letters, digits and marks only; quoted all the same.
    return '"' + word.replace('"', '""') + '"'

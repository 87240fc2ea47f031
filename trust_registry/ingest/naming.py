"""Other names and identifiers of an institution, with the limits that both forms of DEQAR's data share. Pure.

What cannot be taken over is noted and the rest is kept: no decision rests on a name, and of identifiers only a
DID's matters (`trust_registry.checks`), which is compared as a whole.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date

from trust_registry.facts import Identifier

# DEQAR's own columns hold 200, 100 and 150 characters.
MAX_NAMES, MAX_NAME_CHARS = 64, 300
MAX_IDENTIFIERS, MAX_VALUE_CHARS = 64, 200
_RESOURCE = r"[A-Za-z][A-Za-z0-9 ._-]{0,59}"
# No public source says how the CSV separates several. Its other columns use " | " and ", ", so one of these
# before a word and a colon begins the next; a value with one of them inside could be two, and is not read.
_BETWEEN = re.compile(rf"(?: \| |, |; )(?={_RESOURCE}: )")
_SEPARATOR = re.compile(r" \| |, |; |\n")
_IN_BRACKETS = re.compile(r"\([^()]*\)")
# An agency's own number for an institution: the source does not say whose it is once it is in a list.
_LOCAL = "local identifier"


def other_names(primary: str, given: Iterable[str], notes: list[str]) -> tuple[str, ...]:
    """``given`` without repetition and without ``primary``, in its order."""
    found: dict[str, None] = {}
    for text in given:
        name = " ".join(text.split())
        # Quirk: "(French Community higher education system)" stands where a name should.
        if not name or name == primary or _IN_BRACKETS.fullmatch(name):
            continue
        if len(name) > MAX_NAME_CHARS or any(unicodedata.category(one) == "Cc" for one in name):
            notes.append("a name that is too long or no text")
            continue
        found[name] = None
    if len(found) > MAX_NAMES:
        notes.append(f"more than {MAX_NAMES} names")
    return tuple(found)[:MAX_NAMES]


def identifiers(given: Iterable[Identifier], notes: list[str]) -> tuple[Identifier, ...]:
    """``given`` sorted and without repetition."""
    found = set()
    for one in given:
        if one.resource == _LOCAL:
            continue
        readable = (
            re.fullmatch(_RESOURCE, one.resource)
            and 0 < len(one.value) <= MAX_VALUE_CHARS
            and one.value.isprintable()
            and (one.valid_from is None or one.valid_to is None or one.valid_from <= one.valid_to)
        )
        if not readable:
            notes.append("an identifier that cannot be read")
            continue
        found.add(one)
    if len(found) > MAX_IDENTIFIERS:
        # Which of them are right is not known, so none is chosen.
        notes.append(f"more than {MAX_IDENTIFIERS} identifiers")
        return ()
    return tuple(sorted(found, key=_order))


def split_identifiers(text: str, notes: list[str]) -> list[Identifier]:
    """The CSV's ``identifiers_all``: ``ROR: https://ror.org/…``, without dates."""
    found = []
    for entry in filter(None, _BETWEEN.split(text)):
        resource, colon, value = entry.partition(": ")
        if not colon or _SEPARATOR.search(value):
            notes.append("an identifier that cannot be read")
            continue
        found.append(Identifier(resource, value.strip()))
    return found


def _order(one: Identifier) -> tuple[str, str, date, date]:
    return one.resource, one.value, one.valid_from or date.min, one.valid_to or date.max

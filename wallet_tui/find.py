"""Finding and sorting in a list by words: ``eqf:7 issuer:munster is:archived data``. Pure, and quick at 10,000.

A word is looked for as it stands; with one of `PREFIXES` it is a question about one field. A name with blanks in it
goes in quotes (``collection:"data science"``). What is archived is not found unless an ``is:`` asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from wallet_tui.i18n import mark
from wallet_tui.model import Summary
from wallet_tui.portfolio_model import Badge

MAX_QUERY_CHARS = 200
MAX_DAYS = 40_000
SOON = timedelta(days=30)
PREFIXES = {
    "eqf": mark("eqf:7 (the level in the European Qualifications Framework)"),
    "issuer": mark("issuer:munster (its name, host or DID)"),
    "status": mark("status:pass, status:fail or status:unknown"),
    "tag": mark("tag:NAME (a tag of yours, from its beginning)"),
    "collection": mark("collection:NAME (a collection of yours, from its beginning)"),
    "is": mark("is:archived, is:all, is:marked, is:noted or is:badge"),
    "expires": mark("expires:<30d, expires:>1y, expires:past or expires:never"),
}
EXAMPLES = "eqf:7  issuer:munster  status:unknown  tag:x  collection:data  is:archived  expires:<30d"
# A quotation belongs to its word; one that is still being typed ends with the text.
_WORD = re.compile(r'(?:[^\s"]|"[^"]*"?)+')
_SPAN = re.compile(r"([<>])(\d{1,5})([dwmy]?)")
_DAYS = {"": 1, "d": 1, "w": 7, "m": 30, "y": 365}
_GROWING = frozenset({"", "issuer", "status", "tag", "collection"})
_STATES_OF_IS = ("archived", "all", "marked", "noted", "badge")

Entry = Summary | Badge


@dataclass(frozen=True, slots=True)
class Indexed:
    """A credential with its searchable words, made once per load."""

    item: Summary
    words: str
    issuer: str

    @classmethod
    def of(cls, item: Summary) -> Indexed:
        issuer = f"{item.issuer.name.raw} {item.issuer.host.raw} {item.issuer.did.raw}".casefold()[:500]
        labels = " ".join(each.raw[:60] for each in (*item.collections, *item.tags))
        first = f"{item.title.raw} {item.awarded_on.raw} {item.state}"[:1000]
        return cls(item, f"{first} {labels} {item.search.raw}".casefold() + f" {issuer}", issuer)


Test = Callable[[Indexed], bool]


@dataclass(frozen=True, slots=True)
class Query:
    """``plain`` are the words without a prefix, ``tests`` what those with one ask; all have to hold. ``states`` is
    what ``is:`` asks for, and ``fields`` says that another field is asked about, too.
    """

    tests: tuple[Test, ...]
    plain: tuple[str, ...]
    states: frozenset[str]
    fields: bool

    @property
    def archived_too(self) -> bool:
        return bool(self.states & {"archived", "all"})


def read_query(text: str, today: date, marked: Collection[str] = ()) -> Query:
    """A word with an unknown prefix is looked for as it stands; one whose value is still missing asks nothing."""
    tests: list[Test] = []
    plain: list[str] = []
    states: set[str] = set()
    for prefix, value in split(text):
        if not value:
            continue
        if prefix == "is":
            # From its beginning, so that the list follows the typing.
            states.add(next((name for name in _STATES_OF_IS if name.startswith(value)), "nothing"))
        elif prefix:
            tests.append(_test(prefix, value, today))
        else:
            plain.append(value)
    fields = bool(tests)
    tests += [_state(name, marked) for name in sorted(states - {"all"})]
    return Query(tuple(tests), tuple(plain), frozenset(states), fields)


def split(text: str) -> list[tuple[str, str]]:
    """(prefix, value) of every word; the prefix is empty where there is none that we know."""
    out = []
    for word in _WORD.findall(text[:MAX_QUERY_CHARS].casefold()):
        prefix, colon, value = word.partition(":")
        known = bool(colon) and prefix in PREFIXES
        out.append((prefix if known else "", (value if known else word).replace('"', "").strip()))
    return out


def find(
    query: str, items: Sequence[Indexed], today: date = date.max, marked: Collection[str] = ()
) -> list[Summary]:
    """Items that fulfil every word of ``query``, in the order they came in."""
    return [entry.item for entry in Finder(items).find(query, today, marked)]


class Finder:
    """Looks through the same items again and again, as somebody types: a word that grows longer is looked for only
    where it was found while it was shorter.
    """

    def __init__(self, items: Sequence[Indexed]) -> None:
        self._all = items
        self._shown = [entry for entry in items if not entry.item.archived]
        self._terms: list[tuple[str, str]] = []
        self._found: Sequence[Indexed] = self._shown

    @property
    def shown(self) -> Sequence[Indexed]:
        """What is not archived."""
        return self._shown

    def find(self, query: str, today: date, marked: Collection[str] = ()) -> Sequence[Indexed]:
        terms = split(query)
        if _narrows(self._terms, terms):
            prefix, value = terms[-1]
            if not prefix:
                found: Sequence[Indexed] = [entry for entry in self._found if value in entry.words]
            else:
                test = _test(prefix, value, today)
                found = [entry for entry in self._found if test(entry)]
        else:
            found = self._from_all(query, today, marked)
        self._terms, self._found = terms, found
        return found

    def _from_all(self, query: str, today: date, marked: Collection[str]) -> Sequence[Indexed]:
        asked = read_query(query, today, marked)
        found = self._all if asked.archived_too else self._shown
        for word in asked.plain:
            found = [entry for entry in found if word in entry.words]
        for test in asked.tests:
            found = [entry for entry in found if test(entry)]
        return found


def _narrows(old: list[tuple[str, str]], new: list[tuple[str, str]]) -> bool:
    """Whether ``new`` is ``old`` with its last word grown longer, or with one more. Only for words of which a longer
    one fits nothing that a shorter one did not: ``eqf:7`` and ``expires:<3`` are none, and marks change meanwhile.
    """
    if not new or not new[-1][1] or new[-1][0] not in _GROWING or any(prefix == "is" for prefix, _ in new):
        return False
    if new[:-1] == old:
        return True
    grown = len(old) == len(new) and old[:-1] == new[:-1] and old[-1][0] == new[-1][0]
    return grown and new[-1][1].startswith(old[-1][1])


def find_badges(query: str, badges: Sequence[Badge], marked: Collection[str] = ()) -> list[Badge]:
    """Pictures say nothing that a prefix could ask for, except that they are badges, and marked."""
    asked = read_query(query, date.max)
    if asked.fields or asked.states - {"badge", "all", "marked"}:
        return []
    found = [badge for badge in badges if "marked" not in asked.states or badge.id in marked]
    return [badge for badge in found if all(word in badge.words for word in asked.plain)]


def _test(prefix: str, value: str, today: date) -> Test:
    if prefix == "eqf":
        return lambda entry: str(entry.item.eqf) == value
    if prefix == "issuer":
        return lambda entry: value in entry.issuer
    if prefix == "status":
        return lambda entry: entry.item.state.startswith(value)
    if prefix == "tag":
        return lambda entry: any(each.raw.casefold().startswith(value) for each in entry.item.tags)
    if prefix == "collection":
        return lambda entry: any(each.raw.casefold().startswith(value) for each in entry.item.collections)
    return _expires(value, today)


def _state(name: str, marked: Collection[str]) -> Test:
    tests: dict[str, Test] = {
        "archived": lambda entry: entry.item.archived,
        "marked": lambda entry: entry.item.id in marked,
        "noted": lambda entry: entry.item.noted,
    }
    return tests.get(name, lambda _: False)  # a badge is no credential; an unknown word fits nothing


def _expires(value: str, today: date) -> Test:
    """Dates as the record has them, ``YYYY-MM-DD``, so comparing text compares dates."""
    now = today.isoformat()
    if value and "past".startswith(value):
        return lambda entry: "" < entry.item.expires_on.raw < now
    if value and "never".startswith(value):
        return lambda entry: not entry.item.expires_on
    found = _SPAN.fullmatch(value)
    if found is None:  # not finished, as ``<``, or nonsense: asks nothing, or fits nothing
        unfinished = value in {"<", ">"}
        return lambda _: unfinished
    days = min(MAX_DAYS, int(found[2]) * _DAYS[found[3]])
    edge = (today + timedelta(days=min(days, (date.max - today).days))).isoformat()
    if found[1] == "<":
        return lambda entry: now <= entry.item.expires_on.raw < edge
    return lambda entry: entry.item.expires_on.raw > edge


# Sorting.

SORTS = {
    "received": mark("as received"),
    "title": mark("by title"),
    "credit": mark("by credit, largest first"),
    "level": mark("by level, highest first"),
    "issuer": mark("by issuer"),
    "date": mark("by award, newest first"),
    "expiry": mark("by expiry, soonest first"),
}
_LAST = "\U0010ffff"


def in_order(items: Sequence[Indexed], by: str) -> list[Indexed]:
    """A new list in one of the orders of `SORTS`; what says nothing about it comes last, equals stay as they were."""
    if by == "date":
        return sorted(items, key=lambda entry: entry.item.awarded_on.raw, reverse=True)
    keys: dict[str, Callable[[Indexed], str | float]] = {
        "title": lambda entry: entry.item.title.raw.casefold() or _LAST,
        "credit": lambda entry: -_credit(entry.item),
        "level": lambda entry: -(entry.item.eqf or 0),
        "issuer": lambda entry: entry.issuer.strip() or _LAST,
        "expiry": lambda entry: entry.item.expires_on.raw or _LAST,
    }
    return sorted(items, key=keys[by]) if by in keys else list(items)


def _credit(item: Summary) -> float:
    """As a number, whatever the system: ``-1`` where none is stated."""
    raw = "" if item.credit is None else item.credit.value.raw[:12]
    return float(raw) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", raw) else -1.0

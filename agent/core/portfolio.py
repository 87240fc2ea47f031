"""A person's own order among their credentials: names and notes, finding by words, sorting, comparing two. Pure.

Words (``eqf:7 issuer:munster is:archived data``): each has to fit. One with a prefix asks about one field, any other is
looked for as it stands; a name with blanks goes in quotes (``collection:"data science"``). What is archived is found
only where an ``is:`` asks for it. The wallet's list and ``cairn list`` read them alike.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from agent.core.plain_text import REPLACEMENT, harmless
from agent.errors import InputError

MAX_NAME: Final = 60
MAX_NOTE: Final = 4000
MAX_NAMES: Final = 50  # collections of one credential, and tags of one
MAX_QUERY: Final = 200
MAX_DAYS: Final = 40_000

type Document = Mapping[str, Any]


# Names and notes.


def clean_name(given: str) -> str:
    """A name of a collection or a tag: one line, in Unicode's form C, of characters that can be seen.

    Raises `InputError` no_name or name_too_long.
    """
    name = " ".join(_visible(" ".join(given[: 40 * MAX_NAME].split())).split())
    if not name:
        raise InputError("no_name", "A collection or a tag needs a name that can be seen.")
    if len(name) > MAX_NAME:
        raise InputError(
            "name_too_long", f"A name has at most {MAX_NAME} characters.", "Choose a shorter one."
        )
    return name


def clean_names(given: Iterable[str], known: Iterable[str] = ()) -> list[str]:
    """Each name once, whatever its capitals: as it is written in ``known``, else as it came first.

    Raises `InputError` no_name, name_too_long or too_many_names.
    """
    spelt = {name.casefold(): name for name in known}
    found: dict[str, str] = {}
    for each in given:
        name = clean_name(each)
        found.setdefault(name.casefold(), spelt.get(name.casefold(), name))
        if len(found) > MAX_NAMES:
            raise InputError("too_many_names", f"A credential has at most {MAX_NAMES} of them.")
    return list(found.values())


def clean_note(given: str) -> str:
    """Lines stay lines. Raises `InputError` note_too_long."""
    if len(given) > 2 * MAX_NOTE:
        raise InputError("note_too_long", f"A note has at most {MAX_NOTE} characters.")
    lines = given.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ").split("\n")
    note = "\n".join(_visible(line).rstrip() for line in lines).strip()
    if len(note) > MAX_NOTE:
        raise InputError("note_too_long", f"A note has at most {MAX_NOTE} characters.")
    return note


def _visible(given: str) -> str:
    shown = (harmless(char) for char in unicodedata.normalize("NFC", given))
    return "".join(char for char in shown if char != REPLACEMENT)


# Finding.


@dataclass(frozen=True, slots=True)
class Entry[T]:
    """One credential with what is looked for, made once per load; words in small letters."""

    item: T
    words: str
    issuer: str
    state: str
    eqf: int | None
    credit: float
    title: str
    awarded_on: str
    expires_on: str
    tags: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    archived: bool = False
    noted: bool = False


def entry_of(summary: Document) -> Entry[Document]:
    """A summary as the agent service answers it."""
    party = summary["issuer"]
    issuer = f"{party['name']} {party['host']} {party['did']}".casefold()[:500]
    tags, collections = tuple(summary.get("tags", ())), tuple(summary.get("collections", ()))
    title, awarded_on = str(summary["title"]).casefold(), str(summary["awarded_on"])
    labels = " ".join((*tags, *collections))
    rest = f"{awarded_on} {summary['state']} {labels} {summary.get('search', '')}".casefold()
    return Entry(
        item=summary,
        words=f"{title[:1000]} {rest} {issuer}",
        issuer=issuer,
        state=str(summary["state"]),
        eqf=summary["eqf"],
        credit=_amount(summary["credit"]),
        title=title,
        awarded_on=awarded_on,
        expires_on=summary["expires_on"] or "",
        tags=tuple(each.casefold() for each in tags),
        collections=tuple(each.casefold() for each in collections),
        archived=bool(summary.get("archived")),
        noted=bool(summary.get("noted")),
    )


def _amount(credit: Document | None) -> float:
    """As a number, whatever the system; -1 where none is stated."""
    value = "" if credit is None else str(credit["value"])[:12]
    return float(value) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", value) else -1.0


type Test = Callable[[Entry[Any]], bool]

PREFIXES: Final = frozenset({"eqf", "issuer", "status", "tag", "collection", "is", "expires"})
STATES: Final = ("archived", "all", "noted")
# A quotation belongs to its word; one that is still being typed ends with the text.
_WORD: Final = re.compile(r'(?:[^\s"]|"[^"]*"?)+')
_SPAN: Final = re.compile(r"([<>])([0-9]{1,5})([dwmy]?)")
_DAYS: Final = {"": 1, "d": 1, "w": 7, "m": 30, "y": 365}


def split_words(query: str) -> list[tuple[str, str]]:
    """(prefix, value) of every word, in small letters; the prefix is empty where none of ours is there."""
    out = []
    for word in _WORD.findall(query[:MAX_QUERY].casefold()):
        prefix, colon, value = word.partition(":")
        known = bool(colon) and prefix in PREFIXES
        out.append((prefix if known else "", (value if known else word).replace('"', "").strip()))
    return out


def find[T](
    query: str, entries: Sequence[Entry[T]], today: date, *, archived: bool = False
) -> list[Entry[T]]:
    """Entries that fit every word, in the order in which they came; ``archived``: those, too, without an ``is:``."""
    words = [(prefix, value) for prefix, value in split_words(query) if value]
    # A state from its beginning, so that a list follows the typing.
    states = {
        next((name for name in STATES if name.startswith(value)), "")
        for prefix, value in words
        if prefix == "is"
    }
    tests = [_test(prefix, value, today) for prefix, value in words if prefix != "is"]
    tests += [_IS[state] for state in sorted(states)]
    found: Sequence[Entry[T]] = entries
    if not archived and not states & {"archived", "all"}:
        found = [entry for entry in found if not entry.archived]
    for test in tests:
        found = [entry for entry in found if test(entry)]
    return list(found)


_IS: Final[dict[str, Test]] = {
    "archived": lambda entry: entry.archived,
    "all": lambda _: True,
    "noted": lambda entry: entry.noted,
    "": lambda _: False,  # a word that means nothing fits nothing
}


def _test(prefix: str, value: str, today: date) -> Test:
    match prefix:
        case "eqf":
            return lambda entry: str(entry.eqf) == value
        case "issuer":
            return lambda entry: value in entry.issuer
        case "status":
            return lambda entry: entry.state.startswith(value)
        case "tag":
            return lambda entry: any(tag.startswith(value) for tag in entry.tags)
        case "collection":
            return lambda entry: any(name.startswith(value) for name in entry.collections)
        case "expires":
            return _expires(value, today)
    return lambda entry: value in entry.words


def _expires(value: str, today: date) -> Test:
    """``past``, ``never``, ``<30d``, ``>1y``; dates are written so that comparing the texts compares the dates."""
    now = today.isoformat()
    if "past".startswith(value):
        return lambda entry: "" < entry.expires_on < now
    if "never".startswith(value):
        return lambda entry: not entry.expires_on
    found = _SPAN.fullmatch(value)
    if found is None:  # half of one asks nothing yet; nonsense fits nothing
        unfinished = value in ("<", ">")
        return lambda _: unfinished
    days = min(MAX_DAYS, int(found[2]) * _DAYS[found[3]], (date.max - today).days)
    edge = (today + timedelta(days=days)).isoformat()
    if found[1] == "<":
        return lambda entry: now <= entry.expires_on < edge
    return lambda entry: entry.expires_on > edge


# Sorting.

SORTS: Final = ("title", "credit", "level", "issuer", "date", "expiry")
_LAST: Final = "\U0010ffff"
_KEYS: Final[dict[str, Callable[[Entry[Any]], str | float]]] = {
    "title": lambda entry: entry.title or _LAST,
    "credit": lambda entry: -entry.credit,  # the largest first
    "level": lambda entry: -(entry.eqf or 0),  # the highest first
    "issuer": lambda entry: entry.issuer.strip() or _LAST,
    "expiry": lambda entry: entry.expires_on or _LAST,  # the soonest first
}


def in_order[T](entries: Sequence[Entry[T]], by: str) -> list[Entry[T]]:
    """By one of `SORTS` (``date``: the newest award first), else as they came. What says nothing about it is last,
    and equals stay as they were."""
    if by == "date":
        return sorted(entries, key=lambda entry: entry.awarded_on, reverse=True)
    return sorted(entries, key=_KEYS[by]) if by in _KEYS else list(entries)


# Comparing two.


@dataclass(frozen=True, slots=True)
class Row:
    """``relation`` is ``equal``, ``differs``, ``only_first`` or ``only_second``; what is not stated is empty."""

    name: str
    label: str
    first: str
    second: str

    @property
    def relation(self) -> str:
        if self.first and self.second:
            return "equal" if self.first.split() == self.second.split() else "differs"
        return "only_first" if self.first else "only_second"

    def to_json(self) -> dict[str, str]:
        names = ("name", "label", "first", "second", "relation")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Comparison:
    """``both``, ``only_first`` and ``only_second`` are outcomes: the same ESCO skill, or the same words."""

    rows: tuple[Row, ...]
    both: tuple[str, ...]
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        outcomes = {name: list(getattr(self, name)) for name in ("both", "only_first", "only_second")}
        return {"rows": [row.to_json() for row in self.rows], "outcomes": outcomes}


_AS_OUTCOMES: Final = frozenset({"outcomes", "skills"})


def compare(first: Document, second: Document) -> Comparison:
    """Two credentials as the agent service answers them (Detail), field by field."""
    pairs: dict[str, list[str]] = {}
    labels: dict[str, str] = {}
    for at, detail in enumerate((first, second)):
        for name, label, value in _fields(detail):
            labels.setdefault(name, label)
            pairs.setdefault(name, ["", ""])[at] = value
    rows = tuple(Row(name, labels[name], *values) for name, values in pairs.items() if any(values))
    return Comparison(rows, *_outcomes(first["record"], second["record"]))


def _fields(detail: Document) -> list[tuple[str, str, str]]:
    found = [
        (claim["name"], claim["label"], claim["value"])
        for claim in detail["claims"]
        if claim["name"] not in _AS_OUTCOMES
    ]
    return [
        *found,
        ("issuer_host", "Issuer's host", detail["issuer"]["host"]),
        ("form", "Held as", detail["form"]),
        ("state", "Its checks", detail["state"]),
    ]


def _outcomes(first: Document, second: Document) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    here, there = _stated(first), _stated(second)
    names_here = frozenset(name for names, _ in here for name in names)
    names_there = frozenset(name for names, _ in there for name in names)
    both = tuple(said for names, said in here if names & names_there)
    only_first = tuple(said for names, said in here if not names & names_there)
    return both, only_first, tuple(said for names, said in there if not names & names_here)


def _stated(record: Document) -> list[tuple[frozenset[str], str]]:
    """Each outcome by everything that it may be known by, and as it is shown."""
    from agent.core.record import text  # late: the rest of this module is loaded at the start of the wallet

    return [
        (
            frozenset(
                {_plainly(words) for words in each["text"].values()}
                | ({each["esco"]} if each.get("esco") else set())
            ),
            text(each["text"]),
        )
        for each in record.get("outcomes", [])
    ]


def _plainly(words: str) -> str:
    return " ".join(words.casefold().split()).rstrip(" .;,")

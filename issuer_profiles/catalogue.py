"""Find a micro-credential among thousands of templates by the beginnings of words.

Built once, then pure. Every word of every title, outcome and issuer's name, in every language, is in one sorted
table; what begins with "ener" is a slice of it, found by bisection. A set of templates is a whole number with a bit
for each, so that uniting the slice and everything after it are a few operations on long numbers. That suits tens of
thousands of templates, not millions. tests/bench/catalogue.py compares it with a plain scan.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from operator import itemgetter, or_
from pathlib import Path
from typing import Final

from issuer_profiles.errors import ProfileQueryError
from issuer_profiles.loader import ROOT, list_profiles, load_profile, load_templates
from issuer_profiles.models import Profile, Template

type Templates = int  # a set of their numbers, one bit each

MAX_WORDS: Final = 16
MAX_QUERY_CHARS: Final = 400
# Scripts without spaces: each character is a word of its own, or nothing but whole sentences could be found.
_UNSPACED: Final = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD: Final = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """``id`` is ``issuer/template``; ``in_title`` counts the words of the query that the title holds."""

    id: str
    profile: Profile
    template: Template
    in_title: int


class Catalogue:
    """All current templates of some issuers."""

    def __init__(self, entries: Iterable[tuple[Profile, Template]]) -> None:
        by_id = {f"{profile.id}/{template.id}": (profile, template) for profile, template in entries}
        self._ids = sorted(by_id)  # a template's number is its place here, so numbers sort as ids do
        self._entries = [by_id[id] for id in self._ids]
        titles: dict[str, Templates] = {}
        everything: dict[str, Templates] = {}
        names: dict[str, set[str]] = {}
        amounts: dict[str, list[tuple[Decimal, Templates]]] = {}
        self._facets: dict[tuple[str, str | int], Templates] = {}
        for number, (profile, template) in enumerate(self._entries):
            one = 1 << number
            if profile.id not in names:
                names[profile.id] = set(_words_of(profile.name))
            title = set(_words_of(template.title))
            outcomes = {word for outcome in template.outcomes for word in _words_of(outcome.text)}
            for word in title:
                titles[word] = titles.get(word, 0) | one
            for word in title | outcomes | names[profile.id]:
                everything[word] = everything.get(word, 0) | one
            for facet in _facets_of(profile, template):
                self._facets[facet] = self._facets.get(facet, 0) | one
            if template.credit:
                amounts.setdefault(template.credit.system, []).append((Decimal(template.credit.value), one))
        self._titles, self._everything = _Prefixes(titles), _Prefixes(everything)
        self._amounts = {system: sorted(found) for system, found in amounts.items()}

    @classmethod
    def load(cls, root: Path = ROOT) -> Catalogue:
        """Of all profiles in a folder. Raises `ProfileError`."""
        profiles = [load_profile(id, root) for id in list_profiles(root)]
        return cls((profile, template) for profile in profiles for template in load_templates(profile, root))

    def __len__(self) -> int:
        return len(self._ids)

    def search(
        self,
        words: str = "",
        *,
        credit_system: str | None = None,
        min_credit: Decimal | str | None = None,
        max_credit: Decimal | str | None = None,
        min_eqf: int | None = None,
        languages: Sequence[str] = (),
        skills: Sequence[str] = (),
        issuers: Sequence[str] = (),
        limit: int = 50,
    ) -> tuple[Hit, ...]:
        """Every one of ``words`` begins a word of the template; most words in the title first, then by id.

        ``languages`` (of instruction; "en" also finds "en-IE"), ``skills`` (ESCO addresses) and ``issuers`` (ids of
        profiles): one of each list that is not empty. What does not state its level or credit fails ``min_eqf`` and
        the bounds on credit. Raises `ProfileQueryError`: ``credit_without_system``, for amounts of unlike
        credits are never compared; ``bad_amount``; ``too_many_words``.
        """
        asked = _asked(words)
        least, most = _amount(min_credit), _amount(max_credit)
        if (least is not None or most is not None) and credit_system is None:
            raise ProfileQueryError(
                "credit_without_system", "An amount of credit needs its system, such as ects."
            )
        found = (1 << len(self._ids)) - 1
        if credit_system is not None:
            found &= self._credit(credit_system, least, most)
        if min_eqf is not None:
            found &= self._any("eqf", range(max(min_eqf, 1), 9))
        if languages:
            found &= self._any("language", [each.lower() for each in languages])
        if skills:
            found &= self._any("skill", skills)
        if issuers:
            found &= self._any("issuer", issuers)
        for word in asked:
            found &= self._everything.starting_with(word)
        return tuple(self._hits(found, asked, limit))

    def _any(self, facet: str, values: Iterable[str | int]) -> Templates:
        return _united(self._facets.get((facet, value), 0) for value in values)

    def _credit(self, system: str, least: Decimal | None, most: Decimal | None) -> Templates:
        amounts = self._amounts.get(system, [])
        start = 0 if least is None else bisect_left(amounts, least, key=itemgetter(0))
        stop = len(amounts) if most is None else bisect_right(amounts, most, key=itemgetter(0))
        return _united(one for _, one in amounts[start:stop])

    def _hits(self, found: Templates, asked: Sequence[str], limit: int) -> Iterator[Hit]:
        levels = [found]  # by the number of words in the title
        for word in asked:
            titled = self._titles.starting_with(word)
            levels = [
                (stay & ~titled) | (rise & titled)
                for stay, rise in zip([*levels, 0], [0, *levels], strict=True)
            ]
        for in_title in range(len(asked), -1, -1):
            for number in _numbers(levels[in_title], limit):
                profile, template = self._entries[number]
                yield Hit(id=self._ids[number], profile=profile, template=template, in_title=in_title)
                limit -= 1


class _Prefixes:
    """Words, sorted, and beside each the templates that hold it."""

    def __init__(self, templates: Mapping[str, Templates]) -> None:
        self._words = sorted(templates)
        self._templates = [templates[word] for word in self._words]

    def starting_with(self, prefix: str) -> Templates:
        start = bisect_left(self._words, prefix)
        # No word begins with the prefix and a character beyond all characters.
        stop = bisect_left(self._words, f"{prefix}\U0010ffff", start)
        return _united(self._templates[start:stop])


def _united(sets: Iterable[Templates]) -> Templates:
    return reduce(or_, sets, 0)


def _numbers(templates: Templates, limit: int) -> Iterator[int]:
    """The first ``limit`` of the set, in order."""
    bits = bin(templates)[:1:-1]  # the lowest bit first, without "0b"
    number = bits.find("1")
    while number >= 0 and limit > 0:
        yield number
        number = bits.find("1", number + 1)
        limit -= 1


def _facets_of(profile: Profile, template: Template) -> Iterator[tuple[str, str | int]]:
    yield "issuer", profile.id
    if template.level and template.level.eqf:
        yield "eqf", template.level.eqf
    for tag in template.language:
        yield "language", tag.lower()
        yield "language", tag.lower().partition("-")[0]
    for outcome in template.outcomes:
        if outcome.esco:
            yield "skill", outcome.esco


def words_of(text: str) -> list[str]:
    """The words to compare: without case, accents or compatibility forms; "Énergie" and "ENERGIE" are alike."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text.casefold())
        text = "".join(char for char in decomposed if not unicodedata.combining(char))
    return _WORD.findall(text.casefold())


def _words_of(prose: Mapping[str, str]) -> Iterable[str]:
    return (word for text in prose.values() for word in words_of(text))


def _asked(words: str) -> list[str]:
    asked = list(dict.fromkeys(words_of(words[: MAX_QUERY_CHARS + 1])))
    if len(asked) > MAX_WORDS or len(words) > MAX_QUERY_CHARS:
        raise ProfileQueryError("too_many_words", f"A search has at most {MAX_WORDS} words.")
    return asked


def _amount(value: Decimal | str | None) -> Decimal | None:
    if value is None or isinstance(value, Decimal):
        return value
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,4})?", value, re.ASCII):
        raise ProfileQueryError("bad_amount", "An amount of credit is a number such as 5 or 2.5.")
    return Decimal(value)

"""Synthetic data of a registry at full size and beyond, the same for the same seed. No name or report is real.

Four reports an institution on the average, as long-tailed as DEQAR's: most have a few, one has tens of thousands
(`LARGEST`). A tenth of the reports had ended, some are negative, flagged or by an agency whose registration had
ended; one institution in fifty succeeded another, one in twenty names two countries.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from trust_registry import keys
from trust_registry.content import Content, Known
from trust_registry.facts import Agency, Binding, Identifier, Institution, Programme, Relation, Report
from trust_registry.harvested import Source
from trust_registry.vocabulary import Activity, Cycle, Flag, RelationKind, ReportDecision, Status

COUNTRIES = tuple(
    "AT BE BG CH CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL NO PL PT RO SE SI SK".split()  # noqa: SIM905
)
AGENCIES = [f"AGENCY-{number:02d}" for number in range(60)]
RECORDED = datetime(2025, 1, 1, tzinfo=UTC)
TODAY = date(2026, 11, 1)
LARGEST = 0
_KINDS = (
    "University of {}",
    "{} University of Technology",
    "Universität {}",
    "Hochschule {}",
    "Université de {}",
    "Universidad de {}",
    "Politechnika {}",
    "{} University of Applied Sciences",
    "Institute of Technology {}",
    "Πανεπιστήμιο {}",
    "Университет {}",
    "Academy of {}",
)
_SYLLABLES = tuple(
    "ba be bo da de do ga go ka ki ko la le lo ma me mi na ne no pa po ra re ro sa se so ta to va vi".split()  # noqa: SIM905
)
_FIELDS = ("Data Science", "Nursing", "Law", "Energy Systems", "Music", "Logistics", "Philosophy", "Robotics")


@dataclass(frozen=True, slots=True)
class Size:
    institutions: int = 120_000
    reports: int = 500_000
    bindings: int = 120_000
    largest: int = 20_000  # reports of the institution `LARGEST`

    def times(self, factor: float) -> Size:
        return Size(
            *(int(value * factor) for value in (self.institutions, self.reports, self.bindings, self.largest))
        )


def institution_id(number: int) -> str:
    return f"DEQARINST{number + 1:06d}"


def did(number: int) -> str:
    return f"did:web:u{number}.example"


def content(size: Size, seed: int = 1) -> Content:
    source = Source(
        "synthetic",
        hashlib.sha256(b"synthetic").hexdigest(),
        "2026-11-01T00:00:00Z",
        "invented",
        size.reports,
    )
    return Content(known=map(Known, _facts(size, random.Random(seed))), sources=(source,))


def bindings(size: Size, seed: int = 2) -> Iterator[Binding]:
    """One for each of the first institutions; the keys belong to nobody."""
    chance = random.Random(seed)
    for number in range(size.bindings):
        jwk = keys.jwk_from_raw(chance.randbytes(32))
        yield Binding(
            did=did(number),
            institution_id=institution_id(number % size.institutions),
            level=2,
            thumbprint=keys.thumbprint(jwk),
            jwk=jwk,
            valid_from=date(2015, 1, 1),
            valid_to=None,
            revoked=None,
            evidence="",
            recorded_at=RECORDED,
            proposal=f"proposal-{number}",
        )


def place_name(chance: random.Random) -> str:
    return "".join(chance.choice(_SYLLABLES) for _ in range(chance.randint(2, 4))).capitalize()


def _facts(size: Size, chance: random.Random) -> Iterator[Institution | Relation | Agency | Report]:
    for acronym in AGENCIES:
        end = date(2021, 6, 30) if acronym == AGENCIES[0] else None
        yield Agency(acronym, f"Agency {acronym}", ((date(2010, 1, 1), end),))
    for number in range(size.institutions):
        place, kind = place_name(chance), chance.choice(_KINDS)
        identifier = institution_id(number)
        yield Institution(
            identifier,
            kind.format(place),
            tuple(dict.fromkeys(chance.choices(COUNTRIES, k=1 if number % 20 else 2))),
            f"https://registry.example/institution/{number}",
            date(chance.randint(1850, 2014), 1, 1),
            website=f"https://u{number}.example",
            names=(chance.choice(_KINDS).format(place),),
            identifiers=(Identifier("ROR", f"https://ror.example/{number:07x}"),),
        )
        if number % 50 == 49:
            yield Relation(institution_id(number - 1), identifier, date(2020, 9, 1), RelationKind.SUCCEEDED)
    for number in range(size.reports):
        # The square makes it long-tailed: low numbers have many, high numbers few.
        owner = LARGEST if number < size.largest else int(size.institutions * chance.random() ** 1.3)
        yield _report(number, owner, chance)


def _report(number: int, owner: int, chance: random.Random) -> Report:
    start = date(2013, 1, 1) + timedelta(days=chance.randint(0, 4900))
    institutional = number % 1000 == 0 if owner == LARGEST else chance.random() < 0.4
    cycles = frozenset(chance.sample(list(Cycle), k=chance.randint(1, 4)))
    decision = chance.choices(list(ReportDecision), weights=(80, 15, 2, 3))[0]
    return Report(
        id=str(number + 1),
        institution_ids=(institution_id(owner),),
        agency=chance.choice(AGENCIES),
        activity=Activity.INSTITUTIONAL if institutional else Activity.PROGRAMME,
        status=Status.OBLIGATORY if chance.random() < 0.85 else Status.VOLUNTARY,
        decision=decision,
        valid_from=start,
        valid_to=start + timedelta(days=365 * chance.randint(3, 8)) if chance.random() < 0.7 else None,
        flag=Flag.HIGH if chance.random() < 0.002 else Flag.NONE,
        cycles=cycles if chance.random() < 0.9 else None,
        programme=None
        if institutional
        else Programme(f"{chance.choice(_FIELDS)} {number % 900}", None, chance.random() < 0.8),
        url=f"https://registry.example/report/{number}",
    )

"""What the nodes of a European Digital Credential are made from: values, places, languages, times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from agent.core.record import AwardingBody, Record, choose_language
from agent.vc import elm_codes as codes
from agent.vc.elm_codes import Json

UNDETERMINED: Final = "und"
_NOT_IN_AN_IRI: Final = frozenset('<>"{}|^`\\')


@dataclass(frozen=True, slots=True, kw_only=True)
class Accreditation:
    """What a trust registry holds about who reviewed what: the registry's word, never the issuer's.

    ``scope`` is ``institution``, ``programme`` or ``micro-credential``: an institution's review is attached to the
    institution and never to the credential (003:279). The model wants the agency's country; without it the review
    is said in a note.
    """

    title: str
    agency: str
    scope: str
    agency_country: str = ""
    id: str = ""
    report: str = ""
    valid_from: date | None = None
    valid_until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalIdentifier:
    """The issuer's eIDAS legal identifier (Regulation (EU) 910/2014): no record holds one."""

    country: str
    number: str


def said(members: Mapping[str, object]) -> Json:
    return {name: value for name, value in members.items() if value not in (None, {}, [], "")}


def many(items: Iterable[Json]) -> object:
    """None, the one, or a list: as the model's own samples have it."""
    found = list(items)
    return found[0] if len(found) == 1 else found or None


def distinct(items: Iterable[Json]) -> list[Json]:
    return list({each["id"]: each for each in items}.values())


def untagged(text: str | None) -> Json | None:
    return {UNDETERMINED: text} if text else None


def tags_of(record: Record) -> list[str]:
    """The languages of the title that the European list has; that of the teaching first, if it is one of them."""
    first = choose_language(record.title, record.language or ("en",))
    tags = [first, *(tag for tag in record.title if tag != first)] if first else []
    return [tag for tag in tags if codes.language(tag) is not None]


def places_of(countries: Iterable[str]) -> list[Json]:
    return distinct(place for code in countries if (place := codes.country(code)))


def place_of(body: AwardingBody, record: Record) -> Json | None:
    """A body's own country; that of the issuer when it is the issuer."""
    if body.country:
        return codes.country(body.country)
    if body.name in record.issuer.name.values():
        return next(iter(places_of(record.issuer.countries)), None)
    return None


def is_iri(text: str) -> bool:
    return not any(char in _NOT_IN_AN_IRI or char <= " " or "\x7f" <= char <= "\xa0" for char in text)


def first_second(day: date | None) -> str | None:
    return f"{day.isoformat()}T00:00:00Z" if day else None


def last_second(day: date | None) -> str | None:
    return f"{day.isoformat()}T23:59:59Z" if day else None


def duration(hours: str) -> str:
    """``PT125H``, ``PT59M``, ``PT2H30M``: ISO 8601. The record's four decimals are there to say minutes."""
    minutes = int((Decimal(hours) * 60).to_integral_value())
    if abs(Decimal(minutes) / 60 - Decimal(hours)) > Decimal("0.00005"):
        seconds = (Decimal(hours) * 3600).normalize()
        return f"PT{seconds:f}S"
    whole, rest = divmod(minutes, 60)
    return "PT" + (f"{whole}H" if whole else "") + (f"{rest}M" if rest else "")

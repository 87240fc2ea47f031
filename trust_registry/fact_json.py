"""Facts as the text that the history keeps, and back. Pure.

The same fact always gives the same text, so that "has it changed?" is a comparison of two strings: members
are sorted JSON, and what is a set in meaning (institutions of a report, registrations, identifiers) is sorted.
A member that older lines lack has a reading for its absence.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from trust_registry.dates import format_time, parse_time
from trust_registry.facts import (
    Agency,
    Closure,
    Faculty,
    Identifier,
    Institution,
    Programme,
    Relation,
    Report,
    StatedVoiding,
    Voiding,
)
from trust_registry.harvested import Ingested
from trust_registry.vocabulary import Activity, Cycle, Flag, RelationKind, ReportDecision, Status

NO_COUNTRY = "ZZ"  # ISO 3166 leaves it to users: agencies, alliances, and reports on them


class Kind(StrEnum):
    INSTITUTION = "institution"
    RELATION = "relation"
    REPORT = "report"
    AGENCY = "agency"
    FACULTY = "faculty"
    VOIDING = "voiding"


type Place = tuple[Kind, str]


@dataclass(frozen=True, slots=True)
class FactText:
    """``valid_from``, ``valid_to``: the fact's own period, as the source states it (ends inclusive)."""

    body: str
    countries: tuple[str, ...]
    valid_from: date | None
    valid_to: date | None


def flatten(found: Ingested, institutions: dict[str, Institution]) -> dict[Place, FactText]:
    """Every fact by kind and key. ``institutions``: where to look up a country besides ``found``."""
    known = institutions | found.institutions

    def countries(*ids: str) -> tuple[str, ...]:
        codes = {code for one in ids if one in known for code in known[one].countries}
        return tuple(sorted(codes)) or (NO_COUNTRY,)

    facts: dict[Place, FactText] = {}
    for one in found.institutions.values():
        last = one.closure.latest - timedelta(days=1) if one.closure else None
        facts[Kind.INSTITUTION, one.id] = FactText(_institution(one), countries(one.id), one.founded, last)
    for step in found.relations:
        place = (Kind.RELATION, f"{step.predecessor} {step.successor} {step.at.isoformat()}")
        facts[place] = FactText(_relation(step), countries(step.successor), step.at, None)
    for report in found.reports.values():
        where = countries(*report.institution_ids)
        facts[Kind.REPORT, report.id] = FactText(_report(report), where, report.valid_from, report.valid_to)
    for agency in found.agencies.values():
        ends = [end for _, end in agency.registrations]
        facts[Kind.AGENCY, agency.acronym] = FactText(
            _agency(agency),
            (NO_COUNTRY,),
            min((start for start, _ in agency.registrations), default=None),
            max((end for end in ends if end is not None), default=None) if None not in ends else None,
        )
    for member in found.faculties:
        place = (Kind.FACULTY, f"{member.whole} {member.part} {_iso(member.valid_from) or '-'}")
        text = FactText(_faculty(member), countries(member.part), member.valid_from, member.valid_to)
        facts[place] = text
    for one_voiding in found.voidings:
        facts[Kind.VOIDING, voiding_key(one_voiding)] = voiding_text(one_voiding)
    return facts


def voiding_key(one: StatedVoiding) -> str:
    return f"{one.agency} {one.valid_from.isoformat()} {_iso(one.valid_to) or '-'}"


def voiding_text(one: StatedVoiding) -> FactText:
    body = {
        "agency": one.agency,
        "valid_from": one.valid_from.isoformat(),
        "valid_to": _iso(one.valid_to),
        "source": one.source,
    }
    return FactText(_text(body), (NO_COUNTRY,), one.valid_from, one.valid_to)


def gather(rows: Iterator[tuple[Kind, str]]) -> Ingested:
    """The facts of these bodies."""
    found = Ingested()
    for kind, body in rows:
        match read(kind, body):
            case Institution() as institution:
                found.institutions[institution.id] = institution
            case Relation() as relation:
                found.relations.append(relation)
            case Report() as report:
                found.reports[report.id] = report
            case Agency() as agency:
                found.agencies[agency.acronym] = agency
            case Faculty() as faculty:
                found.faculties.append(faculty)
            case StatedVoiding() as voiding:
                found.voidings.append(voiding)
    return found


def read(kind: Kind, body: str) -> Institution | Relation | Report | Agency | Faculty | StatedVoiding:
    return _READ[kind](json.loads(body))


def institutions_about(kind: Kind, body: str) -> tuple[str, ...]:
    """The institutions that a stored fact speaks of."""
    data = json.loads(body)
    if kind is Kind.INSTITUTION:
        return (data["id"],)
    if kind is Kind.RELATION:
        return (data["predecessor"], data["successor"])
    if kind is Kind.FACULTY:
        return (data["whole"], data["part"])
    return tuple(data["institution_ids"]) if kind is Kind.REPORT else ()


def _text(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _institution(one: Institution) -> str:
    closure = [one.closure.earliest.isoformat(), one.closure.latest.isoformat()] if one.closure else None
    return _text(
        {
            "id": one.id,
            "name": one.name,
            "countries": list(one.countries),
            "url": one.url,
            "founded": _iso(one.founded),
            "closure": closure,
            "other_provider": one.other_provider,
            "website": one.website,
            "names": list(one.names),
            "identifiers": sorted(
                (
                    [item.resource, item.value, _iso(item.valid_from), _iso(item.valid_to)]
                    for item in one.identifiers
                ),
                key=lambda item: (*item[:2], item[2] or "", item[3] or "9999-12-31"),
            ),
        }
    )


def _read_institution(data: dict[str, Any]) -> Institution:
    closure = Closure(*(date.fromisoformat(day) for day in data["closure"])) if data["closure"] else None
    return Institution(
        data["id"],
        data["name"],
        tuple(data["countries"]),
        data["url"],
        _day(data["founded"]),
        closure,
        data["other_provider"],
        data.get("website", ""),
        tuple(data.get("names", ())),
        tuple(
            Identifier(resource, value, _day(start), _day(end))
            for resource, value, start, end in data.get("identifiers", ())
        ),
    )


def _relation(step: Relation) -> str:
    return _text(
        {
            "predecessor": step.predecessor,
            "successor": step.successor,
            "at": step.at.isoformat(),
            "kind": str(step.kind),
        }
    )


def _read_relation(data: dict[str, Any]) -> Relation:
    at = date.fromisoformat(data["at"])
    return Relation(data["predecessor"], data["successor"], at, RelationKind(data["kind"]))


def _faculty(member: Faculty) -> str:
    period = {"valid_from": _iso(member.valid_from), "valid_to": _iso(member.valid_to)}
    return _text({"whole": member.whole, "part": member.part, **period})


def _read_faculty(data: dict[str, Any]) -> Faculty:
    return Faculty(data["whole"], data["part"], _day(data["valid_from"]), _day(data["valid_to"]))


def _read_voiding(data: dict[str, Any]) -> StatedVoiding:
    start = date.fromisoformat(data["valid_from"])
    return StatedVoiding(data["agency"], start, _day(data["valid_to"]), data["source"])


def _report(report: Report) -> str:
    programme = report.programme
    ects = str(programme.ects) if programme and programme.ects is not None else None
    return _text(
        {
            "id": report.id,
            "institution_ids": sorted(report.institution_ids),
            "agency": report.agency,
            "activity": str(report.activity),
            "status": str(report.status),
            "decision": str(report.decision),
            "valid_from": report.valid_from.isoformat(),
            "valid_to": _iso(report.valid_to),
            "flag": str(report.flag),
            "cycles": sorted(report.cycles) if report.cycles is not None else None,
            "programme": {"name": programme.name, "ects": ects, "degree": programme.degree}
            if programme
            else None,
            "url": report.url,
            "local_identifier": report.local_identifier,
            "illustrative": report.illustrative,
        }
    )


def _read_report(data: dict[str, Any]) -> Report:
    inner = data["programme"]
    ects = Decimal(inner["ects"]) if inner and inner["ects"] is not None else None
    return Report(
        id=data["id"],
        institution_ids=tuple(data["institution_ids"]),
        agency=data["agency"],
        activity=Activity(data["activity"]),
        status=Status(data["status"]),
        decision=ReportDecision(data["decision"]),
        valid_from=date.fromisoformat(data["valid_from"]),
        valid_to=_day(data["valid_to"]),
        flag=Flag(data["flag"]),
        cycles=frozenset(Cycle(cycle) for cycle in data["cycles"]) if data["cycles"] is not None else None,
        programme=Programme(inner["name"], ects, inner["degree"]) if inner else None,
        url=data["url"],
        local_identifier=data["local_identifier"],
        illustrative=data["illustrative"],
    )


def _agency(agency: Agency) -> str:
    periods = sorted([start.isoformat(), _iso(end)] for start, end in agency.registrations)
    voidings = [
        [
            one.valid_from.isoformat(),
            _iso(one.valid_to),
            format_time(one.recorded_at),
            format_time(one.withdrawn_at) if one.withdrawn_at else None,
        ]
        for one in agency.voidings
    ]
    return _text(
        {
            "acronym": agency.acronym,
            "name": agency.name,
            "registrations": periods,
            "voidings": voidings,
            "official_in": sorted(agency.official_in) if agency.official_in is not None else None,
            "url": agency.url,
        }
    )


def _read_agency(data: dict[str, Any]) -> Agency:
    official = data["official_in"]
    return Agency(
        data["acronym"],
        data["name"],
        tuple((date.fromisoformat(start), _day(end)) for start, end in data["registrations"]),
        tuple(
            Voiding(
                date.fromisoformat(start),
                _day(end),
                parse_time(at, "recorded_at"),
                parse_time(withdrawn[0], "withdrawn_at") if any(withdrawn) else None,
            )
            for start, end, at, *withdrawn in data["voidings"]
        ),
        frozenset(official) if official is not None else None,
        data["url"],
    )


type _Reader = Callable[[dict[str, Any]], Institution | Relation | Report | Agency | Faculty | StatedVoiding]

_READ: dict[Kind, _Reader] = {
    Kind.INSTITUTION: _read_institution,
    Kind.RELATION: _read_relation,
    Kind.REPORT: _read_report,
    Kind.AGENCY: _read_agency,
    Kind.FACULTY: _read_faculty,
    Kind.VOIDING: _read_voiding,
}

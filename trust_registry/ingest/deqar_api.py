"""DEQAR's JSON (connect API and web API v2), read into facts. Pure: parsed JSON in, facts or a reason out.

Read in EQAR's public source (eqar_backend): the list of reports leaves high-level flags out unless asked; in
``historical_relationships`` the *other* institution is the subject of ``relationship_type``; date-times are
local time marked Z, so only the date is kept. An `IngestError` or `QueryError` here quarantines the record.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from trust_registry.dates import parse_date
from trust_registry.errors import IngestError, QueryError
from trust_registry.facts import Agency, Faculty, Identifier, Institution, Programme, Relation, Report
from trust_registry.ingest.deqar_csv import (
    ILLUSTRATIVE,
    VERBS,
    closed_between,
    degree_of,
    word,
)
from trust_registry.ingest.naming import identifiers, other_names
from trust_registry.vocabulary import Activity, Cycle, Flag, ReportDecision, Status

# The public pages that the CSV names in deqar_url and report_url; the JSON leaves them out.
INSTITUTION_PAGE, REPORT_PAGE = "https://data.deqar.eu/institution/{}", "https://data.deqar.eu/report/{}"
# DEQAR's types of hierarchical relationship; operators of DEQAR may edit the labels, so an unknown one is noted.
_FACULTY = frozenset({"faculty", "independent faculty", "independent faculty or school"})
_NO_FACULTY = frozenset(
    {
        "consortium",
        "franchise or validation partnership",
        "educational platform",
        "European Universities alliance",
    }
)
_MAX_MEMBERS = 1000
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z?)?")


@dataclass(frozen=True, slots=True)
class ReadInstitution:
    """``notes``: what the record says that is not taken over, each with its reason."""

    institution: Institution
    relations: tuple[Relation, ...]
    faculties: tuple[Faculty, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Countries:
    """ISO 3166 alpha-2 codes by DEQAR's English name."""

    codes: Mapping[str, str]

    def code(self, country: Mapping[str, Any]) -> str | None:
        """Sub-national systems count as their state: "Belgium (Flemish Community)"."""
        name = text(country, "name_english")
        alpha2 = text(country, "iso_3166_alpha2")
        by_name = self.codes.get(name) or self.codes.get(name.split(" (")[0])
        return by_name or (alpha2 if alpha2 in self.codes.values() else None)


def institution_id(record: Mapping[str, Any]) -> str:
    """``DEQARINST%04d`` of the numeric id; a ``deqar_id`` beside it must agree."""
    number = record.get("id")
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise IngestError("institution_id", "the institution's id is not a number")
    identifier = f"DEQARINST{number:04d}"
    if text(record, "deqar_id") not in {"", identifier}:
        raise IngestError("institution_id", "the DEQAR id is not that of the record's number")
    return identifier


def institution(
    listed: Mapping[str, Any], detail: Mapping[str, Any], countries: Countries
) -> ReadInstitution:
    """One institution from its row in the list (which has its name) and its own record."""
    identifier = institution_id(listed)
    if institution_id(detail) != identifier:
        raise IngestError("institution_id", "the record is another institution's")
    name = text(listed, "name_primary")
    if not name:
        raise IngestError("name", "the institution has no name")
    notes: list[str] = []
    codes: list[str] = []
    for location in records(detail, "countries"):
        code = countries.code(record(location, "country"))
        if code is None:
            raise IngestError("unknown_value", "an unknown country")
        # An institution's countries have no dates here, so a doubtful or ended location is not one of them.
        if location.get("country_verified") is False:
            notes.append("a location that is not verified")
        elif text(location, "country_valid_to"):
            notes.append("a location that has ended")
        else:
            codes.append(code)
    relations, endings = _relations(identifier, detail, notes)
    faculties = _faculties(identifier, record(detail, "hierarchical_relationships"), notes)
    closed = day(detail, "closure_date")
    found = Institution(
        identifier,
        name,
        tuple(dict.fromkeys(codes)),
        INSTITUTION_PAGE.format(listed["id"]),
        day(detail, "founding_date"),
        closed_between(closed, endings) if closed else None,
        boolean(detail, "is_other_provider"),
        text(detail, "website_link"),
        other_names(name, _names(detail), notes),
        identifiers(_identifiers(detail, notes), notes),
    )
    return ReadInstitution(found, relations, faculties, tuple(notes))


def agency(row: Mapping[str, Any]) -> Agency:
    acronym, start = text(row, "acronym_primary"), day(row, "registration_start")
    if not acronym or start is None:
        raise IngestError("agency", "an agency without acronym or registration")
    if "*** TEST ***" in text(row, "name_primary"):
        raise IngestError("agency", "a test agency")
    return Agency(acronym, text(row, "name_primary"), ((start, day(row, "registration_valid_to")),))


def reports(detail: Mapping[str, Any]) -> list[Report]:
    """One report; one for each programme (id ``report/programme``) when it is about several."""
    number = detail.get("id")
    if not isinstance(number, int) or isinstance(number, bool):
        raise IngestError("report_id", "the report id is not a number")
    local = text(detail, "local_identifier")
    if local.startswith(ILLUSTRATIVE):
        raise IngestError("illustrative", "an illustrative report among real ones")
    start = day(detail, "valid_from")
    if start is None:
        raise IngestError("valid_from", "a report without a first day")
    about = tuple(dict.fromkeys(institution_id(one) for one in records(detail, "institutions")))
    if not about or not text(detail, "agency_acronym"):
        raise IngestError("report", "a report without institution or agency")
    activity = word(Activity, text(detail, "agency_esg_activity_type"))
    programmes = records(detail, "programmes")
    several = len(programmes) > 1 and activity is not Activity.INSTITUTIONAL

    def made(identifier: str, levels: Iterable[Mapping[str, Any]], inner: Programme | None) -> Report:
        named = filter(None, (text(level, "qf_ehea_level") for level in levels))
        return Report(
            id=identifier,
            institution_ids=about,
            agency=text(detail, "agency_acronym"),
            activity=activity,
            status=word(Status, text(detail, "status")),
            decision=word(ReportDecision, text(detail, "decision")),
            valid_from=start,
            valid_to=day(detail, "valid_to"),
            flag=word(Flag, text(detail, "flag") or Flag.NONE),
            cycles=frozenset(word(Cycle, level.removesuffix(" cycle")) for level in named) or None,
            programme=inner,
            url=REPORT_PAGE.format(number),
            local_identifier=local,
        )

    if activity is Activity.INSTITUTIONAL:
        return [made(str(number), programmes, None)]
    if not several:
        inner = _programme(programmes[0]) if programmes else None
        return [made(str(number), programmes, inner)]
    return [made(f"{number}/{_number(one)}", [one], _programme(one)) for one in programmes]


# --- values


def record(value: Any, name: str) -> Mapping[str, Any]:
    inner = value.get(name) if isinstance(value, dict) else None
    if inner is None:
        return {}
    if not isinstance(inner, dict):
        raise IngestError("malformed", f"{name} is not an object")
    return inner


def records(value: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    inner = value.get(name)
    if inner is None:
        return []
    if not isinstance(inner, list) or not all(isinstance(one, dict) for one in inner):
        raise IngestError("malformed", f"{name} is not a list of objects")
    return inner


def text(value: Mapping[str, Any], name: str) -> str:
    inner = value.get(name)
    if inner is None:
        return ""
    if not isinstance(inner, str):
        raise IngestError("malformed", f"{name} is not a text")
    try:
        inner.encode("utf-8")
    except UnicodeEncodeError as error:  # half of a surrogate pair: no database takes it
        raise IngestError("malformed", f"{name} is not a text") from error
    return inner.strip()


def boolean(value: Mapping[str, Any], name: str) -> bool:
    inner = value.get(name, False)
    if not isinstance(inner, bool):
        raise IngestError("malformed", f"{name} is not true or false")
    return inner


def day(value: Mapping[str, Any], name: str) -> date | None:
    """The date of a date or date-time; the hour is local time marked Z, so it must not move the date."""
    given = text(value, name)
    if not given:
        return None
    match = _DAY.fullmatch(given)
    return parse_date(match[1] if match else given, name)


def _number(value: Mapping[str, Any]) -> int:
    number = value.get("id")
    if not isinstance(number, int) or isinstance(number, bool):
        raise IngestError("programme_id", "a programme's id is not a number")
    return number


def _relations(
    own: str, detail: Mapping[str, Any], notes: list[str]
) -> tuple[tuple[Relation, ...], list[date]]:
    """Successions and absorptions, and the days on which the institution itself ended."""
    found: list[Relation] = []
    endings: list[date] = []
    for step in records(detail, "historical_relationships"):
        other = institution_id(record(step, "institution"))
        verb = next((verb for verb in VERBS if verb[0].strip() == text(step, "relationship_type")), None)
        at = day(step, "relationship_date")
        if verb is None or at is None:
            notes.append("an unknown kind of relationship" if verb is None else "a relationship without date")
            continue
        _, kind, other_is_predecessor = verb
        if kind is None:
            continue
        if other == own:
            notes.append("a relationship to itself")
            continue
        if not other_is_predecessor:
            endings.append(at)
        pair = (other, own) if other_is_predecessor else (own, other)
        found.append(Relation(*pair, at, kind))
    return tuple(found), endings


def _faculties(own: str, told: Mapping[str, Any], notes: list[str]) -> tuple[Faculty, ...]:
    """Of both sides' words, ``includes`` (own is the whole) and ``part_of`` (own is the part)."""
    sides = [(item, True) for item in records(told, "includes")]
    sides += [(item, False) for item in records(told, "part_of")]
    if len(sides) > _MAX_MEMBERS:
        raise IngestError("too_large", f"the institution has more than {_MAX_MEMBERS} memberships")
    found: dict[Faculty, None] = {}
    problems: dict[str, None] = {}  # its own parent says so on both sides
    for item, own_is_whole in sides:
        other = institution_id(record(item, "institution"))
        try:
            kind, start, end = text(item, "relationship_type"), day(item, "valid_from"), day(item, "valid_to")
        except (IngestError, QueryError) as error:
            problems[f"a membership whose {error.detail}"] = None
            continue
        if other == own:
            problems["an institution that is its own parent"] = None
        elif kind not in _FACULTY | _NO_FACULTY:
            problems["an unknown kind of membership"] = None
        elif start is not None and end is not None and end < start:
            problems["a membership that ends before it begins"] = None
        elif kind in _FACULTY:
            pair = (own, other) if own_is_whole else (other, own)
            found[Faculty(*pair, start, end)] = None
    notes += problems
    return tuple(found)


def _names(detail: Mapping[str, Any]) -> Iterator[str]:
    """Present and former ones, English, transliterated and short: whatever people may look for."""
    for item in records(detail, "names"):
        for member in ("name_official", "name_english", "name_official_transliterated", "acronym"):
            yield text(item, member)
        for version in records(item, "name_versions"):
            yield text(version, "name")
            yield text(version, "transliteration")


def _identifiers(detail: Mapping[str, Any], notes: list[str]) -> list[Identifier]:
    """Without those that have no resource: they are an agency's own numbers.

    Quirk: ``identifier_valid_from`` is the day of entry where nobody gave another.
    """
    found = []
    for item in records(detail, "identifiers"):
        try:
            resource = text(item, "resource")
            if resource:
                start, end = day(item, "identifier_valid_from"), day(item, "identifier_valid_to")
                found.append(Identifier(resource, text(item, "identifier"), start, end))
        except (IngestError, QueryError):
            notes.append("an identifier that cannot be read")
    return found


def _programme(value: Mapping[str, Any]) -> Programme | None:
    name = text(value, "name_primary")
    if not name:
        return None
    ects = value.get("workload_ects")  # null: the source does not say
    try:
        credit = None if ects is None else Decimal(str(ects))
    except InvalidOperation as error:
        raise IngestError("workload_ects", "workload_ects is not a number") from error
    if isinstance(ects, bool) or (credit is not None and not credit.is_finite()):
        raise IngestError("workload_ects", "workload_ects is not a number")
    return Programme(name, credit, degree_of(text(value, "programme_type").lower()))

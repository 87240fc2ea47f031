"""DEQAR's CSV files (trust-registry.md section 1), read into facts.

Nothing is repaired in silence: a row or relation that cannot be read for what it claims is *quarantined* with
its reason, and the rest is loaded. A file that is not the CSV it should be is refused as a whole
(`IngestError`). Quirks of the real data are named where they are met.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path

from trust_registry.dates import parse_date
from trust_registry.errors import IngestError, QueryError
from trust_registry.facts import Agency, Closure, Institution, Programme, Relation, Report
from trust_registry.harvested import Ingested, Quarantined, Source
from trust_registry.ingest.naming import identifiers, other_names, split_identifiers
from trust_registry.vocabulary import Activity, Cycle, Flag, RelationKind, ReportDecision, Status

MAX_FILE_BYTES = 512 * 1024 * 1024
ILLUSTRATIVE = "ILLUSTRATIVE-"
INSTITUTION_ID = re.compile(r"DEQARINST[0-9]{4,}")
_NAMED_BY_ID = re.compile(r"(DEQARINST[0-9]{4,}) ")  # newer files have the id before the other's name
_EVENT = re.compile(r"(?:^|, )(?=[0-9]{4}-[0-9]{2}-[0-9]{2}: )")  # names hold commas, dates begin an event
_COLUMNS = {
    "institutions": "deqar_id deqar_url country name_primary name_official name_versions founding_date "
    "closure_date historic_relationships",
    "agencies": "acronym_primary name_primary registration_start registration_valid_to register_entry",
    "countries": "alpha2 name_english",
    "reports": "report_id report_url hei_deqar_id programme_name programme_qf_ehea_level report_agency "
    "report_type report_status report_decision report_valid_from report_valid_to report_local_identifier",
}
# Verb at the start of an event → (kind, is the verb's subject the predecessor?). Longest first. In the CSV the
# subject is the row's own institution; in the JSON APIs it is the other one (deqar_api.py).
VERBS: tuple[tuple[str, RelationKind | None, bool], ...] = (
    ("was absorbed by ", RelationKind.ABSORBED, True),
    ("absorbed ", RelationKind.ABSORBED, False),
    ("succeeded by ", RelationKind.SUCCEEDED, True),
    ("was succeeded by ", RelationKind.SUCCEEDED, True),
    ("succeeded ", RelationKind.SUCCEEDED, False),
    ("was spun off from ", None, False),  # cover does not flow to what was spun off
    ("spun off ", None, False),
)


class Loader:
    """Reads files one after the other: countries, agencies, institutions, then any number of reports."""

    def __init__(self) -> None:
        self.found = Ingested()
        self._countries: dict[str, str] = {}

    def countries(self, path: Path, *, retrieved_at: str, licence: str) -> None:
        for _, row in self._rows(path, "countries", retrieved_at, licence):
            self._countries[row["name_english"]] = row["alpha2"]

    def agencies(self, path: Path, *, retrieved_at: str, licence: str) -> None:
        for number, row in self._rows(path, "agencies", retrieved_at, licence):
            if "*** TEST ***" in row["name_primary"]:
                self._set_aside(path, number, "a test agency")
                continue
            try:
                start = parse_date(row["registration_start"], "registration_start")
                end = _optional_date(row["registration_valid_to"], "registration_valid_to")
            except QueryError as error:
                self._set_aside(path, number, error.detail, row["acronym_primary"])
                continue
            acronym = row["acronym_primary"]
            before = self.found.agencies.get(acronym)
            self.found.agencies[acronym] = Agency(
                acronym,
                row["name_primary"],
                (*(before.registrations if before else ()), (start, end)),
                url=row["register_entry"],
            )

    def institutions(self, path: Path, *, retrieved_at: str, licence: str) -> None:
        """Their ``parent_institution`` is not read: it names no type, and cover flows to faculties only."""
        names: dict[str, set[str]] = defaultdict(set)
        further: dict[str, set[str]] = defaultdict(set)
        rows = []
        for number, row in self._rows(path, "institutions", retrieved_at, licence):
            notes: list[str] = []
            reason = self._add_institution(row, notes)
            if reason:
                self._set_aside(path, number, reason, row["deqar_id"])
                continue
            rows.append((number, row))
            for note in notes:
                self._set_aside(path, number, note, row["deqar_id"])
            names[row["name_primary"]].add(row["deqar_id"])
            for name in self.found.institutions[row["deqar_id"]].names:
                further[name].add(row["deqar_id"])
        endings: dict[str, list[date]] = defaultdict(list)
        for number, row in rows:
            for reason in self._add_relations(row, names, further, endings):
                self._set_aside(path, number, reason, row["deqar_id"])
        for number, row in rows:
            self._close(path, number, row, endings[row["deqar_id"]])

    def reports(self, path: Path, *, retrieved_at: str, licence: str) -> None:
        for number, row in self._rows(path, "reports", retrieved_at, licence):
            try:
                report = _report(row)
                before = self.found.reports.get(report.id)
                if before is not None:  # one row per institution the report is about
                    merged = (*before.institution_ids, *report.institution_ids)
                    if replace(report, institution_ids=()) != replace(before, institution_ids=()):
                        raise IngestError("conflict", "another row of the same report says otherwise")
                    report = replace(report, institution_ids=tuple(dict.fromkeys(merged)))
                self.found.reports[report.id] = report
            except (QueryError, IngestError) as error:
                self._set_aside(path, number, error.detail, row["report_id"])

    def _rows(
        self, path: Path, kind: str, retrieved_at: str, licence: str
    ) -> Iterator[tuple[int, dict[str, str]]]:
        """Every row as stripped text, and the file's provenance. Row 2 is the first after the header."""
        try:
            if path.stat().st_size > MAX_FILE_BYTES:
                raise IngestError("too_large", f"{path.name} has more than {MAX_FILE_BYTES} bytes.")
            data = path.read_bytes()
            reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
            missing = set(_COLUMNS[kind].split()) - set(reader.fieldnames or ())
            if missing:
                raise IngestError("missing_column", f"{path.name} has no column {min(missing)}.")
            rows = list(reader)
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise IngestError("unreadable", f"{path.name} cannot be read as CSV.") from error
        digest = hashlib.sha256(data).hexdigest()
        self.found.sources.append(Source(path.name, digest, retrieved_at, licence, len(rows)))
        for number, row in enumerate(rows, start=2):
            if None in row or None in row.values():
                self._set_aside(path, number, "the row has another number of fields than the header")
                continue
            yield number, {name: value.strip() for name, value in row.items()}

    def _set_aside(self, path: Path, row: int, reason: str, key: str = "") -> None:
        self.found.quarantined.append(Quarantined(path.name, row, reason, key))

    def _add_institution(self, row: Mapping[str, str], notes: list[str]) -> str:
        """Adds the row's institution, or another location of it; returns why not. ``notes``: what is left out."""
        identifier = row["deqar_id"]
        if not INSTITUTION_ID.fullmatch(identifier):
            return "not a DEQAR institution id"
        codes = []
        # Quirk: one row may name several countries (9869). Sub-national systems count as their state.
        for name in filter(None, row["country"].split(" | ")):
            code = self._countries.get(name) or self._countries.get(name.split(" (")[0])
            if code is None:
                return "an unknown country"
            codes.append(code)
        try:
            founded = _optional_date(row["founding_date"], "founding_date")
        except QueryError as error:
            return error.detail
        before = self.found.institutions.get(identifier)
        countries = dict.fromkeys((*(before.countries if before else ()), *codes))
        versions = (row["name_official"], *row["name_versions"].split(" | "))
        named = split_identifiers(row.get("identifiers_all", ""), notes)
        self.found.institutions[identifier] = Institution(
            identifier,
            row["name_primary"],
            tuple(countries),
            row["deqar_url"],
            founded,
            other_provider=row.get("is_other_provider", "").lower() == "true",
            website=row.get("website_link", ""),
            names=other_names(row["name_primary"], (*(before.names if before else ()), *versions), notes),
            identifiers=identifiers((*(before.identifiers if before else ()), *named), notes),
        )
        return ""

    def _add_relations(
        self,
        row: Mapping[str, str],
        names: Mapping[str, set[str]],
        further: Mapping[str, set[str]],
        endings: dict[str, list[date]],
    ) -> Iterator[str]:
        own = row["deqar_id"]
        for event in filter(None, _EVENT.split(row["historic_relationships"])):
            day, _, what = event.partition(": ")
            verb = next((verb for verb in VERBS if what.startswith(verb[0])), None)
            try:
                at = parse_date(day, "the event's date")
            except QueryError as error:
                yield error.detail
                continue
            if verb is None:
                yield "an unknown kind of relationship"
                continue
            text, kind, own_is_predecessor = verb
            if kind is None:
                continue
            if own_is_predecessor:
                endings[own].append(at)  # an ending counts even if the successor is not in this file
            name = what.removeprefix(text)
            others = names.get(name) or further.get(name) or set()
            if (by_id := _NAMED_BY_ID.match(name)) is not None:
                others = {one for one in by_id.groups() if one in self.found.institutions}
            if len(others) != 1 or own in others:
                whom = "several institutions" if others else "an institution not in this file"
                yield f"a relationship to {whom}"
                continue
            other = next(iter(others))
            pair = (own, other) if own_is_predecessor else (other, own)
            relation = Relation(*pair, at, kind)
            # Both sides state it; once is enough.
            if not any(
                (known.predecessor, known.successor, known.at) == (*pair, at)
                for known in self.found.relations
            ):
                self.found.relations.append(relation)

    def _close(self, path: Path, number: int, row: Mapping[str, str], endings: list[date]) -> None:
        """Quirk: ``closure_date`` may be a bare year; a succession in that year then gives the day.

        Cork IT: closed 2021, succeeded on 2021-01-01, so open until 2020-12-31. Where the year and the events
        disagree (4485), or no event is known (1376), any day of the year is possible and none is chosen.
        """
        text, identifier = row["closure_date"], row["deqar_id"]
        if not text:
            return  # quirk: 1378 was absorbed but is not closed; the source does not say closed, nor do we
        try:
            first = parse_date(f"{text}-01-01" if re.fullmatch(r"[0-9]{4}", text) else text, "closure_date")
        except QueryError as error:
            self._set_aside(path, number, error.detail, identifier)
            return
        closure = closed_between(first, endings, whole_year=len(text) == 4)
        self.found.institutions[identifier] = replace(self.found.institutions[identifier], closure=closure)


def closed_between(first: date, endings: list[date], *, whole_year: bool = False) -> Closure:
    """A closure on ``first``, or some time in its year, made exact by the endings that fall into it."""
    after = date(first.year + 1, 1, 1) if whole_year else first + timedelta(days=1)
    known = [day for day in endings if first <= day < after]
    return Closure(min(known), max(known)) if known else Closure(first, after)


def _report(row: Mapping[str, str]) -> Report:
    local = row["report_local_identifier"]
    illustrative = local.startswith(ILLUSTRATIVE) or row["report_id"].startswith(ILLUSTRATIVE)
    if illustrative and not (local == row["report_id"] and not row["report_url"]):
        # An invented report must not be mistaken for one of EQAR's.
        raise IngestError(
            "illustrative", "an illustrative report needs its mark in both identifiers and no URL"
        )
    if not illustrative and not re.fullmatch(r"[0-9]+", row["report_id"]):
        raise IngestError("report_id", "the report id is not a number")
    if not INSTITUTION_ID.fullmatch(row["hei_deqar_id"]):
        raise IngestError("institution_id", "not a DEQAR institution id")
    levels = filter(None, row["programme_qf_ehea_level"].split(", "))
    cycles = {word(Cycle, name.removesuffix(" cycle")) for name in levels}
    activity = word(Activity, row["report_type"])
    return Report(
        id=row["report_id"],
        institution_ids=(row["hei_deqar_id"],),
        agency=row["report_agency"],
        activity=activity,
        status=word(Status, row["report_status"]),
        decision=word(ReportDecision, row["report_decision"]),
        valid_from=parse_date(row["report_valid_from"], "report_valid_from"),
        valid_to=_optional_date(row["report_valid_to"], "report_valid_to"),
        flag=word(Flag, row.get("report_flag") or Flag.NONE),
        cycles=frozenset(cycles) or None,
        programme=_programme(row) if activity is not Activity.INSTITUTIONAL else None,
        url=row["report_url"],
        local_identifier=local,
        illustrative=illustrative,
    )


def _programme(row: Mapping[str, str]) -> Programme | None:
    """The nightly CSV has neither credits nor type; the JSON form's two are read where they are given."""
    if not row["programme_name"]:
        return None
    ects, kind = row.get("workload_ects", ""), row.get("programme_type", "")
    try:
        credit = Decimal(ects) if ects else None
    except InvalidOperation as error:
        raise IngestError("workload_ects", "workload_ects is not a number") from error
    return Programme(row["programme_name"], credit, degree_of(kind))


def degree_of(programme_type: str) -> bool | None:
    """Does a programme of DEQAR's type end with a degree? None: the source does not say."""
    known = {"": None, "full degree": True, "micro-credential": False, "other provision": None}
    if programme_type not in known:
        raise IngestError("unknown_value", "an unknown programme type")
    return known[programme_type]


def word[Word: StrEnum](vocabulary: type[Word], text: str) -> Word:
    """An unknown enumeration value quarantines the row (trust-registry.md section 3, "Ingest")."""
    try:
        return vocabulary(text)
    except ValueError as error:
        raise IngestError("unknown_value", f"an unknown {vocabulary.__name__.lower()}") from error


def _optional_date(text: str, name: str) -> date | None:
    return parse_date(text, name) if text else None

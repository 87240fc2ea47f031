"""The tables of a snapshot's file, and how facts become rows of them.

``since`` and ``until`` are numbers of runs: a row was known by run R when ``since <= R < until``. ``cover`` lists
reports by institution, scope and last day, so that a decision reads the few that can bear on one award even
where an institution has tens of thousands; scope is '' for institutional cover and '=' with the folded name for
a programme's. ``words`` is the full-text index of ``names``, whose numbers grow with their length, because
shorter names are shown first (`trust_registry.search`).
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from trust_registry import cover
from trust_registry.content import FOREVER, Content, Known
from trust_registry.dates import format_time
from trust_registry.errors import SnapshotError
from trust_registry.facts import Agency, Faculty, Institution, Relation, Report
from trust_registry.folding import fold, same_name
from trust_registry.vocabulary import Activity, SnapshotKind

SCHEMA_VERSION = 3
TABLES = """
PRAGMA page_size = 8192;
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -131072;
CREATE TABLE runs(number INTEGER PRIMARY KEY, at TEXT NOT NULL);
CREATE TABLE institutions(
  id TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL, name TEXT NOT NULL, url TEXT NOT NULL,
  countries TEXT NOT NULL, founded TEXT, closed_earliest TEXT, closed_latest TEXT,
  other_provider INTEGER NOT NULL, website TEXT NOT NULL, names TEXT NOT NULL, identifiers TEXT NOT NULL,
  PRIMARY KEY (id, since)) WITHOUT ROWID;
CREATE TABLE relations(
  successor TEXT NOT NULL, predecessor TEXT NOT NULL, at TEXT NOT NULL, kind TEXT NOT NULL,
  since INTEGER NOT NULL, until INTEGER NOT NULL,
  PRIMARY KEY (successor, predecessor, at, since)) WITHOUT ROWID;
CREATE TABLE faculties(
  part TEXT NOT NULL, whole TEXT NOT NULL, valid_from TEXT, valid_to TEXT,
  since INTEGER NOT NULL, until INTEGER NOT NULL);
CREATE TABLE agencies(
  acronym TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL, name TEXT NOT NULL, url TEXT NOT NULL,
  official_in TEXT, registrations TEXT NOT NULL, PRIMARY KEY (acronym, since)) WITHOUT ROWID;
CREATE TABLE voidings(
  agency TEXT NOT NULL, valid_from TEXT NOT NULL, valid_to TEXT, recorded_at TEXT NOT NULL, withdrawn_at TEXT);
CREATE TABLE reports(
  number INTEGER PRIMARY KEY, id TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL,
  institutions TEXT NOT NULL, agency TEXT NOT NULL, activity TEXT NOT NULL, status TEXT NOT NULL,
  decision TEXT NOT NULL, valid_from TEXT NOT NULL, valid_to TEXT, flag TEXT NOT NULL, cycles TEXT,
  programme TEXT, ects TEXT, degree INTEGER, url TEXT NOT NULL, local_identifier TEXT NOT NULL,
  illustrative INTEGER NOT NULL);
CREATE TABLE cover(
  institution TEXT NOT NULL, scope TEXT NOT NULL, last_day TEXT NOT NULL, valid_from TEXT NOT NULL,
  report INTEGER NOT NULL, PRIMARY KEY (institution, scope, last_day, valid_from, report)) WITHOUT ROWID;
CREATE TABLE names(number INTEGER PRIMARY KEY, institution TEXT NOT NULL, name TEXT NOT NULL, folded TEXT NOT NULL);
CREATE TABLE identifiers(folded TEXT NOT NULL, institution TEXT NOT NULL, value TEXT NOT NULL);
CREATE TABLE provenance(
  file TEXT NOT NULL, sha256 TEXT NOT NULL, retrieved_at TEXT NOT NULL, licence TEXT NOT NULL,
  rows INTEGER NOT NULL, url TEXT NOT NULL, etag TEXT NOT NULL);
CREATE TABLE quarantine(file TEXT NOT NULL, row INTEGER NOT NULL, reason TEXT NOT NULL);
CREATE VIRTUAL TABLE words USING fts5(folded, content='names', content_rowid='number', detail=full,
  prefix='1 2 3 4', tokenize="unicode61 remove_diacritics 0 categories 'L* N* Co Mn Mc'");
"""
_AFTERWARDS = """
CREATE INDEX relations_predecessor ON relations(predecessor);
CREATE INDEX names_folded ON names(folded);
CREATE INDEX identifiers_folded ON identifiers(folded);
INSERT INTO words(words, rank) VALUES ('hashsize', 67108864);
INSERT INTO words(words) VALUES ('rebuild');
"""
_BATCH = 10_000


def write(path: Path, content: Content, kind: SnapshotKind) -> None:
    """Write an empty file full. A production snapshot refuses illustrative reports (`SnapshotError`)."""
    db = sqlite3.connect(path, isolation_level=None)
    try:
        db.executescript(TABLES)
        db.execute("BEGIN")
        writer = _Writer(db, kind)
        for known in content.known:
            writer.add(known)
        writer.finish(content)
        db.execute("COMMIT")
    finally:
        db.close()
    with path.open("rb") as file:
        os.fsync(file.fileno())


class _Writer:
    """Rows are gathered and written in batches; names and cover last, when all are known."""

    def __init__(self, db: sqlite3.Connection, kind: SnapshotKind) -> None:
        self._db, self._kind = db, kind
        self._rows: dict[str, list[tuple[Any, ...]]] = {}
        self._names: set[tuple[int, str, str, str]] = set()
        self._cover: list[tuple[str, str, str, str, int]] = []
        self._reports = 0

    def add(self, known: Known) -> None:
        fact, times = known.fact, (known.since, known.until)
        if isinstance(fact, Report):
            self._report(fact, times)
        elif isinstance(fact, Institution):
            self._put("institutions", _institution(fact, times))
            if known.until != FOREVER:
                return  # not looked for any more
            for name in {fact.name, *fact.names}:
                folded = fold(name)
                self._names.add((len(folded), fact.id, name, folded))
            for value in {fact.id, *(one.value for one in fact.identifiers)}:
                self._put("identifiers", (fold(value), fact.id, value))
        elif isinstance(fact, Relation):
            self._put(
                "relations", (fact.successor, fact.predecessor, fact.at.isoformat(), str(fact.kind), *times)
            )
        elif isinstance(fact, Faculty):
            self._put(
                "faculties", (fact.part, fact.whole, text(fact.valid_from), text(fact.valid_to), *times)
            )
        else:
            self._put("agencies", _agency(fact, times))

    def finish(self, content: Content) -> None:
        for number, at in content.runs:
            self._put("runs", (number, format_time(at)))
        for acronym, voiding in content.voidings:
            withdrawn = format_time(voiding.withdrawn_at) if voiding.withdrawn_at else None
            period = (voiding.valid_from.isoformat(), text(voiding.valid_to))
            self._put("voidings", (acronym, *period, format_time(voiding.recorded_at), withdrawn))
        for source in content.sources:
            self._put("provenance", tuple(asdict(source).values()))
        for item in content.quarantined:
            self._put("quarantine", (item.file, item.row, item.reason))
        # In the order of its key: half a million rows put anywhere into a tree would take a minute.
        for place in sorted(self._cover):
            self._put("cover", place)
        for number, (_, *row) in enumerate(sorted(self._names), start=1):
            self._put("names", (number, *row))
        for table in self._rows:
            self._flush(table)
        for statement in filter(None, map(str.strip, _AFTERWARDS.split(";"))):
            self._db.execute(statement)

    def _report(self, report: Report, times: tuple[int, int]) -> None:
        if report.illustrative and self._kind is SnapshotKind.PRODUCTION:
            raise SnapshotError("illustrative", "A production snapshot cannot hold illustrative reports.")
        self._reports += 1
        self._put("reports", (self._reports, report.id, *times, *_report(report)))
        scope, last = scope_of(report), cover.last_day(report)[0].isoformat()
        start = report.valid_from.isoformat()
        for institution in dict.fromkeys(report.institution_ids):
            self._cover.append((institution, scope, last, start, self._reports))

    def _put(self, table: str, row: tuple[Any, ...]) -> None:
        rows = self._rows.setdefault(table, [])
        rows.append(row)
        if len(rows) >= _BATCH:
            self._flush(table)

    def _flush(self, table: str) -> None:
        rows = self._rows[table]
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            # OR IGNORE: a source may state a relation twice. Table names are literals of this module.
            self._db.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", rows)  # noqa: S608
            rows.clear()


def scope_of(report: Report) -> str:
    if report.activity in {Activity.INSTITUTIONAL, Activity.BOTH}:
        return ""
    return programme_scope(report.programme.name) if report.programme is not None else "?"


def programme_scope(name: str) -> str:
    return f"={same_name(name)}"


def _institution(one: Institution, times: tuple[int, int]) -> tuple[Any, ...]:
    closure = one.closure
    return (
        one.id,
        *times,
        one.name,
        one.url,
        " ".join(one.countries),
        text(one.founded),
        text(closure.earliest if closure else None),
        text(closure.latest if closure else None),
        one.other_provider,
        one.website,
        json.dumps(one.names, ensure_ascii=False) if one.names else "",
        json.dumps([list(_identifier(item)) for item in one.identifiers], ensure_ascii=False)
        if one.identifiers
        else "",
    )


def _identifier(item: Any) -> Iterator[str | None]:
    yield from (item.resource, item.value, text(item.valid_from), text(item.valid_to))


def _agency(agency: Agency, times: tuple[int, int]) -> tuple[Any, ...]:
    official = " ".join(sorted(agency.official_in)) if agency.official_in is not None else None
    periods = [[start.isoformat(), text(end)] for start, end in agency.registrations]
    return (agency.acronym, *times, agency.name, agency.url, official, json.dumps(periods))


def _report(report: Report) -> tuple[Any, ...]:
    programme = report.programme
    return (
        " ".join(report.institution_ids),
        report.agency,
        str(report.activity),
        str(report.status),
        str(report.decision),
        report.valid_from.isoformat(),
        text(report.valid_to),
        str(report.flag),
        " ".join(sorted(report.cycles)) if report.cycles is not None else None,
        programme.name if programme else None,
        str(programme.ects) if programme and programme.ects is not None else None,
        programme.degree if programme else None,
        report.url,
        report.local_identifier,
        report.illustrative,
    )


def text(day: date | None) -> str | None:
    return day.isoformat() if day else None

"""The snapshot: one read-only SQLite file of facts and a signed manifest that names its hash.

``HOME/snapshot/`` holds ``<sha256>.sqlite`` and ``manifest.jws``; replacing the manifest (one rename) is what
makes a new snapshot current, so a reader sees the old one or the new one and nothing between. Manifest
(trust-registry.md section 3): ``{iss, seq, prev, iat, next_update, exp, schema, kind, db_sha256,
sources[]}``. Serving opens the file with ``mode=ro&immutable=1``.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import tempfile
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from trust_registry.errors import SnapshotError, TrustRegistryError
from trust_registry.facts import Agency, Closure, Institution, Programme, Relation, Report, Voiding
from trust_registry.ingest.deqar_csv import Ingested, Source
from trust_registry.signing import RegistryKey, verify_statement
from trust_registry.vocabulary import (
    Activity,
    Cycle,
    Flag,
    RelationKind,
    ReportDecision,
    SnapshotKind,
    Status,
)

SCHEMA_VERSION = 2
MANIFEST_TYPE = "cairn-snapshot+jwt"
NEXT_UPDATE, LIFETIME = timedelta(hours=24), timedelta(days=30)
_MAX_GENERATIONS = 32
_TABLES = """
CREATE TABLE institutions(
  id TEXT PRIMARY KEY, name TEXT NOT NULL, url TEXT NOT NULL, countries TEXT NOT NULL, founded TEXT,
  closed_earliest TEXT, closed_latest TEXT, other_provider INTEGER NOT NULL,
  website TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE relations(
  successor TEXT NOT NULL, predecessor TEXT NOT NULL, at TEXT NOT NULL, kind TEXT NOT NULL,
  PRIMARY KEY (successor, predecessor, at)) WITHOUT ROWID;
CREATE TABLE agencies(
  acronym TEXT PRIMARY KEY, name TEXT NOT NULL, url TEXT NOT NULL, official_in TEXT) WITHOUT ROWID;
CREATE TABLE registrations(
  agency TEXT NOT NULL, valid_from TEXT NOT NULL, valid_to TEXT,
  PRIMARY KEY (agency, valid_from)) WITHOUT ROWID;
CREATE TABLE voidings(
  agency TEXT NOT NULL, valid_from TEXT NOT NULL, valid_to TEXT, recorded_at TEXT NOT NULL);
CREATE TABLE reports(
  id TEXT PRIMARY KEY, agency TEXT NOT NULL, activity TEXT NOT NULL, status TEXT NOT NULL,
  decision TEXT NOT NULL, valid_from TEXT NOT NULL, valid_to TEXT, flag TEXT NOT NULL, cycles TEXT,
  programme TEXT, ects TEXT, degree INTEGER, url TEXT NOT NULL, local_identifier TEXT NOT NULL,
  illustrative INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE report_institutions(
  institution TEXT NOT NULL, report TEXT NOT NULL, PRIMARY KEY (institution, report)) WITHOUT ROWID;
CREATE TABLE provenance(
  file TEXT NOT NULL, sha256 TEXT NOT NULL, retrieved_at TEXT NOT NULL, licence TEXT NOT NULL,
  rows INTEGER NOT NULL, url TEXT NOT NULL, etag TEXT NOT NULL);
CREATE TABLE quarantine(file TEXT NOT NULL, row INTEGER NOT NULL, reason TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Manifest:
    iss: str
    seq: int
    prev: str
    iat: int
    next_update: int
    exp: int
    schema: int
    kind: SnapshotKind
    db_sha256: str
    sources: tuple[dict[str, Any], ...]

    @property
    def issued_at(self) -> datetime:
        return datetime.fromtimestamp(self.iat, UTC)


def build(
    directory: Path,
    facts: Ingested,
    *,
    key: RegistryKey,
    iss: str,
    seq: int,
    prev: str,
    kind: SnapshotKind,
    now: datetime,
) -> Manifest:
    """Write the facts and make them current. A production snapshot refuses illustrative reports."""
    if kind is SnapshotKind.PRODUCTION and any(report.illustrative for report in facts.reports.values()):
        raise SnapshotError("illustrative", "A production snapshot cannot hold illustrative reports.")
    directory.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=directory, prefix=".build-", suffix=".sqlite")
    os.close(descriptor)
    draft = Path(name)
    try:
        _write_tables(draft, facts)
        digest = _sha256(draft)
        draft.replace(directory / f"{digest}.sqlite")
    finally:
        draft.unlink(missing_ok=True)
    iat = int(now.timestamp())
    manifest = Manifest(
        iss=iss,
        seq=seq,
        prev=prev,
        iat=iat,
        next_update=iat + int(NEXT_UPDATE.total_seconds()),
        exp=iat + int(LIFETIME.total_seconds()),
        schema=SCHEMA_VERSION,
        kind=kind,
        db_sha256=digest,
        sources=tuple(asdict(source) for source in facts.sources),
    )
    payload = {**asdict(manifest), "kind": str(kind), "sources": list(manifest.sources)}
    signed = directory / f".manifest-{seq}"
    signed.write_text(key.sign_statement(payload, typ=MANIFEST_TYPE), encoding="ascii")
    signed.replace(directory / "manifest.jws")
    for old in directory.glob("*.sqlite"):
        if old.stem not in {digest, prev}:  # a running reader keeps its open file; the last good one stays
            old.unlink()
    return manifest


def read_manifest(directory: Path, key: RegistryKey) -> Manifest | None:
    """The current manifest, verified; None when there is none yet; `SnapshotError` if it does not hold."""
    path = directory / "manifest.jws"
    if not path.exists():
        return None
    hint = f"Delete {directory.name}/ in the registry's home to build the snapshot anew."
    try:
        payload = verify_statement(path.read_text(encoding="ascii"), typ=MANIFEST_TYPE, key=key.jwk)
        found = Manifest(
            **{**payload, "kind": SnapshotKind(payload["kind"]), "sources": tuple(payload["sources"])}
        )
    except (TrustRegistryError, TypeError, ValueError, KeyError) as error:
        raise SnapshotError(
            "manifest_not_authentic", "The snapshot's manifest does not verify.", hint
        ) from error
    if found.schema != SCHEMA_VERSION:
        raise SnapshotError("manifest_schema", "The snapshot was made by another version.", hint)
    return found


class Snapshot:
    """Facts of one verified snapshot. Thread-safe: one connection, one lock."""

    def __init__(self, directory: Path, manifest: Manifest) -> None:
        self.manifest = manifest
        path = directory / f"{manifest.db_sha256}.sqlite"
        if not path.is_file() or _sha256(path) != manifest.db_sha256:
            raise SnapshotError(
                "snapshot_not_authentic",
                "The snapshot's data are not those its manifest names.",
                f"Delete {directory.name}/ in the registry's home to build the snapshot anew.",
            )
        uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        self._db = sqlite3.connect(uri, uri=True, check_same_thread=False)
        self._lock = threading.Lock()

    def close(self) -> None:
        self._db.close()

    def institution(self, identifier: str) -> Institution | None:
        rows = self._all("SELECT * FROM institutions WHERE id = ?", identifier)
        return _institution(rows[0]) if rows else None

    def websites(self, domain: str) -> tuple[tuple[str, str], ...]:
        """(id, website) of every institution whose website's text holds ``domain``, in ASCII or not."""
        try:
            spoken = domain.encode("ascii").decode("idna")
        except UnicodeError:
            spoken = domain
        sql = "SELECT id, website FROM institutions WHERE instr(lower(website), ?) OR instr(website, ?)"
        return tuple((row[0], row[1]) for row in self._all(sql, domain, spoken)) if domain else ()

    def lineage(self, identifier: str) -> tuple[Relation, ...]:
        """Every succession and absorption that leads to this institution, however far back."""
        found: dict[tuple[str, str, str], Relation] = {}
        front = {identifier}
        for _ in range(_MAX_GENERATIONS):
            rows = [
                row for one in front for row in self._all("SELECT * FROM relations WHERE successor = ?", one)
            ]
            new = {(row[0], row[1], row[2]): row for row in rows if (row[0], row[1], row[2]) not in found}
            if not new:
                break
            for place, (successor, predecessor, at, kind) in new.items():
                found[place] = Relation(predecessor, successor, date.fromisoformat(at), RelationKind(kind))
            front = {place[1] for place in new}
        return tuple(found.values())

    def reports(self, institutions: Iterable[str]) -> tuple[Report, ...]:
        found: dict[str, Report] = {}
        of_one = (
            "SELECT r.* FROM reports r JOIN report_institutions i ON i.report = r.id WHERE i.institution = ?"
        )
        for one in institutions:
            for row in self._all(of_one, one):
                about = self._all("SELECT institution FROM report_institutions WHERE report = ?", row[0])
                found[row[0]] = _report(row, tuple(item[0] for item in about))
        return tuple(found.values())

    def agency(self, acronym: str) -> Agency | None:
        rows = self._all("SELECT * FROM agencies WHERE acronym = ?", acronym)
        if not rows:
            return None
        _, name, url, official_in = rows[0]
        periods = self._all("SELECT valid_from, valid_to FROM registrations WHERE agency = ?", acronym)
        voidings = self._all(
            "SELECT valid_from, valid_to, recorded_at FROM voidings WHERE agency = ?", acronym
        )
        return Agency(
            acronym,
            name,
            tuple((date.fromisoformat(start), _date(end)) for start, end in periods),
            tuple(
                Voiding(date.fromisoformat(start), _date(end), datetime.fromisoformat(recorded))
                for start, end, recorded in voidings
            ),
            frozenset(official_in.split()) if official_in is not None else None,
            url,
        )

    def quarantined(self) -> int:
        return int(self._all("SELECT count(*) FROM quarantine")[0][0])

    def _all(self, sql: str, *values: str) -> list[Any]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()


def source_hashes(sources: Iterable[Source]) -> set[tuple[str, str]]:
    return {(source.file, source.sha256) for source in sources}


def _write_tables(path: Path, facts: Ingested) -> None:
    """Insertion order is sorted, so that the same facts give the same bytes and the same hash."""
    db = sqlite3.connect(path)
    try:
        db.executescript(_TABLES)
        for one in sorted(facts.institutions.values(), key=lambda item: item.id):
            closure = one.closure
            _insert(
                db,
                "institutions",
                (
                    one.id,
                    one.name,
                    one.url,
                    " ".join(one.countries),
                    _text(one.founded),
                    _text(closure.earliest if closure else None),
                    _text(closure.latest if closure else None),
                    one.other_provider,
                    one.website,
                ),
            )
        for step in sorted(facts.relations, key=lambda item: (item.successor, item.predecessor, item.at)):
            _insert(db, "relations", (step.successor, step.predecessor, step.at.isoformat(), str(step.kind)))
        for agency in sorted(facts.agencies.values(), key=lambda item: item.acronym):
            official = " ".join(sorted(agency.official_in)) if agency.official_in is not None else None
            _insert(db, "agencies", (agency.acronym, agency.name, agency.url, official))
            for start, end in agency.registrations:
                _insert(db, "registrations", (agency.acronym, start.isoformat(), _text(end)))
            for voiding in agency.voidings:
                period = (voiding.valid_from.isoformat(), _text(voiding.valid_to))
                _insert(db, "voidings", (agency.acronym, *period, voiding.recorded_at.isoformat()))
        for report in sorted(facts.reports.values(), key=lambda item: item.id):
            _insert(db, "reports", _report_row(report))
            for identifier in report.institution_ids:
                _insert(db, "report_institutions", (identifier, report.id))
        for source in facts.sources:
            _insert(
                db,
                "provenance",
                (
                    *(source.file, source.sha256, source.retrieved_at, source.licence, source.rows),
                    *(source.url, source.etag),
                ),
            )
        for item in facts.quarantined:
            _insert(db, "quarantine", (item.file, item.row, item.reason))
        db.commit()
    finally:
        db.close()
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _insert(db: sqlite3.Connection, table: str, values: tuple[Any, ...]) -> None:
    marks = ", ".join("?" * len(values))
    db.execute(f"INSERT INTO {table} VALUES ({marks})", values)  # noqa: S608 - table names are literals above


def _report_row(report: Report) -> tuple[Any, ...]:
    programme = report.programme
    return (
        report.id,
        report.agency,
        str(report.activity),
        str(report.status),
        str(report.decision),
        report.valid_from.isoformat(),
        _text(report.valid_to),
        str(report.flag),
        json.dumps(sorted(report.cycles)) if report.cycles is not None else None,
        programme.name if programme else None,
        str(programme.ects) if programme and programme.ects is not None else None,
        programme.degree if programme else None,
        report.url,
        report.local_identifier,
        report.illustrative,
    )


def _report(row: Any, institutions: tuple[str, ...]) -> Report:
    name, ects, degree = row[9:12]
    programme = Programme(name, Decimal(ects) if ects else None, None if degree is None else bool(degree))
    return Report(
        id=row[0],
        institution_ids=institutions,
        agency=row[1],
        activity=Activity(row[2]),
        status=Status(row[3]),
        decision=ReportDecision(row[4]),
        valid_from=date.fromisoformat(row[5]),
        valid_to=_date(row[6]),
        flag=Flag(row[7]),
        cycles=frozenset(Cycle(cycle) for cycle in json.loads(row[8])) if row[8] else None,
        programme=programme if name is not None else None,
        url=row[12],
        local_identifier=row[13],
        illustrative=bool(row[14]),
    )


def _institution(row: Any) -> Institution:
    identifier, name, url, countries, founded, earliest, latest, other, website = row
    closure = Closure(date.fromisoformat(earliest), date.fromisoformat(latest)) if earliest else None
    return Institution(
        identifier, name, tuple(countries.split()), url, _date(founded), closure, bool(other), website
    )


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

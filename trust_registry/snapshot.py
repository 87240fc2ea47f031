"""A snapshot: one read-only SQLite file of facts, opened for questions (tables: `snapshot_tables`).

Every question may say as of which run it is asked; without, it is the newest one. What is small is read once
at opening: relations, faculties, agencies. Rows of institutions and reports are read when they are asked for.
Serving opens the file with ``mode=ro&immutable=1``. Its bytes were checked against the signed manifest before.
"""

from __future__ import annotations

import bisect
import hashlib
import json
import sqlite3
import threading
import weakref
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from trust_registry.dates import parse_time
from trust_registry.errors import SnapshotError
from trust_registry.facts import (
    Agency,
    Closure,
    Faculty,
    Identifier,
    Institution,
    Programme,
    Relation,
    Report,
    Voiding,
)
from trust_registry.manifest import Manifest
from trust_registry.snapshot_tables import SCHEMA_VERSION, programme_scope
from trust_registry.vocabulary import (
    Activity,
    Cycle,
    Flag,
    RelationKind,
    ReportDecision,
    Status,
)

EXPIRED_SHOWN = 10  # of each owner: as many as a decision shows
_MAX_GENERATIONS = 32
_REPORTS = "SELECT r.* FROM cover c JOIN reports r ON r.number = c.report WHERE c.institution = ?1"
_OF_SCOPE = f"{_REPORTS} AND c.scope = ?2 AND r.since <= ?4 AND r.until > ?4/*handed*/"
# Newest first is the order of the index, backwards, and the order in which `resolve` shows reports.
_BEARING = f"""
{_OF_SCOPE} AND c.last_day >= ?3 AND c.valid_from <= ?3
UNION ALL SELECT * FROM ({_OF_SCOPE} AND c.last_day < ?3
  ORDER BY c.last_day DESC, c.valid_from DESC, c.report DESC LIMIT {EXPIRED_SHOWN})
"""  # noqa: S608 - constants of this module
# Of one programme there are few, and which of them bear on the award is for `cover` to say.
_OF_PROGRAMME = f"{_OF_SCOPE} AND c.valid_from <= ?3"
# A look-up costs a third of an enumeration's call.
_ACTIVITIES, _STATUSES = {str(w): w for w in Activity}, {str(w): w for w in Status}
_FLAGS = {str(w): w for w in Flag}
_DECISIONS, _CYCLES = {str(w): w for w in ReportDecision}, {str(w): w for w in Cycle}

type _Dated[Fact] = dict[str, list[tuple[Fact, int, int]]]


class Snapshot:
    """Thread-safe: one connection, one lock. ``manifest`` has been verified by the caller.

    Whoever drops a snapshot last may still be asking it: it is closed when nobody has it any more.
    """

    def __init__(self, path: Path, manifest: Manifest, *, verify: bool = True) -> None:
        """`SnapshotError` if the file is not the one that the manifest names (``verify``), or of another version."""
        self.manifest, self.path = manifest, path
        if manifest.schema != SCHEMA_VERSION:
            raise SnapshotError("manifest_schema", "The snapshot was made by another version.")
        if not path.is_file() or (verify and file_sha256(path) != manifest.db_sha256):
            raise SnapshotError(
                "snapshot_not_authentic", "The snapshot's data are not those its manifest names."
            )
        uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        self._db = sqlite3.connect(uri, uri=True, check_same_thread=False, cached_statements=64)
        self._lock = threading.Lock()
        self.close = weakref.finalize(self, self._db.close)
        rows = self._all("SELECT number, at FROM runs ORDER BY at, number")
        self._runs = [(parse_time(at, "at"), number) for number, at in rows]
        self._before: _Dated[Relation] = defaultdict(list)
        self._after: _Dated[Relation] = defaultdict(list)
        self._wholes: _Dated[Faculty] = defaultdict(list)
        self._agencies: _Dated[Agency] = defaultdict(list)
        self._read_small()

    # --- as of when

    @property
    def newest(self) -> int:
        return self._runs[-1][1] if self._runs else -1

    def run_at(self, known_at: datetime | None) -> int:
        """The number of the last run recorded by then; -1 when nothing was recorded yet; None: the newest."""
        if known_at is None:
            return self.newest
        place = bisect.bisect_right(self._runs, (known_at, self.newest))
        return self._runs[place - 1][1] if place else -1

    # --- institutions

    def institution(
        self, identifier: str, run: int | None = None, *, whole: bool = True
    ) -> Institution | None:
        """``whole`` False leaves out other names and identifiers, which no decision needs."""
        at = self._at(run)
        rows = self._all(
            "SELECT * FROM institutions WHERE id = ? AND since <= ? AND until > ?", identifier, at, at
        )
        return _institution(rows[0], whole=whole) if rows else None

    def lineage(self, identifier: str, run: int | None = None) -> tuple[Relation, ...]:
        """Every succession and absorption that leads to this institution, however far back."""
        at = self._at(run)
        found: dict[Relation, None] = {}
        front = {identifier}
        for _ in range(_MAX_GENERATIONS):
            steps = [
                step
                for one in front
                for step, since, until in self._before.get(one, ())
                if since <= at < until and step not in found
            ]
            if not steps:
                break
            found.update(dict.fromkeys(steps))
            front = {step.predecessor for step in steps}
        return tuple(found)

    def successors(self, identifier: str, run: int | None = None) -> tuple[Relation, ...]:
        at = self._at(run)
        steps = self._after.get(identifier, ())
        return tuple(sorted((s for s, since, until in steps if since <= at < until), key=lambda s: s.at))

    def has_kin(self, identifier: str) -> bool:
        """Whether anything ever led to it or it ever was a part of anything: most institutions stand alone."""
        return identifier in self._before or identifier in self._wholes

    def wholes(self, identifier: str, run: int | None = None) -> tuple[Faculty, ...]:
        """What this institution is a faculty of."""
        at = self._at(run)
        return tuple(one for one, since, until in self._wholes.get(identifier, ()) if since <= at < until)

    def websites(self, domain: str) -> tuple[tuple[str, str], ...]:
        """(id, website) of every institution whose website's text holds ``domain``, in ASCII or not."""
        try:
            spoken = domain.encode("ascii").decode("idna")
        except UnicodeError:
            spoken = domain
        sql = (
            "SELECT id, website FROM institutions WHERE website <> '' AND until > ?"
            " AND (instr(lower(website), ?) OR instr(website, ?))"
        )
        rows = self._all(sql, self.newest, domain, spoken) if domain else []
        return tuple((row[0], row[1]) for row in rows)

    # --- reports

    def bearing(
        self, owner: str, programme: str | None, day: date, handed: Sequence[date], run: int
    ) -> list[Report]:
        """Reports on ``owner`` in force on ``day``, the last few institutional ones that had ended by then, and
        all on the programme that had begun; only those in force on each day of ``handed``."""
        text, changes = day.isoformat(), ""
        for change in handed:
            changes += f" AND c.valid_from <= '{change.isoformat()}' AND c.last_day >= '{change.isoformat()}'"
        rows = self._all(_BEARING.replace("/*handed*/", changes), owner, "", text, run)
        if programme is not None:
            scope = programme_scope(programme)
            rows += self._all(_OF_PROGRAMME.replace("/*handed*/", changes), owner, scope, text, run)
        return [_report(row) for row in rows]

    def reports(
        self, owners: Iterable[str], run: int | None = None, *, limit: int = -1
    ) -> tuple[Report, ...]:
        """Every report on the institutions, or the ``limit`` of each that start last."""
        at, found = self._at(run), dict[str, Report]()
        sql = f"{_REPORTS} AND r.since <= ?2 AND r.until > ?2 ORDER BY c.valid_from DESC, r.id LIMIT ?3"
        for one in owners:
            for row in self._all(sql, one, at, limit):
                found[row[1]] = _report(row)
        return tuple(found.values())

    # --- agencies

    def agency(self, acronym: str, run: int | None = None) -> Agency | None:
        """As it was listed then. One that is listed no more, and of which something was taken back, has no
        registration left and says what; any other is not known."""
        at = self._at(run)
        listed = None
        for one, since, until in self._agencies.get(acronym, ()):
            if since <= at < until:
                return one
            listed = one if since <= at else listed
        return replace(listed, registrations=()) if listed is not None and listed.voidings else None

    def agency_acronym(self, url: str) -> str | None:
        """The one agency whose entry in the register has this address."""
        found = {
            one.acronym
            for versions in self._agencies.values()
            for one, _, until in versions
            if one.url == url and url and until > self.newest
        }
        return found.pop() if len(found) == 1 else None

    def quarantined(self) -> int:
        return int(self._all("SELECT count(*) FROM quarantine")[0][0])

    def query(self, sql: str, *values: str | int) -> list[Any]:
        """Rows of a reading statement: for the search, which has its own."""
        return self._all(sql, *values)

    def _at(self, run: int | None) -> int:
        return self.newest if run is None else run

    def _all(self, sql: str, *values: str | int) -> list[Any]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def _read_small(self) -> None:
        for successor, predecessor, at, kind, since, until in self._all("SELECT * FROM relations"):
            step = Relation(predecessor, successor, date.fromisoformat(at), RelationKind(kind))
            self._before[successor].append((step, since, until))
            self._after[predecessor].append((step, since, until))
        for part, whole, start, end, since, until in self._all("SELECT * FROM faculties"):
            self._wholes[part].append((Faculty(whole, part, _date(start), _date(end)), since, until))
        voidings = defaultdict[str, list[Voiding]](list)
        for acronym, start, end, recorded, withdrawn in self._all("SELECT * FROM voidings"):
            voidings[acronym].append(
                Voiding(
                    date.fromisoformat(start),
                    _date(end),
                    parse_time(recorded, "recorded_at"),
                    parse_time(withdrawn, "withdrawn_at") if withdrawn else None,
                )
            )
        for acronym, since, until, name, url, official, periods in self._all("SELECT * FROM agencies"):
            agency = Agency(
                acronym,
                name,
                tuple((date.fromisoformat(start), _date(end)) for start, end in json.loads(periods)),
                tuple(voidings[acronym]),
                frozenset(official.split()) if official is not None else None,
                url,
            )
            self._agencies[acronym].append((agency, since, until))


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _report(row: Any) -> Report:
    name, ects, degree = row[13:16]
    programme = None
    if name is not None:
        programme = Programme(name, Decimal(ects) if ects else None, None if degree is None else bool(degree))
    return Report(
        id=row[1],
        institution_ids=tuple(row[4].split()),
        agency=row[5],
        activity=_ACTIVITIES[row[6]],
        status=_STATUSES[row[7]],
        decision=_DECISIONS[row[8]],
        valid_from=date.fromisoformat(row[9]),
        valid_to=_date(row[10]),
        flag=_FLAGS[row[11]],
        cycles=frozenset(_CYCLES[word] for word in row[12].split()) if row[12] is not None else None,
        programme=programme,
        url=row[16],
        local_identifier=row[17],
        illustrative=bool(row[18]),
    )


def _institution(row: Any, *, whole: bool) -> Institution:
    closure = Closure(date.fromisoformat(row[7]), date.fromisoformat(row[8])) if row[7] else None
    identifiers = json.loads(row[12]) if row[12] and whole else ()
    return Institution(
        id=row[0],
        name=row[3],
        countries=tuple(row[5].split()),
        url=row[4],
        founded=_date(row[6]),
        closure=closure,
        other_provider=bool(row[9]),
        website=row[10],
        names=tuple(json.loads(row[11])) if row[11] and whole else (),
        identifiers=tuple(
            Identifier(resource, value, _date(start), _date(end))
            for resource, value, start, end in identifiers
        ),
    )


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None

"""What was known, and when: ``HOME/history.db`` (SQLite), append-only.

A line says: from this moment on, this fact reads so (or, with an empty body: is no longer there). So every fact
has two times: its own (``valid_from``, ``valid_to``, as the source states them) and ours (``recorded_from``, and
``recorded_to``, which is the next line's moment; the view ``facts`` shows both). Nothing is ever rewritten,
which triggers see to. A run is one transaction: it is there whole or not at all (docs/decisions/0014).
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from trust_registry import fact_json, voiding
from trust_registry.content import FOREVER, Content, Known
from trust_registry.dates import format_time, parse_time
from trust_registry.errors import IngestError
from trust_registry.fact_json import FactText, Kind, Place, gather
from trust_registry.facts import Agency, Institution, StatedVoiding, Voiding
from trust_registry.harvested import Ingested, Quarantined, Source
from trust_registry.ingest.plan import Change, Held, Step
from trust_registry.ingest.source import Harvest
from trust_registry.vocabulary import SnapshotKind

_TABLES = ("runs", "sources", "lines", "quarantine")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs(
  number INTEGER PRIMARY KEY, at TEXT NOT NULL, origin TEXT NOT NULL, real INTEGER NOT NULL,
  covers TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sources(
  run INTEGER NOT NULL REFERENCES runs, file TEXT NOT NULL, sha256 TEXT NOT NULL, retrieved_at TEXT NOT NULL,
  licence TEXT NOT NULL, rows INTEGER NOT NULL, url TEXT NOT NULL, etag TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS lines(
  number INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs, change TEXT NOT NULL, kind TEXT NOT NULL,
  key TEXT NOT NULL, body TEXT, countries TEXT NOT NULL, valid_from TEXT, valid_to TEXT);
CREATE INDEX IF NOT EXISTS lines_place ON lines(kind, key, number);
CREATE TABLE IF NOT EXISTS quarantine(
  run INTEGER NOT NULL REFERENCES runs, file TEXT NOT NULL, row INTEGER NOT NULL, reason TEXT NOT NULL,
  key TEXT NOT NULL);
CREATE VIEW IF NOT EXISTS facts AS
  SELECT kind, key, body, countries, valid_from, valid_to, recorded_from, recorded_to, origin, run FROM (
    SELECT lines.*, runs.at AS recorded_from, runs.origin AS origin,
      lead(runs.at) OVER (PARTITION BY kind, key ORDER BY lines.number) AS recorded_to
    FROM lines JOIN runs ON runs.number = lines.run)
  WHERE body IS NOT NULL;
"""
# The last line of every fact up to a run; SQLite takes the other columns from the row of the maximum.
_LATEST = """
SELECT kind, key, body, countries, valid_from, valid_to, run, max(number) FROM lines WHERE run <= ?
GROUP BY kind, key ORDER BY kind, key
"""
# Every line with the run that ended it.
_STRETCHES = """
SELECT kind, key, body, change, run, lead(run) OVER (PARTITION BY kind, key ORDER BY number) FROM lines
WHERE {kinds} ORDER BY kind, key, number
"""


@dataclass(frozen=True, slots=True)
class Run:
    """``at``: recorded time. ``covers``: the kinds that its source speaks of."""

    number: int
    at: datetime
    origin: str
    real: bool
    covers: frozenset[Kind]


class History:
    """One connection; made by `open`, ended by `close`."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, timeout=10, isolation_level=None)
        try:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")  # a committed run survives the loss of power
            self._db.executescript(_SCHEMA)
            for table in _TABLES:
                for act in ("UPDATE", "DELETE"):
                    self._db.execute(
                        f"CREATE TRIGGER IF NOT EXISTS {table}_{act.lower()} BEFORE {act} ON {table} "
                        "BEGIN SELECT raise(ABORT, 'the history is append-only'); END"
                    )
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise IngestError("bad_history", f"{path.name} in the registry's home cannot be read.") from error

    @classmethod
    def existing(cls, home: Path) -> History | None:
        """The history of a home into which something was ingested; None if nothing ever was."""
        path = home / "history.db"
        if not path.exists():
            return None
        history = cls(path)
        if history.runs():
            return history
        history.close()
        return None

    def close(self) -> None:
        self._db.close()

    # --- reading

    def runs(self, known_at: datetime | None = None) -> list[Run]:
        """Every run recorded by then, oldest first."""
        rows = self._db.execute("SELECT number, at, origin, real, covers FROM runs ORDER BY number")
        found = [
            Run(number, parse_time(at, "at"), origin, bool(real), frozenset(Kind(k) for k in covers.split()))
            for number, at, origin, real, covers in rows
        ]
        return [run for run in found if known_at is None or run.at <= known_at]

    def held(self) -> dict[Place, Held]:
        """The facts that stand now, for comparison with a harvest."""
        real = {run.number: run.real for run in self.runs()}
        return {
            (Kind(kind), key): Held(FactText(body, tuple(codes.split()), _day(start), _day(end)), real[run])
            for kind, key, body, codes, start, end, run in self._latest(None)
        }

    def as_of(self, known_at: datetime | None = None) -> Ingested:
        """The facts as they were recorded at that time (None: now), with their sources and quarantine."""
        found = gather((Kind(row[0]), row[2]) for row in self._latest(known_at))
        runs = self._bearing(known_at)
        found.sources = self.sources(known_at)
        for run in runs:
            rows = self._db.execute(
                "SELECT file, row, reason, key FROM quarantine WHERE run = ?", (run.number,)
            )
            found.quarantined += [Quarantined(*row) for row in rows]
        return found

    def content(self) -> Content:
        """Everything that was ever recorded, each fact with the runs between which it stood.

        ``known`` is read from this history while it is walked, so walk it before `close`.
        """
        return Content(
            known=self._known(),
            runs=tuple((run.number, run.at) for run in self.runs()),
            voidings=tuple(self._voidings()),
            sources=tuple(self.sources()),
            quarantined=tuple(item for _, item in self.quarantined()),
        )

    def _known(self) -> Iterator[Known]:
        rows = self._db.execute(_STRETCHES.format(kinds="kind <> 'voiding'"))
        for kind, _, body, _, since, until in rows:
            fact = fact_json.read(Kind(kind), body) if body is not None else None
            if fact is not None and not isinstance(fact, StatedVoiding):
                yield Known(fact, since, until if until is not None else FOREVER)

    def _voidings(self) -> Iterator[tuple[str, Voiding]]:
        """What EQAR took back: read off the agencies' recordings, and stated by operators."""
        at = {run.number: run.at for run in self.runs()}
        agencies = defaultdict[str, list[tuple[datetime, Agency | None]]](list)
        said = defaultdict[str, list[tuple[datetime, StatedVoiding | None]]](list)
        for kind, key, body, change, since, _ in self._db.execute(
            _STRETCHES.format(kinds="kind IN ('agency', 'voiding')")
        ):
            fact = fact_json.read(Kind(kind), body) if body is not None else None
            if kind == Kind.AGENCY and change != Change.QUARANTINED:
                agencies[key].append((at[since], fact if isinstance(fact, Agency) else None))
            elif kind == Kind.VOIDING:
                said[key].append((at[since], fact if isinstance(fact, StatedVoiding) else None))
        for acronym, versions in agencies.items():
            yield from ((acronym, one) for one in voiding.derived(versions))
        for stated in said.values():
            acronym = next(one.agency for _, one in stated if one is not None)
            yield from ((acronym, one) for one in voiding.stated(stated))

    def institutions(self) -> dict[str, Institution]:
        rows = ((Kind(row[0]), row[2]) for row in self._latest(None) if row[0] == Kind.INSTITUTION)
        return gather(rows).institutions

    def sources(self, known_at: datetime | None = None) -> list[Source]:
        """What the facts of that time rest on: for each kind, the last run that spoke of it."""
        found: list[Source] = []
        for run in self._bearing(known_at):
            rows = self._db.execute(
                "SELECT file, sha256, retrieved_at, licence, rows, url, etag FROM sources WHERE run = ?",
                (run.number,),
            )
            found += [Source(*row) for row in rows]
        return found

    def kind(self) -> SnapshotKind:
        """Production when every fact that stands is from a real source; one demo fact makes it a demo."""
        real = {run.number: run.real for run in self.runs()}
        standing = {row[6] for row in self._latest(None)}
        whole = bool(standing) and all(real[number] for number in standing)
        return SnapshotKind.PRODUCTION if whole else SnapshotKind.DEMO

    def data_time(self) -> datetime:
        """When the oldest part of the current data was fetched: building a snapshot anew makes nothing newer."""
        moments = [parse_time(source.retrieved_at, "retrieved_at") for source in self.sources()]
        return min([*moments, max(run.at for run in self.runs())])

    def quarantined(self) -> list[tuple[Run, Quarantined]]:
        """What the runs behind the current facts set aside."""
        return [
            (run, Quarantined(*row))
            for run in self._bearing(None)
            for row in self._db.execute(
                "SELECT file, row, reason, key FROM quarantine WHERE run = ?", (run.number,)
            )
        ]

    def _bearing(self, known_at: datetime | None) -> list[Run]:
        last: dict[Kind, Run] = {kind: run for run in self.runs(known_at) for kind in run.covers}
        return sorted(set(last.values()), key=lambda run: run.number)

    def _latest(self, known_at: datetime | None) -> Iterator[tuple[Any, ...]]:
        runs = self.runs(known_at)
        if not runs:
            return
        for row in self._db.execute(_LATEST, (runs[-1].number,)):
            if row[2] is not None:
                yield tuple(row[:7])

    # --- writing

    def record(
        self, steps: Iterable[Step], harvest: Harvest, *, origin: str, real: bool, now: datetime
    ) -> int:
        """Append one run; returns its number. `IngestError` if the clock is behind the last run."""
        with self._write() as db:
            runs = self.runs()
            if runs and now <= runs[-1].at:
                raise IngestError(
                    "clock_behind", "The clock is behind the last ingest.", "Set the clock, then try again."
                )
            number = (runs[-1].number if runs else 0) + 1
            covers = " ".join(sorted(harvest.covers))
            db.execute(
                "INSERT INTO runs VALUES (?, ?, ?, ?, ?)", (number, format_time(now), origin, real, covers)
            )
            db.executemany(
                "INSERT INTO sources VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (number, s.file, s.sha256, s.retrieved_at, s.licence, s.rows, s.url, s.etag)
                    for s in harvest.found.sources
                ],
            )
            db.executemany(
                "INSERT INTO quarantine VALUES (?, ?, ?, ?, ?)",
                [(number, q.file, q.row, q.reason, q.key) for q in harvest.found.quarantined],
            )
            db.executemany(
                "INSERT INTO lines(run, change, kind, key, body, countries, valid_from, valid_to) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (_line(number, step) for step in steps),
            )
        return number

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


def _line(run: int, step: Step) -> tuple[Any, ...]:
    text = step.text
    return (
        *(run, str(step.change), str(step.kind), step.key, text.body if text else None),
        *(" ".join(step.countries), _iso(text.valid_from if text else None)),
        _iso(text.valid_to if text else None),
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None

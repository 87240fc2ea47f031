"""Bindings as they are published: one read-only SQLite file of the records that the registry signed.

The operational store verifies each record's own signature, which takes a sixth of a millisecond; for a hundred
thousand of them that is too long at every start, and too long for a question. So what was verified once is
written here, and the file's hash stands in the signed list of files, as the snapshot's does. ``number`` is the
record's number in the store: what came later is read from there (`trust_registry.live`). The operators' notes
stay in the store: nobody else's business, and no decision needs them.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import threading
import weakref
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from trust_registry.dates import format_time, parse_time
from trust_registry.errors import SnapshotError
from trust_registry.facts import Binding, KeyRevocation
from trust_registry.vocabulary import RevocationReason

FORMAT = 1
_TABLES = """
CREATE TABLE bindings(
  did TEXT NOT NULL, number INTEGER NOT NULL, institution TEXT NOT NULL, level INTEGER NOT NULL,
  thumbprint TEXT NOT NULL, jwk TEXT NOT NULL, valid_from TEXT NOT NULL, valid_to TEXT, revoked_at TEXT,
  revoked_reason TEXT, recorded_at TEXT NOT NULL, proposal TEXT NOT NULL,
  PRIMARY KEY (did, number)) WITHOUT ROWID;
CREATE INDEX bindings_institution ON bindings(institution);
"""
_ADD = "INSERT INTO bindings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


def write(path: Path, added: Iterable[tuple[int, Binding]], *, before: Path | None = None) -> None:
    """A new file of all records of ``before`` (a file of this format) and those ``added``, which were verified."""
    if before is not None:
        shutil.copyfile(before, path)
    db = sqlite3.connect(path, isolation_level=None)
    try:
        db.execute("PRAGMA journal_mode = OFF")
        db.execute("PRAGMA synchronous = OFF")
        if before is None:
            db.executescript(_TABLES)
            db.execute(f"PRAGMA user_version = {FORMAT}")
        db.execute("BEGIN")
        db.executemany(_ADD, (_row(number, binding) for number, binding in added))
        db.execute("COMMIT")
    finally:
        db.close()
    with path.open("rb") as file:
        os.fsync(file.fileno())


class BindingsFile:
    """Thread-safe. The file's hash has been verified by the caller. Closed when nobody has it any more."""

    def __init__(self, path: Path) -> None:
        self.path = path
        uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        self._db = sqlite3.connect(uri, uri=True, check_same_thread=False)
        self._lock = threading.Lock()
        self.close = weakref.finalize(self, self._db.close)
        if self._all("PRAGMA user_version")[0][0] != FORMAT:
            self.close()
            raise SnapshotError("bindings_schema", "The published bindings were made by another version.")
        self.last = int(self._all("SELECT coalesce(max(number), 0) FROM bindings")[0][0])

    def of_did(self, did: str) -> tuple[Binding, ...]:
        """Every record of one DID, oldest first."""
        return tuple(map(_binding, self._all("SELECT * FROM bindings WHERE did = ? ORDER BY number", did)))

    def of_institution(self, institution: str) -> tuple[Binding, ...]:
        return tuple(
            map(
                _binding,
                self._all("SELECT * FROM bindings WHERE institution = ? ORDER BY number", institution),
            )
        )

    def dids(self, *, agreed: bool) -> list[str]:
        """DIDs with a record that can count (level 0 never does), sorted; ``agreed``: by two operators only."""
        sql = "SELECT DISTINCT did FROM bindings WHERE level > 0 AND (proposal <> '' OR NOT ?) ORDER BY did"
        return [row[0] for row in self._all(sql, agreed)]

    def _all(self, sql: str, *values: str | bool) -> list[Any]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()


def _row(number: int, binding: Binding) -> tuple[Any, ...]:
    revoked = binding.revoked
    return (
        binding.did,
        number,
        binding.institution_id,
        binding.level,
        binding.thumbprint,
        json.dumps(dict(binding.jwk), separators=(",", ":"), sort_keys=True),
        binding.valid_from.isoformat(),
        binding.valid_to.isoformat() if binding.valid_to else None,
        format_time(revoked.at) if revoked else None,
        str(revoked.reason) if revoked else None,
        format_time(binding.recorded_at),
        binding.proposal,
    )


def _binding(row: Any) -> Binding:
    revoked = KeyRevocation(parse_time(row[8], "revoked"), RevocationReason(row[9])) if row[8] else None
    return Binding(
        did=row[0],
        institution_id=row[2],
        level=row[3],
        thumbprint=row[4],
        jwk=json.loads(row[5]),
        valid_from=date.fromisoformat(row[6]),
        valid_to=date.fromisoformat(row[7]) if row[7] else None,
        revoked=revoked,
        evidence="",
        recorded_at=parse_time(row[10], "recorded_at"),
        proposal=row[11],
    )

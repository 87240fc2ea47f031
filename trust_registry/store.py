"""What changes while the registry runs: bindings and mirrored objects, in ``HOME/registry.db`` (SQLite, WAL).

Bindings are append-only statements signed by the registry's key and verified whenever they are read; a later
record for the same DID, institution and key replaces an earlier one. Mirrored objects are kept as the JWS
that their issuer signed. First cut: deletion of a row by someone who can write the file is not detected.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from trust_registry.errors import BindingError, ObjectError, SnapshotError, TrustRegistryError
from trust_registry.facts import Binding
from trust_registry.keys import thumbprint
from trust_registry.objects import SignedObject
from trust_registry.signing import RegistryKey, verify_statement

BINDING_TYPE = "cairn-binding+jwt"
_TABLES = """
CREATE TABLE IF NOT EXISTS bindings(
  number INTEGER PRIMARY KEY, did TEXT NOT NULL, institution TEXT NOT NULL, jws TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS bindings_did ON bindings(did);
CREATE INDEX IF NOT EXISTS bindings_institution ON bindings(institution);
CREATE TABLE IF NOT EXISTS objects(
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, jws TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS revlists(
  registry TEXT NOT NULL, timestamp INTEGER NOT NULL, content_sha256 TEXT NOT NULL, jws TEXT NOT NULL,
  PRIMARY KEY (registry, timestamp)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS snapshots(seq INTEGER PRIMARY KEY, db_sha256 TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class StoredBindings:
    """``intact`` False: at least one stored record does not verify, and is left out."""

    bindings: tuple[Binding, ...]
    intact: bool


class Store:
    """One connection behind a lock; every method is one short transaction."""

    def __init__(self, path: Path, key: RegistryKey) -> None:
        self._key = key
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, check_same_thread=False, timeout=10, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.executescript(_TABLES)
        self._lock = threading.Lock()

    def close(self) -> None:
        self._db.close()

    # --- bindings

    def add_binding(self, binding: Binding) -> None:
        """Sign and append; the rules on what may be bound are `bindings.bind`'s."""
        jws = self._key.sign_statement(binding.to_json(), typ=BINDING_TYPE)
        with self._write() as db:
            # Asked again inside the transaction: two writers must not bind one DID to two institutions.
            others = db.execute(
                "SELECT 1 FROM bindings WHERE did = ? AND institution <> ?",
                (binding.did, binding.institution_id),
            ).fetchone()
            if others:
                raise BindingError("did_ambiguous", "The DID is already bound to another institution.")
            db.execute(
                "INSERT INTO bindings(did, institution, jws) VALUES (?, ?, ?)",
                (binding.did, binding.institution_id, jws),
            )

    def bindings(self, did: str | None = None, *, institution: str | None = None) -> StoredBindings:
        """Records of one DID or one institution, or all, oldest first; each verified against our key."""
        with self._lock:
            rows = self._db.execute(
                "SELECT did, institution, jws FROM bindings WHERE (?1 IS NULL OR did = ?1)"
                " AND (?2 IS NULL OR institution = ?2) ORDER BY number",
                (did, institution),
            ).fetchall()
        found = []
        for row_did, row_institution, jws in rows:
            try:
                binding = Binding.from_json(verify_statement(jws, typ=BINDING_TYPE, key=self._key.jwk))
                if thumbprint(dict(binding.jwk)) != binding.thumbprint:
                    continue
            except (TrustRegistryError, KeyError, ValueError, TypeError):
                continue
            if (binding.did, binding.institution_id) == (row_did, row_institution):
                found.append(binding)
        return StoredBindings(tuple(found), intact=len(found) == len(rows))

    def last_binding(self) -> int:
        """Number of the newest record, 0 before the first: it changes when anything was bound or revoked."""
        with self._lock:
            return int(self._db.execute("SELECT coalesce(max(number), 0) FROM bindings").fetchone()[0])

    # --- mirrored objects

    def put_object(self, signed: SignedObject) -> None:
        """Idempotent: the id is the hash of the content, so the first copy is as good as any."""
        with self._write() as db:
            db.execute(
                "INSERT OR IGNORE INTO objects(id, kind, jws) VALUES (?, ?, ?)",
                (signed.id, signed.kind, signed.jws),
            )

    def object(self, identifier: str) -> str | None:
        with self._lock:
            row = self._db.execute("SELECT jws FROM objects WHERE id = ?", (identifier,)).fetchone()
        return str(row[0]) if row else None

    def put_revocation_list(self, signed: SignedObject, content_sha256: str) -> None:
        """A list, once published for a moment, is never replaced by another for the same moment."""
        with self._write() as db:
            row = db.execute(
                "SELECT content_sha256 FROM revlists WHERE registry = ? AND timestamp = ?",
                (signed.id, signed.timestamp),
            ).fetchone()
            if row and row[0] != content_sha256:
                raise ObjectError("list_replaced", "Another list is already published for the same time.")
            db.execute(
                "INSERT OR IGNORE INTO revlists VALUES (?, ?, ?, ?)",
                (signed.id, signed.timestamp, content_sha256, signed.jws),
            )

    def revocation_list(self, registry: str, at: int | None) -> str | None:
        """The newest list not after ``at``; the oldest if all are after it; without ``at`` the newest."""
        newest = (
            "SELECT jws FROM revlists WHERE registry = ? AND timestamp <= ? ORDER BY timestamp DESC LIMIT 1"
        )
        oldest = "SELECT jws FROM revlists WHERE registry = ? ORDER BY timestamp LIMIT 1"
        with self._lock:
            row = self._db.execute(newest, (registry, 2**62 if at is None else at)).fetchone()
            row = row or self._db.execute(oldest, (registry,)).fetchone()
        return str(row[0]) if row else None

    # --- snapshots seen

    def last_snapshot(self) -> tuple[int, str]:
        """(seq, db_sha256) of the highest snapshot ever served from here; (0, "") before the first."""
        with self._lock:
            row = self._db.execute(
                "SELECT seq, db_sha256 FROM snapshots ORDER BY seq DESC LIMIT 1"
            ).fetchone()
        return (int(row[0]), str(row[1])) if row else (0, "")

    def accept_snapshot(self, seq: int, db_sha256: str) -> None:
        """Remember it; a lower number is a rollback, the same number with other data an equivocation."""
        last, digest = self.last_snapshot()
        if seq < last:
            raise SnapshotError(
                "snapshot_rollback", f"Snapshot {seq} is older than {last}, which was served before."
            )
        if seq == last and db_sha256 != digest:
            raise SnapshotError("snapshot_equivocation", f"There are two different snapshots {seq}.")
        with self._write() as db:
            db.execute("INSERT OR IGNORE INTO snapshots VALUES (?, ?)", (seq, db_sha256))

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

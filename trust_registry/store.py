"""What changes while the registry runs: bindings and mirrored objects, in ``HOME/registry.db`` (SQLite, WAL).

Bindings are append-only statements signed by the registry's key and verified whenever they are read; a later
record for the same DID, institution and key replaces an earlier one. So are proposals and their ends. Every
change to them adds an entry to the audit log in the same transaction (`trust_registry.audit`), so a deleted
row is noticed when the log is verified. Mirrored objects are kept as the JWS that their issuer signed.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from trust_registry import audit
from trust_registry.errors import BindingError, ObjectError, SnapshotError, TrustRegistryError
from trust_registry.facts import Binding
from trust_registry.keys import thumbprint
from trust_registry.objects import SignedObject
from trust_registry.proposals import Closed, Proposal
from trust_registry.signing import RegistryKey, verify_statement

BINDING_TYPE = "cairn-binding+jwt"
PROPOSAL_TYPE, CLOSED_TYPE = "cairn-proposal+jwt", "cairn-proposal-end+jwt"
_RECORDS = ("bindings", "proposals", "proposal_ends")
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
CREATE TABLE IF NOT EXISTS proposals(number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, jws TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS proposal_ends(id TEXT PRIMARY KEY, jws TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS audit(seq INTEGER PRIMARY KEY, jws TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS audit_is_kept BEFORE DELETE ON audit
  BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS audit_is_not_changed BEFORE UPDATE ON audit
  BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
"""
_WITH_AUDIT = 1  # PRAGMA user_version of a database whose records are all named by its log


@dataclass(frozen=True, slots=True)
class StoredBindings:
    """``intact`` False: at least one stored record does not verify, and is left out."""

    bindings: tuple[Binding, ...]
    intact: bool


@dataclass(frozen=True, slots=True)
class Act:
    """Who does what, for the audit log."""

    operator: str
    action: audit.Action
    at: datetime


class Store:
    """One connection behind a lock; every method is one short transaction."""

    def __init__(self, path: Path, key: RegistryKey) -> None:
        self._key = key
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, check_same_thread=False, timeout=10, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.executescript(_TABLES)
        self._lock = threading.Lock()
        self._begin_log()

    def close(self) -> None:
        self._db.close()

    # --- bindings

    def add_binding(
        self, binding: Binding, act: Act, *, closes: Closed | None = None, seen: int | None = None
    ) -> None:
        """Sign and append; the rules on what may be bound are `bindings.bind`'s.

        ``closes`` ends the proposal that this binding comes from, in the same transaction. ``seen`` is the
        `last_number` on which the rules were judged: a record made since then is a conflict.
        """
        jws = self._key.sign_statement(binding.to_json(), typ=BINDING_TYPE)
        with self._write() as db:
            # Asked again inside the transaction: two writers must not bind one DID to two institutions.
            others = db.execute(
                "SELECT 1 FROM bindings WHERE did = ? AND institution <> ?",
                (binding.did, binding.institution_id),
            ).fetchone()
            if others:
                raise BindingError("did_ambiguous", "The DID is already bound to another institution.")
            if seen is not None and seen != _last_number(db):
                raise BindingError("changed_meanwhile", "Another binding was made just now.", "Try again.")
            if closes is not None:
                self._close(db, closes)
            db.execute(
                "INSERT INTO bindings(did, institution, jws) VALUES (?, ?, ?)",
                (binding.did, binding.institution_id, jws),
            )
            self._log(db, act, f"{binding.did} {binding.thumbprint}", audit.sha256(jws))

    def last_number(self) -> int:
        """Grows with every binding record."""
        with self._lock:
            return _last_number(self._db)

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

    # --- proposals

    def add_proposal(self, proposal: Proposal, act: Act) -> None:
        jws = self._key.sign_statement(proposal.to_json(), typ=PROPOSAL_TYPE)
        with self._write() as db:
            db.execute("INSERT INTO proposals(id, jws) VALUES (?, ?)", (proposal.id, jws))
            self._log(db, act, proposal.id, audit.sha256(jws))

    def close_proposal(self, closed: Closed) -> None:
        """End a proposal without a binding; one that has ended cannot end again."""
        with self._write() as db:
            self._close(db, closed)

    def proposals(self) -> list[tuple[Proposal, Closed | None]]:
        """All of them, oldest first, with their ends; `BindingError` when one does not verify."""
        with self._lock:
            rows = self._db.execute(
                "SELECT p.id, p.jws, e.jws FROM proposals p LEFT JOIN proposal_ends e ON e.id = p.id "
                "ORDER BY p.number"
            ).fetchall()
        found = []
        for identifier, jws, end in rows:
            try:
                proposal = Proposal.from_json(verify_statement(jws, typ=PROPOSAL_TYPE, key=self._key.jwk))
                closed = (
                    Closed.from_json(verify_statement(end, typ=CLOSED_TYPE, key=self._key.jwk))
                    if end is not None
                    else None
                )
            except (TrustRegistryError, KeyError, ValueError, TypeError) as error:
                raise BindingError("proposal_not_authentic", "A stored proposal does not verify.") from error
            if proposal.id != identifier or (closed is not None and closed.proposal != identifier):
                raise BindingError("proposal_not_authentic", "A stored proposal stands in another's place.")
            found.append((proposal, closed))
        return found

    def _close(self, db: sqlite3.Connection, closed: Closed) -> None:
        jws = self._key.sign_statement(closed.to_json(), typ=CLOSED_TYPE)
        if db.execute("SELECT 1 FROM proposal_ends WHERE id = ?", (closed.proposal,)).fetchone():
            raise BindingError("proposal_closed", "The proposal has already been decided.")
        db.execute("INSERT INTO proposal_ends VALUES (?, ?)", (closed.proposal, jws))
        action = audit.Action.APPROVE if closed.approved else audit.Action.REJECT
        self._log(db, Act(closed.by, action, closed.at), closed.proposal, audit.sha256(jws))

    # --- audit log

    def note(self, act: Act, subject: str, digest: str = "") -> None:
        """An entry about something that leaves no record of its own here."""
        with self._write() as db:
            self._log(db, act, subject, digest)

    def audit_head(self) -> audit.Head:
        with self._lock:
            return _head(self._db)

    def audit(self, noted: audit.Head | None = None) -> tuple[audit.Entry, ...]:
        """The whole log, verified against itself and the records; `BindingError` says what does not hold."""
        with self._lock:
            self._db.execute("BEGIN")  # log and records as of one moment
            try:
                rows = [row[0] for row in self._db.execute("SELECT jws FROM audit ORDER BY seq")]
                records = [
                    row[0]
                    for table in _RECORDS
                    for row in self._db.execute(f"SELECT jws FROM {table}")  # noqa: S608 - literals above
                ]
            finally:
                self._db.execute("COMMIT")
        return audit.verify(rows, map(audit.sha256, records), key=self._key.jwk, noted=noted)

    def _log(self, db: sqlite3.Connection, act: Act, subject: str, digest: str) -> None:
        last = db.execute("SELECT jws FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
        if last is not None:
            audit.read(last[0], self._key.jwk)  # nothing is built on an end that is not ours
        head = _head(db)
        entry = audit.Entry(head.seq + 1, head.sha256, act.at, act.operator, act.action, subject, digest)
        jws = self._key.sign_statement(entry.to_json(), typ=audit.AUDIT_TYPE)
        db.execute("INSERT INTO audit VALUES (?, ?)", (entry.seq, jws))

    def _begin_log(self) -> None:
        """Once per database: records that are older than the log are named in it as adopted."""
        with self._write() as db:
            if db.execute("PRAGMA user_version").fetchone()[0] >= _WITH_AUDIT:
                return
            for did, jws in db.execute("SELECT did, jws FROM bindings ORDER BY number").fetchall():
                at = datetime.fromtimestamp(0, UTC)  # unknown here; the record says when it was made
                self._log(db, Act(audit.HOME, audit.Action.ADOPT, at), did, audit.sha256(jws))
            db.execute(f"PRAGMA user_version = {_WITH_AUDIT}")

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


def _last_number(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT coalesce(max(number), 0) FROM bindings").fetchone()[0])


def _head(db: sqlite3.Connection) -> audit.Head:
    row = db.execute("SELECT seq, jws FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    return audit.Head(int(row[0]), audit.sha256(row[1])) if row else audit.Head()

"""SQLite files that the program of before made, without versions; the oldest had no log."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.trust_registry.postgres import execute
from tests.unit.trust_registry.samples import FHJ, FHJ_ID, MTU, MTU_ID, NOW, binding
from tests.unit.trust_registry.test_store import BIND, KEY, closed, proposal
from trust_registry import audit
from trust_registry.audit import Action, Head
from trust_registry.errors import StoreError, StoreUnreachable
from trust_registry.proposals import Closed
from trust_registry.store import Act, Store

# As the store of before versions made them, word for word.
TABLES = """
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
WITH_LOG = """
CREATE TABLE IF NOT EXISTS proposals(number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, jws TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS proposal_ends(id TEXT PRIMARY KEY, jws TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS audit(seq INTEGER PRIMARY KEY, jws TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS audit_is_kept BEFORE DELETE ON audit
  BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS audit_is_not_changed BEFORE UPDATE ON audit
  BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
PRAGMA user_version = 1;
"""
BOUND = (binding(MTU, MTU_ID), binding(FHJ, FHJ_ID))


def oldest(path: Path) -> None:
    """Two bindings, an object, a list, a snapshot; no log."""
    with closing(sqlite3.connect(path, autocommit=True)) as db:
        db.executescript("PRAGMA journal_mode = WAL;" + TABLES)
        for one in BOUND:
            jws = KEY.sign_statement(one.to_json(), typ="cairn-binding+jwt")
            row = (one.did, one.institution_id, jws)
            db.execute("INSERT INTO bindings(did, institution, jws) VALUES (?, ?, ?)", row)
        db.execute("INSERT INTO objects VALUES ('o', 'SCHEMA', 'jws-of-o')")
        db.execute("INSERT INTO revlists VALUES ('r', 7, 'x', 'jws-of-r')")
        db.execute("INSERT INTO snapshots VALUES (5, 'abc')")


def with_log(path: Path) -> Head:
    """The same and two proposals, rejected in the other order; all named by a log as it was written then."""
    oldest(path)
    ends = (
        Closed("p2", False, "bob", NOW, "", ()),
        Closed("p1", False, "bob", NOW + timedelta(hours=1), "", ()),
    )
    head = Head()
    with closing(sqlite3.connect(path, autocommit=True)) as db:
        db.executescript(WITH_LOG)

        def log(act: Act, subject: str, jws: str) -> None:
            nonlocal head
            digest = audit.sha256(jws)
            entry = audit.Entry(head.seq + 1, head.sha256, act.at, act.operator, act.action, subject, digest)
            written = KEY.sign_statement(entry.to_json(), typ=audit.AUDIT_TYPE)
            db.execute("INSERT INTO audit VALUES (?, ?)", (entry.seq, written))
            head = Head(entry.seq, audit.sha256(written))

        for did, jws in db.execute("SELECT did, jws FROM bindings ORDER BY number").fetchall():
            log(BIND, did, jws)
        for identifier in ("p1", "p2"):
            jws = KEY.sign_statement(proposal(identifier).to_json(), typ="cairn-proposal+jwt")
            db.execute("INSERT INTO proposals(id, jws) VALUES (?, ?)", (identifier, jws))
            log(Act("alice", Action.PROPOSE, NOW), identifier, jws)
        for end in ends:
            jws = KEY.sign_statement(end.to_json(), typ="cairn-proposal-end+jwt")
            db.execute("INSERT INTO proposal_ends VALUES (?, ?)", (end.proposal, jws))
            log(Act("bob", Action.REJECT, end.at), end.proposal, jws)
    return head


def held(store: Store) -> None:
    assert store.bindings().bindings == BOUND
    assert store.object("o") == "jws-of-o"
    assert store.revocation_list("r", None) == "jws-of-r"
    assert store.last_snapshot() == (5, "abc")


def test_a_file_with_a_log_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    head = with_log(path)
    for _ in range(2):  # adopted, and opened again
        with closing(Store(path, KEY)) as store:
            held(store)
            assert len(store.audit(head)) == 6
            assert store.audit_head() == head  # the log says what it said
            assert [end.by for _, end in store.proposals() if end is not None] == ["bob", "bob"]
            assert store.last_numbers() == {"bindings": 2, "proposals": 2, "proposal_ends": 2, "audit": 6}
    with closing(sqlite3.connect(path)) as db:  # numbered in the order of their times
        numbered = db.execute("SELECT number, id FROM proposal_ends ORDER BY number").fetchall()
        assert numbered == [(1, "p2"), (2, "p1")]
    with closing(Store(path, KEY)) as store:
        store.add_proposal(proposal("p3"), Act("alice", Action.PROPOSE, NOW))
        store.close_proposal(closed("p3"))
        assert store.last_numbers()["proposal_ends"] == 3
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        execute(path, "DELETE FROM audit")


def test_records_older_than_the_log_are_adopted_once(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    oldest(path)
    with closing(Store(path, KEY)) as store:
        held(store)
        entries = store.audit()
        assert [(str(one.action), one.subject) for one in entries] == [
            ("adopt", MTU.did),
            ("adopt", FHJ.did),
        ]
    with closing(Store(path, KEY)) as again:
        assert again.audit() == entries


def test_records_added_later_are_not_adopted(tmp_path: Path) -> None:
    """Whoever puts a record in past the log cannot have it named by setting the old mark back."""
    path = tmp_path / "registry.db"
    oldest(path)
    Store(path, KEY).close()
    again = "INSERT INTO bindings SELECT 3, did, institution, jws FROM bindings WHERE number = 1"
    execute(path, again, "PRAGMA user_version = 0")
    with closing(Store(path, KEY)) as store, pytest.raises(Exception, match="record_unlogged"):
        store.audit()


@pytest.mark.parametrize("jws", ["", "a.b", "a.!.c", "a.bnVsbA.c", "a.eyJhdCI6NX0.c"])
def test_an_end_that_cannot_be_read_is_kept_as_it_is(tmp_path: Path, jws: str) -> None:
    path = tmp_path / "registry.db"
    with_log(path)
    execute(path, f"UPDATE proposal_ends SET jws = '{jws}' WHERE id = 'p1'")
    with closing(Store(path, KEY)) as store, pytest.raises(Exception, match="proposal_not_authentic"):
        store.proposals()


@pytest.mark.parametrize("statement", ["DROP INDEX bindings_did", "ALTER TABLE bindings DROP COLUMN jws"])
def test_an_adoption_that_fails_changes_nothing(tmp_path: Path, statement: str) -> None:
    path = tmp_path / "registry.db"
    oldest(path)
    execute(path, statement, "CREATE VIEW audit AS SELECT 1 AS seq, 'x' AS jws")
    before = path.read_bytes()
    with pytest.raises((StoreUnreachable, StoreError)):
        Store(path, KEY)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT name FROM sqlite_master WHERE name LIKE '%version%'").fetchall() == []
        assert db.execute("SELECT count(*) FROM bindings").fetchone() == (2,)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"not a database, and longer than a header of one" * 40, b"\0" * 4096])
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "registry.db"
    path.write_bytes(content)
    with pytest.raises(StoreUnreachable) as caught:
        Store(path, KEY)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert path.read_bytes() == content

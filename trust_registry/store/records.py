"""`Store`: bindings, proposals, their log and mirrored objects, each method one short transaction.

Bindings are append-only statements signed by the registry's key and verified whenever they are read; a later
record for the same DID, institution and key replaces an earlier one. So are proposals and their ends. Every
change to them adds an entry to the audit log in the same transaction (`trust_registry.audit`), so a deleted
row is noticed when the log is verified. Mirrored objects are kept as the JWS that their issuer signed.

A few lines over the usual length: one transaction after another, each a few lines, that share one database.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from trust_registry import audit
from trust_registry.audit import Head
from trust_registry.errors import BindingError, ObjectError, SnapshotError, StoreError, TrustRegistryError
from trust_registry.facts import Binding
from trust_registry.keys import thumbprint
from trust_registry.objects import SignedObject
from trust_registry.proposals import Closed, Proposal
from trust_registry.signing import RegistryKey
from trust_registry.store.database import Database, be_patient
from trust_registry.store.signer import OneKey, Signer
from trust_registry.store.tables import (
    ALL_BINDINGS,
    ALL_HIGHEST,
    AUDIT,
    BINDINGS,
    BINDINGS_AFTER,
    BINDINGS_BY,
    HIGHEST,
    LAST_SNAPSHOT,
    LISTS_OF,
    LOG_END,
    METADATA,
    OBJECTS,
    PROPOSAL_ENDS,
    PROPOSALS,
    RECORDS,
    REVLISTS,
    SNAPSHOTS,
    WITH_ENDS,
)

BINDING_TYPE = "cairn-binding+jwt"
PROPOSAL_TYPE, CLOSED_TYPE = "cairn-proposal+jwt", "cairn-proposal-end+jwt"
_WITH_AUDIT = 1  # PRAGMA user_version of a SQLite file, older than versions, whose log names every record
_AT_ONCE = 1000  # rows in memory while a store is copied


@dataclass(frozen=True, slots=True)
class StoredBindings:
    """``intact`` False: at least one stored record does not verify, and is left out. ``numbers`` are theirs."""

    bindings: tuple[Binding, ...]
    intact: bool
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Act:
    """Who does what, for the audit log."""

    operator: str
    action: audit.Action
    at: datetime


class Store:
    """``place``: a path is SQLite, text the address of a PostgreSQL database (`store_place`).

    Every method raises `StoreUnreachable` when the database gives no usable answer. One object serves any
    number of threads; any number of processes may have the same database open.
    """

    def __init__(self, place: Path | str, key: Signer | RegistryKey) -> None:
        self._key = OneKey(key) if isinstance(key, RegistryKey) else key
        self._db = Database(place, self._adopt)

    def close(self) -> None:
        self._db.close()

    def last_numbers(self) -> dict[str, int]:
        """The highest number of each table of statements, at one moment; 0 where there is none."""
        row = self._db.read(lambda db: db.execute(ALL_HIGHEST).one())
        return {table: int(number) for table, number in row._mapping.items()}

    # --- bindings

    def add_binding(
        self, binding: Binding, act: Act, *, closes: Closed | None = None, seen: int | None = None
    ) -> None:
        """Sign and append; the rules on what may be bound are `bindings.bind`'s.

        ``closes`` ends the proposal that this binding comes from, in the same transaction. ``seen`` is the
        `last_number` on which the rules were judged: a record made since then is a conflict.
        """
        jws = self._key.sign_statement(binding.to_json(), typ=BINDING_TYPE)
        others = sa.select(BINDINGS.c.number).where(
            BINDINGS.c.did == binding.did, BINDINGS.c.institution != binding.institution_id
        )

        def work(db: sa.Connection) -> None:
            # Asked again where nobody else can write: two writers must not bind one DID to two institutions.
            if db.execute(others.limit(1)).first():
                raise BindingError("did_ambiguous", "The DID is already bound to another institution.")
            last = _highest(db, "bindings")
            if seen is not None and seen != last:
                raise BindingError("changed_meanwhile", "Another binding was made just now.", "Try again.")
            if closes is not None:
                self._close(db, closes)
            db.execute(
                BINDINGS.insert(),
                {
                    "number": last + 1,
                    "did": binding.did,
                    "institution": binding.institution_id,
                    "jws": jws,
                },
            )
            self._log(db, act, f"{binding.did} {binding.thumbprint}", audit.sha256(jws))

        self._db.write(work)

    def last_number(self) -> int:
        """Grows with every binding record."""
        return self._db.read(lambda db: _highest(db, "bindings"))

    def bindings(self, did: str | None = None, *, institution: str | None = None) -> StoredBindings:
        """Records of one DID or one institution, or all, oldest first; each verified against our key."""
        asked = {
            name: text for name, text in (("did", did), ("institution", institution)) if text is not None
        }
        if not all(map(_storable, asked.values())):
            return StoredBindings((), intact=True)
        query = BINDINGS_BY[did is not None, institution is not None]
        return self._verified(self._db.read(lambda db: db.execute(query, asked).all()))

    def binding_sha256(self, number: int) -> str:
        """Of the record with this number as it is stored; empty if there is none. Tells one store from another."""
        query = sa.select(BINDINGS.c.jws).where(BINDINGS.c.number == number)
        found = self._db.read(lambda db: db.execute(query).scalar())
        return audit.sha256(found) if found is not None else ""

    def bindings_on(self, name: str) -> StoredBindings:
        """Records of every DID on a host of this name, or of one that begins so; oldest first."""
        query = ALL_BINDINGS.where(BINDINGS.c.did.startswith(f"did:web:{name}", autoescape=True))
        return self._verified(self._db.read(lambda db: db.execute(query).all()))

    def bindings_after(self, number: int) -> tuple[int, StoredBindings]:
        """The highest number, and the records with one above ``number``; one look at an index when there is none.

        A highest number below ``number`` says that the store is another one, or was put back.
        """

        def work(db: sa.Connection) -> tuple[int, list[Any]]:
            highest = _highest(db, "bindings")
            rows = list(db.execute(BINDINGS_AFTER, {"number": number})) if highest > number else []
            # Not read at one moment: a record made in between is the highest then.
            return (int(rows[-1].number) if rows else highest), rows

        highest, rows = self._db.read(work)
        return highest, self._verified(rows)

    def changed_marker(self) -> tuple[int, ...]:
        """Cheap; while it stays equal, no binding was added (SQLite: nothing at all was written)."""
        return self._db.data_version() if self._db.is_sqlite else (self.last_number(),)

    @property
    def is_local(self) -> bool:
        """Whether a read is a look into a file, and waits for nobody."""
        return self._db.is_sqlite

    def _verified(self, rows: Iterable[Any]) -> StoredBindings:
        found: list[Binding] = []
        numbers: list[int] = []
        intact = True
        for number, row_did, row_institution, jws in rows:
            try:
                payload = self._key.verify(jws, typ=BINDING_TYPE, table="bindings", number=number)
                binding = Binding.from_json(payload)
                holds = thumbprint(dict(binding.jwk)) == binding.thumbprint
            except (TrustRegistryError, KeyError, ValueError, TypeError):
                intact = False
                continue
            if holds and (binding.did, binding.institution_id) == (row_did, row_institution):
                found.append(binding)
                numbers.append(int(number))
            else:
                intact = False
        return StoredBindings(tuple(found), intact, tuple(numbers))

    # --- proposals

    def add_proposal(self, proposal: Proposal, act: Act) -> None:
        jws = self._key.sign_statement(proposal.to_json(), typ=PROPOSAL_TYPE)

        def work(db: sa.Connection) -> None:
            number = _highest(db, "proposals") + 1
            db.execute(PROPOSALS.insert(), {"number": number, "id": proposal.id, "jws": jws})
            self._log(db, act, proposal.id, audit.sha256(jws))

        self._db.write(work)

    def close_proposal(self, closed: Closed) -> None:
        """End a proposal without a binding; one that has ended cannot end again."""
        self._db.write(lambda db: self._close(db, closed))

    def proposals(self) -> list[tuple[Proposal, Closed | None]]:
        """All of them, oldest first, with their ends; `BindingError` when one does not verify."""
        found = []
        for row in self._db.read(lambda db: db.execute(WITH_ENDS).all()):
            try:
                stated = self._key.verify(row.jws, typ=PROPOSAL_TYPE, table="proposals", number=row.number)
                proposal, closed = Proposal.from_json(stated), None
                if row.end is not None:
                    ended = self._key.verify(
                        row.end, typ=CLOSED_TYPE, table="proposal_ends", number=row.end_number
                    )
                    closed = Closed.from_json(ended)
            except (TrustRegistryError, KeyError, ValueError, TypeError) as error:
                raise BindingError("proposal_not_authentic", "A stored proposal does not verify.") from error
            if proposal.id != row.id or (closed is not None and closed.proposal != row.id):
                raise BindingError("proposal_not_authentic", "A stored proposal stands in another's place.")
            found.append((proposal, closed))
        return found

    def _close(self, db: sa.Connection, closed: Closed) -> None:
        jws = self._key.sign_statement(closed.to_json(), typ=CLOSED_TYPE)
        ended = sa.select(PROPOSAL_ENDS.c.number).where(PROPOSAL_ENDS.c.id == closed.proposal)
        if db.execute(ended).first():
            raise BindingError("proposal_closed", "The proposal has already been decided.")
        number = _highest(db, "proposal_ends") + 1
        db.execute(PROPOSAL_ENDS.insert(), {"number": number, "id": closed.proposal, "jws": jws})
        action = audit.Action.APPROVE if closed.approved else audit.Action.REJECT
        self._log(db, Act(closed.by, action, closed.at), closed.proposal, audit.sha256(jws))

    # --- audit log

    def note(self, act: Act, subject: str, digest: str = "") -> None:
        """An entry about something that leaves no record of its own here."""
        self._db.write(lambda db: self._log(db, act, subject, digest))

    def audit_head(self) -> Head:
        return self._db.read(_head)

    def audit(self, noted: Head | None = None) -> tuple[audit.Entry, ...]:
        """The whole log, verified against itself and the records; `BindingError` says what does not hold."""
        rows, records = self._db.read(_log_and_records, as_of_one_moment=True)
        return audit.verify(rows, records, opened=self._entry, noted=noted)

    def _entry(self, jws: str, number: int) -> Mapping[str, Any]:
        return self._key.verify(jws, typ=audit.AUDIT_TYPE, table="audit", number=number)

    def _log(self, db: sa.Connection, act: Act, subject: str, digest: str) -> None:
        last = db.execute(LOG_END).first()
        if last is not None:
            audit.read(last.jws, last.seq, self._entry)  # nothing is built on an end that is not ours
        head = _head(db)
        entry = audit.Entry(head.seq + 1, head.sha256, act.at, act.operator, act.action, subject, digest)
        jws = self._key.sign_statement(entry.to_json(), typ=audit.AUDIT_TYPE)
        db.execute(AUDIT.insert(), {"seq": entry.seq, "jws": jws})

    def _adopt(self, db: sa.Connection) -> None:
        """Once per SQLite file of before the log: its bindings are named in the log as adopted."""
        if db.exec_driver_sql("PRAGMA user_version").scalar_one() >= _WITH_AUDIT:
            return
        for row in db.execute(ALL_BINDINGS).all():
            at = datetime.fromtimestamp(0, UTC)  # unknown here; the record says when it was made
            self._log(db, Act(audit.HOME, audit.Action.ADOPT, at), row.did, audit.sha256(row.jws))
        db.exec_driver_sql(f"PRAGMA user_version = {_WITH_AUDIT}")

    # --- mirrored objects

    def put_object(self, signed: SignedObject, *, replace: bool = False) -> None:
        """Idempotent: the id is the hash of the content, so the first copy is as good as any.

        ``replace`` puts the same content under another signature, as after a change of the registry's key.
        """
        this = OBJECTS.c.id == signed.id

        def work(db: sa.Connection) -> None:
            if not db.execute(sa.select(OBJECTS.c.id).where(this)).first():
                row = {"id": signed.id, "kind": signed.kind, "jws": signed.jws}
                db.execute(OBJECTS.insert(), row)
            elif replace:
                db.execute(OBJECTS.update().where(this).values(jws=signed.jws))

        self._db.write(work)

    def object(self, identifier: str) -> str | None:
        if not _storable(identifier):
            return None
        query = sa.select(OBJECTS.c.jws).where(OBJECTS.c.id == identifier)
        return self._db.read(lambda db: db.scalar(query))

    def put_revocation_list(self, signed: SignedObject, content_sha256: str) -> None:
        """A list, once published for a moment, is never replaced by another for the same moment."""
        query = LISTS_OF.where(REVLISTS.c.timestamp == signed.timestamp)
        row = {
            "registry": signed.id,
            "timestamp": signed.timestamp,
            "content_sha256": content_sha256,
            "jws": signed.jws,
        }

        def work(db: sa.Connection) -> None:
            there = db.execute(query, {"of": signed.id}).first()
            if there is None:
                db.execute(REVLISTS.insert(), row)
            elif there.content_sha256 != content_sha256:
                raise ObjectError("list_replaced", "Another list is already published for the same time.")

        self._db.write(work)

    def revocation_list(self, registry: str, at: int | None) -> str | None:
        """The newest list not after ``at``; the oldest if all are after it; without ``at`` the newest."""
        if not _storable(registry):
            return None
        newest = LISTS_OF.order_by(REVLISTS.c.timestamp.desc()).limit(1)
        if at is not None:
            newest = newest.where(REVLISTS.c.timestamp <= at)
        oldest = LISTS_OF.order_by(REVLISTS.c.timestamp).limit(1)

        def work(db: sa.Connection) -> str | None:
            row = db.execute(newest, {"of": registry}).first() or db.execute(oldest, {"of": registry}).first()
            return str(row.jws) if row is not None else None

        return self._db.read(work)

    # --- snapshots seen

    def last_snapshot(self) -> tuple[int, str]:
        """(seq, db_sha256) of the highest snapshot ever served from here; (0, "") before the first."""
        return self._db.read(_last_snapshot)

    def accept_snapshot(self, seq: int, db_sha256: str) -> None:
        """Remember it; a lower number is a rollback, the same number with other data an equivocation."""

        def work(db: sa.Connection) -> None:
            if _is_news(_last_snapshot(db), seq, db_sha256):
                db.execute(SNAPSHOTS.insert(), {"seq": seq, "db_sha256": db_sha256})

        if _is_news(self.last_snapshot(), seq, db_sha256):
            self._db.write(work)  # judged again there: two services may have built one at the same time

    # --- everything

    def fill_from(self, source: Store, noted: Head | None = None) -> Head:
        """All rows of another store into this one, which must be empty; its log is verified before the commit.

        ``noted``: a head kept elsewhere that the log must hold. Returns the log's head; `StoreError`
        store_not_empty, or `BindingError` when the log does not hold: nothing is kept then.
        """

        def fill(origin: sa.Connection, target: sa.Connection) -> Head:
            for table in METADATA.sorted_tables:
                if target.execute(sa.select(table).limit(1)).first():
                    raise StoreError(
                        "store_not_empty",
                        "There are records there already.",
                        "Records are put into an empty place only: use another database or folder.",
                    )
            for connection in (origin, target):
                be_patient(connection)
            for table in METADATA.sorted_tables:
                rows = origin.execute(sa.select(table).execution_options(yield_per=_AT_ONCE))
                for part in rows.mappings().partitions():
                    target.execute(table.insert(), [dict(row) for row in part])
            logged, records = _log_and_records(target)
            audit.verify(logged, records, opened=self._entry, noted=noted)
            return _head(target)

        return source._db.read(
            lambda origin: self._db.write(lambda target: fill(origin, target)), as_of_one_moment=True
        )


def _storable(text: str) -> bool:
    """PostgreSQL keeps no NUL, and no database a lone surrogate: what has one was never stored."""
    return "\0" not in text and text.encode("utf-8", "ignore").decode() == text


def _highest(db: sa.Connection, table: str) -> int:
    return int(db.execute(HIGHEST[table]).scalar_one())


def _head(db: sa.Connection) -> Head:
    row = db.execute(LOG_END).first()
    return Head(int(row.seq), audit.sha256(str(row.jws))) if row is not None else Head()


def _log_and_records(db: sa.Connection) -> tuple[list[str], list[str]]:
    """The log's entries, oldest first, and the digests of all records that it should name."""
    entries = db.scalars(sa.select(AUDIT.c.jws).order_by(AUDIT.c.seq)).all()
    records = [audit.sha256(str(jws)) for table in RECORDS for jws in db.scalars(sa.select(table.c.jws))]
    return list(entries), records


def _last_snapshot(db: sa.Connection) -> tuple[int, str]:
    row = db.execute(LAST_SNAPSHOT).first()
    return (int(row.seq), str(row.db_sha256)) if row is not None else (0, "")


def _is_news(last: tuple[int, str], seq: int, db_sha256: str) -> bool:
    """`SnapshotError` for one that may not be served; False for the one that is served already."""
    if seq < last[0]:
        raise SnapshotError(
            "snapshot_rollback", f"Snapshot {seq} is older than {last[0]}, which was served before."
        )
    if seq == last[0] and db_sha256 != last[1]:
        raise SnapshotError("snapshot_equivocation", f"There are two different snapshots {seq}.")
    return seq > last[0]

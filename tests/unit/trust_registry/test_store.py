"""The store on both databases: what is kept, numbered, refused, and told cheaply."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from tests.unit.trust_registry.postgres import execute
from tests.unit.trust_registry.samples import FHJ, FHJ_ID, MTU, MTU_ID, NOW, Issuer, binding
from trust_registry import audit, migrations
from trust_registry.audit import Action
from trust_registry.errors import BindingError, ObjectError, SnapshotError, StoreError
from trust_registry.facts import Binding
from trust_registry.objects import Kind, SignedObject
from trust_registry.proposals import Closed, Proposal
from trust_registry.signing import RegistryKey
from trust_registry.store import Act, Store
from trust_registry.store.signer import OneKey
from trust_registry.store.tables import METADATA

KEY = RegistryKey(bytes(32))
BIND = Act("alice", Action.BIND, NOW)


def proposal(identifier: str, issuer: Issuer = MTU) -> Proposal:
    return Proposal(
        id=identifier,
        did=issuer.did,
        institution_id=MTU_ID,
        level=2,
        jwk=issuer.jwk,
        valid_from=date(2021, 1, 1),
        valid_to=None,
        evidence="EVIDENCE",
        sources=(),
        by="alice",
        at=NOW,
        findings=(),
    )


def closed(identifier: str, *, approved: bool = False) -> Closed:
    return Closed(identifier, approved, "bob", NOW, "", ())


def fill(store: Store) -> None:
    """A row in every table; five entries in the log."""
    store.add_binding(binding(MTU, MTU_ID), BIND)
    store.add_proposal(proposal("p1", FHJ), Act("alice", Action.PROPOSE, NOW))
    store.add_binding(binding(FHJ, FHJ_ID), BIND, closes=closed("p1", approved=True))
    store.note(Act("carol", Action.CHECK, NOW), MTU.did)
    name, jws = MTU.schema()
    store.put_object(signed(name, jws))
    store.put_revocation_list(signed("list", "jws-of-list", timestamp=100), "0" * 64)
    store.accept_snapshot(3, "a" * 64)


def signed(identifier: str, jws: str, timestamp: int = 0) -> SignedObject:
    kind = Kind.REVLIST if timestamp else Kind.SCHEMA
    return SignedObject(
        iss="", kid="", kind=kind, id=identifier, iat=0, content={"timestamp": timestamp}, jws=jws
    )


@pytest.fixture
def store(place: Path | str) -> Iterator[Store]:
    with closing(Store(place, KEY)) as opened:
        yield opened


def refusal(work: Any, *args: Any, **named: Any) -> str:
    with pytest.raises((BindingError, ObjectError, SnapshotError, StoreError)) as caught:
        work(*args, **named)
    return caught.value.code


def test_what_is_put_in_is_found_again(store: Store, place: Path | str) -> None:
    assert (store.last_number(), store.audit_head(), store.last_snapshot()) == (0, audit.Head(), (0, ""))
    fill(store)
    with closing(Store(place, KEY)) as again:
        assert again.bindings() == store.bindings()
        assert [one.did for one in again.bindings().bindings] == [MTU.did, FHJ.did]
        assert again.bindings(FHJ.did).bindings == (binding(FHJ, FHJ_ID),)
        assert again.bindings(institution=MTU_ID).bindings == (binding(MTU, MTU_ID),)
        assert again.bindings(FHJ.did, institution=MTU_ID).bindings == ()
        assert again.proposals() == [(proposal("p1", FHJ), closed("p1", approved=True))]
        assert [str(entry.action) for entry in again.audit()] == [
            "bind",
            "propose",
            "approve",
            "bind",
            "check",
        ]
        assert again.last_snapshot() == (3, "a" * 64)
        assert again.object(MTU.schema()[0]) == MTU.schema()[1]
        assert again.revocation_list("list", None) == "jws-of-list"


def test_numbers_of_every_table(store: Store) -> None:
    assert store.last_numbers() == {"bindings": 0, "proposals": 0, "proposal_ends": 0, "audit": 0}
    fill(store)
    assert store.last_numbers() == {"bindings": 2, "proposals": 1, "proposal_ends": 1, "audit": 5}
    for identifier in ("p2", "p3"):
        store.add_proposal(proposal(identifier), Act("alice", Action.PROPOSE, NOW))
    store.close_proposal(closed("p3"))
    assert store.last_numbers() == {"bindings": 2, "proposals": 3, "proposal_ends": 2, "audit": 8}


def test_every_statement_is_verified_where_it_stands(place: Path | str) -> None:
    seen = set()

    class Watched(OneKey):
        def verify(self, jws: str, *, typ: str, table: str, number: int) -> dict[str, Any]:
            seen.add((typ, table, number))
            return super().verify(jws, typ=typ, table=table, number=number)

    with closing(Store(place, Watched(KEY))) as store:
        fill(store)
        store.bindings()
        store.proposals()
        store.audit()
    assert seen == {
        ("cairn-binding+jwt", "bindings", 1),
        ("cairn-binding+jwt", "bindings", 2),
        ("cairn-proposal+jwt", "proposals", 1),
        ("cairn-proposal-end+jwt", "proposal_ends", 1),
        *(("cairn-audit+jwt", "audit", number) for number in range(1, 6)),
    }


def test_records_after_a_number(store: Store, place: Path | str) -> None:
    assert store.bindings_after(0) == (0, store.bindings())
    fill(store)
    assert store.bindings_after(0) == (2, store.bindings())
    highest, found = store.bindings_after(1)
    assert (highest, found.bindings, found.intact) == (2, (binding(FHJ, FHJ_ID),), True)
    assert store.bindings_after(2) == (2, type(found)((), intact=True))
    execute(place, "UPDATE bindings SET jws = 'x' WHERE number = 2")
    highest, found = store.bindings_after(1)
    assert (highest, found.bindings, found.intact) == (2, (), False)
    # Put back to an older state: said, not hidden.
    execute(place, "DELETE FROM bindings WHERE number = 2")
    assert store.bindings_after(2)[0] == 1


def test_a_change_shows_in_the_marker(store: Store, place: Path | str) -> None:
    before = store.changed_marker()
    assert store.changed_marker() == before
    store.bindings()
    assert store.changed_marker() == before
    store.add_binding(binding(MTU, MTU_ID), BIND)
    own = store.changed_marker()
    assert own != before
    with closing(Store(place, KEY)) as other:
        other.add_binding(binding(FHJ, FHJ_ID), BIND)
        assert store.changed_marker() != own


def test_one_did_and_one_decision(store: Store) -> None:
    fill(store)
    before = store.audit()
    assert refusal(store.add_binding, binding(MTU, FHJ_ID), BIND) == "did_ambiguous"
    assert refusal(store.add_binding, binding(MTU, MTU_ID), BIND, seen=1) == "changed_meanwhile"
    assert refusal(store.close_proposal, closed("p1")) == "proposal_closed"
    # Refused after its proposal was closed in the same transaction: neither remains.
    store.add_proposal(proposal("p2"), Act("alice", Action.PROPOSE, NOW))
    assert refusal(store.add_binding, binding(MTU, MTU_ID), BIND, closes=closed("p1")) == "proposal_closed"
    assert refusal(store.add_proposal, proposal("p2"), BIND) == "record_refused"
    assert len(store.audit()) == len(before) + 1


@pytest.mark.parametrize("statement", ["DELETE FROM audit", "UPDATE audit SET jws = ''", "TRUNCATE audit"])
def test_the_log_cannot_be_changed_by_mistake(store: Store, place: Path | str, statement: str) -> None:
    fill(store)
    if isinstance(place, Path) and statement.startswith("TRUNCATE"):
        statement = "DELETE FROM audit WHERE seq = 5"  # SQLite has no such word
    with pytest.raises(Exception, match="append-only"):
        execute(place, statement)
    assert len(store.audit()) == 5


def test_a_record_of_another_kind_of_value_is_a_changed_one(store: Store, place: Path | str) -> None:
    fill(store)
    if isinstance(place, Path):
        execute(place, "UPDATE bindings SET jws = x'00ff' WHERE number = 1")
    else:
        execute(place, "UPDATE bindings SET jws = '' WHERE number = 1")
    assert not store.bindings().intact
    assert refusal(store.audit) == "record_missing"


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "", "' OR 1=1 --", "%(x)s", ":did", "x" * 100_000])
def test_text_that_is_nobodys_name_finds_nothing(store: Store, text: str) -> None:
    fill(store)
    assert store.bindings(text).bindings == ()
    assert store.bindings(institution=text).bindings == ()
    assert store.object(text) is None
    assert store.revocation_list(text, None) is None


def test_an_object_is_replaced_only_when_that_is_meant(store: Store) -> None:
    store.put_object(signed("id", "first"))
    store.put_object(signed("id", "second"))
    assert store.object("id") == "first"
    store.put_object(signed("id", "second"), replace=True)
    assert store.object("id") == "second"
    store.put_object(signed("other", "third"), replace=True)
    assert store.object("other") == "third"


def test_lists_by_time(store: Store) -> None:
    for at in (100, 300, 2**40):
        store.put_revocation_list(signed("r", f"list-{at}", timestamp=at), str(at))
    asked: tuple[tuple[int | None, int], ...] = (
        (None, 2**40),
        (2**62, 2**40),
        (2**40 - 1, 300),
        (100, 100),
        (1, 100),
    )
    for moment, expected in asked:
        assert store.revocation_list("r", moment) == f"list-{expected}"
    store.put_revocation_list(signed("r", "resigned", timestamp=100), "100")  # the same list: no news
    assert store.revocation_list("r", 100) == "list-100"
    assert refusal(store.put_revocation_list, signed("r", "x", timestamp=100), "other") == "list_replaced"
    assert store.revocation_list("none", None) is None


def test_snapshots_only_go_forward(store: Store) -> None:
    store.accept_snapshot(2, "b" * 64)
    marker = store.changed_marker()
    store.accept_snapshot(2, "b" * 64)
    assert store.changed_marker() == marker  # the same again is not written
    assert refusal(store.accept_snapshot, 1, "a" * 64) == "snapshot_rollback"
    assert refusal(store.accept_snapshot, 2, "c" * 64) == "snapshot_equivocation"
    assert store.last_snapshot() == (2, "b" * 64)


# --- versions of the tables


def test_migrations_make_the_tables_that_statements_are_written_for(store: Store) -> None:
    def work(connection: sa.Connection) -> list[Any]:
        options = {"version_table": migrations.VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, METADATA))

    assert store._db.read(work) == []


def test_the_list_of_versions_is_that_of_the_files() -> None:
    script = ScriptDirectory(str(migrations.FOLDER))
    assert tuple(one.revision for one in script.walk_revisions())[::-1] == migrations.REVISIONS
    assert script.get_current_head() == migrations.HEAD


@pytest.mark.parametrize("version", ["0003", "9999", "x", "'; DROP TABLE bindings"])
def test_a_newer_version_is_refused_with_a_hint(place: Path | str, version: str) -> None:
    with closing(Store(place, KEY)) as store:
        fill(store)
    quoted = version.replace("'", "''")
    execute(place, f"UPDATE {migrations.VERSION_TABLE} SET version_num = '{quoted}'")
    with pytest.raises(StoreError, match="store_version") as caught:
        Store(place, KEY)
    assert "newer" in caught.value.hint
    execute(place, f"UPDATE {migrations.VERSION_TABLE} SET version_num = '{migrations.HEAD}'")
    with closing(Store(place, KEY)) as store:
        assert len(store.audit()) == 5


def test_what_is_up_to_date_is_opened_without_alembic(tmp_path: Path) -> None:
    import subprocess
    import sys

    path = tmp_path / "registry.db"
    Store(path, KEY).close()
    program = (
        "import sys; from pathlib import Path; from trust_registry.signing import RegistryKey\n"
        "from trust_registry.store import Store; Store(Path(sys.argv[1]), RegistryKey(bytes(32))).close()\n"
        "print('alembic' in sys.modules, 'psycopg' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_many_threads_share_a_store(store: Store) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def work(number: int) -> tuple[Binding, ...]:
        issuer = Issuer(1, f"did:web:host-{number}.example")
        made = binding(issuer, f"DEQARINST{number:04}", recorded_at=NOW - timedelta(seconds=number))
        store.add_binding(made, BIND)
        return store.bindings(issuer.did).bindings

    with ThreadPoolExecutor(8) as pool:
        assert all(len(found) == 1 for found in pool.map(work, range(24)))
    assert len(store.audit()) == 24
    assert store.last_numbers()["bindings"] == 24

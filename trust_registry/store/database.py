"""One database, SQLite or PostgreSQL, behind reads and writes that are each one transaction.

Writers never overlap: SQLite has its own lock (BEGIN IMMEDIATE); on PostgreSQL a transaction takes an advisory
lock first, so what it then reads is still so when it commits. A read is tried once more when the connection
was lost; a write is not. Errors of the drivers end here: they may quote values, host and user, so the errors
made of them are raised outside the handlers and have neither cause nor context.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from trust_registry import migrations
from trust_registry.errors import BindingError, StoreError, StoreUnreachable, TrustRegistryError
from trust_registry.store.place import check_address

_WRITERS = 7_237_114_219  # the advisory lock's number: any, but the same in every process
_WAIT_SECONDS = 10
_ON_CONNECT = (
    f"SET lock_timeout = '{_WAIT_SECONDS}s'",
    "SET statement_timeout = '60s'",
    "SET idle_in_transaction_session_timeout = '60s'",  # a writer that hangs does not hold the others for ever
)
_BEGIN = "cairn_begin"
_VERSION = sa.table(migrations.VERSION_TABLE, sa.column("version_num", sa.Text()))
_migrating = threading.Lock()  # Alembic keeps what it works on in module globals


class _For(Enum):
    """What a transaction is for, with how SQLite begins it; None: each statement is one of its own."""

    READING = None
    ONE_MOMENT = "BEGIN"
    WRITING = "BEGIN IMMEDIATE"


_POSTGRES: dict[_For, dict[str, Any]] = {
    _For.READING: {"isolation_level": "AUTOCOMMIT"},
    _For.ONE_MOMENT: {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
    _For.WRITING: {"isolation_level": "READ COMMITTED"},  # after the lock, what the writer before committed
}


class Database:
    """``adopt`` is called once, inside the migration's transaction, for a SQLite file older than the audit log."""

    def __init__(self, place: Path | str, adopt: Callable[[sa.Connection], None]) -> None:
        self.is_sqlite = isinstance(place, Path)
        self._engine = _sqlite(place) if isinstance(place, Path) else _postgres(place)
        self._lock = threading.Lock()
        self._held: sa.Connection | None = None
        self._watch: sqlite3.Connection | None = None
        try:
            self._bring_to_head(adopt)
            if isinstance(place, Path):
                self._watch = sqlite3.connect(place, check_same_thread=False, isolation_level=None)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        if self._held is not None:
            self._held.close()
            self._held = None
        self._engine.dispose()

    def read[Value](self, work: Callable[[sa.Connection], Value], *, as_of_one_moment: bool = False) -> Value:
        """``as_of_one_moment``: several statements see the same state."""
        failure: TrustRegistryError
        for attempt in (1, 2):
            try:
                with self._transaction(_For.ONE_MOMENT if as_of_one_moment else _For.READING) as connection:
                    return work(connection)
            except SQLAlchemyError as error:
                failure = _failure(error)
                lost = isinstance(error, DBAPIError) and error.connection_invalidated
            if attempt == 2 or not lost:
                break
        raise failure

    def write[Value](self, work: Callable[[sa.Connection], Value]) -> Value:
        """All of ``work`` or nothing; no other writer between its first read and its commit."""
        failure: TrustRegistryError
        try:
            with self._transaction(_For.WRITING) as connection:
                return work(connection)
        except SQLAlchemyError as error:
            failure = _failure(error)
        raise failure

    @contextmanager
    def _transaction(self, purpose: _For) -> Iterator[sa.Connection]:
        if not self.is_sqlite:
            with self._engine.execution_options(**_POSTGRES[purpose]).begin() as connection:
                if purpose is _For.WRITING:
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_WRITERS)))
                yield connection
            return
        # One connection, held, for all threads: taking it from a pool each time would double a read's cost.
        with self._lock:
            self._held = held = self._held or self._engine.connect()
            held.info[_BEGIN] = purpose.value
            try:
                yield held
                held.commit()
            except BaseException:
                held.rollback()
                raise

    def data_version(self) -> tuple[int, ...]:
        """SQLite: changes when anybody commits. Asked at every question, so of a connection of its own that only
        watches, without SQLAlchemy: 3 microseconds instead of 90."""
        failure: StoreUnreachable | None = None
        with self._lock:
            try:
                if self._watch is not None:
                    return (int(self._watch.execute("PRAGMA data_version").fetchone()[0]),)
            except sqlite3.Error:
                failure = StoreUnreachable("The registry's records cannot be read.")
        raise failure or StoreUnreachable("The registry's records are closed.")

    # --- version of the tables

    def _bring_to_head(self, adopt: Callable[[sa.Connection], None]) -> None:
        found = self.read(_version)
        if found == migrations.HEAD:
            return
        _check_known(found)
        # Almost a second that a database which is up to date does not pay; before the others have to wait.
        from alembic import command
        from alembic.config import Config

        def work(connection: sa.Connection) -> None:
            found = _version(connection)  # again: another process may have been first
            _check_known(found)
            if found == migrations.HEAD:
                return
            config = Config(attributes={"connection": connection})
            config.set_main_option("script_location", str(migrations.FOLDER).replace("%", "%%"))
            with _migrating:
                command.upgrade(config, "head")
            if self.is_sqlite and found is None:
                adopt(connection)

        self.write(work)


def _version(connection: sa.Connection) -> str | None:
    """The version of the tables; None when there are none, or only those of before versions were counted."""
    if not sa.inspect(connection).has_table(migrations.VERSION_TABLE):
        return None
    return ",".join(connection.scalars(sa.select(_VERSION.c.version_num)).all()) or None


def _check_known(found: str | None) -> None:
    if found is not None and found not in migrations.REVISIONS:
        raise StoreError(
            "store_version",
            f"The registry's database has version {found[:40]!r}; this program knows up to {migrations.HEAD}.",
            "Use the program that made it, or a newer one; nothing was changed.",
        )


def be_patient(connection: sa.Connection) -> None:
    """For this transaction: the verification of a whole log may keep the server waiting."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")


# --- engines


def _sqlite(path: Path) -> sa.Engine:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnreachable(f"The registry's folder cannot be made ({error.strerror}).") from None

    def connect() -> sqlite3.Connection:
        opened = sqlite3.connect(path, check_same_thread=False, timeout=_WAIT_SECONDS, isolation_level=None)
        try:
            opened.execute("PRAGMA journal_mode = WAL")
            opened.execute("PRAGMA trusted_schema = OFF")  # a file from elsewhere runs no code of its own
        except sqlite3.Error:
            opened.close()
            raise
        return opened

    engine = sa.create_engine("sqlite://", creator=connect, poolclass=StaticPool, hide_parameters=True)

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        statement = connection.info.get(_BEGIN)
        if statement is not None:
            connection.exec_driver_sql(statement)

    return engine


def _postgres(address: str) -> sa.Engine:
    """psycopg reads the address, as every program of PostgreSQL does; the engine never has it."""
    check_address(address)
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    given: dict[str, Any] = {}
    try:
        given = conninfo_to_dict(address)
    except (psycopg.Error, ValueError):
        usable = False  # what libpq says about it quotes it
    else:
        usable = True
    if not usable:
        raise StoreError("bad_database_setting", "The address of the registry's database cannot be read.")
    options: dict[str, Any] = {
        "application_name": "cairn-registry",
        "connect_timeout": _WAIT_SECONDS,
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,
    }

    def connect() -> psycopg.Connection[Any]:
        opened = psycopg.connect(**options | given)
        try:
            for statement in _ON_CONNECT:
                opened.execute(statement)
            opened.commit()
        except psycopg.Error:
            opened.close()
            raise
        return opened

    return sa.create_engine(
        "postgresql+psycopg://",
        creator=connect,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_timeout=_WAIT_SECONDS,
    )


def _failure(error: SQLAlchemyError) -> TrustRegistryError:
    """Our own error, of which nothing but a code comes from the driver."""
    original = error.orig if isinstance(error, DBAPIError) else None
    code = getattr(original, "sqlstate", None) or getattr(original, "sqlite_errorname", None)
    said = f" ({code})" if code else ""
    if isinstance(error, IntegrityError):
        return BindingError("record_refused", f"The database refuses the record{said}.")
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return StoreUnreachable(
            f"The connection to the registry's database was lost{said}.",
            "If something was to be changed, look whether it was before you do it again.",
        )
    return StoreUnreachable(
        f"The registry's database gave no usable answer{said}.",
        "Is it running, is it the right one, and may this program use it?",
    )

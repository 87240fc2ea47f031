"""``cairn-registry store copy``, ``backup`` and ``restore``: everything goes over, or nothing."""

from __future__ import annotations

import sqlite3
import stat
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
import typer
from typer.testing import CliRunner, Result

from tests.unit.trust_registry import test_store_adoption
from tests.unit.trust_registry.postgres import execute
from tests.unit.trust_registry.samples import CIT, CIT_ID, NOW, binding
from tests.unit.trust_registry.test_store import BIND, KEY, fill
from trust_registry import audit, cli_store
from trust_registry.audit import Action
from trust_registry.errors import TrustRegistryError
from trust_registry.signing import RegistryKey
from trust_registry.store import Act, Store, database
from trust_registry.store import backup as keeping
from trust_registry.store.tables import METADATA

MARKER = "MARKER-PASSWORD"


def rows(place: Path | str) -> dict[str, list[tuple[Any, ...]]]:
    found = {}
    for table in METADATA.tables:
        query = f"SELECT * FROM {table}"
        if isinstance(place, Path):
            with closing(sqlite3.connect(place)) as db:
                found[table] = sorted(db.execute(query).fetchall())
        else:
            with psycopg.connect(place) as connection:
                found[table] = sorted(connection.execute(query.encode()).fetchall())
    return found


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """With its key and a row in every table."""
    folder = tmp_path / "home"
    key = RegistryKey.load_or_create(folder / "key")
    with closing(Store(folder / "registry.db", key)) as store:
        fill(store)
    return folder


@pytest.fixture
def in_postgres(monkeypatch: pytest.MonkeyPatch, address: str) -> str:
    monkeypatch.setenv("CAIRN_REGISTRY_DATABASE", address)
    return address


def call(*words: object) -> Result:
    app = typer.Typer(pretty_exceptions_enable=False)
    cli_store.register(app)
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert MARKER not in result.output + result.stderr
    return result


def refused(*words: object) -> str:
    result = call(*words)
    assert (result.exit_code, result.stdout) in {(2, ""), (3, "")}
    return result.stderr


def refusal(work: Any, *args: Any) -> str:
    with pytest.raises(TrustRegistryError) as caught:
        work(*args)
    return caught.value.code


def head_of(home: Path, place: Path | str) -> str:
    with closing(Store(place, RegistryKey.load_or_create(home / "key"))) as store:
        store.audit()
        return str(store.audit_head())


def test_copy_brings_everything_to_postgres(home: Path, in_postgres: str) -> None:
    before = rows(home / "registry.db")
    assert all(before.values())
    done = call("store", "copy", "--home", home)
    assert (done.exit_code, done.stdout) == (0, head_of(home, in_postgres) + "\n")
    assert rows(in_postgres) == before == rows(home / "registry.db")
    assert "records there already" in refused("store", "copy", "--home", home)
    # The log goes on there.
    with closing(Store(in_postgres, RegistryKey.load_or_create(home / "key"))) as store:
        store.add_binding(binding(CIT, CIT_ID), BIND)
        assert len(store.audit()) == 6


def test_there_and_back(
    home: Path, in_postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(home / "registry.db")
    assert call("store", "copy", "--home", home).exit_code == 0
    file = tmp_path / "backup.db"
    backed_up = call("store", "backup", "--home", home, "--to", file)
    assert backed_up.exit_code == 0, backed_up.stderr
    assert rows(file) == before
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    monkeypatch.delenv("CAIRN_REGISTRY_DATABASE")
    assert "records there already" in refused("store", "restore", "--home", home, "--from", file)
    (home / "registry.db").unlink()
    restored = call("store", "restore", "--home", home, "--from", file, "--head", backed_up.stdout.strip())
    assert restored.exit_code == 0, restored.stderr
    assert restored.stdout == backed_up.stdout
    assert rows(home / "registry.db") == before


def test_a_backup_of_sqlite_goes_into_postgres(home: Path, tmp_path: Path, address: str) -> None:
    file = tmp_path / "folder" / "with space & 100%.db"
    file.parent.mkdir()
    key = RegistryKey.load_or_create(home / "key")
    with closing(Store(home / "registry.db", key)) as running:
        head = keeping.backup(home / "registry.db", file, key)
        running.note(Act("carol", Action.CHECK, NOW), "later")
    assert [path.name for path in file.parent.iterdir()] == [file.name]  # one file, no draft
    file.chmod(0o400)
    file.parent.chmod(0o500)  # a medium that is only read
    assert keeping.restore(file, address, key, head) == head
    file.parent.chmod(0o700)
    assert rows(address) == rows(file)


def test_a_long_log_is_verified_in_peace(
    home: Path, in_postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_ON_CONNECT", ("SET idle_in_transaction_session_timeout = '20ms'",))
    verify = audit.verify

    def slowly(*args: Any, **named: Any) -> tuple[audit.Entry, ...]:
        time.sleep(0.2)
        return verify(*args, **named)

    monkeypatch.setattr(audit, "verify", slowly)
    assert call("store", "copy", "--home", home).exit_code == 0
    assert call("store", "backup", "--home", home, "--to", tmp_path / "b.db").exit_code == 0
    assert rows(tmp_path / "b.db") == rows(home / "registry.db")


def test_a_backup_is_never_written_over(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    file.write_text("something else")
    assert "exists already" in refused("store", "backup", "--home", home, "--to", file)
    assert file.read_text() == "something else"
    missing = tmp_path / "no-such-folder" / "backup.db"
    assert "cannot be written" in refused("store", "backup", "--home", home, "--to", missing)


def test_a_store_whose_log_does_not_hold_is_not_copied(home: Path, in_postgres: str, tmp_path: Path) -> None:
    execute(home / "registry.db", "DELETE FROM bindings WHERE number = 2")
    assert "gone or changed" in refused("store", "copy", "--home", home)
    assert not any(rows(in_postgres).values())
    key = RegistryKey.load_or_create(home / "key")
    assert refusal(keeping.backup, home / "registry.db", tmp_path / "b.db", key) == "record_missing"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home"]


def test_a_backup_of_another_registry_or_an_older_one(home: Path, tmp_path: Path, address: str) -> None:
    key = RegistryKey.load_or_create(home / "key")
    old = tmp_path / "old.db"
    keeping.backup(home / "registry.db", old, key)
    with closing(Store(home / "registry.db", key)) as store:
        store.note(Act("carol", Action.CHECK, NOW), "later")
        noted = store.audit_head()
    assert refusal(keeping.restore, old, address, key, noted) == "audit_rewritten"
    assert refusal(keeping.restore, old, address, KEY) == "audit_not_authentic"
    assert not any(rows(address).values())
    assert keeping.restore(old, address, key).seq == noted.seq - 1


def test_a_backup_by_the_program_of_before(tmp_path: Path) -> None:
    old = tmp_path / "old.db"
    head = test_store_adoption.with_log(old)
    before = old.read_bytes()
    assert keeping.restore(old, tmp_path / "new" / "registry.db", KEY, head) == head
    assert old.read_bytes() == before
    with closing(Store(tmp_path / "new" / "registry.db", KEY)) as store:
        test_store_adoption.held(store)


@pytest.mark.parametrize("content", [b"", b"text, not a database" * 100, None])
def test_files_that_are_no_backup(tmp_path: Path, home: Path, content: bytes | None) -> None:
    (home / "registry.db").unlink()
    file = tmp_path / "file.db"
    if content is not None:
        file.write_bytes(content)
    assert "not a backup" in refused("store", "restore", "--home", home, "--from", file)
    assert not (home / "registry.db").exists()
    assert file.exists() == (content is not None)


def test_what_is_missing_is_said_and_not_made(home: Path, tmp_path: Path, in_postgres: str) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for words in (("copy",), ("backup", "--to", tmp_path / "b"), ("restore", "--from", tmp_path / "b")):
        assert "no key in this folder" in refused("store", *words, "--home", empty)
    assert list(empty.iterdir()) == []
    (home / "registry.db").unlink()
    assert "no registry.db" in refused("store", "copy", "--home", home)
    assert not (home / "registry.db").exists()


def test_copy_needs_somewhere_to_copy_to(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no database to copy to" in refused("store", "copy", "--home", home)
    monkeypatch.setenv("CAIRN_REGISTRY_DATABASE", f"postgresql://x:{MARKER}@/x?host=/nowhere")
    result = call("store", "copy", "--home", home)
    assert (result.exit_code, result.stdout) == (3, "")


def test_the_address_is_no_argument() -> None:
    for command in ("copy", "backup", "restore"):
        assert call("store", command, f"postgresql://x:{MARKER[:3]}@y/z").exit_code == 2

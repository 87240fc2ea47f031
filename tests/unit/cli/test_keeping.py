"""Backups on the command line: by the service, and where none runs."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aries_askar import Store
from typer.testing import Result

from agent.client import AgentClient
from agent.errors import UnreachableError
from agent.store import backup_file
from agent.store.backup_file import Cost, Limits, Manifest
from agent.store.vault import uri_of
from tests.unit.cli import documents
from tests.unit.cli.conftest import Service, problem

type Cairn = Callable[..., Result]

WORDS, NEW = "words of the backup", Store.generate_raw_key(b"3" * 32)
MADE = {
    "path": "/stick/wallet.cairn",
    "made_at": "2026-11-28T10:00:00Z",
    "wallet": "Ada",
    "bytes": 12_345,
    "sha256": "ab" * 32,
    "credentials": 2,
    "offers": 1,
    "history": 3,
    "history_intact": True,
}


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup_file, "COST", Cost(memory_kib=8, passes=1))
    monkeypatch.setattr(backup_file, "LIMITS", Limits(min_memory_kib=8))
    monkeypatch.setattr("agent.store.vault.KEY_METHOD", "raw")


@pytest.fixture
def fds() -> Iterator[Callable[[str], str]]:
    """File descriptors that one line can be read from."""
    made: list[int] = []

    def fd(words: str) -> str:
        reader, writer = os.pipe()
        os.write(writer, f"{words}\n".encode())
        os.close(writer)
        made.append(reader)
        return str(reader)

    yield fd
    for each in made:
        os.close(each)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No service runs."""

    def from_home(_cls: type[AgentClient], home: Path, **_more: Any) -> AgentClient:
        raise UnreachableError("service_unreachable", f"No agent service runs for {home}.")

    monkeypatch.setattr(AgentClient, "from_home", classmethod(from_home))


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    """The backup of an empty wallet."""
    key, store_file = Store.generate_raw_key(b"4" * 32), tmp_path / "acapy.sqlite"
    await (await Store.provision(uri_of(store_file), "raw", key)).close()
    line = json.dumps({"kind": "secret", "id": "acapy", "value": {"wallet_key": key}}).encode() + b"\n"
    settings = json.dumps({"name": "Ada", "registry_url": "https://registry.example"}).encode()
    facts = Manifest("2026-11-28T10:00:00Z", "Ada", {"credentials": 0, "offers": 0, "history": 0}, "")
    path = tmp_path / "wallet.cairn"
    with path.open("wb") as out:
        parts = {"settings.json": settings, "vault.jsonl": line, "acapy.sqlite": store_file.read_bytes()}
        backup_file.write(out, WORDS, facts, [(name, io.BytesIO(data)) for name, data in parts.items()])
    return path


def test_a_backup_is_made_by_the_service(
    cairn: Cairn, service: Service, fds: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    service.answers = {
        "GET /v1/status": documents.status("x") | {"lock": "unlocked"},
        "POST /v1/backup": MADE,
    }
    result = cairn("backup", "wallet.cairn", "--passphrase-fd", fds(WORDS))
    assert result.exit_code == 0
    assert "12 kB, 2 credential(s), 1 offer(s), 3 history entries, read back and complete" in result.stdout
    assert WORDS not in result.stdout + result.stderr
    sent = json.loads(service.calls[-1][1])
    assert sent == {"path": str(tmp_path / "wallet.cairn"), "passphrase": WORDS, "replace": False}
    result = cairn("backup", "wallet.cairn", "--passphrase-fd", fds(WORDS), "--replace", "--json")
    assert json.loads(result.stdout) == {"version": 1, **MADE}
    assert json.loads(service.calls[-1][1])["replace"] is True


def test_a_locked_wallet_asks_for_no_passphrase(cairn: Cairn, service: Service) -> None:
    service.answers = {"GET /v1/status": documents.status("x") | {"lock": "locked"}}
    result = cairn("backup", "wallet.cairn")
    assert (result.exit_code, service.posted()) == (4, [])
    assert "cairn unlock" in result.stderr


def test_a_refusal_is_said(cairn: Cairn, service: Service, fds: Callable[[str], str]) -> None:
    service.answers = {
        "GET /v1/status": documents.status("x") | {"lock": "unlocked"},
        "POST /v1/backup": problem(409, "file_exists", "ConflictError"),
        "POST /v1/restore": problem(409, "wallet_exists", "ConflictError"),
    }
    result = cairn("backup", "wallet.cairn", "--passphrase-fd", fds(WORDS))
    assert (result.exit_code, "[file_exists]" in result.stderr) == (1, True)
    arguments = ("--passphrase-fd", fds(WORDS), "--new-passphrase-fd", fds(NEW))
    result = cairn("restore", "wallet.cairn", *arguments)
    assert (result.exit_code, "[wallet_exists]" in result.stderr) == (1, True)


def test_a_running_service_restores(cairn: Cairn, service: Service, fds: Callable[[str], str]) -> None:
    service.answers = {"POST /v1/restore": MADE | {"home": "/x", "settings_kept": True, "missing": 1}}
    arguments = ("--passphrase-fd", fds(WORDS), "--new-passphrase-fd", fds(NEW))
    result = cairn("restore", "/stick/wallet.cairn", *arguments)
    assert result.exit_code == 0
    assert "restored Ada into /x" in result.stdout
    assert "1 of the credentials cannot be presented" in result.stdout
    sent = json.loads(service.calls[-1][1])
    assert sent == {"path": "/stick/wallet.cairn", "passphrase": WORDS, "new_passphrase": NEW}


async def test_without_a_service(
    cairn: Cairn, alone: None, fds: Callable[[str], str], file: Path, tmp_path: Path
) -> None:
    import asyncio

    async def run(*arguments: str) -> Result:
        return await asyncio.to_thread(cairn, *arguments)  # a command has an event loop of its own

    result = await run("backup-check", str(file), "--passphrase-fd", fds(WORDS))
    assert (result.exit_code, "0 credential(s)" in result.stdout) == (0, True)
    assert "wallet of Ada, made 2026-11-28T10:00:00Z" in result.stdout
    home = tmp_path / "home"
    arguments = ("restore", str(file), "--home", str(home))
    wrong = await run(*arguments, "--passphrase-fd", fds("other words"), "--new-passphrase-fd", fds(NEW))
    assert (wrong.exit_code, home.exists()) == (4, False)
    result = await run(*arguments, "--passphrase-fd", fds(WORDS), "--new-passphrase-fd", fds(NEW), "--json")
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    assert (answer["home"], answer["settings_kept"], answer["missing"]) == (str(home), False, 0)
    again = await run(*arguments, "--passphrase-fd", fds(WORDS), "--new-passphrase-fd", fds(NEW))
    assert (again.exit_code, "[wallet_exists]" in again.stderr) == (1, True)


@pytest.mark.parametrize("content", [b"", b"foreign" * 100, None])
def test_what_is_no_backup(
    cairn: Cairn, alone: None, fds: Callable[[str], str], tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "x"
    if content is not None:
        path.write_bytes(content)
    for command in (("backup-check",), ("restore", "--new-passphrase-fd", fds(NEW))):
        result = cairn(*command, str(path), "--passphrase-fd", fds(WORDS))
        assert (result.exit_code, result.stdout) == (2, "")
        assert "[not_a_backup]" in result.stderr or "[no_file]" in result.stderr

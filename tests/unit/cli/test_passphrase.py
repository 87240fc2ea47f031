"""The passphrase comes from a prompt or a file descriptor: never from argv, environment, or a log."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import Result

from agent.cli import io as cli_io
from agent.cli import universe as universe_module
from agent.cli.main import build
from agent.cli.universe import PASSPHRASE, Member, Universe
from agent.errors import AgentError
from agent.settings import Role, create_home, load_settings
from tests.unit.cli import documents
from tests.unit.cli.conftest import Service

type Cairn = Callable[..., Result]

SECRET = "Zxqv7 passphrase"


@pytest.fixture
def locked(service: Service) -> Service:
    service.answers = {
        "GET /v1/status": documents.status("x") | {"first_run": False},
        "POST /v1/unlock": documents.status("x") | {"lock": "unlocked"},
    }
    return service


def pipe(content: bytes) -> int:
    reader, writer = os.pipe()
    os.write(writer, content)
    os.close(writer)
    return reader


def unlocked_with(service: Service) -> list[Any]:
    return [json.loads(body)["passphrase"] for name, body in service.calls if name == "POST /v1/unlock"]


def _parameters(command: Any) -> list[Any]:
    found = list(command.params)
    for each in getattr(command, "commands", {}).values():
        found += _parameters(each)
    return found


def test_no_option_takes_a_passphrase(cairn: Cairn, locked: Service) -> None:
    parameters = _parameters(typer.main.get_command(build()))
    about = [each for each in parameters if any("pass" in opt or "secret" in opt for opt in each.opts)]
    assert {opt for each in about for opt in each.opts} == {"--passphrase-fd", "--new-passphrase-fd"}
    assert [each for each in about if getattr(each, "envvar", None)] == []
    for arguments in (
        ("unlock", "--passphrase", SECRET),
        ("unlock", SECRET),
        ("unlock", "--passphrase-fd", SECRET),
        ("unlock", "-p", SECRET),
        ("agent", "run", "--passphrase", SECRET),
    ):
        assert cairn(*arguments).exit_code == 2, arguments
    assert locked.calls == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (f"{SECRET}\n".encode(), SECRET),
        (SECRET.encode(), SECRET),
        (f"{SECRET}\nsecond line\n".encode(), SECRET),
        (f"{SECRET}\r\n".encode(), SECRET),
        (b" spaces count \n", " spaces count "),
        ("pässwörd ✓\n".encode(), "pässwörd ✓"),
    ],
)
def test_from_a_file_descriptor(cairn: Cairn, locked: Service, content: bytes, expected: str) -> None:
    reader = pipe(content)
    result = cairn("unlock", "--passphrase-fd", str(reader))
    os.close(reader)
    assert (result.exit_code, unlocked_with(locked)) == (0, [expected])
    assert expected.strip() not in result.stdout + result.stderr


@pytest.mark.parametrize("content", [b"\xff\xfe\n", b"x" * 5000 + b"\n"])
def test_what_is_no_passphrase(cairn: Cairn, locked: Service, content: bytes) -> None:
    reader = pipe(content)
    result = cairn("unlock", "--passphrase-fd", str(reader))
    os.close(reader)
    assert result.exit_code == 2
    assert unlocked_with(locked) == []


@pytest.mark.parametrize("fd", ["987", "-1", "999999999999"])
def test_a_file_descriptor_that_is_none(cairn: Cairn, locked: Service, fd: str) -> None:
    assert cairn("unlock", "--passphrase-fd", fd).exit_code == 2
    assert unlocked_with(locked) == []


def test_without_a_terminal(cairn: Cairn, locked: Service) -> None:
    result = cairn("unlock", stdin=f"{SECRET}\n".encode())
    assert result.exit_code == 2
    assert "--passphrase-fd" in result.stderr
    assert unlocked_with(locked) == []


def test_at_the_terminal(locked: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    typed: list[str] = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(cli_io.getpass, "getpass", lambda _prompt: typed.pop(0))
    typed[:] = [SECRET]
    assert cli_io.read_passphrase(None) == SECRET
    typed[:] = [SECRET, SECRET]
    assert cli_io.read_passphrase(None, twice=True) == SECRET
    typed[:] = [SECRET, SECRET + "x"]
    with pytest.raises(cli_io.InputError) as caught:
        cli_io.read_passphrase(None, twice=True)
    assert caught.value.code == "passphrases_differ"
    assert SECRET not in caught.value.diagnostics()


# --- the demo universe starts other processes


class Started:
    def __init__(self, arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
        self.arguments, self.options = arguments, options
        self.returncode: int | None = None
        self.pid = os.getpid()
        self.read = b""
        for fd in options.get("pass_fds", ()):
            self.read += os.read(os.dup(fd), 100)


async def test_the_universe_hands_it_over_in_a_pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Started] = []

    async def spawn(*arguments: Any, **options: Any) -> Started:
        started.append(Started(arguments, options))
        (tmp_path / "learner" / "service.json").write_text(json.dumps({"pid": os.getpid()}))
        return started[-1]

    async def ready(*_arguments: Any) -> None: ...

    monkeypatch.setattr(universe_module.asyncio, "create_subprocess_exec", spawn)
    monkeypatch.setattr(Universe, "wait", ready)
    members = (Member("learner", "x", Role.HOLDER),)
    universe = Universe(tmp_path, members=members, registry_url="http://127.0.0.1:9")
    await universe.start_agent("learner")
    (process,) = started
    assert process.read == f"{PASSPHRASE}\n".encode()
    assert not [each for each in process.arguments if PASSPHRASE in str(each)]
    assert PASSPHRASE not in str(process.options.get("env", {}))
    for file in (tmp_path / "learner").rglob("*"):
        assert not file.is_file() or PASSPHRASE.encode() not in file.read_bytes(), file


async def test_the_universe_pins_the_registry_s_first_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in homes of before there was one; what is pinned already stays, for the agent to refuse."""

    async def spawn(*arguments: Any, **options: Any) -> Started:
        (Path(arguments[-3]) / "service.json").write_text(json.dumps({"pid": os.getpid()}))
        return Started(arguments, options)

    async def ready(*_arguments: Any) -> None: ...

    monkeypatch.setattr(universe_module.asyncio, "create_subprocess_exec", spawn)
    monkeypatch.setattr(Universe, "wait", ready)
    members = tuple(Member(name, "x", Role.HOLDER) for name in ("new", "old", "other"))
    url, root = "http://127.0.0.1:9", "a" * 64
    for name, pinned in (("old", ""), ("other", "b" * 64)):
        create_home(
            tmp_path / name,
            name="x",
            roles=frozenset({Role.HOLDER}),
            registry_url=url,
            registry_root=pinned,
            demo=True,
        )
    universe = Universe(tmp_path, members=members, registry_url=url, registry_root=root)
    for member in members:
        await universe.start_agent(member.id)
    found = [load_settings(tmp_path / member.id).registry_root for member in members]
    assert found == [root, root, "b" * 64]


async def test_a_member_that_ends_while_starting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    universe = Universe(
        tmp_path, members=(Member("learner", "x", Role.HOLDER),), registry_url="http://localhost:9"
    )
    real = asyncio.create_subprocess_exec

    async def broken(*_arguments: Any, **options: Any) -> Any:
        process = await real(sys.executable, "-c", "print('last words'); raise SystemExit(3)", **options)
        await process.wait()
        return process

    monkeypatch.setattr(universe_module.asyncio, "create_subprocess_exec", broken)
    with pytest.raises(AgentError) as caught:
        await universe.start_agent("learner")
    assert caught.value.code == "process_ended"
    assert "last words" in caught.value.detail
    await universe.stop()


async def test_a_member_that_does_not_stop_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(universe_module, "STOP_SECONDS", 0.2)
    universe = Universe(tmp_path)
    code = (
        "import signal, sys, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    await process.stdout.readline()
    universe._processes["learner"] = process
    await universe.stop()
    assert process.returncode == -signal.SIGKILL
    assert universe._processes == {}


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"pid": null}', '{"pid": "x"}', '{"pid": 999999999}', '{"pid": [1]}']
)
def test_leftovers_are_not_a_running_universe(tmp_path: Path, content: str) -> None:
    (tmp_path / "learner").mkdir()
    (tmp_path / "learner" / "service.json").write_text(content)
    assert not Universe(tmp_path).is_running()


def test_a_running_universe_is_not_started_twice(cairn: Cairn, tmp_path: Path) -> None:
    (tmp_path / "registry").mkdir()
    (tmp_path / "registry" / "service.json").write_text(json.dumps({"pid": os.getpid()}))
    assert Universe(tmp_path).is_running()
    result = cairn("up", "--root", str(tmp_path))
    assert result.exit_code == 1
    assert "[already_up]" in result.stderr

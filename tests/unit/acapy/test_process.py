from __future__ import annotations

import asyncio
import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from agent.acapy import process as module
from agent.acapy.output import OutputLog
from agent.acapy.process import AcaPyProcess, AcaPySettings, new_secret
from agent.errors import AgentError, CairnError, ConflictError

SECRETS = {"admin_key": "ADMIN", "wallet_key": "WALLET", "webhook_key": "HOOK", "plugin_token": "PLUGIN"}


def settings(home: Path, **changes: Any) -> AcaPySettings:
    return AcaPySettings(
        **{
            "home": home,
            "label": "A label",
            "admin_port": 1,
            "inbound_port": 2,
            "endpoint": "http://localhost:2",
            "webhook_url": "http://127.0.0.1:3/hooks",
            "plugin_url": "http://127.0.0.1:3/internal",
            "tails_local_url": "http://127.0.0.1:3/tails/TAILSPATH",
            "tails_public_url": "http://localhost:4/tails",
            **SECRETS,
            **changes,
        }
    )


def test_no_secret_in_the_arguments_or_the_repr(tmp_path: Path) -> None:
    given = settings(tmp_path, storage=("{}", "PGPASS"))
    shown = " ".join(given.arguments()) + repr(given)
    assert not [
        secret
        for secret in [*SECRETS.values(), "TAILSPATH", "PGPASS"]
        if secret in " ".join(given.arguments())
    ]
    assert not [secret for secret in [*SECRETS.values(), "PGPASS"] if secret in shown]


def test_environment(tmp_path: Path) -> None:
    inherited = {
        "PATH": "/bin",
        "PYTHONPATH": "/src",
        "ACAPY_SEED": "x",
        "WEBHOOK_URL": "http://evil",
        "NO_PROXY": "a",
    }
    env = settings(tmp_path, storage=("CONFIG", "PGPASS")).environment(inherited)
    assert env["PATH"] == "/bin"
    assert env["PYTHONPATH"] == "/src"
    assert env["NO_PROXY"] == "a,127.0.0.1,localhost,::1"
    assert env["HOME"] == env["ACAPY_HOME"] == str(tmp_path)
    assert "ACAPY_SEED" not in env
    assert "WEBHOOK_URL" not in env
    assert env["ACAPY_WEBHOOK_URL"] == "http://127.0.0.1:3/hooks#HOOK"
    assert env["ACAPY_WALLET_KEY"] == "WALLET"
    assert env["ACAPY_WALLET_STORAGE_CREDS"] == "PGPASS"
    assert env["CAIRN_ALLOW_LOOPBACK"] == "1"
    public = settings(tmp_path, endpoint="https://agent.uni.example/didcomm").environment({})
    assert public["CAIRN_ALLOW_LOOPBACK"] == "0"


def test_secrets_are_fresh_and_url_safe() -> None:
    assert new_secret() != new_secret()
    assert new_secret().replace("-", "").replace("_", "").isalnum()


def test_output_rotates_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "acapy.log"
    log = OutputLog(path, max_bytes=1000, files=3)
    log.open()
    for number in range(100):
        log.write(f"{number:04d}".encode() * 25)
    log.close()
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["acapy.log", "acapy.log.1", "acapy.log.2"]
    assert all(file.stat().st_size <= 1000 for file in files)
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    assert log.tail().endswith("0099")
    log.open()
    assert log.tail() == ""
    log.close()


# A stand-in for ACA-Py: the launcher is replaced by a script that behaves as told.
BEHAVIOURS = {
    "taken": "import time; print('OSError: address already in use', flush=True); time.sleep(60)",
    "wrong key": "print('ProfileError: Error opening store'); raise SystemExit(1)",
    "broken": "print('Traceback'); raise SystemExit(3)",
    "silent": "import time; time.sleep(60)",
    "stubborn": "import signal, time\nsignal.signal(15, signal.SIG_IGN)\nprint('up')\ntime.sleep(60)",
}


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def behave(name: str) -> None:
        real = asyncio.create_subprocess_exec

        async def run(_program: str, *_arguments: str, **options: Any) -> asyncio.subprocess.Process:
            script = f"# agent.acapy.launcher\n{BEHAVIOURS[name]}"
            return await real(sys.executable, "-c", script, "agent.acapy.launcher", **options)

        monkeypatch.setattr(module.asyncio, "create_subprocess_exec", run)

    return behave


@pytest.mark.parametrize(
    ("behaviour", "kind", "code"),
    [
        ("taken", ConflictError, "port_taken"),
        ("wrong key", AgentError, "wallet_key"),
        ("broken", AgentError, "agent_exited"),
        ("silent", AgentError, "not_ready"),
    ],
)
async def test_starts_that_fail(
    tmp_path: Path, stand_in: Any, behaviour: str, kind: type[CairnError], code: str
) -> None:
    stand_in(behaviour)
    process = AcaPyProcess(settings(tmp_path))
    await process.start()
    with pytest.raises(kind) as caught:
        await process.ready(within=0.8)
    assert caught.value.code == code
    assert not process.running
    assert not (tmp_path / "acapy.pid").exists()


async def test_an_unexpected_end_is_told_once_and_a_stop_is_not(tmp_path: Path, stand_in: Any) -> None:
    stand_in("silent")
    codes: list[int] = []
    process = AcaPyProcess(settings(tmp_path), on_exit=codes.append)
    await process.start()
    with pytest.raises(ConflictError, match="already_running"):
        await process.start()
    assert process.pid is not None
    psutil.Process(process.pid).kill()
    for _ in range(100):
        if codes:
            break
        await asyncio.sleep(0.02)
    assert codes == [-9]
    assert not process.running
    await process.start()
    await process.stop()
    await process.stop()
    assert codes == [-9]


async def test_stop_is_firm(tmp_path: Path, stand_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STOP_SECONDS", 0.3)
    stand_in("stubborn")
    process = AcaPyProcess(settings(tmp_path))
    await process.start()
    while "up" not in process.last_output():
        await asyncio.sleep(0.02)
    pid = process.pid
    assert pid is not None
    await process.stop()
    assert not psutil.pid_exists(pid)


def _child(argument: str) -> subprocess.Popen[bytes]:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", argument])
    while not psutil.Process(child.pid).cmdline():  # empty for a moment while it is being executed
        time.sleep(0.01)
    return child


def _note(path: Path, pid: int, shift: float = 0.0) -> None:
    path.write_text(json.dumps({"pid": pid, "created": psutil.Process(pid).create_time() + shift}))


def test_a_stale_process_of_this_home_is_ended(tmp_path: Path) -> None:
    path, child = tmp_path / "acapy.pid", _child("acapy_agent")
    _note(path, child.pid)
    module._end_stale(path)
    assert not psutil.pid_exists(child.pid)
    child.wait()
    assert not path.exists()


@pytest.mark.parametrize(("argument", "shift"), [("something else", 0.0), ("acapy_agent", 100.0)])
def test_another_process_with_that_pid_is_left_alone(tmp_path: Path, argument: str, shift: float) -> None:
    path, child = tmp_path / "acapy.pid", _child(argument)
    try:
        _note(path, child.pid, shift)
        module._end_stale(path)
        time.sleep(0.2)
        assert child.poll() is None
    finally:
        child.kill()
        child.wait()


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"pid": "x"}', '{"pid": 1}', '{"pid": 4194304, "created": 0}']
)
def test_a_pid_file_that_says_nothing_is_removed(tmp_path: Path, text: str) -> None:
    path = tmp_path / "acapy.pid"
    path.write_text(text)
    module._end_stale(path)
    assert not path.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_the_launcher_ends_with_its_parent(tmp_path: Path) -> None:
    # A parent that starts a long-lived module through the launcher, says its pid, and is killed.
    (tmp_path / "sleeper.py").write_text("import time\ntime.sleep(60)\n")
    script = (
        "import os,subprocess,sys,time\n"
        "child = subprocess.Popen([sys.executable,'-m','agent.acapy.launcher',str(os.getpid()),'sleeper'])\n"
        "print(child.pid, flush=True)\ntime.sleep(60)\n"
    )
    root = Path(__file__).parents[3]
    env = os.environ | {"PYTHONPATH": f"{root}:{tmp_path}"}
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, env=env)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    for _ in range(200):
        if child.cmdline()[-1:] == ["sleeper"] and "agent.acapy.launcher" not in child.cmdline():
            break
        time.sleep(0.02)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    _, alive = psutil.wait_procs([child], timeout=5)
    assert not alive

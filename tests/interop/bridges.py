"""Foreign code in processes of its own, asked one line at a time, and how its packages are installed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
INSTALL_SECONDS = 240
ANSWER_SECONDS = 60


class NotInstallableError(Exception):
    """Why the packages are not there: the installer's last line, or the program that is missing."""


class RefusedError(Exception):
    """The foreign code refused what it was asked; the message is its own."""


class Bridge:
    """One process that answers questions: a JSON object a line in, ``{"ok": …}`` or ``{"error": …}`` out."""

    def __init__(self, *argv: str | Path, cwd: Path) -> None:
        self._process = subprocess.Popen(
            [str(each) for each in argv],
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # libraries print diagnostics of every failure that a test provokes
            text=True,
        )

    def ask(self, do: str, **options: Any) -> Any:
        """The answer; raises `RefusedError` with the foreign message. A process that hangs is ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        watchdog = threading.Timer(ANSWER_SECONDS, self._process.kill)
        watchdog.start()
        try:
            self._process.stdin.write(json.dumps({"do": do, **options}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        finally:
            watchdog.cancel()
        if not line:
            raise RuntimeError(f"the foreign process ended while asked to {do}")
        answer = json.loads(line)
        if "error" in answer:
            raise RefusedError(answer["error"])
        return answer["ok"]

    def close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait(timeout=10)


def cache() -> Path:
    return Path(os.environ.get("CAIRN_INTEROP_CACHE") or ROOT / ".interop")


def node_folder() -> Path:
    """A folder with package.json's packages under node_modules. Raises `NotInstallableError`."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise NotInstallableError(f"{program} is not installed")
    files = [HERE / "package.json", HERE / "package-lock.json"]
    folder = _folder("npm", *files)
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for each in files:
            shutil.copy(each, folder)
        _install(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder)
        (folder / "done").touch()
    return folder


def python_of_openvc() -> Path:
    """The interpreter of an environment with requirements.txt's packages. Raises `NotInstallableError`."""
    requirements = HERE / "requirements.txt"
    folder = _folder("openvc", requirements)
    python = folder / "venv" / "bin" / "python"
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _install([sys.executable, "-m", "venv", "venv"], folder)
        _install([str(python), "-m", "pip", "install", "--no-deps", "-q", "-r", str(requirements)], folder)
        (folder / "done").touch()
    return python


def _folder(kind: str, *files: Path) -> Path:
    """Another folder whenever the wanted versions change."""
    digest = hashlib.sha256(b"".join(each.read_bytes() for each in files)).hexdigest()
    return cache() / f"{kind}-{digest[:12]}"


def _install(argv: list[str], folder: Path) -> None:
    try:
        run = subprocess.run(
            argv, cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise NotInstallableError(f"{argv[0]} did not end within {INSTALL_SECONDS} s") from None
    if run.returncode != 0:
        lines = (run.stdout + run.stderr).splitlines()
        said = [line for line in lines if line.strip() and "A complete log of this run" not in line]
        raise NotInstallableError(f"{Path(argv[0]).name}: {said[-1] if said else f'exit {run.returncode}'}")

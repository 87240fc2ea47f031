"""Supervisor of one ACA-Py subprocess.

What it promises: no secret in an argument list (they are readable by every user of the machine), one ACA-Py
per home, none left behind when the supervisor ends in whatever way, output in a bounded log file. Whether to
start again after an unexpected end is the service's decision.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil  # type: ignore[import-untyped]

from agent.acapy.output import OutputLog
from agent.errors import AgentError, CairnError, ConflictError

READY_SECONDS = 60.0  # acapy.md: a cold start takes 4 to 27 s on two cores
STOP_SECONDS = 10.0
_POLL_SECONDS = 0.15
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
# What ACA-Py would otherwise pick up from the supervisor's own environment.
_NOT_INHERITED = ("ACAPY_", "CAIRN_", "WEBHOOK_URL", "EXTERNAL_STORAGE", "ENABLE_PYDEVD", "ENABLE_PTVSD")
# How ACA-Py says, in its output, what went wrong.
_PORT_TAKEN = "address already in use"
_WRONG_KEY = "error opening store"


@dataclass(frozen=True, slots=True)
class AcaPySettings:
    """All that one ACA-Py needs. Addresses of our own service are loopback.

    ``home`` holds the wallet, the tails files, the log and the pid file. ``wallet_key`` is a raw Askar key
    (base58 of 32 bytes, as `aries_askar.Store.generate_raw_key` gives it). ``endpoint`` is what other
    agents are told. ``plugin_url`` is the base of the service's internal routes; ``webhook_url`` gets
    ``/topic/<topic>/`` appended and carries ``webhook_key`` in the header ``x-api-key``.
    ``tails_local_url`` (upload and the only place ACA-Py downloads from) has a secret path segment, because
    ACA-Py sends no credentials there; ``tails_public_url`` is written into revocation registries; both get
    ``/hash/<base58 hash>`` appended. ``storage`` is (config JSON, credentials JSON) for Postgres.
    """

    home: Path
    label: str
    admin_port: int
    inbound_port: int
    endpoint: str
    webhook_url: str
    plugin_url: str
    tails_local_url: str
    tails_public_url: str
    admin_key: str = field(repr=False)
    wallet_key: str = field(repr=False)
    webhook_key: str = field(repr=False)
    plugin_token: str = field(repr=False)
    inbound_host: str = "127.0.0.1"
    wallet_name: str = "cairn"
    log_level: str = "warning"
    storage: tuple[str, str] | None = field(default=None, repr=False)

    @property
    def admin_url(self) -> str:
        return f"http://127.0.0.1:{self.admin_port}"

    @property
    def log_file(self) -> Path:
        return self.home / "acapy.log"

    def arguments(self) -> list[str]:
        """Arguments of ``aca-py``: nothing here is secret."""
        return [
            "start",
            *("--label", self.label),
            *("--admin", "127.0.0.1", str(self.admin_port)),
            *("--inbound-transport", "http", self.inbound_host, str(self.inbound_port)),
            *("--outbound-transport", "http"),
            *("--endpoint", self.endpoint),
            "--no-ledger",
            *("--wallet-type", "askar-anoncreds"),
            *("--wallet-name", self.wallet_name),
            "--auto-provision",
            "--preserve-exchange-records",
            # Connections only: credentials and presentations never move without the service's word.
            "--auto-accept-invites",
            "--auto-accept-requests",
            "--notify-revocation",
            "--monitor-revocation-notification",
            *("--admin-client-max-request-size", "4"),
            *("--plugin", "agent.plugin"),
            *("--log-level", self.log_level),
        ]

    def environment(self, inherited: dict[str, str]) -> dict[str, str]:
        """The subprocess's environment; secrets travel here and nowhere else."""
        env = {name: value for name, value in inherited.items() if not name.startswith(_NOT_INHERITED)}
        # ACA-Py keeps tails files under the user's home; two agents must not share them.
        home = str(self.home)
        env |= {"HOME": home, "USERPROFILE": home, "ACAPY_HOME": home}
        # Loopback never goes through a proxy.
        for name in ("NO_PROXY", "no_proxy"):
            env[name] = ",".join(filter(None, [env.get(name, ""), "127.0.0.1,localhost,::1"]))
        env |= {
            "ACAPY_ADMIN_API_KEY": self.admin_key,
            "ACAPY_WALLET_KEY": self.wallet_key,
            "ACAPY_WALLET_KEY_DERIVATION_METHOD": "raw",
            "ACAPY_WEBHOOK_URL": f"{self.webhook_url}#{self.webhook_key}",
            "ACAPY_TAILS_SERVER_BASE_URL": self.tails_public_url,
            "ACAPY_TAILS_SERVER_UPLOAD_URL": self.tails_local_url,
            "CAIRN_PLUGIN_URL": self.plugin_url,
            "CAIRN_PLUGIN_TOKEN": self.plugin_token,
            # An agent that is reached on loopback (the demo) may reach others there; no other may.
            "CAIRN_ALLOW_LOOPBACK": str(int(urlsplit(self.endpoint).hostname in _LOOPBACK)),
            "CAIRN_PARENT_WATCH": "stdin",
            "PYTHONUNBUFFERED": "1",
        }
        if self.storage is not None:
            config, credentials = self.storage
            env |= {
                "ACAPY_WALLET_STORAGE_TYPE": "postgres_storage",
                "ACAPY_WALLET_STORAGE_CONFIG": config,
                "ACAPY_WALLET_STORAGE_CREDS": credentials,
            }
        return env


class AcaPyProcess:
    """Start, wait for, and stop one ACA-Py.

    Call from the main thread's event loop: Linux ends the child when the *thread* that started it ends.
    ``on_exit(code)`` is called once per start when the process ends without `stop` (code as in
    `asyncio.subprocess.Process.returncode`: negative for a signal).
    """

    def __init__(self, settings: AcaPySettings, *, on_exit: Callable[[int], None] | None = None) -> None:
        self.settings = settings
        self._on_exit = on_exit
        self._process: asyncio.subprocess.Process | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._log = OutputLog(settings.log_file)
        self._stopping = False
        self._started_at = 0.0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self.running and self._process else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start the process; returns at once (see `ready`). Ends a stale one of the same home first.

        Raises `ConflictError` already_running, `AgentError` not_started.
        """
        if self.running:
            raise ConflictError("already_running", "ACA-Py is already running.")
        self.settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        await asyncio.to_thread(_end_stale, self._pid_file)
        self._log.open()
        self._stopping = False
        self._started_at = time.monotonic()
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "agent.acapy.launcher", str(os.getpid()), "acapy_agent"),
                *self.settings.arguments(),
                # A pipe nobody writes to: it closes when we end, and the plugin notices.
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env=self.settings.environment(dict(os.environ)),
                cwd=self.settings.home,
                process_group=0,  # Ctrl-C in our terminal is ours to pass on
            )
        except OSError as error:
            self._log.close()
            raise AgentError("not_started", f"ACA-Py could not be started: {error.strerror}.") from error
        _write_pid(self._pid_file, self._process.pid)
        self._tasks = [asyncio.create_task(self._watch(self._process))]

    async def ready(
        self, progress: Callable[[float], None] | None = None, *, within: float = READY_SECONDS
    ) -> float:
        """Wait until ACA-Py takes work; returns the seconds since `start`.

        ``progress`` gets the seconds so far about once a second. Raises `AgentError` with code agent_exited
        (it ended), wallet_key (the store does not open with this key) or not_ready (``within`` seconds
        passed); `ConflictError` port_taken. After an error the process is stopped.
        """
        try:
            return await self._until_ready(progress or (lambda _seconds: None), within)
        except CairnError:
            await self.stop()
            raise

    async def _until_ready(self, progress: Callable[[float], None], within: float) -> float:
        said = 0
        headers = {"x-api-key": self.settings.admin_key}
        async with httpx.AsyncClient(trust_env=False, timeout=5, headers=headers) as http:
            while True:
                elapsed = time.monotonic() - self._started_at
                if int(elapsed) > said:
                    said = int(elapsed)
                    progress(elapsed)
                if (failure := self._start_failure()) is not None:
                    raise failure
                with suppress(httpx.HTTPError):
                    # Not /status/ready: it answers without the key, also for another agent on this port.
                    answer = await http.get(f"{self.settings.admin_url}/status/config")
                    if answer.status_code == httpx.codes.OK and self.running:
                        return time.monotonic() - self._started_at
                if elapsed > within:
                    raise AgentError(
                        "not_ready",
                        f"ACA-Py was not ready within {within:.0f} s.",
                        f"See {self.settings.log_file}.",
                    )
                await asyncio.sleep(_POLL_SECONDS)

    async def stop(self) -> None:
        """SIGTERM, then SIGKILL after ten seconds; no-op when not running."""
        process, self._stopping = self._process, True
        if process is None:
            return
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
            except TimeoutError:
                with suppress(ProcessLookupError):
                    process.kill()
        await process.wait()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._process = None
        self._pid_file.unlink(missing_ok=True)

    def last_output(self) -> str:
        """The end of what ACA-Py wrote; for our own diagnosis, not for other people."""
        return self._log.tail()

    @property
    def _pid_file(self) -> Path:
        return self.settings.home / "acapy.pid"

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        if process.stdout is not None:
            while chunk := await process.stdout.read(65536):
                self._log.write(chunk)
        code = await process.wait()
        self._log.close()
        if not self._stopping:
            self._pid_file.unlink(missing_ok=True)
            if self._on_exit is not None:
                self._on_exit(code)

    def _start_failure(self) -> CairnError | None:
        """Why this start cannot succeed any more, if so."""
        output = self._log.tail().lower()
        if _PORT_TAKEN in output:  # it does not end by itself then
            return ConflictError(
                "port_taken",
                f"Another program uses port {self.settings.admin_port} or {self.settings.inbound_port}.",
                "Choose other ports or stop that program.",
            )
        if self.running:
            return None
        if _WRONG_KEY in output:
            return AgentError("wallet_key", "The wallet does not open with this key.")
        code = self._process.returncode if self._process else None
        return AgentError(
            "agent_exited", f"ACA-Py ended with code {code} while starting.", f"See {self.settings.log_file}."
        )


def new_secret() -> str:
    """A fresh URL-safe secret for admin key, webhook key, plugin token or tails path."""
    return secrets.token_urlsafe(32)


def _write_pid(path: Path, pid: int) -> None:
    try:
        created = psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return
    path.write_text(json.dumps({"pid": pid, "created": created}))


def _end_stale(path: Path) -> None:
    """End what an earlier supervisor left behind, if the pid still is that same ACA-Py."""
    try:
        noted = json.loads(path.read_text())
        process = psutil.Process(int(noted["pid"]))
        same = abs(process.create_time() - float(noted["created"])) < 1.0
        ours = same and any(part in ("acapy_agent", "agent.acapy.launcher") for part in process.cmdline())
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        ours = False
    if ours:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except psutil.TimeoutExpired:
                process.kill()
                process.wait(STOP_SECONDS)
    path.unlink(missing_ok=True)

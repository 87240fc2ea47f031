"""The demo universe: a registry, three illustrative issuers, a learner and an employer on this machine.

``cairn demo`` plays the whole story in a fresh folder and ends; ``cairn up`` keeps the same universe running
in the foreground, in the data folder, to play with. Everything listens on loopback only.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from agent.client import AgentClient
from agent.errors import AgentError, UnreachableError
from agent.settings import Role, create_home, load_settings, save_settings
from trust_registry.keys import keys_from_did_document

# The universe is for playing: its passphrase is public and printed. A real wallet asks for one.
PASSPHRASE = "cairn-demo-passphrase"  # noqa: S105
START_SECONDS = 120.0
STOP_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Member:
    """One agent. ``institution`` is its id in the registry, empty for one that is not listed."""

    id: str
    name: str
    role: Role
    profile: str = ""
    institution: str = ""
    bound_from: str = ""


MEMBERS = (
    Member(
        "munster-tu",
        "Munster Technological University (illustrative)",
        Role.ISSUER,
        "munster-tu",
        "DEQARINST7609",
        "2021-01-01",
    ),
    Member(
        "fh-joanneum", "FH Joanneum (illustrative)", Role.ISSUER, "fh-joanneum", "DEQARINST0066", "2015-01-01"
    ),
    Member("atlantis", "Atlantis Institute of Advanced Credentials", Role.ISSUER, "diploma-mill"),
    Member("learner", "Aoife Byrne", Role.HOLDER),
    Member("employer", "Lee Valley Process Engineering", Role.VERIFIER),
)


@dataclass
class Universe:
    """Start with `start`, end with `stop`; nothing survives it, not even after SIGKILL (on Linux)."""

    root: Path
    narrate: Callable[[str], None] = lambda _: None
    members: tuple[Member, ...] = MEMBERS
    registry_url: str = ""
    registry_root: str = ""  # what the agents pin
    _processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    def home(self, member: str) -> Path:
        return self.root / member

    def client(self, member: str) -> AgentClient:
        return AgentClient.from_home(self.home(member))

    def pid(self, member: str) -> int:
        return self._processes[member].pid

    def is_running(self) -> bool:
        """Whether another process runs a universe in this folder."""
        for id in ("registry", *(member.id for member in self.members)):
            try:
                os.kill(int(json.loads((self.home(id) / "service.json").read_text())["pid"]), 0)
            except (OSError, ValueError, KeyError, TypeError):  # TypeError: a stopped registry's pid is null
                continue
            return True
        return False

    # ------------------------------------------------------------------ start

    async def start(self) -> None:
        await self.start_registry()
        await self.start_agents()
        await self.bind_institutions()
        await self.wait_for_issuers()

    async def start_registry(self) -> None:
        home = self.home("registry")
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        await self._spawn("registry", "trust_registry.cli", "serve", "--home", str(home), "--demo")
        self.registry_url = str((await self._service_file("registry"))["url"])
        if not self.registry_root:
            self.registry_root = await self._first_root(home)

    async def start_agents(self) -> None:
        """All at once: on two cores that takes about as long as the slowest."""
        await asyncio.gather(*(self.start_agent(member.id) for member in self.members))

    async def start_agent(self, id: str) -> None:
        """Start one agent, unlock it, and wait until it takes work."""
        member = next(each for each in self.members if each.id == id)
        if not (self.home(id) / "agent.json").exists():
            create_home(
                self.home(id),
                name=member.name,
                roles=frozenset({member.role}),
                registry_url=self.registry_url,
                registry_root=self.registry_root,
                profile=member.profile,
                demo=True,
            )
        self._pin(id)
        reader, writer = os.pipe()
        try:
            os.write(writer, f"{PASSPHRASE}\n".encode())
            await self._spawn(
                id,
                "agent.cli.main",
                "agent",
                "run",
                "--home",
                str(self.home(id)),
                "--passphrase-fd",
                str(reader),
                fds=(reader,),
            )
        finally:
            os.close(reader)
            os.close(writer)
        await self._service_file(id)
        await self.wait(id, lambda status: bool(status["agent"]["state"] == "ready"), "its agent to be ready")

    async def _first_root(self, home: Path) -> str:
        """As an operator tells it, by another way than the registry's address. It never changes."""
        command = (sys.executable, "-m", "trust_registry.cli", "snapshot", "root", "--home", str(home))
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
        )
        said, _ = await process.communicate()
        if process.returncode != 0:
            raise AgentError("no_root", "The registry does not say its first root.")
        return said.decode().strip()

    def _pin(self, id: str) -> None:
        """For homes of before there was anything to pin; another root than the pinned one is the agent's to refuse."""
        settings = load_settings(self.home(id))
        if self.registry_root and not settings.registry_root:
            save_settings(self.home(id), settings.model_copy(update={"registry_root": self.registry_root}))

    async def bind_institutions(self) -> None:
        """What a registry's operators do after checking; here the demo vouches for its own illustrations."""
        token = (self.home("registry") / "token").read_text().strip()
        async with httpx.AsyncClient(base_url=self.registry_url, timeout=20) as http:
            for member in self.members:
                if not member.institution:
                    continue
                async with self.client(member.id) as api:
                    status = await api.get("/v1/status")
                did = status["did"]
                document = await http.get(f"{status['public_url']}/.well-known/did.json")
                jwk = keys_from_did_document(document.json(), did)[f"{did}#key-1"]
                known = await http.get(f"/v1/issuers/{quote(did, safe='')}")
                if known.status_code == httpx.codes.OK:
                    continue
                answer = await http.post(
                    "/v1/admin/bindings",
                    headers={"authorization": f"Bearer {token}"},
                    json={
                        "did": did,
                        "jwk": jwk,
                        "institution_id": member.institution,
                        "level": 2,
                        "valid_from": member.bound_from,
                        "evidence": "Illustration: bound by the demo universe itself.",
                    },
                )
                if answer.status_code != httpx.codes.CREATED:
                    raise AgentError(
                        "not_bound", f"The registry did not bind {member.id}: {answer.text[:300]}"
                    )

    async def wait_for_issuers(self) -> None:
        issuers = [member.id for member in self.members if member.role is Role.ISSUER]
        await asyncio.gather(
            *(
                self.wait(id, lambda status: bool(status["ready_to_issue"]), "its credential definition")
                for id in issuers
            )
        )

    async def wait(self, id: str, ready: Callable[[dict[str, Any]], bool], what: str) -> None:
        """Poll an agent's status until ``ready``. Raises `AgentError` when it ends or takes too long."""
        deadline = time.monotonic() + START_SECONDS
        async with self.client(id) as api:
            while time.monotonic() < deadline:
                self._require_alive(id)
                with suppress(UnreachableError):
                    status = await api.get("/v1/status")
                    if ready(status):
                        return
                    if status["agent"]["state"] == "failed":
                        raise AgentError("agent_failed", f"{id}: {status['agent']['detail']}")
                await asyncio.sleep(0.2)
        raise AgentError("too_slow", f"{id} was still waiting for {what} after {START_SECONDS:.0f} s.")

    # ------------------------------------------------------------------ stop

    async def stop(self) -> None:
        await asyncio.gather(*(self.stop_one(id) for id in list(self._processes)))

    async def stop_one(self, id: str, signum: int = signal.SIGTERM) -> None:
        process = self._processes.pop(id)
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.send_signal(signum)
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()

    # ------------------------------------------------------------------ processes

    async def _spawn(self, id: str, module: str, *arguments: str, fds: tuple[int, ...] = ()) -> None:
        log = self.home(id) / "logs"
        log.mkdir(parents=True, exist_ok=True)
        with (log / "output.log").open("ab") as output:
            self._processes[id] = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "agent.acapy.launcher", str(os.getpid()), module, *arguments),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=fds,
                process_group=0,  # ctrl+c is for us; we stop them in order
            )

    async def _service_file(self, id: str) -> dict[str, Any]:
        path = self.home(id) / "service.json"
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            self._require_alive(id)
            with suppress(FileNotFoundError, ValueError):
                document: dict[str, Any] = json.loads(path.read_text())
                if document.get("pid") == self.pid(id):  # else it is what an earlier run left
                    return document
            await asyncio.sleep(0.05)
        raise AgentError("too_slow", f"{id} did not start within {START_SECONDS:.0f} s.")

    def _require_alive(self, id: str) -> None:
        process = self._processes.get(id)
        if process is None or process.returncode is not None:
            output = self.home(id) / "logs" / "output.log"
            text = output.read_text(errors="replace")[-400:] if output.exists() else ""
            tail = " / ".join(text.split("\n"))
            raise AgentError(
                "process_ended", f"{id} ended while starting. Its last words: {tail}", f"See {output}."
            )

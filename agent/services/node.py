"""One running agent: its home, its vault, its ACA-Py process, and the ways out to others.

`Node` owns the lifecycle (start, unlock, lock, restart of a dead ACA-Py, close). The roles (`issuing`, `holding`,
`presenting`, `asking`) take a node and do their work with it. Everything that outlives a call is in the
vault first, so a killed process resumes from there (see `Node.on_ready`).
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

import httpx
import structlog
from aries_askar import Store

from agent.acapy.admin import AdminClient
from agent.acapy.events import Webhooks
from agent.acapy.process import AcaPyProcess, AcaPySettings, new_secret
from agent.core.limits import LIMITS
from agent.errors import AgentError, CairnError, ConflictError, LockedError, PassphraseError, UnreachableError
from agent.formats.envelope import Means
from agent.formats.gathering import Lookups
from agent.net.did_web import DidResolver
from agent.net.fetch import SafeFetcher
from agent.net.objects import ObjectResolver
from agent.services import clock, trust
from agent.services.bus import Bus
from agent.services.changes import Changes
from agent.services.registry_list import ListKeeper
from agent.settings import Settings, free_ports
from agent.store import restore_folder
from agent.store.public import PublicObjects
from agent.store.vault import Document, Put, Vault
from trust_registry.asking import Asker
from trust_registry.client import RegistryClient
from trust_registry.errors import TrustRegistryError
from trust_registry.keys import Jwk, keys_from_did_document
from trust_registry.local_copy import LocalCopy
from trust_registry.tuf_fetcher import Source

log = structlog.get_logger(__name__)

READY_SECONDS = 90.0
IDLE_LOOK_SECONDS = 5.0
RESTARTS = 5  # of a dying ACA-Py, before we say so and stop trying
PASSPHRASE_MIN = 8
SHARED_SCHEMA = ("MicroCredential", "1.0")


# ACA-Py does not answer at this moment. It is being restarted then, and what it was asked may have happened.
AWAY = frozenset({"unavailable", "timeout"})


def is_away(error: CairnError) -> bool:
    """Whether our own ACA-Py did not answer: nothing is decided by that, look again when it is back."""
    return isinstance(error, AgentError) and error.code in AWAY


def awake_clock() -> float:
    """Seconds that also pass while the machine sleeps, where the system has such a clock: a closed lid is idleness."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class Lock(StrEnum):
    LOCKED = "locked"
    UNLOCKING = "unlocking"
    UNLOCKED = "unlocked"


class WaitError(CairnError):
    """Too soon after a wrong passphrase."""

    exit_code = 4
    http_status = 429


class Node:
    def __init__(self, home: Path, settings: Settings) -> None:
        restore_folder.finish(home)
        self.home = home
        self.settings = settings
        self.bus = Bus()
        self.public = PublicObjects(home / "public")
        self.fetcher = SafeFetcher(allow_loopback=settings.demo)
        self.registry_http = httpx.AsyncClient(timeout=LIMITS.fetch_seconds, follow_redirects=False)
        self.registry = RegistryClient(settings.registry_url, self.registry_http)
        copy = LocalCopy(
            home / "registry-copy",
            settings.registry_url,
            root_sha256=settings.registry_root or None,
            source=Source(allow_loopback=settings.demo),
        )
        self.asker = Asker(self.registry, copy, demo=settings.demo, clock=clock.now)
        self.registry_list = ListKeeper(self.asker)
        self.trust_memory = trust.Memory()
        self.dids = DidResolver(self.fetcher)
        self.objects = ObjectResolver(self.fetcher, self.dids, self.registry)
        self.webhooks = Webhooks()
        self.changes = Changes()
        self.webhooks.subscribe(self.changes.note)
        # Shared with our own ACA-Py process only; new at every start.
        self.plugin_token, self.webhook_key, self.tails_secret = new_secret(), new_secret(), new_secret()
        self.lock = Lock.LOCKED
        self.lock_detail = ""
        self.agent_state = "stopped"
        self.agent_detail = ""
        self.history_lock = asyncio.Lock()  # a history entry's number and its writing belong together
        self.keeping = asyncio.Lock()  # one backup at a time
        self.idle_clock: Callable[[], float] = awake_clock
        # A vault was opened: what follows its documents joins it.
        self.on_open: list[Callable[[Vault], None]] = []
        self.on_ready: list[Callable[[], Awaitable[None]]] = []  # resume what was under way, once unlocked
        self._vault: Vault | None = None
        self._acapy: AcaPyProcess | None = None
        self._admin: AdminClient | None = None
        self._ready = asyncio.Event()
        self._news = asyncio.Event()  # of the lock or the agent; a new one after each
        self._unlocking = asyncio.Lock()
        self._failures = 0
        self._wait_until = 0.0
        self._restarts = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False
        self._schema_id: str | None = None
        self._touched = 0.0
        self.pretend_lists_at: int | None = None  # set by `tampering` in a demo, never otherwise

    # ------------------------------------------------------------------ state

    @property
    def vault(self) -> Vault:
        # Said before it is so: what asks while the key is being dropped hears that it is locked.
        if self._vault is None or self.lock is Lock.LOCKED:
            raise LockedError("locked", "The wallet is locked.", "Unlock it first.")
        return self._vault

    @property
    def first_run(self) -> bool:
        return not Vault.exists(self._vault_path)

    @property
    def _vault_path(self) -> Path:
        return self.home / "vault.db"

    async def admin(self) -> AdminClient:
        """ACA-Py's admin API, as soon as it is ready. Raises `LockedError` or `AgentError`."""
        _ = self.vault
        try:
            async with asyncio.timeout(READY_SECONDS):
                while not self._ready.is_set() and self.agent_state != "failed":
                    await self._news.wait()
                    _ = self.vault
        except TimeoutError:
            raise AgentError("agent_not_ready", "The agent did not become ready in time.") from None
        if self._admin is None or not self._ready.is_set():
            raise AgentError(
                "agent_down",
                "The agent's ACA-Py process is not running.",
                "Lock and unlock the wallet, and look into the home folder's logs.",
            )
        return self._admin

    # ------------------------------------------------------------------ idle lock

    def touch(self) -> None:
        """Somebody did something: the idle lock starts counting anew."""
        self._touched = self.idle_clock()

    def locks_in(self) -> int | None:
        """Seconds until the idle lock, or None where there is none."""
        limit = self.settings.lock_after_seconds
        if not limit or self._vault is None or self.lock is Lock.LOCKED:
            return None
        return max(0, int(limit - (self.idle_clock() - self._touched)))

    async def _lock_when_idle(self) -> None:
        while (left := self.locks_in()) is not None:
            if left == 0:
                log.info("locking after idleness")
                await self.relock()
                return
            await asyncio.sleep(min(left, IDLE_LOOK_SECONDS))

    # ------------------------------------------------------------------ shared facts

    def own_key(self) -> Jwk:
        """Our own assertion key, as published in our DID document. Raises `AgentError` before that."""
        document = self.public.get_did_document()
        if document is None:
            raise AgentError("no_did_yet", "This agent has not published its DID document yet.")
        keys = keys_from_did_document(json.loads(document), self.settings.did)
        return keys[f"{self.settings.did}#key-1"]

    async def shared_schema_id(self) -> str:
        """Id of the shared MicroCredential schema, as the registry publishes it. Raises `UnreachableError`."""
        if self._schema_id is None:
            try:
                schemas = await self.registry.schemas()
            except TrustRegistryError as error:
                raise UnreachableError(
                    "registry_unreachable", "The trust registry does not answer.", "Try again later."
                ) from error
            self._schema_id = next(
                schema.id for schema in schemas if (schema.name, schema.version) == SHARED_SCHEMA
            )
        return self._schema_id

    def new_means(self) -> Means:
        """What one round of checks looks things up with."""
        return Means(self, Lookups(self.fetcher, self.dids), clock.now())

    def forget_answers(self) -> None:
        """Ask registry and issuers anew: somebody wants to know now."""
        self.objects.forget_lists()
        self.trust_memory.forget()

    def admin_now(self) -> AdminClient:
        """ACA-Py's admin API if it is ready at this moment. Raises `AgentError` agent_down."""
        if self._admin is None or not self._ready.is_set():
            raise AgentError("agent_down", "The agent's ACA-Py process is not running.")
        return self._admin

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run something in the background; its failure is logged by code, never swallowed unseen."""
        task = asyncio.create_task(self._guarded(work, name), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _task: work.close())  # one that was cancelled before it began

    async def _guarded(self, work: Awaitable[None], name: str) -> None:
        try:
            await work
        except CairnError as error:
            log.warning("background work failed", work=name, code=error.code)
        except httpx.HTTPError as error:
            log.warning("background work failed", work=name, code=type(error).__name__)

    # ------------------------------------------------------------------ start, unlock and lock

    def start(self) -> None:
        """What runs as long as the service does, the wallet locked or not. The home is ours alone by now."""
        restore_folder.sweep(self.home)
        self.registry_list.start()

    async def unlock(self, passphrase: str) -> None:
        """Open the vault (make it at the first run) and start ACA-Py behind it.

        Returns when the vault is open; ACA-Py becomes ready later (see `admin`). Raises `PassphraseError`,
        `WaitError` (the delay grows with each failure: 1, 2, 4 … 60 seconds).
        """
        async with self._unlocking:
            if self._vault is not None:
                return
            loop = asyncio.get_running_loop()
            wait = self._wait_until - loop.time()
            if wait > 0:
                raise WaitError("wait", f"Wait {wait:.0f} seconds after a wrong passphrase.", f"{wait:.0f}")
            if len(passphrase) < PASSPHRASE_MIN and self.first_run:
                raise PassphraseError(
                    "weak_passphrase", f"A passphrase needs at least {PASSPHRASE_MIN} characters."
                )
            self._set_lock(Lock.UNLOCKING, "opening the wallet")
            try:
                opener = Vault.create if self.first_run else Vault.open
                self._vault = await opener(self._vault_path, passphrase)
                for opened in self.on_open:
                    opened(self._vault)
            except PassphraseError:
                self._failures += 1
                self._wait_until = loop.time() + min(60.0, 2.0 ** (self._failures - 1))
                self._set_lock(Lock.LOCKED)
                raise
            except BaseException:
                self._set_lock(Lock.LOCKED)
                raise
            self._failures = 0
            self._restarts = 0
            self.touch()
            self._set_lock(Lock.UNLOCKED)
            self.spawn(self._start_acapy(), "start ACA-Py")
            if self.settings.lock_after_seconds:
                self.spawn(self._lock_when_idle(), "idle lock")

    async def relock(self) -> None:
        """Say that it is locked, so that screens go blank; then stop ACA-Py and forget the key.

        What is under way resumes at the next unlock; what asks meanwhile gets a `LockedError`.
        """
        self._ready.clear()
        self._set_lock(Lock.LOCKED)
        async with self._unlocking:
            self._set_lock(Lock.LOCKED)  # it may have been unlocked while we waited
            self._ready.clear()
            await self._cancel_tasks()
            self._set_agent("stopped")
            if self._acapy is not None:
                await self._acapy.stop()
            if self._admin is not None:
                await self._admin.close()
            self._acapy = self._admin = None
            if self._vault is not None:
                await self._vault.close()
                self._vault = None
            self.bus.publish("status")

    @asynccontextmanager
    async def without_wallet(self) -> AsyncIterator[None]:
        """Nobody makes or opens a wallet here meanwhile. Raises `ConflictError` wallet_exists."""
        async with self._unlocking:
            if self._vault is not None:
                raise ConflictError("wallet_exists", "There is a wallet here, and it is open.")
            restore_folder.require_no_wallet(self.home)
            yield
        self.bus.publish("status")

    async def close(self) -> None:
        self._closing = True
        await self.relock()
        await self.registry_list.close()
        self.bus.close()
        await self.fetcher.aclose()
        await self.registry_http.aclose()

    async def _cancel_tasks(self) -> None:
        current = asyncio.current_task()
        tasks = [task for task in self._tasks if task is not current]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _set_lock(self, lock: Lock, detail: str = "") -> None:
        self.lock, self.lock_detail = lock, detail
        self._tell()

    def _set_agent(self, state: str, detail: str = "") -> None:
        self.agent_state, self.agent_detail = state, detail
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
        self.bus.publish("status")

    # ------------------------------------------------------------------ ACA-Py

    async def _start_acapy(self) -> None:
        self._set_agent("starting", "starting the agent")
        secrets_document = await self._acapy_secrets()
        internal = f"http://127.0.0.1:{self.settings.ports.admin}/internal"
        settings = AcaPySettings(
            home=self.home / "acapy",
            label=self.settings.name if self.settings.has_public_did else "Cairn wallet",
            admin_port=free_ports(1)[0],
            inbound_port=self.settings.ports.didcomm,
            endpoint=self.settings.didcomm_base,
            webhook_url=f"{internal}/hooks",
            plugin_url=internal,
            tails_local_url=f"{internal}/tails/{self.tails_secret}",
            tails_public_url=f"{self.settings.public_base}/tails",
            admin_key=new_secret(),
            wallet_key=secrets_document["wallet_key"],
            webhook_key=self.webhook_key,
            plugin_token=self.plugin_token,
        )
        process = AcaPyProcess(settings, on_exit=self._acapy_exited)
        self._acapy = process
        try:
            await process.start()
            await process.ready(
                lambda seconds: self._set_agent("starting", f"starting the agent ({seconds:.0f} s)"),
                within=READY_SECONDS,
            )
        except CairnError as error:
            await process.stop()
            self._set_agent("failed", error.detail)
            raise
        self._admin = AdminClient(settings.admin_url, settings.admin_key)
        self._ready.set()
        self._set_agent("ready")
        for resume in self.on_ready:  # one that fails must not keep the others from it
            await self._guarded(resume(), "resume")

    def _acapy_exited(self, code: int) -> None:
        """ACA-Py died by itself: start it again; exchanges resume from the vault."""
        if self._closing or self.lock is Lock.LOCKED or self._vault is None or self.agent_state == "stopped":
            return
        self._ready.clear()
        self._restarts += 1
        log.warning("ACA-Py exited", exit_code=code, restart=self._restarts)
        if self._restarts > RESTARTS:
            self._set_agent("failed", f"ACA-Py exited {self._restarts} times.")
            return
        self._set_agent("starting", "restarting after a crash")
        self.spawn(self._restart_acapy(), "restart ACA-Py")

    async def _restart_acapy(self) -> None:
        await asyncio.sleep(min(10.0, 0.5 * 2**self._restarts))
        if self._admin is not None:
            await self._admin.close()
            self._admin = None
        await self._start_acapy()

    async def _acapy_secrets(self) -> Document:
        found = await self.vault.get("secret", "acapy")
        if found is None:
            found = {"wallet_key": Store.generate_raw_key(), "made": clock.stamp(clock.now())}
            await self.vault.put(Put("secret", "acapy", found))
        return found

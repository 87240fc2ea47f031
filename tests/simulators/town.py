"""A university, learners and employers: real `Agent`s over simulated ACA-Pys, internet and registry.

Everything above the sockets and ACA-Py is the product's own code: vault, services, HTTP applications, fetching.
A `Member` can crash at any point of its work and be started again on the same home and the same ACA-Py.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from aries_askar import Store
from fastapi import FastAPI

from agent.api import admin as admin_api
from agent.api import internal, problems
from agent.api import public as public_api
from agent.core.limits import LIMITS, Limits
from agent.core.record import Learner
from agent.net.did_web import DidResolver
from agent.net.objects import ObjectResolver
from agent.services.agent import Agent
from agent.services.registry_list import ListKeeper
from agent.settings import Ports, Role, Settings, save_settings
from agent.store import history
from issuer_profiles import loader
from tests.simulators import registry as registry_simulator
from tests.simulators.acapy_admin import Admin, Wallet, World
from tests.simulators.asker import SimulatedAsker
from tests.simulators.internet import Internet
from tests.simulators.registry import Registry
from trust_registry import objects
from trust_registry.client import RegistryClient

TOKEN = "the-admin-token"
# Askar's raw keys skip the stretching, which is a test of its own (tests/unit/store).
PASSPHRASE = Store.generate_raw_key(b"0" * 32)
LEARNER = Learner(given_name="Aoife", family_name="Byrne", birth_date=date(1999, 4, 2), id="R00123456")
TEMPLATE = "sustainable-energy"
AWARDED_ON = date(2026, 6, 12)
POLICY: dict[str, Any] = {
    "version": 1,
    "title": "Junior process analyst",
    "purpose": "Shortlisting for application 2026-118",
    "retention_days": 90,
    "claims": [
        {"claim": "title", "required": True, "disclose": "reveal"},
        {"claim": "awarded_on", "required": True, "disclose": "reveal"},
        {"claim": "level", "required": True, "disclose": "predicate"},
        {"claim": "given_name", "required": True, "disclose": "reveal"},
        {"claim": "grade", "required": False, "disclose": "reveal"},
    ],
    "each": {"min_eqf": 6, "registry": ["assured_official", "assured_voluntary"]},
    "set": {},
}


# Calls of ACA-Py that change nothing: dying after one of them is dying before it.
READS = frozenset(
    {
        "own_dids",
        "sign_data_integrity",
        "sign_jwt",
        "cred_defs",
        "active_rev_registry",
        "connection_state",
        "invitation_of",
        "credential_record",
        "credential_records",
        "get_credential",
        "list_credentials",
        "presentation_record",
        "presentation_records",
    }
)


class Breaker:
    """Counts what a member's work has done so far, and ends it after one of these, as SIGKILL would."""

    def __init__(self, at: int = 0) -> None:
        self.at = at
        self.trace: list[str] = []
        self.broken = asyncio.Event()

    async def done(self, name: str) -> None:
        """``name`` has had its effect; its answer may never arrive."""
        if not self.broken.is_set() and name not in READS:
            self.trace.append(name)
            if len(self.trace) == self.at:
                self.broken.set()
        self.alive()

    def alive(self) -> None:
        """Nothing more happens once the process is dead."""
        if self.broken.is_set():
            raise asyncio.CancelledError("crashed")


@dataclass
class _Service:
    """What a wallet's ACA-Py reaches of its agent service: the plugin's routes, with the plugin's token."""

    agent: Agent
    http: httpx.AsyncClient

    def deliver(self, topic: str, payload: dict[str, Any]) -> None:
        self.agent.node.webhooks.deliver(topic, payload)

    async def put(self, kind: str, identifier: str, jws: str) -> None:
        answer = await self.http.put(f"/internal/{kind}/{quote(identifier, safe='')}", content=jws)
        if answer.status_code != 200:
            raise AssertionError(f"the service refused {kind}: {answer.text}")

    async def revocation_list(self, rev_reg_id: str, at: int) -> dict[str, Any]:
        answer = await self.http.get(f"/internal/revlists/{quote(rev_reg_id, safe='')}", params={"at": at})
        if answer.status_code != 200:
            raise AssertionError(f"the service has no list: {answer.text}")
        return objects.parse(answer.content).content


@dataclass
class Member:
    town: Town
    home: Path
    settings: Settings
    wallet: Wallet
    breaker: Breaker = field(default_factory=Breaker)
    agent: Agent = field(init=False)
    _plugin: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.assemble()

    @property
    def place(self) -> tuple[str, int]:
        return ("127.0.0.1", self.settings.ports.public)

    @property
    def did(self) -> str:
        return self.settings.did

    def assemble(self) -> None:
        """A new service process in this home: nothing is carried over but what is on disk."""
        self.agent = agent = Agent(self.home, self.settings)
        node = agent.node
        node.fetcher = self.town.internet.fetcher(demo=self.settings.demo, limits=self.town.limits)
        node.registry_http = httpx.AsyncClient(transport=self.town.registry.transport())
        node.registry = RegistryClient(self.settings.registry_url, node.registry_http)
        node.asker = SimulatedAsker(node.registry, self.town.registry)  # type: ignore[assignment]
        node.registry_list = ListKeeper(node.asker)
        node.dids = DidResolver(node.fetcher)
        node.objects = ObjectResolver(node.fetcher, node.dids, node.registry)
        node._start_acapy = self._start_acapy  # type: ignore[method-assign]
        for made in ("admin_app", "public_app", "plugin_app"):
            self.__dict__.pop(made, None)
        self.town.internet.apps[self.place] = self._public
        self._plugin = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self._internal),
            base_url="http://127.0.0.1",
            headers={"authorization": f"Bearer {node.plugin_token}"},
        )

    # Made when they are first used: FastAPI takes longer over its routes than most tests take over the rest.

    @functools.cached_property
    def admin_app(self) -> FastAPI:
        return admin_api.create(self.agent, TOKEN)

    @functools.cached_property
    def public_app(self) -> FastAPI:
        return public_api.create(self.agent)

    @functools.cached_property
    def plugin_app(self) -> FastAPI:
        """ACA-Py's own routes, apart from the rest of the admin listener."""
        routes = FastAPI()
        problems.install(routes)
        routes.include_router(internal.create(self.agent), prefix="/internal")
        return routes

    async def _public(self, scope: Any, receive: Any, send: Any) -> None:
        await self.public_app(scope, receive, send)

    async def _internal(self, scope: Any, receive: Any, send: Any) -> None:
        await self.plugin_app(scope, receive, send)

    async def _start_acapy(self) -> None:
        node = self.agent.node
        self.wallet.service = _Service(self.agent, self._plugin)
        self._break(node.vault, "put")
        self._break(node.fetcher, "post_json")
        node._admin = Admin(self.wallet, self)  # type: ignore[assignment]
        node._ready.set()
        node._set_agent("ready")
        for resume in node.on_ready:
            await node._guarded(resume(), "resume")

    def _break(self, owner: Any, name: str) -> None:
        """Count what has effects outside this process."""
        method: Callable[..., Awaitable[Any]] = getattr(owner, name)

        async def passing(*args: Any, **kwargs: Any) -> Any:
            self.breaker.alive()
            result = await method(*args, **kwargs)
            await self.breaker.done(name)
            return result

        setattr(owner, name, passing)

    async def start(self) -> Member:
        await self.agent.node.unlock(PASSPHRASE)
        await self.agent.node.admin()
        if self.agent.issuing is not None:
            await self.agent.identity.cred_def()
        return self

    async def stop(self) -> None:
        self.wallet.service = None
        await self.agent.close()
        await self._plugin.aclose()

    async def restart(self) -> None:
        """Whatever was under way is gone; a new process starts on the same home and the same ACA-Py."""
        self.breaker.broken.set()
        await self.stop()
        self.breaker = Breaker()
        self.assemble()
        await self.start()

    def http(self) -> httpx.AsyncClient:
        """A client of the admin listener, as the command line is one."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.admin_app, raise_app_exceptions=False),
            base_url="http://127.0.0.1",
            headers={"authorization": f"Bearer {TOKEN}"},
        )

    # What most tests begin with.

    async def offer(
        self, template: str = TEMPLATE, awarded_on: date = AWARDED_ON, **more: Any
    ) -> dict[str, Any]:
        return await self.agent.issuing.new_offer(
            template=template, learner=LEARNER, awarded_on=awarded_on, **more
        )

    async def receive(self, link: str) -> dict[str, Any]:
        reviewed = await self.agent.holding.review(link)
        return await self.agent.holding.accept(reviewed["id"])

    async def ask(self, policy: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        return await self.agent.asking.new_request(policy or POLICY, **more)

    async def present(self, link: str) -> dict[str, Any]:
        shown = await self.agent.presenting.review(link)
        assert shown["plan"] is not None, shown["missing"]
        return await self.agent.presenting.present(shown["id"], expect=shown["plan"]["hash"])

    async def history(self) -> list[dict[str, Any]]:
        chain = await history.entries(self.agent.node.vault)
        assert history.intact(chain)
        return chain

    def valid_credentials(self) -> int:
        """Issuer: how many credentials have left and are not revoked."""
        left = [record for record in self.wallet.credentials.values() if record.cred_rev_id]
        return sum(self.wallet.lists[record.rev_reg_id][int(record.cred_rev_id)] == 0 for record in left)


@dataclass
class Town:
    root: Path
    internet: Internet = field(default_factory=Internet)
    registry: Registry = field(default_factory=Registry)
    world: World = field(default_factory=World)
    limits: Limits = LIMITS
    members: dict[str, Member] = field(default_factory=dict)

    def __repr__(self) -> str:
        """In the report of a failing test: all of it would be too long to read."""
        return f"Town({', '.join(self.members)})"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        """The same for Hypothesis, which else writes out every field."""
        printer.text(repr(self))

    def member(self, name: str, role: Role, *, profile: str = "", demo: bool = True, **more: Any) -> Member:
        """A new agent, not started. The n-th one listens at localhost:(8300 + 10 n)."""
        port = 8310 + 10 * len(self.members)
        settings = Settings(
            name=name,
            roles=frozenset({role}),
            ports=Ports(admin=port, public=port + 1, didcomm=port + 2),
            registry_url=registry_simulator.URL if demo else "https://registry.example",
            profile=profile,
            demo=demo,
            **more,
        )
        home = self.root / name
        home.mkdir()
        save_settings(home, settings)
        (home / "token").write_text(TOKEN)
        member = Member(self, home, settings, Wallet(self.world, name))
        self.members[name] = member
        return member

    async def university(self, name: str = "munster", *, assured: bool = True, **more: Any) -> Member:
        member = await self.member(name, Role.ISSUER, profile="munster-tu", **more).start()
        if assured:
            self.registry.outcomes[member.did] = registry_simulator.ASSURED
        return member

    async def learner(self, name: str = "learner", **more: Any) -> Member:
        return await self.member(name, Role.HOLDER, **more).start()

    async def employer(self, name: str = "employer") -> Member:
        return await self.member(name, Role.VERIFIER).start()

    async def close(self) -> None:
        for member in self.members.values():
            await member.stop()
        for task in list(self.world.tasks):
            task.cancel()

    async def eventually[T](self, look: Callable[[], Awaitable[T | None]]) -> T:
        """What ``look`` finds, as soon as it finds anything: background work takes a few turns."""
        for _ in range(2000):
            if found := await look():
                return found
            await asyncio.sleep(0.005)
        raise AssertionError("it never came to that")

    async def verdict(self, employer: Member, request: dict[str, Any], number: int = 1) -> dict[str, Any]:
        """The n-th verdict on a request: part name → part, and the whole under ``parts``."""

        async def look() -> dict[str, Any] | None:
            answers = await employer.agent.asking.responses(request["id"])
            judged = [answer["verdict"] for answer in answers if answer["verdict"] is not None]
            return judged[number - 1] if len(judged) >= number else None

        found = await self.eventually(look)
        return {part["name"]: part for part in found["parts"]} | {"parts": found["parts"]}


def without_tls(monkeypatch: Any) -> None:
    """None is spoken here, and reading the system's certificates for every client takes most of the time."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    monkeypatch.setattr(ssl, "create_default_context", lambda *_args, **_kwargs: tls)


@contextlib.asynccontextmanager
async def town(root: Path, monkeypatch: Any) -> AsyncIterator[Town]:
    monkeypatch.setattr("agent.store.vault.KEY_METHOD", "raw")
    without_tls(monkeypatch)
    monkeypatch.setattr("agent.services.issuing.load_profile", _profile)
    monkeypatch.setattr("agent.services.issuing.load_templates", lambda profile: _templates(profile.id))
    built = Town(root)
    try:
        yield built
    finally:
        await built.close()


@functools.cache
def _profile(id: str) -> Any:
    return loader.load_profile(id)


@functools.cache
def _templates(id: str) -> Any:
    return loader.load_templates(_profile(id))


def plain(document: Any) -> str:
    return json.dumps(document, sort_keys=True)

"""Real ACA-Py agents around an in-test stand-in for the agent service's internal routes.

`World` is what issuers publish: DID documents, signed objects, lists, tails files. It serves every agent
under ``/a/<name>/internal`` and can be told to lie to one of them. Nothing here is imported by the product.
"""

from __future__ import annotations

import asyncio
import email
import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import base58
import uvicorn
from aries_askar import Store
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from agent.acapy.admin import AdminClient
from agent.acapy.events import Webhooks
from agent.acapy.process import AcaPyProcess, AcaPySettings, new_secret
from trust_registry import keys, objects
from trust_registry.objects import SignedObject

ATTRIBUTES = json.loads(
    (Path(__file__).parents[2] / "trust_registry/data/schemas/microcredential-1.0.json").read_text()
)["attrNames"]


def values(title: str, *, eqf: int = 6, ects: int = 500) -> dict[str, str]:
    """All 31 attributes of one credential."""
    found = dict.fromkeys(ATTRIBUTES, "x" * 20)
    found |= {"title": title, "awarded_on": "20250601", "expires_on": "99991231", "birth_date": "19990402"}
    found |= {"ects_hundredths": str(ects), "workload_minutes": "7500", "eqf_level": str(eqf)}
    found |= {"given_name": "Ada", "family_name": "Byrne"}
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class World:
    port: int
    token: str = field(default_factory=new_secret)
    tails_secret: str = field(default_factory=new_secret)
    webhook_key: str = field(default_factory=new_secret)
    dids: dict[str, dict[str, Any]] = field(default_factory=dict)
    signed: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[SignedObject]] = field(default_factory=dict)
    tails: dict[str, bytes] = field(default_factory=dict)
    webhooks: dict[str, Webhooks] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    # (agent, object id) → what that agent is told instead
    lies: dict[tuple[str, str], str | int] = field(default_factory=dict)
    # agents whose revocation lists are not taken
    closed: set[str] = field(default_factory=set)
    # agent → the time as of which it sees revocation lists
    as_of: dict[str, int] = field(default_factory=dict)

    def did(self, name: str) -> str:
        return f"did:web:localhost%3A{self.port}:{name}"

    def publish(self, did: str, private: Ed25519PrivateKey, kind: str, content: dict[str, Any]) -> str:
        """An object signed outside any agent, as the trust registry signs the shared schema."""
        identifier = objects.object_id(did, kind, content)
        self.signed[identifier] = sign(did, private, kind, identifier, content)
        return identifier

    def key_of(self, did: str) -> dict[str, str]:
        return keys.keys_from_did_document(self.dids[did], did)[f"{did}#key-1"]

    def list_at(self, agent: str, identifier: str, at: int | None) -> SignedObject | None:
        known = self.lists.get(identifier, [])
        limit = min(at if at is not None else 2**40, self.as_of.get(agent, 2**40))
        past = [item for item in known if item.timestamp <= limit]
        return past[-1] if past else next(iter(known), None)


def sign(did: str, private: Ed25519PrivateKey, kind: str, identifier: str, content: dict[str, Any]) -> str:
    body = objects.payload(kind, identifier, content, int(time.time()))
    data = objects.signing_input(objects.header(f"{did}#key-1"), body)
    return objects.assemble(data, private.sign(data))


def app_of(world: World) -> FastAPI:
    app = FastAPI(openapi_url=None)

    def problem(status: int, code: str, **more: Any) -> JSONResponse:
        return JSONResponse({"code": code, "detail": "stand-in", **more}, status)

    def authorized(request: Request) -> bool:
        return request.headers.get("authorization") == f"Bearer {world.token}"

    def path_id(request: Request, kind: str) -> str:
        # The raw path: identifiers hold escapes of their own (%3A), which must survive once.
        raw = request.scope["raw_path"].decode()
        return unquote(raw.split(f"/internal/{kind}/", 1)[1])

    @app.put("/a/{agent}/internal/objects/{_:path}")
    async def put_object(agent: str, request: Request) -> Response:
        identifier = path_id(request, "objects")
        if not authorized(request):
            return problem(401, "unauthorized")
        signed = objects.parse(await request.body())
        objects.verify(signed.jws, expected_id=identifier, key=world.key_of(signed.iss))
        world.signed[identifier] = signed.jws
        return Response(status_code=204)

    @app.get("/a/{agent}/internal/objects/{_:path}")
    async def get_object(agent: str, request: Request) -> Response:
        identifier = path_id(request, "objects")
        if not authorized(request):
            return problem(401, "unauthorized")
        lie = world.lies.get((agent, identifier))
        if isinstance(lie, int):
            return problem(lie, "told_to_fail")
        body = lie or world.signed.get(identifier)
        return Response(body, media_type="application/jose") if body else problem(404, "not_found")

    @app.put("/a/{agent}/internal/revlists/{_:path}")
    async def put_list(agent: str, request: Request) -> Response:
        identifier = path_id(request, "revlists")
        if not authorized(request):
            return problem(401, "unauthorized")
        if agent in world.closed:
            return problem(403, "told_to_fail")
        signed = objects.parse(await request.body())
        objects.verify(signed.jws, expected_id=identifier, key=world.key_of(signed.iss), kind="REVLIST")
        known = world.lists.setdefault(identifier, [])
        if known and signed.timestamp <= known[-1].timestamp:
            world.refused.append(identifier)
            return problem(409, "older_list", newest=known[-1].timestamp)
        known.append(signed)
        return Response(status_code=204)

    @app.get("/a/{agent}/internal/revlists/{_:path}")
    async def get_list(agent: str, request: Request, at: int | None = None) -> Response:
        if not authorized(request):
            return problem(401, "unauthorized")
        found = world.list_at(agent, path_id(request, "revlists"), at)
        return Response(found.jws) if found else problem(404, "not_found")

    @app.get("/a/{agent}/internal/did/{_:path}")
    async def get_did(agent: str, request: Request) -> Response:
        if not authorized(request):
            return problem(401, "unauthorized")
        document = world.dids.get(path_id(request, "did"))
        return JSONResponse(document) if document else problem(404, "not_found")

    @app.put("/a/{agent}/internal/t/{secret}/hash/{digest}")
    async def put_tails(agent: str, secret: str, digest: str, request: Request) -> Response:
        if secret != world.tails_secret:
            return problem(404, "not_found")
        head = f"content-type: {request.headers['content-type']}\r\n\r\n".encode()
        _, part = email.message_from_bytes(head + await request.body()).walk()
        data = part.get_payload(decode=True)
        assert isinstance(data, bytes)
        world.tails[digest] = data
        return Response("{}", media_type="application/json")

    @app.get("/a/{agent}/internal/t/{secret}/hash/{digest}")
    async def get_tails(agent: str, secret: str, digest: str, of: str) -> Response:
        if secret != world.tails_secret or of not in world.signed:
            return problem(404, "not_found")
        return Response(world.tails[digest], media_type="application/octet-stream")

    @app.post("/a/{agent}/internal/webhooks/topic/{topic}/")
    async def webhook(agent: str, topic: str, request: Request) -> Response:
        if request.headers.get("x-api-key") != world.webhook_key:
            return problem(401, "unauthorized")
        world.webhooks[agent].deliver(topic, await request.json())
        return Response()

    return app


@dataclass
class Agent:
    name: str
    process: AcaPyProcess
    admin: AdminClient
    events: Webhooks

    async def wait(self, topic: str, key: str, value: str, *states: str, seconds: float = 30) -> None:
        event = await self.events.wait(topic, key, value, {*states, "abandoned"}, seconds=seconds)
        assert event.state in states, (self.name, event)


def settings_of(world: World, name: str, home: Path, **changes: Any) -> AcaPySettings:
    base = f"http://127.0.0.1:{world.port}/a/{name}/internal"
    inbound = free_port()
    return AcaPySettings(
        **{
            "home": home / name,
            "label": name,
            "admin_port": free_port(),
            "inbound_port": inbound,
            "endpoint": f"http://127.0.0.1:{inbound}",
            "webhook_url": f"{base}/webhooks",
            "plugin_url": base,
            "tails_local_url": f"{base}/t/{world.tails_secret}",
            # Nobody listens here: an agent that downloads tails from the public address fails the tests.
            "tails_public_url": "http://localhost:9/tails",
            "admin_key": new_secret(),
            "wallet_key": Store.generate_raw_key(),
            "webhook_key": world.webhook_key,
            "plugin_token": world.token,
            **changes,
        }
    )


async def start(world: World, name: str, home: Path, **changes: Any) -> Agent:
    settings = settings_of(world, name, home, **changes)
    world.webhooks[name] = Webhooks()
    process = AcaPyProcess(settings)
    await process.start()
    return Agent(name, process, AdminClient(settings.admin_url, settings.admin_key), world.webhooks[name])


@asynccontextmanager
async def world_and_agents(home: Path, *names: str) -> AsyncIterator[tuple[World, dict[str, Agent]]]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    world = World(port=listener.getsockname()[1])
    server = uvicorn.Server(uvicorn.Config(app_of(world), log_level="warning", lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    agents: dict[str, Agent] = {}
    try:
        for name in names:
            agents[name] = await start(world, name, home)
        await asyncio.gather(*(agent.process.ready() for agent in agents.values()))
        yield world, agents
    finally:
        await asyncio.gather(*(agent.process.stop() for agent in agents.values()))
        for agent in agents.values():
            await agent.admin.close()
        server.should_exit = True
        with suppress(asyncio.CancelledError):
            await serving


async def issuer_with_cred_def(world: World, issuer: Agent, *, size: int = 20) -> tuple[str, str, str]:
    """(issuer's did, shared schema id, credential definition id), with an active revocation registry."""
    registry_did, registry_key = world.did("registry"), Ed25519PrivateKey.generate()
    world.dids[registry_did] = keys.did_document(registry_did, registry_key.public_key().public_bytes_raw())
    schema = {"issuerId": registry_did, "name": "MicroCredential", "version": "1.0", "attrNames": ATTRIBUTES}
    schema_id = world.publish(registry_did, registry_key, "SCHEMA", schema)
    did = world.did(issuer.name)
    made = await issuer.admin.create_did_web(did)
    world.dids[did] = keys.did_document(did, raw_key(made.verkey))
    cred_def_id = await issuer.admin.create_cred_def(schema_id, did, "default", revocable=True, size=size)
    await issuer.admin.active_rev_registry(cred_def_id)
    return did, schema_id, cred_def_id


def raw_key(verkey: str) -> bytes:
    return base58.b58decode(verkey)


async def issue(
    issuer: Agent, holder: Agent, cred_def_id: str, attributes: dict[str, str]
) -> tuple[str, str, str]:
    """An offer, accepted: (issuer's cred_ex_id, issuer's connection id, holder's credential id)."""
    offer = await issuer.admin.create_offer(cred_def_id, attributes)
    invitation = await issuer.admin.create_invitation(offer=offer.cred_ex_id)
    await holder.admin.receive_invitation(invitation.message)
    await holder.wait("issue_credential_v2_0", "thread_id", offer.thread_id, "offer-received")
    (record,) = await holder.admin.credential_records(thread_id=offer.thread_id)
    await holder.admin.send_credential_request(record.cred_ex_id)
    await holder.wait("issue_credential_v2_0", "cred_ex_id", record.cred_ex_id, "credential-received")
    stored = await holder.admin.store_credential(record.cred_ex_id)
    await issuer.wait("issue_credential_v2_0", "cred_ex_id", offer.cred_ex_id, "done")
    done = await issuer.admin.credential_record(offer.cred_ex_id)
    return offer.cred_ex_id, done.connection_id, stored.credential_id


async def connect(inviter: Agent, invitee: Agent) -> tuple[str, str]:
    """(connection at inviter, connection at invitee), both completed."""
    invitation = await inviter.admin.create_invitation()
    received = await invitee.admin.receive_invitation(invitation.message)
    await invitee.wait("connections", "connection_id", received.connection_id, "completed")
    there = await inviter.admin.connection_of_invitation(invitation.invi_msg_id)
    await inviter.wait("connections", "connection_id", there, "completed")
    return there, received.connection_id

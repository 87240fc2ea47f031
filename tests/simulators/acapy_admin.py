"""ACA-Py in memory: what `Node.admin` returns, with two sides linked, states as ACA-Py 1.7.0 moves them.

A `World` links wallets. A `Wallet` is one ACA-Py's storage: it survives the agent service in front of it, which
is what a crash test needs. An `Admin` is the client that one running service holds. Messages travel in tasks, and
webhooks come after the answer that caused them, or before it, as in life.

Cryptography is ideal: signatures are real Ed25519; a proof holds when `World.proofs` knows that an honest prover
made exactly these bytes for exactly this request. An attack is an edit of a public attribute of a `Wallet`.
One file although it is long: both sides of each exchange are read together, message by message.
"""

from __future__ import annotations

import asyncio
import copy
import functools
import hashlib
import json
import secrets
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import base58
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.acapy.records import (
    CredentialExchange,
    HeldCredential,
    Invitation,
    PresentationExchange,
    ReceivedInvitation,
    WalletDid,
)
from agent.errors import AgentError, ConflictError, NotFoundError
from tests.simulators.registry import SCHEMA_ID
from tests.unit.core_policy.builder import present
from trust_registry import objects
from trust_registry.keys import multikey_encode
from trust_registry.strict_json import b64url

REGISTRY_SIZE = 200
CREDENTIALS = "issue_credential_v2_0"
PRESENTATIONS = "present_proof_v2_0"

type Values = dict[str, str]


class Service(Protocol):
    """The agent service that a wallet's ACA-Py talks to: webhooks and the plugin's routes."""

    def deliver(self, topic: str, payload: dict[str, Any]) -> None: ...
    async def put(self, kind: str, identifier: str, jws: str) -> None: ...
    async def revocation_list(self, rev_reg_id: str, at: int) -> dict[str, Any]: ...


class Breaks(Protocol):
    """Where a process may die: `tests.simulators.town.Breaker`."""

    async def done(self, name: str) -> None: ...
    def alive(self) -> None: ...


class Process(Protocol):
    breaker: Breaks


@dataclass
class Connection:
    connection_id: str
    invi_msg_id: str
    other: Wallet
    other_id: str
    state: str = "request-sent"


@dataclass
class World:
    invitations: dict[str, tuple[Wallet, str]] = field(
        default_factory=dict
    )  # invi_msg_id → wallet, cred_ex_id
    proofs: dict[str, str] = field(default_factory=dict)  # hash of a presentation → hash of its request
    offers: dict[str, CredentialExchange] = field(default_factory=dict)  # attached to an invitation
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def post(self, to: Wallet, handle: Callable[..., Awaitable[None]], *content: Any) -> None:
        """A DIDComm message: it arrives soon, unless the other side is away."""

        async def arrive() -> None:
            await asyncio.sleep(0)
            if not to.away:
                await handle(*content)

        task = asyncio.create_task(arrive())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def settled(self) -> None:
        while self.tasks:
            await asyncio.gather(*self.tasks)


class Wallet:
    """One ACA-Py. ``service`` is None while the agent service is not there: webhooks then get lost."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.service: Service | None = None
        self.away = False  # messages to it get lost
        self.keys: dict[str, Ed25519PrivateKey] = {}
        self.connections: dict[str, Connection] = {}
        self.credentials: dict[str, CredentialExchange] = {}
        self.presentations: dict[str, PresentationExchange] = {}
        self.held: dict[str, HeldCredential] = {}
        self.cred_defs: dict[str, str] = {}  # id → revocation registry id
        self.lists: dict[str, list[int]] = {}
        self.stamps: dict[str, int] = {}
        self.published: dict[str, list[int]] = {}
        self.next_index = 1
        self.arrived: dict[str, tuple[Values, str]] = {}  # cred_ex_id → what the issuer sent
        self.calls: list[str] = []
        self.sent: list[dict[str, Any]] = []  # presentations that left, one by one
        # Attacks and faults.
        self.auto_issue = True
        self.publishes = True
        self.offered: Callable[[Values], Values] = dict  # what an offer really carries
        self.offered_cred_def = ""
        self.issued: Callable[[Values], Values] = dict  # what the stored credential really holds
        self.issued_cred_def = ""
        self.request_from: Callable[[dict[str, Any]], dict[str, Any]] = dict  # what a proposal is turned into
        self.presentation: dict[str, Any] | None = None  # sent instead of an honest one
        self.fail: dict[str, Exception] = {}  # raised instead of a call
        self.fail_after: dict[str, Exception] = {}  # raised although the call did its work

    # What ACA-Py does by itself.

    def webhook(self, topic: str, record: Any) -> None:
        if self.service is None:
            return
        scalars = {name: getattr(record, name) for name in ("state", "role", "thread_id", "connection_id")}
        for name in ("cred_ex_id", "pres_ex_id"):
            scalars |= {name: value} if (value := getattr(record, name, "")) else {}
        self.service.deliver(topic, scalars)

    def credential(self, cred_ex_id: str, **changes: Any) -> CredentialExchange:
        record = replace(self._credential(cred_ex_id), **changes)
        self.credentials[cred_ex_id] = record
        self.webhook(CREDENTIALS, record)
        return record

    def _credential(self, cred_ex_id: str) -> CredentialExchange:
        if cred_ex_id not in self.credentials:
            raise NotFoundError("not_found", "ACA-Py answered 404.")
        return self.credentials[cred_ex_id]

    def presentation_exchange(self, pres_ex_id: str, **changes: Any) -> PresentationExchange:
        record = replace(self._presentation(pres_ex_id), **changes)
        self.presentations[pres_ex_id] = record
        self.webhook(PRESENTATIONS, record)
        return record

    def _presentation(self, pres_ex_id: str) -> PresentationExchange:
        if pres_ex_id not in self.presentations:
            raise NotFoundError("not_found", "ACA-Py answered 404.")
        return self.presentations[pres_ex_id]

    def by_thread(self, records: Mapping[str, Any], thread_id: str) -> Any:
        return next((record for record in records.values() if record.thread_id == thread_id), None)

    async def publish_list(self, rev_reg_id: str) -> None:
        stamp = max(int(time.time()), self.stamps.get(rev_reg_id, 0) + 1)
        content = {
            "revRegDefId": rev_reg_id,
            "issuerId": rev_reg_id.partition("/")[0],
            "revocationList": self.lists[rev_reg_id],
            "currentAccumulator": "1 0",
            "timestamp": stamp,
        }
        if self.publishes and self.service is not None:
            await self.service.put(
                "revlists", rev_reg_id, self.sign(objects.Kind.REVLIST, rev_reg_id, content)
            )
            self.stamps[rev_reg_id] = stamp
            self.published[rev_reg_id] = list(self.lists[rev_reg_id])

    def sign(self, kind: objects.Kind, identifier: str, content: dict[str, Any]) -> str:
        did = identifier.partition("/")[0]
        payload = objects.payload(kind, identifier, content, int(time.time()))
        signing_input = objects.signing_input(objects.header(f"{did}#key-1"), payload)
        return objects.assemble(signing_input, self.keys[did].sign(signing_input))

    def jwt(self, did: str, headers: Mapping[str, Any], payload: Mapping[str, Any]) -> str:
        """As ``/wallet/jwt/sign``; ``headers`` may break every rule."""
        head = {"alg": "EdDSA", "kid": f"{did}#key-1", **headers}
        parts = (b64url(json.dumps(part).encode()) for part in (head, dict(payload)))
        signing_input = ".".join(parts)
        return f"{signing_input}.{b64url(self.keys[did].sign(signing_input.encode()))}"

    # Messages from the other side.

    async def on_connection(self, invi_msg_id: str, other: Wallet, other_id: str) -> None:
        """Somebody answers our invitation; the connection completes, then what was attached takes effect."""
        mine = Connection(uuid.uuid4().hex, invi_msg_id, other, other_id, "completed")
        self.connections[mine.connection_id] = mine
        theirs = other.connections[other_id]
        theirs.other_id, theirs.state = mine.connection_id, "completed"
        for wallet, connection_id in ((other, other_id), (self, mine.connection_id)):
            if wallet.service is not None:
                state = {"connection_id": connection_id, "state": "active", "rfc23_state": "completed"}
                wallet.service.deliver("connections", state)
        cred_ex_id = self.world.invitations[invi_msg_id][1]
        if cred_ex_id in self.credentials:
            self.credential(cred_ex_id, connection_id=mine.connection_id)

    async def on_offer(self, offer: CredentialExchange) -> None:
        self.credentials[offer.cred_ex_id] = offer
        self.webhook(CREDENTIALS, offer)

    async def on_credential_request(self, thread_id: str) -> None:
        record = self.by_thread(self.credentials, thread_id)
        if record is None or record.state != "offer-sent":
            return  # a handler's error, of which the other side learns nothing (acapy.md)
        self.credential(record.cred_ex_id, state="request-received")
        if self.auto_issue:
            await self.issue(record.cred_ex_id)

    async def issue(self, cred_ex_id: str) -> None:
        record = self._credential(cred_ex_id)
        rev_reg_id = self.cred_defs[record.cred_def_id]
        index, self.next_index = self.next_index, self.next_index + 1
        record = self.credential(
            cred_ex_id, state="credential-issued", rev_reg_id=rev_reg_id, cred_rev_id=str(index)
        )
        connection = self.connections[record.connection_id]
        content = (record.thread_id, self.issued(record.preview), self.issued_cred_def or record.cred_def_id)
        self.world.post(connection.other, connection.other.on_credential, *content, rev_reg_id, str(index))

    async def on_credential(
        self, thread_id: str, values: Values, cred_def_id: str, rev_reg_id: str, index: str
    ) -> None:
        record = self.by_thread(self.credentials, thread_id)
        if record is None or record.state != "request-sent":
            return
        self.arrived[record.cred_ex_id] = (values, cred_def_id)
        self.credential(
            record.cred_ex_id, state="credential-received", rev_reg_id=rev_reg_id, cred_rev_id=index
        )

    async def on_credential_ack(self, thread_id: str) -> None:
        record = self.by_thread(self.credentials, thread_id)
        if record is not None and record.state == "credential-issued":
            self.credential(record.cred_ex_id, state="done")

    async def on_proposal(self, thread_id: str, connection_id: str, proposal: dict[str, Any]) -> None:
        record = _presentation(thread_id, connection_id, "verifier", "proposal-received", proposal)
        self.presentations[record.pres_ex_id] = record
        self.webhook(PRESENTATIONS, record)

    async def on_request(self, thread_id: str, connection_id: str, request: dict[str, Any]) -> None:
        record = self.by_thread(self.presentations, thread_id)
        if record is None:  # nobody proposed anything
            record = _presentation(thread_id, connection_id, "prover", "request-received", {})
            self.presentations[record.pres_ex_id] = record
        self.presentation_exchange(record.pres_ex_id, state="request-received", request=request)

    async def on_presentation(self, thread_id: str, presentation: dict[str, Any]) -> None:
        record = self.by_thread(self.presentations, thread_id)
        # As ACA-Py does: one that comes again is taken again, and waits to be verified again.
        if record is not None and record.state in ("request-sent", "presentation-received", "done"):
            self.presentation_exchange(
                record.pres_ex_id, state="presentation-received", presentation=presentation
            )

    async def on_presentation_ack(self, thread_id: str) -> None:
        record = self.by_thread(self.presentations, thread_id)
        if record is not None and record.state == "presentation-sent":
            self.presentation_exchange(record.pres_ex_id, state="done")

    async def on_problem(self, thread_id: str, description: str) -> None:
        for records, change in (
            (self.credentials, self.credential),
            (self.presentations, self.presentation_exchange),
        ):
            record = self.by_thread(records, thread_id)
            if record is not None:
                key = getattr(record, "cred_ex_id", "") or record.pres_ex_id
                change(key, state="abandoned", error=f"issuance-abandoned: {description}")


def _presentation(
    thread_id: str, connection_id: str, role: str, state: str, proposal: dict[str, Any]
) -> PresentationExchange:
    return PresentationExchange(
        uuid.uuid4().hex, state, role, thread_id, connection_id, "", None, (), proposal, {}, {}
    )


def digest(document: Any) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _call[**P, T](method: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """One call of the admin API: it can fail before or after its work, and others run in between."""
    name = method.__name__  # type: ignore[attr-defined]

    @functools.wraps(method)
    async def called(*args: P.args, **kwargs: P.kwargs) -> T:
        admin: Any = args[0]
        await admin.begin(name)
        if name in admin.wallet.fail:
            raise admin.wallet.fail[name]
        result = await method(*args, **kwargs)
        await admin.end(name)
        if name in admin.wallet.fail_after:
            raise admin.wallet.fail_after[name]
        return result

    return called


class Admin:
    """The methods of `agent.acapy.admin.AdminClient` that the services use."""

    def __init__(self, wallet: Wallet, process: Process) -> None:
        self.wallet = wallet
        self.closed = False
        self._process = process

    async def begin(self, name: str) -> None:
        await asyncio.sleep(0)
        self._process.breaker.alive()
        if self.closed:
            raise AgentError("unavailable", "ACA-Py does not answer.")
        self.wallet.calls.append(name)

    async def end(self, name: str) -> None:
        await asyncio.sleep(0)
        await self._process.breaker.done(name)

    async def close(self) -> None:
        self.closed = True

    # DIDs and definitions

    @_call
    async def create_did_web(self, did: str) -> WalletDid:
        key = self.wallet.keys.setdefault(did, Ed25519PrivateKey.generate())
        return WalletDid(did, base58.b58encode(key.public_key().public_bytes_raw()).decode())

    @_call
    async def sign_jwt(self, did: str, headers: Mapping[str, Any], payload: Mapping[str, Any]) -> str:
        return self.wallet.jwt(did, headers, payload)

    @_call
    async def own_dids(self) -> tuple[str, ...]:
        return tuple(self.wallet.keys)

    @_call
    async def create_did_key(self) -> str:
        key = Ed25519PrivateKey.generate()
        did = f"did:key:{multikey_encode(key.public_key().public_bytes_raw())}"
        self.wallet.keys[did] = key
        return did

    @_call
    async def sign_data_integrity(
        self, did: str, *, verification_method: str, proof_canonical: bytes, document_canonical: bytes
    ) -> bytes:
        if did not in self.wallet.keys:
            raise NotFoundError("not_found", "ACA-Py answered 404.")
        if not verification_method.startswith(f"{did}#"):
            raise AgentError("refused", "ACA-Py answered 400.")
        hashes = (hashlib.sha256(part).digest() for part in (proof_canonical, document_canonical))
        return self.wallet.keys[did].sign(b"".join(hashes))

    @_call
    async def cred_defs(self, *, issuer: str, schema_id: str) -> tuple[str, ...]:
        return tuple(self.wallet.cred_defs)

    @_call
    async def create_cred_def(
        self, schema_id: str, issuer: str, tag: str, *, revocable: bool, size: int = 1000
    ) -> str:
        wallet = self.wallet
        content = {
            "issuerId": issuer,
            "schemaId": schema_id,
            "type": "CL",
            "tag": tag,
            "value": {"primary": {"n": secrets.token_hex(8)}, "revocation": {"g": "1"}},
        }
        cred_def_id = objects.object_id(issuer, objects.Kind.CREDDEF, content)
        registry = {
            "issuerId": issuer,
            "revocDefType": "CL_ACCUM",
            "credDefId": cred_def_id,
            "tag": "0",
            "value": {"maxCredNum": size, "tailsHash": "1" * 44, "tailsLocation": f"http://x/{'1' * 44}"},
        }
        rev_reg_id = objects.object_id(issuer, objects.Kind.REVREG, registry)
        wallet.cred_defs[cred_def_id] = rev_reg_id
        wallet.lists[rev_reg_id] = [0] * min(size, REGISTRY_SIZE)
        if wallet.service is not None:
            for kind, identifier, body in (
                (objects.Kind.CREDDEF, cred_def_id, content),
                (objects.Kind.REVREG, rev_reg_id, registry),
            ):
                await wallet.service.put("objects", identifier, wallet.sign(kind, identifier, body))
        await wallet.publish_list(rev_reg_id)
        return cred_def_id

    @_call
    async def active_rev_registry(self, cred_def_id: str, *, within: float = 30.0) -> str:
        return self.wallet.cred_defs[cred_def_id]

    # Connections

    @_call
    async def create_invitation(self, *, offer: str | None = None, **_ignored: Any) -> Invitation:
        invi_msg_id = uuid.uuid4().hex
        self.wallet.world.invitations[invi_msg_id] = (self.wallet, offer or "")
        message = {"@type": "https://didcomm.org/out-of-band/1.1/invitation", "@id": invi_msg_id}
        if offer is not None:
            record = self.wallet._credential(offer)
            self.wallet.world.offers[invi_msg_id] = replace(
                record,
                state="offer-received",
                role="holder",
                preview=self.wallet.offered(record.preview),
                cred_def_id=self.wallet.offered_cred_def or record.cred_def_id,
            )
        return Invitation(invi_msg_id, uuid.uuid4().hex, message)

    @_call
    async def receive_invitation(
        self, invitation: Mapping[str, Any], *, alias: str = ""
    ) -> ReceivedInvitation:
        world, invi_msg_id = self.wallet.world, str(invitation.get("@id", ""))
        if invi_msg_id not in world.invitations:
            raise AgentError("refused", "ACA-Py answered 400 to POST /out-of-band/receive-invitation.")
        inviter = world.invitations[invi_msg_id][0]
        connection = Connection(uuid.uuid4().hex, invi_msg_id, inviter, "")
        self.wallet.connections[connection.connection_id] = connection
        world.post(inviter, inviter.on_connection, invi_msg_id, self.wallet, connection.connection_id)
        if invi_msg_id in world.offers:
            offer = replace(
                world.offers[invi_msg_id],
                cred_ex_id=uuid.uuid4().hex,
                connection_id=connection.connection_id,
            )
            world.post(self.wallet, self.wallet.on_offer, offer)
        return ReceivedInvitation(uuid.uuid4().hex, invi_msg_id, connection.connection_id, "deleted")

    @_call
    async def connection_state(self, connection_id: str) -> str:
        return self._connection(connection_id).state

    @_call
    async def invitation_of(self, connection_id: str) -> str:
        return self._connection(connection_id).invi_msg_id

    def _connection(self, connection_id: str) -> Connection:
        if connection_id not in self.wallet.connections:
            raise NotFoundError("not_found", "ACA-Py answered 404.")
        return self.wallet.connections[connection_id]

    # Issuing and holding

    @_call
    async def create_offer(
        self, cred_def_id: str, attributes: Mapping[str, str], *, auto_issue: bool = True
    ) -> CredentialExchange:
        record = CredentialExchange(
            uuid.uuid4().hex,
            "offer-sent",
            "issuer",
            uuid.uuid4().hex,
            "",
            "",
            cred_def_id,
            SCHEMA_ID,
            dict(attributes),
        )
        self.wallet.credentials[record.cred_ex_id] = record
        return record

    @_call
    async def credential_record(self, cred_ex_id: str) -> CredentialExchange:
        return self.wallet._credential(cred_ex_id)

    @_call
    async def credential_records(self, **filters: str) -> list[CredentialExchange]:
        return _filtered(self.wallet.credentials, filters)

    @_call
    async def send_credential_request(self, cred_ex_id: str) -> CredentialExchange:
        record = self._in_state(self.wallet._credential(cred_ex_id), "offer-received")
        connection = self._connection(record.connection_id)
        record = self.wallet.credential(cred_ex_id, state="request-sent")
        self.wallet.world.post(connection.other, connection.other.on_credential_request, record.thread_id)
        return record

    @_call
    async def issue_credential(self, cred_ex_id: str) -> CredentialExchange:
        self._in_state(self.wallet._credential(cred_ex_id), "request-received")
        await self.wallet.issue(cred_ex_id)
        return self.wallet._credential(cred_ex_id)

    @_call
    async def store_credential(self, cred_ex_id: str, *, credential_id: str = "") -> CredentialExchange:
        wallet = self.wallet
        record = self._in_state(wallet._credential(cred_ex_id), "credential-received")
        values, cred_def_id = wallet.arrived[cred_ex_id]
        referent = credential_id or uuid.uuid4().hex
        wallet.held[referent] = HeldCredential(
            referent, SCHEMA_ID, cred_def_id, record.rev_reg_id, record.cred_rev_id, values
        )
        other = self._connection(record.connection_id).other
        wallet.world.post(other, other.on_credential_ack, record.thread_id)
        return wallet.credential(cred_ex_id, state="done", credential_id=referent)

    @_call
    async def credential_problem_report(self, cred_ex_id: str, description: str) -> None:
        record = self.wallet.credential(cred_ex_id, state="abandoned")
        self._problem(record.connection_id, record.thread_id, description)

    @_call
    async def delete_credential_record(self, cred_ex_id: str) -> None:
        self.wallet._credential(cred_ex_id)
        del self.wallet.credentials[cred_ex_id]

    @_call
    async def list_credentials(self) -> list[HeldCredential]:
        return list(self.wallet.held.values())

    @_call
    async def get_credential(self, credential_id: str) -> HeldCredential:
        if credential_id not in self.wallet.held:
            raise NotFoundError("not_found", "ACA-Py answered 404.")
        return self.wallet.held[credential_id]

    @_call
    async def delete_credential(self, credential_id: str) -> None:
        self.wallet.held.pop(credential_id, None)

    @_call
    async def revoke(self, cred_ex_id: str, *, connection_id: str = "", comment: str = "") -> None:
        record = self.wallet._credential(cred_ex_id)
        bits = self.wallet.lists[record.rev_reg_id]
        bits[int(record.cred_rev_id)] = 1
        if self.wallet.published.get(record.rev_reg_id) != bits:
            await self.wallet.publish_list(record.rev_reg_id)
        if self.wallet.published.get(record.rev_reg_id) != bits:
            raise AgentError("not_published", "The revocation is not published yet.", "Revoke again.")
        if connection_id:
            other = self._connection(connection_id).other
            self.wallet.world.post(other, _notice, other)

    # Presenting and verifying

    @_call
    async def send_proposal(self, connection_id: str, proposal: Mapping[str, Any]) -> PresentationExchange:
        connection = self._connection(connection_id)
        record = _presentation(uuid.uuid4().hex, connection_id, "prover", "proposal-sent", dict(proposal))
        self.wallet.presentations[record.pres_ex_id] = record
        content = (record.thread_id, connection.other_id, copy.deepcopy(dict(proposal)))
        self.wallet.world.post(connection.other, connection.other.on_proposal, *content)
        return record

    @_call
    async def send_bound_request(self, pres_ex_id: str) -> PresentationExchange:
        record = self._in_state(self.wallet._presentation(pres_ex_id), "proposal-received")
        bound = {"name": "proof-request", "version": "1.0", "nonce": str(secrets.randbits(80))}
        request = self.wallet.request_from(copy.deepcopy(record.proposal) | bound)
        record = self.wallet.presentation_exchange(pres_ex_id, state="request-sent", request=request)
        connection = self._connection(record.connection_id)
        content = (record.thread_id, connection.other_id, copy.deepcopy(request))
        self.wallet.world.post(connection.other, connection.other.on_request, *content)
        return record

    @_call
    async def presentation_record(self, pres_ex_id: str) -> PresentationExchange:
        return self.wallet._presentation(pres_ex_id)

    @_call
    async def presentation_records(self, **filters: str) -> list[PresentationExchange]:
        return _filtered(self.wallet.presentations, filters)

    @_call
    async def send_presentation(
        self, pres_ex_id: str, *, attributes: Mapping[str, str], predicates: Mapping[str, str]
    ) -> PresentationExchange:
        wallet = self.wallet
        record = self._in_state(wallet._presentation(pres_ex_id), "request-received")
        made = wallet.presentation
        if made is None:
            made = await self._prove(record.request, {**attributes, **predicates})
        wallet.sent.append(made)
        connection = self._connection(record.connection_id)
        record = wallet.presentation_exchange(pres_ex_id, state="presentation-sent", presentation=made)
        wallet.world.post(connection.other, connection.other.on_presentation, record.thread_id, made)
        return record

    async def _prove(self, request: dict[str, Any], referents: Mapping[str, str]) -> dict[str, Any]:
        """An honest proof, or ACA-Py's refusal: it cannot prove what is not so."""
        wallet, used = self.wallet, {}
        for referent, credential_id in referents.items():
            used[referent.partition(".")[0]] = wallet.held[credential_id]
        for spec_of, spec in request["requested_predicates"].items():
            value = used[spec_of.partition(".")[0]].attributes[spec["name"]]
            if int(value) < spec["p_value"]:
                raise AgentError("refused", "ACA-Py answered 400 to POST send-presentation.")
        made = present(request, {item: held.attributes for item, held in used.items()})
        for item, identifier in zip(sorted(used), made["identifiers"], strict=True):
            held = used[item]
            to = request.get("non_revoked", {}).get("to", int(time.time()))
            if wallet.service is None:
                raise AgentError("failed", "ACA-Py answered 500.")
            listed = await wallet.service.revocation_list(held.rev_reg_id, to)
            if listed["revocationList"][int(held.cred_rev_id)] == 1:
                raise AgentError("refused", "ACA-Py answered 400 to POST send-presentation.")
            identifier |= {"rev_reg_id": held.rev_reg_id, "timestamp": listed["timestamp"]}
        wallet.world.proofs[digest(made)] = digest(request)
        return made

    @_call
    async def resend_presentation(self, pres_ex_id: str) -> None:
        record = self.wallet._presentation(pres_ex_id)
        if record.state == "presentation-sent":
            other = self._connection(record.connection_id).other
            self.wallet.world.post(other, other.on_presentation, record.thread_id, record.presentation)

    @_call
    async def verify_presentation(self, pres_ex_id: str) -> PresentationExchange:
        record = self._in_state(self.wallet._presentation(pres_ex_id), "presentation-received")
        holds = self.wallet.world.proofs.get(digest(record.presentation)) == digest(record.request)
        other = self._connection(record.connection_id).other
        self.wallet.world.post(other, other.on_presentation_ack, record.thread_id)
        return self.wallet.presentation_exchange(pres_ex_id, state="done", verified=holds)

    @_call
    async def presentation_problem_report(self, pres_ex_id: str, description: str) -> None:
        record = self.wallet.presentation_exchange(pres_ex_id, state="abandoned")
        self._problem(record.connection_id, record.thread_id, description)

    def _problem(self, connection_id: str, thread_id: str, description: str) -> None:
        other = self._connection(connection_id).other
        self.wallet.world.post(other, other.on_problem, thread_id, description)

    def _in_state[T: (CredentialExchange, PresentationExchange)](self, record: T, wanted: str) -> T:
        if record.state != wanted:
            raise ConflictError("wrong_state", f"ACA-Py answered 400: in {record.state} state.")
        return record


async def _notice(wallet: Wallet) -> None:
    if wallet.service is not None:
        wallet.service.deliver("revocation-notification-v2", {"state": "received", "comment": ""})


def _filtered(records: Mapping[str, Any], filters: Mapping[str, str]) -> list[Any]:
    """Newest first, as `AdminClient` asks for."""
    found = [
        record
        for record in records.values()
        if all(getattr(record, name) == value for name, value in filters.items() if value)
    ]
    return found[::-1]

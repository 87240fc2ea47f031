from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import base58
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.errors import CairnError
from agent.net.did_web import DidResolver
from agent.net.objects import ObjectResolver
from tests.unit.net.fakes import Network, answer
from trust_registry import keys, objects
from trust_registry.errors import RegistryError, RegistryUnreachable

DID = "did:web:uni.example"
SCHEMA = {"issuerId": DID, "name": "S", "version": "1", "attrNames": ["a"]}
TAILS = b"tails" * 100
TAILS_HASH = base58.b58encode(hashlib.sha256(TAILS).digest()).decode()
REVREG = {
    "issuerId": DID,
    "value": {"tailsHash": TAILS_HASH, "tailsLocation": f"https://uni.example/tails/hash/{TAILS_HASH}"},
}


@dataclass
class FakeMirror:
    """`trust_registry.client.RegistryClient` as far as `agent.net.objects` knows it."""

    objects: dict[str, str] = field(default_factory=dict)
    lists: dict[str, str] = field(default_factory=dict)
    tails: dict[str, bytes] = field(default_factory=dict)
    bindings: list[dict[str, Any]] = field(default_factory=list)
    down: bool = False
    asked: list[str] = field(default_factory=list)

    def _find[Value](self, table: dict[str, Value], name: str) -> Value:
        self.asked.append(name)
        if self.down:
            raise RegistryUnreachable("down")
        if name not in table:
            raise RegistryError("not_found", "no", status=404)
        return table[name]

    async def issuer(self, did: str) -> dict[str, Any]:
        return self._find({DID: {"did": DID, "bindings": self.bindings}}, did)

    async def get_object(self, identifier: str) -> str:
        return self._find(self.objects, identifier)

    async def get_revocation_list(self, identifier: str, at: int | None = None) -> str:
        return self._find(self.lists, identifier)

    async def get_tails(self, name: str) -> bytes:
        return self._find(self.tails, name)


class Issuer:
    """uni.example: a key, a DID document, and what it serves by request target."""

    def __init__(self) -> None:
        self.key = Ed25519PrivateKey.generate()
        self.network, self.mirror, self.clock = Network(), FakeMirror(), [0.0]
        self.served: dict[str, bytes] = {}
        self.network.site("uni.example", self._answer)
        self.publish_key(self.key)
        fetcher = self.network.fetcher()
        dids = DidResolver(fetcher, clock=lambda: self.clock[0])
        self.resolver = ObjectResolver(fetcher, dids, self.mirror, clock=lambda: self.clock[0])

    def publish_key(self, key: Ed25519PrivateKey) -> None:
        document = keys.did_document(DID, key.public_key().public_bytes_raw())
        self.served["/.well-known/did.json"] = json.dumps(document).encode()

    def sign(
        self, kind: str, identifier: str, content: dict[str, Any], key: Ed25519PrivateKey | None = None
    ) -> str:
        body = objects.payload(kind, identifier, content, 1)
        data = objects.signing_input(objects.header(f"{DID}#key-1"), body)
        return objects.assemble(data, (key or self.key).sign(data))

    def serve(self, kind: str, content: dict[str, Any], jws: str | None = None) -> str:
        identifier = objects.object_id(DID, kind, content)
        path = identifier.removeprefix(DID)
        self.served[path] = (jws or self.sign(kind, identifier, content)).encode()
        return identifier

    def rev_list(self, rev_reg_id: str, timestamp: int, bits: list[int]) -> str:
        content = {"issuerId": DID, "revRegDefId": rev_reg_id, "revocationList": bits, "timestamp": timestamp}
        return self.sign("REVLIST", rev_reg_id, content)

    def serve_list(self, rev_reg_id: str, jws: str) -> None:
        sha = rev_reg_id.rsplit("/", 1)[1]
        self.served[f"/anoncreds/v1/REVLIST/{sha}"] = jws.encode()

    def go_offline(self) -> None:
        self.network.refusing.add("93.184.215.14")

    def bind(self, key: Ed25519PrivateKey, *, revoked: Any = None) -> None:
        jwk = keys.jwk_from_raw(key.public_key().public_bytes_raw())
        self.mirror.bindings.append({"jwk": jwk, "revoked": revoked})

    def _answer(self, target: str) -> bytes:
        body = self.served.get(target.partition("?")[0])
        return answer(b"", status=404) if body is None else answer(body)


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


async def code_of(call: Any) -> str:
    with pytest.raises(CairnError) as caught:
        await call
    return f"{type(caught.value).__name__} {caught.value.code}"


async def test_an_object_of_its_issuer_is_verified_and_remembered(issuer: Issuer) -> None:
    identifier = issuer.serve("SCHEMA", SCHEMA)
    found = await issuer.resolver.get(identifier)
    assert found.signed.content == SCHEMA
    assert (found.source, found.key) == ("issuer", "did_document")
    asked = len(issuer.network.requests)
    assert await issuer.resolver.get(identifier) is found
    assert len(issuer.network.requests) == asked
    assert issuer.mirror.asked == []


async def test_wrong_hash(issuer: Issuer) -> None:
    identifier = objects.object_id(DID, "SCHEMA", SCHEMA)
    issuer.serve("SCHEMA", SCHEMA, issuer.sign("SCHEMA", identifier, SCHEMA | {"attrNames": ["a", "evil"]}))
    assert await code_of(issuer.resolver.get(identifier)) == "UntrustedError wrong_hash"


async def test_wrong_signature(issuer: Issuer) -> None:
    identifier = objects.object_id(DID, "SCHEMA", SCHEMA)
    issuer.serve("SCHEMA", SCHEMA, issuer.sign("SCHEMA", identifier, SCHEMA, Ed25519PrivateKey.generate()))
    assert await code_of(issuer.resolver.get(identifier)) == "UntrustedError bad_signature"


async def test_another_object_in_its_place(issuer: Issuer) -> None:
    other = issuer.serve("SCHEMA", SCHEMA | {"version": "2"})
    identifier = issuer.serve("SCHEMA", SCHEMA, issuer.served[other.removeprefix(DID)].decode())
    assert await code_of(issuer.resolver.get(identifier)) == "UntrustedError wrong_id"


@pytest.mark.parametrize("body", [b"", b"a.b", b"{}", b"\xff" * 40])
async def test_garbage(issuer: Issuer, body: bytes) -> None:
    identifier = issuer.serve("SCHEMA", SCHEMA)
    issuer.served[identifier.removeprefix(DID)] = body
    assert await code_of(issuer.resolver.get(identifier)) == "UntrustedError malformed"


@pytest.mark.parametrize("identifier", ["", "did:web:uni.example", f"{DID}/anoncreds/v1/REVLIST/{'0' * 64}"])
async def test_ids_that_are_none(issuer: Issuer, identifier: str) -> None:
    assert await code_of(issuer.resolver.get(identifier)) == "InputError bad_object_id"


async def test_offline_issuer_by_mirror_and_pinned_key(issuer: Issuer) -> None:
    identifier = objects.object_id(DID, "SCHEMA", SCHEMA)
    issuer.mirror.objects[identifier] = issuer.sign("SCHEMA", identifier, SCHEMA)
    issuer.go_offline()
    assert await code_of(issuer.resolver.get(identifier)) == "UnreachableError unreachable"
    issuer.bind(issuer.key)
    found = await issuer.resolver.get(identifier)
    assert (found.source, found.key) == ("mirror", "pinned")


async def test_a_revoked_or_foreign_pinned_key_does_not_count(issuer: Issuer) -> None:
    identifier = objects.object_id(DID, "SCHEMA", SCHEMA)
    issuer.mirror.objects[identifier] = issuer.sign("SCHEMA", identifier, SCHEMA)
    issuer.go_offline()
    issuer.bind(issuer.key, revoked={"at": "2026-01-01", "reason": "stolen"})
    assert await code_of(issuer.resolver.get(identifier)) == "UnreachableError unreachable"
    issuer.bind(Ed25519PrivateKey.generate())
    assert await code_of(issuer.resolver.get(identifier)) == "UntrustedError bad_signature"


async def test_an_old_key_counts_while_it_is_pinned(issuer: Issuer) -> None:
    identifier = issuer.serve("SCHEMA", SCHEMA)
    issuer.publish_key(Ed25519PrivateKey.generate())  # rotated since
    assert await code_of(issuer.resolver.get(identifier)) == "UntrustedError bad_signature"
    issuer.bind(issuer.key)
    assert (await issuer.resolver.get(identifier)).key == "pinned"


async def test_a_lying_mirror(issuer: Issuer) -> None:
    identifier = objects.object_id(DID, "SCHEMA", SCHEMA)
    issuer.mirror.objects[identifier] = issuer.sign(
        "SCHEMA", identifier, SCHEMA, Ed25519PrivateKey.generate()
    )
    assert await code_of(issuer.resolver.get(identifier)) == "UntrustedError bad_signature"


async def test_nobody_answers(issuer: Issuer) -> None:
    identifier = issuer.serve("SCHEMA", SCHEMA)
    issuer.go_offline()
    issuer.mirror.down = True
    assert await code_of(issuer.resolver.get(identifier)) == "UnreachableError unreachable"


async def test_nobody_has_it(issuer: Issuer) -> None:
    identifier = objects.object_id(DID, "SCHEMA", SCHEMA)
    assert await code_of(issuer.resolver.get(identifier)) == "NotFoundError object_not_found"


async def test_the_newest_list_is_always_fetched(issuer: Issuer) -> None:
    rev_reg = issuer.serve("REVREG", REVREG)
    issuer.serve_list(rev_reg, issuer.rev_list(rev_reg, 100, [0, 0]))
    assert (await issuer.resolver.revocation_list(rev_reg)).signed.timestamp == 100
    issuer.serve_list(rev_reg, issuer.rev_list(rev_reg, 200, [0, 1]))
    found = await issuer.resolver.revocation_list(rev_reg)
    assert found.signed.content["revocationList"] == [0, 1]


async def test_a_list_does_not_go_back(issuer: Issuer) -> None:
    rev_reg = issuer.serve("REVREG", REVREG)
    issuer.serve_list(rev_reg, issuer.rev_list(rev_reg, 200, [0, 1]))
    await issuer.resolver.revocation_list(rev_reg)
    issuer.bind(issuer.key)
    issuer.mirror.lists[rev_reg] = issuer.rev_list(rev_reg, 100, [0, 0])
    issuer.go_offline()
    assert (await issuer.resolver.revocation_list(rev_reg)).signed.timestamp == 200
    assert (await issuer.resolver.revocation_list(rev_reg, at=300)).signed.timestamp == 200
    # An older point in time is a fair question.
    assert (await issuer.resolver.revocation_list(rev_reg, at=150)).signed.timestamp == 100


async def test_one_proof_asks_once(issuer: Issuer) -> None:
    rev_reg = issuer.serve("REVREG", REVREG)
    issuer.serve_list(rev_reg, issuer.rev_list(rev_reg, 100, [0, 0]))
    await issuer.resolver.revocation_list(rev_reg, at=150)
    asked = len(issuer.network.requests)
    await issuer.resolver.revocation_list(rev_reg, at=150)
    assert len(issuer.network.requests) == asked
    issuer.clock[0] = 6.0
    await issuer.resolver.revocation_list(rev_reg, at=150)
    assert len(issuer.network.requests) == asked + 1
    assert issuer.network.requests[-1][1].split(" ")[1].endswith("?at=150")
    issuer.resolver.forget_lists()
    await issuer.resolver.revocation_list(rev_reg, at=150)
    assert len(issuer.network.requests) == asked + 2


async def test_a_registry_does_not_pass_for_its_list(issuer: Issuer) -> None:
    rev_reg = issuer.serve("REVREG", REVREG)
    issuer.serve_list(rev_reg, issuer.served[rev_reg.removeprefix(DID)].decode())
    assert await code_of(issuer.resolver.revocation_list(rev_reg)) == "UntrustedError wrong_id"


async def test_a_list_signed_by_somebody_else(issuer: Issuer) -> None:
    rev_reg = issuer.serve("REVREG", REVREG)
    honest = issuer.key
    issuer.key = Ed25519PrivateKey.generate()
    issuer.serve_list(rev_reg, issuer.rev_list(rev_reg, 100, [0, 0]))
    issuer.key = honest
    assert await code_of(issuer.resolver.revocation_list(rev_reg)) == "UntrustedError bad_signature"


@pytest.mark.parametrize("online", [True, False])
async def test_tails(issuer: Issuer, online: bool) -> None:
    rev_reg = issuer.serve("REVREG", REVREG)
    await issuer.resolver.get(rev_reg)
    issuer.served[f"/tails/hash/{TAILS_HASH}"] = TAILS
    issuer.mirror.tails[TAILS_HASH] = TAILS
    if not online:
        issuer.go_offline()
    assert await issuer.resolver.tails(rev_reg) == TAILS
    assert issuer.mirror.asked == ([] if online else [TAILS_HASH])


async def test_tails_with_another_hash(issuer: Issuer) -> None:
    rev_reg = issuer.serve("REVREG", REVREG)
    issuer.served[f"/tails/hash/{TAILS_HASH}"] = TAILS + b"!"
    assert await code_of(issuer.resolver.tails(rev_reg)) == "UntrustedError wrong_hash"


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value | {"tailsHash": "../../etc/passwd"},
        lambda value: value | {"tailsLocation": 5},
        lambda _value: None,
    ],
)
async def test_a_registry_without_usable_tails(issuer: Issuer, change: Callable[[Any], Any]) -> None:
    rev_reg = issuer.serve("REVREG", REVREG | {"value": change(REVREG["value"])})
    assert await code_of(issuer.resolver.tails(rev_reg)) == "UntrustedError malformed"


async def test_a_tails_location_inside_a_private_network(issuer: Issuer) -> None:
    value = {"tailsHash": TAILS_HASH, "tailsLocation": "http://127.0.0.1:9000/secret"}
    rev_reg = issuer.serve("REVREG", REVREG | {"value": value})
    assert await code_of(issuer.resolver.tails(rev_reg)) == "UntrustedError private_address"


async def test_concurrent_questions(issuer: Issuer) -> None:
    identifier = issuer.serve("SCHEMA", SCHEMA)
    found = await asyncio.gather(*(issuer.resolver.get(identifier) for _ in range(30)))
    assert {item.signed.id for item in found} == {identifier}

"""The signing route inside a real ACA-Py: what it signs, with which key, and what it cannot be made to sign."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from agent.errors import CairnError, NotFoundError
from tests.integration.acapy_pair import Agent, World, raw_key, world_and_agents
from trust_registry.keys import multikey_decode
from trust_registry.strict_json import b64url_decode

ROUTE = "/cairn/data-integrity/sign"
PROOF, DOCUMENT = '_:c14n0 <urn:p> "é" .\n', "<urn:s> <urn:p> <urn:o> .\n"


@pytest.fixture(scope="module")
async def alone(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[World, Agent]]:
    async with world_and_agents(tmp_path_factory.mktemp("signing"), "issuer") as (world, agents):
        yield world, agents["issuer"]


def hash_data(proof: str = PROOF, document: str = DOCUMENT) -> bytes:
    return b"".join(hashlib.sha256(text.encode()).digest() for text in (proof, document))


async def test_a_did_web_and_a_did_key_sign(alone: tuple[World, Agent]) -> None:
    world, issuer = alone
    did_web = world.did("issuer")
    made = await issuer.admin.create_did_web(did_web)
    did_key = await issuer.admin.create_did_key()
    multikey = did_key.removeprefix("did:key:")
    assert await issuer.admin.create_did_key() != did_key
    for did, method, key in (
        (did_web, f"{did_web}#key-1", raw_key(made.verkey)),
        (did_web, f"{did_web}#key-2020", raw_key(made.verkey)),
        (did_key, f"{did_key}#{multikey}", multikey_decode(multikey)),
    ):
        signature = await issuer.admin.sign_data_integrity(
            did,
            verification_method=method,
            proof_canonical=PROOF.encode(),
            document_canonical=DOCUMENT.encode(),
        )
        public = Ed25519PublicKey.from_public_bytes(key)
        public.verify(signature, hash_data())
        with pytest.raises(InvalidSignature):
            public.verify(signature, hash_data(DOCUMENT, PROOF))


async def test_no_text_is_signed_as_it_is(alone: tuple[World, Agent]) -> None:
    """A JWS would be signed over ``header.payload``: no way of giving the texts leads there."""
    world, issuer = alone
    did = world.did("issuer")
    made = await issuer.admin.create_did_web(did)
    public = Ed25519PublicKey.from_public_bytes(raw_key(made.verkey))
    jws = "eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJ4In0"
    for proof, document in ((jws, "x"), ("x", jws), tuple(jws.split("."))):
        signature = await issuer.admin.sign_data_integrity(
            did,
            verification_method=f"{did}#key-1",
            proof_canonical=proof.encode(),
            document_canonical=document.encode(),
        )
        public.verify(signature, hash_data(proof, document))
        for text in (jws, proof, document, proof + document):
            with pytest.raises(InvalidSignature):
                public.verify(signature, text.encode())


async def test_what_the_route_refuses(alone: tuple[World, Agent]) -> None:
    world, issuer = alone
    did = world.did("issuer")
    await issuer.admin.create_did_web(did)
    settings = issuer.process.settings
    good = {"did": did, "proof_canonical": PROOF, "document_canonical": DOCUMENT}
    async with httpx.AsyncClient(base_url=settings.admin_url, trust_env=False) as http:

        async def status(content: Any, key: str = settings.admin_key) -> int:
            kind = {"content": content} if isinstance(content, bytes) else {"json": content}
            answer = await http.post(ROUTE, headers={"x-api-key": key}, **kind)
            if answer.status_code == 200:
                assert len(b64url_decode(answer.json()["signature"])) == 64
            return answer.status_code

        assert await status(good) == 200
        assert await status(good | {"verification_method": f"{did}#key-1"}) == 200
        assert await status(good, secrets.token_hex(16)) == 401
        assert await status(good | {"did": world.did("somebody")}) == 404
        assert await status(good | {"did": "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"}) == 404
        for change in (
            {"verification_method": f"{did}#key-2"},
            {"verification_method": world.did("somebody") + "#key-1"},
            {"verification_method": ["x"]},
            {"did": ""},
            {"did": None},
            {"did": "did:web:" + "x" * 600},
            {"proof_canonical": ""},
            {"document_canonical": ""},
            {"document_canonical": 5},
            {"proof_canonical": None},
            {"document_canonical": "x" * (1024 * 1024 + 1)},
            {"document_canonical": "é" * (512 * 1024 + 1)},
        ):
            assert await status(good | change) == 400, change.keys()
        for raw in (b"", b"{", b"[]", b'"x"', b"\xff", b'{"did":"x","proof_canonical":"\\ud800"}'):
            assert await status(raw) == 400, raw
        assert await status(b" " * (5 * 1024 * 1024)) in (400, 413)


async def test_failures_are_ours(alone: tuple[World, Agent]) -> None:
    _, issuer = alone
    texts = {"proof_canonical": b"x", "document_canonical": b"y"}
    with pytest.raises(NotFoundError):
        await issuer.admin.sign_data_integrity("did:web:x", verification_method="", **texts)
    with pytest.raises(CairnError) as caught:
        await issuer.admin.sign_data_integrity(
            "did:web:x", verification_method="", **texts | {"document_canonical": bytes(1024 * 1024 + 1)}
        )
    assert caught.value.code == "too_large"

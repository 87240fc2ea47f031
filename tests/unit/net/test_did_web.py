from __future__ import annotations

import json

import pytest

from agent.errors import CairnError
from agent.net.did_web import DidResolver, read_document
from tests.unit.net.fakes import Network, answer
from trust_registry.keys import did_document

DID = "did:web:uni.example:issuers:a"
DOCUMENT = did_document(DID, bytes(range(32)))


def resolver(network: Network, clock: list[float]) -> DidResolver:
    return DidResolver(network.fetcher(), clock=lambda: clock[0])


async def test_document_and_keys_and_memory() -> None:
    network, clock = Network(), [0.0]
    network.site("uni.example", answer(json.dumps(DOCUMENT).encode()))
    dids = resolver(network, clock)
    found = await dids.resolve(DID)
    assert found.document == DOCUMENT
    assert set(found.keys) == {f"{DID}#key-1", f"{DID}#key-2020"}
    assert network.requests[0][1].startswith("GET /issuers/a/did.json ")
    clock[0] = 59.0
    await dids.resolve(DID)
    assert len(network.requests) == 1
    clock[0] = 61.0
    await dids.resolve(DID)
    assert len(network.requests) == 2
    dids.forget(DID)
    await dids.resolve(DID)
    assert len(network.requests) == 3


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (answer(b"", status=404), "no_did_document"),
        (answer(b"", status=500), "unreachable"),
        (answer(b"<html>"), "not_json"),
        (answer(json.dumps(DOCUMENT | {"id": "did:web:other.example"}).encode()), "bad_did_document"),
        (answer(b"[1]"), "bad_did_document"),
        (answer(b" " * 70_000), "too_large"),
    ],
)
async def test_failures_have_codes_and_are_not_remembered(reply: bytes, code: str) -> None:
    network = Network()
    network.site("uni.example", reply)
    dids = resolver(network, [0.0])
    for _ in range(2):
        with pytest.raises(CairnError) as caught:
            await dids.resolve(DID)
        assert caught.value.code == code
    assert len(network.requests) == 2


@pytest.mark.parametrize(
    "did", ["did:key:z6Mk", "did:web:", "did:web:user@uni.example", "did:web:10.0.0.1", "x"]
)
async def test_identifiers_that_are_no_did_web(did: str) -> None:
    network = Network()
    with pytest.raises(CairnError, match="bad_did"):
        await resolver(network, [0.0]).resolve(did)
    assert network.connected == []


def test_reading_is_pure() -> None:
    assert read_document(DID, json.dumps(DOCUMENT).encode()).did == DID

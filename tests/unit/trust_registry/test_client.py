"""The client against the real application, and against registries that fail or lie."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.unit.trust_registry.samples import CIT, MTU, MTU_ID, NOW, facts, query
from tests.unit.trust_registry.test_api import NEW, TAILS, TAILS_NAME
from trust_registry import bindings
from trust_registry.api import create_app
from trust_registry.client import RegistryClient, SchemaEntry
from trust_registry.dates import parse_date
from trust_registry.errors import RegistryError, RegistryUnreachable
from trust_registry.models import Outcome, Reason, Scope
from trust_registry.registry import Registry
from trust_registry.resolve import resolve
from trust_registry.vocabulary import SnapshotKind

DECISION = resolve(facts(), query(CIT, "2019-06-01"), now=NOW).to_json()


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[RegistryClient]:
    registry = Registry.open(tmp_path, did="did:web:localhost%3A8300", deployment=SnapshotKind.DEMO, now=NOW)
    registry.publish_schema(now=NOW)
    for issuer, institution in ((CIT, NEW["institution_id"]), (MTU, MTU_ID)):
        bindings.bind(
            registry.store,
            registry.snapshot,
            did=issuer.did,
            jwk=issuer.jwk,
            institution_id=str(institution),
            level=2,
            valid_from=parse_date("2000-01-01", "x"),
            evidence="test",
            now=NOW,
        )
    transport = httpx.ASGITransport(create_app(registry, clock=lambda: NOW))
    async with httpx.AsyncClient(transport=transport) as http:
        yield RegistryClient("http://localhost:8300/", http)
    registry.close()


def answering(handler: Callable[[httpx.Request], httpx.Response]) -> RegistryClient:
    return RegistryClient("http://registry", httpx.AsyncClient(transport=httpx.MockTransport(handler)))


async def test_everything_over_the_wire(client: RegistryClient) -> None:
    decision = await client.resolve(query(MTU, "2024-05-01", eqf=6))
    assert decision.outcome is Outcome.ASSURED_OFFICIAL
    assert decision.institution is not None
    assert decision.institution.id == MTU_ID
    assert (await client.issuer(MTU.did))["bindings"][0]["jwk"] == MTU.jwk
    (schema,) = await client.schemas()
    assert isinstance(schema, SchemaEntry)
    assert await client.get_object(schema.id)
    assert (await client.status()).seq == 1

    name, jws = MTU.schema()
    await client.put_object(name, jws)
    assert await client.get_object(name) == jws
    registry_id, _ = MTU.sign("REVREG", {"issuerId": MTU.did})
    listed = MTU.sign("REVLIST", {"revRegDefId": registry_id, "timestamp": 5}, identifier=registry_id)[1]
    await client.put_revocation_list(registry_id, listed)
    assert await client.get_revocation_list(registry_id) == listed
    assert await client.get_revocation_list(registry_id, at=6) == listed
    await client.put_tails(TAILS_NAME, TAILS)
    assert await client.get_tails(TAILS_NAME) == TAILS


async def test_a_refusal_keeps_its_code(client: RegistryClient) -> None:
    for call, status, code in (
        (client.issuer("did:web:nobody.example"), 404, "not_found"),
        (client.get_object(MTU.schema()[0]), 404, "not_found"),
        (client.put_object(MTU.schema()[0], CIT.schema()[1]), 422, "wrong_issuer"),
        (client.put_tails(TAILS_NAME, b"other"), 422, "wrong_hash"),
    ):
        with pytest.raises(RegistryError) as caught:
            await call
        assert (caught.value.status, caught.value.code) == (status, code)


@pytest.mark.parametrize("status", [500, 502, 503, 301, 302, 304])
async def test_a_failing_registry_is_never_not_found(status: int) -> None:
    client = answering(lambda _: httpx.Response(status, json={"code": "not_found"}))
    for call in (client.resolve(query(MTU, "2022-01-01")), client.issuer(MTU.did), client.get_object("x")):
        with pytest.raises(RegistryUnreachable):
            await call


@pytest.mark.parametrize(
    "error",
    [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("garbage")],
)
async def test_no_answer(error: httpx.HTTPError) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(RegistryUnreachable):
        await answering(fail).resolve(query(MTU, "2022-01-01"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        json.dumps(DECISION | {"outcome": "excellent"}).encode(),
        json.dumps(DECISION | {"version": 2}).encode(),
        json.dumps(DECISION | {"evidence": [{"kind": "x", "unknown": 1}]}).encode(),
        json.dumps(DECISION | {"snapshot": None}).encode(),
        json.dumps(DECISION | {"snapshot": DECISION["snapshot"] | {"seq": "5"}}).encode(),
        json.dumps(DECISION | {"authority_chain": [{"role": "report", "name": ["x"]}]}).encode(),
        b" " * (1024 * 1024 + 1),
        b'{"version": 1, "version": 1}',
        b"[" * 100_000,
    ],
)
async def test_an_answer_that_is_not_one(body: bytes) -> None:
    with pytest.raises(RegistryUnreachable):
        await answering(lambda _: httpx.Response(200, content=body)).resolve(query(MTU, "2022-01-01"))


async def test_a_problem_of_any_shape() -> None:
    for body in (b"", b"<html>", b"[]", b'{"code": 5, "detail": []}', b'{"code": "A B\\u001b"}'):
        with pytest.raises(RegistryError) as caught:
            await answering(lambda _, body=body: httpx.Response(403, content=body)).issuer("x")  # type: ignore[misc]
        assert (caught.value.status, caught.value.code) == (403, "refused")


async def test_rollback_and_equivocation_are_noticed() -> None:
    served: dict[str, Any] = {}

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=DECISION | {"snapshot": DECISION["snapshot"] | served})

    client = answering(answer)
    question = query(CIT, "2019-06-01")
    for seq, digest, good in (
        (5, "a", True),
        (5, "a", True),
        (4, "a", False),
        (5, "b", False),
        (6, "b", True),
    ):
        served.update(seq=seq, sha256=digest)
        decision = await client.resolve(question)
        if good:
            assert decision.outcome is Outcome.ASSURED_OFFICIAL
        else:
            assert decision.outcome is Outcome.INDETERMINATE
            assert Reason.SNAPSHOT_ROLLBACK in decision.reasons
            assert (decision.scope, decision.authority_chain) == (Scope.NONE, ())

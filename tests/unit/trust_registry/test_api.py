"""The HTTP edge, through httpx's ASGI transport: no socket is opened."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

import base58
import httpx
import pytest

from tests.unit.trust_registry.samples import CIT, CIT_ID, MILL, MTU, MTU_ID, NOW, Issuer
from trust_registry import bindings, keys, objects
from trust_registry.api import create_app
from trust_registry.models import Decision, Outcome
from trust_registry.registry import Registry
from trust_registry.vocabulary import SnapshotKind

TAILS = b"\x00\x02tails"
TAILS_NAME = base58.b58encode(hashlib.sha256(TAILS).digest()).decode()


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    opened = Registry.open(tmp_path, did="did:web:localhost%3A8300", deployment=SnapshotKind.DEMO, now=NOW)
    opened.publish_schema(now=NOW)
    bindings.bind(
        opened.store,
        opened.snapshot,
        did=MTU.did,
        jwk=MTU.jwk,
        institution_id=MTU_ID,
        level=2,
        valid_from=date(2021, 1, 1),
        evidence="operator's note",
        now=NOW,
    )
    yield opened
    opened.close()


@pytest.fixture
async def http(registry: Registry) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(registry, clock=lambda: NOW))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8300") as client:
        yield client


def object_url(identifier: str, kind: str = "objects") -> str:
    return f"/v1/{kind}/{quote(identifier, safe='')}"


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert response.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert (response.status_code, document["status"], document["code"]) == (status, status, code)
    assert set(document) == {"type", "title", "status", "code", "detail", "hint"}
    return document


async def test_resolve(http: httpx.AsyncClient) -> None:
    params = {"did": MTU.did, "key": MTU.thumbprint, "awarded_on": "2024-05-01", "eqf": "6", "country": "IE"}
    response = await http.get("/v1/resolve", params=params)
    assert response.status_code == 200
    decision = Decision.from_json(response.json())
    assert decision.outcome is Outcome.ASSURED_OFFICIAL
    assert set(response.json()) == {
        "version",
        "outcome",
        "reasons",
        "evidence",
        "authority_chain",
        "institution",
        "scope",
        "snapshot",
    }
    assert response.json()["institution"]["countries"] == ["IE"]


async def test_an_unknown_issuer_is_an_answer_and_not_a_404(http: httpx.AsyncClient) -> None:
    response = await http.get("/v1/resolve", params={"did": MILL.did, "awarded_on": "2024-05-01"})
    assert response.status_code == 200
    assert response.json()["outcome"] == "unknown_issuer"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ([("did", MTU.did), ("awarded_on", "2024-02-30")], "bad_date"),
        ([("did", MTU.did), ("awarded_on", "")], "bad_date"),
        ([("did", MTU.did), ("awarded_on", "2024-05-01"), ("known_at", "yesterday")], "bad_time"),
        ([("did", MTU.did)], "missing_parameter"),
        ([("did", MTU.did), ("awarded_on", "2024-05-01"), ("kown_at", "x")], "unknown_parameter"),
        (
            [("did", MTU.did), ("awarded_on", "2024-05-01"), ("awarded_on", "2020-05-01")],
            "repeated_parameter",
        ),
        ([("did", "x"), ("awarded_on", "2024-05-01")], "bad_parameter"),
    ],
)
async def test_a_question_that_cannot_be_understood(
    http: httpx.AsyncClient, params: list[tuple[str, str]], code: str
) -> None:
    problem(await http.get("/v1/resolve", params=params), 400, code)


async def test_issuers(http: httpx.AsyncClient) -> None:
    found = (await http.get(f"/v1/issuers/{quote(MTU.did, safe='')}")).json()
    assert found["did"] == MTU.did
    (one,) = found["bindings"]
    assert (one["institution_id"], one["thumbprint"], one["jwk"]) == (MTU_ID, MTU.thumbprint, MTU.jwk)
    assert "evidence" not in one
    problem(await http.get(f"/v1/issuers/{quote(MILL.did, safe='')}"), 404, "not_found")


async def test_own_did_schema_and_status(http: httpx.AsyncClient, registry: Registry) -> None:
    document = (await http.get("/.well-known/did.json")).json()
    found = keys.keys_from_did_document(document, registry.did)
    (schema,) = (await http.get("/v1/schemas")).json()["schemas"]
    assert (schema["name"], schema["version"]) == ("MicroCredential", "1.0")
    own = await http.get("/anoncreds/v1/SCHEMA/" + objects.split_object_id(schema["id"]).sha256)
    mirrored = await http.get(object_url(schema["id"]))
    assert own.headers["content-type"] == mirrored.headers["content-type"] == "application/jose"
    assert own.content == mirrored.content
    signed = objects.verify(own.content, expected_id=schema["id"], key=found[f"{registry.did}#key-1"])
    assert signed.content["name"] == "MicroCredential"
    status = (await http.get("/v1/status")).json()
    assert status["snapshot"]["freshness"] == "fresh"
    assert {source["file"] for source in status["sources"]} >= {"reports-illustrative.csv"}


async def test_mirrored_objects(http: httpx.AsyncClient) -> None:
    name, jws = MTU.schema()
    problem(await http.get(object_url(name)), 404, "not_found")
    for _ in range(2):
        assert (await http.put(object_url(name), content=jws)).status_code == 200
    assert (await http.get(object_url(name))).text == jws


@pytest.mark.parametrize(
    ("made", "status", "code"),
    [
        (MILL.schema(), 403, "did_not_bound"),
        (Issuer(7, MTU.did).schema(), 422, "bad_signature"),
        (MTU.sign("SCHEMA", {"issuerId": MTU.did}, identifier=MTU.schema()[0]), 422, "wrong_hash"),
        ((MTU.schema()[0], MTU.sign("SCHEMA", {"issuerId": MTU.did})[1]), 422, "wrong_id"),
        ((MTU.schema()[0], "nonsense"), 422, "malformed"),
        (("nonsense", MTU.schema()[1]), 422, "malformed"),
        ((MTU.schema()[0], "x" * (objects.OBJECT_BYTES + 1)), 413, "too_large"),
    ],
)
async def test_objects_that_the_mirror_refuses(
    http: httpx.AsyncClient, made: tuple[str, str], status: int, code: str
) -> None:
    name, jws = made
    problem(await http.put(object_url(name), content=jws), status, code)
    problem(await http.get(object_url(name)), 404, "not_found")


async def test_revocation_lists(http: httpx.AsyncClient) -> None:
    name, _ = MTU.sign("REVREG", {"issuerId": MTU.did, "tag": "t"})

    def listed(timestamp: int, bit: int) -> str:
        content = {"revRegDefId": name, "revocationList": [bit], "timestamp": timestamp}
        return MTU.sign("REVLIST", content, identifier=name)[1]

    url = object_url(name, "revlists")
    problem(await http.get(url), 404, "not_found")
    for timestamp in (100, 200):
        assert (await http.put(url, content=listed(timestamp, 0))).json()["timestamp"] == timestamp
    problem(await http.put(url, content=listed(200, 1)), 409, "list_replaced")
    assert (await http.get(url)).text == listed(200, 0)
    assert (await http.get(url, params={"at": "199"})).text == listed(100, 0)
    assert (await http.get(url, params={"at": "1"})).text == listed(100, 0)
    for spoiled in ("", "now", "-1", "1.5", "9" * 13):
        problem(await http.get(url, params={"at": spoiled}), 400, "bad_time")
    problem(await http.put(object_url(name), content=listed(100, 0)), 422, "wrong_id")


async def test_tails(http: httpx.AsyncClient) -> None:
    problem(await http.get(f"/v1/tails/{TAILS_NAME}"), 404, "not_found")
    problem(await http.put(f"/v1/tails/{TAILS_NAME}", content=TAILS + b"x"), 422, "wrong_hash")
    for _ in range(2):
        assert (await http.put(f"/v1/tails/{TAILS_NAME}", content=TAILS)).status_code == 200
    assert (await http.get(f"/v1/tails/{TAILS_NAME}")).content == TAILS


@pytest.mark.parametrize("name", ["..%2Fkey", "..%2F..%2Fetc%2Fpasswd", "%2e%2e", "token", "%00", "." * 43])
async def test_no_address_leads_to_other_files(
    http: httpx.AsyncClient, registry: Registry, name: str
) -> None:
    for method in ("GET", "PUT"):
        response = await http.request(method, f"/v1/tails/{name}", content=b"x" if method == "PUT" else None)
        assert response.status_code in {404, 405, 422}
        assert registry.token not in response.text
    assert list((registry.home / "tails").iterdir()) == []


NEW = {
    "did": CIT.did,
    "jwk": CIT.jwk,
    "institution_id": CIT_ID,
    "level": 2,
    "valid_from": "2000-01-01",
    "evidence": "test",
}


async def test_admin_binds_and_revokes(http: httpx.AsyncClient, registry: Registry) -> None:
    headers = {"authorization": f"Bearer {registry.token}"}
    made = await http.post("/v1/admin/bindings", json=NEW, headers=headers)
    assert (made.status_code, made.json()["thumbprint"]) == (201, CIT.thumbprint)
    params = {"did": CIT.did, "key": CIT.thumbprint, "awarded_on": "2019-06-01"}
    assert (await http.get("/v1/resolve", params=params)).json()["outcome"] == "assured_official"
    body = {
        "did": CIT.did,
        "thumbprint": CIT.thumbprint,
        "at": "2026-01-01T00:00:00Z",
        "reason": "compromised",
    }
    assert (await http.post("/v1/admin/revocations", json=body, headers=headers)).status_code == 201
    assert (await http.get("/v1/resolve", params=params)).json()["reasons"] == ["key_revoked"]
    problem(await http.post("/v1/admin/bindings", json=NEW, headers=headers), 409, "key_revoked")


@pytest.mark.parametrize(
    "header", [{}, {"authorization": "Bearer "}, {"authorization": "Bearer ünlike".encode()}]
)
async def test_admin_wants_the_token(http: httpx.AsyncClient, header: dict[str, Any]) -> None:
    for path in ("bindings", "revocations"):
        problem(await http.post(f"/v1/admin/{path}", json=NEW, headers=header), 401, "unauthorised")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (NEW | {"level": "2"}, 400, "bad_body"),
        (NEW | {"more": 1}, 400, "bad_body"),
        (NEW | {"valid_from": "20000101"}, 400, "bad_date"),
        (NEW | {"jwk": {"kty": "RSA"}}, 400, "bad_key"),
        (NEW | {"did": "did:web:169.254.169.254"}, 400, "bad_did"),
        (NEW | {"institution_id": "DEQARINST9"}, 404, "unknown_institution"),
        (NEW | {"did": MTU.did}, 409, "did_ambiguous"),
        ([], 400, "bad_body"),
    ],
)
async def test_bindings_that_admin_cannot_make(
    http: httpx.AsyncClient, registry: Registry, body: Any, status: int, code: str
) -> None:
    headers = {"authorization": f"Bearer {registry.token}"}
    document = problem(await http.post("/v1/admin/bindings", json=body, headers=headers), status, code)
    assert CIT.jwk["x"] not in str(document)


async def test_admin_bodies_are_bounded_and_unambiguous(http: httpx.AsyncClient, registry: Registry) -> None:
    headers = {"authorization": f"Bearer {registry.token}"}
    for body, code in ((b" " * 70_000, "too_large"), (b'{"did": "a", "did": "b"}', "bad_body")):
        response = await http.post("/v1/admin/bindings", content=body, headers=headers)
        assert response.json()["code"] == code


async def test_what_is_not_there(http: httpx.AsyncClient) -> None:
    problem(await http.get("/nowhere"), 404, "not_found")
    problem(await http.delete("/v1/schemas"), 405, "method_not_allowed")

"""EBSI's read routes, the exports for others, and the description of the interface."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest

from tests.unit.trust_registry.conftest import DID, Opener, bind_mtu, client
from tests.unit.trust_registry.samples import CIT, CIT_ID, FHJ, FHJ_ID, MILL, MTU, MTU_ID, NOW, Issuer
from tests.unit.trust_registry.test_api import problem
from trust_registry import bindings, strict_json
from trust_registry.registry import Registry
from trust_registry.signing import verify_statement
from trust_registry.vocabulary import RevocationReason, SnapshotKind
from trust_registry.web.ebsi import STATEMENT_TYPE
from trust_registry.web.exports import VC_JWT

ISSUERS = "/trusted-issuers-registry/v5/issuers"


def bind(registry: Registry, issuer: Issuer, institution: str, *, level: int = 2) -> None:
    bindings.bind(
        registry.store,
        registry.snapshot,
        did=issuer.did,
        jwk=issuer.jwk,
        institution_id=institution,
        level=level,
        valid_from=date(2000, 1, 1),
        evidence="OPERATORS-NOTE",
        now=NOW,
    )


@pytest.fixture
def several(web_registry: Registry) -> Registry:
    """MTU and FH Joanneum assured, Cork IT closed, the mill claimed only (level 0)."""
    bind(web_registry, FHJ, FHJ_ID)
    bind(web_registry, CIT, CIT_ID)
    bind(web_registry, MILL, FHJ_ID, level=0)
    return web_registry


@pytest.fixture
async def http(several: Registry) -> AsyncIterator[httpx.AsyncClient]:
    async with client(several) as opened:
        yield opened


def path(url: str) -> str:
    """An absolute address of ours, as the test's client asks for it."""
    parts = urlsplit(url)
    assert f"{parts.scheme}://{parts.netloc}" == "http://localhost:8300"
    return url


async def test_ebsi_issuers_in_pages(http: httpx.AsyncClient) -> None:
    answer = (await http.get(ISSUERS)).json()
    assert set(answer) == {"self", "items", "total", "pageSize", "links"}
    assert set(answer["links"]) == {"first", "prev", "next", "last"}
    # A claim alone (level 0) lists nobody.
    assert [item["did"] for item in answer["items"]] == sorted([MTU.did, FHJ.did, CIT.did])
    assert (answer["total"], answer["pageSize"]) == (3, 10)
    seen = []
    url = f"{ISSUERS}?page[after]=1&page[size]=2"
    for _ in range(2):
        page = (await http.get(url)).json()
        seen += [item["did"] for item in page["items"]]
        url = path(page["links"]["next"])
    assert seen == sorted([MTU.did, FHJ.did, CIT.did])
    assert page["links"]["next"] == page["links"]["last"]
    beyond = (await http.get(f"{ISSUERS}?page[after]=9&page[size]=2")).json()
    assert (beyond["items"], beyond["total"]) == ([], 3)
    for wrong in ("page[size]=0", "page[size]=51", "page[after]=0", "page[after]=x", "page=1"):
        assert (await http.get(f"{ISSUERS}?{wrong}")).status_code == 400


async def test_ebsi_from_the_list_to_a_statement_that_verifies(
    http: httpx.AsyncClient, several: Registry
) -> None:
    (item,) = [one for one in (await http.get(ISSUERS)).json()["items"] if one["did"] == MTU.did]
    issuer = (await http.get(path(item["href"]))).json()
    assert issuer == {"did": MTU.did, "attributes": f"{item['href']}/attributes", "hasAttributes": True}
    listed = (await http.get(path(issuer["attributes"]))).json()
    (entry,) = listed["items"]
    response = await http.get(path(entry["href"]))
    assert response.text == (await http.get(path(entry["href"]))).text  # the id names these very bytes
    found = response.json()
    assert set(found) == {"did", "attribute"}
    attribute = found["attribute"]
    assert set(attribute) == {"hash", "body", "issuerType", "tao", "rootTao"}
    assert attribute["hash"] == entry["id"] == hashlib.sha256(attribute["body"].encode()).hexdigest()
    assert (attribute["issuerType"], attribute["tao"], attribute["rootTao"]) == ("TI", DID, DID)
    said = verify_statement(attribute["body"], typ=STATEMENT_TYPE, key=several.key.jwk)
    assert (said["sub"], said["institution_id"], said["jwk"]) == (MTU.did, MTU_ID, MTU.jwk)
    assert "OPERATORS-NOTE" not in json.dumps(said)


async def test_ebsi_revoked_and_unknown(http: httpx.AsyncClient, several: Registry) -> None:
    url = f"{ISSUERS}/{quote(MTU.did, safe='')}/attributes"
    (before,) = (await http.get(url)).json()["items"]
    bindings.revoke_key(
        several.store, did=MTU.did, key=MTU.thumbprint, at=NOW, reason=RevocationReason.RETIRED, now=NOW
    )
    (entry,) = (await http.get(url)).json()["items"]
    assert entry["id"] != before["id"]
    assert (await http.get(entry["href"])).json()["attribute"]["issuerType"] == "Revoked"
    problem(await http.get(before["href"]), 404, "not_found")
    for did in (MILL.did, "did:web:nobody.example", "x"):
        for tail in ("", "/attributes", "/attributes/" + "0" * 64):
            problem(await http.get(f"{ISSUERS}/{quote(did, safe='')}{tail}"), 404, "not_found")


async def test_a_damaged_binding_is_not_a_shorter_list(http: httpx.AsyncClient, several: Registry) -> None:
    with closing(sqlite3.connect(several.home / "registry.db", autocommit=True)) as db:
        db.execute("UPDATE bindings SET jws = replace(jws, '.', '.A') WHERE did = ?", (MTU.did,))
    for url in (ISSUERS, f"{ISSUERS}/{quote(MTU.did, safe='')}", "/v1/exports/dcc.json"):
        problem(await http.get(url), 500, "binding_not_authentic")


async def test_exports_hold_the_assured_and_nobody_else(http: httpx.AsyncClient, several: Registry) -> None:
    credential = (await http.get("/v1/exports/recognized-entities")).json()
    assert credential["type"] == ["VerifiableCredential", "RecognizedEntityCredential"]
    assert credential["@context"][0] == "https://www.w3.org/ns/credentials/v2"
    assert credential["issuer"]["id"] == DID
    assert credential["validFrom"] == "2026-11-22T12:00:00Z"
    assert credential["validUntil"] == "2026-11-29T12:00:00Z"
    subjects = {item["id"]: item for item in credential["credentialSubject"]}
    assert set(subjects) == {MTU.did, FHJ.did}  # Cork IT is closed, the mill only claims
    assert subjects[MTU.did]["name"] == "Munster Technological University"
    assert subjects[MTU.did]["recognizedTo"] == {
        "type": "RecognizedAction",
        "action": "issue",
        "recognizedBy": DID,
    }
    dcc = (await http.get("/v1/exports/dcc.json")).json()
    assert set(dcc) == {"meta", "registry"}
    assert set(dcc["registry"]) == {MTU.did, FHJ.did}
    assert dcc["registry"][MTU.did] == {
        "name": "Munster Technological University",
        "location": "IE",
        "url": "https://data.deqar.eu/institution/7609",
    }
    # A revocation counts at once.
    bindings.revoke_key(
        several.store, did=MTU.did, key=MTU.thumbprint, at=NOW, reason=RevocationReason.COMPROMISED, now=NOW
    )
    assert set((await http.get("/v1/exports/dcc.json")).json()["registry"]) == {FHJ.did}


async def test_the_exported_credential_can_be_had_signed(http: httpx.AsyncClient, several: Registry) -> None:
    plain = (await http.get("/v1/exports/recognized-entities")).json()
    response = await http.get("/v1/exports/recognized-entities", headers={"accept": VC_JWT})
    assert response.headers["content-type"] == VC_JWT
    head, body, tail = response.text.split(".")
    header = strict_json.loads(strict_json.b64url_decode(head), max_bytes=1000)
    assert (header["alg"], header["typ"], header["kid"]) == ("EdDSA", "vc+jwt", f"{DID}#key-1")
    assert strict_json.loads(strict_json.b64url_decode(body), max_bytes=100_000) == plain
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    public = Ed25519PublicKey.from_public_bytes(several.key.ring.current.raw_public)
    public.verify(strict_json.b64url_decode(tail), f"{head}.{body}".encode())
    with pytest.raises(InvalidSignature):
        public.verify(strict_json.b64url_decode(tail), f"{head}.{body}A".encode())


@pytest.mark.parametrize(
    ("deployment", "days", "status"),
    [
        (SnapshotKind.DEMO, 0, 200),
        (SnapshotKind.DEMO, 6, 200),
        (SnapshotKind.DEMO, 8, 503),
        (SnapshotKind.DEMO, 40, 503),
        (SnapshotKind.PRODUCTION, 0, 503),
    ],
)
async def test_no_list_where_nothing_can_be_told(
    open_registry: Opener, deployment: SnapshotKind, days: int, status: int
) -> None:
    """An empty list would say that nobody is recognised."""
    registry = open_registry(deployment=deployment)
    bind_mtu(registry)
    async with client(registry, now=NOW + timedelta(days=days)) as http:
        for url in ("/v1/exports/recognized-entities", "/v1/exports/dcc.json"):
            response = await http.get(url)
            assert response.status_code == status
            assert (MTU.did in response.text) is (status == 200)


def members(document: Any) -> Any:
    """The names in a document, without its values; of a list the first item's."""
    if isinstance(document, dict):
        return {name: members(value) for name, value in document.items()}
    return [members(item) for item in document[:1]] if isinstance(document, list) else None


async def test_the_description_has_examples_that_are_true(http: httpx.AsyncClient) -> None:
    described = (await http.get("/v1/openapi.json")).json()
    assert described["openapi"].startswith("3.")
    assert not {"/", "/institutions/{identifier}"} & described["paths"].keys()

    def example(route: str, method: str = "get") -> Any:
        return described["paths"][route][method]["responses"]["200"]["content"]["application/json"]["example"]

    async def answer(url: str) -> Any:
        return (await http.get(url)).json()

    did = quote(MTU.did, safe="")
    (entry,) = (await answer(f"{ISSUERS}/{did}/attributes"))["items"]
    for route, url in (
        ("/v1/institutions", "/v1/institutions?q=munster"),
        (ISSUERS, ISSUERS),
        (f"{ISSUERS}/{{did}}", f"{ISSUERS}/{did}"),
        (f"{ISSUERS}/{{did}}/attributes", f"{ISSUERS}/{did}/attributes"),
        (f"{ISSUERS}/{{did}}/attributes/{{identifier}}", f"{ISSUERS}/{did}/attributes/{entry['id']}"),
    ):
        assert members(example(route)) == members(await answer(url)), route
    one = await answer(f"/v1/institutions/{MTU_ID}")
    assert set(example("/v1/institutions/{identifier}")) == set(one)
    assert set(example("/v1/institutions/{identifier}")["institution"]) == set(one["institution"])
    for route in ("/authorization", "/recognition"):
        operation = described["paths"][route]["post"]
        asked = operation["requestBody"]["content"]["application/json"]["example"] | {"authority_id": DID}
        asked |= {"entity_id": MTU.did} if route == "/authorization" else {}
        response = await http.post(route, json=asked)
        assert response.status_code == 200
        assert members(response.json()) == members(example(route, "post"))

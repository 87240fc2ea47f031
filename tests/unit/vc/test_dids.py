"""Keys of DIDs: from a document, and from the identifier itself."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.verdict import Result
from agent.vc import dids
from tests.unit.vc.signing import DID, JWK, METHOD, RAW
from trust_registry.keys import multikey_encode

MTU = "did:web:mtu.example"
MULTIKEY = multikey_encode(RAW)


def method(fragment: str = "#key-1", **more: Any) -> dict[str, Any]:
    return {"id": fragment, "type": "Multikey", "controller": MTU, "publicKeyMultibase": MULTIKEY, **more}


def did_jwk(jwk: Any) -> str:
    return "did:jwk:" + base64.urlsafe_b64encode(json.dumps(jwk).encode()).decode().rstrip("=")


def test_relationships_are_kept_apart() -> None:
    document = {
        "id": MTU,
        "verificationMethod": [method("#a"), method(f"{MTU}#b"), method("#c")],
        "assertionMethod": [f"{MTU}#a", "#b"],
        "authentication": ["#c"],
        "keyAgreement": ["#c"],
    }
    keys = dids.keys_of(document, MTU)
    assert (keys.did, keys.result) == (MTU, Result.PASS)
    assert set(keys.assertion) == {f"{MTU}#a", f"{MTU}#b"}
    assert set(keys.authentication) == {f"{MTU}#c"}
    assert keys.assertion[f"{MTU}#a"] == JWK


def test_embedded_methods() -> None:
    keys = dids.keys_of({"id": MTU, "authentication": [method()]}, MTU)
    assert dict(keys.authentication) == {f"{MTU}#key-1": JWK}
    assert dict(keys.assertion) == {}


@pytest.mark.parametrize(
    "entry",
    [
        method(controller="did:web:evil.example"),
        method("did:web:evil.example#key-1"),
        method(f"{MTU}.evil.example#key-1"),
        method(type="X25519KeyAgreementKey2020"),
        method(publicKeyMultibase="zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169"),
        "#nowhere",
        5,
        None,
    ],
)
def test_keys_that_are_not_the_dids(entry: Any) -> None:
    keys = dids.keys_of({"id": MTU, "assertionMethod": [entry]}, MTU)
    assert keys.result is Result.PASS
    assert dict(keys.assertion) == {}


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (None, "wrong_document"),
        ([], "wrong_document"),
        ({}, "wrong_document"),
        ({"id": "did:web:evil.example"}, "wrong_document"),
        ({"id": MTU, "authentication": {}}, "wrong_document"),
        ({"id": MTU, "verificationMethod": [method()] * 201}, "wrong_document"),
        ({"id": MTU, "assertionMethod": [method(publicKeyMultibase="z6MkBroken")]}, "bad_key"),
        ({"id": MTU, "authentication": [method(publicKeyMultibase="z6MkBroken")]}, "bad_key"),
    ],
)
def test_documents_that_do_not_hold(document: Any, reason: str) -> None:
    keys = dids.keys_of(document, MTU)
    assert (keys.result, keys.reason) == (Result.FAIL, reason)
    assert keys.detail
    assert not keys.assertion
    assert not keys.authentication


def test_did_key() -> None:
    keys = dids.self_contained(DID)
    assert keys is not None
    assert keys.result is Result.PASS
    assert dict(keys.assertion) == dict(keys.authentication) == {METHOD: JWK}


def test_did_jwk() -> None:
    did = did_jwk({**JWK, "use": "sig"})
    keys = dids.self_contained(did)
    assert keys is not None
    assert dict(keys.assertion) == dict(keys.authentication) == {f"{did}#0": JWK}


@pytest.mark.parametrize(
    "did",
    [
        "did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169",
        "did:key:z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc",
        did_jwk({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}),
        did_jwk({**JWK, "use": "enc"}),
    ],
)
def test_other_kinds_of_key_are_unknown(did: str) -> None:
    keys = dids.self_contained(did)
    assert keys is not None
    assert (keys.result, keys.reason) == (Result.UNKNOWN, "unsupported_key")
    assert not keys.assertion


@pytest.mark.parametrize(
    "did",
    [
        "did:key:",
        "did:key:z6Mk",
        f"{DID}#x",
        f"{DID}?x=y",
        f"{DID}/path",
        f"{DID} ",
        f"{DID}\n",
        "did:key:z6Mk0OIl",
        "did:key:u7QE",
        f"did:key:1.1:{MULTIKEY}",
        f"did:key:{MULTIKEY}:x",
        "did:key:z" + "6" * 3000,
        "did:jwk:",
        "did:jwk:e30=",
        "did:jwk:!!",
        "did:jwk:é",
        "did:jwk:" + "W1tb" * 400,
        did_jwk([]),
        did_jwk({**JWK, "x": "AA"}),
        did_jwk({**JWK, "d": JWK["x"]}),
        did_jwk(JWK) + "#0",
    ],
)
def test_identifiers_that_are_malformed(did: str) -> None:
    keys = dids.self_contained(did)
    assert keys is not None
    assert (keys.result, keys.reason) == (Result.FAIL, "bad_did")
    assert not keys.assertion


@pytest.mark.parametrize(
    "did", ["", "did", "did:", "did:key", "did:web:mtu.example", "did:KEY:z6Mk", "https://x.example"]
)
def test_other_methods_are_for_others(did: str) -> None:
    assert dids.self_contained(did) is None


@given(st.text() | st.text(alphabet="did:keyjwz6M1.#").map("did:key:z6Mk{}".format))
def test_no_text_is_too_much(text: str) -> None:
    keys = dids.self_contained(text)
    assert keys is None or keys.result in Result

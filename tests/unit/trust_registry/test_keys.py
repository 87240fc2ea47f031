from __future__ import annotations

from typing import Any

import pytest

from tests.unit.trust_registry.samples import CIT, MTU
from trust_registry import keys
from trust_registry.errors import KeyFormatError


def test_thumbprint_of_rfc_8037_appendix_a_3() -> None:
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "use": "sig"}
    assert keys.thumbprint(jwk) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_multikey_of_the_did_key_test_vector() -> None:
    # did:key method, Ed25519 example: z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp
    raw = keys.multikey_decode("z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp")
    assert raw.hex() == "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29"
    assert keys.multikey_encode(raw) == "z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "z",
            "z6Mk",
            "u6MkiTBz",
            "z6Mk0OIl",
            None,
            5,
            "z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc",
        ),
        "z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp\n",
    ],
)
def test_multikeys_that_are_none(text: Any) -> None:
    with pytest.raises(KeyFormatError):
        keys.multikey_decode(text)


@pytest.mark.parametrize(
    "jwk",
    [
        None,
        {},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "OKP", "crv": "Ed25519"},
        {"kty": "OKP", "crv": "Ed25519", "x": 5},
        {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"},
        {"kty": "OKP", "crv": "Ed25519", "x": MTU.jwk["x"] + "="},
        {**MTU.jwk, "d": "secret"},
    ],
)
def test_jwks_that_cannot_be_used(jwk: Any) -> None:
    with pytest.raises(KeyFormatError):
        keys.raw_from_jwk(jwk)


def test_our_own_document_names_its_key_twice() -> None:
    document = keys.did_document(MTU.did, MTU.raw)
    found = keys.keys_from_did_document(document, MTU.did)
    assert found == {f"{MTU.did}#key-1": MTU.jwk, f"{MTU.did}#key-2020": MTU.jwk}


def test_only_assertion_keys_of_the_did_itself_count() -> None:
    other = keys.multikey_encode(CIT.raw)
    document = {
        "id": MTU.did,
        "verificationMethod": [
            {"id": "#a", "type": "JsonWebKey2020", "controller": MTU.did, "publicKeyJwk": MTU.jwk},
            {"id": "#b", "type": "Multikey", "controller": MTU.did, "publicKeyMultibase": other},
            {"id": "#c", "type": "Multikey", "controller": CIT.did, "publicKeyMultibase": other},
            {"id": "#d", "type": "EcdsaSecp256k1VerificationKey2019", "controller": MTU.did},
        ],
        "authentication": ["#b"],
        "assertionMethod": [
            "#a",
            "#c",
            "#d",
            "#missing",
            {"id": f"{CIT.did}#k", "type": "Multikey", "controller": MTU.did, "publicKeyMultibase": other},
        ],
    }
    assert keys.keys_from_did_document(document, MTU.did) == {f"{MTU.did}#a": MTU.jwk}


@pytest.mark.parametrize(
    "document", [None, [], {}, {"id": CIT.did}, {"id": MTU.did, "assertionMethod": "#a"}]
)
def test_documents_that_are_not_this_dids(document: Any) -> None:
    with pytest.raises(KeyFormatError):
        keys.keys_from_did_document(document, MTU.did)


@pytest.mark.parametrize(
    ("did", "scheme", "host", "document"),
    [
        ("did:web:localhost%3A8301", "http", "localhost:8301", "http://localhost:8301/.well-known/did.json"),
        ("did:web:127.0.0.1%3A80", "http", "127.0.0.1:80", "http://127.0.0.1:80/.well-known/did.json"),
        ("did:web:%5B%3A%3A1%5D%3A9", "http", "[::1]:9", "http://[::1]:9/.well-known/did.json"),
        ("did:web:mtu.example", "https", "mtu.example", "https://mtu.example/.well-known/did.json"),
        ("did:web:mtu.example:a:b", "https", "mtu.example", "https://mtu.example/a/b/did.json"),
        (
            "did:web:localhost.example",
            "https",
            "localhost.example",
            "https://localhost.example/.well-known/did.json",
        ),
    ],
)
def test_where_a_did_web_lives(did: str, scheme: str, host: str, document: str) -> None:
    url = keys.did_web_url(did)
    assert (url.scheme, url.host, url.document) == (scheme, host, document)
    assert keys.did_web(url.host, *filter(None, url.path.split("/"))) == did


@pytest.mark.parametrize(
    "did",
    [
        "did:web:",
        "did:key:z6Mk",
        "did:web:user@mtu.example",
        "did:web:user%40mtu.example",
        "did:web:mtu.example#key",
        "did:web:mtu.example?x",
        "did:web:mtu.example/x",
        "did:web:mtu.example:..",
        "did:web:mtu.example:a%2F..",
        "did:web:mtu.example:",
        "did:web:MTU.example",
        "did:web:localhost%3a8301",
        "did:web:localhost%3A99999",
        "did:web:localhost%3A",
        "did:web:10.0.0.1",
        "did:web:169.254.169.254",
        "did:web:2130706433",
        "did:web:127.0.0.1.",
        "did:web:mtu.example%0A",
        "did:web:mtu.example%3A443%2Fx",
        "did:web:[::1]",
        "did:web:" + "a" * 600,
    ],
)
def test_did_webs_that_are_refused(did: str) -> None:
    with pytest.raises(KeyFormatError):
        keys.did_web_url(did)

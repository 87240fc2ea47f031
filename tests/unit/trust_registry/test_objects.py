from __future__ import annotations

import json

import pytest

from tests.unit.trust_registry.samples import CIT, MTU, SCHEMA
from trust_registry import objects
from trust_registry.errors import ObjectError
from trust_registry.strict_json import b64url, b64url_decode

REVREG = {"issuerId": MTU.did, "tag": "t", "value": {"tailsHash": "x"}}


def code_of(
    jws: str | bytes, expected_id: str, key: dict[str, str] = MTU.jwk, kind: str | None = None
) -> str:
    with pytest.raises(ObjectError) as caught:
        objects.verify(jws, expected_id=expected_id, key=key, kind=kind)
    return caught.value.code


def retold(jws: str, **changes: object) -> str:
    """The JWS with other payload members and the old signature."""
    head, body, tail = jws.split(".")
    members = json.loads(b64url_decode(body)) | changes
    return f"{head}.{b64url(objects.canonical(members))}.{tail}"


def test_a_signed_object_verifies_and_says_what_was_signed() -> None:
    name, jws = MTU.schema()
    signed = objects.verify(jws, expected_id=name, key=MTU.jwk)
    assert signed.content == {"issuerId": MTU.did, **SCHEMA}
    assert (signed.iss, signed.kind, signed.id, signed.kid) == (MTU.did, "SCHEMA", name, f"{MTU.did}#key-1")
    assert objects.verify(jws.encode(), expected_id=name, key=MTU.jwk) == signed
    assert objects.split_object_id(name).sha256 == objects.content_sha256(signed.content)


def test_tampered_content_is_a_bad_signature() -> None:
    name, jws = MTU.schema()
    assert (
        code_of(retold(jws, content={"issuerId": MTU.did, **SCHEMA, "attrNames": ["z"]}), name)
        == "bad_signature"
    )


def test_another_key_is_a_bad_signature() -> None:
    name, jws = MTU.schema()
    assert code_of(jws, name, key=CIT.jwk) == "bad_signature"


def test_signed_content_that_its_address_does_not_name() -> None:
    name, _ = MTU.schema()
    _, jws = MTU.sign("SCHEMA", {"issuerId": MTU.did, **SCHEMA, "version": "2.0"}, identifier=name)
    assert code_of(jws, name) == "wrong_hash"


def test_another_object_of_the_same_issuer() -> None:
    name, _ = MTU.schema()
    _, other = MTU.sign("SCHEMA", {"issuerId": MTU.did, **SCHEMA, "version": "2.0"})
    assert code_of(other, name) == "wrong_id"


def test_another_issuers_object() -> None:
    name, _ = MTU.schema()
    assert code_of(CIT.schema()[1], name, key=CIT.jwk) == "wrong_issuer"
    _, foreign = MTU.sign("SCHEMA", {"issuerId": CIT.did, **SCHEMA})
    assert code_of(foreign, name) == "wrong_issuer"


@pytest.mark.parametrize(
    "payload",
    [
        b'{"content":{},"iat":1,"iat":1,"id":"x","iss":"x","kind":"SCHEMA"}',
        b'{"content":{},"iat":1,"id":"x","iss":"x","kind":"SCHEMA","more":1}',
        b'{"content":[],"iat":1,"id":"x","iss":"x","kind":"SCHEMA"}',
        b'{"content":{},"iat":true,"id":"x","iss":"x","kind":"SCHEMA"}',
        b"[" * 100_000,
        b"NaN",
        b"\xff",
        b"",
    ],
)
def test_malformed_payloads(payload: bytes) -> None:
    name, _ = MTU.schema()
    head = objects.canonical(objects.header(f"{MTU.did}#key-1"))
    assert code_of(MTU.sign_bytes(head, payload), name) == "malformed"


def test_duplicate_members_inside_the_content() -> None:
    name, jws = MTU.schema()
    body = b64url_decode(jws.split(".")[1]).replace(b'"name":"s"', b'"name":"s","name":"s"')
    head = objects.canonical(objects.header(f"{MTU.did}#key-1"))
    assert code_of(MTU.sign_bytes(head, body), name) == "malformed"


def test_a_second_spelling_of_the_same_payload() -> None:
    name, jws = MTU.schema()
    body = json.dumps(json.loads(b64url_decode(jws.split(".")[1]))).encode()  # spaces: not canonical
    head = objects.canonical(objects.header(f"{MTU.did}#key-1"))
    assert code_of(MTU.sign_bytes(head, body), name) == "malformed"


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "kid": f"{MTU.did}#key-1", "typ": "cairn-object+jwt"},
        {"alg": "EdDSA", "kid": f"{MTU.did}#key-1", "typ": "JWT"},
        {"alg": "EdDSA", "crit": ["b64"], "b64": False, "kid": f"{MTU.did}#key-1", "typ": "cairn-object+jwt"},
        {"alg": "EdDSA", "typ": "cairn-object+jwt"},
    ],
)
def test_a_header_that_would_change_the_meaning(header: dict[str, object]) -> None:
    name, jws = MTU.schema()
    body = b64url_decode(jws.split(".")[1])
    assert code_of(MTU.sign_bytes(objects.canonical(header), body), name) == "malformed"


def test_a_key_id_of_another_did() -> None:
    name, jws = MTU.schema()
    head = objects.canonical(objects.header(f"{CIT.did}#key-1"))
    assert code_of(MTU.sign_bytes(head, b64url_decode(jws.split(".")[1])), name) == "wrong_issuer"


def test_too_large_before_anything_is_read() -> None:
    name, jws = MTU.schema()
    assert code_of(jws + "A" * objects.OBJECT_BYTES, name) == "too_large"


@pytest.mark.parametrize("spoiled", ["", "a.b", "a.b.c.d", "=.=.=", "ä.b.c"])
def test_not_a_jws(spoiled: str) -> None:
    assert code_of(spoiled, MTU.schema()[0]) == "malformed"


def test_signature_in_another_base64_spelling_is_refused() -> None:
    name, jws = MTU.schema()
    # The last character of a 64-byte signature carries four loose bits.
    loose = jws[:-1] + chr(ord(jws[-1]) + 1)
    assert code_of(loose, name) in {"malformed", "bad_signature"}
    assert code_of(jws + "=", name) == "malformed"


def test_a_revocation_list_does_not_pass_for_its_registry_nor_the_reverse() -> None:
    name, registry = MTU.sign("REVREG", REVREG)
    content = {"issuerId": MTU.did, "revRegDefId": name, "revocationList": [0, 1], "timestamp": 1_700_000_000}
    _, listed = MTU.sign("REVLIST", content, identifier=name)
    assert objects.verify(listed, expected_id=name, key=MTU.jwk, kind="REVLIST").timestamp == 1_700_000_000
    assert code_of(listed, name) == "wrong_id"
    assert code_of(registry, name, kind="REVLIST") == "wrong_id"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"timestamp": None}, "malformed"),
        ({"timestamp": "1"}, "malformed"),
        ({"revRegDefId": "x"}, "wrong_id"),
    ],
)
def test_spoiled_revocation_lists(change: dict[str, object], code: str) -> None:
    name, _ = MTU.sign("REVREG", REVREG)
    content = {"issuerId": MTU.did, "revRegDefId": name, "revocationList": [0], "timestamp": 1} | change
    assert code_of(MTU.sign("REVLIST", content, identifier=name)[1], name, kind="REVLIST") == code


def test_a_revocation_list_belongs_to_a_registry_only() -> None:
    name, _ = MTU.schema()
    _, jws = MTU.sign("REVLIST", {"timestamp": 1}, identifier=name)
    assert code_of(jws, name, kind="REVLIST") == "wrong_id"


@pytest.mark.parametrize(
    "identifier",
    [
        "did:web:x.example/anoncreds/v1/SCHEMA/" + "0" * 63,
        "did:web:x.example/anoncreds/v1/SCHEMA/" + "A" * 64,
        "did:web:x.example/anoncreds/v1/REVLIST/" + "0" * 64,
        "did:web:x.example/anoncreds/v2/SCHEMA/" + "0" * 64,
        "did:web:user@x.example/anoncreds/v1/SCHEMA/" + "0" * 64,
        "did:web:x.example/../anoncreds/v1/SCHEMA/" + "0" * 64,
        "did:key:z6Mk/anoncreds/v1/SCHEMA/" + "0" * 64,
        "did:web:x.example/anoncreds/v1/SCHEMA/" + "0" * 64 + "\n",
    ],
)
def test_object_ids_of_another_form(identifier: str) -> None:
    with pytest.raises(ObjectError, match="malformed"):
        objects.split_object_id(identifier)


def test_canonical_refuses_what_json_cannot_say() -> None:
    assert objects.canonical({"b": 1, "a": "ü"}) == '{"a":"ü","b":1}'.encode()
    for value in ({"a": 2**53}, {"a": float("nan")}, {"a": "\ud800"}):
        with pytest.raises(ObjectError, match="malformed"):
            objects.canonical(value)

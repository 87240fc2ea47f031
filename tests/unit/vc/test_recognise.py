"""What a file is, and what is said of one that is nothing we read."""

from __future__ import annotations

import gzip
import json
import struct
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import InputError
from agent.vc import model
from agent.vc.recognise import Found, Kind, recognise
from trust_registry.strict_json import b64url

CREDENTIAL: dict[str, Any] = {
    "@context": [model.V2],
    "type": ["VerifiableCredential"],
    "issuer": "did:web:mtu.example",
    "credentialSubject": {"id": "did:example:learner"},
}
OLD = CREDENTIAL | {"@context": [model.V1], "issuanceDate": "2020-01-01T00:00:00Z"}
EUROPEAN = OLD | {"type": ["VerifiableCredential", "EuropeanDigitalCredential"]}
PRESENTATION = {"@context": [model.V2], "type": "VerifiablePresentation", "verifiableCredential": CREDENTIAL}
ASSERTION = {
    "@context": "https://w3id.org/openbadges/v2",
    "type": "Assertion",
    "id": "https://mtu.example/a/1",
    "badge": "https://mtu.example/b/1",
}
RECORD = {"version": 1, "title": {"en": "Statistics"}, "issuer": {"did": "did:web:mtu.example"}}
EXPORT = {"type": "cairn-anoncreds-export", "version": 1}


def jwt(claims: Any, **header: Any) -> str:
    parts = [json.dumps({"alg": "EdDSA"} | header).encode(), json.dumps(claims).encode(), b"signature"]
    return ".".join(map(b64url, parts))


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (CREDENTIAL, Kind.VCDM2_CREDENTIAL),
        (OLD, Kind.VCDM1_CREDENTIAL),
        (EUROPEAN, Kind.ELM),
        (PRESENTATION, Kind.PRESENTATION),
        (ASSERTION, Kind.OPEN_BADGE_2_ASSERTION),
        (RECORD, Kind.RECORD),
        (EXPORT, Kind.ANONCREDS_EXPORT),
    ],
)
def test_json_of_each_kind(document: dict[str, Any], kind: Kind) -> None:
    assert recognise(json.dumps(document).encode()) == Found(kind=kind, document=document)


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        (jwt(CREDENTIAL, typ="vc+jwt"), Kind.VC_JWT),
        (jwt({"vc": OLD, "iss": "did:web:mtu.example"}), Kind.VC_JWT),
        (jwt(PRESENTATION, typ="vp+jwt"), Kind.VP_JWT),
        (jwt({"vp": PRESENTATION, "nonce": "n"}), Kind.VP_JWT),
    ],
)
def test_a_jwt_in_each_of_its_wrappings(token: str, kind: Kind) -> None:
    expected = Found(kind=kind, jwt=token)
    assert recognise(token.encode()) == expected
    assert recognise(f"\n {token}\r\n".encode()) == expected
    assert recognise(json.dumps(token).encode()) == expected
    envelope = model.enveloped(token, presentation=kind is Kind.VP_JWT)
    assert recognise(json.dumps(envelope).encode()) == expected


def test_a_signed_open_badge_2_is_no_credential() -> None:
    token = jwt(ASSERTION)
    assert recognise(token.encode()) == Found(kind=Kind.OPEN_BADGE_2_ASSERTION, document=ASSERTION, jwt=token)


def test_a_byte_order_mark_of_utf_8_does_no_harm() -> None:
    assert recognise(b"\xef\xbb\xbf" + json.dumps(CREDENTIAL).encode()).kind is Kind.VCDM2_CREDENTIAL


def png(*texts: tuple[bytes, bytes]) -> bytes:
    """One grey pixel with iTXt chunks."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)), (b"IDAT", zlib.compress(b"\0\0"))]
    chunks += [(b"iTXt", keyword + b"\0\0\0\0\0" + text) for keyword, text in texts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in [*chunks, (b"IEND", b"")]
    )


def svg(content: str) -> bytes:
    space = 'xmlns="http://www.w3.org/2000/svg" xmlns:openbadges="https://purl.imsglobal.org/ob/v3p0"'
    return f"<?xml version='1.0'?>\n<svg {space}>{content}</svg>".encode()


def test_a_badge_in_an_image_is_what_it_carries() -> None:
    text = json.dumps(CREDENTIAL)
    expected = {"kind": Kind.VCDM2_CREDENTIAL, "document": CREDENTIAL}
    assert recognise(png((b"openbadgecredential", text.encode()))) == Found(**expected, carrier="png")
    element = f"<openbadges:credential><![CDATA[{text}]]></openbadges:credential>"
    assert recognise(svg(element)) == Found(**expected, carrier="svg")
    token = jwt(CREDENTIAL, typ="vc+jwt")
    assert recognise(png((b"openbadgecredential", token.encode()))) == Found(
        kind=Kind.VC_JWT, jwt=token, carrier="png"
    )
    old = json.dumps(ASSERTION).encode()
    assert recognise(png((b"openbadges", old))).kind is Kind.OPEN_BADGE_2_ASSERTION


def test_an_image_that_carries_an_address_says_which() -> None:
    found = recognise(png((b"openbadges", b"https://mtu.example/assertions/1")))
    assert found == Found(
        kind=Kind.OPEN_BADGE_2_ASSERTION, carrier="png", url="https://mtu.example/assertions/1"
    )


@pytest.mark.parametrize("image", [png(), svg("<g/>")])
def test_an_image_without_a_badge(image: bytes) -> None:
    with pytest.raises(InputError, match="no_badge"):
        recognise(image)


def text_with(member: str) -> bytes:
    return b'{"type": "VerifiableCredential", ' + member.encode() + b"}"


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"", "empty", "empty"),
        (b" \n\t", "empty", "empty"),
        (b"hello", "not_json", "not valid JSON"),
        (b"{", "not_json", "not valid JSON"),
        (text_with('"a": 1, "a": 2'), "duplicate_member", "twice"),
        (text_with('"a": {"b": 1, "b": 1}'), "duplicate_member", "twice"),
        (text_with('"a": NaN'), "not_json", "NaN"),
        (text_with('"a": -Infinity'), "not_json", "Infinity"),
        (text_with('"a": [1e999]'), "not_json", "too large"),
        (text_with('"a": ' + "9" * 5000), "not_json", "not valid JSON"),
        (text_with(r'"a": "\ud800"'), "not_text", "half a character"),
        (text_with('"a": ' + "[" * 2000 + "]" * 2000), "too_deep", "deeper than 64"),
        (b"[" * 2000, "too_deep", "deeper than 64"),
        (text_with('"a": "' + "x" * 10_000_000 + '"'), "too_large", "limit"),
        (b"x" * 100_000_000, "too_large", "limit"),
        (json.dumps(CREDENTIAL).encode("utf-16"), "not_text", "UTF-16"),
        (json.dumps(CREDENTIAL).encode("utf-16-le"), "not_text", "UTF-16"),
        (json.dumps(CREDENTIAL).encode("utf-32-be"), "not_text", "UTF-32"),
        (b'{"type": "\xff"}', "not_text", "UTF-8"),
        (gzip.compress(json.dumps(CREDENTIAL).encode()), "compressed", "gzip"),
        (b"PK\x03\x04rest", "compressed", "zip"),
        (b"%PDF-1.7", "not_recognised", "PDF"),
        (b"\xff\xd8\xff\xe0JFIF", "not_recognised", "JPEG"),
        (b"\n<!DOCTYPE html><html><body>badge</body></html>", "html_page", "web page"),
        (b"<!-- saved --> <HTML lang=en>", "html_page", "download link"),
        (b"<!doctype html><svg xmlns='http://www.w3.org/2000/svg'/>", "html_page", "web page"),
        (b"<?xml version='1.0'?><credential/>", "not_recognised", "XML"),
        (png((b"openbadgecredential", b'{"a": NaN}')), "not_json", "NaN"),
        (b"[]", "not_recognised", "a list"),
        (b'"text"', "not_recognised", "no object"),
        (b"7", "not_recognised", "no object"),
        (b"{}", "not_recognised", "not known here"),
        (json.dumps({"type": "Assertion"}).encode(), "not_recognised", "not known here"),
        (json.dumps(RECORD | {"version": True}).encode(), "not_recognised", "not known here"),
        (json.dumps(model.enveloped("x") | {"id": "data:application/vc+cose,x"}).encode(), "not_recognised", "no JWT"),
        (jwt({"sub": "x"}).encode(), "not_recognised", "no credential"),
        (jwt(["x"]).encode(), "not_recognised", "is none"),
        ((jwt(CREDENTIAL) + "~WyJhIl0~").encode(), "not_recognised", "SD-JWT"),
        (b"eyJhbGciOiJFZERTQSJ9.e30x.c2ln", "not_json", "JWT is not valid JSON"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_why_and_what_to_do(data: bytes, code: str, words: str) -> None:
    with pytest.raises(InputError) as refused:
        recognise(data)
    assert refused.value.code == code
    assert words in refused.value.diagnostics()


@pytest.mark.parametrize(
    "head", [b" " * 5000, b"<!-- -->" * 600, b"<!--" * 1200, b"<?xml ?>" * 600, b"<" * 5000]
)
def test_no_head_of_a_file_makes_the_search_for_tags_try_every_way(head: bytes) -> None:
    with pytest.raises(InputError):
        recognise(head + b"x")


def test_no_error_repeats_what_stands_in_the_file() -> None:
    for data in (
        b"marker-77",
        b'{"marker-77": NaN}',
        b'{"marker-77": 1, "marker-77": 2}',
        jwt({"marker-77": 1}).encode(),
    ):
        with pytest.raises(InputError) as refused:
            recognise(data)
        assert "marker" not in refused.value.diagnostics()


NAMES = st.sampled_from(["type", "id", "vc"]) | st.text()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
HEADS = st.sampled_from(
    [b"", b"\x89PNG\r\n\x1a\n", b"<svg ", b"eyJ", b"\xef\xbb\xbf", b"{", b"\x1f\x8b", b"<html", b"\xff\xfe"]
)


@given(HEADS, st.binary(max_size=200))
def test_any_bytes_are_something_or_refused(head: bytes, data: bytes) -> None:
    refused_or_found(head + data)


@given(JSON, st.sampled_from(list(Kind)))
def test_any_json_is_something_or_refused(value: Any, kind: Kind) -> None:
    refused_or_found(json.dumps(value).encode())
    refused_or_found(jwt(value).encode())
    if isinstance(value, dict):
        refused_or_found(json.dumps(value | {"type": "VerifiableCredential"}).encode())


def refused_or_found(data: bytes) -> None:
    try:
        found = recognise(data)
    except InputError:
        return
    assert found.document is not None or found.jwt or found.url

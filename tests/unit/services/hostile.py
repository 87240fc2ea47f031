"""What hostile makers of links do: edits of an honest document, and of the way it is served."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.simulators.internet import Asked, raw_answer
from tests.simulators.town import Member
from trust_registry.strict_json import b64url_decode

type Edit = Callable[[Member, dict[str, Any]], str | bytes]
FAR_AWAY = "did:web:localhost%3A8999"


def payload_of(jws: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(b64url_decode(jws.split(".")[1]))
    return found


def serve(member: Member, target: str, answer: bytes) -> None:
    """From now on the member's host answers ``answer`` (raw HTTP) at this path, and the rest as before."""

    def raw(asked: Asked) -> bytes | None:
        return answer if asked.target == target else None

    member.town.internet.raw[member.place] = raw


def serve_document(member: Member, target: str, document: str | bytes) -> None:
    serve(member, target, raw_answer(document if isinstance(document, bytes) else document.encode()))


def signed(typ: str, *, headers: dict[str, Any] | None = None, drop: str = "", **changes: Any) -> Edit:
    """The honest payload with changes, signed by the honest key; ``drop`` leaves a payload member out."""

    def edit(member: Member, payload: dict[str, Any]) -> str:
        changed = {name: value for name, value in (payload | changes).items() if name != drop}
        return member.wallet.jwt(member.did, {"typ": typ, **(headers or {})}, changed)

    return edit


def without_header(name: str, typ: str) -> Edit:
    def edit(member: Member, payload: dict[str, Any]) -> str:
        head, body, _ = member.wallet.jwt(member.did, {"typ": typ}, payload).split(".")
        header = {key: value for key, value in json.loads(b64url_decode(head)).items() if key != name}
        return _resigned(member, header, body)

    return edit


def _resigned(member: Member, header: dict[str, Any], body: str) -> str:
    from trust_registry.strict_json import b64url

    signing_input = f"{b64url(json.dumps(header).encode())}.{body}"
    return f"{signing_input}.{b64url(member.wallet.keys[member.did].sign(signing_input.encode()))}"


def changed_signature(typ: str) -> Edit:
    def edit(member: Member, payload: dict[str, Any]) -> str:
        head, body, signature = member.wallet.jwt(member.did, {"typ": typ}, payload).split(".")
        return f"{head}.{body}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"

    return edit


def changed_payload(typ: str, **changes: Any) -> Edit:
    """The signature of the honest payload under another one."""
    from trust_registry.strict_json import b64url

    def edit(member: Member, payload: dict[str, Any]) -> str:
        head, _, signature = member.wallet.jwt(member.did, {"typ": typ}, payload).split(".")
        return f"{head}.{b64url(json.dumps(payload | changes).encode())}.{signature}"

    return edit


def unsigned(typ: str) -> Edit:
    def edit(member: Member, payload: dict[str, Any]) -> str:
        head = {"alg": "none", "typ": typ, "kid": f"{member.did}#key-1"}
        return (
            _resigned(member, head, member.wallet.jwt(member.did, {}, payload).split(".")[1]).rsplit(".", 1)[
                0
            ]
            + "."
        )

    return edit


def as_somebody_else(typ: str, did: str, *, sign_as: str = "") -> Edit:
    """Everything, the key id too, says it is ``did``; the key is made up."""

    def edit(member: Member, payload: dict[str, Any]) -> str:
        member.wallet.keys.setdefault(did, member.wallet.keys[member.did])
        return member.wallet.jwt(did, {"typ": typ}, payload | {"iss": did})

    return edit


def raw_payload(typ: str, text: bytes) -> Edit:
    """A payload that no JSON library of ours would write, under a good signature."""

    def edit(member: Member, _payload: dict[str, Any]) -> str:
        from trust_registry.strict_json import b64url

        header = {"alg": "EdDSA", "typ": typ, "kid": f"{member.did}#key-1"}
        return _resigned(member, header, b64url(text))

    return edit


# Name → (edit, error code). What every wallet refuses of any link's document, whatever its kind.
def of_any_kind(typ: str, other_typ: str) -> dict[str, tuple[Edit, str]]:
    return {
        "empty": (lambda _m, _p: b"", "malformed_link"),
        "html": (lambda _m, _p: b"<!doctype html><p>Sign in", "malformed_link"),
        "plain JSON": (lambda _m, p: json.dumps(p), "malformed_link"),
        "three parts of nothing": (lambda _m, _p: b"..", "not_json"),
        "three words": (lambda _m, _p: b"a.b.c", "malformed_link"),
        "bytes": (lambda _m, _p: b"\xff\xfe.\x00.\x00", "not_json"),
        "unsigned": (unsigned(typ), "malformed_link"),
        "alg HS256": (signed(typ, headers={"alg": "HS256"}), "malformed_link"),
        "alg ES256": (signed(typ, headers={"alg": "ES256"}), "malformed_link"),
        "alg in a list": (signed(typ, headers={"alg": ["EdDSA"]}), "malformed_link"),
        "crit": (signed(typ, headers={"crit": ["b64"], "b64": False}), "malformed_link"),
        "jwk in the header": (signed(typ, headers={"jwk": {"kty": "OKP"}}), "malformed_link"),
        "no kid": (without_header("kid", typ), "malformed_link"),
        "no typ": (without_header("typ", typ), "malformed_link"),
        "kid is a number": (signed(typ, headers={"kid": 1}), "wrong_issuer"),
        "typ of the other kind": (signed(other_typ), "wrong_kind"),
        "typ JWT": (signed("JWT"), "wrong_kind"),
        "kid of another DID": (signed(typ, headers={"kid": f"{FAR_AWAY}#key-1"}), "wrong_issuer"),
        "iss of another DID": (signed(typ, iss=FAR_AWAY), "wrong_issuer"),
        "no iss": (signed(typ, drop="iss"), "malformed_link"),
        "payload is a list": (raw_payload(typ, b"[]"), "malformed_link"),
        "a member twice": (raw_payload(typ, b'{"iss":"a","iss":"b"}'), "duplicate_member"),
        "not a number": (raw_payload(typ, b'{"iss":NaN}'), "not_json"),
        "deep": (raw_payload(typ, b'{"a":' * 40 + b"1" + b"}" * 40), "too_deep"),
        "another host's maker": (as_somebody_else(typ, FAR_AWAY), "wrong_host"),
        "a did:key": (
            as_somebody_else(typ, "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"),
            "bad_did",
        ),
        "no DID at all": (as_somebody_else(typ, "https://localhost:8311"), "bad_did"),
        "a key that is not published": (
            lambda m, p: signed(typ, headers={"kid": f"{m.did}#key-9"})(m, p),
            "unknown_key",
        ),
        "another signature": (changed_signature(typ), "bad_signature"),
        "another payload": (changed_payload(typ, jti="changed"), "bad_signature"),
        "expired": (signed(typ, iat=1_600_000_000, exp=1_600_000_001), "expired"),
        "from the future": (signed(typ, iat=4_000_000_000, exp=4_000_000_001), "from_the_future"),
        "no end": (signed(typ, drop="exp"), "malformed_link"),
        "end is a text": (signed(typ, exp="tomorrow"), "malformed_link"),
        "end is true": (signed(typ, exp=True), "malformed_link"),
        "end after the last year": (signed(typ, exp=10**15), "malformed_link"),
        "end of all days": (signed(typ, exp=10**40), "malformed_link"),
        "begin is a fraction": (signed(typ, iat=1.5), "malformed_link"),
    }

"""Tokens as credentials: each encoding, and each way to lie in one."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st

from agent.core.verdict import Result
from agent.errors import CairnError, InputError
from agent.vc import vc_jwt
from agent.vc.facts import Keys
from agent.vc.limits import VC_LIMITS
from agent.vc.proofs import InvalidProof, UnsupportedSuite
from agent.vc.vc_jwt import Form
from trust_registry.keys import Jwk, jwk_from_raw
from trust_registry.strict_json import b64url

V1, V2 = "https://www.w3.org/2018/credentials/v1", "https://www.w3.org/ns/credentials/v2"
ISSUER, HOLDER = "did:web:uni.example", "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
P256 = ec.derive_private_key(4711, ec.SECP256R1())
PUBLIC = jwk_from_raw(KEY.public_key().public_bytes_raw())
HEADER = {"alg": "EdDSA", "typ": "JWT", "kid": f"{ISSUER}#key-1"}
VC = {"@context": [V1], "type": ["VerifiableCredential"], "credentialSubject": {"course": "Knots"}}
CLAIMS = {
    "iss": ISSUER,
    "sub": HOLDER,
    "jti": "urn:uuid:1",
    "nbf": 1704067200,
    "exp": 1735689600,
    "vc": VC,
}
V2_DOCUMENT = {
    "@context": [V2],
    "id": "urn:uuid:2",
    "type": ["VerifiableCredential"],
    "issuer": {"id": ISSUER},
    "validFrom": "2024-01-01T00:00:00Z",
    "credentialSubject": {"id": HOLDER},
}


def p256_jwk() -> Jwk:
    numbers = P256.public_key().public_numbers()
    x, y = (b64url(number.to_bytes(32)) for number in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def part(value: Any) -> str:
    return b64url(value if isinstance(value, bytes) else json.dumps(value).encode())


def token(claims: Any = CLAIMS, header: Any = HEADER, key: Ed25519PrivateKey = KEY) -> str:
    data = f"{part(header)}.{part(claims)}"
    return f"{data}.{b64url(key.sign(data.encode()))}"


def es256_token(claims: Any = CLAIMS, **header: Any) -> str:
    data = f"{part(HEADER | {'alg': 'ES256'} | header)}.{part(claims)}"
    r, s = decode_dss_signature(P256.sign(data.encode(), ec.ECDSA(SHA256())))
    return f"{data}.{b64url(r.to_bytes(32) + s.to_bytes(32))}"


def changed(**members: Any) -> dict[str, Any]:
    return {**CLAIMS, **members}


def document_of(text: str) -> dict[str, Any]:
    return vc_jwt.credential_of(vc_jwt.parse(text))


def refused(text: str, key: Jwk = PUBLIC) -> str:
    with pytest.raises(InvalidProof) as caught:
        vc_jwt.verify(vc_jwt.parse(text), key)
    return caught.value.code


def unsupported(text: str) -> str:
    with pytest.raises(UnsupportedSuite) as caught:
        vc_jwt.verify(vc_jwt.parse(text), PUBLIC)
    return caught.value.code


def unreadable(text: str) -> str:
    with pytest.raises(InputError) as caught:
        vc_jwt.parse(text)
    return caught.value.code


def test_claims_of_a_version_1_credential_are_put_back() -> None:
    parsed = vc_jwt.parse(token())
    vc_jwt.verify(parsed, PUBLIC)
    assert (parsed.form, parsed.signer, parsed.key_id) == (Form.CREDENTIAL_CLAIM, ISSUER, f"{ISSUER}#key-1")
    assert vc_jwt.credential_of(parsed) == {
        "@context": [V1],
        "id": "urn:uuid:1",
        "type": ["VerifiableCredential"],
        "issuer": ISSUER,
        "issuanceDate": "2024-01-01T00:00:00Z",
        "expirationDate": "2025-01-01T00:00:00Z",
        "credentialSubject": {"id": HOLDER, "course": "Knots"},
    }
    assert "issuer" not in VC  # the caller's document is a copy


def test_members_that_say_the_same_are_kept_as_they_are() -> None:
    same = VC | {
        "id": "urn:uuid:1",
        "issuer": {"id": ISSUER, "name": "Uni"},
        "issuanceDate": "2024-01-01T01:00:00.250+01:00",
        "expirationDate": "2025-01-01T00:00:00Z",
        "credentialSubject": [{"id": HOLDER}],
    }
    assert document_of(token(changed(vc=same))) == same


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("id", "urn:uuid:other"),
        ("issuer", "did:web:other.example"),
        ("issuer", {"id": "did:web:other.example"}),
        ("issuer", [ISSUER]),
        ("issuanceDate", "2024-01-01T00:00:01Z"),
        ("issuanceDate", "2024-01-01T00:00:00"),
        ("issuanceDate", "New Year"),
        ("expirationDate", "2099-01-01T00:00:00Z"),
        ("expirationDate", 1735689600),
        ("credentialSubject", {"id": "did:key:z6MkOther"}),
        ("credentialSubject", [{"id": HOLDER}, {"id": "did:key:z6MkOther"}]),
        ("credentialSubject", "Ada"),
    ],
)
def test_a_claim_and_a_member_that_differ(member: str, value: Any) -> None:
    text = token(changed(vc=VC | {member: value}))
    assert refused(text) == "claims_differ"
    with pytest.raises(InvalidProof, match="claims_differ") as caught:
        document_of(text)
    assert "2099" not in str(caught.value)
    assert "Ada" not in str(caught.value)


def test_a_version_2_credential_is_the_payload() -> None:
    header = {"alg": "Ed25519", "typ": "vc+jwt", "cty": "vc", "kid": f"{ISSUER}#key-1"}
    parsed = vc_jwt.parse(token(V2_DOCUMENT | {"iss": ISSUER, "iat": 1704067200, "exp": 1704067300}, header))
    vc_jwt.verify(parsed, PUBLIC)
    assert parsed.form is Form.CREDENTIAL
    # exp is about the signature (VC-JOSE-COSE section 3.2): it is not put into the document.
    assert vc_jwt.credential_of(parsed) == V2_DOCUMENT
    without_iss = vc_jwt.parse(token(V2_DOCUMENT, header))
    assert without_iss.signer == ISSUER
    full_type = header | {"typ": "application/VC+JWT"}
    assert vc_jwt.parse(token(V2_DOCUMENT, full_type)).form is Form.CREDENTIAL


@pytest.mark.parametrize(
    ("claim", "value"), [("iss", "did:web:other.example"), ("jti", "urn:x"), ("sub", "urn:y")]
)
def test_a_version_2_credential_with_a_claim_that_differs(claim: str, value: str) -> None:
    # The other issuer is named by iss and signs by its own key; the document names ours.
    header = {"alg": "EdDSA", "typ": "vc+jwt"}
    assert refused(token(V2_DOCUMENT | {claim: value}, header)) == "claims_differ"


def test_a_badge_is_the_payload_with_claims_beside_it() -> None:
    claims = V2_DOCUMENT | {
        "iss": ISSUER,
        "sub": HOLDER,
        "jti": "urn:uuid:2",
        "nbf": 1704067200,
        "exp": 1735689600,
    }
    parsed = vc_jwt.parse(token(claims))
    vc_jwt.verify(parsed, PUBLIC)
    assert parsed.form is Form.BADGE
    assert vc_jwt.credential_of(parsed) == V2_DOCUMENT | {"validUntil": "2025-01-01T00:00:00Z"}
    assert refused(token(claims | {"nbf": 1704067201})) == "claims_differ"


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        (
            HEADER | {"kid": f"{HOLDER}#k"},
            {"iss": HOLDER, "nonce": "n", "aud": "shop", "vp": {"holder": HOLDER}},
        ),
        ({"alg": "EdDSA", "typ": "vp+jwt"}, {"holder": {"id": HOLDER}, "nonce": "n", "aud": ["shop"]}),
    ],
)
def test_presentations(header: dict[str, str], claims: dict[str, Any]) -> None:
    parsed = vc_jwt.parse(token(claims, header))
    vc_jwt.verify(parsed, PUBLIC)
    assert parsed.is_presentation
    assert (parsed.signer, parsed.nonce, parsed.audience) == (HOLDER, "n", ("shop",))
    assert vc_jwt.credential_of(parsed) in ({"holder": HOLDER}, {"holder": {"id": HOLDER}})


def test_a_presentation_by_another_than_its_holder() -> None:
    text = token({"iss": HOLDER, "vp": {"holder": ISSUER}}, {"alg": "EdDSA"})
    assert refused(text) == "claims_differ"


def test_es256() -> None:
    vc_jwt.verify(vc_jwt.parse(es256_token()), p256_jwk())
    text = es256_token()
    assert refused(text[:-86] + b64url(b"\1" * 64), p256_jwk()) == "bad_signature"
    assert refused(text[:-86] + b64url(b"\0" * 64), p256_jwk()) == "bad_signature"


def test_es256_signature_in_der_is_refused() -> None:
    data = f"{part(HEADER | {'alg': 'ES256'})}.{part(CLAIMS)}"
    der = P256.sign(data.encode(), ec.ECDSA(SHA256()))
    assert refused(f"{data}.{b64url(der)}", p256_jwk()) == "bad_signature"


@pytest.mark.parametrize(
    "key",
    [
        p256_jwk() | {"y": b64url(b"\1" * 32)},
        p256_jwk() | {"crv": "P-384"},
        p256_jwk() | {"d": "AAAA"},
        p256_jwk() | {"x": "*"},
        {"kty": "EC", "crv": "P-256"},
        PUBLIC,
    ],
)
def test_keys_that_are_no_p256_point(key: Jwk) -> None:
    assert refused(es256_token(), key) == "wrong_key"


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "HS256", "hs512"])
def test_algorithms_that_anybody_can_sign_with(alg: str) -> None:
    data = f"{part(HEADER | {'alg': alg})}.{part(CLAIMS)}"
    assert refused(f"{data}.") == "bad_alg"
    assert refused(f"{data}.{b64url(KEY.sign(data.encode()))}") == "bad_alg"


@pytest.mark.parametrize("alg", ["RS256", "ES384", "ES256K", "PS256", "eddsa", "Ed448", ""])
def test_algorithms_that_are_not_judged_here(alg: str) -> None:
    assert unsupported(token(header=HEADER | {"alg": alg})) == "unsupported_alg"


def test_an_algorithm_that_does_not_fit_the_key() -> None:
    assert refused(token(header=HEADER | {"alg": "ES256"})) == "wrong_key"
    assert refused(token(), p256_jwk()) == "wrong_key"


def test_no_signature_at_all() -> None:
    assert refused(token().rpartition(".")[0] + ".") == "bad_signature"


@pytest.mark.parametrize("claim", ["iss", "sub", "jti", "nbf", "exp", "vc"])
def test_any_change_of_the_payload(claim: str) -> None:
    head, _, signature = token().split(".")
    without = {name: value for name, value in CLAIMS.items() if name != claim}
    without.setdefault("vc", VC | {"type": ["VerifiableCredential", "Degree"]})
    parsed = vc_jwt.parse(f"{head}.{part(without | {'iss': ISSUER})}.{signature}")
    if claim == "iss":
        parsed = vc_jwt.parse(f"{head}.{part(CLAIMS | {'iss': ISSUER, 'x': 1})}.{signature}")
    with pytest.raises(InvalidProof, match="bad_signature"):
        vc_jwt.verify(parsed, PUBLIC)


@pytest.mark.parametrize(
    "kid", [f"{HOLDER}#k", "did:web:uni.example.evil#key-1", f"{ISSUER}:a#key-1", ISSUER]
)
def test_the_key_of_another_did(kid: str) -> None:
    assert refused(token(header=HEADER | {"kid": kid})) == "wrong_signer"


@pytest.mark.parametrize("kid", ["key-1", "https://uni.example/keys#1"])
def test_a_key_that_no_did_names(kid: str) -> None:
    assert unsupported(token(header=HEADER | {"kid": kid})) == "key_not_by_did"


def test_a_signer_that_is_no_did() -> None:
    assert unsupported(token(changed(iss="https://uni.example"), {"alg": "EdDSA"})) == "key_not_by_did"
    assert unsupported(token({"vc": VC}, {"alg": "EdDSA"})) == "key_not_by_did"


@pytest.mark.parametrize(
    "header",
    [
        {"jwk": jwk_from_raw(OTHER.public_key().public_bytes_raw())},
        {"jku": "https://evil.example/keys"},
        {"x5c": ["AAAA"]},
        {"x5u": "https://evil.example/cert"},
    ],
)
def test_a_key_that_the_token_brings_along_is_not_looked_at(header: dict[str, Any]) -> None:
    assert refused(token(header=HEADER | header, key=OTHER)) == "bad_signature"
    vc_jwt.verify(vc_jwt.parse(token(header=HEADER | header)), PUBLIC)


@pytest.mark.parametrize(
    "header", [{"crit": ["exp"], "exp": 1}, {"crit": []}, {"b64": True}, {"crit": "b64"}]
)
def test_critical_extensions(header: dict[str, Any]) -> None:
    assert refused(token(header=HEADER | header)) == "crit_not_understood"


def test_an_unencoded_payload_is_no_token() -> None:
    head = part(HEADER | {"crit": ["b64"], "b64": False})
    assert unreadable(f"{head}.{json.dumps(CLAIMS)}.{b64url(KEY.sign(b'x'))}") == "not_jwt"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "..",
        "a.b",
        token() + ".",
        "." + token(),
        token() + "=",
        token() + "\n",
        " " + token(),
        token().replace(".", ".."),
        token()[:-1] + "é",
        token()[:-1] + "\ud800",
        f"{part(b'[]')}.{part(CLAIMS)}.AAAA",
        f"{part(HEADER)}.{part(b'[]')}.AAAA",
        f"{part({'typ': 'JWT'})}.{part(CLAIMS)}.AAAA",
        f"{part({'alg': 5})}.{part(CLAIMS)}.AAAA",
        f"{part(HEADER)}.{part(b'{"vc":{},"vc":{}}')}.AAAA",
        f"{part(b'{"alg":"none","alg":"EdDSA"}')}.{part(CLAIMS)}.AAAA",
        f"{part(HEADER)}.{part(b'{"vc":NaN}')}.AAAA",
        f"{part(HEADER)}.{part(b'\xff')}.AAAA",
        f"{part(HEADER)}.{part(b'[' * 2000 + b']' * 2000)}.AAAA",
        f"{part(HEADER | {'x': 'y' * 20_000})}.{part(CLAIMS)}.AAAA",
    ],
)
def test_no_token(text: str) -> None:
    assert unreadable(text) == "not_jwt"


def test_a_second_spelling_of_a_signature_is_no_token() -> None:
    """The last character of 64 bytes in base64url has four loose bits."""
    alphabet = base64.urlsafe_b64encode(bytes(range(256))).decode()
    text = token()
    others = [text[:-1] + letter for letter in set(alphabet) - {"="} if letter != text[-1]]
    same = [
        one
        for one in others
        if base64.urlsafe_b64decode(one.rpartition(".")[2] + "==")
        == base64.urlsafe_b64decode(text.rpartition(".")[2] + "==")
    ]
    assert len(same) >= 3
    assert {unreadable(one) for one in same} == {"not_jwt"}


def test_a_token_that_is_too_large() -> None:
    assert unreadable("a" * (VC_LIMITS.document_bytes + 1)) == "too_large"


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        (HEADER | {"typ": "at+jwt"}, CLAIMS),
        (HEADER | {"typ": "dc+sd-jwt"}, CLAIMS),
        (HEADER | {"typ": "vc+jwt"}, CLAIMS),
        (HEADER | {"typ": "vc+jwt", "cty": "vp"}, V2_DOCUMENT),
        (HEADER | {"cty": "text/plain"}, CLAIMS),
        (HEADER, {"iss": ISSUER}),
        (HEADER, CLAIMS | {"vp": {}}),
        (HEADER, {"iss": ISSUER, "vc": [VC]}),
    ],
)
def test_tokens_of_another_kind(header: dict[str, str], claims: dict[str, Any]) -> None:
    assert unreadable(token(claims, header)) == "not_vc_jwt"


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("iss", {"id": ISSUER}),
        ("sub", [HOLDER]),
        ("jti", 5),
        ("nonce", None),
        ("nbf", "1704067200"),
        ("nbf", True),
        ("exp", -1),
        ("exp", 1e300),
        ("exp", None),
        ("iat", []),
        ("aud", 5),
        ("aud", [5]),
    ],
)
def test_claims_of_the_wrong_type(claim: str, value: Any) -> None:
    assert unreadable(token(changed(**{claim: value}))) == "bad_claim"


def test_header_members_of_the_wrong_type() -> None:
    assert unreadable(token(header=HEADER | {"kid": 5})) == "bad_claim"
    assert unreadable(token(header=HEADER | {"typ": None})) == "bad_claim"


def test_the_times_of_a_token() -> None:
    now = datetime.fromtimestamp(1704067200, UTC)
    header = {"alg": "EdDSA", "typ": "vc+jwt"}

    def check(**times: float) -> None:
        vc_jwt.check_times(vc_jwt.parse(token(V2_DOCUMENT | times, header)), now)

    check()
    check(nbf=1704067200, exp=1704067201)
    with pytest.raises(InvalidProof, match="expired"):
        check(exp=1704067200)
    with pytest.raises(InvalidProof, match="not_yet_valid"):
        check(nbf=1704067200.5)
    with pytest.raises(InvalidProof, match="expired"):
        vc_jwt.check_times(vc_jwt.parse(token({"iss": HOLDER, "exp": 1, "vp": {}})), now)


def test_an_expired_credential_keeps_its_good_signature() -> None:
    """Its end is a member of the document, which the rules judge as a check of its own."""
    parsed = vc_jwt.parse(token(changed(exp=1704067201)))
    vc_jwt.verify(parsed, PUBLIC)
    vc_jwt.check_times(parsed, datetime(2030, 1, 1, tzinfo=UTC))
    assert vc_jwt.credential_of(parsed)["expirationDate"] == "2024-01-01T00:00:01Z"


def keys(did: str = ISSUER, result: Result = Result.PASS, **known: Jwk) -> Keys:
    found = {f"{did}#{name}": key for name, key in known.items()}
    return Keys(did=did, result=result, reason="" if result is Result.PASS else "x", assertion=found)


def test_the_key_that_a_token_names() -> None:
    other = jwk_from_raw(OTHER.public_key().public_bytes_raw())
    parsed = vc_jwt.parse(token(header={"alg": "EdDSA", "kid": "#key1"}))
    assert vc_jwt.key_of(parsed, keys(key1=PUBLIC, key2=other)) == PUBLIC
    assert vc_jwt.key_of(parsed, keys(key2=other)) is None
    assert vc_jwt.key_of(parsed, keys(HOLDER, key1=PUBLIC)) is None
    assert vc_jwt.key_of(parsed, keys(result=Result.UNKNOWN, key1=PUBLIC)) is None
    unnamed = vc_jwt.parse(token(header={"alg": "EdDSA"}))
    assert vc_jwt.key_of(unnamed, keys(key1=PUBLIC)) == PUBLIC
    assert vc_jwt.key_of(unnamed, keys(key1=PUBLIC, key2=other)) is None


def test_a_presentation_is_signed_by_an_authentication_key() -> None:
    parsed = vc_jwt.parse(token({"iss": ISSUER, "vp": {}}))
    assert (
        vc_jwt.key_of(parsed, Keys(did=ISSUER, result=Result.PASS, assertion={f"{ISSUER}#key-1": PUBLIC}))
        is None
    )
    proves = Keys(did=ISSUER, result=Result.PASS, authentication={f"{ISSUER}#key-1": PUBLIC})
    assert vc_jwt.key_of(parsed, proves) == PUBLIC


def test_tokens_inside_presentations() -> None:
    enveloped = {"type": "EnvelopedVerifiableCredential", "id": "data:application/vc+jwt,a.b.c"}
    assert vc_jwt.token_in("a.b.c") == "a.b.c"
    assert vc_jwt.token_in(enveloped) == "a.b.c"
    assert vc_jwt.token_in(VC) is None
    for id in (
        "data:application/vc+sd-jwt,a",
        "https://evil.example/a",
        "data:application/vc+jwt;base64,YQ",
        None,
    ):
        with pytest.raises(InputError, match="bad_envelope"):
            vc_jwt.token_in(enveloped | {"id": id})


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "vc",
                        "vp",
                        "iss",
                        "sub",
                        "jti",
                        "nbf",
                        "exp",
                        "aud",
                        "credentialSubject",
                        "issuer",
                        "id",
                        "@context",
                        "type",
                    ]
                ),
                inner,
                max_size=6,
            )
        ),
        max_leaves=12,
    )
)
def test_nothing_but_our_errors(claims: Any) -> None:
    raised: CairnError | None = None
    try:
        parsed = vc_jwt.parse(token(claims))
        vc_jwt.credential_of(parsed)
        vc_jwt.verify(parsed, PUBLIC)
    except CairnError as error:
        raised = error
    assert raised is None or raised.detail

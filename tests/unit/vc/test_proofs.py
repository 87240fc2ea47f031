"""Proofs: the vectors of the W3C byte for byte, and every way in which one must not hold."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import base58
import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.errors import InputError
from agent.vc import dids, jsonld, proofs
from agent.vc.contexts import CREDENTIALS_V2, UnknownContext
from agent.vc.proofs import (
    ED25519_2018,
    ED25519_2020,
    EDDSA_JCS,
    EDDSA_RDFC,
    InvalidProof,
    ProofOptions,
    UnsupportedSuite,
)
from agent.vc.rdfc import PYLD_ESCAPES, URDNA2015_ESCAPES
from tests.unit.vc.signing import (
    CREATED,
    EXAMPLES,
    JWK,
    KEY,
    METHOD,
    OPEN_BADGES,
    badge,
    options,
    sign,
    vectors,
    verify,
)
from trust_registry.keys import Jwk, jwk_from_raw

W3C = vectors("di-eddsa.json")
SECURITY_2020 = "https://w3id.org/security/suites/ed25519-2020/v1"
SUITES = (EDDSA_RDFC, EDDSA_JCS, ED25519_2020)
DIDKIT = vectors("didkit.json")
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
# The order of the group of Ed25519 (RFC 8032 section 5.1).
ORDER = 2**252 + 27742317777372353535851937790883648493


def key_of(proof: dict[str, Any]) -> Jwk:
    method = proof["verificationMethod"]
    found = dids.self_contained(method.partition("#")[0])
    assert found is not None
    return found.assertion[method]


def secret(multikey: str) -> Ed25519PrivateKey:
    data = base58.b58decode(multikey[1:])
    assert data[:2] == b"\x80\x26"
    return Ed25519PrivateKey.from_private_bytes(data[2:])


def document(suite: str) -> dict[str, Any]:
    if suite == ED25519_2020:
        return {**badge(), "@context": [CREDENTIALS_V2, OPEN_BADGES, SECURITY_2020]}
    return badge()


def signed(suite: str = EDDSA_RDFC, **more: Any) -> dict[str, Any]:
    return sign(document(suite), options(suite, **more))


def rejected(credential: dict[str, Any], key: Jwk = JWK) -> InvalidProof:
    with pytest.raises(InvalidProof) as caught:
        verify(credential, key=key)
    return caught.value


# The vectors


@pytest.mark.parametrize(
    "name", ["eddsa-rdfc-2022", "eddsa-rdfc-2022 employ", "eddsa-jcs-2022", "Ed25519Signature2020"]
)
def test_vectors_of_the_w3c(name: str) -> None:
    vector = W3C[name]
    credential = vector["signed"]
    proof = credential["proof"]
    unsecured = {member: value for member, value in credential.items() if member != "proof"}
    chosen = ProofOptions(
        cryptosuite=name.partition(" ")[0],
        verification_method=proof["verificationMethod"],
        created=datetime.fromisoformat(proof["created"]),
    )
    prepared = proofs.prepare(unsecured, chosen)
    assert prepared.document_canonical.decode() == vector["canonDoc"]
    assert prepared.proof_canonical.decode() == vector["proofCanon"]
    assert prepared.hash_data.hex() == vector["combinedHash"]
    signature = secret(W3C["keyPair"]["privateKeyMultibase"]).sign(prepared.hash_data)
    assert signature.hex() == vector["sigHex"]
    assert proofs.attach(unsecured, chosen, signature) == credential
    assert proofs.attach(prepared, chosen, signature) == credential
    verify(credential, key=key_of(proof))


@pytest.mark.parametrize(
    "name", ["signedProofSet1", "signedProofSet2", "signedProofChain1", "signedProofChain2"]
)
def test_sets_and_chains_of_the_w3c(name: str) -> None:
    credential = W3C[name]
    for proof in proofs.proofs_of(credential):
        proofs.verify_proof(credential, proof, key_of(proof))


def test_making_the_chain_of_the_w3c() -> None:
    keys = W3C["multiKeyPairs"]
    wanted = W3C["signedProofChain2"]
    credential = W3C["unsigned"]
    for number, proof in enumerate(proofs.proofs_of(wanted), 1):
        previous = proof.get("previousProof")
        chosen = ProofOptions(
            cryptosuite=EDDSA_RDFC,
            verification_method=proof["verificationMethod"],
            created=datetime.fromisoformat(proof["created"]),
            id=proof.get("id"),
            previous_proof=tuple(previous) if isinstance(previous, list) else previous,
        )
        credential = sign(credential, chosen, secret(keys[f"keyPair{number}"]["privateKeyMultibase"]))
    assert credential == wanted


def test_a_learner_record_of_1edtech() -> None:
    credential = vectors("1edtech.json")["clr"]["signed"]
    multikey = credential["proof"][0]["verificationMethod"].partition("#")[2]
    verify(credential, key=key_of({"verificationMethod": f"did:key:{multikey}#{multikey}"}))


@pytest.mark.parametrize("name", DIDKIT)
def test_what_didkit_signed(name: str) -> None:
    """VC Data Model 1.1 by a second implementation, with a tab in a text: it escapes that in the older way."""
    credential = DIDKIT[name]
    key = key_of(credential["proof"])
    verify(credential, key=key)
    assert rejected({**credential, "id": "urn:uuid:other"}, key).code == "bad_signature"
    for member, value in (("created", "2026-01-01T00:00:00Z"), ("verificationMethod", METHOD)):
        assert rejected(spelled(credential, member, value), key).code == "bad_signature"


def test_the_older_forms_are_for_older_suites_only() -> None:
    text = {**badge(), "name": "a\tb\x7f"}
    older = jsonld.canonical(text, escapes=URDNA2015_ESCAPES)
    assert '"a\tb\x7f"' in older
    assert '"a\\tb\x7f"' in jsonld.canonical(text, escapes=PYLD_ESCAPES)
    assert '"a\\tb\\u007F"' in jsonld.canonical(text)
    chosen = options()
    prepared = proofs.prepare(text, chosen)
    hashes = hashlib.sha256(prepared.proof_canonical).digest() + hashlib.sha256(older.encode()).digest()
    credential = proofs.attach(text, chosen, KEY.sign(hashes))
    assert rejected(credential).code == "bad_signature"


# Ours


@pytest.mark.parametrize("suite", SUITES)
def test_what_we_sign_holds(suite: str) -> None:
    credential = signed(suite, challenge="n-1", domain=("a.example", "b.example"), nonce="x", expires=CREATED)
    verify(credential)
    assert credential["proof"]["domain"] == ["a.example", "b.example"]
    assert credential["proof"]["created"] == "2026-11-22T12:00:00Z"


@pytest.mark.parametrize("suite", SUITES)
def test_another_key(suite: str) -> None:
    assert (
        rejected(signed(suite), jwk_from_raw(OTHER.public_key().public_bytes_raw())).code == "bad_signature"
    )


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize(
    "change",
    [
        lambda credential: credential.update(name="Other"),
        lambda credential: credential.pop("validUntil"),
        lambda credential: credential["credentialSubject"].update(id="did:example:thief"),
        lambda credential: credential["proof"].update(created="2026-11-22T12:00:01Z"),
        lambda credential: credential["proof"].update(proofPurpose="authentication"),
        lambda credential: credential["proof"].update(verificationMethod="did:example:thief#key-1"),
        lambda credential: credential["proof"].update(challenge="other"),
        lambda credential: credential["proof"].pop("expires"),
    ],
)
def test_every_change_breaks_it(suite: str, change: Callable[[dict[str, Any]], Any]) -> None:
    credential = signed(suite, challenge="n-1", expires=CREATED)
    change(credential)
    assert rejected(credential).code == "bad_signature"


def test_a_list_of_one() -> None:
    chosen = options()
    prepared = proofs.prepare(badge(), chosen)
    assert (
        proofs.attach(prepared, chosen, bytes(64), as_list=True)["proof"][0]["type"] == "DataIntegrityProof"
    )


def test_a_second_proof_stands_beside_the_first() -> None:
    credential = sign(signed(), options(EDDSA_JCS))
    assert [proof["cryptosuite"] for proof in credential["proof"]] == [EDDSA_RDFC, EDDSA_JCS]
    verify(credential, 0)
    verify(credential, 1)
    credential["proof"].reverse()
    verify(credential, 0)


def test_the_order_of_members_and_keys_does_not_matter() -> None:
    for suite in SUITES:
        credential = signed(suite)
        verify(json.loads(json.dumps(credential, sort_keys=True)))


# Signatures that are none


def spelled(credential: dict[str, Any], member: str, value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(credential)
    changed["proof"][member] = value
    return changed


def test_a_signature_has_one_spelling() -> None:
    credential = signed()
    text = credential["proof"]["proofValue"]
    raw = base58.b58decode(text[1:])
    for other in (
        None,
        5,
        "",
        "z",
        text[1:],
        "Z" + text[1:],
        f"{text}\n",
        f"{text} ",
        f" {text}",
        "u" + base64.urlsafe_b64encode(raw).decode().rstrip("="),
        "f" + raw.hex(),
        "z1" + text[1:],
        "z" + base58.b58encode(raw[:-1]).decode(),
        "z" + base58.b58encode(raw + b"\0").decode(),
        "z0" + text[2:],
        "z" + "1" * 10_000,
        [text],
        [text, text],
    ):
        assert rejected(spelled(credential, "proofValue", other)).code == "bad_proof"
    for more in ("jws", "signatureValue"):
        assert rejected(spelled(credential, more, "x")).code == "bad_proof"
    del credential["proof"]["proofValue"]
    assert rejected(credential).code == "bad_proof"


@pytest.mark.parametrize("suite", [EDDSA_RDFC, EDDSA_JCS])
def test_a_signature_whose_s_is_too_large(suite: str) -> None:
    """RFC 8032 section 5.1.7: with S + L the same equation holds, so that anybody could make a second signature."""
    credential = signed(suite)
    raw = base58.b58decode(credential["proof"]["proofValue"][1:])
    large = (int.from_bytes(raw[32:], "little") + ORDER).to_bytes(32, "little")
    text = "z" + base58.b58encode(raw[:32] + large).decode()
    assert rejected(spelled(credential, "proofValue", text)).code == "bad_signature"


def test_detached_jws_with_other_headers() -> None:
    credential = DIDKIT["Ed25519Signature2018"]
    signature = credential["proof"]["jws"].rpartition(".")[2]

    def header(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    good = {"alg": "EdDSA", "b64": False, "crit": ["b64"]}
    for other in (
        f"{header({**good, 'alg': 'none'})}..{signature}",
        f"{header({**good, 'b64': True})}..{signature}",
        f"{header({**good, 'kid': 'x'})}..{signature}",
        f"{header({'alg': 'EdDSA'})}..{signature}",
        f"{header([])}..{signature}",
        f"{header(good)}.e30.{signature}",
        f"{header(good)}.{signature}",
        f"{header(good)}..{signature}=",
        f"{header(good)}..",
        f"..{signature}",
        "é..x",
        "[" * 100_000,
    ):
        assert rejected(spelled(credential, "jws", other)).code == "bad_proof"


def test_keys_that_are_none() -> None:
    for key in ({}, {**JWK, "crv": "X25519"}, {**JWK, "d": JWK["x"]}, {**JWK, "x": "AA"}):
        assert rejected(signed(), key).code == "bad_key"


# Members of a proof


@pytest.mark.parametrize("member", ["verificationMethod", "proofPurpose", "type"])
@pytest.mark.parametrize("value", [None, 5, "", [], ["x"], {}, "x" * 3000])
def test_members_that_must_be_texts(member: str, value: Any) -> None:
    credential = signed()
    with pytest.raises((InvalidProof, UnsupportedSuite)):
        verify(spelled(credential, member, value))
    del credential["proof"][member]
    assert rejected(credential).code == "bad_proof"


@pytest.mark.parametrize("member", ["created", "expires"])
@pytest.mark.parametrize(
    "value",
    [
        None,
        5,
        "",
        "2026",
        "2026-11-22",
        "2026-11-22T12:00:00",
        "2026-11-22 12:00:00Z",
        "2026-13-22T12:00:00Z",
        "2026-11-22T25:00:00Z",
        "2026-11-22T12:00:00+25:00",
        "2026-11-22T12:00:00z",
        "20261122T120000Z",
        "0001-01-01T00:00:00+14:00",
        "٢٠٢٦-11-22T12:00:00Z",
    ],
)
def test_times_that_are_none(member: str, value: Any) -> None:
    assert rejected(spelled(signed(), member, value)).code == "bad_proof"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-22T12:00:00Z", CREATED),
        ("2026-11-22T13:30:00.250+01:30", CREATED.replace(microsecond=250_000)),
        ("2026-11-22T12:00:00.123456789Z", CREATED.replace(microsecond=123_456)),
    ],
)
def test_times(text: str, moment: datetime) -> None:
    assert proofs.timestamp(text) == moment


@pytest.mark.parametrize("member", ["challenge", "nonce", "id", "domain", "previousProof"])
@pytest.mark.parametrize("value", [None, 5, "", [], [5], {}, ["x", "x"]])
def test_members_that_may_be_there(member: str, value: Any) -> None:
    assert rejected(spelled(signed(), member, value)).code == "bad_proof"


@pytest.mark.parametrize("suite", SUITES)
def test_a_member_that_nobody_defined(suite: str) -> None:
    credential = spelled(signed(suite), "role", "x")
    if suite == EDDSA_JCS:
        assert rejected(credential).code == "bad_signature"
    else:
        with pytest.raises(InputError, match="role is not defined") as caught:
            verify(credential)
        assert caught.value.code == "undefined_term"


def test_an_expiry_under_its_second_name() -> None:
    """An older context names the same address ``expiration``: a proof that had expired would not say so."""
    credential = sign(
        {**badge(), "@context": [CREDENTIALS_V2, OPEN_BADGES, "https://w3id.org/security/v2"]},
        options(expires=CREATED),
    )
    verify(credential)
    credential["proof"]["expiration"] = credential["proof"].pop("expires")
    with pytest.raises(InputError) as caught:
        verify(credential)
    assert caught.value.code == "context_override"


# Suites


@pytest.mark.parametrize(
    ("kind", "name", "error"),
    [
        ("DataIntegrityProof", "ecdsa-rdfc-2019", UnsupportedSuite),
        ("DataIntegrityProof", "bbs-2023", UnsupportedSuite),
        ("DataIntegrityProof", "eddsa-2022", UnsupportedSuite),
        ("DataIntegrityProof", "EDDSA-RDFC-2022", UnsupportedSuite),
        ("DataIntegrityProof", ED25519_2020, UnsupportedSuite),
        ("JsonWebSignature2020", None, UnsupportedSuite),
        ("eddsa-rdfc-2022", None, UnsupportedSuite),
        ("eddsa-rdfc-2022", "eddsa-rdfc-2022", UnsupportedSuite),
        ("DataIntegrityProof", None, InvalidProof),
        ("DataIntegrityProof", "", InvalidProof),
        ("DataIntegrityProof", ["eddsa-rdfc-2022"], InvalidProof),
        (["DataIntegrityProof"], "eddsa-rdfc-2022", InvalidProof),
    ],
)
def test_kinds_of_proof_that_are_not_verified(kind: Any, name: Any, error: type[Exception]) -> None:
    credential = signed()
    credential["proof"] |= {"type": kind, "cryptosuite": name}
    with pytest.raises(error) as caught:
        verify(credential)
    if error is UnsupportedSuite:
        assert caught.value.code == "unsupported_suite"  # type: ignore[attr-defined]


def test_the_suites_are_not_taken_for_each_other() -> None:
    for suite, other in ((EDDSA_RDFC, EDDSA_JCS), (EDDSA_JCS, EDDSA_RDFC)):
        credential = spelled(signed(suite), "cryptosuite", other)
        assert rejected(credential).code == "bad_signature"


def test_options_that_make_no_proof() -> None:
    for chosen in (
        options(verification_method=""),
        options(challenge=""),
        options(domain=()),
        options(created=datetime(2026, 1, 1)),
        options(previous_proof="urn:unknown"),
    ):
        with pytest.raises(InvalidProof):
            proofs.prepare(badge(), chosen)
    with pytest.raises(UnsupportedSuite):
        proofs.prepare(badge(), options("bbs-2023"))
    with pytest.raises(UnsupportedSuite):
        proofs.attach(badge(), options(ED25519_2018), bytes(64))
    with pytest.raises(InvalidProof):
        proofs.attach(badge(), options(), bytes(63))


def test_times_are_written_in_utc() -> None:
    moment = datetime.fromisoformat("2026-11-22T13:00:00.9+01:00")
    assert options(created=moment).to_proof()["created"] == "2026-11-22T12:00:00Z"
    assert moment.astimezone(UTC).hour == 12


# Contexts


def test_jcs_a_document_may_have_been_given_more_contexts() -> None:
    """EDDSA 3.3.2 step 4, in both directions."""
    credential = signed(EDDSA_JCS)
    credential["@context"] = [*credential["@context"], EXAMPLES]
    verify(credential)
    credential["@context"] = [CREDENTIALS_V2, EXAMPLES, OPEN_BADGES]
    assert rejected(credential).code == "bad_proof"
    credential["@context"] = [CREDENTIALS_V2]
    assert rejected(credential).code == "bad_proof"
    del credential["@context"]
    assert rejected(credential).code == "bad_proof"


def test_jcs_a_proof_without_contexts() -> None:
    """Some signers leave them out of the proof: then those of the document are signed as they stand."""
    chosen = options(EDDSA_JCS)
    proof = chosen.to_proof()
    hashes = b"".join(hashlib.sha256(rfc8785.dumps(part)).digest() for part in (proof, badge()))
    proof["proofValue"] = "z" + base58.b58encode(KEY.sign(hashes)).decode()
    verify({**badge(), "proof": proof})
    longer = {**badge(), "@context": [*badge()["@context"], EXAMPLES], "proof": proof}
    assert rejected(longer).code == "bad_signature"


def test_rdfc_a_proof_has_no_contexts_of_its_own() -> None:
    credential = signed()
    verify(spelled(credential, "@context", credential["@context"]))
    assert rejected(spelled(credential, "@context", [CREDENTIALS_V2])).code == "bad_proof"


def test_rdfc_an_unknown_context_decides_nothing() -> None:
    credential = signed()
    credential["@context"] = [CREDENTIALS_V2, "https://x.example/context.json"]
    with pytest.raises(UnknownContext):
        verify(credential)


@pytest.mark.parametrize("value", [2**53 + 1, float("nan"), "\ud800"])
def test_jcs_values_that_cannot_be_written(value: Any) -> None:
    credential = signed(EDDSA_JCS)
    credential["name"] = value
    with pytest.raises(InputError) as caught:
        verify(credential)
    assert caught.value.code == "bad_value"


def test_jcs_nesting() -> None:
    credential = signed(EDDSA_JCS)
    value: Any = "x"
    for _ in range(100_000):
        value = [value]
    credential["name"] = value
    with pytest.raises(InputError) as caught:
        verify(credential)
    assert caught.value.code in {"bad_value", "too_deep"}


# Several proofs


@pytest.mark.parametrize("value", ["x", 5, None, ["x"], [{"type": "x"}, None], [[]]])
def test_proofs_that_are_none(value: Any) -> None:
    with pytest.raises(InvalidProof):
        proofs.proofs_of({**badge(), "proof": value})


def test_how_many_proofs() -> None:
    assert proofs.proofs_of(badge()) == []
    assert proofs.proofs_of({**badge(), "proof": []}) == []
    with pytest.raises(InvalidProof):
        proofs.proofs_of({**badge(), "proof": [{"type": "x"}] * 9})
    with pytest.raises(InvalidProof, match="same id"):
        proofs.proofs_of({**badge(), "proof": [{"id": "urn:a"}, {"id": "urn:a"}]})


def test_a_chain_without_its_beginning() -> None:
    first = signed(id="urn:uuid:first")
    both = sign(first, options(previous_proof="urn:uuid:first"))
    verify(both, 0)
    verify(both, 1)
    assert both["proof"][1]["previousProof"] == "urn:uuid:first"
    alone = {**both, "proof": both["proof"][1]}
    assert rejected(alone).code == "bad_proof"
    both["proof"][0]["proofValue"] = signed(id="urn:uuid:first", nonce="x")["proof"]["proofValue"]
    with pytest.raises(InvalidProof):
        verify(both, 1)


def test_jcs_needs_no_json_ld() -> None:
    code = (
        "import json, sys\n"
        "from agent.vc import proofs\n"
        "credential, key = json.load(sys.stdin)\n"
        "proofs.verify_proof(credential, credential['proof'], key)\n"
        "print('pyld' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps([signed(EDDSA_JCS), JWK]),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"


def test_the_method_of_these_tests() -> None:
    assert key_of({"verificationMethod": METHOD}) == JWK

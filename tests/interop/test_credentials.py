"""Credentials: ours verify elsewhere, theirs verify here, and a changed copy verifies nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from agent.errors import CairnError
from agent.vc import proofs
from tests.interop.bridges import Bridge, RefusedError
from tests.interop.documents import (
    NOW,
    RECORDS,
    SUITES,
    TAMPERED,
    badge,
    changed,
    our_badge,
    signed,
    with_context,
)
from tests.interop.keys import ISSUER, STRANGER, WEB_ISSUER, Key

both_suites = pytest.mark.parametrize("suite", SUITES)
both_issuers = pytest.mark.parametrize("key", [ISSUER, WEB_ISSUER], ids=["did:key", "did:web"])
every_change = pytest.mark.parametrize("change", TAMPERED)
CREATED = "2026-06-12T09:30:00Z"
AT = NOW.isoformat()


# ------------------------------------------------------------------ ours, elsewhere


@both_suites
@both_issuers
def test_digitalbazaar_verifies_ours(node: Bridge, suite: str, key: Key) -> None:
    answer = node.ask("verifyCredential", credential=signed(our_badge(key), key, suite), now=AT)
    assert answer["verified"], answer["reasons"]


@both_suites
@every_change
def test_digitalbazaar_refuses_a_changed_copy_of_ours(node: Bridge, suite: str, change: str) -> None:
    tampered = changed(signed(our_badge(ISSUER), ISSUER, suite), *TAMPERED[change])
    assert not node.ask("verifyCredential", credential=tampered, now=AT)["verified"]


@both_suites
@pytest.mark.parametrize("record", [path.stem for path in RECORDS])
def test_badges_of_all_sample_records_verify_elsewhere(
    node: Bridge, openvc: Bridge, suite: str, record: str
) -> None:
    """Hostile text, every member, forty-one of one kind: what canonical forms differ over if they differ.

    They do in one place: RDFC-1.0 writes control characters as \\u001B, and PyLD's older algorithm, which openvc-core
    uses for this suite, as they are. The hostile record has some.
    """
    document = signed(our_badge(ISSUER, record), ISSUER, suite)
    answer = node.ask("verifyCredential", credential=document, now=AT)
    assert answer["verified"], answer["reasons"]
    if (record, suite) == ("hostile", "eddsa-rdfc-2022"):
        with pytest.raises(RefusedError, match="SignatureInvalid"):
            openvc.ask("verify", document=document, now=AT)
    else:
        openvc.ask("verify", document=document, now=AT)


def test_verifier_core_verifies_ours(node: Bridge) -> None:
    """It resolves did:web over the network only, so the issuer is a did:key; of the two suites it reads one."""
    answer = node.ask("verifierCore", credential=signed(our_badge(ISSUER), ISSUER, "eddsa-rdfc-2022"))
    assert not answer.get("errors")
    results = {entry["id"]: entry["valid"] for entry in answer["log"]}
    assert results["valid_signature"]
    assert results["expiration"]


@every_change
def test_verifier_core_refuses_a_changed_copy_of_ours(node: Bridge, change: str) -> None:
    tampered = changed(signed(our_badge(ISSUER), ISSUER, "eddsa-rdfc-2022"), *TAMPERED[change])
    answer = node.ask("verifierCore", credential=tampered)
    results = {entry["id"]: entry["valid"] for entry in answer.get("log") or ()}
    assert answer.get("errors") or not results["valid_signature"]


@both_suites
@both_issuers
def test_openvc_verifies_ours(openvc: Bridge, suite: str, key: Key) -> None:
    answer = openvc.ask("verify", document=signed(our_badge(key), key, suite), now=AT)
    assert answer["issuer"] == key.controller


@both_suites
@every_change
def test_openvc_refuses_a_changed_copy_of_ours(openvc: Bridge, suite: str, change: str) -> None:
    tampered = changed(signed(our_badge(ISSUER), ISSUER, suite), *TAMPERED[change])
    with pytest.raises(RefusedError):
        openvc.ask("verify", document=tampered, now=AT)


# ------------------------------------------------------------------ theirs, here


def made_elsewhere(bridge: Bridge, maker: str, suite: str, key: Key) -> dict[str, Any]:
    if maker == "digitalbazaar":
        given = {"credential": badge(key), "key": key.for_node(), "created": CREATED}
        return dict(bridge.ask("issue", suite=suite, **given))
    return with_context(bridge.ask("sign", document=badge(key), suite=suite, key=key.for_openvc()))


@pytest.fixture(params=["digitalbazaar", "openvc"])
def maker(request: pytest.FixtureRequest) -> tuple[str, Bridge]:
    name = str(request.param)
    return name, request.getfixturevalue("node" if name == "digitalbazaar" else "openvc")


@both_suites
@both_issuers
def test_theirs_verifies_here(maker: tuple[str, Bridge], suite: str, key: Key) -> None:
    name, bridge = maker
    document = made_elsewhere(bridge, name, suite, key)
    (proof,) = proofs.proofs_of(document)
    assert proof["cryptosuite"] == suite
    proofs.verify_proof(document, proof, key.jwk)


@both_suites
@every_change
def test_a_changed_copy_of_theirs_is_refused_here(maker: tuple[str, Bridge], suite: str, change: str) -> None:
    name, bridge = maker
    tampered = changed(made_elsewhere(bridge, name, suite, ISSUER), *TAMPERED[change])
    (proof,) = proofs.proofs_of(tampered)
    with pytest.raises(CairnError):
        proofs.verify_proof(tampered, proof, ISSUER.jwk)


def test_openvc_leaves_the_context_out_of_its_jcs_proofs(node: Bridge, openvc: Bridge) -> None:
    """EDDSA 3.3.1 step 2 puts it into the proof. openvc-core signs it and does not write it, as drafts of the
    specification did: neither @digitalbazaar/vc nor we take such a proof, and both do with the member put back.
    """
    document = openvc.ask("sign", document=badge(ISSUER), suite="eddsa-jcs-2022", key=ISSUER.for_openvc())
    assert "@context" not in document["proof"]
    assert not node.ask("verifyCredential", credential=document, now=AT)["verified"]
    with pytest.raises(proofs.InvalidProof, match="bad_signature"):
        proofs.verify_proof(document, document["proof"], ISSUER.jwk)
    mended = with_context(document)
    assert node.ask("verifyCredential", credential=mended, now=AT)["verified"]
    proofs.verify_proof(mended, mended["proof"], ISSUER.jwk)


@both_suites
def test_another_key_is_refused_here(maker: tuple[str, Bridge], suite: str) -> None:
    name, bridge = maker
    document = made_elsewhere(bridge, name, suite, ISSUER)
    (proof,) = proofs.proofs_of(document)
    with pytest.raises(proofs.InvalidProof, match="bad_signature"):
        proofs.verify_proof(document, proof, STRANGER.jwk)


@both_suites
def test_the_same_key_signs_the_same_everywhere(node: Bridge, suite: str) -> None:
    """Ed25519 is deterministic: one document, one time, one key give one signature, whoever computes it."""
    ours = signed(badge(ISSUER), ISSUER, suite)["proof"]["proofValue"]
    theirs = made_elsewhere(node, "digitalbazaar", suite, ISSUER)
    assert theirs["proof"]["proofValue"] == ours

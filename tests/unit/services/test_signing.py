"""Documents signed where the key is; what does not verify with the published key never leaves."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.errors import CairnError
from agent.services import signing
from agent.vc import dids, proofs
from tests.simulators.town import Member, Town

NOW = datetime(2026, 6, 12, 12, 0, tzinfo=UTC)
SUITES = ("eddsa-rdfc-2022", "eddsa-jcs-2022")


def credential(issuer: str) -> dict[str, Any]:
    return {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"],
        "issuer": issuer,
        "validFrom": "2026-06-12T12:00:00Z",
        "credentialSubject": {"id": "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"},
    }


async def code(call: Any) -> str:
    with pytest.raises(CairnError) as caught:
        await call
    return caught.value.code


@pytest.mark.parametrize("suite", SUITES)
async def test_an_issuer_signs(shared: Town, suite: str) -> None:
    munster = shared.members["munster"]
    node, document = munster.agent.node, credential(munster.did)
    before = copy.deepcopy(document)
    signed = await signing.sign(node, document, did=munster.did, suite=suite, now=NOW)
    assert document == before
    (proof,) = proofs.proofs_of(signed)
    assert (proof["cryptosuite"], proof["proofPurpose"]) == (suite, "assertionMethod")
    assert (proof["verificationMethod"], proof["created"]) == (f"{munster.did}#key-1", "2026-06-12T12:00:00Z")
    proofs.verify_proof(signed, proof, node.own_key())
    with pytest.raises(proofs.InvalidProof):
        proofs.verify_proof(signed | {"issuer": "did:web:evil.example"}, proof, node.own_key())


async def test_the_older_suite_names_the_older_form_of_the_key(shared: Town) -> None:
    munster = shared.members["munster"]
    document = credential(munster.did) | {
        "@context": [
            "https://www.w3.org/2018/credentials/v1",
            "https://w3id.org/security/suites/ed25519-2020/v1",
        ],
        "issuanceDate": "2026-06-12T12:00:00Z",
    }
    del document["validFrom"]
    signed = await signing.sign(
        munster.agent.node, document, did=munster.did, suite="Ed25519Signature2020", now=NOW
    )
    (proof,) = proofs.proofs_of(signed)
    assert (proof["type"], proof["verificationMethod"]) == ("Ed25519Signature2020", f"{munster.did}#key-2020")
    proofs.verify_proof(signed, proof, munster.agent.node.own_key())


@pytest.mark.parametrize("suite", SUITES)
async def test_a_learner_presents_with_a_did_key(shared: Town, suite: str) -> None:
    learner = shared.members["learner"]
    node = learner.agent.node
    did = await (await node.admin()).create_did_key()
    presentation = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiablePresentation"],
        "holder": did,
    }
    signed = await signing.sign(
        node,
        presentation,
        did=did,
        suite=suite,
        purpose="authentication",
        challenge="c-1",
        domain="employer.example",
        now=NOW,
    )
    (proof,) = proofs.proofs_of(signed)
    assert (proof["proofPurpose"], proof["challenge"], proof["domain"]) == (
        *("authentication", "c-1", "employer.example"),
    )
    keys = dids.self_contained(did)
    assert keys is not None
    proofs.verify_proof(signed, proof, keys.authentication[proof["verificationMethod"]])
    for name, value in (
        ("challenge", "c-2"),
        ("domain", "evil.example"),
        ("proofPurpose", "assertionMethod"),
    ):
        with pytest.raises(proofs.InvalidProof):
            proofs.verify_proof(
                signed, proof | {name: value}, keys.authentication[proof["verificationMethod"]]
            )


async def test_whose_key_signs(shared: Town) -> None:
    munster, learner = shared.members["munster"], shared.members["learner"]
    other = await (await learner.agent.node.admin()).create_did_key()
    document = credential(munster.did)
    node = munster.agent.node
    for did, wanted in (
        (other, "not_found"),  # a did:key of another wallet
        (shared.members["employer"].did, "not_our_did"),
        ("did:web:elsewhere.example", "not_our_did"),
        ("did:key:z6Mk", "not_our_did"),
        ("did:jwk:eyJrdHkiOiJPS1AifQ", "not_our_did"),
        ("", "not_our_did"),
    ):
        assert await code(signing.sign(node, document, did=did, now=NOW)) == wanted, did
    # A learner has no public DID, whatever the settings would make of its address.
    learners = learner.agent.node
    assert await code(signing.sign(learners, document, did=learner.did, now=NOW)) == "not_our_did"


async def test_what_does_not_verify_does_not_leave(university: Member) -> None:
    university.wallet.keys[university.did] = Ed25519PrivateKey.generate()
    call = signing.sign(university.agent.node, credential(university.did), did=university.did, now=NOW)
    assert await code(call) == "bad_signature"


async def test_a_document_with_unsigned_parts_is_not_signed(shared: Town) -> None:
    munster = shared.members["munster"]
    document = credential(munster.did) | {"somethingUndefined": "x"}
    calls = len(munster.wallet.calls)
    assert (
        await code(signing.sign(munster.agent.node, document, did=munster.did, now=NOW)) == "undefined_term"
    )
    assert "sign_data_integrity" not in munster.wallet.calls[calls:]


async def test_suites_that_sign_something_else(shared: Town) -> None:
    """Ed25519Signature2018 signs a JWS, which the wallet's route cannot be made to do."""
    munster = shared.members["munster"]
    for suite in ("Ed25519Signature2018", "ecdsa-rdfc-2019", ""):
        call = signing.sign(
            munster.agent.node, credential(munster.did), did=munster.did, suite=suite, now=NOW
        )
        assert await code(call) == "unsupported_suite"


async def test_a_second_proof_and_a_list_of_one(shared: Town) -> None:
    munster = shared.members["munster"]
    node, key = munster.agent.node, munster.agent.node.own_key()
    document = credential(munster.did)
    one = await signing.sign(node, document, did=munster.did, now=NOW, as_list=True)
    assert isinstance(one["proof"], list)
    two = await signing.sign(node, one, did=munster.did, suite="eddsa-jcs-2022", now=NOW)
    assert [proof["cryptosuite"] for proof in proofs.proofs_of(two)] == list(SUITES)
    for proof in proofs.proofs_of(two):
        proofs.verify_proof(two, proof, key)


async def test_a_locked_wallet_signs_nothing(university: Member) -> None:
    await university.agent.node.relock()
    call = signing.sign(university.agent.node, credential(university.did), did=university.did, now=NOW)
    assert await code(call) == "locked"


async def test_no_did_document_yet(university: Member) -> None:
    (university.home / "public" / "did.json").unlink()
    call = signing.sign(university.agent.node, credential(university.did), did=university.did, now=NOW)
    assert await code(call) == "no_did_yet"

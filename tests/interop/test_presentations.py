"""Presentations, both ways; and what other verifiers accept that ours must not."""

from __future__ import annotations

from typing import Any

import pytest

from agent.errors import CairnError
from agent.vc import proofs
from tests.interop.bridges import Bridge, RefusedError
from tests.interop.documents import (
    CHALLENGE,
    DOMAIN,
    NOW,
    SUITES,
    changed,
    our_badge,
    presentation,
    presented,
    signed,
    with_context,
)
from tests.interop.keys import HOLDER, ISSUER, STRANGER, Key

both_suites = pytest.mark.parametrize("suite", SUITES)
AT = NOW.isoformat()
EXPECTED = {"challenge": CHALLENGE, "domain": DOMAIN}


def verified_by_digitalbazaar(node: Bridge, document: dict[str, Any], **expected: str) -> bool:
    answer = node.ask("verifyPresentation", presentation=document, now=AT, **(EXPECTED | expected))
    return bool(answer["verified"])


@both_suites
def test_digitalbazaar_verifies_ours(node: Bridge, suite: str) -> None:
    document = presented(signed(our_badge(ISSUER), ISSUER, suite), suite=suite)
    answer = node.ask("verifyPresentation", presentation=document, now=AT, **EXPECTED)
    assert answer["verified"], answer
    assert [each["verified"] for each in answer["credentials"]] == [True]


@both_suites
def test_digitalbazaar_refuses_a_replayed_or_changed_one_of_ours(node: Bridge, suite: str) -> None:
    credential = signed(our_badge(ISSUER), ISSUER, suite)
    document = presented(credential, suite=suite)
    assert verified_by_digitalbazaar(node, document)
    assert not verified_by_digitalbazaar(node, document, challenge="another")
    assert not verified_by_digitalbazaar(node, document, domain="https://elsewhere.example")
    for path, value in (
        ("holder", STRANGER.controller),
        ("proof.challenge", "another"),
        ("verifiableCredential.0.credentialSubject.id", STRANGER.controller),
    ):
        assert not verified_by_digitalbazaar(node, changed(document, path, value)), path


@both_suites
def test_openvc_verifies_ours(openvc: Bridge, suite: str) -> None:
    document = presented(signed(our_badge(ISSUER), ISSUER, suite), suite=suite)
    openvc.ask("verify_presentation", document=document, **EXPECTED)
    with pytest.raises(RefusedError, match="challenge"):
        openvc.ask("verify_presentation", document=document, **(EXPECTED | {"challenge": "another"}))
    with pytest.raises(RefusedError):
        openvc.ask(
            "verify_presentation", document=changed(document, "holder", STRANGER.controller), **EXPECTED
        )


def made_elsewhere(node: Bridge, suite: str, holder: Key = HOLDER) -> dict[str, Any]:
    credential = signed(our_badge(ISSUER), ISSUER, suite)
    unsigned = presentation(credential, holder=holder)
    answer = node.ask(
        "present", presentation=unsigned, suite=suite, key=holder.for_node(), created=AT, **EXPECTED
    )
    return dict(answer)


@both_suites
def test_theirs_verifies_here(node: Bridge, openvc: Bridge, suite: str) -> None:
    unsigned = presentation(signed(our_badge(ISSUER), ISSUER, suite))
    from_openvc = openvc.ask(
        "sign", document=unsigned, suite=suite, key=HOLDER.for_openvc(), purpose="authentication", **EXPECTED
    )
    for document in (made_elsewhere(node, suite), with_context(from_openvc)):
        (proof,) = proofs.proofs_of(document)
        assert (proof["challenge"], proof["domain"]) == (CHALLENGE, DOMAIN)
        proofs.verify_proof(document, proof, HOLDER.jwk)
        for path, value in (("holder", STRANGER.controller), ("proof.domain", "https://elsewhere.example")):
            tampered = changed(document, path, value)
            with pytest.raises(CairnError):
                proofs.verify_proof(tampered, proofs.proofs_of(tampered)[0], HOLDER.jwk)

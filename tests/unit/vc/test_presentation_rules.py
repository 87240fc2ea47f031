"""Steps 8 to 12: presentations, stolen credentials, old answers to new questions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from agent.core.verdict import Result
from agent.vc import model, proofs, rules
from agent.vc.facts import Keys

from .documents import (
    CHALLENGE,
    DOMAIN,
    ISSUER,
    LEARNER,
    NOW,
    STRANGER,
    THIEF,
    V1,
    badge,
    credential,
    facts,
    jwt,
    old_credential,
    present,
    presentation,
    sign,
    web_party,
)
from .test_rules import FAIL, NOT_READ, UNKNOWN, Answers, bad, edited

HELD = sign(badge())
ASKED: dict[str, Any] = {"challenge": CHALLENGE, "domain": DOMAIN}


def presented_jwt(*held: Any, by: Any = LEARNER, **claims: Any) -> dict[str, Any]:
    said = presentation(*held) | {"nonce": CHALLENGE, "aud": DOMAIN} | claims
    return model.enveloped(jwt(said, by, typ="vp+jwt"), presentation=True)


GOOD: dict[str, Callable[[], dict[str, Any]]] = {
    "one credential": lambda: present(presentation(HELD)),
    "none": lambda: present(presentation()),
    "no holder named": lambda: present(presentation(HELD, holder=...)),
    "the holder as an object": lambda: present(presentation(HELD, holder={"id": LEARNER.did})),
    "by eddsa-jcs-2022": lambda: present(presentation(HELD), suite=proofs.EDDSA_JCS),
    "a credential by eddsa-jcs-2022 inside": lambda: present(presentation(sign(badge(), suite=proofs.EDDSA_JCS))),
    "an enveloped credential inside": lambda: present(presentation(model.enveloped(jwt(credential())))),
    "an old credential inside": lambda: present(presentation(sign(old_credential(), suite=proofs.ED25519_2020))),
    "a JWT": lambda: presented_jwt(HELD),
    "a JWT with JWTs": lambda: presented_jwt(model.enveloped(jwt(credential())), HELD),
    "an old JWT with a JWT": lambda: model.enveloped(
        jwt(
            {
                "iss": LEARNER.did,
                "nonce": CHALLENGE,
                "aud": [DOMAIN],
                "vp": {
                    "@context": [V1],
                    "type": ["VerifiablePresentation"],
                    "verifiableCredential": [jwt({"iss": ISSUER.did, "vc": old_credential()}, typ="JWT")],
                },
            },
            LEARNER,
            typ="JWT",
        ),
        presentation=True,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_good_presentations(name: str) -> None:
    document = GOOD[name]()
    assert bad(document, **ASKED) == {}
    assert rules.examine(document, facts()).holder == LEARNER.did


def test_each_credential_has_checks_of_its_own_and_is_known_by_its_place() -> None:
    second = sign(badge(issuer=STRANGER.did), STRANGER)
    examined = rules.examine(present(presentation(HELD, second)), facts(), **ASKED)
    assert [c.code for c in examined.checks if not c.subject] == [
        "model", "context", "presentation_signature", "dates", "freshness",
    ]  # fmt: skip
    for subject, found, signer in zip(("c0", "c1"), examined.credentials, (ISSUER, STRANGER), strict=True):
        assert (found.subject, found.issuer) == (subject, signer.did)
        assert [s.method for s in found.signers] == [signer.method]
        assert [c.code for c in examined.checks if c.subject == subject] == [
            "holder", "model", "context", "signature", "issuer_key", "dates", "status",
        ]  # fmt: skip
        assert {c.subject for c in found.checks} == {subject}


WEB = web_party("holder")
OTHER = {"id": THIEF.did}
ATTACKS: dict[str, tuple[Callable[[], dict[str, Any]], Answers]] = {
    "a thief in their own name": (
        lambda: present(presentation(HELD, holder=THIEF.did), THIEF),
        {"c0/holder": (FAIL, "holder_is_not_subject")},
    ),
    "a thief without a name": (
        lambda: present(presentation(HELD, holder=...), THIEF),
        {"c0/holder": (FAIL, "holder_is_not_subject")},
    ),
    "a thief in the holder's name": (
        lambda: present(presentation(HELD), THIEF),
        {"presentation_signature": (FAIL, "wrong_controller"), "c0/holder": (UNKNOWN, "not_presented")},
    ),
    "a thief in the holder's name and key": (
        lambda: present(presentation(HELD), dataclasses.replace(THIEF, method=LEARNER.method)),
        {"presentation_signature": (FAIL, "bad_signature"), "c0/holder": (UNKNOWN, "not_presented")},
    ),
    "a thief with a JWT": (
        lambda: presented_jwt(HELD, by=THIEF, holder=THIEF.did),
        {"c0/holder": (FAIL, "holder_is_not_subject")},
    ),
    "a thief with a JWT in the holder's name": (
        lambda: presented_jwt(HELD, by=THIEF),
        {"presentation_signature": (FAIL, "wrong_signer"), "c0/holder": (UNKNOWN, "not_presented")},
    ),
    "one stolen credential of two": (
        lambda: present(presentation(HELD, sign(badge(credentialSubject=badge()["credentialSubject"] | OTHER)))),
        {"c1/holder": (FAIL, "holder_is_not_subject")},
    ),
    "a credential of nobody": (
        lambda: present(presentation(sign(edited(badge(), lambda d: d["credentialSubject"].pop("id"))))),
        {"c0/holder": (UNKNOWN, "no_subject_id")},
    ),
    "a credential of two": (
        lambda: present(presentation(sign(credential(credentialSubject=[{"id": LEARNER.did}, OTHER])))),
        {"c0/holder": (UNKNOWN, "several_subjects")},
    ),
    "not signed": (
        lambda: presentation(HELD),
        {
            "presentation_signature": (FAIL, "no_proof"),
            "freshness": (UNKNOWN, "not_presented"),
            "c0/holder": (UNKNOWN, "not_presented"),
        },
    ),
    "a credential added after signing": (
        lambda: edited(present(presentation(HELD)), lambda d: d["verifiableCredential"].append(sign(credential()))),
        {
            "presentation_signature": (FAIL, "bad_signature"),
            "c0/holder": (UNKNOWN, "not_presented"),
            "c1/holder": (UNKNOWN, "not_presented"),
        },
    ),
    "a credential that was changed before": (
        lambda: present(presentation(edited(HELD, lambda d: d.update(name="Medicine")))),
        {"c0/signature": (FAIL, "bad_signature")},
    ),
    "a credential that nobody signed": (
        lambda: present(presentation(badge())),
        {"c0/signature": (FAIL, "no_proof"), "c0/issuer_key": (FAIL, "no_proof")},
    ),
    "a credential that the holder signed": (
        lambda: present(presentation(sign(badge(), LEARNER))),
        {"c0/issuer_key": (FAIL, "wrong_controller")},
    ),
    "an expired credential": (
        lambda: present(presentation(sign(badge(validUntil="2026-11-01T00:00:00Z")))),
        {"c0/dates": (FAIL, "expired")},
    ),
    "a proof that has run out": (
        lambda: present(presentation(HELD), expires=NOW - timedelta(minutes=1)),
        {"dates": (FAIL, "proof_expired")},
    ),
    "signed to assert": (
        lambda: present(presentation(HELD), proof_purpose="assertionMethod"),
        {"presentation_signature": (FAIL, "wrong_purpose"), "c0/holder": (UNKNOWN, "not_presented")},
    ),
    "a credential's JWT as a presentation": (
        lambda: model.enveloped(jwt(credential()), presentation=True),
        {
            "model": (FAIL, "wrong_type"),
            "presentation_signature": (FAIL, "wrong_purpose"),
            "freshness": (FAIL, "wrong_challenge"),
        },
    ),
    "another challenge": (
        lambda: present(presentation(HELD), challenge="yesterday"),
        {"freshness": (FAIL, "wrong_challenge")},
    ),
    "no challenge": (
        lambda: present(presentation(HELD), challenge=None),
        {"freshness": (FAIL, "wrong_challenge")},
    ),
    "for somebody else": (
        lambda: present(presentation(HELD), domain="evil.example"),
        {"freshness": (FAIL, "wrong_domain")},
    ),
    "a JWT for somebody else": (
        lambda: presented_jwt(HELD, aud="evil.example"),
        {"freshness": (FAIL, "wrong_domain")},
    ),
    "a JWT for another challenge": (
        lambda: presented_jwt(HELD, nonce="yesterday"),
        {"freshness": (FAIL, "wrong_challenge")},
    ),
    "the challenge changed to this one": (
        lambda: edited(
            present(presentation(HELD), challenge="yesterday"), lambda d: d["proof"].update(challenge=CHALLENGE)
        ),
        {"presentation_signature": (FAIL, "bad_signature"), "c0/holder": (UNKNOWN, "not_presented")},
    ),
    "an unsupported suite": (
        lambda: presentation(HELD, proof=present(presentation())["proof"] | {"cryptosuite": "bbs-2023"}),
        {"presentation_signature": (UNKNOWN, "unsupported_suite"), "c0/holder": (UNKNOWN, "not_presented")},
    ),
    "a credential with contexts of its own making": (
        lambda: present(
            presentation(edited(sign(badge(), suite=proofs.EDDSA_JCS), lambda d: d["@context"].append({"@base": 1}))),
            suite=proofs.EDDSA_JCS,
        ),
        {"context": (UNKNOWN, "unsupported_context"), "c0/context": (UNKNOWN, "unsupported_context")},
    ),
    "a credential that is no object": (
        lambda: present(presentation(7), suite=proofs.EDDSA_JCS),
        {
            "model": (FAIL, "not_object"),
            "c0/model": (UNKNOWN, "unsupported_envelope"),
            "c0/holder": (UNKNOWN, "no_subject_id"),
            **{f"c0/{code}": answer for code, answer in NOT_READ.items()},
        },
    ),
    "a presentation inside of a presentation": (
        lambda: present(presentation(present(presentation(HELD))), suite=proofs.EDDSA_JCS),
        {
            "model": (FAIL, "wrong_type"),
            "c0/model": (FAIL, "wrong_type"),
            "c0/signature": (FAIL, "wrong_purpose"),
            "c0/holder": (UNKNOWN, "no_subject_id"),
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
def test_attacks(name: str) -> None:
    make, expected = ATTACKS[name]
    assert bad(make(), **ASKED) == expected


@pytest.mark.parametrize(
    ("given", "proof", "expected"),
    [
        ({}, {}, (UNKNOWN, "no_challenge")),
        ({"domain": DOMAIN}, {}, (UNKNOWN, "no_challenge")),
        ({"domain": "evil.example"}, {}, (FAIL, "wrong_domain")),
        ({"challenge": CHALLENGE}, {}, (UNKNOWN, "no_domain")),
        ({"challenge": CHALLENGE}, {"domain": None}, None),
        ({"challenge": "other"}, {}, (FAIL, "wrong_challenge")),
        (ASKED, {"domain": None}, (FAIL, "wrong_domain")),
        (ASKED, {"domain": ("a.example", DOMAIN)}, None),
    ],
)
def test_freshness_by_what_the_verifier_asked(
    given: dict[str, str], proof: dict[str, Any], expected: Any
) -> None:
    assert bad(present(presentation(HELD), **proof), **given).get("freshness") == expected


def test_the_holder_signs_with_a_key_to_authenticate_with() -> None:
    about_web = sign(badge(credentialSubject=badge()["credentialSubject"] | {"id": WEB.did}))
    document = present(presentation(about_web, holder=WEB.did), WEB)
    assert bad(document, facts(parties=(ISSUER, WEB)), **ASKED) == {}
    only_asserts = Keys(did=WEB.did, result=Result.PASS, assertion={WEB.method: WEB.jwk})
    assert bad(document, facts(holder=only_asserts), **ASKED) == {
        "presentation_signature": (FAIL, "wrong_relationship"),
        "c0/holder": (UNKNOWN, "not_presented"),
    }
    assert bad(document, facts(), **ASKED)["presentation_signature"] == (UNKNOWN, "no_key")


def test_only_so_many_credentials_are_looked_at() -> None:
    document = presentation(*[badge()] * 40)
    examined = rules.examine(document, facts())
    assert len(examined.credentials) == model.MAX_CREDENTIALS
    assert bad(document)["model"] == (FAIL, "too_many")


def test_a_presentation_that_cannot_be_read_is_not_passed() -> None:
    envelope = model.enveloped("x", presentation=True) | {"id": "data:application/vp+cose,0oRDoQE4"}
    assert bad(envelope, **ASKED) == {
        "model": (UNKNOWN, "unsupported_envelope"),
        **dict.fromkeys(("context", "presentation_signature", "dates", "freshness"), (UNKNOWN, "not_read")),
    }

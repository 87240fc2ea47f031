"""Documents made elsewhere, under all of this verifier's rules; and what other verifiers say of the same attacks."""

from __future__ import annotations

from typing import Any

import pytest

from agent.core.verdict import Result
from agent.vc import dids, rules
from agent.vc.facts import Facts
from tests.interop.bridges import Bridge
from tests.interop.documents import (
    CHALLENGE,
    DOMAIN,
    NOW,
    SUITES,
    badge,
    our_badge,
    presentation,
    presented,
    signed,
    with_context,
)
from tests.interop.keys import HOLDER, ISSUER, STRANGER, WEB_ISSUER, Key

both_suites = pytest.mark.parametrize("suite", SUITES)
AT = NOW.isoformat()
FACTS = Facts(
    now=NOW,
    keys={WEB_ISSUER.controller: dids.keys_of(WEB_ISSUER.document(), WEB_ISSUER.controller)},
)


def shortfalls(document: dict[str, Any], **asked: str) -> dict[tuple[str, str], tuple[Result, str]]:
    """Every check that did not pass."""
    checks = rules.examine(document, FACTS, **asked).checks
    return {
        (check.subject, check.code): (check.result, check.reason)
        for check in checks
        if check.result is not Result.PASS
    }


@both_suites
@pytest.mark.parametrize("key", [ISSUER, WEB_ISSUER], ids=["did:key", "did:web"])
def test_their_credentials_pass_every_rule(node: Bridge, openvc: Bridge, suite: str, key: Key) -> None:
    from_digitalbazaar = node.ask(
        "issue", credential=badge(key), suite=suite, key=key.for_node(), created="2026-06-12T09:30:00Z"
    )
    from_openvc = openvc.ask("sign", document=badge(key), suite=suite, key=key.for_openvc())
    for document in (from_digitalbazaar, with_context(from_openvc)):
        assert shortfalls(document) == {}


@both_suites
def test_their_presentations_pass_every_rule(node: Bridge, openvc: Bridge, suite: str) -> None:
    unsigned = presentation(signed(our_badge(WEB_ISSUER), WEB_ISSUER, suite))
    asked = {"challenge": CHALLENGE, "domain": DOMAIN}
    made = [
        node.ask("present", presentation=unsigned, suite=suite, key=HOLDER.for_node(), created=AT, **asked),
        with_context(
            openvc.ask(
                "sign",
                document=unsigned,
                suite=suite,
                key=HOLDER.for_openvc(),
                purpose="authentication",
                **asked,
            )
        ),
    ]
    for document in made:
        assert shortfalls(document, **asked) == {}
        assert shortfalls(document, challenge="another", domain=DOMAIN) == {
            ("", "freshness"): (Result.FAIL, "wrong_challenge")
        }


@both_suites
def test_a_stolen_credential_is_refused_here_and_taken_elsewhere(
    node: Bridge, openvc: Bridge, suite: str
) -> None:
    """A stranger signs a presentation of somebody else's badge, in their own name, for the right request."""
    stolen = presented(signed(our_badge(ISSUER), ISSUER, suite), suite=suite, holder=STRANGER)
    asked = {"challenge": CHALLENGE, "domain": DOMAIN}
    assert shortfalls(stolen, **asked) == {("c0", "holder"): (Result.FAIL, "holder_is_not_subject")}
    assert node.ask("verifyPresentation", presentation=stolen, now=AT, **asked)["verified"]
    openvc.ask("verify_presentation", document=stolen, **asked)


def test_verifier_core_takes_a_stolen_credential_without_any_challenge(node: Bridge) -> None:
    """It wants presentations that were signed as assertions, and asks neither for whom nor when they were made."""
    stolen = signed(
        presentation(signed(our_badge(ISSUER), ISSUER, "eddsa-rdfc-2022"), holder=STRANGER),
        STRANGER,
        "eddsa-rdfc-2022",
    )
    answer = node.ask("verifierCorePresentation", presentation=stolen, challenge=CHALLENGE)
    assert answer["signature"] == "valid"
    assert all(not each.get("errors") for each in answer["credentials"])
    found = shortfalls(stolen, challenge=CHALLENGE, domain=DOMAIN)
    assert found["", "presentation_signature"] == (Result.FAIL, "wrong_purpose")
    assert found["c0", "holder"] == (Result.FAIL, "holder_is_not_subject")

"""The verifier's rules, each with its attack: a good document, an edit of two lines, and what must be said of it."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.core.verdict import Result
from agent.vc import jsonld, model, proofs, rules, status_list
from agent.vc.facts import Facts, Keys
from trust_registry.keys import thumbprint

from .documents import (
    CHALLENGE,
    DOMAIN,
    ISSUER,
    LIST_URL,
    NOW,
    OB3,
    STRANGER,
    SUSPENSION_URL,
    THIEF,
    V2,
    badge,
    credential,
    facts,
    fetched,
    jwt,
    old_credential,
    present,
    presentation,
    sign,
    status,
    status_document,
)

PASS, FAIL, UNKNOWN = Result.PASS, Result.FAIL, Result.UNKNOWN
Answers = dict[str, tuple[Result, str]]
SUSPENSION = status(7, status_list.SUSPENSION, SUSPENSION_URL)
GOOD_LIST = fetched(sign(status_document(8, 9)))


def results(
    document: Any, known: Facts | None = None, **asked: str | None
) -> dict[tuple[str, str], tuple[Result, str]]:
    examined = rules.examine(document, known or facts(GOOD_LIST), **asked)
    found = {(check.subject, check.code): (check.result, check.reason) for check in examined.checks}
    assert len(found) == len(examined.checks)
    return found


def bad(document: Any, known: Facts | None = None, **asked: str | None) -> Answers:
    """What is not a pass, by ``code`` or ``subject/code``."""
    return {
        "/".join(filter(None, place)): answer
        for place, answer in results(document, known, **asked).items()
        if answer[0] is not PASS
    }


def edited(document: dict[str, Any], edit: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    edit(changed)
    return changed


GOOD = {
    "rdfc": lambda: sign(credential(credentialStatus=status())),
    "jcs": lambda: sign(badge(), suite=proofs.EDDSA_JCS),
    "badge": lambda: sign(badge()),
    "old": lambda: sign(old_credential(), suite=proofs.ED25519_2020),
    "both suites": lambda: sign(sign(badge()), suite=proofs.EDDSA_JCS),
    "jwt": lambda: model.enveloped(jwt(credential())),
    "by a did:key": lambda: sign(credential(issuer=THIEF.did), THIEF),
    "chain": lambda: sign(sign(badge(), id="urn:p:1"), id="urn:p:2", previous_proof="urn:p:1"),
    "two proofs of one key and suite": lambda: sign(sign(badge()), created=NOW - timedelta(days=2)),
    "one proof twice": lambda: edited(sign(badge()), lambda d: d.update(proof=[d["proof"], d["proof"]])),
    "the issuer's proof follows another's": lambda: sign(
        sign(badge(), THIEF, id="urn:p:1"), previous_proof="urn:p:1"
    ),
    "a new term, signed": lambda: sign(
        credential(**{"@context": [V2, {"room": "https://mtu.example/terms#room"}], "room": "B12"})
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_good_credentials(name: str) -> None:
    document = GOOD[name]()
    assert bad(document) == {}
    (found,) = rules.examine(document, facts(GOOD_LIST)).credentials
    signer = THIEF if name == "by a did:key" else ISSUER
    assert found.issuer == signer.did
    # Only the issuer's own keys are what the trust registry is asked with.
    assert {(s.method, s.key) for s in found.signers} == {(signer.method, thumbprint(signer.jwk))}


def test_the_steps_come_in_their_order_with_words_for_people() -> None:
    checks = rules.examine(GOOD["rdfc"](), facts(GOOD_LIST)).checks
    assert [check.code for check in checks] == [
        "model",
        "context",
        "signature",
        "issuer_key",
        "dates",
        "status",
    ]
    assert all(check.label and check.detail for check in checks)


# Steps 1 and 2: shape and meaning. The edit is made before signing when the issuer is the attacker, after it when the
# holder is.

CONTEXT = {
    "no contexts": (lambda d: d.pop("@context"), "bad_context"),
    "base context not first": (lambda d: d["@context"].reverse(), "bad_context"),
    "unknown context": (lambda d: d["@context"].append("https://evil.example/v1"), "unknown_context"),
    "redefinition": (lambda d: d["@context"].append({"name": "https://evil.example/name"}), "context_override"),
    "redefinition of a type": (
        lambda d: d["@context"].append({"VerifiableCredential": "https://evil.example/VC"}),
        "context_override",
    ),
    "everything is defined": (
        lambda d: d["@context"].append({"@vocab": "https://evil.example/"}),
        "unsupported_context",
    ),
    "another base": (lambda d: d["@context"].append({"@base": "https://evil.example/"}), "unsupported_context"),
    "second name": (
        lambda d: d["@context"].append({"until": "https://www.w3.org/2018/credentials#validUntil"}),
        "context_override",
    ),
    "nothing is defined": (lambda d: d["@context"].append(None), "bad_context"),
    "inline override in the subject": (
        lambda d: d["credentialSubject"].update({"@context": {"achievement": "https://evil.example/x"}}),
        "unsupported_context",
    ),
    "nested graph": (
        lambda d: d["credentialSubject"].update({"@graph": [{"id": "did:example:other"}]}),
        "unsupported_keyword",
    ),
    "included": (lambda d: d.update({"@included": [{"id": "did:example:other"}]}), "unsupported_keyword"),
    "id by its keyword": (lambda d: d["credentialSubject"].update({"@id": THIEF.did}), "unsupported_keyword"),
    "a member by its address": (
        lambda d: d.update({"https://www.w3.org/2018/credentials#validUntil": "2020-01-01T00:00:00Z"}),
        "context_override",
    ),
}  # fmt: skip
GRAPH_ONLY = {
    "undefined term": (lambda d: d.update({"grade": "1.0"}), "undefined_term"),
    "undefined term deep inside": (
        lambda d: d["credentialSubject"]["achievement"].update({"grade": "1.0"}),
        "undefined_term",
    ),
    "undefined type": (lambda d: d["type"].append("DoctorateCredential"), "undefined_term"),
    "relative id": (lambda d: d["credentialSubject"].update({"id": "learner"}), "relative_reference"),
}


@pytest.mark.parametrize("suite", [proofs.EDDSA_RDFC, proofs.EDDSA_JCS])
@pytest.mark.parametrize("name", CONTEXT)
def test_context_tricks_by_the_holder(name: str, suite: str) -> None:
    edit, code = CONTEXT[name]
    found = bad(edited(sign(badge(), suite=suite), edit))
    expected = UNKNOWN if code in jsonld.UNDECIDED else FAIL
    assert found["context"] == (expected, code)
    # A text may be given more contexts after it was signed; then this step alone stands against the trick.
    assert "signature" in found or suite == proofs.EDDSA_JCS


@pytest.mark.parametrize("name", CONTEXT)
def test_context_tricks_by_the_issuer_in_text_that_is_signed(name: str) -> None:
    edit, code = CONTEXT[name]
    document = edited(badge(), edit)
    found = bad(sign(document, suite=proofs.EDDSA_JCS))
    assert found["context"][1] == code
    assert "signature" not in found


@pytest.mark.parametrize("name", GRAPH_ONLY)
def test_what_no_graph_signature_covers_is_no_part_of_the_credential(name: str) -> None:
    edit, code = GRAPH_ONLY[name]
    found = bad(edited(sign(badge()), edit))
    assert found["context"] == found["signature"] == (FAIL, code)
    # A signature over the text covers it: when the holder adds it that fails, and as the issuer's own word it stands.
    assert bad(edited(sign(badge(), suite=proofs.EDDSA_JCS), edit))["signature"] == (FAIL, "bad_signature")
    assert "signature" not in bad(sign(edited(badge(), edit), suite=proofs.EDDSA_JCS))


def test_a_context_that_was_added_after_the_text_was_signed_is_nobodys_word() -> None:
    document = edited(sign(credential(), suite=proofs.EDDSA_JCS), lambda d: d["@context"].append(OB3))
    assert bad(document) == {"context": (UNKNOWN, "unsigned_context")}


@pytest.mark.parametrize(
    ("digest", "expected"),
    [
        ({"digestSRI": "sha384-l/HrjlBCNWyAX91hr6LFV2Y3heB5Tcr6IeE4/Tje8YyzYBM8IhqjHWiWpr8+ZbYU"}, {}),
        ({"digestMultibase": "uJKGMkOmFbVJhEfKTduMC2XCyvRAYLjOVmZWwIH1wQ7k"},
         {"related": (UNKNOWN, "earlier_edition")}),
        ({"digestMultibase": "uWZVc7WaX1h4D8rJVb-vlMIqxaEKEb1tYbX8fet7JJzQ"}, {}),
        ({"digestMultibase": "uEiBZlVztZpfWHgPyslVv6-UwirFoQoRvW1htfx963sknNA"}, {}),
        ({"digestMultibase": "zQmUnknown0OIl"}, {"related": (FAIL, "wrong_digest")}),
        ({"digestSRI": "sha384-_rCVIV7fSXXTNIvpiq26jRDyj8JG8TDjij-tD0ewLk4JpnXEz6a5AeeY_1qQ0d0P"},
         {"related": (FAIL, "wrong_digest")}),
        ({"digestSRI": "md5-abc"}, {"related": (FAIL, "wrong_digest")}),
    ],
)  # fmt: skip
def test_a_context_named_with_a_digest_has_that_digest(digest: dict[str, str], expected: Any) -> None:
    assert bad(sign(credential(relatedResource={"id": V2, **digest}))) == expected


def test_resources_that_are_not_at_hand_are_not_judged() -> None:
    resource = {"id": "https://mtu.example/syllabus.pdf", "digestSRI": "sha256-AAAA"}
    document = sign(credential(relatedResource=resource))
    assert bad(document) == {}
    at_hand = facts(fetched(b"syllabus", resource["id"]))
    assert bad(document, at_hand) == {"related": (FAIL, "wrong_digest")}


def test_a_wrong_shape_is_a_fail_of_its_own() -> None:
    document = sign(credential(name=["a", "b"]), suite=proofs.EDDSA_JCS)
    assert bad(document) == {"model": (FAIL, "not_language_value")}


# Steps 3 and 4: proofs and keys.

UNSUPPORTED = {
    "type": "DataIntegrityProof",
    "cryptosuite": "ecdsa-sd-2023",
    "created": "2026-01-15T00:00:00Z",
    "verificationMethod": f"{ISSUER.did}#p256",
    "proofPurpose": "assertionMethod",
    "proofValue": "u2V0AhVhA",
}


def with_proof(document: dict[str, Any], **changes: Any) -> dict[str, Any]:
    changed: dict[str, Any] = copy.deepcopy(document)
    changed["proof"] = {k: v for k, v in {**changed["proof"], **changes}.items() if v is not ...}
    return changed


def first_of_two(document: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return edited(document, lambda d: d["proof"][0].update(changes))


NOT_READ = dict.fromkeys(("context", "signature", "issuer_key", "dates", "status"), (UNKNOWN, "not_read"))
PROOFS: dict[str, tuple[Callable[[], dict[str, Any]], Answers]] = {
    "no proof": (badge, {"signature": (FAIL, "no_proof"), "issuer_key": (FAIL, "no_proof")}),
    "an empty list of proofs": (
        lambda: badge(proof=[]),
        {"signature": (FAIL, "no_proof"), "issuer_key": (FAIL, "no_proof")},
    ),
    "a claim was changed": (
        lambda: edited(sign(badge()), lambda d: d["credentialSubject"]["achievement"].update(name="Medicine")),
        {"signature": (FAIL, "bad_signature")},
    ),
    "the proof was changed": (
        lambda: with_proof(sign(badge()), created="2020-01-01T00:00:00Z"),
        {"signature": (FAIL, "bad_signature")},
    ),
    "a signature of zeros": (
        lambda: with_proof(sign(badge()), proofValue="z" + "1" * 64),
        {"signature": (FAIL, "bad_signature")},
    ),
    "an unsupported suite": (
        lambda: badge(proof=UNSUPPORTED),
        {"signature": (UNKNOWN, "unsupported_suite"), "issuer_key": (UNKNOWN, "unsupported_suite")},
    ),
    "an unsupported suite beside a good one": (
        lambda: edited(sign(badge()), lambda d: d.update(proof=[d["proof"], UNSUPPORTED])),
        {"signature": (UNKNOWN, "unsupported_suite"), "issuer_key": (UNKNOWN, "unsupported_suite")},
    ),
    "an unsupported suite beside one that does not hold": (
        lambda: edited(sign(badge()), lambda d: d.update(name="x", proof=[d["proof"], UNSUPPORTED])),
        {"signature": (FAIL, "bad_signature"), "issuer_key": (UNKNOWN, "unsupported_suite")},
    ),
    "an unsupported suite of a stranger": (
        lambda: badge(proof=UNSUPPORTED | {"verificationMethod": f"{STRANGER.did}#p256"}),
        {"signature": (UNKNOWN, "unsupported_suite"), "issuer_key": (FAIL, "wrong_controller")},
    ),
    "one good proof of two": (
        lambda: first_of_two(sign(sign(badge()), suite=proofs.EDDSA_JCS), proofValue="z" + "1" * 64),
        {"signature": (FAIL, "bad_signature")},
    ),
    "one proof twice, and one of the two does not hold": (
        lambda: edited(
            sign(badge()), lambda d: d.update(proof=[d["proof"], d["proof"] | {"created": "2020-01-01T00:00:00Z"}])
        ),
        {"signature": (FAIL, "bad_signature")},
    ),
    "two proofs with one id": (
        lambda: edited(
            sign(badge(), id="urn:p:1"),
            lambda d: d.update(proof=[d["proof"], sign(badge(), suite=proofs.EDDSA_JCS, id="urn:p:1")["proof"]]),
        ),
        {"signature": (FAIL, "conflicting_proofs")},
    ),
    "a chain without its beginning": (
        lambda: edited(
            sign(sign(badge(), id="urn:p:1"), id="urn:p:2", previous_proof="urn:p:1"), lambda d: d["proof"].pop(0)
        ),
        {"signature": (FAIL, "bad_proof")},
    ),
    "a chain whose beginning does not hold": (
        lambda: first_of_two(
            sign(sign(badge(), id="urn:p:1"), id="urn:p:2", previous_proof="urn:p:1"), proofValue="z" + "1" * 64
        ),
        {"signature": (FAIL, "bad_signature")},
    ),
    "nine proofs": (
        lambda: edited(sign(badge()), lambda d: d.update(proof=[d["proof"]] * 9)),
        {"signature": (UNKNOWN, "too_many_proofs"), "issuer_key": (UNKNOWN, "too_many_proofs")},
    ),
    "signed by a stranger": (
        lambda: sign(badge(), STRANGER),
        {"issuer_key": (FAIL, "wrong_controller")},
    ),
    "signed by a stranger too": (
        lambda: sign(sign(badge()), STRANGER),
        {"issuer_key": (FAIL, "wrong_controller")},
    ),
    "a stranger's proof follows the issuer's": (
        lambda: sign(sign(badge(), id="urn:p:1"), THIEF, previous_proof="urn:p:1"),
        {"issuer_key": (FAIL, "wrong_controller")},
    ),
    "a stranger's proof is followed by one that does not hold": (
        lambda: edited(
            sign(sign(badge(), THIEF, id="urn:p:1"), previous_proof="urn:p:1"),
            lambda d: d["proof"][1].update(proofValue="z" + "1" * 64),
        ),
        {"signature": (FAIL, "bad_signature"), "issuer_key": (FAIL, "wrong_controller")},
    ),
    "signed by a stranger in the issuer's name": (
        lambda: sign(badge(), dataclasses.replace(STRANGER, method=ISSUER.method)),
        {"signature": (FAIL, "bad_signature")},
    ),
    "a key that the issuer does not list": (
        lambda: sign(badge(), dataclasses.replace(ISSUER, method=f"{ISSUER.did}#key-9")),
        {"signature": (UNKNOWN, "no_key"), "issuer_key": (FAIL, "key_not_listed")},
    ),
    "the issuer is no DID": (
        lambda: sign(badge(issuer="https://mtu.example/issuer")),
        {"issuer_key": (FAIL, "wrong_controller")},
    ),
    "the issuer and the key are no DIDs": (
        lambda: sign(
            badge(issuer="https://mtu.example/issuer"),
            dataclasses.replace(ISSUER, method="https://mtu.example/keys/1"),
        ),
        {"signature": (UNKNOWN, "no_key"), "issuer_key": (UNKNOWN, "not_a_did")},
    ),
    "made to authenticate": (
        lambda: sign(badge(), proof_purpose="authentication"),
        {"signature": (FAIL, "wrong_purpose")},
    ),
    "no key is named": (
        lambda: with_proof(sign(badge()), verificationMethod=...),
        {"signature": (FAIL, "bad_proof"), "issuer_key": (FAIL, "wrong_controller")},
    ),
    "a proof that is text": (
        lambda: badge(proof=["z58D"]),
        {"model": (FAIL, "not_object"), "signature": (FAIL, "no_proof"), "issuer_key": (FAIL, "no_proof")},
    ),
    "a JWT of a stranger": (
        lambda: model.enveloped(jwt(credential(), STRANGER)),
        {"signature": (FAIL, "wrong_signer"), "issuer_key": (FAIL, "wrong_controller")},
    ),
    "a JWT that was changed": (
        lambda: model.enveloped(".".join([*jwt(credential()).split(".")[:2], jwt(badge()).split(".")[2]])),
        {"signature": (FAIL, "bad_signature")},
    ),
    "a JWT without a signature": (
        lambda: model.enveloped(jwt(credential(), alg="none")),
        {"signature": (FAIL, "bad_alg")},
    ),
    "a JWT of an unsupported algorithm": (
        lambda: model.enveloped(jwt(credential(), alg="ES512")),
        {"signature": (UNKNOWN, "unsupported_suite")},
    ),
    "an old JWT of two minds": (
        lambda: model.enveloped(jwt({"iss": STRANGER.did, "vc": old_credential()}, typ="JWT")),
        {
            "model": (FAIL, "claims_differ"),
            **NOT_READ,
        },
    ),
    "an envelope that is not read here": (
        lambda: model.enveloped("x") | {"id": "data:application/vc+cose,0oRDoQE4"},
        {"model": (UNKNOWN, "unsupported_envelope"), **NOT_READ},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PROOFS)
def test_proofs_and_keys(name: str) -> None:
    make, expected = PROOFS[name]
    assert bad(make()) == expected
    if expected.get("signature") or expected.get("issuer_key"):
        (found,) = rules.examine(make(), facts()).credentials
        for signer in found.signers:
            assert signer.method.startswith(found.issuer + "#")


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (
            Keys(did=ISSUER.did, result=UNKNOWN, reason="unreachable"),
            {"signature": (UNKNOWN, "no_key"), "issuer_key": (UNKNOWN, "unreachable")},
        ),
        (
            Keys(did=ISSUER.did, result=FAIL, reason="wrong_document"),
            {"signature": (UNKNOWN, "no_key"), "issuer_key": (FAIL, "wrong_document")},
        ),
        (
            Keys(did=ISSUER.did, result=PASS, authentication={ISSUER.method: ISSUER.jwk}),
            {"issuer_key": (FAIL, "wrong_relationship")},
        ),
        (
            Keys(did=ISSUER.did, result=PASS, assertion={ISSUER.method: STRANGER.jwk}),
            {"signature": (FAIL, "bad_signature")},
        ),
    ],
)
@pytest.mark.parametrize(
    "document", [sign(badge()), model.enveloped(jwt(credential()))], ids=["proof", "jwt"]
)
def test_what_is_known_of_the_issuers_keys(document: dict[str, Any], keys: Keys, expected: Any) -> None:
    assert bad(document, facts(issuer=keys)) == expected


def test_keys_that_were_not_looked_up_are_unknown() -> None:
    assert bad(sign(badge()), facts(parties=())) == {
        "signature": (UNKNOWN, "no_key"),
        "issuer_key": (UNKNOWN, "not_gathered"),
    }


# Step 5: dates.


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (sign(credential(validFrom="2026-11-22T12:01:00Z")), ""),
        (sign(credential(validFrom="2026-11-22T12:01:01Z")), "not_yet_valid"),
        (sign(credential(validUntil="2026-11-22T12:00:00Z")), ""),
        (sign(credential(validUntil="2026-11-22T11:59:59Z")), "expired"),
        (sign(credential(validUntil="2026-11-22T12:30:00+01:00")), "expired"),
        (sign(credential(validFrom=...)), ""),
        (sign(old_credential(issuanceDate="2027-01-01T00:00:00Z"), suite=proofs.ED25519_2020), "not_yet_valid"),
        (sign(old_credential(expirationDate="2026-11-22T11:59:59Z"), suite=proofs.ED25519_2020), "expired"),
        (sign(old_credential(validUntil="2026-11-22T11:59:59Z"), suite=proofs.ED25519_2020), "expired"),
        (sign(credential(), expires=NOW - timedelta(seconds=1)), "proof_expired"),
        (sign(credential(), expires=NOW), ""),
        (model.enveloped(jwt(credential() | {"exp": int(NOW.timestamp())})), "proof_expired"),
        (model.enveloped(jwt(credential() | {"nbf": int(NOW.timestamp()) + 1})), "proof_not_yet_valid"),
        (model.enveloped(jwt({"iss": ISSUER.did, "exp": 1700000000, "vc": old_credential()}, typ="JWT")), "expired"),
    ],
)  # fmt: skip
def test_dates(document: dict[str, Any], reason: str) -> None:
    assert bad(document).get("dates") == ((FAIL, reason) if reason else None)
    assert "signature" not in bad(document)


def test_a_date_that_is_none_is_no_date() -> None:
    document = sign(credential(validUntil="never"), suite=proofs.EDDSA_JCS)
    assert bad(document) == {"model": (FAIL, "not_date_time"), "dates": (FAIL, "bad_date")}


# What must be gathered.


def test_needs() -> None:
    held = [
        sign(credential(credentialStatus=[status(), SUSPENSION])),
        sign(credential(issuer=STRANGER.did, credentialStatus=status()), STRANGER),
        sign(credential(issuer=THIEF.did), THIEF),
        model.enveloped(jwt(credential(issuer="did:web:other.example"))),
    ]
    assert rules.needs(present(presentation(*held))) == rules.Needs(
        (ISSUER.did, STRANGER.did, "did:web:other.example"), (LIST_URL, SUSPENSION_URL)
    )
    assert rules.needs(held[0]) == rules.Needs((ISSUER.did,), (LIST_URL, SUSPENSION_URL))
    assert rules.needs(presentation(holder="did:web:holder.example")).dids == ("did:web:holder.example",)


def test_needs_are_bounded_whatever_the_document_says() -> None:
    held = [
        credential(issuer=f"did:web:i{n}.example", credentialStatus=[status(url=f"{LIST_URL}/{n}")] * 20)
        for n in range(40)
    ]
    wanted = rules.needs(presentation(*held))
    assert (len(wanted.dids), len(wanted.urls)) == (rules.MAX_DIDS, rules.MAX_URLS)


# Whatever stands there.

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from([ISSUER.did, V2, LIST_URL]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
FULL = present(
    presentation(sign(credential(credentialStatus=status(), name={"@value": "x", "@language": "en"})))
)


def members(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every member and entry."""
    if not isinstance(value, dict | list):
        return []
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    return [place for name, inner in pairs for place in ((*path, name), *members(inner, (*path, name)))]


def replaced(document: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    node: Any = changed
    for name in path[:-1]:
        node = node[name]
    node[path[-1]] = value
    return changed


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(members(FULL)), JSON)
def test_no_value_anywhere_is_a_crash(path: tuple[Any, ...], value: Any) -> None:
    document = replaced(FULL, path, value)
    rules.needs(document)
    examined = rules.examine(document, facts(GOOD_LIST), challenge=CHALLENGE, domain=DOMAIN)
    assert examined.checks


SIGNED = {
    suite: sign(badge(credentialStatus=status()), suite=suite)
    for suite in (proofs.EDDSA_RDFC, proofs.EDDSA_JCS)
}
EDITS = st.text(min_size=1, max_size=12) | st.integers() | st.booleans() | st.just({"id": "urn:x:y"})


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(SIGNED)), st.data())
def test_any_edit_of_one_member_breaks_the_signature(suite: str, data: st.DataObject) -> None:
    document = SIGNED[suite]
    path = data.draw(st.sampled_from([path for path in members(document) if path != ("proof",)]))
    value = data.draw(EDITS)
    node: Any = document
    for name in path:
        node = node[name]
    # The same value in or out of its list, or one type named twice, is the same statement.
    if (
        value in (node, [node])
        or [value] == node
        or (path[-2:-1] == ("type",) and value in (*_siblings(document, path), node))
    ):
        return
    found = bad(replaced(document, path, value))
    assert "signature" in found or "context" in found
    assert found.get("signature", (FAIL,))[0] is not PASS


def _siblings(document: dict[str, Any], path: tuple[Any, ...]) -> list[Any]:
    node: Any = document
    for name in path[:-1]:
        node = node[name]
    return list(node)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(SIGNED)), st.text(min_size=1, max_size=8), st.text(min_size=1))
def test_any_added_member_breaks_the_signature(suite: str, name: str, value: str) -> None:
    found = bad(SIGNED[suite] | {name: value})
    assert found.get("signature", (FAIL,))[0] is not PASS
    assert "signature" in found


def test_json_of_the_checks_holds_no_claim() -> None:
    marked = badge(name="marker-4471")
    marked["credentialSubject"]["achievement"]["name"] = "marker-4472"
    for document in (sign(marked), edited(sign(marked), lambda d: d.update({"marker-4473": "marker-4474"}))):
        for check in rules.examine(document, facts()).checks:
            assert "marker-4471" not in json.dumps(check.to_json())
            assert "marker-4472" not in json.dumps(check.to_json())
            assert "marker-4474" not in json.dumps(check.to_json())

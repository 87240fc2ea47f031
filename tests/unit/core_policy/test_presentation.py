"""The authentic part of the verdict. Each attack is a small edit of a good presentation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from agent.core.disclosure import disclose, proposal
from agent.core.planning import Candidate, Plan, plan
from agent.core.policy import Policy
from agent.core.presentation import Examined, PresentationFacts, RevRegFacts, examine
from agent.core.verdict import Check, Result
from tests.unit.core_policy.builder import (
    EMPLOYER,
    FHJ,
    LIST_AT,
    MTU,
    NONCE,
    NOW,
    SCHEMA,
    SENT_AT,
    TODAY,
    candidate,
    cred_def,
    edited,
    facts,
    policy,
    present,
    rev_reg,
)

Edit = Callable[[dict[str, Any]], Any]


class Exchange:
    """A policy, the request sent for it and a good presentation of two credentials."""

    def __init__(self, *held: Candidate, asked: Policy | None = None, revocable: bool = True) -> None:
        self.policy = asked or policy()
        found = plan(self.policy, held or (candidate("a"), candidate("b", FHJ)), today=TODAY)
        assert isinstance(found, Plan)
        disclosure = disclose(found, self.policy, requester=EMPLOYER, request_id="r1")
        self.request = proposal(disclosure, schema_id=SCHEMA, now=NOW - 90) | {"nonce": NONCE}
        held_by_item = {item.item: item.candidate.attributes for item in found.items}
        self.presentation = present(self.request, held_by_item, revocable=revocable)

    def examine(
        self,
        edit: Edit | None = None,
        *,
        verified: bool | None = True,
        known: PresentationFacts | None = None,
        edit_request: Edit | None = None,
    ) -> Examined:
        presentation, request = edited(self.presentation), edited(self.request)
        if edit:
            edit(presentation)
        if edit_request:
            edit_request(request)
        return examine(self.policy, request, presentation, verified, known or facts())


def bad(examined: Examined) -> list[tuple[str, str, str, str]]:
    return [
        (check.code, str(check.result), check.reason, check.subject)
        for check in examined.part.checks
        if check.result is not Result.PASS
    ]


def of(examined: Examined, code: str) -> list[Check]:
    return [check for check in examined.part.checks if check.code == code]


def test_an_honest_presentation_passes_every_check() -> None:
    examined = Exchange().examine()
    assert bad(examined) == []
    assert examined.part.result is Result.PASS
    assert [check.code for check in examined.part.checks if not check.subject] == [
        "request_ours",
        "request_policy",
        "proof",
        "referents",
        "self_attested",
        "binding",
        "identifiers",
        "values",
        "predicates",
    ]
    assert [check.code for check in examined.part.checks if check.subject == "c1"] == [
        "schema",
        "issuer_key",
        "status",
        "not_expired",
        "award_date",
    ]
    assert {item.issuer_did for item in examined.items} == {MTU, FHJ}
    assert {item.key for item in examined.items} == {f"key of {MTU}", f"key of {FHJ}"}


def groups(presentation: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = presentation["requested_proof"]["revealed_attr_groups"]
    return found


def predicates(presentation: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = presentation["requested_proof"]["predicates"]
    return found


def primary(presentation: dict[str, Any], index: int) -> dict[str, Any]:
    found: dict[str, Any] = presentation["proof"]["proofs"][index]["primary_proof"]
    return found


def rename(presentation: dict[str, Any], index: int) -> None:
    """Raw and encoded changed alike, in what is shown only."""
    values = groups(presentation)[f"c{index}"]["values"]
    values["title"] = groups(presentation)["c1"]["values"]["title"]


def use_one_credential_twice(presentation: dict[str, Any]) -> None:
    groups(presentation)["c1"]["sub_proof_index"] = 0
    for referent in predicates(presentation):
        predicates(presentation)[referent]["sub_proof_index"] = 0


ATTACKS: list[tuple[str, Edit, tuple[str, str]]] = [
    (
        "mixed sub-proofs: the level of one credential for the credit of another",
        lambda p: predicates(p)["c0.eqf_level"].update(sub_proof_index=1),
        ("binding", "mixed_credentials"),
    ),
    ("one credential for two items", use_one_credential_twice, ("binding", "same_credential")),
    (
        "a credential more than asked",
        lambda p: (
            p["identifiers"].append(p["identifiers"][0]),
            p["proof"]["proofs"].append(p["proof"]["proofs"][0]),
        ),
        ("identifiers", "extra_identifiers"),
    ),
    (
        "an identifier more than there are proofs",
        lambda p: p["identifiers"].append(p["identifiers"][0]),
        ("identifiers", "extra_identifiers"),
    ),
    (
        "identifiers swapped",
        lambda p: p["identifiers"].reverse(),
        ("identifiers", "other_credential"),
    ),
    (
        "sub-proof out of range",
        lambda p: (
            groups(p)["c1"].update(sub_proof_index=9),
            [
                predicates(p)[name].update(sub_proof_index=9)
                for name in predicates(p)
                if name.startswith("c1.")
            ],
        ),
        ("identifiers", "no_such_sub_proof"),
    ),
    (
        "more revealed by the cryptographic part",
        lambda p: primary(p, 0)["eq_proof"]["revealed_attrs"].update(birth_date="19990402"),
        ("values", "more_revealed"),
    ),
    (
        "raw value changed",
        lambda p: groups(p)["c0"]["values"]["title"].update(raw="Doctor"),
        ("values", "value_changed"),
    ),
    ("raw and encoded changed alike", lambda p: rename(p, 0), ("values", "value_not_proved")),
    (
        "a number spelled in another way",
        lambda p: groups(p)["c0"]["values"]["awarded_on"].update(raw="+20250301"),
        ("values", "number_spelled"),
    ),
    (
        "other bound proved",
        lambda p: primary(p, 0)["ge_proofs"][0]["predicate"].update(value=5),
        ("predicates", "other_predicates"),
    ),
    (
        "other predicate type proved",
        lambda p: [one["predicate"].update(p_type="LE") for one in primary(p, 0)["ge_proofs"]],
        ("predicates", "other_predicates"),
    ),
    (
        "bounds of two predicates swapped",
        lambda p: [
            one["predicate"].update(attr_name=name)
            for one, name in zip(
                primary(p, 0)["ge_proofs"], ["eqf_level", "expires_on", "ects_hundredths"], strict=True
            )
        ],
        ("predicates", "other_predicates"),
    ),
    (
        "predicate proof left out",
        lambda p: primary(p, 0)["ge_proofs"].pop(),
        ("predicates", "other_predicates"),
    ),
    (
        "self-attested value",
        lambda p: p["requested_proof"]["self_attested_attrs"].update(c0="I swear"),
        ("self_attested", "self_attested"),
    ),
    (
        "unrevealed value",
        lambda p: p["requested_proof"]["unrevealed_attrs"].update(c0={"sub_proof_index": 0}),
        ("self_attested", "unrevealed"),
    ),
    ("group missing", lambda p: groups(p).pop("c0"), ("referents", "missing_referent")),
    ("predicate missing", lambda p: predicates(p).pop("c0.eqf_level"), ("referents", "missing_referent")),
    (
        "group with a name more",
        lambda p: groups(p)["c0"]["values"].update(grade=groups(p)["c0"]["values"]["title"]),
        ("referents", "other_names"),
    ),
    ("unasked group", lambda p: groups(p).update(c2=groups(p)["c1"]), ("referents", "unasked_referent")),
    (
        "unasked single attribute",
        lambda p: p["requested_proof"]["revealed_attrs"].update(
            x={"sub_proof_index": 0, "raw": "1", "encoded": "1"}
        ),
        ("referents", "unasked_referent"),
    ),
]


@pytest.mark.parametrize(
    ("edit", "expected"), [attack[1:] for attack in ATTACKS], ids=[a[0] for a in ATTACKS]
)
def test_attack_is_stopped_although_acapy_says_verified(edit: Edit, expected: tuple[str, str]) -> None:
    examined = Exchange().examine(edit)
    assert expected in [(code, reason) for code, result, reason, _ in bad(examined) if result == "fail"]
    assert examined.part.result is Result.FAIL
    assert examined.items == ()


@pytest.mark.parametrize(
    "edit",
    [
        lambda p: p.pop("proof"),
        lambda p: p.pop("identifiers"),
        lambda p: p.update(requested_proof=[]),
        lambda p: p["requested_proof"].update(more={}),
        lambda p: p["requested_proof"].update(predicates=[]),
        lambda p: groups(p).update(c0="c0"),
        lambda p: groups(p)["c0"].update(sub_proof_index=True),
        lambda p: groups(p)["c0"].update(sub_proof_index=-1),
        lambda p: groups(p)["c0"]["values"]["title"].update(raw="\ud800"),
        lambda p: groups(p)["c0"]["values"]["title"].update(raw="x" * 70_000),
        lambda p: groups(p)["c0"]["values"]["title"].update(raw=5),
        lambda p: primary(p, 0).pop("eq_proof"),
        lambda p: primary(p, 0)["ge_proofs"][0]["predicate"].update(value="6"),
        lambda p: primary(p, 0)["ge_proofs"][0]["predicate"].update(p_type="NE"),
        lambda p: p["identifiers"][0].update(timestamp="1"),
        lambda p: p["identifiers"][0].pop("schema_id"),
        lambda p: p["proof"].update(proofs=p["proof"]["proofs"] * 100),
    ],
)
def test_garbage_fails_and_never_raises(edit: Edit) -> None:
    examined = Exchange().examine(edit)
    assert ("referents", "fail", "bad_presentation", "") in bad(examined)
    assert examined.items == ()


@pytest.mark.parametrize("document", [None, [], "x", 5, {}])
def test_no_presentation_at_all_fails(document: Any) -> None:
    exchange = Exchange()
    examined = examine(exchange.policy, exchange.request, document, True, facts())
    assert examined.part.result is Result.FAIL


# --- replay to another employer, requests that do not match


def test_a_nonce_that_is_not_ours_fails() -> None:
    examined = Exchange().examine(edit_request=lambda r: r.update(nonce="99"))
    assert bad(examined) == [("request_ours", "fail", "nonce_differs", "")]
    assert bad(Exchange().examine(known=facts(nonce=""), edit_request=lambda r: r.pop("nonce"))) == [
        ("request_ours", "fail", "nonce_differs", "")
    ]


def test_a_stolen_presentation_replayed_to_another_employer_fails() -> None:
    """The other employer's ACA-Py answers false, because the proof is over another nonce."""
    examined = Exchange().examine(verified=False)
    assert ("proof", "fail", "proof_invalid", "") in bad(examined)
    assert ("status", "fail", "non_revocation_not_proven", "c0") in bad(examined)


def test_a_request_that_asks_less_than_the_policy_fails() -> None:
    def weaken(document: dict[str, Any]) -> None:
        document["requested_predicates"].pop("c0.eqf_level")

    exchange = Exchange()
    weaken(exchange.request)
    held = {"c0": candidate("a").attributes, "c1": candidate("b", FHJ).attributes}
    exchange.presentation = present(exchange.request, held)
    assert bad(exchange.examine()) == [("request_policy", "fail", "request_differs", "")]


def test_a_request_of_another_shape_fails() -> None:
    examined = Exchange().examine(
        edit_request=lambda r: r["requested_attributes"].update(x={"name": "title"})
    )
    assert bad(examined) == [("request_policy", "fail", "bad_proof_request", "")]


def test_no_answer_from_acapy_is_unknown() -> None:
    examined = Exchange().examine(verified=None)
    assert examined.part.result is Result.UNKNOWN
    assert {reason for _, _, reason, _ in bad(examined)} == {"not_checked"}


# --- schema, issuer, status, dates


def facts_with(did: str, **changes: Any) -> PresentationFacts:
    base = facts()
    definitions = dict(base.cred_defs)
    definitions[cred_def(did)] = replace(definitions[cred_def(did)], **changes)
    return replace(base, cred_defs=definitions)


def facts_with_list(did: str, **changes: Any) -> PresentationFacts:
    base = facts()
    registries = dict(base.rev_regs)
    registries[rev_reg(did)] = replace(registries[rev_reg(did)], **changes)
    return replace(base, rev_regs=registries)


def item_of(did: str) -> str:
    (found,) = [item.item for item in Exchange().examine().items if item.issuer_did == did]
    return found


def test_another_schema_fails() -> None:
    other = SCHEMA[:-1] + "9"
    assert {reason for code, _, reason, _ in bad(Exchange().examine(known=facts(schema_id=other)))} == {
        "other_schema",
        "request_differs",
    }
    # The identifier names the shared schema, the credential definition was made for another one.
    assert bad(Exchange().examine(known=facts_with(MTU, schema_id=other))) == [
        ("schema", "fail", "other_schema", item_of(MTU))
    ]


def test_identifier_of_another_schema_fails() -> None:
    examined = Exchange().examine(lambda p: p["identifiers"][0].update(schema_id=SCHEMA[:-1] + "9"))
    assert ("identifiers", "fail", "other_credential", "c0") in bad(examined)


def test_a_cred_def_that_its_issuer_did_not_sign_fails_and_gives_no_key() -> None:
    examined = Exchange().examine(known=facts_with(MTU, signed=Result.FAIL, reason="bad_signature"))
    assert bad(examined) == [("issuer_key", "fail", "bad_signature", item_of(MTU))]
    assert {item.key for item in examined.items} == {"", f"key of {FHJ}"}


def test_a_cred_def_under_another_did_fails() -> None:
    examined = Exchange().examine(known=facts_with(MTU, issuer_did="did:web:mill.example"))
    assert ("issuer_key", "fail", "wrong_issuer", item_of(MTU)) in bad(examined)


def test_an_unreachable_cred_def_is_unknown() -> None:
    examined = Exchange().examine(known=facts(cred_defs={}))
    assert examined.part.result is Result.UNKNOWN
    assert {reason for _, _, reason, _ in bad(examined)} == {"cred_def_unreachable"}
    unchecked = Exchange().examine(known=facts_with(MTU, signed=Result.UNKNOWN, reason="did_unreachable"))
    assert bad(unchecked) == [("issuer_key", "unknown", "did_unreachable", item_of(MTU))]


def test_status_from_an_old_list_fails() -> None:
    """The replay of an old status: non-revoked on a list from before the revocation."""
    examined = Exchange().examine(known=facts_with_list(MTU, newest=LIST_AT + 1))
    assert bad(examined) == [("status", "fail", "status_not_current", item_of(MTU))]


def test_a_list_published_after_the_request_is_unknown() -> None:
    examined = Exchange().examine(known=facts_with_list(MTU, newest=SENT_AT + 1))
    assert bad(examined) == [("status", "unknown", "status_changed_meanwhile", item_of(MTU))]


@pytest.mark.parametrize("missing", ["rev_reg_id", "timestamp"])
def test_a_revocable_credential_without_its_status_fails(missing: str) -> None:
    examined = Exchange().examine(lambda p: p["identifiers"][0].update({missing: None}))
    assert bad(examined) == [("status", "fail", "non_revocation_missing", "c0")]


def test_a_revocable_credential_without_non_revocation_proof_fails() -> None:
    examined = Exchange().examine(lambda p: p["proof"]["proofs"][1].update(non_revoc_proof=None))
    assert bad(examined) == [("status", "fail", "non_revocation_missing", "c1")]


def test_an_unreachable_list_is_unknown() -> None:
    assert bad(Exchange().examine(known=facts_with_list(MTU, newest=None))) == [
        ("status", "unknown", "status_unreachable", item_of(MTU))
    ]
    assert {reason for _, _, reason, _ in bad(Exchange().examine(known=facts(rev_regs={})))} == {
        "status_unreachable"
    }


def test_a_registry_that_the_holder_published_fails() -> None:
    """Anybody can sign a registry for somebody's credential definition in which nothing is revoked."""
    own = "did:web:mill.example/anoncreds/v1/REVREG/" + "5" * 64
    forged = RevRegFacts(
        issuer_did="did:web:mill.example", cred_def_id=cred_def(MTU), signed=Result.PASS, newest=LIST_AT
    )
    known = facts(rev_regs={**facts().rev_regs, own: forged})
    place = int(item_of(MTU)[1:])
    examined = Exchange().examine(lambda p: p["identifiers"][place].update(rev_reg_id=own), known=known)
    assert bad(examined) == [("status", "fail", "other_registry", item_of(MTU))]


def test_the_issuers_registry_for_another_cred_def_fails() -> None:
    known = facts_with_list(MTU, cred_def_id=cred_def(MTU, "8"))
    assert bad(Exchange().examine(known=known)) == [("status", "fail", "other_registry", item_of(MTU))]


def test_registry_whose_signature_is_bad_or_unchecked() -> None:
    failed = Exchange().examine(known=facts_with_list(MTU, signed=Result.FAIL))
    assert bad(failed) == [("status", "fail", "other_registry", item_of(MTU))]
    unknown = Exchange().examine(known=facts_with_list(MTU, signed=Result.UNKNOWN))
    assert bad(unknown) == [("status", "unknown", "status_unchecked", item_of(MTU))]


def test_status_from_the_future_fails() -> None:
    examined = Exchange().examine(lambda p: p["identifiers"][0].update(timestamp=NOW + 301))
    assert bad(examined) == [("status", "fail", "status_in_future", "c0")]
    assert bad(Exchange().examine(lambda p: p["identifiers"][0].update(timestamp=NOW + 300))) == []


def test_a_credential_that_cannot_be_revoked_needs_no_status() -> None:
    held = candidate("a", ects_hundredths="1000", revocable=False)
    known = facts_with(MTU, supports_revocation=False)
    assert bad(Exchange(held, revocable=False).examine(known=known)) == []
    superfluous = Exchange(held).examine(known=known)
    assert bad(superfluous) == [("status", "fail", "status_superfluous", "c0")]


def test_a_revoked_credential_that_is_forced_fails_its_status() -> None:
    examined = Exchange().examine(verified=False)
    assert {check.reason for check in of(examined, "status")} == {"non_revocation_not_proven"}


def test_a_revoked_credential_fails_its_status_even_when_nothing_can_be_read() -> None:
    examined = Exchange().examine(lambda p: groups(p).pop("c0"), verified=False)
    assert [(check.reason, check.subject) for check in of(examined, "status")] == [
        ("non_revocation_not_proven", "")
    ]


def test_expiry_proved_for_yesterday_is_unknown() -> None:
    day = 24 * 3600
    later = replace(facts(), now=NOW + day)
    assert {(code, result, reason) for code, result, reason, _ in bad(Exchange().examine(known=later))} == {
        ("not_expired", "unknown", "expiry_proven_for_earlier_day")
    }


def test_expiry_proved_for_an_earlier_day_than_the_request_fails() -> None:
    later = replace(facts(), now=NOW + 24 * 3600, request_sent_at=NOW + 24 * 3600)
    assert ("request_policy", "fail", "request_differs", "") in bad(Exchange().examine(known=later))


@pytest.mark.parametrize(
    ("awarded_on", "result"), [("20250602", "pass"), ("20250603", "fail"), ("0", "fail")]
)
def test_award_in_the_future_fails(awarded_on: str, result: str) -> None:
    asked = policy(
        [{"claim": "awarded_on", "required": False}, {"claim": "title"}],
        {"registry": ["assured_official"]},
        {},
    )
    exchange = Exchange(candidate("a"), asked=asked)
    held = {"c0": candidate("a", awarded_on=awarded_on).attributes}
    exchange.presentation = present(exchange.request, held)
    assert [str(check.result) for check in of(exchange.examine(), "award_date")] == [result]


def test_no_value_appears_in_any_check() -> None:
    marker = "MARKERVALUE"
    exchange = Exchange(candidate("a", title=marker, given_name=marker), candidate("b", FHJ, title=marker))
    for _, edit, _ in ATTACKS:
        assert marker not in str([check.to_json() for check in exchange.examine(edit).part.checks])

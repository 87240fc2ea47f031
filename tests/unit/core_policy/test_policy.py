"""The policy document: strict reading, a stable digest, and the flags that the learner sees."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.core.needs import hidden_levels, needs
from agent.core.policy import Disclose, Policy, flags
from agent.errors import InputError
from tests.unit.core_policy.builder import policy, policy_json


def test_round_trip_and_digest_do_not_depend_on_how_it_was_written() -> None:
    written = policy_json()
    spelled_out = json.loads(json.dumps(written))
    for claim in spelled_out["claims"]:
        claim.setdefault("required", True)
        claim.setdefault("disclose", "reveal")
    spelled_out["set"]["min_credit"]["value"] = "10.00"
    one, other = Policy.from_json(written), Policy.from_json(spelled_out)
    assert one == other
    assert one.digest() == other.digest()
    assert Policy.from_json(one.to_json()) == one
    assert len(one.digest()) == 64


def test_digest_changes_with_every_member() -> None:
    base = policy_json()
    changed: list[dict[str, Any]] = [
        base | {"purpose": "another"},
        base | {"retention_days": 91},
        base | {"claims": base["claims"][1:]},
        base | {"each": {"min_eqf": 7, "registry": ["assured_official"]}},
        base | {"set": {"min_credit": {"system": "ects", "value": "10.01"}}},
    ]
    digests = {Policy.from_json(document).digest() for document in [base, *changed]}
    assert len(digests) == 6


def test_unknown_claim_names_the_nearest_one() -> None:
    with pytest.raises(InputError) as caught:
        policy([{"claim": "titel"}])
    assert caught.value.code == "unknown_claim"
    assert "title" in caught.value.hint


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"version": 2}, "unsupported_version"),
        ({"version": True}, "unsupported_version"),
        ({"clauses": []}, "unknown_member"),
        ({"claims": [{"claim": "title"}, {"claim": "title"}]}, "duplicate_claim"),
        ({"claims": [{"claim": "title", "disclose": "predicate"}]}, "predicate_not_possible"),
        ({"claims": [{"claim": "awarded_on", "disclose": "predicate"}]}, "predicate_not_possible"),
        ({"claims": [{"claim": "title", "requierd": True}]}, "unknown_member"),
        ({"claims": [{"claim": "title", "required": "yes"}]}, "bad_policy"),
        ({"claims": [{"claim": "title", "disclose": "show"}]}, "bad_policy"),
        ({"claims": [{"claim": ["title"]}]}, "bad_policy"),
        ({"claims": [{"claim": "title"}] * 41}, "bad_policy"),
        ({"claims": {}}, "bad_policy"),
        ({"claims": [], "each": {}, "set": {}}, "empty_policy"),
        ({"title": ""}, "bad_policy"),
        ({"title": "x" * 201}, "bad_policy"),
        ({"title": "\ud800"}, "bad_policy"),
        ({"retention_days": -1}, "bad_policy"),
        ({"retention_days": True}, "bad_policy"),
        ({"each": {"min_eqf": 9}}, "bad_policy"),
        ({"each": {"min_eqf": "6"}}, "bad_policy"),
        ({"each": {"registry": []}}, "bad_policy"),
        ({"each": {"registry": [["assured_official"]]}}, "bad_policy"),
        ({"each": {"registry": ["assured"]}}, "bad_policy"),
        ({"each": {"registry": ["assured_official", "assured_official"]}}, "bad_policy"),
        ({"each": {"profile": "Council 2022"}}, "bad_policy"),
        ({"each": {"min_efq": 6}}, "unknown_member"),
        ({"set": {"min_credit": {"system": "ceu", "value": "1"}}}, "bad_policy"),
        ({"set": {"min_credit": {"system": "ects", "value": 10}}}, "bad_policy"),
        ({"set": {"min_credit": {"system": "ects", "value": "0"}}}, "bad_policy"),
        ({"set": {"min_credit": {"system": "ects", "value": "1e3"}}}, "bad_policy"),
        ({"set": {"min_credit": {"system": "ects"}}}, "bad_policy"),
        ({"set": []}, "bad_policy"),
    ],
)
def test_what_is_not_a_policy_is_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(InputError) as caught:
        Policy.from_json(policy_json() | change)
    assert caught.value.code == code


@pytest.mark.parametrize("document", [None, [], "policy", {}])
def test_other_json_is_refused(document: Any) -> None:
    with pytest.raises(InputError):
        Policy.from_json(document)


def test_nationality_is_read_and_flagged_and_makes_it_unsatisfiable_when_required() -> None:
    optional = flags(policy([{"claim": "title"}, {"claim": "nationality", "required": False}], {}, {}))
    assert [(flag.code, flag.claim) for flag in optional] == [("legally_irrelevant", "nationality")]
    assert "002:1756" in optional[0].text
    required = flags(policy([{"claim": "nationality"}], {}, {}))
    assert [flag.code for flag in required] == ["legally_irrelevant", "unsatisfiable"]


def test_over_asking_is_flagged() -> None:
    asked = policy(
        [{"claim": name} for name in ("title", "birth_date", "learner_id", "level", "credit", "awarded_on")]
    )
    assert [(flag.code, flag.claim) for flag in flags(asked)] == [
        ("over_asking", "birth_date"),
        ("over_asking", "learner_id"),
        ("over_asking", "level"),
        ("over_asking", "credit"),
    ]


def test_a_modest_policy_has_no_flags() -> None:
    assert flags(policy()) == ()


def test_quality_without_its_date_or_level_is_flagged() -> None:
    asked = policy([{"claim": "title"}], {"registry": ["assured_official"]}, {})
    assert [flag.code for flag in flags(asked)] == ["award_date_hidden", "level_hidden"]


def test_unknown_profile_is_flagged_with_the_nearest() -> None:
    found = flags(policy([{"claim": "title"}], {"profile": "council-2202"}, {}))
    assert [flag.code for flag in found] == ["unknown_profile"]
    assert "council" in found[0].text


def test_conditions_add_what_they_need_in_the_least_telling_form() -> None:
    asked = policy(
        [{"claim": "title"}], {"min_eqf": 6, "registry": ["assured_official"], "profile": "council"}
    )
    found = {need.claim.name: (need.mode, need.bound) for need in needs(asked)}
    assert found == {
        "title": (Disclose.REVEAL, None),
        "level": (Disclose.PREDICATE, 6),
        "credit": (Disclose.PREDICATE, 1),
        "profiles_met": (Disclose.REVEAL, None),
    }
    assert hidden_levels(needs(asked)) == (6, 7, 8)


def test_an_optional_level_is_proved_unless_the_learner_adds_it() -> None:
    asked = policy([{"claim": "level", "required": False}], {"min_eqf": 6}, {})
    (hidden,) = needs(asked)
    assert (hidden.mode, hidden.bound, hidden.required) == (Disclose.PREDICATE, 6, True)
    (shown,) = needs(asked, frozenset({"level"}))
    assert (shown.mode, shown.required) == (Disclose.REVEAL, False)
    assert hidden_levels((shown,)) == ()


def test_an_optional_award_date_is_needed_for_quality_assurance() -> None:
    asked = policy([{"claim": "awarded_on", "required": False}], {"registry": ["assured_official"]}, {})
    assert [(need.claim.name, need.required) for need in needs(asked)] == [("awarded_on", True)]


def test_optional_claims_are_left_out_unless_included() -> None:
    asked = policy([{"claim": "title"}, {"claim": "grade", "required": False}], {}, {})
    assert [need.claim.name for need in needs(asked)] == ["title"]
    assert [need.claim.name for need in needs(asked, frozenset({"grade", "nonsense"}))] == ["title", "grade"]

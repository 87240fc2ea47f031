"""Flags: what is over-asked for a purpose, irrelevant by law, impossible or idle."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from agent.core import lints
from agent.core.claims import CLAIMS
from agent.core.lints import CODES
from agent.core.planning import Unsatisfiable, plan
from agent.core.policy import Policy, flags
from agent.core.purposes import PURPOSES, UNSTATED
from tests.unit.core_policy.builder import TODAY, candidate, policy, policy_json, skill_set, skilled

ASSURED = {"registry": ["assured_official"]}


def for_purpose(category: str, *names: str) -> list[tuple[str, str]]:
    document = policy_json([{"claim": name} for name in names], {}, {}) | {"purpose_category": category}
    return [(flag.code, flag.claim) for flag in flags(Policy.from_json(document))]


@pytest.mark.parametrize(
    ("category", "flagged"),
    [
        ("recruitment", ["birth_date", "learner_id"]),
        ("admission", ["learner_id"]),
        ("licence-renewal", ["learner_id", "grade"]),
        ("recognition", ["learner_id"]),
        ("other", ["birth_date", "learner_id"]),
    ],
)
def test_over_asking_depends_on_the_purpose(category: str, flagged: list[str]) -> None:
    found = for_purpose(category, "title", "given_name", "birth_date", "learner_id", "grade")
    assert found == [("over_asking", name) for name in flagged]


@pytest.mark.parametrize(
    ("claim", "each", "flagged"),
    [
        ({"claim": "expires_on"}, {}, True),
        ({"claim": "expires_on", "required": False}, {}, False),
        ({"claim": "expires_on", "disclose": "predicate"}, {}, False),
        ({"claim": "assessment"}, {"assessed": True}, True),
        ({"claim": "assessment"}, {}, False),
    ],
)
def test_what_is_proved_anyway_is_not_to_be_shown(
    claim: dict[str, Any], each: dict[str, Any], flagged: bool
) -> None:
    found = [(flag.code, flag.claim) for flag in flags(policy([claim], each, {}))]
    assert found == ([("over_asking", claim["claim"])] if flagged else [])


def test_every_purpose_names_known_claims_with_a_source() -> None:
    for purpose in (*PURPOSES.values(), UNSTATED):
        assert set(purpose.unneeded) <= set(CLAIMS)
        for why in purpose.unneeded.values():
            assert re.search(r"\(00\d:\d+\)", why), why


def test_the_text_names_the_purpose() -> None:
    document = policy_json([{"claim": "grade"}], {}, {}) | {"purpose_category": "licence-renewal"}
    (flag,) = flags(Policy.from_json(document))
    assert flag.text.startswith("Grade: renewal of a licence does not need it; ")


@pytest.mark.parametrize(
    ("each", "whole", "codes"),
    [
        ({"assessed": True}, {}, []),
        ({}, {"skills": skill_set("a", "b", at_least=2)}, []),
        ({}, {"skills": skill_set("a", "b", at_least=3)}, ["unsatisfiable"]),
        ({}, {"credentials": {"at_least": 24}}, []),
        ({}, {"credentials": {"at_least": 25}}, ["unsatisfiable"]),
        ({}, {"credentials": {"at_least": 1}}, ["no_effect"]),
        ({}, {"min_credit": {"system": "ects", "value": "59.99"}}, []),
        ({}, {"min_credit": {"system": "ects", "value": "60"}}, ["degree_by_sum"]),
        ({}, {"min_credit": {"system": "ects", "value": "1439.76"}}, ["degree_by_sum"]),
        ({}, {"min_credit": {"system": "ects", "value": "1439.77"}}, ["unsatisfiable"]),
        ({"min_eqf": 6}, {"skills": skill_set("a", min_eqf=6)}, ["no_effect"]),
        ({"min_eqf": 5}, {"skills": skill_set("a", min_eqf=6)}, []),
        ({"registry": ["unknown_issuer", "not_assured"], "min_eqf": 6}, {}, ["unsatisfiable"]),
        ({"registry": ["unknown_issuer", "assured_voluntary"], "min_eqf": 6}, {}, []),
        ({"awarded_since": "2999-01-01"}, {}, ["over_asking"]),
    ],
)
def test_conditions(each: dict[str, Any], whole: dict[str, Any], codes: list[str]) -> None:
    asked = policy([{"claim": "title"}, {"claim": "awarded_on"}], each, whole)
    assert [flag.code for flag in flags(asked)] == codes


def test_a_day_to_come_is_impossible_as_of_today_only() -> None:
    asked = policy([{"claim": "title"}], {"awarded_since": "2025-06-02"}, {})
    assert flags(asked) == ()
    assert [flag.code for flag in flags(asked, today=date(2025, 6, 1))] == ["unsatisfiable"]
    assert flags(asked, today=date(2025, 6, 2)) == ()


def test_a_date_that_is_only_proved_hides_the_quality_of_that_day() -> None:
    claims = [{"claim": "awarded_on", "disclose": "predicate"}, {"claim": "level"}]
    asked = policy(claims, ASSURED | {"awarded_since": "2020-01-01"}, {})
    assert [flag.code for flag in flags(asked)] == ["award_date_hidden"]


def test_showing_more_than_the_conditions_need_is_over_asking() -> None:
    asked = policy(
        [{"claim": "skills"}, {"claim": "awarded_on"}, {"claim": "title"}],
        {"awarded_since": "2020-01-01"},
        {"skills": skill_set("a")},
    )
    assert [(flag.code, flag.claim) for flag in flags(asked)] == [
        ("over_asking", "skills"),
        ("over_asking", "awarded_on"),
    ]
    # The registry needs the day itself.
    shown = policy(
        [{"claim": "awarded_on"}, {"claim": "level"}], ASSURED | {"awarded_since": "2020-01-01"}, {}
    )
    assert flags(shown) == ()


@pytest.mark.parametrize(
    "whole",
    [
        {"skills": skill_set("a", at_least=2)},
        {"credentials": {"at_least": 25}},
        {"min_credit": {"system": "ects", "value": "1439.77"}},
    ],
)
def test_what_is_called_unsatisfiable_is_so_for_a_large_wallet(whole: dict[str, Any]) -> None:
    asked = policy([{"claim": "title"}], {}, whole)
    assert "unsatisfiable" in {flag.code for flag in flags(asked)}
    held = [candidate(f"{number:02}", ects_hundredths="5999", skills=skilled("a")) for number in range(40)]
    assert isinstance(plan(asked, held, today=TODAY), Unsatisfiable)


def test_every_code_is_documented_and_used() -> None:
    source = Path(lints.__file__).read_text("utf-8")
    used = set(re.findall(r'Flag\(\s*"(\w+)"', source))
    assert used == set(CODES)

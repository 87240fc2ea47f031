"""Skills as a set, assessed only, awarded since, languages, a number of credentials: planned, shown and judged."""

from __future__ import annotations

from typing import Any

import pytest

from agent.core.anoncreds_json import Bound, read_request
from agent.core.consent import screen
from agent.core.disclosure import disclose, proposal
from agent.core.evaluation import evaluate_policy
from agent.core.matching import request_problems
from agent.core.planning import Candidate, Plan, Unsatisfiable, plan
from agent.core.policy import Policy
from agent.core.reading import PresentedItem
from agent.core.seen import seen
from agent.core.verdict import Check, Result, combine
from tests.unit.core_policy.builder import (
    EMPLOYER,
    ESCO,
    FHJ,
    NOW,
    SCHEMA,
    TODAY,
    candidate,
    cred_def,
    edited,
    policy,
    skill_set,
    skilled,
)

TITLE = [{"claim": "title"}]


def planned(asked: Policy, *held: Candidate, include: tuple[str, ...] = ()) -> Plan:
    found = plan(asked, held, today=TODAY, include=frozenset(include))
    assert isinstance(found, Plan), found
    return found


def missing(asked: Policy, *held: Candidate) -> tuple[str, ...]:
    found = plan(asked, held, today=TODAY)
    assert isinstance(found, Unsatisfiable), found
    return found.missing


def sent(found: Plan) -> dict[str, list[str]]:
    """Per credential what leaves: names, and bounds as ``name>=1``."""
    disclosure = disclose(found, policy(), requester=EMPLOYER, request_id="r")
    return {
        item.credential: [*item.names, *(f"{bound.attribute}>={bound.at_least}" for bound in item.bounds)]
        for item in disclosure.items
    }


def rows(asked: Policy, found: Plan) -> dict[str, dict[str, Any]]:
    disclosure = disclose(found, asked, requester=EMPLOYER, request_id="r")
    return {row["id"]: row for row in screen(disclosure, found, asked, schema_id=SCHEMA, now=NOW)["rows"]}


def item(name: str = "c0", bounds: dict[str, int] | None = None, **revealed: str) -> PresentedItem:
    shown = {"title": f"Title {name}", "title_lang": "en"} | revealed
    return PresentedItem(
        name,
        SCHEMA,
        cred_def(),
        revealed=shown,
        bounds=tuple(Bound(attribute, value) for attribute, value in (bounds or {}).items()),
    )


def checks(asked: Policy, *items: PresentedItem) -> list[Check]:
    return [check for check in evaluate_policy(asked, items, {}) if check.code != "claim"]


def answers(asked: Policy, *items: PresentedItem) -> list[tuple[str, str, str]]:
    return [(check.code, str(check.result), check.reason) for check in checks(asked, *items)]


# --- skills: which credentials show theirs


def test_skills_are_shown_by_as_few_credentials_as_do() -> None:
    asked = policy(TITLE, {}, {"skills": skill_set("a", "b"), "credentials": {"at_least": 2}})
    found = planned(
        asked, candidate("one", skills=skilled("a", "b", "x")), candidate("two", skills=skilled("a"))
    )
    assert "skills" in sent(found)["one"]
    assert "skills" not in sent(found)["two"]


def test_fewest_credentials_go_before_fewest_skills_shown() -> None:
    asked = policy(TITLE, {}, {"skills": skill_set("a", "b", "c")})
    held = [candidate(name, skills=skilled(name)) for name in "abc"]
    assert set(sent(planned(asked, *held))) == {"a", "b", "c"}
    both = candidate("both", skills=skilled("a", "b", "x"), awarded_on="20200101")
    assert set(sent(planned(asked, *held, both))) == {"both", "c"}


def test_some_of_the_skills_are_enough() -> None:
    asked = policy(TITLE, {}, {"skills": skill_set("a", "b", "c", at_least=2)})
    found = planned(asked, *(candidate(name, skills=skilled(name)) for name in "abc"))
    assert set(sent(found)) == {"a", "b"}


def test_the_level_is_proved_only_where_skills_are_shown() -> None:
    asked = policy(
        TITLE, {"min_eqf": 5}, {"skills": skill_set("a", min_eqf=6), "credentials": {"at_least": 2}}
    )
    found = planned(asked, candidate("one", skills=skilled("a")), candidate("two"))
    assert "eqf_level>=6" in sent(found)["one"]
    assert "eqf_level>=5" in sent(found)["two"]
    low = candidate("one", skills=skilled("a"), eqf_level="5")
    assert missing(asked, low, candidate("two")) == (
        "credentials that show these skills at EQF 6 or above: A",
    )


def test_a_cover_that_needs_the_proved_level_shows_no_level() -> None:
    """At every level from 6 on the issuer is assured; only behind a hidden level it may not be."""
    asked = policy(
        [*TITLE, {"claim": "awarded_on"}],
        {"registry": ["assured_official"]},
        {"skills": skill_set("a", min_eqf=6)},
    )
    at = {level: "assured_official" if level > 5 else "no_evidence" for level in range(9)}
    found = planned(
        asked, candidate("one", skills=skilled("a"), outcome_at=at, outcome_hidden="indeterminate")
    )
    assert "eqf_level" not in sent(found)["one"]
    assert "eqf_level>=6" in sent(found)["one"]
    told = planned(asked, candidate("one", skills=skilled("a"), outcome_hidden="indeterminate"))
    assert "eqf_level" in sent(told)["one"]


def test_skills_that_one_of_two_shows_do_not_tell_them_apart() -> None:
    asked = policy(TITLE, {}, {"skills": skill_set("a"), "credentials": {"at_least": 2}})
    twins = [candidate(name, title="Same", skills=skilled(name)) for name in "ab"]
    assert missing(asked, *twins) == ("one more credential, different from those that fit",)
    required = policy(
        [*TITLE, {"claim": "skills"}], {}, {"skills": skill_set("a"), "credentials": {"at_least": 2}}
    )
    assert len(planned(required, *twins).items) == 2


def test_an_added_claim_does_not_keep_a_credential_out() -> None:
    asked = policy([*TITLE, {"claim": "grade", "required": False}], {}, {})
    graded = candidate("new", grade='{"scale":"ECTS","value":"A"}', awarded_on="20250501")
    assert set(sent(planned(asked, graded, candidate("old"), include=("grade",)))) == {"new"}


def test_what_is_missing_in_words() -> None:
    asked = policy(TITLE, {}, {"skills": skill_set("a", "b", "c", at_least=2)})
    assert missing(asked, candidate("one", skills=skilled("c"))) == (
        "credentials that show 1 of these skills: A and B",
    )
    assert missing(policy(TITLE, {}, {"skills": skill_set("a", at_least=2)}), candidate("one")) == (
        "more skills than the request lists, which nobody can show",
    )
    several = policy(TITLE, {"assessed": True}, {"credentials": {"at_least": 3}})
    assert missing(several, candidate("one", evidence_grade="assessed")) == (
        "2 more credentials based on assessment, different from those that fit",
    )
    assert missing(several) == ("3 credentials based on assessment",)


def test_credit_is_proved_of_each_even_when_the_sum_is_reached() -> None:
    asked = policy(whole={"min_credit": {"system": "ects", "value": "5"}, "credentials": {"at_least": 2}})
    found = planned(asked, candidate("one"), candidate("two"))
    assert "ects_hundredths>=500" in sent(found)["one"]
    assert "ects_hundredths>=1" in sent(found)["two"]
    disclosure = disclose(found, asked, requester=EMPLOYER, request_id="r")
    request = read_request(proposal(disclosure, schema_id=SCHEMA, now=NOW))
    assert request_problems(asked, request, schema_id=SCHEMA, today=TODAY) == ()


# --- conditions on each


@pytest.mark.parametrize(
    ("each", "good", "bad", "why"),
    [
        (
            {"assessed": True},
            {"evidence_grade": "assessed"},
            {"evidence_grade": "participation"},
            "participation only",
        ),
        ({"assessed": True}, {"evidence_grade": "assessed"}, {"evidence_grade": ""}, "not stated"),
        (
            {"awarded_since": "2024-02-29"},
            {"awarded_on": "20240229"},
            {"awarded_on": "20240228"},
            "28 February 2024; the request needs 29 February 2024",
        ),
        ({"awarded_since": "2024-02-29"}, {"awarded_on": "20240229"}, {"awarded_on": "0"}, "not stated"),
        ({"languages": ["en"]}, {"language": '["de","en-IE"]'}, {"language": '["de"]'}, "a language that"),
        ({"languages": ["en-IE"]}, {"language": '["EN-ie"]'}, {"language": '["en"]'}, "en-IE"),
        ({"languages": ["en"]}, {"language": '["en"]'}, {"language": '["enm"]'}, "en"),
    ],
)
def test_what_does_not_meet_a_condition_stays_out(
    each: dict[str, Any], good: dict[str, str], bad: dict[str, str], why: str
) -> None:
    found = planned(policy(TITLE, each, {}), candidate("good", **good), candidate("bad", **bad))
    assert set(sent(found)) == {"good"}
    assert why in found.left_out[0].why


# --- the consent screen


def test_rows_say_why_in_plain_words() -> None:
    asked = policy(
        [*TITLE, {"claim": "assessment", "required": False}],
        {"assessed": True, "awarded_since": "2024-01-01", "languages": ["en"]},
        {"skills": skill_set("a", "b", at_least=1, min_eqf=6)},
    )
    held = candidate(
        "one", skills=skilled("b"), evidence_grade="assessed", language='["en"]', assessment_types='["quiz"]'
    )
    found = planned(asked, held)
    shown = rows(asked, found)
    assert shown["c0.skills"]["locked"] == "The request asks for 1 of 2 skills; this shows: B."
    assert shown["c0.evidence_grade"]["sent_as"] == "based on assessment"
    assert "assessment, not on attendance" in shown["c0.evidence_grade"]["locked"]
    assert shown["c0.awarded_on"]["sent_as"] == "1 January 2024 or later (your value stays hidden)"
    assert shown["c0.level"]["sent_as"] == "at least EQF 6 (your value stays hidden)"
    assert shown["c0.language"]["send"] is True
    assert (shown["c0.assessment"]["send"], shown["c0.assessment"]["locked"]) == (False, "")
    more = rows(asked, planned(asked, held, include=("assessment",)))
    assert "c0.evidence_grade" not in more
    assert more["c0.assessment"]["paths"] == ["c0.assessment_types", "c0.evidence_grade"]


def test_different_bounds_are_all_named_as_what_stays_hidden() -> None:
    asked = policy(
        TITLE, {"min_eqf": 5}, {"skills": skill_set("a", min_eqf=6), "credentials": {"at_least": 2}}
    )
    found = planned(asked, candidate("one", skills=skilled("a")), candidate("two"))
    disclosure = disclose(found, asked, requester=EMPLOYER, request_id="r")
    hidden = screen(disclosure, found, asked, schema_id=SCHEMA, now=NOW)["not_sees"]
    (why,) = [entry["why"] for entry in hidden if entry["label"] == "Level"]
    assert why == "Only this is proved: at least EQF 6; at least EQF 5."


def test_the_verifier_reads_the_same_words() -> None:
    facts = {
        (fact.label, fact.value)
        for fact in seen([item(bounds={"awarded_on": 20240101}, evidence_grade="assessed")])
    }
    assert ("Date of award", "1 January 2024 or later") in facts
    assert ("Assessment", "based on assessment") in facts


# --- the verdict, element by element

SINCE = policy(TITLE, {"awarded_since": "2024-01-01"}, {})
ASSESSED = policy(TITLE, {"assessed": True}, {})
ENGLISH = policy(TITLE, {"languages": ["en"]}, {})


@pytest.mark.parametrize(
    ("asked", "shown", "expected"),
    [
        (SINCE, item(awarded_on="20240101"), ("awarded_since", "pass", "")),
        (SINCE, item(awarded_on="20231231"), ("awarded_since", "fail", "awarded_before")),
        (SINCE, item(awarded_on="0"), ("awarded_since", "fail", "awarded_before")),
        (SINCE, item(bounds={"awarded_on": 20240101}), ("awarded_since", "pass", "")),
        (SINCE, item(bounds={"awarded_on": 20231231}), ("awarded_since", "unknown", "not_shown")),
        (SINCE, item(), ("awarded_since", "unknown", "not_shown")),
        (ASSESSED, item(evidence_grade="assessed"), ("assessed", "pass", "")),
        (ASSESSED, item(evidence_grade="participation"), ("assessed", "fail", "not_assessed")),
        (ASSESSED, item(evidence_grade=""), ("assessed", "fail", "not_stated")),
        (ASSESSED, item(), ("assessed", "unknown", "not_shown")),
        (ENGLISH, item(language='["en-IE"]'), ("language", "pass", "")),
        (ENGLISH, item(language='["de"]'), ("language", "fail", "other_language")),
        (ENGLISH, item(language="en"), ("language", "fail", "other_language")),
        (ENGLISH, item(), ("language", "unknown", "not_shown")),
    ],
)
def test_each(asked: Policy, shown: PresentedItem, expected: tuple[str, str, str]) -> None:
    assert answers(asked, shown) == [expected]


def test_number_of_credentials_counts_those_that_can_be_told_apart() -> None:
    asked = policy(TITLE, {}, {"credentials": {"at_least": 2}})
    assert answers(asked, item("c0"), item("c1")) == [("credentials", "pass", "")]
    assert answers(asked, item("c0")) == [("credentials", "fail", "too_few_credentials")]
    same = [item("c0", title="Same"), item("c1", title="Same")]
    assert answers(asked, *same) == [("credentials", "fail", "cannot_tell_apart")]


ALL = policy(TITLE, {}, {"skills": skill_set("a", "b", min_eqf=6)})
SOME = policy(TITLE, {}, {"skills": skill_set("a", "b", "c", at_least=2)})
AT_6 = {"eqf_level": 6}


def test_each_skill_says_which_credential_shows_it() -> None:
    found = checks(ALL, item("c0", AT_6, skills=skilled("b")), item("c1", AT_6, skills=skilled("a", "x")))
    assert [(check.label, check.subject) for check in found] == [
        ("Skill: A", "c1"),
        ("Skill: B", "c0"),
        ("At least 2 of 2 skills at EQF 6 or above", ""),
    ]
    assert combine(found) is Result.PASS
    assert found[0].detail == f"{ESCO}a"


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        # Shown by no credential, and every credential shows its skills: it is not there.
        (
            [item("c0", AT_6, skills=skilled("a"))],
            [("skill", "fail", "not_covered"), ("skills", "fail", "too_few_skills")],
        ),
        # Another credential hides its skills: nobody can tell.
        (
            [item("c0", AT_6, skills=skilled("a")), item("c1")],
            [("skill", "unknown", "not_shown"), ("skills", "unknown", "not_shown")],
        ),
        (
            [item("c0", AT_6, skills=skilled("a")), item("c1", skills=skilled("b"))],
            [("skill", "unknown", "level_hidden"), ("skills", "unknown", "not_shown")],
        ),
        (
            [item("c0", AT_6, skills=skilled("a")), item("c1", {"eqf_level": 5}, skills=skilled("b"))],
            [("skill", "unknown", "level_hidden"), ("skills", "unknown", "not_shown")],
        ),
        (
            [
                item("c0", AT_6, skills=skilled("a")),
                item("c1", eqf_level="5", level_status="given", skills=skilled("b")),
            ],
            [("skill", "fail", "level_too_low"), ("skills", "fail", "too_few_skills")],
        ),
        (
            [item("c0", AT_6, skills=skilled("a")), item("c1", AT_6, skills=f'"{ESCO}b"')],
            [("skill", "fail", "not_covered"), ("skills", "fail", "too_few_skills")],
        ),
    ],
)
def test_a_skill_that_is_not_shown(items: list[PresentedItem], expected: list[tuple[str, str, str]]) -> None:
    assert [answer for answer in answers(ALL, *items) if answer[1] != "pass"] == expected


def test_a_skill_that_is_not_needed_neither_passes_nor_fails() -> None:
    found = checks(SOME, item(skills=skilled("a", "c")))
    assert [check.label for check in found] == ["Skill: A", "Skill: C", "At least 2 of 3 skills"]
    assert combine(found) is Result.PASS
    assert found[-1].detail == "2 shown. Not shown: B."


# --- the request


def test_a_proposal_that_shows_no_skills_or_too_few_credentials_is_named() -> None:
    asked = policy(TITLE, {}, {"skills": skill_set("a", min_eqf=6), "credentials": {"at_least": 2}})
    found = planned(asked, candidate("one", skills=skilled("a")), candidate("two", FHJ))
    whole = proposal(disclose(found, asked, requester=EMPLOYER, request_id="r"), schema_id=SCHEMA, now=NOW)

    def problems(request: dict[str, Any]) -> tuple[str, ...]:
        return request_problems(asked, read_request(request), schema_id=SCHEMA, today=TODAY)

    assert problems(whole) == ()
    hidden, lower, single = edited(whole), edited(whole), edited(whole)
    hidden["requested_attributes"]["c0"]["names"].remove("skills")
    lower["requested_predicates"]["c0.eqf_level"]["p_value"] = 5
    for part in ("requested_attributes", "requested_predicates"):
        single[part] = {name: spec for name, spec in single[part].items() if not name.startswith("c1")}
    skills = ("No credential shows its skills at the level asked for.",)
    assert problems(hidden) == skills
    assert problems(lower) == skills
    assert problems(single) == ("It asks for fewer than 2 credentials.",)


def test_a_date_is_proved_only_where_it_was_asked() -> None:
    asked = policy(TITLE, {"awarded_since": "2024-01-01"}, {})
    found = planned(asked, candidate("one"))
    request = read_request(
        proposal(disclose(found, asked, requester=EMPLOYER, request_id="r"), schema_id=SCHEMA, now=NOW)
    )
    assert request_problems(asked, request, schema_id=SCHEMA, today=TODAY) == ()
    other = policy(TITLE, {"awarded_since": "2024-01-02"}, {})
    assert request_problems(other, request, schema_id=SCHEMA, today=TODAY) == ("c0 lacks Date of award.",)
    unasked = policy([*TITLE, {"claim": "awarded_on", "required": False}], {}, {})
    assert request_problems(unasked, request, schema_id=SCHEMA, today=TODAY) == (
        "c0 proves awarded_on, for which the policy does not ask.",
    )

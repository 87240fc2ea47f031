"""The planner: the smallest sufficient disclosure, and honest reasons for everything else."""

from __future__ import annotations

from datetime import date
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.needs import CREDIT
from agent.core.planning import Candidate, Plan, Unsatisfiable, common_outcome, plan
from agent.core.policy import Disclose, Policy
from agent.core.verdict import Result
from tests.unit.core_policy.builder import FHJ, MTU, TODAY, candidate, cred_def, policy


def planned(asked: Policy, *held: Candidate, include: tuple[str, ...] = ()) -> Plan:
    found = plan(asked, held, today=TODAY, include=frozenset(include))
    assert isinstance(found, Plan), found
    return found


def unsatisfiable(asked: Policy, *held: Candidate) -> Unsatisfiable:
    found = plan(asked, held, today=TODAY)
    assert isinstance(found, Unsatisfiable), found
    return found


def chosen(found: Plan) -> list[str]:
    return [item.candidate.id for item in found.items]


def bounds(found: Plan, attribute: str) -> list[int]:
    return [
        sent.bound.at_least
        for item in found.items
        for sent in item.sent
        if sent.bound is not None and sent.bound.attribute == attribute
    ]


def why(found: Plan | Unsatisfiable, name: str) -> str:
    (reason,) = [item.why for item in found.left_out if item.candidate.id == name]
    return reason


def test_the_demo_takes_two_and_leaves_the_mill_out() -> None:
    found = planned(
        policy(),
        candidate("literacy"),
        candidate("safety", FHJ, ects_hundredths="600"),
        candidate("mill", "did:web:mill.example", ects_hundredths="6000", outcome="unknown_issuer"),
        candidate("small", ects_hundredths="300"),
    )
    assert sorted(chosen(found)) == ["literacy", "safety"]
    assert "no information" in why(found, "mill")
    assert "untrusted" not in why(found, "mill")
    assert "not needed" in why(found, "small")
    assert found.exact


def test_fewest_credentials_first() -> None:
    held = [candidate(f"s{index}", ects_hundredths="400") for index in range(3)]
    assert chosen(planned(policy(), *held, candidate("large", ects_hundredths="1000"))) == ["large"]


def test_tie_break_is_newest_award_then_title_then_id_and_ignores_input_order() -> None:
    held = [
        candidate("a", awarded_on="20240101"),
        candidate("b", awarded_on="20250101"),
        candidate("c", awarded_on="20250101", title="Aa"),
    ]
    assert chosen(planned(policy(), *held)) == ["c", "b"]
    assert chosen(planned(policy(), *reversed(held))) == ["c", "b"]


def test_the_last_credential_proves_only_what_is_missing() -> None:
    found = planned(policy(), candidate("a", ects_hundredths="600"), candidate("b", ects_hundredths="800"))
    assert bounds(found, CREDIT) == [600, 400]
    assert bounds(found, "eqf_level") == [6, 6]
    assert bounds(found, "expires_on") == [20250601, 20250601]


def test_learner_claims_are_taken_once_from_c0() -> None:
    found = planned(policy(), candidate("a"), candidate("b"))
    names = [[sent.claim.name for sent in item.sent] for item in found.items]
    assert "given_name" in names[0]
    assert "given_name" not in names[1]
    assert [item.item for item in found.items] == ["c0", "c1"]


def test_c0_is_a_credential_that_states_who_the_learner_is() -> None:
    found = planned(policy(), candidate("a", given_name="", awarded_on="20250501"), candidate("b"))
    assert chosen(found) == ["b", "a"]
    result = unsatisfiable(policy(), candidate("a", given_name=""), candidate("b", given_name=""))
    assert result.missing[0].startswith("a credential that states Given name")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"current": Result.FAIL, "note": "Its issuer revoked it."}, "Its issuer revoked it."),
        ({"current": Result.UNKNOWN}, "could not be checked"),
        ({"expires_on": "20250531"}, "expired"),
        ({"eqf_level": "5"}, "EQF 5; the request needs EQF 6"),
        ({"eqf_level": "0", "level_status": "not_applicable"}, "states no EQF level"),
        ({"ects_hundredths": "0", "credit_system": "ceu"}, "no ECTS credit"),
        ({"title": ""}, "does not state what the request requires: Title"),
        ({"outcome": ""}, "could not be asked"),
        ({"outcome": "no_evidence"}, "no information on"),
        ({"outcome": "unknown_issuer"}, "no information about"),
        ({"outcome": "indeterminate"}, "no information recent"),
        ({"outcome": "not_assured"}, "evidence that this issuer was not quality-assured"),
        ({"outcome": "assured_voluntary"}, "voluntary"),
    ],
)
def test_what_does_not_meet_the_policy_stays_out_with_its_reason(
    changes: dict[str, str], reason: str
) -> None:
    good = candidate("good", ects_hundredths="1000")
    found = planned(policy(), good, candidate("bad", **({"ects_hundredths": "1000"} | changes)))
    assert chosen(found) == ["good"]
    assert reason in why(found, "bad")
    assert "trust" not in why(found, "bad")


def test_the_last_day_of_validity_counts() -> None:
    assert chosen(planned(policy(), candidate("a", ects_hundredths="1000", expires_on="20250601"))) == ["a"]


def test_missing_credit_in_words() -> None:
    result = unsatisfiable(policy(), candidate("a", ects_hundredths="600"), candidate("b", eqf_level="5"))
    assert result.missing == ("4 ECTS more at EQF 6 or above from a quality-assured issuer",)
    assert "not enough" in why(result, "a")
    assert "EQF 5" in why(result, "b")


def test_missing_without_a_sum() -> None:
    asked = policy([{"claim": "grade"}], {"min_eqf": 7}, {})
    assert unsatisfiable(asked, candidate("a")).missing == (
        "a credential at EQF 7 or above that states Grade",
    )


def test_a_required_irrelevant_claim_is_missing_and_never_invented() -> None:
    result = unsatisfiable(policy([{"claim": "title"}, {"claim": "nationality"}], {}, {}), candidate("a"))
    assert len(result.missing) == 1
    assert result.missing[0].startswith("nationality")


def test_an_optional_irrelevant_claim_does_not_stand_in_the_way() -> None:
    asked = policy([{"claim": "title"}, {"claim": "nationality", "required": False}], {}, {})
    found = planned(asked, candidate("a"), include=("nationality",))
    assert [sent.claim.name for sent in found.items[0].sent] == ["title", "not_expired"]


def test_look_alikes_count_once() -> None:
    same = {"title": "Same", "awarded_on": "20250301"}
    twins = [candidate("a", **same), candidate("b", **same)]
    result = unsatisfiable(policy(), *twins)
    assert result.missing[0].startswith("5 ECTS more")
    found = planned(policy(), *twins, candidate("c", awarded_on="20200101"))
    assert chosen(found) == ["a", "c"]
    assert "look the same" in why(found, "b")


def test_other_cred_def_or_an_included_claim_tells_twins_apart() -> None:
    same = {"title": "Same", "awarded_on": "20250301"}
    assert len(planned(policy(), candidate("a", **same), candidate("b", FHJ, **same)).items) == 2
    graded = candidate("a", grade='{"scale":"ECTS","value":"A"}', **same)
    other = candidate("b", grade='{"scale":"ECTS","value":"B"}', **same)
    assert len(planned(policy(), graded, other, include=("grade",)).items) == 2
    # Whoever states no grade shows none: the verifier compares only what both show.
    found = plan(policy(), [graded, candidate("b", **same)], today=TODAY, include=frozenset({"grade"}))
    assert isinstance(found, Unsatisfiable)


def test_included_claims_are_sent_where_they_are_stated() -> None:
    graded = candidate("a", grade='{"scale":"ECTS","value":"A"}', awarded_on="20250501")
    found = planned(policy(), graded, candidate("b"), include=("grade",))
    rows = [
        (item.item, sent.required) for item in found.items for sent in item.sent if sent.claim.name == "grade"
    ]
    assert rows == [("c0", False)]


def test_profile_condition_reveals_the_issuers_statement() -> None:
    asked = policy([{"claim": "title"}], {"profile": "council"}, {})
    found = planned(asked, candidate("a"), candidate("b", profiles_met="[]"))
    assert [sent.claim.name for sent in found.items[0].sent] == ["title", "profiles_met", "not_expired"]
    assert "profile" in why(found, "b")


def test_level_is_shown_only_where_the_cover_depends_on_it() -> None:
    narrow = candidate("narrow", FHJ, outcome_hidden="indeterminate", awarded_on="20250501")
    found = planned(policy(), narrow, candidate("wide"))
    modes = {
        item.candidate.id: sent.mode
        for item in found.items
        for sent in item.sent
        if sent.claim.name == "level"
    }
    assert modes == {"narrow": Disclose.REVEAL, "wide": Disclose.PREDICATE}
    # Point 2 of the order: with another wide one, the narrow one stays at home although it is newer.
    assert chosen(planned(policy(), narrow, candidate("wide"), candidate("other"))) == ["other", "wide"]


def test_level_that_nobody_asked_for_is_not_shown() -> None:
    asked = policy([{"claim": "awarded_on"}], {"registry": ["assured_official"]}, {})
    result = unsatisfiable(asked, candidate("a", outcome_hidden="indeterminate"))
    assert "does not ask for the level" in why(result, "a")


@pytest.mark.parametrize(
    ("outcomes", "common"),
    [
        (["assured_official"] * 3, "assured_official"),
        (["assured_official", "assured_voluntary"], "indeterminate"),
        (["unknown_issuer", "unknown_issuer"], "unknown_issuer"),
        (["assured_official", "no_evidence"], "indeterminate"),
        ([], ""),
    ],
)
def test_what_a_verifier_gets_over_several_levels(outcomes: list[str], common: str) -> None:
    assert common_outcome(outcomes, accepted=["assured_official"]) == common


def test_two_accepted_outcomes_need_no_level_shown() -> None:
    both = ["assured_official", "assured_voluntary"]
    assert common_outcome(both, accepted=both) == "assured_official"


def test_too_many_credentials_for_one_presentation_are_said_so() -> None:
    held = [candidate(f"t{index:02}", ects_hundredths="20") for index in range(60)]
    result = unsatisfiable(policy(), *held)
    assert any("at most 24" in sentence for sentence in result.missing)


def test_an_empty_wallet_misses_everything() -> None:
    assert unsatisfiable(policy()).missing == (
        "10 ECTS more at EQF 6 or above from a quality-assured issuer",
    )


# --- against brute force

HELD = st.lists(
    st.tuples(
        st.sampled_from(["Alpha", "Beta", "Gamma"]),
        st.sampled_from([MTU, FHJ]),
        st.sampled_from(["100", "300", "500", "800"]),
        st.sampled_from(["5", "6", "7"]),
        st.sampled_from(["assured_official", "unknown_issuer"]),
        st.sampled_from(["", "Ada"]),
    ),
    max_size=7,
)


@given(HELD)
@settings(max_examples=200, deadline=None)
def test_plan_is_never_larger_than_any_sufficient_set(drawn: list[tuple[str, ...]]) -> None:
    held = [
        candidate(
            f"id{index}",
            did,
            title=title,
            ects_hundredths=credit,
            eqf_level=level,
            outcome=outcome,
            given_name=given_name,
        )
        for index, (title, did, credit, level, outcome, given_name) in enumerate(drawn)
    ]
    found = plan(policy(), held, today=TODAY)
    fit = [one for one in held if one.number("eqf_level") >= 6 and one.outcome == "assured_official"]

    def sufficient(members: tuple[Candidate, ...]) -> bool:
        apart = len({(one.cred_def_id, one.title) for one in members}) == len(members)
        named = any(one.attributes["given_name"] for one in members)
        return apart and named and sum(one.number(CREDIT) for one in members) >= 1000

    sizes = [size for size in range(1, len(fit) + 1) if any(map(sufficient, combinations(fit, size)))]
    if isinstance(found, Unsatisfiable):
        assert not sizes
        assert found.missing
    else:
        assert len(found.items) == min(sizes)
        assert sufficient(tuple(item.candidate for item in found.items))
        assert sum(bounds(found, CREDIT)) == 1000
        assert all(
            bound <= item.candidate.number(CREDIT)
            for item, bound in zip(found.items, bounds(found, CREDIT), strict=True)
        )
    used = [] if isinstance(found, Unsatisfiable) else chosen(found)
    assert sorted(used + [item.candidate.id for item in found.left_out]) == sorted(one.id for one in held)


def test_thirty_candidates_are_planned_exactly() -> None:
    held = [
        candidate(
            f"t{index:02}",
            ects_hundredths=str(97 + 7 * index),
            outcome_hidden="indeterminate" if index % 3 else "",
        )
        for index in range(30)
    ]
    found = planned(policy(whole={"min_credit": {"system": "ects", "value": "22.5"}}), *held)
    assert found.exact
    assert len(found.items) == 9


def test_five_hundred_candidates_without_skills_are_planned_exactly() -> None:
    held = [
        candidate(
            f"t{index:03}", ects_hundredths=str(100 + index % 97), awarded_on=str(20240101 + index % 28)
        )
        for index in range(501)
    ]
    found = planned(policy(whole={"min_credit": {"system": "ects", "value": "44"}}), *held)
    assert found.exact
    assert len(found.items) == 23
    assert "newest" in found.left_out[0].why


def test_today_is_an_argument() -> None:
    held = candidate("a", ects_hundredths="1000", expires_on="20260101")
    assert isinstance(plan(policy(), [held], today=date(2026, 1, 1)), Plan)
    assert isinstance(plan(policy(), [held], today=date(2026, 1, 2)), Unsatisfiable)


def test_two_credentials_of_two_cred_defs_are_apart_even_when_they_look_alike() -> None:
    same = {"title": "Same"}
    held = [candidate("a", **same), candidate("b", cred_def_id=cred_def(MTU, "7"), **same)]
    assert len(planned(policy(), *held).items) == 2

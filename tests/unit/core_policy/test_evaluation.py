"""Quality assurance, completeness and the policy, from what a presentation shows."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from agent.core.anoncreds_json import Bound
from agent.core.evaluation import (
    UNREACHABLE,
    UNRELIABLE,
    Answer,
    RegistryAnswer,
    completeness,
    distinct_groups,
    evaluate_policy,
    possible_levels,
    quality,
    quality_queries,
    verdict,
)
from agent.core.policy import OUTCOMES, Policy
from agent.core.presentation import Examined
from agent.core.reading import PresentedItem
from agent.core.verdict import Check, Evidence, Part, PartName, Result, Verdict
from tests.unit.core_policy.builder import FHJ, MTU, SCHEMA, cred_def, policy
from tests.unit.core_policy.test_presentation import Exchange
from trust_registry.models import (
    ChainLink,
    Decision,
    EvidenceItem,
    Freshness,
    Outcome,
    Reason,
    Scope,
    SnapshotInfo,
    SnapshotKind,
)


def item(
    name: str = "c0", did: str = MTU, bounds: dict[str, int] | None = None, **revealed: str
) -> PresentedItem:
    """An item that shows title and award date, and proves EQF 6 and 5 ECTS, unless told otherwise."""
    shown = {
        "title": f"Title {name}",
        "title_lang": "en",
        "awarded_on": "20250301",
        "given_name": "Ada",
        "family_name": "Byrne",
    }
    proved = {"eqf_level": 6, "ects_hundredths": 500, "expires_on": 20250601} if bounds is None else bounds
    return PresentedItem(
        item=name,
        schema_id=SCHEMA,
        cred_def_id=cred_def(did),
        revealed=shown | revealed,
        bounds=tuple(Bound(attribute, value) for attribute, value in proved.items()),
        issuer_did=did,
        key="key",
    )


def hide(whole: PresentedItem, *names: str) -> PresentedItem:
    revealed = {name: value for name, value in whole.revealed.items() if name not in names}
    return PresentedItem(
        item=whole.item,
        schema_id=whole.schema_id,
        cred_def_id=whole.cred_def_id,
        revealed=revealed,
        bounds=whole.bounds,
        issuer_did=whole.issuer_did,
        key=whole.key,
    )


def answers(*items: PresentedItem, **outcomes: str) -> dict[tuple[str, int], Answer]:
    """An answer for every possible level; ``l7="no_evidence"`` changes that of level 7."""
    default = outcomes.pop("all", "assured_official")
    return {
        (one.item, level): RegistryAnswer(outcomes.get(f"l{level}", default))
        for one in items
        for level in possible_levels(one)
    }


def only(checks: tuple[Check, ...], code: str) -> Check:
    (found,) = [check for check in checks if check.code == code]
    return found


# --- quality


def test_queries_ask_every_level_that_is_possible() -> None:
    shown = item("c0", bounds={"expires_on": 20250601}, eqf_level="7", level_status="given")
    queries = quality_queries([shown, item("c1", FHJ), item("c2", bounds={})])
    asked = {name: [query.eqf for query in queries if query.item == name] for name in ("c0", "c1", "c2")}
    assert asked == {"c0": [7], "c1": [6, 7, 8], "c2": list(range(9))}
    assert (queries[0].did, queries[0].key, queries[0].awarded_on) == (MTU, "key", date(2025, 3, 1))


@pytest.mark.parametrize(
    "hidden",
    [
        hide(item(), "awarded_on"),
        item(awarded_on="0"),
        item(awarded_on="20251399"),
        PresentedItem("c0", SCHEMA, cred_def(), revealed={"awarded_on": "20250301"}),
    ],
)
def test_no_query_without_date_or_key(hidden: PresentedItem) -> None:
    assert quality_queries([hidden]) == ()


@pytest.mark.parametrize(
    ("revealed", "country"),
    [
        ('["IE"]', "IE"),
        ('["BE-VLG","BE"]', "BE"),
        ('["IE","GB"]', None),
        ("[]", None),
        ("", None),
        ("IE", None),
        ('"IE"', None),
        ('{"IE":1}', None),
        ('["Ireland"]', None),
        ('["IE",5]', None),
        ('["IE\\u0000"]', None),
        ("[" * 500, None),
        ("\ud800", None),
        ('["IE"]' + " " * 100_000, None),
    ],
)
def test_the_country_is_asked_if_it_is_revealed_and_one(revealed: str, country: str | None) -> None:
    """Whatever an issuer signed there."""
    shown = item(bounds={}, eqf_level="6", level_status="given", issuer_countries=revealed)
    assert [query.country for query in quality_queries([shown])] == [country]
    (without,) = quality_queries([hide(shown, "issuer_countries")])
    assert without.country is None


OUTCOME_RESULTS = {
    "assured_official": (Result.PASS, ""),
    "assured_voluntary": (Result.PASS, ""),
    "not_assured": (Result.FAIL, "not_assured"),
    "no_evidence": (Result.UNKNOWN, "no_evidence"),
    "unknown_issuer": (Result.UNKNOWN, "unknown_issuer"),
    "indeterminate": (Result.UNKNOWN, "indeterminate"),
    UNREACHABLE: (Result.UNKNOWN, "registry_unreachable"),
}


def test_every_outcome_has_its_result() -> None:
    assert set(OUTCOME_RESULTS) == {*OUTCOMES, UNREACHABLE}
    for outcome, expected in OUTCOME_RESULTS.items():
        check = only(quality([item()], answers(item(), all=outcome)), "quality")
        assert (check.result, check.reason) == expected
        assert "untrusted" not in check.detail


def test_chain_and_reasons_are_kept() -> None:
    shown = item(bounds={}, eqf_level="6", level_status="given")
    chain = (Evidence("report", "AAQ report", url="https://example.org"),)
    known = {("c0", 6): RegistryAnswer("assured_official", ("inherited_from_predecessor",), chain)}
    check = only(quality([shown], known), "quality")
    assert check.evidence == chain
    assert "inherited from predecessor" in check.detail


def test_an_answer_from_the_registrys_decision() -> None:
    decision = Decision(
        outcome=Outcome.ASSURED_OFFICIAL,
        reasons=(Reason.INHERITED_FROM_PREDECESSOR,),
        evidence=(EvidenceItem("report", "Report 1", "positive", "https://example.org/1", "2020", True),),
        authority_chain=(ChainLink("agency", "QQI", url="https://example.org/qqi"),),
        institution=None,
        scope=Scope.INSTITUTION,
        snapshot=SnapshotInfo(1, "", 0, Freshness.FRESH, SnapshotKind.DEMO, ""),
    )
    answer = RegistryAnswer.of(decision)
    assert (answer.outcome, answer.reasons) == ("assured_official", ("inherited_from_predecessor",))
    assert [(item.kind, item.label) for item in answer.chain] == [
        ("authority:agency", "QQI"),
        ("report", "Report 1 (illustrative)"),
    ]


def test_an_answer_that_cannot_be_believed_is_unknown_with_its_reason() -> None:
    shown = item(bounds={}, eqf_level="6", level_status="given")
    known = {("c0", 6): RegistryAnswer(UNRELIABLE, ("answer_not_authentic",))}
    asked = policy([{"claim": "title"}], {"registry": ["assured_official"]}, {})
    for check in (
        only(quality([shown], known), "quality"),
        only(evaluate_policy(asked, [shown], known), "registry"),
    ):
        assert (check.result, check.reason) == (Result.UNKNOWN, "answer_not_authentic")


@pytest.mark.parametrize(
    ("outcome", "live", "copied"),
    [
        ("assured_official", "pass", "pass"),
        ("assured_voluntary", "fail", "fail"),
        ("not_assured", "fail", "fail"),
        ("no_evidence", "fail", "unknown"),
        ("unknown_issuer", "fail", "unknown"),
        ("indeterminate", "unknown", "unknown"),
    ],
)
def test_what_is_not_in_a_copy_may_have_come_since(outcome: str, live: str, copied: str) -> None:
    shown = item(bounds={}, eqf_level="6", level_status="given")
    asked = policy([{"claim": "title"}], {"registry": ["assured_official"]}, {})
    for note, expected in (("", live), ("from the copy, 5 h old", copied)):
        known = {("c0", 6): RegistryAnswer(outcome, note=note)}
        check = only(evaluate_policy(asked, [shown], known), "registry")
        assert str(check.result) == expected
        assert note in check.detail
        assert note in only(quality([shown], known), "quality").detail


@pytest.mark.parametrize(
    ("outcomes", "result", "reason"),
    [
        ({"l8": "no_evidence"}, Result.UNKNOWN, "level_hidden"),
        ({"l8": "not_assured"}, Result.UNKNOWN, "level_hidden"),
        ({"l8": "assured_voluntary"}, Result.PASS, ""),
        ({"l8": UNREACHABLE}, Result.UNKNOWN, "registry_unreachable"),
    ],
)
def test_behind_a_predicate_the_answer_must_hold_for_every_level(
    outcomes: dict[str, str], result: Result, reason: str
) -> None:
    check = only(quality([item()], answers(item(), **outcomes)), "quality")
    assert (check.result, check.reason) == (result, reason)
    shown = item(eqf_level="6", level_status="given")
    assert only(quality([shown], answers(shown, **outcomes)), "quality").result is Result.PASS


def test_hidden_date_key_and_unasked_registry_are_unknown() -> None:
    hidden = hide(item(), "awarded_on")
    assert only(quality([hidden], {}), "quality").reason == "award_date_hidden"
    keyless = PresentedItem("c0", SCHEMA, cred_def(), revealed={"awarded_on": "20250301"}, issuer_did=MTU)
    assert only(quality([keyless], {}), "quality").reason == "issuer_key_unknown"
    partly = answers(item())
    del partly[("c0", 8)]
    assert only(quality([item()], partly), "quality").reason == "registry_not_asked"


# --- completeness


@pytest.mark.parametrize(
    ("profile", "stated", "result", "reason"),
    [
        ("", None, Result.UNKNOWN, "not_asked"),
        ("council", None, Result.UNKNOWN, "not_disclosed"),
        ("council", '["council"]', Result.PASS, ""),
        ("council", '["digital-badge"]', Result.FAIL, "profile_not_met"),
        ("council", "council", Result.FAIL, "profile_not_met"),
        ("council", '"council"', Result.FAIL, "profile_not_met"),
    ],
)
def test_completeness(profile: str, stated: str | None, result: Result, reason: str) -> None:
    asked = policy([{"claim": "title"}], {"profile": profile} if profile else {}, {})
    shown = item(profiles_met=stated) if stated is not None else item()
    (check,) = completeness(asked, [shown])
    assert (check.result, check.reason) == (result, reason)


# --- the policy


def results(asked: Policy, *items: PresentedItem, **outcomes: str) -> list[tuple[str, str, str, str]]:
    return [
        (check.code, check.subject, str(check.result), check.reason)
        for check in evaluate_policy(asked, items, answers(*items, **outcomes))
        if check.result is not Result.PASS
    ]


def test_all_elements_pass() -> None:
    checks = evaluate_policy(policy(), [item("c0"), item("c1", FHJ)], answers(item("c0"), item("c1", FHJ)))
    assert {check.result for check in checks} == {Result.PASS}
    labels = [check.label for check in checks if check.code == "claim" and check.subject == "c0"]
    assert labels == [
        "Title shown",
        "Date of award shown",
        "Given name shown",
        "Family name shown",
        "Level shown or proved",
        "Credit shown or proved",
    ]
    assert not [check for check in checks if check.subject == "c1" and "name" in check.label]
    assert only(checks, "min_credit").detail == "10 ECTS shown or proved."


def test_missing_and_empty_claims() -> None:
    asked = policy([{"claim": "title"}, {"claim": "grade"}], {}, {})
    assert results(asked, item()) == [("claim", "c0", "fail", "claim_missing")]
    assert results(asked, item(grade="{}")) == [("claim", "c0", "fail", "claim_empty")]
    assert results(asked, hide(item(grade='{"value":"A"}'), "title_lang")) == [
        ("claim", "c0", "fail", "claim_missing")
    ]


def test_a_predicate_does_not_answer_a_claim_to_be_shown() -> None:
    assert results(policy([{"claim": "level"}], {}, {}), item()) == [("claim", "c0", "fail", "claim_missing")]


def test_a_shown_value_answers_a_claim_to_be_proved() -> None:
    asked = policy([{"claim": "level", "disclose": "predicate"}], {"min_eqf": 6}, {})
    assert results(asked, item(bounds={}, eqf_level="7", level_status="given")) == []


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        (item(bounds={"eqf_level": 5}), "not_proved"),
        (item(bounds={}), "not_proved"),
        (item(bounds={}, eqf_level="5", level_status="given"), "below_minimum"),
        (item(bounds={}, eqf_level="0", level_status="not_applicable"), "no_level"),
    ],
)
def test_minimum_level(shown: PresentedItem, reason: str) -> None:
    asked = policy([{"claim": "title"}], {"min_eqf": 6}, {})
    assert ("min_level", "c0", "fail", reason) in results(asked, shown)


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ({}, []),
        ({"all": "assured_voluntary"}, [("fail", "assured_voluntary")]),
        ({"all": "unknown_issuer"}, [("fail", "unknown_issuer")]),
        ({"all": "no_evidence"}, [("fail", "no_evidence")]),
        ({"all": "not_assured"}, [("fail", "not_assured")]),
        ({"all": "indeterminate"}, [("unknown", "indeterminate")]),
        ({"all": UNREACHABLE}, [("unknown", "registry_unreachable")]),
        ({"l8": "no_evidence"}, [("unknown", "level_hidden")]),
        ({"l8": "indeterminate"}, [("unknown", "indeterminate")]),
    ],
)
def test_registry_outcomes(outcomes: dict[str, str], expected: list[tuple[str, str]]) -> None:
    asked = policy([{"claim": "title"}], {"registry": ["assured_official"], "min_eqf": 6}, {})
    found = [
        (result, reason)
        for code, _, result, reason in results(asked, item(), **outcomes)
        if code == "registry"
    ]
    assert found == expected


def test_no_information_about_the_issuer_is_worded_so() -> None:
    asked = policy([{"claim": "title"}], {"registry": ["assured_official"]}, {})
    check = only(evaluate_policy(asked, [item()], answers(item(), all="unknown_issuer")), "registry")
    assert "no information" in check.detail
    assert "trust" not in check.detail.replace("trust registry", "")


def test_a_policy_may_accept_indeterminate() -> None:
    asked = policy([{"claim": "title"}], {"registry": ["indeterminate"]}, {})
    assert results(asked, item(), all="indeterminate") == []


def test_credit_counts_what_is_proved() -> None:
    asked = policy([{"claim": "title"}], {})
    assert results(asked, item("c0"), item("c1", bounds={"ects_hundredths": 499})) == [
        ("min_credit", "", "fail", "too_little_credit")
    ]
    shown = item("c1", bounds={}, ects_hundredths="500", credit_system="ects")
    assert results(asked, item("c0"), shown) == []


def test_one_credential_shown_twice_counts_once() -> None:
    twice = [item("c0", title="Same"), item("c1", title="Same")]
    check = only(evaluate_policy(policy(), twice, answers(*twice)), "min_credit")
    assert (check.result, check.reason) == (Result.FAIL, "cannot_tell_apart")
    assert "c0, c1 cannot be told apart" in check.detail


def test_a_name_on_c0_only_does_not_tell_two_apart() -> None:
    one, other = item("c0", title="Same"), hide(item("c1", title="Same"), "given_name", "family_name")
    assert len(distinct_groups([one, other])) == 1


def test_a_chain_of_look_alikes_is_one_group() -> None:
    chain = [item("c0", title="A"), hide(item("c1"), "title"), item("c2", title="B")]
    assert [len(group) for group in distinct_groups(chain)] == [3]
    assert len(distinct_groups([chain[0], chain[2]])) == 2
    assert len(distinct_groups([item("c0", title="A"), item("c1", FHJ, title="A")])) == 2


def test_a_group_counts_its_largest_member() -> None:
    asked = policy([{"claim": "title"}], {}, {"min_credit": {"system": "ects", "value": "8"}})
    large = item("c1", title="Same", bounds={"ects_hundredths": 800})
    assert results(asked, item("c0", title="Same"), large) == []


def test_irrelevant_claims_can_only_fail() -> None:
    asked = policy([{"claim": "title"}, {"claim": "nationality"}], {}, {})
    assert results(asked, item()) == [("claim", "", "fail", "claim_irrelevant")]
    optional = policy([{"claim": "title"}, {"claim": "nationality", "required": False}], {}, {})
    assert results(optional, item()) == []


def test_a_policy_of_optional_claims_is_satisfied() -> None:
    asked = policy([{"claim": "grade", "required": False}], {}, {})
    (check,) = evaluate_policy(asked, [item()], {})
    assert check.result is Result.PASS


# --- the whole verdict


def judged(exchange: Exchange, known: Any = None, edit: Any = None) -> Verdict:
    examined = exchange.examine(edit)
    queries = quality_queries(examined.items)
    answered = known or {(query.item, query.eqf): RegistryAnswer("assured_official") for query in queries}
    return verdict(exchange.policy, examined, answered, at="2025-06-01T12:00:00Z")


def test_an_honest_presentation_passes_where_it_was_asked() -> None:
    found = judged(Exchange())
    assert [part.result for part in found.parts] == [Result.PASS, Result.PASS, Result.UNKNOWN, Result.PASS]
    assert found.complete.checks[0].reason == "not_asked"
    assert Verdict.from_json(found.to_json()) == found


def test_four_passes_with_a_profile() -> None:
    asked = policy(each={"min_eqf": 6, "registry": ["assured_official"], "profile": "council"})
    assert judged(Exchange(asked=asked)).headline() == "4 pass"


def test_registry_down_is_neither_pass_nor_fail() -> None:
    levels = range(6, 9)
    down = {(name, level): RegistryAnswer(UNREACHABLE) for name in ("c0", "c1") for level in levels}
    found = judged(Exchange(), known=down)
    assert [part.result for part in found.parts] == [
        Result.PASS,
        Result.UNKNOWN,
        Result.UNKNOWN,
        Result.UNKNOWN,
    ]


def test_what_cannot_be_read_is_judged_by_nobody() -> None:
    found = judged(Exchange(), edit=lambda p: p.pop("proof"))
    assert [part.result for part in found.parts] == [
        Result.FAIL,
        Result.UNKNOWN,
        Result.UNKNOWN,
        Result.UNKNOWN,
    ]
    assert {check.reason for part in found.parts[1:] for check in part.checks} == {
        "not_readable",
        "not_asked",
    }


def test_parts_keep_their_names() -> None:
    found = verdict(policy(), Examined(Part(PartName.AUTHENTIC, ()), ()), {}, at="")
    assert [part.name for part in found.parts] == list(PartName)

"""Each profile beside the Council's: a passing record, every rule failing alone, and the boundary values."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from agent.core.findings import Finding, Outcome
from agent.core.profiles import PROFILES, meets, validate
from agent.core.record import Assurance, QualityAssurance

from .builders import record

FAIL, WARNING, PASS = Outcome.FAIL, Outcome.WARNING, Outcome.PASS
UNKNOWN, SKIPPED = Outcome.NO_INFORMATION, Outcome.NOT_APPLICABLE
NZ = {"system": "nz-credit", "value": "20"}
WHOLE_ASSURANCE = {"profile": {"en": "A."}, "processes": {"en": "B."}, "review": {"en": "C."}}

# What makes the builders' full record pass a profile without a remark.
PASSING: dict[str, dict[str, Any]] = {
    "australia": {"quality_assurance__assurance": WHOLE_ASSURANCE},
    "council": {},
    "digital-badge": {},
    "enic-naric": {},
    "eu-certified": {},
    "importable-badge": {},
    "ireland": {},
    "microbol": {},
    "new-zealand": {"credit": NZ},
    "unesco": {},
}

# (profile, rule, change, outcome): one change takes one rule's content away, and no other rule says anything.
ALONE: list[tuple[str, str, dict[str, Any], Outcome]] = [
    ("digital-badge", "badge_earner", {"learner": None}, FAIL),
    ("digital-badge", "badge_name", {"title": None}, FAIL),
    ("digital-badge", "badge_description", {"description": None}, FAIL),
    ("digital-badge", "badge_criteria", {"assessment__criteria": None}, FAIL),
    ("digital-badge", "badge_issuer", {"issuer__name": None}, FAIL),
    ("digital-badge", "badge_evidence", {"evidence": None}, WARNING),
    ("eu-certified", "holder", {"learner": {"id": "1"}}, FAIL),
    ("eu-certified", "outcomes", {"outcomes": None}, FAIL),
    ("eu-certified", "assessment_method", {"assessment__types": None}, FAIL),
    ("eu-certified", "awarding_body", {"awarding_bodies": None}, FAIL),
    ("eu-certified", "framework_level", {"level": None}, UNKNOWN),
    ("eu-certified", "framework_level", {"level": {"not_applicable": True}}, SKIPPED),
    ("eu-certified", "credits", {"credit": None}, UNKNOWN),
    ("eu-certified", "credits", {"credit": {"system": "ects", "value": "0"}}, SKIPPED),
    ("microbol", "learner", {"learner": None}, FAIL),
    ("microbol", "issuing_organisation", {"issuer__name": None, "awarding_bodies": None}, FAIL),
    ("microbol", "micro_credential", {"title": None}, FAIL),
    ("microbol", "micro_credential", {"awarded_on": None}, WARNING),
    ("microbol", "learning_experience", {"outcomes": None, "description": None}, FAIL),
    ("microbol", "learning_experience", {"workload_hours": None, "assessment__criteria": None}, WARNING),
    ("microbol", "framework_level", {"level": None}, FAIL),
    ("microbol", "framework_level", {"level": {"not_applicable": True}}, WARNING),
    ("microbol", "participation", {"participation": None}, FAIL),
    ("microbol", "entry_requirements", {"prerequisites": None}, FAIL),
    ("unesco", "learning_achievement", {"outcomes": None}, FAIL),
    ("unesco", "learning_achievement", {"learner": None}, FAIL),
    ("unesco", "assessment", {"assessment__types": None, "assessment__basis": None}, FAIL),
    ("unesco", "assessment", {"assessment__basis": "participation"}, FAIL),
    ("unesco", "defined_standards", {"assessment__criteria": None}, UNKNOWN),
    ("unesco", "trusted_provider", {"issuer__name": None, "awarding_bodies": None}, FAIL),
    ("unesco", "standalone_value", {"recognition": None, "articulates_with": None}, UNKNOWN),
    ("unesco", "quality_assurance", {"quality_assurance": None}, FAIL),
    ("australia", "assessed", {"assessment__basis": "participation"}, FAIL),
    ("australia", "volume", {"workload_hours": None}, UNKNOWN),
    ("australia", "volume", {"workload_hours": None, "credit": None}, FAIL),
    ("australia", "volume", {"workload_hours": "0.9833"}, FAIL),
    ("australia", "below_qualification", {"category": "diploma"}, FAIL),
    ("australia", "below_qualification", {"category": "certificate"}, FAIL),
    ("australia", "below_qualification", {"category": "major-award"}, FAIL),
    ("australia", "below_qualification", {"category": None}, UNKNOWN),
    ("australia", "own_standard", {"quality_assurance__assurance": None}, FAIL),
    ("australia", "own_standard", {"quality_assurance__assurance": {"profile": {"en": "A."}}}, WARNING),
    ("australia", "credit_when_stacked", {"recognition__credit_only_when_stacked_with": None}, UNKNOWN),
    ("australia", "credit_when_stacked", {"recognition__stackability": "stand-alone"}, WARNING),
    ("australia", "leads_to", {"recognition__leads_to": None}, WARNING),
    ("australia", "leads_to", {"recognition__statement": None}, WARNING),
    ("australia", "required_title", {"title": None}, FAIL),
    ("australia", "required_provider", {"issuer__name": None, "awarding_bodies": None}, FAIL),
    ("australia", "required_content", {"description": None}, FAIL),
    ("australia", "required_outcomes", {"outcomes": None}, FAIL),
    ("australia", "required_language", {"language": None}, FAIL),
    ("australia", "required_delivery_mode", {"participation": None}, FAIL),
    (
        "australia",
        "required_delivery_date",
        {"provision__self_paced": None, "provision__starts_on": None},
        FAIL,
    ),
    (
        "australia",
        "required_delivery_date",
        {"provision__self_paced": None, "provision__ends_on": None},
        FAIL,
    ),
    ("australia", "required_requirements", {"provision__requirements": None}, FAIL),
    ("australia", "required_price", {"provision__costs": None}, FAIL),
    ("australia", "required_assessment", {"assessment__types": None}, FAIL),
    ("australia", "required_prerequisites", {"prerequisites": None}, FAIL),
    ("australia", "recommended_depth", {"provision__depth": None}, WARNING),
    ("australia", "recommended_jurisdiction", {"provision__jurisdiction": None}, WARNING),
    ("australia", "recommended_industry_support", {"provision__supported_by": None}, WARNING),
    ("australia", "recommended_recommended_prior", {"provision__recommended_prior": None}, WARNING),
    ("australia", "recommended_industry", {"provision__industry": None}, WARNING),
    ("new-zealand", "size", {"credit": {"system": "nz-credit", "value": "41"}}, FAIL),
    ("new-zealand", "size", {"credit": {"system": "nz-credit", "value": "40.01"}}, FAIL),
    ("new-zealand", "size", {"credit": {"system": "nz-credit", "value": "0.99"}}, FAIL),
    ("new-zealand", "size", {"credit": {"system": "ects", "value": "5"}}, FAIL),
    ("new-zealand", "size", {"credit": None}, FAIL),
    ("new-zealand", "no_qualification", {"category": "major-award"}, FAIL),
    ("new-zealand", "no_qualification", {"category": None}, UNKNOWN),
    ("new-zealand", "outcomes", {"outcomes": None}, FAIL),
    ("new-zealand", "level", {"level": {"eqf": 6}}, UNKNOWN),
    ("new-zealand", "need", {"provision__supported_by": None}, UNKNOWN),
    ("new-zealand", "provider", {"issuer__name": None, "awarding_bodies": None}, FAIL),
    ("ireland", "category", {"credit": {"system": "ects", "value": "60"}, "category": "major-award"}, FAIL),
    ("ireland", "declared_category", {"credit": {"system": "ects", "value": "12"}}, WARNING),
    ("ireland", "declared_category", {"category": None}, SKIPPED),
    ("ireland", "evidenced_learning", {"outcomes": None}, FAIL),
    ("ireland", "evidenced_learning", {"assessment": None}, UNKNOWN),
    ("enic-naric", "quality_assurance", {"quality_assurance": None}, FAIL),
    ("enic-naric", "assessment_methods", {"assessment__types": None}, FAIL),
    ("enic-naric", "entry_requirements", {"prerequisites": None}, WARNING),
    ("enic-naric", "outcomes", {"outcomes": None}, FAIL),
    ("importable-badge", "learner", {"learner": None}, FAIL),
    ("importable-badge", "issuer", {"issuer__name": None}, FAIL),
    ("importable-badge", "criteria", {"assessment__criteria": None}, FAIL),
    ("importable-badge", "evidence", {"evidence": None}, FAIL),
]
# Rules that share what they ask for with another rule: these changes are not theirs alone.
TOGETHER: list[tuple[str, set[str], dict[str, Any]]] = [
    ("australia", {"own_standard", "required_quality_assurance"}, {"quality_assurance": None}),
    (
        "australia",
        {"required_certification", "assessed", "required_assessment"},
        {"assessment": None, "evidence": None, "grade": None},
    ),
    (
        "australia",
        {"required_recognition", "recommended_stackability"},
        {"recognition": None, "articulates_with": None, "credit": None},
    ),
    ("ireland", {"category", "declared_category"}, {"credit": {"system": "ects", "value": "60"}}),
    (
        "ireland",
        {"category", "declared_category", "credit_in_ects"},
        {"credit": {"system": "ceu", "value": "5"}},
    ),
    (
        "ireland",
        {"category", "declared_category", "evidenced_learning"},
        {"credit": None, "assessment": {"basis": "participation"}},
    ),
]


def found(profile: str, changes: dict[str, Any]) -> dict[str, Finding]:
    made = record(**{**PASSING[profile], **changes})
    return {finding.code: finding for finding in validate(made, profile)}


def speaking(findings: dict[str, Finding]) -> dict[str, Outcome]:
    return {code: finding.outcome for code, finding in findings.items() if finding.outcome is not PASS}


@pytest.mark.parametrize("profile", sorted(PASSING))
def test_a_passing_record(profile: str) -> None:
    assert speaking(found(profile, {})) == {}
    assert meets(record(**PASSING[profile]), profile)


@pytest.mark.parametrize(
    ("profile", "code", "changes", "outcome"), ALONE, ids=[f"{row[0]}-{row[1]}-{row[3]}" for row in ALONE]
)
def test_each_rule_speaks_alone(profile: str, code: str, changes: dict[str, Any], outcome: Outcome) -> None:
    findings = found(profile, changes)
    # NOT_APPLICABLE elsewhere says nothing of the change: those rules have lost their condition.
    others = {name: each for name, each in speaking(findings).items() if name != code and each is not SKIPPED}
    assert findings[code].outcome is outcome
    assert findings[code].detail
    assert others == {}


@pytest.mark.parametrize(("profile", "codes", "changes"), TOGETHER, ids=lambda value: str(value)[:40])
def test_rules_that_speak_together(profile: str, codes: set[str], changes: dict[str, Any]) -> None:
    said = speaking(found(profile, changes))
    assert {code for code, outcome in said.items() if outcome is not SKIPPED} == codes


def test_no_rule_is_left_untested() -> None:
    tested = {(profile, code) for profile, code, _, _ in ALONE}
    tested |= {(profile, code) for profile, codes, _ in TOGETHER for code in codes}
    # An expiry date that is missing is said in a pass (below); the Council's are in test_profiles.
    tested |= {("digital-badge", "badge_expiry"), ("australia", "recommended_expiration")}
    rules = {(name, rule.code) for name, each in PROFILES.items() for rule in each.rules if name != "council"}
    assert tested == rules


def test_the_size_of_the_lists() -> None:
    codes = [rule.code for rule in PROFILES["australia"].rules]
    assert sum(code.startswith("required_") for code in codes) == 14
    assert sum(code.startswith("recommended_") for code in codes) == 7
    assert len(PROFILES["microbol"].rules) == 7


# --- what the sources say of single profiles


@pytest.mark.parametrize(
    ("profile", "code"), [("digital-badge", "badge_expiry"), ("australia", "recommended_expiration")]
)
def test_no_expiry_is_said(profile: str, code: str) -> None:
    finding = found(profile, {"expires_on": None})[code]
    assert (finding.outcome, finding.detail) == (PASS, "No expiry.")
    assert found(profile, {})[code].detail == ""


def test_a_badge_without_evidence_names_both_sources() -> None:
    finding = found("digital-badge", {"evidence": None})["badge_evidence"]
    assert finding.source == "000:271"
    assert "000:127" in finding.note
    assert meets(record(evidence=None), "digital-badge")


def test_a_badge_without_evidence_is_visual_only() -> None:
    assert found("importable-badge", {"evidence": None})["evidence"].detail.startswith("Visual badge only")


@pytest.mark.parametrize(
    ("value", "outcome"),
    [("1", PASS), ("40", PASS), ("40.00", PASS), ("41", FAIL), ("0.99", FAIL), ("0", FAIL)],
)
def test_new_zealand_counts_1_to_40_credits(value: str, outcome: Outcome) -> None:
    finding = found("new-zealand", {"credit": {"system": "nz-credit", "value": value}})["size"]
    assert finding.outcome is outcome
    assert ("not a micro-credential" in finding.detail) == (outcome is FAIL)
    assert "004:147" in finding.note


@pytest.mark.parametrize(
    ("hours", "outcome"), [("1", PASS), ("0.9833", FAIL), ("0.9999", FAIL), ("1.0167", PASS)]
)
def test_australia_counts_from_one_hour(hours: str, outcome: Outcome) -> None:
    finding = found("australia", {"workload_hours": hours})["volume"]
    assert finding.outcome is outcome
    assert ("not a micro-credential" in finding.detail) == (outcome is FAIL)


@pytest.mark.parametrize("basis", ["participation", "course-completion", "training-completion"])
def test_australia_refuses_unassessed_learning(basis: str) -> None:
    finding = found("australia", {"assessment": {"basis": basis}})["assessed"]
    assert finding.outcome is FAIL
    assert "not a micro-credential" in finding.detail


def test_own_level_is_not_the_level_led_to() -> None:
    finding = found("australia", {"level": {"eqf": 6}, "recognition__leads_to": None})["leads_to"]
    assert finding.detail == "Not stated: level of the qualification it leads to."
    assert found("australia", {"level": None})["leads_to"].outcome is PASS


def test_what_leads_nowhere_needs_no_level_of_it() -> None:
    findings = found("australia", {"recognition": {"stackability": "stand-alone"}, "articulates_with": None})
    assert findings["leads_to"].outcome is findings["credit_when_stacked"].outcome is SKIPPED


@pytest.mark.parametrize(
    ("standard", "assurance", "outcome"),
    [
        ("A standard", None, PASS),
        (None, Assurance(profile={"en": "A"}, processes={"en": "B"}, review={"en": "C"}), PASS),
        (None, Assurance(review={"en": "C"}), WARNING),
        (None, Assurance(), FAIL),
        (None, None, FAIL),
        ("A standard", Assurance(profile={"en": "A"}), FAIL),  # the reader refuses this one already
    ],
)
def test_a_standard_or_a_statement_and_not_both(
    standard: str | None, assurance: Assurance | None, outcome: Outcome
) -> None:
    quality = QualityAssurance(type="internal", standard=standard, assurance=assurance)
    made = dataclasses.replace(record(), quality_assurance=quality)
    finding = next(item for item in validate(made, "australia") if item.code == "own_standard")
    assert finding.outcome is outcome


@pytest.mark.parametrize(
    ("credit", "outcome"),
    [
        ("0.5", UNKNOWN),
        ("1", PASS),
        ("9", PASS),
        ("9.5", UNKNOWN),
        ("10", PASS),
        ("59.99", PASS),
        ("60", FAIL),
    ],
)
def test_ireland_has_table_1_and_names_its_gaps(credit: str, outcome: Outcome) -> None:
    finding = found("ireland", {"credit": {"system": "ects", "value": credit}})["category"]
    assert finding.outcome is outcome
    assert ("no row" in finding.detail) == (outcome is UNKNOWN)


def test_ireland_counts_ects_or_nothing() -> None:
    assert (
        found("ireland", {"credit": {"system": "us-credit", "value": "3"}})["credit_in_ects"].outcome is FAIL
    )
    assert found("ireland", {"credit": None})["credit_in_ects"].outcome is SKIPPED

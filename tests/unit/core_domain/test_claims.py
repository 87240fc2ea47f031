from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.attributes import ATTRIBUTE_NAMES, INTEGER_ATTRIBUTES, to_attributes
from agent.core.claims import CLAIMS, IRRELEVANT, Claim, Irrelevant, display, display_claim, lookup
from agent.errors import InputError

from .builders import record

EXPECTED = {
    *(
        "title",
        "issuer_name",
        "awarded_on",
        "expires_on",
        "credit",
        "workload",
        "level",
        "outcomes",
        "skills",
    ),
    *(
        "assessment",
        "supervision",
        "participation",
        "quality_assurance",
        "grade",
        "language",
        "awarding_bodies",
    ),
    *("issuer_countries", "profiles_met", "given_name", "family_name", "birth_date", "learner_id"),
}


def test_the_vocabulary_is_complete_and_points_into_the_schema() -> None:
    assert set(CLAIMS) >= EXPECTED
    for name, claim in CLAIMS.items():
        assert claim.name == name
        assert set(claim.attributes) <= set(ATTRIBUTE_NAMES)
        assert claim.predicate_attribute is None or claim.predicate_attribute in INTEGER_ATTRIBUTES
        assert claim.predicate_attribute is None or claim.predicate_attribute in claim.attributes


def test_what_identifies_the_learner_is_personal() -> None:
    personal = {claim.name for claim in CLAIMS.values() if claim.personal}
    assert personal == {"given_name", "family_name", "birth_date", "learner_id"}
    assert personal == {claim.name for claim in CLAIMS.values() if claim.scope == "learner"}


def test_nobody_can_ask_for_what_would_link_presentations() -> None:
    asked = {attribute for claim in CLAIMS.values() for attribute in claim.attributes}
    assert "record_digest" not in asked


def test_predicates() -> None:
    predicates = {
        claim.name: claim.predicate_attribute for claim in CLAIMS.values() if claim.predicate_attribute
    }
    assert predicates["credit"] == "ects_hundredths"
    assert predicates["workload"] == "workload_minutes"
    assert predicates["level"] == "eqf_level"


def test_lookup() -> None:
    found = lookup("credit")
    assert isinstance(found, Claim)
    for name in ("nationality", "race", "gender"):
        irrelevant = lookup(name)
        assert isinstance(irrelevant, Irrelevant)
        assert "002:1756" in irrelevant.reason
    assert not set(CLAIMS) & set(IRRELEVANT)


@pytest.mark.parametrize(
    ("name", "nearest"), [("titel", "title"), ("birthdate", "birth_date"), ("Nationality", "nationality")]
)
def test_unknown_claims_name_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(InputError) as caught:
        lookup(name)
    assert caught.value.code == "unknown_claim"
    assert nearest in caught.value.hint


def test_an_unknown_claim_is_not_repeated() -> None:
    with pytest.raises(InputError) as caught:
        lookup("\x1b[2J" * 1000)
    assert "\x1b" not in caught.value.diagnostics()
    assert "title" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("awarded_on", "20250601", "1 June 2025"),
        ("expires_on", "99991231", "no expiry"),
        ("awarded_on", "99991231", "not stated"),
        ("birth_date", "0", "not stated"),
        ("awarded_on", "20250230", "20250230"),
        ("ects_hundredths", "500", "5 ECTS"),
        ("ects_hundredths", "250", "2.5 ECTS"),
        ("ects_hundredths", "1000", "10 ECTS"),
        ("workload_minutes", "7500", "125 h"),
        ("workload_minutes", "59", "59 min"),
        ("workload_minutes", "90", "1 h 30 min"),
        ("eqf_level", "6", "EQF 6"),
        ("eqf_level", "0", "no EQF level"),
        ("level_status", "not_applicable", "not applicable"),
        ("supervision", "supervised-online-id", "supervised online, identity verified"),
        ("participation", '["online","work-experience"]', "online, work experience"),
        ("grade", '{"scale":"Percentage","value":"71"}', "71 (Percentage)"),
        ("grade", "{}", "not stated"),
        ("outcomes", '[{"text":{"de":"Lesen","en":"Read"}},{"text":{"de":"Rechnen"}}]', "Read · Rechnen"),
        ("awarding_bodies", '[{"country":"IE","name":"MTU","status":"public"}]', "MTU (public, IE)"),
        ("quality_assurance", '{"agency":"QQI","type":"internal"}', "internal quality assurance (QQI)"),
        ("nqf", '{"framework":"NFQ","level":"8"}', "NFQ 8"),
        ("given_name", "Ada", "Ada"),
        ("template", "", "not stated"),
        ("no_such_attribute", "x", "x"),
        ("eqf_level", "٦", "٦"),
        ("eqf_level", "9" * 5000, "9" * 5000),
        ("outcomes", "not json", "not json"),
    ],
)
def test_display(name: str, value: str, shown: str) -> None:
    assert display(name, value) == shown


@given(
    st.sampled_from(ATTRIBUTE_NAMES),
    st.text(max_size=40) | st.sampled_from(['[{"text":{"en":1}}]', "[[[]]]", "1e999"]),
)
def test_display_never_fails_on_what_an_issuer_wrote(name: str, value: str) -> None:
    assert isinstance(display(name, value), str)


def test_display_claim() -> None:
    values = to_attributes(record(), profiles_met=["council"])
    assert display_claim("credit", values) == "5 ECTS"
    assert display_claim("level", values) == "EQF 6"
    assert display_claim("title", values) == "Data Literacy"
    assert display_claim("assessment", values) == "based on assessment, project, oral exam"
    assert display_claim("level", {"eqf_level": "6"}) == "EQF 6"
    assert display_claim("grade", {}) == ""
    missing = to_attributes(record(level=None, credit={"system": "ceu", "value": "8"}), profiles_met=[])
    assert display_claim("level", missing) == "not stated"
    assert display_claim("credit", missing) == "CEU"
    assert display_claim("credit", to_attributes(record(credit=None), profiles_met=[])) == "0 ECTS"

"""A record as a European Digital Credential, held against the published shapes."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.core import vocabularies
from agent.core.record import Record
from agent.errors import InputError
from agent.vc import elm, elm_codes, elm_values
from agent.vc.elm_shapes import KNOWN
from issuer_profiles.loader import ROOT
from tests.unit.core_domain.builders import full, record, record_json, without
from tests.unit.vc import elm_files
from tests.unit.vc.elm_files import ID, LEGAL, NOW, PNG, REVIEW, SUBJECT, broken, examine, made

# All that the official JSON-LD sample violates; and the shapes' word for each thing that `missing` names.
OFFICIAL = {
    ("elm:individualDisplay", "MinCount"),
    ("elm:eidasLegalIdentifier", "MinCount"),
    ("cred:issuer", "Node"),
}
SHAPES_OF = {
    "title": {("dc:title", "MinCount")},
    "a language of the credential that the European list has": {
        ("elm:primaryLanguage", "MinCount"),
        ("dc:language", "MinCount"),
        ("elm:individualDisplay", "MinCount"),
    },
    "eIDAS legal identifier of the issuer": {
        ("elm:eidasLegalIdentifier", "MinCount"),
        ("cred:issuer", "Node"),
    },
    "awarding body": {("elm:awardingBody", "MinCount")},
    "picture of the credential": {("elm:individualDisplay", "MinCount")},
    # Said in a weaker form instead, which the shapes allow.
    "name of the issuer": set(),
    "country of the issuer": set(),
    "country of an awarding body": set(),
}
# Of the negative samples, those of another build: several bodies, no country, no assessment, other credit.
NEGATIVE = {"joint-award", "diploma-mill", "attendance-certificate", "ceu-credit", "private-person-issuer"}
SAMPLES = {
    file.stem: json.loads(file.read_text("utf-8"))
    for file in sorted((ROOT / "samples").rglob("*.json"))
    if file.parent.name == "microcredx" or file.stem in NEGATIVE
}


# --- against the shapes


def test_the_official_sample_violates_exactly_these_three() -> None:
    sample = json.loads((elm_files.folder() / "credential-sample.jsonld").read_text("utf-8"))
    found = examine(sample)
    assert broken(found) == OFFICIAL == set(KNOWN)
    assert all(each.severity == "violation" and each.known for each in found.findings)
    assert found.dropped == ("eIDAS\u0399dentifier",)  # a Greek capital iota
    sample["issuer"]["eIDASIdentifier"] = sample["issuer"].pop("eIDAS\u0399dentifier")
    repaired = examine(sample)
    assert broken(repaired) == {("elm:individualDisplay", "MinCount")}
    assert repaired.dropped == ()


def test_a_whole_record_with_what_no_record_has_breaks_no_rule() -> None:
    found = examine(made(record(), accreditation=REVIEW, legal_identifier=LEGAL, picture=PNG))
    assert (found.findings, found.dropped) == ((), ())
    assert found.triples > 200


@pytest.mark.parametrize("name", SAMPLES)
def test_the_sample_records_violate_what_the_official_sample_does_and_nothing_else(name: str) -> None:
    found = examine(made(Record.from_json(SAMPLES[name])))
    assert broken(found) == OFFICIAL
    assert found.dropped == ()


def test_there_are_samples() -> None:
    assert len(SAMPLES) == 15


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=record_json, whole=st.booleans())
def test_what_is_missing_is_exactly_what_the_shapes_miss(data: dict[str, Any], whole: bool) -> None:
    more: dict[str, Any] = {"legal_identifier": LEGAL, "picture": PNG} if whole else {}
    found = Record.from_json(data)
    expected: set[tuple[str, str]] = set()
    for what in elm.missing(found, **more):
        expected |= SHAPES_OF[what]
    answer = examine(made(found, **more))
    assert broken(answer) == expected
    assert answer.dropped == ()


@pytest.mark.parametrize(
    ("gone", "expected"),
    [
        (("title",), "title"),
        (("awarding_bodies",), "awarding body"),
        (("issuer.countries", "awarding_bodies"), "country of the issuer"),
        (("issuer.name",), "name of the issuer"),
    ],
)
def test_each_missing_thing_is_named(gone: tuple[str, ...], expected: str) -> None:
    assert expected in elm.missing(without(*gone), legal_identifier=LEGAL, picture=PNG)
    assert elm.missing(record(), legal_identifier=LEGAL, picture=PNG) == ()


def test_a_programme_review_makes_a_qualification() -> None:
    review = dataclasses.replace(REVIEW, scope="programme")
    document = made(without("level"), accreditation=review, legal_identifier=LEGAL, picture=PNG)
    specification = document["credentialSubject"]["hasClaim"]["specifiedBy"]
    assert specification["type"] == "Qualification"
    assert specification["accreditation"]["dcType"]["prefLabel"] == {"en": "Program Quality Assurance"}
    assert "accreditation" not in document["issuer"]
    assert examine(document).findings == ()


def test_a_review_by_an_agency_without_a_country_is_a_note() -> None:
    review = dataclasses.replace(REVIEW, agency_country="")
    document = made(record(), accreditation=review, legal_identifier=LEGAL, picture=PNG)
    note = document["issuer"]["additionalNote"]["noteLiteral"]["en"]
    assert "institution" in note
    assert "https://agency.example/report" in note
    assert "accreditation" not in document["credentialSubject"]["hasClaim"]["specifiedBy"]
    assert elm.missing(record(), review, LEGAL, PNG) == ("country of the agency that reviewed",)
    assert examine(document).findings == ()


# --- what stands where


def test_the_words_of_the_lists() -> None:
    document = made(record())
    achievement = document["credentialSubject"]["hasClaim"]
    specification = achievement["specifiedBy"]
    assert specification["type"] == "Qualification"
    assert specification["eqfLevel"]["id"] == "http://data.europa.eu/snb/eqf/6"
    assert specification["eqfLevel"]["inScheme"]["id"] == "http://data.europa.eu/snb/eqf/25831c2"
    assert specification["nqfLevel"]["id"] == "http://data.europa.eu/snb/qdr/c_218a7e54"
    assert specification["educationLevel"]["id"] == "urn:cairn:qf-ehea:first"
    assert specification["creditPoint"]["framework"]["id"] == (
        "http://data.europa.eu/snb/education-credit/6fcec5c5af"
    )
    assert specification["creditPoint"]["point"] == "5"
    assert specification["volumeOfLearning"] == "PT125H"
    assert specification["mode"]["id"] == "http://data.europa.eu/snb/learning-assessment/e92d221e4d"
    skill = specification["learningOutcome"][0]["relatedESCOSkill"]
    assert skill["inScheme"]["id"] == "http://data.europa.eu/esco/concept-scheme/skills"
    address = document["issuer"]["location"]["address"]["countryCode"]["id"]
    assert address == "http://publications.europa.eu/resource/authority/country/IRL"
    assert [each["id"][-3:] for each in document["displayParameter"]["language"]] == ["ENG", "DEU", "ARA"]
    assert achievement["provenBy"]["grade"]["noteLiteral"] == {"und": "71"}
    assert achievement["awardedBy"]["awardingDate"] == "2025-06-01T00:00:00Z"
    assert document["validUntil"] == document["expirationDate"] == "2030-06-01T23:59:59Z"
    assert document["issued"] == document["validFrom"] == "2026-01-02T03:04:05Z"


def test_nothing_is_said_that_the_record_does_not_say() -> None:
    bare = Record.from_json({"version": 1, "id": "x", "issuer": {"did": "did:web:uni.example"}})
    document = made(bare)
    person = document["credentialSubject"]
    assert set(person) == {"id", "type", "hasClaim"}
    assert set(person["hasClaim"]) == {"id", "type", "identifier", "awardedBy", "specifiedBy"}
    assert set(person["hasClaim"]["specifiedBy"]) == {"id", "type"}
    assert document["issuer"] == {"id": "did:web:uni.example", "type": "Agent"}
    assert "validUntil" not in document


def test_participation_alone_is_no_assessment() -> None:
    found = Record.from_json(full(assessment={"basis": "participation"}, grade=None))
    achievement = made(found)["credentialSubject"]["hasClaim"]
    assert "provenBy" not in achievement
    assert "provenBy" not in achievement["specifiedBy"]


def test_a_national_level_is_that_of_its_own_country_or_of_no_list() -> None:
    for nqf, countries in (
        ({"framework": "NFQ", "level": "8"}, ["ES"]),
        ({"framework": "MECES", "level": "2"}, ["ES"]),
    ):
        found = record(level={"nqf": nqf}, issuer__countries=countries)
        specification = made(found)["credentialSubject"]["hasClaim"]["specifiedBy"]
        assert "nqfLevel" not in specification
        assert specification["type"] == "LearningAchievementSpecification"
        assert specification["educationLevel"]["prefLabel"] == {"und": f"{nqf['framework']} {nqf['level']}"}
    assert elm_codes.national("NFQ", "11", ["IE"]) is None
    assert elm_codes.national("NFQ", "08", ["IE"]) is None


def test_a_skill_elsewhere_is_no_esco_skill_and_one_that_is_no_address_is_left_out() -> None:
    outcomes = [
        {"text": {"en": "a"}, "esco": "https://esco.example/skill/x"},
        {"text": {"en": "b"}, "esco": "http://data.europa.eu/esco/skill/<x>"},
    ]
    found = record(outcomes=outcomes)
    first, second = made(found)["credentialSubject"]["hasClaim"]["specifiedBy"]["learningOutcome"]
    assert first["relatedSkill"]["id"] == "https://esco.example/skill/x"
    assert "relatedESCOSkill" not in second
    assert "outcomes.esco" in elm.not_carried(found)


def test_bodies_of_a_joint_award_keep_their_countries() -> None:
    bodies = [
        {"name": "Munster Technological University"},
        {"name": "Hogeschool", "country": "BE-VLG"},
        {"name": "Nobody"},
    ]
    awarded = made(record(awarding_bodies=bodies))["credentialSubject"]["hasClaim"]["awardedBy"]
    kinds = [(each["id"], each["type"], "location" in each) for each in awarded["awardingBody"]]
    assert kinds == [
        ("did:web:localhost%3A8301", "Organisation", True),
        (f"{ID}#body-1", "Organisation", True),
        (f"{ID}#body-2", "Agent", False),
    ]


@pytest.mark.parametrize(
    ("hours", "expected"),
    [("125", "PT125H"), ("0.9833", "PT59M"), ("2.5", "PT2H30M"), ("0.0001", "PT0.36S"), ("8.0000", "PT8H")],
)
def test_durations(hours: str, expected: str) -> None:
    assert elm_values.duration(hours) == expected


def test_the_time_of_issue_is_said_in_utc() -> None:
    local = NOW.astimezone(timezone(timedelta(hours=2)))
    document = elm.to_elm(
        record(), issuer_did="did:web:a.example", credential_id=ID, subject_id=SUBJECT, issued=local
    )
    assert document["issued"] == "2026-01-02T03:04:05Z"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"credential_id": "no-address"}, "bad_id"),
        ({"credential_id": f"{ID}#part"}, "bad_id"),
        ({"subject_id": "urn:x y"}, "bad_id"),
        ({"issuer_did": "did:web:<a>"}, "bad_id"),
        ({"issued": NOW.replace(tzinfo=None)}, "bad_time"),
        ({"picture": b"GIF89a"}, "bad_picture"),
    ],
)
def test_what_cannot_be_used(change: dict[str, Any], code: str) -> None:
    usual: dict[str, Any] = {
        "issuer_did": "did:web:a.example",
        "credential_id": ID,
        "subject_id": SUBJECT,
        "issued": NOW,
    }
    with pytest.raises(InputError) as refused:
        elm.to_elm(record(), **(usual | change))
    assert refused.value.code == code


def test_the_tables_have_the_codes_of_the_lists() -> None:
    languages = {tag: elm_codes.language(tag) for tag in ("en", "DE", "zh-Hant", "gle", "xx", "und")}
    assert {tag: found["id"][-3:] for tag, found in languages.items() if found} == {
        "en": "ENG",
        "DE": "DEU",
        "zh-Hant": "ZHO",
        "gle": "GLE",
    }
    assert elm_codes.country("GR") == elm_codes.concept(
        "http://publications.europa.eu/resource/authority/country/GRC",
        "http://publications.europa.eu/resource/authority/country",
    )
    assert elm_codes.country("ZZ") is None
    for table, words in (
        (elm_codes.PARTICIPATION, vocabularies.PARTICIPATION),
        (elm_codes.ASSESSMENT, vocabularies.ASSESSMENT_TYPES),
        (elm_codes.LEARNING_SETTING, vocabularies.LEARNING_TYPES),
        (elm_codes.SUPERVISION, vocabularies.SUPERVISION),
        (elm_codes.CREDIT, vocabularies.CREDIT_SYSTEMS),
    ):
        assert set(table) <= set(words)

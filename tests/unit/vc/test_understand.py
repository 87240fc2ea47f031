"""Credentials from elsewhere: what becomes a record, what stays raw, and what no stranger can do to us."""

from __future__ import annotations

import copy
import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.record import Record
from agent.errors import CairnError, InputError, UntrustedError
from agent.vc import badge2
from agent.vc.mapping import MAX_PATH, MAX_TEXT, MAX_UNKNOWN
from agent.vc.understand import MAX_PARTS, Importable, understand

from ..core_domain.builders import record
from .test_badge import badge

ASSETS = Path(__file__).parents[2] / "assets" / "badges"


def asset(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((ASSETS / name).read_bytes())
    return document


def foreign(**achievement: Any) -> dict[str, Any]:
    return {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
        ],
        "id": "https://platform.example/credentials/1",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": {"id": "https://platform.example/issuers/1", "type": ["Profile"], "name": "A Platform"},
        "validFrom": "2025-03-01T23:30:00-05:00",
        "credentialSubject": {
            "id": "mailto:ada@learner.example",
            "type": ["AchievementSubject"],
            "achievement": {
                "id": "https://platform.example/achievements/1",
                "type": ["Achievement"],
                "name": "Teamwork",
                "description": "Works with others.",
                "criteria": {"narrative": "Nominated by peers."},
                **achievement,
            },
        },
        "evidence": [{"id": "https://platform.example/work", "type": ["Evidence"], "name": "Report"}],
    }


def test_a_foreign_badge() -> None:
    found = understand(foreign())
    assert found.kind_words == ("Open Badges 3.0", "W3C data model 2.0")
    assert found.importable == Importable("credential", ())
    assert not found.whole
    assert found.record is not None
    assert found.record.to_json() == {
        "version": 1,
        "id": "https://platform.example/credentials/1",
        "title": {"und": "Teamwork"},
        "learner": {"id": "mailto:ada@learner.example"},
        "issuer": {"did": "https://platform.example/issuers/1", "name": {"und": "A Platform"}},
        "awarded_on": "2025-03-01",
        "assessment": {"criteria": {"und": "Nominated by peers."}},
        "description": {"und": "Works with others."},
        "evidence": [{"url": "https://platform.example/work", "description": {"und": "Report"}}],
    }
    assert found.unknown == (("credentialSubject.achievement.id", "https://platform.example/achievements/1"),)
    assert "issuer.name" in found.known


def test_our_own_badge_is_known_whole() -> None:
    found = understand(badge())
    assert found.record == record()
    assert found.whole
    assert found.unknown == ()
    changed = badge()
    changed["name"] = "Brain Surgery"
    with pytest.raises(UntrustedError, match="record_differs"):
        understand(changed)


def test_a_whole_record_is_a_credential_without_evidence_too() -> None:
    found = understand(badge(record(evidence=None)))
    assert found.importable == Importable("credential", ("evidence",))


@pytest.mark.parametrize(
    ("path", "missing"),
    [
        ("credentialSubject.id", ("learner",)),
        ("issuer", ("issuer",)),
        ("credentialSubject.achievement.criteria", ("criteria",)),
        ("evidence", ("evidence",)),
        ("credentialSubject", ("learner", "criteria")),
    ],
)
def test_the_threshold_names_what_is_missing(path: str, missing: tuple[str, ...]) -> None:
    """003:1598."""
    document = foreign()
    *parents, last = path.split(".")
    place = document
    for name in parents:
        place = place[name]
    del place[last]
    found = understand(document)
    assert found.importable == Importable("visual badge only", missing)
    assert (found.record is None) == ("issuer" in missing)
    if found.record is None:
        # What no record holds is shown raw, all of it.
        assert found.known == ()
        assert ("credentialSubject.achievement.name", "Teamwork") in found.unknown


@pytest.mark.parametrize("criteria", [{"id": "https://platform.example/rules"}, {"narrative": "x"}])
def test_an_address_of_the_criteria_is_criteria(criteria: dict[str, str]) -> None:
    assert understand(foreign(criteria=criteria)).importable.missing == ()


@pytest.mark.parametrize("criteria", [{}, {"narrative": ""}, [], "", 7, {"id": ""}])
def test_no_criteria(criteria: Any) -> None:
    assert understand(foreign(criteria=criteria)).importable.missing == ("criteria",)


def test_a_hashed_identity_is_a_learner_and_no_id() -> None:
    document = foreign()
    hashed = {
        "type": "IdentityObject",
        "hashed": True,
        "identityType": "emailAddress",
        "identityHash": "sha256$00",
    }
    document["credentialSubject"] = {**document["credentialSubject"], "identifier": [hashed]}
    del document["credentialSubject"]["id"]
    found = understand(document)
    assert found.importable.missing == ()
    assert found.record is not None
    assert found.record.learner.id is None
    assert ("credentialSubject.identifier[0].identityHash", "sha256$00") in found.unknown


def test_a_full_name_is_not_divided() -> None:
    document = foreign()
    names = [
        {"type": "IdentityObject", "hashed": False, "identityType": "name", "identityHash": "Ada Byrne"},
        {"type": "IdentityObject", "hashed": False, "identityType": "sourcedId", "identityHash": "R00123"},
    ]
    document["credentialSubject"]["identifier"] = names
    del document["credentialSubject"]["id"]
    found = understand(document)
    assert found.record is not None
    assert (found.record.learner.id, found.record.learner.given_name) == ("R00123", None)
    assert ("credentialSubject.identifier[0].identityHash", "Ada Byrne") in found.unknown


def alignment(**members: str) -> dict[str, Any]:
    return {"type": ["Alignment"], "targetName": "x", "targetUrl": "https://framework.example/1", **members}


@pytest.mark.parametrize(
    ("aligned", "member", "expected"),
    [
        (alignment(targetUrl="http://data.europa.eu/snb/eqf/5"), "level", {"eqf": 5}),
        (alignment(targetType="ext:EQF", targetCode="4"), "level", {"eqf": 4}),
        (alignment(targetFramework="European Qualification Framework", targetCode="6"), "level", {"eqf": 6}),
        (alignment(targetFramework="EQF", targetCode="9"), "level", None),
        (alignment(targetFramework="EQF", targetCode="six"), "level", None),
        (alignment(targetFramework="NLQF", targetCode="6"), "level", None),
        (
            alignment(targetUrl="http://data.europa.eu/esco/skill/1", targetName="SQL"),
            "outcomes",
            [{"text": {"und": "SQL"}, "esco": "http://data.europa.eu/esco/skill/1"}],
        ),
        (alignment(targetType="ceasn:Competency"), "outcomes", [{"text": {"und": "x"}}]),
        (alignment(targetType="CTDL"), "outcomes", None),
    ],
)
def test_alignments(aligned: dict[str, Any], member: str, expected: Any) -> None:
    found = understand(foreign(alignment=[aligned]))
    assert found.record is not None
    assert found.record.to_json().get(member) == expected
    # What is no member is shown raw, the address too unless it is one.
    shown = {path.rpartition(".")[2] for path, _ in found.unknown if "alignment" in path}
    assert ("targetUrl" in shown) is not aligned["targetUrl"].startswith("http://data.europa.eu/")
    assert ("targetCode" in shown) is ("targetCode" in aligned and expected is None)


def test_credits_without_a_unit_stay_raw() -> None:
    found = understand(foreign(creditsAvailable=5))
    assert found.record is not None
    assert found.record.credit is None
    assert ("credentialSubject.achievement.creditsAvailable", "5") in found.unknown
    ects = alignment(targetUrl="http://data.europa.eu/snb/education-credit/6fcec5c5af")
    with_unit = understand(foreign(creditsAvailable=2.5, alignment=ects)).record
    edubadge = understand(foreign(ECTS=3.0)).record
    assert with_unit is not None
    assert edubadge is not None
    assert with_unit.to_json()["credit"] == {"system": "ects", "value": "2.5"}
    assert edubadge.to_json()["credit"] == {"system": "ects", "value": "3"}


@pytest.mark.parametrize("amount", [-1, 1e300, True, "5; drop", [5], {"@value": 5}, 0.125, "٥"])
def test_odd_amounts(amount: Any) -> None:
    found = understand(foreign(ECTS=amount))
    assert found.record is not None
    assert found.record.credit is None


def test_one_result_is_a_grade_and_two_are_not() -> None:
    described = [
        {"id": "urn:a", "type": ["ResultDescription"], "name": "Final grade", "resultType": "Result"}
    ]
    document = foreign(resultDescription=described)
    result = {"type": ["Result"], "resultDescription": "urn:a", "value": "B"}
    document["credentialSubject"]["result"] = [result]
    found = understand(document).record
    assert found is not None
    assert found.to_json()["grade"] == {"scale": "Final grade", "value": "B"}
    document["credentialSubject"]["result"] = [result, {**result, "value": "A"}]
    assert understand(document).record.grade is None  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Teamwork", {"nl-NL": "Teamwork"}),
        ({"@value": "Teamwork", "@language": "en"}, {"en": "Teamwork"}),
        ([{"@value": "A", "@language": "en"}, {"@value": "B", "@language": "de"}], {"en": "A", "de": "B"}),
        ({"en": "A", "de-AT": "B"}, {"en": "A", "de-AT": "B"}),
        ({"en": "A", "not a tag!": "B"}, None),
        ({"@value": "A", "@language": "not a tag!"}, None),
        ({"en": 7}, None),
        ("x" * 501, None),
        ("a\0b", None),
        ("\ud800", None),
        ("<script>alert(1)</script>\x1b[2J", {"nl-NL": "<script>alert(1)</script>\x1b[2J"}),
    ],
)
def test_texts_and_their_languages(value: Any, expected: dict[str, str] | None) -> None:
    found = understand(foreign(name=value, inLanguage="nl-NL"))
    assert found.record is not None
    assert found.record.title == (expected or {})
    assert expected or any(path.startswith("credentialSubject.achievement.name") for path, _ in found.unknown)


@pytest.mark.parametrize("name", ["und", "not a tag!", 7, None])
def test_no_language_is_said_and_not_guessed(name: Any) -> None:
    found = understand(foreign(inLanguage=name)).record
    assert found is not None
    assert found.title == {"und": "Teamwork"}


@pytest.mark.parametrize("when", ["2025-02-30T00:00:00Z", "yesterday", 7, None, "", "2025-06-01x"])
def test_dates_that_are_none(when: Any) -> None:
    found = understand({**foreign(), "validFrom": when}).record
    assert found is not None
    assert found.awarded_on is None


def test_the_day_of_the_award_comes_first() -> None:
    found = understand(
        {**foreign(), "awardedDate": "2024-12-24T10:00:00Z", "validUntil": "2030-01-01T00:00:00Z"}
    )
    assert found.record is not None
    assert (found.record.awarded_on, found.record.expires_on) == (date(2024, 12, 24), date(2030, 1, 1))
    assert ("validFrom", "2025-03-01T23:30:00-05:00") in found.unknown


def test_a_document_without_an_id_is_named_by_its_hash() -> None:
    document = foreign()
    del document["id"]
    first, again = understand(document).record, understand(copy.deepcopy(document)).record
    assert first is not None
    assert again is not None
    assert first.id == again.id
    assert first.id.startswith("ni:///sha-256;")
    document["name"] = "Another"
    assert understand(document).record.id != first.id  # type: ignore[union-attr]


def test_several_subjects_are_not_one_learner() -> None:
    document = foreign()
    document["credentialSubject"] = [document["credentialSubject"], {"id": "did:key:z6Mkother"}]
    found = understand(document)
    assert found.record is not None
    assert found.record.learner.id is None
    assert found.importable.missing == ("learner", "criteria")
    assert ("credentialSubject[1].id", "did:key:z6Mkother") in found.unknown


def test_what_is_kept_raw_is_bounded() -> None:
    document = foreign(**{f"x{n}": "y" * 5000 for n in range(500)}, **{"long" * 500: 1})
    found = understand(document)
    assert len(found.unknown) == MAX_UNKNOWN + 1
    assert found.unknown[-1] == ("…", "302 more")
    assert max(len(path) for path, _ in found.unknown) <= MAX_PATH
    assert max(len(text) for _, text in found.unknown) <= MAX_TEXT


def test_what_a_record_is_too_small_for_stays_raw() -> None:
    many = [{"id": f"https://platform.example/{n}", "description": "x" * 3900} for n in range(40)]
    found = understand({**foreign(criteria={"narrative": "y" * 4000}), "evidence": many})
    assert found.record is not None
    assert len(found.record.evidence) == 40
    described = sum(bool(entry.description) for entry in found.record.evidence)
    assert 10 < described < 20
    assert "evidence[0].description" not in dict(found.unknown)
    assert "evidence[39].description" in dict(found.unknown)


def test_more_evidence_than_a_record_takes_stays_raw() -> None:
    many = [{"id": f"https://platform.example/{n}"} for n in range(70)]
    found = understand({**foreign(), "evidence": many})
    assert found.record is not None
    assert len(found.record.evidence) == 64
    assert ("evidence[69].id", "https://platform.example/69") in found.unknown


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "urn:x", "data:text/html,x", 7])
def test_evidence_needs_a_web_address(url: Any) -> None:
    found = understand({**foreign(), "evidence": [{"id": url, "name": "Report"}]})
    assert found.record is not None
    assert found.record.evidence == ()
    assert found.importable.missing == ()


JUNK: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=8), part, max_size=3),
    max_leaves=8,
)
NAMES = [
    "id",
    "issuer",
    "validFrom",
    "credentialSubject",
    "evidence",
    "name",
    "awardedDate",
    "relatedResource",
]
INNER = ["id", "name", "criteria", "alignment", "resultDescription", "inLanguage", "achievementType", "ECTS"]


@given(st.dictionaries(st.sampled_from(NAMES), JUNK), st.dictionaries(st.sampled_from(INNER), JUNK))
@settings(max_examples=150, deadline=None)
def test_any_shape_is_read_or_refused(outer: dict[str, Any], inner: dict[str, Any]) -> None:
    document = {**foreign(**inner), **outer}
    before = copy.deepcopy(document)
    try:
        found = understand(document)
    except CairnError:
        return
    assert document == before
    assert found.record is None or Record.from_json(found.record.to_json()) == found.record


# Open Badges 2.0

CLASS = {
    "type": "BadgeClass",
    "id": "https://example.org/robotics-badge.json",
    "name": "Awesome Robotics Badge",
    "description": "For doing awesome things.",
    "criteria": {"narrative": "Build a robot."},
    "issuer": "https://example.org/organization.json",
}
ISSUER = {
    "type": "Issuer",
    "id": "https://example.org/organization.json",
    "name": "An Issuer",
    "url": "https://example.org",
}


def test_a_hosted_assertion_names_what_it_lacks() -> None:
    document = asset("ob2-assertion.json")
    found = understand(document)
    assert found.record is None
    assert found.importable == Importable("visual badge only", ("issuer", "criteria"))
    assert found.references == ("https://example.org/robotics-badge.json",)
    assert found.hosted_at == "https://example.org/beths-robotics-badge.json"
    document = badge2.with_documents(document, {CLASS["id"]: CLASS})
    assert badge2.references(document) == ("https://example.org/organization.json",)
    whole = understand(badge2.with_documents(document, {CLASS["id"]: CLASS, ISSUER["id"]: ISSUER}))
    assert whole.importable == Importable("credential", ())
    assert whole.references == ()
    assert whole.record is not None
    assert whole.record.to_json() == {
        "version": 1,
        "id": "https://example.org/beths-robotics-badge.json",
        "title": {"und": "Awesome Robotics Badge"},
        "issuer": {"did": "https://example.org/organization.json", "name": {"und": "An Issuer"}},
        "awarded_on": "2016-12-31",
        "assessment": {"criteria": {"und": "Build a robot."}},
        "description": {"und": "For doing awesome things."},
        "evidence": [{"url": "https://example.org/beths-robot-work.html"}],
    }
    assert "recipient.identity" in dict(whole.unknown)


def test_a_fetched_document_must_call_itself_by_its_address() -> None:
    document = asset("ob2-assertion.json")
    stolen = {**CLASS, "id": "https://elsewhere.example/badge.json"}
    assert badge2.with_documents(document, {"https://example.org/robotics-badge.json": stolen}) == document


def test_languages_and_plain_recipients() -> None:
    document = asset("ob2-assertion.json")
    document["recipient"] = {"type": "email", "hashed": False, "identity": "ada@learner.example"}
    document["badge"] = {**CLASS, "@language": "es", "issuer": ISSUER}
    found = understand(document).record
    assert found is not None
    assert found.title == {"es": "Awesome Robotics Badge"}
    assert found.learner.id == "ada@learner.example"


@pytest.mark.parametrize(
    ("verification", "expected"),
    [
        ({"type": "SignedBadge", "creator": "https://example.org/key"}, ""),
        ({"type": "hosted", "url": "https://example.org/a"}, "https://example.org/a"),
        ({"type": "HostedBadge"}, "https://example.org/beths-robotics-badge.json"),
        ({"type": "hosted", "url": "file:///etc/passwd"}, ""),
        ("hosted", ""),
        (None, ""),
    ],
)
def test_where_it_is_hosted(verification: Any, expected: str) -> None:
    assert badge2.hosted_at({**asset("ob2-assertion.json"), "verification": verification}) == expected


def test_references_are_web_addresses() -> None:
    assert badge2.references({**asset("ob2-assertion.json"), "badge": "file:///etc/passwd"}) == ()


def hashed(algorithm: str, text: str, salt: str = "") -> dict[str, Any]:
    digest = hashlib.new(algorithm, (text + salt).encode()).hexdigest()
    return {"type": "email", "hashed": True, "identity": f"{algorithm}${digest}", "salt": salt}


@pytest.mark.parametrize(
    ("recipient", "email", "expected"),
    [
        (hashed("sha256", "ada@learner.example", "deadsea"), "ada@learner.example", True),
        (hashed("sha256", "ada@learner.example", "deadsea"), "Ada@Learner.example", True),
        (hashed("sha256", "ada@learner.example"), "ada@learner.example", True),
        (hashed("md5", "ada@learner.example"), "ada@learner.example", True),
        (hashed("sha256", "ada@learner.example", "deadsea"), "eve@learner.example", False),
        ({**hashed("sha256", "ada@learner.example", "a"), "salt": "b"}, "ada@learner.example", False),
        (hashed("sha1", "ada@learner.example"), "ada@learner.example", False),
        ({"hashed": False, "identity": "ada@learner.example"}, "ada@learner.example", True),
        ({"hashed": False, "identityHash": "ada@learner.example"}, "ada@learner.example", True),
        ({"hashed": True, "identity": "ada@learner.example"}, "ada@learner.example", False),
        ({"hashed": True, "identity": "sha256$é"}, "é", False),
        ({"hashed": False, "identity": ""}, "", False),
        ({"hashed": True}, "ada@learner.example", False),
        ("sha256$00", "ada@learner.example", False),
        (None, "ada@learner.example", False),
    ],
)
def test_whose_address_was_hashed(recipient: Any, email: str, expected: bool) -> None:
    assert badge2.matches_email(recipient, email) is expected


def test_the_hash_of_an_open_badges_3_identity() -> None:
    recipient = hashed("sha256", "ada@learner.example", "s")
    identity = {
        "hashed": True,
        "identityHash": recipient["identity"],
        "salt": "s",
        "identityType": "emailAddress",
    }
    assert badge2.matches_email(identity, "ada@learner.example")


# Everything else


def test_the_data_model_1_1() -> None:
    found = understand(asset("ob3-vcdm-1.1.json"))
    assert found.kind_words == ("Open Badges 3.0", "W3C data model 1.1")
    assert found.record is not None
    assert found.record.awarded_on == date(2010, 1, 1)
    assert found.importable == Importable("visual badge only", ("evidence",))


def test_the_sample_of_1edtech() -> None:
    found = understand(asset("ob3-complete.json"))
    assert found.record is not None
    assert found.record.issuer.countries == ("US",)
    assert [entry.url for entry in found.record.evidence] == [
        "https://1edtech.edu/credentials/3732/evidence/1",
        "https://github.com/somebody/project",
    ]
    assert ("credentialSubject.creditsEarned", "42") in found.unknown


def test_another_credential() -> None:
    document = {
        "@context": ["https://www.w3.org/2018/credentials/v1"],
        "type": ["VerifiableCredential", "UniversityDegreeCredential"],
        "issuer": "did:web:university.example",
        "issuanceDate": "2020-01-01T00:00:00Z",
        "expirationDate": "2030-01-01T00:00:00Z",
        "credentialSubject": {
            "id": "did:key:z6Mkholder",
            "givenName": "Ada",
            "familyName": "Byrne",
            "birthDate": "1999-04-02",
            "degree": {"type": "BachelorDegree", "name": "Bachelor of Science"},
            "nationality": "IE",
        },
    }
    found = understand(document)
    assert found.kind == "credential"
    assert found.importable == Importable("credential", ())
    assert found.record is not None
    assert found.record.title == {"und": "Bachelor of Science"}
    assert found.record.learner.full_name == "Ada Byrne"
    assert found.record.expires_on == date(2030, 1, 1)
    assert ("credentialSubject.nationality", "IE") in found.unknown
    assert ("type[1]", "UniversityDegreeCredential") in found.unknown


def test_the_payload_of_a_vc_jwt() -> None:
    """W3C VCDM 1.1, 6.3.1: registered claims stand in for members of the credential."""
    inside = foreign()
    for name in ("id", "issuer", "validFrom"):
        del inside[name]
    del inside["credentialSubject"]["id"]
    claims = {
        "iss": "did:web:university.example",
        "sub": "did:key:z6Mkholder",
        "jti": "urn:uuid:0c3d0a67-54a1-4f11-9f5f-0c8c9c3f3f10",
        "nbf": 1735689600,
        "exp": 1.9e9,
        "vc": inside,
    }
    found = understand(claims)
    assert found.kind_words[-1] == "VC-JWT"
    assert found.record is not None
    assert found.record.issuer.did == "did:web:university.example"
    assert found.record.learner.id == "did:key:z6Mkholder"
    assert found.record.id == claims["jti"]
    assert (found.record.awarded_on, found.record.expires_on) == (date(2025, 1, 1), date(2030, 3, 17))
    for odd in (True, "soon", -1, 1e400, 10**30):
        again = understand({**claims, "nbf": odd}).record
        assert again is not None
        assert again.awarded_on is None


@pytest.mark.parametrize(
    "document", [{}, {"type": "Person"}, {"type": ["VerifiablePresentation"]}, {"type": 7}, {"vc": {}}]
)
def test_no_credential(document: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="not_a_credential"):
        understand(document)


def test_a_learner_record_is_read_by_its_parts() -> None:
    found = understand(asset("clr2.json"))
    assert found.kind_words == ("Comprehensive Learner Record 2.0", "W3C data model 2.0")
    assert found.record is None
    assert [part.record and part.record.title for part in found.parts] == [{"und": "Teamwork"}]
    assert ("name", "Sample Transcript") in found.unknown
    assert ("credentialSubject.association[0].associationType", "isParentOf") in found.unknown


def test_learner_records_are_bounded_and_do_not_nest() -> None:
    document = asset("clr2.json")
    subject = document["credentialSubject"]
    nested = {
        **document,
        "credentialSubject": {**subject, "verifiableCredential": [document, 7, {"type": "x"}]},
    }
    assert understand(nested).parts == ()
    subject["verifiableCredential"] *= MAX_PARTS + 1
    with pytest.raises(InputError, match="too_many_parts"):
        understand(document)

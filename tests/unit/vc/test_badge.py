"""A record as Open Badges 3.0 and back; the pinned JSON Schemas."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from agent.core.record import Record
from agent.errors import CairnError, InputError, UntrustedError
from agent.vc import schemas
from agent.vc.badge import achievement_id, from_badge, to_badge
from agent.vc.jsonld import canonical
from agent.vc.schemas import Problem, check

from ..core_domain.builders import record, record_json

ROOT = Path(__file__).parents[3]
ASSETS = ROOT / "tests" / "assets" / "badges"
WHEN = datetime(2025, 6, 2, 8, 30, tzinfo=UTC)
PROOF = {"type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022", "proofPurpose": "assertionMethod"}


def badge(made: Record | None = None, **more: Any) -> dict[str, Any]:
    made = made or record()
    return to_badge(
        made,
        **{
            "issuer_did": made.issuer.did,
            "credential_id": "urn:uuid:5f2c0a43-9d1c-4f4d-8b5e-7a0f3a6c1d11",
            "subject_id": "did:key:z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH",
            "valid_from": WHEN,
            **more,
        },
    )


@given(record_json)
@settings(max_examples=60, deadline=None)
def test_every_record_comes_back(data: dict[str, Any]) -> None:
    """No undefined term, valid by 1EdTech's formal schema, and lossless."""
    made = Record.from_json(data)
    document = badge(made)
    assert canonical(document)
    assert check(document, formal=True) == ()
    assert from_badge(json.loads(json.dumps(document))) == made


@pytest.mark.parametrize(
    "path", sorted((ROOT / "tests/fixtures/records").glob("*.json")), ids=lambda path: path.stem
)
def test_the_fixtures_come_back(path: Path) -> None:
    made = Record.from_json(json.loads(path.read_bytes()))
    document = badge(made, image="https://issuer.example/badge.png", status=[STATUS])
    document["proof"] = [PROOF]
    assert check(document, formal=True) == check(document) == ()
    assert from_badge(document) == made


STATUS = {
    "id": "https://issuer.example/status/1#7",
    "type": "BitstringStatusListEntry",
    "statusPurpose": "revocation",
    "statusListIndex": "7",
    "statusListCredential": "https://issuer.example/status/1",
}


def test_what_others_read() -> None:
    document = badge(status=[STATUS], image="https://issuer.example/badge.png")
    subject, achievement = document["credentialSubject"], document["credentialSubject"]["achievement"]
    assert document["name"] == achievement["name"] == "Data Literacy"
    assert document["validFrom"] == "2025-06-02T08:30:00Z"
    assert document["awardedDate"] == "2025-06-01T00:00:00Z"
    assert document["validUntil"] == "2030-06-01T23:59:59Z"
    assert document["credentialStatus"] == STATUS
    assert document["issuer"]["address"] == {"type": ["Address"], "addressCountryCode": "IE"}
    assert document["evidence"] == [
        {"id": "https://example.org/work", "type": ["Evidence"], "description": "Report"}
    ]
    assert [entry["identityHash"] for entry in subject["identifier"]] == ["Ada Byrne", "R00123"]
    assert subject["creditsEarned"] == achievement["creditsAvailable"] == 5
    assert subject["result"][0]["value"] == "71"
    assert subject["result"][0]["resultDescription"] == achievement["resultDescription"][0]["id"]
    assert achievement["criteria"] == {"narrative": "A project.\n\n- Read data.\n- Clean data."}
    assert achievement["inLanguage"] == "en"
    assert achievement["achievementType"] == "MicroCredential"
    assert {entry["targetUrl"]: entry.get("targetCode") for entry in achievement["alignment"]} == {
        "http://data.europa.eu/esco/skill/a": None,
        "http://data.europa.eu/snb/eqf/6": "6",
        "http://data.europa.eu/snb/education-credit/6fcec5c5af": "5",
    }
    assert achievement["tag"] == ["NFQ 8", "QF-EHEA first cycle", "5 ECTS", "125 hours"]
    # The standard has no place for a birth date: it travels in the record alone.
    shown = {name: part for name, part in document.items() if name != "relatedResource"}
    assert "1999-04-02" not in json.dumps(shown)


def test_the_embedded_record_is_bound_by_its_digest() -> None:
    [embedded] = badge()["relatedResource"]
    data = base64.b64decode(embedded["id"].partition(",")[2])
    assert data == record().canonical()
    assert embedded["digestSRI"] == "sha256-" + base64.b64encode(hashlib.sha256(data).digest()).decode()
    assert hashlib.sha256(data).hexdigest() == record().digest()


def test_numbers_are_written_as_javascript_writes_them() -> None:
    def credits(value: str) -> Any:
        return badge(record(credit={"system": "ects", "value": value}))["credentialSubject"]["creditsEarned"]

    assert repr(credits("5.00")) == "5"
    assert repr(credits("2.50")) == "2.5"


@pytest.mark.parametrize("system", ["clock-hour", "contact-unit", "somewhere-else"])
def test_hours_are_no_credits(system: str) -> None:
    document = badge(record(credit={"system": system, "value": "5"}))
    assert "creditsEarned" not in document["credentialSubject"]
    assert from_badge(document) == record(credit={"system": system, "value": "5"})


def test_one_achievement_for_one_template_and_issuer() -> None:
    assert achievement_id(record()) == achievement_id(record(id="urn:other", learner=None))
    assert achievement_id(record()) != achievement_id(record(issuer__did="did:web:other.example"))
    assert achievement_id(record(template=None)) != achievement_id(record(template=None, id="urn:other"))


def test_texts_in_the_language_of_the_title() -> None:
    german = record(title={"de": "Daten"}, description={"de": "Fünf Wochen.", "en": "Five weeks."})
    achievement = badge(german)["credentialSubject"]["achievement"]
    assert (achievement["inLanguage"], achievement["description"]) == ("de", "Fünf Wochen.")
    # A tag that is right and that 1EdTech's pattern does not allow is left out of what is shown.
    swiss = badge(record(title={"de-ch-1996": "Daten"}))
    assert "inLanguage" not in swiss["credentialSubject"]["achievement"]
    assert check(swiss, formal=True) == ()


def test_attendance_is_not_called_a_micro_credential() -> None:
    assert "achievementType" not in badge(record(category="attendance"))["credentialSubject"]["achievement"]
    assert (
        badge(record(category="digital-badge"))["credentialSubject"]["achievement"]["achievementType"]
        == "Badge"
    )


def test_time_zones() -> None:
    east = WHEN.astimezone(timezone(timedelta(hours=9)))
    assert badge(valid_from=east) == badge()
    with pytest.raises(InputError, match="no_time_zone"):
        badge(valid_from=WHEN.replace(tzinfo=None))


def test_a_badge_is_about_somebody_and_by_its_issuer() -> None:
    with pytest.raises(InputError, match="no_subject"):
        badge(record(learner=None), subject_id=None)
    with pytest.raises(InputError, match="issuer_differs"):
        badge(issuer_did="did:web:other.example")
    assert "id" not in badge(subject_id=None)["credentialSubject"]


def test_other_spellings_of_the_same_json_ld() -> None:
    """One value for a list of one, and sets in another order: what a platform may make of the same statements."""
    document = badge()
    document["issuer"]["type"] = "Profile"
    document["credentialSubject"]["type"] = "AchievementSubject"
    document["credentialSubject"]["identifier"].reverse()
    document["credentialSubject"]["achievement"]["alignment"].reverse()
    document["evidence"] = document["evidence"][0]
    document["relatedResource"] = document["relatedResource"][0]
    assert from_badge(document) == record()


def _set(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        *parents, last = path.split(".")
        place: Any = document
        for name in parents:
            place = place[int(name)] if name.isdigit() else place[name]
        if value is None:
            del place[last]
        else:
            place[last] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        _set("name", "Brain Surgery"),
        _set("credentialSubject.achievement.name", "Brain Surgery"),
        _set("credentialSubject.achievement.alignment.1.targetUrl", "http://data.europa.eu/snb/eqf/8"),
        _set("credentialSubject.achievement.criteria.narrative", "Ten years of practice."),
        _set("credentialSubject.creditsEarned", 60),
        _set("credentialSubject.result", [{"type": "Result", "value": "100"}]),
        _set("credentialSubject.identifier.0.identityHash", "Eve Byrne"),
        _set("credentialSubject.role", "Dean"),
        _set("awardedDate", "2024-06-01T00:00:00Z"),
        _set("validUntil", "2099-06-01T23:59:59Z"),
        _set("validUntil", None),
        _set("issuer.name", "Another University"),
        _set("issuer.id", "did:web:other.example"),
        _set("evidence", None),
        _set("relatedResource.0.digestSRI", "sha256-" + "A" * 43 + "="),
        _set("relatedResource.0.id", "https://issuer.example/record.json"),
        _set("relatedResource.0.id", "data:application/x.cairn-record-1+json;base64,###"),
    ],
)
def test_shown_and_signed_must_be_one(change: Callable[[dict[str, Any]], None]) -> None:
    document = badge()
    change(document)
    with pytest.raises(UntrustedError) as error:
        from_badge(document)
    assert error.value.code == "record_differs"
    assert "Byrne" not in error.value.diagnostics()


def test_two_embedded_records() -> None:
    document = badge()
    document["relatedResource"] *= 2
    with pytest.raises(UntrustedError, match="more than one"):
        from_badge(document)


def _embed(data: bytes) -> dict[str, Any]:
    document = badge()
    [embedded] = document["relatedResource"]
    embedded["id"] = embedded["id"].partition(",")[0] + "," + base64.b64encode(data).decode()
    embedded["digestSRI"] = "sha256-" + base64.b64encode(hashlib.sha256(data).digest()).decode()
    return document


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"{", "not_json"),
        (b'{"version":1,"version":1}', "duplicate_member"),
        (b"[" * 2000, "too_deep"),
        (b" " * 70_000, "too_large"),
        (b'{"version":2}', "unsupported_version"),
        (record(title={"en": "Brain Surgery"}).canonical(), "record_differs"),
    ],
)
def test_an_embedded_record_that_cannot_be_taken(data: bytes, code: str) -> None:
    with pytest.raises(CairnError) as error:
        from_badge(_embed(data))
    assert error.value.code == code


def test_an_unknown_form_is_read_by_what_is_shown() -> None:
    document = badge()
    document["relatedResource"][0]["mediaType"] = "application/x.cairn-record-9+json"
    found = from_badge(document)
    assert found is not None
    assert found.title == {"en": "Data Literacy"}
    assert found.awarded_on == date(2025, 6, 1)
    assert found.level is not None
    assert found.level.eqf == 6
    assert found.credit == record().credit
    assert found.grade == record().grade
    assert found.learner.birth_date is None


def test_a_badge_without_a_nameable_issuer_has_no_record() -> None:
    document = badge()
    del document["relatedResource"]
    document["issuer"] = "urn:uuid:0c3d0a67-54a1-4f11-9f5f-0c8c9c3f3f10"
    assert from_badge(document) is None


# The JSON Schemas


def test_the_schemas_are_pinned_with_source_and_licence() -> None:
    folder = files("agent.vc").joinpath("data", "schemas")
    entries = json.loads(folder.joinpath("manifest.json").read_bytes())
    assert {entry["file"] for entry in entries} | {"manifest.json"} == {
        item.name for item in folder.iterdir()
    }
    for entry in entries:
        data = folder.joinpath(entry["file"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == entry["sha256"]
        assert entry["licence"]
        assert entry["source"]


def test_a_changed_schema_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    original = schemas._data
    monkeypatch.setattr(
        schemas, "_data", lambda name: original(name) + (b"" if name == "manifest.json" else b" ")
    )
    schemas._validator.cache_clear()
    with pytest.raises(InputError, match="schema_digest"):
        check(badge())
    monkeypatch.undo()
    schemas._validator.cache_clear()
    assert check(badge()) == ()


def test_problems_name_places_and_rules_and_no_values() -> None:
    document = badge()
    del document["credentialSubject"]["achievement"]["criteria"]
    document["credentialSubject"]["achievement"]["name"] = ["SECRET"]
    document["validFrom"] = 7
    problems = check(document, formal=True)
    assert Problem("credentialSubject.achievement", "lacks criteria") in problems
    assert Problem("credentialSubject.achievement.name", 'type: "string"') in problems
    assert Problem("validFrom", 'type: "string"') in problems
    assert "SECRET" not in str(problems)


def test_the_formal_schema_wants_lists() -> None:
    document = badge()
    document["proof"] = PROOF
    assert check(document) == ()
    assert check(document, formal=True) == (Problem("proof", 'type: "array"'),)


def test_two_status_entries_are_right_by_w3c_and_not_by_1edtech() -> None:
    two = badge(status=[STATUS, {**STATUS, "id": STATUS["id"] + "s", "statusPurpose": "suspension"}])
    assert canonical(two)
    assert [problem.path for problem in check(two, formal=True)] == ["credentialStatus"]


def test_problems_are_counted() -> None:
    document = badge()
    document["evidence"] = [{"type": 7} for _ in range(100)]
    assert len(check(document, formal=True)) == schemas.MAX_PROBLEMS


@pytest.mark.parametrize(
    "change", [{"type": ["VerifiableCredential"]}, {"@context": ["https://a.example/v1"]}]
)
def test_no_schema_for_other_documents(change: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="no_schema"):
        check({**badge(), **change})


def test_the_sample_of_1edtech() -> None:
    sample = json.loads((ASSETS / "ob3-complete.json").read_bytes())
    assert check(sample) == check(sample, formal=True) == ()
    broken = copy.deepcopy(sample)
    broken["type"] = ["OpenBadgeCredential"]
    assert check(broken, formal=True)

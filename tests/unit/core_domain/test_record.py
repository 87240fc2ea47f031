from __future__ import annotations

import dataclasses
import hashlib
import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

from agent.core.limits import parse_json
from agent.core.record import MAX_RECORD_BYTES, Record, choose_language, text
from agent.errors import InputError

from .builders import FULL, full, record, record_json

HOSTILE = (
    "\x1b]52;c;ZXZpbA==\x07",  # writes the clipboard of a terminal
    "\x1b[2J",
    "Data [/Stewardship]",
    "[@click=app.quit]x[/]",
    "\u202egnp.exe",
    "a\r\nb\tc",
    "'; DROP TABLE records; --",
    "{{7*7}} ${x} %s {0}",
    "раураl",  # Cyrillic look-alikes
    "\u200b\ufeff\u2066",
    "👩‍🎓",
)


def test_full_record_has_the_members_of_design_md() -> None:
    members = {field.name for field in dataclasses.fields(Record)}
    assert members | {"version"} == set(FULL)


@given(record_json)
@settings(max_examples=60, deadline=None)
def test_json_round_trip_is_lossless(data: dict[str, Any]) -> None:
    parsed = Record.from_json(data)
    assert parsed.to_json() == data
    assert Record.from_json(parsed.to_json()) == parsed
    again = parse_json(parsed.canonical(), max_bytes=MAX_RECORD_BYTES)
    assert Record.from_json(again).digest() == parsed.digest()


def test_digest_is_the_hash_of_the_canonical_json_and_ignores_member_order() -> None:
    parsed = Record.from_json(full())
    canonical = json.dumps(full(), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert parsed.canonical() == canonical
    assert parsed.digest() == hashlib.sha256(canonical).hexdigest()
    assert Record.from_json(dict(reversed(full().items()))).digest() == parsed.digest()


def test_values_are_typed() -> None:
    parsed = record()
    assert parsed.awarded_on == date(2025, 6, 1)
    assert parsed.credit is not None
    assert parsed.credit.amount == Decimal(5)
    assert parsed.issuer.host == "localhost:8301"
    assert parsed.learner.full_name == "Ada Byrne"
    assert record(level={"not_applicable": True}).level != record(level=None).level


@pytest.mark.parametrize(
    ("did", "host"),
    [
        ("did:web:mtu.example:issuers:1", "mtu.example"),
        ("did:key:z6Mk", ""),
        ("https://issuer.example/1", ""),  # a foreign badge's issuer: its address was never proved by a DID
        ("did:web:a%1b%5B2J", "a%1b%5B2J"),  # nothing but a port's colon is decoded
    ],
)
def test_host(did: str, host: str) -> None:
    assert record(issuer__did=did).issuer.host == host


def test_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        record().id = "other"  # type: ignore[misc]


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_texts_survive_untouched(value: str) -> None:
    parsed = record(title={"en": value}, learner__family_name=value, description={"en": value})
    again = Record.from_json(parse_json(parsed.canonical(), max_bytes=MAX_RECORD_BYTES))
    assert text(again.title) == value
    assert again.learner.family_name == value
    assert text(again.description) == value


# (change, path in the error); `test_record_schema` holds the JSON Schema against the same list.
BAD_RECORDS: list[tuple[dict[str, Any], str]] = [
    ({"id": None}, "record.id"),
    ({"issuer": None}, "record.issuer"),
    ({"issuer__did": None}, "record.issuer.did"),
    ({"issuer__did": "urn:uuid:7b0f6d3e-9a55-4d8c-8f3b-0d1f6a3f2b11"}, "record.issuer.did"),
    ({"issuer__did": "javascript:alert(1)"}, "record.issuer.did"),
    ({"issuer__did": "https://issuer.example/a b"}, "record.issuer.did"),
    ({"id": ""}, "record.id"),
    ({"id": 7}, "record.id"),
    ({"title": "Data"}, "record.title"),
    ({"title": {}}, "record.title"),
    ({"title": {"en": ""}}, "record.title.en"),
    ({"title": {"en": "x" * 501}}, "record.title.en"),
    ({"title": {"english language!": "x"}}, "record.title"),
    ({"title": {"en": "x", "EN": "y"}}, "record.title"),
    ({"title": {"en": "a\0b"}}, "record.title.en"),
    ({"title": {"en": "\ud800"}}, "record.title.en"),
    ({"learner": {}}, "record.learner"),
    ({"learner": []}, "record.learner"),
    ({"learner__birth_date": "1999-02-30"}, "record.learner.birth_date"),
    ({"learner__birth_date": "19990402"}, "record.learner.birth_date"),
    ({"awarded_on": "٢٠٢٥-06-01"}, "record.awarded_on"),
    ({"awarded_on": 20250601}, "record.awarded_on"),
    ({"expires_on": "9999-12-31"}, "record.expires_on"),
    ({"issuer__countries": ["Ireland"]}, "record.issuer.countries[0]"),
    ({"outcomes": []}, "record.outcomes"),
    ({"outcomes": [{"text": {"en": "x"}}] * 65}, "record.outcomes"),
    ({"outcomes": [{"esco": "https://x.example"}]}, "record.outcomes[0].text"),
    ({"outcomes": [{"text": {"en": "x"}, "esco": "javascript:alert(1)"}]}, "record.outcomes[0].esco"),
    ({"outcomes": [{"text": {"en": "x"}, "dublin": "wisdom"}]}, "record.outcomes[0].dublin"),
    ({"credit": {"system": "ects", "value": 5}}, "record.credit.value"),
    ({"credit": {"system": "ects", "value": 5.0}}, "record.credit.value"),
    ({"credit": {"system": "ects", "value": "-5"}}, "record.credit.value"),
    ({"credit": {"system": "ects", "value": "5e3"}}, "record.credit.value"),
    ({"credit": {"system": "ects", "value": "05"}}, "record.credit.value"),
    ({"credit": {"system": "ects", "value": "5.125"}}, "record.credit.value"),
    ({"credit": {"system": "ects", "value": "5\n"}}, "record.credit.value"),
    ({"credit": {"system": "ects", "value": "٥"}}, "record.credit.value"),
    ({"credit": {"system": "ECTS", "value": "5"}}, "record.credit.system"),
    ({"credit": {"value": "5"}}, "record.credit.system"),
    ({"workload_hours": "0"}, "record.workload_hours"),
    ({"workload_hours": "0.0"}, "record.workload_hours"),
    ({"workload_hours": 125}, "record.workload_hours"),
    ({"level": {}}, "record.level"),
    ({"level": {"eqf": 9}}, "record.level.eqf"),
    ({"level": {"eqf": True}}, "record.level.eqf"),
    ({"level": {"eqf": 6.0}}, "record.level.eqf"),
    ({"level": {"not_applicable": False}}, "record.level.not_applicable"),
    ({"level": {"not_applicable": True, "eqf": 6}}, "record.level"),
    ({"assessment__basis": "vibes"}, "record.assessment.basis"),
    ({"assessment__types": ["Written Exam"]}, "record.assessment.types[0]"),
    ({"participation": ["in a pub"]}, "record.participation[0]"),
    ({"evidence": [{"url": "file:///etc/passwd"}]}, "record.evidence[0].url"),
    ({"evidence": [{"url": "https://a.example", "sha256": "AB" * 32}]}, "record.evidence[0].sha256"),
    ({"grade": {"value": "71"}}, "record.grade.scale"),
]
BAD = [changes for changes, _ in BAD_RECORDS]


@pytest.mark.parametrize(("changes", "path"), BAD_RECORDS)
def test_bad_records_are_refused_with_their_path(changes: dict[str, Any], path: str) -> None:
    with pytest.raises(InputError) as caught:
        record(**changes)
    assert caught.value.code == "bad_record"
    assert caught.value.detail.startswith((f"{path}:", f"{path} "))


@pytest.mark.parametrize(
    "obj", [None, [], "record", 1, {}, {"version": 2}, {"version": True}, {"version": "1"}]
)
def test_what_is_no_record_is_refused(obj: Any) -> None:
    with pytest.raises(InputError) as caught:
        Record.from_json(obj)
    assert caught.value.code in ("bad_record", "unsupported_version")


def test_unknown_members_are_refused_with_the_nearest_name() -> None:
    with pytest.raises(InputError) as caught:
        record(awarded_at="2025-06-01")
    assert caught.value.code == "unknown_member"
    assert "awarded_on" in caught.value.hint
    with pytest.raises(InputError, match=r"record\.learner"):
        record(learner__nationality="IE")


def test_errors_hold_no_value_and_no_control_character() -> None:
    marker = "MARKER-93f1"
    for changes in (
        {"awarded_on": marker},
        {"credit": {"system": "ects", "value": marker}},
        {"learner": {"given_name": marker + "x" * 4000}},
        {"participation": [marker]},
    ):
        with pytest.raises(InputError) as caught:
            record(**changes)
        assert marker not in str(caught.value.to_json())
    with pytest.raises(InputError) as caught:
        Record.from_json(full() | {"\x1b[2J": 1})
    assert "\x1b" not in str(caught.value)


def test_the_whole_is_bounded() -> None:
    with pytest.raises(InputError) as caught:
        record(outcomes=[{"text": {"en": "x" * 4000}}] * 20)
    assert caught.value.code == "too_large"


def test_text_chooses_a_language_that_does_not_depend_on_order() -> None:
    assert text({"de": "Hallo", "en": "Hello"}) == "Hello"
    assert text({"de": "Hallo", "en-IE": "Howya"}) == "Howya"
    assert text({"de": "Hallo", "en": "Hello"}, ("fi", "DE")) == "Hallo"
    assert text({"fi": "Moi", "de": "Hallo"}) == text({"de": "Hallo", "fi": "Moi"}) == "Hallo"
    assert text({}) == ""
    assert choose_language({"de": "Hallo"}) == "de"

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from anoncreds import bindings
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core import attributes
from agent.core.attributes import (
    ATTRIBUTE_NAMES,
    INTEGER_ATTRIBUTES,
    NOT_CARRIED,
    PARTLY_CARRIED,
    STRUCTURED_ATTRIBUTES,
    add_months,
    check_attributes,
    date_to_int,
    encode,
    from_attributes,
    int_to_date,
    to_attributes,
)
from agent.core.profiles import profiles_met
from agent.core.record import Record
from agent.errors import InputError

from .builders import full, record, record_json

# Seam 2, word for word.
CONTRACT = """title title_lang issuer_name issuer_registry_id issuer_countries awarding_bodies awarded_on
expires_on given_name family_name birth_date learner_id outcomes skills credit_system ects_hundredths
workload_minutes eqf_level level_status qf_ehea nqf evidence_grade assessment_types supervision participation
quality_assurance grade language template profiles_met record_digest"""


def yielded(made: Record) -> dict[str, str]:
    return to_attributes(made, profiles_met=profiles_met(made))


def test_names_are_those_of_the_shared_schema() -> None:
    assert tuple(CONTRACT.split()) == ATTRIBUTE_NAMES
    assert len(ATTRIBUTE_NAMES) == 31
    assert set(ATTRIBUTE_NAMES) >= INTEGER_ATTRIBUTES
    assert set(ATTRIBUTE_NAMES) >= STRUCTURED_ATTRIBUTES


def test_a_full_record() -> None:
    made = record()
    values = yielded(made)
    assert tuple(values) == ATTRIBUTE_NAMES
    expected = {
        "title": "Data Literacy",
        "title_lang": "en",
        "awarded_on": "20250601",
        "expires_on": "20300601",
        "birth_date": "19990402",
        "ects_hundredths": "500",
        "workload_minutes": "7500",
        "eqf_level": "6",
        "level_status": "given",
        "qf_ehea": "first",
        "nqf": '{"framework":"NFQ","level":"8"}',
        "skills": '["http://data.europa.eu/esco/skill/a"]',
        "assessment_types": '["project","oral-exam"]',
        "profiles_met": '["australia","council","digital-badge","enic-naric","eu-certified","importable-badge",'
        '"ireland","microbol","unesco"]',
        "record_digest": made.digest(),
    }
    assert {name: values[name] for name in expected} == expected


def test_absent_members() -> None:
    values = yielded(record(**dict.fromkeys(("learner", "expires_on", "level", "credit", "workload_hours"))))
    expected = {
        "given_name": "",
        "birth_date": "0",
        "expires_on": "99991231",
        "eqf_level": "0",
        "level_status": "missing",
        "credit_system": "",
        "ects_hundredths": "0",
        "workload_minutes": "0",
        "nqf": "{}",
    }
    assert {name: values[name] for name in expected} == expected
    assert yielded(record(level={"not_applicable": True}))["level_status"] == "not_applicable"


def test_only_ects_are_counted_in_hundredths() -> None:
    values = yielded(record(credit={"system": "ceu", "value": "8"}))
    assert (values["credit_system"], values["ects_hundredths"]) == ("ceu", "0")
    assert yielded(record(credit={"system": "ects", "value": "2.5"}))["ects_hundredths"] == "250"


@pytest.mark.parametrize(("hours", "expected"), [("125", 7500), ("0.5", 30), ("0.9833", 59), ("0.0001", 1)])
def test_minutes(hours: str, expected: int) -> None:
    assert attributes.minutes(hours) == expected


@given(record_json)
@settings(max_examples=60, deadline=None)
def test_attributes_are_consistent_with_their_record(data: dict[str, Any]) -> None:
    made = Record.from_json(data)
    values = yielded(made)
    assert check_attributes(made, values) == []
    for name in INTEGER_ATTRIBUTES:
        assert encode(values[name]) == values[name]
    for name in STRUCTURED_ATTRIBUTES:
        assert isinstance(json.loads(values[name]), list | dict)


@given(st.sampled_from(ATTRIBUTE_NAMES), st.sampled_from(["", "0", "x", "[]", "20240101", '["council"] ']))
@settings(deadline=None)
def test_every_changed_attribute_is_named(name: str, value: str) -> None:
    made = record()
    values = yielded(made)
    expected = [] if value == values[name] or (name, value) == ("profiles_met", "[]") else [name]
    assert check_attributes(made, values | {name: value}) == expected


def test_missing_and_surplus_attributes_are_named() -> None:
    made = record()
    values = yielded(made)
    del values["grade"]
    assert check_attributes(made, values | {"nationality": "IE"}) == ["grade", "nationality"]


def test_another_record_is_told_apart_by_its_digest_alone() -> None:
    values = yielded(record())
    assert check_attributes(record(description={"en": "Six weeks."}), values) == ["record_digest"]


def test_profiles_met_may_claim_less_but_not_more() -> None:
    incomplete = record(outcomes=None)
    claimed = to_attributes(incomplete, profiles_met=["council"])
    assert check_attributes(incomplete, claimed) == ["profiles_met"]
    assert check_attributes(record(), to_attributes(record(), profiles_met=[])) == []
    assert check_attributes(record(), to_attributes(record(), profiles_met=["a-later-profile"])) == []
    for bad in ('["council"', "{}", "[1]", '[ "council"]', '["\\ud800"]', "[" * 10_000):
        assert check_attributes(record(), yielded(record()) | {"profiles_met": bad}) == ["profiles_met"]


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        ("6", "6"),
        ("-2147483648", "-2147483648"),
        ("2147483647", "2147483647"),
        ("007", "7"),
        ("", "102987336249554097029535212322581322789799900648198034993379397001115665086549"),
        # The AnonCreds specification's own examples of text.
        ("101 Wilson Lane", "68086943237164982734333428280784300550565381723532936263016368251445461241953"),
        ("SLC", "101327353979588246869873249766058188995681113722618593621043638294296500696424"),
        ("87121", "87121"),
    ],
)
def test_encoding_vectors(value: str, encoded: str) -> None:
    assert encode(value) == encoded


def _reference(value: str) -> str:
    return bindings.encode_credential_attributes({"a": value})["a"]


_NUMERIC = st.from_regex(r"[+-]?[0-9]{0,12}", fullmatch=True) | st.integers(-(2**32), 2**32).map(str)


@given(_NUMERIC | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20))
@settings(max_examples=150, deadline=None)
def test_encoding_agrees_with_anoncreds(value: str) -> None:
    assert encode(value) == _reference(value)


@pytest.mark.parametrize(
    "value", ["+5", "-0", "--1", " 5", "5 ", "٣", "5.0", "0" * 80 + "1", "2147483648", "1" * 400]
)
def test_encoding_of_odd_numbers_agrees_with_anoncreds(value: str) -> None:
    assert encode(value) == _reference(value)


@given(st.dates(date(1900, 1, 1), date(2999, 12, 31)))
def test_dates_round_trip_and_keep_their_order(day: date) -> None:
    assert int_to_date(date_to_int(day)) == day
    assert (date_to_int(day) > date_to_int(date(2025, 6, 1))) == (day > date(2025, 6, 1))


def test_special_dates() -> None:
    assert int_to_date(0) is None
    assert int_to_date(99991231) is None
    assert date_to_int(None) == 0
    for number in (20250230, 20251301, -20250601, 10**30):
        with pytest.raises(InputError) as caught:
            int_to_date(number)
        assert caught.value.code == "bad_date"


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2025, 1, 31), 1, date(2025, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2025, 6, 15), 12, date(2026, 6, 15)),
        (date(2025, 12, 1), 1, date(2026, 1, 1)),
    ],
)
def test_add_months(day: date, months: int, expected: date) -> None:
    assert add_months(day, months) == expected


# --- and back

DID = "did:web:issuer.example"


def again(values: dict[str, str]) -> dict[str, str]:
    stated = json.loads(values["profiles_met"])
    return to_attributes(from_attributes(values, DID), profiles_met=stated)


@given(record_json)
@settings(max_examples=150, deadline=None)
def test_attributes_survive_the_way_through_a_record(data: dict[str, Any]) -> None:
    values = yielded(Record.from_json(data))
    assert again(values) | {"record_digest": ""} == values | {"record_digest": ""}


@given(record_json)
@settings(max_examples=150, deadline=None)
def test_a_record_comes_back_but_for_what_is_named(data: dict[str, Any]) -> None:
    made = Record.from_json(data)
    back = from_attributes(yielded(made), made.issuer.did)
    assert carried(back.to_json()) == carried(made.to_json())


def carried(data: dict[str, Any]) -> dict[str, Any]:
    """What attributes carry whole: the JSON without the members that the constants name."""
    kept = json.loads(json.dumps(data))
    for path in (NOT_CARRIED - {"issuer.did"}) | set(PARTLY_CARRIED):
        *parents, last = path.split(".")
        place = kept
        for parent in parents:
            place = place.get(parent, {})
        place.pop(last, None)
    return {name: value for name, value in kept.items() if value != {}}


def leaves(data: dict[str, Any], before: str = "") -> Iterator[str]:
    for name, value in data.items():
        path = f"{before}{name}"
        nested = isinstance(value, dict) and path in ("learner", "issuer", "level", "assessment", "credit")
        yield from leaves(value, f"{path}.") if nested else (path,)


# Another value for a member that may not be left out.
CHANGED = {"id": "other", "issuer.did": "did:web:other.example", "credit.system": "ceu", "credit.value": "6"}


@pytest.mark.parametrize("path", sorted(set(leaves(full())) - {"version"}))
def test_what_is_not_carried_is_named_exactly(path: str) -> None:
    """A change of a member that is not carried is seen in the digest alone; any other change is seen."""
    values = yielded(record())
    changed = yielded(record(**{path.replace(".", "__"): CHANGED.get(path)}))
    seen = {name for name in ATTRIBUTE_NAMES if values[name] != changed[name]} - {"profiles_met"}
    assert "record_digest" in seen
    assert (seen == {"record_digest"}) == (path in NOT_CARRIED)


def test_every_name_of_what_is_not_carried_is_a_member() -> None:
    assert set(leaves(full())) >= NOT_CARRIED | set(PARTLY_CARRIED)


@pytest.mark.parametrize(
    ("path", "one", "other"),
    [
        ("title", {"en": "A", "de": "B"}, {"en": "A", "de": "C"}),
        ("issuer.name", {"en": "A", "de": "B"}, {"en": "A", "de": "C"}),
        ("issuer.name", {"de": "A"}, {"fr": "A"}),
        ("credit", {"system": "ceu", "value": "8"}, {"system": "ceu", "value": "9"}),
        ("credit", {"system": "ects", "value": "5"}, {"system": "ects", "value": "5.00"}),
        ("workload_hours", "0.9833", "0.9834"),
    ],
)
def test_what_is_carried_in_part(path: str, one: Any, other: Any) -> None:
    assert path in PARTLY_CARRIED or f"{path}.value" in PARTLY_CARRIED
    values = [yielded(record(**{path.replace(".", "__"): value})) for value in (one, other)]
    assert [name for name in ATTRIBUTE_NAMES if values[0][name] != values[1][name]] == ["record_digest"]


def test_credit_of_another_system_keeps_its_system_and_no_amount() -> None:
    back = from_attributes(yielded(record(credit={"system": "ceu", "value": "8"})), DID)
    assert back.credit is not None
    assert (back.credit.system, back.credit.value) == ("ceu", "0")


@pytest.mark.parametrize(
    "hours", ["99999.9999", "99999", "0.0001", "0.0167", "0.9833", "1", "125", "33.3333"]
)
def test_hours_survive_to_the_minute(hours: str) -> None:
    values = yielded(record(workload_hours=hours))
    assert again(values)["workload_minutes"] == values["workload_minutes"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("awarded_on", "20250230"),
        ("awarded_on", "99991231"),
        ("awarded_on", "٢٠٢٥٠٦٠١"),
        ("awarded_on", "-1"),
        ("awarded_on", "9" * 5000),
        ("birth_date", "18991231"),
        ("expires_on", "0"),
        ("ects_hundredths", "0500"),
        ("ects_hundredths", "9999999999"),
        ("workload_minutes", "6000001"),
        ("eqf_level", "9"),
        ("level_status", "missing"),
        ("level_status", "not_applicable"),
        ("level_status", "perhaps"),
        ("credit_system", ""),
        ("credit_system", "ECTS"),
        ("credit_system", "ceu"),
        ("title", ""),
        ("title_lang", "english language"),
        ("title_lang", ""),
        ("nqf", '{"framework": "NFQ","level":"8"}'),
        ("nqf", '{"framework":"NFQ"}'),
        ("nqf", '{"level":"8","level":"9"}'),
        ("outcomes", "[]"),
        ("outcomes", "{}"),
        ("outcomes", "[" * 100_000),
        ("outcomes", "[NaN]"),
        ("outcomes", "[1e999]"),
        ("outcomes", '["\\ud800"]'),
        ("outcomes", "\ud800"),
        ("outcomes", '[{"text":{"en":"' + "x" * 100_000 + '"}}]'),
        ("skills", "[]"),
        ("skills", '["http://data.europa.eu/esco/skill/b"]'),
        ("evidence_grade", "vibes"),
        ("profiles_met", "{}"),
        ("record_digest", "AB" * 32),
        ("record_digest", ""),
        ("given_name", "a\0b"),
        ("template", "\ud800"),
    ],
)
def test_hostile_attributes_are_refused(name: str, value: str) -> None:
    with pytest.raises(InputError) as caught:
        from_attributes(yielded(record()) | {name: value}, DID)
    assert "Byrne" not in str(caught.value.to_json())


@pytest.mark.parametrize(
    "values",
    [{}, dict.fromkeys(ATTRIBUTE_NAMES, ""), dict.fromkeys(ATTRIBUTE_NAMES, 7), {"nationality": "IE"}],
)
def test_what_are_no_attributes(values: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        from_attributes(values, DID)
    with pytest.raises(InputError):
        from_attributes(yielded(record()) | {"nationality": "IE"}, DID)
    with pytest.raises(InputError):
        from_attributes(yielded(record()), "https://issuer.example")


_PARTS = st.none() | st.booleans() | st.floats() | st.text(max_size=5)
_TREES = st.recursive(
    _PARTS,
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=5), part, max_size=3),
    max_leaves=6,
)
_SPELT = st.sampled_from(
    ["[]", "{}", "0", "null", "[[]]", '[{"a":1}]', '{"text":{"en":"x"}}', "99991231", "en"]
)
_HOSTILE = st.text(max_size=40) | _NUMERIC | _SPELT | _TREES.map(json.dumps)


@given(record_json, st.dictionaries(st.sampled_from(ATTRIBUTE_NAMES), _HOSTILE, min_size=1, max_size=3))
@settings(max_examples=200, deadline=None)
def test_any_texts_give_a_consistent_record_or_input_error(
    data: dict[str, Any], damage: dict[str, str]
) -> None:
    values = yielded(Record.from_json(data)) | damage
    try:
        back = from_attributes(values, DID)
    except InputError:
        return
    assert back.issuer.did == DID
    assert again(values) | {"record_digest": ""} == values | {"record_digest": ""}

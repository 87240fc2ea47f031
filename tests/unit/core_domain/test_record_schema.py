"""The JSON Schema and the reader of a record are one declaration; here they are held against each other."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from agent.core.record import Record, record_schema
from agent.errors import InputError
from scripts import schemas

from .builders import full, record_json
from .test_record import BAD

VALIDATOR = Draft202012Validator(record_schema())

# What only the reader can refuse, and why a schema cannot.
READER_ONLY: dict[str, tuple[dict[str, Any], str]] = {
    "language twice": ({"title": {"en": "x", "EN": "y"}}, "names are compared without regard to case"),
    "NUL": ({"title": {"en": "a\0b"}}, "a text has no pattern: what is refused is said once, in the reader"),
    "half a character": ({"title": {"en": "\ud800"}}, "JSON text cannot hold one, a parsed escape can"),
    "no day": (
        {"learner__birth_date": "1999-02-30"},
        "format date is an annotation, and a pattern no calendar",
    ),
    "out of order": (
        {"provision__starts_on": "2025-02-02", "provision__ends_on": "2025-02-01"},
        "two members are compared",
    ),
    "line break at the end": (
        {"credit": {"system": "ects", "value": "5\n"}},
        "$ also matches before a last line break in Python's patterns; ECMA 262, which the schema means, refuses it",
    ),
    "whole number as a float": (
        {"level": {"eqf": 6.0}},
        "JSON Schema has no integers beside numbers: 6.0 is 6",
    ),
    "too large": (
        {"outcomes": [{"text": {"en": "x" * 4000}}] * 20},
        "a schema cannot count the bytes of the whole",
    ),
}


def refused(data: Any) -> bool:
    try:
        Record.from_json(data)
    except InputError:
        return True
    return False


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(record_schema())
    assert VALIDATOR.is_valid(full())


@pytest.mark.parametrize("name", sorted(schemas.SCHEMAS))
def test_the_published_file_is_up_to_date(name: str) -> None:
    """If not: python scripts/schemas.py"""
    text = (schemas.OUT / f"{name}.json").read_text("utf-8")
    assert text == schemas.schema_text(name)
    assert json.loads(text) == schemas.SCHEMAS[name]()


@given(record_json)
@settings(max_examples=100, deadline=None)
def test_what_the_reader_takes_is_valid(data: dict[str, Any]) -> None:
    made = Record.from_json(data)
    assert VALIDATOR.is_valid(data)
    assert VALIDATOR.is_valid(made.to_json())


@pytest.mark.parametrize(
    "changes", BAD, ids=lambda changes: str(changes)[:50].encode("ascii", "replace").decode()
)
def test_what_the_reader_refuses_is_not_valid(changes: dict[str, Any]) -> None:
    data = full(**changes)
    assert refused(data)
    if any(changes == exception for exception, _ in READER_ONLY.values()):
        assert VALIDATOR.is_valid(data)
    else:
        assert not VALIDATOR.is_valid(data)


@pytest.mark.parametrize("name", READER_ONLY)
def test_what_only_the_reader_refuses(name: str) -> None:
    changes, why = READER_ONLY[name]
    assert refused(full(**changes))
    # When a schema can say it after all, the exception goes.
    assert VALIDATOR.is_valid(full(**changes)), why


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "record",
        1,
        {},
        {"version": 1},
        full(version=2),
        full(version=True),
        full(version="1"),
        full(version=None),
        full(nationality="IE"),
        full(learner__nationality="IE"),
        full(quality_assurance__standard="A standard"),  # beside a statement of assurance
        full(quality_assurance={"agency": "QQI"}),
        full(provision={}),
        full(provision__self_paced=False),
        full(recognition__stackability="sometimes"),
        full(recognition__leads_to={"not_applicable": True, "eqf": 6}),
        full(learning_type="unformal"),
        full(category="Single Module"),
        full(evidence=[{"description": {"en": "x"}}]),
        full(language=["english language"]),
        full(articulates_with=[""]),
        full(further={f"x-{number}": "x" for number in range(31)}),
    ],
)
def test_other_bad_records_are_refused_by_both(data: Any) -> None:
    assert refused(data)
    assert not VALIDATOR.is_valid(data)


# One leaf, taken out or replaced by something that no reader takes there.
WRONG = [None, True, 1, -0.5, [], {}, "", [[]], {"": ""}, "x" * 5000]


@given(record_json)
@settings(max_examples=60, deadline=None)
def test_damage_anywhere_is_refused_by_both_or_taken_by_both(data: dict[str, Any]) -> None:
    for member in data:
        for wrong in WRONG:
            damaged = {**data, member: wrong}
            assert refused(damaged) == (not VALIDATOR.is_valid(damaged)), (member, wrong)

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

from agent.core.facts import Bounds
from agent.core.findings import Outcome
from agent.core.profiles import validate
from agent.core.record import Record
from agent.core.taxonomy import (
    TABLES,
    UNASSESSED_CREDIT,
    assessed,
    category,
    declared,
    read_table,
    size,
    workload,
)
from agent.errors import InputError

from .builders import record, record_json

ASSESSED: dict[str, Any] = {"basis": "assessed"}
ATTENDED: dict[str, Any] = {"basis": "participation"}


def sized(
    credit: str | None,
    hours: str | None = None,
    assessment: dict[str, Any] | None = ASSESSED,
    *,
    unit: str = "ects",
) -> Record:
    amount = {"system": unit, "value": credit} if credit is not None else None
    return record(credit=amount, workload_hours=hours, assessment=assessment)


@pytest.mark.parametrize(
    ("credit", "hours", "assessment", "code", "is_one"),
    [
        ("60", None, ASSESSED, "major", False),
        ("180", "5400", ASSESSED, "major", False),
        ("59.99", None, ASSESSED, "minor_supplemental_special", True),
        ("10", "200", ASSESSED, "minor_supplemental_special", True),
        ("9", "200", ASSESSED, "other_credit_bearing", True),  # 200 h fits two rows: ECTS decide
        ("5", "1300", ASSESSED, "other_credit_bearing", True),
        ("1", None, None, "other_credit_bearing", True),
        ("9.99", None, ASSESSED, "undefined_9_to_10_ects", None),
        ("9.01", None, ASSESSED, "undefined_9_to_10_ects", None),
        ("0.99", None, ASSESSED, "undefined_below_1_ects", None),
        ("0.01", None, ASSESSED, "undefined_below_1_ects", None),
        ("0", "10", ASSESSED, "non_credit_bearing", True),
        (None, "30", ASSESSED, "non_credit_bearing", True),
        ("0", "8", ASSESSED, "undefined_under_10_hours", None),
        (None, "9.9999", ASSESSED, "undefined_under_10_hours", None),
        (None, None, ASSESSED, "undefined_workload", None),
        (None, "30", None, "undefined_assessment", None),
        (None, "30", ATTENDED, "attendance", False),
        ("0", None, ATTENDED, "attendance", False),
        ("5", None, ATTENDED, "undefined_unassessed_credit", None),
    ],
)
def test_irish_table(
    credit: str | None, hours: str | None, assessment: dict[str, Any] | None, code: str, is_one: bool | None
) -> None:
    found = category(sized(credit, hours, assessment))
    assert (found.code, found.micro_credential) == (code, is_one)


def test_another_credit_system_has_no_row_in_ireland_unless_it_is_zero() -> None:
    assert category(sized("8", "80", unit="ceu")).code == "undefined_credit_system"
    assert category(sized("0", "80", unit="ceu")).code == "non_credit_bearing"
    assert category(sized("8", "80", ATTENDED, unit="ceu")) is UNASSESSED_CREDIT


@pytest.mark.parametrize(
    ("made", "code", "is_one"),
    [
        (sized("1", unit="nz-credit"), "one_to_40_credits", True),
        (sized("40", unit="nz-credit"), "one_to_40_credits", True),
        (sized("40.01", unit="nz-credit"), "over_40_credits", False),
        (sized("41", unit="nz-credit"), "over_40_credits", False),
        (sized("0.99", unit="nz-credit"), "under_1_credit", False),
        (sized("0", unit="nz-credit"), "under_1_credit", False),
        (sized("5"), "undefined_credit_system", None),
        (sized(None, "30"), "undefined_credit", None),
        (
            record(category="major-award", credit={"system": "nz-credit", "value": "40"}),
            "qualification",
            False,
        ),
    ],
)
def test_new_zealand(made: Record, code: str, is_one: bool | None) -> None:
    found = category(made, "new-zealand")
    assert (found.code, found.micro_credential) == (code, is_one)


@pytest.mark.parametrize(
    ("changes", "code", "is_one"),
    [
        ({"workload_hours": "1"}, "assessed_below_qualification", True),
        ({"workload_hours": "0.9833"}, "under_one_hour", False),  # 59 minutes
        ({"workload_hours": "0.9999"}, "under_one_hour", False),
        ({"workload_hours": "2", "assessment": ATTENDED}, "attendance", False),
        ({"workload_hours": "2", "assessment": {"basis": "course-completion"}}, "attendance", False),
        ({"workload_hours": "2", "assessment": None}, "undefined_assessment", None),
        ({"workload_hours": None}, "undefined_workload", None),
        ({"category": "diploma"}, "qualification", False),
        ({"category": "certificate"}, "qualification", False),
        ({"category": "major-award"}, "qualification", False),
        ({"category": None}, "undefined_upper_bound", None),
        ({"category": "minor-award"}, "undefined_upper_bound", None),
    ],
)
def test_australia(changes: dict[str, Any], code: str, is_one: bool | None) -> None:
    found = category(record(**changes), "australia")
    assert (found.code, found.micro_credential) == (code, is_one)


@pytest.mark.parametrize("jurisdiction", sorted(TABLES))
@given(data=record_json)
@settings(max_examples=40, deadline=None)
def test_every_record_has_a_row_or_a_named_gap(jurisdiction: str, data: dict[str, Any]) -> None:
    found = category(Record.from_json(data), jurisdiction)
    assert found.code in {row.category.code for row in TABLES[jurisdiction].row}
    assert (found.micro_credential is None) == found.code.startswith("undefined_")


def test_gaps_are_undefined_and_named() -> None:
    gaps = [row.category for row in TABLES["ireland"].row if row.category.micro_credential is None]
    assert len({gap.code for gap in gaps}) == len(gaps) == 7
    for gap in gaps:
        assert "no row" in gap.reason
        assert gap.source.startswith("000:2")


@pytest.mark.parametrize(
    ("jurisdiction", "made"),
    [
        ("new-zealand", sized("40", unit="nz-credit")),
        ("new-zealand", sized("40.01", unit="nz-credit")),
        ("new-zealand", sized("1", unit="nz-credit")),
        ("new-zealand", sized("0.99", unit="nz-credit")),
        ("australia", record(workload_hours="1")),
        ("australia", record(workload_hours="0.9999")),
        ("australia", record(assessment__basis="participation")),
        ("australia", record(category="diploma")),
        ("ireland", sized("60")),
        ("ireland", sized("59.99")),
    ],
)
def test_table_and_profile_of_a_jurisdiction_agree(jurisdiction: str, made: Record) -> None:
    """The numbers stand in both files, since they answer different questions."""
    said = [finding for finding in validate(made, jurisdiction) if "ot a micro-credential" in finding.detail]
    assert bool(said) == (size(made, jurisdiction).outcome is Outcome.FAIL)
    assert all(finding.outcome is Outcome.FAIL for finding in said)


# --- declared and computed


@pytest.mark.parametrize(
    ("word", "credit", "outcome"),
    [
        ("single-module", "12", Outcome.WARNING),  # domain.md §4, last vector
        ("single-module", "9", Outcome.PASS),
        ("minor-award", "12", Outcome.PASS),
        ("diploma", "59", Outcome.PASS),
        ("diploma", "60", Outcome.WARNING),
        ("attendance", "5", Outcome.WARNING),
        ("single-module", "9.5", Outcome.NO_INFORMATION),
        ("nano-thing", "5", Outcome.NO_INFORMATION),
        (None, "5", Outcome.NOT_APPLICABLE),
    ],
)
def test_declared_category(word: str | None, credit: str, outcome: Outcome) -> None:
    made = record(category=word, credit={"system": "ects", "value": credit})
    found = declared(made)
    assert found.outcome is outcome
    assert bool(found.detail) == (outcome is not Outcome.PASS)
    in_profile = next(item for item in validate(made, "ireland") if item.code == "declared_category")
    assert in_profile.outcome is outcome
    assert "000:241" in found.note


@pytest.mark.parametrize(
    ("credit", "hours", "outcome"),
    [
        ("5", "200", Outcome.PASS),
        ("5", "201", Outcome.WARNING),
        ("5", "19", Outcome.WARNING),
        ("10", "200", Outcome.PASS),
        ("10", "1200", Outcome.WARNING),
        ("5", None, Outcome.NOT_APPLICABLE),
        ("9.5", "200", Outcome.NOT_APPLICABLE),
    ],
)
def test_hours_beside_the_credit(credit: str, hours: str | None, outcome: Outcome) -> None:
    assert workload(sized(credit, hours)).outcome is outcome


# --- attendance


def test_an_attendance_record_may_be_kept_and_is_no_micro_credential() -> None:
    made = sized(None, "30", ATTENDED)
    assert Record.from_json(made.to_json()) == made
    found = category(made)
    assert found.micro_credential is False
    assert "micro-credential" not in found.label
    assert size(made).detail.startswith("Not a micro-credential: Attendance record.")


@pytest.mark.parametrize(
    ("assessment", "expected"),
    [
        ({"basis": "assessed"}, True),
        ({"types": ["quiz"]}, True),
        ({"basis": "course-completion", "types": ["quiz"]}, True),
        ({"basis": "course-completion"}, False),
        ({"basis": "participation", "types": ["quiz"]}, False),
        (None, None),
    ],
)
def test_assessed(assessment: dict[str, object] | None, expected: bool | None) -> None:
    assert assessed(record(assessment=assessment)) is expected


# --- the files


def test_unknown_jurisdiction() -> None:
    with pytest.raises(InputError) as caught:
        category(record(), "irland")
    assert caught.value.code == "unknown_jurisdiction"
    assert "ireland" in caught.value.hint


SMALL = """
name = "here"
title = "Here"
source = "000:249"
unit = "ects"
no_credit_is_zero = true

[[row]]
code = "large"
label = "Large"
micro_credential = "no"
source = "000:250"
reason = "Large."
credit = { least = "2.5" }
"""


def test_another_jurisdiction_is_a_text() -> None:
    table = read_table(SMALL, "here.toml")
    assert table.category(sized("2.5")).code == "large"
    assert table.row[0].credit == Bounds(least=Decimal("2.5"))
    beyond = table.category(sized("2.4"))
    assert (beyond.code, beyond.micro_credential) == ("undefined", None)


@pytest.mark.parametrize(
    ("old", "new", "detail", "hint"),
    [
        ("credit =", "credits =", "here.toml, line 8, row large: row[0]: unknown member 'credits'", "credit"),
        ("least", "lest", "row[0].credit: unknown member 'lest'", "least"),
        ('"2.5"', "2.5", "row[0].credit.least: must be a whole number, or a decimal in quotes", ""),
        ('"no"', '"never"', "row[0].micro_credential: must be one of yes, no, undefined", ""),
        ('"ects"', '"etcs"', "here.toml: unit: is no credit system", "ects"),
        ('"000:250"', '"page 4"', "row[0].source: must be file:line", ""),
        ('least = "2.5"', "least = 1, above = 1", "row[0].credit: gives the same limit twice", ""),
        ("[[row]]", "[[row", "here.toml: is not TOML", ""),
    ],
)
def test_a_wrong_table_is_refused_with_file_row_and_nearest_key(
    old: str, new: str, detail: str, hint: str
) -> None:
    with pytest.raises(InputError) as caught:
        read_table(SMALL.replace(old, new), "here.toml")
    assert detail in caught.value.detail
    assert hint in caught.value.hint


def test_two_rows_of_one_code_are_refused() -> None:
    with pytest.raises(InputError, match="same code"):
        read_table(SMALL + SMALL[SMALL.index("[[row]]") :], "here.toml")

from __future__ import annotations

import pytest

from agent.core import taxonomy
from agent.core.record import Credit
from agent.core.taxonomy import Category, assessed, category, classify

from .builders import record


def ects(value: str) -> Credit:
    return Credit(system="ects", value=value)


@pytest.mark.parametrize(
    ("credit", "hours", "evidenced", "expected"),
    [
        (ects("60"), None, True, taxonomy.MAJOR),
        (ects("180"), "5400", True, taxonomy.MAJOR),
        (ects("59.99"), None, True, taxonomy.MINOR),
        (ects("10"), "200", True, taxonomy.MINOR),
        (ects("9"), "200", True, taxonomy.OTHER_CREDIT),  # 200 h fits two rows: ECTS decide
        (ects("5"), "1300", True, taxonomy.OTHER_CREDIT),
        (ects("1"), None, None, taxonomy.OTHER_CREDIT),
        (ects("9.5"), None, True, taxonomy.NINE_TO_TEN),
        (ects("0.5"), None, True, taxonomy.BELOW_ONE),
        (ects("0"), "10", True, taxonomy.NON_CREDIT),
        (None, "30", True, taxonomy.NON_CREDIT),
        (ects("0"), "8", True, taxonomy.UNDER_TEN_HOURS),
        (None, "9.9999", True, taxonomy.UNDER_TEN_HOURS),
        (None, None, True, taxonomy.NO_WORKLOAD),
        (None, "30", None, taxonomy.NO_ASSESSMENT),
        (None, "30", False, taxonomy.ATTENDANCE),
        (ects("0"), None, False, taxonomy.ATTENDANCE),
        (ects("5"), None, False, taxonomy.UNASSESSED_CREDIT),
        (Credit(system="ceu", value="8"), "80", True, taxonomy.OTHER_SYSTEM),
    ],
)
def test_irish_table(
    credit: Credit | None, hours: str | None, evidenced: bool | None, expected: Category
) -> None:
    assert classify(credit, hours, evidenced) is expected


def test_gaps_are_undefined_and_named() -> None:
    gaps = [
        value
        for value in vars(taxonomy).values()
        if isinstance(value, Category) and value.code.startswith("undefined")
    ]
    assert len({gap.code for gap in gaps}) == len(gaps) == 7
    for gap in gaps:
        assert gap.micro_credential is None
        assert "no row" in gap.reason


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


def test_an_attendance_record_is_no_micro_credential() -> None:
    made = record(credit=None, assessment={"basis": "participation"})
    assert category(made).micro_credential is False

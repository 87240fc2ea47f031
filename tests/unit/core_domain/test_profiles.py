from __future__ import annotations

import pytest

from agent.core.profiles import PROFILES, profiles_met, validate
from agent.core.verdict import Check, Result, combine
from agent.errors import InputError

from .builders import WITHOUT, record, without


def by_code(checks: tuple[Check, ...]) -> dict[str, Check]:
    return {check.code: check for check in checks}


def test_a_complete_record_passes_all_eleven_elements() -> None:
    checks = validate(record())
    assert [check.code for check in checks] == list(WITHOUT)
    assert len(checks) == 11
    assert combine(checks) is Result.PASS
    assert all(not check.detail for check in checks)
    assert profiles_met(record()) == ("council",)


def test_every_check_says_where_its_rule_stands() -> None:
    for check in validate(record()):
        assert check.evidence[0].kind == "rule"
        assert check.evidence[0].value.startswith("002:")


@pytest.mark.parametrize("code", [code for code in WITHOUT if code != "element_level"])
def test_each_missing_element_fails_alone(code: str) -> None:
    made = without(*WITHOUT[code])
    failing = [check for check in validate(made) if check.result is not Result.PASS]
    assert [(check.code, check.result, check.reason) for check in failing] == [(code, Result.FAIL, "missing")]
    assert profiles_met(made) == ()


def test_a_missing_level_is_unknown_and_no_rejection() -> None:
    made = without("level")
    check = by_code(validate(made))["element_level"]
    assert (check.result, check.reason) == (Result.UNKNOWN, "not_stated")
    assert check.detail
    assert profiles_met(made) == ("council",)


def test_a_level_that_does_not_apply_passes_with_a_warning() -> None:
    check = by_code(validate(record(level={"not_applicable": True})))["element_level"]
    assert check.result is Result.PASS
    assert check.detail == "The issuer says that no level applies."
    national = by_code(validate(record(level={"qf_ehea": "first"})))["element_level"]
    assert (national.result, national.detail) == (Result.PASS, "Not stated: EQF level.")


@pytest.mark.parametrize(
    ("learner", "result", "detail"),
    [
        ({"given_name": "Ada"}, Result.UNKNOWN, "A name is stated"),
        ({"given_name": "Ada", "id": "1"}, Result.PASS, "Not stated: family name, date of birth."),
        ({"id": "1", "birth_date": "1999-04-02"}, Result.FAIL, "Identification of the learner: not stated."),
    ],
)
def test_learner(learner: dict[str, str], result: Result, detail: str) -> None:
    check = by_code(validate(record(learner=learner)))["element_learner"]
    assert check.result is result
    assert check.detail.startswith(detail)


@pytest.mark.parametrize(
    ("credit", "hours", "result", "detail"),
    [
        ({"system": "ects", "value": "5"}, None, Result.PASS, ""),
        (None, "30", Result.PASS, "Not stated: credit, only hours."),
        ({"system": "ects", "value": "0"}, "30", Result.PASS, "Not stated: credit, only hours."),
        ({"system": "ects", "value": "0"}, None, Result.FAIL, "Notional workload: not stated."),
    ],
)
def test_workload(credit: dict[str, str] | None, hours: str | None, result: Result, detail: str) -> None:
    check = by_code(validate(record(credit=credit, workload_hours=hours)))["element_workload"]
    assert (check.result, check.detail) == (result, detail)


def test_an_awarding_body_without_status_is_a_warning() -> None:
    bodies = [{"name": "A", "status": "public"}, {"name": "B"}]
    check = by_code(validate(record(awarding_bodies=bodies)))["element_awarding_body"]
    assert check.result is Result.PASS
    assert "status" in check.detail


def test_no_value_of_the_record_in_a_check() -> None:
    marker = "MARKER-93f1"
    made = record(learner={"given_name": marker}, title={"en": marker}, level=None)
    assert marker not in str([check.to_json() for check in validate(made)])


def test_unknown_profile() -> None:
    with pytest.raises(InputError) as caught:
        validate(record(), "council-2020")
    assert caught.value.code == "unknown_profile"
    assert "council" in caught.value.hint


def test_profiles_only_name_fields_that_exist() -> None:
    """A misspelt path would raise AttributeError: on a full record every path is followed to its end."""
    for name, profile in PROFILES.items():
        assert profile.name == name
        assert len({rule.code for rule in profile.rules}) == len(profile.rules)
        assert validate(record(), name)
        assert all(rule.source for rule in profile.rules)

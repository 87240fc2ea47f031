"""The format of a validation profile: its vocabulary, its strict reader and its JSON Schema."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from agent.core.facts import PATHS, present
from agent.core.findings import Outcome
from agent.core.profiles import lookup, profile_schema, read_profile, validate
from agent.errors import InputError

from .builders import record


def test_presence_follows_optional_members_and_lists() -> None:
    assert present("level.nqf.level")(record())
    assert not present("level.nqf.level")(record(level__nqf=None))
    assert not present("level.nqf.level")(record(level=None))
    assert present("outcomes.text")(record())
    assert not present("outcomes.esco")(record())  # one of two
    assert not present("evidence.url")(record(evidence=None))
    assert not present("credit.amount")(record(credit={"system": "ects", "value": "0.00"}))


def test_every_path_is_followed_to_its_end() -> None:
    standard = {"type": "internal", "agency": "A", "standard": "S", "accreditation": "course"}
    made = record(quality_assurance={**standard, "statement": {"en": "x"}})
    absent = {path for path in PATHS if not present(path)(made)}
    # What the record of the builders leaves out, or may not say beside the rest.
    never = ("not_applicable", "assurance.assurance", "outcomes.esco", "outcomes.dublin")
    national = ("leads_to.nqf", "leads_to.qf_ehea")
    assert absent == {path for path in PATHS if any(part in path for part in (*never, *national))}


SMALL = """
name = "here"
title = "Here"
source = "000:249"

[[rule]]
code = "first"
label = "First"
source = "000:250"
need = [["title", "learner.given_name"]]

[[rule]]
code = "size"
label = "Size"
source = "000:251, 000:252"
when = [{ words = { "assessment.basis" = ["assessed"] }, absent = ["level.not_applicable"] }]
otherwise = "It was not assessed."
note = "A note."
contradicted = [{ source = "000:1", says = "something else." }]

[[rule.bounds]]
quantity = "workload"
unit = "hours"
above = "2.5"
below = 1200
detail = "Too small or too large."
severity = "warning"
missing_detail = "The hours are not stated."
"""


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"workload_hours": "2.5"}, Outcome.WARNING),
        ({"workload_hours": "2.6"}, Outcome.PASS),
        ({"workload_hours": "1199.9999"}, Outcome.PASS),
        ({"workload_hours": "1200"}, Outcome.WARNING),
        ({"workload_hours": None}, Outcome.NO_INFORMATION),
        ({"assessment": None}, Outcome.NOT_APPLICABLE),
        ({"level": {"not_applicable": True}}, Outcome.NOT_APPLICABLE),
    ],
)
def test_a_new_profile_is_a_text_and_no_code(changes: dict[str, Any], outcome: Outcome) -> None:
    profile = read_profile(SMALL, "here")
    finding = validate(record(**changes), profile)[1]
    assert finding.outcome is outcome
    assert finding.note == "A note. 000:1 says otherwise: something else."


ONE_OF = (
    SMALL[: SMALL.index("[[rule]]")]
    + """
[[rule]]
code = "form"
label = "Form"
source = "000:250"
say_absent = { "grade" = "No grade." }

[[rule.words]]
path = "participation"
one_of = ["online", "blended"]
detail = "Not at a distance."
missing_detail = "The form is not stated."

[[rule.words]]
path = "assessment.basis"
none_of = ["participation"]
detail = "Attended only."
severity = "warning"
missing = "warning"
missing_detail = "The basis is not stated."
"""
)


@pytest.mark.parametrize(
    ("changes", "outcome", "detail"),
    [
        ({}, Outcome.PASS, ""),
        ({"grade": None}, Outcome.PASS, "No grade."),
        ({"participation": ["online", "blended"]}, Outcome.PASS, ""),
        ({"participation": ["online", "onsite"]}, Outcome.FAIL, "Not at a distance."),
        ({"participation": None}, Outcome.NO_INFORMATION, "The form is not stated."),
        ({"assessment__basis": "participation"}, Outcome.WARNING, "Attended only."),
        ({"assessment": None}, Outcome.WARNING, "The basis is not stated."),
        # The worst outcome, and every sentence.
        (
            {"participation": ["onsite"], "assessment": None},
            Outcome.FAIL,
            "Not at a distance. The basis is not stated.",
        ),
        (
            {"participation": None, "assessment": None},
            Outcome.NO_INFORMATION,
            "The form is not stated. The basis is not stated.",
        ),
    ],
)
def test_words_of_a_rule_answer_together(changes: dict[str, Any], outcome: Outcome, detail: str) -> None:
    (finding,) = validate(record(**changes), read_profile(ONE_OF, "here"))
    assert (finding.outcome, finding.detail) == (outcome, detail)


@pytest.mark.parametrize(
    ("old", "new", "detail", "hint"),
    [
        ("need =", "needs =", "here.toml, line 6, rule first: rule[0]: unknown member 'needs'", "need"),
        (
            "learner.given_name",
            "learner.givenname",
            "rule first: rule[0].need[0][1]: is no member of a record",
            "learner.given_name",
        ),
        (
            '["assessed"]',
            '["asessed"]',
            "line 12, rule size: rule[1].when[0]: asks assessment.basis for a word",
            "",
        ),
        (
            '"assessment.basis"',
            '"assessment.bases"',
            "rule size: rule[1].when[0].words (key): is no member that holds",
            "assessment.basis",
        ),
        ('otherwise = "It was not assessed."', "", "rule size: rule[1]: has a when without an otherwise", ""),
        ('need = [["title", "learner.given_name"]]', "", "rule first: rule[0]: asks nothing", ""),
        ('quantity = "workload"', 'quantity = "credit"', "bounds[0]: the unit of credit must be one of", ""),
        ('above = "2.5"\nbelow = 1200', "", "bounds[0]: gives no limit", ""),
        (
            'missing_detail = "The hours are not stated."',
            "",
            "must have either a missing_detail or missing",
            "",
        ),
        ('severity = "warning"', 'severity = "warn"', "bounds[0].severity: must be one of", "warning"),
        (
            "below = 1200",
            "below = 12.5",
            "bounds[0].below: must be a whole number, or a decimal in quotes",
            "",
        ),
        ('"000:251, 000:252"', '"the report"', "rule size: rule[1].source: must be file:line", ""),
        ('code = "size"', 'code = "first"', "here.toml: two rules have the same code", ""),
        ('code = "first"', "", "here.toml, line 6, rule 1: rule[0].code: is missing", ""),
        ('name = "here"', 'name = "there"', "here.toml: its name is not that of the file", "here"),
        ("[[rule]]", "[[rule", "here.toml: is not TOML", ""),
        ("title =", "tittle =", "here.toml: unknown member 'tittle'", "title"),
        (
            "need = [[",
            'detail = "x"\nwish = { "title" = "x" }\nexpect = [[',
            "rule first: rule[0]: has an expect without",
            "",
        ),
    ],
)
def test_a_wrong_profile_is_refused_with_file_line_rule_and_nearest_key(
    old: str, new: str, detail: str, hint: str
) -> None:
    with pytest.raises(InputError) as caught:
        read_profile(SMALL.replace(old, new, 1), "here")
    assert detail in caught.value.detail
    assert caught.value.detail.startswith("here.toml")
    assert hint in caught.value.hint


def test_a_profile_is_bounded() -> None:
    with pytest.raises(InputError, match="too large"):
        read_profile(SMALL + "#" * 70_000, "here")
    with pytest.raises(InputError):
        read_profile("x = " + "[" * 5_000, "here")


def data_files() -> list[Any]:
    folder = resources.files("agent.core") / "data"
    return [entry for entry in folder.iterdir() if entry.name.endswith(".toml")]


@pytest.mark.parametrize("file", data_files(), ids=lambda file: file.name)
def test_every_profile_is_valid_under_the_published_schema(file: Path) -> None:
    Draft202012Validator.check_schema(profile_schema())
    assert not list(
        Draft202012Validator(profile_schema()).iter_errors(tomllib.loads(file.read_text("utf-8")))
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("need =", "needs ="),
        ("learner.given_name", "learner.givenname"),
        ('"assessment.basis"', '"assessment.bases"'),
        ('severity = "warning"', 'severity = "warn"'),
        ("below = 1200", "below = 12.5"),
        ('"000:251, 000:252"', '"the report"'),
        ('code = "first"', ""),
        ("title =", "tittle ="),
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(old: str, new: str) -> None:
    validator = Draft202012Validator(profile_schema())
    assert validator.is_valid(tomllib.loads(SMALL))
    assert not validator.is_valid(tomllib.loads(SMALL.replace(old, new, 1)))


def test_lookup_by_name() -> None:
    assert lookup("council").title.startswith("Council Recommendation")

"""The sample records of MicroCredX (domain.md §6), which ``scripts/samples.py`` makes."""

from __future__ import annotations

import json
from decimal import Decimal
from uuid import UUID

import pytest

from agent.core.record import Record
from agent.core.taxonomy import category
from issuer_profiles import list_profiles, load_profile
from scripts import samples

HELD = {
    file.stem: Record.from_json(json.loads(file.read_text("utf-8")))
    for file in sorted(samples.OUT.glob("*.json"))
}
# Title, issuer, language, ECTS: the list of domain.md §6.
LISTED = {
    ("Data Literacy for Industry 4.0", "dhbw", "de", "5"),
    ("Human-Machine Interaction in Production", "fh-joanneum", "de", "3"),
    ("Cyber Security & Safety Basics", "uoc", "en", "4"),
    ("Coding for Non-Programmers", "mondragon", "es", "5"),
    ("Change and Risk Management", "tampere", "en", "3"),
    ("Green Transition in Manufacturing", "mondragon", "en", "4"),
    ("Digital Ethics and AI", "uoc", "es", "2"),
    ("Intercultural Virtual Collaboration", "tampere", "fi", "2"),
    ("Social Taxonomy in Finance", "dhbw", "en", "3"),
    ("First Aid Seminar", "safety-seminars", "de", "-"),
}
CREDITED = [record for record in HELD.values() if record.credit]


def test_making_them_again_changes_nothing() -> None:
    assert samples.differences() == []


def test_they_are_the_ten_that_are_listed() -> None:
    found = {
        (
            record.title["en"],
            record.issuer.did.removeprefix("did:web:").removesuffix(".example"),
            *record.language,
            record.credit.value if record.credit else "-",
        )
        for record in HELD.values()
    }
    assert found == LISTED


@pytest.mark.parametrize("record", HELD.values(), ids=HELD.keys())
def test_each_is_a_record_in_canonical_shape(record: Record) -> None:
    assert Record.from_json(record.to_json()) == record
    assert UUID(record.id.removeprefix("urn:uuid:")).version == 5
    assert record.title[record.language[0]]
    assert "en" in record.title
    assert "invented" in record.further["en"]
    assert record.learner == samples.LEARNER
    assert record.awarded_on is not None
    assert record.awarded_on.year == 2025


@pytest.mark.parametrize("record", CREDITED, ids=lambda record: record.title["en"])
def test_those_with_credit_are_of_the_size_and_level_of_the_consortium(record: Record) -> None:
    """002:798 and 002:829; 25 hours for one ECTS."""
    assert record.credit is not None
    assert Decimal(2) <= record.credit.amount <= Decimal(5)
    assert Decimal(record.workload_hours or 0) == 25 * record.credit.amount
    assert record.level is not None
    assert record.level.eqf == 6
    assert category(record).micro_credential is True
    assert record.issuer.registry_id


def test_the_seminar_has_neither_credit_nor_level_and_no_row_in_the_table() -> None:
    """0 ECTS and 8 h: the sources have no word for it (000:253), and we do not guess one."""
    record = HELD["first-aid-seminar"]
    assert (record.credit, record.workload_hours, record.learning_type) == (None, "8", "non-formal")
    assert record.level is not None
    assert record.level.not_applicable
    assert record.issuer.registry_id is None
    assert category(record).code == "undefined_under_10_hours"
    assert category(record).micro_credential is None


def test_samples_are_no_issuer() -> None:
    assert "samples" not in list_profiles()
    assert {award.profile for award in samples.AWARDS} <= set(list_profiles())


def test_grades_are_on_the_scale_of_the_issuer() -> None:
    for award in samples.AWARDS:
        grade = samples.record(award).grade
        assert grade is not None
        assert grade.scale == load_profile(award.profile).grading_scale


def test_check_says_what_would_change(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setattr(samples, "OUT", tmp_path)
    assert samples.differences() == sorted(f"{award.template}.json" for award in samples.AWARDS)
    monkeypatch.setattr("sys.argv", ["samples.py"])
    assert samples.main() == 0
    monkeypatch.setattr("sys.argv", ["samples.py", "--check"])
    assert samples.main() == 0

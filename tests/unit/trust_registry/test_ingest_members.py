"""Other names, identifiers and faculties as DEQAR tells them (`tests.simulators.deqar`), over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.simulators.deqar import Deqar, Inst, world
from tests.unit.trust_registry.test_ingest_adapters import CSV, harvest, reasons
from trust_registry.fact_json import Kind
from trust_registry.facts import Faculty, Identifier

WHOLE, PART, DEPARTMENT = "DEQARINST7609", "DEQARINST2000", "DEQARINST2001"


@pytest.fixture
def deqar() -> Iterator[Deqar]:
    with world().serving() as simulator:
        yield simulator


def test_what_each_way_speaks_of(deqar: Deqar, tmp_path: Path) -> None:
    """Nobody's harvest speaks of voidings: those are our operators' word and outlive every ingest."""
    assert harvest(deqar, tmp_path, "csv").covers == CSV
    assert harvest(deqar, tmp_path, "web").covers == set(Kind) - {Kind.VOIDING}


@pytest.mark.parametrize("way", ["csv", "connect", "web"])
def test_other_names_and_identifiers(deqar: Deqar, tmp_path: Path, way: str) -> None:
    found = harvest(deqar, tmp_path, way).found.institutions
    assert found[WHOLE].names == ("Ollscoil Teicneolaíochta na Mumhan", "MTU")
    assert found[WHOLE].identifiers == (
        Identifier("DID-EBSI", "did:ebsi:zmtu"),
        Identifier("ROR", "https://ror.org/013xpqh61"),
    )
    assert (found[PART].names, found[PART].identifiers) == ((), ())  # its official name is its primary one


def detail_of(deqar: Deqar, monkeypatch: pytest.MonkeyPatch, number: int, **members: Any) -> None:
    """The record of one institution says this."""
    told = Deqar._detail

    def edited(self: Deqar, one: Inst) -> dict[str, Any]:
        return told(self, one) | members if one.id == number else told(self, one)

    monkeypatch.setattr(Deqar, "_detail", edited)


def test_every_form_of_a_name(deqar: Deqar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [
        {
            "name_official": "Πανεπιστήμιο",
            "name_english": "University",
            "name_official_transliterated": "Panepistimio",
            "acronym": "UN",
            "name_versions": [{"name": "Uni\tversité", "transliteration": ""}, {"name": "UN"}],
        },
        {"name_official": "(Former system)", "name_valid_to": "2010-01-01"},
        {"name_official": "N" * 301},
        {"name_official": "\x1b[31mred"},
    ]
    detail_of(deqar, monkeypatch, 7609, names=names)
    found = harvest(deqar, tmp_path, "connect")
    assert found.found.institutions[WHOLE].names == (
        *("Πανεπιστήμιο", "University", "Panepistimio", "UN", "Uni versité"),
    )
    assert (WHOLE, "a name that is too long or no text") in reasons(found)


def test_identifiers_with_their_period(deqar: Deqar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def one(resource: Any, identifier: Any, start: Any = None, end: Any = None) -> dict[str, Any]:
        period = {"identifier_valid_from": start, "identifier_valid_to": end}
        return {"resource": resource, "identifier": identifier, "agency": None, **period}

    given = [
        one("DID-EBSI", "did:ebsi:z1", "2023-05-01", "2025-05-01"),
        one(None, "17"),
        one("local identifier", "18"),
        one("Erasmus", "D  AACHEN01"),
    ]
    bad = [
        one("ROR", 5),
        one("ROR", ""),
        one("ROR", "x" * 201),
        one("R\nR", "x"),
        one("ROR", "x\ny"),
        one("ROR", "x", "yesterday"),
        one("ROR", "x", "2025-01-01", "2024-01-01"),
    ]
    detail_of(deqar, monkeypatch, 7609, identifiers=given + bad)
    found = harvest(deqar, tmp_path, "connect")
    assert found.found.institutions[WHOLE].identifiers == (
        Identifier("DID-EBSI", "did:ebsi:z1", date(2023, 5, 1), date(2025, 5, 1)),
        Identifier("Erasmus", "D  AACHEN01"),
    )
    unread = (WHOLE, "an identifier that cannot be read")
    assert [(one.key, one.reason) for one in found.found.quarantined].count(unread) == len(bad)


def test_too_many_names_and_identifiers(
    deqar: Deqar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [{"name_official": f"Name {number}"} for number in range(65)]
    many = [{"resource": "X", "identifier": str(number)} for number in range(65)]
    detail_of(deqar, monkeypatch, 7609, names=names, identifiers=many)
    found = harvest(deqar, tmp_path, "connect")
    known = found.found.institutions[WHOLE]
    assert (len(known.names), known.identifiers) == (64, ())
    assert {(WHOLE, "more than 64 names"), (WHOLE, "more than 64 identifiers")} <= reasons(found)


def test_faculties_are_stated_by_both_sides_and_are_one_fact(deqar: Deqar, tmp_path: Path) -> None:
    found = harvest(deqar, tmp_path, "connect")
    assert found.found.faculties == [
        Faculty(WHOLE, PART),
        Faculty(PART, DEPARTMENT, date(2015, 1, 1), date(2027, 12, 31)),
    ]
    own = [item.key for item in found.found.quarantined if "own parent" in item.reason]
    assert own == ["DEQARINST0498"]  # both its sides say so; once is enough here too


@pytest.mark.parametrize(
    ("kind", "faculty", "noted"),
    [
        ("faculty", True, ""),
        ("independent faculty", True, ""),
        ("independent faculty or school", True, ""),
        ("consortium", False, ""),
        ("franchise or validation partnership", False, ""),
        ("educational platform", False, ""),
        ("European Universities alliance", False, ""),
        ("Faculty of everything", False, "an unknown kind of membership"),
        (None, False, "an unknown kind of membership"),
    ],
)
def test_only_faculties_share_cover(
    deqar: Deqar, tmp_path: Path, kind: str | None, faculty: bool, noted: str
) -> None:
    deqar.memberships = [(7609, 2005, kind, "", "")]
    found = harvest(deqar, tmp_path, "connect")
    assert found.found.faculties == ([Faculty(WHOLE, "DEQARINST2005")] if faculty else [])
    notes = {(key, reason) for key, reason in reasons(found) if "own parent" not in reason}
    assert notes == ({(WHOLE, noted), ("DEQARINST2005", noted)} if noted else set())


def test_faculties_that_cannot_be_believed(
    deqar: Deqar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deqar.memberships = [
        (7609, 2005, "faculty", "2020-01-01", "2019-01-01"),
        (7609, 2006, "faculty", "soon", ""),
        (7609, 2007, "faculty", "2020-01-01", "2025-01-01"),
    ]
    other_end = {"institution": {"id": 7609}, "relationship_type": "faculty", "valid_from": "2020-01-01"}
    detail_of(deqar, monkeypatch, 2007, hierarchical_relationships={"part_of": [other_end]})
    found = harvest(deqar, tmp_path, "connect")
    assert found.found.faculties == []
    assert {
        (WHOLE, "a membership that ends before it begins"),
        ("DEQARINST2006", "a membership whose valid_from is not a date of the form YYYY-MM-DD."),
        ("DEQARINST2007", "a faculty of DEQARINST7609 until different days"),
    } <= reasons(found)
    crowd = [{"institution": {"id": 2005}, "relationship_type": "faculty"}] * 1001
    detail_of(deqar, monkeypatch, 7609, hierarchical_relationships={"includes": crowd})
    found = harvest(deqar, tmp_path / "again", "connect")
    assert (WHOLE, "the institution has more than 1000 memberships") in reasons(found)
    assert WHOLE not in found.found.institutions

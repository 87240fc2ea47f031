"""Names and notes of a learner's own, finding and sorting by them, and two credentials compared."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core import portfolio
from agent.core.portfolio import (
    MAX_NAME,
    MAX_NAMES,
    MAX_NOTE,
    clean_name,
    clean_names,
    clean_note,
    compare,
    entry_of,
    find,
    in_order,
)
from agent.errors import InputError

TODAY = date(2026, 6, 12)


def summary(title: str, **more: Any) -> dict[str, Any]:
    party = {"name": "Munster Technological University", "host": "mtu.example", "did": "did:web:mtu.example"}
    return {
        "id": title,
        "title": title,
        "credit": {"system": "ects", "value": "5"},
        "eqf": 6,
        "issuer": party,
        "awarded_on": "2026-01-15",
        "expires_on": None,
        "state": "pass",
        "tags": [],
        "collections": [],
        "archived": False,
        "noted": False,
        "search": "",
    } | more


# --- names and notes


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Data \t science\n", "Data science"),
        ("A\u0301", "\u00c1"),  # form C
        ("a\x1b[2Jb\x07", "a[2Jb"),
        ("\u202eevil\u200b", "evil"),
        ("\u2800x\ufe0f", "x"),
        ("数据", "数据"),
    ],
)
def test_a_name_is_one_line_that_can_be_seen(typed: str, kept: str) -> None:
    assert clean_name(typed) == kept


@pytest.mark.parametrize("typed", ["", " \n\t", "\x00\x1b", "\u200b\u202e", "\u3164"])
def test_a_name_of_nothing_is_refused(typed: str) -> None:
    with pytest.raises(InputError, match="no_name"):
        clean_name(typed)


def test_names_have_a_length_and_a_number() -> None:
    assert clean_name("n" * MAX_NAME) == "n" * MAX_NAME
    with pytest.raises(InputError, match="name_too_long"):
        clean_name("n" * (MAX_NAME + 1))
    assert len(clean_names(str(n) for n in range(MAX_NAMES))) == MAX_NAMES
    with pytest.raises(InputError, match="too_many_names"):
        clean_names(str(n) for n in range(MAX_NAMES + 1))
    assert clean_names(["x"] * 1000) == ["x"]


def test_names_that_differ_in_capitals_only_are_one_name() -> None:
    assert clean_names(["Energy", "ENERGY", "straße", "STRASSE", "Law"]) == ["Energy", "straße", "Law"]
    assert clean_names(["energy"], known=["Energy"]) == ["Energy"]


def test_a_note_keeps_its_lines_and_loses_its_controls() -> None:
    assert clean_note("  one\r\ntwo\x1b[2J\r\n\n three\t!  \n\n") == "one\ntwo[2J\n\n three !"
    assert clean_note("n" * MAX_NOTE) == "n" * MAX_NOTE
    assert clean_note("\x00") == ""
    for long in ("n" * (MAX_NOTE + 1), "n" * 1_000_000):
        with pytest.raises(InputError, match="note_too_long"):
            clean_note(long)


@given(st.text())
def test_what_was_cleaned_is_clean(typed: str) -> None:
    note = clean_note(typed[:MAX_NOTE])
    assert clean_note(note) == note
    try:
        name = clean_name(typed)
    except InputError:
        return
    assert clean_name(name) == name
    assert name.isprintable()


# --- finding

HELD = [
    summary("Data Literacy", tags=["Work"], collections=["Data Science"], search="clean data tables"),
    summary("Welding", eqf=4, state="fail", expires_on="2026-06-30", awarded_on="2024-01-01"),
    summary("Law", eqf=None, state="unknown", archived=True, credit=None, awarded_on=""),
    summary("Process Control", expires_on="2026-06-11", noted=True, credit={"system": "ects", "value": "10"}),
]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Data Literacy", "Welding", "Process Control"]),
        ("is:archived", ["Law"]),
        ("is:all", ["Data Literacy", "Welding", "Law", "Process Control"]),
        ("is:noted", ["Process Control"]),
        ("is:nonsense", []),
        ("eqf:6", ["Data Literacy", "Process Control"]),
        ("eqf:", ["Data Literacy", "Welding", "Process Control"]),
        ("eqf:6 tables", ["Data Literacy"]),
        ("ISSUER:munster status:fail", ["Welding"]),
        ("issuer:dublin", []),
        ("status:unk is:all", ["Law"]),
        ("tag:work", ["Data Literacy"]),
        ('collection:"data sc', ["Data Literacy"]),
        ('"data literacy"', ["Data Literacy"]),
        ('"literacy data"', []),
        ("colour:red", []),
        ("expires:past", ["Process Control"]),
        ("expires:<30d", ["Welding"]),
        ("expires:>1d", ["Welding"]),
        ("expires:never", ["Data Literacy"]),
        ("expires:<", ["Data Literacy", "Welding", "Process Control"]),
        ("expires:soon", []),
        ("expires:<99999y", ["Welding"]),
        ("x" * 100_000, []),
    ],
)
def test_every_word_has_to_fit(query: str, found: list[str]) -> None:
    entries = [entry_of(each) for each in HELD]
    assert [entry.item["title"] for entry in find(query, entries, TODAY)] == found


def test_archived_ones_where_the_caller_asks_for_them() -> None:
    entries = [entry_of(each) for each in HELD]
    assert len(find("", entries, TODAY, archived=True)) == 4


@given(st.text(max_size=60))
def test_no_query_breaks(query: str) -> None:
    entries = [entry_of(each) for each in HELD]
    assert len(find(query, entries, TODAY)) <= len(entries)


@pytest.mark.parametrize(
    ("by", "first", "last"),
    [
        ("title", "Data Literacy", "Welding"),
        ("credit", "Process Control", "Law"),
        ("level", "Data Literacy", "Law"),
        ("date", "Data Literacy", "Law"),
        ("expiry", "Process Control", "Law"),
        ("issuer", "Data Literacy", "Process Control"),
        ("", "Data Literacy", "Process Control"),
    ],
)
def test_what_says_nothing_of_it_is_last(by: str, first: str, last: str) -> None:
    ordered = [entry.item["title"] for entry in in_order([entry_of(each) for each in HELD], by)]
    assert (ordered[0], ordered[-1]) == (first, last)


def test_ten_thousand_are_found_without_reading_anything_twice(record_property: Any) -> None:
    entries = [entry_of(summary(f"Course {n}", search="s" * 600)) for n in range(10_000)]
    start = time.perf_counter()
    found = find("course 99 issuer:munster eqf:6", entries, TODAY)
    record_property("seconds", time.perf_counter() - start)  # told, not judged: the machine may be busy
    assert len(found) == sum("99" in f"Course {n} 2026-01-15" for n in range(10_000))


# --- comparing


def detail(title: str, claims: dict[str, str], outcomes: list[dict[str, Any]]) -> dict[str, Any]:
    rows = [{"name": name, "label": name.title(), "value": value} for name, value in claims.items()]
    more = {"form": "AnonCreds credential", "claims": rows, "record": {"outcomes": outcomes}}
    return summary(title, **more)


def test_two_credentials_field_by_field() -> None:
    first = detail(
        "A",
        {"title": "A", "level": "EQF 6", "grade": "71", "outcomes": "x"},
        [
            {"text": {"en": "Read data."}, "esco": "http://esco/a"},
            {"text": {"en": "Clean  data"}},
            {"text": {"en": "C"}},
        ],
    )
    second = detail(
        "B",
        {"title": "B", "level": "EQF  6", "language": "en"},
        [
            {"text": {"en": "Something else"}, "esco": "http://esco/a"},
            {"text": {"de": "Daten", "en": "clean data."}},
            {"text": {"en": "C++"}},
        ],
    )
    found = compare(first, second)
    relations = {row.name: row.relation for row in found.rows}
    assert relations == {
        "title": "differs",
        "level": "equal",
        "grade": "only_first",
        "language": "only_second",
        "issuer_host": "equal",
        "form": "equal",
        "state": "equal",
    }
    assert found.both == ("Read data.", "Clean  data")
    assert (found.only_first, found.only_second) == (("C",), ("C++",))
    assert found.to_json()["outcomes"]["both"] == list(found.both)


def test_a_credential_is_equal_to_itself() -> None:
    one = detail("A", {"title": "A"}, [{"text": {"en": "Read."}}])
    found = compare(one, one)
    assert {row.relation for row in found.rows} == {"equal"}
    assert (found.both, found.only_first, found.only_second) == (("Read.",), (), ())
    assert portfolio.compare(one, one | {"record": {}}).only_first == ("Read.",)

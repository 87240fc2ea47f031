from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulators import agent_service_data as data
from wallet_tui.doc import Doc
from wallet_tui.find import SORTS, Finder, Indexed, find, find_badges, in_order, split
from wallet_tui.model import Summary
from wallet_tui.portfolio_model import Badge

TODAY = date(2026, 3, 12)


def held(**changes: dict[str, Any]) -> list[Indexed]:
    """The five of the simulator; ``c3={"tags": […]}`` changes the third."""
    made = data.credentials()
    for name, change in changes.items():
        made[int(name[1:]) - 1] |= change
    return [Indexed.of(Summary.read(Doc(item))) for item in made]


def numbers(found: list[Summary]) -> str:
    return "".join(item.id.removeprefix("cred-") for item in found)


SHELVED = held(
    c1={"tags": ["Job Hunt", "2026"], "expires_on": "2026-04-01"},
    c2={"archived": True, "collections": ["Data Science"]},
    c3={"noted": True, "search": "ESCO: cyber HYGIENE", "expires_on": "2026-03-11"},
    c4={"collections": ["data"], "expires_on": "2028-01-01"},
)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "1345"),
        ("tag:job", "1"),
        ('tag:"job hunt"', "1"),
        ('tag:"job h', "1"),
        ("tag:hunt", ""),
        ("collection:data", "4"),
        ("collection:data is:all", "24"),
        ("is:archived", "2"),
        ("is:arch", "2"),
        ("is:noted", "3"),
        ("is:marked", "5"),
        ("is:badge", ""),
        ("is:nonsense", ""),
        ("hygiene", "3"),
        ("HYGIENE cyber", "3"),
        ("job", "1"),
        ("expires:<30d", "1"),
        ("expires:<19d", ""),
        ("expires:>1y", "4"),
        ("expires:past", "3"),
        ("expires:never", "5"),
        ("expires:<", "1345"),
        ("expires:soon", ""),
        ("expires:<99999y", "14"),
        ("eqf:", "1345"),
        ("eqf:8 issuer:atlantis", "4"),
        ("status:un cyber", "3"),
        ("nosuch:field", ""),
        ("   ", "1345"),
    ],
)
def test_every_field_can_be_asked_for(query: str, expected: str) -> None:
    assert numbers(find(query, SHELVED, TODAY, {"cred-5"})) == expected


def test_words_in_quotes_are_one() -> None:
    assert split('issuer:"two words" plain "a b"') == [("issuer", "two words"), ("", "plain"), ("", "a b")]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "data",
                "d",
                "is:all",
                "tag:",
                "tag:2",
                "issuer:m",
                "status:",
                "un",
                "expires:<30d",
                "is:ma",
                " ",
                "eqf:6",
                '"',
                "a",
                ":",
                "cyber",
            ]
        ),
        max_size=6,
    )
)
def test_typing_finds_what_the_whole_query_finds(pieces: list[str]) -> None:
    """The short way of `Finder` never differs from looking through everything."""
    finder, typed = Finder(SHELVED), ""
    for char in "".join(pieces):
        typed += char
        assert [entry.item for entry in finder.find(typed, TODAY)] == find(typed, SHELVED, TODAY), typed


@settings(deadline=None)
@given(st.text(max_size=250))
def test_any_text_can_be_typed(text: str) -> None:
    find(text, SHELVED, TODAY)
    find_badges(text, [])


def test_badges_answer_words_and_nothing_else() -> None:
    badges = [Badge.read(Doc(item)) for item in data.badges()]
    for query, there in (
        ("", 1),
        ("welding", 1),
        ("is:badge safety", 1),
        ("is:all", 1),
        ("data", 0),
        ("eqf:6", 0),
        ("is:archived", 0),
        ("is:marked", 0),
    ):
        assert len(find_badges(query, badges)) == there, query
    assert find_badges("is:marked", badges, {"badge-1"})


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("received", "12345"),
        ("title", "53124"),
        ("credit", "41325"),
        ("level", "41235"),
        ("issuer", "42153"),
        ("date", "14235"),
        ("expiry", "31425"),
    ],
)
def test_orders(order: str, expected: str) -> None:
    assert numbers([entry.item for entry in in_order(SHELVED, order)]) == expected


def test_what_says_nothing_comes_last() -> None:
    bare = [Indexed.of(Summary.read(Doc({"id": "x", "credit": {"system": "ects", "value": "1e9"}})))]
    for order in set(SORTS) - {"received"}:
        assert in_order(bare + SHELVED[:1], order)[-1].item.id == "x", order

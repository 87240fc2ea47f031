from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from agent.client import SERVICE_UNREACHABLE
from agent.errors import (
    CairnError,
    ConflictError,
    ExpiredError,
    InputError,
    PassphraseError,
    UnreachableError,
)
from wallet_tui import words
from wallet_tui.layout import Cell, fit, fold, join, labelled, row
from wallet_tui.model import Party
from wallet_tui.safe_text import Untrusted, safe_text
from wallet_tui.stack_model import Stack
from wallet_tui.widgets.meter import COUNTED, MISSING, OFFERED, bar, shares
from wallet_tui.words import explain, party_in, span

NOW = datetime(2026, 3, 12, 10, tzinfo=UTC)
texts = st.text(alphabet=st.characters(categories=["L", "N", "P", "Zs"]), max_size=80)


@given(texts, st.integers(1, 60))
def test_fit_is_exact(raw: str, width: int) -> None:
    assert fit(safe_text(raw), width).cell_length == width
    assert fit(safe_text(raw), width, align="right").cell_length == width


@given(texts, texts, st.integers(20, 120))
def test_a_row_is_exactly_as_wide_as_asked(left: str, right: str, width: int) -> None:
    made = row(width, Cell(safe_text(left), 9), Cell(safe_text(right)), Cell("x", 5, "right"))
    assert cell_len(made.plain) == width


@given(texts, st.integers(20, 100))
def test_fold_never_exceeds_the_width(raw: str, width: int) -> None:
    for line in fold(safe_text(raw), width, indent=4, first=2):
        assert line.cell_length <= width


def test_fold_loses_no_word() -> None:
    text = "one two three four five six seven eight nine ten"
    assert " ".join(" ".join(line.plain for line in fold(text, 20, indent=3)).split()) == text


def test_a_label_stands_before_its_folded_value() -> None:
    lines = [line.plain for line in labelled("Title", "a long value that needs two lines", 34, label_width=8)]
    assert lines[0].startswith("  Title    a long")
    assert all(line.startswith(" " * 11) for line in lines[1:])


def test_markup_in_our_own_words_is_literal_too() -> None:
    assert join("[bold]x[/bold]", ("[b]", "bold")).plain == "[bold]x[/bold][b]"


def test_the_host_outlives_the_name() -> None:
    who = Party(Untrusted("did:web:mtu.example"), Untrusted("mtu.example"), Untrusted("M" * 60))
    assert party_in(who, 40).plain.endswith("mtu.example")
    assert party_in(who, 15).plain.startswith("mtu.example")


@pytest.mark.parametrize(
    ("seconds", "says"),
    [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (165_900, "46 h"), (172_800, "2 d")],
)
def test_span(seconds: int, says: str) -> None:
    assert span(seconds) == says


def test_expiry_says_when_it_is_over() -> None:
    assert words.expiry(NOW + timedelta(hours=3), NOW) == "expires in 3 h"
    assert words.expiry(NOW - timedelta(hours=3), NOW) == "expired 3 h ago"
    assert words.expiry(None, NOW) == "no expiry stated"


@pytest.mark.parametrize(
    ("error", "piece"),
    [
        (UnreachableError(SERVICE_UNREACHABLE, "x"), "stays readable"),
        (UnreachableError("issuer_unreachable", "x"), "could not be finished"),
        (ExpiredError("offer_expired", "x"), "no longer be answered"),
        (ConflictError("already_answered", "x"), "already used"),
        (CairnError("odd", "x"), "did not work"),
    ],
)
def test_every_error_says_what_it_means_and_what_to_do(error: CairnError, piece: str) -> None:
    told = explain(error, "Nothing was sent.")
    assert piece in told.means.plain
    assert told.means.plain.startswith("Nothing was sent.")
    assert told.do.plain
    assert told.code.plain == error.code


def test_the_hint_of_the_service_comes_first() -> None:
    assert explain(InputError("x", "y", "Do this.")).do.plain == "Do this."


def test_wait_seconds_are_read_from_the_hint_and_bounded() -> None:
    assert words.wait_seconds(PassphraseError("wait", "x", "Wait 7 seconds.")) == 7
    assert words.wait_seconds(PassphraseError("wait", "x", "99999")) == 3600
    assert words.wait_seconds(PassphraseError("wrong_passphrase", "x", "7")) is None


def stack(required: str, counted: str, offered: str, *, met: bool = False) -> Stack:
    from wallet_tui.doc import Doc

    return Stack.read(
        Doc(
            {
                "target": {"id": "t"},
                "unit": "ects",
                "required": required,
                "counted": counted,
                "offered": offered,
                "missing": "1",
                "met": met,
            }
        )
    )


amounts = st.decimals(0, 300, places=2).map(str)


@given(amounts, amounts, amounts, st.booleans(), st.integers(4, 100))
def test_the_meter_always_fills_its_cells(
    required: str, counted: str, offered: str, met: bool, cells: int
) -> None:
    made = stack(required, counted, offered, met=met)
    parts = shares(made, cells)
    assert sum(parts) == cells
    assert min(parts) >= 0
    if not met and Decimal(required):
        assert parts[0] < cells, "a goal that is not met is never drawn full"


def test_the_meter_has_three_fillings() -> None:
    drawn = bar(stack("12", "6", "3"), 14).plain
    assert drawn == "[" + COUNTED * 6 + OFFERED * 3 + MISSING * 3 + "]"
    assert bar(stack("12", "12", "0", met=True), 14).plain == "[" + COUNTED * 12 + "]"

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tests.simulators.agent_service import AgentServiceSimulator, ProblemError
from tests.tui.conftest import WIDE, open_wallet
from wallet_tui.history_model import HistoryEntry, kind_words
from wallet_tui.screens.history import HistoryScreen


def queries(service: AgentServiceSimulator) -> list[dict[str, str]]:
    return [asked for path, asked in service.queries if path == "/v1/wallet/history"]


async def test_history_shows_who_what_when_and_names_only(service: AgentServiceSimulator) -> None:
    async with open_wallet(service, WIDE) as wallet:
        await wallet.press("4")
        await wallet.sees("✓ intact, 4 entries", "declined", "Crane course")
        await wallet.press("j")
        await wallet.sees(
            "Northwind Energy northwind.example", "· c0.title", "· c0.awarded_on", "Request hash"
        )
        assert "You shared data with them." in wallet.words


async def test_which_entry_is_broken_and_how_is_said(service: AgentServiceSimulator) -> None:
    service.intact = False
    service.breaks = [{"seq": 3, "how": "edited", "detail": "x"}, {"seq": 5, "how": "cut_off", "detail": "x"}]
    async with open_wallet(service) as wallet:
        await wallet.press("4")
        await wallet.sees(
            "✗ broken at entry 3: it was changed after it was written and in 1 other place",
            "✗ broken Internship",
        )
        await wallet.press("j", "enter")
        await wallet.sees("✗ broken: it was changed after it was written")
        service.intact, service.breaks = None, []
        await wallet.press("r")
        await wallet.sees("? unknown: every link of 4 entries holds")
        assert queries(service)[-1]["anew"] == "true"
        service.intact = False  # of a service that does not say where
        await wallet.press("r")
        await wallet.sees("✗ broken: an entry was changed or removed afterwards")


async def test_history_detail_in_one_pane(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        await wallet.press("4")
        await wallet.sees("intact, 4 entries")
        assert "Entry hash" not in wallet.text
        await wallet.press("enter")
        await wallet.sees("Entry hash")
        await wallet.press("escape")
        await wallet.until(lambda: "Entry hash" not in wallet.text)


async def test_finding_by_employer_and_words(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        await wallet.press("4")
        await wallet.sees("intact, 4 entries")
        await wallet.press("slash")
        await wallet.type("party:northwind intern", into="find")
        await wallet.sees("1 entry fits")
        asked = queries(service)[-1]
        assert (asked["party"], asked["q"]) == ("northwind", "intern")
        assert "Crane course" not in wallet.text
        await wallet.press("enter", "escape")
        await wallet.sees("Crane course")
        assert "fits" not in wallet.text


async def test_ten_thousand_entries_are_read_as_they_are_needed(service: AgentServiceSimulator) -> None:
    first = service.history[2]
    service.history = [first | {"seq": number, "title": f"Post {number}"} for number in range(1, 10_001)]
    async with open_wallet(service) as wallet:
        await wallet.press("4")
        await wallet.sees("✓ intact, 10000 entries", "Post 10000")
        screen = wallet.app.screen
        assert isinstance(screen, HistoryScreen)
        assert len(screen.rows.items) == 200
        await wallet.press("G")
        await wallet.until(lambda: len(screen.rows.items) == 400, "the next page")
        assert [entry.seq for entry in screen.rows.items] == list(range(10_000, 9_600, -1))
        assert screen.rows.current is not None
        assert screen.rows.current.seq == 9801  # the cursor stays where it was


async def test_an_empty_history_and_one_that_cannot_be_read(service: AgentServiceSimulator) -> None:
    service.history = []
    async with open_wallet(service) as wallet:
        await wallet.press("4")
        await wallet.sees("Nothing has happened yet.")
        for key in ("o", "y", "slash"):
            await wallet.press(key)
        assert wallet.toasts.count("Nothing has happened yet.") == 3
        service.fail["/v1/wallet/history"] = ProblemError(503, "vault_failed", "The vault cannot be read.")
        await wallet.press("r")
        await wallet.sees("✗ The vault cannot be read.")


async def test_it_is_written_to_a_file_and_never_over_another(
    service: AgentServiceSimulator, tmp_path: Path
) -> None:
    target = tmp_path / "history.json"
    async with open_wallet(service) as wallet:
        await wallet.press("4")
        await wallet.sees("intact, 4 entries")
        for expected in ("The history was written to", "There is a file of this name already."):
            await wallet.press("o")
            await wallet.sees("Write the history to a file")
            field = wallet.app.focused
            field.value = str(target)  # type: ignore[union-attr]
            await wallet.press("enter")
            await wallet.until(lambda says=expected: any(says in toast for toast in wallet.toasts), expected)  # type: ignore[misc]
            assert json.loads(target.read_text())["entries"] == service.history
        await wallet.sees("Write the history to a file")  # asked again, with what was typed
        await wallet.press("escape")
        await wallet.sees("intact, 4 entries")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("kind", "shown"),
    [("presented", "shared"), ("backed_up", "backed up"), ("quite_new", "quite new"), ("", "")],
)
def test_every_kind_is_worded_and_a_new_one_is_shown_as_it_came(kind: str, shown: str) -> None:
    assert kind_words(kind).plain == shown


def test_an_entry_without_anything_is_still_an_entry() -> None:
    from wallet_tui.doc import Doc
    from wallet_tui.screens.history import draw_entry, entry_lines

    entry = HistoryEntry.read(Doc({"seq": True, "claims": "x", "party": None}))
    assert entry.seq == 0
    assert all(line.cell_length == 60 for line in draw_entry(entry, 60))
    assert entry_lines(entry, 60)

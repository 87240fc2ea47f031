from __future__ import annotations

from tests.simulators.agent_service import AgentServiceSimulator
from tests.tui.conftest import WIDE, open_wallet


async def test_history_shows_who_what_when_and_names_only(service: AgentServiceSimulator) -> None:
    async with open_wallet(service, WIDE) as wallet:
        await wallet.press("4")
        await wallet.sees(
            "✓ pass chain of 4 entries: nothing was changed or removed", "declined", "Crane course"
        )
        await wallet.press("j")
        await wallet.sees(
            "Northwind Energy northwind.example", "· c0.title", "· c0.awarded_on", "Request hash"
        )


async def test_a_broken_chain_is_a_fail_and_an_unchecked_one_unknown(service: AgentServiceSimulator) -> None:
    service.intact = False
    async with open_wallet(service) as wallet:
        await wallet.press("4")
        await wallet.sees("✗ fail chain of 4 entries: an entry was changed or removed afterwards")
        service.intact = None
        await wallet.press("r")
        await wallet.sees("? unknown chain of 4 entries")


async def test_history_detail_in_one_pane(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        await wallet.press("4")
        await wallet.sees("chain of 4")
        assert "Entry hash" not in wallet.text
        await wallet.press("enter")
        await wallet.sees("Entry hash")
        await wallet.press("escape")
        await wallet.until(lambda: "Entry hash" not in wallet.text)


async def test_the_inbox_lists_what_waits_first_and_opens_it(service: AgentServiceSimulator) -> None:
    service.offers[0]["state"] = "accepted"
    async with open_wallet(service) as wallet:
        await wallet.press("2")
        await wallet.sees(
            "● to decide request Junior analyst", "⚑ look closely Site planner", "✓ accepted offer"
        )
        assert wallet.text.index("Certified Astral") < wallet.text.index("Green Transition")
        await wallet.press("enter")
        await wallet.sees("They say they keep it 90 days.")
        assert {method for method, _, _ in service.calls} == {"GET"}


async def test_an_empty_inbox_says_what_to_do(service: AgentServiceSimulator) -> None:
    service.offers, service.requests = [], []
    async with open_wallet(service) as wallet:
        await wallet.press("2")
        await wallet.sees("Nothing is waiting. Press a to add an offer or request by its link")

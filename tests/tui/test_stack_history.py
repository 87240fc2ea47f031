from __future__ import annotations

from tests.simulators.agent_service import AgentServiceSimulator
from tests.tui.conftest import open_wallet


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

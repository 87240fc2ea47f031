"""The inbox: what waits, what is done, what expired; it never opens anything by itself."""

from __future__ import annotations

import asyncio

from tests.simulators.agent_service import AgentServiceSimulator, ProblemError
from tests.tui.conftest import WIDE, open_wallet
from wallet_tui.screens.consent import ConsentScreen
from wallet_tui.screens.inbox import InboxScreen


async def test_age_expiry_and_how_many_of_each(service: AgentServiceSimulator, size: tuple[int, int]) -> None:
    service.requests[1] |= {"state": "expired", "expires_at": "2026-03-12T09:00:00+00:00"}
    service.offers[1]["state"] = "rejected"
    async with open_wallet(service, size) as wallet:
        await wallet.press("2")
        await wallet.sees("2 wait for you · 1 done · 1 expired", "115 min ago from Northwind Energy")
        await wallet.sees("northwind.example expires in 46 h")
        inbox = wallet.app.screen
        assert isinstance(inbox, InboxScreen)
        states = [entry.state for entry in inbox.rows.items]
        assert states == ["open", "open", "rejected", "expired"]
        assert all(line == line.rstrip("…") for line in wallet.text.splitlines() if "expires in" in line)


async def test_reading_then_an_error_then_empty(service: AgentServiceSimulator) -> None:
    """Each is said as what it is: an inbox that could not be read is not an empty one."""
    service.offers, service.requests = [], []
    service.hold, service.hold_path = asyncio.Event(), "/v1/wallet/offers"
    async with open_wallet(service) as wallet:
        await wallet.press("2")
        await wallet.sees("reading what is waiting")
        assert "Nothing is waiting" not in wallet.text
        service.fail["/v1/wallet/offers"] = ProblemError(
            503, "unavailable", "The agent is busy.", kind="AgentError"
        )
        service.hold.set()
        await wallet.sees("It did not work", "The agent is busy.", "unavailable")
        service.fail.clear()
        await wallet.press("r")
        await wallet.sees("Nothing is waiting. Press a")


async def test_with_the_service_away_what_was_read_stays_and_says_so(service: AgentServiceSimulator) -> None:
    async with open_wallet(service, WIDE) as wallet:
        await wallet.press("2")
        await wallet.sees("4 wait for you")
        service.go_down()
        await wallet.until(lambda: wallet.app.connection.error is not None)
        await wallet.press("r")
        await wallet.sees("Read-only", "This is how it was when it was last read.", "Northwind Energy")


async def test_what_arrives_is_listed_and_not_opened(service: AgentServiceSimulator) -> None:
    later = service.requests.pop()
    async with open_wallet(service) as wallet:
        await wallet.press("2")
        await wallet.sees("3 wait for you")
        await wallet.until(lambda: service.listeners)
        service.requests.append(later)
        service.emit("request", id=later["id"], state="open")
        await wallet.sees("4 wait for you")
        assert not isinstance(wallet.app.screen, ConsentScreen)

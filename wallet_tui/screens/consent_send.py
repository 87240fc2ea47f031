"""Sending: plan again, compare with the screen, and only then present exactly that plan."""

from __future__ import annotations

from dataclasses import dataclass

from agent.errors import ConsentError
from wallet_tui.request_model import Request
from wallet_tui.screens.consent_gate import difference
from wallet_tui.service import Wallet


@dataclass(frozen=True, slots=True)
class Differs:
    """The second reading differs from the screen: nothing was sent."""

    request: Request
    why: str


async def send_as_shown(wallet: Wallet, shown: Request) -> Request | Differs:
    """Plan again, compare with ``shown``, and only then present exactly that plan."""
    plan = shown.plan
    if plan is None:
        raise ConsentError("no_plan", "There is no plan to send.")
    include = plan.include()
    fresh = await wallet.plan(shown.id, include)
    why = difference(shown, fresh)
    if why:
        return Differs(fresh, why)
    return await wallet.present(shown.id, plan.hash, include)

"""Sending: plan again, compare with the screen, and only then present exactly that plan."""

from __future__ import annotations

from dataclasses import dataclass

from agent.errors import ConsentError
from wallet_tui.i18n import t
from wallet_tui.request_model import Request
from wallet_tui.screens.consent_changes import Changes, changes
from wallet_tui.service import Wallet


@dataclass(frozen=True, slots=True)
class Differs:
    """The second reading differs from the screen: nothing was sent."""

    request: Request
    what: Changes


async def send_as_shown(wallet: Wallet, shown: Request) -> Request | Differs:
    """Plan again (which asks for status and registry anew), compare with ``shown``, and only then present that plan."""
    plan = shown.plan
    if plan is None:
        raise ConsentError("no_plan", t("There is no plan to send."))
    fresh = await wallet.plan(shown.id, plan.switches())
    what = changes(shown, fresh)
    if what:
        return Differs(fresh, what)
    return await wallet.present(shown.id, plan.hash, plan.switches())

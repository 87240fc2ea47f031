"""What is held, read in one go and made ready for finding; and changes to several credentials, one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agent.errors import CairnError
from wallet_tui.find import Indexed
from wallet_tui.model import Credential
from wallet_tui.portfolio_model import Badge
from wallet_tui.service import Wallet


@dataclass(frozen=True, slots=True)
class Portfolio:
    """``badges_error`` says why pictures are not shown; the credentials are then all there is."""

    items: list[Indexed]
    badges: list[Badge]
    badges_error: CairnError | None = None


async def read_portfolio(wallet: Wallet) -> Portfolio:
    """Raises `CairnError` when the credentials cannot be read."""
    held = await wallet.credentials()
    # In a thread, as the reading: ten thousand would hold up the keys.
    items = await asyncio.to_thread(lambda: [Indexed.of(item) for item in held])
    try:
        return Portfolio(items, await wallet.badges())
    except CairnError as error:
        return Portfolio(items, [], error)


@dataclass(frozen=True, slots=True)
class Shelved:
    """``done`` are as they are now; ``error`` is why the rest was left as it was."""

    done: list[Credential]
    wanted: int
    error: CairnError | None = None


async def shelve_all(
    wallet: Wallet,
    changes: Mapping[str, Mapping[str, Any]],
    told: Callable[[int], None] = lambda _: None,
) -> Shelved:
    """Every change by itself: what breaks off leaves the ones before it changed, and says how many."""
    done: list[Credential] = []
    for identifier, change in changes.items():
        try:
            done.append(await wallet.shelve(identifier, change))
        except CairnError as error:
            return Shelved(done, len(changes), error)
        told(len(done))
    return Shelved(done, len(changes))

"""The wallet's benchmark still runs: on next to nothing, and without a look at the clock."""

from __future__ import annotations

import asyncio
from pathlib import Path

from agent.services.holding import CREDENTIAL
from agent.services.views import credential_detail
from agent.store.vault import Vault
from tests.bench import wallet_headless
from tests.bench.wallet_service import PASSPHRASE, filled_home


def test_a_filled_vault_holds_what_the_service_shows(tmp_path: Path) -> None:
    home = tmp_path / "home"
    filled_home(home, 7)

    async def shown() -> list[dict[str, object]]:
        vault = await Vault.open(home / "vault.db", PASSPHRASE)
        try:
            return [credential_detail(each, []) for each in await vault.all(CREDENTIAL)]
        finally:
            await vault.close()

    found = asyncio.run(shown())
    assert len({each["title"] for each in found}) == 7
    assert {each["state"] for each in found} == {"pass", "unknown", "fail"}


def test_filtering_and_scrolling_are_measured() -> None:
    async def measured() -> None:
        times = await wallet_headless.filtering(40, 1)
        assert times.count == sum(map(len, wallet_headless.QUERIES))
        pages, blank = await wallet_headless.scrolling(40, 100)
        assert pages.count < 100  # it came to the end
        assert blank == 0

    asyncio.run(measured())

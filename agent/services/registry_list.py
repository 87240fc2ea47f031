"""Keeping this machine's copy of the registry's list young, whether the wallet is locked or not.

Nobody waits for it, and it needs no vault. The copy answers when the registry does not; how old it is is said with
every answer (`agent.services.trust`).
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets

import structlog

from trust_registry.asking import Asker
from trust_registry.errors import TrustRegistryError

log = structlog.get_logger(__name__)

EVERY_SECONDS = 15 * 60.0
RETRY_SECONDS = (5.0, 15.0, 60.0, 5 * 60.0, EVERY_SECONDS)
LEAST_SECONDS = 10.0  # however often an answer shows that the copy is behind
JITTER = 0.2  # so that a thousand wallets started together do not ask together for ever


class ListKeeper:
    """``problem``: the code of what went wrong at the last attempt, empty when it went well."""

    def __init__(self, asker: Asker) -> None:
        self.problem = ""
        self._asker = asker
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Fetch at once, then every quarter of an hour, and when an answer shows that there is something newer."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="registry list")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._asker.close()

    async def _run(self) -> None:
        failures = 0
        while True:
            if await self._sync():
                failures = 0
                await asyncio.sleep(_about(LEAST_SECONDS))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._asker.behind.wait(), _about(EVERY_SECONDS - LEAST_SECONDS))
            else:
                await asyncio.sleep(_about(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)]))
                failures += 1

    async def _sync(self) -> bool:
        before, self.problem = self.problem, await self._attempt()
        if self.problem and self.problem != before:  # a registry that is away is said once, not every minute
            log.warning("the registry's list was not fetched", code=self.problem)
        return not self.problem

    async def _attempt(self) -> str:
        try:
            await self._asker.sync()
        except TrustRegistryError as error:
            return error.code
        return ""


def _about(seconds: float) -> float:
    return seconds * (1 - JITTER + 2 * JITTER * secrets.SystemRandom().random())

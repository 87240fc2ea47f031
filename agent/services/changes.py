"""Waiting until ACA-Py says something about a thread or a connection."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from agent.acapy.events import Event

KEPT = 8192
OUR_OWN = frozenset({"request-sent", "proposal-sent"})  # what we just did ourselves is no news


class Changes:
    """Counts webhooks per thread and connection, so that nothing said between two looks is missed.

    Read `count`, then the record itself, then `wait` for a higher count: a lost webhook costs the time-out
    and nothing else.
    """

    def __init__(self) -> None:
        self._counts: OrderedDict[str, int] = OrderedDict()
        self._waiting: dict[str, set[asyncio.Event]] = {}

    def note(self, event: Event) -> None:
        if event.state in OUR_OWN:
            return
        for name in ("thread_id", "connection_id"):
            if key := event[name]:
                self._counts[key] = self._counts.get(key, 0) + 1
                self._counts.move_to_end(key)
                for waiter in self._waiting.get(key, ()):
                    waiter.set()
        while len(self._counts) > KEPT:
            self._counts.popitem(last=False)

    def count(self, key: str) -> int:
        return self._counts.get(key, 0)

    async def wait(self, key: str, since: int, *, seconds: float) -> None:
        """Return when the count differs from ``since``, at the latest after ``seconds``."""
        if self.count(key) != since:
            return
        waiter = asyncio.Event()
        self._waiting.setdefault(key, set()).add(waiter)
        try:
            await asyncio.wait_for(waiter.wait(), seconds)
        except TimeoutError:
            pass
        finally:
            waiters = self._waiting[key]
            waiters.discard(waiter)
            if not waiters:
                del self._waiting[key]

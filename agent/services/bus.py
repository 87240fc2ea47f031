"""Events inside one agent service: what the terminal and the CLI learn of through server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

QUEUE = 1000  # a listener that falls this far behind is cut off; it re-reads everything when it comes back


@dataclass(frozen=True, slots=True)
class Event:
    """``name`` is one of status, step, credential, offer, request, verdict, notice; ``data``: ids and states only."""

    name: str
    data: dict[str, Any]


class Bus:
    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[Event | None]] = set()

    def publish(self, name: str, /, **data: Any) -> None:
        event = Event(name, data)
        for queue in list(self._queues):
            try:
                queue.put_nowait(event)
            except asyncio.QueueFull:
                self._queues.discard(queue)

    def close(self) -> None:
        """End every listener."""
        for queue in self._queues:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(None)
        self._queues.clear()

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[asyncio.Queue[Event | None]]:
        queue: asyncio.Queue[Event | None] = asyncio.Queue(QUEUE)
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.discard(queue)

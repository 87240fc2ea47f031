"""AnonCreds revocation lists for one round of checks: each is fetched once, however many credentials it covers."""

from __future__ import annotations

import asyncio

from agent.net.objects import ObjectResolver, Resolved


class StatusLists:
    def __init__(self, objects: ObjectResolver) -> None:
        self._objects = objects
        self._asked: dict[str, asyncio.Task[Resolved]] = {}

    async def newest(self, rev_reg_id: str) -> Resolved:
        """Raises as `ObjectResolver.revocation_list`."""
        if rev_reg_id not in self._asked:
            self._asked[rev_reg_id] = asyncio.create_task(self._objects.revocation_list(rev_reg_id))
        return await asyncio.shield(self._asked[rev_reg_id])

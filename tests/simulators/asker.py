"""`trust_registry.asking.Asker` over the simulated registry, without signatures and files.

The real one has its own tests (tests/unit/trust_registry/test_asking.py), and one with agents around it
(tests/unit/services/test_registry_list.py).
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from agent.services import clock
from tests.simulators.registry import Registry
from trust_registry.answered import Answered, Source
from trust_registry.client import RegistryClient
from trust_registry.errors import RegistryUnreachable, SnapshotError, TrustRegistryError
from trust_registry.looking import Look
from trust_registry.models import Decision, Query, SnapshotInfo
from trust_registry.resolve import freshness


class SimulatedAsker:
    """``registry.copy_age`` None: there is no copy. In mode ``forged`` no answer is the registry's."""

    def __init__(self, client: RegistryClient, registry: Registry) -> None:
        self.behind = asyncio.Event()
        self._client, self._registry = client, registry

    async def ask(self, query: Query) -> Answered:
        self._registry.questions.append(query)
        unchecked = () if query.country else ("country",)
        try:
            decision = await self._client.resolve(query)
        except RegistryUnreachable:
            age = self._registry.copy_age
            if age is None:
                raise
            copied = self._registry.decision(query.did) | {"snapshot": self._aged(age).to_json()}
            found = Decision.from_json(copied)
            return Answered(found, Source.COPY, clock.now() - age, ("registry", *unchecked))
        if self._registry.mode == "forged":
            raise TrustRegistryError("answer_not_authentic", "The answer does not hold (bad_signature).")
        return Answered(decision, Source.REGISTRY, clock.now(), unchecked)

    async def standing(self) -> SnapshotInfo | None:
        age = self._registry.copy_age
        return None if age is None else self._aged(age)

    async def look(self) -> Look:
        raise RegistryUnreachable("There is no list here.")

    async def sync(self) -> None:
        if self._registry.mode == "forged":
            raise SnapshotError("wrong_root", "The registry's first root is not the pinned one.")
        if self._registry.mode != "up":
            raise RegistryUnreachable("The registry does not answer.")
        self._registry.fetched.append(clock.now())

    def close(self) -> None:
        pass

    def _aged(self, age: timedelta) -> SnapshotInfo:
        issued: datetime = clock.now() - age
        plain = self._registry.list_in_force() | {
            "issued_at": clock.stamp(issued),
            "age_seconds": int(age.total_seconds()),
            "freshness": str(freshness(age)),
        }
        return SnapshotInfo.from_json(plain)

"""A town of its own for every test that changes it; making one takes well under a second."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.services import asking, holding, identity, sending, trust
from tests.simulators.town import Member, Town, town


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost webhook costs milliseconds here, and the registry is asked anew each time."""
    monkeypatch.setattr(holding, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(sending, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(identity, "REGISTRY_RETRY_SECONDS", 0.02)
    # Tests change what the registry answers from one call to the next.
    monkeypatch.setattr(trust, "MEMORY_SECONDS", -1.0)
    assert asking.RESPONSE_SECONDS > 10


@pytest.fixture
async def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Town]:
    async with town(tmp_path, monkeypatch) as built:
        yield built


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """For tests that leave no trace; ``munster``, ``learner`` and ``employer`` live there."""
    with pytest.MonkeyPatch.context() as patch:
        async with town(tmp_path_factory.mktemp("town"), patch) as built:
            await built.university()
            await built.learner()
            await built.employer()
            yield built


@pytest.fixture
async def university(place: Town) -> Member:
    return await place.university()


@pytest.fixture
async def learner(place: Town) -> Member:
    return await place.learner()


@pytest.fixture
async def employer(place: Town) -> Member:
    return await place.employer()

"""One universe of real agents for all integration tests: starting it takes half a minute.

Real ACA-Py processes, real DIDComm, the real registry service. Tests make their own offers and requests;
those that kill processes bring them back.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.cli.universe import Universe


@pytest.fixture(scope="session")
async def universe(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Universe]:
    root: Path = tmp_path_factory.mktemp("universe")
    running = Universe(root)
    try:
        await running.start()
        yield running
    finally:
        await running.stop()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The story comes first: it counts what the learner holds, and the other tests add to it."""
    items.sort(key=lambda item: "test_story" not in item.nodeid)

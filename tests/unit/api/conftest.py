"""One town for all tests of a file; they look and are refused, and change nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.simulators.town import Town, town


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """``munster``, ``learner`` and ``employer``, unlocked."""
    with pytest.MonkeyPatch.context() as patch:
        async with town(tmp_path_factory.mktemp("town"), patch) as built:
            await built.university()
            await built.learner()
            await built.employer()
            yield built


@pytest.fixture
async def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Town]:
    async with town(tmp_path, monkeypatch) as built:
        yield built

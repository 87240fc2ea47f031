"""The European Learning Model's files for tests: they do not come with the software."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.services import elm
from agent.settings import default_root

BESIDE = Path(__file__).resolve().parents[4] / "shared" / "data" / "elm"


def folder() -> Path:
    """The copy beside this clone, else an installed one; else the test is skipped, with the reason."""
    for place in (BESIDE, elm.folder_of(default_root() / "elm")):
        if all((place / file.name).is_file() for file in elm.FILES):
            return place
    return pytest.skip(
        "the European Learning Model is neither in ../shared/data/elm nor installed (cairn elm install)"
    )


def contents() -> dict[str, bytes]:
    place = folder()
    return {file.name: (place / file.name).read_bytes() for file in elm.FILES}

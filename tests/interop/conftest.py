"""The foreign processes, one of each for all tests, given our contexts and the DID documents of the keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from agent.vc import contexts
from tests.interop import bridges, keys


@pytest.fixture(scope="session")
def documents() -> dict[str, Any]:
    """What a verifier elsewhere could look up: the published contexts and the DID documents."""
    found: dict[str, Any] = {url: contexts.load(url) for url in contexts.manifest()}
    for key in (keys.ISSUER, keys.WEB_ISSUER, keys.HOLDER, keys.STRANGER):
        found[key.controller] = key.document()
    return found


@pytest.fixture(scope="session")
def node(documents: dict[str, Any]) -> Iterator[bridges.Bridge]:
    """npm's @digitalbazaar/vc and @digitalcredentials/verifier-core."""
    try:
        folder = bridges.node_folder()
    except bridges.NotInstallableError as reason:
        pytest.skip(f"npm packages: {reason}")
    bridge = bridges.Bridge("node", bridges.HERE / "bridge.mjs", folder, cwd=folder)
    bridge.ask("documents", documents=documents)
    yield bridge
    bridge.close()


@pytest.fixture(scope="session")
def openvc(documents: dict[str, Any]) -> Iterator[bridges.Bridge]:
    """PyPI's openvc-core."""
    try:
        python = bridges.python_of_openvc()
    except bridges.NotInstallableError as reason:
        pytest.skip(f"openvc-core: {reason}")
    bridge = bridges.Bridge(python, "-I", bridges.HERE / "openvc_bridge.py", cwd=python.parent)
    bridge.ask("documents", given=documents)
    yield bridge
    bridge.close()

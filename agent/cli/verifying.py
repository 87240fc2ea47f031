"""Where `cairn verify` verifies: in the agent's service if one runs, else in this process.

The service knows the registry and has keys at hand; the result is the same, because both run
`agent.services.documents`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agent.cli.documents import read_file
from agent.errors import UnreachableError


async def examined(what: str, *, challenge: str | None, domain: str | None, home: Path) -> dict[str, Any]:
    """The document that `Examination.to_json` gives. Raises `CairnError`."""
    if "://" not in what:
        data = read_file(what)
        found = await _by_service(data, challenge, domain, home)
        if found is not None:
            return found
        return await _alone(data, "", challenge, domain, home)
    return await _alone(b"", what, challenge, domain, home)


async def _by_service(
    data: bytes, challenge: str | None, domain: str | None, home: Path
) -> dict[str, Any] | None:
    """None when no service runs there."""
    if not (home / "service.json").exists():
        return None
    from agent.client import SERVICE_UNREACHABLE, AgentClient

    params = {
        name: value for name, value in (("challenge", challenge), ("domain", domain)) if value is not None
    }
    try:
        async with AgentClient.from_home(home) as api:
            return await api.post_bytes("/v1/verify", data, params)
    except UnreachableError as error:
        if error.code != SERVICE_UNREACHABLE:
            raise
        return None


async def _alone(
    data: bytes, url: str, challenge: str | None, domain: str | None, home: Path
) -> dict[str, Any]:
    from agent.services import documents
    from agent.services.standalone import Standalone

    settings = None
    if (home / "agent.json").exists():
        from agent.settings import load_settings

        settings = load_settings(home)
    async with Standalone(settings, home) as verifier:
        if url:
            data = await verifier.fetch(url)
        return (await documents.examine(verifier, data, challenge=challenge, domain=domain)).to_json()

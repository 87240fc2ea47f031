"""A wallet moves to another machine by its backup file alone, and presents from there."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.cli.universe import MEMBERS, PASSPHRASE, Universe
from agent.client import AgentClient
from agent.errors import CairnError
from tests.integration import steps

SECOND, THIRD = "another machine's words", "words of the file"


async def _cairn(*arguments: str, passphrases: tuple[str, ...] = ()) -> str:
    """Run one command; ``passphrases`` are readable at the file descriptors given as ``{0}``, ``{1}``."""
    pipes = []
    for passphrase in passphrases:
        reader, writer = os.pipe()
        os.write(writer, f"{passphrase}\n".encode())
        os.close(writer)
        pipes.append(reader)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "agent.cli.main", *(each.format(*pipes) for each in arguments)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        pass_fds=tuple(pipes),
    )
    said, complained = await process.communicate()
    for reader in pipes:
        os.close(reader)
    assert process.returncode == 0, complained.decode()
    return said.decode()


async def _history(api: AgentClient) -> list[dict[str, Any]]:
    found = await api.get("/v1/wallet/history")
    assert found["intact"]
    entries: list[dict[str, Any]] = found["entries"]
    return entries


async def test_a_restored_wallet_presents(universe: Universe, tmp_path: Path) -> None:
    made = await steps.offer(universe)
    accepted = await steps.accept(universe, made["link"])
    assert accepted["state"] == "accepted"
    file = tmp_path / "stick" / "wallet.cairn"
    file.parent.mkdir()
    command = ("backup", str(file), "--home", str(universe.home("learner")), "--passphrase-fd", "{0}")
    said = await _cairn(*command, passphrases=(THIRD,))
    assert "read back and complete" in said
    async with universe.client("learner") as api:
        held = (await api.get("/v1/wallet/credentials"))["credentials"]
        before = await _history(api)
        assert before[-1]["kind"] == "backed_up"
        assert (await api.get("/v1/status"))["backup"]["made_at"]
    checked = await _cairn("backup-check", str(file), "--passphrase-fd", "{0}", passphrases=(THIRD,))
    assert f"{len(held)} credential(s)" in checked

    # The other machine: a folder that did not exist, other ports, nothing but the file.
    other = Universe(
        tmp_path / "machine",
        members=tuple(each for each in MEMBERS if each.id == "learner"),
        registry_url=universe.registry_url,
        registry_root=universe.registry_root,
    )
    home = other.home("learner")
    command = (
        "restore",
        str(file),
        "--home",
        str(home),
        "--passphrase-fd",
        "{0}",
        "--new-passphrase-fd",
        "{1}",
    )
    await universe.stop_one("learner", signal.SIGKILL)  # the first machine is gone
    try:
        await _cairn(*command, passphrases=(THIRD, PASSPHRASE))
        await other.start_agent("learner")
        async with other.client("learner") as api:
            assert (await api.get("/v1/wallet/credentials"))["credentials"] == held
            after = await _history(api)
            assert after[: len(before) - 1] == before[:-1]
            assert after[-1]["kind"] == "restored"
            request = await steps.ask(universe)
            shown = await api.post("/v1/wallet/requests/review", {"link": request["link"]})
            sent = await api.post(
                f"/v1/wallet/requests/{shown['id']}/present", {"expect": shown["plan"]["hash"]}
            )
            assert sent["state"] == "sent", sent["error"]

            async def judged() -> list[steps.Document] | None:
                found = [
                    each for each in await steps.answers(universe, request) if each["verdict"] is not None
                ]
                return found or None

            (answer,) = await steps.until(judged, "the verdict", 120)
            parts = {part["name"]: part["result"] for part in answer["verdict"]["parts"]}
            assert parts["authentic"] == "pass", answer["verdict"]
            # A new credential needs the link secret too, and joins the others.
            again = await steps.offer(universe)
            reviewed = await api.post("/v1/wallet/offers/review", {"link": again["link"]})
            assert (await api.post(f"/v1/wallet/offers/{reviewed['id']}/accept"))["state"] == "accepted"
            body = {"path": str(file), "passphrase": THIRD, "new_passphrase": SECOND}
            with pytest.raises(CairnError, match="wallet_exists"):
                await api.post("/v1/restore", body)
    finally:
        await other.stop()
        await universe.start_agent("learner")

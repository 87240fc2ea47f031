"""Answers that say no, and services that stop when told."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from agent.cli.universe import PASSPHRASE, Universe
from agent.errors import CairnError
from agent.settings import Role, create_home
from tests.integration import steps


async def test_a_rejection_reaches_the_issuer_and_ends_the_link(universe: Universe) -> None:
    made = await steps.offer(universe)
    async with universe.client("learner") as learner, universe.client("munster-tu") as issuer:
        reviewed = await learner.post("/v1/wallet/offers/review", {"link": made["link"]})
        rejected = await learner.post(
            f"/v1/wallet/offers/{reviewed['id']}/reject", {"reason": "Not my course."}
        )
        assert rejected["state"] == "rejected"
        seen = await issuer.get(f"/v1/issuer/offers/{made['id']}")
        assert (seen["state"], seen["reason"]) == ("rejected", "Not my course.")
        with pytest.raises(CairnError, match="not_open"):
            await learner.post(f"/v1/wallet/offers/{reviewed['id']}/accept")
        with pytest.raises(CairnError, match="not_issued"):
            await issuer.post(f"/v1/issuer/offers/{made['id']}/revoke")


async def test_a_used_link_is_refused_to_a_second_wallet(universe: Universe) -> None:
    made = await steps.offer(universe)
    assert (await steps.accept(universe, made["link"]))["state"] == "accepted"

    async def issued() -> bool | None:
        async with universe.client("munster-tu") as issuer:
            return (
                True if (await issuer.get(f"/v1/issuer/offers/{made['id']}"))["state"] == "issued" else None
            )

    await steps.until(issued, "the issuer to know")
    async with universe.client("munster-tu") as issuer:
        public = (await issuer.get("/v1/status"))["public_url"]
    async with httpx.AsyncClient() as http:
        assert (await http.get(made["link"])).status_code == 409
        assert (await http.post(f"{made['link']}/accept", json={})).status_code == 409
        assert (await http.get(f"{public}/o/AAAAAAAAAAAAAAAA")).status_code == 404


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
async def test_a_service_told_to_stop_leaves_nothing_behind(
    universe: Universe, tmp_path: Path, signum: signal.Signals
) -> None:
    home = tmp_path / "home"
    create_home(
        home, name="Test", roles=frozenset({Role.HOLDER}), registry_url=universe.registry_url, demo=True
    )
    reader, writer = os.pipe()
    os.write(writer, f"{PASSPHRASE}\n".encode())
    os.close(writer)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "agent.cli.main", "agent", "run", "--home", str(home), "--passphrase-fd", str(reader)),
        pass_fds=(reader,),
        stderr=asyncio.subprocess.DEVNULL,
    )
    os.close(reader)
    parent = psutil.Process(process.pid)
    assert PASSPHRASE not in " ".join(parent.cmdline())

    async def child() -> psutil.Process | None:
        found = [
            each for each in parent.children(recursive=True) if "acapy_agent" in " ".join(each.cmdline())
        ]
        return found[0] if found else None

    acapy = await steps.until(child, "ACA-Py to start")
    # No secret in the arguments of ACA-Py either: they are readable by every user of the machine.
    secret_options = {"--wallet-key", "--admin-api-key", "--webhook-url"}
    assert not secret_options & set(acapy.cmdline())
    process.send_signal(signum)
    assert await process.wait() == 0
    assert not acapy.is_running() or acapy.status() == psutil.STATUS_ZOMBIE
    assert not (home / "service.json").exists()

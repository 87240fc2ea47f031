"""Locking, a registry or an issuer that is away, logs, and processes that end with their parents.

kill -9 in the middle of an exchange: `tests.integration.test_kills`.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from agent.cli.universe import Universe
from agent.errors import CairnError
from tests.integration import steps
from tests.integration.kills import acapy_of


async def _verdicts(universe: Universe, request: steps.Document) -> list[steps.Document]:
    return [answer for answer in await steps.answers(universe, request) if answer["verdict"] is not None]


async def test_a_locked_wallet_forgets_its_key_and_comes_back(universe: Universe) -> None:
    async with universe.client("learner") as api:
        process = acapy_of(universe, "learner")
        assert (await api.post("/v1/lock"))["lock"] == "locked"
        assert not process.is_running()
        with pytest.raises(CairnError, match="locked"):
            await api.get("/v1/wallet/credentials")
        with pytest.raises(CairnError, match="wrong_passphrase"):
            await api.post("/v1/unlock", {"passphrase": "not the passphrase"})
        with pytest.raises(CairnError, match="wait"):
            await api.post("/v1/unlock", {"passphrase": "not the passphrase"})
        await asyncio.sleep(1.1)
        await api.post("/v1/unlock", {"passphrase": "cairn-demo-passphrase"})
        await (await steps.unlocked(universe, "learner")).aclose()
        assert isinstance((await api.get("/v1/wallet/credentials"))["credentials"], list)


async def _copied(universe: Universe, member: str) -> bool | None:
    """Whether a member's copy of the registry's list has both bindings. The registry publishes what was bound
    within half a minute, and an answer that says more than the copy sends the agent for the new list."""
    try:
        found = json.loads((universe.home(member) / "registry-copy" / "current.json").read_text())
    except FileNotFoundError:
        return None
    last = [file["custom"]["last"] for file in found["files"] if file["name"] == "bindings.sqlite"]
    return True if last[0] >= 2 else None


async def test_the_copy_answers_for_a_registry_that_is_away_and_says_how_old_it_is(
    universe: Universe,
) -> None:
    made = await steps.offer(universe)
    accepted = await steps.accept(universe, made["link"])
    assert accepted["state"] == "accepted"
    request = await steps.ask(universe, max_responses=2)
    shown = await steps.review(universe, request["link"])
    async with universe.client("learner") as api:
        await api.post(f"/v1/wallet/requests/{shown['id']}/present", {"expect": shown["plan"]["hash"]})

    async def judged() -> steps.Document | None:
        return next(iter(await _verdicts(universe, request)), None)

    answer = await steps.until(judged, "the verdict", 120)

    async def known_to_both() -> bool | None:
        async with universe.client("learner") as learner, universe.client("employer") as employer:
            await learner.post(f"/v1/wallet/credentials/{accepted['credential_id']}/recheck")
            await employer.post(f"/v1/verifier/responses/{answer['id']}/recheck")
        await asyncio.sleep(1)
        return await _copied(universe, "learner") and await _copied(universe, "employer")

    await steps.until(known_to_both, "the copies to have the bindings", 120)
    await universe.stop_one("registry", signal.SIGKILL)
    try:
        async with universe.client("learner") as learner, universe.client("employer") as employer:
            status = (await learner.get("/v1/status"))["registry"]
            assert (status["state"], status["root"], status["problem"]) == ("copy", "pinned", "")
            assert status["snapshot"]["freshness"] == "fresh"
            checked = await learner.post(f"/v1/wallet/credentials/{accepted['credential_id']}/recheck")
            rows = {check["code"]: check for check in checked["checks"]}
            for code in ("institution", "accreditation", "registry_list"):
                assert rows[code]["result"] == "pass", rows[code]
            assert "from the copy on this machine, less than an hour old" in rows["registry_list"]["detail"]
            unchecked = [each["label"] for each in rows["accreditation"]["evidence"]]
            assert "registry" in unchecked
            # The employer's verdict too, and the wallet plans with it; also after a restart of either.
            for restarted in (False, True):
                if restarted:
                    for member in ("learner", "employer"):
                        await universe.stop_one(member)
                        await universe.start_agent(member)
                again = await employer.post(f"/v1/verifier/responses/{answer['id']}/recheck")
                parts = {part["name"]: part for part in again["verdict"]["parts"]}
                (quality,) = parts["quality_assured"]["checks"]
                assert quality["result"] == "pass", quality
                assert "from the copy on this machine" in quality["detail"]
                other = await steps.ask(universe)
                assert (await steps.review(universe, other["link"]))["plan"] is not None
    finally:
        await universe.start_registry()
    async with universe.client("learner") as learner:
        checked = await learner.post(f"/v1/wallet/credentials/{accepted['credential_id']}/recheck")
        (row,) = (check for check in checked["checks"] if check["code"] == "registry_list")
        assert "signed answer just now" in row["detail"]


async def test_registry_down_is_unknown_and_never_pass_or_fail(universe: Universe) -> None:
    """Where there is no copy of its list either: nothing the registry said before counts."""
    made = await steps.offer(universe)
    accepted = await steps.accept(universe, made["link"])
    assert accepted["state"] == "accepted"
    request = await steps.ask(universe)
    shown = await steps.review(universe, request["link"])
    await universe.stop_one("registry")
    await universe.stop_one("learner")
    shutil.rmtree(universe.home("learner") / "registry-copy")
    await universe.start_agent("learner")
    try:
        async with universe.client("learner") as api:
            assert (await api.get("/v1/status"))["registry"]["state"] == "unreachable"
            checked = await api.post(f"/v1/wallet/credentials/{accepted['credential_id']}/recheck")
            rows = {check["code"]: check for check in checked["checks"]}
            for code in ("institution", "accreditation", "registry_list"):
                assert rows[code]["result"] == "unknown"
                assert rows[code]["reason"] == "registry_unreachable"
            assert rows["signature"]["result"] == "pass"
            planned = await api.get(f"/v1/wallet/requests/{shown['id']}")
            assert planned["plan"] is None
            assert planned["missing"]
    finally:
        await universe.start_registry()
    async with universe.client("learner") as api:
        again = await api.get(f"/v1/wallet/requests/{shown['id']}")
        sent = await api.post(f"/v1/wallet/requests/{shown['id']}/present", {"expect": again["plan"]["hash"]})
        assert sent["state"] == "sent"


async def test_a_credential_verifies_while_its_issuer_is_offline(universe: Universe) -> None:
    """What a bound issuer published is mirrored at the registry (002:790, 002:1365)."""
    made = await steps.offer(universe, "fh-joanneum", "human-machine-interaction")
    accepted = await steps.accept(universe, made["link"])
    assert accepted["state"] == "accepted"
    await _mirrored(universe, "fh-joanneum")
    await universe.stop_one("fh-joanneum")
    try:
        async with universe.client("learner") as api:
            checked = await api.post(f"/v1/wallet/credentials/{accepted['credential_id']}/recheck")
        rows = {check["code"]: check for check in checked["checks"]}
        assert rows["status"]["result"] == "pass", rows["status"]
        assert rows["issuer_key"]["result"] == "pass", rows["issuer_key"]
        assert checked["state"] == "pass", checked["headline"]
    finally:
        await universe.start_agent("fh-joanneum")


async def _mirrored(universe: Universe, member: str) -> None:
    folder = universe.home(member) / "public" / "to-mirror"

    async def empty() -> bool | None:
        return True if not list(folder.glob("*~*")) else None

    await steps.until(empty, "the mirror to have everything")


async def test_a_marker_in_a_credential_reaches_no_log(universe: Universe) -> None:
    marker = "Zq7Marker9Xv"
    made = await steps.offer(universe, given_name=marker, family_name=marker, id=f"id-{marker}")
    assert (await steps.accept(universe, made["link"]))["state"] == "accepted"
    policy = steps.TITLE_POLICY | {
        "claims": [
            *steps.TITLE_POLICY["claims"],
            {"claim": "given_name", "required": True, "disclose": "reveal"},
        ]
    }
    request = await steps.ask(universe, policy)
    shown = await steps.review(universe, request["link"])
    async with universe.client("learner") as api:
        await api.post(f"/v1/wallet/requests/{shown['id']}/present", {"expect": shown["plan"]["hash"]})

    async def judged() -> list[steps.Document] | None:
        return await _verdicts(universe, request) or None

    await steps.until(judged, "the verdict")
    logs = [path for path in universe.root.rglob("*.log*") if path.is_file()]
    assert len(logs) >= 10
    for path in logs:
        assert marker not in path.read_text(errors="replace"), path
    # Nor does it lie readable anywhere on disk: the vaults and ACA-Py's stores are encrypted.
    for path in universe.root.rglob("*"):
        if path.is_file():
            assert marker.encode() not in path.read_bytes(), path


async def test_port_taken_is_one_clear_error(universe: Universe, tmp_path: Path) -> None:
    """A second service on the same home finds the port taken and says what to do."""
    home = universe.home("employer")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "agent.cli.main", "agent", "run", "--home", str(home)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    _, err = await process.communicate()
    assert process.returncode == 1
    assert b"port_taken" in err
    assert b"Traceback" not in err
    async with universe.client("employer") as api:  # the first one is not disturbed
        assert (await api.get("/v1/status"))["agent"]["state"] == "ready"


async def test_public_listener_offers_nothing_private(universe: Universe) -> None:
    async with universe.client("munster-tu") as api:
        public = (await api.get("/v1/status"))["public_url"]
    async with httpx.AsyncClient(base_url=public) as http:
        for path in ("/v1/status", "/v1/issuer/offers", "/internal/objects/x", "/docs", "/openapi.json"):
            assert (await http.get(path)).status_code == 404, path
        assert (await http.get("/.well-known/did.json")).json()["id"].startswith("did:web:localhost%3A")


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's own")
async def test_sigkill_of_everything_above_leaves_no_process(tmp_path: Path) -> None:
    """`cairn up` killed outright: its services and their ACA-Pys end with it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "agent.cli.main", "up", "--root", str(tmp_path)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    parent = psutil.Process(process.pid)

    async def started() -> list[psutil.Process] | None:
        found = parent.children(recursive=True)
        named = [child for child in found if "acapy_agent" in " ".join(child.cmdline())]
        return found if named else None

    children = await steps.until(started, "ACA-Py processes")
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()

    async def gone() -> bool | None:
        alive = [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
        return True if not alive else None

    await steps.until(gone, "every process to end")

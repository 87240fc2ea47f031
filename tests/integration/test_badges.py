"""Open Badges with real agents: beside the credential, in a file, in another process, without their issuer."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from agent.cli.universe import Universe
from agent.client import AgentClient
from agent.errors import InputError
from tests.integration import steps
from tests.integration.steps import Document

LEARNER = {"given_name": "Niamh", "family_name": "Walsh"}


@pytest.fixture(scope="module")
async def made(universe: Universe) -> Document:
    """An offer that was accepted, with the credential and its badge as a picture."""
    offer = await steps.offer(universe, template="sustainable-energy", **LEARNER)
    accepted = await steps.accept(universe, offer["link"])
    assert accepted["badge"]["state"] == "kept", accepted
    async with universe.client("learner") as api:
        image, remarks = await _export(api, accepted["credential_id"], "png")
    assert any("sees all of it" in remark for remark in remarks)
    return {"offer": offer, "credential": accepted["credential_id"], "image": image}


async def _export(api: AgentClient, id: str, form: str, **more: str) -> tuple[bytes, list[str]]:
    return await api.file("GET", f"/v1/wallet/credentials/{id}/export", params={"as": form, **more})


def results(document: Document, part: int = 0) -> dict[str, str]:
    checks = document["verdict"]["parts"][part]["checks"]
    return {
        check["code"]: check["result"] + (f" {check['reason']}" if check["reason"] else "")
        for check in checks
    }


async def test_the_badge_is_the_same_credential_and_one_row_of_it(universe: Universe, made: Document) -> None:
    async with universe.client("learner") as api:
        detail = await api.get(f"/v1/wallet/credentials/{made['credential']}")
        badge = json.loads((await _export(api, made["credential"], "open-badge"))[0])
    row = next(check for check in detail["checks"] if check["code"] == "also_ldp_vc")
    assert (row["result"], row["reason"]) == ("pass", "")
    assert detail["state"] == "pass"
    assert badge["name"] == detail["title"]
    assert badge["proof"][0]["cryptosuite"] == "eddsa-rdfc-2022"
    assert badge["proof"][0]["verificationMethod"] == f"{detail['issuer']['did']}#key-1"
    assert "2000-01-01" not in json.dumps(badge)


async def test_a_file_comes_back_into_the_wallet_as_its_own(universe: Universe, made: Document) -> None:
    async with universe.client("learner") as api:
        badge, _ = await _export(api, made["credential"], "svg")
        taken = await api.post_bytes("/v1/wallet/import", badge, {"name": "badge.svg"})
        assert (taken["import"], taken["id"], taken["state"]) == ("known", made["credential"], "pass")
        # ACA-Py has the key of its subject, so it can be presented.
        asked = {"challenge": "c-1", "domain": "employer.example"}
        shown, _ = await _export(api, made["credential"], "presentation", **asked)
    async with universe.client("employer") as employer:
        found = await employer.post_bytes("/v1/verify", shown, asked)
        assert found["result"] == "pass", results(found)
        tampered = json.loads(shown)
        tampered["verifiableCredential"][0]["name"] = "Doctor of Everything"
        found = await employer.post_bytes("/v1/verify", json.dumps(tampered).encode(), asked)
        assert results(found)["presentation_signature"].startswith("fail")


async def test_no_agent_is_needed_to_verify(universe: Universe, made: Document, tmp_path: Path) -> None:
    """`cairn verify` in a process of its own, by the settings of a home whose service does not run."""
    picture = tmp_path / "badge.png"
    picture.write_bytes(made["image"])
    known = await _verify(picture, _root_with_settings(universe, tmp_path))
    assert (known[0], known[1]["result"]) == (0, "pass"), known
    # Without any home: no demonstration, so the issuer's loopback address is not opened, and no registry is known.
    code, found = await _verify(picture, tmp_path / "nothing")
    assert code == 5
    assert results(found)["issuer_key"] == "unknown private_address"
    assert results(found, 1)["accreditation"] == "unknown issuer_key_unknown"


def _root_with_settings(universe: Universe, folder: Path) -> Path:
    """A data folder in which no service runs, with the learner's settings: the registry's address among them."""
    root = folder / "root"
    (root / "learner").mkdir(parents=True)
    (root / "learner" / "agent.json").write_bytes((universe.home("learner") / "agent.json").read_bytes())
    return root


async def _verify(file: Path, root: Path) -> tuple[int, Document]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "agent.cli.main", "verify", str(file), "--json"),
        env={**os.environ, "CAIRN_ROOT": str(root)},
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    return process.returncode or 0, json.loads(out)


async def test_a_killed_issuer_leaves_its_signatures_standing_and_its_status_unknown(
    universe: Universe, made: Document, tmp_path: Path
) -> None:
    picture = tmp_path / "badge.png"
    picture.write_bytes(made["image"])
    await universe.stop_one("munster-tu", signal.SIGKILL)
    try:  # a process of its own, which has nothing at hand of what the issuer published
        code, found = await _verify(picture, _root_with_settings(universe, tmp_path))
    finally:
        await universe.start_agent("munster-tu")
    assert code == 5
    assert results(found)["signature"] == "pass", results(found)
    assert results(found)["issuer_key"] == "pass"
    assert results(found)["status"].startswith("unknown")
    key = next(c for c in found["verdict"]["parts"][0]["checks"] if c["code"] == "issuer_key")
    assert "trust registry pinned" in key["detail"]


async def test_revoking_reaches_the_file_that_was_given_out_long_ago(universe: Universe) -> None:
    offer = await steps.offer(universe, template="sustainable-energy", **LEARNER)
    accepted = await steps.accept(universe, offer["link"])
    async with universe.client("learner") as api:
        image, _ = await _export(api, accepted["credential_id"], "png")
    async with universe.client("munster-tu") as issuer:
        with pytest.raises(Exception, match="not_suspendable"):
            await issuer.post(f"/v1/issuer/offers/{offer['id']}/suspend")
        await issuer.post(f"/v1/issuer/offers/{offer['id']}/revoke", {"reason": "A mistake."})
    async with universe.client("employer") as employer:
        found = await employer.post_bytes("/v1/verify", image)
    assert results(found)["status"] == "fail revoked"
    assert found["result"] == "fail"


async def test_a_stack_as_one_bundle_and_as_a_page(universe: Universe, made: Document) -> None:
    target = "certificate-sustainable-process-industries"
    async with universe.client("learner") as api:
        body = {"target": target, "as": "clr"}
        bundle, remarks = await api.file("POST", "/v1/wallet/stacks/file", body=body)
        page, _ = await api.file("POST", "/v1/wallet/stacks/file", body=body | {"as": "pdf"})
        with pytest.raises(InputError, match="unknown_format"):
            await api.file("POST", "/v1/wallet/stacks/file", body=body | {"as": "docx"})
    assert page.startswith(b"%PDF")
    assert any("no award" in remark for remark in remarks)
    async with universe.client("employer") as employer:
        found = await employer.post_bytes("/v1/verify", bundle)
    # The bundle's own signature, and every badge in it by itself.
    signatures = [c for c in found["verdict"]["parts"][0]["checks"] if c["code"] == "signature"]
    assert len(signatures) == len(found["items"]) + 1
    assert {check["result"] for check in signatures} == {"pass"}

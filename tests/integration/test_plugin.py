"""The plugin inside real ACA-Py processes: what AnonCreds without a ledger must do, and must refuse.

What a holder can force with a revoked credential is pinned down here because ACA-Py's own answer is not
enough: see `test_forced_presentations`.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.acapy.records import PresentationExchange
from agent.errors import AgentError, CairnError
from tests.integration.acapy_pair import (
    Agent,
    World,
    connect,
    issue,
    issuer_with_cred_def,
    settings_of,
    sign,
    start,
    values,
    world_and_agents,
)
from trust_registry import objects

MARKER = "Zyxmarkerwvu"
ROOT = Path(__file__).parents[2]


@dataclass
class Trio:
    """An issuer with two revocable credentials at a holder who is connected to a verifier."""

    home: Path
    world: World
    issuer: Agent
    holder: Agent
    verifier: Agent
    did: str
    schema_id: str
    cred_def_id: str
    exchanges: list[tuple[str, str]]  # issuer's cred_ex_id and connection id
    credentials: list[str]
    to_verifier: str
    rev_reg_id: str

    async def present(self, credentials: list[str], interval: dict[str, int] | None) -> PresentationExchange:
        """Propose, request, prove and verify; the verifier's record."""
        proposal = await self.holder.admin.send_proposal(
            self.to_verifier, proof_request(self.schema_id, len(credentials), interval)
        )
        event = await self.verifier.events.wait(
            "present_proof_v2_0", "thread_id", proposal.thread_id, ["proposal-received"], seconds=20
        )
        here = event["pres_ex_id"]
        await self.verifier.admin.send_bound_request(here)
        await self.holder.wait("present_proof_v2_0", "pres_ex_id", proposal.pres_ex_id, "request-received")
        await self.holder.admin.send_presentation(
            proposal.pres_ex_id,
            attributes={f"c{n}": item for n, item in enumerate(credentials)},
            predicates={f"p{n}": item for n, item in enumerate(credentials)},
        )
        await self.verifier.wait("present_proof_v2_0", "pres_ex_id", here, "presentation-received")
        return await self.verifier.admin.verify_presentation(here)


def proof_request(schema_id: str, count: int, interval: dict[str, int] | None) -> dict[str, Any]:
    common = {"restrictions": [{"schema_id": schema_id}], **({"non_revoked": interval} if interval else {})}
    return {
        "name": "stack",
        "version": "1.0",
        "nonce": "1234567890",
        "requested_attributes": {
            f"c{n}": {"names": ["title", "awarded_on", "given_name"], **common} for n in range(count)
        },
        "requested_predicates": {
            f"p{n}": {"name": "eqf_level", "p_type": ">=", "p_value": 6, **common} for n in range(count)
        },
    }


@pytest.fixture(scope="module")
async def trio(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Trio]:
    home = tmp_path_factory.mktemp("plugin")
    async with world_and_agents(home, "issuer", "holder", "verifier") as (world, agents):
        issuer, holder, verifier = (agents[name] for name in ("issuer", "holder", "verifier"))
        did, schema_id, cred_def_id = await issuer_with_cred_def(world, issuer)
        exchanges, credentials = [], []
        for title in ("One", "Two"):
            attributes = values(title) | {"given_name": MARKER}
            exchange, connection, credential = await issue(issuer, holder, cred_def_id, attributes)
            exchanges.append((exchange, connection))
            credentials.append(credential)
        _, to_verifier = await connect(verifier, holder)
        record = await issuer.admin.credential_record(exchanges[0][0])
        yield Trio(
            home,
            world,
            issuer,
            holder,
            verifier,
            did,
            schema_id,
            cred_def_id,
            exchanges,
            credentials,
            to_verifier,
            record.rev_reg_id,
        )


def soon() -> dict[str, int]:
    """The interval to ask for: ``to`` a little ahead, so that an issuer's fast clock does not hide its
    newest list."""
    return {"from": 0, "to": int(time.time()) + 60}


async def test_a_stack_of_revocable_credentials_verifies(trio: Trio) -> None:
    found = await trio.present(trio.credentials, soon())
    assert found.verified is True
    stamps = {item["timestamp"] for item in found.presentation["identifiers"]}
    assert stamps == {trio.world.lists[trio.rev_reg_id][-1].timestamp}
    assert len(found.presentation["requested_proof"]["predicates"]) == 2
    # ACA-Py writes its own nonce over the one that was proposed.
    assert found.request["nonce"] != found.proposal["nonce"]
    assert (found.request["name"], found.request["version"]) == ("proof-request", "1.0")


async def test_objects_are_signed_by_the_issuer_and_named_by_their_hash(trio: Trio) -> None:
    world = trio.world
    signed = objects.verify(
        world.signed[trio.cred_def_id], expected_id=trio.cred_def_id, key=world.key_of(trio.did)
    )
    assert signed.kid == f"{trio.did}#key-1"
    record = await trio.holder.admin.get_credential(trio.credentials[0])
    assert record.rev_reg_id in world.signed
    content = objects.parse(world.signed[record.rev_reg_id]).content
    assert content["value"]["tailsLocation"].startswith("http://localhost:9/tails/hash/")


async def test_sixteen_lists_at_once_do_not_stall(trio: Trio) -> None:
    begin = time.monotonic()
    paths = ("/connections", "/issue-credential-2.0/records", "/present-proof-2.0/records", "/credentials")
    # Past the client's own cap on concurrency, which would hide the fault.
    http = trio.holder.admin._http._http
    answers = await asyncio.gather(*(http.get(path) for path in paths * 4))
    assert [answer.status_code for answer in answers] == [200] * 16
    assert time.monotonic() - begin < 10
    assert (await trio.holder.admin.list_credentials())[0].attributes["given_name"] == MARKER


async def test_resolving_did_web_goes_through_the_service(trio: Trio) -> None:
    token = await trio.issuer.admin.sign_jwt(trio.did, {"typ": "x+jwt"}, {"a": 1})
    assert token.count(".") == 2
    http = trio.holder.admin._http
    found = await http.get(f"/resolver/resolve/{trio.did.replace('%', '%25')}")
    assert found["did_document"]["id"] == trio.did
    for did in ("did:web:localhost%3A1:nobody", "did:webvh:QmX:example.com", "did:indy:sov:abc"):
        with pytest.raises(CairnError):
            await http.get(f"/resolver/resolve/{did.replace('%', '%25')}")


async def test_wrong_hash_and_wrong_signature_are_refused(trio: Trio) -> None:
    """The service verifies signatures; the plugin checks identity and hash once more, whatever it is told."""
    world, cred_def_id = trio.world, trio.cred_def_id
    honest = objects.parse(world.signed[cred_def_id])
    wrong_key = Ed25519PrivateKey.generate()
    tampered = honest.content | {"tag": "tampered"}
    lies: list[tuple[str | int, str]] = [
        (sign(trio.did, wrong_key, "CREDDEF", cred_def_id, tampered), "wrong_hash"),
        (world.signed[trio.schema_id], "wrong_id"),
        ("not.a.jws", "malformed"),
        (422, "told_to_fail"),  # how the service says that the signature does not hold
        (502, "told_to_fail"),
    ]
    offer = await trio.issuer.admin.create_offer(cred_def_id, values("Refused"))
    invitation = await trio.issuer.admin.create_invitation(offer=offer.cred_ex_id)
    # A fresh holder: the first one has the honest object in its cache.
    async with fresh_agent(trio, "doubter") as doubter:
        await doubter.admin.receive_invitation(invitation.message)
        await doubter.wait("issue_credential_v2_0", "thread_id", offer.thread_id, "offer-received")
        (record,) = await doubter.admin.credential_records(thread_id=offer.thread_id)
        for lie, code in lies:
            world.lies[doubter.name, cred_def_id] = lie
            with pytest.raises(AgentError):
                await doubter.admin.send_credential_request(record.cred_ex_id)
            assert code in doubter.process.settings.log_file.read_text()
            # Not abandoned: when the object is right again, the exchange goes on.
            assert (await doubter.admin.credential_record(record.cred_ex_id)).state == "offer-received"
        world.lies.clear()
        await doubter.admin.send_credential_request(record.cred_ex_id)
        await doubter.wait("issue_credential_v2_0", "cred_ex_id", record.cred_ex_id, "credential-received")
        await doubter.admin.credential_problem_report(record.cred_ex_id, "enough")
        await trio.issuer.events.wait(
            "issue_credential_v2_0", "cred_ex_id", offer.cred_ex_id, ["abandoned"], seconds=10
        )


async def test_forced_presentations(trio: Trio) -> None:
    """What a verifier sees when a holder presents a revoked credential. Revokes the first credential."""
    world, first, second = trio.world, *trio.credentials
    before = world.lists[trio.rev_reg_id][-1].timestamp
    exchange, connection = trio.exchanges[0]
    await trio.issuer.admin.revoke(exchange, connection_id=connection, comment="test")
    record = await trio.issuer.admin.credential_record(exchange)
    await trio.holder.events.wait(
        "revocation-notification",
        "thread_id",
        f"indy::{trio.rev_reg_id}::{record.cred_rev_id}",
        [""],
        seconds=10,
    )
    newest = world.lists[trio.rev_reg_id][-1]
    assert newest.timestamp > before
    assert newest.content["revocationList"][int(record.cred_rev_id)] == 1

    # The other credential is not touched.
    assert (await trio.present([second], soon())).verified is True
    # (a) With the newest list the holder can still make a proof; it does not verify, and no reason is given.
    forced = await trio.present([first, second], soon())
    assert forced.verified is False
    assert forced.messages == ()
    # (b) With an older list it VERIFIES in ACA-Py, for from = 0 and, surprisingly, for from = to, which
    # ACA-Py rewrites to from = 0. Only the timestamp in the presentation tells.
    world.as_of[trio.holder.name] = before
    try:
        now = int(time.time())
        for interval in (soon(), {"from": now, "to": now}):
            old = await trio.present([first, second], interval)
            assert old.verified is True
            assert {item["timestamp"] for item in old.presentation["identifiers"]} == {before}
            assert before < newest.timestamp  # what the service must compare
        # A lower bound is enforced, but would also fail honest holders of a quiet registry.
        bounded = await trio.present([first, second], {"from": newest.timestamp, "to": now + 60})
        assert bounded.verified is False
        assert "VERIFY_ERROR::Invalid timestamp" in bounded.messages
    finally:
        world.as_of.clear()
    # (c) Without an interval nothing is proved about revocation.
    silent = await trio.present([first], None)
    assert silent.verified is True
    assert silent.presentation["identifiers"][0].get("timestamp") is None


async def test_lists_of_one_second_are_ordered(trio: Trio) -> None:
    world = trio.world
    fresh = []
    for number in range(3):
        exchange, _, _ = await issue(
            trio.issuer, trio.holder, trio.cred_def_id, values(f"Short-lived {number}")
        )
        fresh.append(exchange)
    await asyncio.gather(*(trio.issuer.admin.revoke(exchange) for exchange in fresh))
    stamps = [item.timestamp for item in world.lists[trio.rev_reg_id]]
    assert stamps == sorted(set(stamps))
    assert stamps[-1] <= time.time()
    assert world.refused == []
    revoked = world.lists[trio.rev_reg_id][-1].content["revocationList"]
    for exchange in fresh:
        record = await trio.issuer.admin.credential_record(exchange)
        assert revoked[int(record.cred_rev_id)] == 1


async def test_a_revocation_that_could_not_be_published_is_told_and_repeatable(trio: Trio) -> None:
    world, admin = trio.world, trio.issuer.admin
    attributes = values("Stuck")
    exchange, connection, _ = await issue(trio.issuer, trio.holder, trio.cred_def_id, attributes)
    index = int((await admin.credential_record(exchange)).cred_rev_id)
    world.closed.add(trio.issuer.name)
    with pytest.raises(AgentError, match="not_published"):
        await admin.revoke(exchange, connection_id=connection)
    assert world.lists[trio.rev_reg_id][-1].content["revocationList"][index] == 0
    world.closed.clear()
    await admin.revoke(exchange, connection_id=connection)
    assert world.lists[trio.rev_reg_id][-1].content["revocationList"][index] == 1
    count = len(world.lists[trio.rev_reg_id])
    await admin.revoke(exchange, connection_id=connection)
    assert len(world.lists[trio.rev_reg_id]) == count


async def test_no_message_into_a_private_network(trio: Trio) -> None:
    """An agent that does not live on loopback sends nothing to a loopback address of a stranger's choice."""
    touched = asyncio.Event()

    async def touch(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        touched.set()
        writer.close()

    server = await asyncio.start_server(touch, "127.0.0.1", 0)
    target = server.sockets[0].getsockname()[1]
    invitation = (await trio.issuer.admin.create_invitation()).message
    invitation["services"][0]["serviceEndpoint"] = f"http://127.0.0.1:{target}"
    async with server:
        async with fresh_agent(trio, "careful", endpoint="https://wallet.example") as careful:
            received = await careful.admin.receive_invitation(invitation)
            # Webhooks to its own service still arrive.
            await careful.wait("connections", "connection_id", received.connection_id, "request-sent")
            await asyncio.sleep(1.5)
            assert not touched.is_set()
        # The same from an agent on loopback does arrive, so the wait above was long enough.
        async with fresh_agent(trio, "careless") as careless:
            invitation["@id"] = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
            await careless.admin.receive_invitation(invitation)
            await asyncio.wait_for(touched.wait(), 5)


async def test_no_claim_value_in_any_log(trio: Trio) -> None:
    logs = list(trio.home.glob("*/acapy.log*"))
    assert len(logs) >= 3
    assert not [path for path in logs if MARKER in path.read_text()]


PARENT = """
import asyncio, pickle, sys
from agent.acapy.process import AcaPyProcess
async def main():
    process = AcaPyProcess(pickle.load(open(sys.argv[1], "rb")))
    await process.start()
    print(process.pid, flush=True)
    await process.ready()
    print("ready", flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


@pytest.mark.parametrize("moment", ["starting", "ready"])
async def test_a_killed_supervisor_leaves_nothing_behind(trio: Trio, moment: str) -> None:
    settings = settings_of(trio.world, f"orphan-{moment}", trio.home)
    given = trio.home / f"{moment}.pickle"
    given.write_bytes(pickle.dumps(settings))
    env = os.environ | {"PYTHONPATH": f"{ROOT}:{os.environ.get('PYTHONPATH', '')}"}
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(given), stdout=subprocess.PIPE, env=env
    )
    assert parent.stdout is not None
    child = psutil.Process(int(await parent.stdout.readline()))
    if moment == "ready":
        assert await asyncio.wait_for(parent.stdout.readline(), 60) == b"ready\n"
    parent.kill()
    await parent.wait()
    _, alive = await asyncio.to_thread(psutil.wait_procs, [child], 5)
    assert not alive


class fresh_agent:  # noqa: N801 - reads as a function
    """One more agent in the same world, for the length of a block."""

    def __init__(self, trio: Trio, name: str, **changes: Any) -> None:
        self._trio, self._name, self._changes = trio, name, changes

    async def __aenter__(self) -> Agent:
        self._agent = await start(self._trio.world, self._name, self._trio.home, **self._changes)
        await self._agent.process.ready()
        return self._agent

    async def __aexit__(self, *_: object) -> None:
        await self._agent.process.stop()
        await self._agent.admin.close()

"""VCDM 1.1 credentials by issue-credential 2.0 ``ld_proof`` between two real ACA-Py agents.

What the holder keeps is verified by our code and by DIDKit, each for itself. ACA-Py's own word is not needed
for either, and its store shows why it must not be: it takes a credential whose signature does not hold.
"""

from __future__ import annotations

import copy
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from agent.acapy.http import AdminHttp
from agent.core.verdict import Check, Result
from agent.errors import AgentError
from agent.formats.didkit import second_opinion
from agent.vc import dids, proofs
from agent.vc.facts import Keys
from agent.vc.proofs import InvalidProof
from agent.vc.second_opinion import checks
from tests.integration.acapy_pair import Agent, World, connect, raw_key, world_and_agents
from trust_registry import keys

V1 = "https://www.w3.org/2018/credentials/v1"
ED25519 = "https://w3id.org/security/suites/ed25519-2020/v1"
BADGE = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"


@dataclass
class Pair:
    world: World
    issuer: Agent
    holder: Agent
    to_holder: str
    learner: str  # the holder's did:key


@pytest.fixture(scope="module")
async def pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    async with world_and_agents(tmp_path_factory.mktemp("ld"), "issuer", "holder") as (world, agents):
        issuer, holder = agents["issuer"], agents["holder"]
        to_holder, _ = await connect(issuer, holder)
        yield Pair(world, issuer, holder, to_holder, await did_key(holder))


def http(agent: Agent) -> AdminHttp:
    settings = agent.process.settings
    return AdminHttp(settings.admin_url, settings.admin_key)


async def post(agent: Agent, path: str, body: dict[str, Any]) -> dict[str, Any]:
    client = http(agent)
    try:
        answer: dict[str, Any] = await client.post(path, body)
    finally:
        await client.close()
    return answer


async def did_key(agent: Agent) -> str:
    body = {"method": "key", "options": {"key_type": "ed25519"}}
    return str((await post(agent, "/wallet/did/create", body))["result"]["did"])


async def did_web(pair: Pair) -> tuple[str, Keys]:
    did = pair.world.did("issuer")
    made = await pair.issuer.admin.create_did_web(did)
    pair.world.dids[did] = keys.did_document(did, raw_key(made.verkey))
    return did, dids.keys_of(pair.world.dids[did], did)


def credential(issuer: str, learner: str, id: str) -> dict[str, Any]:
    return {
        "@context": [V1, ED25519],
        "id": id,
        "type": ["VerifiableCredential"],
        "issuer": issuer,
        "issuanceDate": "2026-01-01T00:00:00Z",
        "expirationDate": "2099-01-01T00:00:00Z",
        "credentialSubject": {"id": learner},
        "evidence": [
            {"id": "https://uni.example/evidence/1", "type": ["https://uni.example/types/Photograph"]}
        ],
    }


async def exchange(pair: Pair, document: dict[str, Any], **options: str) -> dict[str, Any]:
    """Offer, request, issue and store over DIDComm; the credential as the holder keeps it."""
    # Told the time, ACA-Py writes it as told; by itself it writes "+00:00", which DIDKit does not leave as it is.
    options = {"proofType": "Ed25519Signature2020", "created": "2026-01-01T00:00:00Z"} | options
    detail = {"credential": document, "options": options}
    offer = {
        "connection_id": pair.to_holder,
        "filter": {"ld_proof": detail},
        "auto_issue": True,
        "auto_remove": False,
    }
    thread = (await post(pair.issuer, "/issue-credential-2.0/send-offer", offer))["thread_id"]
    await pair.holder.wait("issue_credential_v2_0", "thread_id", thread, "offer-received")
    (record,) = await pair.holder.admin.credential_records(thread_id=thread)
    path = f"/issue-credential-2.0/records/{record.cred_ex_id}"
    await post(pair.holder, f"{path}/send-request", {"holder_did": pair.learner})
    await pair.holder.wait("issue_credential_v2_0", "cred_ex_id", record.cred_ex_id, "credential-received")
    await post(pair.holder, f"{path}/store", {})
    return await held(pair, document["id"])


async def held(pair: Pair, id: str) -> dict[str, Any]:
    found = (await post(pair.holder, "/credentials/w3c", {"given_id": id}))["results"]
    (record,) = found
    value: dict[str, Any] = record["cred_value"]
    return value


def our_check(document: dict[str, Any], issuer: Keys) -> Check:
    """Our own verification of the one proof, with the key of the issuer that it names."""
    (proof,) = proofs.proofs_of(document)
    assert proof["type"] == "Ed25519Signature2020"
    try:
        proofs.verify_proof(document, proof, issuer.assertion[proof["verificationMethod"]])
    except InvalidProof as error:
        return Check("signature", "Signature", Result.FAIL, error.code)
    return Check("signature", "Signature", Result.PASS)


async def opinions(document: dict[str, Any], issuer: Keys) -> list[tuple[str, str, str]]:
    ours = our_check(document, issuer)
    opinion = await second_opinion(json.dumps(document), kind="ldp")
    return [(check.code, str(check.result), check.reason) for check in (ours, *checks(ours, opinion))]


def tampered(document: dict[str, Any]) -> list[dict[str, Any]]:
    """One change each: of the dates, the learner, the evidence, and of the proof itself."""
    copies = [copy.deepcopy(document) for _ in range(5)]
    copies[0]["expirationDate"] = "2199-01-01T00:00:00Z"
    copies[1]["credentialSubject"]["id"] = "did:example:thief"
    copies[2]["evidence"][0]["id"] = "https://uni.example/evidence/2"
    del copies[3]["expirationDate"]
    copies[4]["proof"]["created"] = "2026-01-02T00:00:00Z"
    return copies


async def test_both_find_a_credential_of_a_did_key_good_and_its_copies_bad(pair: Pair) -> None:
    did = await did_key(pair.issuer)
    issuer = dids.self_contained(did)
    assert issuer is not None
    stored = await exchange(pair, credential(did, pair.learner, "urn:uuid:key"))
    assert stored["credentialSubject"]["id"] == pair.learner
    assert await opinions(stored, issuer) == [
        ("signature", "pass", ""),
        ("second_opinion", "pass", ""),
        ("opinions_agree", "pass", ""),
    ]
    for document in tampered(stored):
        assert await opinions(document, issuer) == [
            ("signature", "fail", "bad_signature"),
            ("second_opinion", "fail", "bad_signature"),
            ("opinions_agree", "pass", ""),
        ]


@pytest.mark.parametrize("fragment", ["key-1", "key-2020"])
async def test_a_credential_of_a_did_web(pair: Pair, fragment: str) -> None:
    """Ours verifies it by the published document; DIDKit would fetch that document itself, and is not asked."""
    did, issuer = await did_web(pair)
    document = credential(did, pair.learner, f"urn:uuid:web-{fragment}")
    stored = await exchange(pair, document, verificationMethod=f"{did}#{fragment}")
    not_asked = ("second_opinion", "unknown", "did_method_not_offline")
    assert await opinions(stored, issuer) == [("signature", "pass", ""), not_asked]
    for other in tampered(stored):
        assert await opinions(other, issuer) == [("signature", "fail", "bad_signature"), not_asked]


async def test_contexts_that_acapy_does_not_bring_along_are_ours(pair: Pair) -> None:
    """The plugin serves the pinned ones; ACA-Py alone would fetch this one."""
    did = await did_key(pair.issuer)
    document = credential(did, pair.learner, "urn:uuid:badge")
    document["@context"] = [V1, BADGE, ED25519]
    document["type"] = ["VerifiableCredential", "OpenBadgeCredential"]
    document["credentialSubject"] |= {
        "type": ["AchievementSubject"],
        "achievement": {"id": "https://uni.example/a/1", "type": ["Achievement"], "name": "Knots"},
    }
    stored = await exchange(pair, document)
    issuer = dids.self_contained(did)
    assert issuer is not None
    assert our_check(stored, issuer).result is Result.PASS
    stored["credentialSubject"]["achievement"]["name"] = "Splices"
    assert our_check(stored, issuer).result is Result.FAIL


async def test_a_context_that_nobody_brings_along_is_refused(pair: Pair) -> None:
    did = await did_key(pair.issuer)
    document = credential(did, pair.learner, "urn:uuid:unknown")
    document["@context"] = [V1, "https://contexts.example/v1", ED25519]
    detail = {"credential": document, "options": {"proofType": "Ed25519Signature2020"}}
    body = {"connection_id": pair.to_holder, "filter": {"ld_proof": detail}}
    with pytest.raises(AgentError):
        await post(pair.issuer, "/issue-credential-2.0/send-offer", body)


async def test_what_acapy_stores_is_not_what_it_verified(pair: Pair) -> None:
    """``/vc/credentials/store`` verifies and ignores the answer. Ours and DIDKit catch what it then holds."""
    did = await did_key(pair.issuer)
    issuer = dids.self_contained(did)
    assert issuer is not None
    stored = await exchange(pair, credential(did, pair.learner, "urn:uuid:good"))
    forged = tampered(stored)[0] | {"id": "urn:uuid:forged"}
    answer = await post(pair.holder, "/vc/credentials/store", {"verifiableCredential": forged})
    assert answer["credentialId"] == "urn:uuid:forged"
    assert await opinions(await held(pair, "urn:uuid:forged"), issuer) == [
        ("signature", "fail", "bad_signature"),
        ("second_opinion", "fail", "bad_signature"),
        ("opinions_agree", "pass", ""),
    ]

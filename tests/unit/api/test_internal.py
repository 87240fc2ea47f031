"""Routes for our own ACA-Py: nobody else gets in, and what it hands over is checked all the same."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.simulators.acapy_admin import Wallet
from tests.simulators.town import TOKEN, Member, Town
from trust_registry import objects
from trust_registry.objects import Kind

TAILS = "1" * 44


@pytest.fixture
def munster(shared: Town) -> Member:
    return shared.members["munster"]


@pytest.fixture
def learner(shared: Town) -> Member:
    return shared.members["learner"]


def client(member: Member, **headers: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=member.admin_app, raise_app_exceptions=False),
        base_url="http://127.0.0.1",
        headers=headers,
    )


def plugin(member: Member) -> httpx.AsyncClient:
    return client(member, authorization=f"Bearer {member.agent.node.plugin_token}")


def path(kind: str, identifier: str) -> str:
    return f"/internal/{kind}/{quote(identifier, safe='')}"


def schema(member: Member, **content: Any) -> tuple[str, str]:
    """A SCHEMA object signed by the member's own key."""
    body = {"issuerId": member.did, "name": "x", "version": "1", "attrNames": ["a"], **content}
    identifier = objects.object_id(member.did, Kind.SCHEMA, body)
    return identifier, member.wallet.sign(Kind.SCHEMA, identifier, body)


# --- secrets


async def test_webhooks_without_the_key(learner: Member) -> None:
    heard: list[Any] = []
    unsubscribe = learner.agent.node.webhooks.subscribe(heard.append)
    for headers in (
        {},
        {"x-api-key": ""},
        {"x-api-key": "wrong"},
        {"x-api-key": learner.agent.node.plugin_token},
        {"x-api-key": TOKEN},
        {"authorization": f"Bearer {learner.agent.node.webhook_key}"},
    ):
        async with client(learner, **headers) as http:
            answer = await http.post("/internal/hooks/topic/connections/", json={"state": "x"})
            assert answer.status_code in (401, 403, 422)
            assert answer.json()["code"] == "not_ours"
    assert heard == []
    async with client(learner, **{"x-api-key": learner.agent.node.webhook_key}) as http:
        assert (await http.post("/internal/hooks/topic/connections/", json={"state": "x"})).status_code == 200
    assert [event.topic for event in heard] == ["connections"]
    unsubscribe()


async def test_plugin_routes_without_the_token(munster: Member) -> None:
    identifier, jws = schema(munster)
    for headers in (
        {},
        {"authorization": "Bearer "},
        {"authorization": f"Bearer {TOKEN}"},
        {"authorization": f"Bearer {munster.agent.node.webhook_key}"},
        {"authorization": munster.agent.node.plugin_token},
        {"x-api-key": munster.agent.node.plugin_token},
    ):
        async with client(munster, **headers) as http:
            for method, where in (
                ("PUT", path("objects", identifier)),
                ("PUT", path("revlists", identifier)),
                ("GET", path("objects", identifier)),
                ("GET", path("revlists", identifier)),
                ("GET", path("did", munster.did)),
            ):
                answer = await http.request(method, where, content=jws if method == "PUT" else None)
                assert answer.json()["code"] == "not_ours", where
                assert 400 <= answer.status_code < 500
    assert munster.agent.node.public.get("SCHEMA", identifier.rsplit("/", 1)[1]) is None


async def test_tails_without_the_secret(munster: Member) -> None:
    for secret in ("x", "", munster.agent.node.plugin_token, "../" + munster.agent.node.tails_secret[:-1]):
        async with plugin(munster) as http:
            where = f"/internal/tails/{quote(secret, safe='')}/hash/{TAILS}"
            answer = await http.put(where, files={"tails": b"x"})
            assert answer.status_code == 404
            assert (await http.get(where)).status_code == 404
    assert munster.agent.node.public.get_tails(TAILS) is None


def test_secrets_are_new_for_every_agent(shared: Town) -> None:
    secrets = [
        secret
        for member in shared.members.values()
        for secret in (
            member.agent.node.plugin_token,
            member.agent.node.webhook_key,
            member.agent.node.tails_secret,
        )
    ]
    assert len(set(secrets)) == len(secrets) == 9
    assert all(len(secret) >= 32 for secret in secrets)


# --- what our own ACA-Py hands over


async def test_only_what_we_signed_is_published(shared: Town, munster: Member) -> None:
    """A confused or compromised ACA-Py cannot make the service publish what its key did not sign."""
    identifier, jws = schema(munster)
    other = Wallet(shared.world, "other")
    other.keys[munster.did] = Ed25519PrivateKey.generate()
    body = objects.parse(jws).content
    forged = other.sign(Kind.SCHEMA, identifier, body)
    changed = munster.wallet.sign(Kind.SCHEMA, identifier, body | {"name": "y"})
    foreign_did = "did:web:localhost%3A8999"
    other.keys[foreign_did] = other.keys[munster.did]
    foreign = objects.object_id(foreign_did, Kind.SCHEMA, body | {"issuerId": foreign_did})
    foreign_jws = other.sign(Kind.SCHEMA, foreign, body | {"issuerId": foreign_did})
    async with plugin(munster) as http:
        for name, document, code in (
            (identifier, forged, "bad_signature"),
            (identifier, changed, "wrong_hash"),
            (identifier, "a.b.c", "malformed"),
            (identifier, "", "malformed"),
            (foreign, foreign_jws, "wrong_issuer"),
            ("x", jws, "malformed"),
            (munster.did + "/anoncreds/v1/SCHEMA/../../token", jws, "malformed"),
            (identifier.replace("SCHEMA", "CREDDEF"), jws, "wrong_id"),
        ):
            answer = await http.put(path("objects", name), content=document)
            assert (answer.status_code, answer.json()["code"]) == (422, code), (name, answer.text)
        answer = await http.put(path("objects", identifier), content=b"a" * (2 * 1024 * 1024 + 1))
        assert (answer.status_code, answer.json()["code"]) == (422, "too_large")
        assert munster.agent.node.public.get("SCHEMA", identifier.rsplit("/", 1)[1]) is None
        assert (await http.put(path("objects", identifier), content=jws)).status_code == 200
    assert munster.agent.node.public.get("SCHEMA", identifier.rsplit("/", 1)[1]) == jws.encode()


async def test_status_lists_are_not_rolled_back(munster: Member) -> None:
    (rev_reg_id,) = munster.wallet.lists
    name = rev_reg_id.rsplit("/", 1)[1]
    before = munster.agent.node.public.newest_list(name)

    def listed(timestamp: Any, **content: Any) -> str:
        body = {
            "revRegDefId": rev_reg_id,
            "issuerId": munster.did,
            "revocationList": [0],
            "timestamp": timestamp,
        }
        return munster.wallet.sign(Kind.REVLIST, rev_reg_id, body | content)

    async with plugin(munster) as http:
        for stamp in (before, before - 1, 0):
            answer = await http.put(path("revlists", rev_reg_id), content=listed(stamp))
            assert (answer.status_code, answer.json()["code"]) == (409, "list_rollback")
            assert answer.json()["newest"] == before
        for body in (
            listed("now"),
            listed(-1),
            listed(2**41),
            listed(True),
            listed(before + 1, revRegDefId=rev_reg_id + "0"),
        ):
            answer = await http.put(path("revlists", rev_reg_id), content=body)
            assert answer.status_code == 422, answer.text
        # A registry's definition is not a list of its own, nor the other way round.
        definition = munster.agent.node.public.get("REVREG", name)
        assert definition is not None
        assert (await http.put(path("revlists", rev_reg_id), content=definition)).status_code == 422
    assert munster.agent.node.public.newest_list(name) == before


async def test_foreign_objects_of_odd_forms(shared: Town, munster: Member, learner: Member) -> None:
    """Well signed, and with a content that no ACA-Py would write: passed on as it is, or refused, never a crash."""
    contents: tuple[Any, ...] = ({"value": []}, {"value": "x"}, {}, {"value": {"tailsHash": ["x"]}})
    for content in contents:
        body = {"issuerId": munster.did, **content}
        identifier = objects.object_id(munster.did, Kind.REVREG, body)
        jws = munster.wallet.sign(Kind.REVREG, identifier, body)
        munster.agent.node.public.put("REVREG", identifier.rsplit("/", 1)[1], jws.encode())
        async with plugin(learner) as http:
            answer = await http.get(path("objects", identifier))
            assert (answer.status_code, answer.text) == (200, jws)
            secret = learner.agent.node.tails_secret
            where = f"/internal/tails/{secret}/hash/{TAILS}"
            answer = await http.get(where, params={"of": identifier})
            assert answer.status_code in (404, 422, 502), answer.text


async def test_names_that_are_none(learner: Member) -> None:
    async with plugin(learner) as http:
        for name in (
            "x",
            "did:web:localhost%3A8311",
            "../token",
            "did:key:z6Mk/anoncreds/v1/SCHEMA/" + "0" * 64,
        ):
            for kind in ("objects", "revlists"):
                answer = await http.get(path(kind, name))
                assert answer.status_code == 422, (kind, name, answer.text)
        for did in (
            "x",
            "did:key:z6Mk",
            "did:web:10.0.0.1",
            "did:web:localhost%3A8999",
            "did:web:Evil.example",
        ):
            answer = await http.get(path("did", did))
            assert answer.status_code in (404, 422, 502), (did, answer.text)
        secret = learner.agent.node.tails_secret
        for name in ("x", "..", "%2e%2e", "0" * 44):
            where = f"/internal/tails/{secret}/hash/{name}"
            assert (await http.put(where, files={"tails": b"x"})).status_code in (404, 405, 422)
            assert (await http.get(where)).status_code in (404, 422)


async def test_webhooks_of_odd_forms(learner: Member) -> None:
    headers = {"x-api-key": learner.agent.node.webhook_key}
    async with client(learner, **headers) as http:
        for body in (b"", b"{", b"\xff", b"[" * 1000, b'{"a":1,"a":2}'):
            answer = await http.post("/internal/hooks/topic/connections/", content=body)
            assert answer.status_code == 422, body
        for body in (b"[]", b"null", b"5", b'{"state":["x"]}', b'{"thread_id":{}}', b"{}"):
            answer = await http.post("/internal/hooks/topic/present_proof_v2_0/", content=body)
            assert answer.status_code == 200, body
        big = b'{"x":"' + b"a" * (8 * 1024 * 1024) + b'"}'
        answer = await http.post("/internal/hooks/topic/connections/", content=big)
        assert (answer.status_code, answer.json()["code"]) == (422, "too_large")
        assert (await http.post(f"/internal/hooks/topic/{'x' * 200}", json={})).status_code == 200


async def test_our_own_did_without_the_network(shared: Town, munster: Member) -> None:
    before = len(shared.internet.asked)
    async with plugin(munster) as http:
        answer = await http.get(path("did", munster.did))
    assert answer.json()["id"] == munster.did
    assert len(shared.internet.asked) == before


async def test_pretending_is_for_the_demo_s_tampering_only(munster: Member, learner: Member) -> None:
    """The list that our own prover gets is the newest, whatever time it asks for from now on."""
    (rev_reg_id,) = munster.wallet.lists
    assert learner.agent.node.pretend_lists_at is None
    async with plugin(learner) as http:
        answer = await http.get(path("revlists", rev_reg_id), params={"at": int(time.time()) + 5})
        assert objects.parse(answer.content).timestamp == munster.agent.node.public.newest_list(
            rev_reg_id.rsplit("/", 1)[1]
        )
        assert (await http.get(path("revlists", rev_reg_id), params={"at": "x"})).status_code == 422

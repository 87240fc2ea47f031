"""Signed answers: what the asker takes, and what it refuses: another key, question, nonce, time or list."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from tests.unit.trust_registry.conftest import DID, Opener, bind_mtu, client
from tests.unit.trust_registry.samples import MTU, NOW
from tests.unit.trust_registry.test_api import problem
from trust_registry import keys, strict_json
from trust_registry.errors import ObjectError
from trust_registry.models import Decision, Outcome, Query
from trust_registry.registry import Registry
from trust_registry.signed_answers import (
    ANSWER_TYPE,
    LIFETIME,
    MEDIA_TYPE,
    sign_answer,
    verify_answer,
    wanted,
)
from trust_registry.vocabulary import SnapshotKind

NONCE = "q83vEjRWeJAq83vEjRWeJA"
QUERY = Query(did=MTU.did, key=MTU.thumbprint, awarded_on=date(2024, 5, 1), eqf=6)


async def asked(http: httpx.AsyncClient, query: Query = QUERY, nonce: str = NONCE) -> str:
    params = {**query.to_params(), "nonce": nonce}
    response = await http.get("/v1/resolve", params=params, headers={"accept": MEDIA_TYPE})
    assert response.status_code == 200
    assert response.headers["content-type"] == MEDIA_TYPE
    assert response.headers["cache-control"] == "no-store"
    return response.text


def check(registry: Registry, jws: str, **changes: Any) -> Decision:
    members: dict[str, Any] = {
        "key": registry.key.jwk,
        "iss": DID,
        "query": QUERY,
        "nonce": NONCE,
        "now": NOW,
        "last_seq": 7,
    }
    return verify_answer(jws, **(members | changes))


async def test_a_signed_answer_is_the_plain_one(web: httpx.AsyncClient, web_registry: Registry) -> None:
    signed = check(web_registry, await asked(web))
    plain = (await web.get("/v1/resolve", params=QUERY.to_params())).json()
    assert signed.to_json() == plain
    assert signed.outcome is Outcome.ASSURED_OFFICIAL
    # The key is the one in the registry's own DID document.
    document = (await web.get("/.well-known/did.json")).json()
    assert web_registry.key.jwk in keys.keys_from_did_document(document, DID).values()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"key": MTU.jwk}, "bad_signature"),
        ({"iss": "did:web:another.example"}, "wrong_issuer"),
        ({"nonce": "another-nonce-of-mine"}, "wrong_nonce"),
        ({"query": replace(QUERY, eqf=7)}, "wrong_question"),
        ({"query": replace(QUERY, awarded_on=date(2020, 5, 1))}, "wrong_question"),
        ({"query": replace(QUERY, key=None)}, "wrong_question"),
        ({"now": NOW + LIFETIME + timedelta(minutes=2)}, "expired"),
        ({"now": NOW - timedelta(minutes=2)}, "expired"),
        ({"last_seq": 8}, "older_list"),
    ],
)
async def test_replayed_or_misdirected_answers(
    web: httpx.AsyncClient, web_registry: Registry, changes: dict[str, Any], code: str
) -> None:
    jws = await asked(web)
    with pytest.raises(ObjectError) as caught:
        check(web_registry, jws, **changes)
    assert caught.value.code == code


async def test_no_character_of_it_can_be_changed(web: httpx.AsyncClient, web_registry: Registry) -> None:
    jws = await asked(web)
    for place in range(0, len(jws), 7):
        other = "A" if jws[place] != "A" else "B"
        with pytest.raises(ObjectError):
            check(web_registry, jws[:place] + other + jws[place + 1 :])
    for spoiled in ("", ".", "..", jws + ".", jws.rsplit(".", 1)[0] + ".", "a.b.c", "é.b.c"):
        with pytest.raises(ObjectError):
            check(web_registry, spoiled)


async def test_an_outcome_cannot_be_improved(web: httpx.AsyncClient, web_registry: Registry) -> None:
    query = replace(QUERY, eqf=4)
    head, body, tail = (await asked(web, query)).split(".")
    payload = strict_json.loads(strict_json.b64url_decode(body), max_bytes=100_000)
    assert payload["decision"]["outcome"] == "not_assured"
    payload["decision"]["outcome"] = "assured_official"
    forged = f"{head}.{strict_json.b64url(strict_json.canonical(payload))}.{tail}"
    with pytest.raises(ObjectError, match="bad_signature"):
        check(web_registry, forged, query=query)
    # The algorithm is not the sender's choice.
    none = strict_json.b64url(strict_json.canonical({"alg": "none", "typ": ANSWER_TYPE}))
    unsigned = f"{none}.{strict_json.b64url(strict_json.canonical(payload))}."
    with pytest.raises(ObjectError, match="bad_signature"):
        check(web_registry, unsigned, query=query)


def payload_of(registry: Registry, **changes: Any) -> str:
    """A well-signed answer with some members changed: our own key, a statement that we would not make."""
    decision = registry.resolve(QUERY, now=NOW)
    jws = sign_answer(registry.key, iss=DID, query=QUERY, decision=decision, nonce=NONCE, now=NOW)
    payload = strict_json.loads(strict_json.b64url_decode(jws.split(".")[1]), max_bytes=100_000)
    return registry.key.sign_statement(payload | changes, typ=ANSWER_TYPE)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"exp": int(NOW.timestamp()) + 10**6}, "expired"),  # for longer than an answer ever lives
        ({"exp": "soon"}, "malformed"),
        ({"iat": True}, "malformed"),
        ({"seq": 9}, "malformed"),
        ({"decision": {}}, "malformed"),
        ({"decision": None}, "malformed"),
        ({"nonce": None}, "wrong_nonce"),
    ],
)
def test_statements_of_the_right_key_that_are_no_answer(
    web_registry: Registry, changes: dict[str, Any], code: str
) -> None:
    with pytest.raises(ObjectError) as caught:
        check(web_registry, payload_of(web_registry, **changes))
    assert caught.value.code == code
    assert check(web_registry, payload_of(web_registry)).outcome is Outcome.ASSURED_OFFICIAL


def test_another_kind_of_statement_is_no_answer(web_registry: Registry) -> None:
    manifest = web_registry.key.sign_statement({"nonce": NONCE}, typ="cairn-snapshot+jwt")
    with pytest.raises(ObjectError, match="malformed"):
        check(web_registry, manifest)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("application/jwt", True),
        ("application/json, application/JWT;q=0.5", True),
        ("application/jwt;q=0", False),
        ("*/*", False),
        ("application/json", False),
        ("application/jwtx", False),
        ("", False),
    ],
)
def test_who_asks_for_a_signature(accept: str, expected: bool) -> None:
    assert wanted(accept) is expected


@pytest.mark.parametrize("nonce", ["", "short", "a" * 129, "with blank 0123456789", "ümlaut-0123456789ab"])
async def test_nonces_are_bounded(web: httpx.AsyncClient, nonce: str) -> None:
    params = {**QUERY.to_params(), "nonce": nonce}
    response = await web.get("/v1/resolve", params=params, headers={"accept": MEDIA_TYPE})
    problem(response, 400, "bad_parameter")


async def test_a_nonce_without_a_signature_is_a_mistake(web: httpx.AsyncClient) -> None:
    params = {**QUERY.to_params(), "nonce": NONCE}
    problem(await web.get("/v1/resolve", params=params), 400, "unknown_parameter")


async def test_demo_data_elsewhere_are_not_signed_as_assured(open_registry: Opener) -> None:
    registry = open_registry(deployment=SnapshotKind.PRODUCTION)
    bind_mtu(registry)
    async with client(registry) as http:
        assert check(registry, await asked(http)).outcome is Outcome.INDETERMINATE

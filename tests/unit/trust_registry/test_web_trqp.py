"""TRQP v2: four members echoed, times taken or refused, and nothing but what is known called false."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.unit.trust_registry.conftest import DID, Opener, bind_mtu, client
from tests.unit.trust_registry.samples import MILL, MTU, MTU_ID, NOW
from tests.unit.trust_registry.test_api import problem
from trust_registry import bindings
from trust_registry.registry import Registry
from trust_registry.vocabulary import RevocationReason, SnapshotKind

ASKED: dict[str, Any] = {
    "entity_id": MTU.did,
    "authority_id": DID,
    "action": "issue",
    "resource": "micro-credential",
    "context": {"time": "2024-05-01T10:00:00Z"},
}
AGENCY: dict[str, Any] = {
    "entity_id": "urn:cairn:agency:QQI",
    "authority_id": DID,
    "action": "assure-quality",
    "resource": "higher-education",
    "context": {"time": "2018-05-01T00:00:00Z"},
}


async def test_authorized(web: httpx.AsyncClient) -> None:
    response = await web.post("/authorization", json=ASKED)
    assert response.status_code == 200
    answer = response.json()
    assert {name: answer[name] for name in ASKED if name != "context"} == {
        name: ASKED[name] for name in ASKED if name != "context"
    }
    assert answer["authorized"] is True
    assert answer["time_requested"] == "2024-05-01T10:00:00Z"
    assert answer["time_evaluated"] == "2026-11-22T12:00:00Z"
    assert answer["message"].startswith("assured_official")
    assert all(isinstance(value, str) for value in answer["context"].values())
    assert "recognized" not in answer


async def test_without_a_time_it_is_now(web: httpx.AsyncClient) -> None:
    asked = {name: value for name, value in ASKED.items() if name != "context"}
    answer = (await web.post("/authorization", json=asked)).json()
    assert answer["authorized"] is True
    assert "time_requested" not in answer


async def test_false_is_what_is_known_and_says_which(web: httpx.AsyncClient, web_registry: Registry) -> None:
    narrowed = ASKED | {"context": {"time": "2024-05-01T10:00:00Z", "eqf": "4"}}
    answer = (await web.post("/authorization", json=narrowed)).json()
    assert (answer["authorized"], answer["context"]["outcome"]) == (False, "not_assured")
    expired = ASKED | {"context": {"time": "2024-05-01T10:00:00Z", "country": "FR"}}
    answer = (await web.post("/authorization", json=expired)).json()
    assert (answer["authorized"], answer["context"]["outcome"]) == (False, "not_assured")
    bindings.revoke_key(
        web_registry.store,
        did=MTU.did,
        key=MTU.thumbprint,
        at=NOW,
        reason=RevocationReason.COMPROMISED,
        now=NOW,
    )
    answer = (await web.post("/authorization", json=ASKED)).json()
    assert (answer["authorized"], answer["context"]["outcome"]) == (False, "not_assured")
    assert "key_revoked" in answer["message"]


async def test_who_is_not_known_is_not_found_and_never_false(web: httpx.AsyncClient) -> None:
    problem(await web.post("/authorization", json=ASKED | {"entity_id": MILL.did}), 404, "unknown_entity")
    early = ASKED | {"context": {"time": "2020-05-01T10:00:00Z"}}
    problem(await web.post("/authorization", json=early), 404, "unknown_entity")
    other = ASKED | {"authority_id": "did:web:another.example"}
    problem(await web.post("/authorization", json=other), 404, "unknown_authority")
    unlisted = AGENCY | {"entity_id": "urn:cairn:agency:NOBODY"}
    problem(await web.post("/recognition", json=unlisted), 404, "unknown_entity")


@pytest.mark.parametrize(
    "time",
    [
        "now",
        "",
        "2024-05-01",
        "2024-05-01T10:00:00",
        "2024-05-01T10:00:00+00:00",
        "2024-05-01T10:00:00z",
        "2024-13-01T10:00:00Z",
        "2024-02-30T10:00:00Z",
        "1714557600",
        "2030-01-01T00:00:00Z",
        1714557600,
        None,
    ],
)
@pytest.mark.parametrize(("path", "asked"), [("/authorization", ASKED), ("/recognition", AGENCY)])
async def test_a_malformed_time_is_refused_and_never_now(
    web: httpx.AsyncClient, path: str, asked: dict[str, Any], time: Any
) -> None:
    response = await web.post(path, json=asked | {"context": {"time": time}})
    assert response.status_code == 400
    assert response.json()["code"] in {"bad_time", "bad_body"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "bad_body"),
        (b"[]", "bad_body"),
        (b"{}", "bad_body"),
        (json.dumps(ASKED | {"entity_id": 1}).encode(), "bad_body"),
        (json.dumps(ASKED | {"entity_id": ""}).encode(), "bad_body"),
        (json.dumps(ASKED | {"entity_id": "x" * 601}).encode(), "bad_body"),
        (json.dumps(ASKED | {"more": "x"}).encode(), "bad_body"),
        (json.dumps(ASKED | {"context": []}).encode(), "bad_body"),
        (json.dumps(ASKED | {"context": {"tiem": "2024-05-01T10:00:00Z"}}).encode(), "bad_body"),
        (json.dumps(ASKED | {"context": {"eqf": 6}}).encode(), "bad_body"),
        (json.dumps(ASKED | {"context": {"eqf": "9"}}).encode(), "bad_parameter"),
        (json.dumps(ASKED | {"entity_id": "not a did"}).encode(), "bad_parameter"),
        (json.dumps(ASKED | {"action": "revoke"}).encode(), "unknown_action"),
        (json.dumps(ASKED | {"resource": "passport"}).encode(), "unknown_action"),
        (b'{"entity_id": "a", "entity_id": "b"}', "bad_body"),
        (b'{"entity_id": NaN}', "bad_body"),
    ],
)
async def test_bodies_that_are_refused(web: httpx.AsyncClient, body: bytes, code: str) -> None:
    document = problem(await web.post("/authorization", content=body), 400, code)
    assert "not a did" not in str(document)


async def test_a_body_is_counted_while_it_arrives(web: httpx.AsyncClient) -> None:
    problem(await web.post("/authorization", content=b" " * 16_385), 413, "too_large")


async def test_recognition_of_an_agency(web: httpx.AsyncClient) -> None:
    answer = (await web.post("/recognition", json=AGENCY)).json()
    assert answer["recognized"] is True
    assert answer["time_requested"] == AGENCY["context"]["time"]
    assert "authorized" not in answer
    after = AGENCY | {"context": {"time": "2019-08-01T00:00:00Z"}}
    answer = (await web.post("/recognition", json=after)).json()
    assert (answer["recognized"], answer["context"]["outcome"]) == (False, "agency_not_registered")
    # An institution is not an agency.
    problem(await web.post("/recognition", json=AGENCY | {"entity_id": MTU_ID}), 404, "unknown_entity")
    issuing = AGENCY | {"action": "issue"}
    problem(await web.post("/recognition", json=issuing), 400, "unknown_action")


@pytest.mark.parametrize(
    ("deployment", "days", "reason"),
    [(SnapshotKind.PRODUCTION, 0, "snapshot_demo"), (SnapshotKind.DEMO, 31, "snapshot_stale")],
)
async def test_what_cannot_be_told_is_neither_true_nor_false(
    open_registry: Opener, deployment: SnapshotKind, days: int, reason: str
) -> None:
    registry = open_registry(deployment=deployment)
    bind_mtu(registry)
    async with client(registry, now=NOW + timedelta(days=days)) as http:
        for path, asked in (("/authorization", ASKED), ("/recognition", AGENCY)):
            document = problem(await http.post(path, json=asked), 503, "cannot_tell")
            assert reason in document["hint"]

"""The admin listener's door: token, host, origin, lock, sizes and shapes."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi.openapi.utils import get_openapi

from tests.simulators.town import POLICY, TOKEN, Member, Town

LINK = "http://localhost:8311/{kind}/abcdefghijkl"
# Enough of a body for every route to get as far as the wallet.
BODY = {
    "link": LINK,
    "expect": "0" * 64,
    "reason": "",
    "include": [],
    "policy": POLICY,
    "template": "sustainable-energy",
    "learner": {"given_name": "A", "family_name": "B"},
    "awarded_on": "2026-06-12",
}
# What a locked agent may say: nothing of these comes from the wallet.
PUBLIC = {"/v1/wallet/stacks", "/v1/issuer/templates"}


def routes(member: Member) -> Iterator[tuple[str, str]]:
    """Every route of the admin listener with something in place of its parameters."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a route for two methods has one operation id twice
        described = get_openapi(title="x", version="1", routes=member.admin_app.routes)
    for path, methods in described["paths"].items():
        for method in methods:
            # An unknown target is unknown to anybody; a known one needs the wallet.
            filled = path.replace("{target}", "certificate-sustainable-process-industries")
            yield method.upper(), re.sub(r"\{[^}]+\}", "x", filled)


def bare(member: Member, **headers: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=member.admin_app, raise_app_exceptions=False),
        base_url="http://127.0.0.1:8310",
        headers=headers,
    )


async def ask(http: httpx.AsyncClient, method: str, path: str, **more: Any) -> httpx.Response:
    if method == "POST" and "content" not in more:
        kind = "o" if "offer" in path else "r"
        more = {"json": BODY | {"link": LINK.format(kind=kind)}} | more
    return await http.request(method, path, **more)


def test_the_routes_are_found(shared: Town) -> None:
    """So that the tests below are not about nothing."""
    found = {path for name in ("learner", "munster", "employer") for _, path in routes(shared.members[name])}
    assert {
        "/v1/status",
        "/v1/wallet/offers/x/accept",
        "/v1/wallet/requests/x/present",
        "/v1/demo/force/x",
        "/v1/issuer/offers/x/revoke",
        "/v1/verifier/requests",
        "/v1/unlock",
    } <= found
    assert len(found) >= 35


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"bearer {TOKEN}",
        f"Basic {TOKEN}",
        TOKEN,
        "Bearer \xe9",
    ],
)
async def test_without_the_token_nothing_answers(shared: Town, authorization: str | None) -> None:
    for name in ("learner", "munster", "employer"):
        member = shared.members[name]
        raw = {} if authorization is None else {"authorization": authorization.encode("latin-1")}
        async with bare(member) as http:
            for method, path in routes(member):
                if not path.startswith("/v1/"):
                    continue
                answer = await ask(http, method, path, headers=raw)
                assert (answer.status_code, answer.json()["code"]) == (401, "no_token"), path


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8310",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.2",
        "0.0.0.0",
        "10.0.0.1",
        "[::2]",
        "[::1",
        "[",
        "]:[",
        "user@evil.example",
        "localhost@evil.example",
        "",
        "\xff",
        "xn--a",
    ],
)
async def test_a_foreign_host_name_is_refused_even_with_the_token(shared: Town, host: str) -> None:
    """DNS rebinding: a page on evil.example whose name points to 127.0.0.1 for a moment."""
    learner = shared.members["learner"]
    async with bare(learner, authorization=f"Bearer {TOKEN}") as http:
        for path in ("/v1/status", "/v1/wallet/credentials", "/internal/hooks/topic/x/"):
            answer = await http.get(path, headers={"host": host.encode("latin-1")})  # type: ignore[dict-item]
            assert (answer.status_code, answer.json()["code"]) == (403, "not_local"), path


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:8310", "[::1]:8310"])
async def test_our_own_names_are_let_in(shared: Town, host: str) -> None:
    async with bare(shared.members["learner"], authorization=f"Bearer {TOKEN}", host=host) as http:
        assert (await http.get("/v1/status")).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "", "http://127.0.0.1:8310", "file://"])
async def test_browsers_are_refused_even_with_the_token(shared: Town, origin: str) -> None:
    learner = shared.members["learner"]
    async with bare(learner, authorization=f"Bearer {TOKEN}", origin=origin) as http:
        for method, path in routes(learner):
            answer = await ask(http, method, path)
            assert (answer.status_code, answer.json()["code"]) == (403, "not_local"), path
        preflight = await http.options("/v1/wallet/credentials")
        assert preflight.status_code == 403
        assert not [name for name in preflight.headers if name.startswith("access-control")]


async def test_locked_says_so_everywhere(place: Town) -> None:
    members = [await place.learner(), await place.university(), await place.employer()]
    asked = 0
    for member in members:
        await member.agent.node.relock()
        async with member.http() as http:
            for method, path in routes(member):
                if not path.startswith(("/v1/wallet", "/v1/issuer", "/v1/verifier", "/v1/demo")):
                    continue
                answer = await ask(http, method, path)
                if answer.status_code == 404 and answer.json()["code"] == "not_this_role":
                    continue
                if method == "GET" and path in PUBLIC:
                    assert answer.status_code == 200
                    continue
                assert (answer.status_code, answer.json()["code"]) == (423, "locked"), (method, path)
                assert answer.json()["hint"]
                asked += 1
            status = (await http.get("/v1/status")).json()
            assert (status["lock"], status["inbox"]) == ("locked", {"offers": 0, "requests": 0})
    assert asked >= 25
    assert place.internet.asked == []


async def test_the_public_listener_of_a_locked_agent(place: Town) -> None:
    """What verifies credentials goes on; what needs the key says "not now" and tells nothing."""
    university = await place.university()
    offer = await university.offer()
    code = offer["id"]
    await university.agent.node.relock()
    app = place.internet.apps[university.place]
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8311") as http:
        assert (await http.get("/.well-known/did.json")).status_code == 200
        for path in (f"/o/{code}", "/o/nope"):  # a locked agent does not even say which codes exist
            answer = await http.get(path)
            assert (answer.status_code, answer.json()["code"]) == (423, "locked")
        assert (await http.post(f"/o/{code}/accept")).status_code == 423


async def test_unlocking_over_http(place: Town) -> None:
    from aries_askar import Store

    from tests.simulators.town import PASSPHRASE

    learner = await place.learner()
    await learner.agent.node.relock()
    async with learner.http() as http:
        wrong = {"passphrase": Store.generate_raw_key(b"1" * 32)}
        answer = await http.post("/v1/unlock", json=wrong)
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong_passphrase")
        assert wrong["passphrase"] not in answer.text
        answer = await http.post("/v1/unlock", json={"passphrase": PASSPHRASE})
        assert (answer.status_code, answer.json()["code"]) == (429, "wait")
        assert answer.json()["hint"].isdecimal()
        for body in (
            {},
            {"passphrase": None},
            {"passphrase": 5},
            {"passphrase": "x" * 1001},
            {"passphrase": ["x"]},
        ):
            answer = await http.post("/v1/unlock", json=body)
            assert answer.status_code == 422, body
        learner.agent.node._wait_until = 0.0
        assert (await http.post("/v1/unlock", json={"passphrase": PASSPHRASE})).status_code == 202
        assert (await http.post("/v1/lock")).json()["lock"] == "locked"
        assert (await http.get("/v1/wallet/credentials")).status_code == 423


# --- bodies


BAD_BODIES = (
    (b"{", "not_json"),
    (b"hello", "not_json"),
    (b"\xff\xfe\xfd", "not_json"),
    (b"[]", "not_an_object"),
    (b'"text"', "not_an_object"),
    (b"null", "not_an_object"),
    (b'{"link":1,"link":2}', "duplicate_member"),
    (b'{"link":NaN}', "not_json"),
    (b'{"a":' * 100 + b"1" + b"}" * 100, "too_deep"),
    (b'{"link":"\\ud800"}', "not_text"),
    (b"[" * 100_000, "too_deep"),
    (b'{"n":' + b"9" * 10_000 + b"}", "not_json"),
)


@pytest.mark.parametrize(("body", "code"), BAD_BODIES)
async def test_bodies_that_are_none(shared: Town, body: bytes, code: str) -> None:
    for name, path in (
        ("learner", "/v1/wallet/offers/review"),
        ("learner", "/v1/wallet/requests/review"),
        ("employer", "/v1/verifier/requests"),
        ("munster", "/v1/issuer/offers"),
        ("learner", "/v1/unlock"),
    ):
        async with shared.members[name].http() as http:
            answer = await http.post(path, content=body)
            assert (answer.status_code, answer.json()["code"]) == (422, code), path


@pytest.mark.parametrize("declared", ["600000", "-1", "1e9", "x", None])
async def test_bodies_that_are_too_large(shared: Town, declared: str | None) -> None:
    """Declared or not, and whatever is declared."""

    async def endless() -> Any:
        for _ in range(600):
            yield b"a" * 1024

    headers = {} if declared is None else {"content-length": declared}
    async with shared.members["learner"].http() as http:
        answer = await http.post("/v1/wallet/offers/review", content=endless(), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "too_large")


@pytest.mark.parametrize(
    ("name", "path", "body"),
    [
        ("munster", "/v1/issuer/offers", {}),
        ("munster", "/v1/issuer/offers", BODY | {"learner": "Ada"}),
        ("munster", "/v1/issuer/offers", BODY | {"learner": {}}),
        ("munster", "/v1/issuer/offers", BODY | {"learner": {"given_name": 1, "family_name": "B"}}),
        ("munster", "/v1/issuer/offers", BODY | {"awarded_on": "12.6.2026"}),
        ("munster", "/v1/issuer/offers", BODY | {"awarded_on": "2026-02-30"}),
        ("munster", "/v1/issuer/offers", BODY | {"awarded_on": "2999-01-01"}),
        ("munster", "/v1/issuer/offers", BODY | {"awarded_on": None}),
        ("munster", "/v1/issuer/offers", BODY | {"expires_in_days": 0}),
        ("munster", "/v1/issuer/offers", BODY | {"expires_in_days": 400}),
        ("munster", "/v1/issuer/offers", BODY | {"expires_in_days": "soon"}),
        ("munster", "/v1/issuer/offers", BODY | {"grade": ["A"]}),
        ("munster", "/v1/issuer/offers", BODY | {"template": 7}),
        ("employer", "/v1/verifier/requests", {}),
        ("employer", "/v1/verifier/requests", {"policy": "all"}),
        ("employer", "/v1/verifier/requests", {"policy": POLICY | {"claims": [{"claim": "titel"}]}}),
        ("employer", "/v1/verifier/requests", {"policy": POLICY, "max_responses": "many"}),
        ("employer", "/v1/verifier/requests", {"policy": POLICY, "max_responses": 0}),
        ("employer", "/v1/verifier/requests", {"policy": POLICY, "expires_in_days": 10**400}),
        ("learner", "/v1/wallet/offers/review", {"link": 5}),
        ("learner", "/v1/wallet/offers/review", {"link": "x" * 5000}),
        ("learner", "/v1/wallet/requests/x/plan", {"include": "all"}),
        ("learner", "/v1/wallet/requests/x/plan", {"include": [1]}),
        ("learner", "/v1/wallet/requests/x/plan", {"include": ["a"] * 101}),
        ("learner", "/v1/wallet/requests/x/present", {"expect": "x" * 65}),
        ("learner", "/v1/wallet/requests/x/present", {"expect": None}),
    ],
)
async def test_members_of_other_kinds(shared: Town, name: str, path: str, body: dict[str, Any]) -> None:
    async with shared.members[name].http() as http:
        answer = await http.post(path, content=json.dumps(body))
        assert answer.status_code == 422, answer.text
        problem = answer.json()
        assert problem["code"] not in ("http_error", "internal_error")
        assert answer.headers["content-type"] == "application/problem+json"


async def test_the_nearest_claim_is_named(shared: Town) -> None:
    async with shared.members["employer"].http() as http:
        body = {"policy": POLICY | {"claims": [{"claim": "titel"}]}}
        problem = (await http.post("/v1/verifier/requests", json=body)).json()
    assert (problem["status"], problem["code"]) == (422, "unknown_claim")
    assert "title" in problem["hint"]


async def test_what_does_not_exist(shared: Town) -> None:
    for name, method, path in (
        ("learner", "GET", "/v1/wallet/credentials/nope"),
        ("learner", "POST", "/v1/wallet/credentials/nope/recheck"),
        ("learner", "GET", "/v1/wallet/offers/nope"),
        ("learner", "POST", "/v1/wallet/offers/nope/accept"),
        ("learner", "POST", "/v1/wallet/offers/nope/reject"),
        ("learner", "GET", "/v1/wallet/requests/nope"),
        ("learner", "POST", "/v1/wallet/requests/nope/decline"),
        ("learner", "GET", "/v1/wallet/stacks/nope"),
        ("munster", "GET", "/v1/issuer/offers/nope"),
        ("munster", "POST", "/v1/issuer/offers/nope/revoke"),
        ("employer", "GET", "/v1/verifier/requests/nope"),
        ("employer", "GET", "/v1/verifier/responses/nope"),
        ("employer", "POST", "/v1/verifier/responses/nope/recheck"),
        ("learner", "GET", "/v1/nope"),
        ("learner", "GET", "/docs"),
        ("learner", "GET", "/openapi.json"),
    ):
        async with shared.members[name].http() as http:
            answer = await http.request(method, path, json={} if method == "POST" else None)
            assert answer.status_code == 404, path


async def test_a_bug_tells_nothing(shared: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken() -> None:
        raise RuntimeError("Zxqv7Marker")

    learner = shared.members["learner"]
    monkeypatch.setattr(learner.agent.holding.summaries, "listed", broken)
    async with learner.http() as http:
        answer = await http.get("/v1/wallet/credentials")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "Zxqv7Marker" not in answer.text


async def test_the_demo_s_tampering_is_not_there_otherwise(place: Town) -> None:
    learner = await place.learner(demo=False)
    async with learner.http() as http:
        assert (await http.post("/v1/demo/force/x")).status_code == 404

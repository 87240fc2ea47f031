"""The public listener, as strangers see it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from agent.api import public
from tests.simulators.town import Member, Town

CODE = "abcdefghijklmnop"


def client(member: Member, **headers: str) -> httpx.AsyncClient:
    app = member.town.internet.apps[member.place]
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=member.settings.public_base, headers=headers)


@pytest.fixture
async def munster(shared: Town) -> AsyncIterator[httpx.AsyncClient]:
    async with client(shared.members["munster"]) as http:
        yield http


async def test_nothing_of_the_admin_api_is_here(shared: Town) -> None:
    for name, member in shared.members.items():
        async with client(member, authorization="Bearer the-admin-token") as http:
            for path in (
                "/v1/status",
                "/v1/wallet/credentials",
                "/internal/did/x",
                "/docs",
                "/openapi.json",
                "/",
            ):
                assert (await http.get(path)).status_code == 404, (name, path)
            assert (await http.post("/v1/unlock", json={})).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/anoncreds/v1/SCHEMA/x",
        "/anoncreds/v1/SCHEMA/..%2f..%2ftoken",
        "/anoncreds/v1/SCHEMA/" + "A" * 64,
        "/anoncreds/v1/TOKEN/" + "0" * 64,
        "/anoncreds/v1/REVLIST/x",
        "/anoncreds/v1/REVLIST/" + "0" * 64 + "?at=x",
        "/anoncreds/v1/REVLIST/" + "0" * 64 + "?at=1&at=2",
        "/anoncreds/v1/REVLIST/" + "0" * 64 + "?at=" + "9" * 5000,
        "/anoncreds/v1/SCHEMA/" + "0" * 64,
        "/tails/hash/..%2f..%2ftoken",
        "/tails/hash/" + "1" * 44,
        "/.well-known/../token",
        "/%2e%2e/token",
    ],
)
async def test_names_that_lead_nowhere(munster: httpx.AsyncClient, path: str) -> None:
    answer = await munster.get(path)
    assert answer.status_code in (404, 422)
    assert "token" not in answer.text.lower() or "bad_object_name" in answer.text


async def test_a_role_that_is_not_played(shared: Town) -> None:
    for name, paths in (
        ("learner", (f"/o/{CODE}", f"/r/{CODE}")),
        ("munster", (f"/r/{CODE}",)),
        ("employer", (f"/o/{CODE}",)),
    ):
        async with client(shared.members[name]) as http:
            for path in paths:
                assert (await http.get(path)).status_code == 404
    async with client(shared.members["learner"]) as http:
        assert (await http.get("/.well-known/did.json")).status_code == 404  # a learner has no public DID


async def test_unknown_codes(shared: Town) -> None:
    for name, kind, actions in (
        ("munster", "o", ("accept", "reject")),
        ("employer", "r", ("connect", "decline")),
    ):
        member = shared.members[name]
        part: Any = member.agent.issuing or member.agent.asking
        async with client(member) as http:
            for code in (CODE, "x" * 3000, "%00", "..", "%2e%2e", "\u202e"):
                assert (await http.get(f"/{kind}/{code}")).status_code == 404
                for action in actions:
                    assert (await http.post(f"/{kind}/{code}/{action}", json={})).status_code == 404
        assert [key for key in part._locks if key == CODE] == []


async def test_bodies(shared: Town) -> None:
    university = shared.members["munster"]
    offer = await university.offer()
    async with client(university) as http:
        for body, status in (
            (b"{", 422),
            (b"[]", 422),
            (b'{"reason":5}', 422),
            (b'{"reason":"' + b"x" * 501 + b'"}', 422),
            (b'{"reason":"\\ud800"}', 422),
            (b'{"reason":"' + b"x" * 20_000 + b'"}', 422),
        ):
            answer = await http.post(f"/o/{offer['id']}/reject", content=body)
            assert answer.status_code == status, body[:40]
        assert (await university.agent.issuing.offer(offer["id"]))["state"] == "open"
        assert (await http.post(f"/o/{offer['id']}/reject", content=b"")).status_code == 200
        assert (await http.post(f"/o/{offer['id']}/accept")).status_code == 409
        assert (await http.get(f"/o/{offer['id']}")).status_code == 409


async def test_looking_changes_nothing(shared: Town) -> None:
    """A link preview, a virus scanner, a browser: GET is for everybody."""
    university = shared.members["munster"]
    offer = await university.offer()
    async with client(university) as http:
        for method in ("GET", "HEAD", "OPTIONS"):
            for accept in ("*/*", "text/html", "application/jose"):
                await http.request(method, f"/o/{offer['id']}", headers={"accept": accept})
                await http.request(method, f"/o/{offer['id']}/accept", headers={"accept": accept})
    assert (await university.agent.issuing.offer(offer["id"]))["state"] == "open"


async def test_the_page_for_a_browser(shared: Town) -> None:
    university = shared.members["munster"]
    offer = await university.offer()
    hostile = "<script>alert(1)</script>\"'{x}"
    object.__setattr__(university.settings, "__dict__", {**university.settings.__dict__, "name": hostile})
    try:
        async with client(university, accept="text/html,*/*") as http:
            known = await http.get(f"/o/{offer['id']}")
            unknown = await http.get(f"/o/{CODE}")
            odd = await http.get("/o/%3Cscript%3Ealert(1)%3C%2Fscript%3E")
            strange = await http.get(f"/o/{CODE}", headers={"host": "<script>.example"})
    finally:
        object.__setattr__(
            university.settings, "__dict__", {**university.settings.__dict__, "name": "munster"}
        )
    for page in (known, unknown, odd, strange):
        assert page.status_code in (200, 400, 404)
        assert "<script" not in page.text
    assert known.headers["content-security-policy"].startswith("default-src 'none'")
    assert known.headers["cache-control"] == "no-store"
    assert known.headers["referrer-policy"] == "no-referrer"
    # It tells nothing of the content, and not even whether the code is known.
    assert offer["title"] not in known.text
    assert known.text.replace(offer["id"], CODE) == unknown.text


async def test_documents_are_not_cached_and_objects_are(shared: Town, munster: httpx.AsyncClient) -> None:
    university = shared.members["munster"]
    offer = await university.offer()
    (cred_def,) = university.wallet.cred_defs
    document = await munster.get(f"/o/{offer['id']}", headers={"accept": "application/jose"})
    assert (document.status_code, document.headers["cache-control"]) == (200, "no-store")
    found = await munster.get("/anoncreds/v1/CREDDEF/" + cred_def.rsplit("/", 1)[1])
    assert "immutable" in found.headers["cache-control"]
    listed = await munster.get(
        "/anoncreds/v1/REVLIST/" + university.wallet.cred_defs[cred_def].rsplit("/", 1)[1]
    )
    assert listed.headers["cache-control"] == "no-store"
    assert public.BODY_BYTES <= 64 * 1024

"""`agent.client`: the client that the wallet and the command line share."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

import agent.client
from agent.client import SERVICE_UNREACHABLE, AgentClient, Event
from agent.errors import (
    AgentError,
    CairnError,
    ConflictError,
    ConsentError,
    ExpiredError,
    InputError,
    LockedError,
    NotFoundError,
    PassphraseError,
    UnreachableError,
    UntrustedError,
)

BASE = "http://127.0.0.1:8021"


def client(handler: Callable[[httpx.Request], httpx.Response]) -> AgentClient:
    return AgentClient(BASE, "t0ken", transport=httpx.MockTransport(handler))


def problem(status: int, code: str, kind: str = "") -> Callable[[httpx.Request], httpx.Response]:
    body = {
        "type": "x",
        "title": "x",
        "status": status,
        "code": code,
        "detail": "What happened.",
        "hint": "Do this.",
    } | ({"kind": kind} if kind else {})
    return lambda _: httpx.Response(status, json=body)


async def test_calls_carry_the_token_and_the_body() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"ok": True})

    async with client(answer) as one:
        assert await one.get("/v1/status", {"a": "b"}) == {"ok": True}
        assert await one.post("/v1/unlock", {"passphrase": "x"}) == {"ok": True}
        await one.post("/v1/lock")
    assert [str(request.url) for request in seen] == [
        f"{BASE}/v1/status?a=b",
        f"{BASE}/v1/unlock",
        f"{BASE}/v1/lock",
    ]
    assert {request.headers["authorization"] for request in seen} == {"Bearer t0ken"}
    assert [request.content for request in seen[1:]] == [b'{"passphrase":"x"}', b"{}"]


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (403, "wrong_passphrase", PassphraseError),
        (404, "no_offer", NotFoundError),
        (409, "already_answered", ConflictError),
        (409, "plan_changed", ConsentError),
        (410, "offer_expired", ExpiredError),
        (422, "unknown_claim", InputError),
        (422, "bad_signature", UntrustedError),
        (423, "locked", LockedError),
        (429, "wait", PassphraseError),
        (500, "odd", AgentError),
        (502, "issuer_unreachable", UnreachableError),
        (503, "agent_failed", AgentError),
        (504, "deadline", UnreachableError),
        (418, "teapot", InputError),
    ],
)
async def test_problems_become_the_error_they_stand_for(
    status: int, code: str, kind: type[CairnError]
) -> None:
    # Two classes share 409 and two share 422: there the service's own word decides.
    named = kind.__name__ if kind in (ConsentError, UntrustedError) else ""
    async with client(problem(status, code, named)) as one:
        with pytest.raises(CairnError) as caught:
            await one.get("/x")
    assert type(caught.value) is kind
    assert (caught.value.code, caught.value.detail, caught.value.hint) == (code, "What happened.", "Do this.")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"code": 5, "detail": null}', b"{" * 100])
async def test_a_problem_that_is_none_of_ours_still_has_a_class(body: bytes) -> None:
    async with client(lambda _: httpx.Response(500, content=body)) as one:
        with pytest.raises(AgentError) as caught:
            await one.get("/x")
    assert caught.value.code == "http_500"


async def test_a_refused_token_says_so() -> None:
    async with client(lambda _: httpx.Response(401, json={"code": "x"})) as one:
        with pytest.raises(AgentError, match="token_refused"):
            await one.get("/x")


@pytest.mark.parametrize(
    "fault", [httpx.ConnectError("no"), httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("odd")]
)
async def test_no_answer_is_unreachable(fault: httpx.HTTPError) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise fault

    async with client(fail) as one:
        with pytest.raises(UnreachableError) as caught:
            await one.get("/x")
    assert caught.value.code == SERVICE_UNREACHABLE


@pytest.mark.parametrize("body", [b"[]", b"5", b"null"])
async def test_an_answer_that_is_no_object_is_refused(body: bytes) -> None:
    async with client(lambda _: httpx.Response(200, content=body)) as one:
        with pytest.raises(AgentError, match="bad_answer"):
            await one.get("/x")


async def test_answers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent.client, "MAX_ANSWER_BYTES", 1000)
    async with client(lambda _: httpx.Response(200, content=b"[" + b"1," * 1000 + b"1]")) as one:
        with pytest.raises(AgentError, match="too_large"):
            await one.get("/x")


async def test_large_answers_are_parsed_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent.client, "THREAD_PARSE_BYTES", 10)
    async with client(lambda _: httpx.Response(200, json={"credentials": [1, 2, 3]})) as one:
        assert await one.get("/x") == {"credentials": [1, 2, 3]}


async def test_redirects_are_not_followed() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(302, headers={"location": "https://evil.example/"})

    async with client(answer) as one:
        with pytest.raises(CairnError):
            await one.get("/x")
    assert seen == [f"{BASE}/x"]


@pytest.mark.parametrize(
    "url",
    ["http://mtu.example", "ftp://localhost", "http://127.0.0.1.evil.example", "nonsense", "http://[bad"],
)
def test_the_token_goes_over_loopback_or_https_only(url: str) -> None:
    with pytest.raises(InputError):
        AgentClient(url, "token")


async def test_from_home_reads_address_and_token(tmp_path: Path) -> None:
    (tmp_path / "service.json").write_text(json.dumps({"admin_url": BASE, "public_url": "", "pid": 1}))
    (tmp_path / "token").write_text("t0ken\n")
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(f"{request.url} {request.headers['authorization']}")
        return httpx.Response(200, json={})

    async with AgentClient.from_home(tmp_path, transport=httpx.MockTransport(answer)) as one:
        await one.get("/v1/status")
    assert seen == [f"{BASE}/v1/status Bearer t0ken"]


def test_from_home_without_a_service_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError) as caught:
        AgentClient.from_home(tmp_path)
    assert caught.value.code == SERVICE_UNREACHABLE
    assert "cairn agent run" in caught.value.hint


@pytest.mark.parametrize(
    "content", ["[]", "{}", '{"admin_url": 5}', "{", '{"admin_url": "http://evil.example"}']
)
def test_from_home_refuses_an_odd_file(tmp_path: Path, content: str) -> None:
    (tmp_path / "service.json").write_text(content)
    (tmp_path / "token").write_text("t0ken")
    with pytest.raises(InputError):
        AgentClient.from_home(tmp_path)


class Chunks(httpx.AsyncByteStream):
    def __init__(self, *chunks: bytes) -> None:
        self._chunks = chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk


async def events(*chunks: bytes) -> list[Event]:
    async with client(lambda _: httpx.Response(200, stream=Chunks(*chunks))) as one:
        return [event async for event in one.events()]


@pytest.mark.parametrize(
    "chunks",
    [
        (b'event: step\ndata: {"a": 1}\n\nevent: status\ndata: {}\n\n',),
        (b'event: step\r\ndata: {"a": 1}\r\n\r\nevent: status\r\ndata: {}\r\n\r\n',),
        (b"event: st", b"ep\r", b'\ndata: {"a":', b" 1}\n\n: ping\n\nevent:status\nid: 5\ndata:{}\n", b"\n"),
        (b'event: step\ndata: {"a":\ndata: 1}\n\nevent: status\ndata: {}\n\nevent: half\ndata: {',),
    ],
)
async def test_events_are_cut_out_of_any_chunks(chunks: tuple[bytes, ...]) -> None:
    assert await events(*chunks) == [Event("step", {"a": 1}), Event("status", {})]


@pytest.mark.parametrize("chunk", [b"data: [1]\n\n", b"data: {\n\n", b"data: " + b"x" * 300_000 + b"\n\n"])
async def test_events_of_the_wrong_kind_are_refused(chunk: bytes) -> None:
    with pytest.raises(AgentError, match="bad_event"):
        await events(chunk)


async def test_a_refused_event_stream_is_an_error() -> None:
    async with client(problem(423, "locked")) as one:
        with pytest.raises(LockedError):
            await anext(aiter(one.events()))


async def test_a_broken_event_stream_is_unreachable() -> None:
    class Broken(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"event: status\ndata: {}\n\n"
            raise httpx.ReadError("gone")

    async with client(lambda _: httpx.Response(200, stream=Broken())) as one:
        stream = aiter(one.events())
        assert await anext(stream) == Event("status", {})
        with pytest.raises(UnreachableError):
            await anext(stream)

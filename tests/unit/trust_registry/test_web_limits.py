"""How much one caller may ask."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest

from tests.unit.trust_registry.conftest import Opener, client
from tests.unit.trust_registry.samples import CIT_ID, MTU, NOW, report
from tests.unit.trust_registry.test_api import NEW, TAILS, TAILS_NAME, problem
from tests.unit.trust_registry.test_web_trqp import AGENCY, ASKED
from trust_registry import embedded, objects, tails
from trust_registry.api import create_app
from trust_registry.bodies import BODY_BYTES, MAX_DID_CHARS
from trust_registry.errors import QueryError
from trust_registry.registry import Registry
from trust_registry.web import ebsi, limits
from trust_registry.web.limits import LIMITS, Limits, TokenBuckets, client_key, whole_number

EBSI = "/trusted-issuers-registry/v5/issuers"


def test_a_bucket_empties_and_fills() -> None:
    buckets = TokenBuckets(clients=10)

    def take(key: str, now: float) -> float:
        return buckets.take(key, rate=2.0, burst=3, now=now)

    assert [take("a", 0.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert take("b", 0.0) == 0.0  # another's bucket
    assert take("a", 0.25) == pytest.approx(0.25)
    assert take("a", 0.5) == 0.0
    assert take("a", 0.5) > 0
    assert [take("a", 1000.0) for _ in range(4)].count(0.0) == 3  # never more than the burst
    assert take("a", 0.0) > 0  # a clock that goes back gives nothing


def test_the_number_of_buckets_is_bounded_and_the_oldest_goes() -> None:
    buckets = TokenBuckets(clients=2)
    for key in ("a", "b", "a", "c"):
        buckets.take(key, rate=1.0, burst=2, now=0.0)
    assert len(buckets) == 2
    assert buckets.take("a", rate=1.0, burst=2, now=0.0) > 0  # kept: it was used after b
    assert buckets.take("b", rate=1.0, burst=2, now=0.0) == 0.0


@pytest.mark.parametrize(
    ("host", "key", "loopback"),
    [
        ("192.0.2.1", "192.0.2.1", False),
        ("127.0.0.1", "127.0.0.1", True),
        ("::1", "::1", True),
        ("::ffff:127.0.0.1", "127.0.0.1", True),
        ("::ffff:192.0.2.1", "192.0.2.1", False),
        ("2001:db8::1", "2001:db8::/64", False),
        ("2001:db8::ffff:1:2", "2001:db8::/64", False),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64", False),
        ("unix", "?", False),
        (None, "?", False),
    ],
)
def test_whose_bucket(host: str | None, key: str, loopback: bool) -> None:
    assert client_key(host) == (key, loopback)


@pytest.mark.parametrize(("client", "allowed"), [("192.0.2.1", 3), ("127.0.0.1", 6)])
async def test_too_many_questions(web_registry: Registry, client: str, allowed: int) -> None:
    few = Limits(rate=0.001, burst=3, loopback_rate=0.001, loopback_burst=6)
    app = create_app(web_registry, clock=lambda: NOW, limits=few)

    def browser(host: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app, client=(host, 1234))
        return httpx.AsyncClient(transport=transport, base_url="http://localhost:8300")

    async with browser(client) as http, browser("198.51.100.7") as other:
        for _ in range(allowed):
            assert (await http.get("/v1/status")).status_code == 200
        for path in ("/v1/status", "/", "/v1/institutions?q=a"):
            response = await http.get(path)
            problem(response, 429, "too_many_requests")
            assert 0 < int(response.headers["retry-after"]) <= 1000
        # A header that anybody can write gives no bucket of one's own.
        spoofed = await http.get("/v1/status", headers={"x-forwarded-for": "203.0.113.9"})
        assert spoofed.status_code == 429
        assert (await other.get("/v1/status")).status_code == 200


# --- every limit at its edge: n is taken, n + 1 is not


async def test_a_query_string_is_bounded(web: httpx.AsyncClient) -> None:
    for path in ("/v1/institutions?q=", "/?q="):
        room = LIMITS.query_string_bytes - len("q=")
        assert (await web.get(path + "a" * room)).status_code == 400  # read, and too long for a name
        problem(await web.get(path + "a" * (room + 1)), 414, "too_large")


@pytest.mark.parametrize(
    ("path", "name", "most"),
    [
        ("/v1/institutions?q=a&", "limit", LIMITS.max_page_size),
        ("/v1/institutions?q=a&", "offset", LIMITS.max_offset),
        (f"{EBSI}?", "page[size]", ebsi.MAX_PAGE_SIZE),
        (f"{EBSI}?", "page[after]", ebsi.MAX_PAGE),
        (f"{EBSI}/{MTU.did}/attributes?".replace("%", "%25"), "page[size]", ebsi.MAX_PAGE_SIZE),
        ("/v1/revlists/x?", "at", 10**12 - 1),
    ],
)
async def test_numbers_end_where_they_say(web: httpx.AsyncClient, path: str, name: str, most: int) -> None:
    assert (await web.get(f"{path}{name}={most}")).status_code in {200, 404}
    answer = await web.get(f"{path}{name}={most + 1}")
    assert (answer.status_code, answer.json()["code"]) in {(400, "bad_parameter"), (400, "bad_time")}


def _resolving(**more: str) -> str:
    return "/v1/resolve?" + urlencode({"did": MTU.did, "awarded_on": "2024-05-01", **more})


DID_OF = "did:web:" + "a" * (MAX_DID_CHARS - len("did:web:"))


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/v1/institutions?q=" + "a" * LIMITS.search_chars, "a"),
        ("/v1/institutions?q=" + "%20".join("a" * LIMITS.search_words), "%20a"),
        (f"/v1/institutions?q={DID_OF}", "a"),  # had no limit of its own
        (f"/v1/resolve?awarded_on=2024-05-01&did={DID_OF}", "a"),
        (_resolving(programme="a" * 500), "a"),
        (_resolving(ects="1000"), ".1"),
        (_resolving(eqf="8"), "0"),
        (_resolving(key="A" * 43), "A"),
        (_resolving(nonce="a" * LIMITS.nonce_chars), "a"),
    ],
)
async def test_questions_end_where_they_say(web: httpx.AsyncClient, path: str, more: str) -> None:
    signed = {"accept": "application/jwt" if "nonce" in path else "application/json"}
    assert (await web.get(path, headers=signed)).status_code == 200
    problem(await web.get(path + more, headers=signed), 400, "bad_parameter")


async def test_a_nonce_is_long_enough(web: httpx.AsyncClient) -> None:
    signed = {"accept": "application/jwt"}
    assert (await web.get(_resolving(nonce="a" * 16), headers=signed)).status_code == 200
    problem(await web.get(_resolving(nonce="a" * 15), headers=signed), 400, "bad_parameter")


def _padded(body: dict[str, Any], size: int) -> bytes:
    text = json.dumps(body).encode()
    return text + b" " * (size - len(text))


@pytest.mark.parametrize(
    ("path", "body", "most"),
    [
        ("/authorization", ASKED, LIMITS.body_bytes),
        ("/recognition", AGENCY, LIMITS.body_bytes),
        ("/v1/admin/bindings", NEW, BODY_BYTES),
        (
            "/v1/admin/revocations",
            {"did": MTU.did, "thumbprint": MTU.thumbprint, "at": "2026-01-01T00:00:00Z", "reason": "retired"},
            BODY_BYTES,
        ),
    ],
)
async def test_bodies_end_where_they_say(
    web: httpx.AsyncClient, web_registry: Registry, path: str, body: dict[str, Any], most: int
) -> None:
    token = {"authorization": f"Bearer {web_registry.token}"}
    problem(await web.post(path, content=_padded(body, most + 1), headers=token), 413, "too_large")
    assert (await web.post(path, content=_padded(body, most), headers=token)).status_code in {200, 201}


async def test_an_operators_body_ends_where_it_says(
    web: httpx.AsyncClient, web_registry: Registry, tmp_path: Path
) -> None:
    web_registry.operators.add("alice", tmp_path / "token", now=NOW)
    token = {"authorization": f"Bearer {(tmp_path / 'token').read_text().strip()}"}
    asked = {"content": _padded({}, BODY_BYTES), "headers": token}
    assert (await web.post("/v1/operator/list", **asked)).status_code == 200
    asked["content"] += b" "
    problem(await web.post("/v1/operator/list", **asked), 413, "too_large")


@pytest.mark.parametrize(
    ("name", "most", "path", "asked"),
    [
        ("entity_id", LIMITS.trqp_chars, "/recognition", AGENCY),
        ("authority_id", LIMITS.trqp_chars, "/authorization", ASKED),
    ],
)
async def test_members_end_where_they_say(
    web: httpx.AsyncClient, name: str, most: int, path: str, asked: dict[str, Any]
) -> None:
    assert (await web.post(path, json=asked | {name: "a" * most})).status_code == 404
    problem(await web.post(path, json=asked | {name: "a" * (most + 1)}), 400, "bad_body")


async def test_an_object_ends_where_it_says(web: httpx.AsyncClient) -> None:
    url = f"/v1/objects/{quote(MTU.schema()[0], safe='')}"
    problem(await web.put(url, content=b"x" * objects.OBJECT_BYTES), 422, "malformed")
    problem(await web.put(url, content=b"x" * (objects.OBJECT_BYTES + 1)), 413, "too_large")


async def test_a_tails_file_ends_where_it_says(
    web: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"/v1/tails/{TAILS_NAME}"
    monkeypatch.setattr(tails, "TAILS_BYTES", len(TAILS) - 1)
    problem(await web.put(url, content=TAILS), 413, "too_large")
    monkeypatch.setattr(tails, "TAILS_BYTES", len(TAILS))
    assert (await web.put(url, content=TAILS)).status_code == 200
    monkeypatch.setattr(tails, "TOTAL_BYTES", len(TAILS))
    problem(await web.put(url, content=TAILS), 507, "storage_full")


async def test_as_many_reports_as_it_says(open_registry: Opener) -> None:
    known = embedded.load()
    made = [report(id=f"R{number}", valid_from=date(2016, 1, 1)) for number in range(LIMITS.reports + 1)]
    registry = open_registry(replace(known, reports={one.id: one for one in made}))
    async with client(registry) as http:
        shown = (await http.get(f"/v1/institutions/{CIT_ID}?at=2018-01-01")).json()
    assert len(shown["reports"]) == LIMITS.reports
    assert shown["standing"]["outcome"] == "assured_official"  # decided on all of them


def test_numbers_are_taken_or_refused() -> None:
    def number(text: str | None) -> int:
        return whole_number(text, "limit", default=20, least=1, most=100)

    assert (number(None), number("1"), number("100"), number("007")) == (20, 1, 100, 7)
    for text in ("", "0", "101", "-1", "+1", "1.0", "1e1", " 1", "²", "١", "9" * 10, "9" * 5000):
        with pytest.raises(QueryError):
            number(text)
    assert limits.LIMITS.loopback_burst > limits.LIMITS.burst

"""How much one caller may ask."""

from __future__ import annotations

import httpx
import pytest

from tests.unit.trust_registry.samples import NOW
from tests.unit.trust_registry.test_api import problem
from trust_registry.api import create_app
from trust_registry.errors import QueryError
from trust_registry.registry import Registry
from trust_registry.web import limits
from trust_registry.web.limits import Limits, TokenBuckets, client_key, whole_number


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


async def test_a_query_string_is_bounded(web: httpx.AsyncClient) -> None:
    problem(await web.get("/v1/institutions?q=" + "a" * 5000), 414, "too_large")
    problem(await web.get("/?q=" + "a" * 5000), 414, "too_large")


def test_numbers_are_taken_or_refused() -> None:
    def number(text: str | None) -> int:
        return whole_number(text, "limit", default=20, least=1, most=100)

    assert (number(None), number("1"), number("100"), number("007")) == (20, 1, 100, 7)
    for text in ("", "0", "101", "-1", "+1", "1.0", "1e1", " 1", "²", "١", "9" * 10, "9" * 5000):
        with pytest.raises(QueryError):
            number(text)
    assert limits.LIMITS.loopback_burst > limits.LIMITS.burst

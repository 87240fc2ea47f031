from __future__ import annotations

import time

import pytest

from agent.core.limits import Limits
from agent.errors import CairnError, InputError, UnreachableError, UntrustedError
from tests.unit.net.fakes import Network, answer

QUICK = Limits(fetch_seconds=0.15)


async def code_of(network: Network, url: str, *, allow_loopback: bool = False, max_bytes: int = 1000) -> str:
    fetcher = network.fetcher(allow_loopback=allow_loopback, limits=QUICK)
    try:
        with pytest.raises(CairnError) as caught:
            await fetcher.get(url, max_bytes=max_bytes)
    finally:
        await fetcher.aclose()
    return f"{type(caught.value).__name__} {caught.value.code}"


async def test_a_public_host_over_https() -> None:
    network = Network()
    network.site("uni.example", answer(b'{"a":1}', content_type="Application/JSON; charset=utf-8"))
    fetched = await network.fetcher().get("https://uni.example/o/abc?x=1#frag", max_bytes=100, accept="a/b")
    assert fetched.status == 200
    assert fetched.content_type == "application/json"
    assert fetched.json() == {"a": 1}
    assert network.connected == [("93.184.215.14", 443)]  # the judged address, not the name
    assert network.tls_names == ["uni.example"]  # but the certificate must be the name's
    (_, head, _), *_ = network.requests
    assert head.startswith("GET /o/abc?x=1 HTTP/1.1")
    assert "accept-encoding: identity" in head.lower()
    assert "accept: a/b" in head.lower()


async def test_post_json() -> None:
    network = Network()
    network.site("uni.example", answer(b"{}", status=409))
    fetched = await network.fetcher().post_json("https://uni.example/x", {"reason": "ü"}, max_bytes=100)
    assert fetched.status == 409  # statuses are the caller's to judge
    (_, head, body), *_ = network.requests
    assert head.startswith("POST /x HTTP/1.1")
    assert body == b'{"reason": "\\u00fc"}'


async def test_other_port_and_second_address_when_the_first_refuses() -> None:
    network = Network()
    network.site("uni.example", answer(b"ok"))
    network.names["uni.example"] = [["8.8.8.8", "93.184.215.14"]]
    network.refusing.add("8.8.8.8")
    await network.fetcher().get("https://uni.example:8443/", max_bytes=100)
    assert network.connected == [("8.8.8.8", 8443), ("93.184.215.14", 8443)]


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.8", "169.254.169.254", "::1", "::ffff:192.168.0.1", "fd12::1"]
)
@pytest.mark.parametrize("allow_loopback", [False, True])
async def test_a_public_name_with_a_private_address(address: str, allow_loopback: bool) -> None:
    network = Network()
    network.site("evil.example", answer(b"secret"), address)
    code = await code_of(network, "https://evil.example/", allow_loopback=allow_loopback)
    assert code == "UntrustedError private_address"
    assert network.connected == []


async def test_a_private_address_among_public_ones_is_passed_over() -> None:
    network = Network()
    network.site("mixed.example", answer(b"ok"))
    network.names["mixed.example"] = [["192.168.0.1", "93.184.215.14"]]
    await network.fetcher().get("https://mixed.example/", max_bytes=100)
    assert network.connected == [("93.184.215.14", 443)]


async def test_a_name_that_changes_its_address() -> None:
    # DNS rebinding: public at the first question, private at the second.
    network = Network()
    network.site("rebind.example", answer(b"ok"))
    network.sites["127.0.0.1"] = network.sites["93.184.215.14"]
    network.names["rebind.example"] = [["93.184.215.14"], ["127.0.0.1"]]
    fetcher = network.fetcher(limits=QUICK)
    assert (await fetcher.get("https://rebind.example/", max_bytes=100)).status == 200
    with pytest.raises(UntrustedError, match="private_address"):
        await fetcher.get("https://rebind.example/", max_bytes=100)
    assert network.connected == [("93.184.215.14", 443)]


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/", "https://[::1]/", "https://10.0.0.1/", "https://localhost/"]
)
async def test_private_literals(url: str) -> None:
    network = Network()
    network.names |= {"localhost": [["127.0.0.1"]], "127.0.0.1": [["127.0.0.1"]]}
    network.names |= {"::1": [["::1"]], "10.0.0.1": [["10.0.0.1"]]}
    assert await code_of(network, url) == "UntrustedError private_address"


async def test_loopback_only_where_allowed() -> None:
    network = Network()
    network.site("localhost", answer(b"demo"), "127.0.0.1")
    assert await code_of(network, "http://localhost:8301/o/x") == "UntrustedError private_address"
    assert network.connected == []
    fetched = await network.fetcher(allow_loopback=True).get("http://localhost:8301/o/x", max_bytes=10)
    assert fetched.content == b"demo"
    assert network.connected == [("127.0.0.1", 8301)]


async def test_the_name_localhost_leads_to_loopback_only() -> None:
    network = Network()
    network.site("localhost", answer(b"x"), "10.0.0.1")
    code = await code_of(network, "http://localhost:8301/", allow_loopback=True)
    assert code == "UntrustedError private_address"


@pytest.mark.parametrize("allow_loopback", [False, True])
@pytest.mark.parametrize("url", ["http://uni.example/", "ftp://uni.example/", "http://93.184.215.14/"])
async def test_https_is_needed(url: str, allow_loopback: bool) -> None:
    network = Network()
    network.site("uni.example", answer(b"x"))
    assert await code_of(network, url, allow_loopback=allow_loopback) == "UntrustedError not_https"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "https://",
        "https:///x",
        "https://u:p@uni.example/",
        "https://a@b/",
        "https://x/" + "y" * 3000,
    ],
)
async def test_addresses_that_cannot_be_used(url: str) -> None:
    assert (await code_of(Network(), url)).split()[1] in {"bad_url", "not_https"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_errors(status: int) -> None:
    network = Network()
    network.site("uni.example", answer(b"", status=status, location="http://127.0.0.1/"))
    assert await code_of(network, "https://uni.example/") == "UntrustedError redirect"
    assert len(network.requests) == 1


async def test_size_by_announcement_and_by_count() -> None:
    network = Network()
    network.site("uni.example", answer(b"x" * 1001))
    assert await code_of(network, "https://uni.example/") == "InputError too_large"
    chunked = b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n" + b"190\r\n" + b"x" * 400 + b"\r\n"
    network.site("uni.example", chunked + (b"190\r\n" + b"x" * 400 + b"\r\n") * 1000 + b"0\r\n\r\n")
    assert await code_of(network, "https://uni.example/") == "InputError too_large"
    network.site("uni.example", answer(b"x" * 1000))
    assert len((await network.fetcher().get("https://uni.example/", max_bytes=1000)).content) == 1000


async def test_compression_is_refused() -> None:
    network = Network()
    network.site("uni.example", answer(b"\x1f\x8b", content_encoding="gzip"))
    assert await code_of(network, "https://uni.example/") == "UntrustedError encoded"


async def test_deadline_spans_silence_and_drip() -> None:
    network = Network()
    network.names["silent.example"] = [["93.184.215.15"]]
    begin = time.monotonic()
    assert await code_of(network, "https://silent.example/") == "UnreachableError timeout"
    assert time.monotonic() - begin < 2


async def test_unreachable_hosts() -> None:
    network = Network()
    assert await code_of(network, "https://unknown.example/") == "UnreachableError unreachable"
    network.site("down.example", answer(b""))
    network.refusing.add("93.184.215.14")
    assert await code_of(network, "https://down.example/") == "UnreachableError unreachable"


async def test_nonsense_instead_of_http() -> None:
    network = Network()
    network.site("odd.example", b"SSH-2.0-OpenSSH_9.6\r\n")
    with pytest.raises(UnreachableError):
        await network.fetcher(limits=QUICK).get("https://odd.example/", max_bytes=100)


async def test_json_is_bounded_and_strict() -> None:
    network = Network()
    network.site("uni.example", answer(b'{"a":1,"a":2}'))
    fetched = await network.fetcher().get("https://uni.example/", max_bytes=100)
    with pytest.raises(InputError, match="duplicate_member"):
        fetched.json()

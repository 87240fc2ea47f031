"""Domain linkage: the credential, edited one member at a time, and the fetching, on a real loopback server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.trust_registry import linked_host
from tests.unit.trust_registry.linked_host import Host, configuration, credential, payload, sign
from tests.unit.trust_registry.samples import NOW, Issuer
from trust_registry import checks, linkage, outside
from trust_registry.addresses import is_public
from trust_registry.findings import Finding, Result
from trust_registry.outside import Fetched, Unfetched, fetcher

DID = "did:web:mtu.example"
ORIGIN = "https://mtu.example"
OWNER, OTHER = Issuer(1, DID), Issuer(2, DID)
KEYS = {f"{DID}#key-1": OWNER.jwk}


def judged(document: Any) -> Finding:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return linkage.judge(data, did=DID, origin=ORIGIN, keys=KEYS, now=NOW)


def good() -> dict[str, Any]:
    return payload(DID, ORIGIN, NOW)


def test_a_linkage_that_holds() -> None:
    assert judged(configuration(credential(OWNER, ORIGIN, NOW))).result is Result.PASS
    stranger = Issuer(7, "did:web:other.example")
    among_others = configuration("junk", credential(stranger, ORIGIN, NOW), credential(OWNER, ORIGIN, NOW))
    assert judged(among_others).result is Result.PASS


def edited(*path: str, to: Any) -> dict[str, Any]:
    body = good()
    place = body
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = to
    return body


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (edited("sub", to="did:web:evil.example"), "wrong_subject"),
        (edited("vc", "issuer", to="did:web:evil.example"), "wrong_subject"),
        (edited("vc", "credentialSubject", "id", to="did:web:evil.example"), "wrong_subject"),
        (edited("vc", "id", to="urn:x"), "wrong_subject"),
        (edited("vc", "credentialSubject", "origin", to="https://evil.example"), "wrong_origin"),
        (edited("vc", "credentialSubject", "origin", to="http://mtu.example"), "wrong_origin"),
        (edited("vc", "credentialSubject", "origin", to="https://mtu.example.evil.example"), "wrong_origin"),
        (edited("exp", to=int(NOW.timestamp())), "expired"),
        (edited("exp", to=None), "bad_period"),
        (edited("exp", to=True), "bad_period"),
        (edited("vc", "expirationDate", to="2026-11-22T11:59:59Z"), "expired"),
        (edited("vc", "expirationDate", to=None), "bad_period"),
        (edited("nbf", to=int((NOW + timedelta(hours=1)).timestamp())), "not_yet"),
        (edited("vc", "issuanceDate", to="2027-01-01T00:00:00Z"), "not_yet"),
        (edited("vc", "type", to=["VerifiableCredential"]), "wrong_type"),
        (edited("vc", "@context", to=["https://www.w3.org/2018/credentials/v1"]), "wrong_context"),
        (edited("vc", to="x"), "bad_credential"),
    ],
)
def test_credentials_that_prove_nothing(body: dict[str, Any], code: str) -> None:
    found = judged(configuration(sign(OWNER, body)))
    assert (found.result, found.code) == (Result.FAIL, code)


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (sign(OTHER, good()), "bad_signature"),
        (sign(OWNER, good(), alg="none"), "bad_header"),
        (sign(OWNER, good(), crit=["b64"], b64=False), "bad_header"),
        (sign(OWNER, good(), jwk=OWNER.jwk), "bad_header"),
        (sign(OWNER, good(), kid=f"{DID}#key-9"), "unknown_key"),
        (sign(OWNER, good()).rsplit(".", 1)[0] + ".", "bad_signature"),
        (sign(OWNER, edited("iss", to="did:web:evil.example")), "not_linked"),
    ],
)
def test_signatures_that_prove_nothing(entry: str, code: str) -> None:
    found = judged(configuration(entry))
    assert (found.result, found.code) == (Result.FAIL, code)


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b"", "not_json"),
        (b"[" * 50_000, "not_json"),
        (b'{"linked_dids": [], "linked_dids": []}', "not_json"),
        ({"linked_dids": []}, "wrong_context"),
        ([], "wrong_context"),
        ({"@context": linkage.CONTEXT, "linked_dids": "x"}, "bad_list"),
        (configuration(*["x"] * 51), "bad_list"),
        (configuration(None, 1, ["x"], "a.b.c"), "not_linked"),
    ],
)
def test_documents_that_are_no_configuration(document: Any, code: str) -> None:
    found = judged(document)
    assert (found.result, found.code) == (Result.FAIL, code)


def test_a_linked_data_proof_is_unknown_and_never_a_pass() -> None:
    found = judged(configuration({"issuer": DID, "proof": {}}))
    assert (found.result, found.code) == (Result.UNKNOWN, "unsupported_proof")
    foreign = judged(configuration({"issuer": "did:web:other.example", "proof": {}}))
    assert (foreign.result, foreign.code) == (Result.FAIL, "not_linked")


# --- over a real connection


@pytest.fixture
def host() -> Iterator[Host]:
    with linked_host.serving() as running:
        yield running


def live(host: Host) -> Finding:
    seen = checks.look(host.did, fetcher(allow_loopback=True))
    found = checks.read_keys(seen.document, host.did)
    assert not isinstance(found, Finding)
    from datetime import UTC, datetime

    return checks.linked(seen.configuration, host.did, found, datetime.now(UTC))


def test_live_linkage(host: Host) -> None:
    owner = host.issuer(1)
    host.publish_keys(owner)
    assert live(host).code == "not_published"
    host.link(owner)
    assert live(host).result is Result.PASS
    host.link(host.issuer(2))
    assert (live(host).result, live(host).code) == (Result.FAIL, "bad_signature")


@pytest.mark.parametrize(
    ("answer", "result", "code"),
    [
        ((404, b"", {}), Result.FAIL, "not_published"),
        ((403, b"", {}), Result.UNKNOWN, "bad_status"),
        ((500, b"", {}), Result.UNKNOWN, "bad_status"),
        ((302, b"", {"location": "/elsewhere"}), Result.FAIL, "redirect"),
        ((200, b" " * 70_000, {}), Result.FAIL, "too_large"),
        ((200, b"x", {"content-encoding": "gzip"}), Result.FAIL, "encoded"),
        ((200, b"x", {}), Result.FAIL, "not_json"),
    ],
)
def test_what_a_host_may_answer(
    host: Host, answer: tuple[int, bytes, dict[str, str]], result: Result, code: str
) -> None:
    host.publish_keys(host.issuer(1))
    host.publish("/elsewhere", configuration(credential(host.issuer(1), host.origin)))
    host.answers[linkage.PATH] = answer
    found = live(host)
    assert (found.result, found.code) == (result, code)
    assert "/elsewhere" not in host.asked


def test_nobody_there_is_unknown(host: Host) -> None:
    gone = fetcher(allow_loopback=True)("http://localhost:1/x")
    assert isinstance(gone, Unfetched)
    assert (gone.code, gone.answered) == ("unreachable", False)
    found = checks.read_keys(gone, host.did)
    assert isinstance(found, Finding)
    assert found.result is Result.UNKNOWN


def test_a_slow_host_is_left_at_the_deadline(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.setattr(outside, "SECONDS", 0.3)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        found = fetcher(allow_loopback=True)(f"http://localhost:{silent.getsockname()[1]}/")
    assert isinstance(found, Unfetched)
    assert found.code == "timeout"


def to(address: str) -> Callable[[str], Fetched | Unfetched]:
    async def resolve(_host: str, _port: int) -> list[str]:
        return [address]

    return fetcher(allow_loopback=True, resolve=resolve)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "::1",
        "10.0.0.1",
        "169.254.169.254",
        "192.168.1.1",
        "fd00::1",
        "::ffff:10.0.0.1",
        "224.0.0.1",
    ],
)
def test_a_name_that_leads_inside_is_not_followed(host: Host, address: str) -> None:
    found = to(address)(f"https://inside.example:{host.port}/")
    assert isinstance(found, Unfetched)
    assert (found.code, found.answered) == ("private_address", True)
    assert host.asked == []


def test_loopback_is_for_demonstrations_and_stays_there(host: Host) -> None:
    refused = fetcher(allow_loopback=False)(host.origin)
    assert isinstance(refused, Unfetched)
    assert refused.code == "not_https"
    outward = to("93.184.216.34")(host.origin)  # "localhost" that resolves to a public address
    assert isinstance(outward, Unfetched)
    assert outward.code == "private_address"
    plain = fetcher(allow_loopback=True)("http://mtu.example/")
    assert isinstance(plain, Unfetched)
    assert plain.code == "not_https"


def test_addresses_that_carry_others() -> None:
    assert is_public("93.184.216.34")
    for address in ("64:ff9b::a00:1", "2002:a00:1::", "not an address", "0.0.0.0"):
        assert not is_public(address), address

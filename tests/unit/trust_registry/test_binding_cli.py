"""``cairn-registry binding|operator|audit`` and the operators' routes, against a real host on loopback."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import Result
from typer.testing import CliRunner

from tests.unit.trust_registry import linked_host, test_serve
from tests.unit.trust_registry.linked_host import Host
from tests.unit.trust_registry.samples import MTU_ID, Issuer
from trust_registry import linkage, operations, web_bindings
from trust_registry.api import create_app
from trust_registry.cli import app
from trust_registry.registry import Registry, utc_now
from trust_registry.service import Service, _write_service, open_home
from trust_registry.vocabulary import SnapshotKind

OWN = "did:web:localhost%3A8300"


@pytest.fixture
def host() -> Iterator[Host]:
    with linked_host.serving() as running:
        owner = running.issuer(1)
        running.publish_keys(owner)
        running.link(owner)
        yield running


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home that was served as a demonstration, with two operators."""
    folder = tmp_path / "home"
    Registry.open(folder, did=OWN, deployment=SnapshotKind.DEMO, now=utc_now()).close()
    serve_as(folder, SnapshotKind.DEMO)
    for name in ("alice", "bob"):
        assert (
            call("operator", "add", name, "--home", folder, "--token-file", token(folder, name)).exit_code
            == 0
        )
    return folder


def serve_as(home: Path, deployment: SnapshotKind) -> None:
    _write_service(home, Service("http://localhost:8300", OWN, deployment, None))


def token(home: Path, name: str) -> Path:
    return home.parent / f"{name}.token"


def call(*words: str | Path, **environment: str) -> Result:
    clean = {"CAIRN_REGISTRY_HOME": "", "CAIRN_OPERATOR_TOKEN": ""} | environment
    return CliRunner().invoke(app, [str(word) for word in words], env=clean)


def act(home: Path, name: str, command: str, *words: str) -> Result:
    return call("binding", command, *words, "--home", home, "--token-file", token(home, name))


def proposal(home: Path, host: Host, name: str = "alice", **changes: str) -> Result:
    options = {
        "--did": host.did,
        "--institution": MTU_ID,
        "--level": "2",
        "--valid-from": "2021-01-01",
        "--note": "registrar by phone",
    } | changes
    return act(home, name, "propose", "--json", *(word for pair in options.items() for word in pair))


def bound(home: Path, host: Host, **changes: str) -> dict[str, Any]:
    identifier = json.loads(proposal(home, host, **changes).stdout)["id"]
    made = act(home, "bob", "approve", identifier, "--json")
    assert made.exit_code == 0, made.output
    document: dict[str, Any] = json.loads(made.stdout)
    return document


def outcome(home: Path, host: Host, *words: str) -> str:
    asked = call("resolve", "--home", home, "--did", host.did, "--eqf", "6", "--json", *words)
    return str(json.loads(asked.stdout)["outcome"])


def test_from_proposal_to_binding(home: Path, host: Host) -> None:
    made = proposal(home, host)
    assert made.exit_code == 0, made.output
    identifier = json.loads(made.stdout)["id"]
    assert outcome(home, host, "--awarded-on", "2024-05-01") == "unknown_issuer"
    same = act(home, "alice", "approve", identifier)
    assert (same.exit_code, same.stdout) == (2, "")
    assert "another operator" in same.stderr
    assert act(home, "bob", "approve", identifier).exit_code == 0
    assert outcome(home, host, "--awarded-on", "2024-05-01") == "assured_official"
    listed = act(home, "bob", "list")
    assert f"{identifier} approved" in listed.stdout
    log = call("audit", "list", "--home", home).stdout.splitlines()
    assert [line.split()[2:4] for line in log] == [
        ["(home)", "operator-added"],
        ["(home)", "operator-added"],
        ["alice", "propose"],
        ["alice", "approval-refused"],
        ["bob", "approve"],
        ["bob", "bind"],
    ]
    assert call("audit", "verify", "--home", home).stdout.startswith(f"{len(log)}:")


def test_without_live_linkage_there_is_no_approval(home: Path, host: Host) -> None:
    identifier = json.loads(proposal(home, host).stdout)["id"]
    host.answers.pop(linkage.PATH)
    refused = act(home, "bob", "approve", identifier)
    assert refused.exit_code == 2
    assert "not_published" in refused.stderr
    host.answers[linkage.PATH] = (503, b"", {})
    assert "bad_status" in act(home, "bob", "approve", identifier).stderr
    host.link(host.issuer(1))
    assert act(home, "bob", "approve", identifier).exit_code == 0


def test_check_shows_quarantine_and_says_how_it_went(home: Path, host: Host) -> None:
    assert act(home, "bob", "check", host.did).exit_code == 5  # bound to nothing
    bound(home, host)
    assert act(home, "bob", "check", host.did).exit_code == 0
    newer = host.issuer(2)
    host.publish_keys(host.issuer(1), newer)
    strange = act(home, "bob", "check", host.did)
    assert strange.exit_code == 1
    assert f"quarantined  {newer.thumbprint}" in strange.stdout
    asked = call(
        "resolve", "--home", home, "--did", host.did, "--key", newer.thumbprint, "--awarded-on", "2024-05-01"
    )
    assert (asked.exit_code, "key_not_pinned" in asked.stdout) == (5, True)
    host.answers[linked_host.DOCUMENT] = (500, b"", {})
    silent = act(home, "bob", "check", host.did)
    assert (silent.exit_code, "unknown (bad_status)" in silent.stdout) == (5, True)


def test_after_a_compromise_no_date_counts(home: Path, host: Host) -> None:
    key = bound(home, host)["thumbprint"]
    done = act(
        home,
        "bob",
        "revoke",
        "--did",
        host.did,
        "--key",
        key,
        "--reason",
        "compromised",
        "--at",
        "2026-01-01T00:00:00Z",
    )
    assert done.exit_code == 0, done.output
    for day in ("2021-06-01", "2025-12-31", "2026-06-01"):
        assert outcome(home, host, "--awarded-on", day) == "not_assured"
    again = proposal(home, host)
    assert (again.exit_code, "revoked" in again.stderr) == (2, True)


def test_in_production_nobody_binds_alone_and_nothing_on_loopback(home: Path, host: Host) -> None:
    bound(home, host)
    serve_as(home, SnapshotKind.PRODUCTION)
    jwk = home.parent / "key.jwk"
    jwk.write_text(json.dumps(host.issuer(1).jwk))
    alone = call(
        *("bind", "--home", home, "--did", "did:web:mtu.ie", "--jwk", jwk, "--institution", MTU_ID),
        *("--level", "2", "--valid-from", "2021-01-01", "--note", "me"),
    )
    assert (alone.exit_code, "two operators" in alone.stderr) == (2, True)
    local = proposal(home, host)
    assert (local.exit_code, "demonstrations only" in local.stderr) == (2, True)
    assert outcome(home, host, "--awarded-on", "2024-05-01") == "indeterminate"


def test_tokens(home: Path, host: Host) -> None:
    words = ("binding", "list", "--home", home)
    assert call(*words).exit_code == 2
    assert call(*words, CAIRN_OPERATOR_TOKEN="x" * 43).exit_code == 1
    given = token(home, "alice").read_text()
    assert call(*words, CAIRN_OPERATOR_TOKEN=given).exit_code == 0
    assert call("operator", "list", "--home", home).stdout.split() == ["alice", "bob"]
    assert call("operator", "remove", "alice", "--home", home).exit_code == 0
    assert call(*words, CAIRN_OPERATOR_TOKEN=given).exit_code == 1
    plain = call("binding", "list", "--url", "http://registry.example", CAIRN_OPERATOR_TOKEN=given)
    assert (plain.exit_code, "https" in plain.stderr) == (2, True)


def test_a_rejected_proposal(home: Path, host: Host) -> None:
    identifier = json.loads(proposal(home, host).stdout)["id"]
    assert act(home, "bob", "reject", identifier, "--why", "the registrar never heard of it").exit_code == 0
    assert act(home, "bob", "approve", identifier).exit_code == 2
    assert f"{identifier} rejected" in act(home, "bob", "list").stdout


def test_a_log_that_does_not_hold(home: Path, host: Host) -> None:
    bound(home, host)
    head = call("audit", "verify", "--home", home).stdout.strip()
    db = sqlite3.connect(home / "registry.db")
    db.execute("DELETE FROM bindings")
    db.commit()
    db.close()
    verified = call("audit", "verify", "--home", home, "--head", head)
    assert (verified.exit_code, verified.stdout) == (2, "")
    assert "gone or changed" in verified.stderr


def test_two_operators_through_the_running_service(tmp_path: Path, host: Host) -> None:
    home = tmp_path / "home"
    with test_serve.serving(home, "--demo") as (process, service):
        for name in ("alice", "bob"):
            call("operator", "add", name, "--home", home, "--token-file", token(home, name))
        place = ("--url", service["url"], "--token-file")
        made = call(
            *("binding", "propose", *place, token(home, "alice"), "--did", host.did, "--institution", MTU_ID),
            *("--level", "2", "--valid-from", "2021-01-01", "--note", "MARKER-EVIDENCE", "--json"),
        )
        assert made.exit_code == 0, made.output
        identifier = json.loads(made.stdout)["id"]
        refused = call("binding", "approve", identifier, *place, token(home, "alice"))
        assert (refused.exit_code, "another operator" in refused.stderr) == (1, True)
        assert call("binding", "approve", identifier, *place, token(home, "bob")).exit_code == 0
        answer = httpx.get(
            f"{service['url']}/v1/resolve", params={"did": host.did, "awarded_on": "2024-05-01", "eqf": "6"}
        )
        assert answer.json()["outcome"] == "assured_official"
        said = test_serve.stop(process)
    for secret in ("MARKER-EVIDENCE", token(home, "alice").read_text().strip()):
        assert secret not in said


# --- routes


@pytest.fixture
async def http(home: Path) -> AsyncIterator[httpx.AsyncClient]:
    registry = open_home(home)
    transport = httpx.ASGITransport(create_app(registry))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8300") as client:
        yield client
    registry.close()


def bearer(home: Path, name: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token(home, name).read_text().strip()}"}


async def test_routes_want_an_operators_own_token(http: httpx.AsyncClient, home: Path) -> None:
    admin = {"authorization": f"Bearer {(home / 'token').read_text().strip()}"}
    for headers in (
        {},
        admin,
        {"authorization": bearer(home, "bob")["authorization"].removeprefix("Bearer ")},
    ):
        for operation in operations.OPERATIONS:
            answer = await http.post(f"/v1/operator/{operation}", content=b"{" * 100_000, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthorised")


@pytest.mark.parametrize(
    ("operation", "body", "status", "code"),
    [
        ("list", b" " * 70_000, 413, "too_large"),
        ("list", b"[", 400, "bad_body"),
        ("list", b'{"more": 1}', 400, "bad_body"),
        ("approve", b'{"proposal": "0"}', 404, "unknown_proposal"),
        ("approve", b'{"proposal": "0", "proposal": "1"}', 400, "bad_body"),
        ("check", b'{"did": "did:web:10.0.0.1"}', 400, "bad_did"),
        ("revoke", b'{"did": "x", "thumbprint": "x", "reason": "bored"}', 400, "bad_reason"),
        ("audit", b'{"head": "1"}', 400, "bad_head"),
        ("nothing", b"{}", 404, "not_found"),
    ],
)
async def test_requests_that_are_not_taken(
    http: httpx.AsyncClient, home: Path, operation: str, body: bytes, status: int, code: str
) -> None:
    answer = await http.post(f"/v1/operator/{operation}", content=body, headers=bearer(home, "bob"))
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_only_a_few_at_once(
    http: httpx.AsyncClient, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = threading.Semaphore(0)
    go_on = threading.Event()

    def wait(*_: Any, **__: Any) -> dict[str, Any]:
        started.release()
        go_on.wait(10)
        return {}

    monkeypatch.setattr(operations, "perform", wait)
    headers = bearer(home, "bob")
    waiting = [
        asyncio.create_task(http.post("/v1/operator/list", content=b"{}", headers=headers))
        for _ in range(web_bindings.MAX_AT_ONCE)
    ]
    for _ in waiting:
        assert await asyncio.to_thread(started.acquire, timeout=10)
    refused = await http.post("/v1/operator/list", content=b"{}", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (503, "busy")
    go_on.set()
    assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {200}
    assert (await http.post("/v1/operator/list", content=b"{}", headers=headers)).status_code == 200


async def test_the_public_sees_no_evidence(http: httpx.AsyncClient, home: Path, host: Host) -> None:
    await asyncio.to_thread(bound, home, host)  # the command runs a loop of its own
    issuer = await http.get(f"/v1/issuers/{host.did.replace('%', '%25')}")
    assert issuer.status_code == 200
    assert "registrar by phone" not in issuer.text
    assert Issuer(1, host.did).thumbprint in issuer.text

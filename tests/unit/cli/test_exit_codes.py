"""Exit codes: 0 ok, 1 failed, 2 usage, 3 unreachable, 4 locked, 5 unknown, 6 not consented, 130 interrupted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import Result

from tests.unit.cli import documents
from tests.unit.cli.conftest import Service, problem

type Cairn = Callable[..., Result]

SUMMARY = {"id": "0123456789"}
REQUESTS = "GET /v1/wallet/requests"
PLAN = "POST /v1/wallet/requests/0123456789/plan"
PRESENT = "POST /v1/wallet/requests/0123456789/present"


def request(state: str = "open", **more: Any) -> dict[str, Any]:
    return documents.request("x", state) | SUMMARY | more


# --- the service's refusals


@pytest.mark.parametrize(
    ("status", "kind", "expected"),
    [
        (409, "ConflictError", 1),
        (410, "ExpiredError", 1),
        (422, "UntrustedError", 1),
        (422, "InputError", 2),
        (404, "NotFoundError", 2),
        (502, "UnreachableError", 3),
        (503, "AgentError", 3),
        (423, "LockedError", 4),
        (403, "PassphraseError", 4),
        (429, "WaitError", 4),
        (409, "ConsentError", 6),
        # And from something that is none of ours, by the HTTP status alone.
        (500, "", 3),
        (504, "", 3),
        (404, "", 2),
        (418, "", 2),
        (302, "", 2),
        (401, "", 3),
    ],
)
def test_refusals(cairn: Cairn, service: Service, status: int, kind: str, expected: int) -> None:
    service.everything = problem(status, "some_code", kind)
    for command in (
        ("list",),
        ("show", "x"),
        ("offer", "review", "http://x/o/y"),
        ("verdict", "x"),
        ("status",),
    ):
        result = cairn(*command, "--json")
        assert result.exit_code == expected, command
        assert result.stdout == ""
        assert "✗" in result.stderr
        assert status == 401 or "[some_code]" in result.stderr


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("garbage"),
        httpx.ReadError("reset"),
    ],
)
def test_the_service_is_gone(cairn: Cairn, service: Service, answer: Exception) -> None:
    service.everything = answer
    result = cairn("list")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "[service_unreachable]" in result.stderr
    assert "cairn" in result.stderr  # how to start it


def test_no_service_at_all(cairn: Cairn) -> None:
    for command in (("list",), ("status",), ("unlock",), ("offer", "templates"), ("verdict", "x")):
        result = cairn(*command)
        assert result.exit_code == 3, command
        assert "[service_unreachable]" in result.stderr


@pytest.mark.parametrize("answer", [b"", b"<html>", b"[]", b"null", b'{"a":NaN}', b"[" * 100_000])
def test_answers_that_are_none(cairn: Cairn, service: Service, answer: bytes) -> None:
    service.everything = httpx.Response(200, content=answer)
    result = cairn("list")
    assert result.exit_code in (2, 3)
    assert result.stdout == ""


def test_a_broken_service_file(cairn: Cairn, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "token").write_text("x")
    for content in (
        "",
        "{",
        "[]",
        '{"admin_url": 5}',
        '{"admin_url": "http://evil.example"}',
        '{"admin_url": "x"}',
    ):
        (home / "service.json").write_text(content)
        result = cairn("list", "--home", str(home))
        assert result.exit_code in (2, 3), content


# --- checks and verdicts


@pytest.mark.parametrize(("state", "expected"), [("pass", 0), ("fail", 1), ("unknown", 5)])
def test_verify(cairn: Cairn, service: Service, state: str, expected: int) -> None:
    service.answers["POST /v1/wallet/credentials/x/recheck"] = documents.credential("x", state)
    for more in ((), ("--json",)):
        result = cairn("verify", "x", *more)
        assert result.exit_code == expected
        assert result.stdout


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        (("pass",), 0),
        (("pass", "pass"), 0),
        (("fail",), 1),
        (("unknown",), 5),
        (("pass", "unknown"), 5),
        (("unknown", "fail"), 1),
        ((), 5),
    ],
)
def test_verdict(cairn: Cairn, service: Service, results: tuple[str, ...], expected: int) -> None:
    service.answers["GET /v1/verifier/requests/x"] = documents.asked("x", *results)
    for more in ((), ("--json",)):
        assert cairn("verdict", "x", *more).exit_code == expected
    assert cairn("verdict", "http://localhost:1/r/x").exit_code == expected


def test_an_answer_without_a_verdict_is_unknown(cairn: Cairn, service: Service) -> None:
    asked = documents.asked("x", "pass")
    asked["answers"][0] |= {"verdict": None, "state": "requested"}
    service.answers["GET /v1/verifier/requests/x"] = asked
    assert cairn("verdict", "x").exit_code == 5


@pytest.mark.parametrize(("result", "expected"), [("pass", 0), ("fail", 1), ("unknown", 5)])
def test_whether_an_issuer_is_assured_today(
    cairn: Cairn, service: Service, result: str, expected: int
) -> None:
    service.answers["GET /v1/wallet/trust/issuers/did:web:x"] = documents.trust("x", result)
    one = documents.trust_found("x") | {"issuers": [], "total": 1}
    service.answers["GET /v1/wallet/trust"] = one | {"institutions": one["institutions"][:1]}
    only_one = {name: value for name, value in documents.trust("x", result).items() if name != "did"}
    service.answers["GET /v1/wallet/trust/institutions/x"] = only_one
    for question in ("did:web:x", "munster"):
        for more in ((), ("--json",)):
            assert cairn("trust", question, *more).exit_code == expected
    service.answers["GET /v1/wallet/trust"] = documents.trust_found("x")
    assert cairn("trust").exit_code == 0  # a list of several is no answer about one


def test_notices_are_marked_in_portions(cairn: Cairn, service: Service) -> None:
    (notice,) = documents.notices("x")["notices"]
    found = [notice | {"id": str(number), "seen": number == 0} for number in range(151)]
    service.answers["GET /v1/wallet/notices"] = {"notices": found}
    service.answers["POST /v1/wallet/notices/seen"] = {"notices": []}
    assert cairn("notices", "--json").exit_code == 0
    assert service.posted() == []
    assert cairn("notices", "--seen").exit_code == 0
    bodies = [json.loads(body)["ids"] for name, body in service.calls if name.startswith("POST")]
    assert [len(ids) for ids in bodies] == [100, 50]


def test_a_broken_history_fails(cairn: Cairn, service: Service) -> None:
    service.answers["GET /v1/wallet/history"] = documents.history("x", intact=False)
    for more in ((), ("--json",)):
        assert cairn("history", *more).exit_code == 1


@pytest.mark.parametrize(("state", "expected"), [("accepted", 0), ("failed", 1), ("accepting", 1)])
def test_accepting(cairn: Cairn, service: Service, state: str, expected: int) -> None:
    service.answers["POST /v1/wallet/offers/review"] = documents.offer("x") | SUMMARY
    service.answers["POST /v1/wallet/offers/0123456789/accept"] = documents.offer("x", state)
    result = cairn("offer", "accept", "http://x/o/abcdefgh")
    assert result.exit_code == expected
    assert service.posted() == ["POST /v1/wallet/offers/review", "POST /v1/wallet/offers/0123456789/accept"]


# --- consent


def test_yes_needs_expect(cairn: Cairn, service: Service) -> None:
    for arguments in (
        ("--yes",),
        ("--yes", "--expect", ""),
        ("--yes", "--dry-run", "--expect", "x"),
        ("--yes", "--dry-run"),
        ("--dry-run", "--choose", "c0"),
        ("--dry-run", "--choose", "=x"),
        ("--dry-run", "--choose", "c0="),
    ):
        result = cairn("present", "x", *arguments)
        assert result.exit_code == 2, arguments
        assert "[usage]" in result.stderr
    assert service.calls == []  # nothing was even asked


def test_without_yes_nothing_is_sent(cairn: Cairn, service: Service) -> None:
    service.answers = {REQUESTS: {"requests": [request()]}, PLAN: request()}
    assert cairn("present", "0").exit_code == 6
    assert cairn("present", "0", "--expect", "0" * 64).exit_code == 6
    assert cairn("present", "0", "--dry-run").exit_code == 0
    assert cairn("present", "0", "--dry-run", "--json").exit_code == 0
    assert cairn("present", "0", "--dry-run", "--choose", "c0=x", "--choose", "c1=y=z").exit_code == 0
    assert json.loads(service.calls[-1][1])["choose"] == {"c0": "x", "c1": "y=z"}
    assert set(service.posted()) == {PLAN}


def test_a_changed_plan_is_not_consented(cairn: Cairn, service: Service) -> None:
    service.answers = {
        REQUESTS: {"requests": [request()]},
        PLAN: request(),
        PRESENT: problem(409, "plan_changed", "ConsentError"),
    }
    result = cairn("present", "0", "--yes", "--expect", "f" * 64)
    assert result.exit_code == 6
    assert "[plan_changed]" in result.stderr
    sent = [json.loads(body) for name, body in service.calls if name == PRESENT]
    assert sent == [
        {"expect": "f" * 64, "include": [], "choose": {}}
    ]  # the hash is the person's, never the service's own


def test_nothing_to_send(cairn: Cairn, service: Service) -> None:
    for state in ("open", "sent", "declined", "expired"):
        closed = request(state, plan=None, missing=["10 ECTS more"] if state == "open" else [])
        service.answers = {REQUESTS: {"requests": [closed]}, PLAN: closed}
        assert cairn("present", "0", "--yes", "--expect", "0" * 64).exit_code == 6
        assert cairn("present", "0", "--dry-run").exit_code == 1
        assert PRESENT not in service.posted()


@pytest.mark.parametrize(("state", "expected"), [("sent", 0), ("failed", 1), ("sending", 1)])
def test_sending(cairn: Cairn, service: Service, state: str, expected: int) -> None:
    service.answers = {REQUESTS: {"requests": [request()]}, PLAN: request(), PRESENT: request(state)}
    assert cairn("present", "0", "--yes", "--expect", "0" * 64).exit_code == expected


# --- what a person gives


def test_an_id_must_fit_one(cairn: Cairn, service: Service) -> None:
    two = [{"id": "0123"}, {"id": "0145"}]
    service.answers = {REQUESTS: {"requests": two}, "GET /v1/wallet/offers": {"offers": two}}
    for command in (
        ("present", "01", "--dry-run"),
        ("decline", "9"),
        ("offer", "accept", "01"),
        ("offer", "accept", ""),
        ("offer", "reject", "0"),
    ):
        assert cairn(*command).exit_code == 2, command
    assert service.posted() == []


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[1,]", b'{"a":1,"a":2}', b"\xff", b'{"a":' * 100, b" " * 600_000, b'{"a":NaN}']
)
def test_policy_files_that_are_none(cairn: Cairn, service: Service, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "policy.json"
    path.write_bytes(content)
    assert cairn("request", "new", str(path)).exit_code == 2
    assert cairn("request", "new", "-", stdin=content).exit_code == 2
    assert service.calls == []


def test_policy_files_that_cannot_be_read(cairn: Cairn, service: Service, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        result = cairn("request", "new", str(path))
        assert result.exit_code == 2
        assert "[unreadable]" in result.stderr


@pytest.mark.parametrize("days", ["nan", "inf", "-inf", "soon", "1e400"])
def test_numbers_that_are_none(cairn: Cairn, service: Service, tmp_path: Path, days: str) -> None:
    path = tmp_path / "policy.json"
    path.write_text("{}")
    service.everything = problem(422, "bad_request", "InputError")
    new_offer = ("offer", "new", "x", "--given-name", "A", "--family-name", "B")
    for command in (("request", "new", str(path)), new_offer):
        assert cairn(*command, "--expires-in-days", days).exit_code == 2, command


@pytest.mark.parametrize(
    "arguments",
    [
        ("nope",),
        ("list", "--nope"),
        ("show",),
        ("offer", "nope"),
        ("present",),
        ("agent", "init", "x", "--role", "king", "--registry", "http://x"),
        ("agent", "init", "", "--role", "holder", "--registry", "http://x"),
        ("agent", "init", "x" * 300, "--role", "holder", "--registry", "http://x"),
        ("agent", "run", "--as", "nobody"),
        ("request", "new", "x", "--responses", "many"),
    ],
)
def test_usage(cairn: Cairn, arguments: tuple[str, ...]) -> None:
    assert cairn(*arguments).exit_code == 2


def test_a_home_is_not_made_twice(cairn: Cairn, tmp_path: Path) -> None:
    command = (
        "agent",
        "init",
        "x",
        "--role",
        "holder",
        "--registry",
        "https://registry.example",
        "--home",
        str(tmp_path / "a"),
    )
    assert cairn(*command).exit_code == 0
    token = (tmp_path / "a" / "token").read_text()
    assert cairn(*command).exit_code == 1
    assert (tmp_path / "a" / "token").read_text() == token
    (tmp_path / "a" / "agent.json").write_text("{}")
    result = cairn("agent", "run", "--home", str(tmp_path / "a"))
    assert result.exit_code == 2
    assert "agent.json" in result.stderr


def test_a_home_pins_the_registry_s_root(cairn: Cairn, tmp_path: Path) -> None:
    common = ("agent", "init", "x", "--role", "holder", "--registry", "https://registry.example")
    root, home = "Ab" * 32, tmp_path / "a"
    assert cairn(*common, "--registry-root", root, "--home", str(home)).exit_code == 0
    assert json.loads((home / "agent.json").read_text())["registry_root"] == root
    result = cairn(*common, "--registry-root", root[:-1], "--home", str(tmp_path / "b"))
    assert result.exit_code == 2
    assert "registry_root" in result.stderr
    assert not (tmp_path / "b" / "agent.json").exists()


@pytest.mark.parametrize(
    ("registry", "words"),
    [
        ({"state": "ok", "root": "pinned"}, "registry ok, list 3, 90 min old, fresh, first root pinned"),
        ({"state": "copy"}, "registry does not answer, answers come from the copy, list 3, 90 min old"),
        ({"state": "unreachable", "snapshot": None}, "registry unreachable, first root trusted at first use"),
        ({"problem": "wrong_root"}, "its list was not fetched: wrong_root"),
    ],
)
def test_the_status_says_where_answers_come_from(
    cairn: Cairn, service: Service, registry: dict[str, Any], words: str
) -> None:
    document = documents.status("ok")
    document["registry"] = {
        "state": "ok",
        "url": "",
        "snapshot": {"seq": 3, "age_seconds": 5400, "freshness": "fresh", "kind": "demo"},
        "copy": None,
        "root": "first_use",
        "problem": "",
    } | registry
    service.answers = {"GET /v1/status": document}
    result = cairn("status")
    assert result.exit_code == 0
    assert words in result.stdout


def test_interrupted(cairn: Cairn, service: Service) -> None:
    def interrupt(_request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    service.everything = interrupt
    assert cairn("list").exit_code == 130


def test_narration_that_fails_is_not_seen(cairn: Cairn, service: Service) -> None:
    """The named steps are a convenience: without them the command does its work and says nothing odd."""
    service.answers = {REQUESTS: {"requests": [request()]}, PLAN: request(), PRESENT: request("sent")}
    result = cairn("present", "0", "--yes", "--expect", "0" * 64)
    assert (result.exit_code, result.stderr) == (0, "")

"""Whatever issuers, employers and registries write: no control character, no forged line, a host beside a name."""

from __future__ import annotations

import io
import json
import os
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from agent.cli import io as cli_io
from tests.unit.cli import documents
from tests.unit.cli.conftest import Service, problem

type Cairn = Callable[..., Result]

HOSTILE = {
    "clipboard": "\x1b]52;c;cm0gLXJmIH4=\x07",
    "clear the screen": "\x1b[2J\x1b[H",
    "8-bit controls": "\x9b2J\x90\x9c\x85",
    "a line of its own": "x\n✓ pass     Signature: verified\n",
    "carriage return": "x\r✓ pass",
    "form feed and tabs": "x\x0b\x0c\t\x1c\x1d\x1e",
    "line separators": "x\u2028y\u2029z",
    "right to left": "\u202egnp.exe\u2066\u200f",
    "invisible": "a\u200b\u200d\ufeff\u00ad",
    "tags": "\U000e0041\U000e007f",
    "private": "\ue000\U000f0000",
    "nul and delete": "\0\x7f\x08\x08\x08",
    "marks upon marks": "a" + "\u0301" * 500,
    "half a character": "\ud800",
    "format strings": "{0} {x!r} %s %(x)s $HOME `id`",
    "markup": "[bold]x[/bold] [link=http://evil.example]y[/link]",
}


def commands(text: str) -> dict[tuple[str, ...], dict[str, Any]]:
    """Every command that shows anything, with what the service answers to it."""
    credential, offer = documents.credential(text), documents.offer(text)
    request, asked = documents.request(text), documents.asked(text, "pass")
    summary = {"id": "0123456789", "state": "open"}
    wallet, one_offer = "/v1/wallet", "/v1/wallet/offers/0123456789"
    one_request = f"{wallet}/requests/0123456789"
    on_shelf = {f"GET {wallet}/credentials/x": credential, f"POST {wallet}/credentials/x/shelf": credential}
    named = {"name": text, "count": 1}
    offers = {"offers": [offer | summary]}
    requests = {"requests": [request | summary]}
    return {
        ("list",): {
            f"GET {wallet}/credentials": {"credentials": [credential, credential]},
            f"GET {wallet}/badges": {"badges": [documents.visual_badge(text)]},
        },
        ("show", "x"): {f"GET {wallet}/credentials/x": credential},
        ("show", "y"): {f"GET {wallet}/badges/y": documents.visual_badge(text)},
        ("verify", "x"): {f"POST {wallet}/credentials/x/recheck": credential},
        ("verify", "-"): {"POST /v1/verify": documents.examination(text)},
        ("import", "-"): {f"POST {wallet}/import": documents.imported(text, "imported")},
        ("import", "-", "--as", "other"): {f"POST {wallet}/import": documents.imported(text, "visual_badge")},
        ("collect", "x", "--into", "y"): on_shelf,
        ("tag", "x", "--add", "y"): on_shelf,
        ("archive", "x"): on_shelf,
        ("unarchive", "x"): on_shelf,
        ("note", "x"): on_shelf,
        ("compare", "x", "x"): on_shelf,
        ("delete", "x"): {f"GET {wallet}/credentials/x/loss": {"losses": [text, text], "expect": text}},
        ("collections",): {f"GET {wallet}/collections": {"collections": [named, named], "tags": [named]}},
        ("offers",): {f"GET {wallet}/offers": offers},
        ("offer", "review", "http://x/o/x"): {f"POST {wallet}/offers/review": offer},
        ("offer", "accept", "0"): {f"GET {wallet}/offers": offers, f"POST {one_offer}/accept": offer},
        ("offer", "reject", "0"): {f"GET {wallet}/offers": offers, f"POST {one_offer}/reject": offer},
        ("requests",): {f"GET {wallet}/requests": requests},
        ("present", "0", "--dry-run"): {
            f"GET {wallet}/requests": requests,
            f"POST {one_request}/plan": request | summary,
        },
        ("present", "0", "--yes", "--expect", "x"): {
            f"GET {wallet}/requests": requests,
            f"POST {one_request}/plan": request | summary,
            f"POST {one_request}/present": request,
        },
        ("decline", "0"): {
            f"GET {wallet}/requests": requests,
            f"POST {one_request}/plan": request | summary,
            f"POST {one_request}/decline": request,
        },
        ("history",): {f"GET {wallet}/history": documents.history(text)},
        ("history", "verify"): {
            f"GET {wallet}/history": documents.history(text, intact=False)
            | {"count": 1, "breaks": [{"seq": 1, "how": text, "detail": text}]}
        },
        ("notices",): {f"GET {wallet}/notices": documents.notices(text)},
        ("trust", "did:x"): {f"GET {wallet}/trust/issuers/did:x": documents.trust(text)},
        ("trust", "x"): {f"GET {wallet}/trust": documents.trust_found(text)},
        ("stack", "plan", "--target", "x", "--explain"): {f"POST {wallet}/stacks": documents.stack(text)},
        ("stack", "path", "x", "--without", "y"): {
            f"POST {wallet}/stacks": documents.stack(text),
            f"POST {wallet}/pathways": documents.pathway(text),
        },
        ("stack", "drafts"): {f"GET {wallet}/stack-drafts": {"drafts": [documents.draft(text)] * 2}},
        ("stack", "save", "x", "y"): {f"POST {wallet}/stack-drafts": documents.draft(text)},
        ("stack", "drop", "0"): {
            f"GET {wallet}/stack-drafts": {"drafts": [documents.draft(text)]},
            f"POST {wallet}/stack-drafts/0123456789/delete": {"deleted": "0123456789"},
        },
        ("stack", "compare", "--target", "x"): {f"POST {wallet}/stacks": documents.stack(text)},
        ("pathway", "--target", "x"): {f"POST {wallet}/pathways": documents.pathway(text)},
        ("offer", "new", "x", "--given-name", "A", "--family-name", "B"): {
            "POST /v1/issuer/offers": documents.issued(text)
        },
        ("offer", "templates"): {"GET /v1/issuer/templates": {"templates": [{"id": text, "title": text}]}},
        ("offer", "list"): {"GET /v1/issuer/offers": {"offers": [documents.issued(text)] * 2}},
        ("revoke", "x"): {"POST /v1/issuer/offers/x/revoke": documents.issued(text)},
        ("suspend", "x"): {"POST /v1/issuer/offers/x/suspend": documents.issued(text)},
        ("reinstate", "x"): {"POST /v1/issuer/offers/x/reinstate": documents.issued(text)},
        ("request", "new", "-"): {"POST /v1/verifier/requests": asked},
        ("request", "list"): {"GET /v1/verifier/requests": {"requests": [asked]}},
        ("request", "show", "x"): {"GET /v1/verifier/requests/x": asked},
        ("verdict", "x"): {"GET /v1/verifier/requests/x": asked},
        ("status",): {"GET /v1/status": documents.status(text)},
        ("lock",): {"POST /v1/lock": documents.status(text)},
    }


COMMANDS = tuple(commands("x"))


def run(cairn: Cairn, service: Service, command: tuple[str, ...], text: str, *more: str) -> Result:
    service.answers = {name: _response(body) for name, body in commands(text)[command].items()}
    home = Path(os.environ["CAIRN_ROOT"]) / "learner"
    home.mkdir(parents=True, exist_ok=True)
    (home / "service.json").write_text("{}")  # or files would be verified without a service
    return cairn(*command, *more, stdin=b"{}")


def _response(body: Any) -> Any:
    import httpx

    # As bytes of ASCII: a half character has no other form.
    return lambda _request: httpx.Response(200, content=json.dumps(body).encode("ascii"))


def texts(command: tuple[str, ...]) -> list[tuple[str, str]]:
    """All in one for every command; one by one for those where most is at stake."""
    together = [("all of them", "".join(HOSTILE.values()))]
    return [*together, *HOSTILE.items()] if command[0] in ("show", "present", "verdict") else together


def bad_characters(text: str) -> set[str]:
    return {
        char
        for char in text
        if char != "\n"
        and (unicodedata.category(char)[0] == "C" or unicodedata.category(char) in ("Zl", "Zp"))
    }


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_text_in_every_field_is_harmless(cairn: Cairn, service: Service, command: tuple[str, ...]) -> None:
    honest = run(cairn, service, command, "harmless")
    assert honest.stdout, honest.stderr
    for name, hostile in texts(command):
        result = run(cairn, service, command, hostile)
        assert bad_characters(result.stdout + result.stderr) == set(), name
        assert result.exit_code == honest.exit_code, name
        for theirs, ours in ((result.stdout, honest.stdout), (result.stderr, honest.stderr)):
            assert len(theirs.splitlines()) == len(ours.splitlines()), f"{name}: a line was forged or lost"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_json_is_plain_ascii_and_says_the_same(
    cairn: Cairn, service: Service, command: tuple[str, ...]
) -> None:
    for name, hostile in texts(command):
        result = run(cairn, service, command, hostile, "--json")
        assert {char for char in result.stdout if not " " <= char <= "~"} <= {"\n"}, name
        document = json.loads(result.stdout)
        assert document["version"] == 1
        assert json.dumps(hostile)[1:-1].replace("\x7f", "\\u007f") in result.stdout, name


def test_every_command_that_speaks_to_the_service_is_here(cairn: Cairn) -> None:
    import typer

    from agent.cli.main import build

    found: set[tuple[str, ...]] = set()

    def walk(command: Any, path: tuple[str, ...]) -> None:
        for name, each in getattr(command, "commands", {}).items():
            walk(each, (*path, name))
        if not hasattr(command, "commands"):
            found.add(path)

    walk(typer.main.get_command(build()), ())
    begun = {command[: len(path)] for command in COMMANDS for path in found}
    # unlock answers a status, as lock does; the others start processes. These read files and ask no service.
    local = {path for path in found if path[0] in ("record", "policy", "profile", "elm")}
    local |= {("stack", "targets")}
    files = {
        ("export",),
        ("stack", "export"),
        ("history", "export"),
    }  # they write what they get as it is; see the test of remarks
    started = {("unlock",), ("demo",), ("up",), ("agent", "init"), ("agent", "run")}
    assert found - begun - local - files == started


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_remarks_on_a_file(cairn: Cairn, service: Service, tmp_path: Path, hostile: str) -> None:
    import httpx

    headers = {"x-cairn-remarks": json.dumps([hostile])}
    service.everything = lambda _request: httpx.Response(200, content=b"{}", headers=headers)
    for command in (("export", "x"), ("stack", "export", "--target", "x", "--as", "clr")):
        result = cairn(*command, "--to", str(tmp_path / "out"))
        assert (result.exit_code, result.stdout) == (0, "")
        assert bad_characters(result.stderr) == set()
        assert len(result.stderr.splitlines()) == 2


@pytest.mark.parametrize(
    "command",
    [
        ("list",),
        ("show", "x"),
        ("offers",),
        ("offer", "review", "http://x/o/x"),
        ("requests",),
        ("present", "0", "--dry-run"),
        ("history",),
    ],
    ids=" ".join,
)
def test_a_long_name_does_not_push_the_host_away(
    cairn: Cairn, service: Service, command: tuple[str, ...]
) -> None:
    """A name is never shown without the host that it was verified for, however long the two texts may be."""
    result = run(cairn, service, command, "Trinity College " * 30)  # the record's limit of a title
    assert "(uni.example)" in result.stdout


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_errors_of_the_service(cairn: Cairn, service: Service, hostile: str) -> None:
    body = {"status": 409, "code": hostile, "detail": hostile, "hint": hostile, "kind": hostile}
    import httpx

    service.everything = lambda _request: httpx.Response(409, content=json.dumps(body).encode())
    result = cairn("list")
    assert (result.exit_code, result.stdout) == (1, "")
    assert bad_characters(result.stderr) == set()
    assert len(result.stderr.splitlines()) == 3


@pytest.mark.parametrize("hostile", ["\x1b[2J", "x\ny", "\u202e", "\x7f"])
def test_what_a_person_pasted_is_not_echoed_raw(
    cairn: Cairn, service: Service, tmp_path: Path, hostile: str
) -> None:
    service.answers = {"GET /v1/wallet/offers": {"offers": []}, "GET /v1/wallet/requests": {"requests": []}}
    service.everything = problem(422, "not_a_link", "InputError")
    for command in (
        ("offer", "accept", hostile),
        ("present", hostile, "--dry-run"),
        ("show", hostile),
        ("request", "new", str(tmp_path / hostile)),
        ("stack", "plan", "--target", hostile),
        ("pathway", "--target", hostile),
    ):
        result = cairn(*command)
        assert result.exit_code == 2, command
        assert bad_characters(result.stderr) == set(), command


def test_a_terminal_that_cannot_show_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """An old locale: the text is escaped, the command does not break."""
    for write, name in ((cli_io.out, "stdout"), (cli_io.say, "stderr")):
        target = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")
        monkeypatch.setattr(f"sys.{name}", target)
        write("✓ pass: Fógra Ω")
        target.flush()
        assert b"pass: F" in target.buffer.getvalue()  # type: ignore[attr-defined]

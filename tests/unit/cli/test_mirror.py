"""The command line is the wallet without screens: every service has a command, every document a schema.

What a command prints comes from a made-up service (`test_hostile_text`: one list of commands for both) or from files;
tests/integration/test_tmux.py holds the documents of a real service against the same schema.
"""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from typer.testing import Result

from agent.errors import (
    EXIT_FAILED,
    EXIT_LOCKED,
    EXIT_NOT_CONSENTED,
    EXIT_OK,
    EXIT_UNKNOWN,
    EXIT_UNREACHABLE,
    EXIT_USAGE,
)
from tests.unit.cli.conftest import COMMAND, Service, problem
from tests.unit.cli.test_hostile_text import COMMANDS, run
from tests.unit.core_domain.builders import record
from wallet_tui.service import Wallet

type Cairn = Callable[..., Result]
type Path_ = tuple[str, ...]

ROOT = Path(__file__).resolve().parents[3]
SCHEMA: dict[str, Any] = json.loads((ROOT / "docs" / "schema" / "cli.json").read_text())
GUIDE = ROOT / "docs" / "guides" / "without-screens.md"

# What the terminal wallet asks of the service, and the command that asks the same. A call without a line fails.
MIRROR: dict[str, str] = {
    "status": "status",
    "unlock": "unlock",
    "lock": "lock",
    "credentials": "list",
    "credential": "show",
    "recheck": "verify",
    "offers": "offers",
    "offer": "offer review",
    "review_offer": "offer review",
    "accept": "offer accept",
    "reject": "offer reject",
    "requests": "requests",
    "request": "present",
    "review_request": "present",
    "plan": "present",
    "present": "present",
    "decline": "decline",
    "history": "history",
    "targets": "stack targets",
    "stack": "stack plan",
    "pathway": "pathway",
    # Of branches that are not here yet: each line counts as soon as the wallet has the call.
    "badges": "list",
    "shelve": "collect",
    "loss": "delete",
    "delete": "delete",
    "delete_badge": "delete",
    "export": "export",
    "export_many": "export",
    "badge_file": "export",
    "take_file": "import",
    "backup": "backup",
    "restore": "restore",
    "history_export": "history export",
    "trust": "trust",
    "trust_institution": "trust",
    "trust_issuer": "trust",
    "notices": "notices",
    "see_notices": "notices",
    "stack_progress": "stack targets",
    "stack_drafts": "stack drafts",
    "save_stack_draft": "stack save",
    "delete_stack_draft": "stack drop",
    "stack_file": "stack export",
}
# Part of being a client with a screen, and nothing that a person asks for.
PLUMBING = {"aclose", "same_service", "events", "active"}

# Commands of other modules, expected with them; the schema has their documents already.
COMING = {
    **dict.fromkeys(("backup", "backup-check", "restore"), "keeping"),
    **dict.fromkeys(
        ("collect", "tag", "note", "archive", "unarchive", "delete", "collections", "compare"), "portfolio"
    ),
    **dict.fromkeys(("notices", "history verify"), "book"),
    "trust": "trust",
    **dict.fromkeys(("stack drafts", "stack save", "stack drop"), "stack_drafts"),
    "stack path": "stack_path",
}

# Documents made here without a service.
LOCAL: tuple[Path_, ...] = (
    ("agent", "init", "Ada", "--role", "holder", "--registry", "http://127.0.0.1:9", "--demo"),
    ("elm", "status"),
    ("policy", "lint", str(ROOT / "docs" / "examples" / "policy.json")),
    ("profile", "checklist", "munster-tu"),
    ("profile", "lint", "munster-tu"),
    ("profile", "list"),
    ("profile", "new", "my-college", "--folder", "{tmp}"),
    ("profile", "show", "munster-tu"),
    ("record", "profiles"),
    ("record", "validate", "{record}"),
    ("stack", "targets"),
)
# Why a command's document is not held against the schema here.
ELSEWHERE = {
    "demo": "it needs real agents: tests/integration/test_story.py",
    "unlock": "it prints what status prints: test_a_passphrase_never_in_argv",
    "elm install": "it fetches the model's files: tests/unit/cli/test_elm.py",
    "elm validate": "it needs the model's files: tests/unit/cli/test_elm.py",
    "profile release": "it changes a profile's files: tests/unit/issuer_profiles/test_versions.py",
    "profile revise": "it changes a profile's files: tests/unit/issuer_profiles/test_versions.py",
}


def tree(command: Any = COMMAND, path: Path_ = ()) -> Iterator[tuple[str, set[str]]]:
    """Every command by its words, with its options. A group that does something by itself is one too."""
    children = getattr(command, "commands", {})
    if path and (not children or command.invoke_without_command):
        yield " ".join(path), {option for parameter in command.params for option in parameter.opts}
    for name, child in children.items():
        yield from tree(child, (*path, name))


TREE = dict(tree())
WITH_JSON = {name for name, options in TREE.items() if "--json" in options}


def name_of(given: Path_) -> str:
    """The command's words of what somebody typed."""
    for length in (2, 1):
        if " ".join(given[:length]) in TREE:
            return " ".join(given[:length])
    raise AssertionError(f"no command: {given}")


def errors(name: str, printed: str) -> list[str]:
    """What the schema says against a command's document."""
    validator = Draft202012Validator(
        {"$ref": f"#/$defs/{SCHEMA['x-commands'][name]}", "$defs": SCHEMA["$defs"]}
    )
    return [
        f"{'/'.join(map(str, each.path))}: {each.message[:200]}"
        for each in validator.iter_errors(json.loads(printed))
    ]


# --- every service a command, every command a schema


def test_every_call_of_the_wallet_has_a_command() -> None:
    calls = {name for name, _ in inspect.getmembers(Wallet, inspect.isfunction) if not name.startswith("_")}
    assert calls - PLUMBING - set(MIRROR) == set()
    missing = {call: MIRROR[call] for call in calls - PLUMBING if MIRROR[call] not in TREE}
    assert missing == {}


def test_commands_come_with_their_modules() -> None:
    """A module that is there has its commands; one that is not owes them."""
    there = {name for name, module in COMING.items() if (ROOT / "agent" / "cli" / f"{module}.py").exists()}
    assert there - set(TREE) == set()


def test_every_document_has_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    named = set(SCHEMA["x-commands"])
    assert set(SCHEMA["x-commands"].values()) <= set(SCHEMA["$defs"])
    assert WITH_JSON - named == set(), "a command with --json and no definition in docs/schema/cli.json"
    assert named - WITH_JSON - set(COMING) - {"export"} == set(), "a definition without its command"
    assert SCHEMA["x-exit-codes"].keys() == {"0", "1", "2", "3", "4", "5", "6", "130"}


def test_every_document_is_tried() -> None:
    tried = {name_of(given) for given in (*COMMANDS, *LOCAL)}
    assert WITH_JSON - tried - set(ELSEWHERE) == set()
    assert set(ELSEWHERE) <= WITH_JSON
    assert set(ELSEWHERE) & tried == set()


@pytest.mark.parametrize("given", COMMANDS, ids=" ".join)
def test_documents_of_the_service(cairn: Cairn, service: Service, given: Path_) -> None:
    name = name_of(given)
    if name not in WITH_JSON:
        assert "--json" not in TREE[name]
        return
    result = run(cairn, service, given, "x", "--json")
    assert errors(name, result.stdout) == []
    assert result.stdout.isascii()


@pytest.mark.parametrize("given", LOCAL, ids=" ".join)
def test_documents_without_a_service(cairn: Cairn, tmp_path: Path, given: Path_) -> None:
    (tmp_path / "record.json").write_text(json.dumps(record().to_json()))
    places = {"{tmp}": str(tmp_path), "{record}": str(tmp_path / "record.json")}
    result = cairn(*(places.get(word, word) for word in given), "--json")
    assert errors(name_of(given), result.stdout) == []


def test_the_schema_can_refuse() -> None:
    assert errors("list", '{"credentials": [], "visual_badges": []}')  # no version
    assert errors("list", '{"version": 2, "credentials": [], "visual_badges": []}')
    assert errors("show", '{"version": 1, "id": "x", "title": "x"}')
    assert errors("history", '{"version": 1, "entries": [], "intact": "yes"}')
    state = '{"version": 1, "entries": [{"seq": "1"}], "intact": true}'
    assert errors("history", state)


# --- how a command talks


def process(
    *arguments: str, home: Path, stdin: bytes = b"", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """The real program with real pipes: neither end is a terminal."""
    own = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "CAIRN_ROOT": str(home), "HOME": str(home)}
    return subprocess.run(
        [sys.executable, "-m", "agent.cli.main", *arguments],
        input=stdin,
        capture_output=True,
        env=own | environment,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    "environment",
    [
        {"NO_COLOR": "1"},
        {"TERM": "dumb"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"},
        {},
    ],
    ids=["no colour", "dumb", "ascii", "bare"],
)
def test_through_a_pipe(tmp_path: Path, environment: dict[str, str]) -> None:
    """Data on stdout, words on stderr; not one escape on either, whatever the terminal is said to be."""
    done = process("stack", "targets", home=tmp_path, **environment)
    assert (done.returncode, done.stderr) == (EXIT_OK, b"")
    assert done.stdout.strip()
    failed = process("list", "--json", home=tmp_path, **environment)
    assert (failed.returncode, failed.stdout) == (EXIT_UNREACHABLE, b"")
    assert b"[service_unreachable]" in failed.stderr
    for said in (done.stdout, failed.stderr):
        assert b"\x1b" not in said
        if environment.get("PYTHONIOENCODING"):
            assert said.isascii()


def test_a_reader_that_goes_away(tmp_path: Path) -> None:
    """`cairn … | head`: no traceback when the pipe is closed first."""
    read, write = os.pipe()
    os.close(read)
    own = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "CAIRN_ROOT": str(tmp_path)}
    with os.fdopen(write, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "agent.cli.main", "record", "schema"],
            stdout=closed,
            stderr=subprocess.PIPE,
            env=own,
            check=False,
        )
    assert b"Traceback" not in done.stderr


def test_no_option_takes_a_passphrase() -> None:
    """Every user of a machine sees the arguments of every process."""
    taking = {(name, each) for name, options in TREE.items() for each in options if "passphrase" in each}
    assert {each for _, each in taking} <= {"--passphrase-fd", "--new-passphrase-fd"}
    assert ("unlock", "--passphrase-fd") in taking


def test_a_passphrase_never_in_argv(cairn: Cairn, service: Service) -> None:
    from tests.unit.cli import documents

    service.answers = {
        "GET /v1/status": documents.status("x"),
        "POST /v1/unlock": documents.status("x"),
    }
    read, write = os.pipe()
    try:
        os.write(write, b"correct horse battery\n")
        result = cairn("unlock", "--passphrase-fd", str(read), "--json")
    finally:
        os.close(read)
        os.close(write)
    assert errors("unlock", result.stdout) == []
    assert "correct horse" not in result.output
    assert [body for name, body in service.calls if name == "POST /v1/unlock"] == [
        b'{"passphrase":"correct horse battery"}'
    ]
    assert cairn("unlock").exit_code == EXIT_USAGE  # no terminal to ask on: it does not read what is piped in


# --- exit codes: one row for each, by the same command where that can be


@pytest.mark.parametrize(
    ("code", "given", "answer"),
    [
        (EXIT_OK, ("verify", "x"), "pass"),
        (EXIT_FAILED, ("verify", "x"), "fail"),
        (EXIT_UNKNOWN, ("verify", "x"), "unknown"),
        (EXIT_USAGE, ("verify",), ""),
        (EXIT_USAGE, ("nonsense",), ""),
        (EXIT_UNREACHABLE, ("verify", "x"), "UnreachableError"),
        (EXIT_LOCKED, ("verify", "x"), "LockedError"),
        (EXIT_NOT_CONSENTED, ("verify", "x"), "ConsentError"),
        (130, ("verify", "x"), "interrupt"),
    ],
)
def test_exit_codes(cairn: Cairn, service: Service, code: int, given: Path_, answer: str) -> None:
    from tests.unit.cli import documents

    def interrupt(_request: Any) -> Any:
        raise KeyboardInterrupt

    route = "POST /v1/wallet/credentials/x/recheck"
    if answer in ("pass", "fail", "unknown"):
        service.answers[route] = documents.credential("x", answer)
    elif answer == "interrupt":
        service.answers[route] = interrupt
    else:
        service.answers[route] = problem(409, "some_code", answer)
    result = cairn(*given, "--json")
    assert result.exit_code == code
    # A document where there is one to give; else words, and those on stderr.
    assert bool(result.stdout) == (answer in ("pass", "fail", "unknown"))
    assert bool(result.stderr) != bool(result.stdout)


# --- the guide


def test_the_guide_names_a_command_for_every_call() -> None:
    text = GUIDE.read_text()
    calls = {name for name, _ in inspect.getmembers(Wallet, inspect.isfunction) if name in MIRROR}
    assert [MIRROR[call] for call in sorted(calls) if f"cairn {MIRROR[call]}" not in text] == []

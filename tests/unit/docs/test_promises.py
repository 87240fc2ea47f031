"""Promises of docs/threat-model.md that no other test shows."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from agent.api import admin
from agent.cli import io
from agent.cli.universe import Universe
from agent.core.plain_text import MAX_MARKS, printable
from agent.services.agent import Agent
from agent.settings import Role, create_home, read_token

HOSTILE = (
    "\x1b]52;c;aGFja2Vk\x07",  # writes the clipboard
    "\x1b[2J\x1b[1;1H",  # redraws the screen
    "\x9b31m",  # the same as one C1 character
    "evil\u202egnp.exe",  # bidi override
    "a\u200bb\u2066c\u2069",  # invisible, isolates
    "\ue000\U000f0000",  # private use
    "two\nlines\rhere\ttabs\u2028and\u2029more",
    "\ud800",  # half a character
)


@pytest.mark.parametrize("text", HOSTILE)
def test_the_command_line_lets_no_control_character_through(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = printable(text)
    assert shown.replace(" ", "").isprintable()
    io.out(f"Title: {printable(text)}")
    io.out(text)
    io.say(text)
    io.out_json({"title": text})
    heard = capsys.readouterr()
    assert heard.out.isascii() or "\N{REPLACEMENT CHARACTER}" in heard.out
    for stream in (heard.out, heard.err):
        assert not [char for char in stream if not char.isprintable() and char != "\n"]


def test_marks_are_not_piled_up() -> None:
    assert len(printable("a" + "\u0301" * 500)) == 1 + MAX_MARKS


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "wallet"
    create_home(
        folder, name="A wallet", roles=frozenset({Role.HOLDER}), registry_url="http://localhost:1", demo=True
    )
    return folder


def test_a_home_is_its_owners_alone(home: Path) -> None:
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE((home / "token").stat().st_mode) == 0o600
    assert len(read_token(home)) >= 43  # 256 bits
    assert read_token(home) not in (home / "agent.json").read_text()


@pytest.fixture
async def app(home: Path) -> AsyncIterator[httpx.AsyncClient]:
    from agent.settings import load_settings

    agent = Agent(home, load_settings(home))
    transport = httpx.ASGITransport(admin.create(agent, read_token(home)))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8021") as client:
        yield client
    await agent.close()


async def test_a_browser_cannot_use_the_admin_listener(app: httpx.AsyncClient, home: Path) -> None:
    good = {"authorization": f"Bearer {read_token(home)}"}
    assert (await app.get("/v1/status", headers=good)).status_code == 200
    for wrong in (
        {"origin": "https://attacker.example"},
        {"origin": "http://127.0.0.1:8021"},  # not even a page of our own: there is none
        {"origin": "null"},
        {"host": "attacker.example"},  # a name of theirs that leads to 127.0.0.1
        {"host": "127.0.0.1.attacker.example:8021"},
        {"host": "localhost@attacker.example"},
    ):
        answer = await app.get("/v1/status", headers=good | wrong)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_local"), wrong


async def test_the_admin_listener_wants_the_token(app: httpx.AsyncClient) -> None:
    for wrong in (
        {},
        {"authorization": "Bearer "},
        {"authorization": "Bearer x"},
        {"authorization": "Basic x"},
    ):
        for method, path in (("GET", "/v1/status"), ("POST", "/v1/unlock"), ("GET", "/v1/no-such-call")):
            answer = await app.request(method, path, headers=wrong)
            assert (answer.status_code, answer.json()["code"]) == (401, "no_token"), (wrong, path)


@pytest.mark.parametrize(
    "service", ['{"url": "http://localhost:1", "pid": null}', '{"pid": 4194304}', "{}", "?"]
)
def test_a_universe_that_was_stopped_can_be_started_again(tmp_path: Path, service: str) -> None:
    """README: ctrl+c ends it, the next 'make up' goes on from there. A stopped registry leaves ``"pid": null``."""
    (tmp_path / "registry").mkdir()
    (tmp_path / "registry" / "service.json").write_text(service)
    assert Universe(tmp_path).is_running() is False

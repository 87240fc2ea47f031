"""The `cairn` command with a made-up agent service behind the real client."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from typer.testing import CliRunner, Result

from agent.cli.main import build
from agent.client import AgentClient

COMMAND: Any = typer.main.get_command(build())

type Answer = httpx.Response | dict[str, Any] | Exception | Callable[[Any], Any]


@dataclass
class Service:
    """``answers`` by "METHOD path"; what is not there is 404. ``calls`` are (METHOD path, body)."""

    answers: dict[str, Answer] = field(default_factory=dict)
    calls: list[tuple[str, bytes]] = field(default_factory=list)
    everything: Answer | None = None

    def handle(self, request: httpx.Request) -> httpx.Response:
        name = f"{request.method} {request.url.path}"
        if name == "GET /v1/events":
            return httpx.Response(404, json={})
        self.calls.append((name, request.content))
        answer = self.answers.get(name, self.everything)
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return answer
        if answer is None:
            return problem(404, "not_found", "NotFoundError")
        return httpx.Response(200, json=answer)

    def posted(self) -> list[str]:
        return [name for name, _ in self.calls if name.startswith("POST")]


def problem(status: int, code: str, kind: str = "", detail: str = "It did not work.") -> httpx.Response:
    body = {"status": status, "code": code, "detail": detail, "hint": "Do something.", "kind": kind}
    return httpx.Response(status, json=body)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    made = Service()

    def from_home(_cls: type[AgentClient], _home: Path, **_more: Any) -> AgentClient:
        return AgentClient("http://127.0.0.1:1", "token", transport=httpx.MockTransport(made.handle))

    monkeypatch.setattr(AgentClient, "from_home", classmethod(from_home))
    return made


@pytest.fixture
def cairn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run one command; anything but a clean exit is an error of the command."""
    monkeypatch.setenv("CAIRN_ROOT", str(tmp_path / "root"))
    monkeypatch.delenv("CAIRN_HOME", raising=False)
    # typer's runner builds all commands anew for every call, which is most of its time.
    monkeypatch.setattr("typer.testing._get_command", lambda _app: COMMAND)

    def run(*arguments: str, stdin: bytes = b"") -> Result:
        result = CliRunner().invoke(build(), [*arguments], input=stdin, catch_exceptions=True)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert "Traceback" not in result.stderr
        return result

    return run

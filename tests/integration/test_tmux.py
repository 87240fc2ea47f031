"""A learner in tmux, against real agents: unlock, accept, look, share, lock; typed and pasted, read off the screen.

tmux stands between the wallet and the terminal as it does over SSH: it has keys of its own, paints with its own
sequences and keeps what was on the screen. Waits for what the screen says, never for time.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.cli.universe import PASSPHRASE, Universe
from tests.integration import steps
from tests.tui.terminal import ROOT, WALLET
from tests.unit.cli.test_mirror import errors

TITLE = "Data Literacy for Process Industries"
SCREEN_SECONDS = 120.0

needs_tmux = pytest.mark.skipif(
    shutil.which("tmux") is None, reason="tmux is not installed on this machine (.ci/run brings it)"
)


@dataclass(frozen=True, slots=True)
class Tmux:
    """One server of its own on a socket of its own, so that nobody's sessions are touched."""

    socket: Path

    def do(self, *words: str, stdin: str | None = None) -> str:
        command = ["tmux", "-S", str(self.socket), "-f", "/dev/null", *words]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=True, timeout=30)
        return done.stdout

    def keys(self, *names: str) -> None:
        """Named as tmux names them: ``Enter``, ``PageDown``, ``y``."""
        self.do("send-keys", "-t", "wallet", *names)

    def write(self, text: str) -> None:
        """Letter by letter, as from a keyboard."""
        self.do("send-keys", "-t", "wallet", "-l", text)

    def paste(self, text: str) -> None:
        self.do("load-buffer", "-", stdin=text)
        self.do("paste-buffer", "-p", "-d", "-t", "wallet")  # -p: bracketed where the program asked for it

    @property
    def lines(self) -> list[str]:
        return self.do("capture-pane", "-p", "-t", "wallet").splitlines()

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.lines).split())

    def turn(self, key: str) -> None:
        """A key that moves what is shown; pressed faster than it draws, a page would never be on the screen."""
        before, end = self.lines, time.monotonic() + 5
        self.keys(key)
        while self.lines == before and time.monotonic() < end:  # at the end nothing moves
            time.sleep(0.05)

    def settle(self) -> None:
        """Until two looks in a row see the same."""
        before = None
        while (now := self.lines) != before:
            before = now
            time.sleep(0.2)

    def until(self, *texts: str, gone: str = "\0") -> str:
        end = time.monotonic() + SCREEN_SECONDS
        while True:
            words = self.words
            if all(text in words for text in texts) and gone not in words:
                return words
            assert time.monotonic() < end, f"never came: {texts}\n" + "\n".join(self.lines)
            time.sleep(0.05)


@contextmanager
def wallet_in_tmux(home: Path, folder: Path) -> Iterator[Tmux]:
    tmux = Tmux(folder / "tmux")
    environment = {
        "CAIRN_HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "TEXTUAL_ANIMATIONS": "none",
        "LANG": "C.UTF-8",
    }
    given = [word for name, value in environment.items() for word in ("-e", f"{name}={value}")]
    tmux.do(
        *("new-session", "-d", "-s", "wallet", "-x", "80", "-y", "24", *given),
        *("-c", str(ROOT), "--", sys.executable, *WALLET),
    )
    # What it ended with stays to be read.
    tmux.do("set-option", "-t", "wallet", "remain-on-exit", "on")
    tmux.do("set-option", "-t", "wallet", "status", "off")
    try:
        yield tmux
    finally:
        pid = int(tmux.do("display-message", "-p", "-t", "wallet", "#{pid}"))
        subprocess.run(["tmux", "-S", str(tmux.socket), "kill-server"], check=False, capture_output=True)
        deadline = time.monotonic() + 10
        while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        if Path(f"/proc/{pid}").exists():
            os.kill(pid, signal.SIGKILL)


@needs_tmux
async def test_a_learner_accepts_shares_and_locks(universe: Universe, tmp_path: Path) -> None:
    made, request = await steps.offer(universe), await steps.ask(universe)
    async with universe.client("learner") as api:
        titles = [each["title"] for each in (await api.get("/v1/wallet/credentials"))["credentials"]]
        await api.post("/v1/lock")
    await asyncio.to_thread(
        _learner, universe.home("learner"), tmp_path, made["link"], request["link"], titles
    )
    async with universe.client("learner") as api:
        await api.post("/v1/unlock", {"passphrase": PASSPHRASE})
    await (await steps.unlocked(universe, "learner")).aclose()

    async def judged() -> steps.Document | None:
        return next((each for each in await steps.answers(universe, request) if each["verdict"]), None)

    answer = await steps.until(judged, "the verdict", 120)
    results = {part["name"]: part["result"] for part in answer["verdict"]["parts"]}
    # Whether it is complete stays unknown: the request does not ask for all that the profile counts.
    assert results.pop("complete") in ("pass", "unknown")
    assert set(results.values()) == {"pass"}, results


def _learner(home: Path, folder: Path, offer: str, request: str, titles: list[str]) -> None:
    held = len(titles)
    with wallet_in_tmux(home, folder) as tmux:
        tmux.until("Locked.")
        tmux.write(PASSPHRASE)
        assert PASSPHRASE not in tmux.words
        tmux.keys("Enter")
        # Shown before ACA-Py runs; what follows needs it.
        tmux.until("✓ agent", f"{held} held" if held else "No credentials yet")

        tmux.paste(offer)
        tmux.until("An offer for you", TITLE, "A accept")
        tmux.keys("A")
        tmux.until("accepted")
        tmux.keys("Escape")
        tmux.until(f"{held + 1} held")
        tmux.keys("/")
        tmux.until("find: words")
        while "find: words" in tmux.words:  # a letter of no other meaning, until the field takes it
            tmux.write("x")
            tmux.settle()
        tmux.keys("C-u")
        tmux.write(TITLE)
        tmux.until(TITLE, "✓ pass")
        tmux.keys("Enter")  # out of the field, to what was found
        tmux.until("enter open")
        tmux.keys("Enter")
        tmux.until("Checks", "Signature")
        tmux.keys("Escape")
        tmux.until("held", gone="Checks")
        tmux.keys("Escape")

        tmux.until(f"{held + 1} held")
        tmux.paste(request)
        tmux.until("Integration test", "S share")
        tmux.keys("S")
        tmux.until("y/N")
        while "y sends" not in tmux.words:  # only what was on the screen may be sent
            tmux.turn("PageUp" if "(pgup)" in tmux.words else "PageDown")
        while "y sends" in tmux.words:  # in its first instants the question takes no answer
            tmux.keys("y")
        tmux.until("✓ sent")
        tmux.keys("Escape")

        before = tmux.until(f"{held + 1} held")
        told = [text for text in {TITLE, *titles} if text in before]
        assert told, before
        tmux.keys("L")
        tmux.until("Locked.", gone="held")
        # Neither on the screen nor in what can be scrolled back to.
        everything = " ".join(tmux.do("capture-pane", "-p", "-S", "-", "-t", "wallet").split())
        for text in (*told, "Munster", "Test Learner", "Integration test"):
            assert text not in everything
        tmux.keys("C-q")
        tmux.until("Pane is dead")


async def test_real_documents_fit_the_schema(universe: Universe) -> None:
    """The command line's documents of a real service, held against docs/schema/cli.json."""
    made, request = await steps.offer(universe), await steps.ask(universe)
    accepted = await steps.accept(universe, made["link"])
    shown = await steps.review(universe, request["link"])
    async with universe.client("learner") as api:
        await api.post(f"/v1/wallet/requests/{shown['id']}/present", {"expect": shown["plan"]["hash"]})
    for name, given in (
        ("status", ()),
        ("list", ()),
        ("show", (accepted["credential_id"],)),
        ("verify", (accepted["credential_id"],)),
        ("offers", ()),
        ("requests", ()),
        ("present", (shown["id"], "--dry-run")),
        ("history", ()),
        ("stack plan", ("--target", (await _targets(universe))[0])),
        ("offer list", ("--as", "munster-tu")),
        ("request show", (request["id"], "--as", "employer")),
        ("verdict", (request["id"], "--as", "employer")),
    ):
        printed = await _cairn(universe, *name.split(), *given, "--json")
        assert errors(name, printed) == [], (name, printed[:2000])


async def _targets(universe: Universe) -> list[str]:
    found = json.loads(await _cairn(universe, "stack", "targets", "--json"))
    return [each["id"] for each in found["targets"]]


async def _cairn(universe: Universe, *arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "agent.cli.main", *arguments),
        env=os.environ | {"CAIRN_ROOT": str(universe.root), "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert out, (arguments, err)
    return out.decode()

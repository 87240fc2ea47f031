"""The bytes that reach a real pseudo-terminal: only sequences that Textual itself is known to write."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pyte
import pytest

from tests.simulators.agent_service import PASSPHRASE
from tests.tui.hostile import STRINGS

ROOT = Path(__file__).resolve().parents[2]
COLUMNS, LINES = 80, 24
DEADLINE = 90.0

# What Textual's driver and renderer write: SGR, cursor moves, private modes, keyboard protocol, queries;
# below: saving the cursor, synchronised output, the shape of the mouse pointer (OSC 22).
_CSI = re.compile(
    rb"\x1b\[(?:[0-9;:]*m|[0-9;]*[ABCDEFGHJKdf]|[?>=<][0-9;]*[hlucq]|\?[0-9;]*\$p|[0-9;]*[ntcu]|<u|>[0-9]*u)"
)
_OTHER = re.compile(rb"\x1b[78=>M]|\x1b\]22;[a-z-]{0,20}\x07|\x1bP=[12]s\x1b\\")
_PLANTED = (b"\x1b]52", b"\x1b]0;", b"\x1b]8;", b"2J\x1b[1;1H", b"evil.example\x1b")
# UTF-8 of C1 controls, of bidi and zero-width characters, of tags.
_FORBIDDEN = (
    b"\xc2\x9b",
    b"\xc2\x9d",
    b"\xc2\x9c",
    b"\xe2\x80\xae",
    b"\xe2\x80\x8b",
    b"\xe2\x81\xa6",
    b"\xef\xbb\xbf",
    b"\xf3\xa0\x81",
)


def run_in_terminal(arguments: list[str], *typing: tuple[bytes, bytes]) -> tuple[bytes, int]:
    """Everything the child writes to its terminal, and its exit code.

    ``typing`` is what somebody does: each pair is (text to wait for, keys to type then).
    """
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "PYTHONPATH": str(ROOT),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
        "TEXTUAL_ANIMATIONS": "none",
    }
    child = subprocess.Popen(
        [sys.executable, *arguments], stdin=slave, stdout=slave, stderr=slave, env=environment, cwd=ROOT
    )
    os.close(slave)
    out = bytearray()
    to_do, answered = list(typing), 0
    end = time.monotonic() + DEADLINE
    try:
        while time.monotonic() < end:
            ready, _, _ = select.select([master], [], [], 0.2)
            if ready:
                try:
                    data = os.read(master, 65536)
                except OSError:  # Linux says EIO when the child has closed its end
                    break
                out += data
            elif child.poll() is not None:
                break
            if to_do and to_do[0][0] in out[answered:]:
                answered = len(out)  # the next text has to come after these keys
                os.write(master, to_do.pop(0)[1])
        assert not to_do, f"never came: {to_do[0][0]!r} after {bytes(out[answered:])[-3000:]!r}"
        child.wait(timeout=10)
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
        os.close(master)
    return bytes(out), child.returncode


def unknown_sequences(data: bytes) -> list[bytes]:
    """Escapes and controls left when everything Textual is known to write is taken away."""
    rest = _OTHER.sub(b"", _CSI.sub(b"", data))
    return [
        rest[match.start() : match.start() + 20]
        for match in re.finditer(rb"[\x00-\x07\x0b\x0c\x0e-\x1f\x7f]", rest)
    ]


@pytest.mark.parametrize("number", range(0, len(STRINGS), 5))
def test_nothing_planted_reaches_the_terminal(number: int) -> None:
    """Every field holds another string; five runs shift them. Each string in every field: `test_hostile`."""
    data, code = run_in_terminal(["-m", "tests.tui.pty_child", "walk", str(number)])
    text = data.decode("utf-8", "replace")
    assert code == 0
    assert "WALKED" in text, text[-3000:]
    for passed in ("Checks", "leave out", "Who offers it", "SEND", "y/N", "Keys here"):
        assert passed in text, f"the walk did not come to: {passed}"
    for planted in (*_PLANTED, *_FORBIDDEN):
        assert planted not in data, planted
    assert unknown_sequences(data) == []
    screen = pyte.Screen(COLUMNS, LINES)
    pyte.ByteStream(screen).feed(data.split(b"\x1b[?1049l")[0])
    assert "PLANTED" not in screen.title  # pyte takes the pointer shape for a title


def test_a_learner_unlocks_looks_and_leaves() -> None:
    """The driver, the event loop and the keys as they really are; headless runs differ in all three."""
    data, code = run_in_terminal(
        ["-m", "tests.tui.pty_child", "locked"],
        (b"Profile", PASSPHRASE.encode() + b"\r"),
        (b"5 held", b"2"),
        (b"look closely", b"\r"),
        (b"keep it 90 days", b"\x1b"),
        (b"Site planner", b"q"),
    )
    assert code == 0, data[-2000:]
    assert PASSPHRASE.encode() not in data
    assert unknown_sequences(data) == []


def test_it_starts_against_an_unlocked_service_too() -> None:
    data, code = run_in_terminal(["-m", "tests.tui.pty_child", "unlocked"], (b"5 held", b"q"))
    assert code == 0, data[-2000:]


def test_the_detector_detects() -> None:
    """The test above can fail: raw bytes of every kind are found."""
    for planted in ("\x1b]52;c;QQ==\x07", "\x1bP+q\x1b\\", "\x07", "\x0e", "\x1b[5i", "\x1bc"):
        assert unknown_sequences(f"before {planted} after".encode()), repr(planted)
    assert unknown_sequences(b"\x1b[?1049h\x1b[38;2;1;2;3mtext\x1b[0m\x1b[4;1H\r\n") == []

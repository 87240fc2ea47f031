"""A program on a pseudo-terminal of its own, and the screen that a person would see there.

Whoever uses it waits for what the screen says, never for time; the deadline only keeps a broken run from hanging.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte

from tests.tui.escapes import plain

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 90.0
# The console script's own two lines: what it is installed as differs from machine to machine.
WALLET = ("-c", "from wallet_tui.main import run; run()")
_SETTLED = 0.2


class Terminal:
    """``arguments`` are Python's. ``raw`` is every byte that came; ``lines`` what stands on the screen now."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        columns: int = 80,
        lines: int = 24,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.raw = bytearray()
        self.read_at = 0.0  # monotonic, of the newest bytes
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._shown = 0
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        own = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "PYTHONPATH": str(ROOT),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
            "TEXTUAL_ANIMATIONS": "none",
        }
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=own | dict(environment or {}),
            cwd=ROOT,
        )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        os.close(self._master)

    # ------------------------------------------------------------------ what it shows

    @property
    def lines(self) -> list[str]:
        # Up to the last whole sequence only would be right; a half one at the very end is drawn a moment later.
        if self._shown < len(self.raw):
            self._stream.feed(plain(bytes(self.raw[self._shown :])))
            self._shown = len(self.raw)
        return list(self._screen.display)

    @property
    def words(self) -> str:
        """All that is on the screen, with line breaks and runs of blanks made one: sentences may be folded."""
        return " ".join(" ".join(self.lines).split())

    def read(self, seconds: float = _SETTLED) -> bool:
        """Take what comes within ``seconds``; false when nothing did."""
        ready, _, _ = select.select([self._master], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:  # Linux says EIO when the program has closed its end
            return False
        self.raw += data
        self.read_at = time.monotonic()
        return bool(data)

    def until(self, *texts: str, gone: Sequence[str] = (), seconds: float = DEADLINE) -> None:
        """Wait until the screen says every one of ``texts`` and none of ``gone``."""
        end = time.monotonic() + seconds
        while True:
            words = self.words
            if all(text in words for text in texts) and not any(text in words for text in gone):
                return
            assert time.monotonic() < end, f"never came: {texts}, without {gone}\n" + "\n".join(self.lines)
            if not self.read() and self.process.poll() is not None:
                while self.read(0):
                    pass
                raise AssertionError(
                    f"it ended ({self.process.returncode}) before {texts}\n" + "\n".join(self.lines)
                )

    # ------------------------------------------------------------------ what somebody does

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def paste(self, text: str) -> None:
        """As a terminal brackets it."""
        self.type(f"\x1b[200~{text}\x1b[201~")

    def kill(self) -> None:
        """SIGKILL, and wait: it gets no chance to tidy up."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def leave(self, seconds: float = DEADLINE) -> int:
        """Read until it ends by itself; its exit code."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not self.read() and self.process.poll() is not None:
                return self.process.returncode
        raise AssertionError("it does not end\n" + "\n".join(self.lines))

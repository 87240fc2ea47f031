"""A subprocess's output: a log file of bounded size, and its last lines in memory."""

from __future__ import annotations

import os
from io import BufferedWriter
from pathlib import Path

LOG_BYTES = 5 * 1024 * 1024
LOG_FILES = 3
_TAIL_BYTES = 8 * 1024


class OutputLog:
    """``path``, ``path.1`` … ``path.2`` (oldest), each at most about ``max_bytes``; owner-readable only."""

    def __init__(self, path: Path, *, max_bytes: int = LOG_BYTES, files: int = LOG_FILES) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._files = files
        self._stream: BufferedWriter | None = None
        self._tail = b""

    def open(self) -> None:
        """Append to the file; forgets the tail of an earlier run."""
        self.close()
        self._tail = b""
        self._stream = self._append()

    def write(self, chunk: bytes) -> None:
        self._tail = (self._tail + chunk)[-_TAIL_BYTES:]
        if self._stream is None:
            return
        if self._stream.tell() + len(chunk) > self._max_bytes:
            self._stream.close()
            self._rotate()
            self._stream = self._append()
        self._stream.write(chunk)
        self._stream.flush()

    def tail(self) -> str:
        return self._tail.decode("utf-8", "replace")

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _append(self) -> BufferedWriter:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return os.fdopen(os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")

    def _rotate(self) -> None:
        for number in range(self._files - 1, 0, -1):
            older = self._path.with_name(f"{self._path.name}.{number}")
            newer = self._path if number == 1 else self._path.with_name(f"{self._path.name}.{number - 1}")
            if newer.exists():
                newer.replace(older)

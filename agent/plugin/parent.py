"""End ACA-Py when its supervisor is gone, on every system.

The supervisor holds the other end of our standard input and never writes to it; end of file means that it
ended, in whatever way. On Linux the kernel is asked for the same (`agent.acapy.launcher`), from the first
moment on.
"""

from __future__ import annotations

import os
import signal
import sys
import threading


def watch() -> None:
    """Only when started by `agent.acapy.process`, which says so in the environment."""
    if os.environ.get("CAIRN_PARENT_WATCH") == "stdin":
        threading.Thread(target=_until_end_of_file, name="parent-watch", daemon=True).start()


def _until_end_of_file() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)

"""Ties a child process's life to its supervisor's, then becomes the module it was asked for (ACA-Py, say).

``python -m agent.acapy.launcher <supervisor pid> <module> <its arguments>``: on Linux PR_SET_PDEATHSIG outlives
exec and works even when the supervisor is killed with SIGKILL. Elsewhere the plugin notices that its standard
input closed (`agent.plugin.parent`).
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_ORPHANED = 70  # sysexits EX_SOFTWARE


def main() -> None:
    supervisor = int(sys.argv[1])
    if sys.platform == "linux":
        # SIGKILL, because nobody is left to notice a SIGTERM that hangs; Askar's store survives it.
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # The supervisor may have died before the request above was made.
    if os.getppid() != supervisor:
        sys.exit(_ORPHANED)
    os.execv(sys.executable, [sys.executable, "-m", *sys.argv[2:]])  # noqa: S606


if __name__ == "__main__":
    main()

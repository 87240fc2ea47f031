"""Where agents' homes lie."""

from __future__ import annotations

import os
from pathlib import Path


def default_root() -> Path:
    """Unless said otherwise: $CAIRN_ROOT, else the XDG data folder."""
    root = os.environ.get("CAIRN_ROOT")
    if root:
        return Path(root)
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "cairn"

"""Where a registry's records are: a file of its home, or the PostgreSQL database that the environment names.

The address holds a password. It comes from a variable or a file, never from the command line, and stands in
no error and no log.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from trust_registry.errors import StoreError

VARIABLE, FILE_VARIABLE = "CAIRN_REGISTRY_DATABASE", "CAIRN_REGISTRY_DATABASE_FILE"
SCHEMES = ("postgresql://", "postgres://")
_MAX_CHARS = 4096


def store_place(home: Path, environ: Mapping[str, str] | None = None) -> Path | str:
    """A path is SQLite, text is the address of a PostgreSQL database (libpq, section 34.1.1.2 "URIs").

    ``CAIRN_REGISTRY_DATABASE`` holds the address, or ``CAIRN_REGISTRY_DATABASE_FILE`` names a file with it;
    without either it is ``HOME/registry.db``. `StoreError` bad_database_setting.
    """
    settings = os.environ if environ is None else environ
    given, file = settings.get(VARIABLE, "").strip(), settings.get(FILE_VARIABLE, "").strip()
    if not given and not file:
        return home / "registry.db"
    if given and file:
        raise StoreError("bad_database_setting", f"Set {VARIABLE} or {FILE_VARIABLE}, not both.")
    return check_address(given or _read(Path(file)))


def check_address(text: str) -> str:
    if not text.startswith(SCHEMES) or len(text) > _MAX_CHARS or not text.isprintable():
        raise StoreError(
            "bad_database_setting",
            "The registry's database is given as postgresql://USER:PASSWORD@HOST/NAME.",
            f"Set {VARIABLE} or {FILE_VARIABLE}; without them it is registry.db in the home.",
        )
    return text


def _read(file: Path) -> str:
    # Outside the handler: the error that leaves shows neither path nor content.
    try:
        with file.open(encoding="utf-8") as opened:
            found = opened.read(_MAX_CHARS + 2).strip()
    except (OSError, ValueError):
        found = ""
    if not found:
        raise StoreError("bad_database_setting", f"The file that {FILE_VARIABLE} names cannot be read.")
    return found

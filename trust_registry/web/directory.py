"""What the snapshot's file says beyond `Snapshot`'s methods: every name, successors, agencies by address.

A second read-only connection to the same verified file. Another snapshot is noticed by its hash at the next
question, and the search index is made anew.
"""

from __future__ import annotations

import csv
import hashlib
import io
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from trust_registry import embedded
from trust_registry.registry import Registry
from trust_registry.web.search import Index

_AGENCY = "urn:cairn:agency:"  # some sources name no address for an agency
_INSTITUTIONS = "deqar-institutions.csv"


class Directory:
    """Thread-safe. ``index`` belongs to the snapshot that the registry serves at that moment."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._lock = threading.Lock()
        self._made: tuple[str, Index] | None = None

    @property
    def index(self) -> Index:
        digest = self._registry.snapshot.manifest.db_sha256
        with self._lock:
            if self._made is None or self._made[0] != digest:
                # The old index is left to its last user, who may be asking it right now.
                self._made = (digest, Index(self._names()))
            return self._made[1]

    def successors(self, institution_id: str) -> list[tuple[str, str, str]]:
        """(successor's id, its first day, kind), oldest first."""
        sql = "SELECT successor, at, kind FROM relations WHERE predecessor = ? ORDER BY at, successor"
        return [(row[0], row[1], row[2]) for row in self._all(sql, institution_id)]

    def agency_acronym(self, entity_id: str) -> str | None:
        """The one agency whose entry in the register has this address, or ``urn:cairn:agency:<acronym>``."""
        if entity_id.startswith(_AGENCY):
            return unquote(entity_id.removeprefix(_AGENCY))
        rows = self._all("SELECT acronym FROM agencies WHERE url = ? AND url <> ''", entity_id)
        return str(rows[0][0]) if len(rows) == 1 else None

    def _names(self) -> Iterator[tuple[str, str]]:
        known = set()
        for identifier, name in self._all("SELECT id, name FROM institutions"):
            known.add(identifier)
            yield identifier, name
            yield identifier, identifier  # so that an id can be looked for as well
        sources = self._registry.snapshot.manifest.sources
        digests = {str(source.get("sha256")) for source in sources if source.get("file") == _INSTITUTIONS}
        for identifier, name in other_names(embedded.DATA / "deqar" / _INSTITUTIONS, digests):
            if identifier in known:
                yield identifier, name

    def _all(self, sql: str, *values: str) -> list[Any]:
        # Opened per question: it costs 50 microseconds, and no connection outlives its snapshot.
        path = self._registry.home / "snapshot" / f"{self._registry.snapshot.manifest.db_sha256}.sqlite"
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            return db.execute(sql, values).fetchall()


def other_names(path: Path, digests: set[str]) -> Iterator[tuple[str, str]]:
    """Official and other names, which the snapshot's tables leave out, from the file that it was made of.

    Nothing if the file is not, by its hash, one that the signed manifest names.
    """
    data = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(data).hexdigest() not in digests:
        return
    for row in csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")):
        names = (row["name_official"], *row["name_versions"].split(" | "))
        # Quirk: "(French Community higher education system)" stands where a name should.
        yield from ((row["deqar_id"], name) for name in names if name and not name.startswith("("))

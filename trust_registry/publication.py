"""Making what a registry serves and distributes, and taking it up: facts and bindings, one signed list of both.

Two files are published (`trust_registry.publishing`): ``facts.sqlite`` with its manifest, made after an ingest,
and ``bindings.sqlite``, made when enough was bound. Each is made aside and becomes current with the list's last
rename; a process that serves notices the list and opens what is new beside what it has.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from trust_registry import bindings_file, snapshot_tables
from trust_registry.content import Content
from trust_registry.errors import BindingError, SnapshotError
from trust_registry.manifest import BINDINGS, FACTS, Manifest
from trust_registry.publishing import Published, Repository, Target
from trust_registry.snapshot import Snapshot, file_sha256
from trust_registry.snapshot_tables import SCHEMA_VERSION
from trust_registry.store import Store
from trust_registry.vocabulary import SnapshotKind


@dataclass(frozen=True, slots=True)
class Current:
    """What is published now; ``manifest`` None: made by another version, to be made anew; so are bindings that
    are not usable, because of another version or of another state of the store."""

    manifest: Manifest | None
    facts: Published
    bindings: Published
    bindings_usable: bool
    mark: tuple[int, ...]  # of before it was read: what is published meanwhile is noticed

    def snapshot(self) -> Snapshot:
        if self.manifest is None:
            raise SnapshotError("manifest_schema", "The snapshot was made by another version.")
        # The repository has just compared the file with its hash.
        return Snapshot(self.facts.path, self.manifest, verify=False)


class Publication:
    def __init__(self, home: Path, store: Store) -> None:
        self._home, self._store = home, store
        self.repository = Repository(home)

    def mark(self) -> tuple[int, ...]:
        """Changes when something was published, by whichever process."""
        path = self.repository.metadata_file("timestamp.json")
        if path is None:
            return ()
        stat = path.stat()
        return (stat.st_mtime_ns, stat.st_ino, stat.st_size)

    def current(self) -> Current | None:
        """Verified down to the bytes of both files; None before the first publication. `SnapshotError`."""
        mark = self.mark()
        published = self.repository.current()
        if not published:
            return None
        if set(published) != {FACTS, BINDINGS}:
            raise SnapshotError("not_authentic", "The published files are not the two that belong together.")
        facts, bindings = published[FACTS], published[BINDINGS]
        manifest = None
        if facts.custom.get("schema") == SCHEMA_VERSION:
            manifest = Manifest.from_json(facts.custom)
            if manifest.db_sha256 != facts.sha256:
                raise SnapshotError("not_authentic", "The manifest speaks of another file than its own.")
        return Current(manifest, facts, bindings, self._is_ours(bindings), mark)

    def _is_ours(self, bindings: Published) -> bool:
        """Of this format, and made of this store: after an older backup was put back, numbers mean other records."""
        custom = bindings.custom
        if custom.get("format") != bindings_file.FORMAT:
            return False
        last = custom.get("last")
        return type(last) is int and custom.get("head") == self._store.binding_sha256(last)

    def publish(
        self,
        content: Content,
        *,
        iss: str,
        seq: int,
        prev: str,
        kind: SnapshotKind,
        at: datetime,
        now: datetime,
    ) -> Manifest:
        """Facts made of ``content``, which is as old as ``at``, and the bindings as they are now."""
        before = self.current()
        with self._draft() as facts, self._draft() as bound:
            snapshot_tables.write(facts, content, kind)
            manifest = Manifest.of(
                iss=iss,
                seq=seq,
                prev=prev,
                at=at,
                schema=SCHEMA_VERSION,
                kind=kind,
                db_sha256=file_sha256(facts),
                sources=content.sources,
            )
            bindings = self._bindings(bound, before)
            self.repository.publish([Target(FACTS, facts, manifest.to_json()), bindings], now=now)
        return manifest

    def publish_bindings(self, *, now: datetime) -> None:
        """The same facts, with every binding that the store has."""
        before = self.current()
        if before is None:
            raise SnapshotError("nothing_published", "Nothing is published here yet.")
        with self._draft() as bound:
            facts = Target(FACTS, before.facts.path, before.facts.custom)
            self.repository.publish([facts, self._bindings(bound, before)], now=now)

    def _bindings(self, draft: Path, before: Current | None) -> Target:
        """A file of what was published and, verified one by one, what the store has since."""
        known, last = None, 0
        if before is not None and before.bindings_usable:
            known, last = before.bindings.path, int(before.bindings.custom["last"])
        newest, found = self._store.bindings_after(last)
        if not found.intact:
            raise BindingError("binding_not_authentic", "A stored binding does not verify.")
        bindings_file.write(draft, zip(found.numbers, found.bindings, strict=True), before=known)
        head = self._store.binding_sha256(newest)
        return Target(BINDINGS, draft, {"format": bindings_file.FORMAT, "last": newest, "head": head})

    @contextmanager
    def _draft(self) -> Iterator[Path]:
        # Beside the published files, so that they can be linked there.
        folder = self._home / "tuf"
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=folder, prefix=".draft-", suffix=".sqlite")
        os.close(descriptor)
        Path(name).chmod(0o644)
        try:
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

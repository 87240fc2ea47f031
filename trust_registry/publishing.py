"""The registry's distribution: a TUF repository of finished files in ``HOME/tuf/``.

::

    metadata/1.root.json …          every root ever, so that a client of the first one finds its way
    metadata/N.targets.json         what is offered; N.snapshot.json names it; timestamp.json names that
    metadata/timestamp.json         replaced last: one rename is what makes a publication current
    targets/<sha256>.<name>         the files; those of the publication before stay for whoever is reading them

Nothing is changed in place: a process killed between two writes leaves the publication before, and files that
nobody names and the next publication removes. The keys are opened anew for every write (`trust_registry.keyring`),
so a rotation by one process does not leave another signing with the old key; what the root does not name is never
written. One writer at a time; others get `TrustRegistryError` busy. Reading takes no lock.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tuf.api.metadata import Metadata, Root

from trust_registry import durable, keyring, tuf_roles
from trust_registry.errors import KeyFormatError, SnapshotError
from trust_registry.keyring import KeyRing
from trust_registry.keys import Jwk
from trust_registry.tuf_roles import Generation, Listed

RENEW_AFTER = timedelta(hours=1)
_ROOT_RENEWAL = timedelta(days=90)  # a quarter of its life: time to fetch a key that is kept elsewhere
_METADATA_NAME = re.compile(r"timestamp\.json|[1-9][0-9]{0,14}\.(?:root|targets|snapshot)\.json")
_STORED_NAME = re.compile(rf"[0-9a-f]{{64}}\.{tuf_roles.TARGET_NAME.pattern}")


@dataclass(frozen=True, slots=True)
class Target:
    """A finished file to publish. ``custom`` is signed with it: JSON without fractions.

    The file is linked, not copied, where the file system can: replace it later, never write into it.
    """

    name: str
    path: Path
    custom: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Published:
    name: str
    path: Path
    sha256: str
    length: int
    custom: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """How long what is published may be used. ``expires``: the first of the three online roles to end."""

    version: int
    signed_at: datetime
    expires: datetime
    root_version: int
    root_expires: datetime


class Repository:
    """``publish`` makes it at first use. Every method that writes takes the time to work with."""

    def __init__(self, home: Path) -> None:
        self._home, self._folder = home, home / "tuf"
        self._metadata, self._targets = self._folder / "metadata", self._folder / "targets"

    # --- publishing

    def publish(self, targets: Sequence[Target], *, now: datetime) -> None:
        """Make these files, and no others, the current ones.

        `SnapshotError`: bad_target, online_key_not_in_root (a rotation was cut short), not_authentic (what is
        there does not verify, and nothing is built on it).
        """
        if len({target.name for target in targets}) != len(targets) or len(targets) > tuf_roles.MAX_TARGETS:
            raise SnapshotError("bad_target", "A name is given twice, or there are too many files.")
        with self._writing() as ring:
            roots = self._roots() or [self._first_root(ring, now)]
            root = _usable(roots, ring)
            before = self._generation(roots)
            self._targets.mkdir(parents=True, exist_ok=True)
            files = tuple(self._take_in(target) for target in targets)
            self._write(ring, root, files, before, now)
            self._clean(before, self._generation(roots))

    def renew(self, now: datetime) -> bool:
        """Sign again what is published, if its timestamp is older than an hour; whether that was so.

        Targets and snapshot follow when half their life is over, and the root when a quarter of its own is left
        and the root key is here. Nothing is published yet: False.
        """
        with self._writing() as ring:
            roots = self._roots()
            before = self._generation(roots)
            if before is None:
                return False
            root = _usable(roots, ring)
            if self._is_fresh(root, before, now):
                return False
            if root.expires - now < _ROOT_RENEWAL:
                self._renew_root_if_possible(roots, now)
            if _half_over(before, now) or not self._signed(root):
                self._write(ring, root, before.files(), before, now)
            else:
                self._write_timestamp(ring, before, self._snapshot_data(before), now)
            return True

    # --- reading

    def current(self) -> dict[str, Published]:
        """What is published, by name: signatures from the root down, then length and hash of every file.

        Empty before the first publication. `SnapshotError` not_authentic. Expiry is `standing`'s.
        """
        roots = self._roots()
        found = self._generation(roots[-1:])
        published = {}
        for item in found.files() if found is not None else ():
            path = self._targets / item.stored_name
            if not path.is_file() or path.stat().st_size != item.length or _sha256(path) != item.sha256:
                raise SnapshotError("not_authentic", f"The published file {item.name} is not the one signed.")
            published[item.name] = Published(item.name, path, item.sha256, item.length, item.custom)
        return published

    def standing(self) -> Standing | None:
        """Versions and ends of what is published, verified; None before the first publication."""
        roots = self._roots()
        found = self._generation(roots[-1:])
        if found is None:
            return None
        ends = (found.timestamp.expires, found.snapshot.expires, found.targets.expires)
        root = roots[-1].signed
        return Standing(found.timestamp.version, found.signed_at, min(ends), root.version, root.expires)

    def root_sha256(self) -> str:
        """Of the first root, for clients to pin; `SnapshotError` nothing_published."""
        path = self._metadata / "1.root.json"
        if not path.is_file():
            raise SnapshotError("nothing_published", "Nothing is published here yet.")
        return _sha256(path)

    def metadata_file(self, name: str) -> Path | None:
        """The metadata of this name; None for a name that none can have, so no path gets out."""
        path = self._metadata / name
        return path if _METADATA_NAME.fullmatch(name) and path.is_file() else None

    def target_file(self, name: str) -> Path | None:
        path = self._targets / name
        return path if _STORED_NAME.fullmatch(name) and path.is_file() else None

    # --- keys

    def rotation_unfinished(self, online_key: Jwk) -> bool:
        """Whether there is a root that does not name this key, or a timestamp that is not signed by it."""
        roots = self._roots()
        if not roots:
            return False
        root, published = roots[-1].signed, (self._metadata / "timestamp.json").exists()
        return not tuf_roles.is_online(root, online_key) or (published and not self._signed(root))

    def require_root_key(self) -> None:
        """`KeyFormatError` root_key_missing if there is a root and its key is not here: ask before rotating."""
        roots = self._roots()
        if roots:
            keyring.root_key(self._home, tuf_roles.key_of(roots[-1].signed, Root.type))

    def rotate_online(self, *, now: datetime) -> bool:
        """After `keyring.rotate`: a root that names the new key, and what is published signed with it.

        Safe to call again when it was cut short; False when there was nothing to do. Between the root and the
        timestamp, two renames apart, a client finds the one without the other and asks again
        (`trust_registry.local_copy`).
        """
        with self._writing() as ring:
            roots = self._roots()
            before = self._generation(roots)
            if not roots:
                return False
            root = roots[-1].signed
            data = None
            if not tuf_roles.is_online(root, ring.jwk):
                high = keyring.root_key(self._home, tuf_roles.key_of(root, Root.type))
                root = tuf_roles.make_root(root.version + 1, root_key=high.jwk, online_key=ring.jwk, now=now)
                data = tuf_roles.sign(root, high)
            elif before is None or self._signed(root):
                return False
            if before is not None:
                self._write(ring, root, before.files(), before, now, new_root=data)
            elif data is not None:
                self._write_root(root.version, data)
            return True

    def rotate_root(self, *, now: datetime) -> None:
        """A new root key, named by a root that the old and the new key sign; finishes one that was cut short."""
        with self._writing():
            root = self._last_root()
            named = tuf_roles.key_of(root, Root.type)
            if keyring.finish_root_key(self._home, named):
                return
            old, new = keyring.root_key(self._home, named), keyring.next_root_key(self._home)
            following = tuf_roles.make_root(
                root.version + 1, root_key=new.jwk, online_key=_online_key(root), now=now
            )
            self._write_root(following.version, tuf_roles.sign(following, old, new))
            keyring.finish_root_key(self._home, new.jwk)

    def renew_root(self, *, now: datetime) -> None:
        """The same root for another year; `KeyFormatError` root_key_missing."""
        with self._writing():
            self._renew_root(self._last_root(), now)

    # --- inside

    @contextmanager
    def _writing(self) -> Iterator[KeyRing]:
        with durable.locked(self._folder / ".lock", "Another process is publishing."):
            yield KeyRing.open(self._home)

    def _roots(self) -> list[Metadata[Root]]:
        """Every root, each verified by the one before it."""
        found: list[Metadata[Root]] = []
        while (path := self._metadata / f"{len(found) + 1}.root.json").exists():
            found.append(tuf_roles.read_root(path.read_bytes(), found[-1] if found else None))
        if not found and (self._metadata / "timestamp.json").exists():
            raise SnapshotError(
                "not_authentic", "The repository has lost its root.", "Restore HOME/tuf from a backup."
            )
        return found

    def _last_root(self) -> Root:
        roots = self._roots()
        if not roots:
            raise SnapshotError("nothing_published", "Nothing is published here yet.")
        return roots[-1].signed

    def _generation(self, roots: Sequence[Metadata[Root]]) -> Generation | None:
        """What is current, under the newest root that fits: after a rotation that was cut short, an older one."""
        path = self._metadata / "timestamp.json"
        if not path.exists():
            return None
        data = path.read_bytes()
        snapshot = self._metadata / f"{tuf_roles.parse_timestamp(data).snapshot_meta.version}.snapshot.json"
        failure = SnapshotError("not_authentic", "The repository does not verify.")
        try:
            named = tuf_roles.parse_snapshot(snapshot.read_bytes()).meta.get("targets.json")
            targets = self._metadata / f"{named.version if named else 0}.targets.json"
            parts = (data, snapshot.read_bytes(), targets.read_bytes())
        except FileNotFoundError as error:
            raise SnapshotError("not_authentic", "The repository has lost metadata.") from error
        for root in reversed(roots):
            try:
                return tuf_roles.read_generation(root.signed, *parts)
            except SnapshotError as error:
                failure = error
        raise failure

    def _is_fresh(self, root: Root, before: Generation, now: datetime) -> bool:
        return now - before.signed_at <= RENEW_AFTER and self._signed(root)

    def _signed(self, root: Root) -> bool:
        return tuf_roles.signed_by(root, (self._metadata / "timestamp.json").read_bytes())

    def _take_in(self, target: Target) -> Listed:
        if not tuf_roles.TARGET_NAME.fullmatch(target.name):
            raise SnapshotError("bad_target", "The name of a file to publish cannot be used.")
        try:
            item = Listed(target.name, _sha256(target.path), target.path.stat().st_size, dict(target.custom))
            path = self._targets / item.stored_name
            if not path.is_file() or _sha256(path) != item.sha256:
                durable.take_in(target.path, path)
            if path.stat().st_size != item.length or _sha256(path) != item.sha256:
                raise SnapshotError("bad_target", f"{target.name} changed while it was published.")
        except OSError as error:
            raise SnapshotError("bad_target", f"{target.name} cannot be read or stored.") from error
        return item

    def _first_root(self, ring: KeyRing, now: datetime) -> Metadata[Root]:
        key = keyring.first_root_key(self._home)
        root = tuf_roles.make_root(1, root_key=key.jwk, online_key=ring.jwk, now=now)
        data = tuf_roles.sign(root, key)
        self._write_root(1, data)
        return tuf_roles.read_root(data, None)

    def _write(
        self,
        ring: KeyRing,
        root: Root,
        files: Sequence[Listed],
        before: Generation | None,
        now: datetime,
        *,
        new_root: bytes | None = None,
    ) -> None:
        """Targets, snapshot, perhaps a root, and the timestamp last."""
        targets = tuf_roles.make_targets(files, after=before.targets if before else None, now=now)
        tuf_roles.listed(targets)  # what a client would refuse is not published
        data = tuf_roles.sign(targets, ring.current)
        snapshot = tuf_roles.make_snapshot(targets, data, after=before.snapshot if before else None, now=now)
        snapshot_data = tuf_roles.sign(snapshot, ring.current)
        timestamp = tuf_roles.make_timestamp(
            snapshot, snapshot_data, after=before.timestamp if before else None, now=now
        )
        durable.write(self._metadata / f"{targets.version}.targets.json", data)
        durable.write(self._metadata / f"{snapshot.version}.snapshot.json", snapshot_data)
        if new_root is not None:
            self._write_root(root.version, new_root)
        durable.write(self._metadata / "timestamp.json", tuf_roles.sign(timestamp, ring.current))

    def _write_timestamp(self, ring: KeyRing, before: Generation, data: bytes, now: datetime) -> None:
        timestamp = tuf_roles.make_timestamp(before.snapshot, data, after=before.timestamp, now=now)
        durable.write(self._metadata / "timestamp.json", tuf_roles.sign(timestamp, ring.current))

    def _snapshot_data(self, before: Generation) -> bytes:
        return (self._metadata / f"{before.snapshot.version}.snapshot.json").read_bytes()

    def _write_root(self, version: int, data: bytes) -> None:
        durable.write(self._metadata / f"{version}.root.json", data)

    def _renew_root(self, root: Root, now: datetime) -> None:
        high = keyring.root_key(self._home, tuf_roles.key_of(root, Root.type))
        following = tuf_roles.make_root(
            root.version + 1, root_key=high.jwk, online_key=_online_key(root), now=now
        )
        self._write_root(following.version, tuf_roles.sign(following, high))

    def _renew_root_if_possible(self, roots: Sequence[Metadata[Root]], now: datetime) -> None:
        try:
            self._renew_root(roots[-1].signed, now)
        except KeyFormatError as error:
            if error.code != "root_key_missing":  # kept elsewhere: `keys list` says when it is needed
                raise

    def _clean(self, *kept: Generation | None) -> None:
        """Remove what neither the current nor the last publication names, and drafts of killed processes."""
        alive = [one for one in kept if one is not None]
        metadata = {f"{one.targets.version}.targets.json" for one in alive}
        metadata |= {f"{one.snapshot.version}.snapshot.json" for one in alive}
        files = {item.stored_name for one in alive for item in one.files()}
        for path in self._metadata.iterdir():
            if (
                path.name not in metadata
                and not path.name.endswith("root.json")
                and path.name != "timestamp.json"
            ):
                path.unlink()
        for path in self._targets.iterdir():
            if path.name not in files:
                path.unlink()


def _usable(roots: Sequence[Metadata[Root]], ring: KeyRing) -> Root:
    root = roots[-1].signed
    if not tuf_roles.is_online(root, ring.jwk):
        raise SnapshotError(
            "online_key_not_in_root",
            "The repository's root names another online key than the current one.",
            "A rotation was cut short: run `keys rotate` again, with the root key at hand.",
        )
    return root


def _online_key(root: Root) -> Jwk:
    return tuf_roles.key_of(root, "timestamp")


def _half_over(before: Generation, now: datetime) -> bool:
    first = min(before.snapshot.expires, before.targets.expires)
    return first - now < tuf_roles.ONLINE_LIFETIME / 2


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""A client's own copy of what a registry distributes: fetched, judged by TUF, usable without the network.

::

    root.json        the first root; pinned, or trusted because it was there first
    metadata/        python-tuf's: the newest root, timestamp, snapshot and targets that were accepted
    files/<sha256>   the files themselves
    current.json     which of them count, from which timestamp; written last, one rename

Killed at any moment, the folder holds the last good copy and finished files of the next one. `sync`, by number:

1. The first root, from the folder or from the registry; it must be the pinned one.
2. python-tuf's client workflow (specification 1.0.31, section 5.3 to 5.6): the chain of roots, the timestamp (with
   its ETag, so an unchanged list is a 304), snapshot, targets; signatures, versions and expiry of each.
3. What python-tuf lets pass: another timestamp, or another snapshot, with the version of one that was accepted
   before is an equivocation. It keeps the old one and says nothing, as the specification asks.
4. A version below the one in current.json is a rollback, even where the files in metadata/ are gone. Not after a
   change of the online key: with the old one a thief may have signed any version (TUF 5.3.11).
5. When it was signed must not lie in the future, or a list would look fresh for as long as the thief likes.
6. Files that are not here, each judged by length and SHA-256 before it gets its name.
7. current.json; then files that no longer count are removed.

The clock: python-tuf reads it itself when an Updater is made. Its reference time is a plain attribute, though of
a private object; `_refresh` sets it to the ``now`` of the caller, and a test fails if that has no effect any more.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    RepositoryError,
    UnsignedMetadataError,
)
from tuf.api.metadata import Root, Timestamp
from tuf.ngclient import Updater, UpdaterConfig

from trust_registry import durable, tuf_roles
from trust_registry.addresses import LOOPBACK_HOSTS
from trust_registry.copied import Copied, Copy, Pointer, Synced, damaged, holds, parse_pointer
from trust_registry.errors import QueryError, RegistryUnreachable, SnapshotError, TrustRegistryError
from trust_registry.tuf_fetcher import Fetcher, Kept, Source
from trust_registry.tuf_roles import MAX_METADATA_BYTES, Generation, Listed

CLOCK_LEAD = timedelta(minutes=5)
_CONFIG = UpdaterConfig(
    root_max_length=MAX_METADATA_BYTES,
    timestamp_max_length=16 * 1024,
    snapshot_max_length=MAX_METADATA_BYTES,
    targets_max_length=MAX_METADATA_BYTES,
)


class LocalCopy:
    """``root_sha256``: of the registry's first root, from somewhere better than its own address.

    `QueryError` bad_url for a base address that is not https, or http to the loopback where that is allowed.
    """

    def __init__(
        self, folder: Path, base_url: str, *, root_sha256: str | None = None, source: Source | None = None
    ) -> None:
        self._source = source or Source()
        base = _checked(base_url, allow_loopback=self._source.allow_loopback)
        self._metadata_url, self._targets_url = (
            f"{base}/v1/snapshots/metadata",
            f"{base}/v1/snapshots/targets",
        )
        self._folder, self._pinned = folder, root_sha256
        self._metadata, self._files = folder / "metadata", folder / "files"

    # --- reading

    def current(self) -> Copy | None:
        """The copy as it is here, every file compared with its hash; None before the first `sync`.

        Asks nobody, and judges no age: that is for whoever answers from it. `SnapshotError` copy_damaged, or wrong_root
        for a copy of before another root was pinned. Open the files soon: the next `sync` may remove them, though
        not under an open file.
        """
        data = self._pointer_bytes()
        while data is not None:
            try:
                return self._copy(parse_pointer(data), verify=True)
            except SnapshotError:
                before, data = data, self._pointer_bytes()
                if data == before:  # else another process has just put a newer copy in its place
                    raise
        return None

    # --- fetching

    def sync(self, *, now: datetime) -> Synced:
        """Bring the copy up to date; on any error the last good copy stays as it is.

        Blocks, and needs a thread without an event loop. `SnapshotError`: wrong_root, snapshot_rollback,
        snapshot_equivocation, snapshot_frozen (its time is over and there is no newer one), snapshot_from_future,
        not_authentic, bad_target, cannot_store. `RegistryUnreachable`: no usable answer, which says nothing about
        the list. `TrustRegistryError` busy: another process is fetching into this folder.
        """
        try:
            self._metadata.mkdir(parents=True, exist_ok=True)
            self._files.mkdir(exist_ok=True)
            with ExitStack() as stack:
                lock, busy = self._folder / ".lock", "Another process is fetching into this folder."
                stack.enter_context(durable.locked(lock, busy))
                before = self._before()
                fetcher = stack.enter_context(
                    Fetcher(self._source, self._files, kept=self._kept_timestamp(before))
                )
                return self._sync(fetcher, before, now)
        except OSError as error:
            raise SnapshotError("cannot_store", "The folder of the copy cannot be written.") from error

    def _sync(self, fetcher: Fetcher, before: Pointer | None, now: datetime) -> Synced:
        first = self._first_root(fetcher)
        try:
            updater = self._refresh(fetcher, first, now)
        except UnsignedMetadataError:
            # The registry may have changed its key between our question for the root and the next one.
            updater = self._again(fetcher, first, now)
        except (RepositoryError, DownloadError) as error:
            raise _refusal(error, fetcher.last) from error
        root, generation = self._accepted(fetcher)
        found = self._pointer(fetcher, root, generation, before, now)
        _require_order(found, before)
        if found.signed_at > now + CLOCK_LEAD:
            raise SnapshotError(
                "snapshot_from_future",
                "The list says it was signed in the future.",
                "Is the clock right here?",
            )
        if not (self._folder / "root.json").exists():
            durable.write(self._folder / "root.json", first)
        for item in found.files:
            self._download(updater, generation, item, fetcher)
        data = json.dumps(found.to_json()).encode()
        durable.write(self._folder / "current.json", data)
        self._clean(found)
        return Synced(before is None or before.files != found.files, self._copy(found, verify=False))

    def _first_root(self, fetcher: Fetcher) -> bytes:
        """Step 1."""
        path = self._folder / "root.json"
        try:
            data = (
                path.read_bytes()
                if path.exists()
                else fetcher.download_bytes(f"{self._metadata_url}/1.root.json", MAX_METADATA_BYTES)
            )
        except DownloadError as error:
            raise _refusal(error, fetcher.last) from error
        self._require_pinned(hashlib.sha256(data).hexdigest())
        return data

    def _require_pinned(self, root_sha256: str) -> None:
        if self._pinned is not None and root_sha256 != self._pinned.lower():
            raise SnapshotError(
                "wrong_root",
                "The registry's first root is not the pinned one.",
                "Compare it with what `snapshot root` says at the registry.",
            )

    def _refresh(self, fetcher: Fetcher, first: bytes, now: datetime) -> Updater:
        """Step 2."""
        updater = Updater(
            str(self._metadata),
            self._metadata_url,
            target_base_url=self._targets_url,
            fetcher=fetcher,
            config=_CONFIG,
            bootstrap=first,
        )
        updater._trusted_set.reference_time = now  # see above
        updater.refresh()
        return updater

    def _again(self, fetcher: Fetcher, first: bytes, now: datetime) -> Updater:
        try:
            return self._refresh(fetcher, first, now)
        except (RepositoryError, DownloadError) as error:
            raise _refusal(error, fetcher.last) from error

    def _accepted(self, fetcher: Fetcher) -> tuple[Root, Generation]:
        """Step 3: what python-tuf has kept, against what it was given."""
        stamp, snapshot, targets, root = (
            (self._metadata / f"{role}.json").read_bytes()
            for role in ("timestamp", "snapshot", "targets", "root")
        )
        url = f"{self._metadata_url}/timestamp.json"
        answered = fetcher.fresh.get(url)
        try:
            trusted = tuf_roles.parse_root(root)
            generation = tuf_roles.read_generation(trusted, stamp, snapshot, targets)
        except SnapshotError as error:
            raise _equivocation() from error
        if answered is not None and answered != hashlib.sha256(stamp).hexdigest():
            raise _equivocation()
        return trusted, generation

    def _pointer(
        self, fetcher: Fetcher, root: Root, generation: Generation, before: Pointer | None, now: datetime
    ) -> Pointer:
        url = f"{self._metadata_url}/timestamp.json"
        unchanged = before.etag if before is not None and url not in fetcher.fresh else ""
        return Pointer(
            timestamp_version=generation.timestamp.version,
            timestamp_sha256=hashlib.sha256((self._metadata / "timestamp.json").read_bytes()).hexdigest(),
            etag=fetcher.etags.get(url, unchanged),
            online_key=tuf_roles.key_of(root, Timestamp.type),
            signed_at=generation.signed_at,
            checked_at=now,
            files=generation.files(),
        )

    def _download(self, updater: Updater, generation: Generation, item: Listed, fetcher: Fetcher) -> None:
        """Step 6."""
        path = self._files / item.sha256
        if holds(path, item):
            return
        draft = self._files / f".{item.sha256}"
        try:
            updater.download_target(generation.targets.targets[item.name], str(draft))
            durable.commit(draft, path)
        except (RepositoryError, DownloadError) as error:
            raise _refusal(error, fetcher.last) from error
        finally:
            draft.unlink(missing_ok=True)

    def _clean(self, found: Pointer) -> None:
        kept = {item.sha256 for item in found.files}
        for path in self._files.iterdir():
            if path.name not in kept:
                path.unlink()
        for path in self._metadata.glob("tmp*"):  # python-tuf's drafts, of a process that was killed
            path.unlink()

    # --- the folder

    def _before(self) -> Pointer | None:
        """current.json; None also for one that cannot be read, which this sync replaces."""
        data = self._pointer_bytes()
        try:
            return parse_pointer(data) if data is not None else None
        except SnapshotError:
            return None

    def _kept_timestamp(self, before: Pointer | None) -> Kept | None:
        """Only if the timestamp that current.json speaks of is still there: a 304 stands for its bytes."""
        path = self._metadata / "timestamp.json"
        if before is None or not before.etag or not path.exists():
            return None
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != before.timestamp_sha256:
            return None
        return Kept(f"{self._metadata_url}/timestamp.json", before.etag, data)

    def _pointer_bytes(self) -> bytes | None:
        try:
            return (self._folder / "current.json").read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise damaged() from error

    def _copy(self, pointer: Pointer, *, verify: bool) -> Copy:
        try:
            root = hashlib.sha256((self._folder / "root.json").read_bytes()).hexdigest()
            if verify and not all(holds(self._files / one.sha256, one) for one in pointer.files):
                raise damaged()
        except OSError as error:
            raise damaged() from error
        self._require_pinned(root)
        files = {
            one.name: Copied(one.name, self._files / one.sha256, one.sha256, one.length, one.custom)
            for one in pointer.files
        }
        return Copy(
            files,
            pointer.timestamp_version,
            pointer.signed_at,
            pointer.checked_at,
            root,
            pointer.online_key,
        )


def _require_order(found: Pointer, before: Pointer | None) -> None:
    """Step 4."""
    if before is None or before.online_key != found.online_key:
        return
    if found.timestamp_version < before.timestamp_version:
        raise SnapshotError("snapshot_rollback", "The registry offers an older list than it did before.")
    if (
        found.timestamp_version == before.timestamp_version
        and found.timestamp_sha256 != before.timestamp_sha256
    ):
        raise _equivocation()


def _refusal(error: Exception, asked: str) -> TrustRegistryError:
    """python-tuf's errors as ours; ``asked`` is the file that was asked for last."""
    unlimited = asked == "timestamp.json" or asked.endswith("root.json")  # nobody has signed their length
    if isinstance(error, DownloadLengthMismatchError) and unlimited:
        return RegistryUnreachable(f"The registry's {asked} is too large.")
    if isinstance(error, DownloadError) and not isinstance(error, DownloadLengthMismatchError):
        return RegistryUnreachable(f"The registry does not have {asked}.", "Try again later.")
    if asked.endswith("root.json"):
        return SnapshotError(
            "wrong_root", "The registry's root does not follow from the one that is trusted here."
        )
    if isinstance(error, ExpiredMetadataError):
        return SnapshotError(
            "snapshot_frozen",
            "The list that is offered was good for a time that is over.",
            "Somebody may be holding back a newer one; or the registry has not renewed it.",
        )
    if isinstance(error, BadVersionNumberError):
        return SnapshotError("snapshot_rollback", "The registry offers an older list than it did before.")
    return SnapshotError("not_authentic", f"The registry's {asked} does not verify.")


def _equivocation() -> SnapshotError:
    return SnapshotError(
        "snapshot_equivocation", "The registry has signed two different lists as the same one."
    )


def _checked(base_url: str, *, allow_loopback: bool) -> str:
    try:
        parts = urlsplit(base_url)
        local = allow_loopback and parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS
        plain = parts.hostname and not (parts.username or parts.password or parts.query or parts.fragment)
        _ = parts.port
    except ValueError as error:
        raise QueryError("bad_url", "The registry's address cannot be used.") from error
    if not plain or (parts.scheme != "https" and not local):
        raise QueryError("bad_url", "The registry's address must be a plain https address.")
    return base_url.rstrip("/")

"""The TUF metadata of a registry's distribution, made and checked. Pure: bytes, keys and times in, bytes out.

Four roles (The Update Framework 1.0.31, section 2.1). *root* names the keys of all and is signed by the root
key; *targets* names the files with length, SHA-256 and our ``custom`` data; *snapshot* names the version of
targets; *timestamp* names that of snapshot, and is what a client asks for again and again. These three are
signed by the registry's online key: one machine has all of it, so more keys would only look like more safety.

Versions of the three are unix seconds, or one more than the last: a home restored from a backup goes on above
what its clients have seen. Root versions count from 1 without a gap, as TUF wants them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast, override

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from securesystemslib.exceptions import FormatError
from securesystemslib.signer import Key, SecretsHandler, Signature, Signer, SSlibKey
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import (
    Metadata,
    MetaFile,
    Role,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization import SerializationError

from trust_registry.errors import SnapshotError
from trust_registry.keys import Jwk, jwk_from_raw, raw_from_jwk
from trust_registry.signing import RegistryKey

ROOT_LIFETIME, ONLINE_LIFETIME = timedelta(days=365), timedelta(days=30)
ONLINE_ROLES = (Timestamp.type, Snapshot.type, Targets.type)
MAX_METADATA_BYTES = 256 * 1024
MAX_TARGETS = 64
MAX_TARGET_BYTES = 4 * 1024 * 1024 * 1024
TARGET_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Listed:
    """One file as targets names it. ``custom`` is ours: what the file is, its number, its age."""

    name: str
    sha256: str
    length: int
    custom: Mapping[str, Any]

    @property
    def stored_name(self) -> str:
        """Its name in the repository (consistent snapshots): never again used for another content."""
        return f"{self.sha256}.{self.name}"


@dataclass(frozen=True, slots=True)
class Generation:
    """Timestamp, snapshot and targets that belong together."""

    timestamp: Timestamp
    snapshot: Snapshot
    targets: Targets

    @property
    def signed_at(self) -> datetime:
        return signed_at(self.timestamp)

    def files(self) -> tuple[Listed, ...]:
        return listed(self.targets)


# --- keys


def tuf_key(jwk: Jwk) -> SSlibKey:
    return SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(raw_from_jwk(jwk)))


class _RegistrySigner(Signer):
    """The private part stays in the `RegistryKey`."""

    def __init__(self, key: RegistryKey) -> None:
        self._key, self._public = key, tuf_key(key.jwk)

    @property
    def public_key(self) -> Key:
        return self._public

    @classmethod
    @override
    def from_priv_key_uri(
        cls, priv_key_uri: str, public_key: Key, secrets_handler: SecretsHandler | None = None
    ) -> _RegistrySigner:
        raise NotImplementedError("a registry's key is never named by an address")

    @override
    def sign(self, payload: bytes) -> Signature:
        return Signature(self._public.keyid, self._key.sign(payload).hex())


def is_online(root: Root, jwk: Jwk) -> bool:
    """Whether this key, and no other, signs for the three online roles."""
    return all(root.roles[role].keyids == [tuf_key(jwk).keyid] for role in ONLINE_ROLES)


def key_of(root: Root, role: str) -> Jwk:
    """The one key of a role."""
    keyids = root.roles[role].keyids
    public = root.keys[keyids[0]].keyval.get("public", "") if len(keyids) == 1 else ""
    try:
        return jwk_from_raw(bytes.fromhex(str(public)))
    except ValueError as error:
        raise _not_authentic("The repository's root names a key that is not one of ours.") from error


# --- making


def make_root(version: int, *, root_key: Jwk, online_key: Jwk, now: datetime) -> Root:
    high, online = tuf_key(root_key), tuf_key(online_key)
    return Root(
        version=version,
        expires=_end(now, ROOT_LIFETIME),
        keys={high.keyid: high, online.keyid: online},
        roles={Root.type: Role([high.keyid], 1)} | {role: Role([online.keyid], 1) for role in ONLINE_ROLES},
        consistent_snapshot=True,
    )


def make_targets(files: Iterable[Listed], *, after: Targets | None, now: datetime) -> Targets:
    entries = {
        item.name: TargetFile(item.length, {"sha256": item.sha256}, item.name, {"custom": dict(item.custom)})
        for item in files
    }
    return Targets(_next(after, now), expires=_end(now, ONLINE_LIFETIME), targets=entries)


def make_snapshot(targets: Targets, data: bytes, *, after: Snapshot | None, now: datetime) -> Snapshot:
    meta = {"targets.json": MetaFile.from_data(targets.version, data, ["sha256"])}
    return Snapshot(_next(after, now), expires=_end(now, ONLINE_LIFETIME), meta=meta)


def make_timestamp(snapshot: Snapshot, data: bytes, *, after: Timestamp | None, now: datetime) -> Timestamp:
    """``iat``: when it was signed, which TUF itself does not say."""
    return Timestamp(
        _next(after, now),
        expires=_end(now, ONLINE_LIFETIME),
        snapshot_meta=MetaFile.from_data(snapshot.version, data, ["sha256"]),
        unrecognized_fields={"iat": int(now.timestamp())},
    )


def sign(content: Root | Timestamp | Snapshot | Targets, *keys: RegistryKey) -> bytes:
    """The metadata file; `SnapshotError` bad_target for custom data that canonical JSON cannot write."""
    metadata: Metadata[Any] = Metadata(content)
    try:
        for key in keys:
            metadata.sign(_RegistrySigner(key), append=True)
        data = metadata.to_bytes()
    except (SerializationError, FormatError, ValueError, TypeError) as error:
        raise SnapshotError(
            "bad_target", "The data given with a file are not JSON without fractions."
        ) from error
    if len(data) > MAX_METADATA_BYTES:
        raise SnapshotError(
            "bad_target", f"The data given with the files are over {MAX_METADATA_BYTES} bytes."
        )
    return data


# --- checking


def read_root(data: bytes, before: Metadata[Root] | None) -> Metadata[Root]:
    """The next root, signed by itself and by the one before it (TUF 5.3.4, 5.3.5); the first one by itself."""
    found = _parse(data, Root)
    try:
        if found.signed.version != (before.signed.version + 1 if before else 1):
            raise RepositoryError("not the next version")
        if before is not None:
            before.signed.verify_delegate(Root.type, found.signed_bytes, found.signatures)
        found.signed.verify_delegate(Root.type, found.signed_bytes, found.signatures)
    except (RepositoryError, ValueError) as error:
        raise _not_authentic("The repository's root does not verify.") from error
    return found


def signed_by(root: Root, data: bytes) -> bool:
    """Whether the root's online key signed this timestamp."""
    try:
        _verified(root, data, Timestamp)
    except SnapshotError:
        return False
    return True


def read_generation(root: Root, timestamp: bytes, snapshot: bytes, targets: bytes) -> Generation:
    """The three, each signed as the root says and named by the one before it. Expiry is not judged here."""
    first = _verified(root, timestamp, Timestamp)
    second = _verified(root, snapshot, Snapshot)
    third = _verified(root, targets, Targets)
    named = second.meta.get("targets.json")
    try:
        if named is None or first.snapshot_meta.version != second.version or named.version != third.version:
            raise RepositoryError("versions that do not belong together")
        first.snapshot_meta.verify_length_and_hashes(snapshot)
        named.verify_length_and_hashes(targets)
    except RepositoryError as error:
        raise _not_authentic("The repository's metadata do not belong together.") from error
    return Generation(first, second, third)


def parse_root(data: bytes) -> Root:
    """Not verified: one that python-tuf has accepted."""
    return _parse(data, Root).signed


def parse_timestamp(data: bytes) -> Timestamp:
    """Not verified: for its version and its reference to snapshot."""
    return _parse(data, Timestamp).signed


def parse_snapshot(data: bytes) -> Snapshot:
    """Not verified, as above."""
    return _parse(data, Snapshot).signed


def parse_targets(data: bytes) -> Targets:
    """Not verified, as above."""
    return _parse(data, Targets).signed


def listed(targets: Targets) -> tuple[Listed, ...]:
    """The files in the order of their names, each with a usable name, a SHA-256 and a bearable length."""
    if len(targets.targets) > MAX_TARGETS:
        raise SnapshotError("bad_target", f"The repository lists more than {MAX_TARGETS} files.")
    return tuple(_listed(name, targets.targets[name]) for name in sorted(targets.targets))


def signed_at(timestamp: Timestamp) -> datetime:
    iat = timestamp.unrecognized_fields.get("iat")
    try:
        if type(iat) is not int:
            raise ValueError("no time")
        return datetime.fromtimestamp(iat, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise _not_authentic("The repository's timestamp does not say when it was signed.") from error


def _listed(name: str, file: TargetFile) -> Listed:
    digest, custom = file.hashes.get("sha256"), file.custom
    usable = (
        TARGET_NAME.fullmatch(name)
        and isinstance(digest, str)
        and _SHA256.fullmatch(digest)
        and list(file.hashes) == ["sha256"]  # python-tuf asks for the file by its first hash, whichever it is
        and type(file.length) is int
        and 0 <= file.length <= MAX_TARGET_BYTES
        and isinstance(custom, dict)
    )
    if not usable:
        raise SnapshotError("bad_target", "The repository lists a file in a way that cannot be used.")
    return Listed(name, cast("str", digest), file.length, custom)


def _verified[Kind: (Timestamp, Snapshot, Targets)](root: Root, data: bytes, kind: type[Kind]) -> Kind:
    found = _parse(data, kind)
    try:
        root.verify_delegate(kind.type, found.signed_bytes, found.signatures)
    except (RepositoryError, ValueError) as error:
        raise SnapshotError(
            "not_authentic",
            f"The repository's {kind.type} is not signed by the online key that its root names.",
            "If a rotation was cut short, run `keys rotate` again.",
        ) from error
    return found.signed


def _parse[Kind: (Root, Timestamp, Snapshot, Targets)](data: bytes, kind: type[Kind]) -> Metadata[Kind]:
    if len(data) > MAX_METADATA_BYTES:
        raise _not_authentic(f"The repository's {kind.type} is over {MAX_METADATA_BYTES} bytes.")
    try:
        found: Metadata[Any] = Metadata.from_bytes(data)
    except RepositoryError as error:
        raise _not_authentic(f"The repository's {kind.type} cannot be read.") from error
    if not isinstance(found.signed, kind):
        raise _not_authentic(f"The repository's {kind.type} is of another type.")
    return found


def _not_authentic(detail: str) -> SnapshotError:
    return SnapshotError("not_authentic", detail)


def _next(after: Timestamp | Snapshot | Targets | None, now: datetime) -> int:
    return max(int(now.timestamp()), after.version + 1 if after is not None else 1)


def _end(now: datetime, lifetime: timedelta) -> datetime:
    return now.astimezone(UTC).replace(microsecond=0) + lifetime

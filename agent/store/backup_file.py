"""The format of a backup file: bytes in, bytes out (docs/guides/backup.md, decision 0026).

::

    magic     8 bytes   "CAIRNBAK"
    version   2 bytes   big endian, 1
    length    2 bytes   big endian, of the header
    header    JSON      {"kdf", "memory_kib", "passes", "lanes", "salt", "cipher", "chunk"}
    check    32 bytes   HMAC-SHA256 of all of the above: the passphrase is right and the header is ours
    pieces              ChaCha20-Poly1305, each ``chunk`` bytes of plain text and 16 of tag; the last may be shorter

Argon2id (RFC 9106) gives 64 bytes: 32 for the pieces, 32 for the check. Pieces are a STREAM (Hoang, Reyhanitabar,
Rogaway, Vizár 2015): the nonce is the piece's number (11 bytes) and 1 for the last one, else 0, so that none can be
moved, left out, repeated or put behind the end; the digest of all that stands before the pieces is their associated
data. The salt is new for every file, and with it the key, so a nonce is used once.

Plain text: the length of the manifest (4 bytes, big endian), the manifest (JSON), then the entries in the manifest's
order, with nothing between or behind them.

Everything that a foreign or damaged file can do ends in a `CairnError`. What `read` has given out before it returned is
not to be used if it did not return.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from agent.core.limits import parse_json
from agent.errors import CairnError, InputError, PassphraseError

MAGIC = b"CAIRNBAK"
VERSION = 1
MANIFEST_VERSION = 1
TAG_BYTES = 16
CHECK_BYTES = 32
HEADER_BYTES = 1024
MANIFEST_BYTES = 64 * 1024
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_MEMBERS = {"kdf", "memory_kib", "passes", "lanes", "salt", "cipher", "chunk"}


@dataclass(frozen=True, slots=True)
class Cost:
    """What deriving the key costs whoever tries a passphrase; about a second on a usual machine of 2026."""

    memory_kib: int = 256 * 1024
    passes: int = 2
    lanes: int = 1


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may ask of us. ``work`` is memory in KiB times passes: about ten seconds."""

    min_memory_kib: int = 19 * 1024  # with two passes the least that OWASP recommends
    max_memory_kib: int = 1024 * 1024
    max_passes: int = 16
    max_lanes: int = 16
    max_work: int = 5 * 1024 * 1024
    min_chunk: int = 4 * 1024
    max_chunk: int = 1024 * 1024
    entries: int = 16
    entry_bytes: int = 2 * 1024**3


COST = Cost()
LIMITS = Limits()
CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """``made_at`` RFC 3339; ``counts`` by word; ``history_head`` is the hash of the newest entry, "" without any."""

    made_at: str
    wallet: str
    counts: dict[str, int]
    history_head: str
    entries: tuple[Entry, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "version": MANIFEST_VERSION,
            "made_at": self.made_at,
            "wallet": self.wallet,
            "counts": self.counts,
            "history_head": self.history_head,
            "entries": [
                {"name": entry.name, "size": entry.size, "sha256": entry.sha256} for entry in self.entries
            ],
        }


# ------------------------------------------------------------------ writing


def write(
    out: BinaryIO,
    passphrase: str,
    facts: Manifest,
    entries: Sequence[tuple[str, BinaryIO]],
    *,
    cost: Cost | None = None,
    chunk: int = CHUNK,
) -> Manifest:
    """Write a backup; every entry is a stream that can be read twice. Returns ``facts`` with the entries in it."""
    cost = cost or COST
    manifest = Manifest(
        facts.made_at,
        facts.wallet,
        facts.counts,
        facts.history_head,
        tuple(_measured(name, stream) for name, stream in entries),
    )
    salt = os.urandom(16)
    header = {
        "kdf": "argon2id",
        "memory_kib": cost.memory_kib,
        "passes": cost.passes,
        "lanes": cost.lanes,
        "salt": base64.b64encode(salt).decode(),
        "cipher": "chacha20-poly1305",
        "chunk": chunk,
    }
    encoded = json.dumps(header, separators=(",", ":")).encode()
    head = MAGIC + VERSION.to_bytes(2) + len(encoded).to_bytes(2) + encoded
    key, check_key = _derive(passphrase, salt, cost)
    check = hmac.digest(check_key, head, "sha256")
    out.write(head + check)
    sealer = _Sealer(out, key, hashlib.sha256(head + check).digest(), chunk)
    described = json.dumps(manifest.to_json(), separators=(",", ":"), ensure_ascii=True).encode()
    sealer.write(len(described).to_bytes(4) + described)
    for entry, (_, stream) in zip(manifest.entries, entries, strict=True):
        stream.seek(0)
        left = entry.size
        while left and (piece := stream.read(min(chunk, left))):
            sealer.write(piece)
            left -= len(piece)
        if left or stream.read(1):
            raise _damaged("What is backed up changed meanwhile.")
    sealer.finish()
    return manifest


def _measured(name: str, stream: BinaryIO) -> Entry:
    stream.seek(0)
    digest, size = hashlib.sha256(), 0
    while piece := stream.read(1024 * 1024):
        digest.update(piece)
        size += len(piece)
    return Entry(name, size, digest.hexdigest())


class _Sealer:
    def __init__(self, out: BinaryIO, key: bytes, bound: bytes, chunk: int) -> None:
        self._out, self._cipher, self._bound, self._chunk = out, ChaCha20Poly1305(key), bound, chunk
        self._number = 0
        self._waiting = bytearray()

    def write(self, data: bytes) -> None:
        self._waiting += data
        # A full piece waits for the next byte: only then it is known not to be the last.
        while len(self._waiting) > self._chunk:
            self._seal(bytes(self._waiting[: self._chunk]), last=False)
            del self._waiting[: self._chunk]

    def finish(self) -> None:
        self._seal(bytes(self._waiting), last=True)

    def _seal(self, plain: bytes, *, last: bool) -> None:
        self._out.write(self._cipher.encrypt(_nonce(self._number, last=last), plain, self._bound))
        self._number += 1


# ------------------------------------------------------------------ reading


def read(
    source: BinaryIO,
    passphrase: str,
    take: Callable[[Entry], Callable[[bytes], object]],
    *,
    limits: Limits | None = None,
) -> Manifest:
    """Read a whole backup and check all of it; ``take`` says where the bytes of an entry go.

    Raises `PassphraseError` backup_passphrase; `InputError` not_a_backup, backup_newer, backup_costs, backup_too_large,
    backup_damaged.
    """
    limits = limits or LIMITS
    key, bound, chunk = _opened(source, passphrase, limits)
    plain = _Opener(source, key, bound, chunk)
    length = int.from_bytes(plain.exactly(4))
    if length > MANIFEST_BYTES:
        raise _damaged("Its list of contents is too long.")
    manifest = _manifest(plain.exactly(length), limits)
    for entry in manifest.entries:
        digest, give = hashlib.sha256(), take(entry)
        for piece in plain.up_to(entry.size):
            digest.update(piece)
            give(piece)
        if digest.hexdigest() != entry.sha256:
            raise _damaged(f"Its part {entry.name} is not what the list of contents says.")
    plain.at_end()
    return manifest


def nothing(_entry: Entry) -> Callable[[bytes], object]:
    """For `read`: check everything and keep nothing."""
    return lambda _piece: None


def _opened(source: BinaryIO, passphrase: str, limits: Limits) -> tuple[bytes, bytes, int]:
    """The key of the pieces, what they are bound to, and their size."""
    start = _some(source, len(MAGIC) + 4)
    if not start.startswith(MAGIC) or len(start) < len(MAGIC) + 4:
        raise InputError(
            "not_a_backup", "This is not a backup of a Cairn wallet.", "Look whether it is the right file."
        )
    version = int.from_bytes(start[len(MAGIC) : len(MAGIC) + 2])
    if version > VERSION:
        raise InputError(
            "backup_newer",
            f"This backup has format {version}; this software knows formats up to {VERSION}.",
            "Update Cairn on this machine and try again.",
        )
    length = int.from_bytes(start[-2:])
    if version < 1 or length > HEADER_BYTES:
        raise _damaged("Its beginning is damaged.")
    encoded, check = _some(source, length), _some(source, CHECK_BYTES)
    if len(encoded) < length or len(check) < CHECK_BYTES:
        raise _cut()
    cost, salt, chunk = _header(encoded, limits)
    key, check_key = _derive(passphrase, salt, cost)
    head = start + encoded
    if not hmac.compare_digest(hmac.digest(check_key, head, "sha256"), check):
        raise PassphraseError(
            "backup_passphrase",
            "Wrong passphrase, or the file is damaged at the very start.",
            "It is the passphrase of the backup, which may not be that of the wallet.",
        )
    return key, hashlib.sha256(head + check).digest(), chunk


def _header(encoded: bytes, limits: Limits) -> tuple[Cost, bytes, int]:
    """What the file asks for, before anything of it is believed: only what we would do anyway is done."""
    try:
        header = parse_json(encoded, max_bytes=HEADER_BYTES, max_depth=2)
    except InputError:
        raise _damaged("Its beginning is damaged.") from None
    if not isinstance(header, dict) or set(header) != _MEMBERS:
        raise _damaged("Its beginning is damaged.")
    if header["kdf"] != "argon2id" or header["cipher"] != "chacha20-poly1305":
        raise _damaged("It names a way of encryption that this format does not have.")
    numbers = [header[name] for name in ("memory_kib", "passes", "lanes", "chunk")]
    if any(type(number) is not int or number < 1 for number in numbers):
        raise _damaged("Its beginning is damaged.")
    memory, passes, lanes, chunk = numbers
    try:
        salt = base64.b64decode(header["salt"], validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise _damaged("Its beginning is damaged.") from None
    within = (
        max(limits.min_memory_kib, 8 * lanes) <= memory <= limits.max_memory_kib
        and passes <= limits.max_passes
        and lanes <= limits.max_lanes
        and memory * passes <= limits.max_work
    )
    if not within or not limits.min_chunk <= chunk <= limits.max_chunk or len(salt) != 16:
        raise InputError(
            "backup_costs",
            "Opening this file would take an amount of work or memory that no backup of ours asks for.",
            "It was damaged, or was made to harm. Use another copy.",
        )
    return Cost(memory, passes, lanes), salt, chunk


class _Opener:
    """The plain text, piece by piece; nothing is given out before its tag was checked."""

    def __init__(self, source: BinaryIO, key: bytes, bound: bytes, chunk: int) -> None:
        self._source, self._cipher, self._bound, self._size = source, ChaCha20Poly1305(key), bound, chunk + 16
        self._number = 0
        self._last = False
        self._ahead = source.read(1)
        self._plain = b""

    def up_to(self, count: int) -> Iterator[bytes]:
        """Exactly ``count`` bytes in pieces."""
        while count:
            if not self._plain:
                self._next()
            piece, self._plain = self._plain[:count], self._plain[count:]
            count -= len(piece)
            yield piece

    def exactly(self, count: int) -> bytes:
        return b"".join(self.up_to(count))

    def at_end(self) -> None:
        if self._plain or not self._last:
            raise _damaged("There is more in it than its list of contents says.")

    def _next(self) -> None:
        if self._last:
            raise _damaged("There is less in it than its list of contents says.")
        sealed = self._ahead + _some(self._source, self._size - 1)
        self._ahead = self._source.read(1)
        last = not self._ahead
        try:
            self._plain = self._cipher.decrypt(_nonce(self._number, last=last), sealed, self._bound)
        except InvalidTag:
            raise self._why(sealed, last=last) from None
        self._last = last
        self._number += 1
        if not self._plain:  # only an empty text has an empty piece, and no backup is empty
            raise _damaged("It has an empty part.")

    def _why(self, sealed: bytes, *, last: bool) -> CairnError:
        try:
            self._cipher.decrypt(_nonce(self._number, last=not last), sealed, self._bound)
        except InvalidTag:
            if last and len(sealed) < self._size:
                return _damaged(f"Its part {self._number + 1}, the last one, is damaged or not complete.")
            return _damaged(f"Its part {self._number + 1} was changed.")
        return _cut() if last else _damaged("Something was added behind its end.")


def _manifest(data: bytes, limits: Limits) -> Manifest:
    """Made by us, since it is authentic; read strictly all the same: it may be of another edition."""
    found = parse_json(data, max_bytes=MANIFEST_BYTES, max_depth=4, what="backup's list of contents")
    try:
        if found["version"] > MANIFEST_VERSION:
            raise InputError(
                "backup_newer",
                "This backup was made by a newer edition of Cairn.",
                "Update Cairn on this machine and try again.",
            )
        entries = tuple(Entry(each["name"], each["size"], each["sha256"]) for each in found["entries"])
        counts = {str(name): int(count) for name, count in found["counts"].items()}
        manifest = Manifest(
            str(found["made_at"]), str(found["wallet"]), counts, str(found["history_head"]), entries
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _damaged("Its list of contents cannot be read.") from None
    names = [entry.name for entry in entries]
    if len(names) > limits.entries or len(set(names)) != len(names):
        raise _damaged("Its list of contents cannot be read.")
    for entry in entries:
        sound = (
            isinstance(entry.name, str)
            and _NAME.fullmatch(entry.name)
            and isinstance(entry.sha256, str)
            and _DIGEST.fullmatch(entry.sha256)
            and type(entry.size) is int
            and entry.size >= 0
        )
        if not sound:
            raise _damaged("Its list of contents cannot be read.")
        if entry.size > limits.entry_bytes:
            raise InputError(
                "backup_too_large",
                f"A part of this backup has {entry.size} bytes; the limit is {limits.entry_bytes}.",
                "No wallet is so large. Use another copy.",
            )
    return manifest


# ------------------------------------------------------------------ both


def _derive(passphrase: str, salt: bytes, cost: Cost) -> tuple[bytes, bytes]:
    # Machines spell an accented letter in two ways; a backup is opened on another machine.
    secret = unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogatepass")
    kdf = Argon2id(
        salt=salt, length=64, iterations=cost.passes, lanes=cost.lanes, memory_cost=cost.memory_kib
    )
    try:
        made = kdf.derive(secret)
    except MemoryError:
        raise InputError(
            "backup_costs",
            f"Opening this backup takes {cost.memory_kib // 1024} MiB of memory, which this machine does not have.",
            "Close other programs, or use another machine.",
        ) from None
    return made[:32], made[32:]


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11) + bytes([last])


def _some(source: BinaryIO, count: int) -> bytes:
    """``count`` bytes, or fewer at the end."""
    found = bytearray()
    while len(found) < count and (piece := source.read(count - len(found))):
        found += piece
    return bytes(found)


def _damaged(what: str) -> InputError:
    return InputError(
        "backup_damaged",
        f"This backup is damaged. {what}",
        "Nothing was changed. Use another copy of it, or an older backup.",
    )


def _cut() -> InputError:
    return _damaged("It ends too early, as after a copy that was broken off.")

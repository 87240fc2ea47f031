"""The registry's keys: the one it signs with, those it signed with before, and the root key of its distribution.

::

    HOME/key         online key, 0600      CAIRN_REGISTRY_KEY, or the file CAIRN_REGISTRY_KEY_FILE, instead
    HOME/root-key    root key, 0600        CAIRN_REGISTRY_ROOT_KEY, or the file CAIRN_REGISTRY_ROOT_KEY_FILE
    HOME/keys.json   {"version", "current": jwk, "retired": [{jwk, retired_at, overlap_until, limits}]}

``keys.json`` holds no private part and says which key counts. A key that is in use and not named there is
refused: it has to be made current by `rotate`, so that no wrong secret starts a second history unnoticed.

A retired key is believed only for statements whose number is not above the limit that was recorded for their
table when it retired: whoever stole it can sign, and cannot add. ``overlap_until`` is for readers elsewhere, who
have its signatures on answers and credentials: until then the DID document names it too.

Every step of a rotation is one rename. ``HOME/key.next`` is the new key before it takes the place of the old
one; keys.json is written between, and whichever of the two files holds the key it names is the current one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from trust_registry import durable, strict_json
from trust_registry.dates import format_time, parse_time
from trust_registry.errors import KeyFormatError, ObjectError, QueryError
from trust_registry.keys import Jwk, jwk_from_raw, raw_from_jwk, thumbprint
from trust_registry.signing import RegistryKey, verify_statement

ONLINE, ROOT = "CAIRN_REGISTRY_KEY", "CAIRN_REGISTRY_ROOT_KEY"
_ONLINE_FILE, _ROOT_FILE = "key", "root-key"
_VERSION = 1
_SECRET_CHARS = 200  # 64, and room for white space
_FILE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Retired:
    """A key that signs no more. ``limits``: by table, the number of its last record."""

    jwk: Jwk
    retired_at: datetime
    overlap_until: datetime
    limits: Mapping[str, int]

    def covers(self, table: str, number: int) -> bool:
        """Records are numbered from 1; a table that was not named when the key retired had none."""
        return 1 <= number <= self.limits.get(table, 0)

    def to_json(self) -> dict[str, Any]:
        return {
            "jwk": self.jwk,
            "retired_at": format_time(self.retired_at),
            "overlap_until": format_time(self.overlap_until),
            "limits": dict(self.limits),
        }


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Open with `KeyRing.open`. A rotation makes a new ring; a process that holds the old one must open it again."""

    current: RegistryKey
    retired: tuple[Retired, ...]

    @classmethod
    def open(cls, home: Path) -> KeyRing:
        """The keys of a home, the first one made on first use.

        `KeyFormatError`: bad_key_file, bad_keys_file, key_not_current (the key that is there is not the one
        that keys.json names).
        """
        current, retired = _names(home)
        given = _given(ONLINE)
        if given is not None and given.jwk != current:
            raise KeyFormatError(
                "key_not_current",
                "The key in the environment is not this registry's current key.",
                "Run `keys rotate` to make it so, or take it out of the environment.",
            )
        held = (given, _held(home / _ONLINE_FILE), _held(_next(home)))
        for key in held:
            if key is not None and key.jwk == current:
                return cls(key, retired)
        raise KeyFormatError(
            "key_not_current",
            "The registry's current key is neither in its home nor in the environment.",
            "Bring it back, or run `keys rotate` with a new one in the environment.",
        )

    @property
    def jwk(self) -> Jwk:
        return self.current.jwk

    def jwks(self, now: datetime) -> tuple[Jwk, ...]:
        """The keys that others may still meet: the current one first, then those in their overlap."""
        return (self.jwk, *(one.jwk for one in reversed(self.retired) if now < one.overlap_until))

    def sign_statement(self, payload: dict[str, Any], *, typ: str) -> str:
        return self.current.sign_statement(payload, typ=typ)

    def verify(self, jws: str, *, typ: str, table: str = "", number: int = 0) -> dict[str, Any]:
        """The payload of one of our statements; ``number`` is its place in ``table``.

        `ObjectError` bad_signature also for a retired key above its limit, or without a place; malformed.
        """
        believed = [one.jwk for one in reversed(self.retired) if one.covers(table, number)]
        for key in (self.jwk, *believed):
            try:
                return verify_statement(jws, typ=typ, key=key)
            except ObjectError as error:
                if error.code != "bad_signature":
                    raise
        raise ObjectError("bad_signature", "The statement is not signed by a key of this registry.")


def rotate(home: Path, *, now: datetime, overlap: timedelta, limits: Mapping[str, int]) -> KeyRing:
    """A new online key; the old one is believed for what it signed: up to ``limits``, by table.

    The new key is that of the environment if there is one, else it is made. ``limits`` are the numbers of the
    last records, read when nobody writes: a record made after they were read would be lost. A rotation that was
    cut short is finished, with its own limits, and not begun again. `KeyFormatError` key_from_environment,
    key_retired and those of `KeyRing.open`; `QueryError` bad_limits; `TrustRegistryError` busy.
    """
    if overlap < timedelta(0) or any(type(last) is not int or last < 0 for last in limits.values()):
        raise QueryError("bad_limits", "An overlap is not negative; limits are whole numbers from 0.")
    with durable.locked(home / "keys.lock", "Another rotation is under way."):
        old, retired = _names(home)
        given, key, following = _given(ONLINE), home / _ONLINE_FILE, _next(home)
        if given is None and _finish(home, old):
            return KeyRing.open(home)
        if given is not None and given.jwk == old:
            raise KeyFormatError(
                "key_from_environment",
                "The registry's current key comes from the environment.",
                "Put the new key there and run `keys rotate` again.",
            )
        new = given or RegistryKey.load_or_create(following)
        if any(one.jwk == new.jwk for one in retired):
            raise KeyFormatError("key_retired", "The new key was this registry's before, and has retired.")
        leaving = Retired(old, now, now + overlap, dict(limits))
        _write(home, new.jwk, (*retired, leaving))
        if given is None:
            durable.commit(following, key)
        else:
            key.unlink(missing_ok=True)  # a key that signs no more is only there to be stolen
        return KeyRing.open(home)


def finish(home: Path) -> bool:
    """Finish a rotation that was cut short after it counted; False when there is none."""
    with durable.locked(home / "keys.lock", "Another rotation is under way."):
        return _finish(home, current_jwk(home))


def current_jwk(home: Path) -> Jwk:
    """The key that keys.json names, whether its private part is here or not."""
    return _names(home)[0]


def root_key(home: Path, named: Jwk) -> RegistryKey:
    """The root key ``named``, wherever it is; `KeyFormatError` root_key_missing when it is not here.

    The operator may keep it elsewhere: nothing needs it but a rotation and the yearly renewal of the root.
    """
    for key in (_given(ROOT), _held(home / _ROOT_FILE), _held(_next_root(home))):
        if key is not None and key.jwk == named:
            return key
    raise KeyFormatError(
        "root_key_missing",
        f"The root key {thumbprint(named)} is neither in the registry's home nor in the environment.",
        f"Bring it back for this step: {_ROOT_FILE} in the home, or {ROOT}_FILE.",
    )


def first_root_key(home: Path) -> RegistryKey:
    """The root key of a distribution that has no root yet: the environment's, or one made now."""
    return _given(ROOT) or RegistryKey.load_or_create(home / _ROOT_FILE)


def next_root_key(home: Path) -> RegistryKey:
    """The key that will follow the root key: the same one until `finish_root_key`."""
    return RegistryKey.load_or_create(_next_root(home))


def finish_root_key(home: Path, named: Jwk) -> bool:
    """Give the key that the root now names its place; False when it has it already."""
    following = _held(_next_root(home))
    if following is None or following.jwk != named:
        return False
    durable.commit(_next_root(home), home / _ROOT_FILE)
    return True


def _finish(home: Path, current: Jwk) -> bool:
    following = _held(_next(home))
    if following is None or following.jwk != current:
        return False
    durable.commit(_next(home), home / _ONLINE_FILE)
    return True


def _names(home: Path) -> tuple[Jwk, tuple[Retired, ...]]:
    """What keys.json says; at first it names the key that is there."""
    path = home / "keys.json"
    if not path.exists():
        key = _held(home / _ONLINE_FILE) or _given(ONLINE)
        current = (key or RegistryKey.load_or_create(home / _ONLINE_FILE)).jwk
        _write(home, current, ())
        return current, ()
    try:
        data = strict_json.loads(path.read_bytes(), max_bytes=_FILE_BYTES)
        if data["version"] != _VERSION or not isinstance(data["retired"], list):
            raise ValueError("not the list of this version")
        return _jwk(data["current"]), tuple(_retired(one) for one in data["retired"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, KeyFormatError, QueryError) as error:
        raise KeyFormatError(
            "bad_keys_file",
            "keys.json in the registry's home cannot be read.",
            "Restore it from a backup: it says which records the retired keys signed.",
        ) from error


def _retired(data: Any) -> Retired:
    limits = dict(data["limits"])
    if not all(type(last) is int and last >= 0 for last in limits.values()):
        raise ValueError("a limit is not a number")
    return Retired(
        jwk=_jwk(data["jwk"]),
        retired_at=parse_time(data["retired_at"], "retired_at"),
        overlap_until=parse_time(data["overlap_until"], "overlap_until"),
        limits=limits,
    )


def _jwk(data: Any) -> Jwk:
    return jwk_from_raw(raw_from_jwk(data))


def _write(home: Path, current: Jwk, retired: tuple[Retired, ...]) -> None:
    data = {"version": _VERSION, "current": current, "retired": [one.to_json() for one in retired]}
    durable.write(home / "keys.json", strict_json.canonical(data))


def _given(variable: str) -> RegistryKey | None:
    """The key of the environment, if it gives one."""
    text = os.environ.get(variable)
    if text is not None:
        return RegistryKey.from_hex(text.strip(), f"${variable}")
    file = os.environ.get(f"{variable}_FILE")
    if file is None:
        return None
    place = f"The file of ${variable}_FILE"
    try:
        with Path(file).open(encoding="ascii") as opened:
            return RegistryKey.from_hex(opened.read(_SECRET_CHARS).strip(), place)
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFormatError("bad_key_file", f"{place} cannot be read.") from error


def _held(path: Path) -> RegistryKey | None:
    """The key in a file; None without the file, and never made here."""
    try:
        with path.open(encoding="ascii") as file:
            return RegistryKey.from_hex(
                file.read(_SECRET_CHARS).strip(), f"{path.name} in the registry's home"
            )
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFormatError("bad_key_file", f"{path.name} in the registry's home cannot be read.") from error


def _next(home: Path) -> Path:
    return home / f"{_ONLINE_FILE}.next"


def _next_root(home: Path) -> Path:
    return home / f"{_ROOT_FILE}.next"

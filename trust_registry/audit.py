"""The audit log of bindings: who did what when, append-only, each entry chained to the one before. No I/O.

An entry ``{seq, prev, at, operator, action, subject, digest}`` is a statement signed by the registry's key;
``prev`` is the SHA-256 of the JWS before it (64 zeros at first), ``digest`` that of the record it is about.
Invariants of `verify`: numbers without a gap from 1, every signature and link holds, and log and records name
each other. What nobody can see from inside is a log cut at its end together with its records: note the head
``SEQ:SHA256`` elsewhere and give it to `verify`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from trust_registry.dates import format_time, parse_time
from trust_registry.errors import BindingError, TrustRegistryError

AUDIT_TYPE = "cairn-audit+jwt"
FIRST_PREV = "0" * 64
# Who acted when no operator named themselves: a command in the home's folder, or the holder of HOME/token.
HOME, ADMIN = "(home)", "(admin token)"

# The payload of the JWS that stands at this number of the log, its signature verified; `TrustRegistryError`.
type Opened = Callable[[str, int], Mapping[str, Any]]


class Action(StrEnum):
    ADOPT = "adopt"  # a record older than the log, named when the log began
    BIND = "bind"  # direct, in a demonstration
    PROPOSE = "propose"
    APPROVE = "approve"  # the proposal's end; the binding that it made is its own entry
    REJECT = "reject"
    REFUSED = "approval-refused"
    REVOKE = "revoke-key"
    UNBIND = "unbind"
    CHECK = "check"
    QUARANTINE = "quarantine-key"
    OPERATOR_ADDED = "operator-added"
    OPERATOR_REMOVED = "operator-removed"


@dataclass(frozen=True, slots=True)
class Entry:
    seq: int
    prev: str
    at: datetime
    operator: str
    action: Action
    subject: str
    digest: str

    def to_json(self) -> dict[str, Any]:
        return {
            "seq": self.seq,
            "prev": self.prev,
            "at": format_time(self.at),
            "operator": self.operator,
            "action": str(self.action),
            "subject": self.subject,
            "digest": self.digest,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Entry:
        return cls(
            data["seq"],
            data["prev"],
            parse_time(data["at"], "at"),
            data["operator"],
            Action(data["action"]),
            data["subject"],
            data["digest"],
        )


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry's number and hash: what to note elsewhere."""

    seq: int = 0
    sha256: str = FIRST_PREV

    def __str__(self) -> str:
        return f"{self.seq}:{self.sha256}"

    @classmethod
    def parse(cls, text: str) -> Head:
        number, _, digest = text.partition(":")
        if not (number.isascii() and number.isdigit()) or len(number) > 15 or len(digest) != 64:
            raise BindingError("bad_head", "A head of the audit log has the form SEQ:SHA256.")
        return cls(int(number), digest)


def sha256(text: str) -> str:
    """64 hexadecimal digits; how entries name each other and the records they are about."""
    return hashlib.sha256(text.encode()).hexdigest()


def read(jws: str, number: int, opened: Opened) -> Entry:
    """One entry, verified; `BindingError` audit_not_authentic."""
    try:
        return Entry.from_json(opened(jws, number))
    except (TrustRegistryError, KeyError, ValueError, TypeError) as error:
        raise BindingError("audit_not_authentic", "An entry of the audit log does not verify.") from error


def verify(
    rows: Sequence[str], records: Iterable[str], *, opened: Opened, noted: Head | None = None
) -> tuple[Entry, ...]:
    """Every entry of ``rows`` (JWS, oldest first), or `BindingError` that says what does not hold and where.

    ``records`` are the digests of all stored bindings, proposals and ends; ``noted`` a head written down
    earlier, which must still be in the chain.
    """
    entries: list[Entry] = []
    prev = FIRST_PREV
    heads = [FIRST_PREV]
    for number, jws in enumerate(rows, start=1):
        # 1. Signature, then place in the chain.
        entry = read(jws, number, opened)
        if entry.seq != number:
            raise BindingError("audit_gap", f"The audit log has entry {entry.seq} in place of {number}.")
        if entry.prev != prev:
            raise BindingError("audit_broken", f"Entry {number} does not follow the one before it.")
        entries.append(entry)
        prev = sha256(jws)
        heads.append(prev)
    # 2. The head noted earlier is an ancestor: nothing was cut off or written anew.
    if noted is not None and (noted.seq >= len(heads) or heads[noted.seq] != noted.sha256):
        raise BindingError("audit_rewritten", f"The log does not hold the noted head at entry {noted.seq}.")
    # 3. Log and records name each other, each as often.
    logged = Counter(entry.digest for entry in entries if entry.action in _ABOUT_RECORDS)
    stored = Counter(records)
    if missing := logged - stored:
        where = next(entry.seq for entry in entries if entry.digest in missing)
        raise BindingError("record_missing", f"The record that entry {where} is about is gone or changed.")
    if stored - logged:
        raise BindingError("record_unlogged", "There is a record that the audit log does not name.")
    return tuple(entries)


_ABOUT_RECORDS = frozenset(
    {
        Action.ADOPT,
        Action.BIND,
        Action.PROPOSE,
        Action.APPROVE,
        Action.REJECT,
        Action.REVOKE,
        Action.UNBIND,
    }
)

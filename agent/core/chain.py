"""A chain of entries, each with the hash of the one before it: what was done to it, and where. Pure.

A chain alone does not show that its end was cut off. So the *head*, the number and hash of its last entry, is kept
apart from it, and compared here. Whoever can write entries and head can write both anew, and then everything agrees:
only a head that was kept elsewhere (a backup, an exported file) shows that.
"""

from __future__ import annotations

import bisect
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import rfc8785

from agent.core.verdict import Result
from agent.errors import InputError

GENESIS = "0" * 64
NO_HEAD = "no_head"
FORMAT = "cairn.history"  # of an exported chain
MOST_BREAKS = 50  # more are counted, not listed

type Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Break:
    """``seq``: the entry that is broken or missing. ``how``: edited, removed, reordered, added, cut_off, unreadable."""

    seq: int
    how: str
    detail: str

    def to_json(self) -> dict[str, Any]:
        return {"seq": self.seq, "how": self.how, "detail": self.detail}


@dataclass(frozen=True, slots=True)
class Examined:
    """``count``: entries there are. Unknown (``reason`` no_head): every link holds, and the end cannot be checked."""

    result: Result
    reason: str
    count: int
    breaks: tuple[Break, ...]

    @property
    def intact(self) -> bool | None:
        return {Result.PASS: True, Result.FAIL: False}.get(self.result)

    def to_json(self) -> dict[str, Any]:
        return {
            "result": str(self.result),
            "reason": self.reason,
            "count": self.count,
            "breaks": [each.to_json() for each in self.breaks[:MOST_BREAKS]],
        }


def entry_hash(entry: Entry) -> str:
    """SHA-256 of the entry without its ``hash``, as RFC 8785 writes it. Raises `ValueError` for what is no JSON."""
    body = {name: value for name, value in entry.items() if name != "hash"}
    try:
        return hashlib.sha256(rfc8785.dumps(body)).hexdigest()
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError) as error:
        raise ValueError("an entry that cannot be hashed") from error


def head_of(chain: Sequence[Entry]) -> dict[str, Any]:
    """What is kept of the last entry; of an empty chain the number 0."""
    return {"seq": chain[-1]["seq"], "hash": chain[-1]["hash"]} if chain else {"seq": 0, "hash": GENESIS}


def examine(chain: Sequence[Any], head: Any, *, after: Entry | None = None) -> Examined:
    """Every link in the order given, then the end against ``head`` (None: none was kept).

    ``after``: the entry, or the head, that the first one follows, when what is before was examined already.
    """
    walk = _Walk(chain, after)
    for entry in chain:
        walk.take(entry)
    if head is not None:
        walk.compare(head)
    if walk.breaks:
        return Examined(Result.FAIL, walk.breaks[0].how, len(chain), tuple(walk.breaks))
    if head is None and chain:
        return Examined(Result.UNKNOWN, NO_HEAD, len(chain), ())
    return Examined(Result.PASS, "", len(chain), ())


def holds(chain: Sequence[Entry], head: Any) -> bool:
    """Whether a chain still has the entry that ``head`` speaks of: of a head that was kept elsewhere, earlier."""
    if not _is_head(head):
        return False
    if head["seq"] == 0:
        return True
    return any(each.get("seq") == head["seq"] and each.get("hash") == head["hash"] for each in chain)


def examine_export(document: Any) -> tuple[Examined, dict[str, Any]]:
    """What was done to an exported chain, and its head. Raises `InputError` not_a_history for what is none."""
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise InputError("not_a_history", "This file is not a history that `cairn history export` wrote.")
    if document.get("version") != 1:
        raise InputError("not_a_history", "This history was exported by another version.")
    entries, head = document.get("entries"), document.get("head")
    if not isinstance(entries, list) or not _is_head(head):
        raise InputError("not_a_history", "The file has no entries, or no head.")
    return examine(entries, head), dict(head or {})


class _Walk:
    """``_next``: the number that comes next; ``_before``: the hash it must name, or None where that is not known."""

    def __init__(self, chain: Sequence[Any], after: Entry | None) -> None:
        self.breaks: list[Break] = []
        self._next: int = 1 if after is None else after["seq"] + 1
        self._before: str | None = GENESIS if after is None else after["hash"]
        self._numbers = sorted({seq for each in chain if (seq := _number(each)) is not None})
        self._met: set[int] = set()

    def take(self, entry: Any) -> None:
        seq = _number(entry)
        if seq is None:
            self._broken(self._next, "unreadable", "is no entry")
            self._next, self._before = self._next + 1, None
            return
        if seq in self._met:
            self._broken(seq, "added", "is there more than once")
            return
        self._met.add(seq)
        own = _own_hash(entry)
        if seq < self._next:  # one that was passed over: its place was reported already
            if not own:
                self._broken(seq, "edited", _EDITED)
            return
        if seq > self._next:
            self._gap(seq)
            self._before = None
        if not own:
            self._broken(seq, "edited", _EDITED)
        elif self._before is not None and entry.get("prev") != self._before:
            if seq == 1:
                self._broken(1, "edited", "does not begin a chain: something stood before it")
            else:
                self._broken(seq - 1, "edited", "was written anew: the next entry names another hash")
        self._next, self._before = seq + 1, str(entry.get("hash")) if own else None

    def compare(self, head: Any) -> None:
        last = self._next - 1
        if not _is_head(head):
            self._broken(last, "unreadable", "the note of the chain's end cannot be read")
        elif head["seq"] > last:
            missing = head["seq"] - last
            self._broken(last + 1, "cut_off", f"the end is missing: {_entries(missing)} from here on")
        elif head["seq"] < last:
            self._broken(head["seq"] + 1, "added", "stands behind the chain's end as it was noted")
        elif self._before is not None and head["hash"] != self._before:
            self._broken(last, "edited", "was written anew: the note of the chain's end names another hash")

    def _gap(self, seq: int) -> None:
        """Numbers from ``_next`` to before ``seq`` are not here: they come later, or are gone."""
        first = bisect.bisect_left(self._numbers, self._next)
        later = self._numbers[first : bisect.bisect_left(self._numbers, seq)]
        gone = seq - self._next - len(later)
        if gone:
            present = next((n for n, each in enumerate(later) if each != self._next + n), len(later))
            missing = self._next + present
            self._broken(
                missing, "removed", f"is missing ({_entries(gone)} in all)" if gone > 1 else "is missing"
            )
        if later:
            self._broken(later[0], "reordered", f"stands behind entry {seq}")

    def _broken(self, seq: int, how: str, detail: str) -> None:
        self.breaks.append(Break(seq, how, detail))


_EDITED = "was changed after it was written: its hash is another"


def _entries(number: int) -> str:
    return "one entry" if number == 1 else f"{number} entries"


def _number(entry: Any) -> int | None:
    seq = entry.get("seq") if isinstance(entry, Mapping) else None
    return seq if type(seq) is int and 0 < seq < 2**53 else None


def _own_hash(entry: Entry) -> bool:
    try:
        return bool(entry.get("hash") == entry_hash(entry))
    except ValueError:
        return False


def _is_head(head: Any) -> bool:
    return (
        isinstance(head, Mapping)
        and type(head.get("seq")) is int
        and 0 <= head["seq"] < 2**53
        and isinstance(head.get("hash"), str)
    )

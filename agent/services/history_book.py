"""The learner's history as people read it: in pages, by whom it was with, examined, and as a file.

Entries are read once per open vault, and afterwards only what was written since: at ten thousand of them reading takes
a second, and so does hashing. `HistoryBook.read` with ``anew`` reads and hashes everything, for who wants to know.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from agent.core import chain
from agent.core.chain import Examined
from agent.core.verdict import Result
from agent.errors import InputError
from agent.services import clock
from agent.services.node import Node
from agent.store import history
from agent.store.vault import Document, Vault

MAX_PAGE = 20_000
MAX_WORDS = 200  # characters of a filter
NOTE = (
    "Every entry names the hash of the one before it, and head is the last one's. This file is not signed: it shows "
    "later changes of the wallet's history to whoever kept it, and proves nothing to anybody else."
)


@dataclass(frozen=True, slots=True)
class Book:
    """All entries, oldest first; ``head`` None: none was kept yet (a wallet of before there were heads)."""

    entries: Sequence[Document]
    head: Document | None
    examined: Examined
    examined_at: str

    def state(self) -> Document:
        """How the chain stands, in the shape that terminal and command line show."""
        return {
            **self.examined.to_json(),
            "intact": self.examined.intact,
            "head": self.head,
            "examined_at": self.examined_at,
        }


@dataclass(slots=True)
class _Kept:
    """Of one open vault: it goes when the vault is closed."""

    mark: int = 0
    ids: set[str] = field(default_factory=set)
    book: Book | None = None


class HistoryBook:
    def __init__(self, node: Node) -> None:
        self._node = node
        self._kept: WeakKeyDictionary[Vault, _Kept] = WeakKeyDictionary()
        self._reading = asyncio.Lock()

    async def entries(self) -> Sequence[Document]:
        """All of them, oldest first."""
        return (await self.read()).entries

    async def read(self, *, anew: bool = False) -> Book:
        vault = self._node.vault
        async with self._reading:
            if anew:
                self._kept.pop(vault, None)
            kept = self._kept.setdefault(vault, _Kept())
            return await _read(vault, kept)

    async def page(
        self, *, words: str = "", party: str = "", before: int | None = None, limit: int | None = None
    ) -> tuple[Book, list[Document], int]:
        """The book; the newest ``limit`` entries below number ``before`` that fit, oldest first; and how many fit.

        Every word of ``words`` is in an entry's title, kind, claims, outcome or party; of ``party`` in its party.
        """
        if len(words) > MAX_WORDS or len(party) > MAX_WORDS:
            raise InputError("bad_request", f"A filter has at most {MAX_WORDS} characters.")
        book = await self.read()
        wanted, whom = words.casefold().split(), party.casefold().split()
        fitting = [entry for entry in book.entries if _fits(entry, wanted, whom)]
        older = fitting if before is None else [each for each in fitting if _number(each) < before]
        shown = older if limit is None else older[len(older) - min(limit, len(older)) :]
        return book, shown, len(fitting)

    async def export(self) -> Document:
        """The whole chain with its head, read anew: what `examine_export` takes, without any service."""
        book = await self.read(anew=True)
        return {
            "version": 1,
            "format": chain.FORMAT,
            "exported_at": clock.stamp(clock.now()),
            "wallet": self._node.settings.name,
            "note": NOTE,
            "head": book.head or chain.head_of(book.entries),
            "entries": list(book.entries),
        }


async def _read(vault: Vault, kept: _Kept) -> Book:
    entries: Sequence[Document]
    while True:  # an entry and its head are written together: the same head before and after is one moment
        head, before = await history.head(vault), kept.book
        mark, changed = vault.written_since(history.KIND, kept.mark)
        if before is None or not kept.ids.isdisjoint(changed):  # never by us: entries are only added
            before, entries = None, await history.entries(vault)
        else:
            new = [entry for id in changed if (entry := await vault.get(history.KIND, id)) is not None]
            entries = [*before.entries, *sorted(new, key=history.order)]
        if await history.head(vault) == head:
            break
    kept.mark = mark
    if before is not None and before.head == head and len(entries) == len(before.entries):
        return before
    kept.ids = {history.id_of(entry) for entry in entries if _number(entry)}
    kept.book = book = await asyncio.to_thread(_examined, entries, head, before)
    return book


def _examined(entries: Sequence[Document], head: Document | None, before: Book | None) -> Book:
    """The part that was examined and holds is not examined again."""
    at = clock.stamp(clock.now())
    if before is None or before.head is None or before.examined.result is not Result.PASS:
        return Book(entries, head, chain.examine(entries, head), at)
    more = chain.examine(entries[len(before.entries) :], head, after=before.head)
    whole = Examined(more.result, more.reason, len(entries), more.breaks)
    return Book(entries, head, whole, at)


def _fits(entry: Document, wanted: list[str], whom: list[str]) -> bool:
    if not wanted and not whom:
        return True
    party = entry.get("party")
    about = party if isinstance(party, dict) else {}
    names = " ".join(str(about.get(name, "")) for name in ("name", "host", "did")).casefold()
    if not all(word in names for word in whom):
        return False
    told = " ".join(
        str(entry.get(name, "")) for name in ("title", "kind", "outcome", "claims", "at")
    ).casefold()
    return all(word in told or word in names for word in wanted)


def _number(entry: Document) -> int:
    seq = entry.get("seq")
    return seq if type(seq) is int else 0

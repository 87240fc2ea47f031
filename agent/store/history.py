"""The learner's history: append-only and hash-chained.

Each entry holds the hash of the one before it, so that a removed or edited entry shows (`agent.core.chain`). The
head, number and hash of the last entry, is a document of its own, written in the same transaction as the entry: so
it shows also when the end was cut off. A wallet of before there were heads has none until its next entry. An entry
keeps claim *names*, never values (wallet-ui.md, screen 7).
"""

from __future__ import annotations

from typing import Any

from agent.core import chain
from agent.core.chain import GENESIS, entry_hash
from agent.store.vault import Document, Put, Vault

__all__ = [
    "GENESIS",
    "HEAD",
    "KIND",
    "entries",
    "entry_hash",
    "head",
    "id_of",
    "intact",
    "next_entry",
    "order",
]

KIND = "history"
HEAD = "history_head"
_HEAD_ID = "head"


async def entries(vault: Vault) -> list[Document]:
    """All entries, oldest first."""
    return sorted(await vault.all(KIND), key=order)


async def head(vault: Vault) -> Document | None:
    """``{"seq", "hash"}`` of the last entry that was written: for backups and exports too. None: none was kept yet."""
    return await vault.get(HEAD, _HEAD_ID)


async def next_entry(vault: Vault, *, at: str, kind: str, party: Document, title: str, **facts: Any) -> Put:
    """The next entry, to be written together with the change it records (see `Vault.put`); its head goes with it.

    It follows the head and not what is there: an entry that is gone stays a gap that shows.
    """
    last = await head(vault) or chain.head_of(await entries(vault))
    entry: Document = {
        "seq": last["seq"] + 1,
        "at": at,
        "kind": kind,
        "party": party,
        "title": title,
        "claims": [],
        "request_hash": "",
        "outcome": "",
        **facts,
        "prev": last["hash"],
    }
    entry["hash"] = entry_hash(entry)
    return Put(KIND, id_of(entry), entry, also=(Put(HEAD, _HEAD_ID, chain.head_of([entry])),))


def intact(found: list[Document]) -> bool:
    """True when every entry has its own hash, its number, and the hash before it. Says nothing of its end."""
    return not chain.examine(found, None).breaks


def id_of(entry: Document) -> str:
    return f"{entry['seq']:09d}"


def order(entry: Document) -> tuple[bool, int]:
    """The order of a chain. What has no number comes last, so that everything before it can still be looked at."""
    seq = entry.get("seq")
    return (False, seq) if type(seq) is int else (True, 0)

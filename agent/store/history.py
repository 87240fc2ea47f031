"""The learner's history: append-only and hash-chained.

Each entry holds the hash of the one before it, so that a removed or edited entry shows. It keeps claim
*names*, never values (wallet-ui.md, screen 7).
"""

from __future__ import annotations

import hashlib
from typing import Any
from weakref import WeakKeyDictionary

import rfc8785

from agent.store.vault import Document, Put, Vault

KIND = "history"
GENESIS = "0" * 64

_known_seq: WeakKeyDictionary[Vault, int] = WeakKeyDictionary()


def entry_hash(entry: Document) -> str:
    body = {name: value for name, value in entry.items() if name != "hash"}
    return hashlib.sha256(rfc8785.dumps(body)).hexdigest()


async def entries(vault: Vault) -> list[Document]:
    """All entries, oldest first."""
    return sorted(await vault.all(KIND), key=lambda entry: int(entry["seq"]))


async def next_entry(vault: Vault, *, at: str, kind: str, party: Document, title: str, **facts: Any) -> Put:
    """The next entry, to be written together with the change it records (see `Vault.put`)."""
    last = await _last(vault)
    entry: Document = {
        "seq": last["seq"] + 1 if last else 1,  # not by count: it must never take an old one's place
        "at": at,
        "kind": kind,
        "party": party,
        "title": title,
        "claims": [],
        "request_hash": "",
        "outcome": "",
        **facts,
        "prev": last["hash"] if last else GENESIS,
    }
    entry["hash"] = entry_hash(entry)
    return Put(KIND, _id(entry["seq"]), entry)


async def _last(vault: Vault) -> Document | None:
    """The newest entry. All are read once per open vault; afterwards only what was written since."""
    seq = _known_seq.get(vault)
    if seq is None:
        chain = await entries(vault)
        last = chain[-1] if chain else None
    else:
        last = await vault.get(KIND, _id(seq))
    while newer := await vault.get(KIND, _id(last["seq"] + 1 if last else 1)):
        last = newer
    if last is not None:
        _known_seq[vault] = last["seq"]
    return last


def _id(seq: int) -> str:
    return f"{seq:09d}"


def intact(chain: list[Document]) -> bool:
    """True when every entry has its own hash, its number, and the hash of the one before it."""
    previous = GENESIS
    for number, entry in enumerate(chain, start=1):
        if entry["seq"] != number or entry["prev"] != previous or entry["hash"] != entry_hash(entry):
            return False
        previous = entry["hash"]
    return True

"""The learner's history: append-only and hash-chained.

Each entry holds the hash of the one before it, so that a removed or edited entry shows. It keeps claim
*names*, never values (wallet-ui.md, screen 7).
"""

from __future__ import annotations

import hashlib
from typing import Any

import rfc8785

from agent.store.vault import Document, Put, Vault

KIND = "history"
GENESIS = "0" * 64


def entry_hash(entry: Document) -> str:
    body = {name: value for name, value in entry.items() if name != "hash"}
    return hashlib.sha256(rfc8785.dumps(body)).hexdigest()


async def entries(vault: Vault) -> list[Document]:
    """All entries, oldest first."""
    return sorted(await vault.all(KIND), key=lambda entry: int(entry["seq"]))


async def next_entry(vault: Vault, *, at: str, kind: str, party: Document, title: str, **facts: Any) -> Put:
    """The next entry, to be written together with the change it records (see `Vault.put`)."""
    chain = await entries(vault)
    entry: Document = {
        "seq": chain[-1]["seq"] + 1 if chain else 1,  # not by count: it must never take an old one's place
        "at": at,
        "kind": kind,
        "party": party,
        "title": title,
        "claims": [],
        "request_hash": "",
        "outcome": "",
        **facts,
        "prev": chain[-1]["hash"] if chain else GENESIS,
    }
    entry["hash"] = entry_hash(entry)
    return Put(KIND, f"{entry['seq']:09d}", entry)


def intact(chain: list[Document]) -> bool:
    """True when every entry has its own hash, its number, and the hash of the one before it."""
    previous = GENESIS
    for number, entry in enumerate(chain, start=1):
        if entry["seq"] != number or entry["prev"] != previous or entry["hash"] != entry_hash(entry):
            return False
        previous = entry["hash"]
    return True

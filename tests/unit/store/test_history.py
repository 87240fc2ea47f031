"""The history chain: edits, removals and reordering show; new entries never take an old one's place."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aries_askar import Store

from agent.store import history
from agent.store.vault import Vault

KEY = Store.generate_raw_key(b"7" * 32)
PARTY = {"did": "did:web:uni.example", "host": "uni.example", "name": "A University"}

type Chain = list[dict[str, Any]]


@pytest.fixture
async def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Vault]:
    monkeypatch.setattr("agent.store.vault.KEY_METHOD", "raw")
    made = await Vault.create(tmp_path / "vault.db", KEY)
    for number in range(5):
        await add(made, f"entry {number}")
    yield made
    await made.close()


async def add(vault: Vault, title: str, **facts: Any) -> None:
    at = "2026-07-01T10:00:00Z"
    await vault.put(
        await history.next_entry(vault, at=at, kind="presented", party=PARTY, title=title, **facts)
    )


async def test_an_honest_chain_is_intact(vault: Vault) -> None:
    chain = await history.entries(vault)
    assert [entry["seq"] for entry in chain] == [1, 2, 3, 4, 5]
    assert history.intact(chain)
    assert history.intact([])


def _swap(chain: Chain) -> None:
    chain[1], chain[2] = chain[2], chain[1]


def _swap_and_renumber(chain: Chain) -> None:
    _swap(chain)
    chain[1]["seq"], chain[2]["seq"] = 2, 3


def _rehash(chain: Chain) -> None:
    """A careful forger, who forgets only those that come after."""
    chain[2]["claims"] = []
    chain[2]["outcome"] = "declined"
    chain[2]["hash"] = history.entry_hash(chain[2])


EDITS: dict[str, Callable[[Chain], Any]] = {
    "another title": lambda chain: chain[2].__setitem__("title", "x"),
    "another party": lambda chain: chain[2]["party"].__setitem__("host", "evil.example"),
    "fewer claims": lambda chain: chain[2].__setitem__("claims", None),
    "another time": lambda chain: chain[4].__setitem__("at", "2020-01-01T00:00:00Z"),
    "one more fact": lambda chain: chain[2].__setitem__("note", ""),
    "one fact fewer": lambda chain: chain[2].pop("outcome"),
    "the first removed": lambda chain: chain.pop(0),
    "one removed": lambda chain: chain.pop(2),
    "one removed, the rest renumbered": lambda chain: (
        chain.pop(2),
        [entry.__setitem__("seq", index) for index, entry in enumerate(chain, 1)],
    ),
    "one twice": lambda chain: chain.insert(2, copy.deepcopy(chain[2])),
    "two swapped": _swap,
    "two swapped and renumbered": _swap_and_renumber,
    "one rewritten with its hash": _rehash,
    "a chain that begins elsewhere": lambda chain: chain[0].__setitem__("prev", "f" * 64),
}


@pytest.mark.parametrize("name", EDITS)
async def test_what_was_done_to_the_chain_shows(vault: Vault, name: str) -> None:
    chain = copy.deepcopy(await history.entries(vault))
    EDITS[name](chain)
    assert not history.intact(chain)


async def test_a_removed_entry_is_not_quietly_made_up_for(vault: Vault) -> None:
    """The next entry goes behind the last one, and takes nobody's place."""
    await vault.delete(history.KIND, "000000002")
    await add(vault, "the next one")
    titles = [entry["title"] for entry in await history.entries(vault)]
    assert titles == ["entry 0", "entry 2", "entry 3", "entry 4", "the next one"]
    assert not history.intact(await history.entries(vault))


async def test_more_than_any_person_has(vault: Vault) -> None:
    """Order is by number, not by text."""
    entry = (await history.entries(vault))[-1]
    late = {**entry, "seq": 10**9, "prev": entry["hash"]}
    late["hash"] = history.entry_hash(late)
    from agent.store.vault import Put

    await vault.put(Put(history.KIND, f"{late['seq']:09d}", late))
    history._known_seq.pop(vault)  # as if it had been there when the wallet was opened
    await add(vault, "after that")
    assert [each["seq"] for each in await history.entries(vault)][-2:] == [10**9, 10**9 + 1]

"""The history chain: edits, removals and reordering show; new entries never take an old one's place."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from aries_askar import Store
from hypothesis import given
from hypothesis import strategies as st

from agent.core.chain import GENESIS, examine, head_of, holds
from agent.core.verdict import Result
from agent.store import history
from agent.store.vault import Put, Vault

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
    late = {"seq": 10**9, "hash": (await history.entries(vault))[-1]["hash"]}
    await vault.put(Put(history.HEAD, "head", late))
    await add(vault, "late")
    await add(vault, "after that")
    assert [each["seq"] for each in await history.entries(vault)][-2:] == [10**9 + 1, 10**9 + 2]


# --- which entry, and how


async def broken(vault: Vault, chain: Chain) -> list[tuple[int, str]]:
    found = examine(chain, await history.head(vault))
    return [(each.seq, each.how) for each in found.breaks]


def _cut(chain: Chain) -> None:
    del chain[3:]


def _rewrite_all(chain: Chain) -> None:
    """A forger who writes everything anew from the third entry on, and forgets the head."""
    chain[2]["outcome"] = "something else"
    for before, entry in pairwise(chain[1:]):
        entry["prev"] = before["hash"]
        entry["hash"] = history.entry_hash(entry)


def _add(chain: Chain) -> None:
    more = {**chain[-1], "seq": 6, "prev": chain[-1]["hash"]}
    chain.append(more | {"hash": history.entry_hash(more)})


WHERE: dict[str, tuple[Callable[[Chain], Any], list[tuple[int, str]]]] = {
    "nothing": (lambda _chain: None, []),
    "a title edited": (lambda chain: chain[2].__setitem__("title", "x"), [(3, "edited")]),
    "the last one's title edited": (lambda chain: chain[4].__setitem__("title", "x"), [(5, "edited")]),
    "a hash edited": (lambda chain: chain[2].__setitem__("hash", "0" * 64), [(3, "edited")]),
    "the first removed": (lambda chain: chain.pop(0), [(1, "removed")]),
    "two removed": (lambda chain: chain.__delitem__(slice(1, 3)), [(2, "removed")]),
    "two swapped": (_swap, [(2, "reordered")]),
    "one twice": (lambda chain: chain.insert(2, copy.deepcopy(chain[2])), [(3, "added")]),
    "one rewritten with its hash": (_rehash, [(3, "edited")]),
    "the end cut off": (_cut, [(4, "cut_off")]),
    "everything removed": (lambda chain: chain.clear(), [(1, "cut_off")]),
    "everything rewritten but the head": (_rewrite_all, [(5, "edited")]),
    "one more at the end": (_add, [(6, "added")]),
    "no entry": (lambda chain: chain.__setitem__(1, "entry"), [(2, "unreadable")]),
    "an entry without a number": (lambda chain: chain[1].pop("seq"), [(2, "unreadable")]),
    "a number no JSON has": (lambda chain: chain[1].__setitem__("claims", [2**80]), [(2, "edited")]),
    "half a character": (lambda chain: chain[1].__setitem__("title", "\ud800"), [(2, "edited")]),
    "a number beyond all": (
        lambda chain: chain[4].__setitem__("seq", 2**52),
        [(5, "removed"), (2**52, "edited")],
    ),
}


@pytest.mark.parametrize("name", WHERE)
async def test_it_is_said_which_entry_is_broken_and_how(vault: Vault, name: str) -> None:
    edit, expected = WHERE[name]
    chain: Chain = copy.deepcopy(await history.entries(vault))
    edit(chain)
    found = await broken(vault, chain)
    assert found[: len(expected)] == expected
    assert bool(found) == bool(expected)
    assert len(found) == len(expected) or name == "a number beyond all"  # there the head does not fit either


@given(st.data())
def test_any_edit_of_any_entry_is_found_where_it_is(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 12))
    chain: Chain = []
    for number in range(1, size + 1):
        entry = {"seq": number, "title": f"t{number}", "prev": chain[-1]["hash"] if chain else GENESIS}
        chain.append(entry | {"hash": history.entry_hash(entry)})
    head = head_of(chain)
    assert examine(chain, head).result is Result.PASS
    place = data.draw(st.integers(0, size - 1))
    what = data.draw(st.sampled_from(["edit", "remove", "cut"]))
    if what == "edit":
        chain[place]["title"] = "x"
        assert [(each.seq, each.how) for each in examine(chain, head).breaks] == [(place + 1, "edited")]
    elif what == "remove":
        del chain[place]
        how = "cut_off" if place == size - 1 else "removed"
        assert [(each.seq, each.how) for each in examine(chain, head).breaks] == [(place + 1, how)]
    else:
        del chain[place:]
        assert [(each.seq, each.how) for each in examine(chain, head).breaks] == [(place + 1, "cut_off")]
        assert examine(chain, None).result is (Result.UNKNOWN if chain else Result.PASS)


@pytest.mark.parametrize("head", [{}, {"seq": "5", "hash": ""}, {"seq": 5}, [], "x", {"seq": -1, "hash": ""}])
async def test_a_head_that_is_none_is_a_fail(vault: Vault, head: Any) -> None:
    (only,) = examine(await history.entries(vault), head).breaks
    assert only.how == "unreadable"


# --- the head


async def test_head_and_entry_are_written_together_or_not_at_all(vault: Vault) -> None:
    before = await history.head(vault)
    entry = await history.next_entry(vault, at="", kind="presented", party=PARTY, title="never")
    with pytest.raises(TypeError):
        await vault.put(entry, Put("other", "1", {"no JSON": object()}))
    assert await history.head(vault) == before
    assert (await broken(vault, await history.entries(vault))) == []


async def test_a_cut_end_stays_a_gap_also_when_more_is_written(vault: Vault) -> None:
    await vault.delete(history.KIND, "000000005")
    assert await broken(vault, await history.entries(vault)) == [(5, "cut_off")]
    await add(vault, "the next one")
    assert await broken(vault, await history.entries(vault)) == [(5, "removed")]


async def test_a_wallet_of_before_there_were_heads_cannot_tell_until_its_next_entry(vault: Vault) -> None:
    await vault.delete(history.HEAD, "head")
    chain = await history.entries(vault)
    assert examine(chain, await history.head(vault)).result is Result.UNKNOWN
    await add(vault, "the next one")
    chain = await history.entries(vault)
    assert [each["seq"] for each in chain] == [1, 2, 3, 4, 5, 6]
    assert examine(chain, await history.head(vault)).result is Result.PASS


async def test_only_a_head_kept_elsewhere_shows_that_all_was_rewritten(vault: Vault) -> None:
    kept = await history.head(vault)
    await add(vault, "later")
    chain: Chain = copy.deepcopy(await history.entries(vault))
    assert holds(chain, kept)
    _rewrite_all(chain)
    assert examine(chain, head_of(chain)).result is Result.PASS
    assert not holds(chain, kept)
    assert not holds(chain, {"seq": 1})
    assert holds([], {"seq": 0, "hash": GENESIS})

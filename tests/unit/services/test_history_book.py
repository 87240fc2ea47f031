"""The history as people read it: filtered, in pages, examined, exported; and the same from a file alone."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from agent.core.chain import examine_export
from agent.core.verdict import Result
from agent.store import history
from tests.simulators.town import Member, Town

HISTORY = "/v1/wallet/history"
NORTHWIND = {"did": "did:web:northwind.example", "host": "northwind.example", "name": "Northwind Énergie"}
STERN = {"did": "did:web:stern.example", "host": "stern.example", "name": "Stern Bau"}


async def add(member: Member, number: int, **facts: Any) -> None:
    vault = member.agent.node.vault
    entry = {"at": "2026-07-01T10:00:00Z", "kind": "presented", "party": NORTHWIND, "title": f"Post {number}"}
    await vault.put(await history.next_entry(vault, **{**entry, **facts}))


@pytest.fixture
async def learner(place: Town) -> Member:
    member = await place.learner()
    for number in range(1, 6):
        await add(member, number, claims=["c0.title"], party=STERN if number == 3 else NORTHWIND)
    return member


async def get(member: Member, path: str = HISTORY, **params: Any) -> Any:
    async with member.http() as http:
        answer = await http.get(path, params=params)
    return answer.json() if answer.status_code == 200 else answer


async def seqs(member: Member, **params: Any) -> list[int]:
    return [entry["seq"] for entry in (await get(member, **params))["entries"]]


async def test_all_of_it_some_of_it_and_pages(learner: Member) -> None:
    whole = await get(learner)
    assert [entry["seq"] for entry in whole["entries"]] == [1, 2, 3, 4, 5]
    assert (whole["intact"], whole["result"], whole["count"], whole["total"]) == (True, "pass", 5, 5)
    assert whole["head"] == {"seq": 5, "hash": whole["entries"][-1]["hash"]}
    assert await seqs(learner, party="ÉNERGIE northwind") == [1, 2, 4, 5]
    assert await seqs(learner, party="did:web:stern.example") == [3]
    assert await seqs(learner, q="post 3") == [3]
    assert await seqs(learner, q="c0.title stern") == [3]
    assert await seqs(learner, q="nobody") == []
    assert await seqs(learner, limit=2) == [4, 5]
    assert await seqs(learner, limit=2, before=4, party="northwind") == [1, 2]
    assert await seqs(learner, limit=0) == []
    assert (await get(learner, limit=1, party="stern"))["total"] == 1


@pytest.mark.parametrize(
    "params",
    [{"limit": -1}, {"limit": "x"}, {"before": 0}, {"limit": 10**9}, {"q": "x" * 201}, {"party": "x" * 201}],
)
async def test_what_is_no_page_is_refused(learner: Member, params: dict[str, Any]) -> None:
    answer = await get(learner, **params)
    assert isinstance(answer, httpx.Response)
    assert answer.status_code == 422


async def test_what_is_written_later_is_there_and_only_that_is_examined(
    learner: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    await get(learner)
    examined: list[int] = []
    plain = history.chain.examine

    def counting(entries: Any, head: Any, **more: Any) -> Any:
        examined.append(len(entries))
        return plain(entries, head, **more)

    monkeypatch.setattr("agent.services.history_book.chain.examine", counting)
    await add(learner, 6)
    assert (await get(learner))["count"] == 6
    assert await seqs(learner, limit=1) == [6]
    assert examined == [1]
    assert (await get(learner, anew=True))["intact"] is True
    assert examined == [1, 6]


async def test_which_entry_was_cut_off_edited_or_removed_is_said(learner: Member) -> None:
    vault = learner.agent.node.vault
    await get(learner)
    await vault.delete(history.KIND, "000000005")
    found = await get(learner)
    assert (found["intact"], [(each["seq"], each["how"]) for each in found["breaks"]]) == (
        False,
        [(5, "cut_off")],
    )
    third = (await history.entries(vault))[2]
    await vault.put(history.Put(history.KIND, "000000003", third | {"party": NORTHWIND}))
    found = await get(learner)
    assert [(each["seq"], each["how"]) for each in found["breaks"]] == [(3, "edited"), (5, "cut_off")]
    await add(learner, 6)
    found = await get(learner)
    assert [(each["seq"], each["how"]) for each in found["breaks"]] == [(3, "edited"), (5, "removed")]


async def test_an_export_is_examined_without_any_service(learner: Member) -> None:
    document = await get(learner, f"{HISTORY}/export")
    assert examine_export(document)[0].result is Result.PASS
    del document["entries"][-1]
    assert [(each.seq, each.how) for each in examine_export(document)[0].breaks] == [(5, "cut_off")]


async def test_an_empty_history_is_intact_and_can_be_exported(place: Town) -> None:
    member = await place.learner()
    assert (await get(member))["intact"] is True
    assert examine_export(await get(member, f"{HISTORY}/export"))[0].result is Result.PASS


async def test_a_locked_wallet_shows_no_history(learner: Member) -> None:
    await learner.agent.node.relock()
    for path in (HISTORY, f"{HISTORY}/export"):
        assert (await get(learner, path)).status_code == 423

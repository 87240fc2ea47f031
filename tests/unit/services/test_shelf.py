"""What a learner adds to their credentials, and the list that shows it: kept apart, never lost, never trusted."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from agent.errors import InputError, LockedError, NotFoundError
from agent.services import stacking, summaries
from agent.services.shelf import Shelf
from agent.store.vault import Put, Remove, Vault
from tests.simulators.town import Member, Town


async def received(place: Town, university: Member, learner: Member) -> dict[str, Any]:
    offer = await learner.receive((await university.offer())["link"])
    await place.world.settled()
    return await learner.agent.holding.credential(str(offer["credential_id"]))


def shelf_of(learner: Member) -> Shelf:
    return Shelf(learner.agent.node, learner.agent.holding)


async def listed(learner: Member) -> list[dict[str, Any]]:
    return json.loads(await learner.agent.holding.summaries.listed())


async def ready(learner: Member) -> None:
    await learner.agent.holding.summaries.compare()


# --- shelves


async def test_what_a_learner_adds_outlives_rechecks_and_restarts(
    place: Town, university: Member, learner: Member
) -> None:
    id = (await received(place, university, learner))["id"]
    given = {
        "collections": [" Energy "],
        "tags": ["work", "WORK"],
        "note": "Ask Aoife.\x1b[2J",
        "archived": True,
    }
    wanted = {"collections": ["Energy"], "tags": ["work"], "note": "Ask Aoife.[2J", "archived": True}
    assert (await shelf_of(learner).put(id, given))["shelf"] == wanted
    await learner.agent.holding.recheck(id)
    await learner.restart()
    await learner.agent.holding.recheck(id)
    detail = await learner.agent.holding.detail(await learner.agent.holding.credential(id))
    assert detail["shelf"] == wanted
    (row,) = await listed(learner)
    assert {name: row[name] for name in ("archived", "collections", "tags", "noted")} == {
        "archived": True,
        "collections": ["Energy"],
        "tags": ["work"],
        "noted": True,
    }
    assert row["search"].startswith("Ask Aoife.")
    assert len(row["search"]) <= 600
    assert {name: detail[name] for name in row} == row
    # A part of it changes, and the rest stays; with nothing left nothing is kept.
    assert (await shelf_of(learner).put(id, {"tags": []}))["shelf"] == wanted | {"tags": []}
    await shelf_of(learner).put(id, {"note": "", "archived": False, "collections": []})
    assert await learner.agent.node.vault.all(summaries.SHELF) == []
    (row,) = await listed(learner)
    assert (row["archived"], row["noted"], row["collections"]) == (False, False, [])


async def test_collections_are_renamed_joined_and_taken_apart(
    place: Town, university: Member, learner: Member
) -> None:
    shelf = shelf_of(learner)
    first, second = [(await received(place, university, learner))["id"] for _ in range(2)]
    await shelf.put(first, {"collections": ["Energy", "Law"], "tags": ["x"]})
    # The spelling that is there already wins.
    assert (await shelf.put(second, {"collections": ["ENERGY", "Later"]}))["shelf"]["collections"] == [
        "Energy",
        "Later",
    ]
    assert await shelf.names() == {
        "collections": [
            {"name": "Energy", "count": 2},
            {"name": "Later", "count": 1},
            {"name": "Law", "count": 1},
        ],
        "tags": [{"name": "x", "count": 1}],
    }
    assert (await shelf.rename_collection("energy", "Law"))["collections"] == [
        {"name": "Later", "count": 1},
        {"name": "Law", "count": 2},
    ]
    assert (await shelf.rename_collection("Law", "LAW"))["collections"][0]["name"] == "Later"
    assert (await shelf.delete_collection("law"))["collections"] == [{"name": "Later", "count": 1}]
    assert len(await learner.agent.holding.credentials()) == 2
    for call in (shelf.delete_collection("law"), shelf.rename_collection("law", "x")):
        with pytest.raises(NotFoundError, match="no_such_collection"):
            await call
    with pytest.raises(InputError, match="no_name"):
        await shelf.rename_collection("Later", "\u200b")


BAD: tuple[tuple[dict[str, Any], str], ...] = (
    ({"tags": "x"}, "bad_request"),
    ({"tags": [1]}, "bad_request"),
    ({"collections": ["x"] * 201}, "bad_request"),
    ({"archived": "yes"}, "bad_request"),
    ({"note": None}, "bad_request"),
    ({"tags": ["\u202e"]}, "no_name"),
    ({"tags": ["x" * 61]}, "name_too_long"),
    ({"collections": [str(n) for n in range(51)]}, "too_many_names"),
    ({"note": "x" * 4001}, "note_too_long"),
)


async def test_what_cannot_be_put_on_a_shelf_changes_nothing(
    place: Town, university: Member, learner: Member
) -> None:
    id = (await received(place, university, learner))["id"]
    before = (await shelf_of(learner).put(id, {"note": "kept"}))["shelf"]
    async with learner.http() as http:
        for body, code in BAD:
            answer = await http.post(f"/v1/wallet/credentials/{id}/shelf", json={"note": "lost"} | body)
            assert (answer.status_code, answer.json()["code"]) == (422, code), body
        for path in ("/v1/wallet/credentials/nobody/shelf", "/v1/wallet/credentials/nobody/loss"):
            answer = await http.request("POST" if "shelf" in path else "GET", path)
            assert answer.json()["code"] == "no_such_credential"
        found = (await http.get(f"/v1/wallet/credentials/{id[:8]}")).json()["shelf"]
    assert found == before


async def test_two_changes_at_once_are_both_kept(place: Town, university: Member, learner: Member) -> None:
    id = (await received(place, university, learner))["id"]
    shelf = shelf_of(learner)
    await asyncio.gather(shelf.put(id, {"note": "a"}), shelf.put(id, {"tags": ["b"]}), shelf.put(id, {}))
    found = (await shelf.put(id, {}))["shelf"]
    assert (found["note"], found["tags"]) == ("a", ["b"])


async def test_archived_answers_only_where_nothing_else_does(
    place: Town, university: Member, learner: Member, employer: Member
) -> None:
    old, new = [await received(place, university, learner) for _ in range(2)]
    shelf = shelf_of(learner)

    async def used() -> list[str]:
        shown = await learner.agent.presenting.review((await employer.ask())["link"])
        assert shown["plan"] is not None
        return [each["id"] for each in shown["plan"]["credentials"]]

    for archived, other in ((old, new), (new, old)):
        await shelf.put(archived["id"], {"archived": True})
        await shelf.put(other["id"], {"archived": False})
        assert await used() == [other["id"]]
        # Towards a stack all that is held counts; what is archived stands last.
        members = await stacking.members(learner.agent.holding)
        assert [each.id for each in members] == [other["id"], archived["id"]]
    await shelf.put(old["id"], {"archived": True})
    assert await used() in ([old["id"]], [new["id"]])


# --- the list


async def test_the_list_is_what_the_credentials_say(place: Town, university: Member, learner: Member) -> None:
    first = await received(place, university, learner)
    assert [row["id"] for row in await listed(learner)] == [first["id"]]
    second = await received(place, university, learner)
    # Of the same second: in the order of their ids, and so always in the same one.
    assert [row["id"] for row in await listed(learner)] == sorted([first["id"], second["id"]])
    assert {row["envelope"] for row in await listed(learner)} == {"anoncreds"}
    # Revoked: the list says so as soon as the credential does.
    offers = await university.agent.issuing.offers()
    code = next(each["id"] for each in offers if each["record"]["id"] == first["record"]["id"])
    await university.agent.issuing.revoke(code, "By mistake.")
    await learner.agent.holding.recheck(first["id"])
    assert {row["id"]: row["state"] for row in await listed(learner)} == {
        first["id"]: "fail",
        second["id"]: "pass",
    }


async def test_a_summary_that_is_stale_missing_or_of_nothing_is_made_anew(
    place: Town, university: Member, learner: Member
) -> None:
    for _ in range(4):
        await received(place, university, learner)
    await ready(learner)
    honest = await listed(learner)
    ids = [row["id"] for row in honest]
    vault = learner.agent.node.vault
    # As if other software had written: nothing follows these changes.
    followers, vault.followers = vault.followers, []
    lie = await vault.get(summaries.SUMMARY, ids[0])
    assert lie is not None
    changed = await vault.get(summaries.CREDENTIAL, ids[1])
    assert changed is not None
    changed["record"]["title"] = {"en": "Changed elsewhere"}
    old = await vault.get(summaries.SUMMARY, ids[3])
    assert old is not None
    await Vault.put(
        vault,
        Put(summaries.SUMMARY, ids[0], lie | {"of": "0" * 64, "text": lie["text"].replace("pass", "fail")}),
        Put(summaries.CREDENTIAL, ids[1], changed),
        Remove(summaries.SUMMARY, ids[2]),
        Put(summaries.SUMMARY, ids[3], old | {"version": summaries.VERSION - 1, "text": "{}"}),
        Put(summaries.SUMMARY, "f" * 32, lie | {"id": "f" * 32}),
    )
    vault.followers = followers
    await learner.restart()
    await ready(learner)
    found = await listed(learner)
    honest[1]["title"] = "Changed elsewhere"
    assert found == honest
    kept = await learner.agent.node.vault.all(summaries.SUMMARY)
    assert sorted(each["id"] for each in kept) == sorted(ids)


async def test_a_wallet_from_before_there_were_summaries_has_a_whole_list_at_once(
    place: Town, university: Member, learner: Member
) -> None:
    for _ in range(2):
        await received(place, university, learner)
    honest = await listed(learner)
    vault = learner.agent.node.vault
    await vault.put(*(Remove(summaries.SUMMARY, row["id"]) for row in honest))
    learner.agent.holding.summaries.forget()
    assert await listed(learner) == honest


async def test_a_write_that_breaks_off_leaves_no_lie_in_memory(
    place: Town, university: Member, learner: Member
) -> None:
    credential = await received(place, university, learner)
    await ready(learner)
    vault = learner.agent.node.vault
    with pytest.raises(TypeError):
        await vault.put(
            Put(summaries.SHELF, credential["id"], {"id": credential["id"], "bad": object()}),
        )
    (row,) = await listed(learner)
    assert row["tags"] == []


async def test_nothing_of_the_list_stays_in_memory_when_the_wallet_is_locked(
    place: Town, university: Member, learner: Member
) -> None:
    await received(place, university, learner)
    await listed(learner)
    holding = learner.agent.holding
    await holding.shares.of("x")
    await learner.agent.node.relock()
    assert vars(holding.summaries)["_rows"] == {}
    assert vars(holding.shares)["_by_credential"] == {}
    with pytest.raises(LockedError):
        await holding.summaries.listed()


async def test_whom_it_was_shown_to_is_known_without_reading_the_history_again(
    place: Town, university: Member, learner: Member, employer: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    credential = await received(place, university, learner)
    holding = learner.agent.holding
    assert await holding.shares.of(credential["id"]) == []

    async def broken(_vault: Vault, _kind: str) -> None:
        raise AssertionError("read again")

    for number in (1, 2):
        await learner.present((await employer.ask())["link"])
        with monkeypatch.context() as patch:
            patch.setattr(Vault, "each", broken)
            patch.setattr(Vault, "all", broken)
            shared = (await holding.detail(await holding.credential(credential["id"])))["shared"]
        assert len(shared) == number
    assert {share["to"]["did"] for share in shared} == {employer.did}
    holding.shares.forget()
    assert await holding.shares.of(credential["id"]) == shared


async def test_a_recheck_does_not_lose_a_badge_that_came_meanwhile(
    place: Town, university: Member, learner: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    credential = await received(place, university, learner)
    bare = {name: value for name, value in credential.items() if name != "also"}
    bare["checks"] = [check for check in bare["checks"] if check["code"] != "also_ldp_vc"]
    holding, vault = learner.agent.holding, learner.agent.node.vault
    await vault.put(Put(summaries.CREDENTIAL, credential["id"], bare))
    checking, honest = asyncio.Event(), holding_checks()
    go_on = asyncio.Event()

    async def slow(*args: Any, **more: Any) -> Any:
        found = await honest(*args, **more)
        checking.set()
        await go_on.wait()
        return found

    monkeypatch.setattr("agent.services.checking.credential_checks", slow)
    task = asyncio.create_task(holding.recheck(credential["id"]))
    await checking.wait()
    await vault.put(Put(summaries.CREDENTIAL, credential["id"], credential))
    go_on.set()
    await task
    after = await holding.credential(credential["id"])
    assert after["also"] == credential["also"]
    assert [check["code"] for check in after["checks"]].count("also_ldp_vc") == 1


def holding_checks() -> Any:
    from agent.services import checking

    return checking.credential_checks

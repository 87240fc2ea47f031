"""The issuer's status lists: nobody gets an index twice, nothing that was set is lost, nothing goes back."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.errors import AgentError, CairnError
from agent.services import clock, status_lists
from agent.services.status_lists import PURPOSES, Allocation, Slot, StatusLists
from agent.store.public import PublicObjects
from agent.store.vault import Put
from agent.vc import proofs, status_list
from agent.vc.status_list import REVOCATION, SUSPENSION
from tests.simulators.town import LEARNER, Breaker, Member


@pytest.fixture
def lists(university: Member) -> StatusLists:
    return StatusLists(university.agent.node)


async def taken(member: Member, lists: StatusLists, name: str = "c") -> Allocation:
    """An allocation, written beside what it is for."""
    found = await lists.allocate()
    await member.agent.node.vault.put(found.put, Put("credential_of_test", name, found.slot.to_json()))
    return found


async def failure(call: Any) -> CairnError:
    with pytest.raises(CairnError) as caught:
        await call
    return caught.value


def public(member: Member) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=member.public_app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=member.settings.public_base)


def name_of(slot: Slot, purpose: str) -> str:
    return f"{slot.pair}-{purpose}"


def published(member: Member, slot: Slot, purpose: str = REVOCATION) -> dict[str, Any]:
    """What is served, its proof verified with the published key."""
    data = member.agent.node.public.get_status_list(name_of(slot, purpose))
    assert data is not None
    document: dict[str, Any] = json.loads(data)
    (proof,) = proofs.proofs_of(document)
    proofs.verify_proof(document, proof, member.agent.node.own_key())
    return document


def shown(member: Member, slot: Slot, purpose: str = REVOCATION) -> bool:
    return status_list.read(published(member, slot, purpose)).is_set(slot.index)


def sequence(member: Member, slot: Slot, purpose: str = REVOCATION) -> int:
    return member.agent.node.public.status_list_sequence(name_of(slot, purpose))


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    return lambda moment: monkeypatch.setattr(clock, "now", lambda: moment)


# --- giving out indexes


async def test_an_allocation(university: Member, lists: StatusLists) -> None:
    found = await taken(university, lists)
    base = university.settings.public_base
    assert found.credential_status == [
        {
            "id": f"{base}/status/{found.slot.pair}-{purpose}#{found.slot.index}",
            "type": "BitstringStatusListEntry",
            "statusPurpose": purpose,
            "statusListIndex": str(found.slot.index),
            "statusListCredential": f"{base}/status/{found.slot.pair}-{purpose}",
        }
        for purpose in PURPOSES
    ]
    assert Slot.from_json(found.slot.to_json()) == found.slot
    for entry, purpose in zip(found.credential_status, PURPOSES, strict=True):
        document = published(university, found.slot, purpose)
        assert (document["id"], document["issuer"]) == (entry["statusListCredential"], university.did)
        read = status_list.read(document)
        assert (read.purposes, read.size) == ((purpose,), 131_072)
        assert not any(read.bits)  # giving out an index changes nothing that can be seen


async def test_indexes_are_random_and_never_the_same(university: Member, lists: StatusLists) -> None:
    found = await asyncio.gather(*(lists.allocate() for _ in range(60)))
    assert len({allocation.slot.pair for allocation in found}) == 1
    indexes = [allocation.slot.index for allocation in found]
    assert len(set(indexes)) == 60
    assert indexes not in (sorted(indexes), sorted(indexes, reverse=True))
    assert min(indexes) < 65_536 <= max(indexes)
    # Written in another order than given out: none of them is lost by that.
    for allocation in reversed(found):
        await university.agent.node.vault.put(allocation.put)
    again = StatusLists(university.agent.node)
    assert await again._used_of(found[0].slot.pair) == set(indexes)


async def test_an_index_in_use_is_not_drawn_again(
    university: Member, lists: StatusLists, monkeypatch: pytest.MonkeyPatch
) -> None:
    draws = chain([7, 7, 7, 8, 7, 8, 9], repeat(0))
    monkeypatch.setattr(status_lists.secrets, "randbelow", lambda _limit: next(draws))
    first = await taken(university, lists, "a")
    second = await taken(university, lists, "b")
    await university.restart()  # killed: only what was written counts
    third = await StatusLists(university.agent.node).allocate()
    assert [each.slot.index for each in (first, second, third)] == [7, 8, 9]


async def test_two_at_once_get_two(
    university: Member, lists: StatusLists, monkeypatch: pytest.MonkeyPatch
) -> None:
    draws = chain([5, 5, 5, 6], repeat(0))
    monkeypatch.setattr(status_lists.secrets, "randbelow", lambda _limit: next(draws))
    found = await asyncio.gather(lists.allocate(), lists.allocate())
    assert sorted(each.slot.index for each in found) == [5, 6]


async def test_what_was_never_written_is_free_again(
    university: Member, lists: StatusLists, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status_lists.secrets, "randbelow", lambda _limit: 5)
    lost = await lists.allocate()
    assert (await failure(lists.set_status(lost.slot, REVOCATION, True))).code == "no_such_status"
    await university.restart()
    assert (await StatusLists(university.agent.node).allocate()).slot.index == 5


async def test_a_list_that_is_half_full_is_left(university: Member, lists: StatusLists) -> None:
    first = await taken(university, lists)
    used = await lists._used_of(first.slot.pair)
    used |= set(range(status_lists.SIZE // 2 - 1)) - {first.slot.index}
    while len(used) < status_lists.SIZE // 2:
        assert (await lists.allocate()).slot.pair == first.slot.pair
    second = await lists.allocate()
    assert second.slot.pair != first.slot.pair
    assert (await lists.allocate()).slot.pair == second.slot.pair
    await lists.set_status(first.slot, REVOCATION, True)  # the old one lives on
    assert shown(university, first.slot)


async def test_nothing_is_given_out_while_nothing_can_be_published(
    university: Member, lists: StatusLists
) -> None:
    university.wallet.fail["sign_data_integrity"] = AgentError("timeout", "ACA-Py did not answer.")
    assert (await failure(lists.allocate())).code == "timeout"
    university.wallet.fail.clear()
    found = await lists.allocate()
    assert not shown(university, found.slot)
    assert len(await university.agent.node.vault.all(status_lists.KIND)) == 1


# --- setting and lifting


async def test_revocation_and_suspension(university: Member, lists: StatusLists) -> None:
    one, other = await taken(university, lists, "a"), await taken(university, lists, "b")
    await lists.set_status(one.slot, SUSPENSION, True)
    assert shown(university, one.slot, SUSPENSION)
    assert not shown(university, one.slot, REVOCATION)
    await lists.set_status(one.slot, SUSPENSION, False)
    assert not shown(university, one.slot, SUSPENSION)
    await lists.set_status(one.slot, REVOCATION, True)
    assert shown(university, one.slot, REVOCATION)
    assert await lists.is_set(one.slot, REVOCATION)
    assert not await lists.is_set(one.slot, SUSPENSION)
    assert (await failure(lists.set_status(one.slot, REVOCATION, False))).code == "revocation_is_final"
    assert shown(university, one.slot, REVOCATION)
    for purpose in PURPOSES:
        assert not shown(university, other.slot, purpose)
        assert sum(each.bit_count() for each in status_list.read(published(university, one.slot)).bits) == 1


async def test_setting_what_is_set_changes_nothing(university: Member, lists: StatusLists) -> None:
    slot = (await taken(university, lists)).slot
    await lists.set_status(slot, REVOCATION, False)
    assert sequence(university, slot) == 1
    await lists.set_status(slot, REVOCATION, True)
    before = published(university, slot)
    await lists.set_status(slot, REVOCATION, True)
    assert published(university, slot) == before
    assert sequence(university, slot) == 2


async def test_set_together(university: Member, lists: StatusLists) -> None:
    slots = [(await taken(university, lists, str(number))).slot for number in range(8)]
    await asyncio.gather(*(lists.set_status(slot, purpose, True) for slot in slots for purpose in PURPOSES))
    assert all(shown(university, slot, purpose) for slot in slots for purpose in PURPOSES)


async def test_what_cannot_be_set(university: Member, lists: StatusLists) -> None:
    slot = (await taken(university, lists)).slot
    for wrong, purpose, code in (
        (Slot(slot.pair, (slot.index + 1) % status_lists.SIZE), REVOCATION, "no_such_status"),
        (Slot(slot.pair, -1), REVOCATION, "no_such_status"),
        (Slot(slot.pair, status_lists.SIZE), REVOCATION, "no_such_status"),
        (Slot("0" * 16, slot.index), REVOCATION, "no_such_status"),
        (Slot("../../token", slot.index), REVOCATION, "no_such_status"),
        (slot, "message", "no_such_purpose"),
        (slot, "", "no_such_purpose"),
    ):
        assert (await failure(lists.set_status(wrong, purpose, True))).code == code
        assert (await failure(lists.is_set(wrong, purpose))).code == code
    assert sequence(university, slot) == 1


# --- crashes and faults


async def test_killed_between_the_vault_and_the_file(university: Member, lists: StatusLists) -> None:
    slot = (await taken(university, lists)).slot
    university.breaker = Breaker(at=1)
    with pytest.raises(asyncio.CancelledError):
        await lists.set_status(slot, REVOCATION, True)
    assert university.breaker.trace == ["put"]
    assert not shown(university, slot)
    await university.restart()
    lists = university.agent.status_lists  # two on one node would publish against each other
    await lists.resume()
    assert shown(university, slot)
    assert await lists.is_set(slot, REVOCATION)


async def test_killed_before_the_first_publication(university: Member, lists: StatusLists) -> None:
    university.breaker = Breaker(at=1)
    with pytest.raises(asyncio.CancelledError):
        await lists.allocate()
    await university.restart()
    lists = university.agent.status_lists
    await lists.resume()
    found = await lists.allocate()
    assert not shown(university, found.slot)
    assert len(await university.agent.node.vault.all(status_lists.KIND)) == 1


async def test_not_published_now_and_published_later(
    university: Member, lists: StatusLists, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status_lists, "RETRY_SECONDS", 0.01)
    slot = (await taken(university, lists)).slot
    await lists.resume()
    university.wallet.fail["sign_data_integrity"] = AgentError("timeout", "ACA-Py did not answer.")
    error = await failure(lists.set_status(slot, REVOCATION, True))
    assert (error.code, error.hint != "") == ("not_published", True)
    assert await lists.is_set(slot, REVOCATION)
    await asyncio.sleep(0.05)
    assert not shown(university, slot)
    university.wallet.fail.clear()

    async def look() -> bool:
        return shown(university, slot)

    await university.town.eventually(look)


async def test_done_again_after_a_failure(university: Member, lists: StatusLists) -> None:
    slot = (await taken(university, lists)).slot
    university.wallet.fail["sign_data_integrity"] = AgentError("timeout", "ACA-Py did not answer.")
    assert (await failure(lists.set_status(slot, REVOCATION, True))).code == "not_published"
    university.wallet.fail.clear()
    await lists.set_status(slot, REVOCATION, True)
    assert shown(university, slot)


async def test_a_key_that_is_not_the_published_one(university: Member, lists: StatusLists) -> None:
    slot = (await taken(university, lists)).slot
    before = published(university, slot)
    university.wallet.keys[university.did] = Ed25519PrivateKey.generate()
    assert (await failure(lists.set_status(slot, REVOCATION, True))).code == "not_published"
    assert published(university, slot) == before


async def test_a_vault_from_a_backup_takes_nothing_back(university: Member, lists: StatusLists) -> None:
    slot = (await taken(university, lists)).slot
    await university.agent.node.relock()
    backup = university.home / "backup.db"
    shutil.copy(university.home / "vault.db", backup)
    await university.start()
    await lists.set_status(slot, REVOCATION, True)
    await lists.set_status(slot, SUSPENSION, True)
    assert sequence(university, slot) == 2
    await university.agent.node.relock()
    shutil.copy(backup, university.home / "vault.db")
    await university.restart()
    lists = university.agent.status_lists
    await lists.resume()
    assert sequence(university, slot) == 3
    for purpose in PURPOSES:
        assert await lists.is_set(slot, purpose)
        assert shown(university, slot, purpose)
    # Which indexes were given out since the backup is forgotten, so no more are given out of this pair.
    assert (await lists.allocate()).slot.pair != slot.pair
    await lists.set_status(slot, SUSPENSION, False)
    assert not shown(university, slot, SUSPENSION)


async def test_a_folder_from_a_backup_is_published_anew(university: Member, lists: StatusLists) -> None:
    slot = (await taken(university, lists)).slot
    folder = university.home / "public" / "status" / name_of(slot, REVOCATION)
    shutil.copytree(folder, university.home / "old")
    await lists.set_status(slot, REVOCATION, True)
    shutil.rmtree(folder)
    shutil.copytree(university.home / "old", folder)
    assert not shown(university, slot)
    await lists.publish_all()
    assert shown(university, slot)


def test_no_older_file_in_the_place_of_a_newer(tmp_path: Any) -> None:
    store, name = PublicObjects(tmp_path), "0123456789abcdef-revocation"
    assert (store.get_status_list(name), store.status_list_sequence(name)) == (None, 0)
    store.put_status_list(name, 9, b"nine")
    store.put_status_list(name, 10, b"ten")
    for older in (9, 10, 0, -1):
        with pytest.raises(CairnError) as caught:
            store.put_status_list(name, older, b"older")
        assert caught.value.code == "list_rollback"
    assert (store.get_status_list(name), store.status_list_sequence(name)) == (b"ten", 10)
    assert [path.name for path in (tmp_path / "status" / name).iterdir()] == ["000000000010.json"]
    for wrong in (
        "",
        "..",
        "../did",
        "0123456789abcdef",
        name + "x",
        name.upper(),
        name + "/..",
        name + "\n",
    ):
        with pytest.raises(CairnError) as caught:
            store.get_status_list(wrong)
        assert caught.value.code == "bad_object_name"


# --- validity


async def test_lists_are_renewed_before_they_end(
    university: Member, lists: StatusLists, at: Callable[[datetime], None]
) -> None:
    start = datetime(2026, 6, 12, 12, 0, 0, tzinfo=UTC)
    at(start)
    slot = (await taken(university, lists)).slot
    document = published(university, slot)
    assert (document["validFrom"], document["validUntil"]) == ("2026-06-12T12:00:00Z", "2026-06-19T12:00:00Z")
    assert document["credentialSubject"]["ttl"] == 300_000
    at(start + timedelta(hours=23))
    await lists.publish_all()
    assert published(university, slot) == document
    at(start + timedelta(hours=24))
    await lists.publish_all()
    assert published(university, slot)["validUntil"] == "2026-06-20T12:00:00Z"
    assert sequence(university, slot) == sequence(university, slot, SUSPENSION) == 2
    # A clock that was wrong and is put right: a list that is not valid yet helps nobody.
    at(start - timedelta(days=300))
    await lists.publish_all()
    assert published(university, slot)["validFrom"] == "2025-08-16T12:00:00Z"


async def test_they_are_renewed_while_the_service_runs(
    university: Member,
    lists: StatusLists,
    at: Callable[[datetime], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(status_lists, "CHECK_SECONDS", 0.01)
    start = clock.now()
    slot = (await taken(university, lists)).slot
    await lists.resume()
    tasks = [task.get_name() for task in university.agent.node._tasks].count("status lists")
    await lists.resume()  # ACA-Py was restarted: still one task (and one of the agent's own lists)
    await asyncio.sleep(0.05)
    assert sequence(university, slot) == 1
    assert [task.get_name() for task in university.agent.node._tasks].count("status lists") == tasks == 2
    at(start + timedelta(days=2))

    async def look() -> bool:
        return sequence(university, slot) == 2

    await university.town.eventually(look)


# --- what the world sees


async def test_served_with_the_wallet_locked(university: Member, lists: StatusLists) -> None:
    slot = (await taken(university, lists)).slot
    await lists.set_status(slot, REVOCATION, True)
    await university.agent.node.relock()
    async with public(university) as http:
        answer = await http.get(f"/status/{name_of(slot, REVOCATION)}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
        assert answer.headers["cache-control"] == "public, max-age=300"
        assert status_list.read(answer.json()).is_set(slot.index)
        tag = answer.headers["etag"]
        for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
            again = await http.get(f"/status/{name_of(slot, REVOCATION)}", headers={"if-none-match": known})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
            assert again.headers["cache-control"] == "public, max-age=300"
        for unknown in ("", '"x"', tag.strip('"')):
            again = await http.get(f"/status/{name_of(slot, REVOCATION)}", headers={"if-none-match": unknown})
            assert again.status_code == 200
        other = await http.get(f"/status/{name_of(slot, SUSPENSION)}", headers={"if-none-match": tag})
        assert other.status_code == 200
        assert (
            await http.get(f"/status/{'0' * 16}-revocation", headers={"if-none-match": "*"})
        ).status_code == 404
        for path in ("x", "0" * 16, "..%2f..%2ftoken", "%00", f"{slot.pair}-message", "x" * 3000):
            assert (await http.get(f"/status/{path}")).status_code in (404, 422), path


async def test_a_list_holds_bits_and_nothing_else(university: Member, lists: StatusLists) -> None:
    slot = (await taken(university, lists)).slot
    await lists.set_status(slot, REVOCATION, True)
    document = published(university, slot)
    assert set(document) == {
        *("@context", "id", "type", "issuer", "validFrom", "validUntil", "credentialSubject", "proof")
    }
    assert set(document["credentialSubject"]) == {"id", "type", "statusPurpose", "ttl", "encodedList"}
    text = json.dumps(document)
    assert LEARNER.family_name not in text
    assert str(slot.index) not in text
    for kept in await university.agent.node.vault.all(status_lists.INDEX):
        assert set(kept) == {"pair", "index"}

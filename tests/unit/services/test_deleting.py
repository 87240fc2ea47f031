"""Deleting: said before, agreed to by its hash, all of it or none of it, whatever dies on the way."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from agent.errors import AgentError, ConflictError, ConsentError, InputError, NotFoundError
from agent.services import checking, links
from agent.services import deleting as deleting_module
from agent.services import second_copy as second_copy_module
from agent.services.deleting import Deleting
from agent.services.exporting import Exporting
from agent.services.importing import Importing
from agent.services.shelf import Shelf
from agent.services.summaries import DELETING, SHELF
from agent.store.vault import Put
from tests.simulators.town import LEARNER, Member, Town
from tests.unit.services.test_crashes import cut

UNFINISHED = {
    "@context": [
        "https://www.w3.org/ns/credentials/v2",
        "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
    ],
    "type": ["VerifiableCredential", "OpenBadgeCredential"],
    "issuer": {"id": "https://club.example/me", "type": ["Profile"]},
    "credentialSubject": {"id": "did:key:z6Mk", "type": ["AchievementSubject"]},
}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deleting_module, "PAUSE_SECONDS", 0.02)
    monkeypatch.setattr(second_copy_module, "PAUSE_SECONDS", 0.02)


async def received(place: Town, university: Member, learner: Member) -> dict[str, Any]:
    offer = await learner.receive((await university.offer())["link"])
    await place.world.settled()
    return await learner.agent.holding.credential(str(offer["credential_id"]))


def of(learner: Member) -> Deleting:
    assert learner.agent.deleting is not None
    return learner.agent.deleting


async def delete(learner: Member, id: str) -> None:
    await of(learner).delete(id, (await of(learner).loss(id))["expect"])


async def everything(learner: Member) -> str:
    """All that the vault holds, but for the history."""
    vault = learner.agent.node.vault
    kinds = ("credential", "summary", "shelf", "deleting", "offer", "imported_digest", "visual_badge")
    return repr({kind: await vault.all(kind) for kind in kinds})


async def gone(place: Town, learner: Member, credential: dict[str, Any]) -> None:
    """Nothing of it is left anywhere, but what the history says."""

    async def settled() -> bool:
        return not await learner.agent.node.vault.all(DELETING)

    await place.eventually(settled)
    left = await everything(learner)
    assert credential["id"] not in left
    assert credential["record"]["id"] not in left
    assert str(LEARNER.id) not in left
    assert credential["referent"] not in learner.wallet.held
    assert learner.wallet.credentials == {}
    entries = [entry["kind"] for entry in await learner.history()]
    assert entries.count("deleted") == 1, entries
    with pytest.raises(NotFoundError):
        await learner.agent.holding.credential(credential["id"])
    assert await learner.agent.holding.summaries.ids() == []


async def test_what_is_lost_is_said_before(
    place: Town, university: Member, learner: Member, employer: Member
) -> None:
    credential = await received(place, university, learner)
    id = credential["id"]
    first = await of(learner).loss(id[:8])
    assert first["losses"] == [
        "It can no longer be shown to anybody.",
        "The issuer's offer has been used: it cannot be fetched again.",
        "Its Open Badge, which is kept with it, goes as well.",
        *[line for line in first["losses"] if line.startswith("It counts ")],
        "A backup that was made before may still hold it.",
        "The history keeps that it was here, and that you deleted it.",
    ]
    assert any(" ECTS towards " in line for line in first["losses"])
    assert await of(learner).loss(id) == first
    await learner.present((await employer.ask())["link"])
    await Shelf(learner.agent.node, learner.agent.holding).put(
        id, {"note": "mine", "collections": ["Energy", "Law"], "tags": ["x"]}
    )
    second = await of(learner).loss(id)
    added = {line for line in second["losses"] if line not in first["losses"]}
    assert added == {
        "It was shown once; what was sent cannot be recalled.",
        "Your note on it goes as well.",
        "It leaves your collections Energy, Law.",
        "It leaves your tag x.",
    }
    # What was agreed to is what was shown, and nothing else.
    for stale in (first["expect"], "", "0" * 64):
        with pytest.raises(ConsentError, match="loss_changed"):
            await of(learner).delete(id, stale)
    assert (await learner.agent.holding.credential(id))["id"] == id
    assert await of(learner).delete(id, second["expect"]) == {"deleted": id}
    await gone(place, learner, credential)
    with pytest.raises(NotFoundError):
        await of(learner).delete(id, second["expect"])


async def test_the_learner_dies_while_deleting(place: Town, university: Member, learner: Member) -> None:
    """Killed after any step: before the first one nothing has happened, after it all of it does, once."""
    credential = await received(place, university, learner)
    id = credential["id"]
    await Shelf(learner.agent.node, learner.agent.holding).put(id, {"note": "mine"})
    backup = {
        kind: await learner.agent.node.vault.all(kind) for kind in ("credential", "offer", "imported_digest")
    }
    assert backup["imported_digest"]
    steps: list[str] = []
    while not steps or steps[-1]:
        held = dict(learner.wallet.held), dict(learner.wallet.credentials)
        steps.append(await cut(learner, len(steps) + 1, lambda: delete(learner, id)))
        await gone(place, learner, credential)
        if not steps[-1]:
            break
        # The same once more: everything is put back as it was, but for the history, which is set to its beginning.
        learner.wallet.held.update(held[0])
        learner.wallet.credentials.update(held[1])
        vault = learner.agent.node.vault
        for entry in await vault.all("history"):
            if entry["kind"] == "deleted":
                await vault.delete("history", f"{entry['seq']:09d}")
        assert await vault.all("imported_digest") == []
        await vault.put(*(Put("offer", each["id"], each) for each in backup["offer"]))
        await vault.put(Put("credential", id, backup["credential"][0]), Put(SHELF, id, _shelf(id)))
        await learner.restart()
    assert steps[:-1] == ["put", "delete_credential_record", "delete_credential", "put"]


def _shelf(id: str) -> dict[str, Any]:
    return {"id": id, "archived": False, "collections": [], "tags": [], "note": "mine"}


async def test_acapy_is_away_while_deleting(
    place: Town, university: Member, learner: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    credential = await received(place, university, learner)
    down = True

    class Away:
        def __init__(self, honest: Any) -> None:
            self._honest = honest

        def __getattr__(self, name: str) -> Any:
            if down:
                raise AgentError("unavailable", "ACA-Py does not answer.")
            return getattr(self._honest, name)

    node = learner.agent.node
    node._admin = Away(node._admin)  # type: ignore[assignment]
    monkeypatch.setattr(deleting_module, "TRIES", 1000)
    await delete(learner, credential["id"])
    # It is decided: the learner does not see it any more, although ACA-Py still has it.
    assert await learner.agent.holding.summaries.ids() == []
    assert await learner.agent.holding.credentials() == []
    with pytest.raises(NotFoundError):
        await learner.agent.holding.credential(credential["id"])
    assert credential["referent"] in learner.wallet.held
    down = False
    await gone(place, learner, credential)


async def test_acapy_says_that_it_is_gone_and_still_has_it(
    place: Town, university: Member, learner: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    credential = await received(place, university, learner)
    admin = await learner.agent.node.admin()
    answered: list[str] = []

    async def nothing(id: str) -> None:
        answered.append(id)
        if len(answered) == 1:
            return
        learner.wallet.held.pop(id)
        raise AgentError("failed", "ACA-Py answered 500.")  # it did it, and says that it did not

    monkeypatch.setattr(type(admin), "delete_credential", staticmethod(nothing))
    await delete(learner, credential["id"])
    await gone(place, learner, credential)
    assert len(answered) == 2


async def test_not_while_it_is_being_sent(
    place: Town, university: Member, learner: Member, employer: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    credential = await received(place, university, learner)
    other = await received(place, university, learner)
    request = await employer.ask()
    shown = await learner.agent.presenting.review(request["link"])
    used = shown["plan"]["credentials"][0]["id"]
    honest, asked, go_on = links.call, asyncio.Event(), asyncio.Event()

    async def slow(*args: Any) -> Any:
        asked.set()
        await go_on.wait()
        return await honest(*args)

    monkeypatch.setattr(links, "call", slow)
    task = asyncio.create_task(learner.agent.presenting.present(shown["id"], expect=shown["plan"]["hash"]))
    await asked.wait()  # the consent is written down, and nothing has left yet
    with pytest.raises(ConflictError, match="in_use"):
        await delete(learner, used)
    assert await learner.agent.node.vault.all(DELETING) == []
    # Another one may go at any time.
    unused = next(each["id"] for each in (credential, other) if each["id"] != used)
    await delete(learner, unused)
    go_on.set()
    assert (await task)["state"] == "sent"
    await delete(learner, used)
    assert await learner.agent.holding.credentials() == []


async def test_a_recheck_that_was_under_way_does_not_bring_it_back(
    place: Town, university: Member, learner: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    credential = await received(place, university, learner)
    honest, under_way, go_on = checking.credential_checks, asyncio.Event(), asyncio.Event()

    async def slow(*args: Any, **more: Any) -> Any:
        found = await honest(*args, **more)
        under_way.set()
        await go_on.wait()
        return found

    monkeypatch.setattr(checking, "credential_checks", slow)
    task = asyncio.create_task(learner.agent.holding.recheck(credential["id"]))
    await under_way.wait()
    await delete(learner, credential["id"])
    go_on.set()
    await task
    await gone(place, learner, credential)


async def test_an_imported_one_needs_no_acapy_and_can_be_imported_again(
    place: Town, university: Member, learner: Member
) -> None:
    credential = await received(place, university, learner)
    file = (
        await Exporting(learner.agent.node, learner.agent.holding).export(credential, "open-badge")
    ).content
    other = await place.learner("other")
    first = await Importing(other.agent.node).take(file, "badge.json")
    told = (await of(other).loss(first["id"]))["losses"]
    assert "It came from a file: it can be had again only if you still have that file." in told
    other.agent.node._ready.clear()  # its ACA-Py is not running
    await delete(other, first["id"])
    assert first["id"] not in await everything(other)
    again = await Importing(other.agent.node).take(file, "badge.json")
    assert again["import"] == "imported"
    assert again["id"] != first["id"]
    assert [entry["kind"] for entry in await other.history()] == ["imported", "deleted", "imported"]


async def test_a_visual_badge(place: Town, learner: Member) -> None:
    file = json.dumps(UNFINISHED).encode()
    importing = Importing(learner.agent.node)
    kept = await importing.take(file, "badge.json")
    assert kept["import"] == "visual_badge", kept
    async with learner.http() as http:
        answer = await http.post(f"/v1/wallet/badges/{kept['id'][:8]}/delete")
        assert answer.json() == {"deleted": kept["id"]}
        assert (await http.post(f"/v1/wallet/badges/{kept['id']}/delete")).status_code == 404
    assert kept["id"] not in await everything(learner)
    assert (await importing.take(file, "badge.json"))["import"] == "visual_badge"


async def test_over_http(place: Town, university: Member, learner: Member) -> None:
    credential = await received(place, university, learner)
    async with learner.http() as http:
        path = f"/v1/wallet/credentials/{credential['id']}"
        expect = (await http.get(f"{path}/loss")).json()["expect"]
        refused = await http.post(f"{path}/delete", json={"expect": "0" * 64})
        assert (refused.status_code, refused.json()["code"]) == (409, "loss_changed")
        for bad in ({}, {"expect": 7}, {"expect": "x" * 65}):
            assert (await http.post(f"{path}/delete", json=bad)).status_code == 422
        assert (await http.post(f"{path}/delete", json={"expect": expect})).json() == {
            "deleted": credential["id"]
        }
        assert (await http.get(path)).status_code == 404
        await learner.agent.node.relock()
        for answer in (
            await http.get(f"{path}/loss"),
            await http.post(f"{path}/delete", json={"expect": "x"}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (423, "locked")


def test_the_errors_are_what_the_command_line_tells_apart() -> None:
    assert ConsentError("loss_changed", "x").exit_code == 6
    assert InputError("bad", "x").exit_code == 2

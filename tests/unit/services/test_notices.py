"""What is noticed is so, is announced once, and is looked for without anybody asking."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agent.core.verdict import Result
from agent.services import clock
from agent.services import notices as module
from agent.services.bus import Event
from agent.services.held import WaitingFact
from agent.services.notices import SEEN, derive
from agent.services.status import status
from agent.store.vault import Put
from tests.simulators.town import Member, Town
from tests.unit.services.test_trust_panel import HELD
from trust_registry.models import SnapshotInfo
from trust_registry.vocabulary import Freshness, SnapshotKind

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
DAY = timedelta(days=1)
PARTY = ("did:web:x.example", "x.example", "X")


def waiting(state: str = "open", *, hours: int = 1) -> WaitingFact:
    return WaitingFact(
        "o1", state, "Green Transition", PARTY, "2026-06-14T08:00:00Z", NOW + timedelta(hours=hours)
    )


def listed(freshness: Freshness, days: int) -> SnapshotInfo:
    return SnapshotInfo(8, "2026-06-01T00:00:00Z", days * 86400, freshness, SnapshotKind.DEMO, "a" * 64)


def kinds(
    *held: Any, offers: Any = (), requests: Any = (), copy: SnapshotInfo | None = None
) -> list[tuple[str, str]]:
    return [(each.kind, each.detail) for each in derive(held, offers, requests, copy, NOW)]


def expiring(days: int) -> Any:
    return replace(HELD, expires_on=(NOW + days * DAY).date())


def test_nothing_to_notice() -> None:
    assert kinds(HELD, expiring(31), offers=[waiting("accepted"), waiting(hours=-1)], copy=None) == []
    assert kinds(requests=[waiting("sent")], copy=listed(Freshness.FRESH, 0)) == []
    unknown = replace(HELD, state=Result.UNKNOWN, status_known=False)
    assert kinds(unknown) == []  # what could not be found out is no bad news


@pytest.mark.parametrize(
    ("days", "expected"),
    [(-400, "expired"), (-1, "expired"), (0, "expires_soon"), (30, "expires_soon"), (31, "")],
)
def test_expiry_by_the_day(days: int, expected: str) -> None:
    assert [kind for kind, _ in kinds(expiring(days))] == ([expected] if expected else [])


def test_what_there_is_to_notice() -> None:
    revoked = replace(HELD, withdrawn="revoked", withdrawn_by="revoked by the issuer")
    suspended = replace(HELD, withdrawn="suspended", withdrawn_by="suspended")
    assert kinds(revoked) == [("revoked", "revoked by the issuer")]
    assert kinds(suspended) == [("suspended", "suspended")]
    assert [kind for kind, _ in kinds(replace(revoked, expires_on=NOW.date()))] == ["revoked", "expires_soon"]
    assert [kind for kind, _ in kinds(offers=[waiting()], requests=[waiting()])] == [
        "new_offer",
        "new_request",
    ]
    for freshness, days, word in (
        (Freshness.STALE, 1, "is a day old: answers still rest on it"),
        (Freshness.EXPIRED, 8, "is 8 days old"),
        (Freshness.DEAD, 40, "answers nothing"),
    ):
        ((kind, detail),) = kinds(copy=listed(freshness, days))
        assert (kind, word in detail) == ("list_old", True)


def test_another_expiry_is_another_notice_and_the_same_one_is_not() -> None:
    first, second, again = (derive([expiring(days)], (), (), None, NOW)[0].id for days in (3, 4, 3))
    assert first == again != second


# --- with a wallet


async def all_of(member: Member) -> list[dict[str, Any]]:
    async with member.http() as http:
        answer = await http.get("/v1/wallet/notices")
    found: list[dict[str, Any]] = answer.json()["notices"]
    return found


async def announced(member: Member, work: Any) -> list[Event]:
    async with member.agent.node.bus.listen() as queue:
        await work
        found = [queue.get_nowait() for _ in range(queue.qsize())]
    return [event for event in found if event is not None and event.name == "notice"]


@pytest.fixture
async def member(place: Town, monkeypatch: pytest.MonkeyPatch) -> Member:
    """A learner whose wallet looks for notices only when it is asked."""
    monkeypatch.setattr(module, "GATHER_SECONDS", 3600.0)
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.0)
    return await place.learner()


async def test_an_offer_is_noticed_once_seen_once_and_gone_when_decided(place: Town, member: Member) -> None:
    university = await place.university()
    offer = await university.offer()
    reviewed = await member.agent.holding.review(offer["link"])
    events = await announced(member, all_of(member))
    assert [(event.data["kind"], event.data["about"]) for event in events] == [("new_offer", reviewed["id"])]
    (notice,) = await all_of(member)
    assert (notice["about"], notice["seen"]) == ({"what": "offer", "id": reviewed["id"]}, False)
    assert notice["party"]["host"] == "localhost:8321"
    assert (await status(member.agent))["notices"] == 1
    assert await announced(member, all_of(member)) == []

    async with member.http() as http:
        answer = await http.post("/v1/wallet/notices/seen", json={"ids": [notice["id"], "no such"]})
        assert [each["seen"] for each in answer.json()["notices"]] == [True]
        for bad in ({"ids": "x"}, {"ids": [1]}, {"ids": ["x"] * 101}):
            assert (await http.post("/v1/wallet/notices/seen", json=bad)).status_code == 422
    assert (await status(member.agent))["notices"] == 0

    await member.restart()  # seen is seen, also by the next process
    assert [each["seen"] for each in await all_of(member)] == [True]
    await member.agent.holding.reject(reviewed["id"], "")
    assert await all_of(member) == []
    assert await member.agent.node.vault.all(SEEN) == []
    await member.agent.node.relock()
    assert (await status(member.agent))["notices"] == 0


async def test_a_revocation_is_noticed_without_anybody_asking(
    place: Town, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    university = await place.university()
    offers = [await university.offer() for _ in range(2)]
    for offer in offers:
        await member.receive(offer["link"])
    notices = member.agent.notices
    member.agent.node.webhooks._subscribers.clear()  # the issuer's agent does not tell the wallet
    await university.agent.issuing.revoke(offers[0]["id"], "")
    assert await notices.recheck_due() == 0  # looked at today
    touched = member.agent.node._touched
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + 1.5 * DAY)

    events: list[Event] = []
    async with member.agent.node.bus.listen() as queue:
        assert await notices.recheck_due() == 2
        events += [event for _ in range(queue.qsize()) if (event := queue.get_nowait()) is not None]
    assert [event.name for event in events].count("credential") == 1  # only of the one that changed
    assert member.agent.node._touched == touched  # it does not keep the wallet open
    found = await all_of(member)
    assert [(each["kind"], each["seen"]) for each in found] == [("revoked", False)]
    assert [entry["kind"] for entry in await member.history()] == ["received", "received", "revoked"]


async def test_a_quiet_look_that_gets_no_answer_leaves_what_was_found(
    place: Town, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    university = await place.university()
    await member.receive((await university.offer())["link"])
    (before,) = await member.agent.holding.credentials()
    now = clock.now()
    place.registry.mode = "down"
    place.internet.apps.clear()
    monkeypatch.setattr(clock, "now", lambda: now + 1.5 * DAY)
    assert await member.agent.notices.recheck_due() == 1
    assert await member.agent.holding.credentials() == [before]
    assert await member.agent.notices.recheck_due() == 0  # not again within the hour
    monkeypatch.setattr(clock, "now", lambda: now + 8 * DAY)
    assert await member.agent.notices.recheck_due() == 1
    (after,) = await member.agent.holding.credentials()
    assert "unknown" in {check["result"] for check in after["checks"]}  # for a week, and not for ever


async def test_it_waits_while_an_exchange_runs(
    place: Town, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    university = await place.university()
    await member.receive((await university.offer())["link"])
    other = await member.agent.holding.review((await university.offer())["link"])
    vault = member.agent.node.vault
    await vault.put(Put("offer", other["id"], other | {"state": "accepting"}))
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + 1.5 * DAY)
    looked: list[str] = []

    async def look(id: str, _shared: Any) -> None:
        looked.append(id)

    monkeypatch.setattr(member.agent.holding, "recheck_quietly", look)
    running = asyncio.create_task(member.agent.notices.recheck_due())
    for _ in range(50):
        await asyncio.sleep(0)
    assert looked == []
    await vault.put(Put("offer", other["id"], other | {"state": "rejected"}))
    await running
    assert len(looked) == 1


async def test_what_was_deleted_meanwhile_does_not_come_back(place: Town, member: Member) -> None:
    university = await place.university()
    await member.receive((await university.offer())["link"])
    (held,) = await member.agent.holding.credentials()
    await member.agent.node.vault.delete("credential", held["id"])
    await member.agent.holding.recheck_quietly(held["id"], module.checking.Round(member.agent.node))
    await member.agent.holding._recheck(held, module.checking.Round(member.agent.node))
    assert await member.agent.holding.credentials() == []


async def test_what_time_brings_is_announced_by_itself(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody asks: the watch looks when something happens, and now and then."""
    monkeypatch.setattr(module, "GATHER_SECONDS", 0.0)
    monkeypatch.setattr(module, "TICK_SECONDS", 0.01)
    member = await place.learner()
    place.registry.copy_age = 30 * timedelta(hours=1)
    async with member.agent.node.bus.listen() as queue:
        event = await asyncio.wait_for(queue.get(), 20)
        while event is None or event.name != "notice":
            event = await asyncio.wait_for(queue.get(), 20)
    assert event.data["kind"] == "list_old"

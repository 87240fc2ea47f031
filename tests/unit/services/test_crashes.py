"""kill -9 between any two steps, on every side: exactly one credential, exactly one presentation, nothing lost.

A run is cut at its first point, the next one at its second, and so on until one runs through: every call of
ACA-Py, every write to the vault and every request to the other side has a point before it and one after it.
After each cut the side that died starts again on the same home and the same ACA-Py, as `Node` does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from agent.services import holding as holding_module
from agent.services import presenting as presenting_module
from tests.simulators.town import Breaker, Member, Town

type Work = Callable[[], Awaitable[Any]]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding_module, "RETRY_SECONDS", 0.15)


async def cut(victim: Member, at: int, work: Work, *, own: bool = True) -> str:
    """Do ``work`` and kill ``victim`` at its ``at``-th point. Answers the point's name, "" when it ran through.

    ``own``: the work is the victim's and dies with it; otherwise the other side carries on with it.
    """
    victim.breaker = Breaker(at)
    task = asyncio.ensure_future(work())
    dead = asyncio.create_task(victim.breaker.broken.wait())
    await asyncio.wait({task, dead}, return_when=asyncio.FIRST_COMPLETED)
    if not victim.breaker.broken.is_set():
        await victim.town.world.settled()
        await asyncio.sleep(0.05)  # what the last webhook set off
    crashed = victim.breaker.broken.is_set()
    name = victim.breaker.trace[-1] if crashed else ""
    if crashed and own:
        task.cancel()
    if crashed:
        await victim.restart()
    dead.cancel()
    await asyncio.gather(task, dead, return_exceptions=True)
    return name


async def accepted(town: Town, learner: Member, link: str) -> None:
    """Wait for recovery; where the wallet says that it failed, or knows nothing yet, a person accepts again."""
    reviewed = await learner.agent.holding.review(link)

    async def look() -> bool:
        state = (await learner.agent.holding.offer(reviewed["id"]))["state"]
        if state in ("open", "failed"):
            await learner.agent.holding.accept(reviewed["id"])
        return bool(state == "accepted")

    await town.eventually(look)
    await town.world.settled()


async def check_books(town: Town, university: Member, learner: Member, number: int, after: str) -> None:
    """Each of ``number`` offers so far: one credential, one history entry, one that is valid."""
    credentials = await learner.agent.holding.credentials()
    assert len(credentials) == number, after
    assert len({credential["record"]["id"] for credential in credentials}) == number, after
    referents = {credential["referent"] for credential in credentials}
    assert referents <= set(learner.wallet.held), after
    assert [entry["kind"] for entry in await learner.history()] == ["received"] * number, after
    assert university.valid_credentials() == number, after
    for credential in credentials:
        index = (credential["rev_reg_id"], int(credential["cred_rev_id"]))
        assert university.wallet.lists[index[0]][index[1]] == 0, f"{after}: the copy that is kept was revoked"


async def test_the_learner_dies_while_accepting(place: Town, university: Member, learner: Member) -> None:
    points: list[str] = []
    while not points or points[-1]:
        offer = await university.offer()

        async def work(link: str = offer["link"]) -> None:
            await learner.receive(link)

        points.append(await cut(learner, len(points) + 1, work))
        await accepted(place, learner, offer["link"])
        await check_books(place, university, learner, len(points), points[-1])
        assert (await university.agent.issuing.offer(offer["id"]))["state"] == "issued"
    assert {"store_credential is done", "send_credential_request begins", "put begins"} <= set(points)


async def test_the_issuer_dies_while_issuing(place: Town, university: Member, learner: Member) -> None:
    points: list[str] = []
    while not points or points[-1]:
        offer = await university.offer()
        reviewed = await learner.agent.holding.review(offer["link"])

        async def work(id: str = reviewed["id"]) -> None:
            await learner.agent.holding.accept(id)

        points.append(await cut(university, len(points) + 1, work, own=False))
        await accepted(place, learner, offer["link"])
        await check_books(place, university, learner, len(points), points[-1])

        async def issued(code: str = offer["id"]) -> bool:
            return bool((await university.agent.issuing.offer(code))["state"] == "issued")

        await place.eventually(issued)
    assert {"create_offer is done", "create_invitation begins", "put is done"} <= set(points)


async def test_the_issuer_dies_while_revoking(place: Town, university: Member, learner: Member) -> None:
    points: list[str] = []
    while not points or points[-1]:
        offer = await university.offer()
        await learner.receive(offer["link"])
        await place.world.settled()

        async def settled(code: str = offer["id"]) -> bool:
            return bool((await university.agent.issuing.offer(code))["state"] == "issued")

        await place.eventually(settled)

        async def work(code: str = offer["id"]) -> None:
            await university.agent.issuing.revoke(code, "By mistake.")

        points.append(await cut(university, len(points) + 1, work))
        revoked = await university.agent.issuing.revoke(offer["id"], "By mistake.")
        assert revoked["state"] == "revoked", points[-1]
        assert university.valid_credentials() == 0, points[-1]
        states = [await learner.agent.holding.recheck(each["id"]) for each in await _held(learner)]
        results = [check["result"] for each in states for check in each["checks"] if check["code"] == "status"]
        assert results == ["fail"] * len(points), points[-1]
    assert {"revoke begins", "revoke is done", "put begins"} <= set(points)


async def _held(learner: Member) -> list[dict[str, Any]]:
    return await learner.agent.holding.credentials()


async def answered(town: Town, learner: Member, link: str) -> dict[str, Any]:
    """Wait for recovery; a request that is still open gets a new consent, one that is under way never does."""
    shown = await learner.agent.presenting.review(link)

    async def look() -> dict[str, Any] | None:
        request = await learner.agent.presenting.request(shown["id"])
        if request["state"] in ("open", "failed"):
            await learner.present(link)
        return request if request["state"] == "sent" else None

    return await town.eventually(look)


async def check_answers(
    town: Town, learner: Member, employer: Member, request: dict[str, Any], number: int, after: str
) -> None:
    verdict = await town.verdict(employer, request)
    assert verdict["authentic"]["result"] == "pass", (after, verdict["authentic"])
    seen = await employer.agent.asking.request(request["id"])
    assert len(seen["responses"]) == 1, after
    assert len(learner.wallet.sent) == number, f"{after}: presentations that left"
    presented = [entry for entry in await learner.history() if entry["kind"] == "presented"]
    assert len(presented) == number, f"{after}: history entries"
    assert [entry["outcome"] for entry in presented] == ["sent"] * number


async def test_the_learner_dies_while_presenting(
    place: Town, university: Member, learner: Member, employer: Member
) -> None:
    await learner.receive((await university.offer())["link"])
    points: list[str] = []
    while not points or points[-1]:
        request = await employer.ask()

        async def work(link: str = request["link"]) -> None:
            await learner.present(link)

        points.append(await cut(learner, len(points) + 1, work))
        sent = await answered(place, learner, request["link"])
        assert sent["outcome"]["matches_consent"], points[-1]
        await check_answers(place, learner, employer, request, len(points), points[-1])
    assert {"send_proposal is done", "send_presentation is done", "post_json is done"} <= set(points)


async def test_the_employer_dies_while_asking(
    place: Town,
    university: Member,
    learner: Member,
    employer: Member,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await learner.receive((await university.offer())["link"])
    points: list[str] = []
    while not points or points[-1]:
        request = await employer.ask()
        shown = await learner.agent.presenting.review(request["link"])

        async def work(shown: dict[str, Any] = shown, request: dict[str, Any] = request) -> None:
            await learner.agent.presenting.present(shown["id"], expect=shown["plan"]["hash"])
            await place.verdict(employer, request)

        points.append(await cut(employer, len(points) + 1, work, own=False))
        await answered(place, learner, request["link"])
        await check_answers(place, learner, employer, request, len(points), points[-1])
    assert {"send_bound_request is done", "verify_presentation is done", "put begins"} <= set(points)
    assert presenting_module.LIMITS.exchange_seconds >= 60  # nothing here was decided by a deadline

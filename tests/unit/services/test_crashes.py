"""kill -9 between any two steps, on every side: exactly one credential, exactly one presentation, nothing lost.

A run is cut after its first step, the next one after its second, and so on until one runs through. A step is
whatever has an effect outside the process: a call of ACA-Py, a write to the vault, a request to the other side.
After each cut the side that died starts again on the same home and the same ACA-Py, as `Node` does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from agent.services import holding as holding_module
from agent.services import second_copy as second_copy_module
from agent.services import sending as sending_module
from tests.simulators.town import Breaker, Member, Town

type Work = Callable[[], Awaitable[Any]]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding_module, "RETRY_SECONDS", 0.15)
    monkeypatch.setattr(second_copy_module, "PAUSE_SECONDS", 0.02)


async def cut(victim: Member, at: int, work: Work, *, own: bool = True) -> str:
    """Do ``work``; kill ``victim`` after its ``at``-th step. Answers the step's name, "" when it ran through.

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
            return False
        # What was left of the badge is asked for when the wallet starts, or by accepting again.
        return bool(state == "accepted" and (await _badge_kept(learner, reviewed["id"])))

    await town.eventually(look)
    await town.world.settled()


async def _badge_kept(learner: Member, id: str) -> bool:
    if (await learner.agent.holding.offer(id))["badge"]["state"] == "kept":
        return True
    await learner.agent.holding.accept(id)
    return False


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
        # The same as a badge: one that was signed once, about a key that the wallet has.
        held = credential["also"]["ldp_vc"]
        assert held["holder"] in learner.wallet.keys, after
    places = await university.agent.node.vault.all("status_index")
    made = [
        each["badge"] for each in await university.agent.node.vault.all("issued_offer") if each.get("badge")
    ]
    assert len(places) == len(made) == number, after


async def test_the_learner_dies_while_accepting(place: Town, university: Member, learner: Member) -> None:
    steps: list[str] = []
    while not steps or steps[-1]:
        offer = await university.offer()

        async def work(link: str = offer["link"]) -> None:
            await learner.receive(link)

        steps.append(await cut(learner, len(steps) + 1, work))
        await accepted(place, learner, offer["link"])
        await check_books(place, university, learner, len(steps), steps[-1])
        assert (await university.agent.issuing.offer(offer["id"]))["state"] == "issued"
    assert {"post_json", "put", "receive_invitation", "store_credential"} <= set(steps)


async def test_the_issuer_dies_while_issuing(place: Town, university: Member, learner: Member) -> None:
    steps: list[str] = []
    while not steps or steps[-1]:
        offer = await university.offer()
        reviewed = await learner.agent.holding.review(offer["link"])

        async def work(id: str = reviewed["id"]) -> None:
            await learner.agent.holding.accept(id)

        steps.append(await cut(university, len(steps) + 1, work, own=False))
        await accepted(place, learner, offer["link"])
        await check_books(place, university, learner, len(steps), steps[-1])

        async def issued(code: str = offer["id"]) -> bool:
            return bool((await university.agent.issuing.offer(code))["state"] == "issued")

        await place.eventually(issued)
    assert {"create_offer", "create_invitation", "put"} <= set(steps)


async def test_the_issuer_dies_while_revoking(place: Town, university: Member, learner: Member) -> None:
    steps: list[str] = []
    while not steps or steps[-1]:
        offer = await university.offer()
        await learner.receive(offer["link"])
        await place.world.settled()

        async def settled(code: str = offer["id"]) -> bool:
            return bool((await university.agent.issuing.offer(code))["state"] == "issued")

        await place.eventually(settled)

        async def work(code: str = offer["id"]) -> None:
            await university.agent.issuing.revoke(code, "By mistake.")

        steps.append(await cut(university, len(steps) + 1, work))
        revoked = await university.agent.issuing.revoke(offer["id"], "By mistake.")
        assert revoked["state"] == "revoked", steps[-1]
        assert university.valid_credentials() == 0, steps[-1]
        states = [await learner.agent.holding.recheck(each["id"]) for each in await _held(learner)]
        results = [
            check["result"] for each in states for check in each["checks"] if check["code"] == "status"
        ]
        assert results == ["fail"] * len(steps), steps[-1]
    assert {"revoke", "put"} <= set(steps)


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
    steps: list[str] = []
    while not steps or steps[-1]:
        request = await employer.ask()

        async def work(link: str = request["link"]) -> None:
            await learner.present(link)

        steps.append(await cut(learner, len(steps) + 1, work))
        sent = await answered(place, learner, request["link"])
        assert sent["outcome"]["matches_consent"], steps[-1]
        await check_answers(place, learner, employer, request, len(steps), steps[-1])
    assert {"post_json", "receive_invitation", "send_proposal", "send_presentation", "put"} <= set(steps)


async def test_the_employer_dies_while_asking(
    place: Town,
    university: Member,
    learner: Member,
    employer: Member,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await learner.receive((await university.offer())["link"])
    steps: list[str] = []
    while not steps or steps[-1]:
        request = await employer.ask()
        shown = await learner.agent.presenting.review(request["link"])

        async def work(shown: dict[str, Any] = shown, request: dict[str, Any] = request) -> None:
            await learner.agent.presenting.present(shown["id"], expect=shown["plan"]["hash"])
            await place.verdict(employer, request)

        steps.append(await cut(employer, len(steps) + 1, work, own=False))
        await answered(place, learner, request["link"])
        await check_answers(place, learner, employer, request, len(steps), steps[-1])
    assert {"create_invitation", "send_bound_request", "verify_presentation", "put"} <= set(steps)
    assert sending_module.LIMITS.exchange_seconds >= 60  # nothing here was decided by a deadline

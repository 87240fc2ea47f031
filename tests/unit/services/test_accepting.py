"""Accepting from an issuer that cheats, dies or is slow: what was reviewed is kept, or nothing is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agent.core.limits import Limits
from agent.errors import AgentError, ConflictError, NotFoundError, UnreachableError
from agent.services import holding as holding_module
from tests.simulators.acapy_admin import Values
from tests.simulators.internet import raw_answer
from tests.simulators.town import Member, Town
from tests.unit.services.hostile import FAR_AWAY, serve

OTHER_CRED_DEF = f"{FAR_AWAY}/anoncreds/v1/CREDDEF/{'0' * 64}"


def changed(values: Values) -> Values:
    return values | {"ects_hundredths": "50"}


def missing(values: Values) -> Values:
    return {name: value for name, value in values.items() if name != "grade"}


def extra(values: Values) -> Values:
    return values | {"nationality": "IE"}


def other_digest(values: Values) -> Values:
    return values | {"record_digest": "0" * 64}


def renamed(values: Values) -> Values:
    return missing(values) | {"Grade": values["grade"]}


EDITS = (changed, missing, extra, other_digest, renamed)


async def nothing_kept(learner: Member, offer_id: str, code: str) -> dict[str, Any]:
    offer = await learner.agent.holding.offer(offer_id)
    assert (offer["state"], offer["error"]["code"]) == ("failed", code)
    assert offer["error"]["detail"]
    assert learner.wallet.held == {}
    assert await learner.agent.holding.credentials() == []
    assert await learner.history() == []
    return offer


async def test_the_offer_that_arrives_differs_from_the_one_reviewed(
    place: Town, university: Member, learner: Member, subtests: Any
) -> None:
    offer = await university.offer()
    for edit in EDITS:
        with subtests.test(edit.__name__):
            university.wallet.offered = edit
            failed = await learner.receive(offer["link"])
            await nothing_kept(learner, failed["id"], "offer_changed")
            assert "send_credential_request" not in learner.wallet.calls
            assert university.valid_credentials() == 0
    university.wallet.offered = dict  # honest again: the learner's own accept is still possible
    assert (await learner.agent.holding.accept(failed["id"]))["state"] == "accepted"
    await place.world.settled()
    assert university.valid_credentials() == 1


async def test_the_offer_that_arrives_is_under_another_definition(
    university: Member, learner: Member
) -> None:
    offer = await university.offer()
    university.wallet.offered_cred_def = OTHER_CRED_DEF
    failed = await learner.receive(offer["link"])
    await nothing_kept(learner, failed["id"], "offer_changed")
    assert "send_credential_request" not in learner.wallet.calls


async def test_the_credential_stored_differs_and_is_deleted(
    university: Member, learner: Member, subtests: Any
) -> None:
    for edit in EDITS:
        with subtests.test(edit.__name__):
            offer = await university.offer()
            university.wallet.issued = edit
            failed = await learner.receive(offer["link"])
            await nothing_kept(learner, failed["id"], "offer_changed")
            assert learner.wallet.calls[-1] == "delete_credential"


async def test_the_credential_stored_is_under_another_definition(university: Member, learner: Member) -> None:
    offer = await university.offer()
    university.wallet.issued_cred_def = OTHER_CRED_DEF
    failed = await learner.receive(offer["link"])
    await nothing_kept(learner, failed["id"], "offer_changed")


NO_ANSWERS = (
    (raw_answer(b"{}"), "unexpected_answer"),
    (raw_answer(b'{"invitation":"x","thread_id":"t"}'), "unexpected_answer"),
    (raw_answer(b'{"invitation":{},"thread_id":7}'), "unexpected_answer"),
    (raw_answer(b"[]"), "not_json"),
    (raw_answer(b"<html>"), "not_json"),
    (raw_answer(b"a" * 600_000), "too_large"),
    (raw_answer(b"", 302, location="http://127.0.0.1:1/"), "redirect"),
    (raw_answer(b"", 404), "link_unknown"),
    (raw_answer(b"", 409), "already_used"),
    (raw_answer(b"", 410), "expired"),
    (raw_answer(b"", 423), "not_now"),
    (raw_answer(b"", 500), "not_now"),
    # An invitation that our own ACA-Py cannot use.
    (raw_answer(b'{"invitation":{"@id":"x"},"thread_id":"t"}'), "refused"),
    (raw_answer(b'{"invitation":{"@id":"x"},"thread_id":"\\ud800"}'), "not_text"),
)


async def test_answers_to_an_accept_that_are_none(university: Member, learner: Member, subtests: Any) -> None:
    offer = await university.offer()
    reviewed = await learner.agent.holding.review(offer["link"])
    for answer, code in NO_ANSWERS:
        with subtests.test(answer[-40:]):
            serve(university, f"/o/{offer['id']}/accept", answer)
            await learner.agent.holding.accept(reviewed["id"])
            await nothing_kept(learner, reviewed["id"], code)
    university.town.internet.raw.clear()
    assert (await learner.agent.holding.accept(reviewed["id"]))["state"] == "accepted"


async def test_an_unreachable_issuer_leaves_the_offer_for_later(
    place: Town, university: Member, learner: Member
) -> None:
    offer = await university.offer()
    reviewed = await learner.agent.holding.review(offer["link"])
    app = place.internet.apps.pop(university.place)
    await learner.agent.holding.accept(reviewed["id"])
    await nothing_kept(learner, reviewed["id"], "unreachable")
    with pytest.raises(UnreachableError):
        await learner.agent.holding.reject(reviewed["id"], "")
    assert (await learner.agent.holding.offer(reviewed["id"]))["state"] == "failed"
    place.internet.apps[university.place] = app
    assert (await learner.agent.holding.accept(reviewed["id"]))["state"] == "accepted"


async def test_a_rejection_that_cannot_be_told_leaves_the_offer_open(
    place: Town, university: Member, learner: Member
) -> None:
    offer = await university.offer()
    reviewed = await learner.agent.holding.review(offer["link"])
    app = place.internet.apps.pop(university.place)
    with pytest.raises(UnreachableError):
        await learner.agent.holding.reject(reviewed["id"], "No.")
    assert (await learner.agent.holding.offer(reviewed["id"]))["state"] == "open"
    assert await learner.history() == []
    place.internet.apps[university.place] = app
    assert (await learner.agent.holding.reject(reviewed["id"], "No."))["state"] == "rejected"
    assert [entry["kind"] for entry in await learner.history()] == ["rejected"]
    with pytest.raises(ConflictError):
        await learner.agent.holding.accept(reviewed["id"])
    with pytest.raises(ConflictError):
        await learner.agent.holding.reject(reviewed["id"], "Again.")


async def test_an_accepted_offer_stays_accepted(university: Member, learner: Member) -> None:
    offer = await university.offer()
    accepted = await learner.receive(offer["link"])
    assert await learner.agent.holding.accept(accepted["id"]) == accepted
    assert await learner.agent.holding.review(offer["link"]) == accepted
    with pytest.raises(ConflictError):
        await learner.agent.holding.reject(accepted["id"], "")
    assert len(await learner.agent.holding.credentials()) == 1


async def test_what_does_not_exist(learner: Member) -> None:
    for call in (
        learner.agent.holding.offer("nope"),
        learner.agent.holding.accept("nope"),
        learner.agent.holding.reject("nope", ""),
        learner.agent.holding.credential("nope"),
        learner.agent.holding.recheck(""),
    ):
        with pytest.raises(NotFoundError):
            await call


# --- several at once


async def test_two_accepts_at_once_make_one_credential(
    place: Town, university: Member, learner: Member
) -> None:
    offer = await university.offer()
    reviewed = await learner.agent.holding.review(offer["link"])
    answers = await asyncio.gather(*(learner.agent.holding.accept(reviewed["id"]) for _ in range(4)))
    assert [answer["state"] for answer in answers] == ["accepted"] * 4
    await place.world.settled()
    assert len(await learner.agent.holding.credentials()) == 1
    assert len(learner.wallet.held) == 1
    assert university.valid_credentials() == 1
    assert [entry["kind"] for entry in await learner.history()] == ["received"]


async def test_two_reviews_at_once_make_one_offer(university: Member, learner: Member) -> None:
    offer = await university.offer()
    found = await asyncio.gather(*(learner.agent.holding.review(offer["link"]) for _ in range(4)))
    assert len({each["id"] for each in found}) == 1
    assert len(await learner.agent.holding.offers()) == 1


async def test_a_review_that_overlaps_an_accept_does_not_undo_it(
    place: Town, university: Member, learner: Member
) -> None:
    """Two terminals: one looks again while the other accepts."""
    offer = await university.offer()
    reviewed = await learner.agent.holding.review(offer["link"])
    resolve, gate, reached = learner.agent.node.registry.resolve, asyncio.Event(), asyncio.Event()

    async def slow(query: Any) -> Any:
        reached.set()
        await gate.wait()
        return await resolve(query)

    learner.agent.node.registry.resolve = slow  # type: ignore[method-assign]
    again = asyncio.create_task(learner.agent.holding.review(offer["link"]))
    await reached.wait()
    learner.agent.node.registry.resolve = resolve  # type: ignore[method-assign]
    accepting = asyncio.create_task(learner.agent.holding.accept(reviewed["id"]))
    await asyncio.sleep(0.05)
    gate.set()
    await again
    assert (await accepting)["state"] == "accepted"
    assert (await learner.agent.holding.offer(reviewed["id"]))["state"] == "accepted"
    assert len(await learner.agent.holding.credentials()) == 1


async def test_a_rejection_and_an_accept_at_once_do_not_both_happen(
    place: Town, university: Member, learner: Member
) -> None:
    offer = await university.offer()
    reviewed = await learner.agent.holding.review(offer["link"])
    await asyncio.gather(
        learner.agent.holding.accept(reviewed["id"]),
        learner.agent.holding.reject(reviewed["id"], "No."),
        return_exceptions=True,
    )
    await place.world.settled()
    state = (await learner.agent.holding.offer(reviewed["id"]))["state"]
    kinds = [entry["kind"] for entry in await learner.history()]
    held = len(await learner.agent.holding.credentials())
    assert (state, kinds, held) in (("accepted", ["received"], 1), ("rejected", ["rejected"], 0))


async def test_two_wallets_with_one_link_get_one_valid_credential(
    place: Town, university: Member, learner: Member
) -> None:
    """A leaked link: whoever is first; never two that are valid."""
    thief = await place.learner("thief")
    offer = await university.offer()
    ours = await learner.agent.holding.review(offer["link"])
    theirs = await thief.agent.holding.review(offer["link"])
    place.limits = Limits(exchange_seconds=0.5)
    await asyncio.wait(
        {
            asyncio.create_task(learner.agent.holding.accept(ours["id"])),
            asyncio.create_task(thief.agent.holding.accept(theirs["id"])),
        },
        timeout=0.5,
    )
    await place.world.settled()
    assert university.valid_credentials() <= 1


# --- slow, silent, dying


async def test_after_the_deadline_accepting_goes_on_in_the_background(
    place: Town, university: Member, learner: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding_module, "LIMITS", Limits(exchange_seconds=0.2))
    monkeypatch.setattr(holding_module, "RETRY_SECONDS", 3600.0)
    offer = await university.offer()
    reviewed = await learner.agent.holding.review(offer["link"])
    university.wallet.auto_issue = False
    waiting = await learner.agent.holding.accept(reviewed["id"])
    assert (waiting["state"], waiting["error"]) == ("accepting", None)
    (exchange,) = university.wallet.credentials
    await university.wallet.issue(exchange)  # the issuer wakes up

    async def done() -> bool:
        return (await learner.agent.holding.offer(reviewed["id"]))["state"] == "accepted"

    assert await place.eventually(done)
    assert len(await learner.agent.holding.credentials()) == 1
    assert [entry["kind"] for entry in await learner.history()] == ["received"]


async def test_a_lost_message_is_made_up_for(
    place: Town, university: Member, learner: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outbound retries end after 40 s (acapy.md): the wallet then asks for a fresh exchange."""
    monkeypatch.setattr(holding_module, "RETRY_SECONDS", 0.3)
    offer = await university.offer()
    reviewed = await learner.agent.holding.review(offer["link"])
    deliver, lost = learner.wallet.on_credential, []

    async def losing(*message: Any) -> None:
        if lost:
            await deliver(*message)
        lost.append(message)

    learner.wallet.on_credential = losing  # type: ignore[method-assign]
    assert (await learner.agent.holding.accept(reviewed["id"]))["state"] == "accepted"
    await place.world.settled()
    assert len(lost) == 2
    assert university.valid_credentials() == 1  # the copy that got lost was revoked
    assert len(learner.wallet.held) == 1


async def test_an_issuer_that_abandons(place: Town, university: Member, learner: Member) -> None:
    offer = await university.offer()
    reviewed = await learner.agent.holding.review(offer["link"])
    university.wallet.auto_issue = False
    accepting = asyncio.create_task(learner.agent.holding.accept(reviewed["id"]))

    async def requested() -> bool:
        return any(record.state == "request-received" for record in university.wallet.credentials.values())

    await place.eventually(requested)
    (exchange,) = university.wallet.credentials
    await (await university.agent.node.admin()).credential_problem_report(exchange, "No.")
    await accepting
    await nothing_kept(learner, reviewed["id"], "exchange_abandoned")

    async def open_again() -> bool:
        return (await university.agent.issuing.offer(offer["id"]))["state"] == "open"

    assert await place.eventually(open_again)
    university.wallet.auto_issue = True
    assert (await learner.agent.holding.accept(reviewed["id"]))["state"] == "accepted"


@pytest.mark.parametrize("after", [False, True])
async def test_our_own_acapy_dies_mid_exchange(
    place: Town,
    university: Member,
    learner: Member,
    after: bool,
    monkeypatch: pytest.MonkeyPatch,
    subtests: Any,
) -> None:
    """It answers nothing for a while, with its work done or not: the offer is neither failed nor lost."""
    monkeypatch.setattr(holding_module, "RETRY_SECONDS", 0.3)
    calls = (
        "receive_invitation",
        "credential_records",
        "send_credential_request",
        "store_credential",
        "get_credential",
    )
    for count, call in enumerate(calls, start=1):
        with subtests.test(call):
            learner.wallet.calls.clear()
            await _dies_at(call, place, university, learner, after=after)
            assert len(await learner.agent.holding.credentials()) == count
            assert university.valid_credentials() == count
            assert [entry["kind"] for entry in await learner.history()] == ["received"] * count


async def _dies_at(call: str, place: Town, university: Member, learner: Member, *, after: bool) -> None:
    offer = await university.offer()
    reviewed = await learner.agent.holding.review(offer["link"])
    dead = learner.wallet.fail_after if after else learner.wallet.fail
    dead[call] = AgentError("unavailable", "ACA-Py does not answer.")
    accepting = asyncio.create_task(learner.agent.holding.accept(reviewed["id"]))

    async def tried() -> bool:
        return call in learner.wallet.calls

    await place.eventually(tried)
    await asyncio.sleep(0.05)
    dead.clear()
    for resume in learner.agent.node.on_ready:  # what `Node` does once it has started ACA-Py again
        await resume()
    await accepting

    async def done() -> bool:
        return (await learner.agent.holding.offer(reviewed["id"]))["state"] == "accepted"

    assert await place.eventually(done)
    await place.world.settled()

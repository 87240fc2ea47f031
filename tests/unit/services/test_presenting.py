"""Presenting to an employer that cheats, dies or is slow: exactly what was agreed to leaves, once, or nothing."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from agent.core.limits import Limits
from agent.errors import AgentError, ConflictError, ConsentError, NotFoundError
from agent.services import clock
from agent.services import sending as sending_module
from agent.services.presenting import Switches
from agent.store.vault import Put
from tests.simulators.internet import raw_answer
from tests.simulators.registry import SCHEMA_ID
from tests.simulators.town import POLICY, Member, Town
from tests.unit.services.hostile import serve

type Request = dict[str, Any]


@pytest.fixture
async def holder(university: Member, learner: Member) -> Member:
    """A learner with one credential, which states a grade."""
    offer = await university.offer(grade="1.1")
    assert (await learner.receive(offer["link"]))["state"] == "accepted"
    return learner


async def nothing_sent(learner: Member, id: str, code: str) -> dict[str, Any]:
    request = await learner.agent.presenting.request(id)
    assert (request["state"], request["error"]["code"]) == ("failed", code), request["error"]
    assert request["consent"] is None
    assert learner.wallet.sent == []
    assert [entry["kind"] for entry in await learner.history()] == ["received"]
    return request


# --- the request that comes back is not the one agreed to


def edits(request: Request) -> dict[str, Callable[[Request], Any]]:
    """Each takes the honest request and changes it in place."""
    attributes, predicates = "requested_attributes", "requested_predicates"

    def restriction(spec: Request) -> Request:
        found: Request = spec["restrictions"][0]
        return found

    return {
        "one more attribute": lambda r: r[attributes]["c0"]["names"].append("birth_date"),
        "one attribute fewer": lambda r: r[attributes]["c0"]["names"].pop(),
        "an attribute instead of another": lambda r: r[attributes]["c0"]["names"].__setitem__(
            0, "learner_id"
        ),
        "one more group": lambda r: r[attributes].__setitem__("x", {"names": ["birth_date"]}),
        "a single attribute": lambda r: r[attributes].__setitem__("birth_date", {"name": "birth_date"}),
        "a higher bound": lambda r: r[predicates]["c0.eqf_level"].__setitem__("p_value", 7),
        "another operator": lambda r: r[predicates]["c0.eqf_level"].__setitem__("p_type", ">"),
        "another predicate": lambda r: r[predicates].__setitem__(
            "c0.birth_date", r[predicates]["c0.eqf_level"] | {"name": "birth_date"}
        ),
        "a predicate fewer": lambda r: r[predicates].pop("c0.expires_on"),
        "a bound that is true": lambda r: r[predicates]["c0.eqf_level"].__setitem__("p_value", True),
        "no restriction": lambda r: r[attributes]["c0"].pop("restrictions"),
        "an empty restriction": lambda r: r[attributes]["c0"].__setitem__("restrictions", []),
        "one more restriction": lambda r: r[attributes]["c0"]["restrictions"].append({}),
        "another schema": lambda r: restriction(r[attributes]["c0"]).__setitem__(
            "schema_id", SCHEMA_ID + "0"
        ),
        "another definition": lambda r: restriction(r[attributes]["c0"]).pop("cred_def_id"),
        "no proof of the status": lambda r: r.pop("non_revoked"),
        "an older status": lambda r: r["non_revoked"].__setitem__("to", 1),
        "one more member": lambda r: r.__setitem__("ver", "1.0"),
    }


async def test_a_request_that_differs_is_refused(
    place: Town, holder: Member, employer: Member, subtests: Any
) -> None:
    asked = await employer.ask()
    shown = await holder.agent.presenting.review(asked["link"])
    for name in edits({}):
        with subtests.test(name):

            def changed(request: Request, name: str = name) -> Request:
                edits(request)[name](request)
                return request

            employer.wallet.request_from = changed
            await holder.agent.presenting.present(shown["id"], expect=shown["plan"]["hash"])
            failed = await nothing_sent(holder, shown["id"], "request_differs")
            assert failed["error"]["hint"] == "Nothing was sent."
            await place.world.settled()
            assert {record.state for record in employer.wallet.presentations.values()} == {"abandoned"}

    # Refusals use nothing up: the honest request is answered.
    employer.wallet.request_from = dict
    await place.eventually(lambda: _is_free(employer, asked["id"]))
    shown = await holder.agent.presenting.review(asked["link"])
    sent = await holder.agent.presenting.present(shown["id"], expect=shown["plan"]["hash"])
    assert sent["state"] == "sent"
    assert len(holder.wallet.sent) == 1


async def _is_free(employer: Member, code: str) -> bool:
    return (await employer.agent.asking.request(code))["responses"] == []


async def test_an_unasked_request_on_the_connection_is_never_answered(
    place: Town, holder: Member, employer: Member
) -> None:
    """The employer's agent asks for everything as soon as the wallet connects."""
    asked = await employer.ask()
    shown = await holder.agent.presenting.review(asked["link"])
    on_connection = employer.wallet.on_connection

    async def greedy(invi_msg_id: str, other: Any, other_id: str) -> None:
        everything = {"requested_attributes": {"c0": {"names": ["birth_date"]}}, "requested_predicates": {}}
        await holder.wallet.on_request("unasked", other_id, everything)
        await on_connection(invi_msg_id, other, other_id)

    employer.wallet.on_connection = greedy  # type: ignore[method-assign]
    sent = await holder.agent.presenting.present(shown["id"], expect=shown["plan"]["hash"])
    assert sent["state"] == "sent"
    assert sent["outcome"]["matches_consent"]
    assert not [path for path in sent["outcome"]["sent_claims"] if "birth_date" in path]
    unasked = [record for record in holder.wallet.presentations.values() if record.thread_id == "unasked"]
    assert [record.state for record in unasked] == ["request-received"]


# --- what the wallet holds changed since it was looked at


async def test_the_wallet_changed_between_looking_and_sending(
    place: Town, university: Member, holder: Member, employer: Member
) -> None:
    asked = await employer.ask()
    shown = await holder.agent.presenting.review(asked["link"])
    dry_run = shown["plan"]["hash"]
    newer = await university.offer(awarded_on=date(2026, 7, 1))
    assert (await holder.receive(newer["link"]))["state"] == "accepted"
    with pytest.raises(ConsentError) as caught:
        await holder.agent.presenting.present(shown["id"], expect=dry_run)
    assert caught.value.code == "plan_changed"
    assert (await holder.agent.presenting.request(shown["id"]))["state"] == "open"
    assert holder.wallet.sent == []
    again = await holder.agent.presenting.view(shown["id"])
    assert again["plan"]["hash"] != dry_run
    assert (await holder.agent.presenting.present(shown["id"], expect=again["plan"]["hash"]))[
        "state"
    ] == "sent"


async def test_revoked_between_looking_and_sending(
    place: Town, university: Member, learner: Member, employer: Member
) -> None:
    offer = await university.offer()
    await learner.receive(offer["link"])
    await place.world.settled()
    asked = await employer.ask()
    shown = await learner.agent.presenting.review(asked["link"])

    async def revoked() -> bool:
        try:
            return bool((await university.agent.issuing.revoke(offer["id"], ""))["state"] == "revoked")
        except ConflictError:  # it is not noted as issued yet
            return False

    await place.eventually(revoked)
    with pytest.raises(ConsentError) as caught:
        await learner.agent.presenting.present(shown["id"], expect=shown["plan"]["hash"])
    assert caught.value.code == "unsatisfiable"
    assert learner.wallet.sent == []
    view = await learner.agent.presenting.view(shown["id"])
    assert view["plan"] is None
    assert "revoked" in str(view["left_out"])


async def test_another_day_needs_another_consent(
    holder: Member, employer: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = await holder.agent.presenting.review((await employer.ask())["link"])
    tomorrow = clock.now() + timedelta(days=1)
    monkeypatch.setattr(clock, "now", lambda: tomorrow)
    with pytest.raises(ConsentError):
        await holder.agent.presenting.present(shown["id"], expect=shown["plan"]["hash"])
    assert holder.wallet.sent == []


async def test_the_hash_is_of_this_plan_for_this_employer(
    place: Town, holder: Member, employer: Member
) -> None:
    other = await place.employer("other")
    ours, theirs = await employer.ask(), await other.ask()
    twice = await employer.ask()
    shown = await holder.agent.presenting.review(ours["link"])
    optional = await holder.agent.presenting.view(shown["id"], Switches(frozenset({"grade"})))
    wrong = [(await holder.agent.presenting.review(each["link"]))["plan"]["hash"] for each in (theirs, twice)]
    for expect in ("", "0" * 64, shown["plan"]["hash"].upper(), optional["plan"]["hash"], *wrong):
        with pytest.raises(ConsentError, match="plan_changed"):
            await holder.agent.presenting.present(shown["id"], expect=expect)
    switches = Switches(frozenset({"grade"}))
    with pytest.raises(ConsentError, match="plan_changed"):
        await holder.agent.presenting.present(shown["id"], expect=shown["plan"]["hash"], switches=switches)
    assert holder.wallet.sent == []
    assert holder.wallet.presentations == {}


async def test_a_plan_that_cannot_be_is_never_sent(learner: Member, employer: Member) -> None:
    shown = await learner.agent.presenting.review((await employer.ask())["link"])
    assert shown["plan"] is None
    with pytest.raises(ConsentError, match="unsatisfiable"):
        await learner.agent.presenting.present(shown["id"], expect="0" * 64)
    with pytest.raises(NotFoundError):
        await learner.agent.presenting.present("nope", expect="0" * 64)


# --- what the learner sets


async def test_the_learner_chooses_which_credential_answers(
    place: Town, university: Member, holder: Member, employer: Member
) -> None:
    newer = await university.offer(awarded_on=date(2026, 7, 1))
    assert (await holder.receive(newer["link"]))["state"] == "accepted"
    await place.world.settled()
    asked = await employer.ask()
    shown = await holder.agent.presenting.review(asked["link"])
    (proposed,) = shown["plan"]["credentials"]
    (other,) = proposed["others"]
    switches = Switches(frozenset({"grade"}), {"c0": other["id"]})
    chosen = await holder.agent.presenting.view(shown["id"], switches)
    assert [each["id"] for each in chosen["plan"]["credentials"]] == [other["id"]]
    with pytest.raises(ConsentError, match="plan_changed"):
        await holder.agent.presenting.present(shown["id"], expect=chosen["plan"]["hash"])
    sent = await holder.agent.presenting.present(
        shown["id"], expect=chosen["plan"]["hash"], switches=switches
    )
    assert (sent["state"], sent["outcome"]["matches_consent"]) == ("sent", True)
    assert (await holder.history())[-1]["credentials"] == [other["id"]]
    again = await holder.agent.presenting.review((await employer.ask())["link"])
    assert any("two proofs cannot be linked" in line for line in
               (await holder.agent.presenting.view(again["id"], switches))["plan"]["links"])  # fmt: skip


async def test_switches_are_kept_with_the_request(
    place: Town, university: Member, holder: Member, employer: Member
) -> None:
    """Over a restart, and only when asked to; what was chosen and is gone is said, and nothing is sent for it."""
    offer = await university.offer(awarded_on=date(2026, 7, 1))
    assert (await holder.receive(offer["link"]))["state"] == "accepted"
    await place.world.settled()
    presenting = holder.agent.presenting
    shown = await presenting.review((await employer.ask())["link"])
    other = shown["plan"]["credentials"][0]["others"][0]["id"]
    switches = Switches(frozenset({"grade"}), {"c0": other})
    looked = await presenting.view(shown["id"], switches)
    assert (await presenting.view(shown["id"]))["plan"]["hash"] == shown["plan"]["hash"], (
        "a dry run leaves nothing"
    )
    await presenting.view(shown["id"], switches, keep=True)
    await holder.restart()
    kept = await holder.agent.presenting.view(shown["id"])
    assert kept["plan"]["hash"] == looked["plan"]["hash"]
    assert kept["plan"]["choose"] == {"c0": other}
    assert (await holder.agent.presenting.review(shown["link"]))["plan"]["hash"] == looked["plan"]["hash"]
    assert "draft" not in kept

    credential = await holder.agent.holding.credential(other)
    await holder.agent.node.vault.put(Put("credential", other, credential | {"schema_id": "another"}))
    with pytest.raises(ConsentError, match="choice_not_possible"):
        await holder.agent.presenting.view(shown["id"], switches)
    with pytest.raises(ConsentError, match="choice_not_possible"):
        await holder.agent.presenting.present(shown["id"], expect=looked["plan"]["hash"], switches=switches)
    assert holder.wallet.sent == []
    without = await holder.agent.presenting.view(shown["id"])
    assert "does not fit any more" in without["plan"]["note"]
    assert without["plan"]["choose"] == {}


# --- several at once


async def test_consenting_twice_sends_once(place: Town, holder: Member, employer: Member) -> None:
    asked = await employer.ask(max_responses=5)
    shown = await holder.agent.presenting.review(asked["link"])
    answers = await asyncio.gather(
        *(holder.agent.presenting.present(shown["id"], expect=shown["plan"]["hash"]) for _ in range(3)),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in answers) == ["ConflictError", "ConflictError", "dict"]
    assert len(holder.wallet.sent) == 1
    assert len((await employer.agent.asking.request(asked["id"]))["responses"]) == 1
    assert [entry["kind"] for entry in await holder.history()] == ["received", "presented"]
    with pytest.raises(ConflictError):
        await holder.agent.presenting.decline(shown["id"], "")


async def test_a_review_that_overlaps_a_sending_does_not_open_it_again(
    holder: Member, employer: Member
) -> None:
    asked = await employer.ask(max_responses=5)
    shown = await holder.agent.presenting.review(asked["link"])
    get, gate, reached = holder.agent.node.fetcher.get, asyncio.Event(), asyncio.Event()

    async def slow(url: str, **more: Any) -> Any:
        reached.set()
        await gate.wait()
        return await get(url, **more)

    holder.agent.node.fetcher.get = slow  # type: ignore[method-assign]
    again = asyncio.create_task(holder.agent.presenting.review(asked["link"]))
    await reached.wait()
    holder.agent.node.fetcher.get = get  # type: ignore[method-assign]
    sending = asyncio.create_task(holder.agent.presenting.present(shown["id"], expect=shown["plan"]["hash"]))
    await asyncio.sleep(0.05)
    gate.set()
    await again
    assert (await sending)["state"] == "sent"
    assert (await holder.agent.presenting.request(shown["id"]))["state"] == "sent"
    assert (await holder.agent.presenting.review(asked["link"]))["state"] == "sent"
    assert len(holder.wallet.sent) == 1


# --- slow, silent, dying


async def test_the_employer_never_asks(
    place: Town, holder: Member, employer: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The consent ends with the deadline: a request that comes later is not answered."""
    monkeypatch.setattr(sending_module, "LIMITS", Limits(exchange_seconds=0.3))
    asked = await employer.ask()
    shown = await holder.agent.presenting.review(asked["link"])
    held_back: list[tuple[Any, ...]] = []

    async def hold(*message: Any) -> None:
        held_back.append(message)

    deliver, holder.wallet.on_request = holder.wallet.on_request, hold  # type: ignore[method-assign]
    await holder.agent.presenting.present(shown["id"], expect=shown["plan"]["hash"])
    await nothing_sent(holder, shown["id"], "no_answer")
    (late,) = held_back
    await deliver(*late)
    await asyncio.sleep(0.1)
    await nothing_sent(holder, shown["id"], "no_answer")
    await holder.restart()
    await asyncio.sleep(0.1)
    await nothing_sent(holder, shown["id"], "no_answer")
    await place.world.settled()
    await place.eventually(lambda: _is_free(employer, asked["id"]))


NO_ANSWERS = (
    (raw_answer(b"{}"), "unexpected_answer"),
    (raw_answer(b'{"invitation":[]}'), "unexpected_answer"),
    (raw_answer(b"null"), "not_json"),
    (raw_answer(b'{"invitation":{"@id":"x"}}'), "refused"),
    (raw_answer(b"", 409), "already_used"),
    (raw_answer(b"", 500), "not_now"),
    (raw_answer(b"", 307, location="http://127.0.0.1:1/"), "redirect"),
)


async def test_answers_to_a_connect_that_are_none(holder: Member, employer: Member, subtests: Any) -> None:
    asked = await employer.ask()
    shown = await holder.agent.presenting.review(asked["link"])
    for answer, code in NO_ANSWERS:
        with subtests.test(answer[-40:]):
            serve(employer, f"/r/{asked['id']}/connect", answer)
            await holder.agent.presenting.present(shown["id"], expect=shown["plan"]["hash"])
            await nothing_sent(holder, shown["id"], code)
    employer.town.internet.raw.clear()
    sent = await holder.agent.presenting.present(shown["id"], expect=shown["plan"]["hash"])
    assert sent["state"] == "sent"


CALLS = (
    "receive_invitation",
    "connection_state",
    "send_proposal",
    "presentation_record",
    "send_presentation",
)


@pytest.mark.parametrize("after", [False, True])
async def test_our_own_acapy_dies_mid_exchange(
    place: Town, holder: Member, employer: Member, after: bool, subtests: Any
) -> None:
    for count, call in enumerate(CALLS, start=1):
        with subtests.test(call):
            asked = await employer.ask()
            shown = await holder.agent.presenting.review(asked["link"])
            holder.wallet.calls.clear()
            dead = holder.wallet.fail_after if after else holder.wallet.fail
            dead[call] = AgentError("unavailable", "ACA-Py does not answer.")
            sending = asyncio.create_task(
                holder.agent.presenting.present(shown["id"], expect=shown["plan"]["hash"])
            )

            async def tried(call: str = call) -> bool:
                return call in holder.wallet.calls

            await place.eventually(tried)
            await asyncio.sleep(0.05)
            dead.clear()
            for resume in holder.agent.node.on_ready:
                await resume()
            assert (await sending)["state"] == "sent"
            assert len(holder.wallet.sent) == count
            assert [e["kind"] for e in await holder.history()] == ["received"] + ["presented"] * count
            assert (await place.verdict(employer, asked))["authentic"]["result"] == "pass"


async def test_what_left_is_written_down_even_when_acapy_says_that_it_failed(
    place: Town, holder: Member, employer: Member
) -> None:
    """HTTP 500 after the message has gone: a disclosure without a history entry would be a lie."""
    asked = await employer.ask()
    holder.wallet.fail_after["send_presentation"] = AgentError("failed", "ACA-Py answered 500.")
    sent = await holder.present(asked["link"])
    assert (sent["state"], sent["outcome"]["matches_consent"]) == ("sent", True)
    assert [entry["kind"] for entry in await holder.history()] == ["received", "presented"]
    assert len(holder.wallet.sent) == 1


async def test_a_proof_that_cannot_be_made_ends_the_exchange(
    place: Town, holder: Member, employer: Member
) -> None:
    asked = await employer.ask()
    shown = await holder.agent.presenting.review(asked["link"])
    holder.wallet.fail["send_presentation"] = AgentError("refused", "ACA-Py answered 400.")
    await holder.agent.presenting.present(shown["id"], expect=shown["plan"]["hash"])
    await nothing_sent(holder, shown["id"], "refused")
    await place.eventually(lambda: _is_free(employer, asked["id"]))
    holder.wallet.fail.clear()
    assert (await holder.present(asked["link"]))["state"] == "sent"


async def test_while_nobody_can_tell_the_consent_stays_under_way(
    place: Town, holder: Member, employer: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ACA-Py dies right after sending and past the deadline: not failed, not sent again, finished on return."""
    monkeypatch.setattr(sending_module, "LIMITS", Limits(exchange_seconds=0.3))
    asked = await employer.ask()
    shown = await holder.agent.presenting.review(asked["link"])
    away = AgentError("unavailable", "ACA-Py does not answer.")
    holder.wallet.fail_after["send_presentation"] = away
    record = holder.agent.node._admin.presentation_record  # type: ignore[union-attr]

    async def dies(pres_ex_id: str) -> Any:
        if holder.wallet.sent:
            raise away
        return await record(pres_ex_id)

    holder.agent.node._admin.presentation_record = dies  # type: ignore[union-attr, method-assign]
    with pytest.raises(AgentError):
        await holder.agent.presenting.present(shown["id"], expect=shown["plan"]["hash"])
    assert (await holder.agent.presenting.request(shown["id"]))["state"] == "sending"
    with pytest.raises(ConflictError):
        await holder.agent.presenting.present(shown["id"], expect=shown["plan"]["hash"])
    with pytest.raises(ConflictError):
        await holder.agent.presenting.decline(shown["id"], "")
    holder.wallet.fail_after.clear()
    await holder.restart()

    async def sent() -> bool:
        return bool((await holder.agent.presenting.request(shown["id"]))["state"] == "sent")

    await place.eventually(sent)
    assert len(holder.wallet.sent) == 1
    assert [entry["kind"] for entry in await holder.history()] == ["received", "presented"]


async def test_what_left_is_compared_with_the_consent(place: Town, holder: Member, employer: Member) -> None:
    """Should our own ACA-Py reveal more than it was told to, the history says so."""
    first = await employer.ask()
    assert (await holder.present(first["link"]))["outcome"]["matches_consent"]
    leaky = copy.deepcopy(holder.wallet.sent[0])
    leaky["requested_proof"]["revealed_attr_groups"]["c0"]["values"]["birth_date"] = {
        "raw": "19990402",
        "encoded": "19990402",
    }
    holder.wallet.presentation = leaky
    second = await employer.ask()
    sent = await holder.present(second["link"])
    assert not sent["outcome"]["matches_consent"]
    assert "c0.birth_date" in sent["outcome"]["sent_claims"]
    last = (await holder.history())[-1]
    assert last["outcome"] == "sent, and it differs from the consent"
    verdict = await place.verdict(employer, second)
    assert verdict["authentic"]["result"] == "fail"


def test_the_policy_of_these_tests_asks_for_no_birth_date() -> None:
    assert "birth_date" not in str(POLICY)

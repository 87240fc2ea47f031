"""Verdicts and checks when others are down or lie: unknown with its reason, never pass, never fail for that."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from agent.errors import AgentError, ConflictError, ConsentError
from agent.services import clock, tampering
from tests.simulators.internet import Asked, raw_answer
from tests.simulators.town import POLICY, Member, Town

DOWN = ("down", "broken", "nonsense")
NONSENSE: tuple[Any, ...] = (
    [],
    None,
    {"outcome": "excellent"},
    {"version": 1},
    "yes",
)


@pytest.fixture
async def holder(university: Member, learner: Member) -> Member:
    assert (await learner.receive((await university.offer())["link"]))["state"] == "accepted"
    return learner


async def latest(employer: Member, request: dict[str, Any]) -> dict[str, Any]:
    (response,) = await employer.agent.asking.responses(request["id"])
    judged = await employer.agent.asking.recheck(response["id"])
    return {part["name"]: part for part in judged["verdict"]["parts"]}


def rows(part: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {(check["code"], check["result"], check["reason"]) for check in part["checks"]}


@pytest.mark.parametrize("mode", DOWN)
async def test_the_registry_is_down_at_the_verdict(
    place: Town, holder: Member, employer: Member, mode: str
) -> None:
    request = await employer.ask()
    shown = await holder.agent.presenting.review(request["link"])
    resolve = employer.agent.node.registry.resolve

    async def failing(query: Any) -> Any:
        place.registry.mode = mode  # as soon as the employer asks
        return await resolve(query)

    employer.agent.node.registry.resolve = failing  # type: ignore[method-assign]
    sent = await holder.agent.presenting.present(shown["id"], expect=shown["plan"]["hash"])
    assert sent["state"] == "sent"
    verdict = await place.verdict(employer, request)
    assert verdict["authentic"]["result"] == "pass"
    assert rows(verdict["quality_assured"]) == {("quality", "unknown", "registry_unreachable")}
    assert verdict["quality_assured"]["result"] == "unknown"
    assert ("registry", "unknown", "registry_unreachable") in rows(verdict["policy"])
    assert verdict["policy"]["result"] == "unknown"

    employer.agent.node.registry.resolve = resolve  # type: ignore[method-assign]
    place.registry.mode = "up"
    again = await latest(employer, request)
    assert (again["quality_assured"]["result"], again["policy"]["result"]) == ("pass", "pass")


async def test_every_kind_of_nonsense_from_the_registry(
    place: Town, holder: Member, employer: Member, subtests: Any
) -> None:
    request = await employer.ask()
    await holder.present(request["link"])
    await place.verdict(employer, request)
    (credential,) = await holder.agent.holding.credentials()
    for nonsense in NONSENSE:
        with subtests.test(str(nonsense)):
            place.registry.mode, place.registry.nonsense = "nonsense", nonsense
            verdict = await latest(employer, request)
            assert rows(verdict["quality_assured"]) == {("quality", "unknown", "registry_unreachable")}
            checked = await holder.agent.holding.recheck(credential["id"])
            found = {check["code"]: check for check in checked["checks"]}
            assert found["accreditation"]["result"] == "unknown"
            assert found["signature"]["result"] == "pass"
    for mode in ("down", "broken"):
        with subtests.test(mode):
            place.registry.mode = mode
            checked = await holder.agent.holding.recheck(credential["id"])
            found = {check["code"]: check for check in checked["checks"]}
            for code in ("institution", "accreditation", "registry_list"):
                assert (found[code]["result"], found[code]["reason"]) == ("unknown", "registry_unreachable")
            assert found["status"]["result"] == "pass"
    place.registry.mode = "up"
    for member in (
        {"age_seconds": "old"},
        {"seq": None},
        {"issued_at": 5},
        {"sha256": ["a"]},
        {"freshness": "crisp"},
    ):
        with subtests.test(str(member)):
            place.registry.snapshot = member
            checked = await holder.agent.holding.recheck(credential["id"])
            found = {check["code"]: check for check in checked["checks"]}
            assert found["accreditation"]["result"] == "unknown"


async def test_a_registry_that_goes_back_in_time_says_nothing(
    place: Town, holder: Member, employer: Member
) -> None:
    request = await employer.ask()
    await holder.present(request["link"])
    await place.verdict(employer, request)
    place.registry.snapshot = {"seq": 7, "sha256": "b" * 64}
    assert (await latest(employer, request))["quality_assured"]["result"] == "pass"
    place.registry.snapshot = {"seq": 6, "sha256": "c" * 64}
    assert (await latest(employer, request))["quality_assured"]["result"] == "unknown"


async def test_no_information_is_not_distrust(
    place: Town, university: Member, holder: Member, employer: Member, subtests: Any
) -> None:
    request = await employer.ask(POLICY | {"each": {}})
    await holder.present(request["link"])
    await place.verdict(employer, request)
    for outcome, result in (
        ("not_assured", "fail"),
        ("no_evidence", "unknown"),
        ("unknown_issuer", "unknown"),
        ("indeterminate", "unknown"),
        ("assured_voluntary", "pass"),
    ):
        with subtests.test(outcome):
            place.registry.outcomes[university.did] = outcome
            assert (await latest(employer, request))["quality_assured"]["result"] == result


async def test_what_the_registry_cannot_say_is_not_planned_with(
    place: Town, holder: Member, employer: Member
) -> None:
    """With the registry down, a policy that needs it cannot be satisfied, and the wallet says which and why."""
    request = await employer.ask()
    place.registry.mode = "down"
    shown = await holder.agent.presenting.review(request["link"])
    assert shown["plan"] is None
    assert "could not be asked" in str(shown["left_out"])


async def test_issuer_and_registry_are_gone(
    place: Town, university: Member, holder: Member, employer: Member
) -> None:
    """Nobody can say whose definition it is, nor whether it was revoked: unknown, each with its reason."""
    request = await employer.ask()
    await holder.present(request["link"])
    await place.verdict(employer, request)
    await employer.restart()  # which forgets what it had fetched
    del place.internet.apps[university.place]
    place.registry.mode = "down"
    verdict = await latest(employer, request)
    assert verdict["authentic"]["result"] == "unknown"
    found = {code: (result, reason) for code, result, reason in rows(verdict["authentic"])}
    assert found["issuer_key"] == ("unknown", "unreachable")
    assert found["status"][0] == "unknown"
    assert found["proof"] == ("pass", "")
    assert verdict["quality_assured"]["result"] == "unknown"


async def test_acapy_cannot_verify_now(place: Town, holder: Member, employer: Member) -> None:
    request = await employer.ask()
    employer.wallet.fail["verify_presentation"] = AgentError("failed", "ACA-Py answered 500.")
    await holder.present(request["link"])
    verdict = await place.verdict(employer, request)
    assert verdict["authentic"]["result"] == "unknown"
    assert ("proof", "unknown", "not_checked") in rows(verdict["authentic"])
    employer.wallet.fail.clear()
    assert (await latest(employer, request))["authentic"]["result"] == "pass"


async def test_acapy_dies_while_verifying(place: Town, holder: Member, employer: Member) -> None:
    """No verdict is better than one that a restart would have made another."""
    request = await employer.ask()
    employer.wallet.fail["verify_presentation"] = AgentError("unavailable", "ACA-Py does not answer.")
    await holder.present(request["link"])

    async def tried() -> bool:
        return "verify_presentation" in employer.wallet.calls

    await place.eventually(tried)
    (response,) = await employer.agent.asking.responses(request["id"])
    assert (response["state"], response["verdict"]) == ("requested", None)
    employer.wallet.fail.clear()
    await employer.restart()
    assert (await place.verdict(employer, request))["authentic"]["result"] == "pass"


# --- revocation


async def revoke(place: Town, university: Member) -> str:
    """Revoke the only offer once it is noted as issued; answers its code."""

    async def code() -> str:
        (offer,) = await university.agent.issuing.offers()
        return str(offer["id"]) if offer["state"] == "issued" else ""

    found = await place.eventually(code)
    assert (await university.agent.issuing.revoke(found, "By mistake."))["state"] == "revoked"
    return found


async def test_the_wallet_learns_of_a_revocation(place: Town, university: Member, holder: Member) -> None:
    code = await revoke(place, university)

    async def noticed() -> bool:
        (credential,) = await holder.agent.holding.credentials()
        return any(c["code"] == "status" and c["result"] == "fail" for c in credential["checks"])

    await place.eventually(noticed)
    again = await university.agent.issuing.revoke(code, "Again.")
    assert again["reason"] == "By mistake."
    await holder.agent.holding.recheck_all()
    assert [entry["kind"] for entry in await holder.history()] == ["received", "revoked"]


async def test_noticing_a_revocation_in_several_places_at_once_notes_it_once(
    place: Town, university: Member, holder: Member
) -> None:
    holder.agent.node.webhooks._subscribers.clear()  # nobody tells the wallet
    await revoke(place, university)
    await asyncio.gather(*(holder.agent.holding.recheck_all() for _ in range(4)))
    app = place.internet.apps.pop(university.place)
    place.registry.mode = "down"
    holder.agent.node.objects._newest.clear()
    (unknown,) = await holder.agent.holding.recheck_all()
    assert {check["result"] for check in unknown["checks"] if check["code"] == "status"} == {"unknown"}
    place.internet.apps[university.place], place.registry.mode = app, "up"
    await holder.agent.holding.recheck_all()
    assert [entry["kind"] for entry in await holder.history()] == ["received", "revoked"]


async def test_a_notice_alone_revokes_nothing(place: Town, university: Member, holder: Member) -> None:
    """Anybody can send one; what counts is the list that the issuer signed."""
    holder.agent.node.webhooks.deliver("revocation-notification-v2", {"state": "received", "comment": "x"})
    await holder.agent.holding.recheck_all()
    (credential,) = await holder.agent.holding.credentials()
    status = next(check for check in credential["checks"] if check["code"] == "status")
    assert status["result"] == "pass"
    assert [entry["kind"] for entry in await holder.history()] == ["received"]


async def test_an_older_list_does_not_undo_a_revocation(
    place: Town, university: Member, holder: Member
) -> None:
    (credential,) = await holder.agent.holding.credentials()
    name = credential["rev_reg_id"].rsplit("/", 1)[1]
    old = university.agent.node.public.get_list(name, None)
    await revoke(place, university)
    checked = await holder.agent.holding.recheck(credential["id"])

    def rollback(asked: Asked) -> bytes | None:
        return raw_answer(old or b"") if "/REVLIST/" in asked.target else None

    place.internet.raw[university.place] = rollback
    again = await holder.agent.holding.recheck(credential["id"])
    for found in (checked, again):
        status = next(check for check in found["checks"] if check["code"] == "status")
        assert (status["result"], status["reason"]) == ("fail", "revoked")


async def test_a_status_list_that_is_none(
    place: Town, university: Member, holder: Member, subtests: Any
) -> None:
    (credential,) = await holder.agent.holding.credentials()
    for body in (b"", b"nonsense", b"a.b.c"):
        with subtests.test(body):

            def broken(asked: Asked, body: bytes = body) -> bytes | None:
                return raw_answer(body) if "/REVLIST/" in asked.target else None

            place.internet.raw[university.place] = broken
            checked = await holder.agent.holding.recheck(credential["id"])
            status = next(check for check in checked["checks"] if check["code"] == "status")
            assert status["result"] != "pass"
            assert status["reason"]


async def test_publishing_fails_and_is_said(place: Town, university: Member, holder: Member) -> None:
    async def issued() -> str:
        (offer,) = await university.agent.issuing.offers()
        return str(offer["id"]) if offer["state"] == "issued" else ""

    code = await place.eventually(issued)
    university.wallet.publishes = False
    with pytest.raises(AgentError) as caught:
        await university.agent.issuing.revoke(code, "x")
    assert caught.value.code == "not_published"
    assert (await university.agent.issuing.offer(code))["state"] == "issued"
    university.wallet.publishes = True
    assert (await university.agent.issuing.revoke(code, "x"))["state"] == "revoked"


async def test_only_what_was_issued_can_be_revoked(university: Member) -> None:
    offer = await university.offer()
    with pytest.raises(ConflictError) as caught:
        await university.agent.issuing.revoke(offer["id"], "")
    assert caught.value.code == "not_issued"
    assert (await university.agent.issuing.offer(offer["id"]))["state"] == "open"


async def test_a_tampered_wallet_presents_what_was_revoked(
    place: Town, university: Member, holder: Member, employer: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a list from before the revocation, which AnonCreds alone accepts."""
    await revoke(place, university)
    later = clock.now() + timedelta(seconds=10)
    monkeypatch.setattr(clock, "now", lambda: later)
    request = await employer.ask()
    shown = await holder.agent.presenting.review(request["link"])
    assert shown["plan"] is None
    with pytest.raises(ConsentError):
        await holder.agent.presenting.present(shown["id"], expect="0" * 64)
    forced = await tampering.force(holder.agent.node, holder.agent.presenting, shown["id"])
    assert forced["state"] == "sent"
    assert holder.agent.node.pretend_lists_at is None
    verdict = await place.verdict(employer, request)
    assert verdict["authentic"]["result"] == "fail"
    assert ("status", "fail", "status_not_current") in rows(verdict["authentic"])


async def test_revoked_at_the_very_moment_of_presenting_is_unknown(
    place: Town, university: Member, holder: Member, employer: Member
) -> None:
    """The holder could not have known the newer list: no sign of ill will, and no proof either."""
    request = await employer.ask()
    await holder.present(request["link"])
    assert (await place.verdict(employer, request))["authentic"]["result"] == "pass"
    for name in university.wallet.stamps:
        university.wallet.stamps[name] += 60  # lists have whole seconds: let the next one be later for sure
    await revoke(place, university)
    found = await latest(employer, request)
    assert ("status", "unknown", "status_changed_meanwhile") in rows(found["authentic"])
    assert found["authentic"]["result"] == "unknown"

"""What ACA-Py notes as sent may be lost in a queue: it is sent again until acknowledged, and judged once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agent.services import sending
from tests.simulators.town import Member, Town


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "RECEIPT_SECONDS", 0.05)


@pytest.fixture
async def holder(university: Member, learner: Member) -> Member:
    await learner.receive((await university.offer())["link"])
    return learner


def losing(handle: Callable[..., Any], times: int) -> Callable[..., Any]:
    """``handle``, which the first ``times`` messages do not reach."""
    left = [times]

    async def maybe(*content: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            await handle(*content)

    return maybe


async def received_once(place: Town, holder: Member, employer: Member, asked: dict[str, Any]) -> None:
    verdict = await place.verdict(employer, asked)
    assert verdict["authentic"]["result"] == "pass"
    (request,) = await holder.agent.presenting.requests()

    async def noted() -> bool:
        return bool((await holder.agent.presenting.request(request["id"]))["received"])

    await place.eventually(noted)
    await place.world.settled()
    assert request["state"] == "sent"
    assert len(await employer.agent.asking.responses(asked["id"])) == 1
    assert len(holder.wallet.sent) == 1  # one proof was made, however often it travelled
    assert [entry["kind"] for entry in await holder.history()] == ["received", "presented"]
    assert employer.wallet.calls.count("send_bound_request") == 1


@pytest.mark.parametrize("lost", ["presentation", "acknowledgement"])
async def test_what_was_lost_on_the_way_is_sent_again(
    place: Town, holder: Member, employer: Member, lost: str
) -> None:
    asked = await employer.ask()
    if lost == "presentation":
        employer.wallet.on_presentation = losing(employer.wallet.on_presentation, 2)  # type: ignore[method-assign]
    else:
        holder.wallet.on_presentation_ack = losing(holder.wallet.on_presentation_ack, 1)  # type: ignore[method-assign]
    assert (await holder.present(asked["link"]))["state"] == "sent"
    await received_once(place, holder, employer, asked)
    assert "resend_presentation" in holder.wallet.calls


async def test_after_a_restart_too(
    place: Town, holder: Member, employer: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        sending, "RECEIPT_SECONDS", 60.0
    )  # longer than any test waits: only the start sends it again
    asked = await employer.ask()
    employer.wallet.on_presentation = losing(employer.wallet.on_presentation, 1)  # type: ignore[method-assign]
    assert (await holder.present(asked["link"]))["state"] == "sent"
    await place.world.settled()
    assert await employer.agent.asking.responses(asked["id"])
    assert "resend_presentation" not in holder.wallet.calls
    await holder.restart()
    await received_once(place, holder, employer, asked)


async def test_what_was_acknowledged_is_never_sent_again(
    place: Town, holder: Member, employer: Member
) -> None:
    asked = await employer.ask()
    assert (await holder.present(asked["link"]))["state"] == "sent"
    await received_once(place, holder, employer, asked)
    before = holder.wallet.calls.count("resend_presentation")
    await holder.restart()
    await received_once(place, holder, employer, asked)
    assert holder.wallet.calls.count("resend_presentation") == before

"""The honest exchange on the simulated town: what the attacks in the other files are edits of."""

from __future__ import annotations

from tests.simulators.town import Member, Town


async def test_offer_accept_ask_present_verdict(
    place: Town, university: Member, learner: Member, employer: Member
) -> None:
    offer = await university.offer()
    accepted = await learner.receive(offer["link"])
    assert (accepted["state"], accepted["error"]) == ("accepted", None)
    (credential,) = await learner.agent.holding.credentials()
    assert {check["code"]: check["result"] for check in credential["checks"]}["status"] == "pass"
    await place.world.settled()

    request = await employer.ask()
    sent = await learner.present(request["link"])
    assert (sent["state"], sent["outcome"]["matches_consent"]) == ("sent", True)
    verdict = await place.verdict(employer, request)
    assert verdict["authentic"]["result"] == "pass"
    failing = [
        (part["name"], check["code"], check["result"], check["reason"])
        for part in verdict["parts"]
        for check in part["checks"]
        if check["result"] != "pass"
    ]
    assert failing == [("complete", "complete", "unknown", "not_asked")]
    assert [entry["kind"] for entry in await learner.history()] == ["received", "presented"]
    assert university.valid_credentials() == 1
    assert (await university.agent.issuing.offer(offer["id"]))["state"] == "issued"

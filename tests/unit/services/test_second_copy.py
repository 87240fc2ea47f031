"""The Open Badge beside an accepted credential: the same record, the same key, bound to this wallet, or refused."""

from __future__ import annotations

from typing import Any

import pytest

from agent.core.record import Record
from agent.errors import ConflictError, InputError, UnreachableError, UntrustedError
from agent.services import second_copy as second_copy_module
from agent.vc import badge, schemas
from agent.vc.edition import badge_edition
from tests.simulators.town import Member, Town


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_copy_module, "PAUSE_SECONDS", 0.02)


async def accept(place: Town, university: Member, learner: Member) -> tuple[dict[str, Any], dict[str, Any]]:
    """The learner's offer, and the credential that came of it."""
    made = await university.offer()
    reviewed = await learner.agent.holding.review(made["link"])
    offer = await learner.agent.holding.accept(reviewed["id"])
    await place.world.settled()
    return offer, await learner.agent.holding.credential(str(offer["credential_id"]))


async def test_a_badge_of_the_same_record_is_kept_beside_the_credential(
    place: Town, university: Member, learner: Member
) -> None:
    offer, credential = await accept(place, university, learner)
    assert offer["state"] == "accepted"
    assert offer["badge"]["state"] == "kept"
    held = credential["also"]["ldp_vc"]
    record = Record.from_json(credential["record"])
    assert badge.from_badge(held["secured"]) == badge_edition(record, held["holder"])
    assert held["secured"]["credentialSubject"]["id"] == held["holder"]
    assert held["holder"] in learner.wallet.keys
    row = next(check for check in credential["checks"] if check["code"] == "also_ldp_vc")
    assert row["result"] == "pass", row


async def test_a_badge_has_no_date_of_birth_and_no_learner_number(
    place: Town, university: Member, learner: Member
) -> None:
    _, credential = await accept(place, university, learner)
    record = Record.from_json(credential["record"])
    assert record.learner.birth_date is not None
    written = repr(credential["also"]["ldp_vc"]["secured"])
    embedded = badge.embedded_record(credential["also"]["ldp_vc"]["secured"])
    assert record.learner.birth_date.isoformat() not in written
    assert embedded is not None
    assert embedded.learner.birth_date is None
    assert embedded.learner.id == credential["also"]["ldp_vc"]["holder"]


async def test_one_badge_per_offer_and_the_same_one_again(
    place: Town, university: Member, learner: Member
) -> None:
    offer, _ = await accept(place, university, learner)
    issued = await university.agent.issuing.offer(offer["link"].rsplit("/", 1)[1])
    first = issued["badge"]["document"]
    stored = await learner.agent.node.vault.get("offer", offer["id"])
    assert stored is not None
    stored["badge"] |= {"state": "wanted"}  # as if the answer had been lost
    from agent.store.vault import Put

    await learner.agent.node.vault.put(Put("offer", offer["id"], stored))
    await learner.agent.holding.resume()
    await place.eventually(lambda: _kept(learner, offer["id"]))
    credential = await learner.agent.holding.credential(str(offer["credential_id"]))
    assert credential["also"]["ldp_vc"]["secured"] == first
    assert len(await university.agent.node.vault.all("status_index")) == 1


async def test_a_lost_acknowledgement_does_not_cost_the_badge(
    place: Town, university: Member, learner: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wallet killed after it kept the credential never acknowledges over DIDComm; its asking is the receipt."""

    async def lost(thread_id: str) -> None:
        del thread_id

    monkeypatch.setattr(university.wallet, "on_credential_ack", lost)
    offer, _ = await accept(place, university, learner)
    assert offer["badge"]["state"] == "kept"
    code = offer["link"].rsplit("/", 1)[1]
    assert (await university.agent.issuing.offer(code))["state"] == "issued"
    assert (await university.agent.issuing.revoke(code, "a test"))["state"] == "revoked"


async def test_a_badge_is_not_made_before_the_credential_was_sent(university: Member) -> None:
    made = await university.offer()
    code = made["link"].rsplit("/", 1)[1]
    await university.agent.issuing.accept(code)
    with pytest.raises(UnreachableError, match="not_issued_yet"):
        await university.agent.issuing.badge(code, {})
    assert (await university.agent.issuing.offer(code))["state"] == "issuing"


async def test_asking_without_the_proof_of_a_key_is_no_receipt(
    place: Town, university: Member, learner: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else whoever knows the link could end an offer whose credential never arrived."""

    async def lost(thread_id: str) -> None:
        del thread_id

    async def no_badge(offer_id: str) -> None:
        del offer_id

    monkeypatch.setattr(university.wallet, "on_credential_ack", lost)
    monkeypatch.setattr(learner.agent.holding._second_copy, "fetch", no_badge)
    offer, _ = await accept(place, university, learner)
    code = offer["link"].rsplit("/", 1)[1]
    with pytest.raises(InputError, match="bad_presentation"):
        await university.agent.issuing.badge(code, {"holder": "did:web:localhost"})
    assert (await university.agent.issuing.offer(code))["state"] == "issuing"


async def _kept(learner: Member, id: str) -> bool:
    return bool((await learner.agent.holding.offer(id))["badge"]["state"] == "kept")


async def test_a_badge_for_another_key_is_not_made(place: Town, university: Member, learner: Member) -> None:
    offer, credential = await accept(place, university, learner)
    code = offer["link"].rsplit("/", 1)[1]
    stranger = await place.learner("stranger")
    admin = await stranger.agent.node.admin()
    did = await admin.create_did_key()
    from agent.services import clock, signing

    async def shown(challenge: str, domain: str, holder: str = did) -> dict[str, Any]:
        return await signing.sign(
            stranger.agent.node,
            {
                "@context": ["https://www.w3.org/ns/credentials/v2"],
                "type": ["VerifiablePresentation"],
                "holder": holder,
            },
            did=did,
            suite="eddsa-jcs-2022",
            purpose="authentication",
            challenge=challenge,
            domain=domain,
            now=clock.now(),
        )

    base = university.settings.public_base
    with pytest.raises(ConflictError, match="badge_taken"):
        await university.agent.issuing.badge(code, await shown(code, base))
    victim = credential["also"]["ldp_vc"]["holder"]
    for presentation in (
        await shown("another-code", base),
        await shown(code, "https://elsewhere.example"),
        await shown(code, base, holder=victim),
        {**await shown(code, base), "holder": victim},
    ):
        with pytest.raises(UntrustedError, match="not_the_holder"):
            await university.agent.issuing.badge(code, presentation)
    for nonsense in (None, [], {}, {"holder": "did:web:localhost"}, {"holder": 7}):
        with pytest.raises(InputError, match="bad_presentation"):
            await university.agent.issuing.badge(code, nonsense)


async def test_revoking_revokes_the_badge_too_and_a_suspension_can_be_lifted(
    place: Town, learner: Member
) -> None:
    university = await place.university(badge_suspension=True)
    offer, _ = await accept(place, university, learner)
    code = offer["link"].rsplit("/", 1)[1]

    async def row() -> tuple[str, str]:
        credential = await learner.agent.holding.recheck(str(offer["credential_id"]))
        found = next(check for check in credential["checks"] if check["code"] == "also_ldp_vc")
        return found["result"], found["reason"]

    assert await row() == ("pass", "")
    await university.agent.issuing.suspend(code, suspended=True)
    assert await row() == ("fail", "suspended")
    await university.agent.issuing.suspend(code, suspended=False)
    assert await row() == ("pass", "")
    await university.agent.issuing.revoke(code, "found to be a mistake")
    assert await row() == ("fail", "revoked")


async def test_a_badge_fits_the_schema_of_1edtech_and_cannot_be_suspended_unless_the_issuer_wants_it(
    place: Town, university: Member, learner: Member
) -> None:
    offer, credential = await accept(place, university, learner)
    document = credential["also"]["ldp_vc"]["secured"]
    assert schemas.check(document, formal=True) == ()
    assert document["credentialStatus"]["statusPurpose"] == "revocation"
    with pytest.raises(ConflictError, match="not_suspendable"):
        await university.agent.issuing.suspend(offer["link"].rsplit("/", 1)[1], suspended=True)


ATTACKS = {
    "another_record": lambda document: document | {"name": "Doctor of Everything"},
    "unsigned": lambda document: {name: value for name, value in document.items() if name != "proof"},
    "a_stranger": lambda document: (
        document
        | {
            "credentialSubject": document["credentialSubject"]
            | {"id": "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"}
        }
    ),
    "nonsense": lambda _document: {"badge": 1},
    "another_issuer": lambda document: (
        document | {"issuer": document["issuer"] | {"id": "did:web:evil.example"}}
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
async def test_a_badge_that_differs_is_refused_and_the_credential_stays(
    place: Town, university: Member, learner: Member, monkeypatch: pytest.MonkeyPatch, attack: str
) -> None:
    honest = university.agent.issuing.badge

    async def lying(code: str, presentation: Any) -> dict[str, Any]:
        return ATTACKS[attack](await honest(code, presentation))

    monkeypatch.setattr(university.agent.issuing, "badge", lying)
    offer, credential = await accept(place, university, learner)
    assert offer["state"] == "accepted"
    assert offer["badge"]["state"] == "refused"
    assert offer["badge"]["code"] == "badge_differs"
    assert "also" not in credential
    assert credential["checks"]


async def test_an_issuer_that_gives_no_badge_keeps_nobody_waiting(
    place: Town, university: Member, learner: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def none(code: str, presentation: Any) -> dict[str, Any]:
        raise ConflictError("not_issued", "no")

    monkeypatch.setattr(university.agent.issuing, "badge", none)
    offer, credential = await accept(place, university, learner)
    assert offer["state"] == "accepted"
    assert offer["badge"] | {"holder": "", "detail": ""} == {
        "state": "refused",
        "holder": "",
        "code": "already_used",
        "detail": "",
    }
    assert "also" not in credential


async def test_the_registrar_sees_of_a_badge_that_it_was_given_out(
    place: Town, university: Member, learner: Member
) -> None:
    offer, credential = await accept(place, university, learner)
    code = offer["link"].rsplit("/", 1)[1]
    async with university.http() as http:
        seen = (await http.get(f"/v1/issuer/offers/{code}")).json()
        (listed,) = (await http.get("/v1/issuer/offers")).json()["offers"]
    assert seen["badge"] == listed["badge"] == {"given": True, "suspendable": False}
    assert credential["also"]["ldp_vc"]["holder"] not in repr([seen, listed])


async def test_planning_an_answer_does_not_verify_badges_again(
    place: Town, university: Member, learner: Member
) -> None:
    await accept(place, university, learner)
    place.internet.asked.clear()
    (credential,) = await learner.agent.holding.recheck_all(for_requests=True)
    assert not [asked for _, asked in place.internet.asked if asked.target.startswith("/status/")]
    assert [check["result"] for check in credential["checks"] if check["code"] == "also_ldp_vc"] == ["pass"]
    await learner.agent.holding.recheck_all()
    assert [asked for _, asked in place.internet.asked if asked.target.startswith("/status/")]

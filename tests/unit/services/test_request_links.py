"""Request links of every hostile kind, and the life of a request: nothing is ever sent by looking."""

from __future__ import annotations

import asyncio
import copy
from datetime import timedelta
from typing import Any

import pytest

from agent.core.signed_link import OFFER_TYP, REQUEST_TYP
from agent.errors import CairnError, ConflictError, ConsentError, ExpiredError, InputError, UnreachableError
from agent.services import asking, clock
from tests.simulators.internet import raw_answer
from tests.simulators.town import POLICY, Member, Town
from tests.unit.services import hostile
from tests.unit.services.hostile import Edit, payload_of, serve, serve_document, signed

CODE = "r-hostile-code"


async def refused(learner: Member, link: str) -> CairnError:
    with pytest.raises(CairnError) as caught:
        await learner.agent.presenting.review(link)
    assert await learner.agent.presenting.requests() == []
    assert await learner.history() == []
    assert learner.wallet.calls == []
    return caught.value


def with_policy(**changes: Any) -> Edit:
    def edit(member: Member, payload: dict[str, Any]) -> str:
        policy = {name: value for name, value in (payload["policy"] | changes).items() if value is not None}
        return signed(REQUEST_TYP, policy=policy)(member, payload)

    return edit


OF_REQUESTS: dict[str, tuple[Edit, str]] = {
    "no policy": (signed(REQUEST_TYP, drop="policy"), "bad_policy"),
    "a policy that is a text": (signed(REQUEST_TYP, policy="everything"), "bad_policy"),
    "a policy of another version": (with_policy(version=2), "unsupported_version"),
    "a condition that we do not know": (with_policy(also={"nationality": "IE"}), "unknown_member"),
    "a claim that we do not know": (with_policy(claims=[{"claim": "titel"}]), "unknown_claim"),
    "a claim twice": (with_policy(claims=[{"claim": "title"}, {"claim": "title"}]), "duplicate_claim"),
    "a hundred claims": (with_policy(claims=[{"claim": "title"}] * 100), "bad_policy"),
    "a title of half a character": (with_policy(title="\ud800"), "not_text"),
    "kept for ever": (with_policy(retention_days=10**9), "bad_policy"),
    "a predicate that cannot be": (
        with_policy(claims=[{"claim": "title", "disclose": "predicate"}]),
        "predicate_not_possible",
    ),
    "nobody asks": (signed(REQUEST_TYP, drop="requester"), "bad_request_document"),
    "nobody in particular asks": (signed(REQUEST_TYP, requester=""), "bad_request_document"),
    "somebody long asks": (signed(REQUEST_TYP, requester="x" * 201), "bad_request_document"),
    "a list asks": (signed(REQUEST_TYP, requester=["x"]), "bad_request_document"),
    "half a character asks": (signed(REQUEST_TYP, requester="\udfff"), "not_text"),
    "no schema": (signed(REQUEST_TYP, drop="schema_id"), "bad_request_document"),
    "a schema that is an object": (signed(REQUEST_TYP, schema_id={}), "bad_request_document"),
    "a schema that is no address": (signed(REQUEST_TYP, schema_id="x" * 100_000), "bad_request_document"),
}
DOCUMENTS = hostile.of_any_kind(REQUEST_TYP, OFFER_TYP) | OF_REQUESTS


async def test_documents_that_no_wallet_takes(employer: Member, learner: Member, subtests: Any) -> None:
    request = await employer.ask()
    honest = payload_of(await employer.agent.asking.document(request["id"]))
    link = f"{employer.settings.public_base}/r/{CODE}"
    for name, (edit, code) in DOCUMENTS.items():
        with subtests.test(name):
            serve_document(employer, f"/r/{CODE}", edit(employer, copy.deepcopy(honest)))
            assert (await refused(learner, link)).code == code
    serve_document(employer, f"/r/{CODE}", signed(REQUEST_TYP)(employer, honest))
    assert (await learner.agent.presenting.review(link))["state"] == "open"


async def test_an_unknown_claim_says_the_nearest(employer: Member) -> None:
    with pytest.raises(InputError) as caught:
        await employer.ask(POLICY | {"claims": [{"claim": "titel"}]})
    assert (caught.value.code, caught.value.http_status) == ("unknown_claim", 422)
    assert "title" in caught.value.hint
    assert await employer.agent.asking.requests() == []


@pytest.mark.parametrize(
    "more",
    [
        {"max_responses": 0},
        {"max_responses": 10**9},
        {"expires_in_days": 0},
        {"expires_in_days": -1},
        {"expires_in_days": 366},
        {"expires_in_days": float("nan")},
        {"expires_in_days": float("inf")},
    ],
)
async def test_requests_that_cannot_be_made(shared: Town, more: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        await shared.members["employer"].ask(**more)
    assert await shared.members["employer"].agent.asking.requests() == []


async def test_a_request_for_another_kind_of_credential_can_be_declined(
    university: Member, employer: Member, learner: Member
) -> None:
    """Another schema: nothing fits it. The wallet says so, and the employer can be told."""
    await learner.receive((await university.offer())["link"])
    request = await employer.ask()
    honest = payload_of(await employer.agent.asking.document(request["id"]))
    other = "did:web:localhost%3A8300/anoncreds/v1/SCHEMA/" + "6" * 64
    serve_document(employer, f"/r/{request['id']}", signed(REQUEST_TYP, schema_id=other)(employer, honest))
    shown = await learner.agent.presenting.review(request["link"])
    assert shown["plan"] is None
    assert shown["missing"]
    with pytest.raises(ConsentError):
        await learner.agent.presenting.present(shown["id"], expect="0" * 64)
    assert (await learner.agent.presenting.decline(shown["id"], ""))["state"] == "declined"
    assert learner.wallet.sent == []


async def test_an_offer_link_is_not_a_request(shared: Town) -> None:
    error = await refused(shared.members["learner"], f"https://uni.example/o/{CODE}")
    assert error.code == "wrong_kind"
    assert "an offer link" in error.detail


@pytest.mark.parametrize(("status", "code"), [(404, "link_unknown"), (409, "already_used"), (410, "expired")])
async def test_the_askers_own_refusals(shared: Town, status: int, code: str) -> None:
    serve(shared.members["employer"], f"/r/{CODE}", raw_answer(b"{}", status))
    link = f"{shared.members['employer'].settings.public_base}/r/{CODE}"
    assert (await refused(shared.members["learner"], link)).code == code
    shared.internet.raw.clear()


# --- its life


async def test_two_reviews_at_once_make_one_request(employer: Member, learner: Member) -> None:
    request = await employer.ask()
    found = await asyncio.gather(*(learner.agent.presenting.review(request["link"]) for _ in range(4)))
    assert len({each["id"] for each in found}) == 1
    assert len(await learner.agent.presenting.requests()) == 1


async def test_declining_is_told_once(place: Town, employer: Member, learner: Member) -> None:
    request = await employer.ask()
    shown = await learner.agent.presenting.review(request["link"])
    app = place.internet.apps.pop(employer.place)
    with pytest.raises(UnreachableError):
        await learner.agent.presenting.decline(shown["id"], "No.")
    assert (await learner.agent.presenting.request(shown["id"]))["state"] == "open"
    assert await learner.history() == []

    place.internet.apps[employer.place] = app
    declined = await asyncio.gather(
        *(learner.agent.presenting.decline(shown["id"], "No.") for _ in range(3)), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in declined) == ["ConflictError", "ConflictError", "dict"]
    seen = await employer.agent.asking.request(request["id"])
    assert [each["reason"] for each in seen["declined"]] == ["No."]
    assert [entry["kind"] for entry in await learner.history()] == ["declined"]
    # Reading the link again does not open what was closed.
    assert (await learner.agent.presenting.review(request["link"]))["state"] == "declined"
    with pytest.raises(ConflictError):
        await learner.agent.presenting.present(shown["id"], expect="0" * 64)


async def test_declines_by_a_stranger_do_not_fill_the_employers_disk(
    employer: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has the link may decline, and does so all night."""
    assert asking.DECLINES_KEPT == 100
    monkeypatch.setattr(asking, "DECLINES_KEPT", 5)
    request = await employer.ask()
    for number in range(12):
        await employer.agent.asking.decline(request["id"], f"{number} " + "x" * 600)
    seen = await employer.agent.asking.request(request["id"])
    assert [each["reason"].split()[0] for each in seen["declined"]] == ["7", "8", "9", "10", "11"]
    assert all(len(each["reason"]) <= 500 for each in seen["declined"])


async def test_expired_on_both_sides(
    place: Town, employer: Member, learner: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = await employer.ask(expires_in_days=1)
    shown = await learner.agent.presenting.review(request["link"])
    later = clock.now() + timedelta(days=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    with pytest.raises(ExpiredError):
        await learner.agent.presenting.present(shown["id"], expect="0" * 64)
    assert [each["state"] for each in await learner.agent.presenting.requests()] == ["expired"]
    for call in (
        employer.agent.asking.connect(request["id"]),
        employer.agent.asking.decline(request["id"], ""),
        employer.agent.asking.document(request["id"]),
    ):
        with pytest.raises(ExpiredError):
            await call
    assert (await refused(await place.learner("other"), request["link"])).code == "expired"

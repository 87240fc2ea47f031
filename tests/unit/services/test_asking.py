"""Wallets that cheat an employer, or fall silent: refused with a reason, and the request stays usable."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from agent.errors import AgentError, CairnError, ConflictError, NotFoundError
from agent.services import asking as asking_module
from tests.simulators.acapy_admin import digest
from tests.simulators.registry import SCHEMA_ID
from tests.simulators.town import POLICY, Member, Town

type Request = dict[str, Any]


@pytest.fixture
async def holder(university: Member, learner: Member) -> Member:
    assert (await learner.receive((await university.offer())["link"]))["state"] == "accepted"
    return learner


async def honest_proposal(holder: Member, link: str) -> Request:
    """What an honest wallet would propose for this link."""
    from agent.core import disclosure
    from agent.core.planning import Plan
    from agent.core.policy import Policy

    presenting = holder.agent.presenting
    shown = await presenting.review(link)
    request = await presenting.request(shown["id"])
    planned = await presenting._plan(request, frozenset())
    assert isinstance(planned, Plan)
    chosen = disclosure.disclose(
        planned, Policy.from_json(request["policy"]), requester="did:web:x", request_id="x"
    )
    return disclosure.proposal(chosen, schema_id=SCHEMA_ID, now=2_000_000_000)


async def connect(holder: Member, employer: Member, code: str) -> str:
    """Connect through the request's link; answers the wallet's connection id."""
    admin = await holder.agent.node.admin()
    invitation = (await employer.agent.asking.connect(code))["invitation"]
    connection = (await admin.receive_invitation(invitation)).connection_id
    await holder.town.world.settled()
    return connection


async def propose(holder: Member, connection: str, proposal: Request) -> Any:
    """The exchange as the wallet sees it, after the employer has had its say."""
    admin = await holder.agent.node.admin()
    sent = await admin.send_proposal(connection, proposal)

    async def answered() -> Any:
        record = await admin.presentation_record(sent.pres_ex_id)
        return None if record.state == "proposal-sent" else record

    return await holder.town.eventually(answered)


def edits() -> dict[str, Callable[[Request], Any]]:
    attributes, predicates = "requested_attributes", "requested_predicates"

    def restrict(request: Request, restrictions: list[Any]) -> None:
        for spec in (*request[attributes].values(), *request[predicates].values()):
            spec["restrictions"] = restrictions

    return {
        "nothing at all": lambda r: r.clear(),
        "no attributes": lambda r: r.__setitem__(attributes, {}),
        "no predicates": lambda r: r.__setitem__(predicates, {}),
        "the title left out": lambda r: r[attributes]["c0"]["names"].remove("title"),
        "the level left out": lambda r: r[predicates].pop("c0.eqf_level"),
        "a lower level": lambda r: r[predicates]["c0.eqf_level"].__setitem__("p_value", 5),
        "expired is all right": lambda r: r[predicates]["c0.expires_on"].__setitem__("p_value", 0),
        "no expiry": lambda r: r[predicates].pop("c0.expires_on"),
        "more than was asked": lambda r: r[attributes]["c0"]["names"].append("birth_date"),
        "proving more than was asked": lambda r: r[predicates].__setitem__(
            "c0.birth_date", r[predicates]["c0.eqf_level"] | {"name": "birth_date", "p_value": 1}
        ),
        "any schema": lambda r: restrict(r, []),
        "its own schema": lambda r: restrict(
            r, [{"schema_id": SCHEMA_ID[:-1] + "0", "cred_def_id": "did:web:x/anoncreds/v1/CREDDEF/1"}]
        ),
        "its own word": lambda r: r[attributes].__setitem__("title", {"name": "title"}),
        "two credentials mixed": lambda r: r[predicates].__setitem__(
            "c1.eqf_level", r[predicates].pop("c0.eqf_level")
        ),
        "a strange referent": lambda r: r[attributes].__setitem__("x", r[attributes].pop("c0")),
        "a hundred credentials": lambda r: [
            r[attributes].__setitem__(f"c{n}", copy.deepcopy(r[attributes]["c0"])) for n in range(100)
        ],
        "a name that is a list": lambda r: r[attributes]["c0"].__setitem__("names", [["title"]]),
        "a bound that is a text": lambda r: r[predicates]["c0.eqf_level"].__setitem__("p_value", "6"),
        "another interval": lambda r: r.__setitem__("non_revoked", {"from": 5, "to": 6}),
    }


async def test_proposals_that_do_not_answer_the_policy(
    place: Town, holder: Member, employer: Member, subtests: Any
) -> None:
    asked = await employer.ask()
    honest = await honest_proposal(holder, asked["link"])
    for name, edit in edits().items():
        with subtests.test(name):
            proposal = copy.deepcopy(honest)
            edit(proposal)
            connection = await connect(holder, employer, asked["id"])
            record = await propose(holder, connection, proposal)
            assert record.state == "abandoned", record
            reason = "not_what_was_asked" if "not_what_was_asked" in record.error else "bad_proof_request"
            assert reason in record.error
            assert await employer.agent.asking.responses(asked["id"]) == []
    assert "send_bound_request" not in employer.wallet.calls
    connection = await connect(holder, employer, asked["id"])
    assert (await propose(holder, connection, honest)).state == "request-received"


async def test_an_answer_cannot_choose_its_question(
    place: Town, university: Member, holder: Member, employer: Member
) -> None:
    """On connections made otherwise than through the request's own link."""
    asked = await employer.ask()
    honest = await honest_proposal(holder, asked["link"])
    admin, theirs = await holder.agent.node.admin(), await employer.agent.node.admin()

    plain = (await theirs.create_invitation()).message
    connection = (await admin.receive_invitation(plain)).connection_id
    await place.world.settled()
    record = await propose(holder, connection, honest)
    assert record.state == "abandoned"
    assert "no_such_request" in record.error

    # On another request's connection it is judged by that one's policy.
    stricter = await employer.ask(POLICY | {"claims": [*POLICY["claims"], {"claim": "family_name"}]})
    record = await propose(holder, await connect(holder, employer, stricter["id"]), honest)
    assert record.state == "abandoned"
    assert "not_what_was_asked" in record.error
    for each in (asked, stricter):
        assert await employer.agent.asking.responses(each["id"]) == []


async def test_unknown_codes(employer: Member) -> None:
    asking = employer.agent.asking
    for call in (asking.connect("nope"), asking.decline("nope", ""), asking.document("nope")):
        with pytest.raises(NotFoundError):
            await call
    with pytest.raises(NotFoundError):
        await asking.response("nope")
    assert "nope" not in asking._locks  # strangers cannot fill the memory


async def test_no_more_answers_than_the_request_takes(
    place: Town, university: Member, holder: Member, employer: Member
) -> None:
    asked = await employer.ask()
    late = await place.learner("late")
    await late.receive((await university.offer())["link"])
    shown = await late.agent.presenting.review(asked["link"])
    assert (await holder.present(asked["link"]))["state"] == "sent"
    refused = await late.agent.presenting.present(shown["id"], expect=shown["plan"]["hash"])
    assert (refused["state"], refused["error"]["code"]) == ("failed", "already_used")
    assert late.wallet.sent == []
    with pytest.raises(ConflictError):
        await employer.agent.asking.connect(asked["id"])


async def test_many_connections_and_one_place(place: Town, holder: Member, employer: Member) -> None:
    """Connecting early reserves nothing, and two proposals at once do not both get the one place."""
    asked = await employer.ask()
    honest = await honest_proposal(holder, asked["link"])
    connections = [await connect(holder, employer, asked["id"]) for _ in range(4)]
    records = await asyncio.gather(*(propose(holder, each, honest) for each in connections))
    assert sorted(record.state for record in records) == ["abandoned"] * 3 + ["request-received"]
    assert len((await employer.agent.asking.request(asked["id"]))["responses"]) == 1


async def test_a_wallet_that_falls_silent_frees_the_request(
    place: Town, holder: Member, employer: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking_module, "RESPONSE_SECONDS", 0.1)
    asked = await employer.ask()
    honest = await honest_proposal(holder, asked["link"])
    record = await propose(holder, await connect(holder, employer, asked["id"]), honest)
    assert record.state == "request-received"
    (silent,) = await employer.agent.asking.responses(asked["id"])

    async def freed() -> bool:
        return (await employer.agent.asking.request(asked["id"]))["responses"] == []

    await place.eventually(freed)
    assert (await employer.agent.asking.response(silent["id"]))["state"] == "abandoned"
    with pytest.raises(ConflictError):
        await employer.agent.asking.recheck(silent["id"])
    await place.world.settled()
    admin = await holder.agent.node.admin()
    assert (await admin.presentation_record(record.pres_ex_id)).state == "abandoned"
    with pytest.raises(CairnError):  # too late now
        await admin.send_presentation(record.pres_ex_id, attributes={}, predicates={})
    monkeypatch.setattr(asking_module, "RESPONSE_SECONDS", 60.0)
    assert (await holder.present(asked["link"]))["state"] == "sent"
    assert (await place.verdict(employer, asked))["authentic"]["result"] == "pass"


async def test_the_deadline_survives_a_restart(
    place: Town, holder: Member, employer: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = await employer.ask()
    honest = await honest_proposal(holder, asked["link"])
    await propose(holder, await connect(holder, employer, asked["id"]), honest)
    monkeypatch.setattr(asking_module, "RESPONSE_SECONDS", 0.1)
    await employer.restart()

    async def freed() -> bool:
        return (await employer.agent.asking.request(asked["id"]))["responses"] == []

    await place.eventually(freed)


async def test_a_request_that_cannot_be_sent_does_not_stay_used_up(
    place: Town, holder: Member, employer: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking_module, "RESPONSE_SECONDS", 0.1)
    asked = await employer.ask()
    honest = await honest_proposal(holder, asked["link"])
    connection = await connect(holder, employer, asked["id"])
    employer.wallet.fail["send_bound_request"] = AgentError("failed", "ACA-Py answered 500.")
    assert (await propose(holder, connection, honest)).state == "abandoned"

    async def freed() -> bool:
        return (await employer.agent.asking.request(asked["id"]))["responses"] == []

    await place.eventually(freed)


# --- presentations that are not the holder's own, or not for this employer


async def test_a_stolen_presentation_is_worth_nothing_elsewhere(
    place: Town, holder: Member, employer: Member
) -> None:
    """Replayed to another employer, by a thief or by the first employer itself."""
    first = await employer.ask()
    await holder.present(first["link"])
    assert (await place.verdict(employer, first))["authentic"]["result"] == "pass"
    stolen = copy.deepcopy(holder.wallet.sent[0])

    other = await place.employer("other")
    second = await other.ask()
    honest = await honest_proposal(holder, second["link"])
    thief = await place.learner("thief")
    record = await propose(thief, await connect(thief, other, second["id"]), honest)
    assert record.state == "request-received"
    thief.wallet.presentation = stolen
    admin = await thief.agent.node.admin()
    await admin.send_presentation(record.pres_ex_id, attributes={}, predicates={})
    verdict = await place.verdict(other, second)
    assert verdict["authentic"]["result"] == "fail"
    assert _of(verdict, "proof") == ("fail", "proof_invalid")


async def test_even_if_acapy_believed_it_another_nonce_is_not_ours(
    place: Town, holder: Member, employer: Member
) -> None:
    """The nonce is compared with the one that this service noted, not with the one in ACA-Py's record."""
    asked = await employer.ask()
    take = employer.wallet.on_presentation

    async def swap(thread_id: str, presentation: Request) -> None:
        record = employer.wallet.by_thread(employer.wallet.presentations, thread_id)
        other = record.request | {"nonce": "1"}
        employer.wallet.presentations[record.pres_ex_id] = replace(record, request=other)
        place.world.proofs[digest(presentation)] = digest(other)
        await take(thread_id, presentation)

    employer.wallet.on_presentation = swap  # type: ignore[method-assign]
    await holder.present(asked["link"])
    verdict = await place.verdict(employer, asked)
    assert _of(verdict, "proof") == ("pass", "")
    assert _of(verdict, "request_ours") == ("fail", "nonce_differs")
    assert verdict["authentic"]["result"] == "fail"


def _set_title(made: Request) -> None:
    made["requested_proof"]["revealed_attr_groups"]["c0"]["values"]["title"]["raw"] = "Doctor of Everything"


def tampered() -> dict[str, Callable[[Request], Any]]:
    return {
        "another title": _set_title,
        "nothing": lambda made: made.clear(),
        "no proofs": lambda made: made["proof"].__setitem__("proofs", []),
        "no identifiers": lambda made: made.__setitem__("identifiers", []),
        "another definition": lambda made: made["identifiers"][0].__setitem__("cred_def_id", "did:web:x/y"),
        "a definition that is a list": lambda made: made["identifiers"][0].__setitem__("cred_def_id", []),
        "no status": lambda made: made["identifiers"][0].__setitem__("rev_reg_id", None),
        "a status of tomorrow": lambda made: made["identifiers"][0].__setitem__("timestamp", 4_000_000_000),
        "a status of all days": lambda made: made["identifiers"][0].__setitem__("timestamp", 10**30),
        "a status in no time": lambda made: made["identifiers"][0].__setitem__("timestamp", "now"),
        "self-attested": lambda made: made["requested_proof"]["self_attested_attrs"].__setitem__(
            "title", "x"
        ),
        "half a character": lambda made: made["requested_proof"]["revealed_attr_groups"]["c0"]["values"][
            "title"
        ].__setitem__("raw", "\ud800"),
    }


async def test_tampered_presentations(place: Town, holder: Member, employer: Member, subtests: Any) -> None:
    """Whatever arrives, there is a verdict, and its first part fails: even were ACA-Py to believe the proof."""
    first = await employer.ask()
    await holder.present(first["link"])
    honest = holder.wallet.sent[0]
    for name, edit in tampered().items():
        with subtests.test(name):
            made = copy.deepcopy(honest)
            edit(made)
            asked = await employer.ask()
            proposal = await honest_proposal(holder, asked["link"])
            record = await propose(holder, await connect(holder, employer, asked["id"]), proposal)
            holder.wallet.presentation = made
            place.world.proofs[digest(made)] = digest(record.request)
            admin = await holder.agent.node.admin()
            await admin.send_presentation(record.pres_ex_id, attributes={}, predicates={})
            verdict = await place.verdict(employer, asked)
            assert verdict["authentic"]["result"] == "fail"
            # and it can be shown, stored and judged again
            (response,) = await employer.agent.asking.responses(asked["id"])
            assert (await employer.agent.asking.recheck(response["id"]))["state"] == "verified"


def _of(verdict: dict[str, Any], code: str) -> tuple[str, str]:
    checks = [check for part in verdict["parts"] for check in part["checks"] if check["code"] == code]
    return checks[0]["result"], checks[0]["reason"]

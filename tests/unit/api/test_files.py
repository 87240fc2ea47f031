"""Files over the HTTP listeners: verify, import, export, stacks as files, and the badge of an offer."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from agent.services.importing import Importing
from agent.vc.limits import VC_LIMITS
from tests.simulators.town import Member, Town
from tests.unit.api.test_guard import BAD_BODIES, bare
from tests.unit.cli.files import data, rdfc, whole
from tests.unit.vc import documents as made

VERIFY, IMPORT, STACK = "/v1/verify", "/v1/wallet/import", "/v1/wallet/stacks/file"
GOAL = "certificate-sustainable-process-industries"


@pytest.fixture
async def http(shared: Town) -> Any:
    async with shared.members["learner"].http() as client:
        yield client


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


# --- sizes and shapes


@pytest.mark.parametrize("path", [VERIFY, IMPORT])
async def test_bodies_that_are_no_file(http: httpx.AsyncClient, path: str) -> None:
    for body, code in (
        (b"", "empty"),
        (b"hello", "not_json"),
        (b'{"a":1,"a":2}', "duplicate_member"),
        (b'{"a":NaN}', "not_json"),
        (b"[" * 2000, "too_deep"),
        (b'{"a":"' + b"a" * 10_000_000 + b'"}', "too_large"),
        (b"\xff\xfe\x00", "not_text"),
    ):
        answer = await http.post(path, content=body)
        refused(answer, 422, code)
        assert answer.json()["hint"], code


@pytest.mark.parametrize("path", [VERIFY, IMPORT])
@pytest.mark.parametrize("declared", [str(VC_LIMITS.image_bytes + 1), "9" * 5000, "-1", "x", None])
async def test_bodies_that_are_too_large(http: httpx.AsyncClient, path: str, declared: str | None) -> None:
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        for _ in range(20):
            sent += 1
            yield bytes(1 << 20)

    headers = {} if declared is None else {"content-length": declared}
    answer = await http.post(path, content=endless(), headers=headers)
    refused(answer, 422, "too_large")
    assert answer.json()["hint"]
    assert sent <= 13


async def test_challenge_and_domain_are_taken_as_they_come(http: httpx.AsyncClient) -> None:
    file = data(made.present(made.presentation(rdfc()), challenge="a b&c=d", domain="\u202e"))
    for challenge, expected in (("a b&c=d", "pass"), ("a b", "fail")):
        answer = await http.post(VERIFY, content=file, params={"challenge": challenge, "domain": "\u202e"})
        checks = answer.json()["verdict"]["parts"][0]["checks"]
        assert next(each["result"] for each in checks if each["code"] == "freshness") == expected
    answer = await http.post(VERIFY, content=file, params={"challenge": "", "domain": ""})
    assert answer.status_code == 200


async def test_every_answer_can_be_written(http: httpx.AsyncClient) -> None:
    """Half a character in a token inside a presentation comes to the answer by another way than the file itself."""
    claims = whole() | {"extra": "\ud800"}
    held = made.presentation({"@context": [made.V2], "id": "data:application/vc+jwt," + made.jwt(claims)}
                             | {"type": "EnvelopedVerifiableCredential"})  # fmt: skip
    for document in (made.present(held), made.jwt(claims)):
        answer = await http.post(VERIFY, content=data(document))
        assert answer.status_code in (200, 422), answer.text
        assert "internal_error" not in answer.text


# --- who may


async def test_without_the_token(shared: Town) -> None:
    learner = shared.members["learner"]
    before = await learner.agent.holding.credentials()
    async with bare(learner, authorization="Bearer wrong") as http:
        for method, path in (
            ("POST", VERIFY),
            ("POST", IMPORT),
            ("POST", STACK),
            ("GET", "/v1/wallet/credentials/x/export"),
            ("GET", "/v1/wallet/badges"),
        ):
            refused(await http.request(method, path, content=data(rdfc())), 401, "no_token")
    assert await learner.agent.holding.credentials() == before


async def test_a_locked_wallet(place: Town) -> None:
    learner = await place.learner()
    await learner.agent.node.relock()
    async with learner.http() as http:
        for content in (data(rdfc()), b"x", b""):
            refused(await http.post(IMPORT, content=content), 423, "locked")
        refused(await http.get("/v1/wallet/badges"), 423, "locked")
        refused(await http.get("/v1/wallet/credentials/x/export"), 423, "locked")
        refused(await http.post(STACK, json={"target": GOAL}), 423, "locked")
        assert (await http.post(VERIFY, content=data(rdfc()))).status_code == 200
    assert place.internet.asked == []


async def test_an_issuer_has_no_wallet(shared: Town) -> None:
    async with shared.members["munster"].http() as http:
        refused(await http.post(IMPORT, content=data(rdfc())), 404, "not_this_role")
        assert (await http.post(VERIFY, content=data(rdfc()))).status_code == 200


# --- import, badges, export


async def test_a_visual_badge_and_its_name(http: httpx.AsyncClient, shared: Town) -> None:
    picture = rdfc()
    del picture["relatedResource"], picture["credentialSubject"]["achievement"]
    name = "\x1b[2J" + "x" * 500
    answer = (await http.post(IMPORT, content=data(picture), params={"name": name})).json()
    assert (answer["import"], len(answer["name"])) == ("visual_badge", 200)
    assert "state" not in answer
    listed = (await http.get("/v1/wallet/badges")).json()["badges"]
    assert [each["id"] for each in listed] == [answer["id"]]
    assert "secured" not in listed[0]
    assert (await http.get("/v1/wallet/credentials")).json()["credentials"] == []
    refused(await http.get(f"/v1/wallet/credentials/{answer['id']}/export"), 404, "no_such_credential")


async def test_exports_and_their_remarks(place: Town) -> None:
    learner = await place.learner()
    taken = await Importing(learner.agent.node).take(data(rdfc()))
    path = f"/v1/wallet/credentials/{taken['id']}/export"
    async with learner.http() as http:
        for form, media in (
            ("json", "application/vc"),
            ("open-badge", "application/vc"),
            ("png", "image/png"),
            ("svg", "image/svg+xml"),
            ("html", "text/html; charset=utf-8"),
            ("pdf", "application/pdf"),
            ("elm", "application/ld+json"),
        ):
            answer = await http.get(path, params={"as": form})
            assert answer.status_code == 200, (form, answer.text)
            assert answer.headers["content-type"] == media
            assert answer.headers["content-disposition"] == "attachment"
            remarks = answer.headers["x-cairn-remarks"]
            assert remarks.isascii()
            assert all(isinstance(remark, str) for remark in json.loads(remarks))
        for form in ("docx", "", "../png", "\x00", "PNG"):
            refused(await http.get(path, params={"as": form}), 422, "unknown_format")
        refused(await http.get(path, params={"as": "presentation"}), 422, "not_ours_to_present")


async def test_a_hostile_record_makes_no_header(place: Town) -> None:
    learner = await place.learner()
    document = made.badge(issuer={"id": made.ISSUER.did, "type": ["Profile"], "name": "x\r\nset-cookie: a=b"})
    document["credentialSubject"]["achievement"]["name"] = "\u202ex\r\nset-cookie: a=b"
    document["evidence"] = [{"id": "https://work.example/1", "type": ["Evidence"], "name": "A report"}]
    taken = await Importing(learner.agent.node).take(data(made.sign(document, suite="eddsa-jcs-2022")))
    async with learner.http() as http:
        for form in ("json", "html", "elm", "svg"):
            answer = await http.get(f"/v1/wallet/credentials/{taken['id']}/export", params={"as": form})
            assert answer.status_code == 200, answer.text
            assert "set-cookie" not in answer.headers
            assert answer.headers["x-cairn-remarks"].isascii()


@pytest.mark.parametrize(("body", "code"), BAD_BODIES)
async def test_stack_bodies_that_are_none(http: httpx.AsyncClient, body: bytes, code: str) -> None:
    refused(await http.post(STACK, content=body), 422, code)


async def test_stack_files(http: httpx.AsyncClient) -> None:
    for body, status, code in (
        ({}, 422, ""),
        ({"target": 7}, 422, ""),
        ({"target": "nope"}, 404, ""),
        ({"target": GOAL, "as": "docx"}, 422, "unknown_format"),
        ({"target": GOAL, "as": 5}, 422, "bad_request"),
        ({"target": GOAL, "as": None}, 422, "bad_request"),
        ({"target": GOAL, "as": "clr"}, 422, "no_badge"),
    ):
        answer = await http.post(STACK, json=body)
        assert answer.status_code == status, answer.text
        assert answer.json()["code"] not in ("internal_error", "http_error")
        assert not code or answer.json()["code"] == code
    answer = await http.post(STACK, json={"target": GOAL, "as": "html"})
    assert answer.status_code == 200
    assert answer.headers["x-cairn-remarks"].isascii()


# --- the badge of an offer, on the public listener


def public(member: Member) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=member.public_app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=member.settings.public_base)


async def test_the_badge_of_an_offer_is_for_whom_it_was_offered(place: Town) -> None:
    university, learner = await place.university(), await place.learner()
    offer = await university.offer()
    code, path = offer["id"], f"/o/{offer['id']}/badge"
    asked = {"challenge": code, "domain": university.settings.public_base}
    good = made.present(made.presentation(), suite="eddsa-jcs-2022", **asked)
    wrong: list[Any] = [
        None,
        7,
        [],
        {},
        {"holder": 7},
        {"holder": made.LEARNER.did},
        made.present(made.presentation(), suite="eddsa-jcs-2022", **(asked | {"challenge": "x"})),
        made.present(made.presentation(), suite="eddsa-jcs-2022", **(asked | {"domain": "evil.example"})),
        made.present(made.presentation(holder=made.THIEF.did), suite="eddsa-jcs-2022", **asked),
        made.present(made.presentation(rdfc()), suite="eddsa-jcs-2022", **asked),
        made.present(made.presentation(holder=made.STRANGER.did), made.STRANGER, **asked),
        good | {"holder": made.THIEF.did},
    ]
    async with public(university) as http:
        early = await http.post(path, json={"presentation": good})
        assert (early.status_code, "badge" in early.json()) == (409, False)
        await learner.receive(offer["link"])
        await place.world.settled()
        for presentation in wrong:
            answer = await http.post(path, json={"presentation": presentation})
            assert answer.json()["code"] in ("bad_presentation", "not_the_holder"), presentation
            assert answer.status_code == 422
        # Somebody who saw the link and has a key of their own: the badge was made for the learner's.
        refused(await http.post(path, json={"presentation": good}), 409, "badge_taken")
        for body, status in ((b"{", 422), (b"[]", 422), (b'{"x":"' + b"x" * 20_000 + b'"}', 422), (b"", 422)):
            assert (await http.post(path, content=body)).status_code == status
        assert (await http.post("/o/nope/badge", json={"presentation": good})).status_code == 404
        assert (await http.get(path)).status_code == 405
    await university.agent.node.relock()
    async with public(university) as http:
        refused(await http.post(path, json={"presentation": good}), 423, "locked")

"""The VC-API: what is signed and what is not, what counts as verified, and who may ask."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from agent.api import problems, vc_api
from agent.services.vc_api import SUITES
from agent.vc import status_list
from tests.interop.harness import Local
from tests.interop.keys import Key
from tests.simulators.town import TOKEN, Member, Role, Town

V1 = "https://www.w3.org/2018/credentials/v1"
V2 = "https://www.w3.org/ns/credentials/v2"
SUBJECT = Key("subject of a VC-API credential")
PROOF_ONLY = {"checks": ["proof"]}


def credential(**changes: Any) -> dict[str, Any]:
    document: dict[str, Any] = {
        "@context": [V2],
        "type": ["VerifiableCredential"],
        "credentialSubject": {"id": SUBJECT.controller, "name": "Aoife"},
    }
    return {name: value for name, value in (document | changes).items() if value is not ...}


def presentation(*credentials: dict[str, Any], **changes: Any) -> dict[str, Any]:
    document = {
        "@context": [V2],
        "type": ["VerifiablePresentation"],
        "verifiableCredential": list(credentials),
    }
    return document | changes


class Api:
    """One host behind its router, asked as a client would."""

    def __init__(self, host: Local, http: httpx.AsyncClient) -> None:
        self.host = host
        self._http = http

    async def post(self, path: str, body: Any, *, status: int) -> dict[str, Any]:
        answer = await self._http.post(path, json=body)
        assert answer.status_code == status, answer.text
        return dict(answer.json())

    async def issue(self, document: dict[str, Any], suite: str = SUITES[0], **options: Any) -> dict[str, Any]:
        body = {"credential": document, "options": options}
        answer = await self.post(f"/{suite}/credentials/issue", body, status=201)
        return dict(answer["verifiableCredential"])

    async def present(self, document: dict[str, Any], **options: Any) -> dict[str, Any]:
        answer = await self.post(
            "/presentations/issue", {"presentation": document, "options": options}, status=201
        )
        return dict(answer["verifiablePresentation"])

    async def verify(self, document: Any, *, status: int, **options: Any) -> dict[str, Any]:
        kind = "Presentation" if "VerifiablePresentation" in document["type"] else "Credential"
        body = {f"verifiable{kind}": document, "options": options}
        return await self.post(f"/{kind.lower()}s/verify", body, status=status)


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    app = FastAPI()
    problems.install(app)
    host = Local()
    app.include_router(vc_api.create(host))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        yield Api(host, http)


def reasons(answer: dict[str, Any]) -> set[tuple[str, str]]:
    return {(each["code"], each["reason"]) for each in answer.get("checks", ()) if each["result"] != "pass"}


# ------------------------------------------------------------------ issuing


@pytest.mark.parametrize("suite", SUITES)
async def test_what_is_issued_verifies(api: Api, suite: str) -> None:
    issued = await api.issue(credential(), suite)
    assert issued["issuer"] == api.host.did
    assert issued["proof"]["cryptosuite"] == suite
    answer = await api.verify(issued, status=200)
    assert (answer["verified"], answer["result"], answer["problemDetails"]) == (True, "pass", [])
    assert answer["notChecked"] == []


async def test_without_a_suite_in_the_path_it_is_the_one_over_graphs(api: Api) -> None:
    answer = await api.post("/credentials/issue", {"credential": credential()}, status=201)
    assert answer["verifiableCredential"]["proof"]["cryptosuite"] == "eddsa-rdfc-2022"


async def test_the_context_of_vcdm_1_1_gets_the_words_for_the_proof(api: Api) -> None:
    document = credential(**{"@context": [V1], "issuanceDate": "2026-06-12T09:30:00Z"})
    document["credentialSubject"] = {"id": SUBJECT.controller}
    issued = await api.issue(document)
    assert issued["@context"] == [V1, "https://w3id.org/security/data-integrity/v2"]
    await api.verify(issued, status=200)


async def test_a_status_of_our_own_is_added_when_asked_for(api: Api) -> None:
    other = {"type": "https://example.org/#OtherStatus", "id": "urn:other:1"}
    wanted = {"type": status_list.ENTRY_TYPE}
    alone = await api.issue(credential(), credentialStatus=wanted)
    assert alone["credentialStatus"]["statusListCredential"] == api.host.list_url
    answer = await api.verify(alone, status=200)
    assert {each["code"] for each in answer["checks"]} >= {"status"}
    beside = await api.issue(credential(credentialStatus=other), credentialStatus=wanted)
    assert [each["type"] for each in beside["credentialStatus"]] == [other["type"], status_list.ENTRY_TYPE]
    assert reasons(await api.verify(beside, status=400)) == {("status", "unsupported_status")}


async def test_a_revoked_one_is_not_verified(api: Api) -> None:
    issued = await api.issue(credential(), credentialStatus={"type": status_list.ENTRY_TYPE})
    index = int(issued["credentialStatus"]["statusListIndex"])
    api.host.bits = status_list.with_bit(api.host.bits, index, True)
    answer = await api.verify(issued, status=400)
    assert (answer["verified"], answer["result"], reasons(answer)) == (False, "fail", {("status", "revoked")})
    skipped = await api.verify(issued, status=200, **PROOF_ONLY)
    assert skipped["notChecked"] == ["dates", "status"]


REFUSED: dict[str, tuple[Callable[[], dict[str, Any]], str]] = {
    "no credential": (lambda: {}, "bad_request"),
    "text": (lambda: {"credential": "ey"}, "bad_request"),
    "another member": (lambda: {"credential": credential(), "issuer": "did:example:x"}, "bad_request"),
    "an unknown option": (
        lambda: {"credential": credential(), "options": {"mandatoryPointers": []}},
        "unsupported_option",
    ),
    "options that are a list": (lambda: {"credential": credential(), "options": []}, "unsupported_option"),
    "another status": (
        lambda: {
            "credential": credential(),
            "options": {"credentialStatus": {"type": "StatusList2021Entry"}},
        },
        "unsupported_option",
    ),
    "signed already": (lambda: {"credential": credential(proof={"type": "x"})}, "signed_already"),
    "a presentation": (lambda: {"credential": presentation()}, "wrong_type"),
    "of another issuer": (lambda: {"credential": credential(issuer="did:example:other")}, "not_our_did"),
    "no context": (lambda: {"credential": credential(**{"@context": ...})}, "not_conforming"),
    "an unknown context": (
        lambda: {"credential": credential(**{"@context": [V2, "https://example.com"]})},
        "unknown_context",
    ),
    "no subject": (lambda: {"credential": credential(credentialSubject=...)}, "not_conforming"),
    "a date without a zone": (
        lambda: {"credential": credential(validFrom="2026-06-12T09:30:00")},
        "not_conforming",
    ),
    "a term that nothing defines": (
        lambda: {"credential": credential(grade="A")},
        "undefined_term",
    ),
    "a term that means something else": (
        lambda: {"credential": credential(**{"@context": [V2, {"issuer": "https://evil.example/issuer"}]})},
        "not_conforming",
    ),
    "a context with another digest": (
        lambda: {"credential": credential(relatedResource={"id": V2, "digestSRI": "sha384-AAAA"})},
        "not_conforming",
    ),
}


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_not_signed(api: Api, name: str, suite: str) -> None:
    make, code = REFUSED[name]
    answer = await api.post(f"/{suite}/credentials/issue", make(), status=400)
    assert (answer["code"], answer["status"], answer["verified"]) == (code, 400, False)
    for problem in answer.get("problemDetails", ()):
        assert problem["type"].startswith("https://www.w3.org/TR/vc-data-model#")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"{", "not_json"),
        (b'{"credential": {}, "credential": {}}', "duplicate_member"),
        (b'{"credential": NaN}', "not_json"),
        (b'{"credential": ' + b"[" * 2000 + b"]" * 2000 + b"}", "too_deep"),
        (b'{"credential": "' + b"x" * 10_000_000 + b'"}', "too_large"),
        (b"[]", "not_an_object"),
        (b'{"credential": "\\ud800"}', "not_text"),
    ],
)
@pytest.mark.parametrize("path", ["/credentials/issue", "/credentials/verify"])
async def test_bodies_that_are_not_read(api: Api, path: str, content: bytes, code: str) -> None:
    answer = await api._http.post(path, content=content)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


# ------------------------------------------------------------------ verifying


async def test_a_changed_one_and_one_without_a_proof(api: Api) -> None:
    issued = await api.issue(credential())
    changed = issued | {"credentialSubject": {"id": SUBJECT.controller, "name": "Somebody"}}
    answer = await api.verify(changed, status=400)
    assert reasons(answer) == {("signature", "bad_signature")}
    (problem,) = answer["problemDetails"]
    assert problem["type"] == "https://www.w3.org/TR/vc-data-model#CRYPTOGRAPHIC_SECURITY_ERROR"
    assert "Somebody" not in str(answer)
    bare = await api.verify(credential(issuer=api.host.did), status=400)
    assert ("signature", "no_proof") in reasons(bare)


async def test_unknown_is_not_verified_and_is_told_apart(api: Api) -> None:
    issued = await api.issue(credential())
    issued["proof"] |= {"cryptosuite": "ecdsa-rdfc-2019"}
    answer = await api.verify(issued, status=400)
    assert (answer["verified"], answer["result"]) == (False, "unknown")
    assert ("signature", "unsupported_suite") in reasons(answer)
    assert {each["type"] for each in answer["problemDetails"]} == {"urn:cairn:unknown:unsupported_suite"}


async def test_an_expired_one_and_the_group_that_asks(api: Api) -> None:
    issued = await api.issue(credential(validUntil="2020-01-01T00:00:00Z"))
    assert reasons(await api.verify(issued, status=400)) == {("dates", "expired")}
    assert (await api.verify(issued, status=200, **PROOF_ONLY))["notChecked"] == ["dates", "status"]
    await api.verify(issued, status=400, checks=["proof", "validityPeriod"])


async def test_a_presentation_for_this_request_by_the_holder(api: Api) -> None:
    document = credential(credentialSubject={"id": api.host.did, "name": "Aoife"})
    issued = await api.issue(document)
    asked = {"challenge": "c-1", "domain": "verifier.example"}
    presented = await api.present(presentation(issued), **asked)
    assert presented["holder"] == api.host.did
    assert presented["proof"]["proofPurpose"] == "authentication"
    assert (await api.verify(presented, status=200, **asked))["verified"]
    for wrong, reason in (
        (asked | {"challenge": "c-2"}, "wrong_challenge"),
        (asked | {"domain": "other.example"}, "wrong_domain"),
        ({}, "no_challenge"),
    ):
        assert reasons(await api.verify(presented, status=400, **wrong)) == {("freshness", reason)}


async def test_a_stolen_credential_is_not_verified_unless_nobody_asks(api: Api) -> None:
    presented = await api.present(presentation(await api.issue(credential())), challenge="c")
    answer = await api.verify(presented, status=400, challenge="c")
    assert reasons(answer) == {("holder", "holder_is_not_subject")}
    asked = await api.verify(presented, status=200, challenge="c", checks=["proof"])
    assert "holder" in asked["notChecked"]


async def test_a_bad_credential_inside_a_presentation(api: Api) -> None:
    issued = await api.issue(credential(credentialSubject={"id": api.host.did, "name": "Aoife"}))
    forged = issued | {"credentialSubject": {"id": api.host.did, "name": "Somebody"}}
    presented = await api.present(presentation(forged), challenge="c")
    answer = await api.verify(presented, status=400, challenge="c")
    assert reasons(answer) == {("signature", "bad_signature")}


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/credentials/verify", {"verifiableCredential": presentation()}, "wrong_type"),
        ("/presentations/verify", {"verifiablePresentation": credential()}, "wrong_type"),
        ("/presentations/issue", {"presentation": credential()}, "wrong_type"),
        ("/credentials/verify", {"verifiableCredential": [credential()]}, "bad_request"),
        (
            "/credentials/verify",
            {"verifiableCredential": credential(), "options": {"checks": ["proofs"]}},
            "unsupported_check",
        ),
        (
            "/credentials/verify",
            {"verifiableCredential": credential(), "options": {"checks": []}},
            "bad_request",
        ),
        (
            "/presentations/verify",
            {"verifiablePresentation": presentation(), "options": {"challenge": 1}},
            "bad_request",
        ),
        (
            "/presentations/verify",
            {"verifiablePresentation": presentation(), "options": {"expectedProofPurpose": "x"}},
            "unsupported_option",
        ),
    ],
)
async def test_requests_that_cannot_be_answered(api: Api, path: str, body: Any, code: str) -> None:
    assert (await api.post(path, copy.deepcopy(body), status=400))["code"] == code


# ------------------------------------------------------------------ on an agent


def client(member: Member, token: str = TOKEN) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=member.admin_app, raise_app_exceptions=False),
        base_url="http://127.0.0.1",
        headers={"authorization": f"Bearer {token}"},
    )


async def test_it_is_not_there_unless_the_settings_say_so(shared: Town) -> None:
    for member in shared.members.values():
        async with client(member) as http:
            assert (await http.post("/vc-api/credentials/verify", json={})).status_code == 404


async def test_an_agent_signs_with_its_own_did_and_needs_its_token(place: Town) -> None:
    member = await place.member("registrar", Role.ISSUER, profile="munster-tu", vc_api=True).start()
    body = {"credential": credential(), "options": {"credentialStatus": {"type": status_list.ENTRY_TYPE}}}
    async with client(member, "wrong") as http:
        assert (await http.post("/vc-api/credentials/issue", json=body)).status_code == 401
    async with client(member) as http:
        answer = await http.post("/vc-api/eddsa-jcs-2022/credentials/issue", json=body)
        assert answer.status_code == 201, answer.text
        issued = answer.json()["verifiableCredential"]
        assert issued["issuer"] == member.did
        assert [each["statusPurpose"] for each in issued["credentialStatus"]] == ["revocation", "suspension"]
        verified = await http.post("/vc-api/credentials/verify", json={"verifiableCredential": issued})
        assert verified.status_code == 200, verified.text
        answers = [(await http.get("/vc-api/identifiers")).json() for _ in range(2)]
        assert answers[0] == answers[1]
        assert answers[0]["did"] == member.did
        by_key = await http.post(
            "/vc-api/credentials/issue", json={"credential": credential(issuer=answers[0]["didKey"])}
        )
        signed = by_key.json()["verifiableCredential"]
        assert signed["proof"]["verificationMethod"].startswith(f"{answers[0]['didKey']}#")
        verified = await http.post("/vc-api/credentials/verify", json={"verifiableCredential": signed})
        assert verified.status_code == 200, verified.text
        other = await http.post(
            "/vc-api/credentials/issue", json={"credential": credential(issuer="did:example:other")}
        )
        assert (other.status_code, other.json()["code"]) == (400, "not_our_did")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=member.public_app), base_url=member.settings.public_base
    ) as http:
        assert (await http.post("/vc-api/credentials/issue", json=body)).status_code == 404
        # Its lists, by either name: not every verifier asks for the registered one.
        address = issued["credentialStatus"][0]["statusListCredential"]
        for accept, given in (("application/ld+json, application/json", "json"), ("application/vc", "vc")):
            published = await http.get(address, headers={"accept": accept})
            assert published.headers["content-type"] == f"application/{given}"


async def test_its_own_keys_and_lists_are_at_hand_without_a_network(place: Town) -> None:
    member = await place.member("registrar", Role.ISSUER, profile="munster-tu", vc_api=True).start()
    body = {"credential": credential(), "options": {"credentialStatus": {"type": status_list.ENTRY_TYPE}}}
    async with client(member) as http:
        issued = (await http.post("/vc-api/credentials/issue", json=body)).json()["verifiableCredential"]
        place.internet.apps.clear()
        verified = await http.post("/vc-api/credentials/verify", json={"verifiableCredential": issued})
        assert verified.status_code == 200, verified.text
        entry = issued["credentialStatus"][0]
        entry["statusListCredential"] = f"{member.settings.public_base}/status/..%2f..%2ftoken"
        elsewhere = await http.post("/vc-api/credentials/verify", json={"verifiableCredential": issued})
        assert ("status", "unreachable") in reasons(elsewhere.json())


async def test_a_locked_agent_signs_nothing_and_a_learner_has_no_such_interface(place: Town) -> None:
    member = await place.member("registrar", Role.ISSUER, profile="munster-tu", vc_api=True).start()
    await member.agent.node.relock()
    async with client(member) as http:
        answer = await http.post("/vc-api/credentials/issue", json={"credential": credential()})
        assert answer.status_code == 423
    learner = await place.learner("reader", vc_api=True)
    async with client(learner) as http:
        assert (await http.post("/vc-api/credentials/issue", json={})).status_code == 404

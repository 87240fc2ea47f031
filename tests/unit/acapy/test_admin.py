from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from agent.acapy.admin import AdminClient
from agent.errors import AgentError, CairnError, ConflictError, NotFoundError

type Handler = Callable[[httpx.Request], httpx.Response]

CRED_DEF = "did:web:localhost%3A8301/anoncreds/v1/CREDDEF/" + "ab" * 32


class Acapy:
    """The admin API as a function from request to answer, with a record of what was asked."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.handler: Handler = lambda _request: httpx.Response(200, json={})

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.handler(request)

    def answers(self, *answers: Any) -> None:
        left = list(answers)
        self.handler = lambda _request: httpx.Response(200, json=left.pop(0))

    def fails(self, status: int, text: str) -> None:
        self.handler = lambda _request: httpx.Response(status, text=text)

    def body(self, number: int = -1) -> Any:
        return json.loads(self.requests[number].content)


@pytest.fixture
def acapy() -> Acapy:
    return Acapy()


@pytest.fixture
async def admin(acapy: Acapy) -> AsyncIterator[AdminClient]:
    client = AdminClient("http://127.0.0.1:1", "key", transport=httpx.MockTransport(acapy))
    yield client
    await client.close()


async def failure(call: Any) -> CairnError:
    with pytest.raises(CairnError) as caught:
        await call
    return caught.value


async def test_did_is_made_once(acapy: Acapy, admin: AdminClient) -> None:
    info = {"did": "did:web:x", "verkey": "v"}
    acapy.answers({"results": []}, {"result": info}, {"results": [{"did": "did:web:y"}, info]})
    assert (await admin.create_did_web("did:web:x")).verkey == "v"
    assert (await admin.create_did_web("did:web:x")).verkey == "v"
    assert [request.method for request in acapy.requests] == ["GET", "POST", "GET"]
    assert acapy.requests[0].headers["x-api-key"] == "key"


async def test_identifiers_are_quoted_whole(acapy: Acapy, admin: AdminClient) -> None:
    acapy.answers({"result": {"revoc_reg_id": "r"}})
    assert await admin.active_rev_registry(CRED_DEF) == "r"
    path = acapy.requests[0].url.raw_path.decode()
    assert path.startswith("/anoncreds/revocation/active-registry/did%3Aweb%3Alocalhost%253A8301%2Fanoncreds")


async def test_active_registry_is_waited_for(acapy: Acapy, admin: AdminClient) -> None:
    left = [
        httpx.Response(404),
        httpx.Response(404),
        httpx.Response(200, json={"result": {"revoc_reg_id": "r"}}),
    ]
    acapy.handler = lambda _request: left.pop(0)
    assert await admin.active_rev_registry("c") == "r"
    acapy.fails(404, "404: No active registry")
    assert (await failure(admin.active_rev_registry("c", within=0.1))).code == "not_found"


async def test_an_unfinished_cred_def_is_an_error(acapy: Acapy, admin: AdminClient) -> None:
    acapy.answers({"credential_definition_state": {"state": "failed"}})
    error = await failure(admin.create_cred_def("s", "i", "t", revocable=True, size=5))
    assert error.code == "not_published"
    assert acapy.body()["options"] == {"support_revocation": True, "revocation_registry_size": 5}


async def test_records_with_and_without_details(acapy: Acapy, admin: AdminClient) -> None:
    record = {
        "cred_ex_id": "x",
        "state": "done",
        "role": "holder",
        "thread_id": "t",
        "by_format": {"cred_offer": {"anoncreds": {"cred_def_id": "c", "schema_id": "s"}}},
        "cred_offer": {"credential_preview": {"attributes": [{"name": "title", "value": "T"}]}},
    }
    detail = {"cred_id_stored": "stored", "rev_reg_id": "r", "cred_rev_id": "7"}
    acapy.answers(record, {"cred_ex_record": record, "anoncreds": detail})
    bare, full = await admin.credential_record("x"), await admin.credential_record("x")
    assert (bare.cred_def_id, bare.schema_id, bare.preview) == ("c", "s", {"title": "T"})
    assert (bare.credential_id, bare.rev_reg_id) == ("", "")
    assert (full.credential_id, full.rev_reg_id, full.cred_rev_id) == ("stored", "r", "7")
    assert "T" not in repr(bare).replace("Text", "")


@pytest.mark.parametrize(("word", "value"), [("true", True), ("false", False), (None, None), ("maybe", None)])
async def test_verified_has_three_values(acapy: Acapy, admin: AdminClient, word: Any, value: Any) -> None:
    acapy.answers({"pres_ex_id": "p", "state": "done", "verified": word, "verified_msgs": ["note"]})
    found = await admin.verify_presentation("p")
    assert found.verified is value
    assert found.messages == ("note",)
    assert found.presentation == {}


async def test_presentation_spec(acapy: Acapy, admin: AdminClient) -> None:
    acapy.answers({"pres_ex_id": "p", "state": "presentation-sent"})
    await admin.send_presentation("p", attributes={"c0": "cred"}, predicates={"p0": "cred"})
    assert acapy.body()["anoncreds"] == {
        "requested_attributes": {"c0": {"cred_id": "cred", "revealed": True}},
        "requested_predicates": {"p0": {"cred_id": "cred"}},
        "self_attested_attributes": {},
    }


async def test_all_pages_of_credentials(acapy: Acapy, admin: AdminClient) -> None:
    def page(request: httpx.Request) -> httpx.Response:
        offset, limit = (int(request.url.params[name]) for name in ("offset", "limit"))
        rows = [
            {"referent": str(n), "schema_id": "s", "cred_def_id": "c", "rev_reg_id": None, "attrs": {"a": 1}}
            for n in range(offset, min(offset + limit, 150))
        ]
        return httpx.Response(200, json={"results": rows})

    acapy.handler = page
    found = await admin.list_credentials()
    assert [item.credential_id for item in found] == [str(n) for n in range(150)]
    assert (found[0].rev_reg_id, found[0].attributes) == ("", {"a": "1"})


async def test_invitations(acapy: Acapy, admin: AdminClient) -> None:
    acapy.answers({"invi_msg_id": "m", "oob_id": "o", "invitation": {"@id": "m"}})
    await admin.create_invitation(offer="x", goal="g")
    assert acapy.body()["attachments"] == [{"id": "x", "type": "credential-offer"}]
    assert "alias" not in acapy.body()
    acapy.answers({"invi_msg_id": "m", "oob_id": "o", "connection_id": None, "state": "done"})
    received = await admin.receive_invitation({"@id": "m"})
    assert received.connection_id == ""
    assert acapy.requests[-1].url.params["use_existing_connection"] == "false"


async def test_revocations_do_not_overlap(acapy: Acapy, admin: AdminClient) -> None:
    running = 0

    async def slow(_request: httpx.Request) -> httpx.Response:
        nonlocal running
        running += 1
        assert running == 1
        await asyncio.sleep(0.01)
        running -= 1
        return httpx.Response(200, json={"cred_ex_id": "x", "state": "credential-issued"})

    admin._http._http = httpx.AsyncClient(base_url="http://a", transport=httpx.MockTransport(slow))
    await asyncio.gather(*(admin.revoke(str(n), connection_id="c") for n in range(5)))


async def test_a_revocation_that_is_not_published_is_an_error(acapy: Acapy, admin: AdminClient) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/cairn/revocation-lists/publish":
            return httpx.Response(502)
        record = {"cred_ex_record": {"cred_ex_id": "x"}, "anoncreds": {"rev_reg_id": "r"}}
        return httpx.Response(200, json=record if request.method == "GET" else {})

    acapy.handler = answer
    assert (await failure(admin.revoke("x"))).code == "not_published"
    assert acapy.body() == {"rev_reg_id": "r"}


async def test_at_most_twelve_calls_at_once(admin: AdminClient) -> None:
    running = most = 0

    async def slow(_request: httpx.Request) -> httpx.Response:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1
        return httpx.Response(200, json={"rfc23_state": "completed"})

    admin._http._http = httpx.AsyncClient(base_url="http://a", transport=httpx.MockTransport(slow))
    await asyncio.gather(*(admin.connection_state("c") for _ in range(50)))
    assert most == 12


@pytest.mark.parametrize(
    ("status", "text", "kind", "code"),
    [
        (404, "404: Record not found", NotFoundError, "not_found"),
        (409, "409: Conflict", ConflictError, "wrong_state"),
        (
            400,
            "400: Presentation exchange 5 in done state (must be presentation-received)",
            ConflictError,
            "wrong_state",
        ),
        (400, "400: No", AgentError, "refused"),
        (401, "401: Unauthorized", AgentError, "refused"),
        (500, "500 Internal Server Error", AgentError, "failed"),
        (503, "503: Shutdown in progress", AgentError, "failed"),
    ],
)
async def test_failures_by_kind(
    acapy: Acapy, admin: AdminClient, status: int, text: str, kind: type[CairnError], code: str
) -> None:
    acapy.fails(status, text)
    error = await failure(admin.credential_record("3fa85f64-5717-4562-b3fc-2c963f66afa7"))
    assert type(error) is kind
    assert error.code == code
    assert str(status) in error.detail
    assert "/issue-credential-2.0/records/…" in error.detail


@pytest.mark.parametrize("status", [400, 422, 500])
async def test_no_value_gets_into_an_error(acapy: Acapy, admin: AdminClient, status: int) -> None:
    acapy.fails(
        status, f"{status}: Value 'MARKER' is bad, \"MARKER\", {{'a': 'MARKER'}} and [MARKER, 1]" + "x" * 9000
    )
    error = await failure(admin.create_offer("c", {"title": "MARKER"}))
    assert "MARKER" not in repr(error) + error.detail + error.hint
    assert len(error.detail) < 400


async def test_no_connection_and_no_answer(acapy: Acapy, admin: AdminClient) -> None:
    def refuse(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    def hang(_request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("late")

    acapy.handler = refuse
    assert (await failure(admin.list_credentials())).code == "unavailable"
    acapy.handler = hang
    assert (await failure(admin.list_credentials())).code == "timeout"


@pytest.mark.parametrize("answer", ["[]", "not json", '{"results": 5}', '{"results": [1]}', "null"])
async def test_nonsense_is_an_agent_error(acapy: Acapy, admin: AdminClient, answer: str) -> None:
    acapy.fails(200, answer)
    assert (await failure(admin.list_credentials())).code == "bad_answer"


async def test_a_signature_is_64_bytes_of_base64url(acapy: Acapy, admin: AdminClient) -> None:
    texts = {"verification_method": "did:web:x#key-1", "proof_canonical": b"p", "document_canonical": b"d"}
    acapy.answers({"signature": "A" * 86})
    assert await admin.sign_data_integrity("did:web:x", **texts) == bytes(64)
    assert acapy.body() == {
        "did": "did:web:x",
        "verification_method": "did:web:x#key-1",
        "proof_canonical": "p",
        "document_canonical": "d",
    }
    for answer in ({}, [], {"signature": ""}, {"signature": "A" * 84}, {"signature": "=" * 86}):
        acapy.answers(answer)
        assert (await failure(admin.sign_data_integrity("did:web:x", **texts))).code == "bad_answer"
    asked = len(acapy.requests)
    texts["document_canonical"] = bytes(1024 * 1024 + 1)
    assert (await failure(admin.sign_data_integrity("did:web:x", **texts))).code == "too_large"
    assert len(acapy.requests) == asked


async def test_a_did_key_is_made(acapy: Acapy, admin: AdminClient) -> None:
    acapy.answers({"result": {"did": "did:key:z6Mk", "verkey": "v"}})
    assert await admin.create_did_key() == "did:key:z6Mk"
    assert acapy.body() == {"method": "key", "options": {"key_type": "ed25519"}}
    acapy.answers({"result": None})
    assert (await failure(admin.create_did_key())).code == "bad_answer"

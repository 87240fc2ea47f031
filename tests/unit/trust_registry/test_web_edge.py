"""Requests as nobody should send them: each is refused as a problem document, and none is read in a laxer way."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI

from tests.unit.trust_registry.conftest import DID, Opener, client
from tests.unit.trust_registry.samples import MTU, MTU_ID, NOW
from tests.unit.trust_registry.test_api import TAILS, TAILS_NAME, problem
from tests.unit.trust_registry.test_web_trqp import AGENCY, ASKED
from trust_registry import dates, strict_json
from trust_registry.api import create_app
from trust_registry.errors import QueryError
from trust_registry.models import Query
from trust_registry.registry import Registry

ISSUER = f"/v1/issuers/{quote(MTU.did, safe='')}"
RESOLVE = f"/v1/resolve?did={quote(MTU.did, safe='')}&awarded_on=2024-05-01"
GETS = ["/", "/v1/status", "/v1/schemas", ISSUER, RESOLVE, "/v1/institutions?q=munster", "/v1/openapi.json"]


# --- methods


@pytest.mark.parametrize("path", [*GETS, f"/institutions/{MTU_ID}", f"/v1/institutions/{MTU_ID}"])
async def test_head_is_get_without_its_body(web: httpx.AsyncClient, path: str) -> None:
    got, head = await web.get(path), await web.head(path)
    assert (got.status_code, head.status_code, head.content) == (200, 200, b"")
    assert head.headers == got.headers


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/objects/x", "GET, HEAD, PUT"),
        ("POST", "/v1/revlists/x", "GET, HEAD, PUT"),
        ("PATCH", f"/v1/tails/{TAILS_NAME}", "GET, HEAD, PUT"),
        ("POST", "/v1/status", "GET, HEAD"),
        ("OPTIONS", "/v1/resolve", "GET, HEAD"),
        ("TRACE", "/authorization", "POST"),
        ("HEAD", "/recognition", "POST"),
        ("GET", "/v1/admin/bindings", "POST"),
        ("GET", "/v1/operator/list", "POST"),
        ("BREW", "/v1/schemas", "GET, HEAD"),
    ],
)
async def test_another_method_is_told_which_there_are(
    web: httpx.AsyncClient, method: str, path: str, allowed: str
) -> None:
    answer = await web.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    if method != "HEAD":
        problem(answer, 405, "method_not_allowed")


# --- addresses


@pytest.mark.parametrize(
    "path",
    [
        "/v1/status/",  # a redirect would lead wherever the Host header says
        "/v1/operator/nothing",
        "/v1/issuers/%00",
        "/v1/issuers/%ff%fe",
        "/v1/issuers/%ed%a0%80",
        "/v1/issuers/%zz",
        "/v1/objects/%00",
        "/v1/objects/a%0Ab",
        "/v1/institutions/%00",
        "/v1/institutions/..%2F..%2Fkey",
        "/trusted-issuers-registry/v5/issuers/%00",
        "/trusted-issuers-registry/v5/issuers/%25/attributes/%25",
        "/anoncreds/v1/SCHEMA/%00",
        "/anoncreds/v1/..%2F/x",
    ],
)
async def test_odd_addresses_lead_nowhere(web: httpx.AsyncClient, path: str) -> None:
    answer = await web.get(path, headers={"host": "elsewhere.example"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert "elsewhere" not in str(answer.headers)


@pytest.mark.parametrize(
    "path",
    [
        *(f"{path.partition('?')[0]}?unheard=1" for path in GETS if path != "/"),
        "/.well-known/did.json?unheard=1",
        "/anoncreds/v1/SCHEMA/x?unheard=1",
        "/v1/objects/x?unheard=1",
        "/v1/revlists/x?unheard=1",
        f"/v1/tails/{TAILS_NAME}?unheard=1",
        "/v1/exports/dcc.json?unheard=1",
        f"/v1/institutions/{MTU_ID}?known_At=2026-01-01T00:00:00Z",
    ],
)
async def test_no_route_takes_a_parameter_that_it_does_not_name(web: httpx.AsyncClient, path: str) -> None:
    document = problem(await web.get(path), 400, "unknown_parameter")
    assert "unheard" not in str(document)


@pytest.mark.parametrize(
    "path", ["/v1/revlists/x?at=1&at=2", "/v1/institutions?q=a&q=b", f"{RESOLVE}&did=did:web:x"]
)
async def test_no_parameter_is_given_twice(web: httpx.AsyncClient, path: str) -> None:
    problem(await web.get(path), 400, "repeated_parameter")


async def test_a_nonce_belongs_to_a_signed_answer(web: httpx.AsyncClient) -> None:
    problem(await web.get(f"{RESOLVE}&nonce={'a' * 16}"), 400, "unknown_parameter")


# --- headers


async def test_accept_is_read_over_all_its_lines(web: httpx.AsyncClient) -> None:
    lines = [("accept", "text/html"), ("accept", "application/jwt;q=0.5")]
    assert (await web.get(RESOLVE, headers=lines)).headers["content-type"] == "application/jwt"
    for plain in ("application/jwt;q=0", "application/xml", "*/*", "nonsense;;;", ""):
        answer = await web.get(RESOLVE, headers={"accept": plain})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")


async def test_an_export_is_signed_for_who_asks_for_that(web: httpx.AsyncClient) -> None:
    path = "/v1/exports/recognized-entities"
    for accept, media_type in (
        ("application/vc+jwt", "application/vc+jwt"),
        ("application/json, application/vc+jwt;q=0.1", "application/vc+jwt"),
        ("application/vc+jwt;q=0", "application/json"),  # was signed: any mention counted
        ("application/vc+jwt-not", "application/json"),
    ):
        assert (await web.get(path, headers={"accept": accept})).headers["content-type"] == media_type


async def test_two_authorizations_are_none(web: httpx.AsyncClient, web_registry: Registry) -> None:
    right = ("authorization", f"Bearer {web_registry.token}")
    for lines in (
        [right, right],
        [right, ("authorization", "Bearer x")],
        [("authorization", "Bearer x"), right],
    ):
        answer = await web.post("/v1/admin/bindings", content=b"{}", headers=lines)
        problem(answer, 401, "unauthorised")
        assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert (await web.post("/v1/admin/bindings", content=b"{}", headers=[right])).status_code == 400


async def test_what_one_has_already_is_not_sent_again(web: httpx.AsyncClient) -> None:
    name, jws = MTU.schema()
    url = f"/v1/objects/{quote(name, safe='')}"
    assert (await web.put(url, content=jws)).status_code == 200
    tag = (await web.get(url)).headers["etag"]
    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        again = await web.get(url, headers={"if-none-match": known})
        assert (again.status_code, again.content) == (304, b"")
    assert (await web.get(url, headers={"if-none-match": '"x"'})).text == jws


@pytest.mark.parametrize("range_", ["bytes=0-1", "bytes=9999-", "bytes=x", "pages=1", "bytes=0-0,1-1,-1"])
async def test_a_tails_file_comes_whole(web: httpx.AsyncClient, range_: str) -> None:
    url = f"/v1/tails/{TAILS_NAME}"
    assert (await web.put(url, content=TAILS)).status_code == 200
    answer = await web.get(url, headers={"range": range_})  # was 206, or 400 and 416 in plain text
    assert (answer.status_code, answer.content, answer.headers["accept-ranges"]) == (200, TAILS, "none")


# --- bodies


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/json; charset=utf-16"},
        {"content-type": "application/jsonp"},
        {"content-type": ""},
        {"content-encoding": "gzip"},
        {"content-type": "application/json", "content-encoding": "br"},
    ],
)
async def test_bodies_of_another_kind(
    web: httpx.AsyncClient, web_registry: Registry, headers: dict[str, str]
) -> None:
    token = {"authorization": f"Bearer {web_registry.token}"}
    for method, path in (
        ("POST", "/authorization"),
        ("POST", "/recognition"),
        ("POST", "/v1/admin/bindings"),
        ("PUT", "/v1/objects/x"),
        ("PUT", "/v1/revlists/x"),
        ("PUT", f"/v1/tails/{TAILS_NAME}"),
    ):
        answer = await web.request(method, path, content=json.dumps(ASKED), headers=headers | token)
        problem(answer, 415, "unsupported_media_type")


async def test_two_content_types_are_none(web: httpx.AsyncClient) -> None:
    lines = [("content-type", "application/json"), ("content-type", "application/json")]
    answer = await web.post("/authorization", content=json.dumps(ASKED), headers=lines)
    problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "given",
    [None, "application/json", "Application/JSON ; Charset=UTF-8", 'application/json;charset="utf-8"'],
)
async def test_bodies_of_the_right_kind(web: httpx.AsyncClient, given: str | None) -> None:
    headers = {"content-type": given} if given is not None else {}
    assert (await web.post("/authorization", content=json.dumps(ASKED), headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "text", [r'"\ud800"', r'"\udfff"', r'"a\uD83Dz"', r'{"\ud800": 1}', r'["\udc00\ud800"]']
)
def test_half_of_a_surrogate_pair_is_no_text(text: str) -> None:
    with pytest.raises(ValueError, match="surrogate") as caught:
        strict_json.loads(text, max_bytes=100)
    assert caught.value.__cause__ is None
    assert strict_json.loads(r'"\ud83d\ude00\\ud800"', max_bytes=100) == "\U0001f600\\ud800"


async def test_it_reaches_no_question_either(web: httpx.AsyncClient, web_registry: Registry) -> None:
    """It did: SQLite cannot store it, and the answer was a 500."""
    for path, asked in (("/recognition", AGENCY), ("/authorization", ASKED)):
        for name in ("entity_id", "authority_id", "resource"):
            body = json.dumps(asked | {name: "urn:cairn:agency:\ud800"})
            problem(await web.post(path, content=body), 400, "bad_body")
    token = {"authorization": f"Bearer {web_registry.token}"}
    body = json.dumps(
        {"did": MTU.did, "thumbprint": "\ud800", "at": "2026-01-01T00:00:00Z", "reason": "retired"}
    )
    problem(await web.post("/v1/admin/revocations", content=body, headers=token), 400, "bad_body")


# --- values that Python would take and their standards do not


@pytest.mark.parametrize("offset", ["+00:99", "+24:00", "-00:60", "+99:00", "z"])
def test_offsets_that_are_none(offset: str) -> None:
    with pytest.raises(QueryError) as caught:
        dates.parse_time(f"2024-01-01T00:00:00{offset}", "known_at")
    assert caught.value.code == "bad_time"
    assert dates.format_time(dates.parse_time("2024-01-01T00:00:00+23:59", "x")) == "2023-12-31T00:01:00Z"


@pytest.mark.parametrize(
    "text", [" 5", "5 ", "+5", "1_0", "５", "05", ".5", "5.", "NaN", "Infinity", "0x5", ""]
)
def test_credits_that_are_no_number(text: str) -> None:
    with pytest.raises(QueryError) as caught:
        Query.from_params({"did": MTU.did, "awarded_on": "2024-05-01", "ects": text})
    assert caught.value.code == "bad_parameter"


@pytest.mark.parametrize("text", ["0", "5", "7.5", "1000", "1E+1", "1e2"])
def test_credits_that_are_one(text: str) -> None:
    query = Query.from_params({"did": MTU.did, "awarded_on": "2024-05-01", "ects": text})
    assert Query.from_params(query.to_params()) == query


# --- failures


async def test_what_cannot_be_told_says_when_to_ask_again(open_registry: Opener) -> None:
    async with client(open_registry(), now=NOW + timedelta(days=31)) as http:
        for answer in (await http.get("/v1/exports/dcc.json"), await http.post("/recognition", json=AGENCY)):
            problem(answer, 503, "cannot_tell")
            assert answer.headers["retry-after"] == "3600"


async def test_a_failure_of_our_own_says_nothing_of_the_question(web_registry: Registry) -> None:
    def broken() -> Any:
        raise ZeroDivisionError("MARKER")

    app: FastAPI = create_app(web_registry, clock=broken)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8300") as http:
        document = problem(await http.get("/v1/status"), 500, "internal_error")
    assert "MARKER" not in str(document)
    assert DID not in str(document)

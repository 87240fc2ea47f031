"""The API against its own description: schemathesis in process, every example asked, nothing undescribed."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
import schemathesis
from fastapi.routing import APIRoute
from schemathesis.engine import events, from_schema
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from scripts import registry_api
from tests.unit.trust_registry.described_world import World, world
from trust_registry.web.limits import LIMITS

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
)
CONFIG: dict[str, Any] = {
    "seed": 1,
    "workers": 1,
    "continue-on-failure": True,
    "generation": {"max-examples": 12, "deterministic": True, "database": "none", "no-shrink": True},
    "checks": {"enabled": False, **{name: {"enabled": True} for name in CHECKS}},
    "phases": {"stateful": {"enabled": False}},
}
PAGES = {"/", "/institutions/{identifier}"}  # for people; they are HTML and described nowhere
TOKENS = {"admin": "adminToken", "operator": "operatorToken"}


@schemathesis.serializer("application/jose")
def _as_it_is(_: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


@dataclass
class Run:
    """What schemathesis saw: answers by operation and phase, how often each check ran, and what failed."""

    answers: dict[str, Counter[tuple[str, int]]] = field(default_factory=dict)
    checked: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("described") / "home") as opened:
        yield opened


@pytest.fixture(scope="module")
def document(place: World) -> dict[str, Any]:
    found: dict[str, Any] = schemathesis.openapi.from_asgi("/v1/openapi.json", place.app).raw_schema
    return found


@pytest.fixture(scope="module")
def ran(place: World) -> Run:
    """One run over all operations: examples, systematic coverage of the schemas, a little chance (seeded)."""
    tokens = {name: {"bearer": token} for name, token in place.tokens.items()}
    config = schemathesis.Config.from_dict(CONFIG | {"auth": {"openapi": tokens}})
    schema = schemathesis.openapi.from_asgi("/v1/openapi.json", place.app, config=config)
    run = Run()
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            run.failures.append(str(event))
        if isinstance(event, events.ScenarioFinished):
            _record(run, event)
    return run


def _record(run: Run, event: events.ScenarioFinished) -> None:
    recorder = event.recorder
    seen = run.answers.setdefault(recorder.label, Counter())
    for interaction in recorder.interactions.values():
        seen[event.phase.value, interaction.response.status_code if interaction.response else 0] += 1
    for identifier, checks in recorder.checks.items():
        for check in checks:
            run.checked[check.name] += 1
            if check.failure_info is not None:
                request = recorder.interactions[identifier].request
                failure = check.failure_info.failure
                said = (
                    f"{recorder.label} [{event.phase.value}] {check.name}: {failure.title} {failure.message}"
                )
                run.failures.append(f"{said}\n{request.method} {request.uri} {request.body!r}"[:1500])


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }


def test_every_operation_keeps_to_its_description(ran: Run) -> None:
    assert ran.failures == []
    assert all(ran.checked[name] > 500 for name in CHECKS), ran.checked


def test_every_operation_was_answered_from_its_examples(ran: Run, document: dict[str, Any]) -> None:
    # schemathesis leaves out the address that it was given the description from; it is asked below.
    found = {label: one for label, one in operations(document).items() if label != "GET /v1/openapi.json"}
    assert ran.answers.keys() == found.keys()
    del found[
        "GET /v1/snapshots/targets/{name}"
    ]  # named by the hash of data that grow: test_tuf_web asks for it
    for label, operation in found.items():
        # Where nothing can be chosen there is no example; the systematic phase asks it as it is.
        asked = "examples" if operation["parameters"] or "requestBody" in operation else "coverage"
        assert any(phase == asked and 200 <= status < 300 for phase, status in ran.answers[label]), label


def test_it_is_openapi_31(document: dict[str, Any]) -> None:
    OPENAPI_31_VALIDATOR.validate(document)


def test_it_lists_exactly_the_public_routes(document: dict[str, Any], place: World) -> None:
    mounted = {
        f"{method} {route.path_format}"
        for route in place.app.routes
        if isinstance(route, APIRoute) and route.path_format not in PAGES
        for method in route.methods or ()
        if method != "HEAD"
    }
    assert len(mounted) == len([route for route in place.app.routes if route.path not in PAGES])  # type: ignore[attr-defined]
    assert mounted == operations(document).keys()


def test_every_operation_says_what_it_takes_and_answers(document: dict[str, Any]) -> None:
    found = operations(document)
    ids = [operation["operationId"] for operation in found.values()]
    assert len(set(ids)) == len(ids)
    tags = {tag["name"] for tag in document["tags"]}
    for label, operation in found.items():
        assert operation["summary"], label
        assert set(operation["tags"]) < tags, label
        assert {"400", "414", "429", "500"} < operation["responses"].keys(), label
        for parameter in operation["parameters"]:
            assert parameter["description"], label
            assert parameter["schema"], label
        named = {item["name"] for item in operation["parameters"] if item["in"] == "path"}
        assert named == {part.strip("{}") for part in label.split("/") if part.startswith("{")}, label
        assert ("requestBody" in operation) is (not label.startswith("GET ")), label
        if "requestBody" in operation:
            assert {"413", "415"} < operation["responses"].keys(), label
        scheme = next((TOKENS[part] for part in label.split("/") if part in TOKENS), None)
        assert operation.get("security", []) == ([{scheme: []}] if scheme else []), label
        assert ("401" in operation["responses"]) is (scheme is not None), label
    assert "HTTPValidationError" not in str(document)


def samples(document: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """(where, schema, example) of every parameter, body and answer."""
    for label, operation in operations(document).items():
        for parameter in operation["parameters"]:
            if "example" in parameter:
                yield f"{label} {parameter['name']}", parameter["schema"], parameter["example"]
        bodies = [operation["requestBody"]["content"]] if "requestBody" in operation else []
        bodies += [answer["content"] for answer in operation["responses"].values() if "content" in answer]
        for media_type, content in ((name, item) for one in bodies for name, item in one.items()):
            yield f"{label} {media_type}", content["schema"], content["example"]
    for name, answer in document["components"]["responses"].items():
        (content,) = answer["content"].values()
        yield name, content["schema"], content["example"]


def test_every_example_is_of_its_schema(document: dict[str, Any]) -> None:
    kind, checker = jsonschema.Draft202012Validator, jsonschema.FormatChecker()
    found = list(samples(document))
    assert len(found) > 80
    for where, schema, example in found:
        whole = {**schema, "components": document["components"]}
        kind.check_schema(whole)
        problems = [error.message for error in kind(whole, format_checker=checker).iter_errors(example)]
        assert not problems, (where, problems)
    used = str([document["paths"], document["components"]])
    assert [name for name in document["components"]["schemas"] if f"schemas/{name}'" not in used] == []


def test_the_limits_are_in_the_description(document: dict[str, Any]) -> None:
    text = document["info"]["description"]
    for number in (
        LIMITS.query_string_bytes,
        LIMITS.search_chars,
        LIMITS.search_words,
        LIMITS.max_page_size,
        LIMITS.max_offset,
        LIMITS.body_bytes,
        LIMITS.nonce_chars,
        LIMITS.trqp_chars,
        LIMITS.reports,
        64 * 1024,
        2 * 1024 * 1024,
        64 * 1024 * 1024,
    ):
        assert f"{number}" in text, number


async def test_it_is_fetched_once(place: World) -> None:
    transport = httpx.ASGITransport(place.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8300") as http:
        first = await http.get("/v1/openapi.json")
        assert first.status_code == 200
        tag = first.headers["etag"]
        again = await http.get("/v1/openapi.json", headers={"if-none-match": f'"other", W/{tag}'})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)


def test_the_page_made_of_it_is_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    """If not: python scripts/registry_api.py"""
    monkeypatch.setattr(sys, "argv", ["registry_api.py", "--check"])
    assert registry_api.main() == 0


def test_a_page_that_is_not_is_noticed(
    document: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry_api, "PAGE", tmp_path / "registry-api.md")
    monkeypatch.setattr(registry_api, "described", lambda: document)
    for arguments, code, there in ((["--check"], 1, False), ([], 0, True), (["--check"], 0, True)):
        monkeypatch.setattr(sys, "argv", ["registry_api.py", *arguments])
        assert registry_api.main() == code
        assert registry_api.PAGE.exists() is there

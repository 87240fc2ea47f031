"""Getting the European Learning Model's files, and holding documents against them in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.core.verdict import Result
from agent.errors import CairnError, ConflictError, InputError
from agent.net.fetch import SafeFetcher
from agent.services import elm
from tests.simulators.internet import Asked, Internet, raw_answer
from tests.unit.vc import elm_files
from trust_registry.models import (
    ASSURED,
    ChainLink,
    Decision,
    Freshness,
    Outcome,
    Scope,
    SnapshotInfo,
    SnapshotKind,
)

ADDRESS = "https://elm.example/mirror"
PLACE = ("93.184.215.14", 443)
PATHS = [file.path for file in elm.FILES]

type Raw = Callable[[Asked], bytes]


def fetcher(answer: Raw | None) -> tuple[SafeFetcher, Internet]:
    internet = Internet(names={"elm.example": [PLACE[0]], "inner.example": ["10.0.0.1"]})
    if answer is not None:
        internet.raw[PLACE] = answer
    return internet.fetcher(demo=False), internet


def mirror(changes: dict[str, bytes] | None = None) -> Raw:
    """The published files under /mirror; ``changes`` replaces answers by file name."""
    contents = elm_files.contents()

    def answer(asked: Asked) -> bytes:
        name = asked.target.rsplit("/", 1)[-1]
        if changes and name in changes:
            return changes[name]
        known = asked.target.removeprefix("/mirror/") in PATHS
        return raw_answer(contents[name], content_type="text/plain") if known else raw_answer(b"", 404)

    return answer


async def refused(answer: Raw | None, target: Path) -> CairnError:
    get, _ = fetcher(answer)
    try:
        with pytest.raises(CairnError) as error:
            await elm.install(ADDRESS, target, get)
    finally:
        await get.aclose()
    return error.value


def listing(target: Path) -> list[str]:
    return sorted(str(path.relative_to(target)) for path in target.rglob("*")) if target.exists() else []


# --- getting them


async def test_from_an_address_as_the_repository_lays_it_out(tmp_path: Path) -> None:
    get, internet = fetcher(mirror())
    folder = await elm.install(f"{ADDRESS}/", tmp_path, get)
    await get.aclose()
    assert folder == elm.folder_of(tmp_path)
    assert [asked.target for _, asked in internet.asked] == [f"/mirror/{path}" for path in PATHS]
    assert elm.read(tmp_path) == elm_files.contents()
    assert listing(tmp_path) == sorted([folder.name, *(f"{folder.name}/{file.name}" for file in elm.FILES)])


async def test_the_published_address_is_pinned_to_a_commit() -> None:
    assert elm.DEFAULT_URL.startswith("https://")
    assert elm.DEFAULT_URL.endswith("/9d7c5d22002237c3afeb1750b7038e6fe2cdd371")


async def test_from_a_folder_flat_or_as_the_repository(tmp_path: Path) -> None:
    await elm.install(elm_files.folder(), tmp_path / "a")
    for file in elm.FILES:
        place = tmp_path / "repository" / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(elm_files.contents()[file.name])
    await elm.install(tmp_path / "repository", tmp_path / "b")
    assert elm.read(tmp_path / "a") == elm.read(tmp_path / "b")


async def test_again_over_what_is_there_and_over_what_was_damaged(tmp_path: Path) -> None:
    await elm.install(elm_files.folder(), tmp_path)
    (elm.folder_of(tmp_path) / elm.FILES[1].name).write_bytes(b"changed")
    with pytest.raises(CairnError, match="wrong_digest"):
        elm.read(tmp_path)
    await elm.install(elm_files.folder(), tmp_path)
    assert elm.read(tmp_path) == elm_files.contents()
    assert not [name for name in listing(tmp_path) if name.startswith(".")]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (lambda _: raw_answer(b"x" * 22601), "wrong_digest"),
        (lambda _: raw_answer(b""), "wrong_digest"),
        (lambda _: raw_answer(b"x" * 30_000), "too_large"),
        (lambda _: raw_answer(b"x" * 30_000, content_length=""), "too_large"),
        (lambda _: raw_answer(b"", 302, location="https://elsewhere.example/"), "redirect"),
        (lambda _: raw_answer(b"", 404), "not_there"),
        (lambda _: raw_answer(b"x", content_encoding="gzip"), "encoded"),
        (None, "unreachable"),
    ],
    ids=["digest", "empty", "too-large", "too-large-unsaid", "redirect", "404", "compressed", "nobody"],
)
async def test_refusals_change_nothing(answer: Raw | None, code: str, tmp_path: Path) -> None:
    error = await refused(answer, tmp_path / "elm")
    assert error.code == code
    assert listing(tmp_path) == []


@pytest.mark.parametrize("address", ["http://elm.example/x", "https://inner.example/x", "https://"])
async def test_addresses_that_are_not_asked(address: str, tmp_path: Path) -> None:
    get, internet = fetcher(None)
    with pytest.raises(CairnError) as error:
        await elm.install(address, tmp_path, get)
    await get.aclose()
    assert error.value.code in {"not_https", "private_address", "bad_url"}
    assert internet.connected == []
    assert listing(tmp_path) == []


async def test_what_fails_half_way_leaves_what_was_there(tmp_path: Path) -> None:
    await elm.install(elm_files.folder(), tmp_path)
    before = listing(tmp_path)
    last = elm.FILES[-1]
    error = await refused(mirror({last.name: raw_answer(b"x" * last.size)}), tmp_path)
    assert (error.code, last.name in error.detail) == ("wrong_digest", True)
    assert listing(tmp_path) == before
    assert elm.read(tmp_path) == elm_files.contents()


async def test_a_disk_that_is_full_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await elm.install(elm_files.folder(), tmp_path)
    before = listing(tmp_path)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConflictError, match="not_written"):
        await elm.install(elm_files.folder(), tmp_path)
    assert listing(tmp_path) == before
    assert elm.read(tmp_path) == elm_files.contents()


async def test_a_folder_without_them(tmp_path: Path) -> None:
    for source in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(InputError, match="no_file"):
            await elm.install(source, tmp_path / "elm")
    with pytest.raises(InputError, match="bad_url"):
        await elm.install(ADDRESS, tmp_path / "elm")


# --- holding documents against them


@pytest.fixture(scope="module")
async def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("elm")
    await elm.install(elm_files.folder(), target)
    return target


def sample() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(
        (elm_files.folder() / "credential-sample.jsonld").read_text("utf-8")
    )
    return document


def test_not_installed_is_unknown_and_says_what_to_do(tmp_path: Path) -> None:
    report = elm.validate({}, tmp_path)
    assert (report.result, report.reason) == (Result.UNKNOWN, "not_installed")
    assert "cairn elm install" in report.hint
    assert report.check().result is Result.UNKNOWN


async def test_changed_files_are_unknown(tmp_path: Path) -> None:
    await elm.install(elm_files.folder(), tmp_path)
    shapes = elm.folder_of(tmp_path) / "EDC-generic-full.ttl"
    shapes.write_bytes(shapes.read_bytes() + b"\n")
    report = elm.validate(sample(), tmp_path)
    assert (report.result, report.reason) == (Result.UNKNOWN, "wrong_digest")


def test_the_official_sample(installed: Path) -> None:
    report = elm.validate(sample(), installed)
    assert (report.result, report.reason) == (Result.FAIL, "violations_of_the_sample")
    assert report.beyond == ()
    assert [each.path for each in report.findings] == [
        "cred:issuer",
        "elm:eidasLegalIdentifier",
        "elm:individualDisplay",
    ]
    assert report.dropped == ("eIDAS\u0399dentifier",)
    check = report.check()
    assert (check.result, len(check.evidence)) == (Result.FAIL, 3)
    assert report.to_json()["beyond_the_official_sample"] == 0


def test_what_is_beyond_the_sample_is_counted_and_comes_first(installed: Path) -> None:
    document = sample()
    del document["issued"]
    report = elm.validate(document, installed)
    assert (report.result, report.reason) == (Result.FAIL, "violations")
    assert [each.path for each in report.beyond] == ["cred:issued"]
    assert report.findings[0].message == "issued is missing"
    assert report.detail == "4 violations, 1 of them beyond those of the official sample."


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"not json", "not_json"),
        (b'{"a":1,"a":2}', "duplicate_member"),
        (b'{"a":NaN}', "not_json"),
        (b"[" * 2000 + b"]" * 2000, "too_deep"),
        (b"[]", "not_elm"),
        (b'{"@context":"https://attacker.example/"}', "unknown_context"),
        (b'{"@context":[{"@vocab":"urn:x#"}]}', "context_override"),
    ],
)
def test_what_cannot_be_read(data: bytes, code: str, installed: Path) -> None:
    with pytest.raises(InputError) as error:
        elm.validate_bytes(data, installed)
    assert error.value.code == code


def test_ten_megabytes_are_refused_before_anything_starts(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "run", None)
    with pytest.raises(InputError, match="too_large"):
        elm.validate_bytes(b" " * (10 * 1024 * 1024), installed)


def test_what_takes_too_long_is_unknown(installed: Path) -> None:
    report = elm.validate(sample(), installed, seconds=0.001)
    assert (report.result, report.reason) == (Result.UNKNOWN, "too_long")


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        (0, b""),
        (0, b"{}"),
        (0, b"[]"),
        (0, b'{"findings":[{"path":"x"}],"dropped":[]}'),
        (0, b'{"error":{}}'),
        (0, b'{"error":{"kind":"other","code":"shapes_failed","detail":"x","hint":""}}'),
        (-9, b'{"findings":[],"dropped":[]}'),
        (1, b'{"findings":[],"dropped":[]}'),
        (0, b" " * (3 * 1024 * 1024)),
    ],
)
def test_a_validator_that_fails_is_unknown_and_never_a_pass(
    code: int, answer: bytes, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*_: Any, **__: Any) -> subprocess.CompletedProcess[bytes]:
        return subprocess.CompletedProcess([], code, answer)

    monkeypatch.setattr(subprocess, "run", run)
    report = elm.validate(sample(), installed)
    assert (report.result, report.reason) == (Result.UNKNOWN, "validator_failed")


def test_a_validator_that_cannot_be_started(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    report = elm.validate(sample(), installed)
    assert (report.result, report.reason) == (Result.UNKNOWN, "validator_failed")


@pytest.mark.parametrize(
    "deed",
    [
        "import socket; socket.create_connection(('127.0.0.1', 9), 1)",
        "import socket; socket.getaddrinfo('localhost', 80)",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9/')",
        "import rdflib; rdflib.Graph().parse('http://127.0.0.1:9/x.ttl')",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.system('true')",
        "import os; os.fork()",
    ],
)
def test_the_validators_process_has_no_network_and_starts_nothing(deed: str) -> None:
    code = (
        f"import sys\nfrom agent.services import elm_worker\nsys.addaudithook(elm_worker._refuse)\n{deed}\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "is not allowed here" in done.stderr


def test_no_word_of_the_document_leaves_the_process_except_in_findings(installed: Path) -> None:
    document = sample()
    document["issued"] = "MARKER-not-a-date"  # about which the RDF library would write a warning
    report = elm.validate(document, installed)
    assert "cred:issued" in {each.path for each in report.findings}
    assert "MARKER" not in json.dumps(report.to_json())


# --- what the registry says of who reviewed


def decision(**changes: Any) -> Decision:
    chain = (
        ChainLink("institution", "Uni", "I-1"),
        ChainLink("report", "institutional report, voluntary", "R-1", "https://r.example/1", "2021 to 2027"),
        ChainLink("agency", "Agency", "AG"),
    )
    usual: dict[str, Any] = {
        "outcome": Outcome.ASSURED_VOLUNTARY,
        "reasons": (),
        "evidence": (),
        "authority_chain": chain,
        "institution": None,
        "scope": Scope.INSTITUTION,
        "snapshot": SnapshotInfo(1, "2026-01-01T00:00:00Z", 1, Freshness.FRESH, SnapshotKind.DEMO, "ab" * 32),
    }
    return Decision(**(usual | changes))


def test_a_decision_becomes_a_review_of_its_own_scope() -> None:
    found = elm.accreditation_of(decision())
    assert found is not None
    assert (found.title, found.agency, found.scope, found.id, found.report, found.agency_country) == (
        "institutional report, voluntary, 2021 to 2027",
        "Agency",
        "institution",
        "R-1",
        "https://r.example/1",
        "",
    )


@pytest.mark.parametrize("outcome", [each for each in Outcome if each not in ASSURED])
def test_no_other_decision_is_a_review(outcome: Outcome) -> None:
    assert elm.accreditation_of(decision(outcome=outcome)) is None
    assert elm.accreditation_of(decision(authority_chain=())) is None
    assert elm.accreditation_of(None) is None

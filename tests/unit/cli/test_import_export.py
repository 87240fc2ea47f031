"""`cairn verify`, `import`, `export` and `stack export` with a service running: real services in a simulated town."""

from __future__ import annotations

import asyncio
import io
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import Result

from agent.client import AgentClient
from agent.services.importing import Importing
from tests.simulators.internet import raw_answer
from tests.simulators.registry import ASSURED
from tests.simulators.town import TOKEN, Member, Town, town
from tests.unit.cli import files
from tests.unit.cli.conftest import Service, problem
from tests.unit.cli.files import ISSUER, Web, data
from tests.unit.cli.test_documents import BAD, part, rows
from tests.unit.vc import documents as made
from tests.unit.vc.test_baking import png

type Run = Callable[..., Awaitable[Result]]
CERTIFICATE = "certificate-sustainable-process-industries"


class Bridge(httpx.AsyncBaseTransport):
    """The command runs in a thread with a loop of its own; the town's services live in the test's loop."""

    def __init__(self, member: Member) -> None:
        self._inside = httpx.ASGITransport(app=member.admin_app, raise_app_exceptions=False)
        self._loop = asyncio.get_running_loop()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        there = asyncio.run_coroutine_threadsafe(self._answer(request), self._loop)
        return await asyncio.wrap_future(there)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        inner = httpx.Request(request.method, request.url, headers=request.headers, content=request.content)
        answer = await self._inside.handle_async_request(inner)
        return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())


@dataclass
class Place:
    """A university that awarded something to a learner, and ``other``, an empty wallet that imports."""

    town: Town
    university: Member
    learner: Member
    other: Member
    credential: dict[str, Any]


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    with pytest.MonkeyPatch.context() as patch:
        async with town(tmp_path_factory.mktemp("town"), patch) as built:
            university, learner = await built.university(), await built.learner()
            other = await built.learner("other")
            offer = await learner.receive((await university.offer())["link"])
            await built.world.settled()
            credential = await learner.agent.holding.credential(str(offer["credential_id"]))
            Web(built.internet)
            built.registry.outcomes[ISSUER.did] = ASSURED
            yield Place(built, university, learner, other, credential)


@pytest.fixture
def run(shared: Place, cairn: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command against ``--home`` of a member (default: other)."""
    for member in shared.town.members.values():
        (member.home / "service.json").write_text('{"admin_url": "http://127.0.0.1:1"}')

    async def call(*arguments: str, by: Member | None = None, stdin: bytes = b"") -> Result:
        member = by or shared.other
        bridge = Bridge(member)

        def from_home(_cls: type[AgentClient], home: Path, **_more: Any) -> AgentClient:
            assert home == member.home
            return AgentClient("http://127.0.0.1:1", TOKEN, transport=bridge)

        monkeypatch.setattr(AgentClient, "from_home", classmethod(from_home))
        return await asyncio.to_thread(cairn, *arguments, "--home", str(member.home), stdin=stdin)

    return call


async def state(member: Member) -> str:
    """All that the wallet holds and remembers."""
    held = await member.agent.holding.credentials()
    badges = await Importing(member.agent.node).visual_badges()
    return json.dumps([held, badges, await member.history()], sort_keys=True)


async def exported(run: Run, shared: Place, form: str, *more: str) -> bytes:
    result = await run("export", shared.credential["id"][:8], "--as", form, *more, by=shared.learner)
    assert result.exit_code == 0, result.stderr
    return result.stdout_bytes


# --- export, and verify what came out


@pytest.mark.parametrize(
    ("form", "start", "exit_code"),
    [
        ("open-badge", b"{", 0),
        ("png", b"\x89PNG", 0),
        ("svg", b"<", 0),
        ("json", b"{", 5),  # only its holder can prove an AnonCreds signature
        ("elm", b"{", 1),  # not signed
        ("html", b"<!", 2),
        ("pdf", b"%PDF", 2),
    ],
)
async def test_what_is_exported_is_verified(
    run: Run, shared: Place, tmp_path: Path, form: str, start: bytes, exit_code: int
) -> None:
    path = tmp_path / f"out.{form}"
    result = await run("export", shared.credential["id"], "--as", form, "--to", str(path), by=shared.learner)
    assert (result.exit_code, result.stdout) == (0, ""), result.stderr
    content = path.read_bytes()
    assert content.lower().startswith(start.lower())
    assert f"{len(content)} bytes" in result.stderr
    assert path.stat().st_mode & 0o077 == 0
    assert (exit_code in (1, 2)) == ("it is not signed" in result.stderr)
    found = await run("verify", str(path), "--json")
    assert found.exit_code == exit_code, found.stderr or rows(json.loads(found.stdout))


async def test_export_to_standard_output_and_its_remarks(run: Run, shared: Place) -> None:
    badge = json.loads(await exported(run, shared, "open-badge"))
    assert badge["type"] == ["VerifiableCredential", "OpenBadgeCredential"]
    result = await run("export", shared.credential["id"], "--as", "png", by=shared.learner)
    assert result.stdout_bytes.startswith(b"\x89PNG")
    assert "! Whoever gets this file sees all of it" in result.stderr


async def test_what_a_file_would_say_is_listed_before_it_is_written(
    run: Run, shared: Place, tmp_path: Path
) -> None:
    before = await state(shared.learner)
    path = tmp_path / "presentation.json"
    asked = ("--challenge", "n-1", "--domain", "employer.example", "--to", str(path))
    id = shared.credential["id"]
    result = await run("export", id, "--as", "presentation", *asked, "--dry-run", by=shared.learner)
    assert result.exit_code == 0, result.stderr
    assert "/verifiableCredential/0/credentialSubject/achievement/name: " in result.stdout
    assert "/proof/challenge: n-1\n" in result.stdout
    assert "Nothing was written." in result.stderr
    assert not path.exists()
    found = await run("export", id, "--as", "json", "--dry-run", "--json", by=shared.learner)
    assert [row["path"] for row in json.loads(found.stdout)["claims"]][:2] == ["/type", "/version"]
    assert await state(shared.learner) == before
    for form, code in (("pdf", "no_paths"), ("presentation", "no_challenge")):
        refused = await run("export", id, "--as", form, "--dry-run", by=shared.learner)
        assert (refused.exit_code, code in refused.stderr) == (2, True), refused.stderr


async def test_a_presentation_is_made_for_one_request(run: Run, shared: Place) -> None:
    file = await exported(run, shared, "presentation", "--challenge", "n-1", "--domain", "employer.example")
    asked = ("--challenge", "n-1", "--domain", "employer.example")
    assert (await run("verify", "-", *asked, stdin=file)).exit_code == 0
    assert (await run("verify", "-", stdin=file)).exit_code == 5
    assert (await run("verify", "-", "--challenge", "n-2", *asked[2:], stdin=file)).exit_code == 1
    result = await run("export", shared.credential["id"], "--as", "presentation", by=shared.learner)
    assert (result.exit_code, result.stdout_bytes) == (2, b"")
    assert "[no_challenge]" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("export", "nope"), "no_such_credential"),
        (("export", "x", "--as", "docx"), "usage"),
        (("export", "../../status"), "http_error"),  # one segment of an address, and no way out of it
        (("stack", "export", "--target", CERTIFICATE, "--to", "/dev/null", "--as", "docx"), "unknown_format"),
        (("stack", "export", "--target", "nope", "--to", "/dev/null"), "no_such_target"),
        (("stack", "export", "--target", CERTIFICATE, "--to", "/dev/null", "--as", "clr"), "no_badge"),
    ],
)
async def test_exports_that_cannot_be(run: Run, arguments: tuple[str, ...], code: str) -> None:
    result = await run(*arguments)
    assert (result.exit_code, result.stdout_bytes) == (2, b""), result.stderr
    assert f"[{code}]" in result.stderr


async def test_a_file_that_cannot_be_written(run: Run, shared: Place, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for target in (tmp_path / "file" / "inside.json", tmp_path):
        result = await run("export", shared.credential["id"], "--to", str(target), by=shared.learner)
        assert result.exit_code == 2
        assert "[unwritable]" in result.stderr
    assert (tmp_path / "file").read_text() == "mine"
    assert {each.name for each in tmp_path.iterdir()} <= {"file", "root"}


async def test_a_stack_as_a_transcript_and_as_a_bundle(run: Run, shared: Place, tmp_path: Path) -> None:
    for form, start in (("pdf", b"%PDF"), ("html", b"<!")):
        path = tmp_path / f"stack.{form}"
        result = await run(
            "stack", "export", "--target", CERTIFICATE, "--as", form, "--to", str(path), by=shared.learner
        )
        assert result.exit_code == 0, result.stderr
        assert path.read_bytes().lower().startswith(start.lower())
        assert "it is not signed" in result.stderr
    path = tmp_path / "clr.json"
    result = await run(
        "stack", "export", "--target", CERTIFICATE, "--as", "clr", "--to", str(path), by=shared.learner
    )
    assert result.exit_code == 0, result.stderr
    assert "It is no award" in result.stderr
    found = json.loads((await run("verify", str(path), "--json")).stdout)
    assert part(found) == "pass", rows(found)
    assert [item["title"] for item in found["items"]] == ["Sustainable Energy Systems"]
    # The badge inside was changed after the bundle was signed: both signatures say so.
    document = json.loads(path.read_text())
    inner = document["credentialSubject"]["verifiableCredential"]
    (inner if isinstance(inner, dict) else inner[0])["credentialSubject"]["creditsEarned"] = 60
    result = await run("verify", "-", "--json", stdin=data(document))
    assert result.exit_code == 1
    signatures = [
        check
        for check in json.loads(result.stdout)["verdict"]["parts"][0]["checks"]
        if check["code"] == "signature"
    ]
    assert [check["result"] for check in signatures] == ["fail", "fail"]


async def test_a_bundle_with_more_than_is_verified_says_so(run: Run) -> None:
    bundle = files.rdfc()
    bundle["type"] = ["VerifiableCredential", "ClrCredential"]
    bundle["credentialSubject"] = {"type": ["ClrSubject"], "verifiableCredential": [files.token(), 7]}
    result = await run("verify", "-", "--json", stdin=data(bundle))
    found = json.loads(result.stdout)
    told = found["verdict"]["parts"][0]["checks"]
    assert ("parts", "unknown") in {(check["code"], check["result"]) for check in told}
    assert [item["title"] for item in found["items"]] == ["Data Literacy"]  # the token is read, too


# --- verify with a service: the same verdict, with what it knows of issuers


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: data(files.rdfc()), 0),
        (lambda: data(files.jcs()), 0),
        (lambda: data(files.token()), 0),
        (lambda: files.baked(png()), 0),
        (lambda: files.baked(files.PICTURES["svg"]), 0),
        (lambda: data(files.presentation()), 5),
        (lambda: data(files.tampered(files.rdfc())), 1),
        (lambda: data(files.forged(files.token())), 1),
        (lambda: data(files.record()), 1),
    ],
)
async def test_exit_codes_where_the_issuer_is_known(
    run: Run, tmp_path: Path, make: Callable[[], bytes], expected: int
) -> None:
    path = tmp_path / "file"
    path.write_bytes(make())
    result = await run("verify", str(path), "--json")
    assert result.exit_code == expected, result.stderr or rows(json.loads(result.stdout))


async def test_an_edited_export_is_no_signature(run: Run, shared: Place) -> None:
    """Whoever writes a wallet's name for it into an export has signed nothing, and no list of digits is an index."""
    document = json.loads(await exported(run, shared, "json"))
    for more in ({"referent": "x", "received_at": "2026-01-01T00:00:00Z"}, {"cred_rev_id": "9" * 5000}):
        found = json.loads((await run("verify", "-", "--json", stdin=data(document | more))).stdout)
        assert rows(found)["signature"] == "unknown only_by_presentation", more
    assert rows(found)["status"] == "fail no_such_status"


async def test_a_held_credential_by_its_id(run: Run, shared: Place) -> None:
    result = await run("verify", shared.credential["id"][:10], by=shared.learner)
    assert (result.exit_code, result.stdout.splitlines()[0][:6]) == (0, "✓ pass")
    missing = await run("verify", "nosuchthing", by=shared.learner)
    assert (missing.exit_code, missing.stdout) == (2, "")


async def test_a_locked_wallet_verifies_and_imports_nothing(run: Run, shared: Place, tmp_path: Path) -> None:
    locked = await shared.town.learner(f"locked{len(shared.town.members)}")
    (locked.home / "service.json").write_text("{}")
    await locked.agent.node.relock()
    asked = len(shared.town.internet.asked)
    file = data(files.rdfc())
    assert (await run("verify", "-", by=locked, stdin=file)).exit_code == 0
    for what in (file, b"not JSON", data(files.assertion())):
        result = await run("import", "-", by=locked, stdin=what)
        assert (result.exit_code, result.stdout) == (4, "")
    assert len(shared.town.internet.asked) == asked
    assert (await run("export", "x", by=locked)).exit_code == 4


def test_a_service_that_is_gone_does_not_stop_verify(
    cairn: Callable[..., Result], service: Service, tmp_path: Path
) -> None:
    (tmp_path / "service.json").write_text('{"admin_url": "http://127.0.0.1:1"}')
    service.everything = httpx.ConnectError("refused")
    found = cairn("verify", "-", "--json", "--home", str(tmp_path), stdin=data(files.rdfc()))
    assert (found.exit_code, part(json.loads(found.stdout))) == (5, "pass")
    service.everything = problem(422, "not_json", "InputError")
    refused = cairn("verify", "-", "--home", str(tmp_path), stdin=b"x")
    assert (refused.exit_code, refused.stdout) == (2, "")


# --- import


# A list or a zip holds several; neither is one credential that could be verified.
BAD_TO_IMPORT = {name: bad for name, bad in BAD.items() if name != "a list"} | {
    "a zip": (BAD["a zip"][0], "bad_zip"),
    "a list of numbers": (lambda: b"[1, 2]", "not_recognised"),
    "an empty list": (lambda: b"[]", "not_recognised"),
}


@pytest.mark.parametrize("name", BAD_TO_IMPORT)
async def test_bad_files_change_nothing(run: Run, shared: Place, tmp_path: Path, name: str) -> None:
    make, code = BAD_TO_IMPORT[name]
    before = await state(shared.other)
    result = await run("import", "-", stdin=make())
    assert (result.exit_code, result.stdout) == (2, ""), result.stderr
    told = result.stderr.splitlines()
    assert len(told) == 3, told  # what, what to do, code
    assert code in told[2]
    assert await state(shared.other) == before


@pytest.mark.parametrize(
    ("make", "code", "exit_code"),
    [
        (lambda: data(files.presentation()), "not_importable", 2),
        (lambda: data(files.record()), "not_importable", 2),
        (lambda: png(), "no_badge", 2),  # noqa: PLW0108 - each is a maker
        (lambda: files.baked(png(), _says_two_things()), "record_differs", 1),
        (lambda: _addressed("https://club.example/gone"), "assertion_unreachable", 3),
        (lambda: _addressed("https://club.example/b/1"), "not_recognised", 2),
        (lambda: _addressed("http://10.0.0.1/x"), "assertion_unreachable", 3),
    ],
)
async def test_files_that_are_not_taken(
    run: Run, shared: Place, make: Callable[[], bytes], code: str, exit_code: int
) -> None:
    before = await state(shared.other)
    result = await run("import", "-", "--json", stdin=make())
    (each,) = json.loads(result.stdout)["files"]
    assert (result.exit_code, each["import"], each["code"]) == (exit_code, "refused", code)
    assert await state(shared.other) == before


def _says_two_things() -> dict[str, Any]:
    document = files.rdfc()
    document["credentialSubject"]["achievement"]["name"] = "Doctor of Everything"
    return document


def _addressed(url: str) -> bytes:
    from tests.unit.vc.test_baking import chunk

    return png(chunk(b"tEXt", b"openbadges\0" + url.encode()))


VISUAL = {
    "@context": [made.V2, made.OB3],
    "type": ["VerifiableCredential", "OpenBadgeCredential"],
    "issuer": {"id": "did:web:club.example", "type": ["Profile"], "name": "A club"},
    "validFrom": "2026-01-01T00:00:00Z",
    "credentialSubject": {"type": ["AchievementSubject"]},
}


async def test_a_folder(run: Run, shared: Place, tmp_path: Path) -> None:
    """Three good ones, one bad, one that is only a picture, one twice; and a name that is no text."""
    other = await shared.town.learner("folder")
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "1.json").write_bytes(data(files.rdfc(id="urn:uuid:1")))
    (folder / "2.png").write_bytes(files.baked(png(), files.rdfc(id="urn:uuid:2")))
    (folder / "3.jwt").write_text(files.token())
    (folder / "4.json").write_bytes(b"{")
    (folder / "5.json").write_bytes(data(VISUAL))
    (folder / "6.json").write_bytes(data(files.rdfc(id="urn:uuid:1")))
    (folder / "inner").mkdir()
    result = await run("import", str(folder), by=other)
    assert result.exit_code == 1
    assert result.stdout.count("pass  ") + result.stdout.count("unknown  ") >= 3
    assert "◇ visual badge only" in result.stdout
    assert "counts for nothing" in result.stdout
    assert "(was there already)" in result.stdout
    told = result.stderr.splitlines()
    assert told[-1] == "3 imported, 1 refused, 1 visual only, 1 already there"
    assert "importing" not in result.stderr  # a progress bar is for people at a terminal
    assert len(await other.agent.holding.credentials()) == 3
    again = json.loads((await run("import", str(folder), "--json", by=other)).stdout)
    assert [each["import"] for each in again["files"]] == ["known"] * 3 + ["refused"] + ["known"] * 2
    assert len(await other.agent.holding.credentials()) == 3
    await other.stop()
    shared.town.members.pop("folder")


class Terminal:
    """``sys`` with a standard error that says to be a terminal."""

    def __getattr__(self, name: str) -> Any:
        return getattr(sys, name)

    @property
    def stderr(self) -> Any:
        stream = io.StringIO()
        stream.isatty = lambda: True  # type: ignore[method-assign]
        return stream


async def test_a_bar_at_a_terminal(
    run: Run, shared: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import typer

    given: list[bool] = []
    real = typer.progressbar
    monkeypatch.setattr(
        typer, "progressbar", lambda *args, **more: (given.append(more["hidden"]), real(*args, **more))[1]
    )
    for number in (1, 2):
        (tmp_path / f"{number}.json").write_bytes(data(VISUAL))
    names = [str(tmp_path / "1.json"), str(tmp_path / "2.json")]
    await run("import", *names)
    monkeypatch.setattr("agent.cli.documents.sys", Terminal())
    await run("import", *names)
    await run("import", names[0])
    assert given == [True, False, True]


@pytest.mark.skipif(sys.platform == "darwin", reason="file names are text there")
async def test_a_file_name_that_is_no_text(run: Run, shared: Place, tmp_path: Path) -> None:
    folder = tmp_path / "names"
    folder.mkdir()
    name = os.fsdecode(b"\xff\x1b[2J.json")
    (folder / name).write_bytes(data(VISUAL | {"id": "urn:uuid:9"}))
    result = await run("import", str(folder))
    assert result.exit_code == 0, result.stderr
    assert "\x1b" not in result.stdout


async def test_an_empty_folder(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = await run("import", str(tmp_path / "empty"))
    assert (result.exit_code, result.stdout) == (2, "")


async def test_the_same_file_twice_at_once(shared: Place) -> None:
    other = await shared.town.learner("twice")
    importing = Importing(other.agent.node)
    for document in (files.rdfc(), VISUAL):
        answers = await asyncio.gather(*(importing.take(data(document)) for _ in range(4)))
        assert len({answer["id"] for answer in answers}) == 1
        assert [answer["import"] for answer in answers].count("known") == 3
    assert (len(await other.agent.holding.credentials()), len(await other.history())) == (1, 1)
    await other.stop()
    shared.town.members.pop("twice")


async def test_a_foreign_word_in_a_proof_does_not_break_the_wallet(run: Run, shared: Place) -> None:
    """What is stored is read again at every list: a proof of a kind without a name once made that fail."""
    document = files.old()
    document["proof"]["type"] = ""
    taken = await run("import", "-", stdin=data(document))
    assert taken.exit_code == 0, taken.stderr
    listed = await run("list")
    assert listed.exit_code == 0, listed.stderr
    assert "Statistics" in listed.stdout or listed.stdout


# --- tokens and older credentials in a wallet


async def test_a_token_is_kept_rechecked_and_given_out_as_it_came(run: Run, shared: Place) -> None:
    token = files.token()
    (taken,) = json.loads((await run("import", "-", "--json", stdin=token.encode())).stdout)["files"]
    assert taken["import"] in ("imported", "known")
    shown = json.loads((await run("show", taken["id"], "--json")).stdout)
    assert shown["forms"] == ["signed token"]
    again = json.loads((await run("verify", taken["id"], "--json")).stdout)
    told = {check["code"]: check["result"] for check in again["checks"]}
    assert {told[name] for name in ("signature", "issuer_key", "dates", "record")} == {"pass"}
    for form in ("json", "open-badge"):
        assert (await run("export", taken["id"], "--as", form)).stdout == token
    result = await run("export", taken["id"], "--as", "png")
    assert "it proves nothing" in result.stderr
    for form, code in (("presentation", "no_badge"),):
        refused = await run("export", taken["id"], "--as", form)
        assert (refused.exit_code, f"[{code}]" in refused.stderr) == (2, True)


async def test_the_second_opinion_stands_beside(
    run: Run, shared: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """DIDKit that agrees, that disagrees and that is not there: the verdict is the same each time."""
    from agent.formats import didkit

    file, real = data(files.old()), didkit.second_opinion

    def child(program: str) -> None:
        path = tmp_path / "child.py"
        path.write_text(f"import json, sys\nsys.stdin.read()\n{program}\n")

        async def asked(document: str, **more: Any) -> Any:
            return await real(document, **{**more, "child": path})

        monkeypatch.setattr(didkit, "second_opinion", asked)

    answer = 'print(json.dumps({"answer": json.dumps(%s), "version": "0.3.5"}))'
    programs = {
        "pass": answer % '{"checks": ["proof"], "warnings": [], "errors": []}',
        "fail": answer % '{"checks": [], "warnings": [], "errors": ["signature error"]}',
        "unknown": 'print(json.dumps({"error": "absent"}))',
    }
    verdicts, beside = {}, {}
    for name, program in programs.items():
        child(program)
        result = await run("verify", "-", "--json", stdin=file)
        found = json.loads(result.stdout)
        verdicts[name] = (result.exit_code, rows(found), found["result"])
        beside[name] = {check["code"]: check["result"] for check in found["beside"]}
    assert verdicts["pass"] == verdicts["fail"] == verdicts["unknown"]
    assert verdicts["pass"][1]["signature"] == "pass"
    assert beside["pass"] | {"holder": ""} == {
        "second_opinion": "pass", "opinions_agree": "pass", "holder": "",
    }  # fmt: skip
    assert (beside["fail"]["second_opinion"], beside["fail"]["opinions_agree"]) == ("fail", "fail")
    assert (beside["unknown"]["second_opinion"], "opinions_agree" in beside["unknown"]) == ("unknown", False)
    # In a wallet: beside the checks, and not counted among them.
    child(programs["fail"])
    (taken,) = json.loads((await run("import", "-", "--json", stdin=file)).stdout)["files"]
    text = (await run("show", taken["id"])).stdout
    assert "Beside the checks, deciding nothing" in text
    assert "Our check says pass, DIDKit says fail" in text
    shown = json.loads((await run("show", taken["id"], "--json")).stdout)
    assert not {"second_opinion", "opinions_agree"} & {check["code"] for check in shown["checks"]}
    assert sum(shown["counts"].values()) == len(shown["checks"])


async def test_an_open_badge_2_in_a_wallet(run: Run, shared: Place) -> None:
    """Kept with what it points to; rechecked at its address; given out as it is kept."""
    web = Web(shared.town.internet)
    (taken,) = json.loads((await run("import", "-", "--json", stdin=data(files.assertion()))).stdout)["files"]
    assert (taken["import"], taken["title"]) == ("imported", "Rowing")
    again = json.loads((await run("verify", taken["id"], "--json")).stdout)
    told = {check["code"]: check["result"] for check in again["checks"]}
    assert (told["signature"], told["issuer_key"], told["record"]) == ("pass", "unknown", "pass")
    web.pages["https://club.example/a/1"] = [raw_answer(b"", 410)]
    again = json.loads((await run("verify", taken["id"], "--json")).stdout)
    assert {check["code"]: check["reason"] for check in again["checks"]}["signature"] == "gone"
    # The same file later, when its issuer says other things: still the one that is kept.
    web.pages["https://club.example/a/1"] = files.assertion()
    web.pages["https://club.example/issuer"] = files.PROFILE | {"name": "Another name"}
    (known,) = json.loads((await run("import", "-", "--json", stdin=data(files.assertion()))).stdout)["files"]
    assert (known["import"], known["id"]) == ("known", taken["id"])
    out = await run("export", taken["id"], "--as", "open-badge")
    assert json.loads(out.stdout)["badge"]["name"] == "Rowing"
    picture = await run("export", taken["id"], "--as", "png")
    assert "it proves nothing" in picture.stderr  # no badge of version 3 to put into it


async def test_a_signed_open_badge_2(run: Run, shared: Place) -> None:
    claims = files.assertion(verification={"type": "signed", "creator": "https://club.example/key"})
    token = made.jwt(claims, ISSUER, typ="JWT")
    (taken,) = json.loads((await run("import", "-", "--json", stdin=token.encode())).stdout)["files"]
    assert taken["import"] == "imported", taken
    again = json.loads((await run("verify", taken["id"], "--json")).stdout)
    told = {check["code"]: f"{check['result']} {check['reason']}" for check in again["checks"]}
    assert told["signature"] == "unknown unsupported_suite"
    assert told["record"] == "pass "
    assert (await run("export", taken["id"])).stdout == token

"""A learner's own order on the command line: with a made-up service, and once with real ones."""

from __future__ import annotations

import asyncio
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import Result

from agent.client import AgentClient
from tests.simulators.town import TOKEN, town
from tests.unit.cli.conftest import Service, problem
from tests.unit.cli.test_import_export import Bridge
from tests.unit.core_domain.test_portfolio import summary

type Cairn = Callable[..., Result]
WALLET = "/v1/wallet"
EMPTY = {"archived": False, "collections": [], "tags": [], "note": ""}


def one(id: str, **more: Any) -> dict[str, Any]:
    return summary(id, form="AnonCreds credential", headline="7 of 7 checks pass") | more


def detail(id: str, *, shelf: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    claims = [{"name": "title", "label": "Title", "value": id}]
    return one(id, **more) | {"claims": claims, "record": {}, "shelf": EMPTY | (shelf or {})}


def serve(service: Service, *details: dict[str, Any]) -> None:
    """A service that remembers what is put on the shelf."""
    for each in details:
        path = f"{WALLET}/credentials/{each['id']}"

        def put(request: httpx.Request, each: dict[str, Any] = each) -> httpx.Response:
            each["shelf"] |= json.loads(request.content)
            return httpx.Response(200, json=each)

        service.answers[f"GET {path}"] = each
        service.answers[f"POST {path}/shelf"] = put


def test_collecting_and_tagging_change_what_they_name_and_nothing_else(
    cairn: Cairn, service: Service
) -> None:
    one, two = detail("aa", shelf={"tags": ["Old", "kept"]}), detail("bb", shelf={"collections": ["Law"]})
    serve(service, one, two)
    result = cairn("collect", "aa", "bb", "aa", "--into", "Energy", "--out-of", "law")
    assert result.exit_code == 0, result.stderr
    assert one["shelf"] == EMPTY | {"tags": ["Old", "kept"], "collections": ["Energy"]}
    assert two["shelf"] == EMPTY | {"collections": ["Energy"]}
    assert "collections: Energy" in result.stdout
    result = cairn("tag", "aa", "--remove", "old", "--add", "new", "--json")
    assert json.loads(result.stdout) == {
        "version": 1,
        "credentials": [{"id": "aa", "title": "aa", "shelf": one["shelf"]}],
        "refused": [],
    }
    assert one["shelf"]["tags"] == ["kept", "new"]
    for flag, command in ((True, "archive"), (False, "unarchive")):
        assert cairn(command, "aa").exit_code == 0
        assert one["shelf"]["archived"] is flag


def test_one_that_is_not_there_does_not_stop_the_others(cairn: Cairn, service: Service) -> None:
    there = detail("aa")
    serve(service, there)
    result = cairn("archive", "nobody", "aa")
    assert (result.exit_code, there["shelf"]["archived"]) == (1, True)
    assert "nobody" in result.stderr
    assert cairn("archive", "nobody").exit_code == 2
    for bare in (("collect", "aa"), ("tag", "aa"), ("collections", "--rename", "a", "b", "--delete", "a")):
        assert cairn(*bare).exit_code == 2


def test_a_note_is_read_written_and_taken_from_standard_input(cairn: Cairn, service: Service) -> None:
    there = detail("aa")
    serve(service, there)
    assert cairn("note", "aa", "one\ntwo").exit_code == 0
    assert cairn("note", "aa").stdout == "one\ntwo\n"
    assert cairn("note", "aa", "-", stdin=b"from a file\n").exit_code == 0
    assert there["shelf"]["note"] == "from a file\n"
    assert json.loads(cairn("note", "aa", "", "--json").stdout)["shelf"]["note"] == ""
    assert cairn("note", "aa", "-", stdin=b"\xff").exit_code == 2
    # What a note holds reaches the terminal harmless.
    there["shelf"]["note"] = "\x1b]52;c;aGk=\x07"
    assert "\x1b" not in cairn("note", "aa").stdout


def test_deleting_says_what_is_lost_and_does_nothing_without_the_hash(cairn: Cairn, service: Service) -> None:
    there = detail("aa")
    serve(service, there)
    path = f"{WALLET}/credentials/aa"
    service.answers[f"GET {path}/loss"] = {"losses": ["It is gone.\x1b[2J"], "expect": "ab" * 32}
    service.answers[f"POST {path}/delete"] = {"deleted": "aa"}
    result = cairn("delete", "aa")
    assert result.exit_code == 6
    assert "It is gone." in result.stdout
    assert "ab" * 32 in result.stdout
    assert "\x1b" not in result.stdout
    assert cairn("delete", "aa", "--expect", "ab" * 32).exit_code == 6
    assert cairn("delete", "aa", "--yes").exit_code == 2
    assert service.posted() == []
    result = cairn("delete", "aa", "--yes", "--expect", "ab" * 32, "--json")
    assert json.loads(result.stdout) == {"version": 1, "deleted": "aa"}
    assert service.calls[-1] == (
        f"POST {path}/delete",
        json.dumps({"expect": "ab" * 32}).replace(" ", "").encode(),
    )
    service.answers[f"POST {path}/delete"] = problem(409, "loss_changed", "ConsentError")
    assert cairn("delete", "aa", "--yes", "--expect", "old").exit_code == 6


def test_a_visual_badge_is_deleted_by_the_same_command(cairn: Cairn, service: Service) -> None:
    service.answers[f"GET {WALLET}/badges/cc"] = {"id": "cccc"}
    service.answers[f"POST {WALLET}/badges/cccc/delete"] = {"deleted": "cccc"}
    told = json.loads(cairn("delete", "cc", "--json").stdout)
    assert service.posted() == []
    result = cairn("delete", "cc", "--yes", "--expect", told["expect"])
    assert (result.exit_code, result.stdout) == (0, "Deleted: cccc\n")
    assert cairn("delete", "dd").exit_code == 2


def test_collections(cairn: Cairn, service: Service) -> None:
    both = {"collections": [{"name": "Law", "count": 2}], "tags": []}
    service.answers[f"GET {WALLET}/collections"] = both
    service.answers[f"POST {WALLET}/collections/rename"] = both
    service.answers[f"POST {WALLET}/collections/delete"] = both
    assert cairn("collections").stdout == "Collections\n  Law  (2)\nTags: none\n"
    assert json.loads(cairn("collections", "--json").stdout) == {"version": 1, **both}
    cairn("collections", "--rename", "Old", "Law")
    cairn("collections", "--delete", "Old")
    assert [json.loads(body) for name, body in service.calls if name.startswith("POST")] == [
        {"name": "Old", "to": "Law"},
        {"name": "Old"},
    ]


def test_comparing(cairn: Cairn, service: Service) -> None:
    outcomes = [{"text": {"en": "Read data."}}]
    serve(service, detail("aa"), detail("bb") | {"record": {"outcomes": outcomes}})
    result = cairn("compare", "aa", "bb")
    assert result.exit_code == 0
    assert "≠ differs          Title" in result.stdout
    assert "Outcomes of both: none" in result.stdout
    assert "  Read data." in result.stdout
    document = json.loads(cairn("compare", "aa", "bb", "--json").stdout)
    assert (document["first"], document["second"]) == ("aa", "bb")
    assert document["outcomes"]["only_second"] == ["Read data."]
    assert cairn("compare", "aa", "nobody").exit_code == 2


HELD = [
    one("aa", title="Welding", collections=["Data Science"], eqf=4),
    one("bb", title="Algebra", archived=True),
    one("cc", title="Law", tags=["x"]),
]


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        ((), ["aa", "cc"]),
        (("--all",), ["aa", "bb", "cc"]),
        (("--archived",), ["bb"]),
        (("is:archived",), ["bb"]),
        (("eqf:6",), ["cc"]),
        (("collection:data science",), ["aa"]),
        (("data science",), ["aa"]),
        (("science data",), []),
        (("tag:x", "law"), ["cc"]),
        (("--sort", "title", "--all"), ["bb", "cc", "aa"]),
        (("--sort", "level"), ["cc", "aa"]),
    ],
)
def test_listing(cairn: Cairn, service: Service, arguments: tuple[str, ...], ids: list[str]) -> None:
    service.answers[f"GET {WALLET}/credentials"] = {"credentials": HELD}
    service.answers[f"GET {WALLET}/badges"] = {"badges": []}
    found = json.loads(cairn("list", *arguments, "--json").stdout)
    assert [each["id"] for each in found["credentials"]] == ids
    text = cairn("list", *arguments)
    assert len(text.stdout.splitlines()) == len(ids)
    assert ("of 3 credentials" in text.stderr) == (len(ids) < 3)


def test_arguments_that_are_no_text(cairn: Cairn, service: Service) -> None:
    """What the shell passes on of bytes that are no UTF-8."""
    serve(service, detail("aa"))
    for command in (
        ("tag", "aa", "--add", "\udcff"),
        ("note", "aa", "\udcff"),
        ("collections", "--rename", "\udcff", "x"),
        ("export", "aa", "\udcff", "--as", "zip"),
        ("delete", "aa", "--yes", "--expect", "\udcff"),
        ("archive", "\udcff"),
        ("compare", "aa", "\udcff"),
    ):
        result = cairn(*command)
        assert result.exit_code == 2, command
    assert service.posted() == []


def test_listing_by_an_order_or_with_words_that_are_none(cairn: Cairn, service: Service) -> None:
    assert cairn("list", "--sort", "size").exit_code == 2
    assert cairn("list", "x" * 300).exit_code == 2
    assert service.calls == []


def test_exports_that_are_refused_before_anything_is_asked(cairn: Cairn, service: Service) -> None:
    for bad in (
        (),
        ("aa", "--all"),
        ("aa", "bb", "--as", "png"),
        ("--all", "--as", "elm"),
        ("aa", "--as", "tar"),
    ):
        assert cairn("export", *bad).exit_code == 2, bad
    assert service.calls == []


async def test_everything_into_a_file_and_into_another_wallet(
    tmp_path: Path, cairn: Cairn, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "town"
    root.mkdir()
    async with town(root, monkeypatch) as built:
        university, learner, other = (
            await built.university(),
            await built.learner(),
            await built.learner("other"),
        )
        for _ in range(2):
            await learner.receive((await university.offer())["link"])
        await built.world.settled()

        async def run(member: Any, *arguments: str) -> Result:
            bridge = Bridge(member)
            monkeypatch.setattr(
                AgentClient,
                "from_home",
                classmethod(
                    lambda _cls, _home, **_more: AgentClient("http://127.0.0.1:1", TOKEN, transport=bridge)
                ),
            )
            return await asyncio.to_thread(cairn, *arguments, "--home", str(member.home))

        for form, name in (("zip", "all.zip"), ("json", "all.json")):
            result = await run(learner, "export", "--all", "--as", form, "-o", str(tmp_path / name))
            assert result.exit_code == 0, result.stderr
            assert "has not the keys" in result.stderr
        assert zipfile.is_zipfile(tmp_path / "all.zip")
        result = await run(other, "import", str(tmp_path / "all.zip"), "--json")
        assert result.exit_code == 0, result.stderr
        (file,) = json.loads(result.stdout)["files"]
        assert [part["import"] for part in file["parts"]] == ["imported", "imported"]
        result = await run(other, "import", str(tmp_path / "all.json"))
        assert result.exit_code == 0
        assert result.stdout.count("(was there already)") == 2
        (tmp_path / "cut.zip").write_bytes((tmp_path / "all.zip").read_bytes()[:-100])
        result = await run(other, "import", str(tmp_path / "cut.zip"))
        assert result.exit_code == 2
        assert "bad_zip" in result.stderr
        assert len(await other.agent.holding.credentials()) == 2

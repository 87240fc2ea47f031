"""Search by name: any script, beginnings of words, and questions that try to be something else."""

from __future__ import annotations

import contextlib
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.trust_registry.conftest import Opener
from tests.unit.trust_registry.samples import MTU, MTU_ID
from tests.unit.trust_registry.test_api import problem
from trust_registry import embedded
from trust_registry.errors import QueryError
from trust_registry.registry import Registry
from trust_registry.web.directory import Directory, other_names
from trust_registry.web.search import Index, fold

NAMES = (
    ("A1", "Technische Universität Graz"),
    ("A1", "Graz University of Technology"),
    ("B1", "Politechnika Łódzka"),
    ("C1", "Київський національний університет"),
    ("D1", "Εθνικό Πανεπιστήμιο Αθηνών"),
    ("E1", "東京大学"),
    ("F1", "جامعة القاهرة"),
    ("G1", "서울대학교"),
    ("H1", "จุฬาลงกรณ์มหาวิทยาลัย"),
    ("I1", "दिल्ली विश्वविद्यालय"),
    ("J1", "Saint Patrick's College"),
    ("K1", "Straße der Wissenschaft"),
    ("L1", "תל אביב"),
    ("M1", "Graz"),
)
INDEX = Index(NAMES)


def found(question: str) -> list[str]:
    return [hit.institution_id for hit in INDEX.search(question, limit=50).hits]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("universitat graz", "A1"),
        ("UNIVERSITÄT", "A1"),
        ("Universita\u0308t", "A1"),  # the same letter, composed otherwise
        ("tech gra", "A1"),
        ("lodz", "B1"),
        ("київ нац", "C1"),
        ("КИЇВСЬКИЙ", "C1"),
        ("αθηνων", "D1"),
        ("東京", "E1"),
        ("京大", "E1"),  # inside, where no space is written
        ("大学", "E1"),
        ("القاهره", "F1"),
        ("서울", "G1"),
        ("มหาวิทยาลัย", "H1"),
        ("दिल्ली", "I1"),
        ("patricks", "J1"),
        ("strasse", "K1"),
        ("אביב", "L1"),
    ],
)
def test_any_script_and_beginnings_of_words(question: str, expected: str) -> None:
    assert found(question)[0:1] == [expected]


def test_every_word_must_be_there_and_an_institution_comes_once() -> None:
    assert found("graz lodz") == []
    assert found("niversit") == []  # not the beginning of a word
    assert found("東学") == []  # both characters are there, not beside each other
    assert sorted(found("graz")) == ["A1", "M1"]


def test_the_order_is_whole_name_then_beginning_then_shorter_then_id() -> None:
    names = [
        ("Z", "Cork"),
        ("Y", "Cork Institute"),
        ("X", "University of Cork"),
        ("W", "Old University of Cork"),
    ]
    names += [("V2", "Corkscrew A"), ("V1", "Corkscrew A")]
    expected = ["Z", "V1", "V2", "Y", "X", "W"]
    for order in (names, names[::-1]):
        index = Index(order)
        assert [hit.institution_id for hit in index.search("cork", limit=10).hits] == expected
        pages = [index.search("cork", limit=2, offset=offset) for offset in (0, 2, 4, 6)]
        assert [hit.institution_id for page in pages for hit in page.hits] == expected
        assert {page.total for page in pages} == {6}
        index.close()


@pytest.mark.parametrize(
    "question",
    [
        'graz" OR "lodz',
        "graz OR lodz",
        "NEAR(graz lodz)",
        "graz NOT graz",
        "folded:graz*",
        "^graz",
        "gr*az",
        "{a b}",
    ],
)
def test_fts_syntax_is_only_text(question: str) -> None:
    assert found(question) in ([], ["M1", "A1"])
    assert "B1" not in found(question)


@given(st.text(max_size=100))
@settings(max_examples=300, deadline=None)
def test_any_text_is_answered_or_refused_by_name(question: str) -> None:
    # Any other error, SQLite's above all, ends the test.
    with contextlib.suppress(QueryError):
        page = INDEX.search(question, limit=5)
        assert page.total >= len(page.hits)


@given(st.text(alphabet=" -'AbcÄöüßŁđΑθήАбї東京大かな서울جاम", max_size=40))
@settings(max_examples=200, deadline=None)
def test_a_whole_name_is_found_by_itself(name: str) -> None:
    words = fold(name).split()
    if not words or len(words) > 12:
        return
    index = Index([("X", name), ("Y", "another")])
    try:
        hits = index.search(name, limit=5).hits
    finally:
        index.close()
    assert [hit.institution_id for hit in hits][:1] == ["X"]


def test_other_names_come_only_from_the_file_that_the_manifest_names(tmp_path: Path) -> None:
    path = embedded.DATA / "deqar" / "deqar-institutions.csv"
    (digest,) = {item.sha256 for item in embedded.load().sources if item.file == path.name}
    names = dict(other_names(path, {digest}))
    assert names["DEQARINST1362"] == "Institiúid Teicneolaíochta Bhaile Átha Cliath"
    assert not any(name.startswith("(") for name in names.values())
    changed = tmp_path / path.name
    changed.write_bytes(path.read_bytes().replace(b"Cliath", b"Mallory"))
    assert list(other_names(changed, {digest})) == []
    assert list(other_names(tmp_path / "absent.csv", {digest})) == []


async def test_search_over_http(web: httpx.AsyncClient) -> None:
    answer = (await web.get("/v1/institutions", params={"q": "munster tech"})).json()
    assert answer["total"] == 1
    assert answer["institutions"][0]["id"] == MTU_ID
    irish = (await web.get("/v1/institutions", params={"q": "teicneolaiochta atha cliath"})).json()
    assert irish["institutions"][0]["found_as"] == "Institiúid Teicneolaíochta Bhaile Átha Cliath"
    assert irish["institutions"][0]["name"] == "Dublin Institute of Technology"
    by_id = (await web.get("/v1/institutions", params={"q": "deqarinst7609"})).json()
    assert [item["id"] for item in by_id["institutions"]] == [MTU_ID]
    by_did = (await web.get("/v1/institutions", params={"q": MTU.did})).json()
    assert [item["id"] for item in by_did["institutions"]] == [MTU_ID]
    nothing = (await web.get("/v1/institutions", params={"q": "did:web:nobody.example"})).json()
    assert (nothing["institutions"], nothing["total"]) == ([], 0)


async def test_pages_of_a_search_hold_everything_once(web: httpx.AsyncClient) -> None:
    url, seen = "/v1/institutions?q=university&limit=7", []
    total = 0
    while url:
        answer = (await web.get(url)).json()
        assert len(answer["institutions"]) <= 7
        seen += [item["id"] for item in answer["institutions"]]
        url, total = answer["next"], answer["total"]
    assert len(seen) == len(set(seen)) == total > 20


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "missing_parameter"),
        ("q=", "bad_parameter"),
        ("q=%22%2A%00", "bad_parameter"),
        ("q=" + "a" * 101, "bad_parameter"),
        ("q=" + "+".join("abcdefghijklm"), "bad_parameter"),
        ("q=a&limit=0", "bad_parameter"),
        ("q=a&limit=101", "bad_parameter"),
        ("q=a&limit=-1", "bad_parameter"),
        ("q=a&limit=%D9%A1", "bad_parameter"),  # an Arabic digit one
        ("q=a&offset=1001", "bad_parameter"),
        ("q=a&q=b", "repeated_parameter"),
        ("q=a&order=name", "unknown_parameter"),
    ],
)
async def test_questions_that_are_refused(web: httpx.AsyncClient, query: str, code: str) -> None:
    problem(await web.get(f"/v1/institutions?{query}"), 400, code)


def test_a_new_snapshot_has_a_new_index(web_registry: Registry, open_registry: Opener) -> None:
    directory = Directory(web_registry)
    before = directory.index
    assert directory.index is before
    facts = embedded.load()
    del facts.institutions[MTU_ID]
    changed = open_registry(facts)
    web_registry.snapshot.close()
    web_registry.home, web_registry.snapshot = changed.home, changed.snapshot
    assert directory.index.search("munster", limit=5).total == 0
    assert before.search("munster", limit=5).total == 1

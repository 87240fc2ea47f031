"""Search by name: any script, beginnings of words, and questions that try to be something else."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.trust_registry.conftest import Opener
from tests.unit.trust_registry.samples import MTU, MTU_ID, opened
from tests.unit.trust_registry.test_api import problem
from trust_registry import embedded, snapshot_tables
from trust_registry.content import Content, Known
from trust_registry.errors import QueryError
from trust_registry.facts import Institution
from trust_registry.folding import fold
from trust_registry.registry import Registry
from trust_registry.search import search
from trust_registry.snapshot import Snapshot
from trust_registry.vocabulary import SnapshotKind
from trust_registry.web.directory import Directory

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


def snapshot_of(folder: Path, names: Iterable[tuple[str, str]]) -> Snapshot:
    """A snapshot of institutions with these names and nothing else."""
    named: dict[str, list[str]] = {}
    for identifier, name in names:
        named.setdefault(identifier, []).append(name)
    facts = (Institution(one, first, names=tuple(others)) for one, (first, *others) in named.items())
    path = folder / f"{len(list(folder.iterdir()))}.sqlite"
    snapshot_tables.write(path, Content(known=map(Known, facts)), SnapshotKind.DEMO)
    return opened(path)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    opened = snapshot_of(tmp_path_factory.mktemp("search"), NAMES)
    yield opened
    opened.close()


def found(known: Snapshot, question: str) -> list[str]:
    return [hit.institution_id for hit in search(known, question, limit=50).hits]


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
def test_any_script_and_beginnings_of_words(known: Snapshot, question: str, expected: str) -> None:
    assert found(known, question)[0:1] == [expected]


def test_every_word_must_be_there_and_an_institution_comes_once(known: Snapshot) -> None:
    assert found(known, "graz lodz") == []
    assert found(known, "niversit") == []  # not the beginning of a word
    assert found(known, "東学") == []  # both characters are there, not beside each other
    assert sorted(found(known, "graz")) == ["A1", "M1"]


def test_the_order_is_whole_name_then_beginning_then_shorter_then_id(tmp_path: Path) -> None:
    names = [
        ("Z", "Cork"),
        ("Y", "Cork Institute"),
        ("X", "University of Cork"),
        ("W", "Old University of Cork"),
    ]
    names += [("V2", "Corkscrew A"), ("V1", "Corkscrew A")]
    expected = ["Z", "V1", "V2", "Y", "X", "W"]
    for order in (names, names[::-1]):
        known = snapshot_of(tmp_path, order)
        assert [hit.institution_id for hit in search(known, "cork", limit=10).hits] == expected
        pages = [search(known, "cork", limit=2, offset=offset) for offset in (0, 2, 4, 6)]
        assert [hit.institution_id for page in pages for hit in page.hits] == expected
        assert {(page.total, page.counted_all) for page in pages} == {(6, True)}
        known.close()


def test_more_than_can_be_paged_are_not_counted_and_the_best_still_come_first(tmp_path: Path) -> None:
    many = [(f"M{number:04}", f"University of Everywhere {number:04}") for number in range(3000)]
    known = snapshot_of(tmp_path, [*many, ("Z", "Everywhere"), ("Y", "Old University")])
    page = search(known, "university", limit=3)
    assert (page.total, page.counted_all) == (1100, False)
    assert [hit.institution_id for hit in page.hits] == ["M0000", "M0001", "M0002"]
    assert [hit.institution_id for hit in search(known, "everywhere", limit=2).hits] == ["Z", "M0000"]
    far = search(known, "university", limit=100, offset=1000)
    assert [hit.institution_id for hit in far.hits] == [f"M{number:04}" for number in range(1000, 1100)]
    known.close()


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
def test_fts_syntax_is_only_text(known: Snapshot, question: str) -> None:
    assert found(known, question) in ([], ["M1", "A1"])
    assert "B1" not in found(known, question)


@given(st.text(max_size=100))
@settings(max_examples=300, deadline=None)
def test_any_text_is_answered_or_refused_by_name(known: Snapshot, question: str) -> None:
    # Any other error, SQLite's above all, ends the test.
    with contextlib.suppress(QueryError):
        page = search(known, question, limit=5)
        assert page.total >= len(page.hits)


@given(st.lists(st.text(alphabet=" -'AbcÄöüßŁđΑθήАбї東京大かな서울جاम", max_size=40), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_a_whole_name_is_found_by_itself(names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        known = snapshot_of(Path(folder), [(f"X{place}", name) for place, name in enumerate(names)])
        try:
            for name in names:
                if not 0 < len(fold(name).split()) <= 12:
                    continue
                hits = search(known, name, limit=5).hits
                assert fold(names[int(hits[0].institution_id[1:])]) == fold(name)
        finally:
            known.close()


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


def test_a_new_snapshot_is_searched_at_once(web_registry: Registry, open_registry: Opener) -> None:
    directory, before = Directory(web_registry), web_registry.snapshot
    facts = embedded.load()
    del facts.institutions[MTU_ID]
    web_registry.snapshot = open_registry(facts).snapshot
    assert directory.search("munster", limit=5, offset=0).total == 0
    assert search(before, "munster", limit=5).total == 1
    before.close()

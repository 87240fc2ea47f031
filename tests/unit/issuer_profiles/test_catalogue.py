from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from issuer_profiles import Profile, ProfileError, Template, load_profile, load_template
from issuer_profiles.catalogue import MAX_QUERY_CHARS, MAX_WORDS, Catalogue, words_of
from issuer_profiles.errors import ProfileQueryError
from issuer_profiles.loader import list_profiles, load_templates
from issuer_profiles.models import Credit, Level, Outcome
from tests.bench import catalogue as bench

MODEL = load_template("munster-tu", "data-literacy")
ISSUER = load_profile("munster-tu")
ENTRIES = bench.templates(150)
GENERATED, PREPARED = Catalogue(ENTRIES), bench.prepared(ENTRIES)
WORDS = ["e", "en", "ener", "energie", "wa", "data", "1", "energ1", "zzz", "de", "of", "town", "gestion"]


def entry(
    id: str, title: dict[str, str], outcomes: Sequence[str] = ("Nothing.",), issuer: str = "u", **members: Any
) -> tuple[Profile, Template]:
    profile = replace(ISSUER, id=issuer, name={"en": f"School of {issuer.capitalize()}"})
    outcome = tuple(Outcome(text={"en": text}) for text in outcomes)
    return profile, replace(MODEL, id=id, title=title, outcomes=outcome, **members)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue(
        [
            entry("water", {"en": "Water Treatment", "fr": "Traitement de l'eau"}, ["Judge energy use."]),
            entry("energy", {"en": "Energy Systems", "fr": "Énergie", "pl": "Zażółć"}, ["Treat water."]),
            entry("jp", {"ja": "データ分析入門", "en": "Introduction"}, issuer="tokyo"),
            entry("gr", {"el": "Ασφάλεια Δεδομένων", "de": "Straßenbau"}, issuer="athens"),
            entry("he", {"he": "אֲנָלִיטִיקָה של נתונים"}, issuer="athens"),
            entry("ko", {"ko": "데이터 분석"}, issuer="seoul"),
        ]
    )


def ids(catalogue: Catalogue, words: str = "", **more: Any) -> list[str]:
    return [hit.template.id for hit in catalogue.search(words, **more)]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("water", ["water", "energy"]),  # in the title comes before in an outcome
        ("energy", ["energy", "water"]),
        ("ENERG", ["energy", "water"]),
        ("energie", ["energy"]),
        ("ÉNERGIE", ["energy"]),
        ("zażółć", ["energy"]),
        ("zazo", ["energy"]),
        ("nergy", []),  # beginnings only
        ("water treat", ["water", "energy"]),
        ("treat nothing", []),
        ("l'eau", ["water"]),
        ("school", ["gr", "he", "ko", "jp", "energy", "water"]),  # by issuer and id
        ("tokyo", ["jp"]),
        ("データ", ["jp"]),
        ("分析", ["jp"]),
        ("ασφαλεια", ["gr"]),
        ("ΔΕΔΟΜΕΝΩΝ", ["gr"]),
        ("strassen", ["gr"]),
        ("STRASSENBAU", ["gr"]),
        ("אנליט", ["he"]),
        ("분석", ["ko"]),
        ("ｗａｔｅｒ", ["water", "energy"]),
        ("water water WATER", ["water", "energy"]),
        ("...", ["gr", "he", "ko", "jp", "energy", "water"]),  # no words ask for nothing
        ("x" * 300, []),
    ],
)
def test_words(catalogue: Catalogue, words: str, found: list[str]) -> None:
    assert ids(catalogue, words) == found


def test_ranks_by_words_in_the_title_then_by_id() -> None:
    both, one = {"en": "Green Water"}, {"en": "Green"}
    entries = [entry("c", both), entry("a", one, ["Water."]), entry("b", one, ["Water."]), entry("d", both)]
    for _ in range(5):
        random.Random(1).shuffle(entries)
        found = Catalogue(entries).search("green wat")
        assert [(hit.template.id, hit.in_title) for hit in found] == [("c", 2), ("d", 2), ("a", 1), ("b", 1)]
        assert [hit.id for hit in found] == ["u/c", "u/d", "u/a", "u/b"]


def test_limits(catalogue: Catalogue) -> None:
    assert len(catalogue) == 6
    assert ids(catalogue, "school", limit=2) == ["gr", "he"]
    assert ids(catalogue, "school", limit=0) == []
    assert ids(catalogue, "school", limit=-1) == []
    words = [f"w{n}" for n in range(MAX_WORDS + 1)]
    assert ids(catalogue, " ".join(words[:-1])) == []
    for asked in (" ".join(words), "x" * (MAX_QUERY_CHARS + 1)):
        with pytest.raises(ProfileQueryError, match="too_many_words"):
            catalogue.search(asked)


@pytest.fixture(scope="module")
def sized() -> Catalogue:
    skill = "https://esco.example/skill/a"
    return Catalogue(
        [
            entry(
                "e1",
                {"en": "A"},
                credit=Credit(system="ects", value="1"),
                level=Level(eqf=5),
                language=("en",),
            ),
            entry(
                "e2",
                {"en": "A"},
                credit=Credit(system="ects", value="2.5"),
                level=Level(eqf=6),
                language=("de",),
            ),
            entry(
                "e10",
                {"en": "A"},
                credit=Credit(system="ects", value="10"),
                level=None,
                language=("en-IE", "ga"),
            ),
            entry(
                "c2", {"en": "A"}, credit=Credit(system="ceu", value="2"), level=Level(not_applicable=True)
            ),
            replace_outcome(entry("none", {"en": "A"}, issuer="other", credit=None, language=("fi",)), skill),
        ]
    )


def replace_outcome(pair: tuple[Profile, Template], esco: str) -> tuple[Profile, Template]:
    return pair[0], replace(pair[1], outcomes=(Outcome(text={"en": "x"}, esco=esco),))


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"credit_system": "ects"}, ["e1", "e10", "e2"]),
        ({"credit_system": "ects", "min_credit": "2"}, ["e10", "e2"]),
        ({"credit_system": "ects", "min_credit": Decimal("2.5"), "max_credit": "9.99"}, ["e2"]),
        ({"credit_system": "ects", "max_credit": "2.5"}, ["e1", "e2"]),
        ({"credit_system": "ceu", "max_credit": "2"}, ["c2"]),
        ({"min_eqf": 6}, ["none", "e2"]),  # what states no level fails; the model states 6
        ({"min_eqf": 1}, ["none", "e1", "e2"]),
        ({"languages": ["en"]}, ["c2", "e1", "e10"]),
        ({"languages": ["EN-ie"]}, ["e10"]),
        ({"languages": ["de", "fi"]}, ["none", "e2"]),
        ({"skills": ["https://esco.example/skill/a", "x"]}, ["none"]),
        ({"skills": ["x"]}, []),
        ({"issuers": ["other", "nobody"]}, ["none"]),
        (
            {"issuers": ["u"], "languages": ["de"], "min_eqf": 6, "credit_system": "ects", "words": "a"},
            ["e2"],
        ),
    ],
)
def test_what_else_may_be_asked(sized: Catalogue, asked: dict[str, Any], found: list[str]) -> None:
    assert ids(sized, **asked) == found


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"min_credit": "2"}, "credit_without_system"),
        ({"max_credit": Decimal(2)}, "credit_without_system"),
        ({"credit_system": "ects", "min_credit": "a"}, "bad_amount"),
        ({"credit_system": "ects", "min_credit": "-1"}, "bad_amount"),
        ({"credit_system": "ects", "max_credit": "1e9"}, "bad_amount"),
        ({"credit_system": "ects", "max_credit": "५"}, "bad_amount"),
    ],
)
def test_questions_without_an_answer(sized: Catalogue, asked: dict[str, Any], code: str) -> None:
    with pytest.raises(ProfileQueryError) as caught:
        sized.search(**asked)
    assert caught.value.code == code


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["e", "en", "ener", "energie", "wa", "data", "1", "energ1", "zzz", "de", "of", "town", "gestion"]
        ),
        max_size=4,
    )
)
def test_finds_what_a_plain_scan_finds(words: list[str]) -> None:
    query = " ".join(words)
    found = GENERATED.search(query, limit=1_000)
    assert [hit.id for hit in found] == bench.scan(PREPARED, query)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40))
def test_any_text_may_be_searched_for(text: str) -> None:
    assert words_of(text) == words_of(text.casefold())
    for word in words_of(text):
        assert words_of(word) == [word]  # a word found in a text can be asked for
    if len(set(words_of(text))) <= MAX_WORDS:
        GENERATED.search(text)


def test_what_is_shipped_can_be_found() -> None:
    shipped = Catalogue.load()
    assert len(shipped) == sum(len(load_templates(id)) for id in list_profiles())
    found = shipped.search("data literacy process")
    assert [hit.id for hit in found] == ["munster-tu/data-literacy"]
    assert found[0].template == MODEL
    assert [hit.profile.id for hit in shipped.search("atlantis")] == ["diploma-mill"]


def test_a_broken_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "profile.toml").write_text("x", "utf-8")
    with pytest.raises(ProfileError):
        Catalogue.load(tmp_path)
    assert len(Catalogue.load(tmp_path / "empty")) == 0
    assert Catalogue([]).search("a") == ()


def test_the_bench_writes_what_the_loader_reads(tmp_path: Path) -> None:
    entries = bench.templates(60)
    assert entries == bench.templates(60)
    assert entries != bench.templates(60, seed=2)
    bench.write(entries, tmp_path)
    loaded = Catalogue.load(tmp_path)
    assert sorted(
        (hit.id, hit.template.title["en"]) for hit in loaded.search(limit=99) if "en" in hit.template.title
    ) == sorted(
        (f"{profile.id}/{template.id}", template.title["en"])
        for profile, template in entries
        if "en" in template.title
    )


def test_the_bench_makes_the_whole_pilot() -> None:
    entries = bench.templates(bench.ISSUERS * bench.EACH)
    assert len(entries) == bench.SIZES[-1]
    assert len({(profile.id, template.id) for profile, template in entries}) == len(entries)
    assert len({profile.id for profile, _ in entries}) == bench.ISSUERS

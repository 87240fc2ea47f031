"""Collections, tags and notes as they are typed; what an answer about files and losses may hold."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import AgentError
from tests.simulators import agent_service_data as data
from wallet_tui.doc import Doc
from wallet_tui.model import Credential, Outcome, Summary
from wallet_tui.portfolio_model import Badge, Loss, Taken
from wallet_tui.safe_text import Untrusted
from wallet_tui.screens.compare import MARKS, compare_blocks, pairs_of, shared_outcomes
from wallet_tui.screens.credential_text import combine
from wallet_tui.screens.shelf import Completion, changes, common_names, known_names, plain_note, read_names


def summaries(*shelves: tuple[list[str], list[str]]) -> list[Summary]:
    made = data.credentials()[: len(shelves)]
    for item, (collections, tags) in zip(made, shelves, strict=True):
        item |= {"collections": collections, "tags": tags}
    return [Summary.read(Doc(item)) for item in made]


def test_names_between_commas() -> None:
    assert read_names(" data , Energy,,DATA, a\x1b[2Jb, ") == ["data", "Energy", "a�[2Jb"]


def test_several_keep_what_only_some_have() -> None:
    items = summaries((["data", "mine"], ["x"]), (["data"], []), ([], ["x"]))
    both = items[:2]
    common = {field: common_names(both, field) for field in ("collections", "tags")}
    assert common == {"collections": ["data"], "tags": []}
    wanted = {"collections": ["energy"], "tags": ["X"]}
    assert changes(both, common, wanted) == {
        "cred-1": {"collections": ["mine", "energy"]},
        "cred-2": {"collections": ["energy"], "tags": ["X"]},
    }
    assert changes(items, {"collections": [], "tags": []}, {"collections": [], "tags": []}) == {}
    assert known_names(items, "collections") == ["data", "mine"]


async def test_the_last_name_is_completed() -> None:
    completion = Completion(["Data science", "energy"])
    assert await completion.get_suggestion("energy, data") == "energy, data science"
    assert await completion.get_suggestion("energy,") is None
    assert await completion.get_suggestion("energy") is None
    assert await completion.get_suggestion("zz") is None


@settings(deadline=None)
@given(st.text(max_size=300))
def test_a_note_holds_nothing_that_acts(text: str) -> None:
    note = plain_note(text)
    assert all(char.isprintable() or char == "\n" for char in note)
    assert plain_note(note) == note


def test_a_note_keeps_its_lines() -> None:
    assert (
        plain_note("one\n\n  two\r\nthree\n\n") == "one\n\ntwo\nthree"
        or plain_note("one\n\ntwo") == "one\n\ntwo"
    )


@pytest.mark.parametrize("kind", [Badge, Loss, Taken])
@settings(deadline=None)
@given(
    document=st.dictionaries(
        st.sampled_from(["id", "import", "parts", "losses", "expect", "missing", "state", "title", "detail"]),
        st.none()
        | st.integers()
        | st.text(max_size=9)
        | st.lists(st.dictionaries(st.just("import"), st.text())),
    )
)
def test_any_answer_is_read_or_refused(kind: Any, document: dict[str, Any]) -> None:
    with contextlib.suppress(AgentError):
        kind.read(Doc(document))


def test_nothing_imported_is_good_news_by_mistake() -> None:
    assert Taken.read(Doc({})).how == "refused"
    assert Taken.read(Doc({"import": "verified", "id": "x", "state": "pass"})).how == "refused"
    inner = {"import": "bundle", "parts": []}
    assert [part.how for part in Taken.read(Doc({"import": "bundle", "parts": [inner]})).parts] == ["refused"]
    known = Taken.read(Doc({"import": "known", "id": "x", "title": "T"}))
    assert known.credential is None, "what has no state was not checked: a picture"
    assert known.badge is not None


def test_four_questions_are_never_merged() -> None:
    assert combine([]) == "unknown"
    assert combine(["pass", "unknown"]) == "unknown"
    assert combine(["unknown", "fail"]) == "fail"
    assert combine(["pass"]) == "pass"


def test_fields_are_compared_by_what_they_say() -> None:
    first, second = (Credential.read(Doc(item)) for item in data.credentials()[:2])
    how = {pair.label.plain: pair.how for pair in pairs_of(first, second)}
    assert how["Issuer"] == how["Credit"] == "differs"
    assert how["Level"] == how["Grade"] == "same"
    shorter = Credential.read(Doc(data.credentials()[0] | {"claims": []}))
    assert {pair.how for pair in pairs_of(shorter, first)} <= set(MARKS)
    assert "second" in {pair.how for pair in pairs_of(shorter, first)}
    text = "\n".join(line.plain for block in compare_blocks(first, second, 76) for line in block.lines)
    assert "1 in both, of 2 and 2" in text


def test_outcomes_are_the_same_by_skill_or_by_words() -> None:
    one = [
        Outcome(Untrusted("Reads data."), "s1"),
        Outcome(Untrusted("Weaves"), ""),
        Outcome(Untrusted("Sings"), "s3"),
    ]
    two = [
        Outcome(Untrusted("Other words"), "s1"),
        Outcome(Untrusted("  WEAVES. "), "s9"),
        Outcome(Untrusted("x"), ""),
    ]
    assert [each.text.raw for each in shared_outcomes(one, two)] == ["Reads data.", "Weaves"]
    assert shared_outcomes(one, []) == []

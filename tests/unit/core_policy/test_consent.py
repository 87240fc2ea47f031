"""The consent screen: what is displayed is what is consented is what is in the bytes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.anoncreds_json import read_request
from agent.core.consent import EarlierShare, preview, screen, screen_unsatisfiable
from agent.core.disclosure import Disclosure, compare_request, consented_paths, disclose, proposal
from agent.core.evaluation import RegistryAnswer, quality_queries, verdict
from agent.core.matching import request_problems
from agent.core.planning import Candidate, Plan, Unsatisfiable, plan
from agent.core.policy import Disclose, Policy
from agent.core.presentation import examine
from agent.core.reading import read_presentation, revealed_paths
from agent.core.seen import seen
from agent.core.verdict import Result
from agent.errors import ConsentError
from tests.unit.core_policy.builder import (
    EMPLOYER,
    FHJ,
    MTU,
    NONCE,
    NOW,
    SCHEMA,
    TODAY,
    candidate,
    facts,
    policy,
    present,
    skill_set,
    skilled,
)


def made(
    asked: Policy, *held: Candidate, include: tuple[str, ...] = (), earlier: tuple[EarlierShare, ...] = ()
) -> tuple[Disclosure, Plan, dict[str, Any]]:
    found = plan(asked, held, today=TODAY, include=frozenset(include))
    assert isinstance(found, Plan)
    disclosure = disclose(found, asked, requester=EMPLOYER, request_id="r1")
    return disclosure, found, screen(disclosure, found, asked, schema_id=SCHEMA, now=NOW, earlier=earlier)


def rows(shown: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = {row["id"]: row for row in shown["rows"]}
    assert len(found) == len(shown["rows"])
    return found


def test_rows_show_what_is_held_and_what_leaves() -> None:
    disclosure, _, shown = made(policy(), candidate("a"), candidate("b", FHJ))
    assert shown["hash"] == disclosure.hash()
    assert shown["satisfied"] is True
    found = rows(shown)
    assert found["c0.title"] | {"paths": 0} == {
        "id": "c0.title",
        "item": "c0",
        "claim": "title",
        "send": True,
        "mode": "reveal",
        "label": "Title",
        "value": "Title a",
        "sent_as": "Title a",
        "credential_title": "Title a",
        "required": True,
        "locked": "The requester requires it.",
        "flag": "",
        "paths": 0,
    }
    assert found["c1.level"]["value"] == "EQF 6"
    assert found["c1.level"]["sent_as"] == "at least EQF 6 (your value stays hidden)"
    assert found["c0.credit"]["sent_as"] == "at least 5 ECTS (your value stays hidden)"
    assert found["c0.not_expired"]["value"] == "no expiry"
    assert found["c0.not_expired"]["sent_as"] == "valid on 1 June 2025 (your value stays hidden)"
    assert (found["c0.grade"]["send"], found["c0.grade"]["sent_as"], found["c0.grade"]["locked"]) == (
        False,
        "nothing",
        "This credential does not state it.",
    )
    assert "c1.given_name" not in found
    assert [entry["item"] for entry in shown["credentials"]] == ["c0", "c1"]
    assert shown["credentials"][0] | {"issuer": 0} == {
        "item": "c0",
        "id": "a",
        "title": "Title a",
        "issuer": 0,
        "credit": {"system": "ects", "value": "5"},
        "eqf": 6,
        "awarded_on": "2025-03-01",
        "others": [],
    }
    assert shown["credentials"][1]["issuer"]["host"] == "fhj.example"


def test_an_optional_claim_can_be_switched_on() -> None:
    graded = candidate("a", ects_hundredths="1000", grade='{"scale":"ECTS","value":"A"}')
    _, _, off = made(policy(), graded)
    _, _, on = made(policy(), graded, include=("grade",))
    assert (rows(off)["c0.grade"]["send"], rows(off)["c0.grade"]["locked"]) == (False, "")
    assert rows(off)["c0.grade"]["value"] == "A (ECTS)"
    assert (rows(on)["c0.grade"]["send"], rows(on)["c0.grade"]["required"]) == (True, False)
    assert off["hash"] != on["hash"]


def test_irrelevant_and_over_asked_rows_are_flagged_and_never_sent() -> None:
    asked = policy(
        [{"claim": "title"}, {"claim": "birth_date"}, {"claim": "nationality", "required": False}], {}, {}
    )
    _, _, shown = made(asked, candidate("a"), include=("nationality",))
    found = rows(shown)
    assert found["c0.birth_date"]["flag"].startswith("Date of birth: it identifies you beyond your name")
    assert found["c0.nationality"]["flag"].startswith("Nationality: Recognition should not rest on it")
    assert (found["c0.nationality"]["send"], found["c0.nationality"]["value"]) == (False, "")


def test_sees_is_what_the_verifier_reads() -> None:
    asked = policy()
    held = (candidate("a"), candidate("b", FHJ))
    disclosure, found, shown = made(asked, *held)
    request = proposal(disclosure, schema_id=SCHEMA, now=NOW)
    presentation = present(request, {item.item: item.candidate.attributes for item in found.items})
    reading = read_presentation(read_request(request), presentation)
    assert shown["sees"] == [fact.to_json() for fact in seen(reading.items)]
    assert {"item": "c0", "label": "Given name", "value": "Ada"} in shown["sees"]
    assert {"item": "c1", "label": "Level", "value": "at least EQF 6"} in shown["sees"]
    assert {"item": "c1", "label": "Issued by", "value": FHJ} in shown["sees"]
    assert {
        "item": "c1",
        "label": "Not revoked",
        "value": "proved against the issuer's status list",
    } in shown["sees"]


def test_not_sees_names_what_stays_hidden() -> None:
    _, _, shown = made(policy(), candidate("a", ects_hundredths="1000"), candidate("spare"))
    hidden = {entry["label"]: entry["why"] for entry in shown["not_sees"]}
    assert hidden["Date of birth"] == "It is not sent."
    assert hidden["Level"] == "Only this is proved: at least EQF 6."
    assert hidden["Expiry"] == "Only this is proved: valid on 1 June 2025."
    assert "Your other credentials" in hidden
    assert "Title" not in hidden
    assert shown["left_out"] == [
        {
            "id": "spare",
            "title": "Title spare",
            "why": "It is not needed: what is sent already satisfies the request.",
        }
    ]


def test_links_say_what_can_be_put_together() -> None:
    earlier = (
        EarlierShare("2025-05-01", EMPLOYER, "employer.example", ("c0.title",)),
        EarlierShare("2025-04-01", "did:web:bank.example", "bank.example", ("c1.title", "c1.grade")),
        EarlierShare("2025-04-02", "did:web:shop.example", "shop.example", ("c0.grade",)),
    )
    _, _, shown = made(policy(), candidate("a", ects_hundredths="1000"), earlier=earlier)
    text = " ".join(shown["links"])
    assert "once before, last on 2025-05-01" in text
    assert "bank.example" in text
    assert "shop.example" not in text
    assert "Given name" in text


def test_unsatisfiable_has_the_same_shape() -> None:
    found = plan(policy(), [candidate("a")], today=TODAY)
    assert isinstance(found, Unsatisfiable)
    shown = screen_unsatisfiable(found)
    _, _, whole = made(policy(), candidate("a"), candidate("b"))
    assert set(shown) == set(whole)
    assert shown["satisfied"] is False
    assert [entry["id"] for entry in shown["left_out"]] == ["a"]


def wishes(found: Plan) -> list[tuple[str, str]]:
    """Every choice that the plan offers: item, credential."""
    return [(item.item, other.id) for item in found.items for other in item.others]


def test_the_learner_chooses_which_credential_answers() -> None:
    held = [
        candidate("a", ects_hundredths="1000", awarded_on="20250301"),
        candidate("b", ects_hundredths="1000", awarded_on="20250101"),
        candidate("small", ects_hundredths="500"),
    ]
    first = plan(policy(), held, today=TODAY)
    assert isinstance(first, Plan)
    assert [item.candidate.id for item in first.items] == ["a"]
    assert wishes(first) == [("c0", "b")], "5 ECTS alone are not enough for this place"
    second = plan(policy(), held, today=TODAY, choose={"c0": "b"})
    assert isinstance(second, Plan)
    assert [item.candidate.id for item in second.items] == ["b"]
    assert wishes(second) == [("c0", "a")]
    assert {each.candidate.id: each.why for each in second.left_out}["a"] == (
        "You chose another one in its place."
    )
    hashes = {disclose(each, policy(), requester=EMPLOYER, request_id="r").hash() for each in (first, second)}
    assert len(hashes) == 2


def test_a_second_choice_does_not_undo_the_first() -> None:
    titles = ("a", "b", "c", "d")
    held = [candidate(name, awarded_on=f"202503{20 - place:02}") for place, name in enumerate(titles)]
    chosen = plan(policy(), held, today=TODAY, choose={"c1": "d"})
    assert isinstance(chosen, Plan)
    assert [item.candidate.id for item in chosen.items] == ["a", "d"]
    chosen = plan(policy(), held, today=TODAY, choose={"c1": "d", "c0": "c"})
    assert isinstance(chosen, Plan)
    assert [item.candidate.id for item in chosen.items] == ["c", "d"]


BAD_CHOICES: list[dict[str, str]] = [
    {"c0": "nobody"},
    {"c0": "revoked"},
    {"c0": "small"},
    {"c1": "b"},
    {"c": "b"},
    {"c-1": "b"},
    {"c٣": "b"},
    {"c0": ""},
    {"": "b"},
    {"c99999999": "b"},
]


@pytest.mark.parametrize("choose", BAD_CHOICES)
def test_what_does_not_fit_is_refused_and_never_passed_over(choose: dict[str, str]) -> None:
    held = [
        candidate("a", ects_hundredths="1000"),
        candidate("b", ects_hundredths="1000"),
        candidate("small", ects_hundredths="500"),
        candidate("revoked", ects_hundredths="1000", current=Result.FAIL),
    ]
    with pytest.raises(ConsentError, match="choice_not_possible"):
        plan(policy(), held, today=TODAY, choose=choose)


def test_one_credential_cannot_take_two_places() -> None:
    held = [candidate(name) for name in "abc"]
    with pytest.raises(ConsentError, match="choice_not_possible"):
        plan(policy(), held, today=TODAY, choose={"c0": "c", "c1": "c"})


def test_earlier_shares_of_the_same_credential_are_said_with_what_both_got() -> None:
    earlier = (
        EarlierShare("2025-04-01", "did:web:bank.example", "bank.example", ("c0.x", "c1.title"), ("z", "a")),
        EarlierShare("2025-04-02", "did:web:shop.example", "shop.example", ("c0.eqf_level>=6",), ("a",)),
        EarlierShare("2025-04-03", EMPLOYER, "employer.example", ("c0.title", "c0.awarded_on"), ("a",)),
        EarlierShare("2025-04-04", "", "school.example", ("c0.title",), ("a",), whole=True),
        EarlierShare("2025-04-05", "", "else.example", ("c0.title",), ("other",)),
    )
    _, _, shown = made(policy(), candidate("a", ects_hundredths="1000"), earlier=earlier)
    proofs, badge = (line for line in shown["links"] if "“Title a”" in line)
    assert proofs == (
        "You showed “Title a” before, to bank.example on 2025-04-01, shop.example on 2025-04-02, them on "
        "2025-04-03: two proofs cannot be linked, but what was shown both times can: Title, Date of award."
    )
    assert "as a signed badge, to school.example on 2025-04-04" in badge
    only_proved = earlier[1:2]
    _, _, shown = made(policy(), candidate("a", ects_hundredths="1000"), earlier=only_proved)
    assert any("no value is shown both times" in line for line in shown["links"])
    _, _, shown = made(policy(), candidate("a", ects_hundredths="1000"))
    assert not any("“Title a”" in line for line in shown["links"])


# --- the property on which consent rests

CLAIMS = [
    "title",
    "issuer_name",
    "awarded_on",
    "expires_on",
    "credit",
    "workload",
    "level",
    "outcomes",
    "grade",
    "assessment",
    "skills",
    "language",
    "given_name",
    "birth_date",
    "nationality",
]
PROVABLE = {"credit", "workload", "level", "expires_on"}


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    names = draw(st.lists(st.sampled_from(CLAIMS), unique=True, max_size=8))
    dated = draw(st.booleans())
    provable = PROVABLE | ({"awarded_on"} if dated else set())
    claims = [
        {
            "claim": name,
            "required": name not in ("nationality", "grade") and draw(st.booleans()),
            "disclose": draw(st.sampled_from(["reveal", "predicate"] if name in provable else ["reveal"])),
        }
        for name in names
    ]
    each = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "min_eqf": st.integers(5, 7),
                "registry": st.just(["assured_official"]),
                "profile": st.just("council"),
                "assessed": st.just(True),
                "languages": st.just(["en", "fr"]),
            },
        )
    )
    if dated:
        each["awarded_since"] = draw(st.sampled_from(["2024-01-01", "2025-01-01"]))
    amount = st.sampled_from(["1", "6.5", "10"])
    listed = draw(st.lists(st.sampled_from("abcd"), unique=True, min_size=1))
    skills = st.fixed_dictionaries(
        {}, optional={"at_least": st.integers(1, len(listed)), "min_eqf": st.integers(5, 7)}
    )
    whole = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "min_credit": amount.map(lambda value: {"system": "ects", "value": value}),
                "skills": skills.map(lambda more: skill_set(*listed, **more)),
                "credentials": st.integers(1, 3).map(lambda number: {"at_least": number}),
            },
        )
    )
    return policy(claims or [{"claim": "title"}], each, whole)


@st.composite
def wallets(draw: st.DrawFn) -> list[Candidate]:
    count = draw(st.integers(1, 4))
    return [
        candidate(
            f"id{index}",
            draw(st.sampled_from([MTU, FHJ])),
            title=draw(st.sampled_from(["Daten & Ärger", "بيانات", "Same", "<b>x</b>"])),
            ects_hundredths=draw(st.sampled_from(["0", "250", "500", "1000"])),
            eqf_level=draw(st.sampled_from(["5", "6", "7"])),
            grade=draw(st.sampled_from(["{}", '{"scale":"ECTS","value":"A"}'])),
            workload_minutes=draw(st.sampled_from(["0", "600"])),
            awarded_on=draw(st.sampled_from(["20231231", "20240101", "20250301"])),
            evidence_grade=draw(st.sampled_from(["assessed", "assessed", "participation", ""])),
            assessment_types=draw(st.sampled_from(["[]", '["quiz"]'])),
            language=draw(st.sampled_from(['["en-IE"]', '["fr","de"]', '["de"]', "[]"])),
            skills=skilled(*draw(st.lists(st.sampled_from("abcde"), unique=True))),
            **draw(st.sampled_from(COVERS)),
        )
        for index in range(count)
    ]


def covers(*levels: int) -> dict[str, Any]:
    """A registry whose cover of the issuer holds at these levels, as the wallet knows it."""
    at = {level: "assured_official" if level in levels else "no_evidence" for level in range(9)}
    return {"outcome_at": at, "outcome_hidden": "indeterminate"}


COVERS: list[dict[str, Any]] = [{}, {"outcome_hidden": "indeterminate"}, covers(5, 6, 7), covers(5, 6, 7, 8)]


@given(policies(), wallets(), st.sets(st.sampled_from(CLAIMS)), st.integers(0, 3))
@settings(max_examples=500, deadline=None)
def test_displayed_equals_consented_equals_sent(
    asked: Policy, held: list[Candidate], include: set[str], other: int
) -> None:
    found = plan(asked, held, today=TODAY, include=frozenset(include))
    if isinstance(found, Unsatisfiable):
        assert found.missing
        assert not screen_unsatisfiable(found)["rows"]
        return
    if other and (wish := wishes(found)):
        # What the wallet says would fit does fit: everything below holds for it as well.
        item, id = wish[other % len(wish)]
        before = {each.item: each.candidate.id for each in found.items}
        again = plan(asked, held, today=TODAY, include=frozenset(include), choose={item: id})
        assert isinstance(again, Plan)
        found = again
        assert {each.item: each.candidate.id for each in found.items} == before | {item: id}
    disclosure = disclose(found, asked, requester=EMPLOYER, request_id="r1")
    shown = screen(disclosure, found, asked, schema_id=SCHEMA, now=NOW)
    displayed = sorted({path for row in shown["rows"] if row["send"] for path in row["paths"]})
    request = proposal(disclosure, schema_id=SCHEMA, now=NOW - 100)
    sent = request | {"nonce": NONCE}
    presentation = present(sent, {item.item: item.candidate.attributes for item in found.items})
    assert tuple(displayed) == consented_paths(disclosure) == revealed_paths(presentation)
    assert revealed_paths(preview(disclosure, now=NOW)) == consented_paths(disclosure)
    assert not [row for row in shown["rows"] if not row["send"] and row["paths"]]
    assert compare_request(request, sent) == ()
    # What our planner proposes, our verifier accepts, and it satisfies the policy.
    assert request_problems(asked, read_request(request), schema_id=SCHEMA, today=TODAY) == ()
    examined = examine(asked, sent, presentation, True, facts())
    assert examined.part.result is Result.PASS, [
        check for check in examined.part.checks if check.result is not Result.PASS
    ]
    by_item = {item.item: item.candidate for item in found.items}
    answers = {}
    for query in quality_queries(examined.items):
        one = by_item[query.item]
        exact = query.eqf == one.number("eqf_level")
        hidden = one.outcome if exact or not one.outcome_hidden else "no_evidence"
        answers[(query.item, query.eqf)] = RegistryAnswer(one.outcome_at.get(query.eqf, hidden))
    judged = verdict(asked, examined, answers, at="2025-06-01T12:00:00Z")
    dates = {request.claim: request.disclose for request in asked.claims}
    withheld = asked.each.registry and dates.get("awarded_on") is not Disclose.REVEAL
    expected = Result.UNKNOWN if withheld else Result.PASS
    assert judged.policy.result is expected, [
        check for check in judged.policy.checks if check.result is not Result.PASS
    ]
    if asked.each.profile:
        assert judged.complete.result is Result.PASS

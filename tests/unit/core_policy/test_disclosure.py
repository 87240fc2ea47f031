"""What leaves: hash, proposal, send-presentation, and the comparisons with what comes back."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from agent.core.anoncreds_json import read_request
from agent.core.disclosure import (
    Disclosure,
    compare_request,
    consented_paths,
    disclose,
    proposal,
    requested_credentials,
)
from agent.core.matching import request_problems
from agent.core.planning import Candidate, Plan, plan
from agent.core.policy import Policy
from agent.core.reading import revealed_paths
from agent.errors import ConsentError, InputError
from tests.unit.core_policy.builder import (
    EMPLOYER,
    FHJ,
    NONCE,
    NOW,
    SCHEMA,
    TODAY,
    candidate,
    cred_def,
    edited,
    policy,
    present,
)


def made(asked: Policy | None = None, *held: Candidate, include: tuple[str, ...] = ()) -> Disclosure:
    asked = asked or policy()
    found = plan(
        asked, held or (candidate("a"), candidate("b", FHJ)), today=TODAY, include=frozenset(include)
    )
    assert isinstance(found, Plan)
    return disclose(found, asked, requester=EMPLOYER, request_id="r1")


def proposed(disclosure: Disclosure) -> dict[str, Any]:
    return proposal(disclosure, schema_id=SCHEMA, now=NOW)


def test_paths_that_may_leave() -> None:
    assert consented_paths(made()) == (
        "c0.awarded_on",
        "c0.ects_hundredths>=500",
        "c0.eqf_level>=6",
        "c0.expires_on>=20250601",
        "c0.family_name",
        "c0.given_name",
        "c0.title",
        "c0.title_lang",
        "c1.awarded_on",
        "c1.ects_hundredths>=500",
        "c1.eqf_level>=6",
        "c1.expires_on>=20250601",
        "c1.title",
        "c1.title_lang",
    )


def test_hash_covers_everything_that_leaves_and_to_whom() -> None:
    base = made()
    first, second = base.items
    others = [
        replace(base, requester="did:web:other.example"),
        replace(base, request_id="r2"),
        replace(base, policy_digest="0" * 64),
        replace(base, items=(first,)),
        replace(base, items=(second, first)),
        replace(base, items=(replace(first, credential="z"), second)),
        replace(base, items=(replace(first, cred_def_id=cred_def(digit="8")), second)),
        replace(base, items=(replace(first, revealed=first.revealed[1:]), second)),
        replace(base, items=(replace(first, bounds=first.bounds[1:]), second)),
        made(None, candidate("a", title="Another"), candidate("b", FHJ)),
    ]
    hashes = {one.hash() for one in [base, *others]}
    assert len(hashes) == len(others) + 1
    assert all(re.fullmatch("[0-9a-f]{64}", value) for value in hashes)
    assert made().hash() == base.hash()


def test_proposal_has_the_shape_that_acapy_takes() -> None:
    request = proposed(made())
    assert set(request) == {"name", "version", "requested_attributes", "requested_predicates", "non_revoked"}
    assert request["non_revoked"] == {"from": 0, "to": NOW}
    assert request["requested_attributes"]["c1"] == {
        "names": ["awarded_on", "title", "title_lang"],
        "restrictions": [{"schema_id": SCHEMA, "cred_def_id": cred_def(FHJ)}],
    }
    assert request["requested_predicates"]["c0.eqf_level"] == {
        "name": "eqf_level",
        "p_type": ">=",
        "p_value": 6,
        "restrictions": [{"schema_id": SCHEMA, "cred_def_id": cred_def()}],
    }
    assert "ver" not in json.dumps(
        list(request) + list(request["requested_predicates"]["c0.eqf_level"])
    ).split('"')
    assert read_request(request).non_revoked_to == NOW


def test_no_interval_when_nothing_can_be_revoked() -> None:
    request = proposed(made(None, candidate("a", ects_hundredths="1000", revocable=False)))
    assert "non_revoked" not in request


def test_item_without_revealed_values_has_predicates_only() -> None:
    asked = policy([{"claim": "level", "disclose": "predicate"}], {"min_eqf": 6}, {})
    request = proposed(made(asked, candidate("a")))
    assert request["requested_attributes"] == {}
    assert sorted(request["requested_predicates"]) == ["c0.eqf_level", "c0.expires_on"]
    assert [item.item for item in read_request(request).items] == ["c0"]


def test_other_schema_is_not_proposed() -> None:
    with pytest.raises(ConsentError) as caught:
        proposal(made(), schema_id=SCHEMA[:-1] + "9", now=NOW)
    assert caught.value.code == "other_schema"


def test_requested_credentials_takes_every_part_of_an_item_from_its_credential() -> None:
    disclosure = made()
    first, second = (item.credential for item in disclosure.items)
    spec = requested_credentials(disclosure, {first: "askar-1", second: "askar-2"})
    request = proposed(disclosure)
    assert set(spec["requested_attributes"]) == set(request["requested_attributes"])
    assert set(spec["requested_predicates"]) == set(request["requested_predicates"])
    assert spec["self_attested_attributes"] == {}
    assert spec["requested_attributes"]["c1"] == {"cred_id": "askar-2", "revealed": True}
    assert {part["cred_id"] for name, part in spec["requested_predicates"].items() if name[:3] == "c0."} == {
        "askar-1"
    }
    with pytest.raises(InputError) as caught:
        requested_credentials(disclosure, {first: "askar-1"})
    assert caught.value.code == "unknown_credential"


def test_the_verifiers_own_members_may_differ() -> None:
    request = proposed(made())
    answer = edited(request) | {"nonce": NONCE, "name": "proof-request", "version": "1.1"}
    assert compare_request(request, answer) == ()


@pytest.mark.parametrize(
    ("edit", "difference"),
    [
        (lambda r: r["requested_attributes"]["c0"]["names"].append("birth_date"), "names[5] is extra"),
        (lambda r: r["requested_attributes"]["c0"]["names"].pop(), "names[4] is missing"),
        (
            lambda r: r["requested_attributes"].update(who={"name": "birth_date"}),
            "requested_attributes.who is extra",
        ),
        (
            lambda r: r["requested_attributes"]["c0"].update(non_revoked={"from": 1}),
            "c0.non_revoked is extra",
        ),
        (lambda r: r["requested_attributes"]["c0"]["restrictions"].append({}), "restrictions[1] is extra"),
        (
            lambda r: r["requested_predicates"]["c0.eqf_level"].update(p_value=7),
            "c0.eqf_level.p_value differs",
        ),
        (lambda r: r["requested_predicates"]["c0.eqf_level"].update(p_value=True), "p_value differs"),
        (lambda r: r["requested_predicates"]["c0.eqf_level"].update(p_type="<="), "p_type differs"),
        (lambda r: r["requested_predicates"].pop("c0.expires_on"), "c0.expires_on is missing"),
        (lambda r: r.pop("non_revoked"), "non_revoked is missing"),
        (lambda r: r["non_revoked"].update({"from": NOW}), "non_revoked.from differs"),
        (lambda r: r.update(ver="2.0"), "ver is extra"),
        (lambda r: r.update(requested_attributes=[]), "requested_attributes differs"),
    ],
)
def test_a_request_for_anything_else_is_named(edit: Any, difference: str) -> None:
    request = proposed(made())
    answer = edited(request) | {"nonce": NONCE}
    edit(answer)
    found = compare_request(request, answer)
    assert len(found) == 1
    assert difference in found[0]


def test_differences_are_bounded() -> None:
    request = proposed(made())
    hostile = edited(request) | {f"x{index}": "y" for index in range(10_000)}
    assert len(compare_request(request, hostile)) == 50


def test_paths_in_an_honest_presentation_are_those_consented() -> None:
    disclosure = made()
    held = {item.item: candidate_attributes(disclosure, item.item) for item in disclosure.items}
    assert revealed_paths(present(proposed(disclosure), held)) == consented_paths(disclosure)


def candidate_attributes(disclosure: Disclosure, item: str) -> dict[str, str]:
    (found,) = [dict(one.revealed) for one in disclosure.items if one.item == item]
    return found


@pytest.mark.parametrize(
    ("edit", "extra"),
    [
        (lambda p: eq_proof(p, 0).update(birth_date="19990402"), "c0.birth_date"),
        (
            lambda p: ge_proofs(p, 1).append(
                {"predicate": {"attr_name": "birth_date", "p_type": "LE", "value": 2}}
            ),
            "c1.birth_date<=2",
        ),
        (lambda p: p["requested_proof"]["self_attested_attrs"].update(phone="1"), "self_attested:phone"),
        (
            lambda p: p["requested_proof"]["revealed_attrs"].update(
                x={"sub_proof_index": 0, "raw": "", "encoded": ""}
            ),
            "single:x",
        ),
        (
            lambda p: p["proof"]["proofs"].append(
                {"primary_proof": {"eq_proof": {"revealed_attrs": {"title": "1"}}, "ge_proofs": []}}
            ),
            "sub-proof 2.title",
        ),
        (
            lambda p: p["requested_proof"]["revealed_attr_groups"]["c0"]["values"].update(
                grade={"raw": "A", "encoded": "1"}
            ),
            "c0.grade",
        ),
    ],
)
def test_anything_more_in_the_presentation_shows_in_its_paths(edit: Any, extra: str) -> None:
    disclosure = made()
    held = {item.item: candidate_attributes(disclosure, item.item) for item in disclosure.items}
    presentation = present(proposed(disclosure), held)
    edit(presentation)
    assert set(revealed_paths(presentation)) - set(consented_paths(disclosure)) == {extra}


def eq_proof(presentation: dict[str, Any], index: int) -> dict[str, str]:
    found: dict[str, str] = presentation["proof"]["proofs"][index]["primary_proof"]["eq_proof"][
        "revealed_attrs"
    ]
    return found


def ge_proofs(presentation: dict[str, Any], index: int) -> list[Any]:
    found: list[Any] = presentation["proof"]["proofs"][index]["primary_proof"]["ge_proofs"]
    return found


@pytest.mark.parametrize(
    "document", [None, [], {}, {"proof": {"proofs": [{}]}, "requested_proof": {}, "identifiers": []}]
)
def test_what_is_no_presentation_is_refused(document: Any) -> None:
    with pytest.raises(InputError) as caught:
        revealed_paths(document)
    assert caught.value.code == "bad_presentation"


# --- the employer's side: does the proposal match the policy


def problems(edit: Any = None, asked: Policy | None = None, include: tuple[str, ...] = ()) -> tuple[str, ...]:
    asked = asked or policy()
    request = proposed(made(asked, include=include))
    if edit:
        edit(request)
    return request_problems(asked, read_request(request), schema_id=SCHEMA, today=TODAY)


def test_our_own_proposals_match() -> None:
    assert problems() == ()
    grade = policy(
        [{"claim": "title"}, {"claim": "given_name"}, {"claim": "level", "required": False}], {"min_eqf": 6}
    )
    assert problems(asked=grade) == ()
    assert problems(asked=grade, include=("level",)) == ()
    assert problems(asked=policy([{"claim": "title"}], {"profile": "council"}, {})) == ()


def remove_name(name: str) -> Any:
    return lambda request: request["requested_attributes"]["c0"]["names"].remove(name)


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (remove_name("title"), "c0 lacks Title."),
        (remove_name("given_name"), "c0 lacks Given name."),
        (lambda r: r["requested_attributes"]["c0"]["names"].append("birth_date"), "c0 reveals birth_date"),
        (lambda r: r["requested_attributes"]["c1"]["names"].append("given_name"), "c1 reveals given_name"),
        (lambda r: r["requested_predicates"].pop("c1.eqf_level"), "c1 lacks Level."),
        (lambda r: r["requested_predicates"]["c1.eqf_level"].update(p_value=5), "c1 lacks Level."),
        (lambda r: r["requested_predicates"]["c1.ects_hundredths"].update(p_value=499), "do not add up"),
        (
            lambda r: r["requested_predicates"].pop("c0.expires_on"),
            "c0 does not prove that it has not expired",
        ),
        (lambda r: r["requested_predicates"]["c0.expires_on"].update(p_value=20250531), "c0 does not prove"),
        (
            lambda r: r["requested_predicates"].update(
                {"c0.birth_date": r["requested_predicates"]["c0.expires_on"] | {"name": "birth_date"}}
            ),
            "c0 proves birth_date",
        ),
    ],
)
def test_a_proposal_for_less_or_more_is_named(edit: Any, problem: str) -> None:
    found = problems(edit)
    assert len(found) == 1
    assert problem in found[0]


def test_another_schema_is_a_problem() -> None:
    found = request_problems(policy(), read_request(proposed(made())), schema_id="other", today=TODAY)
    assert [sentence for sentence in found if "shared schema" in sentence]


@pytest.mark.parametrize(
    "edit",
    [
        lambda r: r.update(ver="2.0"),
        lambda r: r.update(requested_attributes=None),
        lambda r: r["requested_attributes"].update(who={"names": ["title"], "restrictions": []}),
        lambda r: r["requested_attributes"].update(c2={"name": "title", "restrictions": [{}]}),
        lambda r: r["requested_attributes"]["c0"]["restrictions"].append({"schema_id": SCHEMA}),
        lambda r: r["requested_attributes"]["c0"].update(names=["title", "title"]),
        lambda r: r["requested_attributes"]["c0"].update(names=["Title"]),
        lambda r: r["requested_attributes"]["c0"].update(names=[{}]),
        lambda r: r["requested_attributes"]["c0"].update(non_revoked={}),
        lambda r: r["requested_predicates"]["c0.eqf_level"].update(p_type=">"),
        lambda r: r["requested_predicates"]["c0.eqf_level"].update(p_value="6"),
        lambda r: r["requested_predicates"]["c0.eqf_level"].update(name="workload_minutes"),
        lambda r: r["requested_predicates"]["c0.eqf_level"]["restrictions"][0].update(cred_def_id="other"),
        lambda r: r["requested_predicates"].update(
            {"c5.eqf_level": r["requested_predicates"]["c0.eqf_level"]}
        ),
        lambda r: r.update(non_revoked={"from": 1, "to": 2}),
        lambda r: r.update(nonce=5),
    ],
)
def test_requests_of_another_shape_are_refused(edit: Any) -> None:
    request = proposed(made())
    edit(request)
    with pytest.raises(InputError) as caught:
        read_request(request)
    assert caught.value.code == "bad_proof_request"

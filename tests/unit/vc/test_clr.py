"""A stack as one Comprehensive Learner Record 2.0."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from agent.errors import InputError
from agent.vc.clr import MAX_BADGES, Whole, to_clr
from agent.vc.jsonld import canonical
from agent.vc.schemas import check
from agent.vc.understand import understand

from ..core_domain.builders import record
from .test_badge import PROOF, WHEN, badge

ASSETS = Path(__file__).parents[2] / "assets" / "badges"
WHOLE = Whole(
    id="urn:uuid:4b1f3a70-25a2-4c2e-9f5a-0b9f5b8d7c11", title="Certificate in Data", criteria="Two of three."
)


def signed(number: int) -> dict[str, Any]:
    made = record(
        id=f"urn:cairn:{number}", template=f"munster-tu/data-{number}@1", title={"en": f"Data {number}"}
    )
    return {**badge(made, credential_id=f"urn:cairn:badge:{number}"), "proof": [PROOF]}


BADGES = [signed(1), signed(2), signed(3)]


def clr(badges: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    return to_clr(
        "My certificate",
        BADGES if badges is None else badges,
        **{
            "issuer_id": "did:web:localhost%3A8401",
            "holder_id": "did:key:z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH",
            "credential_id": "urn:uuid:0c3d0a67-54a1-4f11-9f5f-0c8c9c3f3f10",
            "valid_from": WHEN,
            "whole": WHOLE,
            "precedes": [(0, 1)],
            **more,
        },
    )


def test_badges_go_in_signed_and_unchanged() -> None:
    before = copy.deepcopy(BADGES)
    document = clr()
    assert document["credentialSubject"]["verifiableCredential"] == before
    assert document["partial"] is True
    assert canonical(document)
    assert check(document) == ()
    assert check({**document, "proof": [PROOF]}) == ()


def test_how_they_belong_together() -> None:
    subject = clr()["credentialSubject"]
    ids = [entry["credentialSubject"]["achievement"]["id"] for entry in BADGES]
    assert [(one["associationType"], one["sourceId"], one["targetId"]) for one in subject["association"]] == [
        *(("isChildOf", name, WHOLE.id) for name in ids),
        ("precedes", ids[0], ids[1]),
    ]
    assert subject["achievement"] == [
        {
            "id": WHOLE.id,
            "type": ["Achievement"],
            "name": "Certificate in Data",
            "description": "Certificate in Data",
            "criteria": {"narrative": "Two of three."},
        }
    ]


def test_without_a_target_or_an_order() -> None:
    document = clr(whole=None, precedes=(), issuer_name="A Learner")
    assert {"association", "achievement"}.isdisjoint(document["credentialSubject"])
    assert document["issuer"]["name"] == "A Learner"
    assert canonical(document)
    assert check(document) == ()


def test_one_achievement_twice_is_one_child() -> None:
    document = clr([BADGES[0], BADGES[0]], precedes=())
    assert len(document["credentialSubject"]["association"]) == 1


def test_it_is_understood_by_its_parts() -> None:
    found = understand(json.loads(json.dumps(clr())))
    assert [part.record and part.record.id for part in found.parts] == [
        "urn:cairn:1",
        "urn:cairn:2",
        "urn:cairn:3",
    ]
    assert all(part.whole for part in found.parts)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"badges": []}, "no_badges"),
        ({"badges": BADGES[:1] * (MAX_BADGES + 1)}, "too_many_badges"),
        ({"badges": [badge()]}, "unsigned_badge"),
        ({"badges": [{**BADGES[0], "credentialSubject": {"id": "did:key:z6Mk"}}]}, "not_a_badge"),
        ({"badges": [{"type": "VerifiableCredential"}]}, "not_a_badge"),
        ({"precedes": [(0, 3)]}, "bad_order"),
        ({"precedes": [(-1, 0)]}, "bad_order"),
        ({"precedes": [(1, 1)]}, "bad_order"),
        ({"valid_from": WHEN.replace(tzinfo=None)}, "no_time_zone"),
    ],
)
def test_what_makes_no_record(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(InputError) as error:
        clr(**changes)
    assert error.value.code == code


def test_the_schema_refuses() -> None:
    document = clr()
    document["credentialSubject"]["association"][0]["associationType"] = "isBetterThan"
    del document["credentialSubject"]["verifiableCredential"]
    assert {problem.path for problem in check(document)} == {
        "credentialSubject",
        "credentialSubject.association[0].associationType",
    }


def test_the_sample_of_1edtech() -> None:
    assert check(json.loads((ASSETS / "clr2.json").read_bytes())) == ()

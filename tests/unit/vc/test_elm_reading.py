"""A European Digital Credential as a record, as far as it can be understood."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.record import Record
from agent.vc import elm, elm_codes
from tests.unit.core_domain.builders import record, record_json
from tests.unit.vc import elm_files
from tests.unit.vc.elm_files import PNG, REVIEW, made


def test_a_whole_record_comes_back_except_what_is_not_carried() -> None:
    before = record()
    back = elm.from_elm(json.loads(json.dumps(made(before, picture=PNG))))
    assert back is not None
    expected = before.to_json()
    for path in elm.not_carried(before):
        first, _, second = path.partition(".")
        if not second:
            expected.pop(first)
        elif isinstance(expected[first], list):
            for each in expected[first]:
                each.pop(second, None)
        else:
            expected[first].pop(second)
    assert back.to_json() == expected


@settings(max_examples=60, deadline=None)
@given(record_json)
def test_what_comes_back_is_what_went(data: dict[str, Any]) -> None:
    before = Record.from_json(data)
    back = elm.from_elm(made(before))
    assert back is not None
    for name in (
        "id",
        "title",
        "description",
        "learner",
        "awarded_on",
        "expires_on",
        "credit",
        "participation",
    ):
        assert getattr(back, name) == getattr(before, name)
    assert [each.text for each in back.outcomes] == [each.text for each in before.outcomes]
    assert (back.issuer.did, back.grade, back.workload_hours) == (
        before.issuer.did,
        before.grade,
        before.workload_hours,
    )
    if before.level:
        assert back.level == before.level
    again = elm.from_elm(made(back))
    assert again is not None
    assert again.title == back.title


def official() -> dict[str, Any]:
    sample: dict[str, Any] = json.loads((elm_files.folder() / "credential-sample.jsonld").read_text("utf-8"))
    return sample


def test_the_official_sample_is_read_as_far_as_it_goes() -> None:
    sample = official()
    found = elm.from_elm(sample)
    assert found is not None
    assert found.issuer.did == sample["issuer"]["id"]  # an address, kept as it is: nobody made a DID of it
    del sample["issuer"]["id"]
    assert elm.from_elm(sample) is None
    assert found.title == {"en": "some kind of learning achievement", "fr": "une sorte de réussite scolaire"}
    assert (found.learner.given_name, found.learner.family_name) == ("Max", "Power")
    assert found.issuer.countries == ("FR",)
    assert [body.name for body in found.awarding_bodies] == ["some legal name of the organistion"]
    assert found.expires_on == date(2024, 9, 24)  # valid until the beginning of the 25th


def test_a_local_midnight_in_utc_tells_no_day() -> None:
    document = made(record())
    document["credentialSubject"]["dateOfBirth"] = "1999-10-01T22:00:00Z"
    document["validUntil"] = "2030-01-01T22:00:00Z"
    found = elm.from_elm(document)
    assert found is not None
    assert found.learner.birth_date is None
    assert found.expires_on == date(2029, 12, 31)  # the last day that is whole


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "x",
        {},
        {"type": ["VerifiableCredential"]},
        {"type": ["EuropeanDigitalCredential"]},
        {"type": "EuropeanDigitalCredential", "@context": elm_codes.EDC_CONTEXT},
        {
            "type": "EuropeanDigitalCredential",
            "@context": [elm_codes.EDC_CONTEXT],
            "issuer": {"id": "did:web:a"},
        },
        {
            "type": "EuropeanDigitalCredential",
            "@context": [elm_codes.EDC_CONTEXT],
            "id": "x",
            "issuer": "did:web:a",
            "credentialSubject": {"hasClaim": {"type": "LearningAchievement"}},
        },
    ],
)
def test_what_is_no_record(document: Any) -> None:
    assert elm.from_elm(document) is None


_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "en", "title"]), inner)
    ),
    max_leaves=6,
)


@settings(max_examples=80, deadline=None)
@given(junk=_JUNK, data=st.data())
def test_whatever_stands_in_a_member_is_left_out_or_taken(junk: Any, data: st.DataObject) -> None:
    document = made(record(), accreditation=REVIEW, picture=PNG)
    place = document
    for _ in range(data.draw(st.integers(0, 5))):
        inner = [name for name, value in place.items() if isinstance(value, dict)]
        if not inner:
            break
        place = place[data.draw(st.sampled_from(sorted(inner)))]
    place[data.draw(st.sampled_from(sorted(place)))] = junk
    found = elm.from_elm(document)
    assert found is None or Record.from_json(found.to_json()) == found


def test_one_bad_item_costs_that_item_only() -> None:
    document = made(record())
    outcomes = document["credentialSubject"]["hasClaim"]["specifiedBy"]["learningOutcome"]
    outcomes.insert(1, {"title": {"en": 7}})
    outcomes.append({"title": {"not a tag": "x"}})
    document["credentialSubject"]["givenName"] = {"en": "\ud800"}
    found = elm.from_elm(document)
    assert found is not None
    assert [each.text["en"] for each in found.outcomes] == ["Read data.", "Clean data."]
    assert (found.learner.given_name, found.learner.family_name) == (None, "Byrne")

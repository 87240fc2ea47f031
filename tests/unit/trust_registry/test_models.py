from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tests.unit.trust_registry.samples import MTU, MTU_ID, binding, query
from trust_registry.errors import QueryError
from trust_registry.facts import Binding, KeyRevocation
from trust_registry.models import AwardKind, Outcome, Query, Reason
from trust_registry.vocabulary import RevocationReason

GOOD = {"did": MTU.did, "awarded_on": "2022-01-01"}


def test_a_question_survives_the_wire() -> None:
    asked = Query(
        did=MTU.did,
        key=MTU.thumbprint,
        awarded_on=date(2022, 2, 28),
        country="IE",
        eqf=6,
        award_kind=AwardKind.PROGRAMME,
        ects=Decimal("7.5"),
        programme="Ärzte & Co",
        known_at=datetime(2025, 1, 1, 12, 30, tzinfo=UTC),
    )
    assert Query.from_params(asked.to_params()) == asked
    short = query(MTU, "2022-01-01")
    assert set(short.to_params()) == {"did", "key", "awarded_on", "award_kind"}
    assert Query.from_params(short.to_params()) == short


@pytest.mark.parametrize(
    "change",
    [
        {"awarded_on": ""},
        {"awarded_on": "20220101"},
        {"awarded_on": "2022-W01-1"},
        {"awarded_on": "2022-02-30"},
        {"awarded_on": "2022-01-01T00:00:00Z"},
        {"awarded_on": "now"},
        {"known_at": "2022-01-01"},
        {"known_at": "2022-01-01T00:00:00"},
        {"known_at": "now"},
        {"known_at": ""},
        {"did": "mtu.ie"},
        {"did": "did:web:x y"},
        {"key": "short"},
        {"key": ""},
        {"country": "ie"},
        {"country": "IRL"},
        {"eqf": "0"},
        {"eqf": "9"},
        {"eqf": "6.0"},
        {"eqf": ""},
        {"ects": "many"},
        {"ects": "-1"},
        {"ects": "NaN"},
        {"ects": "Infinity"},
        {"award_kind": "degree"},
        {"programme": ""},
        {"kown_at": "2022-01-01T00:00:00Z"},
    ],
)
def test_a_malformed_question_is_refused_never_guessed(change: dict[str, str]) -> None:
    with pytest.raises(QueryError) as caught:
        Query.from_params(GOOD | change)
    assert all(value not in caught.value.detail for value in change.values() if len(value) > 6)


@pytest.mark.parametrize("missing", ["did", "awarded_on"])
def test_what_must_be_asked(missing: str) -> None:
    with pytest.raises(QueryError, match=missing):
        Query.from_params({name: value for name, value in GOOD.items() if name != missing})


def test_a_binding_survives_the_wire() -> None:
    made = binding(
        MTU,
        MTU_ID,
        valid_to=date(2030, 1, 1),
        revoked=KeyRevocation(datetime(2025, 1, 1, tzinfo=UTC), RevocationReason.RETIRED),
    )
    assert Binding.from_json(made.to_json()) == made


OUTCOMES = """
assured_official assured_voluntary not_assured no_evidence unknown_issuer indeterminate
"""
REASONS = """
did_not_bound did_ambiguous key_revoked institution_closed jurisdiction_not_covered level_not_covered
report_expired report_negative report_flagged agency_not_registered agency_voided agency_not_official
inherited_from_predecessor validity_inferred snapshot_stale snapshot_rollback source_unchecked
"""


def test_the_words_of_the_specification_are_all_there() -> None:
    assert set(Outcome) == set(OUTCOMES.split())
    assert set(Reason) >= set(REASONS.split())

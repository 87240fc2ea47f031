"""The golden cases of trust-registry.md section 3, on the institutions, relations and agencies of the real sample.

Reports are invented unless quoted there. Cases that are no question to `resolve` have their tests elsewhere:
rollback and equal-seq fork in test_home.py and test_client.py; HTTP 500 is not "not found" in test_client.py
(a registry that fails) and test_ingest_adapters.py (a source that does); the IE schools' host as a place for a
DID in test_binding_workflow.py; memberships as DEQAR tells them in test_ingest_members.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from tests.unit.trust_registry.samples import NOW, Issuer, binding, query, report, snapshot
from trust_registry import embedded
from trust_registry.facts import Agency, Facts, Faculty, Institution, Programme, Relation, Report, Voiding
from trust_registry.ingest.deqar_csv import Ingested
from trust_registry.models import AwardKind, Outcome
from trust_registry.resolve import resolve
from trust_registry.vocabulary import Activity, Cycle, Reason, RelationKind, ReportDecision, Status

CIT, MTU, USLB, UCL, UMONS = (f"DEQARINST{number:04}" for number in (1361, 7609, 71, 72, 74))
IE, IE_BUSINESS, IE_LAW, ARAB, RWTH = (f"DEQARINST{number:04}" for number in (818, 9787, 9785, 9869, 382))
SEEU, ALLIANCE, DHBW, TAMPERE, TAMPERE_TECH = (
    f"DEQARINST{number:04}" for number in (1709, 9853, 498, 7244, 861)
)
# The sample has neither SEEU nor what UMons came of in 2009; a franchise it has not at all.
FRANCHISE, POLYTECHNIC, HAINAUT = (f"DEQARINST{number}" for number in (9901, 9902, 9903))
MORE = (
    Institution(SEEU, "South East European University", ("MK",)),
    Institution(FRANCHISE, "College that teaches for another", ("ES",)),
    Institution(POLYTECHNIC, "Faculté Polytechnique De Mons", ("BE",)),
    Institution(HAINAUT, "Université de Mons-Hainaut", ("BE",)),
)
MERGER = tuple(
    Relation(one, UMONS, date(2009, 7, 1), RelationKind.SUCCEEDED) for one in (POLYTECHNIC, HAINAUT)
)
ASSURED, VOLUNTARY, AGAINST = Outcome.ASSURED_OFFICIAL, Outcome.ASSURED_VOLUNTARY, Outcome.NOT_ASSURED
NOTHING, UNCLEAR = Outcome.NO_EVIDENCE, Outcome.INDETERMINATE
INHERITED, FACULTY, INFERRED = (
    Reason.INHERITED_FROM_PREDECESSOR,
    Reason.COVERED_AS_FACULTY,
    Reason.VALIDITY_INFERRED,
)
VOIDED_AT = datetime(2025, 3, 1, tzinfo=UTC)


@cache
def sample() -> Ingested:
    return embedded.load()


def on(*institutions: str, **changes: Any) -> Report:
    """A positive institutional report by QQI, 2018-05-01 to 2028-04-30."""
    return report(**{"institution_ids": institutions, **changes})


@dataclass(frozen=True)
class Case:
    """``by`` awarded on ``day``; ``asked`` narrows the question, ``known`` changes the facts."""

    name: str
    by: str
    day: str
    outcome: Outcome
    reasons: tuple[Reason, ...] = ()
    reports: tuple[Report, ...] = ()
    asked: dict[str, Any] = field(default_factory=dict)
    known: dict[str, Any] = field(default_factory=dict)


AEQES = {"agency": "AEQES", "cycles": None}
SCHOOLS = (Faculty(IE, IE_BUSINESS), Faculty(IE, IE_LAW))
DEGREE = {"award_kind": AwardKind.PROGRAMME, "eqf": 7}
SYSTEM = on(
    RWTH, id="47914", agency="AAQ", valid_from=date(2018, 9, 14), valid_to=date(2024, 9, 30), cycles=None
)
SOFTWARE = on(
    RWTH,
    id="25106",
    agency="ASIIN",
    activity=Activity.PROGRAMME,
    decision=ReportDecision.CONDITIONAL,
    valid_from=date(2013, 9, 27),
    valid_to=date(2019, 9, 30),
    cycles=frozenset({Cycle.SECOND}),
    programme=Programme("Software Engineering"),
)
IEP = on(
    SEEU,
    id="3929",
    agency="IEP",
    status=Status.VOLUNTARY,
    decision=ReportDecision.NOT_APPLICABLE,
    valid_from=date(2018, 1, 1),
    valid_to=None,
)
NEGATIVE = on(IE, id="negative", decision=ReportDecision.NEGATIVE, valid_from=date(2019, 1, 1))
LEAP = on(IE, valid_from=date(2016, 2, 29), valid_to=None)
OF_ITS_DAY = {"valid_from": date(2008, 1, 1), "valid_to": date(2012, 1, 1)}
ON_POLYTECHNIC, ON_HAINAUT = on(POLYTECHNIC, **OF_ITS_DAY), on(HAINAUT, id="hainaut", **OF_ITS_DAY)
AGAINST_HAINAUT = on(HAINAUT, id="against", decision=ReportDecision.NEGATIVE, **OF_ITS_DAY)
EARLY = (Agency("QQI", "QQI", ((date(2005, 1, 1), None),)),)
VOIDED = (Agency("QQI", "QQI", ((date(2015, 6, 5), None),), (Voiding(date(2018, 1, 1), None, VOIDED_AT),)),)

CASES = (
    Case("Cork IT in 2019", CIT, "2019-06-01", ASSURED, reports=(on(CIT),)),
    Case("Cork IT on its last day", CIT, "2020-12-31", ASSURED, reports=(on(CIT),)),
    Case("Cork IT after its end", CIT, "2021-06-01", AGAINST, (Reason.INSTITUTION_CLOSED,), (on(CIT),)),
    Case(
        "Munster TU before it was", MTU, "2019-06-01", NOTHING, (Reason.INSTITUTION_NOT_FOUNDED,), (on(CIT),)
    ),
    Case(
        "Munster TU one day before", MTU, "2020-12-31", NOTHING, (Reason.INSTITUTION_NOT_FOUNDED,), (on(CIT),)
    ),
    Case("Munster TU by Cork IT's report", MTU, "2021-06-01", ASSURED, (INHERITED,), (on(CIT),)),
    Case("USL-B before it was absorbed", USLB, "2022-12-31", ASSURED, reports=(on(USLB, **AEQES),)),
    Case("USL-B after", USLB, "2023-01-01", AGAINST, (Reason.INSTITUTION_CLOSED,), (on(USLB, **AEQES),)),
    Case("UCLouvain by USL-B's report", UCL, "2023-01-01", ASSURED, (INHERITED,), (on(USLB, **AEQES),)),
    Case(
        "UCLouvain before it absorbed it",
        UCL,
        "2022-12-31",
        NOTHING,
        (Reason.NO_REPORT,),
        (on(USLB, **AEQES),),
    ),
    Case(
        "USL-B has nothing of UCLouvain's",
        USLB,
        "2022-12-31",
        NOTHING,
        (Reason.NO_REPORT,),
        (on(UCL, **AEQES),),
    ),
    Case(
        "UMons by its first predecessor's",
        UMONS,
        "2010-06-01",
        ASSURED,
        (INHERITED,),
        (ON_POLYTECHNIC,),
        known={"agencies": EARLY},
    ),
    Case(
        "UMons by its second predecessor's",
        UMONS,
        "2010-06-01",
        ASSURED,
        (INHERITED,),
        (ON_HAINAUT,),
        known={"agencies": EARLY},
    ),
    Case(
        "UMons has the bad of its predecessors too",
        UMONS,
        "2010-06-01",
        AGAINST,
        (Reason.REPORT_NEGATIVE,),
        (ON_POLYTECHNIC, AGAINST_HAINAUT),
        known={"agencies": EARLY},
    ),
    Case(
        "UMons before it succeeded them",
        UMONS,
        "2009-06-30",
        NOTHING,
        (Reason.NO_REPORT,),
        (ON_POLYTECHNIC,),
        known={"agencies": EARLY},
    ),
    Case(
        "IE's school by the report of the whole",
        IE_BUSINESS,
        "2019-06-01",
        ASSURED,
        (FACULTY,),
        (on(IE),),
        known={"faculties": SCHOOLS},
    ),
    Case(
        "IE's school by no one else's",
        IE_BUSINESS,
        "2019-06-01",
        NOTHING,
        (Reason.NO_REPORT,),
        (on(IE_LAW),),
        known={"faculties": SCHOOLS},
    ),
    Case(
        "IE is not covered by its school's",
        IE,
        "2019-06-01",
        NOTHING,
        (Reason.NO_REPORT,),
        (on(IE_BUSINESS),),
        known={"faculties": SCHOOLS},
    ),
    Case(
        "a parent without a type shares nothing",
        IE_BUSINESS,
        "2019-06-01",
        NOTHING,
        (Reason.NO_REPORT,),
        (on(IE),),
    ),
    Case(
        "its own parent",
        DHBW,
        "2019-06-01",
        ASSURED,
        (),
        (on(DHBW),),
        known={"faculties": (Faculty(DHBW, DHBW),)},
    ),
    Case(
        "predecessor and parent in one",
        TAMPERE,
        "2019-06-01",
        ASSURED,
        (INHERITED,),
        (on(TAMPERE_TECH),),
        known={"faculties": (Faculty(TAMPERE_TECH, TAMPERE),)},
    ),
    Case("Arab Open University in Sudan", ARAB, "2019-06-01", ASSURED, (), (on(ARAB),), {"country": "SD"}),
    Case("Arab Open University in Bahrain", ARAB, "2019-06-01", ASSURED, (), (on(ARAB),), {"country": "BH"}),
    Case(
        "Arab Open University in Ireland",
        ARAB,
        "2019-06-01",
        AGAINST,
        (Reason.JURISDICTION_NOT_COVERED,),
        (on(ARAB),),
        {"country": "IE"},
    ),
    Case(
        "an alliance without a country",
        ALLIANCE,
        "2025-06-01",
        UNCLEAR,
        (Reason.SOURCE_UNCHECKED,),
        (),
        {"country": "IE"},
    ),
    Case(
        "RWTH 2017, the programme",
        RWTH,
        "2017-05-01",
        ASSURED,
        (),
        (SYSTEM, SOFTWARE),
        {**DEGREE, "programme": "Software Engineering"},
    ),
    Case(
        "RWTH 2017, another programme",
        RWTH,
        "2017-05-01",
        NOTHING,
        (Reason.NO_REPORT,),
        (SYSTEM, SOFTWARE),
        {**DEGREE, "programme": "Physics"},
    ),
    Case(
        "RWTH 2017, a micro-credential",
        RWTH,
        "2017-05-01",
        NOTHING,
        (Reason.NO_REPORT,),
        (SYSTEM, SOFTWARE),
        {"eqf": 7},
    ),
    Case("RWTH 2020, the system", RWTH, "2020-05-01", ASSURED, (), (SYSTEM, SOFTWARE)),
    Case(
        "report 3929 on its last day",
        SEEU,
        "2023-12-31",
        VOLUNTARY,
        (INFERRED, Reason.DECISION_NOT_APPLICABLE),
        (IEP,),
    ),
    Case("report 3929 after six years", SEEU, "2024-01-01", NOTHING, (Reason.REPORT_EXPIRED,), (IEP,)),
    Case(
        "a negative report beside a positive one",
        IE,
        "2019-06-01",
        AGAINST,
        (Reason.REPORT_NEGATIVE,),
        (on(IE), NEGATIVE),
    ),
    Case("a leap day and six years, the last day", IE, "2022-02-28", ASSURED, (INFERRED,), (LEAP,)),
    Case(
        "a leap day and six years, the day after",
        IE,
        "2022-03-01",
        NOTHING,
        (Reason.REPORT_EXPIRED,),
        (LEAP,),
    ),
    Case(
        "voided after the award, seen before",
        IE,
        "2019-06-01",
        ASSURED,
        (),
        (on(IE),),
        {"known_at": VOIDED_AT - timedelta(seconds=1)},
        {"agencies": VOIDED},
    ),
    Case(
        "voided after the award, seen after",
        IE,
        "2019-06-01",
        NOTHING,
        (Reason.AGENCY_VOIDED,),
        (on(IE),),
        {"known_at": VOIDED_AT},
        {"agencies": VOIDED},
    ),
    Case(
        "a list frozen for ten days",
        IE,
        "2026-11-01",
        UNCLEAR,
        (Reason.SNAPSHOT_STALE,),
        (on(IE),),
        known={"snapshot": snapshot(issued_at=NOW - timedelta(days=10))},
    ),
    Case(
        "a list frozen for ever",
        IE,
        "2019-06-01",
        UNCLEAR,
        (Reason.SNAPSHOT_STALE,),
        (on(IE),),
        known={"snapshot": snapshot(issued_at=NOW - timedelta(days=31))},
    ),
    Case(
        "a franchise on its awarder's cover",
        FRANCHISE,
        "2019-06-01",
        NOTHING,
        (Reason.NO_REPORT,),
        (on(IE),),
        DEGREE,
    ),
    Case(
        "an alliance issuing a degree",
        ALLIANCE,
        "2025-06-01",
        NOTHING,
        (Reason.NO_REPORT,),
        (on(IE), on(CIT, id="b")),
        DEGREE,
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_golden(case: Case) -> None:
    found = sample()
    issuer = Issuer(7, "did:web:issuer.example")
    members: dict[str, Any] = {
        "snapshot": snapshot(),
        "bindings": (binding(issuer, case.by, valid_from=date(2000, 1, 1)),),
        "institutions": (*found.institutions.values(), *MORE),
        "relations": (*found.relations, *MERGER),
        "reports": case.reports,
        "agencies": tuple(found.agencies.values()),
    }
    decision = resolve(Facts(**(members | case.known)), query(issuer, case.day, **case.asked), now=NOW)
    assert (decision.outcome, set(decision.reasons)) == (case.outcome, set(case.reasons))

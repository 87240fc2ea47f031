"""The worked vectors of domain.md §4, on the targets that the profiles declare."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from agent.core import profiles, taxonomy
from agent.core.record import Record
from agent.core.stacks import Member, plan
from agent.core.verdict import Result
from issuer_profiles import load_targets
from tests.unit.core_domain.builders import record

from .test_stacks import TODAY, codes, member

TARGETS = {target.id: target for target in load_targets()}
SAMPLES = Path(__file__).parents[3] / "issuer_profiles" / "samples" / "microcredx"
FRIDAY, HARVARD = "did:web:friday-institute.example", "did:web:harvard-extension.example"


def friday(name: str, value: str, system: str, **changes: object) -> Member:
    return member(name, value, system=system, issuer__did=FRIDAY, **changes)


@pytest.mark.parametrize(
    ("members", "met", "missing"),
    [
        ([friday("a", "80", "clock-hour")], True, "0"),
        ([friday("a", "79", "clock-hour")], False, "1"),
        ([friday("a", "8", "ceu")], True, "0"),
        ([friday("a", "4.5", "ceu"), friday("b", "35", "clock-hour")], True, "0"),
        ([friday("a", "5", "ects"), friday("b", "79", "clock-hour")], False, "1"),
    ],
)
def test_nc_licence_renewal(members: list[Member], met: bool, missing: str) -> None:
    """003:1614: 8 CEU or eighty clock hours. CEU and ECTS are unlike units."""
    result = plan(TARGETS["nc-licence-renewal"], members, today=TODAY)
    assert (result.met, result.missing) == (met, missing)
    for item in result.members:
        assert (item.code == "unlike_unit") == (item.member.record.credit.system == "ects")  # type: ignore[union-attr]


def test_ceu_and_ects_are_refused_together() -> None:
    result = plan(TARGETS["microcredx-micro-degree"], [consortium("a", "4"), unlike("ceu", "8")], today=TODAY)
    assert (result.counted, codes(result)["ceu"]) == ("4", "unlike_unit")


def test_friday_institute_course_in_any_order() -> None:
    """003:1207."""
    three = [friday(name, "1", "us-credit", awarded_on=f"2025-0{at}-01") for at, name in enumerate("abc", 1)]
    for order in itertools.permutations(three):
        assert plan(TARGETS["friday-institute-course"], order, today=TODAY).met
    assert plan(TARGETS["friday-institute-course"], three[1:], today=TODAY).missing == "1"


def course(name: str, template: str, grade: str, awarded_on: str) -> Member:
    return member(
        name,
        issuer__did=HARVARD,
        template=f"harvard-extension/{template}@1",
        grade={"scale": "US letter", "value": grade},
        awarded_on=awarded_on,
    )


@pytest.mark.parametrize(
    ("grade", "second", "met", "code"),
    [
        ("B", "2025-12-01", True, ""),
        ("B-", "2025-12-01", False, "grade_not_accepted"),
        ("B", "2026-02-01", False, "outside_window"),
    ],
)
def test_harvard_microcertificate(grade: str, second: str, met: bool, code: str) -> None:
    """003:1235: two courses, B or higher, within a year; B− or thirteen months fails."""
    members = [
        course("first", "agile-project-methods", "A", "2025-01-01"),
        course("second", "planning-and-controlling-projects", grade, second),
    ]
    result = plan(TARGETS["harvard-microcertificate"], members, today=TODAY)
    assert result.met == met
    assert code in codes(result).values()


def test_harvard_graduate_certificate() -> None:
    """003:1608: two microcertificates, which are four courses."""
    members = [
        course(name, f"microcertificate-{name}", "B", "2025-01-01")
        for name in ("project-management", "circular-economics")
    ]
    assert plan(TARGETS["harvard-graduate-certificate"], members, today=TODAY).met
    one = plan(TARGETS["harvard-graduate-certificate"], members[1:], today=TODAY)
    assert not one.met
    assert [place.id for place in one.places if place.missing] == ["project-management"]


def test_nothing_stacks_into_a_degree_of_depaul() -> None:
    """003:1172; 002:643-645 for 180 ECTS claimed as a Bachelor."""
    members = [
        member("a", "120", system="us-credit", issuer__did="did:web:depaul.example"),
        member("b", "180", issuer__did="did:web:depaul.example"),
    ]
    result = plan(TARGETS["depaul-degree"], members, today=TODAY)
    assert not result.met
    assert set(codes(result).values()) == {"degree"}
    assert "CV" in result.route
    words = str(result.to_json()).lower()
    assert "bachelor" not in words
    assert "master" not in words


@pytest.mark.parametrize(("last", "over"), [("5", ""), ("6", "1 ECTS over the cap")])
def test_tampere_master_electives(last: str, over: str) -> None:
    """002:1758: 25 of 120 ECTS; the 26th is over the cap."""
    members = [
        member(f"m{at}", value, institution="DEQARINST0846") for at, value in enumerate(["5"] * 4 + [last])
    ]
    result = plan(TARGETS["tampere-master-electives"], members, today=TODAY)
    assert result.counted == "25"
    assert over in " ".join(item.reason for item in result.members)
    assert ("over_cap" in codes(result).values()) == bool(over)


def consortium(name: str, value: str, **changes: object) -> Member:
    values = {"issuer__did": "did:web:uoc.example", "institution": "DEQARINST0846", "language": ["en"]}
    return member(name, value, **(values | changes))  # type: ignore[arg-type]


def unlike(name: str, value: str) -> Member:
    return member(name, value, system="ceu", issuer__did="did:web:uoc.example", institution="DEQARINST0846")


def test_microcredx_micro_degree_in_the_english_cluster() -> None:
    """002:607, 002:720: 4+3+4+3 = 14 ECTS is one short; 2 more meet it."""
    members = [consortium(name, value) for name, value in zip("abcd", ("4", "3", "4", "3"), strict=True)]
    goal = TARGETS["microcredx-micro-degree"]
    short = plan(goal, members, today=TODAY)
    assert (short.counted, short.missing, short.met) == ("14", "1", False)
    assert plan(goal, [*members, consortium("e", "2")], today=TODAY).met
    spanish = plan(goal, [*members, consortium("e", "2", language=["es"])], today=TODAY)
    assert (spanish.met, codes(spanish)["e"]) == (False, "other_cluster")


def test_a_spanish_cluster_credential_is_not_exchanged_with_dhbw() -> None:
    result = plan(TARGETS["dhbw-exchange"], [consortium("es", "5", language=["es"])], today=TODAY)
    assert codes(result) == {"es": "other_cluster"}
    assert "prior learning" in result.route
    assert "a translation, if it is neither in German nor in English" in result.evidence
    assert result.complaint is not None


def test_the_samples_against_the_micro_degree() -> None:
    """Of the ten, four are taught in English by a partner: 14 ECTS. Nothing else counts, each with a reason."""
    members = []
    for file in sorted(SAMPLES.glob("*.json")):
        made = Record.from_json(json.loads(file.read_text("utf-8")))
        listed = made.issuer.registry_id or ""
        quality = Result.PASS if listed else Result.UNKNOWN
        members.append(Member(file.stem, made, False, quality, Result.PASS, listed))
    assert len(members) == 10
    result = plan(TARGETS["microcredx-micro-degree"], members, today=TODAY)
    assert result.counted == str(
        sum(int(m.record.credit.value) for m in members if m.record.language == ("en",) and m.record.credit)
    )
    assert all(item.reason for item in result.members)
    assert codes(result)["first-aid-seminar"] == "quality_unknown"


@pytest.mark.parametrize(
    ("jurisdiction", "changes"),
    [
        ("new-zealand", {"credit": {"system": "nz-credit", "value": "41"}}),
        ("australia", {"credit": None, "workload_hours": "0.9833"}),  # 59 minutes
    ],
)
def test_too_large_for_new_zealand_too_small_for_australia(
    jurisdiction: str, changes: dict[str, object]
) -> None:
    """003:963, 004:239."""
    findings = profiles.validate(record(**changes), jurisdiction)
    assert "fail" in {str(finding.outcome) for finding in findings}
    assert jurisdiction not in profiles.profiles_met(record(**changes))


def test_twelve_ects_declared_as_a_single_module_draw_a_warning() -> None:
    """000:241."""
    made = record(credit={"system": "ects", "value": "12"}, category="single-module")
    assert taxonomy.category(made) is not taxonomy.category(record(category="single-module"))
    warning = taxonomy.declared(made)
    assert warning is not None
    assert str(warning.outcome) == "warning"

"""The stack engine, and the worked vectors of domain.md §4 on targets made here; `test_vectors` has them on
the targets that the profiles declare.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.record import Record
from agent.core.stacks import Member, MemberPlan, StackPlan, Target, plan
from agent.core.verdict import Result
from issuer_profiles import load_targets
from issuer_profiles.targets import Accepts, AwardedBy, Cap, Grades, Window
from tests.unit.core_domain.builders import record

DEMO = "certificate-sustainable-process-industries"
TODAY = date(2026, 11, 22)
MTU, FHJ = "did:web:mtu.example", "did:web:fhj.example"


def target(**changes: Any) -> Target:
    values: dict[str, Any] = {
        "format": 1,
        "id": "test-target",
        "title": {"en": "A certificate"},
        "kind": "certificate",
        "illustrative": True,
        "notice": "A test.",
        "awarded_by": AwardedBy(name="Testing University", registry_id="DEQARINST7609"),
        "unit": "ects",
        "total": "12",
        "accepts": Accepts(registry_assured=False),
    }
    return Target(**(values | changes))


def cap(maximum: str, of: Any = "all", value: str | None = None) -> Cap:
    return Cap(of=of, maximum=maximum, value=value, text=f"At most {maximum}.", source="test")


def member(
    name: str,
    value: str | None = "5",
    *,
    system: str = "ects",
    offered: bool = False,
    quality: Result = Result.PASS,
    current: Result = Result.PASS,
    institution: str = "",
    **changes: Any,
) -> Member:
    """A credential that resembles no other: its outcomes and template carry its name."""
    credit = {"system": system, "value": value} if value is not None else None
    values: dict[str, Any] = {
        "id": name,
        "title": {"en": name},
        "template": None,
        "outcomes": [{"text": {"en": f"Can do {name}."}}],
        "credit": credit,
        "expires_on": None,
        "recognition": None,
    }
    return Member(name, record(**(values | changes)), offered, quality, current, institution)


def only(result: StackPlan) -> MemberPlan:
    (item,) = result.members
    return item


def codes(result: StackPlan) -> dict[str, str]:
    return {item.member.id: item.code for item in result.members}


# Worked vectors


@pytest.mark.parametrize(("hours", "met", "missing"), [("80", True, "0"), ("79", False, "1")])
def test_nc_licence_renewal_in_clock_hours(hours: str, met: bool, missing: str) -> None:
    """003:1614: 8 CEU or eighty clock hours, one CEU being ten."""
    licence = target(kind="licence", unit="clock-hour", total="80", convert={"ceu": "10"})
    result = plan(licence, [member("a", hours, system="clock-hour")], today=TODAY)
    assert (result.met, result.missing) == (met, missing)


def test_nc_licence_renewal_in_ceu() -> None:
    licence = target(kind="licence", unit="clock-hour", total="80", convert={"ceu": "10"})
    mixed = [member("a", "5.5", system="ceu"), member("b", "25", system="clock-hour")]
    assert plan(licence, mixed, today=TODAY).counted == "80"


def test_friday_institute_three_single_credits_in_any_order() -> None:
    """003:1207."""
    course = target(kind="course-requirement", unit="us-credit", total="3")
    members = [
        member(name, "1", system="us-credit", awarded_on=f"2025-0{month}-01")
        for name, month in (("a", 1), ("b", 2), ("c", 3))
    ]
    results = {plan(course, order, today=TODAY).met for order in itertools.permutations(members)}
    assert results == {True}
    assert plan(course, members[:2], today=TODAY).missing == "1"


HARVARD = {
    "unit": "credentials",
    "total": "2",
    "grades": Grades(scale="US letter", accepted=("A", "A-", "B+", "B")),
    "window": Window(span_months=12),
}


@pytest.mark.parametrize(
    ("grades", "second", "met"),
    [
        (("A", "B"), "2025-06-01", True),
        (("A", "B-"), "2025-06-01", False),
        (("A", "B"), "2026-01-15", True),
        (("A", "B"), "2026-01-16", False),
        (("A", "B"), "2026-02-15", False),  # thirteen months
    ],
)
def test_harvard_microcertificate(grades: tuple[str, str], second: str, met: bool) -> None:
    """003:1235: two courses, grade B or higher, within one year."""
    members = [
        member("a", awarded_on="2025-01-15", grade={"scale": "US letter", "value": grades[0]}),
        member("b", awarded_on=second, grade={"scale": "US letter", "value": grades[1]}),
    ]
    result = plan(target(**HARVARD), members, today=TODAY)
    assert (result.met, result.missing) == (met, "0" if met else "1")


def test_harvard_graduate_certificate_from_two_microcertificates() -> None:
    """003:1608: four courses; each microcertificate stands for two."""
    certificate = target(unit="course", total="4")
    members = [member("a", "2", system="course"), member("b", "2", system="course")]
    assert plan(certificate, members, today=TODAY).met
    assert plan(certificate, members[:1], today=TODAY).missing == "2"


@pytest.mark.parametrize("values", [["5"], ["59", "59", "59", "3"], ["180"]])
def test_nothing_adds_up_to_a_degree(values: list[str]) -> None:
    """003:1172 (DePaul: CV only), 002:643-645 (180 ECTS claimed as a Bachelor)."""
    degree = target(kind="degree", title={"en": "Bachelor of Arts"}, total="180")
    members = [member(f"m{index}", value) for index, value in enumerate(values)]
    result = plan(degree, members, today=TODAY)
    assert not result.met
    assert result.counted == "0"
    assert set(codes(result).values()) == {"degree"}
    assert "CV" in result.route
    assert result.next == ()


def test_180_ects_are_no_micro_credential_for_any_target() -> None:
    assert codes(plan(target(), [member("a", "180")], today=TODAY)) == {"a": "major"}


def test_unlike_units_are_never_added() -> None:
    members = [member("a", "8", system="ceu"), member("b", "5")]
    result = plan(target(), members, today=TODAY)
    assert result.counted == "5"
    assert codes(result) == {"a": "unlike_unit", "b": ""}
    assert "CEU" in result.members[-1].reason
    assert "prior learning" in result.route
    assert plan(target(unit="ceu", total="8"), members, today=TODAY).counted == "8"


@pytest.mark.parametrize(
    ("last", "counted", "reason"), [("5", "25", "Counts 5"), ("6", "25", "1 ECTS over the cap")]
)
def test_tampere_electives(last: str, counted: str, reason: str) -> None:
    """002:1758: 25 elective ECTS in a master's degree of 120."""
    electives = target(kind="elective-block", total="25", caps=(cap("25"),))
    members = [
        member(f"m{index}", value, awarded_on=f"2025-0{index + 1}-01")
        for index, value in enumerate(["5", "5", "5", "5", last])
    ]
    result = plan(electives, members, today=TODAY)
    assert result.counted == counted
    assert result.met
    assert reason in result.members[-1].reason


def test_microcredx_micro_degree() -> None:
    """002:607: 15 to 30 ECTS."""
    degree = target(kind="micro-degree", total="15", caps=(cap("30"),), minimum_eqf=6)
    members = [member(name, value) for name, value in zip("abcd", ["4", "3", "4", "3"], strict=True)]
    result = plan(degree, members, today=TODAY)
    assert (result.counted, result.missing, result.met) == ("14", "1", False)
    assert plan(degree, [*members, member("e", "2")], today=TODAY).met


# Rules


@pytest.mark.parametrize(
    ("made", "code", "route"),
    [
        (member("a", quality=Result.FAIL), "quality_not_assured", True),
        (member("a", quality=Result.UNKNOWN), "quality_unknown", True),
        (member("a", current=Result.FAIL), "not_current", False),
        (member("a", current=Result.UNKNOWN), "current_unknown", False),
        (member("a", current=Result.FAIL, offered=True), "not_current", False),
        (member("a", expires_on="2026-11-21"), "expired", False),
        (member("a", awarded_on="2026-11-23"), "not_yet_awarded", False),
        (member("a", level={"eqf": 5}), "level_below", True),
        (member("a", level=None), "level_not_stated", True),
        (member("a", level={"qf_ehea": "first"}), "level_not_stated", True),
        (member("a", level={"not_applicable": True}), "level_not_applicable", True),
        (member("a", None), "no_credit", True),
        (member("a", "0"), "no_credit", True),
        (member("a", None, assessment={"basis": "participation"}), "attendance", False),
        (member("a", "5", assessment={"basis": "participation"}), "undefined_unassessed_credit", False),
    ],
)
def test_exclusions(made: Member, code: str, route: bool) -> None:
    goal = target(accepts=Accepts(registry_assured=True), minimum_eqf=6)
    result = plan(goal, [made], today=TODAY)
    item = only(result)
    assert (item.state, item.counts, item.code) == ("excluded", Decimal(0), code)
    assert item.reason.endswith(".")
    assert bool(result.route) == route
    assert result.missing == "12"


def test_unknown_is_said_to_be_unknown_and_never_untrusted() -> None:
    result = plan(target(accepts=Accepts()), [member("a", quality=Result.UNKNOWN)], today=TODAY)
    assert only(result).reason.startswith("Unknown:")
    assert "trust" not in str(result.to_json()).lower()
    unchecked = plan(target(), [member("a", current=Result.UNKNOWN)], today=TODAY)
    assert any("again" in step for step in unchecked.next)


def test_a_credential_counts_on_its_last_day() -> None:
    assert plan(target(), [member("a", expires_on="2026-11-22")], today=TODAY).counted == "5"


def test_quality_is_not_asked_where_the_target_does_not_ask() -> None:
    assert plan(target(), [member("a", quality=Result.UNKNOWN)], today=TODAY).counted == "5"


def test_accepted_issuers_by_did_or_by_the_registrys_word() -> None:
    goal = target(accepts=Accepts(issuers=(MTU, "DEQARINST0066"), registry_assured=False))
    members = [
        member("mtu", issuer__did=MTU),
        member("fhj", issuer__did=FHJ, institution="DEQARINST0066"),
        member("other", issuer__did=FHJ, institution="DEQARINST9999"),
        # Its own claim to a registry id is worth nothing.
        member("claims", issuer__did=FHJ, issuer__registry_id="DEQARINST0066"),
    ]
    assert codes(plan(goal, members, today=TODAY)) == {
        "mtu": "",
        "fhj": "",
        "other": "issuer_not_accepted",
        "claims": "issuer_unknown",
    }
    by_did = target(accepts=Accepts(issuers=(MTU,), registry_assured=False))
    assert codes(plan(by_did, members[3:], today=TODAY)) == {"claims": "issuer_not_accepted"}


def test_offers_are_shown_beside_and_lessen_nothing() -> None:
    members = [member("held", "10"), member("offer", "4", offered=True, current=Result.UNKNOWN)]
    result = plan(target(), members, today=TODAY)
    assert (result.counted, result.offered, result.missing, result.met) == ("10", "4", "2", False)
    assert result.next == ("Accept the offer “offer”: it would count 4 ECTS.",)
    assert [item.state for item in result.members] == ["counted", "offered"]


def test_next_says_what_to_earn() -> None:
    goal = target(accepts=Accepts(), minimum_eqf=6)
    result = plan(goal, [member("a"), member("b", "2.5", offered=True)], today=TODAY)
    assert result.next[-1] == "Earn 4.5 ECTS more at EQF 6 or above from a quality-assured issuer."
    assert plan(goal, [], today=TODAY).missing == "12"


def test_the_same_learning_counts_once_and_the_larger_one() -> None:
    old = member("v1", "3", template="mtu/x@1", awarded_on="2024-01-01")
    new = member("v2", "5", template="mtu/x@2", awarded_on="2025-01-01")
    elsewhere = member("other issuer", "4", template="mtu/x@1", issuer__did=FHJ)
    result = plan(target(), [old, new, elsewhere], today=TODAY)
    assert codes(result) == {"v1": "overlap", "v2": "", "other issuer": ""}
    assert result.counted == "9"
    same = [{"text": {"en": "The same."}}]
    twins = [member("a", outcomes=same), member("b", outcomes=same, issuer__did=FHJ)]
    assert plan(target(), twins, today=TODAY).counted == "5"
    offer = member("again", "9", template="mtu/x@3", offered=True)
    assert codes(plan(target(), [offer, new], today=TODAY)) == {"v2": "", "again": "overlap"}


def test_caps_by_participation_issuer_and_institution() -> None:
    members = [
        member("online", "4", participation=["online"], issuer__did=MTU, institution="DEQARINST7609"),
        member("online too", "4", participation=["online"], issuer__did=FHJ, institution="DEQARINST0066"),
        member(
            "blended", "4", participation=["online", "onsite"], issuer__did=FHJ, institution="DEQARINST0066"
        ),
    ]

    def counted(limit: Cap) -> str:
        return plan(target(caps=(limit,)), members, today=TODAY).counted

    assert counted(cap("6", "participation", "online")) == "10"
    assert counted(cap("6", "each_issuer")) == "10"
    assert counted(cap("3", "other_institutions")) == "7"
    assert counted(cap("5")) == "5"


def test_whoever_the_registry_does_not_name_counts_as_another_institution() -> None:
    goal = target(caps=(cap("3", "other_institutions"),))
    assert plan(goal, [member("a", issuer__registry_id="DEQARINST7609")], today=TODAY).counted == "3"


def test_age_window() -> None:
    goal = target(window=Window(age_months=12))
    members = [
        member("in", awarded_on="2025-11-22"),
        member("out", awarded_on="2025-11-21"),
        member("no", awarded_on=None),
    ]
    assert codes(plan(goal, members, today=TODAY)) == {
        "in": "",
        "out": "too_old",
        "no": "award_date_not_stated",
    }


def test_the_best_span_is_found() -> None:
    goal = target(window=Window(span_months=12))
    members = [
        member("a", "9", awarded_on="2022-01-01"),
        member("b", "5", awarded_on="2024-01-01"),
        member("c", "5", awarded_on="2025-01-01"),
        member("d", "1", awarded_on="2026-01-01"),
    ]
    result = plan(goal, members, today=TODAY)
    assert result.counted == "10"
    assert codes(result) == {"b": "", "c": "", "a": "outside_window", "d": "outside_window"}


def test_note_and_sentences_never_award_anything() -> None:
    result = plan(target(kind="micro-degree"), [member("a", "30")], today=TODAY)
    assert result.met
    assert result.note == "Recognition is decided by Testing University, not by this wallet."
    said = " ".join(
        (result.route, result.note, *result.next, *(item.reason for item in result.members))
    ).lower()
    for word in ("bachelor", "master", "earned a", "you have been awarded", "recognised by"):
        assert word not in said


def test_json_has_the_shape_of_the_api() -> None:
    real = next(each for each in load_targets() if each.id == DEMO)
    data = plan(real, [member("a"), member("b", None)], today=TODAY).to_json()
    assert set(data) == {
        *(
            "places",
            "evidence",
            "complaint",
            "target",
            "unit",
            "required",
            "counted",
            "offered",
            "missing",
            "met",
            "members",
            "route",
            "note",
            "next",
        )
    }
    assert {"id", "title", "awarded_by", "unit", "total"} <= set(data["target"])
    for item in data["members"]:
        assert {"credential_id", "title", "issuer", "credit", "eqf", "counts", "state", "reason"} <= set(item)
        assert item["issuer"]["host"] == "localhost:8301"
    assert data["members"][0]["credit"] == "5"
    assert data["members"][1]["credit"] is None


def test_the_demo_target_leaves_the_mill_out() -> None:
    real = next(each for each in load_targets() if each.id == DEMO)
    members = [
        member("data literacy", "5", participation=["online"]),
        member("energy", "5", participation=["blended"]),
        member("machines", "3", participation=["blended"], issuer__did=FHJ),
        member("mill", "10", level={"eqf": 7}, quality=Result.UNKNOWN, issuer__did="did:web:mill.example"),
    ]
    result = plan(real, members, today=TODAY)
    assert (result.counted, result.met) == ("13", True)
    assert codes(result)["mill"] == "quality_unknown"
    revoked = [replace(members[0], current=Result.FAIL), *members[1:]]
    assert plan(real, revoked, today=TODAY).missing == "4"


# Properties

_SYSTEMS = st.sampled_from(["ects", "ects", "ceu"])


@st.composite
def _members(draw: st.DrawFn) -> list[Member]:
    return [
        member(
            f"m{index}",
            draw(st.sampled_from(["0.5", "1", "2.5", "5", "9.5", "12"])),
            system=draw(_SYSTEMS),
            offered=draw(st.booleans()),
            quality=draw(st.sampled_from(Result)),
            current=draw(st.sampled_from([Result.PASS, Result.PASS, Result.UNKNOWN, Result.FAIL])),
            participation=[draw(st.sampled_from(["online", "onsite"]))],
            issuer__did=draw(st.sampled_from([MTU, FHJ])),
            level={"eqf": draw(st.integers(5, 7))},
            awarded_on=draw(st.sampled_from(["2024-01-01", "2025-01-01", "2025-06-01", "2026-06-01"])),
            template=f"x/{draw(st.integers(1, 3))}@1",
        )
        for index in range(draw(st.integers(0, 6)))
    ]


_GOALS = st.sampled_from(
    [
        target(
            minimum_eqf=6,
            accepts=Accepts(),
            caps=(cap("6", "participation", "online"), cap("8", "each_issuer")),
        ),
        target(window=Window(span_months=12), caps=(cap("10"),)),
        target(unit="credentials", total="3"),
    ]
)


@given(_GOALS, _members(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_order_never_matters_and_amounts_add_up(goal: Target, members: list[Member], random: Any) -> None:
    result = plan(goal, members, today=TODAY)
    shuffled = list(members)
    random.shuffle(shuffled)
    assert plan(goal, shuffled, today=TODAY) == result
    assert len(result.members) == len(members)
    held = sum((item.counts for item in result.members if not item.member.offered), Decimal(0))
    assert Decimal(result.counted) == held
    assert Decimal(result.missing) == max(Decimal(goal.total) - held, Decimal(0))
    for item in result.members:
        assert item.reason
        assert (item.counts > 0) == (item.state != "excluded")
        if goal.unit == "ects" and item.member.record.credit and item.member.record.credit.system != "ects":
            assert item.state == "excluded"
    for limit in goal.caps:
        group = [
            item for item in result.members if limit.of != "participation" or _is_online(item.member.record)
        ]
        for did in {MTU, FHJ} if limit.of == "each_issuer" else {""}:
            used = sum(
                (item.counts for item in group if not did or item.member.record.issuer.did == did), Decimal(0)
            )
            assert used <= Decimal(limit.maximum)


def _is_online(made: Record) -> bool:
    return made.participation == ("online",)


@given(_members(), _members())
@settings(max_examples=40, deadline=None)
def test_adding_a_member_never_lowers_what_counts(members: list[Member], more: list[Member]) -> None:
    goal = target(minimum_eqf=6, accepts=Accepts(), caps=(cap("9"),), window=Window(span_months=12))
    extra = [replace(item, id=f"x{item.id}") for item in more]
    before = plan(goal, members, today=TODAY)
    after = plan(goal, members + extra, today=TODAY)
    assert Decimal(after.counted) >= Decimal(before.counted)

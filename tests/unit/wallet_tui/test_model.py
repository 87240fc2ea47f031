from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import AgentError
from tests.simulators import agent_service_data as service_data
from tests.simulators.agent_service import AgentServiceSimulator
from wallet_tui.doc import Doc
from wallet_tui.find import Indexed, find
from wallet_tui.history_model import HistoryEntry, HistoryPage
from wallet_tui.links import MAX_LINK_CHARS, Link, read_link
from wallet_tui.model import Credential, Offer, Status, Summary
from wallet_tui.notice_model import Notice
from wallet_tui.request_model import MAX_PLAN_ROWS, Plan, Request, Switches
from wallet_tui.safe_text import Untrusted
from wallet_tui.screens.consent_changes import changes
from wallet_tui.screens.consent_gate import HOLD_SECONDS, SendGate, why_cannot_share
from wallet_tui.stack_model import Stack
from wallet_tui.trust_model import Found, Subject

service = AgentServiceSimulator(unlocked=True)
REQUEST = Request.read(Doc(service.planned(service.requests[0])))
NOW = datetime.fromisoformat(service_data.NOW)

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["id", "title", "issuer", "x"]), inner, max_size=4)
    ),
    max_leaves=10,
)


@pytest.mark.parametrize(
    "kind",
    [Summary, Credential, Offer, Request, Stack, Status, HistoryEntry, HistoryPage, Notice, Found, Subject],
)
@given(data=st.data())
def test_any_json_is_read_or_refused_with_our_error(kind: Any, data: st.DataObject) -> None:
    names = [
        "id",
        "title",
        "issuer",
        "state",
        "counts",
        "claims",
        "checks",
        "plan",
        "target",
        "members",
        "credit",
        "expires_at",
        "agent",
        "registry",
        "inbox",
        "outcome",
        "error",
        "lock",
        "eqf",
        "seq",
        "at",
        "steps",
        "flags",
    ]
    document = data.draw(st.dictionaries(st.sampled_from(names), json_values, max_size=8))
    with contextlib.suppress(AgentError):  # the one error it may raise: bad_answer or too_large
        kind.read(Doc(document))


def test_states_outside_the_vocabulary_are_never_good_news() -> None:
    assert Summary.read(Doc({"id": "x", "state": "passed"})).state == "unknown"
    assert Status.read(Doc({"lock": "open"})).lock == "locked"
    assert Offer.read(Doc({"id": "x", "state": "fine"})).state == "failed"
    assert Request.read(Doc({"id": "x", "state": "fine"})).can_send is False


def test_a_plan_with_rows_left_out_or_doubled_is_refused() -> None:
    rows = [{"id": f"c0.{number}", "claim": "x"} for number in range(MAX_PLAN_ROWS + 1)]
    with pytest.raises(AgentError, match="too_large"):
        Plan.read(Doc({"hash": "x", "rows": rows}))
    with pytest.raises(AgentError, match="twice"):
        Plan.read(Doc({"hash": "x", "rows": rows[:1] * 2}))
    with pytest.raises(AgentError, match="left out"):
        Plan.read(Doc({"hash": "x", "rows": [{"claim": "x"}]}))


def test_the_switches_lead_to_the_same_plan_again() -> None:
    plan = REQUEST.plan
    assert plan is not None
    assert plan.switches() == Switches()
    assert {row.id for row in plan.sent_rows()} == {
        f"c{i}.{name}" for i in (0, 1) for name in ("title", "awarded_on", "eqf_level", "ects")
    }
    planned = Request.read(Doc(service.planned(service.requests[0], ["grade"], {"c1": "cred-3"}))).plan
    assert planned is not None
    assert planned.switches() == Switches(frozenset({"grade"}), (("c1", "cred-3"),))


# The gate.


def test_the_gate_needs_the_question_the_time_and_the_reading() -> None:
    gate = SendGate()
    assert gate.why_not(0.0, 0) == "Nothing was asked."
    gate.ask(10.0)
    assert "Too quick" in gate.why_not(10.0 + HOLD_SECONDS - 0.01, 0)
    assert "3 lines were not" in gate.why_not(20.0, 3)
    assert gate.why_not(10.0 + HOLD_SECONDS + 0.01, 0) == ""
    gate.close()
    assert gate.why_not(99.0, 0) == "Nothing was asked."


@given(st.floats(-100, 100), st.integers(0, 50))
def test_no_key_pressed_before_the_hold_ever_counts(offset: float, unseen: int) -> None:
    gate = SendGate()
    gate.ask(50.0)
    passes = gate.why_not(50.0 + offset, unseen) == ""
    assert passes == (offset >= HOLD_SECONDS and unseen == 0) or abs(offset - HOLD_SECONDS) < 1e-9


def test_why_cannot_share() -> None:
    plan = REQUEST.plan
    assert plan is not None
    assert why_cannot_share(REQUEST, NOW) == ""
    assert why_cannot_share(None, NOW)
    assert "expired" in why_cannot_share(REQUEST, NOW + timedelta(days=9))
    assert "sent" in why_cannot_share(replace(REQUEST, state="sent"), NOW)
    assert "missing" in why_cannot_share(replace(REQUEST, plan=None), NOW)
    assert "missing" in why_cannot_share(replace(REQUEST, plan=replace(plan, satisfied=False)), NOW)
    assert "hash" in why_cannot_share(replace(REQUEST, plan=replace(plan, hash="")), NOW)
    for lying in ({"send": False}, {"paths": ()}):  # a HIDE that sends, a SEND that does not say what
        rows = (replace(plan.rows[0], **lying), *plan.rows[1:])
        assert "line by line" in why_cannot_share(replace(REQUEST, plan=replace(plan, rows=rows)), NOW)
    assert why_cannot_share(replace(REQUEST, state="failed"), NOW) == "", "nothing was sent: try again"
    nothing = tuple(replace(row, send=False) for row in plan.rows)
    assert "nothing to send" in why_cannot_share(replace(REQUEST, plan=replace(plan, rows=nothing)), NOW)


def changed(**plan: Any) -> Request:
    assert REQUEST.plan is not None
    return replace(REQUEST, plan=replace(REQUEST.plan, **plan))


@pytest.mark.parametrize(
    "fresh",
    [
        replace(REQUEST, state="declined"),
        replace(REQUEST, expires_at=None),
        replace(REQUEST, purpose=Untrusted("other")),
        replace(REQUEST, retention_days=1),
        replace(REQUEST, requester=replace(REQUEST.requester, did=Untrusted("did:web:evil.example"))),
        replace(REQUEST, plan=None),
        changed(hash="0" * 64),
        changed(rows=REQUEST.plan.rows[1:] if REQUEST.plan else ()),
        changed(
            rows=tuple(replace(row, value=Untrusted("x")) for row in REQUEST.plan.rows)
            if REQUEST.plan
            else ()
        ),
        changed(
            rows=tuple(replace(row, predicate=not row.predicate) for row in REQUEST.plan.rows)
            if REQUEST.plan
            else ()
        ),
    ],
)
def test_every_difference_is_noticed(fresh: Request) -> None:
    assert changes(REQUEST, fresh)


def test_the_same_is_no_difference() -> None:
    again = Request.read(Doc(service.planned(service.requests[0])))
    assert not changes(REQUEST, again)
    assert not changes(REQUEST, changed(links=())), "the preview carries times of its own"


def test_what_changed_is_said_line_by_line() -> None:
    plan = REQUEST.plan
    assert plan is not None
    first, second, *rest = plan.rows
    fresh = changed(
        rows=(replace(first, send=False), replace(second, value=Untrusted("x\x1b[2J")), *rest[1:])
    )
    found = changes(REQUEST, fresh)
    assert found.rows[first.id].plain == "it was SEND"
    assert found.rows[second.id].plain == f"it was: {second.value.raw}"
    (gone,) = found.said
    assert gone.plain == f"This line is no longer there: {rest[0].label.raw}"
    assert changes(fresh, REQUEST).rows[second.id].plain == "it was: x\ufffd[2J"


# Links and finding.


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("https://mtu.example/o/AB12", "offer"),
        (" <http://localhost:8301/r/AB12> ", "request"),
        ("https://host.example/agents/mtu/o/AB12", "offer"),
    ],
)
def test_links_are_told_apart(text: str, kind: str) -> None:
    link = read_link(text)
    assert isinstance(link, Link)
    assert link.kind == kind
    assert " " not in link.url


@given(st.text(max_size=300))
def test_any_text_is_a_link_or_a_reason(text: str) -> None:
    found = read_link(text)
    assert isinstance(found, Link) or (found.endswith((".", ")")) and found)


def test_links_have_a_longest_length() -> None:
    assert isinstance(read_link("https://x.example/o/" + "a" * MAX_LINK_CHARS), str)


def test_find_by_words() -> None:
    items = [Indexed.of(Summary.read(Doc(item))) for item in service.credentials]

    def ids(query: str) -> list[str]:
        return [item.id for item in find(query, items)]

    assert ids("") == ["cred-1", "cred-2", "cred-3", "cred-4", "cred-5"]
    assert ids("eqf:8") == ["cred-4"]
    assert ids("issuer:MUNSTER status:fail") == ["cred-5"]
    assert ids("status:unknown cyber") == ["cred-3"]
    assert ids("nosuch:prefix") == []
    assert ids("quantum zebra") == []


def test_find_is_quick_at_ten_thousand() -> None:
    """A generous ceiling (the budget of 50 ms per key is measured by the bench, not here)."""
    from time import perf_counter

    one = Summary.read(Doc(service.credentials[0]))
    items = [Indexed.of(replace(one, id=str(number))) for number in range(10_000)]
    start = perf_counter()
    assert len(find("data munster status:pass", items)) == 10_000
    assert perf_counter() - start < 1.0

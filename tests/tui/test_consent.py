"""The consent screen: what is shown is what is sent, and nothing is sent by haste, habit or accident."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from textual import events
from textual.widgets import Input

from tests.simulators.agent_service import PASSPHRASE, AgentServiceSimulator, ProblemError
from tests.tui.conftest import NARROW, WIDE, Driver, open_wallet
from wallet_tui.screens import consent_gate
from wallet_tui.screens.consent import ConsentScreen
from wallet_tui.screens.consent_text import ROW_KEY
from wallet_tui.widgets.choices import Choices

LINK = "https://northwind.example/r/ASK1"


@pytest.fixture
def no_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """The waiting time has tests of its own; elsewhere it is over at once."""
    monkeypatch.setattr(consent_gate, "HOLD_SECONDS", 0.0)


async def read_all(wallet: Driver, screen: ConsentScreen) -> None:
    """Page down, as a reader would; no line may be left out on the way."""
    for _ in range(200):
        if not screen.unseen:
            return
        await wallet.press("pagedown")
    raise AssertionError(f"{screen.unseen} lines are skipped by turning pages")


async def share(wallet: Driver, screen: ConsentScreen) -> None:
    await read_all(wallet, screen)
    await wallet.press("S")
    await wallet.sees("y/N")
    await wallet.press("y")


async def test_the_header_says_who_how_why_how_long(
    service: AgentServiceSimulator, size: tuple[int, int]
) -> None:
    async with open_wallet(service, size) as wallet:
        wallet.app.push_screen(ConsentScreen(link=LINK))
        await wallet.sees(
            "Northwind Energy asks for your data",
            "expires in 46 h",
            "northwind.example did:web:northwind.example",
            "Identity checked: request signed by the key",
            "They say: “Shortlisting for junior analyst, application 2026-118”",
            "They say they keep it 90 days.",
        )


async def test_rows_show_the_actual_value_and_the_source(service: AgentServiceSimulator) -> None:
    async with open_wallet(service, WIDE) as wallet:
        await wallet.open_request()
        await wallet.sees(
            "From Data Literacy for Industry 4.0",
            "Munster Technological University mtu.example",
            "SEND Awarded on 2026-02-14 required",
            "they see: at least 6 (your value stays hidden)",
            "HIDE Family name Byrne optional",
            "⚑ They ask for more than the purpose needs.",
            "What they will see",
            "What they will not see",
        )


async def test_dont_share_is_marked_first_and_enter_never_shares(
    service: AgentServiceSimulator, size: tuple[int, int], no_hold: None
) -> None:
    async with open_wallet(service, size) as wallet:
        screen = await wallet.open_request()
        assert screen.query_one(Choices).marked_name == "decline"
        await wallet.press("shift+tab")
        assert screen.query_one(Choices).marked_name == "share"
        await read_all(wallet, screen)
        await wallet.press("enter")
        await wallet.sees("Send 8 items to northwind.example? y/N")
        await wallet.press("enter")
        await wallet.until(lambda: not screen.gate.asking)
        assert wallet.posted("/present") == []


async def test_required_rows_do_not_switch_and_say_why(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        screen = await wallet.open_request()
        await wallet.mark_row(screen, "c0.title")
        await wallet.press("space")
        await wallet.until(lambda: any("the request requires it" in toast for toast in wallet.toasts))
        assert wallet.posted("/plan") == []
        assert screen.current_row is not None
        assert screen.current_row.send


async def test_switching_an_optional_row_plans_again(
    service: AgentServiceSimulator, size: tuple[int, int]
) -> None:
    async with open_wallet(service, size) as wallet:
        screen = await wallet.open_request()
        await wallet.mark_row(screen, "c0.grade")
        await wallet.sees("space: send Grade in all 2 credentials.")
        await wallet.press("space")
        await wallet.sees("Share 10 items…")
        assert wallet.posted("/plan") == [{"include": ["grade"], "choose": {}, "keep": True}]
        assert screen.current_row is not None
        assert screen.current_row.id == "c0.grade"
        assert screen.current_row.send
        await wallet.press("space")
        await wallet.sees("Share 8 items…")


async def test_a_switch_makes_only_what_it_changed_unread(service: AgentServiceSimulator) -> None:
    """Reading goes on downwards from the line that was switched; what stands above it was read."""
    async with open_wallet(service, NARROW) as wallet:
        screen = await wallet.open_request()
        await read_all(wallet, screen)
        await wallet.mark_row(screen, "c0.grade")
        await wallet.press("space")
        await wallet.sees("Share 10 items…")
        assert screen.unseen > 0
        assert not any(pane.unseen_above for pane in screen._shown_lines())
        await read_all(wallet, screen)


async def test_sharing_sends_exactly_the_plan_on_the_screen(
    service: AgentServiceSimulator, size: tuple[int, int], no_hold: None
) -> None:
    async with open_wallet(service, size) as wallet:
        screen = await wallet.open_request()
        plan = screen._request.plan  # type: ignore[union-attr]
        assert plan is not None
        await share(wallet, screen)
        await wallet.sees("✓ sent", "what was revealed is what you agreed to", "c0.title", "c0.eqf_level>=6")
        assert wallet.posted("/present") == [{"expect": plan.hash, "include": [], "choose": {}}]


async def test_y_does_not_count_before_the_hold_is_over(
    service: AgentServiceSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consent_gate, "HOLD_SECONDS", 10_000.0)
    async with open_wallet(service, WIDE) as wallet:
        screen = await wallet.open_request()
        await share(wallet, screen)
        await wallet.sees("Too quick")
        assert screen.gate.asking
        assert wallet.posted("/present") == []


async def test_y_does_not_count_before_everything_was_on_the_screen(
    service: AgentServiceSimulator, size: tuple[int, int], no_hold: None
) -> None:
    async with open_wallet(service, size) as wallet:
        screen = await wallet.open_request()
        assert screen.unseen > 0
        await wallet.press("S")
        await wallet.sees("Read it all first")
        await wallet.press("y")
        await wallet.sees("Read it all first")
        assert wallet.posted("/present") == []
        await read_all(wallet, screen)  # reading goes on while the question stands
        assert screen.gate.asking
        await wallet.press("y")
        await wallet.sees("✓ sent")


async def test_jumping_to_the_end_is_not_reading(service: AgentServiceSimulator, no_hold: None) -> None:
    async with open_wallet(service, NARROW) as wallet:
        screen = await wallet.open_request()
        await wallet.press("G")
        await wallet.settle()
        assert screen.unseen > 0


@pytest.mark.parametrize("key", ["n", "N", "escape", "enter", "space", "S", "D", "q", "x", "Y"])
async def test_every_other_key_answers_no(service: AgentServiceSimulator, no_hold: None, key: str) -> None:
    async with open_wallet(service) as wallet:
        screen = await wallet.open_request()
        await read_all(wallet, screen)
        await wallet.press("S")
        assert screen.gate.asking
        await wallet.press(key)
        await wallet.until(lambda: not screen.gate.asking)
        assert wallet.app.screen is screen
        assert wallet.app.is_running
        assert {path.rsplit("/", 1)[1] for method, path, _ in service.calls if method == "POST"} == set()


async def test_keys_typed_before_the_screen_appeared_are_dropped(
    service: AgentServiceSimulator, no_hold: None
) -> None:
    async with open_wallet(service, WIDE) as wallet:
        early = [events.Key("S", "S"), events.Key("y", "y"), events.Key("D", "D"), events.Key("enter", "\r")]
        screen = await wallet.open_request()
        await read_all(wallet, screen)
        for event in early:
            wallet.app.post_message(event)
        await wallet.press("j")
        assert not screen.gate.asking
        assert wallet.app.screen is screen
        assert wallet.posted("/present") == []
        assert wallet.posted("/decline") == []


async def test_a_request_never_takes_the_screen_by_itself(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        await wallet.sees("5 held")
        await wallet.until(lambda: service.listeners)
        service.emit("request", id="req-1", state="open")
        await wallet.until(lambda: any("Press 2" in toast for toast in wallet.toasts))
        assert wallet.app.current_mode == "credentials"
        assert not isinstance(wallet.app.screen, ConsentScreen)


def change_expiry(service: AgentServiceSimulator) -> None:
    service.requests[0]["expires_at"] = "2026-03-13T08:05:00+00:00"


def change_value(service: AgentServiceSimulator) -> None:
    service.credentials[0]["claims"][0]["value"] = "Another title"


def change_credential(service: AgentServiceSimulator) -> None:
    service.credentials[0]["state"] = "fail"


def change_purpose(service: AgentServiceSimulator) -> None:
    service.requests[0]["purpose"] = "Anything"


def change_requester(service: AgentServiceSimulator) -> None:
    service.requests[0]["requester"] = {
        "did": "did:web:evil.example",
        "host": "evil.example",
        "name": "Northwind Energy",
    }


@pytest.mark.parametrize(
    ("change", "marked"),
    [
        (change_expiry, "Its expiry changed."),
        (change_value, "≠ changed: it was: Data Literacy for Industry 4.0"),
        (change_credential, "What you hold does not satisfy it any more."),
        (change_purpose, "Its purpose or retention changed."),
        (change_requester, "The requester's identity changed."),
    ],
)
async def test_any_difference_at_send_returns_to_review(
    service: AgentServiceSimulator, no_hold: None, change: Any, marked: str
) -> None:
    async with open_wallet(service, WIDE) as wallet:
        screen = await wallet.open_request()
        await read_all(wallet, screen)
        await wallet.press("S")
        await wallet.sees("y/N")
        change(service)
        await wallet.press("y")
        await wallet.sees("Nothing was sent, because something changed", marked)
        assert wallet.posted("/present") == []
        assert service.requests[0]["state"] == "open"
        assert not screen.gate.asking


async def test_a_change_after_the_last_look_is_refused_by_the_service_and_shown(
    service: AgentServiceSimulator, no_hold: None
) -> None:
    async with open_wallet(service) as wallet:
        screen = await wallet.open_request()
        service.before_present = lambda: change_value(service)
        await share(wallet, screen)
        await wallet.sees("Nothing was sent, because something changed")
        await wallet.sees("Another title", "≠ changed: it was: Data Literacy for Industry 4.0")
        assert service.requests[0]["state"] == "open"
        assert screen.unseen > 0, "the new plan has to be read before it can be sent"


async def test_an_unknown_outcome_is_called_unknown_and_is_not_sent_twice(
    service: AgentServiceSimulator, no_hold: None
) -> None:
    service.fail["/v1/wallet/requests/req-1/present"] = ProblemError(
        502, "requester_unreachable", "No answer in time."
    )
    async with open_wallet(service) as wallet:
        screen = await wallet.open_request()
        await share(wallet, screen)
        await wallet.sees("It is not known whether it was sent")
        await wallet.press("S")
        assert not screen.gate.asking
        assert len(wallet.posted("/present")) == 1


async def test_another_fitting_credential_is_chosen_by_key(
    service: AgentServiceSimulator, size: tuple[int, int], no_hold: None
) -> None:
    async with open_wallet(service, size) as wallet:
        screen = await wallet.open_request()
        await wallet.mark_row(screen, "c1.title")
        await wallet.press("c")
        await wallet.sees("Which credential should answer?", "answers now", "Cyber Security & Safety Basics")
        await wallet.press("enter")  # the one that answers now: nothing changes
        await wallet.listening()
        assert wallet.posted("/plan") == []
        await wallet.press("c")
        await wallet.sees("Which credential should answer?")
        await wallet.press("j", "enter")
        await wallet.until(lambda: bool(wallet.posted("/plan")) and not screen._planning)
        assert wallet.posted("/plan") == [{"include": [], "choose": {"c1": "cred-3"}, "keep": True}]
        assert screen.unseen > 0 or size == WIDE, "another credential has to be read before it is sent"
        await share(wallet, screen)
        await wallet.sees("✓ sent")
        assert wallet.posted("/present")[0]["choose"] == {"c1": "cred-3"}


async def test_a_chosen_credential_that_does_not_fit_any_more_is_given_up_and_said(
    service: AgentServiceSimulator, no_hold: None
) -> None:
    async with open_wallet(service) as wallet:
        screen = await wallet.open_request()
        await wallet.mark_row(screen, "c1.title")
        await wallet.press("c")
        await wallet.sees("Which credential should answer?")
        service.fitting.clear()
        await wallet.press("j", "enter")
        await wallet.sees("The credential you chose does not fit any more.")
        await wallet.until(lambda: not screen._planning)
        await wallet.press("c")
        await wallet.until(lambda: any("No other credential" in toast for toast in wallet.toasts))


async def test_switches_are_kept_over_later_and_over_a_lock(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        screen = await wallet.open_request()
        await wallet.mark_row(screen, "c0.grade")
        await wallet.press("space")
        await wallet.sees("Share 10 items…")
        await wallet.press("escape")
        screen = await wallet.open_request()
        await wallet.sees("Share 10 items…")
        await wallet.mark_row(screen, "c0.family_name")
        await wallet.press("space")
        await wallet.sees("Share 12 items…")
        wallet.app.action_lock()
        await wallet.until(lambda: service.lock == "locked")
        await wallet.until(lambda: isinstance(wallet.app.focused, Input))
        assert "Data Literacy" not in wallet.text
        await wallet.type(PASSPHRASE)
        await wallet.press("enter")
        await wallet.sees("Share 12 items…")
        assert service.requests[0]["state"] == "open"


async def test_after_a_failure_in_which_nothing_left_it_can_be_sent_again(
    service: AgentServiceSimulator, no_hold: None
) -> None:
    service.requests[0] |= {
        "state": "failed",
        "error": {"code": "no_answer", "detail": "The other side did not answer in time.", "hint": ""},
    }
    async with open_wallet(service, WIDE) as wallet:
        screen = await wallet.open_request()
        await wallet.sees("The last attempt failed. Nothing was sent", "did not answer in time")
        await share(wallet, screen)
        await wallet.sees("✓ sent")


async def test_the_wallet_compares_what_left_with_what_it_showed(
    service: AgentServiceSimulator, no_hold: None
) -> None:
    """Whatever the service says of its own comparison."""

    async with open_wallet(service) as wallet:
        screen = await wallet.open_request()
        real = service._answer_request

        def leaky(request: Any, action: str, body: Any) -> Any:
            answer = real(request, action, body)
            if action == "present":
                answer["outcome"]["sent_claims"].append("c0.birth_date")
            return answer

        service._answer_request = leaky  # type: ignore[method-assign]
        await share(wallet, screen)
        await wallet.sees("✗ fail", "what was revealed differs from what you agreed to", "c0.birth_date")


async def test_an_error_can_be_tried_again(service: AgentServiceSimulator) -> None:
    service.fail["/v1/wallet/requests/req-1"] = ProblemError(
        502, "requester_unreachable", "No answer.", kind="UnreachableError"
    )
    async with open_wallet(service) as wallet:
        wallet.app.push_screen(ConsentScreen(request_id="req-1"))
        await wallet.sees("It did not work", "Nothing was sent.", "try again")
        service.fail.clear()
        await wallet.listening()
        await wallet.press("r")
        await wallet.sees("You decide")


async def test_decline_is_told_with_an_optional_reason(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        await wallet.open_request()
        await wallet.press("enter")  # Don't share is marked
        await wallet.until(lambda: isinstance(wallet.app.focused, Input))
        await wallet.sees("They hear that their request was declined")
        assert wallet.posted("/decline") == []
        await wallet.type("too much")
        await wallet.press("enter")
        await wallet.sees("declined")
        assert wallet.posted("/decline") == [{"reason": "too much"}]
        assert wallet.posted("/present") == []


async def test_later_decides_nothing(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        await wallet.open_request()
        await wallet.press("escape")
        await wallet.until(lambda: not isinstance(wallet.app.screen, ConsentScreen))
        assert service.requests[0]["state"] == "open"
        assert {method for method, _, _ in service.calls} == {"GET"}


async def test_an_unsatisfiable_request_says_what_is_missing_and_cannot_be_shared(
    service: AgentServiceSimulator, size: tuple[int, int], no_hold: None
) -> None:
    async with open_wallet(service, size) as wallet:
        screen = await wallet.open_request("req-2")
        await wallet.sees("does not satisfy this request", "no credential you hold states a nationality")
        await wallet.sees("They ask for your nationality.", "you need not give it")
        await wallet.press("S")
        await wallet.until(lambda: any("see what is missing" in toast for toast in wallet.toasts))
        assert not screen.gate.asking


async def test_an_expired_request_cannot_be_shared(service: AgentServiceSimulator, no_hold: None) -> None:
    service.requests[0]["expires_at"] = "2026-03-12T09:59:59+00:00"
    async with open_wallet(service) as wallet:
        screen = await wallet.open_request()
        await wallet.press("S")
        await wallet.until(lambda: "This request has expired." in wallet.toasts)
        assert not screen.gate.asking


async def test_leaving_for_another_area_takes_the_question_back(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        screen = await wallet.open_request()
        await wallet.press("S")
        assert screen.gate.asking
        wallet.app.switch_mode("stack")
        await wallet.until(lambda: not screen.gate.asking)
        wallet.app.switch_mode("credentials")
        await wallet.until(lambda: wallet.app.screen is screen)
        assert not screen.gate.asking


async def test_the_click_on_yes_is_held_to_the_same_gate(
    service: AgentServiceSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consent_gate, "HOLD_SECONDS", 10_000.0)
    async with open_wallet(service, WIDE) as wallet:
        screen = await wallet.open_request()
        await read_all(wallet, screen)
        await wallet.press("S")
        screen.query_one(Choices).clicked("yes")
        await wallet.sees("Too quick")
        assert wallet.posted("/present") == []


def shown_rows(wallet: Driver, screen: ConsentScreen) -> dict[str, str]:
    """Path -> SEND or HIDE as the screen draws it, read from the drawn lines, not from the plan."""
    rows = screen.document
    drawn = {}
    for index in range(rows.stop_count):
        key = rows.stop_key(index)
        assert key.startswith(ROW_KEY)
        drawn[key.removeprefix(ROW_KEY)] = rows.line(rows.stop_lines(index).start).plain[:4]
    return drawn


claims = st.lists(
    st.tuples(
        st.sampled_from(
            ["title", "awarded_on", "eqf_level", "ects", "family_name", "given_name", "grade", "language"]
        ),
        st.booleans(),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda item: item[0],
)


@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # every example is a whole wallet: making a failing one smaller takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(wanted=claims, toggles=st.lists(st.integers(0, 7), max_size=3), wide=st.booleans())
async def test_rows_shown_as_send_are_the_paths_that_are_sent(
    wanted: list[tuple[str, bool, bool]], toggles: list[int], wide: bool, no_hold: None
) -> None:
    service = AgentServiceSimulator(unlocked=True)
    service.wanted["req-1"] = [
        (claim, claim.title(), "predicate" if predicate else "reveal", required, "")
        for claim, required, predicate in wanted
    ]
    async with open_wallet(service, WIDE if wide else NARROW) as wallet:
        screen = await wallet.open_request()
        optional = [f"c0.{claim}" for claim, required, _ in wanted if not required]
        for number in toggles:
            if optional:
                await wallet.mark_row(screen, optional[number % len(optional)])
                plans = len(wallet.posted("/plan"))
                await wallet.press("space")
                await wallet.until(lambda plans=plans: len(wallet.posted("/plan")) == plans + 1)  # type: ignore[misc]
                await wallet.until(lambda: not screen._planning)
        drawn = shown_rows(wallet, screen)
        sent = {path for path, state in drawn.items() if state == "SEND"}
        assert set(drawn.values()) <= {"SEND", "HIDE"}
        if not sent:
            await wallet.press("S")
            assert not screen.gate.asking
            return
        await share(wallet, screen)
        await wallet.sees("✓ sent")
        (body,) = wallet.posted("/present")
        planned = service.planned({**service.requests[0], "state": "open"}, body["include"], {})["plan"]
        assert body["expect"] == planned["hash"]
        assert sent == {row["id"] for row in planned["rows"] if row["send"]}
        paths = {path for row in planned["rows"] if row["id"] in sent for path in row["paths"]}
        assert paths == set(service.requests[0]["outcome"]["sent_claims"])

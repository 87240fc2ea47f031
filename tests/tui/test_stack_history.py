from __future__ import annotations

from tests.simulators.agent_service import AgentServiceSimulator, ProblemError
from tests.tui.conftest import WIDE, open_wallet


async def test_the_goal_meter_speaks_in_words_and_numbers(
    service: AgentServiceSimulator, size: tuple[int, int]
) -> None:
    async with open_wallet(service, size) as wallet:
        await wallet.press("3")
        await wallet.sees(
            "goal 1 of 2: Micro-degree Digital Production · 15 ECTS",
            "awarded by MicroCredX consortium",
            "8 of 15 ECTS counted",
            "4 offered",
            "3 missing",
            "not met yet",
            "Recognition is decided by the MicroCredX consortium, not by this wallet.",
        )
        assert "Bachelor" not in wallet.text


async def test_every_member_says_why(service: AgentServiceSimulator) -> None:
    async with open_wallet(service, WIDE) as wallet:
        await wallet.press("3")
        await wallet.sees(
            "✓ counted Data Literacy for Industry 4.0 counts 5",
            "an elective of this goal",
            "+ offered Green Transition in Manufacturing counts 4",
            "– not counted Quantum Leadership Mastery counts 0",
            "no list says anything about this issuer, and the goal accepts listed issuers only",
            "What next",
        )
        await wallet.press("end")
        await wallet.sees("Another route")


async def test_what_the_goal_asks_for_and_how_to_complain(service: AgentServiceSimulator) -> None:
    async with open_wallet(service, WIDE) as wallet:
        await wallet.press("3")
        await wallet.sees("What it asks for", "✓ filled required Human and machine")
        await wallet.sees("– open elective Electives: 3 ECTS missing")
        await wallet.press("end")
        await wallet.sees(
            "If you disagree", "Write to the coordinator. Two partners review the answer. Six weeks."
        )


async def test_a_credential_in_another_unit_keeps_its_unit(service: AgentServiceSimulator) -> None:
    service.stacks["digital-production"]["members"][0] |= {"credit": "8", "credit_system": "ceu"}
    async with open_wallet(service, WIDE) as wallet:
        await wallet.press("3")
        await wallet.sees("of 8 ceu")
        assert "of 8 ECTS" not in wallet.text


async def test_the_shortest_way_from_here(service: AgentServiceSimulator) -> None:
    async with open_wallet(service, WIDE) as wallet:
        await wallet.press("3")
        await wallet.sees(
            "The shortest way from here",
            "… offered Green Transition in Manufacturing 4 ECTS, EQF 6",
            "+ to earn Change and Risk Management 3 ECTS, EQF 6, with a grade of A, B (ECTS) · Tampere University",
            "or another",
            "A suggestion: each counts only if",
        )


async def test_without_guidance_the_plan_still_stands(service: AgentServiceSimulator) -> None:
    service.fail["/v1/wallet/pathways/digital-production"] = ProblemError(500, "internal_error", "Broken.")
    async with open_wallet(service, WIDE) as wallet:
        await wallet.press("3")
        await wallet.sees("What counts, and why", "What next")
        assert "The shortest way" not in wallet.text
        assert "Broken." not in wallet.text


async def test_the_next_goal(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        await wallet.press("3")
        await wallet.sees("goal 1 of 2")
        await wallet.press("n")
        await wallet.sees("goal 2 of 2: Certificate Data Basics", "5 of 5 ECTS counted", "✓ pass")


async def test_without_a_second_goal_the_key_says_why(service: AgentServiceSimulator) -> None:
    service.targets = service.targets[:1]
    async with open_wallet(service) as wallet:
        await wallet.press("3")
        await wallet.sees("goal: Micro-degree")
        await wallet.press("n")
        await wallet.until(lambda: "There is no other goal." in wallet.toasts)


async def test_no_goals_and_goals_that_cannot_be_read(service: AgentServiceSimulator) -> None:
    service.targets = []
    async with open_wallet(service) as wallet:
        await wallet.press("3")
        await wallet.sees("There is no goal yet")
        service.fail["/v1/wallet/stacks"] = ProblemError(
            503, "profiles_missing", "The profiles could not be read."
        )
        await wallet.press("r")
        await wallet.sees("What happened The profiles could not be read.", "What to do")


async def test_amounts_that_are_no_numbers_are_shown_as_unknown(service: AgentServiceSimulator) -> None:
    service.stacks["digital-production"] |= {
        "required": "NaN",
        "counted": "1e99",
        "offered": None,
        "missing": "-3",
    }
    async with open_wallet(service) as wallet:
        await wallet.press("3")
        await wallet.sees("? of ? ECTS counted", "? offered", "? missing")


async def test_the_inbox_lists_what_waits_first_and_opens_it(service: AgentServiceSimulator) -> None:
    service.offers[0]["state"] = "accepted"
    async with open_wallet(service) as wallet:
        await wallet.press("2")
        await wallet.sees(
            "● to decide request Junior analyst", "⚑ look closely Site planner", "✓ accepted offer"
        )
        assert wallet.text.index("Certified Astral") < wallet.text.index("Green Transition")
        await wallet.press("enter")
        await wallet.sees("They say they keep it 90 days.")
        assert {method for method, _, _ in service.calls} == {"GET"}


async def test_an_empty_inbox_says_what_to_do(service: AgentServiceSimulator) -> None:
    service.offers, service.requests = [], []
    async with open_wallet(service) as wallet:
        await wallet.press("2")
        await wallet.sees("Nothing is waiting. Press a to add an offer or request by its link")

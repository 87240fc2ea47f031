"""The stack builder: what counts and why, the pathway, what if, goals, drafts, files."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.simulators.agent_service import AgentServiceSimulator, ProblemError
from tests.simulators.agent_service_data import draft, stacks
from tests.tui.conftest import NARROW, WIDE, Driver, open_wallet
from tests.tui.hostile import STRINGS, Planter, hostile_service
from tests.tui.test_hostile import check_screen
from wallet_tui.app import CairnApp
from wallet_tui.screens.credentials import CredentialsScreen
from wallet_tui.screens.offer import OfferScreen
from wallet_tui.screens.stack import StackScreen
from wallet_tui.screens.stack_dialogs import SaveDraftScreen, WhyScreen, WriteStackScreen
from wallet_tui.screens.stack_goals import DraftsScreen, GoalsScreen

STANDING = "Recognition is decided by the MicroCredX consortium, not by this wallet."


async def open_stack(wallet: Driver) -> StackScreen:
    await wallet.press("3")
    await wallet.sees("counted", STANDING)
    screen = wallet.app.screen
    assert isinstance(screen, StackScreen)
    return screen


async def dialog(wallet: Driver, kind: type, *keys: str) -> None:
    await wallet.press(*keys)
    await wallet.until(lambda: isinstance(wallet.app.screen, kind) and wallet.app.screen.size, kind.__name__)
    await wallet.until(lambda: bool(wallet.text.strip()))


async def test_the_goal_meter_speaks_in_words_and_numbers(
    service: AgentServiceSimulator, size: tuple[int, int]
) -> None:
    async with open_wallet(service, size) as wallet:
        await open_stack(wallet)
        await wallet.sees(
            "goal 1 of 2: Micro-degree Digital Production · 15 ECTS · EQF 6 or above",
            "awarded by MicroCredX consortium",
            "█ 8 of 15 ECTS counted",
            "▒ 4 offered",
            "· 3 missing",
            "– not met yet",
        )
        assert "Bachelor" not in wallet.text
        check_screen(wallet)


async def test_every_member_says_why_and_has_its_place_in_the_drawing(service: AgentServiceSimulator) -> None:
    async with open_wallet(service, WIDE) as wallet:
        await open_stack(wallet)
        await wallet.sees(
            "[x] ✓ Data Literacy for Industry 4.0",
            "counted · EQF 6 · mtu.example",
            "an elective of this goal",
            "[x] … Green Transition in Manufacturing",
            "– Quantum Leadership Mastery",
            "not counted · EQF 8",
            "no list says anything about this issuer,",
            "EQF 6 ┃ ┏━",  # held
            "│ … Green Transition in",  # offered, below what comes before it
            "╎ + Change and Risk",  # to earn
            "with a grade of A, B",
        )
        await wallet.press("tab")  # the pathway alone, in the whole width
        await wallet.sees(
            "┃▸✓ Data Literacy for Industry", "▼", "goal ┃", "║ ◆ Micro-degree Digital Production ║"
        )
        await wallet.sees("– Cyber Security & Safety", "2 more count nothing here.")
        assert "Quantum" not in wallet.text
        await wallet.press("G")
        await wallet.sees(
            "✓ filled required Human and machine",
            "– open elective Electives: 3 ECTS missing",
            "What next",
            "With every step above the goal is reached.",
            "Another route",
            "If you disagree",
            "Write to the coordinator. Two partners review the answer. Six weeks.",
        )
        await wallet.press("escape")
        await wallet.sees("Quantum")


async def test_the_drawing_follows_the_list(service: AgentServiceSimulator) -> None:
    async with open_wallet(service, WIDE) as wallet:
        await open_stack(wallet)
        await wallet.sees("┃▸✓ Data Literacy")
        await wallet.press("j", "j")
        await wallet.sees("│▸… Green Transition in")


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "plain"])
async def test_an_indented_list_has_the_same_facts(
    service: AgentServiceSimulator, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    if size == WIDE:
        monkeypatch.setattr(CairnApp, "plain", True, raising=False)
    async with open_wallet(service, size) as wallet:
        await open_stack(wallet)
        await wallet.press("tab")
        await wallet.sees(
            "EQF 6 ✓ held Data Literacy for Industry 4.0 counts 5 ECTS",
            "… offered Green Transition in Manufacturing would count 4 ECTS",
            "after Data Literacy for Industry 4.0: its issuer asks for it",
            "+ to earn Change and Risk Management would count 3 ECTS, with a grade of A, B (ECTS) · Tampere University",
            "after Cyber Security & Safety Basics: its issuer recommends it",
            "– nothing Cyber Security & Safety Basics whether it is still in force could not be checked",
            "goal ◆ goal Micro-degree Digital Production",
            STANDING,
        )
        assert not set("┏║▼") & set(wallet.text)
        await wallet.press("escape")
        await wallet.sees("[x] ✓")


async def test_what_if_something_were_left_out(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        await open_stack(wallet)
        await wallet.press("space")
        await wallet.sees(
            "3 of 15 ECTS counted", "12 missing", "what if: 1 left out", "[ ] ○ left out", "you left it out"
        )
        assert wallet.posted("wallet/stacks")[-1]["without"] == ["cred-1"]
        assert wallet.posted("wallet/pathways")[-1]["without"] == ["cred-1"]
        await wallet.press("j", "space")
        await wallet.sees("0 of 15 ECTS counted", "what if: 2 left out")
        await wallet.press("k", "space")  # the rows kept their places
        await wallet.sees("5 of 15 ECTS counted", "what if: 1 left out")
        await wallet.press("G", "space")
        await wallet.until(
            lambda: any("leaving it out would change nothing" in each for each in wallet.toasts)
        )
        assert wallet.posted("wallet/stacks")[-1]["without"] == ["cred-2"]


async def test_enter_says_why_and_then_opens_what_it_is_about(
    service: AgentServiceSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    revealed: list[str] = []
    monkeypatch.setattr(CredentialsScreen, "reveal", lambda _, identifier: revealed.append(identifier))
    async with open_wallet(service) as wallet:
        await open_stack(wallet)
        await dialog(wallet, WhyScreen, "j", "j", "enter")
        await wallet.sees(
            "Green Transition in Manufacturing",
            "… offered",
            "4 ECTS",
            "would count as an elective once accepted",
            "000:278",
            "Fills Electives",
            "fh-joanneum.example",
            "Data Literacy for Industry 4.0, or work",
            "after Data Literacy for Industry 4.0: its",
            "enter open the offer",
        )
        await wallet.press("enter")
        await wallet.until(lambda: isinstance(wallet.app.screen, OfferScreen), "the offer")
        await wallet.listening()
        await wallet.press("escape")
        await wallet.sees("[x] … offered")
        await dialog(wallet, WhyScreen, "k", "enter")
        await wallet.press("escape")
        await wallet.sees("[x] … offered")
        await dialog(wallet, WhyScreen, "enter")
        await wallet.press("enter")
        await wallet.until(lambda: wallet.app.current_mode == "credentials", "the credentials")
        assert revealed == ["cred-2"]
        posted = {path.rsplit("/", 1)[1] for method, path, _ in service.calls if method == "POST"}
        assert posted <= {"stacks", "pathways"}


async def test_goals_are_chosen_from_a_list_that_says_how_far_one_is(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        await open_stack(wallet)
        await dialog(wallet, GoalsScreen, "c")
        await wallet.sees(
            "8 of 15 … 4 offered",
            "MicroCredX consortium shown now 15 ECTS",
            "Certificate Data Basics ✓ reached",
            "Munster Technological University 5 ECTS",
        )
        await wallet.press("slash")
        await wallet.type("munster")
        await wallet.until(lambda: "shown now" not in wallet.text)
        await wallet.press("enter", "enter")
        await wallet.sees("goal 2 of 2: Certificate Data Basics", "5 of 5 ECTS counted", "✓ pass")
        service.fail["/v1/wallet/stack-progress"] = ProblemError(503, "busy", "Not now.")
        await dialog(wallet, GoalsScreen, "c")
        await wallet.sees("? unknown")
        await wallet.press("k", "enter")
        await wallet.sees("goal 1 of 2")
        await wallet.press("n")
        await wallet.sees("goal 2 of 2")


async def test_without_a_second_goal_the_key_says_why(service: AgentServiceSimulator) -> None:
    service.targets = service.targets[:1]
    async with open_wallet(service) as wallet:
        await open_stack(wallet)
        await wallet.sees("goal: Micro-degree")
        await wallet.press("n")
        await wallet.until(lambda: "There is no other goal." in wallet.toasts)


async def test_a_draft_is_saved_changed_and_replaced_only_when_asked_twice(
    service: AgentServiceSimulator,
) -> None:
    service.stack_drafts = [draft()]
    async with open_wallet(service) as wallet:
        await open_stack(wallet)
        await wallet.press("space")
        await wallet.sees("what if: 1 left out")
        await dialog(wallet, SaveDraftScreen, "s")
        await wallet.press("enter")
        await wallet.sees("A draft needs a name.")
        await wallet.type("Without data", into="draft-name")
        await wallet.press("tab")
        await wallet.type("Later.", into="draft-note")
        await wallet.press("enter")
        await wallet.sees("draft “Without data”")
        saved = next(each for each in service.stack_drafts if each["name"] == "Without data")
        assert (saved["target"], saved["without"], saved["note"]) == (
            "digital-production",
            ["cred-1"],
            "Later.",
        )
        await wallet.press("space")
        await wallet.sees("draft “Without data”, changed")
        await dialog(wallet, SaveDraftScreen, "s")
        await wallet.press("enter")
        await wallet.until(
            lambda: saved["id"] in [each["id"] for each in service.stack_drafts if not each["without"]]
        )
        assert len(service.stack_drafts) == 2
        await dialog(wallet, SaveDraftScreen, "s")
        await wallet.press("ctrl+u")
        await wallet.type("MY YEAR", into="draft-name")
        await wallet.press("enter")
        await wallet.sees("There is a draft of this name. Press enter again to replace it.")
        assert {each["name"] for each in service.stack_drafts} == {"My year", "Without data"}
        await wallet.press("enter")
        await wallet.until(lambda: "MY YEAR" in [each["name"] for each in service.stack_drafts])
        assert len(service.stack_drafts) == 2


async def test_a_draft_is_gone_on_with_and_deleted(service: AgentServiceSimulator) -> None:
    whole = {"id": "digital-production", "format": 1}
    service.stack_drafts = [
        draft(),
        draft() | {"id": "draft-2", "name": "A brought one", "target": whole, "without": []},
    ]
    service.stack_drafts.append(draft() | {"id": "draft-3", "name": "Zombie", "title": ""})
    async with open_wallet(service) as wallet:
        await open_stack(wallet)
        await dialog(wallet, DraftsScreen, "d")
        await wallet.sees("My year", "Micro-degree Digital Production · 1 left out · Ask the coordin…")
        await wallet.sees("a goal that is not known here any more")
        await wallet.press("j", "enter")
        await wallet.sees("5 of 15 ECTS counted", "draft “My year”", "goal 1 of 2")
        assert wallet.posted("wallet/stacks")[-1]["without"] == ["cred-2"]
        await dialog(wallet, DraftsScreen, "d")
        await wallet.sees("A brought one")
        await wallet.press("enter")
        await wallet.sees("draft “A brought one”", "goal: Micro-degree")
        assert wallet.posted("wallet/stacks")[-1]["target"] == whole
        await dialog(wallet, DraftsScreen, "d")
        await wallet.sees("Zombie")
        await wallet.press("G", "enter")
        await wallet.until(lambda: "Its goal is not known here any more." in wallet.toasts)
        await dialog(wallet, DraftsScreen, "d")
        await wallet.sees("A brought one")
        await wallet.press("x")
        await wallet.sees("Press x again to delete “A brought one”.")
        assert len(service.stack_drafts) == 3
        await wallet.press("j", "x")  # moving away takes the first x back
        assert len(service.stack_drafts) == 3
        await wallet.press("x")
        await wallet.until(lambda: len(service.stack_drafts) == 2)
        await wallet.until(lambda: "My year" not in wallet.text)


async def test_a_stack_is_written_whole_and_never_over_a_file_unasked(
    service: AgentServiceSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    async with open_wallet(service) as wallet:
        await open_stack(wallet)
        await wallet.press("space")
        await wallet.sees("what if")
        await dialog(wallet, WriteStackScreen, "o")
        await wallet.sees("~/micro-degree-digital-production.pdf", "(CLR")
        await wallet.press("enter")
        written = tmp_path / "micro-degree-digital-production.pdf"
        await wallet.until(written.exists, "the file")
        await wallet.until(lambda: any("This file is for reading." in each for each in wallet.toasts))
        assert written.read_bytes() == b"pdf file"
        body = wallet.posted("stacks/file")[-1]
        assert (body["target"], body["without"]) == ("digital-production", ["cred-1"])

        written.write_bytes(b"mine")
        await dialog(wallet, WriteStackScreen, "o")
        await wallet.press("enter")
        await wallet.sees(
            "There is already a file ~/micro-degree-digital-production.pdf.",
            "Press enter again to replace it.",
        )
        assert written.read_bytes() == b"mine"
        await wallet.press("enter")
        await wallet.until(lambda: written.read_bytes() == b"pdf file")

        await dialog(wallet, WriteStackScreen, "o")
        for typed, said in (
            ("~/x.docx", "The name has to end in .pdf, .html or .json."),
            ("~/nowhere/x.json", "There is no folder"),
            ("  ", "No file was named."),
        ):
            await wallet.press("ctrl+u")
            await wallet.type(typed, into="stack-path")
            await wallet.press("enter")
            await wallet.sees(said)
        service.fail["/v1/wallet/stacks/file"] = ProblemError(
            422, "no_badge", "Nothing that counts is a badge."
        )
        await wallet.press("ctrl+u")
        await wallet.type("~/x.json", into="stack-path")
        await wallet.press("enter")
        await wallet.sees("Nothing that counts is a badge.")
        assert sorted(each.name for each in tmp_path.iterdir()) == [written.name]


async def test_words_find_candidates(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        await open_stack(wallet)
        await wallet.press("slash")
        await wallet.type("joanneum offered")
        await wallet.until(lambda: "Data Literacy" not in wallet.text)
        await wallet.sees("Green Transition")
        await wallet.type(" nothing-like-it")
        await wallet.sees("Nothing fits these words. Press esc to see all.")
        await wallet.press("enter", "escape")
        await wallet.sees("Data Literacy", "Green Transition")


async def test_loading_no_goals_and_goals_that_cannot_be_read(service: AgentServiceSimulator) -> None:
    targets, service.targets = service.targets, []
    service.hold, service.hold_path = asyncio.Event(), "/v1/wallet/stacks"
    async with open_wallet(service) as wallet:
        await wallet.press("3")
        await wallet.sees("… reading the goal", "Recognition is decided by the awarding institution")
        service.hold.set()
        await wallet.sees("There is no goal yet")
        await wallet.press("c")
        await wallet.until(lambda: "There is no goal yet." in wallet.toasts)
        service.targets = targets
        service.fail["/v1/wallet/stacks"] = ProblemError(
            503, "profiles_missing", "The profiles could not be read."
        )
        await wallet.press("r")
        await wallet.sees("What happened The profiles could not be read.", "What to do")
        await wallet.press("space", "o")
        await wallet.until(lambda: "There is no plan on the screen." in wallet.toasts)
        service.fail.clear()
        await wallet.press("r")
        await wallet.sees("8 of 15 ECTS counted")


async def test_without_guidance_the_plan_still_stands(service: AgentServiceSimulator) -> None:
    service.fail["/v1/wallet/pathways"] = ProblemError(500, "internal_error", "Broken.")
    async with open_wallet(service, WIDE) as wallet:
        await open_stack(wallet)
        await wallet.press("tab")
        await wallet.sees("║ ◆ Micro-degree Digital Production ║", "What it asks for")
        assert "Change and Risk" not in wallet.text
        assert "Broken." not in wallet.text


async def test_offline_what_was_loaded_stays_and_the_keys_say_why(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        await open_stack(wallet)
        service.go_down()
        await wallet.sees("The agent service does not answer.")
        await wallet.press("space")
        await wallet.until(lambda: any("a plan cannot be worked out now" in each for each in wallet.toasts))
        await wallet.press("n", "r")
        await wallet.sees("goal 2 of 2" if "goal 2 of 2" in wallet.words else "What happened")
        service.down = False
        await wallet.until(lambda: "ECTS counted" in wallet.words, "back again")


async def test_the_lock_takes_everything_away_but_the_draft(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        screen = await open_stack(wallet)
        await wallet.press("space")
        await wallet.sees("what if: 1 left out")
        await dialog(wallet, GoalsScreen, "c")
        await wallet.sees("8 of 15")
        service.lock = "locked"
        await wallet.until(lambda: wallet.app.current_mode == "unlock", "the lock")
        assert not screen.rows.items
        assert "Data Literacy" not in "".join(
            screen.view.line(y).plain for y in range(screen.view.line_count)
        )
        await wallet.until(lambda: wallet.app.focused is not None)
        await wallet.type(service.passphrase)
        await wallet.press("enter")
        await wallet.until(lambda: wallet.app.current_mode == "stack", "the stack again")
        await wallet.sees("3 of 15 ECTS counted", "what if: 1 left out")
        assert isinstance(wallet.app.screen, StackScreen)


async def test_amounts_that_are_no_numbers_are_unknown_and_the_note_stays_whole(
    service: AgentServiceSimulator,
) -> None:
    changes = {"required": "NaN", "counted": "1e99", "offered": None, "missing": "-3"}
    service.stacks["digital-production"] |= changes | {"note": "Decided by a very long name. " * 12}
    service.stacks["digital-production"]["members"][0] |= {"credit": "8", "credit_system": "ceu"}
    async with open_wallet(service) as wallet:
        await wallet.press("3")
        await wallet.sees("Recognition is decided by the awarding institution, not by this wallet.")
        await wallet.sees("? of ? ECTS counted", "? offered", "? missing", "5 of 8 ceu")


async def test_a_thousand_candidates(service: AgentServiceSimulator) -> None:
    """Rows are made when they are shown, and the drawing is bounded and says so."""
    stack = service.stacks["digital-production"]
    stack["members"] = [
        stacks()["digital-production"]["members"][at % 6]
        | {"credential_id": f"c{at}", "title": f"Course {at}"}
        for at in range(1000)
    ]
    async with open_wallet(service, WIDE) as wallet:
        screen = await open_stack(wallet)
        await wallet.press("G")
        await wallet.sees("Course 999")
        assert len(screen.rows.items) == 1000
        await wallet.press("tab")
        await wallet.sees("Course 0")
        await wallet.press("G")
        await wallet.sees("not drawn")
        check_screen(wallet)


async def test_hostile_words_in_every_dialog() -> None:
    """Each field another string; wide, so that titles are drawn in boxes as well."""
    async with open_wallet(hostile_service(Planter(*STRINGS)), WIDE) as wallet:
        await wallet.press("3")
        stack = wallet.app.screen
        assert isinstance(stack, StackScreen)
        await wallet.until(lambda: stack.rows.items, "the candidates")
        await wallet.until(lambda: stack._pathway is not None, "the guidance")
        check_screen(wallet)
        for key, kind in (
            ("enter", WhyScreen),
            ("c", GoalsScreen),
            ("d", DraftsScreen),
            ("s", SaveDraftScreen),
            ("o", WriteStackScreen),
        ):
            await dialog(wallet, kind, key)
            check_screen(wallet)
            await wallet.press("escape")
            await wallet.until(lambda: wallet.app.screen is stack)
        await wallet.press("tab", "pagedown")
        check_screen(wallet)

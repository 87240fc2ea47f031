from __future__ import annotations

from textual.widgets import Input

from tests.simulators.agent_service import PASSPHRASE, AgentServiceSimulator
from tests.tui.conftest import Driver, open_wallet


async def until_field(wallet: Driver) -> None:
    await wallet.until(lambda: isinstance(wallet.app.focused, Input), "a field")


async def test_unlock_names_the_progress_and_shows_the_list(
    locked: AgentServiceSimulator, size: tuple[int, int]
) -> None:
    locked.unlock_polls = 10_000  # held until the test has seen the progress
    async with open_wallet(locked, size, unlocked=False) as wallet:
        await until_field(wallet)
        assert "Locked. Profile: Ada Byrne" in wallet.words
        await wallet.type(PASSPHRASE)
        await wallet.press("enter")
        await wallet.sees("… starting the agent")
        locked.unlock_polls = 1
        await wallet.until(lambda: wallet.app.current_mode == "credentials")
        await wallet.sees("Data Literacy for Industry 4.0")
        assert locked.calls.count(("POST", "/v1/unlock", {"passphrase": PASSPHRASE})) == 1


async def test_the_passphrase_is_never_shown_copied_or_kept(locked: AgentServiceSimulator) -> None:
    async with open_wallet(locked, unlocked=False) as wallet:
        await until_field(wallet)
        await wallet.type(PASSPHRASE)
        assert PASSPHRASE not in wallet.text
        await wallet.press("ctrl+a", "ctrl+c")
        assert wallet.app.clipboard == ""
        await wallet.press("enter")
        await wallet.until(lambda: wallet.app.current_mode == "credentials")
        assert all(
            field.value == ""
            for screen in wallet.app._screen_stacks["unlock"]
            for field in screen.query(Input)
        )


async def test_wrong_passphrases_are_explained_and_then_delayed(locked: AgentServiceSimulator) -> None:
    async with open_wallet(locked, unlocked=False) as wallet:
        for number in range(3):
            await until_field(wallet)
            await wallet.type("wrong")
            await wallet.press("enter")
            await wallet.until(lambda number=number: locked.wrong == number + 1)  # type: ignore[misc]
            await wallet.sees("That passphrase does not open it. Nothing is lost")
            await until_field(wallet)
        await wallet.type("wrong")
        await wallet.press("enter")
        await wallet.sees("Too soon after a wrong passphrase. Press enter again in")
        tries = len(wallet.posted("/unlock"))
        field = wallet.app.focused
        assert isinstance(field, Input)
        assert field.value == "wrong", "what was not tried need not be typed again"
        await wallet.press("enter")
        assert len(wallet.posted("/unlock")) == tries, "nothing is sent while the delay runs"


async def test_letters_typed_while_it_unlocks_reach_no_key(locked: AgentServiceSimulator) -> None:
    locked.unlock_polls = 10_000
    async with open_wallet(locked, unlocked=False) as wallet:
        await wallet.type(PASSPHRASE)
        await wallet.press("enter")
        await wallet.sees("… starting the agent")
        await wallet.press("q", "L", "question_mark", "enter")
        assert wallet.app.is_running
        assert len(wallet.posted("/unlock")) == 1
        locked.unlock_polls = 1
        await wallet.until(lambda: wallet.app.current_mode == "credentials")


async def test_lock_now_blanks_the_screen_and_forgets(
    service: AgentServiceSimulator, size: tuple[int, int]
) -> None:
    async with open_wallet(service, size) as wallet:
        await wallet.sees("Data Literacy")
        await wallet.press("L")
        await wallet.until(lambda: wallet.app.current_mode == "unlock")
        assert "Data Literacy" not in wallet.text
        await wallet.until(lambda: wallet.posted("/lock") == [{}])
        for screens in wallet.app._screen_stacks.values():
            for screen in screens:
                assert not getattr(screen, "_all", []), "a screen behind the lock still holds credentials"
                assert not getattr(screen, "_kept", {})


async def test_the_services_own_lock_keeps_the_draft(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        await wallet.mark_row(await wallet.open_request(), "c0.family_name")
        await wallet.press("space")
        await wallet.until(lambda: wallet.posted("/plan") == [{"include": ["family_name"]}])
        await wallet.sees("Share 10 items")
        service.lock, service.agent_state = "locked", "stopped"
        service.emit("status")
        await wallet.until(lambda: wallet.app.current_mode == "unlock")
        assert "Byrne" not in wallet.text.replace("Ada Byrne", "")
        await wallet.until(lambda: isinstance(wallet.app.focused, Input))
        await wallet.type(PASSPHRASE)
        await wallet.press("enter")
        await wallet.sees("Share 10 items")
        assert wallet.posted("/plan")[-1] == {"include": ["family_name"]}


async def test_a_half_typed_reason_outlives_the_lock(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        await wallet.open_offer()
        await wallet.press("R")
        await wallet.type("I hold it alre", "reason")
        service.lock, service.agent_state = "locked", "stopped"
        service.emit("status")
        await wallet.until(lambda: wallet.app.current_mode == "unlock")
        assert "I hold it" not in wallet.text
        await wallet.until(lambda: isinstance(wallet.app.focused, Input))
        await wallet.type(PASSPHRASE)
        await wallet.press("enter")
        await wallet.type("ady", "reason")
        await wallet.press("enter")
        await wallet.until(lambda: wallet.posted("/reject") == [{"reason": "I hold it already"}])


async def test_polling_alone_never_unlocks_or_posts(locked: AgentServiceSimulator) -> None:
    async with open_wallet(locked, unlocked=False) as wallet:
        await wallet.until(lambda: len(locked.calls) > 4)
        assert {method for method, _, _ in locked.calls} == {"GET"}

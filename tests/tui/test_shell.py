"""What lies around the screens: commands, jump mode, help, remapped keys, themes, languages, notices, activity."""

from __future__ import annotations

import pytest
from textual.widgets import Input

import wallet_tui.app
from tests.simulators.agent_service import AgentServiceSimulator, ProblemError
from tests.tui.conftest import Driver, open_wallet
from tests.tui.hostile import STRINGS
from wallet_tui.actions import KEYS, LIST_KEYS
from wallet_tui.areas import NAMES
from wallet_tui.config import Config
from wallet_tui.screens.help import HelpScreen
from wallet_tui.screens.jump import LETTERS, JumpScreen, labels
from wallet_tui.screens.palette import PaletteScreen
from wallet_tui.widgets.frame import AreaTabs


def changing(service: AgentServiceSimulator) -> list[str]:
    """Paths of the calls so far that are not only reading, nor the sign that somebody is there."""
    return [path for method, path, _ in service.calls if method != "GET" and path != "/v1/active"]


async def jump(wallet: Driver) -> dict[str, str]:
    """Open jump mode; label → what the line or tab that it stands on says."""
    await wallet.press("f")
    await wallet.until(lambda: isinstance(wallet.app.screen, JumpScreen), "jump mode")
    screen = wallet.app.screen
    assert isinstance(screen, JumpScreen)
    return {
        label: target.name or (target.lines.line(target.y).plain if target.lines is not None else "")
        for label, target in screen._targets.items()
    }


# Jump mode.


async def test_letters_lead_to_rows_panes_and_areas_and_do_nothing_else(
    service: AgentServiceSimulator, size: tuple[int, int]
) -> None:
    async with open_wallet(service, size) as wallet:
        await wallet.sees("5 held")
        await wallet.press("g")
        found = await jump(wallet)
        assert list(found.values())[: len(NAMES)] == list(NAMES)
        there = next(label for label, text in found.items() if "Quantum" in text)
        await wallet.press(there)
        await wallet.until(lambda: wallet.app.focused is not None and wallet.app.focused.id == "list")
        await wallet.until(lambda: any("▸ ? unknown Quantum" in line for line in wallet.text.splitlines()))
        assert not wallet.app.screen.has_class("-detail"), "a jump opens nothing"
        for area in NAMES[1:] + NAMES[:1]:
            found = await jump(wallet)
            await wallet.press(next(label for label, name in found.items() if name == area))
            await wallet.until(lambda area=area: wallet.app.current_mode == area, area)  # type: ignore[misc]
        assert changing(service) == []


async def test_jump_mode_is_left_with_esc_and_takes_every_letter(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        await wallet.open_offer()
        await jump(wallet)
        # Capital letters decide on the screen below: here they are letters like any other, or none.
        await wallet.press("Z", "7", "question_mark")
        assert isinstance(wallet.app.screen, JumpScreen)
        await wallet.press("escape")
        await wallet.until(lambda: not isinstance(wallet.app.screen, JumpScreen))
        assert not any(widget._letters for widget in wallet.app.screen.query("Document").results())  # type: ignore[attr-defined]
        await jump(wallet)
        await wallet.press("A")
        await wallet.listening()
        assert changing(service) == [], "A accepts on the offer's own screen only"


def test_no_label_is_the_beginning_of_another() -> None:
    for count in (1, 26, 27, 60, 400):
        made = labels(count)
        assert len(set(made)) == count
        assert {len(label) for label in made} <= {1, 2}
        assert not [one for one in made for other in made if one != other and other.startswith(one)]
    assert labels(2000)[-1] == LETTERS[-1] * 2


# Commands.


async def commands(wallet: Driver) -> PaletteScreen:
    await wallet.press("ctrl+p")
    await wallet.until(lambda: isinstance(wallet.app.screen, PaletteScreen), "commands")
    screen = wallet.app.screen
    assert isinstance(screen, PaletteScreen)
    return screen


async def test_every_key_that_works_here_is_a_command_with_its_key(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        await wallet.sees("5 held")
        works = {active.binding.id for active in wallet.app.screen.active_bindings.values()} & set(KEYS)
        screen = await commands(wallet)
        listed = {item.name: item for item in screen.rows.items if item.what == "key"}
        assert set(listed) == works - {"palette"}
        assert all(item.key == KEYS[name].shown for name, item in listed.items())
        assert [item.name for item in screen.rows.items if item.what == "key"][-1] in LIST_KEYS
        for word, there in (
            ("stack", "progress towards"),
            ("high", "high-contrast"),
            ("sprache language", ""),
        ):
            screen.query_one("#command", Input).value = word
            await wallet.sees(there or "0 found")


async def test_a_command_is_run_where_it_was_called_and_a_credential_is_opened(
    service: AgentServiceSimulator,
) -> None:
    async with open_wallet(service) as wallet:
        await wallet.press("2")
        await wallet.sees("to decide")
        await commands(wallet)
        await wallet.type("progress towards")
        await wallet.press("enter")
        await wallet.until(lambda: wallet.app.current_mode == "stack")
        screen = await commands(wallet)
        await wallet.until(lambda: screen._credentials)
        await wallet.type("quantum")
        await wallet.sees("1 found", "atlantis-institute.example")
        await wallet.press("enter")
        await wallet.until(lambda: wallet.app.current_mode == "credentials")
        await wallet.sees("did:web:atlantis-institute.example")
        assert changing(service) == []


async def test_what_does_not_work_now_says_why(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        await wallet.sees("5 held")
        service.go_down()
        await wallet.sees("✗ agent away")
        await commands(wallet)
        await wallet.type("run the checks")
        await wallet.press("enter")
        await wallet.until(lambda: any("nothing can be changed now" in toast for toast in wallet.toasts))
        assert isinstance(wallet.app.screen, PaletteScreen)


async def test_enter_in_the_commands_never_decides_and_typing_stays_there(
    service: AgentServiceSimulator,
) -> None:
    async with open_wallet(service) as wallet:
        screen = await wallet.open_offer()
        for word in ("accept the offer", "reject the offer"):
            await commands(wallet)
            await wallet.type(word)
            await wallet.press("enter")
            await wallet.until(lambda: any("decided on its own screen" in toast for toast in wallet.toasts))
            wallet.app.clear_notifications()
            await wallet.press("escape")
            await wallet.until(lambda: wallet.app.screen is screen)
            await wallet.listening()
        await commands(wallet)
        # What is typed here, and on while it closes, reaches nothing below.
        await wallet.press("A", "R", "S", "y")
        assert wallet.app.screen.query_one("#command", Input).value == "ARSy"
        await wallet.press("escape")
        await wallet.listening()
        assert changing(service) == []


async def test_hostile_titles_are_plain_text_in_the_commands(service: AgentServiceSimulator) -> None:
    for index, credential in enumerate(service.credentials):
        credential["title"] = f"title {STRINGS[index]}"
    async with open_wallet(service) as wallet:
        screen = await commands(wallet)
        await wallet.until(lambda: screen._credentials)
        await wallet.type("title")
        await wallet.until(lambda: sum(item.what == "credential" for item in screen.rows.items) == 5)
        await wallet.settle()
        assert all(char.isprintable() for line in wallet.text.splitlines() for char in line)


async def test_locking_closes_what_only_passes_by(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        await wallet.sees("5 held")
        screen = await commands(wallet)
        await wallet.until(lambda: screen._credentials)
        service.lock, service.agent_state = "locked", "stopped"
        service.emit("status")
        await wallet.until(lambda: wallet.app.current_mode == "unlock")
        assert screen._credentials == []
        await commands(wallet)
        assert not {"credential"} & {item.what for item in wallet.app.screen.rows.items}  # type: ignore[attr-defined]
        await wallet.press("escape")
        await wallet.unlock()
        assert not isinstance(wallet.app.screen, PaletteScreen)


# Keys, themes, languages.


async def test_remapped_keys_work_and_are_what_is_shown(service: AgentServiceSimulator) -> None:
    config = Config(
        keys={
            "area.inbox": ("i",),
            "list.down": ("e", "down"),
            "help": ("f1",),
            "back": ("f9", "escape"),
            "lock": ("0",),
        }
    )
    async with open_wallet(service, config=config) as wallet:
        await wallet.sees("i Inbox (4)", "0 lock", "f1 help")
        await wallet.press("2", "j")
        assert wallet.app.current_mode == "credentials", "the old keys are free"
        assert "▸ ✓ pass Data Literacy" in wallet.words
        await wallet.press("e")
        await wallet.sees("▸ ✓ pass Human-Machine")
        service.emit("offer", id="x", state="open")
        await wallet.until(lambda: any("Press i to look at it" in toast for toast in wallet.toasts))
        await wallet.press("question_mark")
        assert not isinstance(wallet.app.screen, HelpScreen)
        await wallet.press("f1")
        await wallet.sees("/ finds, f9 closes this", "e ↓")
        await wallet.press("slash")
        await wallet.type("lock now")
        await wallet.until(lambda: "0          lock now" in wallet.text and "this list" not in wallet.text)
        await wallet.press("f9", "f9", "i")
        await wallet.until(lambda: wallet.app.current_mode == "inbox")
        tabs = wallet.app.screen.query_one(AreaTabs)
        assert len(tabs._pieces) == len(NAMES)


async def test_a_theme_is_for_the_session_and_says_how_to_keep_it(service: AgentServiceSimulator) -> None:
    async with open_wallet(service, config=Config(theme="cairn-light", plain=True)) as wallet:
        await wallet.sees("5 held")
        assert wallet.app.theme == "cairn-light"
        assert "│" not in wallet.text
        await commands(wallet)
        assert not {"│", "╭"} & set(wallet.text)
        await wallet.type("theme high")
        await wallet.sees("1 found")
        await wallet.press("enter")
        await wallet.until(lambda: wallet.app.theme == "high-contrast")
        await wallet.until(
            lambda: any('write theme = "high-contrast" in' in toast for toast in wallet.toasts)
        )


async def test_another_language_is_spoken_at_once(
    service: AgentServiceSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a catalogue of the test's own: the palette offers it, and the areas are made anew."""
    from gettext import NullTranslations

    from wallet_tui import i18n

    class Other(NullTranslations):
        def gettext(self, message: str) -> str:
            return {"Credentials": "Nachweise", "help": "Hilfe"}.get(message, message)

        def ngettext(self, one: str, many: str, number: int) -> str:
            return one if number == 1 else many

    def use(code: str) -> None:
        monkeypatch.setattr(i18n, "_catalogue", None if code == "en" else Other())

    monkeypatch.setattr(wallet_tui.app, "use_language", use)
    monkeypatch.setattr("wallet_tui.screens.palette.languages", lambda: ["en", "de"])
    async with open_wallet(service) as wallet:
        await wallet.press("2", "1")
        await wallet.sees("5 held")
        before = wallet.app.screen
        await commands(wallet)
        await wallet.type("language de")
        await wallet.sees("1 found")
        await wallet.press("enter")
        await wallet.sees("[1 Nachweise]", "? Hilfe", "5 held")
        assert wallet.app.screen is not before
        await wallet.press("2")
        await wallet.sees("? Hilfe", "look closely")


# Notices and activity.


async def test_notices_are_counted_and_said_but_take_nothing_over(service: AgentServiceSimulator) -> None:
    service.lock, service.agent_state, service.notices = "locked", "stopped", 2
    async with open_wallet(service, unlocked=False) as wallet:
        await wallet.unlock()
        await wallet.sees("! 2 new")
        await wallet.until(lambda: any("2 notices are new." in toast for toast in wallet.toasts))
        focused, screen = wallet.app.focused, wallet.app.screen
        service.notices = 3
        service.emit("notice", id="n3", kind="revoked", title="Data [/Literacy]\x1b[2J")
        await wallet.until(
            lambda: any(
                "✗ “Data [/Literacy]\ufffd[2J” was revoked by its issuer." in toast for toast in wallet.toasts
            )
        )
        await wallet.sees("! 3 new")
        service.emit("notice", id="n4", kind="of no known kind", title=5)
        await wallet.settle()
        assert (wallet.app.focused, wallet.app.screen) == (focused, screen)


async def test_only_a_person_keeps_it_unlocked(
    service: AgentServiceSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_wallet(service) as wallet:
        await wallet.sees("5 held")
        for name in ("credential", "offer", "status", "request"):
            service.emit(name, id="cred-1", state="open")
        reads = len(service.calls)
        await wallet.until(lambda: len(service.calls) > reads + 4, "reading after events, and polling")
        assert service.counted == [], "neither the start, nor events, nor polling count"
        await wallet.press("j", "k", "2", "1", "j")
        await wallet.until(lambda: service.counted)
        await wallet.settle()
        assert service.counted == ["/v1/active"], "once in a while, not for every key"
        monkeypatch.setattr(wallet_tui.app, "ACTIVE_SECONDS", 0.0)
        service.fail["/v1/active"] = ProblemError(404, "not_found", "There is no such thing.")
        await wallet.pilot.click("#list", offset=(5, 3))
        await wallet.until(lambda: len(service.counted) > 1)
        assert set(service.counted) == {"/v1/active"}
        await wallet.press("L")
        await wallet.until(lambda: not wallet.app.connection.unlocked)
        before = list(service.counted)
        await wallet.press("x", "y", "z")
        await wallet.settle()
        assert service.counted == before, "nothing is said for a locked wallet"
        assert not any("not finish" in toast for toast in wallet.toasts)

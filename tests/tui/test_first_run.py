"""A first run ends in a wallet with a backup, or says why not; nothing is made before it was confirmed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast

import pytest
from textual.widgets import Input

from tests.simulators.agent_service import PASSPHRASE, AgentServiceSimulator, ProblemError
from tests.tui.conftest import Driver, open_wallet
from wallet_tui.screens import passphrase as passphrase_module
from wallet_tui.screens.backup import BackupScreen
from wallet_tui.screens.first_run import DEMO_PASSPHRASE, FirstRunScreen

GOOD, OTHER = "four good long words", "battery horse staple correct"


@pytest.fixture
def fresh() -> AgentServiceSimulator:
    return AgentServiceSimulator(first_run=True)


async def fill(wallet: Driver, **fields: str) -> None:
    """Type into one field after the other, with enter in between and at the end."""
    for name, text in fields.items():
        await wallet.type(text, name.replace("_", "-"))
        await wallet.press("enter")


async def chosen(wallet: Driver) -> None:
    await wallet.sees("There is no wallet yet for Ada Byrne", "/home/ada/.local/share/cairn/learner")
    await wallet.press("enter")
    await fill(wallet, passphrase=GOOD, again=GOOD)
    await wallet.sees("A backup of this wallet")


def secrets_held(wallet: Driver) -> list[str]:
    """Passphrases in any field or screen."""
    held = []
    for screens in wallet.app._screen_stacks.values():
        for screen in screens:
            held += [field.value for field in screen.query(Input) if field.password and field.value]
            held += [
                text for name in ("_own", "_passphrase", "_wanted") if (text := getattr(screen, name, ""))
            ]
    return held


async def test_a_new_wallet_and_its_backup(fresh: AgentServiceSimulator, size: tuple[int, int]) -> None:
    async with open_wallet(fresh, size, unlocked=False) as wallet:
        await chosen(wallet)
        assert wallet.posted("/unlock") == [{"passphrase": GOOD}]
        await wallet.sees("cairn-backup-2026-", "empty: the wallet's own")
        fresh.hold, fresh.hold_path = asyncio.Event(), "/v1/backup"
        await wallet.press("enter")  # from the file's name to the passphrase, or at once
        await wallet.until(lambda: wallet.posted("/backup"))
        fresh.emit("step", exchange="backup", name="copying the wallet", seconds=0.0, state="running")
        await wallet.sees("… copying the wallet")
        fresh.hold.set()
        await wallet.sees("✓ 12 kB, 5 credentials, 4 history entries: read back and complete")
        (body,) = wallet.posted("/backup")
        assert (body["passphrase"], body["replace"]) == (GOOD, False)
        assert Path(body["path"]).parent == Path("/home/ada/.local/share/cairn")
        assert secrets_held(wallet) == []
        assert GOOD not in wallet.text
        await wallet.press("enter")
        await wallet.sees("5 held")
        assert wallet.app.current_mode == "credentials"


async def test_a_weak_passphrase_is_taken_only_when_it_is_meant(fresh: AgentServiceSimulator) -> None:
    async with open_wallet(fresh, unlocked=False) as wallet:
        await wallet.press("enter")
        await fill(wallet, passphrase="short", again="short")
        await wallet.sees("too short: at least 8")
        for name in ("passphrase", "again"):
            wallet.app.screen.query_one(f"#{name}", Input).value = ""
        await fill(wallet, passphrase=GOOD, again=GOOD + "x")
        await wallet.sees("The two passphrases differ")
        await fill(wallet, passphrase="password1", again="password1")
        await wallet.sees("This passphrase is very weak", "‹Choose another›")
        await wallet.press("enter")  # the safe choice is the marked one
        await wallet.sees("Choose a passphrase for")
        assert wallet.posted("/unlock") == []
        await fill(wallet, passphrase="password1", again="password1")
        await wallet.sees("‹Choose another›")
        await wallet.press("tab", "enter")
        await wallet.sees("A backup of this wallet")
        assert wallet.posted("/unlock") == [{"passphrase": "password1"}]


async def test_strength_is_worked_out_for_the_newest_text_only(
    fresh: AgentServiceSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And never in the thread that draws: every letter is there before the first judgement is."""
    import threading

    judged: list[str] = []
    gate = threading.Event()

    def slow(text: str) -> int:
        judged.append(text)
        gate.wait(20)
        return 3

    monkeypatch.setattr(passphrase_module, "score", slow)
    async with open_wallet(fresh, unlocked=False) as wallet:
        await wallet.press("enter")
        await wallet.until(lambda: isinstance(wallet.app.focused, Input))
        for letter in "abcdefghij":
            await wallet.press(letter)
        assert cast("Input", wallet.app.focused).value == "abcdefghij"
        await wallet.sees("strength …")
        gate.set()
        await wallet.sees("[████████··] good")
        assert judged == ["a", "abcdefghij"]
        assert passphrase_module.JUDGED_CHARS <= 100


def test_strength_in_words_and_a_bar() -> None:
    for text in ("Password1!", "12345678", "aaaaaaaaaaaa", "cairnwallet", "short"):
        assert passphrase_module.score(text) < passphrase_module.GOOD, text
    assert passphrase_module.score("velvet otter plumb nine") >= passphrase_module.GOOD
    assert passphrase_module.score("x" * 5000) < passphrase_module.GOOD
    assert passphrase_module.meter(4).plain == "strength  [██████████] strong"
    assert passphrase_module.meter(0).plain == "strength  [██········] very weak"


async def test_putting_the_backup_off_is_said_until_it_is_made(fresh: AgentServiceSimulator) -> None:
    fresh.backup_made_at, fresh.demo = None, False
    async with open_wallet(fresh, unlocked=False) as wallet:
        await wallet.sees("Make a new wallet")
        assert "Demo passphrase" not in wallet.text
        await wallet.press("d")
        await wallet.until(
            lambda: wallet.toasts == ["This is no demonstration: choose a passphrase of your own."]
        )
        assert wallet.posted("/unlock") == []
        await chosen(wallet)
        await wallet.press("escape")
        await wallet.sees("5 held", "No backup yet", "Press B")
        assert wallet.posted("/backup") == []
        assert secrets_held(wallet) == []
        await wallet.press("B")
        await wallet.sees("A backup of this wallet", "nobody can reset it")
        await wallet.press("enter")
        await fill(wallet, passphrase=GOOD, again=GOOD)
        await wallet.sees("read back and complete")
        await wallet.press("escape")
        await wallet.sees("5 held")
        await wallet.until(lambda: "No backup yet" not in wallet.words)


async def test_a_file_is_replaced_only_when_it_is_meant(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        await wallet.press("B")
        await wallet.sees("A backup of this wallet")
        path = wallet.app.screen.query_one("#path", Input).value
        service.backups[path] = ("older", "Ada")
        await wallet.press("enter")
        await fill(wallet, passphrase=GOOD, again=GOOD)
        await wallet.sees("‹Another name›", "Choose another name, or replace it")
        await wallet.press("enter")
        await wallet.until(lambda: wallet.app.focused is not None and wallet.app.focused.id == "path")
        assert service.backups[path] == ("older", "Ada")
        await wallet.press("enter")
        await wallet.sees("‹Another name›")
        await wallet.press("tab", "enter")
        await wallet.sees("read back and complete")
        assert service.backups[path] == (GOOD, "Ada Byrne")


async def test_a_wallet_out_of_a_backup(fresh: AgentServiceSimulator, size: tuple[int, int]) -> None:
    fresh.backups["/stick/wallet.cairn"] = (GOOD, "Ada Byrne")
    async with open_wallet(fresh, size, unlocked=False) as wallet:
        await wallet.sees("Restore a backup")
        await wallet.press("tab", "enter")
        await wallet.sees("whole or not at all")
        await fill(
            wallet, path="/stick/other.cairn", file_passphrase="wrong words", passphrase=OTHER, again=OTHER
        )
        await wallet.sees("There is no file /stick/other.cairn")
        wallet.app.screen.query_one("#path", Input).value = "/stick/wallet.cairn"
        await wallet.press("enter")
        await wallet.sees("Wrong passphrase, or the file is damaged at the very start")
        assert wallet.posted("/unlock") == []
        await fill(wallet, file_passphrase=GOOD)
        await wallet.sees("5 held")
        assert wallet.posted("/restore")[-1] == {
            "path": "/stick/wallet.cairn",
            "passphrase": GOOD,
            "new_passphrase": OTHER,
        }
        assert wallet.posted("/unlock") == [{"passphrase": OTHER}]
        assert "Restored: 5 credentials, 4 history entries." in wallet.toasts
        assert secrets_held(wallet) == []


async def test_the_demo_passphrase_and_a_refused_unlock(fresh: AgentServiceSimulator) -> None:
    fresh.fail["/v1/unlock"] = ProblemError(503, "vault_failed", "The vault could not be opened.")
    async with open_wallet(fresh, unlocked=False) as wallet:
        await wallet.sees("Demo passphrase")
        await wallet.press("d")
        await wallet.sees("The vault could not be opened", "vault_failed")
        assert wallet.app.after_unlock is None
        fresh.fail.clear()
        await wallet.press("escape", "d")
        await wallet.sees("A backup of this wallet")
        assert wallet.posted("/unlock")[-1] == {"passphrase": DEMO_PASSPHRASE}


async def test_a_lock_takes_passphrases_and_leaves_the_place(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        await wallet.press("B")
        await wallet.sees("A backup of this wallet")
        wallet.app.screen.query_one("#path", Input).value = "/stick/mine.cairn"
        wallet.app.screen.query_one("#passphrase", Input).value = GOOD
        service.lock, service.agent_state = "locked", "stopped"
        service.emit("status")
        await wallet.until(lambda: wallet.app.current_mode == "unlock")
        assert secrets_held(wallet) == []
        await wallet.type(PASSPHRASE)
        await wallet.press("enter")
        await wallet.sees("A backup of this wallet")
        screen = wallet.app.screen
        assert isinstance(screen, BackupScreen)
        assert screen.query_one("#path", Input).value == "/stick/mine.cairn"


async def test_a_wallet_made_by_another_program_meanwhile(fresh: AgentServiceSimulator) -> None:
    """Say by `cairn unlock`: the first run gives way, and nothing of it waits behind the wallet."""
    async with open_wallet(fresh, unlocked=False) as wallet:
        await wallet.sees("Make a new wallet")
        fresh.first_run = False
        fresh.emit("status")
        await wallet.sees("Locked. Profile: Ada Byrne")
        assert not any(isinstance(each, FirstRunScreen) for each in wallet.app._screen_stacks["unlock"])
        await wallet.unlock()

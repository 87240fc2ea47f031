"""No text from outside acts on the terminal, on the layout or on the app, on any screen."""

from __future__ import annotations

import unicodedata

import pytest
from rich.cells import cell_len
from textual import events
from textual.widgets import Input, Static

from tests.simulators.agent_service import AgentServiceSimulator, ProblemError
from tests.tui.conftest import NARROW, Driver, open_wallet
from tests.tui.hostile import STRINGS, Planter, hostile_service
from wallet_tui.screens.consent import ConsentScreen
from wallet_tui.screens.offer import OfferScreen


def check_screen(wallet: Driver) -> None:
    """Only printable characters, every line exactly as wide as the terminal, no links, no actions."""
    width, height = wallet.app.size
    strips = wallet.app.screen._compositor.render_strips()
    assert len(strips) == height
    for strip in strips:
        text = "".join(segment.text for segment in strip)
        bad = [
            hex(ord(char)) for char in text if not char.isprintable() or unicodedata.category(char)[0] == "C"
        ]
        assert not bad, f"{bad} in {text!r}"
        assert cell_len(text) == width, f"{cell_len(text)} cells: {text!r}"
        for segment in strip:
            assert not segment.control
            if segment.style is not None:
                assert not segment.style.link
                assert "@click" not in segment.style.meta


async def walk(wallet: Driver) -> None:
    """Through every screen, looking at each."""
    for key in ("1", "2", "3", "4", "5", "exclamation_mark"):
        await wallet.press(key)
        await wallet.until(
            lambda: (
                not any(worker.group != "watch" for worker in wallet.app.workers if not worker.is_finished)
            )
        )
        check_screen(wallet)
        for move in ("enter", "j", "enter", "pagedown", "G"):
            if key in ("2", "3", "exclamation_mark") and move == "enter":
                continue
            await wallet.press(move)
            check_screen(wallet)
        await wallet.press("escape")
    wallet.app.switch_mode("inbox")
    for screen in (
        OfferScreen(offer_id="offer-1"),
        ConsentScreen(request_id="req-1"),
        ConsentScreen(request_id="req-2"),
    ):
        wallet.app.push_screen(screen)
        await wallet.listening()
        await wallet.until(lambda screen=screen: screen._progress is None)  # type: ignore[misc]
        check_screen(wallet)
        for move in ("j", "space", "pagedown", "G", "S"):
            await wallet.press(move)
            await wallet.until(lambda screen=screen: not getattr(screen, "_planning", False))  # type: ignore[misc]
            check_screen(wallet)
        await wallet.press("n", "D" if isinstance(screen, ConsentScreen) else "R")
        await wallet.until(lambda: isinstance(wallet.app.focused, Input))
        check_screen(wallet)
        await wallet.press("escape")
        await wallet.listening()
        await wallet.press("question_mark")
        check_screen(wallet)
        await wallet.press("escape")
        await wallet.listening()
        await wallet.press("escape")


@pytest.mark.parametrize("text", STRINGS, ids=range(len(STRINGS)))
async def test_every_screen_survives(text: str) -> None:
    async with open_wallet(hostile_service(Planter(text)), NARROW) as wallet:
        await walk(wallet)
        assert wallet.app.is_running
        assert {path.rsplit("/", 1)[1] for method, path, _ in wallet.service.calls if method == "POST"} <= {
            "stacks",
            "pathways",
            "plan",
        }


@pytest.mark.parametrize(
    "text", [STRINGS[0], STRINGS[1], STRINGS[6], STRINGS[8]], ids=["osc", "csi", "markup", "bidi"]
)
async def test_errors_toasts_and_fields_too(text: str) -> None:
    service = AgentServiceSimulator(unlocked=True)
    service.fail["/v1/wallet/offers/review"] = ProblemError(410, text, text, text)
    service.fail["/v1/wallet/credentials/cred-1/recheck"] = ProblemError(502, text, text, text)
    async with open_wallet(service, NARROW) as wallet:
        await wallet.sees("5 held")
        await wallet.press("r")
        await wallet.until(lambda: any("not" in toast or toast for toast in wallet.toasts[1:]))
        check_screen(wallet)
        wallet.app.notify(text, title=text)
        await wallet.settle()
        check_screen(wallet)
        wallet.app.post_message(events.Paste(text))
        await wallet.settle()
        check_screen(wallet)
        wallet.app.push_screen(OfferScreen(link=text))
        await wallet.sees("It did not work")
        check_screen(wallet)
        await wallet.press("escape", "slash")
        await wallet.type(text)
        check_screen(wallet)


async def test_the_second_wall_stands_without_the_first() -> None:
    """A widget that forgets `safe_text` still cannot reach the terminal."""
    service = AgentServiceSimulator(unlocked=True)
    async with open_wallet(service, NARROW) as wallet:
        await wallet.sees("5 held")
        for text in STRINGS[:16]:
            careless = Static(text, markup=False)
            careless.styles.height = 3
            await wallet.app.screen.mount(careless, before=0)
            await wallet.settle()
            strips = wallet.app.screen._compositor.render_strips()
            shown = "".join(segment.text for strip in strips for segment in strip)
            assert shown.isprintable(), repr([char for char in shown if not char.isprintable()])
            await careless.remove()

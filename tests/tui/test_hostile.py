"""No text from outside acts on the terminal, on the layout or on the app, on any screen."""

from __future__ import annotations

import unicodedata

import pytest
from rich.cells import cell_len
from textual import events
from textual.widgets import Static

from tests.simulators.agent_service import AgentServiceSimulator, ProblemError
from tests.tui.conftest import NARROW, Driver, open_wallet
from tests.tui.hostile import MIXTURES, STRINGS, Planter, hostile_service
from tests.tui.tour import TOUR, Guide, all_screens
from wallet_tui.screens.offer import OfferScreen

# What looking may tell the service: to plan an answer, and to lock at the very end.
HARMLESS = frozenset({"plan", "lock"})
ERRORS = ("escapes", "c1 and more escapes", "markup", "unseen")


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


@pytest.mark.parametrize("text", MIXTURES.values(), ids=MIXTURES)
async def test_every_screen_survives(text: str) -> None:
    async with open_wallet(hostile_service(Planter(text)), NARROW) as wallet:
        await Guide(wallet.app, wallet.settle, lambda _: check_screen(wallet)).walk()
        assert wallet.app.is_running
        posted = {path.rsplit("/", 1)[1] for method, path, _ in wallet.service.calls if method == "POST"}
        assert posted <= HARMLESS


def test_every_screen_is_on_the_tour() -> None:
    """A new screen is added to `tests.tui.tour`: it is then walked through by every test of this kind."""
    assert all_screens() == {stop.screen for stop in TOUR}


@pytest.mark.parametrize("text", [MIXTURES[name] for name in ERRORS], ids=ERRORS)
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
        for text in STRINGS:
            careless = Static(text, markup=False)
            careless.styles.height = 3
            await wallet.app.screen.mount(careless, before=0)
            await wallet.settle()
            strips = wallet.app.screen._compositor.render_strips()
            shown = "".join(segment.text for strip in strips for segment in strip)
            assert shown.isprintable(), repr([char for char in shown if not char.isprintable()])
            await careless.remove()

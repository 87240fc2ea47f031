"""How the screens look: in two sizes, with and without colour (see `snapshots`)."""

from __future__ import annotations

import pytest
from textual.color import Color
from textual.theme import Theme

from tests.simulators.agent_service import AgentServiceSimulator
from tests.tui.conftest import WIDE
from tests.tui.snapshots import LEAST, LEAST_ELSE, Look, check, contrast, look, open_look
from wallet_tui import config
from wallet_tui.theme import THEMES

__all__ = ["look"]


async def test_the_list_and_what_lies_over_it(service: AgentServiceSimulator, look: Look) -> None:
    service.notices = 2
    async with open_look(service, look) as wallet:
        await wallet.sees("5 held")
        if look.size == WIDE:
            await wallet.sees("Signature")
        await check(wallet, "credentials")
        await wallet.press("f")
        await wallet.sees("press a letter")
        await check(wallet, "jump")
        await wallet.press("escape", "ctrl+p")
        await wallet.sees("found enter does it")
        await check(wallet, "commands")
        await wallet.press("escape", "question_mark")
        await wallet.sees("Keys here")
        await check(wallet, "help")


async def test_empty_and_locked(service: AgentServiceSimulator, look: Look) -> None:
    service.credentials = []
    async with open_look(service, look) as wallet:
        await wallet.sees("No credentials yet")
        await check(wallet, "credentials-empty")
        await wallet.press("L")
        await wallet.sees("Locked. Profile")
        await check(wallet, "unlock")


async def test_the_light_theme_can_be_read(service: AgentServiceSimulator) -> None:
    async with open_look(service, Look(WIDE, "cairn-light")) as wallet:
        await wallet.sees("5 held", "Signature")
        await check(wallet, "credentials")


def test_contrast_is_what_wcag_says() -> None:
    assert round(contrast(Color(0, 0, 0), Color(255, 255, 255)), 2) == 21
    assert round(contrast(Color.parse("#767676"), Color.parse("#ffffff")), 2) == 4.54


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_every_colour_of_text_can_be_read_on_every_background(theme: Theme) -> None:
    colours = {**theme.to_color_system().generate(), **theme.variables}
    for name in ("foreground", "muted", "text-success", "text-warning", "text-error", "text-accent"):
        for below in ("background", "panel", "cursor", "cursor-focus", "alarm"):
            ratio = contrast(Color.parse(colours[name]), Color.parse(colours[below]))
            assert ratio >= LEAST.get(theme.name, LEAST_ELSE), f"{name} on {below}: {ratio:.2f}"


def test_the_themes_of_the_configuration_are_those_there_are() -> None:
    assert tuple(theme.name for theme in THEMES) == config.THEMES

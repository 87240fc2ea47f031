"""Draw the pictures of the README: the real wallet, on the simulated agent service, as SVG.

    python scripts/pictures.py [--check] [NAME …]

writes docs/pictures/<screen>-<columns>x<lines>[-<theme>].svg, all or those whose screen is named. With ``--check``
nothing is written and the exit code is 1 if a picture would change. Clock, time zone and cursor are frozen, so the
same code draws the same bytes. A new screen is one more line of `PICTURES`; the tour of the tests leads there.
"""

from __future__ import annotations

import os
import sys

os.environ["TEXTUAL_ANIMATIONS"] = "none"  # read when Textual is imported
os.environ["TZ"] = "UTC"
os.environ.pop("NO_COLOR", None)

import argparse
import asyncio
import re
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from textual.widgets import Input  # noqa: E402 - after the environment and the path are set

from tests.simulators.agent_service import AgentServiceSimulator  # noqa: E402 - after the environment and the path are set
from tests.simulators.agent_service_data import NOW  # noqa: E402 - after the environment and the path are set
from tests.tui.tour import Guide, Stop, words_of  # noqa: E402 - after the environment and the path are set
from wallet_tui.app import CairnApp  # noqa: E402 - after the environment and the path are set
from wallet_tui.screens.consent import ConsentScreen  # noqa: E402 - after the environment and the path are set
from wallet_tui.screens.offer import OfferScreen  # noqa: E402 - after the environment and the path are set

OUT = ROOT / "docs" / "pictures"
DEADLINE = 60.0
# Rich's export names a font on a remote server; a picture of ours asks nobody.
_FONT_FACE = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Look:
    """How a whole row of pictures is drawn. The default theme has no name in the file's."""

    size: tuple[int, int]
    theme: str = ""

    def __str__(self) -> str:
        return f"{self.size[0]}x{self.size[1]}" + (f"-{self.theme}" if self.theme else "")


LOOKS = (Look((80, 24)), Look((120, 36)), Look((80, 24), "high-contrast"))


def _offer() -> OfferScreen:
    return OfferScreen(offer_id="offer-2")


def _request() -> ConsentScreen:
    return ConsentScreen(request_id="req-1")


def _unsatisfiable() -> ConsentScreen:
    return ConsentScreen(request_id="req-2")


_PAGES = ("pagedown",) * 6

# In this order: each stop leaves the wallet in an area. The data are the simulator's, so their words may be waited for.
PICTURES = (
    Stop("credentials", "CredentialsScreen", "5 held", keys=("1",)),
    Stop("detail", "CredentialsScreen", "Institution listed", keys=("1", "g", "j", "j", "j", "enter")),
    Stop("inbox", "InboxScreen", "look closely", keys=("2",)),
    Stop("offer", "OfferScreen", "Who offers it", opens=_offer),
    Stop("consent", "ConsentScreen", "You decide", opens=_request),
    Stop(
        *("consent-confirm", "ConsentScreen", "y sends, any other key does not"),
        opens=_request,
        keys=(*_PAGES, "S"),
        leaves=("n", "escape"),
    ),
    Stop("consent-missing", "ConsentScreen", "does not satisfy", opens=_unsatisfiable),
    Stop("stack", "StackScreen", "8 of 15", keys=("3",)),
    Stop("history", "HistoryScreen", "chain of 4", keys=("4",)),
    Stop("help", "HelpScreen", "Keys here", keys=("1", "question_mark")),
)


class FrozenApp(CairnApp):
    def seconds_since_status(self) -> float:
        return 1.0


async def draw(look: Look, wanted: set[str]) -> dict[str, str]:
    """File name → SVG; nothing for a theme that the wallet does not have."""
    service = AgentServiceSimulator()
    app = FrozenApp(service.client, now=lambda: datetime.fromisoformat(NOW), poll_seconds=3600)
    if look.theme and look.theme not in app.available_themes:
        print(f"there is no theme {look.theme}: not drawn")
        return {}
    if look.theme:
        app.theme = look.theme
    pictures: dict[str, str] = {}

    def take(name: str) -> None:
        if not wanted or name in wanted:
            svg = _FONT_FACE.sub("", app.export_screenshot(title="Cairn"))
            pictures[f"{name}-{look}.svg"] = svg.replace("Fira Code", "Fira Code, DejaVu Sans Mono")

    async with app.run_test(size=look.size) as pilot:

        async def settle() -> None:
            await pilot._wait_for_screen()
            app.screen._on_timer_update()
            await asyncio.sleep(0)

        guide = Guide(app, settle, lambda _: None)
        while "Locked" not in words_of(app) or not isinstance(app.focused, Input):
            await guide.rest()
        app.focused.cursor_blink = False
        await guide.rest()
        take("unlock")
        service.lock, service.agent_state = "unlocked", "ready"
        app.read_status()
        for stop in PICTURES:
            async with asyncio.timeout(DEADLINE):
                await guide.arrive(stop)
                await guide.rest()
            take(stop.name)
            for key in stop.leaves:
                await guide.press(key)
    return pictures


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if a picture would change"
    )
    options.add_argument("names", nargs="*", metavar="NAME", help="only the pictures of these screens")
    given = options.parse_args()
    unknown = set(given.names) - {"unlock", *(stop.name for stop in PICTURES)}
    if unknown:
        options.error(f"no such picture: {', '.join(sorted(unknown))}")
    time.tzset()
    changed = []
    for look in LOOKS:
        for name, svg in asyncio.run(draw(look, set(given.names))).items():
            path = OUT / name
            if not path.exists() or path.read_text(encoding="utf-8") != svg:
                changed.append(name)
                if not given.check:
                    OUT.mkdir(parents=True, exist_ok=True)
                    path.write_text(svg, encoding="utf-8")
    print("\n".join(changed) if changed else "no picture changed")
    return 1 if given.check and changed else 0


if __name__ == "__main__":
    sys.exit(main())

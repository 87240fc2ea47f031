"""Draw the pictures of the README: the real wallet, on the simulated agent service, as SVG.

    python scripts/pictures.py [--check]

writes docs/pictures/<screen>-<columns>x<lines>.svg. With ``--check`` nothing is written and the exit code is
1 if a picture would change. Clock, time zone and cursor are frozen, so the same code draws the same bytes.
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
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from textual.pilot import Pilot  # noqa: E402 - after the environment and the path are set
from textual.widgets import Input  # noqa: E402 - after the environment and the path are set

from tests.simulators.agent_service import AgentServiceSimulator  # noqa: E402 - after the environment and the path are set
from tests.simulators.agent_service_data import NOW  # noqa: E402 - after the environment and the path are set
from wallet_tui.app import CairnApp  # noqa: E402 - after the environment and the path are set
from wallet_tui.screens.consent import ConsentScreen  # noqa: E402 - after the environment and the path are set
from wallet_tui.screens.offer import OfferScreen  # noqa: E402 - after the environment and the path are set

OUT = ROOT / "docs" / "pictures"
SIZES = ((80, 24), (120, 36))
DEADLINE = 30.0
# Rich's export names a font on a remote server; a picture of ours asks nobody.
_FONT_FACE = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)


class FrozenApp(CairnApp):
    def seconds_since_status(self) -> float:
        return 1.0


async def until(pilot: Pilot[None], there: Callable[[], bool]) -> None:
    end = asyncio.get_running_loop().time() + DEADLINE
    while not there():
        if asyncio.get_running_loop().time() > end:
            raise SystemExit("a screen never came")
        await pilot.pause(0.02)
    await pilot.pause()


def shows(app: CairnApp, text: str) -> bool:
    strips = app.screen._compositor.render_strips()
    return text in " ".join("".join(segment.text for strip in strips for segment in [*strip]).split())


async def walk(app: CairnApp, pilot: Pilot[None], service: AgentServiceSimulator) -> AsyncIterator[str]:
    """Go through the screens; yields the name of each as it stands there."""
    await until(pilot, lambda: isinstance(app.focused, Input))
    app.focused.cursor_blink = False  # type: ignore[union-attr]
    yield "unlock"
    service.lock, service.agent_state = "unlocked", "ready"
    app.read_status()
    await until(pilot, lambda: shows(app, "5 held"))
    yield "credentials"
    await pilot.press("j", "j", "j", "enter")
    await until(pilot, lambda: shows(app, "Institution listed"))
    yield "detail"
    await pilot.press("2")
    await until(pilot, lambda: shows(app, "look closely"))
    yield "inbox"
    app.push_screen(OfferScreen(offer_id="offer-2"))
    await until(pilot, lambda: shows(app, "Who offers it"))
    yield "offer"
    app.screen.dismiss(None)
    app.push_screen(ConsentScreen(request_id="req-1"))
    await until(pilot, lambda: shows(app, "You decide"))
    yield "consent"
    await pilot.press(*["pagedown"] * 6)
    await pilot.press("S")
    await until(pilot, lambda: shows(app, "y sends, any other key does not"))
    yield "consent-confirm"
    await pilot.press("n", "escape")
    app.push_screen(ConsentScreen(request_id="req-2"))
    await until(pilot, lambda: shows(app, "does not satisfy"))
    yield "consent-missing"
    await pilot.press("escape", "3")
    await until(pilot, lambda: shows(app, "8 of 15"))
    yield "stack"
    await pilot.press("4")
    await until(pilot, lambda: shows(app, "intact, 4 entries"))
    yield "history"


async def draw(size: tuple[int, int]) -> dict[str, str]:
    service = AgentServiceSimulator()
    app = FrozenApp(service.client, now=lambda: datetime.fromisoformat(NOW))
    pictures = {}
    async with app.run_test(size=size) as pilot:
        async for name in walk(app, pilot, service):
            svg = _FONT_FACE.sub("", app.export_screenshot(title="Cairn"))
            svg = svg.replace("Fira Code", "Fira Code, DejaVu Sans Mono")
            pictures[f"{name}-{size[0]}x{size[1]}.svg"] = svg
    return pictures


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if a picture would change"
    )
    check = options.parse_args().check
    time.tzset()
    changed = []
    for size in SIZES:
        for name, svg in asyncio.run(draw(size)).items():
            path = OUT / name
            if not path.exists() or path.read_text(encoding="utf-8") != svg:
                changed.append(name)
                if not check:
                    OUT.mkdir(parents=True, exist_ok=True)
                    path.write_text(svg, encoding="utf-8")
    print("\n".join(changed) if changed else "no picture changed")
    return 1 if check and changed else 0


if __name__ == "__main__":
    sys.exit(main())

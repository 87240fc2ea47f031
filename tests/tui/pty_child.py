"""Run by `test_pty`: the real app on a real terminal.

``walk N``: on hostile data, through every screen by itself. ``locked``, ``unlocked``: waits for keys.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from datetime import datetime

from tests.simulators.agent_service import AgentServiceSimulator
from tests.simulators.agent_service_data import NOW
from tests.tui.hostile import STRINGS, Planter, hostile_service
from tests.tui.tour import Guide, Stop
from wallet_tui.app import CairnApp


class Walker(CairnApp):
    """Plays the keys of somebody who looks at everything (`tests.tui.tour`)."""

    walked = False

    def on_ready(self) -> None:
        self.run_worker(self._walk(), group="walk")

    async def _settle(self) -> None:
        """Until what is queued was handled and a frame was written to the terminal."""
        drawn = asyncio.Event()
        self.screen.call_after_refresh(drawn.set)
        # A screen that goes away in between takes its callback with it.
        with suppress(TimeoutError):
            await asyncio.wait_for(drawn.wait(), 1)
        await asyncio.sleep(0.005)

    async def _walk(self) -> None:
        while self.current_mode == "unlock":
            await self._settle()
        await Guide(self, self._settle, self._look).walk()
        self.walked = True
        self.exit()

    def _look(self, stop: Stop) -> None:
        if stop.name in {"credentials", "consent"}:  # toasts pile up, and each costs a layout
            self.notify(STRINGS[NUMBER], title=STRINGS[NUMBER], timeout=1)


HOW = sys.argv[1]
NUMBER = int(sys.argv[2]) if HOW == "walk" else 0

if __name__ == "__main__":
    clock = datetime.fromisoformat(NOW)
    if HOW == "walk":
        walker = Walker(hostile_service(Planter(*STRINGS, first=NUMBER)).client, now=lambda: clock)
        walker.run()
        if walker.walked and not walker.return_code:
            sys.stdout.write("WALKED\n")
        sys.exit(walker.return_code)
    plain = CairnApp(AgentServiceSimulator(unlocked=HOW == "unlocked").client, now=lambda: clock)
    plain.run()
    sys.exit(plain.return_code)

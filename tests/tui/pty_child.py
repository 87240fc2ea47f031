"""Run by `test_pty`: the real app on a real terminal.

``walk N``: on hostile data, through every screen by itself. ``locked``, ``unlocked``: waits for keys.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime
from math import inf

from textual import events

from tests.simulators.agent_service import AgentServiceSimulator
from tests.simulators.agent_service_data import NOW
from tests.tui.hostile import STRINGS, Planter, hostile_service
from wallet_tui.app import CairnApp
from wallet_tui.screens.consent import ConsentScreen
from wallet_tui.screens.offer import OfferScreen


class Walker(CairnApp):
    """Plays the keys of somebody who looks at everything."""

    walked = False

    def on_ready(self) -> None:
        self.run_worker(self._walk(), group="walk")

    async def _settle(self) -> None:
        """Until nothing is being asked and a few frames were drawn."""
        busy = {"watch", "walk", "status"}
        quiet = 0
        while quiet < 8:
            await asyncio.sleep(0.02)
            asking = any(worker.group not in busy and not worker.is_finished for worker in self.workers)
            quiet = 0 if asking else quiet + 1

    async def _walk(self) -> None:
        while self.current_mode == "unlock":
            await self._settle()
        for key in (
            "1",
            "enter",
            "j",
            "enter",
            "G",
            "escape",
            "2",
            "j",
            "3",
            "tab",
            "G",
            "escape",
            "4",
            "enter",
            "G",
            "escape",
        ):
            self.post_message(events.Key(key, key if len(key) == 1 else None))
            await self._settle()
        for screen in (OfferScreen(offer_id="offer-1"), ConsentScreen(request_id="req-1")):
            self.push_screen(screen)
            while screen._progress is not None or screen.listens_from == inf:
                await self._settle()
            for key in ("", "j", "space", *["pagedown"] * 4, "G", "S", "n", "question_mark", "escape"):
                await self._settle()
                if key:
                    self.post_message(events.Key(key, key if len(key) == 1 else None))
            self.notify(STRINGS[NUMBER], title=STRINGS[NUMBER])
            await self._settle()
            screen.dismiss(None)
            await self._settle()
        self.walked = True
        self.exit()


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

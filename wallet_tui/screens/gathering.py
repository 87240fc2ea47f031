"""An area with much to read: it reads again when something changed, and not for every event or closed dialog."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any

from textual.screen import Screen
from textual.timer import Timer

from agent.client import Event
from wallet_tui.screens.base import Area

GATHER_SECONDS = 0.1
BELIEVED_SECONDS = 60.0  # an event may have been missed


class GatheringArea(Area):
    """`read` is the reading itself; `load` notes that it was done."""

    def __init__(self) -> None:
        super().__init__()
        self.stale = True
        self._own_dialog = False
        self._read_at = 0.0
        self._soon: Timer | None = None

    def read(self) -> None:
        """Ask for all of it, in a worker."""

    def load(self) -> None:
        self.stale, self._read_at = False, monotonic()
        self.read()

    def came_back(self) -> None:
        """A dialog of our own changed nothing that we were not told: ten thousand are not read again for it."""
        own, self._own_dialog = self._own_dialog, False
        if not own or self.stale or monotonic() - self._read_at > BELIEVED_SECONDS:
            self.load()

    def open_dialog[T](self, screen: Screen[T], answered: Callable[[T | None], Any] | None = None) -> None:
        """Put a screen on top whose answer says all that it did."""
        self._own_dialog = True
        self.app.push_screen(screen, answered)

    def service_said(self, event: Event) -> None:
        """Several changes at once (a recheck of all, tags for many) are read once."""
        if event.name not in self.RELOAD_ON:
            return
        self.stale = True
        if self._soon is not None:
            self._soon.stop()
        self._soon = self.set_timer(GATHER_SECONDS, self._gathered)

    def _gathered(self) -> None:
        if self.is_current and self.cairn.connection.unlocked:
            self.load()

    def connection_changed(self) -> None:
        super().connection_changed()
        # What happened while the service was away was not told.
        self.stale = self.stale or self.cairn.connection.error is not None

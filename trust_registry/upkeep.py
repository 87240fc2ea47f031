"""What a serving process does beside answering: take up what was published, and publish what was bound.

A thread of its own, since files are compared with their hashes. Whatever goes wrong is said once, and what was
served before stays: the list then grows old, and every answer says how old.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType

from trust_registry.errors import TrustRegistryError
from trust_registry.registry import Registry, utc_now

LOOK_SECONDS = 2.0
PUBLISH_SECONDS = 30.0  # so that a results day of bindings is one publication and not a thousand
AT_ONCE = 500


class Upkeep:
    """``with Upkeep(…):`` while the registry is served; ``publishes``: one process of several does."""

    def __init__(self, registry: Registry, say: Callable[[str], None], *, publishes: bool) -> None:
        self._registry, self._say, self._publishes = registry, say, publishes
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)
        self._published = time.monotonic()
        self._told = ""

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            try:
                self._once()
                self._told = ""
            except TrustRegistryError as error:
                # Another process is publishing: look again later.
                if error.code not in {"busy", self._told}:
                    self._told = error.code
                    self._say(f"upkeep: {error.diagnostics()}")

    def _once(self) -> None:
        if not self._publishes:
            self._registry.take_up()
            return
        due = time.monotonic() - self._published >= PUBLISH_SECONDS
        if self._registry.upkeep(utc_now(), publish_from=1 if due else AT_ONCE):
            self._published = time.monotonic()

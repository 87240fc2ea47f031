"""Which DIDs are bound at all: what lists and exports go through.

Verifying every stored binding costs 0.2 ms each, so the list of DIDs is kept until a record is added. It only
says where to look: what is answered about a DID is read and verified anew.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime

from trust_registry.errors import BindingError
from trust_registry.facts import Binding
from trust_registry.resolve import latest_bindings
from trust_registry.store import Store

_ANY_TIME = datetime.max.replace(tzinfo=UTC)


class Roll:
    """Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._kept: tuple[int, tuple[str, ...]] | None = None

    def dids(self) -> tuple[str, ...]:
        """Every DID with a binding that counts (level 0 never does), sorted; `BindingError` if one is damaged."""
        number = self._store.last_number()
        with self._lock:
            if self._kept is None or self._kept[0] != number:
                stored = self._store.bindings()
                _intact(stored.intact)
                found = {binding.did for binding in latest_bindings(stored.bindings, _ANY_TIME)}
                self._kept = (number, tuple(sorted(found)))
            return self._kept[1]

    def bindings(self, did: str, now: datetime) -> tuple[Binding, ...]:
        """What counts of one DID, by institution and key, verified now."""
        stored = self._store.bindings(did)
        _intact(stored.intact)
        return tuple(sorted(latest_bindings(stored.bindings, now), key=lambda item: item.thumbprint))


def _intact(intact: bool) -> None:
    if not intact:
        raise BindingError("binding_not_authentic", "A stored binding does not verify.")

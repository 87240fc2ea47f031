"""Which DIDs are bound at all: what lists and exports go through."""

from __future__ import annotations

from datetime import datetime

from trust_registry.errors import BindingError
from trust_registry.facts import Binding
from trust_registry.registry import Registry
from trust_registry.resolve import counting, latest_bindings


class Roll:
    """Thread-safe. `BindingError` binding_not_authentic where a record that matters does not verify."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def dids(self) -> tuple[str, ...]:
        """Every DID with a binding that can count (level 0 never does), sorted."""
        found, intact = self._registry.live.dids(agreed=not self._registry.is_demo)
        _require(intact)
        return found

    def bindings(self, did: str, now: datetime) -> tuple[Binding, ...]:
        """What counts of one DID, by institution and key."""
        stored = self._registry.live.of_did(did)
        _require(stored.intact)
        known = counting(stored.bindings, demo=self._registry.is_demo)
        return tuple(sorted(latest_bindings(known, now), key=lambda item: item.thumbprint))


def _require(intact: bool) -> None:
    if not intact:
        raise BindingError("binding_not_authentic", "A stored binding does not verify.")

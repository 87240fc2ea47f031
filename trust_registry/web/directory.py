"""What the snapshot says beyond decisions, for searches, pages and recognitions of agencies.

Asks the snapshot that the registry serves at that moment, so another one is noticed at the next question.
"""

from __future__ import annotations

from urllib.parse import unquote

from trust_registry import search
from trust_registry.registry import Registry
from trust_registry.search import Page

_AGENCY = "urn:cairn:agency:"  # some sources name no address for an agency


class Directory:
    """Thread-safe."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def search(self, question: str, *, limit: int, offset: int) -> Page:
        return search.search(self._registry.snapshot, question, limit=limit, offset=offset)

    def successors(self, institution_id: str) -> list[tuple[str, str, str]]:
        """(successor's id, its first day, kind), oldest first."""
        steps = self._registry.snapshot.successors(institution_id)
        return [(step.successor, step.at.isoformat(), str(step.kind)) for step in steps]

    def agency_acronym(self, entity_id: str) -> str | None:
        """The one agency whose entry in the register has this address, or ``urn:cairn:agency:<acronym>``."""
        if entity_id.startswith(_AGENCY):
            return unquote(entity_id.removeprefix(_AGENCY))
        return self._registry.snapshot.agency_acronym(entity_id)

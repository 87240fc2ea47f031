"""What every adapter is, and what it gives: the one interface between sources and the history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from trust_registry.fact_json import Kind
from trust_registry.harvested import Ingested


@dataclass(frozen=True, slots=True)
class Progress:
    """``done`` of ``total`` parts of ``what``; ``total`` 0 when it is not known yet."""

    what: str
    done: int
    total: int


type Say = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Harvest:
    """All that a source says now.

    ``covers``: the kinds it speaks of; what is missing in another kind has not vanished.
    ``unfetched``: institutions and reports that the source lists but could not give (HTTP 500 on a single
    record): what is known of them stays, because a fetch error is never "not found".
    """

    found: Ingested
    covers: frozenset[Kind]
    unfetched: frozenset[tuple[Kind, str]] = field(default_factory=frozenset)


class Adapter(Protocol):
    """``origin`` names the source, without secrets; ``real``: fetched from its authority's own host."""

    @property
    def origin(self) -> str: ...

    @property
    def real(self) -> bool: ...

    def harvest(self, say: Say) -> Harvest:
        """Read everything; `IngestError` or `SourceUnreachable` when it cannot be read whole.

        What was fetched before a failure is kept, and the next call goes on from there.
        """

    def done(self) -> None:
        """The harvest is recorded: the next one asks the source again."""

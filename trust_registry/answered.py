"""What an asker answers with; apart from `trust_registry.asking`, which loads all that fetching takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from trust_registry.models import Decision


class Source(StrEnum):
    REGISTRY = "registry"
    COPY = "copy"


@dataclass(frozen=True, slots=True)
class Answered:
    """``as_of``: when the registry last vouched for what the answer rests on."""

    decision: Decision
    source: Source
    as_of: datetime
    unchecked: tuple[str, ...] = ()

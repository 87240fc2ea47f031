"""What was taken from a source: facts, where they are from, and what was set aside. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from trust_registry.facts import Agency, Faculty, Institution, Relation, Report, StatedVoiding


@dataclass(frozen=True, slots=True)
class Source:
    """One file as it was read; ``sha256`` over its bytes (of a paged listing: over its answers' hashes)."""

    file: str
    sha256: str
    retrieved_at: str
    licence: str
    rows: int
    url: str = ""
    etag: str = ""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """``key``: the id that the row claims, if it names one."""

    file: str
    row: int
    reason: str
    key: str = ""


@dataclass(slots=True)
class Ingested:
    institutions: dict[str, Institution] = field(default_factory=dict)
    relations: list[Relation] = field(default_factory=list)
    reports: dict[str, Report] = field(default_factory=dict)
    agencies: dict[str, Agency] = field(default_factory=dict)
    faculties: list[Faculty] = field(default_factory=list)
    voidings: list[StatedVoiding] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)

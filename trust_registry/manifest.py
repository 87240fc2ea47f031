"""What is said of a snapshot under signature (trust-registry.md section 3, "Snapshot"). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from trust_registry.errors import SnapshotError
from trust_registry.harvested import Source
from trust_registry.vocabulary import SnapshotKind

FACTS, BINDINGS = "facts.sqlite", "bindings.sqlite"  # what the files are called in the list
NEXT_UPDATE, LIFETIME = timedelta(hours=24), timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Manifest:
    """``iat`` is the age that the data may claim: when they were had from their source, not when built."""

    iss: str
    seq: int
    prev: str
    iat: int
    next_update: int
    exp: int
    schema: int
    kind: SnapshotKind
    db_sha256: str
    sources: tuple[dict[str, Any], ...]

    @classmethod
    def of(
        cls,
        *,
        iss: str,
        seq: int,
        prev: str,
        at: datetime,
        schema: int,
        kind: SnapshotKind,
        db_sha256: str,
        sources: Iterable[Source],
    ) -> Manifest:
        iat = int(at.timestamp())
        return cls(
            iss=iss,
            seq=seq,
            prev=prev,
            iat=iat,
            next_update=iat + int(NEXT_UPDATE.total_seconds()),
            exp=iat + int(LIFETIME.total_seconds()),
            schema=schema,
            kind=kind,
            db_sha256=db_sha256,
            sources=tuple(asdict(source) for source in sources),
        )

    @property
    def issued_at(self) -> datetime:
        return datetime.fromtimestamp(self.iat, UTC)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "kind": str(self.kind), "sources": list(self.sources)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Manifest:
        """`SnapshotError` not_authentic for what is none, whoever signed it."""
        try:
            found = cls(**{**data, "kind": SnapshotKind(data["kind"]), "sources": tuple(data["sources"])})
            for name in ("seq", "iat", "next_update", "exp", "schema"):
                if type(getattr(found, name)) is not int:
                    raise TypeError(name)
            for name in ("iss", "prev", "db_sha256"):
                if type(getattr(found, name)) is not str:
                    raise TypeError(name)
            datetime.fromtimestamp(found.iat, UTC)
            return found
        except (TypeError, ValueError, KeyError, OverflowError) as error:
            raise SnapshotError("manifest_not_authentic", "The snapshot's manifest is not one.") from error

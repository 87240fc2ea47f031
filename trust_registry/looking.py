"""Looking things up in the copy of a registry's list: institutions by name, what is bound, and how one stands.

Everything here rests on files that the registry signed and that were compared with their hashes. Answers are those
of `trust_registry.search` and `trust_registry.standing`, which the registry's own pages give. How old the list is
decides as it does everywhere: from one that is too old, `Look.resolve` says indeterminate.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from trust_registry import search
from trust_registry.bindings_file import BindingsFile
from trust_registry.copied import Copy
from trust_registry.dates import format_time
from trust_registry.errors import SnapshotError
from trust_registry.facts import Binding, Institution, SnapshotFacts
from trust_registry.gathering import gather
from trust_registry.keys import thumbprint
from trust_registry.manifest import Manifest
from trust_registry.models import Decision, Outcome, Query
from trust_registry.resolve import counting, resolve, snapshot_info
from trust_registry.search import Page
from trust_registry.snapshot import Snapshot
from trust_registry.standing import Standing, standing
from trust_registry.vocabulary import Reason, SnapshotKind

_ABOUT_THE_LIST = (
    Reason.SNAPSHOT_ROLLBACK,
    Reason.SNAPSHOT_DEMO,
    Reason.SNAPSHOT_STALE,
    Reason.SOURCE_UNCHECKED,
)


class Look:
    """One copy, as it was when it was asked for (`Asker.look`). A `trust_registry.standing.Source`.

    Blocks on its files, and may be used in any thread. Raises ``sqlite3.Error`` and the like for files that are signed
    and are no list: ask within `readable`. ``judged`` is the asker's own last word.
    """

    def __init__(
        self,
        copy: Copy,
        manifest: Manifest,
        snapshot: Snapshot,
        bindings: BindingsFile,
        *,
        about: SnapshotFacts,
        judged: Callable[[Decision], Decision],
    ) -> None:
        self._copy, self._manifest, self._bindings = copy, manifest, bindings
        self._about, self._judged = about, judged
        self._snapshot = snapshot

    @property
    def snapshot(self) -> Snapshot:
        return self._snapshot

    def snapshot_facts(self) -> SnapshotFacts:
        return self._about

    def bindings_of(self, institution_id: str) -> tuple[Binding, ...]:
        return self._bindings.of_institution(institution_id)

    def bindings_of_did(self, did: str) -> tuple[Binding, ...]:
        return self._bindings.of_did(did)

    def counts(self, binding: Binding) -> bool:
        """Outside a demonstration, what two operators agreed on and nothing else."""
        return bool(counting((binding,), demo=self._about.deployment is SnapshotKind.DEMO))

    def resolve(self, query: Query, *, now: datetime) -> Decision:
        known = counting(self._bindings.of_did(query.did), demo=self._about.deployment is SnapshotKind.DEMO)
        facts = gather(self.snapshot, self._about, known, query)
        return self._judged(resolve(facts, query, now=now))

    def search(self, question: str, *, limit: int) -> Page:
        """`QueryError` when there is nothing in the question to look for."""
        return search.search(self.snapshot, question, limit=limit)

    def institution(self, identifier: str) -> Institution | None:
        return self.snapshot.institution(identifier)

    def at_website(self, host: str) -> tuple[str, ...]:
        """Ids of institutions whose website names this host: a hint, and no binding."""
        return tuple(identifier for identifier, _ in self.snapshot.websites(host))

    def standing(self, identifier: str, *, now: datetime) -> Standing | None:
        """How an institution stands today; None when it is not on the list."""
        found = standing(self, identifier, at=now.date(), known_at=None, now=now)
        return None if found is None else replace(found, decision=self._judged(found.decision))

    def list_facts(self, now: datetime) -> dict[str, Any]:
        """Whose list it is, which one, how old, and what signed it."""
        manifest, copy = self._manifest, self._copy
        about = snapshot_info(self._about, now)
        return {
            "registry": manifest.iss,
            "seq": manifest.seq,
            "version": copy.version,
            "kind": str(manifest.kind),
            "sha256": manifest.db_sha256,
            "issued_at": format_time(manifest.issued_at),
            "signed_at": format_time(copy.signed_at),
            "checked_at": format_time(copy.checked_at),
            "age_seconds": about.age_seconds,
            "freshness": str(about.freshness),
            "signed_by": thumbprint(dict(copy.online_key)),
            "root_sha256": copy.root_sha256,
            "sources": [
                {name: str(one.get(name, "")) for name in ("file", "url", "retrieved_at", "licence")}
                for one in manifest.sources
            ],
        }

    def distrusted(self, now: datetime) -> str:
        """Why nothing can be said from this list about today, as a reason's word; empty when something can."""
        # Asked about nobody: what is left of the answer is about the list itself.
        nobody = Query(did="did:web:nobody.invalid", key=None, awarded_on=now.date())
        decision = self.resolve(nobody, now=now)
        if decision.outcome is not Outcome.INDETERMINATE:
            return ""
        found = (reason for reason in _ABOUT_THE_LIST if reason in decision.reasons)
        return str(next(found, Reason.SOURCE_UNCHECKED))


@contextmanager
def readable() -> Iterator[None]:
    """What a registry signed may still be no list: its files are read by nobody before they are asked."""
    try:
        yield
    except (sqlite3.Error, ValueError, KeyError, TypeError, IndexError, ArithmeticError) as error:
        raise SnapshotError("copy_unusable", "The registry's list cannot be read.") from error

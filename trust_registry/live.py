"""What is bound now: the published file of bindings, and what the store recorded since it was made.

A question costs one look into the file and one at a counter of the store. Records that are newer than the file
are verified once, when they are first met, and kept in memory until the next publication takes them in.
"""

from __future__ import annotations

import threading
from collections import defaultdict

from trust_registry.bindings_file import BindingsFile
from trust_registry.facts import Binding
from trust_registry.store import Store, StoredBindings


class LiveBindings:
    """Thread-safe. Raises `StoreUnreachable` while the store cannot say whether there is anything new."""

    def __init__(self, store: Store, published: BindingsFile) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._begin(published)

    def use(self, published: BindingsFile) -> None:
        """Another publication; questions under way keep the old one."""
        with self._lock:
            self._begin(published)

    @property
    def published(self) -> BindingsFile:
        return self._published

    def number(self) -> int:
        """Of the newest record there is; grows with every one."""
        with self._lock:
            self._look()
            return self._last

    def unpublished(self) -> int:
        """How many newer records there are than the file has."""
        return self.number() - self._published.last

    def of_did(self, did: str) -> StoredBindings:
        """Every record of one DID, oldest first; ``intact`` False: something newer than the file is forged."""
        with self._lock:
            self._look()
            published, newer, intact = self._published, tuple(self._by_did.get(did, ())), self._intact
        return StoredBindings((*published.of_did(did), *newer), intact)

    def of_institution(self, institution: str) -> StoredBindings:
        with self._lock:
            self._look()
            published, intact = self._published, self._intact
            newer = tuple(self._by_institution.get(institution, ()))
        return StoredBindings((*published.of_institution(institution), *newer), intact)

    def dids(self, *, agreed: bool) -> tuple[tuple[str, ...], bool]:
        """Every DID with a record that can count, sorted, and whether all are intact (see `BindingsFile.dids`)."""
        with self._lock:
            self._look()
            newer = {
                did
                for did, found in self._by_did.items()
                if any(one.level > 0 and (one.proposal or not agreed) for one in found)
            }
            if agreed not in self._dids:
                self._dids[agreed] = self._published.dids(agreed=agreed)
            known, intact = self._dids[agreed], self._intact
        return tuple(sorted({*known, *newer})) if newer else tuple(known), intact

    def _begin(self, published: BindingsFile) -> None:
        self._published, self._last, self._intact = published, published.last, True
        self._by_did = defaultdict[str, list[Binding]](list)
        self._by_institution = defaultdict[str, list[Binding]](list)
        self._dids: dict[bool, list[str]] = {}
        self._marker: object = None

    def _look(self) -> None:
        marker = self._store.changed_marker()
        if marker == self._marker:
            return
        self._last, found = self._store.bindings_after(self._last)
        for binding in found.bindings:
            self._by_did[binding.did].append(binding)
            self._by_institution[binding.institution_id].append(binding)
        self._intact = self._intact and found.intact
        self._marker = marker

"""One ingest from its beginning to its end: harvest, plan, refuse or record, snapshot.

The order makes it safe to kill at any point: the harvest is only a spool, the history's run is one
transaction, the snapshot is one rename. Killed between the last two, the old snapshot is served until the
next start of the registry or the next ingest builds the new one.
"""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from trust_registry.embedded import DATA
from trust_registry.errors import IngestError
from trust_registry.fact_json import Kind, flatten
from trust_registry.history import History
from trust_registry.ingest.plan import Plan, plan, refuse
from trust_registry.ingest.source import Adapter, Harvest, Say


@dataclass(frozen=True, slots=True)
class Prepared:
    """``refusal``: why this may not be recorded, or None."""

    harvest: Harvest
    plan: Plan
    refusal: IngestError | None


def prepare(home: Path, adapter: Adapter, *, accepted: Iterable[str] = (), say: Say) -> Prepared:
    """What an ingest would do; changes neither history nor snapshot."""
    harvest = adapter.harvest(say)
    if adapter.real:
        _not_the_sample(harvest)
    history = History.existing(home)
    try:
        before = history.held() if history else {}
        known = history.institutions() if history else {}
    finally:
        if history:
            history.close()
    found = plan(before, flatten(harvest.found, known), harvest, real=adapter.real)
    # What an operator stated is real, and makes nothing else so.
    holds_real = any(held.real for (kind, _), held in before.items() if kind is not Kind.VOIDING)
    try:
        refuse(found, harvest, accepted=accepted, real=adapter.real, holds_real=holds_real)
    except IngestError as error:
        return Prepared(harvest, found, error)
    return Prepared(harvest, found, None)


def ingest(
    home: Path,
    adapter: Adapter,
    *,
    accepted: Iterable[str] = (),
    clock: Callable[[], datetime],
    publish: Callable[[], None],
    say: Say,
) -> Prepared:
    """Record what the source says and make a snapshot of it; `IngestError` when it is refused.

    ``publish`` builds the snapshot from the history and makes it current.
    """
    with _alone(home):
        prepared = prepare(home, adapter, accepted=accepted, say=say)
        if prepared.refusal:
            raise prepared.refusal
        history = History(home / "history.db")
        try:
            history.record(
                prepared.plan.steps,
                prepared.harvest,
                origin=adapter.origin,
                real=adapter.real,
                now=clock(),
            )
        finally:
            history.close()
        adapter.done()
        publish()
        return prepared


def _not_the_sample(harvest: Harvest) -> None:
    """The sample that comes with the package is never production data, whoever says so."""
    shipped = {
        hashlib.sha256((DATA / "deqar" / name).read_bytes()).hexdigest()
        for name in ("deqar-institutions.csv", "deqar-agencies.csv")
    }
    if Kind.INSTITUTION in harvest.covers and any(one.sha256 in shipped for one in harvest.found.sources):
        raise IngestError("sample", "The sample that comes with this package is not production data.")


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """One ingest at a time; the lock goes with the process, however it ends."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "ingest.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise IngestError("busy", "Another ingest into this home is under way.") from error
        yield

"""Figures of the parts that do no I/O (and of the registry's `resolve`, whose only I/O is its own SQLite)."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from agent.core.attributes import check_attributes, to_attributes
from agent.core.planning import Plan, plan
from agent.core.profiles import profiles_met, validate
from agent.core.record import Learner, Record
from agent.core.templates import record_from_template
from issuer_profiles.loader import load_profile, load_template
from tests.unit.core_policy import builder
from trust_registry import bindings, keys
from trust_registry.models import Query
from trust_registry.registry import Registry
from trust_registry.vocabulary import SnapshotKind

SIZES = (10, 30, 100)
RECORDS = (100, 1000, 5000)
DIDS = (1, 100, 1000)
AT_LEAST = 20  # repeats, however long one takes
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
INSTITUTION = "DEQARINST7609"


@dataclass(frozen=True, slots=True)
class Times:
    """``p50`` and ``p95`` in seconds over ``repeats``."""

    p50: float
    p95: float
    repeats: int
    note: str = ""


def repeat(work: Callable[[], Any], seconds: float) -> Times:
    """At least `AT_LEAST` times, and then until ``seconds`` have passed; the first call is a warm-up."""
    work()
    spent: list[float] = []
    end = time.perf_counter() + seconds
    while len(spent) < AT_LEAST or time.perf_counter() < end:
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    spent.sort()
    return Times(spent[len(spent) // 2], spent[int(len(spent) * 0.95)], len(spent))


def planning(seconds: float) -> dict[int, Times]:
    """The smallest disclosure for 20 ECTS, from credentials of 1 to 8 ECTS, a quarter of which may not be used."""
    found = {}
    policy = builder.policy(whole={"min_credit": {"system": "ects", "value": "20"}})
    for size in SIZES:
        candidates = [
            builder.candidate(
                f"{number:03d}",
                ects_hundredths=str(100 + 100 * (number * 5 % 8)),
                awarded_on=str(20240101 + number % 28),
                outcome="assured_official" if number % 4 else "no_evidence",
            )
            for number in range(size)
        ]
        made = plan(policy, candidates, today=builder.TODAY)
        if isinstance(made, Plan):
            note = f"{len(made.items)} chosen" + ("" if made.exact else ", search cut short")
        else:
            note = "unsatisfiable"
        times = repeat(partial(plan, policy, candidates, today=builder.TODAY), seconds)
        found[size] = replace(times, note=note)
    return found


def records() -> dict[int, float]:
    """Records per second: parsed, held against the Council's list, and against their credential's attributes."""
    record = record_from_template(
        load_profile("munster-tu"),
        load_template("munster-tu", "sustainable-energy"),
        issuer_did="did:web:mtu.example",
        learner=Learner(given_name="Aoife", family_name="Byrne", birth_date=date(1999, 4, 2), id="R00123456"),
        awarded_on=date(2026, 6, 12),
        record_id="urn:uuid:00000000-0000-4000-8000-000000000000",
    )
    document = record.to_json()
    attributes = to_attributes(record, profiles_met=profiles_met(record))
    found = {}
    for size in RECORDS:
        start = time.perf_counter()
        for _ in range(size):
            read = Record.from_json(document)
            if check_attributes(read, attributes) or not validate(read):
                raise ValueError("the record does not fit its own attributes")
        found[size] = size / (time.perf_counter() - start)
    return found


def resolving(home: Path, seconds: float, sizes: Sequence[int] = DIDS) -> dict[int, Times]:
    """`Registry.resolve` in process, over a real home folder, with so many bound DIDs."""
    registry = Registry.open(home, did="did:web:registry.example", deployment=SnapshotKind.DEMO, now=NOW)
    found: dict[int, Times] = {}
    try:
        bound, jwk = 0, keys.jwk_from_raw(bytes(32))
        for size in sizes:
            for number in range(bound, size):
                bindings.bind(
                    registry.store,
                    registry.snapshot,
                    did=f"did:web:localhost%3A{10000 + number}",
                    jwk=jwk,
                    institution_id=INSTITUTION,
                    level=2,
                    valid_from=date(2021, 1, 1),
                    evidence="benchmark",
                    now=NOW,
                )
            bound = size
            query = Query(
                did="did:web:localhost%3A10000", key=keys.thumbprint(jwk), awarded_on=date(2026, 6, 12), eqf=6
            )
            outcome = registry.resolve(query, now=NOW).outcome
            times = repeat(partial(registry.resolve, query, now=NOW), seconds)
            found[size] = replace(times, note=str(outcome))
    finally:
        registry.close()
    return found

"""What is gathered for one question decides as all facts would; what is recorded later changes no earlier answer."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.trust_registry.samples import CIT, MTU, binding
from trust_registry import snapshot_tables
from trust_registry.content import FOREVER, Content, Known
from trust_registry.facts import (
    Agency,
    Binding,
    Closure,
    Facts,
    Faculty,
    Institution,
    Programme,
    Relation,
    Report,
    SnapshotFacts,
    Voiding,
)
from trust_registry.gathering import gather
from trust_registry.manifest import Manifest
from trust_registry.models import Query
from trust_registry.resolve import resolve
from trust_registry.snapshot import Snapshot, file_sha256
from trust_registry.vocabulary import (
    Activity,
    AwardKind,
    Cycle,
    Flag,
    RelationKind,
    ReportDecision,
    SnapshotKind,
    Status,
)

IDS = tuple(f"DEQARINST{number:04}" for number in range(6))
RUNS = tuple((number, datetime(2026, 1, number, tzinfo=UTC)) for number in (1, 2, 3))
NOW = datetime(2026, 1, 4, tzinfo=UTC)


def day(chance: random.Random) -> date:
    return date(2012, 1, 1) + timedelta(days=chance.randrange(4000))


def known(chance: random.Random, fact: Institution | Relation | Faculty | Report | Agency) -> Iterator[Known]:
    """The fact in one or two stretches of the three runs; where two, there is a gap between them."""
    since, until = sorted(chance.sample((1, 2, 3, FOREVER), 2))
    if chance.random() < 0.6:
        since, until = 1, FOREVER
    yield Known(fact, since, until)
    if until < 3 and chance.random() < 0.3:
        yield Known(fact, 3)


def report(chance: random.Random, number: int) -> Report:
    start = day(chance)
    institutional = chance.random() < 0.6
    programme = Programme(
        chance.choice(("Data", "data ", "Law")),
        chance.choice((None, Decimal(10))),
        chance.choice((None, False)),
    )
    return Report(
        id=str(number),
        institution_ids=tuple(chance.sample(IDS[:4], chance.choice((1, 1, 2)))),
        agency=chance.choice(("A", "B", "unknown")),
        activity=chance.choice((Activity.INSTITUTIONAL, Activity.BOTH))
        if institutional
        else Activity.PROGRAMME,
        status=chance.choice(list(Status)),
        decision=chance.choices(list(ReportDecision), weights=(8, 3, 1, 1))[0],
        valid_from=start,
        valid_to=start + timedelta(days=chance.randrange(2500)) if chance.random() < 0.7 else None,
        flag=chance.choices(list(Flag), weights=(9, 1, 1))[0],
        cycles=None if chance.random() < 0.1 else frozenset(chance.sample(list(Cycle), 2)),
        programme=None if institutional else programme,
    )


def world(chance: random.Random) -> list[Known]:
    facts: list[Institution | Relation | Faculty | Report | Agency] = [
        Institution(
            one,
            f"Institution {one}",
            tuple(chance.sample(("IE", "DE", "AT"), chance.randrange(3))),
            founded=date(2013, 1, 1) if chance.random() < 0.1 else None,
            closure=Closure(date(2021, 1, 1), date(2021, 6, 1)) if chance.random() < 0.2 else None,
            other_provider=chance.random() < 0.2,
        )
        for one in IDS
    ]
    for _ in range(chance.randrange(5)):
        before, after = chance.sample(IDS, 2)
        facts.append(Relation(before, after, day(chance), chance.choice(list(RelationKind))))
    for _ in range(chance.randrange(3)):
        part, whole = chance.choice(IDS), chance.choice(IDS)  # its own whole, now and then: real data have it
        facts.append(Faculty(whole, part, None, chance.choice((None, day(chance)))))
    facts += [report(chance, number) for number in range(chance.choice((0, 3, 12, 60)))]
    rows = [row for fact in facts for row in known(chance, fact)]
    for acronym in ("A", "B"):
        ends = chance.choice((None, date(2019, 1, 1)))
        rows += known(chance, Agency(acronym, acronym, ((date(2013, 1, 1), ends),)))
    return rows


VOIDINGS = (("B", Voiding(date(2015, 1, 1), date(2017, 1, 1), RUNS[1][1])),)


@contextmanager
def snapshot_of(rows: list[Known], runs: tuple[tuple[int, datetime], ...] = RUNS) -> Iterator[Snapshot]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "facts.sqlite"
        voidings = tuple(one for one in VOIDINGS if one[1].recorded_at <= runs[-1][1])
        snapshot_tables.write(
            path, Content(known=rows, runs=runs, voidings=voidings), SnapshotKind.PRODUCTION
        )
        manifest = Manifest.of(
            iss="did:web:registry.example",
            seq=1,
            prev="",
            at=NOW,
            schema=snapshot_tables.SCHEMA_VERSION,
            kind=SnapshotKind.PRODUCTION,
            db_sha256=file_sha256(path),
            sources=(),
        )
        opened = Snapshot(path, manifest)
        yield opened
        opened.close()


def about(snapshot: Snapshot) -> SnapshotFacts:
    kind = SnapshotKind.PRODUCTION
    return SnapshotFacts(1, NOW, kind, snapshot.manifest.db_sha256, kind)


def all_facts(snapshot: Snapshot, rows: list[Known], bindings: tuple[Binding, ...], query: Query) -> Facts:
    """What the pure decision would be given if nothing were left out."""
    run = snapshot.run_at(query.known_at)
    facts = [row.fact for row in rows if row.since <= run < row.until]
    agencies = [snapshot.agency(acronym, run) for acronym in ("A", "B")]
    return Facts(
        snapshot=about(snapshot),
        bindings=bindings,
        institutions=tuple(one for one in facts if isinstance(one, Institution)),
        relations=tuple(one for one in facts if isinstance(one, Relation)),
        faculties=tuple(one for one in facts if isinstance(one, Faculty)),
        reports=tuple(one for one in facts if isinstance(one, Report)),
        agencies=tuple(one for one in agencies if one is not None),
    )


def question(chance: random.Random) -> Query:
    return Query(
        did=MTU.did,
        key=MTU.thumbprint,
        awarded_on=day(chance) + timedelta(days=900),
        country=chance.choice((None, "IE", "FR")),
        eqf=chance.choice((None, 5, 6, 7)),
        award_kind=chance.choice(list(AwardKind)),
        programme=chance.choice((None, "Data", "Law")),
        known_at=chance.choice((None, *(at for _, at in RUNS), RUNS[0][1] - timedelta(days=1))),
    )


def asked(chance: random.Random) -> tuple[Query, tuple[Binding, ...]]:
    bound = (binding(MTU, chance.choice(IDS)), binding(CIT, IDS[0]))
    return question(chance), tuple(one for one in bound if one.did == MTU.did)


@given(st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_what_is_gathered_decides_as_all_facts_would(seed: int) -> None:
    chance = random.Random(seed)
    rows = world(chance)
    with snapshot_of(rows) as snapshot:
        for _ in range(12):
            query, bindings = asked(chance)
            found = resolve(gather(snapshot, about(snapshot), bindings, query), query, now=NOW)
            expected = resolve(all_facts(snapshot, rows, bindings, query), query, now=NOW)
            assert found == expected


@given(st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_what_is_recorded_later_changes_no_answer_as_known_before(seed: int) -> None:
    chance = random.Random(seed)
    rows = world(chance)
    second = RUNS[1][0]
    before = [Known(row.fact, row.since, row.until if row.until <= second else FOREVER) for row in rows]
    earlier = [row for row in before if row.since <= second]
    with snapshot_of(earlier, RUNS[:2]) as then, snapshot_of(rows) as now:
        for _ in range(12):
            query, bindings = asked(chance)
            known_at = chance.choice((RUNS[0][1], RUNS[1][1], RUNS[1][1] + timedelta(hours=5)))
            query = Query(**{name: getattr(query, name) for name in query.__slots__} | {"known_at": known_at})
            answers = [
                resolve(gather(one, about(then), bindings, query), query, now=NOW) for one in (then, now)
            ]
            assert answers[0] == answers[1]


def test_before_the_first_run_nothing_was_known() -> None:
    with snapshot_of(world(random.Random(1))) as snapshot:
        assert snapshot.run_at(RUNS[0][1] - timedelta(seconds=1)) == -1
        assert snapshot.institution(IDS[0], -1) is None
        assert snapshot.run_at(None) == snapshot.run_at(NOW) == 3

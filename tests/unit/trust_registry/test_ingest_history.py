"""What was known and when, refusals, and snapshots made of it."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.simulators.deqar import Deqar, Inst, Rep, programme, world
from tests.unit.trust_registry.samples import NOW
from trust_registry import embedded
from trust_registry.errors import IngestError
from trust_registry.fact_json import Kind, flatten, gather, institutions_about
from trust_registry.facts import Agency, Faculty, Identifier, Institution, StatedVoiding, Voiding
from trust_registry.harvested import Ingested
from trust_registry.history import History
from trust_registry.ingest.adapters import adapter_for
from trust_registry.ingest.fetch import Limits
from trust_registry.ingest.plan import Change
from trust_registry.ingest_run import Prepared, ingest, prepare
from trust_registry.registry import Registry
from trust_registry.vocabulary import SnapshotKind

DID = "did:web:localhost%3A8300"


@pytest.fixture
def deqar() -> Iterator[Deqar]:
    with world().serving() as simulator:
        yield simulator


class Home:
    """A registry's home, and an ingest into it every day from ``NOW`` on."""

    def __init__(self, folder: Path, deqar: Deqar) -> None:
        self.folder, self.deqar, self.now = folder, deqar, NOW

    def clock(self) -> datetime:
        return self.now

    def ingest(self, *accepted: str, way: str = "web", real: bool = True) -> Prepared:
        self.now += timedelta(days=1)
        base = f"{self.deqar.url}/static/daily-csv" if way == "csv" else self.deqar.url
        adapter = adapter_for(
            f"{way}:{base}",
            spool=self.folder / "spool",
            clock=self.clock,
            token="simulated-token-5f1c",
            real=real,
            limits=Limits(attempts=1),
        )
        return ingest(
            self.folder,
            adapter,
            accepted=accepted,
            clock=self.clock,
            publish=lambda: self.open(rebuild=True).close(),
            say=lambda _: None,
        )

    def open(self, *, rebuild: bool = False, refresh: bool = False) -> Registry:
        kind = SnapshotKind.PRODUCTION
        return Registry.open(
            self.folder, did=DID, deployment=kind, now=self.now, refresh=refresh, rebuild=rebuild
        )

    def seq(self) -> int:
        registry = self.open()
        registry.close()
        return registry.snapshot.manifest.seq

    def as_of(self, moment: datetime | None = None) -> Ingested:
        history = History(self.folder / "history.db")
        try:
            return history.as_of(moment)
        finally:
            history.close()

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        db = sqlite3.connect(self.folder / "history.db")
        try:
            return db.execute(sql).fetchall()
        finally:
            db.close()


@pytest.fixture
def home(tmp_path: Path, deqar: Deqar) -> Home:
    return Home(tmp_path / "home", deqar)


def changes(prepared: Prepared) -> dict[str, Change]:
    return {step.key: step.change for step in prepared.plan.steps}


# --- two times


def test_facts_as_known_at_an_earlier_time(home: Home, deqar: Deqar) -> None:
    home.ingest()
    first = home.now
    deqar.reports[0].decision = "negative"
    deqar.institutions.append(Inst(5000, "New College"))
    assert changes(home.ingest()) == {"11": Change.CHANGED, "DEQARINST5000": Change.ADDED}
    second = home.now
    deqar.reports.pop(0)
    assert changes(home.ingest("IE")) == {"11": Change.VANISHED}

    assert home.as_of(first).reports["11"].decision == "positive"
    assert "DEQARINST5000" not in home.as_of(first).institutions
    assert home.as_of(second - timedelta(seconds=1)).reports["11"].decision == "positive"
    assert home.as_of(second).reports["11"].decision == "negative"
    assert "11" not in home.as_of().reports
    assert home.as_of(first - timedelta(seconds=1)) == Ingested()
    assert home.rows(
        "SELECT recorded_from, recorded_to, valid_from, valid_to FROM facts WHERE key = '11'"
    ) == [
        ("2026-11-23T12:00:00Z", "2026-11-24T12:00:00Z", "2018-05-01", "2028-04-30"),
        ("2026-11-24T12:00:00Z", "2026-11-25T12:00:00Z", "2018-05-01", "2028-04-30"),
    ]


def test_what_comes_back_is_recorded_as_new(home: Home, deqar: Deqar) -> None:
    home.ingest()
    gone = deqar.reports.pop(1)
    home.ingest("DE")
    without = home.now
    deqar.reports.append(gone)
    assert changes(home.ingest()) == {"12": Change.ADDED}
    assert "12" not in home.as_of(without).reports
    assert "12" in home.as_of().reports


def test_the_history_is_append_only(home: Home) -> None:
    home.ingest()
    for sql in (
        "UPDATE lines SET body = '{}'",
        "DELETE FROM lines",
        "UPDATE runs SET at = ''",
        "DELETE FROM runs",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            home.rows(sql)


def test_a_clock_that_went_back_is_refused(home: Home) -> None:
    home.ingest()
    home.now -= timedelta(days=3)
    with pytest.raises(IngestError, match="clock_behind"):
        home.ingest()


def test_every_fact_survives_the_way_through_text() -> None:
    facts = embedded.load()
    voiding = Voiding(date(2020, 1, 1), None, datetime(2024, 1, 1, tzinfo=UTC))
    withdrawn = replace(voiding, withdrawn_at=datetime(2025, 1, 1, tzinfo=UTC))
    taken = (voiding, withdrawn)
    facts.agencies["X"] = Agency("X", "X", ((date(2015, 1, 1), None),), taken, frozenset({"IE"}))
    start, end = date(2020, 1, 1), date(2021, 1, 1)
    facts.faculties = [Faculty("A", "B"), Faculty("A", "B", start, end), Faculty("A", "B", end)]
    facts.voidings = [
        StatedVoiding("A Q", start, None, "https://x"),
        StatedVoiding("A", start, end, "https://x"),
    ]
    facts.institutions["I"] = Institution(
        "I", "I", names=("β", "α"), identifiers=(Identifier("R", "1"), Identifier("R", "1", start, end))
    )
    texts = flatten(facts, {})
    again = gather((kind, text.body) for (kind, _), text in texts.items())
    assert again.institutions == facts.institutions
    assert again.reports == facts.reports
    assert again.agencies == facts.agencies
    assert set(again.relations) == set(facts.relations)
    assert (again.faculties, again.voidings) == (facts.faculties, facts.voidings)
    assert flatten(again, {}) == texts
    assert texts[Kind.FACULTY, "A B 2020-01-01"].valid_to == end
    assert (Kind.VOIDING, "A Q 2020-01-01 -") in texts
    about = institutions_about(Kind.FACULTY, texts[Kind.FACULTY, "A B -"].body)
    assert (about, institutions_about(Kind.VOIDING, "{}")) == (("A", "B"), ())


def test_lines_of_before_a_member_was_kept_still_read() -> None:
    old = '{"closure":null,"countries":["IE"],"founded":null,"id":"I","name":"N","other_provider":false,"url":""}'
    agency = (
        '{"acronym":"A","name":"A","official_in":null,"registrations":[["2015-01-01",null]],"url":"",'
        '"voidings":[["2020-01-01",null,"2024-01-01T00:00:00Z"]]}'
    )
    found = gather(iter([(Kind.INSTITUTION, old), (Kind.AGENCY, agency)]))
    assert found.institutions["I"] == Institution("I", "N", ("IE",))
    assert found.agencies["A"].voidings == (
        Voiding(date(2020, 1, 1), None, datetime(2024, 1, 1, tzinfo=UTC)),
    )


def test_a_faculty_whose_record_breaks_is_kept(home: Home, deqar: Deqar) -> None:
    home.ingest()
    known = home.as_of().faculties
    assert len(known) == 2
    deqar.memberships = []
    deqar.broken.add("/webapi/v2/browse/institutions/2000/")  # part of the one, whole of the other
    assert home.ingest().plan.kept == 3
    assert home.as_of().faculties == known
    deqar.broken.clear()
    deqar.memberships = [(7609, 2000, "faculty", "2020-01-01", "")]
    assert home.ingest("IE").plan.counts()[Kind.FACULTY, "IE", Change.VANISHED] == 2
    assert home.as_of().faculties == [Faculty("DEQARINST7609", "DEQARINST2000", date(2020, 1, 1))]


def test_a_way_that_does_not_speak_of_faculties_leaves_them(home: Home) -> None:
    home.ingest()
    assert home.ingest("IE", way="csv").plan.counts()[Kind.FACULTY, "IE", Change.VANISHED] == 0
    assert len(home.as_of().faculties) == 2


# --- what does not count as gone, and what does


def test_a_broken_record_keeps_what_is_known(home: Home, deqar: Deqar) -> None:
    home.ingest()
    deqar.broken |= {"/webapi/v2/browse/institutions/71/", "/webapi/v2/browse/reports/12/"}
    found = home.ingest()
    assert found.plan.steps == ()
    assert found.plan.kept == 2
    assert {"DEQARINST0071"} <= set(home.as_of().institutions)
    assert "12" in home.as_of().reports


def test_a_record_that_cannot_be_read_does_not_keep_its_old_word(home: Home, deqar: Deqar) -> None:
    """An unknown decision may be a withdrawal: the positive one of yesterday must not stand."""
    home.ingest()
    deqar.reports[0].decision = "withdrawn"
    assert changes(home.ingest("IE")) == {"11": Change.QUARANTINED}
    assert "11" not in home.as_of().reports


def test_another_way_to_the_same_data_changes_nothing_else(home: Home) -> None:
    home.ingest()
    assert home.ingest(way="connect").plan.steps == ()
    assert len(home.as_of().reports) == 4  # the connect API does not speak of reports
    assert {one.file for one in home.as_of().sources} == {
        "agencies",
        "institutions",
        "reports",
        "flagged reports",
    }


# --- refusals


def test_five_percent_of_a_country_is_the_limit(home: Home, deqar: Deqar) -> None:
    home.ingest()
    before, seq = home.as_of(), home.seq()
    kept = list(deqar.institutions)
    assert sum("IE" in one.countries for one in kept) == 42
    deqar.institutions = kept[:-2]  # 4.8 % of Ireland
    assert len(home.ingest().plan.steps) == 2
    deqar.institutions = kept[:-5]  # 3 of the 40 that are left
    with pytest.raises(IngestError, match=r"IE: 3 of 40 institution facts") as caught:
        home.ingest()
    assert "--accept-loss IE" in caught.value.hint
    with pytest.raises(IngestError, match="lost_too_much"):
        home.ingest("DE")
    assert len(home.as_of().institutions) == len(before.institutions) - 2
    assert home.seq() == seq + 1
    assert len(home.ingest("IE").plan.steps) == 3


def test_a_country_in_several_counts_in_each(home: Home, deqar: Deqar) -> None:
    home.ingest()
    deqar.institutions = [one for one in deqar.institutions if one.id != 9869]
    with pytest.raises(IngestError, match="lost_too_much"):
        home.ingest("JO", "EG")
    home.ingest("JO", "EG", "OM")


def test_an_empty_source_is_refused(home: Home, deqar: Deqar) -> None:
    deqar.institutions, deqar.reports, deqar.relations = [], [], []
    with pytest.raises(IngestError, match="empty"):
        home.ingest("IE", "DE")
    assert not (home.folder / "history.db").exists()


def test_demo_data_do_not_replace_real_ones(home: Home) -> None:
    home.ingest()
    with pytest.raises(IngestError, match="demo_over_real"):
        home.ingest(real=False)


def test_the_shipped_sample_is_never_production_data(tmp_path: Path) -> None:
    sample = adapter_for(
        f"csv:{embedded.DATA / 'deqar'}", spool=tmp_path / "spool", clock=lambda: NOW, real=True
    )
    with pytest.raises(IngestError, match="sample"):
        prepare(tmp_path, sample, say=lambda _: None)


def test_two_ingests_at_once(home: Home) -> None:
    def inside() -> None:
        with pytest.raises(IngestError, match="busy"):
            home.ingest()

    adapter = adapter_for(f"csv:{embedded.DATA / 'deqar'}", spool=home.folder, clock=home.clock)
    ingest(home.folder, adapter, clock=home.clock, publish=inside, say=lambda _: None)


# --- snapshots


def test_a_snapshot_is_made_of_the_ingested_facts(home: Home, deqar: Deqar) -> None:
    home.ingest(real=False)
    registry = home.open()
    assert registry.snapshot.manifest.kind is SnapshotKind.DEMO
    assert registry.snapshot.institution("DEQARINST9700") is not None
    assert registry.snapshot.institution("DEQARINST0066") is None  # only in the embedded sample
    registry.close()
    # The same words, now from the authority: every fact is confirmed, and the snapshot is production.
    assert set(changes(home.ingest()).values()) == {Change.CONFIRMED}
    registry = home.open()
    assert registry.snapshot.manifest.kind is SnapshotKind.PRODUCTION
    assert registry.snapshot.quarantined() == 1
    registry.close()


def test_one_demo_fact_makes_it_a_demo(home: Home) -> None:
    home.ingest(real=False)
    home.ingest(way="connect")  # institutions are real now, reports and agencies are not
    registry = home.open()
    registry.close()
    assert registry.snapshot.manifest.kind is SnapshotKind.DEMO


def test_a_snapshot_is_as_old_as_its_data(home: Home) -> None:
    home.ingest()
    fetched = home.now
    home.now += timedelta(days=5)
    registry = home.open(refresh=True)
    assert registry.snapshot.manifest.issued_at == fetched  # time alone does not renew it
    registry.close()
    registry = home.open(rebuild=True)
    assert registry.snapshot.manifest.issued_at == fetched
    registry.close()


def test_a_home_without_ingest_serves_the_embedded_data(tmp_path: Path, deqar: Deqar) -> None:
    registry = Home(tmp_path, deqar).open(refresh=True)
    assert registry.snapshot.manifest.kind is SnapshotKind.DEMO
    assert registry.snapshot.institution("DEQARINST0066") is not None
    registry.close()
    assert not (tmp_path / "history.db").exists()


KILLED = """
import os, signal, sys
from pathlib import Path
from trust_registry import durable, ingest_run, history
from trust_registry.ingest.adapters import adapter_for
from trust_registry.registry import utc_now
from trust_registry.service import open_home

home, source, place = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
die = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
if place == "in the middle of the run":
    real, lines = history._line, []
    def counted(run, step):
        lines.append(step)
        return die() if len(lines) == 5 else real(run, step)
    history._line = counted
if place == "before the snapshot is current":
    write = durable.write
    durable.write = lambda path, data: die() if path.name == "timestamp.json" else write(path, data)
adapter = adapter_for(source, spool=home / "spool", clock=utc_now)
publish = die if place == "between history and snapshot" else lambda: open_home(home, rebuild=True).close()
ingest_run.ingest(home, adapter, clock=utc_now, publish=publish, say=lambda _: None)
"""


@pytest.mark.parametrize(
    ("place", "recorded"),
    [
        ("in the middle of the run", 0),
        ("between history and snapshot", 1),
        ("before the snapshot is current", 1),
        ("nowhere", 1),
    ],
)
def test_killed_at_any_point(home: Home, deqar: Deqar, place: str, recorded: int) -> None:
    """The old snapshot is there, whole; the next ingest makes the new one."""
    home.open().close()
    source = f"csv:{deqar.url}/static/daily-csv"
    command = [sys.executable, "-c", KILLED, str(home.folder), source, place]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == (0 if place == "nowhere" else -signal.SIGKILL), ended.stderr
    registry = home.open()
    is_new = registry.snapshot.institution("DEQARINST9700") is not None
    registry.close()
    assert is_new == (place == "nowhere")
    runs = home.rows("SELECT number FROM runs")
    assert len(runs) == recorded
    again = subprocess.run(
        [*command[:-1], "nowhere"], capture_output=True, text=True, timeout=60, check=False
    )
    assert again.returncode == 0, again.stderr
    registry = home.open()
    assert registry.snapshot.institution("DEQARINST9700") is not None
    registry.close()


def test_real_data_with_an_illustrative_report_are_refused(home: Home, deqar: Deqar, tmp_path: Path) -> None:
    for name in ("institutions", "agencies", "reports"):
        (tmp_path / f"deqar-{name}.csv").write_bytes(deqar.csv(name))
    with (tmp_path / "deqar-reports.csv").open("ab") as file:
        file.write((embedded.DATA / "reports-illustrative.csv").read_bytes().split(b"\n", 1)[1])
    for real in (False, True):
        adapter = adapter_for(f"csv:{tmp_path}", spool=tmp_path / "spool", clock=home.clock, real=real)
        found = prepare(home.folder, adapter, say=lambda _: None)
        assert (found.refusal.code if found.refusal else None) == ("illustrative" if real else None)


def test_reports_of_several_programmes_are_kept_when_their_record_breaks(home: Home, deqar: Deqar) -> None:
    several = (programme(5, "Law"), programme(6, "Data"))
    deqar.reports.append(Rep(16, (72,), activity="programme", agency="AAQ", programmes=several))
    home.ingest()
    deqar.broken.add("/webapi/v2/browse/reports/16/")
    assert home.ingest().plan.kept == 2
    assert {"16/5", "16/6"} <= set(home.as_of().reports)
    assert (Kind.REPORT, "16") not in flatten(home.as_of(), {})

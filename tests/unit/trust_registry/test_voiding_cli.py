"""``cairn-registry voiding``: stated, listed, withdrawn; two times on each, and no harvest takes it away."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from tests.unit.trust_registry.samples import NOW
from trust_registry import embedded
from trust_registry.cli_voiding import ORIGIN, Recorded, read_terms, recorded, register, state, take_back
from trust_registry.errors import IngestError, QueryError
from trust_registry.fact_json import Kind
from trust_registry.facts import StatedVoiding, Voiding
from trust_registry.history import History
from trust_registry.ingest.adapters import adapter_for
from trust_registry.ingest_run import Prepared, ingest
from trust_registry.vocabulary import SnapshotKind
from trust_registry.voiding import stated

SOURCE = "https://example.org/decisions/qqi"
START, END = date(2018, 1, 1), date(2018, 12, 31)
QQI = StatedVoiding("QQI", START, END, SOURCE)
FIRST = NOW + timedelta(days=1)
SECOND = NOW + timedelta(days=2)
TERMS = ("--agency", "QQI", "--from", "2018-01-01", "--to", "2018-12-31")


def ingest_sample(home: Path, moment: datetime) -> Prepared:
    adapter = adapter_for(f"csv:{embedded.DATA / 'deqar'}", spool=home / "spool", clock=lambda: moment)
    return ingest(home, adapter, clock=lambda: moment, publish=lambda: None, say=lambda _: None)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with the sample, ingested at NOW."""
    ingest_sample(tmp_path, NOW)
    return tmp_path


def call(*words: str | Path) -> Result:
    app = typer.Typer()
    register(app)
    app.command(name="other")(lambda: None)  # so that `voiding` is a subcommand, as in cairn-registry
    return CliRunner().invoke(app, ["voiding", *map(str, words)], env={"CAIRN_REGISTRY_HOME": ""})


def known(home: Path, moment: datetime | None = None) -> list[StatedVoiding]:
    history = History(home / "history.db")
    try:
        return history.as_of(moment).voidings
    finally:
        history.close()


def test_stated_and_withdrawn_with_both_times(home: Path) -> None:
    state(home, QQI, clock=lambda: FIRST)
    take_back(home, QQI, clock=lambda: SECOND)
    instant = timedelta(seconds=1)
    moments = (FIRST - instant, FIRST, SECOND - instant, SECOND)
    assert [known(home, moment) for moment in moments] == [[], [QQI], [QQI], []]
    assert recorded(home) == [
        Recorded("QQI", "2018-01-01", "2018-12-31", SOURCE, "2026-11-23T12:00:00Z", "2026-11-24T12:00:00Z")
    ]
    assert stated([(FIRST, QQI), (SECOND, None)]) == (Voiding(START, END, FIRST, SECOND),)
    state(home, QQI, clock=lambda: SECOND + instant)
    assert known(home) == [QQI]
    assert [one.withdrawn_at is None for one in recorded(home)] == [False, True]


def test_a_harvest_of_deqar_takes_no_statement_away(home: Path) -> None:
    state(home, QQI, clock=lambda: FIRST)
    assert ingest_sample(home, SECOND).plan.steps == ()
    assert known(home) == [QQI]


def test_a_statement_makes_nothing_real_and_nothing_a_demo(home: Path) -> None:
    """The sample is demo data: it stays so, and may still be ingested again."""
    state(home, QQI, clock=lambda: FIRST)
    history = History(home / "history.db")
    run, kind = history.runs()[-1], history.kind()
    history.close()
    assert (run.origin, run.covers, run.real) == (ORIGIN, {Kind.VOIDING}, True)
    assert kind is SnapshotKind.DEMO
    assert ingest_sample(home, SECOND).refusal is None


def test_what_may_not_be_stated(home: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(QueryError, match="unknown_agency"):
        state(home, StatedVoiding("Nobody", START, END, SOURCE), clock=lambda: FIRST)
    with pytest.raises(QueryError, match="not_stated"):
        take_back(home, QQI, clock=lambda: FIRST)
    state(home, QQI, clock=lambda: FIRST)
    with pytest.raises(QueryError, match="already_stated"):
        state(home, StatedVoiding("QQI", START, END, "https://example.org/other"), clock=lambda: SECOND)
    state(home, StatedVoiding("QQI", START, None, SOURCE), clock=lambda: SECOND)  # another period
    with pytest.raises(IngestError, match="clock_behind"):
        take_back(home, QQI, clock=lambda: FIRST)
    with pytest.raises(IngestError, match="no_ingest"):
        state(tmp_path_factory.mktemp("empty"), QQI, clock=lambda: FIRST)
    assert len(known(home)) == 2


@pytest.mark.parametrize(
    ("first", "last", "source"),
    [
        ("2018-01-01", "2017-12-31", SOURCE),
        ("2018", None, SOURCE),
        ("2018-01-01", "soon", SOURCE),
        ("2018-01-01", None, "http://example.org"),
        ("2018-01-01", None, "https://"),
        ("2018-01-01", None, "https://[bad"),
        ("2018-01-01", None, "https://user:word@example.org/x"),
        ("2018-01-01", None, "https://example.org/a b"),
        ("2018-01-01", None, "https://example.org/\x1b[31m"),
        ("2018-01-01", None, "https://example.org/" + "x" * 500),
        ("2018-01-01", None, ""),
    ],
)
def test_terms_that_are_refused(first: str, last: str | None, source: str) -> None:
    with pytest.raises(QueryError):
        read_terms("QQI", first, last, source)


def test_the_commands(tmp_path: Path) -> None:
    home = tmp_path
    ingest_sample(home, datetime(2024, 1, 1, tzinfo=UTC))  # the commands have the machine's own clock
    assert call("list", "--home", home).stdout == ""
    made = call("add", "--home", home, *TERMS, "--source", SOURCE)
    assert (made.exit_code, made.stdout) == (
        0,
        f"QQI is voided from 2018-01-01 to 2018-12-31, says {SOURCE}.\n",
    )
    again = call("add", "--home", home, *TERMS, "--source", SOURCE)
    assert (again.exit_code, "stated already" in again.stderr) == (2, True)
    shown = call("list", "--home", home)
    assert "QQI  2018-01-01 to 2018-12-31  recorded 20" in shown.stdout
    gone = call("withdraw", "--home", home, *TERMS, "--json")
    assert json.loads(gone.stdout) == {"agency": "QQI", "valid_from": "2018-01-01", "valid_to": "2018-12-31"}
    (listed,) = json.loads(call("list", "--home", home, "--json").stdout)["voidings"]
    assert listed["source"] == SOURCE
    assert listed["withdrawn_at"] > listed["recorded_at"]
    assert call("withdraw", "--home", home, *TERMS).exit_code == 2
    assert call("add", "--home", home, *TERMS, "--source", "ftp://x").exit_code == 2


def test_a_home_that_is_none_or_broken(tmp_path: Path) -> None:
    assert call("add", "--home", tmp_path, *TERMS, "--source", SOURCE).exit_code == 1
    assert recorded(tmp_path) == []
    assert not (tmp_path / "history.db").exists()
    (tmp_path / "history.db").write_bytes(b"no database" * 100)
    assert call("list", "--home", tmp_path).exit_code == 1

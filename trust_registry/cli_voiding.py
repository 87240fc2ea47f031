"""``cairn-registry voiding``: what EQAR took back of an agency's registration, as an operator read it there.

DEQAR's data show a voiding only by reading otherwise (`trust_registry.voiding`), and then not always: so an
operator may state one, with the address of EQAR's decision. It is a run of its own in the history, of origin
``operator``: so it has both times, no harvest speaks of it, and taking it back leaves what was known in between.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from trust_registry.cli_common import AsJson, HomeDir, run_or_exit, safe, say
from trust_registry.dates import parse_date
from trust_registry.errors import IngestError, QueryError
from trust_registry.fact_json import Kind, Place, voiding_key, voiding_text
from trust_registry.facts import StatedVoiding
from trust_registry.harvested import Ingested
from trust_registry.history import History
from trust_registry.ingest.plan import Change, Held, Step
from trust_registry.ingest.source import Harvest
from trust_registry.registry import utc_now
from trust_registry.service import open_home

ORIGIN = "operator"
_MAX_SOURCE_CHARS = 500
_RUN = Harvest(Ingested(), frozenset({Kind.VOIDING}))

voiding = typer.Typer(help="What EQAR took back of an agency's registration.", no_args_is_help=True)

AgencyName = Annotated[str, typer.Option(help="The agency's acronym, as in DEQAR.")]
From = Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD.")]
To = Annotated[str | None, typer.Option("--to", help="Last day, YYYY-MM-DD; left out: without end.")]


def register(app: typer.Typer) -> None:
    app.add_typer(voiding, name="voiding")


@dataclass(frozen=True, slots=True)
class Recorded:
    """A stated voiding with the times (RFC 3339) at which it was recorded and, if it was, withdrawn."""

    agency: str
    valid_from: str
    valid_to: str | None
    source: str
    recorded_at: str
    withdrawn_at: str | None


@voiding.command()
def add(
    *,
    home: HomeDir,
    agency: AgencyName,
    first: From,
    last: To = None,
    source: Annotated[str, typer.Option(help="https address of EQAR's decision.")],
    as_json: AsJson = False,
) -> None:
    """State that EQAR took an agency's inclusion back for reports that start in this period."""

    def make() -> StatedVoiding:
        one = read_terms(agency, first, last, source)
        state(home, one, clock=utc_now)
        return one

    made = run_or_exit(make)
    _show(made, f"{made.agency} is voided {_period(made)}, says {made.source}.", as_json)
    _publish(home)


@voiding.command(name="list")
def list_all(*, home: HomeDir, as_json: AsJson = False) -> None:
    """What operators stated, withdrawn or not, oldest first."""
    found = run_or_exit(lambda: recorded(home))
    if as_json:
        rows = [{name: getattr(one, name) for name in Recorded.__slots__} for one in found]
        typer.echo(json.dumps({"voidings": rows}, ensure_ascii=False))
        return
    for one in found:
        until = f", withdrawn {one.withdrawn_at}" if one.withdrawn_at else ""
        period = f"{one.valid_from} to {one.valid_to or 'no end'}"
        typer.echo(safe(f"{one.agency}  {period}  recorded {one.recorded_at}{until}  {one.source}"))
    say(f"{len(found)} voiding(s).")


@voiding.command()
def withdraw(
    *, home: HomeDir, agency: AgencyName, first: From, last: To = None, as_json: AsJson = False
) -> None:
    """Take a stated voiding back; what was known while it stood stays known for that time."""

    def make() -> StatedVoiding:
        one = read_terms(agency, first, last, None)
        take_back(home, one, clock=utc_now)
        return one

    made = run_or_exit(make)
    _show(made, f"{made.agency} is no longer said to be voided {_period(made)}.", as_json)
    _publish(home)


def _publish(home: Path) -> None:
    """A snapshot with it; a running service takes it up by itself."""
    run_or_exit(lambda: open_home(home, rebuild=True).close())
    say("A snapshot is made with it.")


def read_terms(agency: str, first: str, last: str | None, source: str | None) -> StatedVoiding:
    """`QueryError` for what is no period or no address. ``source`` None: it does not matter here."""
    start = parse_date(first, "--from")
    end = parse_date(last, "--to") if last is not None else None
    if end is not None and end < start:
        raise QueryError("bad_period", "--to is before --from.")
    if source is not None and not _usable(source):
        raise QueryError(
            "bad_source", f"--source is no https address of up to {_MAX_SOURCE_CHARS} characters."
        )
    return StatedVoiding(agency, start, end, source or "")


def state(home: Path, one: StatedVoiding, *, clock: Callable[[], datetime]) -> None:
    """Record it. `QueryError` for an agency that is not known here, or what is stated already."""

    def step(held: dict[Place, Held]) -> Step:
        if (Kind.AGENCY, one.agency) not in held:
            raise QueryError("unknown_agency", "No such agency was ever ingested here and is still listed.")
        if (Kind.VOIDING, voiding_key(one)) in held:
            raise QueryError("already_stated", "This voiding is stated already.", "See: voiding list")
        return Step(Change.ADDED, Kind.VOIDING, voiding_key(one), voiding_text(one), None)

    _record(home, step, clock)


def take_back(home: Path, one: StatedVoiding, *, clock: Callable[[], datetime]) -> None:
    """Record that it no longer stands. `QueryError` for one that does not."""

    def step(held: dict[Place, Held]) -> Step:
        before = held.get((Kind.VOIDING, voiding_key(one)))
        if before is None:
            raise QueryError("not_stated", "No such voiding stands.", "See: voiding list")
        return Step(Change.VANISHED, Kind.VOIDING, voiding_key(one), None, before.text)

    _record(home, step, clock)


def recorded(home: Path) -> list[Recorded]:
    """Every voiding that was ever stated here, in the order of recording."""
    path = home / "history.db"
    if not path.exists():
        return []
    sql = "SELECT body, recorded_from, recorded_to FROM facts WHERE kind = ? ORDER BY recorded_from, key"
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
            rows = db.execute(sql, (str(Kind.VOIDING),)).fetchall()
    except sqlite3.DatabaseError as error:
        raise IngestError("bad_history", "history.db in the registry's home cannot be read.") from error
    found = []
    for body, start, end in rows:
        one = json.loads(body)
        period = (one["valid_from"], one["valid_to"])
        found.append(Recorded(one["agency"], *period, one["source"], start, end))
    return found


def _record(home: Path, make: Callable[[dict[Place, Held]], Step], clock: Callable[[], datetime]) -> None:
    history = History.existing(home)
    if history is None:
        raise IngestError("no_ingest", "Nothing was ingested into this home.", "See: ingest --help")
    try:
        # An operator's word is as real as the source that it was read in; it makes no demo fact real.
        history.record([make(history.held())], _RUN, origin=ORIGIN, real=True, now=clock())
    finally:
        history.close()


def _usable(source: str) -> bool:
    try:
        parts = urlsplit(source)
        usable = parts.scheme == "https" and bool(parts.hostname) and parts.username is None
    except ValueError:
        return False
    return usable and len(source) <= _MAX_SOURCE_CHARS and source.isprintable() and " " not in source


def _period(one: StatedVoiding) -> str:
    return f"from {one.valid_from}" + (f" to {one.valid_to}" if one.valid_to else " on")


def _show(one: StatedVoiding, sentence: str, as_json: bool) -> None:
    members: dict[str, Any] = {
        "agency": one.agency,
        "valid_from": one.valid_from.isoformat(),
        "valid_to": _iso(one.valid_to),
    }
    typer.echo(json.dumps(members, ensure_ascii=False) if as_json else safe(sentence))


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None

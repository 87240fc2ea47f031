"""What the trust registry costs at full size, beside the bare libraries under it, in one run.

    python -m tests.bench.registry [--quick] [--write docs/benchmarks.md]

120,000 institutions, 500,000 reports and 120,000 bindings of `tests.bench.registry_data`; and a tenth and a hundredth
of that, for how the cost grows. HTTP is measured with wrk (Debian's package) on 64 connections, since a load
generator in Python would measure itself; without wrk on PATH that part says so and is left out. Nothing here is
a test: nothing fails on a time.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import psutil

from tests.bench import registry_data as data
from tests.bench import report
from tests.bench.registry_data import Size
from trust_registry import bindings_file
from trust_registry.fact_json import Kind, flatten
from trust_registry.facts import SnapshotFacts
from trust_registry.gathering import gather
from trust_registry.harvested import Ingested
from trust_registry.history import History
from trust_registry.ingest.plan import Change, Step
from trust_registry.ingest.source import Harvest
from trust_registry.manifest import BINDINGS, FACTS
from trust_registry.models import Query
from trust_registry.publication import Publication
from trust_registry.publishing import Repository, Target
from trust_registry.registry import Keys
from trust_registry.resolve import resolve
from trust_registry.search import search
from trust_registry.snapshot import Snapshot
from trust_registry.store import Store
from trust_registry.vocabulary import SnapshotKind

FULL = Size()
CONNECTIONS, SECONDS, WORKERS = 64, 10, 2
PORT, BARE_PORT = 18430, 18431
_SEARCHES = (
    "university of ka",
    "hochschule",
    "univ",
    "tech bo",
    "πανεπιστημιο",
    "университет ла",
    "université de sa",
    "academy",
    "politechnika me",
    "DEQARINST000500",
)


@dataclass
class Figures:
    machine: str = ""
    rows: dict[Size, dict[str, float]] = field(default_factory=dict)
    http: dict[str, tuple[float, float, float]] = field(default_factory=dict)  # what → per s, p50 ms, p99 ms
    workers: list[float] = field(default_factory=list)  # MiB each, unique set size
    left_out: str = ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.registry")
    parser.add_argument("--quick", action="store_true", help="a tenth of the data")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also replace the script's part of FILE")
    options = parser.parse_args()
    largest = FULL.times(0.1) if options.quick else FULL
    figures = Figures(
        machine=f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    )
    for factor in (0.01, 0.1, 1.0):
        size = largest.times(factor)
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            figures.rows[size] = _one_size(home, size)
            if size == largest:
                _serve(home, size, figures)
    text = markdown(figures)
    print(text, end="")
    if options.write is not None:
        report.write(text, options.write, "bench-registry")
    return 0


def _one_size(home: Path, size: Size) -> dict[str, float]:
    found: dict[str, float] = {}
    _say(f"{size.institutions:,} institutions: the history")
    found["history, once"] = _timed(lambda: _fill_history(home, size))
    _say("build")
    store = Store(home / "registry.db", Keys(home))
    publication = Publication(home, store)
    history = History(home / "history.db")
    now = datetime.now(UTC)
    build = _timed(
        lambda: publication.publish(
            history.content(),
            iss=f"did:web:localhost%3A{PORT}",
            seq=1,
            prev="",
            kind=SnapshotKind.PRODUCTION,
            at=now,
            now=now,
        )
    )
    history.close()
    found["build, s"] = build
    facts = publication.repository.current()[FACTS]
    found["file, MB"] = facts.length / 1e6
    with tempfile.TemporaryDirectory() as aside:
        copy = Path(aside) / "copy.sqlite"
        with closing(sqlite3.connect(facts.path)) as db:
            found["build, times VACUUM INTO"] = build / _timed(
                lambda: db.execute("VACUUM INTO ?", (str(copy),))
            )
    draft = home / "bindings.draft"
    # Numbers 0: the store has none of them, and whoever asks it for newer ones is told that there are none.
    bindings_file.write(draft, ((0, one) for one in data.bindings(size)))
    custom = {"format": bindings_file.FORMAT, "last": 0, "head": ""}
    bound = Target(BINDINGS, draft, custom)
    publication.repository.publish([Target(FACTS, facts.path, facts.custom), bound], now=now)
    store.close()
    current = publication.current()
    assert current is not None
    snapshot = current.snapshot()
    bindings = bindings_file.BindingsFile(current.bindings.path)
    about = SnapshotFacts(1, now, SnapshotKind.PRODUCTION, facts.sha256, SnapshotKind.PRODUCTION)
    _say("resolve")
    for name, numbers in (("any", range(size.bindings)), ("the largest institution", (data.LARGEST,))):
        times = _resolve_times(snapshot, bindings, about, numbers, now)
        found[f"resolve, {name}, p50 µs"], found[f"resolve, {name}, p99 µs"] = times
    found["the same three reads by bare sqlite3, p50 µs"] = _raw_reads(
        facts.path, current.bindings.path, size
    )
    _say("search")
    asked = [words for words in _SEARCHES for _ in range(30)]
    times = sorted(_timed(partial(search, snapshot, words, limit=20)) for words in asked)
    found["search, p50 ms"], found["search, p95 ms"] = _at(times, 0.5) * 1e3, _at(times, 0.95) * 1e3
    bare = sorted(_timed(partial(_bare_match, snapshot, words)) for words in asked)
    found["bare FTS5 MATCH, p95 ms"] = _at(bare, 0.95) * 1e3
    snapshot.close()
    bindings.close()
    return found


def _fill_history(home: Path, size: Size) -> None:
    """All of it in one run, as a first ingest leaves it."""
    found = Ingested()
    for known in data.content(size).known:
        match known.fact:
            case data.Institution() as one:
                found.institutions[one.id] = one
            case data.Report() as one:
                found.reports[one.id] = one
            case data.Agency() as one:
                found.agencies[one.acronym] = one
            case data.Relation() as one:
                found.relations.append(one)
    found.sources = list(data.content(size).sources)
    history = History(home / "history.db")
    steps = (Step(Change.ADDED, *place, text, None) for place, text in flatten(found, {}).items())
    harvest = Harvest(found, frozenset(Kind) - {Kind.VOIDING})
    history.record(steps, harvest, origin="synthetic", real=True, now=datetime(2026, 10, 1, tzinfo=UTC))
    history.close()


def _question(chance: random.Random, number: int, key: str) -> Query:
    day = date(2018, 1, 1) + timedelta(days=chance.randrange(2900))
    return Query(did=data.did(number), key=key, awarded_on=day, eqf=chance.randint(5, 8))


def _resolve_times(
    snapshot: Snapshot,
    bindings: bindings_file.BindingsFile,
    about: SnapshotFacts,
    numbers: Sequence[int],
    now: datetime,
) -> tuple[float, float]:
    """p50 and p99 in µs of 10,000 questions, each with its look into the published bindings."""
    chance, times = random.Random(5), []
    for place in range(11_000):
        number = chance.choice(numbers)
        query = _question(chance, number, bindings.of_did(data.did(number))[0].thumbprint)
        began = time.perf_counter()
        known = bindings.of_did(query.did)
        resolve(gather(snapshot, about, known, query), query, now=now)
        if place >= 1000:
            times.append(time.perf_counter() - began)
    times.sort()
    return _at(times, 0.5) * 1e6, _at(times, 0.99) * 1e6


def _raw_reads(facts: Path, bindings: Path, size: Size) -> float:
    """The rows that an answer rests on, read by sqlite3 and thrown away."""
    chance, times = random.Random(5), []
    with closing(sqlite3.connect(facts)) as first, closing(sqlite3.connect(bindings)) as second:
        for place in range(6000):
            number = chance.randrange(size.bindings)
            day = f"{chance.randint(2018, 2025)}-05-05"
            began = time.perf_counter()
            second.execute("SELECT * FROM bindings WHERE did = ?", (data.did(number),)).fetchall()
            identifier = data.institution_id(number)
            first.execute("SELECT * FROM institutions WHERE id = ?", (identifier,)).fetchall()
            first.execute(
                "SELECT r.* FROM cover c JOIN reports r ON r.number = c.report WHERE c.institution = ? AND c.scope = ''"
                " AND c.last_day >= ? AND c.valid_from <= ?",
                (identifier, day, day),
            ).fetchall()
            if place >= 1000:
                times.append(time.perf_counter() - began)
    times.sort()
    return _at(times, 0.5) * 1e6


def _bare_match(snapshot: Snapshot, asked: str) -> None:
    words = " ".join(f'"{word}"*' for word in asked.lower().split())
    snapshot.query("SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid LIMIT 20", words)


# --- HTTP


def _serve(home: Path, size: Size, figures: Figures) -> None:
    if shutil.which("wrk") is None:
        figures.left_out = "HTTP was not measured: there is no wrk on PATH."
        return
    _say("HTTP")
    command = ("-m", "trust_registry.cli", "serve", "--home", str(home), "--workers", str(WORKERS))
    address = ("--port", str(PORT))
    plenty = ("--loopback-rate", "1000000")
    server = subprocess.Popen(
        [sys.executable, *command, *address, *plenty], stderr=subprocess.PIPE, text=True
    )
    try:
        assert server.stderr is not None
        said = []
        for line in server.stderr:
            said.append(line)
            if " ready at " in line:
                break
        else:
            raise RuntimeError(f"The registry did not start: {' '.join(said)[-2000:]}")
        url = f"http://localhost:{PORT}"
        script = home / "ask.lua"
        script.write_text(_lua(home, size))
        _wrk(url, script)  # warm
        figures.http["/v1/resolve"] = _wrk(url, script)
        figures.workers = sorted(
            child.memory_full_info().uss / 2**20
            for child in psutil.Process(server.pid).children()
            if "spawn_main" in " ".join(child.cmdline())
        )
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)
    figures.http["the same server, one constant answer"] = _bare_server()


def _lua(home: Path, size: Size) -> str:
    """wrk's questions: 5,000 different ones in turn."""
    current = Repository(home).current()[BINDINGS]
    bindings = bindings_file.BindingsFile(current.path)
    chance, paths = random.Random(7), []
    for _ in range(5000):
        number = chance.randrange(size.bindings)
        query = _question(chance, number, bindings.of_did(data.did(number))[0].thumbprint)
        paths.append("/v1/resolve?" + urllib.parse.urlencode(query.to_params()))
    bindings.close()
    listed = ",".join(json.dumps(path) for path in paths)
    return (
        f"local paths = {{{listed}}}\nlocal n = 0\n"
        "request = function() n = n % #paths + 1; return wrk.format('GET', paths[n]) end\n"
    )


def _wrk(url: str, script: Path | None) -> tuple[float, float, float]:
    command = [
        "wrk",
        "-t1",
        f"-c{CONNECTIONS}",
        f"-d{SECONDS}s",
        "--latency",
        *(["-s", str(script)] if script else []),
    ]
    said = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said:
        raise RuntimeError(said)
    rate = float(re.search(r"Requests/sec:\s+([0-9.]+)", said)[1])  # type: ignore[index]
    return rate, *(_milliseconds(said, part) for part in ("50%", "99%"))


def _milliseconds(said: str, part: str) -> float:
    number, unit = re.search(rf"{re.escape(part)}\s+([0-9.]+)(us|ms|s)", said).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[unit]


_BARE = """
import asyncio, socket, sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
async def answer(request): return Response(b"x" * 1500, media_type="application/json")
app = Starlette(routes=[Route("/", answer)])
own = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
own.bind(("127.0.0.1", int(sys.argv[1])))
config = uvicorn.Config(app, http="httptools", access_log=False, log_level="warning", lifespan="off")
asyncio.run(uvicorn.Server(config).serve(sockets=[own]))
"""


def _bare_server() -> tuple[float, float, float]:
    """uvicorn and Starlette with as many processes, and nothing to think about."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "bare.py").write_text(_BARE)
        port = str(BARE_PORT)
        servers = [subprocess.Popen([sys.executable, "bare.py", port], cwd=folder) for _ in range(WORKERS)]
        try:
            time.sleep(4)
            return _wrk(f"http://127.0.0.1:{port}/", None)
        finally:
            for server in servers:
                server.send_signal(signal.SIGTERM)
                server.wait(20)


# --- words


def markdown(figures: Figures) -> str:
    names = list(next(iter(figures.rows.values())))
    head = ("", *(f"{size.institutions:,} institutions" for size in figures.rows))
    rows = [(name, *(f"{found[name]:.4g}" for found in figures.rows.values())) for name in names]
    parts = [
        f"{figures.machine}. Reports: {_each(size.reports for size in figures.rows)}; the largest institution has"
        f" {_each(size.largest for size in figures.rows)} of them; as many bindings as institutions.",
        report.table(head, rows),
    ]
    if figures.http:
        parts.append(
            report.table(
                (f"HTTP, {WORKERS} processes, {CONNECTIONS} connections", "per second", "p50, ms", "p99, ms"),
                [(what, *(f"{value:,.4g}" for value in found)) for what, found in figures.http.items()],
            )
        )
        used = ", ".join(f"{value:.0f}" for value in figures.workers)
        parts.append(f"Memory of each process after that (unique set size): {used} MiB.")
    return "\n\n".join([*parts, *([figures.left_out] if figures.left_out else [])]) + "\n"


def _each(values: Iterable[int]) -> str:
    return ", ".join(f"{value:,}" for value in values)


def _at(times: Sequence[float], share: float) -> float:
    return times[min(len(times) - 1, int(len(times) * share))]


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

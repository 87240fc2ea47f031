"""Whole commands on files: how long `cairn verify` and `cairn import` take, from start to end of their processes.

    python -m tests.bench.files [--rounds 7] [--badges 10 100 1000]

Real registry, learner's agent and ACA-Py. Verifying is measured alone (no agent, no registry known) and through the
agent that runs; beside it what any Python program pays: the interpreter, and the libraries that a verification cannot
do without (Typer for the command, PyLD and cryptography for the proof), imported and not used. With CAIRN_NPM also
one node process that verifies with `@digitalbazaar/vc`. Importing: a folder of different badges by one command; the
time in it that is verification alone is measured in this process. Nothing here asserts a time.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.cli.universe import MEMBERS, Universe
from agent.vc import badge as badges
from agent.vc.edition import badge_edition
from agent.vc.proofs import EDDSA_JCS, EDDSA_RDFC
from tests.bench.badges import node, signed
from tests.bench.report import table
from tests.unit.core_domain.builders import record
from tests.unit.vc.signing import DID, options, sign, verify

HOLDER = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
LIBRARIES = "import typer; from cryptography.hazmat.primitives.asymmetric import ed25519"
STARTED = datetime(2026, 1, 15, tzinfo=UTC)


def timed(work: Callable[[], Any], rounds: int) -> tuple[float, float]:
    """Median and worst of ``rounds``, after one that warms the file cache."""
    work()
    spent = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    return sorted(spent)[len(spent) // 2], max(spent)


def process(*arguments: str, root: Path, codes: tuple[int, ...] = (0, 1, 5)) -> Callable[[], Any]:
    def work() -> None:
        done = subprocess.run(
            [sys.executable, *arguments],
            env={**os.environ, "CAIRN_ROOT": str(root)},
            capture_output=True,
            check=False,
        )
        if done.returncode not in codes:
            raise RuntimeError(done.stderr.decode()[-2000:])

    return work


def one_of_many(number: int) -> dict[str, Any]:
    """A badge like those that we issue, whole record inside, each about another module."""
    plain = record(title={"en": f"Module {number}"}, id=f"urn:uuid:00000000-0000-4000-8000-{number:012d}")
    made = badge_edition(
        dataclasses.replace(plain, issuer=dataclasses.replace(plain.issuer, did=DID)), HOLDER
    )
    document = badges.to_badge(
        made, issuer_did=DID, credential_id=made.id, subject_id=HOLDER, valid_from=STARTED
    )
    return sign(document, options(EDDSA_RDFC))


def verifying(folder: Path, root: Path, rounds: int) -> list[tuple[str, ...]]:
    nowhere, rows = folder / "nowhere", []
    bare = timed(process("-c", "pass", root=nowhere), rounds)
    needed = timed(process("-c", LIBRARIES, root=nowhere), rounds)
    with_pyld = timed(process("-c", f"{LIBRARIES}; import pyld.jsonld", root=nowhere), rounds)
    rows += [
        ("Python alone", bare, needed),
        ("Typer and cryptography, imported", needed, needed),
        ("Typer, cryptography and PyLD, imported", with_pyld, needed),
    ]
    for suite in (EDDSA_JCS, EDDSA_RDFC):
        file = folder / f"{suite}.json"
        file.write_text(json.dumps(signed(suite, 1)))
        command = ("-m", "agent.cli.main", "verify", str(file))
        rows.append(
            (f"cairn verify, {suite}, no agent", timed(process(*command, root=nowhere), rounds), needed)
        )
        rows.append(
            (f"cairn verify, {suite}, by the agent", timed(process(*command, root=root), rounds), needed)
        )
    npm = os.environ.get("CAIRN_NPM")
    if npm:
        given = signed(EDDSA_RDFC, 1)
        found = timed(lambda: node(given, Path(npm), 0.0), max(rounds // 3, 1))
        rows.append((f"node with @digitalbazaar/vc, {EDDSA_RDFC}", found, needed))
    return [
        (name, f"{median:.2f}", f"{worst:.2f}", f"{median / base[0]:.1f}")
        for name, (median, worst), base in rows
    ]


async def importing(universe: Universe, folder: Path, sizes: list[int]) -> list[tuple[str, ...]]:
    rows, done = [], 0
    for size in sizes:
        batch = folder / f"batch-{size}"
        batch.mkdir()
        made = [one_of_many(done + number) for number in range(size)]
        done += size
        for number, document in enumerate(made):
            (batch / f"{number}.json").write_text(json.dumps(document))
        start = time.perf_counter()
        for document in made:
            verify(document)
        alone = time.perf_counter() - start
        start = time.perf_counter()
        command = process("-m", "agent.cli.main", "import", str(batch), root=universe.root, codes=(0,))
        await asyncio.to_thread(command)
        spent = time.perf_counter() - start
        rows.append(
            (str(size), f"{spent:.1f}", f"{spent / size * 1e3:.1f}", f"{alone:.1f}", f"{spent / alone:.1f}")
        )
    return rows


async def measure(rounds: int, sizes: list[int]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        members = tuple(member for member in MEMBERS if member.id == "learner")
        universe = Universe(folder / "root", members=members)
        try:
            await universe.start_registry()
            await universe.start_agents()
            found = await asyncio.to_thread(verifying, folder, universe.root, rounds)
            head = ("one file, whole process, s", "p50", "worst", "times Typer and cryptography")
            print(table(head, found), end="\n\n")
            imported = await importing(universe, folder, sizes)
            print(table(("badges imported", "s", "ms each", "verification alone, s", "times that"), imported))
        finally:
            await universe.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description="How long whole commands on files take.")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--badges", type=int, nargs="+", default=[10, 100, 1000])
    chosen = parser.parse_args()
    asyncio.run(measure(chosen.rounds, chosen.badges))


if __name__ == "__main__":
    main()

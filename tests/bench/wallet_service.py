"""A real agent service whose vault was filled by hand: what the wallet is measured against."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from agent.core.attributes import to_attributes
from agent.core.profiles import profiles_met
from agent.core.record import Learner, text
from agent.core.templates import record_from_template
from agent.core.verdict import Check, Result
from agent.services.holding import CREDENTIAL
from agent.services.views import party
from agent.settings import Role, create_home
from agent.store.vault import Document, Put, Vault
from issuer_profiles.loader import load_profile, load_template

PASSPHRASE = "correct horse battery staple"
STARTED = datetime(2026, 1, 15, tzinfo=UTC)
BATCH = 500
START_SECONDS = 60.0
_TEMPLATES = (
    ("munster-tu", "sustainable-energy"),
    ("munster-tu", "data-literacy"),
    ("fh-joanneum", "human-machine-interaction"),
    ("dcu", "data-analytics-at-work"),
)


def filled_home(home: Path, count: int) -> None:
    """A learner's folder with ``count`` credentials in its vault."""
    create_home(
        home, name="Aoife Byrne", roles=frozenset({Role.HOLDER}), registry_url="http://127.0.0.1:9", demo=True
    )
    asyncio.run(_fill(home / "vault.db", count))


async def _fill(path: Path, count: int) -> None:
    vault = await Vault.create(path, PASSPHRASE)
    try:
        puts = [Put(CREDENTIAL, f"{number:032x}", credential(number)) for number in range(count)]
        for start in range(0, count, BATCH):
            await vault.put(*puts[start : start + BATCH])
    finally:
        await vault.close()


def credential(number: int) -> Document:
    """As `agent.services.holding` keeps one."""
    profile, template = _TEMPLATES[number % len(_TEMPLATES)]
    did = f"did:web:{profile}.example"
    made = record_from_template(
        load_profile(profile),
        load_template(profile, template),
        issuer_did=did,
        learner=Learner(given_name="Aoife", family_name="Byrne", id="R1"),
        awarded_on=date(2026, 1, 1) - timedelta(days=number % 3000),
        record_id=f"urn:uuid:{number}",
    )
    record: dict[str, Any] = made.to_json()
    record["title"] = {"en": f"{text(made.title)} {number}"}
    result = (Result.PASS, Result.PASS, Result.PASS, Result.UNKNOWN, Result.FAIL)[number % 5]
    reason = "" if result is Result.PASS else "bench"
    checks = [
        Check("signature", "Signature", Result.PASS, detail="AnonCreds signature holds"),
        Check(
            "status", "Status", result, reason, "not revoked" if result is Result.PASS else "for the figures"
        ),
        Check("institution", "Institution listed", Result.PASS, detail="listed"),
    ]
    stamp = (STARTED + timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "id": f"{number:032x}",
        "referent": f"{number:032x}",
        "record": record,
        "issuer": party(did, text(made.issuer.name)),
        "issuer_key": "z",
        "attributes": to_attributes(made, profiles_met=profiles_met(made)),
        "schema_id": "schema",
        "cred_def_id": f"{did}/cred-def",
        "rev_reg_id": "list",
        "cred_rev_id": str(number),
        "received_at": stamp,
        "checked_at": stamp,
        "checks": [check.to_json() for check in checks],
    }


@contextmanager
def service(home: Path) -> Iterator[int]:
    """The agent service of ``home``, locked; answers its process id. It ends with the block."""
    log = (home / "bench.log").open("ab")
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "agent.acapy.launcher", str(os.getpid())),
            *("agent.cli.main", "agent", "run", "--home", str(home)),
        ],
        stdout=log,
        stderr=log,
    )
    try:
        _until_it_answers(home, process)
        yield process.pid
    finally:
        process.terminate()
        process.wait(60)
        log.close()


def _until_it_answers(home: Path, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            found = json.loads((home / "service.json").read_text())
            if found["pid"] == process.pid:
                token = (home / "token").read_text().strip()
                httpx.get(f"{found['admin_url']}/v1/status", headers={"authorization": f"Bearer {token}"})
                return
        except (OSError, ValueError, KeyError, httpx.HTTPError):
            pass
        time.sleep(0.05)
    raise SystemExit(f"the agent service of the benchmark does not start; see {home / 'bench.log'}")

"""The real process on the loopback: ready line, service.json, remembered port, clean stop."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.unit.trust_registry.samples import MTU, MTU_ID

SECONDS = 30.0
COMMAND = (sys.executable, "-W", "error", "-m", "trust_registry.cli")


@contextmanager
def serving(home: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A registry that said it is ready, stopped at the end if the test has not done so."""
    command = (*COMMAND, "serve", "--home", str(home), *options)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        # A process that says nothing is killed, which ends the reading below.
        late = threading.Timer(SECONDS, process.kill)
        late.start()
        try:
            said = ""
            for line in process.stderr:
                said += line
                if "ready at http://localhost:" in line:
                    break
            late.cancel()
            assert "ready at" in said, said
            yield process, json.loads((home / "service.json").read_text())
        finally:
            late.cancel()
            if process.poll() is None:
                process.kill()


def stop(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> str:
    """Everything it still wrote to stderr; it must have ended well."""
    process.send_signal(number)
    _, narration = process.communicate(timeout=SECONDS)
    assert process.returncode == 0
    return narration


def test_a_day_in_its_life(tmp_path: Path) -> None:
    home = tmp_path / "registry"
    with serving(home, "--demo") as (process, service):
        assert service["pid"] == process.pid
        url, did = service["url"], service["did"]
        with httpx.Client(base_url=url, timeout=SECONDS) as http:
            assert http.get("/.well-known/did.json").json()["id"] == did
            # The registry's own DID document serves as one to fetch a key from.
            bound = subprocess.run(
                (
                    *COMMAND,
                    "bind",
                    "--home",
                    str(home),
                    "--did",
                    did,
                    "--key-from-did",
                    "--institution",
                    MTU_ID,
                    "--level",
                    "2",
                    "--valid-from",
                    "2021-01-01",
                    "--note",
                    "test",
                    "--json",
                ),
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=True,
            )
            key = json.loads(bound.stdout)["thumbprint"]
            # A binding made beside the running service counts at once.
            params = {"did": did, "key": key, "awarded_on": "2024-05-01"}
            assert http.get("/v1/resolve", params=params).json()["outcome"] == "assured_official"
            token = (home / "token").read_text().strip()
            body = {
                "did": MTU.did,
                "jwk": MTU.jwk,
                "institution_id": MTU_ID,
                "level": 1,
                "valid_from": "2021-01-01",
                "evidence": "MARKER-VALUE",
            }
            headers = {"authorization": f"Bearer {token}"}
            assert http.post("/v1/admin/bindings", json=body, headers=headers).status_code == 201
            assert (
                http.get("/v1/resolve", params={"did": "MARKER-VALUE", "awarded_on": "x"}).status_code == 400
            )
        narration = stop(process)
        assert "MARKER-VALUE" not in narration
        assert token not in narration
    assert json.loads((home / "service.json").read_text())["pid"] is None

    # The same port and DID again, and what was bound is still bound.
    with serving(home, "--demo") as (process, again):
        assert (again["url"], again["did"]) == (url, did)
        answer = httpx.get(f"{url}/v1/resolve", params=params, timeout=SECONDS).json()
        assert answer["outcome"] == "assured_official"
        stop(process)

    with serving(home) as (process, again):
        assert (again["url"], again["did"]) == (url, did)
        answer = httpx.get(f"{url}/v1/resolve", params=params, timeout=SECONDS).json()
        assert answer["reasons"] == ["did_not_bound"]  # bound by one person, for the demonstration
        stop(process, signal.SIGINT)


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = (*COMMAND, "serve", "--home", str(tmp_path), "--port", str(taken.getsockname()[1]))
        ended = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert ended.returncode == 1
    assert "cannot be used" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "service.json").exists()


def test_off_the_loopback_it_needs_its_public_address(tmp_path: Path) -> None:
    command = (*COMMAND, "serve", "--home", str(tmp_path), "--host", "0.0.0.0")
    ended = subprocess.run(
        command, capture_output=True, text=True, timeout=SECONDS, check=False, env=os.environ
    )
    assert ended.returncode == 1
    assert "public URL" in ended.stderr

"""The real process on the loopback: ready line, service.json, remembered port, clean stop."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from tests.unit.trust_registry.samples import MTU, MTU_ID
from trust_registry.errors import TrustRegistryError
from trust_registry.service import serve
from trust_registry.vocabulary import SnapshotKind
from trust_registry.web.limits import LIMITS

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


def limited_after(url: str, forwarded: Callable[[int], str], *, most: int) -> int | None:
    """How many questions were answered before one was refused; None when all were."""
    with httpx.Client(base_url=url, timeout=SECONDS) as http:
        for number in range(most):
            answer = http.get("/v1/schemas", headers={"x-forwarded-for": forwarded(number)})
            if answer.status_code == 429:
                return number
            assert answer.status_code == 200
    return None


def test_nobody_takes_another_name_by_a_header(tmp_path: Path) -> None:
    """A stranger's bucket is smaller than loopback's: were the header believed, these would be too many."""
    with serving(tmp_path / "registry", "--demo") as (process, service):
        assert limited_after(service["url"], lambda _: "203.0.113.9", most=LIMITS.loopback_burst // 2) is None
        stop(process)


def test_a_named_proxy_says_who_asks(tmp_path: Path) -> None:
    options = ("--demo", "--trusted-proxy", "127.0.0.1", "--trusted-proxy", "192.0.2.0/24")
    with serving(tmp_path / "registry", *options) as (process, service):
        # What the asker wrote stands before what the proxies added, and counts for nothing.
        reached = limited_after(
            service["url"], lambda n: f"203.0.113.{n % 250}, 198.51.100.1, 192.0.2.7", most=10_000
        )
        assert reached is not None
        assert reached >= LIMITS.burst
        assert limited_after(service["url"], lambda _: "198.51.100.2, 192.0.2.7", most=1) is None
        stop(process)


@pytest.mark.parametrize("named", ["*", "localhost", "127.0.0.1,*", "127.0.0.1/8", "", "/"])
def test_a_proxy_is_named_by_its_address(tmp_path: Path, named: str) -> None:
    with pytest.raises(TrustRegistryError) as caught:
        serve(
            tmp_path,
            host="127.0.0.1",
            port=0,
            public_url=None,
            deployment=SnapshotKind.DEMO,
            say=lambda _: None,
            trusted_proxies=(named,),
        )
    assert caught.value.code == "bad_proxy"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "head", [b"GET /v1/status HTTP/1.1\r\nX: ", b"GET /v1/status?", b"GET /v1/status HTTP/1.1\r\n"]
)
def test_a_head_that_never_ends_is_cut_off(tmp_path: Path, head: bytes) -> None:
    with serving(tmp_path / "registry", "--demo") as (process, service):
        address = ("127.0.0.1", urlsplit(service["url"]).port or 0)
        with socket.create_connection(address, timeout=SECONDS) as connection:
            sent, line = 0, (b"a" * 1000 if not head.endswith(b"\r\n") else b"X-%d: a\r\n" * 100)
            connection.sendall(head)
            with contextlib.suppress(ConnectionError):
                while sent < 4 * 1024 * 1024:
                    connection.sendall(line)
                    sent += len(line)
            assert sent < 4 * 1024 * 1024
        # Several whole requests on one connection are fine, however much they add up to.
        with httpx.Client(base_url=service["url"], timeout=SECONDS) as http:
            for _ in range(100):
                assert http.get("/v1/status", headers={"x-padding": "a" * 4000}).status_code == 200
        stop(process)


def running(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The workers; multiprocessing has a process of its own beside them. One that was killed has no command line."""
    found = []
    for child in psutil.Process(process.pid).children():
        with contextlib.suppress(psutil.ZombieProcess, psutil.NoSuchProcess):
            if "spawn_main" in " ".join(child.cmdline()):
                found.append(child)
    return found


def test_several_workers_answer_and_a_killed_one_is_replaced(tmp_path: Path) -> None:
    home = tmp_path / "registry"
    with serving(home, "--demo", "--workers", "2") as (process, service):
        workers = running(process)
        assert len(workers) == 2
        workers[0].kill()
        params = {"did": MTU.did, "awarded_on": "2024-05-01"}
        with httpx.Client(base_url=service["url"], timeout=SECONDS) as http:
            token = (home / "token").read_text().strip()
            body = {
                "did": MTU.did,
                "jwk": MTU.jwk,
                "institution_id": MTU_ID,
                "level": 1,
                "valid_from": "2021-01-01",
                "evidence": "test",
            }
            made = http.post("/v1/admin/bindings", json=body, headers={"authorization": f"Bearer {token}"})
            assert made.status_code == 201
        # Whichever of them is asked, at once.
        for _ in range(20):
            assert (
                httpx.get(f"{service['url']}/v1/resolve", params=params).json()["outcome"]
                == "assured_official"
            )
        deadline = time.monotonic() + SECONDS
        found: list[psutil.Process] = []
        while len(found) < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
            found = [child for child in running(process) if child.pid != workers[0].pid]
        assert len(found) == 2
        assert "another takes its place" in stop(process)
    assert not any(psutil.pid_exists(child.pid) for child in workers)
    assert json.loads((home / "service.json").read_text())["pid"] is None

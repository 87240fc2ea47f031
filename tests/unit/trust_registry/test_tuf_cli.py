"""``cairn-registry keys`` and ``snapshot``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from tests.unit.trust_registry import tuf_host
from tests.unit.trust_registry.tuf_host import Host, World, content
from trust_registry import cli_keys
from trust_registry.keyring import KeyRing
from trust_registry.registry import utc_now

LAST = {"bindings": 5}


@pytest.fixture
def host() -> Iterator[Host]:
    with tuf_host.serving() as running:
        yield running


@pytest.fixture
def world(tmp_path: Path, host: Host) -> World:
    made = World(tmp_path, host)
    made.publish("one", now=utc_now())  # the commands have no other clock
    return made


def run(*arguments: str | Path) -> Result:
    app = typer.Typer(pretty_exceptions_enable=False)
    cli_keys.register(app, lambda home: LAST)
    return CliRunner().invoke(app, [str(one) for one in arguments])


def test_rotate_and_list(world: World) -> None:
    secret = (world.home / "key").read_text().strip()
    old = KeyRing.open(world.home).jwk
    made = run("keys", "rotate", "--home", world.home, "--overlap-days", "7")
    assert made.exit_code == 0, made.output
    listed = run("keys", "list", "--home", world.home, "--json")
    found = json.loads(listed.stdout)
    assert found["current"] == made.stdout.strip()
    assert [one["jwk"] for one in found["retired"]] == [old]
    assert found["retired"][0]["limits"] == LAST
    assert len(found["in_did_document"]) == 2
    assert found["root"]["version"] == 2
    people = run("keys", "list", "--home", world.home)
    assert "believed up to" in people.stdout
    new = (world.home / "key").read_text().strip()
    for output in (made.output, listed.output, people.output):
        assert secret not in output
        assert new not in output


def test_a_new_home_has_keys_and_no_root(tmp_path: Path) -> None:
    assert "none yet" in run("keys", "list", "--home", tmp_path / "new").stdout
    assert run("keys", "rotate", "--home", tmp_path / "new", "--overlap-days", "0").exit_code == 0


def test_rotation_without_the_root_key_changes_nothing(world: World) -> None:
    old = KeyRing.open(world.home).jwk
    (world.home / "root-key").unlink()
    made = run("keys", "rotate", "--home", world.home, "--overlap-days", "7")
    assert made.exit_code == 2
    assert "CAIRN_REGISTRY_ROOT_KEY_FILE" in made.stderr
    assert KeyRing.open(world.home).jwk == old
    assert run("keys", "renew-root", "--home", world.home).exit_code == 2


def test_the_root_is_rotated_and_renewed(world: World) -> None:
    before = (world.home / "root-key").read_text()
    assert run("keys", "rotate-root", "--home", world.home).exit_code == 0
    assert (world.home / "root-key").read_text() != before
    assert run("keys", "renew-root", "--home", world.home).exit_code == 0
    assert json.loads(run("keys", "list", "--home", world.home, "--json").stdout)["root"]["version"] == 3


def test_verify_here_and_there(world: World) -> None:
    here = json.loads(run("snapshot", "verify", "--home", world.home, "--json").stdout)
    pin = run("snapshot", "root", "--home", world.home).stdout.strip()
    there = run("snapshot", "verify", "--url", world.host.url, "--root-sha256", pin, "--json")
    assert json.loads(there.stdout) == here
    assert here["root_sha256"] == pin
    assert set(here["files"]) == {"facts.sqlite", "notes.txt"}
    assert "facts.sqlite" in run("snapshot", "verify", "--home", world.home).stdout


def test_verify_says_what_does_not_hold(world: World, tmp_path: Path) -> None:
    assert run("snapshot", "verify").exit_code == 2
    assert run("snapshot", "verify", "--home", world.home, "--url", world.host.url).exit_code == 2
    assert run("snapshot", "verify", "--home", tmp_path / "new").exit_code == 2
    wrong = run("snapshot", "verify", "--url", world.host.url, "--root-sha256", "0" * 64)
    assert wrong.exit_code == 1
    assert "not the pinned one" in wrong.stderr
    assert run("snapshot", "verify", "--url", "http://localhost:1").exit_code == 3
    assert run("snapshot", "verify", "--url", "http://[::1").exit_code == 2
    assert run("snapshot", "verify", "--url", "http://registry.example").exit_code == 2
    path = world.repository.current()["facts.sqlite"].path
    path.unlink()
    path.write_bytes(b"x")
    assert run("snapshot", "verify", "--home", world.home).exit_code == 1


def test_verify_says_when_its_time_is_over(tmp_path: Path, host: Host) -> None:
    old = World(tmp_path, host)
    old.publish("one", now=utc_now().replace(year=2020))
    made = run("snapshot", "verify", "--home", old.home)
    assert made.exit_code == 1
    assert "time is over" in made.stderr


def test_fetch_makes_a_copy_and_brings_it_up_to_date(world: World) -> None:
    fetch = ("snapshot", "fetch", "--url", world.host.url, "--to", world.folder / "copy")
    assert run(*fetch).exit_code == 0
    assert content(world.client()) == "one"
    world.publish("two", now=utc_now())
    assert json.loads(run(*fetch, "--json").stdout)["files"]["facts.sqlite"]["length"] == 3000
    assert content(world.client()) == "two"
    world.host.folder = world.folder / "nowhere"
    assert run(*fetch).exit_code == 3
    assert content(world.client()) == "two"

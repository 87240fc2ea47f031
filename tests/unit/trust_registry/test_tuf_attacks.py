"""The client against a host in an attacker's hands: older, other and held-back lists, tampering, stolen keys."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from tuf.api.metadata import Metadata, Targets, Timestamp

from tests.unit.trust_registry import tuf_host
from tests.unit.trust_registry.samples import NOW
from tests.unit.trust_registry.tuf_host import Host, World, content, refused, rotate, send, stored
from trust_registry import tuf_roles
from trust_registry.keyring import KeyRing
from trust_registry.signing import RegistryKey

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def host() -> Iterator[Host]:
    with tuf_host.serving() as running:
        yield running


@pytest.fixture
def world(tmp_path: Path, host: Host) -> World:
    made = World(tmp_path, host)
    made.publish("one")
    return made


# --- lists that are older, other, or held back


def test_rollback(world: World) -> None:
    copy = world.client()
    older = world.keep("older")
    world.publish("two", now=NOW + HOUR)
    copy.sync(now=NOW + HOUR)
    world.host.folder = older
    assert refused(copy, NOW + 2 * HOUR) == "snapshot_rollback"
    assert refused(world.client(), NOW + 2 * HOUR) == "snapshot_rollback"  # also after a restart
    # A power cut, or a hand, took what python-tuf remembers; current.json still knows.
    for role in ("timestamp", "snapshot", "targets"):
        (world.folder / "copy" / "metadata" / f"{role}.json").write_bytes(b"")
    assert refused(world.client(), NOW + 2 * HOUR) == "snapshot_rollback"


def fork(world: World, name: str, text: str) -> Path:
    """Another publication by the same keys, with the versions of the current one."""
    twin = World(world.folder / name, Host(0))
    twin.folder.mkdir()
    twin.home.mkdir()
    for file in ("key", "keys.json", "root-key"):
        (twin.home / file).write_bytes((world.home / file).read_bytes())
    twin.publish(text)
    return twin.home / "tuf"


def test_equivocation(world: World) -> None:
    """Two lists with one version, both properly signed: python-tuf would keep the first without a word."""
    copy = world.client()
    copy.sync(now=NOW)
    twin = fork(world, "twin", "two")
    ours, theirs = (
        Metadata[Timestamp].from_file(str(stored(one, "timestamp"))) for one in (world.home / "tuf", twin)
    )
    assert ours.signed.version == theirs.signed.version
    world.host.folder = twin
    assert refused(copy, NOW + HOUR) == "snapshot_equivocation"
    for role in ("timestamp", "snapshot", "targets"):
        (world.folder / "copy" / "metadata" / f"{role}.json").unlink()
    assert refused(copy, NOW + HOUR) == "snapshot_equivocation"


def test_equivocation_below_a_newer_timestamp(world: World) -> None:
    """The timestamp is newer, the snapshot it names has an old version and another content."""
    copy = world.client()
    copy.sync(now=NOW)
    twin = fork(world, "twin", "two")
    key = KeyRing.open(world.home).current
    path = stored(twin, "snapshot")
    snapshot = tuf_roles.parse_snapshot(path.read_bytes())
    later = tuf_roles.make_timestamp(snapshot, path.read_bytes(), after=None, now=NOW + HOUR)
    stored(twin, "timestamp").write_bytes(tuf_roles.sign(later, key))
    world.host.folder = twin
    assert refused(copy, NOW + HOUR) == "snapshot_equivocation"


def test_frozen(world: World) -> None:
    copy = world.client()
    copy.sync(now=NOW)
    assert not copy.sync(now=NOW + 30 * DAY - HOUR).changed
    assert refused(copy, NOW + 30 * DAY) == "snapshot_frozen"  # whatever this machine's own clock says
    assert refused(world.client("another"), NOW + 30 * DAY) == "snapshot_frozen"
    world.publish("two", now=NOW + 31 * DAY)
    copy.sync(now=NOW + 31 * DAY)
    assert content(copy) == "two"


def test_the_callers_time_counts_and_not_the_machines(tmp_path: Path, host: Host) -> None:
    """Both ways: the private attribute of python-tuf that carries it is still there, and still means it."""
    for year in (2001, 2090):
        world = World(tmp_path / str(year), host)
        world.folder.mkdir()
        then = NOW.replace(year=year)
        world.publish("one", now=then)
        copy = world.client()
        copy.sync(now=then + HOUR)
        assert content(copy) == "one"
        assert refused(copy, then + 31 * DAY) == "snapshot_frozen"


def test_an_expired_root(world: World) -> None:
    copy = world.client()
    copy.sync(now=NOW)
    (world.home / "root-key").rename(world.folder / "offline")
    late = NOW + 366 * DAY
    world.publish("two", now=late)
    assert refused(copy, late) == "snapshot_frozen"
    (world.folder / "offline").rename(world.home / "root-key")
    world.repository.renew_root(now=late)
    copy.sync(now=late)
    assert content(copy) == "two"


def test_a_list_signed_in_the_future(world: World) -> None:
    copy = world.client()
    copy.sync(now=NOW)
    world.publish("two", now=NOW + DAY)
    assert refused(copy, NOW + DAY - timedelta(minutes=6)) == "snapshot_from_future"
    copy.sync(now=NOW + DAY - timedelta(minutes=5))
    assert content(copy) == "two"


# --- tampering


def test_a_tampered_file(world: World) -> None:
    path = world.repository.current()["facts.sqlite"].path
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[:-3] + b"two")
    assert refused(world.client(), NOW) == "not_authentic"
    assert not list((world.folder / "copy" / "files").iterdir())


def test_a_truncated_file_that_says_it_is_whole(world: World) -> None:
    path = world.repository.current()["facts.sqlite"].path
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[:1000])
    assert refused(world.client(), NOW) == "not_authentic"


@pytest.mark.parametrize("role", ["targets", "snapshot", "timestamp"])
def test_tampered_metadata(world: World, role: str) -> None:
    copy = world.client()
    copy.sync(now=NOW)
    world.publish("two", now=NOW + HOUR)
    version = Metadata[Any].from_file(str(world.home / "tuf" / "metadata" / "timestamp.json")).signed.version
    name = "timestamp.json" if role == "timestamp" else f"{version}.{role}.json"
    path = world.home / "tuf" / "metadata" / name
    data = path.read_bytes()
    later = data.replace(b'"expires":"2026', b'"expires":"2099')
    assert later != data
    for changed in (later, data[:-1], later + b" "):
        path.write_bytes(changed)
        assert refused(copy, NOW + HOUR) == "not_authentic"


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[" * 15_000, b"\xff\xfe", b"null", b'{"signed": 1, "signatures": []}']
)
@pytest.mark.parametrize("name", ["1.root.json", "2.root.json", "timestamp.json"])
def test_metadata_that_are_none(world: World, name: str, body: bytes) -> None:
    world.host.attacks[name] = lambda request: send(request, 200, body)
    expected = "not_authentic" if name == "timestamp.json" else "wrong_root"
    assert refused(world.client(), NOW) == expected


def test_a_timestamp_that_does_not_say_when_it_was_signed(world: World) -> None:
    path = stored(world.home / "tuf", "timestamp")
    for number, iat in enumerate((None, "1", True, 10**30)):
        stamp = tuf_roles.parse_timestamp(path.read_bytes())
        stamp.unrecognized_fields = {} if iat is None else {"iat": iat}
        path.write_bytes(tuf_roles.sign(stamp, KeyRing.open(world.home).current))
        assert refused(world.client(str(number)), NOW) == "not_authentic"


@pytest.mark.parametrize(
    "edit",
    [
        {"../../evil": {"length": 1, "hashes": {"sha256": "0" * 64}, "custom": {}}},
        {"a": {"length": 1, "hashes": {"sha256": "../../../evil"}, "custom": {}}},
        {"a": {"length": 1, "hashes": {"md5": "0" * 32}, "custom": {}}},
        {"a": {"length": 1, "hashes": {"sha512": "0" * 128, "sha256": "0" * 64}, "custom": {}}},
        {"a": {"length": 2**50, "hashes": {"sha256": "0" * 64}, "custom": {}}},
        {"a": {"length": 1, "hashes": {"sha256": "0" * 64}}},
        {f"a{number}": {"length": 1, "hashes": {"sha256": "0" * 64}, "custom": {}} for number in range(65)},
    ],
)
def test_lists_of_files_that_cannot_be_used_even_if_signed(world: World, edit: dict[str, Any]) -> None:
    folder, key = world.home / "tuf", KeyRing.open(world.home).current
    stamp = tuf_roles.parse_timestamp(stored(folder, "timestamp").read_bytes())
    data = json.loads(stored(folder, "targets").read_bytes())["signed"] | {"targets": edit}
    targets = Targets.from_dict(data)
    signed = tuf_roles.sign(targets, key)
    stored(folder, "targets").write_bytes(signed)
    snapshot = tuf_roles.make_snapshot(targets, signed, after=None, now=NOW)
    signed = tuf_roles.sign(snapshot, key)
    stored(folder, "snapshot").write_bytes(signed)
    stamp = tuf_roles.make_timestamp(snapshot, signed, after=None, now=NOW)
    stored(folder, "timestamp").write_bytes(tuf_roles.sign(stamp, key))
    assert refused(world.client(), NOW) == "bad_target"


# --- stolen keys


def test_the_thief_of_a_retired_key_is_refused(world: World) -> None:
    """He serves the newest roots with a list of his own, signed with the key that has retired."""
    copy = world.client()
    copy.sync(now=NOW)
    stolen = KeyRing.open(world.home).current
    rotate(world, NOW + DAY)
    copy.sync(now=NOW + DAY)
    forge(world, stolen, NOW + 2 * DAY)
    assert refused(copy, NOW + 2 * DAY) == "not_authentic"
    assert refused(world.client("new"), NOW + 2 * DAY) == "not_authentic"


def forge(world: World, key: RegistryKey, now: datetime) -> None:
    folder = world.keep(f"forged-{now.timestamp()}")
    data = b"forged"
    item = tuf_roles.Listed("facts.sqlite", hashlib.sha256(data).hexdigest(), len(data), {})
    (folder / "targets" / item.stored_name).write_bytes(data)
    targets = tuf_roles.make_targets([item], after=None, now=now)
    signed = tuf_roles.sign(targets, key)
    (folder / "metadata" / f"{targets.version}.targets.json").write_bytes(signed)
    snapshot = tuf_roles.make_snapshot(targets, signed, after=None, now=now)
    signed = tuf_roles.sign(snapshot, key)
    (folder / "metadata" / f"{snapshot.version}.snapshot.json").write_bytes(signed)
    stamp = tuf_roles.make_timestamp(snapshot, signed, after=None, now=now)
    (folder / "metadata" / "timestamp.json").write_bytes(tuf_roles.sign(stamp, key))
    world.host.folder = folder


def test_a_thief_who_signed_far_ahead_does_not_lock_the_clients_out(world: World) -> None:
    """Fast-forward, TUF 5.3.11: after the rotation the honest versions count again, although they are lower."""
    copy = world.client()
    copy.sync(now=NOW)
    forge(world, KeyRing.open(world.home).current, NOW + timedelta(minutes=4))
    forged = copy.sync(now=NOW + timedelta(minutes=4))
    world.host.folder = world.home / "tuf"
    assert refused(copy, NOW + timedelta(minutes=5)) == "snapshot_rollback"
    rotate(world, NOW + timedelta(minutes=1))
    mended = copy.sync(now=NOW + timedelta(minutes=6))
    assert mended.copy.version < forged.copy.version
    assert content(copy) == "one"


def test_a_question_in_the_middle_of_a_rotation_is_asked_again(world: World) -> None:
    """The client hears that there is no newer root, then gets a timestamp by the new key."""
    copy = world.client()
    copy.sync(now=NOW)
    rotate(world, NOW + HOUR)

    def not_yet(request: BaseHTTPRequestHandler) -> None:
        del world.host.attacks["2.root.json"]
        send(request, 404, b"{}")

    world.host.attacks["2.root.json"] = not_yet
    copy.sync(now=NOW + HOUR)
    assert len(world.host.statuses("timestamp.json")) == 3
    assert content(copy) == "one"

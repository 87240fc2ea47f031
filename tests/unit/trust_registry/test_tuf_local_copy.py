"""The client against a real HTTP server that is honest, broken, or in an attacker's hands."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from tuf.api.metadata import Metadata, Targets, Timestamp

from tests.unit.trust_registry import tuf_host
from tests.unit.trust_registry.samples import NOW
from tests.unit.trust_registry.tuf_host import Host, World, content, each_kill, send
from trust_registry import cli_keys, durable, tuf_roles
from trust_registry.errors import QueryError, SnapshotError, TrustRegistryError
from trust_registry.keyring import KeyRing
from trust_registry.local_copy import LocalCopy
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


def rotate(world: World, now: datetime) -> KeyRing:
    return cli_keys.rotate_online(world.home, limits=lambda _: {}, overlap=timedelta(0), now=now)


def refused(copy: LocalCopy, now: datetime) -> str:
    """The code of the refusal; what was there before is there still."""
    before = _said(copy)
    with pytest.raises(TrustRegistryError) as error:
        copy.sync(now=now)
    assert _said(copy) == before
    return error.value.code


def _said(copy: LocalCopy) -> str | None:
    return content(copy) if copy.current() is not None else None


def stored(folder: Path, role: str) -> Path:
    (path,) = (folder / "metadata").glob(f"*{role}.json")
    return path


# --- the good path


def test_first_contact_then_nothing_new_then_something(world: World) -> None:
    copy = world.client()
    assert copy.current() is None
    first = copy.sync(now=NOW + HOUR)
    assert first.changed
    assert (first.copy.signed_at, first.copy.checked_at) == (NOW, NOW + HOUR)
    assert first.copy.files["facts.sqlite"].custom == {"seq": 1, "kind": "demo"}
    assert first.copy.root_sha256 == world.repository.root_sha256()
    assert content(copy) == "one"

    world.host.asked.clear()
    same = copy.sync(now=NOW + 2 * HOUR)
    assert not same.changed
    assert same.copy.checked_at == NOW + 2 * HOUR
    assert world.host.asked == [("2.root.json", 404), ("timestamp.json", 304)]

    world.publish("two", now=NOW + 3 * HOUR)
    world.host.asked.clear()
    assert copy.sync(now=NOW + 3 * HOUR).changed
    assert content(copy) == "two"
    assert not [name for name, _ in world.host.asked if name.endswith("notes.txt")]  # had it already
    assert len(list((world.folder / "copy" / "files").iterdir())) == 2


def test_renewed_without_new_files(world: World) -> None:
    copy = world.client()
    copy.sync(now=NOW)
    world.repository.renew(NOW + DAY)
    again = copy.sync(now=NOW + DAY)
    assert not again.changed
    assert again.copy.signed_at == NOW + DAY


def test_it_works_offline_and_after_a_restart(world: World) -> None:
    world.client().sync(now=NOW)
    world.host.attacks = {"2.root.json": lambda request: send(request, 500, b"")}
    again = world.client()
    assert content(again) == "one"
    assert refused(again, NOW + HOUR) == "registry_unreachable"


def test_a_damaged_copy_is_noticed_and_mended(world: World) -> None:
    copy = world.client()
    path = copy.sync(now=NOW).copy.files["facts.sqlite"].path
    for damage in (lambda: path.write_bytes(b"two" * 1000), path.unlink):
        damage()
        with pytest.raises(SnapshotError) as error:
            copy.current()
        assert error.value.code == "copy_damaged"
        assert not copy.sync(now=NOW + HOUR).changed
        assert content(copy) == "one"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 2}', '{"version": 1, "files": 3}', "\x00"])
def test_a_damaged_pointer_is_noticed_and_replaced(world: World, text: str) -> None:
    copy = world.client()
    copy.sync(now=NOW)
    (world.folder / "copy" / "current.json").write_text(text)
    with pytest.raises(SnapshotError) as error:
        copy.current()
    assert error.value.code == "copy_damaged"
    copy.sync(now=NOW)
    assert content(copy) == "one"


def test_one_fetch_at_a_time(world: World) -> None:
    copy = world.client()
    copy.sync(now=NOW)
    with durable.locked(world.folder / "copy" / ".lock", "busy"):
        assert refused(copy, NOW) == "busy"


def test_killed_anywhere_the_last_good_copy_stays(world: World, tmp_path: Path) -> None:
    copies: list[LocalCopy] = []
    first, second = world.keep("first"), None
    world.publish("two", now=NOW + HOUR)
    second = world.home / "tuf"

    def fresh(step: int, done: bool) -> Callable[[], object]:
        copy = world.client(f"copy-{step}-{done}")
        world.host.folder = first
        copy.sync(now=NOW)
        world.host.folder = second
        copies.append(copy)
        return lambda: copy.sync(now=NOW + HOUR)

    deaths = 0
    for _ in each_kill(fresh):
        deaths += 1
        assert content(copies[-1]) in {"one", "two"}
        copies[-1].sync(now=NOW + 2 * HOUR)
        assert content(copies[-1]) == "two"
    assert deaths >= 8


def test_killed_at_first_contact(world: World) -> None:
    copies: list[LocalCopy] = []

    def fresh(step: int, done: bool) -> Callable[[], object]:
        copies.append(world.client(f"copy-{step}-{done}"))
        return lambda: copies[-1].sync(now=NOW)

    for _ in each_kill(fresh):
        assert _said(copies[-1]) in {None, "one"}
        copies[-1].sync(now=NOW)
        assert content(copies[-1]) == "one"
        assert not list((world.folder / "copy").rglob("tmp*"))


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


# --- roots and keys


def test_a_pinned_root(world: World) -> None:
    good = world.client("good", root_sha256=world.repository.root_sha256().upper())
    good.sync(now=NOW)
    assert content(good) == "one"
    assert refused(world.client("bad", root_sha256="0" * 64), NOW) == "wrong_root"
    assert (
        refused(world.client("good", root_sha256="0" * 64), NOW) == "wrong_root"
    )  # also when it is here already


def test_without_a_pin_the_first_root_is_kept(world: World, tmp_path: Path) -> None:
    copy = world.client()
    copy.sync(now=NOW)
    other = World(tmp_path / "other", Host(0))
    other.folder.mkdir()
    other.publish("two", now=NOW + HOUR)
    world.host.folder = other.home / "tuf"
    assert refused(copy, NOW + HOUR) == "not_authentic"
    rotate(other, NOW + HOUR)
    assert refused(copy, NOW + HOUR) == "wrong_root"


def test_a_bad_first_contact_pins_nothing(world: World) -> None:
    copy = world.client()
    world.host.attacks["timestamp.json"] = lambda request: send(request, 200, b"{}")
    assert refused(copy, NOW) == "not_authentic"
    assert not (world.folder / "copy" / "root.json").exists()


def test_clients_follow_rotations_one_and_two_behind(world: World) -> None:
    one_behind, two_behind = world.client("a"), world.client("b")
    for copy in (one_behind, two_behind):
        copy.sync(now=NOW)
    rotate(world, NOW + DAY)
    world.publish("two", now=NOW + DAY)
    one_behind.sync(now=NOW + DAY)
    assert content(one_behind) == "two"
    world.repository.rotate_root(now=NOW + 2 * DAY)
    rotate(world, NOW + 3 * DAY)
    world.publish("three", now=NOW + 3 * DAY)
    for copy in (one_behind, two_behind, world.client("new", root_sha256=world.repository.root_sha256())):
        copy.sync(now=NOW + 3 * DAY)
        assert content(copy) == "three"
        assert not copy.sync(now=NOW + 3 * DAY).changed


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


# --- a host that does not behave


def endless(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.end_headers()
    while True:
        request.wfile.write(b" " * 65536)


def short(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("content-length", "1000")
    request.end_headers()
    request.wfile.write(b"{}")
    request.close_connection = True


ATTACKS: list[tuple[str, Callable[[BaseHTTPRequestHandler], None]]] = [
    ("endless", endless),
    ("short", short),
    ("redirect", lambda request: send(request, 302, b"", location="/elsewhere")),
    ("refusal", lambda request: send(request, 403, b"")),
    ("error", lambda request: send(request, 500, b"")),
    ("compressed", lambda request: send(request, 200, b"{}", **{"content-encoding": "gzip"})),
    ("unasked 304", lambda request: send(request, 304, b"")),
    ("not http", lambda request: request.wfile.write(b"\x00" * 100) and None),
]


@pytest.mark.parametrize("name", ["1.root.json", "2.root.json", "timestamp.json", "facts.sqlite"])
@pytest.mark.parametrize(("_what", "attack"), ATTACKS, ids=[name for name, _ in ATTACKS])
def test_no_usable_answer_says_nothing_about_the_list(
    world: World, name: str, _what: str, attack: Callable[[BaseHTTPRequestHandler], None]
) -> None:
    if name == "facts.sqlite":
        name = world.repository.current()[name].path.name

    def rude(request: BaseHTTPRequestHandler) -> None:
        attack(request)
        request.close_connection = True

    world.host.attacks[name] = rude
    signed_length = attack is endless and name.endswith("facts.sqlite")
    expected = "not_authentic" if signed_length else "registry_unreachable"
    assert refused(world.client(), NOW) == expected


@pytest.mark.parametrize("name", ["1.root.json", "timestamp.json"])
def test_not_there_is_not_an_empty_list(world: World, name: str) -> None:
    world.host.attacks[name] = lambda request: send(request, 404, b"{}")
    assert refused(world.client(), NOW) == "registry_unreachable"


@pytest.mark.parametrize("part", ["headers", "body"])
def test_a_slow_host_is_left_at_the_deadline(world: World, part: str) -> None:
    """Byte by byte, each soon enough for a limit per read: only a deadline over all of it helps."""
    copy = world.client()
    copy.sync(now=NOW)
    over = threading.Event()

    def slow(request: BaseHTTPRequestHandler) -> None:
        if part == "body":
            request.send_response(200)
            request.end_headers()
        else:
            request.wfile.write(b"HTTP/1.1 200 OK\r\nx-a: ")
        while not over.wait(0.05):
            request.wfile.write(b" ")
            request.wfile.flush()
        request.close_connection = True

    world.host.attacks["timestamp.json"] = slow
    try:
        assert refused(world.client(seconds=0.5), NOW) == "registry_unreachable"
    finally:
        over.set()


def test_nobody_there(tmp_path: Path, host: Host) -> None:
    copy = World(tmp_path, Host(1)).client()
    assert refused(copy, NOW) == "registry_unreachable"


@pytest.mark.parametrize(
    "url",
    [
        "http://registry.example",
        "ftp://registry.example",
        "https://user:secret@registry.example",
        "https://registry.example/?a=1",
        "https://registry.example/#a",
        "https://",
        "https://registry.example:99999",
        "registry.example",
        "https://[::1",
        "",
    ],
)
def test_addresses_that_are_not_asked(tmp_path: Path, url: str) -> None:
    with pytest.raises(QueryError) as error:
        LocalCopy(tmp_path, url)
    assert error.value.code == "bad_url"
    assert "secret" not in str(error.value)


def test_the_loopback_only_where_it_is_allowed(world: World) -> None:
    with pytest.raises(QueryError):
        world.client(allow_loopback=False)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::ffff:10.0.0.1"])
def test_a_name_that_leads_inside_is_not_followed(world: World, address: str) -> None:
    async def inside(host: str, port: int) -> list[str]:
        return [address]

    source = world.client()._source
    made = LocalCopy(
        world.folder / "inside",
        "https://registry.example",
        source=type(source)(allow_loopback=True, resolve=inside),
    )
    assert refused(made, NOW) == "registry_unreachable"
    assert world.host.asked == []

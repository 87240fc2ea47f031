"""The client's copy: honest and broken hosts, deaths in the middle, roots and rotations it follows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.unit.trust_registry import tuf_host
from tests.unit.trust_registry.samples import NOW
from tests.unit.trust_registry.tuf_host import Host, World, content, each_kill, refused, rotate, said, send
from trust_registry import durable
from trust_registry.errors import QueryError, SnapshotError
from trust_registry.local_copy import LocalCopy

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
        assert said(copies[-1]) in {None, "one"}
        copies[-1].sync(now=NOW)
        assert content(copies[-1]) == "one"
        assert not list((world.folder / "copy").rglob("tmp*"))


# --- roots and keys


def test_a_pinned_root(world: World) -> None:
    good = world.client("good", root_sha256=world.repository.root_sha256().upper())
    good.sync(now=NOW)
    assert content(good) == "one"
    assert refused(world.client("bad", root_sha256="0" * 64), NOW) == "wrong_root"
    pinned_later = world.client("good", root_sha256="0" * 64)
    with pytest.raises(SnapshotError, match="wrong_root"):
        pinned_later.sync(now=NOW)
    with pytest.raises(SnapshotError, match="wrong_root"):
        pinned_later.current()  # what was believed before counts no more
    assert content(good) == "one"


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

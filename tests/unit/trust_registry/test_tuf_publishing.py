"""The repository itself: what is written in which order, what a dead process leaves, and whose keys count."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from tuf.api.metadata import Metadata, Root

from tests.unit.trust_registry.samples import NOW
from tests.unit.trust_registry.tuf_host import Host, World, each_kill
from trust_registry import cli_keys, durable, keyring, tuf_roles
from trust_registry.errors import KeyFormatError, SnapshotError, TrustRegistryError
from trust_registry.keyring import KeyRing
from trust_registry.publishing import Repository, Target
from trust_registry.signing import RegistryKey

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NO_OVERLAP = timedelta(0)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, Host(0))


def rotate(world: World, *, days: int = 1) -> KeyRing:
    return cli_keys.rotate_online(world.home, limits=lambda _: {}, overlap=NO_OVERLAP, now=NOW + days * DAY)


def code(error: pytest.ExceptionInfo[TrustRegistryError]) -> str:
    return error.value.code


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_nothing_is_published_at_first(world: World) -> None:
    assert world.repository.current() == {}
    assert world.repository.standing() is None
    assert not world.repository.renew(NOW)
    assert not world.repository.rotate_online(now=NOW)
    for ask in (
        world.repository.root_sha256,
        lambda: world.repository.rotate_root(now=NOW),
        lambda: world.repository.renew_root(now=NOW),
    ):
        with pytest.raises(SnapshotError) as refused:
            ask()
        assert code(refused) == "nothing_published"


def test_what_is_published(world: World) -> None:
    world.publish("one", seq=7)
    found = world.repository.current()
    assert set(found) == {"facts.sqlite", "notes.txt"}
    facts = found["facts.sqlite"]
    assert facts.path.read_bytes() == b"one" * 1000
    assert (facts.length, facts.custom) == (3000, {"seq": 7, "kind": "demo"})
    assert facts.path.name == f"{facts.sha256}.facts.sqlite"
    standing = world.repository.standing()
    assert standing is not None
    assert standing.signed_at == NOW
    assert standing.expires == NOW + 30 * DAY
    assert (standing.root_version, standing.root_expires) == (1, NOW + 365 * DAY)


def test_the_publication_before_stays_and_older_ones_go(world: World) -> None:
    for number, content in enumerate(("one", "two", "three")):
        world.publish(content, now=NOW + number * HOUR)
    stored = names(world.home / "tuf" / "targets")
    held = {(world.home / "tuf" / "targets" / name).read_bytes()[:3] for name in stored}
    assert held == {b"two", b"thr", b"not"}
    assert len(names(world.home / "tuf" / "metadata")) == 1 + 1 + 2 + 2  # root, timestamp, two of each


def test_killed_anywhere_a_publication_is_the_old_or_the_new_one(tmp_path: Path) -> None:
    worlds: list[World] = []

    def fresh(step: int, done: bool) -> Callable[[], object]:
        worlds.append(World(tmp_path / f"{step}-{done}", Host(0)))
        worlds[-1].folder.mkdir()
        worlds[-1].publish("old")
        return lambda: worlds[-1].publish("new", now=NOW + HOUR)

    for _ in each_kill(fresh):
        world = worlds[-1]
        facts = world.repository.current()["facts.sqlite"].path.read_bytes()
        assert facts in {b"old" * 1000, b"new" * 1000}
        world.publish("newer", now=NOW + 2 * HOUR)
        assert world.repository.current()["facts.sqlite"].path.read_bytes() == b"newer" * 1000
        assert not [name for name in names(world.home / "tuf" / "metadata") if name.startswith(".")]


def test_killed_at_the_very_first_publication(tmp_path: Path) -> None:
    worlds: list[World] = []

    def fresh(step: int, done: bool) -> Callable[[], object]:
        worlds.append(World(tmp_path / f"{step}-{done}", Host(0)))
        worlds[-1].folder.mkdir()
        return lambda: worlds[-1].publish("one")

    for _ in each_kill(fresh):
        worlds[-1].publish("one", now=NOW + HOUR)
        assert set(worlds[-1].repository.current()) == {"facts.sqlite", "notes.txt"}


def test_it_is_renewed_after_an_hour_and_not_before(world: World) -> None:
    world.publish("one")
    first = world.repository.standing()
    assert not world.repository.renew(NOW + HOUR)
    assert world.repository.renew(NOW + HOUR + timedelta(seconds=1))
    second = world.repository.standing()
    assert first is not None
    assert second is not None
    assert second.version > first.version
    assert second.signed_at == NOW + HOUR + timedelta(seconds=1)
    assert second.expires == first.expires  # targets and snapshot are young
    assert world.repository.renew(NOW + 16 * DAY)
    third = world.repository.standing()
    assert third is not None
    assert third.expires == NOW + 46 * DAY
    assert world.repository.current()["facts.sqlite"].path.read_bytes() == b"one" * 1000


def test_a_clock_that_went_back_never_gives_a_version_twice(world: World) -> None:
    world.publish("one", now=NOW)
    world.publish("two", now=NOW - DAY)
    standing = world.repository.standing()
    assert standing is not None
    assert standing.version == int(NOW.timestamp()) + 1


def test_a_home_restored_from_a_backup_goes_on_above_what_was_seen(world: World) -> None:
    world.publish("one")
    backup = world.keep("backup")
    world.publish("two", now=NOW + DAY)
    seen = world.repository.standing()
    (world.home / "tuf").rename(world.folder / "lost")
    backup.rename(world.home / "tuf")
    world.publish("three", now=NOW + 2 * DAY)
    restored = world.repository.standing()
    assert seen is not None
    assert restored is not None
    assert restored.version > seen.version


# --- what cannot be published


@pytest.mark.parametrize("name", ["", "../key", "a/b", ".hidden", "A", "a" * 65, "ä"])
def test_names_that_could_lead_elsewhere(world: World, tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(SnapshotError) as refused:
        world.repository.publish([Target(name, tmp_path / "file", {})], now=NOW)
    assert code(refused) == "bad_target"


def test_data_that_cannot_be_signed(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    for custom in ({"age": 1.5}, {"big": "x" * 300_000}, {"what": object()}):
        with pytest.raises(SnapshotError) as refused:
            world.repository.publish([Target("file", tmp_path / "file", custom)], now=NOW)
        assert code(refused) == "bad_target"
    assert world.repository.current() == {}


def test_a_file_that_is_not_there_or_a_name_given_twice(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    one = Target("file", tmp_path / "file", {})
    for targets in ([Target("file", tmp_path / "nowhere", {})], [one, one], [one] * 65):
        with pytest.raises(SnapshotError) as refused:
            world.repository.publish(targets, now=NOW)
        assert code(refused) == "bad_target"


def test_one_writer_at_a_time(world: World) -> None:
    with durable.locked(world.home / "tuf" / ".lock", "busy"), pytest.raises(TrustRegistryError) as refused:
        world.publish("one")
    assert code(refused) == "busy"


# --- tampering in the home


def test_a_published_file_that_was_changed(world: World) -> None:
    world.publish("one")
    path = world.repository.current()["facts.sqlite"].path
    path.unlink()
    path.write_bytes(b"two" * 1000)
    with pytest.raises(SnapshotError) as refused:
        world.repository.current()
    assert code(refused) == "not_authentic"


@pytest.mark.parametrize("role", ["root", "targets", "snapshot", "timestamp"])
def test_metadata_that_were_changed(world: World, role: str) -> None:
    world.publish("one")
    (path,) = (world.home / "tuf" / "metadata").glob(f"*{role}.json")
    data = json.loads(path.read_bytes())
    data["signed"]["expires"] = "2099-01-01T00:00:00Z"
    path.write_text(json.dumps(data))
    for act in (
        world.repository.current,
        lambda: world.publish("two"),
        lambda: world.repository.renew(NOW + DAY),
    ):
        with pytest.raises(SnapshotError) as refused:
            act()
        assert code(refused) == "not_authentic"


@pytest.mark.parametrize("role", ["root", "targets", "snapshot"])
def test_metadata_that_are_lost(world: World, role: str) -> None:
    world.publish("one")
    (path,) = (world.home / "tuf" / "metadata").glob(f"*{role}.json")
    path.unlink()
    with pytest.raises(SnapshotError) as refused:
        world.repository.current()
    assert code(refused) == "not_authentic"


# --- keys


def test_after_a_rotation_everything_is_signed_by_the_new_key(world: World) -> None:
    world.publish("one")
    old = KeyRing.open(world.home).current
    new = rotate(world).current
    root = Metadata[Root].from_file(str(world.home / "tuf" / "metadata" / "2.root.json")).signed
    assert tuf_roles.is_online(root, new.jwk)
    assert not tuf_roles.is_online(root, old.jwk)
    assert world.repository.current()["facts.sqlite"].path.read_bytes() == b"one" * 1000
    assert not world.repository.rotate_online(now=NOW + 2 * DAY)


def test_a_process_with_the_old_key_cannot_publish(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that was not restarted, or the thief of the retired key in a home of his own making."""
    world.publish("one")
    stolen = (world.home / "key").read_text()
    rotate(world)
    monkeypatch.setenv(keyring.ONLINE, stolen.strip())
    with pytest.raises(KeyFormatError) as refused:
        world.publish("forged", now=NOW + 2 * DAY)
    assert code(refused) == "key_not_current"
    (world.home / "keys.json").unlink()
    (world.home / "key").unlink()
    with pytest.raises(SnapshotError) as forged:
        world.publish("forged", now=NOW + 2 * DAY)
    assert code(forged) == "online_key_not_in_root"


def test_a_rotation_killed_anywhere_is_finished_by_the_next_and_not_begun_again(tmp_path: Path) -> None:
    worlds: list[World] = []
    before: list[RegistryKey] = []

    def fresh(step: int, done: bool) -> Callable[[], object]:
        world = World(tmp_path / f"{step}-{done}", Host(0))
        world.folder.mkdir()
        world.publish("one")
        worlds.append(world)
        before.append(KeyRing.open(world.home).current)
        return lambda: rotate(world)

    for _ in each_kill(fresh):
        world, old = worlds[-1], before[-1]
        KeyRing.open(world.home)  # the home opens
        if KeyRing.open(world.home).retired and not _unfinished(world):
            continue  # killed after the last write: all of it was done
        ring = rotate(world, days=2)
        assert [one.jwk for one in ring.retired] == [old.jwk]
        assert names(world.home / "tuf" / "metadata") >= {"1.root.json", "2.root.json"}
        assert "3.root.json" not in names(world.home / "tuf" / "metadata")
        assert world.repository.current()["facts.sqlite"].path.read_bytes() == b"one" * 1000
        world.publish("two", now=NOW + 3 * DAY)


def _unfinished(world: World) -> bool:
    return (world.home / "key.next").exists() or world.repository.rotation_unfinished(
        keyring.current_jwk(world.home)
    )


def test_renewal_mends_a_rotation_killed_between_root_and_timestamp(world: World) -> None:
    world.publish("one")
    before = world.keep("before")
    rotate(world)
    for path in (before / "metadata").iterdir():
        (world.home / "tuf" / "metadata" / path.name).write_bytes(path.read_bytes())
    with pytest.raises(SnapshotError):
        world.repository.current()
    assert world.repository.renew(NOW + timedelta(minutes=1))
    assert world.repository.current()["facts.sqlite"].path.read_bytes() == b"one" * 1000


def test_the_root_key_is_needed_for_its_own_work_only(world: World) -> None:
    world.publish("one")
    kept = (world.home / "root-key").read_text()
    (world.home / "root-key").unlink()
    world.publish("two", now=NOW + DAY)
    assert world.repository.renew(NOW + 2 * DAY)
    assert world.repository.renew(
        NOW + 300 * DAY
    )  # the root is due; without its key only the rest is renewed
    assert world.repository.current()
    old = KeyRing.open(world.home).jwk
    for act in (
        lambda: rotate(world),
        lambda: world.repository.rotate_root(now=NOW),
        lambda: world.repository.renew_root(now=NOW),
    ):
        with pytest.raises(KeyFormatError) as refused:
            act()
        assert code(refused) == "root_key_missing"
    assert KeyRing.open(world.home).jwk == old  # nothing was begun
    assert not (world.home / "root-key").exists()
    (world.home / "root-key").write_text(kept)
    assert rotate(world).jwk != old


def test_the_root_key_may_come_from_the_environment(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.publish("one")
    monkeypatch.setenv(keyring.ROOT, (world.home / "root-key").read_text().strip())
    (world.home / "root-key").unlink()
    rotate(world)
    assert world.repository.current()


def test_another_root_key_is_none(world: World) -> None:
    world.publish("one")
    (world.home / "root-key").write_text("11" * 32)
    with pytest.raises(KeyFormatError) as refused:
        rotate(world)
    assert code(refused) == "root_key_missing"


def test_the_root_is_renewed_in_its_last_quarter_if_its_key_is_here(world: World) -> None:
    world.publish("one")
    world.repository.renew(NOW + 200 * DAY)
    first = world.repository.standing()
    world.repository.renew(NOW + 280 * DAY)
    second = world.repository.standing()
    assert first is not None
    assert second is not None
    assert (first.root_version, second.root_version) == (1, 2)
    assert second.root_expires == NOW + 645 * DAY


def test_a_root_rotation_killed_anywhere_is_finished_by_the_next(tmp_path: Path) -> None:
    worlds: list[World] = []
    before: list[str] = []

    def fresh(step: int, done: bool) -> Callable[[], object]:
        world = World(tmp_path / f"{step}-{done}", Host(0))
        world.folder.mkdir()
        world.publish("one")
        worlds.append(world)
        before.append((world.home / "root-key").read_text())
        return lambda: world.repository.rotate_root(now=NOW + DAY)

    for _ in each_kill(fresh):
        world = worlds[-1]
        standing = world.repository.standing()
        if (world.home / "root-key.next").exists() or (standing and standing.root_version == 1):
            world.repository.rotate_root(now=NOW + 2 * DAY)
        assert (world.home / "root-key").read_text() != before[-1]
        assert not (world.home / "root-key.next").exists()
        standing = world.repository.standing()
        assert standing is not None
        assert standing.root_version == 2
        rotate(world)  # the new root key is the one that counts
        assert world.repository.current()


def test_the_first_root_stays_the_one_to_pin(world: World) -> None:
    world.publish("one")
    pinned = world.repository.root_sha256()
    rotate(world)
    world.repository.rotate_root(now=NOW + 2 * DAY)
    world.repository.renew_root(now=NOW + 3 * DAY)
    assert world.repository.root_sha256() == pinned
    assert Repository(world.home).current()

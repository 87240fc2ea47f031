"""The registry's keys: what a retired one is still believed for, and a rotation that is cut short."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.trust_registry.samples import NOW
from tests.unit.trust_registry.tuf_host import each_kill
from trust_registry import durable, keyring
from trust_registry.errors import KeyFormatError, ObjectError, QueryError, TrustRegistryError
from trust_registry.keyring import KeyRing, rotate
from trust_registry.signing import RegistryKey

TYP = "cairn-test+jwt"
WEEK = timedelta(days=7)
LIMITS = {"bindings": 5}
SEED = "11" * 32


def code(error: pytest.ExceptionInfo[TrustRegistryError]) -> str:
    return error.value.code


def signs(key: RegistryKey) -> str:
    return key.sign_statement({"a": 1}, typ=TYP)


def test_the_first_key_is_made_once_and_named(tmp_path: Path) -> None:
    ring = KeyRing.open(tmp_path)
    assert KeyRing.open(tmp_path).jwk == ring.jwk == keyring.current_jwk(tmp_path)
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert ring.jwks(NOW) == (ring.jwk,)
    assert ring.verify(ring.sign_statement({"a": 1}, typ=TYP), typ=TYP) == {"a": 1}


def test_a_home_from_before_there_were_rings_keeps_its_key(tmp_path: Path) -> None:
    before = RegistryKey.load_or_create(tmp_path / "key")
    assert KeyRing.open(tmp_path).jwk == before.jwk


def test_a_retired_key_is_believed_up_to_its_limit_and_not_beyond(tmp_path: Path) -> None:
    stolen = KeyRing.open(tmp_path).current
    ring = rotate(tmp_path, now=NOW, overlap=WEEK, limits=LIMITS)
    jws = signs(stolen)
    assert ring.jwk != stolen.jwk
    for number in (1, 5):
        assert ring.verify(jws, typ=TYP, table="bindings", number=number) == {"a": 1}
    for table, number in (("bindings", 6), ("bindings", 0), ("bindings", -1), ("proposals", 1), ("", 0)):
        with pytest.raises(ObjectError) as refused:
            ring.verify(jws, typ=TYP, table=table, number=number)
        assert code(refused) == "bad_signature"
    assert ring.verify(signs(ring.current), typ=TYP, table="bindings", number=6) == {"a": 1}


def test_a_stranger_and_another_type_are_never_believed(tmp_path: Path) -> None:
    old = KeyRing.open(tmp_path).current
    ring = rotate(tmp_path, now=NOW, overlap=WEEK, limits=LIMITS)
    with pytest.raises(ObjectError) as stranger:
        ring.verify(signs(RegistryKey(bytes(32))), typ=TYP, table="bindings", number=1)
    with pytest.raises(ObjectError) as other:
        ring.verify(signs(old), typ="cairn-other+jwt", table="bindings", number=1)
    assert (code(stranger), code(other)) == ("bad_signature", "malformed")


def test_two_rotations_and_their_overlaps(tmp_path: Path) -> None:
    first = KeyRing.open(tmp_path).current
    second = rotate(tmp_path, now=NOW, overlap=WEEK, limits={"bindings": 5}).current
    ring = rotate(tmp_path, now=NOW + timedelta(days=1), overlap=WEEK, limits={"bindings": 9})
    assert ring.jwks(NOW + timedelta(days=2)) == (ring.jwk, second.jwk, first.jwk)
    assert ring.jwks(NOW + timedelta(days=7)) == (ring.jwk, second.jwk)
    assert ring.jwks(NOW + timedelta(days=8)) == (ring.jwk,)
    assert ring.verify(signs(first), typ=TYP, table="bindings", number=5)
    assert ring.verify(signs(second), typ=TYP, table="bindings", number=9)
    with pytest.raises(ObjectError):
        ring.verify(signs(first), typ=TYP, table="bindings", number=6)
    assert KeyRing.open(tmp_path).retired == ring.retired


def test_no_private_part_is_in_the_list_or_left_behind(tmp_path: Path) -> None:
    KeyRing.open(tmp_path)
    old = (tmp_path / "key").read_text().strip()
    rotate(tmp_path, now=NOW, overlap=WEEK, limits=LIMITS)
    new = (tmp_path / "key").read_text().strip()
    written = (tmp_path / "keys.json").read_text()
    assert old not in written
    assert new not in written
    assert old != new
    assert not (tmp_path / "key.next").exists()


def test_a_rotation_killed_anywhere_opens_and_is_finished_by_the_next(tmp_path: Path) -> None:
    homes: list[Path] = []
    before: list[RegistryKey] = []

    def fresh(step: int, done: bool) -> Callable[[], object]:
        home = tmp_path / f"{step}-{done}"
        homes.append(home)
        before.append(KeyRing.open(home).current)
        return lambda: rotate(home, now=NOW, overlap=WEEK, limits=LIMITS)

    deaths = 0
    for _ in each_kill(fresh):
        deaths += 1
        home, old = homes[-1], before[-1]
        opened = KeyRing.open(home)
        assert opened.verify(signs(old), typ=TYP, table="bindings", number=5)
        whole = opened.retired and not (home / "key.next").exists()  # killed after the last of it
        ring = opened if whole else rotate(home, now=NOW, overlap=WEEK, limits=LIMITS)
        assert [one.jwk for one in ring.retired] == [old.jwk]
        assert RegistryKey.load_or_create(home / "key").jwk == ring.jwk
        assert not (home / "key.next").exists()
    assert deaths >= 6  # three writes, before and after each


def test_finish_does_nothing_to_a_ring_that_is_whole(tmp_path: Path) -> None:
    ring = KeyRing.open(tmp_path)
    assert not keyring.finish(tmp_path)
    assert KeyRing.open(tmp_path).jwk == ring.jwk


def test_one_rotation_at_a_time(tmp_path: Path) -> None:
    with durable.locked(tmp_path / "keys.lock", "busy"), pytest.raises(TrustRegistryError) as refused:
        rotate(tmp_path, now=NOW, overlap=WEEK, limits=LIMITS)
    assert code(refused) == "busy"


@pytest.mark.parametrize(
    ("overlap", "limits"), [(-WEEK, LIMITS), (WEEK, {"a": -1}), (WEEK, {"a": True}), (WEEK, {"a": 1.5})]
)
def test_limits_that_are_none(tmp_path: Path, overlap: timedelta, limits: dict[str, int]) -> None:
    with pytest.raises(QueryError):
        rotate(tmp_path, now=NOW, overlap=overlap, limits=limits)
    assert not (tmp_path / "key").exists()


# --- keys from the environment


def test_a_key_from_the_environment_or_a_file_it_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(keyring.ONLINE, SEED)
    ring = KeyRing.open(tmp_path / "a")
    assert ring.jwk == RegistryKey(bytes.fromhex(SEED)).jwk
    assert not (tmp_path / "a" / "key").exists()
    monkeypatch.delenv(keyring.ONLINE)
    (tmp_path / "secret").write_text(f"{SEED}\n")
    monkeypatch.setenv(f"{keyring.ONLINE}_FILE", str(tmp_path / "secret"))
    assert KeyRing.open(tmp_path / "b").jwk == ring.jwk
    assert KeyRing.open(tmp_path / "a").jwk == ring.jwk


def test_another_key_in_the_environment_is_refused_until_rotated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = KeyRing.open(tmp_path).current
    monkeypatch.setenv(keyring.ONLINE, SEED)
    with pytest.raises(KeyFormatError) as refused:
        KeyRing.open(tmp_path)
    ring = rotate(tmp_path, now=NOW, overlap=WEEK, limits=LIMITS)
    assert code(refused) == "key_not_current"
    assert ring.jwk == RegistryKey(bytes.fromhex(SEED)).jwk
    assert ring.verify(signs(old), typ=TYP, table="bindings", number=5)
    assert not (tmp_path / "key").exists()  # nothing to steal
    with pytest.raises(KeyFormatError) as again:
        rotate(tmp_path, now=NOW, overlap=WEEK, limits=LIMITS)
    assert code(again) == "key_from_environment"
    monkeypatch.delenv(keyring.ONLINE)
    with pytest.raises(KeyFormatError) as gone:
        KeyRing.open(tmp_path)
    assert code(gone) == "key_not_current"
    assert not (tmp_path / "key").exists()  # no second history is begun


def test_a_retired_key_does_not_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(keyring.ONLINE, SEED)
    KeyRing.open(tmp_path)
    monkeypatch.setenv(keyring.ONLINE, "22" * 32)
    rotate(tmp_path, now=NOW, overlap=WEEK, limits=LIMITS)
    monkeypatch.setenv(keyring.ONLINE, SEED)
    with pytest.raises(KeyFormatError) as refused:
        rotate(tmp_path, now=NOW, overlap=WEEK, limits=LIMITS)
    assert code(refused) == "key_retired"


@pytest.mark.parametrize("text", ["", "zz" * 32, "11" * 31, "11" * 33, "\u00e9" * 32, "SECRET-MARKER"])
def test_a_key_that_is_none_is_not_repeated_in_the_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv(keyring.ONLINE, text)
    with pytest.raises(KeyFormatError) as refused:
        KeyRing.open(tmp_path)
    assert code(refused) == "bad_key_file"
    assert not text or text not in repr(refused.getrepr(chain=True, style="short").reprcrash)
    monkeypatch.delenv(keyring.ONLINE)
    (tmp_path / "key").write_text(text, encoding="utf-8")
    with pytest.raises(KeyFormatError) as held:
        KeyRing.open(tmp_path)
    assert code(held) == "bad_key_file"


def test_a_key_file_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{keyring.ONLINE}_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(KeyFormatError) as refused:
        KeyRing.open(tmp_path)
    assert code(refused) == "bad_key_file"


# --- a list that was tampered with


@pytest.mark.parametrize(
    "edit",
    [
        lambda data: data | {"version": 2},
        lambda data: data | {"current": {"kty": "RSA"}},
        lambda data: data | {"retired": {}},
        lambda data: data | {"retired": [{"jwk": data["current"]}]},
        lambda data: {name: data[name] for name in ("version", "current")},
        lambda data: (
            data
            | {
                "retired": [
                    {
                        "jwk": data["current"],
                        "retired_at": "2026-01-01T00:00:00Z",
                        "overlap_until": "2026-01-01T00:00:00Z",
                        "limits": {"bindings": "9"},
                    }
                ]
            }
        ),
        lambda data: [],
    ],
)
def test_a_list_of_keys_that_is_none(tmp_path: Path, edit: object) -> None:
    KeyRing.open(tmp_path)
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(edit(json.loads(path.read_text()))))
    with pytest.raises(KeyFormatError) as refused:
        KeyRing.open(tmp_path)
    assert code(refused) in {"bad_keys_file", "bad_key"}


def test_a_root_key_is_made_only_for_a_first_root(tmp_path: Path) -> None:
    first = keyring.first_root_key(tmp_path)
    assert keyring.root_key(tmp_path, first.jwk).jwk == first.jwk
    (tmp_path / "root-key").unlink()
    with pytest.raises(KeyFormatError) as refused:
        keyring.root_key(tmp_path, first.jwk)
    assert code(refused) == "root_key_missing"
    assert not (tmp_path / "root-key").exists()

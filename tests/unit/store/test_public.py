"""Public objects: no name leads out of the folder, nothing is rolled back, no half-written file is served."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.errors import ConflictError, InputError
from agent.store import public as public_module
from agent.store.public import PublicObjects, write_atomic

SHA = "a" * 64
TAILS = "1" * 44
NAMES = (
    "",
    ".",
    "..",
    "../" * 8 + "etc/passwd",
    "/etc/passwd",
    "a/../../b",
    SHA + "/..",
    SHA[:-1],
    SHA + "a",
    SHA.upper(),
    SHA[:-1] + "g",
    SHA + "\n",
    "\0" + SHA[1:],
    "%2e%2e%2f" + SHA,
    "ａ" * 64,
    "..\\..\\windows",
)


@pytest.fixture
def store(tmp_path: Path) -> PublicObjects:
    (tmp_path / "secret").write_bytes(b"secret")
    return PublicObjects(tmp_path / "public")


@pytest.mark.parametrize("name", NAMES)
def test_names_that_are_none(store: PublicObjects, tmp_path: Path, name: str) -> None:
    for call in (
        lambda: store.get("SCHEMA", name),
        lambda: store.put("SCHEMA", name, b"x"),
        lambda: store.get_list(name, None),
        lambda: store.put_list(name, 1, b"x"),
        lambda: store.newest_list(name),
        lambda: store.get_tails(name),
        lambda: store.put_tails(name, b"x"),
    ):
        with pytest.raises(InputError) as caught:
            call()
        assert name not in caught.value.detail or not name.strip(".")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / "secret"]


@pytest.mark.parametrize("kind", ["", "REVLIST", "schema", "../SCHEMA", "SCHEMA/..", "tails", "lists"])
def test_kinds_that_are_none(store: PublicObjects, kind: str) -> None:
    for call in (lambda: store.get(kind, SHA), lambda: store.put(kind, SHA, b"x")):
        with pytest.raises(InputError):
            call()


def test_what_is_published_does_not_change(store: PublicObjects) -> None:
    store.put("CREDDEF", SHA, b"first")
    store.put("CREDDEF", SHA, b"second")
    assert store.get("CREDDEF", SHA) == b"first"
    store.put_tails(TAILS, b"first")
    store.put_tails(TAILS, b"second")
    assert store.get_tails(TAILS) == b"first"
    assert store.get("SCHEMA", SHA) is None


def test_lists_go_forward_only(store: PublicObjects) -> None:
    assert (store.get_list(SHA, None), store.newest_list(SHA)) == (None, -1)
    store.put_list(SHA, 100, b"100")
    store.put_list(SHA, 200, b"200")
    for stamp in (200, 199, 100, 0, -5):
        with pytest.raises(ConflictError) as caught:
            store.put_list(SHA, stamp, b"rolled back")
        assert caught.value.code == "list_rollback"
    assert (store.get_list(SHA, None), store.newest_list(SHA)) == (b"200", 200)
    answers = {at: store.get_list(SHA, at) for at in (-1, 0, 99, 100, 199, 200, 10**12)}
    assert answers == {
        -1: b"100",
        0: b"100",
        99: b"100",
        100: b"100",
        199: b"100",
        200: b"200",
        10**12: b"200",
    }


def test_other_files_in_the_folder_are_no_lists(store: PublicObjects, tmp_path: Path) -> None:
    """An editor's backup or a half-written draft, say."""
    store.put_list(SHA, 100, b"100")
    folder = tmp_path / "public" / "lists" / SHA
    for name in (".abc.part", "000000000200.jws.part", "000000000300.jws~", "notes.jws", "copy of 1.jws"):
        (folder / name).write_bytes(b"not a list")
    assert store.newest_list(SHA) == 100
    assert store.get_list(SHA, None) == b"100"


def test_a_crash_while_writing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "did.json"
    write_atomic(path, b"old", mode=0o600)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(public_module.os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    write_atomic(path, b"new", mode=0o600)
    assert path.read_bytes() == b"new"
    assert os.stat(path).st_mode & 0o777 == 0o600  # noqa: PTH116


def test_a_link_in_place_of_the_file_is_replaced_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"precious")
    link = tmp_path / "did.json"
    link.symlink_to(target)
    write_atomic(link, b"new")
    assert target.read_bytes() == b"precious"
    assert link.read_bytes() == b"new"

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from agent.errors import CairnError, ConflictError, InputError
from wallet_tui import local_files
from wallet_tui.local_files import default_path, path_of, plain_name, read_whole, shown, write_whole

LIMIT = 12 * 1024 * 1024


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_paths_as_people_type_them(home: Path) -> None:
    assert path_of(" ~/a b.json ") == home / "a b.json"
    assert path_of("'~/quoted.json'") == home / "quoted.json"
    assert path_of("here.json") == home / "here.json"
    assert shown(home / "x") == "~/x"
    assert shown(Path("/etc/hosts")) == "/etc/hosts"


@pytest.mark.parametrize(
    "typed", ["", "   ", "a\x1b[2Jb", "a\x00b", "x" * 2000, "~nobody-of-that-name/x", "\u202egpj.exe"]
)
def test_paths_that_are_none(typed: str) -> None:
    with pytest.raises(InputError):
        path_of(typed)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Data Literacy for Industry 4.0", "data-literacy-for-industry-4-0"),
        ("../../etc/passwd", "etc-passwd"),
        ("\x1b]52;c;eA==\x07", "52-c-ea"),
        ("Für Élise", "fur-elise"),
        ("日本語", "credential"),
        (".", "credential"),
        ("a" * 500, "a" * 80),
    ],
)
def test_a_title_becomes_a_plain_name(title: str, name: str) -> None:
    assert plain_name(title) == name


def test_the_folder_for_downloads_only_if_there_is_one(home: Path) -> None:
    assert default_path("A", "pdf") == "~/a.pdf"
    (home / "Downloads").mkdir()
    assert default_path("A", "pdf") == "~/Downloads/a.pdf"


def test_reading_takes_regular_files_only_and_never_waits(home: Path) -> None:
    os.mkfifo(home / "pipe")
    (home / "folder").mkdir()
    (home / "loop").symlink_to("loop")
    for name in ("pipe", "folder", "absent", "loop"):
        with pytest.raises(InputError):
            read_whole(home / name, LIMIT)
    for name in ("/dev/zero", "/dev/tty", "/proc/self/mem"):
        with pytest.raises(InputError):
            read_whole(Path(name), 1000)


def test_reading_has_a_limit(home: Path) -> None:
    (home / "big").write_bytes(b"x" * (10 * 1024 * 1024))
    assert len(read_whole(home / "big", LIMIT)) == 10 * 1024 * 1024
    with pytest.raises(InputError, match="too_large"):
        read_whole(home / "big", 1024)


def test_writing_never_replaces_without_being_told(home: Path) -> None:
    target = home / "out.pdf"
    write_whole(target, b"one", replace=False)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with pytest.raises(ConflictError, match="file_exists"):
        write_whole(target, b"two", replace=False)
    assert target.read_bytes() == b"one"
    write_whole(target, b"two", replace=True)
    assert target.read_bytes() == b"two"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert sorted(path.name for path in home.iterdir()) == ["out.pdf"], "no draft is left"


def test_writing_refuses_what_is_no_place_for_a_file(home: Path) -> None:
    (home / "folder").mkdir()
    os.mkfifo(home / "pipe")
    (home / "hanging").symlink_to("nowhere")
    for name, replace in (
        ("folder", True),
        ("pipe", True),
        ("none/x", True),
        ("hanging", False),
        ("f" * 300, True),
    ):
        with pytest.raises(CairnError):
            write_whole(home / name, b"x", replace=replace)
    assert sorted(path.name for path in home.iterdir()) == ["folder", "hanging", "pipe"]


def test_a_place_without_hard_links(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(local_files.os, "link", no_links)
    write_whole(home / "stick", b"one", replace=False)
    assert (home / "stick").read_bytes() == b"one"
    with pytest.raises(ConflictError):
        write_whole(home / "stick", b"two", replace=False)


def test_a_disk_that_is_full_leaves_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(local_files.os, "fsync", full)
    with pytest.raises(InputError, match="No space left"):
        write_whole(home / "out", b"x", replace=False)
    assert list(home.iterdir()) == []

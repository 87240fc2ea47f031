"""Settings that somebody edited: the message names the file and the entry, never a secret."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from agent.errors import ConflictError, InputError, NotFoundError
from agent.settings import Role, create_home, load_settings, read_token
from trust_registry.errors import QueryError
from trust_registry.local_copy import LocalCopy
from trust_registry.tuf_fetcher import Source

GOOD: dict[str, Any] = {
    "version": 1,
    "name": "Learner",
    "roles": ["holder"],
    "ports": {"admin": 8401, "public": 8402, "didcomm": 8403},
    "registry_url": "https://registry.example",
}


def make(home: Path, **options: Any) -> Any:
    values: dict[str, Any] = {
        "name": "x",
        "roles": frozenset({Role.HOLDER}),
        "registry_url": "https://registry.example",
    }
    return create_home(home, **(values | options))


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"ports": {"admin": 0, "public": 1, "didcomm": 2}}, "ports.admin"),
        ({"ports": {"admin": 70000, "public": 1, "didcomm": 2}}, "ports.admin"),
        ({"ports": {"admin": "a", "public": 1, "didcomm": 2}}, "ports.admin"),
        ({"ports": {"admin": 1, "public": 2}}, "ports.didcomm"),
        ({"ports": {"admin": 1, "public": 2, "didcomm": 3, "extra": 4}}, "ports.extra"),
        ({"ports": None}, "ports"),
        ({"roles": ["king"]}, "roles.0"),
        ({"roles": "holder"}, "roles"),
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": 5}, "name"),
        ({"demo": "perhaps"}, "demo"),
        ({"rev_registry_size": 1}, "rev_registry_size"),
        ({"lock_afterseconds": 5}, "lock_afterseconds"),
        ({"registry_url": None}, "registry_url"),
        ({"registry_url": "http://registry.example"}, "registry_url"),
        ({"registry_url": "http://localhost:8300"}, "registry_url"),
        ({"registry_url": "http://registry.example", "demo": True}, "registry_url"),
        ({"registry_url": "https://user:secret@registry.example"}, "registry_url"),
        ({"registry_url": "https://registry.example/?q=1"}, "registry_url"),
        ({"registry_url": "https://registry.example:port"}, "registry_url"),
        ({"registry_url": "https://[registry"}, "registry_url"),
        ({"registry_url": ""}, "registry_url"),
        ({"registry_root": "a" * 63}, "registry_root"),
        ({"registry_root": "g" * 64}, "registry_root"),
        ({"registry_root": "a" * 64 + "\n"}, "registry_root"),
    ],
)
def test_a_bad_entry_is_named(tmp_path: Path, change: dict[str, Any], where: str) -> None:
    (tmp_path / "agent.json").write_text(json.dumps(GOOD | change))
    with pytest.raises(InputError) as caught:
        load_settings(tmp_path)
    assert caught.value.code == "bad_settings"
    assert caught.value.detail.startswith(f"{tmp_path / 'agent.json'}: {where}: ")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"{}", b'{"a":' * 500])
def test_a_file_that_is_none_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "agent.json").write_bytes(content)
    with pytest.raises(InputError) as caught:
        load_settings(tmp_path)
    assert str(tmp_path / "agent.json") in caught.value.detail


def test_no_home(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError) as caught:
        load_settings(tmp_path / "nowhere")
    assert caught.value.hint
    with pytest.raises(NotFoundError):
        read_token(tmp_path / "nowhere")


def test_a_home_is_made_once_and_for_its_owner(tmp_path: Path) -> None:
    home = tmp_path / "learner"
    settings = make(home)
    assert load_settings(home) == settings
    token = read_token(home)
    assert len(token) >= 32
    assert stat.S_IMODE((home / "token").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert token not in (home / "agent.json").read_text()
    with pytest.raises(ConflictError):
        make(home)
    assert read_token(home) == token
    other = tmp_path / "other"
    make(other)
    assert read_token(other) != token


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"rev_registry_size": 0}, "rev_registry_size"),
        ({"registry_root": "sha256"}, "registry_root"),
        ({"registry_url": "http://registry.example"}, "registry_url"),
    ],
)
def test_a_home_that_cannot_be_made(tmp_path: Path, options: dict[str, Any], where: str) -> None:
    with pytest.raises(InputError, match=where):
        make(tmp_path / "learner", **options)
    assert not (tmp_path / "learner" / "agent.json").exists()


@pytest.mark.parametrize(
    "url",
    [
        "https://registry.example",
        "https://registry.example:8443/base/",
        "http://localhost:8300",
        "http://127.0.0.1:8300",
        "http://[::1]:8300",
        "http://registry.example",
        "ftp://registry.example",
        "https://",
        "https://a@registry.example",
        "https://registry.example/#x",
        "https://registry.example:x",
        "registry.example",
    ],
)
@pytest.mark.parametrize("demo", [False, True])
def test_the_registry_s_address_is_judged_as_its_client_does(tmp_path: Path, url: str, demo: bool) -> None:
    """A home that is accepted can be run."""
    try:
        make(tmp_path / "home", registry_url=url, demo=demo, registry_root="Ab" * 32)
        accepted = True
    except InputError:
        accepted = False
    try:
        LocalCopy(tmp_path, url, source=Source(allow_loopback=demo))
        usable = True
    except QueryError:
        usable = False
    assert accepted == usable

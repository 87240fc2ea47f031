"""The encrypted vault: all or nothing, never overwritten, no way in without the passphrase."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from aries_askar import Store

from agent.errors import AgentError, CairnError, ConflictError, NotFoundError, PassphraseError
from agent.store import vault as vault_module
from agent.store.vault import Put, Vault

KEY = Store.generate_raw_key(b"7" * 32)
SECRET = "Zxqv7Marker"


@pytest.fixture
def raw(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the stretching of a passphrase, which takes a second on purpose."""
    monkeypatch.setattr(vault_module, "KEY_METHOD", "raw")


@pytest.fixture
async def vault(tmp_path: Path, raw: None) -> AsyncIterator[Vault]:
    made = await Vault.create(tmp_path / "vault.db", KEY)
    yield made
    await made.close()


async def test_the_real_thing_once(tmp_path: Path) -> None:
    """With the real stretching: the right passphrase opens, others do not, and nothing lies there in plain."""
    assert vault_module.KEY_METHOD == "argon2id"
    assert vault_module.MEMORY_KIB * vault_module.PASSES >= 2 * 64 * 1024 * 3  # RFC 9106, section 4, doubled
    path = tmp_path / "home" / "vault.db"
    made = await Vault.create(path, "correct horse battery")
    await made.put(Put("credential", SECRET, {"title": SECRET}))
    await made.close()
    with pytest.raises(PassphraseError) as caught:
        await Vault.open(path, "correct horse battery ")
    assert "correct" not in caught.value.diagnostics()
    files = [file for file in path.parent.iterdir() if file.is_file()]
    assert [file for file in files if SECRET.encode() in file.read_bytes()] == []
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    async with vault_module.opened(path, "correct horse battery") as again:
        assert await again.get("credential", SECRET) == {"title": SECRET}


async def test_a_vault_of_before_still_opens(tmp_path: Path) -> None:
    """Made with Askar's own stretching, in a folder whose name an address would not take."""
    path = tmp_path / "a b%20c?d" / "vault.db"
    path.parent.mkdir()
    store = await Store.provision(vault_module.uri_of(path), "kdf:argon2i:mod", "correct horse battery")
    await store.close()
    async with vault_module.opened(path, "correct horse battery") as vault:
        await vault.put(Put("a", "1", {"x": 1}))
        assert await vault.everything() == [("a", "1", b'{"x":1}')]


@pytest.mark.parametrize("cost", ["argon2id m=9999999 t=99 p=1 salt=" + "0" * 32, "md5", ""])
async def test_a_vault_cannot_ask_for_work_or_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cost: str
) -> None:
    monkeypatch.setattr(vault_module, "MEMORY_KIB", 1024)
    path = tmp_path / "vault.db"
    await (await Vault.create(path, "correct horse battery")).close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE config SET value = ? WHERE name = 'cairn_kdf'", (cost,))
    with pytest.raises(AgentError) as caught:
        await Vault.open(path, "correct horse battery")
    assert caught.value.code == "vault_failed"


async def test_everything_can_be_put_into_another_vault(tmp_path: Path, vault: Vault) -> None:
    await vault.put(Put("a", "1", {"x": "é\n"}), Put("b", "1", {"y": [1]}), Put("b", "2", {}))
    found = await vault.everything()
    other = await Vault.create(tmp_path / "other.db", KEY)
    await other.fill(found)
    assert sorted(await other.everything()) == sorted(found)
    assert await other.get("a", "1") == {"x": "é\n"}
    await other.close()


async def test_never_overwritten(tmp_path: Path, vault: Vault) -> None:
    await vault.put(Put("a", "1", {"kept": True}))
    with pytest.raises(ConflictError) as caught:
        await Vault.create(tmp_path / "vault.db", KEY)
    assert caught.value.code == "vault_exists"
    assert await vault.get("a", "1") == {"kept": True}


async def test_no_vault_yet(tmp_path: Path, raw: None) -> None:
    with pytest.raises(NotFoundError):
        await Vault.open(tmp_path / "vault.db", KEY)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0" + b"\0" * 500, b"garbage"])
async def test_half_made_by_a_crash(tmp_path: Path, raw: None, content: bytes) -> None:
    """A crash while making the vault leaves a draft, which is none: the next start makes it anew."""
    (tmp_path / "vault.new").write_bytes(content)
    (tmp_path / "vault.new-journal").write_bytes(content)
    (tmp_path / "vault.new-wal").write_bytes(content)
    assert not Vault.exists(tmp_path / "vault.db")
    made = await Vault.create(tmp_path / "vault.db", KEY)
    await made.put(Put("a", "1", {"x": 1}))
    await made.close()
    async with vault_module.opened(tmp_path / "vault.db", KEY) as again:
        assert await again.get("a", "1") == {"x": 1}


@pytest.mark.parametrize("content", [b"garbage" * 100, b"SQLite format 3\0" + b"\0" * 84])
async def test_damaged(tmp_path: Path, raw: None, content: bytes) -> None:
    """Not "wrong passphrase": nobody should try passphrases on a broken file."""
    (tmp_path / "vault.db").write_bytes(content)
    with pytest.raises(AgentError) as caught:
        await Vault.open(tmp_path / "vault.db", KEY)
    assert caught.value.code == "vault_failed"
    assert (tmp_path / "vault.db").read_bytes() == content


async def test_several_documents_or_none(vault: Vault) -> None:
    await vault.put(Put("a", "1", {"n": 1}), Put("b", "1", {"n": 1}))
    with pytest.raises(TypeError):
        await vault.put(Put("a", "1", {"n": 2}), Put("a", "2", {"n": 2}), Put("b", "1", {"n": object()}))
    assert await vault.all("a") == [{"n": 1}]
    assert await vault.all("b") == [{"n": 1}]


async def test_interrupted_in_the_middle(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancelled between two documents (a lock, a crash): none is written."""
    write, reached = vault_module._write, asyncio.Event()

    async def half(transaction: Any, documents: Any) -> None:
        await write(transaction, documents[:1])
        reached.set()
        await asyncio.sleep(3600)

    monkeypatch.setattr(vault_module, "_write", half)
    task = asyncio.create_task(vault.put(Put("a", "1", {"n": 1}), Put("a", "2", {"n": 2})))
    await reached.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    monkeypatch.undo()
    assert await vault.all("a") == []
    await vault.put(Put("a", "1", {"n": 3}))  # and the vault is not stuck
    assert await vault.get("a", "1") == {"n": 3}


async def test_many_writers_and_readers_at_once(vault: Vault) -> None:
    await asyncio.gather(
        *(vault.put(Put("a", f"{n % 10}", {"n": n}), Put("b", f"{n}", {"n": n})) for n in range(60)),
        *(vault.all("a") for _ in range(40)),
    )
    assert len(await vault.all("a")) == 10
    assert sorted(each["n"] for each in await vault.all("b")) == list(range(60))


@pytest.mark.parametrize("value", ["é" * 1000, "\x1b[2J", "\0", "\u202e", "🎓", "a'; DROP TABLE items; --"])
async def test_any_text_survives(vault: Vault, value: str) -> None:
    await vault.put(Put(value[:50], value[:50], {"value": value, value[:50]: [value]}))
    assert await vault.get(value[:50], value[:50]) == {"value": value, value[:50]: [value]}
    await vault.delete(value[:50], value[:50])
    await vault.delete(value[:50], value[:50])
    assert await vault.get(value[:50], value[:50]) is None


async def test_errors_are_ours(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    await vault.put(Put("a", "1", {"n": 1}))
    monkeypatch.setattr(vault_module.json, "loads", lambda _: [1])
    with pytest.raises(CairnError) as caught:
        await vault.get("a", "1")
    assert caught.value.code == "vault_damaged"

"""A backup is whole or refused; a restore makes a whole wallet or none, whenever the machine stops."""

from __future__ import annotations

import asyncio
import json
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from aries_askar import Store

from agent.errors import AgentError, CairnError, ConflictError, LockedError, NotFoundError, PassphraseError
from agent.services import backup, restoring
from agent.services.agent import Agent
from agent.services.node import Lock
from agent.settings import load_settings
from agent.store import backup_file, history, restore_folder
from agent.store import vault as vault_module
from agent.store.backup_file import Cost, Limits
from agent.store.restore_folder import ACAPY_STORE
from agent.store.vault import Put, uri_of
from tests.simulators.town import PASSPHRASE, Member, Town

WORDS = "words of the backup"
NEW = Store.generate_raw_key(b"2" * 32)


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretching is a test of its own (tests/unit/store/test_backup_file.py)."""
    monkeypatch.setattr(backup_file, "COST", Cost(memory_kib=8, passes=1))
    monkeypatch.setattr(backup_file, "LIMITS", Limits(min_memory_kib=8))


async def store_of(member: Member, *referents: str) -> None:
    """What ACA-Py would have made: its store, with a link secret and these credentials."""
    secret = await member.agent.node._acapy_secrets()
    path = member.home / ACAPY_STORE
    path.parent.mkdir(parents=True, exist_ok=True)
    store = await Store.provision(uri_of(path), "raw", secret["wallet_key"], recreate=True)
    async with store.session() as session:
        await session.insert("master_secret", "default", b"12345")
        for each in referents:
            await session.insert("credential", each, b"{}")
    await store.close()


@pytest.fixture
async def holder(place: Town, university: Member, learner: Member) -> Member:
    """A learner with one accepted credential, and ACA-Py's store with it."""
    offer = await university.offer()
    reviewed = await learner.agent.holding.review(offer["link"])
    await learner.agent.holding.accept(reviewed["id"])
    (credential,) = await learner.agent.holding.credentials()
    await store_of(learner, credential["referent"])
    return learner


async def made(holder: Member, file: Path) -> dict[str, Any]:
    return await backup.make(holder.agent.node, file, WORDS)


def everything_in(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "logs" not in path.parts and path.suffix not in {".db-wal", ".db-shm"}
    }


# --- make


async def test_a_backup_is_written_read_back_and_noted(holder: Member, tmp_path: Path) -> None:
    node, file = holder.agent.node, tmp_path / "wallet.cairn"
    before = await history.entries(node.vault)
    seen = []
    async with node.bus.listen() as queue:
        answer = await made(holder, file)
        while not queue.empty():
            event = queue.get_nowait()
            if event is not None and event.name == "step":
                seen.append((event.data["exchange"], event.data["name"], event.data["state"]))
    assert [step for step in seen if step[2] == "done"] == [
        ("backup", name, "done")
        for name in ("waiting for the agent", "copying the wallet", "encrypting", "reading it back")
    ]
    assert (answer["credentials"], answer["offers"], answer["history"]) == (1, 1, len(before))
    assert answer["history_intact"]
    assert answer["bytes"] == file.stat().st_size
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert await backup.check(file, WORDS) == {k: v for k, v in answer.items() if k != "path"}
    entry = (await history.entries(node.vault))[-1]
    assert (entry["kind"], entry["title"]) == ("backed_up", "wallet.cairn")
    assert answer["sha256"] in entry["outcome"]
    assert (await node.vault.get(*backup.NOTE) or {})["made_at"] == answer["made_at"]
    assert [path.name for path in tmp_path.iterdir() if "part" in path.name] == []
    assert list(holder.home.glob(".backup-*")) == []
    for secret in (b"Aoife", b"12345", b"sustainable", WORDS.encode()):
        assert secret not in file.read_bytes()


async def test_nothing_is_overwritten_unless_asked(holder: Member, tmp_path: Path) -> None:
    file = tmp_path / "wallet.cairn"
    file.write_bytes(b"something dear")
    with pytest.raises(ConflictError) as caught:
        await made(holder, file)
    assert caught.value.code == "file_exists"
    assert file.read_bytes() == b"something dear"
    await backup.make(holder.agent.node, file, WORDS, replace=True)
    await backup.check(file, WORDS)


async def test_a_disk_that_writes_something_else_is_noticed(
    holder: Member, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, written = tmp_path / "wallet.cairn", backup._write_draft
    file.write_bytes(b"the last good one")

    def spoilt(*arguments: Any) -> Any:
        answer = written(*arguments)
        draft = arguments[3]
        data = bytearray(draft.read_bytes())
        data[-40] ^= 1
        draft.write_bytes(bytes(data))
        return answer

    monkeypatch.setattr(backup, "_write_draft", spoilt)
    with pytest.raises(CairnError) as caught:
        await backup.make(holder.agent.node, file, WORDS, replace=True)
    assert caught.value.code == "backup_damaged"
    assert file.read_bytes() == b"the last good one"
    assert await holder.agent.node.vault.get(*backup.NOTE) is None
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["wallet.cairn"]


async def test_what_refuses_a_backup(holder: Member, university: Member, tmp_path: Path) -> None:
    node, file = holder.agent.node, tmp_path / "wallet.cairn"
    with pytest.raises(PassphraseError):
        await backup.make(node, file, "short")
    with pytest.raises(CairnError, match="not_absolute"):
        await backup.make(node, Path("wallet.cairn"), WORDS)
    with pytest.raises(NotFoundError, match="not_this_role"):
        await backup.make(university.agent.node, file, WORDS)
    for where, code in (
        ("nowhere/wallet.cairn", "no_folder"),
        ("", "file_exists"),
        ("a" * 300, "backup_failed"),
    ):
        with pytest.raises(CairnError) as caught:
            await made(holder, tmp_path / where)
        assert (caught.value.code, bool(caught.value.hint)) == (code, True)
    async with node.keeping:
        with pytest.raises(ConflictError, match="backup_running"):
            await made(holder, file)
    (holder.home / ACAPY_STORE).unlink()
    with pytest.raises(AgentError, match="backup_failed"):
        await made(holder, file)
    await node.relock()
    with pytest.raises(LockedError):
        await made(holder, file)
    assert not file.exists()


async def test_the_store_has_what_the_vault_speaks_of(
    holder: Member, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A credential that is being deleted while the two are copied: both are copied again."""
    node, copied = holder.agent.node, []
    await node.vault.put(Put("credential", "going", {"id": "going", "referent": "gone", "received_at": ""}))
    copy = backup._copy_store

    def slow(source: Path, target: Path) -> None:
        copied.append(target)
        if len(copied) == 2:
            store_loop.run_until_complete(node.vault.delete("credential", "going"))
        copy(source, target)

    store_loop = asyncio.new_event_loop()
    monkeypatch.setattr(backup, "_copy_store", slow)
    answer = await made(holder, tmp_path / "wallet.cairn")
    store_loop.close()
    assert (len(copied), answer["credentials"]) == (3, 1)


# --- restore


async def restored(file: Path, home: Path) -> dict[str, Any]:
    return await restoring.restore(home, file, WORDS, NEW)


async def test_a_wallet_comes_back_whole(holder: Member, place: Town, tmp_path: Path) -> None:
    file, home = tmp_path / "wallet.cairn", tmp_path / "other" / "home"
    node = holder.agent.node
    documents = {(kind, id): value for kind, id, value in await node.vault.everything()}
    await made(holder, file)
    answer = await restored(file, home)
    assert (answer["credentials"], answer["missing"], answer["settings_kept"]) == (1, 0, False)
    mine, theirs = node.settings, load_settings(home)
    assert (theirs.name, theirs.roles, theirs.registry_url) == (mine.name, mine.roles, mine.registry_url)
    assert theirs.ports != mine.ports
    assert (home / "token").read_text() != ""
    assert (home / ACAPY_STORE).stat().st_size == (holder.home / ACAPY_STORE).stat().st_size
    async with vault_module.opened(home / "vault.db", NEW) as vault:
        found = {(kind, id): value for kind, id, value in await vault.everything()}
        chain = await history.entries(vault)
        assert history.intact(chain)
        assert chain[-1]["kind"] == "restored"
        assert answer["sha256"] in chain[-1]["outcome"]
        # All as it was, but for what a new entry of the history brings with it.
        assert {key for key in documents if found[key] != documents[key]} <= {("history_head", "head")}
    new = {key for key in set(found) - set(documents) if key[0] != "history_head"}
    assert new == {backup.NOTE, ("history", f"{len(chain):09d}")}
    # Askar lets go of a store a moment after it was closed, and takes the log beside it away then.
    for path in [path for path in home.rglob("*") if not path.name.endswith(("-wal", "-shm"))]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 or path.name == "agent.json", path
        assert not path.is_file() or b"Aoife" not in path.read_bytes() or path.name == "agent.json", path
    assert list(home.glob(".restore*")) == []
    with pytest.raises(PassphraseError):
        await vault_module.Vault.open(home / "vault.db", PASSPHRASE)


async def test_the_running_service_takes_a_wallet_in(holder: Member, place: Town, tmp_path: Path) -> None:
    file = tmp_path / "wallet.cairn"
    await made(holder, file)
    fresh = place.member("fresh", next(iter(holder.settings.roles)))
    node = fresh.agent.node
    token = (fresh.home / "token").read_bytes() if (fresh.home / "token").exists() else b""
    assert node.first_run
    async with node.without_wallet():
        answer = await restoring.restore(node.home, file, WORDS, NEW, bus=node.bus)
    assert not node.first_run
    assert answer["settings_kept"] == (fresh.home / "agent.json").exists()
    assert not token or (fresh.home / "token").read_bytes() == token
    await node.unlock(NEW)
    assert len(await fresh.agent.holding.credentials()) == 1
    with pytest.raises(ConflictError, match="wallet_exists"):
        async with node.without_wallet():
            raise AssertionError("there is one")


async def test_nothing_is_ever_overwritten(holder: Member, tmp_path: Path) -> None:
    file = tmp_path / "wallet.cairn"
    await made(holder, file)
    await holder.agent.node.relock()
    before = everything_in(holder.home)
    for _ in range(2):
        with pytest.raises(ConflictError) as caught:
            await restored(file, holder.home)
        assert caught.value.code == "wallet_exists"
        assert everything_in(holder.home) == before
        (holder.home / "vault.db").unlink(missing_ok=True)  # ACA-Py's part alone is not overwritten either
        before.pop("vault.db", None)


async def test_a_bad_file_changes_nothing(holder: Member, tmp_path: Path) -> None:
    good, home = tmp_path / "wallet.cairn", tmp_path / "home"
    await made(holder, good)
    await holder.agent.node.relock()  # so that nothing else changes there
    data = good.read_bytes()
    bad = {
        "truncated": (data[:-1], WORDS, NEW, "backup_damaged"),
        "flipped": (data[:-30] + bytes([data[-30] ^ 1]) + data[-29:], WORDS, NEW, "backup_damaged"),
        "foreign": (b"PK\3\4" * 100, WORDS, NEW, "not_a_backup"),
        "words": (data, "another passphrase", NEW, "backup_passphrase"),
        "weak": (data, WORDS, "short", "weak_passphrase"),
    }
    for name, (content, _, _, _) in bad.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "folder").mkdir()
    cases = [(name, *more) for name, (_, *more) in bad.items()]
    cases += [("folder", WORDS, NEW, "not_a_backup"), ("missing", WORDS, NEW, "no_file")]
    for there in (False, True):
        if there:
            home.mkdir()
            (home / "agent.json").write_bytes(b"{}")
        before = everything_in(tmp_path)
        for name, words, new, code in cases:
            with pytest.raises(CairnError) as caught:
                await restoring.restore(home, tmp_path / name, words, new)
            assert caught.value.code == code, name
            assert everything_in(tmp_path) == before
            assert home.exists() == there


class DiedError(BaseException):
    """The machine stopped: nothing of this process happens any more."""


class Mortal:
    """Counts the effects of a restore and dies after one of them, clean-up included."""

    def __init__(self, at: int, patch: pytest.MonkeyPatch) -> None:
        self.at, self.count, self.dead = at, 0, False
        for owner, name in (
            (Path, "rename"),
            (restore_folder.os, "fsync"),
            (restore_folder.shutil, "rmtree"),
            (restore_folder, "begin"),
            (vault_module.Vault, "fill"),
            (vault_module.Vault, "put"),
            (restoring, "create_home"),
            (restoring, "acapy_credentials"),
        ):
            patch.setattr(owner, name, self._mortal(getattr(owner, name)))

    def _mortal(self, work: Any) -> Any:
        if asyncio.iscoroutinefunction(work):

            async def later(*given: Any, **more: Any) -> Any:
                self._alive()
                answer = await work(*given, **more)
                self._done()
                return answer

            return later

        def now(*given: Any, **more: Any) -> Any:
            self._alive()
            answer = work(*given, **more)
            self._done()
            return answer

        return now

    def _alive(self) -> None:
        if self.dead:
            raise DiedError

    def _done(self) -> None:
        self.count += 1
        if self.count == self.at:
            self.dead = True
            raise DiedError


async def test_dying_anywhere_leaves_no_wallet_or_the_whole(
    holder: Member, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "wallet.cairn"
    await made(holder, file)
    outcomes: list[bool] = []
    for at in range(1, 200):
        home = tmp_path / f"home{at}"
        with monkeypatch.context() as patch:
            mortal = Mortal(at, patch)
            with suppress(DiedError):
                await restored(file, home)
        restore_folder.settle(home)  # the next start
        whole = (home / "vault.db").exists()
        if whole:
            assert sorted(path.name for path in home.iterdir()) == [
                "acapy",
                "agent.json",
                "token",
                "vault.db",
            ]
            load_settings(home)
            async with vault_module.opened(home / "vault.db", NEW) as vault:
                assert len(await vault.all("credential")) == 1
                assert history.intact(await history.entries(vault))
        else:
            assert not home.exists() or list(home.iterdir()) == []
            await restored(file, home)  # and nothing is in the way of trying again
        outcomes.append(whole)
        if not mortal.dead:
            break
    else:
        raise AssertionError("it never came to its end")
    assert outcomes == sorted(outcomes), "once it was decided, it stays so"
    assert outcomes.count(False) > 10
    assert outcomes.count(True) > 5


async def test_a_service_that_starts_finds_what_was_decided(
    holder: Member, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decided, and then the machine stopped before anything was moved."""
    file, home = tmp_path / "wallet.cairn", tmp_path / "home"
    await made(holder, file)
    await restored(file, home)
    done = home / restore_folder.DONE
    for name in (ACAPY_STORE.parent.parent, Path("vault.db")):
        (done / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).rename(done / name)
    (home / ".backup-left").mkdir()
    (home / restore_folder.PART).mkdir()
    agent = Agent(home, load_settings(home))
    node = agent.node
    assert not node.first_run
    assert (home / ".backup-left").exists(), "another service may be at it: its port is not bound yet"
    monkeypatch.setattr(node.registry_list, "start", lambda: None)
    node.start()
    assert (home / ACAPY_STORE).exists()
    assert [path.name for path in home.iterdir() if path.name.startswith(".")] == []
    assert node.lock is Lock.LOCKED
    await agent.close()


async def test_a_wallet_made_meanwhile_stays(tmp_path: Path) -> None:
    done = tmp_path / restore_folder.DONE
    done.mkdir()
    (done / "vault.db").write_bytes(b"restored")
    (tmp_path / "vault.db").write_bytes(b"made meanwhile")
    restore_folder.settle(tmp_path)
    assert (tmp_path / "vault.db").read_bytes() == b"made meanwhile"
    assert not done.exists()


def packed(tmp_path: Path, lines: list[bytes], counts: dict[str, int] | None = None, head: str = "") -> Path:
    import io

    file = tmp_path / "made.cairn"
    facts = backup_file.Manifest(
        "2026-11-28T10:00:00Z", "x", counts or {"credentials": 0, "offers": 0, "history": 0}, head
    )
    parts = [("settings.json", b"{}"), ("vault.jsonl", b"\n".join(lines)), ("acapy.sqlite", b"")]
    with file.open("wb") as out:
        entries = [(name, io.BytesIO(data)) for name, data in parts]
        backup_file.write(out, WORDS, facts, entries, cost=backup_file.COST)
    return file


@pytest.mark.parametrize(
    "lines",
    [
        [b"[]"],
        [b"{}"],
        [b'{"kind":"a","id":"b","value":[]}'],
        [b'{"kind":"a","id":5,"value":{}}'],
        [b'{"kind":"a","id":"b","value":{}}'] * 2,
        [b'{"kind":"credential","id":"b","value":{}}'],  # one more than the list of contents says
        [b"not json"],
        [b'{"kind":"a","id":"b","value":{"a":1,"a":2}}'],
    ],
    ids=str,
)
async def test_contents_that_are_no_wallet(tmp_path: Path, lines: list[bytes]) -> None:
    with pytest.raises(CairnError):
        await backup.check(packed(tmp_path, lines), WORDS)
    with pytest.raises(CairnError):
        await restored(tmp_path / "made.cairn", tmp_path / "home")
    assert not (tmp_path / "home").exists()


async def test_a_broken_chain_is_said_and_kept(holder: Member, tmp_path: Path) -> None:
    """A backup does not judge: what is there is kept, and the answer says that the chain does not hold."""
    vault, file = holder.agent.node.vault, tmp_path / "wallet.cairn"
    (first, *_) = await history.entries(vault)
    await vault.put(Put("history", f"{first['seq']:09d}", first | {"title": "another"}))
    assert not (await made(holder, file))["history_intact"]
    assert not (await restored(file, tmp_path / "home"))["history_intact"]
    assert json.dumps(first)  # the entry itself was whole

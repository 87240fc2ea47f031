"""The routes of backups: what they want, what they refuse, and that a bad request changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from aries_askar import Store

from agent.settings import Role
from agent.store import backup_file
from agent.store.backup_file import Cost, Limits
from agent.store.restore_folder import ACAPY_STORE
from agent.store.vault import uri_of
from tests.simulators.town import TOKEN, Member, Town

WORDS, NEW = "words of the backup", Store.generate_raw_key(b"5" * 32)


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup_file, "COST", Cost(memory_kib=8, passes=1))
    monkeypatch.setattr(backup_file, "LIMITS", Limits(min_memory_kib=8))


def client(member: Member) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=member.admin_app),
        base_url="http://127.0.0.1",
        headers={"authorization": f"Bearer {TOKEN}"},
    )


async def test_from_one_wallet_to_another(place: Town, tmp_path: Path) -> None:
    learner = await place.learner()
    secret = await learner.agent.node._acapy_secrets()
    store = learner.home / ACAPY_STORE
    store.parent.mkdir(parents=True)
    await (await Store.provision(uri_of(store), "raw", secret["wallet_key"])).close()
    file = str(tmp_path / "wallet.cairn")
    async with client(learner) as http:
        before = (await http.get("/v1/status")).json()
        assert (before["backup"], before["home"]) == ({"made_at": None}, str(learner.home))
        made = await http.post("/v1/backup", json={"path": file, "passphrase": WORDS})
        assert made.status_code == 200
        assert made.json()["path"] == file
        after = (await http.get("/v1/status")).json()
        assert after["backup"] == {"made_at": made.json()["made_at"]}
        again = await http.post("/v1/backup", json={"path": file, "passphrase": WORDS})
        assert (again.status_code, again.json()["code"]) == (409, "file_exists")
        checked = await http.post("/v1/backup/check", json={"path": file, "passphrase": WORDS})
        assert checked.json() == {name: value for name, value in made.json().items() if name != "path"}
        wrong = await http.post("/v1/backup/check", json={"path": file, "passphrase": "other words"})
        assert (wrong.status_code, wrong.json()["code"]) == (403, "backup_passphrase")
        body = {"path": file, "passphrase": WORDS, "new_passphrase": NEW}
        refused = await http.post("/v1/restore", json=body)
        assert (refused.status_code, refused.json()["code"]) == (409, "wallet_exists")
        await http.post("/v1/lock")
        assert (await http.get("/v1/status")).json()["backup"] is None
        locked = await http.post("/v1/backup", json={"path": file, "passphrase": WORDS})
        assert (locked.status_code, locked.json()["code"]) == (423, "locked")
        refused = await http.post("/v1/restore", json=body)
        assert (refused.status_code, refused.json()["code"]) == (409, "wallet_exists")

    fresh = place.member("fresh", Role.HOLDER)
    async with client(fresh) as http:
        assert (await http.get("/v1/status")).json()["first_run"]
        restored = await http.post("/v1/restore", json=body)
        assert restored.status_code == 200
        assert (restored.json()["missing"], restored.json()["history"]) == (0, made.json()["history"])
        assert not (await http.get("/v1/status")).json()["first_run"]
        assert (await http.post("/v1/unlock", json={"passphrase": NEW})).status_code == 202
        entries = (await http.get("/v1/wallet/history")).json()["entries"]
        assert entries[-1]["kind"] == "restored"
        assert (await http.get("/v1/status")).json()["backup"] == {"made_at": made.json()["made_at"]}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"path": "/x"},
        {"path": "", "passphrase": WORDS, "new_passphrase": NEW},
        {"path": "relative", "passphrase": WORDS, "new_passphrase": NEW},
        {"path": "/a\0b", "passphrase": WORDS, "new_passphrase": NEW},
        {"path": 5, "passphrase": WORDS, "new_passphrase": NEW},
        {"path": "/x", "passphrase": ["x"], "new_passphrase": NEW},
        {"path": "/x", "passphrase": "y" * 5000, "new_passphrase": NEW},
    ],
    ids=lambda body: str(body)[:40],
)
async def test_bad_requests(shared: Town, body: dict[str, Any]) -> None:
    async with client(shared.members["learner"]) as http:
        for path in ("/v1/backup", "/v1/backup/check"):
            answer = await http.post(path, json=body)
            assert answer.status_code == 422, answer.text


async def test_only_a_learner_has_backups(shared: Town, tmp_path: Path) -> None:
    body = {"path": str(tmp_path / "x"), "passphrase": WORDS, "new_passphrase": NEW}
    for name in ("munster", "employer"):
        async with client(shared.members[name]) as http:
            for path in ("/v1/backup", "/v1/restore"):
                answer = await http.post(path, json=body)
                assert (answer.status_code, answer.json()["code"]) == (404, "not_this_role")
            assert (await http.get("/v1/status")).json()["backup"] is None
    assert list(tmp_path.iterdir()) == []

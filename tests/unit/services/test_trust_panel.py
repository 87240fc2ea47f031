"""Who can be trusted and why, from a real registry's list: found, read as a chain, offline, too old, forged."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from aries_askar import Store

from agent.api import admin
from agent.core.verdict import Result
from agent.errors import InputError, NotFoundError
from agent.services import clock, trust
from agent.services.agent import Agent
from agent.services.held import HeldFact
from agent.settings import Ports, Role, Settings
from agent.store.vault import Vault
from tests.simulators.town import without_tls
from tests.unit.trust_registry.asked_registry import Served, prepare, served
from tests.unit.trust_registry.samples import FHJ, FHJ_ID, MTU, MTU_ID
from trust_registry import embedded
from trust_registry.vocabulary import SnapshotKind

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HELD = HeldFact(
    id="c1",
    title="Data Literacy",
    did=MTU.did,
    host="mtu.example",
    issuer="Munster Technological University",
    state=Result.PASS,
    signature=Result.PASS,
    assured=Result.PASS,
    institution_id=MTU_ID,
    expires_on=None,
    checked_at=datetime(2026, 1, 1, tzinfo=UTC),
    withdrawn="",
    withdrawn_by="",
    status_known=True,
)
STRANGER = replace(
    HELD, id="c2", did="did:web:nobody.example", host="nobody.example", issuer="Nobody College"
)


class Holds:
    def __init__(self, *facts: HeldFact) -> None:
        self.facts = facts

    async def all(self, _vault: Any) -> dict[str, HeldFact]:
        return {each.id: each for each in self.facts}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("prepared"))


@pytest.fixture
def real(tmp_path: Path, prepared: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    without_tls(monkeypatch)
    monkeypatch.setattr("agent.store.vault.KEY_METHOD", "raw")
    monkeypatch.setattr(trust, "MEMORY_SECONDS", -1.0)
    with served(tmp_path, prepared) as running:
        monkeypatch.setattr(clock, "now", running.clock)
        yield running


async def opened(home: Path, real: Served, *, root: str = "", demo: bool = True) -> Agent:
    """Its vault open, no ACA-Py behind it; it holds a credential of Munster's and one of nobody's."""
    settings = Settings(
        name="x",
        roles=frozenset({Role.HOLDER}),
        ports=Ports(admin=8401, public=8402, didcomm=8403),
        registry_url=real.url if demo else "https://registry.example",
        registry_root=root or real.publication.repository.root_sha256(),
        demo=demo,
    )
    agent = Agent(home, settings)
    agent.node._vault = await Vault.create(home / "vault.db", Store.generate_raw_key())
    agent.trust._held = Holds(HELD, STRANGER)  # type: ignore[assignment]
    return agent


@pytest.fixture
async def agent(tmp_path: Path, real: Served) -> AsyncIterator[Agent]:
    made = await opened(tmp_path / "home", real)
    await made.node.asker.sync()
    yield made
    await made.close()


def chain(found: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(link["code"], link["result"], link["reason"]) for link in found["chain"]]


WHOLE = [
    (code, "pass", "")
    for code in ("credential", "issuer", "institution", "report", "agency", "registry_list")
]


async def test_the_whole_chain_of_an_issuer(agent: Agent) -> None:
    found = await agent.trust.issuer(MTU.did)
    assert chain(found) == WHOLE
    assert (found["result"], found["answered"]["by"]) == ("pass", "registry")
    (binding,) = found["bindings"]
    assert (binding["result"], binding["level"], binding["since"]) == ("pass", 2, "2021-01-01")
    assert binding["thumbprint"] == MTU.thumbprint
    assert found["institution"]["id"] == MTU_ID
    assert [each["id"] for each in found["credentials"]] == ["c1"]
    assert found["institution"]["url"].startswith("https://")
    report = found["reports"][0]
    assert {"valid_from", "last_day", "levels", "status", "in_force", "illustrative"} <= set(report)
    about = found["list"]
    assert (about["seq"], about["kind"], about["root"], about["freshness"]) == (8, "demo", "pinned", "fresh")
    assert len(about["signed_by"]) == 43
    assert "demonstration data" in about["check"]["detail"]


async def test_an_institution_with_its_bindings_and_reports(agent: Agent) -> None:
    found = await agent.trust.institution(MTU_ID)
    assert chain(found) == [link for link in WHOLE if link[0] != "issuer"]
    assert [each["did"] for each in found["bindings"]] == [MTU.did]
    assert found["institution"]["countries"] == ["IE"]
    assert found["reports_total"] == len(found["reports"]) > 0
    assert all(each["agency"]["registered"] for each in found["reports"] if each["in_force"])


async def test_finding_by_name_in_any_script_did_host_and_id(agent: Agent) -> None:
    for question in ("munster", "MÜNSTER technol", MTU.did, MTU_ID):
        found = await agent.trust.search(question)
        assert MTU_ID in [each["id"] for each in found["institutions"]], question
    found = await agent.trust.search("")
    assert found["institutions"] == []
    assert [(each["host"], each["credentials"]) for each in found["issuers"]] == [
        ("mtu.example", 1),
        ("nobody.example", 1),
    ]
    assert [each["did"] for each in (await agent.trust.search("nobody"))["issuers"]] == [STRANGER.did]
    assert (await agent.trust.search("zzzz qqqq"))["institutions"] == []


@pytest.mark.parametrize(
    "question", ["***", '"', "did:", "a" * 512, "\x00", "NEAR(", "..", "did:web:" + "x" * 400]
)
async def test_any_question_is_answered_or_says_why_not(agent: Agent, question: str) -> None:
    found = await agent.trust.search(question)
    assert found["institutions"] == []


async def test_what_cannot_be_looked_up_is_refused(agent: Agent) -> None:
    with pytest.raises(InputError):
        await agent.trust.search("x" * 513)
    for did in ("", "munster", "did:web:", "did:web:x y", "did:web:" + "x" * 600):
        with pytest.raises(InputError, match="bad_did"):
            await agent.trust.issuer(did)
    for identifier in ("DEQARINST0", "../etc", "x" * 300, "' OR 1=1"):
        with pytest.raises(NotFoundError, match="unknown_institution"):
            await agent.trust.institution(identifier)


async def test_nobody_is_no_judgement(agent: Agent) -> None:
    found = await agent.trust.issuer(STRANGER.did)
    assert chain(found) == [
        ("credential", "pass", ""),
        ("issuer", "unknown", "did_not_bound"),
        ("registry_list", "pass", ""),
    ]
    assert (found["result"], found["institution"], found["bindings"]) == ("unknown", None, [])


async def test_one_operator_alone_counts_in_no_production(tmp_path: Path, real: Served) -> None:
    """What is on a demonstration list, or was bound by one person, assures nothing outside of one."""
    facts = embedded.load()
    facts.reports = {id: report for id, report in facts.reports.items() if not report.illustrative}
    real.publish(9, kind=SnapshotKind.PRODUCTION, facts=facts)
    real.bind(FHJ, FHJ_ID, agreed=False)
    real.publish(10, kind=SnapshotKind.PRODUCTION, facts=facts)
    made = await opened(tmp_path / "other", real)
    made.node.asker._deployment = SnapshotKind.PRODUCTION
    try:
        found = await made.trust.institution(FHJ_ID)
        assert [(each["result"], each["reason"]) for each in found["bindings"]] == [
            ("unknown", "one_operator")
        ]
        assert (await made.trust.institution(MTU_ID))["bindings"][0]["result"] == "pass"
        real.publish(11)
        await made.node.asker.sync()
        found = await made.trust.institution(MTU_ID)
        assert {link["result"] for link in found["chain"]} == {"unknown"}
        assert found["list"]["check"]["reason"] == "snapshot_demo"
    finally:
        await made.close()


async def test_offline_from_the_copy_with_its_age(agent: Agent, real: Served) -> None:
    real.stop()
    real.clock.now += 5 * HOUR
    found = await agent.trust.issuer(MTU.did)
    assert chain(found) == WHOLE
    assert (found["result"], found["answered"]["by"]) == ("pass", "copy")
    assert "5 h old" in found["list"]["check"]["detail"]
    assert found["list"]["age_seconds"] == 5 * 3600
    assert (await agent.trust.search("munster", refresh=True))["total"] == 1
    real.clock.now += 2 * DAY
    assert "older than a day" in (await agent.trust.issuer(MTU.did))["list"]["check"]["detail"]


@pytest.mark.parametrize("age", [8 * DAY, 40 * DAY])
async def test_past_the_limit_everything_is_unknown_and_never_an_old_yes(
    agent: Agent, real: Served, age: timedelta
) -> None:
    real.stop()
    real.clock.now += age
    for found in (await agent.trust.issuer(MTU.did), await agent.trust.institution(MTU_ID)):
        assert {link["result"] for link in found["chain"] if link["code"] != "credential"} == {"unknown"}
        assert (found["result"], found["reason"]) == ("unknown", "snapshot_stale")
        assert [each["result"] for each in found["bindings"]] == ["unknown"]
        assert found["institution"]["id"] == MTU_ID if found["institution"] else True
    assert found["list"]["check"]["reason"] == "snapshot_stale"


async def test_without_any_list_nothing_is_said(tmp_path: Path, real: Served) -> None:
    real.stop()
    made = await opened(tmp_path / "other", real)
    try:
        found = await made.trust.issuer(MTU.did)
        assert {link["result"] for link in found["chain"] if link["code"] != "credential"} == {"unknown"}
        assert found["problem"] == "registry_unreachable"
        found = await made.trust.institution(MTU_ID)
        assert (found["result"], found["reason"]) == ("unknown", "registry_unreachable")
        found = await made.trust.search("munster", refresh=True)
        assert (found["institutions"], found["problem"]) == ([], "registry_unreachable")
        assert len((await made.trust.search(""))["issuers"]) == 2
    finally:
        await made.close()


async def test_a_revoked_key_and_a_wrong_root(tmp_path: Path, real: Served) -> None:
    made = await opened(tmp_path / "other", real, root="0" * 64)
    try:
        found = await made.trust.issuer(MTU.did)
        assert found["problem"] == "wrong_root"
        assert {link["result"] for link in found["chain"] if link["code"] != "credential"} == {"unknown"}
    finally:
        await made.close()


async def test_over_http_and_locked(agent: Agent) -> None:
    app = admin.create(agent, "t")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url="http://127.0.0.1",
        headers={"authorization": "Bearer t"},
    ) as http:
        base = "/v1/wallet/trust"
        assert (await http.get(base, params={"q": "munster"})).json()["institutions"][0]["id"] == MTU_ID
        assert (await http.get(f"{base}/issuers/{quote(MTU.did, safe='')}")).json()["result"] == "pass"
        assert (await http.get(f"{base}/institutions/{MTU_ID}?refresh=true")).json()["result"] == "pass"
        assert (await http.get(f"{base}/institutions/NONE")).json()["code"] == "unknown_institution"
        assert (await http.get(f"{base}/issuers/x")).status_code == 422
        await agent.node.relock()
        assert (await http.get(base)).status_code == 423

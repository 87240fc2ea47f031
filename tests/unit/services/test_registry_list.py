"""What agents make of the registry's answers: source, age, what was not checked; and how the copy is kept young."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from agent.core.verdict import Check, Result
from agent.services import clock, registry_list, trust
from agent.services.agent import Agent
from agent.services.registry_list import ListKeeper
from agent.services.status import status
from agent.settings import Ports, Role, Settings
from tests.simulators.town import Member, Town, without_tls
from tests.unit.trust_registry.asked_registry import QUERY, Served, prepare, served
from tests.unit.trust_registry.samples import MTU
from trust_registry.errors import RegistryUnreachable, SnapshotError, TrustRegistryError
from trust_registry.models import Query

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
async def holder(university: Member, learner: Member) -> Member:
    assert (await learner.receive((await university.offer())["link"]))["state"] == "accepted"
    return learner


async def rows(holder: Member) -> dict[str, dict[str, Any]]:
    (credential,) = await holder.agent.holding.recheck_all()
    return {check["code"]: check for check in credential["checks"]}


def evidence(check: dict[str, Any], kind: str) -> list[str]:
    return [each["label"] for each in check.get("evidence", ()) if each["kind"] == kind]


# --- what the wallet shows


async def test_an_answer_by_the_registry_says_so(holder: Member) -> None:
    found = await rows(holder)
    assert found["accreditation"]["result"] == "pass"
    assert "signed answer just now" in found["registry_list"]["detail"]
    assert evidence(found["registry_list"], "source") == ["signed answer"]


@pytest.mark.parametrize(
    ("age", "result", "reason", "words"),
    [
        (HOUR, "pass", "", "from the copy on this machine, 1 h old; the registry did not answer"),
        (
            2 * DAY,
            "pass",
            "",
            "48 h old; the registry did not answer; list 1, demonstration data, older than",
        ),
        (8 * DAY, "unknown", "snapshot_stale", "too old: from the copy on this machine, 192 h old"),
        (31 * DAY, "unknown", "snapshot_stale", "too old: from the copy on this machine, 744 h old"),
    ],
)
async def test_the_copy_s_age_is_shown(
    place: Town, holder: Member, age: timedelta, result: str, reason: str, words: str
) -> None:
    place.registry.mode, place.registry.copy_age = "down", age
    check = (await rows(holder))["registry_list"]
    assert (check["result"], check.get("reason", "")) == (result, reason)
    assert words in check["detail"]
    assert evidence(check, "source") == ["copy on this machine"]
    assert "registry" in evidence(check, "unchecked")


async def test_an_answer_that_is_not_the_registry_s_is_unknown(
    place: Town, holder: Member, employer: Member
) -> None:
    """Whatever else is there: the copy does not stand in for it."""
    request = await employer.ask()
    await holder.present(request["link"])
    assert (await place.verdict(employer, request))["quality_assured"]["result"] == "pass"
    place.registry.mode, place.registry.copy_age = "forged", HOUR
    found = await rows(holder)
    for code in ("institution", "accreditation", "registry_list"):
        assert (found[code]["result"], found[code]["reason"]) == ("unknown", "answer_not_authentic")
        assert "not signed by it" in found[code]["detail"]
    (response,) = await employer.agent.asking.responses(request["id"])
    judged = await employer.agent.asking.recheck(response["id"])
    parts = {part["name"]: part for part in judged["verdict"]["parts"]}
    for name in ("quality_assured", "policy"):
        reasons = {(check["result"], check["reason"]) for check in parts[name]["checks"]}
        assert ("unknown", "answer_not_authentic") in reasons
        assert parts[name]["result"] == "unknown"


async def test_a_verdict_from_the_copy_shows_its_age(place: Town, holder: Member, employer: Member) -> None:
    request = await employer.ask()
    shown = await holder.agent.presenting.review(request["link"])
    place.registry.mode, place.registry.copy_age = "down", 5 * HOUR
    await holder.agent.presenting.present(shown["id"], expect=shown["plan"]["hash"])
    verdict = await place.verdict(employer, request)
    for part, code in (("quality_assured", "quality"), ("policy", "registry")):
        (check,) = (check for check in verdict[part]["checks"] if check["code"] == code)
        assert check["result"] == "pass"
        assert "from the copy on this machine, 5 h old" in check["detail"]
        assert "registry" in evidence(check, "unchecked")


@pytest.mark.parametrize(
    ("reason", "word"), [("snapshot_rollback", "older than"), ("snapshot_demo", "demonstration data, and")]
)
async def test_a_list_that_cannot_be_trusted_lists_nobody(
    place: Town, holder: Member, monkeypatch: pytest.MonkeyPatch, reason: str, word: str
) -> None:
    plain = place.registry.decision

    def distrusted(did: str) -> dict[str, Any]:
        return plain(did) | {"outcome": "indeterminate", "reasons": [reason], "scope": "none"}

    monkeypatch.setattr(place.registry, "decision", distrusted)
    found = await rows(holder)
    assert (found["registry_list"]["result"], found["registry_list"]["reason"]) == ("unknown", reason)
    assert word in found["registry_list"]["detail"]
    assert (found["institution"]["result"], found["institution"]["reason"]) == ("unknown", "indeterminate")
    assert found["accreditation"]["result"] == "unknown"


# --- what is asked


async def test_the_one_country_is_asked_about(place: Town, holder: Member, employer: Member) -> None:
    request = await employer.ask()
    await holder.present(request["link"])
    await place.verdict(employer, request)
    asked = place.registry.questions
    assert {query.country for query in asked} == {"IE", None}  # the employer was not told the country
    assert evidence((await rows(holder))["accreditation"], "unchecked") == []

    asked.clear()
    claims = [*_CLAIMS, {"claim": "issuer_countries", "required": True, "disclose": "reveal"}]
    request = await employer.ask({**_POLICY, "claims": claims})
    await holder.present(request["link"])
    verdict = await place.verdict(employer, request)
    assert {query.country for query in asked} == {"IE"}
    (check,) = verdict["quality_assured"]["checks"]
    assert evidence(check, "unchecked") == []


_CLAIMS = [
    {"claim": "title", "required": True, "disclose": "reveal"},
    {"claim": "awarded_on", "required": True, "disclose": "reveal"},
    {"claim": "level", "required": True, "disclose": "reveal"},
]
_POLICY = {
    "version": 1,
    "title": "One credential",
    "purpose": "Shortlisting for application 2026-118",
    "retention_days": 90,
    "each": {"registry": ["assured_official", "assured_voluntary"]},
    "set": {},
}


async def test_what_cannot_be_asked_is_no_answer(holder: Member) -> None:
    node = holder.agent.node
    day = date(2026, 1, 1)
    for member in ({"did": "nobody"}, {"country": "Ireland"}, {"key": "short"}, {"eqf": 9}):
        known: dict[str, Any] = {"did": MTU.did, "key": MTU.thumbprint, "awarded_on": day, "eqf": 6}
        answer = await trust.ask(node, **(known | member))
        assert (answer.decision, answer.reason) == (None, "bad_parameter")


# --- the status


async def test_the_status_tells_the_registry_from_its_copy(place: Town, holder: Member) -> None:
    agent = holder.agent
    found = (await status(agent))["registry"]
    assert (found["state"], found["copy"], found["root"], found["problem"]) == ("ok", None, "first_use", "")
    place.registry.mode = "down"
    assert (await status(agent))["registry"]["state"] == "unreachable"
    place.registry.copy_age = 30 * HOUR
    found = (await status(agent))["registry"]
    assert (found["state"], found["snapshot"]["freshness"]) == ("copy", "stale")
    assert found["snapshot"]["age_seconds"] == 30 * 3600


# --- the copy is kept young


class Asker:
    """``errors``: what the first attempts end with; those after them succeed as soon as ``reachable`` is set."""

    def __init__(self, *errors: TrustRegistryError) -> None:
        self.behind, self.reachable = asyncio.Event(), asyncio.Event()
        self.errors = list(errors)
        self.attempts = 0
        self.closed = False

    async def sync(self) -> None:
        self.attempts += 1
        if self.errors:
            raise self.errors.pop(0)
        await self.reachable.wait()
        self.behind.clear()

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_list, "RETRY_SECONDS", (0.001,))
    monkeypatch.setattr(registry_list, "LEAST_SECONDS", 0.001)


async def until(look: Callable[[], bool]) -> None:
    for _ in range(2000):
        if look():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never came to that")


@pytest.mark.usefixtures("quick_retries")
async def test_failures_are_said_once_and_tried_again() -> None:
    away, busy = RegistryUnreachable("It does not answer."), TrustRegistryError("busy", "Another fetches.")
    wrong = SnapshotError("wrong_root", "Not the pinned one.")
    asker = Asker(away, away, away, busy, wrong, wrong)
    keeper = ListKeeper(asker)  # type: ignore[arg-type]
    with structlog.testing.capture_logs() as logs:
        keeper.start()
        keeper.start()
        await until(lambda: asker.attempts == 7)
        assert keeper.problem == "wrong_root"
        asker.reachable.set()
        await until(lambda: not keeper.problem)
        assert [entry["code"] for entry in logs] == ["registry_unreachable", "busy", "wrong_root"]
        # Now it waits a quarter of an hour, unless an answer shows that there is something newer.
        await asyncio.sleep(0.05)
        assert asker.attempts == 7
        asker.behind.set()
        await until(lambda: asker.attempts == 8)
    await keeper.close()
    assert asker.closed


async def test_a_keeper_that_never_began_is_closed() -> None:
    asker = Asker()
    await ListKeeper(asker).close()  # type: ignore[arg-type]
    assert asker.closed


# --- a real registry, and the node as it is


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("prepared"))


@pytest.fixture
def real(tmp_path: Path, prepared: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    without_tls(monkeypatch)
    with served(tmp_path, prepared) as running:
        monkeypatch.setattr(clock, "now", running.clock)
        yield running


@pytest.fixture
async def opened(tmp_path: Path, real: Served) -> AsyncIterator[Callable[..., Agent]]:
    """An agent that was never unlocked, in the same home each time."""
    agents: list[Agent] = []

    def make(root: str = "") -> Agent:
        settings = Settings(
            name="x",
            roles=frozenset({Role.HOLDER}),
            ports=Ports(admin=8401, public=8402, didcomm=8403),
            registry_url=real.url,
            registry_root=root or real.publication.repository.root_sha256(),
            demo=True,
        )
        agents.append(Agent(tmp_path / "home", settings))
        return agents[-1]

    yield make
    for agent in agents:
        await agent.close()


def ask(agent: Agent, query: Query = QUERY) -> Any:
    return trust.ask(
        agent.node,
        did=query.did,
        key=query.key or "",
        awarded_on=query.awarded_on,
        eqf=query.eqf,
        country=query.country,
    )


async def fetched(agent: Agent) -> None:
    for _ in range(2000):
        if await agent.node.asker.standing() is not None:
            return
        await asyncio.sleep(0.005)
    raise AssertionError("the list never came")


def listed(answer: trust.Answer) -> Check:
    return next(check for check in trust.checks(answer) if check.code == "registry_list")


async def test_a_locked_agent_keeps_the_list_and_answers_without_the_registry(
    real: Served, opened: Callable[..., Agent]
) -> None:
    agent = opened()
    agent.node.start()
    await fetched(agent)
    answer = await ask(agent)
    assert (answer.result, str(answer.source), answer.unchecked) == (Result.PASS, "registry", ())
    await agent.close()

    real.stop()
    real.clock.now += 3 * HOUR
    again = opened()  # after a restart, and never in contact
    answer = await ask(again)
    assert (answer.result, str(answer.source), answer.unchecked) == (Result.PASS, "copy", ("registry",))
    assert "from the copy on this machine, 3 h old" in listed(answer).detail
    found = (await status(again))["registry"]
    assert (found["state"], found["root"], found["copy"]["seq"]) == ("copy", "pinned", 8)

    real.clock.now += 40 * DAY
    again.node.forget_answers()
    answer = await ask(again)
    assert answer.result is Result.UNKNOWN
    assert {check.result for check in trust.checks(answer)} == {Result.UNKNOWN}
    assert listed(answer).reason == "snapshot_stale"


async def test_another_root_than_the_pinned_one_is_unknown_and_said(
    real: Served, opened: Callable[..., Agent]
) -> None:
    agent = opened("0" * 64)
    agent.node.start()
    answer = await ask(agent)
    assert (answer.decision, answer.reason, answer.result) == (None, "wrong_root", Result.UNKNOWN)
    assert "cannot be relied on" in listed(answer).detail
    await until(lambda: bool(agent.node.registry_list.problem))
    found = (await status(agent))["registry"]
    assert (found["state"], found["copy"], found["problem"]) == ("ok", None, "wrong_root")


async def test_first_contact_while_the_registry_is_away(
    real: Served, opened: Callable[..., Agent], quick_retries: None
) -> None:
    real.stop()
    agent = opened()
    agent.node.start()
    assert (await ask(agent)).reason == "registry_unreachable"
    assert (await status(agent))["registry"]["state"] == "unreachable"
    real.start()
    await fetched(agent)
    assert (await ask(agent)).result is Result.PASS


async def test_closing_does_not_wait_for_a_registry_that_hangs(
    real: Served, opened: Callable[..., Agent]
) -> None:
    real.stuck = threading.Event()
    try:
        agent = opened()
        agent.node.start()
        await until(lambda: bool(real.asked))
        await agent.close()
        assert agent.node.registry_list._task is not None
        assert agent.node.registry_list._task.done()
    finally:
        real.stuck.set()

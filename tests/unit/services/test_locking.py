"""Passphrases, locks and a dying ACA-Py, below the HTTP interface."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from aries_askar import Store

from agent.errors import AgentError, CairnError, ConflictError, LockedError, PassphraseError
from agent.services import node as node_module
from agent.services.agent import Agent
from agent.services.node import Lock, WaitError
from agent.services.status import status as status_of
from agent.settings import Ports, Role, Settings
from agent.store.vault import Put
from tests.simulators.town import PASSPHRASE, TOKEN, Member, Town, without_tls

WRONG = Store.generate_raw_key(b"1" * 32)


# --- passphrases


async def test_a_wrong_passphrase_changes_nothing(place: Town, learner: Member) -> None:
    node = learner.agent.node
    await node.vault.put(Put("note", "a", {"kept": True}))
    await node.relock()
    with pytest.raises(PassphraseError) as caught:
        await node.unlock(WRONG)
    assert (caught.value.code, caught.value.http_status, caught.value.exit_code) == (
        "wrong_passphrase",
        403,
        4,
    )
    assert (node.lock, node.agent_state) == (Lock.LOCKED, "stopped")
    with pytest.raises(LockedError):
        _ = node.vault
    node._wait_until = 0.0
    await node.unlock(PASSPHRASE)
    assert await node.vault.get("note", "a") == {"kept": True}


async def test_the_delay_grows_and_ends_with_success(
    place: Town, learner: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = learner.agent.node
    await node.relock()
    tried: list[str] = []

    async def refuse(_path: Path, passphrase: str) -> Any:
        tried.append(passphrase)
        raise PassphraseError("wrong_passphrase", "The passphrase does not open this wallet.")

    with monkeypatch.context() as patch:
        patch.setattr(node_module.Vault, "open", refuse)
        waits = []
        for _ in range(9):
            node._wait_until = 0.0  # the person waited
            with pytest.raises(PassphraseError):
                await node.unlock(WRONG)
            waits.append(round(node._wait_until - asyncio.get_running_loop().time()))
        assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
        # Within the delay nothing is even tried, the right passphrase included.
        with pytest.raises(WaitError) as caught:
            await node.unlock(PASSPHRASE)
        assert (caught.value.http_status, caught.value.exit_code) == (429, 4)
        assert tried.count(PASSPHRASE) == 0
    node._wait_until = 0.0
    await node.unlock(PASSPHRASE)
    assert node._failures == 0


async def test_guessing_in_parallel_gains_nothing(learner: Member) -> None:
    node = learner.agent.node
    await node.relock()
    answers = await asyncio.gather(*(node.unlock(WRONG) for _ in range(20)), return_exceptions=True)
    assert sorted(type(each).__name__ for each in answers) == ["PassphraseError"] + ["WaitError"] * 19


async def test_unlocking_twice_at_once_opens_once(learner: Member) -> None:
    node = learner.agent.node
    await node.relock()
    await asyncio.gather(*(node.unlock(PASSPHRASE) for _ in range(3)))
    assert node.lock is Lock.UNLOCKED


async def test_a_first_passphrase_must_not_be_short(place: Town) -> None:
    member = place.member("new", Role.HOLDER)
    with pytest.raises(PassphraseError) as caught:
        await member.agent.node.unlock("short")
    assert caught.value.code == "weak_passphrase"
    assert member.agent.node.first_run
    assert not (member.home / "vault.db").exists()


async def test_a_damaged_vault_is_not_a_wrong_passphrase_and_is_left_alone(
    place: Town, learner: Member
) -> None:
    await learner.agent.node.relock()
    path = learner.home / "vault.db"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(CairnError) as caught:
        await learner.agent.node.unlock(PASSPHRASE)
    assert caught.value.code == "vault_failed"
    assert path.read_bytes() == b"not a database" * 100
    assert learner.agent.node.lock is Lock.LOCKED


async def test_locking_in_the_middle_of_an_accept_loses_nothing(
    place: Town, university: Member, learner: Member
) -> None:
    offer = await university.offer()
    reviewed = await learner.agent.holding.review(offer["link"])
    university.wallet.auto_issue = False
    accepting = asyncio.create_task(learner.agent.holding.accept(reviewed["id"]))

    async def requested() -> bool:
        return any(record.state == "request-received" for record in university.wallet.credentials.values())

    await place.eventually(requested)
    await learner.agent.node.relock()
    (answer,) = await asyncio.gather(accepting, return_exceptions=True)
    assert isinstance(answer, LockedError)
    (exchange,) = university.wallet.credentials
    await university.wallet.issue(exchange)  # while we are locked
    await place.world.settled()
    await learner.agent.node.unlock(PASSPHRASE)

    async def done() -> bool:
        return bool((await learner.agent.holding.offer(reviewed["id"]))["state"] == "accepted")

    await place.eventually(done)
    assert len(await learner.agent.holding.credentials()) == 1


async def test_everything_needs_the_key(place: Town, learner: Member, employer: Member) -> None:
    await learner.agent.node.relock()
    await employer.agent.node.relock()
    holding, presenting, asking = learner.agent.holding, learner.agent.presenting, employer.agent.asking
    for call in (
        holding.credentials(),
        holding.offers(),
        holding.review("http://localhost:8311/o/abcdefghij"),
        holding.accept("x"),
        holding.reject("x", ""),
        holding.recheck_all(),
        presenting.requests(),
        presenting.review("http://localhost:8311/r/abcdefghij"),
        presenting.present("x", expect="0" * 64),
        presenting.decline("x", ""),
        asking.requests(),
        asking.new_request({}),
        asking.document("x"),
        asking.connect("x"),
        learner.agent.node.admin(),
    ):
        with pytest.raises(CairnError) as caught:
            await call
        assert caught.value.code in ("locked", "bad_policy"), call
    assert learner.town.internet.asked == []


class Clock:
    """Hours in no time."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_polling_never_keeps_a_wallet_open_and_a_person_does(
    place: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_module, "IDLE_LOOK_SECONDS", 0.001)
    learner = await place.learner(lock_after_seconds=600)
    node, clock = learner.agent.node, Clock()
    node.idle_clock = clock
    node.touch()
    background = {"x-cairn-background": "1"}

    async def status() -> Any:
        answer = await http.get("/v1/status")
        assert answer.status_code == 200
        return answer.json()

    transport = httpx.ASGITransport(app=learner.admin_app)
    headers = {"authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as http:
        # A person who looks at something every nine minutes, for a day.
        for _ in range(160):
            clock.now += 540
            assert (await http.get("/v1/wallet/credentials")).status_code == 200
        clock.now += 540
        assert (await http.post("/v1/active")).json() == {"locks_in": 600}
        # Then only programs ask, every minute.
        for minute in range(10):
            assert (await status())["locks_in"] == 600 - 60 * minute
            for path in ("/v1/wallet/credentials", "/v1/wallet/requests", "/v1/wallet/history"):
                assert (await http.get(path, headers=background)).status_code == 200
            clock.now += 60
        for _ in range(2000):
            if node._vault is None:
                break
            await asyncio.sleep(0.001)
        assert ((await status())["lock"], node._vault) == ("locked", None)
        assert (await status())["locks_in"] is None
        assert (await http.get("/v1/wallet/credentials", headers=background)).status_code == 423
        # Being there does not open it.
        assert (await http.post("/v1/active")).json() == {"locks_in": None}
        assert (await status())["lock"] == "locked"


def test_a_closed_lid_is_idleness() -> None:
    """Where the system can tell: the clock of the idle lock goes on while the machine sleeps."""
    import time

    if hasattr(time, "CLOCK_BOOTTIME"):
        assert abs(node_module.awake_clock() - time.clock_gettime(time.CLOCK_BOOTTIME)) < 60
    else:
        assert node_module.awake_clock() > 0


async def test_locked_is_said_before_the_key_is_dropped(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While ACA-Py takes its time to stop: screens have gone blank, and who asks hears that it is locked."""
    node = agent.node
    await node.unlock(PASSPHRASE)
    await node.admin()
    vault, stopping = node.vault, asyncio.Event()
    said: list[tuple[Lock, bool]] = []

    async def stop(self: Process) -> None:
        await stopping.wait()

    monkeypatch.setattr(Process, "stop", stop)

    async def note() -> None:
        async with node.bus.listen() as queue:
            while (event := await queue.get()) is not None:
                if event.name == "status":
                    said.append((node.lock, node._vault is not None))

    listening = asyncio.create_task(note())
    await asyncio.sleep(0)
    waiting = asyncio.create_task(node.admin())
    locking = asyncio.create_task(node.relock())
    await _until(lambda: bool(said))
    assert said[0] == (Lock.LOCKED, True), "blank first, and only then the key goes"
    for call in (
        agent.holding.credentials(),
        agent.holding.offers(),
        agent.presenting.requests(),
        node.admin(),
    ):
        with pytest.raises(LockedError):
            await call
    assert (await status_of(agent))["lock"] == "locked"
    assert (await status_of(agent))["locks_in"] is None
    assert not locking.done()
    unlocking = asyncio.create_task(node.unlock(PASSPHRASE))  # waits for its turn, and then opens it
    stopping.set()
    await locking
    with pytest.raises(LockedError):
        await vault.get("a", "b")
    await unlocking
    assert node.lock is Lock.UNLOCKED
    assert (await node.admin()) is not None
    listening.cancel()
    await asyncio.gather(waiting, listening, return_exceptions=True)
    await agent.close()


async def test_who_waits_for_the_agent_hears_of_a_lock_at_once(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    forever = asyncio.Event()

    async def never(self: Process, progress: Any, *, within: float) -> float:
        await forever.wait()
        return 0.0

    monkeypatch.setattr(node_module, "READY_SECONDS", 3600)
    monkeypatch.setattr(Process, "ready", never)
    await agent.node.unlock(PASSPHRASE)
    waiting = asyncio.create_task(agent.node.admin())
    await asyncio.sleep(0)
    await agent.node.relock()
    with pytest.raises(LockedError):
        await waiting
    await agent.close()


# --- ACA-Py starts, fails and dies


class Process:
    """`AcaPyProcess` as `Node` uses it: what it does next is up to the test."""

    made: ClassVar[list[Process]] = []
    ready_fails: ClassVar[CairnError | None] = None

    def __init__(self, settings: Any, *, on_exit: Callable[[int], None]) -> None:
        self.settings, self.die = settings, on_exit
        self.stopped = False
        Process.made.append(self)

    async def start(self) -> None: ...

    async def ready(self, progress: Callable[[float], None], *, within: float) -> float:
        progress(1.0)
        if Process.ready_fails is not None:
            raise Process.ready_fails
        return 1.0

    async def stop(self) -> None:
        self.stopped = True


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Agent:
    monkeypatch.setattr("agent.store.vault.KEY_METHOD", "raw")
    without_tls(monkeypatch)
    monkeypatch.setattr(node_module, "AcaPyProcess", Process)
    monkeypatch.setattr(node_module, "READY_SECONDS", 0.5)
    Process.made, Process.ready_fails = [], None
    ports = Ports(admin=8401, public=8402, didcomm=8403)
    settings = Settings(
        name="x", roles=frozenset({Role.HOLDER}), ports=ports, registry_url="http://localhost:8300", demo=True
    )
    return Agent(tmp_path, settings)


async def _until(look: Callable[[], bool]) -> None:
    for _ in range(1000):
        if look():
            return
        await asyncio.sleep(0.002)
    raise AssertionError("it never came to that")


@pytest.mark.parametrize(
    "error",
    [
        ConflictError("port_taken", "Another program uses port 8403."),
        AgentError("agent_exited", "ACA-Py ended with code 1 while starting."),
        AgentError("wallet_key", "The wallet does not open with this key."),
    ],
)
async def test_acapy_does_not_start(agent: Agent, error: CairnError) -> None:
    """The wallet opens and can be read; what needs ACA-Py says why it cannot."""
    Process.ready_fails = error
    await agent.node.unlock(PASSPHRASE)
    await _until(lambda: agent.node.agent_state == "failed")
    assert agent.node.agent_detail == error.detail
    assert Process.made[0].stopped
    assert await agent.holding.credentials() == []
    with pytest.raises(AgentError) as caught:
        await agent.node.admin()
    assert caught.value.code == "agent_down"
    assert caught.value.hint
    # Locking and unlocking tries again.
    Process.ready_fails = None
    await agent.node.relock()
    await agent.node.unlock(PASSPHRASE)
    assert await agent.node.admin() is not None
    await agent.close()


async def test_acapy_dies_again_and_again(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    sleep, resumed = asyncio.sleep, []

    async def short(seconds: float) -> None:
        await sleep(min(seconds, 0.001))

    async def note() -> None:
        resumed.append(len(Process.made))

    agent.node.on_ready.append(note)
    await agent.node.unlock(PASSPHRASE)
    await agent.node.admin()
    monkeypatch.setattr(node_module.asyncio, "sleep", short)
    for number in range(1, node_module.RESTARTS + 1):
        Process.made[-1].die(-9)
        assert agent.node.agent_state == "starting"
        await _until(lambda number=number: len(resumed) == number + 1)  # type: ignore[misc]
        assert agent.node.agent_state == "ready"
        assert len(Process.made) == number + 1
    Process.made[-1].die(-9)
    assert agent.node.agent_state == "failed"
    with pytest.raises(AgentError):
        await agent.node.admin()
    # Its secrets were made anew for every process, and none is in a settings repr.
    keys = {made.settings.admin_key for made in Process.made}
    assert len(keys) == len(Process.made)
    assert not any(key in repr(made.settings) for key in keys for made in Process.made)
    await agent.close()


async def test_acapy_that_dies_because_we_lock_is_not_started_again(agent: Agent) -> None:
    await agent.node.unlock(PASSPHRASE)
    await agent.node.admin()
    await agent.node.relock()
    Process.made[-1].die(-15)
    await asyncio.sleep(0.01)
    assert (len(Process.made), agent.node.agent_state) == (1, "stopped")
    await agent.close()


async def test_a_slow_acapy_is_said(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_module, "READY_SECONDS", 0.02)
    forever = asyncio.Event()

    async def never(self: Process, progress: Any, *, within: float) -> float:
        await forever.wait()
        return 0.0

    monkeypatch.setattr(Process, "ready", never)
    await agent.node.unlock(PASSPHRASE)
    with pytest.raises(AgentError) as caught:
        await agent.node.admin()
    assert caught.value.code == "agent_not_ready"
    await agent.close()


async def test_failing_resumption_does_not_stop_the_others(agent: Agent) -> None:
    """One part that cannot resume (say, a damaged document) must not keep the others from it."""
    resumed = []

    async def fails() -> None:
        raise AgentError("bad_answer", "ACA-Py's answer is not an object.")

    async def works() -> None:
        resumed.append(True)

    agent.node.on_ready[:0] = [fails]
    agent.node.on_ready.append(works)
    await agent.node.unlock(PASSPHRASE)
    await agent.node.admin()
    await _until(lambda: bool(resumed))
    await agent.close()

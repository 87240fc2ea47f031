from __future__ import annotations

import asyncio

import pytest

from agent.acapy.events import Event, Webhooks
from agent.errors import UnreachableError

TOPIC = "issue_credential_v2_0"


async def test_what_arrived_before_counts() -> None:
    hooks = Webhooks()
    hooks.deliver(TOPIC, {"cred_ex_id": "a", "state": "offer-received"})
    hooks.deliver(TOPIC, {"cred_ex_id": "a", "state": "done"})
    event = await hooks.wait(TOPIC, "cred_ex_id", "a", ["offer-received"], seconds=0.1)
    assert event.state == "offer-received"


async def test_waiting_for_what_comes() -> None:
    hooks = Webhooks()
    waiting = asyncio.create_task(hooks.wait(TOPIC, "cred_ex_id", "a", ["done", "abandoned"], seconds=5))
    await asyncio.sleep(0)
    hooks.deliver(TOPIC, {"cred_ex_id": "b", "state": "done"})
    hooks.deliver("present_proof_v2_0", {"cred_ex_id": "a", "state": "done"})
    hooks.deliver(TOPIC, {"cred_ex_id": "a", "state": "request-sent"})
    await asyncio.sleep(0)
    assert not waiting.done()
    hooks.deliver(TOPIC, {"cred_ex_id": "a", "state": "abandoned", "error_msg": "no"})
    assert (await waiting)["error_msg"] == "no"
    assert hooks._waiting == {}


async def test_two_wait_for_the_same() -> None:
    hooks = Webhooks()
    waiting = [asyncio.create_task(hooks.wait(TOPIC, "thread_id", "t", ["done"], seconds=5)) for _ in "ab"]
    await asyncio.sleep(0)
    hooks.deliver(TOPIC, {"thread_id": "t", "state": "done"})
    assert [(await task).state for task in waiting] == ["done", "done"]


async def test_the_deadline() -> None:
    hooks = Webhooks()
    with pytest.raises(UnreachableError, match="timeout: No done"):
        await hooks.wait(TOPIC, "cred_ex_id", "a", ["done"], seconds=0.01)
    assert hooks._waiting == {}


async def test_connections_go_by_their_rfc_0023_state() -> None:
    hooks = Webhooks()
    hooks.deliver("connections", {"connection_id": "c", "state": "active", "rfc23_state": "completed"})
    await hooks.wait("connections", "connection_id", "c", ["completed"], seconds=0.1)


async def test_unknown_key_fields_are_a_programming_error() -> None:
    with pytest.raises(ValueError, match="not filed"):
        await Webhooks().wait(TOPIC, "comment", "x", ["done"], seconds=0.1)


def test_nested_values_are_dropped_and_texts_cut() -> None:
    payload = {"cred_ex_id": "a", "state": "done", "by_format": {"claim": "MARKER"}, "list": ["MARKER"]}
    event = Webhooks().deliver(TOPIC, payload | {"error_msg": "x" * 10_000, "auto_issue": True})
    assert isinstance(event, Event)
    assert "MARKER" not in repr(event)
    assert len(event["error_msg"]) == 600
    assert event["auto_issue"] == "True"
    assert event["missing"] == ""


@pytest.mark.parametrize("payload", [None, [], "text", 5])
def test_what_is_no_object_is_ignored(payload: object) -> None:
    assert Webhooks().deliver(TOPIC, payload) is None


def test_memory_is_bounded() -> None:
    hooks = Webhooks()
    for number in range(20_000):
        hooks.deliver(TOPIC, {"cred_ex_id": str(number), "state": "done"})
    assert len(hooks._seen) <= 8192
    for _ in range(100):
        hooks.deliver(TOPIC, {"cred_ex_id": "same", "state": "done"})
    assert len(hooks._seen[TOPIC, "cred_ex_id", "same"]) == 24
    event = hooks.deliver(TOPIC, {str(number): "x" for number in range(1000)})
    assert event is not None
    assert len(event.fields) == 40


def test_subscribers() -> None:
    hooks, seen = Webhooks(), []
    unsubscribe = hooks.subscribe(lambda event: seen.append(event.state))
    hooks.deliver(TOPIC, {"state": "one"})
    unsubscribe()
    unsubscribe()
    hooks.deliver(TOPIC, {"state": "two"})
    assert seen == ["one"]

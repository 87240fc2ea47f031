"""The registry is asked once for what is asked at once; a failure is never remembered."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

from agent.services import trust
from trust_registry.models import Decision, Outcome, Query, Scope, SnapshotInfo
from trust_registry.vocabulary import Freshness, SnapshotKind

DID = "did:web:localhost%3A8301"
SNAPSHOT = SnapshotInfo(1, "2026-11-22T12:00:00Z", 60, Freshness.FRESH, SnapshotKind.DEMO, "0" * 64)
DECISION = Decision(Outcome.UNKNOWN_ISSUER, (), (), (), None, Scope.NONE, SNAPSHOT)


def _query(day: int = 1) -> Query:
    return Query(did=DID, key=None, awarded_on=date(2026, 1, day))


async def test_the_same_question_at_once_is_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust, "MEMORY_SECONDS", 60.0)
    memory, asked = trust.Memory(), 0

    async def ask() -> trust.Answer:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        return trust.Answer(DECISION)

    await asyncio.gather(*(memory.answer(_query(), ask) for _ in range(5)))
    assert asked == 1
    await memory.answer(_query(2), ask)
    assert asked == 2
    memory.forget()
    await memory.answer(_query(), ask)
    assert asked == 3


async def test_no_answer_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust, "MEMORY_SECONDS", 60.0)
    memory, answers = trust.Memory(), [trust.Answer(None, trust.UNREACHABLE), trust.Answer(DECISION)]

    async def ask() -> trust.Answer:
        return answers.pop(0)

    assert (await memory.answer(_query(), ask)).decision is None
    assert (await memory.answer(_query(), ask)).decision is not None

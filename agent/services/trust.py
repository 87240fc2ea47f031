"""Asking the trust registry, and turning its decision into checks.

"The registry has no information" is not "the registry says no", and neither is "the registry did not
answer": three different results that are never merged (trust-registry.md, section 3).
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import structlog

from agent.core.verdict import Check, Evidence, Result
from trust_registry.errors import RegistryUnreachable, TrustRegistryError
from trust_registry.models import Decision, Outcome, Query

if TYPE_CHECKING:
    from agent.services.node import Node  # which keeps the memory

log = structlog.get_logger(__name__)

MEMORY_SECONDS = 5.0
MEMORY_SIZE = 1024

ASSURED = frozenset({Outcome.ASSURED_OFFICIAL, Outcome.ASSURED_VOLUNTARY})
UNREACHABLE = "registry_unreachable"

SENTENCES = {
    Outcome.ASSURED_OFFICIAL: "Quality-assured at the date of award, as part of the official system.",
    Outcome.ASSURED_VOLUNTARY: "Quality-assured at the date of award, by a voluntary review.",
    Outcome.NOT_ASSURED: "The registry holds evidence against quality assurance at the date of award.",
    Outcome.NO_EVIDENCE: "The institution is listed, but no report covers this award.",
    Outcome.UNKNOWN_ISSUER: "The registry has no information about this issuer. That is not a judgement.",
    Outcome.INDETERMINATE: "The registry cannot say: its list does not allow an answer.",
}
SAID_ALREADY = frozenset({"did_not_bound", "no_report"})


@dataclass(frozen=True, slots=True)
class Answer:
    """A decision, or the reason why there is none (`decision` is None)."""

    decision: Decision | None
    reason: str = ""

    @property
    def result(self) -> Result:
        """Of the question "quality-assured at the date of award?"."""
        if self.decision is None:
            return Result.UNKNOWN
        if self.decision.outcome in ASSURED:
            return Result.PASS
        return Result.FAIL if self.decision.outcome is Outcome.NOT_ASSURED else Result.UNKNOWN

    @property
    def outcome(self) -> str:
        return UNREACHABLE if self.decision is None else str(self.decision.outcome)


class Memory:
    """Answers of the last seconds, so that one review asks each question once. Failures are not remembered."""

    def __init__(self) -> None:
        self._asked: OrderedDict[Query, tuple[float, asyncio.Task[Answer]]] = OrderedDict()

    def forget(self) -> None:
        self._asked.clear()

    async def answer(self, query: Query, ask: Callable[[], Coroutine[Any, Any, Answer]]) -> Answer:
        now = time.monotonic()
        known = self._asked.get(query)
        if known is None or now - known[0] > MEMORY_SECONDS:
            known = (now, asyncio.create_task(ask()))
            self._asked[query] = known
            self._asked.move_to_end(query)
            if len(self._asked) > MEMORY_SIZE:
                self._asked.popitem(last=False)
        answer = await asyncio.shield(known[1])
        if answer.decision is None and self._asked.get(query) is known:
            del self._asked[query]
        return answer


async def ask(
    node: Node, *, did: str, key: str, awarded_on: date, eqf: int | None, ects: Decimal | None = None
) -> Answer:
    """Never raises: a registry that does not answer is an answer of its own kind."""
    query = Query(did=did, key=key, awarded_on=awarded_on, eqf=eqf, ects=ects)
    return await node.trust_memory.answer(query, lambda: _ask(node, query))


async def _ask(node: Node, query: Query) -> Answer:
    try:
        return Answer(await node.registry.resolve(query))
    except RegistryUnreachable:
        return Answer(None, UNREACHABLE)
    except TrustRegistryError as error:
        log.warning("the registry refused a question", code=error.code)
        return Answer(None, error.code)


def checks(answer: Answer) -> tuple[Check, Check, Check]:
    """Three rows: institution listed; quality assurance covers level, country and date; the list itself."""
    if answer.decision is None:
        detail = "The trust registry did not answer, so this is not known now."
        return (
            Check("institution", "Institution listed", Result.UNKNOWN, answer.reason, detail),
            Check("accreditation", "Quality-assured at award", Result.UNKNOWN, answer.reason, detail),
            Check("registry_list", "List itself", Result.UNKNOWN, answer.reason, detail),
        )
    decision = answer.decision
    return (_institution(decision), _accreditation(decision, answer.result), _list(decision))


def _institution(decision: Decision) -> Check:
    label = "Institution listed"
    if decision.institution is None:
        return Check(
            "institution", label, Result.UNKNOWN, "unknown_issuer", SENTENCES[Outcome.UNKNOWN_ISSUER]
        )
    institution = decision.institution
    evidence = Evidence("registry", institution.name, value=institution.id)
    if "key_revoked" in decision.reasons:
        return Check(
            "institution",
            label,
            Result.FAIL,
            "key_revoked",
            "The signing key was revoked.",
            evidence=(evidence,),
        )
    return Check(
        "institution",
        label,
        Result.PASS,
        detail=f"{institution.name} ({institution.id})",
        evidence=(evidence,),
    )


def _accreditation(decision: Decision, result: Result) -> Check:
    # Some reasons only repeat what the outcome's sentence says.
    reasons = ", ".join(str(reason) for reason in decision.reasons if reason not in SAID_ALREADY)
    detail = SENTENCES[decision.outcome] + (f" ({reasons.replace('_', ' ')})" if reasons else "")
    chain = tuple(
        Evidence("authority", f"{step.role}: {step.name}", value=step.note, url=step.url or "")
        for step in decision.authority_chain
    )
    return Check(
        "accreditation",
        "Quality-assured at award",
        result,
        "" if result is Result.PASS else str(decision.outcome),
        detail,
        evidence=chain,
    )


def _list(decision: Decision) -> Check:
    label = "List itself"
    snapshot = decision.snapshot
    hours = snapshot.age_seconds // 3600
    age = f"list {snapshot.seq}, {hours} h old" if hours else f"list {snapshot.seq}, less than an hour old"
    kind = ", demonstration data" if snapshot.kind == "demo" else ""
    evidence = Evidence("snapshot", f"list {snapshot.seq}", sha256=snapshot.sha256, at=snapshot.issued_at)
    if snapshot.freshness in ("fresh", "stale"):
        warning = "" if snapshot.freshness == "fresh" else ", older than a day"
        return Check(
            "registry_list", label, Result.PASS, detail=f"signed, {age}{warning}{kind}", evidence=(evidence,)
        )
    return Check(
        "registry_list",
        label,
        Result.UNKNOWN,
        "snapshot_stale",
        f"too old: {age}{kind}",
        evidence=(evidence,),
    )

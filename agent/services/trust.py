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
from datetime import date, datetime
from typing import Any, Protocol

from agent.core.verdict import Check, Evidence, Result
from agent.services import clock
from trust_registry.answered import Answered, Source
from trust_registry.errors import RegistryUnreachable, TrustRegistryError
from trust_registry.models import Decision, Outcome, Query

MEMORY_SECONDS = 5.0
MEMORY_SIZE = 1024

ASSURED = frozenset({Outcome.ASSURED_OFFICIAL, Outcome.ASSURED_VOLUNTARY})
UNREACHABLE = "registry_unreachable"
NO_REGISTRY = "no_registry"

SENTENCES = {
    Outcome.ASSURED_OFFICIAL: "Quality-assured at the date of award, as part of the official system.",
    Outcome.ASSURED_VOLUNTARY: "Quality-assured at the date of award, by a voluntary review.",
    Outcome.NOT_ASSURED: "The registry holds evidence against quality assurance at the date of award.",
    Outcome.NO_EVIDENCE: "The institution is listed, but no report covers this award.",
    Outcome.UNKNOWN_ISSUER: "The registry has no information about this issuer. That is not a judgement.",
    Outcome.INDETERMINATE: "The registry cannot say: its list does not allow an answer.",
}
SAID_ALREADY = frozenset({"did_not_bound", "no_report"})
# Of the list itself: what it says, good or bad, counts for nothing then.
DISTRUSTED = {
    "snapshot_rollback": "older than, or another than, the list of this number that was seen before",
    "snapshot_demo": "demonstration data, and this is no demonstration",
}
# Why there is no decision; whatever else there may be is about the list.
NO_DECISION = {
    UNREACHABLE: "The trust registry did not answer, so this is not known now.",
    "answer_not_authentic": "What came as the registry's answer is not signed by it, so it counts for nothing.",
    NO_REGISTRY: "No trust registry is known here, so nobody was asked. Name an agent that knows one with --as.",
    "no_award_date": "Without a date of award there is nothing to ask the registry.",
    "issuer_key_unknown": "Which key of the issuer signed is not established, so the registry was not asked.",
}
UNCHECKED = {
    "registry": "the registry at this moment: it did not answer",
    "key": "which key signed",
    "country": "the country of the award: the issuer names none, or several, or it is not disclosed",
    "level": "the level: none is stated, or it is not disclosed",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A decision and what it rests on, or the reason why there is none (`decision` is None).

    ``as_of``: when the registry last vouched for it; ``unchecked``: what was left open, in the asker's words.
    """

    decision: Decision | None
    reason: str = ""
    source: Source = Source.REGISTRY
    as_of: datetime | None = None
    unchecked: tuple[str, ...] = ()

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


class Asks(Protocol):
    """The way to the registry: `trust_registry.asking.Asker`, or what stands in its place."""

    async def ask(self, query: Query, /) -> Answered: ...


class Asking(Protocol):
    """Who asks: an agent's node, or a command that verifies a file on its own."""

    @property
    def asker(self) -> Asks: ...
    @property
    def trust_memory(self) -> Memory: ...


async def ask(
    node: Asking, *, did: str, key: str, awarded_on: date, eqf: int | None, country: str | None = None
) -> Answer:
    """Never raises: a registry that does not answer is an answer of its own kind."""
    try:
        query = Query(did=did, key=key, awarded_on=awarded_on, eqf=eqf, country=country)
    except TrustRegistryError as error:
        return Answer(None, error.code)
    return await ask_query(node, query)


async def ask_query(node: Asking, query: Query) -> Answer:
    """`ask` with a question of one's own."""
    return await node.trust_memory.answer(query, lambda: _ask(node, query))


async def _ask(node: Asking, query: Query) -> Answer:
    try:
        found = await node.asker.ask(query)
    except RegistryUnreachable:
        return Answer(None, UNREACHABLE)
    except TrustRegistryError as error:
        if error.code == NO_REGISTRY:
            return Answer(None, NO_REGISTRY)
        import structlog  # late: it takes as long to load as a file takes to be verified

        log = structlog.get_logger(__name__)
        log.warning("the registry gave no answer that counts", code=error.code)
        return Answer(None, error.code)
    return Answer(found.decision, "", found.source, found.as_of, found.unchecked)


def checks(answer: Answer) -> tuple[Check, Check, Check]:
    """Three rows: institution listed; quality assurance covers level, country and date; the list itself."""
    if answer.decision is None:
        otherwise = f"The registry's list cannot be relied on now: {answer.reason.replace('_', ' ')}."
        detail = NO_DECISION.get(answer.reason, otherwise)
        return (
            Check("institution", "Institution listed", Result.UNKNOWN, answer.reason, detail),
            Check("accreditation", "Quality-assured at award", Result.UNKNOWN, answer.reason, detail),
            Check("registry_list", "List itself", Result.UNKNOWN, answer.reason, detail),
        )
    decision = answer.decision
    return (_institution(decision), _accreditation(answer, decision), _list(answer, decision))


def note(answer: Answer) -> str:
    """Where an answer is from, if not from the registry at this moment: that it is a copy, and how old."""
    if answer.decision is None or answer.source is Source.REGISTRY:
        return ""
    return f"from the copy on this machine, {_age(answer.decision)}; the registry did not answer"


def circumstances(answer: Answer) -> tuple[Evidence, ...]:
    """What the answer came from and when, and each thing that was not checked."""
    at = clock.stamp(answer.as_of) if answer.as_of is not None else ""
    where = "signed answer" if answer.source is Source.REGISTRY else "copy on this machine"
    unchecked = (Evidence("unchecked", name, value=UNCHECKED.get(name, "")) for name in answer.unchecked)
    return (Evidence("source", where, at=at), *unchecked)


def _distrusted(decision: Decision) -> str:
    return next((str(reason) for reason in decision.reasons if reason in DISTRUSTED), "")


def _institution(decision: Decision) -> Check:
    label = "Institution listed"
    if decision.institution is None or _distrusted(decision):
        # A list that is too old, or not to be trusted, is no list without this issuer.
        missing = decision.outcome is not Outcome.INDETERMINATE
        outcome = Outcome.UNKNOWN_ISSUER if missing else Outcome.INDETERMINATE
        return Check("institution", label, Result.UNKNOWN, str(outcome), SENTENCES[outcome])
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


def _accreditation(answer: Answer, decision: Decision) -> Check:
    result = answer.result
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
        evidence=(*chain, *circumstances(answer)),
    )


def _list(answer: Answer, decision: Decision) -> Check:
    label = "List itself"
    snapshot = decision.snapshot
    source = note(answer) or f"signed answer just now; its list is {_age(decision)}"
    kind = ", demonstration data" if snapshot.kind == "demo" else ""
    about = f"{source}; list {snapshot.seq}{kind}"
    known = Evidence("snapshot", f"list {snapshot.seq}", sha256=snapshot.sha256, at=snapshot.issued_at)
    evidence = (known, *circumstances(answer))
    distrusted = _distrusted(decision)
    if distrusted:
        detail = f"{DISTRUSTED[distrusted]} ({about})"
        return Check("registry_list", label, Result.UNKNOWN, distrusted, detail, evidence=evidence)
    if snapshot.freshness in ("fresh", "stale"):
        warning = "" if snapshot.freshness == "fresh" else ", older than a day"
        return Check("registry_list", label, Result.PASS, detail=f"{about}{warning}", evidence=evidence)
    return Check(
        "registry_list", label, Result.UNKNOWN, "snapshot_stale", f"too old: {about}", evidence=evidence
    )


def _age(decision: Decision) -> str:
    hours = decision.snapshot.age_seconds // 3600
    return f"{hours} h old" if hours else "less than an hour old"

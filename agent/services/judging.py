"""The employer's verdict on one presentation: fetch the facts, ask the registry, let the core decide."""

from __future__ import annotations

import asyncio

from agent.acapy.records import PresentationExchange
from agent.core.evaluation import (
    UNREACHABLE,
    UNRELIABLE,
    QualityQuery,
    RegistryAnswer,
    quality_queries,
    verdict,
)
from agent.core.policy import Policy
from agent.core.presentation import PresentationFacts, examine
from agent.core.seen import seen
from agent.formats import anoncreds
from agent.services import clock, trust
from agent.services.node import Node
from agent.store.vault import Document


async def judge(
    node: Node, policy: Policy, request: Document, response: Document, exchange: PresentationExchange
) -> Document:
    """``verdict`` and ``items`` (what was shown) for the response document. Raises nothing about the answer."""
    cred_defs, rev_regs = anoncreds.identifiers(exchange.presentation)
    facts = PresentationFacts(
        schema_id=request["schema_id"],
        nonce=response["nonce"],
        now=int(clock.now().timestamp()),
        request_sent_at=int(clock.parse(response["proposed_at"]).timestamp()),
        cred_defs=await anoncreds.cred_def_facts(node.objects, cred_defs),
        rev_regs=await anoncreds.rev_reg_facts(node.objects, rev_regs),
    )
    examined = examine(policy, exchange.request, exchange.presentation, exchange.verified, facts)
    queries = quality_queries(examined.items)
    answers = await asyncio.gather(*(_ask(node, query) for query in queries))
    decisions = {(query.item, query.eqf): answer for query, answer in zip(queries, answers, strict=True)}
    found = verdict(policy, examined, decisions, at=clock.stamp(clock.now()))
    shown = [fact.to_json() for fact in seen(examined.items)]
    items = [
        {"item": item.item, "shown": [fact for fact in shown if fact["item"] == item.item]}
        for item in examined.items
    ]
    return {"verdict": found.to_json(), "items": items}


async def _ask(node: Node, query: QualityQuery) -> RegistryAnswer:
    answer = await trust.ask(
        node,
        did=query.did,
        key=query.key,
        awarded_on=query.awarded_on,
        eqf=query.eqf or None,
        country=query.country,
    )
    if answer.decision is None:
        return (
            RegistryAnswer(UNREACHABLE)
            if answer.reason == trust.UNREACHABLE
            else RegistryAnswer(UNRELIABLE, (answer.reason,))
        )
    return RegistryAnswer.of(answer.decision, note=trust.note(answer), more=trust.circumstances(answer))

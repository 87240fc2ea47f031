"""Does a proof request ask what the policy asks: no less, so that the answer suffices, and no more.

Used by the employer's service on a wallet's proposal before it becomes the request, and again by the verdict
on the request that was sent (`agent.core.presentation`, step 2).
"""

from __future__ import annotations

from datetime import date
from typing import Final

from agent.core import claims
from agent.core.anoncreds_json import ProofRequest, RequestedItem
from agent.core.attributes import date_to_int
from agent.core.claims import Claim
from agent.core.needs import AWARDED, CREDIT, EXPIRES, LEVEL, SKILLS, Need, covering_needs, needs
from agent.core.policy import Disclose, Policy

# Proved as a minimum and nothing else: a bound on them is what a policy can ask (agent.core.policy).
_BY_MINIMUM: Final = frozenset({LEVEL, CREDIT, "workload_minutes"})


def request_problems(policy: Policy, asked: ProofRequest, *, schema_id: str, today: date) -> tuple[str, ...]:
    """What is wrong, in sentences without values; empty when the request matches the policy.

    A claim asked as a minimum may be revealed instead (the learner chose to show more, or had to: see
    `agent.core.planning`), never the other way round. Learner's claims belong to c0 only. Each credential
    proves that it has not expired on ``today`` or later.
    """
    sent = needs(policy)
    problems = [problem for item in asked.items for problem in _item_problems(policy, sent, item)]
    for item in asked.items:
        if item.schema_id != schema_id:
            problems.append(f"{item.item} is not restricted to the shared schema.")
        expiry = [bound.at_least for bound in item.bounds if bound.attribute == EXPIRES]
        if not expiry or max(expiry) < date_to_int(today):
            problems.append(f"{item.item} does not prove that it has not expired.")
    if policy.min_credit is not None:
        proved = [
            bound.at_least for item in asked.items for bound in item.bounds if bound.attribute == CREDIT
        ]
        hidden = all(CREDIT not in item.names for item in asked.items)
        if hidden and sum(proved) < policy.min_credit.hundredths:
            problems.append("The credits proved do not add up to the minimum.")
    if len(asked.items) < policy.whole.credentials:
        problems.append(f"It asks for fewer than {policy.whole.credentials} credentials.")
    if policy.skills is not None and not _some_show_skills(policy, asked):
        problems.append("No credential shows its skills at the level asked for.")
    return tuple(problems)


def _some_show_skills(policy: Policy, asked: ProofRequest) -> bool:
    """Which skills they are only the presentation tells."""
    level = [need for need in covering_needs(policy) if need.claim.predicate_attribute == LEVEL]
    return any(
        SKILLS in item.names and all(_answers(need, item) for need in level if need.required)
        for item in asked.items
    )


def _item_problems(policy: Policy, sent: tuple[Need, ...], item: RequestedItem) -> list[str]:
    first = item.item == "c0"
    found = [
        f"{item.item} lacks {need.claim.label}."
        for need in sent
        if need.required and (first or not need.learner_scope) and not _answers(need, item)
    ]
    asked = _asked(policy, sent, learner=first)
    found += [
        f"{item.item} reveals {name}, for which the policy does not ask."
        for name in item.names
        if name not in {attribute for claim in asked for attribute in claim.attributes}
    ]
    dated = {AWARDED} if policy.each.awarded_since is not None else set()
    provable = (_BY_MINIMUM | dated) & {claim.predicate_attribute for claim in asked}
    found += [
        f"{item.item} proves {bound.attribute}, for which the policy does not ask."
        for bound in item.bounds
        if bound.attribute not in provable | {EXPIRES}
    ]
    return found


def _answers(need: Need, item: RequestedItem) -> bool:
    if set(need.claim.attributes) <= set(item.names):
        return True
    if need.mode is Disclose.REVEAL or need.bound is None:
        return False
    return any(
        bound.attribute == need.claim.predicate_attribute and bound.at_least >= need.bound
        for bound in item.bounds
    )


def _asked(policy: Policy, sent: tuple[Need, ...], *, learner: bool) -> list[Claim]:
    """The claims that an item may answer: those that the policy names, and those that its conditions need."""
    named = [claims.lookup(request.claim) for request in policy.claims]
    known = [claim for claim in named if isinstance(claim, Claim)]
    known += [need.claim for need in (*sent, *covering_needs(policy))]
    return [claim for claim in known if learner or claim.scope != "learner"]

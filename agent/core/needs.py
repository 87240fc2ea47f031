"""What a policy needs of each credential: the one list that planner, consent screen and verifier share.

A claim is sent when the policy requires it, when a condition cannot be checked without it, or when the
learner adds an optional one. Conditions add what they need in the least telling form: a minimum level or
credit becomes a predicate even when nobody listed the claim; a registry condition turns an optional award
date into a needed one (but never adds it unasked: `agent.core.policy.flags` says so to the employer); a
profile condition adds the issuer's own statement, ``profiles_met``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from agent.core import claims
from agent.core.claims import Claim
from agent.core.policy import ClaimRequest, Disclose, Policy

LEVEL: Final = "eqf_level"
CREDIT: Final = "ects_hundredths"
AWARDED: Final = "awarded_on"
EXPIRES: Final = "expires_on"
PROFILES: Final = "profiles_met"

REQUIRED_TEXT: Final = "The requester requires it."
CHOSEN_TEXT: Final = ""


@dataclass(frozen=True, slots=True)
class Need:
    """One claim to send. ``bound`` is the least value to prove, None for a revealed claim.

    ``shared`` marks the credit predicate whose bound the planner shares out over the set (``bound`` is then
    the least that one credential must carry). ``locked`` says why it cannot be left out; empty when the
    learner chose it.
    """

    claim: Claim
    mode: Disclose
    required: bool
    locked: str
    bound: int | None = None
    shared: bool = False

    @property
    def revealed(self) -> tuple[str, ...]:
        return self.claim.attributes if self.mode is Disclose.REVEAL else ()

    @property
    def learner_scope(self) -> bool:
        return self.claim.scope == "learner"


def needs(policy: Policy, include: frozenset[str] = frozenset()) -> tuple[Need, ...]:
    """Every claim to send, in the policy's order, then those that only conditions need.

    ``include`` names optional claims that the learner adds; other names in it are ignored.
    """
    found = []
    for request in policy.claims:
        claim = claims.lookup(request.claim)
        if isinstance(claim, Claim) and (need := _requested(policy, request, claim, include)):
            found.append(need)
    have = {name for request in policy.claims for name in _attributes(request)}
    for attribute, applies in _CONDITIONS.items():
        if attribute != AWARDED and attribute not in have and applies(policy):
            mode = Disclose.REVEAL if attribute == PROFILES else Disclose.PREDICATE
            need = Need(claim_of(attribute), mode, required=True, locked=_CONDITION_TEXTS[attribute])
            found.append(_bounded(policy, need))
    return tuple(found)


def declined(policy: Policy, include: frozenset[str] = frozenset()) -> tuple[tuple[ClaimRequest, Claim], ...]:
    """Optional claims that are not sent, or not sent as fully as the policy would like."""
    sent = {need.claim.name: need.mode for need in needs(policy, include)}
    found = []
    for request in policy.claims:
        claim = claims.lookup(request.claim)
        if isinstance(claim, Claim) and sent.get(claim.name) is not request.disclose:
            found.append((request, claim))
    return tuple(found)


def claim_of(attribute: str) -> Claim:
    """The claim that an attribute belongs to; the one that proves it by predicate first."""
    for claim in claims.CLAIMS.values():
        if claim.predicate_attribute == attribute:
            return claim
    for claim in claims.CLAIMS.values():
        if attribute in claim.attributes:
            return claim
    raise KeyError(attribute)


def hidden_levels(sent: tuple[Need, ...]) -> tuple[int, ...]:
    """The EQF levels among which a verifier cannot tell: () when the level is revealed.

    From the proved minimum to 8; from 0 ("no level stated") when nothing about the level is sent. The trust
    registry must give an accepted outcome at each of them (`agent.core.planning.Candidate.outcome_hidden`).
    """
    if any(LEVEL in need.revealed for need in sent):
        return ()
    bounds = [need.bound for need in sent if need.claim.predicate_attribute == LEVEL and need.bound]
    return tuple(range(max(bounds, default=0), 9))


def is_stated(claim: Claim, attributes: Mapping[str, str]) -> bool:
    """Whether the attributes say anything for the claim; empty, 0 and "missing" say nothing.

    A level that is explicitly not applicable is stated (002:886-903, element 8).
    """
    return any(
        attributes.get(name, "") not in _NOTHING for name in claim.attributes if name not in _HOW_TO_READ
    )


def stated_profiles(attributes: Mapping[str, str]) -> tuple[str, ...]:
    """The profiles that the issuer states as met; () when the statement cannot be read."""
    try:
        found = json.loads(attributes.get(PROFILES, "[]"))
    except (ValueError, RecursionError):
        return ()
    return tuple(name for name in found if isinstance(name, str)) if isinstance(found, list) else ()


_NOTHING: Final = frozenset({"", "0", "[]", "{}", "missing"})
_HOW_TO_READ: Final = frozenset({"title_lang"})  # says something only beside a title


def _requested(policy: Policy, request: ClaimRequest, claim: Claim, include: frozenset[str]) -> Need | None:
    mode = request.disclose
    if request.required:
        return _bounded(policy, Need(claim, mode, required=True, locked=REQUIRED_TEXT))
    if claim.name in include:
        return _bounded(policy, Need(claim, mode, required=False, locked=CHOSEN_TEXT))
    for attribute, applies in _CONDITIONS.items():
        if attribute in _attributes(request) and applies(policy):
            mode = Disclose.PREDICATE if claim.predicate_attribute in (LEVEL, CREDIT) else Disclose.REVEAL
            return _bounded(policy, Need(claim, mode, required=True, locked=_CONDITION_TEXTS[attribute]))
    return None


def _bounded(policy: Policy, need: Need) -> Need:
    if need.mode is Disclose.REVEAL:
        return need
    if need.claim.predicate_attribute == LEVEL:
        return replace(need, bound=policy.each.min_eqf or 1)
    if need.claim.predicate_attribute == CREDIT:
        return replace(need, bound=1, shared=policy.min_credit is not None)
    return replace(need, bound=1)  # expires_on: the planner proves today's date for every credential anyway


def _attributes(request: ClaimRequest) -> tuple[str, ...]:
    claim = claims.lookup(request.claim)
    return claim.attributes if isinstance(claim, Claim) else ()


_CONDITIONS: Final[dict[str, Callable[[Policy], bool]]] = {
    LEVEL: lambda policy: policy.each.min_eqf is not None,
    CREDIT: lambda policy: policy.min_credit is not None,
    AWARDED: lambda policy: bool(policy.each.registry),
    PROFILES: lambda policy: bool(policy.each.profile),
}
_CONDITION_TEXTS: Final = {
    LEVEL: "The minimum level cannot be checked without it.",
    CREDIT: "The total credit cannot be checked without it.",
    AWARDED: "Quality assurance at the date of award cannot be checked without it.",
    PROFILES: "The issuer's statement of completeness cannot be checked without it.",
}

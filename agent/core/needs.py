"""What a policy needs of each credential: the one list that planner, consent screen and verifier share.

A claim is sent when the policy requires it, when a condition cannot be checked without it, or when the
learner adds an optional one. Conditions add what they need in the least telling form: a minimum level or
credit and an earliest date become predicates even when nobody listed the claim; a registry condition turns an
optional award date into a needed one (but never adds it unasked: `agent.core.lints` says so to the employer);
a profile condition adds the issuer's own statement, ``profiles_met``; *assessed* adds the evidence grade alone.

Skills are needed of the set, so only of some credentials: `covering_needs` is the list for one that shows them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from agent.core import claims
from agent.core.attributes import date_to_int
from agent.core.claims import EVIDENCE, Claim
from agent.core.policy import ClaimRequest, Disclose, Policy

LEVEL: Final = "eqf_level"
CREDIT: Final = "ects_hundredths"
AWARDED: Final = "awarded_on"
EXPIRES: Final = "expires_on"
PROFILES: Final = "profiles_met"
SKILLS: Final = "skills"
LANGUAGE: Final = "language"
GRADE: Final = "evidence_grade"

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
    have = {name for need in found for name in need.claim.attributes}
    for condition in _CONDITIONS:
        if condition.adds and condition.attribute not in have and condition.applies(policy):
            need = Need(claim_of(condition.attribute), condition.mode, required=True, locked=condition.text)
            found.append(_bounded(policy, need))
            have.add(condition.attribute)
    return tuple(found)


def covering_needs(policy: Policy, include: frozenset[str] = frozenset()) -> tuple[Need, ...]:
    """`needs` of a credential that shows its skills, and that they are at the level asked for.

    The same as `needs` when the policy has no condition on skills.
    """
    base = needs(policy, include)
    if policy.skills is None:
        return base
    shown = next((need for need in base if SKILLS in need.revealed), None)
    if shown is None:
        base = (*base, Need(claim_of(SKILLS), Disclose.REVEAL, required=True, locked=SKILLS_TEXT))
    elif not shown.required:
        base = _replaced(base, shown, replace(shown, required=True, locked=SKILLS_TEXT))
    least = policy.skills.min_eqf
    level = next((need for need in base if need.claim.predicate_attribute == LEVEL), None)
    if least is None:
        return base
    if level is None:
        text = "That the skills are at the level asked for cannot be checked without it."
        return (*base, Need(claim_of(LEVEL), Disclose.PREDICATE, required=True, locked=text, bound=least))
    if level.bound is None:
        return base
    return _replaced(base, level, replace(level, bound=max(level.bound, least)))


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
    if attribute == GRADE:
        return EVIDENCE
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
    return texts_in(attributes.get(PROFILES, "[]"))


def texts_in(value: str) -> tuple[str, ...]:
    """The texts of an attribute that is a JSON list; () when it cannot be read."""
    try:
        found = json.loads(value)
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
    for condition in _CONDITIONS:
        if condition.attribute not in claim.attributes or not condition.applies(policy):
            continue
        if condition.attribute == GRADE:
            return None  # the claim says more than the condition needs: `EVIDENCE` is added instead
        if condition.mode is Disclose.REVEAL and mode is Disclose.PREDICATE:
            continue  # the requester wants the value hidden
        return _bounded(policy, Need(claim, condition.mode, required=True, locked=condition.text))
    return None


def _bounded(policy: Policy, need: Need) -> Need:
    if need.mode is Disclose.REVEAL:
        return need
    if need.claim.predicate_attribute == LEVEL:
        return replace(need, bound=policy.each.min_eqf or 1)
    if need.claim.predicate_attribute == CREDIT:
        return replace(need, bound=1, shared=policy.min_credit is not None)
    if need.claim.predicate_attribute == AWARDED:
        return replace(need, bound=date_to_int(policy.each.awarded_since))
    return replace(need, bound=1)  # expires_on: the planner proves today's date for every credential anyway


def _replaced(found: tuple[Need, ...], old: Need, new: Need) -> tuple[Need, ...]:
    return tuple(new if need is old else need for need in found)


@dataclass(frozen=True, slots=True)
class _Condition:
    """``adds``: also when no claim of the policy names the attribute."""

    attribute: str
    applies: Callable[[Policy], bool]
    mode: Disclose
    text: str
    adds: bool = True


SKILLS_TEXT: Final = "The skills asked for cannot be checked without it."
# In this order; of two on one attribute the first that applies decides the form.
_CONDITIONS: Final = (
    _Condition(
        LEVEL,
        lambda policy: policy.each.min_eqf is not None,
        Disclose.PREDICATE,
        "The minimum level cannot be checked without it.",
    ),
    _Condition(
        CREDIT,
        lambda policy: policy.min_credit is not None,
        Disclose.PREDICATE,
        "The total credit cannot be checked without it.",
    ),
    _Condition(
        AWARDED,
        lambda policy: bool(policy.each.registry),
        Disclose.REVEAL,
        "Quality assurance at the date of award cannot be checked without it.",
        adds=False,
    ),
    _Condition(
        AWARDED,
        lambda policy: policy.each.awarded_since is not None,
        Disclose.PREDICATE,
        "That it was awarded recently enough cannot be checked without it.",
    ),
    _Condition(
        GRADE,
        lambda policy: policy.each.assessed,
        Disclose.REVEAL,
        "That it rests on an assessment, not on attendance, cannot be checked without it.",
    ),
    _Condition(
        LANGUAGE,
        lambda policy: bool(policy.each.languages),
        Disclose.REVEAL,
        "The language of instruction cannot be checked without it.",
    ),
    _Condition(
        PROFILES,
        lambda policy: bool(policy.each.profile),
        Disclose.REVEAL,
        "The issuer's statement of completeness cannot be checked without it.",
    ),
)

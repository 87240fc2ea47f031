"""Which credentials to present, and what of them: the smallest disclosure that satisfies a policy.

Order of preference, each only where the earlier ones are equal:

1. fewest credentials;
2. fewest revealed claims over the whole set; what can be proved by a predicate is not revealed. What every
   credential reveals is fixed by the policy (`agent.core.needs`), so sets of one size differ by the skills
   that some of them show, and by levels shown because the registry's cover depends on the level (then the
   verifier cannot tell from "at least 6" whether the issuer was quality-assured);
3. the tie-break: the set that comes first when credentials are ordered by date of award, newest first, then
   title, then id, and sets are compared credential by credential.

Claims that the learner adds are sent where they are stated and count for nothing here: what somebody wants to
show must not keep a credential out.

Exactness: exact for up to 30 candidates, and for hundreds where the policy has no condition on skills
(`agent.core.selection`; measured in tests/bench/policy.py). Beyond, the search has a budget: where it is used
up `Plan.exact` is false, the plan satisfies the policy, and a smaller set may exist.

Two credentials of one credential definition whose revealed values are equal look like one credential shown
twice: the verifier counts them once (`agent.core.elements`), and so does the planner.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from agent.core.anoncreds_json import Bound
from agent.core.attributes import date_to_int
from agent.core.choosing import in_places, swapped, who_could_stand_in
from agent.core.claims import Claim
from agent.core.completion import Demand, Option
from agent.core.needs import EXPIRES, LEVEL, Need, claim_of, is_stated
from agent.core.policy import Disclose, Policy
from agent.core.selection import NotFound, best_set
from agent.core.shortfall import NOT_SEARCHED_TEXT, missing, never_there
from agent.core.usable import Candidate, Fitness, Usable, common_outcome

__all__ = [
    "MAX_CANDIDATES",
    "NOT_EXPIRED",
    "Candidate",
    "LeftOut",
    "Plan",
    "PlannedItem",
    "Sent",
    "Unsatisfiable",
    "common_outcome",
    "plan",
]

MAX_CANDIDATES: Final = 500

TOO_MANY_TEXT: Final = f"Only the {MAX_CANDIDATES} newest credentials were considered."
NOT_ENOUGH_TEXT: Final = "It is not enough for this request."
NOT_EXACT_TEXT: Final = (
    "There are too many combinations to try them all; a smaller or less telling set may exist."
)
NOT_EXPIRED_TEXT: Final = "Every presentation proves that the credential has not expired."
OTHER_CHOSEN_TEXT: Final = "You chose another one in its place."
LEVEL_SHOWN_TEXT: Final = (
    "The registry's cover of this issuer depends on the level: with the level hidden, the requester could "
    "not tell whether the issuer was quality-assured."
)


@dataclass(frozen=True, slots=True)
class Sent:
    """One claim of one item: revealed pairs of attribute and value, or a bound. ``locked`` as in `Need`."""

    claim: Claim
    mode: Disclose
    required: bool
    locked: str
    revealed: tuple[tuple[str, str], ...] = ()
    bound: Bound | None = None


@dataclass(frozen=True, slots=True)
class PlannedItem:
    """``others`` could take this one's place, with everything else as it is (see `agent.core.choosing`)."""

    item: str
    candidate: Candidate
    sent: tuple[Sent, ...]
    others: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    candidate: Candidate
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """``exact`` is false when the search was cut short; ``note`` then says so in words. ``choose`` is what the
    learner chose, item by item."""

    items: tuple[PlannedItem, ...]
    left_out: tuple[LeftOut, ...]
    include: frozenset[str]
    today: date
    exact: bool = True
    note: str = ""
    choose: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Unsatisfiable:
    """``missing`` says in words what would be needed, ``left_out`` why each credential held is not used."""

    missing: tuple[str, ...]
    left_out: tuple[LeftOut, ...]


def plan(
    policy: Policy,
    candidates: Sequence[Candidate],
    *,
    today: date,
    include: frozenset[str] = frozenset(),
    choose: Mapping[str, str] | None = None,
) -> Plan | Unsatisfiable:
    """The smallest sufficient disclosure (see the module), or what is missing.

    ``include`` names optional claims that the learner adds; ``choose`` maps an item to the credential that the
    learner wants there instead of the smallest disclosure's own (`ConsentError` choice_not_possible). A credential
    that is revoked, expired, of an unchecked status, or of an issuer whose registry outcome the policy does not
    accept is never used.
    """
    fitness = Fitness(policy, include, today)
    usable: dict[int, Usable] = {}
    left_out: list[LeftOut] = []
    ordered = sorted(candidates, key=lambda held: (-held.number("awarded_on"), held.title, held.id))
    for key, candidate in enumerate(ordered):
        judged = fitness.judge(candidate) if key < MAX_CANDIDATES else TOO_MANY_TEXT
        if isinstance(judged, str):
            left_out.append(LeftOut(candidate, judged))
        else:
            usable[key] = judged
    options = fitness.grouped(ordered, [replace(item.option, key=key) for key, item in usable.items()])
    never = never_there(policy)
    found = NotFound(exact=True) if never else best_set(options, _demand(policy))
    if isinstance(found, NotFound):
        left_out += [LeftOut(ordered[option.key], NOT_ENOUGH_TEXT) for option in options]
        lacking = missing(policy, fitness.plain, options) if found.exact else (NOT_SEARCHED_TEXT,)
        return Unsatisfiable(never or lacking, tuple(left_out))
    found = replace(found, options=in_places(found.options))
    smallest, demand = found.options, _demand(policy)
    if choose:
        ids = {option.key: ordered[option.key].id for option in options}
        found = swapped(found, choose, options, ids, demand)
    others = who_could_stand_in(found.options, options, demand)
    left_out += [
        LeftOut(
            ordered[option.key],
            OTHER_CHOSEN_TEXT if option in smallest else _not_needed(option, found.options),
        )
        for option in options
        if option not in found.options
    ]
    chosen = [
        _Chosen(
            ordered[option.key],
            option,
            fitness.covering if (covering := option.key in found.covering) else fitness.plain,
            usable[option.key].shows_level_covering if covering else usable[option.key].shows_level,
        )
        for option in found.options
    ]
    items = tuple(
        replace(item, others=tuple(ordered[option.key] for option in fit))
        for item, fit in zip(_items(chosen, demand.credit, today), others, strict=True)
    )
    note = "" if found.exact else NOT_EXACT_TEXT
    wish = tuple(sorted((choose or {}).items()))
    return Plan(items, tuple(left_out), include, today, found.exact, note, wish)


def _demand(policy: Policy) -> Demand:
    skills = policy.skills
    return Demand(
        credit=policy.min_credit.hundredths if policy.min_credit else 0,
        skills=(1 << len(skills.skills)) - 1 if skills else 0,
        at_least=skills.at_least if skills else 0,
        credentials=policy.whole.credentials,
    )


@dataclass(frozen=True, slots=True)
class _Chosen:
    candidate: Candidate
    option: Option
    sent: tuple[Need, ...]
    shows_level: bool


def _items(chosen: Sequence[_Chosen], goal: int, today: date) -> tuple[PlannedItem, ...]:
    items = []
    left = goal
    for index, one in enumerate(chosen):
        # The last credential proves only what is still missing: its own credit stays the better hidden. At
        # least some, because the policy asks each credential for credit.
        share = max(1, min(one.option.credit, left))
        left -= share
        sent = one.sent
        if one.shows_level and not any(need.claim.predicate_attribute == LEVEL for need in sent):
            sent = (*sent, Need(claim_of(LEVEL), Disclose.REVEAL, required=True, locked=LEVEL_SHOWN_TEXT))
        rows = [
            _sent(need, one.candidate, share, shows_level=one.shows_level)
            for need in sent
            if index == 0 or not need.learner_scope
        ]
        rows.append(_not_expired(today))
        items.append(PlannedItem(f"c{index}", one.candidate, tuple(row for row in rows if row is not None)))
    return tuple(items)


def _sent(need: Need, candidate: Candidate, share: int, *, shows_level: bool) -> Sent | None:
    """None for an optional claim that this credential does not state, and for a proof of expiry, which every
    item has anyway.
    """
    attribute = need.claim.predicate_attribute
    if need.mode is Disclose.PREDICATE and attribute == EXPIRES:
        return None
    shows = shows_level and attribute == LEVEL
    if need.mode is Disclose.REVEAL or shows:
        if not need.required and not is_stated(need.claim, candidate.attributes):
            return None
        pairs = tuple((name, candidate.attributes.get(name, "")) for name in need.claim.attributes)
        locked = LEVEL_SHOWN_TEXT if shows else need.locked
        return Sent(need.claim, Disclose.REVEAL, need.required, locked, revealed=pairs)
    if attribute is None or need.bound is None:
        raise ValueError(f"claim {need.claim.name} has no predicate")
    if candidate.number(attribute) < need.bound:
        return None
    bound = Bound(attribute, share if need.shared else need.bound)
    return Sent(need.claim, Disclose.PREDICATE, need.required, need.locked, bound=bound)


def _not_expired(today: date) -> Sent:
    bound = Bound(EXPIRES, date_to_int(today))
    return Sent(NOT_EXPIRED, Disclose.PREDICATE, required=True, locked=NOT_EXPIRED_TEXT, bound=bound)


NOT_EXPIRED: Final = Claim(
    name="not_expired",
    label="Not expired",
    scope="credential",
    attributes=(EXPIRES,),
    predicate_attribute=EXPIRES,
)


def _not_needed(option: Option, chosen: Iterable[Option]) -> str:
    if any(option.group == other.group for other in chosen):
        return "To the requester it would look the same as one that is sent, and count once."
    return "It is not needed: what is sent already satisfies the request."

"""Which credentials to present, and what of them: the smallest disclosure that satisfies a policy.

Order of preference, each only where the earlier ones are equal:

1. fewest credentials;
2. fewest revealed claims, that is, fewest levels shown where a predicate was asked (see below);
3. the tie-break: the set that comes first when credentials are ordered by date of award, newest first, then
   title, then id, and sets are compared credential by credential.

What one credential reveals is fixed by the policy (`agent.core.needs`), so sets of one size differ in point 2
only when the registry's cover depends on the level: then the verifier cannot tell from "at least 6" whether
the issuer was quality-assured, and that credential's level has to be shown.

Exactness: point 1 is exact for any number of candidates (the largest credits decide). Points 2 and 3 are a
depth-first search in tie-break order, cut off where even the largest remaining credits do not reach the sum;
it has a budget of nodes, which up to about 30 candidates do not use up. Beyond, `Plan.exact` may be false:
the plan then satisfies the policy with the fewest credentials, and a less telling set may exist.

Two credentials of one credential definition whose revealed values are equal look like one credential shown
twice: the verifier counts them once (`agent.core.evaluation`), and so does the planner.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from agent.core import claims
from agent.core.anoncreds_json import MAX_ITEMS, Bound
from agent.core.attributes import date_to_int
from agent.core.claims import Claim, Irrelevant
from agent.core.needs import CREDIT, EXPIRES, LEVEL, Need, hidden_levels, is_stated, needs, stated_profiles
from agent.core.policy import ASSURED, Disclose, Policy, format_hundredths
from agent.core.selection import Option, best_set
from agent.core.verdict import Result

MAX_CANDIDATES: Final = 500

LEVEL_NOT_ASKED_TEXT: Final = (
    "The registry covers this issuer at this level but not at every level, and the request does not ask for "
    "the level: the requester could not tell whether the issuer was quality-assured."
)
TOO_MANY_TEXT: Final = f"Only the {MAX_CANDIDATES} newest credentials were considered."
NOT_ENOUGH_TEXT: Final = "It is not enough for this request."
NOT_EXACT_TEXT: Final = "There are too many combinations to try them all; a less telling set may exist."
NOT_EXPIRED_TEXT: Final = "Every presentation proves that the credential has not expired."
LEVEL_SHOWN_TEXT: Final = (
    "The registry's cover of this issuer depends on the level: with the level hidden, the requester could "
    "not tell whether the issuer was quality-assured."
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A credential that the wallet holds.

    ``attributes`` are the raw attributes of the shared schema. ``outcome`` is the trust registry's outcome at
    the credential's own level, "" when the registry could not be asked; ``outcome_hidden`` the outcome a
    verifier gets when the level is hidden (see `common_outcome`; "" = same as ``outcome``).
    ``current`` is fail when revoked or expired, unknown when the status could not be checked, with the
    sentence in ``note``.
    """

    id: str
    title: str
    attributes: Mapping[str, str]
    schema_id: str
    cred_def_id: str
    issuer_did: str
    revocable: bool
    outcome: str = ""
    outcome_hidden: str = ""
    current: Result = Result.PASS
    note: str = ""

    def number(self, attribute: str) -> int:
        value = self.attributes.get(attribute, "")
        return int(value) if value.isascii() and value.isdigit() and len(value) <= 10 else 0


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
    item: str
    candidate: Candidate
    sent: tuple[Sent, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    candidate: Candidate
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """``exact`` is false when the search was cut short; ``note`` then says so in words."""

    items: tuple[PlannedItem, ...]
    left_out: tuple[LeftOut, ...]
    include: frozenset[str]
    today: date
    exact: bool = True
    note: str = ""


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
) -> Plan | Unsatisfiable:
    """The smallest sufficient disclosure (see the module), or what is missing.

    ``include`` names optional claims that the learner adds. A credential that is revoked, expired, of an
    unchecked status, or of an issuer whose registry outcome the policy does not accept is never used.
    """
    sent = needs(policy, include)
    usable: list[Option] = []
    left_out: list[LeftOut] = []
    ordered = sorted(candidates, key=lambda held: (-held.number("awarded_on"), held.title, held.id))
    for key, candidate in enumerate(ordered):
        option = _option(policy, sent, candidate, today, key) if key < MAX_CANDIDATES else TOO_MANY_TEXT
        if isinstance(option, str):
            left_out.append(LeftOut(candidate, option))
        else:
            usable.append(option)
    usable = _grouped(sent, ordered, usable)
    never = _never_there(policy)
    goal = policy.min_credit.hundredths if policy.min_credit else 0
    found = None if never else best_set(usable, goal)
    if found is None:
        left_out += [LeftOut(ordered[option.key], NOT_ENOUGH_TEXT) for option in usable]
        return Unsatisfiable(never or _missing(policy, sent, usable), tuple(left_out))
    chosen, exact = found
    left_out += [
        LeftOut(ordered[option.key], _not_needed(option, chosen)) for option in usable if option not in chosen
    ]
    items = _items(sent, [(ordered[option.key], option) for option in chosen], goal, today)
    return Plan(items, tuple(left_out), include, today, exact, "" if exact else NOT_EXACT_TEXT)


def common_outcome(outcomes: Sequence[str], *, accepted: Sequence[str]) -> str:
    """`Candidate.outcome_hidden` from the outcomes at each of `agent.core.needs.hidden_levels`.

    One that stands for all of them: the first when the policy accepts every one or all are equal, else
    ``indeterminate``; "" for none.
    """
    if not outcomes:
        return ""
    alike = len(set(outcomes)) == 1
    return outcomes[0] if alike or set(outcomes) <= set(accepted) else "indeterminate"


# --- which credentials may be used at all


def _option(
    policy: Policy, sent: tuple[Need, ...], candidate: Candidate, today: date, key: int
) -> Option | str:
    """An option, or the sentence why not."""
    if why := _not_current(candidate, today):
        return why
    if policy.each.profile and policy.each.profile not in stated_profiles(candidate.attributes):
        return f"Its issuer does not state that it meets the profile {policy.each.profile}."
    if why := next((why for need in sent if not need.learner_scope and (why := _lacks(need, candidate))), ""):
        return why
    if policy.each.min_eqf is not None and candidate.number(LEVEL) < policy.each.min_eqf:
        return _level_text(candidate, policy.each.min_eqf)
    shows_level = False
    if policy.each.registry:
        if candidate.outcome not in policy.each.registry:
            return _outcome_text(candidate.outcome)
        hidden = candidate.outcome_hidden or candidate.outcome
        if hidden_levels(sent) and hidden not in policy.each.registry:
            if not any(need.claim.predicate_attribute == LEVEL for need in sent):
                return LEVEL_NOT_ASKED_TEXT
            shows_level = True
    anchor = not any(need.learner_scope and _lacks(need, candidate) for need in sent)
    return Option(key, (candidate.cred_def_id,), candidate.number(CREDIT), anchor, shows_level)


def _grouped(sent: tuple[Need, ...], ordered: Sequence[Candidate], usable: list[Option]) -> list[Option]:
    """The options with all that tells them apart for the verifier, which compares what both of two show.

    So an optional claim counts only where every option states it: who does not state it does not show it.
    """
    told = [
        need
        for need in sent
        if need.revealed
        and not need.learner_scope
        and (need.required or all(is_stated(need.claim, ordered[item.key].attributes) for item in usable))
    ]
    names = [name for need in told for name in need.revealed]
    return [
        replace(item, group=(*item.group, *(ordered[item.key].attributes.get(name, "") for name in names)))
        for item in usable
    ]


def _not_current(candidate: Candidate, today: date) -> str:
    if candidate.current is Result.FAIL:
        return candidate.note or "It is revoked or has expired."
    if candidate.number(EXPIRES) < date_to_int(today):
        return "It has expired."
    if candidate.current is Result.UNKNOWN:
        return candidate.note or "Whether it is still valid could not be checked just now."
    return ""


def _lacks(need: Need, candidate: Candidate) -> str:
    """Why the credential cannot answer a required claim; "" when it can, or when it need not."""
    if not need.required:
        return ""
    if need.mode is Disclose.REVEAL:
        stated = is_stated(need.claim, candidate.attributes)
        return "" if stated else f"It does not state what the request requires: {need.claim.label}."
    attribute, bound = need.claim.predicate_attribute or "", need.bound or 0
    if candidate.number(attribute) >= bound:
        return ""
    if attribute == LEVEL:
        return _level_text(candidate, bound)
    if attribute == CREDIT:
        return "It carries no ECTS credit."
    return f"It does not state what the request requires: {need.claim.label}."


def _level_text(candidate: Candidate, least: int) -> str:
    level = candidate.number(LEVEL)
    wanted = f"the request needs EQF {least} or above."
    return f"It is at EQF {level}; {wanted}" if level else f"It states no EQF level; {wanted}"


def _outcome_text(outcome: str) -> str:
    """No information is never called distrust (003:1638-1692, domain.md section 1)."""
    return _OUTCOME_TEXTS.get(
        outcome, f"The registry's outcome is {outcome}, which the request does not accept."
    )


_OUTCOME_TEXTS: Final = {
    "": "The registry could not be asked about this issuer.",
    "no_evidence": "The registry has no information on this issuer's quality assurance at the date of award.",
    "unknown_issuer": "The registry has no information about this issuer.",
    "indeterminate": "The registry has no information recent or clear enough about this issuer to tell.",
    "not_assured": "The registry has evidence that this issuer was not quality-assured for this award.",
    "assured_voluntary": "Its issuer's quality assurance is voluntary, which the request does not accept.",
}


# --- what is sent, what is missing


def _items(
    sent: tuple[Need, ...], chosen: Sequence[tuple[Candidate, Option]], goal: int, today: date
) -> tuple[PlannedItem, ...]:
    first = next(pair for pair in chosen if pair[1].anchor)
    items = []
    left = goal
    for index, (candidate, option) in enumerate([first, *(pair for pair in chosen if pair is not first)]):
        # The last credential proves only what is still missing: its own credit stays the better hidden.
        share = min(option.credit, left)
        left -= share
        rows = [
            _sent(need, candidate, share, shows_level=option.shows_level)
            for need in sent
            if index == 0 or not need.learner_scope
        ]
        rows.append(_not_expired(today))
        items.append(PlannedItem(f"c{index}", candidate, tuple(row for row in rows if row is not None)))
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


def _never_there(policy: Policy) -> tuple[str, ...]:
    found = []
    for request in policy.claims:
        claim = claims.lookup(request.claim)
        if request.required and isinstance(claim, Irrelevant):
            label = claim.name.replace("_", " ")
            found.append(f"{label}: no micro-credential states it, and the request should not need it")
    return tuple(found)


def _missing(policy: Policy, sent: tuple[Need, ...], usable: Sequence[Option]) -> tuple[str, ...]:
    qualities = _qualities(policy, sent)
    learner = [need.claim.label for need in sent if need.learner_scope and need.required]
    found = []
    if policy.min_credit is not None:
        best: dict[tuple[str, ...], int] = {}
        for option in usable:
            best[option.group] = max(option.credit, best.get(option.group, 0))
        reached = sum(sorted(best.values(), reverse=True)[:MAX_ITEMS])
        short = policy.min_credit.hundredths - reached
        if short > 0:
            found.append(f"{format_hundredths(short)} ECTS more{qualities}")
            if len(best) > MAX_ITEMS:
                found.append(f"fewer, larger credentials: at most {MAX_ITEMS} can be presented at once")
    elif not usable:
        found.append(f"a credential{qualities}")
    if usable and learner and not any(option.anchor for option in usable):
        found.append(f"a credential that states {_and(learner)}{qualities}")
    return tuple(found or [f"a set of at most {MAX_ITEMS} credentials{qualities}"])


def _qualities(policy: Policy, sent: tuple[Need, ...]) -> str:
    parts = ""
    if policy.each.min_eqf is not None:
        parts += f" at EQF {policy.each.min_eqf} or above"
    if policy.each.registry:
        assured = set(policy.each.registry) <= set(ASSURED)
        outcomes = " or ".join(outcome.replace("_", " ") for outcome in policy.each.registry)
        parts += (
            " from a quality-assured issuer" if assured else f" whose issuer the registry calls {outcomes}"
        )
    if policy.each.profile:
        parts += f" that meets the profile {policy.each.profile}"
    stated = [
        need.claim.label
        for need in sent
        if need.required
        and need.mode is Disclose.REVEAL
        and not need.learner_scope
        and need.claim.name not in _ALWAYS
    ]
    return parts + (f" that states {_and(stated)}" if stated else "")


# Every micro-credential states these (002:886-903), so that saying so would be noise.
_ALWAYS: Final = frozenset(
    {"title", "issuer_name", "issuer_countries", "awarded_on", "credit", "level", "profiles_met"}
)


def _and(words: Sequence[str]) -> str:
    return " and ".join(words) if len(words) < 3 else f"{', '.join(words[:-1])} and {words[-1]}"

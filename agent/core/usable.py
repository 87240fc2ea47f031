"""Which credentials may be used to answer a policy, what each would show, and why others may not. Pure.

The planner's view of one credential (`Candidate`) becomes an `Option` of the search, or a sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from agent.core import claims
from agent.core.attributes import date_to_int
from agent.core.completion import Option
from agent.core.needs import (
    AWARDED,
    CREDIT,
    EXPIRES,
    GRADE,
    LANGUAGE,
    LEVEL,
    SKILLS,
    Need,
    covering_needs,
    hidden_levels,
    is_stated,
    needs,
    stated_profiles,
    texts_in,
)
from agent.core.policy import Disclose, Policy
from agent.core.verdict import Result

LEVEL_NOT_ASKED_TEXT: Final = (
    "The registry covers this issuer at this level but not at every level, and the request does not ask for "
    "the level: the requester could not tell whether the issuer was quality-assured."
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A credential that the wallet holds.

    ``attributes`` are the raw attributes of the shared schema. ``outcome`` is the trust registry's outcome at
    the credential's own level, "" when the registry could not be asked; ``outcome_hidden`` the outcome a
    verifier gets when the level is hidden (see `common_outcome`; "" = same as ``outcome``). ``outcome_at``
    has it level by level and, where given, goes before: a credential that shows skills proves a higher level.
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
    outcome_at: Mapping[int, str] = field(default_factory=dict)
    current: Result = Result.PASS
    note: str = ""

    def number(self, attribute: str) -> int:
        value = self.attributes.get(attribute, "")
        return int(value) if value.isascii() and value.isdigit() and len(value) <= 10 else 0


@dataclass(frozen=True, slots=True)
class Usable:
    """``option`` has ``key`` 0 and no group yet; ``shows_level`` says whether its level has to be revealed,
    ``shows_level_covering`` the same when it shows its skills."""

    option: Option
    shows_level: bool
    shows_level_covering: bool


class Fitness:
    """The judgement of credentials under one policy and the claims that the learner adds."""

    def __init__(self, policy: Policy, include: frozenset[str], today: date) -> None:
        self._policy, self._today = policy, today
        self.plain, self.covering = needs(policy, include), covering_needs(policy, include)
        # What conditions need stays required where the learner shows more than they need.
        self._required = (*self.plain, *(need for need in needs(policy) if need not in self.plain))
        self._level_asked = any(need.claim.predicate_attribute == LEVEL for need in self.covering)

    def judge(self, candidate: Candidate) -> Usable | str:
        """How it may be used, or the sentence why not."""
        policy = self._policy
        if why := _not_current(candidate, self._today) or self._condition(candidate):
            return why
        for need in self._required:
            if not need.learner_scope and (why := _lacks(need, candidate)):
                return why
        shows, shows_covering = False, False
        if policy.each.registry:
            if candidate.outcome not in policy.each.registry:
                return _outcome_text(candidate.outcome)
            shows = self._hidden_is_refused(self.plain, candidate)
            shows_covering = self._hidden_is_refused(self.covering, candidate)
            if shows and not self._level_asked:
                return LEVEL_NOT_ASKED_TEXT
        anyway = any(SKILLS in need.revealed and sends(need, candidate) for need in self.plain)
        option = Option(
            key=0,
            group=(candidate.cred_def_id,),
            credit=candidate.number(CREDIT),
            anchor=not any(need.learner_scope and _lacks(need, candidate) for need in self.plain),
            reveals=int(shows),
            covers=self._covers(candidate),
            reveals_covering=int(shows_covering) + (0 if anyway else 1),
        )
        return Usable(option, shows, shows_covering)

    def grouped(self, ordered: Sequence[Candidate], usable: Sequence[Option]) -> list[Option]:
        """The options with all that tells them apart for the verifier, which compares what both of two show.

        So an optional claim counts only where every option states it: who does not state it does not show it.
        Skills that only some show never count.
        """
        told = [
            need
            for need in self.plain
            if need.revealed
            and not need.learner_scope
            and (need.required or all(is_stated(need.claim, ordered[item.key].attributes) for item in usable))
        ]
        names = [name for need in told for name in need.revealed]
        return [
            replace(
                item, group=(*item.group, *(ordered[item.key].attributes.get(name, "") for name in names))
            )
            for item in usable
        ]

    def _covers(self, candidate: Candidate) -> int:
        """A bit for each skill of the policy that it would show, at the level asked for."""
        asked = self._policy.skills
        if asked is None or candidate.number(LEVEL) < (asked.min_eqf or 0):
            return 0
        stated = set(texts_in(candidate.attributes.get(SKILLS, "")))
        return sum(1 << bit for bit, skill in enumerate(asked.skills) if skill.esco in stated)

    def _hidden_is_refused(self, sent: tuple[Need, ...], candidate: Candidate) -> bool:
        """Whether a verifier who does not see the level gets an outcome that the policy does not accept."""
        accepted = self._policy.each.registry
        levels = hidden_levels(tuple(need for need in sent if sends(need, candidate)))
        if not levels:
            return False
        if all(level in candidate.outcome_at for level in levels):
            return (
                common_outcome([candidate.outcome_at[level] for level in levels], accepted=accepted)
                not in accepted
            )
        return (candidate.outcome_hidden or candidate.outcome) not in accepted

    def _condition(self, candidate: Candidate) -> str:
        each = self._policy.each
        if each.profile and each.profile not in stated_profiles(candidate.attributes):
            return f"Its issuer does not state that it meets the profile {each.profile}."
        if each.min_eqf is not None and candidate.number(LEVEL) < each.min_eqf:
            return _level_text(candidate, each.min_eqf)
        if each.awarded_since is not None and candidate.number(AWARDED) < date_to_int(each.awarded_since):
            awarded = claims.display(AWARDED, str(candidate.number(AWARDED)))
            since = claims.display(AWARDED, str(date_to_int(each.awarded_since)))
            return f"It was awarded on {awarded}; the request needs {since} or later."
        if each.assessed and candidate.attributes.get(GRADE) != "assessed":
            stated = claims.display(GRADE, candidate.attributes.get(GRADE, ""))
            return f"The request takes assessed credentials only; this one: {stated}."
        if each.languages and not speaks(candidate.attributes.get(LANGUAGE, ""), each.languages):
            return f"It was not taught in a language that the request takes: {', '.join(each.languages)}."
        return ""


def sends(need: Need, candidate: Candidate) -> bool:
    """Whether the credential sends the claim: an optional one that it does not state is passed over."""
    if need.mode is Disclose.REVEAL:
        return need.required or is_stated(need.claim, candidate.attributes)
    return candidate.number(need.claim.predicate_attribute or "") >= (need.bound or 0)


def speaks(value: str, accepted: Sequence[str]) -> bool:
    """Whether a language attribute names one of the languages; ``en`` accepts ``en-IE``, not the reverse."""
    tags = [tag.lower() for tag in texts_in(value)]
    return any(tag == one.lower() or tag.startswith(f"{one.lower()}-") for tag in tags for one in accepted)


def common_outcome(outcomes: Sequence[str], *, accepted: Sequence[str]) -> str:
    """`Candidate.outcome_hidden` from the outcomes at each of `agent.core.needs.hidden_levels`.

    One that stands for all of them: the first when the policy accepts every one or all are equal, else
    ``indeterminate``; "" for none.
    """
    if not outcomes:
        return ""
    alike = len(set(outcomes)) == 1
    return outcomes[0] if alike or set(outcomes) <= set(accepted) else "indeterminate"


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

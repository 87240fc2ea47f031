"""The other three questions of a verdict, answered from what a presentation shows. Pure.

Quality assurance at the date of award (from the trust registry's decisions), completeness (from the issuer's
signed statement), and the policy, element by element. What is hidden counts for as much as was proved and no
more: a level behind "at least 6" may be 6, 7 or 8, credit behind "at least 5" counts 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

from agent.core import elements
from agent.core.attributes import int_to_date
from agent.core.elements import distinct_groups
from agent.core.limits import parse_json
from agent.core.needs import AWARDED, LEVEL, PROFILES, stated_profiles
from agent.core.policy import ASSURED, Policy
from agent.core.presentation import Examined
from agent.core.reading import PresentedItem
from agent.core.record import COUNTRY_CODE, MAX_RECORD_BYTES, only_country
from agent.core.verdict import Check, Evidence, Part, PartName, Result, Verdict
from agent.errors import InputError
from trust_registry.models import Decision

__all__ = [
    "UNREACHABLE",
    "UNRELIABLE",
    "Answer",
    "Decisions",
    "QualityQuery",
    "RegistryAnswer",
    "completeness",
    "distinct_groups",
    "evaluate_policy",
    "possible_levels",
    "quality",
    "quality_queries",
    "verdict",
]

UNREACHABLE: Final = "unreachable"
UNRELIABLE: Final = "unreliable"  # it answered, and the answer or its list cannot be believed


class Answer(Protocol):
    """What the caller got from the trust registry, in this module's terms.

    ``outcome`` is one of `agent.core.policy.OUTCOMES`, or `UNREACHABLE`, or `UNRELIABLE`, whose one reason says why;
    ``chain`` is "who says so"; ``note`` says where the answer is from, if not from the registry at this moment.
    """

    @property
    def outcome(self) -> str: ...
    @property
    def reasons(self) -> Sequence[str]: ...
    @property
    def chain(self) -> Sequence[Evidence]: ...
    @property
    def note(self) -> str: ...


@dataclass(frozen=True, slots=True)
class RegistryAnswer:
    """The plain `Answer`."""

    outcome: str
    reasons: tuple[str, ...] = ()
    chain: tuple[Evidence, ...] = ()
    note: str = ""

    @classmethod
    def of(cls, decision: Decision, *, note: str = "", more: Iterable[Evidence] = ()) -> RegistryAnswer:
        """From the registry's decision: who says so first, then its evidence, made-up facts marked, then ``more``."""
        links = [
            Evidence(f"authority:{link.role}", link.name, link.note, link.url)
            for link in decision.authority_chain
        ]
        items = [
            Evidence(
                item.kind,
                f"{item.label} (illustrative)" if item.illustrative else item.label,
                item.value,
                item.url,
                at=item.at,
            )
            for item in decision.evidence
        ]
        reasons = tuple(str(reason) for reason in decision.reasons)
        return cls(str(decision.outcome), reasons, (*links, *items, *more), note)


# (item, EQF level) -> answer; level 0 stands for a question without a level.
Decisions = Mapping[tuple[str, int], Answer]


@dataclass(frozen=True, slots=True)
class QualityQuery:
    """One question for the trust registry; ``eqf`` 0 means: ask without a level, ``country`` None: without one."""

    item: str
    did: str
    key: str
    awarded_on: date
    eqf: int
    country: str | None = None


def quality_queries(items: Iterable[PresentedItem]) -> tuple[QualityQuery, ...]:
    """What to ask the registry so that `quality` and `evaluate_policy` can answer.

    One query per item and level that it may have: the revealed one, or each from the proved minimum to 8, or
    0 to 8 when nothing about the level is shown. The country is the issuer's, if it is revealed and one. None for an
    item whose date of award is hidden or whose issuer's key is not established.
    """
    found = []
    for item in items:
        awarded_on = _awarded_on(item)
        if awarded_on is not None and item.issuer_did and item.key:
            found += [
                QualityQuery(item.item, item.issuer_did, item.key, awarded_on, level, _country(item))
                for level in possible_levels(item)
            ]
    return tuple(found)


def possible_levels(item: PresentedItem) -> tuple[int, ...]:
    """Every EQF level the credential may have as far as its presentation tells; 0 is "none stated"."""
    shown = item.number(LEVEL)
    if shown is not None:
        return (shown,) if shown in range(1, 9) else (0,)
    return tuple(range(item.at_least(LEVEL) or 0, 9))


def quality(items: Sequence[PresentedItem], decisions: Decisions) -> tuple[Check, ...]:
    """Whether each issuer was quality-assured at the date of award, for the level.

    Assured outcomes pass, ``not_assured`` (evidence against) fails. No evidence, an issuer that the registry
    does not know, an indeterminate outcome and a registry that did not answer are unknown: absence of
    information is never distrust (003:1638-1692).
    """
    return tuple(_quality(item, decisions) for item in items) or (_nothing_read("quality"),)


def completeness(policy: Policy, items: Sequence[PresentedItem]) -> tuple[Check, ...]:
    """Whether each credential is complete under the policy's profile, by its issuer's signed statement."""
    label = "Complete under the chosen profile"
    profile = policy.each.profile
    if not profile:
        detail = "The policy names no profile, so completeness was not asked."
        return (Check("complete", label, Result.UNKNOWN, "not_asked", detail),)
    checks = []
    for item in items:
        if PROFILES not in item.revealed:
            detail = "The issuer's statement of the profiles it meets was not disclosed."
            checks.append(Check("complete", label, Result.UNKNOWN, "not_disclosed", detail, item.item))
        elif profile in stated_profiles(item.revealed):
            detail = f"The issuer states, in the signed credential, that it meets {profile}."
            checks.append(Check("complete", label, Result.PASS, "", detail, item.item))
        else:
            detail = f"The issuer does not state that it meets {profile}."
            checks.append(Check("complete", label, Result.FAIL, "profile_not_met", detail, item.item))
    return tuple(checks) or (_nothing_read("complete"),)


def evaluate_policy(
    policy: Policy, items: Sequence[PresentedItem], decisions: Decisions
) -> tuple[Check, ...]:
    """One check per element of the policy and item (`agent.core.elements`), and ``registry``.

    A registry outcome that the policy does not accept fails that element, whatever the reason; indeterminate
    and unreachable are unknown, and so is what a copy does not have. Credit of the set counts proved minimums or
    revealed values, and items that cannot be told apart once.
    """
    if not items:
        return (_nothing_read("policy"),)
    checks = list(elements.never_there(policy))
    for item in items:
        checks += elements.of_each(policy, item)
        if policy.each.registry:
            checks.append(_registry(policy.each.registry, item, decisions))
    checks += elements.of_all(policy, items)
    # A policy of optional claims only asks for nothing that could be unsatisfied.
    return tuple(checks) or (Check("policy", "Nothing is required", Result.PASS),)


def verdict(policy: Policy, examined: Examined, decisions: Decisions, *, at: str) -> Verdict:
    """The four parts, never merged; ``at`` is the RFC 3339 time of the evaluation."""
    items = examined.items
    return Verdict(
        at=at,
        authentic=examined.part,
        quality_assured=Part(PartName.QUALITY_ASSURED, quality(items, decisions)),
        complete=Part(PartName.COMPLETE, completeness(policy, items)),
        policy=Part(PartName.POLICY, evaluate_policy(policy, items, decisions)),
    )


# --- quality assurance


def _quality(item: PresentedItem, decisions: Decisions) -> Check:
    label = "Issuer quality-assured at the date of award"
    answer, reason, detail = _one_answer(item, decisions)
    if answer is None:
        return Check("quality", label, Result.UNKNOWN, reason, detail, item.item)
    chain = tuple(answer.chain)
    because = f" ({', '.join(answer.reasons).replace('_', ' ')})" if answer.reasons else ""
    if answer.outcome in ASSURED:
        voluntary = "voluntarily" if answer.outcome == "assured_voluntary" else "officially"
        detail = f"The registry says so: {voluntary} quality-assured{because}.{_from(answer)}"
        return Check("quality", label, Result.PASS, "", detail, item.item, chain)
    result = Result.FAIL if answer.outcome == "not_assured" else Result.UNKNOWN
    detail = f"{_OUTCOMES.get(answer.outcome, 'The registry gives no clear answer')}{because}.{_from(answer)}"
    return Check("quality", label, result, _reason(answer), detail, item.item, chain)


def _registry(accepted: Sequence[str], item: PresentedItem, decisions: Decisions) -> Check:
    label = "Registry outcome accepted by the policy"
    answers, reason, detail = _answers(item, decisions)
    if not answers:
        return Check("registry", label, Result.UNKNOWN, reason, detail, item.item)
    chain = tuple(answers[0].chain)
    by_outcome = {answer.outcome: answer for answer in reversed(answers)}
    outcomes = set(by_outcome)
    note = _from(next((answer for answer in answers if answer.note), answers[0]))
    if outcomes <= set(accepted):
        return Check("registry", label, Result.PASS, "", note.strip(), item.item, chain)
    # What is not in a copy may have come into the list since.
    undecided = {
        outcome
        for outcome in outcomes - set(accepted)
        if outcome in _UNDECIDED or (outcome in _ABSENT and by_outcome[outcome].note)
    }
    if undecided:
        outcome = min(undecided)
        reason, detail = _reason(by_outcome[outcome]), f"{_OUTCOMES[outcome]}.{_from(by_outcome[outcome])}"
        return Check("registry", label, Result.UNKNOWN, reason, detail, item.item, chain)
    if outcomes & set(accepted):
        detail = f"{_LEVEL_HIDDEN}{note}"
        return Check("registry", label, Result.UNKNOWN, "level_hidden", detail, item.item, chain)
    outcome = min(outcomes)
    detail = f"{_OUTCOMES.get(outcome, 'The registry gives another outcome')}; the policy does not accept that.{note}"
    return Check("registry", label, Result.FAIL, _reason(by_outcome[outcome]), detail, item.item, chain)


def _one_answer(item: PresentedItem, decisions: Decisions) -> tuple[Answer | None, str, str]:
    """The answer that holds for every level that the item may have; None, a reason and a sentence if none."""
    answers, reason, detail = _answers(item, decisions)
    if not answers:
        return None, reason, detail
    for answer in answers:
        if answer.outcome in {UNREACHABLE, UNRELIABLE}:
            return answer, "", ""
    outcomes = {answer.outcome for answer in answers}
    if outcomes <= ASSURED and len(outcomes) > 1:  # the weaker of the two holds for all
        return next(answer for answer in answers if answer.outcome == "assured_voluntary"), "", ""
    if len(outcomes) > 1:
        return None, "level_hidden", _LEVEL_HIDDEN
    return answers[0], "", ""


def _answers(item: PresentedItem, decisions: Decisions) -> tuple[tuple[Answer, ...], str, str]:
    """One answer per possible level, or none with a reason and a sentence."""
    if _awarded_on(item) is None:
        detail = "The date of award is hidden, so nobody can say whether the issuer was quality-assured then."
        return (), "award_date_hidden", detail
    if not item.issuer_did or not item.key:
        return (), "issuer_key_unknown", "Which key of the issuer signed is not established."
    answers = []
    for level in possible_levels(item):
        answer = decisions.get((item.item, level))
        if answer is None:
            return (), "registry_not_asked", "The registry was not asked."
        answers.append(answer)
    return tuple(answers), "", ""


def _awarded_on(item: PresentedItem) -> date | None:
    number = item.number(AWARDED)
    try:
        return int_to_date(number) if number is not None else None
    except InputError:
        return None


def _country(item: PresentedItem) -> str | None:
    """What is not a list of country codes, whoever signed it, names no country."""
    text = item.revealed.get("issuer_countries")
    if text is None:
        return None
    try:
        codes = parse_json(
            text.encode(errors="replace"), max_bytes=MAX_RECORD_BYTES, what="list of countries"
        )
    except InputError:
        return None
    if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes):
        return None
    return only_country(codes) if all(COUNTRY_CODE.fullmatch(code) for code in codes) else None


def _from(answer: Answer) -> str:
    return f" ({answer.note}.)" if answer.note else ""


def _reason(answer: Answer) -> str:
    if answer.outcome == UNRELIABLE:
        return answer.reasons[0] if answer.reasons else UNRELIABLE
    return "registry_unreachable" if answer.outcome == UNREACHABLE else answer.outcome


_UNDECIDED: Final = frozenset({"indeterminate", UNREACHABLE, UNRELIABLE})
_ABSENT: Final = frozenset({"no_evidence", "unknown_issuer"})
_LEVEL_HIDDEN: Final = "The registry's answer differs between the levels that the credential may have."
_OUTCOMES: Final = {
    "assured_official": "The registry says officially quality-assured",
    "assured_voluntary": "The registry says voluntarily quality-assured",
    "not_assured": "The registry has evidence that it was not quality-assured for this",
    "no_evidence": "The registry has no information on its quality assurance at the date of award",
    "unknown_issuer": "The registry has no information about this issuer",
    "indeterminate": "The registry has no information recent or clear enough to tell",
    UNREACHABLE: "The registry could not be reached",
    UNRELIABLE: "The registry gave no answer that can be believed",
}


def _nothing_read(code: str) -> Check:
    detail = "The presentation could not be read, so there is nothing to judge."
    return Check(code, "Credentials presented", Result.UNKNOWN, "not_readable", detail)

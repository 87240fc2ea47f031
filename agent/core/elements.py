"""The elements of a policy that need nothing but what is shown: one check each. Pure.

What is hidden counts for as much as was proved and no more: credit behind "at least 5" counts 5, a level behind
"at least 6" is at least 6. A hidden value is never a pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from agent.core import claims
from agent.core.attributes import date_to_int
from agent.core.claims import Irrelevant
from agent.core.needs import AWARDED, CREDIT, GRADE, LANGUAGE, LEVEL, SKILLS, Need, is_stated, needs, texts_in
from agent.core.policy import Disclose, Policy, Skill, SkillSet, format_hundredths
from agent.core.reading import PresentedItem
from agent.core.usable import speaks
from agent.core.verdict import Check, Result


def never_there(policy: Policy) -> Iterator[Check]:
    """Required claims that no credential can show."""
    for request in policy.claims:
        if request.required and isinstance(claims.lookup(request.claim), Irrelevant):
            label = f"{request.claim.replace('_', ' ').capitalize()} shown"
            detail = "No micro-credential states it, and recognition should not rest on it (002:1744-1756)."
            yield Check("claim", label, Result.FAIL, "claim_irrelevant", detail)


def of_each(policy: Policy, item: PresentedItem) -> Iterator[Check]:
    """``claim``, ``min_level``, ``awarded_since``, ``assessed`` and ``language`` of one credential."""
    for need in needs(policy):
        if need.required and (item.item == "c0" or not need.learner_scope):
            yield _claim(need, item)
    each = policy.each
    if each.min_eqf is not None:
        yield _min_level(each.min_eqf, item)
    if each.awarded_since is not None:
        yield _awarded_since(each.awarded_since, item)
    if each.assessed:
        yield _assessed(item)
    if each.languages:
        yield _language(each.languages, item)


def of_all(policy: Policy, items: Sequence[PresentedItem]) -> Iterator[Check]:
    """``min_credit``, ``credentials`` and ``skill``/``skills`` of all credentials together."""
    if policy.min_credit is not None:
        yield _min_credit(policy.min_credit.hundredths, items)
    if policy.whole.credentials:
        yield _credentials(policy.whole.credentials, items)
    if policy.skills is not None:
        yield from _skills(policy.skills, items)


def distinct_groups(items: Sequence[PresentedItem]) -> tuple[tuple[PresentedItem, ...], ...]:
    """Items in groups of those that may be one credential shown twice.

    Two items differ for sure when their credential definitions differ, or an attribute that both reveal. A
    chain of look-alikes is one group: what counts must hold in the least favourable case.
    """
    groups: list[list[PresentedItem]] = []
    for item in items:
        alike = [group for group in groups if any(_may_be_same(item, other) for other in group)]
        groups = [group for group in groups if group not in alike]
        groups.append([*(other for group in alike for other in group), item])
    return tuple(tuple(group) for group in groups)


def _may_be_same(one: PresentedItem, other: PresentedItem) -> bool:
    if one.cred_def_id != other.cred_def_id:
        return False
    both = set(one.revealed) & set(other.revealed)
    return all(one.revealed[name] == other.revealed[name] for name in both)


# --- of each


def _claim(need: Need, item: PresentedItem) -> Check:
    claim = need.claim
    label = f"{claim.label} {'shown' if need.mode is Disclose.REVEAL else 'shown or proved'}"
    if set(claim.attributes) <= set(item.revealed):
        if is_stated(claim, item.revealed):
            return Check("claim", label, Result.PASS, subject=item.item)
        detail = f"The credential states nothing for {claim.label}."
        return Check("claim", label, Result.FAIL, "claim_empty", detail, item.item)
    attribute = claim.predicate_attribute
    proved = next((bound.at_least for bound in item.bounds if bound.attribute == attribute), None)
    if need.mode is Disclose.PREDICATE and proved is not None and proved >= (need.bound or 0):
        return Check("claim", label, Result.PASS, subject=item.item)
    return Check("claim", label, Result.FAIL, "claim_missing", f"{claim.label} is missing.", item.item)


def _min_level(least: int, item: PresentedItem) -> Check:
    label = f"At EQF {least} or above"
    shown = item.number(LEVEL)
    if shown is not None:
        if shown >= least:
            return Check("min_level", label, Result.PASS, "", f"It is at EQF {shown}.", item.item)
        reason = "below_minimum" if shown else "no_level"
        detail = f"It is at EQF {shown}." if shown else "It states no EQF level."
        return Check("min_level", label, Result.FAIL, reason, detail, item.item)
    proved = item.at_least(LEVEL)
    if proved is not None and proved >= least:
        detail = f"Proved without showing the level: at least EQF {proved}."
        return Check("min_level", label, Result.PASS, "", detail, item.item)
    return Check(
        "min_level", label, Result.FAIL, "not_proved", "The level is neither shown nor proved.", item.item
    )


def _awarded_since(since: date, item: PresentedItem) -> Check:
    label = f"Awarded on {_day(since)} or later"
    shown, least = item.number(AWARDED), date_to_int(since)
    if shown is not None and shown < least:
        detail = f"It was awarded on {claims.display(AWARDED, str(shown))}."
        return Check("awarded_since", label, Result.FAIL, "awarded_before", detail, item.item)
    if shown is not None:
        return Check("awarded_since", label, Result.PASS, subject=item.item)
    if (item.at_least(AWARDED) or 0) >= least:
        detail = "Proved without showing the date."
        return Check("awarded_since", label, Result.PASS, "", detail, item.item)
    detail = "The date of award is neither shown nor proved to be late enough."
    return Check("awarded_since", label, Result.UNKNOWN, "not_shown", detail, item.item)


def _assessed(item: PresentedItem) -> Check:
    label = "Based on assessment"
    grade = item.revealed.get(GRADE)
    if grade is None:
        detail = "Whether it rests on an assessment is not shown."
        return Check("assessed", label, Result.UNKNOWN, "not_shown", detail, item.item)
    if grade == "assessed":
        return Check("assessed", label, Result.PASS, subject=item.item)
    if not grade:
        detail = "It does not state whether it rests on an assessment."
        return Check("assessed", label, Result.FAIL, "not_stated", detail, item.item)
    detail = f"It states: {claims.display(GRADE, grade)}."
    return Check("assessed", label, Result.FAIL, "not_assessed", detail, item.item)


def _language(accepted: Sequence[str], item: PresentedItem) -> Check:
    label = f"Taught in {' or '.join(accepted)}"
    value = item.revealed.get(LANGUAGE)
    if value is None:
        detail = "The language of instruction is not shown."
        return Check("language", label, Result.UNKNOWN, "not_shown", detail, item.item)
    if speaks(value, accepted):
        return Check("language", label, Result.PASS, subject=item.item)
    detail = f"It states: {claims.display(LANGUAGE, value)}."
    return Check("language", label, Result.FAIL, "other_language", detail, item.item)


def _day(day: date) -> str:
    return claims.display(AWARDED, str(date_to_int(day)))


# --- of all


def _min_credit(needed: int, items: Sequence[PresentedItem]) -> Check:
    label = f"At least {format_hundredths(needed)} ECTS in total"
    groups = distinct_groups(items)
    counted = sum(max(item.at_least(CREDIT) or 0 for item in group) for group in groups)
    same = [item.item for group in groups if len(group) > 1 for item in group]
    note = f" {', '.join(same)} cannot be told apart and count once." if same else ""
    detail = f"{format_hundredths(counted)} ECTS shown or proved.{note}"
    if counted >= needed:
        return Check("min_credit", label, Result.PASS, "", detail)
    claimed = sum(item.at_least(CREDIT) or 0 for item in items)
    reason = "cannot_tell_apart" if claimed >= needed else "too_little_credit"
    return Check("min_credit", label, Result.FAIL, reason, detail)


def _credentials(needed: int, items: Sequence[PresentedItem]) -> Check:
    label = f"At least {needed} different credential{'s' if needed > 1 else ''}"
    count = len(distinct_groups(items))
    if count >= needed:
        return Check("credentials", label, Result.PASS, "", f"{count} can be told apart.")
    reason = "cannot_tell_apart" if len(items) >= needed else "too_few_credentials"
    detail = f"{len(items)} presented, of which {count} can be told apart."
    return Check("credentials", label, Result.FAIL, reason, detail)


# In this order: the reason of a skill is the best that any credential gives.
_REASONS: Final = ("", "level_hidden", "not_shown", "level_too_low", "not_covered")
_SKILL_TEXTS: Final = {
    "level_hidden": "A credential shows it, but not that it is at the level asked for.",
    "not_shown": "No credential shows it; not every credential shows its skills.",
    "level_too_low": "A credential shows it, at a lower level than the one asked for.",
    "not_covered": "No credential has it among its skills.",
}


def _skills(asked: SkillSet, items: Sequence[PresentedItem]) -> Iterator[Check]:
    """A check for each skill, then one for the number of them.

    Where enough others are shown, a skill that is not is nothing to pass or fail, and gets no check.
    """
    answers = [(skill, *_skill(skill, asked.min_eqf, items)) for skill in asked.skills]
    shown = sum(not reason for _, reason, _ in answers)
    enough = shown >= asked.at_least
    for skill, reason, subject in answers:
        label = f"Skill: {skill.text}"
        if not reason:
            yield Check("skill", label, Result.PASS, "", skill.esco if skill.label else "", subject)
        elif not enough:
            result = Result.UNKNOWN if reason in ("level_hidden", "not_shown") else Result.FAIL
            yield Check("skill", label, result, reason, _SKILL_TEXTS[reason], subject)
    level = f" at EQF {asked.min_eqf} or above" if asked.min_eqf is not None else ""
    label = f"At least {asked.at_least} of {len(asked.skills)} skills{level}"
    absent = [skill.text for skill, reason, _ in answers if reason]
    detail = f"{shown} shown." + (f" Not shown: {', '.join(absent)}." if absent else "")
    possible = sum(reason in ("", "level_hidden", "not_shown") for _, reason, _ in answers)
    if enough:
        yield Check("skills", label, Result.PASS, "", detail)
    elif possible >= asked.at_least:
        yield Check("skills", label, Result.UNKNOWN, "not_shown", detail)
    else:
        yield Check("skills", label, Result.FAIL, "too_few_skills", detail)


def _skill(skill: Skill, min_eqf: int | None, items: Sequence[PresentedItem]) -> tuple[str, str]:
    """The reason why it is not shown, "" when it is, and the item that this is about."""
    found = [(_skill_of(skill, min_eqf, item), item.item) for item in items]
    reason, subject = min(found, key=lambda answer: _REASONS.index(answer[0]))
    return reason, subject if reason in ("", "level_hidden", "level_too_low") else ""


def _skill_of(skill: Skill, min_eqf: int | None, item: PresentedItem) -> str:
    value = item.revealed.get(SKILLS)
    if value is None:
        return "not_shown"
    if skill.esco not in texts_in(value):
        return "not_covered"
    level = item.at_least(LEVEL)
    if min_eqf is None or (level is not None and level >= min_eqf):
        return ""
    return "level_too_low" if item.number(LEVEL) is not None else "level_hidden"

"""What is odd about a policy: advice for who writes it, and shown to the learner who is asked. Pure.

A flag never refuses anything: an unsatisfiable policy may be sent, and the learner's wallet says what is
missing. `CODES` documents every code; they are stable.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from agent.core import claims, profiles
from agent.core.anoncreds_json import MAX_ITEMS
from agent.core.claims import Claim, Irrelevant
from agent.core.purposes import purpose_of
from trust_registry import models as registry

if TYPE_CHECKING:
    from agent.core.policy import ClaimRequest, Policy

ASSURED: Final = frozenset(str(outcome) for outcome in registry.ASSURED)
MAJOR_AWARD_ECTS: Final = 60  # from here on it is no micro-credential (000:251)

CODES: Final = MappingProxyType(
    {
        "legally_irrelevant": "Recognition must not rest on this (002:1744-1756). It is never sent.",
        "over_asking": "The stated purpose, or the policy's own conditions, do not need this claim, or not its "
        "exact value. Leave it out, make it optional, or ask for a minimum.",
        "unsatisfiable": "No wallet can satisfy this, whatever it holds.",
        "award_date_hidden": "Quality assurance holds for a date: ask for awarded_on with disclose reveal.",
        "level_hidden": "Quality assurance may depend on the level: ask for level, or set a minimum level.",
        "unknown_profile": "The profile is not one that this release knows; issuers may not state it.",
        "degree_by_sum": "A sum of credits is not a degree or another major award (000:251, 002:643-645).",
        "no_effect": "The condition holds whenever the others do. It may have been meant otherwise.",
    }
)


@dataclass(frozen=True, slots=True)
class Flag:
    """Something a person should know about a policy. ``claim`` is empty when it concerns the whole; ``code``
    is one of `CODES`."""

    code: str
    claim: str
    text: str

    def to_json(self) -> dict[str, str]:
        return {"code": self.code, "claim": self.claim, "text": self.text}


def flags(policy: Policy, *, today: date | None = None) -> tuple[Flag, ...]:
    """What is over-asked, irrelevant by law or impossible, claim by claim, then the conditions.

    Conditions on dates are compared with ``today``, and not at all without it.
    """
    found: list[Flag] = []
    for request in policy.claims:
        claim = claims.lookup(request.claim)
        if isinstance(claim, Irrelevant):
            found += _irrelevant_flags(request, claim)
        else:
            found += _claim_flags(policy, request, claim)
    return (*found, *_each_flags(policy), *_set_flags(policy), *_date_flags(policy, today))


def _irrelevant_flags(request: ClaimRequest, claim: Irrelevant) -> Iterator[Flag]:
    label = claim.name.replace("_", " ").capitalize()
    text = f"{label}: {claim.reason} No micro-credential states it, and it is never sent."
    yield Flag("legally_irrelevant", request.claim, text)
    if request.required:
        text = f"{label} is required but no micro-credential states it: nobody can satisfy this request."
        yield Flag("unsatisfiable", request.claim, text)


def _claim_flags(policy: Policy, request: ClaimRequest, claim: Claim) -> Iterator[Flag]:
    purpose = purpose_of(policy.purpose_category)
    if claim.name in purpose.unneeded:
        what = f"{claim.label}: {purpose.label} does not need it; " if purpose.name else f"{claim.label}: "
        yield Flag("over_asking", request.claim, what + purpose.unneeded[claim.name])
    if not request.required or request.disclose == "predicate":
        return
    minimum = {
        "eqf_level": policy.each.min_eqf is not None,
        "ects_hundredths": policy.min_credit is not None,
        "awarded_on": policy.each.awarded_since is not None and not policy.each.registry,
    }
    if minimum.get(claim.predicate_attribute or "", False):
        text = f"{claim.label}: the exact value is asked, though the policy only needs a minimum."
        yield Flag("over_asking", request.claim, text)
    # No more than the purpose needs (002:1634, domain.md section 5, "Data protection … minimal").
    if claim.name == "expires_on":
        text = f"{claim.label}: the exact date is asked, though every presentation proves that it has not expired."
        yield Flag("over_asking", request.claim, text)
    if claim.name == "assessment" and policy.each.assessed:
        text = f"{claim.label}: the kinds of assessment are asked, though the policy only needs that there was one."
        yield Flag("over_asking", request.claim, text)
    if claim.name == "skills" and policy.skills is not None:
        text = f"{claim.label}: all skills of every credential are asked, though the policy only needs some shown."
        yield Flag("over_asking", request.claim, text)


def _each_flags(policy: Policy) -> Iterator[Flag]:
    profile = policy.each.profile
    if profile and profile not in profiles.PROFILES:
        text = f"No validation profile {profile} is known here. {_nearest(profile, profiles.PROFILES)}"
        yield Flag("unknown_profile", "", text)
    if not policy.each.registry:
        return
    if not ASSURED & set(policy.each.registry):
        text = (
            "Of the registry's outcomes the policy accepts none that means quality-assured: whoever satisfies "
            "it is not shown to be quality-assured, so never are all four parts of a verdict passed."
        )
        yield Flag("unsatisfiable", "", text)
    shown: set[str] = set()
    asked: set[str] = set()
    for request in policy.claims:
        claim = claims.lookup(request.claim)
        if isinstance(claim, Claim):
            asked.update(claim.attributes)
            shown.update(claim.attributes if request.disclose == "reveal" else ())
    if "awarded_on" not in shown:
        text = (
            "The policy wants the issuer quality-assured at the date of award but does not ask for that "
            "date to be shown: the answer will be unknown."
        )
        yield Flag("award_date_hidden", "", text)
    if "eqf_level" not in asked and policy.each.min_eqf is None:
        text = (
            "The policy wants the issuer quality-assured but asks for no level: the answer will be unknown "
            "unless the registry's cover holds at every level."
        )
        yield Flag("level_hidden", "", text)


def _set_flags(policy: Policy) -> Iterator[Flag]:
    whole = policy.whole
    if whole.credentials > MAX_ITEMS:
        text = f"{whole.credentials} credentials are asked; at most {MAX_ITEMS} can be presented at once."
        yield Flag("unsatisfiable", "", text)
    if whole.credentials == 1:
        yield Flag("no_effect", "", "At least one credential is asked; every presentation holds one.")
    if whole.min_credit is not None:
        # Each of them carries less than 60 ECTS: with that much it would be a major award.
        most = (MAJOR_AWARD_ECTS * 100 - 1) * MAX_ITEMS
        if whole.min_credit.hundredths > most:
            text = (
                f"{whole.min_credit.value} ECTS are asked; {MAX_ITEMS} micro-credentials, the most that can be "
                f"presented at once, carry less than {MAJOR_AWARD_ECTS * MAX_ITEMS} (000:251)."
            )
            yield Flag("unsatisfiable", "", text)
        elif whole.min_credit.hundredths >= MAJOR_AWARD_ECTS * 100:
            text = (
                f"{whole.min_credit.value} ECTS is as much as a major award (000:251); a sum of "
                "micro-credentials is not one (002:643-645)."
            )
            yield Flag("degree_by_sum", "", text)
    if whole.skills is not None:
        listed, asked = len(whole.skills.skills), whole.skills.at_least
        if asked > listed:
            yield Flag("unsatisfiable", "", f"{asked} skills are asked, and only {listed} listed.")
        if (whole.skills.min_eqf or 9) <= (policy.each.min_eqf or 0):
            text = "The minimum level of the skills is no higher than that of every credential."
            yield Flag("no_effect", "", text)


def _date_flags(policy: Policy, today: date | None) -> Iterator[Flag]:
    since = policy.each.awarded_since
    if today is not None and since is not None and since > today:
        text = f"Only credentials awarded on {since.isoformat()} or later are asked, which is still to come."
        yield Flag("unsatisfiable", "", text)


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name[:60], sorted(known), n=1, cutoff=0.5)
    return f"Did you mean {near[0]}?" if near else f"Known: {', '.join(sorted(known))}."

"""What is missing, in words, when no set of credentials answers a policy. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from agent.core import claims
from agent.core.anoncreds_json import MAX_ITEMS
from agent.core.claims import Irrelevant
from agent.core.completion import Option
from agent.core.needs import Need
from agent.core.policy import ASSURED, Disclose, Policy, format_hundredths

NOT_SEARCHED_TEXT: Final = (
    "a set that answers it was not found, and there are too many combinations to try them all"
)


def never_there(policy: Policy) -> tuple[str, ...]:
    """What nobody can show, whatever they hold."""
    found = []
    for request in policy.claims:
        claim = claims.lookup(request.claim)
        if request.required and isinstance(claim, Irrelevant):
            label = claim.name.replace("_", " ")
            found.append(f"{label}: no micro-credential states it, and the request should not need it")
    if policy.skills is not None and policy.skills.at_least > len(policy.skills.skills):
        found.append("more skills than the request lists, which nobody can show")
    if policy.whole.credentials > MAX_ITEMS:
        found.append(
            f"{policy.whole.credentials} credentials, and at most {MAX_ITEMS} can be presented at once"
        )
    return tuple(found)


def missing(policy: Policy, sent: tuple[Need, ...], usable: Sequence[Option]) -> tuple[str, ...]:
    """What would have to be held besides the ``usable`` credentials."""
    qualities = _qualities(policy, sent)
    learner = [need.claim.label for need in sent if need.learner_scope and need.required]
    found = [
        *_credit(policy, usable, qualities),
        *_credentials(policy, usable, qualities),
        *_skills(policy, usable),
    ]
    if not usable and not found:
        found.append(f"a credential{qualities}")
    if usable and learner and not any(option.anchor for option in usable):
        found.append(f"a credential that states {_and(learner)}{qualities}")
    return tuple(found or [f"a set of at most {MAX_ITEMS} credentials{qualities}"])


def _credit(policy: Policy, usable: Sequence[Option], qualities: str) -> Iterator[str]:
    if policy.min_credit is None:
        return
    best: dict[tuple[str, ...], int] = {}
    for option in usable:
        best[option.group] = max(option.credit, best.get(option.group, 0))
    short = policy.min_credit.hundredths - sum(sorted(best.values(), reverse=True)[:MAX_ITEMS])
    if short > 0:
        yield f"{format_hundredths(short)} ECTS more{qualities}"
        if len(best) > MAX_ITEMS:
            yield f"fewer, larger credentials: at most {MAX_ITEMS} can be presented at once"


def _credentials(policy: Policy, usable: Sequence[Option], qualities: str) -> Iterator[str]:
    short = policy.whole.credentials - len({option.group for option in usable})
    if short <= 0 or (policy.min_credit is not None and not usable):
        return
    if usable:
        count = "one more credential" if short == 1 else f"{short} more credentials"
        yield f"{count}{qualities}, different from those that fit"
    else:
        yield f"a credential{qualities}" if short == 1 else f"{short} credentials{qualities}"


def _skills(policy: Policy, usable: Sequence[Option]) -> Iterator[str]:
    if policy.skills is None:
        return
    shown = 0
    for option in usable:
        shown |= option.covers
    short = policy.skills.at_least - shown.bit_count()
    if short <= 0:
        return
    absent = [skill.text for bit, skill in enumerate(policy.skills.skills) if not shown >> bit & 1]
    level = f" at EQF {policy.skills.min_eqf} or above" if policy.skills.min_eqf is not None else ""
    count = "" if short == len(absent) else f"{short} of "
    yield f"credentials that show {count}these skills{level}: {_and(absent)}"


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
    if policy.each.assessed:
        parts += " based on assessment"
    if policy.each.languages:
        parts += f" taught in {' or '.join(policy.each.languages)}"
    if policy.each.awarded_since is not None:
        parts += f" awarded on {policy.each.awarded_since.isoformat()} or later"
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
    {
        "title",
        "issuer_name",
        "issuer_countries",
        "awarded_on",
        "credit",
        "level",
        "profiles_met",
        "evidence_grade",
        "language",
    }
)


def _and(words: Sequence[str]) -> str:
    return " and ".join(words) if len(words) < 3 else f"{', '.join(words[:-1])} and {words[-1]}"

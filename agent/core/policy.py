"""What an employer asks for: the policy document, its digest, and what is odd about it.

::

    {"version": 1, "title": "Junior analyst", "purpose": "…", "retention_days": 90,
     "claims": [{"claim": "title", "required": true, "disclose": "reveal"},
                {"claim": "level", "required": true, "disclose": "predicate"}],
     "each": {"min_eqf": 6, "registry": ["assured_official"], "profile": "council"},
     "set": {"min_credit": {"system": "ects", "value": "10"}}}

``each`` holds for every credential presented, ``set`` for all of them together (003:757-759). Reading is
strict: an unknown member, claim, outcome or value is an `InputError`, because a condition that is skipped is
a condition that is not checked.
Claims that recognition law calls irrelevant (nationality, gender, …; 002:1744-1756) are read and flagged:
the learner has to see that they were asked.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

import rfc8785

from agent.core import claims, profiles
from agent.core.claims import Claim, Irrelevant
from agent.errors import InputError
from trust_registry import models as registry

VERSION: Final = 1
MAX_TITLE: Final = 200
MAX_PURPOSE: Final = 2000
MAX_CLAIMS: Final = 40
MAX_RETENTION_DAYS: Final = 3650
EQF_LEVELS: Final = range(1, 9)

# Plain texts of trust-registry.md §3, so that policies and decisions compare without the registry's types.
ASSURED: Final = frozenset(str(outcome) for outcome in registry.ASSURED)
OUTCOMES: Final = tuple(str(outcome) for outcome in registry.Outcome)

_CREDIT = re.compile(r"[0-9]{1,4}(\.[0-9]{1,2})?")
_PROFILE = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


class Disclose(StrEnum):
    """REVEAL sends the value; PREDICATE proves that it is at least some bound and keeps it hidden."""

    REVEAL = "reveal"
    PREDICATE = "predicate"


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    claim: str
    required: bool = True
    disclose: Disclose = Disclose.REVEAL


@dataclass(frozen=True, slots=True)
class EachCondition:
    """Conditions on every credential; None or empty means none.

    ``registry`` lists the acceptable outcomes of the trust registry, ``profile`` names a validation profile
    that the issuer must state as met.
    """

    min_eqf: int | None = None
    registry: tuple[str, ...] = ()
    profile: str = ""


@dataclass(frozen=True, slots=True)
class MinCredit:
    """At least this much credit over the whole set. Only ECTS: AnonCreds predicates need an integer."""

    hundredths: int
    system: str = "ects"

    @property
    def value(self) -> str:
        return format_hundredths(self.hundredths)


@dataclass(frozen=True, slots=True)
class Flag:
    """Something a person should know about a policy. ``claim`` is empty when it concerns the whole.

    Codes: ``legally_irrelevant``, ``over_asking``, ``award_date_hidden``, ``level_hidden``,
    ``unknown_profile``, ``unsatisfiable``.
    """

    code: str
    claim: str
    text: str

    def to_json(self) -> dict[str, str]:
        return {"code": self.code, "claim": self.claim, "text": self.text}


@dataclass(frozen=True, slots=True)
class Policy:
    title: str
    purpose: str
    retention_days: int
    claims: tuple[ClaimRequest, ...]
    each: EachCondition = EachCondition()
    min_credit: MinCredit | None = None

    @classmethod
    def from_json(cls, data: Any) -> Policy:
        """Read a policy that was already parsed from JSON.

        Raises `InputError`: ``unknown_claim`` (with the nearest name in the hint), ``unknown_member``,
        ``unsupported_version``, ``duplicate_claim``, ``predicate_not_possible``, ``empty_policy`` or
        ``bad_policy`` for any other wrong value.
        """
        members = _members(
            data, "policy", {"version", "title", "purpose", "retention_days", "claims"}, {"each", "set"}
        )
        if members["version"] != VERSION or isinstance(members["version"], bool):
            raise InputError("unsupported_version", f"Only policies of version {VERSION} can be read.")
        retention = members["retention_days"]
        if not _is_int(retention) or not 0 <= retention <= MAX_RETENTION_DAYS:
            raise _bad(f"retention_days must be a whole number from 0 to {MAX_RETENTION_DAYS}.")
        policy = cls(
            title=_text(members["title"], "title", MAX_TITLE),
            purpose=_text(members["purpose"], "purpose", MAX_PURPOSE),
            retention_days=retention,
            claims=_claims(members["claims"]),
            each=_each(members.get("each", {})),
            min_credit=_set(members.get("set", {})),
        )
        if not policy.claims and policy.each == EachCondition() and policy.min_credit is None:
            raise InputError("empty_policy", "The policy asks for nothing: no claim and no condition.")
        return policy

    def to_json(self) -> dict[str, Any]:
        """The canonical form: every member present, conditions only where they are set."""
        each: dict[str, Any] = {}
        if self.each.min_eqf is not None:
            each["min_eqf"] = self.each.min_eqf
        if self.each.registry:
            each["registry"] = list(self.each.registry)
        if self.each.profile:
            each["profile"] = self.each.profile
        whole: dict[str, Any] = {}
        if self.min_credit is not None:
            whole["min_credit"] = {"system": self.min_credit.system, "value": self.min_credit.value}
        return {
            "version": VERSION,
            "title": self.title,
            "purpose": self.purpose,
            "retention_days": self.retention_days,
            "claims": [
                {"claim": item.claim, "required": item.required, "disclose": str(item.disclose)}
                for item in self.claims
            ],
            "each": each,
            "set": whole,
        }

    def digest(self) -> str:
        """64 hexadecimal digits: SHA-256 over the RFC 8785 form of `to_json`."""
        return hashlib.sha256(rfc8785.dumps(self.to_json())).hexdigest()


def flags(policy: Policy) -> tuple[Flag, ...]:
    """What is over-asked, irrelevant by law or impossible, claim by claim; advice, not refusal."""
    found: list[Flag] = []
    for request in policy.claims:
        claim = claims.lookup(request.claim)
        if isinstance(claim, Irrelevant):
            found += _irrelevant_flags(request, claim)
        else:
            found += _claim_flags(policy, request, claim)
    return (*found, *_condition_flags(policy))


def format_hundredths(hundredths: int) -> str:
    """1000 to ``10``, 450 to ``4.5``."""
    return f"{(Decimal(hundredths) / 100).normalize():f}"


def _irrelevant_flags(request: ClaimRequest, claim: Irrelevant) -> list[Flag]:
    label = claim.name.replace("_", " ").capitalize()
    text = f"{label}: {claim.reason} No micro-credential states it, and it is never sent."
    found = [Flag("legally_irrelevant", request.claim, text)]
    if request.required:
        text = f"{label} is required but no micro-credential states it: nobody can satisfy this request."
        found.append(Flag("unsatisfiable", request.claim, text))
    return found


def _claim_flags(policy: Policy, request: ClaimRequest, claim: Claim) -> list[Flag]:
    found = []
    if {"birth_date", "learner_id"} & set(claim.attributes):
        text = f"{claim.label} identifies you beyond your name; judging a micro-credential does not need it."
        found.append(Flag("over_asking", request.claim, text))
    bounded = {
        "eqf_level": policy.each.min_eqf is not None,
        "ects_hundredths": policy.min_credit is not None,
    }.get(claim.predicate_attribute or "", False)
    if bounded and request.required and request.disclose is Disclose.REVEAL:
        text = f"{claim.label}: the exact value is asked, though the policy only needs a minimum."
        found.append(Flag("over_asking", request.claim, text))
    return found


def _condition_flags(policy: Policy) -> list[Flag]:
    found = []
    profile = policy.each.profile
    if profile and profile not in profiles.PROFILES:
        text = f"No validation profile {profile} is known here. {_nearest(profile, profiles.PROFILES)}"
        found.append(Flag("unknown_profile", "", text))
    if not policy.each.registry:
        return found
    asked: set[str] = set()
    for request in policy.claims:
        claim = claims.lookup(request.claim)
        if isinstance(claim, Claim):
            asked.update(claim.attributes)
    if "awarded_on" not in asked:
        text = (
            "The policy wants the issuer quality-assured at the date of award but does not ask for that "
            "date: the answer will be unknown."
        )
        found.append(Flag("award_date_hidden", "", text))
    if "eqf_level" not in asked and policy.each.min_eqf is None:
        text = (
            "The policy wants the issuer quality-assured but asks for no level: the answer will be unknown "
            "unless the registry's cover holds at every level."
        )
        found.append(Flag("level_hidden", "", text))
    return found


def _claims(data: Any) -> tuple[ClaimRequest, ...]:
    if not isinstance(data, list) or len(data) > MAX_CLAIMS:
        raise _bad(f"claims must be a list of at most {MAX_CLAIMS} entries.")
    found: list[ClaimRequest] = []
    for entry in data:
        members = _members(entry, "claim", {"claim"}, {"required", "disclose"})
        name = _claim_name(members["claim"])
        if any(name == earlier.claim for earlier in found):
            raise InputError("duplicate_claim", f"The policy asks for {name} twice.")
        required = members.get("required", True)
        if not isinstance(required, bool):
            raise _bad(f"required of claim {name} must be true or false.")
        mode = members.get("disclose", "reveal")
        if mode not in ("reveal", "predicate"):
            raise _bad(f'disclose of claim {name} must be "reveal" or "predicate".')
        found.append(ClaimRequest(name, required, Disclose(mode)))
        if mode == "predicate":
            _check_predicate(name)
    return tuple(found)


def _claim_name(name: Any) -> str:
    if not isinstance(name, str) or len(name) > 60:
        raise _bad("claim must be a short text.")
    claims.lookup(name)
    return name


# Attributes for which "at least" has a bound: the policy's minimum, else 1 ("states a level, some credit").
PREDICATE_ATTRIBUTES: Final = frozenset({"eqf_level", "ects_hundredths", "workload_minutes", "expires_on"})


def _check_predicate(name: str) -> None:
    claim = claims.lookup(name)
    if isinstance(claim, Claim) and claim.predicate_attribute not in PREDICATE_ATTRIBUTES:
        raise InputError(
            "predicate_not_possible",
            f"The claim {name} cannot be proved as a minimum.",
            'Ask for it with "disclose": "reveal", or leave it out.',
        )


def _each(data: Any) -> EachCondition:
    members = _members(data, "each", set(), {"min_eqf", "registry", "profile"})
    min_eqf = members.get("min_eqf")
    if "min_eqf" in members and (not _is_int(min_eqf) or min_eqf not in EQF_LEVELS):
        raise _bad("min_eqf must be a whole number from 1 to 8.")
    profile = members.get("profile", "")
    if "profile" in members and not (isinstance(profile, str) and _PROFILE.fullmatch(profile)):
        raise _bad("profile must be the name of a validation profile, such as council.")
    return EachCondition(min_eqf, _registry(members["registry"]) if "registry" in members else (), profile)


def _registry(outcomes: Any) -> tuple[str, ...]:
    if not isinstance(outcomes, list) or not 0 < len(outcomes) <= len(OUTCOMES):
        raise _bad("registry must list outcomes of the trust registry, each once.")
    for outcome in outcomes:
        if outcome not in OUTCOMES:
            raise _bad("registry names an outcome that does not exist.", _nearest(outcome, OUTCOMES))
    if len(set(outcomes)) != len(outcomes):
        raise _bad("registry must list outcomes of the trust registry, each once.")
    return tuple(outcomes)


def _set(data: Any) -> MinCredit | None:
    members = _members(data, "set", set(), {"min_credit"})
    if "min_credit" not in members:
        return None
    credit = _members(members["min_credit"], "min_credit", {"system", "value"}, set())
    if credit["system"] != "ects":
        # 003:1614 and domain.md §2.3: credit of unlike systems is never added, and only ECTS has a predicate.
        raise _bad("min_credit can be asked in ects only.")
    value = credit["value"]
    if not isinstance(value, str) or not _CREDIT.fullmatch(value) or not Decimal(value):
        raise _bad('The value of min_credit must be a decimal text above zero, such as "10" or "7.5".')
    return MinCredit(int(Decimal(value) * 100))


def _members(data: Any, what: str, needed: set[str], optional: set[str]) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise _bad(f"{what} must be a JSON object.")
    for name in data:
        if name not in needed | optional:
            raise InputError(
                "unknown_member",
                f"The {what} has a member that this version does not know.",
                _nearest(name, needed | optional),
            )
    for name in sorted(needed - set(data)):
        raise _bad(f"The {what} lacks its member {name}.")
    return data


def _text(value: Any, what: str, limit: int) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > limit:
        raise _bad(f"{what} must be a text of 1 to {limit} characters.")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise _bad(f"{what} holds a lone surrogate.") from error
    return value


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _nearest(name: Any, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(str(name)[:60], sorted(known), n=1, cutoff=0.5)
    return f"Did you mean {near[0]}?" if near else f"Known: {', '.join(sorted(known))}."


def _bad(detail: str, hint: str = "") -> InputError:
    return InputError("bad_policy", detail, hint)

"""What an employer asks for: the policy document, its grammar, its digest.

::

    {"version": 1, "title": "Junior analyst", "purpose": "…", "purpose_category": "recruitment",
     "retention_days": 90,
     "claims": [{"claim": "title", "required": true, "disclose": "reveal"},
                {"claim": "level", "required": true, "disclose": "predicate"}],
     "each": {"min_eqf": 6, "registry": ["assured_official"], "profile": "council",
              "assessed": true, "awarded_since": "2023-01-01", "languages": ["en"]},
     "set": {"min_credit": {"system": "ects", "value": "10"}, "credentials": {"at_least": 2},
             "skills": {"skills": [{"esco": "http://data.europa.eu/esco/skill/…", "label": "…"}],
                        "at_least": 1, "min_eqf": 6}}}

``each`` holds for every credential presented, ``set`` for all of them together (003:757-759). Reading is
strict: an unknown member, claim, outcome or value is an `InputError`, because a condition that is skipped is
a condition that is not checked. Members may be added within version 1 as long as every older document stays
valid and keeps its digest (docs/decisions/0010-policy-language.md). What is odd about a policy is in
`agent.core.lints`; claims that recognition law calls irrelevant are read and flagged there, for the learner
has to see that they were asked.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

import rfc8785

from agent.core import claims
from agent.core.claims import Claim
from agent.core.grammar import LANGUAGE_TAG, Grammar, Reader, Schema, document_schema
from agent.core.lints import ASSURED, Flag, flags
from agent.core.purposes import PURPOSES
from agent.errors import InputError
from trust_registry import models as registry

__all__ = [
    "ASSURED",
    "OUTCOMES",
    "ClaimRequest",
    "Disclose",
    "EachCondition",
    "Flag",
    "MinCredit",
    "Policy",
    "Skill",
    "SkillSet",
    "flags",
    "format_hundredths",
    "policy_schema",
]

VERSION: Final = 1
MAX_TITLE: Final = 200
MAX_PURPOSE: Final = 2000
MAX_CLAIMS: Final = 40
MAX_RETENTION_DAYS: Final = 3650
MAX_SKILLS: Final = 20
MAX_LANGUAGES: Final = 10

# Plain texts of trust-registry.md §3, so that policies and decisions compare without the registry's types.
OUTCOMES: Final = tuple(str(outcome) for outcome in registry.Outcome)

# Attributes for which "at least" has a bound: the policy's minimum, else 1 ("states a level, some credit").
PREDICATE_ATTRIBUTES: Final = frozenset({"eqf_level", "ects_hundredths", "workload_minutes", "expires_on"})
# The same, where ``each.awarded_since`` gives the bound.
DATED_ATTRIBUTES: Final = PREDICATE_ATTRIBUTES | {"awarded_on"}


class Disclose(StrEnum):
    """REVEAL sends the value; PREDICATE proves that it is at least some bound and keeps it hidden."""

    REVEAL = "reveal"
    PREDICATE = "predicate"


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    claim: str
    required: bool = True
    disclose: Disclose = Disclose.REVEAL


@dataclass(frozen=True, slots=True, kw_only=True)
class EachCondition:
    """Conditions on every credential; None, False or empty means none.

    ``registry`` lists the acceptable outcomes of the trust registry, ``profile`` names a validation profile
    that the issuer must state as met; ``assessed`` wants the evidence grade *assessed* (003:713-715);
    ``languages`` lists acceptable languages of instruction, of which one is enough.
    """

    min_eqf: int | None = None
    registry: tuple[str, ...] = ()
    profile: str = ""
    assessed: bool = False
    awarded_since: date | None = None
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MinCredit:
    """At least this much credit over the whole set. Only ECTS: AnonCreds predicates need an integer."""

    hundredths: int
    system: str = "ects"

    @property
    def value(self) -> str:
        return format_hundredths(self.hundredths)


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """``esco`` is compared, ``label`` is only the requester's word for it."""

    esco: str
    label: str = ""

    @property
    def text(self) -> str:
        return self.label or self.esco


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillSet:
    """``at_least`` of the skills, each shown by a credential that is shown or proved at ``min_eqf`` or above."""

    skills: tuple[Skill, ...]
    at_least: int = 0
    min_eqf: int | None = None

    def __post_init__(self) -> None:
        if not self.at_least:  # left out: all of them
            object.__setattr__(self, "at_least", len(self.skills))


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCondition:
    """Conditions on all credentials together; None or 0 means none."""

    min_credit: MinCredit | None = None
    skills: SkillSet | None = None
    credentials: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    title: str
    purpose: str
    retention_days: int
    claims: tuple[ClaimRequest, ...]
    each: EachCondition = EachCondition()
    whole: SetCondition = field(default=SetCondition())
    purpose_category: str = ""

    @property
    def min_credit(self) -> MinCredit | None:
        return self.whole.min_credit

    @property
    def skills(self) -> SkillSet | None:
        return self.whole.skills

    @classmethod
    def from_json(cls, data: Any) -> Policy:
        """Read a policy that was already parsed from JSON.

        Raises `InputError`: ``unsupported_version``, ``unknown_member`` and ``unknown_claim`` (with the nearest
        name in the hint), ``duplicate_claim``, ``predicate_not_possible``, ``empty_policy``, or ``bad_policy``
        for any other wrong value.
        """
        version = data.get("version", VERSION) if type(data) is dict else VERSION
        if type(version) is not int or version != VERSION:
            raise InputError(
                "unsupported_version",
                f"Only policies of version {VERSION} can be read.",
                f'Write "version": {VERSION}; a later version needs a later release of this software.',
            )
        policy: Policy = _POLICY.read(data, "policy")
        names = [request.claim for request in policy.claims]
        for name in names:
            if names.count(name) > 1:
                raise InputError("duplicate_claim", f"The policy asks for {name} twice.")
        for request in policy.claims:
            _check_predicate(request, dated=policy.each.awarded_since is not None)
        if not policy.claims and policy.each == EachCondition() and policy.whole == SetCondition():
            raise InputError("empty_policy", "The policy asks for nothing: no claim and no condition.")
        return policy

    def to_json(self) -> dict[str, Any]:
        """The canonical form: every member of the first release present, others only where they are set."""
        category = {"purpose_category": self.purpose_category} if self.purpose_category else {}
        return {
            "version": VERSION,
            "title": self.title,
            "purpose": self.purpose,
            **category,
            "retention_days": self.retention_days,
            "claims": [
                {"claim": item.claim, "required": item.required, "disclose": str(item.disclose)}
                for item in self.claims
            ],
            "each": _each_json(self.each),
            "set": _set_json(self.whole),
        }

    def digest(self) -> str:
        """64 hexadecimal digits: SHA-256 over the RFC 8785 form of `to_json`."""
        return hashlib.sha256(rfc8785.dumps(self.to_json())).hexdigest()


def policy_schema() -> Schema:
    """JSON Schema of the policy document. What it cannot say: a claim named twice, a day of the calendar."""
    return document_schema(_POLICY, "Policy: what a requester wants to know", anyOf=_NOT_EMPTY)


def format_hundredths(hundredths: int) -> str:
    """1000 to ``10``, 450 to ``4.5``."""
    return f"{(Decimal(hundredths) / 100).normalize():f}"


def _each_json(each: EachCondition) -> dict[str, Any]:
    found = {
        "min_eqf": each.min_eqf,
        "registry": list(each.registry),
        "profile": each.profile,
        "assessed": each.assessed,
        "awarded_since": each.awarded_since.isoformat() if each.awarded_since else None,
        "languages": list(each.languages),
    }
    return {name: value for name, value in found.items() if value}


def _set_json(whole: SetCondition) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if whole.min_credit is not None:
        found["min_credit"] = {"system": whole.min_credit.system, "value": whole.min_credit.value}
    if whole.credentials:
        found["credentials"] = {"at_least": whole.credentials}
    if whole.skills is not None:
        listed = [
            {"esco": skill.esco} | ({"label": skill.label} if skill.label else {})
            for skill in whole.skills.skills
        ]
        found["skills"] = {"skills": listed, "at_least": whole.skills.at_least}
        if whole.skills.min_eqf is not None:
            found["skills"]["min_eqf"] = whole.skills.min_eqf
    return found


# --- the grammar


_G: Final = Grammar("bad_policy")


def _or_empty(reader: Reader, empty: Any, default: Any) -> Reader:
    """``reader``, and also the empty list or object, which the first release allowed."""

    def read(value: Any, path: str) -> Any:
        return default if type(value) is type(empty) and not value else reader.read(value, path)

    schema = {name: rule for name, rule in reader.schema.items() if name not in ("minItems", "minProperties")}
    return Reader(read, schema)


def _unique(item: Reader, limit: int, key: Any = str) -> Reader:
    def twice(found: tuple[Any, ...]) -> str:
        return "lists an entry twice" if len({key(entry) for entry in found}) < len(found) else ""

    return _G.checked(_G.list(item, limit), twice, uniqueItems=True)


def _claim_name(value: Any, path: str) -> str:
    if type(value) is not str or len(value) > 60:
        raise _G.bad(path, "must be a short text")
    claims.lookup(value)
    return value


def _predicates(attributes: frozenset[str]) -> list[str]:
    """Claims that can be proved as a minimum, and the irrelevant ones, which are flagged and never sent."""
    provable = [name for name, claim in claims.CLAIMS.items() if claim.predicate_attribute in attributes]
    return [*provable, *claims.IRRELEVANT]


def _check_predicate(request: ClaimRequest, *, dated: bool) -> None:
    claim = claims.lookup(request.claim)
    attributes = DATED_ATTRIBUTES if dated else PREDICATE_ATTRIBUTES
    if request.disclose is Disclose.REVEAL or not isinstance(claim, Claim):
        return
    if claim.predicate_attribute not in attributes:
        hint = 'Ask for it with "disclose": "reveal", or leave it out.'
        if claim.predicate_attribute in DATED_ATTRIBUTES:
            hint = 'Say from which day on: "each": {"awarded_since": "YYYY-MM-DD"}.'
        detail = f"The claim {request.claim} cannot be proved as a minimum."
        raise InputError("predicate_not_possible", detail, hint)


def _text(limit: int) -> Reader:
    return _G.text(limit, r"[\s\S]*\S[\s\S]*", "must hold more than blanks")


def _policy(**members: Any) -> Policy:
    del members["version"]  # checked before anything else
    if "set" in members:
        members["whole"] = members.pop("set")
    return Policy(**members)


_PREDICATE_RULE: Final[Schema] = {
    "if": {"required": ["disclose"], "properties": {"disclose": {"const": "predicate"}}},
    "then": {"properties": {"claim": {"enum": _predicates(DATED_ATTRIBUTES)}}},
}
_EQF: Final = _G.whole(1, 8)
_CLAIM: Final = _G.object(
    ClaimRequest,
    ("claim",),
    claim=Reader(_claim_name, {"enum": [*claims.CLAIMS, *claims.IRRELEVANT]}),
    required=_G.boolean(),
    disclose=Reader(
        lambda value, path: Disclose(_G.word(dict.fromkeys(Disclose)).read(value, path)),
        {"enum": [str(mode) for mode in Disclose]},
    ),
)
_EACH: Final = _G.object(
    EachCondition,
    (),
    min_eqf=_EQF,
    registry=_unique(_G.word(dict.fromkeys(OUTCOMES)), len(OUTCOMES)),
    profile=_G.text(
        40, r"[a-z0-9][a-z0-9-]{0,39}", "must be the name of a validation profile, such as council"
    ),
    assessed=_G.flag(),
    awarded_since=_G.day(),
    languages=_unique(
        _G.text(35, LANGUAGE_TAG, "must be a language tag such as en"), MAX_LANGUAGES, key=str.lower
    ),
)
_CREDIT: Final = _G.text(
    7,
    r"(?!0+(\.0+)?$)[0-9]{1,4}(\.[0-9]{1,2})?",
    'must be a decimal text above zero, such as "10" or "7.5"',
)
_SKILL: Final = _G.object(
    Skill,
    ("esco",),
    esco=_G.text(1000, r"https?://\S+", "must be an http or https address"),
    label=_text(200),
)
_SET: Final = _G.object(
    SetCondition,
    (),
    min_credit=_G.object(
        lambda system, value: MinCredit(int(Decimal(value) * 100), system),
        ("system", "value"),
        # 003:1614 and domain.md §2.3: credit of unlike systems is never added, and only ECTS has a predicate.
        system=_G.word({"ects": "ECTS"}),
        value=_CREDIT,
    ),
    skills=_G.object(
        SkillSet,
        ("skills",),
        skills=_unique(_SKILL, MAX_SKILLS, key=lambda skill: skill.esco),
        at_least=_G.whole(1, 99),
        min_eqf=_EQF,
    ),
    credentials=_G.object(lambda at_least: at_least, ("at_least",), at_least=_G.whole(1, 99)),
)
_POLICY: Final = _G.object(
    _policy,
    ("version", "title", "purpose", "retention_days", "claims"),
    version=Reader(lambda value, _: value, {"const": VERSION}),
    title=_text(MAX_TITLE),
    purpose=_text(MAX_PURPOSE),
    purpose_category=_G.word(PURPOSES),
    retention_days=_G.whole(0, MAX_RETENTION_DAYS),
    claims=_or_empty(_G.list(Reader(_CLAIM.read, {**_CLAIM.schema, **_PREDICATE_RULE}), MAX_CLAIMS), [], ()),
    each=_or_empty(_EACH, {}, EachCondition()),
    set=_or_empty(_SET, {}, SetCondition()),
)
_NOT_EMPTY: Final = [
    {"properties": {"claims": {"minItems": 1}}},
    {"required": ["each"], "properties": {"each": {"minProperties": 1}}},
    {"required": ["set"], "properties": {"set": {"minProperties": 1}}},
]

"""The claims an employer's policy may ask for, and those that recognition must not rest on.

A claim is a question people understand ("Credit"), answered by one or more attributes of the shared schema
and, where it is a number or a date, provable by a predicate on one of them without showing the value.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Final, Literal

from agent.core import vocabularies as words
from agent.core.attributes import (
    DATE_ATTRIBUTES,
    INTEGER_ATTRIBUTES,
    NO_EXPIRY,
    STRUCTURED_ATTRIBUTES,
    int_to_date,
)
from agent.core.record import text
from agent.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """``personal`` claims tell who the learner is; they are hidden unless asked for and agreed to."""

    name: str
    label: str
    scope: Literal["learner", "credential"]
    attributes: tuple[str, ...]
    predicate_attribute: str | None = None
    personal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Irrelevant:
    """Something no credential holds and no requester should ask: flagged to the learner."""

    name: str
    reason: str


def _claims(*claims: Claim) -> Mapping[str, Claim]:
    return MappingProxyType({claim.name: claim for claim in claims})


def _credential(name: str, label: str, *attributes: str, predicate: str | None = None) -> Claim:
    return Claim(
        name=name,
        label=label,
        scope="credential",
        attributes=attributes or (name,),
        predicate_attribute=predicate,
    )


def _learner(name: str, label: str, predicate: str | None = None) -> Claim:
    return Claim(
        name=name,
        label=label,
        scope="learner",
        attributes=(name,),
        predicate_attribute=predicate,
        personal=True,
    )


CLAIMS: Final[Mapping[str, Claim]] = _claims(
    _credential("title", "Title", "title", "title_lang"),
    _credential("issuer_name", "Issuer"),
    _credential("issuer_countries", "Country of the issuer"),
    _credential("awarding_bodies", "Awarding bodies"),
    _credential("awarded_on", "Date of award", predicate="awarded_on"),
    _credential("expires_on", "Expiry", predicate="expires_on"),
    _credential("credit", "Credit", "ects_hundredths", "credit_system", predicate="ects_hundredths"),
    _credential("workload", "Workload", "workload_minutes", predicate="workload_minutes"),
    _credential("level", "Level", "eqf_level", "level_status", predicate="eqf_level"),
    _credential("outcomes", "Learning outcomes"),
    _credential("skills", "Skills (ESCO)"),
    _credential("assessment", "Assessment", "evidence_grade", "assessment_types"),
    _credential("supervision", "Supervision and identity check"),
    _credential("participation", "Form of participation"),
    _credential("quality_assurance", "Quality assurance"),
    _credential("grade", "Grade"),
    _credential("language", "Language of instruction"),
    _credential("profiles_met", "Issuer's statement of profiles met"),
    _learner("given_name", "Given name"),
    _learner("family_name", "Family name"),
    _learner("birth_date", "Date of birth", "birth_date"),
    _learner("learner_id", "Learner ID"),
)

_NAMED = "Recognition should not rest on it: the law names it among the grounds of discrimination (002:1756)."
_OTHER = "Recognition should not rest on other personal characteristics of the applicant (002:1756)."

# Asked by a condition only: the claim "assessment" also names the kinds of assessment.
EVIDENCE: Final = _credential("evidence_grade", "Evidence grade")

# 002:1756 names nationality, race and gender, "or other personal characteristics"; which words fall under
# the latter, and the synonyms, are our reading.
IRRELEVANT: Final[Mapping[str, str]] = MappingProxyType(
    dict.fromkeys(("nationality", "race", "gender"), _NAMED)
    | dict.fromkeys(
        (
            "citizenship",
            "ethnicity",
            "sex",
            "age",
            "religion",
            "disability",
            "sexual_orientation",
            "marital_status",
            "political_opinion",
            "place_of_birth",
            "photo",
        ),
        _OTHER,
    )
)


def lookup(name: str) -> Claim | Irrelevant:
    """Raises `InputError` with code ``unknown_claim``, the nearest known name in the hint."""
    if name in CLAIMS:
        return CLAIMS[name]
    if name in IRRELEVANT:
        return Irrelevant(name=name, reason=IRRELEVANT[name])
    near = get_close_matches(name[:100].lower(), [*CLAIMS, *IRRELEVANT], n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]}?" if near else f"Known claims: {', '.join(CLAIMS)}."
    raise InputError("unknown_claim", "The policy asks for a claim that nobody can answer.", hint)


def display(name: str, attribute_value: str) -> str:
    """The human form of one attribute: ``display("awarded_on", "20250601")`` is ``1 June 2025``.

    A value that does not have the form its attribute should have, and an unknown attribute, comes back as it
    is. The result may hold anything the issuer wrote: show it through ``safe_text``.
    """
    if name in INTEGER_ATTRIBUTES:
        return _display_integer(name, attribute_value)
    if name in STRUCTURED_ATTRIBUTES:
        return _display_structured(name, attribute_value)
    if not attribute_value:
        return "not stated"
    return _WORDS.get(name, {}).get(attribute_value, attribute_value)


def display_claim(name: str, attributes: Mapping[str, str]) -> str:
    """The human form of one claim of `CLAIMS` (or `EVIDENCE`) from attributes: ``5 ECTS``, ``EQF 6``.

    Attributes that are not there (not disclosed) are passed over; "" if none is.
    """
    claim = EVIDENCE if name == EVIDENCE.name else CLAIMS[name]
    shown = [attribute for attribute in claim.attributes if attribute in attributes]
    if name == "level" and attributes.get("level_status", "given") != "given":
        shown = ["level_status"]
    elif name == "credit" and attributes.get("credit_system", "ects") not in ("", "ects"):
        shown = ["credit_system"]
    elif name in ("title", "credit", "level"):
        shown = shown[:1]  # the second attribute only says how to read the first
    # Two parts of one claim that are both not stated are said so once.
    return ", ".join(dict.fromkeys(display(attribute, attributes[attribute]) for attribute in shown))


_WORDS: Final[Mapping[str, words.Vocabulary]] = {
    "credit_system": words.CREDIT_SYSTEMS,
    "level_status": words.LEVEL_STATUS,
    "qf_ehea": words.QF_EHEA,
    "evidence_grade": words.EVIDENCE_GRADES,
    "supervision": words.SUPERVISION,
    "assessment_types": words.ASSESSMENT_TYPES,
    "participation": words.PARTICIPATION,
    "quality_assurance": words.QUALITY_ASSURANCE,
}


# Not strftime: its month names follow the locale of the process.
_MONTHS: Final = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def _display_integer(name: str, value: str) -> str:
    if not (value.isascii() and value.isdigit() and len(value) <= 10):
        return value
    number = int(value)
    if name in DATE_ATTRIBUTES:
        if number == NO_EXPIRY and name == "expires_on":
            return "no expiry"
        try:
            day = int_to_date(number)
        except InputError:
            return value
        return f"{day.day} {_MONTHS[day.month - 1]} {day.year}" if day else "not stated"
    if name == "ects_hundredths":
        return f"{_decimal(Decimal(number) / 100)} ECTS"
    if name == "workload_minutes":
        return _hours(number)
    return f"EQF {number}" if number else "no EQF level"


def _hours(minutes: int) -> str:
    if not minutes:
        return "not stated"
    hours, rest = divmod(minutes, 60)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{rest} min" if rest else "") if part)


def _decimal(number: Decimal) -> str:
    """Without exponent or trailing zeros: 2.5, 5, 10."""
    return f"{number.normalize():f}"


def _display_structured(name: str, value: str) -> str:
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        return value
    if not parsed:
        return "not stated"
    items = parsed if isinstance(parsed, list) else [parsed]
    shown = [_display_item(name, item) for item in items]
    return (" · " if name == "outcomes" else ", ").join(shown)


def _display_item(name: str, item: Any) -> str:
    match item:
        case str():
            return _WORDS.get(name, {}).get(item, item)
        case {"text": dict(prose)} if all(isinstance(entry, str) for entry in prose.values()):
            return text(prose)  # an outcome
        case {"framework": str(framework), "level": str(level)}:
            return f"{framework} {level}"
        case {"scale": str(scale), "value": str(value)}:
            return f"{value} ({scale})"
        case {"type": str(kind), **rest}:
            agency = rest.get("agency")
            label = words.QUALITY_ASSURANCE.get(kind, kind)
            return f"{label} ({agency})" if isinstance(agency, str) else label
        case {"name": str(body), **rest}:
            notes = ", ".join(str(rest[key]) for key in ("status", "country") if key in rest)
            return f"{body} ({notes})" if notes else body
        case _:
            return json.dumps(item, ensure_ascii=False)

"""The record as the 31 attributes of the shared AnonCreds schema ``MicroCredential`` 1.0 (design.md).

Integers are decimal strings, so that predicates work: dates as YYYYMMDD (``expires_on`` 99991231 means no
expiry; any date 0 means not stated), ECTS in hundredths, workload in minutes, ``eqf_level`` 0 unless
``level_status`` is ``given``. Lists and objects are canonical JSON text, ``[]`` and ``{}`` when absent, so
that they always parse. Everything else is text, "" when absent. ``record_digest`` binds the full record.

Credit in another system than ECTS leaves ``ects_hundredths`` at 0: its amount is in the record only.

`from_attributes` reads them back. What they cannot carry is named: `NOT_CARRIED` and `PARTLY_CARRIED`.
"""

from __future__ import annotations

import hashlib
import json
import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType
from typing import Any, Final

import rfc8785

from agent.core import profiles
from agent.core.limits import parse_json
from agent.core.record import MAX_RECORD_BYTES, RECORD_VERSION, Record, choose_language, to_plain
from agent.errors import InputError

ATTRIBUTE_NAMES: Final[tuple[str, ...]] = (
    "title",
    "title_lang",
    "issuer_name",
    "issuer_registry_id",
    "issuer_countries",
    "awarding_bodies",
    "awarded_on",
    "expires_on",
    "given_name",
    "family_name",
    "birth_date",
    "learner_id",
    "outcomes",
    "skills",
    "credit_system",
    "ects_hundredths",
    "workload_minutes",
    "eqf_level",
    "level_status",
    "qf_ehea",
    "nqf",
    "evidence_grade",
    "assessment_types",
    "supervision",
    "participation",
    "quality_assurance",
    "grade",
    "language",
    "template",
    "profiles_met",
    "record_digest",
)
DATE_ATTRIBUTES: Final = frozenset({"awarded_on", "expires_on", "birth_date"})
INTEGER_ATTRIBUTES: Final = DATE_ATTRIBUTES | {"ects_hundredths", "workload_minutes", "eqf_level"}
STRUCTURED_ATTRIBUTES: Final = frozenset(
    {
        "issuer_countries",
        "awarding_bodies",
        "outcomes",
        "skills",
        "nqf",
        "assessment_types",
        "participation",
        "quality_assurance",
        "grade",
        "language",
        "profiles_met",
    }
)
NO_EXPIRY: Final = 99991231
NOT_STATED: Final = 0

# Members of the record that no attribute holds; ``issuer.did`` is known from who defined the credential.
NOT_CARRIED: Final = frozenset(
    {
        "id",
        "issuer.did",
        "assessment.criteria",
        "prerequisites",
        "description",
        "evidence",
        "articulates_with",
        "learning_type",
        "category",
        "provision",
        "recognition",
        "further",
    }
)
# Members of which an attribute holds only a part, and what is lost.
PARTLY_CARRIED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "title": "all languages but the one that is shown",
        "issuer.name": "all languages but the one that is shown, and which that is",
        "credit.value": "the amount in another system than ECTS, which reads 0; zeros at the end",
        "workload_hours": "parts of a minute",
    }
)
UNDETERMINED: Final = "und"  # BCP 47: the name's language is not carried
_LONGEST_HOURS: Final = Decimal("99999.9999")


def to_attributes(record: Record, *, profiles_met: Sequence[str]) -> dict[str, str]:
    """All of `ATTRIBUTE_NAMES`, in order, as raw (unencoded) text.

    ``profiles_met`` is what the issuer states; `agent.core.profiles.profiles_met` computes it.
    """
    title_lang = choose_language(record.title)
    level = record.level
    credit = record.credit
    ects = credit.amount if credit and credit.system == "ects" else Decimal(0)
    return {
        "title": record.title.get(title_lang, ""),
        "title_lang": title_lang,
        "issuer_name": record.issuer.name.get(choose_language(record.issuer.name), ""),
        "issuer_registry_id": record.issuer.registry_id or "",
        "issuer_countries": _json(record.issuer.countries),
        "awarding_bodies": _json(record.awarding_bodies),
        "awarded_on": str(date_to_int(record.awarded_on)),
        "expires_on": str(date_to_int(record.expires_on) if record.expires_on else NO_EXPIRY),
        "given_name": record.learner.given_name or "",
        "family_name": record.learner.family_name or "",
        "birth_date": str(date_to_int(record.learner.birth_date)),
        "learner_id": record.learner.id or "",
        "outcomes": _json(record.outcomes),
        "skills": _json(skills(record)),
        "credit_system": credit.system if credit else "",
        "ects_hundredths": str(int(ects * 100)),
        "workload_minutes": str(minutes(record.workload_hours)),
        "eqf_level": str(level.eqf or 0) if level else "0",
        "level_status": level_status(record),
        "qf_ehea": (level.qf_ehea or "") if level else "",
        "nqf": _json(level.nqf) if level and level.nqf else "{}",
        "evidence_grade": record.assessment.basis or "",
        "assessment_types": _json(record.assessment.types),
        "supervision": record.assessment.supervision or "",
        "participation": _json(record.participation),
        "quality_assurance": _json(record.quality_assurance) if record.quality_assurance else "{}",
        "grade": _json(record.grade) if record.grade else "{}",
        "language": _json(record.language),
        "template": record.template or "",
        "profiles_met": _json(tuple(profiles_met)),
        "record_digest": record.digest(),
    }


def check_attributes(record: Record, attributes: Mapping[str, str]) -> list[str]:
    """Names of all attributes that differ from what ``record`` yields; empty when they are consistent.

    Missing and surplus attributes count as different. ``profiles_met`` is the issuer's statement and may
    name fewer profiles than we would, or profiles that we do not know, but none that the record fails.
    """
    expected = to_attributes(record, profiles_met=())
    different = [
        name for name in ATTRIBUTE_NAMES if name != "profiles_met" and attributes.get(name) != expected[name]
    ]
    stated = _stated_profiles(attributes.get("profiles_met"))
    known = set(stated or ()) & set(profiles.PROFILES)
    if stated is None or not all(profiles.meets(record, name) for name in known):
        different.append("profiles_met")
    return different + sorted(set(attributes) - set(ATTRIBUTE_NAMES))


def from_attributes(attributes: Mapping[str, str], issuer_did: str) -> Record:
    """The part of a record that its attributes carry, for showing; it is not the record that was signed.

    ``id`` is made of the digest of the signed record. `to_attributes` of the result, with the stated profiles,
    gives the attributes back, except for ``record_digest``. Raises `InputError` with code ``bad_attributes``,
    or those of `Record.from_json`, for anything that no record yields.
    """
    names = set(ATTRIBUTE_NAMES)
    if set(attributes) != names or not all(type(value) is str for value in attributes.values()):
        raise InputError("bad_attributes", "These are not the texts of the 31 attributes of the schema.")
    if not issuer_did.startswith("did:"):
        raise InputError("bad_attributes", "Who defined the credential is not named by a DID.")
    stated = _stated_profiles(attributes["profiles_met"])
    if stated is None or not re.fullmatch("[0-9a-f]{64}", attributes["record_digest"]):
        raise InputError(
            "bad_attributes", "The profiles or the digest are not written as the schema has them."
        )
    record = Record.from_json(_members(attributes, issuer_did))
    # What differs now was not written by `to_attributes`: another spelling, or two attributes that disagree.
    again = to_attributes(record, profiles_met=stated)
    different = sorted(name for name in names - {"record_digest"} if again[name] != attributes[name])
    if different:
        raise InputError("bad_attributes", f"No record yields these attributes: {', '.join(different)}.")
    return record


def _members(attributes: Mapping[str, str], issuer_did: str) -> dict[str, Any]:
    """The JSON form, unchecked but for what must be parsed; `Record.from_json` checks the rest."""
    lists = {name: _parsed(attributes, name) for name in STRUCTURED_ATTRIBUTES - {"skills", "profiles_met"}}
    system = attributes["credit_system"]
    ects = Decimal(_number(attributes, "ects_hundredths")) / 100
    level: dict[str, Any] = {
        "eqf": _number(attributes, "eqf_level") or None,
        "nqf": lists["nqf"],
        "qf_ehea": attributes["qf_ehea"],
        "not_applicable": True if attributes["level_status"] == "not_applicable" else None,
    }
    learner = {
        "given_name": attributes["given_name"],
        "family_name": attributes["family_name"],
        "birth_date": _day(attributes, "birth_date"),
        "id": attributes["learner_id"],
    }
    issuer = {
        "did": issuer_did,
        "name": {UNDETERMINED: attributes["issuer_name"]} if attributes["issuer_name"] else {},
        "countries": lists["issuer_countries"],
        "registry_id": attributes["issuer_registry_id"],
    }
    assessment = {
        "basis": attributes["evidence_grade"],
        "types": lists["assessment_types"],
        "supervision": attributes["supervision"],
    }
    title = {attributes["title_lang"]: attributes["title"]} if attributes["title"] else {}
    members = {
        "id": f"urn:cairn:attributes:{attributes['record_digest']}",
        "issuer": _stated(issuer),
        "title": title,
        "learner": _stated(learner),
        "awarding_bodies": lists["awarding_bodies"],
        "awarded_on": _day(attributes, "awarded_on"),
        "expires_on": _day(attributes, "expires_on"),
        "outcomes": lists["outcomes"],
        "credit": {"system": system, "value": f"{ects.normalize():f}"} if system else {},
        "workload_hours": _hours(_number(attributes, "workload_minutes")),
        "level": _stated(level),
        "assessment": _stated(assessment),
        "participation": lists["participation"],
        "quality_assurance": lists["quality_assurance"],
        "grade": lists["grade"],
        "language": lists["language"],
        "template": attributes["template"],
    }
    return {"version": RECORD_VERSION, **_stated(members)}


def _stated(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value not in (None, "", [], {})}


def _parsed(attributes: Mapping[str, str], name: str) -> Any:
    try:
        data = attributes[name].encode()
    except UnicodeEncodeError:
        raise InputError("bad_attributes", f"The attribute {name} holds half a character.") from None
    return parse_json(data, max_bytes=MAX_RECORD_BYTES, what=f"attribute {name}")


def _number(attributes: Mapping[str, str], name: str) -> int:
    if not re.fullmatch(r"0|[1-9][0-9]{0,9}", attributes[name]):
        raise InputError("bad_attributes", f"The attribute {name} is not a whole number in decimal.")
    return int(attributes[name])


def _day(attributes: Mapping[str, str], name: str) -> str | None:
    day = int_to_date(_number(attributes, name))
    return day.isoformat() if day else None


def _hours(minutes: int) -> str | None:
    """Whole minutes as hours with as many decimals as `minutes` needs to give the same number back."""
    if not minutes:
        return None
    hours = (Decimal(minutes) / 60).quantize(Decimal("0.0001"), ROUND_HALF_UP)
    # The longest workload rounds up to a minute that would need a sixth digit.
    hours = _LONGEST_HOURS if hours - _LONGEST_HOURS == Decimal("0.0001") else hours
    return f"{hours.normalize():f}"


def skills(record: Record) -> tuple[str, ...]:
    """The ESCO addresses of the outcomes, each once, in the order of the record."""
    return tuple(dict.fromkeys(outcome.esco for outcome in record.outcomes if outcome.esco))


def level_status(record: Record) -> str:
    """``given``, ``not_applicable`` or ``missing``; given without an EQF level still has ``eqf_level`` 0."""
    if record.level is None:
        return "missing"
    return "not_applicable" if record.level.not_applicable else "given"


def minutes(workload_hours: str | None) -> int:
    """Hours as a decimal string to whole minutes, halves up; at least 1, because 0 means not stated."""
    if workload_hours is None:
        return NOT_STATED
    exact = Decimal(workload_hours) * 60
    return max(1, int(exact.quantize(Decimal(1), ROUND_HALF_UP)))


def date_to_int(day: date | None) -> int:
    """``date(2025, 6, 1)`` to 20250601; None to 0."""
    return day.year * 10000 + day.month * 100 + day.day if day else NOT_STATED


def int_to_date(number: int) -> date | None:
    """20250601 to ``date(2025, 6, 1)``; 0 (not stated) and 99991231 (no expiry) to None.

    Raises `InputError` with code ``bad_date`` for a number that is no day of the calendar.
    """
    if number in (NOT_STATED, NO_EXPIRY):
        return None
    try:
        return date(number // 10000, number // 100 % 100, number % 100)
    except (ValueError, OverflowError) as error:
        raise InputError("bad_date", "A date attribute does not hold a day written as YYYYMMDD.") from error


def add_months(day: date, months: int) -> date:
    """The same day so many months later, or the last day of that month (31 January + 1 is 28 February)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def encode(value: str) -> str:
    """The AnonCreds encoding: a signed 32-bit integer as itself, anything else as its SHA-256, a big-endian
    integer in decimal (AnonCreds v1.0, "Encoding Attribute Data"). Agrees with anoncreds-rs, which takes
    ``+7`` and ``007`` for the integer 7.
    """
    digits = value.lstrip("+-").lstrip("0") or "0"  # measured before int(), which is slow on long texts
    if re.fullmatch(r"[+-]?[0-9]+", value) and len(digits) <= 10 and -(2**31) <= int(value) < 2**31:
        return str(int(value))
    # Half a surrogate pair has no UTF-8; it gets some number, which will match no signed one.
    return str(int.from_bytes(hashlib.sha256(value.encode("utf-8", "surrogatepass")).digest(), "big"))


def _json(value: Any) -> str:
    return rfc8785.dumps(to_plain(value)).decode()


def _stated_profiles(value: str | None) -> tuple[str, ...] | None:
    """The list in canonical form, or None when it is not one."""
    try:
        parsed = json.loads(value or "")
    except (ValueError, RecursionError):
        return None
    if not isinstance(parsed, list) or not all(isinstance(name, str) for name in parsed):
        return None
    try:
        return tuple(parsed) if _json(tuple(parsed)) == value else None
    except rfc8785.CanonicalizationError:
        return None

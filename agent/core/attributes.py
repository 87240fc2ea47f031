"""The record as the 31 attributes of the shared AnonCreds schema ``MicroCredential`` 1.0 (design.md).

Integers are decimal strings, so that predicates work: dates as YYYYMMDD (``expires_on`` 99991231 means no
expiry; any date 0 means not stated), ECTS in hundredths, workload in minutes, ``eqf_level`` 0 unless
``level_status`` is ``given``. Lists and objects are canonical JSON text, ``[]`` and ``{}`` when absent, so
that they always parse. Everything else is text, "" when absent. ``record_digest`` binds the full record.

Credit in another system than ECTS leaves ``ects_hundredths`` at 0: its amount is in the record only.
"""

from __future__ import annotations

import hashlib
import json
import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

import rfc8785

from agent.core import profiles
from agent.core.record import Record, choose_language, to_plain
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
    if stated is None or (set(stated) & set(profiles.PROFILES)) - set(profiles.profiles_met(record)):
        different.append("profiles_met")
    return different + sorted(set(attributes) - set(ATTRIBUTE_NAMES))


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

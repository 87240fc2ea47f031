"""Why a credential does not count towards a target: the rules that look at one member alone (domain.md §4).

Each rule gives a code and a sentence, or nothing. Missing information is said to be unknown and is not
counted; it is never said to be untrusted (003:1638-1692).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from agent.core import taxonomy
from agent.core.attributes import add_months
from agent.core.record import Record
from agent.core.verdict import Result
from agent.core.vocabularies import CREDIT_SYSTEMS
from issuer_profiles.targets import Target

type Exclusion = tuple[str, str]

# Exclusions that recognition of prior learning may still make good; the others are about the credential
# itself (revoked, expired), about size (a cap, an overlap) or about learning that nobody evidenced.
RPL: Final = frozenset(
    {
        "no_credit",
        "unlike_unit",
        "level_below",
        "level_not_applicable",
        "level_not_stated",
        "issuer_not_accepted",
        "issuer_unknown",
        "quality_unknown",
        "quality_not_assured",
        "grade_not_accepted",
        "grade_unknown",
        "too_old",
        "outside_window",
    }
)


@dataclass(frozen=True, slots=True)
class Member:
    """A credential held, or offered and not yet accepted.

    ``quality`` is whether the issuer was quality-assured at the date of award, ``current`` whether the
    credential is authentic, in force and not revoked (for an offer, unknown is expected and ignored).
    ``institution_id`` is the registry's id of the institution bound to the key that signed, "" when it names
    none; it is never taken from the credential.
    """

    id: str
    record: Record
    offered: bool
    quality: Result
    current: Result
    institution_id: str = ""


def amount_of(target: Target, record: Record) -> Decimal:
    """What the record is worth in the target's unit; 0 for a unit that cannot be added to it."""
    if target.unit == "credentials":
        return Decimal(1)
    if record.credit is None:
        return Decimal(0)
    if record.credit.system == target.unit:
        return record.credit.amount
    return record.credit.amount * Decimal(target.convert.get(record.credit.system, "0"))


def unit_name(target: Target) -> str:
    return CREDIT_SYSTEMS.get(target.unit, target.unit)


def exclusion(target: Target, member: Member, today: date) -> tuple[str, str]:
    """(code, sentence) of the first rule that keeps the member out, or two empty texts."""
    if target.kind == "degree":
        return "degree", "Counts nothing: credits of micro-credentials do not add up to a degree."
    return (
        _not_in_force(member, today)
        or _not_a_micro_credential(member.record)
        or _issuer(target, member)
        or _unit(target, member.record)
        or _level(target, member.record)
        or _grade(target, member.record)
        or _dates(target, member.record, today)
        or ("", "")
    )


def _not_in_force(member: Member, today: date) -> Exclusion | None:
    expires = member.record.expires_on
    if expires is not None and expires < today:
        return "expired", f"Counts nothing: it expired on {expires.isoformat()}."
    if member.current is Result.FAIL:
        return "not_current", "Counts nothing: it is revoked, no longer in force, or not authentic."
    if member.current is Result.UNKNOWN and not member.offered:
        return (
            "current_unknown",
            "Unknown: whether it is still in force could not be checked, so it is not counted.",
        )
    return None


def _not_a_micro_credential(record: Record) -> Exclusion | None:
    category = taxonomy.category(record)
    if category.micro_credential is False or category is taxonomy.UNASSESSED_CREDIT:
        return category.code, f"Counts nothing. {category.reason}"
    return None


def _issuer(target: Target, member: Member) -> Exclusion | None:
    accepts = target.accepts
    if accepts.registry_assured and member.quality is Result.UNKNOWN:
        return (
            "quality_unknown",
            "Unknown: there is no information on the issuer's quality assurance at the date of award, "
            "so it is not counted.",
        )
    if accepts.registry_assured and member.quality is Result.FAIL:
        return (
            "quality_not_assured",
            "Counts nothing: the registry has evidence that the issuer's quality assurance did not cover it.",
        )
    if not accepts.issuers or {member.record.issuer.did, member.institution_id} & set(accepts.issuers):
        return None
    if not member.institution_id and any(not issuer.startswith("did:") for issuer in accepts.issuers):
        return (
            "issuer_unknown",
            "Unknown: the registry does not say which institution signed it, so it is not counted.",
        )
    return "issuer_not_accepted", "Counts nothing: its issuer is not one that the target accepts."


def _unit(target: Target, record: Record) -> Exclusion | None:
    if amount_of(target, record):
        return None
    if record.credit is None or not record.credit.amount:
        return (
            "no_credit",
            f"Counts nothing: it carries no credit, and the target counts {unit_name(target)}.",
        )
    system = CREDIT_SYSTEMS.get(record.credit.system, "another unit")
    return (
        "unlike_unit",
        f"Counts nothing: it is measured in {system}, which cannot be added to {unit_name(target)}.",
    )


def _level(target: Target, record: Record) -> Exclusion | None:
    if target.minimum_eqf is None:
        return None
    if record.level is not None and record.level.not_applicable:
        return (
            "level_not_applicable",
            f"Counts nothing: no level applies to it; the target asks for EQF {target.minimum_eqf}.",
        )
    if record.level is None or record.level.eqf is None:
        return "level_not_stated", "Unknown: its EQF level is not stated, so it is not counted."
    if record.level.eqf < target.minimum_eqf:
        return "level_below", f"Counts nothing: EQF {record.level.eqf} is below EQF {target.minimum_eqf}."
    return None


def _grade(target: Target, record: Record) -> Exclusion | None:
    if target.grades is None:
        return None
    if record.grade is None or record.grade.scale != target.grades.scale:
        return (
            "grade_unknown",
            f"Unknown: it has no grade on the scale “{target.grades.scale}”, so it is not counted.",
        )
    if record.grade.value not in target.grades.accepted:
        return "grade_not_accepted", "Counts nothing: its grade is below what the target asks for."
    return None


def _dates(target: Target, record: Record, today: date) -> Exclusion | None:
    awarded, window = record.awarded_on, target.window
    if awarded is None:
        if window.age_months or window.span_months:
            return "award_date_not_stated", "Unknown: its date of award is not stated, so it is not counted."
        return None
    if awarded > today:
        return "not_yet_awarded", f"Counts nothing yet: its date of award is {awarded.isoformat()}."
    if window.age_months and add_months(awarded, window.age_months) < today:
        return "too_old", f"Counts nothing: it was awarded more than {window.age_months} months ago."
    return None

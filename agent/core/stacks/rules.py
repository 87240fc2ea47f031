"""Why a credential does not count towards a target: the rules that look at one member alone (domain.md §4).

Each rule gives a code and a sentence, or nothing; `SOURCES` says where the rule comes from. Missing
information is said to be unknown and is not counted; it is never said to be untrusted (003:1638-1692).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, Decimal
from typing import Final

from agent.core import taxonomy
from agent.core.attributes import add_months
from agent.core.record import Record, text
from agent.core.verdict import Result
from agent.core.vocabularies import CREDIT_SYSTEMS
from issuer_profiles.targets import Grades, Match, Target

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
        "other_cluster",
        "language_not_stated",
        "size",
        "left_out_by_target",
        "no_place",
        "no_route",
    }
)

# Where each rule comes from. A target may add its own source; "design" marks a choice of ours.
SOURCES: Final[dict[str, str]] = {
    "": "000:278",
    "degree": "002:643-645",
    "expired": "domain.md §1",
    "not_current": "domain.md §1",
    "current_unknown": "003:1638-1692",
    "quality_unknown": "003:1638-1692",
    "quality_not_assured": "000:312, 002:1352-1359",
    "issuer_not_accepted": "000:278",
    "issuer_unknown": "003:1638-1692",
    "other_cluster": "002:720",
    "language_not_stated": "002:720",
    "left_out_by_target": "000:278",
    "no_credit": "000:278-279",
    "unlike_unit": "003:1614",
    "implausible_amount": "design",
    "size": "002:419, 002:798, 002:1200",
    "level_not_applicable": "002:895",
    "level_not_stated": "002:895",
    "level_below": "002:829",
    "grade_unknown": "003:1235",
    "grade_not_accepted": "003:1235",
    "award_date_not_stated": "003:1235",
    "not_yet_awarded": "domain.md §1",
    "too_old": "003:1235",
    "outside_window": "003:1235",
    "overlap": "domain.md §4",
    "over_cap": "002:1758",
    "too_many": "design",
    "left_out": "design",
    "no_place": "000:278",
    "place_taken": "000:278",
    "no_route": "002:1810-1828",
    "attendance": "000:256",
    "major": "000:249",
}
MAX_AMOUNT: Final = Decimal(10_000)
_HUNDREDTH: Final = Decimal("0.01")


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
    """What the record is worth in the target's unit, rounded down to hundredths; 0 for a unit that cannot be
    added to it.
    """
    if target.unit == "credentials":
        return Decimal(1)
    if record.credit is None:
        return Decimal(0)
    if record.credit.system == target.unit:
        return record.credit.amount
    rate = Decimal(target.convert.get(record.credit.system, "0"))
    return (record.credit.amount * rate).quantize(_HUNDREDTH, ROUND_DOWN)


def unit_name(target: Target, amount: Decimal | str = "2") -> str:
    """The unit in words, in the singular for one credential."""
    if target.unit == "credentials":
        return "credential" if Decimal(amount) == 1 else "credentials"
    return CREDIT_SYSTEMS.get(target.unit, target.unit)


def exclusion(target: Target, member: Member, today: date) -> tuple[str, str]:
    """(code, sentence) of the first rule that keeps the member out, or two empty texts."""
    if target.kind == "degree":
        return "degree", "Counts nothing: credits of micro-credentials do not add up to a degree."
    return (
        _not_in_force(member, today)
        or _not_a_micro_credential(member.record)
        or _issuer(target, member)
        or _left_out(target, member)
        or _cluster(target, member)
        or _unit(target, member.record)
        or _level(target, member.record)
        or grade_exclusion(target.grades, member.record)
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


def identities(target: Target, member: Member) -> set[str]:
    """What the issuer may be called in the target's lists: its DID, the institution that the registry binds
    the signing key to, and that institution's successor for what it awarded before it was taken over.
    """
    found = {member.record.issuer.did, member.institution_id} - {""}
    awarded = member.record.awarded_on
    for former in target.accepts.predecessors:
        if former.institution == member.institution_id and awarded is not None:
            found |= {former.successor} if awarded.isoformat() <= former.until else set()
    return found


def matches(target: Target, match: Match, member: Member) -> bool:
    """Whether the credential is one of those that ``match`` means."""
    record = member.record
    skills = {outcome.esco for outcome in record.outcomes}
    eqf = record.level.eqf if record.level else None
    return (
        (not match.issuers or bool(identities(target, member) & set(match.issuers)))
        and (not match.templates or names_template(match.templates, record.template))
        and (not match.skills or bool(skills & set(match.skills)))
        and (not match.languages or speaks(record, match.languages))
        and (match.minimum_eqf is None or (eqf is not None and eqf >= match.minimum_eqf))
        and (match.minimum_credit is None or amount_of(target, record) >= Decimal(match.minimum_credit))
    )


def names_template(wanted: tuple[str, ...], template: str | None) -> bool:
    """``munster-tu/x`` names every version of the template, ``munster-tu/x@2`` that one."""
    return template is not None and bool({template, template.partition("@")[0]} & set(wanted))


def speaks(record: Record, languages: tuple[str, ...]) -> bool:
    """By the language alone: en-IE is taught in en."""
    return bool({_primary(tag) for tag in record.language} & {_primary(tag) for tag in languages})


def _primary(tag: str) -> str:
    return tag.partition("-")[0].lower()


def _left_out(target: Target, member: Member) -> Exclusion | None:
    for left_out in target.excluded:
        if matches(target, left_out.match, member):
            return "left_out_by_target", f"Counts nothing: {left_out.text}"
    return None


def _cluster(target: Target, member: Member) -> Exclusion | None:
    """Exchange within language clusters (002:720): the language decides the cluster, and both sides must
    belong to it.
    """
    if not target.clusters:
        return None
    if not member.record.language:
        return (
            "language_not_stated",
            "Unknown: its language of instruction is not stated, and the target counts by language cluster.",
        )
    home = {target.awarded_by.registry_id, target.awarded_by.did} - {None}
    issuer = identities(target, member)
    for cluster in target.clusters:
        chosen = cluster.id == target.cluster if target.cluster else _belongs(cluster.institutions, home)
        if chosen and speaks(member.record, cluster.languages) and _belongs(cluster.institutions, issuer):
            return None
    languages = ", ".join(sorted({_primary(tag) for tag in member.record.language}))
    if target.cluster:
        names = [text(cluster.title) for cluster in target.clusters if cluster.id == target.cluster]
        where = f"the target counts the cluster “{names[0]}” only"
    else:
        where = f"no language cluster that {target.awarded_by.name} belongs to exchanges it"
    return "other_cluster", f"Counts nothing: it is taught in {languages}, and {where}."


def _belongs(institutions: tuple[str, ...], names: set[str] | set[str | None]) -> bool:
    return not institutions or bool(names & set(institutions))


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
    if not accepts.issuers or identities(target, member) & set(accepts.issuers):
        return None
    if not member.institution_id and any(not issuer.startswith("did:") for issuer in accepts.issuers):
        return (
            "issuer_unknown",
            "Unknown: the registry does not say which institution signed it, so it is not counted.",
        )
    return "issuer_not_accepted", "Counts nothing: its issuer is not one that the target accepts."


def _unit(target: Target, record: Record) -> Exclusion | None:
    amount = amount_of(target, record)
    if amount > MAX_AMOUNT:
        return "implausible_amount", f"Counts nothing: it states more than {MAX_AMOUNT} {unit_name(target)}."
    if amount:
        return _size(target, amount)
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


def _size(target: Target, amount: Decimal) -> Exclusion | None:
    sizes = target.sizes
    if sizes is None:
        return None
    small = sizes.least is not None and amount < Decimal(sizes.least)
    large = sizes.most is not None and amount > Decimal(sizes.most)
    return ("size", f"Counts nothing: {sizes.text}") if small or large else None


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


def grade_exclusion(grades: Grades | None, record: Record) -> Exclusion | None:
    if grades is None:
        return None
    if record.grade is None or record.grade.scale != grades.scale:
        return (
            "grade_unknown",
            f"Unknown: it has no grade on the scale “{grades.scale}”, so it is not counted.",
        )
    if record.grade.value not in grades.accepted:
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

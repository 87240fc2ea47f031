"""What a foreign Open Badges 3.0 credential says, as members of a record (Open Badges 3.0, appendix B). Pure.

Also the envelope that it shares with every W3C credential: id, issuer, dates, evidence. Only what both sides mean
alike is taken: an unnamed number of credits has no unit, and a full name cannot be divided into given and family
name, so both stay with what was not understood.
"""

from __future__ import annotations

import re
from typing import Any, Final

from agent.vc.mapping import (
    NO_LANGUAGE,
    Draft,
    day,
    decimal,
    items,
    language_of,
    name_by_hash,
    nodes,
    prose,
    string,
    words,
)

__all__ = ["ECTS", "EQF", "has_learner", "is_badge", "read_badge", "read_envelope", "subject_of"]

EQF: Final = "http://data.europa.eu/snb/eqf/"
ECTS: Final = "http://data.europa.eu/snb/education-credit/6fcec5c5af"
_ESCO: Final = "http://data.europa.eu/esco/"
_EQF_NAME: Final = re.compile(r"\bEQF\b|European Qualifications? Framework", re.IGNORECASE)
_CATEGORIES: Final = {"Badge": "digital-badge", "Certificate": "certificate", "Diploma": "diploma"}


def is_badge(document: dict[str, Any]) -> bool:
    kinds = words(document.get("type"))
    return "OpenBadgeCredential" in kinds or "AchievementCredential" in kinds


def subject_of(document: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The one subject and its path; empty when there is none or several, since a record is about one learner."""
    found = list(nodes(document.get("credentialSubject"), "credentialSubject"))
    return found[0] if len(found) == 1 else ({}, "credentialSubject")


def has_learner(subject: dict[str, Any]) -> bool:
    """An id or at least one identity (AchievementSubject); a hashed one names somebody too."""
    identities = [
        node for node, _ in nodes(subject.get("identifier"), "") if string(node.get("identityHash"))
    ]
    named = any(string(subject.get(name)) for name in ("id", "givenName", "familyName", "name"))
    return named or bool(identities)


def read_envelope(document: dict[str, Any], draft: Draft, language: str = NO_LANGUAGE) -> None:
    """W3C VCDM 2.0, sections 4.4 to 4.9, and 1.1, sections 4.2 to 4.6."""
    if not draft.put("id", document.get("id"), "id"):
        draft.put("id", name_by_hash(document))
    read_issuer(document.get("issuer"), "issuer", draft, language)
    for name in ("awardedDate", "validFrom", "issuanceDate"):
        draft.put("awarded_on", day(document.get(name)), name)
    for name in ("validUntil", "expirationDate"):
        draft.put("expires_on", day(document.get(name)), name)
    for entry, path in nodes(document.get("evidence"), "evidence"):
        read_evidence(entry, path, draft, language)
    draft.put("title", prose(document.get("name"), language), "name")
    draft.put("description", prose(document.get("description"), language), "description")


def read_issuer(issuer: Any, path: str, draft: Draft, language: str) -> None:
    if isinstance(issuer, str):
        draft.put("issuer.did", issuer, path)
    if not isinstance(issuer, dict):
        return
    draft.put("issuer.did", issuer.get("id"), f"{path}.id")
    draft.put("issuer.name", prose(issuer.get("name"), language), f"{path}.name")
    for address, place in nodes(issuer.get("address"), f"{path}.address"):
        code = string(address.get("addressCountryCode"))
        draft.put("issuer.countries", [code] if code else None, f"{place}.addressCountryCode")


def read_evidence(entry: dict[str, Any], path: str, draft: Draft, language: str) -> None:
    """Evidence with a web address; the words about it are its description."""
    url = entry.get("id")
    for name in ("description", "narrative", "name"):
        about = prose(entry.get(name), language)
        if about and draft.put("evidence[]", {"url": url, "description": about}, f"{path}.id"):
            draft.known.add(f"{path}.{name}")
            return
    draft.put("evidence[]", {"url": url}, f"{path}.id")


def read_badge(document: dict[str, Any], draft: Draft) -> None:
    """All that is taken from an OpenBadgeCredential."""
    subject, at = subject_of(document)
    found = list(nodes(subject.get("achievement"), f"{at}.achievement"))
    achievement, path = found[0] if len(found) == 1 else ({}, "")
    language = language_of(achievement.get("inLanguage"))
    _read_learner(subject, at, draft)
    if achievement:
        _read_achievement(achievement, path, draft, language)
        _read_credit(subject, at, achievement, path, draft)
        _read_grade(subject, at, achievement, path, draft)
    read_envelope(document, draft, language)


def _read_learner(subject: dict[str, Any], at: str, draft: Draft) -> None:
    draft.put("learner.id", subject.get("id"), f"{at}.id")
    for identity, path in nodes(subject.get("identifier"), f"{at}.identifier"):
        if identity.get("hashed") is False and identity.get("identityType") != "name":
            draft.put("learner.id", identity.get("identityHash"), f"{path}.identityHash")


def _read_achievement(achievement: dict[str, Any], path: str, draft: Draft, language: str) -> None:
    if language != NO_LANGUAGE:
        draft.known.add(f"{path}.inLanguage")
    draft.put("title", prose(achievement.get("name"), language), f"{path}.name")
    draft.put("description", prose(achievement.get("description"), language), f"{path}.description")
    criteria = achievement.get("criteria")
    if isinstance(criteria, dict):
        told = prose(criteria.get("narrative"), language)
        draft.put("assessment", {"criteria": told} if told else None, f"{path}.criteria.narrative")
    kind = _CATEGORIES.get(string(achievement.get("achievementType")))
    draft.put("category", kind, f"{path}.achievementType")
    for alignment, place in nodes(achievement.get("alignment"), f"{path}.alignment"):
        read_alignment(alignment, place, draft, language)


def read_alignment(alignment: dict[str, Any], path: str, draft: Draft, language: str) -> None:
    """A skill or competence is an outcome, an EQF level a level; other frameworks are not translated."""
    url, code, kind = (string(alignment.get(name)) for name in ("targetUrl", "targetCode", "targetType"))
    about = prose(alignment.get("targetName"), language)
    taken: tuple[str, ...] = ()
    if url.startswith(_ESCO):
        if draft.put("outcomes[]", {"text": about, "esco": url}):
            taken = ("targetName", "targetUrl")
    elif _is_eqf(alignment, url, kind):
        source, level = ("targetUrl", url.removeprefix(EQF)) if url.startswith(EQF) else ("targetCode", code)
        if draft.put("level", {"eqf": int(level)} if re.fullmatch("[1-8]", level) else None):
            taken = (source, "targetFramework", "targetType")
    elif kind == "ceasn:Competency" and draft.put("outcomes[]", {"text": about}):
        taken = ("targetName", "targetType")
    draft.known |= {f"{path}.{name}" for name in taken if name in alignment}


def _is_eqf(alignment: dict[str, Any], url: str, kind: str) -> bool:
    framework = string(alignment.get("targetFramework"))
    return url.startswith(EQF) or kind == "ext:EQF" or _EQF_NAME.search(framework[:200]) is not None


def _read_credit(
    subject: dict[str, Any], at: str, achievement: dict[str, Any], path: str, draft: Draft
) -> None:
    """Credits with a unit: those aligned to ECTS, and the ``ECTS`` that Edubadges adds to an achievement."""
    extra = decimal(achievement.get("ECTS"))
    draft.put("credit", {"system": "ects", "value": extra} if extra else None, f"{path}.ECTS")
    for alignment, place in nodes(achievement.get("alignment"), f"{path}.alignment"):
        if string(alignment.get("targetUrl")) != ECTS:
            continue
        for holder, where, name in ((subject, at, "creditsEarned"), (achievement, path, "creditsAvailable")):
            amount = decimal(holder.get(name))
            if draft.put(
                "credit", {"system": "ects", "value": amount} if amount else None, f"{where}.{name}"
            ):
                draft.known.add(f"{place}.targetUrl")


def _read_grade(
    subject: dict[str, Any], at: str, achievement: dict[str, Any], path: str, draft: Draft
) -> None:
    """One result with its description; of several the record cannot say which one is the grade."""
    results = list(nodes(subject.get("result"), f"{at}.result"))
    if len(results) != 1:
        return
    result, place = results[0]
    for description, where in nodes(achievement.get("resultDescription"), f"{path}.resultDescription"):
        if description.get("id") == result.get("resultDescription"):
            grade = {"scale": description.get("name"), "value": result.get("value")}
            if draft.put("grade", grade, f"{place}.value"):
                draft.known |= {f"{place}.resultDescription", f"{where}.id", f"{where}.name"}


def has_criteria(achievement: dict[str, Any]) -> bool:
    """A narrative or the address of one (Criteria)."""
    return any(
        string(part) or (isinstance(part, dict) and bool(part.get("id") or prose(part.get("narrative"))))
        for part, _ in items(achievement.get("criteria"), "")
    )


def has_evidence(document: dict[str, Any], subject: dict[str, Any]) -> bool:
    """An address or a narrative of the work, in the credential or (early drafts of 3.0) in its subject."""
    return any(
        string(part)
        or (
            isinstance(part, dict)
            and any(part.get(name) for name in ("id", "narrative", "description", "name"))
        )
        for holder in (document, subject)
        for part, _ in items(holder.get("evidence"), "")
    )

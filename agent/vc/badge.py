"""A record as an Open Badges 3.0 credential (OpenBadgeCredential on the W3C data model 2.0), and back. Pure.

What Open Badges has a place for stands there, for readers that never heard of records: achievement, criteria,
alignments to ESCO and EQF, credits, result, evidence, the learner's name. Texts are in one language, because its
context and JSON Schema take plain strings only.

The whole record travels beside that, so that nothing is lost: as a ``relatedResource`` whose ``id`` is a data URL of
the record's canonical JSON and whose ``digestSRI`` is its SHA-256 (W3C VCDM 2.0, sections 4.12 and 5.3). These are
terms of the data model itself, so every verifier can canonicalise and verify the badge with published contexts. Not
taken: a context of our own (no other verifier could load it), and ``evidence`` (badge platforms show it to people as
the learner's work, and a badge without any would seem to have some). Badges are shown whole: an issuer that does not
want a birth date in them leaves it out of the record.

Shown and signed must be one thing. `from_badge` makes the badge of the embedded record once more and compares; any
difference is the error ``record_differs``. What a badge shows for a record is therefore fixed by ``RECORD_FORM``: a
change here needs a new form, and badges of a form not known are read by their visible members alone.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from agent.core import vocabularies as words
from agent.core.limits import parse_json
from agent.core.record import MAX_RECORD_BYTES, Record, choose_language, only_country, text
from agent.errors import InputError, UntrustedError
from agent.vc.badge3 import ECTS, EQF, read_badge
from agent.vc.mapping import Draft, nodes, string

__all__ = ["CONTEXTS", "SHOWN", "achievement_id", "embedded_record", "from_badge", "to_badge"]

CONTEXTS: Final = (
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
)
# An unregistered type (RFC 6838, section 3.4); the figure is the form of the badge, not of the record.
RECORD_FORM: Final = "application/x.cairn-record-1+json"

_DATA_URL: Final = f"data:{RECORD_FORM};base64,"
# Open Badges counts "credit hours": systems that count hours of attendance are not put there.
_CREDITS: Final = frozenset({"ects", "uk-credit", "us-credit", "nz-credit", "a-plus-credit"})
_TYPES: Final = {"digital-badge": "Badge", "certificate": "Certificate", "diploma": "Diploma"}
_NO_TYPE: Final = frozenset({"attendance", "major-award"})
# LanguageCode of the Open Badges data model; other tags of BCP 47 are right and would fail its schema.
_LANGUAGE_CODE: Final = re.compile(r"[a-z]{2,4}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")
SHOWN: Final = ("name", "issuer", "awardedDate", "validUntil", "credentialSubject", "evidence")


def to_badge(
    record: Record,
    *,
    issuer_did: str,
    credential_id: str,
    subject_id: str | None,
    valid_from: datetime,
    status: Sequence[dict[str, Any]] = (),
    image: str | None = None,
) -> dict[str, Any]:
    """The unsigned credential. ``status``: the entries for ``credentialStatus``; ``image``: address of a picture.

    A badge needs somebody it is about: ``subject_id``, or a name or id of the learner in the record. 1EdTech's JSON
    Schema takes one status entry only; two are right by the W3C data model and are given as a list.

    Raises `InputError` issuer_differs, no_subject or no_time_zone.
    """
    if record.issuer.did != issuer_did:
        raise InputError("issuer_differs", "The record names another issuer than the one that signs.")
    if valid_from.tzinfo is None:
        raise InputError("no_time_zone", "The time from which the badge is valid has no time zone.")
    badge = {
        "@context": list(CONTEXTS),
        "id": credential_id,
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "validFrom": valid_from.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        **_shown(record, subject_id, image),
        "relatedResource": [_embedded(record)],
    }
    if status:
        badge["credentialStatus"] = dict(status[0]) if len(status) == 1 else [dict(entry) for entry in status]
    return badge


def from_badge(document: dict[str, Any]) -> Record | None:
    """The record of a badge: the embedded one if there is one of our form, else what the visible members say.

    None when the visible members make none. Says nothing about the signature, which is checked elsewhere.

    Raises `UntrustedError` record_differs when the embedded record is not the one its digest names or does not say
    what the badge shows, and `InputError` when it is no record.
    """
    record = embedded_record(document)
    if record is not None:
        return record
    draft = Draft()
    read_badge(document, draft)
    return draft.record()


def embedded_record(document: dict[str, Any]) -> Record | None:
    """The record of our form in the badge, compared with what the badge shows; None when it carries none."""
    found = [
        entry
        for entry, _ in nodes(document.get("relatedResource"), "")
        if entry.get("mediaType") == RECORD_FORM
    ]
    if not found:
        return None
    url = found[0].get("id")
    if len(found) > 1 or not isinstance(url, str) or not url.startswith(_DATA_URL):
        raise _differs("carries more than one record, or one that is not inside it")
    try:
        data = base64.b64decode(url.removeprefix(_DATA_URL), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _differs("carries a record that cannot be decoded") from error
    if found[0].get("digestSRI") != _sri(data):
        raise _differs("carries a record with another digest than it states")
    record = Record.from_json(parse_json(data, max_bytes=MAX_RECORD_BYTES, what="record"))
    subject = document.get("credentialSubject")
    about = subject if isinstance(subject, dict) else {}
    achievement = about.get("achievement")
    picture = achievement.get("image") if isinstance(achievement, dict) else None
    expected = _shown(
        record,
        string(about.get("id")) or None,
        string(picture.get("id")) if isinstance(picture, dict) else None,
    )
    for member in SHOWN:
        if _spelled(document.get(member)) != _spelled(expected.get(member)):
            raise _differs(f"shows another {member} than its record says")
    return record


def achievement_id(record: Record) -> str:
    """A URN for what was achieved: the same for everyone with the same issuer and template (RFC 9562, version 5)."""
    what = record.template or record.id
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{record.issuer.did} {what}").urn


def _differs(what: str) -> UntrustedError:
    return UntrustedError(
        "record_differs", f"The badge {what}.", "Ask the issuer; what is shown must be what was signed."
    )


def _sri(data: bytes) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(data).digest()).decode()


def _embedded(record: Record) -> dict[str, str]:
    data = record.canonical()
    return {
        "id": _DATA_URL + base64.b64encode(data).decode(),
        "mediaType": RECORD_FORM,
        "digestSRI": _sri(data),
    }


def _spelled(value: Any) -> str:
    return json.dumps(_loose(value), sort_keys=True)


def _loose(value: Any) -> Any:
    """A form in which JSON-LD's equal spellings are equal: one value or a list of it, members of sets in any order.

    Nothing that `_shown` makes is an ordered list (``@list``).
    """
    if isinstance(value, dict):
        return {name: _loose(part) for name, part in value.items()}
    if isinstance(value, list):
        parts = sorted((_loose(part) for part in value), key=lambda part: json.dumps(part, sort_keys=True))
        return parts[0] if len(parts) == 1 else parts
    return value


# What a badge shows for a record, form 1


def _shown(record: Record, subject_id: str | None, image: str | None) -> dict[str, Any]:
    language = choose_language(record.title)
    title = text(record.title, (language, "en")) or record.id
    shown: dict[str, Any] = {
        "name": title,
        "issuer": _issuer(record, language),
        "credentialSubject": _subject(record, subject_id, title, language, image),
    }
    if record.awarded_on:
        shown["awardedDate"] = _at(record.awarded_on, "00:00:00")
    if record.expires_on:
        # The record is valid throughout its last day.
        shown["validUntil"] = _at(record.expires_on, "23:59:59")
    if record.evidence:
        shown["evidence"] = [
            {
                "id": entry.url,
                "type": ["Evidence"],
                **_optional(description=text(entry.description, (language, "en"))),
            }
            for entry in record.evidence
        ]
    return shown


def _at(when: date, time: str) -> str:
    return f"{when.isoformat()}T{time}Z"


def _optional(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value}


def _issuer(record: Record, language: str) -> dict[str, Any]:
    issuer: dict[str, Any] = {
        "id": record.issuer.did,
        "type": ["Profile"],
        **_optional(name=text(record.issuer.name, (language, "en"))),
    }
    if record.issuer.registry_id:
        issuer["otherIdentifier"] = [
            {
                "type": "IdentifierEntry",
                "identifier": record.issuer.registry_id,
                "identifierType": "identifier",
            }
        ]
    country = only_country(record.issuer.countries)
    if country:
        issuer["address"] = {"type": ["Address"], "addressCountryCode": country}
    return issuer


def _subject(
    record: Record, subject_id: str | None, title: str, language: str, image: str | None
) -> dict[str, Any]:
    learner = record.learner
    subject: dict[str, Any] = {"id": subject_id} if subject_id else {}
    subject["type"] = ["AchievementSubject"]
    identities = (("name", learner.full_name), ("identifier", learner.id))
    stated = [
        {"type": "IdentityObject", "hashed": False, "identityType": kind, "identityHash": value}
        for kind, value in identities
        if value
    ]
    if stated:
        subject["identifier"] = stated
    elif not subject_id:
        raise InputError(
            "no_subject", "The badge would be about nobody.", "Give the learner a name or an id."
        )
    achievement = _achievement(record, title, language, image)
    if record.credit and record.credit.system in _CREDITS:
        # A whole number stays one: JavaScript would write 5.0 as 5, and the signature covers the digits.
        amount = record.credit.amount
        number = int(amount) if amount == amount.to_integral_value() else float(amount)
        achievement["creditsAvailable"] = subject["creditsEarned"] = number
    if record.grade:
        result = uuid.uuid5(uuid.NAMESPACE_URL, f"{achievement['id']} {record.grade.scale}").urn
        achievement["resultDescription"] = [
            {"id": result, "type": ["ResultDescription"], "name": record.grade.scale, "resultType": "Result"}
        ]
        subject["result"] = [{"type": ["Result"], "resultDescription": result, "value": record.grade.value}]
    subject["achievement"] = achievement
    return subject


def _achievement(record: Record, title: str, language: str, image: str | None) -> dict[str, Any]:
    preferred = (language, "en")
    outcomes = [text(outcome.text, preferred) for outcome in record.outcomes]
    narrative = [text(record.assessment.criteria, preferred), "\n".join(f"- {line}" for line in outcomes)]
    achievement: dict[str, Any] = {
        "id": achievement_id(record),
        "type": ["Achievement"],
        "name": title,
        "description": text(record.description, preferred) or title,
        "criteria": _optional(narrative="\n\n".join(part for part in narrative if part)),
    }
    if record.category not in _NO_TYPE:
        achievement["achievementType"] = _TYPES.get(record.category or "", "MicroCredential")
    if _LANGUAGE_CODE.fullmatch(language):
        achievement["inLanguage"] = language
    if record.template:
        achievement["otherIdentifier"] = [
            {"type": "IdentifierEntry", "identifier": record.template, "identifierType": "identifier"}
        ]
    if image:
        achievement["image"] = {"id": image, "type": "Image"}
    return achievement | _optional(alignment=_alignments(record, preferred), tag=_tags(record))


def _alignments(record: Record, preferred: tuple[str, ...]) -> list[dict[str, Any]]:
    """Only what has an official address, since ``targetUrl`` is required; the rest is in `_tags`."""
    found = [
        _alignment(text(outcome.text, preferred), outcome.esco, "ESCO")
        for outcome in record.outcomes
        if outcome.esco
    ]
    if record.level and record.level.eqf:
        level = str(record.level.eqf)
        found.append(
            _alignment(
                f"EQF level {level}", EQF + level, "European Qualifications Framework", targetCode=level
            )
        )
    if record.credit and record.credit.system == "ects":
        found.append(_alignment("ECTS credits", ECTS, "ECTS", targetCode=record.credit.value))
    return found


def _alignment(name: str, url: str, framework: str, **more: str) -> dict[str, Any]:
    return {"type": ["Alignment"], "targetName": name, "targetUrl": url, "targetFramework": framework, **more}


def _tags(record: Record) -> list[str]:
    found = []
    if record.level and record.level.nqf:
        found.append(f"{record.level.nqf.framework} {record.level.nqf.level}")
    if record.level and record.level.qf_ehea:
        found.append(f"QF-EHEA {words.QF_EHEA[record.level.qf_ehea]}")
    if record.credit:
        found.append(
            f"{record.credit.value} {words.CREDIT_SYSTEMS.get(record.credit.system, record.credit.system)}"
        )
    if record.workload_hours:
        found.append(f"{record.workload_hours} hours")
    return found

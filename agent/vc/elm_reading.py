"""A European Digital Credential as a record, as far as it can be understood. Nothing here says that it is genuine.

The document is read as it stands, in the terms of the profile's own context; each member that a record would not
take is left out, since a part understood is worth more than none. Days are taken only where the document says a
day: Europass writes local midnights in UTC, from which the day cannot be told (``1999-10-01T22:00:00Z``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from agent.core import vocabularies as words
from agent.core.record import Record
from agent.errors import InputError
from agent.vc import elm_codes as codes

_MANY: Final = 64  # of anything; a record takes no more
_DURATION: Final = re.compile(r"PT(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?", re.ASCII)
_CATEGORIES: Final[Mapping[str | None, str]] = {label: word for word, label in words.CATEGORIES.items()}
_CREDENTIAL: Final = "EuropeanDigitalCredential"


def from_elm(document: object) -> Record | None:
    """The first learning achievement as a record; None where there is none, or where the issuer has no DID (a
    record is by a DID; credentials that Europass seals name none).
    """
    if not isinstance(document, dict) or _CREDENTIAL not in _items(document.get("type")):
        return None
    if codes.EDC_CONTEXT not in _items(document.get("@context")):
        return None
    issuer, person = _node(document.get("issuer")), _node(document.get("credentialSubject"))
    achievement = next(
        (
            each
            for each in _nodes(person.get("hasClaim"))
            if "LearningAchievement" in _items(each.get("type"))
        ),
        None,
    )
    if achievement is None:
        return None
    specification = _node(achievement.get("specifiedBy"))
    base: dict[str, Any] = {
        "version": 1,
        "id": _identifier(achievement, "Cairn record") or document.get("id"),
        "issuer": {"did": issuer.get("id")},
    }
    if not _takes(base, "version", 1):
        return None
    members = {
        "issuer": _issuer(issuer),
        "learner": _learner(person),
        **_achievement(achievement),
        **_specification(specification),
        **_assessment(achievement, specification),
        "expires_on": _last_day(document.get("validUntil") or document.get("expirationDate")),
    }
    for name, value in members.items():
        if (taken := _taken(base, name, value)) is not None:
            base[name] = taken
    return Record.from_json(base)


def _taken(base: dict[str, Any], name: str, value: Any) -> Any:
    """The whole if a record takes it; else of a list the items that it takes, of an object all but one member."""
    if value in (None, "", {}, []):
        return None
    if _takes(base, name, value):
        return value
    if isinstance(value, list):
        fitting = [each for each in value if _takes(base, name, [each])]
        return fitting if fitting and _takes(base, name, fitting) else None
    if isinstance(value, dict):
        smaller = ({key: each for key, each in value.items() if key != left_out} for left_out in value)
        return next((each for each in smaller if _takes(base, name, each)), None)
    return None


def _takes(base: dict[str, Any], name: str, value: Any) -> bool:
    try:
        Record.from_json({**base, name: value})
    except InputError:
        return False
    return True


def _issuer(issuer: dict[str, Any]) -> dict[str, Any]:
    places = [_node(_node(each.get("address")).get("countryCode")) for each in _nodes(issuer.get("location"))]
    return _filled(
        did=issuer.get("id"),
        name=_texts(issuer.get("legalName") or issuer.get("prefLabel")),
        countries=list(dict.fromkeys(code for place in places if (code := codes.country_code(_id(place))))),
        registry_id=_identifier(issuer, "Cairn registry"),
    )


def _learner(person: dict[str, Any]) -> dict[str, Any]:
    return _filled(
        given_name=_text(person.get("givenName")),
        family_name=_text(person.get("familyName")),
        birth_date=_day(person.get("dateOfBirth")),
        id=_identifier(person, "Cairn learner"),
    )


def _achievement(achievement: dict[str, Any]) -> dict[str, Any]:
    awarded = _node(achievement.get("awardedBy"))
    return {
        "title": _texts(achievement.get("title")),
        "description": _texts(achievement.get("description")),
        "awarding_bodies": [_body(each) for each in _nodes(awarded.get("awardingBody"))],
        "awarded_on": _day(awarded.get("awardingDate")),
        "evidence": [
            _filled(url=each.get("contentURL"), description=_texts(each.get("title")))
            for each in _nodes(achievement.get("supplementaryDocument"))
        ],
        **_notes(achievement, codes.ACHIEVEMENT_NOTES),
    }


def _body(body: dict[str, Any]) -> dict[str, Any]:
    places = [_node(_node(each.get("address")).get("countryCode")) for each in _nodes(body.get("location"))]
    return _filled(
        name=_text(body.get("legalName") or body.get("prefLabel")),
        country=next((code for place in places if (code := codes.country_code(_id(place)))), None),
        status=_own(body.get("dcType"), "provider-status"),
    )


def _specification(found: dict[str, Any]) -> dict[str, Any]:
    credit = _node(found.get("creditPoint"))
    framework = _id(credit.get("framework"))
    system = codes.word_of(framework, codes.CREDIT) or next(iter(codes.own_words(framework, "credit")), None)
    setting = codes.word_of(_id(found.get("learningSetting")), codes.LEARNING_SETTING)
    modes = [_word(each, codes.PARTICIPATION, "participation") for each in _nodes(found.get("mode"))]
    category = _text(found.get("category"))
    languages = [codes.language_tag(_id(each)) for each in _nodes(found.get("language"))]
    return {
        "outcomes": [_outcome(each) for each in _nodes(found.get("learningOutcome"))],
        "credit": _filled(system=system, value=credit.get("point")) if system else None,
        "workload_hours": _hours(found.get("volumeOfLearning")),
        "level": _level(found),
        "participation": [word for word in modes if word],
        "learning_type": setting,
        "language": [tag for tag in languages if tag],
        "prerequisites": _texts(_node(found.get("entryRequirement")).get("noteLiteral")),
        "template": _identifier(found, "Cairn template"),
        "quality_assurance": _quality(found),
        "category": _CATEGORIES.get(category, category),
        **_notes(found, codes.SPECIFICATION_NOTES),
    }


def _outcome(outcome: dict[str, Any]) -> dict[str, Any]:
    skill = _node(outcome.get("relatedESCOSkill")) or _node(outcome.get("relatedSkill"))
    return _filled(
        text=_texts(outcome.get("title")),
        esco=_id(skill),
        dublin=_own(_node(outcome.get("additionalNote")).get("subject"), "dublin"),
    )


def _level(found: dict[str, Any]) -> dict[str, Any]:
    if any(_own(note.get("subject"), "level") for note in _nodes(found.get("additionalNote"))):
        return {"not_applicable": True}
    education = [_id(each) for each in _nodes(found.get("educationLevel"))]
    national = [codes.national_level(_id(each)) for each in _nodes(found.get("nqfLevel"))]
    national += [_pair(codes.own_words(uri, "nqf")) for uri in education]
    stated = next((each for each in national if each), None)
    cycles = [said[0] for uri in education if (said := codes.own_words(uri, "qf-ehea"))]
    return _filled(
        eqf=codes.eqf_level(_id(found.get("eqfLevel"))),
        nqf={"framework": stated[0], "level": stated[1]} if stated else None,
        qf_ehea=next(iter(cycles), None),
    )


def _assessment(achievement: dict[str, Any], specification: dict[str, Any]) -> dict[str, Any]:
    achieved = _node(achievement.get("provenBy"))
    specified = _node(specification.get("provenBy")) or _node(achieved.get("specifiedBy"))
    kinds = [specified, *_nodes(specified.get("hasPart"))]
    types = [_word(_node(each.get("dcType")), codes.ASSESSMENT, "assessment") for each in kinds]
    notes = [*_nodes(specified.get("additionalNote")), *_nodes(specification.get("additionalNote"))]
    subjects = [_node(note.get("subject")) for note in notes]
    supervision = _word(_node(achieved.get("idVerification")), codes.SUPERVISION, "supervision")
    grade = _text(_node(achieved.get("grade")).get("noteLiteral"))
    scale = _text(_node(specified.get("gradingScheme")).get("title"))
    return {
        "assessment": _filled(
            basis=next((word for each in subjects if (word := _own(each, "basis"))), None),
            types=list(dict.fromkeys(word for word in types if word)),
            supervision=supervision
            or next((word for each in subjects if (word := _own(each, "supervision"))), None),
            criteria=_texts(specified.get("description")),
        ),
        # A grade without its scale says nothing that could be compared.
        "grade": {"scale": scale, "value": grade} if grade and scale else None,
    }


def _quality(found: dict[str, Any]) -> dict[str, Any] | None:
    """Only from notes of ours: a European document has no member for what the issuer says of it."""
    quality: dict[str, Any] = {}
    for note in _nodes(found.get("additionalNote")):
        if kind := _own(note.get("subject"), "quality-assurance"):
            texts = _texts(note.get("noteLiteral"))
            stated = texts and not texts.get("en", "").startswith("Quality assurance: ")
            quality |= _filled(type=kind, statement=texts if stated else None)
        if _own(note.get("subject"), "quality-assurance-agency"):
            quality |= _filled(agency=_text(note.get("noteLiteral")))
    return quality if "type" in quality else None


def _notes(found: dict[str, Any], kinds: Mapping[str, str]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for note in _nodes(found.get("additionalNote")):
        path = _own(note.get("subject"), "note")
        if path not in kinds:
            continue
        first, _, second = path.partition(".")
        texts = _texts(note.get("noteLiteral"))
        if texts and second:
            members.setdefault(first, {})[second] = texts
        elif texts:
            members[first] = texts
    return members


def _word(concept: dict[str, Any], listed: Mapping[str, tuple[str, str, str]], vocabulary: str) -> str:
    return codes.word_of(_id(concept), listed) or _own(concept, vocabulary)


def _own(concept: object, vocabulary: str) -> str:
    return next(iter(codes.own_words(_id(concept), vocabulary)), "")


def _pair(found: tuple[str, ...]) -> tuple[str, str] | None:
    return (found[0], found[1]) if len(found) == 2 else None


def _identifier(node: dict[str, Any], scheme: str) -> str | None:
    found = (each for each in _nodes(node.get("identifier")) if each.get("schemeName") == scheme)
    notation = next(found, {}).get("notation")
    return notation if isinstance(notation, str) else None


def _filled(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value not in (None, "", {}, [])}


def _items(value: object) -> list[Any]:
    return value[:_MANY] if isinstance(value, list) else [value]


def _nodes(value: object) -> list[dict[str, Any]]:
    return [each for each in _items(value) if isinstance(each, dict)]


def _node(value: object) -> dict[str, Any]:
    return next(iter(_nodes(value)), {})


def _id(value: object) -> str:
    found = _node(value).get("id")
    return found if isinstance(found, str) else ""


def _texts(value: object) -> dict[str, str] | None:
    """A language map; of several texts in one language, the first."""
    if not isinstance(value, dict):
        return None
    pairs = ((tag, next(iter(_items(text)), None)) for tag, text in value.items())
    return {tag: text for tag, text in pairs if isinstance(tag, str) and isinstance(text, str)} or None


def _text(value: object) -> str | None:
    texts = _texts(value) or {}
    return texts.get("en") or next(iter(texts.values()), None)


def _moment(value: object) -> datetime | None:
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _day(value: object) -> str | None:
    """The day of a midnight."""
    moment = _moment(value)
    if moment is None or (moment.hour, moment.minute, moment.second) != (0, 0, 0):
        return None
    return moment.date().isoformat()


def _last_day(value: object) -> str | None:
    """The last day that is whole before the end: never a day on which the credential is not valid any more."""
    moment = _moment(value)
    if moment is None:
        return None
    try:
        return (moment + timedelta(seconds=1) - timedelta(days=1)).date().isoformat()
    except OverflowError:
        return None


def _hours(value: object) -> str | None:
    """Hours of an ISO 8601 duration in hours, minutes and seconds; of days and months they cannot be told."""
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None or not any(match.groups()):
        return None
    hours, minutes, seconds = (Decimal(part or 0) for part in match.groups())
    total = round(hours + minutes / 60 + seconds / 3600, 4).normalize()
    return f"{total:f}"

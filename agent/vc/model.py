"""Whether a document has the shape of a W3C credential or presentation (VCDM 2.0, and 1.1 for older issuers).

`check` says everything that is wrong, as far as JSON alone can tell. What a term means is JSON-LD's to say
(`agent.vc.jsonld`), whether anybody signed is a proof's (`agent.vc.proofs`). Sections are those of VCDM 2.0
unless they start with "1.1".
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from agent.core.grammar import LANGUAGE_TAG

V2: Final = "https://www.w3.org/ns/credentials/v2"
V1: Final = "https://www.w3.org/2018/credentials/v1"
CREDENTIAL: Final = "VerifiableCredential"
PRESENTATION: Final = "VerifiablePresentation"
ENVELOPED_CREDENTIAL: Final = "EnvelopedVerifiableCredential"
ENVELOPED_PRESENTATION: Final = "EnvelopedVerifiablePresentation"
MAX_CREDENTIALS: Final = 32
MAX_PROBLEMS: Final = 50

_URL = re.compile(r'[A-Za-z][A-Za-z0-9+.-]*:[^\s<>"{}|\\^`\x00-\x1f\x7f]+')
_COMPACT_JWS = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_LANGUAGE = re.compile(LANGUAGE_TAG)
# XML Schema 1.1 part 2, 3.4.28: a dateTime whose time zone is given; 24:00:00 is the next day's midnight.
_STAMP = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})T(?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2})(?P<fraction>\.[0-9]{1,20})?"
    r"(?P<zone>Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)"
)
_ENVELOPE = re.compile(r"data:application/[a-z0-9.+-]+(?:;[a-z0-9=.+-]+)*,.+", re.DOTALL)
_STATUS_AND_LIKE: Final = {
    # member → (needs an id in 2.0, in 1.1, section)
    "credentialStatus": (False, True, "4.10"),
    "credentialSchema": (True, True, "4.11"),
    "refreshService": (False, True, "5.4"),
    "termsOfUse": (False, False, "5.5"),
    "evidence": (False, False, "5.6"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """``code`` is stable, ``path`` is a JSON Pointer, ``section`` where the rule stands; never a value."""

    code: str
    path: str
    section: str
    detail: str

    def __str__(self) -> str:
        return f"{self.path or '/'}: {self.detail}"


def version(document: dict[str, Any]) -> str:
    """``2.0``, ``1.1`` or empty, by the first context (4.3)."""
    contexts = as_list(document.get("@context"))
    first = contexts[0] if contexts else None
    return {V2: "2.0", V1: "1.1"}.get(first, "") if isinstance(first, str) else ""


def types(document: dict[str, Any]) -> tuple[str, ...]:
    return tuple(item for item in as_list(document.get("type")) if isinstance(item, str))


def is_presentation(document: dict[str, Any]) -> bool:
    return bool({PRESENTATION, ENVELOPED_PRESENTATION} & set(types(document)))


def is_enveloped(document: dict[str, Any]) -> bool:
    return bool({ENVELOPED_CREDENTIAL, ENVELOPED_PRESENTATION} & set(types(document)))


def as_list(value: Any) -> list[Any]:
    """A set of one may be written without its brackets (6.1)."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def id_of(value: Any) -> str:
    """The URL in ``"issuer": "…"`` or ``"issuer": {"id": "…"}``; empty when there is none."""
    found = value.get("id") if isinstance(value, dict) else value
    return found if isinstance(found, str) else ""


def is_url(value: Any) -> bool:
    return isinstance(value, str) and _URL.fullmatch(value) is not None


def date_time(value: Any) -> datetime | None:
    """The instant of a dateTimeStamp (4.9), or None when it is none. Years are 0001 to 9999."""
    match = _STAMP.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    time, fraction, zone = match["time"], match["fraction"] or "", match["zone"]
    midnight = time == "24:00:00" and not fraction.strip(".0")
    try:
        found = datetime.fromisoformat(f"{match['day']}T{'00:00:00' if midnight else time + fraction}{zone}")
        return found + timedelta(days=1) if midnight else found
    except (ValueError, OverflowError):
        return None


def jwt_of(document: dict[str, Any]) -> str:
    """The JWT inside of an enveloped credential or presentation (4.13.1, RFC 2397); empty for other envelopes."""
    url = document.get("id")
    if not isinstance(url, str) or not _ENVELOPE.fullmatch(url):
        return ""
    head, _, body = url.partition(",")
    if head.endswith(";base64"):
        try:
            body = base64.b64decode(unquote_to_bytes(body), validate=True).decode("ascii")
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return body if _COMPACT_JWS.fullmatch(body) else ""


def enveloped(jwt: str, *, presentation: bool = False) -> dict[str, Any]:
    """A JWT as the object that VCDM 2.0 wraps around it (4.13.1 and 4.13.2)."""
    kind, media = (ENVELOPED_PRESENTATION, "vp+jwt") if presentation else (ENVELOPED_CREDENTIAL, "vc+jwt")
    return {"@context": [V2], "id": f"data:application/{media},{jwt}", "type": kind}


def check(document: dict[str, Any]) -> tuple[Problem, ...]:
    """What is wrong with a credential or presentation; empty when nothing is. At most `MAX_PROBLEMS`."""
    report = _Report()
    _document(report, document, "")
    return tuple(report.problems[:MAX_PROBLEMS])


class _Report:
    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(self, code: str, path: str, section: str, detail: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(code, path, section, detail))


def _document(report: _Report, document: dict[str, Any], path: str) -> None:
    _contexts(report, document, path)
    kinds = _types(report, document, path)
    known = {CREDENTIAL, PRESENTATION, ENVELOPED_CREDENTIAL, ENVELOPED_PRESENTATION} & kinds
    if len(known) > 1:
        report.add("ambiguous_type", f"{path}/type", "4.5", "One document cannot be two of these kinds.")
    elif known & {ENVELOPED_CREDENTIAL, ENVELOPED_PRESENTATION}:
        if not _ENVELOPE.fullmatch(str(document.get("id"))):
            report.add(
                "not_data_url", f"{path}/id", "4.13.1", "The id is not a data: URL of a signed document."
            )
    elif known:
        _identifier(report, document, path)
        _named(report, document, path)
        _proofs(report, document, path)
        _described(report, document, path)
        (_presentation if PRESENTATION in known else _credential)(report, document, path)
    elif "type" in document:
        report.add("wrong_type", f"{path}/type", "4.5", "The type says neither credential nor presentation.")


def _contexts(report: _Report, document: dict[str, Any], path: str) -> None:
    path = f"{path}/@context"
    if "@context" not in document:
        report.add("missing", path, "4.3", "There is no @context.")
        return
    if not version(document):
        report.add("no_base_context", path, "4.3", "The first context is not that of VCDM 2.0 or 1.1.")
    for index, item in enumerate(as_list(document["@context"])):
        if not isinstance(item, dict) and not is_url(item):
            report.add("bad_context", f"{path}/{index}", "4.3", "A context is a URL or an object.")


def _types(report: _Report, document: dict[str, Any], path: str) -> set[str]:
    if "type" not in document:
        report.add("missing", f"{path}/type", "4.5", "There is no type.")
        return set()
    values = as_list(document["type"])
    if not values or not all(isinstance(item, str) and item.strip() for item in values):
        report.add("not_type", f"{path}/type", "4.5", "A type is one or more terms or absolute URLs.")
    return set(types(document))


def _identifier(report: _Report, item: dict[str, Any], path: str) -> None:
    if "id" in item and not is_url(item["id"]):
        report.add("not_url", f"{path}/id", "4.4", "An id is a single URL.")


def _credential(report: _Report, document: dict[str, Any], path: str) -> None:
    _party(report, document, "issuer", path, "4.7", required=True)
    _subjects(report, document, path)
    _dates(report, document, path)
    _related(report, document, path)


def _party(
    report: _Report, document: dict[str, Any], member: str, path: str, section: str, *, required: bool
) -> None:
    """An issuer or holder: a URL, or an object with an id that is one (4.7, 4.13)."""
    path = f"{path}/{member}"
    if member not in document:
        if required:
            report.add("missing", path, section, f"There is no {member}.")
        return
    value = document[member]
    if isinstance(value, dict):
        if not is_url(value.get("id")):
            report.add("not_url", f"{path}/id", section, f"The {member} has no id that is a URL.")
        _named(report, value, path)
    elif not is_url(value):
        report.add("not_url", path, section, f"The {member} is no URL.")


def _subjects(report: _Report, document: dict[str, Any], path: str) -> None:
    path = f"{path}/credentialSubject"
    if "credentialSubject" not in document:
        report.add("missing", path, "4.8", "There is no credentialSubject.")
        return
    subjects = as_list(document["credentialSubject"])
    if not subjects:
        report.add("empty", path, "4.8", "The credentialSubject claims nothing.")
    for index, subject in enumerate(subjects):
        where = f"{path}/{index}" if isinstance(document["credentialSubject"], list) else path
        if not isinstance(subject, dict):
            report.add("not_object", where, "4.8", "A subject is an object.")
        elif not subject:
            report.add("empty", where, "4.8", "The subject claims nothing.")
        else:
            _identifier(report, subject, where)


def _dates(report: _Report, document: dict[str, Any], path: str) -> None:
    """4.9; in 1.1 (sections 4.6 and 4.7) the same two have other names, and the first is required."""
    old = version(document) == "1.1"
    if old and "issuanceDate" not in document:
        report.add("missing", f"{path}/issuanceDate", "1.1 4.6", "There is no issuanceDate.")
    pairs = [("validFrom", "validUntil"), *([("issuanceDate", "expirationDate")] if old else [])]
    for start, end in pairs:
        found = {}
        for member in (start, end):
            if member in document:
                found[member] = date_time(document[member])
                if found[member] is None:
                    report.add(
                        "not_date_time",
                        f"{path}/{member}",
                        "4.9",
                        "This is no date and time with its time zone.",
                    )
        first, last = found.get(start), found.get(end)
        if first is not None and last is not None and last < first:
            report.add("ends_before_start", f"{path}/{end}", "4.9", "It ends before it starts.")


def _named(report: _Report, item: dict[str, Any], path: str) -> None:
    """Names and descriptions: text, or one or several language values (4.6, 11.1)."""
    for member in ("name", "description"):
        value = item.get(member)
        if member in item and not (
            isinstance(value, str) or (value and all(map(_is_language_value, as_list(value))))
        ):
            report.add(
                "not_language_value",
                f"{path}/{member}",
                "11.1",
                "This is neither text nor @value with @language and @direction.",
            )


def _is_language_value(value: Any) -> bool:
    if not isinstance(value, dict) or set(value) - {"@value", "@language", "@direction"}:
        return False
    language = value.get("@language", "en")
    return (
        isinstance(value.get("@value"), str)
        and isinstance(language, str)
        and _LANGUAGE.fullmatch(language) is not None
        and value.get("@direction", "ltr") in ("ltr", "rtl")
    )


def _described(report: _Report, document: dict[str, Any], path: str) -> None:
    """Status, schema, refresh service, terms of use and evidence: objects with a type (4.5)."""
    old = version(document) == "1.1"
    for member, (id_now, id_then, section) in _STATUS_AND_LIKE.items():
        for where, item in _objects(report, document, member, path, section):
            values = as_list(item.get("type"))
            if not values or not all(isinstance(value, str) and value.strip() for value in values):
                report.add("missing", f"{where}/type", section, f"The {member} has no type.")
            _identifier(report, item, where)
            if (id_then if old else id_now) and "id" not in item:
                report.add("missing", f"{where}/id", section, f"The {member} has no id.")


def _proofs(report: _Report, document: dict[str, Any], path: str) -> None:
    for where, item in _objects(report, document, "proof", path, "4.12"):
        if not isinstance(item.get("type"), str):
            report.add("missing", f"{where}/type", "4.12", "The proof has no type.")


def _related(report: _Report, document: dict[str, Any], path: str) -> None:
    """Resources with their digests (5.3)."""
    seen: set[str] = set()
    for where, item in _objects(report, document, "relatedResource", path, "5.3"):
        url = item.get("id")
        if not is_url(url):
            report.add("not_url", f"{where}/id", "5.3", "The resource has no id that is a URL.")
        elif url in seen:
            report.add("duplicate_id", f"{where}/id", "5.3", "Two resources have one id.")
        else:
            seen.add(str(url))
        digests = [item[member] for member in ("digestSRI", "digestMultibase") if member in item]
        if not digests or not all(isinstance(digest, str) and digest for digest in digests):
            report.add("no_digest", where, "5.3", "The resource has no digest.")


def _presentation(report: _Report, document: dict[str, Any], path: str) -> None:
    _party(report, document, "holder", path, "4.13", required=False)
    if "verifiableCredential" not in document:
        return
    path = f"{path}/verifiableCredential"
    credentials = as_list(document["verifiableCredential"])
    if len(credentials) > MAX_CREDENTIALS:
        report.add("too_many", path, "4.13", f"A presentation may hold {MAX_CREDENTIALS} credentials here.")
    for index, item in enumerate(credentials[:MAX_CREDENTIALS]):
        where = f"{path}/{index}"
        if isinstance(item, dict):
            if {PRESENTATION, ENVELOPED_PRESENTATION} & set(types(item)):
                report.add("wrong_type", f"{where}/type", "4.13", "A presentation is no credential.")
            else:
                _document(report, item, where)
        elif version(document) != "1.1" or not (isinstance(item, str) and _COMPACT_JWS.fullmatch(item)):
            # 1.1 6.3.1 lets a JWT stand there as text; 2.0 wraps it in an object.
            report.add("not_object", where, "4.13", "A credential is an object.")


def _objects(
    report: _Report, document: dict[str, Any], member: str, path: str, section: str
) -> list[tuple[str, dict[str, Any]]]:
    """The objects in a member that holds one or several, with their paths; anything else is reported."""
    if member not in document:
        return []
    value = document[member]
    items = [(f"{path}/{member}/{i}", item) for i, item in enumerate(as_list(value))]
    if not isinstance(value, list):
        items = [(f"{path}/{member}", value)]
    for where, item in items:
        if not isinstance(item, dict):
            report.add("not_object", where, section, f"The {member} is not an object.")
    return [(where, item) for where, item in items if isinstance(item, dict)]

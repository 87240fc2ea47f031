"""What a credential from elsewhere says, as far as it can be understood. Pure; nothing here verifies anything.

Taken are credentials of the W3C data models 1.1 and 2.0, Open Badges 2.0 and 3.0, Comprehensive Learner Records 2.0 and
the payload of a VC-JWT. What has the same meaning in a record becomes a member of one; all else is kept as paths and
raw text. No value is made up: a credential whose issuer cannot be named has no record.

Texts are data as they came, markup and all; showing them safely is the display's business. A text without a stated
language has the tag ``und``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from agent.core.record import Record
from agent.errors import InputError
from agent.vc import badge2, badge3
from agent.vc.badge import SHOWN, embedded_record
from agent.vc.mapping import Draft, leftovers, nodes, prose, words

__all__ = ["Importable", "Understood", "understand"]

MAX_PARTS: Final = 200

type Kind = Literal["open-badge-3", "open-badge-2", "clr-2", "credential"]

_LABELS: Final[dict[Kind, str]] = {
    "open-badge-3": "Open Badges 3.0",
    "open-badge-2": "Open Badges 2.0",
    "clr-2": "Comprehensive Learner Record 2.0",
    "credential": "verifiable credential",
}
_MODELS: Final = {
    "https://www.w3.org/2018/credentials/v1": "W3C data model 1.1",
    "https://www.w3.org/ns/credentials/v2": "W3C data model 2.0",
}


@dataclass(frozen=True, slots=True)
class Importable:
    """003:1598: a badge with metadata about learner, issuer, criteria and evidence can function as a credential;
    one without is a picture. ``missing`` names what it lacks, also where that decides nothing: in a badge that
    carries a whole record, and in credentials that are no badges.
    """

    kind: Literal["credential", "visual badge only"]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """``known`` are the paths whose values are in the record, ``unknown`` paths and raw texts of the others (bounded,
    see `mapping.leftovers`). ``whole``: the record is the one the issuer embedded. ``parts`` are the credentials in a
    CLR; ``hosted_at`` is where a hosted assertion is verified, ``references`` what it points to and lacks.
    """

    kind: Kind
    kind_words: tuple[str, ...]
    record: Record | None
    known: tuple[str, ...]
    unknown: tuple[tuple[str, str], ...]
    importable: Importable
    whole: bool = False
    parts: tuple[Understood, ...] = ()
    hosted_at: str = ""
    references: tuple[str, ...] = ()


def understand(document: dict[str, Any]) -> Understood:
    """Read one credential; see `Understood`.

    Raises `InputError` not_a_credential, too_many_parts, and what an embedded record raises (`badge.from_badge`), of
    which `UntrustedError` record_differs: such a badge says two things and is not imported as either.
    """
    document, jwt = _unwrapped(document)
    if badge2.is_assertion(document):
        return _assertion(document)
    kinds = words(document.get("type"))
    if "VerifiableCredential" not in kinds:
        raise InputError("not_a_credential", "The document is neither a W3C credential nor an Open Badge.")
    if "ClrCredential" in kinds:
        return _clr(document, jwt)
    return _badge(document, jwt) if badge3.is_badge(document) else _credential(document, jwt)


def _kind_words(kind: Kind, document: dict[str, Any], jwt: bool) -> tuple[str, ...]:
    models = [_MODELS[name] for name in words(document.get("@context")) if name in _MODELS]
    return (_LABELS[kind], *models[:1], *(("VC-JWT",) if jwt else ()))


def _unwrapped(document: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The credential in the payload of a VC-JWT: W3C VCDM 1.1, section 6.3.1 (``vc`` and registered claims)."""
    credential = document.get("vc")
    if not isinstance(credential, dict):
        return document, "iss" in document and "VerifiableCredential" in words(document.get("type"))
    claims = {"issuanceDate": _time(document.get("nbf")), "expirationDate": _time(document.get("exp"))}
    found = {**credential, **{name: value for name, value in claims.items() if value}}
    if "jti" in document:
        found["id"] = document["jti"]
    if "iss" in document:
        issuer = credential.get("issuer")
        found["issuer"] = {**issuer, "id": document["iss"]} if isinstance(issuer, dict) else document["iss"]
    subject = credential.get("credentialSubject")
    if "sub" in document and isinstance(subject, dict):
        found["credentialSubject"] = {**subject, "id": document["sub"]}
    return found, True


def _time(seconds: Any) -> str | None:
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds < 32503680000:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _said(draft: Draft, document: dict[str, Any], record: Record | None) -> dict[str, Any]:
    """What is known is what the record holds: without one, all is shown raw."""
    known = draft.known if record is not None else set()
    return {"record": record, "known": tuple(sorted(known)), "unknown": leftovers(document, known)}


def _missing(**present: bool) -> tuple[str, ...]:
    return tuple(name for name, there in present.items() if not there)


def _named(draft: Draft) -> bool:
    return "did" in draft.members.get("issuer", {})


def _badge(document: dict[str, Any], jwt: bool) -> Understood:
    draft = Draft()
    whole = embedded_record(document)
    if whole is not None:
        # All that such a badge shows was compared with its record.
        draft.known = {name for name in (*SHOWN, "id", "validFrom", "relatedResource") if name in document}
    else:
        badge3.read_badge(document, draft)
    subject, _ = badge3.subject_of(document)
    achievement = subject.get("achievement")
    missing = _missing(
        learner=badge3.has_learner(subject),
        issuer=whole is not None or _named(draft),
        criteria=isinstance(achievement, dict) and badge3.has_criteria(achievement),
        evidence=badge3.has_evidence(document, subject),
    )
    return Understood(
        kind="open-badge-3",
        kind_words=_kind_words("open-badge-3", document, jwt),
        importable=Importable("visual badge only" if missing and whole is None else "credential", missing),
        whole=whole is not None,
        **_said(draft, document, whole or draft.record()),
    )


def _assertion(document: dict[str, Any]) -> Understood:
    draft = Draft()
    badge2.read_assertion(document, draft)
    badge, _ = badge2.parts_of(document)
    missing = _missing(
        learner=badge2.has_recipient(document),
        issuer=_named(draft),
        criteria=badge3.has_criteria(badge),
        evidence=badge3.has_evidence(document, {}),
    )
    return Understood(
        kind="open-badge-2",
        kind_words=(_LABELS["open-badge-2"],),
        importable=Importable("visual badge only" if missing else "credential", missing),
        hosted_at=badge2.hosted_at(document),
        references=badge2.references(document),
        **_said(draft, document, draft.record()),
    )


def _credential(document: dict[str, Any], jwt: bool) -> Understood:
    """Any other credential: what every one of them has, and what the subject says of the person and the title."""
    draft = Draft()
    subject, at = badge3.subject_of(document)
    draft.put("learner.id", subject.get("id"), f"{at}.id")
    for member, name in (
        ("given_name", "givenName"),
        ("family_name", "familyName"),
        ("birth_date", "birthDate"),
    ):
        draft.put(f"learner.{member}", subject.get(name), f"{at}.{name}")
    badge3.read_envelope(document, draft)
    for holder, path in nodes(subject.get("degree"), f"{at}.degree"):
        draft.put("title", prose(holder.get("name")), f"{path}.name")
    return Understood(
        kind="credential",
        kind_words=_kind_words("credential", document, jwt),
        importable=Importable(
            "credential", _missing(learner=badge3.has_learner(subject), issuer=_named(draft))
        ),
        **_said(draft, document, draft.record()),
    )


def _clr(document: dict[str, Any], jwt: bool) -> Understood:
    """A CLR has no record of its own: its parts have. What is no credential among them is shown raw."""
    subject, at = badge3.subject_of(document)
    found = list(nodes(subject.get("verifiableCredential"), f"{at}.verifiableCredential"))
    if len(found) > MAX_PARTS:
        raise InputError(
            "too_many_parts", f"The record holds {len(found)} credentials; the limit is {MAX_PARTS}."
        )
    parts = {path: part for part, path in found if _may_be_a_part(words(part.get("type")))}
    return Understood(
        kind="clr-2",
        kind_words=_kind_words("clr-2", document, jwt),
        record=None,
        known=tuple(parts),
        unknown=leftovers(document, set(parts)),
        importable=Importable("credential", _missing(learner=badge3.has_learner(subject))),
        parts=tuple(understand(part) for part in parts.values()),
    )


def _may_be_a_part(kinds: tuple[str, ...]) -> bool:
    """A CLR inside a CLR is not opened: no record needs it, and it could nest without end."""
    return "VerifiableCredential" in kinds and "ClrCredential" not in kinds

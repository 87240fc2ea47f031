"""What an Open Badges 2.0 assertion says, as members of a record. Pure.

An assertion names its badge class and that its issuer, inside it or by address; `references` lists the addresses and
`with_documents` puts in what a service fetched. The recipient is mostly a salted hash: `matches_email` tells whether
an address is the one that was hashed, and nothing turns the hash back. A hosted assertion is verified by fetching it
again from `hosted_at`; that, too, is a service's work.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Final

from agent.vc.badge3 import read_alignment, read_evidence, read_issuer
from agent.vc.mapping import Draft, day, items, language_of, name_by_hash, nodes, prose, string, words

__all__ = [
    "has_recipient",
    "hosted_at",
    "identity_is_hashed",
    "is_assertion",
    "matches_email",
    "parts_of",
    "read_assertion",
    "references",
    "with_documents",
]

_CONTEXTS: Final = (
    "https://w3id.org/openbadges/v2",
    "https://w3id.org/openbadges/v1",
    "https://openbadgespec.org/",
)
_HASHES: Final = {"sha256": hashlib.sha256, "md5": hashlib.md5}


def is_assertion(document: dict[str, Any]) -> bool:
    """An Assertion of 2.0, or of 1.0 and 1.1, which had no types or contexts at first."""
    kinds = words(document.get("type"))
    if "Assertion" in kinds and any(name in _CONTEXTS for name in words(document.get("@context"))):
        return True
    return not kinds and {"recipient", "badge", "verify"} <= document.keys()


def parts_of(document: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The badge class and its issuer as far as they are inside the assertion; empty where they are not."""
    badge = document.get("badge")
    badge = badge if isinstance(badge, dict) else {}
    issuer = badge.get("issuer")
    return badge, issuer if isinstance(issuer, dict) else {}


def references(document: dict[str, Any]) -> tuple[str, ...]:
    """Addresses of what is not inside: the badge class, or else its issuer."""
    badge, _ = parts_of(document)
    missing = badge.get("issuer") if badge else document.get("badge")
    return (missing,) if isinstance(missing, str) and missing.startswith(("https://", "http://")) else ()


def with_documents(document: dict[str, Any], documents: Mapping[str, Any]) -> dict[str, Any]:
    """A copy in which addresses found in ``documents`` are replaced by the objects there.

    An object under an address must call itself so: with another ``id`` it is left out.
    """
    badge = _at(document.get("badge"), documents)
    if isinstance(badge, dict):
        badge = {**badge, "issuer": _at(badge.get("issuer"), documents)} if "issuer" in badge else badge
    return {**document, "badge": badge} if "badge" in document else dict(document)


def _at(value: Any, documents: Mapping[str, Any]) -> Any:
    if not isinstance(value, str):
        return value
    found = documents.get(value)
    if not isinstance(found, dict) or found.get("id", value) != value:
        return value
    return {**found, "id": value}  # version 1 had no ids: it is what stands at this address


def hosted_at(document: dict[str, Any]) -> str:
    """Where a hosted assertion can be had again; empty when it is verified by a signature."""
    verification = document.get("verification", document.get("verify"))
    if not isinstance(verification, dict) or not {"hosted", "HostedBadge"} & set(
        words(verification.get("type"))
    ):
        return ""
    url = string(verification.get("url")) or string(document.get("id"))
    return url if url.startswith(("https://", "http://")) else ""


def has_recipient(document: dict[str, Any]) -> bool:
    """Somebody is named, hashed or not: an IdentityObject, or the bare hash or address of 1.0."""
    recipient = document.get("recipient")
    return bool(string(recipient.get("identity")) if isinstance(recipient, dict) else string(recipient))


def identity_is_hashed(recipient: Any) -> bool:
    return isinstance(recipient, dict) and recipient.get("hashed") is True


def matches_email(recipient: Any, email: str) -> bool:
    """Whether ``email`` is the recipient's: IdentityHash of 2.0 and 3.0, the hash of the address and the salt.

    ``recipient`` is the ``recipient`` of an assertion or an IdentityObject of 3.0. The address is tried as it is
    given and in small letters. A match shows that whoever gave the address knew it, not that it is theirs.
    """
    if not isinstance(recipient, dict) or not email:
        return False
    identity = string(recipient.get("identity")) or string(recipient.get("identityHash"))
    spellings = {email, email.lower()}
    if not identity_is_hashed(recipient):
        return bool(identity) and identity in spellings
    algorithm, _, expected = identity.partition("$")
    salt = string(recipient.get("salt"))
    digest = _HASHES.get(algorithm)
    if digest is None or not expected.isascii():
        return False
    return any(
        hmac.compare_digest(digest((text + salt).encode("utf-8", "replace")).hexdigest(), expected.lower())
        for text in spellings
    )


def read_assertion(document: dict[str, Any], draft: Draft) -> None:
    """All that is taken from an assertion and the badge class and issuer inside it."""
    badge, issuer = parts_of(document)
    language = language_of(document.get("@language"))
    if badge:
        language = language_of(badge.get("@language", document.get("@language")))
    if not draft.put("id", document.get("id"), "id"):
        draft.put("id", name_by_hash(document))
    recipient = document.get("recipient")
    if isinstance(recipient, dict) and not identity_is_hashed(recipient):
        draft.put("learner.id", recipient.get("identity"), "recipient.identity")
    draft.put("awarded_on", day(document.get("issuedOn")), "issuedOn")
    draft.put("expires_on", day(document.get("expires")), "expires")
    draft.put("title", prose(badge.get("name"), language), "badge.name")
    draft.put("description", prose(badge.get("description"), language), "badge.description")
    criteria = badge.get("criteria")
    if isinstance(criteria, dict):
        told = prose(criteria.get("narrative"), language)
        draft.put("assessment", {"criteria": told} if told else None, "badge.criteria.narrative")
    for alignment, path in nodes(badge.get("alignment"), "badge.alignment"):
        read_alignment(alignment, path, draft, language)
    for entry, path in items(document.get("evidence"), "evidence"):
        if isinstance(entry, str):
            draft.put("evidence[]", {"url": entry}, path)
        elif isinstance(entry, dict):
            read_evidence(entry, path, draft, language)
    read_issuer(issuer or badge.get("issuer"), "badge.issuer", draft, language)

"""AnonCreds objects that carry their own proof of who made them. Pure.

An object lives at ``<issuer did>/anoncreds/v1/<KIND>/<sha256 of its RFC 8785 content>`` and travels as a
compact JWS (RFC 7515, alg EdDSA of RFC 8037) by the issuer's assertion key, so that any mirror may serve it
(design.md, "DIDs and keys"). A revocation list (REVLIST) changes over time: its id is that of its revocation
registry, many lists share it, and ``content.timestamp`` orders them; the signature alone protects it.

Invariants of `verify`: the bytes are the only form of what was signed; the key is the caller's, never one
named by the JWS; nothing but `ObjectError` is raised.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from trust_registry import keys, strict_json
from trust_registry.errors import KeyFormatError, ObjectError

OBJECT_BYTES = 2 * 1024 * 1024
MEDIA_TYPE = "application/jose"
_TYP = "cairn-object+jwt"
ID = re.compile(
    r"(?P<did>did:web:[A-Za-z0-9._:%-]+)/anoncreds/v1/(?P<kind>SCHEMA|CREDDEF|REVREG)/(?P<sha256>[0-9a-f]{64})"
)
MAX_ID_CHARS = 1024
_MAX_TIME = 2**40  # seconds; far beyond any date, well inside exact JSON numbers


class Kind(StrEnum):
    SCHEMA = "SCHEMA"
    CREDDEF = "CREDDEF"
    REVREG = "REVREG"
    REVLIST = "REVLIST"


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """The parts of an object id; ``kind`` is never REVLIST."""

    did: str
    kind: Kind
    sha256: str


@dataclass(frozen=True, slots=True)
class SignedObject:
    """What a JWS says. From `parse` it is a claim; from `verify` it is the issuer's word.

    ``kid`` is the key the issuer says it used, ``iat`` unix seconds by the issuer's clock.
    """

    kid: str
    iss: str
    kind: Kind
    id: str
    iat: int
    content: dict[str, Any]
    jws: str

    @property
    def timestamp(self) -> int:
        """Unix seconds from which a REVLIST holds; 0 for other kinds."""
        return int(self.content["timestamp"]) if self.kind is Kind.REVLIST else 0


def canonical(obj: Any) -> bytes:
    """RFC 8785 bytes; `ObjectError` malformed when the value has no such form."""
    try:
        return strict_json.canonical(obj)
    except (ValueError, RecursionError) as error:
        raise ObjectError("malformed", "The content has no canonical JSON form.") from error


def content_sha256(content: Any) -> str:
    """64 hexadecimal digits over the canonical content."""
    return hashlib.sha256(canonical(content)).hexdigest()


def object_id(did: str, kind: Kind | str, content: Any) -> str:
    """The content's address under its issuer's DID (SCHEMA, CREDDEF or REVREG)."""
    identifier = f"{did}/anoncreds/v1/{kind}/{content_sha256(content)}"
    split_object_id(identifier)
    return identifier


def split_object_id(identifier: str) -> ObjectRef:
    """The parts of an object id; `ObjectError` malformed."""
    match = ID.fullmatch(identifier) if len(identifier) <= MAX_ID_CHARS else None
    if match is None:
        raise ObjectError(
            "malformed", "The object id does not have the form <did:web>/anoncreds/v1/<KIND>/<sha256>."
        )
    try:
        keys.did_web_url(match["did"])
    except KeyFormatError as error:
        raise ObjectError("malformed", error.detail) from error
    return ObjectRef(match["did"], Kind(match["kind"]), match["sha256"])


def payload(kind: Kind | str, identifier: str, content: dict[str, Any], iat: int) -> dict[str, Any]:
    """What is signed. For a REVLIST ``identifier`` is the id of its REVREG object."""
    return {
        "iss": split_object_id(identifier).did,
        "kind": str(kind),
        "id": identifier,
        "iat": iat,
        "content": content,
    }


def header(kid: str) -> dict[str, str]:
    """The protected header; ``kid`` is ``<did>#key-1``."""
    return {"alg": "EdDSA", "kid": kid, "typ": _TYP}


def signing_input(header: dict[str, str], payload: dict[str, Any]) -> bytes:
    """The bytes the issuer's Ed25519 key signs (RFC 7515 section 5.1)."""
    return f"{strict_json.b64url(canonical(header))}.{strict_json.b64url(canonical(payload))}".encode("ascii")


def assemble(signing_input: bytes, signature: bytes) -> str:
    """The compact JWS."""
    return f"{signing_input.decode('ascii')}.{strict_json.b64url(signature)}"


def parse(jws: str | bytes) -> SignedObject:
    """Read without verifying; bounded. `ObjectError` malformed, too_large or wrong_issuer."""
    return _split(jws)[0]


def verify(
    jws: str | bytes, *, expected_id: str, key: dict[str, str], kind: Kind | str | None = None
) -> SignedObject:
    """The object, if it is what ``expected_id`` names and ``key`` signed it.

    ``key`` is an Ed25519 public JWK that the caller trusts for the DID in ``expected_id``. ``kind`` defaults
    to the kind in ``expected_id``; pass ``Kind.REVLIST`` for a revocation list, whose ``expected_id`` is the
    id of its revocation registry (without it a list would pass for the registry: they share the id).

    Raises `ObjectError`: bad_signature, wrong_hash, wrong_issuer, wrong_id, malformed, too_large.
    """
    # 1. Form: bounded, one representation, exactly the members of seam 1.
    signed, signature = _split(jws)
    ref = split_object_id(expected_id)
    wanted = Kind(kind) if kind is not None else ref.kind
    # 2. Issuer: the DID that owns the address.
    if signed.iss != ref.did:
        raise ObjectError("wrong_issuer", f"The object says it is by another issuer than {ref.did}.")
    # 3. Signature over the bytes as they came, by the caller's key (RFC 8037 section 3.1).
    try:
        public = Ed25519PublicKey.from_public_bytes(keys.raw_from_jwk(key))
        public.verify(signature, signed.jws.rsplit(".", 1)[0].encode("ascii"))
    except (InvalidSignature, KeyFormatError) as error:
        raise ObjectError(
            "bad_signature", f"The object is not signed by the key given for {ref.did}."
        ) from error
    # 4. Identity: the address and kind asked for.
    if signed.id != expected_id or signed.kind is not wanted:
        raise ObjectError("wrong_id", "The object is another one than the one asked for.")
    # 5. Content: the address is its hash; a list has no hash in its address.
    if signed.kind is not Kind.REVLIST and content_sha256(signed.content) != ref.sha256:
        raise ObjectError("wrong_hash", "The object's content is not what its address names.")
    return signed


def _split(jws: str | bytes) -> tuple[SignedObject, bytes]:
    if len(jws) > OBJECT_BYTES:
        raise ObjectError("too_large", f"The object has more than {OBJECT_BYTES} bytes.")
    try:
        text = jws.decode("ascii") if isinstance(jws, bytes) else jws
        text.encode("ascii")
        head, body, tail = text.split(".")
        raw_head, raw_body, signature = (strict_json.b64url_decode(part) for part in (head, body, tail))
        header_members = strict_json.loads(raw_head, max_bytes=4096)
        members = strict_json.loads(raw_body, max_bytes=OBJECT_BYTES)
        # One representation: a second spelling of the same payload would be a second, equally valid JWS.
        if strict_json.canonical(members) != raw_body or strict_json.canonical(header_members) != raw_head:
            raise ObjectError("malformed", "The object is not in canonical JSON.")
    except ObjectError:
        raise
    except (ValueError, RecursionError) as error:
        raise ObjectError("malformed", "The object is not a compact JWS with canonical JSON.") from error
    return _typed(header_members, members, text), signature


def _typed(head: Any, members: Any, text: str) -> SignedObject:
    # No further header member is accepted: crit, b64 and jwk would change what the signature means.
    if not isinstance(head, dict) or not isinstance(head.get("kid"), str) or head != header(head["kid"]):
        raise ObjectError("malformed", "The JWS header is not that of a signed object.")
    if not isinstance(members, dict) or members.keys() != {"iss", "kind", "id", "iat", "content"}:
        raise ObjectError("malformed", "The payload does not have exactly iss, kind, id, iat and content.")
    iss, kind, identifier, iat, content = (members[name] for name in ("iss", "kind", "id", "iat", "content"))
    if not (isinstance(iss, str) and isinstance(identifier, str) and isinstance(content, dict)):
        raise ObjectError("malformed", "A payload member has the wrong type.")
    if not _is_time(iat) or kind not in list(Kind):
        raise ObjectError("malformed", "The payload's iat or kind cannot be used.")
    ref = split_object_id(identifier)
    if ref.did != iss or content.get("issuerId", iss) != iss or not head["kid"].startswith(f"{iss}#"):
        raise ObjectError("wrong_issuer", "The id, the key id, the content and iss name different issuers.")
    if kind == Kind.REVLIST:
        if ref.kind is not Kind.REVREG or content.get("revRegDefId", identifier) != identifier:
            raise ObjectError("wrong_id", "The revocation list does not belong to the registry it names.")
        if not _is_time(content.get("timestamp")):
            raise ObjectError("malformed", "The revocation list has no usable timestamp.")
    elif ref.kind != kind:
        raise ObjectError("wrong_id", "The kind is not the one in the id.")
    return SignedObject(head["kid"], iss, Kind(kind), identifier, cast(int, iat), content, text)


def _is_time(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MAX_TIME

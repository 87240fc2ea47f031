"""What an offer or request link serves: a compact JWS (RFC 7515, EdDSA of RFC 8037) by its maker's did:web key.

Verification is pure: text, time and keys in, payload out. Steps:

1. Form: three parts, one header of exactly ``alg``, ``typ``, ``kid``; ``alg`` is EdDSA and nothing else.
2. Kind: ``typ`` is the one expected, so an offer never passes for a request.
3. Maker: ``iss`` of the payload is the DID of ``kid``, and (by the caller) the DID of the link's own host.
4. Signature: by a key that this DID publishes for assertions.
5. Time: not expired, not from the future (five minutes of clock difference allowed).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from agent.core.limits import LIMITS, parse_json
from agent.errors import ExpiredError, UntrustedError
from trust_registry.keys import raw_from_jwk, thumbprint

OFFER_TYP = "cairn-offer+jwt"
REQUEST_TYP = "cairn-request+jwt"
CLOCK_SKEW = 300


@dataclass(frozen=True, slots=True)
class SignedLink:
    """A parsed, not yet verified document. ``key`` is empty until `verify` filled it (RFC 7638 thumbprint)."""

    iss: str
    kid: str
    payload: dict[str, Any]
    signing_input: bytes
    signature: bytes
    key: str = ""


def read(jws: bytes, *, typ: str) -> SignedLink:
    """Steps 1 to 3. Raises `UntrustedError` (malformed, wrong_kind, wrong_issuer) or `InputError`."""
    parts = jws.strip().split(b".")
    if len(parts) != 3:
        raise UntrustedError("malformed_link", "The link does not serve a signed document.")
    header = parse_json(_decode(parts[0]), max_bytes=4096, what="signature header")
    payload = parse_json(_decode(parts[1]), max_bytes=LIMITS.link_document_bytes, what="signed document")
    if not isinstance(header, dict) or set(header) != {"alg", "typ", "kid"} or header["alg"] != "EdDSA":
        raise UntrustedError("malformed_link", "The document is not signed in a way that this wallet knows.")
    if header["typ"] != typ:
        raise UntrustedError("wrong_kind", "The link serves another kind of document than was expected.")
    if not isinstance(payload, dict) or not isinstance(payload.get("iss"), str):
        raise UntrustedError("malformed_link", "The signed document does not say who made it.")
    kid = header["kid"]
    if not isinstance(kid, str) or kid.partition("#")[0] != payload["iss"]:
        raise UntrustedError("wrong_issuer", "The document is signed by another DID than the one it names.")
    return SignedLink(payload["iss"], kid, payload, parts[0] + b"." + parts[1], _decode(parts[2]))


def verify(link: SignedLink, *, keys: Mapping[str, dict[str, str]], now: int) -> SignedLink:
    """Steps 4 and 5. ``keys`` maps kid to public JWK; ``now`` is unix seconds.

    Raises `UntrustedError` (unknown_key, bad_signature, from_the_future) or `ExpiredError`.
    """
    key = keys.get(link.kid)
    if key is None:
        raise UntrustedError(
            "unknown_key", "The document is signed by a key that its maker does not publish."
        )
    try:
        Ed25519PublicKey.from_public_bytes(raw_from_jwk(key)).verify(link.signature, link.signing_input)
    except InvalidSignature:
        raise UntrustedError("bad_signature", "The signature of the document does not hold.") from None
    issued, expires = link.payload.get("iat"), link.payload.get("exp")
    if type(issued) is not int or type(expires) is not int:
        raise UntrustedError("malformed_link", "The signed document does not say how long it holds.")
    if issued > now + CLOCK_SKEW:
        raise UntrustedError("from_the_future", "The document says it was made in the future.")
    if now >= expires:
        raise ExpiredError("expired", "The link has expired.", "Ask for a new one.")
    return SignedLink(link.iss, link.kid, link.payload, link.signing_input, link.signature, thumbprint(key))


def _decode(part: bytes) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        raise UntrustedError("malformed_link", "The link does not serve a signed document.") from None

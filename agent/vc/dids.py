"""The keys of DIDs: from a DID document, or from the DID itself. Pure; fetching documents is a service's.

`Keys` says what was found and never raises: a document that does not hold is a fact about the issuer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agent.core.verdict import Result
from agent.vc.facts import Keys
from trust_registry.errors import KeyFormatError
from trust_registry.keys import Jwk, jwk_from_raw, keys_from_did_document, multikey_decode, raw_from_jwk
from trust_registry.strict_json import b64url_decode, loads

_MAX_DID_CHARS = 2048
_ED25519_MULTIKEY = "z6Mk"


def keys_of(did_document: Any, did: str) -> Keys:
    """The Ed25519 keys that ``did`` may assert with, and those it may authenticate with (DID Core 5.3.1, 5.3.2)."""
    try:
        return Keys(
            did=did,
            result=Result.PASS,
            assertion=keys_from_did_document(did_document, did, "assertionMethod"),
            authentication=keys_from_did_document(did_document, did, "authentication"),
        )
    except KeyFormatError as error:
        return Keys(did=did, result=Result.FAIL, reason=error.code, detail=error.detail)


def self_contained(did: str) -> Keys | None:
    """The keys of a did:key or did:jwk; None for every other method."""
    method = did.split(":", 2)[1] if did.startswith("did:") and did.count(":") > 1 else ""
    read = _METHODS.get(method)
    if read is None:
        return None
    if len(did) > _MAX_DID_CHARS:
        return Keys(did=did, result=Result.FAIL, reason="bad_did", detail="The identifier is too long.")
    try:
        return read(did)
    except (KeyFormatError, ValueError):
        return Keys(
            did=did, result=Result.FAIL, reason="bad_did", detail=f"The identifier is no did:{method}."
        )


def _did_key(did: str) -> Keys:
    """did:key method, "Document Creation Algorithm": the key's id repeats the key."""
    multikey = did.removeprefix("did:key:")
    if multikey.startswith("z") and multikey[1:].isalnum() and not multikey.startswith(_ED25519_MULTIKEY):
        return _unsupported(did)
    return _both(did, f"{did}#{multikey}", jwk_from_raw(multikey_decode(multikey)))


def _did_jwk(did: str) -> Keys:
    """did:jwk method, "Read": base64url of a JWK, whose key is ``#0``; one for encryption signs nothing."""
    jwk = loads(b64url_decode(did.removeprefix("did:jwk:")), max_bytes=_MAX_DID_CHARS)
    if not isinstance(jwk, dict) or "d" in jwk:
        raise KeyFormatError("bad_did", "The identifier holds no public key.")
    if jwk.get("crv") != "Ed25519" or jwk.get("use", "sig") != "sig":
        return _unsupported(did)
    return _both(did, f"{did}#0", jwk_from_raw(raw_from_jwk(jwk)))


_METHODS: dict[str, Callable[[str], Keys]] = {"key": _did_key, "jwk": _did_jwk}


def _both(did: str, kid: str, jwk: Jwk) -> Keys:
    return Keys(did=did, result=Result.PASS, assertion={kid: jwk}, authentication={kid: jwk})


def _unsupported(did: str) -> Keys:
    return Keys(
        did=did,
        result=Result.UNKNOWN,
        reason="unsupported_key",
        detail="The identifier's key is not an Ed25519 key for signing.",
    )

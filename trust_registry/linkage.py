"""Domain linkage: does the origin of a DID publish that it is linked to the DID? Pure.

DIF Well-Known DID Configuration, JSON Web Token proof format, EdDSA. It proves DID ↔ origin and nothing about
who stands behind the origin. Entries with Linked Data proofs are not verified here: *unknown*, never a pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from trust_registry import strict_json
from trust_registry.dates import parse_time
from trust_registry.errors import QueryError
from trust_registry.findings import Finding, Result, failed, passed, unknown
from trust_registry.keys import Jwk, raw_from_jwk

CHECK = "linkage"
PATH = "/.well-known/did-configuration.json"
CONTEXT = "https://identity.foundation/.well-known/did-configuration/v1"
_VC_CONTEXT = "https://www.w3.org/2018/credentials/v1"
MAX_BYTES = 64 * 1024
MAX_ENTRIES = 50
_SKEW = timedelta(minutes=5)
_JWT_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class _Jwt:
    header: dict[str, Any]
    payload: dict[str, Any]
    signed: bytes
    signature: bytes


def judge(document: bytes, *, did: str, origin: str, keys: Mapping[str, Jwk], now: datetime) -> Finding:
    """``keys`` are the assertion keys of the DID's document by absolute id, ``origin`` is scheme and host."""
    # 1. The resource: bounded JSON, its context, a list of entries.
    try:
        resource = strict_json.loads(document, max_bytes=MAX_BYTES)
    except (ValueError, RecursionError):
        return failed(CHECK, "not_json", "The DID configuration is not JSON that can be read.")
    if not isinstance(resource, dict) or resource.get("@context") != CONTEXT:
        return failed(CHECK, "wrong_context", "The DID configuration does not have its context.")
    entries = resource.get("linked_dids")
    if not isinstance(entries, list) or len(entries) > MAX_ENTRIES:
        return failed(CHECK, "bad_list", f"The DID configuration lists no DIDs, or over {MAX_ENTRIES}.")
    # 2. One entry about this DID that holds is enough; entries about others are not ours to judge.
    ours: list[Finding] = []
    for entry in entries:
        if isinstance(entry, dict):
            if entry.get("issuer") == did:
                ours.append(unknown(CHECK, "unsupported_proof", "The entry has a Linked Data proof."))
            continue
        jwt = _parse(entry)
        if jwt is not None and jwt.payload.get("iss") == did:
            found = _credential(jwt, did, origin, keys, now)
            if found.result is Result.PASS:
                return found
            ours.append(found)
    if not ours:
        return failed(CHECK, "not_linked", "The DID configuration does not list this DID.")
    # A proof that was not checked may be a good one: then nothing is known.
    return next((one for one in ours if one.result is Result.UNKNOWN), ours[0])


def _credential(jwt: _Jwt, did: str, origin: str, keys: Mapping[str, Jwk], now: datetime) -> Finding:
    # 3. Header: EdDSA by a key of the DID's own document; nothing that changes what the signature means.
    kid = jwt.header.get("kid")
    if jwt.header.get("alg") != "EdDSA" or not jwt.header.keys() <= {"alg", "kid", "typ"}:
        return failed(CHECK, "bad_header", "The credential's header is not one of EdDSA with a key id.")
    key = keys.get(kid) if isinstance(kid, str) else None
    if key is None:
        return failed(CHECK, "unknown_key", "The credential's key is not in the DID's document.")
    try:
        Ed25519PublicKey.from_public_bytes(raw_from_jwk(dict(key))).verify(jwt.signature, jwt.signed)
    except InvalidSignature:
        return failed(CHECK, "bad_signature", "The credential is not signed by the key that it names.")
    # 4. Subject: iss, sub, issuer and credentialSubject.id are all the DID ("Domain Linkage Credential").
    vc = jwt.payload.get("vc")
    subject = vc.get("credentialSubject") if isinstance(vc, dict) else None
    if not isinstance(vc, dict) or not isinstance(subject, dict):
        return failed(CHECK, "bad_credential", "The token holds no credential with a subject.")
    if {jwt.payload.get("sub"), vc.get("issuer"), subject.get("id")} != {did} or "id" in vc:
        return failed(CHECK, "wrong_subject", "The credential is not by and about this DID alone.")
    contexts, types = vc.get("@context"), vc.get("type")
    if not isinstance(contexts, list) or not {_VC_CONTEXT, CONTEXT} <= set(map(str, contexts)):
        return failed(CHECK, "wrong_context", "The credential does not have the contexts of its kind.")
    if not isinstance(types, list) or not {"VerifiableCredential", "DomainLinkageCredential"} <= set(
        map(str, types)
    ):
        return failed(CHECK, "wrong_type", "The credential is not a DomainLinkageCredential.")
    # 5. Origin: exactly the one that was asked.
    if subject.get("origin") not in {origin, f"{origin}/"}:
        return failed(CHECK, "wrong_origin", "The credential is about another origin.")
    return _in_time(jwt.payload, vc, now)


def _in_time(payload: dict[str, Any], vc: dict[str, Any], now: datetime) -> Finding:
    # 6. Time: both forms of the period must hold; without an end it would hold for ever.
    exp, nbf, at = payload.get("exp"), payload.get("nbf"), now.timestamp()
    if exp is None or not _is_time(exp) or (nbf is not None and not _is_time(nbf)):
        return failed(CHECK, "bad_period", "The credential has no usable exp or nbf.")
    try:
        start = parse_time(vc.get("issuanceDate"), "issuanceDate")
        end = parse_time(vc.get("expirationDate"), "expirationDate")
    except QueryError:
        return failed(CHECK, "bad_period", "The credential has no usable dates.")
    if at >= exp or now >= end:
        return failed(CHECK, "expired", "The credential has expired.")
    if now + _SKEW < start or (nbf is not None and at + _SKEW.total_seconds() < nbf):
        return failed(CHECK, "not_yet", "The credential does not hold yet.")
    return passed(CHECK, f"The DID's origin links to it until {end.date()}.")


def _parse(entry: Any) -> _Jwt | None:
    """None for what is not a compact JWT: it cannot be about anybody."""
    try:
        head, body, tail = entry.split(".")
        signed = f"{head}.{body}".encode("ascii")
        header, payload = (
            strict_json.loads(strict_json.b64url_decode(part), max_bytes=_JWT_BYTES) for part in (head, body)
        )
        signature = strict_json.b64url_decode(tail)
    except (AttributeError, ValueError, RecursionError):
        return None
    if not isinstance(header, dict) or not isinstance(payload, dict):
        return None
    return _Jwt(header, payload, signed, signature)


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

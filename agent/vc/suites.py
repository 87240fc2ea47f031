"""The kinds of proof by Ed25519 that are read here: what each signs, and how its signature is written.

EDDSA = W3C Data Integrity EdDSA Cryptosuites v1.0. A suite is found by its ``cryptosuite`` when the type of the proof
is DataIntegrityProof, else by that type.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import base58
import rfc8785

from agent.errors import InputError, UntrustedError
from agent.vc import jsonld
from agent.vc.rdfc import PYLD_ESCAPES, RDFC_ESCAPES, URDNA2015_ESCAPES, Escapes
from trust_registry.strict_json import b64url_decode

EDDSA_RDFC = "eddsa-rdfc-2022"
EDDSA_JCS = "eddsa-jcs-2022"
ED25519_2020 = "Ed25519Signature2020"
ED25519_2018 = "Ed25519Signature2018"

SIGNATURE_BYTES = 64
_MAX_CHARS = 2048
_JWS_HEADER = {"alg": "EdDSA", "b64": False, "crit": ["b64"]}

Canonical = Callable[[Mapping[str, Any]], bytes]


class InvalidProof(UntrustedError):  # noqa: N818 - it names what was met, as the codes do
    """The proof is malformed, or does not hold for this document and key."""


class UnsupportedSuite(InputError):  # noqa: N818 - as above
    """A kind of proof that is not verified here. It may well be good."""


def bad_proof(detail: str) -> InvalidProof:
    return InvalidProof("bad_proof", detail)


@dataclass(frozen=True, slots=True)
class Suite:
    """``canonical``: the form that is signed now, then those that once were. ``member`` holds the signature."""

    type: str
    cryptosuite: str | None
    canonical: tuple[Canonical, ...]
    carries_context: bool = False
    member: str = "proofValue"

    def signature(self, proof: Mapping[str, Any]) -> bytes:
        """The 64 bytes of the signature, which has one spelling only. Raises `InvalidProof` bad_proof."""
        others = {"proofValue", "jws", "signatureValue"} - {self.member}
        text = proof.get(self.member)
        if not isinstance(text, str) or not others.isdisjoint(proof):
            raise bad_proof(f"The proof does not have one signature, in {self.member}.")
        signature = _from_jws(text) if self.member == "jws" else _from_multibase(text)
        if len(signature) != SIGNATURE_BYTES:
            raise bad_proof(f"The signature does not have {SIGNATURE_BYTES} bytes.")
        return signature

    def message(self, hash_data: bytes, proof: Mapping[str, Any]) -> bytes:
        """What was signed; for a detached JWS with its header before it (RFC 7797 section 3)."""
        if self.member == "jws":
            return str(proof["jws"]).partition(".")[0].encode() + b"." + hash_data
        return hash_data


def suite_of(proof: Mapping[str, Any]) -> Suite:
    """The suite of a proof; `UnsupportedSuite` when it is not one of ours, `InvalidProof` when it names none."""
    kind = proof.get("type")
    name = proof.get("cryptosuite") if kind == "DataIntegrityProof" else kind
    if not isinstance(name, str) or not name:
        raise bad_proof("The proof does not say of which kind it is.")
    if name not in SUITES or SUITES[name].type != kind:
        raise _unsupported()
    return SUITES[name]


def signing_suite(name: str) -> Suite:
    """The suite to sign with. Detached JWS are read only: they are what older issuers made."""
    if name not in SUITES or SUITES[name].member != "proofValue":
        raise _unsupported()
    return SUITES[name]


def multibase(signature: bytes) -> str:
    return "z" + base58.b58encode(signature).decode("ascii")


def _rdfc(document: Mapping[str, Any], escapes: Escapes = RDFC_ESCAPES) -> bytes:
    return jsonld.canonical(document, escapes=escapes).encode()


def _jcs(document: Mapping[str, Any]) -> bytes:
    try:
        return rfc8785.dumps(dict(document))
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError):
        raise InputError("bad_value", "The document has a value that RFC 8785 cannot write.") from None


# Before RDFC-1.0 the canonical form of control characters was not settled. DIDKit signs the first of the older forms,
# ACA-Py the second.
_RDFC_OR_OLDER = (_rdfc, partial(_rdfc, escapes=URDNA2015_ESCAPES), partial(_rdfc, escapes=PYLD_ESCAPES))

SUITES: Mapping[str, Suite] = {
    EDDSA_RDFC: Suite("DataIntegrityProof", EDDSA_RDFC, (_rdfc,)),
    EDDSA_JCS: Suite("DataIntegrityProof", EDDSA_JCS, (_jcs,), carries_context=True),
    ED25519_2020: Suite(ED25519_2020, None, _RDFC_OR_OLDER),
    ED25519_2018: Suite(ED25519_2018, None, _RDFC_OR_OLDER, member="jws"),
}


def _from_multibase(text: str) -> bytes:
    if text.startswith("z") and len(text) <= 2 * SIGNATURE_BYTES:
        try:
            signature = bytes(base58.b58decode(text[1:]))
        except ValueError:
            signature = b""
        if multibase(signature) == text:
            return signature
    raise bad_proof("The signature is not base58btc multibase.")


def _from_jws(text: str) -> bytes:
    """A detached JWS (RFC 7797) whose header is the one that Ed25519Signature2018 allows."""
    try:
        header, payload, signature = text[:_MAX_CHARS].split(".")
        if not payload and json.loads(b64url_decode(header)) == _JWS_HEADER:
            return b64url_decode(signature)
    except (ValueError, RecursionError):
        pass
    raise bad_proof("The signature is not a detached JWS by EdDSA.")


def _unsupported() -> UnsupportedSuite:
    return UnsupportedSuite(
        "unsupported_suite",
        "The proof is of a kind that is not verified here.",
        f"Verified are {', '.join(SUITES)}.",
    )

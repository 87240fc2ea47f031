"""Data Integrity proofs by Ed25519: what is signed, the proof with its signature, and whether one holds.

Nothing here signs: keys stay with ACA-Py, so that `prepare` says what has to be signed and `attach` takes the
signature. Whose key it must be, for which purpose and until when is for `agent.vc.rules`.

Specifications: DI = W3C Verifiable Credential Data Integrity 1.0, EDDSA = W3C Data Integrity EdDSA Cryptosuites v1.0.

::

    CairnError
    ├── UntrustedError → InvalidProof      bad_proof, bad_signature: a fail
    └── InputError     → UnsupportedSuite  unsupported_suite: neither pass nor fail

`InputError` from `agent.vc.jsonld` passes through: see `jsonld.UNDECIDED` for those that decide nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import base58
import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from agent.errors import InputError, UntrustedError
from agent.vc import jsonld
from agent.vc.limits import VC_LIMITS
from trust_registry.errors import KeyFormatError
from trust_registry.keys import Jwk, raw_from_jwk
from trust_registry.strict_json import b64url, b64url_decode

EDDSA_RDFC = "eddsa-rdfc-2022"
EDDSA_JCS = "eddsa-jcs-2022"
ED25519_2020 = "Ed25519Signature2020"
ED25519_2018 = "Ed25519Signature2018"

_SIGNATURE_BYTES = 64
_MAX_CHARS = 2048
_STAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_JWS_HEADER = {"alg": "EdDSA", "b64": False, "crit": ["b64"]}


class InvalidProof(UntrustedError):  # noqa: N818 - it names what was met, as the codes do
    """The proof is malformed, or does not hold for this document and key."""


class UnsupportedSuite(InputError):  # noqa: N818 - as above
    """A kind of proof that is not verified here. It may well be good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofOptions:
    """What a proof says besides its signature (DI 2.1). ``cryptosuite`` is a name of the registry below."""

    cryptosuite: str
    verification_method: str
    created: datetime | None = None
    expires: datetime | None = None
    proof_purpose: str = "assertionMethod"
    challenge: str | None = None
    domain: str | tuple[str, ...] | None = None
    nonce: str | None = None
    id: str | None = None
    previous_proof: str | tuple[str, ...] | None = None

    def to_proof(self) -> dict[str, Any]:
        """The proof without its signature, in the order that people expect to read."""
        suite = _suite(self.cryptosuite)
        members = {
            "type": suite.type,
            "id": self.id,
            "cryptosuite": suite.cryptosuite,
            "created": self.created and _stamp(self.created),
            "expires": self.expires and _stamp(self.expires),
            "verificationMethod": self.verification_method,
            "proofPurpose": self.proof_purpose,
            "challenge": self.challenge,
            "domain": list(self.domain) if isinstance(self.domain, tuple) else self.domain,
            "nonce": self.nonce,
            "previousProof": (
                list(self.previous_proof) if isinstance(self.previous_proof, tuple) else self.previous_proof
            ),
        }
        return {name: value for name, value in members.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Prepared:
    """``hash_data`` is what the key signs. ``proof`` is the proof without its signature."""

    document: Mapping[str, Any] = field(repr=False)
    proof: Mapping[str, Any]
    proof_canonical: bytes = field(repr=False)
    document_canonical: bytes = field(repr=False)

    @property
    def hash_data(self) -> bytes:
        """EDDSA 3.2.4 and 3.3.4: the hash of the proof's options, then that of the document."""
        return (
            hashlib.sha256(self.proof_canonical).digest() + hashlib.sha256(self.document_canonical).digest()
        )


def prepare(document: Mapping[str, Any], options: ProofOptions) -> Prepared:
    """What has to be signed for a proof with these options (EDDSA 3.2.1, 3.3.1).

    Proofs that the document has are left out, but for those named by ``previous_proof`` (DI 4.3).
    Raises `UnsupportedSuite`, `InvalidProof` for options that make no proof, `InputError` of `jsonld.canonical`.
    """
    proof = options.to_proof()
    _check_members(proof)
    suite = _suite(options.cryptosuite)
    if suite.carries_context and "@context" in document:
        proof["@context"] = document["@context"]
    return _prepare(document, proof, suite)


def attach(
    document: Prepared | Mapping[str, Any],
    options: ProofOptions,
    signature: bytes,
    *,
    as_list: bool = False,
) -> dict[str, Any]:
    """The document with one more proof. ``as_list``: a list even for a single one, as Open Badges' schema asks."""
    source = document.document if isinstance(document, Prepared) else document
    suite = _suite(options.cryptosuite)
    if len(signature) != _SIGNATURE_BYTES:
        raise InvalidProof("bad_signature", f"An Ed25519 signature has {_SIGNATURE_BYTES} bytes.")
    proof = options.to_proof()
    if suite.carries_context and "@context" in source:
        proof["@context"] = source["@context"]
    proof |= suite.signed(signature)
    proofs = [*proofs_of(source), proof]
    return {**source, "proof": proofs if as_list or len(proofs) > 1 else proof}


def proofs_of(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The proofs of a document, in its order; none is an empty list. Raises `InvalidProof` bad_proof."""
    value = document.get("proof", [])
    found = value if isinstance(value, list) else [value]
    if not all(isinstance(proof, dict) for proof in found):
        raise _bad("A proof is a JSON object.")
    if len(found) > VC_LIMITS.proofs:
        raise _bad(f"The document has more than {VC_LIMITS.proofs} proofs.")
    ids = [json.dumps(proof["id"]) for proof in found if "id" in proof]
    if len(set(ids)) != len(ids):
        raise _bad("Two proofs of the document have the same id.")
    return found


def verify_proof(document: Mapping[str, Any], proof: Mapping[str, Any], key: Jwk) -> None:
    """Return when ``proof``, one of `proofs_of`, was made for ``document`` with the public ``key``.

    1  the suite is one of ours                                    DI 4.4, EDDSA 3.1
    2  the members of the proof are what they must be              DI 2.1
    3  one signature, in its one form                              EDDSA 3.2.2, 3.3.2
    4  proof and document in canonical form                        EDDSA 3.2.3, 3.2.5, 3.3.3, 3.3.5; DI 4.5
    5  the signature holds for the hashes of both                  EDDSA 3.2.7, 3.3.7; RFC 8032 section 5.1.7

    Raises `UnsupportedSuite`, `InvalidProof`, or `InputError` of `jsonld.canonical`. A proof with a
    ``previousProof`` holds only if those it names are verified too: that is for who verifies them all.
    """
    suite = suite_of(proof)  # 1
    _check_members(proof)  # 2
    signature = suite.signature(proof)  # 3
    prepared = _prepare(document, {k: v for k, v in proof.items() if k != suite.member}, suite)  # 4
    try:  # 5
        Ed25519PublicKey.from_public_bytes(raw_from_jwk(key)).verify(
            signature, suite.message(prepared, proof)
        )
    except KeyFormatError as error:
        raise InvalidProof("bad_key", "The key is not an Ed25519 key.") from error
    except InvalidSignature:
        raise InvalidProof(
            "bad_signature",
            "The signature was not made with this key for this document.",
            "The document was changed after it was signed, or another key signed it.",
        ) from None


def timestamp(text: Any) -> datetime:
    """An XML Schema dateTimeStamp, such as ``2026-11-22T12:00:00Z``, in UTC. Raises `InvalidProof` bad_proof."""
    try:
        if isinstance(text, str) and _STAMP.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise _bad("A time of the proof is no date and time with a time zone.")


# The suites. One is found by its ``cryptosuite`` when the type is DataIntegrityProof, else by its type.


@dataclass(frozen=True, slots=True)
class Suite:
    type: str
    cryptosuite: str | None
    canonical: Callable[[Mapping[str, Any]], bytes]
    carries_context: bool = False
    member: str = "proofValue"

    def signed(self, signature: bytes) -> dict[str, str]:
        """The member that holds the signature."""
        if self.member == "jws":
            return {
                "jws": f"{b64url(json.dumps(_JWS_HEADER, separators=(',', ':')).encode())}..{b64url(signature)}"
            }
        return {"proofValue": "z" + base58.b58encode(signature).decode("ascii")}

    def signature(self, proof: Mapping[str, Any]) -> bytes:
        """The 64 bytes of the signature, which has one spelling only."""
        others = {"proofValue", "jws", "signatureValue"} - {self.member}
        text = proof.get(self.member)
        if not isinstance(text, str) or not others.isdisjoint(proof):
            raise _bad(f"The proof does not have one signature, in {self.member}.")
        signature = _from_jws(text) if self.member == "jws" else _from_multibase(text)
        if len(signature) != _SIGNATURE_BYTES:
            raise _bad(f"The signature does not have {_SIGNATURE_BYTES} bytes.")
        return signature

    def message(self, prepared: Prepared, proof: Mapping[str, Any]) -> bytes:
        """What was signed; for a detached JWS with the header before it (RFC 7797 section 3)."""
        if self.member == "jws":
            return proof["jws"].partition(".")[0].encode() + b"." + prepared.hash_data
        return prepared.hash_data


def suite_of(proof: Mapping[str, Any]) -> Suite:
    """The suite of a proof; `UnsupportedSuite` when it is not one of ours."""
    kind = proof.get("type")
    name = proof.get("cryptosuite") if kind == "DataIntegrityProof" else kind
    if isinstance(name, str) and name in SUITES and SUITES[name].type == kind:
        return SUITES[name]
    if not isinstance(name, str) or not name:
        raise _bad("The proof does not say of which kind it is.")
    raise _unsupported()


def _suite(name: str) -> Suite:
    if name not in SUITES:
        raise _unsupported()
    return SUITES[name]


def _rdfc(document: Mapping[str, Any]) -> bytes:
    return jsonld.canonical(document).encode()


def _jcs(document: Mapping[str, Any]) -> bytes:
    try:
        return rfc8785.dumps(document)  # type: ignore[arg-type]  # it takes any mapping that JSON gives
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError):
        raise InputError("bad_value", "The document has a value that RFC 8785 cannot write.") from None


SUITES: Mapping[str, Suite] = {
    EDDSA_RDFC: Suite("DataIntegrityProof", EDDSA_RDFC, _rdfc),
    EDDSA_JCS: Suite("DataIntegrityProof", EDDSA_JCS, _jcs, carries_context=True),
    ED25519_2020: Suite(ED25519_2020, None, _rdfc),
    ED25519_2018: Suite(ED25519_2018, None, _rdfc, member="jws"),
}


def _prepare(document: Mapping[str, Any], proof: Mapping[str, Any], suite: Suite) -> Prepared:
    unsecured = {name: value for name, value in document.items() if name != "proof"}
    if "previousProof" in proof:
        unsecured["proof"] = _previous(document, proof["previousProof"])
    config = dict(proof)
    if suite.carries_context:
        if "@context" in config:
            if not _starts_with(document.get("@context"), config["@context"]):
                raise _bad("The proof was made for other contexts than the document's.")
            unsecured["@context"] = config["@context"]
    else:
        if config.get("@context", document.get("@context")) != document.get("@context"):
            raise _bad("The proof has contexts other than the document's.")
        config["@context"] = document.get("@context")
    return Prepared(document, proof, suite.canonical(config), suite.canonical(unsecured))


def _previous(document: Mapping[str, Any], names: Any) -> list[dict[str, Any]]:
    """DI 4.5: the proofs that this one was added to."""
    wanted = names if isinstance(names, list) else [names]
    proofs = proofs_of(document)
    found = [proof for proof in proofs if proof.get("id") in wanted]
    if len(found) != len(wanted):
        raise _bad("The proof names an earlier proof that the document does not have.")
    return found


def _starts_with(context: Any, beginning: Any) -> bool:
    """EDDSA 3.3.2 step 4: the document may have been given more contexts, after those that were signed."""
    listed = context if isinstance(context, list) else [context]
    first = beginning if isinstance(beginning, list) else [beginning]
    return listed[: len(first)] == first


def _check_members(proof: Mapping[str, Any]) -> None:
    for name in ("verificationMethod", "proofPurpose"):
        if name not in proof:
            raise _bad(f"The proof has no {name}.")
    for name in ("id", "verificationMethod", "proofPurpose", "challenge", "nonce"):
        if name in proof and not _is_text(proof[name]):
            raise _bad(f"The {name} of the proof is not a text.")
    for name in ("domain", "previousProof"):
        value = proof.get(name, "-")
        values = value if isinstance(value, list) else [value]
        if not values or not all(_is_text(item) for item in values) or len(set(values)) != len(values):
            raise _bad(f"The {name} of the proof is not a text or a list of texts.")
    for name in ("created", "expires"):
        if name in proof:
            timestamp(proof[name])


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _MAX_CHARS


def _stamp(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise _bad("A time of the proof has no time zone.")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _from_multibase(text: str) -> bytes:
    if text.startswith("z") and len(text) <= 2 * _SIGNATURE_BYTES:
        try:
            signature = base58.b58decode(text[1:])
        except ValueError:
            signature = b""
        if "z" + base58.b58encode(signature).decode("ascii") == text:
            return bytes(signature)
    raise _bad("The signature is not base58btc multibase.")


def _from_jws(text: str) -> bytes:
    """A detached JWS (RFC 7797) whose header is the one that Ed25519Signature2018 allows."""
    try:
        header, payload, signature = text[:_MAX_CHARS].split(".")
        if not payload and json.loads(b64url_decode(header)) == _JWS_HEADER:
            return b64url_decode(signature)
    except (ValueError, RecursionError):
        pass
    raise _bad("The signature is not a detached JWS by EdDSA.")


def _bad(detail: str) -> InvalidProof:
    return InvalidProof("bad_proof", detail)


def _unsupported() -> UnsupportedSuite:
    return UnsupportedSuite(
        "unsupported_suite",
        "The proof is of a kind that is not verified here.",
        f"Verified are {', '.join(SUITES)}.",
    )

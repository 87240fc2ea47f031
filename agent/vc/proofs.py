"""Data Integrity proofs by Ed25519: what is signed, the proof with its signature, and whether one holds.

Nothing here signs: keys stay with ACA-Py, so that `prepare` says what has to be signed and `attach` takes the
signature. Whose key it must be, for which purpose and until when is for `agent.vc.rules`.

Specifications: DI = W3C Verifiable Credential Data Integrity 1.0, EDDSA = W3C Data Integrity EdDSA Cryptosuites v1.0.

::

    CairnError
    ├── UntrustedError → InvalidProof      bad_proof, bad_key, bad_signature: a fail
    └── InputError     → UnsupportedSuite  unsupported_suite: neither pass nor fail

`InputError` from `agent.vc.jsonld` passes through: see `jsonld.UNDECIDED` for those that decide nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from agent.vc.limits import VC_LIMITS
from agent.vc.suites import (
    ED25519_2018,
    ED25519_2020,
    EDDSA_JCS,
    EDDSA_RDFC,
    SIGNATURE_BYTES,
    Canonical,
    InvalidProof,
    Suite,
    UnsupportedSuite,
    bad_proof,
    multibase,
    signing_suite,
    suite_of,
)
from trust_registry.errors import KeyFormatError
from trust_registry.keys import Jwk, raw_from_jwk

__all__ = (
    "ED25519_2018",
    "ED25519_2020",
    "EDDSA_JCS",
    "EDDSA_RDFC",
    "InvalidProof",
    "Prepared",
    "ProofOptions",
    "UnsupportedSuite",
    "attach",
    "prepare",
    "proofs_of",
    "suite_of",
    "timestamp",
    "verify_proof",
)

_MAX_CHARS = 2048
_STAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_CONTROL = re.compile(rb"\\[tbfu]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofOptions:
    """What a proof says besides its signature (DI 2.1). ``cryptosuite`` is a name of `agent.vc.suites.SUITES`."""

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
        suite = signing_suite(self.cryptosuite)
        members = {
            "type": suite.type,
            "id": self.id,
            "cryptosuite": suite.cryptosuite,
            "created": self.created and _stamp(self.created),
            "expires": self.expires and _stamp(self.expires),
            "verificationMethod": self.verification_method,
            "proofPurpose": self.proof_purpose,
            "challenge": self.challenge,
            "domain": _listed(self.domain),
            "nonce": self.nonce,
            "previousProof": _listed(self.previous_proof),
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

    @property
    def has_controls(self) -> bool:
        """Whether a text has control characters: only then do older forms differ from RDFC-1.0."""
        return any(_CONTROL.search(text) for text in (self.proof_canonical, self.document_canonical))


def prepare(document: Mapping[str, Any], options: ProofOptions) -> Prepared:
    """What has to be signed for a proof with these options (EDDSA 3.2.1, 3.3.1).

    Proofs that the document has are left out, but for those named by ``previous_proof`` (DI 4.3).
    Raises `UnsupportedSuite`, `InvalidProof` for options that make no proof, `InputError` of `jsonld.canonical`.
    """
    suite = signing_suite(options.cryptosuite)
    proof = _unsigned(document, options, suite)
    return _prepare(document, proof, suite, suite.canonical[0])


def attach(
    document: Prepared | Mapping[str, Any],
    options: ProofOptions,
    signature: bytes,
    *,
    as_list: bool = False,
) -> dict[str, Any]:
    """The document with one more proof. ``as_list``: a list even for a single one, as Open Badges' schema asks."""
    source = document.document if isinstance(document, Prepared) else document
    suite = signing_suite(options.cryptosuite)
    if len(signature) != SIGNATURE_BYTES:
        raise InvalidProof("bad_signature", f"An Ed25519 signature has {SIGNATURE_BYTES} bytes.")
    proof = {**_unsigned(source, options, suite), suite.member: multibase(signature)}
    proofs = [*proofs_of(source), proof]
    return {**source, "proof": proofs if as_list or len(proofs) > 1 else proof}


def proofs_of(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The proofs of a document, in its order; none is an empty list. Raises `InvalidProof` bad_proof."""
    value = document.get("proof", [])
    found = value if isinstance(value, list) else [value]
    if not all(isinstance(proof, dict) for proof in found):
        raise bad_proof("A proof is a JSON object.")
    if len(found) > VC_LIMITS.proofs:
        raise bad_proof(f"The document has more than {VC_LIMITS.proofs} proofs.")
    ids = [proof["id"] for proof in found if isinstance(proof.get("id"), str)]
    if len(set(ids)) != len(ids):
        raise bad_proof("Two proofs of the document have the same id.")
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
    unsigned = {name: value for name, value in proof.items() if name != suite.member}
    try:
        public = Ed25519PublicKey.from_public_bytes(raw_from_jwk(key))
    except KeyFormatError as error:
        raise InvalidProof("bad_key", "The key is not an Ed25519 key.") from error
    for canonical in suite.canonical:
        prepared = _prepare(document, unsigned, suite, canonical)  # 4
        try:  # 5
            public.verify(signature, suite.message(prepared.hash_data, proof))
            return
        except InvalidSignature:
            if not prepared.has_controls:
                break
    raise InvalidProof(
        "bad_signature",
        "The signature was not made with this key for this document.",
        "The document was changed after it was signed, or another key signed it.",
    )


def timestamp(text: Any) -> datetime:
    """An XML Schema dateTimeStamp, such as ``2026-11-22T12:00:00Z``, in UTC. Raises `InvalidProof` bad_proof."""
    try:
        if isinstance(text, str) and _STAMP.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise bad_proof("A time of the proof is no date and time with a time zone.")


def _unsigned(document: Mapping[str, Any], options: ProofOptions, suite: Suite) -> dict[str, Any]:
    proof = options.to_proof()
    _check_members(proof)
    if suite.carries_context and "@context" in document:
        proof["@context"] = document["@context"]
    return proof


def _prepare(
    document: Mapping[str, Any], proof: Mapping[str, Any], suite: Suite, canonical: Canonical
) -> Prepared:
    unsecured = {name: value for name, value in document.items() if name != "proof"}
    if "previousProof" in proof:
        unsecured["proof"] = _previous(document, proof["previousProof"])
    config = dict(proof)
    context = document.get("@context")
    if not suite.carries_context:
        if config.get("@context", context) != context:
            raise bad_proof("The proof has contexts other than the document's.")
        config["@context"] = context
    elif "@context" in config:
        if not _starts_with(context, config["@context"]):
            raise bad_proof("The proof was made for other contexts than the document's.")
        unsecured["@context"] = config["@context"]
    return Prepared(document, proof, canonical(config), canonical(unsecured))


def _previous(document: Mapping[str, Any], names: Any) -> list[dict[str, Any]]:
    """DI 4.5: the proofs that this one was added to."""
    wanted = names if isinstance(names, list) else [names]
    found = [proof for proof in proofs_of(document) if proof.get("id") in wanted]
    if len(found) != len(wanted):
        raise bad_proof("The proof names an earlier proof that the document does not have.")
    return found


def _starts_with(context: Any, beginning: Any) -> bool:
    """EDDSA 3.3.2 step 4: the document may have been given more contexts, after those that were signed."""
    listed = context if isinstance(context, list) else [context]
    first = beginning if isinstance(beginning, list) else [beginning]
    return listed[: len(first)] == first


def _check_members(proof: Mapping[str, Any]) -> None:
    for name in ("verificationMethod", "proofPurpose"):
        if name not in proof:
            raise bad_proof(f"The proof has no {name}.")
    for name in ("id", "verificationMethod", "proofPurpose", "challenge", "nonce"):
        if name in proof and not _is_text(proof[name]):
            raise bad_proof(f"The {name} of the proof is not a text.")
    for name in ("domain", "previousProof"):
        value = proof.get(name, "-")
        values = value if isinstance(value, list) else [value]
        if not values or not all(_is_text(item) for item in values) or len(set(values)) != len(values):
            raise bad_proof(f"The {name} of the proof is not a text or a list of texts.")
    for name in ("created", "expires"):
        if name in proof:
            timestamp(proof[name])


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _MAX_CHARS


def _listed(value: str | tuple[str, ...] | None) -> str | list[str] | None:
    return list(value) if isinstance(value, tuple) else value


def _stamp(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise bad_proof("A time of the proof has no time zone.")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"

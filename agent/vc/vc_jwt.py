"""Credentials and presentations that are JSON Web Tokens.

Three encodings are read, each into the VCDM document that `agent.vc.rules` examines:

- VCDM 1.1 section 6.3.1: the claim ``vc`` or ``vp``, whose iss, sub, jti, nbf and exp stand outside it;
- VC-JOSE-COSE sections 3.1.1 and 3.1.2 (``typ`` vc+jwt or vp+jwt): the payload is the document;
- Open Badges 3.0 section 8.2.4 (``typ`` JWT or none): the payload is the document, with the claims beside it.

The key is the caller's: a header's jwk, jku, x5c and x5u are never looked at. Errors: `InputError` for what is
no such token, `InvalidProof` for what does not hold, `UnsupportedSuite` for what cannot be judged here.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from agent.core.verdict import Result
from agent.errors import InputError
from agent.vc.facts import Keys
from agent.vc.limits import VC_LIMITS
from agent.vc.proofs import InvalidProof, UnsupportedSuite
from trust_registry import strict_json
from trust_registry.errors import KeyFormatError
from trust_registry.keys import Jwk, raw_from_jwk

_HEADER_BYTES = 16 * 1024
_MAX_TIME = 253_402_300_799  # the last second of the year 9999
_V2 = "https://www.w3.org/ns/credentials/v2"
# Claims that are about the token. They are no terms of the data model and leave the document.
_TOKEN_CLAIMS = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "nonce", "cnf"})


class Form(StrEnum):
    CREDENTIAL_CLAIM = "vc"
    PRESENTATION_CLAIM = "vp"
    CREDENTIAL = "vc+jwt"
    PRESENTATION = "vp+jwt"
    BADGE = "JWT"


@dataclass(frozen=True, slots=True, kw_only=True)
class VcJwt:
    """A token as it reads; nothing in it is verified.

    ``signer`` is who the token says made it (iss, else the document's issuer or holder), ``key_id`` the key it
    names as an absolute DID URL, empty when it names none. ``expires`` and ``not_before`` are unix seconds.
    """

    form: Form
    alg: str
    signer: str
    key_id: str
    nonce: str = ""
    audience: tuple[str, ...] = ()
    not_before: float | None = None
    expires: float | None = None
    header: Mapping[str, Any] = field(repr=False)
    claims: Mapping[str, Any] = field(repr=False)
    signing_input: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    @property
    def is_presentation(self) -> bool:
        return self.form in (Form.PRESENTATION_CLAIM, Form.PRESENTATION)


def parse(token: str) -> VcJwt:
    """Read a compact JWS that is a credential or a presentation, without verifying it.

    Raises `InputError`: too_large, not_jwt (no compact JWS in its one form, or no JSON), not_vc_jwt (another
    kind of token), bad_claim (a claim that has the wrong type).
    """
    # 1. Form (RFC 7515 section 7.1): bounded, three parts, the one base64url form of each, strict JSON.
    if len(token) > VC_LIMITS.document_bytes:
        raise InputError("too_large", f"The token has more than {VC_LIMITS.document_bytes} characters.")
    try:
        head, body, tail = token.split(".")
        raw_head, raw_body, signature = (strict_json.b64url_decode(part) for part in (head, body, tail))
        header = strict_json.loads(raw_head, max_bytes=_HEADER_BYTES)
        claims = strict_json.loads(raw_body, max_bytes=VC_LIMITS.document_bytes)
    except ValueError:  # its cause could quote the token
        raise InputError("not_jwt", "The text is not a JSON Web Token in its one compact form.") from None
    if not isinstance(header, dict) or not isinstance(claims, dict) or not isinstance(header.get("alg"), str):
        raise InputError("not_jwt", "The token's header or payload is not that of a JSON Web Token.")
    # 2. Which encoding (VCDM 1.1 section 6.3.1, VC-JOSE-COSE section 3.1).
    form = _form(header, claims)
    # 3. Claims have the types of RFC 7519 section 4.1.
    texts = {name: _text(claims, name) for name in ("iss", "sub", "jti", "nonce")}
    times = {name: _time(claims, name) for name in ("nbf", "exp", "iat")}
    # 4. Who says to have signed, and by which key.
    presents = form in (Form.PRESENTATION_CLAIM, Form.PRESENTATION)
    inner = claims[form] if form in (Form.CREDENTIAL_CLAIM, Form.PRESENTATION_CLAIM) else claims
    signer = texts["iss"] or _id_of(inner.get("holder" if presents else "issuer"))
    kid = _text(header, "kid")
    return VcJwt(
        form=form,
        alg=header["alg"],
        signer=signer,
        key_id=signer + kid if kid.startswith("#") else kid,
        nonce=texts["nonce"],
        audience=_audience(claims),
        not_before=times["nbf"],
        expires=times["exp"],
        header=header,
        claims=claims,
        signing_input=f"{head}.{body}".encode("ascii"),
        signature=signature,
    )


def credential_of(parsed: VcJwt) -> dict[str, Any]:
    """The VCDM document (credential or presentation) that the token carries, as a copy.

    Members that the encoding moved into claims are put back. Raises `InvalidProof` claims_differ when a claim
    and the member it stands for are both there and say different things: two readers would see two credentials.
    """
    claims = parsed.claims
    if parsed.form in (Form.CREDENTIAL_CLAIM, Form.PRESENTATION_CLAIM):
        document: dict[str, Any] = copy.deepcopy(claims[parsed.form])
    else:
        document = {name: copy.deepcopy(value) for name, value in claims.items() if name not in _TOKEN_CLAIMS}
    # VC-JOSE-COSE moves nothing out of the document, and its nbf and exp are about the signature only.
    moved = parsed.form not in (Form.CREDENTIAL, Form.PRESENTATION)
    _same(document, "holder" if parsed.is_presentation else "issuer", claims.get("iss"), restore=moved)
    _same(document, "id", claims.get("jti"), restore=moved)
    if parsed.is_presentation:
        return document
    _same_subject(document, claims.get("sub"), restore=moved)
    if moved:
        newer = _is_v2(document)
        _same_time(document, "validFrom" if newer else "issuanceDate", parsed.not_before)
        _same_time(document, "validUntil" if newer else "expirationDate", parsed.expires)
    return document


def key_of(parsed: VcJwt, keys: Keys) -> Jwk | None:
    """The signer's key that the token names; without a name, the only one there is; None when there is none.

    A credential is signed by an assertion key, a presentation by an authentication key (VCDM 2.0 section 4.12).
    """
    if keys.did != parsed.signer or keys.result is not Result.PASS:
        return None
    known = keys.authentication if parsed.is_presentation else keys.assertion
    if parsed.key_id:
        return known.get(parsed.key_id)
    return next(iter(known.values())) if len(known) == 1 else None


def verify(parsed: VcJwt, key: Jwk) -> None:
    """The token is signed by ``key``, which the caller trusts for `VcJwt.signer`, and says nothing twice.

    Raises `InvalidProof`: bad_alg, crit_not_understood, wrong_signer, wrong_key, bad_signature, claims_differ;
    `UnsupportedSuite`: unsupported_alg, key_not_by_did. Dates are not judged: see `check_times`.
    """
    # 1. Algorithm (RFC 8725 sections 3.1 and 3.2): a closed list; the key's type must fit it (step 4).
    alg = parsed.alg
    if alg.lower() == "none" or alg.upper().startswith("HS"):
        raise InvalidProof("bad_alg", "The token says it has no signature that others could check.")
    check = _ALGORITHMS.get(alg)
    if check is None:
        raise UnsupportedSuite(
            "unsupported_alg", "The token's signature algorithm is not one that is verified here."
        )
    # 2. Extensions (RFC 7515 section 4.1.11, RFC 7797): none is understood, so none may be critical.
    if "crit" in parsed.header or "b64" in parsed.header:
        raise InvalidProof(
            "crit_not_understood", "The token demands an extension that is not understood here."
        )
    # 3. The key named is the signer's (VC-JOSE-COSE section 4.1).
    if not parsed.signer.startswith("did:") or (parsed.key_id and not parsed.key_id.startswith("did:")):
        raise UnsupportedSuite("key_not_by_did", "The token's signer or key is not named by a DID.")
    if parsed.key_id and not _owns(parsed.signer, parsed.key_id):
        raise InvalidProof("wrong_signer", "The token names a key that is not its signer's.")
    # 4. and 5. The key fits the algorithm, and the signature holds (RFC 7515 section 5.2).
    check(key, parsed.signature, parsed.signing_input)
    # 6. The claims agree with the document.
    credential_of(parsed)


def check_times(parsed: VcJwt, now: datetime) -> None:
    """The token itself is in force at ``now`` (RFC 7519 sections 4.1.4 and 4.1.5).

    Raises `InvalidProof` expired or not_yet_valid. The dates of a VCDM 1.1 credential or a badge are not
    judged here: they are members of its document, and an expired credential still has a good signature.
    """
    if parsed.form in (Form.CREDENTIAL_CLAIM, Form.BADGE):
        return
    seconds = now.timestamp()
    if parsed.expires is not None and seconds >= parsed.expires:
        raise InvalidProof("expired", "The token's signature has expired.")
    if parsed.not_before is not None and seconds < parsed.not_before:
        raise InvalidProof("not_yet_valid", "The token's signature does not count yet.")


def token_in(entry: Any) -> str | None:
    """The token in an entry of a presentation's ``verifiableCredential``; None when the entry is a document.

    A string (VCDM 1.1 section 6.3.1) or an EnvelopedVerifiableCredential with a data: URL (VCDM 2.0 section
    4.13). Raises `InputError` bad_envelope for an envelope with anything else in it.
    """
    if isinstance(entry, str):
        return entry
    types = entry.get("type") if isinstance(entry, dict) else None
    if not {"EnvelopedVerifiableCredential", "EnvelopedVerifiablePresentation"} & set(_strings(types)):
        return None
    media, _, token = str(entry.get("id")).partition(",")
    if media.lower() not in ("data:application/vc+jwt", "data:application/vp+jwt") or not token:
        raise InputError("bad_envelope", "The enveloped credential is not a vc+jwt in a data: URL.")
    return token


def _form(header: dict[str, Any], claims: dict[str, Any]) -> Form:
    # A media type without its "application/" and in any case is the same one (RFC 7515 section 4.1.9).
    kind = _text(header, "typ").lower().removeprefix("application/")
    content = _text(header, "cty").lower().removeprefix("application/")
    present = [form for form in (Form.CREDENTIAL_CLAIM, Form.PRESENTATION_CLAIM) if form in claims]
    if kind in ("vc+jwt", "vp+jwt"):
        # VC-JOSE-COSE section 3.1: no vc or vp claim; cty says vc or vp.
        if present or content not in ("", kind.removesuffix("+jwt")):
            raise InputError("not_vc_jwt", "The token's header and payload are of different encodings.")
        return Form(kind)
    if kind not in ("", "jwt") or content not in ("", "jwt", "json", "vc", "vp"):
        raise InputError("not_vc_jwt", "The token is of another kind than credentials and presentations.")
    if len(present) == 1 and isinstance(claims[present[0]], dict):
        return present[0]
    if not present and "@context" in claims:
        types = _strings(claims.get("type"))
        return Form.PRESENTATION if "VerifiablePresentation" in types else Form.BADGE
    raise InputError("not_vc_jwt", "The token carries no credential and no presentation, or both.")


def _same(document: dict[str, Any], member: str, claim: Any, *, restore: bool) -> None:
    """``member`` (text, or an object with an id) says what ``claim`` says; put back when it is missing."""
    if claim is None:
        return
    value = document.get(member)
    if isinstance(value, dict):
        _same(value, "id", claim, restore=restore)
    elif value is not None and value != claim:
        raise _differ(member)
    elif value is None and restore:
        document[member] = claim


def _same_subject(document: dict[str, Any], claim: Any, *, restore: bool) -> None:
    if claim is None:
        return
    subject = document.get("credentialSubject")
    if isinstance(subject, list) and len(subject) == 1:
        subject = subject[0]
    if subject is None and restore:
        document["credentialSubject"] = {"id": claim}
    elif not isinstance(subject, dict):
        raise _differ("credentialSubject")
    else:
        _same(subject, "id", claim, restore=restore)


def _same_time(document: dict[str, Any], member: str, claim: float | None) -> None:
    """A NumericDate and a date of the document are the same second."""
    if claim is None:
        return
    if member not in document:
        document[member] = datetime.fromtimestamp(math.floor(claim), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return
    try:
        said = datetime.fromisoformat(document[member])
    except (TypeError, ValueError):
        raise _differ(member) from None
    if said.tzinfo is None or math.floor(said.timestamp()) != math.floor(claim):
        raise _differ(member)


def _differ(member: str) -> InvalidProof:
    return InvalidProof("claims_differ", f"The token's claims and its document's {member} differ.")


def _is_v2(document: dict[str, Any]) -> bool:
    contexts = document.get("@context")
    return (contexts[0] if isinstance(contexts, list) and contexts else contexts) == _V2


def _owns(did: str, key_id: str) -> bool:
    owner, hash_sign, fragment = key_id.partition("#")
    return owner == did and hash_sign == "#" and fragment != ""


def _id_of(value: Any) -> str:
    found = value.get("id") if isinstance(value, dict) else value
    return found if isinstance(found, str) else ""


def _strings(value: Any) -> list[str]:
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)]


def _text(members: dict[str, Any], name: str) -> str:
    value = members.get(name, "")
    if not isinstance(value, str):
        raise InputError("bad_claim", f"The token's {name} is not text.")
    return value


def _time(claims: dict[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if name not in claims:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= _MAX_TIME:
        raise InputError("bad_claim", f"The token's {name} is not a time in seconds.")
    return float(value)


def _audience(claims: dict[str, Any]) -> tuple[str, ...]:
    value = claims.get("aud", [])
    found = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) for item in found):
        raise InputError("bad_claim", "The token's aud is neither text nor a list of texts.")
    return tuple(found)


def _ed25519(key: Jwk, signature: bytes, data: bytes) -> None:
    """RFC 8037 section 3.1 and RFC 9864: Ed25519 only."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(raw_from_jwk(key)).verify(signature, data)
    except KeyFormatError:
        raise _wrong_key() from None
    except InvalidSignature:
        raise _bad_signature() from None


def _es256(key: Jwk, signature: bytes, data: bytes) -> None:
    """RFC 7518 section 3.4: r and s of 32 bytes each, never DER."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
    from cryptography.hazmat.primitives.hashes import SHA256

    if key.get("kty") != "EC" or key.get("crv") != "P-256" or "d" in key:
        raise _wrong_key()
    try:
        x, y = (int.from_bytes(strict_json.b64url_decode(key[name])) for name in ("x", "y"))
        public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    except (KeyError, ValueError):  # a point that is not on the curve is a ValueError too
        raise _wrong_key() from None
    if len(signature) != 64:
        raise _bad_signature()
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    try:
        public.verify(encode_dss_signature(r, s), data, ec.ECDSA(SHA256()))
    except InvalidSignature:
        raise _bad_signature() from None


def _wrong_key() -> InvalidProof:
    return InvalidProof("wrong_key", "The signer's key does not fit the token's algorithm.")


def _bad_signature() -> InvalidProof:
    return InvalidProof("bad_signature", "The token is not signed by its signer's key.")


_ALGORITHMS: Mapping[str, Callable[[Jwk, bytes, bytes], None]] = {
    "EdDSA": _ed25519,
    "Ed25519": _ed25519,
    "ES256": _es256,
}

"""Ed25519 keys in the forms that DIDs use, and the address of a did:web document. Pure.

A key is a public JWK ``{"kty": "OKP", "crv": "Ed25519", "x": …}`` (RFC 8037) everywhere in this package; the
other forms are made from it or turned into it here. Errors: `KeyFormatError`.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, NamedTuple
from urllib.parse import unquote

import base58

from trust_registry.errors import KeyFormatError
from trust_registry.strict_json import b64url, b64url_decode, canonical

Jwk = dict[str, str]

KEY_FRAGMENT = "key-1"
_ED25519_MULTICODEC = b"\xed\x01"  # varint 0xed, multicodec table
_RAW_BYTES = 32
_MAX_DID_CHARS = 512
_LOOPBACK = {"localhost", "127.0.0.1", "[::1]"}
# Lower case and upper-case percent triplets only: one host, one spelling, so that no DID has an alias.
_HOST = re.compile(
    r"(?P<name>\[::1\]|[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*)(?::(?P<port>[1-9][0-9]{0,4}))?"
)
_HOST_ENCODED = re.compile(r"(?:%5B%3A%3A1%5D|[a-z0-9.-]+)(?:%3A[0-9]+)?")
_SEGMENT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")


def jwk_from_raw(raw: bytes) -> Jwk:
    """The public JWK of 32 raw Ed25519 bytes."""
    if len(raw) != _RAW_BYTES:
        raise KeyFormatError("bad_key", f"An Ed25519 public key has {_RAW_BYTES} bytes, not {len(raw)}.")
    return {"kty": "OKP", "crv": "Ed25519", "x": b64url(raw)}


def raw_from_jwk(jwk: Any) -> bytes:
    """The 32 bytes of a public Ed25519 JWK; a private ``d`` is refused, other members are ignored."""
    if not isinstance(jwk, dict) or jwk.get("kty") != "OKP" or jwk.get("crv") != "Ed25519":
        raise KeyFormatError("bad_key", "The key is not an Ed25519 JWK.")
    if "d" in jwk:
        raise KeyFormatError("private_key", "The JWK holds a private key.", "Give the public key only.")
    try:
        raw = b64url_decode(jwk["x"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise KeyFormatError("bad_key", "The JWK's x is not base64url.") from error
    jwk_from_raw(raw)
    return raw


def thumbprint(jwk: Any) -> str:
    """RFC 7638 SHA-256 thumbprint, base64url without padding (43 characters)."""
    return b64url(hashlib.sha256(canonical(jwk_from_raw(raw_from_jwk(jwk)))).digest())


def multikey_encode(raw: bytes) -> str:
    """``z6Mk…``: multibase base58btc over the multicodec prefix and the key (Controlled Identifiers 1.0)."""
    jwk_from_raw(raw)
    return "z" + base58.b58encode(_ED25519_MULTICODEC + raw).decode("ascii")


def multikey_decode(text: Any) -> bytes:
    """The 32 bytes of a ``z6Mk…`` multikey."""
    if not isinstance(text, str) or not text.startswith("z") or len(text) > 64:
        raise KeyFormatError("bad_key", "The key is not a base58btc multikey.")
    try:
        data = base58.b58decode(text[1:])
    except ValueError as error:
        raise KeyFormatError("bad_key", "The multikey is not base58.") from error
    if base58.b58encode(data).decode("ascii") != text[1:]:  # the library ignores white space at the end
        raise KeyFormatError("bad_key", "The multikey is not base58 in its one form.")
    if not data.startswith(_ED25519_MULTICODEC):
        raise KeyFormatError("bad_key", "The multikey is not an Ed25519 key.")
    jwk_from_raw(data[2:])
    return data[2:]


def did_document(did: str, raw_public_key: bytes, *before: bytes) -> dict[str, Any]:
    """A DID document with one key in two forms: ``#key-1`` (Multikey) and ``#key-2020`` for older readers.

    ``before``: keys that sign no more and may still be met, as ``#<thumbprint>``.
    """
    multikey = multikey_encode(raw_public_key)
    methods = [
        _method(did, KEY_FRAGMENT, "Multikey", multikey),
        _method(did, "key-2020", "Ed25519VerificationKey2020", multikey),
        *(_method(did, thumbprint(jwk_from_raw(raw)), "Multikey", multikey_encode(raw)) for raw in before),
    ]
    ids = [method["id"] for method in methods]
    return {
        "@context": [
            "https://www.w3.org/ns/did/v1",
            "https://w3id.org/security/multikey/v1",
            "https://w3id.org/security/suites/ed25519-2020/v1",
        ],
        "id": did,
        "verificationMethod": methods,
        "authentication": ids,
        "assertionMethod": ids,
    }


def _method(did: str, fragment: str, kind: str, multikey: str) -> dict[str, str]:
    return {"id": f"{did}#{fragment}", "type": kind, "controller": did, "publicKeyMultibase": multikey}


def keys_from_did_document(doc: Any, did: str, relationship: str = "assertionMethod") -> dict[str, Jwk]:
    """Ed25519 keys that ``did`` may assert with, or use in another relationship, by absolute key id.

    Reads that relationship only (DID Core 5.3), references and embedded methods, of the types Multikey,
    Ed25519VerificationKey2020, JsonWebKey and JsonWebKey2020. Keys of other types or controllers are left
    out; a document with another ``id``, or a malformed Ed25519 key, is refused.
    """
    if not isinstance(doc, dict) or doc.get("id") != did:
        raise KeyFormatError("wrong_document", f"The document is not that of {did}.")
    listed = doc.get("verificationMethod", [])
    used = doc.get(relationship, [])
    if not isinstance(listed, list) or not isinstance(used, list) or len(listed) + len(used) > 200:
        raise KeyFormatError(
            "wrong_document", "The document's verification methods are not lists of at most 200."
        )
    by_id = {_absolute(item.get("id"), did): item for item in listed if isinstance(item, dict)}
    found: dict[str, Jwk] = {}
    for entry in used:
        method = by_id.get(_absolute(entry, did)) if isinstance(entry, str) else entry
        if not isinstance(method, dict) or method.get("controller", did) != did:
            continue
        kid = _absolute(method.get("id"), did)
        jwk = _method_key(method)
        if jwk is not None and kid.startswith(did + "#"):
            found[kid] = jwk
    return found


class DidWebUrl(NamedTuple):
    """``host`` includes the port; ``path`` is empty or starts with a slash and ends without one."""

    scheme: str
    host: str
    path: str

    @property
    def base(self) -> str:
        """Where the DID's objects live: append ``/anoncreds/v1/…``."""
        return f"{self.scheme}://{self.host}{self.path}"

    @property
    def document(self) -> str:
        """URL of the DID document."""
        return f"{self.base}{'' if self.path else '/.well-known'}/did.json"


def did_web_url(did: str) -> DidWebUrl:
    """(scheme, host, path) of a did:web (did:web method specification, "Read").

    http only for localhost, 127.0.0.1 and [::1], https for every other host. ``did:web:localhost%3A8301`` →
    ``("http", "localhost:8301", "")``; ``did:web:mtu.example:agents:a`` → ``("https", "mtu.example",
    "/agents/a")``. Refuses user info, fragments, queries, dot segments, other IP addresses, upper-case hosts.
    """
    prefix = "did:web:"
    if not isinstance(did, str) or len(did) > _MAX_DID_CHARS or not did.startswith(prefix):
        raise KeyFormatError("bad_did", "The identifier is not a did:web.")
    encoded, *segments = did.removeprefix(prefix).split(":")
    host = unquote(encoded)
    match = _HOST.fullmatch(host)
    if not _HOST_ENCODED.fullmatch(encoded) or match is None:
        raise KeyFormatError("bad_did", "The did:web's host cannot be used.")
    name, port = match["name"], match["port"]
    if port is not None and int(port) > 65535:
        raise KeyFormatError("bad_did", "The did:web's port is too large.")
    if name not in _LOOPBACK and name.rsplit(".", 1)[-1].isdigit():
        raise KeyFormatError("bad_did", "A did:web names a host, not an IP address.")
    if not all(_SEGMENT.fullmatch(segment) for segment in segments):
        raise KeyFormatError("bad_did", "The did:web's path cannot be used.")
    scheme = "http" if name in _LOOPBACK else "https"
    return DidWebUrl(scheme, host, "".join(f"/{segment}" for segment in segments))


def did_web(host: str, *segments: str) -> str:
    """The did:web of ``host`` (with its port) and path segments; the inverse of `did_web_url`."""
    encoded = host.replace("[", "%5B").replace("]", "%5D").replace(":", "%3A")
    did = ":".join(["did:web", encoded, *segments])
    did_web_url(did)
    return did


def _absolute(reference: Any, did: str) -> str:
    if not isinstance(reference, str):
        return ""
    return did + reference if reference.startswith("#") else reference


def _method_key(method: dict[str, Any]) -> Jwk | None:
    """The method's key, or None when it is of a kind we do not use."""
    kind = method.get("type")
    if kind == "Ed25519VerificationKey2020":
        return jwk_from_raw(multikey_decode(method.get("publicKeyMultibase")))
    if kind == "Multikey":
        text = method.get("publicKeyMultibase")
        return (
            jwk_from_raw(multikey_decode(text)) if isinstance(text, str) and text.startswith("z6Mk") else None
        )
    jwk = method.get("publicKeyJwk")
    if kind in {"JsonWebKey", "JsonWebKey2020"} and isinstance(jwk, dict) and jwk.get("crv") == "Ed25519":
        return jwk_from_raw(raw_from_jwk(jwk))
    return None

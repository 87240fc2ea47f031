"""Throw-away Ed25519 keys in the forms that the two sides want, and the DID documents that name them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import base58
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from trust_registry.keys import Jwk, did_document, jwk_from_raw, multikey_encode

_SECRET_MULTICODEC = b"\x80\x26"  # varint 0x1300, ed25519-priv


@dataclass(frozen=True)
class Key:
    """The key of a name: always the same. ``did`` is did:key unless given."""

    name: str
    did: str = ""
    fragment: str = ""

    @property
    def seed(self) -> bytes:
        return hashlib.sha256(f"interop {self.name}".encode()).digest()

    @property
    def raw(self) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()

    @property
    def jwk(self) -> Jwk:
        return jwk_from_raw(self.raw)

    @property
    def controller(self) -> str:
        return self.did or f"did:key:{multikey_encode(self.raw)}"

    @property
    def id(self) -> str:
        return f"{self.controller}#{self.fragment or multikey_encode(self.raw)}"

    def sign(self, data: bytes) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(data)

    def for_node(self) -> dict[str, str]:
        """What Ed25519Multikey.from wants; its secret form is seed and public key together."""
        secret = "z" + base58.b58encode(_SECRET_MULTICODEC + self.seed + self.raw).decode("ascii")
        return {
            "id": self.id,
            "type": "Multikey",
            "controller": self.controller,
            "publicKeyMultibase": multikey_encode(self.raw),
            "secretKeyMultibase": secret,
        }

    def for_openvc(self) -> dict[str, str]:
        return {"id": self.id, "seed": self.seed.hex()}

    def document(self) -> dict[str, Any]:
        """Our own form for did:web; for did:key the form of its method."""
        if self.did:
            return did_document(self.did, self.raw)
        method = {
            "id": self.id,
            "type": "Multikey",
            "controller": self.controller,
            "publicKeyMultibase": multikey_encode(self.raw),
        }
        return {
            "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
            "id": self.controller,
            "verificationMethod": [method],
            "assertionMethod": [self.id],
            "authentication": [self.id],
        }


ISSUER = Key("issuer")
WEB_ISSUER = Key("web issuer", did="did:web:issuer.example", fragment="key-1")
HOLDER = Key("holder")
STRANGER = Key("stranger")

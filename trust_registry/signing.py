"""The registry's own key and the statements it signs (manifest, bindings).

A statement is a compact JWS, header ``{"alg": "EdDSA", "typ": <kind of statement>}``, over canonical JSON.
The type is part of what is signed, so that one kind of statement never passes for another.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from trust_registry import strict_json
from trust_registry.errors import KeyFormatError, ObjectError
from trust_registry.keys import Jwk, jwk_from_raw, raw_from_jwk

_KEY_BYTES = 32
_MAX_STATEMENT_BYTES = 1024 * 1024


class RegistryKey:
    """An Ed25519 signing key; the private part never leaves this object."""

    def __init__(self, raw_private: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(raw_private)
        self.raw_public = self._private.public_key().public_bytes_raw()
        self.jwk: Jwk = jwk_from_raw(self.raw_public)

    @classmethod
    def from_hex(cls, text: str, place: str = "The registry's key file") -> RegistryKey:
        """The key of 64 hexadecimal characters; `KeyFormatError` names ``place`` and never the text."""
        try:
            raw = bytes.fromhex(text)
        except ValueError:
            raw = b""
        if len(raw) != _KEY_BYTES:
            # Not chained: the first error would quote from the text.
            raise KeyFormatError("bad_key_file", f"{place} does not hold a key.") from None
        return cls(raw)

    @classmethod
    def load_or_create(cls, path: Path) -> RegistryKey:
        """The key in ``path`` (hexadecimal, mode 0600), made on first use; `KeyFormatError` if unusable."""
        return cls.from_hex(read_or_create_secret(path, lambda: os.urandom(_KEY_BYTES).hex()))

    def sign(self, data: bytes) -> bytes:
        return self._private.sign(data)

    def sign_statement(self, payload: dict[str, Any], *, typ: str) -> str:
        signing_input = (
            f"{strict_json.b64url(_header(typ))}.{strict_json.b64url(strict_json.canonical(payload))}"
        )
        return f"{signing_input}.{strict_json.b64url(self.sign(signing_input.encode('ascii')))}"


def verify_statement(jws: str, *, typ: str, key: Jwk) -> dict[str, Any]:
    """The payload of a statement of this type by ``key``; `ObjectError` bad_signature or malformed."""
    try:
        head, body, tail = jws.split(".")
        public = Ed25519PublicKey.from_public_bytes(raw_from_jwk(key))
        public.verify(strict_json.b64url_decode(tail), f"{head}.{body}".encode("ascii"))
        if strict_json.b64url_decode(head) != _header(typ):
            raise ObjectError("malformed", f"The statement is not of type {typ}.")
        payload = strict_json.loads(strict_json.b64url_decode(body), max_bytes=_MAX_STATEMENT_BYTES)
    except InvalidSignature as error:
        raise ObjectError("bad_signature", "The statement is not signed by this registry's key.") from error
    except ValueError as error:
        raise ObjectError("malformed", "The statement is not a compact JWS.") from error
    if not isinstance(payload, dict):
        raise ObjectError("malformed", "The statement is not a JSON object.")
    return payload


def read_or_create_secret(path: Path, make: Callable[[], str]) -> str:
    """The text of a file only its owner can read; made (never half written) when it does not exist."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(make() + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # fails if another process was first: its secret counts
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii").strip()


def _header(typ: str) -> bytes:
    return strict_json.canonical({"alg": "EdDSA", "typ": typ})

"""Who signs the registry's statements and knows its own signatures again."""

from __future__ import annotations

from typing import Any, Protocol

from trust_registry.signing import RegistryKey, verify_statement


class Signer(Protocol):
    """The registry's keys. ``table`` and ``number``: where the statement stands, for keys of limited use."""

    def sign_statement(self, payload: dict[str, Any], *, typ: str) -> str: ...

    def verify(self, jws: str, *, typ: str, table: str, number: int) -> dict[str, Any]: ...


class OneKey:
    """`Signer` of a registry with one key, which may sign anything."""

    def __init__(self, key: RegistryKey) -> None:
        self._key = key

    def sign_statement(self, payload: dict[str, Any], *, typ: str) -> str:
        return self._key.sign_statement(payload, typ=typ)

    def verify(self, jws: str, *, typ: str, table: str, number: int) -> dict[str, Any]:  # noqa: ARG002
        return verify_statement(jws, typ=typ, key=self._key.jwk)

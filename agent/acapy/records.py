"""What ACA-Py's admin API answers, narrowed to what the exchange needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from agent.errors import AgentError


@dataclass(frozen=True, slots=True)
class WalletDid:
    """``verkey`` is base58 of the 32 raw bytes of the Ed25519 public key."""

    did: str
    verkey: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """``message`` is the out-of-band invitation to hand over."""

    invi_msg_id: str
    oob_id: str
    message: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ReceivedInvitation:
    """``connection_id`` is empty for an invitation without handshake."""

    oob_id: str
    invi_msg_id: str
    connection_id: str
    state: str


@dataclass(frozen=True, slots=True)
class CredentialExchange:
    """An issue-credential 2.0 exchange, from either side.

    ``preview`` maps attribute names to the offered values. ``credential_id`` (referent) is empty until
    stored, ``rev_reg_id`` and ``cred_rev_id`` until issued, or for ever when the credential is not
    revocable. ``cred_def_id`` and ``schema_id`` come from the offer. ``error`` is ACA-Py's note.
    """

    cred_ex_id: str
    state: str
    role: str
    thread_id: str
    connection_id: str
    error: str
    cred_def_id: str
    schema_id: str
    preview: dict[str, str] = field(repr=False)
    credential_id: str = ""
    rev_reg_id: str = ""
    cred_rev_id: str = ""


@dataclass(frozen=True, slots=True)
class PresentationExchange:
    """A present-proof 2.0 exchange, from either side.

    ``proposal``, ``request``, ``presentation`` are the AnonCreds attachments, empty until they exist.
    ``verified`` is None until verified; ``messages`` are ACA-Py's notes, which may be there although it is
    true, and may be missing although it is false.
    """

    pres_ex_id: str
    state: str
    role: str
    thread_id: str
    connection_id: str
    error: str
    verified: bool | None
    messages: tuple[str, ...]
    proposal: dict[str, Any] = field(repr=False)
    request: dict[str, Any] = field(repr=False)
    presentation: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class HeldCredential:
    """A credential in the wallet; ``rev_reg_id`` and ``cred_rev_id`` are empty when it is not revocable."""

    credential_id: str
    schema_id: str
    cred_def_id: str
    rev_reg_id: str
    cred_rev_id: str
    attributes: dict[str, str] = field(repr=False)


def obj(value: Any, what: str = "answer") -> dict[str, Any]:
    if not isinstance(value, dict):
        raise AgentError("bad_answer", f"ACA-Py's {what} is not an object.")
    return value


def items(value: Any, what: str = "answer") -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise AgentError("bad_answer", f"ACA-Py's {what} is not a list.")
    return [obj(item, what) for item in value]


def text(source: dict[str, Any], name: str) -> str:
    """The member as text; empty when absent or null."""
    value = source.get(name)
    return "" if value is None else str(value)


def need(source: dict[str, Any], name: str) -> str:
    value = source.get(name)
    if not isinstance(value, str) or not value:
        raise AgentError("bad_answer", f"ACA-Py's answer has no {name}.")
    return value


def _member(source: dict[str, Any], *path: str) -> dict[str, Any]:
    value: Any = source
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def wallet_did(value: Any) -> WalletDid:
    found = obj(value)
    return WalletDid(need(found, "did"), need(found, "verkey"))


def credential_exchange(value: Any) -> CredentialExchange:
    """From a bare record or from one with details beside it (ACA-Py answers both)."""
    answer = obj(value)
    record = obj(answer.get("cred_ex_record", answer), "credential exchange")
    detail = _member(answer, "anoncreds")
    offer = _member(record, "by_format", "cred_offer", "anoncreds")
    preview = _member(record, "cred_offer", "credential_preview") or _member(record, "cred_preview")
    attributes = preview.get("attributes")
    return CredentialExchange(
        cred_ex_id=need(record, "cred_ex_id"),
        state=text(record, "state"),
        role=text(record, "role"),
        thread_id=text(record, "thread_id"),
        connection_id=text(record, "connection_id"),
        error=text(record, "error_msg")[:300],
        cred_def_id=text(offer, "cred_def_id"),
        schema_id=text(offer, "schema_id"),
        preview={text(item, "name"): text(item, "value") for item in items(attributes or [])},
        credential_id=text(detail, "cred_id_stored"),
        rev_reg_id=text(detail, "rev_reg_id"),
        cred_rev_id=text(detail, "cred_rev_id"),
    )


def presentation_exchange(value: Any) -> PresentationExchange:
    record = obj(value, "presentation exchange")
    formats = _member(record, "by_format")
    messages = record.get("verified_msgs")
    return PresentationExchange(
        pres_ex_id=need(record, "pres_ex_id"),
        state=text(record, "state"),
        role=text(record, "role"),
        thread_id=text(record, "thread_id"),
        connection_id=text(record, "connection_id"),
        error=text(record, "error_msg")[:300],
        verified={"true": True, "false": False}.get(text(record, "verified")),
        messages=tuple(str(item)[:300] for item in messages[:50]) if isinstance(messages, list) else (),
        proposal=_member(formats, "pres_proposal", "anoncreds"),
        request=_member(formats, "pres_request", "anoncreds"),
        presentation=_member(formats, "pres", "anoncreds"),
    )


def held_credential(value: Any) -> HeldCredential:
    found = obj(value, "credential")
    attributes = obj(found.get("attrs"), "credential's attributes")
    return HeldCredential(
        credential_id=need(found, "referent"),
        schema_id=need(found, "schema_id"),
        cred_def_id=need(found, "cred_def_id"),
        rev_reg_id=text(found, "rev_reg_id"),
        cred_rev_id=text(found, "cred_rev_id"),
        attributes={str(name): str(item) for name, item in attributes.items()},
    )

"""Envelopes that are signed documents: W3C credentials (Open Badges 3.0 among them) and VC-JWTs.

Held: ``secured`` (the credential as it came: an object, or a token), ``record``, and ``holder`` where this wallet
made the DID that the credential is about.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agent.core.record import Record
from agent.core.verdict import Check, Result
from agent.errors import CairnError
from agent.formats.envelope import Held, Secured
from agent.formats.reading import Read, examined, read_credential
from agent.vc import model

if TYPE_CHECKING:
    from agent.formats.envelope import Means, Wallet

BINDING = "Belongs to this wallet"


class SignedDocument:
    name = "ldp_vc"
    label = "Open Badge"
    answers_requests = False

    async def verify(self, held: Held, means: Means) -> Secured:
        return secured_by(await self.read(held["secured"], means), held)

    async def read(self, secured: Any, means: Means) -> Read:
        found = await examined(secured, means)
        return await read_credential(found.credentials[0])

    async def binding(self, held: Held, wallet: Wallet) -> Check:
        return await _binding(_subjects(held["secured"]), wallet)

    def export(self, held: Held) -> bytes:
        return json.dumps(held["secured"], ensure_ascii=False, indent=2).encode()


class SignedToken:
    name = "vc_jwt"
    label = "signed token"
    answers_requests = False

    async def verify(self, held: Held, means: Means) -> Secured:
        return secured_by(await self.read(held["secured"], means), held)

    async def read(self, secured: Any, means: Means) -> Read:
        found = await examined(model.enveloped(secured), means)
        return await read_credential(found.credentials[0], secured)

    async def binding(self, held: Held, wallet: Wallet) -> Check:
        from agent.vc import vc_jwt

        return await _binding(_subjects(vc_jwt.credential_of(vc_jwt.parse(held["secured"]))), wallet)

    def export(self, held: Held) -> bytes:
        return str(held["secured"]).encode()


def secured_by(read: Read, held: Held) -> Secured:
    """The rules' checks, and whether the record that is shown is still what the credential says."""
    checks = read.checks
    if not any(check.code == "record" for check in checks):
        checks += (_record(read, Record.from_json(held["record"])),)
    return Secured(read.issuer, read.key, checks, read.beside)


def _record(read: Read, record: Record) -> Check:
    label = "Record unchanged"
    if read.record != record:
        return Check("record", label, Result.FAIL, "record_differs", "The record is not what the file says.")
    return Check("record", label, Result.PASS, detail="equals what the credential says")


def _subjects(document: Any) -> list[str]:
    subjects = model.as_list(document.get("credentialSubject")) if isinstance(document, dict) else []
    return [model.id_of(each) if isinstance(each, dict) else "" for each in subjects]


async def _binding(subjects: list[str], wallet: Wallet) -> Check:
    """Whether the DID that the credential is about is one of this wallet."""
    if len(subjects) != 1 or not subjects[0]:
        return unbound("It names nobody by a key, so nobody can prove that it is theirs.")
    try:
        ours = subjects[0].startswith("did:") and await wallet.has_did(subjects[0])
    except CairnError as error:
        detail = "The agent that keeps the keys is not running."
        return Check("binding", BINDING, Result.UNKNOWN, error.code, detail)
    if not ours:
        detail = "It is about a DID that is not of this wallet; it may be yours in another one."
        return Check("binding", BINDING, Result.UNKNOWN, "subject_not_ours", detail)
    return Check("binding", BINDING, Result.PASS, detail="about a key of this wallet")


def unbound(detail: str) -> Check:
    return Check("binding", BINDING, Result.UNKNOWN, "no_subject_id", detail)

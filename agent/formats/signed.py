"""Envelopes that are signed documents: W3C credentials (Open Badges 3.0 among them), VC-JWTs, Open Badges 2.0.

Held: ``secured`` (the credential as it came: an object, or a token), ``record``, and ``holder`` where this wallet
made the DID that the credential is about.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agent.core.limits import parse_json
from agent.core.record import Record
from agent.core.verdict import Check, Evidence, Result
from agent.errors import CairnError
from agent.formats.envelope import Held, Secured
from agent.formats.reading import Read, examined, read_credential
from agent.vc import badge2, model
from agent.vc.facts import Fetched
from agent.vc.limits import VC_LIMITS

if TYPE_CHECKING:
    from agent.formats.envelope import Means, Wallet

BINDING = "Belongs to this wallet"


class SignedDocument:
    name = "ldp_vc"
    label = "Open Badge"
    answers_requests = False

    async def verify(self, held: Held, means: Means) -> Secured:
        return _secured(await self.read(held["secured"], means), held)

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
        return _secured(await self.read(held["secured"], means), held)

    async def read(self, secured: Any, means: Means) -> Read:
        found = await examined(model.enveloped(secured), means)
        return await read_credential(found.credentials[0], secured)

    async def binding(self, held: Held, wallet: Wallet) -> Check:
        from agent.vc import vc_jwt

        return await _binding(_subjects(vc_jwt.credential_of(vc_jwt.parse(held["secured"]))), wallet)

    def export(self, held: Held) -> bytes:
        return str(held["secured"]).encode()


class OpenBadge2:
    """Open Badges 2.0: an assertion is as good as the address that serves it (2.0 section "Verification").

    The signed kind is not verified here: its keys are RSA keys of a format that nobody else uses.
    """

    name = "open_badge_2"
    label = "Open Badge 2.0"
    answers_requests = False

    async def verify(self, held: Held, means: Means) -> Secured:
        return _secured(await self.read(held["secured"], means), held)

    async def read(self, secured: Any, means: Means) -> Read:
        from agent.vc import understand

        seen = understand.understand(secured)
        address = badge2.hosted_at(secured)
        hosted = _hosted(secured, await means.lookups.document(address)) if address else _signed_kind()
        key = Check("issuer_key", "Signed with a key of the issuer", Result.UNKNOWN, "no_key", _NO_KEY)
        issuer = "" if seen.record is None else seen.record.issuer.did
        return Read(seen.record, issuer, "", "", (hosted, key), unknown=seen.unknown)

    async def binding(self, held: Held, wallet: Wallet) -> Check:
        del held, wallet
        return _unbound("It names its holder by an address or its hash, which proves nothing.")

    def export(self, held: Held) -> bytes:
        return json.dumps(held["secured"], ensure_ascii=False, indent=2).encode()


_NO_KEY = "An Open Badge of version 2.0 names its issuer by a web address, without a key."


def _hosted(document: dict[str, Any], answer: Fetched) -> Check:
    label = "Still published by its issuer, unchanged"
    evidence = (Evidence("hosted", "address of the assertion", url=answer.url),)
    if answer.result is not Result.PASS:
        # 404 and 410 are how an issuer of 2.0 revokes; a broken site answers the same.
        result = Result.FAIL if answer.reason == "gone" else Result.UNKNOWN
        return Check("signature", label, result, answer.reason, answer.detail, evidence=evidence)
    try:
        published = parse_json(answer.content, max_bytes=VC_LIMITS.document_bytes, what="published assertion")
    except CairnError as error:
        return Check("signature", label, Result.UNKNOWN, error.code, error.detail, evidence=evidence)
    if isinstance(published, dict) and published.get("revoked") is True:
        return Check("signature", label, Result.FAIL, "revoked", "The issuer revoked it.", evidence=evidence)
    if _core(published) != _core(document):
        detail = "Its address serves another assertion."
        return Check("signature", label, Result.FAIL, "hosted_differs", detail, evidence=evidence)
    return Check("signature", label, Result.PASS, detail="its address serves the same", evidence=evidence)


def _core(document: Any) -> Any:
    """What an assertion itself says. Its badge class may be inside it or behind an address: that is one thing."""
    if not isinstance(document, dict):
        return None
    badge = document.get("badge")
    return {**document, "badge": badge.get("id") if isinstance(badge, dict) else badge}


def _signed_kind() -> Check:
    detail = "Assertions of version 2.0 that are signed, and not hosted, are not verified here."
    return Check("signature", "Signed, and not changed since", Result.UNKNOWN, "unsupported_suite", detail)


def _secured(read: Read, held: Held) -> Secured:
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
        return _unbound("It names nobody by a key, so nobody can prove that it is theirs.")
    try:
        ours = subjects[0].startswith("did:") and await wallet.has_did(subjects[0])
    except CairnError as error:
        detail = "The agent that keeps the keys is not running."
        return Check("binding", BINDING, Result.UNKNOWN, error.code, detail)
    if not ours:
        detail = "It is about a DID that is not of this wallet; it may be yours in another one."
        return Check("binding", BINDING, Result.UNKNOWN, "subject_not_ours", detail)
    return Check("binding", BINDING, Result.PASS, detail="about a key of this wallet")


def _unbound(detail: str) -> Check:
    return Check("binding", BINDING, Result.UNKNOWN, "no_subject_id", detail)

"""The AnonCreds envelope, and what AnonCreds objects say: who signed a definition, and whether one is revoked.

Objects come verified from `agent.net.objects`; failures to get them are answers here, not exceptions, because
"could not be checked" is a result of its own.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from agent.core.attributes import check_attributes
from agent.core.presentation import CredDefFacts, RevRegFacts
from agent.core.record import Record
from agent.core.verdict import Check, Evidence, Result
from agent.errors import CairnError, NotFoundError, UnreachableError
from agent.formats.envelope import Held, Means, Secured, Wallet
from agent.formats.lists import StatusLists
from agent.net.objects import ObjectResolver, Resolved

STATUS_LABEL = "Not revoked"
EXPORT_TYPE = "cairn-anoncreds-export"
_INDEX = re.compile(r"[0-9]{1,10}")
EXPORTED = ("record", "attributes", "schema_id", "cred_def_id", "rev_reg_id", "cred_rev_id")


class AnonCreds:
    """Held: ``referent`` (ACA-Py's name for it), ``attributes``, ``schema_id``, ``cred_def_id``, ``rev_reg_id`` and
    ``cred_rev_id`` (both empty when it cannot be revoked), ``received_at``."""

    name = "anoncreds"
    label = "AnonCreds credential"
    answers_requests = True

    async def verify(self, held: Held, means: Means) -> Secured:
        record = Record.from_json(held["record"])
        by = await signer(means.objects, held["cred_def_id"])
        checks = (
            _signature(held, by.check),
            by.check,
            await status(means.lists, held["rev_reg_id"], held["cred_rev_id"]),
            _record(record, held),
        )
        return Secured(by.did, by.key, checks)

    async def binding(self, held: Held, wallet: Wallet) -> Check:
        """Whether ACA-Py's wallet, whose secret the credential was issued to, still has it."""
        label = "Belongs to this wallet"
        try:
            found = await wallet.has_credential(held["referent"])
        except CairnError as error:
            detail = "The agent that keeps the keys is not running."
            return Check("binding", label, Result.UNKNOWN, error.code, detail)
        if not found:
            detail = "The agent no longer has it, so it cannot be presented."
            return Check("binding", label, Result.FAIL, "not_in_wallet", detail)
        return Check("binding", label, Result.PASS, detail="issued to this wallet's own secret")

    def export(self, held: Held) -> bytes:
        """What it says and where its definition and status are. The secret part stays: who has the file can
        check the record, the issuer's key, the status and the dates, and nobody can present it from there."""
        document = {"type": EXPORT_TYPE, "version": 1, **{name: held[name] for name in EXPORTED}}
        return json.dumps(document, ensure_ascii=False, indent=2).encode()


def _signature(held: Held, by: Check) -> Check:
    """ACA-Py checked the credential's signature against its definition when it was stored; what can change is
    whether that definition is the issuer's, which is the next row."""
    label = "Signature"
    if by.result is Result.FAIL:
        return Check("signature", label, Result.FAIL, by.reason, "its definition is not the issuer's")
    evidence = (Evidence("cred_def", held["cred_def_id"], at=held.get("received_at", "")),)
    if "referent" not in held:
        detail = "Of an AnonCreds credential only its holder can prove the signature, by answering a request."
        return Check("signature", label, Result.UNKNOWN, "only_by_presentation", detail, evidence=evidence)
    return Check("signature", label, Result.PASS, detail="verified when it was stored", evidence=evidence)


def _record(record: Record, held: Held) -> Check:
    """The full record is bound by its digest; the wallet keeps both and compares them again."""
    label = "Record unchanged"
    different = check_attributes(record, held["attributes"])
    if different:
        return Check("record", label, Result.FAIL, "record_differs", f"differs in {', '.join(different)}")
    evidence = Evidence("digest", "record digest", sha256=record.digest())
    return Check(
        "record", label, Result.PASS, detail="equals the digest that was signed", evidence=(evidence,)
    )


@dataclass(frozen=True, slots=True)
class Signer:
    """Who published a credential definition: ``key`` is an RFC 7638 thumbprint, empty when not known."""

    did: str
    key: str
    check: Check


def _failure(error: CairnError) -> tuple[Result, str]:
    """Not having got something is unknown; having got something that does not hold is a failure."""
    unknown = isinstance(error, UnreachableError | NotFoundError)
    return (Result.UNKNOWN if unknown else Result.FAIL), error.code


async def signer(objects: ObjectResolver, cred_def_id: str) -> Signer:
    """The issuer's key behind a credential definition, as a check row."""
    did = cred_def_id.partition("/anoncreds/")[0]
    label = "Issuer's key"
    try:
        found = await objects.get(cred_def_id)
    except CairnError as error:
        result, reason = _failure(error)
        return Signer(did, "", Check("issuer_key", label, result, reason, error.detail))
    how = "published by the issuer" if found.key == "did_document" else "pinned by the trust registry"
    evidence = Evidence("key", found.thumbprint, value=found.signed.kid)
    return Signer(
        did,
        found.thumbprint,
        Check(
            "issuer_key",
            label,
            Result.PASS,
            detail=f"credential definition signed with a key {how}",
            evidence=(evidence,),
        ),
    )


async def status(lists: StatusLists, rev_reg_id: str, cred_rev_id: str) -> Check:
    """Whether the newest list revokes index ``cred_rev_id``."""
    if not rev_reg_id:
        return Check("status", STATUS_LABEL, Result.PASS, detail="this credential cannot be revoked")
    try:
        found = await lists.newest(rev_reg_id)
    except CairnError as error:
        result, reason = _failure(error)
        return Check(
            "status", STATUS_LABEL, result, reason, f"The status list could not be read: {error.detail}"
        )
    evidence = Evidence("status_list", f"list of {found.signed.timestamp}", value=f"from the {found.source}")
    bits = found.signed.content.get("revocationList")
    index = int(cred_rev_id) if _INDEX.fullmatch(cred_rev_id) else -1
    if not isinstance(bits, list) or not 0 <= index < len(bits) or bits[index] not in (0, 1):
        return Check(
            "status",
            STATUS_LABEL,
            Result.FAIL,
            "no_such_status",
            "The status list has no place for it.",
            evidence=(evidence,),
        )
    if bits[index] == 1:
        return Check(
            "status", STATUS_LABEL, Result.FAIL, "revoked", "revoked by the issuer", evidence=(evidence,)
        )
    return Check(
        "status",
        STATUS_LABEL,
        Result.PASS,
        detail="not on the issuer's newest revocation list",
        evidence=(evidence,),
    )


async def cred_def_facts(objects: ObjectResolver, ids: Iterable[str]) -> dict[str, CredDefFacts]:
    """For the verdict on a presentation (`agent.core.presentation`, steps 10 to 12)."""
    wanted = sorted(set(ids))
    found = await asyncio.gather(*(_cred_def(objects, id) for id in wanted))
    return dict(zip(wanted, found, strict=True))


async def rev_reg_facts(objects: ObjectResolver, ids: Iterable[str]) -> dict[str, RevRegFacts]:
    wanted = sorted(set(ids))
    found = await asyncio.gather(*(_rev_reg(objects, id) for id in wanted))
    return dict(zip(wanted, found, strict=True))


async def _cred_def(objects: ObjectResolver, id: str) -> CredDefFacts:
    did = id.partition("/anoncreds/")[0]
    try:
        found = await objects.get(id)
    except CairnError as error:
        result, reason = _failure(error)
        return CredDefFacts(did, "", result, reason=reason, detail=error.detail)
    content = found.signed.content
    value = content.get("value")
    return CredDefFacts(
        issuer_did=did,
        schema_id=str(content.get("schemaId", "")),
        signed=Result.PASS,
        key_thumbprint=found.thumbprint,
        supports_revocation=bool(value.get("revocation")) if isinstance(value, dict) else None,
    )


async def _rev_reg(objects: ObjectResolver, id: str) -> RevRegFacts:
    did = id.partition("/anoncreds/")[0]
    try:
        definition = await objects.get(id)
    except CairnError as error:
        result, reason = _failure(error)
        return RevRegFacts(did, "", result, None, reason)
    cred_def_id = str(definition.signed.content.get("credDefId", ""))
    try:
        newest: Resolved = await objects.revocation_list(id)
    except CairnError as error:
        return RevRegFacts(did, cred_def_id, Result.PASS, None, error.code)
    return RevRegFacts(did, cred_def_id, Result.PASS, newest.signed.timestamp)


def identifiers(presentation: dict[str, Any]) -> tuple[set[str], set[str]]:
    """Ids of the credential definitions and revocation registries that a presentation names."""
    named = presentation.get("identifiers")
    entries = [entry for entry in named if isinstance(entry, dict)] if isinstance(named, list) else []
    cred_defs = {entry["cred_def_id"] for entry in entries if isinstance(entry.get("cred_def_id"), str)}
    rev_regs = {entry["rev_reg_id"] for entry in entries if isinstance(entry.get("rev_reg_id"), str)}
    return cred_defs, rev_regs

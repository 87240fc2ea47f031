"""Verifying what was opened: facts gathered, rules applied, and a second implementation asked where there is one.

One path for files that anybody verifies and for credentials that a wallet keeps (`agent.formats.signed`).
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from agent.core.record import Record
from agent.core.verdict import Check, Result
from agent.errors import CairnError
from agent.vc import model, rules, second_opinion, understand
from agent.vc.facts import Facts, Keys
from agent.vc.rules import Examined, ExaminedCredential
from trust_registry.keys import Jwk

if TYPE_CHECKING:
    from agent.formats.envelope import Means

V1 = model.V1


@dataclass(frozen=True, slots=True)
class Read:
    """One credential of a file. ``key``: thumbprint of the issuer's key that signed, empty when not established.

    ``beside``: what stands beside the verdict and decides nothing (the second opinion).
    """

    record: Record | None
    issuer: str
    subject_id: str
    key: str
    checks: tuple[Check, ...]
    beside: tuple[Check, ...] = ()
    unknown: tuple[tuple[str, str], ...] = ()


async def examined(
    document: dict[str, Any], means: Means, *, challenge: str | None = None, domain: str | None = None
) -> Examined:
    """The rules' answer, with keys that the trust registry pinned where an issuer's own document cannot be had."""
    wanted = rules.needs(document)
    facts = await means.lookups.gather(means.now, dids=wanted.dids, urls=wanted.urls)
    # Canonical forms take tens of milliseconds of computing: the service must go on answering meanwhile.
    found = await asyncio.to_thread(rules.examine, document, facts, challenge=challenge, domain=domain)
    for did in _unreached(facts):
        for key in await means.objects.pinned_keys(did):
            pinned = _with_pinned(facts, did, key, found)
            again = await asyncio.to_thread(
                rules.examine, document, pinned, challenge=challenge, domain=domain
            )
            if _passes(again, did):
                found, facts = _noted(again, did), pinned
                break
    return found


async def second(check: Check | None, document: str, kind: str) -> tuple[Check, ...]:
    """DIDKit's word beside our check of the signature; nothing where it cannot know the format."""
    from agent.formats import didkit

    if check is None:
        return ()
    opinion = await didkit.second_opinion(document, kind="jwt" if kind == "jwt" else "ldp")
    return second_opinion.checks(check, opinion)


async def read_credential(one: ExaminedCredential, jwt: str = "") -> Read:
    """With what is understood of it; a credential that cannot be understood keeps its checks."""
    record: Record | None = None
    unknown: tuple[tuple[str, str], ...] = ()
    checks = one.checks
    try:
        seen = understand.understand(one.document)
        record, unknown = seen.record, seen.unknown
    except CairnError as error:
        # Not a record, or one that says two things (record_differs): what is shown must be what was signed.
        if error.code == "record_differs":
            checks += (
                Check("record", "Record unchanged", Result.FAIL, error.code, error.detail, one.subject),
            )
    signature = next((check for check in checks if check.code == "signature"), None)
    older = V1 in model.as_list(one.document.get("@context"))
    beside: tuple[Check, ...] = ()
    if jwt:
        beside = await second(signature, jwt, "jwt")
    elif older:
        beside = await second(signature, json.dumps(one.document), "ldp")
    key = one.signers[0].key if one.signers else ""
    return Read(record, one.issuer, _subject(one.document), key, checks, beside, unknown)


def _subject(document: dict[str, Any]) -> str:
    subjects = model.as_list(document.get("credentialSubject"))
    ids = {model.id_of(each) for each in subjects if isinstance(each, dict)}
    return ids.pop() if len(ids) == 1 else ""


def _unreached(facts: Facts) -> list[str]:
    """DIDs whose documents nobody could fetch now; one that came and does not hold is not overruled."""
    return [
        did
        for did, keys in facts.keys.items()
        if keys.result is Result.UNKNOWN and did.startswith("did:web:")
    ]


def _with_pinned(facts: Facts, did: str, key: Jwk, found: Examined) -> Facts:
    """``key`` under every name by which the document calls keys of ``did``."""
    methods = {
        evidence.value
        for check in found.checks
        for evidence in check.evidence
        if evidence.kind == "proof" and evidence.value.partition("#")[0] == did
    }
    keys = Keys(did=did, result=Result.PASS, assertion=dict.fromkeys(methods, key))
    return replace(facts, keys={**facts.keys, did: keys})


def _passes(found: Examined, did: str) -> bool:
    return any(one.issuer == did and one.signers for one in found.credentials)


def _noted(found: Examined, did: str) -> Examined:
    """Where a key is known from belongs on the screen."""
    detail = "The issuer cannot be reached now; the trust registry pinned this key for it."

    def noted(one: ExaminedCredential) -> ExaminedCredential:
        if one.issuer != did:
            return one
        checks = tuple(
            replace(check, detail=detail)
            if check.code == "issuer_key" and check.result is Result.PASS
            else check
            for check in one.checks
        )
        return replace(one, checks=checks)

    credentials = tuple(map(noted, found.credentials))
    of_credentials = {(check.code, check.subject): check for one in credentials for check in one.checks}
    checks = tuple(of_credentials.get((check.code, check.subject), check) for check in found.checks)
    return replace(found, checks=checks, credentials=credentials)

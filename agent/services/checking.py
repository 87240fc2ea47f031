"""The check rows of a credential or an offer: authenticity, status, dates, completeness, and the registry."""

from __future__ import annotations

import asyncio
from datetime import date

from agent.core import taxonomy
from agent.core.attributes import check_attributes
from agent.core.findings import Finding, Outcome
from agent.core.profiles import validate
from agent.core.record import Record, only_country
from agent.core.signed_link import SignedLink
from agent.core.verdict import Check, Evidence, Result, combine
from agent.errors import CairnError
from agent.formats import anoncreds
from agent.services import clock, trust
from agent.services.node import Node
from agent.store.vault import Document

PROFILE = "council"


async def offer_checks(node: Node, record: Record, link: SignedLink) -> tuple[tuple[Check, ...], str]:
    """What can be known before anything is accepted, and the id of the institution behind the key."""
    evidence = Evidence("key", link.key, value=link.kid)
    signature = Check(
        "signature",
        "Offer's signature",
        Result.PASS,
        detail=f"signed by {record.issuer.host}",
        evidence=(evidence,),
    )
    answer = await _ask(node, record, link.key)
    checks = (signature, _dates(record, clock.today()), _complete(record), *trust.checks(answer))
    return checks, _institution(answer)


class Round:
    """What the checks of one round share: each status list, and ACA-Py's list of credentials, are read once."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self.lists = anoncreds.StatusLists(node.objects)
        self._held: asyncio.Task[frozenset[str]] | None = None

    async def binding(self, referent: str) -> Check:
        """Whether ACA-Py's wallet, whose secret the credential was issued to, still has it."""
        label = "Belongs to this wallet"
        if self._held is None:
            self._held = asyncio.create_task(self._read())
        try:
            held = await asyncio.shield(self._held)
        except CairnError as error:
            detail = "The agent that keeps the keys is not running."
            return Check("binding", label, Result.UNKNOWN, error.code, detail)
        if referent not in held:
            detail = "The agent no longer has it, so it cannot be presented."
            return Check("binding", label, Result.FAIL, "not_in_wallet", detail)
        return Check("binding", label, Result.PASS, detail="issued to this wallet's own secret")

    async def _read(self) -> frozenset[str]:
        admin = self._node.admin_now()
        return frozenset(held.credential_id for held in await admin.list_credentials())


async def credential_checks(node: Node, credential: Document, shared: Round | None = None) -> Document:
    """Run every check on a held credential; the result is merged into its document."""
    shared = shared or Round(node)
    record = Record.from_json(credential["record"])
    signer = await anoncreds.signer(node.objects, credential["cred_def_id"])
    status = await anoncreds.status(shared.lists, credential["rev_reg_id"], credential["cred_rev_id"])
    answer = await _ask(node, record, signer.key)
    checks = (
        _signature(credential, signer.check),
        signer.check,
        status,
        _dates(record, clock.today()),
        _record(record, credential),
        await shared.binding(credential["referent"]),
        _complete(record),
        *trust.checks(answer),
    )
    return {
        "checks": [check.to_json() for check in checks],
        "checked_at": clock.stamp(clock.now()),
        "issuer_key": signer.key,
        "institution_id": _institution(answer),
    }


async def decide(node: Node, credential: Document, eqf: int | None = None) -> trust.Answer:
    """The registry's word on a held credential; ``eqf`` asks for another level (0: without a level)."""
    record = Record.from_json(credential["record"])
    return await _ask(node, record, credential["issuer_key"], eqf=eqf)


def is_revoked(credential: Document) -> bool:
    return any(check["code"] == "status" and check["reason"] == "revoked" for check in credential["checks"])


def currency(credential: Document) -> tuple[Result, str]:
    """Whether it may be presented as current: authentic, not revoked, not expired; with a sentence."""
    wanted = ("signature", "issuer_key", "status", "dates", "record")
    checks = [Check.from_json(check) for check in credential["checks"]]
    # An agent that is still starting does not make a credential doubtful; one that lost it does.
    gone = [check for check in checks if check.code == "binding" and check.result is Result.FAIL]
    told = [check for check in checks if check.code in wanted] + gone
    result = combine(told)
    notes = [f"{check.label}: {check.detail}." for check in told if check.result is result]
    return result, "" if result is Result.PASS else notes[0]


def quality(credential: Document) -> Result:
    rows = [check for check in credential["checks"] if check["code"] == "accreditation"]
    return Result(rows[0]["result"]) if rows else Result.UNKNOWN


async def _ask(node: Node, record: Record, key: str, *, eqf: int | None = None) -> trust.Answer:
    if record.awarded_on is None:
        return trust.Answer(None, "no_award_date")
    if not key:
        return trust.Answer(None, "issuer_key_unknown")
    own = record.level.eqf if record.level is not None else None
    level = own if eqf is None else eqf
    return await trust.ask(
        node,
        did=record.issuer.did,
        key=key,
        awarded_on=record.awarded_on,
        eqf=level or None,
        country=only_country(record.issuer.countries),
    )


def _institution(answer: trust.Answer) -> str:
    decision = answer.decision
    return "" if decision is None or decision.institution is None else decision.institution.id


def _signature(credential: Document, signer: Check) -> Check:
    """ACA-Py checked the credential's signature against its definition when it was stored; what can change is
    whether that definition is the issuer's, which is the next row."""
    if signer.result is Result.FAIL:
        return Check(
            "signature", "Signature", Result.FAIL, signer.reason, "its definition is not the issuer's"
        )
    evidence = Evidence("cred_def", credential["cred_def_id"], at=credential["received_at"])
    return Check(
        "signature", "Signature", Result.PASS, detail="verified when it was stored", evidence=(evidence,)
    )


def _record(record: Record, credential: Document) -> Check:
    """The full record is bound by its digest; the wallet keeps both and compares them again."""
    label = "Record unchanged"
    different = check_attributes(record, credential["attributes"])
    if different:
        return Check("record", label, Result.FAIL, "record_differs", f"differs in {', '.join(different)}")
    evidence = Evidence("digest", "record digest", sha256=record.digest())
    return Check(
        "record", label, Result.PASS, detail="equals the digest that was signed", evidence=(evidence,)
    )


def _dates(record: Record, today: date) -> Check:
    label = "Dates"
    if record.awarded_on is not None and record.awarded_on > today:
        return Check(
            "dates", label, Result.FAIL, "awarded_in_future", f"awarded on {record.awarded_on}, in the future"
        )
    if record.expires_on is None:
        return Check("dates", label, Result.PASS, detail="no expiry")
    if record.expires_on < today:
        return Check("dates", label, Result.FAIL, "expired", f"expired on {record.expires_on}")
    return Check("dates", label, Result.PASS, detail=f"valid until {record.expires_on}")


_RESULTS = {Outcome.FAIL: Result.FAIL, Outcome.NO_INFORMATION: Result.UNKNOWN}
_REASONS = {Result.PASS: "", Result.FAIL: "missing", Result.UNKNOWN: "not_stated"}


def _complete(record: Record) -> Check:
    """Is it a micro-credential at all, and completely described? One row; its findings are the evidence.

    A warning is no rejection, and a size that no table has a row for says nothing; but what the table says is
    none, such as a record of attendance, is never shown as a micro-credential (000:256).
    """
    label = "Complete"
    findings, (size, *others) = validate(record, PROFILE), taxonomy.findings(record)
    results = [_RESULTS.get(finding.outcome, Result.PASS) for finding in findings]
    result = next(each for each in (Result.FAIL, Result.UNKNOWN, Result.PASS) if each in results)
    open_ones = ", ".join(
        finding.label for finding, each in zip(findings, results, strict=True) if each is not Result.PASS
    )
    detail = f"{results.count(Result.PASS)} of {len(findings)} elements of the Council's list"
    detail += f"; open: {open_ones}" if open_ones else ""
    reason = _REASONS[result]
    if size.outcome is Outcome.FAIL:
        result, reason, detail = Result.FAIL, "not_a_micro_credential", f"{size.detail} Also: {detail}"
    evidence = tuple(map(_element, (*findings, size, *others)))
    return Check("complete", label, result, reason, detail, evidence=evidence)


def _element(finding: Finding) -> Evidence:
    value = f"{finding.outcome.words}{': ' if finding.detail else ''}{finding.detail}"
    return Evidence("element", finding.label, value=value)

"""The check rows of a credential or an offer: authenticity, status, dates, completeness, and the registry."""

from __future__ import annotations

import asyncio

from agent.core.record import Record
from agent.core.signed_link import SignedLink
from agent.core.verdict import Check, Evidence, Result, combine
from agent.formats.envelope import Secured
from agent.formats.registry import envelope_of
from agent.services import clock, trust
from agent.services.node import Node
from agent.services.rows import ask, complete, dates
from agent.store.vault import Document

NOT_OURS = frozenset({"no_subject_id", "subject_not_ours"})  # why a file that was imported is not bound to us


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
    answer = await ask(node, record, link.key)
    checks = (signature, dates(record, clock.today()), complete(record), *trust.checks(answer))
    return checks, _institution(answer)


class Round:
    """What the checks of one round share: each status list, and ACA-Py's lists of what it keeps, are read once."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self.means = node.new_means()
        self._held: asyncio.Task[frozenset[str]] | None = None
        self._dids: asyncio.Task[frozenset[str]] | None = None

    async def has_credential(self, referent: str) -> bool:
        if self._held is None:
            self._held = asyncio.create_task(self._read_held())
        return referent in await asyncio.shield(self._held)

    async def has_did(self, did: str) -> bool:
        if self._dids is None:
            self._dids = asyncio.create_task(self._read_dids())
        return did in await asyncio.shield(self._dids)

    async def _read_held(self) -> frozenset[str]:
        admin = self._node.admin_now()
        return frozenset(held.credential_id for held in await admin.list_credentials())

    async def _read_dids(self) -> frozenset[str]:
        return frozenset(await self._node.admin_now().own_dids())


async def credential_checks(
    node: Node, credential: Document, shared: Round | None = None, *, others: bool = True
) -> Document:
    """Run every check on a held credential; the result is merged into its document.

    Without ``others`` the rows about its other forms stay as they were: an answer to a request does not rest on them,
    and a badge takes as long to verify as all the rest.
    """
    shared = shared or Round(node)
    record = Record.from_json(credential["record"])
    envelope = envelope_of(credential)
    secured = await envelope.verify(credential, shared.means)
    answer = await ask(node, record, secured.key)
    if others:
        also = [
            await _other_envelope(other, secured, shared) for other in credential.get("also", {}).values()
        ]
    else:
        known = (*credential["checks"], *credential.get("beside", []))
        also = [Check.from_json(check) for check in known if check["code"].startswith("also_")]
    checks = (
        *secured.checks,
        *([] if "dates" in {check.code for check in secured.checks} else [dates(record, clock.today())]),
        await envelope.binding(credential, shared),
        *(check for check in also if check.result is not Result.UNKNOWN),
        complete(record),
        *trust.checks(answer),
    )
    return {
        "checks": [check.to_json() for check in checks],
        # What could not be checked of another form says nothing against this one.
        "beside": [
            check.to_json()
            for check in (*secured.beside, *(each for each in also if each.result is Result.UNKNOWN))
        ],
        "checked_at": clock.stamp(clock.now()),
        "issuer_key": secured.key,
        "institution_id": _institution(answer),
    }


async def _other_envelope(held: Document, first: Secured, shared: Round) -> Check:
    secured, checks = await examine_other(held, shared)
    return other_row(held, secured.key, checks, first_key=first.key)


async def examine_other(held: Document, shared: Round) -> tuple[Secured, tuple[Check, ...]]:
    """Another form of a credential, verified: what it says of itself, and whether it is this wallet's."""
    envelope = envelope_of(held)
    secured = await envelope.verify(held, shared.means)
    return secured, (*secured.checks, await envelope.binding(held, shared))


def other_row(held: Document, key: str, checks: tuple[Check, ...], *, first_key: str) -> Check:
    """The same record in another envelope, in one row: the worst of its own checks says why."""
    envelope = envelope_of(held)
    result = combine(checks)
    code, label = f"also_{envelope.name}", f"Also held as {envelope.label}"
    if key and first_key and key != first_key:
        detail = "The two are signed with different keys of the issuer."
        return Check(code, label, Result.FAIL, "another_key", detail)
    if result is Result.PASS:
        return Check(code, label, result, detail=f"{len(checks)} checks pass, same record, same key")
    worst = next(check for check in checks if check.result is result)
    return Check(code, label, result, worst.reason, f"{worst.label}: {worst.detail}")


async def decide(node: Node, credential: Document, eqf: int | None = None) -> trust.Answer:
    """The registry's word on a held credential; ``eqf`` asks for another level (0: without a level)."""
    record = Record.from_json(credential["record"])
    return await ask(node, record, credential["issuer_key"], eqf=eqf)


def is_revoked(credential: Document) -> bool:
    return any(check["code"] == "status" and check["reason"] == "revoked" for check in credential["checks"])


def currency(credential: Document) -> tuple[Result, str]:
    """Whether it may be presented as current: authentic, not revoked, not expired; with a sentence."""
    wanted = ("model", "context", "signature", "issuer_key", "status", "dates", "related", "record")
    checks = [Check.from_json(check) for check in credential["checks"]]
    # An agent that is still starting does not make a credential doubtful; one that lost it does, and so does
    # a file that names nobody or somebody else.
    foreign = [
        check
        for check in checks
        if check.code == "binding" and (check.result is Result.FAIL or check.reason in NOT_OURS)
    ]
    # What its issuer says of another form of it, that it is suspended for one, is said of the credential.
    also = [check for check in checks if check.code.startswith("also_")]
    told = [check for check in checks if check.code in wanted] + foreign + also
    result = combine(told)
    notes = [f"{check.label}: {check.detail}." for check in told if check.result is result]
    return result, "" if result is Result.PASS else notes[0]


def quality(credential: Document) -> Result:
    rows = [check for check in credential["checks"] if check["code"] == "accreditation"]
    return Result(rows[0]["result"]) if rows else Result.UNKNOWN


def _institution(answer: trust.Answer) -> str:
    decision = answer.decision
    return "" if decision is None or decision.institution is None else decision.institution.id

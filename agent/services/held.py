"""What the wallet holds, boiled down to what lists and notices need, and kept in memory while the vault is open.

Reading a thousand credentials takes a second: each is read once, and again when it was written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from weakref import WeakKeyDictionary

from agent.core.record import Record, text
from agent.core.verdict import Check, Result, combine
from agent.services import clock
from agent.store.vault import Document, Vault

STATUS = ("status", "also_")  # codes, or their beginnings, of the rows that say revoked or suspended
SIGNED = ("signature", "issuer_key")


@dataclass(frozen=True, slots=True)
class HeldFact:
    """``withdrawn``: revoked, suspended or empty, by ``withdrawn_by`` (a check's sentence); ``status_known`` False: the
    last look at its status got no answer. ``signature``: of the checks that establish who signed."""

    id: str
    title: str
    did: str
    host: str
    issuer: str
    state: Result
    signature: Result
    assured: Result
    institution_id: str
    expires_on: date | None
    checked_at: datetime
    withdrawn: str
    withdrawn_by: str
    status_known: bool


@dataclass(frozen=True, slots=True)
class WaitingFact:
    """An offer or a request; ``party`` is DID, host and name."""

    id: str
    state: str
    title: str
    party: tuple[str, str, str]
    received_at: str
    expires_at: datetime


def held_fact(credential: Document) -> HeldFact:
    record = Record.from_json(credential["record"])
    checks = [Check.from_json(check) for check in credential["checks"]]
    status = [check for check in checks if check.code.startswith(STATUS)]
    withdrawn = next((check for check in status if check.reason in ("revoked", "suspended")), None)
    noted = bool(credential.get("revocation_noted"))
    quality = [check.result for check in checks if check.code == "accreditation"]
    issuer = credential["issuer"]
    return HeldFact(
        id=credential["id"],
        title=text(record.title),
        did=issuer["did"],
        host=issuer["host"],
        issuer=issuer["name"],
        state=combine(checks),
        signature=combine(check for check in checks if check.code in SIGNED),
        assured=quality[0] if quality else Result.UNKNOWN,
        institution_id=str(credential.get("institution_id", "")),
        expires_on=record.expires_on,
        checked_at=clock.parse(credential["checked_at"]),
        # What was revoked stays so, also while its issuer's list is out of reach.
        withdrawn="revoked" if noted else withdrawn.reason if withdrawn is not None else "",
        withdrawn_by="" if withdrawn is None else withdrawn.detail,
        status_known=all(check.result is not Result.UNKNOWN for check in status),
    )


def offer_fact(offer: Document) -> WaitingFact:
    record = Record.from_json(offer["record"])
    return _waiting(offer, text(record.title), offer["issuer"])


def request_fact(request: Document) -> WaitingFact:
    return _waiting(request, request["policy"]["title"], request["requester"])


def _waiting(document: Document, title: str, party: Document) -> WaitingFact:
    return WaitingFact(
        id=document["id"],
        state=document["state"],
        title=title,
        party=(party["did"], party["host"], party["name"]),
        received_at=document["received_at"],
        expires_at=clock.parse(document["expires_at"]),
    )


@dataclass(slots=True)
class _Known:
    mark: int = 0
    read: bool = False
    facts: dict[str, Any] = field(default_factory=dict)


class Kept[Fact]:
    """Facts of every document of one kind, by id."""

    def __init__(self, kind: str, fact_of: Callable[[Document], Fact]) -> None:
        self._kind, self._fact_of = kind, fact_of
        self._known: WeakKeyDictionary[Vault, _Known] = WeakKeyDictionary()
        self._reading = asyncio.Lock()

    async def all(self, vault: Vault) -> Mapping[str, Fact]:
        """As of now; only what was written since the last time is read."""
        async with self._reading:
            known = self._known.setdefault(vault, _Known())
            mark, changed = vault.written_since(self._kind, known.mark)
            if not known.read:
                known.facts = await asyncio.to_thread(self._facts, await vault.all(self._kind))
            else:
                for id in changed:
                    found = await vault.get(self._kind, id)
                    known.facts.pop(id, None)
                    if found is not None:
                        known.facts[id] = self._fact_of(found)
            known.mark, known.read = mark, True
            return known.facts

    def _facts(self, documents: list[Document]) -> dict[str, Fact]:
        return {document["id"]: self._fact_of(document) for document in documents}

"""What every envelope can do, so that services never ask which one it is.

A *held* document is what the wallet keeps of one secured credential: ``record``, ``envelope`` (a name of
`agent.formats.registry`) and what that envelope needs. The verbs that the envelopes share are here: `to_record`,
`verify`, `export`. How a credential is issued and presented differs in kind (AnonCreds: an exchange of DIDComm
messages between two agents; a signed document: one signature) and stays with the services that do it
(decision 0019); `answers_requests` says whether a held credential can answer a verifier's request.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from agent.core.verdict import Check

if TYPE_CHECKING:  # what fetches takes long to load, and a file that needs nothing fetched does without
    from agent.formats.gathering import Lookups
    from agent.formats.lists import StatusLists
    from agent.net.objects import ObjectResolver

type Held = dict[str, Any]


class HasObjects(Protocol):
    """An agent's node, or what makes the resolver when it is needed."""

    @property
    def objects(self) -> ObjectResolver: ...


@dataclass(frozen=True, slots=True)
class Means:
    """Where an envelope may look things up while it verifies, shared by the credentials of one round of checks:
    AnonCreds objects and their lists; keys of DIDs and documents behind addresses."""

    network: HasObjects
    lookups: Lookups
    now: datetime

    @property
    def objects(self) -> ObjectResolver:
        return self.network.objects

    @property
    def lists(self) -> StatusLists:
        return self.lookups.lists(self.objects)


@dataclass(frozen=True, slots=True)
class Secured:
    """What an envelope says of itself: checks of signature, issuer's key, status, dates it knows of and record.

    ``key``: RFC 7638 thumbprint of the key that signed, empty when that is not established; the trust registry is
    asked about it. ``issuer``: the DID (or address) that signed. ``beside`` decides nothing (a second opinion).
    """

    issuer: str
    key: str
    checks: tuple[Check, ...]
    beside: tuple[Check, ...] = ()


class Wallet(Protocol):
    """What the wallet's own ACA-Py can be asked. Both raise `CairnError` when it does not run."""

    async def has_credential(self, referent: str) -> bool: ...
    async def has_did(self, did: str) -> bool: ...


class Envelope(Protocol):
    """One way of securing a record."""

    @property
    def name(self) -> str: ...

    @property
    def label(self) -> str:
        """In words for people."""

    @property
    def answers_requests(self) -> bool: ...

    async def verify(self, held: Held, means: Means) -> Secured:
        """Everything that can be checked of the envelope, now. Never raises for what it finds."""

    async def binding(self, held: Held, wallet: Wallet) -> Check:
        """Whether the credential belongs to this wallet."""

    def export(self, held: Held) -> bytes:
        """The credential as others can read it. Raises `InputError` where there is no such form."""

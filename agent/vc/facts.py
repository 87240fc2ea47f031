"""What a verification rests on besides the document: keys, fetched documents, the time.

Gathered by a service before `agent.vc.rules` decides. Not having got something is *unknown*; having got
something that does not hold is a *fail*; both are facts here, never exceptions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from agent.core.verdict import Result
from trust_registry.keys import Jwk


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The Ed25519 keys in a DID's document, by absolute key id, for the two relationships that count here
    (DID Core 5.3). ``result``: pass when the document was had and holds; else with ``reason`` and ``detail``.
    """

    did: str
    result: Result
    reason: str = ""
    detail: str = ""
    assertion: Mapping[str, Jwk] = field(default_factory=dict)
    authentication: Mapping[str, Jwk] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A document that a credential points to, such as a status list. ``content`` is empty unless it was had."""

    url: str
    result: Result
    reason: str = ""
    detail: str = ""
    content: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """``keys`` by DID, ``documents`` by URL; what is missing counts as *unknown* (not_gathered)."""

    now: datetime
    keys: Mapping[str, Keys] = field(default_factory=dict)
    documents: Mapping[str, Fetched] = field(default_factory=dict)

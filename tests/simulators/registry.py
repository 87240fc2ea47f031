"""A trust registry in memory, behind the real `trust_registry.client.RegistryClient`.

``mode`` is ``up``, ``down`` (no connection), ``broken`` (HTTP 500), ``nonsense`` (JSON of another kind) or ``forged``
(answers that somebody else signed; see `tests.simulators.asker`). ``copy_age`` is how old the askers' copies are.
``outcomes`` maps a DID to what the registry says of it; a DID that is not there is an unknown issuer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import httpx

from trust_registry.models import Query

DID = "did:web:localhost%3A8300"
URL = "http://localhost:8300"
SCHEMA_ID = f"{DID}/anoncreds/v1/SCHEMA/{'5' * 64}"
ASSURED = "assured_official"


@dataclass
class Registry:
    mode: str = "up"
    outcomes: dict[str, str] = field(default_factory=dict)
    nonsense: Any = field(default_factory=lambda: {"outcome": "excellent"})
    snapshot: dict[str, Any] = field(default_factory=dict)
    stored: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    copy_age: timedelta | None = None
    questions: list[Query] = field(default_factory=list)
    fetched: list[datetime] = field(default_factory=list)

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def decision(self, did: str) -> dict[str, Any]:
        outcome = self.outcomes.get(did, "unknown_issuer")
        known = did in self.outcomes
        institution = {"id": "DEQARINST1", "name": "A University", "country": "IE", "countries": ["IE"]}
        return {
            "version": 1,
            "outcome": outcome,
            "reasons": [],
            "evidence": [],
            "authority_chain": [],
            "institution": institution if known else None,
            "scope": "institution" if outcome == ASSURED else "none",
            "snapshot": self.list_in_force(),
        }

    def list_in_force(self) -> dict[str, Any]:
        return {
            "seq": 1,
            "issued_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "age_seconds": 60,
            "freshness": "fresh",
            "kind": "demo",
            "sha256": "a" * 64,
            **self.snapshot,
        }

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().partition("?")[0]
        self.asked.append(f"{request.method} {path}")
        if self.mode == "down":
            raise httpx.ConnectError("refused", request=request)
        if self.mode == "broken":
            return httpx.Response(500, json={"code": "not_found"})
        if self.mode == "nonsense":
            return httpx.Response(200, json=self.nonsense)
        if request.method == "PUT":
            self.stored[path] = request.content
            return httpx.Response(201, json={})
        match path.split("/")[2:]:
            case ["resolve"]:
                return httpx.Response(200, json=self.decision(request.url.params["did"]))
            case ["schemas"]:
                entry = {"name": "MicroCredential", "version": "1.0", "id": SCHEMA_ID}
                return httpx.Response(200, json={"schemas": [entry]})
            case ["status"]:
                return httpx.Response(200, json={"snapshot": self.list_in_force()})
            case ["issuers", did]:
                return httpx.Response(404, json={"code": "not_found", "detail": unquote(did)})
            case _ if path in self.stored:
                return httpx.Response(200, content=self.stored[path])
        return httpx.Response(404, json={"code": "not_found", "detail": "Nothing here."})

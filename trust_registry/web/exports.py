"""The registry as a list for others: a W3C ``RecognizedEntityCredential`` and the DCC's legacy list.

Such lists have one state, "is on it", and are copied and kept. So only a DID is listed whose question to
``/v1/resolve`` is answered *assured* on the day of the list, and the credential ends when the snapshot may no
longer answer about today. Where nothing can be told (an old list, demonstration data elsewhere) there is no
list: an empty one would say that nobody is recognised.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from trust_registry import strict_json
from trust_registry.dates import format_time
from trust_registry.facts import Institution
from trust_registry.keys import KEY_FRAGMENT, did_web_url
from trust_registry.models import ASSURED, Decision, Query
from trust_registry.registry import Registry
from trust_registry.resolve import STALE
from trust_registry.signed_answers import wanted
from trust_registry.standing import require_usable
from trust_registry.vocabulary import AwardKind
from trust_registry.web import examples
from trust_registry.web.describing import Content, operation
from trust_registry.web.params import CHANGING, header
from trust_registry.web.roll import Roll
from trust_registry.web.schemas import JWS, ref

VC_JWT = "application/vc+jwt"
_RECOGNISED = "/v1/exports/recognized-entities"


@dataclass(frozen=True, slots=True)
class Listed:
    did: str
    institution: Institution
    decision: Decision


class Assured:
    """Who is assured today; worked out once per day, snapshot and change of the bindings. Thread-safe."""

    def __init__(self, registry: Registry, roll: Roll) -> None:
        self._registry, self._roll = registry, roll
        self._lock = threading.Lock()
        self._kept: tuple[tuple[int, str, date], tuple[Listed, ...]] | None = None

    def on(self, now: datetime) -> tuple[Listed, ...]:
        """In the order of the DIDs; `TrustRegistryError` cannot_tell when nobody's standing can be told."""
        require_usable(self._registry, now)
        key = (self._registry.live.number(), self._registry.snapshot.manifest.db_sha256, now.date())
        with self._lock:
            if self._kept is None or self._kept[0] != key:
                self._kept = (key, tuple(self._work_out(now)))
            return self._kept[1]

    def _work_out(self, now: datetime) -> Iterator[Listed]:
        for did in self._roll.dids():
            for binding in self._roll.bindings(did, now):
                query = Query(
                    did=did, key=binding.thumbprint, awarded_on=now.date(), award_kind=AwardKind.PROGRAMME
                )
                decision = self._registry.resolve(query, now=now)
                institution = self._registry.snapshot.institution(binding.institution_id)
                if decision.outcome in ASSURED and institution is not None:
                    yield Listed(did, institution, decision)
                    break  # one good key is enough; the list names DIDs


def recognized_entities(registry: Registry, listed: Sequence[Listed], now: datetime) -> dict[str, Any]:
    """W3C Recognized Entities v1.0 (working draft of 2026), without proof; `sign` adds one as a JWS."""
    base = did_web_url(registry.did).base
    return {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": f"{base}{_RECOGNISED}",
        "type": ["VerifiableCredential", "RecognizedEntityCredential"],
        "name": "Issuers whose institution is quality-assured",
        "issuer": {"id": registry.did, "type": "RecognizedIssuer"},
        "validFrom": format_time(now.replace(microsecond=0)),
        "validUntil": format_time(registry.snapshot.manifest.issued_at + STALE),
        "credentialSubject": [
            {
                "id": item.did,
                "type": "RecognizedEntity",
                "name": item.institution.name,
                "url": item.institution.url,
                "description": f"{item.decision.outcome}: {', '.join(item.decision.reasons) or 'own report'}",
                "recognizedTo": {
                    "type": "RecognizedAction",
                    "action": "issue",
                    "recognizedBy": registry.did,
                },
            }
            for item in listed
        ],
    }


def sign(registry: Registry, credential: dict[str, Any]) -> str:
    """VC-JOSE-COSE: the credential itself is the payload; ``kid`` leads to our DID document."""
    header = {
        "alg": "EdDSA",
        "typ": "vc+jwt",
        "cty": "vc",
        "iss": registry.did,
        "kid": f"{registry.did}#{KEY_FRAGMENT}",
    }
    parts = (strict_json.b64url(strict_json.canonical(part)) for part in (header, credential))
    signing_input = ".".join(parts)
    return f"{signing_input}.{strict_json.b64url(registry.key.sign(signing_input.encode('ascii')))}"


def dcc_list(registry: Registry, listed: Sequence[Listed], now: datetime) -> dict[str, Any]:
    """The Digital Credentials Consortium's legacy registry: ``{meta, registry{<did>: {name, location, url}}}``."""
    return {
        "meta": {
            "created": format_time(registry.snapshot.manifest.issued_at),
            "updated": format_time(now.replace(microsecond=0)),
        },
        "registry": {
            item.did: {
                "name": item.institution.name,
                "location": ", ".join(item.institution.countries),
                "url": item.institution.url,
            }
            for item in listed
        },
    }


def mount(app: FastAPI, registry: Registry, roll: Roll, clock: Callable[[], datetime]) -> None:
    whole = Assured(registry, roll)
    caching = CHANGING["cache-control"]

    @app.get(
        _RECOGNISED,
        openapi_extra=operation(
            "recognizedEntities",
            "Everybody who is assured today, as a W3C RecognizedEntityCredential",
            Content(ref("RecognizedEntities"), examples.RECOGNIZED_ENTITIES),
            Content(JWS, examples.ANSWER_JWT, VC_JWT),
            tag="exports",
            more=f"Signed with Accept: {VC_JWT}. Where nothing can be told there is no list (503).",
            problems=(503,),
            caching=caching,
        ),
    )
    def recognised(request: Request) -> Response:
        now = clock()
        credential = recognized_entities(registry, whole.on(now), now)
        headers = {**CHANGING, "vary": "accept"}
        if wanted(header(request, "accept"), VC_JWT):
            return Response(sign(registry, credential), media_type=VC_JWT, headers=headers)
        return JSONResponse(credential, headers=headers)

    @app.get(
        "/v1/exports/dcc.json",
        openapi_extra=operation(
            "dccList",
            "Everybody who is assured today, in the Digital Credentials Consortium's legacy form",
            Content(ref("DccList"), examples.DCC_LIST),
            tag="exports",
            problems=(503,),
            caching=caching,
        ),
    )
    def dcc() -> Response:
        now = clock()
        return JSONResponse(dcc_list(registry, whole.on(now), now), headers=CHANGING)

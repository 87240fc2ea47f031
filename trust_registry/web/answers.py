"""The registry's own answers: ``/v1/resolve``, what is bound to a DID, its state, and its objects as an issuer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from trust_registry import signed_answers as signed
from trust_registry.errors import TrustRegistryError
from trust_registry.facts import Binding
from trust_registry.models import Query
from trust_registry.objects import MEDIA_TYPE, Kind
from trust_registry.registry import Registry
from trust_registry.vocabulary import AwardKind
from trust_registry.web import examples, schemas
from trust_registry.web.describing import HAS_ALREADY, Content, Parameter, operation
from trust_registry.web.params import CHANGING, IMMUTABLE, UNCACHED, header, tagged
from trust_registry.web.schemas import ref

_TEXT_500 = {"type": "string", "minLength": 1, "maxLength": 500}
_QUESTION = (
    Parameter("did", "The issuer", schemas.ANY_DID, examples.DID, required=True),
    Parameter("awarded_on", "The day of the award", schemas.DAY, examples.DAY, required=True),
    Parameter("key", "RFC 7638 thumbprint of the key that signed", schemas.KEY, examples.KEY),
    Parameter("country", "ISO 3166 alpha-2: where it was studied", schemas.LAND, "IE"),
    Parameter("eqf", "EQF level", {"type": "integer", "minimum": 1, "maximum": 8}, 6),
    Parameter(
        "award_kind", f"Default: {AwardKind.MICRO_CREDENTIAL}", schemas.one_of(AwardKind), "micro-credential"
    ),
    Parameter("ects", "Credits", {"type": "number", "minimum": 0, "maximum": 1000}, 5),
    Parameter("programme", "Name of the programme", _TEXT_500, "Data Analytics"),
    Parameter("known_at", "What was known then counts; default: now", schemas.MOMENT, examples.NOW),
    Parameter(
        "nonce",
        f"With Accept: {signed.MEDIA_TYPE} only: it comes back in the signed answer",
        schemas.NONCE,
        None,
    ),
)


def public(binding: Binding) -> dict[str, Any]:
    """What anybody may read of a binding: not the operator's notes on how it was checked."""
    return {name: value for name, value in binding.to_json().items() if name not in {"did", "evidence"}}


def signed_object(request: Request, jws: str | None, headers: dict[str, str]) -> Response:
    if jws is None:
        raise TrustRegistryError("not_found", "There is no such object here.")
    return tagged(request, jws.encode("ascii"), MEDIA_TYPE, headers)


def mount(app: FastAPI, registry: Registry, clock: Callable[[], datetime]) -> None:
    @app.get(
        "/v1/resolve",
        openapi_extra=operation(
            "resolve",
            "Is what this issuer awarded on that day quality-assured, and who says so?",
            Content(ref("Decision"), examples.DECISION),
            Content(schemas.JWS, examples.ANSWER_JWT, signed.MEDIA_TYPE),
            tag="decision",
            more="The outcomes no_evidence, unknown_issuer and indeterminate are no judgement. With Accept:"
            " application/jwt the answer is signed by this registry: {iss, iat, exp, nonce, seq, question, decision}.",
            parameters=_QUESTION,
            caching="no-store",
        ),
    )
    async def resolve(request: Request) -> Response:
        # A tenth of a millisecond, less than a thread would cost; but nobody waits here for a database elsewhere.
        return answer(request) if registry.store.is_local else await run_in_threadpool(answer, request)

    def answer(request: Request) -> Response:
        params = dict(request.query_params)
        signing = signed.wanted(header(request, "accept"))
        nonce = signed.checked_nonce(params.pop("nonce", None)) if signing else None
        query = Query.from_params(params)
        now = clock()
        decision = registry.resolve(query, now=now)
        headers = {**UNCACHED, "vary": "accept"}
        if not signing:
            return JSONResponse(decision.to_json(), headers=headers)
        jws = signed.sign_answer(
            registry.key, iss=registry.did, query=query, decision=decision, nonce=nonce, now=now
        )
        return Response(jws, media_type=signed.MEDIA_TYPE, headers=headers)

    @app.get(
        "/v1/issuers/{did:path}",
        openapi_extra=operation(
            "issuer",
            "What is bound to a DID: institution, level, keys, periods, revocations",
            Content(ref("Issuer"), {"did": examples.DID, "bindings": [examples.PUBLIC_BINDING]}),
            tag="decision",
            parameters=(
                Parameter("did", "A whole DID, percent-encoded", schemas.TEXT, examples.DID, where="path"),
            ),
            problems=(404,),
            caching=CHANGING["cache-control"],
        ),
    )
    def issuer(request: Request) -> Response:
        did = request.path_params["did"]
        found = registry.issuer(did, now=clock())
        if not found:
            raise TrustRegistryError("not_found", "Nothing is bound to this DID.")
        return JSONResponse({"did": did, "bindings": [public(item) for item in found]}, headers=CHANGING)

    shared = {"name": "MicroCredential", "version": "1.0"}
    own_id = f"{examples.REGISTRY}/anoncreds/v1/SCHEMA/{examples.OWN_SCHEMA}"

    @app.get(
        "/v1/schemas",
        openapi_extra=operation(
            "schemas",
            "The schema that issuers share",
            Content(ref("Schemas"), {"schemas": [{**shared, "id": own_id}]}),
            tag="registry",
            caching=CHANGING["cache-control"],
        ),
    )
    def shared_schemas() -> Response:
        return JSONResponse({"schemas": [{**shared, "id": registry.schema_id()}]}, headers=CHANGING)

    @app.get(
        "/v1/status",
        openapi_extra=operation(
            "status",
            "Which data this registry answers from, and how old they are",
            Content(ref("Status"), examples.STATUS),
            tag="registry",
            caching="no-store",
        ),
    )
    def status() -> Response:
        return JSONResponse(registry.status(now=clock()), headers=UNCACHED)

    # The registry is an issuer too: of the shared schema, under its own did:web.

    @app.get(
        "/.well-known/did.json",
        openapi_extra=operation(
            "didDocument",
            "This registry's DID document",
            Content(ref("DidDocument"), examples.DID_DOCUMENT, "application/did+json"),
            tag="registry",
            caching=CHANGING["cache-control"],
        ),
    )
    def did_document() -> Response:
        return JSONResponse(
            registry.did_document(clock()), media_type="application/did+json", headers=CHANGING
        )

    @app.get(
        "/anoncreds/v1/{kind}/{sha256}",
        openapi_extra=operation(
            "ownObject",
            "A signed object of this registry's own DID",
            Content(schemas.JWS, examples.SCHEMA_JWS, MEDIA_TYPE),
            tag="registry",
            parameters=(
                Parameter("kind", "The object's kind", schemas.one_of(Kind), "SCHEMA", where="path"),
                Parameter("sha256", "Of its content", schemas.SHA256, examples.OWN_SCHEMA, where="path"),
                HAS_ALREADY,
            ),
            problems=(404,),
            caching=IMMUTABLE["cache-control"],
        ),
    )
    def own_object(request: Request) -> Response:
        kind, sha256 = request.path_params["kind"], request.path_params["sha256"]
        jws = registry.store.object(f"{registry.did}/anoncreds/v1/{kind}/{sha256}")
        return signed_object(request, jws, IMMUTABLE)

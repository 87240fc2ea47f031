"""EBSI Trusted Issuers Registry v5, the read routes.

An attribute is one binding: its ``body`` is our statement on it (a JWS by this registry's key) and its id and
``hash`` the SHA-256 of that body, so an attribute never changes under its id. Being listed says whose key it
is, and nothing on quality: that is ``/v1/resolve``'s answer. There is no chain above this registry, so ``tao``
and ``rootTao`` are this registry itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from trust_registry.errors import TrustRegistryError
from trust_registry.facts import Binding
from trust_registry.keys import did_web_url
from trust_registry.registry import Registry
from trust_registry.web import examples
from trust_registry.web.describing import Content, Parameter, operation
from trust_registry.web.limits import whole_number
from trust_registry.web.params import CHANGING
from trust_registry.web.roll import Roll
from trust_registry.web.schemas import SHA256, TEXT, ref

STATEMENT_TYPE = "cairn-bound-issuer+jwt"
PAGE_SIZE, MAX_PAGE_SIZE, MAX_PAGE = 10, 50, 1_000_000
_PATH = "/trusted-issuers-registry/v5/issuers"
_SELF = f"{examples.BASE}{_PATH}"
_DID = Parameter("did", "A whole DID, percent-encoded", TEXT, examples.DID, "path")
_PAGING = (
    Parameter(
        "page[after]", "The page; default: 1", {"type": "integer", "minimum": 1, "maximum": MAX_PAGE}, 1
    ),
    Parameter(
        "page[size]",
        f"Default: {PAGE_SIZE}",
        {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE},
        PAGE_SIZE,
    ),
)


def attribute(registry: Registry, binding: Binding) -> tuple[str, dict[str, Any]]:
    """(id, attribute): signed anew each time, with the same bytes each time (Ed25519, canonical JSON)."""
    shown = (
        "institution_id",
        "level",
        "thumbprint",
        "jwk",
        "valid_from",
        "valid_to",
        "revoked",
        "recorded_at",
    )
    members = binding.to_json()
    payload = {"iss": registry.did, "sub": binding.did, **{name: members[name] for name in shown}}
    body = registry.key.sign_statement(payload, typ=STATEMENT_TYPE)
    digest = hashlib.sha256(body.encode("ascii")).hexdigest()
    return digest, {
        "hash": digest,
        "body": body,
        "issuerType": "Revoked" if binding.revoked is not None else "TI",
        "tao": registry.did,
        "rootTao": registry.did,
    }


def paged(url: str, items: Sequence[Any], page: int, size: int) -> dict[str, Any]:
    """EBSI's envelope; pages count from 1, and links stay within them."""
    last = max(1, -(-len(items) // size))

    def at(number: int) -> str:
        return f"{url}?page[after]={number}&page[size]={size}"

    return {
        "self": at(page),
        "items": list(items[(page - 1) * size : page * size]),
        "total": len(items),
        "pageSize": size,
        "links": {
            "first": at(1),
            "prev": at(min(max(1, page - 1), last)),
            "next": at(min(page + 1, last)),
            "last": at(last),
        },
    }


def mount(app: FastAPI, registry: Registry, roll: Roll, clock: Callable[[], datetime]) -> None:
    base = f"{did_web_url(registry.did).base}{_PATH}"

    def url(did: str) -> str:
        return f"{base}/{quote(did, safe=':')}"

    def attributes(did: str) -> dict[str, dict[str, Any]]:
        found = dict(attribute(registry, binding) for binding in roll.bindings(did, clock()))
        if not found:
            raise TrustRegistryError("not_found", "Nothing is bound to this DID.")
        return found

    def page(request: Request) -> tuple[int, int]:
        params = request.query_params
        number = whole_number(params.get("page[after]"), "page[after]", default=1, least=1, most=MAX_PAGE)
        size = whole_number(
            params.get("page[size]"), "page[size]", default=PAGE_SIZE, least=1, most=MAX_PAGE_SIZE
        )
        return number, size

    did = examples.DID
    caching = CHANGING["cache-control"]
    listed = paged(_SELF, [{"did": did, "href": f"{_SELF}/{did}"}], 1, PAGE_SIZE)

    @app.get(
        _PATH,
        openapi_extra=operation(
            "ebsiIssuers",
            "Every DID with a binding that counts",
            Content(ref("EbsiIssuers"), listed),
            tag="EBSI",
            parameters=_PAGING,
            caching=caching,
        ),
    )
    def issuers(request: Request) -> Response:
        number, size = page(request)
        dids = roll.dids()
        answer = paged(base, dids, number, size)
        answer["items"] = [{"did": one, "href": url(one)} for one in answer["items"]]
        return JSONResponse(answer, headers=CHANGING)

    @app.get(
        f"{_PATH}/{{did}}/attributes/{{identifier}}",
        openapi_extra=operation(
            "ebsiAttribute",
            "One binding, as a statement signed by this registry",
            Content(ref("EbsiAttribute"), examples.EBSI_ATTRIBUTE),
            tag="EBSI",
            more="Being listed says whose key it is, and nothing on quality: that is the answer of /v1/resolve.",
            parameters=(_DID, Parameter("identifier", "Its hash", SHA256, examples.ATTRIBUTE_ID, "path")),
            problems=(404,),
            caching=caching,
        ),
    )
    def issuer_attribute(request: Request) -> Response:
        did = request.path_params["did"]
        found = attributes(did).get(request.path_params["identifier"])
        if found is None:
            raise TrustRegistryError("not_found", "This issuer has no such attribute.")
        return JSONResponse({"did": did, "attribute": found}, headers=CHANGING)

    one_id = {
        "id": examples.ATTRIBUTE_ID,
        "href": f"{_SELF}/{did}/attributes/{examples.ATTRIBUTE_ID}",
    }

    @app.get(
        f"{_PATH}/{{did}}/attributes",
        openapi_extra=operation(
            "ebsiAttributes",
            "The bindings of a DID",
            Content(ref("EbsiAttributes"), paged(f"{_SELF}/{did}/attributes", [one_id], 1, PAGE_SIZE)),
            tag="EBSI",
            parameters=(_DID, *_PAGING),
            problems=(404,),
            caching=caching,
        ),
    )
    def issuer_attributes(request: Request) -> Response:
        did = request.path_params["did"]
        number, size = page(request)
        ids = sorted(attributes(did))
        items = [{"id": one, "href": f"{url(did)}/attributes/{one}"} for one in ids]
        return JSONResponse(paged(f"{url(did)}/attributes", items, number, size), headers=CHANGING)

    @app.get(
        f"{_PATH}/{{did}}",
        openapi_extra=operation(
            "ebsiIssuer",
            "One DID that is bound here",
            Content(
                ref("EbsiIssuer"),
                {"did": did, "attributes": f"{_SELF}/{did}/attributes", "hasAttributes": True},
            ),
            tag="EBSI",
            parameters=(_DID,),
            problems=(404,),
            caching=caching,
        ),
    )
    def issuer(request: Request) -> Response:
        did = request.path_params["did"]
        has = bool(attributes(did))
        answer = {"did": did, "attributes": f"{url(did)}/attributes", "hasAttributes": has}
        return JSONResponse(answer, headers=CHANGING)

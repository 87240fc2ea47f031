"""``/v1/institutions``: search and one institution, for programs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from trust_registry.bodies import MAX_DID_CHARS
from trust_registry.dates import parse_date, parse_time
from trust_registry.errors import QueryError, TrustRegistryError
from trust_registry.registry import Registry
from trust_registry.standing import Standing, standing
from trust_registry.web import examples
from trust_registry.web.describing import Content, Parameter, operation
from trust_registry.web.directory import Directory
from trust_registry.web.limits import LIMITS, whole_number
from trust_registry.web.params import CHANGING, UNCACHED
from trust_registry.web.schemas import DAY, MOMENT, ref, whole

_ID = re.compile(r"[A-Za-z0-9._-]{1,40}")
_Q = Parameter(
    "q",
    f"Words of a name in any script, at most {LIMITS.search_chars} characters; an institution's id; or a whole DID",
    {"type": "string", "minLength": 1, "maxLength": MAX_DID_CHARS},
    "munster",
    required=True,
)
_LIMIT = Parameter(
    "limit",
    f"Default: {LIMITS.page_size}",
    {"type": "integer", "minimum": 1, "maximum": LIMITS.max_page_size},
    LIMITS.page_size,
)
_OFFSET = Parameter(
    "offset", "Default: 0", {"type": "integer", "minimum": 0, "maximum": LIMITS.max_offset}, 0
)
_NAMED = Parameter(
    "identifier",
    "The institution's id in DEQAR",
    {"type": "string", "pattern": whole(_ID)},
    "DEQARINST7609",
    "path",
)
_AT = Parameter("at", "The day asked about; default: today", DAY, examples.DAY)
_KNOWN_AT = Parameter("known_at", "What was known then counts; default: now", MOMENT, examples.NOW)


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a search, with what a reader wants to see of each institution."""

    items: tuple[dict[str, Any], ...]
    total: int
    limit: int
    offset: int
    counted_all: bool = True

    @property
    def next_offset(self) -> int | None:
        following = self.offset + self.limit
        return following if following < self.total and following <= LIMITS.max_offset else None


def find(registry: Registry, directory: Directory, params: dict[str, str]) -> Found:
    """Search by a name, an institution's id, or a whole DID."""
    limit = whole_number(
        params.get("limit"), "limit", default=LIMITS.page_size, least=1, most=LIMITS.max_page_size
    )
    offset = whole_number(params.get("offset"), "offset", default=0, least=0, most=LIMITS.max_offset)
    question = params.get("q", "")
    if question.strip().startswith("did:"):
        if len(question) > MAX_DID_CHARS:
            raise QueryError("bad_parameter", f"The parameter q has more than {MAX_DID_CHARS} characters.")
        stored = registry.live.of_did(question.strip())
        ids = sorted({binding.institution_id for binding in stored.bindings if binding.level > 0})
        pairs, total = [(one, question.strip()) for one in ids[offset : offset + limit]], len(ids)
        counted_all = True
    else:
        page = directory.search(question, limit=limit, offset=offset)
        pairs, total = [(hit.institution_id, hit.name) for hit in page.hits], page.total
        counted_all = page.counted_all
    items = []
    for identifier, found_as in pairs:
        institution = registry.snapshot.institution(identifier)
        if institution is not None:
            items.append(
                {
                    "id": institution.id,
                    "name": institution.name,
                    "found_as": found_as,
                    "countries": list(institution.countries),
                    "href": f"/v1/institutions/{institution.id}",
                }
            )
    return Found(tuple(items), total, limit, offset, counted_all)


def one(registry: Registry, identifier: str, params: dict[str, str], now: datetime) -> Standing:
    """One institution on a day (default: today), as known at a time (default: now)."""
    at = parse_date(params["at"], "at") if "at" in params else now.date()
    known_at = parse_time(params["known_at"], "known_at") if "known_at" in params else None
    if known_at is not None and known_at > now:
        # What will be known then is not known: an answer would be today's under another date.
        raise QueryError("bad_time", "known_at is in the future.")
    found = (
        standing(registry, identifier, at=at, known_at=known_at, now=now)
        if _ID.fullmatch(identifier)
        else None
    )
    if found is None:
        raise TrustRegistryError(
            "unknown_institution",
            "This institution is not in the snapshot.",
            "That is no judgement: participation is voluntary.",
        )
    return found


def mount(app: FastAPI, registry: Registry, directory: Directory, clock: Callable[[], datetime]) -> None:
    @app.get(
        "/v1/institutions",
        openapi_extra=operation(
            "institutions",
            "Institutions by name, id or DID",
            Content(ref("Found"), examples.FOUND),
            tag="institutions",
            more="Every word begins a word of the name. `next` is null on the last page. Where more is found than can"
            " be paged through, `total` is not exact.",
            parameters=(_Q, _LIMIT, _OFFSET),
            caching=CHANGING["cache-control"],
        ),
    )
    def institutions(request: Request) -> Response:
        params = dict(request.query_params)
        if "q" not in params:
            raise QueryError("missing_parameter", "The parameter q is missing.")
        found = find(registry, directory, params)
        following = found.next_offset
        again = urlencode({"q": params["q"], "limit": found.limit, "offset": following})
        return JSONResponse(
            {
                "institutions": list(found.items),
                "total": found.total,
                "total_is_exact": found.counted_all,
                "limit": found.limit,
                "offset": found.offset,
                "next": f"/v1/institutions?{again}" if following is not None else None,
            },
            headers=CHANGING,
        )

    @app.get(
        "/v1/institutions/{identifier}",
        openapi_extra=operation(
            "institution",
            "One institution on a day: how it stands, who says so, its DIDs, reports, predecessors and successors",
            Content(ref("Institution"), examples.INSTITUTION),
            tag="institutions",
            parameters=(_NAMED, _AT, _KNOWN_AT),
            problems=(404,),
            caching="no-store",
        ),
    )
    def institution(request: Request) -> Response:
        identifier = request.path_params["identifier"]
        found = one(registry, identifier, dict(request.query_params), clock())
        answer = found.to_json()
        answer["successors"] = [
            {"id": successor, "at": at, "kind": kind}
            for successor, at, kind in directory.successors(identifier)
        ]
        return JSONResponse(answer, headers=UNCACHED)

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

from trust_registry.dates import parse_date, parse_time
from trust_registry.errors import QueryError, TrustRegistryError
from trust_registry.registry import Registry
from trust_registry.web.directory import Directory
from trust_registry.web.limits import LIMITS, whole_number
from trust_registry.web.params import CHANGING, UNCACHED, described, only
from trust_registry.web.standing import Standing, standing

_ID = re.compile(r"[A-Za-z0-9._-]{1,40}")
_FOUND = {
    "institutions": [
        {
            "id": "DEQARINST7609",
            "name": "Munster Technological University",
            "found_as": "Munster Technological University",
            "countries": ["IE"],
            "href": "/v1/institutions/DEQARINST7609",
        }
    ],
    "total": 21,
    "limit": 20,
    "offset": 0,
    "next": "/v1/institutions?q=munster&limit=20&offset=20",  # null on the last page
}
_ONE = {
    "version": 1,
    "institution": {
        "id": "DEQARINST7609",
        "name": "Munster Technological University",
        "countries": ["IE"],
        "url": "https://data.deqar.eu/institution/7609",
        "founded": "2021-01-01",
        "closed": {"earliest": "2040-01-01", "latest": "2041-01-01"},  # null while it is open
        "other_provider": False,
        "names": ["Munster Technological University"],
        "identifiers": [
            {"resource": "ROR", "value": "https://ror.org/013xpqh61", "valid_from": None, "valid_to": None}
        ],
    },
    "at": "2026-11-22",
    "known_at": "2026-11-22T12:00:00Z",
    "standing": {"outcome": "assured_official", "reasons": ["inherited_from_predecessor"]},
    "dids": [],
    "reports": [],
    "predecessors": [{"id": "DEQARINST1361", "at": "2021-01-01", "kind": "succeeded"}],
    "part_of": [],
    "successors": [],
}


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a search, with what a reader wants to see of each institution."""

    items: tuple[dict[str, Any], ...]
    total: int
    limit: int
    offset: int

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
        stored = registry.live.of_did(question.strip())
        ids = sorted({binding.institution_id for binding in stored.bindings if binding.level > 0})
        pairs, total = [(one, question.strip()) for one in ids[offset : offset + limit]], len(ids)
    else:
        page = directory.search(question, limit=limit, offset=offset)
        pairs, total = [(hit.institution_id, hit.name) for hit in page.hits], page.total
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
    return Found(tuple(items), total, limit, offset)


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
        tags=["institutions"],
        openapi_extra=described(
            _FOUND,
            ("q", "Words of a name in any script, an institution's id, or a DID", "munster"),
            ("limit", f"1 to {LIMITS.max_page_size}", "20"),
            ("offset", f"0 to {LIMITS.max_offset}", "0"),
        ),
    )
    def institutions(request: Request) -> Response:
        params = only(request.query_params, ("q", "limit", "offset"))
        if "q" not in params:
            raise QueryError("missing_parameter", "The parameter q is missing.")
        found = find(registry, directory, params)
        following = found.next_offset
        again = urlencode({"q": params["q"], "limit": found.limit, "offset": following})
        return JSONResponse(
            {
                "institutions": list(found.items),
                "total": found.total,
                "limit": found.limit,
                "offset": found.offset,
                "next": f"/v1/institutions?{again}" if following is not None else None,
            },
            headers=CHANGING,
        )

    @app.get(
        "/v1/institutions/{identifier}",
        tags=["institutions"],
        openapi_extra=described(
            _ONE,
            ("at", "The day asked about, YYYY-MM-DD; default: today", "2024-05-01"),
            ("known_at", "RFC 3339; what was known then counts; default: now", "2026-01-01T00:00:00Z"),
        ),
    )
    def institution(identifier: str, request: Request) -> Response:
        found = one(registry, identifier, only(request.query_params, ("at", "known_at")), clock())
        answer = found.to_json()
        answer["institution"]["names"] = list(directory.names(identifier))
        answer["successors"] = [
            {"id": successor, "at": at, "kind": kind}
            for successor, at, kind in directory.successors(identifier)
        ]
        return JSONResponse(answer, headers=UNCACHED)

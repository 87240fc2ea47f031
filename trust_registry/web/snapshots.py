"""The registry's distribution over HTTP: ``/v1/snapshots/metadata/`` and ``/v1/snapshots/targets/``.

For the clients of The Update Framework (`trust_registry.local_copy`, or any other): what is served is signed, so
this module judges nothing. A name with a version or a hash never means another content, and may be kept for ever;
``timestamp.json`` is asked for again each time, and costs a 304 while nothing is new.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, Response

from trust_registry.errors import TrustRegistryError
from trust_registry.publishing import Repository
from trust_registry.web.params import CHANGING, described, only

_IMMUTABLE = {
    "cache-control": "public, max-age=31536000, immutable",
    "x-content-type-options": "nosniff",
}
_TAG = re.compile(r'(?:W/)?("[^"]*")')


def mount(app: FastAPI, repository: Repository) -> None:
    """The caller opens the `Repository`; one that has published nothing yet answers 404."""

    def metadata(name: str, request: Request) -> Response:
        only(request.query_params, ())
        path = repository.metadata_file(name)
        try:
            # Small, and timestamp.json may be replaced meanwhile: the ETag is that of the bytes that are sent.
            data = path.read_bytes() if path is not None else None
        except FileNotFoundError:  # the next publication has just removed it
            data = None
        if data is None:
            raise _not_found()
        etag = f'"{hashlib.sha256(data).hexdigest()}"'
        headers = {**(CHANGING if name == "timestamp.json" else _IMMUTABLE), "etag": etag}
        if _matches(request, etag):
            return Response(status_code=304, headers=headers)
        return Response(data, media_type="application/json", headers=headers)

    def target(name: str, request: Request) -> Response:
        only(request.query_params, ())
        path = repository.target_file(name)
        if path is None:
            raise _not_found()
        etag = f'"{name.partition(".")[0]}"'
        headers = {**_IMMUTABLE, "etag": etag}
        if _matches(request, etag):
            return Response(status_code=304, headers=headers)
        return _streamed(path, headers)

    signed = {"signatures": [{"keyid": "…", "sig": "…"}], "signed": {"_type": "timestamp", "version": 1}}
    for route, handler, extra in (
        ("/v1/snapshots/metadata/{name}", metadata, described(signed)),
        ("/v1/snapshots/targets/{name}", target, _described_file()),
    ):
        app.get(route, tags=["snapshots"], openapi_extra=extra)(handler)
        app.head(route, include_in_schema=False)(handler)


def _streamed(path: Path, headers: dict[str, str]) -> Response:
    """With Range; from the size that it has now, so that one removed meanwhile is a 404 and not half an answer."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        raise _not_found() from None
    return FileResponse(path, media_type="application/octet-stream", headers=headers, stat_result=stat)


def _matches(request: Request, etag: str) -> bool:
    """RFC 9110, 13.1.2: compared weakly; a star is any."""
    asked = request.headers.get("if-none-match", "")
    return asked.strip() == "*" or etag in _TAG.findall(asked)


def _not_found() -> TrustRegistryError:
    return TrustRegistryError("not_found", "There is no such file in this registry's distribution.")


def _described_file() -> dict[str, Any]:
    described_as = described({})
    binary = {"schema": {"type": "string", "format": "binary"}}
    described_as["responses"]["200"] = {
        "description": "The file",
        "content": {"application/octet-stream": binary},
    }
    return described_as

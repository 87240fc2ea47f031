"""The registry's distribution over HTTP: ``/v1/snapshots/metadata/`` and ``/v1/snapshots/targets/``.

For the clients of The Update Framework (`trust_registry.local_copy`, or any other): what is served is signed, so
this module judges nothing. A name with a version or a hash never means another content, and may be kept for ever;
``timestamp.json`` is asked for again each time, and costs a 304 while nothing is new.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import Response

from trust_registry.errors import TrustRegistryError
from trust_registry.publishing import Repository
from trust_registry.web.describing import HAS_ALREADY, Content, Parameter, operation
from trust_registry.web.mirror import WholeFile
from trust_registry.web.params import CHANGING, IMMUTABLE
from trust_registry.web.schemas import TEXT

_TAG = re.compile(r'(?:W/)?("[^"]*")')
_METADATA = operation(
    "snapshotMetadata",
    "Signed metadata of the distribution (The Update Framework): roots, targets, snapshot, timestamp",
    Content(
        {"type": "object", "required": ["signatures", "signed"]},
        {"signatures": [{"keyid": "…", "sig": "…"}], "signed": {"_type": "timestamp", "version": 1}},
    ),
    tag="snapshots",
    parameters=(
        Parameter("name", "For example timestamp.json or 1.root.json", TEXT, "timestamp.json", "path"),
        HAS_ALREADY,
    ),
    problems=(404,),
)
_TARGET = operation(
    "snapshotFile",
    "A published file, by the name that the signed metadata give it",
    Content({"type": "string", "format": "binary"}, "SQLite format 3…", "application/octet-stream"),
    tag="snapshots",
    parameters=(Parameter("name", "Its SHA-256, a dot, its name", TEXT, None, "path"), HAS_ALREADY),
    problems=(404,),
)


def mount(app: FastAPI, repository: Repository) -> None:
    """The caller opens the `Repository`; one that has published nothing yet answers 404."""

    def metadata(request: Request) -> Response:
        name = request.path_params["name"]
        path = repository.metadata_file(name)
        try:
            # Small, and timestamp.json may be replaced meanwhile: the ETag is that of the bytes that are sent.
            data = path.read_bytes() if path is not None else None
        except FileNotFoundError:  # the next publication has just removed it
            data = None
        if data is None:
            raise _not_found()
        etag = f'"{hashlib.sha256(data).hexdigest()}"'
        headers = {**(CHANGING if name == "timestamp.json" else IMMUTABLE), "etag": etag}
        if _matches(request, etag):
            return Response(status_code=304, headers=headers)
        return Response(data, media_type="application/json", headers=headers)

    def target(request: Request) -> Response:
        name = request.path_params["name"]
        path = repository.target_file(name)
        if path is None:
            raise _not_found()
        etag = f'"{name.partition(".")[0]}"'
        headers = {**IMMUTABLE, "etag": etag}
        if _matches(request, etag):
            return Response(status_code=304, headers=headers)
        return _streamed(path, headers)

    for route, handler, described in (
        ("/v1/snapshots/metadata/{name}", metadata, _METADATA),
        ("/v1/snapshots/targets/{name}", target, _TARGET),
    ):
        app.get(route, openapi_extra=described)(handler)


def _streamed(path: Path, headers: dict[str, str]) -> Response:
    """From the size that it has now, so that one removed meanwhile is a 404 and not half an answer."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        raise _not_found() from None
    return WholeFile(path, media_type="application/octet-stream", headers=headers, stat_result=stat)


def _matches(request: Request, etag: str) -> bool:
    """RFC 9110, 13.1.2: compared weakly; a star is any."""
    asked = request.headers.get("if-none-match", "")
    return asked.strip() == "*" or etag in _TAG.findall(asked)


def _not_found() -> TrustRegistryError:
    return TrustRegistryError("not_found", "There is no such file in this registry's distribution.")

"""The operators' routes: ``POST /v1/operator/<operation>`` with an operator's own token.

The admin token of ``HOME/token`` does not open them: it is nobody's name. Bodies are counted while they arrive;
only a few requests work at a time, because some of them fetch from strangers.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from trust_registry import operations
from trust_registry.errors import TrustRegistryError
from trust_registry.outside import Fetch
from trust_registry.registry import Registry
from trust_registry.web.params import read_body

MAX_AT_ONCE = 4


def add(
    app: FastAPI, registry: Registry, clock: Callable[[], datetime], *, fetch: Fetch | None = None
) -> None:
    """``fetch`` replaces the network in tests."""
    places = threading.BoundedSemaphore(MAX_AT_ONCE)

    def work(operation: str, operator: str, body: bytes) -> dict[str, Any]:
        if not places.acquire(blocking=False):
            raise TrustRegistryError("busy", "Other operators' requests are being worked on.", "Try again.")
        try:
            return operations.perform(
                registry, operation, operator=operator, body=body, now=clock(), fetch=fetch
            )
        finally:
            places.release()

    @app.post("/v1/operator/{operation}")
    async def operate(operation: str, request: Request) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        operator = registry.operators.authenticate(token if scheme == "Bearer" else "")
        if operation not in operations.OPERATIONS:
            raise TrustRegistryError("not_found", "There is no such operation.")
        body = await read_body(request, operations.BODY_BYTES)
        answer = await run_in_threadpool(work, operation, operator, body)
        return JSONResponse(answer, headers={"cache-control": "no-store"})

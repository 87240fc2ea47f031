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

from trust_registry import bodies, operations
from trust_registry.errors import TrustRegistryError
from trust_registry.outside import Fetch
from trust_registry.registry import Registry
from trust_registry.web import describing, examples
from trust_registry.web.describing import OPERATOR, Content
from trust_registry.web.params import UNCACHED, bearer, read_body
from trust_registry.web.schemas import ref

MAX_AT_ONCE = 4
_SUMMARIES = {
    "propose": "Propose to bind a DID; nothing is bound until another operator approves",
    "approve": "Approve another operator's proposal, after every check again",
    "reject": "End a proposal without a binding",
    "check": "What is bound, against what the DID's host says now",
    "revoke": "Revoke a pinned key",
    "list": "Proposals, bindings, and keys in quarantine",
    "audit": "The audit log, verified; with the head that was noted elsewhere",
}
_ANSWERS = {
    "propose": "Proposal",
    "approve": "Binding",
    "reject": "Closed",
    "check": "Checked",
    "revoke": "Revoked",
    "list": "Listing",
    "audit": "AuditLog",
}


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

    def mount(operation: str, summary: str) -> None:
        asked, answered = examples.OPERATIONS[operation]

        @app.post(
            f"/v1/operator/{operation}",
            openapi_extra=describing.operation(
                f"operator{operation.capitalize()}",
                summary,
                Content(ref(_ANSWERS[operation]), answered),
                tag="operators",
                body=Content(ref(f"Operator{operation.capitalize()}"), asked),
                problems=(403, 404, 409, 503),
                token=OPERATOR,
                caching="no-store",
            ),
        )
        async def operate(request: Request) -> Response:
            operator = registry.operators.authenticate(bearer(request))
            body = await read_body(request, bodies.BODY_BYTES)
            answer = await run_in_threadpool(work, operation, operator, body)
            return JSONResponse(answer, headers=UNCACHED)

    for operation, summary in _SUMMARIES.items():
        mount(operation, summary)

"""The registry over HTTP (seam 2). Thin: parse, ask `Registry`, answer; problems are RFC 7807 documents.

Reading needs no token. The mirror takes what a pinned key signed; the admin routes want the token of
``HOME/token``, the operators' routes an operator's own. Logs and problems hold no claim value. Every route
describes itself; ``/v1/openapi.json`` is made of these descriptions.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from fastapi import FastAPI

from trust_registry import web_bindings
from trust_registry.registry import Registry, utc_now
from trust_registry.web import admin, answers, document, mirror, mounting, problems
from trust_registry.web.limits import LIMITS, Limits, RateLimit
from trust_registry.web.params import DeclaredOnly


def create_app(
    registry: Registry, *, clock: Callable[[], datetime] = utc_now, limits: Limits = LIMITS
) -> FastAPI:
    """The application for one opened registry; the caller closes the registry."""
    app = FastAPI(
        title="Cairn trust registry",
        version="1",
        docs_url=None,  # the interactive pages load scripts from elsewhere
        redoc_url=None,
        openapi_url=None,  # ours is made by `document`
        redirect_slashes=False,  # the redirect would lead wherever the Host header says
    )
    app.router.route_class = DeclaredOnly
    app.add_middleware(RateLimit, limits=limits)
    problems.install(app)
    answers.mount(app, registry, clock)
    mirror.mount(app, registry, clock)
    admin.mount(app, registry, clock)
    mounting.mount(app, registry, clock)
    web_bindings.add(app, registry, clock)
    document.publish(app, limits)
    return app

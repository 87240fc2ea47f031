"""All routes of this package on one application."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from fastapi import FastAPI

from trust_registry.registry import Registry
from trust_registry.web import ebsi, exports, institutions, people, snapshots, trqp
from trust_registry.web.directory import Directory
from trust_registry.web.roll import Roll


def mount(app: FastAPI, registry: Registry, clock: Callable[[], datetime]) -> None:
    directory, roll = Directory(registry), Roll(registry)
    institutions.mount(app, registry, directory, clock)
    people.mount(app, registry, directory, clock)
    trqp.mount(app, registry, directory, clock)
    ebsi.mount(app, registry, roll, clock)
    exports.mount(app, registry, roll, clock)
    snapshots.mount(app, registry.publication.repository)

"""Enough SQLite connections.

ACA-Py lists records by opening a scan, which needs a connection of its own, while it holds a session with
another one. With the default pool, a handful of concurrent lists wait for each other for 30 s and inbound
messages are lost. Postgres has a setting (``max_connections``); SQLite takes it in the address only.
"""

from __future__ import annotations

from acapy_agent.askar.store import AskarStoreConfig

SQLITE_CONNECTIONS = 48


def install() -> None:
    original = AskarStoreConfig._build_sqlite_uri

    def build(self: AskarStoreConfig, in_memory: bool | None, create: bool) -> str:
        uri: str = original(self, in_memory, create)
        return uri if in_memory else f"{uri}?max_connections={SQLITE_CONNECTIONS}"

    AskarStoreConfig._build_sqlite_uri = build

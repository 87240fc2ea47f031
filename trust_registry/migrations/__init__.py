"""Versions of the store's tables (Alembic). `trust_registry.store.database` brings a database to the last one.

A version that was ever released is not edited: databases made by it exist. What a later program needs is a
further file in ``versions/`` and a further name in `REVISIONS`, which is here so that a database that is up
to date is opened without importing Alembic.
"""

from pathlib import Path

REVISIONS = ("0001", "0002")
HEAD = REVISIONS[-1]
# A name of our own: another program in the same PostgreSQL database may use Alembic too.
VERSION_TABLE = "cairn_registry_version"
FOLDER = Path(__file__).parent

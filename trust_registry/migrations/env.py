"""What Alembic runs; the connection, and with it the transaction, is the caller's."""

from alembic import context

from trust_registry.migrations import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
with context.begin_transaction():
    context.run_migrations()

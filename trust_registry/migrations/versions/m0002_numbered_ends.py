"""The end of a proposal gets a number, as every other statement has one.

Ends that are there already are numbered in the order of the time that they state.
"""

import sqlalchemy as sa
from alembic import op

from trust_registry import strict_json

revision = "0002"
down_revision = "0001"
_MAX_BYTES = 1024 * 1024


def upgrade() -> None:
    bind = op.get_bind()
    ends = [(row.id, row.jws) for row in bind.execute(sa.text("SELECT id, jws FROM proposal_ends"))]
    op.drop_table("proposal_ends")
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    table = op.create_table(
        "proposal_ends",
        sa.Column("number", number, primary_key=True, autoincrement=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("jws", sa.Text(), nullable=False),
        sa.UniqueConstraint("id", name="proposal_ends_id"),
    )
    ends.sort(key=lambda end: (_time(end[1]), end[0]))
    for count, (identifier, jws) in enumerate(ends, start=1):
        bind.execute(table.insert().values(number=count, id=identifier, jws=jws))


def _time(jws: str) -> str:
    """For the order only; whoever reads the record verifies it. Empty when it cannot be read."""
    try:
        payload = strict_json.b64url_decode(jws.split(".")[1])
        found = strict_json.loads(payload, max_bytes=_MAX_BYTES)["at"]
    except (ValueError, IndexError, KeyError, TypeError):
        return ""
    return found if isinstance(found, str) else ""

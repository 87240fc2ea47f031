"""The tables of the store and what is asked of them; `trust_registry.migrations` makes them (a test compares the two).

Numbers are given by the writer, one more than the highest, while it holds the only right to write. So they
have no gap, grow in the order of the commits on either database, and can be told to the verifier of a record.
"""

from __future__ import annotations

import sqlalchemy as sa

# On SQLite only INTEGER is the row's own number; on PostgreSQL that would end at 2^31.
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

METADATA = sa.MetaData()


def _number(name: str = "number") -> sa.Column[int]:
    return sa.Column(name, NUMBER, primary_key=True, autoincrement=False)


def _text(name: str, *, key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), primary_key=key, nullable=False)


BINDINGS = sa.Table(
    "bindings",
    METADATA,
    _number(),
    _text("did"),
    _text("institution"),
    _text("jws"),
    sa.Index("bindings_did", "did"),
    sa.Index("bindings_institution", "institution"),
)
PROPOSALS = sa.Table(
    "proposals",
    METADATA,
    _number(),
    _text("id"),
    _text("jws"),
    sa.UniqueConstraint("id", name="proposals_id"),
)
PROPOSAL_ENDS = sa.Table(
    "proposal_ends",
    METADATA,
    _number(),
    _text("id"),
    _text("jws"),
    sa.UniqueConstraint("id", name="proposal_ends_id"),
)
AUDIT = sa.Table("audit", METADATA, _number("seq"), _text("jws"))
OBJECTS = sa.Table("objects", METADATA, _text("id", key=True), _text("kind"), _text("jws"))
REVLISTS = sa.Table(
    "revlists",
    METADATA,
    _text("registry", key=True),
    _number("timestamp"),
    _text("content_sha256"),
    _text("jws"),
)
SNAPSHOTS = sa.Table("snapshots", METADATA, _number("seq"), _text("db_sha256"))

# Tables whose rows are statements of the registry, with the column that numbers them.
STATEMENTS: dict[str, sa.Column[int]] = {
    "bindings": BINDINGS.c.number,
    "proposals": PROPOSALS.c.number,
    "proposal_ends": PROPOSAL_ENDS.c.number,
    "audit": AUDIT.c.seq,
}
RECORDS = (BINDINGS, PROPOSALS, PROPOSAL_ENDS)  # what the audit log names

# Made once, so that SQLAlchemy finds their compiled form by the object.
ALL_BINDINGS = sa.select(BINDINGS).order_by(BINDINGS.c.number)
_DID, _INSTITUTION = (
    BINDINGS.c.did == sa.bindparam("did"),
    BINDINGS.c.institution == sa.bindparam("institution"),
)
BINDINGS_BY = {
    (False, False): ALL_BINDINGS,
    (True, False): ALL_BINDINGS.where(_DID),
    (False, True): ALL_BINDINGS.where(_INSTITUTION),
    (True, True): ALL_BINDINGS.where(_DID, _INSTITUTION),
}
BINDINGS_AFTER = ALL_BINDINGS.where(BINDINGS.c.number > sa.bindparam("number"))
HIGHEST = {table: sa.select(sa.func.coalesce(sa.func.max(column), 0)) for table, column in STATEMENTS.items()}
ALL_HIGHEST = sa.select(*(query.scalar_subquery().label(table) for table, query in HIGHEST.items()))
LOG_END = sa.select(AUDIT).order_by(AUDIT.c.seq.desc()).limit(1)
WITH_ENDS = (
    sa.select(PROPOSALS, PROPOSAL_ENDS.c.number.label("end_number"), PROPOSAL_ENDS.c.jws.label("end"))
    .join_from(PROPOSALS, PROPOSAL_ENDS, PROPOSAL_ENDS.c.id == PROPOSALS.c.id, isouter=True)
    .order_by(PROPOSALS.c.number)
)
LAST_SNAPSHOT = sa.select(SNAPSHOTS).order_by(SNAPSHOTS.c.seq.desc()).limit(1)
LISTS_OF = sa.select(REVLISTS).where(REVLISTS.c.registry == sa.bindparam("of"))

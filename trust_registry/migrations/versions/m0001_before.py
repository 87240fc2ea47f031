"""The tables as they were before versions were counted; in a file that has them, nothing is made anew."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# SQLite: one trigger for each event. PostgreSQL: a statement that touches no row is refused too.
_SQLITE = (
    "CREATE TRIGGER IF NOT EXISTS audit_is_kept BEFORE DELETE ON audit"
    " BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
    "CREATE TRIGGER IF NOT EXISTS audit_is_not_changed BEFORE UPDATE ON audit"
    " BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
)
_POSTGRES = (
    "CREATE FUNCTION cairn_audit_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'integrity_constraint_violation';"
    " END $$",
    "CREATE TRIGGER audit_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit"
    " FOR EACH STATEMENT EXECUTE FUNCTION cairn_audit_is_kept()",
)


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"

    def table(name: str, *columns: sa.Column[str] | sa.Column[int] | sa.UniqueConstraint) -> None:
        numbered = columns[0].name == "number" or name == "audit"
        op.create_table(name, *columns, if_not_exists=sqlite, sqlite_with_rowid=numbered)

    table("bindings", _number(), _text("did"), _text("institution"), _text("jws"))
    op.create_index("bindings_did", "bindings", ["did"], if_not_exists=sqlite)
    op.create_index("bindings_institution", "bindings", ["institution"], if_not_exists=sqlite)
    table("objects", _text("id", key=True), _text("kind"), _text("jws"))
    table(
        "revlists", _text("registry", key=True), _number("timestamp"), _text("content_sha256"), _text("jws")
    )
    table("snapshots", _number("seq"), _text("db_sha256"))
    table("proposals", _number(), _text("id"), _text("jws"), sa.UniqueConstraint("id", name="proposals_id"))
    table("proposal_ends", _text("id", key=True), _text("jws"))
    table("audit", _number("seq"), _text("jws"))
    for statement in _SQLITE if sqlite else _POSTGRES:
        op.execute(statement)


def _number(name: str = "number") -> sa.Column[int]:
    return sa.Column(name, _NUMBER, primary_key=True, autoincrement=False)


def _text(name: str, *, key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), primary_key=key, nullable=False)

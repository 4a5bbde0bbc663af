"""Message tables: made and removed by the migrations of every service."""

from importlib.resources import files

from alembic.operations import Operations
from sqlalchemy import text

_TABLES = ("relay_stream", "idempotency", "dead_letter", "inbox", "outbox")

_SUSPECT = """
CREATE TABLE suspect (
    consumer  text        NOT NULL,
    msg_id    text        NOT NULL,
    tries     integer     NOT NULL CHECK (tries >= 0),
    at        timestamptz NOT NULL DEFAULT statement_timestamp(),
    PRIMARY KEY (consumer, msg_id)
);
"""


def create_message_tables(op: Operations) -> None:
    """Create outbox, inbox, dead_letter, idempotency and relay_stream: `create_message_tables(op)`."""
    run_sql(op, files("chassis").joinpath("message_tables.sql").read_text(encoding="utf-8"))


def drop_message_tables(op: Operations) -> None:
    """Remove them again; what is in them is lost."""
    for table in _TABLES:
        op.execute(text(f"DROP TABLE {table} CASCADE"))


def create_suspect_table(op: Operations) -> None:
    """Create suspect, which came after the others: the tries of messages that were delivered often."""
    run_sql(op, _SUSPECT)


def drop_suspect_table(op: Operations) -> None:
    """Remove it again; its counts begin anew."""
    op.execute(text("DROP TABLE suspect"))


def run_sql(op: Operations, script: str) -> None:
    """Run a script of plain statements, one by one, for a migration whose SQL stands in its own file.

    Statements end with a semicolon at a line's end; comment lines are left out. Not for function bodies.
    """
    lines = (line for line in script.splitlines() if not line.lstrip().startswith("--"))
    for statement in "\n".join(lines).split(";\n"):
        if bare := statement.strip().removesuffix(";"):
            op.get_bind().exec_driver_sql(bare)

"""Create orders' tables."""

from importlib.resources import files

from alembic import op
from sqlalchemy import text

from chassis.message_tables import create_message_tables, drop_message_tables, run_sql

revision, down_revision = "0001", None
branch_labels = depends_on = None

_TABLES = ("watermark", "post_verdict", "order_log", "orders")


def upgrade() -> None:
    create_message_tables(op)
    run_sql(op, files("orders.migrations").joinpath("0001_tables.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    for table in _TABLES:
        op.execute(text(f"DROP TABLE {table}"))
    drop_message_tables(op)

"""Make the tables of deliveries, answered refusals and quotas.

Revision ID: 0001
Revises:
"""

from importlib.resources import files

from alembic import op

from chassis.message_tables import create_message_tables, drop_message_tables, run_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_message_tables(op)
    run_sql(op, files("notifier.migrations").joinpath("0001_notifier.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    for table in ("delivery", "refusal_answered", "quota"):
        op.execute(f"DROP TABLE {table} CASCADE")
    drop_message_tables(op)

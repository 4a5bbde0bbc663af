"""Make the tables of the vault, charges and the ledger.

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
    run_sql(op, files("payments.migrations").joinpath("0001_payments.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("DROP VIEW balance")
    for table in ("transfer", "operation", "charge", "card_session", "card"):
        op.execute(f"DROP TABLE {table} CASCADE")
    op.execute("DROP FUNCTION refuse_ledger_change")
    drop_message_tables(op)

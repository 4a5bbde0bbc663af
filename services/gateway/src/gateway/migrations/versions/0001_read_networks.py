"""Read networks: kept posts, positions, prompts, watched links, and the message tables."""

from importlib.resources import files

from alembic import op

from chassis.message_tables import create_message_tables, drop_message_tables, run_sql

revision = "0001"
down_revision = None

_TABLES = ("watched_link", "prompt", "network_watermark", "network_stream", "kept_revocation", "kept_post")


def upgrade() -> None:
    create_message_tables(op)
    run_sql(op, files("gateway").joinpath("migrations/0001_read_networks.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
    drop_message_tables(op)

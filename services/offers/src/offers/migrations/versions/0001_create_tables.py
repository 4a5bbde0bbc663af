"""Create the tables of offers and those of its messages."""

from importlib.resources import files

from alembic import op

from chassis.message_tables import create_message_tables, drop_message_tables, run_sql

revision, down_revision = "0001", None

_TABLES = ("known_tag", "hold", "stock", "offer", "merchant")


def upgrade() -> None:
    """Create them."""
    create_message_tables(op)
    run_sql(op, files("offers").joinpath("migrations", "schema.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Remove them; what is in them is lost."""
    for table in _TABLES:
        op.drop_table(table)
    drop_message_tables(op)

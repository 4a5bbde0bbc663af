"""Create the message tables and one table of effects."""

from alembic import op

from chassis.message_tables import (
    create_message_tables,
    create_suspect_table,
    drop_message_tables,
    drop_suspect_table,
    run_sql,
)

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_message_tables(op)
    create_suspect_table(op)
    run_sql(
        op,
        """
        -- every effect a handler had, so that a test can count it; a semicolon here; is no end
        CREATE TABLE effect (
            id       bigint GENERATED ALWAYS AS IDENTITY,
            message  text NOT NULL,
            handled  text NOT NULL
        );
        CREATE TABLE counter (name text PRIMARY KEY, version bigint NOT NULL);
        """,
    )


def downgrade() -> None:
    op.drop_table("effect")
    op.drop_table("counter")
    drop_suspect_table(op)
    drop_message_tables(op)

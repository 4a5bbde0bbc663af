"""Count the tries of messages that were delivered often.

Revision ID: 0003
Revises: 0002

Expands only: the former release neither reads nor writes the table.
"""

from alembic import op

from chassis.message_tables import create_suspect_table, drop_suspect_table

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    create_suspect_table(op)


def downgrade() -> None:
    drop_suspect_table(op)

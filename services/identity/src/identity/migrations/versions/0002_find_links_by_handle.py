"""Find links by handle without reading them all.

Revision ID: 0002
Revises: 0001

Expands only: the former release neither needs nor minds the index.
"""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("CREATE INDEX link_of_handle ON link (lower(handle), updated_at DESC, link_id DESC)")


def downgrade() -> None:
    op.execute("DROP INDEX link_of_handle")

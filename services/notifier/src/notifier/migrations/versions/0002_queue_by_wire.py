"""Queue mails apart from posts and replies.

Revision ID: 0002
Revises: 0001

In one queue every batch of posts read past all the mails that waited. The former release leases by this index too, with
a sort behind it.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

_QUEUE = "(CASE channel WHEN 'MAIL' THEN 'MAIL' ELSE 'POST' END)"


def upgrade() -> None:
    op.execute(
        f"CREATE INDEX delivery_waiting ON delivery ({_QUEUE}, urgency, next_at) WHERE state IN ('WAITING', 'SENDING')"
    )
    op.execute("DROP INDEX delivery_due")


def downgrade() -> None:
    op.execute("CREATE INDEX delivery_due ON delivery (urgency, next_at) WHERE state IN ('WAITING', 'SENDING')")
    op.execute("DROP INDEX delivery_waiting")

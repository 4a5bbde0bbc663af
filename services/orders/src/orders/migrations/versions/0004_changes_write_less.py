"""Drop the indexes that 0003 made needless: a change of an order writes an entry into two instead of six.

Revision ID: 0004
Revises: 0003
"""

from alembic import op

revision = "0004"
down_revision = "0003"

_FINAL = "('REFUNDED', 'EXPIRED', 'CANCELLED', 'DECLINED', 'REFUSED', 'VOIDED')"


def upgrade() -> None:
    op.execute("DROP INDEX orders_cardmember, orders_newest, orders_prompt, orders_open_tag, orders_ended_tag")


def downgrade() -> None:
    op.execute(f"CREATE INDEX orders_ended_tag ON orders (confirmation_tag) WHERE state IN {_FINAL}")
    op.execute(f"CREATE UNIQUE INDEX orders_open_tag ON orders (confirmation_tag) WHERE state NOT IN {_FINAL}")
    op.execute("CREATE INDEX orders_prompt ON orders (prompt_post_id) WHERE prompt_post_id IS NOT NULL")
    op.execute("CREATE INDEX orders_newest ON orders (created_at, order_id)")
    op.execute("CREATE INDEX orders_cardmember ON orders (cardmember_id, created_at)")

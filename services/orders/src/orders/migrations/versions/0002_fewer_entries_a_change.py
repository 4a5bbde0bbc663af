"""Change an order with fewer index entries.

Revision ID: 0002
Revises: 0001

Every change of an order writes an entry into each index that holds its row. A tag is looked up among open orders by
the unique index on them, so only ended ones need another. `UNIQUE (network, post_id)` said nothing that the primary
key, which is made of them, and `post_verdict` do not. The former release still finds tags while it runs beside this
one, by reading more.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

_ENDED = "('REFUNDED', 'EXPIRED', 'CANCELLED', 'DECLINED', 'REFUSED', 'VOIDED')"


def upgrade() -> None:
    op.execute(f"CREATE INDEX orders_ended_tag ON orders (confirmation_tag) WHERE state IN {_ENDED}")
    op.execute("DROP INDEX orders_tag")
    op.execute("ALTER TABLE orders DROP CONSTRAINT orders_network_post_id_key")


def downgrade() -> None:
    op.execute("ALTER TABLE orders ADD CONSTRAINT orders_network_post_id_key UNIQUE (network, post_id)")
    op.execute("CREATE INDEX orders_tag ON orders (confirmation_tag) WHERE confirmation_tag IS NOT NULL")
    op.execute("DROP INDEX orders_ended_tag")

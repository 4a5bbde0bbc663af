"""Keep what changes seldom of an order where its changes do not write: whose it is, since when, its tag and prompt.

Revision ID: 0003
Revises: 0002

An order goes through some nine changes, and each wrote an entry into every index on these. Tables of their own get one
in an order's life, the tag's another at its end. Triggers keep them, so that a release that knows nothing of them may
write orders beside this one; what was there before is brought over while orders are locked against writing. There are
no foreign keys: they would lock the order with every entry, and orders are never deleted. The former indexes go with
0004, in the release after this one: until then a former one reads by them.
"""

from alembic import op

revision = "0003"
down_revision = "0002"

_FINAL = "('REFUNDED', 'EXPIRED', 'CANCELLED', 'DECLINED', 'REFUSED', 'VOIDED')"

_TABLES = (
    """
CREATE TABLE order_placed (
    cardmember_id uuid        NOT NULL,
    created_at    timestamptz NOT NULL,
    order_id      uuid        NOT NULL,
    PRIMARY KEY (created_at, order_id)
)
""",
    """
CREATE TABLE order_tagged (
    confirmation_tag text    NOT NULL,
    order_id         uuid    NOT NULL,
    open             boolean NOT NULL,
    PRIMARY KEY (confirmation_tag, order_id)
)
""",
    """
CREATE TABLE order_prompted (
    network  text NOT NULL,
    post_id  text NOT NULL,
    order_id uuid NOT NULL,
    PRIMARY KEY (post_id, network, order_id)
)
""",
)

_BRING_OVER = (
    "INSERT INTO order_placed SELECT cardmember_id, created_at, order_id FROM orders ORDER BY created_at, order_id",
    f"""
INSERT INTO order_tagged SELECT confirmation_tag, order_id, state NOT IN {_FINAL}
FROM orders WHERE confirmation_tag IS NOT NULL ORDER BY confirmation_tag
""",  # noqa: S608 - of constants
    """
INSERT INTO order_prompted SELECT network, prompt_post_id, order_id
FROM orders WHERE prompt_post_id IS NOT NULL ORDER BY prompt_post_id
""",
)

_INDEXES = (
    "CREATE INDEX order_placed_cardmember ON order_placed (cardmember_id, created_at)",
    "CREATE UNIQUE INDEX order_tagged_open ON order_tagged (confirmation_tag) WHERE open",
)

_FUNCTIONS = {
    "keep_placed": f"""
    INSERT INTO order_placed SELECT cardmember_id, created_at, order_id FROM born;
    INSERT INTO order_tagged SELECT confirmation_tag, order_id, state NOT IN {_FINAL} FROM born
    WHERE confirmation_tag IS NOT NULL;
    INSERT INTO order_prompted SELECT network, prompt_post_id, order_id FROM born WHERE prompt_post_id IS NOT NULL;
""",  # noqa: S608 - of constants
    "keep_tagged": """
    INSERT INTO order_tagged VALUES (NEW.confirmation_tag, NEW.order_id, true);
""",
    "keep_ended": """
    UPDATE order_tagged SET open = false WHERE confirmation_tag = NEW.confirmation_tag AND order_id = NEW.order_id;
""",
    "keep_prompted": """
    INSERT INTO order_prompted VALUES (NEW.network, NEW.prompt_post_id, NEW.order_id) ON CONFLICT DO NOTHING;
""",
}
"""Bodies, by their trigger's name. An order never changes its tag, and never opens again."""

_TRIGGERS = {
    "keep_placed": "AFTER INSERT ON orders REFERENCING NEW TABLE AS born FOR EACH STATEMENT",
    "keep_tagged": """
AFTER UPDATE OF confirmation_tag ON orders FOR EACH ROW
WHEN (OLD.confirmation_tag IS NULL AND NEW.confirmation_tag IS NOT NULL)
""",
    "keep_ended": f"""
AFTER UPDATE OF state ON orders FOR EACH ROW
WHEN (NEW.state IN {_FINAL} AND OLD.state NOT IN {_FINAL} AND NEW.confirmation_tag IS NOT NULL)
""",
    "keep_prompted": """
AFTER UPDATE OF prompt_post_id ON orders FOR EACH ROW
WHEN (NEW.prompt_post_id IS DISTINCT FROM OLD.prompt_post_id AND NEW.prompt_post_id IS NOT NULL)
""",
}


def upgrade() -> None:
    op.execute("LOCK TABLE orders IN SHARE ROW EXCLUSIVE MODE")
    for statement in (*_TABLES, *_BRING_OVER, *_INDEXES):
        op.execute(statement)
    for name, body in _FUNCTIONS.items():
        op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN{body}    RETURN NULL; END$$")
        op.execute(f"CREATE TRIGGER {name} {_TRIGGERS[name]} EXECUTE FUNCTION {name}()")


def downgrade() -> None:
    for name in _FUNCTIONS:
        op.execute(f"DROP TRIGGER {name} ON orders")
        op.execute(f"DROP FUNCTION {name}()")
    op.execute("DROP TABLE order_placed, order_tagged, order_prompted")

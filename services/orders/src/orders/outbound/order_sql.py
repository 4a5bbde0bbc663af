"""Order SQL: every statement on orders, set-based; the expiry is generated from the saga's table."""

from functools import lru_cache

from orders.domain import saga
from orders.domain.overdue import EXPIRED_DETAIL, EXPIRED_REASON
from orders.domain.states import Fact, State
from orders.outbound.order_rows import END, FIXED, STATE


def _unnest(columns: dict[str, str], *, first: int) -> str:
    arrays = ", ".join(f"${first + index}::{kind}[]" for index, kind in enumerate(columns.values()))
    return f"unnest({arrays}) AS given ({', '.join(columns)})"


def _states(states: object) -> str:
    return ", ".join(f"'{state}'" for state in State if state in states)  # type: ignore[operator] # any set of states


_FINAL, _UNCONFIRMED = _states(saga.FINAL), _states(saga.UNCONFIRMED)
_RESTING = _states(saga.TIMED - saga.STEPPING.keys())

_BORN = {**FIXED, **STATE.columns, **END.columns}

_STEP = {
    "order_id": "uuid",
    "version": "bigint",
    "from_state": "text",
    "to_state": "text",
    "cause": "text",
    "cause_id": "text",
    "detail": "text",
    "trace_id": "text",
}
STEP_COLUMNS = len(_STEP)


def _with_story(write: str, *, first: int) -> str:
    """Write orders and, in the same round trip, the steps of those that were written."""
    return f"""
WITH written AS ({write} RETURNING orders.order_id), logged AS (
    INSERT INTO order_log ({", ".join(_STEP)})
    SELECT * FROM {_unnest(_STEP, first=first)} WHERE order_id = ANY(ARRAY(SELECT order_id FROM written))
)
SELECT order_id FROM written
"""


INSERT = _with_story(
    f"""
INSERT INTO orders ({", ".join(_BORN)})
SELECT {", ".join(_BORN)} FROM {_unnest(_BORN, first=1)}
ON CONFLICT DO NOTHING
""",
    first=len(_BORN) + 1,
)


@lru_cache(maxsize=128)
def update(columns: tuple[tuple[str, str], ...]) -> str:
    """Write the compare-and-set of these columns (name, type); there are few combinations, each prepared once."""
    given = {"key": "uuid", "from_version": "bigint", "from_state": "text", **dict(columns)}
    write = f"""
UPDATE orders SET {", ".join(f"{name} = given.{name}" for name, _ in columns)}
FROM {_unnest(given, first=1)}
WHERE orders.order_id = given.key AND orders.version = given.from_version AND orders.state = given.from_state
"""
    return _with_story(write, first=len(given) + 1)


GET = "SELECT * FROM orders WHERE order_id = ANY($1::uuid[])"
LOCK = GET + " ORDER BY order_id FOR UPDATE"

LOCK_SOUGHT = """
SELECT * FROM orders WHERE order_id = ANY(ARRAY(
    SELECT order_id FROM order_tagged WHERE confirmation_tag = ANY($1::text[])
    UNION ALL
    SELECT order_id FROM order_prompted JOIN unnest($2::text[], $3::text[]) AS reposted (network, post_id)
        USING (network, post_id)
    UNION ALL
    SELECT order_id FROM order_placed AS placed JOIN orders USING (order_id)
    WHERE placed.cardmember_id = ANY($4::uuid[]) AND state = 'PROMPTING'
    UNION ALL
    SELECT unnest($5::uuid[])
)) ORDER BY order_id FOR UPDATE
"""
"""The ids as one array, found before anything is locked. Joined instead, a row that another transaction changes while
we wait for it is judged anew against the join, and some plans of PostgreSQL 18 then miss it: a confirmation is lost."""

LOCK_OF_MEMBERS = f"""
SELECT * FROM orders WHERE order_id = ANY(ARRAY(
    SELECT order_id FROM order_placed WHERE cardmember_id = ANY($1::uuid[])
)) AND state NOT IN ({_FINAL}) ORDER BY order_id FOR UPDATE
"""


@lru_cache(maxsize=8)
def lock_overdue(states: frozenset[State]) -> str:
    """Write the look at these states' limits, of which the index on all timed ones knows."""
    return f"""
SELECT * FROM orders WHERE state IN ({_states(states)}) AND deadline_at <= $1
ORDER BY deadline_at LIMIT $2 FOR UPDATE SKIP LOCKED
"""


LEASE_DUE = """
WITH due AS (
    SELECT order_id FROM orders WHERE next_step_at <= $1 ORDER BY next_step_at LIMIT $3 FOR UPDATE SKIP LOCKED
)
UPDATE orders SET next_step_at = $2, attempts = attempts + 1 FROM due WHERE orders.order_id = due.order_id
RETURNING orders.*
"""

POSTPONE = """
UPDATE orders SET next_step_at = given.next_step_at,
    attempts = GREATEST(orders.attempts, given.attempts)
FROM unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::integer[])
    AS given (order_id, version, next_step_at, attempts)
WHERE orders.order_id = given.order_id AND orders.version = given.version AND orders.next_step_at IS NOT NULL
"""

_EXPIRED = saga.TABLE[State.AWAITING_CONFIRMATION, Fact.DEADLINE_PASSED]

EXPIRE = f"""
WITH due AS (
    SELECT order_id FROM orders
    WHERE network = $1 AND state = '{State.AWAITING_CONFIRMATION}' AND deadline_at <= $2 AND early_at IS NULL
    ORDER BY deadline_at LIMIT $3 FOR UPDATE SKIP LOCKED
), moved AS (
    UPDATE orders SET state = '{_EXPIRED.state}', ends_as = '{_EXPIRED.ends_as}', version = version + 1,
        updated_at = $4, reason = '{EXPIRED_REASON}', deadline_at = NULL, next_step_at = $4, attempts = 0
    FROM due WHERE orders.order_id = due.order_id AND orders.state = '{State.AWAITING_CONFIRMATION}'
    RETURNING orders.order_id, version, state, traceparent, confirm_by
), logged AS (
    INSERT INTO order_log (order_id, version, from_state, to_state, cause, cause_id, detail, trace_id)
    SELECT order_id, version, '{State.AWAITING_CONFIRMATION}', state, '{Fact.DEADLINE_PASSED}', 'deadline',
        '{EXPIRED_DETAIL}', COALESCE(split_part(traceparent, '-', 2), '')
    FROM moved
)
SELECT confirm_by FROM moved
"""

_AWAITED = f"""
SELECT network, deadline_at FROM orders WHERE state = '{State.AWAITING_CONFIRMATION}'
"""

FIRST_DEADLINES = f"""
WITH RECURSIVE each AS (
    ({_AWAITED} ORDER BY network, deadline_at LIMIT 1)
    UNION ALL
    SELECT following.* FROM each, LATERAL (
        {_AWAITED} AND orders.network > each.network ORDER BY network, deadline_at LIMIT 1
    ) AS following
)
SELECT network, deadline_at FROM each
"""
"""A loose index scan: as many steps as networks, however many orders wait."""

LOCK_MEMBERS = """
SELECT pg_advisory_xact_lock(hashtextextended(member::text, 0)) FROM unnest($1::uuid[]) AS member
"""
"""Given in order, so that two batches never wait for each other. The count is a statement of its own, after this one:
counted in the locking statement, the orders of the batch we waited for would not be seen, and the cap not kept."""

STANDINGS = f"""
SELECT placed.cardmember_id, count(*) FILTER (WHERE state IN ({_UNCONFIRMED})) AS unconfirmed,
    (array_agg(updated_at ORDER BY updated_at DESC) FILTER (WHERE state = '{State.EXPIRED}'))[1:$3::int] AS expiries
FROM order_placed AS placed JOIN orders USING (order_id)
WHERE placed.cardmember_id = ANY($1::uuid[]) AND placed.created_at > $2 GROUP BY placed.cardmember_id
"""

PAGE = """
SELECT orders.* FROM order_placed AS placed JOIN orders USING (created_at, order_id)
WHERE ($1::uuid IS NULL OR placed.cardmember_id = $1) AND ($2::text[] IS NULL OR orders.state = ANY($2))
    AND ($3::text IS NULL OR orders.network = $3) AND ($4::uuid IS NULL OR orders.order_id = $4)
    AND ($5::timestamptz IS NULL OR (placed.created_at, placed.order_id) < ($5, $6::uuid))
ORDER BY placed.created_at DESC, placed.order_id DESC LIMIT $7
"""

SHIPMENTS_DUE = """
SELECT * FROM orders WHERE merchant_id = $1 AND state IN ('READY_TO_SHIP', 'SHIPPING')
    AND ($2::timestamptz IS NULL OR (created_at, order_id) > ($2, $3::uuid))
ORDER BY created_at, order_id LIMIT $4
"""

STORY = "SELECT * FROM order_log WHERE order_id = $1 ORDER BY version"

STALE = f"""
SELECT state, count(*) AS orders FROM (
    SELECT state, updated_at FROM orders WHERE next_step_at IS NOT NULL
    UNION ALL
    SELECT state, updated_at FROM orders WHERE state IN ({_RESTING}) AND deadline_at <= $3
    UNION ALL
    SELECT state, updated_at FROM orders WHERE state = '{State.AWAITING_CONFIRMATION}' AND deadline_at <= $3
) AS under_way
JOIN unnest($1::text[], $2::timestamptz[]) AS oldest (of_state, since) ON under_way.state = oldest.of_state
WHERE under_way.updated_at < oldest.since GROUP BY state
"""
"""By the indexes of those under way: an index on the age would bring every order that ever ended."""
